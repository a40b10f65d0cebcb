/* The query string itself: result parameters, refusals, leniency, limits, the self link. */
#include "base/testing/scarcity.h"
#include "search/testing/memory_world.h"

typedef struct asked {
  zd_err err;
  zd_query q;
  zd_issues issues;
} asked;

static asked ask_query(world *w, const char *type, zd_slice query, zd_query_options options) {
  asked a;
  zd_issues_init(&a.issues, &w->store->arena);
  zd_type t = *type ? zd_schema_type(zd_schema_r4(), zd_slice_of(type)) : ZD_NO_TYPE;
  a.err = zd_search_parse(w->search, t, query, &options, &w->store->arena, &a.q, &a.issues);
  return a;
}

static asked plain(world *w, const char *type, const char *query) {
  return ask_query(w, type, zd_slice_of(query), (zd_query_options){0});
}

static void assert_slice(zd_slice s, const char *text) {
  if (!zd_slice_eq(s, zd_slice_of(text))) fail_msg("\"%.*s\", not \"%s\"", ZD_SV(s), text);
}

static void result_parameters(void **state) {
  world *w = *state;
  asked a = plain(w, "Patient", "");
  assert_int_equal(a.err, ZD_OK);
  assert_int_equal(a.q.count, 50);
  assert_false(a.q.count_given);
  assert_int_equal(a.q.total, ZD_TOTAL_DEFAULT);
  assert_null(a.q.summary.p);
  assert_null(a.q.cursor.p);
  assert_int_equal(a.q.plan->op, ZD_PLAN_TYPE);

  a = plain(w, "Patient",
            "_count=10&_total=accurate&_summary=data&_elements=name,deceased&_cursor=abc&_format="
            "json&_pretty=true");
  assert_int_equal(a.err, ZD_OK);
  assert_int_equal(a.q.count, 10);
  assert_true(a.q.count_given);
  assert_int_equal(a.q.total, ZD_TOTAL_ACCURATE);
  assert_slice(a.q.summary, "data");
  assert_int_equal(a.q.element_count, 2);
  assert_slice(a.q.elements[1], "deceased");
  assert_slice(a.q.cursor, "abc");
  assert_slice(a.q.used, "_count=10&_total=accurate&_summary=data&_elements=name,deceased");

  assert_int_equal(plain(w, "Patient", "_count=5000").q.count, 1000);
  assert_int_equal(plain(w, "Patient", "_count=99999999999999999999999").q.count, 1000);
  assert_int_equal(plain(w, "Patient", "_count=0").q.count, 0);
  assert_int_equal(
      ask_query(w, "Patient", ZD_S(""), (zd_query_options){.default_count = 7}).q.count, 7);
}

