/* Whole numbers by the laws of arithmetic, over dice that like edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/testing/dice.h"
#include "ucum/natural.h"

static zd_random dice;

/* Limbs of ones and zeros are where carries go wrong. */
static void draw(zd_natural *a, uint32_t limbs) {
  a->n = (uint32_t)zd_random_below(&dice, limbs + 1);
  for (uint32_t i = 0; i < a->n; i++) {
    uint64_t kind = zd_random_below(&dice, 4);
    a->limb[i] = kind == 0   ? UINT32_MAX
                 : kind == 1 ? 0
                 : kind == 2 ? 0x80000000
                             : (uint32_t)zd_random_below(&dice, 1ull << 32);
  }
  while (a->n && !a->limb[a->n - 1]) a->n--;
}

static void division_undoes_multiplication(void **state) {
  (void)state;
  for (int i = 0; i < 20000; i++) {
    zd_natural a, b, quotient, rest, back;
    draw(&a, 40);
    draw(&b, 20);
    if (!b.n) continue;
    zd_natural_div(&a, &b, &quotient, &rest);
    assert_true(zd_natural_cmp(&rest, &b) < 0);
    assert_int_equal(zd_natural_mul(&quotient, &b, &back), ZD_OK);
    assert_int_equal(zd_natural_add(&back, &rest, &back), ZD_OK);
    assert_int_equal(zd_natural_cmp(&a, &back), 0);
    zd_natural_sub(&a, &rest, &back);
    zd_natural_div(&back, &b, &back, &rest); /* results over operands */
    assert_true(zd_natural_is(&rest, 0));
    assert_int_equal(zd_natural_cmp(&back, &quotient), 0);
  }
}

static void multiplication_distributes(void **state) {
  (void)state;
  for (int i = 0; i < 5000; i++) {
    zd_natural a, b, c, left, x, y;
    draw(&a, 30);
    draw(&b, 30);
    draw(&c, 30);
    assert_int_equal(zd_natural_add(&b, &c, &left), ZD_OK);
    assert_int_equal(zd_natural_mul(&a, &left, &left), ZD_OK);
    assert_int_equal(zd_natural_mul(&a, &b, &x), ZD_OK);
    assert_int_equal(zd_natural_mul(&a, &c, &y), ZD_OK);
    assert_int_equal(zd_natural_add(&x, &y, &x), ZD_OK);
    assert_int_equal(zd_natural_cmp(&left, &x), 0);
  }
}

static void the_greatest_common_divisor(void **state) {
  (void)state;
  for (int i = 0; i < 2000; i++) {
    zd_natural a, b, common, rest, other;
    draw(&a, 12);
    draw(&b, 12);
    if (!a.n || !b.n) continue;
    zd_natural_gcd(&a, &b, &common);
    zd_natural_div(&a, &common, &a, &rest);
    assert_true(zd_natural_is(&rest, 0));
    zd_natural_div(&b, &common, &b, &rest);
    assert_true(zd_natural_is(&rest, 0));
    zd_natural_gcd(&a, &b, &other);
    assert_true(zd_natural_is(&other, 1));
  }
}

static void decimal_digits_there_and_back(void **state) {
  (void)state;
  for (int i = 0; i < 3000; i++) {
    char text[ZD_NATURAL_DIGITS + 1];
    zd_natural a, back;
    draw(&a, ZD_NATURAL_LIMBS);
    size_t n = zd_natural_write(&a, text);
    assert_true(n <= ZD_NATURAL_DIGITS + 1);
    assert_true(!n || text[0] != '0');
    assert_int_equal(zd_natural_read(zd_slice_make(text, n), &back), ZD_OK);
    assert_int_equal(zd_natural_cmp(&a, &back), 0);
  }
  zd_natural a;
  assert_int_equal(zd_natural_read(ZD_S("12x"), &a), ZD_ERR_INVALID);
  assert_int_equal(zd_natural_read(ZD_S("4294967296"), &a), ZD_OK);
  assert_true(a.n == 2 && a.limb[0] == 0 && a.limb[1] == 1);
}

static void what_does_not_fit_is_refused(void **state) {
  (void)state;
  zd_natural a, b;
  zd_natural_set(&a, 1);
  assert_int_equal(zd_natural_ten(&a, ZD_NATURAL_DIGITS), ZD_OK);
  zd_natural_copy(&b, &a);
  assert_int_equal(zd_natural_ten(&b, 1), ZD_ERR_LIMIT);
  assert_int_equal(zd_natural_mul(&a, &a, &b), ZD_ERR_LIMIT);
  for (uint32_t i = 0; i < ZD_NATURAL_LIMBS; i++) a.limb[i] = UINT32_MAX;
  a.n = ZD_NATURAL_LIMBS;
  zd_natural_set(&b, 1);
  assert_int_equal(zd_natural_add(&a, &b, &b), ZD_ERR_LIMIT);
  assert_int_equal(zd_natural_scale(&a, 2, 0), ZD_ERR_LIMIT);
}

int main(void) {
  zd_testing_dice(&dice, 11, 1);
  const struct CMUnitTest tests[] = {cmocka_unit_test(division_undoes_multiplication),
                                     cmocka_unit_test(multiplication_distributes),
                                     cmocka_unit_test(the_greatest_common_divisor),
                                     cmocka_unit_test(decimal_digits_there_and_back),
                                     cmocka_unit_test(what_does_not_fit_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
