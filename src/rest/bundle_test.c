/* Transactions and batches on a real store: the rules of http.html#trules, and random concurrent
 * writers against what must hold of any order of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <cmocka.h>

#include "rest/world.h"

static int open_world(void **state) {
  world *w = calloc(1, sizeof *w);
  zd_fault fault = {0};
  assert_non_null(w);
  if (!world_open(w, &fault)) fail_msg("%s", fault.text);
  *state = w;
  return 0;
}

static int close_world(void **state) {
  world_close(*state);
  free(*state);
  return 0;
}

/* Runs a Bundle given as text with ' for "; "" or the first issue. */
static zd_err run(world *w, const char *text, uint64_t *written, char said[400]) {
  zd_arena arena;
  zd_issues issues;
  zd_fhir_bundle parts;
  zd_arena_init(&arena, 0);
  char *json = (char *)(uintptr_t)zd_arena_copy(&arena, zd_slice_of(text)).p;
  assert_non_null(json);
  for (char *p = json; *p; p++)
    if (*p == '\'') *p = '"';
  zd_issues_init(&issues, &arena);
  *written = 0;
  zd_fhir_bundle_init(&parts, zd_schema_r4(), NULL, 1000);
  assert_int_equal(zd_fhir_bundle_feed(&parts, zd_slice_of(json)), ZD_OK);
  assert_int_equal(zd_fhir_bundle_end(&parts), ZD_OK);
  zd_err err = zd_rest_bundle(w->rest, &parts, zd_slice_of(json), (zd_slice){NULL, 0}, &arena, NULL,
                              written, &issues);
  snprintf(said, 400, "%.*s", issues.n ? (int)issues.items[0].diagnostics.n : 0,
           issues.n ? issues.items[0].diagnostics.p : "");
  zd_fhir_bundle_free(&parts);
  zd_arena_free(&arena);
  return err;
}

static uint64_t count(world *w, const char *type, const char *query) {
  zd_arena arena;
  zd_issues issues;
  zd_query q;
  zd_snapshot *v;
  zd_fault fault;
  uint64_t n = UINT64_MAX;
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  assert_int_equal(zd_store_snapshot(w->store, &v), ZD_OK);
  zd_query_options options = {.snapshot = v};
  zd_type t = zd_schema_type(zd_schema_r4(), zd_slice_of(type));
  assert_int_equal(zd_search_parse(w->search, t, zd_slice_of(query), &options, &arena, &q, &issues),
                   ZD_OK);
  zd_search_request ask = {.plan = q.plan, .after = ZD_NO_ROW};
  assert_int_equal(zd_snapshot_count(v, &ask, &n, &fault), ZD_OK);
  zd_snapshot_release(v);
  zd_arena_free(&arena);
  return n;
}

#define BUNDLE(type, entries) "{'resourceType':'Bundle','type':'" type "','entry':[" entries "]}"
#define REQUEST(method, url) "'request':{'method':'" method "','url':'" url "'}"
#define PATIENT(members) "'resource':{'resourceType':'Patient'" members "}"
#define FINE "{" PATIENT("") "," REQUEST("POST", "Patient") "}"
#define SEEN(subject)                                                              \
  "'resource':{'resourceType':'Observation','status':'final','code':{'text':'x'}," \
  "'subject':{'reference':'" subject "'}}"

