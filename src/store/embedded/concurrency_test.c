/* Many writers and readers at once; meant to be run under the thread sanitizer as well. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "store/testing/little_record.h"

enum { WRITERS = 6, READERS = 2, ROUNDS = 150, RACES = 40, ACCOUNTS = 8 };

typedef struct fixture {
  char dir[64];
  zd_store *s;
  _Atomic unsigned failures, conflicts, commits;
  _Atomic bool stop;
  pthread_barrier_t gate;
} fixture;

typedef struct member {
  fixture *f;
  unsigned number;
} member;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  zd_fault fault = {0};
  strcpy(f->dir, "/tmp/zd_concurrency_test_XXXXXX");
  assert_non_null(mkdtemp(f->dir));
  zd_store_options o = {.dir = f->dir, .memtable_rows = 200, .log_file_bytes = 20000};
  if (zd_store_open(&o, &f->s, &fault)) fail_msg("%s", fault.text);
  if (zd_store_start(f->s, zd_little_indexer(f->s), &fault)) fail_msg("%s", fault.text);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  zd_store_close(f->s);
  zd_little_remove(f->dir);
  free(f);
  return 0;
}

/* Assertions of cmocka belong to the main thread: the others count what went wrong. */
static void expect(fixture *f, bool holds, const char *what) {
  if (holds) return;
  f->failures++;
  fprintf(stderr, "failed: %s\n", what);
}

static void start(fixture *f, unsigned n, void *(*run)(void *), member *members, pthread_t *out) {
  for (unsigned i = 0; i < n; i++) {
    members[i] = (member){f, i};
    assert_int_equal(pthread_create(&out[i], NULL, run, &members[i]), 0);
  }
}

static void join(unsigned n, pthread_t *threads) {
  for (unsigned i = 0; i < n; i++) pthread_join(threads[i], NULL);
}

/* ---- transfers between accounts: the sum is the same in every snapshot ---- */

static long balance(zd_snapshot *v, uint32_t type, unsigned account, zd_arena *arena,
                    zd_record *r) {
  char id[16];
  zd_row row;
  snprintf(id, sizeof id, "a%u", account);
  if (zd_snapshot_find(v, type, zd_slice_of(id), &row)) return -1000000;
  if (zd_snapshot_read(v, row, false, arena, r, NULL)) return -1000000;
  zd_slice text = zd_arena_copy(arena, zd_slice_from(r->body, strlen("day=")));
  return strtol(text.p, NULL, 10);
}

static zd_err put_balance(fixture *f, zd_txn *t, unsigned account, long amount, zd_row previous,
                          uint64_t version) {
  char id[16], body[64];
  snprintf(id, sizeof id, "a%u", account);
  snprintf(body, sizeof body, "day=%ld;account=%u;", amount, account);
  return zd_little_put(t, f->s, version ? ZD_OP_UPDATE : ZD_OP_CREATE, "Account", zd_slice_of(id),
                       previous, version, zd_slice_of(body));
}

static void *transfer(void *context) {
  member *m = context;
  fixture *f = m->f;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  uint32_t type = zd_little_symbol(f->s, "Account");
  for (unsigned round = 0; round < ROUNDS; round++) {
    unsigned from = (m->number + round) % ACCOUNTS, to = (from + 1 + round % 5) % ACCOUNTS;
    zd_snapshot *v;
    zd_txn *t;
    zd_record a = {.row = ZD_NO_ROW}, b = {.row = ZD_NO_ROW};
    zd_arena_reset(&arena);
    if (zd_store_snapshot(f->s, &v)) continue;
    long x = balance(v, type, from, &arena, &a), y = balance(v, type, to, &arena, &b);
    expect(f, zd_txn_begin(f->s, zd_snapshot_row(v), &t) == ZD_OK, "begin");
    zd_snapshot_release(v);
    expect(f, put_balance(f, t, from, x - 1, a.row, a.version) == ZD_OK, "put");
    expect(f, put_balance(f, t, to, y + 1, b.row, b.version) == ZD_OK, "put");
    zd_commit_result r = zd_store_commit(f->s, t);
    if (r.err == ZD_ERR_CONFLICT) f->conflicts++;
    if (r.err == ZD_OK) f->commits++;
    expect(f, r.err == ZD_OK || r.err == ZD_ERR_CONFLICT, "commit");
  }
  zd_arena_free(&arena);
  return NULL;
}

