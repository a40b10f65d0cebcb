/* codec_test.c: reading, fault by fault: what is wrong, where, and by which code it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/testing/scarcity.h"
#include "fhir/codec.h"

#define PATIENT "{\"resourceType\":\"Patient\","

static zd_err read(zd_slice text, zd_arena *arena, zd_tree *tree, zd_issues *issues) {
  zd_issues_init(issues, arena);
  return zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, arena, tree, issues);
}

/* ---- one fault each ---- */

typedef struct fault_case {
  const char *text;
  zd_issue_code code;
  const char *expression;
  uint32_t line, column;
} fault_case;

static const fault_case faults[] = {
    /* JSON */
    {"", ZD_ISSUE_STRUCTURE, "", 1, 1},
    {"{\"resourceType\":\"Patient\",\n  \"id\":}", ZD_ISSUE_STRUCTURE, "", 2, 8},
    {"{\"resourceType\":\"Patient\"} x", ZD_ISSUE_STRUCTURE, "", 1, 28},
    {"{\"resourceType\":\"Patient\",\"id\":\"\xC3\"}", ZD_ISSUE_STRUCTURE, "", 1, 33},
    /* the resource itself */
    {"[]", ZD_ISSUE_STRUCTURE, "Resource", 1, 1},
    {"{}", ZD_ISSUE_REQUIRED, "Resource", 1, 1},
    {"{\"resourceType\":1}", ZD_ISSUE_STRUCTURE, "Resource", 1, 17},
    {"{\"resourceType\":\"patient\"}", ZD_ISSUE_VALUE, "Resource", 1, 17},
    {"{\"resourceType\":\"DomainResource\"}", ZD_ISSUE_VALUE, "Resource", 1, 17},
    {"{\"resourceType\":\"HumanName\"}", ZD_ISSUE_VALUE, "Resource", 1, 17},
    {PATIENT "\"resourceType\":\"Patient\"}", ZD_ISSUE_STRUCTURE, "Patient", 1, 27},
    /* members */
    {PATIENT "\"nam\":[]}", ZD_ISSUE_STRUCTURE, "Patient", 1, 27},
    {PATIENT "\"\":1}", ZD_ISSUE_STRUCTURE, "Patient", 1, 27},
    {PATIENT "\"_\":{\"id\":\"a\"}}", ZD_ISSUE_STRUCTURE, "Patient", 1, 27},
    {PATIENT "\"fhir_comments\":[\"x\"]}", ZD_ISSUE_STRUCTURE, "Patient", 1, 27},
    {PATIENT "\"name\":[{\"family\":\"A\",\"resourceType\":\"x\"}]}", ZD_ISSUE_STRUCTURE,
     "Patient.name[0]", 1, 49},
    {PATIENT "\"id\":\"a\",\"id\":\"b\"}", ZD_ISSUE_STRUCTURE, "Patient", 1, 36},
    {PATIENT "\"id\":\"a\",\"i\\u0064\":\"b\"}", ZD_ISSUE_STRUCTURE, "Patient", 1, 36},
    {PATIENT "\"_name\":[{\"id\":\"a\"}]}", ZD_ISSUE_STRUCTURE, "Patient", 1, 27},
    {PATIENT "\"_id\":{\"extension\":[{\"url\":\"u\",\"valueCode\":\"a\"}]}}", ZD_ISSUE_STRUCTURE,
     "Patient", 1, 27},
    {PATIENT "\"_active\":{\"id\":\"a\"},\"_active\":{\"id\":\"b\"}}", ZD_ISSUE_STRUCTURE,
     "Patient", 1, 48},
    /* JSON types */
    {PATIENT "\"active\":\"true\"}", ZD_ISSUE_STRUCTURE, "Patient.active", 1, 36},
    {PATIENT "\"active\":null}", ZD_ISSUE_STRUCTURE, "Patient.active", 1, 36},
    {PATIENT "\"birthDate\":1970}", ZD_ISSUE_STRUCTURE, "Patient.birthDate", 1, 39},
    {PATIENT "\"multipleBirthInteger\":\"2\"}", ZD_ISSUE_STRUCTURE, "Patient.multipleBirth", 1, 50},
    {PATIENT "\"name\":{\"family\":\"A\"}}", ZD_ISSUE_STRUCTURE, "Patient.name", 1, 34},
    {PATIENT "\"name\":[\"A\"]}", ZD_ISSUE_STRUCTURE, "Patient.name[0]", 1, 35},
    {PATIENT "\"name\":[[{\"family\":\"A\"}]]}", ZD_ISSUE_STRUCTURE, "Patient.name[0]", 1, 35},
    {PATIENT "\"name\":[null]}", ZD_ISSUE_STRUCTURE, "Patient.name[0]", 1, 35},
    {PATIENT "\"maritalStatus\":[{\"text\":\"A\"}]}", ZD_ISSUE_STRUCTURE, "Patient.maritalStatus",
     1, 43},
    {PATIENT "\"maritalStatus\":\"M\"}", ZD_ISSUE_STRUCTURE, "Patient.maritalStatus", 1, 43},
    /* emptiness */
    {PATIENT "\"name\":[]}", ZD_ISSUE_STRUCTURE, "Patient.name", 1, 34},
    {PATIENT "\"name\":[{}]}", ZD_ISSUE_STRUCTURE, "Patient.name[0]", 1, 35},
    {PATIENT "\"name\":[{\"family\":\"\"}]}", ZD_ISSUE_VALUE, "Patient.name[0].family", 1, 45},
    {PATIENT "\"_active\":{}}", ZD_ISSUE_STRUCTURE, "Patient.active", 1, 37},
    /* companions */
    {PATIENT "\"name\":[{\"given\":[\"A\",null]}]}", ZD_ISSUE_STRUCTURE, "Patient.name[0].given[1]",
     1, 49},
    {PATIENT "\"name\":[{\"given\":[\"A\",null],\"_given\":[null,null]}]}", ZD_ISSUE_STRUCTURE,
     "Patient.name[0].given[1]", 1, 49},
    {PATIENT "\"name\":[{\"given\":[\"A\"],\"_given\":[null,{\"id\":\"a\"}]}]}", ZD_ISSUE_STRUCTURE,
     "Patient.name[0].given", 1, 59},
    {PATIENT "\"name\":[{\"given\":[\"A\"],\"_given\":{\"id\":\"a\"}}]}", ZD_ISSUE_STRUCTURE,
     "Patient.name[0].given", 1, 44},
    {PATIENT "\"active\":true,\"_active\":[{\"id\":\"a\"}]}", ZD_ISSUE_STRUCTURE, "Patient.active",
     1, 51},
    {PATIENT "\"active\":true,\"_active\":null}", ZD_ISSUE_STRUCTURE, "Patient.active", 1, 51},
    {PATIENT "\"active\":true,\"_active\":{\"value\":1}}", ZD_ISSUE_STRUCTURE, "Patient.active", 1,
     52},
    {PATIENT "\"_birthDate\":{\"extension\":[{\"valueCode\":\"a\"}]}}", ZD_ISSUE_REQUIRED,
     "Patient.birthDate.extension[0].url", 1, 54},
    /* choices */
    {PATIENT "\"deceasedBoolean\":true,\"deceasedDateTime\":\"2020\"}", ZD_ISSUE_STRUCTURE,
     "Patient", 1, 50},
    {PATIENT "\"deceasedBoolean\":true,\"_deceasedDateTime\":{\"id\":\"a\"}}", ZD_ISSUE_STRUCTURE,
     "Patient", 1, 50},
    {PATIENT "\"deceased\":true}", ZD_ISSUE_STRUCTURE, "Patient", 1, 27},
    {PATIENT "\"deceasedString\":\"yes\"}", ZD_ISSUE_STRUCTURE, "Patient", 1, 27},
    /* cardinality */
    {"{\"resourceType\":\"Observation\",\"status\":\"final\"}", ZD_ISSUE_REQUIRED,
     "Observation.code", 1, 1},
    {"{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
     "\"subject\":{\"reference\":\"Patient/1\"}}",
     ZD_ISSUE_REQUIRED, "MedicationRequest.medication", 1, 1},
    {PATIENT "\"link\":[{\"type\":\"seealso\"}]}", ZD_ISSUE_REQUIRED, "Patient.link[0].other", 1,
     35},
    {PATIENT "\"communication\":[{\"preferred\":true}]}", ZD_ISSUE_REQUIRED,
     "Patient.communication[0].language", 1, 44},
    /* primitives: the formats themselves are tested in primitive_test.c */
    {PATIENT "\"birthDate\":\"2023-02-29\"}", ZD_ISSUE_VALUE, "Patient.birthDate", 1, 39},
    {PATIENT "\"id\":\"a_b\"}", ZD_ISSUE_VALUE, "Patient.id", 1, 32},
    {PATIENT "\"name\":[{\"family\":\"A\\u0000\"}]}", ZD_ISSUE_VALUE, "Patient.name[0].family", 1,
     45},
    {PATIENT "\"gender\":\"Male\"}", ZD_ISSUE_CODE_INVALID, "Patient.gender", 1, 36},
    {PATIENT "\"gender\":\" male\"}", ZD_ISSUE_VALUE, "Patient.gender", 1, 36},
    {PATIENT "\"multipleBirthInteger\":2.0}", ZD_ISSUE_VALUE, "Patient.multipleBirth", 1, 50},
    {PATIENT "\"multipleBirthInteger\":2147483648}", ZD_ISSUE_VALUE, "Patient.multipleBirth", 1,
     50},
    {PATIENT "\"text\":{\"status\":\"generated\",\"div\":\"<p>x</p>\"}}", ZD_ISSUE_VALUE,
     "Patient.text.div", 1, 62},
    /* references */
    {PATIENT "\"managingOrganization\":{\"reference\":\"Organisation/1\"}}", ZD_ISSUE_VALUE,
     "Patient.managingOrganization.reference", 1, 63},
    {PATIENT "\"managingOrganization\":{\"reference\":\"Organization/a_1\"}}", ZD_ISSUE_VALUE,
     "Patient.managingOrganization.reference", 1, 63},
    {PATIENT "\"managingOrganization\":{\"reference\":\"Organization\"}}", ZD_ISSUE_VALUE,
     "Patient.managingOrganization.reference", 1, 63},
    {PATIENT "\"managingOrganization\":{\"reference\":\"Organization/1/x/2\"}}", ZD_ISSUE_VALUE,
     "Patient.managingOrganization.reference", 1, 63},
    {PATIENT "\"managingOrganization\":{\"reference\":\"urn:uuid:1\"}}", ZD_ISSUE_VALUE,
     "Patient.managingOrganization.reference", 1, 63},
    {PATIENT "\"managingOrganization\":{\"reference\":\"urn:oid:9.1\"}}", ZD_ISSUE_VALUE,
     "Patient.managingOrganization.reference", 1, 63},
    {PATIENT "\"managingOrganization\":{\"reference\":\"#o\"}}", ZD_ISSUE_VALUE,
     "Patient.managingOrganization.reference", 1, 63},
    {PATIENT "\"managingOrganization\":{\"reference\":\"Organization?name=x\"}}", ZD_ISSUE_VALUE,
     "Patient.managingOrganization.reference", 1, 63},
    /* contained */
    {PATIENT "\"contained\":[{\"resourceType\":\"Organization\",\"id\":\"o\",\"contained\":["
             "{\"resourceType\":\"Patient\",\"id\":\"p\"}]}]}",
     ZD_ISSUE_STRUCTURE, "Patient.contained[0].contained[0]", 1, 93},
    {PATIENT "\"contained\":[{\"id\":\"o\"}]}", ZD_ISSUE_REQUIRED, "Patient.contained[0]", 1, 40},
    {"{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[\n{\"resource\":" PATIENT
     "\"x\":1}}]}",
     ZD_ISSUE_STRUCTURE, "Bundle.entry[0].resource", 2, 39},
};

