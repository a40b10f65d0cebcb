/* The rows with one value, out of many parts: few are written out, many stay where they lie and are
 * read a chunk at a time, as far as the page needs. */
#include "store/embedded/index/sort/sort_internal.h"

#include <stdlib.h>

enum { FEW = 1024, CHUNK_UNITS = 100 };

void zd_sort_group_clear(zd_sort_group *g) {
  g->row_count = g->piece_count = 0;
}

zd_err zd_sort_group_row(zd_sort *s, zd_sort_group *g, zd_row row) {
  if (g->row_count == g->row_room) {
    zd_err err;
    size_t room = g->row_room ? g->row_room * 2 : 64;
    zd_row *more = zd_sort_alloc(s, &s->memory, room * sizeof *more, &err);
    if (err) return err;
    if (g->row_count) memcpy(more, g->rows, g->row_count * sizeof *more);
    g->rows = more;
    g->row_room = room;
  }
  g->rows[g->row_count++] = row;
  return ZD_OK;
}

zd_err zd_sort_group_piece(zd_sort *s, zd_sort_group *g, const zd_sort_piece *piece) {
  if (g->piece_count == g->piece_room) {
    zd_err err;
    size_t room = g->piece_room ? g->piece_room * 2 : 16;
    zd_sort_piece *more = zd_sort_alloc(s, &s->memory, room * sizeof *more, &err);
    if (err) return err;
    if (g->piece_count) memcpy(more, g->pieces, g->piece_count * sizeof *more);
    g->pieces = more;
    g->piece_room = room;
  }
  g->pieces[g->piece_count++] = *piece;
  return ZD_OK;
}

static zd_err add_rows(zd_sort *s, zd_sort_group *g, const zd_sort_set *set, zd_row base,
                       const uint32_t *rows, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (!zd_sort_set_has(s, set, base + rows[i])) continue;
    zd_err err = zd_sort_group_row(s, g, base + rows[i]);
    if (err) return err;
  }
  return ZD_OK;
}

zd_err zd_sort_group_posting(zd_sort *s, zd_sort_group *g, const zd_sort_set *set,
                             const zd_part *from, const zd_posting *p) {
  if (p->n == 0) return ZD_OK;
  if (p->form == ZD_POSTING_CHUNKS) {
    zd_sort_piece piece = {.from = from};
    zd_err err = zd_posting_chunks(from->segment, p, &piece.table, &piece.chunks, s->fault);
    return err ? err : zd_sort_group_piece(s, g, &piece);
  }
  if (p->form == ZD_POSTING_KILLS || p->n > ZD_POSTING_SHORT)
    return zd_segment_corrupt(from->segment, p->at, "form of a posting", s->fault);
  uint32_t rows[ZD_POSTING_SHORT];
  zd_err err = zd_posting_rows(from->segment, p, rows, s->fault);
  return err ? err : add_rows(s, g, set, from->first, rows, p->n);
}

zd_err zd_sort_group_mem_key(zd_sort *s, zd_sort_group *g, const zd_sort_set *set,
                             const zd_part *from, const zd_mem_key *k) {
  if (zd_mem_key_count(k) > FEW)
    return zd_sort_group_piece(s, g, &(zd_sort_piece){.from = from, .key = k});
  zd_mem_walk w;
  zd_mem_walk_start(&w, from->memtable, k);
  const void *items;
  zd_err err = ZD_OK;
  for (uint32_t n; !err && (n = zd_mem_walk_next(&w, &items)) > 0;)
    err = add_rows(s, g, set, from->first, items, n);
  return err;
}

/* ---- reading ---- */

static int by_row(const void *x, const void *y) {
  const zd_row *a = x, *b = y;
  return (*a > *b) - (*a < *b);
}

static void mem_words(const zd_sort_piece *p, uint64_t chunk, uint64_t *words) {
  zd_mem_walk w;
  zd_mem_walk_start(&w, p->from->memtable, p->key);
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
    const uint32_t *rows = items;
    for (uint32_t i = 0; i < n; i++) {
      zd_row row = p->from->first + rows[i];
      if (zd_chunk_of(row) == chunk) zd_words_add(words, (uint32_t)(row & (ZD_CHUNK_ROWS - 1)));
    }
  }
}

