/* math.c: numbers. Whole numbers of System are of 32 bits, Long of 64; what goes beyond is empty,
 * as the language has it of arithmetic overflow. */
#include <math.h>

#include "fhirpath/functions.h"
#include "ucum/ucum.h"

static bool is_whole(const zd_fhirpath_item *item) {
  return item->kind == ZD_FP_INTEGER || item->kind == ZD_FP_LONG;
}

static bool is_number(const zd_fhirpath_item *item) {
  return is_whole(item) || item->kind == ZD_FP_DECIMAL;
}

static zd_fp_decimal decimal_of(const zd_fhirpath_item *item) {
  return item->kind == ZD_FP_DECIMAL ? *item->as.decimal : zd_fp_decimal_of(item->as.integer);
}

/* Of the kind that a and b have in common; beyond it: empty. */
static bool give_whole(zd_fp_seq *out, const zd_fhirpath_item *a, const zd_fhirpath_item *b,
                       zd_fp_whole value) {
  bool wide = a->kind == ZD_FP_LONG || b->kind == ZD_FP_LONG;
  zd_fp_whole most = wide ? INT64_MAX : INT32_MAX, least = wide ? INT64_MIN : INT32_MIN;
  if (value > most || value < least) return zd_fp_give_none(out);
  return zd_fp_give(out, (zd_fhirpath_item){.kind = wide ? ZD_FP_LONG : ZD_FP_INTEGER,
                                            .as.integer = (int64_t)value});
}

static bool mismatch(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                     const zd_fhirpath_item *b) {
  zd_slice x = zd_fhirpath_type_name(r->schema, *a, true, r->arena);
  zd_slice y = zd_fhirpath_type_name(r->schema, *b, true, r->arena);
  return zd_fp_fail(r, o, ZD_ERR_INVALID, "%s does not take a %.*s and a %.*s",
                    zd_fp_operator_text((zd_fp_operator)o->which), ZD_SV(x), ZD_SV(y));
}

/* ---- whole numbers and decimals ---- */

static bool whole_math(const zd_fp_op *o, const zd_fhirpath_item *a, const zd_fhirpath_item *b,
                       zd_fp_seq *out) {
  zd_fp_whole x = a->as.integer, y = b->as.integer;
  switch (o->which) {
    case ZD_FP_OP_PLUS:
      return give_whole(out, a, b, x + y);
    case ZD_FP_OP_MINUS:
      return give_whole(out, a, b, x - y);
    case ZD_FP_OP_TIMES:
      return give_whole(out, a, b, x * y);
    case ZD_FP_OP_DIV:
      return y ? give_whole(out, a, b, x / y) : zd_fp_give_none(out);
    default: /* mod */
      return y ? give_whole(out, a, b, x % y) : zd_fp_give_none(out);
  }
}

static bool decimal_math(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                         const zd_fhirpath_item *b, zd_fp_seq *out) {
  zd_fp_decimal x = decimal_of(a), y = decimal_of(b), result;
  bool good;
  switch (o->which) {
    case ZD_FP_OP_PLUS:
      good = zd_fp_decimal_add(&x, &y, &result);
      break;
    case ZD_FP_OP_MINUS:
      y.digits = -y.digits;
      good = zd_fp_decimal_add(&x, &y, &result);
      break;
    case ZD_FP_OP_TIMES:
      good = zd_fp_decimal_mul(&x, &y, &result);
      break;
    case ZD_FP_OP_DIVIDE:
      if (!y.digits) return zd_fp_give_none(out);
      good = zd_fp_decimal_div(&x, &y, &result);
      break;
    case ZD_FP_OP_DIV:
      if (!y.digits) return zd_fp_give_none(out);
      good = zd_fp_decimal_split(&x, &y, &result, NULL);
      if (good) return give_whole(out, a, b, result.digits);
      break;
    default:
      if (!y.digits) return zd_fp_give_none(out);
      good = zd_fp_decimal_split(&x, &y, NULL, &result);
  }
  if (!good) return zd_fp_too_large(r, o);
  return zd_fp_give_decimal(r, result, out);
}

/* ---- quantities ---- */

