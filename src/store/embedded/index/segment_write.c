#include "store/embedded/index/segment_write.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/embedded/index/segment_internal.h"

enum { BUFFER = 256 * ZD_SEGMENT_PAGE };

/* The key under way: its rows until it is known how they will be stored. */
typedef struct posting_under_way {
  uint64_t items;
  uint32_t rows[ZD_POSTING_SHORT]; /* relative to the first row of the segment */
  bool chunked;                    /* rows[] has been spilled to containers */
  zd_buffer chunks;                /* zd_posting_chunk table */
  uint64_t kills_at;
} posting_under_way;

struct zd_segment_writer {
  const zd_file_system *fs;
  char *path;
  int fd;
  zd_segment_header head;
  unsigned char *buffer;
  size_t fill;
  uint64_t flushed; /* bytes before the buffer */
  zd_buffer crcs;
  zd_buffer row_offsets; /* uint64_t */
  uint64_t locators[ZD_SEGMENT_ROW_BLOCK];
  size_t locator_count;
  zd_buffer spaces;
  zd_segment_space space; /* under way; kind 0: none */
  zd_buffer block_offsets;
  zd_buffer block; /* dictionary block under way */
  uint32_t block_keys;
  bool has_key;
  uint32_t key_kind, key_field;
  size_t key_length, last_length;
  char key[ZD_TERM_MAX], last[ZD_TERM_MAX];
  posting_under_way posting;
  unsigned char *filter;
  zd_buffer scratch;
  zd_fault fault;
};

static zd_err out_of_memory(zd_segment_writer *w) {
  return zd_fail(&w->fault, ZD_ERR_MEMORY, "out of memory writing %s", w->path);
}

/* ---- the stream ---- */

static uint64_t position(const zd_segment_writer *w) {
  return w->flushed + w->fill;
}

/* Writes out what the buffer holds, whole pages but for the last of the file. */
static zd_err flush_buffer(zd_segment_writer *w) {
  for (size_t at = 0; at < w->fill; at += ZD_SEGMENT_PAGE) {
    size_t n = w->fill - at < ZD_SEGMENT_PAGE ? w->fill - at : ZD_SEGMENT_PAGE;
    uint32_t crc = zd_crc32c(0, w->buffer + at, n);
    zd_buffer_add(&w->crcs, &crc, sizeof crc);
  }
  if (w->crcs.failed) return out_of_memory(w);
  if (w->fill == 0) return ZD_OK;
  if (w->fs->write_at(w->fs->state, w->fd, w->buffer, w->fill, w->flushed) != 0)
    return zd_fail_errno(&w->fault, "cannot write %s", w->path);
  w->flushed += w->fill;
  w->fill = 0;
  return ZD_OK;
}

static zd_err emit(zd_segment_writer *w, const void *p, size_t n) {
  const unsigned char *bytes = p;
  while (n > 0) {
    if (w->fill == BUFFER) {
      zd_err err = flush_buffer(w);
      if (err) return err;
    }
    size_t part = BUFFER - w->fill < n ? BUFFER - w->fill : n;
    memcpy(w->buffer + w->fill, bytes, part);
    w->fill += part;
    bytes += part;
    n -= part;
  }
  return ZD_OK;
}

static zd_err align(zd_segment_writer *w, size_t to) {
  static const char zeroes[64] = {0};
  return emit(w, zeroes, (to - position(w) % to) % to);
}

/* A table that begins aligned to 8; *at: where. */
static zd_err emit_table(zd_segment_writer *w, const zd_buffer *b, uint64_t *at) {
  if (b->failed) return out_of_memory(w);
  zd_err err = align(w, 8);
  *at = position(w);
  return err ? err : emit(w, b->p, b->n);
}

/* ---- life ---- */

static zd_err writer_memory(zd_segment_writer *w, const char *path) {
  uint64_t rows = w->head.end_row - w->head.first_row;
  w->path = strdup(path);
  w->buffer = malloc(BUFFER);
  w->head.filter_blocks = w->head.flags & ZD_SEGMENT_SUPPLEMENT
                              ? 0
                              : rows * ZD_FILTER_BITS_PER_KEY / (ZD_FILTER_BLOCK * 8) + 1;
  w->filter = calloc(w->head.filter_blocks + 1, ZD_FILTER_BLOCK);
  return w->path && w->buffer && w->filter ? ZD_OK : ZD_ERR_MEMORY;
}

