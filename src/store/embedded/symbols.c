#include "store/embedded/symbols.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

#define BLOCK_MAGIC 0x3159535au /* "ZSY1" */
enum { HEAD = 24, CHUNK = 1024, CHUNKS = 1024, NAME_MAX_BYTES = 4096 };

typedef struct symbol {
  uint64_t hash;
  uint32_t number;
  uint32_t n;
  char name[];
} symbol;

/* Open addressing, at most half full. Replaced by a larger one when it fills up; the old ones are
 * kept until close, since readers may be in them. */
typedef struct table {
  struct table *older;
  size_t mask;
  _Atomic(symbol *) slots[];
} table;

typedef struct chunk {
  _Atomic(symbol *) at[CHUNK];
} chunk;

struct zd_symbols {
  const zd_file_system *fs;
  char *path;
  bool read_only;
  int fd;
  _Atomic(table *) names;
  _Atomic(chunk *) chunks[CHUNKS];
  _Atomic uint32_t count;
  pthread_mutex_t creating; /* guards growing: count, names, chunks */
  pthread_mutex_t syncing;  /* guards the file; may take `creating` inside */
  _Atomic uint32_t durable; /* names in the file */
  uint64_t end;             /* its length */
  int witness_fd;           /* symbols.count; -1: none can be kept */
  unsigned witness_slot;    /* written next */
  zd_err broken;
};

static void put_u32(unsigned char *p, uint32_t v) {
  v = htole32(v);
  memcpy(p, &v, sizeof v);
}

static uint32_t get_u32(const unsigned char *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return le32toh(v);
}

/* ---- in memory ---- */

static symbol *probe(const table *t, zd_slice name, uint64_t hash) {
  for (size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
    symbol *s = atomic_load_explicit(&t->slots[i], memory_order_acquire);
    if (!s || (s->hash == hash && zd_slice_eq(zd_slice_make(s->name, s->n), name))) return s;
  }
}

static void place(table *t, symbol *s) {
  size_t i = s->hash & t->mask;
  while (atomic_load_explicit(&t->slots[i], memory_order_relaxed)) i = (i + 1) & t->mask;
  atomic_store_explicit(&t->slots[i], s, memory_order_release);
}

static symbol *by_number(const zd_symbols *t, uint32_t number) {
  if (number >= CHUNK * CHUNKS) return NULL;
  chunk *c = atomic_load_explicit(&t->chunks[number / CHUNK], memory_order_acquire);
  return c ? atomic_load_explicit(&c->at[number % CHUNK], memory_order_acquire) : NULL;
}

/* Room for one more name: a larger table, a further chunk. With `creating` held. */
static bool grow(zd_symbols *t, uint32_t number) {
  if (number >= CHUNK * CHUNKS) return false;
  _Atomic(chunk *) *c = &t->chunks[number / CHUNK];
  if (!atomic_load_explicit(c, memory_order_relaxed)) {
    chunk *fresh = calloc(1, sizeof *fresh);
    if (!fresh) return false;
    atomic_store_explicit(c, fresh, memory_order_release);
  }
  table *old = atomic_load_explicit(&t->names, memory_order_relaxed);
  if (old && number < (old->mask + 1) / 2) return true;
  size_t slots = old ? (old->mask + 1) * 2 : 2048;
  table *fresh = calloc(1, sizeof *fresh + slots * sizeof fresh->slots[0]);
  if (!fresh) return false;
  fresh->mask = slots - 1;
  fresh->older = old;
  for (uint32_t i = 0; i < number; i++) place(fresh, by_number(t, i));
  atomic_store_explicit(&t->names, fresh, memory_order_release);
  return true;
}

/* With `creating` held (or while opening). */
static uint32_t add(zd_symbols *t, zd_slice name, uint64_t hash) {
  uint32_t number = atomic_load_explicit(&t->count, memory_order_relaxed);
  if (name.n > NAME_MAX_BYTES || !grow(t, number)) return ZD_NO_SYMBOL;
  symbol *s = malloc(sizeof *s + name.n);
  if (!s) return ZD_NO_SYMBOL;
  s->hash = hash;
  s->number = number;
  s->n = (uint32_t)name.n;
  if (name.n) memcpy(s->name, name.p, name.n);
  chunk *c = atomic_load_explicit(&t->chunks[number / CHUNK], memory_order_relaxed);
  atomic_store_explicit(&c->at[number % CHUNK], s, memory_order_release);
  place(atomic_load_explicit(&t->names, memory_order_relaxed), s);
  atomic_store_explicit(&t->count, number + 1, memory_order_release);
  return number;
}

uint32_t zd_symbols_find(zd_symbols *t, zd_slice name, bool create) {
  uint64_t hash = zd_hash64(name.p, name.n);
  symbol *s = probe(atomic_load_explicit(&t->names, memory_order_acquire), name, hash);
  if (s) return s->number;
  if (!create) return ZD_NO_SYMBOL;
  pthread_mutex_lock(&t->creating);
  s = probe(atomic_load_explicit(&t->names, memory_order_relaxed), name, hash);
  uint32_t number = s ? s->number : add(t, name, hash);
  pthread_mutex_unlock(&t->creating);
  return number;
}

