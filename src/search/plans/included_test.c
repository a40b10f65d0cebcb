/* What is included, in the real store, against a graph drawn by the test: random resources made
 * from random edges, random includes, and the closure by the words of R4 search.html#include. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/testing/dice.h"
#include "base/testing/scarcity.h"
#include "fhir/codec.h"
#include "search/internal.h"

enum { RESOURCES = 120, EDGES = 4, ROUNDS = 400, SEVERAL = 3 };

typedef enum kind { ORGANIZATION, PATIENT, ENCOUNTER, OBSERVATION, KINDS } kind;
static const char *const names[KINDS] = {"Organization", "Patient", "Encounter", "Observation"};

/* A resource refers to resource `to` in an element; the parameters that say so. */
typedef struct edge {
  int to;
  const char *params[2]; /* the second may be NULL */
} edge;

typedef struct resource {
  kind kind;
  bool gone; /* deleted, or never there */
  zd_row row;
  edge edges[EDGES];
  int edge_count;
} resource;

typedef struct world {
  char dir[64];
  zd_store *store;
  zd_search *search;
  zd_snapshot *v;
  zd_random dice;
  zd_arena arena;
  resource all[RESOURCES];
  size_t added;
} world;

static int roll(world *w, int n) {
  return (int)zd_random_below(&w->dice, (uint64_t)n);
}

/* ---- the graph ---- */

static int any_of(world *w, kind k) {
  for (;;) {
    int i = roll(w, RESOURCES);
    if (w->all[i].kind == k) return i;
  }
}

/* Elements that refer: their text, and the parameters over them. */
typedef struct bond {
  kind from, to;
  const char *format; /* of the member, with the target's type and number */
  const char *params[2];
} bond;
static const bond bonds[] = {
    {ORGANIZATION, ORGANIZATION, "\"partOf\":{\"reference\":\"%s/%d\"}", {"partof", NULL}},
    {PATIENT,
     ORGANIZATION,
     "\"managingOrganization\":{\"reference\":\"%s/%d\"}",
     {"organization", NULL}},
    {PATIENT,
     ORGANIZATION,
     "\"generalPractitioner\":[{\"reference\":\"%s/%d\"}]",
     {"general-practitioner", NULL}},
    {PATIENT,
     PATIENT,
     "\"link\":[{\"type\":\"seealso\",\"other\":{\"reference\":\"http://here.example/%s/%d\"}}]",
     {"link", NULL}},
    {ENCOUNTER, PATIENT, "\"subject\":{\"reference\":\"%s/%d\"}", {"subject", "patient"}},
    {ENCOUNTER, ENCOUNTER, "\"partOf\":{\"reference\":\"%s/%d/_history/1\"}", {"part-of", NULL}},
    {OBSERVATION, PATIENT, "\"subject\":{\"reference\":\"%s/%d\"}", {"subject", "patient"}},
    {OBSERVATION, ENCOUNTER, "\"encounter\":{\"reference\":\"%s/%d\"}", {"encounter", NULL}},
    {OBSERVATION, OBSERVATION, "\"hasMember\":[{\"reference\":\"%s/%d\"}]", {"has-member", NULL}},
    {OBSERVATION, ORGANIZATION, "\"performer\":[{\"reference\":\"%s/%d\"}]", {"performer", NULL}},
};
enum { BONDS = sizeof bonds / sizeof *bonds };

