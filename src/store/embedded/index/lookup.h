/* lookup.h: what a leaf of a plan has in one part, made ready to be asked chunk by chunk.
 *
 * Keys with few rows are gathered into one sorted list; longer ones stay where they are (chunk
 * tables of segments, lists of memtables) and are read a chunk at a time; when a leaf covers very
 * many long keys they are united once into bitmaps.
 */
#ifndef ZD_INDEX_LOOKUP_H
#define ZD_INDEX_LOOKUP_H

#include "base/arena.h"
#include "store/embedded/index/budget.h"
#include "store/embedded/index/column.h"
#include "store/embedded/index/part.h"

typedef struct zd_operand zd_operand;

/* A tile: the rows one part has in one chunk. Parts are disjoint, so a plan is evaluated tile by
 * tile, and everything about a tile's rows comes from its part and the supplements over it. */
typedef struct zd_tile {
  uint64_t chunk;       /* absolute */
  uint32_t first, last; /* rows of the chunk: [first, last), last <= 65,536 */
} zd_tile;

typedef struct zd_leaf {
  const zd_part *part;
  zd_row first, end; /* rows of the part that may be asked for */
  uint64_t n;        /* postings found, an upper bound of the rows; 0: nothing here */
  uint32_t *rows;    /* sorted, relative to the part's first row */
  size_t row_count, row_room;
  zd_operand *operands;
  size_t operand_count, operand_room;
  uint64_t **bitmaps; /* per chunk of the part, NULL: none; what was united */
  size_t bitmap_count;
  bool range;
  const zd_bounds *bounds; /* range: within one of these */
  size_t bound_count;
  zd_arena *arena;   /* of the part's turn */
  zd_budget *budget; /* NULL: none */
  size_t *taken;     /* bytes of it, added up here */
  zd_fault *fault;
} zd_leaf;

/* Starts a leaf over one part; rows [first, end) of it. */
void zd_leaf_start(zd_leaf *leaf, const zd_part *part, zd_row first, zd_row end, zd_arena *arena,
                   zd_fault *fault);
/* Adds what `from` (the part itself or a supplement) has under a key. */
zd_err zd_leaf_add_key(zd_leaf *leaf, const zd_part *from, const zd_key *key);
/* Adds the TERM keys of a field in [term, to), or with prefix `term`. */
zd_err zd_leaf_add_span(zd_leaf *leaf, const zd_part *from, uint32_t field, zd_slice term,
                        zd_slice to, bool prefix);
/* Adds the TERM keys of a field that begin with `prefix` and contain `part` behind it. */
zd_err zd_leaf_add_containing(zd_leaf *leaf, const zd_part *from, uint32_t field, zd_slice prefix,
                              zd_slice part);
/* The least slice above every one with the prefix; absent when there is none. */
zd_slice zd_after_prefix(zd_slice prefix, char room[ZD_TERM_MAX]);
/* After the last add, before the first question. */
zd_err zd_leaf_finish(zd_leaf *leaf);

/* Rows of the tile. Uses `room` or borrows. */
zd_err zd_leaf_set(zd_leaf *leaf, const zd_tile *tile, zd_set_room *room, zd_set *out);
/* Is a range wholly told by one column of the part itself? Then: how many of the column's intervals
 * lie within one of the bounds in a chunk, each counted under every bound that holds it. */
bool zd_leaf_is_column(const zd_leaf *leaf);
zd_err zd_leaf_total(const zd_leaf *leaf, uint64_t chunk, uint64_t *n);
/* The next chunk >= chunk (<= when descending) that may have rows; UINT64_MAX: none. */
uint64_t zd_leaf_seek(const zd_leaf *leaf, uint64_t chunk, bool descending);

/* Adds to `words` the rows of the chunk that rows of `by` below `bound` supersede. */
zd_err zd_kills_add(const zd_part *by, uint64_t chunk, zd_row bound, uint64_t *words, bool *any,
                    zd_fault *fault);

#endif
