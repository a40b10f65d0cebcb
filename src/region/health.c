#include "region/health.h"

#include "region/dice.h"

/* Per 10,000 of the age band. The first nine rows: region.md 1.1. Cerebrovascular: shaped like
 * ischaemic heart disease, scaled to 24.5 per mille registered. Type 1 diabetes: 1.9 per mille.
 * The last four are common reasons for visits, approximate (design). */
#define N ZD_AGE_BANDS
static const uint16_t MALE_HYPERTENSION[N] = {0,    0,    50,   300,  800,  1300, 2000, 3200, 4500,
                                              5600, 6500, 7200, 7700, 8000, 8200, 8300, 8300};
static const uint16_t PREVALENCE[ZD_DISEASES][N] = {
    [ZD_HYPERTENSION] = {0, 0, 30, 100, 300, 500, 900, 1700, 2900, 4300, 5600, 6700, 7500, 8000,
                         8400, 8600, 8700},
    [ZD_DIABETES_2] = {0, 0, 0, 2, 5, 15, 40, 90, 170, 290, 460, 680, 950, 1150, 1250, 1150, 950},
    [ZD_ISCHAEMIC] = {0, 0, 0, 0, 5, 10, 20, 50, 120, 250, 450, 750, 1100, 1500, 1900, 2300, 2600},
    [ZD_HEART_FAILURE] = {0, 0, 0, 2, 5, 10, 20, 40, 70, 120, 200, 320, 500, 750, 1050, 1400, 1800},
    [ZD_FIBRILLATION] = {0, 0, 0, 0, 2, 3, 5, 10, 20, 50, 100, 180, 320, 500, 750, 1000, 1300},
    [ZD_KIDNEY] = {0, 0, 0, 10, 20, 30, 50, 80, 120, 180, 260, 380, 550, 800, 1100, 1500, 2000},
    [ZD_COPD] = {0, 0, 0, 0, 5, 10, 20, 40, 80, 130, 200, 280, 350, 400, 420, 400, 350},
    [ZD_ASTHMA] = {80, 180, 220, 200, 150, 130, 130, 130, 140, 150, 160, 180, 200, 210, 210, 200,
                   180},
    [ZD_CANCER] = {2, 3, 3, 5, 10, 20, 40, 80, 140, 210, 300, 420, 580, 720, 830, 880, 850},
    [ZD_DIABETES_1] = {5, 12, 18, 22, 24, 24, 24, 24, 22, 20, 20, 18, 16, 14, 12, 10, 8},
    [ZD_CEREBROVASCULAR] = {0, 0, 0, 0, 2, 4, 9, 20, 50, 110, 200, 340, 510, 710, 920, 1120, 1250},
    [ZD_HYPOTHYROID] = {5, 10, 20, 40, 60, 90, 130, 170, 210, 260, 310, 360, 400, 430, 450, 450,
                        430},
    [ZD_GASTRITIS] = {5, 100, 300, 500, 600, 700, 800, 900, 1000, 1100, 1200, 1300, 1400, 1400,
                      1400, 1300, 1200},
    [ZD_ARTHROSIS] = {0, 5, 10, 30, 60, 100, 180, 300, 500, 800, 1200, 1700, 2200, 2700, 3100, 3300,
                      3400},
    [ZD_OBESITY] = {100, 500, 700, 600, 800, 1200, 1500, 1900, 2300, 2700, 3000, 3300, 3400, 3400,
                    3200, 2700, 2000},
};
#undef N

/* Per mille of the true cases that a register knows (region.md 1.1 "registered vs true"; heart
 * failure, kidney, lung and the last four are ours). Hypertension: of the aware. */
static const uint16_t REGISTERED[ZD_DISEASES] = {
    [ZD_HYPERTENSION] = 401,  [ZD_DIABETES_2] = 826,       [ZD_ISCHAEMIC] = 800,
    [ZD_HEART_FAILURE] = 700, [ZD_FIBRILLATION] = 800,     [ZD_KIDNEY] = 350,
    [ZD_COPD] = 500,          [ZD_ASTHMA] = 700,           [ZD_CANCER] = 1000,
    [ZD_DIABETES_1] = 1000,   [ZD_CEREBROVASCULAR] = 1000, [ZD_HYPOTHYROID] = 700,
    [ZD_GASTRITIS] = 500,     [ZD_ARTHROSIS] = 400,        [ZD_OBESITY] = 300,
};