static void *audit(void *context) {
  fixture *f = ((member *)context)->f;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  uint32_t type = zd_little_symbol(f->s, "Account");
  zd_plan plan = {.op = ZD_PLAN_TYPE, .type = type};
  zd_search_request q = {.plan = &plan, .after = ZD_NO_ROW};
  while (!f->stop) {
    zd_snapshot *v;
    zd_record r;
    long sum = 0;
    uint64_t n = 0;
    zd_arena_reset(&arena);
    if (zd_store_snapshot(f->s, &v)) continue;
    for (unsigned i = 0; i < ACCOUNTS; i++) sum += balance(v, type, i, &arena, &r);
    expect(f, sum == 100 * ACCOUNTS, "the sum is the same in every snapshot");
    expect(f, zd_snapshot_count(v, &q, &n, NULL) == ZD_OK && n == ACCOUNTS, "count");
    zd_snapshot_release(v);
  }
  zd_arena_free(&arena);
  return NULL;
}

static void transfers_keep_the_sum_in_every_snapshot(void **state) {
  fixture *f = *state;
  zd_txn *t;
  assert_int_equal(zd_txn_begin(f->s, 0, &t), ZD_OK);
  for (unsigned i = 0; i < ACCOUNTS; i++) put_balance(f, t, i, 100, ZD_NO_ROW, 0);
  assert_int_equal(zd_store_commit(f->s, t).err, ZD_OK);
  member writers[WRITERS], readers[READERS];
  pthread_t w[WRITERS], r[READERS];
  start(f, READERS, audit, readers, r);
  start(f, WRITERS, transfer, writers, w);
  join(WRITERS, w);
  f->stop = true;
  join(READERS, r);
  assert_int_equal(f->failures, 0);
  zd_snapshot *v;
  assert_int_equal(zd_store_snapshot(f->s, &v), ZD_OK);
  assert_int_equal(zd_snapshot_row(v), ACCOUNTS + 2 * f->commits);
  zd_snapshot_release(v);
  zd_fault fault = {0};
  if (zd_store_check(f->s, NULL, NULL, NULL, &fault)) fail_msg("%s", fault.text);
}

/* ---- the race for one identifier: a conditional create by everybody at once ---- */

static void *race(void *context) {
  member *m = context;
  fixture *f = m->f;
  for (unsigned round = 0; round < RACES; round++) {
    char id[32], term[16], body[64];
    snprintf(id, sizeof id, "p%u-%u", round, m->number);
    snprintf(term, sizeof term, "%u", round);
    snprintf(body, sizeof body, "identifier=%u;day=%u;", round, m->number);
    zd_plan plan = {.op = ZD_PLAN_TERM,
                    .field = zd_little_symbol(f->s, "identifier"),
                    .term = zd_slice_of(term)};
    zd_snapshot *v;
    zd_txn *t;
    pthread_barrier_wait(&f->gate);
    if (zd_store_snapshot(f->s, &v)) continue;
    zd_search_request q = {.plan = &plan, .after = ZD_NO_ROW};
    uint64_t n = 0;
    expect(f, zd_snapshot_count(v, &q, &n, NULL) == ZD_OK, "count");
    expect(f, zd_txn_begin(f->s, zd_snapshot_row(v), &t) == ZD_OK, "begin");
    zd_snapshot_release(v);
    zd_txn_guard(t, &plan);
    zd_little_put(t, f->s, ZD_OP_CREATE, "Patient", zd_slice_of(id), ZD_NO_ROW, 0,
                  zd_slice_of(body));
    if (n) { /* somebody was faster already */
      zd_txn_free(t);
    } else if (zd_store_commit(f->s, t).err == ZD_OK) {
      f->commits++;
    }
  }
  return NULL;
}

