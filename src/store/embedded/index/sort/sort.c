/* Levels of keys, the groups of equal values within them, and the answer. README.md, "Sorting". */
#include "store/embedded/index/sort/sort_internal.h"

enum { VAIN = 100, CHECK_UNITS = 1500 };

/* ---- budgets ---- */

void *zd_sort_alloc(zd_sort *s, zd_sort_memory *m, size_t n, zd_err *err) {
  *err = zd_budget_take(&s->budget, n, s->fault);
  if (*err) return NULL;
  m->held += n;
  void *p = zd_arena_alloc(&m->arena, n);
  if (!p) *err = zd_fail(s->fault, ZD_ERR_MEMORY, "out of memory sorting");
  return p;
}

void zd_sort_forget(zd_sort *s, zd_sort_memory *m) {
  zd_budget_give(&s->budget, m->held);
  m->held = 0;
  zd_arena_reset(&m->arena);
}

zd_err zd_sort_work(zd_sort *s, unsigned units) {
  return zd_budget_work(&s->budget, units, s->fault);
}

/* ---- the answer ---- */

zd_err zd_sort_reject(zd_sort *s) {
  size_t most = s->facts->vain_max ? s->facts->vain_max : VAIN + 2 * s->limit;
  if (++s->rejected <= most) return ZD_OK;
  s->again = true;
  return ZD_ERR_CANCELLED; /* never leaves zd_sort_rows */
}

static zd_err passes_checks(zd_sort *s, zd_row row, bool *hit) {
  zd_err err = ZD_OK;
  *hit = true;
  for (size_t i = s->check_count; !err && *hit && i-- > 0;) {
    const zd_plan *c = s->checks[i];
    err = zd_sort_work(s, CHECK_UNITS);
    *hit = false;
    if (!err) err = c->check(c->check_state, s->scope.snapshot, row, hit);
  }
  return err;
}

zd_err zd_sort_emit(zd_sort *s, zd_row row, bool sure) {
  bool is = true;
  zd_err err = sure ? ZD_OK : zd_sort_on_path(s, row, &is);
  if (err) return err;
  if (!is) return zd_sort_reject(s);
  err = passes_checks(s, row, &is);
  if (!err && is) s->out[s->n++] = row;
  return err;
}

/* ---- the search ---- */

/* The least slice above every one with the prefix; absent when there is none. */
static zd_slice after_prefix(zd_slice prefix, char room[ZD_TERM_MAX]) {
  size_t n = prefix.n;
  while (n > 0 && (unsigned char)prefix.p[n - 1] == 0xFF) n--;
  if (n == 0 || n > ZD_TERM_MAX) return (zd_slice){NULL, 0};
  memcpy(room, prefix.p, n);
  room[n - 1] = (char)((unsigned char)room[n - 1] + 1);
  return zd_slice_make(room, n);
}

static void add_step(zd_sort *s, const zd_sort_key *key, zd_sort_sort by) {
  zd_sort_step *step = &s->steps[s->step_count++];
  step->by = by;
  step->descending = key->descending;
  step->field = key->field;
  step->prefix = key->prefix.p ? key->prefix : ZD_S("");
  bool from = key->from.p && zd_slice_cmp(key->from, step->prefix) > 0;
  step->low = from ? key->from : step->prefix;
  step->high = after_prefix(step->prefix, step->high_room);
}

static zd_err read_keys(zd_sort *s, const zd_search_request *q) {
  if (q->sort_count > ZD_SORT_KEYS_MAX || q->all_versions)
    return zd_fail(s->fault, ZD_ERR_INVALID, "a search that cannot be sorted");
  for (size_t i = 0; i < q->sort_count; i++) {
    const zd_sort_key *key = &q->sort[i];
    switch (key->by) {
      case ZD_SORT_ROW:
        add_step(s, key, ZD_BY_ROW);
        return ZD_OK; /* no two rows are alike behind it */
      case ZD_SORT_ID:
        add_step(s, key, ZD_BY_TYPE);
        add_step(s, key, ZD_BY_ID);
        return ZD_OK;
      default:
        add_step(s, key, key->kind == ZD_ENTRY_TERM ? ZD_BY_TERM : ZD_BY_RANGE);
    }
  }
  return ZD_OK;
}