static const zd_posting_chunk *table_entry(const zd_sort_piece *p, uint64_t chunk) {
  uint64_t base = zd_chunk_of(p->from->first);
  size_t low = 0, n = p->chunks;
  if (chunk < base) return NULL;
  while (n > 0) {
    size_t half = n / 2;
    if (p->table[low + half].chunk < chunk - base) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low < p->chunks && p->table[low].chunk == chunk - base ? &p->table[low] : NULL;
}

/* Adds the piece's rows of the chunk; *any when there may be some. */
static zd_err piece_words(zd_sort *s, const zd_sort_piece *p, uint64_t chunk, uint64_t *words,
                          bool *any) {
  if (p->column) {
    if (p->chunk != chunk) return ZD_OK;
    zd_column_rows(p->column, p->n, p->first, p->last, words);
  } else if (p->key) {
    zd_row first = p->from->first, last = zd_part_end(p->from);
    if (first == last || zd_chunk_of(first) > chunk || zd_chunk_of(last - 1) < chunk) return ZD_OK;
    mem_words(p, chunk, words);
  } else {
    const zd_posting_chunk *entry = table_entry(p, chunk);
    if (!entry) return ZD_OK;
    zd_set set;
    zd_err err = zd_posting_set(p->from->segment, entry, &set, s->fault);
    if (err) return err;
    zd_words_add_set(words, &set);
  }
  *any = true;
  return ZD_OK;
}

/* Adds the group's written rows of the chunk, which begin at *i. */
static void rows_words(const zd_sort_group *g, uint64_t chunk, size_t i, uint64_t *words) {
  for (; i < g->row_count && zd_chunk_of(g->rows[i]) == chunk; i++)
    zd_words_add(words, (uint32_t)(g->rows[i] & (ZD_CHUNK_ROWS - 1)));
}

static size_t first_of_chunk(const zd_sort_group *g, uint64_t chunk) {
  size_t low = 0, n = g->row_count;
  while (n > 0) {
    size_t half = n / 2;
    if (zd_chunk_of(g->rows[low + half]) < chunk) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

/* s->scratch: rows of the chunk that are in both. */
static zd_err chunk_words(zd_sort *s, zd_sort_group *g, zd_sort_set *set, uint64_t chunk,
                          bool consume, bool *any) {
  uint64_t *words = s->scratch, *of_set = set->words[chunk];
  size_t first = first_of_chunk(g, chunk);
  bool rows = first < g->row_count && zd_chunk_of(g->rows[first]) == chunk;
  if (!rows && g->piece_count == 0) return ZD_OK;
  memset(words, 0, ZD_SET_WORDS * sizeof *words);
  for (size_t i = 0; i < g->piece_count; i++) {
    zd_err err = piece_words(s, &g->pieces[i], chunk, words, any);
    if (err) return err;
  }
  if (rows) rows_words(g, chunk, first, words);
  *any = *any || rows;
  for (size_t i = 0; *any && i < ZD_SET_WORDS; i++) {
    words[i] &= of_set[i];
    if (consume) of_set[i] &= ~words[i];
  }
  return ZD_OK;
}

/* The chunk behind `chunk` in which the group may have rows; UINT64_MAX: none. */
static uint64_t next_chunk(const zd_sort *s, const zd_sort_group *g, uint64_t chunk, bool down) {
  if (down ? chunk == 0 : chunk + 1 >= s->chunks) return UINT64_MAX;
  if (g->piece_count) return down ? chunk - 1 : chunk + 1;
  size_t i = first_of_chunk(g, down ? chunk : chunk + 1);
  if (down ? i == 0 : i == g->row_count) return UINT64_MAX;
  return zd_chunk_of(g->rows[down ? i - 1 : i]);
}

zd_err zd_sort_group_each(zd_sort *s, zd_sort_group *g, zd_sort_set *set, bool down, bool consume,
                          zd_row after, zd_sort_each each, void *context) {
  if (g->row_count > 1) qsort(g->rows, g->row_count, sizeof *g->rows, by_row);
  uint64_t chunk = down ? s->chunks - 1 : 0;
  if (after != ZD_NO_ROW && zd_chunk_of(after) < s->chunks) chunk = zd_chunk_of(after);
  for (; chunk != UINT64_MAX && !zd_sort_full(s); chunk = next_chunk(s, g, chunk, down)) {
    if (!set->used[chunk]) continue;
    bool any = false;
    zd_err err = chunk_words(s, g, set, chunk, consume, &any);
    if (!err && any) err = each(s, context, chunk, s->scratch);
    if (!err) err = zd_sort_work(s, CHUNK_UNITS);
    if (err) return err;
  }
  return ZD_OK;
}
