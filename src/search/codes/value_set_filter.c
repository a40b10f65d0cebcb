/* value_set_filter.c: ValueSet.compose.include.filter over a stored code system (R4
 * valueset.html#filters). Filters by hierarchy speak about its codes; `=`, `in`, `not-in` and
 * `exists` also about properties of concepts. Others are refused by name. */
#include "search/codes/value_set.h"

typedef struct filter {
  const zd_code_question *q;
  const zd_code_system *c;
  zd_slice property, op, value;
} filter;

static zd_err text_at(const zd_code_question *q, const zd_tree *t, uint32_t node, zd_slice name,
                      zd_slice *out) {
  uint32_t child = zd_tree_child(t, node, name);
  *out = (zd_slice){NULL, 0};
  if (!child || !t->nodes[child].p) return ZD_OK;
  *out = zd_node_text(&t->nodes[child], q->arena);
  return out->p ? ZD_OK : ZD_ERR_MEMORY;
}

static bool is(zd_slice text, const char *word) {
  return zd_slice_eq(text, zd_slice_of(word));
}

static zd_err refuse(const filter *f) {
  return zd_fail(f->q->fault, ZD_ERR_UNSUPPORTED,
                 "the filter %.*s %.*s of a value set is not offered", ZD_SV(f->property),
                 ZD_SV(f->op));
}

static zd_err by_hierarchy(const filter *f, zd_code_list *out) {
  uint32_t at = zd_code_system_at(f->c, f->value);
  if (at == UINT32_MAX)
    return zd_fail(f->q->fault, ZD_ERR_NOT_FOUND, "the code system %.*s has no code %.*s",
                   ZD_SV(f->c->url), ZD_SV(f->value));
  zd_err err = zd_code_system_closure(f->c, at, !is(f->op, "generalizes"), f->q, out);
  zd_code_list_sort(out);
  if (err || !is(f->op, "descendent-of")) return err;
  zd_coded self = {.system = f->c->url, .code = f->value};
  zd_code_list_keep(out, &(zd_code_list){.items = &self, .n = 1}, false);
  return ZD_OK;
}

/* One of the comma-separated words. */
static bool among(zd_slice list, zd_slice word) {
  while (list.n) {
    size_t comma = zd_slice_find(list, ',');
    if (zd_slice_eq((zd_slice){list.p, comma}, word)) return true;
    list = zd_slice_from(list, comma + 1);
  }
  return false;
}

/* The property's values of the concept: whether there is one, and whether one is wanted. Only those
 * that are primitives can be compared. */
static zd_err look_at(const filter *f, uint32_t concept, bool *there, bool *wanted) {
  const zd_tree *t = &f->c->tree;
  zd_err err = ZD_OK;
  *there = *wanted = false;
  for (uint32_t k = zd_tree_first(t, concept); k && !err; k = zd_tree_next(t, concept, k)) {
    zd_slice name;
    if (!is(zd_schema_element_info(t->schema, t->nodes[k].element).name, "property")) continue;
    err = text_at(f->q, t, k, ZD_S("code"), &name);
    if (err || !name.p || !zd_slice_eq(name, f->property)) continue;
    uint32_t value = zd_tree_child_path(t, k, ZD_S("value"));
    if (!value) continue;
    if (!t->nodes[value].p && !is(f->op, "exists")) return refuse(f);
    zd_slice text = t->nodes[value].p ? zd_node_text(&t->nodes[value], f->q->arena) : ZD_S("");
    if (!text.p) return ZD_ERR_MEMORY;
    *there = true;
    if (is(f->op, "=") ? zd_slice_eq(text, f->value) : among(f->value, text)) *wanted = true;
  }
  return err;
}

static bool of_codes(const filter *f) {
  return is(f->property, "concept") || is(f->property, "code");
}

static zd_err by_value(const filter *f, zd_code_list *out) {
  bool negative = is(f->op, "not-in") || (is(f->op, "exists") && is(f->value, "false"));
  zd_err err = ZD_OK;
  if (is(f->property, "display") || is(f->property, "definition")) return refuse(f);
  for (uint32_t i = 0; i < f->c->count && !err; i++) {
    const zd_concept *concept = &f->c->concepts[i];
    bool there = true, hit;
    if (of_codes(f)) {
      hit = is(f->op, "=") ? zd_slice_eq(concept->code, f->value) : among(f->value, concept->code);
    } else {
      err = look_at(f, concept->node, &there, &hit);
    }
    if (is(f->op, "exists")) hit = there;
    if (!err && hit != negative) err = zd_code_list_add(out, f->c->url, concept->code, f->q->arena);
  }
  zd_code_list_sort(out);
  return err;
}

static zd_err all_codes(const filter *f, zd_code_list *out) {
  zd_err err = ZD_OK;
  for (uint32_t i = 0; i < f->c->count && !err; i++)
    err = zd_code_list_add(out, f->c->url, f->c->concepts[i].code, f->q->arena);
  zd_code_list_sort(out);
  return err;
}

static zd_err one_filter(const filter *f, zd_code_list *out) {
  if (is(f->op, "=") || is(f->op, "in") || is(f->op, "not-in") || is(f->op, "exists"))
    return by_value(f, out);
  if (!of_codes(f)) return refuse(f);
  if (is(f->op, "is-a") || is(f->op, "descendent-of") || is(f->op, "generalizes"))
    return by_hierarchy(f, out);
  if (!is(f->op, "is-not-a")) return refuse(f);
  zd_code_list below = {0};
  zd_err err = by_hierarchy(f, &below);
  if (!err) err = all_codes(f, out);
  zd_code_list_keep(out, &below, false);
  return err;
}

/* The codes carry the system's url, whatever version was asked for. */
static zd_err read_system(const zd_search *s, const zd_code_question *q, zd_slice system,
                          zd_code_system *out) {
  zd_err err = zd_code_system_read(s, q, system, out);
  out->url = (zd_slice){system.p, zd_slice_find(system, '|')};
  if (err != ZD_ERR_NOT_FOUND) return err;
  return zd_fail(q->fault, ZD_ERR_UNSUPPORTED,
                 "a value set filters the code system %.*s, which is not stored", ZD_SV(system));
}

zd_err zd_value_set_filter(const zd_search *s, const zd_code_question *q, const zd_tree *t,
                           uint32_t include, zd_slice system, zd_code_list *out) {
  zd_code_system c;
  filter f = {.q = q, .c = &c};
  bool first = true;
  zd_err err = read_system(s, q, system, &c);
  for (uint32_t k = zd_tree_first(t, include); k && !err; k = zd_tree_next(t, include, k)) {
    zd_code_list one = {0};
    if (!is(zd_schema_element_info(t->schema, t->nodes[k].element).name, "filter")) continue;
    err = text_at(q, t, k, ZD_S("property"), &f.property);
    if (!err) err = text_at(q, t, k, ZD_S("op"), &f.op);
    if (!err) err = text_at(q, t, k, ZD_S("value"), &f.value);
    if (!err) err = one_filter(&f, &one);
    if (first)
      *out = one;
    else
      zd_code_list_keep(out, &one, true);
    first = false;
  }
  return err;
}
