/* filter_leaf.c: one comparison of a _filter: what it means for which type of parameter.
 *
 *             number date quantity string token uri reference composite
 *   eq           p     p      p       s     t    u      r       v         v: as search has it
 *   ne           p     p      p       s     t    u      r        p: the prefix of that name
 *   gt ge lt le  p     p      p       s                          s: of the folded text, as a whole
 *   ap sa eb     p     p      p                                  t, u, r: of what is meant
 *   po                 o                                         o: periods overlap
 *   co sw ew                          s          u               m: the modifier that says so
 *   ss sb in ni                             m
 *   re                                                 r
 *   pr           m     m      m       m     m    m     m        m
 *
 * Anything else, and parameters of other types, are refused by name. "An item in the set" is one of
 * the resource's values: ne finds resources with a value that differs, not those without one.
 */
#include "search/entries/contained.h"
#include "search/language/filter.h"
#include "search/plans/look.h"
#include "search/values/fold.h"

enum { TEXT_MAX = 200 }; /* what is longer may be cut in the index */

typedef struct leaf {
  zd_ask *a;
  zd_query_reader *q;
  const zd_filter *test;
  const zd_search_param *param;
  zd_clause clause;
  zd_slice text; /* string: folded; uri: as given */
  zd_asked *out;
} leaf;

static zd_err refuse(const leaf *l, zd_issue_code code, const char *why) {
  const zd_filter *f = l->test;
  zd_slice name = f->steps[f->step_count - 1].name;
  return zd_query_refuse(l->q, l->a->part->name, code, "_filter, character %zu: %.*s %s: %s",
                         zd_filter_place(l->a->part->value, f->at), name.n > 64 ? 64 : (int)name.n,
                         name.p, zd_filter_op_names[f->op], why);
}

static zd_err not_defined(const leaf *l) {
  return refuse(l, ZD_ISSUE_NOT_SUPPORTED,
                "this comparison is not defined for parameters of that type");
}

/* ---- through a clause ---- */

/* The value as zd_value_read wants it, where a backslash escapes. */
static zd_slice escaped(const leaf *l, const char *prefix) {
  zd_slice v = l->test->value;
  size_t n = strlen(prefix);
  char *p = zd_arena_alloc(l->q->arena, n + 2 * v.n + 1);
  if (!p) return (zd_slice){NULL, 0};
  memcpy(p, prefix, n);
  for (size_t i = 0; i < v.n; i++) {
    if (v.p[i] == '\\') p[n++] = '\\';
    p[n++] = v.p[i];
  }
  return (zd_slice){p, n};
}

static zd_err read_value(leaf *l, const char *prefix, zd_search_value *out) {
  zd_query_reader *q = l->q;
  zd_fault fault = {0};
  zd_value_context x = {.search = q->s,
                        .now_ms = q->now_ms,
                        .arena = q->arena,
                        .fault = &fault,
                        .modifier = l->clause.modifier,
                        .snapshot = q->options->snapshot};
  zd_slice text = escaped(l, prefix);
  if (!text.p) return ZD_ERR_MEMORY;
  zd_err err = zd_value_read(&x, l->param, text, out);
  if (err && err != ZD_ERR_MEMORY) err = refuse(l, zd_value_issue(err), fault.text);
  if (!err) zd_clause_know(q, l->param, out);
  return err ? err : zd_clause_watch(q, &l->clause);
}

/* The clause's only value, in the arena: a CHECK may keep it. */
static zd_err plan_value(leaf *l, zd_search_value v) {
  zd_query_reader *q = l->q;
  zd_search_value *kept = ZD_NEW(q->arena, zd_search_value);
  if (!kept) return ZD_ERR_MEMORY;
  *kept = v;
  l->clause.values = kept;
  l->clause.count = 1;
  zd_slice code = zd_schema_param(q->s->schema, l->param->index).code;
  if (zd_slice_eq(code, ZD_S("_lastUpdated")) && l->clause.modifier == ZD_MOD_NONE)
    return zd_plan_updated(q->s, &l->clause, q->options->snapshot, q->now_ms, q->arena,
                           &l->out->plan);
  zd_err err = zd_plan_clause(q->s, &l->clause, q->arena, &l->out->plan);
  if (err == ZD_ERR_LIMIT) return refuse(l, ZD_ISSUE_TOO_COSTLY, "an id without its type");
  l->out->typed = !l->param->shared && l->param->field != ZD_NO_SYMBOL &&
                  (l->clause.modifier == ZD_MOD_NONE || l->clause.modifier == ZD_MOD_CONTAINS);
  return err;
}

