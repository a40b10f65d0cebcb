/* plan.c: a clause becomes a plan over the index.
 *
 * The index answers alone wherever it can. Where a plan finds too much (a number of more digits
 * than a key holds, a string longer than a term, several quantities in one resource, a composite
 * whose element repeats), a CHECK asks match.c about the rows it found. A plan never finds too
 * little.
 */
#include "search/entries/branch.h"
#include "search/plans/planner.h"

typedef zd_planner planner;

/* ---- nodes ---- */

zd_plan *zd_plan_new(zd_arena *arena, zd_plan_op op) {
  zd_plan *p = ZD_NEW(arena, zd_plan);
  if (!p) return NULL;
  p->op = op;
  p->type = ZD_NO_SYMBOL;
  p->field = ZD_NO_SYMBOL;
  p->low_min = p->high_min = INT64_MIN;
  p->low_max = p->high_max = INT64_MAX;
  return p;
}

zd_err zd_plan_group(zd_plan_op op, const zd_plan *const *children, size_t n, zd_arena *arena,
                     const zd_plan **out) {
  if (n == 1 && (op == ZD_PLAN_AND || op == ZD_PLAN_OR)) {
    *out = children[0];
    return *out ? ZD_OK : ZD_ERR_MEMORY;
  }
  zd_plan *p = zd_plan_new(arena, n ? op : op == ZD_PLAN_AND ? ZD_PLAN_ALL : ZD_PLAN_NONE);
  const zd_plan **copy = ZD_NEW_ARRAY(arena, const zd_plan *, n + 1);
  if (!p || !copy) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < n; i++) {
    if (!children[i]) return ZD_ERR_MEMORY;
    copy[i] = children[i];
  }
  p->children = copy;
  p->child_count = n;
  *out = p;
  return ZD_OK;
}

zd_err zd_planner_pair(planner *m, zd_plan_op op, const zd_plan *a, const zd_plan *b,
                       const zd_plan **out) {
  const zd_plan *both[2] = {a, b};
  return zd_plan_group(op, both, 2, m->arena, out);
}

const zd_plan *zd_planner_term(planner *m, zd_plan_op op, uint32_t field, zd_slice text) {
  zd_plan *p = text.p ? zd_plan_new(m->arena, op) : NULL;
  if (!p) return NULL;
  p->field = field;
  p->term = text;
  return p;
}

static zd_err term_plan(planner *m, zd_plan_op op, zd_slice text, const zd_plan **out) {
  *out = zd_planner_term(m, op, m->param->field, text);
  return *out ? ZD_OK : ZD_ERR_MEMORY;
}

typedef struct bounds {
  int64_t low_min, low_max, high_min, high_max;
} bounds;

static const bounds anywhere = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};

static const zd_plan *range(planner *m, uint32_t field, bounds b) {
  zd_plan *p = zd_plan_new(m->arena, ZD_PLAN_RANGE);
  if (!p) return NULL;
  p->field = field;
  p->term = m->column;
  p->low_min = b.low_min;
  p->low_max = b.low_max;
  p->high_min = b.high_min;
  p->high_max = b.high_max;
  return p;
}

const zd_plan *zd_planner_range(planner *m, uint32_t field, int64_t low, int64_t high) {
  zd_plan *p = zd_plan_new(m->arena, ZD_PLAN_RANGE);
  if (!p) return NULL;
  p->field = field;
  p->low_min = low;
  p->high_max = high;
  return p;
}

zd_err zd_planner_others(planner *m, const zd_plan *found, const zd_plan **out) {
  const zd_plan *rest = NULL, *type;
  zd_err err = zd_plan_group(ZD_PLAN_NOT, &found, 1, m->arena, &rest);
  *out = rest;
  if (err || m->clause->type == ZD_NO_TYPE) return err;
  err = zd_plan_type(m->s, m->clause->type, m->arena, &type);
  return err ? err : zd_planner_pair(m, ZD_PLAN_AND, type, rest, out);
}

