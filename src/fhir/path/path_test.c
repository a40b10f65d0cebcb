/* FHIRPath as the R4 search parameters use it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/testing/scarcity.h"
#include "fhir/codec.h"
#include "fhir/path.h"
#include "fhir/path/path_internal.h"

static zd_type type_of(const char *name) {
  return zd_schema_type(zd_schema_r4(), zd_slice_of(name));
}

/* ---- results ---- */

typedef struct fixture {
  zd_arena arena;
  zd_tree tree;
} fixture;

static void read_resource(fixture *f, zd_slice json) {
  zd_issues issues;
  zd_arena_init(&f->arena, 0);
  zd_issues_init(&issues, &f->arena);
  zd_err err =
      zd_fhir_read_json(zd_schema_r4(), json, ZD_NO_TYPE, NULL, &f->arena, &f->tree, &issues);
  if (err) {
    zd_buffer text;
    zd_buffer_init(&text, 0);
    zd_issues_write_json(&issues, &text);
    print_message("%.*s\n", ZD_SV(zd_buffer_slice(&text)));
    zd_buffer_free(&text);
  }
  assert_int_equal(err, ZD_OK);
}

static void add_node(const zd_tree *tree, uint32_t i, zd_buffer *out) {
  const zd_node *node = &tree->nodes[i];
  if (out->n) zd_buffer_add_char(out, ' ');
  if (node->p)
    zd_buffer_add_slice(out, zd_node_raw(node));
  else
    zd_buffer_printf(out, "<%.*s>", ZD_SV(zd_schema_type_info(tree->schema, node->type).name));
}

/* "value value", "<Type>" for what has no value of its own; truths: true, false, {}. */
static void evaluate(const fixture *f, uint32_t context, const char *expression,
                     const zd_path_edits *edits, zd_buffer *out) {
  static const char *const truths[] = {"{}", "false", "true"};
  zd_arena arena;
  zd_fault fault = {0};
  const zd_path *path;
  zd_arena_init(&arena, 0);
  if (zd_path_compile(zd_schema_r4(), f->tree.nodes[context].type, zd_slice_of(expression), &arena,
                      &path, &fault))
    fail_msg("%s: %s", expression, fault.text);
  zd_nodes nodes = {0};
  if (zd_path_is_boolean(path)) {
    int truth;
    assert_int_equal(zd_path_test(path, &f->tree, context, edits, &arena, &truth), ZD_OK);
    zd_buffer_printf(out, "%s", truths[truth + 1]);
  } else {
    assert_int_equal(zd_path_eval_edited(path, &f->tree, context, edits, &arena, &nodes), ZD_OK);
    for (size_t i = 0; i < nodes.n; i++) add_node(&f->tree, nodes.items[i], out);
  }
  zd_arena_free(&arena);
}

static void check(const char *json, const char *expression, const char *expected) {
  fixture f;
  zd_buffer out;
  zd_buffer_init(&out, 0);
  read_resource(&f, zd_slice_of(json));
  evaluate(&f, 0, expression, NULL, &out);
  if (!zd_slice_eq(zd_buffer_slice(&out), zd_slice_of(expected)))
    fail_msg("%s\n  gives    %.*s\n  expected %s", expression, ZD_SV(zd_buffer_slice(&out)),
             expected);
  zd_buffer_free(&out);
  zd_arena_free(&f.arena);
}

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p1\","
    "\"meta\":{\"profile\":[\"http://a\"],\"tag\":[{\"code\":\"t\"}]},"
    "\"contained\":[{\"resourceType\":\"Organization\",\"id\":\"o\",\"name\":\"Clinic\"}],"
    "\"extension\":[{\"url\":\"http://x/kin\",\"valueString\":\"aunt\"},"
    "{\"url\":\"http://x/other\",\"valueBoolean\":true}],"
    "\"active\":true,"
    "\"name\":[{\"use\":\"official\",\"family\":\"Ivanova\",\"given\":[\"Anna\",\"Maria\"]},"
    "{\"use\":\"old\",\"family\":\"Petrova\",\"given\":[\"Anna\"]}],"
    "\"telecom\":[{\"system\":\"phone\",\"value\":\"+7 1\"},"
    "{\"system\":\"email\",\"value\":\"a@b\"},{\"system\":\"phone\",\"value\":\"+7 2\"}],"
    "\"birthDate\":\"1980-05-01\",\"_birthDate\":{\"extension\":[{\"url\":\"http://x/t\","
    "\"valueDateTime\":\"1980-05-01T10:00:00Z\"}]},"
    "\"multipleBirthInteger\":2,"
    "\"managingOrganization\":{\"reference\":\"#o\"},"
    "\"generalPractitioner\":[{\"reference\":\"Practitioner/1\"},"
    "{\"reference\":\"Organization\\/2\"},{\"display\":\"unknown\"}]}";