/* A disease is `factor` tenths as likely among those who have `with` as among all. */
static const struct {
  zd_disease with;
  uint8_t factor;
} TOGETHER[ZD_DISEASES] = {
    [ZD_HYPERTENSION] = {ZD_DISEASES, 10},
    [ZD_DIABETES_2] = {ZD_HYPERTENSION, 16},
    [ZD_ISCHAEMIC] = {ZD_HYPERTENSION, 15},
    [ZD_HEART_FAILURE] = {ZD_ISCHAEMIC, 40},
    [ZD_FIBRILLATION] = {ZD_ISCHAEMIC, 30},
    [ZD_KIDNEY] = {ZD_DIABETES_2, 25},
    [ZD_COPD] = {ZD_ISCHAEMIC, 15},
    [ZD_ASTHMA] = {ZD_DISEASES, 10},
    [ZD_CANCER] = {ZD_DISEASES, 10},
    [ZD_DIABETES_1] = {ZD_DISEASES, 10},
    [ZD_CEREBROVASCULAR] = {ZD_HYPERTENSION, 15},
    [ZD_HYPOTHYROID] = {ZD_DISEASES, 10},
    [ZD_GASTRITIS] = {ZD_DISEASES, 10},
    [ZD_ARTHROSIS] = {ZD_DISEASES, 10},
    [ZD_OBESITY] = {ZD_HYPERTENSION, 14},
};

uint16_t zd_health_prevalence(zd_disease disease, unsigned band, bool female) {
  if (disease == ZD_HYPERTENSION && !female) return MALE_HYPERTENSION[band];
  uint16_t p = PREVALENCE[disease][band];
  if (disease == ZD_HYPOTHYROID) p = (uint16_t)(female ? p * 16 / 10 : p * 3 / 10);
  return p;
}

/* Chance given the companion disease, such that the average over the band stays p:
 * q * k * p + (1 - q) * x * p = p, with k limited so that neither side leaves 0..1. */
static uint32_t chance(zd_disease d, const zd_person *who, const zd_health *h) {
  uint64_t p = zd_health_prevalence(d, who->band, who->female) * UINT64_C(100);
  if (TOGETHER[d].with == ZD_DISEASES) return (uint32_t)p;
  uint64_t q = zd_health_prevalence(TOGETHER[d].with, who->band, who->female) * UINT64_C(100);
  if (q == 0 || q >= ZD_PPM) return (uint32_t)p;
  uint64_t more = p * TOGETHER[d].factor / 10, most = p * ZD_PPM / q;
  if (more > most) more = most;
  if (more > ZD_PPM) more = ZD_PPM;
  uint64_t less = (p * ZD_PPM - q * more) / (ZD_PPM - q);
  return (uint32_t)(zd_health_has(h, TOGETHER[d].with) ? more : less);
}

static void draw_diseases(zd_random *dice, const zd_person *who, int32_t end, zd_health *h) {
  for (zd_disease d = 0; d < ZD_DISEASES; d++) {
    if (!zd_dice_chance(dice, chance(d, who, h))) continue;
    if (d == ZD_DIABETES_1 && zd_health_has(h, ZD_DIABETES_2)) continue;
    h->has |= 1u << d;
    bool known = d == ZD_HYPERTENSION || zd_dice_below(dice, 1000) < REGISTERED[d];
    if (!known) continue;
    h->registered |= 1u << d; /* diagnosed up to 15 years ago, and after birth */
    int32_t span = who->age > 30 ? 15 * 365 : who->age > 3 ? (who->age - 1) * 182 : 300;
    h->onset[d] = end - 1 - (int32_t)zd_dice_below(dice, (uint32_t)span);
    if (h->onset[d] < who->born) h->onset[d] = who->born;
    if (h->onset[d] >= who->died) h->registered &= ~(1u << d); /* died before it was found */
  }
}

/* Aware 75 %, treated 60 %, controlled 28 % of true hypertension; the register knows 40 % of the
 * aware, treated first. Levels: normal pressure rises with age; mmHg, mean and spread (design). */
