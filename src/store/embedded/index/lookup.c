#include "store/embedded/index/lookup.h"

enum { FEW_ROWS = 1024, MANY_ROWS = 32768, MANY_OPERANDS = 128 };
enum {
  KEY_UNITS = 4,
  CHUNK_UNITS = 60,
  ROWS_PER_CLOCK = 4096
}; /* of work: a key of a walk, a chunk of an operand */

struct zd_operand {
  const zd_part *from;
  const zd_posting_chunk *table; /* segments */
  size_t chunks;
  const zd_mem_key *key; /* memtables */
};

static zd_err out_of_memory(const zd_leaf *leaf) {
  return zd_fail(leaf->fault, ZD_ERR_MEMORY, "out of memory evaluating a search");
}

void zd_leaf_start(zd_leaf *leaf, const zd_part *part, zd_row first, zd_row end, zd_arena *arena,
                   zd_fault *fault) {
  *leaf = (zd_leaf){.part = part, .first = first, .end = end, .arena = arena, .fault = fault};
}

/* Memory of the part's turn, within the budget. ZD_ERR_LIMIT when it is too much. */
static zd_err take(zd_leaf *leaf, size_t bytes, void *out) {
  zd_err err = leaf->budget ? zd_budget_take(leaf->budget, bytes, leaf->fault) : ZD_OK;
  if (err) return err;
  if (leaf->budget) *leaf->taken += bytes;
  void *p = zd_arena_alloc(leaf->arena, bytes);
  memcpy(out, &p, sizeof p);
  return p ? ZD_OK : out_of_memory(leaf);
}

static zd_err work(zd_leaf *leaf, unsigned units) {
  return leaf->budget ? zd_budget_work(leaf->budget, units, leaf->fault) : ZD_OK;
}

/* ---- uniting ---- */

static zd_err bitmaps_begin(zd_leaf *leaf) {
  if (leaf->bitmaps) return ZD_OK;
  leaf->bitmap_count = (size_t)(zd_chunk_of(leaf->end - 1) - zd_chunk_of(leaf->part->first) + 1);
  zd_err err = take(leaf, leaf->bitmap_count * sizeof *leaf->bitmaps, &leaf->bitmaps);
  if (!err) memset(leaf->bitmaps, 0, leaf->bitmap_count * sizeof *leaf->bitmaps);
  return err;
}

/* The bitmap of a chunk, made when it is first needed. */
static zd_err bitmap_at(zd_leaf *leaf, uint64_t i, uint64_t **out) {
  zd_err err = ZD_OK;
  if (!leaf->bitmaps[i]) {
    err = take(leaf, sizeof(zd_set_room), &leaf->bitmaps[i]);
    if (!err) memset(leaf->bitmaps[i], 0, sizeof(zd_set_room));
  }
  *out = leaf->bitmaps[i];
  return err;
}

static zd_err unite_rows(zd_leaf *leaf) {
  uint64_t base = zd_chunk_of(leaf->part->first);
  for (size_t i = 0; i < leaf->row_count; i++) {
    zd_row row = leaf->part->first + leaf->rows[i];
    uint64_t *words = NULL;
    zd_err err = bitmap_at(leaf, zd_chunk_of(row) - base, &words);
    if (!err && i % ROWS_PER_CLOCK == 0) err = work(leaf, ROWS_PER_CLOCK / 4);
    if (err) return err;
    zd_words_add(words, (uint32_t)(row & (ZD_CHUNK_ROWS - 1)));
  }
  leaf->row_count = 0;
  return ZD_OK;
}

/* ---- gathering ---- */

/* Room for n more rows. Very many are united as they come: a list of them would outgrow the caches.
 */
