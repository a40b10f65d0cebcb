#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/slice.h"

static void equality_and_order_are_bytewise(void **state) {
  (void)state;
  assert_true(zd_slice_eq(ZD_S("ab"), ZD_S("ab")));
  assert_false(zd_slice_eq(ZD_S("ab"), ZD_S("abc")));
  assert_true(zd_slice_eq((zd_slice){NULL, 0}, ZD_S("")));
  assert_true(zd_slice_cmp(ZD_S("a"), ZD_S("ab")) < 0);
  assert_true(zd_slice_cmp(ZD_S("b"), ZD_S("ab")) > 0);
  assert_true(zd_slice_cmp(ZD_S("\xff"), ZD_S("a")) > 0); /* bytes are unsigned */
  assert_int_equal(zd_slice_cmp((zd_slice){NULL, 0}, ZD_S("")), 0);
}

static void prefixes_and_suffixes(void **state) {
  (void)state;
  assert_true(zd_slice_starts(ZD_S("Patient/1"), ZD_S("Patient/")));
  assert_true(zd_slice_starts(ZD_S("x"), ZD_S("")));
  assert_false(zd_slice_starts(ZD_S("Pat"), ZD_S("Patient")));
  assert_true(zd_slice_ends(ZD_S("a.json.gz"), ZD_S(".gz")));
  assert_true(zd_slice_ends((zd_slice){NULL, 0}, ZD_S("")));
  assert_false(zd_slice_ends(ZD_S("gz"), ZD_S(".gz")));
}

static void parts_and_finds_stay_inside(void **state) {
  (void)state;
  assert_true(zd_slice_eq(zd_slice_from(ZD_S("abc"), 1), ZD_S("bc")));
  assert_int_equal(zd_slice_from(ZD_S("abc"), 9).n, 0);
  assert_int_equal(zd_slice_from((zd_slice){NULL, 0}, 1).n, 0);
  assert_int_equal(zd_slice_find(ZD_S("a|b"), '|'), 1);
  assert_int_equal(zd_slice_find(ZD_S("ab"), '|'), 2);
  assert_int_equal(zd_slice_find((zd_slice){NULL, 0}, '|'), 0);
  assert_null(zd_slice_of(NULL).p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equality_and_order_are_bytewise),
      cmocka_unit_test(prefixes_and_suffixes),
      cmocka_unit_test(parts_and_finds_stay_inside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
