/* primitive.h: the formats of FHIR's primitive types (FHIR R4, datatypes.html#primitive).
 *
 * Values are checked as text, never converted: 1.0 and 1.00 differ. For src/fhir and what builds
 * resources by hand.
 */
#ifndef ZD_FHIR_PRIMITIVE_H
#define ZD_FHIR_PRIMITIVE_H

#include "fhir/issue.h"
#include "fhir/schema.h"

enum {
  ZD_STRING_LIMIT = 1024 * 1024, /* characters of a string or markdown: the specification's */
  ZD_DECIMAL_LIMIT = 256         /* bytes of a decimal: ours */
};

/* What is wrong with the unescaped text of a value of this kind; NULL when nothing is. *code is
 * set when something is: VALUE or TOO_LONG. */
const char *zd_primitive_check(zd_primitive kind, zd_slice text, zd_issue_code *code);

/* As above for a text as it stands in checked JSON, which has no bare control characters; `escaped`
 * tells whether there are escapes in it. The arena is for decoding. */
const char *zd_primitive_check_json(zd_primitive kind, zd_slice raw, bool escaped, zd_arena *arena,
                                    zd_issue_code *code);

/* Formats on their own. */
bool zd_primitive_is_date(zd_slice text);     /* YYYY, YYYY-MM, YYYY-MM-DD of the real calendar */
bool zd_primitive_is_datetime(zd_slice text); /* a date, or to the second with a time zone */
bool zd_primitive_is_instant(zd_slice text);
bool zd_primitive_is_time(zd_slice text);
bool zd_primitive_is_id(zd_slice text);
bool zd_primitive_is_uuid(zd_slice text); /* 8-4-4-4-12 hexadecimal digits, without urn:uuid: */
bool zd_primitive_is_oid(zd_slice text);  /* 2.16.840, without urn:oid: */

#endif
