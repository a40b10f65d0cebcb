/* Columns against a walk over all intervals; extremes included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/testing/dice.h"
#include "store/embedded/index/column.h"

static int64_t value(zd_random *dice, int sort) {
  switch (zd_random_below(dice, 10)) {
    case 0:
      return sort > 1 ? INT64_MIN : 0;
    case 1:
      return sort > 1 ? INT64_MAX : 5000;
    case 2:
      return sort > 2 ? (int64_t)zd_random_u64(dice) : 17000;
    default:
      return (int64_t)zd_random_below(dice, 40) * 1000 - 10000;
  }
}

static zd_interval interval(zd_random *dice, int sort) {
  zd_interval v = {value(dice, sort), 0, (uint32_t)zd_random_below(dice, 65536)};
  v.high = sort == 0 ? v.low + 999 : value(dice, sort);
  if (v.high < v.low) {
    int64_t low = v.low;
    v.low = v.high;
    v.high = low;
  }
  return v;
}

static int plainly(const void *x, const void *y) {
  const zd_interval *a = x, *b = y;
  if (a->low != b->low) return a->low < b->low ? -1 : 1;
  if (a->row != b->row) return a->row < b->row ? -1 : 1;
  return (a->high > b->high) - (a->high < b->high);
}

/* Many are sorted another way than few. */
static void intervals_are_sorted_and_distinct_however_many_there_are(void **state) {
  (void)state;
  enum { MOST = 3000 };
  static zd_interval v[MOST], expected[MOST];
  zd_random dice;
  zd_testing_dice(&dice, 8, 2);
  for (int round = 0; round < 60; round++) {
    size_t n = 1 + (size_t)zd_random_below(&dice, MOST), kept = 0;
    for (size_t i = 0; i < n; i++) {
      v[i] = interval(&dice, round % 4);
      if (round % 3 == 0) v[i].row = (uint32_t)i; /* as a memtable has them */
    }
    memcpy(expected, v, n * sizeof *v);
    qsort(expected, n, sizeof *expected, plainly);
    for (size_t i = 0; i < n; i++)
      if (i == 0 || plainly(&expected[i], &expected[kept - 1])) expected[kept++] = expected[i];
    zd_buffer b;
    zd_buffer_init(&b, 0);
    assert_int_equal(zd_column_write(v, n, &b), kept);
    for (size_t i = 0; i < kept; i++) assert_int_equal(plainly(&v[i], &expected[i]), 0);
    zd_buffer_free(&b);
  }
}

static void selections_agree_with_a_walk(void **state) {
  (void)state;
  zd_random dice;
  zd_testing_dice(&dice, 6, 2);
  for (int round = 0; round < 400; round++) {
    zd_interval v[200];
    size_t n = 1 + (size_t)zd_random_below(&dice, 200);
    for (size_t i = 0; i < n; i++) v[i] = interval(&dice, round % 4);
    zd_buffer b;
    zd_buffer_init(&b, 0);
    n = zd_column_write(v, n, &b);
    zd_column_header h;
    memcpy(&h, b.p, sizeof h);
    assert_int_equal(zd_column_size(&h, (uint32_t)n), b.n);
    for (uint32_t i = 0; i < n; i++) {
      zd_interval read = zd_column_at(b.p, (uint32_t)n, i);
      assert_true(read.low == v[i].low && read.high == v[i].high && read.row == v[i].row);
      assert_true(zd_column_has(b.p, (uint32_t)n, &v[i]));
    }
    for (int question = 0; question < 50; question++) {
      zd_bounds bounds = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};
      if (question & 1) bounds.low_min = value(&dice, 3);
      if (question & 2) bounds.low_max = value(&dice, 3);
      if (question & 4) bounds.high_min = value(&dice, 3);
      if (question & 8) bounds.high_max = value(&dice, 3);
      uint64_t expected[1024] = {0}, words[1024] = {0};
      bool any = false;
      for (size_t i = 0; i < n; i++) {
        if (!zd_bounds_hold(&bounds, v[i].low, v[i].high)) continue;
        expected[v[i].row >> 6] |= UINT64_C(1) << (v[i].row & 63);
        any = true;
      }
      uint32_t total = 0;
      for (size_t i = 0; i < n; i++) total += zd_bounds_hold(&bounds, v[i].low, v[i].high);
      assert_int_equal(zd_column_total(b.p, (uint32_t)n, &bounds), total);
      assert_true(zd_column_count(b.p, (uint32_t)n, &bounds) >= total);
      zd_column_select(b.p, (uint32_t)n, &bounds, words);
      assert_memory_equal(words, expected, sizeof words);
      if (any) assert_true(zd_column_meets(&h, &bounds));
    }
    zd_buffer_free(&b);
  }
}

static void days_cost_two_bytes_more_than_their_row(void **state) {
  (void)state;
  zd_interval v[1000];
  for (uint32_t i = 0; i < 1000; i++)
    v[i] = (zd_interval){(int64_t)(i * 7 % 1095) * 86400000, 0, i};
  for (uint32_t i = 0; i < 1000; i++) v[i].high = v[i].low + 86399999;
  zd_buffer b;
  zd_buffer_init(&b, 0);
  zd_column_write(v, 1000, &b);
  assert_true(b.n < 1000 * 4);
  zd_buffer_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(intervals_are_sorted_and_distinct_however_many_there_are),
      cmocka_unit_test(selections_agree_with_a_walk),
      cmocka_unit_test(days_cost_two_bytes_more_than_their_row),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
