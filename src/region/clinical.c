/* The resources of a visit: Condition, Observation, DiagnosticReport, MedicationRequest, Procedure,
 * Appointment, AllergyIntolerance. */
#include "region/chart.h"
#include "region/dice.h"

static void pen_text(zd_buffer *b, const char *text) {
  zd_pen_slice(b, zd_slice_of(text));
}

static void practitioner(zd_buffer *b, const zd_chart *chart) {
  ZD_PEN(b, "{\"reference\":\"Practitioner/doc-");
  zd_pen_u32(b, chart->doctor + 1u);
  ZD_PEN(b, "\"}");
}

static void date_member(zd_buffer *b, const char *name, int32_t day) {
  ZD_PEN(b, ",\"");
  pen_text(b, name);
  ZD_PEN(b, "\":\"");
  zd_pen_date(b, day);
  ZD_PEN(b, "\"");
}

/* listed: a chronic one, on the problem list. `end` at or after the last day: still active. */
uint32_t zd_chart_condition(zd_chart *chart, zd_icd icd, int32_t onset, int32_t end, bool listed) {
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_CONDITION, NULL);
  ZD_PEN(b,
         ",\"clinicalStatus\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/condition-clinical\",\"code\":\"");
  bool over = end < chart->region->end;
  if (over)
    ZD_PEN(b, "resolved");
  else
    ZD_PEN(b, "active");
  ZD_PEN(b,
         "\"}]},\"verificationStatus\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/condition-ver-status\",\"code\":"
         "\"confirmed\"}]},\"category\":[{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/condition-category\",\"code\":\"");
  if (listed)
    ZD_PEN(b, "problem-list-item");
  else
    ZD_PEN(b, "encounter-diagnosis");
  ZD_PEN(b,
         "\"}]}],\"code\":{\"coding\":[{\"system\":\"urn:oid:1.2.643.5.1.13.13.11.1005\","
         "\"code\":\"");
  pen_text(b, icd.code);
  ZD_PEN(b, "\",\"display\":\"");
  pen_text(b, icd.name);
  ZD_PEN(b, "\"},{\"system\":\"http://hl7.org/fhir/sid/icd-10\",\"code\":\"");
  pen_text(b, icd.code);
  ZD_PEN(b, "\"}]}");
  zd_chart_subject(chart, b);
  if (chart->encounter.n) zd_chart_encounter(chart, b);
  date_member(b, "onsetDateTime", onset);
  if (over) date_member(b, "abatementDateTime", end);
  date_member(b, "recordedDate", chart->day);
  zd_chart_end(chart, ZD_REGION_CONDITION);
  return chart->made[ZD_REGION_CONDITION];
}

/* Registered before or during the region's time: no encounter of ours made the diagnosis. */
void zd_chart_chronic(zd_chart *chart) {
  zd_ref none = {.n = 0};
  chart->encounter = none;
  for (zd_disease d = 0; d < ZD_DISEASES; d++) {
    if (!zd_health_registered(&chart->health, d)) continue;
    chart->day = chart->health.onset[d];
    zd_icd icd = zd_health_icd(d, chart->person);
    chart->chronic[d] = zd_chart_condition(chart, icd, chart->day, INT32_MAX, true);
  }
}

static void observation_stem(zd_chart *chart, zd_buffer *b) {
  zd_pen_ref(b, &chart->patient);
  ZD_PEN(b, "\"},\"encounter\":{\"reference\":\"Encounter/");
  zd_pen_ref(b, &chart->encounter);
  ZD_PEN(b, "\"},\"effectiveDateTime\":\"");
  zd_pen_time(b, chart->day, chart->minute);
}

static void interpretation(zd_buffer *b, const zd_analyte_row *row, bool female, int32_t v) {
  bool low = row->low[female] >= 0 && v < row->low[female];
  bool high = row->high[female] > 0 && v > row->high[female];
  if (!low && !high) return;
  ZD_PEN(b,
         ",\"interpretation\":[{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation\",\"code\":\"");
  zd_pen(b, low ? "L" : "H", 1);
  ZD_PEN(b, "\"}]}]");
}