static void writer_free(zd_segment_writer *w) {
  zd_buffer *buffers[] = {&w->crcs,  &w->row_offsets,    &w->spaces, &w->block_offsets,
                          &w->block, &w->posting.chunks, &w->scratch};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) zd_buffer_free(buffers[i]);
  free(w->path);
  free(w->buffer);
  free(w->filter);
  free(w);
}

zd_err zd_segment_writer_open(const zd_file_system *fs, const char *path, zd_row first_row,
                              zd_row end_row, uint32_t flags, zd_segment_writer **out,
                              zd_fault *fault) {
  zd_segment_writer *w = calloc(1, sizeof *w);
  if (!w) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory writing %s", path);
  w->fs = fs;
  memcpy(w->head.magic, ZD_SEGMENT_MAGIC, sizeof w->head.magic);
  w->head.version = ZD_SEGMENT_VERSION;
  w->head.page = ZD_SEGMENT_PAGE;
  w->head.first_row = first_row;
  w->head.end_row = end_row;
  w->head.flags = flags;
  w->flushed = ZD_SEGMENT_PAGE; /* the header comes last */
  if (writer_memory(w, path)) {
    writer_free(w);
    return zd_fail(fault, ZD_ERR_MEMORY, "out of memory writing %s", path);
  }
  w->fd = fs->open(fs->state, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (w->fd < 0) {
    zd_err err = zd_fail_errno(fault, "cannot create %s", path);
    writer_free(w);
    return err;
  }
  *out = w;
  return ZD_OK;
}

void zd_segment_writer_abort(zd_segment_writer *w) {
  if (!w) return;
  w->fs->close(w->fs->state, w->fd);
  w->fs->remove(w->fs->state, w->path);
  writer_free(w);
}

/* ---- locators ---- */

static zd_err flush_locators(zd_segment_writer *w) {
  if (w->locator_count == 0) return ZD_OK;
  unsigned char block[ZD_ROW_BLOCK_HEAD + 8 * ZD_SEGMENT_ROW_BLOCK + 8] = {0};
  uint64_t least = UINT64_MAX, most = 0;
  for (size_t i = 0; i < w->locator_count; i++) {
    if (w->locators[i] < least) least = w->locators[i];
    if (w->locators[i] > most) most = w->locators[i];
  }
  unsigned bits = most > least ? 64 - (unsigned)__builtin_clzll(most - least) : 0;
  if (bits > 56) bits = 64;
  memcpy(block, &least, 8);
  block[8] = (unsigned char)bits;
  for (size_t i = 0; bits && i < w->locator_count; i++) {
    uint64_t word, at = i * bits;
    memcpy(&word, block + ZD_ROW_BLOCK_HEAD + at / 8, 8);
    word |= (w->locators[i] - least) << at % 8;
    memcpy(block + ZD_ROW_BLOCK_HEAD + at / 8, &word, 8);
  }
  w->locator_count = 0;
  uint64_t at = position(w);
  zd_buffer_add(&w->row_offsets, &at, sizeof at);
  return emit(w, block, zd_row_block_size(bits));
}

zd_err zd_segment_writer_locators(zd_segment_writer *w, const uint64_t *locators, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (w->locator_count == ZD_SEGMENT_ROW_BLOCK) {
      zd_err err = flush_locators(w);
      if (err) return err;
    }
    w->locators[w->locator_count++] = locators[i];
  }
  return ZD_OK;
}

/* ---- postings ---- */

static zd_err chunk_add(zd_segment_writer *w, uint64_t chunk, uint32_t n, uint64_t at) {
  zd_posting_chunk entry = {(uint32_t)(chunk - zd_chunk_of(w->head.first_row)), n, at};
  zd_buffer_add(&w->posting.chunks, &entry, sizeof entry);
  return w->posting.chunks.failed ? out_of_memory(w) : ZD_OK;
}

