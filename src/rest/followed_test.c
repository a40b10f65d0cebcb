/* What a stored body refers to, and which parameters hold care dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rest/care_date.h"
#include "rest/followed.h"
#include "rest/world.h"

/* Only these types are wanted; all are counted. */
static zd_err any(void *state, zd_type type, zd_row row, bool *yes) {
  (void)type, (void)row;
  (*(size_t *)state)++;
  *yes = true;
  return ZD_OK;
}

static void put(world *w, const char *type, const char *id) {
  zd_snapshot *v;
  zd_txn *txn;
  char body[100];
  snprintf(body, sizeof body, "{\"resourceType\":\"%s\",\"id\":\"%s\",\"meta\":{}}", type, id);
  uint32_t symbol =
      zd_search_type_symbol(w->search, zd_schema_type(zd_schema_r4(), zd_slice_of(type)));
  zd_write write = {.op = ZD_OP_CREATE,
                    .type = symbol,
                    .id = zd_slice_of(id),
                    .previous = ZD_NO_ROW,
                    .body = zd_slice_of(body)};
  assert_int_equal(zd_store_snapshot(w->store, &v), ZD_OK);
  assert_int_equal(zd_txn_begin(w->store, zd_snapshot_row(v), &txn), ZD_OK);
  zd_snapshot_release(v);
  assert_int_equal(zd_txn_put(txn, &write), ZD_OK);
  assert_int_equal(zd_store_commit(w->store, txn).err, ZD_OK);
}

static void test_references(void **state) {
  (void)state;
  static const struct {
    const char *body;
    size_t found;
  } rows[] = {
      {"{\"subject\":{\"reference\":\"Patient/1\"}}", 1},
      {"{\"subject\":{\"reference\":\"Patient\\/1\"}}", 1},
      {"{\"subject\":{\"reference\":\"\\u0050atient/1\"}}", 1},
      {"{\"subject\":{\"reference\":\"http://here.example/fhir/Patient/1\"}}", 1},
      {"{\"subject\":{\"reference\":\"Patient/1/_history/7\"}}", 1},
      {"[{\"reference\":\"Patient/1\"},{\"reference\":\"Patient/1/_history/2\"}]", 1},
      {"[{\"reference\":\"Patient/1\"},{\"reference\":\"Practitioner/1\"}]", 2},
      {"{\"subject\":{\"reference\":\"http://there.example/fhir/Patient/1\"}}", 0},
      {"{\"subject\":{\"reference\":\"Patient/2\"}}", 0},
      {"{\"subject\":{\"reference\":\"#1\"}}", 0},
      {"{\"subject\":{\"reference\":\"\"}}", 0},
      {"{\"subject\":{\"reference\":\"Patient?identifier=1\"}}", 0},
      {"{\"subject\":{\"reference\":\"a\\\"b\"}}", 0},
      {"{\"display\":\"\\\"reference\\\":\\\"Patient/1\\\"\"}", 0},
      {"{\"display\":\"x\\\\\\\"reference\\\":\\\"Patient/1\"}", 0},
      {"{\"display\":\"Patient/1\"}", 0},
      {"{\"reference\":{\"reference\":\"Patient/1\"}}", 1},
      {"{\"attachment\":{\"url\":\"Binary/1\"}}", 1},
      {"{\"attachment\":{\"url\":\"http:\\/\\/here.example\\/fhir\\/Binary\\/1\"}}", 1},
      {"{\"attachment\":{\"url\":\"\\u0042inary/1\"}}", 1},
      {"{\"attachment\":{\"url\":\"http://there.example/Binary/1\"}}", 0},
      {"{\"extension\":[{\"url\":\"Patient/1\",\"valueString\":\"Binary\"}]}", 0},
      {"{\"extension\":[{\"url\":\"Patient/Binary\",\"valueString\":\"Binary\"}]}", 0},
  };
  world w = {0};
  zd_fault fault;
  assert_true(world_open(&w, &fault));
  put(&w, "Patient", "1");
  put(&w, "Patient", "Binary");
  put(&w, "Practitioner", "1");
  put(&w, "Binary", "1");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_arena scratch;
    zd_followed f;
    size_t asked = 0;
    zd_arena_init(&scratch, 0);
    zd_followed_init(&f, w.rest, &scratch);
    f.wanted = any;
    f.state = &asked;
    assert_int_equal(zd_store_snapshot(w.store, &f.v), ZD_OK);
    for (int twice = 0; twice < 2; twice++)
      assert_int_equal(zd_follow(&f, zd_slice_of(rows[i].body)), ZD_OK);
    for (bool more = true; more;) assert_int_equal(zd_followed_next(&f, &more, &fault), ZD_OK);
    if (zd_followed_count(&f) != rows[i].found || asked != rows[i].found)
      fail_msg("%s: %zu of %zu", rows[i].body, zd_followed_count(&f), asked);
    zd_snapshot_release(f.v);
    zd_followed_free(&f);
    zd_arena_free(&scratch);
  }
  world_close(&w);
}

