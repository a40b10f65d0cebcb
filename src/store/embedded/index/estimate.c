/* About how many rows a plan has, from the sizes of postings: superseded rows count, rows under
 * several keys count several times, wide spans of terms are sampled. */
#include "store/embedded/index/evaluate.h"
#include "store/embedded/index/lookup.h"

enum { SAMPLE = 64, MEM_SAMPLE = 256 };

typedef struct estimating {
  const zd_scope *scope;
  bool joins; /* false: they count as all rows */
  zd_fault *fault;
} estimating;

static zd_err estimate(const estimating *e, const zd_plan *p, size_t depth, uint64_t *n);

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t all_rows(const estimating *e) {
  return e->scope->end - e->scope->first;
}

/* ---- keys ---- */

static zd_err of_key(const estimating *e, const zd_part *part, const zd_key *key, uint64_t *n) {
  if (part->memtable) {
    const zd_mem_key *k = zd_memtable_find(part->memtable, key, zd_mem_hash(key));
    *n += k ? zd_mem_key_count(k) : 0;
    return ZD_OK;
  }
  zd_posting p;
  zd_err err = zd_segment_find(part->segment, key, &p, e->fault);
  if (!err) *n += p.n;
  return err;
}

static zd_err of_ids(const estimating *e, const zd_part *part, const zd_plan *p, uint64_t *n) {
  zd_err err = ZD_OK;
  for (size_t i = 0; !err && i < p->id_count && i < SAMPLE; i++) {
    char room[ZD_ID_KEY_MAX];
    if (p->ids[i].n == 0 || p->ids[i].n > ZD_ID_MAX) continue;
    zd_key key = {ZD_KEY_ID, p->type, zd_key_id(p->ids[i], room)};
    bool may = true;
    if (part->segment)
      err = zd_segment_may_have_id(part->segment, zd_segment_id_hash(p->type, key.bytes), &may,
                                   e->fault);
    if (!err && may) err = of_key(e, part, &key, n);
  }
  if (p->id_count > SAMPLE) *n = *n * p->id_count / SAMPLE;
  return err;
}

/* ---- spans ---- */

typedef struct mem_sample {
  const zd_plan *plan;
  unsigned seen;
  uint64_t n;
} mem_sample;

static bool span_has(const zd_plan *p, zd_slice term) {
  if (p->op != ZD_PLAN_SPAN) return zd_slice_starts(term, p->term);
  return zd_slice_cmp(term, p->term) >= 0 && (!p->to.p || zd_slice_cmp(term, p->to) < 0);
}

static bool mem_each(void *context, const zd_mem_key *k) {
  mem_sample *s = context;
  if (span_has(s->plan, zd_mem_key_get(k).bytes)) s->n += zd_mem_key_count(k);
  return ++s->seen < MEM_SAMPLE;
}

/* Blocks of the space that end before the key does; absent: all. */
static zd_err block_of(const estimating *e, zd_segment *s, const zd_segment_space *space,
                       zd_slice key, uint64_t *block) {
  zd_segment_cursor c;
  *block = space->blocks;
  if (!key.p) return ZD_OK;
  zd_err err = zd_segment_cursor_start(&c, s, space, key, e->fault);
  if (!err && !c.done) *block = c.block;
  return err;
}

/* Some keys are counted; if there are more, the rest are taken to be like them. */
static zd_err of_span_in(const estimating *e, const zd_part *part, const zd_plan *p, zd_slice end,
                         uint64_t *n) {
  const zd_segment_space *space = zd_segment_find_space(part->segment, ZD_KEY_TERM, p->field);
  if (!space) return ZD_OK;
  zd_segment_cursor c;
  uint64_t seen = 0, rows = 0, last = 0;
  zd_err err = zd_segment_cursor_start(&c, part->segment, space, p->term, e->fault);
  uint64_t first = err || c.done ? 0 : c.block;
  while (!err && !c.done && seen < SAMPLE && span_has(p, zd_segment_cursor_key(&c))) {
    seen++;
    rows += c.posting.n;
    err = zd_segment_cursor_next(&c, e->fault);
  }
  bool more = !err && seen == SAMPLE && !c.done && span_has(p, zd_segment_cursor_key(&c));
  if (more) err = block_of(e, part->segment, space, end, &last);
  if (more && !err && last > first) {
    uint64_t keys = least((last - first) * ZD_SEGMENT_BLOCK_KEYS, space->keys);
    if (keys > seen) rows = rows / seen * keys + rows % seen * keys / seen;
  }
  *n += least(rows, space->items);
  return err;
}

static zd_err of_span(const estimating *e, const zd_part *part, const zd_plan *p, uint64_t *n) {
  char room[ZD_TERM_MAX];
  zd_slice end = p->op == ZD_PLAN_SPAN ? p->to : zd_after_prefix(p->term, room);
  if (part->segment) return of_span_in(e, part, p, end, n);
  mem_sample s = {p, 0, 0};
  zd_memtable_terms(part->memtable, p->field, p->term, end, mem_each, &s);
  *n += s.seen < MEM_SAMPLE ? s.n : zd_memtable_rows(part->memtable);
  return ZD_OK;
}

/* ---- intervals ---- */

