/* Which fields the rows stored earlier have, over programs that know more and fewer parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fhir/codec.h"
#include "fhir/definitions.h"
#include "search/internal.h"

typedef struct world {
  char dir[64];
  zd_buffer image;
  const zd_schema *newer; /* knows Patient?second */
  zd_store *store;
  zd_search *search;
} world;

static const char second[] =
    "{\"resourceType\":\"SearchParameter\",\"url\":\"http://x/second\",\"code\":\"second\","
    "\"base\":[\"Patient\"],\"type\":\"string\",\"expression\":\"Patient.name.given[1]\"}";

static int set_up(void **state) {
  world *w = calloc(1, sizeof *w);
  zd_definitions *d;
  zd_fault fault = {0};
  strcpy(w->dir, "/tmp/zd_fields_test_XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  zd_buffer_init(&w->image, 0);
  assert_int_equal(zd_definitions_extend(zd_schema_r4(), &d, &fault), ZD_OK);
  assert_int_equal(zd_definitions_add(d, zd_slice_of(second), &fault), ZD_OK);
  if (zd_definitions_build(d, &w->image, &fault)) fail_msg("%s", fault.text);
  zd_definitions_free(d);
  assert_int_equal(zd_schema_from_image(w->image.p, w->image.n, &w->newer, &fault), ZD_OK);
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  world *w = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", w->dir);
  assert_int_equal(system(command), 0);
  zd_buffer_free(&w->image);
  free(w);
  return 0;
}

static void start_with(world *w, const zd_schema *schema, const zd_units *units) {
  zd_fault fault = {0};
  zd_store_options options = {.dir = w->dir};
  if (zd_store_open(&options, &w->store, &fault)) fail_msg("%s", fault.text);
  if (zd_search_open_units(schema, w->store, ZD_S(""), units, &w->search, &fault))
    fail_msg("%s", fault.text);
  if (zd_search_compare(w->search, false, &fault)) fail_msg("%s", fault.text);
  if (zd_store_start(w->store, zd_search_indexer(w->search), &fault)) fail_msg("%s", fault.text);
}

static void start(world *w, const zd_schema *schema) {
  start_with(w, schema, NULL);
}

static void stop(world *w) {
  zd_store_close(w->store);
  zd_search_close(w->search);
}

static void catch_up(world *w) {
  zd_fault fault = {0};
  if (zd_search_catch_up(w->search, NULL, NULL, &fault)) fail_msg("%s", fault.text);
  assert_int_equal(zd_search_behind(w->search), 0);
}

static void store_resource(world *w, const char *id, const char *text) {
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_buffer stored;
  zd_txn *txn;
  zd_snapshot *v;
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_buffer_init(&stored, 0);
  const zd_schema *s = w->search->schema;
  assert_int_equal(
      zd_fhir_read_json(s, zd_slice_of(text), ZD_NO_TYPE, NULL, &arena, &tree, &issues), ZD_OK);
  zd_write write = {.op = ZD_OP_CREATE, .id = zd_slice_of(id), .previous = ZD_NO_ROW};
  write.type = zd_search_type_symbol(w->search, tree.nodes[0].type);
  zd_fhir_write_stored(&tree, 0, NULL, &stored, &write.stamp_at);
  write.body = zd_buffer_slice(&stored);
  assert_int_equal(zd_search_entries(w->search, &tree, 0, NULL, NULL, 0, &arena, &write.entries,
                                     &write.entry_count),
                   ZD_OK);
  assert_int_equal(zd_store_snapshot(w->store, &v), ZD_OK);
  assert_int_equal(zd_txn_begin(w->store, zd_snapshot_row(v), &txn), ZD_OK);
  zd_snapshot_release(v);
  assert_int_equal(zd_txn_put(txn, &write), ZD_OK);
  assert_int_equal(zd_store_commit(w->store, txn).err, ZD_OK);
  zd_buffer_free(&stored);
  zd_arena_free(&arena);
}

static void store_patient(world *w, const char *id) {
  char text[200];
  snprintf(
      text, sizeof text,
      "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"name\":[{\"given\":[\"Anna\",\"Vera\"]}]}",
      id);
  store_resource(w, id, text);
}

/* How many a query finds; -1: refused. */
static int found_by(world *w, const char *name, const char *query) {
  zd_arena arena;
  zd_issues issues;
  zd_query q;
  zd_snapshot *v;
  uint64_t n = 0;
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_type type = zd_schema_type(w->search->schema, zd_slice_of(name));
  zd_err err = zd_search_parse(w->search, type, zd_slice_of(query), NULL, &arena, &q, &issues);
  if (err == ZD_OK) {
    zd_search_request request = {.plan = q.plan, .after = ZD_NO_ROW};
    assert_int_equal(zd_store_snapshot(w->store, &v), ZD_OK);
    assert_int_equal(zd_snapshot_count(v, &request, &n, NULL), ZD_OK);
    zd_snapshot_release(v);
  }
  zd_arena_free(&arena);
  return err == ZD_OK ? (int)n : -1;
}

static int found(world *w) {
  return found_by(w, "Patient", "second=ver");
}

static void no_finding(void *context, const char *text) {
  (void)context;
  fail_msg("%s", text);
}

static void an_empty_store_is_complete_at_once(void **state) {
  world *w = *state;
  start(w, w->newer);
  assert_int_equal(zd_search_behind(w->search), 0); /* without catching up: rows may come first */
  assert_int_equal(found(w), 0);
  stop(w);
  start(w, w->newer);
  assert_int_equal(zd_search_behind(w->search), 0);
  stop(w);
}

static void a_new_parameter_is_refused_until_all_rows_have_its_field(void **state) {
  world *w = *state;
  start(w, zd_schema_r4());
  catch_up(w);
  store_patient(w, "before");
  stop(w);
  for (int i = 0; i < 2; i++) { /* also when nobody caught up the first time */
    start(w, w->newer);
    assert_int_equal(zd_search_behind(w->search), 2); /* and what its modifiers ask */
    assert_int_equal(found(w), -1);
    if (i) catch_up(w);
    if (i) assert_int_equal(found(w), 1);
    stop(w);
  }
  start(w, w->newer);
  assert_int_equal(found(w), 1);
  assert_int_equal(zd_store_check(w->store, no_finding, NULL, NULL, NULL), ZD_OK);
  stop(w);
}

static void what_an_older_program_wrote_in_between_is_found(void **state) {
  world *w = *state;
  start(w, w->newer);
  catch_up(w);
  store_patient(w, "first");
  assert_int_equal(found(w), 1);
  stop(w);
  start(w, zd_schema_r4());
  assert_int_equal(zd_search_behind(w->search), 0);
  store_patient(w, "between");
  stop(w);
  start(w, w->newer);
  assert_int_equal(found(w), -1);
  store_patient(w, "last");
  catch_up(w);
  assert_int_equal(found(w), 3);
  assert_int_equal(zd_store_check(w->store, no_finding, NULL, NULL, NULL), ZD_OK);
  stop(w);
}

/* Knows milligrams. */
static zd_err canonical(void *state, zd_slice code, zd_arena *arena, zd_canonical_unit *out) {
  (void)state;
  bool mg = zd_slice_eq(code, ZD_S("mg"));
  if (!mg && !zd_slice_eq(code, ZD_S("g"))) return ZD_ERR_NOT_FOUND;
  out->code = ZD_S("g");
  zd_err err = zd_decimal_read(ZD_S("1"), arena, &out->numerator);
  return err ? err : zd_decimal_read(mg ? ZD_S("1000") : ZD_S("1"), arena, &out->denominator);
}

static void quantities_wait_for_their_canonical_units(void **state) {
  world *w = *state;
  zd_units units = {.canonical = canonical};
  static const char grams[] = "value-quantity=1.0|http://unitsofmeasure.org|g";
  start(w, zd_schema_r4());
  store_resource(w, "o",
                 "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"code\":"
                 "{\"text\":\"c\"},\"valueQuantity\":{\"value\":1000,\"system\":"
                 "\"http://unitsofmeasure.org\",\"code\":\"mg\"}}");
  assert_int_equal(found_by(w, "Observation", grams), 0); /* as written */
  stop(w);
  start_with(w, zd_schema_r4(), &units);
  assert_int_equal(found_by(w, "Observation", grams), -1);
  assert_int_equal(found_by(w, "Observation", "code:text=c"), 1); /* nothing new to that one */
  catch_up(w);
  assert_int_equal(found_by(w, "Observation", grams), 1);
  assert_int_equal(zd_store_check(w->store, no_finding, NULL, NULL, NULL), ZD_OK);
  stop(w);
}

static void a_damaged_note_is_an_error(void **state) {
  world *w = *state;
  zd_fault fault = {0};
  zd_store_options options = {.dir = w->dir};
  static const char *const texts[] = {"", "fields 2\n", "fields 1\n5", "fields 1\n5-4\n",
                                      "fields 1\nx\n"};
  assert_int_equal(zd_store_open(&options, &w->store, &fault), ZD_OK);
  assert_int_equal(zd_search_open(zd_schema_r4(), w->store, ZD_S(""), &w->search, &fault), ZD_OK);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    assert_int_equal(zd_store_set_note(w->store, "fields", zd_slice_of(texts[i]), &fault), ZD_OK);
    assert_int_equal(zd_search_compare(w->search, false, &fault), ZD_ERR_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "fields"));
  }
  stop(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(an_empty_store_is_complete_at_once, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_new_parameter_is_refused_until_all_rows_have_its_field,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_an_older_program_wrote_in_between_is_found, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(quantities_wait_for_their_canonical_units, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_damaged_note_is_an_error, set_up, tear_down)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