static bool is_told(const fault_case *f, zd_err err, const zd_issues *issues) {
  if (err != ZD_ERR_INVALID || issues->n != 1) {
    print_message("%s: %s, %zu issues\n", f->text, zd_err_name(err), issues->n);
    return false;
  }
  const zd_issue *got = &issues->items[0];
  zd_slice want = zd_slice_of(f->expression);
  if (got->code != f->code || !zd_slice_eq(got->expression, want) || got->line != f->line ||
      got->column != f->column) {
    print_message("%s: %s at %.*s (%u:%u): %.*s\n", f->text, zd_issue_code_name(got->code),
                  ZD_SV(got->expression), got->line, got->column, ZD_SV(got->diagnostics));
    return false;
  }
  return true;
}

static void each_fault_is_told_with_its_place(void **state) {
  (void)state;
  zd_arena arena;
  int wrong = 0;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    zd_tree tree;
    zd_issues issues;
    zd_err err = read(zd_slice_of(faults[i].text), &arena, &tree, &issues);
    wrong += !is_told(&faults[i], err, &issues);
    zd_arena_reset(&arena);
  }
  zd_arena_free(&arena);
  assert_int_equal(wrong, 0);
}

/* ---- good ones ---- */

static const char *const good[] = {
    (PATIENT "\"id\":\"1\"}"),
    (PATIENT "\"_active\":{\"id\":\"a\"}}"),
    (PATIENT "\"_active\":{\"id\":\"a\"},\"active\":true}"),
    (PATIENT "\"name\":[{\"given\":[null,\"B\"],\"_given\":[{\"id\":\"a\"},null]}]}"),
    (PATIENT "\"name\":[{\"_given\":[{\"id\":\"a\"},{\"id\":\"b\"}]}]}"),
    (PATIENT "\"n\\u0061me\":[{\"family\":\"A\\tB\\n\"}]}"),
    (PATIENT "\"managingOrganization\":{\"reference\":\"http://x.org/fhir/Organization/1\"}}"),
    (PATIENT "\"managingOrganization\":{\"reference\":\"Organization/1/_history/2\"}}"),
    (PATIENT
     "\"managingOrganization\":{\"reference\":\"urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7\"}}"),
    (PATIENT "\"managingOrganization\":{\"reference\":\"urn:oid:2.16.840\"}}"),
    (PATIENT "\"managingOrganization\":{\"reference\":\"#o\"},"
             "\"contained\":[{\"resourceType\":\"Organization\",\"id\":\"o\",\"name\":\"O\"}]}"),
    (PATIENT "\"contained\":[{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\","
             "\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"#\"}}]}"),
    ("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"resource\":" PATIENT
     "\"managingOrganization\":{\"reference\":\"Organization?identifier=s|v\"}},"
     "\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}}]}"),
    ("{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
     "\"valueQuantity\":{\"value\":1.00e-400}}"),
};

static void good_resources_are_read_and_written_back(void **state) {
  (void)state;
  zd_arena arena;
  zd_buffer out, again;
  zd_arena_init(&arena, 0);
  zd_buffer_init(&out, 0);
  zd_buffer_init(&again, 0);
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    zd_tree tree, second;
    zd_issues issues;
    if (read(zd_slice_of(good[i]), &arena, &tree, &issues) != ZD_OK) {
      fail_msg("%s: %.*s", good[i], ZD_SV(issues.items[0].diagnostics));
    }
    assert_int_equal(issues.n, 0);
    zd_buffer_clear(&out);
    zd_buffer_clear(&again);
    zd_fhir_write_json(&tree, 0, NULL, &out);
    assert_int_equal(read(zd_buffer_slice(&out), &arena, &second, &issues), ZD_OK);
    zd_fhir_write_json(&second, 0, NULL, &again);
    assert_true(zd_slice_eq(zd_buffer_slice(&out), zd_buffer_slice(&again)));
    zd_arena_reset(&arena);
  }
  zd_buffer_free(&out);
  zd_buffer_free(&again);
  zd_arena_free(&arena);
}

