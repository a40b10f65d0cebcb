/* plan.h: what the store can be asked, as a small algebra over sets of rows.
 *
 * A plan is a tree of nodes made by the caller (usually in an arena), immutable while used.
 */
#ifndef ZD_STORE_PLAN_H
#define ZD_STORE_PLAN_H

#include "base/error.h"
#include "base/slice.h"

typedef uint64_t zd_row;
#define ZD_NO_ROW UINT64_MAX

typedef struct zd_plan zd_plan;
struct zd_record;
struct zd_snapshot;

typedef enum zd_plan_op {
  ZD_PLAN_ALL,    /* every row */
  ZD_PLAN_NONE,   /* no row */
  ZD_PLAN_TYPE,   /* rows of one resource type (deletions included when all_versions) */
  ZD_PLAN_TERM,   /* rows with exactly this term in the field */
  ZD_PLAN_PREFIX, /* rows with a term that starts so; empty prefix: any term of the field */
  ZD_PLAN_SPAN,   /* rows with a term in [from, to) bytewise; absent `to`: open */
  ZD_PLAN_RANGE,  /* rows with an interval whose low and high lie within the given bounds */
  ZD_PLAN_ROWS,   /* rows in [first, last) */
  ZD_PLAN_IDS,    /* rows of (type, id) for a list of ids */
  ZD_PLAN_AND,    /* all children match; children of op NOT subtract */
  ZD_PLAN_OR,     /* any child matches */
  ZD_PLAN_NOT,    /* child 0 does not match (among rows that exist) */
  ZD_PLAN_CHECK   /* child 0 matches, and so does the callback, asked row by row */
} zd_plan_op;

struct zd_plan {
  zd_plan_op op;
  uint32_t type;                                /* TYPE, IDS: symbol of the resource type */
  uint32_t field;                               /* TERM, PREFIX, SPAN, RANGE: symbol of the field */
  zd_slice term;                                /* TERM, PREFIX; SPAN: from */
  zd_slice to;                                  /* SPAN */
  int64_t low_min, low_max, high_min, high_max; /* RANGE: all four closed */
  zd_row first, last;                           /* ROWS */
  const zd_slice *ids;                          /* IDS */
  size_t id_count;
  const zd_plan *const *children; /* AND, OR, NOT, CHECK */
  size_t child_count;
  /* CHECK: *hit says whether the row matches. The snapshot may be read (not searched). */
  zd_err (*check)(void *state, struct zd_snapshot *v, zd_row row, bool *hit);
  void *check_state;
};

#endif
