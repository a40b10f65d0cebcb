/* Sorted searches against the naive truth: over any mixture of parts, every state ever published,
 * any keys, from the start or behind any row, in both directions, by reading rows or by walking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/testing/scarcity.h"
#include "store/testing/index_model.h"
#include "store/testing/little_record.h"

typedef struct world {
  zd_model model;
  zd_index *index;
  zd_index_options options;
  char dir[64];
} world;

static void world_start(world *w, uint64_t seed, unsigned ids, size_t memtable_rows) {
  zd_model_start(&w->model, seed, ids);
  strcpy(w->dir, "/tmp/zd-sort-XXXXXX");
  if (!mkdtemp(w->dir)) fail();
  w->options = (zd_index_options){.dir = w->dir, .memtable_rows = memtable_rows};
  assert_int_equal(zd_index_open(&w->options, &w->index, NULL), ZD_OK);
}

static void world_end(world *w) {
  zd_index_close(w->index);
  zd_model_free(&w->model);
  zd_little_remove(w->dir);
}

static void append(world *w, size_t n) {
  for (size_t i = 0; i < n; i++)
    assert_int_equal(zd_index_append(w->index, zd_model_row(&w->model)), ZD_OK);
  zd_index_publish(w->index, w->model.n);
}

static void compare_at(world *w, zd_row row, unsigned rounds) {
  zd_index_view *v;
  assert_int_equal(zd_index_view_acquire_at(w->index, row, &v), ZD_OK);
  const char *difference = zd_model_compare_sorted(&w->model, v, rounds);
  if (difference) print_error("at row %llu: %s\n", (unsigned long long)row, difference);
  assert_null(difference);
  zd_index_view_release(v);
}

static void compare(world *w, unsigned rounds) {
  zd_row published = zd_index_published(w->index);
  compare_at(w, published, rounds);
  for (int i = 0; i < 3; i++) compare_at(w, zd_random_below(&w->model.dice, published + 1), rounds);
}

static void memtables_are_sorted_as_by_the_oracle(void **state) {
  (void)state;
  world w;
  world_start(&w, 1, 200, 10000);
  compare(&w, 5);
  for (int i = 0; i < 3; i++) {
    append(&w, 150);
    compare(&w, 100);
  }
  world_end(&w);
}

static void segments_are_sorted_as_by_the_oracle(void **state) {
  (void)state;
  world w;
  world_start(&w, 2, 300, 10000);
  append(&w, 500);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  compare(&w, 200);
  world_end(&w);
}

static void any_mixture_is_sorted_as_by_the_oracle(void **state) {
  (void)state;
  for (uint64_t seed = 10; seed < 14; seed++) {
    world w;
    world_start(&w, seed, 40 + (unsigned)seed * 10, 64);
    for (int step = 0; step < 15; step++) {
      switch (zd_random_below(&w.model.dice, 5)) {
        case 0:
          assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
          break;
        case 1:
          assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
          break;
        default:
          append(&w, (size_t)zd_random_below(&w.model.dice, 60));
      }
      compare(&w, 25);
    }
    world_end(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memtables_are_sorted_as_by_the_oracle),
      cmocka_unit_test(segments_are_sorted_as_by_the_oracle),
      cmocka_unit_test(any_mixture_is_sorted_as_by_the_oracle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
