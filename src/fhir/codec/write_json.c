/* write_json.c: the walk that writes a tree as JSON. */
#include "base/buffer.h"
#include "fhir/codec/write.h"

enum { PRIMITIVE = ZD_NODE_STRING | ZD_NODE_BARE | ZD_NODE_NO_VALUE };

static const zd_node *node_at(const zd_writer *w, uint32_t i) {
  return &w->tree->nodes[i];
}

/* Room for n more bytes at the end; NULL when memory or the limit is exhausted. */
static inline char *room_for(zd_buffer *out, size_t n) {
  if (out->room - out->n < n && !zd_buffer_reserve(out, n)) return NULL;
  return out->p + out->n;
}

/* ---- punctuation ---- */

static inline void put(zd_writer *w, char c) {
  char *p = room_for(w->out, 1);
  if (!p) return;
  *p = c;
  w->out->n++;
}

void zd_write_item(zd_writer *w, bool *first) {
  if (!*first) put(w, ',');
  *first = false;
}

/* ,"name": or ,"_name": in one piece. */
static void write_name(zd_writer *w, bool *first, zd_slice name, bool companion) {
  char *start = room_for(w->out, name.n + 6);
  if (!start) return;
  char *p = start;
  if (!*first) *p++ = ',';
  *first = false;
  *p++ = '"';
  if (companion) *p++ = '_';
  memcpy(p, name.p, name.n);
  p += name.n;
  *p++ = '"';
  *p++ = ':';
  w->out->n += (size_t)(p - start);
}

void zd_write_name(zd_writer *w, bool *first, zd_slice name) {
  write_name(w, first, name, false);
}

void zd_write_open(zd_writer *w, char bracket) {
  put(w, bracket);
}

void zd_write_close(zd_writer *w, char bracket) {
  put(w, bracket);
}

/* ---- values ---- */

/* The replacement of a node's value; absent when it keeps its own. */
static zd_slice edited(const zd_writer *w, uint32_t node) {
  size_t low = w->edit_from, high = w->edit_to;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (w->edit->nodes[middle] == node) return w->edit->values[middle];
    if (w->edit->nodes[middle] < node) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return (zd_slice){NULL, 0};
}

static void write_primitive(zd_writer *w, uint32_t node) {
  zd_slice replaced = w->edit ? edited(w, node) : (zd_slice){NULL, 0};
  if (replaced.p) {
    zd_buffer_add_char(w->out, '"');
    zd_buffer_add_json(w->out, replaced);
    zd_buffer_add_char(w->out, '"');
    return;
  }
  const zd_node *n = node_at(w, node);
  if (n->flags & ZD_NODE_NO_VALUE) {
    zd_buffer_add(w->out, "null", 4);
    return;
  }
  char *start = room_for(w->out, (size_t)n->n + 2);
  if (!start) return;
  char *p = start;
  if (n->flags & ZD_NODE_STRING) *p++ = '"';
  if (n->n) memcpy(p, n->p, n->n);
  p += n->n;
  if (n->flags & ZD_NODE_STRING) *p++ = '"';
  w->out->n += (size_t)(p - start);
}

static void write_object(zd_writer *w, uint32_t node, zd_keep keep) {
  bool first = true;
  if (keep != ZD_KEEP_ALL && !zd_write_keeps_any(w, node, keep)) keep = ZD_KEEP_ALL;
  const zd_image_type *type = zd_image_type_at(w->schema, node_at(w, node)->type);
  zd_write_open(w, '{');
  if (type->kind == ZD_KIND_RESOURCE) {
    zd_write_name(w, &first, ZD_S("resourceType"));
    zd_buffer_add_char(w->out, '"');
    zd_buffer_add_slice(w->out, zd_image_slice(w->schema, type->name));
    zd_buffer_add_char(w->out, '"');
  }
  zd_write_members(w, node, ZD_SPAN_ALL, keep, &first);
  zd_write_close(w, '}');
}

/* What stands in the source as it is to be written. */
static void write_as_read(zd_writer *w, const zd_node *n) {
  char *p = room_for(w->out, n->span);
  if (!p) return;
  memcpy(p, w->tree->source.p + n->source, n->span);
  w->out->n += n->span;
}

void zd_write_value(zd_writer *w, uint32_t node, zd_keep keep) {
  const zd_node *n = node_at(w, node);
  if (n->flags & PRIMITIVE) {
    write_primitive(w, node);
  } else if (n->span && keep == ZD_KEEP_ALL && !w->edit) {
    write_as_read(w, n);
  } else {
    write_object(w, node, keep);
  }
}

/* ---- elements ---- */

/* The repetitions of one element: first .. the node before `end`. */
typedef struct run {
  uint32_t parent, first, end;
} run;

static bool has_value(const zd_writer *w, uint32_t node) {
  return !(node_at(w, node)->flags & ZD_NODE_NO_VALUE) || (w->edit && edited(w, node).p);
}

/* Ids and extensions of a primitive; a summary keeps them only where there is nothing else. */
static bool has_companion(const zd_writer *w, uint32_t node, zd_keep keep) {
  const zd_node *n = node_at(w, node);
  if (!(n->flags & PRIMITIVE) || n->end == node + 1) return false;
  return keep != ZD_KEEP_SUMMARY || (n->flags & ZD_NODE_NO_VALUE);
}

static void write_companion(zd_writer *w, uint32_t node, zd_keep keep) {
  if (!has_companion(w, node, keep)) {
    zd_buffer_add(w->out, "null", 4);
    return;
  }
  bool first = true;
  zd_write_open(w, '{');
  zd_write_members(w, node, ZD_SPAN_ALL, ZD_KEEP_ALL, &first);
  zd_write_close(w, '}');
}

