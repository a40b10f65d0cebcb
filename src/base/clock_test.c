#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "base/clock.h"

static void assert_formats(int64_t ms, const char *text) {
  char got[25] = {0};
  zd_clock_format(ms, got);
  assert_string_equal(got, text);
}

static void instants_are_written_in_utc_with_milliseconds(void **state) {
  (void)state;
  assert_formats(0, "1970-01-01T00:00:00.000Z");
  assert_formats(-1, "1969-12-31T23:59:59.999Z");
  assert_formats(1795308300123, "2026-11-22T00:45:00.123Z");
  assert_formats(951782399999, "2000-02-28T23:59:59.999Z");
  assert_formats(951782400000, "2000-02-29T00:00:00.000Z");
  assert_formats(-62135596800000, "0001-01-01T00:00:00.000Z");
  assert_formats(253402300799999, "9999-12-31T23:59:59.999Z");
}

/* A naive oracle: walk every day of the calendar. */
static void dates_and_day_numbers_agree_from_year_1_to_9999(void **state) {
  (void)state;
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t number = -719162;
  for (int y = 1; y <= 9999; y++) {
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    for (int m = 1; m <= 12; m++) {
      int last = lengths[m - 1] + (m == 2 && leap);
      for (int d = 1; d <= last; d++, number++) {
        int year, month, day;
        zd_clock_date(number, &year, &month, &day);
        if (zd_clock_days(y, m, d) != number || year != y || month != m || day != d) {
          fail_msg("%04d-%02d-%02d is not day %lld", y, m, d, (long long)number);
        }
      }
    }
  }
  assert_int_equal(zd_clock_days(1970, 1, 1), 0);
}

static void the_system_clock_is_now(void **state) {
  (void)state;
  int64_t before = (int64_t)time(NULL) * 1000;
  int64_t now = zd_clock_now(zd_clock_system());
  assert_in_range(now, before - 1000, before + 60000);
  uint64_t a = zd_clock_monotonic_ns(), b = zd_clock_monotonic_ns();
  assert_true(a <= b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(instants_are_written_in_utc_with_milliseconds),
      cmocka_unit_test(dates_and_day_numbers_agree_from_year_1_to_9999),
      cmocka_unit_test(the_system_clock_is_now),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
