/* Bytes changed behind the store's back: named, never served, never mistaken for a torn tail. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/testing/dice.h"
#include "store/embedded/format.h"
#include "store/testing/little_record.h"

enum { COMMITS = 40 };

typedef struct fixture {
  char dir[64], log[96];
  zd_store *s;
  uint64_t ends[COMMITS + 1]; /* length of the log after each commit */
} fixture;

static uint64_t size_of(const char *path) {
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  return (uint64_t)st.st_size;
}

static zd_err open_store(fixture *f, bool read_only, zd_fault *fault) {
  zd_store_options o = {.dir = f->dir, .read_only = read_only, .memtable_rows = 1000};
  *fault = (zd_fault){0};
  zd_err err = zd_store_open(&o, &f->s, fault);
  if (err) {
    f->s = NULL;
    return err;
  }
  err = zd_store_start(f->s, zd_little_indexer(f->s), fault);
  if (err) {
    zd_store_close(f->s);
    f->s = NULL;
  }
  return err;
}

static zd_row rows(fixture *f) {
  zd_snapshot *v;
  assert_int_equal(zd_store_snapshot(f->s, &v), ZD_OK);
  zd_row row = zd_snapshot_row(v);
  zd_snapshot_release(v);
  return row;
}

static void commit_one(fixture *f, int i) {
  char id[16], body[64];
  zd_txn *t;
  snprintf(id, sizeof id, "p%d", i);
  snprintf(body, sizeof body, "code=c%d;some more text to read back", i);
  assert_int_equal(zd_txn_begin(f->s, rows(f), &t), ZD_OK);
  assert_int_equal(zd_little_put(t, f->s, ZD_OP_CREATE, "Patient", zd_slice_of(id), ZD_NO_ROW, 0,
                                 zd_slice_of(body)),
                   ZD_OK);
  assert_int_equal(zd_store_commit(f->s, t).err, ZD_OK);
}

/* A store of forty commits as a kill would leave it: nothing flushed into the index. */
static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  zd_fault fault;
  strcpy(f->dir, "/tmp/zd_damage_test_XXXXXX");
  assert_non_null(mkdtemp(f->dir));
  snprintf(f->log, sizeof f->log, "%s/log/00000001.log", f->dir);
  assert_int_equal(open_store(f, false, &fault), ZD_OK);
  for (int i = 0; i < COMMITS; i++) {
    zd_store_stats stats;
    commit_one(f, i);
    zd_store_stats_get(f->s, &stats);
    f->ends[i + 1] = stats.log_bytes;
  }
  f->ends[0] = 64;
  zd_store_close(f->s);
  f->s = NULL;
  char index[96];
  snprintf(index, sizeof index, "%s/index", f->dir);
  zd_little_remove(index);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  if (f->s) zd_store_close(f->s);
  zd_little_remove(f->dir);
  free(f);
  return 0;
}

static void flip(const char *path, uint64_t at) {
  unsigned char byte;
  int fd = open(path, O_RDWR);
  assert_true(fd >= 0);
  assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
  byte ^= 0x10;
  assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
  close(fd);
}

static void a_tail_cut_anywhere_loses_only_the_torn_commit(void **state) {
  fixture *f = *state;
  zd_fault fault;
  for (uint64_t cut = f->ends[COMMITS]; cut > f->ends[COMMITS - 2]; cut--) {
    assert_int_equal(truncate(f->log, (off_t)cut), 0);
    if (open_store(f, true, &fault)) fail_msg("%s", fault.text);
    zd_row whole = cut == f->ends[COMMITS]       ? COMMITS
                   : cut >= f->ends[COMMITS - 1] ? COMMITS - 1
                                                 : COMMITS - 2;
    assert_int_equal(rows(f), whole);
    zd_store_close(f->s);
  }
  if (open_store(f, false, &fault)) fail_msg("%s", fault.text);
  assert_int_equal(size_of(f->log), f->ends[COMMITS - 2]); /* and the tail is gone */
  commit_one(f, 1000);
  assert_int_equal(rows(f), COMMITS - 1);
  assert_int_equal(zd_store_check(f->s, NULL, NULL, NULL, &fault), ZD_OK);
}

