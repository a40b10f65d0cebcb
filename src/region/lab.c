#include "region/lab.h"

#include "region/dice.h"
#include "region/pen.h"

#define LOG2_E 94548 /* 65536 * log2(e) */

/* v * 2^(power / 65536) */
static int32_t scaled(int32_t v, int32_t power) {
  return (int32_t)(((uint64_t)v * zd_dice_exp2(power) + 32768) >> 16);
}

/* The person's lasting deviation: the same whenever asked. */
static int32_t lasting(const zd_lab *lab, zd_analyte a) {
  uint64_t who = zd_mix(lab->seed, lab->person->index);
  return zd_dice_quantile((uint32_t)(zd_mix(who, a) >> 32));
}

static int32_t usual(zd_lab *lab, zd_analyte a) {
  const zd_analyte_row *row = &ZD_ANALYTE[a];
  int32_t mean = row->mean[lab->person->female];
  int32_t away = lasting(lab, a) * row->person + zd_dice_normal(lab->dice) * row->chance; /* 1e-6 */
  if (row->skewed) return scaled(mean, (int32_t)((int64_t)away * LOG2_E / 1000000));
  return mean + (int32_t)((int64_t)mean * away / 1000000);
}

static bool takes(const zd_health *h, zd_drug drug) {
  for (uint8_t i = 0; i < h->drugs; i++)
    if (h->drug[i] == drug) return true;
  return false;
}

/* Linear growth curves, good to a few centimetres: 50 cm at birth, 76 at one, then 6.4 a year; the
 * height of a child never passes his adult one. */
static int32_t height(const zd_lab *lab, int32_t day) {
  int32_t adult = lab->health->height, days = day - lab->person->born;
  int32_t now = days < 365 ? 50 + 26 * days / 365 : 76 + (days - 365) * 64 / 3650;
  return now < adult ? now : adult;
}

static int32_t mass_index(zd_lab *lab, int32_t day) {
  int32_t years = (day - lab->person->born) / 365, index = lab->health->mass_index;
  if (years < 18) { /* 16 for the small, rising to the adult value */
    int32_t child = 160 + (years > 6 ? (years - 6) * 4 : 0);
    index = child + (index - 250) * years / 24;
  }
  return index + (day - lab->from) / 365 + zd_dice_normal(lab->dice) * 3 / 1000;
}

static int32_t weight(const zd_lab *lab) {
  int32_t cm = lab->last[ZD_HEIGHT];
  return lab->last[ZD_MASS_INDEX] * cm * cm / 10000;
}

/* HbA1c drifts: treated bad control slowly improves, everything else slowly rises. */
static int32_t hba1c(zd_lab *lab, int32_t day) {
  int32_t v = lab->health->hba1c, years10 = (day - lab->from) * 10 / 365;
  bool diabetes = v >= 58 && (zd_health_has(lab->health, ZD_DIABETES_2) ||
                              zd_health_has(lab->health, ZD_DIABETES_1));
  if (diabetes) v += v >= 80 ? -(years10 * 2 / 10) : years10 / 20;
  return v + zd_dice_normal(lab->dice) * (diabetes ? 2 : 1) / 1000;
}

/* Mean glucose of HbA1c: 1.59 A1c - 2.59 mmol/L (ADAG, Nathan 2008); fasting lies 0.8 lower. */
static int32_t glucose(zd_lab *lab, int32_t day) {
  if (!zd_health_has(lab->health, ZD_DIABETES_2) && !zd_health_has(lab->health, ZD_DIABETES_1)) {
    int32_t v = usual(lab, ZD_GLUCOSE);
    return v > 69 ? 69 : v;
  }
  int32_t v = (hba1c(lab, day) * 159 - 2590) / 100 - 8;
  v += v * zd_dice_normal(lab->dice) / 10000;
  return v < 35 ? 35 : v;
}

static int32_t filtration(zd_lab *lab, int32_t day) {
  int32_t loss = zd_health_has(lab->health, ZD_KIDNEY) ? 3 : 1; /* a year */
  int32_t v = lab->health->filtration - loss * (day - lab->from) / 365;
  v += v * (zd_dice_normal(lab->dice) * 4 / 100) / 1000;
  /* the equation's ceiling at this age, where creatinine is as low as it gets */
  int32_t most = scaled(154, -((day - lab->person->born) / 365) * 588);
  return v < 5 ? 5 : v > most ? most : v;
}

/* CKD-EPI 2021 (Inker et al., NEJM 385:1737), solved for creatinine in umol/L:
 * eGFR = 142 min(S/k,1)^a max(S/k,1)^-1.2 0.9938^age (1.012 if female). Powers as 2^x; -0.00897 is
 * log2 0.9938. Children: the table. */
