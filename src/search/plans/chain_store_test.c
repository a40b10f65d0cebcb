/* Chains and _has in the real store, against a graph that the test keeps itself: random resources,
 * updates, deletions, and random ways through the references between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/testing/dice.h"
#include "fhir/codec.h"
#include "search/search.h"

enum { SLOTS = 300, CODES = 12, ROUNDS = 6, CHANGES = 250, QUERIES = 400, STEPS = 4 };

typedef enum kind { ORGANIZATION, PRACTITIONER, PATIENT, ENCOUNTER, OBSERVATION, KINDS } kind;

static const char *const type_names[KINDS] = {"Organization", "Practitioner", "Patient",
                                              "Encounter", "Observation"};

/* A reference parameter: who has it, whom it names, how it stands in JSON. */
typedef struct bond {
  kind from;
  const char *code;
  unsigned to; /* bits of kinds */
  const char *before, *after;
} bond;

static const bond bonds[] = {
    {ORGANIZATION, "partof", 1u << ORGANIZATION, "\"partOf\":", ""},
    {PATIENT, "organization", 1u << ORGANIZATION, "\"managingOrganization\":", ""},
    {PATIENT, "general-practitioner", 1u << ORGANIZATION | 1u << PRACTITIONER,
     "\"generalPractitioner\":[", "]"},
    {PATIENT, "link", 1u << PATIENT, "\"link\":[{\"type\":\"seealso\",\"other\":", "}]"},
    {ENCOUNTER, "subject", 1u << PATIENT, "\"subject\":", ""},
    {ENCOUNTER, "service-provider", 1u << ORGANIZATION, "\"serviceProvider\":", ""},
    {ENCOUNTER, "participant", 1u << PRACTITIONER, "\"participant\":[{\"individual\":", "}]"},
    {ENCOUNTER, "part-of", 1u << ENCOUNTER, "\"partOf\":", ""},
    {OBSERVATION, "subject", 1u << PATIENT, "\"subject\":", ""},
    {OBSERVATION, "encounter", 1u << ENCOUNTER, "\"encounter\":", ""},
    {OBSERVATION, "performer", 1u << PATIENT | 1u << PRACTITIONER | 1u << ORGANIZATION,
     "\"performer\":[", "]"},
};
enum { BONDS = sizeof bonds / sizeof *bonds };

/* `patient` keeps to one type in the field of `subject`. */
static const char *code_of(const bond *b, bool other_name) {
  return other_name && !strcmp(b->code, "subject") ? "patient" : b->code;
}

typedef struct resource {
  kind kind;
  bool there;
  int code;          /* identifier; -1: none */
  int target[BONDS]; /* slot; -1: none */
} resource;

typedef struct world {
  char dir[64];
  zd_store *store;
  zd_search *search;
  zd_random dice;
  zd_arena arena;
  int64_t now_ms;
  resource all[SLOTS];
  size_t hits, queries;
} world;

static int roll(world *w, int n) {
  return (int)zd_random_below(&w->dice, (uint64_t)n);
}

/* ---- the graph ---- */

static int any_of(world *w, unsigned kinds) {
  for (;;) {
    int i = roll(w, SLOTS);
    if (kinds >> w->all[i].kind & 1) return i;
  }
}

static void draw(world *w, resource *r) {
  r->there = true;
  r->code = roll(w, 4) ? roll(w, CODES) : -1;
  for (int i = 0; i < BONDS; i++)
    r->target[i] = bonds[i].from == r->kind && roll(w, 3) ? any_of(w, bonds[i].to) : -1;
}

