/* Proves the structure of the segments of a view. */
#include <stdio.h>
#include <stdlib.h>

#include "store/embedded/index/column.h"
#include "store/embedded/index/index_internal.h"

typedef struct check {
  zd_index_finding finding;
  void *context;
  uint64_t findings;
  zd_segment *segment;
  uint64_t rows; /* of the segment */
  uint64_t items, type_rows, id_rows;
} check;

static void found(check *c, const char *text) {
  c->findings++;
  if (c->finding) c->finding(c->context, text);
}

static void wrong(check *c, uint64_t at, const char *what) {
  zd_fault fault;
  zd_segment_corrupt(c->segment, at, what, &fault);
  found(c, fault.text);
}

/* Turns damage into a finding; other failures are passed on. */
static zd_err noted(check *c, zd_err err, const zd_fault *fault) {
  if (err != ZD_ERR_CORRUPT) return err;
  found(c, fault->text);
  return ZD_OK;
}

static void check_pages(check *c) {
  zd_fault fault;
  for (uint64_t page = 1; page <= zd_segment_page_count(c->segment); page++) {
    if (zd_segment_check_page(c->segment, page, &fault)) found(c, fault.text);
  }
}

static zd_err check_set(check *c, const zd_posting_chunk *chunk, zd_fault *fault) {
  zd_set set;
  uint16_t rows[ZD_CHUNK_ROWS];
  zd_err err = zd_posting_set(c->segment, chunk, &set, fault);
  if (err) return err;
  uint32_t n = zd_set_list(&set, rows);
  if (n != chunk->n) return zd_segment_corrupt(c->segment, chunk->at, "size of a container", fault);
  zd_row first = zd_segment_head(c->segment)->first_row, end = zd_segment_head(c->segment)->end_row;
  zd_row base = zd_chunk_first(zd_chunk_of(first) + chunk->chunk);
  for (uint32_t i = 1; i < n; i++) {
    if (rows[i - 1] >= rows[i])
      return zd_segment_corrupt(c->segment, chunk->at, "order of a container", fault);
  }
  if (base + rows[0] < first || base + rows[n - 1] >= end)
    return zd_segment_corrupt(c->segment, chunk->at, "a row outside of the segment", fault);
  return ZD_OK;
}

static zd_err check_column(check *c, const zd_posting_chunk *chunk, zd_fault *fault) {
  const void *column;
  zd_err err = zd_posting_column(c->segment, chunk, &column, fault);
  if (err) return err;
  zd_row first = zd_segment_head(c->segment)->first_row, end = zd_segment_head(c->segment)->end_row;
  zd_row base = zd_chunk_first(zd_chunk_of(first) + chunk->chunk);
  int64_t low = INT64_MIN;
  for (uint32_t i = 0; i < chunk->n; i++) {
    zd_interval v = zd_column_at(column, chunk->n, i);
    if (v.low < low || v.low > v.high || base + v.row < first || base + v.row >= end)
      return zd_segment_corrupt(c->segment, chunk->at, "an interval of a column", fault);
    low = v.low;
  }
  return ZD_OK;
}

static zd_err check_chunks(check *c, uint32_t kind, const zd_posting *p, zd_fault *fault) {
  const zd_posting_chunk *table;
  size_t n = 0;
  uint64_t items = 0;
  zd_err err = zd_posting_chunks(c->segment, p, &table, &n, fault);
  for (size_t i = 0; !err && i < n; i++) {
    if (i && table[i].chunk <= table[i - 1].chunk)
      return zd_segment_corrupt(c->segment, p->at, "order of a table of chunks", fault);
    err = kind == ZD_KEY_RANGE ? check_column(c, &table[i], fault) : check_set(c, &table[i], fault);
    items += table[i].n;
  }
  if (!err && items != p->n)
    err = zd_segment_corrupt(c->segment, p->at, "size of a posting", fault);
  return err;
}

static zd_err check_kills(check *c, const zd_posting *p, zd_fault *fault) {
  zd_set victims;
  const uint32_t *killers;
  uint16_t rows[ZD_CHUNK_ROWS];
  zd_err err = zd_posting_kills(c->segment, p, &victims, &killers, fault);
  if (err) return err;
  if (zd_set_list(&victims, rows) != p->n)
    return zd_segment_corrupt(c->segment, p->at, "number of superseded rows", fault);
  for (uint64_t i = 0; i < p->n; i++) {
    if (killers[i] >= c->rows)
      return zd_segment_corrupt(c->segment, p->at, "a superseding row outside of the segment",
                                fault);
  }
  return ZD_OK;
}