static zd_err of_range(const estimating *e, const zd_part *part, const zd_plan *p, uint64_t *n) {
  zd_key key = {ZD_KEY_RANGE, p->field, p->term};
  if (part->memtable) return of_key(e, part, &key, n);
  zd_bounds bounds = {p->low_min, p->low_max, p->high_min, p->high_max};
  zd_posting posting;
  const zd_posting_chunk *table;
  size_t chunks = 0;
  zd_err err = zd_segment_find(part->segment, &key, &posting, e->fault);
  if (err || posting.n == 0) return err;
  err = zd_posting_chunks(part->segment, &posting, &table, &chunks, e->fault);
  for (size_t i = 0; !err && i < chunks; i++) {
    const void *column;
    err = zd_posting_column(part->segment, &table[i], &column, e->fault);
    if (!err) *n += zd_column_count(column, table[i].n, &bounds);
  }
  return err;
}

/* ---- joins ---- */

/* Keys and rows that the segments have under a field's terms. */
static void field_size(const estimating *e, uint32_t field, uint64_t *keys, uint64_t *rows) {
  *keys = *rows = 0;
  for (size_t i = 0; i < e->scope->parts->all; i++) {
    const zd_part *part = e->scope->parts->at[i];
    const zd_segment_space *s =
        part->segment ? zd_segment_find_space(part->segment, ZD_KEY_TERM, field) : NULL;
    *keys += s ? s->keys : 0;
    *rows += s ? s->items : part->memtable ? zd_memtable_rows(part->memtable) : 0;
  }
}

static zd_err of_join(const estimating *e, const zd_plan *p, size_t depth, uint64_t *n) {
  uint64_t keys, rows, from = 0;
  *n = all_rows(e);
  if (!e->joins || p->child_count == 0) return ZD_OK;
  zd_err err = estimate(e, p->children[0], depth + 1, &from);
  field_size(e, p->field, &keys, &rows);
  *n = least(from, rows);
  if (p->op == ZD_PLAN_REFERS && keys) *n = least(from * (rows / keys + 1), rows);
  return err;
}

/* ---- the algebra ---- */

static zd_err of_part(const estimating *e, const zd_part *part, const zd_plan *p, uint64_t *n) {
  switch (p->op) {
    case ZD_PLAN_TYPE:
      return of_key(e, part, &(zd_key){ZD_KEY_TYPE, p->type, {NULL, 0}}, n);
    case ZD_PLAN_TERM:
      return of_key(e, part, &(zd_key){ZD_KEY_TERM, p->field, p->term}, n);
    case ZD_PLAN_RANGE:
      return of_range(e, part, p, n);
    case ZD_PLAN_IDS:
      return of_ids(e, part, p, n);
    default: /* PREFIX, SPAN, CONTAINS */
      return of_span(e, part, p, n);
  }
}

static zd_err of_leaf(const estimating *e, const zd_plan *p, uint64_t *n) {
  const zd_parts *parts = e->scope->parts;
  zd_err err = ZD_OK;
  for (size_t i = 0; !err && i < parts->all; i++) {
    uint64_t here = 0;
    err = zd_budget_work(e->scope->budget, 1000, e->fault);
    if (!err) err = of_part(e, parts->at[i], p, &here);
    *n += here;
  }
  return err;
}

static zd_err of_children(const estimating *e, const zd_plan *p, size_t depth, uint64_t *n) {
  bool both = p->op == ZD_PLAN_AND;
  *n = both ? all_rows(e) : 0;
  for (size_t i = 0; i < p->child_count; i++) {
    uint64_t child = 0;
    if (both && p->children[i]->op == ZD_PLAN_NOT) continue;
    zd_err err = estimate(e, p->children[i], depth + 1, &child);
    if (err) return err;
    *n = both ? least(*n, child) : *n + child;
    if (both && *n == 0) break;
  }
  return ZD_OK;
}

static zd_err estimate_op(const estimating *e, const zd_plan *p, size_t depth, uint64_t *n) {
  switch (p->op) {
    case ZD_PLAN_ALL:
      *n = all_rows(e);
      return ZD_OK;
    case ZD_PLAN_NONE:
      return ZD_OK;
    case ZD_PLAN_ROWS:
      *n = p->last > p->first ? p->last - p->first : 0;
      return ZD_OK;
    case ZD_PLAN_AND:
    case ZD_PLAN_OR:
      return of_children(e, p, depth, n);
    case ZD_PLAN_CHECK:
      return estimate(e, p->children[0], depth + 1, n);
    case ZD_PLAN_NOT: {
      uint64_t child = 0;
      zd_err err = p->child_count ? estimate(e, p->children[0], depth + 1, &child) : ZD_OK;
      *n = all_rows(e) - least(child, all_rows(e));
      return err;
    }
    case ZD_PLAN_REFERS:
    case ZD_PLAN_REFERRED:
      return of_join(e, p, depth, n);
    default:
      return of_leaf(e, p, n);
  }
}

static zd_err estimate(const estimating *e, const zd_plan *p, size_t depth, uint64_t *n) {
  if (depth >= ZD_PLAN_DEPTH)
    return zd_fail(e->fault, ZD_ERR_LIMIT, "a search plan nested deeper than %d", ZD_PLAN_DEPTH);
  *n = 0;
  zd_err err = estimate_op(e, p, depth, n);
  *n = least(*n, all_rows(e));
  return err;
}

zd_err zd_evaluate_estimate(const zd_scope *scope, const zd_plan *plan, uint64_t *n,
                            zd_fault *fault) {
  return estimate(&(estimating){scope, true, fault}, plan, scope->depth, n);
}

zd_err zd_evaluate_estimate_others(const zd_scope *scope, const zd_plan *plan, uint64_t *n,
                                   zd_fault *fault) {
  return estimate(&(estimating){scope, false, fault}, plan, scope->depth, n);
}