static void all_faults_are_told_up_to_a_bound(void **state) {
  (void)state;
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_arena_init(&arena, 0);
  zd_slice text =
      ZD_S(PATIENT "\n \"id\":\"_\",\n \"x\":1,\n \"gender\":\"m\",\n \"name\":[{\"y\":1}]}");
  assert_int_equal(read(text, &arena, &tree, &issues), ZD_ERR_INVALID);
  assert_int_equal(issues.n, 4);
  for (uint32_t i = 0; i < 4; i++) assert_int_equal(issues.items[i].line, i + 2);
  zd_buffer many;
  zd_buffer_init(&many, 0);
  zd_buffer_add_slice(&many, ZD_S(PATIENT "\"name\":[{\"x\":1}"));
  for (int i = 1; i < 1000; i++) zd_buffer_add_slice(&many, ZD_S(",{\"x\":1}"));
  zd_buffer_add_slice(&many, ZD_S("]}"));
  assert_int_equal(read(zd_buffer_slice(&many), &arena, &tree, &issues), ZD_ERR_INVALID);
  assert_int_equal(issues.n, 100);
  assert_int_equal(issues.dropped, 900);
  assert_int_equal(issues.errors, 1000);
  zd_buffer_free(&many);
  zd_arena_free(&arena);
}

