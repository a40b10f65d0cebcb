/* canonical.c: canonical forms: from the table of codes in common use, or made. */
#include "ucum/ucum_internal.h"

static const ucum_known *find_known(zd_slice code) {
  const ucum_table *t = &zd_ucum_units;
  for (uint32_t i = ucum_hash(code);; i++) {
    uint16_t slot = t->known_slots[i & t->known_mask];
    if (!slot) return NULL;
    if (zd_slice_eq(t->known[slot - 1].code, code)) return &t->known[slot - 1];
  }
}

zd_err zd_ucum_canonical(zd_slice code, zd_arena *arena, zd_ucum_form *out, zd_ucum_fault *fault) {
  const ucum_known *known = code.n <= ZD_UCUM_CODE_MAX ? find_known(code) : NULL;
  if (known) {
    *out = known->form;
    return ZD_OK;
  }
  ucum_code read;
  ucum_measure measure;
  zd_err err = zd_ucum_read(&zd_ucum_units, code, &read, fault);
  if (!err) err = zd_ucum_measure(&zd_ucum_units, &read, &measure, fault);
  return err ? err : zd_ucum_form_of(&zd_ucum_units, &measure, arena, out);
}

zd_err zd_ucum_check(zd_slice code, zd_ucum_fault *fault) {
  ucum_code read;
  return zd_ucum_read(&zd_ucum_units, code, &read, fault);
}
