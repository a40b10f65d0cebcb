/* match.c: a clause asked of one resource, by the words of R4 search.html and nothing clever.
 *
 * Plans ask here where the index can't tell, and tests compare the index with it. A clause matches
 * when one of its values matches one of the resource's facts.
 */
#include "search/internal.h"
#include "search/values/fold.h"
#include "search/values/near.h"

/* "The range of the search value" against "the range of the target value" (search.html#prefix). */
static bool match_date(const zd_search_value *v, const zd_moment *t) {
  const zd_moment *s = &v->when;
  bool contained = t->low >= s->low && t->high <= s->high;
  switch (v->prefix) {
    case ZD_PREFIX_EQ:
      return contained;
    case ZD_PREFIX_NE:
      return !contained;
    case ZD_PREFIX_GT:
      return t->high > s->high;
    case ZD_PREFIX_LT:
      return t->low < s->low;
    case ZD_PREFIX_GE:
      return t->high > s->high || contained;
    case ZD_PREFIX_LE:
      return t->low < s->low || contained;
    case ZD_PREFIX_SA:
      return t->low > s->high;
    case ZD_PREFIX_EB:
      return t->high < s->low;
    case ZD_PREFIX_AP:
      return t->low <= s->high && t->high >= s->low;
  }
  return false;
}

/* Target bounds against a number; a missing bound lies beyond every number. */
static int cmp_low(const zd_fact *t, const zd_decimal *d) {
  return t->no_low ? -1 : zd_decimal_cmp(&t->low, d);
}

static int cmp_high(const zd_fact *t, const zd_decimal *d) {
  return t->no_high ? 1 : zd_decimal_cmp(&t->high, d);
}

/* eq and ne mean the interval of the written precision, the others exactly the number. */
static bool match_number(const zd_search_value *v, const zd_fact *t) {
  const zd_decimal *n = &v->number;
  bool contained = cmp_low(t, &v->low) >= 0 && cmp_high(t, &v->high) < 0;
  bool is_it = cmp_low(t, n) >= 0 && cmp_high(t, n) <= 0;
  switch (v->prefix) {
    case ZD_PREFIX_EQ:
      return contained;
    case ZD_PREFIX_NE:
      return !contained;
    case ZD_PREFIX_GT:
      return cmp_high(t, n) > 0;
    case ZD_PREFIX_LT:
      return cmp_low(t, n) < 0;
    case ZD_PREFIX_GE:
      return cmp_high(t, n) > 0 || is_it;
    case ZD_PREFIX_LE:
      return cmp_low(t, n) < 0 || is_it;
    case ZD_PREFIX_SA:
      return cmp_low(t, n) > 0;
    case ZD_PREFIX_EB:
      return cmp_high(t, n) < 0;
    case ZD_PREFIX_AP:
      return cmp_low(t, &v->high) <= 0 && cmp_high(t, &v->low) >= 0;
  }
  return false;
}

static bool same(zd_slice a, zd_slice b) {
  return a.p && b.p && zd_slice_eq(a, b);
}

static bool match_unit(const zd_search_value *v, const zd_fact *t) {
  switch (v->unit) {
    case ZD_UNIT_ANY:
      return true;
    case ZD_UNIT_EXACT:
      return same(t->code, v->code) && same(t->system, v->system);
    case ZD_UNIT_LOOSE:
      return same(t->code, v->code) || same(t->text, v->code);
  }
  return false;
}

/* by * (a / b) without dividing. */
static bool scale(zd_decimal *by, const zd_decimal *a, const zd_decimal *b, zd_arena *arena) {
  zd_decimal product;
  return !zd_decimal_mul(by, a, arena, &product) && !zd_decimal_mul(&product, b, arena, by);
}

static bool move(zd_decimal *by, const zd_decimal *offset, zd_arena *arena) {
  zd_decimal was = *by;
  return !offset->n || !zd_decimal_add(&was, offset, arena, by);
}

static bool move_fact(zd_fact *f, const zd_decimal *offset, zd_arena *arena) {
  return (f->no_low || move(&f->low, offset, arena)) &&
         (f->no_high || move(&f->high, offset, arena));
}

