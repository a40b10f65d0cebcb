/* FHIR dates as periods (datatypes.html#dateTime). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rest/period.h"

static void test_periods(void **state) {
  (void)state;
  static const struct {
    const char *text, *from, *last; /* `last`: the last millisecond within */
  } rows[] = {
      {"2024", "2024-01-01T00:00:00.000Z", "2024-12-31T23:59:59.999Z"},
      {"2024-02", "2024-02-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z"},
      {"2023-12", "2023-12-01T00:00:00.000Z", "2023-12-31T23:59:59.999Z"},
      {"2023-02-28", "2023-02-28T00:00:00.000Z", "2023-02-28T23:59:59.999Z"},
      {"2000-02-29", "2000-02-29T00:00:00.000Z", "2000-02-29T23:59:59.999Z"},
      {"2024-05-06T07:08", "2024-05-06T07:08:00.000Z", "2024-05-06T07:08:59.999Z"},
      {"2024-05-06T07:08:09", "2024-05-06T07:08:09.000Z", "2024-05-06T07:08:09.999Z"},
      {"2024-05-06T07:08:09Z", "2024-05-06T07:08:09.000Z", "2024-05-06T07:08:09.999Z"},
      {"2024-05-06T07:08:09.5Z", "2024-05-06T07:08:09.500Z", "2024-05-06T07:08:09.500Z"},
      {"2024-05-06T07:08:09.1239Z", "2024-05-06T07:08:09.123Z", "2024-05-06T07:08:09.123Z"},
      {"2024-05-06T01:30:00+03:00", "2024-05-05T22:30:00.000Z", "2024-05-05T22:30:00.999Z"},
      {"2024-05-06T01:30:00 03:00", "2024-05-05T22:30:00.000Z", "2024-05-05T22:30:00.999Z"},
      {"2024-12-31T23:30:00-01:00", "2025-01-01T00:30:00.000Z", "2025-01-01T00:30:00.999Z"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t from, to;
    char text[24];
    if (!zd_period_parse(zd_slice_of(rows[i].text), &from, &to)) fail_msg("%s", rows[i].text);
    zd_clock_format(from, text);
    assert_memory_equal(text, rows[i].from, 24);
    zd_clock_format(to - 1, text);
    assert_memory_equal(text, rows[i].last, 24);
  }
}

static void test_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "20",
                                      "0000",
                                      "2024-",
                                      "2024-13",
                                      "2024-00",
                                      "2024-2-1",
                                      "2023-02-29",
                                      "1900-02-29",
                                      "2024-04-31",
                                      "2024-01-01T",
                                      "2024-01-01T24:00",
                                      "2024-01-01T10",
                                      "2024-01-01T10:60",
                                      "2024-01-01T10:00:60",
                                      "2024-01-01T10:00:00+15:00",
                                      "2024-01-01T10:00:00+0300",
                                      "2024-01-01T10:00:00Zz",
                                      "2024-01-01 10:00",
                                      "yesterday",
                                      "2024x",
                                      "-024"};
  int64_t from, to;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (zd_period_parse(zd_slice_of(texts[i]), &from, &to)) fail_msg("taken: \"%s\"", texts[i]);
}

static void test_overlap(void **state) {
  (void)state;
  static const struct {
    const char *start, *end, *after, *before; /* NULL: absent */
  } rows[] = {{"2024", "2024", "gt2023-12-31T23:59:59.999Z", "lt2025-01-01T00:00:00.000Z"},
              {"2024-02-29", NULL, "gt2024-02-28T23:59:59.999Z", NULL},
              {NULL, "2024-02-29T10:00+03:00", NULL, "lt2024-02-29T07:01:00.000Z"},
              {"0001", "9999", NULL, NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_arena arena;
    zd_slice got[2];
    zd_arena_init(&arena, 0);
    assert_true(
        zd_period_overlap(zd_slice_of(rows[i].start), zd_slice_of(rows[i].end), &arena, got));
    assert_true(zd_slice_eq(got[0], zd_slice_of(rows[i].after)));
    assert_true(zd_slice_eq(got[1], zd_slice_of(rows[i].before)));
    assert_false(zd_period_overlap(ZD_S("2024-13"), (zd_slice){NULL, 0}, &arena, got));
    zd_arena_free(&arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_periods), cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_overlap)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