static zd_slice json_of(world *w, int slot) {
  const resource *r = &w->all[slot];
  zd_arena *a = &w->arena;
  zd_slice text =
      zd_arena_printf(a, "{\"resourceType\":\"%s\",\"id\":\"%d\"", type_names[r->kind], slot);
  if (r->kind == ENCOUNTER)
    text =
        zd_arena_printf(a, "%.*s,\"status\":\"planned\",\"class\":{\"code\":\"AMB\"}", ZD_SV(text));
  if (r->kind == OBSERVATION)
    text = zd_arena_printf(a, "%.*s,\"status\":\"final\",\"code\":{\"text\":\"x\"}", ZD_SV(text));
  if (r->code >= 0)
    text = zd_arena_printf(a, "%.*s,\"identifier\":[{\"value\":\"%d\"}]", ZD_SV(text), r->code);
  for (int i = 0; i < BONDS; i++) {
    if (r->target[i] < 0) continue;
    const resource *to = &w->all[r->target[i]];
    static const char *const forms[] = {"%.*s,%s{\"reference\":\"%s/%d\"}%s",
                                        "%.*s,%s{\"reference\":\"http://here.example/%s/%d\"}%s",
                                        "%.*s,%s{\"reference\":\"%s/%d/_history/1\"}%s"};
    const char *form = forms[(slot + i) % 3];
    char room[4000];
    snprintf(room, sizeof room, form, ZD_SV(text), bonds[i].before, type_names[to->kind],
             r->target[i], bonds[i].after);
    text = zd_arena_copy(a, zd_slice_of(room));
  }
  return zd_arena_printf(a, "%.*s}", ZD_SV(text));
}

/* ---- ways ---- */

typedef struct way {
  enum { CHAIN, HAS, LEAF } kind;
  int bond;
  bool other_name; /* patient for subject */
  int only;        /* CHAIN: the kind named, -1: left open */
  enum { IS, IS_NOT, IS_MISSING, HAS_ID } test;
  int code, code2; /* values joined by a comma; an id */
} way;

/* A random way from a kind, and its name behind `text`. */
static void draw_way(world *w, kind at, way *out, int room, zd_slice *text) {
  zd_arena *a = &w->arena;
  int which[BONDS], n = 0;
  bool back = roll(w, 2);
  for (int i = 0; i < BONDS; i++)
    if (back ? bonds[i].to >> at & 1 : bonds[i].from == at) which[n++] = i;
  *out = (way){.kind = LEAF, .only = -1};
  if (room > 1 && n && roll(w, 4)) {
    out->kind = back ? HAS : CHAIN;
    out->bond = which[roll(w, n)];
    out->other_name = roll(w, 2);
    const bond *b = &bonds[out->bond];
    const char *code = code_of(b, out->other_name);
    if (back) {
      *text = zd_arena_printf(a, "%.*s_has:%s:%s:", ZD_SV(*text), type_names[b->from], code);
      draw_way(w, b->from, out + 1, room - 1, text);
      return;
    }
    kind to;
    do to = (kind)roll(w, KINDS);
    while (!(b->to >> to & 1));
    if (roll(w, 2)) out->only = (int)to;
    *text = zd_arena_printf(a, "%.*s%s%s%s.", ZD_SV(*text), code, out->only < 0 ? "" : ":",
                            out->only < 0 ? "" : type_names[to]);
    draw_way(w, to, out + 1, room - 1, text);
    return;
  }
  out->test = roll(w, 4);
  out->code = out->test == HAS_ID ? roll(w, SLOTS) : roll(w, CODES);
  out->code2 = out->test == HAS_ID ? roll(w, SLOTS) : roll(w, CODES);
  static const char *const tests[] = {"identifier", "identifier:not", "identifier:missing", "_id"};
  if (out->test == IS_MISSING) {
    out->code &= 1;
    *text = zd_arena_printf(a, "%.*s%s=%s", ZD_SV(*text), tests[IS_MISSING],
                            out->code ? "true" : "false");
  } else {
    *text =
        zd_arena_printf(a, "%.*s%s=%d,%d", ZD_SV(*text), tests[out->test], out->code, out->code2);
  }
}

