/* contained.c: what resources contain, in the index and asked. */
#include "search/entries/contained_match.h"
#include "search/plans/look.h"
#include "search/plans/planner.h"
#include "search/text/text.h"

zd_err zd_contained_open(zd_search *s, zd_fault *fault) {
  s->contained_field = zd_store_symbol(s->store, ZD_S("f:#contained"), true);
  if (s->contained_field == ZD_NO_SYMBOL)
    return zd_fail(fault, ZD_ERR_FULL, "no symbol left for contained resources");
  for (zd_type t = 0; t < zd_schema_type_count(s->schema); t++)
    s->types[t].contained = zd_schema_child(s->schema, t, ZD_S("contained"));
  return ZD_OK;
}

/* ---- in a resource ---- */

uint32_t zd_contained_next(const zd_search *s, const zd_tree *tree, uint32_t container,
                           uint32_t before) {
  zd_element e = s->types[tree->nodes[container].type].contained;
  if (e == ZD_NO_ELEMENT) return 0;
  uint32_t c = before ? zd_tree_next(tree, container, before) : zd_tree_first(tree, container);
  while (c && tree->nodes[c].element != e) c = zd_tree_next(tree, container, c);
  return c;
}

zd_err zd_contained_id(const zd_source *x, uint32_t node, zd_slice *out) {
  uint32_t id = zd_tree_child(x->tree, node, ZD_S("id"));
  *out = (zd_slice){NULL, 0};
  return id ? zd_source_text(x, id, out) : ZD_OK;
}

static zd_err reference_at(const zd_source *x, uint32_t node, zd_slice *out) {
  const zd_shape_info *shape = &x->search->shapes[x->tree->nodes[node].type];
  *out = (zd_slice){NULL, 0};
  if (shape->shape == ZD_SHAPE_REFERENCE) {
    node = zd_tree_child_element(x->tree, node, shape->slot[0]);
    return node ? zd_source_text(x, node, out) : ZD_OK;
  }
  bool uri = shape->shape == ZD_SHAPE_CANONICAL || shape->shape == ZD_SHAPE_URI;
  return uri ? zd_source_text(x, node, out) : ZD_OK;
}

zd_err zd_contained_target(const zd_source *x, uint32_t container, uint32_t node, uint32_t *out) {
  zd_slice text, id;
  zd_err err = reference_at(x, node, &text);
  *out = ZD_NO_NODE;
  if (err || !text.n || text.p[0] != '#') return err;
  text = zd_slice_from(text, 1);
  uint32_t c = 0;
  while (!err && *out == ZD_NO_NODE && (c = zd_contained_next(x->search, x->tree, container, c))) {
    if (!text.n) { /* "#": said within a contained resource, its container */
      if (node > c && node < x->tree->nodes[c].end) *out = container;
      continue;
    }
    err = zd_contained_id(x, c, &id);
    if (!err && id.p && zd_slice_eq(id, text)) *out = c;
  }
  return err;
}

/* ---- terms ---- */

zd_slice zd_contained_term(const zd_search *s, zd_type type, zd_arena *arena) {
  zd_slice name = type == ZD_NO_TYPE ? ZD_S("") : zd_schema_type_info(s->schema, type).name;
  return zd_arena_printf(arena, "%c%.*s", ZD_CONTAINED_IN, ZD_SV(name));
}

zd_slice zd_contained_link_term(const zd_search *s, uint32_t field, zd_type type, zd_arena *arena) {
  zd_slice name = zd_schema_type_info(s->schema, type).name;
  return zd_arena_printf(arena, "%c%u %.*s", ZD_CONTAINED_REFERRED, field, ZD_SV(name));
}

zd_slice zd_long_term(uint32_t field, zd_arena *arena) {
  return zd_arena_printf(arena, "%c%u", ZD_LONG_URI, field);
}

static const zd_plan *leaf(const zd_search *s, zd_plan_op op, zd_slice term, zd_arena *arena) {
  zd_plan *p = term.p ? zd_plan_new(arena, op) : NULL;
  if (!p) return NULL;
  p->field = s->contained_field;
  p->term = term;
  return p;
}

/* ---- CHECKs ---- */

