/* period.h: FHIR dates as periods of time. Private to rest/. */
#ifndef ZD_REST_PERIOD_H
#define ZD_REST_PERIOD_H

#include "base/arena.h"

/* The period that a FHIR date, dateTime or instant denotes, [*from, *to) in ms since 1970, UTC when
 * it has no zone: "2024-02" is all of February. False when malformed. */
bool zd_period_parse(zd_slice text, int64_t *from, int64_t *to);

/* What finds whatever overlaps a range from `start` to `end` (FHIR dates; either may be absent), as
 * values of a date parameter: "gt<last moment before start>" and "lt<first moment behind end>".
 * Neither `ge` nor `le` do: what begins before the day `start` and ends on it is not meant by ge.
 * Absent where nothing needs to be asked; texts in the arena. False: malformed, or out of memory.
 */
bool zd_period_overlap(zd_slice start, zd_slice end, zd_arena *arena, zd_slice out[2]);

#endif
