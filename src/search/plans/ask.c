/* ask.c: names as ways through references, and the plans of their joins. */
#include "search/entries/contained.h"

#include <stdio.h>

typedef struct zd_known {
  zd_asked asked;
  zd_err err;
  bool known;
} zd_known;

void zd_ask_say(zd_ask *a, const char *format, ...) {
  if (a->why[0]) return;
  va_list args;
  va_start(args, format);
  vsnprintf(a->why, sizeof a->why, format, args);
  va_end(args);
}

/* At most 64 bytes of a name, for messages. */
static int shown(zd_slice name) {
  return name.n > 64 ? 64 : (int)name.n;
}

/* ---- names ---- */

static zd_slice take(zd_slice *rest, char by) {
  size_t end = zd_slice_find(*rest, by);
  zd_slice head = {rest->p, end};
  *rest = end < rest->n ? zd_slice_from(*rest, end + 1) : (zd_slice){NULL, 0};
  return head;
}

static zd_err resource_type(zd_ask *a, zd_slice name, zd_type *out) {
  const zd_schema *schema = a->q->s->schema;
  *out = zd_schema_type(schema, name);
  if (*out != ZD_NO_TYPE && zd_schema_is_resource(schema, *out)) return ZD_OK;
  return zd_ask_fail(a, ZD_ERR_NOT_FOUND, "\"%.*s\" is no resource type", shown(name), name.p);
}

/* "_has:Type:reference:" off the front. */
static zd_err read_has(zd_ask *a, zd_slice *rest, zd_step *step) {
  take(rest, ':');
  zd_slice type = rest->p ? take(rest, ':') : *rest;
  step->kind = ZD_STEP_HAS;
  step->code = rest->p ? take(rest, ':') : *rest;
  if (!rest->p)
    return zd_ask_fail(a, ZD_ERR_NOT_FOUND,
                       "_has is written _has:Type:reference-parameter:parameter");
  return resource_type(a, type, &step->type);
}

static size_t find_either(zd_slice text, char one, char other) {
  size_t a = zd_slice_find(text, one), b = zd_slice_find(text, other);
  return a < b ? a : b;
}

/* "code." or "code:Type." off the front, or all of "code", "code:modifier". */
static zd_err read_step(zd_ask *a, zd_slice *rest, zd_step *step) {
  size_t end = find_either(*rest, '.', ':');
  bool qualified = end < rest->n && rest->p[end] == ':', more = end < rest->n;
  step->code = (zd_slice){rest->p, end};
  *rest = more ? zd_slice_from(*rest, end + 1) : (zd_slice){NULL, 0};
  if (qualified) {
    end = find_either(*rest, '.', ':');
    more = end < rest->n;
    if (more && rest->p[end] == ':')
      return zd_ask_fail(a, ZD_ERR_NOT_FOUND, "two modifiers of one parameter");
    step->qualifier = (zd_slice){rest->p, end};
    *rest = more ? zd_slice_from(*rest, end + 1) : (zd_slice){NULL, 0};
  }
  step->kind = more ? ZD_STEP_CHAIN : ZD_STEP_LEAF;
  return more && qualified ? resource_type(a, step->qualifier, &step->type) : ZD_OK;
}

zd_err zd_ask_read(zd_ask *a, zd_slice name) {
  zd_slice rest = name;
  zd_err err = ZD_OK;
  for (a->step_count = 0; rest.p && !err; a->step_count++) {
    if (a->step_count > ZD_ASK_JOINS_MAX) return ZD_ERR_LIMIT;
    zd_step *step = &a->steps[a->step_count];
    *step = (zd_step){.type = ZD_NO_TYPE};
    bool has = zd_slice_starts(rest, ZD_S("_has:")) || zd_slice_eq(rest, ZD_S("_has"));
    err = has ? read_has(a, &rest, step) : read_step(a, &rest, step);
  }
  if (!err && a->steps[a->step_count - 1].kind != ZD_STEP_LEAF) return ZD_ERR_LIMIT;
  return err;
}

/* ---- plans ---- */