/* ---- CHECK ---- */

typedef struct check_state {
  const zd_search *s;
  const zd_clause *clause;
} check_state;

/* Reads the row and asks match.c. */
static zd_err check_row(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  const check_state *c = state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_record record;
  zd_fault fault = {0};
  zd_tree tree;
  zd_err err = zd_snapshot_read(v, row, false, &arena, &record, &fault);
  *hit = false;
  if (!err && record.body.n) {
    err = zd_stored_tree(c->s, record.type, record.body, &arena, &tree);
    if (!err) err = zd_match_clause(c->s, c->clause, &tree, 0, &arena, hit);
  }
  zd_arena_free(&arena);
  return err;
}

const zd_clause *zd_planner_clause_of(const zd_plan *plan) {
  if (plan->op != ZD_PLAN_CHECK || plan->check != check_row) return NULL;
  const check_state *state = plan->check_state;
  return state->clause;
}

zd_err zd_planner_checked(planner *m, const zd_plan *found, const zd_search_value *values, size_t n,
                          const zd_plan **out) {
  check_state *state = ZD_NEW(m->arena, check_state);
  zd_clause *clause = ZD_NEW(m->arena, zd_clause);
  zd_plan *p = zd_plan_new(m->arena, ZD_PLAN_CHECK);
  const zd_plan **child = ZD_NEW_ARRAY(m->arena, const zd_plan *, 1);
  if (!found || !state || !clause || !p || !child) return ZD_ERR_MEMORY;
  *clause = *m->clause;
  clause->values = values;
  clause->count = n;
  *state = (check_state){m->s, clause};
  child[0] = found;
  p->children = child;
  p->child_count = 1;
  p->check = check_row;
  p->check_state = state;
  *out = p;
  return ZD_OK;
}

/* ---- one value, by the parameter's type ---- */

/* The resource's interval against [low, high] of the search value; below and above are the nearest
 * values outside of it: low - 1, high + 1 where keys are exact. */
static zd_err compare(planner *m, uint32_t field, zd_prefix prefix, int64_t low, int64_t high,
                      int64_t below, int64_t above, const zd_plan **out) {
  bounds a = anywhere, b = anywhere;
  bool two = false;
  switch (prefix) {
    case ZD_PREFIX_EQ:
      a.low_min = low, a.high_max = high;
      break;
    case ZD_PREFIX_NE:
      a.low_max = below, b.high_min = above, two = true;
      break;
    case ZD_PREFIX_GT:
      a.high_min = above;
      break;
    case ZD_PREFIX_LT:
      a.low_max = below;
      break;
    case ZD_PREFIX_GE:
      a.low_min = low, b.high_min = above, two = true;
      break;
    case ZD_PREFIX_LE:
      a.low_max = below, b.high_max = high, two = true;
      break;
    case ZD_PREFIX_SA:
      a.low_min = above;
      break;
    case ZD_PREFIX_EB:
      a.high_max = below;
      break;
    case ZD_PREFIX_AP:
      a.low_max = high, a.high_min = low;
      break;
  }
  if (two) return zd_planner_pair(m, ZD_PLAN_OR, range(m, field, a), range(m, field, b), out);
  *out = range(m, field, a);
  return *out ? ZD_OK : ZD_ERR_MEMORY;
}

static zd_err plan_date(planner *m, const zd_search_value *v, const zd_plan **out) {
  return compare(m, m->param->field, v->prefix, v->when.low, v->when.high, v->when.low - 1,
                 v->when.high + 1, out);
}

/* Is everything on one side of a number asked for? */
static bool is_order(zd_prefix prefix) {
  return prefix != ZD_PREFIX_EQ && prefix != ZD_PREFIX_NE && prefix != ZD_PREFIX_AP;
}