static void another_type_than_expected_is_refused(void **state) {
  (void)state;
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  const zd_schema *s = zd_schema_r4();
  zd_type observation = zd_schema_type(s, ZD_S("Observation"));
  zd_err err = zd_fhir_read_json(s, ZD_S(PATIENT "\"id\":\"1\"}"), observation, NULL, &arena, &tree,
                                 &issues);
  assert_int_equal(err, ZD_ERR_INVALID);
  assert_int_equal(issues.items[0].code, ZD_ISSUE_INVALID);
  zd_arena_free(&arena);
}

/* ---- the tree ---- */

static void the_tree_is_walked_by_element(void **state) {
  (void)state;
  zd_arena arena;
  zd_tree t;
  zd_issues issues;
  zd_arena_init(&arena, 0);
  zd_slice text =
      ZD_S(PATIENT
           "\"name\":[{\"family\":\"A\"},{\"given\":[\"B\",\"C\\u0021\"]}],\"deceasedBoolean\":"
           "true,\"_birthDate\":{\"id\":\"b\"}}");
  assert_int_equal(read(text, &arena, &t, &issues), ZD_OK);
  uint32_t name = zd_tree_child(&t, 0, ZD_S("name"));
  uint32_t second = zd_tree_next(&t, 0, name);
  uint32_t given = zd_tree_next(&t, second, zd_tree_child(&t, second, ZD_S("given")));
  assert_true(zd_slice_eq(zd_node_text(&t.nodes[given], &arena), ZD_S("C!")));
  assert_true(zd_slice_eq(zd_tree_location(&t, given, &arena), ZD_S("Patient.name[1].given[1]")));
  uint32_t deceased = zd_tree_child_path(&t, 0, ZD_S("deceased"));
  assert_true(zd_slice_eq(zd_node_raw(&t.nodes[deceased]), ZD_S("true")));
  assert_int_equal(t.nodes[deceased].flags, ZD_NODE_BARE);
  uint32_t birth = zd_tree_child(&t, 0, ZD_S("birthDate"));
  assert_int_equal(t.nodes[birth].flags, ZD_NODE_NO_VALUE);
  uint32_t id = zd_tree_first(&t, birth);
  assert_true(zd_slice_eq(zd_tree_location(&t, id, &arena), ZD_S("Patient.birthDate.id")));
  assert_int_equal(zd_tree_child(&t, 0, ZD_S("gender")), 0);
  assert_int_equal(zd_tree_child(&t, 0, ZD_S("nonsense")), 0);
  zd_arena_free(&arena);
}