void zd_chart_observation(zd_chart *chart, zd_analyte a, zd_ref *ref) {
  const zd_analyte_row *row = &ZD_ANALYTE[a];
  const zd_analyte_text *text = &chart->region->analyte[a];
  int32_t v = zd_lab_value(&chart->lab, a, chart->day, chart->sick);
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_OBSERVATION, ref);
  zd_pen_slice(b, text->head);
  observation_stem(chart, b);
  ZD_PEN(b, "\",\"valueQuantity\":{\"value\":");
  zd_pen_decimal(b, v, row->decimals);
  zd_pen_slice(b, text->unit);
  interpretation(b, row, chart->person->female, v);
  zd_pen_slice(b, text->range[chart->person->female]);
  zd_chart_end(chart, ZD_REGION_OBSERVATION);
}

#define MMHG \
  ",\"unit\":\"мм рт. ст.\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"mm[Hg]\"}}"
#define COMPONENT(code, display)                                             \
  "{\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"" code \
  "\",\"display\":\"" display "\"}]},\"valueQuantity\":{\"value\":"

void zd_chart_pressure(zd_chart *chart) {
  int32_t systolic, diastolic;
  zd_lab_pressure(&chart->lab, chart->day, chart->sick, &systolic, &diastolic);
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_OBSERVATION, NULL);
  ZD_PEN(b,
         ",\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":"
         "\"vital-signs\"}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
         "\"85354-9\",\"display\":\"Blood pressure panel with all children optional\"}],"
         "\"text\":\"Артериальное давление\"},\"subject\":{\"reference\":\"Patient/");
  observation_stem(chart, b);
  ZD_PEN(b, "\",\"component\":[" COMPONENT("8480-6", "Systolic blood pressure"));
  zd_pen_decimal(b, systolic, 0);
  ZD_PEN(b, MMHG "," COMPONENT("8462-4", "Diastolic blood pressure"));
  zd_pen_decimal(b, diastolic, 0);
  ZD_PEN(b, MMHG "]");
  zd_chart_end(chart, ZD_REGION_OBSERVATION);
}

static zd_buffer *report_head(zd_chart *chart, const char *section, const char *code,
                              const char *display, const char *text) {
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_DIAGNOSTIC_REPORT, NULL);
  ZD_PEN(b,
         ",\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v2-0074\",\"code\":\"");
  pen_text(b, section);
  ZD_PEN(b, "\"}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"");
  pen_text(b, code);
  ZD_PEN(b, "\",\"display\":\"");
  pen_text(b, display);
  ZD_PEN(b, "\"}],\"text\":\"");
  pen_text(b, text);
  ZD_PEN(b, "\"}");
  zd_chart_subject(chart, b);
  zd_chart_encounter(chart, b);
  ZD_PEN(b, ",\"effectiveDateTime\":\"");
  zd_pen_time(b, chart->day, chart->minute);
  ZD_PEN(b, "\",\"issued\":\"");
  zd_pen_time(b, chart->day, chart->minute + 240 + zd_dice_below(&chart->dice, 1200));
  ZD_PEN(b, "\"");
  return b;
}

void zd_chart_panel(zd_chart *chart, zd_panel panel) {
  const zd_panel_row *row = &ZD_PANEL[panel];
  zd_ref result[9];
  unsigned n = 0;
  bool child = chart->day - chart->person->born < 18 * 365;
  for (unsigned i = 0; i < row->count; i++) {
    if (child && row->analyte[i] == ZD_FILTRATION) continue; /* the equation is for adults */
    zd_chart_observation(chart, row->analyte[i], &result[n++]);
  }
  zd_buffer *b = report_head(chart, "LAB", row->loinc, row->display, row->text);
  ZD_PEN(b, ",\"performer\":[{\"reference\":\"Organization/org-");
  zd_pen_u32(b, chart->region->supply.first[ZD_ORG_LABORATORY] + 1u);
  ZD_PEN(b, "\"}],\"result\":[");
  for (unsigned i = 0; i < n; i++) {
    if (i) ZD_PEN(b, ",");
    ZD_PEN(b, "{\"reference\":\"Observation/");
    zd_pen_ref(b, &result[i]);
    ZD_PEN(b, "\"}");
  }
  ZD_PEN(b, "]");
  zd_chart_end(chart, ZD_REGION_DIAGNOSTIC_REPORT);
}