static zd_err rows_room(zd_leaf *leaf, size_t n, uint32_t **out) {
  if (leaf->row_count + n > MANY_ROWS && leaf->row_count) {
    zd_err err = bitmaps_begin(leaf);
    if (!err) err = unite_rows(leaf);
    if (err) return err;
  }
  if (leaf->row_count + n > leaf->row_room) {
    size_t room = (leaf->row_count + n) * 2;
    uint32_t *more = NULL;
    zd_err err = take(leaf, room * sizeof *more, &more);
    if (err) return err;
    if (leaf->row_count) memcpy(more, leaf->rows, leaf->row_count * sizeof *more);
    leaf->rows = more;
    leaf->row_room = room;
  }
  *out = leaf->rows + leaf->row_count;
  return ZD_OK;
}

/* Keeps those of the n rows at rows_room() that lie within the leaf's range. */
static void rows_taken(zd_leaf *leaf, zd_row base, size_t n) {
  uint32_t *rows = leaf->rows + leaf->row_count;
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    zd_row row = base + rows[i];
    if (row < leaf->first || row >= leaf->end) continue;
    rows[kept++] = (uint32_t)(row - leaf->part->first);
  }
  leaf->row_count += kept;
  leaf->n += kept;
}

static zd_err operand_add(zd_leaf *leaf, const zd_part *from, uint64_t n, zd_operand **out) {
  if (leaf->operand_count == leaf->operand_room) {
    size_t room = leaf->operand_room ? leaf->operand_room * 4 : 4;
    zd_operand *more = NULL;
    zd_err err = take(leaf, room * sizeof *more, &more);
    if (err) return err;
    if (leaf->operand_count) memcpy(more, leaf->operands, leaf->operand_count * sizeof *more);
    leaf->operands = more;
    leaf->operand_room = room;
  }
  leaf->n += n;
  *out = &leaf->operands[leaf->operand_count++];
  **out = (zd_operand){.from = from};
  return ZD_OK;
}

static zd_err add_posting(zd_leaf *leaf, const zd_part *from, const zd_posting *p) {
  if (p->n == 0) return ZD_OK;
  if (p->form == ZD_POSTING_ROWS || p->form == ZD_POSTING_LIST) {
    if (p->n > ZD_POSTING_SHORT || leaf->range)
      return zd_segment_corrupt(from->segment, p->at, "form of a posting", leaf->fault);
    uint32_t *rows = NULL;
    zd_err err = rows_room(leaf, p->n, &rows);
    if (!err) err = zd_posting_rows(from->segment, p, rows, leaf->fault);
    if (!err) rows_taken(leaf, from->first, p->n);
    return err;
  }
  if (p->form != ZD_POSTING_CHUNKS)
    return zd_segment_corrupt(from->segment, p->at, "form of a posting", leaf->fault);
  zd_operand *o = NULL;
  zd_err err = operand_add(leaf, from, p->n, &o);
  return err ? err : zd_posting_chunks(from->segment, p, &o->table, &o->chunks, leaf->fault);
}

static zd_err add_mem_key(zd_leaf *leaf, const zd_part *from, const zd_mem_key *k) {
  uint32_t n = zd_mem_key_count(k);
  if (n > FEW_ROWS || leaf->range) {
    zd_operand *o = NULL;
    zd_err err = operand_add(leaf, from, n, &o);
    if (!err) o->key = k;
    return err;
  }
  uint32_t *rows = NULL;
  zd_err err = rows_room(leaf, n, &rows);
  if (err) return err;
  zd_mem_walk w;
  zd_mem_walk_start(&w, from->memtable, k);
  const void *items;
  uint32_t taken = 0;
  for (uint32_t run; taken < n && (run = zd_mem_walk_next(&w, &items)) > 0; taken += run) {
    if (run > n - taken) run = n - taken; /* the list may have grown meanwhile */
    memcpy(rows + taken, items, run * sizeof *rows);
  }
  rows_taken(leaf, from->first, taken);
  return ZD_OK;
}

static zd_err may_have(const zd_part *from, const zd_key *key, bool *may, zd_fault *fault) {
  *may = true;
  if (key->kind != ZD_KEY_ID) return ZD_OK;
  return zd_segment_may_have_id(from->segment, zd_segment_id_hash(key->field, key->bytes), may,
                                fault);
}

