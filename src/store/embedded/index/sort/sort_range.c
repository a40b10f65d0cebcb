/* The values of a RANGE field in order: every column is sorted by its lows, so the columns of all
 * chunks are merged, each standing on its next row that is in the set. Memtables are gathered. */
#include "store/embedded/index/sort/sort_internal.h"

enum { SHORT_RUN = 64, VALUE_UNITS = 10, COLUMN_UNITS = 50 };

typedef struct item {
  int64_t low;
  zd_row row;
} item;

/* A column of one chunk, or the intervals of a memtable. */
typedef struct source {
  int64_t low; /* present value */
  const void *column;
  uint32_t n, first, last; /* the present run: intervals with this low, [first, last) */
  uint64_t chunk;
  const uint64_t *words; /* of the set */
  zd_sort_heap items;    /* memtables */
} source;

static int by_low(const void *x, const void *y, bool down) {
  const source *a = x, *b = y;
  (void)down;
  return (a->low > b->low) - (a->low < b->low);
}

static int item_by_low(const void *x, const void *y, bool down) {
  const item *a = x, *b = y;
  (void)down;
  return (a->low > b->low) - (a->low < b->low);
}

/* ---- columns ---- */

static uint32_t above(const source *c, int64_t low) {
  return low == INT64_MAX ? c->n : zd_column_first(c->column, c->n, low + 1);
}

/* Stands on the run of the next interval whose row is in the set, from c->last up or from c->first
 * down; false at the end. */
static bool column_step(source *c, bool down) {
  if (down) {
    c->last = zd_column_back(c->column, c->n, c->first, c->words);
    if (c->last == 0) return false;
    c->low = zd_column_at(c->column, c->n, c->last - 1).low;
    bool alone = c->last == 1 || zd_column_at(c->column, c->n, c->last - 2).low != c->low;
    c->first = alone ? c->last - 1 : zd_column_first(c->column, c->n, c->low);
    return c->first < c->last; /* a damaged column may not be sorted */
  }
  c->first = zd_column_next(c->column, c->n, c->last, c->words);
  if (c->first >= c->n) return false;
  c->low = zd_column_at(c->column, c->n, c->first).low;
  bool alone = c->first + 1 == c->n || zd_column_at(c->column, c->n, c->first + 1).low != c->low;
  c->last = alone ? c->first + 1 : above(c, c->low);
  return c->first < c->last;
}

static zd_err add_column(zd_sort *s, zd_sort_walk *w, const zd_sort_bounds *b, const zd_part *part,
                         const zd_posting_chunk *entry) {
  uint64_t chunk = zd_chunk_of(part->first) + entry->chunk;
  zd_sort_level *level = w->level;
  zd_err err = zd_sort_work(s, COLUMN_UNITS + entry->n / 8);
  if (err || chunk >= s->chunks || !level->set.used[chunk]) return err;
  source c = {.n = entry->n, .chunk = chunk, .words = level->set.words[chunk]};
  err = zd_posting_column(part->segment, entry, &c.column, s->fault);
  if (err) return err;
  c.first = c.n;
  if (b->from && b->down) c.first = above(&c, b->from->number);
  if (b->from && !b->down) c.last = zd_column_first(c.column, c.n, b->from->number);
  if (!column_step(&c, b->down)) return ZD_OK;
  source *kept = zd_sort_alloc(s, &level->walk, sizeof *kept, &err);
  if (err) return err;
  *kept = c;
  return zd_sort_heap_add(s, &level->walk, &w->heap, kept);
}

static zd_err add_segment(zd_sort *s, zd_sort_walk *w, const zd_sort_bounds *b,
                          const zd_part *part) {
  zd_posting p;
  zd_key key = {ZD_KEY_RANGE, w->field, {NULL, 0}};
  zd_err err = zd_segment_find(part->segment, &key, &p, s->fault);
  if (err || p.n == 0) return err;
  if (p.form != ZD_POSTING_CHUNKS)
    return zd_segment_corrupt(part->segment, p.at, "form of a posting", s->fault);
  const zd_posting_chunk *table = NULL;
  size_t n = 0;
  err = zd_posting_chunks(part->segment, &p, &table, &n, s->fault);
  for (size_t i = 0; !err && i < n; i++) err = add_column(s, w, b, part, &table[i]);
  return err;
}

/* ---- memtables ---- */

static bool within(const zd_sort_bounds *b, int64_t low) {
  if (!b->from) return true;
  return b->down ? low <= b->from->number : low >= b->from->number;
}