static void a_race_of_conditional_creates_has_one_winner(void **state) {
  fixture *f = *state;
  member racers[WRITERS];
  pthread_t threads[WRITERS];
  pthread_barrier_init(&f->gate, NULL, WRITERS);
  start(f, WRITERS, race, racers, threads);
  join(WRITERS, threads);
  pthread_barrier_destroy(&f->gate);
  assert_int_equal(f->failures, 0);
  assert_int_equal(f->commits, RACES);
}

/* ---- large transactions beside small ones, symbols, dictionaries ---- */

static void *load(void *context) {
  member *m = context;
  fixture *f = m->f;
  unsigned writes = m->number < 2 ? 1200 : 3;
  for (unsigned round = 0; round < (m->number < 2 ? 3 : 60); round++) {
    zd_snapshot *v;
    zd_txn *t;
    if (zd_store_snapshot(f->s, &v)) continue;
    expect(f, zd_txn_begin(f->s, zd_snapshot_row(v), &t) == ZD_OK, "begin");
    zd_snapshot_release(v);
    for (unsigned i = 0; i < writes; i++) {
      char id[48], body[160];
      snprintf(id, sizeof id, "%u-%u-%u", m->number, round, i);
      snprintf(body, sizeof body, "writer=%u;field%u=x;day=%u;words that repeat in every body %u",
               m->number, round % 50, i, i * 7919);
      expect(f,
             zd_little_put(t, f->s, ZD_OP_CREATE, "Observation", zd_slice_of(id), ZD_NO_ROW, 0,
                           zd_slice_of(body)) == ZD_OK,
             "put");
    }
    zd_commit_result r = zd_store_commit(f->s, t);
    expect(f, r.err == ZD_OK, r.fault.text);
  }
  return NULL;
}

static zd_err count_record(void *context, const zd_record *r) {
  (void)r;
  ++*(uint64_t *)context;
  return ZD_OK;
}

static void *scan(void *context) {
  fixture *f = ((member *)context)->f;
  while (!f->stop) {
    zd_snapshot *v;
    uint64_t scanned = 0, logged = 0;
    if (zd_store_snapshot(f->s, &v)) continue;
    zd_row row = zd_snapshot_row(v);
    expect(f, zd_snapshot_scan(v, ZD_NO_SYMBOL, 0, row, count_record, &scanned, NULL) == ZD_OK,
           "scan");
    expect(f, scanned == row, "everything is scanned");
    zd_snapshot_release(v);
    expect(f, zd_store_log(f->s, 0, true, count_record, &logged, NULL) == ZD_OK, "log");
    expect(f, logged >= row, "everything is in the log");
    zd_store_stats stats;
    zd_store_stats_get(f->s, &stats);
  }
  return NULL;
}

static void large_and_small_transactions_are_scanned_while_they_come(void **state) {
  fixture *f = *state;
  member writers[WRITERS], readers[READERS];
  pthread_t w[WRITERS], r[READERS];
  start(f, READERS, scan, readers, r);
  start(f, WRITERS, load, writers, w);
  join(WRITERS, w);
  f->stop = true;
  join(READERS, r);
  assert_int_equal(f->failures, 0);
  zd_fault fault = {0};
  if (zd_store_check(f->s, NULL, NULL, NULL, &fault)) fail_msg("%s", fault.text);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(transfers_keep_the_sum_in_every_snapshot),
      CASE(a_race_of_conditional_creates_has_one_winner),
      CASE(large_and_small_transactions_are_scanned_while_they_come),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
