/* merge_choice_test.c: whatever sizes come, few parts stay and little is written again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/testing/dice.h"
#include "store/embedded/index/merge_choice.h"

enum { MOST = 512 };

typedef struct shelf {
  uint64_t rows[MOST];
  size_t n;
  uint64_t all, written_again;
} shelf;

static void put(shelf *s, uint64_t rows) {
  size_t first, count;
  assert_true(s->n < MOST);
  s->rows[s->n++] = rows;
  s->all += rows;
  while (zd_merge_choose(s->rows, s->n, &first, &count)) {
    uint64_t sum = 0;
    assert_true(count > 1 && first + count <= s->n);
    for (size_t i = 0; i < count; i++) sum += s->rows[first + i];
    s->rows[first] = sum;
    memmove(s->rows + first + 1, s->rows + first + count, (s->n - first - count) * sizeof *s->rows);
    s->n -= count - 1;
    s->written_again += sum;
  }
}

static void small_parts_leave_a_huge_one_alone(void **state) {
  shelf s = {0};
  (void)state;
  put(&s, 10000000);
  for (int i = 0; i < 60; i++) put(&s, 16384);
  assert_int_equal(s.rows[0], 10000000);
  assert_true(s.written_again <= 3 * (s.all - 10000000));
  assert_true(s.n <= 20);
}

static void equal_parts_are_written_again_as_often_as_tiers_say(void **state) {
  shelf s = {0};
  (void)state;
  for (int i = 0; i < 8 * 8 * 8 * 8; i++) put(&s, 16384);
  assert_true(s.n <= 16);
  assert_true(s.written_again <= 5 * s.all);
}

/* log2(all / one) is over 20; what random sizes cost lies far below. */
static void any_sizes_stay_few_and_cheap(void **state) {
  zd_random dice;
  (void)state;
  zd_testing_dice(&dice, 71, 0);
  for (int round = 0; round < 200; round++) {
    shelf s = {0};
    for (int i = 0; i < 1500; i++) {
      unsigned bits = (unsigned)zd_random_below(&dice, 18);
      put(&s, 1 + zd_random_below(&dice, (uint64_t)1 << bits));
      assert_true(s.n < ZD_MERGE_MOST);
    }
    assert_true(s.written_again <= 8 * s.all);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(small_parts_leave_a_huge_one_alone),
      cmocka_unit_test(equal_parts_are_written_again_as_often_as_tiers_say),
      cmocka_unit_test(any_sizes_stay_few_and_cheap)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