static const struct rule {
  const char *name, *text;
  zd_err err;
  uint64_t written;
  const char *said;
} rules[] = {
    {"empty", "{'resourceType':'Bundle','type':'transaction'}", ZD_OK, 0, ""},
    {"other types", "{'resourceType':'Bundle','type':'collection'}", ZD_ERR_REFUSED, 0,
     "cannot be processed"},
    {"no request", BUNDLE("transaction", "{" PATIENT("") "}"), ZD_ERR_REFUSED, 0, "no request"},
    {"no resource", BUNDLE("transaction", "{" REQUEST("POST", "Patient") "}"), ZD_ERR_REFUSED, 0,
     "no resource"},
    {"another type", BUNDLE("transaction", "{" PATIENT("") "," REQUEST("POST", "Group") "}"),
     ZD_ERR_REFUSED, 0, "another type"},
    {"a Bundle within",
     BUNDLE("transaction",
            "{'resource':{'resourceType':'Bundle','type':"
            "'batch'}," REQUEST("POST", "/") "}"),
     ZD_ERR_REFUSED, 0, "within a Bundle"},
    {"urn:uuid",
     BUNDLE("transaction",
            "{" SEEN("urn:uuid:9b1c7c4e-5a0e-4a94-9d26-1d1a5c4b1d01") "," REQUEST(
                "POST", "Observation") "},"
                                       "{'fullUrl':'urn:uuid:9b1c7c4e-5a0e-4a94-9d26-"
                                       "1d1a5c4b1d01'," PATIENT("") "," REQUEST("POST",
                                                                                "Patient") "}"),
     ZD_OK, 2, ""},
    {"urn:uuid of nothing",
     BUNDLE("transaction", "{" SEEN("urn:uuid:9b1c7c4e-5a0e-4a94-9d26-1d1a5c4b1d02") "," REQUEST(
                               "POST", "Observation") "}"),
     ZD_ERR_REFUSED, 0, "no entry of this transaction"},
    {"one fullUrl twice",
     BUNDLE("transaction",
            "{'fullUrl':'urn:uuid:9b1c7c4e-5a0e-4a94-9d26-1d1a5c4b1d03'," PATIENT("") "," REQUEST(
                "POST", "Patient") "},"
                                   "{'fullUrl':'urn:uuid:9b1c7c4e-5a0e-4a94-"
                                   "9d26-1d1a5c4b1d03'," PATIENT("") "," REQUEST("POST",
                                                                                 "Patient") "}"),
     ZD_ERR_REFUSED, 0, "stands at two entries"},
    {"one resource twice",
     BUNDLE("transaction", "{" PATIENT(",'id':'a'") "," REQUEST(
                               "PUT", "Patient/a") "},{" PATIENT(",'id':'a'") "," REQUEST("PUT",
                                                                                          "Patient/"
                                                                                          "a") "}"),
     ZD_ERR_REFUSED, 0, "writes the same resource"},
    {"a contained resource is no entry",
     BUNDLE("transaction",
            "{'resource':{'resourceType':'Observation','status':'final','code':{'text':'x'},"
            "'contained':[{'resourceType':'Patient','id':'p'}],'subject':{'reference':'#p'}}"
            "," REQUEST("POST", "Observation") "}"),
     ZD_OK, 1, ""},
    {"a condition of another type",
     BUNDLE("transaction", "{" SEEN("Elephant?name=a") "," REQUEST("POST", "Observation") "}"),
     ZD_ERR_REFUSED, 0, "an unknown resource type"},
    {"one condition in two encodings is one resource, for references, too",
     BUNDLE(
         "transaction",
         "{" PATIENT(
             ",'identifier':[{'system':'urn:e','value':'1'}]") ",'request':{'method':"
                                                               "'POST','url':'Patient','"
                                                               "ifNoneExist':'identifier="
                                                               "urn:e|1&active:missing="
                                                               "true'}},"
                                                               "{" PATIENT(
                                                                   ",'identifier':[{'"
                                                                   "system':'urn:e','"
                                                                   "value':'1'}]") ",'"
                                                                                   "reques"
                                                                                   "t':{'"
                                                                                   "method"
                                                                                   "':"
                                                                                   "'POST'"
                                                                                   ",'url'"
                                                                                   ":'"
                                                                                   "Patien"
                                                                                   "t','"
                                                                                   "ifNone"
                                                                                   "Exist'"
                                                                                   ":'"
                                                                                   "active"
                                                                                   ":missi"
                                                                                   "ng="
                                                                                   "true&"
                                                                                   "identi"
                                                                                   "fier="
                                                                                   "urn%"
                                                                                   "3Ae%"
                                                                                   "7C1'}}"
                                                                                   ","
                                                                                   "{" SEEN(
                                                                                       "Pa"
                                                                                       "ti"
                                                                                       "en"
                                                                                       "t?"
                                                                                       "id"
                                                                                       "en"
                                                                                       "ti"
                                                                                       "fi"
                                                                                       "er"
                                                                                       "=u"
                                                                                       "rn"
                                                                                       "%3"
                                                                                       "Ae"
                                                                                       "%7"
                                                                                       "C1"
                                                                                       "&a"
                                                                                       "ct"
                                                                                       "iv"
                                                                                       "e:"
                                                                                       "mi"
                                                                                       "ss"
                                                                                       "in"
                                                                                       "g="
                                                                                       "tr"
                                                                                       "u"
                                                                                       "e") "," REQUEST("POST",
                                                                                                        "Observation") "}"),
     ZD_OK, 2, ""},
    {"two updates on one condition that nothing matches",
     BUNDLE("transaction",
            "{" PATIENT("") "," REQUEST("PUT", "Patient?identifier=urn:u|1") "},{" PATIENT(
                "") "," REQUEST("PUT", "Patient?identifier=urn%3Au|1") "}"),
     ZD_ERR_REFUSED, 0, "writes the same resource"},
    {"an update that would meet what a create makes",
     BUNDLE("transaction",
            "{" PATIENT("") ",'request':{'method':'POST','url':'Patient','ifNoneExist':"
                            "'identifier=urn:u|2'}},{" PATIENT("") "," REQUEST(
                                "PUT", "Patient?identifier=urn:u|2") "}"),
     ZD_ERR_REFUSED, 0, "writes the same resource"},
    {"batch: each for itself",
     BUNDLE("batch", "{" PATIENT("") "," REQUEST("POST", "Patient") "},{" PATIENT("") "," REQUEST(
                         "PUT", "Patient/b") "}"),
     ZD_ERR_REFUSED, 1, "the resource has no id"},
    {"batch: an entry that cannot be read fails alone",
     BUNDLE("batch",
            FINE ",{" PATIENT(",'gender':'bad'") "," REQUEST("POST", "Patient") "},7," FINE),
     ZD_ERR_REFUSED, 2, "bad"},
    {"transaction: an entry that cannot be read fails all",
     BUNDLE("transaction",
            FINE ",{" PATIENT(",'gender':'bad'") "," REQUEST("POST", "Patient") "}," FINE),
     ZD_ERR_REFUSED, 0, "bad"},
    {"batch: what is no JSON fails all", BUNDLE("batch", FINE ",{'resource':}"), ZD_ERR_REFUSED, 0,
     "not acceptable as JSON"},
    {"batch: faults around the entries fail all",
     "{'resourceType':'Bundle','type':'batch','entry':[" FINE "],'total':-1}", ZD_ERR_REFUSED, 0,
     "not a whole number"},
};

