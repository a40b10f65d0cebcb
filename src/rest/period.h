/* period.h: FHIR dates as periods of time. Private to rest/. */
#ifndef ZD_REST_PERIOD_H
#define ZD_REST_PERIOD_H

#include "base/slice.h"

/* The period that a FHIR date, dateTime or instant denotes, [*from, *to) in ms since 1970, UTC when
 * it has no zone: "2024-02" is all of February. False when malformed. */
bool zd_period_parse(zd_slice text, int64_t *from, int64_t *to);

#endif