static zd_err by_prefix(leaf *l) {
  zd_search_value v;
  zd_err err = read_value(l, zd_filter_op_names[l->test->op], &v);
  return err ? err : plan_value(l, v);
}

static zd_err by_plain_value(leaf *l) {
  zd_search_value v;
  zd_err err = read_value(l, "", &v);
  return err ? err : plan_value(l, v);
}

/* Overlap of periods is what `ap` asks, of the interval as written. */
static zd_err by_overlap(leaf *l) {
  zd_search_value v;
  zd_err err = read_value(l, "eq", &v);
  v.prefix = ZD_PREFIX_AP;
  return err ? err : plan_value(l, v);
}

static zd_err by_modifier(leaf *l, const char *name) {
  zd_fault fault = {0};
  zd_err err = zd_modifier_read(l->q->s, l->clause.type, l->param, zd_slice_of(name),
                                &l->clause.modifier, &l->clause.only, &fault);
  if (err) return err == ZD_ERR_MEMORY ? err : refuse(l, zd_value_issue(err), fault.text);
  return by_plain_value(l);
}

/* Present is not missing. */
static zd_err by_presence(leaf *l) {
  zd_slice v = l->test->value;
  bool yes = zd_slice_eq(v, ZD_S("true")), no = zd_slice_eq(v, ZD_S("false"));
  zd_fault fault = {0};
  if (!yes && !no) return refuse(l, ZD_ISSUE_VALUE, "true or false is wanted");
  zd_err err = zd_modifier_read(l->q->s, l->clause.type, l->param, ZD_S("missing"),
                                &l->clause.modifier, &l->clause.only, &fault);
  if (err) return err == ZD_ERR_MEMORY ? err : refuse(l, zd_value_issue(err), fault.text);
  return plan_value(l, (zd_search_value){.missing = no});
}

/* ---- what the index is asked directly ---- */

static zd_plan *node(leaf *l, zd_plan_op op, uint32_t field, zd_slice text) {
  zd_plan *p = text.p ? zd_plan_new(l->q->arena, op) : NULL;
  if (!p) return NULL;
  p->field = field;
  p->term = text;
  return p;
}

static zd_err done(leaf *l, const zd_plan *const *any, size_t n) {
  l->out->typed = !l->param->shared;
  return zd_plan_group(ZD_PLAN_OR, any, n, l->q->arena, &l->out->plan);
}

/* Terms in [from, to); an absent `to` is open. */
static const zd_plan *span(leaf *l, zd_slice from, zd_slice to) {
  zd_plan *p = node(l, ZD_PLAN_SPAN, l->param->field, from);
  if (p) p->to = to;
  return p;
}

/* The least term behind `text`. */
static zd_slice behind(leaf *l, zd_slice text, char last) {
  char *p = zd_arena_alloc(l->q->arena, text.n + 1);
  if (!p) return (zd_slice){NULL, 0};
  if (text.n) memcpy(p, text.p, text.n);
  p[text.n] = last;
  return (zd_slice){p, text.n + 1};
}

/* ---- what a look at the resource decides ---- */

/* What a look at the resource looks for. */
typedef struct wanted {
  zd_filter_op op;
  zd_slice text;         /* string: folded; uri */
  zd_search_value value; /* token, reference */
} wanted;

static bool compares(zd_filter_op op, zd_slice fact, zd_slice text) {
  int order = zd_slice_cmp(fact, text);
  switch (op) {
    case ZD_FILTER_EQ:
      return order == 0;
    case ZD_FILTER_NE:
      return order != 0;
    case ZD_FILTER_GT:
      return order > 0;
    case ZD_FILTER_GE:
      return order >= 0;
    case ZD_FILTER_LT:
      return order < 0;
    case ZD_FILTER_LE:
      return order <= 0;
    case ZD_FILTER_SW:
      return zd_slice_starts(fact, text);
    case ZD_FILTER_EW:
      return zd_slice_ends(fact, text);
    case ZD_FILTER_CO:
      return fact.n >= text.n && memmem(fact.p, fact.n, text.p, text.n) != NULL;
    default:
      return false;
  }
}

/* A canonical is what was written, its version with it; without a version in the filter it is equal
 * in any version, as everywhere in search. */
