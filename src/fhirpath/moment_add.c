/* moment_add.c: arithmetic of moments, and their bounds
 *
 * Source: FHIRPath 2.0.0, 6.6 (date/time arithmetic); boundaries: FHIRPath 3.0.
 */
#include "base/clock.h"
#include "fhirpath/moment.h"

zd_fp_calendar zd_fp_calendar_of(zd_slice word) {
  static const char *const words[] = {"",     "year",   "month",  "week",       "day",
                                      "hour", "minute", "second", "millisecond"};
  if (word.n && word.p[word.n - 1] == 's') word.n--;
  for (int i = ZD_FP_YEARS; i <= ZD_FP_MILLISECONDS; i++)
    if (zd_slice_eq(word, zd_slice_of(words[i]))) return (zd_fp_calendar)i;
  return ZD_FP_CALENDAR_NONE;
}

static int days_in_month(int year, int month) {
  int next_year = month == 12 ? year + 1 : year, next = month == 12 ? 1 : month + 1;
  return (int)(zd_clock_days(next_year, next, 1) - zd_clock_days(year, month, 1));
}

static bool add_months(zd_fp_moment *m, int64_t months) {
  int64_t at = (int64_t)m->year * 12 + m->month - 1;
  if (months > 200000 || months < -200000) return false;
  at += months;
  int64_t year = at / 12;
  if (at < 12 || year > 9999) return false;
  m->year = (int16_t)year;
  m->month = (uint8_t)(at % 12 + 1);
  int most = days_in_month(m->year, m->month);
  if (m->day > most) m->day = (uint8_t)most;
  return true;
}

static bool add_days(zd_fp_moment *m, int64_t days) {
  if (days > 5000000 || days < -5000000) return false;
  int64_t at = zd_clock_days(m->year, m->month, m->day) + days;
  if (at < zd_clock_days(1, 1, 1) || at > zd_clock_days(9999, 12, 31)) return false;
  int year, month, day;
  zd_clock_date(at, &year, &month, &day);
  m->year = (int16_t)year;
  m->month = (uint8_t)month;
  m->day = (uint8_t)day;
  return true;
}

/* Nanoseconds, of a time around the clock. */
static bool add_nanos(zd_fp_moment *m, zd_fp_whole nanos, bool time) {
  const zd_fp_whole day = (zd_fp_whole)86400 * 1000000000;
  zd_fp_whole at =
      ((zd_fp_whole)m->hour * 3600 + m->minute * 60 + m->second) * 1000000000 + m->nano + nanos;
  zd_fp_whole days = at / day, rest = at % day;
  if (rest < 0) {
    rest += day;
    days--;
  }
  if (!time && (days > 5000000 || days < -5000000 || !add_days(m, (int64_t)days))) return false;
  int64_t second = (int64_t)(rest / 1000000000);
  m->nano = (int32_t)(rest % 1000000000);
  m->hour = (uint8_t)(second / 3600);
  m->minute = (uint8_t)(second / 60 % 60);
  m->second = (uint8_t)(second % 60);
  return true;
}

/* Units finer than the moment become its own, by the calendar's rules of thumb: 24 months are 2
 * years to 2014, 365 days one. */
static void coarsen(int precision, int64_t *amount, zd_fp_calendar *unit) {
  static const struct {
    zd_fp_calendar from, to;
    int by;
  } rule[] = {{ZD_FP_MILLISECONDS, ZD_FP_SECONDS, 1000},
              {ZD_FP_SECONDS, ZD_FP_MINUTES, 60},
              {ZD_FP_MINUTES, ZD_FP_HOURS, 60},
              {ZD_FP_HOURS, ZD_FP_DAYS, 24},
              {ZD_FP_DAYS, ZD_FP_MONTHS, 30},
              {ZD_FP_MONTHS, ZD_FP_YEARS, 12}};
  static const uint8_t finest[] = {
      [ZD_FP_YEAR] = ZD_FP_YEARS,     [ZD_FP_MONTH] = ZD_FP_MONTHS,
      [ZD_FP_DAY] = ZD_FP_DAYS,       [ZD_FP_HOUR] = ZD_FP_HOURS,
      [ZD_FP_MINUTE] = ZD_FP_MINUTES, [ZD_FP_SECOND] = ZD_FP_MILLISECONDS};
  if (*unit == ZD_FP_DAYS && finest[precision] == ZD_FP_YEARS) {
    *amount /= 365;
    *unit = ZD_FP_YEARS;
  }
  for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
    if (*unit != rule[i].from || *unit <= finest[precision]) continue;
    if (*unit == ZD_FP_DAYS && finest[precision] == ZD_FP_YEARS) {
      *amount /= 365;
      *unit = ZD_FP_YEARS;
      return;
    }
    *amount /= rule[i].by;
    *unit = rule[i].to;
  }
}

static bool add_clock(zd_fp_moment *m, int64_t amount, zd_fp_calendar unit, bool time) {
  static const int64_t nanos[] = {[ZD_FP_HOURS] = 3600000000000,
                                  [ZD_FP_MINUTES] = 60000000000,
                                  [ZD_FP_SECONDS] = 1000000000,
                                  [ZD_FP_MILLISECONDS] = 1000000};
  if (unit == ZD_FP_MILLISECONDS && m->fraction < 3) m->fraction = 3;
  return add_nanos(m, (zd_fp_whole)amount * nanos[unit], time);
}

