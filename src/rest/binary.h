/* binary.h: Binary by its own media type (R4 binary.html#rest): content sent as it is becomes a
 * Binary, and a Binary is sent as its content unless a format of FHIR is asked for. Private to
 * rest/.
 *
 *   Accept                                       answer
 *   application/fhir+json, +xml, application/json   the resource, in that format
 *   none, a range that fits contentType            the content
 *   application/xml, text/xml                       the resource as XML
 *   anything else                                   406
 */
#ifndef ZD_REST_BINARY_H
#define ZD_REST_BINARY_H

#include "rest/header.h"

/* A read of a Binary that names no format of FHIR. */
bool zd_binary_may_be_content(const zd_http_exchange *x, const zd_interaction *in);
/* The answer to such a read: the body becomes the content, and *type its media type, as Accept has
 * it; *type absent: it stays the resource (in->xml is set when that must be XML), or became a 406.
 */
void zd_binary_unwrap(zd_call *c, zd_slice accept, zd_interaction *in, zd_answer *a,
                      zd_slice *type);
/* Content as it came becomes a Binary in JSON, appended. */
void zd_binary_wrap(const zd_http_exchange *x, const zd_interaction *in, zd_slice content,
                    zd_buffer *out);

#endif
