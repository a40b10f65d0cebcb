/* Views, and what is asked of them. */
#include <stdlib.h>

#include "store/embedded/index/evaluate.h"
#include "store/embedded/index/index_internal.h"
#include "store/embedded/index/lookup.h"
#include "store/embedded/index/sort/sort.h"

static zd_err acquire(zd_index *x, zd_row bound, zd_index_view **out) {
  zd_index_view *v = malloc(sizeof *v);
  if (!v) return ZD_ERR_MEMORY;
  v->memo = x->memo;
  v->generation = atomic_load(&x->generation); /* before the parts: never newer than they are */
  atomic_init(&v->refs, 1);
  v->bound = bound;
  v->parts = zd_index_parts(x);
  v->way = ZD_JOIN_BY_COST;
  *out = v;
  return ZD_OK;
}

zd_err zd_index_view_acquire(zd_index *x, zd_index_view **out) {
  /* The bound first: a list taken later has every row below it. */
  return acquire(x, zd_index_published(x), out);
}

zd_err zd_index_view_acquire_at(zd_index *x, zd_row row, zd_index_view **out) {
  return row > zd_index_published(x) ? ZD_ERR_INVALID : acquire(x, row, out);
}

zd_index_view *zd_index_view_share(zd_index_view *v) {
  atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
  return v;
}

void zd_index_view_release(zd_index_view *v) {
  if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1) return;
  zd_parts_release(v->parts);
  free(v);
}

zd_row zd_index_view_row(const zd_index_view *v) {
  return v->bound;
}

/* ---- resources ---- */

/* An id looked for in many parts: hashed once for each sort of part. */
typedef struct id_search {
  zd_key key;
  uint64_t mem_hash, segment_hash;
  char room[ZD_ID_KEY_MAX];
} id_search;

static bool id_search_start(id_search *s, uint32_t type, zd_slice id) {
  if (id.n == 0 || id.n > ZD_ID_MAX) return false;
  s->key = (zd_key){ZD_KEY_ID, type, zd_key_id(id, s->room)};
  s->mem_hash = zd_mem_hash(&s->key);
  s->segment_hash = zd_segment_id_hash(type, s->key.bytes);
  return true;
}

/* The rows of a chunked posting below `before`, newest first, until room is full. */
static zd_err chunked_rows(zd_segment *s, const zd_posting *p, zd_row before, zd_row *out,
                           size_t room, size_t *n, zd_fault *fault) {
  const zd_posting_chunk *table;
  size_t chunks = 0;
  zd_err err = zd_posting_chunks(s, p, &table, &chunks, fault);
  for (size_t c = chunks; !err && c-- > 0 && *n < room;) {
    zd_row base = zd_chunk_first(zd_chunk_of(zd_segment_head(s)->first_row) + table[c].chunk);
    if (base >= before) continue;
    zd_set set;
    uint16_t rows[ZD_CHUNK_ROWS];
    err = zd_posting_set(s, &table[c], &set, fault);
    for (uint32_t i = err ? 0 : zd_set_list(&set, rows); i-- > 0 && *n < room;) {
      if (base + rows[i] < before) out[(*n)++] = base + rows[i];
    }
  }
  return err;
}

static zd_err segment_versions(zd_segment *s, const id_search *id, zd_row before, zd_row *out,
                               size_t room, size_t *n, zd_fault *fault) {
  bool may;
  zd_posting p;
  zd_err err = zd_segment_may_have_id(s, id->segment_hash, &may, fault);
  if (err || !may) return err;
  err = zd_segment_find(s, &id->key, &p, fault);
  if (err || p.n == 0) return err;
  if (p.form == ZD_POSTING_CHUNKS) return chunked_rows(s, &p, before, out, room, n, fault);
  uint32_t rows[ZD_POSTING_SHORT];
  if (p.n > ZD_POSTING_SHORT || p.form == ZD_POSTING_KILLS)
    return zd_segment_corrupt(s, p.at, "form of a posting", fault);
  err = zd_posting_rows(s, &p, rows, fault);
  for (uint64_t i = err ? 0 : p.n; i-- > 0 && *n < room;) {
    zd_row row = zd_segment_head(s)->first_row + rows[i];
    if (row < before) out[(*n)++] = row;
  }
  return err;
}

static void mem_versions(const zd_part *part, const id_search *id, zd_row before, zd_row *out,
                         size_t room, size_t *n) {
  const zd_mem_key *k = zd_memtable_find(part->memtable, &id->key, id->mem_hash);
  if (!k) return;
  /* Not beyond its end either: there may lie half of a row that was rolled back. */
  uint64_t bound = before - part->first;
  uint32_t limit = zd_memtable_rows(part->memtable);
  if (bound < limit) limit = (uint32_t)bound;
  while (*n < room) {
    uint32_t row = zd_mem_key_newest(part->memtable, k, limit);
    if (row == UINT32_MAX) return;
    out[(*n)++] = part->first + row;
    limit = row;
  }
}