void zd_chart_image(zd_chart *chart, unsigned kind) {
  static const struct {
    const char *code, *display, *text, *found;
  } row[] = {
      {"36643-5", "XR Chest 2 Views", "Флюорография органов грудной клетки",
       "Очаговых и инфильтративных изменений в лёгких не выявлено."},
      {"36554-4", "XR Chest Single view", "Рентгенография",
       "Костно-травматических изменений не выявлено."},
      {"24627-2", "CT Chest", "Компьютерная томография",
       "Патологических изменений в области исследования не выявлено."},
      {"24606-6", "MG Breast Screening", "Маммография", "BI-RADS 1-2."},
      {"24590-2", "MR Brain", "Магнитно-резонансная томография",
       "Объёмных образований не выявлено."},
  };
  zd_buffer *b = report_head(chart, "RAD", row[kind].code, row[kind].display, row[kind].text);
  ZD_PEN(b, ",\"performer\":[{\"reference\":\"Organization/org-");
  zd_pen_u32(b, chart->org + 1u);
  ZD_PEN(b, "\"}],\"conclusion\":\"");
  if (chart->sick == 2 && kind <= ZD_IMAGE_CT)
    ZD_PEN(b, "Инфильтрация в нижних отделах, рекомендован контроль в динамике.");
  else
    pen_text(b, row[kind].found);
  ZD_PEN(b, "\"");
  zd_chart_end(chart, ZD_REGION_DIAGNOSTIC_REPORT);
}

static void dosage(zd_buffer *b, const zd_drug_text *d, uint32_t days) {
  ZD_PEN(b, ",\"dosageInstruction\":[{\"text\":\"");
  pen_text(b, d->dose);
  ZD_PEN(b, "\",\"timing\":{\"repeat\":{\"frequency\":");
  zd_pen_u32(b, d->per_day);
  ZD_PEN(b, ",\"period\":1,\"periodUnit\":\"d\"}},\"doseAndRate\":[{\"doseQuantity\":{\"value\":");
  zd_pen_u32(b, d->value);
  ZD_PEN(b, ",\"system\":\"http://unitsofmeasure.org\",\"code\":\"");
  pen_text(b, d->unit);
  ZD_PEN(b, "\"}}]}],\"dispenseRequest\":{\"expectedSupplyDuration\":{\"value\":");
  zd_pen_u32(b, days);
  ZD_PEN(b, ",\"system\":\"http://unitsofmeasure.org\",\"code\":\"d\"}}");
}

void zd_chart_prescribe(zd_chart *chart, zd_drug drug, bool lasting) {
  const zd_drug_text *d = &ZD_DRUGS[drug];
  bool current = lasting && chart->day + d->days >= chart->region->end;
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_MEDICATION_REQUEST, NULL);
  if (current)
    ZD_PEN(b, ",\"status\":\"active\"");
  else
    ZD_PEN(b, ",\"status\":\"completed\"");
  ZD_PEN(b,
         ",\"intent\":\"order\",\"medicationCodeableConcept\":{\"coding\":[{\"system\":"
         "\"http://www.whocc.no/atc\",\"code\":\"");
  pen_text(b, d->atc);
  ZD_PEN(b, "\"}],\"text\":\"");
  pen_text(b, d->name);
  ZD_PEN(b, "\"}");
  zd_chart_subject(chart, b);
  zd_chart_encounter(chart, b);
  ZD_PEN(b, ",\"authoredOn\":\"");
  zd_pen_time(b, chart->day, chart->minute + 10);
  ZD_PEN(b, "\",\"requester\":");
  practitioner(b, chart);
  if (chart->condition) {
    zd_ref ref = zd_chart_ref(chart, ZD_REGION_CONDITION, chart->condition);
    ZD_PEN(b, ",\"reasonReference\":[{\"reference\":\"Condition/");
    zd_pen_ref(b, &ref);
    ZD_PEN(b, "\"}]");
  }
  dosage(b, d, d->days);
  zd_chart_end(chart, ZD_REGION_MEDICATION_REQUEST);
}

/* What he takes for good, when the last prescription has run out. */
void zd_chart_renew(zd_chart *chart) {
  for (uint8_t i = 0; i < chart->health.drugs; i++) {
    zd_drug drug = chart->health.drug[i];
    if (chart->day < chart->renewed[i]) continue;
    chart->renewed[i] = chart->day + ZD_DRUGS[drug].days * 2 / 3; /* before it runs out */
    uint32_t condition = chart->condition;
    chart->condition = 0;
    zd_chart_prescribe(chart, drug, true);
    chart->condition = condition;
  }
}

