/* write_xml.c: the walk that writes a tree as XML.
 *
 *   {"birthDate":"1970","_birthDate":{"id":"b","extension":[{"url":"u","valueCode":"c"}]}}
 *   <birthDate id="b" value="1970"><extension url="u"><valueCode
 * value="c"/></extension></birthDate>
 */
#include "fhir/xml/write.h"
#include "json/json.h"

enum { PRIMITIVE = ZD_NODE_STRING | ZD_NODE_BARE | ZD_NODE_NO_VALUE };

static void write_element(zd_xml_writer *w, uint32_t node);

static const zd_node *node_at(const zd_xml_writer *w, uint32_t i) {
  return &w->tree->nodes[i];
}

static const zd_image_element *element_of(const zd_xml_writer *w, uint32_t i) {
  return zd_image_element_at(w->schema, node_at(w, i)->element);
}

static const zd_image_type *type_of(const zd_xml_writer *w, uint32_t i) {
  return zd_image_type_at(w->schema, node_at(w, i)->type);
}

static bool is_resource(const zd_xml_writer *w, uint32_t i) {
  return !(node_at(w, i)->flags & PRIMITIVE) && type_of(w, i)->kind == ZD_KIND_RESOURCE;
}

static bool is_narrative(const zd_xml_writer *w, uint32_t i) {
  return (node_at(w, i)->flags & PRIMITIVE) && type_of(w, i)->primitive == ZD_PRIM_XHTML;
}

/* ---- values ---- */

/* The value without JSON's escapes, until the next one. */
static zd_slice text_of(zd_xml_writer *w, uint32_t node) {
  const zd_node *n = node_at(w, node);
  if (!(n->flags & ZD_NODE_ESCAPED)) return zd_node_raw(n);
  zd_buffer_clear(&w->scratch);
  if (!zd_buffer_reserve(&w->scratch, n->n)) {
    w->out->failed = zd_buffer_error(&w->scratch);
    return ZD_S("");
  }
  w->scratch.n = zd_json_unescape(zd_node_raw(n), w->scratch.p);
  return zd_buffer_slice(&w->scratch);
}

static void write_attribute(zd_xml_writer *w, zd_slice name, uint32_t node) {
  zd_buffer_add_char(w->out, ' ');
  zd_buffer_add_slice(w->out, name);
  zd_buffer_add_slice(w->out, ZD_S("=\""));
  zd_xml_add_attribute(w->out, text_of(w, node));
  zd_buffer_add_char(w->out, '"');
}

/* ---- layout ---- */

static void new_line(zd_xml_writer *w) {
  static const char spaces[] = "                                                                ";
  if (!w->laid_out) return;
  zd_buffer_add_char(w->out, '\n');
  for (size_t n = (size_t)w->depth * 2; n;) {
    size_t some = n < sizeof spaces - 1 ? n : sizeof spaces - 1;
    zd_buffer_add(w->out, spaces, some);
    n -= some;
  }
}

static void open_tag(zd_xml_writer *w, zd_slice name) {
  zd_buffer_add_char(w->out, '<');
  zd_buffer_add_slice(w->out, name);
}

static void close_tag(zd_xml_writer *w, zd_slice name) {
  new_line(w);
  zd_buffer_add_slice(w->out, ZD_S("</"));
  zd_buffer_add_slice(w->out, name);
  zd_buffer_add_char(w->out, '>');
}

/* ---- elements ---- */

/* Of a value, id and url are attributes. */
static bool is_attribute(const zd_xml_writer *w, uint32_t child) {
  return element_of(w, child)->flags & ZD_EL_ATTRIBUTE;
}

static uint32_t least_child(const zd_xml_writer *w, uint32_t node, zd_element from) {
  uint32_t least = 0;
  for (uint32_t c = zd_tree_first(w->tree, node); c; c = zd_tree_next(w->tree, node, c)) {
    zd_element e = node_at(w, c)->element;
    if (e >= from && (!least || e < node_at(w, least)->element)) least = c;
  }
  return least;
}

