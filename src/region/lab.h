/* lab.h: what is measured and what comes out.
 *
 * A value is: the mean of the sex, shifted by the diseases the person truly has, by his own lasting
 * deviation, by the years since the start (trend), by the illness of the day, and by chance. All in
 * whole units of the last decimal. Related quantities agree: total cholesterol with its parts,
 * creatinine with the filtration rate (CKD-EPI 2021), haematocrit and erythrocytes with
 * haemoglobin, glucose with HbA1c.
 */
#ifndef ZD_REGION_LAB_H
#define ZD_REGION_LAB_H

#include "base/arena.h"
#include "region/health.h"

typedef enum zd_analyte {
  ZD_PULSE,
  ZD_TEMPERATURE,
  ZD_SATURATION,
  ZD_RESPIRATION,
  ZD_HEIGHT,
  ZD_WEIGHT,
  ZD_MASS_INDEX,
  ZD_HAEMOGLOBIN, /* from here on: laboratory */
  ZD_ERYTHROCYTES,
  ZD_HAEMATOCRIT,
  ZD_LEUKOCYTES,
  ZD_PLATELETS,
  ZD_NEUTROPHILS,
  ZD_LYMPHOCYTES,
  ZD_SEDIMENTATION,
  ZD_URINE_PROTEIN,
  ZD_URINE_ACIDITY,
  ZD_URINE_GRAVITY,
  ZD_URINE_LEUKOCYTES,
  ZD_HBA1C,
  ZD_GLUCOSE,
  ZD_FILTRATION,
  ZD_CREATININE,
  ZD_UREA,
  ZD_ALT,
  ZD_AST,
  ZD_BILIRUBIN,
  ZD_POTASSIUM,
  ZD_HDL,
  ZD_TRIGLYCERIDES,
  ZD_LDL,
  ZD_CHOLESTEROL,
  ZD_TSH,
  ZD_CRP,
  ZD_INR,
  ZD_ANALYTES
} zd_analyte;

typedef enum zd_panel {
  ZD_PANEL_BLOOD,
  ZD_PANEL_URINE,
  ZD_PANEL_CHEMISTRY,
  ZD_PANEL_LIPIDS,
  ZD_PANEL_GLUCOSE,
  ZD_PANEL_HBA1C,
  ZD_PANEL_KIDNEY,
  ZD_PANEL_TSH,
  ZD_PANEL_CRP,
  ZD_PANEL_INR,
  ZD_PANELS
} zd_panel;

typedef struct zd_panel_row {
  const char *loinc, *display, *text;
  uint8_t count;
  zd_analyte analyte[9]; /* in an order in which each can be computed from those before */
} zd_panel_row;

extern const zd_panel_row ZD_PANEL[ZD_PANELS];

typedef struct zd_analyte_row {
  const char *loinc, *display, *text, *unit, *ucum;
  uint8_t decimals;
  bool skewed;             /* log-normal */
  int32_t mean[2];         /* male, female */
  uint16_t person, chance; /* spread between people and between days, per mille of the mean */
  int32_t low[2], high[2]; /* reference range; low -1: none */
} zd_analyte_row;

extern const zd_analyte_row ZD_ANALYTE[ZD_ANALYTES];

/* The constant parts of an analyte's Observation, made once per region. */
typedef struct zd_analyte_text {
  zd_slice head;     /* after the id, up to the patient's id */
  zd_slice unit;     /* after the number */
  zd_slice range[2]; /* referenceRange by sex; empty for vital signs */
} zd_analyte_text;

/* Fills ZD_ANALYTES texts, in the arena. */
zd_err zd_lab_texts(zd_analyte_text *text, zd_arena *arena);

/* One person's measuring: remembers the values of the day that others are computed from. */
typedef struct zd_lab {
  uint64_t seed;
  const zd_person *person;
  const zd_health *health;
  zd_random *dice;
  int32_t from; /* first day of the region's time, for trends */
  int32_t last[ZD_ANALYTES];
} zd_lab;

/* sick: 0 well, 1 a mild infection or inflammation, 2 a severe one. */
int32_t zd_lab_value(zd_lab *lab, zd_analyte analyte, int32_t day, int sick);
/* Blood pressure of the moment, mmHg. */
void zd_lab_pressure(zd_lab *lab, int32_t day, int sick, int32_t *systolic, int32_t *diastolic);

#endif
