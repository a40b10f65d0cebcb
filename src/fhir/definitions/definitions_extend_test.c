/* What users add on top of the compiled image: what is kept, what is refused, and how it is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/testing/scarcity.h"
#include "fhir/definitions.h"
#include "fhir/schema.h"

#define PROFILE_OF(type, head, rows)                                                              \
  "{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/p\",\"version\":\"1.0\",\"type\"" \
  ":\"" type                                                                                      \
  "\",\"kind\":\"resource\",\"derivation\":\"constraint\",\"baseDefinition\":"                    \
  "\"http://hl7.org/fhir/StructureDefinition/" type "\"" head                                     \
  ",\"snapshot\":{\"element\":[{\"id\":\"" type "\",\"path\":\"" type                             \
  "\",\"min\":0,\"max\":\"*\"}" rows "]}}"
#define PATIENT(rows) PROFILE_OF("Patient", "", rows)
#define ROW_AS(id, path, max, rest) \
  ",{\"id\":\"" id "\",\"path\":\"" path "\",\"min\":0,\"max\":\"" max "\"" rest "}"
#define ROW(path, rest) ROW_AS(path, path, "1", rest)
#define TYPE(code) ",\"type\":[{\"code\":\"" code "\"}]"
#define EMPTY_SD(more) \
  "{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/p\",\"type\":\"Patient\"" more "}"

static zd_err extend(const zd_schema *base, const char *const *documents, size_t n,
                     zd_buffer *image, zd_fault *fault) {
  zd_definitions *d;
  zd_err err = zd_definitions_extend(base, &d, fault);
  if (err) return err;
  for (size_t i = 0; i < n && !err; i++)
    err = zd_definitions_add(d, zd_slice_of(documents[i]), fault);
  if (!err) err = zd_definitions_build(d, image, fault);
  zd_definitions_free(d);
  return err;
}

static const zd_schema *extended(const char *const *documents, size_t n, zd_buffer *image) {
  const zd_schema *s;
  zd_fault fault = {0};
  zd_buffer_init(image, 0);
  if (extend(zd_schema_r4(), documents, n, image, &fault)) fail_msg("%s", fault.text);
  if (zd_schema_from_image(image->p, image->n, &s, &fault)) fail_msg("%s", fault.text);
  return s;
}

static void assert_slice(zd_slice s, const char *text) {
  if (!zd_slice_eq(s, zd_slice_of(text))) fail_msg("\"%.*s\" is not \"%s\"", ZD_SV(s), text);
}

/* ---- refusals ---- */

