/* When a type gets its dictionary: early in a large write, and over many small runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/testing/dice.h"
#include "store/testing/little_record.h"

typedef struct fixture {
  char dir[64];
  zd_store *s;
  unsigned written;
} fixture;

static void open_store(fixture *f) {
  zd_fault fault = {0};
  zd_store_options o = {.dir = f->dir};
  if (zd_store_open(&o, &f->s, &fault)) fail_msg("open: %s", fault.text);
  if (zd_store_start(f->s, zd_little_indexer(f->s), &fault)) fail_msg("start: %s", fault.text);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->dir, "/tmp/zd_training_test_XXXXXX");
  assert_non_null(mkdtemp(f->dir));
  open_store(f);
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

/* Creates n resources that resemble each other, in one transaction. */
static void write_many(fixture *f, unsigned n) {
  zd_txn *t;
  assert_int_equal(zd_txn_begin(f->s, 0, &t), ZD_OK);
  for (unsigned i = 0; i < n; i++) {
    char id[16], body[400];
    zd_random r;
    zd_testing_dice(&r, f->written, 0);
    snprintf(id, sizeof id, "r%u", f->written++);
    snprintf(body, sizeof body,
             "code=c%llu;a report about the state of somebody, in words that are always the same, "
             "and a number %016llx that is not; signed by one of the physicians, number %llu, of "
             "the second ward of the regional hospital",
             (unsigned long long)zd_random_below(&r, 20), (unsigned long long)zd_random_u64(&r),
             (unsigned long long)zd_random_below(&r, 50));
    assert_int_equal(zd_little_put(t, f->s, ZD_OP_CREATE, "Report", zd_slice_of(id), ZD_NO_ROW, 0,
                                   zd_slice_of(body)),
                     ZD_OK);
  }
  assert_int_equal(zd_store_commit(f->s, t).err, ZD_OK);
}

static zd_store_stats figures(fixture *f) {
  zd_store_stats stats;
  zd_store_stats_get(f->s, &stats);
  return stats;
}

static void a_large_write_waits_for_its_dictionary(void **state) {
  fixture *f = *state;
  write_many(f, 5000);
  zd_store_stats stats = figures(f);
  assert_true(stats.dictionary_bytes > 0);
  assert_true(stats.log_bytes < 5000 * 130); /* without a dictionary: 210 a record */
}

static void small_runs_add_up_to_a_dictionary(void **state) {
  fixture *f = *state;
  for (int run = 0; run < 4; run++) {
    write_many(f, 60);
    assert_int_equal(figures(f).dictionary_bytes, 0);
    zd_store_close(f->s);
    open_store(f);
  }
  write_many(f, 300); /* 240 were written before */
  struct timespec pause = {0, 10 * 1000 * 1000};
  for (int i = 0; i < 1000 && figures(f).dictionary_bytes == 0; i++) nanosleep(&pause, NULL);
  assert_true(figures(f).dictionary_bytes > 0);
  zd_fault fault = {0};
  if (zd_store_check(f->s, NULL, NULL, NULL, &fault)) fail_msg("check: %s", fault.text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_large_write_waits_for_its_dictionary, set_up, tear_down),
      cmocka_unit_test_setup_teardown(small_runs_add_up_to_a_dictionary, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