zd_slice zd_symbols_name(const zd_symbols *t, uint32_t number) {
  const symbol *s = by_number(t, number);
  return s ? zd_slice_make(s->name, s->n) : (zd_slice){NULL, 0};
}

uint32_t zd_symbols_count(const zd_symbols *t) {
  return atomic_load_explicit(&t->count, memory_order_acquire);
}

uint32_t zd_symbols_durable(const zd_symbols *t) {
  return atomic_load_explicit(&t->durable, memory_order_acquire);
}

/* ---- the witness ----
 *
 * symbols.count says how many names had been durable, so that damage at the end of the file is not
 * taken for the torn tail of a write that nobody used. Two slots, written in turn:
 *
 *   [CRC32C of the count, 4][count, 4]  [the same]
 *
 * It is written after the names were synced and is not synced itself: it may say too few, never too
 * many. A store without it is older, or lost it; then the tail is taken as torn. */

enum { SLOT = 8 };

static uint32_t read_witness(const char *path) {
  zd_buffer bytes;
  uint32_t most = 0;
  zd_buffer_init(&bytes, 0);
  if (zd_file_read(path, 4096, &bytes, NULL) == ZD_OK) {
    for (size_t at = 0; at + SLOT <= bytes.n; at += SLOT) {
      const unsigned char *p = (const unsigned char *)bytes.p + at;
      uint32_t count = get_u32(p + 4);
      if (get_u32(p) == zd_crc32c(0, p + 4, 4) && count > most) most = count;
    }
  }
  zd_buffer_free(&bytes);
  return most;
}

static void write_witness(zd_symbols *t, uint32_t count) {
  unsigned char slot[SLOT];
  put_u32(slot + 4, count);
  put_u32(slot, zd_crc32c(0, slot + 4, 4));
  if (t->witness_fd < 0) return;
  if (t->fs->write_at(t->fs->state, t->witness_fd, slot, SLOT, t->witness_slot * SLOT) != 0) {
    return; /* the other slot stays, and says fewer */
  }
  t->witness_slot ^= 1;
}

/* ---- the file ---- */

/* Length of the intact block at p (head included), 0 when there is none. */
static size_t block_length(const unsigned char *p, size_t n) {
  if (n < HEAD || get_u32(p) != BLOCK_MAGIC) return 0;
  size_t length = get_u32(p + 8);
  if (length > n - HEAD) return 0;
  return get_u32(p + 4) == zd_crc32c(0, p + 8, HEAD - 8 + length) ? HEAD + length : 0;
}

static zd_err read_block(zd_symbols *t, const unsigned char *p, size_t n, zd_fault *fault) {
  uint32_t count = get_u32(p + 12), first = get_u32(p + 16);
  size_t at = HEAD;
  bool sane = first == zd_symbols_count(t);
  for (uint32_t i = 0; sane && i < count; i++) {
    size_t name_n = at + 2 <= n ? (size_t)(p[at] | p[at + 1] << 8) : n;
    sane = at + 2 + name_n <= n;
    if (!sane) break;
    zd_slice name = zd_slice_make(p + at + 2, name_n);
    at += 2 + name_n;
    uint64_t hash = zd_hash64(name.p, name.n);
    table *names = atomic_load_explicit(&t->names, memory_order_relaxed);
    sane = !probe(names, name, hash);
    if (sane && add(t, name, hash) == ZD_NO_SYMBOL) {
      return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the names in %s", t->path);
    }
  }
  if (sane && at == n) return ZD_OK;
  return zd_fail(fault, ZD_ERR_CORRUPT, "%s: the block of name %u contradicts itself", t->path,
                 first);
}

static zd_err read_blocks(zd_symbols *t, const unsigned char *p, size_t n, zd_fault *fault) {
  size_t at = 0, length;
  while ((length = block_length(p + at, n - at)) > 0) {
    zd_err err = read_block(t, p + at, length, fault);
    if (err) return err;
    at += length;
  }
  /* Each block is synced before the next is written: an intact one behind the damage means that
   * what is damaged had been durable. */
  for (size_t i = at + 1; i + HEAD <= n; i++) {
    if (block_length(p + i, n - i)) {
      return zd_fail(fault, ZD_ERR_CORRUPT, "%s: damaged at byte %zu", t->path, at);
    }
  }
  t->end = at;
  atomic_store(&t->durable, zd_symbols_count(t));
  return ZD_OK;
}

