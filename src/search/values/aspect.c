/* aspect.c: what a node says beside its values: the texts and identifiers that modifiers ask for.
 */
#include "search/internal.h"

static zd_shape shape_of(const zd_source *x, uint32_t node) {
  return x->search->shapes[x->tree->nodes[node].type].shape;
}

static zd_element slot(const zd_source *x, uint32_t node, int k) {
  return x->search->shapes[x->tree->nodes[node].type].slot[k];
}

static zd_err text_fact(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  zd_fact fact = {.type = ZD_NO_TYPE};
  zd_err err = zd_source_text(x, node, &fact.text);
  return err || !fact.text.p ? err : sink(state, &fact);
}

/* The children of a concept, each coding's display and the text; of a coding its display. */
static zd_err concept_texts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  bool concept = shape_of(x, node) == ZD_SHAPE_CONCEPT;
  zd_element text = slot(x, node, concept ? 1 : 2), coding = slot(x, node, 0);
  zd_err err = ZD_OK;
  for (uint32_t c = zd_tree_first(x->tree, node); c && !err; c = zd_tree_next(x->tree, node, c)) {
    zd_element e = x->tree->nodes[c].element;
    if (e == text)
      err = text_fact(x, c, sink, state);
    else if (concept && e == coding)
      err = concept_texts(x, c, sink, state);
  }
  return err;
}

static zd_err identifier_text(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  uint32_t type = zd_tree_child_element(x->tree, node, slot(x, node, 2));
  uint32_t text = type ? zd_tree_child_element(x->tree, type, slot(x, type, 1)) : 0;
  return text ? text_fact(x, text, sink, state) : ZD_OK;
}

static zd_err token_texts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  switch (shape_of(x, node)) {
    case ZD_SHAPE_CODING:
    case ZD_SHAPE_CONCEPT:
      return concept_texts(x, node, sink, state);
    case ZD_SHAPE_IDENTIFIER:
      return identifier_text(x, node, sink, state);
    default:
      return ZD_OK;
  }
}

zd_err zd_aspect_facts(const zd_source *x, zd_aspect aspect, uint32_t node, zd_fact_sink sink,
                       void *state) {
  if (aspect == ZD_ASPECT_TEXT) return token_texts(x, node, sink, state);
  if (shape_of(x, node) != ZD_SHAPE_REFERENCE) return ZD_OK;
  uint32_t identifier = zd_tree_child_element(x->tree, node, slot(x, node, 1));
  return identifier ? zd_facts(x, ZD_PARAM_TOKEN, identifier, sink, state) : ZD_OK;
}

/* ---- Identifier.type ---- */

typedef struct pair_wanted {
  zd_slice system, code;
  bool hit;
} pair_wanted;

static zd_err compare_pair(void *state, const zd_fact *fact) {
  pair_wanted *w = state;
  if (fact->system.p && fact->code.p && zd_slice_eq(fact->system, w->system) &&
      zd_slice_eq(fact->code, w->code))
    w->hit = true;
  return ZD_OK;
}

zd_err zd_fact_is_typed(const zd_source *x, uint32_t node, zd_slice system, zd_slice code,
                        zd_slice value, bool *hit) {
  *hit = false;
  if (shape_of(x, node) != ZD_SHAPE_IDENTIFIER) return ZD_OK;
  uint32_t type = zd_tree_child_element(x->tree, node, slot(x, node, 2));
  uint32_t at = zd_tree_child_element(x->tree, node, slot(x, node, 1));
  zd_slice own = {NULL, 0};
  if (!type || !at) return ZD_OK;
  zd_err err = zd_source_text(x, at, &own);
  if (err || !own.p || !zd_slice_eq(own, value)) return err;
  pair_wanted w = {.system = system, .code = code};
  err = zd_facts(x, ZD_PARAM_TOKEN, type, compare_pair, &w);
  *hit = w.hit;
  return err;
}

/* ---- :missing ---- */

static bool is_content(const zd_source *x, uint32_t child) {
  zd_element e = x->tree->nodes[child].element;
  if (e == ZD_NO_ELEMENT) return true;
  zd_slice name = zd_schema_element_info(x->tree->schema, e).name;
  return !zd_slice_eq(name, ZD_S("id")) && !zd_slice_eq(name, ZD_S("extension")) &&
         !zd_slice_eq(name, ZD_S("modifierExtension"));
}

bool zd_fact_is_there(const zd_source *x, uint32_t node) {
  const zd_node *n = &x->tree->nodes[node];
  zd_type_kind kind = zd_schema_type_info(x->tree->schema, n->type).kind;
  if (kind == ZD_KIND_PRIMITIVE) return n->p && !(n->flags & ZD_NODE_NO_VALUE);
  if (kind == ZD_KIND_RESOURCE) return true;
  for (uint32_t c = zd_tree_first(x->tree, node); c; c = zd_tree_next(x->tree, node, c))
    if (is_content(x, c)) return true;
  return false;
}
