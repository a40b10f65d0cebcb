/* write_narrative.c: Narrative.div, a string in JSON, written into XML as the markup it is.
 *
 * JSON readers do not look inside, so it is read here first. What is well-formed goes as it stands.
 * Else names of characters that HTML has and XML has not (&nbsp;) become numbers; when that does
 * not help, the text itself is shown.
 */
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "fhir/xml/write.h"

#define XHTML_DIV "<div xmlns=\"" ZD_XML_XHTML_NAMESPACE "\""

enum { MOST_NAMESPACES = 64 };

typedef struct look {
  xmlParserCtxtPtr parser;
  bool begun, right, bare, broken; /* bare: a div of no namespace */
  int namespaces;
} look;

static void see_element(void *context, const xmlChar *name, const xmlChar *prefix,
                        const xmlChar *uri, int namespace_count, const xmlChar **namespaces,
                        int attribute_count, int defaulted, const xmlChar **attributes) {
  look *l = context;
  (void)namespaces;
  (void)attribute_count;
  (void)defaulted;
  (void)attributes;
  l->namespaces += namespace_count;
  if (l->namespaces > MOST_NAMESPACES) {
    l->broken = true;
    xmlStopParser(l->parser);
  }
  if (l->begun) return;
  l->begun = true;
  l->bare = !uri;
  l->right = !prefix && strcmp((const char *)name, "div") == 0 &&
             (!uri || strcmp((const char *)uri, ZD_XML_XHTML_NAMESPACE) == 0);
}

static void see_error(void *context, xmlErrorPtr error) {
  look *l = context;
  if (error->level == XML_ERR_WARNING || l->broken) return;
  if (error->level != XML_ERR_FATAL && error->domain != XML_FROM_NAMESPACE) return;
  l->broken = true;
  xmlStopParser(l->parser);
}

/* Whether the text is a div in XML; *bare: one that has to be told its namespace. */
static bool is_div(zd_slice text, bool *bare) {
  look l = {0};
  size_t at;
  if (text.n > INT32_MAX / 2 || zd_xml_guard(text, &at)) return false;
  xmlInitParser();
  l.parser = xmlCreateMemoryParserCtxt(text.p, (int)text.n);
  if (!l.parser) return false;
  xmlCtxtUseOptions(l.parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
  *l.parser->sax = (xmlSAXHandler){
      .startElementNs = see_element, .serror = see_error, .initialized = XML_SAX2_MAGIC};
  l.parser->userData = &l;
  xmlParseDocument(l.parser);
  bool fine = l.parser->wellFormed && !l.broken && l.right;
  xmlFreeParserCtxt(l.parser);
  *bare = l.bare;
  return fine;
}

/* "&nbsp;" to "&#160;"; false when there was nothing of the kind. */
static bool number_characters(zd_slice text, zd_buffer *out) {
  bool any = false;
  size_t from = 0;
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] != '&') continue;
    char name[16] = "";
    size_t n = 0;
    zd_slice rest = zd_slice_from(text, i + 1);
    while (n < rest.n && n + 1 < sizeof name && rest.p[n] != ';') {
      name[n] = rest.p[n];
      n++;
    }
    if (n == rest.n || rest.p[n] != ';') continue;
    const htmlEntityDesc *known = htmlEntityLookup((const xmlChar *)name);
    if (!known || xmlGetPredefinedEntity((const xmlChar *)name)) continue;
    any = true;
    zd_buffer_add(out, text.p + from, i - from);
    zd_buffer_printf(out, "&#%u;", known->value);
    from = i + n + 2;
  }
  zd_buffer_add(out, text.p + from, text.n - from);
  return any;
}

static void add_div(zd_buffer *out, zd_slice text, bool bare) {
  zd_buffer_add_slice(out, bare ? ZD_S(XHTML_DIV) : ZD_S("<div"));
  zd_buffer_add_slice(out, zd_slice_from(text, 4));
}

static zd_slice trimmed(zd_slice s) {
  while (s.n && (unsigned char)s.p[0] <= ' ') s = zd_slice_from(s, 1);
  while (s.n && (unsigned char)s.p[s.n - 1] <= ' ') s.n--;
  return s;
}

void zd_xml_write_div(zd_buffer *out, zd_slice text) {
  bool bare = false;
  zd_buffer numbered;
  text = trimmed(text);
  zd_buffer_init(&numbered, 0);
  if (zd_slice_starts(text, ZD_S("<div")) && is_div(text, &bare)) {
    add_div(out, text, bare);
  } else if (zd_slice_starts(text, ZD_S("<div")) && number_characters(text, &numbered) &&
             !numbered.failed && is_div(zd_buffer_slice(&numbered), &bare)) {
    add_div(out, zd_buffer_slice(&numbered), bare);
  } else {
    zd_buffer_add_slice(out, ZD_S(XHTML_DIV ">"));
    zd_xml_add_text(out, text);
    zd_buffer_add_slice(out, ZD_S("</div>"));
  }
  zd_buffer_free(&numbered);
}
