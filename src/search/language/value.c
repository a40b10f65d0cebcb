/* value.c: what stands behind the = of a search parameter, by the parameter's type. */
#include "search/codes/hierarchy.h"
#include "search/codes/value_codes.h"
#include "search/values/fold.h"
#include "search/values/near.h"

zd_slice zd_value_split(zd_slice text, char by, zd_slice *rest) {
  *rest = (zd_slice){NULL, 0};
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] == '\\') {
      i++;
    } else if (text.p[i] == by) {
      *rest = zd_slice_from(text, i + 1);
      return (zd_slice){text.p, i};
    }
  }
  return text;
}

int zd_coded_cmp(const zd_coded *a, const zd_coded *b) {
  int order = zd_slice_cmp(a->code, b->code);
  if (order || (!a->system.p && !b->system.p)) return order;
  if (!a->system.p || !b->system.p) return a->system.p ? 1 : -1;
  return zd_slice_cmp(a->system, b->system);
}

static zd_err bad(const zd_value_context *x, const char *what, zd_slice text) {
  int shown = text.n > 100 ? 100 : (int)text.n;
  return zd_fail(x->fault, ZD_ERR_INVALID, "%s: \"%.*s\"", what, shown, text.p);
}

/* Resolves \, \| \$ and \\ ; any other backslash is an error (search.html#escaping). */
static zd_err unescape(const zd_value_context *x, zd_slice text, zd_slice *out) {
  if (zd_slice_find(text, '\\') == text.n) {
    *out = text;
    return ZD_OK;
  }
  char *p = zd_arena_alloc(x->arena, text.n);
  size_t n = 0;
  if (!p) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] == '\\') {
      if (++i == text.n || !memchr(",|$\\", text.p[i], 4))
        return bad(x, "a backslash stands only before , | $ or \\", text);
    }
    p[n++] = text.p[i];
  }
  *out = (zd_slice){p, n};
  return ZD_OK;
}

/* ---- prefixes ---- */

static const char prefix_names[][3] = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};

static bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

static zd_err take_prefix(const zd_value_context *x, zd_slice *text, zd_prefix *out) {
  *out = ZD_PREFIX_EQ;
  if (text->n < 2 || !is_lower(text->p[0]) || !is_lower(text->p[1])) return ZD_OK;
  for (size_t i = 0; i < sizeof prefix_names / sizeof *prefix_names; i++) {
    if (memcmp(text->p, prefix_names[i], 2) != 0) continue;
    *out = (zd_prefix)i;
    *text = zd_slice_from(*text, 2);
    return ZD_OK;
  }
  return bad(x, "unknown prefix; known are eq ne gt lt ge le sa eb ap", *text);
}

/* ---- the types ---- */

/* ap: the value's interval widened by a tenth of its distance from now, as R4 suggests. */
static void approximate(zd_moment *m, int64_t now_ms) {
  int64_t now = now_ms * 1000;
  int64_t distance = now > m->high ? now - m->high : m->low > now ? m->low - now : 0;
  m->low -= distance / 10;
  m->high += distance / 10;
}

static zd_err read_date(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_slice date = text;
  zd_err err = take_prefix(x, &date, &out->prefix);
  if (err) return err;
  if (!zd_moment_read(date, x->search->zone_minutes, &out->when))
    return bad(x, "not a date or time such as 2024, 2024-05, 2024-05-31, 2024-05-31T10:00:00Z",
               text);
  if (out->prefix == ZD_PREFIX_AP) approximate(&out->when, x->now_ms);
  return ZD_OK;
}

/* low, high of ap: a tenth to either side, and never less than the written precision. */
static zd_err number_around(const zd_value_context *x, zd_search_value *v) {
  static const zd_decimal tenth = {.digits = "1", .n = 1, .exponent = 0, .unit = -1};
  zd_decimal by = zd_decimal_half_unit(&v->number), part;
  if (v->prefix == ZD_PREFIX_AP) {
    zd_err err = zd_decimal_mul(&v->number, &tenth, x->arena, &part);
    if (err) return err;
    part.negative = false;
    if (zd_decimal_cmp(&part, &by) > 0) by = part;
  }
  zd_decimal less = zd_decimal_negate(by);
  zd_err err = zd_decimal_add(&v->number, &less, x->arena, &v->low);
  return err ? err : zd_decimal_add(&v->number, &by, x->arena, &v->high);
}

