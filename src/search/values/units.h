/* units.h: what search asks of units of measure, so that a quantity is found whatever unit it was
 * written in (R4 search.html#quantity). Only units of UCUM (http://unitsofmeasure.org) are asked
 * about. Without a service quantities match by the unit as it is written.
 */
#ifndef ZD_SEARCH_UNITS_H
#define ZD_SEARCH_UNITS_H

#include "search/search.h"
#include "search/values/decimal.h"

#define ZD_UCUM "http://unitsofmeasure.org"

/* value units are (value + offset) * numerator / denominator of the canonical unit, exactly;
 * numerator and denominator are above zero and have at most 100 digits, the offset is zero but for
 * temperatures. Units that are commensurable have the same canonical unit, which is its own.
 *
 * Sixty a minute is one a second, but one a minute is a fraction that never ends. So what is
 * indexed is `scale` times the canonical value: a whole number (without digits: one) that depends
 * on the canonical unit alone, keeps the order, and lets the fractions of nearly all units end. */
typedef struct zd_canonical_unit {
  zd_slice code;
  zd_decimal numerator, denominator, offset, scale;
} zd_canonical_unit;

/* canonical: *out comes zeroed. ZD_ERR_NOT_FOUND when the code is no unit, or none that is carried
 * over by a factor and an offset (pH, decibels): such ones match as written. Must always say the
 * same of a code: it is in the index. Slices of *out live as long as the arena, or longer. Any
 * thread. */
typedef struct zd_units {
  void *state;
  zd_err (*canonical)(void *state, zd_slice code, zd_arena *arena, zd_canonical_unit *out);
} zd_units;

/* UCUM itself (ucum/ucum.h): what zd_search_open uses. */
zd_units zd_units_ucum(void);

/* zd_search_open with other units, NULL: none. A store that was filled without has its quantities
 * indexed again (zd_search_catch_up). */
zd_err zd_search_open_units(const zd_schema *schema, zd_store *store, zd_slice base_url,
                            const zd_units *units, zd_search **out, zd_fault *fault);

#endif