static uint64_t count_nodes(const zd_plan *plan, uint64_t so_far) {
  if (++so_far > ZD_ASK_NODES_MAX) return so_far;
  for (size_t i = 0; i < plan->child_count && so_far <= ZD_ASK_NODES_MAX; i++)
    so_far = count_nodes(plan->children[i], so_far);
  return so_far;
}

uint64_t zd_ask_nodes(const zd_plan *plan) {
  return count_nodes(plan, 0);
}

zd_err zd_ask_typed(const zd_query_reader *q, zd_type type, zd_asked *asked) {
  if (asked->typed || type == ZD_NO_TYPE) return ZD_OK;
  const zd_plan *both[2] = {NULL, asked->plan};
  zd_err err = zd_plan_type(q->s, type, q->arena, &both[0]);
  if (!err) err = zd_plan_group(ZD_PLAN_AND, both, 2, q->arena, &asked->plan);
  asked->typed = true;
  asked->nodes += 2;
  return err;
}

static zd_err join(zd_ask *a, zd_plan_op op, uint32_t field, const zd_plan *child, zd_plan **out) {
  zd_plan *p = zd_plan_new(a->q->arena, op);
  const zd_plan **children = ZD_NEW_ARRAY(a->q->arena, const zd_plan *, 1);
  if (!p || !children || !child) return ZD_ERR_MEMORY;
  children[0] = child;
  p->field = field;
  p->children = children;
  p->child_count = 1;
  *out = p;
  return ZD_OK;
}

static zd_err ask_step(zd_ask *a, size_t at, zd_type type, zd_asked *out);

/* A reference parameter of `type`. */
static zd_err reference_param(zd_ask *a, zd_type type, zd_slice code, const zd_search_param **out) {
  zd_err err = zd_clause_param(a, type, code, out);
  if (err) return err;
  if ((*out)->kind == ZD_PARAM_REFERENCE && (*out)->field != ZD_NO_SYMBOL) return ZD_OK;
  return zd_ask_fail(a, ZD_ERR_NOT_FOUND, "%.*s is no reference", shown(code), code.p);
}

static bool may_refer(const zd_search *s, const zd_search_param *param, zd_type target) {
  if (!zd_schema_is_resource(s->schema, target)) return false;
  if (param->only != ZD_NO_TYPE) return target == param->only;
  uint16_t n = zd_schema_param(s->schema, param->index).target_count;
  for (uint16_t k = 0; k < n; k++)
    if (zd_schema_is_a(s->schema, target, zd_schema_param_target(s->schema, param->index, k)))
      return true;
  return n == 0;
}

static bool may_refer_to_any(const zd_search *s, const zd_search_param *param) {
  uint16_t types = zd_schema_type_count(s->schema);
  for (zd_type t = 0; t < types; t++)
    if (zd_schema_is_resource(s->schema, t) && !may_refer(s, param, t)) return false;
  return true;
}

static zd_err narrowed(zd_ask *a, const zd_step *step, zd_type type, zd_asked *asked) {
  zd_asked more;
  zd_err err = a->narrow(a, type, step->narrow, &more);
  if (err) return err;
  const zd_plan *both[2] = {asked->plan, more.plan};
  asked->nodes += more.nodes + 1;
  asked->typed |= more.typed;
  return zd_plan_group(ZD_PLAN_AND, both, 2, a->q->arena, &asked->plan);
}

/* What a target of one type must match. */
static zd_err ask_target(zd_ask *a, size_t at, zd_type type, zd_asked *out) {
  const zd_step *step = &a->steps[at];
  zd_err err = ask_step(a, at + 1, type, out);
  if (!err && step->narrow) err = narrowed(a, step, type, out);
  return err ? err : zd_ask_typed(a->q, type, out);
}

