#include "rest/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS = 27, AVERAGE_DIGITS = 18 };

/* ---- names ---- */

static const zd_statistic_info table[ZD_STATISTICS] = {
    [ZD_STAT_AVERAGE] = {"average", "Average", ZD_STAT_UNIT},
    [ZD_STAT_MAXIMUM] = {"maximum", "Maximum", ZD_STAT_UNIT},
    [ZD_STAT_MINIMUM] = {"minimum", "Minimum", ZD_STAT_UNIT},
    [ZD_STAT_COUNT] = {"count", "Count", ZD_STAT_UNIT_ONE},
    [ZD_STAT_TOTAL_COUNT] = {"total-count", "Total Count", ZD_STAT_UNIT_ONE},
    [ZD_STAT_MEDIAN] = {"median", "Median", ZD_STAT_UNIT},
    [ZD_STAT_STD_DEV] = {"std-dev", "Standard Deviation", ZD_STAT_UNIT},
    [ZD_STAT_SUM] = {"sum", "Sum", ZD_STAT_UNIT},
    [ZD_STAT_VARIANCE] = {"variance", "Variance", ZD_STAT_UNIT_SQUARED},
    [ZD_STAT_20_PERCENT] = {"20-percent", "20th Percentile", ZD_STAT_UNIT},
    [ZD_STAT_80_PERCENT] = {"80-percent", "80th Percentile", ZD_STAT_UNIT},
    [ZD_STAT_4_LOWER] = {"4-lower", "Lower Quartile", ZD_STAT_UNIT},
    [ZD_STAT_4_UPPER] = {"4-upper", "Upper Quartile", ZD_STAT_UNIT},
    [ZD_STAT_4_DEV] = {"4-dev", "Quartile Deviation", ZD_STAT_UNIT},
    [ZD_STAT_5_1] = {"5-1", "1st Quintile", ZD_STAT_UNIT},
    [ZD_STAT_5_2] = {"5-2", "2nd Quintile", ZD_STAT_UNIT},
    [ZD_STAT_5_3] = {"5-3", "3rd Quintile", ZD_STAT_UNIT},
    [ZD_STAT_5_4] = {"5-4", "4th Quintile", ZD_STAT_UNIT},
    [ZD_STAT_SKEW] = {"skew", "Skew", ZD_STAT_UNIT_ONE},
    [ZD_STAT_KURTOSIS] = {"kurtosis", "Kurtosis", ZD_STAT_UNIT_ONE},
    [ZD_STAT_REGRESSION] = {"regression", "Regression", ZD_STAT_UNIT},
};

const zd_statistic_info *zd_statistic_named(zd_statistic s) {
  return &table[s];
}

zd_statistic zd_statistic_find(zd_slice code) {
  zd_statistic s = 0;
  while (s < ZD_STATISTICS && !zd_slice_eq(zd_slice_of(table[s].code), code)) s++;
  return s;
}

/* ---- values ---- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static zd_whole magnitude(zd_whole x) {
  return x < 0 ? -x : x;
}

static zd_whole power(int n) {
  zd_whole p = 1;
  while (n-- > 0) p *= 10;
  return p;
}

/* "e-7" at text[i..] */
static bool read_exponent(zd_slice text, size_t i, int *out) {
  bool minus = i + 1 < text.n && text.p[i + 1] == '-';
  size_t at = i + 1 + (i + 1 < text.n && (text.p[i + 1] == '-' || text.p[i + 1] == '+'));
  *out = 0;
  if (at == text.n) return false;
  for (; at < text.n; at++) {
    if (!is_digit(text.p[at])) return false;
    if (*out < 10000) *out = *out * 10 + (text.p[at] - '0');
  }
  if (minus) *out = -*out;
  return true;
}

zd_err zd_measured_read(zd_slice text, zd_measured *out) {
  size_t i = text.n && text.p[0] == '-', from = i;
  int scale = 0, exponent = 0;
  bool point = false;
  zd_whole units = 0;
  for (; i < text.n && (is_digit(text.p[i]) || (text.p[i] == '.' && !point && i > from)); i++) {
    if (text.p[i] == '.') {
      point = true;
      continue;
    }
    if (units >= power(DIGITS)) return ZD_ERR_LIMIT;
    units = units * 10 + (text.p[i] - '0');
    scale += point;
  }
  if (i == from || text.p[i - 1] == '.') return ZD_ERR_INVALID;
  if (i < text.n && ((text.p[i] | 32) != 'e' || !read_exponent(text, i, &exponent)))
    return ZD_ERR_INVALID;
  scale -= exponent;
  if (units == 0 && scale < 0) scale = 0;
  for (; units && scale > 0 && units % 10 == 0; scale--) units /= 10;
  for (; scale < 0 && units < power(DIGITS); scale++) units *= 10;
  if (units >= power(DIGITS) || scale > DIGITS) return ZD_ERR_LIMIT;
  *out = (zd_measured){.units = from ? -units : units, .scale = scale};
  return ZD_OK;
}