static bool in_schema_order(const zd_xml_writer *w, uint32_t node) {
  zd_element last = 0;
  for (uint32_t c = zd_tree_first(w->tree, node); c; c = zd_tree_next(w->tree, node, c)) {
    if (node_at(w, c)->element < last) return false;
    last = node_at(w, c)->element;
  }
  return true;
}

/* A child and its repetitions behind it; what follows them. */
static uint32_t write_run(zd_xml_writer *w, uint32_t parent, uint32_t child, bool attributes) {
  zd_element e = node_at(w, child)->element;
  do {
    if (!attributes || !is_attribute(w, child)) write_element(w, child);
    child = zd_tree_next(w->tree, parent, child);
  } while (child && node_at(w, child)->element == e);
  return child;
}

/* `attributes`: some of them have been written as such. */
static void write_children(zd_xml_writer *w, uint32_t node, bool attributes) {
  bool straight = in_schema_order(w, node);
  uint32_t c = straight ? zd_tree_first(w->tree, node) : least_child(w, node, 0);
  w->depth++;
  while (c) {
    zd_element e = node_at(w, c)->element;
    uint32_t next = write_run(w, node, c, attributes);
    c = straight ? next : least_child(w, node, (zd_element)(e + 1));
  }
  w->depth--;
}

/* Writes id and url; true when there are other children. */
static bool write_attributes(zd_xml_writer *w, uint32_t node) {
  bool others = false;
  for (uint32_t c = zd_tree_first(w->tree, node); c; c = zd_tree_next(w->tree, node, c)) {
    if (is_attribute(w, c))
      write_attribute(w, zd_image_slice(w->schema, element_of(w, c)->name), c);
    else
      others = true;
  }
  return others;
}

/* The resource whose start tag is to be written; `outermost`: it declares the namespace. */
static void write_resource(zd_xml_writer *w, uint32_t node, bool outermost) {
  zd_slice name = zd_image_slice(w->schema, type_of(w, node)->name);
  open_tag(w, name);
  if (outermost) zd_buffer_add_slice(w->out, ZD_S(" xmlns=\"" ZD_XML_FHIR_NAMESPACE "\""));
  if (node_at(w, node)->end == node + 1) {
    zd_buffer_add_slice(w->out, ZD_S("/>"));
    return;
  }
  zd_buffer_add_char(w->out, '>');
  write_children(w, node, false);
  close_tag(w, name);
}

static void write_held(zd_xml_writer *w, uint32_t node, zd_slice name) {
  open_tag(w, name);
  zd_buffer_add_char(w->out, '>');
  w->depth++;
  new_line(w);
  write_resource(w, node, false);
  w->depth--;
  close_tag(w, name);
}

static void write_element(zd_xml_writer *w, uint32_t node) {
  const zd_node *n = node_at(w, node);
  zd_slice name = zd_image_slice(w->schema, element_of(w, node)->name);
  new_line(w);
  if (is_resource(w, node)) {
    write_held(w, node, name);
    return;
  }
  if (is_narrative(w, node)) {
    zd_xml_write_div(w->out, text_of(w, node));
    return;
  }
  open_tag(w, name);
  bool children = write_attributes(w, node);
  if (n->flags & (ZD_NODE_STRING | ZD_NODE_BARE)) write_attribute(w, ZD_S("value"), node);
  if (!children) {
    zd_buffer_add_slice(w->out, ZD_S("/>"));
    return;
  }
  zd_buffer_add_char(w->out, '>');
  write_children(w, node, true);
  close_tag(w, name);
}

void zd_fhir_write_xml(const zd_tree *tree, uint32_t root, const zd_xml_layout *layout,
                       zd_buffer *out) {
  zd_xml_writer w = {.tree = tree, .schema = tree->schema, .out = out};
  zd_buffer_init(&w.scratch, 0);
  if (layout) {
    w.laid_out = layout->laid_out;
    if (layout->declaration)
      zd_buffer_add_slice(out, w.laid_out ? ZD_S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
                                          : ZD_S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
  }
  if (layout && layout->depth) {
    w.depth = layout->depth;
    write_element(&w, root);
  } else {
    write_resource(&w, root, true);
  }
  zd_buffer_free(&w.scratch);
}
