/* hierarchy.h: resources that contain others of their type (R4 search.html#recursive: "When the
 * reference establishes a strict hierarchy, :above and :below ..."). Used by value.c only. */
#ifndef ZD_SEARCH_HIERARCHY_H
#define ZD_SEARCH_HIERARCHY_H

#include "search/internal.h"

/* Whether resources of the type stand in a hierarchy: Location by partOf, ... */
bool zd_hierarchy_of(const zd_search *s, zd_type type);
/* :above and :below of a reference: sets out->relatives to the resource given and those above or
 * below it, as the snapshot has them. ZD_ERR_LIMIT when they are more than ZD_QUERY_CODES_MAX. */
zd_err zd_value_relatives(const zd_value_context *x, const zd_search_param *param,
                          zd_search_value *out);

#endif