static zd_err check_posting(check *c, uint32_t kind, const zd_posting *p, zd_fault *fault) {
  uint32_t rows[ZD_POSTING_SHORT];
  switch (p->form) {
    case ZD_POSTING_CHUNKS:
      return check_chunks(c, kind, p, fault);
    case ZD_POSTING_KILLS:
      return check_kills(c, p, fault);
    default:
      if (p->n > ZD_POSTING_SHORT || kind == ZD_KEY_RANGE || kind == ZD_KEY_KILLS)
        return zd_segment_corrupt(c->segment, p->at, "form of a posting", fault);
      return zd_posting_rows(c->segment, p, rows, fault);
  }
}

static zd_err check_id(check *c, uint32_t type, zd_slice bytes, zd_fault *fault) {
  char id[ZD_ID_MAX];
  size_t n;
  bool may;
  if (!zd_key_id_text(bytes, id, &n)) wrong(c, 0, "a key that is no id");
  zd_err err = zd_segment_may_have_id(c->segment, zd_segment_id_hash(type, bytes), &may, fault);
  if (!err && !may) wrong(c, zd_segment_head(c->segment)->filter_at, "the filter misses an id");
  return err;
}

static zd_err check_space(check *c, const zd_segment_space *space, zd_fault *fault) {
  zd_segment_cursor cursor;
  char last[sizeof cursor.bytes];
  size_t last_n = 0;
  uint64_t keys = 0, items = 0;
  zd_err err = zd_segment_cursor_start(&cursor, c->segment, space, (zd_slice){NULL, 0}, fault);
  while (!err && !cursor.done) {
    zd_slice key = zd_segment_cursor_key(&cursor);
    if (keys && zd_slice_cmp(zd_slice_make(last, last_n), key) >= 0)
      return zd_segment_corrupt(c->segment, space->blocks_at, "order of the keys", fault);
    memcpy(last, key.p, key.n);
    last_n = key.n;
    keys++;
    items += cursor.posting.n;
    err = noted(c, check_posting(c, space->kind, &cursor.posting, fault), fault);
    if (!err && space->kind == ZD_KEY_ID)
      err = noted(c, check_id(c, space->field, key, fault), fault);
    if (!err) err = zd_segment_cursor_next(&cursor, fault);
  }
  if (!err && (keys != space->keys || items != space->items))
    err = zd_segment_corrupt(c->segment, space->blocks_at, "numbers of a space", fault);
  if (space->kind == ZD_KEY_TYPE) c->type_rows += items;
  if (space->kind == ZD_KEY_ID) c->id_rows += items;
  return err;
}

static zd_err check_segment(check *c, const zd_part *part, zd_fault *fault) {
  const zd_segment_header *h = zd_segment_head(part->segment);
  c->segment = part->segment;
  c->rows = h->end_row - h->first_row;
  c->type_rows = c->id_rows = 0;
  check_pages(c);
  size_t n;
  const zd_segment_space *spaces = zd_segment_spaces(part->segment, &n);
  uint64_t damaged = c->findings;
  for (size_t i = 0; i < n; i++) {
    zd_err err = noted(c, check_space(c, &spaces[i], fault), fault);
    if (err) return err;
  }
  bool each_once = c->type_rows == c->rows && c->id_rows == c->rows;
  if (c->findings == damaged && !part->supplement && !each_once)
    wrong(c, h->spaces_at, "not every row has its type and its id");
  uint64_t locators[ZD_SEGMENT_ROW_BLOCK];
  for (zd_row row = h->first_row; !part->supplement && row < h->end_row;) {
    size_t count =
        h->end_row - row < ZD_SEGMENT_ROW_BLOCK ? (size_t)(h->end_row - row) : ZD_SEGMENT_ROW_BLOCK;
    zd_err err = noted(c, zd_segment_locators(part->segment, row, count, locators, fault), fault);
    if (err) return err;
    row += count;
  }
  return ZD_OK;
}

zd_err zd_index_check(zd_index_view *v, zd_index_finding finding, void *context, zd_fault *fault) {
  check c = {.finding = finding, .context = context};
  zd_fault own;
  if (!fault) fault = &own;
  zd_row end = 0;
  for (size_t i = 0; i < v->parts->all; i++) {
    const zd_part *part = v->parts->at[i];
    if (!part->supplement && part->first != end) found(&c, "the index has a gap between its parts");
    if (!part->supplement) end = zd_part_end(part);
    if (!part->segment) continue;
    zd_err err = check_segment(&c, part, fault);
    if (err) return err;
  }
  if (end < v->bound) found(&c, "the index ends before the last row");
  if (c.findings == 0) return ZD_OK;
  return zd_fail(fault, ZD_ERR_CORRUPT, "%llu findings in the index",
                 (unsigned long long)c.findings);
}