static bool leaf_matches(const world *w, int slot, const way *x) {
  const resource *r = &w->all[slot];
  bool either = r->code == x->code || r->code == x->code2;
  switch (x->test) {
    case IS:
      return either;
    case IS_NOT:
      return !either;
    case IS_MISSING:
      return (r->code < 0) == x->code;
    case HAS_ID:
      return slot == x->code || slot == x->code2;
  }
  return false;
}

/* By reading everything, for every step anew. */
static bool matches(const world *w, int slot, const way *x) {
  const resource *r = &w->all[slot];
  const bond *b = &bonds[x->bond];
  if (!r->there) return false;
  if (x->kind == LEAF) return leaf_matches(w, slot, x);
  if (x->kind == CHAIN) {
    int code_bond = -1;
    for (int i = 0; i < BONDS; i++) /* the parameter of that name, of this type */
      if (bonds[i].from == r->kind &&
          !strcmp(code_of(&bonds[i], x->other_name), code_of(b, x->other_name)))
        code_bond = i;
    if (code_bond < 0 || r->target[code_bond] < 0) return false;
    int to = r->target[code_bond];
    if (x->only >= 0 && (int)w->all[to].kind != x->only) return false;
    return matches(w, to, x + 1);
  }
  for (int i = 0; i < SLOTS; i++)
    if (w->all[i].there && w->all[i].kind == b->from && w->all[i].target[x->bond] == slot &&
        matches(w, i, x + 1))
      return true;
  return false;
}

/* ---- the store ---- */

static void write_one(world *w, int slot, bool gone) {
  resource *r = &w->all[slot];
  zd_snapshot *v;
  zd_txn *txn;
  zd_tree tree;
  zd_issues issues;
  zd_buffer body;
  zd_issues_init(&issues, &w->arena);
  zd_buffer_init(&body, 0);
  assert_int_equal(zd_store_snapshot(w->store, &v), ZD_OK);
  zd_type type = zd_schema_type(zd_schema_r4(), zd_slice_of(type_names[r->kind]));
  zd_write put = {.op = gone ? ZD_OP_DELETE : ZD_OP_UPDATE,
                  .type = zd_search_type_symbol(w->search, type),
                  .id = zd_arena_printf(&w->arena, "%d", slot),
                  .previous = ZD_NO_ROW};
  if (zd_snapshot_find(v, put.type, put.id, &put.previous) == ZD_OK) {
    zd_record record;
    assert_int_equal(zd_snapshot_read(v, put.previous, true, &w->arena, &record, NULL), ZD_OK);
    put.previous_version = record.version;
  }
  if (!gone) {
    zd_slice json = json_of(w, slot);
    zd_err err =
        zd_fhir_read_json(zd_schema_r4(), json, ZD_NO_TYPE, NULL, &w->arena, &tree, &issues);
    if (err) fail_msg("%.*s: %.*s", ZD_SV(issues.items[0].diagnostics), ZD_SV(json));
    zd_stored_edit edit = {.id = put.id};
    zd_fhir_write_stored(&tree, 0, &edit, &body, &put.stamp_at);
    put.body = zd_buffer_slice(&body);
    assert_int_equal(zd_search_entries(w->search, &tree, 0, NULL, NULL, 0, &w->arena, &put.entries,
                                       &put.entry_count),
                     ZD_OK);
  }
  assert_int_equal(zd_txn_begin(w->store, zd_snapshot_row(v), &txn), ZD_OK);
  assert_int_equal(zd_txn_put(txn, &put), ZD_OK);
  assert_int_equal(zd_store_commit(w->store, txn).err, ZD_OK);
  zd_snapshot_release(v);
  zd_buffer_free(&body);
}

static void change(world *w) {
  int slot = roll(w, SLOTS);
  resource *r = &w->all[slot];
  bool gone = r->there && roll(w, 4) == 0;
  if (gone) {
    r->there = false;
  } else {
    draw(w, r);
  }
  write_one(w, slot, gone);
  zd_arena_reset(&w->arena);
}

