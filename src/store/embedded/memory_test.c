/* Each allocation of a store's life fails once: an error is told, nothing is lost, nothing leaks
 * (the last under the address sanitizer). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/testing/scarcity.h"
#include "store/testing/little_record.h"

enum { TRANSACTIONS = 5, MANY = 1010 };

/* What was acknowledged: per transaction, its rows or 0. */
typedef struct outcome {
  unsigned rows[TRANSACTIONS];
  zd_err open, start;
} outcome;

static unsigned size_of(unsigned i) {
  return i == 3 ? MANY : 2; /* one is built aside and attached */
}

static zd_err put_all(zd_store *s, zd_txn *t, unsigned number) {
  zd_err err = ZD_OK;
  for (unsigned i = 0; !err && i < size_of(number); i++) {
    char id[32];
    snprintf(id, sizeof id, "r%u-%u", number, i);
    err = zd_little_put(t, s, ZD_OP_CREATE, "Patient", zd_slice_of(id), ZD_NO_ROW, 0,
                        ZD_S("code=x;day=5;and some words more"));
  }
  return err;
}

static zd_err commit_one(zd_store *s, unsigned number) {
  zd_snapshot *v;
  zd_txn *t;
  zd_plan plan = {.op = ZD_PLAN_TERM, .field = zd_little_symbol(s, "code"), .term = ZD_S("y")};
  zd_err err = zd_store_snapshot(s, &v);
  if (err) return err;
  err = zd_txn_begin(s, zd_snapshot_row(v), &t);
  zd_snapshot_release(v);
  if (err) return err;
  err = put_all(s, t, number);
  if (!err) err = zd_txn_guard(t, &plan);
  if (!err) return zd_store_commit(s, t).err;
  zd_txn_free(t);
  return err;
}

static void read_some(zd_store *s) {
  zd_snapshot *v;
  zd_arena arena;
  zd_record r;
  zd_row row;
  if (zd_store_snapshot(s, &v)) return;
  zd_arena_init(&arena, 0);
  if (zd_snapshot_find(v, zd_little_symbol(s, "Patient"), ZD_S("r0-1"), &row) == ZD_OK) {
    (void)zd_snapshot_read(v, row, false, &arena, &r, NULL);
  }
  zd_arena_free(&arena);
  zd_snapshot_release(v);
}

static void live(const char *dir, outcome *out) {
  zd_store *s;
  zd_fault fault = {0};
  zd_store_options o = {.dir = dir, .memtable_rows = 100};
  out->open = zd_store_open(&o, &s, &fault);
  if (out->open) return;
  out->start = zd_store_start(s, zd_little_indexer(s), &fault);
  for (unsigned i = 0; !out->start && i < TRANSACTIONS; i++) {
    if (commit_one(s, i) == ZD_OK) out->rows[i] = size_of(i);
    read_some(s);
  }
  zd_store_close(s);
}

static void expect_outcome(const char *dir, const outcome *out) {
  zd_store *s;
  zd_snapshot *v;
  zd_fault fault = {0};
  zd_store_options o = {.dir = dir, .memtable_rows = 100};
  if (zd_store_open(&o, &s, &fault)) fail_msg("%s", fault.text);
  if (zd_store_start(s, zd_little_indexer(s), &fault)) fail_msg("%s", fault.text);
  assert_int_equal(zd_store_snapshot(s, &v), ZD_OK);
  zd_row expected = 0;
  for (unsigned i = 0; i < TRANSACTIONS; i++) {
    char id[32];
    zd_row row;
    expected += out->rows[i];
    snprintf(id, sizeof id, "r%u-0", i);
    zd_err err = zd_snapshot_find(v, zd_little_symbol(s, "Patient"), zd_slice_of(id), &row);
    assert_int_equal(err, out->rows[i] ? ZD_OK : ZD_ERR_NOT_FOUND);
  }
  assert_int_equal(zd_snapshot_row(v), expected);
  zd_snapshot_release(v);
  if (zd_store_check(s, NULL, NULL, NULL, &fault)) fail_msg("%s", fault.text);
  zd_store_close(s);
}

static void each_allocation_may_fail(void **state) {
  (void)state;
  bool failed = true;
  for (uint64_t nth = 1; failed && nth < 100000; nth += 1 + nth / 40) {
    char dir[] = "/tmp/zd_memory_test_XXXXXX";
    outcome out = {.start = ZD_OK};
    assert_non_null(mkdtemp(dir));
    zd_scarcity_begin(nth);
    live(dir, &out);
    failed = zd_scarcity_end();
    if (!failed) {
      assert_int_equal(out.open, ZD_OK);
      assert_int_equal(out.start, ZD_OK);
      for (unsigned i = 0; i < TRANSACTIONS; i++) assert_int_equal(out.rows[i], size_of(i));
    }
    expect_outcome(dir, &out);
    zd_little_remove(dir);
  }
  assert_false(failed);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
