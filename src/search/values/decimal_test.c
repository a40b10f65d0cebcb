/* Exact decimals: reading, order, arithmetic, and the ordered 64-bit image. */
#include "search/values/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/testing/dice.h"

static zd_decimal read(zd_arena *arena, const char *text) {
  zd_decimal d;
  assert_int_equal(zd_decimal_read(zd_slice_of(text), arena, &d), ZD_OK);
  return d;
}

static const char *text_of(zd_arena *arena, const zd_decimal *d) {
  return zd_arena_printf(arena, "%s0.%.*se%d", d->negative ? "-" : "", (int)d->n, d->digits,
                         d->exponent)
      .p;
}

static void reads_what_fhir_writes(void **state) {
  (void)state;
  static const struct {
    const char *text, *normal;
    int unit;
  } rows[] = {{"0", "0.e0", 0},
              {"-0.00", "0.e0", -2},
              {"100", "0.1e3", 0},
              {"100.00", "0.1e3", -2},
              {"1e2", "0.1e3", 2},
              {"5.40e-3", "0.54e-2", -5},
              {"-0.0072", "-0.72e-2", -4},
              {"+7", "0.7e1", 0},
              {"120.5E+1", "0.1205e4", 0},
              {"007", "0.7e1", 0}};
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_decimal d = read(&arena, rows[i].text);
    assert_string_equal(text_of(&arena, &d), rows[i].normal);
    assert_int_equal(d.unit, rows[i].unit);
  }
  zd_arena_free(&arena);
}

static void refuses_what_is_no_number(void **state) {
  (void)state;
  static const char *const rows[] = {"",    "-",   ".5",   "5.",  "1e", "1e+", "1,5",
                                     "0x1", "NaN", "1e5x", "--1", "1 ", " 1",  "1.2.3"};
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_decimal d;
    assert_int_equal(zd_decimal_read(zd_slice_of(rows[i]), &arena, &d), ZD_ERR_INVALID);
  }
  zd_arena_free(&arena);
}

static void calculates_exactly(void **state) {
  (void)state;
  static const struct {
    const char *a, *b, *sum, *product;
  } rows[] = {{"0.1", "0.2", "0.3e0", "0.2e-1"},
              {"100", "-0.5", "0.995e2", "-0.5e2"},
              {"-7", "7", "0.e0", "-0.49e2"},
              {"999999999999999999", "1", "0.1e19", "0.999999999999999999e18"},
              {"1.5", "-2.25", "-0.75e0", "-0.3375e1"},
              {"0", "4.2", "0.42e1", "0.e0"}};
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_decimal a = read(&arena, rows[i].a), b = read(&arena, rows[i].b), c;
    assert_int_equal(zd_decimal_add(&a, &b, &arena, &c), ZD_OK);
    assert_string_equal(text_of(&arena, &c), rows[i].sum);
    assert_int_equal(zd_decimal_mul(&a, &b, &arena, &c), ZD_OK);
    assert_string_equal(text_of(&arena, &c), rows[i].product);
  }
  zd_decimal far = read(&arena, "1e999999999"), one = read(&arena, "1"), c;
  assert_int_equal(zd_decimal_add(&far, &one, &arena, &c), ZD_ERR_LIMIT);
  zd_arena_free(&arena);
}

static void divides_to_the_key(void **state) {
  (void)state;
  static const struct {
    const char *a, *b, *quotient;
  } rows[] = {{"1", "4", "0.25e0"},
              {"1", "3", "0.333333333333333333331e0"},
              {"-2", "3", "-0.666666666666666666661e0"},
              {"100", "0.5", "0.2e3"},
              {"0", "7", "0.e0"},
              {"9.5", "1000", "0.95e-2"},
              {"123456789012345678901234567890", "1", "0.123456789012345678901e30"},
              {"1e-30", "99999999999999999999999", "0.100000000000000000001e-52"}};
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_decimal a = read(&arena, rows[i].a), b = read(&arena, rows[i].b), c;
    assert_int_equal(zd_decimal_quotient(&a, &b, &arena, &c), ZD_OK);
    assert_string_equal(text_of(&arena, &c), rows[i].quotient);
  }
  zd_arena_free(&arena);
}

