/* Laws that hold for all codes, over codes that are drawn: there and back, products, equivalence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/testing/dice.h"
#include "ucum/ucum_internal.h"

static zd_random dice;
static zd_arena arena;

/* Any unit of the table that is not special, with or without prefix and power. */
static zd_slice unit(void) {
  const ucum_table *t = &zd_ucum_units;
  const ucum_atom *atom;
  do atom = &t->atoms[zd_random_below(&dice, t->atom_count)];
  while (atom->curve);
  bool prefixed = atom->metric && zd_random_below(&dice, 2);
  const char *prefix = prefixed ? t->prefixes[zd_random_below(&dice, t->prefix_count)].code : "";
  static const char *const powers[] = {"", "", "", "2", "-1", "3", "-2"};
  return zd_arena_printf(&arena, "%s%s%s", prefix, atom->code, powers[zd_random_below(&dice, 7)]);
}

static zd_slice code(int depth) {
  zd_slice one = unit(), rest;
  switch (zd_random_below(&dice, depth ? 7 : 3)) {
    case 0:
      return zd_arena_printf(&arena, "%d", 1 + (int)zd_random_below(&dice, 99));
    case 1:
    case 2:
      return one;
    case 3:
      return zd_arena_printf(&arena, "%.*s{note}", ZD_SV(one));
    case 4:
      rest = code(depth - 1);
      return zd_arena_printf(&arena, "(%.*s).%.*s", ZD_SV(rest), ZD_SV(one));
    default:
      rest = code(depth - 1);
      return zd_arena_printf(&arena, "%.*s/(%.*s)", ZD_SV(one), ZD_SV(rest));
  }
}

static zd_err measure(zd_slice text, ucum_measure *out) {
  ucum_code read;
  zd_ucum_fault fault = {0};
  zd_err err = zd_ucum_read(&zd_ucum_units, text, &read, &fault);
  if (!err) err = zd_ucum_measure(&zd_ucum_units, &read, out, &fault);
  if (err) print_message("%.*s: at %u, %s\n", ZD_SV(text), fault.at, fault.text);
  return err;
}

static bool equal(const zd_rational *a, const zd_rational *b) {
  int order = 1;
  return !zd_rational_cmp(a, b, &order) && !order;
}

static void the_whole_is_the_product_of_its_parts(void **state) {
  (void)state;
  for (int i = 0; i < 4000; i++) {
    ucum_measure a, b, both;
    zd_slice x = code(2), y = code(2);
    bool over = zd_random_below(&dice, 2);
    assert_int_equal(measure(x, &a), ZD_OK);
    assert_int_equal(measure(y, &b), ZD_OK);
    zd_slice text = zd_arena_printf(&arena, "(%.*s)%s(%.*s)", ZD_SV(x), over ? "/" : ".", ZD_SV(y));
    assert_int_equal(measure(text, &both), ZD_OK);
    assert_int_equal(zd_rational_power(&b.factor, over ? -1 : 1, &b.factor), ZD_OK);
    assert_int_equal(zd_rational_mul(&a.factor, &b.factor, &a.factor), ZD_OK);
    assert_int_equal(zd_ucum_dimension_join(&a.dimension, &b.dimension, over ? -1 : 1), ZD_OK);
    if (!equal(&a.factor, &both.factor) || !zd_ucum_same_dimension(&a.dimension, &both.dimension))
      fail_msg("%.*s", ZD_SV(text));
    zd_arena_reset(&arena);
  }
}

static void canonical_of_canonical_is_itself(void **state) {
  (void)state;
  for (int i = 0; i < 4000; i++) {
    zd_ucum_form form, again;
    zd_slice text = code(3);
    assert_int_equal(zd_ucum_canonical(text, &arena, &form, NULL), ZD_OK);
    assert_int_equal(zd_ucum_canonical(form.unit, &arena, &again, NULL), ZD_OK);
    assert_true(zd_slice_eq(form.unit, again.unit));
    assert_true(zd_slice_eq(again.numerator, ZD_S("1")) &&
                zd_slice_eq(again.denominator, ZD_S("1")) && !again.exponent);
    zd_arena_reset(&arena);
  }
}

/* Known codes say what reading them anew would. */
static void the_table_agrees_with_the_reader(void **state) {
  (void)state;
  for (uint16_t i = 0; i < zd_ucum_units.known_count; i++) {
    const ucum_known *known = &zd_ucum_units.known[i];
    ucum_measure m;
    zd_ucum_form form;
    assert_int_equal(measure(known->code, &m), ZD_OK);
    assert_int_equal(zd_ucum_form_of(&zd_ucum_units, &m, &arena, &form), ZD_OK);
    assert_true(zd_slice_eq(form.unit, known->form.unit) &&
                zd_slice_eq(form.numerator, known->form.numerator) &&
                zd_slice_eq(form.denominator, known->form.denominator) &&
                zd_slice_eq(form.offset, known->form.offset) &&
                form.exponent == known->form.exponent && form.scale == known->form.scale);
  }
  assert_true(zd_ucum_units.known_count > 250);
}

