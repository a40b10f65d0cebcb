/* What store.h promises, on the embedded engine: one test per promise. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "store/testing/little_record.h"

typedef struct fixture {
  char dir[64];
  zd_store *s;
  zd_arena arena;
} fixture;

static int64_t test_time(void *state) {
  return *(int64_t *)state;
}

static void open_store(fixture *f, const zd_store_options *more) {
  zd_fault fault = {0};
  zd_store_options o = more ? *more : (zd_store_options){0};
  o.dir = f->dir;
  o.memtable_rows = 64;
  o.log_file_bytes = 4000; /* so that every test crosses files */
  if (zd_store_open(&o, &f->s, &fault)) fail_msg("open: %s", fault.text);
  if (zd_store_start(f->s, zd_little_indexer(f->s), &fault)) fail_msg("start: %s", fault.text);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->dir, "/tmp/zd_store_test_XXXXXX");
  assert_non_null(mkdtemp(f->dir));
  zd_arena_init(&f->arena, 0);
  open_store(f, NULL);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  zd_store_close(f->s);
  zd_arena_free(&f->arena);
  zd_little_remove(f->dir);
  free(f);
  return 0;
}

static void reopen(fixture *f) {
  zd_store_close(f->s);
  open_store(f, NULL);
}

static zd_row now(zd_store *s) {
  zd_snapshot *v;
  assert_int_equal(zd_store_snapshot(s, &v), ZD_OK);
  zd_row row = zd_snapshot_row(v);
  zd_snapshot_release(v);
  return row;
}

