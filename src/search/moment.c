#include "search/moment.h"

#include "base/clock.h"

typedef struct reader {
  const char *at, *end;
} reader;

/* Exactly `count` digits. */
static bool digits(reader *r, int count, int *value) {
  if (r->end - r->at < count) return false;
  int v = 0;
  for (int i = 0; i < count; i++) {
    char c = r->at[i];
    if (c < '0' || c > '9') return false;
    v = v * 10 + (c - '0');
  }
  r->at += count;
  *value = v;
  return true;
}

static bool accept(reader *r, char c) {
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

static bool leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month) {
  static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && leap(year));
}

/* ".123" as microseconds; *step is the length of its last digit's unit. */
static bool fraction(reader *r, int64_t *micros, int64_t *step) {
  *micros = 0;
  *step = 1000000;
  const char *start = r->at;
  for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
    if (*step == 1) continue;
    *step /= 10;
    *micros += (*r->at - '0') * *step;
  }
  return r->at > start;
}

static bool zone(reader *r, int *minutes) {
  if (accept(r, 'Z')) {
    *minutes = 0;
    return true;
  }
  int sign = 1, hour, minute;
  if (accept(r, '-')) {
    sign = -1;
  } else if (!accept(r, '+') && !accept(r, ' ')) {
    return r->at == r->end; /* none: the caller's zone stands */
  }
  if (!digits(r, 2, &hour) || !accept(r, ':') || !digits(r, 2, &minute)) return false;
  if (hour > 14 || minute > 59) return false;
  *minutes = sign * (hour * 60 + minute);
  return true;
}

/* "10:00[:00[.123]][zone]" after the T. */
static bool time_of_day(reader *r, int64_t *micros, int64_t *length, int *zone_minutes) {
  int hour, minute, second = 0;
  int64_t part = 0;
  *length = 60000000;
  if (!digits(r, 2, &hour) || !accept(r, ':') || !digits(r, 2, &minute)) return false;
  if (accept(r, ':')) {
    if (!digits(r, 2, &second)) return false;
    *length = 1000000;
    if (accept(r, '.') && !fraction(r, &part, length)) return false;
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  *micros = ((hour * 60 + minute) * 60 + second) * INT64_C(1000000) + part;
  return zone(r, zone_minutes) && r->at == r->end;
}

bool zd_moment_read(zd_slice text, int zone_minutes, zd_moment *out) {
  const int64_t day_micros = INT64_C(86400000000);
  reader r = {text.p, text.p + text.n};
  int year, month = 1, day = 1;
  if (!digits(&r, 4, &year) || year == 0) return false;
  int64_t days = 365 + leap(year), micros = 0, length = 0;
  if (accept(&r, '-')) {
    if (!digits(&r, 2, &month) || month < 1 || month > 12) return false;
    days = month_days(year, month);
    if (accept(&r, '-')) {
      if (!digits(&r, 2, &day) || day < 1 || day > days) return false;
      days = 1;
      if (accept(&r, 'T') && !time_of_day(&r, &micros, &length, &zone_minutes)) return false;
    }
  }
  if (r.at != r.end) return false;
  out->low =
      zd_clock_days(year, month, day) * day_micros + micros - (int64_t)zone_minutes * 60000000;
  out->high = out->low + (length ? length : days * day_micros) - 1;
  return true;
}
