/* _sort, _include, _revinclude and their kin, as tables: what is taken, what is refused and why. */
#include "search/testing/memory_world.h"

/* "-row field/range field/term+prefix" */
static zd_slice sort_text(world *w, const zd_query *q) {
  zd_slice text = ZD_S("");
  for (size_t i = 0; i < q->sort_count; i++) {
    const zd_sort_key *k = &q->sort[i];
    const char *by = k->by == ZD_SORT_ROW ? "row" : k->by == ZD_SORT_ID ? "id" : "field";
    const char *kind = k->by != ZD_SORT_FIELD      ? ""
                       : k->kind == ZD_ENTRY_RANGE ? "/range"
                       : k->prefix.n && k->from.n  ? "/term+both"
                       : k->prefix.n               ? "/term+prefix"
                       : k->from.n                 ? "/term+from"
                                                   : "/term";
    text = zd_arena_printf(&w->store->arena, "%.*s%s%s%s%s", ZD_SV(text), i ? " " : "",
                           k->descending ? "-" : "", by, kind);
  }
  return text;
}

static void sort_keys(void **state) {
  world *w = *state;
  static const char *const rows[][3] = {
      {"Observation", "_sort=-_lastUpdated", "-row"},
      {"Observation", "_sort=_id", "id"},
      {"Observation", "_sort=-date,code", "-field/range field/term+from"},
      {"Observation", "_sort=value-quantity", "field/range"},
      {"Observation", "_sort=subject,-patient", "field/term -field/term+prefix"},
      {"Patient", "_sort=family,given,-birthdate", "field/term field/term -field/range"},
      {"RiskAssessment", "_sort=probability", "field/range"},
      {"ValueSet", "_sort=url", "field/term"},
      {"", "_sort=_lastUpdated,_id,_profile,-_tag", "row id field/term -field/term+from"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_query q;
    zd_issues issues;
    if (parse_query(w, rows[i][0], zd_slice_of(rows[i][1]), (zd_query_options){0}, &q, &issues))
      fail_msg("%s: %.*s", rows[i][1], ZD_SV(issues.items[0].diagnostics));
    zd_slice got = sort_text(w, &q);
    if (!zd_slice_eq(got, zd_slice_of(rows[i][2]))) fail_msg("%s: %.*s", rows[i][1], ZD_SV(got));
    assert_true(zd_slice_eq(q.used, zd_slice_of(rows[i][1])));
  }
}

static zd_slice type_text(zd_type type) {
  return type == ZD_NO_TYPE ? ZD_S("-") : zd_schema_type_info(zd_schema_r4(), type).name;
}

static zd_slice include_text(world *w, const zd_include *x) {
  zd_slice code = x->all ? ZD_S("*") : zd_schema_param(zd_schema_r4(), x->param).code;
  return zd_arena_printf(&w->store->arena, "%s%s %.*s %.*s %.*s",
                         x->reverse ? "reverse" : "forward", x->iterate ? "+" : "",
                         ZD_SV(type_text(x->source)), ZD_SV(code), ZD_SV(type_text(x->target)));
}

static void includes(void **state) {
  world *w = *state;
  static const char *const rows[][3] = {
      {"Observation", "_include=Observation:subject", "forward Observation subject -"},
      {"Observation", "_include=Observation:subject:Patient",
       "forward Observation subject Patient"},
      {"Observation", "_include=Observation:*", "forward Observation * -"},
      {"Observation", "_include=*", "forward - * -"},
      {"Observation", "_include=Observation:*:Patient", "forward Observation * Patient"},
      {"Observation", "_include:iterate=Patient:organization", "forward+ Patient organization -"},
      {"Observation", "_include:recurse=Patient:organization", "forward+ Patient organization -"},
      {"Patient", "_revinclude=Observation:patient", "reverse Observation patient -"},
      {"Patient", "_revinclude=Observation:subject:Patient", "reverse Observation subject Patient"},
      {"Patient", "_revinclude=*", "reverse - * -"},
      {"Patient", "_revinclude:iterate=Provenance:target", "reverse+ Provenance target -"},
      {"", "_include=Observation:subject", "forward Observation subject -"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_query q;
    zd_issues issues;
    if (parse_query(w, rows[i][0], zd_slice_of(rows[i][1]), (zd_query_options){0}, &q, &issues))
      fail_msg("%s: %.*s", rows[i][1], ZD_SV(issues.items[0].diagnostics));
    assert_int_equal(q.include_count, 1);
    zd_slice got = include_text(w, &q.includes[0]);
    if (!zd_slice_eq(got, zd_slice_of(rows[i][2]))) fail_msg("%s: %.*s", rows[i][1], ZD_SV(got));
  }
}

static void others(void **state) {
  world *w = *state;
  zd_query q;
  zd_issues issues;
  zd_query_options none = {0};
  assert_int_equal(
      parse_query(w, "Patient", zd_slice_of("_maxresults=7&_explain=true"), none, &q, &issues),
      ZD_OK);
  assert_int_equal(q.max_results, 7);
  assert_true(q.explain);
  assert_true(zd_slice_eq(q.used, ZD_S("_maxresults=7&_explain=true")));
  assert_int_equal(
      parse_query(w, "Patient", zd_slice_of("_include=Patient:organization&_include=Patient:link"),
                  none, &q, &issues),
      ZD_OK);
  assert_int_equal(q.include_count, 2);
}

/* type, query, a part of the first issue's text */
static const char *const refusals[][3] = {
    {"Patient", "_sort=nmae", "\"nmae\" is no search parameter"},
    {"Patient", "_sort=name,", "a list of"},
    {"Patient", "_sort=-", "a list of"},
    {"Patient", "_sort=_score", "neither is asked"},
    {"Patient", "_text=a&_sort=_score,name", "best first"},
    {"Patient", "_text=a&_sort=-_score", "best first"},
    {"Patient", "_sort:desc=name", "no modifier"},
    {"Patient", "_sort=name&_sort=family", "twice"},
    {"Patient", "_sort=_id,_id,_id,_id,_id,_id,_id,_id,_id", "more than 8"},
    {"Observation", "_sort=code-value-quantity", "composite"},
    {"Location", "_sort=near", "has no order"},
    {"", "_sort=birthdate", "is no search parameter"},
    {"Patient", "_include=Patient", "Type:parameter"},
    {"Patient", "_include=Patient:a:b:c", "Type:parameter"},
    {"Patient", "_include=", "Type:parameter"},
    {"Patient", "_include=Nobody:link", "\"Nobody\" is no resource type"},
    {"Patient", "_include=Patient:name", "no search parameter \"name\" of type reference"},
    {"Patient", "_include=Patient:organization:Device", "never refers to a Device"},
    {"Patient", "_include=Patient:organization:Thing", "\"Thing\" is no resource type"},
    {"Patient", "_include=Observation:subject", "_include:iterate"},
    {"Patient", "_include:wild=Patient:link", ":iterate and no other"},
    {"Organization", "_revinclude=Observation:patient", "never refers to a Organization"},
    {"Patient", "_revinclude=Observation:subject:Group", "never refers to a Patient"},
    {"Patient", "_revinclude:iterate=x", "Type:parameter"},
    {"Patient", "_maxresults=0", "above 0"},
    {"Patient", "_maxresults=many", "above 0"},
    {"Patient", "_explain=yes", "true or false"},
};

static void refused(void **state) {
  world *w = *state;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const char *const *row = refusals[i];
    zd_query q;
    zd_issues issues;
    if (parse_query(w, row[0], zd_slice_of(row[1]), (zd_query_options){0}, &q, &issues) !=
        ZD_ERR_INVALID)
      fail_msg("%s is not refused", row[1]);
    zd_slice text = issues.items[0].diagnostics;
    if (!memmem(text.p, text.n, row[2], strlen(row[2])))
      fail_msg("%s: \"%.*s\" lacks \"%s\"", row[1], ZD_SV(text), row[2]);
  }
}

static void lenient_and_conditions(void **state) {
  world *w = *state;
  zd_query q;
  zd_issues issues;
  zd_query_options lenient = {.lenient = true}, condition = {.for_condition = true};
  assert_int_equal(parse_query(w, "Patient", zd_slice_of("_sort=nmae&_include=Patient:nmae&name=a"),
                               lenient, &q, &issues),
                   ZD_OK);
  assert_int_equal(q.ignored_count, 2);
  assert_int_equal(q.sort_count + q.include_count, 0);
  assert_true(zd_slice_eq(q.used, ZD_S("name=a")));
  assert_int_equal(
      parse_query(w, "Patient", zd_slice_of("name=a&_sort=name"), condition, &q, &issues),
      ZD_ERR_INVALID);
  assert_int_equal(parse_query(w, "Patient", zd_slice_of("name=a&_include=Patient:link"), condition,
                               &q, &issues),
                   ZD_ERR_INVALID);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sort_keys),
      cmocka_unit_test(includes),
      cmocka_unit_test(others),
      cmocka_unit_test(refused),
      cmocka_unit_test(lenient_and_conditions),
  };
  return cmocka_run_group_tests(tests, open_world, close_world);
}
