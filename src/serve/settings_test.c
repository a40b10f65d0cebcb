/* The settings file: what it takes, what it refuses, what waits for a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/settings.h"

static zd_err read_text(const char *text, zd_settings *s, zd_fault *fault) {
  char path[] = "/tmp/zdravo-settings-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
  zd_err err = zd_settings_read(path, s, fault);
  unlink(path);
  return err;
}

static void test_defaults(void **state) {
  (void)state;
  zd_settings s;
  zd_settings_init(&s, ZD_LOG_WARN);
  assert_int_equal(s.log_level, ZD_LOG_WARN);
  assert_int_equal(s.query_ms, 30000);
  assert_int_equal(s.page_default, 50);
  assert_int_equal(s.body_limit_mb, 1024);
  assert_int_equal(s.resource_limit_mb, 64);
  assert_string_equal(s.cors_origins, "");
}

static void test_takes(void **state) {
  (void)state;
  zd_settings s;
  zd_settings_init(&s, ZD_LOG_INFO);
  assert_int_equal(read_text("# a comment\r\n\n log-level = debug # another\nquery-ms=500\n"
                             "cors-origins = https://a.example  http://localhost:3000",
                             &s, NULL),
                   ZD_OK);
  assert_int_equal(s.log_level, ZD_LOG_DEBUG);
  assert_int_equal(s.query_ms, 500);
  assert_int_equal(s.page_default, 50);
  assert_string_equal(s.cors_origins, "https://a.example  http://localhost:3000");
}

static void test_refuses_as_a_whole(void **state) {
  (void)state;
  static const struct {
    const char *text, *why;
  } rows[] = {{"log-level = loud", ":1: log-level is debug"},
              {"query-ms = 1000\nquery-ms = 2000", ":2: query-ms is set twice"},
              {"query-ms = 9", "from 10 to 600000"},
              {"query-ms = -1", "whole number"},
              {"query-ms = 99999999999999999999", "whole number"},
              {"query-ms", "whole number"},
              {"\ncolour = red", ":2: unknown setting \"colour\"; known: log-level, query-ms"},
              {"cors-origins = portal.example", "is no origin"},
              {"cors-origins = https://portal.example/path", "is no origin"},
              {"= 7", "unknown setting"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_settings s, before;
    zd_fault fault = {0};
    zd_settings_init(&before, ZD_LOG_INFO);
    s = before;
    char text[200];
    snprintf(text, sizeof text, "%s\n", rows[i].text);
    assert_int_equal(read_text(text, &s, &fault), ZD_ERR_INVALID);
    if (!strstr(fault.text, rows[i].why)) fail_msg("\"%s\" in \"%s\"", rows[i].why, fault.text);
    assert_memory_equal(&s, &before, sizeof s);
  }
}

static void test_waiting(void **state) {
  (void)state;
  zd_settings a, b;
  zd_settings_init(&a, ZD_LOG_INFO);
  b = a;
  b.log_level = ZD_LOG_ERROR;
  b.query_ms = 1;
  b.page_default = 7;
  assert_null(zd_settings_waiting(&a, &b));
  b.body_limit_mb++;
  assert_string_equal(zd_settings_waiting(&a, &b), "body-limit-mb");
  b = a;
  strcpy(b.cors_origins, "*");
  assert_string_equal(zd_settings_waiting(&a, &b), "cors-origins");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_defaults), cmocka_unit_test(test_takes),
                                     cmocka_unit_test(test_refuses_as_a_whole),
                                     cmocka_unit_test(test_waiting)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