static zd_err read_number(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_slice digits = text;
  zd_err err = take_prefix(x, &digits, &out->prefix);
  if (err) return err;
  err = zd_decimal_read(digits, x->arena, &out->number);
  if (err == ZD_ERR_INVALID) return bad(x, "not a number", text);
  if (!err) err = number_around(x, out);
  return err == ZD_ERR_LIMIT ? bad(x, "a number out of all measure", text) : err;
}

/* A bound may have too many digits in the canonical unit: 273.15 beside 1e5000. */
static zd_err check_carried(const zd_value_context *x, zd_slice text, const zd_search_value *v) {
  zd_decimal bound;
  zd_err err = zd_canonical_value(&v->low, &v->canonical, x->arena, &bound);
  if (!err) err = zd_canonical_value(&v->high, &v->canonical, x->arena, &bound);
  return err == ZD_ERR_LIMIT ? bad(x, "too many digits in another unit", text) : err;
}

static zd_err read_quantity(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_slice rest, code;
  zd_err err = read_number(x, zd_value_split(text, '|', &rest), out);
  if (err || !rest.p) return err;
  zd_slice system = zd_value_split(rest, '|', &code), more = {NULL, 0};
  if (code.p) code = zd_value_split(code, '|', &more);
  if (!code.p || more.p) return bad(x, "a quantity is number, or number|system|code", text);
  err = unescape(x, system, &out->system);
  if (!err) err = unescape(x, code, &out->code);
  if (err) return err;
  if (out->system.n && !out->code.n) return bad(x, "a unit system needs a code", text);
  if (out->code.n) out->unit = out->system.n ? ZD_UNIT_EXACT : ZD_UNIT_LOOSE;
  if (out->unit != ZD_UNIT_EXACT) return ZD_OK;
  err = zd_canonical_of(x->search, out->system, out->code, x->arena, &out->canonical,
                        &out->has_canonical);
  return err || !out->has_canonical ? err : check_carried(x, text, out);
}

static zd_err read_token(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_slice rest, more = {NULL, 0};
  zd_slice first = zd_value_split(text, '|', &rest);
  if (!rest.p) {
    out->any_system = true;
    return unescape(x, text, &out->code);
  }
  zd_slice code = zd_value_split(rest, '|', &more);
  if (more.p) return bad(x, "a token is code, system|code, |code or system|", text);
  if (!first.n && !code.n) return bad(x, "a token without system and code", text);
  out->no_system = !first.n;
  out->any_code = !code.n;
  zd_err err = unescape(x, first, &out->system);
  return err ? err : unescape(x, code, &out->code);
}

static zd_err read_reference(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_slice plain = {NULL, 0};
  zd_err err = unescape(x, text, &plain);
  if (err) return err;
  out->reference = (zd_fact){.type = ZD_NO_TYPE};
  zd_fact_reference(x->search, plain, &out->reference);
  if (out->reference.id.p) return ZD_OK;
  bool words = plain.n <= 64;
  for (size_t i = 0; i < plain.n && words; i++) words = !memchr("/:|", plain.p[i], 3);
  out->bare_id = words;
  if (!words) zd_fact_canonical(out->reference.text, &out->reference);
  if (!words && !out->reference.text.n) return bad(x, "not a reference", text);
  return ZD_OK;
}

static zd_err read_string(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_slice plain = {NULL, 0};
  zd_err err = unescape(x, text, &plain);
  if (err) return err;
  out->text = zd_fold(plain, 0, NULL, x->arena);
  if (!out->text.p) return ZD_ERR_MEMORY;
  return out->text.n ? ZD_OK : bad(x, "no letter or digit to search for", text);
}

static zd_err read_composite(const zd_value_context *x, const zd_search_param *param, zd_slice text,
                             zd_search_value *out) {
  const zd_schema *schema = x->search->schema;
  uint16_t n = zd_schema_param(schema, param->index).component_count;
  zd_search_value *parts = ZD_NEW_ARRAY(x->arena, zd_search_value, n + 1u);
  if (!parts) return ZD_ERR_MEMORY;
  zd_slice rest = text;
  for (uint16_t k = 0; k < n; k++) {
    if (!rest.p) return bad(x, "a composite value lacks a part (parts are joined by $)", text);
    zd_slice expression, part = zd_value_split(rest, '$', &rest);
    uint32_t index = zd_schema_param_component(schema, param->index, k, &expression);
    zd_search_param component = {.index = index, .kind = zd_schema_param(schema, index).type};
    if (!part.n) return bad(x, "a composite value has an empty part", text);
    zd_err err = zd_value_read(x, &component, part, &parts[k]);
    if (err) return err;
  }
  if (rest.p) return bad(x, "a composite value has too many parts", text);
  out->parts = parts;
  return ZD_OK;
}