enum { AHEAD = 64 };

/* The parts among [from, from + AHEAD) that may hold the id, a bit each. Mostly none does, and each
 * answer lies in a cache line of its own: all are asked for before the first is looked at. */
static uint64_t expect(const zd_parts *parts, size_t from, const id_search *id, zd_row first,
                       zd_row before) {
  uint64_t may = 0;
  for (size_t i = from; i < parts->n && i < from + AHEAD; i++) {
    const zd_part *part = parts->at[i];
    if (part->first >= before || zd_part_end(part) <= first) continue;
    if (part->memtable)
      zd_memtable_expect(part->memtable, id->mem_hash);
    else if (!zd_segment_expect_id(part->segment, id->key.field, id->segment_hash))
      continue;
    may |= UINT64_C(1) << (i - from);
  }
  return may;
}

/* Versions within [first, before), newest first. */
static zd_err versions(const zd_parts *parts, const id_search *id, zd_row first, zd_row before,
                       zd_row *out, size_t room, size_t *n, zd_fault *fault) {
  for (size_t end = parts->n, from; end > 0 && *n < room; end = from) {
    from = (end - 1) / AHEAD * AHEAD;
    uint64_t may = expect(parts, from, id, first, before);
    while (may && *n < room) {
      unsigned newest = 63 - (unsigned)__builtin_clzll(may);
      const zd_part *part = parts->at[from + newest];
      may &= ~(UINT64_C(1) << newest);
      zd_err err = ZD_OK;
      if (part->memtable)
        mem_versions(part, id, before, out, room, n);
      else
        err = segment_versions(part->segment, id, before, out, room, n, fault);
      if (err) return err;
    }
  }
  while (*n > 0 && out[*n - 1] < first) (*n)--;
  return ZD_OK;
}

zd_err zd_index_versions(zd_index_view *v, uint32_t type, zd_slice id, zd_row before, zd_row *out,
                         size_t room, size_t *n, zd_fault *fault) {
  id_search s;
  *n = 0;
  if (!id_search_start(&s, type, id)) return ZD_OK;
  return versions(v->parts, &s, 0, before < v->bound ? before : v->bound, out, room, n, fault);
}

zd_err zd_index_find(zd_index_view *v, uint32_t type, zd_slice id, zd_row *row, zd_fault *fault) {
  size_t n;
  zd_err err = zd_index_versions(v, type, id, ZD_NO_ROW, row, 1, &n, fault);
  return err || n ? err : ZD_ERR_NOT_FOUND;
}

/* All are asked for before the first is looked at. */
static zd_err first_written(const zd_parts *parts, const zd_index_name *names, size_t n,
                            zd_row as_of, zd_row end, size_t *first, zd_fault *fault) {
  id_search searches[ZD_INDEX_NAMES];
  bool known[ZD_INDEX_NAMES];
  for (size_t i = 0; i < n; i++) {
    known[i] = id_search_start(&searches[i], names[i].type, names[i].id);
    for (size_t k = parts->n; known[i] && k-- > 0 && zd_part_end(parts->at[k]) > as_of;)
      if (parts->at[k]->memtable) zd_memtable_expect(parts->at[k]->memtable, searches[i].mem_hash);
  }
  for (size_t i = 0; i < n; i++) {
    zd_row row;
    size_t found = 0;
    zd_err err =
        known[i] ? versions(parts, &searches[i], as_of, end, &row, 1, &found, fault) : ZD_OK;
    *first = i;
    if (err || found) return err;
  }
  *first = n;
  return ZD_OK;
}

zd_err zd_index_written_since(zd_index *x, const zd_index_name *names, size_t n, zd_row as_of,
                              size_t *first, zd_fault *fault) {
  zd_row end = zd_index_next_row(x);
  *first = n;
  if (as_of >= end) return ZD_OK;
  zd_parts *parts = zd_index_parts(x);
  zd_err err = first_written(parts, names, n, as_of, end, first, fault);
  zd_parts_release(parts);
  return err;
}

/* ---- locators ---- */

zd_err zd_index_locators(zd_index_view *v, zd_row first, size_t n, uint64_t *out, zd_fault *fault) {
  if (first > v->bound || n > v->bound - first) return ZD_ERR_NOT_FOUND;
  for (size_t i = n ? zd_parts_find(v->parts, first) : v->parts->n; n > 0; i++) {
    if (i >= v->parts->n)
      return zd_fail(fault, ZD_ERR_INTERNAL, "no part holds row %llu", (unsigned long long)first);
    const zd_part *part = v->parts->at[i];
    zd_row end = zd_part_end(part);
    size_t count = end - first < n ? (size_t)(end - first) : n;
    if (part->segment) {
      zd_err err = zd_segment_locators(part->segment, first, count, out, fault);
      if (err) return err;
    } else {
      for (size_t k = 0; k < count; k++) {
        uint32_t row = (uint32_t)(first - part->first + k);
        out[k] = part->locator_base + zd_memtable_locator(part->memtable, row);
      }
    }
    first += count;
    out += count;
    n -= count;
  }
  return ZD_OK;
}

