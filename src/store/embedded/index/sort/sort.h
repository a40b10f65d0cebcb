/* sort.h: the rows of a plan in an order other than their own. See README.md, "Sorting". */
#ifndef ZD_INDEX_SORT_H
#define ZD_INDEX_SORT_H

#include "store/embedded/index/evaluate.h"

/* The first q->limit rows of the scope's snapshot that match q->plan, behind q->after, in the order
 * of q->sort. Of the scope, only parts, bound, deadline and snapshot count. */
zd_err zd_sort_rows(const zd_scope *scope, const zd_search_request *q, const zd_row_facts *facts,
                    zd_row *out, size_t *n, zd_fault *fault);

#endif
