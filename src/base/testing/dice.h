/* dice.h: the same dice every day, others on request. For tests only.
 *
 * A property test throws the same dice at every run, so that a failure repeats. A long run sets
 * ZD_SEED to a new number each time and so sees other worlds; what it finds repeats with that
 * number:
 *
 *   ZD_SEED=1234 build/release/search_store_test
 */
#ifndef ZD_BASE_TESTING_DICE_H
#define ZD_BASE_TESTING_DICE_H

#include "base/random.h"

/* zd_random_seed, with ZD_SEED (0 when it is not set) mixed into the seed. */
void zd_testing_dice(zd_random *dice, uint64_t seed, uint64_t stream);

#endif
