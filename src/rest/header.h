/* header.h: what HTTP headers ask of an interaction. Private to rest/. */
#ifndef ZD_REST_HEADER_H
#define ZD_REST_HEADER_H

#include "rest/format.h"
#include "rest/interaction.h"

/* Prefer, If-*, Accept into the interaction; false when refused (400, 406). */
bool zd_header_take(zd_call *c, const zd_http_exchange *x, zd_interaction *in, zd_answer *a);
/* What the answer, whatever it says, is to be written in: in->xml. _format wins over Accept. */
void zd_header_format(const zd_http_exchange *x, zd_interaction *in);
/* Content-Type of a body: JSON or XML for resources, a form for POST _search (as good as JSON),
 * JSON Patch or XML Patch for PATCH, any other for a Binary's content; NONE: refused (415). */
zd_format zd_header_body_type(zd_call *c, zd_http_exchange *x, const zd_interaction *in,
                              zd_answer *a);
/* Headers for a page of another origin, when it is one of `origins` (zd_rest_options). */
void zd_cors_add(const char *origins, zd_http_exchange *x);
/* "Sun, 22 Nov 2026 00:45:00 GMT" (RFC 9110 5.6.7) to ms; 0 when malformed. And back, 29 bytes. */
int64_t zd_header_date(zd_slice text);
void zd_header_write_date(int64_t ms, char text[29]);

#endif