static bool compares_uri(const wanted *w, const zd_fact *fact) {
  zd_slice whole = fact->text;
  if (fact->version.p) whole.n += 1 + fact->version.n;
  if (w->op == ZD_FILTER_NE)
    return !zd_slice_eq(whole, w->text) && !zd_slice_eq(fact->text, w->text);
  return compares(w->op, whole, w->text);
}

static zd_err fits(const zd_look *look, const zd_fact *fact, zd_arena *arena, bool *hit) {
  const wanted *w = look->wanted;
  switch (look->param->kind) {
    case ZD_PARAM_STRING: {
      zd_slice folded = zd_fold(fact->text, 0, NULL, arena);
      if (!folded.p) return ZD_ERR_MEMORY;
      *hit = compares(w->op, folded, w->text);
      return ZD_OK;
    }
    case ZD_PARAM_URI:
      *hit = compares_uri(w, fact);
      return ZD_OK;
    case ZD_PARAM_TOKEN: /* ne; a value without a code says nothing to compare */
      *hit = fact->code.p && !zd_match_fact(look->search, look->param, &w->value, fact, arena);
      return ZD_OK;
    default: /* reference, ne */
      *hit = !zd_match_fact(look->search, look->param, &w->value, fact, arena);
      return ZD_OK;
  }
}

/* Of the rows `among`, those that a look at the resource finds. */
static const zd_plan *looked_at(leaf *l, const zd_plan *among, const zd_search_value *value) {
  wanted *w = ZD_NEW(l->q->arena, wanted);
  if (!w) return NULL;
  *w = (wanted){.op = l->test->op, .text = l->text};
  if (value) w->value = *value;
  zd_look look = {.search = l->q->s, .param = l->param, .fits = fits, .wanted = w};
  return zd_look_plan(&look, among, l->q->arena);
}

static const zd_plan *any_term(leaf *l) {
  return node(l, ZD_PLAN_PREFIX, l->param->field, ZD_S(""));
}

/* ---- by type ---- */

static zd_err more_is_late(const leaf *l) {
  if (!zd_field_more_is_late(l->q->s, l->param)) return ZD_OK;
  return refuse(l, ZD_ISSUE_TRANSIENT,
                "this comparison is new, what was stored before is being indexed for it; ask again "
                "later");
}

/* Texts whose end is beyond their term are looked at, and those that contain the value. */
static zd_err string_ends(leaf *l) {
  static const char longer[1] = {ZD_MORE_LONG};
  zd_plan *contains = node(l, ZD_PLAN_CONTAINS, l->param->field, ZD_S(""));
  const zd_plan *either[2] = {
      contains, node(l, ZD_PLAN_TERM, l->param->more_field, zd_slice_make(longer, 1))};
  const zd_plan *found;
  zd_err err = more_is_late(l);
  if (err) return err;
  if (contains) contains->to = l->text;
  err = zd_plan_group(ZD_PLAN_OR, either, 2, l->q->arena, &found);
  if (err) return err;
  found = looked_at(l, found, NULL);
  return done(l, &found, 1);
}

/* Texts before, behind, beside the value, in the order of their bytes (that of their characters).
 * Their terms are cut far behind its length. Texts without letter or digit, which come before all,
 * have no such term; they stand in the second field. */
static zd_err string_order(leaf *l, bool below, bool itself, bool above) {
  zd_slice none = {NULL, 0}, next = behind(l, l->text, '\0');
  const zd_plan *any[3];
  size_t n = 0;
  zd_err err = below ? more_is_late(l) : ZD_OK;
  if (err) return err;
  if (below) {
    any[n++] = span(l, ZD_S(""), itself ? next : l->text);
    any[n++] = node(l, ZD_PLAN_PREFIX, l->param->more_field,
                    zd_term_more_any(ZD_MORE_EXACT, ZD_S(""), l->q->arena));
  }
  if (above) any[n++] = span(l, itself ? l->text : next, none);
  return next.p ? done(l, any, n) : ZD_ERR_MEMORY;
}

