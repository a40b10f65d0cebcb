/* issue_test.c: the list keeps its bound, and its OperationOutcome is a valid resource. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fhir/codec.h"

static void expect_json(const zd_issues *list, const char *want) {
  zd_buffer out;
  zd_buffer_init(&out, 0);
  zd_issues_write_json(list, &out);
  zd_slice got = zd_buffer_slice(&out);
  if (!zd_slice_eq(got, zd_slice_of(want))) fail_msg("%.*s\nnot\n%s", ZD_SV(got), want);
  zd_buffer_free(&out);
}

static void must_be_a_resource(const zd_issues *list, zd_arena *arena) {
  zd_buffer out;
  zd_tree tree;
  zd_issues none;
  zd_buffer_init(&out, 0);
  zd_issues_init(&none, arena);
  zd_issues_write_json(list, &out);
  zd_err err = zd_fhir_read_json(zd_schema_r4(), zd_buffer_slice(&out), ZD_NO_TYPE, NULL, arena,
                                 &tree, &none);
  if (err != ZD_OK) fail_msg("%.*s", ZD_SV(none.items[0].diagnostics));
  zd_buffer_free(&out);
}

static void nothing_wrong_is_ok(void **state) {
  (void)state;
  zd_arena arena;
  zd_issues list;
  zd_arena_init(&arena, 0);
  zd_issues_init(&list, &arena);
  expect_json(&list,
              "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"information\","
              "\"code\":\"informational\",\"diagnostics\":\"ok\"}]}");
  zd_arena_free(&arena);
}

static void an_issue_tells_its_place(void **state) {
  (void)state;
  zd_arena arena;
  zd_issues list;
  zd_arena_init(&arena, 0);
  zd_issues_init(&list, &arena);
  zd_issue_add(&list, ZD_WARNING, ZD_ISSUE_NOT_FOUND, (zd_slice){NULL, 0}, "no \"%s\"", "x");
  zd_issue_add_at(&list, ZD_ERROR, ZD_ISSUE_VALUE, ZD_S("Patient.id"), 3, 7, "bad");
  assert_int_equal(list.errors, 1);
  expect_json(
      &list,
      "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"warning\",\"code\":"
      "\"not-found\",\"diagnostics\":\"no \\\"x\\\"\"},{\"extension\":[{\"url\":"
      "\"http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line\",\"valueInteger\":3},"
      "{\"url\":\"http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col\","
      "\"valueInteger\":7}],\"severity\":\"error\",\"code\":\"value\",\"diagnostics\":"
      "\"bad (line 3, column 7)\",\"expression\":[\"Patient.id\"]}]}");
  must_be_a_resource(&list, &arena);
  zd_arena_free(&arena);
}

static void every_code_is_one_of_the_specification(void **state) {
  (void)state;
  zd_arena arena;
  zd_issues list;
  zd_arena_init(&arena, 0);
  zd_issues_init(&list, &arena);
  for (int code = 0; code <= ZD_ISSUE_INFORMATIONAL; code++) {
    for (int severity = ZD_FATAL; severity <= ZD_INFORMATION; severity++) {
      zd_issue_add(&list, (zd_severity)severity, (zd_issue_code)code, (zd_slice){NULL, 0}, "x");
    }
  }
  assert_int_equal(list.n, 100);
  assert_true(list.dropped > 0);
  must_be_a_resource(&list, &arena);
  zd_arena_free(&arena);
}

/* The cut of a long text never splits a character. */
static void long_diagnostics_are_cut_between_characters(void **state) {
  (void)state;
  zd_arena arena;
  zd_issues list;
  zd_arena_init(&arena, 0);
  zd_issues_init(&list, &arena);
  char text[3001];
  for (size_t shift = 0; shift < 4; shift++) {
    memset(text, 'a', shift);
    for (size_t i = shift; i + 4 < sizeof text; i += 4) memcpy(text + i, "\xF0\x9F\x98\x80", 5);
    zd_issue_add(&list, ZD_ERROR, ZD_ISSUE_VALUE, (zd_slice){NULL, 0}, "%s", text);
  }
  must_be_a_resource(&list, &arena);
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_wrong_is_ok),
      cmocka_unit_test(an_issue_tells_its_place),
      cmocka_unit_test(every_code_is_one_of_the_specification),
      cmocka_unit_test(long_diagnostics_are_cut_between_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
