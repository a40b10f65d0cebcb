/* filter.h: the language of _filter (R4 search_filter.html).
 *
 *   filter    := test | filter (and|or) filter | [not] ( filter )     from left to right
 *   test      := path op value
 *   path      := name [ [ filter ] . path ]     references are followed; the filter in brackets
 *                                               asks the resource referred to, as the path does
 *   value     := "JSON string" | anything up to white space, ) or ]
 */
#ifndef ZD_SEARCH_FILTER_H
#define ZD_SEARCH_FILTER_H

#include "search/plans/ask.h"

enum { ZD_FILTER_DEPTH_MAX = 12, ZD_FILTER_TESTS_MAX = 256 };

typedef enum zd_filter_op {
  ZD_FILTER_EQ,
  ZD_FILTER_NE,
  ZD_FILTER_CO,
  ZD_FILTER_SW,
  ZD_FILTER_EW,
  ZD_FILTER_GT,
  ZD_FILTER_LT,
  ZD_FILTER_GE,
  ZD_FILTER_LE,
  ZD_FILTER_AP,
  ZD_FILTER_SA,
  ZD_FILTER_EB,
  ZD_FILTER_PR,
  ZD_FILTER_PO,
  ZD_FILTER_SS,
  ZD_FILTER_SB,
  ZD_FILTER_IN,
  ZD_FILTER_NI,
  ZD_FILTER_RE,
  ZD_FILTER_OPS
} zd_filter_op;

/* "eq", "ne", ...: by op. */
extern const char zd_filter_op_names[ZD_FILTER_OPS][3];

typedef struct zd_filter zd_filter;

typedef struct zd_filter_step {
  zd_slice name;
  const zd_filter *narrow; /* in brackets; NULL when there is none */
} zd_filter_step;

struct zd_filter {
  enum { ZD_FILTER_TEST, ZD_FILTER_AND, ZD_FILTER_OR, ZD_FILTER_NOT } kind;
  zd_filter *first, *next;                    /* children; the next child of the same parent */
  zd_filter_step steps[ZD_ASK_JOINS_MAX + 1]; /* TEST */
  size_t step_count;
  zd_filter_op op;
  zd_slice value; /* of a string what it says */
  size_t at;      /* where the test begins, in bytes */
};

/* Where and why a filter is not one. */
typedef struct zd_filter_fault {
  size_t at; /* in bytes */
  char why[200];
} zd_filter_fault;

/* ZD_ERR_INVALID, ZD_ERR_LIMIT with *fault. */
zd_err zd_filter_read(zd_slice text, zd_arena *arena, const zd_filter **out,
                      zd_filter_fault *fault);

/* Number of the character at a byte, from 1. */
size_t zd_filter_place(zd_slice text, size_t at);

/* The filter for resources of `type`. The errors of zd_ask_plan; `why` is put into `a`, whose part
 * is the query's (its steps and leaf are not used). */
zd_err zd_filter_plan(zd_ask *a, zd_type type, const zd_filter *filter, zd_asked *out);

/* ---- tests of one parameter (filter_test.c has their table) ---- */

/* The leaf of a test's path. */
zd_err zd_filter_leaf(zd_ask *a, zd_type type, const zd_step *step, zd_asked *out);

#endif
