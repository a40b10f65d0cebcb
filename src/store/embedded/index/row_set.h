/* row_set.h: rows of the whole index, gathered in any order: what a part of a plan was found to be
 * once for all tiles.
 *
 *   chunks[]  ─► up to 512 rows of 16 bits, sorted by zd_row_set_finish
 *             └► more: a bitmap
 */
#ifndef ZD_INDEX_ROW_SET_H
#define ZD_INDEX_ROW_SET_H

#include "base/arena.h"
#include "store/embedded/index/budget.h"
#include "store/embedded/index/lookup.h"

typedef struct zd_row_chunk {
  uint16_t *rows;
  uint64_t *words; /* instead of rows */
  uint32_t n, room;
} zd_row_chunk;

typedef struct zd_row_set {
  zd_arena *arena;
  zd_budget *budget;
  zd_fault *fault;
  zd_row_chunk *chunks;
  uint64_t chunk_count;
  uint64_t n;   /* rows in it, once finished */
  size_t bytes; /* of the budget */
} zd_row_set;

/* For rows below `bound`. */
zd_err zd_row_set_start(zd_row_set *s, zd_row bound, zd_arena *arena, zd_budget *budget,
                        zd_fault *fault);
/* Rows in chunks behind the bound are left out; in the bound's own chunk they stay in. */
zd_err zd_row_set_add(zd_row_set *s, zd_row row);
zd_err zd_row_set_add_set(zd_row_set *s, uint64_t chunk, const zd_set *set);
/* After the last add, before the first question. */
void zd_row_set_finish(zd_row_set *s);

/* Gives back what it has of the budget; its memory goes with the arena. */
void zd_row_set_drop(zd_row_set *s);

/* What it has in a chunk, borrowed. */
zd_set zd_row_set_chunk(const zd_row_set *s, uint64_t chunk);
bool zd_row_set_has(const zd_row_set *s, zd_row row);
/* Rows it has within [first, end). */
uint64_t zd_row_set_count(const zd_row_set *s, zd_row first, zd_row end);
/* The next chunk >= chunk (<= when descending) that has rows; UINT64_MAX: none. */
uint64_t zd_row_set_seek(const zd_row_set *s, uint64_t chunk, bool descending);

#endif
