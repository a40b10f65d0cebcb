/* plan_canonical.c: quantities asked and stored in different units.
 *
 * Beside what is written, the index holds every quantity in the canonical unit of its dimension,
 * each such unit in a column of its own (`canon_field`). A value asked in any unit is carried over,
 * too, and is a range of that column: number and unit are found together, also where a resource
 * has several quantities.
 *
 * Temperatures are moved to the zero of kelvin first. Factors are fractions of decimals, many of
 * which never end: a minute's sixtieth. Canonical units of which there are such have a scale, by
 * which everything in their column is multiplied. What still does not end, or has more than sixteen
 * digits, has the key of its first ones. Rows that share it are looked at, and compared by cross
 * multiplication; but not those with one quantity in the very unit asked for, which compare as
 * they are written.
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
  if (!err && unit->scale.n) {
    above = product;
    err = zd_decimal_mul(&above, &unit->scale, arena, &product);
  }
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

zd_slice zd_canonical_column(const zd_canonical_unit *unit, zd_arena *arena) {
  return zd_term_uri(unit->code, arena); /* cut, should it be too long */
}

/* Rows that are decided by what is written: in the unit asked for, by a number whose key is exact.
 * *out is NULL when the number asked for is not. */
static zd_err decided(zd_planner *m, const zd_search_value *v, const zd_plan **out) {
  bool exact;
  uint32_t symbol = zd_term_system(m->s, v->system, false, m->arena), field = m->param->unit_field;
  zd_slice unit = zd_term_unit(v->code, symbol, v->system, m->arena);
  const zd_plan *mark = zd_planner_mark(m, field), *alone;
  *out = NULL;
  (void)zd_decimal_key(&v->number, &exact);
  if (!exact) return ZD_OK;
  zd_err err = zd_plan_group(ZD_PLAN_NOT, &mark, 1, m->arena, &alone);
  return err ? err
             : zd_planner_pair(m, ZD_PLAN_AND, zd_planner_term(m, ZD_PLAN_TERM, field, unit), alone,
                               out);
}

/* One side of a comparison whose key others share: of the rows decided by what is written, those
 * that match are sure; at the border none of them is left to look at. */
static zd_err apart(zd_planner *m, const zd_search_value *v, const zd_plan *found,
                    const zd_plan **out) {
  const zd_plan *own, *written;
  *out = found;
  zd_err err = decided(m, v, &own);
  if (err || !own) return err;
  if (m->part == ZD_PART_BORDER) {
    err = zd_plan_group(ZD_PLAN_NOT, &own, 1, m->arena, &own);
    return err ? err : zd_planner_pair(m, ZD_PLAN_AND, found, own, out);
  }
  err = zd_plan_number(m, v, m->param->field, &written);
  if (!err) err = zd_planner_pair(m, ZD_PLAN_AND, own, written, &written);
  return err ? err : zd_planner_pair(m, ZD_PLAN_OR, found, written, out);
}

zd_err zd_plan_canonical(zd_planner *m, const zd_search_value *v, const zd_plan **out) {
  zd_search_value asked;
  const zd_plan *found;
  zd_err err = carried(m, v, &asked);
  if (err) return err;
  m->column = zd_canonical_column(&v->canonical, m->arena);
  err = m->column.p ? zd_plan_number(m, &asked, m->param->canon_field, &found) : ZD_ERR_MEMORY;
  m->column = (zd_slice){NULL, 0};
  *out = err ? NULL : found;
  return err || m->part == ZD_PART_ALL ? err : apart(m, v, found, out);
}
