/* What a flipped bit, a cut file, a failing disk and an empty memory do to the index: a named
 * error, never a wrong answer, never a half state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing/scarcity.h"
#include "store/testing/faulty_files.h"
#include "store/testing/index_model.h"
#include "store/testing/little_record.h"

enum { ROWS = 900 };

static zd_index *open_index(const char *dir, const zd_file_system *fs, zd_err expected) {
  zd_index *x = NULL;
  zd_fault fault = {0};
  zd_index_options o = {.dir = dir, .memtable_rows = 200, .fs = fs};
  assert_int_equal(zd_index_open(&o, &x, &fault), expected);
  if (expected) assert_true(strlen(fault.text) > 0);
  return x;
}

static void fill(zd_model *m, zd_index *x, size_t n) {
  for (size_t i = 0; i < n; i++) assert_int_equal(zd_index_append(x, zd_model_row(m)), ZD_OK);
  zd_index_publish(x, m->n);
}

/* Appends what the index lost. */
static void replay(const zd_model *m, zd_index *x) {
  for (zd_row row = zd_index_flushed_row(x); row < m->n; row++)
    assert_int_equal(zd_index_append(x, &m->rows[row]), ZD_OK);
  zd_index_publish(x, m->n);
}

static void compare(zd_model *m, zd_index *x, unsigned rounds) {
  zd_index_view *v;
  assert_int_equal(zd_index_view_acquire(x, &v), ZD_OK);
  const char *difference = zd_model_compare(m, v, rounds);
  if (difference) print_error("%s\n", difference);
  assert_null(difference);
  assert_int_equal(zd_index_check(v, NULL, NULL, NULL), ZD_OK);
  zd_index_view_release(v);
}

/* ---- damage ---- */

static char *read_file(const char *path, size_t *n) {
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  fseek(f, 0, SEEK_END);
  *n = (size_t)ftell(f);
  rewind(f);
  char *bytes = malloc(*n);
  assert_int_equal(fread(bytes, 1, *n, f), *n);
  fclose(f);
  return bytes;
}

static void write_file(const char *path, const char *bytes, size_t n) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  fclose(f);
}

static bool oracle_agrees(zd_model *m, const zd_plan *plan, const zd_row *rows, size_t n) {
  zd_search_request q = {.plan = plan, .after = ZD_NO_ROW, .limit = ROWS};
  zd_row expected[ROWS];
  size_t all = zd_model_answer(m, &q, ROWS, expected);
  return all == n && (n == 0 || memcmp(rows, expected, n * sizeof *rows) == 0);
}

/* The same for sorted searches. */
static unsigned sort_damaged(zd_model *m, zd_index_view *v, unsigned rounds) {
  static const zd_plan all = {.op = ZD_PLAN_ALL};
  zd_row_facts facts = zd_model_facts(m);
  unsigned refused = 0;
  for (unsigned i = 0; i < rounds; i++) {
    bool range = i % 2;
    uint32_t field = (uint32_t)zd_random_below(&m->dice, range ? ZD_MODEL_RANGES : ZD_MODEL_FIELDS);
    zd_sort_key keys[] = {{.by = ZD_SORT_FIELD,
                           .field = range ? ZD_MODEL_RANGE_FIELD + field : field,
                           .kind = range ? ZD_ENTRY_RANGE : ZD_ENTRY_TERM},
                          {.by = ZD_SORT_ID, .descending = true}};
    zd_search_request q = {
        .plan = &all, .sort = keys, .sort_count = 2, .after = ZD_NO_ROW, .limit = ROWS};
    zd_row rows[ROWS], expected[ROWS];
    zd_fault fault = {0};
    size_t n = 0, wanted = zd_model_sorted(m, &q, ROWS, expected);
    zd_err err = zd_index_sorted(v, &q, &facts, NULL, rows, &n, &fault);
    if (err) {
      assert_int_equal(err, ZD_ERR_CORRUPT);
      assert_non_null(strstr(fault.text, ".seg"));
      refused++;
    } else {
      assert_int_equal(n, wanted);
      assert_memory_equal(rows, expected, n * sizeof *rows);
    }
  }
  return refused;
}

