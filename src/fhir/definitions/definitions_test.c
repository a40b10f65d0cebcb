/* The definitions compiler on small definitions and on top of the compiled image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/testing/scarcity.h"
#include "fhir/definitions.h"
#include "fhir/path.h"
#include "fhir/schema.h"

#define SD(name, kind, base, elements)                                                       \
  "{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/" name "\",\"type\":\"" name \
  "\",\"kind\":\"" kind "\",\"fhirVersion\":\"9.9\",\"baseDefinition\":\"http://x/" base     \
  "\",\"snapshot\":{\"element\":[{\"path\":\"" name "\",\"min\":0,\"max\":\"*\"}" elements "]}}"
#define EL(path, max, rest) ",{\"path\":\"" path "\",\"min\":0,\"max\":\"" max "\"" rest "}"
#define TYPE(code) ",\"type\":[{\"code\":\"" code "\"}]"

static const char string_type[] = SD("string", "primitive-type", "", "");
static const char quantity_type[] =
    SD("Quantity", "complex-type", "", EL("Quantity.unit", "1", TYPE("string")));
static const char resource_type[] = SD("Resource", "resource", "", "");
static const char thing[] =
    SD("Thing", "resource", "Resource",
       EL("Thing.label", "*", TYPE("string"))
           EL("Thing.value[x]", "1", ",\"type\":[{\"code\":\"Quantity\"},{\"code\":\"string\"}]")
               EL("Thing.part", "*", TYPE("Quantity")) EL("Thing.part.label", "1", TYPE("string"))
                   EL("Thing.part.part", "*", ",\"contentReference\":\"#Thing.part\"")
                       EL("Thing.never", "0", TYPE("string")));

static zd_err build(const char *const *documents, size_t n, zd_buffer *image, zd_fault *fault) {
  zd_definitions *d;
  assert_int_equal(zd_definitions_new(&d, fault), ZD_OK);
  zd_err err = ZD_OK;
  for (size_t i = 0; i < n && !err; i++)
    err = zd_definitions_add(d, zd_slice_of(documents[i]), fault);
  if (!err) err = zd_definitions_build(d, image, fault);
  zd_definitions_free(d);
  return err;
}

static const zd_schema *open_image(const zd_buffer *image) {
  const zd_schema *s;
  zd_fault fault = {0};
  if (zd_schema_from_image(image->p, image->n, &s, &fault)) fail_msg("%s", fault.text);
  return s;
}

static void a_small_model_compiles(void **state) {
  (void)state;
  const char *documents[] = {thing, string_type, resource_type, quantity_type};
  zd_buffer image;
  zd_fault fault = {0};
  zd_buffer_init(&image, 0);
  if (build(documents, 4, &image, &fault)) fail_msg("%s", fault.text);
  const zd_schema *s = open_image(&image);
  assert_int_equal(zd_schema_type_count(s), 5);
  zd_type t = zd_schema_type(s, ZD_S("Thing"));
  assert_true(zd_schema_is_resource(s, t));
  assert_true(zd_schema_is_a(s, t, zd_schema_type(s, ZD_S("Resource"))));
  assert_int_equal(zd_schema_type_info(s, t).count, 4);
  assert_int_not_equal(zd_schema_child(s, t, ZD_S("valueQuantity")), ZD_NO_ELEMENT);
  assert_int_equal(zd_schema_child(s, t, ZD_S("never")), ZD_NO_ELEMENT);
  zd_type part = zd_schema_type(s, ZD_S("Thing.part"));
  zd_element again = zd_schema_child(s, part, ZD_S("part"));
  assert_int_equal(zd_schema_element_info(s, again).type, part);
  assert_true(zd_slice_eq(zd_schema_fhir_version(s), ZD_S("9.9")));
  zd_buffer_free(&image);
}

static void the_order_of_documents_does_not_matter(void **state) {
  (void)state;
  const char *one[] = {thing, string_type, resource_type, quantity_type};
  const char *other[] = {quantity_type, resource_type, string_type, thing};
  zd_buffer a, b;
  zd_buffer_init(&a, 0);
  zd_buffer_init(&b, 0);
  assert_int_equal(build(one, 4, &a, NULL), ZD_OK);
  assert_int_equal(build(other, 4, &b, NULL), ZD_OK);
  assert_int_equal(a.n, b.n);
  assert_memory_equal(a.p, b.p, a.n);
  zd_buffer_free(&a);
  zd_buffer_free(&b);
}

static void broken_definitions_are_refused_by_name(void **state) {
  (void)state;
  static const struct {
    const char *document, *says;
  } table[] = {
      {"{", "expected"},
      {"[]", "not a FHIR resource"},
      {"{}", "not a FHIR resource"},
      {SD("A", "resource", "", EL("A.x", "1", TYPE("Missing"))), "A.x has an unknown type"},
      {SD("A", "resource", "", EL("A.x[x]", "1", "")), "A.x[x] has an unknown type"},
      {SD("A", "resource", "", EL("A.x", "1", "")), "A.x has an unknown type"},
      {SD("A", "resource", "", EL("A.x", "1", ",\"contentReference\":\"#A.y\"")), "unknown type"},
      {SD("A", "resource", "A", ""), "derives from itself"},
      {"{\"resourceType\":\"StructureDefinition\",\"url\":\"u\",\"type\":\"A\"}", "no snapshot"},
      {"{\"resourceType\":\"SearchParameter\",\"url\":\"http://x/p\",\"code\":\"c\","
       "\"type\":\"strange\"}",
       "no known type"},
      {"{\"resourceType\":\"SearchParameter\",\"url\":\"http://x/p\",\"code\":\"c\","
       "\"type\":\"token\",\"base\":[\"Missing\"]}",
       "unknown type Missing"},
      {"{\"resourceType\":\"SearchParameter\",\"url\":\"http://x/p\",\"code\":\"c\","
       "\"type\":\"composite\",\"component\":[{\"definition\":\"http://x/q\"}]}",
       "no such component"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    zd_buffer image;
    zd_fault fault = {0};
    zd_buffer_init(&image, 0);
    assert_int_not_equal(build(&table[i].document, 1, &image, &fault), ZD_OK);
    if (!strstr(fault.text, table[i].says)) fail_msg("%s: %s", table[i].document, fault.text);
    zd_buffer_free(&image);
  }
}

/* ---- value sets ---- */

