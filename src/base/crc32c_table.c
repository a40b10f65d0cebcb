/* The portable variant: a look-up for every byte (Sarwate, "Computation of cyclic redundancy
 * checks via table look-up", 1988). */
#include "base/crc32c.h"

/* The remainders of the eight single bits after eight divisions by the Castagnoli polynomial
 * 0x1EDC6F41 (bits reversed: 0x82f63b78). */
#define T01 0xf26b8303u
#define T02 0xe13b70f7u
#define T04 0xc79a971fu
#define T08 0x8ad958cfu
#define T10 0x105ec76fu
#define T20 0x20bd8edeu
#define T40 0x417b1dbcu
#define T80 0x82f63b78u

/* Division is linear: the remainder of a byte is the exclusive or of its bits' remainders. So the
 * compiler spells the table, and there is nothing to set up at start and nothing to race on. */
#define ONE(i, bit, rest) ((i) & (bit) ? (rest) : 0u)
#define LOW(i) (ONE(i, 1, T01) ^ ONE(i, 2, T02) ^ ONE(i, 4, T04) ^ ONE(i, 8, T08))
#define HIGH(i) (ONE(i, 16, T10) ^ ONE(i, 32, T20) ^ ONE(i, 64, T40) ^ ONE(i, 128, T80))
#define E1(i) (LOW(i) ^ HIGH(i))
#define E4(i) E1(i), E1((i) + 1), E1((i) + 2), E1((i) + 3)
#define E16(i) E4(i), E4((i) + 4), E4((i) + 8), E4((i) + 12)
#define E64(i) E16(i), E16((i) + 16), E16((i) + 32), E16((i) + 48)

static const uint32_t table[256] = {E64(0), E64(64), E64(128), E64(192)};

uint32_t zd_crc32c_table(uint32_t crc, const unsigned char *p, size_t n) {
  for (; n; n--) crc = crc >> 8 ^ table[(crc ^ *p++) & 255];
  return crc;
}