static void write_single(zd_writer *w, uint32_t node, zd_slice name, zd_keep keep, bool *first) {
  if (has_value(w, node)) {
    write_name(w, first, name, false);
    zd_write_value(w, node, keep);
  }
  if (has_companion(w, node, keep)) {
    write_name(w, first, name, true);
    write_companion(w, node, keep);
  }
}

static void write_array(zd_writer *w, run r, zd_slice name, zd_keep keep, bool *first) {
  bool values = false, companions = false;
  for (uint32_t c = r.first; c < r.end; c = node_at(w, c)->end) {
    values |= has_value(w, c);
    companions |= has_companion(w, c, keep);
  }
  if (values) {
    bool first_item = true;
    write_name(w, first, name, false);
    zd_write_open(w, '[');
    for (uint32_t c = r.first; c < r.end; c = node_at(w, c)->end) {
      zd_write_item(w, &first_item);
      zd_write_value(w, c, keep);
    }
    zd_write_close(w, ']');
  }
  if (companions) {
    bool first_item = true;
    write_name(w, first, name, true);
    zd_write_open(w, '[');
    for (uint32_t c = r.first; c < r.end; c = node_at(w, c)->end) {
      zd_write_item(w, &first_item);
      write_companion(w, c, keep);
    }
    zd_write_close(w, ']');
  }
}

static run run_at(const zd_writer *w, uint32_t parent, uint32_t first) {
  uint32_t end = node_at(w, parent)->end, at = node_at(w, first)->end;
  while (at < end && node_at(w, at)->element == node_at(w, first)->element) {
    at = node_at(w, at)->end;
  }
  return (run){parent, first, at};
}

static void write_run(zd_writer *w, run r, zd_keep keep, bool *first) {
  const zd_image_element *el = zd_image_element_at(w->schema, node_at(w, r.first)->element);
  zd_slice name = zd_image_slice(w->schema, el->name);
  zd_keep below =
      keep == ZD_KEEP_ALL ? keep : zd_write_keep_below(w, node_at(w, r.first)->element, keep);
  if (el->flags & ZD_EL_ARRAY) {
    write_array(w, r, name, below, first);
  } else {
    write_single(w, r.first, name, below, first);
  }
}

/* The first child whose element is the least of those >= from; 0 when there is none. */
static uint32_t least_child(const zd_writer *w, uint32_t node, zd_element from) {
  uint32_t least = 0;
  for (uint32_t c = zd_tree_first(w->tree, node); c; c = zd_tree_next(w->tree, node, c)) {
    zd_element e = node_at(w, c)->element;
    if (e >= from && (!least || e < node_at(w, least)->element)) least = c;
  }
  return least;
}

static bool in_schema_order(const zd_writer *w, uint32_t node) {
  zd_element last = 0;
  for (uint32_t c = zd_tree_first(w->tree, node); c; c = zd_tree_next(w->tree, node, c)) {
    if (node_at(w, c)->element < last) return false;
    last = node_at(w, c)->element;
  }
  return true;
}

void zd_write_members(zd_writer *w, uint32_t node, zd_span span, zd_keep keep, bool *first) {
  bool straight = in_schema_order(w, node);
  uint32_t end = node_at(w, node)->end;
  uint32_t c = straight ? zd_tree_first(w->tree, node) : least_child(w, node, span.from);
  while (c) {
    run r = run_at(w, node, c);
    zd_element e = node_at(w, c)->element;
    if (e >= span.to) return;
    if (e >= span.from && (keep == ZD_KEEP_ALL || zd_write_keeps(w, e, keep))) {
      write_run(w, r, keep, first);
    }
    if (straight) {
      c = r.end < end ? r.end : 0;
    } else {
      c = least_child(w, node, (zd_element)(e + 1));
    }
  }
}

/* ---- resources ---- */

zd_element zd_write_id_element(const zd_writer *w, uint32_t root) {
  return zd_image_child(w->schema, node_at(w, root)->type, ZD_S("id"));
}

zd_element zd_write_meta_element(const zd_writer *w, uint32_t root) {
  return zd_image_child(w->schema, node_at(w, root)->type, ZD_S("meta"));
}

void zd_write_head(zd_writer *w, uint32_t root, zd_slice id, bool *first) {
  zd_type type = node_at(w, root)->type;
  zd_write_open(w, '{');
  zd_write_name(w, first, ZD_S("resourceType"));
  zd_buffer_add_char(w->out, '"');
  zd_buffer_add_slice(w->out, zd_image_slice(w->schema, zd_image_type_at(w->schema, type)->name));
  zd_buffer_add_char(w->out, '"');
  uint32_t node = zd_tree_child_element(w->tree, root, zd_write_id_element(w, root));
  if (id.p) {
    zd_write_name(w, first, ZD_S("id"));
    zd_buffer_add_char(w->out, '"');
    zd_buffer_add_json(w->out, id);
    zd_buffer_add_char(w->out, '"');
  } else if (node) {
    write_single(w, node, ZD_S("id"), ZD_KEEP_ALL, first);
  }
}

void zd_fhir_write_json(const zd_tree *tree, uint32_t root, const zd_write_options *options,
                        zd_buffer *out) {
  zd_writer w = {.tree = tree, .schema = tree->schema, .out = out};
  if (root == 0 && !out->limit) zd_buffer_reserve(out, tree->source.n + 64);
  if (options && (options->summary != ZD_SUMMARY_NONE || options->element_count > 0)) {
    w.options = options;
    zd_write_subset(&w, root);
  } else {
    write_object(&w, root, ZD_KEEP_ALL);
  }
}
