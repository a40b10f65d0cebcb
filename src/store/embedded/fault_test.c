/* Random transactions against a naive oracle, through a file system that fails: what was
 * acknowledged is there, what was refused is not, nothing is there by half, and the check passes.
 * Repeated for random seeds; ZD_FAULT_ROUNDS says how many. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/testing/dice.h"
#include "store/testing/faulty_files.h"
#include "store/testing/little_record.h"

enum { IDS = 24, ROWS_MAX = 60000, WRITES_MAX = 1200 };

/* One committed version, as the oracle knows it. */
typedef struct version {
  int id;
  zd_op op;
  uint64_t number;
  zd_row previous;
  char body[48];
} version;

typedef struct world {
  char dir[64], grave[80];
  zd_random random;
  zd_faulty *faulty;
  zd_store *s;
  version *rows;
  size_t n;
  zd_row newest[IDS];
  size_t spare; /* ids of large transactions, each used once */
  /* the transaction whose fate a crash left open: it may be there whole, or not at all */
  version *doubt;
  size_t doubt_n;
  zd_arena arena;
} world;

static uint64_t below(world *w, uint64_t n) {
  return zd_random_below(&w->random, n);
}

static void id_text(int id, char text[24]) {
  snprintf(text, 24, "%s%d", id < IDS ? "r" : "large-", id);
}

static zd_err open_world(world *w, bool faulty) {
  zd_fault fault = {0};
  zd_store_options o = {.dir = w->dir, .memtable_rows = 50, .log_file_bytes = 8000};
  if (faulty) o.fs = zd_faulty_files(w->faulty);
  zd_err err = zd_store_open(&o, &w->s, &fault);
  if (!err) {
    err = zd_store_start(w->s, zd_little_indexer(w->s), &fault);
    if (err) zd_store_close(w->s);
  }
  if (err) w->s = NULL;
  if (err && !faulty) fail_msg("%s: %s", zd_err_name(err), fault.text);
  return err;
}

/* ---- writing ---- */

static void random_version(world *w, int id, version *out) {
  zd_row previous = id < IDS ? w->newest[id] : ZD_NO_ROW;
  bool deleted = previous == ZD_NO_ROW || w->rows[previous].op == ZD_OP_DELETE;
  out->id = id;
  out->previous = previous;
  out->number = previous == ZD_NO_ROW ? 1 : w->rows[previous].number + 1;
  out->op = deleted ? ZD_OP_CREATE : below(w, 4) ? ZD_OP_UPDATE : ZD_OP_DELETE;
  snprintf(out->body, sizeof out->body, "code=c%d;day=%d;text %d", (int)below(w, 7),
           (int)below(w, 100), (int)below(w, 1000000));
  if (out->op == ZD_OP_DELETE) out->body[0] = 0;
}

static zd_txn *prepare(world *w, version *out, size_t *n) {
  zd_txn *t;
  bool used[IDS] = {false};
  size_t want = below(w, 40) ? 1 + below(w, 4) : 1000 + below(w, WRITES_MAX - 1000);
  if (zd_txn_begin(w->s, w->n, &t)) return NULL;
  *n = 0;
  for (size_t i = 0; i < want; i++) {
    int id = want >= 1000 ? (int)(IDS + w->spare++) : (int)below(w, IDS);
    if (id < IDS && used[id]) continue;
    if (id < IDS) used[id] = true;
    version *v = &out[(*n)++];
    char text[24];
    random_version(w, id, v);
    id_text(id, text);
    assert_int_equal(zd_little_put(t, w->s, v->op, id % 2 ? "Odd" : "Even", zd_slice_of(text),
                                   v->previous, v->number - 1, zd_slice_of(v->body)),
                     ZD_OK);
  }
  return t;
}

static void apply(world *w, const version *list, size_t n) {
  for (size_t i = 0; i < n; i++) {
    assert_true(w->n < ROWS_MAX);
    if (list[i].id < IDS) w->newest[list[i].id] = w->n;
    w->rows[w->n++] = list[i];
  }
}

/* A transaction made on an old snapshot: refused exactly when one of its resources has changed. */
static void write_stale(world *w) {
  zd_txn *t;
  int id = (int)below(w, IDS);
  zd_row as_of = w->n - below(w, w->n < 20 ? w->n + 1 : 20), previous = ZD_NO_ROW;
  for (zd_row row = 0; row < as_of; row++) {
    if (w->rows[row].id == id) previous = row;
  }
  bool stale = w->newest[id] != previous;
  if (!stale || zd_txn_begin(w->s, as_of, &t)) return;
  char text[24];
  id_text(id, text);
  zd_little_put(t, w->s, previous == ZD_NO_ROW ? ZD_OP_CREATE : ZD_OP_UPDATE,
                id % 2 ? "Odd" : "Even", zd_slice_of(text), previous,
                previous == ZD_NO_ROW ? 0 : w->rows[previous].number, ZD_S("code=stale;"));
  zd_commit_result r = zd_store_commit(w->s, t);
  assert_int_not_equal(r.err, ZD_OK);
}

