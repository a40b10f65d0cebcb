#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/testing/scarcity.h"

static void allocations_are_aligned_and_do_not_overlap(void **state) {
  (void)state;
  enum { COUNT = 2000 };
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_random dice;
  zd_random_seed(&dice, 1, 0);
  unsigned char *p[COUNT];
  size_t n[COUNT];
  for (size_t i = 0; i < COUNT; i++) {
    n[i] = zd_random_below(&dice, i % 100 ? 300 : 30000);
    p[i] = zd_arena_alloc(&arena, n[i]);
    assert_non_null(p[i]);
    assert_int_equal((uintptr_t)p[i] % 16, 0);
    memset(p[i], (int)(i & 255), n[i]);
  }
  for (size_t i = 0; i < COUNT; i++) {
    for (size_t k = 0; k < n[i]; k++) assert_int_equal(p[i][k], i & 255);
  }
  zd_arena_free(&arena);
}

static void an_empty_allocation_has_its_own_address(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  void *a = zd_arena_alloc(&arena, 0), *b = zd_arena_alloc(&arena, 0);
  assert_non_null(a);
  assert_ptr_not_equal(a, b);
  zd_arena_free(&arena);
}

static void the_limit_counts_padding_and_holds_across_blocks(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 100000);
  size_t got = 0;
  while (zd_arena_alloc(&arena, 1000)) got++;
  assert_int_equal(got, 100000 / 1008);
  assert_int_equal(zd_arena_used(&arena), got * 1008);
  assert_null(zd_arena_alloc(&arena, 1000));
  assert_non_null(zd_arena_alloc(&arena, 16)); /* what still fits is given */
  zd_arena_free(&arena);
  assert_int_equal(arena.limit, 100000);
}

static void sizes_that_overflow_are_refused(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  assert_null(zd_arena_alloc(&arena, SIZE_MAX));
  assert_null(zd_arena_alloc(&arena, SIZE_MAX - 15));
  assert_null(zd_arena_calloc(&arena, SIZE_MAX / 2, 3));
  assert_null(zd_arena_copy(&arena, (zd_slice){"", SIZE_MAX}).p);
  zd_arena_free(&arena);
}

static void reset_keeps_a_block_and_forgets_the_rest(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  void *first = zd_arena_alloc(&arena, 100);
  for (int i = 0; i < 100; i++) assert_non_null(zd_arena_alloc(&arena, 5000));
  zd_arena_reset(&arena);
  assert_int_equal(zd_arena_used(&arena), 0);
  assert_ptr_equal(zd_arena_alloc(&arena, 100), first);
  zd_arena_free(&arena);
  zd_arena_reset(&arena); /* of an empty arena: nothing to do */
  zd_arena_free(&arena);
}

static void copies_and_prints_are_zero_terminated(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_slice copy = zd_arena_copy(&arena, ZD_S("Иванов"));
  assert_string_equal(copy.p, "Иванов");
  assert_int_equal(copy.n, strlen("Иванов"));
  zd_slice empty = zd_arena_copy(&arena, (zd_slice){NULL, 0});
  assert_non_null(empty.p);
  assert_int_equal(empty.n, 0);
  zd_slice text = zd_arena_printf(&arena, "%s/%d", "Patient", 7);
  assert_true(zd_slice_eq(text, ZD_S("Patient/7")));
  assert_int_equal(text.p[text.n], 0);
  for (int width = 250; width < 262; width++) { /* around the size that is formatted once */
    text = zd_arena_printf(&arena, "%*d", width, 7);
    assert_int_equal(text.n, width);
    assert_int_equal(text.p[width - 1], '7');
    assert_int_equal(text.p[width], 0);
  }
  char digits[ZD_DIGITS], most[ZD_DIGITS];
  zd_slice parts[] = {ZD_S("Patient"),
                      {NULL, 0},
                      ZD_S("/"),
                      zd_slice_digits(0, digits),
                      zd_slice_digits(UINT64_MAX, most)};
  text = zd_arena_join(&arena, parts, 5);
  assert_string_equal(text.p, "Patient/018446744073709551615");
  assert_int_equal(text.n, strlen(text.p));
  assert_non_null(zd_arena_join(&arena, NULL, 0).p);
  zd_arena_free(&arena);
}

static bool fill(zd_arena *arena) {
  for (int i = 0; i < 200; i++) {
    if (!zd_arena_calloc(arena, 10, 100)) return false;
  }
  return true;
}

static void every_failing_allocation_is_reported(void **state) {
  (void)state;
  uint64_t nth = 1;
  for (;; nth++) {
    zd_arena arena;
    zd_arena_init(&arena, 0);
    zd_scarcity_begin(nth);
    bool filled = fill(&arena);
    bool scarce = zd_scarcity_end();
    assert_int_equal(filled, !scarce);
    if (scarce) assert_true(fill(&arena)); /* it is still usable */
    zd_arena_free(&arena);
    if (!scarce) break;
  }
  assert_in_range(nth, 3, 20); /* doubling: few blocks */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(allocations_are_aligned_and_do_not_overlap),
      cmocka_unit_test(an_empty_allocation_has_its_own_address),
      cmocka_unit_test(the_limit_counts_padding_and_holds_across_blocks),
      cmocka_unit_test(sizes_that_overflow_are_refused),
      cmocka_unit_test(reset_keeps_a_block_and_forgets_the_rest),
      cmocka_unit_test(copies_and_prints_are_zero_terminated),
      cmocka_unit_test(every_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
