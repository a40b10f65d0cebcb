/* contained.c: what resources contain, in the index and asked. */
#include "search/entries/contained.h"

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

static zd_err id_of(const zd_source *x, uint32_t node, zd_slice *out) {
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
    err = id_of(x, c, &id);
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

/* ---- a plan, asked of one resource ---- */

/* What is asked: a contained resource, or a row that one refers to. */
typedef struct resource {
  const zd_search *s;
  zd_snapshot *v;
  zd_arena *arena;
  const zd_tree *tree; /* NULL: the row */
  uint32_t container, node;
  zd_row row;
  uint32_t type; /* symbol */
  zd_slice id;
  const zd_entry *entries;
  size_t n;
  bool derived;
} resource;

typedef struct chain {
  const zd_search *s;
  const zd_search_param *param;
  const zd_plan *target;
} chain;

typedef struct within {
  const zd_search *s;
  zd_type type; /* ZD_NO_TYPE: any */
  const zd_plan *plan;
} within;

static zd_err check_chain(void *state, zd_snapshot *v, zd_row row, bool *hit);
static zd_err matches(resource *r, const zd_plan *p, bool *hit);

static zd_err derive(resource *r) {
  zd_fault fault = {0};
  if (r->derived) return ZD_OK;
  r->derived = true;
  if (!r->tree) return zd_snapshot_entries(r->v, r->row, r->arena, &r->entries, &r->n, &fault);
  return zd_entries_within(r->s, r->tree, r->container, r->node, r->arena, &r->entries, &r->n);
}

static bool entry_matches(const zd_plan *p, const zd_entry *e) {
  if (e->field != p->field || (e->kind == ZD_ENTRY_RANGE) != (p->op == ZD_PLAN_RANGE)) return false;
  switch (p->op) {
    case ZD_PLAN_TERM:
      return zd_slice_eq(e->term, p->term);
    case ZD_PLAN_PREFIX:
      return zd_slice_starts(e->term, p->term);
    case ZD_PLAN_SPAN:
      return zd_slice_cmp(e->term, p->term) >= 0 && (!p->to.p || zd_slice_cmp(e->term, p->to) < 0);
    case ZD_PLAN_CONTAINS:
      return zd_slice_starts(e->term, p->term) &&
             (!p->to.n ||
              memmem(e->term.p + p->term.n, e->term.n - p->term.n, p->to.p, p->to.n) != NULL);
    case ZD_PLAN_RANGE:
      return e->low >= p->low_min && e->low <= p->low_max && e->high >= p->high_min &&
             e->high <= p->high_max;
    default:
      return false;
  }
}

static zd_err any_entry(resource *r, const zd_plan *p, bool *hit) {
  zd_err err = derive(r);
  for (size_t i = 0; i < r->n && !err && !*hit; i++) *hit = entry_matches(p, &r->entries[i]);
  return err;
}

static zd_err any_child(resource *r, const zd_plan *p, bool wanted, bool *hit) {
  zd_err err = ZD_OK;
  bool one = !wanted;
  for (size_t i = 0; i < p->child_count && !err && one != wanted; i++)
    err = matches(r, p->children[i], &one);
  *hit = one;
  return err;
}

/* A row that a reference names. */
static zd_err named_row(const resource *from, uint32_t type, zd_slice id, resource *out,
                        bool *there) {
  zd_record record;
  zd_fault fault = {0};
  *out = (resource){.s = from->s, .v = from->v, .arena = from->arena, .type = type, .id = id};
  zd_err err = zd_snapshot_find(from->v, type, id, &out->row);
  *there = false;
  if (err == ZD_ERR_NOT_FOUND) return ZD_OK;
  if (!err) err = zd_snapshot_read(from->v, out->row, true, from->arena, &record, &fault);
  *there = !err && record.op != ZD_OP_DELETE;
  return err;
}

static zd_err follows(resource *r, const zd_plan *p, bool *hit) {
  zd_err err = derive(r);
  for (size_t i = 0; i < r->n && !err && !*hit; i++) {
    const zd_entry *e = &r->entries[i];
    uint32_t type;
    zd_slice id;
    resource target;
    bool there;
    if (e->field != p->field || e->kind != ZD_ENTRY_TERM || !zd_name_read(e->term, &type, &id))
      continue;
    err = named_row(r, type, id, &target, &there);
    if (!err && there) err = matches(&target, p->children[0], hit);
  }
  return err;
}

/* The contained resources that the one asked refers to. */
static zd_err follows_within(const resource *r, const chain *c, bool *hit) {
  zd_nodes nodes = {0};
  zd_fault fault = {0};
  const zd_path *path;
  zd_source source = {.search = r->s, .tree = r->tree, .arena = r->arena};
  zd_slice expression = zd_schema_param(r->s->schema, c->param->index).expression;
  zd_err err = zd_path_compile(r->tree->schema, r->tree->nodes[r->node].type, expression, r->arena,
                               &path, &fault);
  if (!err) err = zd_path_eval(path, r->tree, r->node, r->arena, &nodes);
  for (size_t i = 0; i < nodes.n && !err && !*hit; i++) {
    resource target = {.s = r->s,
                       .v = r->v,
                       .arena = r->arena,
                       .tree = r->tree,
                       .container = r->container,
                       .row = ZD_NO_ROW};
    err = zd_contained_target(&source, r->container, nodes.items[i], &target.node);
    if (!err && target.node != ZD_NO_NODE) err = matches(&target, c->target, hit);
  }
  return err;
}

static zd_err checked(resource *r, const zd_plan *p, bool *hit) {
  zd_err err = matches(r, p->children[0], hit);
  if (err || !*hit) return err;
  if (!r->tree) return p->check(p->check_state, r->v, r->row, hit);
  const zd_clause *clause = zd_planner_clause_of(p);
  const zd_look *look = zd_look_of(p);
  const zd_text_clause *phrase = zd_text_phrase_of(p);
  *hit = false;
  if (clause) return zd_match_clause(r->s, clause, r->tree, r->node, r->arena, hit);
  if (look) return zd_look_at(look, r->tree, r->node, r->arena, hit);
  if (phrase) return zd_text_match(phrase, r->tree, r->node, r->arena, hit);
  return p->check == check_chain ? follows_within(r, p->check_state, hit) : ZD_OK;
}

static zd_err is_one_of(resource *r, const zd_plan *p, bool *hit) {
  zd_slice id = r->id;
  zd_source source = {.search = r->s, .tree = r->tree, .arena = r->arena};
  zd_err err = r->tree ? id_of(&source, r->node, &id) : ZD_OK;
  for (size_t i = 0; i < p->id_count && !err && !*hit; i++)
    *hit = id.p && zd_slice_eq(id, p->ids[i]);
  return err;
}

static zd_err matches(resource *r, const zd_plan *p, bool *hit) {
  if (r->tree) r->type = zd_search_type_symbol(r->s, r->tree->nodes[r->node].type);
  *hit = false;
  switch (p->op) {
    case ZD_PLAN_ALL:
      *hit = true;
      return ZD_OK;
    case ZD_PLAN_NONE:
    case ZD_PLAN_REFERRED: /* of a contained one; zd_contained_refuses the others */
      return ZD_OK;
    case ZD_PLAN_TYPE:
      *hit = r->type == p->type;
      return ZD_OK;
    case ZD_PLAN_ROWS: /* a contained resource has no time of its own */
      *hit = !r->tree && r->row >= p->first && r->row < p->last;
      return ZD_OK;
    case ZD_PLAN_IDS:
      return r->type == p->type ? is_one_of(r, p, hit) : ZD_OK;
    case ZD_PLAN_AND:
      return any_child(r, p, false, hit);
    case ZD_PLAN_OR:
      return any_child(r, p, true, hit);
    case ZD_PLAN_NOT: {
      zd_err err = p->child_count ? matches(r, p->children[0], hit) : ZD_OK;
      *hit = !*hit;
      return err;
    }
    case ZD_PLAN_CHECK:
      return checked(r, p, hit);
    case ZD_PLAN_REFERS:
      return follows(r, p, hit);
    default:
      return any_entry(r, p, hit);
  }
}

/* ---- CHECKs ---- */

/* Reads the row; `ask` with the container. */
static zd_err look_into(const zd_search *s, zd_snapshot *v, zd_row row,
                        zd_err (*ask)(resource *container, const void *what, bool *hit),
                        const void *what, bool *hit) {
  zd_arena arena;
  zd_record record;
  zd_tree tree;
  zd_fault fault = {0};
  zd_arena_init(&arena, 0);
  resource r = {.s = s, .v = v, .arena = &arena, .tree = &tree, .row = ZD_NO_ROW};
  zd_err err = zd_snapshot_read(v, row, false, &arena, &record, &fault);
  *hit = false;
  if (!err && record.body.n) {
    err = zd_stored_tree(s, record.type, record.body, &arena, &tree);
    if (!err) err = ask(&r, what, hit);
  }
  zd_arena_free(&arena);
  return err;
}

static zd_err ask_chain(resource *container, const void *what, bool *hit) {
  return follows_within(container, what, hit);
}

static zd_err check_chain(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  const chain *c = state;
  return look_into(c->s, v, row, ask_chain, c, hit);
}

static zd_err ask_within(resource *container, const void *what, bool *hit) {
  const within *w = what;
  const zd_tree *tree = container->tree;
  zd_err err = ZD_OK;
  for (uint32_t c = 0; !err && !*hit && (c = zd_contained_next(w->s, tree, 0, c));) {
    resource r = *container;
    r.node = c;
    if (w->type == ZD_NO_TYPE || tree->nodes[c].type == w->type) err = matches(&r, w->plan, hit);
  }
  return err;
}

static zd_err check_within(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  const within *w = state;
  return look_into(w->s, v, row, ask_within, w, hit);
}

static const zd_plan *check_plan(zd_err (*check)(void *, zd_snapshot *, zd_row, bool *),
                                 void *state, const zd_plan *among, zd_arena *arena) {
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_CHECK);
  const zd_plan **child = ZD_NEW_ARRAY(arena, const zd_plan *, 1);
  if (!p || !child || !state || !among) return NULL;
  child[0] = among;
  p->children = child;
  p->child_count = 1;
  p->check = check;
  p->check_state = state;
  return p;
}

