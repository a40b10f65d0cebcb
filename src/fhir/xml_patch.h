/* xml_patch.h: XML Patch (RFC 5261): a document changed as a list of operations says, all of them
 * or none.
 *
 *   <diff xmlns="http://hl7.org/fhir" xmlns:f="http://hl7.org/fhir">
 *     <replace sel="f:Patient/f:gender/@value">other</replace>
 *     <remove sel="f:Patient/f:birthDate"/>
 *   </diff>
 *
 * The root's name means nothing; its elements are add, replace and remove. `sel` is XPath 1.0 and
 * must select exactly one node; its prefixes are those in scope where it stands, besides f for FHIR
 * and h for XHTML. Not offered, and refused by name: changes of namespace declarations but adding
 * one.
 *
 * Floor 1. Knows XML, not FHIR. One thread a call.
 */
#ifndef ZD_FHIR_XML_PATCH_H
#define ZD_FHIR_XML_PATCH_H

#include "base/buffer.h"

enum {
  ZD_XML_PATCH_OPERATIONS = 1000, /* of one patch */
  ZD_XML_PATCH_SEL = 4096         /* bytes of one sel */
};

typedef struct zd_xml_patch_error {
  size_t operation; /* its number from 0; SIZE_MAX: none of them */
  char text[200];   /* for a person; zero-terminated UTF-8 */
} zd_xml_patch_error;

/* Appends the changed document to `out`, whose limit bounds it. Otherwise `out` is as it was, and
 * *error says why:
 *
 *   ZD_ERR_INVALID     no XML, or no XML Patch
 *   ZD_ERR_NOT_FOUND   a sel selects nothing, or more than one node
 *   ZD_ERR_LIMIT       too many operations, too large, too long to find
 *   ZD_ERR_MEMORY */
zd_err zd_xml_patch(zd_slice document, zd_slice patch, zd_buffer *out, zd_xml_patch_error *error);

#endif
