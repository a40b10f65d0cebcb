/* names.h: what people of the region are called.
 *
 * Surnames by frequency with their feminine form, given names by the cohort of birth, patronymics
 * formed from the father's given name, a minority of other traditions, hyphenated surnames.
 * Everything is UTF-8, static, and holds nothing that JSON must escape.
 */
#ifndef ZD_REGION_NAMES_H
#define ZD_REGION_NAMES_H

#include "base/random.h"
#include "base/slice.h"

enum { ZD_COHORTS = 5 }; /* born to 1939, 1940-59, 1960-79, 1980-99, 2000 on */

typedef struct zd_male_name {
  const char *name;
  const char *son, *daughter; /* patronymics of his children */
  uint16_t weight[ZD_COHORTS];
} zd_male_name;

typedef struct zd_female_name {
  const char *name;
  uint16_t weight[ZD_COHORTS];
} zd_female_name;

typedef struct zd_surname {
  const char *stem; /* masculine form */
  uint16_t weight;  /* Иванов = 1000 */
} zd_surname;

/* Majority rows first; rows from `minority` on are the other traditions. */
extern const zd_male_name ZD_MALE_NAMES[];
extern const uint16_t ZD_MALE_COUNT, ZD_MALE_MINORITY;
extern const zd_female_name ZD_FEMALE_NAMES[];
extern const uint16_t ZD_FEMALE_COUNT, ZD_FEMALE_MINORITY;
extern const zd_surname ZD_SURNAMES[];
extern const uint16_t ZD_SURNAME_COUNT, ZD_SURNAME_MINORITY;

#define ZD_NO_NAME 0xFFFFu

/* A surname: one or two (hyphenated) rows of the table. */
typedef struct zd_family {
  uint16_t first, second; /* second ZD_NO_NAME: a single one */
} zd_family;

unsigned zd_names_cohort(int year);
uint16_t zd_names_male(zd_random *dice, int year, bool minority);
uint16_t zd_names_female(zd_random *dice, int year, bool minority);
uint16_t zd_names_surname(zd_random *dice, bool minority);

enum { ZD_FAMILY_ROOM = 128 };
/* The surname as its bearer writes it; returns bytes written to out. */
size_t zd_names_family(zd_family family, bool female, char out[ZD_FAMILY_ROOM]);
/* The feminine form of one surname by rule: -ов -ова, -ин -ина, -ский -ская, -ый -ая; -енко, -ых,
 * -ян and the rest do not change. */
size_t zd_names_feminine(zd_slice s, char out[ZD_FAMILY_ROOM]);

#endif