/* ---- under a modifier ---- */

static zd_err read_missing(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  out->missing = zd_slice_eq(text, ZD_S("true"));
  if (out->missing || zd_slice_eq(text, ZD_S("false"))) return ZD_OK;
  return bad(x, ":missing is true or false", text);
}

static zd_err read_exact(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_err err = unescape(x, text, &out->raw);
  if (err) return err;
  out->text = zd_fold(out->raw, 0, NULL, x->arena);
  return out->text.p ? ZD_OK : ZD_ERR_MEMORY;
}

/* system|code|value, all three (search.html#token). */
static zd_err read_typed(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_slice code, value = {NULL, 0}, more = {NULL, 0};
  zd_slice system = zd_value_split(text, '|', &code);
  if (code.p) code = zd_value_split(code, '|', &value);
  if (value.p) value = zd_value_split(value, '|', &more);
  if (!value.n || !code.n || !system.n || more.p)
    return bad(x, ":of-type is system|code|value, of the identifier's type and the identifier",
               text);
  zd_err err = unescape(x, system, &out->system);
  if (!err) err = unescape(x, code, &out->code);
  return err ? err : unescape(x, value, &out->raw);
}

static zd_err read_hierarchy(const zd_value_context *x, const zd_search_param *param, zd_slice text,
                             zd_search_value *out) {
  if (param->kind == ZD_PARAM_TOKEN) {
    zd_err err = read_token(x, text, out);
    return err ? err : zd_value_hierarchy(x, out);
  }
  if (param->kind == ZD_PARAM_REFERENCE) {
    zd_err err = read_reference(x, text, out);
    return err ? err : zd_value_relatives(x, param, out);
  }
  zd_err err = unescape(x, text, &out->text);
  if (err) return err;
  if (zd_slice_starts(out->text, ZD_S("urn:")) || !out->text.n)
    return bad(x, ":above and :below are for URLs", text);
  return ZD_OK;
}

static zd_err read_set(const zd_value_context *x, zd_slice text, zd_search_value *out) {
  zd_err err = unescape(x, text, &out->text);
  return err ? err : zd_value_set_codes(x, out);
}

static zd_err read_modified(const zd_value_context *x, const zd_search_param *param, zd_slice text,
                            zd_search_value *out) {
  switch (x->modifier) {
    case ZD_MOD_MISSING:
      return read_missing(x, text, out);
    case ZD_MOD_EXACT:
      return read_exact(x, text, out);
    case ZD_MOD_CONTAINS:
    case ZD_MOD_TEXT:
      return read_string(x, text, out);
    case ZD_MOD_IN:
    case ZD_MOD_NOT_IN:
      return read_set(x, text, out);
    case ZD_MOD_ABOVE:
    case ZD_MOD_BELOW:
      return read_hierarchy(x, param, text, out);
    case ZD_MOD_IDENTIFIER:
      return read_token(x, text, out);
    case ZD_MOD_OF_TYPE:
      return read_typed(x, text, out);
    default:
      return ZD_ERR_INTERNAL;
  }
}

static bool reads_plainly(zd_modifier modifier) {
  return modifier == ZD_MOD_NONE || modifier == ZD_MOD_NOT || modifier == ZD_MOD_TYPE;
}

zd_err zd_value_read(const zd_value_context *x, const zd_search_param *param, zd_slice text,
                     zd_search_value *out) {
  *out = (zd_search_value){0};
  if (!reads_plainly(x->modifier)) return read_modified(x, param, text, out);
  switch (param->kind) {
    case ZD_PARAM_DATE:
      return read_date(x, text, out);
    case ZD_PARAM_NUMBER:
      return read_number(x, text, out);
    case ZD_PARAM_QUANTITY:
      return read_quantity(x, text, out);
    case ZD_PARAM_TOKEN:
      return read_token(x, text, out);
    case ZD_PARAM_REFERENCE:
      return read_reference(x, text, out);
    case ZD_PARAM_STRING:
      return read_string(x, text, out);
    case ZD_PARAM_URI:
      return unescape(x, text, &out->text);
    case ZD_PARAM_COMPOSITE:
      return read_composite(x, param, text, out);
    case ZD_PARAM_SPECIAL:
      return zd_near_read(x, text, out);
    default:
      return ZD_ERR_UNSUPPORTED;
  }
}
