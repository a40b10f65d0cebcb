/* Random resources in the real store, random queries, and an oracle that knows nothing of indexes:
 * every current resource is read and asked. Updates and deletions included, before and after the
 * index is flushed and merged. */
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
#include "search/internal.h"

enum { RESOURCES = 240, CHANGES = 400, QUERIES = 150, ROOM = 4096 };

typedef struct world {
  char dir[64];
  zd_store *store;
  zd_search *search;
  zd_random dice;
  zd_arena arena;
  int64_t now_ms;
  size_t queries, hits;
} world;

static uint64_t roll(world *w, uint64_t n) {
  return zd_random_below(&w->dice, n);
}

static const char *pick(world *w, const char *const *names, size_t n) {
  return names[roll(w, n)];
}
#define PICK(w, ...)                          \
  pick(w, (const char *const[]){__VA_ARGS__}, \
       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

#define SAY(w, ...) zd_arena_printf(&(w)->arena, __VA_ARGS__).p

/* ---- random resources: few distinct values, so that queries hit ---- */

static const char *a_date(world *w) {
  static const char *const zones[] = {"Z", "+03:00", "-11:00"};
  int year = 2019 + (int)roll(w, 2), month = 1 + (int)roll(w, 3), day = 1 + (int)roll(w, 3);
  switch (roll(w, 4)) {
    case 0:
      return SAY(w, "%04d", year);
    case 1:
      return SAY(w, "%04d-%02d", year, month);
    case 2:
      return SAY(w, "%04d-%02d-%02d", year, month, day);
    default:
      return SAY(w, "%04d-%02d-%02dT%02d:30:00%s", year, month, day, (int)roll(w, 24),
                 zones[roll(w, 3)]);
  }
}

static const char *a_number(world *w) {
  return PICK(w, "1", "1.0", "1.00", "1.04", "0.95", "0.950", "1.05", "10", "9.99", "-1", "0",
              "1.00000000000000000001", "0.99999999999999999999", "1e1", "1.5");
}

static const char *a_quantity(world *w) {
  return SAY(w, "{\"value\":%s%s}", a_number(w),
             PICK(w, "", ",\"unit\":\"mg\"", ",\"system\":\"urn:u\",\"code\":\"mg\"",
                  ",\"unit\":\"mg\",\"system\":\"urn:u\",\"code\":\"g\"", ",\"code\":\"mg\""));
}

static const char *a_coding(world *w) {
  if (roll(w, 8) == 0) return "{\"text\":\"Code of words\"}";
  return SAY(w, "{\"coding\":[{%s\"code\":\"%s\"%s}%s]}",
             PICK(w, "", "\"system\":\"urn:a\",", "\"system\":\"urn:b\","), PICK(w, "1", "2", "12"),
             PICK(w, "", ",\"display\":\"Code One\"", ",\"display\":\"Nr. Zwei\""),
             PICK(w, "", ",{\"system\":\"urn:b\",\"code\":\"2\"}", ",{\"system\":\"urn:c\"}"));
}

static const char *a_value(world *w) {
  switch (roll(w, 5)) {
    case 0:
      return SAY(w, ",\"valueQuantity\":%s", a_quantity(w));
    case 1:
      return SAY(w, ",\"valueCodeableConcept\":%s", a_coding(w));
    case 2:
      return SAY(w, ",\"valueString\":\"%s\"", PICK(w, "Ёж", "ежик", "Eel"));
    case 3:
      return SAY(w,
                 ",\"valueSampledData\":{\"origin\":%s,\"period\":1,\"dimensions\":1,\"data\":"
                 "\"0 %s U\"}",
                 a_quantity(w), a_number(w));
    default:
      return "";
  }
}

static const char *an_observation(world *w) {
  const char *components = "";
  if (roll(w, 2))
    components = SAY(w, ",\"component\":[{\"code\":%s,\"valueQuantity\":%s},{\"code\":%s%s}]",
                     a_coding(w), a_quantity(w), a_coding(w), a_value(w));
  const char *when = roll(w, 2) ? SAY(w, ",\"effectiveDateTime\":\"%s\"", a_date(w))
                                : SAY(w, ",\"effectivePeriod\":{\"%s\":\"%s\"}",
                                      PICK(w, "start", "end"), a_date(w));
  return SAY(w,
             "{\"resourceType\":\"Observation\",%s\"status\":\"%s\",\"code\":%s,"
             "\"subject\":{%s\"reference\":\"%s\"}%s%s%s}",
             PICK(w, "", "\"meta\":{\"tag\":[{\"system\":\"urn:t\",\"code\":\"x\"}]},"),
             PICK(w, "final", "amended"), a_coding(w),
             PICK(w, "", "\"identifier\":{\"system\":\"urn:i\",\"value\":\"7\"},",
                  "\"identifier\":{\"value\":\"8\"},"),
             PICK(w, "Patient/1", "Patient/2", "Group/1", "http://far.example/Patient/1",
                  "http://here.example/Patient/2", "Patient/1/_history/2"),
             when, a_value(w), components);
}

static const char *a_patient(world *w) {
  return SAY(
      w,
      "{\"resourceType\":\"Patient\",\"birthDate\":\"2019-0%d-01\",\"gender\":\"%s\",\"name\":"
      "[{\"family\":\"%s\",\"given\":[\"%s\",\"Анна\"]}],\"identifier\":[{%s\"system\":\"urn:%s\","
      "\"value\":\"%d\"}]}",
      1 + (int)roll(w, 3), PICK(w, "male", "female"), PICK(w, "Пётров", "Петрова", "O'Neil"),
      PICK(w, "Ann", "Änna", "Bo"),
      PICK(w, "", "\"type\":{\"coding\":[{\"system\":\"urn:types\",\"code\":\"MR\"}]},"),
      PICK(w, "a", "b"), (int)roll(w, 30));
}

/* ---- random queries ---- */

static const char *prefixed(world *w, const char *value) {
  return SAY(w, "%s%s", PICK(w, "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"), value);
}

static const char *a_token(world *w) {
  return PICK(w, "1", "2", "12", "urn:a|1", "urn:b|2", "|1", "urn:b|", "urn:c|", "urn:z|1", "3");
}

static const char *quantity_asked(world *w) {
  return SAY(w, "%s%s", prefixed(w, a_number(w)),
             PICK(w, "", "|urn:u|mg", "||mg", "|urn:u|g", "||g", "||"));
}

typedef struct question {
  const char *type, *name, *value; /* name: code, or code:modifier */
} question;

/* Under a modifier. */
static question a_modified_question(world *w) {
  static const char *const any[] = {"code",    "value-concept", "date",         "value-quantity",
                                    "subject", "patient",       "value-string", "_tag"};
  switch (roll(w, 10)) {
    case 0:
      return (question){"Observation", SAY(w, "%s:missing", any[roll(w, 8)]),
                        PICK(w, "true", "false")};
    case 1:
      return (question){"Patient", SAY(w, "%s:missing", PICK(w, "name", "gender", "family")),
                        PICK(w, "true", "false")};
    case 2:
      return (question){"Observation", SAY(w, "%s:not", PICK(w, "code", "combo-code")), a_token(w)};
    case 3:
      return (question){"Observation",
                        SAY(w, "%s:text", PICK(w, "code", "combo-code", "value-concept")),
                        PICK(w, "ode", "Code O", "zwei", "x")};
    case 4:
      return (question){"Patient", SAY(w, "%s:exact", "family"),
                        PICK(w, "Пётров", "Петров", "O'Neil", "o'neil")};
    case 5:
      return (question){"Patient", SAY(w, "%s:contains", PICK(w, "family", "name")),
                        PICK(w, "етр", "nei", "n", "z")};
    case 6:
      return (question){"Observation", SAY(w, "%s:exact", "value-string"),
                        PICK(w, "Ёж", "ежик", "Eel", "ёж")};
    case 7:
      return (question){"Observation", SAY(w, "%s:Patient", PICK(w, "subject", "patient")),
                        PICK(w, "1", "2", "Patient/1")};
    case 8:
      return (question){"Observation", SAY(w, "%s:identifier", PICK(w, "subject", "patient")),
                        PICK(w, "7", "urn:i|7", "|8", "urn:i|")};
    default:
      return (question){"Patient", SAY(w, "%s:of-type", "identifier"),
                        SAY(w, "urn:types|MR|%d", (int)roll(w, 30))};
  }
}

static question a_question(world *w) {
  if (roll(w, 3) == 0) return a_modified_question(w);
  switch (roll(w, 20)) {
    case 0:
      return (question){"Observation", "code", a_token(w)};
    case 1:
      return (question){"Observation", "combo-code", a_token(w)};
    case 2:
      return (question){"Observation", "value-concept", a_token(w)};
    case 3:
      return (question){"Observation", "date", prefixed(w, a_date(w))};
    case 4:
      return (question){"Observation", "value-quantity", quantity_asked(w)};
    case 5:
      return (question){"Observation", "combo-value-quantity", quantity_asked(w)};
    case 6:
      return (question){"Observation", "component-value-quantity", quantity_asked(w)};
    case 7:
      return (question){"Observation", PICK(w, "subject", "patient"),
                        PICK(w, "Patient/1", "1", "2", "Group/1", "http://far.example/Patient/1")};
    case 8:
      return (question){"Observation", "value-string", PICK(w, "еж", "ЁЖ", "e", "ежик")};
    case 9:
      return (question){"Observation", "component-code-value-quantity",
                        SAY(w, "%s$%s", a_token(w), quantity_asked(w))};
    case 10:
      return (question){"Observation", "code-value-quantity",
                        SAY(w, "%s$%s", a_token(w), quantity_asked(w))};
    case 11:
      return (question){"Observation", "combo-code-value-concept",
                        SAY(w, "%s$%s", a_token(w), a_token(w))};
    case 12:
      return (question){"Observation", "code-value-concept",
                        SAY(w, "%s$%s", a_token(w), a_token(w))};
    case 13:
      return (question){"Observation", "_tag", PICK(w, "x", "urn:t|x", "y")};
    case 14:
      return (question){"Observation", "status", PICK(w, "final", "amended", "x")};
    case 15:
      return (question){"Patient", "birthdate", prefixed(w, a_date(w))};
    case 16:
      return (question){"Patient", "name", PICK(w, "an", "петр", "ann", "oneil", "анна", "z")};
    case 17:
      return (question){"Patient", "gender", PICK(w, "male", "female")};
    case 18:
      return (question){"Patient", "identifier",
                        SAY(w, "urn:a|%d,urn:b|%d", (int)roll(w, 30), (int)roll(w, 30))};
    default:
      return (question){"Patient", "family", PICK(w, "петров", "o", "p")};
  }
}

/* ---- the store ---- */

static void write_one(world *w, zd_op op, uint64_t number, const char *json) {
  zd_schema const *schema = zd_schema_r4();
  zd_issues issues;
  zd_issues_init(&issues, &w->arena);
  zd_snapshot *v;
  zd_txn *txn;
  zd_tree tree;
  assert_int_equal(zd_store_snapshot(w->store, &v), ZD_OK);
  const char *type = number % 4 ? "Observation" : "Patient";
  zd_write put = {
      .op = op,
      .type = zd_search_type_symbol(w->search, zd_schema_type(schema, zd_slice_of(type))),
      .id = zd_arena_printf(&w->arena, "%d", (int)number),
      .previous = ZD_NO_ROW};
  if (zd_snapshot_find(v, put.type, put.id, &put.previous) == ZD_OK) {
    zd_record record;
    assert_int_equal(zd_snapshot_read(v, put.previous, true, &w->arena, &record, NULL), ZD_OK);
    put.previous_version = record.version;
  }
  zd_buffer body;
  zd_buffer_init(&body, 0);
  if (op != ZD_OP_DELETE) {
    zd_slice text = zd_slice_of(json);
    zd_err err = zd_fhir_read_json(schema, text, ZD_NO_TYPE, NULL, &w->arena, &tree, &issues);
    if (err) fail_msg("%.*s: %s", ZD_SV(issues.items[0].diagnostics), json);
    zd_stored_edit edit = {.id = put.id};
    zd_fhir_write_stored(&tree, 0, &edit, &body, &put.stamp_at);
    put.body = zd_buffer_slice(&body);
    assert_int_equal(zd_search_entries(w->search, &tree, 0, NULL, NULL, 0, &w->arena, &put.entries,
                                       &put.entry_count),
                     ZD_OK);
  }
  assert_int_equal(zd_txn_begin(w->store, zd_snapshot_row(v), &txn), ZD_OK);
  assert_int_equal(zd_txn_put(txn, &put), ZD_OK);
  zd_commit_result result = zd_store_commit(w->store, txn);
  assert_int_equal(result.err, ZD_OK);
  zd_snapshot_release(v);
  zd_buffer_free(&body);
}

static int64_t now(void *state) {
  return ((world *)state)->now_ms++;
}

static void open_store(world *w) {
  zd_fault fault = {0};
  zd_store_options options = {.dir = w->dir, .clock = {now, w}, .memtable_rows = 256};
  if (zd_store_open(&options, &w->store, &fault)) fail_msg("%s", fault.text);
  uint64_t started = zd_clock_monotonic_ns();
  zd_err err =
      zd_search_open(zd_schema_r4(), w->store, ZD_S("http://here.example"), &w->search, &fault);
  print_message("parameters ready in %.1f ms\n", (double)(zd_clock_monotonic_ns() - started) / 1e6);
  if (err || zd_store_start(w->store, zd_search_indexer(w->search), &fault))
    fail_msg("%s", fault.text);
}

static void close_store(world *w) {
  zd_store_close(w->store);
  zd_search_close(w->search);
}

/* ---- the oracle ---- */

typedef struct oracle {
  world *w;
  const zd_clause *clause;
  zd_row rows[ROOM];
  size_t n;
} oracle;

static zd_err ask_record(void *context, const zd_record *record) {
  oracle *o = context;
  bool hit = false;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_tree tree;
  assert_int_equal(zd_stored_tree(o->w->search, record->type, record->body, &arena, &tree), ZD_OK);
  assert_int_equal(zd_match_clause(o->w->search, o->clause, &tree, 0, &arena, &hit), ZD_OK);
  if (hit) o->rows[o->n++] = record->row;
  zd_arena_free(&arena);
  return ZD_OK;
}

static void compare(world *w, zd_snapshot *v, question x) {
  static oracle o;
  static zd_row found[ROOM];
  zd_fault fault = {0};
  zd_issues issues;
  zd_issues_init(&issues, &w->arena);
  zd_type type = zd_schema_type(zd_schema_r4(), zd_slice_of(x.type));
  zd_slice name = zd_slice_of(x.name);
  size_t colon = zd_slice_find(name, ':');
  zd_search_value values[2];
  zd_clause clause = {.param = zd_program_find(w->search, type, (zd_slice){name.p, colon}),
                      .type = type,
                      .values = values};
  if (colon < name.n)
    assert_int_equal(zd_modifier_read(w->search, type, clause.param, zd_slice_from(name, colon + 1),
                                      &clause.modifier, &clause.only, &fault),
                     ZD_OK);
  zd_value_context read = {.search = w->search, .now_ms = 1, .arena = &w->arena, .fault = &fault};
  read.modifier = clause.modifier;
  for (zd_slice rest = zd_slice_of(x.value); rest.p; clause.count++) {
    zd_slice text = zd_value_split(rest, ',', &rest);
    assert_int_equal(zd_value_read(&read, clause.param, text, &values[clause.count]), ZD_OK);
  }
  zd_query q;
  zd_query_options options = {.snapshot = v, .now_ms = 1};
  zd_slice query = zd_slice_of(SAY(w, "%s=%s", x.name, x.value));
  for (size_t i = 0; i < query.n; i++)
    assert_true(query.p[i] != '+' || strchr(x.value, 'T')); /* a zone: read as a blank, rightly */
  assert_int_equal(zd_search_parse(w->search, type, query, &options, &w->arena, &q, &issues),
                   ZD_OK);
  zd_search_request ask = {.plan = q.plan, .after = ZD_NO_ROW, .limit = ROOM};
  size_t n = 0;
  uint64_t count = 0;
  zd_err err = zd_snapshot_search(v, &ask, found, &n, &fault);
  if (err) fail_msg("%s?%.*s: %s %s", x.type, ZD_SV(query), zd_err_name(err), fault.text);
  assert_int_equal(zd_snapshot_count(v, &ask, &count, &fault), ZD_OK);
  o.w = w;
  o.clause = &clause;
  o.n = 0;
  uint32_t symbol = zd_search_type_symbol(w->search, type);
  assert_int_equal(zd_snapshot_scan(v, symbol, 0, zd_snapshot_row(v), ask_record, &o, &fault),
                   ZD_OK);
  if (n != o.n || count != n || memcmp(found, o.rows, n * sizeof *found) != 0)
    fail_msg("%s?%.*s: found %zu, counted %d, expected %zu", x.type, ZD_SV(query), n, (int)count,
             o.n);
  w->queries++;
  w->hits += n;
}

static void ask_many(world *w) {
  zd_snapshot *v;
  assert_int_equal(zd_store_snapshot(w->store, &v), ZD_OK);
  for (int i = 0; i < QUERIES; i++) {
    compare(w, v, a_question(w));
    zd_arena_reset(&w->arena);
  }
  zd_snapshot_release(v);
}

static void changes(world *w, int n) {
  for (int i = 0; i < n; i++) {
    uint64_t number = roll(w, RESOURCES);
    zd_op op = roll(w, 8) == 0 ? ZD_OP_DELETE : ZD_OP_UPDATE;
    write_one(w, op, number, number % 4 ? an_observation(w) : a_patient(w));
    zd_arena_reset(&w->arena);
  }
}

static void the_index_finds_what_reading_everything_finds(void **state) {
  (void)state;
  world w = {.now_ms = INT64_C(1700000000000)};
  zd_fault fault = {0};
  strcpy(w.dir, "/tmp/zd_search_XXXXXX");
  assert_non_null(mkdtemp(w.dir));
  zd_arena_init(&w.arena, 0);
  zd_testing_dice(&w.dice, 5, 1);
  open_store(&w);
  for (uint64_t i = 0; i < RESOURCES; i++)
    write_one(&w, ZD_OP_CREATE, i, i % 4 ? an_observation(&w) : a_patient(&w));
  ask_many(&w);
  changes(&w, CHANGES);
  ask_many(&w);
  if (zd_store_compact(w.store, &fault)) fail_msg("%s", fault.text);
  ask_many(&w);
  changes(&w, CHANGES / 4);
  close_store(&w);
  open_store(&w); /* what was not flushed is indexed again from the log */
  ask_many(&w);
  close_store(&w);
  print_message("%zu queries, %zu hits\n", w.queries, w.hits);
  assert_true(w.hits > w.queries);
  zd_arena_free(&w.arena);
  char command[128];
  snprintf(command, sizeof command, "rm -r '%s'", w.dir);
  assert_int_equal(system(command), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_index_finds_what_reading_everything_finds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
