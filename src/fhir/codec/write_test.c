/* write_test.c: the forms a resource is written in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/testing/scarcity.h"
#include "fhir/codec.h"

static const char patient[] =
    "{ "
    "\"name\":[{\"given\":[\"B\",null],\"_given\":[null,{\"id\":\"g\"}],\"family\":\"A\\u0416\"}],"
    " \"active\":true, \"_active\":{\"id\":\"x\"}, \"resourceType\":\"Patient\",\n"
    " \"text\":{\"status\":\"generated\",\"div\":\"<div>t</div>\"},"
    " \"contact\":[{\"gender\":\"male\"}],"
    " \"meta\":{\"tag\":[{\"code\":\"t\"}],\"lastUpdated\":\"2020-01-01T00:00:00Z\","
    "\"versionId\":\"7\",\"source\":\"s\"},"
    " \"id\":\"1\",\"managingOrganization\":{\"reference\":\"urn:oid:1.2\"} }";

#define NAME \
  "\"name\":[{\"family\":\"A\\u0416\",\"given\":[\"B\",null],\"_given\":[null,{\"id\":\"g\"}]}]"
#define TEXT "\"text\":{\"status\":\"generated\",\"div\":\"<div>t</div>\"}"
#define SUBSETTED                                                              \
  "{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ObservationValue\"," \
  "\"code\":\"SUBSETTED\"}"

typedef struct fixture {
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_buffer out;
} fixture;

static void open_fixture(fixture *f, zd_slice text) {
  zd_arena_init(&f->arena, 0);
  zd_buffer_init(&f->out, 0);
  zd_issues_init(&f->issues, &f->arena);
  assert_int_equal(
      zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, &f->arena, &f->tree, &f->issues),
      ZD_OK);
}

static void close_fixture(fixture *f) {
  zd_arena_free(&f->arena);
  zd_buffer_free(&f->out);
}

static void expect(const fixture *f, const char *want) {
  zd_slice got = zd_buffer_slice(&f->out);
  if (!zd_slice_eq(got, zd_slice_of(want))) fail_msg("%.*s\nnot\n%s", ZD_SV(got), want);
}

static void canonical_is_in_schema_order_without_white_space(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, zd_slice_of(patient));
  zd_fhir_write_json(&f.tree, 0, NULL, &f.out);
  expect(&f,
         "{\"resourceType\":\"Patient\",\"id\":\"1\",\"meta\":{\"versionId\":\"7\",\"lastUpdated\":"
         "\"2020-01-01T00:00:00Z\",\"source\":\"s\",\"tag\":[{\"code\":\"t\"}]}," TEXT
         ",\"active\":true,\"_active\":{\"id\":\"x\"}," NAME
         ",\"contact\":[{\"gender\":\"male\"}],"
         "\"managingOrganization\":{\"reference\":\"urn:oid:1.2\"}}");
  close_fixture(&f);
}

/* Texts that are nearly as they are to be written. */
static void what_is_copied_is_as_it_would_be_written(void **state) {
  (void)state;
  static const struct {
    const char *member, *written; /* NULL: the same */
    bool copied;
  } rows[] = {
      {"\"code\":{\"coding\":[{\"system\":\"s\",\"code\":\"c\"},{\"code\":\"d\"}],\"text\":\"t\"}",
       NULL, true},
      {"\"code\":{\"text\":\"\\u0041 \\\"\"}", NULL, true},
      {"\"code\":{\"text\":\"t\",\"coding\":[{\"code\":\"c\"}]}",
       "\"code\":{\"coding\":[{\"code\":\"c\"}],\"text\":\"t\"}", false},
      {"\"code\":{\"coding\":[{\"code\":\"c\",\"system\":\"s\"}],\"text\":\"t\"}",
       "\"code\":{\"coding\":[{\"system\":\"s\",\"code\":\"c\"}],\"text\":\"t\"}", false},
      {"\"code\":{ \"text\":\"t\"}", "\"code\":{\"text\":\"t\"}", false},
      {"\"code\":{\"coding\":[{\"code\":\"c\"} ]}", "\"code\":{\"coding\":[{\"code\":\"c\"}]}",
       false},
      {"\"code\":{\"te\\u0078t\":\"t\"}", "\"code\":{\"text\":\"t\"}", false},
      {"\"code\":{\"_text\":{\"id\":\"i\"},\"text\":\"t\"}",
       "\"code\":{\"text\":\"t\",\"_text\":{\"id\":\"i\"}}", false},
      {"\"code\":{\"_text\":{\"id\":\"i\"}}", NULL, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fixture f;
    char text[300], want[300];
    const char *written = rows[i].written ? rows[i].written : rows[i].member;
    snprintf(text, sizeof text, "{\"resourceType\":\"Basic\",%s}", rows[i].member);
    snprintf(want, sizeof want, "{\"resourceType\":\"Basic\",%s}", written);
    open_fixture(&f, zd_slice_of(text));
    assert_int_equal(f.tree.nodes[1].span > 0, rows[i].copied);
    zd_fhir_write_json(&f.tree, 0, NULL, &f.out);
    expect(&f, want);
    for (uint32_t k = 0; k < f.tree.count; k++) f.tree.nodes[k].span = 0;
    zd_buffer_clear(&f.out);
    zd_fhir_write_json(&f.tree, 0, NULL, &f.out);
    expect(&f, want);
    close_fixture(&f);
  }
}

/* A faulty member is not in the tree, but in the text. */
static void faults_are_not_copied(void **state) {
  (void)state;
  fixture f;
  zd_slice text = ZD_S("{\"resourceType\":\"Basic\",\"code\":{\"text\":\"t\",\"wrong\":1}}");
  zd_arena_init(&f.arena, 0);
  zd_buffer_init(&f.out, 0);
  zd_issues_init(&f.issues, &f.arena);
  assert_int_equal(
      zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, &f.arena, &f.tree, &f.issues),
      ZD_ERR_INVALID);
  zd_fhir_write_json(&f.tree, 0, NULL, &f.out);
  expect(&f, "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"t\"}}");
  close_fixture(&f);
}