static const char *body_of(world *w, int number) {
  static const char *const rest[KINDS] = {"", "",
                                          ",\"status\":\"finished\",\"class\":{\"code\":\"AMB\"}",
                                          ",\"status\":\"final\",\"code\":{\"text\":\"x\"}"};
  resource *r = &w->all[number];
  zd_slice text = zd_arena_printf(&w->arena, "{\"resourceType\":\"%s\",\"id\":\"%d\"%s",
                                  names[r->kind], number, rest[r->kind]);
  for (size_t i = 0; i < BONDS; i++) {
    const bond *l = &bonds[i];
    if (l->from != r->kind || r->edge_count == EDGES || roll(w, 3) == 0) continue;
    int to = any_of(w, l->to);
    char member[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(member, sizeof member, l->format, names[l->to], to);
#pragma GCC diagnostic pop
    text = zd_arena_printf(&w->arena, "%.*s,%s", ZD_SV(text), member);
    r->edges[r->edge_count++] = (edge){to, {l->params[0], l->params[1]}};
  }
  return zd_arena_printf(&w->arena, "%.*s}", ZD_SV(text)).p;
}

static void write_one(world *w, int number, const char *json, zd_row previous) {
  zd_issues issues;
  zd_tree tree;
  zd_txn *txn;
  zd_buffer body;
  zd_snapshot *v;
  zd_issues_init(&issues, &w->arena);
  zd_buffer_init(&body, 0);
  const char *name = names[w->all[number].kind];
  zd_write put = {
      .op = json ? ZD_OP_CREATE : ZD_OP_DELETE,
      .type = zd_search_type_symbol(w->search, zd_schema_type(zd_schema_r4(), zd_slice_of(name))),
      .id = zd_arena_printf(&w->arena, "%d", number),
      .previous = previous,
      .previous_version = previous != ZD_NO_ROW};
  if (json) {
    zd_slice text = zd_slice_of(json);
    zd_err err =
        zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, &w->arena, &tree, &issues);
    if (err) fail_msg("%.*s: %s", ZD_SV(issues.items[0].diagnostics), json);
    zd_fhir_write_stored(&tree, 0, &(zd_stored_edit){.id = put.id}, &body, &put.stamp_at);
    put.body = zd_buffer_slice(&body);
    assert_int_equal(zd_search_entries(w->search, &tree, 0, NULL, NULL, 0, &w->arena, &put.entries,
                                       &put.entry_count),
                     ZD_OK);
  }
  assert_int_equal(zd_store_snapshot(w->store, &v), ZD_OK);
  assert_int_equal(zd_txn_begin(w->store, zd_snapshot_row(v), &txn), ZD_OK);
  assert_int_equal(zd_txn_put(txn, &put), ZD_OK);
  zd_commit_result result = zd_store_commit(w->store, txn);
  assert_int_equal(result.err, ZD_OK);
  if (json) w->all[number].row = result.first_row;
  zd_snapshot_release(v);
  zd_buffer_free(&body);
}

static void fill(world *w) {
  for (int i = 0; i < RESOURCES; i++) w->all[i].kind = (kind)(i < KINDS ? i : roll(w, KINDS));
  for (int i = 0; i < RESOURCES; i++) {
    w->all[i].gone = roll(w, 10) == 0;
    bool never = w->all[i].gone && roll(w, 2);
    if (!never) write_one(w, i, body_of(w, i), ZD_NO_ROW);
    if (w->all[i].gone && !never) write_one(w, i, NULL, w->all[i].row);
  }
}

static void open_store(world *w) {
  zd_fault fault = {0};
  zd_store_options options = {.dir = w->dir, .memtable_rows = 64};
  if (zd_store_open(&options, &w->store, &fault)) fail_msg("%s", fault.text);
  zd_err err =
      zd_search_open(zd_schema_r4(), w->store, ZD_S("http://here.example"), &w->search, &fault);
  if (err || zd_store_start(w->store, zd_search_indexer(w->search), &fault))
    fail_msg("%s", fault.text);
}

/* ---- the closure ---- */

typedef struct asked {
  bool reverse, iterate;
  const char *source, *param, *target; /* NULL: any */
} asked;

static bool fits(const char *wanted, const char *is) {
  return !wanted || (is && !strcmp(wanted, is));
}

static bool edge_fits(const world *w, const asked *x, const resource *from, const edge *e) {
  if (!fits(x->source, names[from->kind]) || !fits(x->target, names[w->all[e->to].kind]))
    return false;
  return !x->param || fits(x->param, e->params[0]) ||
         (e->params[1] && fits(x->param, e->params[1]));
}

