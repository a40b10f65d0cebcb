/* A segment opened: mapping, page checks, locators, spaces, filter. Keys: dictionary.c; what keys
 * lead to: postings.c. */
#include "store/embedded/index/segment_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "segments are mapped as they are");

zd_err zd_segment_corrupt(const zd_segment *s, uint64_t at, const char *what, zd_fault *fault) {
  return zd_fail(fault, ZD_ERR_CORRUPT, "index segment %s is damaged at byte %llu (page %llu): %s",
                 s->path, (unsigned long long)at, (unsigned long long)(at / ZD_SEGMENT_PAGE), what);
}

/* ---- pages ---- */

zd_err zd_segment_check_page(zd_segment *s, uint64_t page, zd_fault *fault) {
  uint64_t at = page * ZD_SEGMENT_PAGE;
  uint64_t n = s->head.crcs_at - at < ZD_SEGMENT_PAGE ? s->head.crcs_at - at : ZD_SEGMENT_PAGE;
  if (zd_crc32c(0, s->map + at, n) != s->crcs[page - 1])
    return zd_segment_corrupt(s, at, "checksum of the page", fault);
  return ZD_OK;
}

static zd_err check_pages(zd_segment *s, uint64_t first, uint64_t last, zd_fault *fault) {
  for (uint64_t page = first; page <= last; page++) {
    _Atomic uint64_t *word = &s->checked[page / 64];
    uint64_t bit = UINT64_C(1) << (page % 64);
    if (atomic_load_explicit(word, memory_order_relaxed) & bit) continue;
    zd_err err = zd_segment_check_page(s, page, fault);
    if (err) return err;
    atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
  }
  return ZD_OK;
}

zd_err zd_segment_bytes(zd_segment *s, uint64_t at, uint64_t n, const void **p, zd_fault *fault) {
  if (at < ZD_SEGMENT_PAGE || at > s->head.crcs_at || n > s->head.crcs_at - at)
    return zd_segment_corrupt(s, at, "a reference leads out of the file", fault);
  *p = s->map + at;
  if (n == 0) return ZD_OK;
  return check_pages(s, at / ZD_SEGMENT_PAGE, (at + n - 1) / ZD_SEGMENT_PAGE, fault);
}

/* As zd_segment_bytes, for tables of 8-byte things. */
static zd_err table_at(zd_segment *s, uint64_t at, uint64_t count, uint64_t size, const void **p,
                       zd_fault *fault) {
  if (at % 8) return zd_segment_corrupt(s, at, "a table is not aligned", fault);
  if (count > s->head.crcs_at / size)
    return zd_segment_corrupt(s, at, "a table is longer than the file", fault);
  return zd_segment_bytes(s, at, count * size, p, fault);
}

uint64_t zd_segment_page_count(const zd_segment *s) {
  return s->head.pages;
}

/* ---- opening ---- */

static zd_err check_header(zd_segment *s, uint64_t size, zd_fault *fault) {
  const zd_segment_header *h = &s->head;
  if (memcmp(h->magic, ZD_SEGMENT_MAGIC, sizeof h->magic) != 0)
    return zd_segment_corrupt(s, 0, "not a segment", fault);
  if (zd_crc32c(0, h, offsetof(zd_segment_header, crc)) != h->crc)
    return zd_segment_corrupt(s, 0, "checksum of the header", fault);
  if (h->version > ZD_SEGMENT_VERSION)
    return zd_fail(fault, ZD_ERR_UNSUPPORTED,
                   "index segment %s has format %u; this program knows up to %u", s->path,
                   h->version, ZD_SEGMENT_VERSION);
  uint64_t pages = h->crcs_at / ZD_SEGMENT_PAGE + (h->crcs_at % ZD_SEGMENT_PAGE != 0);
  bool sound = h->version >= 1 && h->page == ZD_SEGMENT_PAGE && h->file_size == size &&
               h->crcs_at >= ZD_SEGMENT_PAGE && h->crcs_at <= size && h->crcs_at % 8 == 0 &&
               h->pages == pages - 1 && (size - h->crcs_at) / 4 >= h->pages &&
               h->first_row < h->end_row && h->end_row - h->first_row <= UINT32_MAX;
  return sound ? ZD_OK : zd_segment_corrupt(s, 0, "size or bounds in the header", fault);
}

/* Nothing stands behind the header on its page: then a damage there cannot go unnoticed either. */
static zd_err check_rest_of_page(const zd_segment *s, zd_fault *fault) {
  for (size_t i = sizeof s->head; i < ZD_SEGMENT_PAGE; i++) {
    if (s->map[i]) return zd_segment_corrupt(s, i, "the page of the header", fault);
  }
  return ZD_OK;
}