zd_err zd_index_locator(zd_index_view *v, zd_row row, uint64_t *locator, zd_fault *fault) {
  return row >= v->bound ? ZD_ERR_NOT_FOUND : zd_index_locators(v, row, 1, locator, fault);
}

/* ---- plans ---- */

static zd_scope scope_of(const zd_index_view *v, const zd_search_request *q,
                         struct zd_snapshot *snapshot) {
  zd_scope s = {.parts = v->parts,
                .bound = v->bound,
                .end = v->bound,
                .all_versions = q->all_versions,
                .descending = q->order == ZD_SCAN_DESCENDING,
                .deadline_ns = q->deadline_ns,
                .memory_max = q->memory_max,
                .memo = v->memo,
                .generation = v->generation,
                .way = v->way,
                .snapshot = snapshot};
  if (q->after == ZD_NO_ROW) return s;
  if (!s.descending)
    s.first = q->after + 1;
  else if (q->after < s.end)
    s.end = q->after;
  return s;
}

zd_err zd_index_search(zd_index_view *v, const zd_search_request *q, struct zd_snapshot *snapshot,
                       zd_row *out, size_t *n, zd_fault *fault) {
  zd_scope s = scope_of(v, q, snapshot);
  return zd_evaluate_rows(&s, q->plan, q->limit, out, n, fault);
}

zd_err zd_index_sorted(zd_index_view *v, const zd_search_request *q, const zd_row_facts *facts,
                       struct zd_snapshot *snapshot, zd_row *out, size_t *n, zd_fault *fault) {
  zd_scope s = scope_of(v, q, snapshot);
  return zd_sort_rows(&s, q, facts, out, n, fault);
}

zd_err zd_index_count(zd_index_view *v, const zd_search_request *q, struct zd_snapshot *snapshot,
                      uint64_t *n, zd_fault *fault) {
  zd_scope s = scope_of(v, q, snapshot);
  return zd_evaluate_count(&s, q->plan, n, fault);
}

/* ---- types ---- */

enum { TYPES_MAX = 4096 };

typedef struct type_list {
  uint32_t types[TYPES_MAX];
  size_t n;
} type_list;

static void add_type(type_list *list, uint32_t type) {
  size_t at = list->n;
  while (at > 0 && list->types[at - 1] > type) at--;
  if ((at > 0 && list->types[at - 1] == type) || list->n == TYPES_MAX) return;
  memmove(list->types + at + 1, list->types + at, (list->n - at) * sizeof list->types[0]);
  list->types[at] = type;
  list->n++;
}

static void part_types(const zd_part *part, zd_row bound, type_list *list) {
  if (part->segment) {
    size_t n;
    const zd_segment_space *spaces = zd_segment_spaces(part->segment, &n);
    for (size_t i = 0; i < n; i++) {
      if (spaces[i].kind == ZD_KEY_TYPE) add_type(list, spaces[i].field);
    }
    return;
  }
  uint32_t last = UINT32_MAX;
  for (uint32_t row = 0; part->first + row < bound && part->first + row < zd_part_end(part);
       row++) {
    uint32_t type = zd_memtable_type(part->memtable, row);
    if (type != last) add_type(list, type);
    last = type;
  }
}

zd_err zd_index_types(zd_index_view *v, zd_type_count *out, size_t room, size_t *n,
                      zd_fault *fault) {
  type_list *list = calloc(1, sizeof *list);
  if (!list) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory counting types");
  for (size_t i = 0; i < v->parts->n; i++) part_types(v->parts->at[i], v->bound, list);
  zd_err err = ZD_OK;
  *n = 0;
  for (size_t i = 0; !err && i < list->n; i++) {
    zd_plan plan = {.op = ZD_PLAN_TYPE, .type = list->types[i]};
    zd_search_request q = {.plan = &plan, .after = ZD_NO_ROW};
    uint64_t count = 0;
    err = zd_index_count(v, &q, NULL, &count, fault);
    if (err || count == 0) continue;
    if (*n < room) out[*n] = (zd_type_count){list->types[i], count};
    (*n)++;
  }
  free(list);
  return err;
}

/* ---- costs ---- */

zd_err zd_index_estimate(zd_index_view *v, const zd_plan *plan, uint64_t *n, zd_fault *fault) {
  zd_budget budget;
  zd_budget_start(&budget, 0, 0);
  zd_scope s = {.parts = v->parts, .bound = v->bound, .end = v->bound, .budget = &budget};
  return zd_evaluate_estimate(&s, plan, n, fault);
}

void zd_index_view_join_way(zd_index_view *v, zd_join_way way) {
  v->way = way;
}
