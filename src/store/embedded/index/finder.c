#include "store/embedded/index/finder.h"

enum { STEPS_MAX = 24 }; /* keys walked over before the next is sought */
enum { STEP_UNITS = 3, SEEK_UNITS = 100, ROW_UNITS = 1 };

struct zd_finder_place {
  const zd_part *part;
  const zd_segment_space *space; /* segments */
  zd_segment_cursor cursor;
  bool begun;
  uint32_t asked_n; /* the last key sought: what lies between it and the cursor is not there */
  char asked[sizeof((zd_segment_cursor *)NULL)->bytes];
};

/* ---- rows of a key ---- */

/* The rows of a posting that is a list. */
static zd_err listed(const zd_part *from, const zd_posting *p, uint32_t rows[ZD_POSTING_SHORT],
                     zd_fault *fault) {
  if (p->form == ZD_POSTING_KILLS || p->n > ZD_POSTING_SHORT)
    return zd_segment_corrupt(from->segment, p->at, "form of a posting", fault);
  return zd_posting_rows(from->segment, p, rows, fault);
}

static zd_err gather_chunks(const zd_part *from, const zd_posting *p, zd_row_set *out,
                            zd_fault *fault) {
  const zd_posting_chunk *table;
  size_t n = 0;
  zd_err err = zd_posting_chunks(from->segment, p, &table, &n, fault);
  for (size_t i = 0; !err && i < n; i++) {
    zd_set set;
    err = zd_posting_set(from->segment, &table[i], &set, fault);
    if (!err) err = zd_row_set_add_set(out, zd_chunk_of(from->first) + table[i].chunk, &set);
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
  const zd_posting_chunk *table;
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

zd_err zd_posting_meets(const zd_part *from, const zd_posting *p, const zd_row_set *set, bool *hit,
                        zd_fault *fault) {
  *hit = false;
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

static void asked(zd_finder_place *p, zd_slice key) {
  if (key.n) memcpy(p->asked, key.p, key.n);
  p->asked_n = (uint32_t)key.n;
}

static int compare(const zd_finder_place *p, zd_slice key) {
  return zd_slice_cmp(zd_segment_cursor_key(&p->cursor), key);
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
  if (err) return err;
  *there = !p->cursor.done && compare(p, key) == 0;
  asked(p, key);
  return ZD_OK;
}

/* Walks on to the first key >= `key`, some steps; false: it lies further away. */
static zd_err walk_on(zd_finder *f, zd_finder_place *p, zd_slice key, bool *reached) {
  unsigned steps = 0;
  zd_err err = ZD_OK;
  *reached = p->cursor.done || compare(p, key) >= 0;
  while (!err && !*reached && steps++ < STEPS_MAX) {
    err = zd_segment_cursor_next(&p->cursor, f->fault);
    *reached = !err && (p->cursor.done || compare(p, key) >= 0);
  }
  return err ? err : zd_budget_work(f->budget, steps * STEP_UNITS, f->fault);
}

/* Stands on the key, when the segment has it. */
static zd_err place(zd_finder *f, zd_finder_place *p, zd_slice key, bool *there) {
  if (!p->begun || zd_slice_cmp(key, zd_slice_make(p->asked, p->asked_n)) < 0)
    return seek(f, p, key, there);
  bool reached = false;
  zd_err err = walk_on(f, p, key, &reached);
  if (err) return err;
  if (!reached) {
    asked(p, zd_segment_cursor_key(&p->cursor));
    return seek(f, p, key, there);
  }
  *there = !p->cursor.done && compare(p, key) == 0;
  asked(p, key);
  return ZD_OK;
}

static zd_err add_of(zd_finder *f, zd_finder_place *p, const zd_key *key, uint64_t mem_hash) {
  const zd_part *part = p->part;
  if (part->memtable) {
    const zd_mem_key *k = zd_memtable_find(part->memtable, key, mem_hash);
    return k ? zd_mem_key_gather(part, k, f->out) : ZD_OK;
  }
  bool there = false;
  zd_err err = place(f, p, key->bytes, &there);
  if (err || !there) return err;
  uint64_t n = p->cursor.posting.n;
  err = zd_budget_work(f->budget, ROW_UNITS * (unsigned)(n < 4096 ? n : 4096), f->fault);
  return err ? err : zd_posting_gather(part, &p->cursor.posting, f->out, f->fault);
}

zd_err zd_finder_add(zd_finder *f, zd_slice bytes) {
  if (bytes.n > ZD_TERM_MAX) return ZD_OK; /* no key is that long */
  zd_key key = {f->space.kind, f->space.field, bytes};
  uint64_t hash = zd_mem_hash(&key);
  for (size_t i = 0; i < f->count; i++) {
    zd_err err = add_of(f, &f->places[i], &key, hash);
    if (err) return err;
  }
  return ZD_OK;
}
