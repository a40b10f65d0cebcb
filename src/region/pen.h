/* pen.h: writes JSON fragments at the speed of memcpy.
 *
 * Generated text consists of long constant fragments with short numbers and names between them.
 * The pen appends them to a zd_buffer with the room check inlined, so that a literal becomes a few
 * moves. Names and texts come from our own tables, which hold nothing that JSON must escape (a test
 * looks at every one). Failure is sticky in the buffer, checked once per resident.
 */
#ifndef ZD_REGION_PEN_H
#define ZD_REGION_PEN_H

#include "base/buffer.h"

static inline void zd_pen(zd_buffer *b, const char *p, size_t n) {
  if (n == 0 || (b->room - b->n < n && !zd_buffer_reserve(b, n))) return;
  memcpy(b->p + b->n, p, n);
  b->n += n;
}

static inline void zd_pen_slice(zd_buffer *b, zd_slice s) {
  zd_pen(b, s.p, s.n);
}

/* A literal, or several pasted together by the preprocessor. */
#define ZD_PEN(b, literal) zd_pen((b), "" literal, sizeof(literal) - 1)

static inline void zd_pen_u32(zd_buffer *b, uint32_t v) {
  char digits[10];
  size_t n = 0;
  do digits[sizeof digits - ++n] = (char)('0' + v % 10);
  while (v /= 10);
  zd_pen(b, digits + sizeof digits - n, n);
}

/* Exactly `width` digits, zeros in front. */
static inline void zd_pen_fixed(zd_buffer *b, uint64_t v, unsigned width) {
  char digits[20];
  for (unsigned i = width; i > 0; i--, v /= 10) digits[i - 1] = (char)('0' + v % 10);
  zd_pen(b, digits, width);
}

/* v in units of 10^-decimals: (1234, 2) -> 12.34. */
static inline void zd_pen_decimal(zd_buffer *b, int32_t v, unsigned decimals) {
  static const uint32_t power[] = {1, 10, 100, 1000};
  uint32_t size = v < 0 ? 0u - (uint32_t)v : (uint32_t)v;
  if (v < 0) ZD_PEN(b, "-");
  zd_pen_u32(b, size / power[decimals]);
  if (decimals == 0) return;
  ZD_PEN(b, ".");
  zd_pen_fixed(b, size % power[decimals], decimals);
}

/* Days since 1970-01-01 as 2024-05-31. */
void zd_pen_date(zd_buffer *b, int32_t day);
/* The same with minutes of the day: 2024-05-31T09:30:00+03:00. The region has one time zone. */
void zd_pen_time(zd_buffer *b, int32_t day, unsigned minute);

/* meta of every resource: HTEST marks it as no real person's (region.md 3). */
#define ZD_REGION_META                                                                          \
  "\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActReason\"," \
  "\"code\":\"HTEST\"}]}"

#endif