static void any_flipped_bit_of_the_last_commit_cuts_it_and_no_other(void **state) {
  fixture *f = *state;
  zd_fault fault;
  for (uint64_t at = f->ends[COMMITS - 1]; at < f->ends[COMMITS]; at++) {
    flip(f->log, at);
    if (open_store(f, true, &fault)) fail_msg("%s", fault.text);
    assert_int_equal(rows(f), COMMITS - 1);
    zd_store_close(f->s);
    f->s = NULL;
    flip(f->log, at);
  }
}

static void any_flipped_bit_before_it_is_corruption_and_named(void **state) {
  fixture *f = *state;
  zd_fault fault;
  for (uint64_t at = 0; at < f->ends[COMMITS - 1]; at += 1 + at / 64) {
    flip(f->log, at);
    assert_int_equal(open_store(f, true, &fault), ZD_ERR_CORRUPT);
    assert_non_null(strstr(fault.text, "00000001.log"));
    flip(f->log, at);
  }
}

typedef struct list {
  int n;
  bool named;
  const char *words;
} list;

static void collect(void *context, const char *text) {
  list *x = context;
  x->n++;
  if (strstr(text, x->words)) x->named = true;
}

/* Damage while the store runs: reads of that row fail by name, others go on, check tells all. */
static void check_names_the_damaged_row(void **state) {
  fixture *f = *state;
  zd_fault fault;
  zd_random r;
  zd_testing_dice(&r, 5, 0);
  for (int round = 0; round < 30; round++) {
    zd_store_close(f->s); /* what was read before it was damaged may be remembered */
    f->s = NULL;
    if (open_store(f, false, &fault)) fail_msg("%s", fault.text);
    int victim = (int)zd_random_below(&r, COMMITS);
    uint64_t from = f->ends[victim] + 64, to = f->ends[victim + 1];
    uint64_t at = from + zd_random_below(&r, to - from);
    char words[32];
    snprintf(words, sizeof words, "row %d ", victim);
    list found = {.words = words};
    flip(f->log, at);
    assert_int_equal(zd_store_check(f->s, collect, NULL, &found, &fault), ZD_ERR_CORRUPT);
    assert_true(found.n > 0 && found.named);
    zd_snapshot *v;
    zd_record record;
    zd_arena arena;
    zd_arena_init(&arena, 0);
    zd_store_snapshot(f->s, &v);
    for (int i = 0; i < COMMITS; i++) {
      zd_err err = zd_snapshot_read(v, (zd_row)i, false, &arena, &record, &fault);
      assert_int_equal(err, i == victim ? ZD_ERR_CORRUPT : ZD_OK);
      if (err) assert_non_null(strstr(fault.text, "00000001.log"));
    }
    zd_snapshot_release(v);
    zd_arena_free(&arena);
    flip(f->log, at);
  }
  assert_int_equal(zd_store_check(f->s, NULL, NULL, NULL, &fault), ZD_OK);
}

static void a_log_shorter_than_the_index_knows_is_corruption(void **state) {
  fixture *f = *state;
  zd_fault fault;
  if (open_store(f, false, &fault)) fail_msg("%s", fault.text);
  zd_store_close(f->s); /* the index is flushed now */
  f->s = NULL;
  assert_int_equal(truncate(f->log, (off_t)f->ends[COMMITS - 3]), 0);
  assert_int_equal(open_store(f, false, &fault), ZD_ERR_CORRUPT);
  unlink(f->log);
  assert_int_equal(open_store(f, false, &fault), ZD_ERR_CORRUPT);
}

static void damaged_symbols_and_missing_files_are_named(void **state) {
  fixture *f = *state;
  zd_fault fault;
  char path[96];
  snprintf(path, sizeof path, "%s/symbols", f->dir);
  flip(path, 30); /* the only block: a torn one, as far as the file tells; the log knows better */
  assert_int_equal(open_store(f, true, &fault), ZD_ERR_CORRUPT);
  flip(path, 30);
  snprintf(path, sizeof path, "%s/log/00000003.log", f->dir);
  int fd = open(path, O_CREAT | O_WRONLY, 0600);
  close(fd);
  assert_int_equal(open_store(f, true, &fault), ZD_ERR_CORRUPT);
  assert_non_null(strstr(fault.text, "missing"));
  unlink(path);
  assert_int_equal(open_store(f, false, &fault), ZD_OK);
}

