/* Fractions: one form each, the laws of fields, decimal text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/testing/dice.h"
#include "ucum/rational.h"

static zd_random dice;
static zd_arena arena;

static void draw(zd_rational *a) {
  char text[64];
  zd_rational by;
  int n = snprintf(text, sizeof text, "%s%llu.%03llue%d", zd_random_below(&dice, 2) ? "-" : "",
                   (unsigned long long)zd_random_below(&dice, 1000000),
                   (unsigned long long)zd_random_below(&dice, 1000),
                   (int)zd_random_below(&dice, 40) - 20);
  assert_int_equal(zd_rational_read(zd_slice_make(text, (size_t)n), a), ZD_OK);
  zd_rational_set(&by, 1 + zd_random_below(&dice, 5000));
  assert_int_equal(zd_rational_invert(&by), ZD_OK);
  assert_int_equal(zd_rational_mul(a, &by, a), ZD_OK);
}

static bool same(const zd_rational *a, const zd_rational *b) {
  int order = 1;
  assert_int_equal(zd_rational_cmp(a, b, &order), ZD_OK);
  bool limbs = a->negative == b->negative && a->exponent == b->exponent &&
               !zd_natural_cmp(&a->numerator, &b->numerator) &&
               !zd_natural_cmp(&a->denominator, &b->denominator);
  assert_int_equal(limbs, order == 0); /* one form for each number */
  return limbs;
}

static void the_laws_of_fields(void **state) {
  (void)state;
  for (int i = 0; i < 5000; i++) {
    zd_rational a, b, c, x, y, z;
    draw(&a);
    draw(&b);
    draw(&c);
    assert_int_equal(zd_rational_add(&b, &c, &x), ZD_OK);
    assert_int_equal(zd_rational_mul(&a, &x, &x), ZD_OK); /* a (b + c) */
    assert_int_equal(zd_rational_mul(&a, &b, &y), ZD_OK);
    assert_int_equal(zd_rational_mul(&a, &c, &z), ZD_OK);
    assert_int_equal(zd_rational_add(&y, &z, &y), ZD_OK); /* ab + ac */
    assert_true(same(&x, &y));
    z = b;
    z.negative = !z.negative && !zd_rational_is_zero(&z);
    assert_int_equal(zd_rational_add(&a, &b, &x), ZD_OK);
    assert_int_equal(zd_rational_add(&x, &z, &x), ZD_OK); /* a + b - b */
    assert_true(same(&x, &a));
    if (zd_rational_is_zero(&b)) continue;
    assert_int_equal(zd_rational_mul(&a, &b, &x), ZD_OK);
    y = b;
    assert_int_equal(zd_rational_invert(&y), ZD_OK);
    assert_int_equal(zd_rational_mul(&x, &y, &x), ZD_OK); /* ab / b */
    assert_true(same(&x, &a));
  }
}

static void powers_are_products(void **state) {
  (void)state;
  for (int i = 0; i < 300; i++) {
    zd_rational a, product, power;
    int n = (int)zd_random_below(&dice, 9);
    draw(&a);
    if (zd_rational_is_zero(&a)) continue;
    zd_rational_set(&product, 1);
    for (int k = 0; k < n; k++) assert_int_equal(zd_rational_mul(&product, &a, &product), ZD_OK);
    assert_int_equal(zd_rational_power(&a, n, &power), ZD_OK);
    assert_true(same(&product, &power));
    assert_int_equal(zd_rational_power(&a, -n, &power), ZD_OK);
    assert_int_equal(zd_rational_mul(&product, &power, &product), ZD_OK);
    zd_rational_set(&power, 1);
    assert_true(same(&product, &power));
  }
}

static void text_of_fractions(void **state) {
  (void)state;
  static const struct {
    const char *value, *over;
    unsigned digits;
    const char *text;
    bool exact;
  } rows[] = {{"0", "1", 0, "0", true},
              {"-0.0", "1", 0, "0", true},
              {"1.500", "1", 0, "1.5", true},
              {"100", "1", 0, "100", true},
              {"1e21", "1", 0, "1000000000000000000000", true},
              {"1e22", "1", 0, "1e22", true},
              {"12345e20", "1", 0, "1.2345e24", true},
              {"0.0000001", "1", 0, "0.0000001", true},
              {"0.00000001", "1", 0, "1e-8", true},
              {"1", "3", 0, "0.3333333333333333333333333333", false},
              {"2", "3", 5, "0.66667", false},
              {"-2", "3", 1, "-0.7", false},
              {"1", "8", 0, "0.125", true},
              {"1", "8", 2, "0.12", false}, /* half to even */
              {"3", "8", 2, "0.38", false},
              {"9.9996", "1", 4, "10", false},
              {"99999", "1", 3, "100000", false},
              {"2999.5", "3", 4, "999.8", false},
              {"1e400", "7", 3, "1.43e399", false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_rational a, b;
    zd_slice text;
    bool exact;
    assert_int_equal(zd_rational_read(zd_slice_of(rows[i].value), &a), ZD_OK);
    assert_int_equal(zd_rational_read(zd_slice_of(rows[i].over), &b), ZD_OK);
    assert_int_equal(zd_rational_invert(&b), ZD_OK);
    assert_int_equal(zd_rational_mul(&a, &b, &a), ZD_OK);
    assert_int_equal(zd_rational_write(&a, rows[i].digits, &arena, &text, &exact), ZD_OK);
    assert_string_equal(text.n == 1 ? "" : text.p, text.n == 1 ? "" : rows[i].text);
    if (text.n == 1) assert_true(zd_slice_eq(text, zd_slice_of(rows[i].text)));
    assert_int_equal(exact, rows[i].exact);
  }
}

static void no_numbers(void **state) {
  (void)state;
  static const char *const invalid[] = {"",    "-",   "+",    ".",     "1.",  ".1", "e1", "1e",
                                        "1e+", "--1", "1..2", "1.2.3", "0x1", "1 ", " 1"};
  static const char *const far[] = {"1e100001", "1e-100001", "1e99999999999999999999"};
  zd_rational a;
  for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
    assert_int_equal(zd_rational_read(zd_slice_of(invalid[i]), &a), ZD_ERR_INVALID);
  for (size_t i = 0; i < sizeof far / sizeof *far; i++)
    assert_int_equal(zd_rational_read(zd_slice_of(far[i]), &a), ZD_ERR_LIMIT);
  char digits[2000];
  memset(digits, '7', sizeof digits);
  assert_int_equal(zd_rational_read(zd_slice_make(digits, sizeof digits), &a), ZD_ERR_LIMIT);
  memset(digits, '0', sizeof digits);
  assert_int_equal(zd_rational_read(zd_slice_make(digits, sizeof digits), &a), ZD_OK);
}

static void text_there_and_back(void **state) {
  (void)state;
  for (int i = 0; i < 3000; i++) {
    zd_rational a, back;
    zd_slice text;
    bool exact;
    draw(&a);
    assert_int_equal(zd_rational_write(&a, 0, &arena, &text, &exact), ZD_OK);
    assert_int_equal(zd_rational_read(text, &back), ZD_OK);
    assert_int_equal(same(&a, &back), exact);
  }
  zd_arena_reset(&arena);
}

int main(void) {
  zd_testing_dice(&dice, 12, 1);
  zd_arena_init(&arena, 0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_laws_of_fields), cmocka_unit_test(powers_are_products),
      cmocka_unit_test(text_of_fractions), cmocka_unit_test(no_numbers),
      cmocka_unit_test(text_there_and_back)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  zd_arena_free(&arena);
  return failed;
}
