/* Chooses the variant of CRC32C that this processor runs. */
#include "base/crc32c.h"

#include "base/hash.h"

uint32_t zd_crc32c(uint32_t crc, const void *p, size_t n) {
  const unsigned char *bytes = p;
  /* The test reads a word the C runtime filled at start; the branch is always predicted. */
  if (zd_crc32c_has_sse42()) return ~zd_crc32c_sse42(~crc, bytes, n);
  if (zd_crc32c_has_armv8()) return ~zd_crc32c_armv8(~crc, bytes, n);
  return ~zd_crc32c_table(~crc, bytes, n);
}
