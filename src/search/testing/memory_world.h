/* memory_world.h: a few resources and the queries asked of them, for tests written as tables. */
#ifndef ZD_SEARCH_MEMORY_WORLD_H
#define ZD_SEARCH_MEMORY_WORLD_H

#include "search/testing/memory_store.h"

typedef struct world {
  zd_store *store;
  zd_search *search;
} world;

static inline void put(world *w, const char *json) {
  memory_put(w->store, w->search, json, 1000);
}
#define PUT(w, ...) put(w, zd_arena_printf(&(w)->store->arena, __VA_ARGS__).p)

/* A world at http://here.example/fhir that holds these resources. */
static inline int fill_world(void **state, const char *const *resources, size_t n) {
  world *w = calloc(1, sizeof *w);
  zd_fault fault = {0};
  assert_non_null(w);
  w->store = memory_open();
  zd_err err = zd_search_open(zd_schema_r4(), w->store, ZD_S("http://here.example/fhir/"),
                              &w->search, &fault);
  if (err) fail_msg("%s", fault.text);
  for (size_t i = 0; i < n; i++) put(w, resources[i]);
  *state = w;
  return 0;
}

static inline int open_world(void **state) {
  return fill_world(state, NULL, 0);
}

static inline int close_world(void **state) {
  world *w = *state;
  zd_search_close(w->search);
  memory_close(w->store);
  free(w);
  return 0;
}

/* "": none. */
static inline zd_type type_of(const char *name) {
  return *name ? zd_schema_type(zd_schema_r4(), zd_slice_of(name)) : ZD_NO_TYPE;
}

/* Asked on 2025-01-01 of what is there. */
static inline zd_err parse_query(world *w, const char *type, zd_slice query,
                                 zd_query_options options, zd_query *q, zd_issues *issues) {
  zd_snapshot v = {w->store};
  options.snapshot = &v;
  options.now_ms = INT64_C(1735689600000);
  zd_issues_init(issues, &w->store->arena);
  return zd_search_parse(w->search, type_of(type), query, &options, &w->store->arena, q, issues);
}

/* Ids of the rows that a plan finds, joined by blanks. */
static inline const char *found_by(world *w, const zd_plan *plan) {
  zd_arena *arena = &w->store->arena;
  zd_slice found = ZD_S("");
  for (zd_row row = 0; row < w->store->row_count; row++)
    if (memory_hit(w->store, plan, row))
      found = zd_arena_printf(arena, "%.*s%s%.*s", ZD_SV(found), found.n ? " " : "",
                              ZD_SV(w->store->rows[row].id));
  return zd_arena_copy(arena, found).p;
}

/* Ids found; of a refusal "!", the code of its first issue, a blank, and what that says. */
static inline const char *ask_with(world *w, const char *type, const char *query,
                                   zd_query_options options) {
  zd_issues issues;
  zd_query q;
  if (!parse_query(w, type, zd_slice_of(query), options, &q, &issues)) return found_by(w, q.plan);
  if (!issues.n) return "!";
  return zd_arena_printf(&w->store->arena, "!%s %.*s", zd_issue_code_name(issues.items[0].code),
                         ZD_SV(issues.items[0].diagnostics))
      .p;
}

static inline const char *ask(world *w, const char *type, const char *query) {
  return ask_with(w, type, query, (zd_query_options){0});
}

/* Of a refusal `found` is "!" and the beginning of its code or of what it says. */
typedef struct example {
  const char *type, *query, *found;
} example;

static inline bool is_expected(const char *found, const char *expected) {
  size_t n = strlen(expected);
  const char *says = strchr(found, ' ');
  if (*expected != '!') return !strcmp(found, expected);
  return *found == '!' &&
         (!strncmp(found, expected, n) || (says && !strncmp(says + 1, expected + 1, n - 1)));
}

static inline void check(world *w, const example *rows, size_t n) {
  size_t wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const char *found = ask(w, rows[i].type, rows[i].query);
    if (is_expected(found, rows[i].found)) continue;
    print_error("%s?%s: found \"%s\", expected \"%s\"\n", rows[i].type, rows[i].query, found,
                rows[i].found);
    wrong++;
  }
  assert_int_equal(wrong, 0);
}
#define CHECK(w, rows) check(w, rows, sizeof rows / sizeof *rows)

static inline void put_procedure(world *w, const char *id, const char *performed) {
  PUT(w,
      "{\"resourceType\":\"Procedure\",\"id\":\"%s\",\"status\":\"completed\","
      "\"subject\":{\"reference\":\"Patient/1\"},%s}",
      id, performed);
}

static inline void put_observation(world *w, const char *id, const char *more) {
  PUT(w,
      "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\","
      "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8480-6\"}]}%s%s}",
      id, *more ? "," : "", more);
}

#endif
