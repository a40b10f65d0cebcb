/* part.h: the parts of the index and lists of them.
 *
 * A list is immutable and counted; whoever holds a reference to it may use every part in it. Main
 * parts cover rows 0.. without gap, ascending: segments, then memtables. Supplements stand behind
 * them and may overlap any.
 */
#ifndef ZD_INDEX_PART_H
#define ZD_INDEX_PART_H

#include <stdatomic.h>

#include "store/embedded/index/memtable.h"
#include "store/embedded/index/segment.h"

typedef struct zd_part {
  _Atomic uint32_t refs;
  zd_memtable *memtable; /* or */
  zd_segment *segment;
  zd_row first;
  uint64_t locator_base; /* memtables */
  uint64_t number;       /* segments: of the file */
  bool supplement;
} zd_part;

typedef struct zd_parts {
  _Atomic uint32_t refs;
  size_t n;   /* main parts */
  size_t all; /* with supplements */
  zd_part *at[];
} zd_parts;

/* Take ownership; NULL: out of memory, nothing taken. */
zd_part *zd_part_of_memtable(zd_memtable *m, zd_row first, uint64_t locator_base);
zd_part *zd_part_of_segment(zd_segment *s, uint64_t number);
void zd_part_release(zd_part *p);

/* One past the last row it has now; grows while it is the active memtable. */
zd_row zd_part_end(const zd_part *p);
bool zd_part_has_kills(const zd_part *p);

/* An empty list with room for n parts; the caller fills it with zd_parts_add. */
zd_parts *zd_parts_new(size_t room);
/* Adds a reference to the part; main parts in order, before any supplement. */
void zd_parts_add(zd_parts *list, zd_part *p);
zd_parts *zd_parts_share(zd_parts *list);
void zd_parts_release(zd_parts *list);

/* Index of the main part that holds the row, or list->n. */
size_t zd_parts_find(const zd_parts *list, zd_row row);

#endif
