#include "base/testing/dice.h"

#include <stdlib.h>

void zd_testing_dice(zd_random *dice, uint64_t seed, uint64_t stream) {
  const char *text = getenv("ZD_SEED");
  uint64_t other = text ? strtoull(text, NULL, 10) : 0;
  zd_random_seed(dice, seed + other * UINT64_C(0x9E3779B97F4A7C15), stream);
}
