/* Figures of small samples, worked out by hand or with exact fractions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rest/statistics.h"

typedef struct read_sample {
  zd_measured values[64];
  zd_sample sample;
} read_sample;

/* "1 2.5 4@3": values, and when, in hours. */
static zd_err take(const char *text, read_sample *out) {
  zd_slice rest = zd_slice_of(text);
  *out = (read_sample){0};
  out->sample.values = out->values;
  while (rest.n) {
    zd_slice one = {rest.p, zd_slice_find(rest, ' ')};
    size_t at = zd_slice_find(one, '@');
    zd_measured *v = &out->values[out->sample.n++];
    zd_err err = zd_measured_read((zd_slice){one.p, at}, v);
    if (err != ZD_OK) return err;
    if (at < one.n) {
      v->hours = strtod(one.p + at + 1, NULL);
      out->sample.timed++;
    }
    rest = zd_slice_from(rest, one.n + 1);
  }
  out->sample.total = out->sample.n;
  return zd_sample_ready(&out->sample);
}

static void test_figures(void **state) {
  (void)state;
  static const struct {
    const char *values, *code, *figure; /* or why there is none */
  } rows[] = {
      {"1 2 3", "average", "2"},
      {"1 2", "average", "1.5"},
      {"1 1 2", "average", "1.33333333333333333"},
      {"1 2 2", "average", "1.66666666666666667"},
      {"-1 -2 -2", "average", "-1.66666666666666667"},
      {"0.1 0.2", "average", "0.15"},
      {"0", "average", "0"},
      {"1e3 5", "average", "502.5"},
      {"0.1 0.2", "sum", "0.3"},
      {"1.50 -0.5", "sum", "1"},
      {"100 200", "sum", "300"},
      {"0.001 -0.001", "sum", "0"},
      {"123456789012345678 0.1", "sum", "123456789012345678.1"},
      {"9 -3 4", "minimum", "-3"},
      {"9 -3 4", "maximum", "9"},
      {"10.0 9.99", "maximum", "10"},
      {"9 -3 4", "count", "3"},
      {"", "count", "0"},
      {"", "average", "there are no values"},
      {"3 1 2", "median", "2"},
      {"4 1 2 3", "median", "2.5"},
      {"7.1", "median", "7.1"},
      {"1 2 3 4 5", "4-lower", "2"},
      {"1 2 3 4", "4-lower", "1.75"},
      {"1 2 3 4", "4-upper", "3.25"},
      {"1 2 3 4", "4-dev", "0.75"},
      {"1 2 3 4 5 6", "5-1", "2"},
      {"1 2 3 4", "5-1", "1.6"},
      {"1 2 3 4", "20-percent", "1.6"},
      {"1 2 3 4", "5-2", "2.2"},
      {"1 2 3 4", "5-3", "2.8"},
      {"1 2 3 4", "5-4", "3.4"},
      {"1 2 3 4", "80-percent", "3.4"},
      {"0.1 0.2", "80-percent", "0.18"},
      {"2 4 4 4 5 5 7 9", "variance", "4.57142857142857"},
      {"1 2 3", "variance", "1"},
      {"0.1 0.2 0.3", "variance", "0.01"},
      {"1 2 3", "std-dev", "1"},
      {"1000000000.1 1000000000.2 1000000000.3", "std-dev", "0.1"},
      {"5 5", "std-dev", "0"},
      {"5", "std-dev", "it takes two values"},
      {"1 2 3", "skew", "0"},
      {"1 1 4", "skew", "1.73205080756888"},
      {"1 2", "skew", "it takes three values"},
      {"2 2 2", "skew", "all values are the same"},
      {"1 2 3 4", "kurtosis", "-1.2"},
      {"1 2 3", "kurtosis", "it takes four values"},
      {"2 2 2 2", "kurtosis", "all values are the same"},
      {"1@0 3@1 5@2", "regression", "2"},
      {"0.1@0 0.2@10", "regression", "0.01"},
      {"1@0 3@0", "regression", "all values are of the same time"},
      {"1@0 3", "regression", "not all of the Observations tell when"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    read_sample s;
    zd_buffer out;
    zd_buffer_init(&out, 0);
    assert_int_equal(take(rows[i].values, &s), ZD_OK);
    const char *why =
        zd_sample_figure(&s.sample, zd_statistic_find(zd_slice_of(rows[i].code)), &out);
    zd_slice got = why ? zd_slice_of(why) : zd_buffer_slice(&out);
    if (!zd_slice_eq(got, zd_slice_of(rows[i].figure)))
      fail_msg("%s of %s: %.*s", rows[i].code, rows[i].values, ZD_SV(got));
    zd_buffer_free(&out);
  }
}

static void test_intercept(void **state) {
  (void)state;
  read_sample s;
  zd_buffer out;
  zd_buffer_init(&out, 0);
  assert_int_equal(take("1@100 3@101 5@102", &s), ZD_OK);
  s.sample.origin = 99;
  assert_null(zd_sample_intercept(&s.sample, &out));
  assert_true(zd_slice_eq(zd_buffer_slice(&out), ZD_S("-1")));
  zd_buffer_free(&out);
}

static void test_values(void **state) {
  (void)state;
  static const struct {
    const char *text;
    zd_err err;
  } rows[] = {{"1", ZD_OK},
              {"-0.5", ZD_OK},
              {"1.5e-3", ZD_OK},
              {"2E+2", ZD_OK},
              {"0e99", ZD_OK},
              {"0.000000000000000000000000000", ZD_OK},
              {"999999999999999999999999999", ZD_OK},
              {"9999999999999999999999999999", ZD_ERR_LIMIT},
              {"1e40", ZD_ERR_LIMIT},
              {"1e-40", ZD_ERR_LIMIT},
              {"1e999999999999", ZD_ERR_LIMIT},
              {"", ZD_ERR_INVALID},
              {"-", ZD_ERR_INVALID},
              {"1.", ZD_ERR_INVALID},
              {".5", ZD_ERR_INVALID},
              {"1e", ZD_ERR_INVALID},
              {"1e+", ZD_ERR_INVALID},
              {"1x", ZD_ERR_INVALID},
              {"1.2.3", ZD_ERR_INVALID}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_measured value;
    if (zd_measured_read(zd_slice_of(rows[i].text), &value) != rows[i].err)
      fail_msg("%s", rows[i].text);
  }
}

static void test_too_far_apart(void **state) {
  (void)state;
  read_sample s;
  assert_int_equal(take("1e20 1e-20", &s), ZD_ERR_LIMIT);
  assert_int_equal(take("1e13 1e-13", &s), ZD_OK);
}

/* Against plain floating point, on random values of two decimals. */
static void test_like_floating_point(void **state) {
  (void)state;
  uint32_t dice = 7;
  for (int round = 0; round < 500; round++) {
    read_sample s = {0};
    double x[64], mean = 0, square = 0;
    size_t n = 2 + (size_t)round % 60;
    s.sample.values = s.values;
    for (size_t i = 0; i < n; i++) {
      char text[32];
      dice = dice * 1664525u + 1013904223u;
      int length = snprintf(text, sizeof text, "%d.%02u", (int)(dice >> 20) - 2000, dice >> 8 & 63);
      x[i] = strtod(text, NULL);
      assert_int_equal(zd_measured_read((zd_slice){text, (size_t)length}, &s.values[i]), ZD_OK);
      mean += x[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
    s.sample.n = n;
    assert_int_equal(zd_sample_ready(&s.sample), ZD_OK);
    const double expected[] = {mean, sqrt(square / (double)(n - 1))};
    const zd_statistic which[] = {ZD_STAT_AVERAGE, ZD_STAT_STD_DEV};
    for (int k = 0; k < 2; k++) {
      zd_buffer out;
      zd_buffer_init(&out, 0);
      assert_null(zd_sample_figure(&s.sample, which[k], &out));
      zd_buffer_add_char(&out, '\0');
      if (fabs(strtod(out.p, NULL) - expected[k]) > 1e-9 * (1 + fabs(expected[k])))
        fail_msg("%s, not %.17g", out.p, expected[k]);
      zd_buffer_free(&out);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_figures), cmocka_unit_test(test_intercept),
      cmocka_unit_test(test_values), cmocka_unit_test(test_too_far_apart),
      cmocka_unit_test(test_like_floating_point)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
