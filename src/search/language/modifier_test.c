/* Modifiers and near, asked as queries over a few resources (R4 search.html#modifiers). */
#include "search/internal.h"
#include "search/testing/memory_world.h"

/* Undoes what the examples below percent-encode. */
static zd_slice decoded(zd_arena *arena, zd_slice text) {
  char *p = zd_arena_alloc(arena, text.n + 1);
  size_t n = 0;
  for (size_t i = 0; i < text.n; i++, n++) {
    char hex[3] = {text.p[i], 0, 0};
    if (text.p[i] == '%' && i + 2 < text.n) {
      memcpy(hex, text.p + i + 1, 2);
      p[n] = (char)strtol(hex, NULL, 16);
      i += 2;
    } else {
      p[n] = text.p[i];
    }
  }
  return (zd_slice){p, n};
}

/* The same asked of each resource by match.c; NULL when the query is more than one parameter. */
static const char *ask_naively(world *w, const char *type, const char *query) {
  enum { VALUES = 8 };
  zd_arena *arena = &w->store->arena;
  zd_slice rest = zd_slice_of(query), found = ZD_S("");
  size_t equals = zd_slice_find(rest, '='), colon = zd_slice_find(rest, ':');
  zd_fault fault = {0};
  zd_search_value values[VALUES];
  zd_snapshot v = {w->store};
  zd_clause clause = {.values = values, .only = ZD_NO_TYPE};
  if (!*type || *query == '_' || strchr(query, '&')) return NULL;
  clause.type = zd_schema_type(zd_schema_r4(), zd_slice_of(type));
  if (colon > equals) colon = equals;
  clause.param = zd_program_find(w->search, clause.type, (zd_slice){query, colon});
  if (colon < equals)
    assert_int_equal(zd_modifier_read(w->search, clause.type, clause.param,
                                      (zd_slice){query + colon + 1, equals - colon - 1},
                                      &clause.modifier, &clause.only, &fault),
                     ZD_OK);
  zd_value_context x = {.search = w->search,
                        .arena = arena,
                        .fault = &fault,
                        .modifier = clause.modifier,
                        .snapshot = &v};
  for (rest = decoded(arena, zd_slice_from(rest, equals + 1)); rest.p; clause.count++) {
    assert_true(clause.count < VALUES);
    zd_slice one = zd_value_split(rest, ',', &rest);
    if (zd_value_read(&x, clause.param, one, &values[clause.count])) fail_msg("%s", fault.text);
  }
  for (zd_row row = 0; row < w->store->row_count; row++) {
    const memory_row *r = &w->store->rows[row];
    bool hit = false;
    if (r->tree.nodes[0].type != clause.type) continue;
    assert_int_equal(zd_match_clause(w->search, &clause, &r->tree, 0, arena, &hit), ZD_OK);
    if (hit)
      found = zd_arena_printf(arena, "%.*s%s%.*s", ZD_SV(found), found.n ? " " : "", ZD_SV(r->id));
  }
  return zd_arena_printf(arena, "%.*s", ZD_SV(found)).p;
}

static void check_both(world *w, const example *rows, size_t n) {
  size_t wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const char *found = ask(w, rows[i].type, rows[i].query);
    const char *naive = *found == '!' ? NULL : ask_naively(w, rows[i].type, rows[i].query);
    if (naive && strcmp(naive, found) != 0) {
      print_error("%s?%s: the plan found \"%s\", the resources say \"%s\"\n", rows[i].type,
                  rows[i].query, found, naive);
      wrong++;
    }
    if (is_expected(found, rows[i].found)) continue;
    print_error("%s?%s: found \"%s\", expected \"%s\"\n", rows[i].type, rows[i].query, found,
                rows[i].found);
    wrong++;
  }
  assert_int_equal(wrong, 0);
}
#define CHECK_BOTH(w, rows) check_both(w, rows, sizeof rows / sizeof *rows)

/* ---- :missing ---- */

