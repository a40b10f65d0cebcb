/* observed.h: Observations as $lastn and $stats look at them. Private to rest/. */
#ifndef ZD_REST_OBSERVED_H
#define ZD_REST_OBSERVED_H

#include "fhir/tree.h"
#include "rest/operation.h"

#define ZD_OBSERVED_NEVER INT64_MIN

/* Rows that a search of Observations finds, ascending. */
typedef struct zd_observed_rows {
  zd_buffer rows; /* zd_row by zd_row */
} zd_observed_rows;

static inline size_t zd_observed_count(const zd_observed_rows *r) {
  return r->rows.n / sizeof(zd_row);
}
zd_row zd_observed_row(const zd_observed_rows *r, size_t i);

/* Carries out the query (form-encoded; result parameters are refused by name).
 * False: refused, said in `a`. zd_observed_free in any case. */
bool zd_observed_find(zd_call *c, zd_snapshot *v, zd_slice query, zd_observed_rows *out,
                      zd_answer *a);
void zd_observed_free(zd_observed_rows *r);

/* One of them read, its memory in an arena that the next one resets. */
typedef struct zd_observed {
  zd_record record;
  zd_tree tree;
  zd_arena arena;
  zd_buffer text;
} zd_observed;

void zd_observed_init(zd_observed *o);
void zd_observed_done(zd_observed *o);
/* ZD_ERR_LIMIT when the call's deadline has passed. */
zd_err zd_observed_read(zd_call *c, zd_snapshot *v, zd_row row, zd_observed *o, zd_fault *fault);

/* When it took place, in microseconds since 1970: the first moment of effectiveDateTime or Instant;
 * of a Period its start, or without one its end; of a Timing its last event. ZD_OBSERVED_NEVER: not
 * told. */
int64_t zd_observed_time(zd_observed *o);
/* Text of the primitive `name` below `node`; absent when there is none. */
zd_slice zd_observed_text(zd_observed *o, uint32_t node, const char *name);
/* Calls `each` for the codings of the CodeableConcept at `node`, while it returns ZD_OK. */
zd_err zd_observed_codings(zd_observed *o, uint32_t node, void *state,
                           zd_err (*each)(void *state, zd_slice system, zd_slice code));

#endif