/* The targets of all types that have what stands behind the step, as one plan. */
static zd_err ask_targets(zd_ask *a, size_t at, const zd_search_param *param, zd_asked *out) {
  const zd_search *s = a->q->s;
  const zd_step *step = &a->steps[at];
  uint16_t types = zd_schema_type_count(s->schema);
  if (step->type == ZD_NO_TYPE && a->steps[at + 1].kind == ZD_STEP_LEAF &&
      may_refer_to_any(s, param)) {
    /* What every resource has needs no look at the types. */
    zd_err err = ask_target(a, at, ZD_NO_TYPE, out);
    if (err != ZD_ERR_NOT_FOUND) return err;
    a->why[0] = 0;
  }
  const zd_plan **found = ZD_NEW_ARRAY(a->q->arena, const zd_plan *, types + 1u);
  size_t n = 0, tried = 0;
  if (!found) return ZD_ERR_MEMORY;
  *out = (zd_asked){.nodes = 1, .typed = true};
  for (zd_type t = 0; t < types; t++) {
    zd_asked one;
    if (!may_refer(s, param, t) || (step->type != ZD_NO_TYPE && t != step->type)) continue;
    if (tried++) a->why[0] = 0; /* what one type lacks is no reason for another's refusal */
    zd_err err = ask_target(a, at, t, &one);
    if (err == ZD_ERR_NOT_FOUND) continue;
    if (err) return err;
    found[n++] = one.plan;
    out->nodes += one.nodes;
    if (out->nodes > ZD_ASK_NODES_MAX) return ZD_ERR_LIMIT;
  }
  if (!n && tried > 1) a->why[0] = 0; /* one type's lack is not the reason */
  if (!n && tried)
    return zd_ask_fail(
        a, ZD_ERR_NOT_FOUND, "none of the types that %.*s may refer to has the parameter \"%.*s\"",
        shown(step->code), step->code.p, shown(a->steps[at + 1].code), a->steps[at + 1].code.p);
  if (!n)
    return zd_ask_fail(a, ZD_ERR_NOT_FOUND, "%.*s does not refer to %.*s", shown(step->code),
                       step->code.p, ZD_SV(zd_schema_type_info(s->schema, step->type).name));
  return zd_plan_group(ZD_PLAN_OR, found, n, a->q->arena, &out->plan);
}

enum { ZD_TYPES_OF_PATH = 16 };

/* Whether the parameter's values name resources by type and id, which the store follows, and
 * whether by url. */
typedef struct ways {
  bool by_name, by_url;
} ways;

static void add_way(const zd_search *s, zd_type of, ways *w) {
  zd_shape shape = of == ZD_NO_TYPE ? ZD_SHAPE_NONE : s->shapes[of].shape;
  bool url = shape == ZD_SHAPE_CANONICAL || shape == ZD_SHAPE_URI;
  w->by_url |= url;
  w->by_name |= !url;
}

/* The same of what FHIRPath finds, such as relatedArtifact.where(type = 'depends-on').resource. */
static void add_path_ways(const zd_search *s, const zd_path *path, ways *w) {
  enum { TYPES_MAX = 16 };
  zd_type found[TYPES_MAX];
  size_t n = zd_path_types(path, found, TYPES_MAX);
  for (size_t i = 0; i < n && i < TYPES_MAX; i++) add_way(s, found[i], w);
}

static ways ways_of(const zd_search *s, zd_type type, const zd_search_param *param) {
  ways w = {false, false};
  const zd_search_type *t =
      &s->types[type == ZD_NO_TYPE ? zd_schema_type(s->schema, ZD_S("Resource")) : type];
  for (uint16_t i = 1; i < t->state_count; i++) {
    const zd_walk_state *state = &t->states[i];
    for (uint16_t k = 0; k < state->want_count; k++)
      if (t->params[state->wants[k].param].field == param->field) add_way(s, state->type, &w);
  }
  for (uint16_t i = 0; i < t->path_count; i++)
    if (t->params[t->paths[i].param].field == param->field) add_path_ways(s, t->paths[i].path, &w);
  if (!w.by_url) w.by_name = true;
  return w;
}

static zd_err ask_chain(zd_ask *a, size_t at, zd_type type, zd_asked *out) {
  const zd_search_param *param;
  zd_asked target;
  const zd_plan *found[3];
  size_t n = 0;
  zd_err err = reference_param(a, type, a->steps[at].code, &param);
  if (!err) err = ask_targets(a, at, param, &target);
  if (err) return err;
  ways w = ways_of(a->q->s, type, param);
  *out = (zd_asked){.nodes = 2 + target.nodes, .typed = !param->shared};
  if (w.by_name) {
    zd_plan *p = NULL;
    err = join(a, ZD_PLAN_REFERS, param->field, target.plan, &p);
    found[n++] = p;
  }
  if (!err && w.by_url) {
    err = zd_ask_by_url(a, param, target.plan, &found[n]);
    if (!err) out->nodes += zd_ask_nodes(found[n++]);
  }
  if (!err) err = zd_contained_chain(a, param, target.plan, &found[n]);
  if (!err && found[n]) out->nodes += zd_ask_nodes(found[n++]);
  return err ? err : zd_plan_group(ZD_PLAN_OR, found, n, a->q->arena, &out->plan);
}