static const struct {
  const char *document;
  zd_err err;
  const char *says;
} refusals[] = {
    {EMPTY_SD(",\"derivation\":\"constraint\",\"differential\":{\"element\":[]}"),
     ZD_ERR_UNSUPPORTED, "http://x/p: it has no snapshot"},
    {EMPTY_SD(",\"kind\":\"logical\",\"derivation\":\"constraint\""), ZD_ERR_UNSUPPORTED,
     "logical models"},
    {EMPTY_SD(",\"kind\":\"resource\",\"derivation\":\"specialization\""), ZD_ERR_UNSUPPORTED,
     "it defines a type"},
    {"{\"resourceType\":\"CompartmentDefinition\",\"url\":\"http://x/c\"}", ZD_ERR_UNSUPPORTED,
     "http://x/c: compartments can't be added"},
    {"{\"resourceType\":\"ValueSet\"}", ZD_ERR_INVALID, "a ValueSet without a url"},
    {"{\"resourceType\":\"OperationDefinition\",\"url\":\"http://x/o\",\"code\":\"o\","
     "\"parameter\":[{\"use\":\"in\"}]}",
     ZD_ERR_INVALID, "http://x/o: a parameter has no name"},
    {PROFILE_OF("Nobody", "", ""), ZD_ERR_INVALID, "its type \"Nobody\" is not known"},
    {PATIENT(ROW("Patient.birthdate", "")), ZD_ERR_INVALID,
     "http://x/p: Patient.birthdate: Patient has no element \"birthdate\""},
    {PATIENT(ROW("Patient.name.family", "")), ZD_ERR_INVALID, "is not there"},
    {PATIENT(ROW("Person.name", "")), ZD_ERR_INVALID, "is not there"},
    {PATIENT(ROW("Patient.active", TYPE("boolean")) ROW("Patient.active.name", "")), ZD_ERR_INVALID,
     "boolean has no element \"name\""},
    {PATIENT(ROW("Patient.deceased[x]", "") ROW("Patient.deceased[x].value", "")), ZD_ERR_INVALID,
     "Element has no element \"value\""},
    {PATIENT(ROW_AS("Patient.x.y", "Patient.active", "1", "")
                 ROW_AS("Patient.active.id", "Patient.active.id", "1", "")),
     ZD_ERR_INVALID, "its id does not begin with Patient.x.y"},
    {PATIENT(ROW_AS("Person.active", "Patient.active", "1", "")), ZD_ERR_INVALID,
     "its id does not begin with Patient"},
    {PATIENT(",{\"id\":\"Patient.active\"}"), ZD_ERR_INVALID, "element 1 has no path"},
    {PATIENT(",{\"path\":\"Patient.name\",\"sliceName\":\"a\",\"min\":0,\"max\":\"1\"}"),
     ZD_ERR_INVALID, "slice a of Patient.name has no id"},
    {PATIENT(",{\"path\":\"Patient.active\",\"max\":\"1\"}"), ZD_ERR_INVALID, "no min"},
    {PATIENT(",{\"path\":\"Patient.active\",\"min\":0}"), ZD_ERR_INVALID, "no max"},
    {PATIENT(",{\"path\":\"Patient.active\",\"min\":-1,\"max\":\"1\"}"), ZD_ERR_INVALID, "no min"},
    {PATIENT(",{\"path\":\"Patient.name\",\"min\":3,\"max\":\"2\"}"), ZD_ERR_INVALID,
     "min 3 is more than max 2"},
    {PATIENT(ROW_AS("Patient.active", "Patient.active", "*", "")), ZD_ERR_INVALID,
     "max * is more than its base allows, 1"},
    {PATIENT(ROW("Patient.active", TYPE("bool"))), ZD_ERR_INVALID, "type \"bool\" is not known"},
    {PATIENT(ROW("Patient.active", TYPE("string"))), ZD_ERR_INVALID, "has no type string"},
    {PATIENT(ROW("Patient.name", "")
                 ROW_AS("Patient.name:a", "Patient.name", "1", ",\"sliceName\":\"a\"")),
     ZD_ERR_INVALID, "Patient.name:a: a slice of what is not sliced"},
    {PATIENT(ROW("Patient.name", ",\"slicing\":{\"rules\":\"any\"}")), ZD_ERR_INVALID,
     "a slicing without known rules"},
    {PATIENT(ROW("Patient.name",
                 ",\"slicing\":{\"rules\":\"open\",\"discriminator\":[{\"path\":"
                 "\"use\",\"type\":\"guess\"}]}")),
     ZD_ERR_INVALID, "a discriminator without a known type"},
    {PATIENT(ROW("Patient.name",
                 ",\"slicing\":{\"rules\":\"open\",\"discriminator\":[{\"path\":"
                 "\"use[\",\"type\":\"value\"}]}")),
     ZD_ERR_INVALID, "is no FHIRPath, at 4 of: use["},
    {PATIENT(ROW("Patient.active",
                 ",\"constraint\":[{\"key\":\"k\",\"severity\":\"error\","
                 "\"expression\":\"a and\"}]")),
     ZD_ERR_INVALID, "Patient.active: constraint k is no FHIRPath, at 5: a and"},
    {PATIENT(ROW("Patient.active", ",\"constraint\":[{\"severity\":\"error\"}]")), ZD_ERR_INVALID,
     "a constraint without key or severity"},
    {PATIENT(ROW("Patient.active", TYPE("boolean") ",\"fixedString\":\"a\"")), ZD_ERR_INVALID,
     "fixedString is not of its type"},
    {PATIENT(ROW("Patient.active", TYPE("boolean") ",\"patternThing\":1")), ZD_ERR_INVALID,
     "patternThing is not of its type"},
    {PATIENT(ROW("Patient.active", TYPE("boolean") ",\"fixedBoolean\":true,\"fixedBoolean\":"
                                                   "false")),
     ZD_ERR_INVALID, "fixed[x] is there twice"},
    {PATIENT(ROW("Patient.active",
                 TYPE("boolean") ",\"fixedBoolean\":true,\"_fixedBoolean\":{\"id\":\"a\"}")),
     ZD_ERR_UNSUPPORTED, "_fixedBoolean: extensions"},
    {PATIENT(ROW("Patient.gender", ",\"binding\":{\"strength\":\"strong\"}")), ZD_ERR_INVALID,
     "a binding without known strength"},
    {PATIENT(ROW("Patient.gender", ",\"maxLength\":0")), ZD_ERR_INVALID, "maxLength"},
    {PATIENT(ROW("Patient.link", ",\"contentReference\":\"#Patient.name\"")), ZD_ERR_INVALID,
     "no element #Patient.name before it"},
    {PROFILE_OF("Extension", ",\"context\":[{\"type\":\"somewhere\",\"expression\":\"a\"}]", ""),
     ZD_ERR_INVALID, "a context without a known type"},
    {PROFILE_OF("Extension", ",\"context\":[{\"type\":\"element\"}]", ""), ZD_ERR_INVALID,
     "a context without an expression"},
    {PROFILE_OF("Extension", ",\"contextInvariant\":[\"a b\"]", ""), ZD_ERR_INVALID,
     "a context is no FHIRPath, at 2"},
};