static zd_err load(zd_symbols *t, zd_fault *fault) {
  zd_buffer bytes;
  char witness[PATH_MAX];
  snprintf(witness, sizeof witness, "%s.count", t->path);
  uint32_t known = read_witness(witness); /* before the names: a writer may be adding some */
  zd_buffer_init(&bytes, 0);
  zd_err err = zd_file_read(t->path, (size_t)1 << 30, &bytes, fault);
  if (err == ZD_ERR_NOT_FOUND) err = ZD_OK;
  zd_slice all = zd_buffer_slice(&bytes);
  if (!err) err = read_blocks(t, (const unsigned char *)all.p, all.n, fault);
  bool torn = bytes.n > t->end;
  zd_buffer_free(&bytes);
  if (!err && zd_symbols_count(t) < known) {
    err = zd_fail(fault, ZD_ERR_CORRUPT, "%s: damaged at byte %llu: of %u names %u are readable",
                  t->path, (unsigned long long)t->end, known, zd_symbols_count(t));
  }
  if (err || t->read_only) return err;
  t->witness_fd = t->fs->open(t->fs->state, witness, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  write_witness(t, zd_symbols_count(t));
  t->fd = t->fs->open(t->fs->state, t->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (t->fd < 0) return zd_fail_errno(fault, "cannot open %s", t->path);
  if (!torn) return ZD_OK;
  if (t->fs->truncate(t->fs->state, t->fd, t->end) || t->fs->sync(t->fs->state, t->fd)) {
    return zd_fail_errno(fault, "cannot cut %s", t->path);
  }
  return ZD_OK;
}

zd_err zd_symbols_open(const zd_file_system *fs, const char *dir, bool read_only, zd_symbols **out,
                       zd_fault *fault) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/symbols", dir);
  zd_symbols *t = calloc(1, sizeof *t);
  if (!t) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the symbols");
  t->fs = fs;
  t->read_only = read_only;
  t->fd = t->witness_fd = -1;
  t->path = strdup(path);
  pthread_mutex_init(&t->creating, NULL);
  pthread_mutex_init(&t->syncing, NULL);
  zd_err err = t->path && grow(t, 0) ? load(t, fault)
                                     : zd_fail(fault, ZD_ERR_MEMORY, "no memory for the symbols");
  if (err) {
    zd_symbols_close(t);
    return err;
  }
  *out = t;
  return ZD_OK;
}

void zd_symbols_close(zd_symbols *t) {
  if (!t) return;
  for (uint32_t i = 0; i < zd_symbols_count(t); i++) free(by_number(t, i));
  for (size_t i = 0; i < CHUNKS; i++) free(atomic_load(&t->chunks[i]));
  for (table *x = atomic_load(&t->names); x;) {
    table *older = x->older;
    free(x);
    x = older;
  }
  if (t->fd >= 0) t->fs->close(t->fs->state, t->fd);
  if (t->witness_fd >= 0) t->fs->close(t->fs->state, t->witness_fd);
  pthread_mutex_destroy(&t->creating);
  pthread_mutex_destroy(&t->syncing);
  free(t->path);
  free(t);
}

static zd_err make_block(zd_symbols *t, uint32_t first, uint32_t end, zd_buffer *out,
                         zd_fault *fault) {
  unsigned char head[HEAD] = {0};
  zd_buffer_add(out, head, sizeof head);
  for (uint32_t i = first; i < end; i++) {
    zd_slice name = zd_symbols_name(t, i);
    unsigned char n[2] = {(unsigned char)name.n, (unsigned char)(name.n >> 8)};
    zd_buffer_add(out, n, sizeof n);
    zd_buffer_add_slice(out, name);
  }
  if (out->failed) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to write %s", t->path);
  unsigned char *p = (unsigned char *)out->p;
  put_u32(p, BLOCK_MAGIC);
  put_u32(p + 8, (uint32_t)(out->n - HEAD));
  put_u32(p + 12, end - first);
  put_u32(p + 16, first);
  put_u32(p + 4, zd_crc32c(0, p + 8, out->n - 8));
  return ZD_OK;
}

static zd_err write_block(zd_symbols *t, const zd_buffer *block, zd_fault *fault) {
  const zd_file_system *fs = t->fs;
  if (fs->write_at(fs->state, t->fd, block->p, block->n, t->end) != 0) {
    zd_err err = zd_fail_errno(fault, "cannot write %s", t->path);
    bool cut = fs->truncate(fs->state, t->fd, t->end) == 0 && fs->sync(fs->state, t->fd) == 0;
    if (!cut) t->broken = ZD_ERR_IO;
    return err;
  }
  if (fs->sync(fs->state, t->fd) != 0) {
    zd_err err = zd_fail_errno(fault, "cannot sync %s", t->path);
    t->broken = ZD_ERR_IO; /* what is on the device is unknown from here on */
    return err;
  }
  t->end += block->n;
  return ZD_OK;
}

zd_err zd_symbols_sync(zd_symbols *t, zd_fault *fault) {
  if (t->read_only || zd_symbols_durable(t) == zd_symbols_count(t)) return ZD_OK;
  pthread_mutex_lock(&t->syncing);
  uint32_t first = zd_symbols_durable(t), end = zd_symbols_count(t);
  zd_buffer block;
  zd_buffer_init(&block, 0);
  zd_err err = t->broken;
  if (err) zd_fail(fault, err, "%s could not be written before; reopen the store", t->path);
  if (!err && first < end) {
    err = make_block(t, first, end, &block, fault);
    if (!err) err = write_block(t, &block, fault);
    if (!err) {
      atomic_store_explicit(&t->durable, end, memory_order_release);
      write_witness(t, end);
    }
  }
  zd_buffer_free(&block);
  pthread_mutex_unlock(&t->syncing);
  return err;
}
