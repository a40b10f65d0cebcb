/* write.h: what the parts of the XML writer share; private to src/fhir/xml. */
#ifndef ZD_FHIR_XML_WRITE_H
#define ZD_FHIR_XML_WRITE_H

#include "fhir/schema/schema_image.h"
#include "fhir/xml.h"

#define ZD_XML_FHIR_NAMESPACE "http://hl7.org/fhir"
#define ZD_XML_XHTML_NAMESPACE "http://www.w3.org/1999/xhtml"

typedef struct zd_xml_writer {
  const zd_tree *tree;
  const zd_schema *schema;
  zd_buffer *out;
  zd_buffer scratch; /* values without their JSON escapes */
  bool laid_out;
  unsigned depth; /* of the element being written */
} zd_xml_writer;

/* ---- escape.c ---- */

/* Text as an attribute's value, or between tags. */
void zd_xml_add_attribute(zd_buffer *out, zd_slice text);
void zd_xml_add_text(zd_buffer *out, zd_slice text);

/* ---- write_narrative.c ---- */

/* The div that this text (unescaped) is. */
void zd_xml_write_div(zd_buffer *out, zd_slice text);

/* ---- guard.c ---- */

/* What must not reach the parser; NULL when there is nothing, else why, with *at where. */
const char *zd_xml_guard(zd_slice text, size_t *at);

#endif
