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

static zd_err canonical(void *state, zd_slice code, zd_arena *arena, zd_canonical_unit *out) {
  zd_ucum_form form;
  (void)state;
  zd_err err = zd_ucum_canonical(code, arena, &form, NULL);
  if (err) return err == ZD_ERR_MEMORY ? err : ZD_ERR_NOT_FOUND;
  if (form.scale == ZD_UCUM_CURVE || form.numerator.n > DIGITS_MAX ||
      form.denominator.n > DIGITS_MAX)
    return ZD_ERR_NOT_FOUND;
  out->code = form.unit;
  err = read(form.numerator, form.exponent, arena, &out->numerator);
  if (!err) err = read(form.denominator, 0, arena, &out->denominator);
  if (!err && form.scale == ZD_UCUM_INTERVAL) err = read(form.offset, 0, arena, &out->offset);
  return err;
}

zd_units zd_units_ucum(void) {
  return (zd_units){.canonical = canonical};
}