static zd_err gather(zd_sort *s, zd_sort_walk *w, const zd_sort_bounds *b, const zd_part *part,
                     const zd_mem_key *k, source *to) {
  zd_sort_memory *m = &w->level->walk;
  zd_mem_walk walk;
  zd_mem_walk_start(&walk, part->memtable, k);
  const void *items;
  zd_err err = ZD_OK;
  for (uint32_t n; !err && (n = zd_mem_walk_next(&walk, &items)) > 0;) {
    const zd_mem_interval *v = items;
    for (uint32_t i = 0; !err && i < n; i++) {
      zd_row row = part->first + v[i].row;
      if (!within(b, v[i].low) || !zd_sort_set_has(s, &w->level->set, row)) continue;
      item *kept = zd_sort_alloc(s, m, sizeof *kept, &err);
      if (err) return err;
      *kept = (item){v[i].low, row};
      err = zd_sort_heap_add(s, m, &to->items, kept);
    }
  }
  return err;
}

static zd_err add_memtable(zd_sort *s, zd_sort_walk *w, const zd_sort_bounds *b,
                           const zd_part *part) {
  zd_key key = {ZD_KEY_RANGE, w->field, {NULL, 0}};
  const zd_mem_key *k = zd_memtable_find(part->memtable, &key, zd_mem_hash(&key));
  if (!k) return ZD_OK;
  zd_err err;
  source *m = zd_sort_alloc(s, &w->level->walk, sizeof *m, &err);
  if (err) return err;
  *m = (source){.items = {.order = item_by_low, .down = b->down}};
  err = gather(s, w, b, part, k, m);
  if (err || m->items.n == 0) return err;
  zd_sort_heap_build(&m->items);
  m->low = ((const item *)m->items.at[0])->low;
  return zd_sort_heap_add(s, &w->level->walk, &w->heap, m);
}

/* ---- walking ---- */

zd_err zd_sort_range_start(zd_sort *s, const zd_sort_bounds *b, zd_sort_walk *w) {
  w->heap = (zd_sort_heap){.order = by_low, .down = b->down};
  for (size_t i = 0; i < s->scope.parts->all; i++) {
    const zd_part *part = s->scope.parts->at[i];
    zd_err err = part->segment ? add_segment(s, w, b, part) : add_memtable(s, w, b, part);
    if (err) return err;
  }
  zd_sort_heap_build(&w->heap);
  return ZD_OK;
}

static zd_err take_run(zd_sort *s, zd_sort_walk *w, const source *c) {
  zd_sort_group *g = &w->level->group;
  if (c->last - c->first > SHORT_RUN) {
    return zd_sort_group_piece(
        s, g,
        &(zd_sort_piece){
            .column = c->column, .n = c->n, .first = c->first, .last = c->last, .chunk = c->chunk});
  }
  zd_err err = ZD_OK;
  for (uint32_t i = c->first; !err && i < c->last; i++) {
    uint32_t row = zd_column_at(c->column, c->n, i).row;
    if (zd_words_has(c->words, row)) err = zd_sort_group_row(s, g, zd_chunk_first(c->chunk) + row);
  }
  return err;
}

/* Takes the present value of a memtable and goes on to the next, if there is one. */
static zd_err take_items(zd_sort *s, zd_sort_walk *w, source *m, bool *more) {
  int64_t low = m->low;
  while (m->items.n) {
    const item *first = m->items.at[0];
    m->low = first->low;
    if (first->low != low) break;
    zd_err err = zd_sort_set_has(s, &w->level->set, first->row)
                     ? zd_sort_group_row(s, &w->level->group, first->row)
                     : ZD_OK;
    if (err) return err;
    zd_sort_heap_drop(&m->items);
  }
  *more = m->items.n > 0;
  return ZD_OK;
}

zd_err zd_sort_range_next(zd_sort *s, zd_sort_walk *w, bool *more) {
  zd_sort_group *g = &w->level->group;
  *more = w->heap.n > 0;
  if (!*more) return ZD_OK;
  int64_t low = ((const source *)w->heap.at[0])->low;
  g->value = (zd_sort_value){.number = low};
  while (w->heap.n) {
    source *c = (source *)(uintptr_t)w->heap.at[0];
    if (c->low != low) break;
    bool left = false;
    zd_err err = c->column ? take_run(s, w, c) : take_items(s, w, c, &left);
    if (err) return err;
    if (c->column) left = column_step(c, w->down);
    if (left && (w->down ? c->low > low : c->low < low))
      return zd_fail(s->fault, ZD_ERR_CORRUPT, "a column of an index segment is not in order");
    if (left)
      zd_sort_heap_settle(&w->heap);
    else
      zd_sort_heap_drop(&w->heap);
  }
  return zd_sort_work(s, VALUE_UNITS);
}
