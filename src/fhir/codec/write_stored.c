/* write_stored.c: the stored form and its stamp.
 *
 *   {"resourceType":"Patient","id":"1","meta":{^"source":"x"},"name":[...]}
 *                                              stamp_at
 *
 * The stamp goes to the front of meta: what commit alone knows is put in by copying two halves, and
 * the stored bytes never change.
 */
#include "base/clock.h"
#include "fhir/codec/write.h"

/* The part of the edit that falls into the subtree of root: sorted, so found by bisection. */
static size_t first_edit_from(const zd_stored_edit *edit, uint32_t node) {
  size_t low = 0, high = edit->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (edit->nodes[middle] < node) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static void write_meta(zd_writer *w, uint32_t meta) {
  bool first = true;
  zd_type type = w->tree->nodes[meta].type;
  zd_element version = zd_image_child(w->schema, type, ZD_S("versionId"));
  zd_element updated = zd_image_child(w->schema, type, ZD_S("lastUpdated"));
  zd_write_members(w, meta, (zd_span){0, version}, ZD_KEEP_ALL, &first);
  zd_span rest = {(zd_element)(updated + 1), ZD_NO_ELEMENT};
  zd_write_members(w, meta, rest, ZD_KEEP_ALL, &first);
}

void zd_fhir_write_stored(const zd_tree *tree, uint32_t root, const zd_stored_edit *edit,
                          zd_buffer *out, uint32_t *stamp_at) {
  zd_writer w = {.tree = tree, .schema = tree->schema, .out = out};
  size_t start = out->n;
  bool first = true;
  if (edit && edit->count) {
    w.edit = edit;
    w.edit_from = first_edit_from(edit, root);
    w.edit_to = first_edit_from(edit, tree->nodes[root].end);
  }
  zd_element element = zd_write_meta_element(&w, root);
  uint32_t meta = zd_tree_child_element(tree, root, element);
  zd_write_head(&w, root, edit ? edit->id : (zd_slice){NULL, 0}, &first);
  zd_write_name(&w, &first, ZD_S("meta"));
  zd_write_open(&w, '{');
  *stamp_at = (uint32_t)(out->n - start);
  if (meta) write_meta(&w, meta);
  zd_write_close(&w, '}');
  zd_span rest = {(zd_element)(element + 1), ZD_NO_ELEMENT};
  zd_write_members(&w, root, rest, ZD_KEEP_ALL, &first);
  zd_write_close(&w, '}');
}

static char *put(char *p, const char *text, size_t n) {
  memcpy(p, text, n);
  return p + n;
}

/* On the way of every resource that leaves: written at once, into room that suffices. */
void zd_fhir_stamp(zd_slice stored, uint32_t stamp_at, uint64_t version, int64_t last_updated,
                   zd_buffer *out) {
  enum { STAMP_MOST = 90 };
  char digits[20], *at = digits + sizeof digits;
  if (stamp_at >= stored.n || !zd_buffer_reserve(out, stored.n + STAMP_MOST)) return;
  do {
    *--at = (char)('0' + version % 10);
    version /= 10;
  } while (version);
  char *p = put(out->p + out->n, stored.p, stamp_at);
  p = put(p, "\"versionId\":\"", 13);
  p = put(p, at, (size_t)(digits + sizeof digits - at));
  p = put(p, "\",\"lastUpdated\":\"", 17);
  zd_clock_format(last_updated, p);
  p += 24;
  *p++ = '"';
  if (stored.p[stamp_at] != '}') *p++ = ',';
  p = put(p, stored.p + stamp_at, stored.n - stamp_at);
  out->n = (size_t)(p - out->p);
}
