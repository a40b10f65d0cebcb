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
  assert_false(zd_question_is_long(&m, &costly));
  zd_question_was_long(&m, &costly);
  assert_true(zd_question_is_long(&m, &costly));
  assert_true(zd_question_is_long(&m, &like));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(zd_question_is_long(&m, &others[i]));
  zd_interaction read = {.kind = ZD_READ, .type = 7};
  zd_question_was_long(&m, &read); /* a read is never kept from its loop */
  assert_false(zd_question_is_long(&m, &read));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(shapes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
