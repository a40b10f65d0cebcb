/* care_date.h: when care was given, by resource type: what start and end of $everything ask for.
 * Private to rest/. */
#ifndef ZD_REST_CARE_DATE_H
#define ZD_REST_CARE_DATE_H

#include "base/slice.h"

typedef struct zd_care_date {
  const char *type;
  const char *first;  /* search parameter of the date or period ... */
  const char *second; /* ... where that is missing; NULL: none */
} zd_care_date;

/* NULL: care of this type has no date, so it lies in every range. */
const zd_care_date *zd_care_date_of(zd_slice type);
const zd_care_date *zd_care_dates(size_t *n);

#endif
