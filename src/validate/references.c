/* references.c: what references lead to: contained resources, entries of the Bundle, the world. */
#include "validate/run.h"

uint32_t zd_resource_of(const zd_run *r, const zd_tree *tree, uint32_t node) {
  (void)r;
  uint32_t found = 0;
  for (uint32_t at = 0; at < node;) { /* down from the root, through what holds the node */
    if (zd_schema_is_resource(tree->schema, tree->nodes[at].type)) found = at;
    uint32_t c = zd_tree_first(tree, at);
    while (c && tree->nodes[c].end <= node) c = zd_tree_next(tree, at, c);
    if (!c || c > node) break;
    at = c;
  }
  if (zd_schema_is_resource(tree->schema, tree->nodes[node].type)) found = node;
  return found;
}

static bool is_named(const zd_tree *tree, uint32_t node, zd_slice name) {
  zd_element e = tree->nodes[node].element;
  return e != ZD_NO_ELEMENT && zd_slice_eq(zd_schema_element_info(tree->schema, e).name, name);
}

/* The resource that contains, of a contained one the one around it. */
static uint32_t container_of(const zd_run *r, uint32_t node) {
  const zd_tree *tree = r->tree;
  uint32_t resource = zd_resource_of(r, tree, node), found = 0;
  if (!is_named(tree, resource, ZD_S("contained"))) return resource;
  for (uint32_t at = 0; at < resource;) {
    if (zd_schema_is_resource(tree->schema, tree->nodes[at].type)) found = at;
    uint32_t c = zd_tree_first(tree, at);
    while (c && tree->nodes[c].end <= resource) c = zd_tree_next(tree, at, c);
    if (!c) break;
    at = c;
  }
  return found;
}

static uint32_t find_contained(zd_run *r, uint32_t from, zd_slice id) {
  uint32_t owner = container_of(r, from);
  if (!id.n) return owner;
  for (uint32_t c = zd_tree_first(r->tree, owner); c; c = zd_tree_next(r->tree, owner, c)) {
    if (!is_named(r->tree, c, ZD_S("contained"))) continue;
    if (zd_slice_eq(zd_run_child_text(r, r->tree, c, ZD_S("id")), id)) return c;
  }
  return UINT32_MAX;
}

/* "Patient/1" at the end of an address, without a version: type and rest. */
static zd_type type_in(const zd_run *r, zd_slice text, zd_slice *tail) {
  for (size_t i = 0; i < text.n; i++) {
    if (i && text.p[i - 1] != '/') continue;
    zd_slice part = zd_slice_from(text, i);
    zd_slice name = {part.p, zd_slice_find(part, '/')};
    if (name.n == part.n) break;
    zd_type type = zd_schema_type(r->schema, name);
    if (type == ZD_NO_TYPE || !zd_schema_is_resource(r->schema, type)) continue;
    zd_slice id = zd_slice_from(part, name.n + 1);
    size_t slash = zd_slice_find(id, '/');
    bool version = slash < id.n && zd_slice_starts(zd_slice_from(id, slash), ZD_S("/_history/"));
    if (slash < id.n && !version) continue;
    *tail = (zd_slice){part.p, name.n + 1 + slash};
    return type;
  }
  return ZD_NO_TYPE;
}

/* The full address: that of the entry's server with a relative reference behind it. */
static bool is_full_url(zd_run *r, zd_slice full, zd_slice text, zd_slice base) {
  if (zd_slice_eq(full, text)) return true;
  if (zd_slice_find(text, ':') < text.n || !base.p) return false;
  return full.n == base.n + text.n && zd_slice_starts(full, base) && zd_slice_ends(full, text);
  (void)r;
}

/* Of "http://server/fhir/Patient/1" the part before Patient; absent: not of this form. */
static zd_slice base_of(const zd_run *r, zd_slice full) {
  zd_slice tail = {NULL, 0};
  if (!full.p || type_in(r, full, &tail) == ZD_NO_TYPE) return (zd_slice){NULL, 0};
  return (zd_slice){full.p, (size_t)(tail.p - full.p)};
}

