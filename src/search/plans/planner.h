/* planner.h: how the plan of a clause is put together; shared by plan.c and plan_modifier.c. */
#ifndef ZD_SEARCH_PLANNER_H
#define ZD_SEARCH_PLANNER_H

#include "search/internal.h"

/* A number may share its key with others (decimal.h). What lies on one side of that key is sure;
 * only what has the key itself must be looked at. */
typedef enum zd_plan_part {
  ZD_PART_ALL,   /* both */
  ZD_PART_SURE,  /* what is beyond the key, or decided otherwise */
  ZD_PART_BORDER /* what has the key, and more that is sure anyway */
} zd_plan_part;

typedef struct zd_planner {
  const zd_search *s;
  const zd_clause *clause;
  const zd_search_param *param; /* of the clause, or a component of it */
  zd_arena *arena;
  bool doubtful; /* the plan of this value finds too much ... */
  bool border;   /* ... but only where a number has the key of the one asked for */
  zd_plan_part part;
  zd_slice column; /* of the numbers asked for: absent, or a canonical unit's */
  size_t guesses;  /* types tried for bare ids */
} zd_planner;

/* TERM, PREFIX, CONTAINS of a field; NULL when memory is exhausted, or `text` is NULL for it. */
const zd_plan *zd_planner_term(zd_planner *m, zd_plan_op op, uint32_t field, zd_slice text);
/* RANGE of a field: any interval that lies within [low, high]. */
const zd_plan *zd_planner_range(zd_planner *m, uint32_t field, int64_t low, int64_t high);
/* `found`, and of those the rows where `values` of the clause really match. */
zd_err zd_planner_checked(zd_planner *m, const zd_plan *found, const zd_search_value *values,
                          size_t n, const zd_plan **out);
/* The clause such a CHECK asks; NULL of other plans. */
const zd_clause *zd_planner_clause_of(const zd_plan *plan);
zd_err zd_planner_pair(zd_planner *m, zd_plan_op op, const zd_plan *a, const zd_plan *b,
                       const zd_plan **out);
/* Everything but `found`: among rows of the type asked, if one is. */
zd_err zd_planner_others(zd_planner *m, const zd_plan *found, const zd_plan **out);

/* One value without a modifier, by the parameter's type. */
zd_err zd_plan_value(zd_planner *m, const zd_search_value *v, const zd_plan **out);
/* One value under the clause's modifier; those that negate are given what they negate. */
zd_err zd_plan_modified(zd_planner *m, const zd_search_value *v, const zd_plan **out);
/* Rows where an element of the parameter is there, whatever it says; of a composite, one with all
 * its components. `v`: of the clause. */
zd_err zd_plan_there(zd_planner *m, const zd_search_value *v, const zd_plan **out);
zd_err zd_plan_composite_there(zd_planner *m, const zd_search_value *v, const zd_plan **out);
/* special: near */
zd_err zd_plan_near(zd_planner *m, const zd_search_value *v, const zd_plan **out);
/* The numbers of a value against those of a field. */
zd_err zd_plan_number(zd_planner *m, const zd_search_value *v, uint32_t field, const zd_plan **out);
/* A quantity in the unit as it was written; what it finds is sure for rows without the mark. */
zd_err zd_plan_as_written(zd_planner *m, const zd_search_value *v, const zd_plan **out);
/* Rows whose quantities under the parameter are several, ranges or samples. */
const zd_plan *zd_planner_mark(zd_planner *m, uint32_t unit_field);
/* A quantity in whatever unit it was written: for v->has_canonical. */
zd_err zd_plan_canonical(zd_planner *m, const zd_search_value *v, const zd_plan **out);

#endif
