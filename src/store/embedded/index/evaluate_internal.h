/* evaluate_internal.h: a plan while it is carried out, for the files that do it: prepare.c (nodes
 * and what they have in a part), evaluate.c (tiles), join_node.c (REFERS and REFERRED).
 */
#ifndef ZD_INDEX_EVALUATE_INTERNAL_H
#define ZD_INDEX_EVALUATE_INTERNAL_H

#include "store/embedded/index/evaluate.h"
#include "store/embedded/index/lookup.h"
#include "store/embedded/index/memo.h"

enum { ZD_ROOMS = 2 * ZD_PLAN_DEPTH + 8, ZD_RANGES_MAX = 16 };

/* A REFERS or REFERRED. It depends on no row of the search, so it is carried out once, for the
 * whole index; or, where few rows are left to ask, row by row, while that has not cost more than
 * carrying it out would. */
typedef struct zd_join {
  struct zd_join *next;
  const zd_plan *plan;
  size_t depth;
  const zd_row_set *found; /* NULL: not carried out */
  zd_row_set *own;         /* the same, when it is the evaluation's */
  bool put_off;            /* asked last, row by row, until it has been carried out */
  uint64_t allowed_ns;     /* that may be spent asking rows */
  uint64_t spent_ns;
} zd_join;

typedef struct zd_node {
  const zd_plan *plan;
  struct zd_node **children; /* AND: of the present part, cheapest first, see ranges.c */
  size_t child_count;
  struct zd_node **compiled; /* AND: as the plan has them, and how many; children of other nodes */
  size_t compiled_count;
  const zd_bounds *bounds; /* RANGE: within one of these */
  size_t bound_count;
  zd_leaf leaf;
  const zd_row_set *kept; /* instead of the leaf: what is known of the part */
  zd_join *join;          /* REFERS, REFERRED */
  uint64_t estimate;      /* most rows it can have in the present part */
} zd_node;

/* A reference to what is kept, held until the evaluation ends. */
typedef struct zd_hold {
  struct zd_hold *next;
  zd_kept *kept;
} zd_hold;

/* What is asked last, row by row: a CHECK, or a join that was put off. */
typedef struct zd_question {
  const zd_plan *plan;
  zd_join *join;
} zd_question;

typedef struct zd_evaluation {
  const zd_scope *scope;
  zd_budget *budget;
  zd_arena arena;      /* lives as long as the evaluation */
  zd_arena part_arena; /* lives as long as the present part */
  size_t part_bytes;   /* of the budget, until the part is done */
  const zd_part *part;
  zd_row first, end; /* rows of the part that may be answers */
  zd_node *root;
  zd_question questions[ZD_PLAN_DEPTH];
  size_t question_count;
  zd_join *joins;    /* all of them */
  size_t put_off;    /* how many of them were */
  bool asks_nothing; /* then none is */
  zd_hold *holds;
  zd_leaf deleted;
  bool only_total;    /* nobody wants the rows */
  const zd_node *all; /* a total that columns of the present part know: of this range; else NULL */
  zd_set_room *rooms[ZD_ROOMS];
  uint16_t *list; /* of CHECKs within */
  zd_fault *fault;
} zd_evaluation;

zd_err zd_evaluation_no_memory(zd_evaluation *e);

/* What is kept under the key, held; NULL: nothing. */
zd_err zd_evaluation_recall(zd_evaluation *e, const zd_memo_key *key, const zd_row_set **out);

/* ---- prepare.c ---- */

/* The plan's tree as nodes; what everything depends on and must be asked goes to the questions. */
zd_err zd_node_compile(zd_evaluation *e, const zd_plan *plan, size_t depth, bool conjunct,
                       zd_node **out);
/* Where its keys are in the present part, how many rows they may have. */
zd_err zd_node_prepare(zd_evaluation *e, zd_node *n);
/* The next chunk that may have rows of the node; UINT64_MAX: none. */
uint64_t zd_node_seek(const zd_node *n, uint64_t chunk, bool descending);
/* NOT: it takes away from what the others of an AND have. */
static inline bool zd_node_subtracts(const zd_node *n) {
  return n->plan->op == ZD_PLAN_NOT;
}
/* Starts a leaf over the present part, within the budget. */
void zd_leaf_begin(zd_evaluation *e, zd_leaf *leaf);

/* The leaf's keys in the present part. */
zd_err zd_node_gather(zd_evaluation *e, zd_node *n);

/* ---- ranges.c ---- */

/* A RANGE, or an OR of nothing but RANGEs of one field, which becomes one: its bounds. False: the
 * plan is something else. */
bool zd_ranges_of(const zd_plan *plan, zd_bounds *out, size_t room, size_t *n);
/* Of the present part: has no row two values in a column of the field? */
zd_err zd_ranges_single(zd_evaluation *e, uint32_t field, bool *single);
/* Is every value within them? */
static inline bool zd_bounds_are_open(const zd_bounds *b) {
  return b->low_min == INT64_MIN && b->high_min == INT64_MIN && b->low_max == INT64_MAX &&
         b->high_max == INT64_MAX;
}
/* What alone can have rows in the present part of a node and ORs below it: itself, unless they have
 * one child that has any. NULL: several have. */
zd_node *zd_ranges_only(zd_node *n);
/* May a value be within two of the bounds? */
bool zd_ranges_overlap(const zd_bounds *b, size_t n);
/* The conjuncts of an AND whose children have been prepared: without what says nothing in this
 * part, and ranges of one field as one where no row can have two values. */
zd_err zd_ranges_conjoin(zd_evaluation *e, zd_node *n);

/* ---- join_node.c ---- */

/* Decides which of the joins put off are carried out at once; `page`: only some rows are wanted. */
zd_err zd_joins_decide(zd_evaluation *e, const zd_plan *plan, bool page);
zd_err zd_join_carry_out(zd_evaluation *e, zd_join *j);
/* Is the row one of the join's? */
zd_err zd_join_ask(zd_evaluation *e, zd_join *j, zd_row row, bool *hit);

#endif