static int32_t creatinine(zd_lab *lab, int32_t day) {
  int32_t age = (day - lab->person->born) / 365, rate = lab->last[ZD_FILTRATION];
  bool female = lab->person->female;
  if (age < 18) {
    int32_t v = usual(lab, ZD_CREATININE);
    return age < 15 ? v * (40 + age * 4) / 100 : v;
  }
  int32_t power = zd_dice_log2((uint64_t)(rate > 0 ? rate : 90) << 16) -
                  zd_dice_log2(UINT64_C(142) << 16) + age * 588 - (female ? 1128 : 0);
  int32_t share =
      power < 0 ? power * 10 / 12 : (int32_t)((int64_t)power * 1000 / (female ? 241 : 302));
  if (share > 40000) share = 40000;
  return scaled(female ? 62 : 80, -share); /* k: 0.7 and 0.9 mg/dL */
}

static int32_t lipids(zd_lab *lab, zd_analyte a) {
  const zd_health *h = lab->health;
  bool heavy = zd_health_has(h, ZD_OBESITY), sweet = zd_health_has(h, ZD_DIABETES_2);
  if (a == ZD_CHOLESTEROL) /* Friedewald, mmol/L: LDL + HDL + TG / 2.2 */
    return lab->last[ZD_LDL] + lab->last[ZD_HDL] + lab->last[ZD_TRIGLYCERIDES] * 10 / 22;
  int32_t v = usual(lab, a), age = lab->person->age;
  if (a == ZD_HDL)
    return v - (heavy ? 12 : 0) - (sweet ? 12 : 0) < 50 ? 50 : v - 12 * (heavy + sweet);
  if (a == ZD_TRIGLYCERIDES) return v * (10 + 3 * heavy + 4 * sweet) / 10;
  if (age < 20) v = v * 70 / 100;
  if (takes(h, ZD_DRUG_ATORVASTATIN) || takes(h, ZD_DRUG_ROSUVASTATIN)) v = v * 62 / 100;
  return v < 60 ? 60 : v;
}

static int32_t inflamed(zd_lab *lab, zd_analyte a, int sick) {
  int32_t v = usual(lab, a);
  if (lab->health->smoker && a == ZD_LEUKOCYTES) v = v * 115 / 100;
  switch (a) {
    case ZD_LEUKOCYTES:
      return v * (10 + sick * 4) / 10;
    case ZD_NEUTROPHILS:
      return v + sick * 60 > 930 ? 930 : v + sick * 60;
    case ZD_LYMPHOCYTES:
      return v - sick * 55 < 30 ? 30 : v - sick * 55;
    case ZD_SEDIMENTATION:
      return v * (10 + sick * 8) / 10 + 1;
    case ZD_CRP:
      return sick ? v * (sick == 1 ? 6 : 30) : v;
    default:
      return v;
  }
}

static int32_t vital(zd_lab *lab, zd_analyte a, int32_t day, int sick) {
  const zd_health *h = lab->health;
  switch (a) {
    case ZD_PULSE:
      return h->pulse + sick * 8 - (takes(h, ZD_DRUG_BISOPROLOL) ? 6 : 0) +
             zd_dice_normal(lab->dice) * 6 / 1000;
    case ZD_TEMPERATURE:
      return usual(lab, a) +
             (sick ? 4 + (int32_t)zd_dice_below(lab->dice, sick == 1 ? 18 : 26) : 0);
    case ZD_SATURATION: {
      int32_t v = usual(lab, a) - (zd_health_has(h, ZD_COPD) ? 3 : 0) - (sick == 2 ? 3 : 0);
      return v > 100 ? 100 : v;
    }
    case ZD_RESPIRATION:
      return usual(lab, a) + sick * 2;
    case ZD_HEIGHT:
      return height(lab, day);
    case ZD_MASS_INDEX:
      return mass_index(lab, day);
    default:
      return weight(lab);
  }
}

static int32_t other(zd_lab *lab, zd_analyte a, int sick) {
  const zd_health *h = lab->health;
  bool kidney = zd_health_has(h, ZD_KIDNEY);
  int32_t v = usual(lab, a);
  switch (a) {
    case ZD_HAEMOGLOBIN:
      if (lab->person->age < 12) v = v * 92 / 100;
      return v - (kidney ? 12 : 0) - (zd_health_has(h, ZD_CANCER) ? 6 : 0);
    case ZD_ERYTHROCYTES:
      return lab->last[ZD_HAEMOGLOBIN] * 3360 / 1000 + v / 200;
    case ZD_HAEMATOCRIT:
      return lab->last[ZD_HAEMOGLOBIN] * 2950 / 1000 + v / 200;
    case ZD_URINE_PROTEIN:
      return kidney || zd_health_has(h, ZD_DIABETES_2) ? v * 4 : v;
    case ZD_URINE_LEUKOCYTES:
      return sick == 2 ? v * 4 : v;
    case ZD_UREA:
      return kidney ? v * 17 / 10 : v;
    case ZD_ALT:
    case ZD_AST:
      return zd_health_has(h, ZD_OBESITY) ? v * 13 / 10 : v;
    case ZD_POTASSIUM:
      return v + (takes(h, ZD_DRUG_SPIRONOLACTONE) ? 3 : 0) + (kidney ? 3 : 0);
    case ZD_TSH:
      if (!zd_health_has(h, ZD_HYPOTHYROID)) return v;
      return takes(h, ZD_DRUG_LEVOTHYROXINE) ? v * 3 / 2 : v * 4;
    case ZD_INR:
      return takes(h, ZD_DRUG_WARFARIN) ? v * 25 / 10 + zd_dice_between(lab->dice, -50, 60) : v;
    default:
      return v;
  }
}

