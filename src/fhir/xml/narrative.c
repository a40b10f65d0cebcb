/* narrative.c: Narrative.div, which is XML in XML and a string in JSON.
 *
 * It is kept byte by byte when it stands by itself: a div without prefix that declares its own
 * namespace, and no prefix in it that was declared outside. A div with a prefix, or in a namespace
 * it inherits, is written anew, element by element.
 */
#include "fhir/xml/read.h"
#include "fhir/xml/write.h"

static zd_slice slice_of(const xmlChar *text) {
  return zd_slice_of((const char *)text);
}

static void fault(zd_xml_reader *x, size_t at, const char *what, zd_slice name) {
  if (x->narrative.faulty) return; /* once */
  x->narrative.faulty = true;
  zd_read_issue(&x->r, zd_xml_top(x)->here, ZD_ISSUE_STRUCTURE, at, "%s: \"%.*s\"", what,
                ZD_SV(zd_read_excerpt(name)));
}

static void note_prefixes(zd_xml_narrative *v, const zd_xml_tag *tag) {
  for (int i = 0; i < tag->namespace_count; i++)
    if (tag->namespaces[(size_t)i * 2] && v->prefix_count < ZD_XML_NAMESPACES)
      v->prefixes[v->prefix_count++] = tag->namespaces[(size_t)i * 2];
}

static bool declares(const zd_xml_narrative *v, const char *prefix) {
  if (strcmp(prefix, "xml") == 0) return true;
  for (uint32_t i = 0; i < v->prefix_count; i++)
    if (strcmp((const char *)v->prefixes[i], prefix) == 0) return true;
  return false;
}

static bool declares_itself(const zd_xml_tag *tag) {
  if (tag->prefix) return false;
  for (int i = 0; i < tag->namespace_count; i++)
    if (!tag->namespaces[(size_t)i * 2] &&
        zd_slice_eq(slice_of(tag->namespaces[(size_t)i * 2 + 1]), ZD_S(ZD_XML_XHTML_NAMESPACE)))
      return true;
  return false;
}

/* ---- written anew ---- */

static void add_tag(zd_xml_reader *x, const zd_xml_tag *tag, bool outermost) {
  zd_buffer *out = &x->narrative.text;
  zd_buffer_add_char(out, '<');
  zd_buffer_add_slice(out, tag->name);
  if (outermost) zd_buffer_add_slice(out, ZD_S(" xmlns=\"" ZD_XML_XHTML_NAMESPACE "\""));
  for (int i = 0; i < tag->attribute_count; i++) {
    zd_xml_attribute a = zd_xml_attribute_at(x, tag, i);
    zd_buffer_add_char(out, ' ');
    if (a.prefix) zd_buffer_printf(out, "%s:", a.prefix);
    zd_buffer_add_slice(out, a.name);
    zd_buffer_add_slice(out, ZD_S("=\""));
    zd_xml_add_attribute(out, a.value);
    zd_buffer_add_char(out, '"');
  }
  zd_buffer_add_char(out, '>');
}

/* ---- events ---- */

/* Written anew, all there is must be XHTML; else prefixes must be its own. */
static void check_names(zd_xml_reader *x, const zd_xml_tag *tag) {
  zd_xml_narrative *v = &x->narrative;
  note_prefixes(v, tag);
  if (v->anew && !zd_slice_eq(tag->uri, ZD_S(ZD_XML_XHTML_NAMESPACE)))
    fault(x, tag->at, "an element in the narrative that is not XHTML", tag->name);
  if (!v->anew && tag->prefix && !declares(v, tag->prefix))
    fault(x, tag->at, "a prefix in the narrative that is declared outside of it",
          zd_slice_of(tag->prefix));
  for (int i = 0; i < tag->attribute_count; i++) {
    zd_xml_attribute a = zd_xml_attribute_at(x, tag, i);
    if (a.prefix && (v->anew ? strcmp(a.prefix, "xml") != 0 : !declares(v, a.prefix)))
      fault(x, tag->at, "a prefix in the narrative that is declared outside of it",
            zd_slice_of(a.prefix));
  }
}

void zd_xml_narrative_begin(zd_xml_reader *x, const zd_xml_tag *tag) {
  zd_xml_narrative *v = &x->narrative;
  v->depth = 1;
  v->at = tag->at;
  v->faulty = false;
  v->prefix_count = 0;
  v->anew = !declares_itself(tag);
  zd_buffer_clear(&v->text);
  check_names(x, tag);
  if (v->anew) add_tag(x, tag, true);
}

void zd_xml_narrative_open(zd_xml_reader *x, const zd_xml_tag *tag) {
  zd_xml_narrative *v = &x->narrative;
  if (++v->depth > ZD_XML_NARRATIVE_DEPTH) {
    zd_read_issue(&x->r, zd_xml_top(x)->here, ZD_ISSUE_TOO_LONG, tag->at,
                  "narrative nested too deep, %d levels at most", ZD_XML_NARRATIVE_DEPTH);
    zd_xml_stop(x, ZD_ERR_LIMIT);
    return;
  }
  check_names(x, tag);
  if (v->anew) add_tag(x, tag, false);
}

void zd_xml_narrative_text(zd_xml_reader *x, zd_slice text) {
  if (x->narrative.anew) zd_xml_add_text(&x->narrative.text, text);
}

static void complete(zd_xml_reader *x, size_t end) {
  zd_xml_narrative *v = &x->narrative;
  zd_xml_frame *f = zd_xml_top(x);
  bool escaped = false;
  zd_slice text = {x->r.tape.text.p + v->at, end - v->at};
  if (v->anew) text = zd_buffer_slice(&v->text);
  if (zd_buffer_error(&v->text) != ZD_OK) {
    zd_xml_stop(x, zd_buffer_error(&v->text));
    return;
  }
  zd_slice raw = zd_xml_json_text(x, text, !v->anew, &escaped);
  if (!raw.p) return;
  zd_node *node = &x->r.nodes[f->node];
  node->p = raw.p;
  node->n = (uint32_t)raw.n;
  node->flags = (uint16_t)(ZD_NODE_STRING | (escaped ? ZD_NODE_ESCAPED : 0));
  f->filled = true;
  zd_xml_close_element(x);
}

void zd_xml_narrative_close(zd_xml_reader *x, zd_slice name, size_t end) {
  zd_xml_narrative *v = &x->narrative;
  if (v->anew) {
    zd_buffer_add_slice(&v->text, ZD_S("</"));
    zd_buffer_add_slice(&v->text, name);
    zd_buffer_add_char(&v->text, '>');
  }
  if (--v->depth == 0) complete(x, end);
}
