/* What store.h promises to writers, on the embedded engine: one test per promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "store/testing/small_store.h"

static void expect_three_versions(fixture *f) {
  zd_snapshot *v;
  zd_row rows[4];
  size_t n;
  assert_int_equal(zd_store_snapshot(f->s, &v), ZD_OK);
  uint32_t type = zd_little_symbol(f->s, "Patient");
  assert_int_equal(zd_snapshot_versions(v, type, ZD_S("a"), ZD_NO_ROW, rows, 4, &n), ZD_OK);
  assert_int_equal(n, 3);
  const char *bodies[] = {"", "code=y;second", "code=x;first"};
  for (size_t i = 0; i < 3; i++) {
    zd_record r;
    assert_int_equal(zd_snapshot_read(v, rows[i], false, &f->arena, &r, NULL), ZD_OK);
    assert_int_equal(r.row, rows[i]);
    assert_int_equal(r.version, 3 - i);
    assert_int_equal(r.previous, i < 2 ? rows[i + 1] : ZD_NO_ROW);
    assert_int_equal(r.op, (int)(2 - i));
    assert_int_equal(r.type, type);
    assert_int_equal(r.stamp_at, 7);
    assert_true(r.sequence > 0);
    assert_memory_equal(r.id, "a", r.id_n);
    assert_true(zd_slice_eq(r.body, zd_slice_of(bodies[i])));
  }
  assert_int_equal(zd_snapshot_find(v, type, ZD_S("b"), rows), ZD_ERR_NOT_FOUND);
  zd_snapshot_release(v);
  assert_int_equal(count_term(f, "code", "x"), 0);
  assert_int_equal(count_term(f, "code", "y"), 0);
}

static void every_version_is_kept_also_over_a_restart(void **state) {
  fixture *f = *state;
  write_one(f, ZD_OP_CREATE, "Patient", "a", "code=x;first");
  assert_int_equal(count_term(f, "code", "x"), 1);
  write_one(f, ZD_OP_UPDATE, "Patient", "a", "code=y;second");
  assert_int_equal(count_term(f, "code", "x"), 0);
  assert_int_equal(count_term(f, "code", "y"), 1);
  write_one(f, ZD_OP_DELETE, "Patient", "a", "");
  expect_three_versions(f);
  reopen(f);
  expect_three_versions(f);
  check_clean(f);
}

static void the_second_writer_from_one_snapshot_conflicts(void **state) {
  fixture *f = *state;
  zd_row as_of = now(f->s);
  zd_txn *one, *two;
  assert_int_equal(zd_txn_begin(f->s, as_of, &one), ZD_OK);
  assert_int_equal(zd_txn_begin(f->s, as_of, &two), ZD_OK);
  zd_little_put(one, f->s, ZD_OP_CREATE, "Patient", ZD_S("a"), ZD_NO_ROW, 0, ZD_S("code=one;"));
  zd_little_put(two, f->s, ZD_OP_CREATE, "Patient", ZD_S("b"), ZD_NO_ROW, 0, ZD_S("code=two;"));
  zd_little_put(two, f->s, ZD_OP_CREATE, "Patient", ZD_S("a"), ZD_NO_ROW, 0, ZD_S("code=two;"));
  zd_commit_result first = zd_store_commit(f->s, one), second = zd_store_commit(f->s, two);
  assert_int_equal(first.err, ZD_OK);
  assert_int_equal(first.first_row, as_of);
  assert_int_equal(second.err, ZD_ERR_CONFLICT);
  assert_int_equal(second.conflict, 1);
  assert_int_equal(now(f->s), as_of + 1);
  assert_int_equal(count_term(f, "code", "two"), 0); /* nothing of it is there */
}

static zd_commit_result commit_in_chain(fixture *f, zd_chain *chain, zd_row as_of, const char *id) {
  zd_txn *t;
  assert_int_equal(zd_txn_begin(f->s, as_of, &t), ZD_OK);
  zd_little_put(t, f->s, ZD_OP_CREATE, "Patient", zd_slice_of(id), ZD_NO_ROW, 0, ZD_S("code=x;"));
  zd_txn_chain(t, chain);
  return zd_store_commit(f->s, t);
}