static void draw_pressure(zd_random *dice, const zd_person *who, zd_health *h) {
  int32_t systolic = 100 + who->age * 3 / 10 + (who->female ? 0 : 4);
  if (who->age < 18) systolic = 88 + who->age * 16 / 10;
  int32_t spread = 8;
  if (zd_health_has(h, ZD_HYPERTENSION)) {
    uint32_t at = zd_dice_below(dice, 1000);
    h->pressure = at < 280   ? ZD_PRESSURE_CONTROLLED
                  : at < 600 ? ZD_PRESSURE_TREATED
                  : at < 750 ? ZD_PRESSURE_AWARE
                             : ZD_PRESSURE_UNAWARE;
    systolic = h->pressure == ZD_PRESSURE_CONTROLLED ? 128
               : h->pressure == ZD_PRESSURE_TREATED  ? 153
                                                     : 151;
    spread = h->pressure == ZD_PRESSURE_CONTROLLED ? 5 : 9;
    bool known =
        h->pressure >= ZD_PRESSURE_AWARE && zd_dice_below(dice, 1000) < REGISTERED[ZD_HYPERTENSION];
    if (!known) h->registered &= ~(1u << ZD_HYPERTENSION);
  }
  systolic += zd_dice_normal(dice) * spread / 1000;
  if (h->pressure >= ZD_PRESSURE_UNAWARE && h->pressure <= ZD_PRESSURE_TREATED && systolic < 141)
    systolic = 141;
  if ((h->pressure == ZD_PRESSURE_NORMAL || h->pressure == ZD_PRESSURE_CONTROLLED) &&
      systolic > 138)
    systolic = 138;
  int32_t share = 640 - (who->age > 50 ? (who->age - 50) * 3 : 0); /* pulse pressure widens */
  h->systolic = (int16_t)systolic;
  h->diastolic = (int16_t)(systolic * share / 1000 + zd_dice_normal(dice) * 4 / 1000);
}

/* Type 2, registered: below 7 % 52, 7-7.9 29, 8-8.9 10, from 9 9 of a hundred (region.md 1.1). */
static int16_t draw_hba1c(zd_random *dice, const zd_person *who, const zd_health *h) {
  if (zd_health_has(h, ZD_DIABETES_2) || zd_health_has(h, ZD_DIABETES_1)) {
    static const uint16_t share[] = {52, 29, 10, 9};
    static const int16_t low[] = {58, 70, 80, 90}, high[] = {69, 79, 89, 119};
    unsigned c = zd_dice_pick(dice, share, 4);
    int32_t a = zd_dice_between(dice, low[c], high[c]), b = zd_dice_between(dice, low[c], high[c]);
    return (int16_t)(c == 3 ? (a < b ? a : b) : a);
  }
  int32_t v = 50 + who->age / 15 + zd_dice_normal(dice) * 3 / 1000;
  return (int16_t)(v > 61 ? 61 : v);
}

/* Filtration falls by about 0.9 a year from 40; stage 3 and worse is below 60. */
static int16_t draw_filtration(zd_random *dice, const zd_person *who, const zd_health *h) {
  if (zd_health_has(h, ZD_KIDNEY)) {
    int32_t v = 50 + zd_dice_normal(dice) * 11 / 1000;
    return (int16_t)(v < 8 ? 8 : v > 58 ? 58 : v);
  }
  int32_t v = 106 - (who->age > 40 ? (who->age - 40) * 9 / 10 : 0);
  v += zd_dice_normal(dice) * 9 / 1000;
  return (int16_t)(v < 62 ? 62 : v > 130 ? 130 : v);
}

static void draw_body(zd_random *dice, const zd_person *who, zd_health *h) {
  int32_t height = (who->female ? 164 : 177) - (who->age > 50 ? (who->age - 50) / 8 : 0);
  h->height = (int16_t)(height + zd_dice_normal(dice) * (who->female ? 6 : 7) / 1000);
  int32_t index = 232 + (who->age > 18 ? (who->age < 60 ? who->age - 18 : 42) * 7 / 10 : 0);
  index += zd_dice_normal(dice) * 28 / 1000;
  if (index > 298) index = 298;
  if (index < 172) index = 172;
  if (zd_health_has(h, ZD_OBESITY)) index = 300 + (int32_t)zd_dice_below(dice, 90) * 2 / 3;
  h->mass_index = (int16_t)index;
  h->pulse = (int16_t)(72 + zd_dice_normal(dice) * 8 / 1000);
  if (who->age < 12) h->pulse = (int16_t)(h->pulse + (12 - who->age) * 4);
  if (zd_health_has(h, ZD_FIBRILLATION)) h->pulse = (int16_t)(h->pulse + 8);
  bool grown = who->age >= 16;
  h->smoker = grown && zd_dice_chance(dice, who->female ? 140000 : 360000);
}