/* A file whose making was interrupted holds nothing; the next commit begins it again. */
static void an_unfinished_next_file_is_no_damage(void **state) {
  fixture *f = *state;
  zd_fault fault;
  char path[96];
  snprintf(path, sizeof path, "%s/log/00000002.log", f->dir);
  int fd = open(path, O_CREAT | O_WRONLY, 0600);
  assert_int_equal(write(fd, "ZDLOG", 5), 5);
  close(fd);
  if (open_store(f, false, &fault)) fail_msg("%s", fault.text);
  assert_int_equal(rows(f), COMMITS);
  assert_int_not_equal(access(path, F_OK), 0);
  commit_one(f, 1000);
  assert_int_equal(zd_store_check(f->s, NULL, NULL, NULL, &fault), ZD_OK);
}

static void must_open(fixture *f, bool read_only, zd_row whole) {
  zd_fault fault;
  if (open_store(f, read_only, &fault)) fail_msg("%s", fault.text);
  assert_int_equal(rows(f), whole);
  zd_store_close(f->s);
  f->s = NULL;
}

/* Zeros are put behind the log ahead of small commits; a kill leaves them there. */
static void zeros_behind_the_last_commit_are_the_end(void **state) {
  fixture *f = *state;
  zd_fault fault;
  zd_store_stats stats;
  uint64_t end = f->ends[COMMITS];
  assert_int_equal(size_of(f->log), end); /* none are left by closing */
  for (uint64_t more = 1; more < 3000000; more = more * 3 + 1) {
    assert_int_equal(truncate(f->log, (off_t)(end + more)), 0);
    must_open(f, true, COMMITS);
    assert_int_equal(size_of(f->log), end + more);
    if (open_store(f, false, &fault)) fail_msg("%s", fault.text);
    assert_int_equal(size_of(f->log), end);
    zd_store_close(f->s);
    f->s = NULL;
  }
  if (open_store(f, false, &fault)) fail_msg("%s", fault.text);
  commit_one(f, 1000);
  zd_store_stats_get(f->s, &stats);
  assert_true(size_of(f->log) > stats.log_bytes);
  assert_int_equal(zd_store_check(f->s, NULL, NULL, NULL, &fault), ZD_OK);
  zd_store_close(f->s);
  f->s = NULL;
  assert_int_equal(size_of(f->log), stats.log_bytes);
  must_open(f, false, COMMITS + 1);
}

/* Also at the end of a file that has a successor, which tells whether a commit is missing. */
static void zeros_in_place_of_a_commit_are_corruption_when_a_file_follows(void **state) {
  fixture *f = *state;
  zd_fault fault;
  char path[96];
  unsigned char head[ZD_LOG_HEAD];
  snprintf(path, sizeof path, "%s/log/00000002.log", f->dir);
  zd_log_head_write(&(zd_log_head){ZD_FORMAT_VERSION, 2, COMMITS, COMMITS + 1}, head);
  int fd = open(path, O_CREAT | O_WRONLY, 0600);
  assert_int_equal(write(fd, head, sizeof head), sizeof head);
  close(fd);
  assert_int_equal(truncate(f->log, (off_t)(f->ends[COMMITS] + 5000)), 0);
  must_open(f, true, COMMITS);
  if (open_store(f, false, &fault)) fail_msg("%s", fault.text);
  commit_one(f, 1000);
  assert_int_equal(zd_store_check(f->s, NULL, NULL, NULL, &fault), ZD_OK);
  zd_store_close(f->s);
  f->s = NULL;
  char index[96];
  snprintf(index, sizeof index, "%s/index", f->dir);
  zd_little_remove(index);
  must_open(f, true, COMMITS + 1);
  assert_int_equal(truncate(f->log, (off_t)f->ends[COMMITS - 1]), 0);
  assert_int_equal(truncate(f->log, (off_t)f->ends[COMMITS]), 0);
  assert_int_equal(open_store(f, true, &fault), ZD_ERR_CORRUPT);
  assert_non_null(strstr(fault.text, "are next"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_tail_cut_anywhere_loses_only_the_torn_commit),
      CASE(any_flipped_bit_of_the_last_commit_cuts_it_and_no_other),
      CASE(any_flipped_bit_before_it_is_corruption_and_named),
      CASE(check_names_the_damaged_row),
      CASE(a_log_shorter_than_the_index_knows_is_corruption),
      CASE(damaged_symbols_and_missing_files_are_named),
      CASE(an_unfinished_next_file_is_no_damage),
      CASE(zeros_behind_the_last_commit_are_the_end),
      CASE(zeros_in_place_of_a_commit_are_corruption_when_a_file_follows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
