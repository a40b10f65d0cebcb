/* memo.h: what was costly to find and stays true: rows of a join at one snapshot, rows of a wide
 * stretch of terms in one segment.
 *
 * A page and the total beside it, the next page, the same list asked again: they find it here.
 * Nothing in it is ever out of date: a snapshot and a segment never change, and both are part of
 * the key. Bounded; what was not asked for the longest goes first.
 *
 * Any thread; a lock is held for some hundred nanoseconds. What was found is counted by reference.
 */
#ifndef ZD_INDEX_MEMO_H
#define ZD_INDEX_MEMO_H

#include "store/embedded/index/row_set.h"

typedef struct zd_memo zd_memo;
typedef struct zd_kept zd_kept;

enum { ZD_MEMO_KEY = 2048 };
#define ZD_MEMO_BYTES ((size_t)64 << 20)

/* A key under construction; too long: `n` is 0 and nothing is kept under it. */
typedef struct zd_memo_key {
  size_t n;
  bool broken;
  char bytes[ZD_MEMO_KEY];
} zd_memo_key;

void zd_memo_key_add(zd_memo_key *k, const void *p, size_t n);
void zd_memo_key_number(zd_memo_key *k, uint64_t number);
/* The plan, whole. A plan with a CHECK breaks the key: nobody knows what it depends on. */
void zd_memo_key_plan(zd_memo_key *k, const zd_plan *plan);

/* NULL: out of memory. */
zd_memo *zd_memo_new(size_t bytes_max);
void zd_memo_free(zd_memo *m);
size_t zd_memo_bytes(zd_memo *m);

/* What is kept under the key, with a reference of the caller's; or NULL. `m` may be NULL. */
zd_kept *zd_memo_find(zd_memo *m, const zd_memo_key *key);
/* Copies the set. Where there is no memory or no room for it, nothing happens. */
void zd_memo_keep(zd_memo *m, const zd_memo_key *key, const zd_row_set *set);
const zd_row_set *zd_kept_set(const zd_kept *k);
void zd_kept_release(zd_kept *k);

#endif