static void compare(world *w, zd_snapshot *v) {
  kind of = (kind)roll(w, KINDS);
  int clauses = 1 + roll(w, 2);
  way ways[2][STEPS + 1];
  zd_slice query = ZD_S("");
  for (int i = 0; i < clauses; i++) {
    if (i) query = zd_arena_printf(&w->arena, "%.*s&", ZD_SV(query));
    draw_way(w, of, ways[i], STEPS, &query);
  }
  static zd_row found[SLOTS];
  static bool hit[SLOTS];
  zd_query q;
  zd_issues issues;
  zd_fault fault = {0};
  zd_issues_init(&issues, &w->arena);
  zd_query_options options = {.snapshot = v, .now_ms = 1};
  zd_type type = zd_schema_type(zd_schema_r4(), zd_slice_of(type_names[of]));
  if (zd_search_parse(w->search, type, query, &options, &w->arena, &q, &issues))
    fail_msg("%s?%.*s: %.*s", type_names[of], ZD_SV(query), ZD_SV(issues.items[0].diagnostics));
  zd_search_request ask = {.plan = q.plan, .after = ZD_NO_ROW, .limit = SLOTS};
  size_t n = 0;
  zd_err err = zd_snapshot_search(v, &ask, found, &n, &fault);
  if (err) fail_msg("%s?%.*s: %s %s", type_names[of], ZD_SV(query), zd_err_name(err), fault.text);
  memset(hit, 0, sizeof hit);
  for (size_t i = 0; i < n; i++) {
    zd_record record;
    assert_int_equal(zd_snapshot_read(v, found[i], true, &w->arena, &record, NULL), ZD_OK);
    char id[65] = {0};
    memcpy(id, record.id, record.id_n);
    hit[atoi(id)] = true;
  }
  for (int slot = 0; slot < SLOTS; slot++) {
    bool wanted = w->all[slot].kind == of;
    for (int i = 0; i < clauses && wanted; i++) wanted = matches(w, slot, ways[i]);
    if (wanted != hit[slot])
      fail_msg("%s?%.*s: %d %s", type_names[of], ZD_SV(query), slot,
               wanted ? "is missing" : "does not belong there");
  }
  w->queries++;
  w->hits += n;
}

static int64_t now(void *state) {
  return ((world *)state)->now_ms++;
}

static void open_store(world *w) {
  zd_fault fault = {0};
  zd_store_options options = {.dir = w->dir, .clock = {now, w}, .memtable_rows = 128};
  if (zd_store_open(&options, &w->store, &fault) ||
      zd_search_open(zd_schema_r4(), w->store, ZD_S("http://here.example"), &w->search, &fault) ||
      zd_store_start(w->store, zd_search_indexer(w->search), &fault))
    fail_msg("%s", fault.text);
}

static void random_ways_find_what_a_naive_walk_finds(void **state) {
  (void)state;
  static world w;
  w = (world){.now_ms = 1000};
  strcpy(w.dir, "/tmp/zd-chains-XXXXXX");
  assert_non_null(mkdtemp(w.dir));
  zd_testing_dice(&w.dice, 77, 1);
  zd_arena_init(&w.arena, 0);
  open_store(&w);
  for (int i = 0; i < SLOTS; i++) w.all[i].kind = i < KINDS ? (kind)i : (kind)roll(&w, KINDS);
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < CHANGES; i++) change(&w);
    zd_snapshot *v;
    assert_int_equal(zd_store_snapshot(w.store, &v), ZD_OK);
    for (int i = 0; i < QUERIES; i++) {
      compare(&w, v);
      zd_arena_reset(&w.arena);
    }
    zd_snapshot_release(v);
  }
  print_message("%zu queries, %zu hits\n", w.queries, w.hits);
  assert_true(w.hits > w.queries);
  zd_store_close(w.store);
  zd_search_close(w.search);
  zd_arena_free(&w.arena);
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", w.dir);
  assert_int_equal(system(command), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_ways_find_what_a_naive_walk_finds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