/* Every question to a damaged index: the right answer or ZD_ERR_CORRUPT. */
static unsigned ask_damaged(zd_model *m, zd_index *x, unsigned rounds) {
  unsigned refused = 0;
  zd_index_view *v;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  assert_int_equal(zd_index_view_acquire(x, &v), ZD_OK);
  for (unsigned i = 0; i < rounds; i++) {
    zd_arena_reset(&arena);
    zd_search_request q = {.plan = zd_model_plan(m, &arena, 2), .after = ZD_NO_ROW, .limit = ROWS};
    zd_row rows[ROWS];
    size_t n = 0;
    zd_fault fault = {0};
    zd_err err = zd_index_search(v, &q, NULL, rows, &n, &fault);
    if (err) {
      assert_int_equal(err, ZD_ERR_CORRUPT);
      assert_non_null(strstr(fault.text, ".seg"));
      refused++;
    } else {
      assert_true(oracle_agrees(m, q.plan, rows, n));
    }
  }
  refused += sort_damaged(m, v, rounds / 4);
  zd_index_view_release(v);
  zd_arena_free(&arena);
  return refused;
}

/* Opens the index with a flipped bit in its segment: refused, or asked and found damaged. */
static void try_damaged(zd_model *m, const char *dir) {
  zd_index *x;
  zd_index_view *v;
  zd_fault fault = {0};
  zd_index_options o = {.dir = dir, .read_only = true};
  zd_err err = zd_index_open(&o, &x, &fault);
  if (err) {
    assert_non_null(strstr(fault.text, ".seg"));
    return;
  }
  ask_damaged(m, x, 10);
  assert_int_equal(zd_index_view_acquire(x, &v), ZD_OK);
  assert_int_equal(zd_index_check(v, NULL, NULL, NULL), ZD_ERR_CORRUPT);
  zd_index_view_release(v);
  zd_index_close(x);
}

static void a_flipped_bit_is_named(void **state) {
  (void)state;
  char dir[] = "/tmp/zd-damage-XXXXXX", path[64];
  assert_non_null(mkdtemp(dir));
  zd_model m;
  zd_model_start(&m, 3, 40);
  zd_index *x = open_index(dir, NULL, ZD_OK);
  fill(&m, x, ROWS);
  assert_int_equal(zd_index_flush(x, NULL), ZD_OK);
  zd_index_close(x);
  snprintf(path, sizeof path, "%s/%08d.seg", dir, 1);
  size_t n;
  char *bytes = read_file(path, &n);
  for (size_t i = 0; i < 300; i++) {
    size_t at = i < 60 ? i * 3 : (size_t)zd_random_below(&m.dice, n); /* first, the header */
    char bit = (char)(1 << zd_random_below(&m.dice, 8));
    bytes[at] ^= bit;
    write_file(path, bytes, n);
    try_damaged(&m, dir);
    bytes[at] ^= bit;
  }
  free(bytes);
  zd_model_free(&m);
  zd_little_remove(dir);
}

static void a_cut_file_is_named(void **state) {
  (void)state;
  char dir[] = "/tmp/zd-damage-XXXXXX", path[64];
  assert_non_null(mkdtemp(dir));
  zd_model m;
  zd_model_start(&m, 4, 40);
  zd_index *x = open_index(dir, NULL, ZD_OK);
  fill(&m, x, 300);
  assert_int_equal(zd_index_flush(x, NULL), ZD_OK);
  zd_index_close(x);
  snprintf(path, sizeof path, "%s/%08d.seg", dir, 1);
  size_t n;
  char *bytes = read_file(path, &n);
  for (size_t cut = 0; cut < n; cut += 511) {
    write_file(path, bytes, cut);
    open_index(dir, NULL, ZD_ERR_CORRUPT);
  }
  assert_int_equal(unlink(path), 0);
  open_index(dir, NULL, ZD_ERR_CORRUPT);
  write_file(path, bytes, n);
  zd_index_close(open_index(dir, NULL, ZD_OK));
  free(bytes);
  snprintf(path, sizeof path, "%s/MANIFEST", dir);
  bytes = read_file(path, &n);
  for (size_t i = 0; i < n; i++) {
    bytes[i] ^= 1;
    write_file(path, bytes, n);
    open_index(dir, NULL, ZD_ERR_CORRUPT);
    bytes[i] ^= 1;
    write_file(path, bytes, i);
    open_index(dir, NULL, ZD_ERR_CORRUPT);
  }
  free(bytes);
  zd_model_free(&m);
  zd_little_remove(dir);
}

