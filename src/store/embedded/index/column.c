#include "store/embedded/index/column.h"

#include <stdlib.h>

enum { WIDE = 56 }; /* wider numbers take 8 whole bytes, so that one load reads any number */

static uint32_t bits_of(uint64_t value) {
  return value ? 64 - (uint32_t)__builtin_clzll(value) : 0;
}

static uint32_t width_of(uint64_t largest) {
  uint32_t bits = bits_of(largest);
  return bits > WIDE ? 64 : bits;
}

/* Bytes of n packed numbers: 8 more, so that the last can be read by a whole load. */
static uint64_t packed_size(uint32_t bits, uint64_t n) {
  return bits ? (n * bits + 7) / 8 + 8 : 0;
}

static uint64_t packed_get(const unsigned char *p, uint32_t bits, uint64_t i) {
  if (bits == 0) return 0;
  uint64_t at = i * bits, word;
  memcpy(&word, p + at / 8, 8);
  word >>= at % 8;
  return bits == 64 ? word : word & ((UINT64_C(1) << bits) - 1);
}

static void packed_put(unsigned char *p, uint32_t bits, uint64_t i, uint64_t value) {
  if (bits == 0) return;
  uint64_t at = i * bits, word;
  memcpy(&word, p + at / 8, 8);
  word |= value << at % 8;
  memcpy(p + at / 8, &word, 8);
}

static int by_low(const void *x, const void *y) {
  const zd_interval *a = x, *b = y;
  if (a->low != b->low) return a->low < b->low ? -1 : 1;
  if (a->row != b->row) return a->row < b->row ? -1 : 1;
  return (a->high > b->high) - (a->high < b->high);
}

/* Byte by byte of the lows, the least significant first; bytes that all have in common take no
 * pass. Stable. A tenth of qsort's time where most of a chunk is sorted. */
static void sort_by_lows(zd_interval *v, zd_interval *other, size_t n) {
  enum { DIGITS = 8 };
  static const uint64_t sign = UINT64_C(1) << 63;
  uint32_t counts[DIGITS][256] = {{0}};
  zd_interval *from = v, *to = other;
  for (size_t i = 0; i < n; i++) {
    uint64_t low = (uint64_t)v[i].low ^ sign;
    for (int d = 0; d < DIGITS; d++) counts[d][low >> 8 * d & 255]++;
  }
  for (int d = 0; d < DIGITS; d++) {
    uint32_t at = 0, *count = counts[d];
    if (count[((uint64_t)v[0].low ^ sign) >> 8 * d & 255] == n) continue;
    for (int byte = 0; byte < 256; byte++) {
      uint32_t here = count[byte];
      count[byte] = at;
      at += here;
    }
    for (size_t i = 0; i < n; i++)
      to[count[((uint64_t)from[i].low ^ sign) >> 8 * d & 255]++] = from[i];
    zd_interval *swap = from;
    from = to;
    to = swap;
  }
  if (from != v) memcpy(v, from, n * sizeof *v);
}

/* Those of one low, which mostly came in order. */
static void sort_ties(zd_interval *v, size_t n) {
  for (size_t i = 0, end; i < n; i = end) {
    bool ordered = true;
    for (end = i + 1; end < n && v[end].low == v[i].low; end++)
      ordered = ordered && by_low(&v[end - 1], &v[end]) <= 0;
    if (!ordered) qsort(v + i, end - i, sizeof *v, by_low);
  }
}

static void sort(zd_interval *v, size_t n) {
  enum { FEW = 256 };
  zd_interval *other = n > FEW ? malloc(n * sizeof *other) : NULL;
  if (!other) {
    qsort(v, n, sizeof *v, by_low);
    return;
  }
  sort_by_lows(v, other, n);
  sort_ties(v, n);
  free(other);
}

/* Drops repetitions from the sorted intervals. */
static size_t distinct(zd_interval *v, size_t n) {
  size_t kept = 1;
  for (size_t i = 1; i < n; i++) {
    if (by_low(&v[i], &v[kept - 1]) != 0) v[kept++] = v[i];
  }
  return kept;
}

static uint64_t span_of(const zd_interval *v) {
  return (uint64_t)v->high - (uint64_t)v->low;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b) {
  while (b) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static zd_column_header describe(const zd_interval *v, size_t n) {
  zd_column_header h = {v[0].low, 0, UINT64_MAX, 0, 0, 0};
  uint64_t reach = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t above = (uint64_t)v[i].low - (uint64_t)h.low_base, span = span_of(&v[i]);
    if (h.low_unit != 1) h.low_unit = greatest_divisor(above, h.low_unit);
    if (above > reach) reach = above;
    if (span < h.span_min) h.span_min = span;
    if (span > h.span_max) h.span_max = span;
  }
  if (h.low_unit == 0) h.low_unit = 1;
  h.low_bits = width_of(reach / h.low_unit);
  h.span_bits = width_of(h.span_max - h.span_min);
  return h;
}

