/* plan.h: what the store can be asked, as a small algebra over sets of rows.
 *
 * A plan is a tree of nodes made by the caller (usually in an arena), immutable while used.
 * REFERS and REFERRED look at current rows of the snapshot on both sides, in histories too.
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
  ZD_PLAN_ALL,      /* every row */
  ZD_PLAN_NONE,     /* no row */
  ZD_PLAN_TYPE,     /* rows of one resource type (deletions included when all_versions) */
  ZD_PLAN_TERM,     /* rows with exactly this term in the field */
  ZD_PLAN_PREFIX,   /* rows with a term that starts so; empty prefix: any term of the field */
  ZD_PLAN_SPAN,     /* rows with a term in [from, to) bytewise; absent `to`: open */
  ZD_PLAN_RANGE,    /* rows with an interval whose low and high lie within the given bounds, in the
                       field's column that `term` names */
  ZD_PLAN_ROWS,     /* rows in [first, last) */
  ZD_PLAN_IDS,      /* rows of (type, id) for a list of ids */
  ZD_PLAN_AND,      /* all children match; children of op NOT subtract */
  ZD_PLAN_OR,       /* any child matches */
  ZD_PLAN_NOT,      /* child 0 does not match (among rows that exist) */
  ZD_PLAN_CHECK,    /* child 0 matches, and so does the callback, asked row by row */
  ZD_PLAN_CONTAINS, /* rows with a term that starts with `term` and contains `to` behind that */
  ZD_PLAN_REFERS,   /* rows with a term in `field` that names a current resource child 0 matches */
  ZD_PLAN_REFERRED  /* rows of `type` that a row matching child 0 names by a term in `field` */
} zd_plan_op;

struct zd_plan {
  zd_plan_op op;
  uint32_t type;  /* TYPE, IDS, REFERRED: symbol of the resource type */
  uint32_t field; /* TERM, PREFIX, SPAN, RANGE, CONTAINS, REFERS, REFERRED: symbol of the field */
  zd_slice term;  /* TERM, PREFIX, CONTAINS; SPAN: from; RANGE: of which column, "" unless named */
  zd_slice to;    /* SPAN; CONTAINS */
  int64_t low_min, low_max, high_min, high_max; /* RANGE: all four closed */
  zd_row first, last;                           /* ROWS */
  const zd_slice *ids;                          /* IDS */
  size_t id_count;
  const zd_plan *const *children; /* AND, OR, NOT, CHECK, REFERS, REFERRED */
  size_t child_count;
  /* CHECK: *hit says whether the row matches. The snapshot may be read (not searched). */
  zd_err (*check)(void *state, struct zd_snapshot *v, zd_row row, bool *hit);
  void *check_state;
};

/* How a term names a resource: ZD_NAME_TAG, the type's symbol in LEB128, the id. References to
 * resources of this store are indexed so; REFERS and REFERRED follow such terms and no others.
 * zd_name_write needs ZD_NAME_MAX bytes of room and returns how many it wrote; zd_name_read is
 * false when the term is no name. */
enum { ZD_NAME_TAG = 1, ZD_NAME_MAX = 1 + 5 + 64 };
size_t zd_name_write(char *out, uint32_t type, zd_slice id);
bool zd_name_read(zd_slice term, uint32_t *type, zd_slice *id);

#endif