/* Both in the canonical unit, multiplied by both denominators. */
static bool match_canonical(const zd_search *s, const zd_search_value *v, const zd_fact *t,
                            zd_arena *arena) {
  const zd_canonical_unit *asked = &v->canonical;
  zd_canonical_unit own;
  zd_search_value scaled = *v;
  zd_fact fact = *t;
  bool known;
  if (zd_canonical_of(s, t->system, t->code, arena, &own, &known) || !known) return false;
  if (!zd_slice_eq(own.code, asked->code)) return false;
  const zd_decimal *up = &asked->numerator, *down = &own.denominator, *from = &asked->offset;
  bool fine = move(&scaled.number, from, arena) && move(&scaled.low, from, arena) &&
              move(&scaled.high, from, arena) && move_fact(&fact, &own.offset, arena);
  fine = fine && scale(&scaled.number, up, down, arena) && scale(&scaled.low, up, down, arena) &&
         scale(&scaled.high, up, down, arena);
  up = &own.numerator;
  down = &asked->denominator;
  if (!t->no_low) fine = fine && scale(&fact.low, up, down, arena);
  if (!t->no_high) fine = fine && scale(&fact.high, up, down, arena);
  return fine && match_number(&scaled, &fact);
}

static bool match_quantity(const zd_search *s, const zd_search_value *v, const zd_fact *t,
                           zd_arena *arena) {
  if (v->has_canonical) return match_canonical(s, v, t, arena);
  return match_number(v, t) && match_unit(v, t);
}

static bool match_token(const zd_search_value *v, const zd_fact *t) {
  if (v->any_code) return same(t->system, v->system);
  if (!same(t->code, v->code)) return false;
  if (v->any_system) return true;
  return v->no_system ? !t->system.p : same(t->system, v->system);
}

/* A bare id may be of any type the parameter may refer to; no list means any. */
static bool may_target(const zd_search *s, const zd_search_param *p, zd_type type) {
  uint16_t n = zd_schema_param(s->schema, p->index).target_count;
  for (uint16_t k = 0; k < n; k++)
    if (zd_schema_is_a(s->schema, type, zd_schema_param_target(s->schema, p->index, k)))
      return true;
  return n == 0;
}

static bool match_reference(const zd_search *s, const zd_search_param *p, const zd_search_value *v,
                            const zd_fact *t) {
  const zd_fact *r = &v->reference;
  if (v->bare_id) return t->id.p && same(t->id, r->text) && may_target(s, p, t->type);
  if (r->id.p) return t->id.p && t->type == r->type && same(t->id, r->id);
  return !t->id.p && same(t->text, r->text) && (!r->version.p || same(t->version, r->version));
}

/* A canonical without a version is asked for with any; with one, exactly. */
static bool match_uri(const zd_search_value *v, const zd_fact *t) {
  zd_fact asked = {0};
  if (zd_slice_eq(t->text, v->text)) return true;
  zd_fact_canonical(v->text, &asked);
  return t->version.p && same(t->text, asked.text) && same(t->version, asked.version);
}

static bool match_string(const zd_search_value *v, const zd_fact *t, zd_arena *arena) {
  zd_slice folded = zd_fold(t->text, 0, NULL, arena);
  return folded.p && zd_slice_starts(folded, v->text);
}

bool zd_match_fact(const zd_search *s, const zd_search_param *param, const zd_search_value *v,
                   const zd_fact *fact, zd_arena *arena) {
  switch (param->kind) {
    case ZD_PARAM_DATE:
      return match_date(v, &fact->when);
    case ZD_PARAM_NUMBER:
      return match_number(v, fact);
    case ZD_PARAM_QUANTITY:
      return match_quantity(s, v, fact, arena);
    case ZD_PARAM_TOKEN:
      return match_token(v, fact);
    case ZD_PARAM_REFERENCE:
      return match_reference(s, param, v, fact);
    case ZD_PARAM_URI:
      return match_uri(v, fact);
    case ZD_PARAM_STRING:
      return match_string(v, fact, arena);
    case ZD_PARAM_SPECIAL:
      return zd_near_distance(v->near.latitude, v->near.longitude, fact->latitude,
                              fact->longitude) <= v->near.metres;
    default:
      return false;
  }
}

/* ---- modifiers ---- */

