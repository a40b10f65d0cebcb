/* join.h: from rows to the rows that name them, and from rows to the rows they name.
 *
 *   REFERS    rows ─► their ids ─► terms of the field ─► rows
 *   REFERRED  rows ─► terms of the field that they have ─► ids ─► rows
 *
 * The first step is taken row by row (the record or its entries are read) or along the dictionary
 * (every key whose rows meet the set), whichever is cheaper; the second by a finder.
 */
#ifndef ZD_INDEX_JOIN_H
#define ZD_INDEX_JOIN_H

#include "store/embedded/index/evaluate.h"

/* Adds to `out` (started, not finished) the rows with a term in `field` that names a row of
 * `from`. */
zd_err zd_join_referring(const zd_scope *scope, uint32_t field, const zd_row_set *from,
                         zd_row_set *out, zd_fault *fault);
/* Adds to `out` the rows of `type`, of all versions, that a row of `from` names in `field`. */
zd_err zd_join_referred(const zd_scope *scope, uint32_t field, uint32_t type,
                        const zd_row_set *from, zd_row_set *out, zd_fault *fault);
/* About what these cost in nanoseconds, the child's rows known (or about so many). */
uint64_t zd_join_cost(const zd_scope *scope, const zd_plan *plan, uint64_t rows);
/* At most so many rows can be of the join, whatever its child. */
uint64_t zd_join_possible(const zd_scope *scope, const zd_plan *plan);

#endif