static void test_rules(void **state) {
  world *w = *state;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    uint64_t written;
    char said[400];
    zd_err err = run(w, rules[i].text, &written, said);
    if (err != rules[i].err || written != rules[i].written || !strstr(said, rules[i].said))
      fail_msg("%s: %s, %d written, \"%s\"", rules[i].name, zd_err_name(err), (int)written, said);
  }
}

/* ---- writers at once ---- */

enum { WRITERS = 4, STEPS = 60, KEYS = 5 };

typedef struct writer {
  world *w;
  unsigned seed;
  uint64_t puts[KEYS]; /* updates of Patient/k0.. that were acknowledged */
} writer;

/* Conditional creates of few keys, updates of few patients, and both in one transaction. */
static void *write_on(void *context) {
  writer *me = context;
  for (int i = 0; i < STEPS; i++) {
    unsigned key = (unsigned)rand_r(&me->seed) % KEYS;
    int what = rand_r(&me->seed) % 3;
    char create[400], update[300], text[900], said[400];
    uint64_t written;
    snprintf(create, sizeof create,
             "{" PATIENT(",'identifier':[{'system':'urn:k','value':'%u'}]")
             ",'request':{'method':'POST','url':'Patient','ifNoneExist':'identifier=urn:k|%u'}}",
             key, key);
    snprintf(update, sizeof update,
             "{" PATIENT(",'id':'k%u'") "," REQUEST("PUT", "Patient/k%u") "}", key, key);
    snprintf(text, sizeof text, BUNDLE("transaction", "%s%s%s"), what != 1 ? create : "",
             what == 2 ? "," : "", what != 0 ? update : "");
    zd_err err = run(me->w, text, &written, said);
    if (err != ZD_OK) fail_msg("%s: %s", zd_err_name(err), said);
    me->puts[key] += what != 0;
  }
  return NULL;
}

/* Whatever the order was: one resource per condition, and versions without gaps, one per update.
 */
static void test_writers(void **state) {
  world *w = *state;
  writer writers[WRITERS] = {0};
  pthread_t threads[WRITERS];
  for (unsigned i = 0; i < WRITERS; i++) {
    writers[i].w = w;
    writers[i].seed = 17 + i;
    assert_int_equal(pthread_create(&threads[i], NULL, write_on, &writers[i]), 0);
  }
  for (unsigned i = 0; i < WRITERS; i++) pthread_join(threads[i], NULL);
  zd_snapshot *v;
  uint32_t type = zd_search_type_symbol(w->search, zd_schema_type(zd_schema_r4(), ZD_S("Patient")));
  assert_int_equal(zd_store_snapshot(w->store, &v), ZD_OK);
  for (unsigned k = 0; k < KEYS; k++) {
    char text[40], id[8];
    snprintf(text, sizeof text, "identifier=urn:k|%u", k);
    snprintf(id, sizeof id, "k%u", k);
    assert_true(count(w, "Patient", text) <= 1);
    uint64_t puts = 0;
    for (unsigned i = 0; i < WRITERS; i++) puts += writers[i].puts[k];
    zd_row rows[WRITERS * STEPS];
    size_t n = 0;
    assert_int_equal(
        zd_snapshot_versions(v, type, zd_slice_of(id), ZD_NO_ROW, rows, WRITERS * STEPS, &n),
        puts ? ZD_OK : ZD_ERR_NOT_FOUND);
    assert_int_equal(n, puts);
    for (size_t i = 0; i < n; i++) {
      zd_record record;
      assert_int_equal(zd_snapshot_read(v, rows[i], true, NULL, &record, NULL), ZD_OK);
      assert_int_equal(record.version, puts - i);
    }
  }
  zd_snapshot_release(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_rules, open_world, close_world),
      cmocka_unit_test_setup_teardown(test_writers, open_world, close_world)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
