/* read_xml.c: XML to a resource tree: the door, and the parser's events. */
#include <libxml/parserInternals.h>
#include <limits.h>

#include "fhir/xml/read.h"

/* ---- ending ---- */

void zd_xml_stop(zd_xml_reader *x, zd_err err) {
  if (x->failed == ZD_OK) x->failed = err;
  if (x->stopped) return;
  x->stopped = true;
  xmlStopParser(x->parser);
}

static void refuse(zd_xml_reader *x, zd_err err, zd_issue_code code, size_t at, const char *why) {
  if (x->failed != ZD_OK) return;
  zd_read_issue(&x->r, NULL, code, at, "not acceptable as XML: %s", why);
  zd_issues *issues = x->r.issues;
  if (issues->n) issues->items[issues->n - 1].severity = ZD_FATAL;
  zd_xml_stop(x, err);
}

/* ---- where the parser is ---- */

/* Offset in the text of the next byte it will look at. The bytes are the text's own, since nothing
 * but UTF-8 comes here. */
static size_t offset_of(const zd_xml_reader *x) {
  const xmlParserInput *input = x->parser->input;
  if (!input || x->stopped) return x->r.tape.text.n;
  size_t at = (size_t)input->consumed + (size_t)(input->cur - input->base);
  return at < x->r.tape.text.n ? at : x->r.tape.text.n;
}

/* The start tag that ends here: no '<' stands within it. */
static size_t tag_start(const zd_xml_reader *x) {
  const char *text = x->r.tape.text.p;
  size_t at = offset_of(x);
  while (at > 0 && text[at - 1] != '<') at--;
  return at ? at - 1 : 0;
}

static zd_slice slice_of(const xmlChar *text) {
  return zd_slice_of((const char *)text);
}

zd_xml_attribute zd_xml_attribute_at(const zd_xml_reader *x, const zd_xml_tag *tag, int i) {
  const xmlChar **a = tag->attributes + (size_t)i * 5;
  const xmlParserInput *input = x->parser->input;
  zd_xml_attribute out = {.name = slice_of(a[0]),
                          .uri = slice_of(a[2]),
                          .prefix = (const char *)a[1],
                          .value = {(const char *)a[3], (size_t)(a[4] - a[3])}};
  if (input && a[3] >= input->base && a[4] <= input->end) {
    size_t at = (size_t)input->consumed + (size_t)(a[3] - input->base);
    if (at + out.value.n <= x->r.tape.text.n) {
      out.value.p = x->r.tape.text.p + at;
      out.in_text = true;
    }
  }
  return out;
}

/* ---- events ---- */

static bool may_open(zd_xml_reader *x, const zd_xml_tag *tag) {
  uint32_t most = x->most_depth + ZD_XML_NARRATIVE_DEPTH;
  if (x->open >= most) {
    refuse(x, ZD_ERR_LIMIT, ZD_ISSUE_TOO_LONG, tag->at, "elements nested too deep");
    return false;
  }
  if (tag->namespace_count > ZD_XML_NAMESPACES ||
      x->namespaces + (uint32_t)tag->namespace_count > ZD_XML_NAMESPACES) {
    refuse(x, ZD_ERR_LIMIT, ZD_ISSUE_TOO_LONG, tag->at, "too many namespaces declared");
    return false;
  }
  return true;
}

static void start_element(void *context, const xmlChar *name, const xmlChar *prefix,
                          const xmlChar *uri, int namespace_count, const xmlChar **namespaces,
                          int attribute_count, int defaulted, const xmlChar **attributes) {
  zd_xml_reader *x = context;
  (void)defaulted;
  if (x->stopped) return;
  zd_xml_tag tag = {.name = slice_of(name),
                    .uri = slice_of(uri),
                    .prefix = (const char *)prefix,
                    .at = tag_start(x),
                    .attributes = attributes,
                    .attribute_count = attribute_count,
                    .namespaces = namespaces,
                    .namespace_count = namespace_count};
  if (!may_open(x, &tag)) return;
  x->declared[x->open++] = (uint8_t)namespace_count;
  x->namespaces += (uint32_t)namespace_count;
  if (x->narrative.depth)
    zd_xml_narrative_open(x, &tag);
  else if (x->skipping)
    x->skipping++;
  else
    zd_xml_open_element(x, &tag);
}

static void end_element(void *context, const xmlChar *name, const xmlChar *prefix,
                        const xmlChar *uri) {
  zd_xml_reader *x = context;
  (void)prefix;
  (void)uri;
  if (x->stopped || !x->open) return;
  x->namespaces -= x->declared[--x->open];
  if (x->narrative.depth)
    zd_xml_narrative_close(x, slice_of(name), offset_of(x));
  else if (x->skipping)
    x->skipping--;
  else
    zd_xml_close_element(x);
}

static bool is_space(zd_slice text) {
  for (size_t i = 0; i < text.n; i++)
    if (text.p[i] != ' ' && text.p[i] != '\n' && text.p[i] != '\t' && text.p[i] != '\r')
      return false;
  return true;
}

static void characters(void *context, const xmlChar *p, int n) {
  zd_xml_reader *x = context;
  zd_slice text = {(const char *)p, (size_t)n};
  if (x->stopped) return;
  if (x->narrative.depth) {
    zd_xml_narrative_text(x, text);
  } else if (!x->skipping && x->frame_count && !is_space(text)) {
    zd_read_issue(&x->r, zd_xml_top(x)->here, ZD_ISSUE_STRUCTURE, offset_of(x),
                  "text where only elements may stand: \"%.*s\"", ZD_SV(zd_read_excerpt(text)));
  }
}

