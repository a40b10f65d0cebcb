/* The image against the definitions it was made from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "fhir/schema.h"
#include "fhir/schema/schema_image.h"
#include "json/json.h"

static const zd_schema *r4(void) {
  return zd_schema_r4();
}

static zd_type type_of(const char *name) {
  zd_type t = zd_schema_type(r4(), zd_slice_of(name));
  assert_int_not_equal(t, ZD_NO_TYPE);
  return t;
}

static zd_element child(const char *type, const char *name) {
  return zd_schema_child(r4(), type_of(type), zd_slice_of(name));
}

static void assert_slice(zd_slice s, const char *text) {
  if (!zd_slice_eq(s, zd_slice_of(text))) fail_msg("\"%.*s\" is not \"%s\"", ZD_SV(s), text);
}

static size_t count_kind(zd_type_kind kind, bool abstract) {
  size_t n = 0;
  for (zd_type t = 0; t < zd_schema_type_count(r4()); t++) {
    zd_type_info info = zd_schema_type_info(r4(), t);
    n += info.kind == kind && info.abstract == abstract;
  }
  return n;
}

/* ---- types and elements ---- */

static void r4_has_its_types(void **state) {
  (void)state;
  assert_slice(zd_schema_fhir_version(r4()), "4.0.1");
  assert_int_equal(count_kind(ZD_KIND_RESOURCE, false), 146);
  assert_int_equal(count_kind(ZD_KIND_RESOURCE, true), 2);
  assert_int_equal(count_kind(ZD_KIND_PRIMITIVE, false), 20);
  assert_int_equal(zd_schema_type(r4(), ZD_S("Pateint")), ZD_NO_TYPE);
  assert_int_equal(zd_schema_type(r4(), ZD_S("")), ZD_NO_TYPE);
  assert_true(zd_schema_is_resource(r4(), type_of("Patient")));
  assert_false(zd_schema_is_resource(r4(), type_of("DomainResource")));
  assert_false(zd_schema_is_resource(r4(), type_of("HumanName")));
  assert_false(zd_schema_is_resource(r4(), ZD_NO_TYPE));
}

static void every_type_is_found_by_its_name(void **state) {
  (void)state;
  for (zd_type t = 0; t < zd_schema_type_count(r4()); t++) {
    zd_type_info info = zd_schema_type_info(r4(), t);
    assert_int_equal(zd_schema_type(r4(), info.name), t);
    for (uint16_t i = 0; i < info.count; i++) {
      zd_element e = (zd_element)(info.first + i);
      zd_element_info element = zd_schema_element_info(r4(), e);
      assert_int_equal(zd_schema_child(r4(), t, element.name), e);
      assert_int_equal(element.owner, t);
      assert_true(element.type < zd_schema_type_count(r4()));
      assert_int_equal(element.choice != 0, (element.flags & ZD_EL_CHOICE) != 0);
    }
  }
}

