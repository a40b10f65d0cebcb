/* time.c: the clock, parts, precision and bounds of values */
#include "fhirpath/functions.h"

/* now (which 0), today (1), timeOfDay (2) */
bool zd_fp_run_now(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  (void)f;
  zd_fp_moment m = zd_fp_moment_of(r->env->now_ms, r->env->offset_minutes);
  if (o->which == 0) return zd_fp_give_moment(r, ZD_FP_DATETIME, &m, out);
  m.zoned = false;
  m.offset = 0;
  if (o->which == 2) {
    m.year = m.month = m.day = 1;
    return zd_fp_give_moment(r, ZD_FP_TIME, &m, out);
  }
  m.hour = m.minute = m.second = m.fraction = 0;
  m.nano = 0;
  m.precision = ZD_FP_DAY;
  return zd_fp_give_moment(r, ZD_FP_DATE, &m, out);
}

/* ---- parts: yearOf, monthOf, ..., dateOf, timeOf ---- */

enum { PART_MILLISECOND = ZD_FP_SECOND + 1, PART_ZONE, PART_DATE, PART_TIME };

static bool is_moment(const zd_fhirpath_item *a) {
  return a->kind == ZD_FP_DATE || a->kind == ZD_FP_DATETIME || a->kind == ZD_FP_TIME;
}

static bool give_part(zd_fp_running *r, const zd_fp_moment *m, unsigned part, zd_fp_seq *out) {
  const int64_t parts[] = {0,       m->year,   m->month,  m->day,
                           m->hour, m->minute, m->second, m->nano / 1000000};
  zd_fp_moment x = *m;
  switch (part) {
    case PART_ZONE: {
      zd_fp_decimal hours = {(zd_fp_whole)m->offset * 10 / 6, 2};
      return m->zoned ? zd_fp_give_decimal(r, zd_fp_decimal_trim(hours), out)
                      : zd_fp_give_none(out);
    }
    case PART_DATE:
      if (x.precision > ZD_FP_DAY) x.precision = ZD_FP_DAY;
      x.hour = x.minute = x.second = x.fraction = 0;
      x.nano = 0;
      x.zoned = false;
      x.offset = 0;
      return zd_fp_give_moment(r, ZD_FP_DATE, &x, out);
    case PART_TIME:
      if (x.precision < ZD_FP_HOUR) return zd_fp_give_none(out);
      x.year = x.month = x.day = 1;
      x.zoned = false;
      x.offset = 0;
      return zd_fp_give_moment(r, ZD_FP_TIME, &x, out);
    case PART_MILLISECOND:
      return m->fraction ? zd_fp_give_integer(out, parts[part]) : zd_fp_give_none(out);
    default:
      return m->precision >= part ? zd_fp_give_integer(out, parts[part]) : zd_fp_give_none(out);
  }
}

bool zd_fp_run_component(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item a;
  bool has;
  if (!zd_fp_input(r, o, f, &s) || !zd_fp_single(r, o, &s, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  bool date_part = o->which <= ZD_FP_DAY || o->which == PART_DATE;
  bool fits = is_moment(&a) && (date_part ? a.kind != ZD_FP_TIME : a.kind != ZD_FP_DATE);
  if (!fits) return zd_fp_fail(r, o, ZD_ERR_INVALID, "a date or time with such a part is asked");
  return give_part(r, a.as.moment, o->which, out);
}

/* ---- precision ---- */

bool zd_fp_run_precision(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item a;
  bool has;
  if (!zd_fp_input(r, o, f, &s) || !zd_fp_single(r, o, &s, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (a.kind == ZD_FP_DECIMAL) return zd_fp_give_integer(out, a.as.decimal->scale);
  if (a.kind == ZD_FP_INTEGER || a.kind == ZD_FP_LONG) return zd_fp_give_integer(out, 0);
  if (is_moment(&a))
    return zd_fp_give_integer(out, zd_fp_moment_digits(a.as.moment, a.kind == ZD_FP_TIME));
  return zd_fp_fail(r, o, ZD_ERR_INVALID, "only numbers, dates and times have a precision");
}

/* ---- lowBoundary, highBoundary (which 1) ---- */

enum { DECIMAL_DIGITS = 8, DECIMAL_MOST = 31 };

/* Half a unit of the last digit below or above. Towards zero what is beyond `digits` is cut off,
 * away from zero it is rounded. */
static bool number_bound(const zd_fp_decimal *a, int64_t digits, bool high, zd_fp_decimal *out) {
  zd_fp_decimal half = {5, a->scale + 1}, x = *a;
  if (digits < 0 || digits > DECIMAL_MOST || a->scale >= ZD_FP_DIGITS) return false;
  if (!high) half.digits = -half.digits;
  if (!zd_fp_decimal_add(&x, &half, &x)) return false;
  bool away = (x.digits > 0) == high;
  return zd_fp_decimal_round(&x, (int32_t)digits, away ? ZD_FP_HALF_UP : ZD_FP_TO_ZERO, out);
}

static bool moment_bound(zd_fp_running *r, const zd_fhirpath_item *a, bool asked, int64_t digits,
                         bool high, zd_fp_seq *out) {
  bool time = a->kind == ZD_FP_TIME, date = a->kind == ZD_FP_DATE;
  zd_fp_moment m;
  if (!asked) digits = time ? 9 : date ? 8 : 17;
  if (digits < 0 || digits > 17 ||
      !zd_fp_moment_bound(a->as.moment, (int)digits, high, time, date, &m))
    return zd_fp_give_none(out);
  return zd_fp_give_moment(r, (zd_fhirpath_kind)a->kind, &m, out);
}

bool zd_fp_run_bound(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item a, digits = {.as.integer = DECIMAL_DIGITS};
  bool has, high = o->which == 1, asked = o->argc > 0;
  if (!zd_fp_input(r, o, f, &s) || !zd_fp_single(r, o, &s, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (asked && !zd_fp_argument_as(r, o, 0, f, ZD_FP_INTEGER, &digits, &asked)) return false;
  if (!asked) digits.as.integer = DECIMAL_DIGITS;
  if (is_moment(&a)) return moment_bound(r, &a, asked, digits.as.integer, high, out);
  zd_fp_decimal value, bound;
  if (a.kind == ZD_FP_QUANTITY)
    value = a.as.quantity->value;
  else if (a.kind == ZD_FP_DECIMAL)
    value = *a.as.decimal;
  else if (a.kind == ZD_FP_INTEGER || a.kind == ZD_FP_LONG)
    value = zd_fp_decimal_of(a.as.integer);
  else
    return zd_fp_fail(r, o, ZD_ERR_INVALID,
                      "only numbers, quantities, dates and times have bounds");
  if (!number_bound(&value, digits.as.integer, high, &bound)) return zd_fp_give_none(out);
  if (a.kind != ZD_FP_QUANTITY) return zd_fp_give_decimal(r, bound, out);
  return zd_fp_give_quantity(r, bound, a.as.quantity->unit, a.as.quantity->calendar, out);
}
