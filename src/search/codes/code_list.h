/* code_list.h: sets of codes, as value sets are computed from. In an arena; used by search/ only.
 */
#ifndef ZD_SEARCH_CODE_LIST_H
#define ZD_SEARCH_CODE_LIST_H

#include "search/internal.h"

typedef struct zd_code_list {
  zd_coded *items;
  size_t n, room;
} zd_code_list;

/* Appends; ZD_ERR_MEMORY. Bounds are the caller's. */
zd_err zd_code_list_add(zd_code_list *list, zd_slice system, zd_slice code, zd_arena *arena);
/* Sorts by zd_coded_cmp and removes repetitions. */
void zd_code_list_sort(zd_code_list *list);
/* Both sorted: keeps of `list` what is (wanted), or is not, in `other`. */
void zd_code_list_keep(zd_code_list *list, const zd_code_list *other, bool wanted);

#endif
