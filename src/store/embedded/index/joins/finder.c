#include "store/embedded/index/joins/finder.h"

#include "store/embedded/index/varint.h"

enum { STEPS_MAX = 24 }; /* keys walked over before the next is sought */
enum { STEP_UNITS = 3, SEEK_UNITS = 100, MEM_UNITS = 10 };

struct zd_finder_place {
  const zd_part *part;
  const zd_segment_space *space; /* segments */
  zd_segment_cursor cursor;
  bool begun; /* the cursor stands on the first key that is not below a key asked earlier */
};

/* ---- rows of a key ---- */

/* The rows of a posting that is a list. */
static zd_err listed(const zd_part *from, const zd_posting *p, uint32_t rows[ZD_POSTING_SHORT],
                     zd_fault *fault) {
  if (p->form == ZD_POSTING_KILLS || p->n > ZD_POSTING_SHORT) {
    zd_segment_corrupt(from->segment, p->at, "form of a posting", fault);
    return ZD_ERR_CORRUPT;
  }
  return zd_posting_rows(from->segment, p, rows, fault);
}

static zd_err gather_chunks(const zd_part *from, const zd_posting *p, zd_row_set *out,
                            zd_fault *fault) {
  const zd_posting_chunk *table = NULL;
  size_t n = 0;
  zd_err err = zd_posting_chunks(from->segment, p, &table, &n, fault);
  for (size_t i = 0; !err && i < n; i++) {
    zd_set set;
    const zd_posting_chunk *at = &table[i];
    uint64_t chunk = zd_chunk_of(from->first) + at->chunk;
    err = zd_posting_set(from->segment, at, &set, fault);
    if (!err) err = zd_row_set_add_set(out, chunk, &set);
  }
  return err;
}

zd_err zd_posting_gather(const zd_part *from, const zd_posting *p, zd_row_set *out,
                         zd_fault *fault) {
  if (p->form == ZD_POSTING_CHUNKS) return gather_chunks(from, p, out, fault);
  uint32_t rows[ZD_POSTING_SHORT];
  zd_err err = listed(from, p, rows, fault);
  for (uint64_t i = 0; !err && i < p->n; i++) err = zd_row_set_add(out, from->first + rows[i]);
  return err;
}

zd_err zd_mem_key_gather(const zd_part *from, const zd_mem_key *k, zd_row_set *out) {
  zd_mem_walk w;
  zd_mem_walk_start(&w, from->memtable, k);
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
    const uint32_t *rows = items;
    for (uint32_t i = 0; i < n; i++) {
      zd_err err = zd_row_set_add(out, from->first + rows[i]);
      if (err) return err;
    }
  }
  return ZD_OK;
}

static zd_err chunks_meet(const zd_part *from, const zd_posting *p, const zd_row_set *set,
                          bool *hit, zd_fault *fault) {
  const zd_posting_chunk *table = NULL;
  size_t n = 0;
  zd_err err = zd_posting_chunks(from->segment, p, &table, &n, fault);
  for (size_t i = 0; !err && !*hit && i < n; i++) {
    zd_set here = zd_row_set_chunk(set, zd_chunk_of(from->first) + table[i].chunk), rows;
    if (here.n == 0) continue;
    err = zd_posting_set(from->segment, &table[i], &rows, fault);
    if (!err) *hit = zd_set_and_count(&here, &rows) > 0;
  }
  return err;
}

/* The few rows that stand in the dictionary block itself. */
static zd_err few_meet(const zd_part *from, const zd_posting *p, const zd_row_set *set, bool *hit,
                       zd_fault *fault) {
  const unsigned char *at = p->rows;
  zd_row row = from->first;
  for (uint64_t i = 0; !*hit && i < p->n; i++) {
    uint64_t step;
    if (!zd_varint_get(&at, p->end, &step))
      return zd_segment_corrupt(from->segment, p->at, "a list of rows", fault);
    row += step;
    *hit = zd_row_set_has(set, row);
  }
  return ZD_OK;
}

zd_err zd_posting_meets(const zd_part *from, const zd_posting *p, const zd_row_set *set, bool *hit,
                        zd_fault *fault) {
  *hit = false;
  if (p->form == ZD_POSTING_ROWS) return few_meet(from, p, set, hit, fault);
  if (p->form == ZD_POSTING_CHUNKS) return chunks_meet(from, p, set, hit, fault);
  uint32_t rows[ZD_POSTING_SHORT];
  zd_err err = listed(from, p, rows, fault);
  for (uint64_t i = 0; !err && !*hit && i < p->n; i++)
    *hit = zd_row_set_has(set, from->first + rows[i]);
  return err;
}

bool zd_mem_key_meets(const zd_part *from, const zd_mem_key *k, const zd_row_set *set) {
  zd_mem_walk w;
  zd_mem_walk_start(&w, from->memtable, k);
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
    const uint32_t *rows = items;
    for (uint32_t i = 0; i < n; i++) {
      if (zd_row_set_has(set, from->first + rows[i])) return true;
    }
  }
  return false;
}

/* ---- looking up ---- */