static bool quantity_sum(zd_fp_running *r, const zd_fp_op *o, const zd_fp_quantity *a,
                         const zd_fp_quantity *b, zd_fp_seq *out) {
  zd_fp_decimal y = b->value, sum;
  bool same =
      a->calendar ? a->calendar == b->calendar : !b->calendar && zd_slice_eq(a->unit, b->unit);
  if (!same) { /* in the unit of the first */
    char text[48];
    zd_ucum_number number;
    zd_slice to = zd_fp_quantity_code(a, false), code = zd_fp_quantity_code(b, false);
    zd_ucum_quantity from = {{text, zd_fp_decimal_write(&b->value, text)}, code};
    if (!to.p || !code.p) return zd_fp_give_none(out);
    zd_err err = zd_ucum_convert(from, to, r->arena, &number, NULL);
    if (err == ZD_ERR_MEMORY) return zd_fp_no_memory(r);
    if (err) return zd_fp_give_none(out);
    if (zd_fp_decimal_read(number.text, &y)) return zd_fp_too_large(r, o);
  }
  if (o->which == ZD_FP_OP_MINUS) y.digits = -y.digits;
  if (!zd_fp_decimal_add(&a->value, &y, &sum)) return zd_fp_too_large(r, o);
  return zd_fp_give_quantity(r, sum, a->unit, a->calendar, out);
}

/* Is the unit 1? */
static bool is_scalar(const zd_fp_quantity *q) {
  return !q->calendar && zd_slice_eq(q->unit, ZD_S("1"));
}

static bool quantity_product(zd_fp_running *r, const zd_fp_op *o, const zd_fp_quantity *a,
                             const zd_fp_quantity *b, zd_fp_seq *out) {
  bool divide = o->which == ZD_FP_OP_DIVIDE;
  zd_fp_decimal value;
  if (divide && !b->value.digits) return zd_fp_give_none(out);
  if (is_scalar(b) || (is_scalar(a) && !divide)) {
    const zd_fp_quantity *unit = is_scalar(b) ? a : b;
    bool good = divide ? zd_fp_decimal_div(&a->value, &b->value, &value)
                       : zd_fp_decimal_mul(&a->value, &b->value, &value);
    if (!good) return zd_fp_too_large(r, o);
    return zd_fp_give_quantity(r, value, unit->unit, unit->calendar, out);
  }
  char first[48], second[48];
  zd_slice x = zd_fp_quantity_code(a, false), y = zd_fp_quantity_code(b, false), unit;
  if (!x.p || !y.p) return zd_fp_give_none(out);
  zd_ucum_quantity m = {{first, zd_fp_decimal_write(&a->value, first)}, x};
  zd_ucum_quantity n = {{second, zd_fp_decimal_write(&b->value, second)}, y};
  zd_ucum_number number;
  zd_err err = divide ? zd_ucum_divide(m, n, r->arena, &number, &unit, NULL)
                      : zd_ucum_multiply(m, n, r->arena, &number, &unit, NULL);
  if (err == ZD_ERR_MEMORY) return zd_fp_no_memory(r);
  if (err) return zd_fp_give_none(out);
  if (zd_fp_decimal_read(number.text, &value)) return zd_fp_too_large(r, o);
  return zd_fp_give_quantity(r, value, unit, 0, out);
}

static bool quantity_math(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                          const zd_fhirpath_item *b, zd_fp_seq *out) {
  zd_fp_quantity x = {.unit = ZD_S("1")}, y = x;
  if (a->kind == ZD_FP_QUANTITY)
    x = *a->as.quantity;
  else if (is_number(a))
    x.value = decimal_of(a);
  else
    return mismatch(r, o, a, b);
  if (b->kind == ZD_FP_QUANTITY)
    y = *b->as.quantity;
  else if (is_number(b))
    y.value = decimal_of(b);
  else
    return mismatch(r, o, a, b);
  if (o->which == ZD_FP_OP_PLUS || o->which == ZD_FP_OP_MINUS)
    return quantity_sum(r, o, &x, &y, out);
  if (o->which == ZD_FP_OP_TIMES || o->which == ZD_FP_OP_DIVIDE)
    return quantity_product(r, o, &x, &y, out);
  return mismatch(r, o, a, b);
}

/* ---- moments ---- */

/* Spans in units of UCUM: those that are as long as the calendar's. A second of UCUM is whole. */
static zd_fp_calendar span_of(const zd_fp_quantity *q, bool *definite) {
  static const struct {
    zd_slice code;
    zd_fp_calendar unit;
  } codes[] = {{{"wk", 2}, ZD_FP_WEEKS},  {{"d", 1}, ZD_FP_DAYS},
               {{"h", 1}, ZD_FP_HOURS},   {{"min", 3}, ZD_FP_MINUTES},
               {{"s", 1}, ZD_FP_SECONDS}, {{"ms", 2}, ZD_FP_MILLISECONDS}};
  *definite = !q->calendar;
  if (q->calendar) return (zd_fp_calendar)q->calendar;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (zd_slice_eq(codes[i].code, q->unit)) return codes[i].unit;
  return ZD_FP_CALENDAR_NONE;
}

