/* path.h: FHIRPath compiled to a program over element numbers (FHIRPath 2.0.0, FHIR R4
 * fhirpath.html).
 *
 * The part that the R4 search parameters use: paths, indexers, `|`, `as`/`is`/ofType, where(),
 * exists(), resolve() is Type, extension(url), =, !=, and, or, literals. Anything else is refused
 * by name when compiled, never guessed.
 */
#ifndef ZD_FHIR_PATH_H
#define ZD_FHIR_PATH_H

#include "base/arena.h"
#include "fhir/tree.h"

typedef struct zd_path zd_path;

/* Compiles for values of type `context`; a leading type name that does not match the context
 * ("Patient.name" for Observation) yields nothing, as the specification says for unions over
 * several types. The program lives in the arena. ZD_ERR_UNSUPPORTED or ZD_ERR_INVALID with the
 * place in *fault. */
zd_err zd_path_compile(const zd_schema *schema, zd_type context, zd_slice expression,
                       zd_arena *arena, const zd_path **out, zd_fault *fault);

/* A growing list of node numbers in an arena. */
typedef struct zd_nodes {
  uint32_t *items;
  size_t n, room;
} zd_nodes;

/* Appends the matching nodes, in document order within each union branch. ZD_ERR_MEMORY. */
zd_err zd_path_eval(const zd_path *path, const zd_tree *tree, uint32_t context, zd_arena *arena,
                    zd_nodes *out);

/* Type named by a literal reference ("Patient/1", "http://x/fhir/Patient/1/_history/2", "#p"
 * through the contained resource, urn: gives ZD_NO_TYPE) of a Reference node. */
zd_type zd_path_reference_type(const zd_tree *tree, uint32_t reference_node);

#endif
