/* What store.h promises to readers, on the embedded engine: one test per promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "store/testing/small_store.h"

static void an_earlier_state_can_be_asked_again(void **state) {
  fixture *f = *state;
  write_one(f, ZD_OP_CREATE, "Patient", "a", "code=x;1");
  zd_row then = now(f->s);
  write_one(f, ZD_OP_UPDATE, "Patient", "a", "code=y;2");
  reopen(f);
  zd_snapshot *v;
  assert_int_equal(zd_store_snapshot_at(f->s, then + 2, &v), ZD_ERR_INVALID);
  assert_int_equal(zd_store_snapshot_at(f->s, then, &v), ZD_OK);
  assert_int_equal(zd_snapshot_row(v), then);
  assert_int_equal(read_newest(f, v, "Patient", "a").version, 1);
  zd_plan plan = {.op = ZD_PLAN_TERM, .field = zd_little_symbol(f->s, "code"), .term = ZD_S("x")};
  zd_search_request q = {.plan = &plan, .after = ZD_NO_ROW, .limit = 10};
  zd_row rows[10];
  size_t n;
  assert_int_equal(zd_snapshot_search(v, &q, rows, &n, NULL), ZD_OK);
  assert_int_equal(n, 1);
  zd_snapshot_release(v);
}

static void commit_times_never_decrease_and_lead_to_rows(void **state) {
  fixture *f = *state;
  int64_t clock = 1000;
  zd_store_close(f->s);
  zd_store_options o = {.clock = {test_time, &clock}};
  open_store(f, &o);
  int64_t times[] = {1000, 2000, 1500, 3000}, expected[] = {1000, 2000, 2000, 3000};
  for (int i = 0; i < 4; i++) {
    char id[2] = {(char)('a' + i), 0};
    clock = times[i];
    assert_int_equal(write_one(f, ZD_OP_CREATE, "P", id, "x").time_ms, expected[i]);
  }
  clock = 500;
  zd_store_close(f->s);
  open_store(f, &o);
  assert_int_equal(write_one(f, ZD_OP_CREATE, "P", "e", "x").time_ms, 3000);
  struct {
    int64_t ms;
    zd_row row;
  } cases[] = {{0, 0}, {1000, 0}, {1001, 1}, {2000, 1}, {2001, 3}, {3000, 3}, {3001, 5}};
  zd_snapshot *v;
  zd_store_snapshot(f->s, &v);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    zd_row row;
    assert_int_equal(zd_snapshot_row_at(v, cases[i].ms, &row), ZD_OK);
    assert_int_equal(row, cases[i].row);
  }
  zd_snapshot_release(v);
}

typedef struct seen {
  size_t n;
  zd_row rows[600];
  uint64_t sequences[600];
  size_t bytes;
} seen;

static zd_err see(void *context, const zd_record *r) {
  seen *x = context;
  x->rows[x->n] = r->row;
  x->sequences[x->n++] = r->sequence;
  x->bytes += r->body.n;
  return ZD_OK;
}

static zd_err stop_at_three(void *context, const zd_record *r) {
  see(context, r);
  return ((seen *)context)->n == 3 ? ZD_ERR_CANCELLED : ZD_OK;
}

static void the_log_and_scans_are_in_order_and_complete(void **state) {
  fixture *f = *state;
  for (int i = 0; i < 300; i++) {
    char id[16];
    snprintf(id, sizeof id, "p%d", i / 2);
    write_one(f, i % 2 ? (i % 6 == 1 ? ZD_OP_DELETE : ZD_OP_UPDATE) : ZD_OP_CREATE,
              i / 2 % 2 ? "Patient" : "Group", id, i % 6 == 1 ? "" : "code=x;body");
  }
  seen x = {0};
  assert_int_equal(zd_store_log(f->s, 0, true, see, &x, NULL), ZD_OK);
  assert_int_equal(x.n, 300);
  for (size_t i = 0; i < 300; i++) assert_int_equal(x.rows[i], i);
  x = (seen){0};
  assert_int_equal(zd_store_log(f->s, 290, false, see, &x, NULL), ZD_OK);
  assert_int_equal(x.n, 10);
  assert_int_equal(x.sequences[0], 291);
  assert_int_equal(x.bytes, 0);
  x = (seen){0};
  assert_int_equal(zd_store_log(f->s, 5, true, stop_at_three, &x, NULL), ZD_ERR_CANCELLED);
  assert_int_equal(x.n, 3);
  zd_snapshot *v;
  zd_store_snapshot(f->s, &v);
  x = (seen){0};
  assert_int_equal(zd_snapshot_scan(v, ZD_NO_SYMBOL, 0, ZD_NO_ROW, see, &x, NULL), ZD_OK);
  assert_int_equal(x.n, 100); /* 150 resources, every third deleted */
  size_t halves = 0;
  for (zd_row from = 0; from < 300; from += 150) {
    x = (seen){0};
    uint32_t type = zd_little_symbol(f->s, "Patient");
    assert_int_equal(zd_snapshot_scan(v, type, from, from + 150, see, &x, NULL), ZD_OK);
    for (size_t i = 0; i < x.n; i++) assert_true(x.rows[i] >= from && x.rows[i] < from + 150);
    halves += x.n;
  }
  assert_int_equal(halves, 50);
  zd_type_count counts[4];
  assert_int_equal(zd_snapshot_types(v, counts, 4), 2);
  assert_int_equal(counts[0].count + counts[1].count, 100);
  zd_snapshot_release(v);
  zd_store_stats stats;
  zd_store_stats_get(f->s, &stats);
  assert_int_equal(stats.rows, 300);
  assert_int_equal(stats.current, 100);
  assert_int_equal(stats.sequence, 300);
  assert_int_equal(stats.commits, 300);
}