static zd_err ask_within(zd_inner *container, const void *what, bool *hit) {
  const zd_contained_ask *w = what;
  zd_err err = ZD_OK;
  for (uint32_t c = 0;
       !err && !*hit && (c = zd_contained_next(container->s, container->tree, 0, c));)
    err = zd_contained_ask_at(container, w, c, hit);
  return err;
}

zd_err zd_contained_ask_at(const zd_inner *container, const zd_contained_ask *w, uint32_t node,
                           bool *hit) {
  zd_inner r = *container;
  r.node = node;
  *hit = false;
  bool fits = w->type == ZD_NO_TYPE || r.tree->nodes[node].type == w->type;
  return fits ? zd_inner_matches(&r, w->plan, hit) : ZD_OK;
}

typedef struct within {
  const zd_search *s;
  const zd_contained_ask *ask;
} within;

static zd_err check_within(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  const within *w = state;
  return zd_inner_look(w->s, v, row, ask_within, w->ask, hit);
}

/* ---- what can be asked ---- */

typedef struct survey {
  bool refers, refused;
} survey;

/* What stands behind a reference is asked of rows, and was looked over when that plan was made. */
static void look_over(survey *y, const zd_plan *p) {
  bool join = p->op == ZD_PLAN_REFERS || p->op == ZD_PLAN_REFERRED;
  y->refers |= join;
  if (join) return;
  if (p->op == ZD_PLAN_CHECK)
    y->refused |= !zd_planner_clause_of(p) && !zd_look_of(p) && !zd_text_phrase_of(p) &&
                  !zd_inner_asks(p) && !zd_plan_is_updated(p) && !zd_ask_is_named(p);
  for (size_t i = 0; i < p->child_count && !y->refused; i++) look_over(y, p->children[i]);
}

/* ---- chains ---- */

/* Whether anything is contained anywhere; asked once a query. */
static zd_err any_contained(zd_query_reader *q, bool *any) {
  uint64_t about = 1;
  zd_err err = ZD_OK;
  if (q->contained_known || !q->options->snapshot) {
    *any = !q->contained_known || q->any_contained;
    return ZD_OK;
  }
  const zd_plan *all = leaf(q->s, ZD_PLAN_PREFIX, ZD_S("T"), q->arena);
  if (!all) return ZD_ERR_MEMORY;
  err = zd_snapshot_estimate(q->options->snapshot, all, &about, &(zd_fault){0});
  q->contained_known = !err;
  *any = q->any_contained = about > 0;
  return err;
}

/* Rows whose reference under the parameter names a contained resource of a type it may refer to. */
static const zd_plan *link_leaf(const zd_search *s, const zd_search_param *param, zd_type type,
                                zd_arena *arena) {
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_TERM);
  if (!p) return NULL;
  p->field = zd_contained_place(s, param);
  p->term = zd_contained_link_term(s, param->field, type, arena);
  return p->term.p ? p : NULL;
}

static zd_err linked(zd_ask *a, const zd_search_param *param, const zd_plan **out) {
  const zd_search *s = a->q->s;
  uint16_t types = zd_schema_type_count(s->schema);
  const zd_plan **found = ZD_NEW_ARRAY(a->q->arena, const zd_plan *, types);
  size_t n = 0;
  if (!found) return ZD_ERR_MEMORY;
  for (zd_type t = 0; t < types; t++)
    if (zd_param_may_refer(s, param, t)) found[n++] = link_leaf(s, param, t, a->q->arena);
  return zd_plan_group(ZD_PLAN_OR, found, n, a->q->arena, out);
}

/* In a condition: what is contained in rows to come; and whatever contained resources refer to,
 * which the commit does not look at through them. */
static zd_err watch(zd_ask *a, const zd_plan *candidates, bool any, const zd_plan *target) {
  survey y = {0};
  if (!a->q->options->for_condition) return ZD_OK;
  look_over(&y, target);
  if (any && y.refers) return zd_query_watch_type(a->q, ZD_NO_TYPE);
  return zd_query_watch(a->q, candidates);
}

