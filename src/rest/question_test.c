/* What took long is remembered by its shape, and no other question for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rest/question.h"

static void shapes(void **state) {
  static zd_question_memory m;
  zd_interaction costly = {.kind = ZD_SEARCH, .type = 7, .query = ZD_S("code=a&date=gt2000")};
  zd_interaction like = {.kind = ZD_SEARCH, .type = 7, .query = ZD_S("code=b&date=lt1999")};
  zd_interaction others[] = {
      {.kind = ZD_SEARCH, .type = 8, .query = ZD_S("code=a&date=gt2000")},
      {.kind = ZD_SEARCH, .type = 7, .query = ZD_S("code=a")},
      {.kind = ZD_SEARCH, .type = 7, .query = ZD_S("")},
      {.kind = ZD_HISTORY, .type = 7, .query = ZD_S("code=a&date=gt2000")},
  };
  (void)state;
  assert_int_equal(zd_question_lane(&m, &costly), ZD_LANE_LOOP);
  zd_question_took(&m, &costly, ZD_LANE_LOOP_NS - 1, true);
  assert_int_equal(zd_question_lane(&m, &costly), ZD_LANE_LOOP);
  zd_question_took(&m, &costly, ZD_LANE_LOOP_NS, true);
  assert_int_equal(zd_question_lane(&m, &costly), ZD_LANE_LOOP);
  zd_question_took(&m, &costly, 0, false); /* twice is enough */
  assert_int_equal(zd_question_lane(&m, &costly), ZD_LANE_SHORT);
  assert_int_equal(zd_question_lane(&m, &like), ZD_LANE_SHORT);
  zd_question_took(&m, &like, ZD_LANE_SHORT_NS / 4, true);
  assert_int_equal(zd_question_lane(&m, &costly), ZD_LANE_SHORT);
  zd_question_took(&m, &like, ZD_LANE_SHORT_NS / 4, false);
  assert_int_equal(zd_question_lane(&m, &costly), ZD_LANE_LONG);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_int_equal(zd_question_lane(&m, &others[i]), ZD_LANE_LOOP);
  zd_interaction read = {.kind = ZD_READ, .type = 7};
  zd_question_took(&m, &read, ZD_LANE_SHORT_NS, true); /* a read is never kept from its loop */
  assert_int_equal(zd_question_lane(&m, &read), ZD_LANE_LOOP);
}

/* Of `n` questions every `nth` is slow: where does the next one start? */
static zd_lane after(unsigned n, unsigned nth) {
  zd_question_memory m = {0};
  zd_interaction in = {.kind = ZD_SEARCH, .type = 7, .query = ZD_S("family=a")};
  for (unsigned i = 1; i <= n; i++)
    zd_question_took(&m, &in, i % nth ? ZD_LANE_LOOP_NS / 20 : ZD_LANE_LOOP_NS * 2, true);
  return zd_question_lane(&m, &in);
}

static void a_slow_one_among_many_quick_ones_sends_nobody_away(void **state) {
  (void)state;
  assert_int_equal(after(10000, 20), ZD_LANE_LOOP);
  assert_int_equal(after(10000, 10), ZD_LANE_LOOP);
  assert_int_equal(after(100, 5), ZD_LANE_SHORT);
  assert_int_equal(after(2, 1), ZD_LANE_SHORT);
}

static void what_belongs_into_the_long_lane_is_told_at_once(void **state) {
  static zd_question_memory m;
  zd_interaction in = {.kind = ZD_SEARCH, .type = 7, .query = ZD_S("family=a")};
  (void)state;
  zd_question_took(&m, &in, ZD_LANE_SHORT_NS, true);
  assert_int_equal(zd_question_lane(&m, &in), ZD_LANE_LONG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shapes),
      cmocka_unit_test(a_slow_one_among_many_quick_ones_sends_nobody_away),
      cmocka_unit_test(what_belongs_into_the_long_lane_is_told_at_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