static zd_err check_spaces(zd_segment *s, zd_fault *fault) {
  const void *p = NULL;
  zd_err err = table_at(s, s->head.spaces_at, s->head.spaces, sizeof(zd_segment_space), &p, fault);
  if (err) return err;
  assert(p);
  s->spaces = p;
  s->notes = calloc((size_t)s->head.spaces + 1, sizeof *s->notes);
  if (!s->notes) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory opening %s", s->path);
  for (uint32_t i = 0; i < s->head.spaces; i++) {
    const zd_segment_space *a = &s->spaces[i];
    if (a->kind == ZD_KEY_KILLS) s->kills = true;
    if (a->kind == ZD_KEY_ID) s->id_types[a->field / 64 % 4] |= UINT64_C(1) << a->field % 64;
    if (i == 0) continue;
    const zd_segment_space *b = a - 1;
    if (b->kind > a->kind || (b->kind == a->kind && b->field >= a->field))
      return zd_segment_corrupt(s, s->head.spaces_at, "order of the spaces", fault);
  }
  return ZD_OK;
}

static zd_err adopt(zd_segment *s, uint64_t size, zd_fault *fault) {
  if (size < ZD_SEGMENT_PAGE) return zd_segment_corrupt(s, 0, "shorter than its header", fault);
  assert(s->map);
  memcpy(&s->head, s->map, sizeof s->head);
  zd_err err = check_header(s, size, fault);
  if (!err) err = check_rest_of_page(s, fault);
  if (err) return err;
  s->crcs = (const uint32_t *)(const void *)(s->map + s->head.crcs_at);
  if (zd_crc32c(0, s->crcs, s->head.pages * 4) != s->head.crcs_crc)
    return zd_segment_corrupt(s, s->head.crcs_at, "checksum of the checksums", fault);
  s->checked = calloc(s->head.pages / 64 + 2, sizeof *s->checked);
  if (!s->checked) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory opening %s", s->path);
  return check_spaces(s, fault);
}

static zd_err map_file(zd_segment *s, const char *path, zd_fault *fault) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    zd_err err = errno == ENOENT ? ZD_ERR_NOT_FOUND : ZD_OK;
    zd_err told = zd_fail_errno(fault, "cannot open index segment %s", path);
    return err ? err : told;
  }
  struct stat st;
  zd_err err = ZD_OK;
  if (fstat(fd, &st) != 0) err = zd_fail_errno(fault, "cannot read index segment %s", path);
  s->size = err ? 0 : (uint64_t)st.st_size;
  if (!err && s->size > 0) {
    void *map = mmap(NULL, s->size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
      err = zd_fail_errno(fault, "cannot map index segment %s", path);
    else
      s->map = map;
  }
  close(fd);
  return err;
}

zd_err zd_segment_open(const char *path, zd_segment **out, zd_fault *fault) {
  zd_segment *s = calloc(1, sizeof *s);
  if (s) s->path = strdup(path);
  if (!s || !s->path) {
    free(s);
    return zd_fail(fault, ZD_ERR_MEMORY, "out of memory opening %s", path);
  }
  zd_err err = map_file(s, path, fault);
  if (!err) err = adopt(s, s->size, fault);
  if (err) {
    zd_segment_close(s);
    return err;
  }
  *out = s;
  return ZD_OK;
}

void zd_segment_close(zd_segment *s) {
  if (!s) return;
  if (s->map) munmap((void *)(uintptr_t)s->map, s->size);
  free(s->checked);
  free(s->notes);
  free(s->path);
  free(s);
}

const zd_segment_header *zd_segment_head(const zd_segment *s) {
  return &s->head;
}

const char *zd_segment_path(const zd_segment *s) {
  return s->path;
}

/* ---- spaces ---- */

const zd_segment_space *zd_segment_spaces(const zd_segment *s, size_t *n) {
  *n = s->head.spaces;
  return s->spaces;
}

_Atomic unsigned char *zd_segment_note(zd_segment *s, uint32_t kind, uint32_t field) {
  const zd_segment_space *space = zd_segment_find_space(s, kind, field);
  return space ? &s->notes[space - s->spaces] : NULL;
}

bool zd_segment_has_kills(const zd_segment *s) {
  return s->kills;
}

