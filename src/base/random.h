/* random.h: dice. A seeded generator for reproducible work (xoshiro256**, Blackman and Vigna
 * 2018; seeded by splitmix64), and the system's for secrets and identifiers. */
#ifndef ZD_BASE_RANDOM_H
#define ZD_BASE_RANDOM_H

#include "base/error.h"
#include "base/slice.h"

typedef struct zd_random {
  uint64_t s[4];
} zd_random;

/* Same seed, same stream, on every machine. `stream` separates independent dice of one seed. */
void zd_random_seed(zd_random *r, uint64_t seed, uint64_t stream);
uint64_t zd_random_u64(zd_random *r);
/* Uniform in [0, bound), without modulo bias; bound 0 gives 0. */
uint64_t zd_random_below(zd_random *r, uint64_t bound);
/* Uniform in [0, 1). */
double zd_random_unit(zd_random *r);

/* Cryptographic bytes from the kernel. */
zd_err zd_random_bytes(void *p, size_t n);

#endif
