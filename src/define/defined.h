/* defined.h: what users define for a store: search parameters, profiles, extensions, value sets,
 * code systems, operations; and the SearchParameters of the record that are in use.
 *
 * What `zdravo define` took is kept in the store's note "search-parameters" (the name is older than
 * the rest), one definition a line; SearchParameters of the record in the note
 * "stored-search-parameters", one a line behind its id and a space. All is compiled on top of the
 * official definitions. The image that comes out is kept in the note "definitions-image", so that
 * opening a store parses nothing:
 *
 *   zd_defined_key | schema image
 *
 * The key says which program's definitions and which text it was made from; with another key the
 * image is made anew.
 */
#ifndef ZD_CLI_DEFINED_H
#define ZD_CLI_DEFINED_H

#include "base/buffer.h"
#include "fhir/schema.h"
#include "store/store.h"

/* A schema with what it rests on. */
typedef struct zd_defined {
  const zd_schema *schema; /* the official one when nothing was added */
  zd_buffer text, stored;  /* lines: by `zdravo define`; of SearchParameters of the record */
  zd_buffer image;         /* a key, then the image */
  bool compiled;           /* the image was made now, and is not kept yet */
} zd_defined;

/* Those of a store (open; started or not). Free in any case. */
zd_err zd_defined_load(zd_store *store, zd_defined *out, zd_fault *fault);
void zd_defined_free(zd_defined *p);

typedef enum zd_defined_outcome {
  ZD_DEFINED_ADDED,
  ZD_DEFINED_SAME,     /* is there */
  ZD_DEFINED_ANSWERED, /* a search parameter that does what one that is there does */
  ZD_DEFINED_REFUSED,  /* a search parameter, with `skip` */
  ZD_DEFINED_OUTCOMES
} zd_defined_outcome;

/* One definition to be added. */
typedef struct zd_addition {
  zd_slice text;
  const char *file; /* for messages */
  zd_defined_outcome outcome;
  zd_fault why; /* refused */
} zd_addition;

/* True when the text is a resource of a type that can be defined. */
bool zd_defined_is_definition(zd_slice text);
/* Adds all, or none (not yet to the store); with `skip` all but search parameters whose code is
 * taken or whose expression is not understood. ZD_ERR_INVALID, ZD_ERR_UNSUPPORTED with the file and
 * the reason: it breaks the rules of its type, its url and version or its code is taken, an
 * expression is not understood, the compiler refuses it (fhir/definitions.h). */
zd_err zd_defined_add(zd_defined *p, zd_addition *additions, size_t n, bool skip, zd_fault *fault);
/* The same with other lines of SearchParameters of the record. */
zd_err zd_defined_with_stored(const zd_defined *p, zd_slice stored, zd_defined *out,
                              zd_fault *fault);
zd_err zd_defined_copy(const zd_defined *p, zd_defined *out, zd_fault *fault);
/* Keeps them with the store (writable). */
zd_err zd_defined_save(zd_defined *p, zd_store *store, zd_fault *fault);
/* Keeps the image, when it was made anew. Where that fails the next opening makes it again: no
 * error. */
void zd_defined_keep_image(zd_defined *p, zd_store *store);

#endif
