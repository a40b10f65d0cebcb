/* evaluate.h: runs a plan over a list of parts. */
#ifndef ZD_INDEX_EVALUATE_H
#define ZD_INDEX_EVALUATE_H

#include "store/embedded/index/index.h"
#include "store/embedded/index/part.h"
#include "store/embedded/index/row_set.h"
#include "store/plan.h"

typedef struct zd_scope {
  const zd_parts *parts;
  zd_row bound;      /* rows below it are seen, kills below it count */
  zd_row first, end; /* rows that may be answers: [first, end), end <= bound */
  bool all_versions;
  bool descending;
  uint64_t deadline_ns; /* 0: none */
  size_t memory_max;    /* 0: default */
  struct zd_snapshot *snapshot;
  zd_budget *budget; /* of the search this one belongs to; NULL: one of its own, by the above */
  size_t depth;      /* of the plan's root in the plan of that search */
  zd_join_way way;
  struct zd_memo *memo; /* NULL: nothing is kept */
  uint64_t generation;  /* of the fields indexed (zd_index) */
  const char **how;     /* set to how a join was carried out; may be NULL */
} zd_scope;

enum { ZD_PLAN_DEPTH = 64 };

/* The first `limit` rows of the scope that match, in its order. ZD_ERR_LIMIT: the deadline passed,
 * the memory allowed was used up, or the plan is nested deeper than ZD_PLAN_DEPTH. */
zd_err zd_evaluate_rows(const zd_scope *scope, const zd_plan *plan, size_t limit, zd_row *out,
                        size_t *n, zd_fault *fault);
/* How many match. */
zd_err zd_evaluate_count(const zd_scope *scope, const zd_plan *plan, uint64_t *n, zd_fault *fault);
/* All that match, as a set in the arena; needs the scope's budget. */
zd_err zd_evaluate_set(const zd_scope *scope, const zd_plan *plan, zd_arena *arena, zd_row_set *out,
                       zd_fault *fault);
/* Those of `all` that are current in the scope, likewise. */
zd_err zd_evaluate_current(const zd_scope *scope, zd_row_set *all, zd_arena *arena, zd_row_set *out,
                           zd_fault *fault);

/* About how many rows the plan has in the scope's whole index, superseded ones included. */
zd_err zd_evaluate_estimate(const zd_scope *scope, const zd_plan *plan, uint64_t *n,
                            zd_fault *fault);
/* The same of what is no join: as if every join within it matched every row. */
zd_err zd_evaluate_estimate_others(const zd_scope *scope, const zd_plan *plan, uint64_t *n,
                                   zd_fault *fault);

/* Calls `each` for every tile with rows that match, in the order of the scope, until it says that
 * it wants no more. The CHECKs that everything depends on are not asked: zd_plan_checks has them.
 */
typedef zd_err (*zd_tile_each)(void *context, uint64_t chunk, const zd_set *set, bool *more);
zd_err zd_evaluate_tiles(const zd_scope *scope, const zd_plan *plan, zd_tile_each each,
                         void *context, zd_fault *fault);
/* Puts them behind the n that `checks` has (room: ZD_PLAN_DEPTH), to be asked from the last to the
 * first; returns how many there are. */
size_t zd_plan_checks(const zd_plan *plan, const zd_plan **checks, size_t n);

#endif