static void missing(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"all\",\"gender\":\"male\",\"birthDate\":\"1980\","
      "\"active\":true,\"name\":[{\"family\":\"---\"}],\"generalPractitioner\":[{\"display\":"
      "\"Dr\"}],\"meta\":{\"profile\":[\"http://x/p\"]},\"deceasedBoolean\":false}");
  put(w, "{\"resourceType\":\"Patient\",\"id\":\"none\"}");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"reason\",\"_gender\":{\"extension\":[{\"url\":"
      "\"http://x/e\",\"valueCode\":\"unknown\"}]}}");
  put(w,
      "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"code\":{\"text\":"
      "\"words\"},\"subject\":{\"identifier\":{\"value\":\"7\"}},\"effectivePeriod\":{\"id\":"
      "\"p\"},\"valueQuantity\":{\"unit\":\"mg\"}}");
  static const example rows[] = {
      {"Patient", "gender:missing=true", "none reason"},
      {"Patient", "gender:missing=false", "all"},
      {"Patient", "gender:missing=false,true", "all none reason"},
      {"Patient", "birthdate:missing=true", "none reason"},
      {"Patient", "family:missing=false", "all"}, /* punctuation is a value */
      {"Patient", "general-practitioner:missing=false", "all"},
      {"Patient", "_profile:missing=true", "none reason"},
      {"Patient", "_profile:missing=false", "all"},
      {"", "_profile:missing=true", "none reason o"},
      {"Patient", "deceased:missing=false", "all none reason"}, /* it is a truth, never empty */
      {"Patient", "_id:missing=true", ""},
      {"Patient", "_id:missing=false", "all none reason"},
      {"Patient", "_lastUpdated:missing=false", "all none reason"},
      {"Observation", "code:missing=false", "o"},
      {"Observation", "subject:missing=false", "o"},
      {"Observation", "patient:missing=false", ""}, /* whose type nobody tells */
      {"Observation", "patient:missing=true", "o"},
      {"Observation", "date:missing=true", "o"}, /* nothing but an id */
      {"Observation", "value-quantity:missing=false", "o"},
      {"Observation", "code-value-quantity:missing=false", "o"},
      {"Observation", "code-value-quantity:missing=true", ""},
      {"Observation", "code-value-concept:missing=true", "o"},
      {"Observation", "code-value-date:missing=false", ""},
      /* All components in one element. */
      {"Observation", "component-code-value-quantity:missing=true", "o"},
      {"Observation", "combo-code-value-quantity:missing=false", "o"},
      {"Patient", "gender:missing=maybe", "!value gender:missing: :missing is true or false"},
  };
  CHECK_BOTH(w, rows);
}

/* ---- :exact, :contains ---- */

static void put_name(world *w, const char *id, const char *family) {
  PUT(w, "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"name\":[{\"family\":\"%s\"}]}", id, family);
}

static void strings(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put_name(w, "title", "Son");
  put_name(w, "lower", "son");
  put_name(w, "longer", "Sonder");
  put_name(w, "inside", "Erikson");
  put_name(w, "accent", "Sön");
  put_name(w, "yo", "Пётр");
  put_name(w, "ye", "Петр");
  put_name(w, "marks", "O'Neil-Son");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"both\",\"name\":[{\"family\":\"Son\"},{\"family\":"
      "\"SON\"}]}");
  char text[701];
  memset(text, 'x', 700);
  memcpy(text + 600, "needle", 6);
  text[700] = 0;
  put_name(w, "long", text);
  static const example rows[] = {
      {"Patient", "family:exact=Son", "title both"},
      {"Patient", "family:exact=son", "lower"},
      {"Patient", "family:exact=SON", "both"},
      {"Patient", "family:exact=So", ""},
      {"Patient", "family:exact=S%C3%B6n", "accent"},
      {"Patient", "family:exact=%D0%9F%D1%91%D1%82%D1%80", "yo"},
      {"Patient", "family:exact=%D0%9F%D0%B5%D1%82%D1%80", "ye"},
      {"Patient", "family:exact=O'Neil-Son", "marks"},
      {"Patient", "family:exact=ONeilSon", ""},
      {"Patient", "family:contains=son", "title lower longer inside accent marks both"},
      {"Patient", "family:contains=SON,%D0%B5%D1%82",
       "title lower longer inside accent yo ye marks both"},
      {"Patient", "family:contains=needle", "long"},
      {"Patient", "family:contains=needles", ""},
      {"Patient", "family:contains=-", "!value"},
      {"Patient", "family:text=x", "!value"},
      {"Patient", "family:Patient=x", "!value"},
      {"Patient", "family:nothing=x", "!value"},
  };
  CHECK_BOTH(w, rows);
}

