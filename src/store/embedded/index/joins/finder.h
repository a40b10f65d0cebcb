/* finder.h: many keys of one space looked up in every part, their rows gathered.
 *
 * Keys may come in any order. Where they ascend, each part's dictionary is walked along with them,
 * as in a merge; wide gaps are jumped over. So one key and a hundred thousand cost what they must.
 */
#ifndef ZD_INDEX_FINDER_H
#define ZD_INDEX_FINDER_H

#include "store/embedded/index/evaluate.h"

typedef struct zd_finder_place zd_finder_place;

typedef struct zd_finder {
  zd_key space; /* kind and field of the keys */
  zd_finder_place *places;
  size_t count;
  char last[ZD_TERM_MAX]; /* the key before */
  size_t last_n;
  zd_row_set *out;
  zd_budget *budget;
  zd_fault *fault;
} zd_finder;

/* Over the parts of the scope, whose budget it uses. Rows go to `out`, at and above the scope's
 * bound too (zd_row_set_add). */
zd_err zd_finder_start(zd_finder *f, const zd_scope *scope, uint32_t kind, uint32_t field,
                       zd_arena *arena, zd_row_set *out, zd_fault *fault);
zd_err zd_finder_add(zd_finder *f, zd_slice key);

/* Adds the rows of one posting, or of a memtable's key, of the part. */
zd_err zd_posting_gather(const zd_part *from, const zd_posting *p, zd_row_set *out,
                         zd_fault *fault);
zd_err zd_mem_key_gather(const zd_part *from, const zd_mem_key *k, zd_row_set *out);
/* Is any of its rows in the set? */
zd_err zd_posting_meets(const zd_part *from, const zd_posting *p, const zd_row_set *set, bool *hit,
                        zd_fault *fault);
bool zd_mem_key_meets(const zd_part *from, const zd_mem_key *k, const zd_row_set *set);

#endif
