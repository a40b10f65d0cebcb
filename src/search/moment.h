/* moment.h: FHIR dates and times as closed intervals of microseconds.
 *
 * "1980", "1980-05", "1980-05-01", "1980-05-01T10:00", "...:00", "...:00.123", each but the first
 * three with Z or +hh:mm. What is not said is the whole of it: 1980 is the year from its first to
 * its last microsecond (R4 search.html#date). Fractions finer than a microsecond are cut.
 */
#ifndef ZD_SEARCH_MOMENT_H
#define ZD_SEARCH_MOMENT_H

#include "base/slice.h"

#define ZD_MOMENT_FIRST INT64_MIN /* no lower bound */
#define ZD_MOMENT_LAST INT64_MAX  /* no upper bound */

typedef struct zd_moment {
  int64_t low, high; /* microseconds since 1970-01-01T00:00:00Z, both included */
} zd_moment;

/* zone_minutes: offset east of UTC for texts without a zone. False when it is no date. A blank in
 * front of the zone is read as '+', which is what an unescaped '+' becomes in a URL. */
bool zd_moment_read(zd_slice text, int zone_minutes, zd_moment *out);

#endif