static int32_t value(zd_lab *lab, zd_analyte a, int32_t day, int sick) {
  if (a <= ZD_MASS_INDEX) return vital(lab, a, day, sick);
  switch (a) {
    case ZD_LEUKOCYTES:
    case ZD_NEUTROPHILS:
    case ZD_LYMPHOCYTES:
    case ZD_SEDIMENTATION:
    case ZD_CRP:
      return inflamed(lab, a, sick);
    case ZD_HBA1C:
      return hba1c(lab, day);
    case ZD_GLUCOSE:
      return glucose(lab, day);
    case ZD_FILTRATION:
      return filtration(lab, day);
    case ZD_CREATININE:
      return creatinine(lab, day);
    case ZD_HDL:
    case ZD_TRIGLYCERIDES:
    case ZD_LDL:
    case ZD_CHOLESTEROL:
      return lipids(lab, a);
    default:
      return other(lab, a, sick);
  }
}

int32_t zd_lab_value(zd_lab *lab, zd_analyte a, int32_t day, int sick) {
  int32_t v = value(lab, a, day, sick);
  if (v < 0) v = 0;
  lab->last[a] = v;
  return v;
}

void zd_lab_pressure(zd_lab *lab, int32_t day, int sick, int32_t *systolic, int32_t *diastolic) {
  const zd_health *h = lab->health;
  int32_t trend = 0; /* under observation and treated: three a year down */
  if (h->pressure == ZD_PRESSURE_TREATED && zd_health_registered(h, ZD_HYPERTENSION))
    trend = -3 * (day - lab->from) / 365;
  int32_t chance = zd_dice_normal(lab->dice);
  *systolic = h->systolic + trend + chance * 6 / 1000 + (sick == 2 ? 12 : 0);
  *diastolic = h->diastolic + trend / 2 + chance * 3 / 1000 + (sick == 2 ? 5 : 0);
}

/* ---- constant parts ---- */

static void write_head(zd_buffer *b, zd_analyte a) {
  const zd_analyte_row *row = &ZD_ANALYTE[a];
  bool vital_sign = a <= ZD_MASS_INDEX;
  zd_buffer_printf(b,
                   ",\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":\"http://"
                   "terminology.hl7.org/CodeSystem/observation-category\",\"code\":\"%s\"}]}],"
                   "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"%s\","
                   "\"display\":\"%s\"}],\"text\":\"%s\"},\"subject\":{\"reference\":\"Patient/",
                   vital_sign ? "vital-signs" : "laboratory", row->loinc, row->display, row->text);
}

static void write_unit(zd_buffer *b, const zd_analyte_row *row) {
  zd_buffer_printf(b, ",\"unit\":\"%s\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"%s\"}",
                   row->unit, row->ucum);
}

/* Value and printed unit: the coded one stands in valueQuantity. */
static void write_limit(zd_buffer *b, const zd_analyte_row *row, int32_t v) {
  zd_pen_decimal(b, v, row->decimals);
  zd_buffer_printf(b, ",\"unit\":\"%s\"}", row->unit);
}

static void write_range(zd_buffer *b, const zd_analyte_row *row, int female) {
  int32_t low = row->low[female], high = row->high[female];
  if (low < 0 && high <= 0) return;
  ZD_PEN(b, ",\"referenceRange\":[{");
  if (low >= 0) {
    ZD_PEN(b, "\"low\":{\"value\":");
    write_limit(b, row, low);
  }
  if (low >= 0 && high > 0) ZD_PEN(b, ",");
  if (high > 0) {
    ZD_PEN(b, "\"high\":{\"value\":");
    write_limit(b, row, high);
  }
  ZD_PEN(b, "}]");
}

static zd_slice keep(zd_buffer *b, zd_arena *arena, zd_err *err) {
  zd_slice copy = zd_arena_copy(arena, zd_buffer_slice(b));
  if (b->failed || !copy.p) *err = ZD_ERR_MEMORY;
  zd_buffer_clear(b);
  return copy;
}

zd_err zd_lab_texts(zd_analyte_text *text, zd_arena *arena) {
  zd_err err = ZD_OK;
  zd_buffer b;
  zd_buffer_init(&b, 0);
  for (zd_analyte a = 0; a < ZD_ANALYTES; a++) {
    write_head(&b, a);
    text[a].head = keep(&b, arena, &err);
    write_unit(&b, &ZD_ANALYTE[a]);
    text[a].unit = keep(&b, arena, &err);
    for (int sex = 0; sex < 2; sex++) {
      write_range(&b, &ZD_ANALYTE[a], sex);
      text[a].range[sex] = keep(&b, arena, &err);
    }
  }
  zd_buffer_free(&b);
  return err;
}