static zd_err fill_tile(void *context, uint64_t chunk, const zd_set *rows, bool *more) {
  zd_sort *s = context;
  zd_err err;
  (void)more;
  uint64_t *words = zd_sort_set_words(s, &s->levels[0].set, chunk, &err);
  if (err) return err;
  zd_words_add_set(words, rows);
  return ZD_OK;
}

/* Counted, not believed: a damaged bitmap has other rows than it says. */
static void count_rows(const zd_sort *s, zd_sort_set *set) {
  for (uint64_t chunk = 0; chunk < s->chunks; chunk++) {
    if (set->used[chunk]) set->n += zd_words_count(set->words[chunk]);
  }
}

static zd_err run(zd_sort *s, const zd_scope *scope, const zd_plan *plan) {
  zd_err err = zd_sort_level_empty(s, 0);
  if (!err) err = zd_evaluate_tiles(scope, plan, fill_tile, s, s->fault);
  if (!err) s->check_count = zd_plan_checks(plan, s->checks, 0);
  for (size_t k = 0; k <= s->step_count; k++) s->levels[k].unsure = false;
  s->n = 0;
  if (!err) count_rows(s, &s->levels[0].set);
  return err ? err : zd_sort_order(s, 0, s->after != ZD_NO_ROW);
}

static zd_err prepare(zd_sort *s, const zd_search_request *q) {
  zd_err err = read_keys(s, q);
  if (err) return err;
  s->scratch = zd_sort_alloc(s, &s->memory, ZD_SET_WORDS * sizeof *s->scratch, &err);
  if (err || s->after == ZD_NO_ROW) return err;
  if (s->after >= s->scope.bound)
    return zd_fail(s->fault, ZD_ERR_INVALID, "there is no row to go on behind");
  return zd_sort_values(s, s->after, 0, s->step_count, &s->memory, s->behind);
}

static zd_sort *make(const zd_scope *scope, const zd_search_request *q, const zd_row_facts *facts,
                     zd_row *out, zd_fault *fault) {
  zd_arena first;
  zd_arena_init(&first, 0);
  zd_sort *s = zd_arena_calloc(&first, 1, sizeof *s);
  if (!s) return NULL;
  s->memory.arena = first;
  for (size_t k = 0; k <= ZD_SORT_STEPS; k++) zd_arena_init(&s->levels[k].walk.arena, 0);
  zd_arena_init(&s->row_arena, 0);
  s->scope = *scope;
  s->scope.first = 0;
  s->scope.end = scope->bound;
  s->scope.all_versions = true;
  s->scope.descending = false;
  s->facts = facts;
  s->reverse = q->order == ZD_SCAN_DESCENDING;
  s->after = q->after;
  s->out = out;
  s->limit = q->limit;
  s->chunks = zd_chunk_of(scope->bound) + 1;
  zd_budget_start(&s->budget, q->deadline_ns, q->memory_max);
  s->scope.budget = &s->budget;
  s->fault = fault;
  return s;
}

static void unmake(zd_sort *s) {
  for (size_t k = 0; k <= ZD_SORT_STEPS; k++) zd_arena_free(&s->levels[k].walk.arena);
  zd_arena_free(&s->row_arena);
  zd_arena all = s->memory.arena;
  zd_arena_free(&all); /* s lies in it */
}

zd_err zd_sort_rows(const zd_scope *scope, const zd_search_request *q, const zd_row_facts *facts,
                    zd_row *out, size_t *n, zd_fault *fault) {
  *n = 0;
  if (q->limit == 0) return ZD_OK;
  zd_sort *s = make(scope, q, facts, out, fault);
  if (!s) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory sorting");
  zd_err err = zd_budget_clock(&s->budget, fault);
  if (!err) err = prepare(s, q);
  zd_scope matches = s->scope;
  matches.all_versions = false;
  if (!err) err = run(s, &matches, q->plan);
  if (s->again) {
    s->again = false;
    s->certain = true;
    err = run(s, &matches, q->plan);
  }
  if (!err) *n = s->n;
  unmake(s);
  return err;
}
