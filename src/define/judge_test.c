/* SearchParameters beside each other: which are used, which are refused, where and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "define/parameter.h"

typedef struct world {
  char dir[64];
  zd_store *store;
  zd_search *search;
} world;

static int set_up(void **state) {
  world *w = calloc(1, sizeof *w);
  zd_fault fault = {0};
  snprintf(w->dir, sizeof w->dir, "/tmp/zd_judge_test_XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  zd_store_options options = {.dir = w->dir};
  assert_int_equal(zd_store_open(&options, &w->store, &fault), ZD_OK);
  assert_int_equal(zd_search_open(zd_schema_r4(), w->store, ZD_S(""), &w->search, &fault), ZD_OK);
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  world *w = *state;
  char command[128];
  zd_store_close(w->store);
  zd_search_close(w->search);
  snprintf(command, sizeof command, "rm -rf %s", w->dir);
  assert_int_equal(system(command), 0);
  free(w);
  return 0;
}

/* "a" gives url http://x/a, code a, base Patient, type string, status active, unless `more` says
 * otherwise ("\"type\":\"token\""); first members count. */
typedef struct row {
  const char *id, *expression, *more;
  zd_parameter_standing standing;
  const char *at; /* refused: the element; else NULL */
} row;

static zd_slice text_of(const row *r, zd_arena *arena) {
  return zd_arena_printf(
      arena,
      "{\"resourceType\":\"SearchParameter\"%s%s%s%s%s,\"url\":\"http://x/%s\",\"code\":\"%s\","
      "\"status\":\"active\",\"base\":[\"Patient\"],\"type\":\"string\"}",
      r->more[0] ? "," : "", r->more, r->expression ? ",\"expression\":\"" : "",
      r->expression ? r->expression : "", r->expression ? "\"" : "", r->id, r->id);
}

static void check_rows(world *w, const row *rows, size_t n) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_parameter *all = ZD_NEW_ARRAY(&arena, zd_parameter, n);
  for (size_t i = 0; i < n; i++) {
    all[i] = (zd_parameter){.id = zd_slice_of(rows[i].id), .text = text_of(&rows[i], &arena)};
    assert_int_equal(zd_parameter_read(&all[i], &arena), ZD_OK);
  }
  assert_int_equal(zd_parameters_judge(w->search, all, n, &arena), ZD_OK);
  for (size_t i = 0; i < n; i++) {
    if (all[i].standing != rows[i].standing)
      fail_msg("%s: stands %d: %.*s", rows[i].id, (int)all[i].standing, (int)all[i].why.n,
               all[i].why.n ? all[i].why.p : "");
    if (rows[i].at && !zd_slice_eq(all[i].at, zd_slice_of(rows[i].at)))
      fail_msg("%s: at %.*s", rows[i].id, (int)all[i].at.n, all[i].at.p);
  }
  zd_arena_free(&arena);
}
#define CHECK_ROWS(w, rows) check_rows(w, rows, sizeof(rows) / sizeof *(rows))

#define USED ZD_PARAMETER_USED
#define IDLE ZD_PARAMETER_IDLE
#define ANSWERED ZD_PARAMETER_ANSWERED
#define REFUSED ZD_PARAMETER_REFUSED

static void each_by_itself(void **state) {
  static const row rows[] = {
      {"good", "Patient.name.given[1]", "", USED, NULL},
      {"draft", "Patient.((", "\"status\":\"draft\"", IDLE, NULL},
      {"retired", "Patient.name.given[2]", "\"status\":\"retired\"", IDLE, NULL},
      {"none", NULL, "", REFUSED, "SearchParameter.expression"},
      {"syntax", "Patient.name.((", "", REFUSED, "SearchParameter.expression"},
      {"member", "Patient.nama", "", REFUSED, "SearchParameter.expression"},
      {"function", "Patient.name.trace('x')", "", REFUSED, "SearchParameter.expression"},
      {"other", "Observation.code", "", REFUSED, "SearchParameter.expression"},
      {"half", "Patient.name.given[3]", "\"base\":[\"Patient\",\"Person\"]", REFUSED,
       "SearchParameter.expression"},
      {"kind", "Patient.name.given", "\"type\":\"date\"", REFUSED, "SearchParameter.type"},
      {"kind2", "Patient.birthDate", "\"type\":\"quantity\"", REFUSED, "SearchParameter.type"},
      {"special", "Patient.name", "\"type\":\"special\"", REFUSED, "SearchParameter.type"},
      {"odd", "Patient.name", "\"type\":\"odd\"", REFUSED, "SearchParameter.type"},
      {"base", "Patient.name", "\"base\":[\"Patient\",\"Nobody\"]", REFUSED,
       "SearchParameter.base[1]"},
      {"target", "Patient.link.other", "\"type\":\"reference\",\"target\":[\"HumanName\"]", REFUSED,
       "SearchParameter.target[0]"},
      {"_x", "Patient.name.given[4]", "", REFUSED, "SearchParameter.code"},
      {"a.b", "Patient.name.given[4]", "", REFUSED, "SearchParameter.code"},
      {"truth", "Patient.photo.exists() and Patient.active", "\"type\":\"token\"", USED, NULL},
      {"truth2", "Patient.photo.exists()", "", REFUSED, "SearchParameter.type"},
      {"many", "Patient.photo.title | Person.photo.title", "\"base\":[\"Patient\",\"Person\"]",
       USED, NULL},
      {"all", "Resource.language", "\"base\":[\"Resource\"],\"type\":\"token\"", USED, NULL}};
  CHECK_ROWS(*state, rows);
}

