/* plan_rows.c: plans that need no index entries: types, ids, and times of change. */
#include "search/internal.h"

zd_err zd_plan_type(const zd_search *s, zd_type type, zd_arena *arena, const zd_plan **out) {
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_TYPE);
  if (p) p->type = s->types[type].symbol;
  *out = p;
  return p ? ZD_OK : ZD_ERR_MEMORY;
}

zd_err zd_plan_rows(zd_arena *arena, const zd_plan **out) {
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_ROWS);
  if (p) p->last = ZD_NO_ROW;
  *out = p;
  return p ? ZD_OK : ZD_ERR_MEMORY;
}

zd_err zd_plan_of_rows(const zd_plan *plan, zd_arena *arena, const zd_plan **out) {
  const zd_plan *both[2] = {plan, NULL};
  zd_err err = zd_plan_rows(arena, &both[1]);
  return err ? err : zd_plan_group(ZD_PLAN_AND, both, 2, arena, out);
}

static const zd_plan *ids_of(const zd_search *s, zd_type type, const zd_slice *ids, size_t n,
                             zd_arena *arena) {
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_IDS);
  if (!p) return NULL;
  p->type = s->types[type].symbol;
  p->ids = ids;
  p->id_count = n;
  return p;
}

zd_err zd_plan_ids(const zd_search *s, zd_type type, const zd_slice *ids, size_t n, zd_arena *arena,
                   const zd_plan **out) {
  if (type != ZD_NO_TYPE) {
    *out = ids_of(s, type, ids, n, arena);
    return *out ? ZD_OK : ZD_ERR_MEMORY;
  }
  uint16_t types = zd_schema_type_count(s->schema);
  const zd_plan **each = ZD_NEW_ARRAY(arena, const zd_plan *, types);
  size_t count = 0;
  if (!each) return ZD_ERR_MEMORY;
  for (zd_type t = 0; t < types; t++)
    if (s->types[t].symbol != ZD_NO_SYMBOL) each[count++] = ids_of(s, t, ids, n, arena);
  return zd_plan_group(ZD_PLAN_OR, each, count, arena, out);
}

/* ---- _lastUpdated ---- */

/* Milliseconds first .. last, both included; empty when first > last. */
typedef struct span {
  int64_t first, last;
} span;

static int64_t floor_ms(int64_t micros) {
  return micros / 1000 - (micros % 1000 < 0);
}

static int64_t ceil_ms(int64_t micros) {
  return micros / 1000 + (micros % 1000 > 0);
}

/* Times of change that match the value: a time is an interval of one millisecond, [t, t + 999 us].
 * At most two spans. */
static size_t spans_of(const zd_search_value *v, span out[2]) {
  const int64_t first = INT64_MIN, last = INT64_MAX;
  int64_t low = ceil_ms(v->when.low);            /* first t that starts inside or behind low */
  int64_t high = floor_ms(v->when.high - 999);   /* last t that ends inside or before high */
  int64_t behind = floor_ms(v->when.high) + 1;   /* first t that starts behind high */
  int64_t before = floor_ms(v->when.low - 1000); /* last t that ends before low */
  switch (v->prefix) {
    case ZD_PREFIX_EQ:
      out[0] = (span){low, high};
      return 1;
    case ZD_PREFIX_NE:
      out[0] = (span){first, low - 1};
      out[1] = (span){high + 1, last};
      if (out[0].last >= out[1].first) out[0].last = out[1].first - 1;
      return 2;
    case ZD_PREFIX_GT:
      out[0] = (span){high + 1, last};
      return 1;
    case ZD_PREFIX_LT:
      out[0] = (span){first, low - 1};
      return 1;
    case ZD_PREFIX_GE:
      out[0] = (span){low < high + 1 ? low : high + 1, last};
      return 1;
    case ZD_PREFIX_LE:
      out[0] = (span){first, high > low - 1 ? high : low - 1};
      return 1;
    case ZD_PREFIX_SA:
      out[0] = (span){behind, last};
      return 1;
    case ZD_PREFIX_EB:
      out[0] = (span){first, before};
      return 1;
    case ZD_PREFIX_AP:
      out[0] = (span){before + 1, behind - 1};
      return 1;
  }
  return 0;
}