/* ---- what can be asked ---- */

typedef struct survey {
  bool refers, refused;
} survey;

/* What stands behind a reference is asked of rows, and was looked over when that plan was made. */
static void look_over(survey *y, const zd_plan *p) {
  if (p->op == ZD_PLAN_REFERS) y->refers = true;
  if (p->op == ZD_PLAN_REFERS || p->op == ZD_PLAN_REFERRED) return;
  if (p->op == ZD_PLAN_CHECK)
    y->refused |= !zd_planner_clause_of(p) && !zd_look_of(p) && !zd_text_phrase_of(p) &&
                  p->check != check_chain && !zd_plan_is_updated(p) && !zd_ask_is_named(p);
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

zd_err zd_contained_chain(zd_ask *a, size_t at, const zd_search_param *param, const zd_plan *target,
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
  /* _has of a row that a contained resource refers to is a search of its own. */
  for (size_t i = at + 2; i < a->step_count; i++) y.refused |= a->steps[i].kind == ZD_STEP_HAS;
  if (y.refused)
    return zd_ask_fail(a, ZD_ERR_UNSUPPORTED,
                       "contained resources cannot be asked what stands at the end of this chain");
  chain *c = ZD_NEW(q->arena, chain);
  if (!c) return ZD_ERR_MEMORY;
  *c = (chain){q->s, param, target};
  *out = check_plan(check_chain, c, among, q->arena);
  return *out ? ZD_OK : ZD_ERR_MEMORY;
}

/* ---- _contained ---- */

static zd_err refuse(zd_query_reader *q, const char *why) {
  return zd_query_refuse(q, ZD_S("_contained"), ZD_ISSUE_NOT_SUPPORTED, "_contained: %s", why);
}

static zd_err may_query(zd_query_reader *q, const zd_plan *plan) {
  survey y = {0};
  look_over(&y, plan);
  if (zd_contained_is_late(q->s)) return zd_query_later(q, ZD_S("_contained"), "_contained");
  for (size_t i = 0; i < q->out->sort_count; i++)
    if (q->out->sort[i].by == ZD_SORT_FIELD)
      return refuse(q,
                    "its answers are containers, which are ordered by _id and _lastUpdated only");
  if (q->out->include_count) return refuse(q, "_include and _revinclude are not offered with it");
  if (q->out->by_score) return refuse(q, "its answers are containers, which have no score");
  if (q->asks_has) return refuse(q, "_has is not offered with it");
  return y.refused ? refuse(q, "contained resources cannot be asked this") : ZD_OK;
}

zd_err zd_contained_query(zd_query_reader *q, const zd_plan **plan) {
  const zd_plan *both[2] = {*plan, NULL};
  zd_err err = may_query(q, *plan);
  q->out->text_count = 0; /* nothing is ranked */
  within *w = ZD_NEW(q->arena, within);
  if (err || !w) return err ? err : ZD_ERR_MEMORY;
  *w = (within){q->s, q->type, *plan};
  zd_plan_op op = q->type == ZD_NO_TYPE ? ZD_PLAN_PREFIX : ZD_PLAN_TERM;
  const zd_plan *among = leaf(q->s, op, zd_contained_term(q->s, q->type, q->arena), q->arena);
  both[1] = check_plan(check_within, w, among, q->arena);
  if (q->contained == ZD_CONTAINED_BOTH) return zd_plan_group(ZD_PLAN_OR, both, 2, q->arena, plan);
  *plan = both[1];
  return both[1] ? ZD_OK : ZD_ERR_MEMORY;
}