/* ---- tokens ---- */

static void tokens(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put(w,
      "{\"resourceType\":\"Condition\",\"id\":\"head\",\"subject\":{\"reference\":\"Patient/1\"},"
      "\"code\":{\"coding\":[{\"system\":\"urn:a\",\"code\":\"1\",\"display\":\"Severe Headache\"}"
      "],\"text\":\"Kopfweh\"}}");
  put(w,
      "{\"resourceType\":\"Condition\",\"id\":\"text\",\"subject\":{\"reference\":\"Patient/1\"},"
      "\"code\":{\"text\":\"headache, mild\"}}");
  put(w,
      "{\"resourceType\":\"Condition\",\"id\":\"bare\",\"subject\":{\"reference\":\"Patient/2\"}}");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"mr\",\"identifier\":[{\"type\":{\"coding\":[{"
      "\"system\":\"http://terminology.hl7.org/CodeSystem/v2-0203\",\"code\":\"MR\"}],\"text\":"
      "\"Medical record\"},\"system\":\"urn:x\",\"value\":\"12\"}]}");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"ss\",\"identifier\":[{\"type\":{\"coding\":[{"
      "\"system\":\"http://terminology.hl7.org/CodeSystem/v2-0203\",\"code\":\"SS\"}]},\"value\":"
      "\"12\"},{\"type\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
      "v2-0203\",\"code\":\"MR\"}]},\"value\":\"13\"}],\"gender\":\"female\"}");
  static const example rows[] = {
      {"Condition", "code:text=headache", "head text"},
      {"Condition", "code:text=HEAD", "head text"},
      {"Condition", "code:text=kopf", "head"},
      {"Condition", "code:text=1", ""},
      {"Condition", "code:not=1", "text bare"}, /* those without a code, too */
      {"Condition", "code:not=urn:a|1,2", "text bare"},
      {"Condition", "code:not=2", "head text bare"},
      {"Condition", "code:not=1&subject=Patient/1", "text"},
      {"Patient", "gender:not=male", "mr ss"},
      {"Patient", "identifier:text=medical", "mr"},
      {"Patient", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|12", "mr"},
      {"Patient", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|13", "ss"},
      {"Patient", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|13", ""},
      {"Patient", "identifier:of-type=MR|12", "!value"},
      {"Patient", "identifier:exact=12", "!value"},
      {"Patient", "gender:of-type=a|b|c", "!value"},
      {"Condition", "code:above=1", "!value"},
  };
  CHECK_BOTH(w, rows);
}

/* ---- references and uris ---- */

static void references(void **state) {
  world *w = *state;
  memory_empty(w->store);
  static const char *const subjects[][2] = {
      {"patient",
       "\"reference\":\"Patient/1\",\"identifier\":{\"system\":\"urn:m\",\"value\":\"9\"}"},
      {"group", "\"reference\":\"Group/1\""},
      {"far", "\"reference\":\"http://far.example/Patient/1\""},
      {"logical", "\"identifier\":{\"system\":\"urn:m\",\"value\":\"9\"}"},
      {"other", "\"identifier\":{\"value\":\"9\"},\"display\":\"x\""}};
  for (size_t i = 0; i < 5; i++)
    PUT(w,
        "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\",\"code\":{\"text\":"
        "\"c\"},"
        "\"subject\":{%s}}",
        subjects[i][0], subjects[i][1]);
  static const example rows[] = {
      {"Observation", "subject:Patient=1", "patient"},
      {"Observation", "subject:Group=1", "group"},
      {"Observation", "subject:Patient=Group/1", ""},
      {"Observation", "subject:Patient=Patient/1", "patient"},
      {"Observation", "subject:Patient=http://far.example/Patient/1", "far"},
      {"Observation", "subject:Group=http://far.example/Patient/1", ""},
      {"Observation", "subject:Medication=1", "!value"},
      {"Observation", "subject:identifier=urn:m|9", "patient logical"},
      {"Observation", "subject:identifier=9", "patient logical other"},
      {"Observation", "subject:identifier=|9", "other"},
      {"Observation", "subject:identifier=urn:m|", "patient logical"},
      {"Observation", "patient:identifier=urn:m|9", "patient"}, /* resolve() is Patient */
      {"Observation", "based-on:below=1", "!value"}, /* no type of its targets has a hierarchy */
      {"Observation", "code:Patient=1", "!value"},
      {"PlanDefinition", "definition:identifier=1", "!value"}, /* canonicals have none */
  };
  CHECK_BOTH(w, rows);
}

static void uris(void **state) {
  world *w = *state;
  memory_empty(w->store);
  static const char *const urls[][2] = {{"top", "http://acme.org/fhir"},
                                        {"slash", "http://acme.org/fhir/"},
                                        {"set", "http://acme.org/fhir/ValueSet/123"},
                                        {"near", "http://acme.org/fhirs/ValueSet/123"},
                                        {"urn", "urn:oid:1.2.3"}};
  for (size_t i = 0; i < 5; i++)
    PUT(w, "{\"resourceType\":\"ValueSet\",\"id\":\"%s\",\"status\":\"draft\",\"url\":\"%s\"}",
        urls[i][0], urls[i][1]);
  static const example rows[] = {
      {"ValueSet", "url:below=http://acme.org/fhir", "top slash set"},
      {"ValueSet", "url:below=http://acme.org/fhir/", "slash set"},
      {"ValueSet", "url:below=http://acme.org/fhir/Val", ""},
      {"ValueSet", "url:below=http://acme.org", "top slash set near"},
      {"ValueSet", "url:above=http://acme.org/fhir/ValueSet/123/_history/5", "top slash set"},
      {"ValueSet", "url:above=http://acme.org/fhir", "top"},
      {"ValueSet", "url:above=urn:oid:1.2.3", "!value"},
      {"ValueSet", "url:contains=acme", "!value"},
  };
  CHECK_BOTH(w, rows);
}

/* ---- terminology ---- */

static const char animals[] =
    "{\"resourceType\":\"CodeSystem\",\"id\":\"animals\",\"url\":\"http://x/animals\",\"version\":"
    "\"2\",\"status\":\"active\",\"content\":\"complete\",\"hierarchyMeaning\":\"is-a\","
    "\"property\":[{\"code\":\"kind-of\",\"uri\":"
    "\"http://hl7.org/fhir/concept-properties#parent\",\"type\":\"code\"}],\"concept\":"
    "[{\"code\":\"animal\",\"concept\":[{\"code\":\"dog\",\"concept\":[{\"code\":\"husky\"}]},"
    "{\"code\":\"cat\",\"property\":[{\"code\":\"legs\",\"valueInteger\":4}]}]},{\"code\":"
    "\"wolfdog\","
    "\"property\":[{\"code\":\"kind-of\",\"valueCode\":\"dog\"}]},{\"code\":\"stone\"}]}";

static void put_set(world *w, const char *id, const char *compose) {
  PUT(w,
      "{\"resourceType\":\"ValueSet\",\"id\":\"%s\",\"url\":\"http://x/%s\",\"status\":\"active\","
      "\"compose\":{%s}}",
      id, id, compose);
}

static void put_finding(world *w, const char *code) {
  PUT(w,
      "{\"resourceType\":\"Condition\",\"id\":\"%s\",\"subject\":{\"reference\":\"Patient/1\"},"
      "\"code\":{\"coding\":[{\"system\":\"http://x/animals\",\"code\":\"%s\"}]}}",
      code, code);
}

#define SYSTEM "\"system\":\"http://x/animals\""
#define FILTER(property, op, value)                                                  \
  "\"include\":[{" SYSTEM ",\"filter\":[{\"property\":\"" property "\",\"op\":\"" op \
  "\",\"value\":\"" value "\"}]}]"

static void fill_terminology(world *w) {
  memory_empty(w->store);
  put(w, animals);
  put_set(w, "all", "\"include\":[{" SYSTEM "}]");
  put_set(w, "pets",
          "\"include\":[{" SYSTEM ",\"concept\":[{\"code\":\"cat\"},{\"code\":\"dog\"}]}]");
  put_set(w, "dogs", FILTER("concept", "is-a", "dog"));
  put_set(w, "under", FILTER("concept", "descendent-of", "dog"));
  put_set(w, "not-dogs", FILTER("concept", "is-not-a", "dog"));
  put_set(w, "four", FILTER("legs", "=", "4"));
  put_set(w, "odd", FILTER("code", "regex", "d.*"));
  put_set(w, "both", "\"include\":[{\"valueSet\":[\"http://x/pets\",\"http://x/dogs\"]}]");
  put_set(w, "but",
          "\"include\":[{\"valueSet\":[\"http://x/all\"]}],\"exclude\":[{\"valueSet\":["
          "\"http://x/dogs\"]}]");
  put_set(w, "loop", "\"include\":[{\"valueSet\":[\"http://x/loop\"]}]");
  put_set(w, "lost", "\"include\":[{\"valueSet\":[\"http://x/nowhere\"]}]");
  put_set(w, "sct", "\"include\":[{\"system\":\"http://snomed.info/sct\"}]");
  static const char *const codes[] = {"animal", "dog", "husky", "cat", "wolfdog", "stone"};
  for (size_t i = 0; i < 6; i++) put_finding(w, codes[i]);
  put(w,
      "{\"resourceType\":\"Condition\",\"id\":\"none\",\"subject\":{\"reference\":\"Patient/1\"}}");
}

static void value_sets(void **state) {
  world *w = *state;
  fill_terminology(w);
  static const example rows[] = {
      {"Condition", "code:in=http://x/all", "animal dog husky cat wolfdog stone"},
      {"Condition", "code:in=http://x/pets", "dog cat"},
      {"Condition", "code:in=ValueSet/pets", "dog cat"},
      {"Condition", "code:in=http://here.example/fhir/ValueSet/pets", "dog cat"},
      {"Condition", "code:in=http://x/dogs", "dog husky wolfdog"},
      {"Condition", "code:in=http://x/under", "husky wolfdog"},
      {"Condition", "code:in=http://x/not-dogs", "animal cat stone"},
      {"Condition", "code:in=http://x/four", "cat"},
      {"Condition", "code:in=http://x/both", "dog"},
      {"Condition", "code:in=http://x/but", "animal cat stone"},
      {"Condition", "code:in=http://x/pets,http://x/under", "dog husky cat wolfdog"},
      {"Condition", "code:not-in=http://x/dogs", "animal cat stone none"},
      {"Condition", "code:in=http://x/loop", "!value"},
      {"Condition", "code:in=http://x/lost", "!not-found"},
      {"Condition", "code:in=http://x/nowhere", "!not-found"},
      {"Condition", "code:not-in=http://x/nowhere", "!not-found"},
      {"Condition", "code:in=http://x/pets|7", "!not-found"},
      {"Condition", "code:in=http://x/sct", "!not-supported"},
      {"Condition", "code:in=http://x/odd", "!not-supported"},
      {"Condition", "code:in=http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1", ""},
      {"Condition", "code:in=http://hl7.org/fhir/ValueSet/administrative-gender|9", "!not-found"},
      /* shipped with the definitions; gender is a code, of the system of its binding */
      {"Patient", "gender:in=http://hl7.org/fhir/ValueSet/administrative-gender", ""},
      {"Condition", "code:in=http://hl7.org/fhir/ValueSet/administrative-gender", ""},
  };
  CHECK_BOTH(w, rows);
}

/* One query may not have the server read definitions without end. */
static void many_value_sets_are_too_costly(void **state) {
  world *w = *state;
  fill_terminology(w);
  zd_buffer query;
  zd_buffer_init(&query, 0);
  zd_buffer_add(&query, "code:in=", 8);
  for (int i = 0; i < 9999; i++)
    zd_buffer_add_slice(&query, ZD_S("http://hl7.org/fhir/ValueSet/resource-types,"));
  zd_buffer_add_slice(&query, ZD_S("http://x/pets"));
  zd_buffer_add_char(&query, 0);
  const char *said = ask(w, "Condition", query.p);
  if (strncmp(said, "!too-costly", 11) != 0) fail_msg("%s", said);
  zd_buffer_free(&query);
}

static void hierarchies(void **state) {
  world *w = *state;
  fill_terminology(w);
  static const example rows[] = {
      {"Condition", "code:below=http://x/animals|dog", "dog husky wolfdog"},
      {"Condition", "code:below=http://x/animals|animal", "animal dog husky cat wolfdog"},
      {"Condition", "code:above=http://x/animals|husky", "animal dog husky"},
      {"Condition", "code:above=http://x/animals|stone,http://x/animals|cat", "animal cat stone"},
      {"Condition", "code:below=http://x/animals|bird", "!not-found"},
      {"Condition", "code:below=http://x/plants|tree", "!not-found"},
      {"Condition", "code:below=dog", "!value"},
      {"Condition", "code:below=http://x/shelf|top", "!not-supported"}, /* part-of */
  };
  put(w,
      "{\"resourceType\":\"CodeSystem\",\"id\":\"shelf\",\"url\":\"http://x/shelf\",\"status\":"
      "\"active\",\"content\":\"complete\",\"hierarchyMeaning\":\"part-of\",\"concept\":[{\"code\":"
      "\"top\"}]}");
  CHECK_BOTH(w, rows);
}

/* ---- what is shipped with the definitions ---- */

#define V3(name) "http://terminology.hl7.org/CodeSystem/v3-" name
#define FROM_ACT_CODE(op, value) \
  "\"include\":[{\"system\":\"" V3("ActCode") "\",\"filter\":[{\"property\":\"concept\"," \
                                            "\"op\":\"" op "\",\"value\":\"" value "\"}]}]"

static void put_encounter(world *w, const char *code) {
  PUT(w,
      "{\"resourceType\":\"Encounter\",\"id\":\"%s\",\"status\":\"finished\",\"class\":{"
      "\"system\":\"" V3("ActCode") "\",\"code\":\"%s\"}}",
      code, code);
}

static void shipped_hierarchies(void **state) {
  world *w = *state;
  memory_empty(w->store);
  static const char *const codes[] = {"AMB", "IMP", "ACUTE", "NONAC", "EMER"};
  for (size_t i = 0; i < 5; i++) put_encounter(w, codes[i]);
  put_set(w, "inpatient", FROM_ACT_CODE("is-a", "IMP"));
  put_set(w, "not-inpatient", FROM_ACT_CODE("is-not-a", "IMP"));
  put_set(w, "above-acute", FROM_ACT_CODE("generalizes", "ACUTE"));
  put_set(w, "pattern", FROM_ACT_CODE("regex", "A.*"));
  put_set(w, "version", "\"include\":[{\"system\":\"" V3("ActCode") "\",\"version\":\"1.2.3\"}]");
  static const example rows[] = {
      {"Encounter", "class:below=" V3("ActCode") "|IMP", "IMP ACUTE NONAC"},
      {"Encounter", "class:below=" V3("ActCode") "|_ActEncounterCode", "AMB IMP ACUTE NONAC EMER"},
      {"Encounter", "class:above=" V3("ActCode") "|ACUTE", "IMP ACUTE"},
      {"Encounter", "class:in=http://x/inpatient", "IMP ACUTE NONAC"},
      {"Encounter", "class:not-in=http://x/inpatient", "AMB EMER"},
      {"Encounter", "class:in=http://x/not-inpatient", "AMB EMER"},
      {"Encounter", "class:in=http://x/above-acute", "IMP ACUTE"},
      {"Encounter", "class:in=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode",
       "AMB IMP ACUTE NONAC EMER"},
      {"Encounter", "class:below=" V3("ActCode") "|XYZ", "!not-found"},
      {"Encounter", "class:in=http://x/pattern", "!not-supported"},
      {"Encounter", "class:in=http://x/version", "!not-found"},
      {"Condition", "code:below=http://snomed.info/sct|73211009", "!not-supported"},
      {"Condition", "code:below=http://loinc.org|LP7787-7", "!not-supported"},
      {"Condition", "code:in=http://hl7.org/fhir/ValueSet/condition-stage-type", "!not-supported"},
      {"Condition", "code:in=http://hl7.org/fhir/ValueSet/condition-code", "!not-supported"},
      {"Condition", "code:below=http://terminology.hl7.org/CodeSystem/service-type|124",
       "!not-supported"}, /* an example */
  };
  CHECK_BOTH(w, rows);
  /* A system that the definitions only name is stored: what is shipped is made of it. */
  put(w,
      "{\"resourceType\":\"CodeSystem\",\"id\":\"sct\",\"url\":\"http://snomed.info/"
      "sct\",\"status\":"
      "\"active\",\"content\":\"complete\",\"concept\":[{\"code\":\"404684003\",\"concept\":[{"
      "\"code\":\"73211009\",\"concept\":[{\"code\":\"46635009\"}]}]},{\"code\":\"1\"}]}");
  PUT(w,
      "{\"resourceType\":\"Condition\",\"id\":\"diabetes\",\"subject\":{\"reference\":\"Patient/"
      "1\"},"
      "\"code\":{\"coding\":[{\"system\":\"http://snomed.info/sct\",\"code\":\"%s\"}]}}",
      "46635009");
  static const example with_snomed[] = {
      {"Condition", "code:below=http://snomed.info/sct|73211009", "diabetes"},
      {"Condition", "code:in=http://hl7.org/fhir/ValueSet/condition-code", "diabetes"},
      {"Condition", "code:in=http://hl7.org/fhir/ValueSet/body-site", "!not-found"},
  };
  CHECK_BOTH(w, with_snomed);
}

static void places(void **state) {
  world *w = *state;
  memory_empty(w->store);
  static const char *const parts[][2] = {
      {"house", "x"},      {"floor", "house"},   {"room", "floor"},   {"bed", "room"},
      {"cellar", "house"}, {"ring-a", "ring-b"}, {"ring-b", "ring-a"}};
  for (size_t i = 0; i < 7; i++)
    PUT(w,
        "{\"resourceType\":\"Location\",\"id\":\"%s\",\"partOf\":{\"reference\":\"Location/%s\"}}",
        parts[i][0], parts[i][1]);
  for (size_t i = 0; i < 7; i++)
    PUT(w,
        "{\"resourceType\":\"Procedure\",\"id\":\"in-%s\",\"status\":\"completed\",\"subject\":{"
        "\"reference\":\"Patient/1\"},\"location\":{\"reference\":\"Location/%s\"}}",
        parts[i][0], parts[i][0]);
  static const example rows[] = {
      {"Procedure", "location:below=floor", "in-floor in-room in-bed"},
      {"Procedure", "location:below=Location/house", "in-house in-floor in-room in-bed in-cellar"},
      {"Procedure", "location:above=room", "in-house in-floor in-room"},
      {"Procedure", "location:below=ring-a", "in-ring-a in-ring-b"},
      {"Procedure", "location:below=cellar,bed", "in-bed in-cellar"},
      {"Procedure", "location:below=unknown", ""},
      {"Location", "partof:below=floor", "room bed"},
      {"Procedure", "location:below=Patient/1", "!value"},
      {"Procedure", "patient:below=1", "!value"},
  };
  CHECK_BOTH(w, rows);
}

/* ---- near ---- */

static void put_location(world *w, const char *id, const char *latitude, const char *longitude) {
  PUT(w,
      "{\"resourceType\":\"Location\",\"id\":\"%s\",\"position\":{\"longitude\":%s,\"latitude\":%s}"
      "}",
      id, longitude, latitude);
}

static void locations(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put_location(w, "moscow", "55.7558", "37.6173");
  put_location(w, "tula", "54.1961", "37.6182");
  put_location(w, "fiji-east", "-17.5", "179.9");
  put_location(w, "fiji-west", "-17.5", "-179.9");
  put_location(w, "pole", "89.99", "10");
  put_location(w, "pole-beyond", "89.99", "-170");
  put(w, "{\"resourceType\":\"Location\",\"id\":\"nowhere\"}");
  static const example rows[] = {
      {"Location", "near=55.7558|37.6173|1|km", "moscow"},
      {"Location", "near=55.7558|37.6173|173|km", "moscow"},
      {"Location", "near=55.7558|37.6173|174|km", "moscow tula"},
      {"Location", "near=55.7558|37.6173|108.2|[mi_i]", "moscow tula"},
      {"Location", "near=55.7558|37.6173|174000|m", "moscow tula"},
      {"Location", "near=55.7558|37.6173|1.74e2|km", "moscow tula"},
      {"Location", "near=55.7558|37.6173|94|[nmi_i]", "moscow tula"},
      {"Location", "near=55.7558|37.6173|93|[nmi_i]", "moscow"},
      {"Location", "near=55.7558|37.6173|17.4|10*4.m", "moscow tula"},
      {"Location", "near=55.7558|37.6173|174", "moscow tula"},
      {"Location", "near=55.75|37.62", "moscow"},
      {"Location", "near=-17.5|180|11|km", "fiji-east fiji-west"},
      {"Location", "near=-17.5|179.95|16|km", "fiji-east fiji-west"},
      {"Location", "near=-17.5|-179.95|6|km", "fiji-west"},
      {"Location", "near=89.99|10|3|km", "pole pole-beyond"},
      {"Location", "near=0|0|20100|km", "moscow tula fiji-east fiji-west pole pole-beyond"},
      {"Location", "near=55.7558|37.6173|1|km,54.1961|37.6182|1|km", "moscow tula"},
      {"Location", "near:missing=true", "nowhere"},
      {"Location", "near:missing=false", "moscow tula fiji-east fiji-west pole pole-beyond"},
      {"Location", "near=55.7", "!value"},
      {"Location", "near=91|0|1|km", "!value"},
      {"Location", "near=0|0|1|furlong", "!value"},
      {"Location", "near=0|0|1|kg", "!value"},
      {"Location", "near=0|0|one|km", "!value"},
      {"Location", "near=0|0|-1|km", "!value"},
  };
  CHECK_BOTH(w, rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(missing),
      cmocka_unit_test(strings),
      cmocka_unit_test(tokens),
      cmocka_unit_test(references),
      cmocka_unit_test(uris),
      cmocka_unit_test(value_sets),
      cmocka_unit_test(hierarchies),
      cmocka_unit_test(shipped_hierarchies),
      cmocka_unit_test(many_value_sets_are_too_costly),
      cmocka_unit_test(places),
      cmocka_unit_test(locations),
  };
  return cmocka_run_group_tests(tests, open_world, close_world);
}
