/* slice.h: a borrowed run of bytes.
 *
 * A slice never owns its bytes; the comment at each use says who does and for
 * how long. It is not zero-terminated. An absent value is {NULL, 0}; an empty
 * one has a non-NULL pointer and n == 0.
 *
 * Floor 0. May be used everywhere; knows nothing above it.
 */
#ifndef ZD_BASE_SLICE_H
#define ZD_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct zd_slice {
  const char *p;
  size_t n;
} zd_slice;

/* A slice over a string literal: ZD_S("Patient"). */
#define ZD_S(literal) ((zd_slice){"" literal, sizeof(literal) - 1})

/* For printf: printf("%.*s", ZD_SV(s)). Only for bytes known to be text shorter than INT_MAX. */
#define ZD_SV(s) (int)(s).n, ((s).p ? (s).p : "")

static inline zd_slice zd_slice_of(const char *zero_terminated) {
  return (zd_slice){zero_terminated, zero_terminated ? strlen(zero_terminated) : 0};
}

static inline zd_slice zd_slice_make(const void *p, size_t n) {
  return (zd_slice){(const char *)p, n};
}

static inline bool zd_slice_eq(zd_slice a, zd_slice b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Bytewise order; a prefix sorts before the longer slice. Returns <0, 0, >0. */
static inline int zd_slice_cmp(zd_slice a, zd_slice b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int order = n ? memcmp(a.p, b.p, n) : 0;
  return order ? order : (a.n > b.n) - (a.n < b.n);
}

static inline bool zd_slice_starts(zd_slice s, zd_slice prefix) {
  return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool zd_slice_ends(zd_slice s, zd_slice suffix) {
  return s.n >= suffix.n &&
         (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The part from `at` on; empty when at >= s.n. */
static inline zd_slice zd_slice_from(zd_slice s, size_t at) {
  return at < s.n ? (zd_slice){s.p + at, s.n - at} : (zd_slice){s.p ? s.p + s.n : NULL, 0};
}

/* The digits of n, which lie in `room`. */
enum { ZD_DIGITS = 20 };
static inline zd_slice zd_slice_digits(uint64_t n, char room[ZD_DIGITS]) {
  char *at = room + ZD_DIGITS;
  do {
    *--at = (char)('0' + n % 10);
    n /= 10;
  } while (n);
  return (zd_slice){at, (size_t)(room + ZD_DIGITS - at)};
}

/* Index of the first `byte`, or s.n when there is none. */
static inline size_t zd_slice_find(zd_slice s, char byte) {
  const char *hit = s.n ? (const char *)memchr(s.p, byte, s.n) : NULL;
  return hit ? (size_t)(hit - s.p) : s.n;
}

#endif