/* Compared with a number whose key is `key`, as others' are. */
static zd_err part_of_order(planner *m, uint32_t field, zd_prefix prefix, int64_t key,
                            const zd_plan **out) {
  bounds b = anywhere;
  bool above = prefix == ZD_PREFIX_GT || prefix == ZD_PREFIX_GE || prefix == ZD_PREFIX_SA;
  if (m->part == ZD_PART_BORDER)
    b.low_max = b.high_min = key;
  else if (above)
    b.low_min = key + 1;
  else
    b.high_max = key - 1;
  *out = range(m, field, b);
  return *out ? ZD_OK : ZD_ERR_MEMORY;
}

/* The numbers of a value as keys. When a key is shared with other numbers, the neighbours that
 * share it are let in, and the value is doubtful. */
zd_err zd_plan_number(planner *m, const zd_search_value *v, uint32_t field, const zd_plan **out) {
  bool around = v->prefix == ZD_PREFIX_EQ || v->prefix == ZD_PREFIX_NE || v->prefix == ZD_PREFIX_AP;
  bool low_exact, high_exact;
  int64_t low = zd_decimal_key(around ? &v->low : &v->number, &low_exact);
  int64_t high = zd_decimal_key(around ? &v->high : &v->number, &high_exact);
  if (!low_exact || !high_exact) {
    bool border = is_order(v->prefix);
    if (border)
      m->border = true;
    else
      m->doubtful = true;
    if (border && m->part != ZD_PART_ALL) return part_of_order(m, field, v->prefix, low, out);
  }
  int64_t below = low - low_exact, above = high + high_exact;
  if (v->prefix == ZD_PREFIX_EQ || v->prefix == ZD_PREFIX_NE) { /* [low, high) */
    above = high;
    high -= high_exact;
  }
  return compare(m, field, v->prefix, low, high, below, above, out);
}

static zd_err unit_plan(planner *m, const zd_search_value *v, const zd_plan **out) {
  uint32_t field = m->param->unit_field;
  if (v->unit == ZD_UNIT_EXACT) {
    uint32_t symbol = zd_term_system(m->s, v->system, false, m->arena);
    *out =
        zd_planner_term(m, ZD_PLAN_TERM, field, zd_term_unit(v->code, symbol, v->system, m->arena));
    return *out ? ZD_OK : ZD_ERR_MEMORY;
  }
  return zd_planner_pair(
      m, ZD_PLAN_OR, zd_planner_term(m, ZD_PLAN_PREFIX, field, zd_term_unit_any(v->code, m->arena)),
      zd_planner_term(m, ZD_PLAN_TERM, field, zd_term_tagged(ZD_UNIT_TEXT, v->code, m->arena)),
      out);
}

const zd_plan *zd_planner_mark(planner *m, uint32_t unit_field) {
  static const char mark[1] = {ZD_UNIT_MIXED};
  return zd_planner_term(m, ZD_PLAN_TERM, unit_field, zd_slice_make(mark, 1));
}

/* `found`, sure for rows without the mark of the quantity's field, looked at for rows with it. */
static zd_err split_by_mark(planner *m, const zd_plan *found, uint32_t unit_field,
                            const zd_search_value *v, const zd_plan **out) {
  const zd_plan *mark = zd_planner_mark(m, unit_field);
  const zd_plan *no_mark, *sure, *marked;
  zd_err err = zd_plan_group(ZD_PLAN_NOT, &mark, 1, m->arena, &no_mark);
  if (!err) err = zd_planner_pair(m, ZD_PLAN_AND, found, no_mark, &sure);
  if (!err) err = zd_planner_pair(m, ZD_PLAN_AND, found, mark, &marked);
  if (!err) err = zd_planner_checked(m, marked, v, 1, &marked);
  return err ? err : zd_planner_pair(m, ZD_PLAN_OR, sure, marked, out);
}

zd_err zd_plan_as_written(planner *m, const zd_search_value *v, const zd_plan **out) {
  const zd_plan *number, *unit;
  zd_err err = zd_plan_number(m, v, m->param->field, &number);
  *out = number;
  if (err || v->unit == ZD_UNIT_ANY) return err;
  err = unit_plan(m, v, &unit);
  return err ? err : zd_planner_pair(m, ZD_PLAN_AND, number, unit, out);
}

