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
  zd_record *records; /* the same, read */
  size_t n;
  zd_record *included;
  size_t included_n;
  uint64_t start;      /* _maxresults: matches before the page */
  uint64_t total;      /* UINT64_MAX: not told */
  bool before, behind; /* there are matches before and behind the page */
} zd_searching;

/* What the store is asked for the page. */
zd_search_request zd_searching_request(const zd_searching *x);

/* _explain: how the search is carried out, as a Parameters resource. */
zd_err zd_search_explained(zd_searching *x, zd_buffer *out, zd_fault *fault);
#endif
