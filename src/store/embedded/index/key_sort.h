/* key_sort.h: sorting the keys of a memtable that is flushed: a few hundred thousand byte strings
 * in the order of their hashes, many with long common beginnings.
 *
 * A quicksort by 8 bytes at a time, in three parts: less, equal, greater. Only the equal ones touch
 * their bytes again, for the next 8 (Bentley and Sedgewick, Fast Algorithms for Sorting and
 * Searching Strings, 1997). The order given is that of hashes, so the middle of three is a fair
 * pivot.
 */
#ifndef ZD_INDEX_KEY_SORT_H
#define ZD_INDEX_KEY_SORT_H

#include "base/slice.h"

typedef struct zd_sortable_key {
  uint64_t space; /* compared first */
  uint64_t word;  /* scratch: 8 of the bytes, big-endian */
  zd_slice bytes; /* compared then, bytewise; the shorter first */
  const void *of; /* the caller's */
} zd_sortable_key;

void zd_keys_sort(zd_sortable_key *keys, size_t n);

#endif
