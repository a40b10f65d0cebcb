/* Patient, RelatedPerson and Coverage of a resident. */
#include "base/clock.h"
#include "region/chart.h"
#include "region/dice.h"
#include "region/numbers.h"

#define FHIR_RU "https://fhir.ru/ig/core/systems/"
#define TYPE_OF(code)                                                                           \
  "{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v2-0203\",\"code\":\"" code \
  "\"}]}"

/* Shares of residents with a number (region.md 1.4): СНИЛС 97 %, none for the newborn, 80 % in the
 * first years; ЕНП 98.5 %. */
static bool has_snils(const zd_person *p, uint64_t dice) {
  return dice % 1000 < (p->age == 0 ? 0u : p->age == 1 ? 800u : 985u);
}

void zd_registration_of(const zd_chart *chart, char family[ZD_FAMILY_ROOM],
                        char maiden[ZD_FAMILY_ROOM], zd_registration *r) {
  const zd_person *p = chart->person;
  uint64_t dice = zd_mix(chart->region->options.seed ^ 0x5A17, p->index);
  memset(r, 0, sizeof *r);
  r->id = zd_chart_ref(chart, ZD_REGION_PATIENT, 0);
  r->family = (zd_slice){family, zd_names_family(p->family, p->female, family)};
  const zd_male_name *father = &ZD_MALE_NAMES[p->patronymic];
  r->given = zd_slice_of(p->female ? ZD_FEMALE_NAMES[p->given].name : ZD_MALE_NAMES[p->given].name);
  r->patronymic = zd_slice_of(p->female ? father->daughter : father->son);
  if (p->maiden.first != ZD_NO_NAME)
    r->maiden = (zd_slice){maiden, zd_names_family(p->maiden, true, maiden)};
  r->born = p->born;
  r->has_snils = has_snils(p, dice);
  r->has_enp = (dice >> 16) % 1000 < 985;
  r->has_passport = p->age >= 14;
  zd_snils_make(chart->region->options.seed, p->index, r->snils);
  zd_enp_make(0, p->born, p->female, p->index % 100000, r->enp);
}

static void write_identifiers(const zd_chart *chart, zd_buffer *b, const zd_registration *r) {
  const zd_person *p = chart->person;
  ZD_PEN(b, ",\"identifier\":[{\"use\":\"usual\",\"type\":" TYPE_OF(
                "MR") ",\"system\":\"urn:oid:1.2.643.5.1.13.13.12.2.0.1.100.1.1.10\",\"value\":\"");
  zd_pen_slice(b, (zd_slice){r->id.p, r->id.n});
  ZD_PEN(b, "\"}");
  if (r->has_snils) {
    ZD_PEN(b, ",{\"use\":\"official\",\"type\":" TYPE_OF("SB") ",\"system\":\"" FHIR_RU
                                                               "snils\",\"value\":\"");
    zd_pen(b, r->snils, sizeof r->snils);
    ZD_PEN(b, "\"}");
  }
  if (r->has_enp) {
    ZD_PEN(b, ",{\"use\":\"official\",\"type\":" TYPE_OF("NIIP") ",\"system\":\"" FHIR_RU
                                                                 "oms\",\"value\":\"");
    zd_pen(b, r->enp, sizeof r->enp);
    ZD_PEN(b, "\"}");
  }
  if (r->has_passport) {
    ZD_PEN(b, ",{\"use\":\"official\",\"type\":" TYPE_OF("PPN") ",\"system\":"
              "\"urn:zdravo:region:passport\",\"value\":\"00 ");
    zd_pen_fixed(b, r->series, 2);
  } else {
    ZD_PEN(b, ",{\"use\":\"official\",\"type\":" TYPE_OF(
                  "BCT") ",\"system\":\"" FHIR_RU "birth-certificate\",\"value\":\"I");
    if (r->series) ZD_PEN(b, "I");
    ZD_PEN(b, "-ОО");
  }
  ZD_PEN(b, " ");
  zd_pen_fixed(b, p->index, 6);
  ZD_PEN(b, "\"}]");
}