/* ---- hostile input ---- */

static void truncated_at_every_byte(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    for (size_t n = 0; n < strlen(good[i]); n++) {
      zd_tree tree;
      zd_issues issues;
      char *exact = malloc(n ? n : 1);
      memcpy(exact, good[i], n);
      assert_int_equal(read((zd_slice){exact, n}, &arena, &tree, &issues), ZD_ERR_INVALID);
      assert_int_equal(tree.count, 0);
      free(exact);
      zd_arena_reset(&arena);
    }
  }
  zd_arena_free(&arena);
}

static void nesting_bombs_are_refused(void **state) {
  (void)state;
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_buffer bomb;
  zd_arena_init(&arena, 0);
  zd_buffer_init(&bomb, 0);
  zd_buffer_add_slice(&bomb, ZD_S(PATIENT));
  for (int i = 0; i < 100000; i++) zd_buffer_add_slice(&bomb, ZD_S("\"extension\":[{"));
  assert_int_equal(read(zd_buffer_slice(&bomb), &arena, &tree, &issues), ZD_ERR_LIMIT);
  assert_int_equal(issues.items[0].code, ZD_ISSUE_TOO_LONG);
  zd_buffer_clear(&bomb);
  zd_buffer_add_slice(&bomb, ZD_S("{\"resourceType\":\"Patient\""));
  enum { DEEP = 500 };
  for (int i = 0; i < DEEP; i++) zd_buffer_add_slice(&bomb, ZD_S(",\"extension\":[{\"url\":\"u\""));
  zd_buffer_add_slice(&bomb, ZD_S(",\"valueCode\":\"x\""));
  for (int i = 0; i < DEEP; i++) zd_buffer_add_slice(&bomb, ZD_S("}]"));
  zd_buffer_add_char(&bomb, '}');
  zd_read_limits limits = {.depth = 1024, .nodes = 100000};
  zd_issues_init(&issues, &arena);
  zd_err err = zd_fhir_read_json(zd_schema_r4(), zd_buffer_slice(&bomb), ZD_NO_TYPE, &limits,
                                 &arena, &tree, &issues);
  assert_int_equal(err, ZD_OK);
  zd_buffer_free(&bomb);
  zd_arena_free(&arena);
}

