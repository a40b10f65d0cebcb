/* Organization, Location, Practitioner and PractitionerRole. */
#include "region/chart.h"
#include "region/dice.h"
#include "region/names.h"
#include "region/numbers.h"

static const struct {
  const char *name, *type; /* type: organization-type */
} KIND[ZD_ORG_KINDS] = {
    [ZD_ORG_AUTHORITY] = {"Министерство здравоохранения Области-М", "govt"},
    [ZD_ORG_FUND] = {"Территориальный фонд ОМС Области-М", "pay"},
    [ZD_ORG_INSURER] = {"Страховая медицинская организация", "ins"},
    [ZD_ORG_REGIONAL_HOSPITAL] = {"Областная клиническая больница", "prov"},
    [ZD_ORG_PERINATAL] = {"Областной перинатальный центр", "prov"},
    [ZD_ORG_ONCOLOGY] = {"Областной онкологический диспансер", "prov"},
    [ZD_ORG_PSYCHIATRY] = {"Областная психиатрическая больница", "prov"},
    [ZD_ORG_TUBERCULOSIS] = {"Областной противотуберкулёзный диспансер", "prov"},
    [ZD_ORG_DISTRICT_HOSPITAL] = {"Центральная районная больница", "prov"},
    [ZD_ORG_POLYCLINIC] = {"Городская поликлиника", "prov"},
    [ZD_ORG_AMBULANCE] = {"Областная станция скорой медицинской помощи", "prov"},
    [ZD_ORG_LABORATORY] = {"Централизованная клинико-диагностическая лаборатория", "prov"},
    [ZD_ORG_DENTAL] = {"Стоматологическая поликлиника", "prov"},
    [ZD_ORG_PRIVATE] = {"ООО Медицинский центр", "prov"},
    [ZD_ORG_DISTRICT_POLYCLINIC] = {"Районная поликлиника", "dept"},
    [ZD_ORG_FELDSHER_POST] = {"Фельдшерско-акушерский пункт", "dept"},
    [ZD_ORG_STATION] = {"Подстанция скорой медицинской помощи", "dept"},
    [ZD_ORG_DEPARTMENT] = {"", "dept"},
};

static const char *const DEPARTMENT[ZD_DEPARTMENTS] = {
    "Терапевтическое отделение",
    "Кардиологическое отделение",
    "Неврологическое отделение",
    "Хирургическое отделение",
    "Акушерско-гинекологическое отделение",
    "Детское отделение",
    "Инфекционное отделение",
    "Отделение реанимации и интенсивной терапии"};

static bool alone(zd_org_kind kind) {
  return kind == ZD_ORG_AUTHORITY || kind == ZD_ORG_FUND ||
         (kind >= ZD_ORG_REGIONAL_HOSPITAL && kind <= ZD_ORG_TUBERCULOSIS) ||
         kind == ZD_ORG_AMBULANCE || kind == ZD_ORG_LABORATORY;
}

static bool has_building(const zd_org *org) {
  return org->kind >= ZD_ORG_REGIONAL_HOSPITAL && org->kind != ZD_ORG_DEPARTMENT;
}

static void pen_org_name(zd_buffer *b, const zd_org *org) {
  if (org->kind == ZD_ORG_DEPARTMENT) {
    zd_pen_slice(b, zd_slice_of(DEPARTMENT[org->number]));
    return;
  }
  zd_pen_slice(b, zd_slice_of(KIND[org->kind].name));
  if (alone(org->kind)) return;
  ZD_PEN(b, " № ");
  zd_pen_u32(b, org->number + 1u);
}

static void head(zd_buffer *b, zd_region_type type, const char *prefix, uint32_t number) {
  ZD_PEN(b, "{\"resourceType\":\"");
  zd_pen_slice(b, zd_slice_of(zd_region_type_name(type)));
  ZD_PEN(b, "\",\"id\":\"");
  zd_pen_slice(b, zd_slice_of(prefix));
  zd_pen_u32(b, number + 1);
  ZD_PEN(b, "\"," ZD_REGION_META);
}

static void tail(zd_sheets *sheets, zd_region_type type) {
  ZD_PEN(&sheets->of[type], "}\n");
  sheets->count[type]++;
}