static uint32_t find_entry(zd_run *r, uint32_t from, zd_slice text) {
  const zd_tree *t = r->tree;
  zd_slice base = {NULL, 0}, tail = {NULL, 0};
  if (t->nodes[0].type != r->v->bundle) return UINT32_MAX;
  bool relative = zd_slice_find(text, ':') == text.n;
  zd_type type = type_in(r, text, &tail);
  for (uint32_t c = zd_tree_first(t, 0); c; c = zd_tree_next(t, 0, c))
    if (is_named(t, c, ZD_S("entry")) && from > c && from < t->nodes[c].end)
      base = base_of(r, zd_run_child_text(r, t, c, ZD_S("fullUrl")));
  for (uint32_t c = zd_tree_first(t, 0); c; c = zd_tree_next(t, 0, c)) {
    if (!is_named(t, c, ZD_S("entry"))) continue;
    uint32_t resource = zd_tree_child(t, c, ZD_S("resource"));
    if (!resource) continue;
    zd_slice full = zd_run_child_text(r, t, c, ZD_S("fullUrl"));
    if (full.p && is_full_url(r, full, tail.p && relative ? tail : text, base)) return resource;
    if (full.p || !relative || t->nodes[resource].type != type) continue;
    zd_slice id = zd_run_child_text(r, t, resource, ZD_S("id"));
    if (id.p && zd_slice_ends(tail, id) && tail.n > id.n && tail.p[tail.n - id.n - 1] == '/')
      return resource;
  }
  return UINT32_MAX;
}

static void ask_world(zd_run *r, zd_target *out) {
  const zd_validate_world *world = r->how->world;
  if (!world || !world->resolve) return;
  zd_err err = world->resolve(world->state, out->text, r->arena, &out->item, &r->fault);
  if (err && !r->err) r->err = err;
}

void zd_find_text(zd_run *r, uint32_t from, zd_slice text, zd_target *out) {
  zd_slice tail;
  *out = (zd_target){
      .kind = ZD_REFERENCE_OUTSIDE, .text = text, .type = ZD_NO_TYPE, .item = {.kind = ZD_FP_NODE}};
  uint32_t node = UINT32_MAX;
  if (text.n && text.p[0] == '#') {
    out->kind = ZD_REFERENCE_CONTAINED;
    node = find_contained(r, from, zd_slice_from(text, 1));
  } else {
    node = find_entry(r, from, text);
    if (node != UINT32_MAX) out->kind = ZD_REFERENCE_BUNDLED;
  }
  if (node != UINT32_MAX)
    out->item = zd_fhirpath_node(r->tree, node);
  else if (out->kind == ZD_REFERENCE_OUTSIDE)
    ask_world(r, out);
  if (out->item.as.tree)
    out->type = out->item.as.tree->nodes[out->item.n].type;
  else
    out->type = type_in(r, text, &tail);
}

void zd_find_target(zd_run *r, uint32_t reference, zd_target *out) {
  zd_slice text = zd_run_child_text(r, r->tree, reference, ZD_S("reference"));
  if (text.p) {
    zd_find_text(r, reference, text, out);
  } else {
    *out = (zd_target){.type = ZD_NO_TYPE, .item = {.kind = ZD_FP_NODE}};
  }
  zd_slice type = zd_run_child_text(r, r->tree, reference, ZD_S("type"));
  if (out->type == ZD_NO_TYPE && type.p) out->type = zd_schema_type(r->schema, type);
}

void zd_check_reference(zd_run *r, uint32_t node) {
  zd_slice text = zd_run_child_text(r, r->tree, node, ZD_S("reference"));
  zd_slice says = zd_run_child_text(r, r->tree, node, ZD_S("type"));
  zd_subject about = {node, NULL, 0};
  zd_target to;
  if (!text.p) return;
  zd_find_text(r, node, text, &to);
  zd_type type = says.p ? zd_schema_type(r->schema, says) : ZD_NO_TYPE;
  if (type == ZD_NO_TYPE || to.type == ZD_NO_TYPE || zd_schema_is_a(r->schema, to.type, type))
    return;
  zd_run_say(r, about,
             &(zd_say){.severity = ZD_ERROR,
                       .code = ZD_ISSUE_STRUCTURE,
                       .message = ZD_SAY_REFERENCE_SAYS_TYPE,
                       .text = {says, zd_schema_type_info(r->schema, to.type).name}});
}