/* Returns what the commit said. A failure of a machine that died leaves the transaction in doubt
 * (its bytes may have reached the disk); any other failure promises that it is not there. */
static zd_err write_some(world *w) {
  version list[WRITES_MAX];
  size_t n;
  if (below(w, 10) == 0) write_stale(w);
  zd_txn *t = prepare(w, list, &n);
  if (!t) return ZD_ERR_MEMORY;
  zd_commit_result r = zd_store_commit(w->s, t);
  if (!r.err) {
    assert_int_equal(r.first_row, w->n);
    apply(w, list, n);
  } else if (zd_faulty_dead(w->faulty)) {
    memcpy(w->doubt, list, n * sizeof *list);
    w->doubt_n = n;
  }
  return r.err;
}

/* ---- comparing ---- */

static void expect_version(world *w, zd_snapshot *v, zd_row row) {
  zd_record r;
  zd_fault fault = {0};
  const version *e = &w->rows[row];
  char text[24];
  id_text(e->id, text);
  zd_arena_reset(&w->arena);
  if (zd_snapshot_read(v, row, false, &w->arena, &r, &fault)) fail_msg("%s", fault.text);
  assert_int_equal(r.version, e->number);
  assert_int_equal(r.previous, e->previous);
  assert_int_equal(r.op, e->op);
  assert_true(zd_slice_eq(zd_slice_make(r.id, r.id_n), zd_slice_of(text)));
  assert_true(zd_slice_eq(r.body, zd_slice_of(e->body)));
}

static void expect_searches(world *w, zd_snapshot *v) {
  for (int c = 0; c < 7; c++) {
    char code[16];
    snprintf(code, sizeof code, "c%d", c);
    size_t expected = 0;
    char start[32];
    snprintf(start, sizeof start, "code=%s;", code);
    for (size_t row = 0; row < w->n; row++) {
      const version *e = &w->rows[row];
      bool current = e->id >= IDS || w->newest[e->id] == row;
      expected += current && strncmp(e->body, start, strlen(start)) == 0;
    }
    uint64_t n;
    zd_plan plan = {
        .op = ZD_PLAN_TERM, .field = zd_little_symbol(w->s, "code"), .term = zd_slice_of(code)};
    zd_search_request q = {.plan = &plan, .after = ZD_NO_ROW};
    assert_int_equal(zd_snapshot_count(v, &q, &n, NULL), ZD_OK);
    assert_int_equal(n, expected);
  }
}

static void print_finding(void *context, const char *text) {
  (void)context;
  fprintf(stderr, "finding: %s\n", text);
}

static void expect_world(world *w) {
  zd_snapshot *v;
  zd_fault fault = {0};
  assert_int_equal(zd_store_snapshot(w->s, &v), ZD_OK);
  if (zd_snapshot_row(v) != w->n && w->doubt_n) apply(w, w->doubt, w->doubt_n);
  w->doubt_n = 0;
  assert_int_equal(zd_snapshot_row(v), w->n);
  for (zd_row row = 0; row < w->n; row++) expect_version(w, v, row);
  for (int id = 0; id < IDS; id++) {
    char text[24];
    zd_row row = ZD_NO_ROW;
    id_text(id, text);
    zd_err err = zd_snapshot_find(v, zd_little_symbol(w->s, id % 2 ? "Odd" : "Even"),
                                  zd_slice_of(text), &row);
    assert_int_equal(err, w->newest[id] == ZD_NO_ROW ? ZD_ERR_NOT_FOUND : ZD_OK);
    assert_int_equal(row, w->newest[id]);
  }
  expect_searches(w, v);
  zd_snapshot_release(v);
  if (zd_store_check(w->s, print_finding, NULL, NULL, &fault)) fail_msg("%s", fault.text);
}

/* ---- the rounds ---- */

