/* places.h: settlements of the region and addresses in them.
 *
 * Settlement populations fall off as rank^-1.07 (Zipf); the largest ones that together hold 75 % of
 * the people are urban. Names are composed, streets are the usual ones; postal codes begin with 000
 * and the address object ids are UUIDs of version 8 (RFC 9562 5.8), so that neither can be
 * anyone's.
 */
#ifndef ZD_REGION_PLACES_H
#define ZD_REGION_PLACES_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

typedef enum zd_settlement_kind {
  ZD_SETTLEMENT_CITY,
  ZD_SETTLEMENT_TOWN,
  ZD_SETTLEMENT_VILLAGE,
  ZD_SETTLEMENT_HAMLET
} zd_settlement_kind;

typedef struct zd_settlement {
  zd_slice name; /* with its kind: "г. Медоград" */
  uint32_t people;
  zd_settlement_kind kind;
  uint16_t district; /* number of the district hospital that serves it */
  bool urban;
} zd_settlement;

typedef struct zd_places {
  zd_settlement *settlement; /* largest first */
  uint32_t *sums;            /* running sums of people */
  uint16_t count;
  uint16_t districts;
} zd_places;

/* Everything lives in the arena. */
zd_err zd_places_build(zd_places *places, uint32_t residents, uint16_t districts, zd_arena *arena);

/* An Address object in settlement `number`, for the household (or building) with this key. `home`
 * adds a flat. */
void zd_places_write(const zd_places *places, uint16_t number, uint64_t key, bool home,
                     zd_buffer *b);

#endif