/* Seconds keep their fractions. */
static bool add_seconds(zd_fp_moment *m, const zd_fp_decimal *amount, bool time) {
  zd_fp_decimal nanos, unit = {1000000000, 0};
  if (!zd_fp_decimal_mul(amount, &unit, &nanos)) return false;
  if (!zd_fp_decimal_round(&nanos, 0, ZD_FP_TO_ZERO, &nanos)) return false;
  int scale = zd_fp_decimal_scale(amount);
  if (scale > 9) scale = 9;
  if (scale && scale < 3) scale = 3;
  if (scale > m->fraction) m->fraction = (uint8_t)scale;
  return add_nanos(m, nanos.digits, time);
}

bool zd_fp_moment_add(const zd_fp_moment *m, const zd_fp_decimal *amount, zd_fp_calendar unit,
                      bool time, zd_fp_moment *out) {
  *out = *m;
  if (unit == ZD_FP_SECONDS && m->precision == ZD_FP_SECOND) return add_seconds(out, amount, time);
  zd_fp_decimal whole;
  if (!zd_fp_decimal_round(amount, 0, ZD_FP_TO_ZERO, &whole)) return false;
  if (whole.digits > INT64_MAX / 7 || whole.digits < INT64_MIN / 7) return false;
  int64_t n = (int64_t)whole.digits;
  if (unit == ZD_FP_WEEKS) {
    n *= 7;
    unit = ZD_FP_DAYS;
  }
  coarsen(m->precision, &n, &unit);
  switch (unit) {
    case ZD_FP_YEARS:
      return n < 20000 && n > -20000 && add_months(out, n * 12);
    case ZD_FP_MONTHS:
      return add_months(out, n);
    case ZD_FP_DAYS:
      return time || add_days(out, n);
    default:
      return add_clock(out, n, unit, time);
  }
}

/* ---- precision and bounds ---- */

int zd_fp_moment_digits(const zd_fp_moment *m, bool time) {
  static const uint8_t digits[] = {[ZD_FP_YEAR] = 4,  [ZD_FP_MONTH] = 6,   [ZD_FP_DAY] = 8,
                                   [ZD_FP_HOUR] = 10, [ZD_FP_MINUTE] = 12, [ZD_FP_SECOND] = 14};
  return digits[m->precision] + m->fraction - (time ? 8 : 0);
}

static int precision_of(int digits) {
  switch (digits) {
    case 4:
      return ZD_FP_YEAR;
    case 6:
      return ZD_FP_MONTH;
    case 8:
      return ZD_FP_DAY;
    case 10:
      return ZD_FP_HOUR;
    case 12:
      return ZD_FP_MINUTE;
    case 14:
    case 17:
      return ZD_FP_SECOND;
    default:
      return 0;
  }
}

/* What m leaves open becomes the first or last there is. An hour of a dateTime is the full hour, as
 * in FHIR, whose dateTimes have no hours without minutes. */
static void fill(zd_fp_moment *m, bool high, bool time) {
  if (m->precision < ZD_FP_MONTH) m->month = high ? 12 : 1;
  if (m->precision < ZD_FP_DAY) m->day = high ? (uint8_t)days_in_month(m->year, m->month) : 1;
  if (m->precision < ZD_FP_HOUR) m->hour = high ? 23 : 0;
  if (m->precision < ZD_FP_MINUTE && (time || m->precision < ZD_FP_HOUR)) m->minute = high ? 59 : 0;
  if (m->precision < ZD_FP_SECOND) m->second = high ? 59 : 0;
  if (m->precision < ZD_FP_SECOND || !m->fraction) m->nano = high ? 999000000 : 0;
  if (m->precision == ZD_FP_SECOND && m->fraction && m->fraction < 3 && high) {
    int32_t unit = m->fraction == 1 ? 100000000 : 10000000;
    m->nano += unit - 1000000;
  }
}

bool zd_fp_moment_bound(const zd_fp_moment *m, int digits, bool high, bool time, bool date,
                        zd_fp_moment *out) {
  int precision = precision_of(digits + (time ? 8 : 0));
  *out = *m;
  if (!precision || (time && precision < ZD_FP_HOUR) || (date && precision > ZD_FP_DAY))
    return false;
  fill(out, high, time);
  if (precision > ZD_FP_DAY && !time && !m->zoned) {
    out->zoned = true;
    out->offset = high ? -12 * 60 : 14 * 60;
  }
  if (precision <= ZD_FP_DAY) {
    out->zoned = false;
    out->offset = 0;
  }
  if (precision < ZD_FP_MONTH) out->month = 1;
  if (precision < ZD_FP_DAY) out->day = 1;
  if (precision < ZD_FP_HOUR) out->hour = 0;
  if (precision < ZD_FP_MINUTE) out->minute = 0;
  if (precision < ZD_FP_SECOND) out->second = 0;
  out->precision = (uint8_t)precision;
  out->fraction = digits + (time ? 8 : 0) == 17 ? 3 : 0;
  if (!out->fraction) out->nano = 0;
  return true;
}