static bool moment_math(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                        const zd_fhirpath_item *b, zd_fp_seq *out) {
  bool add = o->which == ZD_FP_OP_PLUS, definite;
  if (b->kind != ZD_FP_QUANTITY || (!add && o->which != ZD_FP_OP_MINUS))
    return mismatch(r, o, a, b);
  const zd_fp_quantity *q = b->as.quantity;
  zd_fp_calendar unit = span_of(q, &definite);
  if (!unit)
    return zd_fp_fail(r, o, ZD_ERR_INVALID, "'%.*s' is no span of time that can be added",
                      q->unit.n > 40 ? 40 : (int)q->unit.n, q->unit.p);
  bool time = a->kind == ZD_FP_TIME;
  if (time && unit < ZD_FP_HOURS) return mismatch(r, o, a, b);
  zd_fp_decimal amount = q->value;
  if (definite && !zd_fp_decimal_round(&amount, 0, ZD_FP_TO_ZERO, &amount))
    return zd_fp_too_large(r, o);
  if (!add) amount.digits = -amount.digits;
  zd_fp_moment sum;
  if (!zd_fp_moment_add(a->as.moment, &amount, unit, time, &sum)) return zd_fp_give_none(out);
  return zd_fp_give_moment(r, (zd_fhirpath_kind)a->kind, &sum, out);
}

/* ---- + - * / div mod ---- */

static bool join(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                 const zd_fhirpath_item *b, zd_fp_seq *out) {
  zd_slice x = zd_fp_string_of(a), y = zd_fp_string_of(b);
  if (x.n + y.n > UINT32_MAX) return zd_fp_no_memory(r);
  if (!zd_fp_spend(r, o, 1 + (x.n + y.n) / 2)) return false;
  char *text = zd_arena_alloc(r->arena, x.n + y.n + 1);
  if (!text) return zd_fp_no_memory(r);
  if (x.n) memcpy(text, x.p, x.n);
  if (y.n) memcpy(text + x.n, y.p, y.n);
  return zd_fp_give(out, zd_fhirpath_string((zd_slice){text, x.n + y.n}));
}

bool zd_fp_run_math(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s, t;
  zd_fhirpath_item a, b;
  bool has_a, has_b;
  if (!zd_fp_argument(r, o, 0, f, &s) || !zd_fp_argument(r, o, 1, f, &t)) return false;
  if (!zd_fp_single(r, o, &s, &a, &has_a) || !zd_fp_single(r, o, &t, &b, &has_b)) return false;
  if (!has_a || !has_b) return zd_fp_give_none(out);
  if (is_whole(&a) && is_whole(&b) && o->which != ZD_FP_OP_DIVIDE)
    return whole_math(o, &a, &b, out);
  if (is_number(&a) && is_number(&b)) return decimal_math(r, o, &a, &b, out);
  if (a.kind == ZD_FP_STRING && b.kind == ZD_FP_STRING && o->which == ZD_FP_OP_PLUS)
    return join(r, o, &a, &b, out);
  if (a.kind == ZD_FP_DATE || a.kind == ZD_FP_DATETIME || a.kind == ZD_FP_TIME)
    return moment_math(r, o, &a, &b, out);
  return quantity_math(r, o, &a, &b, out);
}

/* &: what is empty is an empty text. */
bool zd_fp_run_join_text(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fhirpath_item a, b;
  bool has;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &a, &has)) return false;
  if (!has) a = zd_fhirpath_string(ZD_S(""));
  if (!zd_fp_argument_as(r, o, 1, f, ZD_FP_STRING, &b, &has)) return false;
  if (!has) b = zd_fhirpath_string(ZD_S(""));
  return join(r, o, &a, &b, out);
}

bool zd_fp_run_sign(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item a;
  bool has;
  if (!zd_fp_input(r, o, f, &s) || !zd_fp_single(r, o, &s, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!is_number(&a) && a.kind != ZD_FP_QUANTITY)
    return zd_fp_fail(r, o, ZD_ERR_INVALID, "only numbers and quantities have a sign");
  if (o->which == ZD_FP_OP_PLUS) return zd_fp_give(out, a);
  if (is_whole(&a)) return give_whole(out, &a, &a, -(zd_fp_whole)a.as.integer);
  zd_fp_decimal value = a.kind == ZD_FP_DECIMAL ? *a.as.decimal : a.as.quantity->value;
  value.digits = -value.digits;
  if (a.kind == ZD_FP_DECIMAL) return zd_fp_give_decimal(r, value, out);
  return zd_fp_give_quantity(r, value, a.as.quantity->unit, a.as.quantity->calendar, out);
}

/* ---- functions ---- */

/* Input as a number or, with `quantity`, a quantity. */
static bool number_input(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, bool quantity,
                         zd_fhirpath_item *a, bool *has) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s) || !zd_fp_single(r, o, &s, a, has)) return false;
  if (!*has || is_number(a) || (quantity && a->kind == ZD_FP_QUANTITY)) return true;
  return zd_fp_fail(r, o, ZD_ERR_INVALID, "a number is asked");
}

