/* moment.c: reading, writing and comparing dates and times */
#include "fhirpath/moment.h"

#include "base/clock.h"

/* ---- reading ---- */

typedef struct reader {
  const char *p, *end;
} reader;

/* Exactly n digits. */
static bool take_digits(reader *r, int n, int *out) {
  if (r->end - r->p < n) return false;
  int value = 0;
  for (int i = 0; i < n; i++) {
    if (r->p[i] < '0' || r->p[i] > '9') return false;
    value = value * 10 + (r->p[i] - '0');
  }
  r->p += n;
  *out = value;
  return true;
}

static bool take_char(reader *r, char c) {
  if (r->p >= r->end || *r->p != c) return false;
  r->p++;
  return true;
}

static int days_in(int year, int month) {
  static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap);
}

static bool take_date(reader *r, zd_fp_moment *m) {
  int year, month = 1, day = 1;
  if (!take_digits(r, 4, &year) || year < 1) return false;
  m->precision = ZD_FP_YEAR;
  if (take_char(r, '-')) {
    if (!take_digits(r, 2, &month) || month < 1 || month > 12) return false;
    m->precision = ZD_FP_MONTH;
    if (take_char(r, '-')) {
      if (!take_digits(r, 2, &day) || day < 1 || day > days_in(year, month)) return false;
      m->precision = ZD_FP_DAY;
    }
  }
  m->year = (int16_t)year;
  m->month = (uint8_t)month;
  m->day = (uint8_t)day;
  return true;
}

static bool take_fraction(reader *r, zd_fp_moment *m) {
  int n = 0;
  int32_t nano = 0;
  for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++, n++) {
    if (n == 9) return false;
    nano = nano * 10 + (*r->p - '0');
  }
  m->fraction = (uint8_t)n;
  for (int i = n; i < 9; i++) nano *= 10;
  m->nano = nano;
  return n > 0;
}

static bool take_time(reader *r, zd_fp_moment *m) {
  int hour, minute = 0, second = 0;
  if (!take_digits(r, 2, &hour) || hour > 23) return false;
  m->precision = ZD_FP_HOUR;
  if (take_char(r, ':')) {
    if (!take_digits(r, 2, &minute) || minute > 59) return false;
    m->precision = ZD_FP_MINUTE;
    if (take_char(r, ':')) {
      if (!take_digits(r, 2, &second) || second > 59) return false;
      m->precision = ZD_FP_SECOND;
      if (take_char(r, '.') && !take_fraction(r, m)) return false;
    }
  }
  m->hour = (uint8_t)hour;
  m->minute = (uint8_t)minute;
  m->second = (uint8_t)second;
  return true;
}

static bool take_zone(reader *r, zd_fp_moment *m) {
  if (r->p == r->end) return true;
  m->zoned = true;
  if (take_char(r, 'Z')) return true;
  bool west = *r->p == '-';
  int hour, minute;
  if (!take_char(r, '+') && !take_char(r, '-')) return false;
  if (!take_digits(r, 2, &hour) || !take_char(r, ':') || !take_digits(r, 2, &minute)) return false;
  if (hour > 14 || minute > 59) return false;
  m->offset = (int16_t)((hour * 60 + minute) * (west ? -1 : 1));
  return true;
}

static const zd_fp_moment nothing = {.year = 1, .month = 1, .day = 1};

bool zd_fp_moment_read_date(zd_slice text, zd_fp_moment *out) {
  reader r = {text.p, text.p + text.n};
  *out = nothing;
  return text.n && take_date(&r, out) && r.p == r.end;
}

bool zd_fp_moment_read_datetime(zd_slice text, bool bare_t, zd_fp_moment *out) {
  reader r = {text.p, text.p + text.n};
  *out = nothing;
  if (!text.n || !take_date(&r, out)) return false;
  if (!take_char(&r, 'T')) return r.p == r.end;
  if (r.p == r.end) return bare_t;
  return out->precision == ZD_FP_DAY && take_time(&r, out) && take_zone(&r, out) && r.p == r.end;
}

bool zd_fp_moment_read_time(zd_slice text, zd_fp_moment *out) {
  reader r = {text.p, text.p + text.n};
  *out = nothing;
  return text.n && take_time(&r, out) && r.p == r.end;
}

/* ---- writing ---- */

static char *put(char *p, int value, int digits) {
  for (int i = digits - 1; i >= 0; i--) {
    p[i] = (char)('0' + value % 10);
    value /= 10;
  }
  return p + digits;
}

static char *put_time(char *p, const zd_fp_moment *m) {
  p = put(p, m->hour, 2);
  if (m->precision >= ZD_FP_MINUTE) {
    *p++ = ':';
    p = put(p, m->minute, 2);
  }
  if (m->precision >= ZD_FP_SECOND) {
    *p++ = ':';
    p = put(p, m->second, 2);
    if (m->fraction) {
      char nano[9];
      put(nano, m->nano, 9);
      *p++ = '.';
      memcpy(p, nano, m->fraction);
      p += m->fraction;
    }
  }
  return p;
}

