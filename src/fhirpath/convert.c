/* convert.c: items as text, and conversions between the types of System */
#include "fhirpath/functions.h"
#include "ucum/ucum.h"

/* ---- text ---- */

static zd_slice quantity_text(const zd_fp_quantity *q, zd_arena *arena) {
  char number[48];
  int n = (int)zd_fp_decimal_write(&q->value, number);
  return q->calendar ? zd_arena_printf(arena, "%.*s %.*s", n, number, ZD_SV(q->unit))
                     : zd_arena_printf(arena, "%.*s '%.*s'", n, number, ZD_SV(q->unit));
}

zd_slice zd_fp_item_text(const zd_schema *schema, const zd_fhirpath_item *item, zd_arena *arena) {
  char text[64];
  size_t n;
  switch ((zd_fhirpath_kind)item->kind) {
    case ZD_FP_BOOLEAN:
      return item->as.integer ? ZD_S("true") : ZD_S("false");
    case ZD_FP_INTEGER:
    case ZD_FP_LONG:
      return zd_arena_printf(arena, "%lld", (long long)item->as.integer);
    case ZD_FP_DECIMAL:
      n = zd_fp_decimal_write(item->as.decimal, text);
      return zd_arena_copy(arena, (zd_slice){text, n});
    case ZD_FP_STRING:
      return zd_fp_string_of(item);
    case ZD_FP_DATE:
    case ZD_FP_DATETIME:
    case ZD_FP_TIME:
      n = zd_fp_moment_write(item->as.moment, item->kind == ZD_FP_TIME, text);
      return zd_arena_copy(arena, (zd_slice){text, n});
    case ZD_FP_QUANTITY:
      return quantity_text(item->as.quantity, arena);
    case ZD_FP_TYPE:
      return zd_fhirpath_type_name(schema, *item, false, arena);
    default:
      return (zd_slice){NULL, 0};
  }
}

/* ---- reading text ---- */

static bool all_digits(zd_slice text) {
  size_t i = text.n && (text.p[0] == '-' || text.p[0] == '+');
  if (i == text.n) return false;
  for (; i < text.n; i++)
    if (text.p[i] < '0' || text.p[i] > '9') return false;
  return true;
}

static bool same_word(zd_slice text, const char *word) {
  if (text.n != strlen(word)) return false;
  for (size_t i = 0; i < text.n; i++)
    if ((text.p[i] | 32) != word[i] && text.p[i] != word[i]) return false;
  return true;
}

static bool in_words(zd_slice text, const char *const *words) {
  for (; *words; words++)
    if (same_word(text, *words)) return true;
  return false;
}

static int read_boolean(zd_slice text) {
  static const char *const yes[] = {"true", "t", "yes", "y", "1", "1.0", NULL};
  static const char *const no[] = {"false", "f", "no", "n", "0", "0.0", NULL};
  return in_words(text, yes) ? 1 : in_words(text, no) ? 0 : -1;
}

/* Conversions: true with *has false when the value has no such form. */
typedef bool conversion(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                        zd_fp_seq *out);

static bool to_boolean(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                       zd_fp_seq *out) {
  (void)r, (void)o;
  zd_fp_decimal one = {1, 0};
  int truth = -1;
  if (a->kind == ZD_FP_BOOLEAN)
    truth = a->as.integer != 0;
  else if (a->kind == ZD_FP_INTEGER || a->kind == ZD_FP_LONG)
    truth = a->as.integer == 1 ? 1 : a->as.integer == 0 ? 0 : -1;
  else if (a->kind == ZD_FP_DECIMAL)
    truth = zd_fp_decimal_cmp(a->as.decimal, &one) == 0 ? 1 : a->as.decimal->digits == 0 ? 0 : -1;
  else if (a->kind == ZD_FP_STRING)
    truth = read_boolean(zd_fp_string_of(a));
  return zd_fp_give_truth(out, truth);
}

