/* contained_match.c: a plan, asked of one resource. */
#include "search/entries/contained_match.h"

#include "base/clock.h"
#include "search/plans/look.h"
#include "search/plans/planner.h"
#include "search/text/text.h"

enum { REFERRED_NS = 1000000000 }; /* most that looking for who refers to one row may take */

typedef zd_inner resource;

static zd_err check_chain(void *state, zd_snapshot *v, zd_row row, bool *hit);

zd_err zd_inner_derive(zd_inner *r) {
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
      return zd_slice_eq(e->term, p->term) && e->low >= p->low_min && e->low <= p->low_max &&
             e->high >= p->high_min && e->high <= p->high_max;
    default:
      return false;
  }
}

static zd_err any_entry(resource *r, const zd_plan *p, bool *hit) {
  zd_err err = zd_inner_derive(r);
  for (size_t i = 0; i < r->n && !err && !*hit; i++) *hit = entry_matches(p, &r->entries[i]);
  return err;
}

static zd_err any_child(resource *r, const zd_plan *p, bool wanted, bool *hit) {
  zd_err err = ZD_OK;
  bool one = !wanted;
  for (size_t i = 0; i < p->child_count && !err && one != wanted; i++)
    err = zd_inner_matches(r, p->children[i], &one);
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
  zd_err err = zd_inner_derive(r);
  for (size_t i = 0; i < r->n && !err && !*hit; i++) {
    const zd_entry *e = &r->entries[i];
    uint32_t type;
    zd_slice id;
    resource target;
    bool there;
    if (e->field != p->field || e->kind != ZD_ENTRY_TERM || !zd_name_read(e->term, &type, &id))
      continue;
    err = named_row(r, type, id, &target, &there);
    if (!err && there) err = zd_inner_matches(&target, p->children[0], hit);
  }
  return err;
}

/* ---- within a container ---- */

/* What the resource at `from` of the tree says under the parameter. */
static zd_err said_by(const resource *r, const zd_search_param *param, uint32_t from,
                      zd_nodes *out) {
  zd_fault fault = {0};
  const zd_path *path;
  zd_slice expression = zd_schema_param(r->s->schema, param->index).expression;
  zd_err err = zd_path_compile(r->tree->schema, r->tree->nodes[from].type, expression, r->arena,
                               &path, &fault);
  return err ? err : zd_path_eval(path, r->tree, from, r->arena, out);
}

/* The resource at a node of the same tree: the container is a row, and is asked as one. */
static zd_err beside(const resource *r, uint32_t node, resource *out) {
  zd_source source = {.search = r->s, .tree = r->tree, .arena = r->arena};
  *out = (resource){.s = r->s, .v = r->v, .arena = r->arena, .row = r->row};
  if (node == r->container) {
    out->type = zd_search_type_symbol(r->s, r->tree->nodes[node].type);
    return zd_contained_id(&source, node, &out->id);
  }
  out->tree = r->tree;
  out->container = r->container;
  out->node = node;
  return ZD_OK;
}

/* What the one asked refers to within the container, or that itself. */
static zd_err follows_within(const resource *r, const zd_inner_chain *c, bool *hit) {
  zd_nodes nodes = {0};
  zd_source source = {.search = r->s, .tree = r->tree, .arena = r->arena};
  zd_err err = said_by(r, c->param, r->node, &nodes);
  for (size_t i = 0; i < nodes.n && !err && !*hit; i++) {
    uint32_t node = ZD_NO_NODE;
    resource target;
    err = zd_contained_target(&source, r->container, nodes.items[i], &node);
    if (err || node == ZD_NO_NODE) continue;
    err = beside(r, node, &target);
    if (!err) err = zd_inner_matches(&target, c->target, hit);
  }
  return err;
}

/* Whether the resource at `from`, the container or one beside it, refers to the one asked. */
static zd_err is_named_by(const resource *r, const zd_search_param *param, uint32_t from,
                          bool *yes) {
  zd_nodes nodes = {0};
  zd_source source = {.search = r->s, .tree = r->tree, .arena = r->arena};
  zd_err err = said_by(r, param, from, &nodes);
  *yes = false;
  for (size_t i = 0; i < nodes.n && !err && !*yes; i++) {
    uint32_t target = ZD_NO_NODE;
    err = zd_contained_target(&source, r->container, nodes.items[i], &target);
    *yes = !err && target == r->node;
  }
  return err;
}

