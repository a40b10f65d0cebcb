/* quantity.c: quantities of System, their units by UCUM */
#include "fhirpath/functions.h"
#include "ucum/ucum.h"

zd_slice zd_fp_quantity_code(const zd_fp_quantity *q, bool alike) {
  switch ((zd_fp_calendar)q->calendar) {
    case ZD_FP_CALENDAR_NONE:
      return q->unit;
    case ZD_FP_YEARS:
      return alike ? ZD_S("a") : (zd_slice){NULL, 0};
    case ZD_FP_MONTHS:
      return alike ? ZD_S("mo") : (zd_slice){NULL, 0};
    case ZD_FP_WEEKS:
      return ZD_S("wk");
    case ZD_FP_DAYS:
      return ZD_S("d");
    case ZD_FP_HOURS:
      return ZD_S("h");
    case ZD_FP_MINUTES:
      return ZD_S("min");
    case ZD_FP_SECONDS:
      return ZD_S("s");
    default:
      return ZD_S("ms");
  }
}

static zd_fp_order order_of_values(const zd_fp_decimal *a, const zd_fp_decimal *b) {
  return (zd_fp_order)zd_fp_decimal_cmp(a, b);
}

/* Years and months among themselves: a year is 12 months. */
static bool long_spans(const zd_fp_quantity *a, const zd_fp_quantity *b, zd_fp_order *out,
                       bool *good) {
  bool x = a->calendar == ZD_FP_YEARS || a->calendar == ZD_FP_MONTHS;
  bool y = b->calendar == ZD_FP_YEARS || b->calendar == ZD_FP_MONTHS;
  if (!x || !y) return false;
  zd_fp_decimal twelve = {12, 0}, m = a->value, n = b->value;
  *good = (a->calendar != ZD_FP_YEARS || zd_fp_decimal_mul(&m, &twelve, &m)) &&
          (b->calendar != ZD_FP_YEARS || zd_fp_decimal_mul(&n, &twelve, &n));
  if (*good) *out = order_of_values(&m, &n);
  return true;
}

/* `alike`: to the digits of the less precise one, in its unit. */
static bool alike_converted(zd_fp_running *r, const zd_fp_op *o, zd_ucum_quantity from,
                            const zd_fp_quantity *to, zd_slice code, zd_fp_order *out) {
  zd_ucum_number number;
  zd_fp_decimal value, rounded;
  zd_err err = zd_ucum_convert(from, code, r->arena, &number, NULL);
  if (err == ZD_ERR_MEMORY) return zd_fp_no_memory(r);
  *out = ZD_FP_UNKNOWN;
  if (err) return true;
  if (zd_fp_decimal_read(number.text, &value)) return zd_fp_too_large(r, o);
  int32_t scale = zd_fp_decimal_scale(&to->value), other = zd_fp_decimal_scale(&value);
  if (other < scale) scale = other;
  if (!zd_fp_decimal_round(&value, scale, ZD_FP_HALF_UP, &value)) return zd_fp_too_large(r, o);
  if (!zd_fp_decimal_round(&to->value, scale, ZD_FP_HALF_UP, &rounded))
    return zd_fp_too_large(r, o);
  *out = order_of_values(&value, &rounded);
  return true;
}

bool zd_fp_quantity_cmp(zd_fp_running *r, const zd_fp_op *o, const zd_fp_quantity *a,
                        const zd_fp_quantity *b, bool alike, zd_fp_order *out) {
  bool good = true;
  if (long_spans(a, b, out, &good)) return good || zd_fp_too_large(r, o);
  zd_slice x = zd_fp_quantity_code(a, alike), y = zd_fp_quantity_code(b, alike);
  *out = ZD_FP_UNKNOWN;
  if (!x.p || !y.p) return true;
  if (zd_slice_eq(x, y) && !alike) {
    *out = order_of_values(&a->value, &b->value);
    return true;
  }
  char first[48], second[48];
  zd_ucum_quantity m = {{first, zd_fp_decimal_write(&a->value, first)}, x};
  zd_ucum_quantity n = {{second, zd_fp_decimal_write(&b->value, second)}, y};
  if (alike) return alike_converted(r, o, m, b, y, out);
  int order;
  zd_err err = zd_ucum_compare(m, n, &order, NULL);
  if (err == ZD_ERR_LIMIT) return zd_fp_too_large(r, o);
  if (!err) *out = (zd_fp_order)((order > 0) - (order < 0));
  return true;
}

/* A Quantity of FHIR: its value and code, when the code is of UCUM. Without a code it has no unit;
 * a comparator makes it no quantity of System. */
bool zd_fp_quantity_of_node(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *item,
                            zd_fp_quantity *out, bool *has) {
  const zd_tree *t = item->as.tree;
  uint32_t value = zd_tree_child(t, item->n, ZD_S("value"));
  uint32_t code = zd_tree_child(t, item->n, ZD_S("code"));
  uint32_t system = zd_tree_child(t, item->n, ZD_S("system"));
  uint32_t unit = zd_tree_child(t, item->n, ZD_S("unit"));
  *has = value && t->nodes[value].p && !zd_tree_child(t, item->n, ZD_S("comparator"));
  if (!*has) return true;
  *out = (zd_fp_quantity){.unit = ZD_S("1")};
  if (zd_fp_decimal_read(zd_node_raw(&t->nodes[value]), &out->value)) return zd_fp_too_large(r, o);
  if (!code && !unit) return true;
  zd_slice url = system ? zd_node_text(&t->nodes[system], r->arena) : (zd_slice){NULL, 0};
  if (code && zd_slice_eq(url, ZD_S(ZD_UCUM_SYSTEM))) {
    out->unit = zd_node_text(&t->nodes[code], r->arena);
    return out->unit.p || zd_fp_no_memory(r);
  }
  *has = false; /* its unit is of another system: only equal to what is the same */
  return true;
}

/* ---- functions ---- */

bool zd_fp_run_comparable(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                          zd_fp_seq *out) {
  zd_fhirpath_item a, b;
  bool has;
  if (!zd_fp_input_as(r, o, f, ZD_FP_QUANTITY, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_QUANTITY, &b, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  bool answer = false;
  zd_err err = zd_ucum_commensurable(zd_fp_quantity_code(a.as.quantity, true),
                                     zd_fp_quantity_code(b.as.quantity, true), &answer, NULL);
  return zd_fp_give_boolean(out, !err && answer);
}
