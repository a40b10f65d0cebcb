/* illness.h: acute reasons for which people come, by age and kind of care. */
#ifndef ZD_REGION_ILLNESS_H
#define ZD_REGION_ILLNESS_H

#include "region/health.h"
#include "region/supply.h"

/* Where a reason is met; the columns of the weights. */
typedef enum zd_setting {
  ZD_SETTING_URGENT,
  ZD_SETTING_EPISODE,
  ZD_SETTING_AMBULANCE,
  ZD_SETTING_ADMISSION,
  ZD_SETTINGS
} zd_setting;

enum { ZD_SEX_BOTH, ZD_SEX_MALE, ZD_SEX_FEMALE };

typedef struct zd_illness {
  zd_icd icd;
  uint8_t from_age, to_age, sex;
  uint16_t weight[ZD_SETTINGS];
  uint8_t sick; /* how ill: 0, 1, 2 (see lab.h) */
  uint8_t days; /* usual length */
  zd_position position;
  zd_department department;
  uint8_t drugs;
  zd_drug drug[3];
  uint32_t needs; /* only for who truly has these diseases: bits 1 << zd_disease */
} zd_illness;

extern const zd_illness ZD_ILLNESS[];
extern const uint16_t ZD_ILLNESS_COUNT;

/* Rows that a time course asks for by itself. */
extern const zd_illness ZD_ILLNESS_INFARCTION, ZD_ILLNESS_STROKE, ZD_ILLNESS_HAEMORRHAGE,
    ZD_ILLNESS_BIRTH;

/* One that fits the age, the sex and the diseases the person has. */
const zd_illness *zd_illness_pick(zd_random *dice, zd_setting setting, int age, bool female,
                                  uint32_t has);

#endif
