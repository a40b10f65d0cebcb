/* Generations that replace each other while others write and ask: what is found is always what
 * reading everything finds; and over restarts. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "define/define.h"
#include "fhir/codec.h"

typedef struct world {
  char dir[64];
  zd_store *store;
  zd_definer *definer;
  atomic_bool over;
  _Atomic unsigned written, answered, refused;
  _Atomic int wrong;
} world;

static void open_world(world *w) {
  zd_fault fault = {0};
  zd_store_options options = {.dir = w->dir};
  if (zd_store_open(&options, &w->store, &fault)) fail_msg("%s", fault.text);
  zd_definer_options definer = {.store = w->store, .base_url = ZD_S("")};
  if (zd_definer_open(&definer, &w->definer, &fault)) fail_msg("%s", fault.text);
  if (zd_store_start(w->store, zd_definer_indexer(w->definer), &fault)) fail_msg("%s", fault.text);
  if (zd_definer_refresh(w->definer, &fault)) fail_msg("%s", fault.text);
  if (zd_definer_index_start(w->definer, &fault)) fail_msg("%s", fault.text);
}

static void close_world(world *w) {
  zd_definer_stop(w->definer);
  zd_store_close(w->store);
  zd_definer_close(w->definer);
}

static int set_up(void **state) {
  world *w = calloc(1, sizeof *w);
  snprintf(w->dir, sizeof w->dir, "/tmp/zd_definer_test_XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  open_world(w);
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  world *w = *state;
  char command[128];
  close_world(w);
  snprintf(command, sizeof command, "rm -rf %s", w->dir);
  assert_int_equal(system(command), 0);
  free(w);
  return 0;
}

/* ---- writing ---- */

/* One resource, or its deletion (text absent), under the generation of the moment. */
static zd_err put_under(world *w, const zd_generation *g, const char *type, const char *id,
                        zd_slice text, zd_slice *stored, zd_arena *arena) {
  zd_snapshot *v;
  zd_txn *txn;
  zd_record record;
  zd_buffer body;
  zd_type t = zd_schema_type(g->schema, zd_slice_of(type));
  zd_write write = {.op = ZD_OP_CREATE, .id = zd_slice_of(id), .previous = ZD_NO_ROW};
  write.type = zd_search_type_symbol(g->search, t);
  zd_buffer_init(&body, 0);
  zd_err err = zd_store_snapshot(w->store, &v);
  if (err) return err;
  if (zd_snapshot_find(v, write.type, write.id, &write.previous) == ZD_OK) {
    err = zd_snapshot_read(v, write.previous, true, NULL, &record, NULL);
    write.previous_version = record.version;
    write.op = text.p ? ZD_OP_UPDATE : ZD_OP_DELETE;
  }
  if (!err && text.p) {
    zd_tree tree;
    zd_issues issues;
    zd_issues_init(&issues, arena);
    err = zd_fhir_read_json(g->schema, text, t, NULL, arena, &tree, &issues);
    if (!err) zd_fhir_write_stored(&tree, 0, NULL, &body, &write.stamp_at);
    write.body = zd_buffer_slice(&body);
    if (!err)
      err = zd_search_entries(g->search, &tree, 0, NULL, NULL, 0, arena, &write.entries,
                              &write.entry_count);
    if (stored) *stored = zd_arena_copy(arena, write.body);
  }
  if (!err) err = zd_txn_begin(w->store, zd_snapshot_row(v), &txn);
  if (!err) err = zd_txn_put(txn, &write);
  zd_snapshot_release(v);
  if (!err) err = zd_store_commit(w->store, txn).err;
  zd_buffer_free(&body);
  return err;
}

static zd_err put_patient(world *w, unsigned n) {
  zd_arena arena;
  char id[32];
  zd_arena_init(&arena, 0);
  snprintf(id, sizeof id, "p%u", n);
  zd_slice text = zd_arena_printf(&arena,
                                  "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"name\":[{"
                                  "\"given\":[\"Anna\",\"b%u\",\"c%u\"]}]}",
                                  id, n % 3, n % 4);
  const zd_generation *g = zd_definer_enter(w->definer, true);
  zd_err err = put_under(w, g, "Patient", id, text, NULL, &arena);
  zd_definer_leave(w->definer, g);
  zd_arena_free(&arena);
  return err;
}

