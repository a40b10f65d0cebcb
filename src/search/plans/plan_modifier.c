/* plan_modifier.c: plans of values under a modifier (R4 search.html#modifiers). */
#include "search/plans/planner.h"
#include "search/values/fold.h"

typedef zd_planner planner;

/* A second field's term that is a tag alone. */
static const zd_plan *tag_plan(planner *m, uint8_t tag) {
  return zd_planner_term(m, ZD_PLAN_TERM, m->param->more_field,
                         zd_term_tagged(tag, ZD_S(""), m->arena));
}

static zd_err done(const zd_plan *plan, const zd_plan **out) {
  *out = plan;
  return plan ? ZD_OK : ZD_ERR_MEMORY;
}

/* ---- :missing ---- */

static const zd_plan *any_term(planner *m, uint32_t field, zd_slice start) {
  return zd_planner_term(m, ZD_PLAN_PREFIX, field, start);
}

static bool has_ranges(zd_param_type kind) {
  return kind == ZD_PARAM_DATE || kind == ZD_PARAM_NUMBER || kind == ZD_PARAM_QUANTITY ||
         kind == ZD_PARAM_SPECIAL;
}

/* Rows where an element of the parameter is there, whatever it says. */
static zd_err there(planner *m, const zd_plan **out) {
  uint32_t field = m->param->field;
  const zd_plan *value = has_ranges(m->param->kind)
                             ? zd_planner_range(m, field, INT64_MIN, INT64_MAX)
                             : any_term(m, field, ZD_S(""));
  return zd_planner_pair(m, ZD_PLAN_OR, value, any_term(m, m->param->more_field, ZD_S("")), out);
}

/* The same of a parameter that keeps to references of one type in a field that holds more: names of
 * that type are sure, urls and contained resources are looked at. */
static zd_err there_of_type(planner *m, const zd_search_value *v, const zd_plan **out) {
  static const char url[1] = {ZD_TERM_URL}, there_tag[1] = {ZD_MORE_THERE};
  uint32_t field = m->param->field;
  const zd_plan *doubtful, *sure;
  sure = any_term(m, field, zd_term_local(m->s, m->param->only, ZD_S(""), m->arena));
  zd_err err =
      zd_planner_pair(m, ZD_PLAN_OR, any_term(m, field, zd_slice_make(url, 1)),
                      any_term(m, m->param->more_field, zd_slice_make(there_tag, 1)), &doubtful);
  zd_search_value *is_there = ZD_NEW(m->arena, zd_search_value);
  if (!is_there) return ZD_ERR_MEMORY;
  *is_there = *v;
  is_there->missing = false;
  if (!err) err = zd_planner_checked(m, doubtful, is_there, 1, &doubtful);
  return err ? err : zd_planner_pair(m, ZD_PLAN_OR, sure, doubtful, out);
}

zd_err zd_plan_there(zd_planner *m, const zd_search_value *v, const zd_plan **out) {
  if (m->param->kind == ZD_PARAM_COMPOSITE) return zd_plan_composite_there(m, v, out);
  return m->param->only != ZD_NO_TYPE ? there_of_type(m, v, out) : there(m, out);
}

static zd_err plan_missing(planner *m, const zd_search_value *v, const zd_plan **out) {
  zd_err err;
  bool composite = m->param->kind == ZD_PARAM_COMPOSITE;
  if (m->param->field == ZD_NO_SYMBOL &&
      !composite) { /* _id, _lastUpdated: every resource has them */
    err = done(zd_plan_new(m->arena, ZD_PLAN_ALL), out);
    if (!err && m->clause->type != ZD_NO_TYPE)
      err = zd_plan_type(m->s, m->clause->type, m->arena, out);
  } else {
    err = zd_plan_there(m, v, out);
  }
  return err || !v->missing ? err : zd_planner_others(m, *out, out);
}

/* ---- strings ---- */

/* The folded form tells the text where that is plain (zd_fold_is_plain); every other text has a
 * term of its own. */