static void take(zd_health *h, zd_drug drug) {
  for (uint8_t i = 0; i < h->drugs; i++)
    if (h->drug[i] == drug) return;
  if (h->drugs < ZD_DRUGS_MOST) h->drug[h->drugs++] = drug;
}

static void draw_pressure_drugs(zd_random *dice, zd_health *h) {
  static const uint16_t share[] = {22, 24, 24, 30};
  static const zd_drug base[] = {ZD_DRUG_ENALAPRIL, ZD_DRUG_PERINDOPRIL, ZD_DRUG_LISINOPRIL,
                                 ZD_DRUG_LOSARTAN};
  if (h->pressure < ZD_PRESSURE_TREATED) return;
  take(h, base[zd_dice_pick(dice, share, 4)]);
  if (zd_dice_chance(dice, 550000)) take(h, ZD_DRUG_AMLODIPINE);
  if (zd_dice_chance(dice, 300000)) take(h, ZD_DRUG_INDAPAMIDE);
  if (zd_dice_chance(dice, 220000)) take(h, ZD_DRUG_BISOPROLOL);
}

static void draw_diabetes_drugs(zd_random *dice, zd_health *h) {
  if (zd_health_registered(h, ZD_DIABETES_1)) {
    take(h, ZD_DRUG_INSULIN_GLARGINE);
    take(h, ZD_DRUG_INSULIN_ASPART);
  }
  if (!zd_health_registered(h, ZD_DIABETES_2)) return;
  if (zd_dice_chance(dice, 800000)) take(h, ZD_DRUG_METFORMIN);
  if (zd_dice_chance(dice, 380000)) take(h, ZD_DRUG_GLICLAZIDE);
  if (zd_dice_chance(dice, 180000)) take(h, ZD_DRUG_EMPAGLIFLOZIN);
  if (zd_dice_chance(dice, 200000)) take(h, ZD_DRUG_INSULIN_GLARGINE);
}

static void draw_heart_drugs(zd_random *dice, zd_health *h) {
  static const uint16_t share[] = {40, 40, 20};
  static const zd_drug thin[] = {ZD_DRUG_APIXABAN, ZD_DRUG_RIVAROXABAN, ZD_DRUG_WARFARIN};
  bool fibrillation = zd_health_registered(h, ZD_FIBRILLATION);
  bool vessels =
      zd_health_registered(h, ZD_ISCHAEMIC) || zd_health_registered(h, ZD_CEREBROVASCULAR);
  if (fibrillation && zd_dice_chance(dice, 800000)) take(h, thin[zd_dice_pick(dice, share, 3)]);
  if (vessels && !fibrillation && zd_dice_chance(dice, 800000)) take(h, ZD_DRUG_ASPIRIN);
  if (vessels && zd_dice_chance(dice, 650000))
    take(h, zd_dice_chance(dice, 600000) ? ZD_DRUG_ATORVASTATIN : ZD_DRUG_ROSUVASTATIN);
  if (zd_health_registered(h, ZD_ISCHAEMIC) && zd_dice_chance(dice, 600000))
    take(h, ZD_DRUG_BISOPROLOL);
  if (!zd_health_registered(h, ZD_HEART_FAILURE)) return;
  take(h, ZD_DRUG_BISOPROLOL);
  if (zd_dice_chance(dice, 600000)) take(h, ZD_DRUG_SPIRONOLACTONE);
  if (zd_dice_chance(dice, 600000)) take(h, ZD_DRUG_TORASEMIDE);
}

static void draw_other_drugs(zd_random *dice, zd_health *h) {
  if (zd_health_registered(h, ZD_COPD)) take(h, ZD_DRUG_TIOTROPIUM);
  if (zd_health_registered(h, ZD_ASTHMA)) {
    take(h, ZD_DRUG_SALBUTAMOL);
    if (zd_dice_chance(dice, 600000)) take(h, ZD_DRUG_BUDESONIDE_FORMOTEROL);
  }
  if (zd_health_registered(h, ZD_HYPOTHYROID)) take(h, ZD_DRUG_LEVOTHYROXINE);
}