/* SearchParameter/x says Patient.name.given[k]; k 0: it is deleted. */
static zd_err change(world *w, int k) {
  zd_arena arena;
  zd_issues issues;
  zd_fault fault = {0};
  zd_proposal *p = NULL;
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_slice text = zd_arena_printf(
      &arena,
      "{\"resourceType\":\"SearchParameter\",\"id\":\"x\",\"url\":\"http://x/x\",\"name\":\"x\","
      "\"status\":\"active\",\"description\":\"x\",\"code\":\"x\",\"base\":[\"Patient\"],"
      "\"type\":\"string\",\"expression\":\"Patient.name.given[%d]\"}",
      k);
  zd_definition_write write = {.id = ZD_S("x")};
  if (k) write.text = text;
  zd_definer_lock(w->definer);
  zd_err err = zd_definer_propose(w->definer, &write, 1, &issues, &p, &fault);
  if (!err) {
    const zd_generation *g = zd_definer_enter(w->definer, true);
    err = put_under(w, g, "SearchParameter", "x", write.text, NULL, &arena);
    zd_definer_leave(w->definer, g);
  }
  if (err)
    zd_definer_drop(p);
  else
    err = zd_definer_adopt(w->definer, p, &fault);
  zd_definer_unlock(w->definer);
  zd_arena_free(&arena);
  return err;
}

/* ---- asking ---- */

/* Which element the generation's parameter speaks of; 0: it has none. */
static int speaks_of(const zd_generation *g) {
  zd_type patient = zd_schema_type(g->schema, ZD_S("Patient"));
  uint32_t at = zd_schema_param_find(g->schema, patient, ZD_S("x"));
  if (at == UINT32_MAX) return 0;
  zd_slice expression = zd_schema_param(g->schema, at).expression;
  return expression.p[expression.n - 2] - '0';
}

typedef struct naive {
  const char *wanted;
  uint64_t found;
} naive;

static zd_err count_one(void *context, const zd_record *r) {
  naive *x = context;
  x->found += memmem(r->body.p, r->body.n, x->wanted, strlen(x->wanted)) != NULL;
  return ZD_OK;
}

/* ZD_ERR_INVALID: there is no such parameter; ZD_ERR_BUSY: it is being indexed; ZD_ERR_CORRUPT: the
 * answer is wrong. */
static zd_err ask(world *w, const char *value, uint64_t *found) {
  zd_arena arena;
  zd_issues issues;
  zd_query q;
  zd_snapshot *v;
  char query[64], wanted[64];
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  const zd_generation *g = zd_definer_take(w->definer);
  zd_err err = zd_store_snapshot(w->store, &v);
  if (err) return err;
  while (!zd_definer_is_present(w->definer, g)) {
    zd_definer_give(w->definer, g);
    zd_snapshot_release(v);
    g = zd_definer_take(w->definer);
    err = zd_store_snapshot(w->store, &v);
    if (err) return err;
  }
  zd_type patient = zd_schema_type(g->schema, ZD_S("Patient"));
  zd_query_options options = {.snapshot = v};
  snprintf(query, sizeof query, "x:exact=%s", value);
  snprintf(wanted, sizeof wanted, "\"%s\"", value);
  err = zd_search_parse(g->search, patient, zd_slice_of(query), &options, &arena, &q, &issues);
  if (!err) {
    zd_search_request request = {.plan = q.plan, .after = ZD_NO_ROW};
    naive x = {.wanted = wanted};
    err = zd_snapshot_count(v, &request, found, NULL);
    bool speaks = speaks_of(g) == value[0] - 'a';
    if (!err && speaks)
      err = zd_snapshot_scan(v, zd_search_type_symbol(g->search, patient), 0, zd_snapshot_row(v),
                             count_one, &x, NULL);
    if (!err && *found != x.found) {
      err = ZD_ERR_CORRUPT;
    }
  }
  zd_definer_give(w->definer, g);
  zd_snapshot_release(v);
  zd_arena_free(&arena);
  return err;
}

static void wait_until_ready(world *w) {
  zd_definer_progress p;
  do zd_definer_progress_get(w->definer, &p);
  while (p.fields);
}

static void expect(world *w, const char *value, uint64_t wanted) {
  uint64_t found = 0;
  wait_until_ready(w);
  assert_int_equal(ask(w, value, &found), ZD_OK);
  assert_int_equal(found, wanted);
}

static void check(world *w) {
  zd_fault fault = {0};
  if (zd_store_check(w->store, NULL, NULL, NULL, &fault)) fail_msg("%s", fault.text);
}

/* ---- tests ---- */