uint64_t zd_column_size(const zd_column_header *h, uint32_t n) {
  bool possible = (h->low_bits <= WIDE || h->low_bits == 64) &&
                  (h->span_bits <= WIDE || h->span_bits == 64) && h->low_unit > 0 &&
                  h->span_min <= h->span_max;
  if (!possible) return 0;
  return sizeof *h + packed_size(h->low_bits, n) + packed_size(h->span_bits, n) +
         (uint64_t)n * sizeof(uint16_t);
}

size_t zd_column_write(zd_interval *v, size_t n, zd_buffer *out) {
  sort(v, n);
  n = distinct(v, n);
  zd_column_header h = describe(v, n);
  uint64_t size = zd_column_size(&h, (uint32_t)n);
  if (!zd_buffer_reserve(out, size)) return n;
  unsigned char *p = (unsigned char *)out->p + out->n;
  memset(p, 0, size);
  memcpy(p, &h, sizeof h);
  unsigned char *lows = p + sizeof h, *spans = lows + packed_size(h.low_bits, n);
  unsigned char *rows = spans + packed_size(h.span_bits, n);
  for (size_t i = 0; i < n; i++) {
    uint64_t above = (uint64_t)v[i].low - (uint64_t)h.low_base;
    packed_put(lows, h.low_bits, i, above / h.low_unit);
    packed_put(spans, h.span_bits, i, span_of(&v[i]) - h.span_min);
    uint16_t row = (uint16_t)v[i].row;
    memcpy(rows + i * sizeof row, &row, sizeof row);
  }
  out->n += size;
  return n;
}

/* A column opened for reading. */
typedef struct column {
  zd_column_header h;
  const unsigned char *lows, *spans, *rows;
} column;

static column open_column(const void *bytes, uint32_t n) {
  column c;
  memcpy(&c.h, bytes, sizeof c.h);
  c.lows = (const unsigned char *)bytes + sizeof c.h;
  c.spans = c.lows + packed_size(c.h.low_bits, n);
  c.rows = c.spans + packed_size(c.h.span_bits, n);
  return c;
}

static int64_t low_at(const column *c, uint32_t i) {
  return (int64_t)((uint64_t)c->h.low_base + packed_get(c->lows, c->h.low_bits, i) * c->h.low_unit);
}

static uint64_t span_at(const column *c, uint32_t i) {
  return c->h.span_min + packed_get(c->spans, c->h.span_bits, i);
}

static uint32_t row_at(const column *c, uint32_t i) {
  uint16_t row;
  memcpy(&row, c->rows + (size_t)i * sizeof row, sizeof row);
  return row;
}