/* type, query, code of the first issue, its place, a part of its text */
static const char *const refusals[][5] = {
    {"Patient", "nmae=x", "not-supported", "http.nmae", "Patient has _text active"},
    {"Patient", "value-quantity=5", "not-supported", "http.value-quantity", "no such"},
    {"", "name=x", "not-supported", "http.name", "search over all types"},
    {"Patient", "_type=Patient", "not-supported", "http._type", "no such"},
    {"Patient", "name:exactly=x", "value", "http.name:exactly", ":exactly"},
    {"Patient", "birthdate:exact=2000", "value", "http.birthdate:exact", "type date"},
    {"Patient", "_id:above=x", "not-supported", "http._id:above", ":above"},
    {"Patient", "general-practitioner.nmae=x", "not-supported", "http.general-practitioner.nmae",
     "none of the types"},
    {"Patient", "general-practitioner:Patient.name=x", "not-supported",
     "http.general-practitioner:Patient.name", "does not refer"},
    {"Patient", "_has:Observation:subject=1", "not-supported", "http._has:Observation:subject",
     "_has is written"},
    {"Bundle", "_text=x", "not-supported", "http._text", "Bundle has"},
    {"Patient", "_text=(x", "value", "http._text", "character 1: the parenthesis"},
    {"Patient", "_text:exact=x", "not-supported", "http._text:exact", ":exact"},
    {"Patient", "_content=", "value", "http._content", "character 1: a word is missing"},
    {"Patient", "_filter=x", "value", "http._filter", "character 2: a blank"},
    {"Patient", "_list=x", "not-supported", "http._list", "snapshot"},
    {"Patient", "_contained=true&_sort=_score&_text=a", "not-supported", "http._contained",
     "score"},
    {"Patient", "_contained=maybe", "value", "http._contained", "true, both or false"},
    {"Patient", "_containedType=resource", "value", "http._containedType",
     "container or contained"},
    {"Patient", "_query=x", "not-supported", "http._query", "named"},
    {"Location", "near=1", "value", "http.near", "near"},
    {"Patient", "_count=-1", "value", "http._count", "number"},
    {"Patient", "_count=", "value", "http._count", "number"},
    {"Patient", "_count=1&_count=2", "value", "http._count", "twice"},
    {"Patient", "_total=some", "value", "http._total", "accurate"},
    {"Patient", "_summary=yes", "value", "http._summary", "count"},
    {"Patient", "_elements=nmae", "value", "http._elements", "no element"},
    {"Patient", "_count:x=1", "not-supported", "http._count:x", "modifier"},
    {"Patient", "name=%GG", "invalid", "http.", "percent"},
    {"Patient", "name=%00", "invalid", "http.", "percent"},
    {"Patient", "name=%FF", "invalid", "http.", "percent"},
    {"Patient", "name", "value", "http.name", "no value"},
    {"Patient", "=x", "not-supported", "http.", "no such"},
};

static void refusals_say_what_and_where(void **state) {
  world *w = *state;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const char *const *row = refusals[i];
    asked a = plain(w, row[0], row[1]);
    if (a.err != ZD_ERR_INVALID || a.issues.n != 1) fail_msg("%s is not refused once", row[1]);
    const zd_issue *issue = &a.issues.items[0];
    assert_string_equal(zd_issue_code_name(issue->code), row[2]);
    assert_slice(issue->expression, row[3]);
    if (!memmem(issue->diagnostics.p, issue->diagnostics.n, row[4], strlen(row[4])))
      fail_msg("%s: \"%.*s\" lacks \"%s\"", row[1], ZD_SV(issue->diagnostics), row[4]);
  }
}

static void all_faults_are_reported(void **state) {
  world *w = *state;
  asked a = plain(w, "Patient", "x=1&birthdate=soon&_count=many&name=ok&y=2");
  assert_int_equal(a.err, ZD_ERR_INVALID);
  assert_int_equal(a.issues.n, 4);
}

static void lenient_leaves_out_and_says_so(void **state) {
  world *w = *state;
  zd_query_options lenient = {.lenient = true};
  asked a = ask_query(w, "Patient", ZD_S("x=1&name=ivan&_sort=nmae&near.y=2"), lenient);
  assert_int_equal(a.err, ZD_OK);
  assert_slice(a.q.used, "name=ivan");
  assert_int_equal(a.q.ignored_count, 3);
  assert_slice(a.q.ignored[0], "x");
  assert_slice(a.q.ignored[1], "_sort");
  assert_slice(a.q.ignored[2], "near.y");
  /* A modifier changes what is asked, a bad value may mean anything: never left out. */
  assert_int_equal(ask_query(w, "Patient", ZD_S("name:exactly=x"), lenient).err, ZD_ERR_INVALID);
  assert_int_equal(ask_query(w, "Patient", ZD_S("birthdate=x"), lenient).err, ZD_ERR_INVALID);
}