static void bodies_of_every_size_come_back(void **state) {
  fixture *f = *state;
  size_t sizes[] = {0, 1, 7, 100, 5000, 100000, 3 << 20};
  char *big = malloc(3 << 20);
  uint64_t x = 1;
  for (size_t i = 0; i < 3 << 20; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    big[i] = i % 3 ? 'a' : (char)('b' + (x >> 60));
  }
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < 7; i++) {
      char id[2] = {(char)('a' + i), 0};
      zd_write w = {.type = zd_little_symbol(f->s, "Binary"),
                    .id = zd_slice_of(id),
                    .previous = ZD_NO_ROW,
                    .body = {big, sizes[i]}};
      zd_txn *t;
      zd_txn_begin(f->s, now(f->s), &t);
      if (!round) assert_int_equal(zd_txn_put(t, &w), ZD_OK);
      if (!round) assert_int_equal(zd_store_commit(f->s, t).err, ZD_OK);
      if (round) zd_txn_free(t);
      zd_snapshot *v;
      zd_store_snapshot(f->s, &v);
      zd_record r = read_newest(f, v, "Binary", id);
      assert_int_equal(r.body.n, sizes[i]);
      assert_memory_equal(r.body.p, big, sizes[i]);
      zd_snapshot_release(v);
    }
    reopen(f);
  }
  zd_txn *t;
  zd_write w = {.type = zd_little_symbol(f->s, "Binary"),
                .id = ZD_S("z"),
                .previous = ZD_NO_ROW,
                .body = {big, ((size_t)64 << 20) + 1}};
  zd_txn_begin(f->s, now(f->s), &t);
  assert_int_equal(zd_txn_put(t, &w), ZD_ERR_LIMIT);
  zd_txn_free(t);
  free(big);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PROMISE(an_earlier_state_can_be_asked_again),
      PROMISE(commit_times_never_decrease_and_lead_to_rows),
      PROMISE(the_log_and_scans_are_in_order_and_complete),
      PROMISE(bodies_of_every_size_come_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
