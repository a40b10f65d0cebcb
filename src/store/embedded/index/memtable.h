/* memtable.h: the part of the index that grows in memory.
 *
 * One writer, any number of readers, no locks. Rows are numbered from 0 within the memtable; the
 * part that holds it knows the row they begin at. A reader passes the number of rows it may see:
 * it must have learnt that number by an acquire operation that follows the writer's release
 * (zd_index_publish), then everything about those rows is visible to it. What the writer is doing
 * beyond them, the reader may meet and must ignore: list functions do that by their row bound.
 *
 *   slots[]   hash | ref ──► mem_key {kind, field, bytes, count, first item} ──► run ──► run ──► …
 *   hash table, replaced     keys and runs lie in blocks that never move;        runs double in
 *   when it is half full     a ref is a block number and an offset               size up to 8 KB
 */
#ifndef ZD_INDEX_MEMTABLE_H
#define ZD_INDEX_MEMTABLE_H

#include "base/arena.h"
#include "store/embedded/index/index.h"
#include "store/embedded/index/key.h"

typedef struct zd_memtable zd_memtable;
typedef struct zd_mem_key zd_mem_key;

/* Most rows of one memtable: bounded so that a row number and a run fit their fields. */
enum { ZD_MEMTABLE_ROWS = 1 << 20 };

typedef struct zd_mem_interval {
  int64_t low, high;
  uint32_t row;
} zd_mem_interval;

typedef struct zd_mem_kill {
  uint32_t victim; /* within its chunk */
  uint32_t killer; /* row of this memtable */
} zd_mem_kill;

/* `rows`: a guess of how many there will be. NULL: out of memory. */
zd_memtable *zd_memtable_new(size_t rows);
void zd_memtable_free(zd_memtable *m);

/* ---- the writer ---- */

/* Adds the next row. ZD_ERR_MEMORY or ZD_ERR_INVALID leave the row in by half. */
zd_err zd_memtable_add(zd_memtable *m, const zd_index_row *row);
/* Adds only entries, for the next row (supplements). */
zd_err zd_memtable_add_entries(zd_memtable *m, const zd_entry *entries, size_t n);
uint32_t zd_memtable_rows(const zd_memtable *m);
/* A new memtable with the first `rows` rows of m; NULL: out of memory. */
zd_memtable *zd_memtable_cut(const zd_memtable *m, uint32_t rows);

/* ---- readers ---- */

size_t zd_memtable_bytes(const zd_memtable *m);
bool zd_memtable_has_kills(const zd_memtable *m);

uint64_t zd_mem_hash(const zd_key *key);
/* Asks for what zd_memtable_find looks at first. */
void zd_memtable_expect(const zd_memtable *m, uint64_t hash);
/* NULL when the key is not there. `hash` is zd_mem_hash(key). */
const zd_mem_key *zd_memtable_find(const zd_memtable *m, const zd_key *key, uint64_t hash);

uint64_t zd_memtable_locator(const zd_memtable *m, uint32_t row);
uint32_t zd_memtable_type(const zd_memtable *m, uint32_t row);
/* The row's id as key bytes (zd_key_id); absent in supplements. */
zd_slice zd_memtable_id(const zd_memtable *m, uint32_t row);

/* Items of the key, of rows the writer has not yet told us of included. */
uint32_t zd_mem_key_count(const zd_mem_key *k);
zd_key zd_mem_key_get(const zd_mem_key *k);
/* Newest row below `bound` under the key, or UINT32_MAX. */
uint32_t zd_mem_key_newest(const zd_memtable *m, const zd_mem_key *k, uint32_t bound);

/* A walk over the items of a key, run by run, ascending by row. */
typedef struct zd_mem_walk {
  const zd_memtable *memtable;
  const zd_mem_key *key;
  uint32_t left, run;
  bool begun;
} zd_mem_walk;
void zd_mem_walk_start(zd_mem_walk *w, const zd_memtable *m, const zd_mem_key *k);
/* The next run of items: uint32_t rows, zd_mem_interval or zd_mem_kill according to the key's
 * kind. 0 at the end. */
uint32_t zd_mem_walk_next(zd_mem_walk *w, const void **items);

/* Every term of the field whose group may hold terms of [from, to), in no order; absent `to`: open.
 * A group is compared by 4 bytes only, so the callee compares the term. It returns false to stop.
 */
typedef bool (*zd_mem_each)(void *context, const zd_mem_key *k);
void zd_memtable_terms(const zd_memtable *m, uint32_t field, zd_slice from, zd_slice to,
                       zd_mem_each each, void *context);

/* Every key of the kind and field, in no order, by a look at every slot; for kinds that hang on no
 * chain. The callee returns false to stop. */
void zd_memtable_keys(const zd_memtable *m, uint32_t kind, uint32_t field, zd_mem_each each,
                      void *context);

/* Every key but FIELD and GROUP, sorted by zd_key_cmp; for a memtable that no longer grows. Free
 * the result with free(). */
zd_err zd_memtable_sorted(const zd_memtable *m, const zd_mem_key ***keys, size_t *n);

#endif
