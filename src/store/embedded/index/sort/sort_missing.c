/* Rows by the values they have or lack, asked of the index as plans. */
#include "store/embedded/index/sort/sort_internal.h"

/* A plan for the rows with any value under a step, or with one before `value`. */
typedef struct value_plan {
  zd_plan plan, not ;
  const zd_plan *child;
  char room[ZD_TERM_MAX + 1];
} value_plan;

static void plan_any(const zd_sort_step *step, value_plan *p) {
  bool terms = step->by == ZD_BY_TERM;
  p->plan = (zd_plan){.op = terms ? ZD_PLAN_SPAN : ZD_PLAN_RANGE,
                      .field = step->field,
                      .term = terms ? step->low : (zd_slice){NULL, 0},
                      .to = step->high,
                      .low_min = INT64_MIN,
                      .low_max = INT64_MAX,
                      .high_min = INT64_MIN,
                      .high_max = INT64_MAX};
  p->child = &p->plan;
  p->not = (zd_plan){.op = ZD_PLAN_NOT, .children = &p->child, .child_count = 1};
}

/* False: no value is before it. */
static bool plan_before(const zd_sort_step *step, const zd_sort_value *value, value_plan *p) {
  plan_any(step, p);
  if (step->by == ZD_BY_RANGE) {
    if (value->number == (step->descending ? INT64_MAX : INT64_MIN)) return false;
    if (step->descending)
      p->plan.low_min = value->number + 1;
    else
      p->plan.low_max = value->number - 1;
    return true;
  }
  if (!step->descending) {
    p->plan.to = value->term;
    return true;
  }
  if (value->term.n > ZD_TERM_MAX) return false;
  memcpy(p->room, value->term.p, value->term.n);
  p->room[value->term.n] = 0;
  p->plan.term = zd_slice_make(p->room, value->term.n + 1);
  return true;
}

static zd_err subtract_tile(void *context, uint64_t chunk, const zd_set *rows, bool *more) {
  zd_sort_set *set = context;
  (void)more;
  if (set->used[chunk]) zd_words_remove_set(set->words[chunk], rows);
  return ZD_OK;
}

zd_err zd_sort_subtract_before(zd_sort *s, size_t k) {
  value_plan p;
  if (!plan_before(&s->steps[k], &s->behind[k], &p)) return ZD_OK;
  return zd_evaluate_tiles(&s->scope, &p.plan, subtract_tile, &s->levels[k].set, s->fault);
}

/* ---- rows without a value: they stand last ---- */

typedef struct missing {
  zd_sort *sort;
  size_t k;
  zd_sort_each each;
  void *context;
} missing;

static zd_err missing_tile(void *context, uint64_t chunk, const zd_set *rows, bool *more) {
  missing *m = context;
  zd_sort *s = m->sort;
  const zd_sort_set *set = &s->levels[m->k].set;
  if (!set->used[chunk]) return ZD_OK;
  memset(s->scratch, 0, ZD_SET_WORDS * sizeof *s->scratch);
  zd_words_add_set(s->scratch, rows);
  for (size_t i = 0; i < ZD_SET_WORDS; i++) s->scratch[i] &= set->words[chunk][i];
  zd_err err = m->each(s, m->context, chunk, s->scratch);
  *more = !zd_sort_full(s);
  return err;
}

zd_err zd_sort_missing_each(zd_sort *s, size_t k, bool down, zd_row after, zd_sort_each each,
                            void *context) {
  value_plan p;
  missing m = {s, k, each, context};
  zd_scope scope = s->scope;
  scope.descending = down;
  if (after != ZD_NO_ROW) {
    if (down)
      scope.end = after;
    else
      scope.first = after + 1;
  }
  plan_any(&s->steps[k], &p);
  return zd_evaluate_tiles(&scope, &p.not, missing_tile, &m, s->fault);
}
