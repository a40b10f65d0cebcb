/* near.c: locations around a point (R4 location.html#search, "near").
 *
 *   near=<latitude>|<longitude>|<distance>|<unit>     -83.69|42.25|11.2|km
 *
 * Distances are great circles (haversine) on a sphere of the mean radius of WGS84. The index holds
 * latitude and longitude as ranges of two fields, in units of 1e-7 degrees; a box around the circle
 * finds the rows, and each is measured.
 */
#include "search/values/near.h"

#include <math.h>
#include <stdlib.h>

#include "search/plans/planner.h"
#include "ucum/ucum.h"

#define EARTH_RADIUS 6371008.7714 /* metres: (2a + b) / 3 of WGS84 */
#define RADIANS(degrees) ((degrees) * (M_PI / 180))
#define DEGREES(radians) ((radians) * (180 / M_PI))
#define STEPS 1e7
#define DEFAULT_METRES 50000.0 /* when no distance is given, "near" is up to the server */
#define FARTHEST 20100000.0    /* half of a great circle, and a little */

bool zd_near_number(zd_slice text, double *out) {
  char copy[300], *end; /* a FHIR decimal has at most 256 characters */
  if (!text.n || text.n >= sizeof copy) return false;
  for (size_t i = 0; i < text.n; i++)
    if (!memchr("0123456789+-.eE", text.p[i], 15)) return false;
  memcpy(copy, text.p, text.n);
  copy[text.n] = 0;
  *out = strtod(copy, &end);
  return end == copy + text.n && isfinite(*out);
}

int64_t zd_near_key(double degrees) {
  return (int64_t)floor(degrees * STEPS);
}

static zd_err bad(const zd_value_context *x, const char *what, zd_slice text) {
  return zd_fail(x->fault, ZD_ERR_INVALID, "%s: \"%.*s\"", what, text.n > 100 ? 100 : (int)text.n,
                 text.p);
}

/* In any length of UCUM; what is farther than everything is everything. */
static zd_err read_distance(const zd_value_context *x, zd_slice number, zd_slice unit,
                            double *out) {
  zd_ucum_number metres;
  if (!zd_near_number(number, out) || *out < 0)
    return bad(x, "a distance is a number that is not negative", number);
  if (*number.p == '+') number = zd_slice_from(number, 1);
  zd_ucum_quantity given = {number, unit.n ? unit : ZD_S("km")};
  zd_err err = zd_ucum_convert(given, ZD_S("m"), x->arena, &metres, NULL);
  if (err == ZD_ERR_MEMORY) return err;
  if (err || !zd_near_number(metres.text, out))
    return bad(x, "a distance has a unit of length of UCUM, such as km, m, [mi_i], [ft_i]", unit);
  if (*out > FARTHEST) *out = FARTHEST;
  return ZD_OK;
}

zd_err zd_near_read(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_slice part[4] = {{NULL, 0}}, rest = text;
  int n = 0;
  while (rest.p && n < 4) part[n++] = zd_value_split(rest, '|', &rest);
  if (rest.p || n < 2 || !zd_near_number(part[0], &out->near.latitude) ||
      !zd_near_number(part[1], &out->near.longitude))
    return bad(x, "near is latitude|longitude|distance|unit", text);
  if (fabs(out->near.latitude) > 90 || fabs(out->near.longitude) > 180)
    return bad(x, "latitude is -90 to 90, longitude -180 to 180", text);
  out->near.metres = DEFAULT_METRES;
  return part[2].n ? read_distance(x, part[2], part[3], &out->near.metres) : ZD_OK;
}

double zd_near_distance(double latitude_a, double longitude_a, double latitude_b,
                        double longitude_b) {
  double a = sin(RADIANS(latitude_b - latitude_a) / 2);
  double b = sin(RADIANS(longitude_b - longitude_a) / 2);
  double h = a * a + cos(RADIANS(latitude_a)) * cos(RADIANS(latitude_b)) * b * b;
  return 2 * EARTH_RADIUS * asin(sqrt(h < 1 ? h : 1));
}

/* ---- the plan ---- */

static const zd_plan *span(zd_planner *m, uint32_t field, double low, double high) {
  return zd_planner_range(m, field, zd_near_key(low) - 1, zd_near_key(high) + 1);
}

/* Longitudes within `reach` degrees; over the date line they are two spans. */
static zd_err longitudes(zd_planner *m, double at, double reach, const zd_plan **out) {
  uint32_t field = m->param->more_field;
  double low = at - reach, high = at + reach;
  if (low >= -180 && high <= 180) {
    *out = span(m, field, low, high);
    return *out ? ZD_OK : ZD_ERR_MEMORY;
  }
  const zd_plan *west = span(m, field, -180, high > 180 ? high - 360 : high);
  const zd_plan *east = span(m, field, low < -180 ? low + 360 : low, 180);
  return zd_planner_pair(m, ZD_PLAN_OR, west, east, out);
}

/* How far a circle reaches in longitude: more than its radius, the closer to a pole the more. Every
 * one when it holds a pole. */
static double reach_of(double latitude, double angle) {
  double c = cos(RADIANS(latitude)), s = sin(angle);
  if (angle >= M_PI / 2 || fabs(latitude) + DEGREES(angle) >= 90 || s >= c) return 180;
  return DEGREES(asin(s / c));
}

zd_err zd_plan_near(zd_planner *m, const zd_search_value *v, const zd_plan **out) {
  const double slack = 1e-6; /* degrees: more than the sines lose */
  double angle = v->near.metres / EARTH_RADIUS, degrees = DEGREES(angle) + slack;
  double reach = reach_of(v->near.latitude, RADIANS(degrees)) + slack;
  const zd_plan *box = span(m, m->param->field, fmax(v->near.latitude - degrees, -90),
                            fmin(v->near.latitude + degrees, 90));
  m->doubtful = true;
  *out = box;
  if (!box || reach >= 180) return box ? ZD_OK : ZD_ERR_MEMORY;
  const zd_plan *band;
  zd_err err = longitudes(m, v->near.longitude, reach, &band);
  return err ? err : zd_planner_pair(m, ZD_PLAN_AND, box, band, out);
}