/* Names follow the nomenclature of medical services 1.2.643.5.1.13.13.11.1070. */
void zd_chart_procedure(zd_chart *chart, const char *code, const char *name) {
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_PROCEDURE, NULL);
  ZD_PEN(b,
         ",\"status\":\"completed\",\"code\":{\"coding\":[{\"system\":"
         "\"urn:oid:1.2.643.5.1.13.13.11.1070\",\"code\":\"");
  pen_text(b, code);
  ZD_PEN(b, "\",\"display\":\"");
  pen_text(b, name);
  ZD_PEN(b, "\"}]}");
  zd_chart_subject(chart, b);
  zd_chart_encounter(chart, b);
  ZD_PEN(b, ",\"performedDateTime\":\"");
  zd_pen_time(b, chart->day, chart->minute + 15);
  ZD_PEN(b, "\",\"performer\":[{\"actor\":");
  practitioner(b, chart);
  ZD_PEN(b, "}]");
  zd_chart_end(chart, ZD_REGION_PROCEDURE);
}

/* The booking that led to the visit at hand. */
void zd_chart_appointment(zd_chart *chart, unsigned minutes) {
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_APPOINTMENT, NULL);
  ZD_PEN(b, ",\"status\":\"fulfilled\",\"start\":\"");
  zd_pen_time(b, chart->day, chart->minute);
  ZD_PEN(b, "\",\"end\":\"");
  zd_pen_time(b, chart->day, chart->minute + minutes);
  ZD_PEN(b, "\",\"created\":\"");
  int32_t before = 1 + (int32_t)zd_dice_below(&chart->dice, 13);
  int32_t born = chart->person->born;
  zd_pen_date(b, chart->day - before < born ? born : chart->day - before);
  ZD_PEN(b, "\",\"participant\":[{\"actor\":{\"reference\":\"Patient/");
  zd_pen_ref(b, &chart->patient);
  ZD_PEN(b, "\"},\"status\":\"accepted\"},{\"actor\":");
  practitioner(b, chart);
  ZD_PEN(b, ",\"status\":\"accepted\"}]");
  zd_chart_end(chart, ZD_REGION_APPOINTMENT);
}

/* One resident in twelve, more often to medicines than to pollen or food (design). */
void zd_chart_allergy(zd_chart *chart) {
  static const uint16_t share[] = {30, 15, 20, 20, 15};
  static const struct {
    const char *category, *text, *system, *code;
  } row[] = {{"medication", "Пенициллины", "http://www.whocc.no/atc", "J01C"},
             {"medication", "Ацетилсалициловая кислота", "http://www.whocc.no/atc", "N02BA01"},
             {"environment", "Пыльца берёзы", NULL, NULL},
             {"environment", "Домашняя пыль", NULL, NULL},
             {"food", "Цитрусовые", NULL, NULL}};
  if (!zd_dice_chance(&chart->dice, 83000)) return;
  unsigned k = zd_dice_pick(&chart->dice, share, 5);
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_ALLERGY, NULL);
  ZD_PEN(b,
         ",\"clinicalStatus\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical\",\"code\":"
         "\"active\"}]},\"verificationStatus\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification\",\"code\":"
         "\"confirmed\"}]},\"type\":\"allergy\",\"category\":[\"");
  pen_text(b, row[k].category);
  ZD_PEN(b, "\"],\"code\":{");
  if (row[k].code) {
    ZD_PEN(b, "\"coding\":[{\"system\":\"");
    pen_text(b, row[k].system);
    ZD_PEN(b, "\",\"code\":\"");
    pen_text(b, row[k].code);
    ZD_PEN(b, "\"}],");
  }
  ZD_PEN(b, "\"text\":\"");
  pen_text(b, row[k].text);
  ZD_PEN(b, "\"},\"patient\":{\"reference\":\"Patient/");
  zd_pen_ref(b, &chart->patient);
  ZD_PEN(b, "\"}");
  zd_chart_end(chart, ZD_REGION_ALLERGY);
}
