#include "region/chart.h"

/* Ids are a letter and the resident's number, with a number of the resource within the resident:
 * short, and telling. Supply ids are made in supply_write.c. */
static const struct {
  const char *name;
  char letter;
} TYPE[ZD_REGION_TYPES] = {
    [ZD_REGION_ORGANIZATION] = {"Organization", 0},
    [ZD_REGION_LOCATION] = {"Location", 0},
    [ZD_REGION_PRACTITIONER] = {"Practitioner", 0},
    [ZD_REGION_PRACTITIONER_ROLE] = {"PractitionerRole", 0},
    [ZD_REGION_PATIENT] = {"Patient", 'p'},
    [ZD_REGION_RELATED_PERSON] = {"RelatedPerson", 'f'},
    [ZD_REGION_COVERAGE] = {"Coverage", 'k'},
    [ZD_REGION_ALLERGY] = {"AllergyIntolerance", 'g'},
    [ZD_REGION_CONDITION] = {"Condition", 'c'},
    [ZD_REGION_ENCOUNTER] = {"Encounter", 'e'},
    [ZD_REGION_OBSERVATION] = {"Observation", 'o'},
    [ZD_REGION_DIAGNOSTIC_REPORT] = {"DiagnosticReport", 'r'},
    [ZD_REGION_MEDICATION_REQUEST] = {"MedicationRequest", 'm'},
    [ZD_REGION_PROCEDURE] = {"Procedure", 's'},
    [ZD_REGION_IMMUNIZATION] = {"Immunization", 'i'},
    [ZD_REGION_APPOINTMENT] = {"Appointment", 'a'},
};

const char *zd_region_type_name(zd_region_type type) {
  return type < ZD_REGION_TYPES ? TYPE[type].name : "ground-truth";
}

void zd_sheets_init(zd_sheets *s) {
  memset(s, 0, sizeof *s);
  for (int t = 0; t <= ZD_REGION_TYPES; t++) zd_buffer_init(&s->of[t], 0);
}

void zd_sheets_clear(zd_sheets *s) {
  for (int t = 0; t <= ZD_REGION_TYPES; t++) zd_buffer_clear(&s->of[t]);
  memset(s->count, 0, sizeof s->count);
}

void zd_sheets_free(zd_sheets *s) {
  for (int t = 0; t <= ZD_REGION_TYPES; t++) zd_buffer_free(&s->of[t]);
}

zd_err zd_sheets_error(const zd_sheets *s) {
  for (int t = 0; t <= ZD_REGION_TYPES; t++)
    if (s->of[t].failed) return zd_buffer_error(&s->of[t]);
  return ZD_OK;
}

static uint8_t put_number(char *out, uint32_t v) {
  char digits[10];
  uint8_t n = 0;
  do digits[n++] = (char)('0' + v % 10);
  while (v /= 10);
  for (uint8_t i = 0; i < n; i++) out[i] = digits[n - 1 - i];
  return n;
}

zd_ref zd_chart_ref(const zd_chart *chart, zd_region_type type, uint32_t number) {
  zd_ref ref = {.n = 1};
  ref.p[0] = TYPE[type].letter;
  ref.n = (uint8_t)(ref.n + put_number(ref.p + ref.n, chart->person->index + 1));
  if (number == 0) return ref;
  ref.p[ref.n++] = '-';
  ref.n = (uint8_t)(ref.n + put_number(ref.p + ref.n, number));
  return ref;
}

zd_buffer *zd_chart_begin(zd_chart *chart, zd_region_type type, zd_ref *ref) {
  zd_buffer *b = &chart->sheets->of[type];
  zd_ref id = zd_chart_ref(chart, type, ++chart->made[type]);
  ZD_PEN(b, "{\"resourceType\":\"");
  zd_pen_slice(b, zd_slice_of(TYPE[type].name));
  ZD_PEN(b, "\",\"id\":\"");
  zd_pen_ref(b, &id);
  ZD_PEN(b, "\"," ZD_REGION_META);
  if (ref) *ref = id;
  return b;
}

void zd_chart_end(zd_chart *chart, zd_region_type type) {
  ZD_PEN(&chart->sheets->of[type], "}\n");
  chart->sheets->count[type]++;
}

void zd_chart_subject(const zd_chart *chart, zd_buffer *b) {
  ZD_PEN(b, ",\"subject\":{\"reference\":\"Patient/");
  zd_pen_ref(b, &chart->patient);
  ZD_PEN(b, "\"}");
}

void zd_chart_encounter(const zd_chart *chart, zd_buffer *b) {
  ZD_PEN(b, ",\"encounter\":{\"reference\":\"Encounter/");
  zd_pen_ref(b, &chart->encounter);
  ZD_PEN(b, "\"}");
}
