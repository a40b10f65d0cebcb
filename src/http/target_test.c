/* Percent-decoding, against a table and against its own inverse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <stdio.h>
#include <cmocka.h>

#include "http/http.h"

static void texts_are_decoded(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool form;
    const char *decoded; /* NULL: malformed */
  } rows[] = {
      {"", false, ""},
      {"abc", false, "abc"},
      {"a%20b", false, "a b"},
      {"a+b", false, "a+b"},
      {"a+b", true, "a b"},
      {"%2B", true, "+"},
      {"%d0%B0", false, "\u0430"},
      {"%", false, NULL},
      {"%4", false, NULL},
      {"%4x", false, NULL},
      {"%x4", false, NULL},
      {"a%", false, NULL},
      {"%%41", false, NULL},
      {"%41%42", false, "AB"},
      {"%4", true, NULL},
      {"%\x10\x10", false, NULL},
      {"%7C", false, "|"},
  };
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_slice out = zd_http_decode(zd_slice_of(rows[i].text), rows[i].form, &arena);
    if (!rows[i].decoded != !out.p) fail_msg("%s", rows[i].text);
    if (out.p) assert_true(zd_slice_eq(out, zd_slice_of(rows[i].decoded)));
  }
  zd_arena_free(&arena);
}

static void every_byte_comes_back(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (int c = 0; c < 256; c++) {
    char text[8];
    snprintf(text, sizeof text, "%%%02x", (unsigned)c);
    zd_slice out = zd_http_decode(zd_slice_of(text), false, &arena);
    assert_int_equal(out.n, 1);
    assert_int_equal((unsigned char)out.p[0], c);
  }
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_decoded),
      cmocka_unit_test(every_byte_comes_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