/* The codes are sorted, those without a system, which stand for any, before the others. */
static bool has_code(const zd_search_value *v, zd_slice system, zd_slice code) {
  size_t low = 0, high = v->code_count;
  zd_coded wanted = {.code = code, .system = system};
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = zd_coded_cmp(&v->codes[middle], &wanted);
    if (!order) return true;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

static bool match_codes(const zd_search_value *v, const zd_fact *t) {
  zd_slice none = {NULL, 0};
  if (!t->code.p) return false;
  return has_code(v, none, t->code) || (t->system.p && has_code(v, t->system, t->code));
}

static bool match_relatives(const zd_search *s, const zd_search_value *v, const zd_fact *t) {
  return t->id.p && has_code(v, zd_schema_type_info(s->schema, t->type).name, t->id);
}

/* "Below": the same, or deeper by whole segments of the path. */
static bool lies_below(zd_slice deep, zd_slice top) {
  if (!top.n || !zd_slice_starts(deep, top)) return false;
  return deep.n == top.n || top.p[top.n - 1] == '/' || deep.p[top.n] == '/';
}

static bool match_contains(const zd_search_value *v, const zd_fact *t, zd_arena *arena) {
  zd_slice folded = zd_fold(t->text, 0, NULL, arena);
  return folded.p && folded.n >= v->text.n &&
         memmem(folded.p, folded.n, v->text.p, v->text.n) != NULL;
}

/* One value against one fact, under the clause's modifier. */
static bool match_modified(const zd_search *s, const zd_clause *clause, const zd_search_value *v,
                           const zd_fact *fact, zd_arena *arena) {
  bool uri = clause->param->kind == ZD_PARAM_URI;
  bool hierarchy = clause->modifier == ZD_MOD_ABOVE || clause->modifier == ZD_MOD_BELOW;
  if (hierarchy && clause->param->kind == ZD_PARAM_REFERENCE) return match_relatives(s, v, fact);
  switch (clause->modifier) {
    case ZD_MOD_EXACT:
      return same(fact->text, v->raw);
    case ZD_MOD_CONTAINS:
    case ZD_MOD_TEXT:
      return match_contains(v, fact, arena);
    case ZD_MOD_IN:
    case ZD_MOD_NOT_IN:
      return match_codes(v, fact);
    case ZD_MOD_ABOVE:
      return uri ? lies_below(v->text, fact->text) : match_codes(v, fact);
    case ZD_MOD_BELOW:
      return uri ? lies_below(fact->text, v->text) : match_codes(v, fact);
    case ZD_MOD_IDENTIFIER:
      return match_token(v, fact);
    case ZD_MOD_TYPE:
      return zd_fact_target(s, fact) == clause->only &&
             zd_match_fact(s, clause->param, v, fact, arena);
    default:
      return zd_match_fact(s, clause->param, v, fact, arena);
  }
}

/* ---- from a resource to its facts ---- */

typedef struct asker {
  zd_source source;
  uint32_t root;
  const zd_clause *clause;
  const zd_search_param *param;
  const zd_search_value *values;
  size_t count;
  bool hit;
} asker;

static zd_err ask_fact(void *state, const zd_fact *fact) {
  asker *a = state;
  for (size_t i = 0; i < a->count && !a->hit; i++)
    a->hit = match_modified(a->source.search, a->clause, &a->values[i], fact, a->source.arena);
  return ZD_OK;
}

static zd_err ask_typed(asker *a, uint32_t node) {
  zd_err err = ZD_OK;
  for (size_t i = 0; i < a->count && !err && !a->hit; i++)
    err = zd_fact_is_typed(&a->source, node, a->values[i].system, a->values[i].code,
                           a->values[i].raw, &a->hit);
  return err;
}

/* A node that the parameter's expression yields. */
static zd_err ask_node(asker *a, uint32_t node) {
  switch (a->clause->modifier) {
    case ZD_MOD_MISSING:
      a->hit = zd_fact_is_there(&a->source, node);
      return ZD_OK;
    case ZD_MOD_TEXT:
      return zd_aspect_facts(&a->source, ZD_ASPECT_TEXT, node, ask_fact, a);
    case ZD_MOD_IDENTIFIER:
      return zd_aspect_facts(&a->source, ZD_ASPECT_IDENTIFIER, node, ask_fact, a);
    case ZD_MOD_OF_TYPE:
      return ask_typed(a, node);
    default:
      return zd_facts(&a->source, a->param->kind, node, ask_fact, a);
  }
}

static zd_err compile(const asker *a, uint32_t context, zd_slice expression, const zd_path **out) {
  const zd_tree *tree = a->source.tree;
  zd_fault fault = {0};
  return zd_path_compile(tree->schema, tree->nodes[context].type, expression, a->source.arena, out,
                         &fault);
}

/* A parameter may be a truth instead of a path: "Patient.deceased.exists() and ...". */
static zd_err ask_truth(asker *a, uint32_t context, const zd_path *path) {
  int truth;
  zd_err err = zd_path_test(path, a->source.tree, context, NULL, a->source.arena, &truth);
  if (err || truth < 0) return err;
  a->hit = a->clause->modifier == ZD_MOD_MISSING;
  return ask_fact(a, &(zd_fact){.code = truth ? ZD_S("true") : ZD_S("false")});
}

static zd_err ask_at(asker *a, uint32_t context, zd_slice expression) {
  zd_nodes nodes = {0};
  const zd_path *path;
  zd_err err = compile(a, context, expression, &path);
  if (!err && zd_path_is_boolean(path)) return ask_truth(a, context, path);
  if (!err) err = zd_path_eval(path, a->source.tree, context, a->source.arena, &nodes);
  for (size_t i = 0; i < nodes.n && !err && !a->hit; i++) err = ask_node(a, nodes.items[i]);
  return err;
}

/* R4 publishes the expressions of DocumentReference's `relationship` crossed: "code" for the
 * document referred to, "target" for the kind of relation. */
static zd_slice corrected(const zd_schema *schema, uint32_t composite, zd_slice expression) {
  if (!zd_slice_ends(zd_schema_param(schema, composite).url,
                     ZD_S("/DocumentReference-relationship")))
    return expression;
  return zd_slice_eq(expression, ZD_S("code")) ? ZD_S("target") : ZD_S("code");
}

static bool has_node(const zd_nodes *nodes, uint32_t node) {
  for (size_t i = 0; i < nodes->n; i++)
    if (nodes->items[i] == node) return true;
  return false;
}

/* A component is there when the element has what its own parameter speaks of: of a choice of types,
 * those that this one has. */
static zd_err ask_there(const asker *a, uint32_t element, uint32_t index, zd_slice expression,
                        bool *hit) {
  zd_nodes below = {0}, own = {0};
  const zd_path *path;
  const zd_tree *tree = a->source.tree;
  zd_err err = compile(a, element, expression, &path);
  if (!err) err = zd_path_eval(path, tree, element, a->source.arena, &below);
  expression = zd_schema_param(a->source.search->schema, index).expression;
  if (!err) err = compile(a, a->root, expression, &path);
  if (!err) err = zd_path_eval(path, tree, a->root, a->source.arena, &own);
  *hit = false;
  for (size_t i = 0; i < below.n && !err && !*hit; i++)
    *hit = has_node(&own, below.items[i]) && zd_fact_is_there(&a->source, below.items[i]);
  return err;
}

static zd_err ask_component(const asker *a, uint32_t element, uint32_t index, zd_slice expression,
                            const zd_search_value *v, bool *hit) {
  zd_search_param component = {.index = index,
                               .kind = zd_schema_param(a->source.search->schema, index).type};
  zd_clause clause = {.param = &component, .values = v, .count = 1};
  asker part = {
      .source = a->source, .clause = &clause, .param = &component, .values = v, .count = 1};
  zd_err err = ask_at(&part, element, expression);
  *hit = part.hit;
  return err;
}

/* All parts of one value must match below the same element, or be there. */
static zd_err ask_element(const asker *a, uint32_t element, const zd_search_value *v, bool *hit) {
  const zd_schema *schema = a->source.search->schema;
  bool there = a->clause->modifier == ZD_MOD_MISSING;
  uint16_t n = zd_schema_param(schema, a->param->index).component_count;
  *hit = true;
  for (uint16_t k = 0; k < n && *hit; k++) {
    zd_slice expression;
    uint32_t index = zd_schema_param_component(schema, a->param->index, k, &expression);
    expression = corrected(schema, a->param->index, expression);
    zd_err err = there ? ask_there(a, element, index, expression, hit)
                       : ask_component(a, element, index, expression, &v->parts[k], hit);
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err ask_composite(asker *a, uint32_t root, zd_slice expression) {
  zd_nodes elements = {0};
  const zd_path *path;
  zd_err err = compile(a, root, expression, &path);
  if (!err) err = zd_path_eval(path, a->source.tree, root, a->source.arena, &elements);
  for (size_t i = 0; i < elements.n && !err && !a->hit; i++)
    for (size_t k = 0; k < a->count && !err && !a->hit; k++)
      err = ask_element(a, elements.items[i], &a->values[k], &a->hit);
  return err;
}

/* From whether an element is there, or one matched, to what the clause asks. */
static bool as_asked(const zd_clause *clause, bool hit) {
  if (clause->modifier == ZD_MOD_NOT || clause->modifier == ZD_MOD_NOT_IN) return !hit;
  if (clause->modifier != ZD_MOD_MISSING) return hit;
  for (size_t i = 0; i < clause->count; i++)
    if (clause->values[i].missing != hit) return true;
  return false;
}

zd_err zd_match_clause(const zd_search *s, const zd_clause *clause, const zd_tree *tree,
                       uint32_t root, zd_arena *arena, bool *hit) {
  asker a = {.source = {.search = s, .tree = tree, .arena = arena},
             .root = root,
             .clause = clause,
             .param = clause->param,
             .values = clause->values,
             .count = clause->count};
  zd_slice expression = zd_schema_param(s->schema, clause->param->index).expression;
  zd_err err = clause->param->kind == ZD_PARAM_COMPOSITE ? ask_composite(&a, root, expression)
                                                         : ask_at(&a, root, expression);
  *hit = as_asked(clause, a.hit);
  return err;
}
