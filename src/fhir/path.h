/* path.h: FHIRPath compiled to a program over element numbers (FHIRPath 2.0.0, FHIR R4
 * fhirpath.html).
 *
 * The part that the R4 search parameters use, and what comes with it for free:
 *
 *   paths               Patient.name.given, value (all alternatives of a choice), contained, $this,
 *                       %resource, %context, a leading type name
 *   selection           [n], first(), skip(n), take(n), tail(), where(...), extension('url')
 *   types               as T, .as(T), ofType(T), is T, .is(T), where(resolve() is T)
 *   joining             a | b, (a | b).c
 *   truth               exists(), exists(...), empty(), not(), hasValue(), and, or, xor, implies,
 *                       = and != between a path and a literal ('text', 1.0, true)
 *
 * Anything else is refused by name when compiled, never guessed.
 *
 * Type names are FHIR's ("dateTime"); the capitalised names of FHIRPath's own types ("DateTime",
 * "String", also with "System." or "FHIR.") mean the FHIR type of that name.
 */
#ifndef ZD_FHIR_PATH_H
#define ZD_FHIR_PATH_H

#include "base/arena.h"
#include "fhir/tree.h"

typedef struct zd_path zd_path;

/* Longest expression that is compiled, and how deeply parentheses and functions may nest. */
enum { ZD_PATH_LENGTH_MAX = 65536, ZD_PATH_DEPTH_MAX = 32 };

/* Compiles for values of type `context`; a leading type name that does not match the context
 * ("Patient.name" for Observation) yields nothing, as the specification says for unions over
 * several types. The program lives in the arena, is immutable and may be shared by threads.
 * ZD_ERR_UNSUPPORTED, ZD_ERR_INVALID or ZD_ERR_LIMIT with the place in *fault; ZD_ERR_MEMORY. */
zd_err zd_path_compile(const zd_schema *schema, zd_type context, zd_slice expression,
                       zd_arena *arena, const zd_path **out, zd_fault *fault);

/* A growing list of node numbers in an arena. */
typedef struct zd_nodes {
  uint32_t *items;
  size_t n, room;
} zd_nodes;

/* Final texts of nodes that are about to be replaced (zd_stored_edit): sorted by node number.
 * resolve() looks at them instead of the text in the tree. */
typedef struct zd_path_edits {
  const uint32_t *nodes;
  const zd_slice *values; /* unescaped */
  size_t count;
} zd_path_edits;

/* Appends the matching nodes, in document order within each union branch, each node once.
 * %resource is the resource that the context node is or stands in. Of an expression that is a truth
 * (zd_path_is_boolean) nothing is appended. ZD_ERR_MEMORY; ZD_ERR_INVALID when the data break a
 * rule of the language (several items where one truth is asked). */
zd_err zd_path_eval(const zd_path *path, const zd_tree *tree, uint32_t context, zd_arena *arena,
                    zd_nodes *out);
zd_err zd_path_eval_edited(const zd_path *path, const zd_tree *tree, uint32_t context,
                           const zd_path_edits *edits, zd_arena *arena, zd_nodes *out);

/* True when the expression is a truth rather than a path: "Patient.deceased.exists() and ...". */
bool zd_path_is_boolean(const zd_path *path);
/* True when the program can never yield a node: the expression speaks of other types only. */
bool zd_path_is_nothing(const zd_path *path);
/* The value of such an expression: 1 true, 0 false, -1 empty. A path counts as FHIRPath's singleton
 * evaluation says: none is empty, a boolean is its value, one other item is true. */
zd_err zd_path_test(const zd_path *path, const zd_tree *tree, uint32_t context,
                    const zd_path_edits *edits, zd_arena *arena, int *out);

/* Types that a node of the result can have: fills up to room, returns how many there are. 0 for
 * truths and for programs that yield nothing. Abstract for whole resources (Resource). */
size_t zd_path_types(const zd_path *path, zd_type *out, size_t room);

/* Type named by a literal reference ("Patient/1", "http://x/fhir/Patient/1/_history/2", "#p"
 * through the contained resource, urn: gives ZD_NO_TYPE) of a Reference node. */
zd_type zd_path_reference_type(const zd_tree *tree, uint32_t reference_node);
/* The same of a reference's unescaped text; "#p" gives ZD_NO_TYPE. */
zd_type zd_path_reference_text_type(const zd_schema *schema, zd_slice text);

/* The program, one operation a line, into the arena: for people. */
zd_slice zd_path_explain(const zd_path *path, zd_arena *arena);

#endif