static zd_err plan_exact(planner *m, const zd_search_value *v, const zd_plan **out) {
  uint32_t more = m->param->more_field;
  bool plain = v->text.n && v->text.n <= ZD_STRING_MAX && zd_fold_is_plain(v->raw, v->text);
  if (!plain) {
    zd_slice own = zd_term_more(ZD_MORE_EXACT, v->text, ZD_NO_SYMBOL, v->raw, m->arena);
    return done(zd_planner_term(m, ZD_PLAN_TERM, more, own), out);
  }
  const zd_plan *folded = zd_planner_term(m, ZD_PLAN_TERM, m->param->field, v->text);
  const zd_plan *others =
      zd_planner_term(m, ZD_PLAN_PREFIX, more, zd_term_more_any(ZD_MORE_EXACT, v->text, m->arena));
  const zd_plan *none, *sure, *both;
  zd_err err = zd_plan_group(ZD_PLAN_NOT, &others, 1, m->arena, &none);
  if (!err) err = zd_planner_pair(m, ZD_PLAN_AND, folded, none, &sure);
  if (!err) err = zd_planner_pair(m, ZD_PLAN_AND, folded, others, &both);
  if (!err) err = zd_planner_checked(m, both, v, 1, &both);
  return err ? err : zd_planner_pair(m, ZD_PLAN_OR, sure, both, out);
}

/* Texts that contain the value; those cut short are looked at. */
static zd_err plan_contains(planner *m, uint32_t field, zd_slice start, const zd_search_value *v,
                            const zd_plan **out) {
  const zd_plan *cut;
  zd_plan *found = zd_plan_new(m->arena, ZD_PLAN_CONTAINS);
  if (!found) return ZD_ERR_MEMORY;
  found->field = field;
  found->term = start;
  found->to = v->text;
  zd_err err = zd_planner_checked(m, tag_plan(m, ZD_MORE_LONG), v, 1, &cut);
  return err ? err : zd_planner_pair(m, ZD_PLAN_OR, found, cut, out);
}

/* ---- tokens ---- */

/* One of many codes. A code without a system is one of an unknown system: any. */
static zd_err plan_codes(planner *m, const zd_search_value *v, const zd_plan **out) {
  const zd_plan **each = ZD_NEW_ARRAY(m->arena, const zd_plan *, v->code_count + 1);
  if (!each) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < v->code_count; i++) {
    zd_search_value one = {.code = v->codes[i].code,
                           .system = v->codes[i].system,
                           .any_system = !v->codes[i].system.p};
    zd_err err = zd_plan_value(m, &one, &each[i]);
    if (err) return err;
  }
  return zd_plan_group(ZD_PLAN_OR, each, v->code_count, m->arena, out);
}

/* The identifier's value is selective; its type is looked at. */
static zd_err plan_typed(planner *m, const zd_search_value *v, const zd_plan **out) {
  m->doubtful = true;
  return done(
      zd_planner_term(m, ZD_PLAN_PREFIX, m->param->field, zd_term_token_any(v->raw, m->arena)),
      out);
}

/* ---- references ---- */

static zd_err plan_identifier(planner *m, const zd_search_value *v, const zd_plan **out) {
  uint32_t more = m->param->more_field;
  if (m->param->only != ZD_NO_TYPE) m->doubtful = true;
  if (v->any_system)
    return done(zd_planner_term(m, ZD_PLAN_PREFIX, more,
                                zd_term_more_any(ZD_MORE_IDENTIFIER, v->code, m->arena)),
                out);
  zd_slice none = {NULL, 0}, system = v->no_system ? none : v->system;
  uint32_t symbol = zd_term_system(m->s, system, false, m->arena);
  zd_slice code = v->any_code ? ZD_S("") : v->code;
  return done(zd_planner_term(m, ZD_PLAN_TERM, more,
                              zd_term_more(ZD_MORE_IDENTIFIER, code, symbol, system, m->arena)),
              out);
}

/* subject:Patient=1: the same parameter, keeping to one type. */
static zd_err plan_of_type(planner *m, const zd_search_value *v, const zd_plan **out) {
  const zd_search_param *whole = m->param;
  zd_search_param narrow = *whole;
  narrow.only = m->clause->only;
  m->param = &narrow;
  zd_err err = zd_plan_value(m, v, out);
  m->param = whole;
  return err;
}

