/* CRC32C by the x86 instruction that computes it: eight bytes a step. */
#include "base/crc32c.h"

#ifdef __x86_64__

#include <nmmintrin.h>

bool zd_crc32c_has_sse42(void) {
  return __builtin_cpu_supports("sse4.2") != 0;
}

__attribute__((target("sse4.2"))) uint32_t zd_crc32c_sse42(uint32_t crc, const unsigned char *p,
                                                           size_t n) {
  uint64_t wide = crc;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = (uint32_t)wide;
  for (; n; n--) crc = _mm_crc32_u8(crc, *p++);
  return crc;
}

#else

bool zd_crc32c_has_sse42(void) {
  return false;
}

uint32_t zd_crc32c_sse42(uint32_t crc, const unsigned char *p, size_t n) {
  return zd_crc32c_table(crc, p, n);
}

#endif