void zd_health_draw(uint64_t seed, const zd_person *who, int32_t end, zd_health *h) {
  zd_random dice;
  zd_dice_seed(&dice, seed, ZD_DICE_HEALTH, who->index);
  memset(h, 0, sizeof *h);
  draw_diseases(&dice, who, end, h);
  draw_pressure(&dice, who, h);
  h->hba1c = draw_hba1c(&dice, who, h);
  h->filtration = draw_filtration(&dice, who, h);
  draw_body(&dice, who, h);
  draw_pressure_drugs(&dice, h);
  draw_diabetes_drugs(&dice, h);
  draw_heart_drugs(&dice, h);
  draw_other_drugs(&dice, h);
}

static zd_icd cancer_icd(const zd_person *who) {
  static const zd_icd female[] = {{"C50.9", "Злокачественное новообразование молочной железы"},
                                  {"C54.1", "Злокачественное новообразование эндометрия"},
                                  {"C18.9", "Злокачественное новообразование ободочной кишки"},
                                  {"C44.9", "Злокачественное новообразование кожи"}};
  static const zd_icd male[] = {{"C61", "Злокачественное новообразование предстательной железы"},
                                {"C34.9", "Злокачественное новообразование бронхов и лёгкого"},
                                {"C18.9", "Злокачественное новообразование ободочной кишки"},
                                {"C44.9", "Злокачественное новообразование кожи"}};
  if (who->age < 18) return (zd_icd){"C91.0", "Острый лимфобластный лейкоз"};
  unsigned k = (unsigned)(zd_mix(who->index, ZD_CANCER) % 4);
  return who->female ? female[k] : male[k];
}

zd_icd zd_health_icd(zd_disease d, const zd_person *who) {
  static const zd_icd icd[ZD_DISEASES][2] = {
      [ZD_HYPERTENSION] = {{"I11.9",
                            "Гипертензивная болезнь с преимущественным поражением сердца "
                            "без сердечной недостаточности"},
                           {"I10", "Эссенциальная (первичная) гипертензия"}},
      [ZD_DIABETES_2] = {{"E11.9", "Инсулиннезависимый сахарный диабет без осложнений"},
                         {"E11.7",
                          "Инсулиннезависимый сахарный диабет с множественными "
                          "осложнениями"}},
      [ZD_ISCHAEMIC] = {{"I20.8", "Другие формы стенокардии"},
                        {"I25.1", "Атеросклеротическая болезнь сердца"}},
      [ZD_HEART_FAILURE] = {{"I50.0", "Застойная сердечная недостаточность"},
                            {"I50.9", "Сердечная недостаточность неуточнённая"}},
      [ZD_FIBRILLATION] = {{"I48", "Фибрилляция и трепетание предсердий"},
                           {"I48", "Фибрилляция и трепетание предсердий"}},
      [ZD_KIDNEY] = {{"N18.3", "Хроническая болезнь почки, стадия 3"},
                     {"N18.3", "Хроническая болезнь почки, стадия 3"}},
      [ZD_COPD] = {{"J44.8", "Другая уточнённая хроническая обструктивная лёгочная болезнь"},
                   {"J44.9", "Хроническая обструктивная лёгочная болезнь неуточнённая"}},
      [ZD_ASTHMA] = {{"J45.0", "Астма с преобладанием аллергического компонента"},
                     {"J45.9", "Астма неуточнённая"}},
      [ZD_DIABETES_1] = {{"E10.9", "Инсулинзависимый сахарный диабет без осложнений"},
                         {"E10.9", "Инсулинзависимый сахарный диабет без осложнений"}},
      [ZD_CEREBROVASCULAR] = {{"I67.8", "Другие уточнённые поражения сосудов мозга"},
                              {"I69.3", "Последствия инфаркта мозга"}},
      [ZD_HYPOTHYROID] = {{"E03.9", "Гипотиреоз неуточнённый"},
                          {"E06.3", "Аутоиммунный тиреоидит"}},
      [ZD_GASTRITIS] = {{"K29.5", "Хронический гастрит неуточнённый"},
                        {"K29.3", "Хронический поверхностный гастрит"}},
      [ZD_ARTHROSIS] = {{"M17.9", "Гонартроз неуточнённый"},
                        {"M42.1", "Остеохондроз позвоночника у взрослых"}},
      [ZD_OBESITY] = {{"E66.0", "Ожирение, обусловленное избыточным поступлением энергии"},
                      {"E66.9", "Ожирение неуточнённое"}},
  };
  if (d == ZD_CANCER) return cancer_icd(who);
  return icd[d][zd_mix(who->index, d) % 3 == 0];
}
