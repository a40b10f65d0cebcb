/* look.h: a row's resource, looked at for one parameter: what CHECK nodes beside those of clauses
 * do.
 */
#ifndef ZD_SEARCH_LOOK_H
#define ZD_SEARCH_LOOK_H

#include "search/internal.h"

typedef struct zd_look zd_look;
struct zd_look {
  const zd_search *search;
  const zd_search_param *param;
  /* Whether what the resource says is what is looked for; `arena` lives as long as the look. */
  zd_err (*fits)(const zd_look *look, const zd_fact *fact, zd_arena *arena, bool *hit);
  const void *wanted; /* for fits */
};

/* Asked of a resource in a tree; and the look of a plan made below, NULL of other plans. */
zd_err zd_look_at(const zd_look *look, const zd_tree *tree, uint32_t node, zd_arena *arena,
                  bool *hit);
const zd_look *zd_look_of(const zd_plan *plan);

/* Of the rows `among`, those with a fact that fits. The look is kept by the plan: it and what it
 * points to live in the arena. NULL when memory is exhausted, or `among` or `look` is NULL for it.
 */
const zd_plan *zd_look_plan(const zd_look *look, const zd_plan *among, zd_arena *arena);

#endif