static bool to_whole(const zd_fhirpath_item *a, zd_fhirpath_kind kind, zd_fp_seq *out) {
  zd_fp_whole value;
  zd_fp_decimal d;
  if (a->kind == ZD_FP_INTEGER || a->kind == ZD_FP_LONG || a->kind == ZD_FP_BOOLEAN) {
    value = a->as.integer;
  } else if (a->kind == ZD_FP_STRING && all_digits(zd_fp_string_of(a)) &&
             !zd_fp_decimal_read(zd_fp_string_of(a), &d)) {
    value = d.digits;
  } else {
    return zd_fp_give_none(out);
  }
  zd_fp_whole most = kind == ZD_FP_LONG ? INT64_MAX : INT32_MAX;
  if (value > most || value < -most - 1) return zd_fp_give_none(out);
  return zd_fp_give(out, (zd_fhirpath_item){.kind = (uint8_t)kind, .as.integer = (int64_t)value});
}

static bool to_integer(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                       zd_fp_seq *out) {
  (void)r, (void)o;
  return to_whole(a, ZD_FP_INTEGER, out);
}

static bool to_long(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                    zd_fp_seq *out) {
  (void)r, (void)o;
  return to_whole(a, ZD_FP_LONG, out);
}

/* FHIRPath's decimals have no exponent. */
static bool read_decimal(zd_slice text, zd_fp_decimal *out) {
  for (size_t i = 0; i < text.n; i++)
    if (text.p[i] == 'e' || text.p[i] == 'E') return false;
  return zd_fp_decimal_read(text, out) == ZD_FP_READ_OK;
}

static bool to_decimal(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                       zd_fp_seq *out) {
  (void)o;
  zd_fp_decimal d;
  if (a->kind == ZD_FP_DECIMAL) return zd_fp_give(out, *a);
  if (a->kind == ZD_FP_INTEGER || a->kind == ZD_FP_LONG || a->kind == ZD_FP_BOOLEAN)
    return zd_fp_give_decimal(r, zd_fp_decimal_of(a->as.integer), out);
  if (a->kind == ZD_FP_STRING && read_decimal(zd_fp_string_of(a), &d))
    return zd_fp_give_decimal(r, d, out);
  return zd_fp_give_none(out);
}

static bool to_string(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                      zd_fp_seq *out) {
  (void)o;
  if (a->kind == ZD_FP_NODE || a->kind == ZD_FP_TYPE) return zd_fp_give_none(out);
  zd_slice text = zd_fp_item_text(r->schema, a, r->arena);
  if (!text.p) return zd_fp_no_memory(r);
  return zd_fp_give(out, zd_fhirpath_string(text));
}

static bool to_date(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                    zd_fp_seq *out) {
  (void)o;
  zd_fp_moment m;
  if (a->kind == ZD_FP_DATE) return zd_fp_give(out, *a);
  if (a->kind == ZD_FP_STRING) {
    zd_slice text = zd_fp_string_of(a);
    if (!zd_fp_moment_read_date(text, &m) && !zd_fp_moment_read_datetime(text, false, &m))
      return zd_fp_give_none(out);
  } else if (a->kind == ZD_FP_DATETIME) {
    m = *a->as.moment;
  } else {
    return zd_fp_give_none(out);
  }
  if (m.precision > ZD_FP_DAY)
    m = (zd_fp_moment){.year = m.year, .month = m.month, .day = m.day, .precision = ZD_FP_DAY};
  return zd_fp_give_moment(r, ZD_FP_DATE, &m, out);
}

static bool to_datetime(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                        zd_fp_seq *out) {
  (void)o;
  zd_fp_moment m;
  if (a->kind == ZD_FP_DATETIME) return zd_fp_give(out, *a);
  if (a->kind == ZD_FP_DATE) return zd_fp_give_moment(r, ZD_FP_DATETIME, a->as.moment, out);
  if (a->kind == ZD_FP_STRING && zd_fp_moment_read_datetime(zd_fp_string_of(a), false, &m))
    return zd_fp_give_moment(r, ZD_FP_DATETIME, &m, out);
  return zd_fp_give_none(out);
}

static bool to_time(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                    zd_fp_seq *out) {
  (void)o;
  zd_fp_moment m;
  if (a->kind == ZD_FP_TIME) return zd_fp_give(out, *a);
  if (a->kind != ZD_FP_STRING) return zd_fp_give_none(out);
  zd_slice text = zd_fp_string_of(a);
  if (text.n && text.p[0] == 'T') text = zd_slice_from(text, 1);
  if (!zd_fp_moment_read_time(text, &m)) return zd_fp_give_none(out);
  return zd_fp_give_moment(r, ZD_FP_TIME, &m, out);
}

/* ---- quantities ---- */

