/* xml.h: resources from and to XML (FHIR R4, xml.html).
 *
 * Reading makes the same tree as zd_fhir_read_json makes of the same resource in JSON, with the
 * same checks, and those of XML: well-formed, namespaces exact, elements in the order of the
 * schema, attributes where they belong. Values of the tree are in JSON's form (escaped), so that
 * whoever reads trees need not know where they came from.
 *
 * Refused by name: document types and with them all entities but the five of XML, encodings other
 * than UTF-8, more than the limits say. Comments and processing instructions mean nothing and are
 * not kept, but inside of narrative, which is kept byte by byte.
 *
 * Floor 1. One thread a call; nothing is shared.
 */
#ifndef ZD_FHIR_XML_H
#define ZD_FHIR_XML_H

#include "fhir/codec.h"

/* ---- reading ---- */

/* As zd_fhir_read_json: results, limits (depth and nodes as the resource has them in JSON), issues.
 * `text` must stay while the tree is used. */
zd_err zd_fhir_read_xml(const zd_schema *schema, zd_slice text, zd_type expected,
                        const zd_read_limits *limits, zd_arena *arena, zd_tree *out,
                        zd_issues *issues);

/* An entry of a batch that is not as it should be, with what is wrong. */
typedef struct zd_xml_fault {
  size_t entry;
  zd_err err; /* ZD_ERR_INVALID or ZD_ERR_LIMIT */
  zd_issues issues;
} zd_xml_fault;

typedef struct zd_xml_faults {
  zd_xml_fault *items; /* in the arena, by entry */
  size_t n, room;
} zd_xml_faults;

/* A Bundle as canonical JSON, appended to `out`: entry by entry, so that memory is the two texts
 * and the largest entry; limits hold for each entry, and for what surrounds them. Errors as above;
 * `out` is of no use then. faults (may be NULL): of a Bundle of type batch, entries that are not as
 * they should be are told of here and stand in the JSON as what could be read of them. */
zd_err zd_fhir_xml_bundle(const zd_schema *schema, zd_slice text, const zd_read_limits *limits,
                          zd_arena *arena, zd_buffer *out, zd_xml_faults *faults,
                          zd_issues *issues);

/* The name of the root element, without prefix; absent when there is none to be seen. */
zd_slice zd_fhir_xml_root(zd_slice text);

/* ---- writing ---- */

typedef struct zd_xml_layout {
  bool declaration; /* <?xml version="1.0" encoding="UTF-8"?> in front */
  bool laid_out;    /* one element a line, two spaces; narrative stays as it is */
  unsigned depth; /* of a node that is an element of something (Bundle.entry): how many stand around
                     it, and have declared the namespace */
} zd_xml_layout;

/* Node `root` of the tree as XML, appended: a resource, or with layout->depth an element; elements
 * in schema order. layout NULL: neither.
 *
 * XML cannot hold everything JSON can: U+FFFE and U+FFFF are written as U+FFFD; narrative whose
 * text is no well-formed XHTML (JSON readers cannot see that) is written as a div that shows that
 * text, character by character. HTML's names of characters (&nbsp;) become numbers. */
void zd_fhir_write_xml(const zd_tree *tree, uint32_t root, const zd_xml_layout *layout,
                       zd_buffer *out);

#endif