static zd_err plan_quantity(planner *m, const zd_search_value *v, const zd_plan **out) {
  if (v->has_canonical) return zd_plan_canonical(m, v, out);
  zd_err err = zd_plan_as_written(m, v, out);
  if (err || v->unit == ZD_UNIT_ANY) return err;
  if (m->param != m->clause->param) return ZD_OK; /* of a component the composite decides */
  return split_by_mark(m, *out, m->param->unit_field, v, out);
}

static zd_err plan_token(planner *m, const zd_search_value *v, const zd_plan **out) {
  if (v->any_system) return term_plan(m, ZD_PLAN_PREFIX, zd_term_token_any(v->code, m->arena), out);
  zd_slice none = {NULL, 0}, system = v->no_system ? none : v->system;
  uint32_t symbol = zd_term_system(m->s, system, false, m->arena);
  zd_slice code = v->any_code ? ZD_S("") : v->code;
  return term_plan(m, ZD_PLAN_TERM, zd_term_token(code, symbol, system, m->arena), out);
}

static zd_err local_plan(planner *m, zd_type type, zd_slice id, const zd_plan **out) {
  return term_plan(m, ZD_PLAN_TERM, zd_term_local(m->s, type, id, m->arena), out);
}

static bool may_target(planner *m, zd_type type) {
  const zd_schema *schema = m->s->schema;
  if (!zd_schema_is_resource(schema, type)) return false;
  if (m->param->only != ZD_NO_TYPE) return type == m->param->only;
  uint16_t n = zd_schema_param(schema, m->param->index).target_count;
  for (uint16_t k = 0; k < n; k++)
    if (zd_schema_is_a(schema, type, zd_schema_param_target(schema, m->param->index, k)))
      return true;
  return n == 0;
}

/* An id alone may be of any type that the parameter may refer to. */
static zd_err plan_bare_id(planner *m, zd_slice id, const zd_plan **out) {
  uint16_t types = zd_schema_type_count(m->s->schema);
  const zd_plan **found = ZD_NEW_ARRAY(m->arena, const zd_plan *, types);
  size_t n = 0;
  if (!found) return ZD_ERR_MEMORY;
  for (zd_type t = 0; t < types; t++) {
    if (!may_target(m, t)) continue;
    if (++m->guesses > ZD_QUERY_GUESSES_MAX) return ZD_ERR_LIMIT;
    zd_err err = local_plan(m, t, id, &found[n++]);
    if (err) return err;
  }
  return zd_plan_group(ZD_PLAN_OR, found, n, m->arena, out);
}

static zd_err plan_reference(planner *m, const zd_search_value *v, const zd_plan **out) {
  const zd_fact *r = &v->reference;
  if (v->bare_id) return plan_bare_id(m, r->text, out);
  if (m->param->only != ZD_NO_TYPE && zd_fact_target(m->s, r) != m->param->only) {
    *out = zd_plan_new(m->arena, ZD_PLAN_NONE);
    return *out ? ZD_OK : ZD_ERR_MEMORY;
  }
  if (r->id.p) return local_plan(m, r->type, r->id, out);
  if (!r->version.p)
    return term_plan(m, ZD_PLAN_TERM, zd_term_tagged(ZD_TERM_URL, r->text, m->arena), out);
  zd_slice whole = {r->text.p, r->text.n + 1 + r->version.n};
  return term_plan(m, ZD_PLAN_TERM, zd_term_tagged(ZD_TERM_VERSIONED, whole, m->arena), out);
}

/* The longest beginning that a stored term can have: whole characters. */
static zd_slice cut(zd_slice folded) {
  if (folded.n <= ZD_STRING_MAX) return folded;
  size_t n = ZD_STRING_MAX;
  while (n && ((unsigned char)folded.p[n] & 0xC0) == 0x80) n--;
  if (n && folded.p[n - 1] == ' ') n--; /* a blank is stored only with what follows it */
  return (zd_slice){folded.p, n};
}

