/* value_set.h: the codes of a value set, computed. Used by search/ only. */
#ifndef ZD_SEARCH_VALUE_SET_H
#define ZD_SEARCH_VALUE_SET_H

#include "search/codes/code_system.h"

/* Value sets being expanded, the innermost first: what comes again includes itself. */
typedef struct zd_set_stack {
  const struct zd_set_stack *below;
  zd_slice set;
  unsigned depth;
  size_t *expansions; /* counted over the whole question: sets may name each other many times */
} zd_set_stack;

enum { ZD_SET_DEPTH_MAX = 32, ZD_SET_EXPANSIONS_MAX = 1000 };

/* Adds the codes of a value set, stored or shipped, to the sorted list `out`. `below`: NULL. */
zd_err zd_value_set_expand(const zd_search *s, const zd_code_question *q, zd_slice set,
                           const zd_set_stack *below, zd_code_list *out);
/* Codes of a code system that all of an include's filters leave (R4 valueset.html#filters). */
zd_err zd_value_set_filter(const zd_search *s, const zd_code_question *q, const zd_tree *t,
                           uint32_t include, zd_slice system, zd_code_list *out);

#endif
