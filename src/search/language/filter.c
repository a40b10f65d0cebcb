/* filter.c: a _filter as a plan: its logic, and its paths, which are chains. */
#include "search/language/filter.h"

static zd_err plan_not(zd_ask *a, zd_type type, const zd_filter *f, zd_asked *out) {
  zd_err err = zd_filter_plan(a, type, f->first, out);
  if (err) return err;
  out->typed = false;
  out->nodes++;
  return zd_plan_group(ZD_PLAN_NOT, &out->plan, 1, a->q->arena, &out->plan);
}

/* AND, OR. What one side alone keeps to the type an AND keeps to it. */
static zd_err plan_run(zd_ask *a, zd_type type, const zd_filter *f, zd_asked *out) {
  size_t n = 0;
  bool is_and = f->kind == ZD_FILTER_AND;
  for (const zd_filter *c = f->first; c; c = c->next) n++;
  const zd_plan **found = ZD_NEW_ARRAY(a->q->arena, const zd_plan *, n);
  if (!found) return ZD_ERR_MEMORY;
  *out = (zd_asked){.nodes = 1, .typed = !is_and};
  n = 0;
  for (const zd_filter *c = f->first; c; c = c->next) {
    zd_asked one;
    zd_err err = zd_filter_plan(a, type, c, &one);
    if (err) return err;
    found[n++] = one.plan;
    out->nodes += one.nodes;
    if (is_and) {
      out->typed |= one.typed;
    } else {
      out->typed &= one.typed;
    }
    if (out->nodes > ZD_ASK_NODES_MAX) return ZD_ERR_LIMIT;
  }
  return zd_plan_group(is_and ? ZD_PLAN_AND : ZD_PLAN_OR, found, n, a->q->arena, &out->plan);
}

static zd_err narrow(zd_ask *a, zd_type type, const void *what, zd_asked *out) {
  return zd_filter_plan(a, type, what, out);
}

/* A test is a way of its own. Of the steps before the last each is a reference. */
static zd_err plan_test(zd_ask *a, zd_type type, const zd_filter *f, zd_asked *out) {
  zd_ask *way = ZD_NEW(a->q->arena, zd_ask);
  if (!way) return ZD_ERR_MEMORY;
  way->q = a->q;
  way->part = a->part;
  way->leaf = zd_filter_leaf;
  way->narrow = narrow;
  way->test = f;
  way->step_count = f->step_count;
  for (size_t i = 0; i < f->step_count; i++)
    way->steps[i] = (zd_step){.kind = i + 1 < f->step_count ? ZD_STEP_CHAIN : ZD_STEP_LEAF,
                              .code = f->steps[i].name,
                              .type = ZD_NO_TYPE,
                              .narrow = f->steps[i].narrow};
  zd_err err = zd_ask_plan(way, type, out);
  if (err != ZD_ERR_NOT_FOUND && err != ZD_ERR_UNSUPPORTED) return err;
  return zd_ask_fail(a, err, "_filter, character %zu: %s", zd_filter_place(a->part->value, f->at),
                     way->why);
}

zd_err zd_filter_plan(zd_ask *a, zd_type type, const zd_filter *filter, zd_asked *out) {
  switch (filter->kind) {
    case ZD_FILTER_TEST:
      return plan_test(a, type, filter, out);
    case ZD_FILTER_NOT:
      return plan_not(a, type, filter, out);
    case ZD_FILTER_AND:
    case ZD_FILTER_OR:
      break;
  }
  return plan_run(a, type, filter, out);
}