zd_err zd_leaf_add_key(zd_leaf *leaf, const zd_part *from, const zd_key *key) {
  if (from->memtable) {
    const zd_mem_key *k = zd_memtable_find(from->memtable, key, zd_mem_hash(key));
    return k ? add_mem_key(leaf, from, k) : ZD_OK;
  }
  bool may;
  zd_posting p;
  zd_err err = may_have(from, key, &may, leaf->fault);
  if (err || !may) return err;
  err = zd_segment_find(from->segment, key, &p, leaf->fault);
  return err ? err : add_posting(leaf, from, &p);
}

/* ---- spans of terms ---- */

typedef struct span {
  zd_leaf *leaf;
  const zd_part *from;
  zd_slice term, to;
  bool prefix;
  zd_slice part; /* absent: anything may follow */
  zd_err err;
} span;

static bool span_has(const span *s, zd_slice term) {
  if (s->prefix) return zd_slice_starts(term, s->term);
  return zd_slice_cmp(term, s->term) >= 0 && (!s->to.p || zd_slice_cmp(term, s->to) < 0);
}

/* A term within the span: is it wanted? */
static bool contains(const span *s, zd_slice term) {
  if (s->part.n == 0) return true;
  zd_slice rest = zd_slice_from(term, s->term.n);
  return rest.n >= s->part.n && memmem(rest.p, rest.n, s->part.p, s->part.n) != NULL;
}

static bool span_each(void *context, const zd_mem_key *k) {
  span *s = context;
  zd_slice term = zd_mem_key_get(k).bytes;
  s->err = work(s->leaf, KEY_UNITS);
  if (!s->err && span_has(s, term) && contains(s, term)) s->err = add_mem_key(s->leaf, s->from, k);
  return s->err == ZD_OK;
}

zd_slice zd_after_prefix(zd_slice prefix, char room[ZD_TERM_MAX]) {
  size_t n = prefix.n;
  while (n > 0 && (unsigned char)prefix.p[n - 1] == 0xFF) n--;
  if (n == 0 || n > ZD_TERM_MAX) return (zd_slice){NULL, 0};
  memcpy(room, prefix.p, n);
  room[n - 1] = (char)((unsigned char)room[n - 1] + 1);
  return zd_slice_make(room, n);
}

static zd_err span_segment(span *s, uint32_t field) {
  zd_segment *segment = s->from->segment;
  const zd_segment_space *space = zd_segment_find_space(segment, ZD_KEY_TERM, field);
  if (!space) return ZD_OK;
  zd_segment_cursor c;
  zd_err err = zd_segment_cursor_start(&c, segment, space, s->term, s->leaf->fault);
  while (!err && !c.done && span_has(s, zd_segment_cursor_key(&c))) {
    err = work(s->leaf, KEY_UNITS);
    if (!err && contains(s, zd_segment_cursor_key(&c)))
      err = add_posting(s->leaf, s->from, &c.posting);
    if (!err) err = zd_segment_cursor_next(&c, s->leaf->fault);
  }
  return err;
}

static zd_err add_span(span *s, uint32_t field) {
  if (s->from->segment) return span_segment(s, field);
  char room[ZD_TERM_MAX];
  zd_slice end = s->prefix ? zd_after_prefix(s->term, room) : s->to;
  zd_memtable_terms(s->from->memtable, field, s->term, end, span_each, s);
  return s->err;
}

zd_err zd_leaf_add_span(zd_leaf *leaf, const zd_part *from, uint32_t field, zd_slice term,
                        zd_slice to, bool prefix) {
  span s = {.leaf = leaf, .from = from, .term = term, .to = to, .prefix = prefix};
  return add_span(&s, field);
}

zd_err zd_leaf_add_containing(zd_leaf *leaf, const zd_part *from, uint32_t field, zd_slice prefix,
                              zd_slice part) {
  span s = {.leaf = leaf, .from = from, .term = prefix, .prefix = true, .part = part};
  return add_span(&s, field);
}

/* ---- reading operands ---- */

