/* hash.h: fast hashes and checksums.
 *
 * zd_hash64 is for in-memory tables only: never stored, never the sole proof of equality.
 * zd_crc32c protects stored bytes (Castagnoli, RFC 3720 B.4), hardware where there is one.
 */
#ifndef ZD_BASE_HASH_H
#define ZD_BASE_HASH_H

#include "base/slice.h"

uint64_t zd_hash64(const void *p, size_t n);
uint64_t zd_hash64_seed(const void *p, size_t n, uint64_t seed);

/* crc of the bytes so far continued by n more; start with 0. */
uint32_t zd_crc32c(uint32_t crc, const void *p, size_t n);

/* SHA-256 (FIPS 180-4). */
void zd_sha256(const void *p, size_t n, unsigned char digest[32]);

#endif
