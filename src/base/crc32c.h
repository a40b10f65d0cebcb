/* crc32c.h: the variants behind zd_crc32c, one file each; private to base/.
 *
 * Each continues `crc` (already inverted) over n bytes. The hardware ones exist on their
 * processor family only and are chosen at run time (crc32c.c).
 */
#ifndef ZD_BASE_CRC32C_H
#define ZD_BASE_CRC32C_H

#include "base/slice.h"

uint32_t zd_crc32c_table(uint32_t crc, const unsigned char *p, size_t n);
uint32_t zd_crc32c_sse42(uint32_t crc, const unsigned char *p, size_t n);
uint32_t zd_crc32c_armv8(uint32_t crc, const unsigned char *p, size_t n);

/* Whether this processor can run the variant. False on other families. */
bool zd_crc32c_has_sse42(void);
bool zd_crc32c_has_armv8(void);

#endif
