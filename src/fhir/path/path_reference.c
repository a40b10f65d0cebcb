/* path_reference.c: where a reference points to, as far as its text tells; numbers in texts.
 *
 * Source: FHIR R4 references.html#literal. Relative ("Patient/1"), absolute on any server whose URL
 * ends like one of a FHIR server ("http://x/fhir/Patient/1/_history/2"), contained ("#p").
 */
#include "fhir/path/path_internal.h"

/* ---- text ---- */

/* Cuts the last path segment off *url and returns it. */
static zd_slice pop_segment(zd_slice *url) {
  size_t slash = url->n;
  while (slash && url->p[slash - 1] != '/') slash--;
  zd_slice segment = zd_slice_from(*url, slash);
  url->n = slash ? slash - 1 : 0;
  return segment;
}

static bool is_id(zd_slice s) {
  if (!s.n || s.n > 64) return false;
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '-' && c != '.') return false;
  }
  return true;
}

static zd_type resource_named(const zd_schema *schema, zd_slice name) {
  zd_type type = zd_schema_type(schema, name);
  return zd_schema_is_resource(schema, type) ? type : ZD_NO_TYPE;
}

zd_type zd_path_reference_text_type(const zd_schema *schema, zd_slice text) {
  if (!text.n || text.p[0] == '#' || zd_slice_starts(text, ZD_S("urn:"))) return ZD_NO_TYPE;
  size_t query = zd_slice_find(text, '?');
  if (query < text.n) { /* conditional: Patient?identifier=... */
    text.n = query;
    return resource_named(schema, pop_segment(&text));
  }
  text.n = zd_slice_find(text, '#');
  zd_slice id = pop_segment(&text), name = pop_segment(&text);
  if (zd_slice_eq(name, ZD_S("_history"))) {
    id = pop_segment(&text);
    name = pop_segment(&text);
  }
  return is_id(id) ? resource_named(schema, name) : ZD_NO_TYPE;
}

/* ---- in the tree ---- */

static bool is_resource_node(const zd_tree *tree, uint32_t node) {
  zd_element e = tree->nodes[node].element;
  return e == ZD_NO_ELEMENT || zd_schema_element_info(tree->schema, e).flags & ZD_EL_ANY_RESOURCE;
}

static bool is_contained(const zd_tree *tree, uint32_t node) {
  zd_element e = tree->nodes[node].element;
  return e != ZD_NO_ELEMENT &&
         zd_slice_eq(zd_schema_element_info(tree->schema, e).name, ZD_S("contained"));
}

uint32_t zd_path_resource_of(const zd_tree *tree, uint32_t node, bool container) {
  uint32_t at = 0, resource = 0;
  while (at != node) {
    uint32_t child = zd_tree_first(tree, at);
    while (child && tree->nodes[child].end <= node) child = zd_tree_next(tree, at, child);
    if (!child || child > node) break;
    at = child;
    if (is_resource_node(tree, at) && !(container && is_contained(tree, at))) resource = at;
  }
  return resource;
}

/* "#p": the contained resource with id p; "#" alone is the container itself. */
static zd_type contained_type(const zd_tree *tree, uint32_t node, zd_slice id) {
  uint32_t container = zd_path_resource_of(tree, node, true);
  if (!id.n) return tree->nodes[container].type;
  for (uint32_t c = zd_tree_first(tree, container); c; c = zd_tree_next(tree, container, c)) {
    if (!is_contained(tree, c)) continue;
    uint32_t own = zd_tree_child(tree, c, ZD_S("id"));
    if (own && zd_slice_eq(zd_node_raw(&tree->nodes[own]), id)) return tree->nodes[c].type;
  }
  return ZD_NO_TYPE;
}

static const zd_slice *edit_of(const zd_path_edits *edits, uint32_t node) {
  size_t low = 0, high = edits ? edits->count : 0;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (edits->nodes[middle] == node) return &edits->values[middle];
    if (edits->nodes[middle] < node)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* The node that holds the target's text: Reference.reference, or a uri or canonical itself. */
static uint32_t text_node(const zd_tree *tree, uint32_t reference) {
  zd_type_info info = zd_schema_type_info(tree->schema, tree->nodes[reference].type);
  if (info.kind == ZD_KIND_PRIMITIVE) return reference;
  return zd_tree_child(tree, reference, ZD_S("reference"));
}

zd_err zd_path_target_type(const zd_tree *tree, uint32_t reference, const zd_path_edits *edits,
                           zd_arena *arena, zd_type *out) {
  uint32_t node = text_node(tree, reference);
  *out = ZD_NO_TYPE;
  if (!node) return ZD_OK;
  const zd_slice *edited = edit_of(edits, node);
  zd_slice text = edited ? *edited : zd_node_raw(&tree->nodes[node]);
  if (!edited && tree->nodes[node].flags & ZD_NODE_ESCAPED) {
    text = zd_node_text(&tree->nodes[node], arena);
    if (!text.p) return ZD_ERR_MEMORY;
  }
  if (text.n && text.p[0] == '#')
    *out = contained_type(tree, reference, zd_slice_from(text, 1));
  else
    *out = zd_path_reference_text_type(tree->schema, text);
  return ZD_OK;
}

zd_type zd_path_reference_type(const zd_tree *tree, uint32_t reference_node) {
  zd_arena arena; /* used only for escaped texts */
  zd_type type = ZD_NO_TYPE;
  zd_arena_init(&arena, 0);
  if (zd_path_target_type(tree, reference_node, NULL, &arena, &type)) type = ZD_NO_TYPE;
  zd_arena_free(&arena);
  return type;
}

/* ---- numbers ---- */

/* A decimal as sign, digits without zeros at either end, and the power of ten of the last digit. */
typedef struct decimal {
  bool negative;
  zd_slice text; /* from the first to the last digit that counts; may hold a point */
  int64_t power;
} decimal;

static int64_t read_exponent(zd_slice s) {
  bool negative = s.n && s.p[0] == '-';
  int64_t value = 0;
  for (size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'); i < s.n; i++)
    if (value < INT32_MAX) value = value * 10 + (s.p[i] - '0');
  return negative ? -value : value;
}

static decimal read_decimal(zd_slice s) {
  decimal d = {.negative = s.n && s.p[0] == '-'};
  size_t e = 0;
  if (d.negative) s = zd_slice_from(s, 1);
  while (e < s.n && s.p[e] != 'e' && s.p[e] != 'E') e++;
  if (e < s.n) d.power = read_exponent(zd_slice_from(s, e + 1));
  s.n = e;
  size_t point = zd_slice_find(s, '.');
  if (point < s.n) d.power -= (int64_t)(s.n - point - 1);
  while (s.n && (s.p[s.n - 1] == '0' || s.p[s.n - 1] == '.')) {
    if (s.p[s.n - 1] == '0') d.power++;
    s.n--;
  }
  while (s.n && (s.p[0] == '0' || s.p[0] == '.')) s = zd_slice_from(s, 1);
  d.text = s;
  if (!s.n) d.negative = false, d.power = 0;
  return d;
}

bool zd_path_same_number(zd_slice a, zd_slice b) {
  decimal x = read_decimal(a), y = read_decimal(b);
  if (x.negative != y.negative || x.power != y.power) return false;
  size_t i = 0, k = 0;
  while (i < x.text.n && k < y.text.n) {
    if (x.text.p[i] == '.') {
      i++;
    } else if (y.text.p[k] == '.') {
      k++;
    } else if (x.text.p[i++] != y.text.p[k++]) {
      return false;
    }
  }
  return i == x.text.n && k == y.text.n;
}