static void summaries_leave_out_and_say_so(void **state) {
  (void)state;
  static const struct {
    zd_summary summary;
    const char *want;
  } cases[] = {
      {ZD_SUMMARY_TRUE,
       "\"active\":true,\"name\":[{\"family\":\"A\\u0416\",\"given\":[\"B\",null],\"_given\":"
       "[null,{\"id\":\"g\"}]}],\"managingOrganization\":{\"reference\":\"urn:oid:1.2\"}}"},
      {ZD_SUMMARY_TEXT, TEXT "}"},
      {ZD_SUMMARY_DATA, "\"active\":true,\"_active\":{\"id\":\"x\"}," NAME
                        ",\"contact\":[{\"gender\":\"male\"}],\"managingOrganization\":{"
                        "\"reference\":\"urn:oid:1.2\"}}"},
  };
  fixture f;
  open_fixture(&f, zd_slice_of(patient));
  zd_buffer want;
  zd_buffer_init(&want, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zd_write_options options = {.summary = cases[i].summary};
    zd_buffer_clear(&f.out);
    zd_buffer_clear(&want);
    zd_fhir_write_json(&f.tree, 0, &options, &f.out);
    zd_buffer_printf(&want,
                     "{\"resourceType\":\"Patient\",\"id\":\"1\",\"meta\":{\"versionId\":\"7\","
                     "\"lastUpdated\":\"2020-01-01T00:00:00Z\",\"source\":\"s\",\"tag\":["
                     "{\"code\":\"t\"}," SUBSETTED "]},%s",
                     cases[i].want);
    zd_buffer_add_char(&want, 0);
    expect(&f, want.p);
  }
  zd_buffer_free(&want);
  close_fixture(&f);
}

static void elements_keep_what_is_named_and_what_is_mandatory(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f,
               ZD_S("{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"code\":"
                    "{\"text\":\"c\"},\"valueString\":\"v\",\"note\":[{\"text\":\"n\"}]}"));
  const zd_schema *s = zd_schema_r4();
  zd_element elements[] = {zd_schema_child(s, f.tree.nodes[0].type, ZD_S("valueString"))};
  zd_write_options options = {.elements = elements, .element_count = 1};
  zd_fhir_write_json(&f.tree, 0, &options, &f.out);
  expect(&f, "{\"resourceType\":\"Observation\",\"id\":\"o\",\"meta\":{\"tag\":[" SUBSETTED
             "]},\"status\":\"final\",\"code\":{\"text\":\"c\"},\"valueString\":\"v\"}");
  close_fixture(&f);
}

static void a_subset_of_a_subset_has_one_tag(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, ZD_S("{\"resourceType\":\"Patient\",\"meta\":{\"tag\":[" SUBSETTED "]}}"));
  zd_write_options options = {.summary = ZD_SUMMARY_DATA};
  zd_fhir_write_json(&f.tree, 0, &options, &f.out);
  expect(&f, "{\"resourceType\":\"Patient\",\"meta\":{\"tag\":[" SUBSETTED "]}}");
  close_fixture(&f);
}

/* ---- the stored form ---- */