/* ---- a failing disk ---- */

static zd_err flush_and_merge(zd_model *m, zd_index *x) {
  zd_err err = zd_index_flush(x, NULL);
  fill(m, x, 50);
  if (!err) err = zd_index_compact(x, NULL);
  return err;
}

/* Fails the nth operation on files; the index goes on in memory, and is sound when opened again. */
static void every_failing_operation_leaves_a_whole_index(void **state) {
  (void)state;
  char dir[] = "/tmp/zd-damage-XXXXXX", grave[80];
  assert_non_null(mkdtemp(dir));
  snprintf(grave, sizeof grave, "%s.grave", dir);
  for (uint64_t nth = 1;; nth++) {
    zd_model m;
    zd_model_start(&m, nth, 40);
    zd_faulty *files = zd_faulty_new(grave, nth);
    zd_index *x = open_index(dir, zd_faulty_files(files), ZD_OK);
    fill(&m, x, 300);
    uint64_t before = zd_faulty_count(files);
    bool dies = nth % 2;
    if (dies)
      zd_faulty_die_at(files, nth);
    else
      zd_faulty_fail_at(files, nth, ENOSPC);
    zd_err err = flush_and_merge(&m, x);
    bool reached = zd_faulty_count(files) >= before + nth;
    compare(&m, x, 20);
    if (err && !dies) assert_int_equal(zd_index_compact(x, NULL), ZD_OK); /* space is back */
    zd_index_close(x);
    if (dies) zd_faulty_cut_power(files);
    zd_faulty_free(files);
    x = open_index(dir, NULL, ZD_OK);
    replay(&m, x);
    compare(&m, x, 20);
    zd_index_close(x);
    zd_model_free(&m);
    zd_little_remove(dir);
    if (!reached) break;
  }
}

/* ---- memory ---- */

static void memory_that_ends_is_an_error(void **state) {
  (void)state;
  char dir[] = "/tmp/zd-damage-XXXXXX";
  assert_non_null(mkdtemp(dir));
  zd_model m;
  zd_model_start(&m, 21, 40);
  zd_index *x = open_index(dir, NULL, ZD_OK);
  fill(&m, x, 250);
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (uint64_t nth = 1; nth < 400; nth += 1 + nth / 15) {
    zd_index_view *v = NULL;
    zd_row rows[10];
    size_t n;
    zd_search_request q = {.plan = zd_model_plan(&m, &arena, 2), .after = ZD_NO_ROW, .limit = 10};
    zd_scarcity_begin(nth);
    zd_err err = zd_index_flush(x, NULL);
    if (!err) err = zd_index_compact(x, NULL);
    if (!err) err = zd_index_view_acquire(x, &v);
    if (!err) err = zd_index_search(v, &q, NULL, rows, &n, NULL);
    zd_scarcity_end();
    zd_index_view_release(v);
    if (err) assert_int_equal(err, ZD_ERR_MEMORY);
    compare(&m, x, 5);
    fill(&m, x, 3);
  }
  for (uint64_t nth = 1; nth < 60; nth++) { /* appending */
    size_t kept = m.n;
    zd_scarcity_begin(nth);
    zd_err err = ZD_OK;
    for (int i = 0; i < 30 && !err; i++) {
      zd_scarcity_end();
      const zd_index_row *row = zd_model_row(&m);
      zd_scarcity_begin(nth % 7 + 1);
      err = zd_index_append(x, row);
    }
    zd_scarcity_end();
    if (err) {
      zd_model_cut(&m, kept);
      assert_int_equal(zd_index_rollback(x, kept), ZD_OK);
    }
    zd_index_publish(x, m.n);
    compare(&m, x, 5);
  }
  zd_arena_free(&arena);
  zd_index_close(x);
  zd_model_free(&m);
  zd_little_remove(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_flipped_bit_is_named),
      cmocka_unit_test(a_cut_file_is_named),
      cmocka_unit_test(every_failing_operation_leaves_a_whole_index),
      cmocka_unit_test(memory_that_ends_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