/* Whether one that refers to the resource asked matches. */
static zd_err has_at(const resource *r, const zd_inner_has *h, uint32_t node, bool *hit) {
  resource other;
  bool named = false;
  *hit = false;
  if (r->tree->nodes[node].type != h->source) return ZD_OK;
  zd_err err = is_named_by(r, h->param, node, &named);
  if (err || !named) return err;
  err = beside(r, node, &other);
  return err ? err : zd_inner_matches(&other, h->from, hit);
}

/* Nothing but its container, and what that contains besides, refers to a contained resource. */
static zd_err has_within(const resource *r, const zd_inner_has *h, bool *hit) {
  if (r->tree->nodes[r->node].type != h->type) return ZD_OK;
  zd_err err = has_at(r, h, r->container, hit);
  for (uint32_t c = 0; !err && !*hit && (c = zd_contained_next(r->s, r->tree, r->container, c));)
    err = has_at(r, h, c, hit);
  return err;
}

/* Of a row: a search of its own. */
static zd_err is_referred(const resource *r, const zd_plan *p, bool *hit) {
  const zd_plan here = {.op = ZD_PLAN_ROWS, .first = r->row, .last = r->row + 1};
  const zd_plan *both[] = {&here, p};
  const zd_plan plan = {.op = ZD_PLAN_AND, .children = both, .child_count = 2};
  zd_search_request ask = {.plan = &plan,
                           .after = ZD_NO_ROW,
                           .limit = 1,
                           .deadline_ns = zd_clock_monotonic_ns() + REFERRED_NS};
  zd_row found;
  zd_fault fault = {0};
  size_t n = 0;
  zd_err err = zd_snapshot_search(r->v, &ask, &found, &n, &fault);
  *hit = n > 0;
  return err;
}

static zd_err check_has(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  (void)state, (void)v, (void)row;
  *hit = false; /* of rows the join decides */
  return ZD_OK;
}

static zd_err checked(resource *r, const zd_plan *p, bool *hit) {
  if (p->check == check_has) return r->tree ? has_within(r, p->check_state, hit) : ZD_OK;
  zd_err err = zd_inner_matches(r, p->children[0], hit);
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
  zd_err err = r->tree ? zd_contained_id(&source, r->node, &id) : ZD_OK;
  for (size_t i = 0; i < p->id_count && !err && !*hit; i++)
    *hit = id.p && zd_slice_eq(id, p->ids[i]);
  return err;
}

zd_err zd_inner_matches(zd_inner *r, const zd_plan *p, bool *hit) {
  if (r->tree) r->type = zd_search_type_symbol(r->s, r->tree->nodes[r->node].type);
  *hit = false;
  switch (p->op) {
    case ZD_PLAN_ALL:
      *hit = true;
      return ZD_OK;
    case ZD_PLAN_NONE:
      return ZD_OK;
    case ZD_PLAN_REFERRED:
      if (!r->tree) return is_referred(r, p, hit);
      return p->check == check_has ? has_within(r, p->check_state, hit) : ZD_OK;
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
      zd_err err = p->child_count ? zd_inner_matches(r, p->children[0], hit) : ZD_OK;
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
zd_err zd_inner_look(const zd_search *s, zd_snapshot *v, zd_row row,
                     zd_err (*ask)(zd_inner *container, const void *what, bool *hit),
                     const void *what, bool *hit) {
  zd_arena arena;
  zd_record record;
  zd_tree tree;
  zd_fault fault = {0};
  zd_arena_init(&arena, 0);
  resource r = {.s = s, .v = v, .arena = &arena, .tree = &tree, .row = row};
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
  const zd_inner_chain *c = state;
  return zd_inner_look(c->s, v, row, ask_chain, c, hit);
}

bool zd_inner_asks(const zd_plan *p) {
  return p->check == check_chain || p->check == check_has;
}

const zd_plan *zd_inner_chain_plan(const zd_inner_chain *c, const zd_plan *among, zd_arena *arena) {
  zd_inner_chain *kept = ZD_NEW(arena, zd_inner_chain);
  if (!kept) return NULL;
  *kept = *c;
  return zd_inner_check(check_chain, kept, among, arena);
}

zd_err zd_inner_has_mark(const zd_inner_has *h, zd_plan *join, zd_arena *arena) {
  zd_inner_has *kept = ZD_NEW(arena, zd_inner_has);
  if (!kept) return ZD_ERR_MEMORY;
  *kept = *h;
  join->check = check_has;
  join->check_state = kept;
  return ZD_OK;
}

const zd_plan *zd_inner_check(zd_err (*check)(void *, zd_snapshot *, zd_row, bool *), void *state,
                              const zd_plan *among, zd_arena *arena) {
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
