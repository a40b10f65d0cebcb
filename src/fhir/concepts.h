/* concepts.h: the concepts of a code system: codes, what stands below what, properties.
 *
 *   zd_concepts c;
 *   zd_concepts_of_schema(schema, number, &arena, &c);      one of the compiled definitions
 *   zd_concepts_filter(&c, &filter, &arena, marks, fault);  marks[i]: the filter keeps c.codes[i]
 *
 * A code system that is read from elsewhere (a resource, a tape) becomes a draft first: concept by
 * concept in any order, hierarchies and properties by code. R4 codesystem.html#hierarchy: a concept
 * stands below the one it is nested in, and below those that its properties `parent` and
 * `subsumedBy` name; `child` says it from above. So do properties of other names whose uri is
 * http://hl7.org/fhir/concept-properties#parent, ... What names a code that is not there says
 * nothing.
 *
 * Used by the definitions compiler and by the terminology of search, so that a filter means the
 * same in both. One thread at a time; what is made is never changed.
 */
#ifndef ZD_FHIR_CONCEPTS_H
#define ZD_FHIR_CONCEPTS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "fhir/schema.h"

typedef struct zd_concepts {
  zd_slice url; /* for messages */
  zd_hierarchy_meaning hierarchy;
  zd_slice *codes; /* sorted by their bytes, each once */
  uint32_t count;
  zd_concept_edge *edges; /* sorted by parent, then child, each once */
  uint32_t edge_count;
  zd_concept_property *properties; /* sorted by concept, then as they were written */
  uint32_t property_count;
} zd_concepts;

/* Number of the concept; UINT32_MAX when there is none of this code. */
uint32_t zd_concepts_at(const zd_concepts *c, zd_slice code);

/* marks: a byte for each concept, zero at first; those of the concept and of all that lies below it
 * (or above) become 1. ZD_ERR_UNSUPPORTED when the hierarchy means something other than is-a (one
 * that does not say what it means is taken for is-a); ZD_ERR_MEMORY. */
zd_err zd_concepts_closure(const zd_concepts *c, uint32_t from, bool down, zd_arena *arena,
                           uint8_t *marks, zd_fault *fault);

/* A filter of ValueSet.compose.include (R4 valueset.html#filters). */
typedef struct zd_concept_filter {
  zd_slice property, op, value;
} zd_concept_filter;

/* marks as above: 1 for those that the filter keeps. `is-a`, `is-not-a`, `descendent-of` and
 * `generalizes` ask about `concept` (or `code`); `=`, `in`, `not-in` and `exists` also about
 * properties, by the text of their values. Everything else is ZD_ERR_UNSUPPORTED, by name: regex,
 * displays and definitions, values that are Codings. A code that the system does not have is
 * ZD_ERR_NOT_FOUND when its relatives are asked for. */
zd_err zd_concepts_filter(const zd_concepts *c, const zd_concept_filter *f, zd_arena *arena,
                          uint8_t *marks, zd_fault *fault);

/* Code system `number` of the definitions, into the arena; its texts are those of the schema.
 * ZD_ERR_MEMORY. */
zd_err zd_concepts_of_schema(const zd_schema *s, uint32_t number, zd_arena *arena,
                             zd_concepts *out);

/* ---- making ---- */

/* What is known so far; the texts are the caller's. */
typedef struct zd_concepts_draft {
  zd_buffer codes, edges, properties;
  zd_buffer declared; /* names of properties whose uri tells that they are hierarchies */
} zd_concepts_draft;

void zd_concepts_begin(zd_concepts_draft *d);
void zd_concepts_end(zd_concepts_draft *d); /* frees */
/* CodeSystem.property: before any property of that name is added. */
void zd_concepts_declare(zd_concepts_draft *d, zd_slice name, zd_slice uri);
/* parent: the code it is nested in; absent: none. */
void zd_concepts_add(zd_concepts_draft *d, zd_slice code, zd_slice parent);
/* value: the text of a primitive; absent: something else. */
void zd_concepts_add_property(zd_concepts_draft *d, zd_slice code, zd_slice name, zd_slice value);
/* Sorts and connects what was added, into the arena; url and hierarchy are for the caller to set.
 * ZD_ERR_MEMORY; ZD_ERR_LIMIT for more than UINT32_MAX - 1 of anything. */
zd_err zd_concepts_make(const zd_concepts_draft *d, zd_arena *arena, zd_concepts *out);

#endif