static void types_know_their_ancestors(void **state) {
  (void)state;
  static const char *const table[][2] = {{"Patient", "Patient"},
                                         {"Patient", "DomainResource"},
                                         {"Patient", "Resource"},
                                         {"Age", "Quantity"},
                                         {"code", "string"},
                                         {"id", "string"},
                                         {"url", "uri"},
                                         {"canonical", "uri"},
                                         {"positiveInt", "integer"},
                                         {"Patient.contact", "Element"},
                                         {"Timing", "BackboneElement"},
                                         {"Timing.repeat", "Element"},
                                         {"Bundle", "Resource"},
                                         {"Dosage", "BackboneElement"},
                                         {"HumanName", "Element"}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    assert_true(zd_schema_is_a(r4(), type_of(table[i][0]), type_of(table[i][1])));
  assert_false(zd_schema_is_a(r4(), type_of("Bundle"), type_of("DomainResource")));
  assert_false(zd_schema_is_a(r4(), type_of("Resource"), type_of("Patient")));
}

static void patient_has_its_elements_in_order(void **state) {
  (void)state;
  static const char *const names[] = {"id",
                                      "meta",
                                      "implicitRules",
                                      "language",
                                      "text",
                                      "contained",
                                      "extension",
                                      "modifierExtension",
                                      "identifier",
                                      "active",
                                      "name",
                                      "telecom",
                                      "gender",
                                      "birthDate",
                                      "deceasedBoolean",
                                      "deceasedDateTime",
                                      "address",
                                      "maritalStatus",
                                      "multipleBirthBoolean",
                                      "multipleBirthInteger",
                                      "photo",
                                      "contact",
                                      "communication",
                                      "generalPractitioner",
                                      "managingOrganization",
                                      "link"};
  zd_type_info patient = zd_schema_type_info(r4(), type_of("Patient"));
  assert_int_equal(patient.count, sizeof names / sizeof *names);
  for (uint16_t i = 0; i < patient.count; i++)
    assert_slice(zd_schema_element_info(r4(), (zd_element)(patient.first + i)).name, names[i]);
  assert_int_equal(child("Patient", "resourceType"), ZD_NO_ELEMENT);
  assert_int_equal(child("Patient", "deceased"), ZD_NO_ELEMENT);
  assert_int_equal(child("Patient", ""), ZD_NO_ELEMENT);
}

static void elements_carry_cardinality_and_flags(void **state) {
  (void)state;
  static const struct {
    const char *type, *name, *value;
    uint16_t min, max, flags;
  } table[] = {
      {"Patient", "id", "id", 0, 1, ZD_EL_SUMMARY | ZD_EL_ATTRIBUTE},
      {"Patient", "name", "HumanName", 0, 0xFFFF, ZD_EL_SUMMARY | ZD_EL_ARRAY},
      {"Patient", "active", "boolean", 0, 1, ZD_EL_SUMMARY | ZD_EL_MODIFIER},
      {"Patient", "contained", "Resource", 0, 0xFFFF, ZD_EL_ARRAY | ZD_EL_ANY_RESOURCE},
      {"Patient", "contact", "Patient.contact", 0, 0xFFFF, ZD_EL_ARRAY},
      {"Patient", "deceasedBoolean", "boolean", 0, 1,
       ZD_EL_SUMMARY | ZD_EL_MODIFIER | ZD_EL_CHOICE},
      {"Extension", "url", "uri", 1, 1, ZD_EL_ATTRIBUTE},
      {"HumanName", "id", "string", 0, 1, ZD_EL_ATTRIBUTE},
      {"date", "id", "string", 0, 1, ZD_EL_ATTRIBUTE},
      {"date", "extension", "Extension", 0, 0xFFFF, ZD_EL_ARRAY},
      {"Bundle.entry", "resource", "Resource", 0, 1, ZD_EL_ANY_RESOURCE | ZD_EL_SUMMARY},
      {"Bundle.entry", "link", "Bundle.link", 0, 0xFFFF, ZD_EL_ARRAY | ZD_EL_SUMMARY},
      {"Parameters.parameter", "part", "Parameters.parameter", 0, 0xFFFF,
       ZD_EL_ARRAY | ZD_EL_SUMMARY},
      {"Observation.component", "referenceRange", "Observation.referenceRange", 0, 0xFFFF,
       ZD_EL_ARRAY},
      {"Narrative", "div", "xhtml", 1, 1, 0},
      {"Observation", "status", "code", 1, 1, ZD_EL_SUMMARY | ZD_EL_MODIFIER},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    zd_element e = child(table[i].type, table[i].name);
    assert_int_not_equal(e, ZD_NO_ELEMENT);
    zd_element_info info = zd_schema_element_info(r4(), e);
    assert_slice(zd_schema_type_info(r4(), info.type).name, table[i].value);
    assert_int_equal(info.min, table[i].min);
    assert_int_equal(info.max, table[i].max);
    assert_int_equal(info.flags, table[i].flags);
  }
}

static size_t alternatives(const char *type, const char *path) {
  zd_type_info info = zd_schema_type_info(r4(), type_of(type));
  size_t n = 0;
  uint16_t group = 0;
  for (uint16_t i = 0; i < info.count; i++) {
    zd_element_info e = zd_schema_element_info(r4(), (zd_element)(info.first + i));
    if (!zd_slice_eq(e.path, zd_slice_of(path))) continue;
    assert_true(!group || e.choice == group);
    group = e.choice;
    n++;
  }
  return n;
}

static void choices_are_one_element_per_type(void **state) {
  (void)state;
  assert_int_equal(alternatives("Extension", "value"), 50);
  assert_int_equal(alternatives("Observation", "value"), 11);
  assert_int_equal(alternatives("Patient", "deceased"), 2);
  assert_int_equal(alternatives("ElementDefinition", "pattern"), 50);
  assert_int_not_equal(child("Extension", "valueBase64Binary"), ZD_NO_ELEMENT);
  assert_int_equal(child("Observation", "valueAddress"), ZD_NO_ELEMENT);
}

static void references_know_their_targets(void **state) {
  (void)state;
  zd_type targets[64];
  assert_int_equal(zd_schema_targets(r4(), child("Patient", "generalPractitioner"), targets, 64),
                   3);
  assert_int_equal(targets[0], type_of("Organization"));
  assert_int_equal(zd_schema_targets(r4(), child("Provenance", "target"), targets, 64), 0);
  assert_int_equal(zd_schema_targets(r4(), child("Patient", "name"), targets, 64), 0);
  assert_int_equal(zd_schema_targets(r4(), child("Patient", "generalPractitioner"), NULL, 0), 3);
}

/* ---- codes ---- */

static void bound_codes_are_checked(void **state) {
  (void)state;
  static const struct {
    const char *type, *name, *code;
    int expected;
  } table[] = {{"Patient", "gender", "male", 1},
               {"Patient", "gender", "unknown", 1},
               {"Patient", "gender", "Male", 0},
               {"Patient", "gender", "", 0},
               {"Observation", "status", "final", 1},
               {"Observation", "status", "finished", 0},
               {"HumanName", "use", "official", 1},
               {"Identifier", "use", "old", 1},
               {"Money", "currency", "RUB", -1},
               {"Address", "use", "home", 1},
               {"Bundle", "type", "transaction", 1},
               {"Bundle.entry.request", "method", "PATCH", 1},
               {"Attachment", "contentType", "application/pdf", -1},
               {"Patient", "language", "ru", -1},
               {"Patient", "birthDate", "x", -1},
               {"SearchParameter", "base", "Patient", 1},
               {"SearchParameter", "base", "HumanName", 0},
               {"Timing.repeat", "when", "ACM", 1},
               {"Timing.repeat", "periodUnit", "wk", 1},
               {"Encounter", "status", "in-progress", 1}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    int result =
        zd_schema_bound_code(r4(), child(table[i].type, table[i].name), zd_slice_of(table[i].code));
    if (result != table[i].expected)
      fail_msg("%s.%s \"%s\": %d", table[i].type, table[i].name, table[i].code, result);
  }
}

static void value_sets_and_code_systems_are_listed(void **state) {
  (void)state;
  uint32_t gender =
      zd_schema_value_set_find(r4(), ZD_S("http://hl7.org/fhir/ValueSet/administrative-gender"));
  assert_int_not_equal(gender, UINT32_MAX);
  assert_int_equal(zd_schema_bound_value_set(r4(), child("Patient", "gender")), gender);
  zd_value_set_info info = zd_schema_value_set(r4(), gender);
  assert_true(info.enumerable);
  assert_int_equal(info.count, 4);
  zd_coded first = zd_schema_value_set_code(r4(), gender, 0);
  assert_slice(first.code, "female");
  assert_slice(first.system, "http://hl7.org/fhir/administrative-gender");
  uint32_t system =
      zd_schema_code_system_find(r4(), ZD_S("http://hl7.org/fhir/administrative-gender"));
  assert_int_equal(zd_schema_code_system(r4(), system).content, ZD_CODES_COMPLETE);
  assert_slice(zd_schema_code_system_code(r4(), system, 3), "unknown");
  assert_int_equal(zd_schema_code_system_find(r4(), ZD_S("http://x")), UINT32_MAX);
  for (uint32_t i = 0; i < zd_schema_value_set_count(r4()); i++)
    assert_int_equal(zd_schema_value_set_find(r4(), zd_schema_value_set(r4(), i).url), i);
  for (uint32_t i = 0; i < zd_schema_code_system_count(r4()); i++)
    assert_int_equal(zd_schema_code_system_find(r4(), zd_schema_code_system(r4(), i).url), i);
}

/* ---- search parameters, compartments, operations ---- */

static void every_parameter_is_found_on_each_base(void **state) {
  (void)state;
  assert_int_equal(zd_schema_param_count(r4()), 1375);
  size_t with_expression = 0;
  for (uint32_t i = 0; i < zd_schema_param_count(r4()); i++) {
    zd_param_info p = zd_schema_param(r4(), i);
    assert_true(p.base_count > 0);
    with_expression += p.expression.p != NULL;
    for (uint16_t k = 0; k < p.base_count; k++)
      assert_int_equal(zd_schema_param_find(r4(), zd_schema_param_base(r4(), i, k), p.code), i);
    for (uint16_t k = 0; k < p.component_count; k++) {
      zd_slice expression;
      assert_true(zd_schema_param_component(r4(), i, k, &expression) < 1375);
      assert_true(expression.n > 0);
    }
  }
  assert_int_equal(with_expression, 1372);
}

static void parameters_are_inherited(void **state) {
  (void)state;
  uint32_t all[256];
  size_t n = zd_schema_params_of(r4(), type_of("Patient"), all, 256);
  bool id = false, birthdate = false, text = false;
  for (size_t i = 0; i < n; i++) {
    zd_param_info p = zd_schema_param(r4(), all[i]);
    assert_int_equal(zd_schema_param_find(r4(), type_of("Patient"), p.code), all[i]);
    id |= zd_slice_eq(p.code, ZD_S("_id"));
    text |= zd_slice_eq(p.code, ZD_S("_text"));
    birthdate |= zd_slice_eq(p.code, ZD_S("birthdate"));
  }
  assert_true(id && birthdate && text);
  assert_int_equal(zd_schema_param_find(r4(), type_of("Bundle"), ZD_S("_text")), UINT32_MAX);
  assert_int_not_equal(zd_schema_param_find(r4(), type_of("Bundle"), ZD_S("_id")), UINT32_MAX);
  assert_int_equal(zd_schema_param_find(r4(), type_of("Patient"), ZD_S("status")), UINT32_MAX);
  assert_int_equal(zd_schema_param_find(r4(), type_of("HumanName"), ZD_S("_id")), UINT32_MAX);
  assert_int_equal(zd_schema_param_find(r4(), ZD_NO_TYPE, ZD_S("_id")), UINT32_MAX);
}

static void parameters_carry_what_was_published(void **state) {
  (void)state;
  uint32_t i = zd_schema_param_find(r4(), type_of("Observation"), ZD_S("code-value-quantity"));
  zd_param_info p = zd_schema_param(r4(), i);
  assert_int_equal(p.type, ZD_PARAM_COMPOSITE);
  assert_int_equal(p.component_count, 2);
  zd_slice expression;
  uint32_t code = zd_schema_param_component(r4(), i, 0, &expression);
  assert_slice(expression, "code");
  assert_slice(zd_schema_param(r4(), code).code, "code");
  zd_param_info gp = zd_schema_param(
      r4(), zd_schema_param_find(r4(), type_of("Patient"), ZD_S("general-practitioner")));
  assert_int_equal(gp.type, ZD_PARAM_REFERENCE);
  assert_int_equal(gp.target_count, 3);
  assert_slice(gp.expression, "Patient.generalPractitioner");
}

static void compartments_name_their_parameters(void **state) {
  (void)state;
  zd_slice codes[16];
  size_t n = zd_schema_compartment(r4(), type_of("Patient"), type_of("Observation"), codes, 16);
  assert_int_equal(n, 2);
  assert_slice(codes[0], "subject");
  assert_slice(codes[1], "performer");
  assert_int_equal(
      zd_schema_compartment(r4(), type_of("Patient"), type_of("Medication"), codes, 16), 0);
  assert_int_equal(zd_schema_compartment(r4(), type_of("HumanName"), type_of("Patient"), codes, 16),
                   0);
  assert_int_equal(
      zd_schema_compartment(r4(), type_of("Device"), type_of("Observation"), codes, 16), 2);
}

static void operations_are_described(void **state) {
  (void)state;
  assert_int_equal(zd_schema_operation_count(r4()), 46);
  uint32_t i = zd_schema_operation_find(r4(), type_of("ValueSet"), ZD_S("expand"));
  assert_int_not_equal(i, UINT32_MAX);
  zd_operation_info info = zd_schema_operation(r4(), i);
  assert_int_equal(info.flags, ZD_OPERATION_TYPE | ZD_OPERATION_INSTANCE);
  assert_int_equal(zd_schema_operation_type(r4(), i, 0), type_of("ValueSet"));
  zd_operation_param first = zd_schema_operation_param(r4(), i, 0);
  assert_slice(first.name, "url");
  assert_int_equal(first.type, type_of("uri"));
  assert_int_equal(first.max, 1);
  zd_operation_param last = zd_schema_operation_param(r4(), i, (uint16_t)(info.param_count - 1));
  assert_true(last.output);
  assert_int_not_equal(zd_schema_operation_find(r4(), type_of("Patient"), ZD_S("validate")),
                       UINT32_MAX);
  assert_int_equal(zd_schema_operation_find(r4(), type_of("Patient"), ZD_S("expand")), UINT32_MAX);
  assert_int_not_equal(zd_schema_operation_find(r4(), ZD_NO_TYPE, ZD_S("everything")), UINT32_MAX);
}

/* ---- the definitions themselves as the oracle ---- */

static bool read_package(const char *name, zd_buffer *text, zd_json_tape *tape) {
  const char *folder = getenv("ZD_DEFINITIONS");
  char path[1024];
  if (folder)
    snprintf(path, sizeof path, "%s/%s", folder, name);
  else
    snprintf(path, sizeof path, "%s/node_modules/hl7.fhir.r4.examples/%s", ZD_SOURCE_DIR, name);
  zd_buffer_init(text, 0);
  *tape = (zd_json_tape){0};
  zd_err err = zd_file_read(path, 0, text, NULL);
  if (!err) err = zd_json_read(zd_buffer_slice(text), NULL, tape, NULL);
  return err == ZD_OK;
}

#define EACH(t, child, parent) \
  for (uint32_t child = zd_json_first(t, parent); child; child = zd_json_next(t, parent, child))

/* Follows "Patient.contact.name" by JSON names; choices by their first type. */
static bool reachable(const zd_json_tape *t, uint32_t element) {
  zd_slice path = zd_json_string(t, element, ZD_S("path"));
  size_t dot = path.n;
  while (dot && path.p[dot - 1] != '.') dot--;
  if (!dot) return zd_schema_type(r4(), path) != ZD_NO_TYPE;
  zd_type owner = zd_schema_type(r4(), (zd_slice){path.p, dot - 1});
  if (owner == ZD_NO_TYPE) return false;
  zd_slice name = zd_slice_from(path, dot);
  if (!zd_slice_ends(name, ZD_S("[x]"))) return zd_schema_child(r4(), owner, name) != ZD_NO_ELEMENT;
  uint32_t types = zd_json_find(t, element, ZD_S("type"));
  EACH(t, type, types) {
    char text[128];
    zd_slice code = zd_json_string(t, type, ZD_S("code"));
    int n = snprintf(text, sizeof text, "%.*s%c%.*s", (int)name.n - 3, name.p,
                     code.p[0] >= 'a' ? code.p[0] - 32 : code.p[0], (int)code.n - 1, code.p + 1);
    zd_element e = zd_schema_child(r4(), owner, (zd_slice){text, (size_t)n});
    if (e == ZD_NO_ELEMENT) return false;
    if (!zd_slice_eq(zd_schema_type_info(r4(), zd_schema_element_info(r4(), e).type).name, code))
      return false;
  }
  return true;
}

static size_t check_elements(const zd_json_tape *t, uint32_t resource) {
  size_t n = 0;
  uint32_t snapshot = zd_json_find(t, resource, ZD_S("snapshot"));
  uint32_t elements = zd_json_find(t, snapshot, ZD_S("element"));
  bool primitive = zd_slice_eq(zd_json_string(t, resource, ZD_S("kind")), ZD_S("primitive-type"));
  EACH(t, element, elements) {
    zd_slice path = zd_json_string(t, element, ZD_S("path"));
    bool absent = zd_slice_eq(zd_json_string(t, element, ZD_S("max")), ZD_S("0")) ||
                  (primitive && zd_slice_ends(path, ZD_S(".value")));
    if (absent == reachable(t, element)) fail_msg("%.*s", ZD_SV(path));
    n++;
  }
  return n;
}

static void every_defined_element_is_reachable(void **state) {
  (void)state;
  static const char *const files[] = {"Bundle-types.json", "Bundle-resources.json"};
  size_t n = 0;
  for (size_t i = 0; i < 2; i++) {
    zd_buffer text;
    zd_json_tape t;
    if (!read_package(files[i], &text, &t)) {
      print_message("skipped: %s is not there\n", files[i]);
      skip();
    }
    uint32_t entries = zd_json_find(&t, 0, ZD_S("entry"));
    EACH(&t, entry, entries) {
      uint32_t r = zd_json_find(&t, entry, ZD_S("resource"));
      if (!zd_slice_eq(zd_json_string(&t, r, ZD_S("resourceType")), ZD_S("StructureDefinition")) ||
          zd_slice_eq(zd_json_string(&t, r, ZD_S("derivation")), ZD_S("constraint")) ||
          zd_slice_eq(zd_json_string(&t, r, ZD_S("kind")), ZD_S("logical")))
        continue;
      n += check_elements(&t, r);
    }
    zd_json_free(&t);
    zd_buffer_free(&text);
  }
  print_message("%zu element definitions\n", n);
  assert_true(n > 5000);
}

/* The published expansions are what a terminology server made of the same value sets. */
static void enumerable_sets_agree_with_the_published_expansions(void **state) {
  (void)state;
  zd_buffer text;
  zd_json_tape t;
  if (!read_package("Bundle-valueset-expansions.json", &text, &t)) skip();
  size_t equal = 0, different = 0, open = 0;
  uint32_t entries = zd_json_find(&t, 0, ZD_S("entry"));
  EACH(&t, entry, entries) {
    uint32_t r = zd_json_find(&t, entry, ZD_S("resource"));
    zd_slice url = zd_json_string(&t, r, ZD_S("url"));
    uint32_t set = zd_schema_value_set_find(r4(), url);
    uint32_t expansion = zd_json_find(&t, r, ZD_S("expansion"));
    uint32_t contains = expansion ? zd_json_find(&t, expansion, ZD_S("contains")) : 0;
    if (set == UINT32_MAX || !zd_schema_value_set(r4(), set).enumerable || !contains) {
      open++;
      continue;
    }
    uint32_t n = 0;
    for (uint32_t i = contains; i < t.nodes[contains].end; i++)
      n += zd_slice_eq(zd_json_key(&t, i), ZD_S("code"));
    if (n == zd_schema_value_set(r4(), set).count) {
      equal++;
      continue;
    }
    different++;
    print_message("%.*s: published %u, ours %u\n", ZD_SV(url), n,
                  zd_schema_value_set(r4(), set).count);
  }
  print_message("%zu equal, %zu different, %zu not enumerable here\n", equal, different, open);
  assert_true(equal > 400);
  zd_json_free(&t);
  zd_buffer_free(&text);
}

/* ---- images from outside ---- */

static void *copy_image(size_t *n) {
  *n = (size_t)r4()->size;
  void *copy = aligned_alloc(64, (*n + 63) / 64 * 64);
  assert_non_null(copy);
  memcpy(copy, r4(), *n);
  return copy;
}

static void a_whole_image_is_accepted(void **state) {
  (void)state;
  size_t n;
  void *copy = copy_image(&n);
  const zd_schema *s = NULL;
  zd_fault fault;
  assert_int_equal(zd_schema_from_image(copy, n, &s, &fault), ZD_OK);
  assert_ptr_equal(s, copy);
  assert_int_equal(zd_schema_type(s, ZD_S("Patient")), type_of("Patient"));
  free(copy);
}

static void a_damaged_image_is_refused(void **state) {
  (void)state;
  size_t n;
  unsigned char *copy = copy_image(&n);
  const zd_schema *s;
  for (size_t i = 0; i < sizeof(zd_schema); i++) {
    copy[i] ^= 0x41;
    assert_int_not_equal(zd_schema_from_image(copy, n, &s, NULL), ZD_OK);
    assert_null(s);
    copy[i] ^= 0x41;
  }
  for (size_t i = sizeof(zd_schema); i < n; i += 4999) {
    copy[i] ^= 1;
    assert_int_equal(zd_schema_from_image(copy, n, &s, NULL), ZD_ERR_CORRUPT);
    copy[i] ^= 1;
  }
  free(copy);
}

static void a_truncated_image_is_refused(void **state) {
  (void)state;
  const zd_schema *s;
  for (size_t n = 0; n < 1200; n++) {
    void *part = aligned_alloc(8, (n + 15) / 8 * 8);
    memcpy(part, r4(), n);
    assert_int_not_equal(zd_schema_from_image(part, n, &s, NULL), ZD_OK);
    free(part);
  }
  assert_int_not_equal(zd_schema_from_image(NULL, 0, &s, NULL), ZD_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(r4_has_its_types),
      cmocka_unit_test(every_type_is_found_by_its_name),
      cmocka_unit_test(types_know_their_ancestors),
      cmocka_unit_test(patient_has_its_elements_in_order),
      cmocka_unit_test(elements_carry_cardinality_and_flags),
      cmocka_unit_test(choices_are_one_element_per_type),
      cmocka_unit_test(references_know_their_targets),
      cmocka_unit_test(bound_codes_are_checked),
      cmocka_unit_test(value_sets_and_code_systems_are_listed),
      cmocka_unit_test(every_parameter_is_found_on_each_base),
      cmocka_unit_test(parameters_are_inherited),
      cmocka_unit_test(parameters_carry_what_was_published),
      cmocka_unit_test(compartments_name_their_parameters),
      cmocka_unit_test(operations_are_described),
      cmocka_unit_test(every_defined_element_is_reachable),
      cmocka_unit_test(enumerable_sets_agree_with_the_published_expansions),
      cmocka_unit_test(a_whole_image_is_accepted),
      cmocka_unit_test(a_damaged_image_is_refused),
      cmocka_unit_test(a_truncated_image_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
