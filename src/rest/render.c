/* render.c: a stored resource as the client wants to see it. */
#include "rest/interaction.h"

/* _elements names top-level elements, with or without the type in front ("Patient.name"). A name
 * that the type does not have is ignored for other types of a mixed answer, as search.html#elements
 * allows; where one type was asked for, shape.c refused it. */
static size_t pick_elements(const zd_call *c, const zd_interaction *in, zd_type type,
                            zd_element *out) {
  const zd_schema *schema = c->rest->schema;
  zd_slice type_name = zd_schema_type_info(schema, type).name;
  zd_type_info info = zd_schema_type_info(schema, type);
  size_t n = 0;
  for (size_t i = 0; i < in->element_count; i++) {
    zd_slice name = in->elements[i];
    size_t dot = zd_slice_find(name, '.');
    if (dot < name.n) {
      if (!zd_slice_eq((zd_slice){name.p, dot}, type_name)) continue;
      name = zd_slice_from(name, dot + 1);
    }
    for (uint16_t k = 0; k < info.count; k++) {
      zd_element e = (zd_element)(info.first + k);
      zd_element_info element = zd_schema_element_info(schema, e);
      bool named = zd_slice_eq(element.path, name) || zd_slice_eq(element.name, name);
      if (named && n < info.count) out[n++] = e;
    }
  }
  return n;
}

static zd_err read_whole(zd_call *c, zd_slice whole, zd_tree *tree) {
  zd_issues issues;
  zd_issues_init(&issues, c->arena);
  zd_err err = zd_fhir_read_json(c->rest->schema, whole, ZD_NO_TYPE, NULL, c->arena, tree, &issues);
  return err == ZD_ERR_INVALID ? ZD_ERR_CORRUPT : err;
}

/* The resource at the node, as _summary and _elements want it. */
static zd_err write_shaped(zd_call *c, const zd_interaction *in, const zd_tree *tree, uint32_t node,
                           zd_buffer *out) {
  zd_type type = tree->nodes[node].type;
  zd_write_options options = {.summary = in->summary};
  if (in->element_count) {
    uint16_t count = zd_schema_type_info(c->rest->schema, type).count;
    zd_element *picked = ZD_NEW_ARRAY(c->arena, zd_element, (size_t)count + 1);
    if (!picked) return ZD_ERR_MEMORY;
    size_t n = pick_elements(c, in, type, picked);
    if (!n) picked[n++] = zd_schema_child(c->rest->schema, type, ZD_S("id"));
    options.elements = picked;
    options.element_count = n;
  }
  zd_fhir_write_json(tree, node, &options, out);
  return zd_buffer_error(out);
}

static zd_err render_shaped(zd_call *c, const zd_interaction *in, zd_slice whole, zd_buffer *out) {
  zd_tree tree;
  zd_err err = read_whole(c, whole, &tree);
  return err != ZD_OK ? err : write_shaped(c, in, &tree, 0, out);
}

zd_err zd_render_contained(zd_call *c, const zd_interaction *in, const zd_record *record,
                           uint32_t inner, zd_slice *id, zd_buffer *out) {
  zd_tree tree;
  zd_buffer whole;
  zd_buffer_init(&whole, 0);
  zd_fhir_stamp(record->body, record->stamp_at, record->version, record->time_ms, &whole);
  zd_err err = zd_buffer_error(&whole);
  if (err == ZD_OK) err = read_whole(c, zd_buffer_slice(&whole), &tree);
  uint32_t node = err == ZD_OK ? zd_search_inner(c->rest->search, &tree, inner) : 0;
  if (err == ZD_OK && !node) err = ZD_ERR_CORRUPT;
  if (err == ZD_OK) { /* outlives the text that the tree points into */
    *id = zd_arena_copy(c->arena, zd_node_child_text(&tree, node, ZD_S("id"), c->arena));
    if (!id->p) err = ZD_ERR_MEMORY;
  }
  if (err == ZD_OK) err = write_shaped(c, in, &tree, node, out);
  zd_buffer_free(&whole);
  return err;
}

zd_err zd_render_whole(zd_call *c, const zd_interaction *in, zd_buffer *body) {
  if (in->summary == ZD_SUMMARY_NONE && !in->element_count) return ZD_OK;
  zd_buffer shaped;
  zd_buffer_init(&shaped, 0);
  zd_err err = render_shaped(c, in, zd_buffer_slice(body), &shaped);
  zd_buffer_free(body);
  *body = shaped;
  return err;
}

zd_err zd_render(zd_call *c, const zd_interaction *in, const zd_record *record, zd_buffer *out) {
  bool shaped = in->summary != ZD_SUMMARY_NONE || in->element_count;
  if (!shaped) {
    zd_fhir_stamp(record->body, record->stamp_at, record->version, record->time_ms, out);
    return zd_buffer_error(out);
  }
  zd_buffer whole;
  zd_buffer_init(&whole, 0);
  zd_fhir_stamp(record->body, record->stamp_at, record->version, record->time_ms, &whole);
  zd_err err = zd_buffer_error(&whole);
  if (err == ZD_OK) err = render_shaped(c, in, zd_buffer_slice(&whole), out);
  zd_buffer_free(&whole);
  return err;
}
