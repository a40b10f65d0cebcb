/* utf8.c: what every variant needs of UTF-8 (RFC 3629).
 *
 * The vector check follows J. Keiser and D. Lemire, "Validating UTF-8 in less than one instruction
 * per byte" (2021): nearly every fault shows in two adjacent bytes. Each table gives, for one half
 * byte, the set of faults it may be part of; the sets of the three half bytes are intersected.
 */
#include "json/scan.h"

enum {
  TOO_SHORT = 1,     /* 11...... not followed by a continuation byte */
  TOO_LONG = 2,      /* 0....... followed by one */
  OVERLONG_3 = 4,    /* E0 followed by 80..9F */
  TOO_LARGE = 8,     /* beyond U+10FFFF: F4 90.., F5.. 90.. */
  SURROGATE = 16,    /* ED followed by A0..BF */
  OVERLONG_2 = 32,   /* C0, C1 */
  OVERLONG_4 = 64,   /* F0 followed by 80..8F; and F5.. 8., too large */
  CONTINUATION = 128 /* two continuation bytes in a row: an error unless a long sequence asks it */
};
enum {
  ANY = TOO_SHORT | TOO_LONG | CONTINUATION,
  HIGH = ANY | TOO_LARGE | OVERLONG_4,
  SECOND = TOO_LONG | OVERLONG_2 | CONTINUATION
};

const zd_json_utf8_tables zd_json_utf8 = {
    .first_high = {[0] = TOO_LONG,
                   TOO_LONG,
                   TOO_LONG,
                   TOO_LONG,
                   TOO_LONG,
                   TOO_LONG,
                   TOO_LONG,
                   TOO_LONG,
                   [8] = CONTINUATION,
                   CONTINUATION,
                   CONTINUATION,
                   CONTINUATION,
                   [12] = TOO_SHORT | OVERLONG_2,
                   TOO_SHORT,
                   TOO_SHORT | OVERLONG_3 | SURROGATE,
                   TOO_SHORT | TOO_LARGE | OVERLONG_4},
    .first_low = {[0] = ANY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
                  ANY | OVERLONG_2,
                  ANY,
                  ANY,
                  [4] = ANY | TOO_LARGE,
                  HIGH,
                  HIGH,
                  HIGH,
                  [8] = HIGH,
                  HIGH,
                  HIGH,
                  HIGH,
                  [12] = HIGH,
                  HIGH | SURROGATE,
                  HIGH,
                  HIGH},
    .second_high = {[0] = TOO_SHORT,
                    TOO_SHORT,
                    TOO_SHORT,
                    TOO_SHORT,
                    TOO_SHORT,
                    TOO_SHORT,
                    TOO_SHORT,
                    TOO_SHORT,
                    [8] = SECOND | OVERLONG_3 | OVERLONG_4,
                    SECOND | OVERLONG_3 | TOO_LARGE,
                    SECOND | SURROGATE | TOO_LARGE,
                    SECOND | SURROGATE | TOO_LARGE,
                    [12] = TOO_SHORT,
                    TOO_SHORT,
                    TOO_SHORT,
                    TOO_SHORT},
};

static inline bool continues(unsigned char c) {
  return (c & 0xC0) == 0x80;
}

/* Length of the sequence at p, of which `room` bytes are there; 0 when it is not valid. */
static size_t sequence(const unsigned char *p, size_t room) {
  unsigned char c = p[0];
  if (c < 0x80) return 1;
  if (c < 0xC2 || room < 2 || !continues(p[1])) return 0;
  if (c < 0xE0) return 2;
  if (room < 3 || !continues(p[2])) return 0;
  if (c < 0xF0) {
    if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] >= 0xA0)) return 0;
    return 3;
  }
  if (room < 4 || !continues(p[3]) || c > 0xF4) return 0;
  if ((c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] >= 0x90)) return 0;
  return 4;
}

size_t zd_json_utf8_scalar(const char *text, size_t n) {
  const unsigned char *p = (const unsigned char *)text;
  size_t i = 0;
  while (i < n) {
    uint64_t eight;
    if (n - i >= 8) {
      memcpy(&eight, p + i, 8);
      if ((eight & 0x8080808080808080u) == 0) {
        i += 8;
        continue;
      }
    }
    size_t length = sequence(p + i, n - i);
    if (length == 0) return i;
    i += length;
  }
  return n;
}