/* One write in a transaction of its own, from a fresh snapshot. */
static zd_commit_result write_one(fixture *f, zd_op op, const char *type, const char *id,
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

static zd_record read_newest(fixture *f, zd_snapshot *v, const char *type, const char *id) {
  zd_record r;
  zd_row row;
  zd_fault fault = {0};
  assert_int_equal(zd_snapshot_find(v, zd_little_symbol(f->s, type), zd_slice_of(id), &row), ZD_OK);
  if (zd_snapshot_read(v, row, false, &f->arena, &r, &fault)) fail_msg("%s", fault.text);
  return r;
}

static void print_finding(void *context, const char *text) {
  (void)context;
  fprintf(stderr, "finding: %s\n", text);
}

static void check_clean(fixture *f) {
  zd_fault fault = {0};
  if (zd_store_check(f->s, print_finding, NULL, NULL, &fault)) fail_msg("check: %s", fault.text);
}

static uint64_t count_term(fixture *f, const char *field, const char *term) {
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

static void a_held_store_is_busy_and_can_be_read_beside(void **state) {
  fixture *f = *state;
  zd_store *other;
  zd_fault fault = {0};
  zd_store_options o = {.dir = f->dir};
  write_one(f, ZD_OP_CREATE, "Patient", "a", "code=x;");
  assert_int_equal(zd_store_open(&o, &other, &fault), ZD_ERR_BUSY);
  char pid[32];
  snprintf(pid, sizeof pid, "process %d", (int)getpid());
  assert_non_null(strstr(fault.text, pid));
  o.read_only = true;
  assert_int_equal(zd_store_open(&o, &other, &fault), ZD_OK);
  assert_int_equal(zd_store_start(other, zd_little_indexer(other), &fault), ZD_OK);
  write_one(f, ZD_OP_CREATE, "Patient", "b", "code=x;");
  assert_int_equal(now(other), 1); /* the state at open */
  zd_txn *t;
  assert_int_equal(zd_txn_begin(other, 0, &t), ZD_ERR_REFUSED);
  assert_int_equal(zd_store_check(other, NULL, NULL, NULL, &fault), ZD_OK);
  zd_store_close(other);
  zd_fault none = {0};
  o.dir = "/tmp/zd_store_test_there_is_none";
  assert_int_equal(zd_store_open(&o, &other, &none), ZD_ERR_NOT_FOUND);
}

static void put_file(fixture *f, const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", f->dir, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
}

static void other_formats_are_refused_by_name(void **state) {
  fixture *f = *state;
  struct {
    const char *text;
    zd_err err;
    const char *words;
  } cases[] = {{"zdravo store\nformat 2\n", ZD_ERR_UNSUPPORTED, "format 2"},
               {"zdravo store\nformat 99999\n", ZD_ERR_UNSUPPORTED, "newer program"},
               {"zdravo store\nformat 0\n", ZD_ERR_CORRUPT, "FORMAT is damaged"},
               {"zdravo store\n", ZD_ERR_CORRUPT, "FORMAT is damaged"},
               {"", ZD_ERR_CORRUPT, "FORMAT is damaged"},
               {"something else", ZD_ERR_CORRUPT, "FORMAT is damaged"}};
  write_one(f, ZD_OP_CREATE, "Patient", "a", "code=x;");
  zd_store_close(f->s);
  zd_store_options o = {.dir = f->dir};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    zd_fault fault = {0};
    put_file(f, "FORMAT", cases[i].text);
    assert_int_equal(zd_store_open(&o, &f->s, &fault), cases[i].err);
    assert_non_null(strstr(fault.text, cases[i].words));
  }
  char path[128];
  snprintf(path, sizeof path, "%s/FORMAT", f->dir);
  unlink(path);
  zd_fault fault = {0};
  assert_int_equal(zd_store_open(&o, &f->s, &fault), ZD_ERR_CORRUPT);
  put_file(f, "FORMAT", "zdravo store\nformat 1\n");
  open_store(f, NULL);
  assert_int_equal(now(f->s), 1);
}

static void symbols_keep_their_numbers(void **state) {
  fixture *f = *state;
  uint32_t numbers[3000];
  char name[32];
  assert_int_equal(zd_store_symbol(f->s, ZD_S("absent"), false), ZD_NO_SYMBOL);
  for (int i = 0; i < 3000; i++) {
    snprintf(name, sizeof name, "parameter-%d", i);
    numbers[i] = zd_little_symbol(f->s, name);
  }
  write_one(f, ZD_OP_CREATE, "Patient", "a", "code=x;");
  reopen(f);
  for (int i = 0; i < 3000; i++) {
    snprintf(name, sizeof name, "parameter-%d", i);
    assert_int_equal(zd_store_symbol(f->s, zd_slice_of(name), false), numbers[i]);
    assert_true(zd_slice_eq(zd_store_symbol_name(f->s, numbers[i]), zd_slice_of(name)));
  }
  assert_null(zd_store_symbol_name(f->s, 900000).p);
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

static void new_fields_are_indexed_while_the_store_runs(void **state) {
  fixture *f = *state;
  uint32_t late = zd_little_symbol(f->s, "late");
  for (int i = 0; i < 150; i++) { /* written by a program that did not know the field */
    char id[16], body[64];
    snprintf(id, sizeof id, "p%d", i);
    snprintf(body, sizeof body, "code=x;late=v%d;", i % 5);
    zd_write w = {.type = zd_little_symbol(f->s, "Patient"),
                  .id = zd_slice_of(id),
                  .previous = ZD_NO_ROW,
                  .body = zd_slice_of(body)};
    zd_entry e = {
        .field = zd_little_symbol(f->s, "code"), .kind = ZD_ENTRY_TERM, .term = ZD_S("x")};
    w.entries = &e;
    w.entry_count = 1;
    zd_txn *t;
    zd_txn_begin(f->s, now(f->s), &t);
    zd_txn_put(t, &w);
    assert_int_equal(zd_store_commit(f->s, t).err, ZD_OK);
  }
  assert_int_equal(count_term(f, "late", "v3"), 0);
  zd_fault fault = {0};
  if (zd_store_reindex(f->s, &late, 1, NULL, NULL, &fault)) fail_msg("%s", fault.text);
  write_one(f, ZD_OP_CREATE, "Patient", "new", "late=v3;");
  assert_int_equal(count_term(f, "late", "v3"), 31);
  assert_int_equal(count_term(f, "code", "x"), 150);
  check_clean(f);
  reopen(f);
  assert_int_equal(count_term(f, "late", "v3"), 31);
  check_clean(f);
  assert_int_equal(zd_store_compact(f->s, &fault), ZD_OK);
  assert_int_equal(count_term(f, "late", "v3"), 31);
  check_clean(f);
}

#define PROMISE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      PROMISE(every_version_is_kept_also_over_a_restart),
      PROMISE(the_second_writer_from_one_snapshot_conflicts),
      PROMISE(a_transaction_takes_a_resource_once_and_refuses_nonsense),
      PROMISE(guards_see_what_was_committed_since),
      PROMISE(guards_read_rows_of_their_own_group),
      PROMISE(large_transactions_are_whole_and_survive),
      PROMISE(an_earlier_state_can_be_asked_again),
      PROMISE(commit_times_never_decrease_and_lead_to_rows),
      PROMISE(the_log_and_scans_are_in_order_and_complete),
      PROMISE(a_held_store_is_busy_and_can_be_read_beside),
      PROMISE(other_formats_are_refused_by_name),
      PROMISE(symbols_keep_their_numbers),
      PROMISE(bodies_of_every_size_come_back),
      PROMISE(new_fields_are_indexed_while_the_store_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
