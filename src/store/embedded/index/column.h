/* column.h: the intervals of one field within one chunk, sorted by their low end.
 *
 *   header   smallest low, unit of lows, smallest and largest span (high - low), widths
 *   lows     (low - smallest) / unit, `low_bits` each, bit-packed
 *   spans    span - smallest, `span_bits` each, bit-packed
 *   rows     uint16_t each
 *
 * A date of a day's precision has the span of a day and a low that is a multiple of one: both
 * vanish into the header. A range query is a binary search over the lows and, where the spans
 * differ, a comparison per candidate.
 */
#ifndef ZD_INDEX_COLUMN_H
#define ZD_INDEX_COLUMN_H

#include "base/buffer.h"

typedef struct zd_interval {
  int64_t low, high;
  uint32_t row; /* within the chunk */
} zd_interval;

typedef struct zd_column_header {
  int64_t low_base;
  uint64_t low_unit;
  uint64_t span_min, span_max;
  uint32_t low_bits, span_bits;
} zd_column_header;

/* All four bounds are closed. */
typedef struct zd_bounds {
  int64_t low_min, low_max, high_min, high_max;
} zd_bounds;

static inline bool zd_bounds_hold(const zd_bounds *b, int64_t low, int64_t high) {
  return low >= b->low_min && low <= b->low_max && high >= b->high_min && high <= b->high_max;
}

/* Sorts the intervals (n > 0), drops repetitions and appends the column; returns how many it has.
 */
size_t zd_column_write(zd_interval *v, size_t n, zd_buffer *out);

/* Bytes of a column of n intervals with this header; 0 when the header is impossible. */
uint64_t zd_column_size(const zd_column_header *h, uint32_t n);

/* Sets the bit of every row within the bounds. `bytes` has zd_column_size of them. */
void zd_column_select(const void *bytes, uint32_t n, const zd_bounds *b, uint64_t *words);
/* Has every row in it one interval? A pass over the column. */
bool zd_column_single(const void *bytes, uint32_t n);
/* At most so many intervals are within the bounds. Costs two binary searches. */
uint32_t zd_column_count(const void *bytes, uint32_t n, const zd_bounds *b);
/* Exactly so many are. Costs four, and a look at those whose low end alone does not decide. */
uint32_t zd_column_total(const void *bytes, uint32_t n, const zd_bounds *b);
/* May any interval of the column be within the bounds? */
bool zd_column_meets(const zd_column_header *h, const zd_bounds *bounds);

/* Is exactly this interval in the column? */
bool zd_column_has(const void *column, uint32_t n, const zd_interval *interval);
/* Interval i of the column. */
zd_interval zd_column_at(const void *bytes, uint32_t n, uint32_t i);

/* A walk in the order of lows. The first i with low >= value, n when there is none. */
uint32_t zd_column_first(const void *bytes, uint32_t n, int64_t value);
/* The first i >= from whose row is set in `words`, n when there is none. */
uint32_t zd_column_next(const void *bytes, uint32_t n, uint32_t from, const uint64_t *words);
/* One behind the last i < before whose row is set in `words`, 0 when there is none. */
uint32_t zd_column_back(const void *bytes, uint32_t n, uint32_t before, const uint64_t *words);
/* Sets the bits of the rows of intervals [first, last). */
void zd_column_rows(const void *bytes, uint32_t n, uint32_t first, uint32_t last, uint64_t *words);

#endif
