/* include.h: what include.c reads and included.c follows. Private to search/. */
#ifndef ZD_SEARCH_INCLUDE_H
#define ZD_SEARCH_INCLUDE_H

#include "search/internal.h"

enum { ZD_INCLUDES_MAX = 32 };

/* Reads a part named _include... or _revinclude...; *used: it is in the query now, not left out. */
zd_err zd_include_read(zd_query_reader *q, const zd_query_part *part, bool *used);

/* Whether references under the parameter can be followed. */
bool zd_include_follows(const zd_search_param *p);
/* Whether the parameter may refer to resources of the type. */
bool zd_include_admits(const zd_search *s, const zd_search_param *p, zd_type target);

/* _sort, from text to zd_query.sort. */
zd_err zd_sort_read(zd_query_reader *q, const zd_query_part *part);

#endif
