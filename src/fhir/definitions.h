/* definitions.h: compiles FHIR definitions (conformance resources as JSON) into a schema image.
 *
 *   zd_definitions *d;
 *   zd_definitions_new(&d, fault);
 *   zd_definitions_add(d, bundle_types, fault); ...        any order, Bundles or single resources
 *   zd_definitions_build(d, &image, fault);                the image; see schema.h for its use
 *   zd_definitions_free(d);
 *
 * Taken in: StructureDefinition (specialisations; constraints and logical models are left out),
 * SearchParameter, CompartmentDefinition, OperationDefinition, CodeSystem, ValueSet. Other
 * resources are skipped. Of two definitions with the same url the one added last counts, so that a
 * user's search parameter or value set overrides a standard one. The image is a function of the set
 * of definitions: the same input gives the same bytes.
 *
 * Used at build time by tools/definitions, and at run time for what users define, on top of the
 * image in the program:
 *
 *   zd_definitions_extend(zd_schema_r4(), &d, fault); zd_definitions_add(d, parameter, fault); ...
 *
 * One call of build per change: half a second for the whole of R4, milliseconds for an extension.
 * One thread at a time.
 */
#ifndef ZD_FHIR_DEFINITIONS_H
#define ZD_FHIR_DEFINITIONS_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "fhir/schema.h"

typedef struct zd_definitions zd_definitions;

zd_err zd_definitions_new(zd_definitions **out, zd_fault *fault);
/* Begins with everything in a compiled image (kept by the caller until free). Types, elements,
 * value sets and the numbers of all search parameters stay what they were; new parameters come
 * behind them, one with the url of another takes its place and number. Only SearchParameters can be
 * added: build says ZD_ERR_UNSUPPORTED for other definitions (constraint profiles among them:
 * profiles are for validation, and are not compiled yet). */
zd_err zd_definitions_extend(const zd_schema *base, zd_definitions **out, zd_fault *fault);
void zd_definitions_free(zd_definitions *d); /* NULL is allowed */

/* Reads one document; `text` is kept by the caller until free. ZD_ERR_INVALID when it is no JSON
 * or no resource; nothing of it is then used. */
zd_err zd_definitions_add(zd_definitions *d, zd_slice text, zd_fault *fault);

/* How many definitions of this resource type were taken in ("SearchParameter"). */
size_t zd_definitions_count(const zd_definitions *d, zd_slice resource_type);

/* Compiles everything added; *image is cleared first; its bytes are 8-byte aligned. Call once.
 * ZD_ERR_INVALID names the definition that refers to something that is not there. */
zd_err zd_definitions_build(zd_definitions *d, zd_buffer *image, zd_fault *fault);

#endif