static void what_cannot_be_kept_is_refused_by_name(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    zd_buffer image;
    zd_fault fault = {0};
    zd_buffer_init(&image, 0);
    zd_err err = extend(zd_schema_r4(), &refusals[i].document, 1, &image, &fault);
    if (err != refusals[i].err || !strstr(fault.text, refusals[i].says))
      fail_msg("%s: %s: %s", refusals[i].document, zd_err_name(err), fault.text);
    zd_buffer_free(&image);
  }
}

/* ---- versions ---- */

#define SET(url, version, codes)                                              \
  "{\"resourceType\":\"ValueSet\",\"url\":\"" url "\",\"version\":\"" version \
  "\",\"compose\""                                                            \
  ":{\"include\":[{\"system\":\"http://x/cs\",\"concept\":[" codes "]}]}}"

static void a_version_keeps_its_content(void **state) {
  (void)state;
  static const char one[] = SET("http://x/vs", "1", "{\"code\":\"a\"}");
  static const char spaced[] =
      "{\"resourceType\" : \"ValueSet\",\"url\":\"http://x/vs\",\n\"version\":\"1\",\"compose\""
      ":{\"include\":[ {\"system\":\"http://x/cs\",\"concept\":[{\"code\":\"a\"}]}]} }";
  static const char changed[] = SET("http://x/vs", "1", "{\"code\":\"b\"}");
  const char *same[] = {one, spaced}, *both[] = {one, changed};
  zd_buffer image, again;
  zd_fault fault = {0};
  zd_definition_standing standing;
  const zd_schema *s = extended(same, 2, &image);
  assert_int_equal(zd_schema_value_set_count(s), zd_schema_value_set_count(zd_schema_r4()) + 1);
  zd_buffer_init(&again, 0);
  assert_int_equal(extend(zd_schema_r4(), both, 2, &again, &fault), ZD_ERR_INVALID);
  assert_non_null(strstr(fault.text, "http://x/vs|1 is there with another content"));
  assert_int_equal(extend(s, &both[1], 1, &again, &fault), ZD_ERR_INVALID);
  assert_int_equal(extend(s, &same[1], 1, &again, &fault), ZD_OK);
  assert_int_equal(zd_definitions_compare(s, zd_slice_of(spaced), &standing, NULL), ZD_OK);
  assert_int_equal(standing, ZD_STANDING_SAME);
  assert_int_equal(zd_definitions_compare(s, zd_slice_of(changed), &standing, NULL), ZD_OK);
  assert_int_equal(standing, ZD_STANDING_CONFLICT);
  assert_int_equal(zd_definitions_compare(zd_schema_r4(), zd_slice_of(one), &standing, NULL),
                   ZD_OK);
  assert_int_equal(standing, ZD_STANDING_NEW);
  assert_int_equal(
      zd_definitions_compare(s, ZD_S("{\"resourceType\":\"Patient\"}"), &standing, NULL), ZD_OK);
  assert_int_equal(standing, ZD_STANDING_OTHER_TYPE);
  zd_buffer_free(&again);
  zd_buffer_free(&image);
}

