/* parameters.h: search parameters that users add to a store. Private to cli/.
 *
 * They are kept in the store's note "search-parameters", one SearchParameter a line, and compiled
 * on top of the official definitions whenever the store is opened.
 */
#ifndef ZD_CLI_PARAMETERS_H
#define ZD_CLI_PARAMETERS_H

#include "base/buffer.h"
#include "fhir/schema.h"
#include "store/store.h"

/* A schema with what it rests on. */
typedef struct zd_parameters {
  const zd_schema *schema; /* the official one when nothing was added */
  zd_buffer text, image;
} zd_parameters;

/* Reads and compiles those of a store (open; started or not). Free in any case. */
zd_err zd_parameters_load(zd_store *store, zd_parameters *out, zd_fault *fault);
void zd_parameters_free(zd_parameters *p);

/* Adds the SearchParameter in `text` to `p` (not yet to the store). *added is false when the same
 * one is there already. ZD_ERR_INVALID, ZD_ERR_UNSUPPORTED with the reason: not a SearchParameter,
 * its url or code is taken, its expression is not understood. */
zd_err zd_parameters_add(zd_parameters *p, zd_slice text, bool *added, zd_fault *fault);
/* Keeps them with the store (writable). */
zd_err zd_parameters_save(const zd_parameters *p, zd_store *store, zd_fault *fault);

#endif
