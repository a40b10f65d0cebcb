/* varint.h: LEB128 numbers, read within bounds. */
#ifndef ZD_INDEX_VARINT_H
#define ZD_INDEX_VARINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

enum { ZD_VARINT_MAX = 10 };

static inline unsigned zd_varint_put(unsigned char *p, uint64_t value) {
  unsigned n = 0;
  while (value >= 128) {
    p[n++] = (unsigned char)(value | 128);
    value >>= 7;
  }
  p[n++] = (unsigned char)value;
  return n;
}

static inline void zd_varint_add(zd_buffer *b, uint64_t value) {
  unsigned char bytes[ZD_VARINT_MAX];
  zd_buffer_add(b, bytes, zd_varint_put(bytes, value));
}

/* Moves *p behind the number; false when it does not end before `end` or exceeds 64 bits. */
static inline bool zd_varint_get(const unsigned char **p, const unsigned char *end,
                                 uint64_t *value) {
  const unsigned char *at = *p;
  if (at < end && *at < 128) {
    *value = *at;
    *p = at + 1;
    return true;
  }
  uint64_t v = 0;
  for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
    unsigned char byte = *at++;
    v |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) {
      *value = v;
      *p = at;
      return true;
    }
  }
  return false;
}

#endif
