/* clock.h: time as an interface, so that tests replay the same second.
 *
 * Milliseconds since 1970-01-01T00:00:00Z, no leap seconds.
 */
#ifndef ZD_BASE_CLOCK_H
#define ZD_BASE_CLOCK_H

#include "base/slice.h"

typedef struct zd_clock {
  int64_t (*now_ms)(void *state);
  void *state;
} zd_clock;

/* The system's real-time clock. */
zd_clock zd_clock_system(void);

static inline int64_t zd_clock_now(zd_clock clock) {
  return clock.now_ms(clock.state);
}

/* Nanoseconds of the monotonic clock: for measuring only. */
uint64_t zd_clock_monotonic_ns(void);

/* "2026-11-22T00:45:00.123Z" into text (24 bytes, no terminating zero). Years 0001..9999. */
void zd_clock_format(int64_t ms, char text[24]);

/* Days since 1970-01-01 of a proleptic Gregorian date, and back. month 1..12, day 1..31. */
int64_t zd_clock_days(int year, int month, int day);
void zd_clock_date(int64_t days, int *year, int *month, int *day);

#endif