static zd_err ask_has(zd_ask *a, size_t at, zd_type type, zd_asked *out) {
  const zd_step *step = &a->steps[at];
  const zd_schema *schema = a->q->s->schema;
  const zd_search_param *param;
  zd_asked source;
  if (type == ZD_NO_TYPE)
    return zd_ask_fail(a, ZD_ERR_NOT_FOUND, "_has needs a resource type, or _type");
  zd_err err = reference_param(a, step->type, step->code, &param);
  if (err) return err;
  if (!may_refer(a->q->s, param, type))
    return zd_ask_fail(a, ZD_ERR_NOT_FOUND, "%.*s of %.*s does not refer to %.*s",
                       shown(step->code), step->code.p,
                       ZD_SV(zd_schema_type_info(schema, step->type).name),
                       ZD_SV(zd_schema_type_info(schema, type).name));
  err = ask_step(a, at + 1, step->type, &source);
  if (!err) err = zd_ask_typed(a->q, step->type, &source);
  if (err) return err;
  ways w = ways_of(a->q->s, step->type, param);
  const zd_plan *found[2], *within = NULL;
  size_t n = 0;
  *out = (zd_asked){.nodes = 2 + source.nodes, .typed = true};
  if (w.by_name) {
    zd_plan *p = NULL;
    err = join(a, ZD_PLAN_REFERRED, param->field, source.plan, &p);
    if (!err) p->type = zd_search_type_symbol(a->q->s, type);
    found[n++] = p;
    if (!err) err = zd_contained_has(a, type, step->type, param, source.plan, p, &within);
  } else {
    err = zd_contained_has(a, type, step->type, param, source.plan, NULL, &within);
    if (within) found[n++] = within;
  }
  if (!err && w.by_url) {
    err = zd_ask_named_by_url(a, type, step->type, param, source.plan, &found[n]);
    if (!err) out->nodes += zd_ask_nodes(found[n++]);
  }
  return err ? err : zd_plan_group(ZD_PLAN_OR, found, n, a->q->arena, &out->plan);
}

static zd_err ask_leaf(zd_ask *a, size_t at, zd_type type, zd_asked *out) {
  *out = (zd_asked){0};
  zd_err err = a->leaf(a, type, &a->steps[at], out);
  if (!err && !out->nodes) out->nodes = zd_ask_nodes(out->plan);
  return err;
}

static zd_err answer(zd_ask *a, size_t at, zd_type type, zd_asked *out) {
  switch (a->steps[at].kind) {
    case ZD_STEP_CHAIN:
      return ask_chain(a, at, type, out);
    case ZD_STEP_HAS:
      return ask_has(a, at, type, out);
    case ZD_STEP_LEAF:
      break;
  }
  return ask_leaf(a, at, type, out);
}

static zd_err ask_step(zd_ask *a, size_t at, zd_type type, zd_asked *out) {
  uint16_t types = zd_schema_type_count(a->q->s->schema);
  if (!a->known[at]) a->known[at] = ZD_NEW_ARRAY(a->q->arena, zd_known, types + 1u);
  if (!a->known[at]) return ZD_ERR_MEMORY;
  zd_known *k = &a->known[at][type == ZD_NO_TYPE ? types : type];
  if (!k->known) {
    k->err = answer(a, at, type, &k->asked);
    if (!k->err && k->asked.nodes > ZD_ASK_NODES_MAX) k->err = ZD_ERR_LIMIT;
    k->known = true;
  }
  *out = k->asked;
  return k->err;
}

zd_err zd_ask_plan(zd_ask *a, zd_type type, zd_asked *out) {
  return ask_step(a, 0, type, out);
}