static void a_huge_string_is_refused(void **state) {
  (void)state;
  size_t n = (size_t)100 << 20;
  char *text = malloc(n);
  zd_slice head = ZD_S(PATIENT "\"name\":[{\"family\":\""), tail = ZD_S("\"}]}");
  memset(text, 'x', n);
  memcpy(text, head.p, head.n);
  memcpy(text + n - tail.n, tail.p, tail.n);
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_arena_init(&arena, 0);
  assert_int_equal(read((zd_slice){text, n}, &arena, &tree, &issues), ZD_ERR_INVALID);
  assert_int_equal(issues.n, 1);
  assert_int_equal(issues.items[0].code, ZD_ISSUE_TOO_LONG);
  zd_arena_free(&arena);
  free(text);
}

static void memory_that_runs_out_is_an_error(void **state) {
  (void)state;
  zd_slice text = zd_slice_of(good[10]);
  for (uint64_t nth = 1;; nth++) {
    zd_arena arena;
    zd_tree tree;
    zd_issues issues;
    zd_arena_init(&arena, 0);
    zd_scarcity_begin(nth);
    zd_err err = read(text, &arena, &tree, &issues);
    bool failed = zd_scarcity_end();
    assert_int_equal(err, failed ? ZD_ERR_MEMORY : ZD_OK);
    zd_arena_free(&arena);
    if (!failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_fault_is_told_with_its_place),
      cmocka_unit_test(good_resources_are_read_and_written_back),
      cmocka_unit_test(all_faults_are_told_up_to_a_bound),
      cmocka_unit_test(another_type_than_expected_is_refused),
      cmocka_unit_test(the_tree_is_walked_by_element),
      cmocka_unit_test(truncated_at_every_byte),
      cmocka_unit_test(nesting_bombs_are_refused),
      cmocka_unit_test(a_huge_string_is_refused),
      cmocka_unit_test(memory_that_runs_out_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
