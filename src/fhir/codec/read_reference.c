/* read_reference.c: what Reference.reference may look like (FHIR R4, references.html).
 *
 *   Patient/1  Patient/1/_history/2      relative: a known type, an id
 *   http://x/fhir/Patient/1  urn:uuid:…  absolute: any scheme; UUIDs and OIDs well-formed
 *   #p1  #                               local: a contained resource of the same container, or it
 *   Patient?identifier=s|v               conditional: only inside a Bundle
 */
#include <stdlib.h>

#include "fhir/codec/read.h"
#include "fhir/primitive.h"

static bool is_letter(char c) {
  char lower = (char)(c | 0x20);
  return lower >= 'a' && lower <= 'z';
}

/* RFC 3986: scheme, then a colon, then something. */
static bool has_scheme(zd_slice s) {
  if (s.n == 0 || !is_letter(s.p[0])) return false;
  for (size_t i = 1; i + 1 < s.n; i++) {
    char c = s.p[i];
    if (c == ':') return true;
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return false;
  }
  return false;
}

static const char *check_absolute(zd_slice s) {
  zd_slice uuid = ZD_S("urn:uuid:"), oid = ZD_S("urn:oid:");
  if (zd_slice_starts(s, uuid)) {
    return zd_primitive_is_uuid(zd_slice_from(s, uuid.n)) ? NULL : "urn:uuid: without a UUID";
  }
  if (zd_slice_starts(s, oid)) {
    return zd_primitive_is_oid(zd_slice_from(s, oid.n)) ? NULL : "urn:oid: without an OID";
  }
  return NULL;
}

/* The part of s before the byte; s becomes what follows it. */
static zd_slice cut(zd_slice *s, char byte) {
  size_t at = zd_slice_find(*s, byte);
  zd_slice head = {s->p, at};
  *s = zd_slice_from(*s, at + 1);
  return head;
}

static bool is_known(const zd_reader *r, zd_slice name) {
  zd_type type = zd_schema_type(r->schema, name);
  return type != ZD_NO_TYPE && zd_schema_is_resource(r->schema, type);
}

static const char *check_relative(const zd_reader *r, zd_slice s) {
  size_t query = zd_slice_find(s, '?');
  if (query < s.n) {
    if (!is_known(r, (zd_slice){s.p, query})) return "a reference to an unknown resource type";
    if (query + 1 == s.n) return "a conditional reference without a condition";
    return r->bundles ? NULL : "a conditional reference outside of a Bundle";
  }
  zd_slice rest = s;
  zd_slice type = cut(&rest, '/');
  if (type.n == s.n) return "a reference that is neither Type/id, nor #id, nor a URL";
  if (!is_known(r, type)) return "a reference to an unknown resource type";
  zd_slice id = cut(&rest, '/');
  if (!zd_primitive_is_id(id)) return "a reference whose id is no id";
  if (id.p + id.n == s.p + s.n) return NULL;
  zd_slice history = cut(&rest, '/');
  bool version = zd_slice_eq(history, ZD_S("_history")) && zd_primitive_is_id(rest);
  return version ? NULL : "a reference with something other than /_history/version after its id";
}

static void add_local(zd_reader *r, uint32_t node) {
  if (r->local_count == r->local_room) {
    uint32_t room = r->local_room ? r->local_room * 2 : 16;
    zd_read_local *locals = ZD_NEW_ARRAY(r->arena, zd_read_local, room);
    if (!locals) {
      r->out_of_memory = true;
      return;
    }
    if (r->local_count) memcpy(locals, r->locals, r->local_count * sizeof *locals);
    r->locals = locals;
    r->local_room = room;
  }
  r->locals[r->local_count++].node = node;
}

static uint32_t child(const zd_reader *r, uint32_t parent, zd_element e) {
  zd_tree tree = {.schema = r->schema, .nodes = r->nodes, .count = r->count};
  return zd_tree_child_element(&tree, parent, e);
}

void zd_read_check_reference(zd_reader *r, uint32_t node, const zd_read_place *place) {
  uint32_t value = child(r, node, r->reference_element);
  if (!value || !(r->nodes[value].flags & ZD_NODE_STRING)) return;
  zd_slice text = zd_node_text(&r->nodes[value], r->arena);
  if (!text.p) {
    r->out_of_memory = true;
    return;
  }
  if (text.n == 0) return; /* already reported */
  if (text.p[0] == '#') {
    if (text.n > 1) add_local(r, value);
    return;
  }
  const char *wrong = has_scheme(text) ? check_absolute(text) : check_relative(r, text);
  if (!wrong) return;
  zd_read_place here = {.up = place, .name = ZD_S("reference"), .index = ZD_READ_SINGLE};
  zd_read_issue(r, &here, ZD_ISSUE_VALUE, r->nodes[value].source, "%s: \"%.*s\"", wrong,
                ZD_SV(zd_read_excerpt(text)));
}

/* ---- local references ---- */

static int by_text(const void *a, const void *b) {
  const zd_slice *left = a, *right = b;
  return zd_slice_cmp(*left, *right);
}

/* The ids of the resources contained in the one at root, sorted; NULL and 0 when there are none. */
static zd_slice *contained_ids(zd_reader *r, uint32_t root, size_t *n) {
  *n = 0;
  zd_element contained = zd_image_child(r->schema, r->nodes[root].type, ZD_S("contained"));
  if (contained == ZD_NO_ELEMENT) return NULL;
  zd_tree tree = {.schema = r->schema, .nodes = r->nodes, .count = r->count};
  size_t count = 0;
  for (uint32_t c = zd_tree_first(&tree, root); c; c = zd_tree_next(&tree, root, c)) {
    count += r->nodes[c].element == contained;
  }
  if (count == 0) return NULL;
  zd_slice *ids = ZD_NEW_ARRAY(r->arena, zd_slice, count);
  if (!ids) {
    r->out_of_memory = true;
    return NULL;
  }
  for (uint32_t c = zd_tree_first(&tree, root); c; c = zd_tree_next(&tree, root, c)) {
    if (r->nodes[c].element != contained) continue;
    uint32_t id = zd_tree_child(&tree, c, ZD_S("id"));
    if (id) ids[(*n)++] = zd_node_text(&r->nodes[id], r->arena);
  }
  qsort(ids, *n, sizeof *ids, by_text);
  return ids;
}

void zd_read_check_locals(zd_reader *r, uint32_t root, uint32_t first) {
  if (r->local_count == first || r->out_of_memory) return;
  size_t n;
  zd_slice *ids = contained_ids(r, root, &n);
  for (uint32_t i = first; i < r->local_count; i++) {
    uint32_t node = r->locals[i].node;
    zd_slice id = zd_slice_from(zd_node_text(&r->nodes[node], r->arena), 1);
    if (ids && bsearch(&id, ids, n, sizeof id, by_text)) continue;
    zd_read_issue_node(r, node, ZD_ISSUE_VALUE, "no contained resource has the id \"%.*s\"",
                       ZD_SV(zd_read_excerpt(id)));
  }
  r->local_count = first;
}
