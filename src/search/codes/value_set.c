/* value_set.c: ValueSet.compose to codes (R4 valueset.html#compositions): an include is a system
 * (all of it, listed concepts, or filters), intersected with the value sets it names; includes are
 * united, excludes taken away. A value set that is not stored is looked up among those shipped with
 * the definitions: their codes stand in the schema image, or, where the definitions lack some, how
 * they are made; then what is stored may know them.
 */
#include "search/codes/value_set.h"

#include "fhir/codec.h"

static bool is_named(const zd_tree *t, uint32_t node, const char *name) {
  return zd_slice_eq(zd_schema_element_info(t->schema, t->nodes[node].element).name,
                     zd_slice_of(name));
}

static zd_err check_size(const zd_code_question *q, const zd_code_list *list) {
  if (list->n <= q->limit) return ZD_OK;
  return zd_fail(q->fault, ZD_ERR_LIMIT, "a value set of more than %zu codes", q->limit);
}

/* ---- one include ---- */

static zd_err whole_system(const zd_search *s, const zd_code_question *q, zd_slice canonical,
                           zd_code_list *out) {
  zd_concepts c;
  zd_err err = zd_code_system_read(s, q, canonical, &c);
  if (!err && c.count > q->limit)
    return zd_fail(q->fault, ZD_ERR_LIMIT, "a code system of more than %zu codes", q->limit);
  return err ? err : zd_code_system_add(&c, NULL, q, out);
}

static zd_err listed_concepts(const zd_code_question *q, const zd_tree *t, uint32_t include,
                              zd_slice system, zd_code_list *out) {
  zd_err err = ZD_OK;
  for (uint32_t k = zd_tree_first(t, include); k && !err; k = zd_tree_next(t, include, k)) {
    zd_slice code = {NULL, 0};
    if (!is_named(t, k, "concept")) continue;
    err = zd_code_member(q, t, k, ZD_S("code"), &code);
    if (!err && code.p) err = zd_code_list_add(out, system, code, q->arena);
  }
  return err;
}

static zd_err include_system(const zd_search *s, const zd_code_question *q, const zd_tree *t,
                             uint32_t include, zd_slice system, zd_code_list *out) {
  zd_slice version, canonical = system;
  zd_err err = zd_code_member(q, t, include, ZD_S("version"), &version);
  if (err) return err;
  if (version.p) canonical = zd_arena_printf(q->arena, "%.*s|%.*s", ZD_SV(system), ZD_SV(version));
  if (!canonical.p) return ZD_ERR_MEMORY;
  if (zd_tree_child(t, include, ZD_S("concept")))
    err = listed_concepts(q, t, include, system, out);
  else if (zd_tree_child(t, include, ZD_S("filter")))
    err = zd_value_set_filter(s, q, t, include, canonical, out);
  else
    err = whole_system(s, q, canonical, out);
  zd_code_list_sort(out);
  return err;
}

/* Keeps what all value sets named by the include have; `any` says that there is a list already. */
static zd_err include_sets(const zd_search *s, const zd_code_question *q, const zd_tree *t,
                           uint32_t include, const zd_set_stack *stack, bool any,
                           zd_code_list *out) {
  zd_err err = ZD_OK;
  for (uint32_t k = zd_tree_first(t, include); k && !err; k = zd_tree_next(t, include, k)) {
    zd_code_list one = {0};
    if (!is_named(t, k, "valueSet") || !t->nodes[k].p) continue;
    zd_slice url = zd_node_text(&t->nodes[k], q->arena);
    err = url.p ? zd_value_set_expand(s, q, url, stack, &one) : ZD_ERR_MEMORY;
    if (any)
      zd_code_list_keep(out, &one, true);
    else
      *out = one;
    any = true;
  }
  return err;
}

static zd_err expand_include(const zd_search *s, const zd_code_question *q, const zd_tree *t,
                             uint32_t include, const zd_set_stack *stack, zd_code_list *out) {
  zd_slice system;
  zd_err err = zd_code_member(q, t, include, ZD_S("system"), &system);
  if (!err && system.p) err = include_system(s, q, t, include, system, out);
  if (!err) err = include_sets(s, q, t, include, stack, system.p != NULL, out);
  return err;
}

/* ---- the set ---- */

static zd_err add_include(const zd_search *s, const zd_code_question *q, const zd_tree *t,
                          uint32_t include, const zd_set_stack *stack, zd_code_list *out) {
  zd_code_list one = {0};
  zd_err err = expand_include(s, q, t, include, stack, &one);
  if (!err) err = zd_code_spend(q, one.n);
  for (size_t i = 0; i < one.n && !err; i++)
    err = zd_code_list_add(out, one.items[i].system, one.items[i].code, q->arena);
  zd_code_list_sort(out);
  return err ? err : check_size(q, out);
}

