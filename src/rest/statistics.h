/* statistics.h: figures of a list of measured values (http://terminology.hl7.org/CodeSystem/
 * observation-statistics). Private to rest/.
 *
 * Values are decimals and are kept exactly, as whole numbers of one power of ten. So sum, minimum,
 * maximum, median, quartiles, quintiles and the 20th and 80th percentile are exact; the average is
 * exact when it has at most 18 digits, else rounded to that (half to even); what has roots and
 * powers is computed with the processor's longest floating point and told with 15 digits.
 *
 *   variance, std-dev   of a sample, n - 1 below: NIST/SEMATECH e-Handbook 1.3.5.6
 *   percentiles         linear between the values around 1 + (n - 1) p: Hyndman and Fan 1996, type
 * 7 skew, kurtosis      G1 and G2, kurtosis as excess over the normal: Joanes and Gill 1998
 *   regression          least squares of the values over time in hours
 */
#ifndef ZD_REST_STATISTICS_H
#define ZD_REST_STATISTICS_H

#include "base/buffer.h"

typedef enum zd_statistic {
  ZD_STAT_AVERAGE,
  ZD_STAT_MAXIMUM,
  ZD_STAT_MINIMUM,
  ZD_STAT_COUNT,
  ZD_STAT_TOTAL_COUNT,
  ZD_STAT_MEDIAN,
  ZD_STAT_STD_DEV,
  ZD_STAT_SUM,
  ZD_STAT_VARIANCE,
  ZD_STAT_20_PERCENT,
  ZD_STAT_80_PERCENT,
  ZD_STAT_4_LOWER,
  ZD_STAT_4_UPPER,
  ZD_STAT_4_DEV,
  ZD_STAT_5_1,
  ZD_STAT_5_2,
  ZD_STAT_5_3,
  ZD_STAT_5_4,
  ZD_STAT_SKEW,
  ZD_STAT_KURTOSIS,
  ZD_STAT_REGRESSION,
  ZD_STATISTICS
} zd_statistic;

/* What its figure is measured in, u being the unit of the values. */
typedef enum zd_statistic_unit {
  ZD_STAT_UNIT,         /* u */
  ZD_STAT_UNIT_SQUARED, /* u.u */
  ZD_STAT_UNIT_ONE      /* 1 */
} zd_statistic_unit;

typedef struct zd_statistic_info {
  const char *code, *display;
  zd_statistic_unit unit;
} zd_statistic_info;

const zd_statistic_info *zd_statistic_named(zd_statistic s);
/* ZD_STATISTICS: there is none of that code. */
zd_statistic zd_statistic_find(zd_slice code);

__extension__ typedef __int128 zd_whole;

typedef struct zd_measured {
  zd_whole units; /* value = units / 10^scale; scale is that of the sample once it is ready */
  int scale;
  uint32_t unit; /* the caller's: which one */
  double hours;  /* when, since 1970; for regression */
} zd_measured;

/* Reads a FHIR decimal. ZD_ERR_INVALID; ZD_ERR_LIMIT when it has more than 27 digits. */
zd_err zd_measured_read(zd_slice text, zd_measured *out);
/* Appends it as a decimal of FHIR. */
void zd_measured_write(const zd_measured *m, zd_buffer *out);

typedef struct zd_sample {
  zd_measured *values; /* the caller's */
  size_t n;
  size_t total;  /* with those that have no valid value */
  size_t timed;  /* how many have a time */
  double origin; /* regression: from when hours are counted, since 1970 */
  int scale;     /* set by ready */
  zd_whole sum;  /* likewise */
} zd_sample;

/* Brings all values to one scale and sorts them. ZD_ERR_LIMIT when they differ so much in size that
 * 27 digits do not hold them, or are more than 1e9. */
zd_err zd_sample_ready(zd_sample *s);

/* Appends the figure as a decimal of FHIR. NULL, or why there is none: static. For a regression the
 * gradient; zd_sample_intercept is its other half. */
const char *zd_sample_figure(const zd_sample *s, zd_statistic which, zd_buffer *out);
const char *zd_sample_intercept(const zd_sample *s, zd_buffer *out);

#endif