/* 4 days, 10.1 'mg', 1 */
static bool read_quantity(zd_slice text, zd_fp_quantity *out) {
  size_t n = 0;
  while (n < text.n && strchr("+-.0123456789", text.p[n]) && text.p[n]) n++;
  if (!read_decimal((zd_slice){text.p, n}, &out->value)) return false;
  size_t blank = n;
  while (n < text.n && text.p[n] == ' ') n++;
  zd_slice unit = zd_slice_from(text, n);
  out->calendar = 0;
  out->unit = ZD_S("1");
  if (!unit.n) return blank == n;
  if (unit.p[0] == '\'') {
    out->unit = (zd_slice){unit.p + 1, unit.n >= 2 ? unit.n - 2 : 0};
    return unit.n > 2 && unit.p[unit.n - 1] == '\'' && !zd_ucum_check(out->unit, NULL);
  }
  out->unit = unit;
  out->calendar = zd_fp_calendar_of(unit);
  return out->calendar && blank != n;
}

/* In another unit; none when it cannot be. */
static bool convert_unit(zd_fp_running *r, const zd_fp_op *o, const zd_fp_quantity *q,
                         zd_slice unit, zd_fp_seq *out) {
  zd_fp_quantity to = {.unit = unit, .calendar = zd_fp_calendar_of(unit)};
  zd_slice from_code = zd_fp_quantity_code(q, true), to_code = zd_fp_quantity_code(&to, true);
  if (zd_slice_eq(from_code, to_code))
    return zd_fp_give_quantity(r, q->value, unit, to.calendar, out);
  char text[48];
  zd_ucum_number number;
  zd_fp_decimal value;
  zd_ucum_quantity from = {{text, zd_fp_decimal_write(&q->value, text)}, from_code};
  zd_err err = zd_ucum_convert(from, to_code, r->arena, &number, NULL);
  if (err == ZD_ERR_MEMORY) return zd_fp_no_memory(r);
  if (err) return zd_fp_give_none(out);
  if (zd_fp_decimal_read(number.text, &value)) return zd_fp_too_large(r, o);
  return zd_fp_give_quantity(r, value, unit, to.calendar, out);
}

static bool to_quantity(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                        zd_fp_seq *out) {
  zd_fp_quantity q = {.unit = ZD_S("1")};
  (void)o;
  if (a->kind == ZD_FP_QUANTITY) return zd_fp_give(out, *a);
  if (a->kind == ZD_FP_INTEGER || a->kind == ZD_FP_LONG || a->kind == ZD_FP_BOOLEAN)
    q.value = zd_fp_decimal_of(a->as.integer);
  else if (a->kind == ZD_FP_DECIMAL)
    q.value = *a->as.decimal;
  else if (a->kind != ZD_FP_STRING || !read_quantity(zd_fp_string_of(a), &q))
    return zd_fp_give_none(out);
  return zd_fp_give_quantity(r, q.value, q.unit, q.calendar, out);
}

/* ---- toX and convertsToX ---- */

static conversion *const conversions[ZD_FP_KINDS] = {
    [ZD_FP_BOOLEAN] = to_boolean, [ZD_FP_INTEGER] = to_integer,   [ZD_FP_LONG] = to_long,
    [ZD_FP_DECIMAL] = to_decimal, [ZD_FP_STRING] = to_string,     [ZD_FP_DATE] = to_date,
    [ZD_FP_TIME] = to_time,       [ZD_FP_DATETIME] = to_datetime, [ZD_FP_QUANTITY] = to_quantity};

static bool convert(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, bool *has,
                    zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item a;
  if (!zd_fp_input(r, o, f, &s) || !zd_fp_single(r, o, &s, &a, has)) return false;
  if (!*has) return zd_fp_give_none(out);
  if (!conversions[o->which](r, o, &a, out)) return false;
  if (!o->argc || !out->n) return true;
  zd_fp_seq converted = *out;
  zd_fhirpath_item unit;
  bool named;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &unit, &named)) return false;
  return !named || convert_unit(r, o, converted.one.as.quantity, zd_fp_string_of(&unit), out);
}

bool zd_fp_run_convert(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  bool has;
  return convert(r, o, f, &has, out);
}

bool zd_fp_run_converts(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  bool has;
  zd_fp_seq s;
  if (!convert(r, o, f, &has, &s)) return false;
  return has ? zd_fp_give_boolean(out, s.n != 0) : zd_fp_give_none(out);
}
