/* Bundles read entry by entry: what is found is what reading them whole finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "fhir/codec/bundle_oracle.h"

static void check(zd_slice text, size_t step) {
  const char *wrong = bundle_wrong(text, step);
  if (wrong) fail_msg("%s, in steps of %zu: %.*s", wrong, step, ZD_SV(text));
}

static uint64_t dice(uint64_t *state, uint64_t below) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (*state >> 33) % below;
}

/* Entries as they come, some of them wrong in each way that has a place of its own. */
static const char *const entries[] = {
    "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\"},\"request\":{\"method\":\"PUT\","
    "\"url\":\"Patient/a\"}}",
    "{ \"fullUrl\" : \"urn:uuid:9b1c7c4e-5a0e-4a94-9d26-1d1a5c4b1d01\",\n  \"resource\" : {\n"
    "\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"\\u00e9 "
    "\xc3\xa9\"},"
    "\"subject\":{\"reference\":\"Patient?identifier=a\"}}\n}",
    "{\"request\":{\"method\":\"GET\",\"url\":\"Patient?name=a\"}}",
    "{\"resource\":{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{}]}}",
    "{\"resource\":{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Organization\","
    "\"id\":\"o\"}],\"managingOrganization\":{\"reference\":\"#o\"}}}",
    "{\"resource\":{\"resourceType\":\"Patient\",\n\"managingOrganization\":{\"reference\":\"#x\"}}"
    "}",
    "{\"resource\":{\"resourceType\":\"Patient\",\"birthDate\":\"1\",\n \"gender\":\"x\"}}",
    "{\"resource\":{\"resourceType\":\"Elephant\"}}",
    "{\"request\":{\"method\":\"EAT\"}}",
    "{\"fullUrl\":\"a\",\"fullUrl\":\"b\"}",
    "{}",
    "null",
    "[]",
    "\"x\"",
    "12",
    "{\"resource\":{\"resourceType\":\"Patient\",\"id\":}}",
    "{\"resource\":{\"resourceType\":\"Patient\",\"id\":tru}}"};
static const char *const outers[] = {
    "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[%s]}",
    "{\n \"entry\" : [ %s ],\n \"type\":\"transaction\", \"resourceType\":\"Bundle\"\n}",
    "{\"resourceType\":\"Bundle\",\"entry\":[%s],\"type\":\"x\",\n\"link\":[{\"relation\":1}]}",
    "{\"resourceType\":\"Bundle\",\"colour\":1,\"type\":\"batch\",\"entry\":[%s],\"entry\":[{}]}",
    "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"_entry\":[1],\"entry\":[%s],\n\"total\":-1}",
    "{\"resourceType\":\"List\",\"entry\":[%s]}",
    "{\"entry\":[%s]}",
    "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"\\u0065ntry\":[\n%s\n],\"total\":-1}",
    "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[%s],}"};

/* `good`: only the entries that have no fault. */
static size_t make(uint64_t *seed, char *text, size_t room, bool good) {
  char list[16384];
  size_t n = 0, many = (size_t)dice(seed, 8);
  list[0] = 0;
  for (size_t i = 0; i < many; i++)
    n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? "," : "",
                          entries[dice(seed, good ? 5 : sizeof entries / sizeof *entries)]);
  const char *outer = outers[dice(seed, good ? 2 : sizeof outers / sizeof *outers)];
  const char *hole = strstr(outer, "%s");
  return (size_t)snprintf(text, room, "%.*s%s%s", (int)(hole - outer), outer, list, hole + 2);
}

static void test_random(void **state) {
  (void)state;
  char text[20000];
  uint64_t seed = 3;
  for (int round = 0; round < 20000; round++) {
    size_t n = make(&seed, text, sizeof text, round % 3 == 0);
    if (dice(&seed, 4) == 0 && n) text[dice(&seed, n)] = (char)(32 + dice(&seed, 95));
    check((zd_slice){text, n}, (size_t)dice(&seed, 40));
  }
}

/* Parts of every size; cut off at every byte. */
static void test_every_byte(void **state) {
  (void)state;
  char text[20000];
  uint64_t seed = 11;
  for (int round = 0; round < 6; round++) {
    size_t n = make(&seed, text, sizeof text, true);
    for (size_t step = 1; step <= n; step++) check((zd_slice){text, n}, step);
    for (size_t cut = 0; cut < n; cut++) check((zd_slice){text, cut}, 7);
  }
}