static const char observation[] =
    "{\"resourceType\":\"Observation\",\"status\":\"final\","
    "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"85354-9\"}],"
    "\"text\":\"BP\"},"
    "\"subject\":{\"reference\":\"http://other/fhir/Patient/7/_history/2\"},"
    "\"effectiveDateTime\":\"2026-01-01\","
    "\"component\":[{\"code\":{\"text\":\"sys\"},\"valueQuantity\":{\"value\":120.0}},"
    "{\"code\":{\"text\":\"pos\"},\"valueCodeableConcept\":{\"text\":\"sitting\"}}]}";

static void paths_select_what_they_name(void **state) {
  (void)state;
  static const struct {
    const char *json, *expression, *expected;
  } table[] = {
      {patient, "Patient.name.family", "Ivanova Petrova"},
      {patient, "Patient.name.given", "Anna Maria Anna"},
      {patient, "name.given", "Anna Maria Anna"},
      {patient, "Resource.id", "p1"},
      {patient, "DomainResource.meta.profile", "http://a"},
      {patient, "Observation.code", ""},
      {patient, "Patient", "<Patient>"},
      {patient, "$this.active", "true"},
      {patient, "%resource.active", "true"},
      {patient, "%context.name.use", "official old"},
      {patient, "Patient.`name`.family", "Ivanova Petrova"},
      {patient, "Patient . name // comment\n . family /* other */", "Ivanova Petrova"},
      {patient, "Patient.name[0].family", "Ivanova"},
      {patient, "Patient.name[1].family", "Petrova"},
      {patient, "Patient.name[2].family", ""},
      {patient, "Patient.name.given[2]", "Anna"},
      {patient, "Patient.name.first().given", "Anna Maria"},
      {patient, "Patient.name.given.skip(1)", "Maria Anna"},
      {patient, "Patient.name.given.take(2)", "Anna Maria"},
      {patient, "Patient.name.given.tail()", "Maria Anna"},
      {patient, "Patient.multipleBirth", "2"},
      {patient, "Patient.deceased", ""},
      {patient, "Patient.contained.name", "Clinic"},
      {patient, "Patient.contained.ofType(Organization).name", "Clinic"},
      {patient, "Patient.contained.ofType(Practitioner).name", ""},
      {patient, "(Patient.contained as Organization).name", "Clinic"},
      {patient, "Patient.birthDate", "1980-05-01"},
      {patient, "Patient.birthDate.extension('http://x/t').value", "1980-05-01T10:00:00Z"},
      {patient, "Patient.extension('http://x/kin').value", "aunt"},
      {patient, "Patient.extension('http://x/none').value", ""},
      {patient, "Patient.extension.value", "aunt true"},
      {patient, "Patient.extension.value.ofType(boolean)", "true"},
      {observation, "Observation.value", ""},
      {observation, "Observation.component.value", "<Quantity> <CodeableConcept>"},
      {observation, "Observation.component.value.text", "sitting"},
      {observation, "Observation.component.value.value", "120.0"},
      {observation, "(Observation.component.value as Quantity).value", "120.0"},
      {observation, "Observation.component.value.as(CodeableConcept).text", "sitting"},
      {observation, "Observation.component.value.as(Range)", ""},
      {observation, "Observation.effective.as(DateTime)", "2026-01-01"},
      {observation, "Observation.effective.as(dateTime) | Observation.effective.as(Period)",
       "2026-01-01"},
      {observation, "Observation.effective as FHIR.dateTime", "2026-01-01"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    check(table[i].json, table[i].expression, table[i].expected);
}

static void unions_keep_each_node_once(void **state) {
  (void)state;
  static const struct {
    const char *expression, *expected;
  } table[] = {
      {"Patient.name.family | Patient.name.given", "Ivanova Petrova Anna Maria Anna"},
      {"Patient.name.family | Patient.name.family", "Ivanova Petrova"},
      {"Patient.name | Patient.name[0]", "<HumanName> <HumanName>"},
      {"(Patient.name | Patient.name).family", "Ivanova Petrova"},
      {"(Patient.name[1] | Patient.name[0]).family", "Petrova Ivanova"},
      {"(Patient.name.family | Patient.birthDate)[2]", "1980-05-01"},
      {"Person.name | Patient.active | Practitioner.name", "true"},
      {"$this | Patient", "<Patient>"},
      {"Patient.name.given | Patient.name.where(use = 'old').given", "Anna Maria Anna"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    check(patient, table[i].expression, table[i].expected);
}

static void conditions_filter(void **state) {
  (void)state;
  static const struct {
    const char *json, *expression, *expected;
  } table[] = {
      {patient, "Patient.telecom.where(system = 'phone').value", "+7 1 +7 2"},
      {patient, "Patient.telecom.where(system='phone')[1].value", "+7 2"},
      {patient, "Patient.telecom.where('email' = system).value", "a@b"},
      {patient, "Patient.telecom.where(system != 'phone').value", "a@b"},
      {patient, "Patient.name.where(given.exists($this = 'Maria')).family", "Ivanova"},
      {patient, "Patient.name.where(given = 'Anna').family", "Petrova"},
      {patient, "Patient.name.where(period.empty()).family", "Ivanova Petrova"},
      {patient, "Patient.name.where(use = 'old' or use = 'official').use", "official old"},
      {patient, "Patient.name.where(use = 'old' and family = 'Petrova').use", "old"},
      {patient, "Patient.name.where(use = 'old' xor family = 'Petrova').use", ""},
      {patient, "Patient.name.where((use = 'old').not()).use", "official"},
      {patient, "Patient.generalPractitioner.where(resolve() is Practitioner).reference",
       "Practitioner/1"},
      {patient, "Patient.generalPractitioner.where(resolve() is Organization).reference",
       "Organization\\/2"},
      {patient, "Patient.generalPractitioner.where(resolve().is(Organization)).reference",
       "Organization\\/2"},
      {patient, "Patient.managingOrganization.where(resolve() is Organization).reference", "#o"},
      {patient, "Patient.managingOrganization.where(resolve() is Patient).reference", ""},
      {observation, "Observation.subject.where(resolve() is Patient).reference",
       "http://other/fhir/Patient/7/_history/2"},
      {observation, "Observation.component.where(value is Quantity).code.text", "sys"},
      {observation, "Observation.component.where(value.value = 120).code.text", "sys"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    check(table[i].json, table[i].expression, table[i].expected);
}

static void truths_have_three_values(void **state) {
  (void)state;
  static const char alive[] = "{\"resourceType\":\"Patient\"}";
  static const char not_dead[] = "{\"resourceType\":\"Patient\",\"deceasedBoolean\":false}";
  static const char dead[] = "{\"resourceType\":\"Patient\",\"deceasedBoolean\":true}";
  static const char dead_since[] = "{\"resourceType\":\"Patient\",\"deceasedDateTime\":\"2020\"}";
  static const char deceased[] = "Patient.deceased.exists() and Patient.deceased != false";
  static const struct {
    const char *json, *expression, *expected;
  } table[] = {
      {alive, deceased, "false"},
      {not_dead, deceased, "false"},
      {dead, deceased, "true"},
      {dead_since, deceased, "true"},
      {alive, "deceased = true", "{}"},
      {alive, "deceased != true", "{}"},
      {alive, "(deceased = true).not()", "{}"},
      {alive, "deceased = true or true", "true"},
      {alive, "deceased = true or false", "{}"},
      {alive, "deceased = true and false", "false"},
      {alive, "deceased = true and true", "{}"},
      {alive, "deceased = true implies true", "true"},
      {alive, "deceased = true implies false", "{}"},
      {alive, "false implies deceased", "true"},
      {alive, "true xor deceased", "{}"},
      {alive, "true", "true"},
      {dead, "deceased.not()", "false"},
      {dead, "deceased is boolean", "true"},
      {dead, "deceased is dateTime", "false"},
      {dead, "deceased.hasValue()", "true"},
      {patient, "active and name.exists()", "true"},
      {patient, "multipleBirth = 2", "true"},
      {patient, "multipleBirth = 2.0", "true"},
      {patient, "multipleBirth = 20", "false"},
      {patient, "multipleBirth = '2'", "false"},
      {patient, "name.empty()", "false"},
      {patient, "name.where(use = 'x').empty()", "true"},
      {patient, "Observation.exists()", "false"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    check(table[i].json, table[i].expression, table[i].expected);
}

static void a_path_can_be_asked_for_its_truth(void **state) {
  (void)state;
  fixture f;
  const zd_path *path;
  int truth;
  read_resource(&f, zd_slice_of(patient));
  assert_int_equal(zd_path_compile(zd_schema_r4(), type_of("Patient"), ZD_S("Patient.active"),
                                   &f.arena, &path, NULL),
                   ZD_OK);
  assert_false(zd_path_is_boolean(path));
  assert_int_equal(zd_path_test(path, &f.tree, 0, NULL, &f.arena, &truth), ZD_OK);
  assert_int_equal(truth, 1);
  assert_int_equal(zd_path_compile(zd_schema_r4(), type_of("Patient"), ZD_S("Patient.name"),
                                   &f.arena, &path, NULL),
                   ZD_OK);
  assert_int_equal(zd_path_test(path, &f.tree, 0, NULL, &f.arena, &truth), ZD_ERR_INVALID);
  zd_arena_free(&f.arena);
}

/* In a transaction the reference still says urn:uuid in the text; the edit has its final value. */
static void edits_come_before_the_text(void **state) {
  (void)state;
  fixture f;
  zd_buffer out;
  read_resource(
      &f, ZD_S("{\"resourceType\":\"Observation\",\"status\":\"final\","
               "\"code\":{\"text\":\"x\"},"
               "\"subject\":{\"reference\":\"urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7\"}}"));
  const char *expression = "Observation.subject.where(resolve() is Patient)";
  zd_buffer_init(&out, 0);
  evaluate(&f, 0, expression, NULL, &out);
  assert_int_equal(out.n, 0);
  uint32_t subject = zd_tree_child(&f.tree, 0, ZD_S("subject"));
  uint32_t node = zd_tree_child(&f.tree, subject, ZD_S("reference"));
  zd_slice value = ZD_S("Patient/9");
  zd_path_edits edits = {&node, &value, 1};
  evaluate(&f, 0, expression, &edits, &out);
  assert_true(zd_slice_eq(zd_buffer_slice(&out), ZD_S("<Reference>")));
  assert_int_equal(zd_path_reference_type(&f.tree, subject), ZD_NO_TYPE);
  zd_buffer_free(&out);
  zd_arena_free(&f.arena);
}

static void entries_of_a_bundle_are_resources_of_their_own(void **state) {
  (void)state;
  fixture f;
  zd_buffer out;
  read_resource(&f, ZD_S("{\"resourceType\":\"Bundle\",\"type\":\"document\",\"entry\":["
                         "{\"resource\":{\"resourceType\":\"Composition\",\"status\":\"final\","
                         "\"type\":{\"text\":\"t\"},\"date\":\"2020\",\"title\":\"x\","
                         "\"author\":[{\"reference\":\"#a\"}],\"contained\":["
                         "{\"resourceType\":\"Practitioner\",\"id\":\"a\"}]}},"
                         "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}}]}"));
  zd_buffer_init(&out, 0);
  evaluate(&f, 0, "Bundle.entry[0].resource", NULL, &out);
  assert_true(zd_slice_eq(zd_buffer_slice(&out), ZD_S("<Composition>")));
  zd_buffer_clear(&out);
  uint32_t entry = zd_tree_child(&f.tree, 0, ZD_S("entry"));
  uint32_t composition = zd_tree_child(&f.tree, entry, ZD_S("resource"));
  evaluate(&f, composition, "Composition.author.where(resolve() is Practitioner)", NULL, &out);
  assert_true(zd_slice_eq(zd_buffer_slice(&out), ZD_S("<Reference>")));
  zd_buffer_clear(&out);
  uint32_t author = zd_tree_child(&f.tree, composition, ZD_S("author"));
  assert_int_equal(zd_path_resource_of(&f.tree, author, false), composition);
  evaluate(&f, author, "%resource.id | %resource.title", NULL, &out);
  assert_true(zd_slice_eq(zd_buffer_slice(&out), ZD_S("x")));
  zd_buffer_free(&out);
  zd_arena_free(&f.arena);
}

static void references_name_their_type(void **state) {
  (void)state;
  static const struct {
    const char *text, *type;
  } table[] = {
      {"Patient/1", "Patient"},
      {"Patient/1/_history/2", "Patient"},
      {"http://x/fhir/Patient/1", "Patient"},
      {"https://x/a/b/Observation/a-b.c/_history/7", "Observation"},
      {"Patient/1#part", "Patient"},
      {"Patient?identifier=s|1", "Patient"},
      {"http://x/Patient?name=a/b", "Patient"},
      {"urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7", NULL},
      {"urn:oid:1.2.3", NULL},
      {"#p", NULL},
      {"", NULL},
      {"Patient", NULL},
      {"Patient/", NULL},
      {"patient/1", NULL},
      {"DomainResource/1", NULL},
      {"HumanName/1", NULL},
      {"http://x/Patient/1/2", NULL},
      {"Patient/a b", NULL},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    zd_type expected = table[i].type ? type_of(table[i].type) : ZD_NO_TYPE;
    if (zd_path_reference_text_type(zd_schema_r4(), zd_slice_of(table[i].text)) != expected)
      fail_msg("%s", table[i].text);
  }
}

static void numbers_are_equal_by_value(void **state) {
  (void)state;
  static const struct {
    const char *a, *b;
    bool same;
  } table[] = {{"1", "1.0", true},      {"1.50", "1.5", true},
               {"100", "1e2", true},    {"0.1", "1E-1", true},
               {"0", "-0.00", true},    {"10", "1", false},
               {"-1", "1", false},      {"0.01", "0.1", false},
               {"123", "12.3e1", true}, {"1e99999999999", "1e1", false}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    assert_int_equal(zd_path_same_number(zd_slice_of(table[i].a), zd_slice_of(table[i].b)),
                     table[i].same);
    assert_int_equal(zd_path_same_number(zd_slice_of(table[i].b), zd_slice_of(table[i].a)),
                     table[i].same);
  }
}

/* ---- refusals ---- */

static zd_err compile(zd_slice expression, zd_fault *fault) {
  zd_arena arena;
  const zd_path *path;
  zd_arena_init(&arena, 0);
  zd_err err =
      zd_path_compile(zd_schema_r4(), type_of("Patient"), expression, &arena, &path, fault);
  if (err) assert_null(path);
  zd_arena_free(&arena);
  return err;
}

static void what_is_not_understood_is_refused_by_name(void **state) {
  (void)state;
  static const struct {
    const char *expression;
    zd_err err;
    const char *says;
  } table[] = {
      {"", ZD_ERR_INVALID, "too early"},
      {"Patient.", ZD_ERR_INVALID, "too early"},
      {"Patient.nam", ZD_ERR_INVALID, "Patient has no element nam"},
      {"Patient.valueString", ZD_ERR_INVALID, "valueString"},
      {"Pateint.name", ZD_ERR_INVALID, "unknown type Pateint"},
      {"Patient.name as Foo", ZD_ERR_INVALID, "unknown type Foo"},
      {"Patient.name.family.lower()", ZD_ERR_UNSUPPORTED, "lower"},
      {"Patient.name.select(family)", ZD_ERR_UNSUPPORTED, "select"},
      {"Patient.descendants()", ZD_ERR_UNSUPPORTED, "descendants"},
      {"Patient.name.family + 'x'", ZD_ERR_UNSUPPORTED, "operator +"},
      {"Patient.multipleBirth > 1", ZD_ERR_UNSUPPORTED, "operator >"},
      {"'a' in Patient.name.given", ZD_ERR_UNSUPPORTED, "operator in"},
      {"Patient.birthDate = @2020", ZD_ERR_UNSUPPORTED, "date literals"},
      {"Patient.name = Patient.name", ZD_ERR_UNSUPPORTED, "literal"},
      {"Patient.name.resolve()", ZD_ERR_UNSUPPORTED, "resolve"},
      {"Patient.link.other.resolve().name", ZD_ERR_UNSUPPORTED, "name"},
      {"%ucum", ZD_ERR_UNSUPPORTED, "%ucum"},
      {"$index", ZD_ERR_UNSUPPORTED, "$index"},
      {"Patient.name[x]", ZD_ERR_UNSUPPORTED, "whole number"},
      {"Patient.name[0.5]", ZD_ERR_INVALID, "0.5"},
      {"Patient.name[99999999999]", ZD_ERR_INVALID, "99999999999"},
      {"Patient.name.where()", ZD_ERR_INVALID, "where"},
      {"Patient.name.where('a')", ZD_ERR_INVALID, "not a truth"},
      {"(Patient.name", ZD_ERR_INVALID, "too early"},
      {"Patient.name)", ZD_ERR_INVALID, ")"},
      {"Patient name", ZD_ERR_INVALID, "name"},
      {"Patient.name.where(use = 'x", ZD_ERR_INVALID, "not closed"},
      {"Patient /* x", ZD_ERR_INVALID, "not closed"},
      {"Patient.name.where(use = '\\q')", ZD_ERR_INVALID, "escape"},
      {"Patient.na\x01me", ZD_ERR_INVALID, "character"},
      {"-1", ZD_ERR_UNSUPPORTED, "-"},
      {"Patient.extension(url)", ZD_ERR_INVALID, "extension"},
      {"iif(a, b)", ZD_ERR_UNSUPPORTED, "iif"},
      {"true | Patient.name", ZD_ERR_UNSUPPORTED, "|"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    zd_fault fault = {0};
    zd_err err = compile(zd_slice_of(table[i].expression), &fault);
    if (err != table[i].err || !strstr(fault.text, table[i].says))
      fail_msg("%s: %s, %s", table[i].expression, zd_err_name(err), fault.text);
  }
}

static void hostile_expressions_are_refused(void **state) {
  (void)state;
  static const char *const parts[] = {"(",
                                      "Patient.name.where(",
                                      "name[0].",
                                      "a|",
                                      "true and ",
                                      "Patient.contained.",
                                      "$this.where($this.where(",
                                      "'\\u"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    zd_buffer text;
    zd_fault fault;
    zd_buffer_init(&text, 0);
    while (text.n < 60000) zd_buffer_add_slice(&text, zd_slice_of(parts[i]));
    assert_int_not_equal(compile(zd_buffer_slice(&text), &fault), ZD_OK);
    while (text.n < 70000) zd_buffer_add_slice(&text, zd_slice_of(parts[i]));
    assert_int_equal(compile(zd_buffer_slice(&text), &fault), ZD_ERR_LIMIT);
    zd_buffer_free(&text);
  }
}

static void every_prefix_of_an_expression_is_handled(void **state) {
  (void)state;
  zd_slice whole = ZD_S(
      "(Patient.name as HumanName).where(use = 'o\\u0041ld' and family.exists() /* c */) | "
      "Patient.link.other.where(resolve() is Patient)[0] | %resource.extension('x').value");
  assert_int_equal(compile(whole, NULL), ZD_OK);
  for (size_t n = 0; n < whole.n; n++) {
    char *copy = malloc(n + 1);
    memcpy(copy, whole.p, n);
    compile((zd_slice){copy, n}, NULL);
    free(copy);
  }
}

/* Nested conditions over the whole resource cost a power of its size: given up in time. */
static void work_is_bounded(void **state) {
  (void)state;
  fixture f;
  zd_buffer json, expression;
  const zd_path *path;
  int truth;
  zd_buffer_init(&json, 0);
  zd_buffer_init(&expression, 0);
  zd_buffer_printf(&json, "{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"0\"}");
  for (int i = 1; i < 300; i++) zd_buffer_printf(&json, ",{\"text\":\"%d\"}", i);
  zd_buffer_printf(&json, "]}");
  for (int i = 0; i < 6; i++) zd_buffer_printf(&expression, "%%resource.name.exists(");
  zd_buffer_printf(&expression, "text = 'no'");
  for (int i = 0; i < 6; i++) zd_buffer_printf(&expression, ")");
  read_resource(&f, zd_buffer_slice(&json));
  zd_fault fault = {0};
  zd_err err = zd_path_compile(zd_schema_r4(), type_of("Patient"), zd_buffer_slice(&expression),
                               &f.arena, &path, &fault);
  if (err) fail_msg("%s: %s", expression.p, fault.text);
  assert_int_equal(zd_path_test(path, &f.tree, 0, NULL, &f.arena, &truth), ZD_ERR_LIMIT);
  zd_buffer_free(&json);
  zd_buffer_free(&expression);
  zd_arena_free(&f.arena);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  fixture f;
  read_resource(&f, zd_slice_of(patient));
  for (uint64_t nth = 1;; nth++) {
    zd_arena arena;
    zd_nodes nodes = {0};
    const zd_path *path = NULL;
    zd_arena_init(&arena, 0);
    zd_scarcity_begin(nth);
    zd_err err = zd_path_compile(
        zd_schema_r4(), type_of("Patient"),
        ZD_S("(Patient.name.given | Patient.name.given).where($this = 'a' or exists()) | "
             "Patient.generalPractitioner.where(resolve() is Organization) | "
             "Patient.contained.meta.tag[0]"),
        &arena, &path, NULL);
    if (!err) err = zd_path_eval(path, &f.tree, 0, &arena, &nodes);
    bool failed = zd_scarcity_end();
    zd_arena_free(&arena);
    assert_int_equal(err, failed ? ZD_ERR_MEMORY : ZD_OK);
    if (!failed) break;
  }
  zd_arena_free(&f.arena);
}

static void a_program_can_be_shown(void **state) {
  (void)state;
  zd_arena arena;
  const zd_path *path;
  zd_arena_init(&arena, 0);
  assert_int_equal(
      zd_path_compile(zd_schema_r4(), type_of("Observation"),
                      ZD_S("(Observation.value as Quantity) | Observation.component.value"), &arena,
                      &path, NULL),
      ZD_OK);
  zd_slice text = zd_path_explain(path, &arena);
  assert_non_null(memmem(text.p, text.n, "step Observation.valueQuantity -> 0", 35));
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(paths_select_what_they_name),
      cmocka_unit_test(unions_keep_each_node_once),
      cmocka_unit_test(conditions_filter),
      cmocka_unit_test(truths_have_three_values),
      cmocka_unit_test(a_path_can_be_asked_for_its_truth),
      cmocka_unit_test(edits_come_before_the_text),
      cmocka_unit_test(entries_of_a_bundle_are_resources_of_their_own),
      cmocka_unit_test(references_name_their_type),
      cmocka_unit_test(numbers_are_equal_by_value),
      cmocka_unit_test(what_is_not_understood_is_refused_by_name),
      cmocka_unit_test(hostile_expressions_are_refused),
      cmocka_unit_test(every_prefix_of_an_expression_is_handled),
      cmocka_unit_test(work_is_bounded),
      cmocka_unit_test(running_out_of_memory_is_an_error),
      cmocka_unit_test(a_program_can_be_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
