/* moment.h: dates, times and what both are, each as precise as it was written.
 *
 * Years 1 to 9999 of the Gregorian calendar. Seconds and their fractions are one precision, as
 * FHIRPath has it; fractions go to nanoseconds. A moment less precise than a second stands for all
 * instants within it, one without a time zone for that moment in every zone there is: comparing
 * gives ZD_FP_UNKNOWN when the answer depends on which one is meant.
 */
#ifndef ZD_FHIRPATH_MOMENT_H
#define ZD_FHIRPATH_MOMENT_H

#include "fhirpath/decimal.h"

typedef enum zd_fp_precision {
  ZD_FP_YEAR = 1,
  ZD_FP_MONTH,
  ZD_FP_DAY,
  ZD_FP_HOUR,
  ZD_FP_MINUTE,
  ZD_FP_SECOND
} zd_fp_precision;

struct zd_fp_moment {
  int16_t year; /* of a time: 1, and month and day are 1 */
  uint8_t month, day, hour, minute, second;
  uint8_t precision; /* zd_fp_precision */
  uint8_t fraction;  /* digits behind the second: 0 to 9 */
  bool zoned;
  int16_t offset; /* minutes east of UTC */
  int32_t nano;
};

/* The text as a literal has it, without @: 2012, 2012-04, 2012-04-15; the same with T and a time,
 * or with T alone when `bare_t`; 10:30:00.5. The whole text must be one. FHIR's instants are
 * dateTimes. False: it is none, or finer than a nanosecond. */
bool zd_fp_moment_read_date(zd_slice text, zd_fp_moment *out);
bool zd_fp_moment_read_datetime(zd_slice text, bool bare_t, zd_fp_moment *out);
bool zd_fp_moment_read_time(zd_slice text, zd_fp_moment *out);

/* At most 40 bytes; without T when there is no time. Returns how many. */
size_t zd_fp_moment_write(const zd_fp_moment *m, bool time, char *out);

typedef enum zd_fp_order { ZD_FP_LESS = -1, ZD_FP_EQUAL, ZD_FP_GREATER, ZD_FP_UNKNOWN } zd_fp_order;

zd_fp_order zd_fp_moment_cmp(const zd_fp_moment *a, const zd_fp_moment *b, bool time);
/* The same moment, as precise. */
bool zd_fp_moment_same(const zd_fp_moment *a, const zd_fp_moment *b, bool time);

/* Calendar units; weeks are days to a moment. */
typedef enum zd_fp_calendar {
  ZD_FP_CALENDAR_NONE,
  ZD_FP_YEARS,
  ZD_FP_MONTHS,
  ZD_FP_WEEKS,
  ZD_FP_DAYS,
  ZD_FP_HOURS,
  ZD_FP_MINUTES,
  ZD_FP_SECONDS,
  ZD_FP_MILLISECONDS
} zd_fp_calendar;

/* "year", "years", ...: FHIRPath's words. */
zd_fp_calendar zd_fp_calendar_of(zd_slice word);

/* m + amount, fractions of units above the second left out. False: beyond the years there are. */
bool zd_fp_moment_add(const zd_fp_moment *m, const zd_fp_decimal *amount, zd_fp_calendar unit,
                      bool time, zd_fp_moment *out);

/* Digits of a precision: 4 of a year ... 17 of milliseconds; of times 2 to 9. */
int zd_fp_moment_digits(const zd_fp_moment *m, bool time);
/* The first or last moment of that many digits within m; false when digits are none of them. */
bool zd_fp_moment_bound(const zd_fp_moment *m, int digits, bool high, bool time, bool date,
                        zd_fp_moment *out);

/* Milliseconds since 1970 in a zone. */
zd_fp_moment zd_fp_moment_of(int64_t ms, int16_t offset_minutes);

#endif