/* Locations in a location, and so on: each by its name. */
static zd_err plan_relatives(planner *m, const zd_search_value *v, const zd_plan **out) {
  const zd_plan **each = ZD_NEW_ARRAY(m->arena, const zd_plan *, v->code_count + 1);
  size_t n = 0;
  if (!each) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < v->code_count; i++) {
    zd_type type = zd_schema_type(m->s->schema, v->codes[i].system);
    if (m->param->only != ZD_NO_TYPE && type != m->param->only) continue;
    each[n++] = zd_planner_term(m, ZD_PLAN_TERM, m->param->field,
                                zd_term_local(m->s, type, v->codes[i].code, m->arena));
  }
  return zd_plan_group(ZD_PLAN_OR, each, n, m->arena, out);
}

/* ---- uris ---- */

/* http://x/a, and what lies below: http://x/a/... */
static zd_err plan_uri_below(planner *m, const zd_search_value *v, const zd_plan **out) {
  enum { WHOLE = 200 }; /* terms up to this are the uri itself (term.c) */
  zd_slice below = v->text;
  if (below.p[below.n - 1] != '/') below = zd_arena_printf(m->arena, "%.*s/", ZD_SV(below));
  if (!below.p) return ZD_ERR_MEMORY;
  /* Terms with a version are told from others by their bar; what is longer is cut. */
  if (below.n > WHOLE || zd_slice_find(below, '|') < below.n) m->doubtful = true;
  if (below.n > WHOLE) below.n = WHOLE;
  return zd_planner_pair(
      m, ZD_PLAN_OR,
      zd_planner_term(m, ZD_PLAN_TERM, m->param->field, zd_term_uri(v->text, m->arena)),
      zd_planner_term(m, ZD_PLAN_PREFIX, m->param->field, below), out);
}

/* Whatever the value lies below of: its beginnings that end at, or before, a slash. */
static zd_err plan_uri_above(planner *m, const zd_search_value *v, const zd_plan **out) {
  size_t n = 1;
  for (size_t i = 0; i < v->text.n; i++) n += v->text.p[i] == '/' ? 2 : 0;
  const zd_plan **each = ZD_NEW_ARRAY(m->arena, const zd_plan *, n);
  if (!each) return ZD_ERR_MEMORY;
  each[0] = zd_planner_term(m, ZD_PLAN_TERM, m->param->field, zd_term_uri(v->text, m->arena));
  n = 1;
  for (size_t i = 1; i < v->text.n; i++) {
    if (v->text.p[i] != '/') continue;
    for (size_t more = 0; more < 2; more++)
      each[n++] = zd_planner_term(m, ZD_PLAN_TERM, m->param->field,
                                  zd_term_uri((zd_slice){v->text.p, i + more}, m->arena));
  }
  if (zd_slice_find(v->text, '|') < v->text.n) m->doubtful = true;
  return zd_plan_group(ZD_PLAN_OR, each, n, m->arena, out);
}

/* ---- all of them ---- */

zd_err zd_plan_modified(zd_planner *m, const zd_search_value *v, const zd_plan **out) {
  bool uri = m->param->kind == ZD_PARAM_URI;
  bool hierarchy = m->clause->modifier == ZD_MOD_ABOVE || m->clause->modifier == ZD_MOD_BELOW;
  if (hierarchy && m->param->kind == ZD_PARAM_REFERENCE) return plan_relatives(m, v, out);
  static const char text_tag[1] = {ZD_MORE_TEXT};
  switch (m->clause->modifier) {
    case ZD_MOD_NONE:
    case ZD_MOD_NOT:
      return zd_plan_value(m, v, out);
    case ZD_MOD_MISSING:
      return plan_missing(m, v, out);
    case ZD_MOD_EXACT:
      return plan_exact(m, v, out);
    case ZD_MOD_CONTAINS:
      return plan_contains(m, m->param->field, ZD_S(""), v, out);
    case ZD_MOD_TEXT:
      return plan_contains(m, m->param->more_field, zd_slice_make(text_tag, 1), v, out);
    case ZD_MOD_IN:
    case ZD_MOD_NOT_IN:
      return plan_codes(m, v, out);
    case ZD_MOD_ABOVE:
      return uri ? plan_uri_above(m, v, out) : plan_codes(m, v, out);
    case ZD_MOD_BELOW:
      return uri ? plan_uri_below(m, v, out) : plan_codes(m, v, out);
    case ZD_MOD_IDENTIFIER:
      return plan_identifier(m, v, out);
    case ZD_MOD_OF_TYPE:
      return plan_typed(m, v, out);
    case ZD_MOD_TYPE:
      return plan_of_type(m, v, out);
  }
  return ZD_ERR_INTERNAL;
}