/* First i with low >= value. */
static uint32_t first_low(const column *c, uint32_t n, int64_t value) {
  uint32_t low = 0;
  while (n > 0) {
    uint32_t half = n / 2;
    if (low_at(c, low + half) < value) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

/* value - span, not below INT64_MIN. */
static int64_t less(int64_t value, uint64_t span) {
  return (uint64_t)value - (uint64_t)INT64_MIN < span ? INT64_MIN
                                                      : (int64_t)((uint64_t)value - span);
}

/* What the bounds of the high end mean for the low one, given how long the spans are. False: no
 * low can do. */
static bool bound_lows(const zd_column_header *h, const zd_bounds *b, int64_t *min, int64_t *max) {
  *min = less(b->high_min, h->span_max);
  if (*min < b->low_min) *min = b->low_min;
  bool reachable = (uint64_t)b->high_max - (uint64_t)INT64_MIN >= h->span_min;
  *max = less(b->high_max, h->span_min);
  if (*max > b->low_max) *max = b->low_max;
  return reachable && *min <= *max;
}

bool zd_column_meets(const zd_column_header *h, const zd_bounds *bounds) {
  int64_t min, max;
  return bound_lows(h, bounds, &min, &max) && max >= h->low_base;
}

static void add_row(uint64_t *words, uint64_t row) {
  words[row >> 6] |= UINT64_C(1) << (row & 63);
}

/* Rows [i, end) of the column, four at a time. */
static void add_rows(const column *c, uint32_t i, uint32_t end, uint64_t *words) {
  for (; i + 4 <= end; i += 4) {
    uint64_t four;
    memcpy(&four, c->rows + (size_t)i * sizeof(uint16_t), sizeof four);
    add_row(words, four & 0xFFFF);
    add_row(words, four >> 16 & 0xFFFF);
    add_row(words, four >> 32 & 0xFFFF);
    add_row(words, four >> 48);
  }
  for (; i < end; i++) add_row(words, row_at(c, i));
}

/* Those of [i, end) whose high end is within the bounds, without a branch for each. */
static void add_some(const column *c, uint32_t i, uint32_t end, const zd_bounds *b,
                     uint64_t *words) {
  for (; i < end; i++) {
    int64_t high = (int64_t)((uint64_t)low_at(c, i) + span_at(c, i));
    uint64_t in = (uint64_t)((high >= b->high_min) & (high <= b->high_max));
    uint32_t row = row_at(c, i);
    words[row >> 6] |= in << (row & 63);
  }
}

void zd_column_select(const void *bytes, uint32_t n, const zd_bounds *b, uint64_t *words) {
  column c = open_column(bytes, n);
  int64_t min, max;
  if (!bound_lows(&c.h, b, &min, &max)) return;
  uint32_t i = first_low(&c, n, min);
  uint32_t end = max == INT64_MAX ? n : first_low(&c, n, max + 1);
  /* Where the spans are all alike, the bounds of the low end said it all; and where even the
   * shortest and the longest span lead from every low in question into the bounds. */
  bool sure = c.h.span_bits == 0;
  if (!sure && i < end) {
    int64_t first = low_at(&c, i), last = low_at(&c, end - 1);
    sure = less(b->high_min, c.h.span_min) <= first && last <= less(b->high_max, c.h.span_max) &&
           (uint64_t)b->high_max - (uint64_t)INT64_MIN >= c.h.span_max;
  }
  if (sure)
    add_rows(&c, i, end, words);
  else
    add_some(&c, i, end, b, words);
}

bool zd_column_single(const void *bytes, uint32_t n) {
  column c = open_column(bytes, n);
  uint64_t seen[1024] = {0};
  bool single = true;
  for (uint32_t i = 0; i < n && single; i++) {
    uint32_t row = row_at(&c, i);
    single = !(seen[row >> 6] >> (row & 63) & 1);
    add_row(seen, row);
  }
  return single;
}

/* First i with low > value. */
static uint32_t behind_low(const column *c, uint32_t n, int64_t value) {
  return value == INT64_MAX ? n : first_low(c, n, value + 1);
}

/* The intervals [*i, *end) are all that may be within the bounds. False: none may. */
static bool may_hold(const column *c, uint32_t n, const zd_bounds *b, uint32_t *i, uint32_t *end) {
  int64_t min, max;
  if (!bound_lows(&c->h, b, &min, &max)) return false;
  *i = first_low(c, n, min);
  *end = behind_low(c, n, max);
  return *i < *end;
}

uint32_t zd_column_count(const void *bytes, uint32_t n, const zd_bounds *b) {
  column c = open_column(bytes, n);
  uint32_t i, end;
  return may_hold(&c, n, b, &i, &end) ? end - i : 0;
}

/* Those of [i, end) whose high end is within the bounds. */
static uint32_t count_some(const column *c, uint32_t i, uint32_t end, const zd_bounds *b) {
  uint32_t count = 0;
  for (; i < end; i++) {
    int64_t high = (int64_t)((uint64_t)low_at(c, i) + span_at(c, i));
    count += (high >= b->high_min) & (high <= b->high_max);
  }
  return count;
}

uint32_t zd_column_total(const void *bytes, uint32_t n, const zd_bounds *b) {
  column c = open_column(bytes, n);
  uint32_t i, end, sure = 0, sure_end = 0;
  if (!may_hold(&c, n, b, &i, &end)) return 0;
  if (c.h.span_bits == 0) return end - i;
  /* From the first low whose shortest span reaches the bounds to the last whose longest does. */
  if ((uint64_t)b->high_max - (uint64_t)INT64_MIN >= c.h.span_max) {
    sure = first_low(&c, n, less(b->high_min, c.h.span_min));
    sure_end = behind_low(&c, n, less(b->high_max, c.h.span_max));
  }
  if (sure < i) sure = i;
  if (sure_end > end) sure_end = end;
  if (sure >= sure_end) return count_some(&c, i, end, b);
  return count_some(&c, i, sure, b) + (sure_end - sure) + count_some(&c, sure_end, end, b);
}

zd_interval zd_column_at(const void *bytes, uint32_t n, uint32_t i) {
  column c = open_column(bytes, n);
  int64_t low = low_at(&c, i);
  return (zd_interval){low, (int64_t)((uint64_t)low + span_at(&c, i)), row_at(&c, i)};
}

uint32_t zd_column_first(const void *bytes, uint32_t n, int64_t value) {
  column c = open_column(bytes, n);
  return first_low(&c, n, value);
}

static bool row_is_in(const column *c, uint32_t i, const uint64_t *words) {
  uint32_t row = row_at(c, i);
  return (words[row >> 6] >> (row & 63)) & 1;
}

uint32_t zd_column_next(const void *bytes, uint32_t n, uint32_t from, const uint64_t *words) {
  column c = open_column(bytes, n);
  while (from < n && !row_is_in(&c, from, words)) from++;
  return from;
}

uint32_t zd_column_back(const void *bytes, uint32_t n, uint32_t before, const uint64_t *words) {
  column c = open_column(bytes, n);
  while (before > 0 && !row_is_in(&c, before - 1, words)) before--;
  return before;
}

void zd_column_rows(const void *bytes, uint32_t n, uint32_t first, uint32_t last, uint64_t *words) {
  column c = open_column(bytes, n);
  for (uint32_t i = first; i < last; i++) {
    uint32_t row = row_at(&c, i);
    words[row >> 6] |= UINT64_C(1) << (row & 63);
  }
}

bool zd_column_has(const void *bytes, uint32_t n, const zd_interval *v) {
  column c = open_column(bytes, n);
  for (uint32_t i = first_low(&c, n, v->low); i < n && low_at(&c, i) == v->low; i++) {
    if (row_at(&c, i) == v->row && span_at(&c, i) == span_of(v)) return true;
  }
  return false;
}