/* Index of the first entry with chunk >= wanted. */
static size_t table_find(const zd_posting_chunk *table, size_t n, uint64_t wanted) {
  size_t low = 0;
  while (n > 0) {
    size_t half = n / 2;
    if (table[low + half].chunk < wanted) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

static const zd_posting_chunk *operand_chunk(const zd_operand *o, uint64_t chunk) {
  uint64_t base = zd_chunk_of(o->from->first);
  if (chunk < base || !o->table) return NULL;
  size_t i = table_find(o->table, o->chunks, chunk - base);
  return i < o->chunks && o->table[i].chunk == chunk - base ? &o->table[i] : NULL;
}

static void mem_rows(const zd_operand *o, const zd_tile *tile, uint64_t *words) {
  zd_row base = o->from->first, chunk = zd_chunk_first(tile->chunk);
  zd_mem_walk w;
  zd_mem_walk_start(&w, o->from->memtable, o->key);
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
    const uint32_t *rows = items;
    if (base + rows[n - 1] < chunk + tile->first) continue;
    if (base + rows[0] >= chunk + tile->last) return;
    for (uint32_t i = 0; i < n; i++) {
      uint64_t row = base + rows[i] - chunk;
      if (row >= tile->first && row < tile->last) zd_words_add(words, (uint32_t)row);
    }
  }
}

static bool within_any(const zd_leaf *leaf, const zd_mem_interval *v) {
  for (size_t i = 0; i < leaf->bound_count; i++) {
    if (zd_bounds_hold(&leaf->bounds[i], v->low, v->high)) return true;
  }
  return false;
}

static void mem_intervals(const zd_leaf *leaf, const zd_operand *o, const zd_tile *tile,
                          uint64_t *words) {
  zd_row base = o->from->first, chunk = zd_chunk_first(tile->chunk);
  zd_mem_walk w;
  zd_mem_walk_start(&w, o->from->memtable, o->key);
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
    const zd_mem_interval *v = items;
    if (base + v[n - 1].row < chunk + tile->first) continue;
    if (base + v[0].row >= chunk + tile->last) return;
    for (uint32_t i = 0; i < n; i++) {
      uint64_t row = base + v[i].row - chunk;
      if (row >= tile->first && row < tile->last && within_any(leaf, &v[i]))
        zd_words_add(words, (uint32_t)row);
    }
  }
}

/* Adds the operand's rows of the tile to the bitmap. */
static zd_err operand_words(const zd_leaf *leaf, const zd_operand *o, const zd_tile *tile,
                            uint64_t *words) {
  if (o->key) {
    if (leaf->range)
      mem_intervals(leaf, o, tile, words);
    else
      mem_rows(o, tile, words);
    return ZD_OK;
  }
  const zd_posting_chunk *entry = operand_chunk(o, tile->chunk);
  if (!entry) return ZD_OK;
  if (leaf->range) {
    const void *column;
    zd_err err = zd_posting_column(o->from->segment, entry, &column, leaf->fault);
    for (size_t i = 0; !err && i < leaf->bound_count; i++) {
      if (zd_column_meets(column, &leaf->bounds[i]))
        zd_column_select(column, entry->n, &leaf->bounds[i], words);
    }
    return err;
  }
  zd_set set;
  zd_err err = zd_posting_set(o->from->segment, entry, &set, leaf->fault);
  if (!err) zd_words_add_set(words, &set);
  return err;
}

/* ---- finishing ---- */

static zd_err unite_operands(zd_leaf *leaf) {
  uint64_t base = zd_chunk_of(leaf->part->first);
  for (uint64_t c = zd_chunk_of(leaf->first) - base; c < leaf->bitmap_count; c++) {
    zd_tile tile = {base + c, 0, ZD_CHUNK_ROWS};
    uint64_t *words = NULL;
    zd_err err = bitmap_at(leaf, c, &words);
    for (size_t i = 0; !err && i < leaf->operand_count; i++) {
      err = work(leaf, CHUNK_UNITS);
      if (!err) err = operand_words(leaf, &leaf->operands[i], &tile, words);
    }
    if (err) return err;
  }
  leaf->operand_count = 0;
  return ZD_OK;
}