/* The parts that may have keys of the space; of supplements, TERMs. */
static bool may_have(const zd_finder *f, const zd_scope *scope, const zd_part *part, bool main,
                     const zd_segment_space **space) {
  *space = NULL;
  if (main && part->first >= scope->bound) return false;
  if (!main && f->space.kind != ZD_KEY_TERM) return false;
  if (part->memtable) return true;
  *space = zd_segment_find_space(part->segment, f->space.kind, f->space.field);
  return *space != NULL;
}

zd_err zd_finder_start(zd_finder *f, const zd_scope *scope, uint32_t kind, uint32_t field,
                       zd_arena *arena, zd_row_set *out, zd_fault *fault) {
  const zd_parts *parts = scope->parts;
  *f = (zd_finder){
      .space = {kind, field, {NULL, 0}}, .out = out, .budget = scope->budget, .fault = fault};
  size_t n = 0;
  const zd_segment_space *space;
  for (size_t i = 0; i < parts->all; i++)
    n += may_have(f, scope, parts->at[i], i < parts->n, &space);
  f->places = zd_arena_alloc(arena, n * sizeof *f->places + 1);
  if (!f->places) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory evaluating a search");
  for (size_t i = 0; i < parts->all; i++) {
    if (!may_have(f, scope, parts->at[i], i < parts->n, &space)) continue;
    zd_finder_place *p = &f->places[f->count++];
    p->part = parts->at[i];
    p->space = space;
    p->begun = false;
  }
  return ZD_OK;
}

static uint64_t word_at(const char *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return __builtin_bswap64(word);
}

/* zd_slice_cmp in line, a word at a time: the hot comparison of a merge. */
static inline int key_cmp(zd_slice a, zd_slice b) {
  size_t n = a.n < b.n ? a.n : b.n, i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t x = word_at(a.p + i), y = word_at(b.p + i);
    if (x != y) return x < y ? -1 : 1;
  }
  for (; i < n; i++) {
    if (a.p[i] != b.p[i]) return (unsigned char)a.p[i] < (unsigned char)b.p[i] ? -1 : 1;
  }
  return (a.n > b.n) - (a.n < b.n);
}

static int compare(const zd_finder_place *p, zd_slice key) {
  return key_cmp(zd_segment_cursor_key(&p->cursor), key);
}

/* Seeks anew. A filter is asked first where keys are ids: most are not in most parts. */
static zd_err seek(zd_finder *f, zd_finder_place *p, zd_slice key, bool *there) {
  zd_segment *s = p->part->segment;
  bool may = true;
  zd_err err = zd_budget_work(f->budget, SEEK_UNITS, f->fault);
  *there = false;
  if (!err && f->space.kind == ZD_KEY_ID)
    err = zd_segment_may_have_id(s, zd_segment_id_hash(f->space.field, key), &may, f->fault);
  if (err || !may) return err;
  err = zd_segment_cursor_start(&p->cursor, s, p->space, key, f->fault);
  p->begun = !err;
  if (!err) *there = !p->cursor.done && compare(p, key) == 0;
  return err;
}

/* Stands on the key, when the segment has it: walks on to it, or seeks it when it is far. */
static zd_err place(zd_finder *f, zd_finder_place *p, zd_slice key, bool *there) {
  if (!p->begun) return seek(f, p, key, there);
  int order = p->cursor.done ? 1 : compare(p, key);
  for (unsigned steps = 0; order < 0; steps++) {
    if (steps == STEPS_MAX) return seek(f, p, key, there);
    zd_err err = zd_budget_work(f->budget, STEP_UNITS, f->fault);
    if (!err) err = zd_segment_cursor_next(&p->cursor, f->fault);
    if (err) return err;
    order = p->cursor.done ? 1 : compare(p, key);
  }
  *there = order == 0;
  return ZD_OK;
}

static zd_err add_of_memtable(zd_finder *f, const zd_part *part, zd_slice bytes) {
  zd_key key = {f->space.kind, f->space.field, bytes};
  const zd_mem_key *k = zd_memtable_find(part->memtable, &key, zd_mem_hash(&key));
  zd_err err = zd_budget_work(f->budget, MEM_UNITS, f->fault);
  return err || !k ? err : zd_mem_key_gather(part, k, f->out);
}

static zd_err add_of(zd_finder *f, zd_finder_place *p, zd_slice bytes) {
  if (p->part->memtable) return add_of_memtable(f, p->part, bytes);
  bool there = false;
  zd_err err = place(f, p, bytes, &there);
  if (err || !there) return err;
  uint64_t n = p->cursor.posting.n;
  err = zd_budget_work(f->budget, n < 4096 ? (unsigned)n : 4096, f->fault);
  return err ? err : zd_posting_gather(p->part, &p->cursor.posting, f->out, f->fault);
}

zd_err zd_finder_add(zd_finder *f, zd_slice key) {
  if (key.n > ZD_TERM_MAX) return ZD_OK; /* no key is that long */
  bool ascends = key_cmp(key, zd_slice_make(f->last, f->last_n)) >= 0;
  memcpy(f->last, key.p, key.n);
  f->last_n = key.n;
  for (size_t i = 0; i < f->count; i++) {
    if (!ascends) f->places[i].begun = false;
    zd_err err = add_of(f, &f->places[i], key);
    if (err) return err;
  }
  return ZD_OK;
}