/* One round: marks in `next` what the marked in `now` lead to, when it is new. */
static bool step(const world *w, const asked *x, const bool *now, bool *seen, bool *next) {
  bool any = false;
  for (int i = 0; i < RESOURCES; i++) {
    const resource *from = &w->all[i];
    for (int k = 0; !from->gone && k < from->edge_count; k++) {
      const edge *e = &from->edges[k];
      int start = x->reverse ? e->to : i, end = x->reverse ? i : e->to;
      if (!now[start] || seen[end] || w->all[end].gone || !edge_fits(w, x, from, e)) continue;
      next[end] = any = true;
    }
  }
  return any;
}

static void closure(const world *w, const asked *x, size_t n, const bool *matches, bool *out) {
  bool seen[RESOURCES], now[RESOURCES];
  memcpy(seen, matches, sizeof seen);
  memcpy(now, matches, sizeof now);
  memset(out, 0, RESOURCES * sizeof *out);
  for (bool again = false, any = true; any; again = true) {
    bool next[RESOURCES] = {false};
    any = false;
    for (size_t i = 0; i < n; i++)
      if (!again || x[i].iterate) any |= step(w, &x[i], now, seen, next);
    for (int i = 0; i < RESOURCES; i++)
      if (next[i]) seen[i] = out[i] = true;
    memcpy(now, next, sizeof now);
  }
}

/* ---- questions ---- */

static asked an_include(world *w, kind type) {
  const bond *l = &bonds[roll(w, BONDS)];
  asked x = {.reverse = roll(w, 2), .iterate = roll(w, 2)};
  if (roll(w, 12) == 0) return x; /* * */
  x.source = names[l->from];
  if (roll(w, 4)) x.param = l->params[l->params[1] ? roll(w, 2) : 0];
  if (roll(w, 4) == 0) x.target = names[l->to];
  if (!x.reverse && l->from != type) x.iterate = true;
  if (x.reverse && l->to != type) x.iterate = true;
  return x;
}

static zd_slice text_of(world *w, const asked *x) {
  return zd_arena_printf(&w->arena, "%s%s=%s%s%s%s%s", x->reverse ? "_revinclude" : "_include",
                         x->iterate ? ":iterate" : "", x->source ? x->source : "*",
                         x->source ? ":" : "", x->source ? (x->param ? x->param : "*") : "",
                         x->target ? ":" : "", x->target ? x->target : "");
}

static void compare(world *w, zd_slice query, const zd_query *q, const bool *matches,
                    const bool *expected) {
  zd_row rows[RESOURCES];
  const zd_row *found;
  size_t n = 0, count = 0;
  bool got[RESOURCES] = {false};
  zd_fault fault = {0};
  for (int i = 0; i < RESOURCES; i++)
    if (matches[i]) rows[n++] = w->all[i].row;
  zd_err err = zd_search_included(w->search, w->v, q, &(zd_page_matches){.rows = rows, .n = n},
                                  RESOURCES, 0, &w->arena, &found, &count, &fault);
  if (err) fail_msg("%.*s: %s", ZD_SV(query), fault.text);
  for (size_t k = 0; k < count; k++) {
    int at = 0;
    while (at < RESOURCES && (w->all[at].gone || w->all[at].row != found[k])) at++;
    if (at == RESOURCES || got[at]) fail_msg("%.*s: row %d", ZD_SV(query), (int)found[k]);
    got[at] = true;
  }
  for (int i = 0; i < RESOURCES; i++)
    if (got[i] != expected[i])
      fail_msg("%.*s: %s/%d is %s", ZD_SV(query), names[w->all[i].kind], i,
               got[i] ? "added" : "not added");
  w->added += count;
  if (!count) return;
  err = zd_search_included(w->search, w->v, q, &(zd_page_matches){.rows = rows, .n = n}, count - 1,
                           0, &w->arena, &found, &count, &fault);
  assert_int_equal(err, ZD_ERR_LIMIT); /* one too many is an error, not a shorter answer */
}

