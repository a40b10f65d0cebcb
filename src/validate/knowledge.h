/* knowledge.h: definitions and other resources from files and packages, for a validator.
 *
 *   zd_knowledge_new(zd_schema_r4(), &k, fault);
 *   zd_knowledge_add_file(k, "us-core.tgz", fault); ...     .tgz, .json, .xml
 *   zd_knowledge_build(k, &schema, fault);                  schema lives as long as k
 *   zd_validator_new(schema, ...); world.resolve = zd_knowledge_resolve, world.state = k
 *
 * Profiles without a snapshot get one, made from their differential (snapshot.h). A definition that
 * cannot be compiled is left out and told by zd_knowledge_left_out: what needs it is then told as
 * not checked.
 *
 * One thread until it is built; zd_knowledge_resolve from any.
 */
#ifndef ZD_VALIDATE_KNOWLEDGE_H
#define ZD_VALIDATE_KNOWLEDGE_H

#include "validate/validate.h"

typedef struct zd_knowledge zd_knowledge;

zd_err zd_knowledge_new(const zd_schema *base, zd_knowledge **out, zd_fault *fault);
void zd_knowledge_free(zd_knowledge *k); /* NULL is allowed */

/* A package, or one resource. ZD_ERR_IO, ZD_ERR_INVALID with the file and the reason. */
zd_err zd_knowledge_add_file(zd_knowledge *k, const char *path, zd_fault *fault);
/* One resource in JSON or XML; `name` for messages. */
zd_err zd_knowledge_add_text(zd_knowledge *k, zd_slice text, const char *name, zd_fault *fault);

zd_err zd_knowledge_build(zd_knowledge *k, const zd_schema **out, zd_fault *fault);

/* Definition i that was left out, and why; false: there is none. */
bool zd_knowledge_left_out(const zd_knowledge *k, size_t i, zd_slice *url, zd_slice *why);

/* For zd_validate_world: by canonical, or by "Type/id". */
zd_err zd_knowledge_resolve(void *state, zd_slice reference, zd_arena *arena, zd_fhirpath_item *out,
                            zd_fault *fault);

#endif
