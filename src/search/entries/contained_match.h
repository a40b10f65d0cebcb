/* contained_match.h: a plan, asked of one resource: of a contained one, or of a row that one refers
 * to. Private to search/.
 *
 * The resource's entries are derived as they would be for the index, and compared one by one with
 * what the plan's leaves name. Ways through references are followed from entries (to rows) and from
 * elements ("#id", to what is contained). Who refers to a contained resource (_has) is its
 * container, or something contained beside it; who refers to a row is searched for.
 */
#ifndef ZD_SEARCH_CONTAINED_MATCH_H
#define ZD_SEARCH_CONTAINED_MATCH_H

#include "search/entries/contained.h"

/* What is asked. */
typedef struct zd_inner {
  const zd_search *s;
  zd_snapshot *v;
  zd_arena *arena;
  const zd_tree *tree; /* of the container; NULL: a row is asked */
  uint32_t container, node;
  zd_row row;    /* the row, or the container's */
  uint32_t type; /* symbol; of a contained one found out */
  zd_slice id;   /* of a row */
  const zd_entry *entries;
  size_t n;
  bool derived;
} zd_inner;

zd_err zd_inner_matches(zd_inner *r, const zd_plan *plan, bool *hit);
/* Its entries, into r->entries. */
zd_err zd_inner_derive(zd_inner *r);

/* Whether the contained resource at the node is of the type wanted, and matches. */
zd_err zd_contained_ask_at(const zd_inner *container, const zd_contained_ask *w, uint32_t node,
                           bool *hit);

/* Reads the row; `ask` with the container, as the one asked. */
zd_err zd_inner_look(const zd_search *s, zd_snapshot *v, zd_row row,
                     zd_err (*ask)(zd_inner *container, const void *what, bool *hit),
                     const void *what, bool *hit);

/* A CHECK over `among`; NULL when memory is exhausted, or `state` or `among` is NULL for it. */
const zd_plan *zd_inner_check(zd_err (*check)(void *, zd_snapshot *, zd_row, bool *), void *state,
                              const zd_plan *among, zd_arena *arena);

/* Rows `among` that refer by the parameter to something they contain that `target` matches. */
typedef struct zd_inner_chain {
  const zd_search *s;
  const zd_search_param *param;
  const zd_plan *target;
} zd_inner_chain;
const zd_plan *zd_inner_chain_plan(const zd_inner_chain *c, const zd_plan *among, zd_arena *arena);

/* A join backwards (_has), or a CHECK over nothing, is told what it means for contained resources
 * of `type`: one of `source` in the same container refers to it by the parameter, and `from`
 * matches that. */
typedef struct zd_inner_has {
  zd_type type, source;
  const zd_search_param *param;
  const zd_plan *from;
} zd_inner_has;
zd_err zd_inner_has_mark(const zd_inner_has *h, zd_plan *join, zd_arena *arena);

/* Whether the CHECK is one of these. */
bool zd_inner_asks(const zd_plan *check);

#endif