static bool rows_sorted(const zd_leaf *leaf) {
  for (size_t i = 1; i < leaf->row_count; i++) {
    if (leaf->rows[i - 1] >= leaf->rows[i]) return false;
  }
  return true;
}

/* Rows of several keys, and very many long keys, are united once instead of for every tile. */
zd_err zd_leaf_finish(zd_leaf *leaf) {
  bool rows = leaf->bitmaps || !rows_sorted(leaf), operands = leaf->operand_count > MANY_OPERANDS;
  if (!rows && !operands) return ZD_OK;
  zd_err err = bitmaps_begin(leaf);
  if (!err && rows) err = unite_rows(leaf);
  return err || !operands ? err : unite_operands(leaf);
}

/* ---- asking ---- */

static size_t rows_find(const zd_leaf *leaf, zd_row row) {
  if (row <= leaf->part->first) return 0;
  uint64_t wanted = row - leaf->part->first;
  size_t low = 0, n = leaf->row_count;
  while (n > 0) {
    size_t half = n / 2;
    if (leaf->rows[low + half] < wanted) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

zd_err zd_leaf_set(zd_leaf *leaf, const zd_tile *tile, zd_set_room *room, zd_set *out) {
  zd_row chunk = zd_chunk_first(tile->chunk);
  size_t from = rows_find(leaf, chunk + tile->first), to = rows_find(leaf, chunk + tile->last);
  *out = zd_set_empty();
  if (leaf->operand_count == 0 && !leaf->bitmaps && to - from <= ZD_SET_ARRAY) {
    for (size_t i = from; i < to; i++)
      room->rows[i - from] = (uint16_t)(leaf->part->first + leaf->rows[i] - chunk);
    if (to > from) *out = (zd_set){room->rows, NULL, (uint32_t)(to - from)};
    return ZD_OK;
  }
  if (leaf->operand_count == 1 && from == to && !leaf->bitmaps && leaf->operands[0].table &&
      !leaf->range) {
    const zd_operand *o = &leaf->operands[0];
    const zd_posting_chunk *entry = operand_chunk(o, tile->chunk);
    return entry ? zd_posting_set(o->from->segment, entry, out, leaf->fault) : ZD_OK;
  }
  memset(room->words, 0, sizeof room->words);
  for (size_t i = from; i < to; i++)
    zd_words_add(room->words, (uint32_t)(leaf->part->first + leaf->rows[i] - chunk));
  for (size_t i = 0; i < leaf->operand_count; i++) {
    zd_err err = operand_words(leaf, &leaf->operands[i], tile, room->words);
    if (err) return err;
  }
  uint64_t c = tile->chunk - zd_chunk_of(leaf->part->first);
  if (leaf->bitmaps && c < leaf->bitmap_count && leaf->bitmaps[c])
    zd_words_add_set(room->words, &(zd_set){NULL, leaf->bitmaps[c], 0});
  *out = zd_set_of_words(room->words, room);
  return ZD_OK;
}

bool zd_leaf_is_column(const zd_leaf *leaf) {
  return leaf->range && leaf->operand_count == 1 && leaf->row_count == 0 && !leaf->bitmaps &&
         leaf->operands[0].table && leaf->operands[0].from == leaf->part;
}

zd_err zd_leaf_total(const zd_leaf *leaf, uint64_t chunk, uint64_t *n) {
  const zd_operand *o = &leaf->operands[0];
  const zd_posting_chunk *entry = operand_chunk(o, chunk);
  const void *column;
  *n = 0;
  zd_err err = entry ? zd_posting_column(o->from->segment, entry, &column, leaf->fault) : ZD_OK;
  for (size_t i = 0; entry && !err && i < leaf->bound_count; i++)
    *n += zd_column_total(column, entry->n, &leaf->bounds[i]);
  return err;
}

static uint64_t nearer(uint64_t a, uint64_t b, bool descending) {
  if (a == UINT64_MAX) return b;
  if (b == UINT64_MAX) return a;
  return (a < b) == descending ? b : a;
}

static uint64_t seek_rows(const zd_leaf *leaf, uint64_t chunk, bool descending) {
  if (leaf->row_count == 0) return UINT64_MAX;
  size_t i = rows_find(leaf, zd_chunk_first(descending ? chunk + 1 : chunk));
  if (descending ? i == 0 : i == leaf->row_count) return UINT64_MAX;
  return zd_chunk_of(leaf->part->first + leaf->rows[descending ? i - 1 : i]);
}

static uint64_t seek_table(const zd_operand *o, uint64_t chunk, bool descending) {
  uint64_t base = zd_chunk_of(o->from->first);
  if (descending && chunk < base) return UINT64_MAX;
  uint64_t wanted = chunk > base ? chunk - base : 0;
  size_t i = table_find(o->table, o->chunks, descending ? wanted + 1 : wanted);
  if (descending ? i == 0 : i == o->chunks) return UINT64_MAX;
  return base + o->table[descending ? i - 1 : i].chunk;
}

static uint64_t seek_bitmaps(const zd_leaf *leaf, uint64_t chunk, bool descending) {
  uint64_t base = zd_chunk_of(leaf->part->first);
  for (uint64_t c = chunk - base; c < leaf->bitmap_count; c = descending ? c - 1 : c + 1) {
    if (leaf->bitmaps[c]) return base + c;
  }
  return UINT64_MAX;
}

uint64_t zd_leaf_seek(const zd_leaf *leaf, uint64_t chunk, bool descending) {
  uint64_t best = seek_rows(leaf, chunk, descending);
  if (leaf->bitmaps) best = nearer(best, seek_bitmaps(leaf, chunk, descending), descending);
  for (size_t i = 0; i < leaf->operand_count && best != chunk; i++) {
    const zd_operand *o = &leaf->operands[i];
    if (o->key) return chunk; /* a memtable spans few chunks */
    best = nearer(best, seek_table(o, chunk, descending), descending);
  }
  return best;
}

/* ---- superseded rows ---- */

static void mem_kills(const zd_part *by, const zd_mem_key *k, zd_row bound, uint64_t *words,
                      bool *any) {
  if (bound > zd_part_end(by)) bound = zd_part_end(by); /* half of a row may lie beyond */
  zd_mem_walk w;
  zd_mem_walk_start(&w, by->memtable, k);
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
    const zd_mem_kill *kills = items;
    for (uint32_t i = 0; i < n; i++) {
      if (by->first + kills[i].killer >= bound) return;
      zd_words_add(words, kills[i].victim);
      *any = true;
    }
  }
}

static zd_err segment_kills(const zd_part *by, const zd_posting *p, zd_row bound, uint64_t *words,
                            zd_fault *fault) {
  zd_set victims;
  const uint32_t *killers;
  zd_err err = zd_posting_kills(by->segment, p, &victims, &killers, fault);
  if (err) return err;
  if (zd_part_end(by) <= bound) {
    zd_words_add_set(words, &victims);
    return ZD_OK;
  }
  uint16_t rows[ZD_CHUNK_ROWS];
  uint32_t n = zd_set_list(&victims, rows);
  for (uint32_t i = 0; i < n && i < p->n; i++) {
    if (by->first + killers[i] < bound) zd_words_add(words, rows[i]);
  }
  return ZD_OK;
}

zd_err zd_kills_add(const zd_part *by, uint64_t chunk, zd_row bound, uint64_t *words, bool *any,
                    zd_fault *fault) {
  zd_key key = {ZD_KEY_KILLS, (uint32_t)chunk, {NULL, 0}};
  if (by->memtable) {
    const zd_mem_key *k = zd_memtable_find(by->memtable, &key, zd_mem_hash(&key));
    if (k) mem_kills(by, k, bound, words, any);
    return ZD_OK;
  }
  zd_posting p;
  zd_err err = zd_segment_find(by->segment, &key, &p, fault);
  if (err || p.n == 0) return err;
  *any = true;
  return segment_kills(by, &p, bound, words, fault);
}
