/* ranked.c: pages of searches for texts, best matches first.
 *
 * Nothing is kept between pages: each ranks all matches anew, on the state that its cursor holds,
 * and goes on behind the row where the page before ended. Up to ZD_RANKED_MAX matches are ranked;
 * more come in the order of rows, and the answer says so, unless _sort=_score asks for nothing
 * less.
 */
#include "rest/search.h"

enum { BRIEF_RANKED = 100 }; /* matches ranked where it must not take long */

static zd_err too_many(zd_searching *x, const zd_search_request *ask, zd_fault *fault) {
  if (x->call->brief) return ZD_ERR_LIMIT; /* tried again where there is time */
  if (x->q.by_score)
    return zd_fail(fault, ZD_ERR_LIMIT,
                   "_sort=_score: more than %d resources match; ask for more words, a phrase, or "
                   "other parameters besides",
                   ZD_RANKED_MAX);
  x->unranked = true;
  return zd_snapshot_search(x->v, ask, x->rows, &x->n, fault);
}

static size_t place_of(const zd_searching *x, zd_row row) {
  size_t i = 0;
  while (i < x->ranked_n && x->ranked[i].row != row) i++;
  return i;
}

/* As zd_snapshot_search gives them: from the end when the page lies before another. */
static zd_err take_page(zd_searching *x, const zd_search_request *ask) {
  bool down = ask->order == ZD_SCAN_DESCENDING;
  size_t place = down ? x->ranked_n : 0;
  if (ask->after != ZD_NO_ROW) {
    place = place_of(x, ask->after);
    if (place == x->ranked_n) return ZD_ERR_INVALID;
    place += !down;
  }
  size_t left = down ? place : x->ranked_n - place;
  x->n = left < ask->limit ? left : ask->limit;
  for (size_t i = 0; i < x->n; i++) x->rows[i] = x->ranked[down ? place - 1 - i : place + i].row;
  return ZD_OK;
}

zd_err zd_ranked_search(zd_searching *x, const zd_search_request *ask, zd_fault *fault) {
  const zd_call *c = x->call;
  if (!x->q.text_count || x->q.sort_count)
    return zd_snapshot_search(x->v, ask, x->rows, &x->n, fault);
  zd_err err = zd_search_rank(c->rest->search, x->v, &x->q, c->brief ? BRIEF_RANKED : ZD_RANKED_MAX,
                              c->deadline_ns, c->rest->query_memory, c->arena, &x->ranked,
                              &x->ranked_n, fault);
  if (err == ZD_ERR_FULL) return too_many(x, ask, fault);
  return err != ZD_OK ? err : take_page(x, ask);
}

/* A match ends with its "search"; the score goes into it. */
void zd_ranked_score(zd_searching *x, size_t i, zd_buffer *out) {
  if (!x->ranked || zd_buffer_error(out) != ZD_OK) return;
  if (i == 0) x->ranked_at = place_of(x, x->rows[0]);
  out->n -= sizeof "}}" - 1;
  zd_buffer_printf(out, ",\"score\":%.6f}}", x->ranked[x->ranked_at + i].score);
}

void zd_ranked_tell(const zd_searching *x, zd_issues *issues) {
  if (!x->unranked) return;
  zd_issue_add(issues, ZD_INFORMATION, ZD_ISSUE_INFORMATIONAL, ZD_S("http._sort"),
               "more than %d resources match, so they are not ranked: they come in the order in "
               "which they were last changed",
               ZD_RANKED_MAX);
}