/* a -> b -> a: the first conversion may never end in decimals, so in fractions. */
static void there_and_back_is_where_one_was(void **state) {
  (void)state;
  int met = 0;
  for (int i = 0; i < 4000; i++) {
    ucum_measure a, b;
    zd_rational value, moved;
    bool exact = true;
    zd_slice x = code(1);
    zd_ucum_form form;
    assert_int_equal(zd_ucum_canonical(x, &arena, &form, NULL), ZD_OK);
    zd_slice y = zd_arena_printf(&arena, "%d.%.*s", 1 + (int)zd_random_below(&dice, 999),
                                 ZD_SV(form.unit)); /* commensurable by construction */
    assert_int_equal(measure(x, &a), ZD_OK);
    assert_int_equal(measure(y, &b), ZD_OK);
    assert_int_equal(zd_rational_read(ZD_S("-12.3456789"), &value), ZD_OK);
    assert_int_equal(zd_ucum_curve_down(&a, &value, &moved, &exact), ZD_OK);
    assert_int_equal(zd_ucum_curve_up(&b, &moved, &moved, &exact), ZD_OK);
    assert_int_equal(zd_ucum_curve_down(&b, &moved, &moved, &exact), ZD_OK);
    assert_int_equal(zd_ucum_curve_up(&a, &moved, &moved, &exact), ZD_OK);
    assert_true(exact && equal(&value, &moved));
    met += !zd_slice_eq(x, y);
    zd_arena_reset(&arena);
  }
  assert_true(met > 3000);
}

static void special_units_there_and_back(void **state) {
  (void)state;
  int met = 0;
  for (uint16_t i = 0; i < zd_ucum_units.atom_count; i++) {
    ucum_measure m;
    zd_rational value, moved;
    bool exact = true;
    int order;
    if (!zd_ucum_units.atoms[i].curve) continue;
    met++;
    assert_int_equal(measure(zd_slice_of(zd_ucum_units.atoms[i].code), &m), ZD_OK);
    assert_int_equal(zd_rational_read(ZD_S("3.7"), &value), ZD_OK);
    assert_int_equal(zd_ucum_curve_down(&m, &value, &moved, &exact), ZD_OK);
    assert_int_equal(zd_ucum_curve_up(&m, &moved, &moved, &exact), ZD_OK);
    zd_slice text;
    assert_int_equal(zd_rational_write(&moved, 15, &arena, &text, NULL), ZD_OK);
    assert_int_equal(zd_rational_read(text, &moved), ZD_OK);
    assert_int_equal(zd_rational_cmp(&value, &moved, &order), ZD_OK);
    if (order) fail_msg("%s: %.*s", zd_ucum_units.atoms[i].code, ZD_SV(text));
  }
  assert_int_equal(met, 21);
}

static void commensurability_is_an_equivalence(void **state) {
  (void)state;
  static const char *const few[] = {"m",  "cm", "[ft_i]",  "g",  "kg",  "[IU]",   "k[IU]", "s",
                                    "Hz", "/s", "1",       "%",  "mol", "[pH]",   "mol/L", "Cel",
                                    "K",  "dB", "[arb'U]", "/L", "deg", "[degF]", "m3",    "L"};
  enum { FEW = sizeof few / sizeof *few };
  bool same[FEW][FEW];
  for (int i = 0; i < FEW; i++)
    for (int k = 0; k < FEW; k++)
      assert_int_equal(
          zd_ucum_commensurable(zd_slice_of(few[i]), zd_slice_of(few[k]), &same[i][k], NULL),
          ZD_OK);
  for (int i = 0; i < FEW; i++) {
    assert_true(same[i][i]);
    for (int k = 0; k < FEW; k++) {
      assert_int_equal(same[i][k], same[k][i]);
      for (int j = 0; j < FEW; j++)
        if (same[i][k] && same[k][j]) assert_true(same[i][j]);
    }
  }
  assert_true(same[0][1] && !same[0][3] && same[5][6] && !same[5][18] && same[13][14]);
}

int main(void) {
  zd_testing_dice(&dice, 13, 1);
  zd_arena_init(&arena, 0);
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_whole_is_the_product_of_its_parts),
                                     cmocka_unit_test(canonical_of_canonical_is_itself),
                                     cmocka_unit_test(the_table_agrees_with_the_reader),
                                     cmocka_unit_test(there_and_back_is_where_one_was),
                                     cmocka_unit_test(special_units_there_and_back),
                                     cmocka_unit_test(commensurability_is_an_equivalence)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  zd_arena_free(&arena);
  return failed;
}