static void write_names(const zd_chart *chart, zd_buffer *b, const zd_registration *r) {
  ZD_PEN(b, ",\"name\":[{\"use\":\"official\",\"family\":\"");
  zd_pen_slice(b, r->family);
  ZD_PEN(b, "\",\"given\":[\"");
  zd_pen_slice(b, r->given);
  ZD_PEN(b, "\",\"");
  zd_pen_slice(b, r->patronymic);
  ZD_PEN(b, "\"]");
  if (r->maiden.n) {
    int32_t married = chart->person->married;
    ZD_PEN(b, ",\"period\":{\"start\":\"");
    zd_pen_date(b, married);
    ZD_PEN(b, "\"}},{\"use\":\"maiden\",\"family\":\"");
    zd_pen_slice(b, r->maiden);
    ZD_PEN(b, "\",\"given\":[\"");
    zd_pen_slice(b, r->given);
    ZD_PEN(b, "\",\"");
    zd_pen_slice(b, r->patronymic);
    ZD_PEN(b, "\"],\"period\":{\"end\":\"");
    zd_pen_date(b, married);
    ZD_PEN(b, "\"}");
  }
  ZD_PEN(b, "}]");
}

/* Country code 7, area 000: no such numbers are given out. */
static void write_phone(zd_buffer *b, uint32_t number, bool mobile) {
  ZD_PEN(b, "{\"system\":\"phone\",\"value\":\"+7000");
  zd_pen_fixed(b, number % 10000000, 7);
  if (mobile)
    ZD_PEN(b, "\",\"use\":\"mobile\"}");
  else
    ZD_PEN(b, "\",\"use\":\"home\"}");
}

static void write_gender(zd_buffer *b, bool female) {
  if (female)
    ZD_PEN(b, "\"gender\":\"female\"");
  else
    ZD_PEN(b, "\"gender\":\"male\"");
}

static void write_marital(zd_buffer *b, const zd_person *p) {
  if (p->age < 18) return;
  ZD_PEN(b,
         ",\"maritalStatus\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus\",\"code\":\"");
  if (p->spouse != ZD_NOBODY)
    ZD_PEN(b, "M\"}]}");
  else
    ZD_PEN(b, "S\"}]}");
}

/* The person to call: mother of a child, else the spouse, else the mother. */
static int16_t contact_of(const zd_person *p) {
  if (p->age < 18 || p->spouse == ZD_NOBODY) return p->mother;
  return p->spouse;
}

static void write_name_of(zd_buffer *b, const zd_person *p) {
  char family[ZD_FAMILY_ROOM];
  const zd_male_name *father = &ZD_MALE_NAMES[p->patronymic];
  ZD_PEN(b, "{\"use\":\"official\",\"family\":\"");
  zd_pen(b, family, zd_names_family(p->family, p->female, family));
  ZD_PEN(b, "\",\"given\":[\"");
  zd_pen_slice(
      b, zd_slice_of(p->female ? ZD_FEMALE_NAMES[p->given].name : ZD_MALE_NAMES[p->given].name));
  ZD_PEN(b, "\",\"");
  zd_pen_slice(b, zd_slice_of(p->female ? father->daughter : father->son));
  ZD_PEN(b, "\"]}");
}

static void write_relationship(zd_buffer *b, const zd_person *to, bool spouse) {
  ZD_PEN(b,
         "\"relationship\":[{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v3-RoleCode\",\"code\":\"");
  if (spouse && to->female)
    ZD_PEN(b, "WIFE");
  else if (spouse)
    ZD_PEN(b, "HUSB");
  else if (to->female)
    ZD_PEN(b, "MTH");
  else
    ZD_PEN(b, "FTH");
  ZD_PEN(b, "\"}]}]");
}

static void write_contact(const zd_chart *chart, zd_buffer *b) {
  int16_t k = contact_of(chart->person);
  if (k == ZD_NOBODY) return;
  const zd_person *other = &chart->block->member[k];
  ZD_PEN(b, ",\"contact\":[{");
  write_relationship(b, other, k == chart->person->spouse);
  ZD_PEN(b, ",\"name\":");
  write_name_of(b, other);
  ZD_PEN(b, ",\"telecom\":[");
  write_phone(b, other->index, true);
  ZD_PEN(b, "],");
  write_gender(b, other->female);
  ZD_PEN(b, "}]");
}

static void write_death(zd_buffer *b, const zd_person *p) {
  if (p->died == ZD_ALIVE) return;
  ZD_PEN(b, ",\"deceasedDateTime\":\"");
  zd_pen_date(b, p->died);
  ZD_PEN(b, "\"");
}