static zd_err emit_container(zd_segment_writer *w, const zd_set *set, uint64_t *at) {
  zd_err err = align(w, 8);
  if (err) return err;
  *at = position(w);
  if (set->words && set->n > ZD_SET_ARRAY) return emit(w, set->words, sizeof(zd_set_room));
  if (!set->words && set->n <= ZD_SET_ARRAY) return emit(w, set->rows, set->n * sizeof(uint16_t));
  zd_set_room room;
  if (set->words) {
    uint16_t rows[ZD_CHUNK_ROWS];
    return emit(w, rows, zd_set_list(set, rows) * sizeof rows[0]);
  }
  memset(&room, 0, sizeof room);
  zd_words_add_set(room.words, set);
  return emit(w, &room, sizeof room);
}

static zd_err chunk_container(zd_segment_writer *w, uint64_t chunk, const zd_set *set) {
  uint64_t at = 0;
  zd_err err = emit_container(w, set, &at);
  return err ? err : chunk_add(w, chunk, set->n, at);
}

/* The short list became too long: what it holds goes to containers. */
static zd_err spill(zd_segment_writer *w) {
  posting_under_way *p = &w->posting;
  uint16_t rows[ZD_POSTING_SHORT];
  p->chunked = true;
  for (uint64_t i = 0; i < p->items;) {
    uint64_t chunk = zd_chunk_of(w->head.first_row + p->rows[i]);
    uint32_t n = 0;
    for (; i < p->items && zd_chunk_of(w->head.first_row + p->rows[i]) == chunk; i++)
      rows[n++] = (uint16_t)((w->head.first_row + p->rows[i]) & (ZD_CHUNK_ROWS - 1));
    zd_err err = chunk_container(w, chunk, &(zd_set){rows, NULL, n});
    if (err) return err;
  }
  return ZD_OK;
}

zd_err zd_segment_writer_set(zd_segment_writer *w, uint64_t chunk, const zd_set *set) {
  posting_under_way *p = &w->posting;
  if (set->n == 0) return ZD_OK;
  if (!p->chunked && p->items + set->n > ZD_POSTING_SHORT) {
    zd_err err = spill(w);
    if (err) return err;
  }
  if (p->chunked) {
    p->items += set->n;
    return chunk_container(w, chunk, set);
  }
  uint16_t listed[ZD_POSTING_SHORT];
  const uint16_t *rows = set->rows;
  if (set->words) {
    uint16_t all[ZD_CHUNK_ROWS];
    zd_set_list(set, all);
    memcpy(listed, all, set->n * sizeof listed[0]);
    rows = listed;
  }
  uint64_t base = zd_chunk_first(chunk) - w->head.first_row;
  for (uint32_t i = 0; i < set->n; i++) p->rows[p->items++] = (uint32_t)(base + rows[i]);
  return ZD_OK;
}

static zd_err emit_column(zd_segment_writer *w, uint64_t chunk, uint32_t n) {
  uint64_t at = 0;
  zd_err err = emit_table(w, &w->scratch, &at);
  w->posting.items += n;
  w->posting.chunked = true;
  return err ? err : chunk_add(w, chunk, n, at);
}

zd_err zd_segment_writer_column(zd_segment_writer *w, uint64_t chunk, zd_interval *intervals,
                                size_t n) {
  if (n == 0) return ZD_OK;
  zd_buffer_clear(&w->scratch);
  n = zd_column_write(intervals, n, &w->scratch);
  return emit_column(w, chunk, (uint32_t)n);
}

zd_err zd_segment_writer_column_raw(zd_segment_writer *w, uint64_t chunk, const void *column,
                                    uint32_t n) {
  zd_column_header h;
  memcpy(&h, column, sizeof h);
  zd_buffer_clear(&w->scratch);
  zd_buffer_add(&w->scratch, column, zd_column_size(&h, n));
  return emit_column(w, chunk, n);
}

