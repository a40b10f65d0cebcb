/* drugs.h: medicines by ATC code, with how they are usually taken. */
#ifndef ZD_REGION_DRUGS_H
#define ZD_REGION_DRUGS_H

#include "base/slice.h"

typedef enum zd_drug {
  ZD_DRUG_ENALAPRIL,
  ZD_DRUG_PERINDOPRIL,
  ZD_DRUG_LISINOPRIL,
  ZD_DRUG_LOSARTAN,
  ZD_DRUG_AMLODIPINE,
  ZD_DRUG_INDAPAMIDE,
  ZD_DRUG_BISOPROLOL,
  ZD_DRUG_METFORMIN,
  ZD_DRUG_GLICLAZIDE,
  ZD_DRUG_EMPAGLIFLOZIN,
  ZD_DRUG_INSULIN_GLARGINE,
  ZD_DRUG_INSULIN_ASPART,
  ZD_DRUG_ATORVASTATIN,
  ZD_DRUG_ROSUVASTATIN,
  ZD_DRUG_ASPIRIN,
  ZD_DRUG_APIXABAN,
  ZD_DRUG_RIVAROXABAN,
  ZD_DRUG_WARFARIN,
  ZD_DRUG_SPIRONOLACTONE,
  ZD_DRUG_TORASEMIDE,
  ZD_DRUG_TIOTROPIUM,
  ZD_DRUG_BUDESONIDE_FORMOTEROL,
  ZD_DRUG_SALBUTAMOL,
  ZD_DRUG_LEVOTHYROXINE,
  ZD_DRUG_OMEPRAZOLE,
  ZD_DRUG_AMOXICILLIN,
  ZD_DRUG_AMOXICLAV,
  ZD_DRUG_AZITHROMYCIN,
  ZD_DRUG_CEFTRIAXONE,
  ZD_DRUG_PARACETAMOL,
  ZD_DRUG_IBUPROFEN,
  ZD_DRUG_DICLOFENAC,
  ZD_DRUG_MELOXICAM,
  ZD_DRUG_AMBROXOL,
  ZD_DRUG_XYLOMETAZOLINE,
  ZD_DRUG_LORATADINE,
  ZD_DRUG_DROTAVERINE,
  ZD_DRUG_NITROFURANTOIN,
  ZD_DRUG_LOPERAMIDE,
  ZD_DRUG_TOLPERISONE,
  ZD_DRUG_OFLOXACIN_EYE,
  ZD_DRUG_CAPTOPRIL,
  ZD_DRUG_COUNT
} zd_drug;

/* One row a medicine. */
typedef struct zd_drug_text {
  const char *atc, *name;
  const char *dose; /* text of the instruction */
  uint8_t per_day;  /* times a day */
  uint16_t value;   /* one dose: value and UCUM unit */
  const char *unit; /* written and coded the same */
  uint8_t days;     /* of one prescription */
} zd_drug_text;

extern const zd_drug_text ZD_DRUGS[ZD_DRUG_COUNT];

#endif
