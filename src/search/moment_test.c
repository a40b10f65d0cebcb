/* Dates and times as intervals. */
#include "search/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

#define DAY INT64_C(86400000000)

static void what_is_not_said_is_the_whole_of_it(void **state) {
  (void)state;
  int64_t y2024 = zd_clock_days(2024, 1, 1) * DAY, feb = zd_clock_days(2024, 2, 1) * DAY;
  const struct {
    const char *text;
    int64_t low, length;
  } rows[] = {
      {"2024", y2024, 366 * DAY},
      {"2023", zd_clock_days(2023, 1, 1) * DAY, 365 * DAY},
      {"2024-02", feb, 29 * DAY},
      {"2024-02-01", feb, DAY},
      {"2024-02-01T10:00", feb + 36000000000, 60000000},
      {"2024-02-01T10:00:05", feb + 36005000000, 1000000},
      {"2024-02-01T10:00:05.1", feb + 36005100000, 100000},
      {"2024-02-01T10:00:05.123Z", feb + 36005123000, 1000},
      {"2024-02-01T10:00:05.1234567Z", feb + 36005123456, 1},
      {"2024-02-01T10:00:00+03:00", feb + 25200000000, 1000000},
      {"2024-02-01T10:00:00 03:00", feb + 25200000000, 1000000},
      {"2024-02-01T10:00:00-05:30", feb + 55800000000, 1000000},
      {"1969-12-31", -DAY, DAY},
      {"0001", zd_clock_days(1, 1, 1) * DAY, 365 * DAY},
      {"9999-12-31", zd_clock_days(9999, 12, 31) * DAY, DAY},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_moment m;
    assert_true(zd_moment_read(zd_slice_of(rows[i].text), 0, &m));
    assert_int_equal(m.low, rows[i].low);
    assert_int_equal(m.high, rows[i].low + rows[i].length - 1);
  }
}

static void a_text_without_zone_is_in_the_servers(void **state) {
  (void)state;
  zd_moment there, here;
  assert_true(zd_moment_read(ZD_S("2024-02-01"), 180, &there));
  assert_true(zd_moment_read(ZD_S("2024-02-01"), 0, &here));
  assert_int_equal(there.low, here.low - INT64_C(180) * 60000000);
  assert_true(zd_moment_read(ZD_S("2024-02-01T10:00:00Z"), 180, &there));
  assert_true(zd_moment_read(ZD_S("2024-02-01T10:00:00Z"), 0, &here));
  assert_int_equal(there.low, here.low);
}

static void refuses_what_is_no_date(void **state) {
  (void)state;
  static const char *const rows[] = {"",
                                     "24",
                                     "0000",
                                     "2024-13",
                                     "2024-00",
                                     "2023-02-29",
                                     "2024-2-1",
                                     "2024-02-01T",
                                     "2024-02-01T10",
                                     "2024-02-01T24:00",
                                     "2024-02-01T10:60",
                                     "2024-02-01T10:00:00.",
                                     "2024-02-01T10:00:00+3",
                                     "2024-02-01T10:00:00Zz",
                                     "2024-02-01Z",
                                     "20240201",
                                     "2024-"};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_moment m;
    assert_false(zd_moment_read(zd_slice_of(rows[i]), 0, &m));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_not_said_is_the_whole_of_it),
                                     cmocka_unit_test(a_text_without_zone_is_in_the_servers),
                                     cmocka_unit_test(refuses_what_is_no_date)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
