/* kin.h: 250 residents and how they are related.
 *
 * A block is drawn as a whole from its own dice: ages from the pyramid (stratified, so that every
 * block has its share of each age), then couples, children, grown children, households and names.
 * Nobody has relatives outside the block. Ages are as on the last day of the region's time; who
 * died during it counts with the age he would have had.
 */
#ifndef ZD_REGION_KIN_H
#define ZD_REGION_KIN_H

#include "region/names.h"

enum { ZD_BLOCK = 250, ZD_AGE_BANDS = 17, ZD_NOBODY = -1 };

#define ZD_ALIVE INT32_MAX

/* Parts of the population per mille by five-year band, 80+ last, and males per mille of each
 * (region.md 1.1). */
extern const uint16_t ZD_AGE_SHARE[ZD_AGE_BANDS];
extern const uint16_t ZD_AGE_MALE[ZD_AGE_BANDS];

typedef struct zd_person {
  uint32_t index;                       /* number of the resident, from 0 */
  uint32_t household;                   /* the index of its first member */
  int32_t born, died;                   /* days since 1970-01-01; ZD_ALIVE */
  int16_t mother, father, spouse, twin; /* members of the block, or ZD_NOBODY */
  zd_family family, maiden;   /* maiden.first ZD_NO_NAME: never changed, or not recorded */
  uint16_t given, patronymic; /* rows of the name tables; the father's given name */
  uint16_t settlement;
  int32_t married; /* day; 0: not known */
  uint8_t band;    /* age band on the last day */
  uint8_t age;     /* whole years on the last day */
  bool female, minority;
} zd_person;

typedef struct zd_block {
  uint32_t first;
  uint16_t count;
  int16_t at[ZD_BLOCK];       /* resident first + i is member at[i] */
  zd_person member[ZD_BLOCK]; /* youngest first */
} zd_block;

typedef struct zd_kin_setting {
  uint64_t seed;
  uint32_t residents;
  int32_t from, end;    /* first day, and the one after the last */
  const uint32_t *sums; /* running sums of people by settlement */
  uint16_t settlements;
} zd_kin_setting;

/* The block whose first resident is `first`, a multiple of ZD_BLOCK. */
void zd_kin_draw(const zd_kin_setting *setting, uint32_t first, zd_block *block);

/* Whole years of the person on a day. */
int zd_kin_age(const zd_person *person, int32_t day);

#endif
