/* What is kept is found again under its key, whole, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/testing/dice.h"
#include "store/embedded/index/memo.h"

enum { BOUND = 400000 };

typedef struct fixture {
  zd_arena arena;
  zd_budget budget;
} fixture;

static void start(fixture *f, zd_row_set *set) {
  zd_arena_init(&f->arena, 0);
  zd_budget_start(&f->budget, 0, 0);
  assert_int_equal(zd_row_set_start(set, BOUND, &f->arena, &f->budget, NULL), ZD_OK);
}

static zd_memo_key key_of(uint64_t number) {
  zd_memo_key key = {.n = 0};
  zd_memo_key_number(&key, number);
  return key;
}

static void a_row_set_has_what_was_added(void **state) {
  (void)state;
  zd_random dice;
  zd_testing_dice(&dice, 4, 2);
  static bool expected[BOUND];
  for (unsigned round = 0; round < 40; round++) {
    fixture f;
    zd_row_set set;
    start(&f, &set);
    memset(expected, 0, sizeof expected);
    uint64_t n = 0, within = 0, many = round % 4 ? 300 : 100000;
    for (uint64_t i = 0; i < many; i++) {
      zd_row row = zd_random_below(&dice, round % 3 ? BOUND : 70000);
      n += !expected[row];
      expected[row] = true;
      assert_int_equal(zd_row_set_add(&set, row), ZD_OK);
    }
    zd_row_set_finish(&set);
    assert_int_equal(set.n, n);
    zd_row first = zd_random_below(&dice, BOUND), end = first + zd_random_below(&dice, 200000);
    for (zd_row row = 0; row < BOUND; row++) {
      assert_int_equal(zd_row_set_has(&set, row), expected[row]);
      within += expected[row] && row >= first && row < end;
    }
    assert_int_equal(zd_row_set_count(&set, first, end), within);
    zd_row_set_drop(&set);
    assert_int_equal(f.budget.memory, 0);
    zd_arena_free(&f.arena);
  }
}

static void what_is_kept_is_found_whole(void **state) {
  (void)state;
  zd_memo *m = zd_memo_new(1 << 20);
  fixture f;
  zd_row_set set;
  start(&f, &set);
  for (zd_row row = 0; row < BOUND; row += row < 65536 ? 3 : 5000) zd_row_set_add(&set, row);
  zd_row_set_finish(&set);
  zd_memo_key key = key_of(7), other = key_of(8);
  zd_memo_keep(m, &key, &set);
  assert_null(zd_memo_find(m, &other));
  zd_kept *kept = zd_memo_find(m, &key);
  assert_non_null(kept);
  const zd_row_set *again = zd_kept_set(kept);
  assert_int_equal(again->n, set.n);
  for (zd_row row = 0; row < BOUND; row++)
    assert_int_equal(zd_row_set_has(again, row), zd_row_set_has(&set, row));
  zd_memo_free(m); /* what is held stays */
  assert_true(zd_row_set_has(again, 3));
  zd_kept_release(kept);
  zd_arena_free(&f.arena);
}

static void the_longest_unasked_goes_first(void **state) {
  (void)state;
  zd_memo *m = zd_memo_new(100000); /* room for some ten bitmaps */
  fixture f;
  zd_row_set set;
  start(&f, &set);
  for (zd_row row = 0; row < 65536; row += 2) zd_row_set_add(&set, row);
  zd_row_set_finish(&set);
  for (uint64_t i = 0; i < 50; i++) {
    zd_memo_key key = key_of(i), first = key_of(0);
    zd_memo_keep(m, &key, &set);
    assert_true(zd_memo_bytes(m) <= 100000);
    zd_kept *kept = zd_memo_find(m, &first); /* asked for all the time: it stays */
    assert_non_null(kept);
    zd_kept_release(kept);
  }
  zd_memo_key second = key_of(1);
  assert_null(zd_memo_find(m, &second));
  zd_memo_free(m);
  zd_arena_free(&f.arena);
}

static void plans_are_told_apart(void **state) {
  (void)state;
  zd_plan a = {.op = ZD_PLAN_TERM, .field = 1, .term = ZD_S("x")}, b = a, check = a;
  zd_memo_key keys[3] = {{.n = 0}, {.n = 0}, {.n = 0}};
  zd_memo_key_plan(&keys[0], &a);
  b.to = ZD_S(""); /* empty is not absent */
  zd_memo_key_plan(&keys[1], &b);
  assert_false(keys[0].n == keys[1].n && memcmp(keys[0].bytes, keys[1].bytes, keys[0].n) == 0);
  check.op = ZD_PLAN_CHECK;
  zd_memo_key_plan(&keys[2], &check);
  assert_true(keys[2].broken);
  zd_plan *deep = calloc(100, sizeof *deep);
  const zd_plan *chain[100];
  for (size_t i = 0; i < 100; i++) {
    chain[i] = &deep[i];
    deep[i] = (zd_plan){.op = ZD_PLAN_NOT, .children = &chain[i + 1], .child_count = i < 99};
  }
  zd_memo_key key = {.n = 0};
  zd_memo_key_plan(&key, deep);
  assert_true(key.broken); /* too long */
  free(deep);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_row_set_has_what_was_added),
      cmocka_unit_test(what_is_kept_is_found_whole),
      cmocka_unit_test(the_longest_unasked_goes_first),
      cmocka_unit_test(plans_are_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
