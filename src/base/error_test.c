#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/error.h"

static void every_code_has_its_own_name(void **state) {
  (void)state;
  for (int a = ZD_OK; a <= ZD_ERR_INTERNAL; a++) {
    assert_string_not_equal(zd_err_name((zd_err)a), "unknown");
    for (int b = ZD_OK; b < a; b++) {
      assert_string_not_equal(zd_err_name((zd_err)a), zd_err_name((zd_err)b));
    }
  }
  assert_string_equal(zd_err_name((zd_err)99), "unknown");
}

static void a_fault_carries_code_and_text(void **state) {
  (void)state;
  zd_fault fault;
  assert_int_equal(zd_fail(&fault, ZD_ERR_INVALID, "%s: %d", "no", 3), ZD_ERR_INVALID);
  assert_int_equal(fault.code, ZD_ERR_INVALID);
  assert_string_equal(fault.text, "no: 3");
  assert_int_equal(zd_fail(NULL, ZD_ERR_GONE, "nobody listens"), ZD_ERR_GONE);
}

static void long_texts_are_cut_not_overrun(void **state) {
  (void)state;
  char longest[2000];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  zd_fault fault;
  zd_fail(&fault, ZD_ERR_IO, "%s", longest);
  assert_int_equal(strlen(fault.text), sizeof fault.text - 1);
  errno = EIO;
  zd_fail_errno(&fault, "%s", longest);
  assert_int_equal(strlen(fault.text), sizeof fault.text - 1);
}

static void errno_chooses_the_code_and_explains(void **state) {
  (void)state;
  const struct {
    int number;
    zd_err code;
  } cases[] = {{ENOSPC, ZD_ERR_FULL},
               {EDQUOT, ZD_ERR_FULL},
               {ENOMEM, ZD_ERR_MEMORY},
               {EIO, ZD_ERR_IO},
               {EACCES, ZD_ERR_IO}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    zd_fault fault;
    errno = cases[i].number;
    assert_int_equal(zd_fail_errno(&fault, "cannot open %s", "x"), cases[i].code);
    assert_int_equal(fault.code, cases[i].code);
    assert_memory_equal(fault.text, "cannot open x: ", 15);
    assert_string_equal(fault.text + 15, strerror(cases[i].number));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_has_its_own_name),
      cmocka_unit_test(a_fault_carries_code_and_text),
      cmocka_unit_test(long_texts_are_cut_not_overrun),
      cmocka_unit_test(errno_chooses_the_code_and_explains),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