static void conditions_are_strict(void **state) {
  world *w = *state;
  zd_query_options condition = {.for_condition = true, .lenient = true};
  assert_int_equal(ask_query(w, "Patient", ZD_S("identifier=1"), condition).err, ZD_OK);
  assert_int_equal(ask_query(w, "Patient", ZD_S(""), condition).err, ZD_ERR_INVALID);
  assert_int_equal(ask_query(w, "Patient", ZD_S("identifier=1&_count=1"), condition).err,
                   ZD_ERR_INVALID);
  assert_int_equal(ask_query(w, "Patient", ZD_S("identifier=1&x=1"), condition).err,
                   ZD_ERR_INVALID);
}

static void the_self_link_is_encoded_again(void **state) {
  world *w = *state;
  asked a =
      plain(w, "Patient", "name=%D0%98%D0%B2+a%2Bb&&identifier=urn:a%7c1%2C2&birthdate=ge2000&");
  assert_int_equal(a.err, ZD_OK);
  assert_slice(a.q.used, "name=%D0%98%D0%B2%20a%2Bb&identifier=urn:a%7C1,2&birthdate=ge2000");
  asked again = ask_query(w, "Patient", a.q.used, (zd_query_options){0});
  assert_int_equal(again.err, ZD_OK);
  assert_slice(again.q.used, "name=%D0%98%D0%B2%20a%2Bb&identifier=urn:a%7C1,2&birthdate=ge2000");
}

static void a_thousand_values_and_no_more_than_allowed(void **state) {
  world *w = *state;
  zd_buffer query;
  zd_buffer_init(&query, 0);
  zd_buffer_add(&query, "identifier=0", 12);
  for (uint64_t i = 1; i < 1000; i++) {
    zd_buffer_add_char(&query, ',');
    zd_buffer_add_u64(&query, i);
  }
  asked a = ask_query(w, "Patient", zd_buffer_slice(&query), (zd_query_options){0});
  assert_int_equal(a.err, ZD_OK);
  assert_int_equal(a.q.plan->op, ZD_PLAN_OR);
  assert_int_equal(a.q.plan->child_count, 1000);
  for (uint64_t i = 0; i < 10000; i++) zd_buffer_add(&query, ",1", 2);
  a = ask_query(w, "Patient", zd_buffer_slice(&query), (zd_query_options){0});
  assert_int_equal(a.err, ZD_ERR_INVALID);
  assert_int_equal(a.issues.items[0].code, ZD_ISSUE_TOO_COSTLY);

  zd_buffer_clear(&query);
  for (int i = 0; i < 300; i++) zd_buffer_add(&query, "name=a&", 7);
  a = ask_query(w, "Patient", zd_buffer_slice(&query), (zd_query_options){0});
  assert_int_equal(a.issues.items[0].code, ZD_ISSUE_TOO_COSTLY);

  zd_buffer_clear(&query);
  zd_buffer_add(&query, "target=1", 8);
  for (int i = 0; i < 2000; i++) zd_buffer_add(&query, ",2", 2);
  a = ask_query(w, "Provenance", zd_buffer_slice(&query), (zd_query_options){0});
  assert_int_equal(a.issues.items[0].code, ZD_ISSUE_TOO_COSTLY);

  zd_buffer_clear(&query);
  zd_buffer_add(&query, "name=", 5);
  for (int i = 0; i < 9000; i++) zd_buffer_add_char(&query, 'x');
  a = ask_query(w, "Patient", zd_buffer_slice(&query), (zd_query_options){0});
  assert_int_equal(a.issues.items[0].code, ZD_ISSUE_TOO_LONG);
  for (int i = 0; i < 2000000; i++) zd_buffer_add_char(&query, 'x');
  a = ask_query(w, "Patient", zd_buffer_slice(&query), (zd_query_options){0});
  assert_int_equal(a.issues.items[0].code, ZD_ISSUE_TOO_LONG);
  zd_buffer_free(&query);
}