/* What is given is not asked for, whether it was named before or after, in whatever form. */
static void test_what_is_given_is_not_looked_for(void **state) {
  (void)state;
  static const char body[] =
      "[{\"reference\":\"Patient/1\"},{\"reference\":\"Practitioner/1\"},"
      "{\"reference\":\"http://here.example/fhir/Patient/2/_history/3\"}]";
  const zd_schema *schema = zd_schema_r4();
  zd_type patient = zd_schema_type(schema, ZD_S("Patient"));
  world w = {0};
  zd_fault fault;
  assert_true(world_open(&w, &fault));
  put(&w, "Patient", "1");
  put(&w, "Patient", "2");
  put(&w, "Practitioner", "1");
  zd_arena scratch;
  zd_followed f;
  size_t asked = 0;
  zd_arena_init(&scratch, 0);
  zd_followed_init(&f, w.rest, &scratch);
  f.wanted = any;
  f.state = &asked;
  assert_int_equal(zd_store_snapshot(w.store, &f.v), ZD_OK);
  assert_int_equal(zd_followed_given(&f, patient, ZD_S("1")), ZD_OK);
  assert_int_equal(zd_follow(&f, zd_slice_of(body)), ZD_OK);
  assert_int_equal(zd_followed_given(&f, patient, ZD_S("2")), ZD_OK);
  for (bool more = true; more;) assert_int_equal(zd_followed_next(&f, &more, &fault), ZD_OK);
  assert_int_equal(asked, 1);
  assert_int_equal(zd_followed_count(&f), 1);
  zd_snapshot_release(f.v);
  zd_followed_free(&f);
  zd_arena_free(&scratch);
  world_close(&w);
}

static bool is_date(const zd_schema *s, zd_type type, const char *code) {
  uint32_t p = zd_schema_param_find(s, type, zd_slice_of(code));
  return p != UINT32_MAX && zd_schema_param(s, p).type == ZD_PARAM_DATE;
}

/* Each row names date parameters of a type of the compartment. */
static void test_care_dates_are_parameters(void **state) {
  (void)state;
  const zd_schema *s = zd_schema_r4();
  zd_type patient = zd_schema_type(s, ZD_S("Patient"));
  size_t n;
  const zd_care_date *rows = zd_care_dates(&n);
  for (size_t i = 0; i < n; i++) {
    zd_type type = zd_schema_type(s, zd_slice_of(rows[i].type));
    if (type == ZD_NO_TYPE || !zd_schema_compartment(s, patient, type, NULL, 0) ||
        !is_date(s, type, rows[i].first) || (rows[i].second && !is_date(s, type, rows[i].second)))
      fail_msg("%s", rows[i].type);
  }
}

/* What has no row has no date of care that R4 can search for. */
static void test_no_care_date_is_forgotten(void **state) {
  (void)state;
  static const char *const without[] = {"Patient", "Person"}; /* birth, death: not care */
  const zd_schema *s = zd_schema_r4();
  zd_type patient = zd_schema_type(s, ZD_S("Patient"));
  for (zd_type t = 0; t < zd_schema_type_count(s); t++) {
    zd_slice name = zd_schema_type_info(s, t).name;
    uint32_t params[256];
    if (!zd_schema_is_resource(s, t) || !zd_schema_compartment(s, patient, t, NULL, 0)) continue;
    bool known = zd_care_date_of(name) != NULL;
    for (size_t i = 0; i < 2; i++) known |= zd_slice_eq(name, zd_slice_of(without[i]));
    size_t n = zd_schema_params_of(s, t, params, 256);
    for (size_t i = 0; i < n && !known; i++) {
      zd_param_info p = zd_schema_param(s, params[i]);
      bool everywhere =
          zd_slice_eq(p.code, ZD_S("_lastUpdated")) || zd_slice_eq(p.code, ZD_S("birthdate"));
      if (p.type == ZD_PARAM_DATE && !everywhere)
        fail_msg("%.*s has %.*s", ZD_SV(name), ZD_SV(p.code));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_references),
                                     cmocka_unit_test(test_what_is_given_is_not_looked_for),
                                     cmocka_unit_test(test_care_dates_are_parameters),
                                     cmocka_unit_test(test_no_care_date_is_forgotten)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
