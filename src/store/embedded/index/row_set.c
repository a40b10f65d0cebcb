#include "store/embedded/index/row_set.h"

#include <stdlib.h>

enum { LIST_FIRST = 16, LIST_MAX = 512 };

static zd_err grab(zd_row_set *s, size_t bytes, void **out) {
  zd_err err = zd_budget_take(s->budget, bytes, s->fault);
  if (err) return err;
  s->bytes += bytes;
  *out = zd_arena_alloc(s->arena, bytes);
  return *out ? ZD_OK : zd_fail(s->fault, ZD_ERR_MEMORY, "out of memory evaluating a search");
}

zd_err zd_row_set_start(zd_row_set *s, zd_row bound, zd_arena *arena, zd_budget *budget,
                        zd_fault *fault) {
  *s = (zd_row_set){.arena = arena, .budget = budget, .fault = fault};
  uint64_t chunks = zd_chunk_of(bound + ZD_CHUNK_ROWS - 1);
  void *p = NULL;
  zd_err err = grab(s, chunks * sizeof *s->chunks + 1, &p);
  if (err) return err;
  memset(p, 0, chunks * sizeof *s->chunks);
  s->chunks = p;
  s->chunk_count = chunks;
  return ZD_OK;
}

void zd_row_set_drop(zd_row_set *s) {
  zd_budget_give(s->budget, s->bytes);
  s->bytes = 0;
}

static zd_err to_words(zd_row_set *s, zd_row_chunk *c) {
  void *words = NULL;
  zd_err err = grab(s, sizeof(zd_set_room), &words);
  if (err) return err;
  c->words = words;
  memset(c->words, 0, sizeof(zd_set_room));
  for (uint32_t i = 0; i < c->n; i++) zd_words_add(c->words, c->rows[i]);
  return ZD_OK;
}

static zd_err list_grow(zd_row_set *s, zd_row_chunk *c) {
  uint32_t room = c->room ? c->room * 4 : LIST_FIRST;
  if (room > LIST_MAX) return to_words(s, c);
  void *rows = NULL;
  zd_err err = grab(s, room * sizeof *c->rows, &rows);
  if (err) return err;
  if (c->n) memcpy(rows, c->rows, c->n * sizeof *c->rows);
  c->rows = rows;
  c->room = room;
  return ZD_OK;
}

zd_err zd_row_set_add(zd_row_set *s, zd_row row) {
  uint64_t chunk = zd_chunk_of(row);
  if (chunk >= s->chunk_count) return ZD_OK;
  zd_row_chunk *c = &s->chunks[chunk];
  if (!c->words && c->n == c->room) {
    zd_err err = list_grow(s, c);
    if (err) return err;
  }
  uint16_t within = (uint16_t)(row & (ZD_CHUNK_ROWS - 1));
  if (c->words)
    zd_words_add(c->words, within);
  else
    c->rows[c->n++] = within;
  return ZD_OK;
}

zd_err zd_row_set_add_set(zd_row_set *s, uint64_t chunk, const zd_set *set) {
  if (chunk >= s->chunk_count || set->n == 0) return ZD_OK;
  zd_row_chunk *c = &s->chunks[chunk];
  if (!c->words && (set->words || c->n + set->n > LIST_MAX)) {
    zd_err err = to_words(s, c);
    if (err) return err;
  }
  if (c->words) {
    zd_words_add_set(c->words, set);
    return ZD_OK;
  }
  for (uint32_t i = 0; i < set->n; i++) {
    zd_err err = zd_row_set_add(s, zd_chunk_first(chunk) + set->rows[i]);
    if (err) return err;
  }
  return ZD_OK;
}

static int by_number(const void *a, const void *b) {
  return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void sort_list(zd_row_chunk *c) {
  bool sorted = true;
  for (uint32_t i = 1; i < c->n && sorted; i++) sorted = c->rows[i - 1] < c->rows[i];
  if (sorted) return;
  qsort(c->rows, c->n, sizeof *c->rows, by_number);
  uint32_t kept = 1;
  for (uint32_t i = 1; i < c->n; i++) {
    if (c->rows[i] != c->rows[kept - 1]) c->rows[kept++] = c->rows[i];
  }
  c->n = kept;
}

void zd_row_set_finish(zd_row_set *s) {
  s->n = 0;
  for (uint64_t i = 0; i < s->chunk_count; i++) {
    zd_row_chunk *c = &s->chunks[i];
    if (c->words)
      c->n = zd_words_count(c->words);
    else if (c->n)
      sort_list(c);
    s->n += c->n;
  }
}

zd_set zd_row_set_chunk(const zd_row_set *s, uint64_t chunk) {
  if (chunk >= s->chunk_count || s->chunks[chunk].n == 0) return zd_set_empty();
  const zd_row_chunk *c = &s->chunks[chunk];
  return c->words ? (zd_set){NULL, c->words, c->n} : (zd_set){c->rows, NULL, c->n};
}

bool zd_row_set_has(const zd_row_set *s, zd_row row) {
  zd_set set = zd_row_set_chunk(s, zd_chunk_of(row));
  return set.n > 0 && zd_set_has(&set, (uint32_t)(row & (ZD_CHUNK_ROWS - 1)));
}

uint64_t zd_row_set_count(const zd_row_set *s, zd_row first, zd_row end) {
  uint64_t n = 0;
  for (uint64_t c = zd_chunk_of(first); c < s->chunk_count && zd_chunk_first(c) < end; c++) {
    zd_row base = zd_chunk_first(c);
    zd_set set = zd_row_set_chunk(s, c);
    if (set.n == 0) continue;
    zd_set_room room;
    uint32_t from = first > base ? (uint32_t)(first - base) : 0;
    uint32_t to = end < base + ZD_CHUNK_ROWS ? (uint32_t)(end - base) : ZD_CHUNK_ROWS;
    n += zd_set_clip(&set, from, to, &room).n;
  }
  return n;
}

uint64_t zd_row_set_seek(const zd_row_set *s, uint64_t chunk, bool descending) {
  if (descending && chunk >= s->chunk_count) chunk = s->chunk_count - 1;
  for (uint64_t c = chunk; c < s->chunk_count; c = descending ? c - 1 : c + 1) {
    if (s->chunks[c].n) return c;
  }
  return UINT64_MAX;
}
