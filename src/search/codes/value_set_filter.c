/* value_set_filter.c: ValueSet.compose.include.filter over a code system (R4
 * valueset.html#filters). What a filter means is fhir/concepts.h's. */
#include "search/codes/value_set.h"

static zd_err one_filter(const zd_code_question *q, const zd_tree *t, uint32_t node,
                         const zd_concepts *c, zd_code_list *out) {
  zd_concept_filter f;
  uint8_t *marks = ZD_NEW_ARRAY(q->arena, uint8_t, c->count + 1u);
  zd_err err = marks ? zd_code_member(q, t, node, ZD_S("property"), &f.property) : ZD_ERR_MEMORY;
  if (!err) err = zd_code_member(q, t, node, ZD_S("op"), &f.op);
  if (!err) err = zd_code_member(q, t, node, ZD_S("value"), &f.value);
  if (!err) err = zd_code_spend(q, (size_t)c->count + c->edge_count + c->property_count);
  if (!err) err = zd_concepts_filter(c, &f, q->arena, marks, q->fault);
  if (!err) err = zd_code_system_add(c, marks, q, out);
  zd_code_list_sort(out);
  return err;
}

zd_err zd_value_set_filter(const zd_search *s, const zd_code_question *q, const zd_tree *t,
                           uint32_t include, zd_slice system, zd_code_list *out) {
  zd_concepts c;
  bool first = true;
  zd_err err = zd_code_system_read(s, q, system, &c);
  for (uint32_t k = zd_tree_first(t, include); k && !err; k = zd_tree_next(t, include, k)) {
    zd_code_list one = {0};
    zd_slice name = zd_schema_element_info(t->schema, t->nodes[k].element).name;
    if (!zd_slice_eq(name, ZD_S("filter"))) continue;
    err = one_filter(q, t, k, &c, &one);
    if (first)
      *out = one;
    else
      zd_code_list_keep(out, &one, true);
    first = false;
  }
  return err;
}