static int by_value(const void *a, const void *b) {
  const zd_measured *x = a, *y = b;
  return (x->units > y->units) - (x->units < y->units);
}

zd_err zd_sample_ready(zd_sample *s) {
  if (s->n > 1000000000) return ZD_ERR_LIMIT;
  s->scale = 0;
  s->sum = 0;
  for (size_t i = 0; i < s->n; i++)
    if (s->values[i].scale > s->scale) s->scale = s->values[i].scale;
  for (size_t i = 0; i < s->n; i++) {
    zd_measured *v = &s->values[i];
    for (; v->scale < s->scale; v->scale++) {
      v->units *= 10;
      if (magnitude(v->units) >= power(DIGITS)) return ZD_ERR_LIMIT;
    }
    s->sum += v->units;
  }
  if (s->n) qsort(s->values, s->n, sizeof *s->values, by_value);
  return ZD_OK;
}

/* ---- writing ---- */

/* units / 10^scale, without zeros at its end. */
static void write_exact(zd_whole units, int scale, zd_buffer *out) {
  char digits[64], *end = digits + sizeof digits, *at = end;
  zd_whole rest = magnitude(units);
  for (; scale > 0 && rest % 10 == 0; scale--) rest /= 10;
  if (units < 0) zd_buffer_add_char(out, '-');
  for (int n = 0; rest || n <= scale; n++, rest /= 10) {
    if (n && n == scale) *--at = '.';
    *--at = (char)('0' + (int)(rest % 10));
  }
  zd_buffer_add(out, at, (size_t)(end - at));
}

void zd_measured_write(const zd_measured *m, zd_buffer *out) {
  write_exact(m->units, m->scale, out);
}

static void write_rounded(long double x, zd_buffer *out) {
  char text[64];
  snprintf(text, sizeof text, "%.15Lg", x);
  zd_buffer_add_slice(out, zd_slice_of(text));
}

/* The quotient, as many digits as it has, at most 18. */
static void write_average(const zd_sample *s, zd_buffer *out) {
  zd_whole n = (zd_whole)s->n, whole = magnitude(s->sum) / n, rest = magnitude(s->sum) % n;
  int scale = s->scale;
  while (rest && whole < power(AVERAGE_DIGITS - 1)) {
    rest *= 10;
    whole = whole * 10 + rest / n;
    rest %= n;
    scale++;
  }
  if (rest * 2 > n || (rest * 2 == n && whole % 2)) whole++;
  write_exact(s->sum < 0 ? -whole : whole, scale, out);
}

/* ---- places in the order ---- */

/* The part / of-th quantile in hundredths of the sample's units; `of` divides 100. */
static zd_whole quantile(const zd_sample *s, unsigned part, unsigned of) {
  size_t h = (s->n - 1) * part, i = h / of;
  zd_whole low = s->values[i].units, step = i + 1 < s->n ? s->values[i + 1].units - low : 0;
  return (low * (zd_whole)of + (zd_whole)(h % of) * step) * (100 / (zd_whole)of);
}

static const char *write_place(const zd_sample *s, zd_statistic which, zd_buffer *out) {
  static const struct {
    zd_statistic which;
    unsigned part, of;
  } places[] = {{ZD_STAT_MINIMUM, 0, 1},    {ZD_STAT_MAXIMUM, 1, 1}, {ZD_STAT_MEDIAN, 1, 2},
                {ZD_STAT_20_PERCENT, 1, 5}, {ZD_STAT_5_1, 1, 5},     {ZD_STAT_5_2, 2, 5},
                {ZD_STAT_5_3, 3, 5},        {ZD_STAT_5_4, 4, 5},     {ZD_STAT_80_PERCENT, 4, 5},
                {ZD_STAT_4_LOWER, 1, 4},    {ZD_STAT_4_UPPER, 3, 4}};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    if (places[i].which == which)
      write_exact(quantile(s, places[i].part, places[i].of), s->scale + 2, out);
  if (which == ZD_STAT_4_DEV) /* half of the distance */
    write_exact((quantile(s, 3, 4) - quantile(s, 1, 4)) * 5, s->scale + 3, out);
  return NULL;
}