static void behind_one_that_is_refused_a_chain_is_refused_until_it_is_mended(void **state) {
  fixture *f = *state;
  zd_chain chain = {false};
  zd_row as_of = now(f->s);
  assert_int_equal(commit_in_chain(f, &chain, as_of, "a").err, ZD_OK);
  assert_int_equal(commit_in_chain(f, &chain, as_of, "a").err, ZD_ERR_CONFLICT);
  zd_commit_result behind = commit_in_chain(f, &chain, as_of, "b");
  assert_int_equal(behind.err, ZD_ERR_CONFLICT);
  assert_int_equal(behind.conflict, SIZE_MAX);
  write_one(f, ZD_OP_CREATE, "Patient", "c", "code=x;"); /* of no chain */
  assert_int_equal(count_term(f, "code", "x"), 2);
  chain.broken = false;
  assert_int_equal(commit_in_chain(f, &chain, now(f->s), "b").err, ZD_OK);
  assert_int_equal(count_term(f, "code", "x"), 3);
}

static void a_transaction_takes_a_resource_once_and_refuses_nonsense(void **state) {
  fixture *f = *state;
  zd_txn *t;
  zd_slice body = ZD_S("code=x;");
  char long_id[65];
  memset(long_id, 'x', sizeof long_id);
  assert_int_equal(zd_txn_begin(f->s, now(f->s) + 1, &t), ZD_ERR_INVALID);
  assert_int_equal(zd_txn_begin(f->s, now(f->s), &t), ZD_OK);
  assert_int_equal(zd_little_put(t, f->s, ZD_OP_CREATE, "P", ZD_S("a"), ZD_NO_ROW, 0, body), ZD_OK);
  assert_int_equal(zd_little_put(t, f->s, ZD_OP_CREATE, "P", ZD_S("a"), ZD_NO_ROW, 0, body),
                   ZD_ERR_INVALID);
  assert_int_equal(zd_little_put(t, f->s, ZD_OP_CREATE, "P", ZD_S(""), ZD_NO_ROW, 0, body),
                   ZD_ERR_INVALID);
  assert_int_equal(
      zd_little_put(t, f->s, ZD_OP_CREATE, "P", (zd_slice){long_id, 65}, ZD_NO_ROW, 0, body),
      ZD_ERR_INVALID);
  assert_int_equal(zd_little_put(t, f->s, ZD_OP_UPDATE, "P", ZD_S("b"), 99, 1, body),
                   ZD_ERR_INVALID); /* no such row at as_of */
  zd_write w = {.op = ZD_OP_DELETE,
                .type = zd_little_symbol(f->s, "P"),
                .id = ZD_S("c"),
                .previous = ZD_NO_ROW,
                .body = body};
  assert_int_equal(zd_txn_put(t, &w), ZD_ERR_INVALID); /* a delete has no body */
  w.op = ZD_OP_CREATE;
  w.type = 1000000;
  assert_int_equal(zd_txn_put(t, &w), ZD_ERR_INVALID);
  assert_int_equal(zd_store_commit(f->s, t).err, ZD_OK); /* what was accepted is committed */
  assert_int_equal(zd_txn_begin(f->s, now(f->s), &t), ZD_OK);
  assert_int_equal(zd_store_commit(f->s, t).err, ZD_ERR_INVALID); /* nothing to commit */
  assert_int_equal(now(f->s), 1);
}

static void guards_see_what_was_committed_since(void **state) {
  fixture *f = *state;
  zd_row as_of = now(f->s);
  zd_plan plan = {
      .op = ZD_PLAN_TERM, .field = zd_little_symbol(f->s, "identifier"), .term = ZD_S("42")};
  zd_txn *t;
  for (int round = 0; round < 2; round++) {
    char id[16];
    snprintf(id, sizeof id, "p%d", round);
    assert_int_equal(zd_txn_begin(f->s, as_of, &t), ZD_OK);
    zd_little_put(t, f->s, ZD_OP_CREATE, "Patient", zd_slice_of(id), ZD_NO_ROW, 0,
                  ZD_S("identifier=42;"));
    assert_int_equal(zd_txn_guard(t, &plan), ZD_OK);
    zd_commit_result r = zd_store_commit(f->s, t);
    assert_int_equal(r.err, round ? ZD_ERR_CONFLICT : ZD_OK);
    if (round) assert_int_equal(r.conflict, SIZE_MAX);
  }
  assert_int_equal(count_term(f, "identifier", "42"), 1);
}

