/* stats_units.c: values in different units, brought to one of them where UCUM does it exactly. The
 * unit of the first value is tried first; one of the others may do better (ounces become grams
 * exactly, grams no ounces). */
#include "rest/stats.h"
#include "ucum/ucum.h"

enum { TRIED_MOST = 16 };

typedef struct unifying {
  const zd_measured *values;
  zd_measured *made;
  size_t n;
  zd_slice *codes; /* by their numbers */
  zd_arena scratch;
  zd_buffer text;
} unifying;

static zd_err convert(unifying *x, const zd_measured *from, size_t target, zd_measured *out) {
  zd_ucum_number number = {.exact = false};
  zd_arena_reset(&x->scratch);
  zd_buffer_clear(&x->text);
  zd_measured_write(from, &x->text);
  if (zd_buffer_error(&x->text)) return ZD_ERR_MEMORY;
  zd_ucum_quantity given = {zd_buffer_slice(&x->text), x->codes[from->unit]};
  zd_err err = zd_ucum_convert(given, x->codes[target], &x->scratch, &number, NULL);
  if (err == ZD_OK && number.exact) err = zd_measured_read(number.text, out);
  if (err == ZD_OK && !number.exact) err = ZD_ERR_REFUSED;
  out->hours = from->hours;
  out->unit = (uint32_t)target;
  return err == ZD_OK || err == ZD_ERR_MEMORY ? err : ZD_ERR_REFUSED;
}

static zd_err convert_all(unifying *x, size_t target) {
  zd_err err = ZD_OK;
  for (size_t i = 0; i < x->n && err == ZD_OK; i++) {
    x->made[i] = x->values[i];
    if (x->values[i].unit != target) err = convert(x, &x->values[i], target, &x->made[i]);
  }
  return err;
}

static zd_err unify(unifying *x, zd_stats_group *g) {
  zd_err err = ZD_ERR_REFUSED;
  size_t target = 0;
  for (; target < g->units.count && target < TRIED_MOST; target++) {
    err = convert_all(x, target);
    if (err != ZD_ERR_REFUSED) break;
  }
  if (err != ZD_OK) return err;
  memcpy(g->values.p, x->made, g->values.n);
  if (target) g->unit = g->unit_code = x->codes[target];
  return ZD_OK;
}

zd_err zd_stats_unify(zd_stats_group *g, zd_arena *arena) {
  unifying x = {.values = (const zd_measured *)(const void *)g->values.p,
                .n = g->values.n / sizeof(zd_measured)};
  if (g->units.count < 2) return ZD_OK;
  x.codes = ZD_NEW_ARRAY(arena, zd_slice, g->units.count);
  x.made = ZD_NEW_ARRAY(arena, zd_measured, x.n);
  if (!x.codes || !x.made) return ZD_ERR_MEMORY;
  for (size_t i = 0; i <= g->units.mask; i++) {
    const zd_texts_slot *slot = &g->units.slots[i];
    if (!slot->hash) continue;
    x.codes[slot->number] = zd_arena_copy(arena, (zd_slice){g->units.bytes.p + slot->at, slot->n});
    if (!x.codes[slot->number].p) return ZD_ERR_MEMORY;
  }
  zd_arena_init(&x.scratch, 0);
  zd_buffer_init(&x.text, 0);
  zd_err err = unify(&x, g);
  zd_arena_free(&x.scratch);
  zd_buffer_free(&x.text);
  return err;
}