static zd_err span_rows(span m, zd_snapshot *v, int64_t now_ms, zd_arena *arena,
                        const zd_plan **out) {
  zd_plan *p = zd_plan_new(arena, m.first <= m.last ? ZD_PLAN_ROWS : ZD_PLAN_NONE);
  *out = p;
  if (!p || p->op == ZD_PLAN_NONE) return p ? ZD_OK : ZD_ERR_MEMORY;
  p->first = 0;
  p->last = ZD_NO_ROW;
  zd_err err = ZD_OK;
  if (m.first != INT64_MIN) err = zd_snapshot_row_at(v, m.first, &p->first);
  /* What is still to come is left open: the plan may guard a commit. */
  if (!err && m.last < now_ms) err = zd_snapshot_row_at(v, m.last + 1, &p->last);
  return err;
}

typedef struct updated_check {
  const zd_clause *clause;
} updated_check;

static zd_err check_updated(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  const updated_check *c = state;
  zd_record record;
  zd_fault fault = {0};
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_err err = zd_snapshot_read(v, row, true, &arena, &record, &fault);
  zd_arena_free(&arena);
  *hit = false;
  for (size_t i = 0; i < c->clause->count && !err && !*hit; i++) {
    span spans[2];
    size_t n = spans_of(&c->clause->values[i], spans);
    for (size_t k = 0; k < n; k++)
      if (record.time_ms >= spans[k].first && record.time_ms <= spans[k].last) *hit = true;
  }
  return err;
}

bool zd_plan_is_updated(const zd_plan *plan) {
  return plan->op == ZD_PLAN_CHECK && plan->check == check_updated;
}

static zd_err updated_by_check(const zd_clause *clause, const zd_plan *all, zd_arena *arena,
                               const zd_plan **out) {
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_CHECK);
  updated_check *state = ZD_NEW(arena, updated_check);
  zd_clause *kept = ZD_NEW(arena, zd_clause);
  const zd_plan **child = ZD_NEW_ARRAY(arena, const zd_plan *, 1);
  if (!p || !state || !kept || !child) return ZD_ERR_MEMORY;
  *kept = *clause;
  state->clause = kept;
  child[0] = all;
  p->children = child;
  p->child_count = 1;
  p->check = check_updated;
  p->check_state = state;
  *out = p;
  return ZD_OK;
}

zd_err zd_plan_updated(const zd_search *s, const zd_clause *clause, zd_snapshot *snapshot,
                       int64_t now_ms, zd_arena *arena, const zd_plan **out) {
  if (!snapshot) {
    const zd_plan *all = zd_plan_new(arena, ZD_PLAN_ALL);
    zd_err err = all ? ZD_OK : ZD_ERR_MEMORY;
    if (!err && clause->type != ZD_NO_TYPE) err = zd_plan_type(s, clause->type, arena, &all);
    return err ? err : updated_by_check(clause, all, arena, out);
  }
  const zd_plan **found = ZD_NEW_ARRAY(arena, const zd_plan *, 2 * clause->count + 1);
  size_t n = 0;
  zd_err err = found ? ZD_OK : ZD_ERR_MEMORY;
  for (size_t i = 0; i < clause->count && !err; i++) {
    span spans[2];
    size_t count = spans_of(&clause->values[i], spans);
    for (size_t k = 0; k < count && !err; k++)
      err = span_rows(spans[k], snapshot, now_ms, arena, &found[n++]);
  }
  return err ? err : zd_plan_group(ZD_PLAN_OR, found, n, arena, out);
}