bool zd_fp_run_abs(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!number_input(r, o, f, true, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (is_whole(&a)) {
    zd_fp_whole value = a.as.integer;
    return give_whole(out, &a, &a, value < 0 ? -value : value);
  }
  zd_fp_decimal value = a.kind == ZD_FP_DECIMAL ? *a.as.decimal : a.as.quantity->value;
  if (value.digits < 0) value.digits = -value.digits;
  if (a.kind == ZD_FP_DECIMAL) return zd_fp_give_decimal(r, value, out);
  return zd_fp_give_quantity(r, value, a.as.quantity->unit, a.as.quantity->calendar, out);
}

/* ceiling, floor, truncate: `which` is how to round */
bool zd_fp_run_to_whole(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!number_input(r, o, f, false, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (is_whole(&a)) return zd_fp_give(out, a);
  zd_fp_decimal value;
  if (!zd_fp_decimal_round(a.as.decimal, 0, (zd_fp_rounding)o->which, &value))
    return zd_fp_too_large(r, o);
  return give_whole(out, &a, &a, value.digits);
}

bool zd_fp_run_round(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a, places = {.as.integer = 0};
  bool has;
  if (!number_input(r, o, f, false, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (o->argc && !zd_fp_argument_as(r, o, 0, f, ZD_FP_INTEGER, &places, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (places.as.integer < 0)
    return zd_fp_fail(r, o, ZD_ERR_INVALID, "the precision of round is not negative");
  zd_fp_decimal value = decimal_of(&a);
  if (places.as.integer < value.scale &&
      !zd_fp_decimal_round(&value, (int32_t)places.as.integer, ZD_FP_HALF_UP, &value))
    return zd_fp_too_large(r, o);
  return zd_fp_give_decimal(r, value, out);
}

bool zd_fp_run_sqrt(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!number_input(r, o, f, false, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  zd_fp_decimal value = decimal_of(&a);
  if (value.digits < 0) return zd_fp_give_none(out);
  if (!zd_fp_decimal_sqrt(&value, &value)) return zd_fp_too_large(r, o);
  return zd_fp_give_decimal(r, value, out);
}

/* What no decimal can hold is empty. */
static bool give_float(zd_fp_running *r, long double value, zd_fp_seq *out) {
  zd_fp_decimal d;
  if (!zd_fp_decimal_of_float(value, &d)) return zd_fp_give_none(out);
  return zd_fp_give_decimal(r, d, out);
}

bool zd_fp_run_exp(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!number_input(r, o, f, false, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  zd_fp_decimal value = decimal_of(&a);
  return give_float(r, expl(zd_fp_decimal_float(&value)), out);
}

bool zd_fp_run_ln(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!number_input(r, o, f, false, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  zd_fp_decimal value = decimal_of(&a);
  if (value.digits <= 0) return zd_fp_give_none(out);
  return give_float(r, logl(zd_fp_decimal_float(&value)), out);
}

bool zd_fp_run_log(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a, b;
  bool has;
  if (!number_input(r, o, f, false, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_DECIMAL, &b, &has)) return false;
  zd_fp_decimal value = decimal_of(&a);
  if (!has || value.digits <= 0 || b.as.decimal->digits <= 0) return zd_fp_give_none(out);
  long double base = logl(zd_fp_decimal_float(b.as.decimal));
  if (base == 0) return zd_fp_give_none(out);
  return give_float(r, logl(zd_fp_decimal_float(&value)) / base, out);
}

/* Whole powers are exact. */
bool zd_fp_run_power(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a, b;
  zd_fp_seq s;
  bool has;
  if (!number_input(r, o, f, false, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!zd_fp_argument(r, o, 0, f, &s) || !zd_fp_single(r, o, &s, &b, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!is_number(&b)) return mismatch(r, o, &a, &b);
  zd_fp_decimal value = decimal_of(&a), power = zd_fp_decimal_trim(decimal_of(&b)), result;
  if (!value.digits && power.digits < 0) return zd_fp_give_none(out);
  if (power.scale == 0 && power.digits <= INT32_MAX && power.digits >= INT32_MIN) {
    if (!zd_fp_decimal_power(&value, (int64_t)power.digits, &result)) return zd_fp_give_none(out);
    if (is_whole(&a) && is_whole(&b) && result.scale == 0)
      return give_whole(out, &a, &b, result.digits);
    return zd_fp_give_decimal(r, result, out);
  }
  if (value.digits < 0) return zd_fp_give_none(out);
  return give_float(r, powl(zd_fp_decimal_float(&value), zd_fp_decimal_float(&power)), out);
}