zd_err zd_contained_chain(zd_ask *a, const zd_search_param *param, const zd_plan *target,
                          const zd_plan **out) {
  zd_query_reader *q = a->q;
  const zd_plan *among = NULL;
  bool any = false;
  survey y = {0};
  *out = NULL;
  if (zd_contained_is_late(q->s))
    return zd_query_refuse(q, a->part->name, ZD_ISSUE_TRANSIENT,
                           "chains look into contained resources, and what was stored before is "
                           "being indexed for that; ask again later");
  zd_err err = any_contained(q, &any);
  if (err || (!any && !q->options->for_condition)) return err;
  err = linked(a, param, &among);
  if (!err) err = watch(a, among, any, target);
  if (err || !any) return err;
  look_over(&y, target);
  if (y.refused)
    return zd_ask_fail(a, ZD_ERR_UNSUPPORTED,
                       "contained resources cannot be asked what stands at the end of this chain");
  *out = zd_inner_chain_plan(&(zd_inner_chain){q->s, param, target}, among, q->arena);
  return *out ? ZD_OK : ZD_ERR_MEMORY;
}

zd_err zd_contained_has(zd_ask *a, zd_type type, zd_type source, const zd_search_param *param,
                        const zd_plan *from, zd_plan *join, const zd_plan **out) {
  zd_query_reader *q = a->q;
  const zd_inner_has has = {type, source, param, from};
  bool any = false;
  *out = NULL;
  zd_err err = any_contained(q, &any);
  if (err || !any) return err;
  if (join) return zd_inner_has_mark(&has, join, q->arena);
  zd_plan *none = zd_plan_new(q->arena, ZD_PLAN_NONE),
          *check = zd_plan_new(q->arena, ZD_PLAN_CHECK);
  const zd_plan **child = ZD_NEW_ARRAY(q->arena, const zd_plan *, 1);
  if (!none || !check || !child) return ZD_ERR_MEMORY;
  child[0] = none;
  check->children = child;
  check->child_count = 1;
  *out = check;
  return zd_inner_has_mark(&has, check, q->arena);
}

/* ---- _contained ---- */

static zd_err refuse(zd_query_reader *q, const char *why) {
  return zd_query_refuse(q, ZD_S("_contained"), ZD_ISSUE_NOT_SUPPORTED, "_contained: %s", why);
}

static zd_err may_query(zd_query_reader *q, const zd_plan *plan) {
  survey y = {0};
  look_over(&y, plan);
  if (zd_contained_is_late(q->s)) return zd_query_later(q, ZD_S("_contained"), "_contained");
  if (q->out->by_score) return refuse(q, "nothing is ranked, so there is no score to sort by");
  return y.refused ? refuse(q, "contained resources cannot be asked this") : ZD_OK;
}

/* Whether the order of matches depends on what is contained: only a container itself has a time and
 * an id to stand by. */
static bool is_listed(const zd_query_reader *q) {
  bool by_field = false;
  for (size_t i = 0; i < q->out->sort_count; i++) by_field |= q->out->sort[i].by == ZD_SORT_FIELD;
  return q->contained_apart || by_field;
}

zd_err zd_contained_query(zd_query_reader *q, const zd_plan **plan) {
  const zd_plan *both[2] = {*plan, NULL};
  zd_err err = may_query(q, *plan);
  q->out->text_count = 0; /* nothing is ranked */
  zd_contained_ask *ask = ZD_NEW(q->arena, zd_contained_ask);
  within *w = ZD_NEW(q->arena, within);
  if (err || !w || !ask) return err ? err : ZD_ERR_MEMORY;
  zd_plan_op op = q->type == ZD_NO_TYPE ? ZD_PLAN_PREFIX : ZD_PLAN_TERM;
  *ask = (zd_contained_ask){
      .type = q->type,
      .plan = *plan,
      .holders = leaf(q->s, op, zd_contained_term(q->s, q->type, q->arena), q->arena),
      .both = q->contained == ZD_CONTAINED_BOTH,
      .apart = q->contained_apart,
      .listed = is_listed(q)};
  *w = (within){q->s, ask};
  q->out->contained = ask;
  both[1] = zd_inner_check(check_within, w, ask->holders, q->arena);
  if (ask->both) return zd_plan_group(ZD_PLAN_OR, both, 2, q->arena, plan);
  *plan = both[1];
  return both[1] ? ZD_OK : ZD_ERR_MEMORY;
}
