/* curve.c: special units: the functions of UCUM, tables 3, 9 to 11 and section 21.
 *
 *   interval   Cel: K = x + 273.15        [degF]: K = (x + 459.67) * 5/9
 *   curve      B: 10^x        Np: e^x        [pH]: 10^-x mol/l        [p'diop]: atan(x / 100)
 *
 * On logarithmic scales whole numbers are exact in both directions; the rest goes through long
 * double. `scale` is the prefix: 10 dB are 1 B.
 */
#include <math.h>

#include "ucum/ucum_internal.h"

/* value = base^(x * times) */
typedef struct power_law {
  unsigned base; /* 0: e */
  int times;
  bool halved; /* base^(x / 2): levels of what is squared, B[V] */
} power_law;

static bool law_of(uint8_t curve, power_law *out) {
  static const power_law laws[] = {[UCUM_PH] = {10, -1, false},     [UCUM_LN] = {0, 1, false},
                                   [UCUM_LG] = {10, 1, false},      [UCUM_LG_TWICE] = {10, 1, true},
                                   [UCUM_LD] = {2, 1, false},       [UCUM_HP_X] = {10, -1, false},
                                   [UCUM_HP_C] = {100, -1, false},  [UCUM_HP_M] = {1000, -1, false},
                                   [UCUM_HP_Q] = {50000, -1, false}};
  if (curve >= sizeof laws / sizeof *laws || !laws[curve].times) return false;
  *out = laws[curve];
  return true;
}

/* A small whole number. */
static bool is_whole(const zd_rational *a, int *out) {
  if (zd_rational_is_zero(a)) return *out = 0, true;
  long double value = zd_rational_float(a);
  if (!zd_natural_is(&a->denominator, 1) || a->exponent < 0 || fabsl(value) > 9999) return false;
  *out = (int)lroundl(value);
  return true;
}

static zd_err raise(const power_law *law, const zd_rational *x, zd_rational *out, bool *exact) {
  zd_rational at, half;
  int whole;
  zd_err err = zd_rational_read(law->halved ? ZD_S("0.5") : ZD_S("1"), &half);
  if (!err) err = zd_rational_mul(x, &half, &at);
  if (err) return err;
  zd_rational_set(out, law->base);
  if (law->base && is_whole(&at, &whole) && !zd_rational_power(out, whole * law->times, out))
    return ZD_OK;
  *exact = *exact && zd_rational_is_zero(&at);
  long double power = zd_rational_float(&at) * law->times;
  return zd_rational_of_float(law->base ? powl(law->base, power) : expl(power), out);
}

static zd_err lower(const power_law *law, const zd_rational *y, zd_rational *out, bool *exact) {
  if (y->negative || zd_rational_is_zero(y)) return ZD_ERR_INVALID;
  long double power = logl(zd_rational_float(y));
  if (law->base == 10) power = log10l(zd_rational_float(y));
  if (law->base && law->base != 10) power /= logl(law->base);
  long double nearest = roundl(power);
  if (law->base && fabsl(nearest) <= 9999) {
    zd_rational back;
    int order = 1;
    zd_rational_set(&back, law->base);
    if (!zd_rational_power(&back, (int)nearest, &back) && !zd_rational_cmp(&back, y, &order) &&
        !order)
      return zd_rational_of_float(nearest * law->times * (law->halved ? 2 : 1), out);
  }
  int order;
  zd_rational one;
  zd_rational_set(&one, 1);
  if (zd_rational_cmp(y, &one, &order) || order) *exact = false;
  return zd_rational_of_float(power * law->times * (law->halved ? 2 : 1), out);
}

zd_err zd_ucum_offset(const ucum_measure *m, zd_rational *out) {
  zd_rational scale;
  const char *offset = m->curve == UCUM_CEL     ? "273.15"
                       : m->curve == UCUM_DEGF  ? "459.67"
                       : m->curve == UCUM_DEGRE ? "218.52"
                                                : "0";
  zd_err err = zd_rational_read(zd_slice_of(offset), out);
  zd_rational_copy(&scale, &m->scale);
  if (!err) err = zd_rational_invert(&scale);
  return err ? err : zd_rational_mul(out, &scale, out);
}

static bool is_interval(uint8_t curve) {
  return curve == UCUM_PLAIN || curve == UCUM_CEL || curve == UCUM_DEGF || curve == UCUM_DEGRE;
}

#define DEGREES (180 / 3.141592653589793238462643383279502884L)

static zd_err tangent_down(uint8_t curve, const zd_rational *x, zd_rational *out, bool *exact) {
  long double angle = atanl(zd_rational_float(x) / 100);
  *exact = *exact && zd_rational_is_zero(x);
  return zd_rational_of_float(curve == UCUM_TAN ? angle : angle * DEGREES, out);
}

static zd_err tangent_up(uint8_t curve, const zd_rational *y, zd_rational *out, bool *exact) {
  long double angle = zd_rational_float(y) / (curve == UCUM_TAN ? 1 : DEGREES);
  *exact = *exact && zd_rational_is_zero(y);
  if (fabsl(angle) * DEGREES >= 90) return ZD_ERR_INVALID;
  return zd_rational_of_float(100 * tanl(angle), out);
}

static zd_err root(const zd_rational *y, zd_rational *out, bool *exact) {
  zd_rational square;
  int order = 1;
  if (y->negative) return ZD_ERR_INVALID;
  long double value = sqrtl(zd_rational_float(y));
  zd_err err = zd_rational_of_float(value, out);
  if (!err) err = zd_rational_mul(out, out, &square);
  if (!err) err = zd_rational_cmp(&square, y, &order);
  if (order) *exact = false;
  return err;
}

zd_err zd_ucum_curve_down(const ucum_measure *m, const zd_rational *value, zd_rational *out,
                          bool *exact) {
  power_law law;
  zd_rational x;
  zd_err err = zd_rational_mul(value, &m->scale, &x);
  if (err) return err;
  if (is_interval(m->curve)) {
    zd_rational offset;
    err = zd_ucum_offset(m, &offset);
    if (!err) err = zd_rational_add(value, &offset, &x);
    if (!err) err = zd_rational_mul(&x, &m->scale, out);
  } else if (m->curve == UCUM_SQRT) {
    err = x.negative ? ZD_ERR_INVALID : zd_rational_mul(&x, &x, out);
  } else if (law_of(m->curve, &law)) {
    err = raise(&law, &x, out, exact);
  } else {
    err = tangent_down(m->curve, &x, out, exact);
  }
  return err ? err : zd_rational_mul(out, &m->factor, out);
}

zd_err zd_ucum_curve_up(const ucum_measure *m, const zd_rational *value, zd_rational *out,
                        bool *exact) {
  power_law law;
  zd_rational y, scale;
  zd_rational_copy(&y, &m->factor);
  zd_rational_copy(&scale, &m->scale);
  zd_err err = zd_rational_invert(&y);
  if (!err) err = zd_rational_invert(&scale);
  if (!err) err = zd_rational_mul(value, &y, &y);
  if (err) return err;
  if (is_interval(m->curve)) {
    zd_rational offset;
    err = zd_ucum_offset(m, &offset);
    offset.negative = true;
    if (!err) err = zd_rational_mul(&y, &scale, &y);
    return err ? err : zd_rational_add(&y, &offset, out);
  }
  if (m->curve == UCUM_SQRT) {
    err = root(&y, out, exact);
  } else if (law_of(m->curve, &law)) {
    err = lower(&law, &y, out, exact);
  } else {
    err = tangent_up(m->curve, &y, out, exact);
  }
  return err ? err : zd_rational_mul(out, &scale, out);
}