static world *new_world(uint64_t seed) {
  world *w = calloc(1, sizeof *w);
  strcpy(w->dir, "/tmp/zd_fault_test_XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  snprintf(w->grave, sizeof w->grave, "%s.grave", w->dir);
  zd_testing_dice(&w->random, seed, 0);
  w->faulty = zd_faulty_new(w->grave, seed);
  w->rows = calloc(ROWS_MAX, sizeof *w->rows);
  w->doubt = calloc(WRITES_MAX, sizeof *w->doubt);
  for (int i = 0; i < IDS; i++) w->newest[i] = ZD_NO_ROW;
  zd_arena_init(&w->arena, 0);
  return w;
}

static void free_world(world *w) {
  zd_faulty_free(w->faulty);
  zd_arena_free(&w->arena);
  zd_little_remove(w->dir);
  free(w->rows);
  free(w->doubt);
  free(w);
}

static unsigned rounds(unsigned few) {
  const char *text = getenv("ZD_FAULT_ROUNDS");
  return text ? (unsigned)strtoul(text, NULL, 10) : few;
}

static void power_cuts_lose_nothing_acknowledged(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= rounds(12); seed++) {
    world *w = new_world(seed);
    for (int life = 0; life < 6; life++) {
      zd_faulty_die_at(w->faulty, 1 + below(w, below(w, 3) ? 400 : 30));
      if (open_world(w, true) == ZD_OK) {
        for (int i = 0; i < 200 && !zd_faulty_dead(w->faulty); i++) write_some(w);
        zd_store_close(w->s);
      }
      zd_faulty_cut_power(w->faulty);
      open_world(w, false);
      expect_world(w);
      zd_store_close(w->s);
    }
    free_world(w);
  }
}

static void a_failed_write_fails_its_group_and_nothing_else(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= rounds(8); seed++) {
    world *w = new_world(1000 + seed);
    open_world(w, true);
    for (int i = 0; i < 60; i++) {
      if (i % 6 == 0) zd_faulty_fail_at(w->faulty, 1 + below(w, 12), below(w, 2) ? EIO : ENOSPC);
      write_some(w);
      if (i % 20 == 19) expect_world(w); /* reads go on in any case */
    }
    zd_faulty_fail_at(w->faulty, 0, 0);
    zd_store_close(w->s);
    open_world(w, false);
    expect_world(w);
    zd_store_close(w->s);
    free_world(w);
  }
}

static void after_a_failed_sync_writes_are_refused_until_reopened(void **state) {
  (void)state;
  world *w = new_world(77);
  open_world(w, true);
  for (int i = 0; i < 10; i++) assert_int_equal(write_some(w), ZD_OK);
  zd_faulty_fail_sync_at(w->faulty, 1);
  zd_err err = ZD_OK;
  for (int i = 0; i < 5 && !err; i++) err = write_some(w); /* a flush may have taken the fault */
  if (err) {
    version list[WRITES_MAX];
    size_t n;
    zd_txn *t = prepare(w, list, &n);
    zd_commit_result r = zd_store_commit(w->s, t);
    if (r.err) {
      assert_int_equal(r.err, ZD_ERR_IO);
      assert_non_null(strstr(r.fault.text, "reopened"));
    } else { /* the fault met a file just made, which was thrown away whole */
      apply(w, list, n);
    }
  }
  expect_world(w);
  zd_store_close(w->s);
  open_world(w, true);
  expect_world(w);
  assert_int_equal(write_some(w), ZD_OK);
  zd_store_close(w->s);
  free_world(w);
}

static void a_full_disk_still_reads_and_writes_again_when_there_is_space(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= rounds(6); seed++) {
    world *w = new_world(2000 + seed);
    open_world(w, true);
    for (int i = 0; i < 20; i++) assert_int_equal(write_some(w), ZD_OK);
    zd_faulty_fill(w->faulty, below(w, 3000));
    zd_err err = ZD_OK;
    for (int i = 0; i < 200 && !err; i++) err = write_some(w);
    assert_int_equal(err, ZD_ERR_FULL);
    assert_int_equal(write_some(w), ZD_ERR_FULL);
    expect_world(w);
    zd_faulty_fill(w->faulty, UINT64_MAX);
    for (int i = 0; i < 20; i++) assert_int_equal(write_some(w), ZD_OK);
    expect_world(w);
    zd_store_close(w->s);
    open_world(w, false);
    expect_world(w);
    zd_store_close(w->s);
    free_world(w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(power_cuts_lose_nothing_acknowledged),
      cmocka_unit_test(a_failed_write_fails_its_group_and_nothing_else),
      cmocka_unit_test(after_a_failed_sync_writes_are_refused_until_reopened),
      cmocka_unit_test(a_full_disk_still_reads_and_writes_again_when_there_is_space),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
