#include "store/embedded/index/merge_choice.h"

/* Tiers by rows: below 64 k, 512 k, 4 M, ... */
static unsigned tier_of(uint64_t rows) {
  unsigned tier = 0;
  for (rows >>= 16; rows > 0; rows >>= 3) tier++;
  return tier;
}

/* Small parts beside a huge one are left until they weigh as much: else the huge one would be
 * written again for every handful of them. */
static bool balanced(const uint64_t *rows, size_t n) {
  enum { GROWTH = 4 };
  uint64_t all = 0, largest = 0;
  for (size_t i = 0; i < n; i++) {
    all += rows[i];
    if (rows[i] > largest) largest = rows[i];
  }
  return largest <= all / GROWTH;
}

static uint64_t sum(const uint64_t *rows, size_t n) {
  uint64_t all = 0;
  for (size_t i = 0; i < n; i++) all += rows[i];
  return all;
}

/* Sizes that never balance must not pile up either: the cheapest merge there is. */
static size_t cheapest(const uint64_t *rows, size_t n) {
  size_t best = 0;
  for (size_t i = 1; i + ZD_MERGE_FAN <= n; i++)
    if (sum(rows + i, ZD_MERGE_FAN) < sum(rows + best, ZD_MERGE_FAN)) best = i;
  return best;
}

/* Lowest tier first: small merges are cheap, and what they make waits for its equals. */
bool zd_merge_choose(const uint64_t *rows, size_t n, size_t *first, size_t *count) {
  enum { TIERS = 17 };
  *count = ZD_MERGE_FAN;
  for (unsigned tier = 0; tier < TIERS; tier++) {
    size_t run = 0; /* adjacent parts no larger than the tier, up to the i-th */
    for (size_t i = 0; i < n; i++) {
      run = tier_of(rows[i]) <= tier ? run + 1 : 0;
      *first = i + 1 - ZD_MERGE_FAN;
      if (run >= ZD_MERGE_FAN && balanced(rows + *first, ZD_MERGE_FAN)) return true;
    }
  }
  if (n < ZD_MERGE_MOST) return false;
  *first = cheapest(rows, n);
  return true;
}