/* The guard lets no document type pass; should one, this does not. */
static void document_type(void *context, const xmlChar *name, const xmlChar *public,
                          const xmlChar *system) {
  zd_xml_reader *x = context;
  (void)name;
  (void)public;
  (void)system;
  refuse(x, ZD_ERR_INVALID, ZD_ISSUE_SECURITY, offset_of(x), "a document type is not taken");
}

static void on_error(void *context, xmlErrorPtr error) {
  zd_xml_reader *x = context;
  if (x->stopped || error->level == XML_ERR_WARNING) return;
  if (error->code == XML_ERR_NO_MEMORY) {
    zd_xml_stop(x, ZD_ERR_MEMORY);
    return;
  }
  char why[200] = "";
  size_t n = error->message ? strlen(error->message) : 0;
  while (n && (unsigned char)error->message[n - 1] <= ' ') n--;
  zd_slice shown = {error->message, n < sizeof why ? n : sizeof why - 1};
  while (shown.n < n && shown.n && ((unsigned char)shown.p[shown.n] & 0xC0) == 0x80) shown.n--;
  if (shown.n) memcpy(why, shown.p, shown.n);
  for (size_t i = 0; i < shown.n; i++)
    if ((unsigned char)why[i] < ' ') why[i] = ' ';
  if (error->level == XML_ERR_FATAL || error->domain == XML_FROM_NAMESPACE)
    refuse(x, ZD_ERR_INVALID, ZD_ISSUE_STRUCTURE, offset_of(x), why);
}

/* ---- the door ---- */

static bool open_parser(zd_xml_reader *x) {
  zd_slice text = x->r.tape.text;
  xmlInitParser();
  x->parser = xmlCreateMemoryParserCtxt(text.p, (int)text.n);
  if (!x->parser) return false;
  /* Huge: the bounds are ours, an attachment may be larger than libxml2's ten million bytes. Noent
   * says how &amp; comes out of attributes; there are no other entities. */
  xmlCtxtUseOptions(x->parser,
                    XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_IGNORE_ENC | XML_PARSE_NOENT);
  *x->parser->sax = (xmlSAXHandler){.internalSubset = document_type,
                                    .startElementNs = start_element,
                                    .endElementNs = end_element,
                                    .characters = characters,
                                    .ignorableWhitespace = characters,
                                    .serror = on_error,
                                    .initialized = XML_SAX2_MAGIC};
  x->parser->userData = x;
  return true;
}

static bool open_reader(zd_xml_reader *x, const zd_read_limits *limits) {
  if (!limits) limits = &zd_read_default_limits;
  x->most_depth = limits->depth < ZD_JSON_MAX_DEPTH ? limits->depth : ZD_JSON_MAX_DEPTH;
  x->most_nodes = limits->nodes;
  x->room = 64;
  x->r.nodes = zd_arena_alloc(x->r.arena, x->room * sizeof(zd_node));
  x->frames = zd_arena_alloc(x->r.arena, ((size_t)x->most_depth + 2) * sizeof *x->frames);
  x->declared = zd_arena_alloc(x->r.arena, (size_t)x->most_depth + ZD_XML_NARRATIVE_DEPTH);
  return x->r.nodes && x->frames && x->declared;
}

static zd_err parse(zd_xml_reader *x) {
  size_t before = x->r.issues->errors;
  if (!open_parser(x)) return ZD_ERR_MEMORY;
  xmlParseDocument(x->parser);
  if (!x->parser->wellFormed && x->failed == ZD_OK) x->failed = ZD_ERR_INVALID;
  xmlFreeParserCtxt(x->parser);
  x->parser = NULL;
  zd_buffer_free(&x->narrative.text);
  if (x->r.out_of_memory) return ZD_ERR_MEMORY;
  if (x->failed == ZD_OK && x->r.issues->errors != before) return ZD_ERR_INVALID;
  if (x->failed == ZD_ERR_INVALID) x->r.count = 0; /* no XML */
  return x->failed;
}

zd_err zd_xml_read(zd_xml_reader *x, const zd_schema *schema, zd_slice text, zd_type expected,
                   const zd_read_limits *limits, zd_arena *arena, zd_issues *issues) {
  size_t at;
  zd_reader_init(&x->r, schema, arena, issues);
  zd_buffer_init(&x->narrative.text, 0);
  x->r.tape.text = text;
  x->expected = expected;
  if (text.n >= INT_MAX) {
    zd_issue_add(issues, ZD_FATAL, ZD_ISSUE_TOO_LONG, (zd_slice){NULL, 0},
                 "not acceptable as XML: more than %d bytes", INT_MAX);
    return ZD_ERR_LIMIT;
  }
  const char *why = zd_xml_guard(text, &at);
  if (why) {
    zd_read_issue(&x->r, NULL, ZD_ISSUE_STRUCTURE, at, "not acceptable as XML: %s", why);
    return ZD_ERR_INVALID;
  }
  return open_reader(x, limits) ? parse(x) : ZD_ERR_MEMORY;
}

zd_err zd_fhir_read_xml(const zd_schema *schema, zd_slice text, zd_type expected,
                        const zd_read_limits *limits, zd_arena *arena, zd_tree *out,
                        zd_issues *issues) {
  zd_xml_reader x = {0};
  *out = (zd_tree){.schema = schema, .source = text};
  zd_err err = zd_xml_read(&x, schema, text, expected, limits, arena, issues);
  if (err == ZD_OK || (err == ZD_ERR_INVALID && x.r.count > 0)) {
    out->nodes = x.r.nodes;
    out->count = x.r.count;
  }
  return err;
}
