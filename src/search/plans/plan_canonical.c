/* plan_canonical.c: quantities asked and stored in different units.
 *
 * A quantity stands in the index as it is written, and once more in the canonical unit where that
 * is another one (`canon_field`). A value asked in any unit is carried over to the canonical one,
 * too:
 *
 *   value, written canonically (field)  AND  unit     \
 *                                                       OR
 *   value, carried over (canon_field)   AND  unit     /
 *
 * Temperatures are moved to the zero of kelvin first. Factors are fractions of decimals, many of
 * which never end: a minute's sixtieth. Canonical units of which there are such have a scale; what
 * is carried over is scaled, and so is what is written canonically, which stands in `canon_field`
 * with the others, so that it answers alone. What still does not end, or has more than sixteen
 * digits, has the key of its first ones; rows that share it are looked at, and compared by cross
 * multiplication.
 */
#include "search/plans/planner.h"

zd_err zd_canonical_of(const zd_search *s, zd_slice system, zd_slice code, zd_arena *arena,
                       zd_canonical_unit *out, bool *known) {
  *known = false;
  *out = (zd_canonical_unit){0};
  if (!s->units.canonical || !code.p || !system.p || !zd_slice_eq(system, ZD_S(ZD_UCUM)))
    return ZD_OK;
  zd_err err = s->units.canonical(s->units.state, code, arena, out);
  *known = !err;
  return err == ZD_ERR_NOT_FOUND ? ZD_OK : err;
}

zd_err zd_canonical_value(const zd_decimal *value, const zd_canonical_unit *unit, zd_arena *arena,
                          zd_decimal *out) {
  zd_decimal product, above = *value;
  zd_err err = unit->offset.n ? zd_decimal_add(value, &unit->offset, arena, &above) : ZD_OK;
  if (!err) err = zd_decimal_mul(&above, &unit->numerator, arena, &product);
  above = product;
  if (!err && unit->scale.n) err = zd_decimal_mul(&above, &unit->scale, arena, &product);
  return err ? err : zd_decimal_quotient(&product, &unit->denominator, arena, out);
}

/* The same as asked, as if it had been asked in the canonical unit. */
static zd_err carried(zd_planner *m, const zd_search_value *v, zd_search_value *out) {
  const zd_canonical_unit *unit = &v->canonical;
  *out = *v;
  zd_err err = zd_canonical_value(&v->number, unit, m->arena, &out->number);
  if (!err) err = zd_canonical_value(&v->low, unit, m->arena, &out->low);
  return err ? err : zd_canonical_value(&v->high, unit, m->arena, &out->high);
}

static zd_err written_in(zd_planner *m, const zd_search_value *v, uint32_t numbers, uint32_t units,
                         const zd_plan **out) {
  const zd_plan *number;
  uint32_t symbol = zd_term_system(m->s, v->system, false, m->arena);
  zd_err err = zd_plan_number(m, v, numbers, &number);
  zd_slice unit = zd_term_unit(v->canonical.code, symbol, v->system, m->arena);
  return err ? err
             : zd_planner_pair(m, ZD_PLAN_AND, number,
                               zd_planner_term(m, ZD_PLAN_TERM, units, unit), out);
}

zd_err zd_plan_canonical(zd_planner *m, const zd_search_value *v, const zd_plan **out) {
  zd_search_value asked;
  const zd_plan *canonical, *others;
  zd_err err = carried(m, v, &asked);
  if (!err) err = written_in(m, &asked, m->param->canon_field, m->param->canon_field, &others);
  *out = others;
  if (err || v->canonical.scale.n) return err;
  err = written_in(m, &asked, m->param->field, m->param->unit_field, &canonical);
  return err ? err : zd_planner_pair(m, ZD_PLAN_OR, canonical, others, out);
}