static void stored_has_an_open_meta_and_no_version(void **state) {
  (void)state;
  fixture f;
  uint32_t stamp_at = 0;
  open_fixture(&f, zd_slice_of(patient));
  zd_buffer_add_slice(&f.out, ZD_S("before"));
  zd_fhir_write_stored(&f.tree, 0, NULL, &f.out, &stamp_at);
  zd_slice stored = zd_slice_from(zd_buffer_slice(&f.out), 6);
  static const char head[] = "{\"resourceType\":\"Patient\",\"id\":\"1\",\"meta\":{";
  assert_int_equal(stamp_at, sizeof head - 1);
  assert_true(zd_slice_starts(stored, zd_slice_of(head)));
  assert_true(zd_slice_starts(zd_slice_from(stored, stamp_at),
                              ZD_S("\"source\":\"s\",\"tag\":[{\"code\":\"t\"}]}," TEXT)));
  zd_buffer sent;
  zd_buffer_init(&sent, 0);
  zd_fhir_stamp(stored, stamp_at, 12, 1577836800123, &sent);
  zd_slice stamped = zd_slice_from(zd_buffer_slice(&sent), stamp_at);
  assert_true(zd_slice_starts(zd_buffer_slice(&sent), zd_slice_of(head)));
  assert_true(zd_slice_starts(
      stamped,
      ZD_S("\"versionId\":\"12\",\"lastUpdated\":\"2020-01-01T00:00:00.123Z\",\"source\":\"s\",")));
  zd_tree again;
  assert_int_equal(zd_fhir_read_json(zd_schema_r4(), zd_buffer_slice(&sent), ZD_NO_TYPE, NULL,
                                     &f.arena, &again, &f.issues),
                   ZD_OK);
  zd_buffer_free(&sent);
  close_fixture(&f);
}

static void stored_makes_meta_and_id(void **state) {
  (void)state;
  fixture f;
  uint32_t stamp_at = 0;
  open_fixture(&f, ZD_S("{\"resourceType\":\"Patient\",\"active\":true}"));
  zd_stored_edit edit = {.id = ZD_S("new")};
  zd_fhir_write_stored(&f.tree, 0, &edit, &f.out, &stamp_at);
  expect(&f, "{\"resourceType\":\"Patient\",\"id\":\"new\",\"meta\":{},\"active\":true}");
  zd_slice stored = zd_arena_copy(&f.arena, zd_buffer_slice(&f.out));
  zd_buffer_clear(&f.out);
  zd_fhir_stamp(stored, stamp_at, 1, 0, &f.out);
  expect(&f,
         "{\"resourceType\":\"Patient\",\"id\":\"new\",\"meta\":{\"versionId\":\"1\","
         "\"lastUpdated\":\"1970-01-01T00:00:00.000Z\"},\"active\":true}");
  close_fixture(&f);
}

/* An entry of a transaction: another resource's edits in the same list do not matter. */
static void edits_replace_values(void **state) {
  (void)state;
  fixture f;
  uint32_t stamp_at = 0;
  open_fixture(
      &f, ZD_S("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["
               "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\",\"language\":\"en\"}},"
               "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"b\",\"link\":[{\"type\":"
               "\"seealso\",\"other\":{\"reference\":\"urn:oid:1.2\"}}]}}]}"));
  uint32_t nodes[3], values = 0, second = 0;
  for (uint32_t i = 1; i < f.tree.count; i++) {
    zd_slice raw = zd_node_raw(&f.tree.nodes[i]);
    if (zd_slice_eq(raw, ZD_S("en")) || zd_slice_eq(raw, ZD_S("urn:oid:1.2"))) nodes[values++] = i;
    if (zd_slice_eq(raw, ZD_S("b"))) second = i - 1;
  }
  zd_slice texts[] = {ZD_S("ru"), ZD_S("Patient/\"1\"")};
  zd_stored_edit edit = {.id = ZD_S("c"), .nodes = nodes, .values = texts, .count = 2};
  zd_fhir_write_stored(&f.tree, second, &edit, &f.out, &stamp_at);
  expect(
      &f,
      "{\"resourceType\":\"Patient\",\"id\":\"c\",\"meta\":{},\"link\":[{\"other\":{\"reference\":"
      "\"Patient/\\\"1\\\"\"},\"type\":\"seealso\"}]}");
  close_fixture(&f);
}

static void memory_that_runs_out_shows_in_the_buffer(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, zd_slice_of(patient));
  for (uint64_t nth = 1;; nth++) {
    zd_buffer out;
    uint32_t stamp_at;
    zd_write_options options = {.summary = ZD_SUMMARY_DATA};
    zd_buffer_init(&out, 0);
    zd_scarcity_begin(nth);
    zd_fhir_write_stored(&f.tree, 0, NULL, &out, &stamp_at);
    zd_fhir_write_json(&f.tree, 0, &options, &out);
    bool failed = zd_scarcity_end();
    assert_int_equal(zd_buffer_error(&out), failed ? ZD_ERR_MEMORY : ZD_OK);
    zd_buffer_free(&out);
    if (!failed) break;
  }
  close_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(canonical_is_in_schema_order_without_white_space),
      cmocka_unit_test(summaries_leave_out_and_say_so),
      cmocka_unit_test(elements_keep_what_is_named_and_what_is_mandatory),
      cmocka_unit_test(a_subset_of_a_subset_has_one_tag),
      cmocka_unit_test(stored_has_an_open_meta_and_no_version),
      cmocka_unit_test(stored_makes_meta_and_id),
      cmocka_unit_test(edits_replace_values),
      cmocka_unit_test(what_is_copied_is_as_it_would_be_written),
      cmocka_unit_test(faults_are_not_copied),
      cmocka_unit_test(memory_that_runs_out_shows_in_the_buffer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