static void test_kind(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool bundle, batch;
  } rows[] = {{"{\"resourceType\":\"Bundle\",\"entry\":[1],\"type\":\"batch\"}", true, true},
              {"{\"resourceType\":\"Bundle\",\"type\":\"b\\u0061tch\"}", true, true},
              {"{\"resourceType\":\"Bundle\",\"type\":[\"batch\"]}", true, false},
              {"{\"resourceType\":\"Bundle\"}", true, false},
              {"{\"resourceType\":\"List\",\"type\":\"batch\"}", false, false},
              {"[\"Bundle\"]", false, false},
              {"{\"resourceType\":\"Bundle\",\"type\":\"batch\"", false, false},
              {"", false, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_fhir_bundle b;
    zd_fhir_bundle_init(&b, zd_schema_r4(), NULL, 10);
    assert_int_equal(zd_fhir_bundle_feed(&b, zd_slice_of(rows[i].text)), ZD_OK);
    assert_int_equal(zd_fhir_bundle_end(&b), ZD_OK);
    assert_int_equal(b.is_bundle, rows[i].bundle);
    assert_int_equal(zd_fhir_bundle_is(&b, ZD_S("batch")), rows[i].batch);
    zd_fhir_bundle_free(&b);
  }
}

/* A part of a file: its issues are placed in the file. */
static void test_part(void **state) {
  (void)state;
  zd_fhir_bundle b;
  zd_arena arena;
  zd_issues issues;
  zd_tree tree;
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_slice text = ZD_S("{\"fullUrl\":1},\n {\"fullUrl\":2}");
  zd_fhir_bundle_init(&b, zd_schema_r4(), NULL, 10);
  b.line = 5;
  b.column = 7;
  zd_json_item first = {0, 13}, second = {16, 13};
  assert_int_equal(zd_fhir_bundle_item(&b, text, first, 40, &arena, &tree, &issues),
                   ZD_ERR_INVALID);
  assert_int_equal(zd_fhir_bundle_item(&b, text, second, 41, &arena, &tree, &issues),
                   ZD_ERR_INVALID);
  assert_int_equal(issues.items[0].line, 5);
  assert_int_equal(issues.items[0].column, 18);
  assert_true(zd_slice_eq(issues.items[0].expression, ZD_S("Bundle.entry[40].fullUrl")));
  assert_int_equal(issues.items[1].line, 6);
  assert_int_equal(issues.items[1].column, 13);
  assert_true(zd_slice_eq(issues.items[1].expression, ZD_S("Bundle.entry[41].fullUrl")));
  zd_fhir_bundle_free(&b);
  zd_arena_free(&arena);
}

static zd_arena *one_arena(void *context, size_t i, size_t n) {
  (void)i;
  (void)n;
  return context;
}

static zd_err say_taken(void *context, size_t i, const zd_tree *tree) {
  (void)context;
  (void)tree;
  assert_int_equal(i, 1);
  return ZD_OK;
}

static zd_err say_refused(void *context, size_t i, zd_err err, const zd_issues *issues) {
  (void)context;
  assert_int_equal(i, 0);
  assert_int_equal(err, ZD_ERR_LIMIT);
  assert_int_equal(issues->n, 1);
  assert_int_equal(issues->items[0].code, ZD_ISSUE_TOO_LONG);
  assert_true(zd_slice_eq(issues->items[0].expression, ZD_S("Bundle.entry[0]")));
  return ZD_OK;
}

/* An entry that is too deep is refused alone, and read again alone with the same fault. */
static void test_too_deep_alone(void **state) {
  (void)state;
  zd_fhir_bundle b;
  zd_arena arena;
  zd_issues issues;
  zd_tree tree;
  zd_read_limits limits = {.depth = 5, .nodes = 100};
  zd_slice text = ZD_S(
      "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":["
      "{\"resource\":{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"a\"]}]}},"
      "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"b\"}}]}");
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_fhir_bundle_init(&b, zd_schema_r4(), &limits, 10);
  assert_int_equal(zd_fhir_bundle_feed(&b, text), ZD_OK);
  assert_int_equal(zd_fhir_bundle_end(&b), ZD_OK);
  zd_fhir_entries to = {&arena, one_arena, say_taken, say_refused};
  assert_int_equal(zd_fhir_bundle_read(&b, text, &to, &arena, &issues), ZD_OK);
  assert_int_equal(issues.n, 0);
  assert_int_equal(zd_fhir_bundle_item(&b, text, b.split.items[0], 0, &arena, &tree, &issues),
                   ZD_ERR_LIMIT);
  assert_true(zd_slice_eq(issues.items[0].expression, ZD_S("Bundle.entry[0]")));
  zd_fhir_bundle_free(&b);
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random), cmocka_unit_test(test_every_byte), cmocka_unit_test(test_kind),
      cmocka_unit_test(test_part), cmocka_unit_test(test_too_deep_alone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
