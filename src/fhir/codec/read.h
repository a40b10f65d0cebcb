/* read.h: what the parts of the JSON reader share; private to src/fhir/read_*.c.
 *
 * Reading is two passes over different things: the tokenizer turns bytes into a tape (json/), then
 * one walk over the tape turns members into nodes, checking each against the schema. A faulty
 * member is reported and left out; the walk goes on, so that one reading finds all faults.
 */
#ifndef ZD_FHIR_READ_H
#define ZD_FHIR_READ_H

#include "fhir/codec.h"
#include "fhir/schema/schema_image.h"
#include "json/split.h"

/* Where the walk is, as a chain of frames on the C stack: made into a FHIRPath only for an issue.
 */
typedef struct zd_read_place {
  const struct zd_read_place *up;
  zd_slice name;
  uint32_t index; /* ZD_READ_SINGLE: no array */
} zd_read_place;
#define ZD_READ_SINGLE UINT32_MAX

/* A reference "#id" waiting for its container to be complete. */
typedef struct zd_read_local {
  uint32_t node; /* of Reference.reference */
} zd_read_local;

/* Where the text being read stands in a larger one, for the places of issues. */
typedef struct zd_read_part {
  zd_slice whole;             /* absent: it is the whole */
  uint64_t at;                /* offset of the text in it ... */
  const zd_json_split *split; /* ... or how it was made of it; NULL: just a part */
  uint32_t line, column;      /* of the first byte of whole */
} zd_read_part;

typedef struct zd_read_items zd_read_items; /* entries that stand elsewhere; see read_bundle.c */

typedef struct zd_reader {
  const zd_schema *schema;
  zd_json_tape tape;
  zd_arena *arena;
  zd_issues *issues;
  zd_node *nodes; /* as many as the tape has: a value gives one node at most */
  uint32_t count;
  zd_type reference_type;
  zd_type bundle_type;
  zd_element reference_element; /* Reference.reference */
  uint32_t bundles;             /* Bundles we are in */
  uint32_t contained;           /* contained resources we are in */
  zd_read_local *locals;
  uint32_t local_count, local_room;
  bool out_of_memory;
  bool tight; /* the text is the tree's source, and the tape is tight: see zd_node.span */
  zd_read_part part;
  const zd_read_place *above; /* what the root of the nodes is; NULL: a resource by itself */
  zd_read_items *items;       /* the items of the array at items_at of the text; NULL: none */
  uint32_t items_at;
  size_t placed_at, placed_line_start; /* where the last issue stood: the next is behind it */
  uint32_t placed_line;
} zd_reader;

/* ---- read_issue.c ---- */

/* An error at a byte of the source; place NULL: no expression. */
void zd_read_issue(zd_reader *r, const zd_read_place *place, zd_issue_code code, size_t offset,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));
/* As above, at a node of the finished tree. */
void zd_read_issue_node(zd_reader *r, uint32_t node, zd_issue_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* At most 60 bytes of untrusted text for a message, cut between characters. */
zd_slice zd_read_excerpt(zd_slice text);

/* Offset of a value or of a member name as a person sees it: on the opening quote. */
static inline size_t zd_read_value_at(const zd_reader *r, uint32_t v) {
  const zd_json_node *node = &r->tape.nodes[v];
  return node->type == ZD_JSON_STRING ? node->at - 1 : node->at;
}
static inline size_t zd_read_name_at(const zd_reader *r, uint32_t v) {
  return r->tape.nodes[v].key_at - 1;
}

/* ---- read_object.c ---- */

/* The members of the object at `at` on the tape, whose node is pushed already: its children. */
void zd_read_members(zd_reader *r, uint32_t at, zd_type type, const zd_read_place *place,
                     bool resource);

/* A new node at the end; its `end` is set when the subtree is complete. */
static inline uint32_t zd_read_push(zd_reader *r, zd_element element, zd_type type, size_t source) {
  uint32_t i = r->count++;
  r->nodes[i] =
      (zd_node){.end = i + 1, .element = element, .type = type, .source = (uint32_t)source};
  return i;
}

/* ---- read_value.c ---- */

/* One value (v) of an element with its companion (c); either may be 0, not both. */
void zd_read_value(zd_reader *r, zd_element e, uint32_t v, uint32_t c, const zd_read_place *place);

/* ---- read_bundle.c ---- */

/* The entries of the Bundle, at the place where they belong. */
void zd_read_items_here(zd_reader *r, const zd_read_place *bundle);

/* ---- read_json.c ---- */

extern const zd_read_limits zd_read_default_limits;
void zd_reader_init(zd_reader *r, const zd_schema *schema, zd_arena *arena, zd_issues *issues);
/* The resource that the tape holds, of the type expected (ZD_NO_TYPE: any). */
void zd_read_root(zd_reader *r, zd_type expected);

/* A resource as root (element ZD_NO_ELEMENT) or as the value of an element. */
void zd_read_resource(zd_reader *r, uint32_t v, zd_element e, const zd_read_place *place);

/* ---- read_reference.c ---- */

/* The Reference whose subtree is complete. */
void zd_read_check_reference(zd_reader *r, uint32_t node, const zd_read_place *place);
/* Resolves the local references gathered since `first` in the container at `root`. */
void zd_read_check_locals(zd_reader *r, uint32_t root, uint32_t first);

#endif
