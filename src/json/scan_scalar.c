/* scan_scalar.c: the variant for any processor: eight bytes at a time in a general register. */
#include "json/scan.h"

/* Nonzero in the top bit of each byte of v that is zero (and possibly of bytes above such a one,
 * which the caller looks past: only the lowest hit counts). */
static inline uint64_t zero_bytes(uint64_t v) {
  return (v - 0x0101010101010101u) & ~v & 0x8080808080808080u;
}

static inline bool is_special(unsigned char c) {
  return c == '"' || c == '\\' || c < 0x20;
}

static inline const char *scan_string(const char *p, const char *end, const char *text) {
  (void)text;
  while (end - p >= 8) {
    uint64_t v;
    memcpy(&v, p, 8);
    uint64_t quote = zero_bytes(v ^ 0x2222222222222222u);
    uint64_t escape = zero_bytes(v ^ 0x5C5C5C5C5C5C5C5Cu);
    uint64_t control = (v - 0x2020202020202020u) & ~v & 0x8080808080808080u;
    if (quote | escape | control) break;
    p += 8;
  }
  while (p < end && !is_special((unsigned char)*p)) p++;
  return p;
}

#include "json/tokenize.h"

const zd_json_scanner zd_json_scanner_scalar = {"scalar", tokenize, zd_json_utf8_scalar, NULL};