static void a_canonical_without_a_version_means_the_newest(void **state) {
  (void)state;
  const char *documents[] = {SET("http://x/vs", "2.10.0", "{\"code\":\"a\"},{\"code\":\"b\"}"),
                             SET("http://x/vs", "2.9.0", "{\"code\":\"a\"}"),
                             SET("http://x/vs", "3.0.0-ballot", ""),
                             SET("http://x/vs", "3.0.0", "{\"code\":\"c\"}")};
  zd_buffer image;
  const zd_schema *s = extended(documents, 4, &image);
  uint32_t newest = zd_schema_value_set_find(s, ZD_S("http://x/vs"));
  assert_slice(zd_schema_value_set(s, newest).version, "3.0.0");
  uint32_t older = zd_schema_value_set_find(s, ZD_S("http://x/vs|2.10.0"));
  assert_int_equal(zd_schema_value_set(s, older).count, 2);
  assert_int_equal(zd_schema_value_set_find(s, ZD_S("http://x/vs|4")), UINT32_MAX);
  zd_buffer_free(&image);
}

static void versions_are_ordered_as_people_mean_them(void **state) {
  (void)state;
  static const char *const ascending[] = {"",      "0.9",  "1-ballot", "1",       "1.0",
                                          "1.2",   "1.10", "1.a",      "2.0.0-a", "2.0.0-b",
                                          "2.0.0", "10.0", "2020-05",  "R4"};
  size_t n = sizeof ascending / sizeof *ascending;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) {
      int order = zd_schema_version_cmp(zd_slice_of(ascending[i]), zd_slice_of(ascending[k]));
      if ((order > 0) - (order < 0) != (i > k) - (i < k))
        fail_msg("%s and %s: %d", ascending[i], ascending[k], order);
    }
}

/* ---- terminology ---- */