static void what_was_stored_before_is_found(void **state) {
  world *w = *state;
  uint64_t found;
  for (unsigned i = 0; i < 60; i++) assert_int_equal(put_patient(w, i), ZD_OK);
  assert_int_equal(ask(w, "b1", &found), ZD_ERR_INVALID);
  assert_int_equal(change(w, 1), ZD_OK);
  expect(w, "b1", 20);
  assert_int_equal(change(w, 2), ZD_OK);
  expect(w, "b1", 0);
  expect(w, "c1", 15);
  assert_int_equal(change(w, 0), ZD_OK);
  assert_int_equal(ask(w, "c1", &found), ZD_ERR_INVALID);
  assert_int_equal(put_patient(w, 61), ZD_OK); /* lacks the field */
  assert_int_equal(change(w, 2), ZD_OK);
  expect(w, "c1", 16);
  check(w);
}

static void a_restart_goes_on(void **state) {
  world *w = *state;
  zd_arena arena;
  zd_parameter_report report;
  for (unsigned i = 0; i < 60; i++) assert_int_equal(put_patient(w, i), ZD_OK);
  assert_int_equal(change(w, 1), ZD_OK);
  close_world(w); /* wherever indexing was */
  open_world(w);
  expect(w, "b2", 20);
  /* One that nobody looked at when it was written: an import's. */
  zd_arena_init(&arena, 0);
  zd_slice text = ZD_S(
      "{\"resourceType\":\"SearchParameter\",\"id\":\"y\",\"url\":\"http://x/y\",\"name\":\"y\","
      "\"status\":\"active\",\"description\":\"y\",\"code\":\"x\",\"base\":[\"Patient\"],"
      "\"type\":\"string\",\"expression\":\"Patient.name.family\"}");
  assert_int_equal(
      put_under(w, zd_definer_first(w->definer), "SearchParameter", "y", text, NULL, &arena),
      ZD_OK);
  close_world(w);
  open_world(w);
  expect(w, "b2", 20);
  assert_int_equal(zd_definer_report(w->definer, ZD_S("y"), &arena, &report, NULL), ZD_OK);
  assert_int_equal(report.standing, ZD_PARAMETER_REFUSED);
  assert_int_equal(zd_definer_report(w->definer, ZD_S("x"), &arena, &report, NULL), ZD_OK);
  assert_int_equal(report.standing, ZD_PARAMETER_USED);
  assert_int_equal(zd_definer_report(w->definer, ZD_S("z"), &arena, &report, NULL),
                   ZD_ERR_NOT_FOUND);
  assert_int_equal(change(w, 0), ZD_OK); /* now y may have the code */
  assert_int_equal(zd_definer_report(w->definer, ZD_S("y"), &arena, &report, NULL), ZD_OK);
  assert_int_equal(report.standing, ZD_PARAMETER_USED);
  zd_arena_free(&arena);
  check(w);
}

static void *write_on(void *context) {
  world *w = context;
  while (!atomic_load(&w->over))
    if (put_patient(w, atomic_fetch_add(&w->written, 1))) atomic_store(&w->wrong, 1);
  return NULL;
}

static void *ask_on(void *context) {
  world *w = context;
  uint64_t found;
  for (unsigned i = 0; !atomic_load(&w->over); i++) {
    zd_err err = ask(w, i % 2 ? "b1" : "c1", &found);
    if (err && err != ZD_ERR_BUSY && err != ZD_ERR_INVALID) atomic_store(&w->wrong, (int)err);
    atomic_fetch_add(err ? &w->refused : &w->answered, 1);
  }
  return NULL;
}

static void every_answer_is_whole_while_everything_changes(void **state) {
  world *w = *state;
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, i < 2 ? write_on : ask_on, w), 0);
  static const int turns[] = {1, 2, 0, 2, 1, 1, 0, 1, 2, 1, 0, 2};
  for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
    assert_int_equal(change(w, turns[i]), ZD_OK);
    if (i % 3 == 0) wait_until_ready(w);
  }
  atomic_store(&w->over, true);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  assert_int_equal(atomic_load(&w->wrong), ZD_OK);
  wait_until_ready(w);
  uint64_t found;
  assert_int_equal(ask(w, "c1", &found), ZD_OK);
  check(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_was_stored_before_is_found, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_restart_goes_on, set_up, tear_down),
      cmocka_unit_test_setup_teardown(every_answer_is_whole_while_everything_changes, set_up,
                                      tear_down)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