zd_err zd_segment_writer_kills(zd_segment_writer *w, const uint16_t *victims, const zd_row *killers,
                               size_t n) {
  zd_buffer_clear(&w->scratch);
  for (size_t i = 0; i < n; i++) {
    uint32_t killer = (uint32_t)(killers[i] - w->head.first_row);
    zd_buffer_add(&w->scratch, &killer, sizeof killer);
  }
  zd_set set = {victims, NULL, (uint32_t)n};
  zd_err err = emit_container(w, &set, &w->posting.kills_at);
  uint64_t at = 0;
  if (!err) err = emit_table(w, &w->scratch, &at);
  w->posting.items = n;
  return err;
}

/* ---- dictionary ---- */

static void add_varint_rows(zd_buffer *b, const uint32_t *rows, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) zd_varint_add(b, i ? rows[i] - rows[i - 1] : rows[0]);
}

/* Ends the posting under way and describes it in the dictionary block. */
static zd_err describe_posting(zd_segment_writer *w) {
  posting_under_way *p = &w->posting;
  zd_posting_form form = ZD_POSTING_ROWS;
  uint64_t at = 0, size = 0;
  zd_err err = ZD_OK;
  if (w->key_kind == ZD_KEY_KILLS) {
    form = ZD_POSTING_KILLS;
    at = p->kills_at;
  } else if (p->chunked) {
    form = ZD_POSTING_CHUNKS;
    size = p->chunks.n / sizeof(zd_posting_chunk);
    err = emit_table(w, &p->chunks, &at);
  } else if (p->items > ZD_POSTING_INLINE) {
    form = ZD_POSTING_LIST;
    zd_buffer_clear(&w->scratch);
    add_varint_rows(&w->scratch, p->rows, p->items);
    at = position(w);
    size = w->scratch.n;
    err = w->scratch.failed ? out_of_memory(w) : emit(w, w->scratch.p, w->scratch.n);
  }
  zd_varint_add(&w->block, p->items << 2 | form);
  if (form == ZD_POSTING_ROWS)
    add_varint_rows(&w->block, p->rows, p->items);
  else
    zd_varint_add(&w->block, at);
  if (form == ZD_POSTING_LIST || form == ZD_POSTING_CHUNKS) zd_varint_add(&w->block, size);
  return err;
}

static zd_err flush_block(zd_segment_writer *w) {
  if (w->block_keys == 0) return ZD_OK;
  if (w->block.failed) return out_of_memory(w);
  uint64_t at = position(w);
  zd_buffer_add(&w->block_offsets, &at, sizeof at);
  uint32_t head[2] = {(uint32_t)w->block.n, w->block_keys};
  zd_err err = emit(w, head, sizeof head);
  if (!err) err = emit(w, w->block.p, w->block.n);
  zd_buffer_clear(&w->block);
  w->block_keys = 0;
  w->last_length = 0;
  return err;
}

static void describe_key(zd_segment_writer *w) {
  size_t shared = 0;
  while (shared < w->last_length && shared < w->key_length && w->last[shared] == w->key[shared])
    shared++;
  zd_varint_add(&w->block, shared);
  zd_varint_add(&w->block, w->key_length - shared);
  zd_buffer_add(&w->block, w->key + shared, w->key_length - shared);
  memcpy(w->last, w->key, w->key_length);
  w->last_length = w->key_length;
}

static void filter_key(zd_segment_writer *w) {
  if (w->key_kind != ZD_KEY_ID || w->head.filter_blocks == 0) return;
  uint64_t hash = zd_segment_id_hash(w->key_field, zd_slice_make(w->key, w->key_length));
  uint64_t block = zd_filter_block(hash, w->head.filter_blocks);
  zd_filter_add(w->filter + block * ZD_FILTER_BLOCK, hash);
}

/* Ends the key under way. One without items leaves no trace. */
static zd_err end_key(zd_segment_writer *w) {
  if (!w->has_key) return ZD_OK;
  w->has_key = false;
  posting_under_way *p = &w->posting;
  zd_err err = ZD_OK;
  if (p->items > 0) {
    filter_key(w);
    describe_key(w);
    err = describe_posting(w);
    w->block_keys++;
    w->space.keys++;
    w->space.items += p->items;
    w->head.keys++;
  }
  p->items = 0;
  p->chunked = false;
  zd_buffer_clear(&p->chunks);
  bool full = w->block_keys == ZD_SEGMENT_BLOCK_KEYS || w->block.n > ZD_SEGMENT_BLOCK_BYTES;
  return err || !full ? err : flush_block(w);
}

