/* What an import remembers: whole files, parts of files, and nothing of a torn line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "bulk/import.h"

static void test_state(void **state) {
  (void)state;
  char path[] = "/tmp/zdravo-state-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  zd_import_state *s;
  char one_name[] = "in/a b.ndjson", two_name[] = "in/ж.json";
  zd_source_file one = {.path = one_name, .size = 10, .modified = 5};
  zd_source_file two = {.path = two_name, .size = 7, .modified = -1};
  assert_int_equal(zd_import_state_open(path, &s, NULL), ZD_OK);
  assert_int_equal(zd_import_state_done(s, &one), 0);
  assert_int_equal(zd_import_state_mark(s, &one, 4, false, NULL), ZD_OK);
  assert_int_equal(zd_import_state_mark(s, &one, 8, false, NULL), ZD_OK);
  assert_int_equal(zd_import_state_mark(s, &two, 0, true, NULL), ZD_OK);
  zd_import_state_close(s);
  FILE *torn = fopen(path, "a");
  assert_non_null(torn);
  fputs("999\t10\t5\tin/a b.nd", torn); /* the power went here */
  fclose(torn);
  for (int round = 0; round < 2; round++) {
    assert_int_equal(zd_import_state_open(path, &s, NULL), ZD_OK);
    assert_int_equal(zd_import_state_done(s, &one), round ? 10 : 8);
    assert_int_equal(zd_import_state_done(s, &two), UINT64_MAX);
    one.size++; /* another file by now */
    assert_int_equal(zd_import_state_done(s, &one), 0);
    one.size--;
    one.modified++;
    assert_int_equal(zd_import_state_done(s, &one), 0);
    one.modified--;
    assert_int_equal(zd_import_state_mark(s, &one, 10, false, NULL), ZD_OK);
    zd_import_state_close(s);
  }
  unlink(path);
}

static void test_unwritable(void **state) {
  (void)state;
  zd_import_state *s;
  zd_fault fault = {0};
  assert_int_equal(zd_import_state_open("/tmp/zdravo-no-such-folder/x", &s, &fault), ZD_ERR_IO);
  assert_non_null(strstr(fault.text, "cannot write"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_state),
                                     cmocka_unit_test(test_unwritable)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
