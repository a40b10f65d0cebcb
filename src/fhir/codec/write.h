/* write.h: what the parts of the JSON writer share; private to src/fhir/write_*.c.
 *
 * Writing is one walk over the nodes that copies spans. Members come out in schema order, which is
 * the order of element numbers: when the text was read in that order (ours always is), the walk is
 * straight; else each object's elements are picked in order.
 */
#ifndef ZD_FHIR_WRITE_H
#define ZD_FHIR_WRITE_H

#include "fhir/codec.h"
#include "fhir/schema/schema_image.h"

/* Which members of an object are written. */
typedef enum zd_keep {
  ZD_KEEP_ALL,
  ZD_KEEP_ROOT,   /* the root of a subset: what the options say */
  ZD_KEEP_SUMMARY /* inside of a summary element: summary and mandatory elements */
} zd_keep;

typedef struct zd_writer {
  const zd_tree *tree;
  const zd_schema *schema;
  zd_buffer *out;
  const zd_write_options *options; /* of a subset, else NULL */
  const zd_stored_edit *edit;      /* of the nodes in this subtree, else NULL */
  size_t edit_from, edit_to;       /* its part that falls into this subtree */
} zd_writer;

/* ---- write_json.c ---- */

/* Punctuation before a member, and its name: *first is cleared. */
void zd_write_name(zd_writer *w, bool *first, zd_slice name);
void zd_write_open(zd_writer *w, char bracket);
void zd_write_close(zd_writer *w, char bracket);
/* The elements to write of an object: from <= e < to. */
typedef struct zd_span {
  zd_element from, to;
} zd_span;
#define ZD_SPAN_ALL ((zd_span){0, ZD_NO_ELEMENT})

/* The children of `node` in the span that `keep` lets through. */
void zd_write_members(zd_writer *w, uint32_t node, zd_span span, zd_keep keep, bool *first);
/* One value, without its companion. */
void zd_write_value(zd_writer *w, uint32_t node, zd_keep keep);
/* `{"resourceType":"Patient"` and the id, which `id` replaces when present. */
void zd_write_head(zd_writer *w, uint32_t root, zd_slice id, bool *first);
/* An item of an array: comma, indentation. */
void zd_write_item(zd_writer *w, bool *first);

/* The elements id and meta of a resource type, the first two of every one. */
zd_element zd_write_id_element(const zd_writer *w, uint32_t root);
zd_element zd_write_meta_element(const zd_writer *w, uint32_t root);

/* ---- write_subset.c ---- */

bool zd_write_keeps(const zd_writer *w, zd_element e, zd_keep keep);
/* What the children of an element are held to that is itself kept under `keep`. */
zd_keep zd_write_keep_below(const zd_writer *w, zd_element e, zd_keep keep);
/* True when something would be left of the object. */
bool zd_write_keeps_any(const zd_writer *w, uint32_t node, zd_keep keep);
/* The resource at root with members left out and meta.tag SUBSETTED. */
void zd_write_subset(zd_writer *w, uint32_t root);

#endif
