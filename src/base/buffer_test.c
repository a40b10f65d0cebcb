#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/testing/scarcity.h"

static void appends_arrive_in_order(void **state) {
  (void)state;
  zd_buffer b;
  zd_buffer_init(&b, 0);
  zd_buffer_add(&b, "ab", 2);
  zd_buffer_add_char(&b, 'c');
  zd_buffer_add_slice(&b, ZD_S("de"));
  zd_buffer_add_slice(&b, (zd_slice){NULL, 0});
  zd_buffer_add_u64(&b, 0);
  zd_buffer_add_u64(&b, UINT64_MAX);
  zd_buffer_printf(&b, "-%s-%d", "x", 5);
  assert_true(zd_slice_eq(zd_buffer_slice(&b), ZD_S("abcde018446744073709551615-x-5")));
  assert_int_equal(zd_buffer_error(&b), ZD_OK);
  zd_buffer_free(&b);
}

static void an_empty_buffer_is_an_empty_slice_not_an_absent_one(void **state) {
  (void)state;
  zd_buffer b;
  zd_buffer_init(&b, 0);
  assert_non_null(zd_buffer_slice(&b).p);
  assert_int_equal(zd_buffer_slice(&b).n, 0);
  zd_buffer_free(&b);
}

static void many_bytes_survive_growth(void **state) {
  (void)state;
  zd_buffer b;
  zd_buffer_init(&b, 0);
  for (unsigned i = 0; i < 200000; i++) zd_buffer_add_char(&b, (char)(i % 251));
  assert_int_equal(b.n, 200000);
  for (unsigned i = 0; i < b.n; i++) assert_int_equal((unsigned char)b.p[i], i % 251);
  zd_buffer_free(&b);
}

static void beyond_the_limit_nothing_is_added_and_the_failure_stays(void **state) {
  (void)state;
  zd_buffer b;
  zd_buffer_init(&b, 10);
  zd_buffer_add_slice(&b, ZD_S("12345678"));
  zd_buffer_add_slice(&b, ZD_S("9ab"));
  zd_buffer_add_slice(&b, ZD_S("9")); /* would fit, but a hole must not go unnoticed */
  assert_true(zd_slice_eq(zd_buffer_slice(&b), ZD_S("12345678")));
  assert_int_equal(zd_buffer_error(&b), ZD_ERR_LIMIT);
  zd_buffer_clear(&b);
  zd_buffer_add_slice(&b, ZD_S("0123456789"));
  assert_int_equal(zd_buffer_error(&b), ZD_OK);
  assert_int_equal(b.n, 10);
  assert_false(zd_buffer_reserve(&b, SIZE_MAX));
  zd_buffer_free(&b);
}

static void printed_text_may_fill_the_limit_exactly(void **state) {
  (void)state;
  zd_buffer b;
  zd_buffer_init(&b, 5);
  zd_buffer_printf(&b, "%s", "");
  zd_buffer_printf(&b, "%d", 12345);
  assert_true(zd_slice_eq(zd_buffer_slice(&b), ZD_S("12345")));
  assert_int_equal(zd_buffer_error(&b), ZD_OK);
  zd_buffer_printf(&b, "%d", 6);
  assert_int_equal(zd_buffer_error(&b), ZD_ERR_LIMIT);
  zd_buffer_free(&b);
}

static void memory_running_out_is_told_from_the_limit(void **state) {
  (void)state;
  zd_buffer b;
  zd_buffer_init(&b, 1 << 20);
  zd_scarcity_begin(2);
  for (int i = 0; i < 1000; i++) zd_buffer_add_char(&b, 'x');
  assert_true(zd_scarcity_end());
  assert_int_equal(zd_buffer_error(&b), ZD_ERR_MEMORY);
  assert_int_equal(b.n, 256); /* what it had is kept */
  zd_buffer_free(&b);
}

static void json_text_is_escaped(void **state) {
  (void)state;
  const struct {
    zd_slice in, out;
  } cases[] = {
      {ZD_S(""), ZD_S("")},
      {ZD_S("plain Ж"), ZD_S("plain Ж")},
      {ZD_S("say \"no\""), ZD_S("say \\\"no\\\"")},
      {ZD_S("a\\b"), ZD_S("a\\\\b")},
      {ZD_S("\b\t\n\f\r"), ZD_S("\\b\\t\\n\\f\\r")},
      {ZD_S("\x01\x1f\x7f"), ZD_S("\\u0001\\u001f\x7f")},
      {{"\0", 1}, ZD_S("\\u0000")},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    zd_buffer b;
    zd_buffer_init(&b, 0);
    zd_buffer_add_json(&b, cases[i].in);
    assert_true(zd_slice_eq(zd_buffer_slice(&b), cases[i].out));
    zd_buffer_free(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(appends_arrive_in_order),
      cmocka_unit_test(an_empty_buffer_is_an_empty_slice_not_an_absent_one),
      cmocka_unit_test(many_bytes_survive_growth),
      cmocka_unit_test(beyond_the_limit_nothing_is_added_and_the_failure_stays),
      cmocka_unit_test(printed_text_may_fill_the_limit_exactly),
      cmocka_unit_test(memory_running_out_is_told_from_the_limit),
      cmocka_unit_test(json_text_is_escaped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