/* (a * b) / b has the key of a, whatever b. */
static zd_decimal roll(zd_random *dice, zd_arena *arena);
static void multiplied_and_divided_is_the_same(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_random dice;
  zd_testing_dice(&dice, 8, 0);
  for (int i = 0; i < 20000; i++) {
    zd_decimal a = roll(&dice, &arena), b = roll(&dice, &arena), product, back;
    bool exact, back_exact;
    b.negative = false;
    if (b.n) {
      assert_int_equal(zd_decimal_mul(&a, &b, &arena, &product), ZD_OK);
      assert_int_equal(zd_decimal_quotient(&product, &b, &arena, &back), ZD_OK);
      assert_int_equal(zd_decimal_key(&back, &back_exact), zd_decimal_key(&a, &exact));
      assert_int_equal(back_exact, exact);
    }
    if (i % 100 == 0) zd_arena_reset(&arena);
  }
  zd_arena_free(&arena);
}

/* A random decimal of up to 20 digits, often close to others. */
static zd_decimal roll(zd_random *dice, zd_arena *arena) {
  char text[64];
  int n = snprintf(text, sizeof text, "%s%llu", zd_random_below(dice, 2) ? "-" : "",
                   (unsigned long long)zd_random_below(dice, 1000));
  if (zd_random_below(dice, 2))
    n += snprintf(text + n, sizeof text - (size_t)n, "%016llu",
                  (unsigned long long)zd_random_below(dice, 3));
  if (zd_random_below(dice, 2))
    n += snprintf(text + n, sizeof text - (size_t)n, ".%llu",
                  (unsigned long long)zd_random_below(dice, 100));
  if (zd_random_below(dice, 8) == 0)
    snprintf(text + n, sizeof text - (size_t)n, "e%d", (int)zd_random_below(dice, 400) - 200);
  return read(arena, zd_arena_copy(arena, zd_slice_of(text)).p); /* digits point into the text */
}

static void keys_keep_the_order(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_random dice;
  zd_testing_dice(&dice, 7, 0);
  for (int i = 0; i < 100000; i++) {
    zd_decimal a = roll(&dice, &arena), b = roll(&dice, &arena);
    bool a_exact, b_exact;
    int64_t ka = zd_decimal_key(&a, &a_exact), kb = zd_decimal_key(&b, &b_exact);
    int order = zd_decimal_cmp(&a, &b);
    if (order < 0) assert_true(ka <= kb);
    if (order > 0) assert_true(ka >= kb);
    if (order == 0) assert_true(ka == kb && a_exact == b_exact);
    if (order != 0 && (a_exact || b_exact)) assert_true(ka != kb);
    assert_true(ka > INT64_MIN && ka < INT64_MAX);
    if (i % 100 == 0) zd_arena_reset(&arena);
  }
  zd_arena_free(&arena);
}

/* Between an exact key and its neighbour there is room for longer numbers only. */
static void longer_numbers_lie_strictly_between(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  bool exact;
  zd_decimal a = read(&arena, "1.5"), b = read(&arena, "1.50000000000000000001"),
             c = read(&arena, "-1.50000000000000000001"), d = read(&arena, "-1.5");
  int64_t ka = zd_decimal_key(&a, &exact);
  assert_true(exact);
  int64_t kb = zd_decimal_key(&b, &exact);
  assert_false(exact);
  assert_int_equal(kb, ka + 1);
  assert_int_equal(zd_decimal_key(&c, &exact), zd_decimal_key(&d, &exact) - 1);
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reads_what_fhir_writes),
                                     cmocka_unit_test(refuses_what_is_no_number),
                                     cmocka_unit_test(calculates_exactly),
                                     cmocka_unit_test(divides_to_the_key),
                                     cmocka_unit_test(multiplied_and_divided_is_the_same),
                                     cmocka_unit_test(keys_keep_the_order),
                                     cmocka_unit_test(longer_numbers_lie_strictly_between)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
