/* near.h: points on the earth, for the search parameter Location.near. Used by search/ only. */
#ifndef ZD_SEARCH_NEAR_H
#define ZD_SEARCH_NEAR_H

#include "search/internal.h"

/* A decimal as a double; false when it is no number. */
bool zd_near_number(zd_slice text, double *out);
/* Degrees as a key of the index; never decreases. */
int64_t zd_near_key(double degrees);
/* "latitude|longitude|distance|unit"; a distance left out is 50 km, a unit km. */
zd_err zd_near_read(const zd_value_context *x, zd_slice text, zd_search_value *out);
/* Metres between two points. */
double zd_near_distance(double latitude_a, double longitude_a, double latitude_b,
                        double longitude_b);

#endif
