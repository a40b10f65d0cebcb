#include "base/clock.h"

#include <time.h>

enum { MS_PER_DAY = 86400000 };

static int64_t system_now(void *state) {
  (void)state;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

zd_clock zd_clock_system(void) {
  return (zd_clock){.now_ms = system_now};
}

uint64_t zd_clock_monotonic_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Both conversions count in eras of 400 years (146,097 days) whose years begin in March, so that
 * the leap day is the last of its year: Howard Hinnant, "chrono-compatible low-level date
 * algorithms", 2013. */
int64_t zd_clock_days(int year, int month, int day) {
  int64_t y = (int64_t)year - (month <= 2);
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t year_of_era = y - era * 400;
  int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

void zd_clock_date(int64_t days, int *year, int *month, int *day) {
  int64_t z = days + 719468;
  int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  int64_t doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  *day = (int)(doy - (153 * mp + 2) / 5 + 1);
  *month = (int)(mp < 10 ? mp + 3 : mp - 9);
  *year = (int)(yoe + era * 400 + (*month <= 2));
}

/* `value` in decimal, zero-padded to `width`, at `text`. */
static inline void put_digits(char *text, int width, uint32_t value) {
  for (int i = width - 1; i >= 0; i--) {
    text[i] = (char)('0' + value % 10);
    value /= 10;
  }
}

void zd_clock_format(int64_t ms, char text[24]) {
  int64_t days = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0);
  uint32_t rest = (uint32_t)(ms - days * MS_PER_DAY);
  int year, month, day;
  zd_clock_date(days, &year, &month, &day);
  memcpy(text, "0000-00-00T00:00:00.000Z", 24);
  put_digits(text, 4, (uint32_t)year);
  put_digits(text + 5, 2, (uint32_t)month);
  put_digits(text + 8, 2, (uint32_t)day);
  put_digits(text + 11, 2, rest / 3600000);
  put_digits(text + 14, 2, rest / 60000 % 60);
  put_digits(text + 17, 2, rest / 1000 % 60);
  put_digits(text + 20, 3, rest % 1000);
}
