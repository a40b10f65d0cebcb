/* quantity.c: converting, comparing and combining quantities. */
#include "ucum/ucum_internal.h"

static zd_err measure_code(zd_slice code, bool second, ucum_measure *out, zd_ucum_fault *fault) {
  ucum_code read;
  zd_err err = zd_ucum_read(&zd_ucum_units, code, &read, fault);
  if (!err) err = zd_ucum_measure(&zd_ucum_units, &read, out, fault);
  if (err && fault) fault->second = second;
  return err;
}

static zd_err both(zd_slice a, zd_slice b, ucum_measure *m, ucum_measure *n, zd_ucum_fault *fault) {
  zd_err err = measure_code(a, false, m, fault);
  return err ? err : measure_code(b, true, n, fault);
}

zd_err zd_ucum_commensurable(zd_slice a, zd_slice b, bool *answer, zd_ucum_fault *fault) {
  ucum_measure m, n;
  zd_err err = both(a, b, &m, &n, fault);
  *answer = !err && zd_ucum_same_dimension(&m.dimension, &n.dimension);
  return err;
}

static zd_err read_value(zd_slice text, zd_rational *out, zd_ucum_fault *fault) {
  zd_err err = zd_rational_read(text, out);
  if (err == ZD_ERR_INVALID) return zd_ucum_fail(fault, err, 0, "the value is no number");
  return err ? zd_ucum_fail(fault, err, 0, "the value is too large") : ZD_OK;
}

/* The value in canonical units. */
static zd_err canonical_value(zd_ucum_quantity q, const ucum_measure *m, zd_rational *out,
                              bool *exact, zd_ucum_fault *fault) {
  zd_err err = read_value(q.value, out, fault);
  if (err) return err;
  err = zd_ucum_curve_down(m, out, out, exact);
  return err ? zd_ucum_fail(fault, err, 0, "no such value in this unit") : ZD_OK;
}

static zd_err write_value(const zd_rational *value, bool exact, zd_arena *arena,
                          zd_ucum_number *out) {
  zd_err err =
      zd_rational_write(value, exact ? 0 : ZD_UCUM_INEXACT_DIGITS, arena, &out->text, &out->exact);
  out->exact = out->exact && exact;
  return err;
}

static zd_err leave(const ucum_measure *to, zd_rational *value, bool exact, zd_arena *arena,
                    zd_ucum_number *out, zd_ucum_fault *fault) {
  zd_err err = zd_ucum_curve_up(to, value, value, &exact);
  if (!err) err = write_value(value, exact, arena, out);
  return err ? zd_ucum_fail(fault, err, 0, "the unit cannot express this value") : ZD_OK;
}

static zd_err apart(zd_ucum_fault *fault) {
  return zd_ucum_fail(fault, ZD_ERR_REFUSED, 0, "the units measure different things");
}

/* Scales that differ by a prefix alone: B and dB. Then nothing has to go through the curve. */
static bool same_curve(const ucum_measure *m, const ucum_measure *n) {
  int order = 1;
  return m->curve && m->curve == n->curve && !zd_rational_cmp(&m->factor, &n->factor, &order) &&
         !order;
}

static zd_err along_curve(zd_slice value, const ucum_measure *m, const ucum_measure *n,
                          zd_arena *arena, zd_ucum_number *out, zd_ucum_fault *fault) {
  zd_rational x, down;
  zd_err err = read_value(value, &x, fault);
  if (err) return err;
  zd_rational_copy(&down, &n->scale);
  err = zd_rational_invert(&down);
  if (!err) err = zd_rational_mul(&down, &m->scale, &down);
  if (!err) err = zd_rational_mul(&x, &down, &x);
  return err ? err : write_value(&x, true, arena, out);
}

zd_err zd_ucum_convert(zd_ucum_quantity from, zd_slice to, zd_arena *arena, zd_ucum_number *out,
                       zd_ucum_fault *fault) {
  ucum_measure m, n;
  zd_rational value;
  bool exact = true;
  zd_err err = both(from.code, to, &m, &n, fault);
  if (err) return err;
  if (!zd_ucum_same_dimension(&m.dimension, &n.dimension)) return apart(fault);
  if (zd_ucum_scale_of(m.curve) == ZD_UCUM_CURVE && same_curve(&m, &n))
    return along_curve(from.value, &m, &n, arena, out, fault);
  err = canonical_value(from, &m, &value, &exact, fault);
  return err ? err : leave(&n, &value, exact, arena, out, fault);
}

/* UCUM's mole is a number, so that a mole of something weighs as much as that many grams of it,
 * times its molar weight, over the number of a mole. */
static zd_err weigh(zd_rational *value, zd_slice molar_weight, int power, zd_ucum_fault *fault) {
  zd_rational weight;
  ucum_measure mole;
  zd_err err = zd_rational_read(molar_weight, &weight);
  if (err || weight.negative || zd_rational_is_zero(&weight))
    return zd_ucum_fail(fault, err ? err : ZD_ERR_INVALID, 0,
                        "a molar weight is a number above zero");
  err = measure_code(ZD_S("mol"), false, &mole, fault);
  if (!err) err = zd_rational_invert(&mole.factor);
  if (!err) err = zd_rational_mul(&weight, &mole.factor, &weight);
  if (!err) err = zd_rational_power(&weight, power, &weight);
  return err ? err : zd_rational_mul(value, &weight, value);
}