static zd_err plan_string(planner *m, const zd_search_value *v, const zd_plan **out) {
  if (v->text.n > ZD_STRING_MAX) m->doubtful = true;
  return term_plan(m, ZD_PLAN_PREFIX, cut(v->text), out);
}

static zd_err plan_composite(planner *m, const zd_search_value *v, const zd_plan **out);

zd_err zd_plan_value(planner *m, const zd_search_value *v, const zd_plan **out) {
  switch (m->param->kind) {
    case ZD_PARAM_DATE:
      return plan_date(m, v, out);
    case ZD_PARAM_NUMBER:
      return zd_plan_number(m, v, m->param->field, out);
    case ZD_PARAM_QUANTITY:
      return plan_quantity(m, v, out);
    case ZD_PARAM_TOKEN:
      return plan_token(m, v, out);
    case ZD_PARAM_REFERENCE:
      return plan_reference(m, v, out);
    case ZD_PARAM_URI:
      return term_plan(m, ZD_PLAN_TERM, zd_term_uri(v->text, m->arena), out);
    case ZD_PARAM_STRING:
      return plan_string(m, v, out);
    case ZD_PARAM_COMPOSITE:
      return plan_composite(m, v, out);
    case ZD_PARAM_SPECIAL:
      return zd_plan_near(m, v, out);
    default:
      return ZD_ERR_INTERNAL;
  }
}

/* ---- composites ---- */

/* What a branch of a component and a branch of its stand-alone parameter say, made comparable. */
static bool same_branch(const zd_branch *a, const zd_branch *b) {
  if (a->n != b->n || a->only != b->only) return false;
  for (int i = 0; i < a->n; i++)
    if (a->steps[i].as != b->steps[i].as || !zd_slice_eq(a->steps[i].name, b->steps[i].name))
      return false;
  return true;
}

/* The index marks resources that have such a value for a quantity parameter. */
static bool is_marked(planner *m, const zd_branch *b) {
  zd_type as = b->n ? b->steps[b->n - 1].as : ZD_NO_TYPE;
  if (as == ZD_NO_TYPE) return false;
  zd_shape shape = m->s->shapes[as].shape;
  return shape == ZD_SHAPE_RANGE || shape == ZD_SHAPE_SAMPLED;
}

/* True when every branch that the stand-alone parameter has for the type is one of the component's,
 * so that its index entries are the component's values and nothing else but marked ones. */
static bool says_the_same(planner *m, zd_slice component, zd_slice alone) {
  zd_slice part;
  while (zd_branch_next(&alone, &part)) {
    zd_branch a, b;
    zd_slice inner, rest = component;
    bool found = false;
    if (!zd_branch_for(m->s->schema, m->clause->type, part)) continue;
    if (!zd_branch_read(m->s->schema, part, true, &a)) return false;
    while (!found && zd_branch_next(&rest, &inner))
      found = zd_branch_read(m->s->schema, inner, false, &b) && same_branch(&a, &b);
    if (!found && !is_marked(m, &a)) return false;
  }
  return true;
}

/* How far the components' own entries answer a composite. Of one that stands for the resource
 * itself ("Observation") they answer it wholly: there is one element, the resource; with a quantity
 * among them, for rows without its mark (*marked is its field). Otherwise they only narrow it. */
typedef enum sureness { SURE, SURE_UNLESS_MARKED, UNSURE } sureness;

