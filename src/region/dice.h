/* dice.h: chance in whole numbers.
 *
 * Byte-reproducible on every machine means no floating point: probabilities are parts per million,
 * deviations are thousandths of a standard deviation, powers come from a table. Two kinds of dice:
 * a zd_random that rolls on, and zd_mix, a hash that answers the same question about the same
 * person again and again (his usual haemoglobin) without storing the answer.
 */
#ifndef ZD_REGION_DICE_H
#define ZD_REGION_DICE_H

#include "base/random.h"

#define ZD_PPM 1000000u

/* Separate dice for separate questions of one seed. */
enum zd_dice_stream {
  ZD_DICE_KIN = 1,
  ZD_DICE_HEALTH,
  ZD_DICE_COURSE,
  ZD_DICE_PERSON,
  ZD_DICE_DIRT,
  ZD_DICE_PLACES,
  ZD_DICE_STAFF
};

static inline void zd_dice_seed(zd_random *r, uint64_t seed, enum zd_dice_stream s, uint64_t i) {
  zd_random_seed(r, seed, ((uint64_t)s << 40) + i);
}

/* Uniform in [0, bound): multiply and shift; the bias of 2^-32 does not matter here. */
static inline uint32_t zd_dice_below(zd_random *r, uint32_t bound) {
  return (uint32_t)(((zd_random_u64(r) >> 32) * bound) >> 32);
}

static inline bool zd_dice_chance(zd_random *r, uint32_t ppm) {
  return zd_dice_below(r, ZD_PPM) < ppm;
}

/* Uniform in [low, high]. */
static inline int32_t zd_dice_between(zd_random *r, int32_t low, int32_t high) {
  return low + (int32_t)zd_dice_below(r, (uint32_t)(high - low + 1));
}

/* Index into `count` weights, in proportion. */
unsigned zd_dice_pick(zd_random *r, const uint16_t *weights, unsigned count);
/* Index into ascending running sums; the last is the total. */
unsigned zd_dice_cumulative(zd_random *r, const uint32_t *sums, unsigned count);
/* Events when `mean_milli` thousandths are expected; mean at most 16. */
unsigned zd_dice_poisson(zd_random *r, uint32_t mean_milli);

/* Standard normal in thousandths, of 32 random bits; within +-3.3 sigma. */
int32_t zd_dice_quantile(uint32_t bits);
static inline int32_t zd_dice_normal(zd_random *r) {
  return zd_dice_quantile((uint32_t)(zd_random_u64(r) >> 32));
}

/* 64 well-mixed bits of two numbers (splitmix64's finaliser, Steele, Lea, Flood 2014). */
static inline uint64_t zd_mix(uint64_t a, uint64_t b) {
  uint64_t z = a * 0x9E3779B97F4A7C15u + b + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* 2^(x / 65536) * 65536, for x within +-15 * 65536. */
uint64_t zd_dice_exp2(int32_t x);
/* log2(v / 65536) * 65536, v > 0. */
int32_t zd_dice_log2(uint64_t v);

#endif