static void value_sets_are_composed_of_added_and_official_ones(void **state) {
  (void)state;
#define GENDER "http://hl7.org/fhir/administrative-gender"
#define VS(name, include) \
  "{\"resourceType\":\"ValueSet\",\"url\":\"http://x/" name "\",\"compose\":{" include "}}"
  const char *documents[] = {
      "{\"resourceType\":\"CodeSystem\",\"url\":\"http://x/cs\",\"version\":\"2\",\"content\":"
      "\"complete\",\"concept\":[{\"code\":\"a\",\"concept\":[{\"code\":\"a1\"}]},{\"code\":"
      "\"b\"}]}",
      "{\"resourceType\":\"CodeSystem\",\"url\":\"http://x/cs\",\"version\":\"1\",\"content\":"
      "\"complete\",\"concept\":[{\"code\":\"a\"}]}",
      "{\"resourceType\":\"CodeSystem\",\"url\":\"http://loinc.org\",\"content\":\"complete\","
      "\"concept\":[{\"code\":\"1-8\"}]}",
      VS("newest", "\"include\":[{\"system\":\"http://x/cs\"}]"),
      VS("old", "\"include\":[{\"system\":\"http://x/cs\",\"version\":\"1\"}]"),
      VS("never", "\"include\":[{\"system\":\"http://x/cs\",\"version\":\"3\"}]"),
      VS("below",
         "\"include\":[{\"system\":\"http://x/cs\",\"filter\":[{\"property\":\"concept\","
         "\"op\":\"is-a\",\"value\":\"a\"}]}]"),
      VS("gender", "\"include\":[{\"system\":\"" GENDER "\"}]"),
      VS("one-gender", "\"include\":[{\"system\":\"" GENDER "\",\"filter\":[{\"property\":"
                       "\"concept\",\"op\":\"is-a\",\"value\":\"male\"}]}]"),
      VS("set",
         "\"include\":[{\"valueSet\":[\"http://hl7.org/fhir/ValueSet/administrative-gender|"
         "4.0.1\"]}],\"exclude\":[{\"system\":\"" GENDER "\",\"concept\":[{\"code\":"
         "\"male\"}]}]"),
      VS("mixed", "\"include\":[{\"valueSet\":[\"http://x/newest\",\"http://x/old\"]}]"),
      VS("loinc", "\"include\":[{\"system\":\"http://loinc.org\"}]"),
  };
  static const struct {
    const char *url, *codes;
  } expected[] = {{"http://x/newest", "a a1 b"},
                  {"http://x/old", "a"},
                  {"http://x/never", "open"},
                  {"http://x/below", "a a1"},
                  {"http://x/gender", "female male other unknown"},
                  {"http://x/one-gender", "male"}, /* hierarchies of official systems are kept */
                  {"http://x/set", "female other unknown"},
                  {"http://x/mixed", "a"},
                  {"http://x/loinc", "1-8"}};
  zd_buffer image, text;
  const zd_schema *s = extended(documents, sizeof documents / sizeof *documents, &image);
  zd_buffer_init(&text, 0);
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    uint32_t set = zd_schema_value_set_find(s, zd_slice_of(expected[i].url));
    assert_int_not_equal(set, UINT32_MAX);
    zd_value_set_info info = zd_schema_value_set(s, set);
    zd_buffer_clear(&text);
    for (uint32_t k = 0; k < info.count; k++) {
      if (k) zd_buffer_add_char(&text, ' ');
      zd_buffer_add_slice(&text, zd_schema_value_set_code(s, set, k).code);
    }
    if (!info.enumerable) zd_buffer_add_slice(&text, ZD_S("open"));
    if (!zd_slice_eq(zd_buffer_slice(&text), zd_slice_of(expected[i].codes)))
      fail_msg("%s: %.*s, not %s", expected[i].url, ZD_SV(zd_buffer_slice(&text)),
               expected[i].codes);
  }
  uint32_t loinc = zd_schema_code_system_find(s, ZD_S("http://loinc.org"));
  assert_int_equal(zd_schema_code_system(s, loinc).count, 1);
  zd_buffer_free(&text);
  zd_buffer_free(&image);
}

/* ---- what was there ---- */

static void what_was_there_keeps_its_number(void **state) {
  (void)state;
  static const char weigh[] =
      "{\"resourceType\":\"OperationDefinition\",\"url\":\"http://x/o\",\"code\":\"weigh\","
      "\"resource\":[\"Patient\"],\"type\":true}";
  const char *documents[] = {
      SET("http://hl7.org/fhir/ValueSet/administrative-gender", "9.0.0", "{\"code\":\"x\"}"),
      PATIENT(ROW("Patient.gender", TYPE("code"))), weigh};
  zd_buffer image;
  const zd_schema *r4 = zd_schema_r4(), *s = extended(documents, 3, &image);
  for (uint32_t i = 0; i < zd_schema_definition_count(r4); i++) {
    zd_definition_info a = zd_schema_definition(r4, i), b = zd_schema_definition(s, i);
    assert_true(zd_slice_eq(a.url, b.url) && a.number == b.number && a.kind == b.kind);
  }
  zd_type patient = zd_schema_type(s, ZD_S("Patient"));
  zd_element gender = zd_schema_child(s, patient, ZD_S("gender"));
  assert_int_equal(zd_schema_bound_value_set(s, gender), zd_schema_bound_value_set(r4, gender));
  assert_int_equal(zd_schema_bound_code(s, gender, ZD_S("x")), 0);
  assert_int_equal(zd_schema_bound_code(s, gender, ZD_S("male")), 1);
  uint32_t operation = zd_schema_operation_find(s, patient, ZD_S("weigh"));
  assert_int_equal(operation, zd_schema_operation_count(r4));
  assert_int_not_equal(zd_schema_operation_find(s, patient, ZD_S("everything")), UINT32_MAX);
  zd_profile_element row =
      zd_schema_profile_element(s, zd_schema_profile_find(s, ZD_S("http://x/p|1.0")), 1);
  assert_int_equal(row.element, gender);
  zd_buffer_free(&image);
}

