/* definitions.h: compiles FHIR definitions (conformance resources as JSON) into a schema image.
 *
 *   zd_definitions *d;
 *   zd_definitions_new(&d, fault);
 *   zd_definitions_add(d, bundle_types, fault); ...        any order, Bundles or single resources
 *   zd_definitions_build(d, &image, fault);                the image; see schema.h for its use
 *   zd_definitions_free(d);
 *
 * Taken in: StructureDefinition (types, profiles, extensions; logical models are left out),
 * SearchParameter, CompartmentDefinition, OperationDefinition, CodeSystem, ValueSet. Other
 * resources are skipped. Of two definitions with the same url the one added last counts. The image
 * is a function of the set of definitions: the same input gives the same bytes.
 *
 * Used at build time by tools/definitions, and at run time for what users define, on top of the
 * image in the program:
 *
 *   zd_definitions_extend(zd_schema_r4(), &d, fault); zd_definitions_add(d, profile, fault); ...
 *
 * One call of build per change: a second for the whole of R4, tens of milliseconds for an extension
 * by an implementation guide. One thread at a time.
 *
 * Errors name the definition's url, the element's id where there is one, and the reason.
 */
#ifndef ZD_FHIR_DEFINITIONS_H
#define ZD_FHIR_DEFINITIONS_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "fhir/schema.h"

typedef struct zd_definitions zd_definitions;

zd_err zd_definitions_new(zd_definitions **out, zd_fault *fault);
/* Begins with everything in a compiled image (kept by the caller until free). Numbers of types,
 * elements, profiles, search parameters, value sets, code systems stay what they were; what is
 * added comes behind.
 *
 * Definitions are known by url and version. Several versions of one url stand side by side: a
 * canonical without a version means the newest. The same definition again is no change; another
 * content under the same url and version is ZD_ERR_INVALID. A search parameter is known by its url
 * alone: one with the url of an official one takes its place and number.
 *
 * ZD_ERR_UNSUPPORTED, by name: StructureDefinitions that define types or logical models, or have a
 * differential alone (snapshots are read, not made); CompartmentDefinitions.
 *
 * Added value sets may include, filter and exclude official code systems and value sets: the image
 * keeps codes, hierarchies and properties. What lacks codes is kept, but not enumerable. */
zd_err zd_definitions_extend(const zd_schema *base, zd_definitions **out, zd_fault *fault);
void zd_definitions_free(zd_definitions *d); /* NULL is allowed */

/* Reads one document; `text` is kept by the caller until free. ZD_ERR_INVALID when it is no JSON
 * or no resource; nothing of it is then used. */
zd_err zd_definitions_add(zd_definitions *d, zd_slice text, zd_fault *fault);

/* How many definitions of this resource type were taken in ("SearchParameter"). */
size_t zd_definitions_count(const zd_definitions *d, zd_slice resource_type);

/* How the one definition in `text` stands to those in a compiled image. */
typedef enum zd_definition_standing {
  ZD_STANDING_OTHER_TYPE, /* a resource, but no definition that is compiled */
  ZD_STANDING_NEW,
  ZD_STANDING_SAME,    /* is there */
  ZD_STANDING_CONFLICT /* its url and version are there, with another content */
} zd_definition_standing;
/* ZD_ERR_INVALID when it is no JSON, no resource, or a definition without a url. */
zd_err zd_definitions_compare(const zd_schema *s, zd_slice text, zd_definition_standing *out,
                              zd_fault *fault);

/* Compiles everything added; *image is cleared first; its bytes are 8-byte aligned. Call once.
 * ZD_ERR_INVALID names the definition that refers to something that is not there. */
zd_err zd_definitions_build(zd_definitions *d, zd_buffer *image, zd_fault *fault);

#endif
