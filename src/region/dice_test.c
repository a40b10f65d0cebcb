/* Whole-number mathematics against the C library's floating point. */
#include "region/dice.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void powers_and_logarithms_agree_with_libm(void **state) {
  (void)state;
  for (int32_t x = -8 * 65536; x < 14 * 65536; x += 1237) {
    double want = exp2(x / 65536.0) * 65536.0, got = (double)zd_dice_exp2(x);
    assert_true(fabs(got - want) <= 1 + want * 0.0001);
  }
  for (uint64_t v = 3; v < UINT64_C(1) << 40; v = v * 5 / 3 + 1) {
    double want = log2((double)v / 65536.0);
    assert_true(fabs(zd_dice_log2(v) / 65536.0 - want) < 0.0001);
  }
}

static void normal_has_mean_zero_and_unit_spread(void **state) {
  (void)state;
  zd_random dice;
  zd_random_seed(&dice, 1, 1);
  double sum = 0, squares = 0;
  enum { ROLLS = 400000 };
  for (int i = 0; i < ROLLS; i++) {
    double v = zd_dice_normal(&dice) / 1000.0;
    sum += v;
    squares += v * v;
  }
  assert_true(fabs(sum / ROLLS) < 0.01);
  assert_true(fabs(sqrt(squares / ROLLS) - 1) < 0.02);
}

static void poisson_has_its_mean_and_variance(void **state) {
  (void)state;
  static const uint32_t mean[] = {3, 60, 540, 2133, 5800, 12000};
  zd_random dice;
  zd_random_seed(&dice, 2, 2);
  for (size_t k = 0; k < sizeof mean / sizeof *mean; k++) {
    double sum = 0, squares = 0, want = mean[k] / 1000.0;
    enum { ROLLS = 200000 };
    for (int i = 0; i < ROLLS; i++) {
      double v = zd_dice_poisson(&dice, mean[k]);
      sum += v;
      squares += v * v;
    }
    double got = sum / ROLLS, variance = squares / ROLLS - got * got;
    assert_true(fabs(got - want) < 5 * sqrt(want / ROLLS) + want * 0.001);
    assert_true(fabs(variance - want) < want * 0.08);
  }
}

static void picks_follow_their_weights(void **state) {
  (void)state;
  static const uint16_t weight[] = {5, 0, 20, 75};
  static const uint32_t sums[] = {5, 5, 25, 100};
  zd_random dice;
  zd_random_seed(&dice, 3, 3);
  int by_weight[4] = {0}, by_sum[4] = {0};
  for (int i = 0; i < 100000; i++) {
    by_weight[zd_dice_pick(&dice, weight, 4)]++;
    by_sum[zd_dice_cumulative(&dice, sums, 4)]++;
  }
  for (int i = 0; i < 4; i++) {
    assert_in_range(by_weight[i], weight[i] * 950, weight[i] * 1050);
    assert_in_range(by_sum[i], weight[i] * 950, weight[i] * 1050);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(powers_and_logarithms_agree_with_libm),
      cmocka_unit_test(normal_has_mean_zero_and_unit_spread),
      cmocka_unit_test(poisson_has_its_mean_and_variance),
      cmocka_unit_test(picks_follow_their_weights),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