void zd_registration_write(zd_chart *chart, const zd_registration *r) {
  const zd_person *p = chart->person;
  zd_buffer *b = &chart->sheets->of[ZD_REGION_PATIENT];
  ZD_PEN(b, "{\"resourceType\":\"Patient\",\"id\":\"");
  zd_pen_ref(b, &r->id);
  ZD_PEN(b, "\"," ZD_REGION_META);
  write_identifiers(chart, b, r);
  ZD_PEN(b, ",\"active\":true");
  write_names(chart, b, r);
  ZD_PEN(b, ",\"telecom\":[");
  write_phone(b, p->age >= 10 ? p->index : p->household + 5000000, p->age >= 10);
  ZD_PEN(b, "],");
  write_gender(b, p->female);
  ZD_PEN(b, ",\"birthDate\":\"");
  zd_pen_date(b, r->born);
  ZD_PEN(b, "\"");
  write_death(b, p);
  ZD_PEN(b, ",\"address\":[");
  zd_places_write(&chart->region->places, p->settlement, p->household, true, b);
  ZD_PEN(b, "]");
  write_marital(b, p);
  if (p->twin != ZD_NOBODY) {
    bool first = &chart->block->member[p->twin] > p;
    if (first)
      ZD_PEN(b, ",\"multipleBirthInteger\":1");
    else
      ZD_PEN(b, ",\"multipleBirthInteger\":2");
  }
  write_contact(chart, b);
  ZD_PEN(b, ",\"generalPractitioner\":[{\"reference\":\"Organization/org-");
  zd_pen_u32(b, chart->polyclinic + 1u);
  ZD_PEN(b, "\"}],\"managingOrganization\":{\"reference\":\"Organization/org-");
  zd_pen_u32(b, chart->polyclinic + 1u);
  ZD_PEN(b, "\"}");
  zd_chart_end(chart, ZD_REGION_PATIENT);
}

static void write_relative(zd_chart *chart, int16_t k, bool spouse) {
  if (k == ZD_NOBODY) return;
  const zd_person *other = &chart->block->member[k];
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_RELATED_PERSON, NULL);
  /* the same person in his own right: a patient of this region */
  ZD_PEN(b,
         ",\"identifier\":[{\"use\":\"secondary\",\"system\":"
         "\"urn:oid:1.2.643.5.1.13.13.12.2.0.1.100.1.1.10\",\"value\":\"p");
  zd_pen_u32(b, other->index + 1);
  ZD_PEN(b, "\"}],\"active\":true,\"patient\":{\"reference\":\"Patient/");
  zd_pen_ref(b, &chart->patient);
  ZD_PEN(b, "\"},");
  write_relationship(b, other, spouse);
  ZD_PEN(b, ",\"name\":[");
  write_name_of(b, other);
  ZD_PEN(b, "],\"telecom\":[");
  write_phone(b, other->index, true);
  ZD_PEN(b, "],");
  write_gender(b, other->female);
  ZD_PEN(b, ",\"birthDate\":\"");
  zd_pen_date(b, other->born);
  ZD_PEN(b, "\"");
  zd_chart_end(chart, ZD_REGION_RELATED_PERSON);
}

static void write_coverage(zd_chart *chart, const zd_registration *r) {
  if (!r->has_enp) return;
  const zd_supply *s = &chart->region->supply;
  uint32_t insurer = s->first[ZD_ORG_INSURER] + chart->person->household % s->count[ZD_ORG_INSURER];
  int32_t start = chart->person->born > 15096 ? chart->person->born + 20 : 15096; /* 2011-05-02 */
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_COVERAGE, NULL);
  ZD_PEN(b, ",\"identifier\":[{\"type\":" TYPE_OF("NIIP") ",\"system\":\"" FHIR_RU
                                                          "oms\",\"value\":\"");
  zd_pen(b, r->enp, sizeof r->enp);
  ZD_PEN(b,
         "\"}],\"status\":\"active\",\"type\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"PUBLICPOL\"}],"
         "\"text\":\"Полис ОМС\"},\"subscriberId\":\"");
  zd_pen(b, r->enp, sizeof r->enp);
  ZD_PEN(b, "\",\"beneficiary\":{\"reference\":\"Patient/");
  zd_pen_ref(b, &chart->patient);
  ZD_PEN(b, "\"},\"period\":{\"start\":\"");
  zd_pen_date(b, start);
  ZD_PEN(b, "\"},\"payor\":[{\"reference\":\"Organization/org-");
  zd_pen_u32(b, insurer + 1);
  ZD_PEN(b, "\"}]");
  zd_chart_end(chart, ZD_REGION_COVERAGE);
}

void zd_chart_person(zd_chart *chart) {
  char family[ZD_FAMILY_ROOM], maiden[ZD_FAMILY_ROOM];
  const zd_person *p = chart->person;
  zd_registration r;
  zd_registration_of(chart, family, maiden, &r);
  zd_registration_write(chart, &r);
  if (p->age < 18) {
    write_relative(chart, p->mother, false);
    write_relative(chart, p->father, false);
  } else {
    write_relative(chart, p->spouse, true);
  }
  write_coverage(chart, &r);
}
