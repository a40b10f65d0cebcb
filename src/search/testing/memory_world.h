/* memory_world.h: a few resources and the queries asked of them, for tests written as tables. */
#ifndef ZD_SEARCH_MEMORY_WORLD_H
#define ZD_SEARCH_MEMORY_WORLD_H

#include "search/testing/memory_store.h"

typedef struct world {
  zd_store *store;
  zd_search *search;
} world;

static inline int open_world(void **state) {
  world *w = calloc(1, sizeof *w);
  zd_fault fault = {0};
  assert_non_null(w);
  w->store = memory_open();
  zd_err err = zd_search_open(zd_schema_r4(), w->store, ZD_S("http://here.example/fhir/"),
                              &w->search, &fault);
  if (err) fail_msg("%s", fault.text);
  *state = w;
  return 0;
}

static inline int close_world(void **state) {
  world *w = *state;
  zd_search_close(w->search);
  memory_close(w->store);
  free(w);
  return 0;
}

/* Ids of the rows that a query finds, joined by blanks; "!" and the first issue when refused. */
static inline const char *ask(world *w, const char *type, const char *query) {
  zd_arena *arena = &w->store->arena;
  zd_issues issues;
  zd_issues_init(&issues, arena);
  zd_snapshot v = {w->store};
  zd_query_options options = {.snapshot = &v, .now_ms = INT64_C(1735689600000)}; /* 2025-01-01 */
  zd_query q;
  zd_type t = *type ? zd_schema_type(zd_schema_r4(), zd_slice_of(type)) : ZD_NO_TYPE;
  zd_err err = zd_search_parse(w->search, t, zd_slice_of(query), &options, arena, &q, &issues);
  if (err)
    return zd_arena_printf(arena, "!%.*s", issues.n ? (int)issues.items[0].diagnostics.n : 0,
                           issues.n ? issues.items[0].diagnostics.p : "")
        .p;
  zd_slice found = ZD_S("");
  for (zd_row row = 0; row < w->store->row_count; row++)
    if (memory_hit(w->store, q.plan, row))
      found = zd_arena_printf(arena, "%.*s%s%.*s", ZD_SV(found), found.n ? " " : "",
                              ZD_SV(w->store->rows[row].id));
  return zd_arena_copy(arena, found).p;
}

typedef struct example {
  const char *type, *query, *found;
} example;

static inline void check(world *w, const example *rows, size_t n) {
  size_t wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const char *found = ask(w, rows[i].type, rows[i].query);
    if (!strcmp(found, rows[i].found)) continue;
    print_error("%s?%s: found \"%s\", expected \"%s\"\n", rows[i].type, rows[i].query, found,
                rows[i].found);
    wrong++;
  }
  assert_int_equal(wrong, 0);
}
#define CHECK(w, rows) check(w, rows, sizeof rows / sizeof *rows)

static inline void put(world *w, const char *json) {
  memory_put(w->store, w->search, json, 1000);
}

static inline void put_procedure(world *w, const char *id, const char *performed) {
  put(w, zd_arena_printf(&w->store->arena,
                         "{\"resourceType\":\"Procedure\",\"id\":\"%s\",\"status\":\"completed\","
                         "\"subject\":{\"reference\":\"Patient/1\"},%s}",
                         id, performed)
             .p);
}

static inline void put_observation(world *w, const char *id, const char *more) {
  put(w, zd_arena_printf(
             &w->store->arena,
             "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\","
             "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8480-6\"}]}"
             "%s%s}",
             id, *more ? "," : "", more)
             .p);
}

#endif