zd_err zd_ucum_convert_substance(zd_ucum_quantity from, zd_slice to, zd_slice molar_weight,
                                 zd_arena *arena, zd_ucum_number *out, zd_ucum_fault *fault) {
  ucum_measure m, n;
  zd_rational value;
  bool exact = true;
  zd_err err = both(from.code, to, &m, &n, fault);
  if (err) return err;
  int moles = m.dimension.amount - n.dimension.amount;
  static const ucum_dimension gram = {.base = {0, 0, 0, 1, 0, 0, 0}};
  if (zd_ucum_same_dimension(&m.dimension, &n.dimension)) moles = 0;
  err = zd_ucum_dimension_join(&m.dimension, &gram, moles);
  if (err) return err;
  if (!zd_ucum_same_dimension(&m.dimension, &n.dimension)) return apart(fault);
  err = canonical_value(from, &m, &value, &exact, fault);
  if (!err && moles) err = weigh(&value, molar_weight, moles, fault);
  return err ? err : leave(&n, &value, exact, arena, out, fault);
}

/* The sign of a - b, taking them as equal when they differ by rounding. */
static int nearly(const zd_rational *a, const zd_rational *b) {
  long double x = zd_rational_float(a), y = zd_rational_float(b);
  long double far = x > y ? x - y : y - x, size = (x < 0 ? -x : x) + (y < 0 ? -y : y);
  if (far <= size * 0.5e-15L) return 0;
  return x < y ? -1 : 1;
}

/* Most scales rise with what they measure; these fall. */
static bool falls(uint8_t curve) {
  return curve == UCUM_PH || (curve >= UCUM_HP_X && curve <= UCUM_HP_Q);
}

/* On one curve: exactly, whatever it is. */
static zd_err compare_along(zd_ucum_quantity a, zd_ucum_quantity b, const ucum_measure *m,
                            const ucum_measure *n, int *order, zd_ucum_fault *fault) {
  zd_rational x, y;
  zd_err err = read_value(a.value, &x, fault);
  if (!err) err = read_value(b.value, &y, fault);
  if (!err) err = zd_rational_mul(&x, &m->scale, &x);
  if (!err) err = zd_rational_mul(&y, &n->scale, &y);
  if (!err) err = zd_rational_cmp(&x, &y, order);
  if (!err && falls(m->curve)) *order = -*order;
  return err;
}

zd_err zd_ucum_compare(zd_ucum_quantity a, zd_ucum_quantity b, int *order, zd_ucum_fault *fault) {
  ucum_measure m, n;
  zd_rational x, y;
  bool exact = true;
  zd_err err = both(a.code, b.code, &m, &n, fault);
  if (err) return err;
  if (!zd_ucum_same_dimension(&m.dimension, &n.dimension)) return apart(fault);
  if (zd_ucum_scale_of(m.curve) == ZD_UCUM_CURVE && same_curve(&m, &n))
    return compare_along(a, b, &m, &n, order, fault);
  err = canonical_value(a, &m, &x, &exact, fault);
  if (!err) err = canonical_value(b, &n, &y, &exact, fault);
  if (err) return err;
  if (exact) return zd_rational_cmp(&x, &y, order);
  *order = nearly(&x, &y);
  return ZD_OK;
}

static zd_err combine(zd_ucum_quantity a, zd_ucum_quantity b, int power, zd_arena *arena,
                      zd_ucum_number *value, zd_slice *unit, zd_ucum_fault *fault) {
  ucum_measure m, n;
  zd_rational x, y;
  bool exact = true;
  zd_err err = both(a.code, b.code, &m, &n, fault);
  if (err) return err;
  if (m.curve || n.curve)
    return zd_ucum_fail(fault, ZD_ERR_UNSUPPORTED, 0, "special units have no products");
  err = canonical_value(a, &m, &x, &exact, fault);
  if (!err) err = canonical_value(b, &n, &y, &exact, fault);
  if (err) return err;
  if (power < 0 && zd_rational_is_zero(&y))
    return zd_ucum_fail(fault, ZD_ERR_INVALID, 0, "division by zero");
  err = zd_rational_power(&y, power, &y);
  if (!err) err = zd_rational_mul(&x, &y, &x);
  if (!err) err = zd_ucum_dimension_join(&m.dimension, &n.dimension, power);
  if (!err) err = write_value(&x, true, arena, value);
  return err ? err : zd_ucum_dimension_text(&zd_ucum_units, &m.dimension, arena, unit);
}

zd_err zd_ucum_multiply(zd_ucum_quantity a, zd_ucum_quantity b, zd_arena *arena,
                        zd_ucum_number *value, zd_slice *unit, zd_ucum_fault *fault) {
  return combine(a, b, 1, arena, value, unit, fault);
}

zd_err zd_ucum_divide(zd_ucum_quantity a, zd_ucum_quantity b, zd_arena *arena,
                      zd_ucum_number *value, zd_slice *unit, zd_ucum_fault *fault) {
  return combine(a, b, -1, arena, value, unit, fault);
}