static char *put_zone(char *p, const zd_fp_moment *m) {
  if (!m->offset) {
    *p++ = 'Z';
    return p;
  }
  int minutes = m->offset < 0 ? -m->offset : m->offset;
  *p++ = m->offset < 0 ? '-' : '+';
  p = put(p, minutes / 60, 2);
  *p++ = ':';
  return put(p, minutes % 60, 2);
}

size_t zd_fp_moment_write(const zd_fp_moment *m, bool time, char *out) {
  char *p = out;
  if (time) return (size_t)(put_time(p, m) - out);
  p = put(p, m->year, 4);
  if (m->precision >= ZD_FP_MONTH) {
    *p++ = '-';
    p = put(p, m->month, 2);
  }
  if (m->precision >= ZD_FP_DAY) {
    *p++ = '-';
    p = put(p, m->day, 2);
  }
  if (m->precision >= ZD_FP_HOUR) {
    *p++ = 'T';
    p = put_time(p, m);
    if (m->zoned) p = put_zone(p, m);
  }
  return (size_t)(p - out);
}

/* ---- comparing ---- */

typedef struct instant {
  int64_t second;
  int32_t nano;
} instant;

enum { DAY_SECONDS = 86400, EAST_MOST = 14 * 3600, WEST_MOST = 12 * 3600, NANO = 1000000000 };

static instant first_of(const zd_fp_moment *m) {
  int64_t days = zd_clock_days(m->year, m->month, m->day);
  return (instant){
      days * DAY_SECONDS + m->hour * 3600 + m->minute * 60 + m->second - m->offset * 60, m->nano};
}

/* The last instant of what m stands for. */
static instant last_of(const zd_fp_moment *m) {
  static const int span[] = {[ZD_FP_DAY] = DAY_SECONDS, [ZD_FP_HOUR] = 3600, [ZD_FP_MINUTE] = 60};
  zd_fp_moment x = *m;
  if (m->precision == ZD_FP_SECOND) return first_of(m);
  if (m->precision == ZD_FP_YEAR) x.month = 12;
  if (m->precision <= ZD_FP_MONTH) x.day = (uint8_t)days_in(x.year, x.month);
  instant last = first_of(&x);
  last.second += span[m->precision < ZD_FP_DAY ? ZD_FP_DAY : m->precision] - 1;
  last.nano = NANO - 1;
  return last;
}

static int order_of(instant a, instant b) {
  if (a.second != b.second) return a.second < b.second ? -1 : 1;
  return (a.nano > b.nano) - (a.nano < b.nano);
}

zd_fp_order zd_fp_moment_cmp(const zd_fp_moment *a, const zd_fp_moment *b, bool time) {
  instant a1 = first_of(a), b1 = first_of(b);
  if (a->precision == b->precision && (time || a->zoned == b->zoned))
    return (zd_fp_order)order_of(a1, b1);
  instant a2 = last_of(a), b2 = last_of(b);
  if (!time && a->zoned && !b->zoned) {
    b1.second -= EAST_MOST;
    b2.second += WEST_MOST;
  } else if (!time && b->zoned && !a->zoned) {
    a1.second -= EAST_MOST;
    a2.second += WEST_MOST;
  }
  if (order_of(a2, b1) < 0) return ZD_FP_LESS;
  if (order_of(b2, a1) < 0) return ZD_FP_GREATER;
  return ZD_FP_UNKNOWN;
}

bool zd_fp_moment_same(const zd_fp_moment *a, const zd_fp_moment *b, bool time) {
  return a->precision == b->precision && (time || a->zoned == b->zoned) &&
         order_of(first_of(a), first_of(b)) == 0;
}

zd_fp_moment zd_fp_moment_of(int64_t ms, int16_t offset_minutes) {
  zd_fp_moment m = {.precision = ZD_FP_SECOND, .fraction = 3, .zoned = true};
  int year, month, day;
  ms += (int64_t)offset_minutes * 60000;
  int64_t days = ms / 86400000, rest = ms % 86400000;
  if (rest < 0) {
    rest += 86400000;
    days--;
  }
  zd_clock_date(days, &year, &month, &day);
  m.year = (int16_t)year;
  m.month = (uint8_t)month;
  m.day = (uint8_t)day;
  m.hour = (uint8_t)(rest / 3600000);
  m.minute = (uint8_t)(rest / 60000 % 60);
  m.second = (uint8_t)(rest / 1000 % 60);
  m.nano = (int32_t)(rest % 1000) * 1000000;
  m.offset = offset_minutes;
  return m;
}