/* ---- moments ---- */

/* Distance of value i from the average, in units of the sample. The numerator is exact. */
static long double deviation(const zd_sample *s, size_t i) {
  return (long double)(s->values[i].units * (zd_whole)s->n - s->sum) / (long double)s->n;
}

/* Sum of the k-th powers of the distances. */
static long double power_sum(const zd_sample *s, int k) {
  long double sum = 0;
  for (size_t i = 0; i < s->n; i++) {
    long double d = deviation(s, i), p = 1;
    for (int j = 0; j < k; j++) p *= d;
    sum += p;
  }
  return sum;
}

static const char *write_spread(const zd_sample *s, bool root, zd_buffer *out) {
  if (s->n < 2) return "it takes two values";
  long double variance = power_sum(s, 2) / (long double)(s->n - 1);
  long double unit = powl(10, -s->scale);
  write_rounded(root ? sqrtl(variance) * unit : variance * unit * unit, out);
  return NULL;
}

static const char *write_skew(const zd_sample *s, zd_buffer *out) {
  long double n = (long double)s->n, m2 = power_sum(s, 2) / n;
  if (s->n < 3) return "it takes three values";
  if (m2 == 0) return "all values are the same";
  write_rounded(sqrtl(n * (n - 1)) / (n - 2) * (power_sum(s, 3) / n) / (m2 * sqrtl(m2)), out);
  return NULL;
}

static const char *write_kurtosis(const zd_sample *s, zd_buffer *out) {
  long double n = (long double)s->n, m2 = power_sum(s, 2) / n;
  if (s->n < 4) return "it takes four values";
  if (m2 == 0) return "all values are the same";
  long double excess = (power_sum(s, 4) / n) / (m2 * m2) - 3;
  write_rounded((n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6), out);
  return NULL;
}

/* ---- regression ---- */

static const char *fit(const zd_sample *s, long double *gradient, long double *intercept) {
  long double n = (long double)s->n, hours = 0, xy = 0, xx = 0, unit = powl(10, -s->scale);
  if (s->n < 2) return "it takes two values";
  if (s->timed < s->n) return "not all of the Observations tell when";
  for (size_t i = 0; i < s->n; i++) hours += (long double)(s->values[i].hours - s->origin);
  for (size_t i = 0; i < s->n; i++) {
    long double x = (long double)(s->values[i].hours - s->origin) - hours / n;
    xx += x * x;
    xy += x * deviation(s, i);
  }
  if (xx == 0) return "all values are of the same time";
  *gradient = xy / xx * unit;
  *intercept = (long double)s->sum / n * unit - *gradient * (hours / n);
  return NULL;
}

static const char *write_fit(const zd_sample *s, bool gradient, zd_buffer *out) {
  long double g, i;
  const char *why = fit(s, &g, &i);
  if (!why) write_rounded(gradient ? g : i, out);
  return why;
}

const char *zd_sample_intercept(const zd_sample *s, zd_buffer *out) {
  return s->n ? write_fit(s, false, out) : "there are no values";
}

const char *zd_sample_figure(const zd_sample *s, zd_statistic which, zd_buffer *out) {
  if (which == ZD_STAT_COUNT || which == ZD_STAT_TOTAL_COUNT) {
    zd_buffer_add_u64(out, which == ZD_STAT_COUNT ? s->n : s->total);
    return NULL;
  }
  if (!s->n) return "there are no values";
  switch (which) {
    case ZD_STAT_SUM:
      write_exact(s->sum, s->scale, out);
      return NULL;
    case ZD_STAT_AVERAGE:
      write_average(s, out);
      return NULL;
    case ZD_STAT_STD_DEV:
    case ZD_STAT_VARIANCE:
      return write_spread(s, which == ZD_STAT_STD_DEV, out);
    case ZD_STAT_SKEW:
      return write_skew(s, out);
    case ZD_STAT_KURTOSIS:
      return write_kurtosis(s, out);
    case ZD_STAT_REGRESSION:
      return write_fit(s, true, out);
    default:
      return write_place(s, which, out);
  }
}
