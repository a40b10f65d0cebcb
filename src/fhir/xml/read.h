/* read.h: what the parts of the XML reader share; private to src/fhir/xml.
 *
 *   bytes ─► guard ─► libxml2 (SAX2) ─► elements, one frame each ─► nodes
 *
 * The guard reads the text once before libxml2 sees it and refuses what must never reach it. Then
 * every open element has a frame; a faulty element is reported and left out with all in it, and
 * reading goes on, so that one reading tells all faults, as with JSON. What both readers do alike
 * (places, issues, references) is codec/'s.
 */
#ifndef ZD_FHIR_XML_READ_H
#define ZD_FHIR_XML_READ_H

#include <libxml/parser.h>

#include "fhir/codec/read.h"
#include "fhir/xml/write.h"

enum {
  ZD_XML_TAG_ATTRIBUTES = 128, /* in one start tag, declarations of namespaces among them */
  ZD_XML_NAMESPACES = 64,      /* declared by the elements that are open */
  ZD_XML_NARRATIVE_DEPTH = 256,
  ZD_XML_SEEN = 8 /* elements of one type, by 64 */
};

typedef enum zd_xml_kind {
  ZD_XML_OBJECT,    /* a resource or a value with elements */
  ZD_XML_PRIMITIVE, /* its children are extensions */
  ZD_XML_HOLDER     /* an element that holds a resource; the resource's frame is the next */
} zd_xml_kind;

typedef struct zd_xml_frame {
  zd_read_place own;         /* of the element, unless it is a resource within a holder */
  const zd_read_place *here; /* `own`, or the holder's */
  zd_xml_kind kind;
  zd_type type;
  zd_element element; /* ZD_NO_ELEMENT: the root */
  uint32_t node;      /* of a holder: none yet */
  uint32_t depth;     /* as JSON counts it */
  size_t at;          /* of its start tag */
  zd_element last;    /* newest child element, ZD_NO_ELEMENT: none yet */
  uint32_t index;     /* its repetitions before the newest */
  bool filled;        /* holder: has its resource; primitive: has a value or extension */
  bool contained;     /* holder: `contained` */
  bool bare;          /* Resource.id: a value and nothing else */
  uint64_t choices;
  uint64_t seen[ZD_XML_SEEN];
  uint32_t first_local; /* resource: of its local references */
} zd_xml_frame;

/* Narrative on its way: copied as it stands, or written anew when it leans on what is declared
 * outside of it. */
typedef struct zd_xml_narrative {
  uint32_t depth; /* open elements of it; 0: not in narrative */
  size_t at;      /* its first byte */
  bool anew;
  bool faulty;
  zd_buffer text; /* when written anew */
  const xmlChar *prefixes[ZD_XML_NAMESPACES];
  uint32_t prefix_count; /* declared within */
} zd_xml_narrative;

typedef struct zd_xml_entries zd_xml_entries;

typedef struct zd_xml_reader {
  zd_reader r; /* nodes, issues, local references; r.tape.text is the XML */
  uint32_t room, most_nodes;
  uint32_t most_depth;
  zd_type expected;
  zd_err failed; /* ends reading */
  xmlParserCtxtPtr parser;
  bool stopped;
  zd_xml_frame *frames;
  uint32_t frame_count;
  uint32_t skipping; /* open elements that are being left out */
  uint8_t *declared; /* namespaces declared by each open element */
  uint32_t open;     /* elements */
  uint32_t namespaces;
  zd_xml_narrative narrative;
  zd_xml_entries *entries; /* a Bundle read entry by entry; NULL: not so */
} zd_xml_reader;

/* ---- element.c ---- */

/* An attribute of a start tag. */
typedef struct zd_xml_attribute {
  zd_slice name, uri; /* uri absent: no namespace */
  const char *prefix; /* NULL: none */
  zd_slice value;     /* within the XML text when it stands there as it is, else libxml2's own */
  bool in_text;
} zd_xml_attribute;

typedef struct zd_xml_tag {
  zd_slice name, uri;
  const char *prefix;
  size_t at; /* of its '<' */
  const xmlChar **attributes;
  int attribute_count;
  const xmlChar **namespaces; /* prefix, URI, ... */
  int namespace_count;
} zd_xml_tag;

zd_xml_attribute zd_xml_attribute_at(const zd_xml_reader *x, const zd_xml_tag *tag, int i);

void zd_xml_open_element(zd_xml_reader *x, const zd_xml_tag *tag);
void zd_xml_close_element(zd_xml_reader *x);

static inline zd_xml_frame *zd_xml_top(const zd_xml_reader *x) {
  return &x->frames[x->frame_count - 1];
}

/* A new node at the end; false: reading has ended. */
bool zd_xml_push(zd_xml_reader *x, zd_element e, zd_type type, size_t at, uint32_t *node);

/* ---- value.c ---- */

/* The value of a primitive into its node, checked. */
void zd_xml_value(zd_xml_reader *x, const zd_xml_frame *f, const zd_xml_attribute *a);
/* An attribute that is an element of its own (Element.id, Extension.url). */
void zd_xml_value_of(zd_xml_reader *x, zd_element e, zd_type type, uint32_t node,
                     const zd_read_place *place, const zd_xml_attribute *a, size_t at);
/* Text in the form it has in JSON; absent when memory is exhausted. *escaped: it has escapes. */
zd_slice zd_xml_json_text(zd_xml_reader *x, zd_slice text, bool lasting, bool *escaped);

/* ---- narrative.c ---- */

/* The div of the narrative whose frame is open. */
void zd_xml_narrative_begin(zd_xml_reader *x, const zd_xml_tag *tag);
void zd_xml_narrative_open(zd_xml_reader *x, const zd_xml_tag *tag);
void zd_xml_narrative_text(zd_xml_reader *x, zd_slice text);
/* The element that ends before `end`. */
void zd_xml_narrative_close(zd_xml_reader *x, zd_slice name, size_t end);

/* ---- bundle.c: of a Bundle that is read entry by entry ---- */

/* An element of the root has opened. */
void zd_xml_entry_begin(zd_xml_reader *x, const zd_xml_frame *f);
/* One has closed: an entry is handed out and forgotten. */
void zd_xml_child_done(zd_xml_reader *x, const zd_xml_frame *f);

/* ---- read_xml.c ---- */

/* Ends reading with this error. */
void zd_xml_stop(zd_xml_reader *x, zd_err err);
zd_err zd_xml_read(zd_xml_reader *x, const zd_schema *schema, zd_slice text, zd_type expected,
                   const zd_read_limits *limits, zd_arena *arena, zd_issues *issues);

#endif
