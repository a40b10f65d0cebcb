#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/random.h"

/* The same stream on every machine and in every version: data made from a seed depend on it. */
static void a_seed_gives_the_same_stream_for_ever(void **state) {
  (void)state;
  zd_random r;
  zd_random_seed(&r, 42, 0);
  const uint64_t expected[] = {0x1ff785474f113b15u, 0x4b7867ceff5d8325u, 0x90ca7a95a9909966u};
  for (size_t i = 0; i < 3; i++) assert_true(zd_random_u64(&r) == expected[i]);
}

static void streams_of_one_seed_differ(void **state) {
  (void)state;
  for (uint64_t stream = 1; stream < 100; stream++) {
    zd_random a, b;
    zd_random_seed(&a, 42, 0);
    zd_random_seed(&b, 42, stream);
    for (int i = 0; i < 4; i++) assert_true(a.s[i] != b.s[i]);
    assert_true(zd_random_u64(&a) != zd_random_u64(&b));
  }
}

static void below_is_uniform_and_in_bounds(void **state) {
  (void)state;
  zd_random r;
  zd_random_seed(&r, 1, 0);
  assert_int_equal(zd_random_below(&r, 0), 0);
  assert_int_equal(zd_random_below(&r, 1), 0);
  unsigned count[6] = {0};
  for (int i = 0; i < 600000; i++) count[zd_random_below(&r, 6)]++;
  /* Six standard deviations of a binomial: 6 * sqrt(600000 * 1/6 * 5/6). */
  for (int i = 0; i < 6; i++) assert_in_range(count[i], 100000 - 1733, 100000 + 1733);
  for (int i = 0; i < 1000; i++) assert_true(zd_random_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void unit_has_its_moments(void **state) {
  (void)state;
  zd_random r;
  zd_random_seed(&r, 2, 0);
  double unit = 0;
  enum { N = 200000 };
  for (int i = 0; i < N; i++) {
    double u = zd_random_unit(&r);
    assert_true(u >= 0 && u < 1);
    unit += u;
  }
  assert_true(fabs(unit / N - 0.5) < 0.005);
}

static void the_kernel_gives_bytes(void **state) {
  (void)state;
  unsigned char a[64] = {0}, b[64] = {0};
  assert_int_equal(zd_random_bytes(a, sizeof a), ZD_OK);
  assert_int_equal(zd_random_bytes(b, sizeof b), ZD_OK);
  assert_memory_not_equal(a, b, sizeof a);
  assert_int_equal(zd_random_bytes(NULL, 0), ZD_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_seed_gives_the_same_stream_for_ever),
      cmocka_unit_test(streams_of_one_seed_differ),
      cmocka_unit_test(below_is_uniform_and_in_bounds),
      cmocka_unit_test(unit_has_its_moments),
      cmocka_unit_test(the_kernel_gives_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
