/* tree.c: walking the flat array of nodes. */
#include "fhir/tree.h"

#include <stdio.h>

#include "fhir/schema/schema_image.h"
#include "json/json.h"

zd_slice zd_node_text(const zd_node *node, zd_arena *arena) {
  if (!(node->flags & ZD_NODE_ESCAPED)) return zd_node_raw(node);
  char *plain = zd_arena_alloc(arena, node->n ? node->n : 1);
  if (!plain) return (zd_slice){NULL, 0};
  return (zd_slice){plain, zd_json_unescape(zd_node_raw(node), plain)};
}

uint32_t zd_tree_child_element(const zd_tree *t, uint32_t parent, zd_element e) {
  for (uint32_t c = zd_tree_first(t, parent); c; c = zd_tree_next(t, parent, c)) {
    if (t->nodes[c].element == e) return c;
  }
  return 0;
}

uint32_t zd_tree_child(const zd_tree *t, uint32_t parent, zd_slice json_name) {
  zd_element e = zd_schema_child(t->schema, t->nodes[parent].type, json_name);
  return e == ZD_NO_ELEMENT ? 0 : zd_tree_child_element(t, parent, e);
}

uint32_t zd_tree_child_path(const zd_tree *t, uint32_t parent, zd_slice path) {
  for (uint32_t c = zd_tree_first(t, parent); c; c = zd_tree_next(t, parent, c)) {
    const zd_image_element *el = zd_image_element_at(t->schema, t->nodes[c].element);
    if (zd_slice_eq(zd_image_slice(t->schema, el->path), path)) return c;
  }
  return 0;
}

/* Appends one step; a text that grows step by step in the arena is short and rare. */
static zd_slice append_step(const zd_tree *t, zd_slice text, uint32_t child, uint32_t index,
                            zd_arena *arena) {
  const zd_image_element *el = zd_image_element_at(t->schema, t->nodes[child].element);
  zd_slice path = zd_image_slice(t->schema, el->path);
  if (el->flags & ZD_EL_ARRAY) {
    return zd_arena_printf(arena, "%.*s.%.*s[%u]", ZD_SV(text), ZD_SV(path), (unsigned)index);
  }
  return zd_arena_printf(arena, "%.*s.%.*s", ZD_SV(text), ZD_SV(path));
}

zd_slice zd_tree_location(const zd_tree *t, uint32_t node, zd_arena *arena) {
  zd_slice text = zd_image_slice(t->schema, zd_image_type_at(t->schema, t->nodes[0].type)->name);
  uint32_t at = 0;
  while (at != node && text.p) {
    uint32_t index = 0;
    uint32_t c = zd_tree_first(t, at);
    while (c && t->nodes[c].end <= node) {
      uint32_t next = zd_tree_next(t, at, c);
      index = next && t->nodes[next].element == t->nodes[c].element ? index + 1 : 0;
      c = next;
    }
    if (!c) break; /* no such node */
    text = append_step(t, text, c, index, arena);
    at = c;
  }
  return text;
}
