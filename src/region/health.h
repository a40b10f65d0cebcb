/* health.h: what a resident suffers from, and how he is built.
 *
 * True state, registered or not: the gap between the two (most of hypertension is known to nobody's
 * register) is what population programmes look for. Prevalence by age and sex is the table of
 * region.md 1.1; diseases of one person go together (diabetes with hypertension, atrial
 * fibrillation with ischaemic heart disease) without changing any column of the table.
 */
#ifndef ZD_REGION_HEALTH_H
#define ZD_REGION_HEALTH_H

#include "region/drugs.h"
#include "region/kin.h"

typedef enum zd_disease {
  ZD_HYPERTENSION,
  ZD_DIABETES_2,
  ZD_ISCHAEMIC,
  ZD_HEART_FAILURE,
  ZD_FIBRILLATION,
  ZD_KIDNEY,
  ZD_COPD,
  ZD_ASTHMA,
  ZD_CANCER,
  ZD_DIABETES_1,
  ZD_CEREBROVASCULAR,
  ZD_HYPOTHYROID,
  ZD_GASTRITIS,
  ZD_ARTHROSIS,
  ZD_OBESITY,
  ZD_DISEASES
} zd_disease;

/* The cascade of blood pressure control (region.md 1.1). */
typedef enum zd_pressure_state {
  ZD_PRESSURE_NORMAL,
  ZD_PRESSURE_UNAWARE,
  ZD_PRESSURE_AWARE,   /* and not treated */
  ZD_PRESSURE_TREATED, /* and not controlled */
  ZD_PRESSURE_CONTROLLED
} zd_pressure_state;

enum { ZD_DRUGS_MOST = 10 };

typedef struct zd_health {
  uint32_t has, registered;   /* bit 1 << zd_disease */
  int32_t onset[ZD_DISEASES]; /* day of diagnosis of what is registered */
  zd_pressure_state pressure;
  int16_t systolic, diastolic; /* usual, mmHg */
  int16_t hba1c;               /* usual, tenths of a percent */
  int16_t filtration;          /* usual eGFR, mL/min/1.73 m2 */
  int16_t height;              /* adult height, cm */
  int16_t mass_index;          /* adult body mass index, tenths */
  int16_t pulse;
  bool smoker;
  uint8_t drugs;
  zd_drug drug[ZD_DRUGS_MOST]; /* taken for good */
} zd_health;

static inline bool zd_health_has(const zd_health *h, zd_disease d) {
  return h->has >> d & 1;
}

static inline bool zd_health_registered(const zd_health *h, zd_disease d) {
  return h->registered >> d & 1;
}

void zd_health_draw(uint64_t seed, const zd_person *who, int32_t end, zd_health *h);

/* True prevalence per 10,000 of the band. */
uint16_t zd_health_prevalence(zd_disease disease, unsigned band, bool female);

/* МКБ-10 code and name of this person's form of the disease. */
typedef struct zd_icd {
  const char *code, *name;
} zd_icd;
zd_icd zd_health_icd(zd_disease d, const zd_person *who);

#endif