static zd_err end_space(zd_segment_writer *w) {
  zd_err err = end_key(w);
  if (!err) err = flush_block(w);
  if (err || w->space.keys == 0) return err;
  w->space.blocks = w->block_offsets.n / sizeof(uint64_t);
  err = emit_table(w, &w->block_offsets, &w->space.blocks_at);
  zd_buffer_add(&w->spaces, &w->space, sizeof w->space);
  zd_buffer_clear(&w->block_offsets);
  return err;
}

zd_err zd_segment_writer_key(zd_segment_writer *w, const zd_key *key) {
  zd_err err = end_key(w);
  if (err) return err;
  if (w->space.kind != key->kind || w->space.field != key->field) {
    err = w->space.kind ? end_space(w) : flush_locators(w);
    w->space = (zd_segment_space){.kind = key->kind, .field = key->field};
  }
  if (key->bytes.n > sizeof w->key)
    return zd_fail(&w->fault, ZD_ERR_INVALID, "a key of %zu bytes", key->bytes.n);
  w->has_key = true;
  w->key_kind = key->kind;
  w->key_field = key->field;
  w->key_length = key->bytes.n;
  if (key->bytes.n) memcpy(w->key, key->bytes.p, key->bytes.n);
  return err;
}

/* ---- end ---- */

static zd_err write_tables(zd_segment_writer *w) {
  zd_err err = w->space.kind ? end_space(w) : flush_locators(w);
  if (!err) err = emit_table(w, &w->row_offsets, &w->head.row_blocks_at);
  if (!err) err = align(w, ZD_FILTER_BLOCK);
  w->head.filter_at = position(w);
  if (!err) err = emit(w, w->filter, w->head.filter_blocks * ZD_FILTER_BLOCK);
  if (!err) err = emit_table(w, &w->spaces, &w->head.spaces_at);
  w->head.spaces = (uint32_t)(w->spaces.n / sizeof(zd_segment_space));
  if (!err) err = align(w, 8);
  w->head.crcs_at = position(w);
  return err ? err : flush_buffer(w);
}

static zd_err write_header(zd_segment_writer *w) {
  w->head.pages = w->crcs.n / sizeof(uint32_t);
  w->head.crcs_crc = zd_crc32c(0, w->crcs.p, w->crcs.n);
  w->head.file_size = w->head.crcs_at + w->crcs.n;
  w->head.crc = zd_crc32c(0, &w->head, offsetof(zd_segment_header, crc));
  unsigned char page[ZD_SEGMENT_PAGE] = {0};
  memcpy(page, &w->head, sizeof w->head);
  const zd_file_system *fs = w->fs;
  if (fs->write_at(fs->state, w->fd, w->crcs.p, w->crcs.n, w->head.crcs_at) != 0 ||
      fs->write_at(fs->state, w->fd, page, sizeof page, 0) != 0)
    return zd_fail_errno(&w->fault, "cannot write %s", w->path);
  if (fs->sync(fs->state, w->fd) != 0) return zd_fail_errno(&w->fault, "cannot sync %s", w->path);
  return ZD_OK;
}

zd_err zd_segment_writer_finish(zd_segment_writer *w, uint64_t *size, zd_fault *fault) {
  zd_err err = write_tables(w);
  if (!err) err = write_header(w);
  if (err) {
    if (fault) *fault = w->fault;
    zd_segment_writer_abort(w);
    return err;
  }
  *size = w->head.file_size;
  if (w->fs->close(w->fs->state, w->fd) != 0) {
    err = zd_fail_errno(fault, "cannot close %s", w->path);
    w->fs->remove(w->fs->state, w->path);
  }
  writer_free(w);
  return err;
}

const zd_fault *zd_segment_writer_fault(const zd_segment_writer *w) {
  return &w->fault;
}