static sureness composite_sureness(planner *m, const zd_search_param *composite, uint32_t *marked) {
  const zd_schema *schema = m->s->schema;
  zd_param_info info = zd_schema_param(schema, composite->index);
  sureness sure = SURE;
  if (!zd_slice_eq(info.expression, zd_schema_type_info(schema, m->clause->type).name))
    return UNSURE;
  for (uint16_t k = 0; k < info.component_count; k++) {
    zd_slice expression;
    uint32_t index = zd_schema_param_component(schema, composite->index, k, &expression);
    zd_param_info alone = zd_schema_param(schema, index);
    const zd_search_param *own = zd_program_param(m->s, m->clause->type, index);
    if (!own || !says_the_same(m, expression, alone.expression)) return UNSURE;
    if (alone.type != ZD_PARAM_QUANTITY) continue;
    if (sure == SURE_UNLESS_MARKED) return UNSURE; /* two quantities: no such composite in R4 */
    sure = SURE_UNLESS_MARKED;
    *marked = own->unit_field;
  }
  return sure;
}

static zd_err composite_parts(planner *m, const zd_search_value *v, const zd_plan **out) {
  const zd_search_param *composite = m->param;
  uint16_t n = zd_schema_param(m->s->schema, composite->index).component_count;
  const zd_plan **parts = ZD_NEW_ARRAY(m->arena, const zd_plan *, n + 1u);
  size_t count = 0;
  zd_err err = parts ? ZD_OK : ZD_ERR_MEMORY;
  for (uint16_t k = 0; k < n && !err; k++) {
    zd_slice expression;
    uint32_t index = zd_schema_param_component(m->s->schema, composite->index, k, &expression);
    m->param = zd_program_param(m->s, m->clause->type, index);
    if (m->param && m->param->field != ZD_NO_SYMBOL)
      err = zd_plan_value(m, &v->parts[k], &parts[count++]);
  }
  m->param = composite;
  return err ? err : zd_plan_group(ZD_PLAN_AND, parts, count, m->arena, out);
}

static zd_err plan_composite(planner *m, const zd_search_value *v, const zd_plan **out) {
  uint32_t marked = ZD_NO_SYMBOL;
  zd_err err = composite_parts(m, v, out);
  if (err) return err;
  if (m->border) m->doubtful = true;
  switch (composite_sureness(m, m->param, &marked)) {
    case SURE:
      return ZD_OK;
    case SURE_UNLESS_MARKED:
      return m->doubtful ? ZD_OK : split_by_mark(m, *out, marked, v, out);
    case UNSURE:
      m->doubtful = true;
  }
  return ZD_OK;
}

/* The rows where the index says that a component with a quantity is there, but for a value that the
 * composite may not mean: those with the mark, and those that say nothing the index holds. */
static zd_err doubtful_there(planner *m, uint32_t marked, const zd_plan **out) {
  uint16_t n = zd_schema_param(m->s->schema, m->param->index).component_count;
  const zd_plan *any[2] = {zd_planner_mark(m, marked), NULL};
  for (uint16_t k = 0; k < n; k++) {
    uint32_t index = zd_schema_param_component(m->s->schema, m->param->index, k, NULL);
    const zd_search_param *p = zd_program_param(m->s, m->clause->type, index);
    if (p && p->unit_field == marked)
      any[1] = zd_planner_term(m, ZD_PLAN_PREFIX, p->more_field, ZD_S(""));
  }
  return zd_plan_group(ZD_PLAN_OR, any, 2, m->arena, out);
}

static zd_err components_there(planner *m, const zd_search_value *v, const zd_plan **out) {
  const zd_search_param *composite = m->param;
  uint16_t n = zd_schema_param(m->s->schema, composite->index).component_count;
  const zd_plan **parts = ZD_NEW_ARRAY(m->arena, const zd_plan *, n + 1u);
  size_t count = 0;
  zd_err err = parts ? ZD_OK : ZD_ERR_MEMORY;
  for (uint16_t k = 0; k < n && !err; k++) {
    uint32_t index = zd_schema_param_component(m->s->schema, composite->index, k, NULL);
    m->param = zd_program_param(m->s, m->clause->type, index);
    if (m->param && m->param->field != ZD_NO_SYMBOL) err = zd_plan_there(m, v, &parts[count++]);
  }
  m->param = composite;
  return err ? err : zd_plan_group(ZD_PLAN_AND, parts, count, m->arena, out);
}