#define CS(concepts)                                                                   \
  "{\"resourceType\":\"CodeSystem\",\"url\":\"http://x/cs\",\"content\":\"complete\"," \
  "\"concept\":[" concepts "]}"
#define VS(name, compose) \
  "{\"resourceType\":\"ValueSet\",\"url\":\"http://x/" name "\",\"compose\":{" compose "}}"
#define INCLUDE(rest) "\"include\":[{\"system\":\"http://x/cs\"" rest "}]"

static void check_value_set(const char *set, const char *expected) {
  static const char system[] =
      CS("{\"code\":\"a\",\"concept\":[{\"code\":\"a1\"},{\"code\":\"a2\",\"concept\":["
         "{\"code\":\"a21\"}]}]},{\"code\":\"b\",\"property\":["
         "{\"code\":\"child\",\"valueCode\":\"a2\"},{\"code\":\"child\",\"valueCode\":\"b\"}]}");
  static const char other[] = VS("two", INCLUDE(",\"concept\":[{\"code\":\"a1\"},"
                                                "{\"code\":\"b\"}]"));
  const char *documents[] = {system, other, set};
  zd_buffer image, text;
  zd_fault fault = {0};
  zd_buffer_init(&image, 0);
  zd_buffer_init(&text, 0);
  if (build(documents, 3, &image, &fault)) fail_msg("%s", fault.text);
  const zd_schema *s = open_image(&image);
  uint32_t i = zd_schema_value_set_find(s, ZD_S("http://x/vs"));
  zd_value_set_info info = zd_schema_value_set(s, i);
  for (uint32_t k = 0; k < info.count; k++) {
    if (k) zd_buffer_add_char(&text, ' ');
    zd_buffer_add_slice(&text, zd_schema_value_set_code(s, i, k).code);
  }
  if (!info.enumerable) zd_buffer_add_slice(&text, ZD_S("open"));
  if (!zd_slice_eq(zd_buffer_slice(&text), zd_slice_of(expected)))
    fail_msg("%s: %.*s instead of %s", set, ZD_SV(zd_buffer_slice(&text)), expected);
  zd_buffer_free(&text);
  zd_buffer_free(&image);
}