static zd_err string_leaf(leaf *l) {
  const zd_plan *found;
  l->text = zd_fold(l->test->value, 0, NULL, l->q->arena);
  if (!l->text.p) return ZD_ERR_MEMORY;
  if (!l->text.n) return refuse(l, ZD_ISSUE_VALUE, "no letter or digit to compare with");
  if (l->text.n > TEXT_MAX) return refuse(l, ZD_ISSUE_TOO_LONG, "a text of more than 200 bytes");
  switch (l->test->op) {
    case ZD_FILTER_EQ:
      found = node(l, ZD_PLAN_TERM, l->param->field, l->text);
      return done(l, &found, 1);
    case ZD_FILTER_SW:
      found = node(l, ZD_PLAN_PREFIX, l->param->field, l->text);
      return done(l, &found, 1);
    case ZD_FILTER_CO:
      return by_modifier(l, "contains");
    case ZD_FILTER_EW:
      return string_ends(l);
    case ZD_FILTER_NE:
      return string_order(l, true, false, true);
    case ZD_FILTER_GT:
      return string_order(l, false, false, true);
    case ZD_FILTER_GE:
      return string_order(l, false, true, true);
    case ZD_FILTER_LT:
      return string_order(l, true, false, false);
    case ZD_FILTER_LE:
      return string_order(l, true, true, false);
    default:
      return not_defined(l);
  }
}

static zd_err links_are_late(const leaf *l) {
  if (!zd_contained_is_late(l->q->s)) return ZD_OK;
  return refuse(l, ZD_ISSUE_TRANSIENT,
                "this comparison is new, what was stored before is being indexed for it; ask again "
                "later");
}

/* Terms tell which rows may, those cut short which besides; both are looked at. */
static zd_err uri_contains(leaf *l) {
  zd_plan *contains = node(l, ZD_PLAN_CONTAINS, l->param->field, ZD_S(""));
  const zd_plan *either[2] = {contains, node(l, ZD_PLAN_TERM, zd_contained_place(l->q->s, l->param),
                                             zd_long_term(l->param->field, l->q->arena))};
  const zd_plan *found;
  zd_err err = links_are_late(l);
  if (err) return err;
  if (contains) contains->to = l->text;
  err = zd_plan_group(ZD_PLAN_OR, either, 2, l->q->arena, &found);
  if (err) return err;
  found = looked_at(l, found, NULL);
  return done(l, &found, 1);
}

/* A term that is not the value, nor the value with a version, is of a uri that differs. What looks
 * like a version may be part of a uri: that is looked at. A value with a version is a term among
 * others of the uri it belongs to. */
static zd_err uri_differs(leaf *l) {
  zd_slice none = {NULL, 0};
  if (zd_slice_find(l->text, '|') < l->text.n) {
    const zd_plan *found = looked_at(l, any_term(l), NULL);
    return done(l, &found, 1);
  }
  zd_slice bar = behind(l, l->text, '|'), past = behind(l, l->text, '|' + 1);
  const zd_plan *any[4] = {span(l, ZD_S(""), l->text), span(l, behind(l, l->text, '\0'), bar),
                           span(l, past, none),
                           looked_at(l, node(l, ZD_PLAN_PREFIX, l->param->field, bar), NULL)};
  return bar.p && past.p ? done(l, any, 4) : ZD_ERR_MEMORY;
}

static zd_err uri_leaf(leaf *l) {
  const zd_plan *found;
  l->text = l->test->value;
  if (l->text.n > TEXT_MAX) return refuse(l, ZD_ISSUE_TOO_LONG, "a text of more than 200 bytes");
  switch (l->test->op) {
    case ZD_FILTER_EQ:
      return by_plain_value(l);
    case ZD_FILTER_SW:
      found = node(l, ZD_PLAN_PREFIX, l->param->field, l->text);
      return done(l, &found, 1);
    case ZD_FILTER_NE:
      return uri_differs(l);
    case ZD_FILTER_CO:
    case ZD_FILTER_EW:
      return uri_contains(l);
    default:
      return not_defined(l);
  }
}

/* A code that differs: terms below and above those of the value. Codes begin behind \0, where the
 * terms of systems stand. */
static zd_err token_differs(leaf *l) {
  zd_search_value v;
  zd_err err = read_value(l, "", &v);
  if (err) return err;
  const zd_plan *two[2];
  zd_slice none = {NULL, 0}, system = v.no_system ? none : v.system;
  if (v.any_code) {
    two[0] = looked_at(l, any_term(l), &v);
    return done(l, two, 1);
  }
  zd_slice term = v.any_system
                      ? zd_term_token_any(v.code, l->q->arena)
                      : zd_term_token(v.code, zd_term_system(l->q->s, system, false, l->q->arena),
                                      system, l->q->arena);
  if (!term.p) return ZD_ERR_MEMORY;
  zd_slice code = {term.p, term.n - 1}; /* without the \0 that every system of the code follows */
  zd_slice next = v.any_system ? behind(l, code, '\1') : behind(l, term, '\0');
  two[0] = span(l, ZD_S("\1"), term);
  two[1] = span(l, next, none);
  return done(l, two, 2);
}