/* ОГРН, ИНН and the registry's OID with region 0, which no region has. */
static void write_org_identifiers(zd_buffer *b, uint16_t number) {
  char inn[10], ogrn[13];
  zd_inn_make(number + 1u, inn);
  zd_ogrn_make(number + 1u, 2002, ogrn);
  ZD_PEN(b,
         ",\"identifier\":[{\"system\":\"urn:ietf:rfc:3986\",\"value\":"
         "\"urn:oid:1.2.643.5.1.13.13.12.2.0.");
  zd_pen_u32(b, number + 1u);
  ZD_PEN(b, "\"},{\"system\":\"https://fhir.ru/ig/core/systems/ogrn\",\"value\":\"");
  zd_pen(b, ogrn, sizeof ogrn);
  ZD_PEN(b,
         "\"},{\"type\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v2-0203\",\"code\":\"TAX\"}]},\"system\":"
         "\"https://fhir.ru/ig/core/systems/inn\",\"value\":\"");
  zd_pen(b, inn, sizeof inn);
  ZD_PEN(b, "\"}]");
}

static void write_org(const zd_region *region, zd_sheets *sheets, uint16_t i) {
  const zd_org *org = &region->supply.org[i];
  zd_buffer *b = &sheets->of[ZD_REGION_ORGANIZATION];
  head(b, ZD_REGION_ORGANIZATION, "org-", i);
  if (org->parent == ZD_NO_ORG) write_org_identifiers(b, i);
  ZD_PEN(b,
         ",\"active\":true,\"type\":[{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/organization-type\",\"code\":\"");
  zd_pen_slice(b, zd_slice_of(KIND[org->kind].type));
  ZD_PEN(b, "\"}]}],\"name\":\"");
  pen_org_name(b, org);
  ZD_PEN(b, "\"");
  if (org->kind != ZD_ORG_DEPARTMENT) {
    ZD_PEN(b, ",\"telecom\":[{\"system\":\"phone\",\"value\":\"+70009");
    zd_pen_fixed(b, i, 6);
    ZD_PEN(b, "\",\"use\":\"work\"}],\"address\":[");
    zd_places_write(&region->places, org->settlement, 4000000000u + i, false, b);
    ZD_PEN(b, "]");
  }
  if (org->parent != ZD_NO_ORG) {
    ZD_PEN(b, ",\"partOf\":{\"reference\":\"Organization/org-");
    zd_pen_u32(b, org->parent + 1u);
    ZD_PEN(b, "\"}");
  }
  tail(sheets, ZD_REGION_ORGANIZATION);
}

static void write_location(const zd_region *region, zd_sheets *sheets, uint16_t i) {
  const zd_org *org = &region->supply.org[i];
  if (!has_building(org)) return;
  zd_buffer *b = &sheets->of[ZD_REGION_LOCATION];
  head(b, ZD_REGION_LOCATION, "loc-", i);
  ZD_PEN(b, ",\"status\":\"active\",\"name\":\"");
  pen_org_name(b, org);
  ZD_PEN(b, "\",\"mode\":\"instance\",\"address\":");
  zd_places_write(&region->places, org->settlement, 4000000000u + i, false, b);
  ZD_PEN(b, ",\"managingOrganization\":{\"reference\":\"Organization/org-");
  zd_pen_u32(b, i + 1u);
  ZD_PEN(b, "\"}");
  tail(sheets, ZD_REGION_LOCATION);
}

/* Owners of СНИЛС: residents count from 0, second registrations from 1.5 million, staff from 3. */
enum { STAFF_OWNERS = 3000000 };

