/* contained.c: searches with _contained whose matches the index does not list: contained resources
 * on their own, and containers in an order of what they contain (R4 search.html#contained). */
#include "rest/definition.h"
#include "rest/search.h"

zd_err zd_contained_page(zd_searching *x, const zd_search_request *ask, zd_fault *fault) {
  zd_call *c = x->call;
  const zd_hits_request hits = {.after = {ask->after, x->at.inner},
                                .descending = ask->order == ZD_SCAN_DESCENDING,
                                .limit = ask->limit,
                                .deadline_ns = ask->deadline_ns,
                                .memory_max = ask->memory_max};
  x->hits = ZD_NEW_ARRAY(c->arena, zd_hit, ask->limit);
  if (!x->hits) return ZD_ERR_MEMORY;
  zd_err err =
      zd_search_contained(zd_call_search(c), x->v, &x->q, &hits, c->arena, x->hits, &x->n, fault);
  for (size_t i = 0; i < x->n && err == ZD_OK; i++) x->rows[i] = x->hits[i].row;
  return err;
}

void zd_contained_reverse(zd_searching *x) {
  for (size_t i = 0; x->hits && i < x->n / 2; i++) {
    zd_hit swap = x->hits[i];
    x->hits[i] = x->hits[x->n - 1 - i];
    x->hits[x->n - 1 - i] = swap;
  }
}

/* Of containers, what of them matched. */
static zd_err hits_in_rows(zd_searching *x, zd_page_matches *out, zd_fault *fault) {
  zd_call *c = x->call;
  zd_hit *all = NULL;
  size_t n = 0, room = 0;
  for (size_t i = 0; i < x->n; i++) {
    const zd_hit *some;
    size_t count;
    zd_err err = zd_search_contained_in(zd_call_search(c), x->v, &x->q, x->rows[i], c->deadline_ns,
                                        c->arena, &some, &count, fault);
    if (err != ZD_OK) return err;
    if (n + count > room) {
      room = (n + count) * 2;
      zd_hit *more = ZD_NEW_ARRAY(c->arena, zd_hit, room);
      if (!more) return ZD_ERR_MEMORY;
      if (n) memcpy(more, all, n * sizeof *all);
      all = more;
    }
    if (count) memcpy(all + n, some, count * sizeof *all);
    n += count;
  }
  *out = (zd_page_matches){.rows = x->rows, .n = x->n, .from = all, .from_n = n};
  return ZD_OK;
}

/* What includes start from: what matched. Contained resources on their own are no rows that could
 * be included once more. */
zd_err zd_contained_matches(zd_searching *x, zd_page_matches *out, zd_fault *fault) {
  *out = (zd_page_matches){.rows = x->rows, .n = x->n};
  if (!x->q.contained) return ZD_OK;
  if (!x->q.contained->apart) return hits_in_rows(x, out, fault);
  *out = (zd_page_matches){.from = x->hits, .from_n = x->n};
  return ZD_OK;
}
