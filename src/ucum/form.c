/* form.c: what was measured, as text. */
#include "ucum/ucum_internal.h"

static zd_err digits(const zd_natural *a, zd_arena *arena, zd_slice *out) {
  char text[ZD_NATURAL_DIGITS + 1];
  *out = ZD_S("1");
  if (zd_natural_is(a, 1)) return ZD_OK;
  *out = zd_arena_copy(arena, zd_slice_make(text, zd_natural_write(a, text)));
  return out->p ? ZD_OK : ZD_ERR_MEMORY;
}

zd_ucum_scale zd_ucum_scale_of(uint8_t curve) {
  if (curve == UCUM_PLAIN) return ZD_UCUM_RATIO;
  return curve == UCUM_CEL || curve == UCUM_DEGF || curve == UCUM_DEGRE ? ZD_UCUM_INTERVAL
                                                                        : ZD_UCUM_CURVE;
}

zd_err zd_ucum_form_of(const ucum_table *table, const ucum_measure *m, zd_arena *arena,
                       zd_ucum_form *out) {
  zd_rational factor, offset;
  zd_err err = zd_rational_mul(&m->factor, &m->scale, &factor);
  if (!err) err = zd_ucum_dimension_text(table, &m->dimension, arena, &out->unit);
  if (!err) err = digits(&factor.numerator, arena, &out->numerator);
  if (!err) err = digits(&factor.denominator, arena, &out->denominator);
  out->exponent = factor.exponent;
  out->scale = zd_ucum_scale_of(m->curve);
  out->offset = ZD_S("0");
  if (err || out->scale != ZD_UCUM_INTERVAL) return err;
  err = zd_ucum_offset(m, &offset);
  return err ? err : zd_rational_write(&offset, 0, arena, &out->offset, NULL);
}