static void value_sets_are_composed(void **state) {
  (void)state;
#define FILTER(op, value) \
  ",\"filter\":[{\"property\":\"concept\",\"op\":\"" op "\",\"value\":\"" value "\"}]"
  static const struct {
    const char *set, *expected;
  } table[] = {
      {VS("vs", INCLUDE("")), "a a1 a2 a21 b"},
      {VS("vs", INCLUDE(",\"concept\":[{\"code\":\"b\"},{\"code\":\"a\"},{\"code\":\"b\"}]")),
       "a b"},
      {VS("vs", INCLUDE(FILTER("is-a", "a"))), "a a1 a2 a21"},
      {VS("vs", INCLUDE(FILTER("descendent-of", "a"))), "a1 a2 a21"},
      {VS("vs", INCLUDE(FILTER("is-not-a", "a"))), "b"},
      {VS("vs", INCLUDE(FILTER("is-a", "b"))), "a2 a21 b"},
      {VS("vs", INCLUDE(FILTER("generalizes", "a21"))), "a a2 a21 b"},
      {VS("vs", INCLUDE(FILTER("in", "a1,b,c"))), "a1 b"},
      {VS("vs", INCLUDE(",\"filter\":[{\"property\":\"child\",\"op\":\"exists\","
                        "\"value\":\"true\"},{\"property\":\"code\",\"op\":\"not-in\","
                        "\"value\":\"a\"}]")),
       "b"},
      {VS("vs", INCLUDE(FILTER("is-a", "none"))), "open"},
      {VS("vs", INCLUDE(FILTER("regex", "a.*"))), "open"},
      {VS("vs", INCLUDE(",\"valueSet\":[\"http://x/two\"]")), "a1 b"},
      {VS("vs", "\"include\":[{\"valueSet\":[\"http://x/two|1.0\"]}]"), "a1 b"},
      {VS("vs", "\"include\":[{\"valueSet\":[\"http://x/vs\"]}]"), "open"},
      {VS("vs", "\"include\":[{\"valueSet\":[\"http://x/none\"]}]"), "open"},
      {VS("vs", "\"include\":[{\"system\":\"http://loinc.org\"}]"), "open"},
      {VS("vs",
          "\"include\":[{\"system\":\"http://loinc.org\",\"concept\":["
          "{\"code\":\"1-8\"}]}]"),
       "1-8"},
      {VS("vs", INCLUDE("") ",\"exclude\":[{\"valueSet\":[\"http://x/two\"]}]"), "a a2 a21"},
      {VS("vs", INCLUDE("") ",\"exclude\":[{\"system\":\"http://loinc.org\"}]"), "open"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    check_value_set(table[i].set, table[i].expected);
}

/* ---- memory ---- */

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  static const char *const documents[] = {
      string_type,
      resource_type,
      quantity_type,
      thing,
      CS("{\"code\":\"a\",\"property\":[{\"code\":\"c\",\"valueBoolean\":true}]},"
         "{\"code\":\"b\",\"concept\":[{\"code\":\"b1\"}]}"),
      VS("vs", INCLUDE(FILTER("is-a", "b")) ",\"exclude\":[{\"system\":\"http://x/cs\","
                                            "\"concept\":[{\"code\":\"a\"}]}]"),
      "{\"resourceType\":\"SearchParameter\",\"url\":\"http://x/p\",\"code\":\"c\","
      "\"base\":[\"Thing\"],\"type\":\"token\",\"expression\":\"Thing.label\"}"};
  for (uint64_t nth = 1;; nth++) {
    zd_definitions *d = NULL;
    zd_buffer image;
    zd_buffer_init(&image, 0);
    zd_scarcity_begin(nth);
    zd_err err = zd_definitions_new(&d, NULL);
    for (size_t i = 0; i < sizeof documents / sizeof *documents && !err; i++)
      err = zd_definitions_add(d, zd_slice_of(documents[i]), NULL);
    if (!err) err = zd_definitions_build(d, &image, NULL);
    bool failed = zd_scarcity_end();
    zd_definitions_free(d);
    zd_buffer_free(&image);
    assert_int_equal(err, failed ? ZD_ERR_MEMORY : ZD_OK);
    if (!failed) break;
  }
}

/* ---- at run time ---- */

static const char user_param[] =
    "{\"resourceType\":\"SearchParameter\",\"url\":\"http://x/blood\",\"code\":\"blood-group\","
    "\"base\":[\"Patient\"],\"type\":\"token\","
    "\"expression\":\"Patient.extension('http://x/blood').value\"}";
static const char user_gender[] =
    "{\"resourceType\":\"SearchParameter\","
    "\"url\":\"http://hl7.org/fhir/SearchParameter/individual-gender\",\"code\":\"sex\","
    "\"base\":[\"Patient\"],\"type\":\"token\",\"expression\":\"Patient.gender\"}";

static void users_add_search_parameters_to_the_image(void **state) {
  (void)state;
  const zd_schema *base = zd_schema_r4(), *s;
  zd_definitions *d;
  zd_buffer image;
  zd_fault fault = {0};
  zd_type patient = zd_schema_type(base, ZD_S("Patient"));
  uint32_t gender = zd_schema_param_find(base, patient, ZD_S("gender"));
  zd_buffer_init(&image, 0);
  assert_int_equal(zd_definitions_extend(base, &d, &fault), ZD_OK);
  assert_int_equal(zd_definitions_add(d, zd_slice_of(user_param), &fault), ZD_OK);
  assert_int_equal(zd_definitions_add(d, zd_slice_of(user_gender), &fault), ZD_OK);
  if (zd_definitions_build(d, &image, &fault)) fail_msg("%s", fault.text);
  zd_definitions_free(d);
  s = open_image(&image);
  assert_int_equal(zd_schema_param_count(s), 1376);
  uint32_t blood = zd_schema_param_find(s, patient, ZD_S("blood-group"));
  assert_int_equal(blood, 1375);
  assert_int_equal(zd_schema_param_find(s, patient, ZD_S("sex")), gender);
  assert_int_equal(zd_schema_param_find(s, patient, ZD_S("gender")), UINT32_MAX);
  assert_int_equal(zd_schema_param_find(s, patient, ZD_S("birthdate")),
                   zd_schema_param_find(base, patient, ZD_S("birthdate")));
  zd_arena arena;
  const zd_path *path;
  zd_arena_init(&arena, 0);
  zd_slice expression = zd_schema_param(s, blood).expression;
  assert_int_equal(zd_path_compile(s, patient, expression, &arena, &path, &fault), ZD_OK);
  zd_arena_free(&arena);
  zd_buffer_free(&image);
}

static void only_search_parameters_extend_an_image(void **state) {
  (void)state;
  zd_definitions *d;
  zd_buffer image;
  zd_fault fault = {0};
  zd_buffer_init(&image, 0);
  assert_int_equal(zd_definitions_extend(zd_schema_r4(), &d, &fault), ZD_OK);
  assert_int_equal(zd_definitions_add(d, zd_slice_of(thing), &fault), ZD_OK);
  assert_int_equal(zd_definitions_build(d, &image, &fault), ZD_ERR_UNSUPPORTED);
  assert_non_null(strstr(fault.text, "http://x/Thing"));
  zd_definitions_free(d);
  zd_buffer_free(&image);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_small_model_compiles),
      cmocka_unit_test(the_order_of_documents_does_not_matter),
      cmocka_unit_test(broken_definitions_are_refused_by_name),
      cmocka_unit_test(value_sets_are_composed),
      cmocka_unit_test(running_out_of_memory_is_an_error),
      cmocka_unit_test(users_add_search_parameters_to_the_image),
      cmocka_unit_test(only_search_parameters_extend_an_image),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
