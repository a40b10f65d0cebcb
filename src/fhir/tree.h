/* tree.h: a resource in memory: a flat array of nodes in document order.
 *
 *   nodes:  [0 Patient][1 id][2 name][3 family][4 given][5 given][6 birthDate] ...
 *            end=7      2     6       4         5        6        7
 *
 * A node's children are the nodes i+1 .. end-1; the first child is i+1 (when i+1 < end) and the
 * next sibling of a node is its `end` (when that is < the parent's end). Repetitions of an element
 * follow each other. No pointers between nodes: cheap to copy, walked forwards, compared by element
 * number, never by name.
 *
 * A primitive is one node; the JSON companion `_name` adds its `id` and `extension` as children of
 * that node, and ZD_NODE_NO_VALUE is set when there is no value of its own (null in an array).
 * A contained resource (ZD_EL_ANY_RESOURCE) is a node whose `type` is the resource's own type and
 * whose children are that resource's elements.
 *
 * Values are slices into the source bytes (or the arena). Text values are as they stand in JSON:
 * still escaped when ZD_NODE_ESCAPED is set. Decimals keep their text.
 */
#ifndef ZD_FHIR_TREE_H
#define ZD_FHIR_TREE_H

#include "base/arena.h"
#include "fhir/schema.h"

enum {                       /* zd_node.flags */
       ZD_NODE_ESCAPED = 1,  /* the value contains JSON escapes */
       ZD_NODE_NO_VALUE = 2, /* a primitive with only id or extensions */
       ZD_NODE_STRING = 4,   /* the JSON value stood in quotes */
       ZD_NODE_BARE = 8      /* number, true or false */
};

typedef struct zd_node {
  const char *p;      /* primitive value; NULL for others */
  uint32_t n;         /* its length in bytes */
  uint32_t end;       /* one past the last node of this subtree */
  zd_element element; /* ZD_NO_ELEMENT for the root of a tree */
  zd_type type;       /* type of the value */
  uint16_t flags;
  uint16_t spare;
  uint32_t source; /* offset of the value in the source text, of a string its opening quote */
  uint32_t span;   /* bytes of an object that stands in the source just as it is written; 0: it is
                      not known to */
} zd_node;

typedef struct zd_tree {
  const zd_schema *schema;
  zd_slice source; /* the text it was read from; must outlive the tree */
  zd_node *nodes;  /* in the arena */
  uint32_t count;
} zd_tree;

static inline zd_slice zd_node_raw(const zd_node *node) {
  return (zd_slice){node->p, node->n};
}

/* The value with escapes resolved: the raw slice when there are none, else a copy in the arena;
 * p is NULL when memory is exhausted. */
zd_slice zd_node_text(const zd_node *node, zd_arena *arena);

/* First child of `parent` that is element `json_name`; 0 when there is none (0 is the root, never a
 * child). */
uint32_t zd_tree_child(const zd_tree *t, uint32_t parent, zd_slice json_name);
uint32_t zd_tree_child_element(const zd_tree *t, uint32_t parent, zd_element e);
/* First child whose FHIRPath name is `path` ("value" finds valueQuantity); 0: none. */
uint32_t zd_tree_child_path(const zd_tree *t, uint32_t parent, zd_slice path);

/* Walks children: for (uint32_t c = zd_tree_first(t, p); c; c = zd_tree_next(t, p, c)) */
static inline uint32_t zd_tree_first(const zd_tree *t, uint32_t parent) {
  return parent + 1 < t->nodes[parent].end ? parent + 1 : 0;
}
static inline uint32_t zd_tree_next(const zd_tree *t, uint32_t parent, uint32_t child) {
  uint32_t next = t->nodes[child].end;
  return next < t->nodes[parent].end ? next : 0;
}

/* FHIRPath location of a node, "Patient.name[0].given[1]", in the arena. O(nodes). */
zd_slice zd_tree_location(const zd_tree *t, uint32_t node, zd_arena *arena);

#endif