/* ---- memory ---- */

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  static const char *const small[] = {
      "{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/string\",\"type\":\"string\","
      "\"kind\":\"primitive-type\",\"snapshot\":{\"element\":[{\"path\":\"string\",\"min\":0,"
      "\"max\":\"*\"}]}}",
      "{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/Thing\",\"type\":\"Thing\","
      "\"kind\":\"resource\",\"snapshot\":{\"element\":[{\"path\":\"Thing\",\"min\":0,\"max\":"
      "\"*\"}" ROW_AS("Thing.a", "Thing.a", "*", TYPE("string")) "]}}"};
  static const char *const added[] = {
      PROFILE_OF(
          "Thing", ",\"context\":[{\"type\":\"element\",\"expression\":\"a\"}]",
          ROW_AS("Thing.a", "Thing.a", "*",
                 TYPE("string") ",\"slicing\":{\"rules\":\"open\",\"discriminator\":[{\"type\":"
                                "\"value\",\"path\":\"$this\"}]}")
              ROW_AS("Thing.a:b", "Thing.a", "1",
                     ",\"sliceName\":\"b\",\"type\":[{\"code\":\"string\",\"profile\":[\"http://x/"
                     "s\"]}],\"fixedString\":\"b\",\"constraint\":[{\"key\":\"k\",\"severity\":"
                     "\"error\",\"human\":\"h\",\"expression\":\"a\"}]")),
      SET("http://x/vs", "1", "{\"code\":\"a\"}"),
      "{\"resourceType\":\"CodeSystem\",\"url\":\"http://x/"
      "cs\",\"content\":\"complete\",\"concept\""
      ":[{\"code\":\"a\"}]}"};
  zd_definitions *d;
  zd_buffer base_image;
  const zd_schema *base;
  zd_buffer_init(&base_image, 0);
  assert_int_equal(zd_definitions_new(&d, NULL), ZD_OK);
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(zd_definitions_add(d, zd_slice_of(small[i]), NULL), ZD_OK);
  assert_int_equal(zd_definitions_build(d, &base_image, NULL), ZD_OK);
  zd_definitions_free(d);
  assert_int_equal(zd_schema_from_image(base_image.p, base_image.n, &base, NULL), ZD_OK);
  for (uint64_t nth = 1;; nth++) {
    zd_buffer image;
    zd_buffer_init(&image, 0);
    zd_scarcity_begin(nth);
    zd_err err = extend(base, added, 3, &image, NULL);
    bool failed = zd_scarcity_end();
    zd_buffer_free(&image);
    assert_int_equal(err, failed ? ZD_ERR_MEMORY : ZD_OK);
    if (!failed) break;
  }
  zd_buffer_free(&base_image);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_cannot_be_kept_is_refused_by_name),
      cmocka_unit_test(a_version_keeps_its_content),
      cmocka_unit_test(a_canonical_without_a_version_means_the_newest),
      cmocka_unit_test(versions_are_ordered_as_people_mean_them),
      cmocka_unit_test(value_sets_are_composed_of_added_and_official_ones),
      cmocka_unit_test(what_was_there_keeps_its_number),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
