/* markup.h: JSON that is ready to be sent, as XML. Private to rest/.
 *
 * Everything below speaks JSON; a client that wants XML gets it at the door. A Bundle is rewritten
 * entry by entry, while it is being made, so that memory is that of an entry and a part.
 */
#ifndef ZD_REST_MARKUP_H
#define ZD_REST_MARKUP_H

#include "fhir/bundle.h"

typedef struct zd_markup {
  const zd_schema *schema;
  bool laid_out;
  zd_fhir_bundle bundle; /* finds the entries, and reads them */
  zd_buffer text;        /* JSON that has come, from `from` on */
  uint64_t from;
  uint32_t entries; /* written */
  zd_arena arena;   /* of an entry */
} zd_markup;

void zd_markup_init(zd_markup *m, const zd_schema *schema, bool laid_out);
void zd_markup_free(zd_markup *m);

/* The next part of a resource; appended to `out` is what of it can be written by now, with the
 * `last` part all of it. ZD_ERR_INTERNAL: what was to be sent is no resource as it should be. */
zd_err zd_markup_part(zd_markup *m, zd_slice part, bool last, zd_buffer *out);

/* A whole resource. */
zd_err zd_markup_whole(const zd_schema *schema, zd_slice json, bool laid_out, zd_buffer *out);

#endif
