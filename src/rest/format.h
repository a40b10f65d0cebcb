/* format.h: JSON or XML: what a client sends and what it wants back (http.html#mime-type, RFC 9110
 * 12.5.1). Private to rest/. */
#ifndef ZD_REST_FORMAT_H
#define ZD_REST_FORMAT_H

#include "base/slice.h"

typedef enum zd_format {
  ZD_FORMAT_NONE, /* neither */
  ZD_FORMAT_JSON,
  ZD_FORMAT_XML,
  ZD_FORMAT_JSON_PATCH, /* these three of bodies alone */
  ZD_FORMAT_XML_PATCH,
  ZD_FORMAT_CONTENT /* of a Binary, as it is */
} zd_format;

/* A media type without its parameters. */
zd_format zd_format_of(zd_slice media);
/* A value of _format: a media type or json, xml. */
zd_format zd_format_named(zd_slice value);
/* The last _format of a query that names one; NONE: there is none, or none of ours. */
zd_format zd_format_asked(zd_slice query);
/* What an Accept header wants most; absent or empty: JSON, and so when both are as welcome. NONE:
 * neither is. */
zd_format zd_format_accepted(zd_slice accept);
/* A Content-Type of ours, in UTF-8 and of our version of FHIR; NONE: it is not. */
zd_format zd_format_of_body(zd_slice type);

/* ---- lists in headers ---- */

/* Cuts the next item off a list, white space around it gone. */
bool zd_list_next(zd_slice *list, char separator, zd_slice *item);
/* The same word, whatever the case. */
bool zd_word_is(zd_slice s, const char *word);
/* The weight among parameters ("q=0.5") in thousandths; 1000 when there is none (RFC 9110 12.4.2).
 */
int zd_list_weight(zd_slice parameters);
/* Parameters of a media type: false for another FHIR version than ours
 * (http.html#version-parameter) and for another charset than UTF-8. */
bool zd_media_parameters_fit(zd_slice list);

#endif