zd_err zd_plan_composite_there(planner *m, const zd_search_value *v, const zd_plan **out) {
  uint32_t marked = ZD_NO_SYMBOL;
  const zd_plan *doubt, *none, *sure, *looked;
  zd_search_value *is_there = ZD_NEW(m->arena, zd_search_value);
  zd_err err = is_there ? components_there(m, v, out) : ZD_ERR_MEMORY;
  if (err) return err;
  *is_there = *v;
  is_there->missing = false;
  sureness how = composite_sureness(m, m->param, &marked);
  if (how == SURE) return ZD_OK;
  if (how == UNSURE) return zd_planner_checked(m, *out, is_there, 1, out);
  err = doubtful_there(m, marked, &doubt);
  if (!err) err = zd_plan_group(ZD_PLAN_NOT, &doubt, 1, m->arena, &none);
  if (!err) err = zd_planner_pair(m, ZD_PLAN_AND, *out, none, &sure);
  if (!err) err = zd_planner_pair(m, ZD_PLAN_AND, *out, doubt, &looked);
  if (!err) err = zd_planner_checked(m, looked, is_there, 1, &looked);
  return err ? err : zd_planner_pair(m, ZD_PLAN_OR, sure, looked, out);
}

/* ---- the clause ---- */

/* Modifiers that ask for the resources without a match. */
static bool negates(zd_modifier modifier) {
  return modifier == ZD_MOD_NOT || modifier == ZD_MOD_NOT_IN;
}

/* Beyond the key of the number asked for rows are sure; those that share it are looked at. */
static zd_err plan_border(planner *m, const zd_search_value *v, const zd_plan **out) {
  const zd_plan *sure, *border, *rest;
  m->part = ZD_PART_SURE;
  zd_err err = zd_plan_modified(m, v, &sure);
  m->part = ZD_PART_BORDER;
  if (!err) err = zd_plan_modified(m, v, &border);
  m->part = ZD_PART_ALL;
  if (!err) err = zd_plan_group(ZD_PLAN_NOT, &sure, 1, m->arena, &rest);
  if (!err) err = zd_planner_pair(m, ZD_PLAN_AND, border, rest, &border);
  if (!err) err = zd_planner_checked(m, border, v, 1, &border);
  return err ? err : zd_planner_pair(m, ZD_PLAN_OR, sure, border, out);
}

static zd_err plan_values(planner *m, const zd_plan **out) {
  const zd_clause *clause = m->clause;
  const zd_plan **found = ZD_NEW_ARRAY(m->arena, const zd_plan *, clause->count + 1);
  zd_err err = found ? ZD_OK : ZD_ERR_MEMORY;
  for (size_t i = 0; i < clause->count && !err; i++) {
    m->doubtful = m->border = false;
    err = zd_plan_modified(m, &clause->values[i], &found[i]);
    if (!err && m->border && !m->doubtful)
      err = plan_border(m, &clause->values[i], &found[i]);
    else if (!err && m->doubtful)
      err = zd_planner_checked(m, found[i], &clause->values[i], 1, &found[i]);
  }
  return err ? err : zd_plan_group(ZD_PLAN_OR, found, clause->count, m->arena, out);
}

zd_err zd_plan_clause(const zd_search *s, const zd_clause *clause, zd_arena *arena,
                      const zd_plan **out) {
  /* What negates is planned, and checked, as what it negates. */
  zd_clause positive = *clause;
  if (clause->modifier == ZD_MOD_NOT) positive.modifier = ZD_MOD_NONE;
  if (clause->modifier == ZD_MOD_NOT_IN) positive.modifier = ZD_MOD_IN;
  planner m = {.s = s, .clause = &positive, .param = clause->param, .arena = arena};
  zd_err err = plan_values(&m, out);
  return err || !negates(clause->modifier) ? err : zd_planner_others(&m, *out, out);
}
