/* write_subset.c: _summary and _elements (FHIR R4, search.html#summary, #elements).
 *
 *   true      elements marked isSummary, at every depth
 *   text      text, id, meta and mandatory top-level elements
 *   data      all but text
 *   elements  the named top-level elements
 *
 * Mandatory elements stay, so that the result is a valid resource; an object never becomes empty.
 * What is incomplete says so: meta.tag SUBSETTED.
 */
#include "fhir/codec/write.h"

static const zd_image_element *element_at(const zd_writer *w, zd_element e) {
  return zd_image_element_at(w->schema, e);
}

static bool is_named(const zd_writer *w, zd_element e, zd_slice name) {
  return zd_slice_eq(zd_image_slice(w->schema, element_at(w, e)->path), name);
}

static bool is_listed(const zd_write_options *o, zd_element e) {
  for (size_t i = 0; i < o->element_count; i++) {
    if (o->elements[i] == e) return true;
  }
  return false;
}

/* Of the root's elements; id and meta are always written. */
static bool root_keeps(const zd_writer *w, zd_element e) {
  const zd_image_element *el = element_at(w, e);
  if (el->min > 0) return true;
  switch (w->options->summary) {
    case ZD_SUMMARY_TRUE:
      if (!(el->flags & ZD_EL_SUMMARY)) return false;
      break;
    case ZD_SUMMARY_TEXT:
      if (!is_named(w, e, ZD_S("text"))) return false;
      break;
    case ZD_SUMMARY_DATA:
      if (is_named(w, e, ZD_S("text"))) return false;
      break;
    case ZD_SUMMARY_NONE:
      break;
  }
  return w->options->element_count == 0 || is_listed(w->options, e);
}

bool zd_write_keeps(const zd_writer *w, zd_element e, zd_keep keep) {
  if (keep == ZD_KEEP_ALL) return true;
  if (keep == ZD_KEEP_ROOT) return root_keeps(w, e);
  const zd_image_element *el = element_at(w, e);
  return (el->flags & ZD_EL_SUMMARY) || el->min > 0;
}

bool zd_write_keeps_any(const zd_writer *w, uint32_t node, zd_keep keep) {
  for (uint32_t c = zd_tree_first(w->tree, node); c; c = zd_tree_next(w->tree, node, c)) {
    if (zd_write_keeps(w, w->tree->nodes[c].element, keep)) return true;
  }
  return false;
}

/* A mandatory element that is no summary element comes whole: nothing says what of it matters. */
zd_keep zd_write_keep_below(const zd_writer *w, zd_element e, zd_keep keep) {
  if (keep == ZD_KEEP_ROOT && w->options->summary != ZD_SUMMARY_TRUE) return ZD_KEEP_ALL;
  return element_at(w, e)->flags & ZD_EL_SUMMARY ? ZD_KEEP_SUMMARY : ZD_KEEP_ALL;
}

/* ---- meta with the tag ---- */

#define SUBSETTED_SYSTEM "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"

static bool child_is(const zd_writer *w, uint32_t node, zd_slice name, zd_slice value) {
  uint32_t child = zd_tree_child(w->tree, node, name);
  return child && zd_slice_eq(zd_node_raw(&w->tree->nodes[child]), value);
}

static bool is_subsetted(const zd_writer *w, uint32_t coding) {
  return child_is(w, coding, ZD_S("code"), ZD_S("SUBSETTED")) &&
         child_is(w, coding, ZD_S("system"), ZD_S(SUBSETTED_SYSTEM));
}

static void write_tag(zd_writer *w, bool *first) {
  bool inner = true;
  zd_write_item(w, first);
  zd_write_open(w, '{');
  zd_write_name(w, &inner, ZD_S("system"));
  zd_buffer_add_slice(w->out, ZD_S("\"" SUBSETTED_SYSTEM "\""));
  zd_write_name(w, &inner, ZD_S("code"));
  zd_buffer_add_slice(w->out, ZD_S("\"SUBSETTED\""));
  zd_write_close(w, '}');
}

/* meta's tags and ours. `tag` is the last element of Meta, so it is written after the others. */
static void write_tags(zd_writer *w, uint32_t meta, zd_element tag, bool *first) {
  bool first_item = true, tagged = false;
  zd_write_name(w, first, ZD_S("tag"));
  zd_write_open(w, '[');
  uint32_t c = meta ? zd_tree_first(w->tree, meta) : 0;
  for (; c; c = zd_tree_next(w->tree, meta, c)) {
    if (w->tree->nodes[c].element != tag) continue;
    tagged |= is_subsetted(w, c);
    zd_write_item(w, &first_item);
    zd_write_value(w, c, ZD_KEEP_ALL);
  }
  if (!tagged) write_tag(w, &first_item);
  zd_write_close(w, ']');
}

void zd_write_subset(zd_writer *w, uint32_t root) {
  bool first = true, inner = true;
  zd_element element = zd_write_meta_element(w, root);
  uint32_t meta = zd_tree_child_element(w->tree, root, element);
  zd_element tag = zd_image_child(w->schema, element_at(w, element)->type, ZD_S("tag"));
  zd_write_head(w, root, (zd_slice){NULL, 0}, &first);
  zd_write_name(w, &first, ZD_S("meta"));
  zd_write_open(w, '{');
  if (meta) zd_write_members(w, meta, (zd_span){0, tag}, ZD_KEEP_ALL, &inner);
  write_tags(w, meta, tag, &inner);
  zd_write_close(w, '}');
  zd_span rest = {(zd_element)(element + 1), ZD_NO_ELEMENT};
  zd_write_members(w, root, rest, ZD_KEEP_ROOT, &first);
  zd_write_close(w, '}');
}
