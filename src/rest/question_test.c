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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(shapes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