static void a_code_means_one_thing(void **state) {
  static const row rows[] = {
      {"gender", "Patient.birthDate", "\"type\":\"date\"", REFUSED, "SearchParameter.code"},
      {"same", "Patient.gender", "\"code\":\"gender\",\"type\":\"token\"", ANSWERED, NULL},
      {"first", "Patient.photo.title", "\"code\":\"c\"", USED, NULL},
      {"second", "Patient.name.given[1]", "\"code\":\"c\"", REFUSED, "SearchParameter.code"},
      {"third", "Patient.photo.title", "\"code\":\"c\"", ANSWERED, NULL},
      {"elsewhere", "Person.photo.title", "\"code\":\"c\",\"base\":[\"Person\"]", USED, NULL},
      {"across", "Patient.contact.name.text | Device.note.text",
       "\"code\":\"c\",\"base\":[\"Patient\",\"Device\"]", REFUSED, "SearchParameter.code"}};
  CHECK_ROWS(*state, rows);
}

static void a_url_says_one_thing(void **state) {
  static const row rows[] = {
      {"a", "Patient.photo.title", "", USED, NULL},
      {"b", "Patient.photo.title", "\"url\":\"http://x/a\",\"code\":\"a\"", ANSWERED, NULL},
      {"c", "Patient.name.given[1]", "\"url\":\"http://x/a\"", REFUSED, "SearchParameter.url"},
      {"d", "Patient.gender",
       "\"url\":\"http://hl7.org/fhir/SearchParameter/individual-birthdate\",\"type\":\"token\"",
       REFUSED, "SearchParameter.url"},
      {"e", "Patient.active",
       "\"url\":\"http://hl7.org/fhir/SearchParameter/Patient-active\",\"code\":\"active\","
       "\"type\":\"token\"",
       ANSWERED, NULL}};
  CHECK_ROWS(*state, rows);
}

#define PART(url) "{\"definition\":\"" url "\",\"expression\":\"x\"}"

static void composites_need_their_components(void **state) {
  static const row rows[] = {
      {"pair", "Patient", /* its component stands behind it */
       "\"type\":\"composite\",\"component\":[" PART("http://x/part|1") "]", USED, NULL},
      {"part", "Patient.photo.title", "", USED, NULL},
      {"nobody", "Patient",
       "\"type\":\"composite\",\"component\":[" PART("http://x/part") "," PART("http://x/no") "]",
       REFUSED, "SearchParameter.component[1].definition"},
      {"nested", "Patient", "\"type\":\"composite\",\"component\":[" PART("http://x/pair") "]",
       REFUSED, "SearchParameter.component[0].definition"},
      {"empty", "Patient", "\"type\":\"composite\"", REFUSED, "SearchParameter.component"}};
  CHECK_ROWS(*state, rows);
}

static void what_is_no_parameter_is_not_read(void **state) {
  (void)state;
  static const char *const texts[] = {"", "{", "[]", "{\"resourceType\":\"Patient\"}", "null"};
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    zd_parameter p = {.text = zd_slice_of(texts[i])};
    assert_int_equal(zd_parameter_read(&p, &arena), ZD_ERR_CORRUPT);
  }
  zd_parameter odd = {.text = ZD_S("{\"resourceType\":\"SearchParameter\",\"base\":7,\"url\":{},"
                                   "\"component\":[1,{}],\"target\":[null]}")};
  assert_int_equal(zd_parameter_read(&odd, &arena), ZD_OK);
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(each_by_itself, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_code_means_one_thing, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_url_says_one_thing, set_up, tear_down),
      cmocka_unit_test_setup_teardown(composites_need_their_components, set_up, tear_down),
      cmocka_unit_test(what_is_no_parameter_is_not_read)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