static void ask(world *w) {
  asked x[SEVERAL];
  bool matches[RESOURCES] = {false}, expected[RESOURCES];
  kind type = (kind)roll(w, KINDS);
  size_t n = 1 + (size_t)roll(w, SEVERAL);
  zd_slice query = ZD_S("");
  for (size_t i = 0; i < n; i++) {
    x[i] = an_include(w, type);
    query = zd_arena_printf(&w->arena, "%.*s%s%.*s", ZD_SV(query), i ? "&" : "",
                            ZD_SV(text_of(w, &x[i])));
  }
  for (int i = 0; i < RESOURCES; i++)
    matches[i] = w->all[i].kind == type && !w->all[i].gone && roll(w, 3) == 0;
  zd_query q;
  zd_issues issues;
  zd_issues_init(&issues, &w->arena);
  zd_type t = zd_schema_type(zd_schema_r4(), zd_slice_of(names[type]));
  zd_err err = zd_search_parse(w->search, t, query, NULL, &w->arena, &q, &issues);
  if (err) fail_msg("%.*s: %.*s", ZD_SV(query), ZD_SV(issues.items[0].diagnostics));
  assert_int_equal(q.include_count, n);
  closure(w, x, n, matches, expected);
  compare(w, query, &q, matches, expected);
}

/* Memory that runs out anywhere is an error, never a shorter answer. */
static void scarce(world *w) {
  static const char query[] = "_include=*&_revinclude=*&_include:iterate=Patient:organization";
  zd_row matches[8];
  size_t n = 0, whole = 0, count = 0;
  zd_issues issues;
  zd_query q;
  zd_issues_init(&issues, &w->arena);
  for (int i = 0; i < RESOURCES && n < 8; i++)
    if (w->all[i].kind == OBSERVATION && !w->all[i].gone) matches[n++] = w->all[i].row;
  zd_type t = zd_schema_type(zd_schema_r4(), ZD_S("Observation"));
  assert_int_equal(zd_search_parse(w->search, t, zd_slice_of(query), NULL, &w->arena, &q, &issues),
                   ZD_OK);
  for (uint64_t nth = 0;; nth++) {
    const zd_row *rows;
    zd_fault fault = {0};
    zd_arena arena;
    zd_arena_init(&arena, 0);
    if (nth) zd_scarcity_begin(nth);
    zd_err err =
        zd_search_included(w->search, w->v, &q, &(zd_page_matches){.rows = matches, .n = n},
                           RESOURCES, 0, &arena, &rows, &count, &fault);
    bool failed = nth && zd_scarcity_end();
    zd_arena_free(&arena);
    if (!nth) whole = count;
    if (!failed) assert_int_equal(err, ZD_OK);
    if (err == ZD_OK) assert_int_equal(count, whole); /* some allocations can be done without */
    if (nth && !failed) break;
  }
  assert_true(whole > 0);
}

static void included_is_the_closure(void **state) {
  (void)state;
  static world w;
  strcpy(w.dir, "/tmp/zd_included_XXXXXX");
  assert_non_null(mkdtemp(w.dir));
  zd_arena_init(&w.arena, 0);
  zd_testing_dice(&w.dice, 11, 1);
  open_store(&w);
  fill(&w);
  assert_int_equal(zd_store_snapshot(w.store, &w.v), ZD_OK);
  for (int i = 0; i < ROUNDS; i++) {
    ask(&w);
    zd_arena_reset(&w.arena);
  }
  scarce(&w);
  print_message("%d questions, %zu included\n", ROUNDS, w.added);
  assert_true(w.added > ROUNDS);
  zd_snapshot_release(w.v);
  zd_store_close(w.store);
  zd_search_close(w.search);
  zd_arena_free(&w.arena);
  char command[128];
  snprintf(command, sizeof command, "rm -r '%s'", w.dir);
  assert_int_equal(system(command), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(included_is_the_closure)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
