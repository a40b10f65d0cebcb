#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

static uint64_t splitmix(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static uint64_t rotate(uint64_t x, int by) {
  return x << by | x >> (64 - by);
}

void zd_random_seed(zd_random *r, uint64_t seed, uint64_t stream) {
  /* The stream goes through the mixer first: neighbouring streams of one seed must not share
   * any of the four words. */
  uint64_t mixed = stream;
  uint64_t state = seed ^ splitmix(&mixed);
  for (int i = 0; i < 4; i++) r->s[i] = splitmix(&state);
}

uint64_t zd_random_u64(zd_random *r) {
  uint64_t *s = r->s;
  uint64_t result = rotate(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

/* Multiply and reject: Lemire, "Fast random integer generation in an interval", 2019. */
uint64_t zd_random_below(zd_random *r, uint64_t bound) {
  if (!bound) return 0;
  unsigned __int128 product = (unsigned __int128)zd_random_u64(r) * bound;
  if ((uint64_t)product < bound) {
    uint64_t uneven = -bound % bound;
    while ((uint64_t)product < uneven) {
      product = (unsigned __int128)zd_random_u64(r) * bound;
    }
  }
  return (uint64_t)(product >> 64);
}

double zd_random_unit(zd_random *r) {
  return (double)(zd_random_u64(r) >> 11) * 0x1p-53;
}

zd_err zd_random_bytes(void *p, size_t n) {
  char *at = p;
  while (n) {
    ssize_t got = getrandom(at, n, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return ZD_ERR_IO;
    at += got;
    n -= (size_t)got;
  }
  return ZD_OK;
}