static zd_err expand_compose(const zd_search *s, const zd_code_question *q, const zd_tree *t,
                             uint32_t compose, const zd_set_stack *stack, zd_code_list *out) {
  zd_err err = ZD_OK;
  for (uint32_t k = zd_tree_first(t, compose); k && !err; k = zd_tree_next(t, compose, k))
    if (is_named(t, k, "include")) err = add_include(s, q, t, k, stack, out);
  for (uint32_t k = zd_tree_first(t, compose); k && !err; k = zd_tree_next(t, compose, k)) {
    zd_code_list without = {0};
    if (!is_named(t, k, "exclude")) continue;
    err = expand_include(s, q, t, k, stack, &without);
    zd_code_list_keep(out, &without, false);
  }
  return err;
}

static zd_err expand_stored(const zd_search *s, const zd_code_question *q, const zd_tree *t,
                            const zd_set_stack *stack, zd_code_list *out) {
  uint32_t compose = zd_tree_child(t, 0, ZD_S("compose"));
  if (!compose)
    return zd_fail(q->fault, ZD_ERR_UNSUPPORTED, "the value set %.*s does not say how it is made",
                   ZD_SV(stack->set));
  if (zd_tree_child(t, compose, ZD_S("lockedDate")))
    return zd_fail(q->fault, ZD_ERR_UNSUPPORTED, "the value set %.*s is locked to a date",
                   ZD_SV(stack->set));
  return expand_compose(s, q, t, compose, stack, out);
}

/* A set whose codes do not follow from the definitions alone: what is missing may be stored. */
static zd_err expand_open(const zd_search *s, const zd_code_question *q,
                          const zd_value_set_info *info, const zd_set_stack *stack,
                          zd_code_list *out) {
  zd_tree tree;
  zd_issues issues;
  zd_type type = zd_schema_type(s->schema, ZD_S("ValueSet"));
  zd_slice text = zd_arena_printf(
      q->arena, "{\"resourceType\":\"ValueSet\",\"status\":\"active\",\"compose\":%.*s}",
      ZD_SV(info->compose));
  zd_issues_init(&issues, q->arena);
  zd_err err =
      text.p ? zd_fhir_read_json(s->schema, text, type, NULL, q->arena, &tree, &issues) : ZD_OK;
  if (!text.p || err == ZD_ERR_MEMORY) return ZD_ERR_MEMORY;
  if (err)
    return zd_fail(q->fault, ZD_ERR_UNSUPPORTED, "how the value set %.*s is made cannot be read",
                   ZD_SV(stack->set));
  err = zd_code_spend(q, tree.count);
  return err ? err : expand_stored(s, q, &tree, stack, out);
}

static zd_err expand_shipped(const zd_search *s, const zd_code_question *q,
                             const zd_set_stack *stack, zd_code_list *out) {
  zd_slice set = stack->set;
  uint32_t at = zd_schema_value_set_find(s->schema, set);
  if (at == UINT32_MAX)
    return zd_fail(q->fault, ZD_ERR_NOT_FOUND, "the value set %.*s is not known", ZD_SV(set));
  zd_value_set_info info = zd_schema_value_set(s->schema, at);
  if (!info.enumerable && info.compose.p) return expand_open(s, q, &info, stack, out);
  if (!info.enumerable)
    return zd_fail(q->fault, ZD_ERR_UNSUPPORTED,
                   "the codes of the value set %.*s do not follow from the definitions",
                   ZD_SV(set));
  zd_err err = zd_code_spend(q, info.count);
  for (uint32_t k = 0; k < info.count && !err; k++) {
    zd_coded coded = zd_schema_value_set_code(s->schema, at, k);
    err = zd_code_list_add(out, coded.system, coded.code, q->arena);
  }
  zd_code_list_sort(out);
  return err ? err : check_size(q, out);
}

zd_err zd_value_set_expand(const zd_search *s, const zd_code_question *q, zd_slice set,
                           const zd_set_stack *below, zd_code_list *out) {
  size_t first = 0;
  zd_set_stack here = {.below = below,
                       .set = set,
                       .depth = below ? below->depth + 1 : 0,
                       .expansions = below ? below->expansions : &first};
  zd_tree tree;
  for (const zd_set_stack *at = below; at; at = at->below)
    if (zd_slice_eq(at->set, set))
      return zd_fail(q->fault, ZD_ERR_INVALID, "the value set %.*s includes itself", ZD_SV(set));
  if (here.depth > ZD_SET_DEPTH_MAX || ++*here.expansions > ZD_SET_EXPANSIONS_MAX)
    return zd_fail(q->fault, ZD_ERR_LIMIT,
                   "value sets in value sets, more than %d deep or more than %d in all",
                   ZD_SET_DEPTH_MAX, ZD_SET_EXPANSIONS_MAX);
  zd_err err = zd_canonical_find(s, q, zd_schema_type(s->schema, ZD_S("ValueSet")), set, &tree);
  if (err == ZD_ERR_NOT_FOUND) return expand_shipped(s, q, &here, out);
  return err ? err : expand_stored(s, q, &tree, &here, out);
}