static void write_practitioner(const zd_region *region, zd_sheets *sheets, uint16_t i,
                               zd_position position) {
  char snils[11], family[ZD_FAMILY_ROOM];
  zd_random dice;
  zd_dice_seed(&dice, region->options.seed, ZD_DICE_STAFF, i);
  bool female = zd_dice_chance(&dice, position == ZD_POSITION_NURSE ? 950000 : 690000);
  bool minority = zd_dice_chance(&dice, 100000);
  int year = region->options.from_year - zd_dice_between(&dice, 25, 66);
  const zd_male_name *father = &ZD_MALE_NAMES[zd_names_male(&dice, year - 27, minority)];
  zd_family name = {zd_names_surname(&dice, minority), ZD_NO_NAME};
  zd_snils_make(region->options.seed, STAFF_OWNERS + i, snils);
  zd_buffer *b = &sheets->of[ZD_REGION_PRACTITIONER];
  head(b, ZD_REGION_PRACTITIONER, "doc-", i);
  ZD_PEN(b,
         ",\"identifier\":[{\"type\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v2-0203\",\"code\":\"SB\"}]},\"system\":"
         "\"https://fhir.ru/ig/core/systems/snils\",\"value\":\"");
  zd_pen(b, snils, sizeof snils);
  ZD_PEN(b, "\"}],\"active\":true,\"name\":[{\"use\":\"official\",\"family\":\"");
  zd_pen(b, family, zd_names_family(name, female, family));
  ZD_PEN(b, "\",\"given\":[\"");
  zd_pen_slice(b, zd_slice_of(female ? ZD_FEMALE_NAMES[zd_names_female(&dice, year, minority)].name
                                     : ZD_MALE_NAMES[zd_names_male(&dice, year, minority)].name));
  ZD_PEN(b, "\",\"");
  zd_pen_slice(b, zd_slice_of(female ? father->daughter : father->son));
  ZD_PEN(b, "\"]}],\"gender\":\"");
  if (female)
    ZD_PEN(b, "female");
  else
    ZD_PEN(b, "male");
  ZD_PEN(b, "\",\"birthDate\":\"");
  zd_pen_fixed(b, (uint64_t)year, 4);
  ZD_PEN(b, "-");
  zd_pen_fixed(b, 1 + zd_dice_below(&dice, 12), 2);
  ZD_PEN(b, "-");
  zd_pen_fixed(b, 1 + zd_dice_below(&dice, 28), 2);
  ZD_PEN(b, "\"");
  tail(sheets, ZD_REGION_PRACTITIONER);
}

static void write_role(zd_sheets *sheets, uint16_t org, uint16_t i, zd_position position) {
  bool nurse = position >= ZD_POSITION_FELDSHER;
  zd_buffer *b = &sheets->of[ZD_REGION_PRACTITIONER_ROLE];
  head(b, ZD_REGION_PRACTITIONER_ROLE, "role-", i);
  ZD_PEN(b, ",\"active\":true,\"practitioner\":{\"reference\":\"Practitioner/doc-");
  zd_pen_u32(b, i + 1u);
  ZD_PEN(b, "\"},\"organization\":{\"reference\":\"Organization/org-");
  zd_pen_u32(b, org + 1u);
  ZD_PEN(b, "\"},\"code\":[{\"coding\":[{\"system\":\"urn:zdravo:region:position\",\"code\":\"");
  zd_pen_slice(b, zd_slice_of(zd_supply_position_code(position)));
  ZD_PEN(b,
         "\"},{\"system\":\"http://terminology.hl7.org/CodeSystem/practitioner-role\","
         "\"code\":\"");
  if (nurse)
    ZD_PEN(b, "nurse");
  else
    ZD_PEN(b, "doctor");
  ZD_PEN(b, "\"}],\"text\":\"");
  zd_pen_slice(b, zd_slice_of(zd_supply_position_name(position)));
  ZD_PEN(b, "\"}],\"location\":[{\"reference\":\"Location/loc-");
  zd_pen_u32(b, org + 1u);
  ZD_PEN(b, "\"}]");
  tail(sheets, ZD_REGION_PRACTITIONER_ROLE);
}

void zd_supply_write(const zd_region *region, zd_sheets *sheets) {
  const zd_supply *s = &region->supply;
  for (uint16_t i = 0; i < s->orgs; i++) {
    write_org(region, sheets, i);
    write_location(region, sheets, i);
    const zd_org *org = &s->org[i];
    for (zd_position p = 0; p < ZD_POSITIONS; p++)
      for (uint16_t k = org->before[p]; k < org->before[p + 1]; k++) {
        write_practitioner(region, sheets, (uint16_t)(org->staff + k), p);
        write_role(sheets, i, (uint16_t)(org->staff + k), p);
      }
  }
}
