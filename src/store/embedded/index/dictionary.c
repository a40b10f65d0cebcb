/* Keys of a segment: binary search over blocks, then a walk through one. */
#include "store/embedded/index/segment_internal.h"

static zd_err block_offset(zd_segment_cursor *c, uint64_t block, uint64_t *at, zd_fault *fault) {
  const void *p;
  uint64_t entry = c->space->blocks_at + block * 8;
  if (entry % 8) return zd_segment_corrupt(c->segment, entry, "a table is not aligned", fault);
  zd_err err = zd_segment_bytes(c->segment, entry, 8, &p, fault);
  if (!err) *at = *(const uint64_t *)p;
  return err;
}

static zd_err cursor_corrupt(const zd_segment_cursor *c, const char *what, zd_fault *fault) {
  return zd_segment_corrupt(c->segment, (uint64_t)(c->at - c->segment->map), what, fault);
}

/* Stands before the first key of a block. */
static zd_err enter_block(zd_segment_cursor *c, uint64_t block, zd_fault *fault) {
  uint64_t at = 0;
  const void *p;
  zd_err err = block_offset(c, block, &at, fault);
  if (!err) err = zd_segment_bytes(c->segment, at, ZD_BLOCK_HEAD, &p, fault);
  if (err) return err;
  uint32_t size, keys;
  memcpy(&size, p, 4);
  memcpy(&keys, (const char *)p + 4, 4);
  err = zd_segment_bytes(c->segment, at + ZD_BLOCK_HEAD, size, &p, fault);
  if (err) return err;
  c->block = block;
  c->at = p;
  c->end = c->at + size;
  c->left = keys;
  c->length = 0;
  if (keys == 0) return cursor_corrupt(c, "an empty dictionary block", fault);
  return ZD_OK;
}

static bool skip_rows(const unsigned char **p, const unsigned char *end, uint64_t n) {
  while (n > 0) {
    if (*p >= end) return false;
    n -= *(*p)++ < 128;
  }
  return true;
}

static bool read_posting(zd_segment_cursor *c, zd_posting *out) {
  uint64_t head;
  if (!zd_varint_get(&c->at, c->end, &head)) return false;
  *out = (zd_posting){.n = head >> 2, .form = (zd_posting_form)(head & 3)};
  if (out->n == 0) return false;
  switch (out->form) {
    case ZD_POSTING_ROWS:
      out->rows = c->at;
      out->end = c->end;
      return out->n <= ZD_POSTING_INLINE && skip_rows(&c->at, c->end, out->n);
    case ZD_POSTING_KILLS:
      return zd_varint_get(&c->at, c->end, &out->at);
    default:
      return zd_varint_get(&c->at, c->end, &out->at) && zd_varint_get(&c->at, c->end, &out->size);
  }
}

/* The next key of the block. */
static zd_err read_key(zd_segment_cursor *c, zd_fault *fault) {
  uint64_t shared, own;
  bool sound = zd_varint_get(&c->at, c->end, &shared) && zd_varint_get(&c->at, c->end, &own) &&
               shared <= c->length && own <= sizeof c->bytes - shared &&
               own <= (uint64_t)(c->end - c->at);
  if (!sound) return cursor_corrupt(c, "a dictionary key", fault);
  memcpy(c->bytes + shared, c->at, own);
  c->length = (uint32_t)(shared + own);
  c->at += own;
  c->left--;
  if (!read_posting(c, &c->posting)) return cursor_corrupt(c, "a posting", fault);
  return ZD_OK;
}

zd_err zd_segment_cursor_next(zd_segment_cursor *c, zd_fault *fault) {
  if (c->left == 0) {
    if (c->block + 1 >= c->blocks) {
      c->done = true;
      return ZD_OK;
    }
    zd_err err = enter_block(c, c->block + 1, fault);
    if (err) return err;
  }
  return read_key(c, fault);
}

/* The first key of a block, in place. */
static zd_err first_key(zd_segment_cursor *c, uint64_t block, zd_slice *key, zd_fault *fault) {
  uint64_t shared, own;
  zd_err err = enter_block(c, block, fault);
  if (err) return err;
  bool sound = zd_varint_get(&c->at, c->end, &shared) && zd_varint_get(&c->at, c->end, &own) &&
               shared == 0 && own <= (uint64_t)(c->end - c->at);
  if (!sound) return cursor_corrupt(c, "a dictionary key", fault);
  *key = zd_slice_make((const char *)c->at, own);
  return ZD_OK;
}

/* The last block whose first key is <= key (0 when there is none). */
static zd_err seek_block(zd_segment_cursor *c, zd_slice key, uint64_t *block, zd_fault *fault) {
  uint64_t low = 0, n = c->blocks;
  while (n > 1) {
    uint64_t half = n / 2;
    zd_slice first = {NULL, 0};
    zd_err err = first_key(c, low + half, &first, fault);
    if (err) return err;
    if (zd_slice_cmp(first, key) <= 0) {
      low += half;
      n -= half;
    } else {
      n = half;
    }
  }
  *block = low;
  return ZD_OK;
}

static zd_err cursor_open(zd_segment_cursor *c, zd_segment *s, const zd_segment_space *space,
                          zd_fault *fault) {
  c->segment = s;
  c->space = space;
  c->blocks = space->blocks;
  c->length = 0;
  c->done = c->blocks == 0;
  if (c->blocks > s->head.crcs_at / 8)
    return zd_segment_corrupt(s, s->head.spaces_at, "number of dictionary blocks", fault);
  return ZD_OK;
}

zd_err zd_segment_cursor_block(zd_segment_cursor *c, zd_segment *s, const zd_segment_space *space,
                               uint64_t block, zd_fault *fault) {
  zd_err err = cursor_open(c, s, space, fault);
  c->done = c->done || block >= c->blocks;
  if (err || c->done) return err;
  err = enter_block(c, block, fault);
  return err ? err : read_key(c, fault);
}

zd_err zd_segment_cursor_start(zd_segment_cursor *c, zd_segment *s, const zd_segment_space *space,
                               zd_slice from, zd_fault *fault) {
  zd_err opened = cursor_open(c, s, space, fault);
  if (opened || c->done) return opened;
  uint64_t block = 0;
  zd_err err = from.n ? seek_block(c, from, &block, fault) : ZD_OK;
  if (!err) err = enter_block(c, block, fault);
  if (!err) err = read_key(c, fault);
  while (!err && !c->done && zd_slice_cmp(zd_segment_cursor_key(c), from) < 0)
    err = zd_segment_cursor_next(c, fault);
  return err;
}

zd_err zd_segment_find(zd_segment *s, const zd_key *key, zd_posting *out, zd_fault *fault) {
  *out = (zd_posting){0};
  const zd_segment_space *space = zd_segment_find_space(s, key->kind, key->field);
  if (!space) return ZD_OK;
  zd_segment_cursor c;
  zd_err err = zd_segment_cursor_start(&c, s, space, key->bytes, fault);
  if (err || c.done || !zd_slice_eq(zd_segment_cursor_key(&c), key->bytes)) return err;
  *out = c.posting;
  return ZD_OK;
}
