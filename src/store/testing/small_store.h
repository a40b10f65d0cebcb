/* small_store.h: a store in a folder of its own, with small memtables and log files so that every
 * test crosses them. For the tests of what store.h promises; needs <cmocka.h> before it.
 */
#ifndef ZD_STORE_TESTING_SMALL_STORE_H
#define ZD_STORE_TESTING_SMALL_STORE_H

#include <stdio.h>
#include <stdlib.h>

#include "store/testing/little_record.h"

typedef struct fixture {
  char dir[64];
  zd_store *s;
  zd_arena arena;
} fixture;

static inline int64_t test_time(void *state) {
  return *(int64_t *)state;
}

static inline void open_store(fixture *f, const zd_store_options *more) {
  zd_fault fault = {0};
  zd_store_options o = more ? *more : (zd_store_options){0};
  o.dir = f->dir;
  o.memtable_rows = 64;
  o.log_file_bytes = 4000; /* so that every test crosses files */
  if (zd_store_open(&o, &f->s, &fault)) fail_msg("open: %s", fault.text);
  if (zd_store_start(f->s, zd_little_indexer(f->s), &fault)) fail_msg("start: %s", fault.text);
}

static inline int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->dir, "/tmp/zd_store_test_XXXXXX");
  assert_non_null(mkdtemp(f->dir));
  zd_arena_init(&f->arena, 0);
  open_store(f, NULL);
  *state = f;
  return 0;
}

static inline int tear_down(void **state) {
  fixture *f = *state;
  zd_store_close(f->s);
  zd_arena_free(&f->arena);
  zd_little_remove(f->dir);
  free(f);
  return 0;
}

static inline void reopen(fixture *f) {
  zd_store_close(f->s);
  open_store(f, NULL);
}

static inline zd_row now(zd_store *s) {
  zd_snapshot *v;
  assert_int_equal(zd_store_snapshot(s, &v), ZD_OK);
  zd_row row = zd_snapshot_row(v);
  zd_snapshot_release(v);
  return row;
}

/* One write in a transaction of its own, from a fresh snapshot. */
static inline zd_commit_result write_one(fixture *f, zd_op op, const char *type, const char *id,
                                         const char *body) {
  zd_snapshot *v;
  zd_txn *t;
  zd_record r = {.row = ZD_NO_ROW};
  zd_row row = ZD_NO_ROW;
  assert_int_equal(zd_store_snapshot(f->s, &v), ZD_OK);
  zd_err err = zd_snapshot_find(v, zd_little_symbol(f->s, type), zd_slice_of(id), &row);
  if (!err) assert_int_equal(zd_snapshot_read(v, row, true, NULL, &r, NULL), ZD_OK);
  assert_int_equal(zd_txn_begin(f->s, zd_snapshot_row(v), &t), ZD_OK);
  assert_int_equal(zd_little_put(t, f->s, op, type, zd_slice_of(id), err ? ZD_NO_ROW : row,
                                 err ? 0 : r.version, zd_slice_of(body)),
                   ZD_OK);
  zd_snapshot_release(v);
  zd_commit_result result = zd_store_commit(f->s, t);
  if (result.err) fail_msg("commit: %s", result.fault.text);
  return result;
}

static inline zd_record read_newest(fixture *f, zd_snapshot *v, const char *type, const char *id) {
  zd_record r;
  zd_row row;
  zd_fault fault = {0};
  assert_int_equal(zd_snapshot_find(v, zd_little_symbol(f->s, type), zd_slice_of(id), &row), ZD_OK);
  if (zd_snapshot_read(v, row, false, &f->arena, &r, &fault)) fail_msg("%s", fault.text);
  return r;
}

static inline void print_finding(void *context, const char *text) {
  (void)context;
  fprintf(stderr, "finding: %s\n", text);
}

static inline void check_clean(fixture *f) {
  zd_fault fault = {0};
  if (zd_store_check(f->s, print_finding, NULL, NULL, &fault)) fail_msg("check: %s", fault.text);
}

static inline uint64_t count_term(fixture *f, const char *field, const char *term) {
  zd_snapshot *v;
  uint64_t n;
  zd_plan plan = {
      .op = ZD_PLAN_TERM, .field = zd_little_symbol(f->s, field), .term = zd_slice_of(term)};
  zd_search_request q = {.plan = &plan, .after = ZD_NO_ROW};
  assert_int_equal(zd_store_snapshot(f->s, &v), ZD_OK);
  assert_int_equal(zd_snapshot_count(v, &q, &n, NULL), ZD_OK);
  zd_snapshot_release(v);
  return n;
}

/* ---- the promises ---- */

#define PROMISE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