static zd_err body_is_long(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  zd_record r;
  zd_err err = zd_snapshot_read(v, row, false, state, &r, NULL);
  *hit = !err && r.body.n > 20;
  return err;
}

typedef struct tally {
  _Atomic int done, won;
} tally;

static void count_winner(void *context, const zd_commit_result *r) {
  tally *x = context;
  if (r->err == ZD_OK) x->won++;
  x->done++;
}

/* Submitted together, so that some meet in one group, where the earlier ones are not yet in the
 * log: exactly one of them may win. */
static void guards_read_rows_of_their_own_group(void **state) {
  fixture *f = *state;
  enum { RACERS = 40 };
  zd_plan term = {
      .op = ZD_PLAN_TERM, .field = zd_little_symbol(f->s, "identifier"), .term = ZD_S("43")};
  const zd_plan *child = &term;
  zd_plan plan = {.op = ZD_PLAN_CHECK,
                  .children = &child,
                  .child_count = 1,
                  .check = body_is_long,
                  .check_state = &f->arena};
  zd_row as_of = now(f->s);
  zd_txn *racers[RACERS];
  for (int i = 0; i < RACERS; i++) {
    char id[16];
    snprintf(id, sizeof id, "r%d", i);
    assert_int_equal(zd_txn_begin(f->s, as_of, &racers[i]), ZD_OK);
    zd_little_put(racers[i], f->s, ZD_OP_CREATE, "Patient", zd_slice_of(id), ZD_NO_ROW, 0,
                  ZD_S("identifier=43;a body longer than twenty bytes"));
    zd_txn_guard(racers[i], &plan);
  }
  tally count = {0, 0};
  for (int i = 0; i < RACERS; i++) zd_store_submit(f->s, racers[i], count_winner, &count);
  while (count.done < RACERS) usleep(1000);
  assert_int_equal(count.won, 1);
  assert_int_equal(count_term(f, "identifier", "43"), 1);
}

static void large_transactions_are_whole_and_survive(void **state) {
  fixture *f = *state;
  enum { N = 2500 };
  zd_txn *t;
  write_one(f, ZD_OP_CREATE, "Patient", "before", "code=small;");
  assert_int_equal(zd_txn_begin(f->s, now(f->s), &t), ZD_OK);
  for (int i = 0; i < N; i++) {
    char id[16], body[64];
    snprintf(id, sizeof id, "o%d", i);
    snprintf(body, sizeof body, "code=c%d;day=%d;some text of it", i % 10, i);
    assert_int_equal(zd_little_put(t, f->s, ZD_OP_CREATE, "Observation", zd_slice_of(id), ZD_NO_ROW,
                                   0, zd_slice_of(body)),
                     ZD_OK);
  }
  zd_commit_result r = zd_store_commit(f->s, t);
  assert_int_equal(r.err, ZD_OK);
  assert_int_equal(r.first_row, 1);
  write_one(f, ZD_OP_UPDATE, "Observation", "o3", "code=changed;");
  for (int round = 0; round < 2; round++) {
    assert_int_equal(now(f->s), N + 2);
    assert_int_equal(count_term(f, "code", "c3"), N / 10 - 1);
    assert_int_equal(count_term(f, "code", "c4"), N / 10);
    zd_snapshot *v;
    zd_store_snapshot(f->s, &v);
    zd_record last = read_newest(f, v, "Observation", "o2499");
    assert_int_equal(last.row, N);
    assert_int_equal(last.sequence, r.sequence);
    assert_int_equal(last.time_ms, r.time_ms);
    assert_true(zd_slice_eq(last.body, ZD_S("code=c9;day=2499;some text of it")));
    zd_snapshot_release(v);
    check_clean(f);
    reopen(f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PROMISE(every_version_is_kept_also_over_a_restart),
      PROMISE(the_second_writer_from_one_snapshot_conflicts),
      PROMISE(behind_one_that_is_refused_a_chain_is_refused_until_it_is_mended),
      PROMISE(a_transaction_takes_a_resource_once_and_refuses_nonsense),
      PROMISE(guards_see_what_was_committed_since),
      PROMISE(guards_read_rows_of_their_own_group),
      PROMISE(large_transactions_are_whole_and_survive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