static zd_err token_leaf(leaf *l) {
  switch (l->test->op) {
    case ZD_FILTER_EQ:
      return by_plain_value(l);
    case ZD_FILTER_NE:
      return token_differs(l);
    case ZD_FILTER_SS: /* the value subsumes: the code lies below it */
      return by_modifier(l, "below");
    case ZD_FILTER_SB:
      return by_modifier(l, "above");
    case ZD_FILTER_IN:
      return by_modifier(l, "in");
    case ZD_FILTER_NI:
      return by_modifier(l, "not-in");
    default:
      return not_defined(l);
  }
}

static zd_err reference_leaf(leaf *l) {
  zd_search_value v;
  if (l->test->op == ZD_FILTER_EQ || l->test->op == ZD_FILTER_RE) return by_plain_value(l);
  if (l->test->op != ZD_FILTER_NE) return not_defined(l);
  zd_err err = read_value(l, "", &v);
  const zd_plan *found = err ? NULL : looked_at(l, any_term(l), &v);
  return err ? err : done(l, &found, 1);
}

static zd_err ordered_leaf(leaf *l) {
  switch (l->test->op) {
    case ZD_FILTER_EQ:
    case ZD_FILTER_NE:
    case ZD_FILTER_GT:
    case ZD_FILTER_LT:
    case ZD_FILTER_GE:
    case ZD_FILTER_LE:
    case ZD_FILTER_AP:
    case ZD_FILTER_SA:
    case ZD_FILTER_EB:
      return by_prefix(l);
    case ZD_FILTER_PO:
      return l->param->kind == ZD_PARAM_DATE ? by_overlap(l) : not_defined(l);
    default:
      return not_defined(l);
  }
}

/* Every resource has one id. */
static zd_err id_leaf(leaf *l) {
  zd_slice *ids = ZD_NEW_ARRAY(l->q->arena, zd_slice, 1);
  if (!ids) return ZD_ERR_MEMORY;
  if (l->test->op != ZD_FILTER_EQ && l->test->op != ZD_FILTER_NE) return not_defined(l);
  ids[0] = l->test->value;
  zd_err err =
      zd_plan_ids(l->q->s, l->clause.type, ids, zd_fact_is_id(ids[0]), l->q->arena, &l->out->plan);
  l->out->typed = l->test->op == ZD_FILTER_EQ && l->clause.type != ZD_NO_TYPE;
  if (err || l->test->op == ZD_FILTER_EQ) return err;
  return zd_plan_group(ZD_PLAN_NOT, &l->out->plan, 1, l->q->arena, &l->out->plan);
}

zd_err zd_filter_leaf(zd_ask *a, zd_type type, const zd_step *step, zd_asked *out) {
  leaf l = {.a = a, .q = a->q, .test = a->test, .out = out};
  zd_err err = zd_clause_param(a, type, step->code, &l.param);
  if (err) return err;
  l.clause = (zd_clause){.param = l.param, .only = ZD_NO_TYPE, .type = type, .name = step->code};
  if (!l.test->value.n) return refuse(&l, ZD_ISSUE_VALUE, "the value is empty");
  if (l.test->value.n > ZD_QUERY_VALUE_BYTES_MAX)
    return refuse(&l, ZD_ISSUE_TOO_LONG, "a value of more than 8192 bytes");
  if (l.param->kind == ZD_PARAM_SPECIAL) return not_defined(&l);
  if (l.test->op == ZD_FILTER_PR) return by_presence(&l);
  if (zd_slice_eq(step->code, ZD_S("_id"))) return id_leaf(&l);
  switch (l.param->kind) {
    case ZD_PARAM_STRING:
      return string_leaf(&l);
    case ZD_PARAM_URI:
      return uri_leaf(&l);
    case ZD_PARAM_TOKEN:
      return token_leaf(&l);
    case ZD_PARAM_REFERENCE:
      return reference_leaf(&l);
    case ZD_PARAM_COMPOSITE: /* its components bring their own comparisons: 8480-6$gt140 */
      return l.test->op == ZD_FILTER_EQ ? by_plain_value(&l) : not_defined(&l);
    default:
      return ordered_leaf(&l);
  }
}
