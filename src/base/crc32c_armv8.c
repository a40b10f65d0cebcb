/* CRC32C by the ARMv8 instruction that computes it: eight bytes a step. */
#include "base/crc32c.h"

#ifdef __aarch64__

#include <asm/hwcap.h>
#include <sys/auxv.h>

bool zd_crc32c_has_armv8(void) {
  return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

/* Written as assembly: gcc and clang name the target attribute differently. */
static uint32_t step8(uint32_t crc, uint64_t word) {
  __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(word));
  return crc;
}

static uint32_t step1(uint32_t crc, uint32_t byte) {
  __asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(crc) : "r"(byte));
  return crc;
}

uint32_t zd_crc32c_armv8(uint32_t crc, const unsigned char *p, size_t n) {
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    crc = step8(crc, word);
  }
  for (; n; n--) crc = step1(crc, *p++);
  return crc;
}

#else

bool zd_crc32c_has_armv8(void) {
  return false;
}

uint32_t zd_crc32c_armv8(uint32_t crc, const unsigned char *p, size_t n) {
  return zd_crc32c_table(crc, p, n);
}

#endif