const zd_segment_space *zd_segment_find_space(const zd_segment *s, uint32_t kind, uint32_t field) {
  size_t low = 0, n = s->head.spaces;
  while (n > 0) {
    size_t half = n / 2;
    const zd_segment_space *at = &s->spaces[low + half];
    if (at->kind == kind && at->field == field) return at;
    if (at->kind < kind || (at->kind == kind && at->field < field)) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return NULL;
}

/* ---- locators: block = {base, bits, packed} ---- */

static zd_err row_block(zd_segment *s, uint64_t block, const unsigned char **p, zd_fault *fault) {
  uint64_t rows = s->head.end_row - s->head.first_row;
  uint64_t blocks = (rows + ZD_SEGMENT_ROW_BLOCK - 1) / ZD_SEGMENT_ROW_BLOCK;
  if (blocks > s->head.crcs_at / 8)
    return zd_segment_corrupt(s, 0, "more rows than the file can hold", fault);
  const void *offset = NULL, *bytes = NULL;
  zd_err err = table_at(s, s->head.row_blocks_at + block * 8, 1, 8, &offset, fault);
  if (err) return err;
  assert(offset);
  uint64_t at = *(const uint64_t *)offset;
  err = zd_segment_bytes(s, at, ZD_ROW_BLOCK_HEAD, &bytes, fault);
  if (err) return err;
  assert(bytes);
  unsigned bits = ((const unsigned char *)bytes)[8];
  if (bits > 56 && bits != 64) return zd_segment_corrupt(s, at, "width of locators", fault);
  err = zd_segment_bytes(s, at, zd_row_block_size(bits), &bytes, fault);
  *p = bytes;
  return err;
}

static uint64_t locator_in(const unsigned char *block, uint64_t i) {
  uint64_t base, word, bits = block[8];
  memcpy(&base, block, 8);
  if (bits == 0) return base;
  uint64_t at = i * bits;
  memcpy(&word, block + ZD_ROW_BLOCK_HEAD + at / 8, 8);
  word >>= at % 8;
  return base + (bits == 64 ? word : word & ((UINT64_C(1) << bits) - 1));
}

zd_err zd_segment_locators(zd_segment *s, zd_row first, size_t n, uint64_t *out, zd_fault *fault) {
  uint64_t row = first - s->head.first_row, present = UINT64_MAX;
  const unsigned char *p = NULL;
  for (size_t i = 0; i < n; i++, row++) {
    uint64_t block = row / ZD_SEGMENT_ROW_BLOCK;
    if (block != present) {
      zd_err err = row_block(s, block, &p, fault);
      if (err) return err;
      present = block;
    }
    assert(p);
    out[i] = locator_in(p, row % ZD_SEGMENT_ROW_BLOCK);
  }
  return ZD_OK;
}

/* ---- filter ---- */

/* Part of the format: a seeded multiply-and-fold over 8-byte words. */
uint64_t zd_segment_id_hash(uint32_t type, zd_slice id_key) {
  uint64_t h = UINT64_C(0x9E3779B97F4A7C15) * (type + UINT64_C(1)) + id_key.n;
  for (size_t i = 0; i < id_key.n; i += 8) {
    uint64_t word = 0;
    memcpy(&word, id_key.p + i, id_key.n - i < 8 ? id_key.n - i : 8);
    h = (h ^ word) * UINT64_C(0xFF51AFD7ED558CCD);
    h ^= h >> 32;
  }
  h *= UINT64_C(0xC4CEB9FE1A85EC53);
  return h ^ (h >> 29);
}

bool zd_segment_expect_id(const zd_segment *s, uint32_t type, uint64_t hash) {
  if (!(s->id_types[type / 64 % 4] >> type % 64 & 1)) return false;
  uint64_t at = s->head.filter_at + zd_filter_block(hash, s->head.filter_blocks) * ZD_FILTER_BLOCK;
  if (at < s->head.crcs_at) __builtin_prefetch(s->map + at);
  return true;
}

zd_err zd_segment_may_have_id(zd_segment *s, uint64_t hash, bool *may, zd_fault *fault) {
  *may = true;
  if (s->head.filter_blocks == 0) return ZD_OK;
  if (s->head.filter_blocks > s->head.crcs_at / ZD_FILTER_BLOCK)
    return zd_segment_corrupt(s, s->head.filter_at, "size of the filter", fault);
  uint64_t block = zd_filter_block(hash, s->head.filter_blocks);
  const void *p = NULL;
  zd_err err =
      zd_segment_bytes(s, s->head.filter_at + block * ZD_FILTER_BLOCK, ZD_FILTER_BLOCK, &p, fault);
  if (err) return err;
  assert(p);
  *may = zd_filter_has(p, hash);
  return ZD_OK;
}
