/* primitive_time.c: date, dateTime, instant, time: FHIR R4's regular expressions plus the real
 * calendar (no 30 February, no 29 February 2023). */
#include "fhir/primitive.h"

/* Reads exactly `digits` digits at *at; -1 when they are not there. */
static int number(zd_slice s, size_t *at, size_t digits) {
  if (s.n - *at < digits) return -1;
  int value = 0;
  for (size_t i = 0; i < digits; i++) {
    unsigned digit = (unsigned char)s.p[*at + i] - (unsigned)'0';
    if (digit > 9) return -1;
    value = value * 10 + (int)digit;
  }
  *at += digits;
  return value;
}

static bool byte(zd_slice s, size_t *at, char c) {
  if (*at >= s.n || s.p[*at] != c) return false;
  ++*at;
  return true;
}

static int days_in_month(int year, int month) {
  static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

/* A date at *at; how many parts it has (1 year, 2 month, 3 day), 0 when it is none. */
static int date(zd_slice s, size_t *at) {
  int year = number(s, at, 4);
  if (year < 1) return 0;
  if (!byte(s, at, '-')) return 1;
  int month = number(s, at, 2);
  if (month < 1 || month > 12) return 0;
  if (!byte(s, at, '-')) return 2;
  int day = number(s, at, 2);
  return day >= 1 && day <= days_in_month(year, month) ? 3 : 0;
}

/* hh:mm:ss with an optional fraction; second 60 is a leap second. */
static bool clock_time(zd_slice s, size_t *at) {
  int hour = number(s, at, 2);
  if (hour < 0 || hour > 23 || !byte(s, at, ':')) return false;
  int minute = number(s, at, 2);
  if (minute < 0 || minute > 59 || !byte(s, at, ':')) return false;
  int second = number(s, at, 2);
  if (second < 0 || second > 60) return false;
  if (!byte(s, at, '.')) return true;
  size_t start = *at;
  while (*at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9') ++*at;
  return *at > start;
}

/* Z or ±hh:mm up to 14:00. */
static bool zone(zd_slice s, size_t *at) {
  if (byte(s, at, 'Z')) return true;
  if (!byte(s, at, '+') && !byte(s, at, '-')) return false;
  int hour = number(s, at, 2);
  if (hour < 0 || hour > 14 || !byte(s, at, ':')) return false;
  int minute = number(s, at, 2);
  return minute >= 0 && minute <= (hour == 14 ? 0 : 59);
}

bool zd_primitive_is_date(zd_slice text) {
  size_t at = 0;
  return date(text, &at) != 0 && at == text.n;
}

static bool with_time(zd_slice text, bool time_needed) {
  size_t at = 0;
  int parts = date(text, &at);
  if (parts == 0) return false;
  if (at == text.n) return !time_needed;
  return parts == 3 && byte(text, &at, 'T') && clock_time(text, &at) && zone(text, &at) &&
         at == text.n;
}

bool zd_primitive_is_datetime(zd_slice text) {
  return with_time(text, false);
}

bool zd_primitive_is_instant(zd_slice text) {
  return with_time(text, true);
}

bool zd_primitive_is_time(zd_slice text) {
  size_t at = 0;
  return clock_time(text, &at) && at == text.n;
}
