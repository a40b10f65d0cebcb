/* units_ucum.c: UCUM as the service of units. */
#include "search/values/units.h"
#include "ucum/ucum.h"

enum { DIGITS_MAX = 100 };

/* digits * 10^exponent */
static zd_err read(zd_slice digits, int32_t exponent, zd_arena *arena, zd_decimal *out) {
  zd_err err = zd_decimal_read(digits, arena, out);
  out->exponent += exponent;
  out->unit += exponent;
  return err;
}

/* Denominators are of seconds: 60, 3,600 and 86,400 are decimals times 3, 9 and 27; a degree
 * Fahrenheit is 5/9 K. No more than needed, for keys hold sixteen digits and U/L alone takes ten of
 * them; none for second powers of time, where pressures take twelve. */
static zd_decimal scale_of(zd_slice unit) {
  static const zd_decimal one = {0}, nine = {.digits = "9", .n = 1, .exponent = 1},
                          day = {.digits = "27", .n = 2, .exponent = 2};
  if (zd_slice_eq(unit, ZD_S("K"))) return nine;
  if (unit.n < 3 || (unit.n > 3 && unit.p[unit.n - 4] != '.')) return one;
  zd_slice last = zd_slice_from(unit, unit.n - 3); /* seconds stand last, but for some others */
  return zd_slice_eq(last, ZD_S("s-1")) || zd_slice_eq(last, ZD_S("s-3")) ? day : one;
}

static zd_err canonical(void *state, zd_slice code, zd_arena *arena, zd_canonical_unit *out) {
  zd_ucum_form form;
  (void)state;
  zd_err err = zd_ucum_canonical(code, arena, &form, NULL);
  if (err) return err == ZD_ERR_MEMORY ? err : ZD_ERR_NOT_FOUND;
  if (form.scale == ZD_UCUM_CURVE || form.numerator.n > DIGITS_MAX ||
      form.denominator.n > DIGITS_MAX)
    return ZD_ERR_NOT_FOUND;
  out->code = form.unit;
  out->scale = scale_of(form.unit);
  err = read(form.numerator, form.exponent, arena, &out->numerator);
  if (!err) err = read(form.denominator, 0, arena, &out->denominator);
  if (!err && form.scale == ZD_UCUM_INTERVAL) err = read(form.offset, 0, arena, &out->offset);
  return err;
}

zd_units zd_units_ucum(void) {
  return (zd_units){.canonical = canonical};
}
