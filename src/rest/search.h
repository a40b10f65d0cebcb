/* search.h: one search being answered. Private to rest/. */
#ifndef ZD_REST_SEARCH_H
#define ZD_REST_SEARCH_H

#include "rest/page.h"

typedef struct zd_searching {
  zd_call *call;
  const zd_interaction *in;
  zd_snapshot *v;
  zd_query q;
  zd_cursor at;       /* the page asked for; of the first page: what its links will hold */
  zd_row *rows;       /* matches of the page, in its order */
  zd_hit *hits;       /* the same, of a search of what is contained; else NULL */
  zd_record *records; /* the same, read */
  size_t n;
  zd_record *included;
  size_t included_n;
  uint64_t start;             /* _maxresults: matches before the page */
  uint64_t total;             /* UINT64_MAX: not told */
  const zd_ranked *ranked;    /* all matches, best first, when texts are asked; else NULL */
  size_t ranked_n, ranked_at; /* ranked_at: of the first match of the page */
  bool unranked;              /* there are too many of them */
  bool before, behind;        /* there are matches before and behind the page */
} zd_searching;

/* What the store is asked for the page. */
zd_search_request zd_searching_request(const zd_searching *x);

/* Rows of the page into x->rows: as the store gives them, or by score (ranked.c). */
zd_err zd_ranked_search(zd_searching *x, const zd_search_request *ask, zd_fault *fault);
/* The same of a query whose matches are listed (contained.c), into x->hits, too. */
zd_err zd_contained_page(zd_searching *x, const zd_search_request *ask, zd_fault *fault);
void zd_contained_reverse(zd_searching *x);
/* What the includes of the page start from. */
zd_err zd_contained_matches(zd_searching *x, zd_page_matches *out, zd_fault *fault);
/* Puts the score of match i into its entry, which has just been written. */
void zd_ranked_score(zd_searching *x, size_t i, zd_buffer *out);
/* Says so when matches could not be ranked. */
void zd_ranked_tell(const zd_searching *x, zd_issues *issues);

/* _explain: how the search is carried out, as a Parameters resource. */
zd_err zd_search_explained(zd_searching *x, zd_buffer *out, zd_fault *fault);
#endif