/* The plan keeps to the type by its fields where it can, and says so where it can't. */
static void a_field_of_one_type_needs_no_type(void **state) {
  world *w = *state;
  assert_int_equal(plain(w, "Observation", "code=1").q.plan->op, ZD_PLAN_PREFIX);
  assert_int_equal(plain(w, "Observation", "_id=1").q.plan->op, ZD_PLAN_IDS);
  asked a = plain(w, "Observation", "_tag=1");
  assert_int_equal(a.q.plan->op, ZD_PLAN_AND);
  assert_int_equal(a.q.plan->children[1]->op, ZD_PLAN_TYPE);
  /* "patient" is answered from the entries of "subject". */
  asked p = plain(w, "Observation", "patient=Patient/1"),
        s = plain(w, "Observation", "subject=Patient/1");
  assert_int_equal(p.q.plan->field, s.q.plan->field);
}

/* Every parameter of every type is answered, but those that need what is not offered. */
static void what_is_supported(void **state) {
  world *w = *state;
  const zd_schema *schema = zd_schema_r4();
  size_t all = 0, answered = 0;
  for (zd_type t = 0; t < zd_schema_type_count(schema); t++) {
    if (!zd_schema_is_resource(schema, t)) continue;
    uint32_t params[256];
    size_t n = zd_search_supported(w->search, t, params, 256);
    size_t of = zd_schema_params_of(schema, t, NULL, 0);
    all += of;
    answered += n;
    for (size_t i = 0; i < n; i++) {
      zd_slice code = zd_schema_param(schema, params[i]).code;
      assert_false(zd_slice_eq(code, ZD_S("_query")));
    }
    assert_int_equal(of - n, 1); /* _query */
  }
  print_message("%zu of %zu parameters are answered\n", answered, all);
}

static const char everything[] =
    "code=a|1,2&date=ap2020-05&value-quantity=5.4|urn:u|mg,gt1.00000000000000000001&subject=1&"
    "component-code-value-quantity=1$gt5.5||mg&value-string=%D0%81%D0%B6&_id=1,2&_lastUpdated="
    "gt2020&"
    "_tag=x&performer=http://x/y|1&_elements=code&_count=3";

/* Whichever allocation fails, the answer is that memory ran out. */
static void memory_runs_out(void **state) {
  world *w = *state;
  zd_type type = zd_schema_type(zd_schema_r4(), ZD_S("Observation"));
  for (uint64_t nth = 1;; nth++) {
    zd_fault fault = {0};
    zd_search *search;
    zd_scarcity_begin(nth);
    zd_err err = zd_search_open(zd_schema_r4(), w->store, ZD_S(""), &search, &fault);
    bool failed = zd_scarcity_end();
    assert_int_equal(err, failed ? ZD_ERR_MEMORY : ZD_OK);
    zd_search_close(search);
    if (!failed) break;
  }
  size_t step = 64, failures = 0;
  for (size_t limit = step;; limit += step) { /* an arena's limit is finer than its blocks */
    zd_arena arena, words;
    zd_query q;
    zd_issues issues;
    zd_arena_init(&arena, limit);
    zd_arena_init(&words, 0);
    zd_issues_init(&issues, &words);
    zd_err err =
        zd_search_parse(w->search, type, zd_slice_of(everything), NULL, &arena, &q, &issues);
    zd_arena_free(&arena);
    zd_arena_free(&words);
    if (err == ZD_OK) break;
    assert_int_equal(err, ZD_ERR_MEMORY);
    failures++;
  }
  assert_true(failures > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(result_parameters),
                                     cmocka_unit_test(refusals_say_what_and_where),
                                     cmocka_unit_test(all_faults_are_reported),
                                     cmocka_unit_test(lenient_leaves_out_and_says_so),
                                     cmocka_unit_test(conditions_are_strict),
                                     cmocka_unit_test(the_self_link_is_encoded_again),
                                     cmocka_unit_test(a_thousand_values_and_no_more_than_allowed),
                                     cmocka_unit_test(a_field_of_one_type_needs_no_type),
                                     cmocka_unit_test(memory_runs_out),
                                     cmocka_unit_test(what_is_supported)};
  return cmocka_run_group_tests(tests, open_world, close_world);
}
