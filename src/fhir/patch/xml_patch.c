/* xml_patch.c: RFC 5261 over libxml2's tree and XPath. */
#include "fhir/xml_patch.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "fhir/xml/write.h"

enum { STEPS = 5000000 }; /* of all XPaths of a patch: below a second or two */

typedef struct patching {
  xmlDocPtr document, patch;
  zd_xml_patch_error *error;
  unsigned long steps; /* left */
} patching;

static zd_err fail(patching *p, zd_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static zd_err fail(patching *p, zd_err err, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(p->error->text, sizeof p->error->text, format, args);
  va_end(args);
  return err;
}

static const xmlChar *text(const char *s) {
  return (const xmlChar *)s;
}

static void quiet(void *context, xmlErrorPtr error) {
  (void)context;
  (void)error;
}

/* ---- reading ---- */

static zd_err read_document(patching *p, zd_slice source, const char *what, bool huge,
                            xmlDocPtr *out) {
  size_t at;
  const char *why = zd_xml_guard(source, &at);
  if (why) return fail(p, ZD_ERR_INVALID, "%s: %s", what, why);
  if (source.n >= INT_MAX) return fail(p, ZD_ERR_LIMIT, "%s is too large", what);
  xmlInitParser();
  xmlParserCtxtPtr parser = xmlNewParserCtxt();
  if (!parser) return ZD_ERR_MEMORY;
  parser->sax->serror = quiet;
  *out = xmlCtxtReadMemory(parser, source.p, (int)source.n, NULL, NULL,
                           XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC |
                               XML_PARSE_NOCDATA | (huge ? XML_PARSE_HUGE : 0));
  bool fine = *out && parser->wellFormed && parser->nsWellFormed;
  int line = parser->lastError.line;
  xmlFreeParserCtxt(parser);
  return fine ? ZD_OK : fail(p, ZD_ERR_INVALID, "%s is no well-formed XML: line %d", what, line);
}

/* ---- selecting ---- */

static void register_prefixes(xmlXPathContextPtr x, const patching *p, const xmlNode *operation) {
  xmlXPathRegisterNs(x, text("f"), text(ZD_XML_FHIR_NAMESPACE));
  xmlXPathRegisterNs(x, text("h"), text(ZD_XML_XHTML_NAMESPACE));
  xmlNsPtr *list = xmlGetNsList(p->patch, operation);
  for (size_t i = 0; list && list[i]; i++)
    if (list[i]->prefix) xmlXPathRegisterNs(x, list[i]->prefix, list[i]->href);
  xmlFree(list);
}

/* The one node that an XPath selects. */
static zd_err take_one(patching *p, const xmlXPathObject *found, const char *sel, xmlNodePtr *out) {
  if (found->type != XPATH_NODESET)
    return fail(p, ZD_ERR_INVALID, "sel selects no nodes: \"%.60s\"", sel);
  int n = found->nodesetval ? found->nodesetval->nodeNr : 0;
  if (n != 1) return fail(p, ZD_ERR_NOT_FOUND, "sel selects %d nodes, not one: \"%.60s\"", n, sel);
  *out = found->nodesetval->nodeTab[0];
  if ((*out)->type == XML_NAMESPACE_DECL)
    return fail(p, ZD_ERR_INVALID, "declarations of namespaces cannot be changed");
  if ((*out)->type == XML_DOCUMENT_NODE)
    return fail(p, ZD_ERR_INVALID, "the document itself cannot be selected");
  return ZD_OK;
}

static zd_err select_one(patching *p, const xmlNode *operation, const char *sel, xmlNodePtr *out) {
  xmlXPathContextPtr x = xmlXPathNewContext(p->document);
  if (!x) return ZD_ERR_MEMORY;
  x->error = quiet;
  x->opLimit = p->steps;
  x->node = (xmlNodePtr)p->document;
  register_prefixes(x, p, operation);
  xmlXPathObjectPtr found = xmlXPathEval(text(sel), x);
  bool costly = x->opCount >= p->steps;
  p->steps -= costly ? p->steps - 1 : x->opCount;
  zd_err err = ZD_OK;
  if (!found && costly)
    err = fail(p, ZD_ERR_LIMIT, "sel takes too long to find: \"%.60s\"", sel);
  else if (!found)
    err = fail(p, ZD_ERR_INVALID, "sel is no XPath: \"%.60s\"", sel);
  else
    err = take_one(p, found, sel, out);
  xmlXPathFreeObject(found);
  xmlXPathFreeContext(x);
  return err;
}

/* ---- what an operation brings ---- */

static bool is_blank(const xmlNode *n) {
  return n->type == XML_TEXT_NODE && xmlIsBlankNode(n);
}

/* White space around elements is layout; where there is nothing else it is text. */
static bool has_nodes(const xmlNode *operation) {
  for (const xmlNode *c = operation->children; c; c = c->next)
    if (c->type != XML_TEXT_NODE) return true;
  return false;
}

/* Copies of its children, one behind the other, into the document: appended to a parent (before
 * NULL), or before a node. */
static zd_err bring(patching *p, const xmlNode *operation, xmlNodePtr parent, xmlNodePtr before) {
  bool nodes = has_nodes(operation);
  for (xmlNodePtr c = operation->children; c; c = c->next) {
    if (nodes && is_blank(c)) continue;
    xmlNodePtr copy = xmlDocCopyNode(c, p->document, 1);
    if (!copy) return ZD_ERR_MEMORY;
    xmlNodePtr put = before ? xmlAddPrevSibling(before, copy) : xmlAddChild(parent, copy);
    if (!put) {
      xmlFreeNode(copy);
      return ZD_ERR_MEMORY;
    }
    if (put->type == XML_ELEMENT_NODE) xmlReconciliateNs(p->document, put);
  }
  return ZD_OK;
}

/* Text that is all an operation brings. */
static zd_err take_text(patching *p, const xmlNode *operation, xmlChar **out) {
  if (has_nodes(operation))
    return fail(p, ZD_ERR_INVALID, "what is brought to an attribute or text is text");
  *out = xmlNodeGetContent(operation);
  return *out ? ZD_OK : ZD_ERR_MEMORY;
}

/* ---- add ---- */

/* type="@name" or "@prefix:name". */
static zd_err add_attribute(patching *p, const xmlNode *operation, xmlNodePtr at, char *name) {
  char *colon = strchr(name, ':');
  xmlNsPtr ns = NULL;
  xmlChar *value = NULL;
  if (colon) {
    *colon = 0;
    ns = xmlSearchNs(p->document, at, text(name));
    if (!ns) return fail(p, ZD_ERR_INVALID, "the prefix \"%.60s\" is not declared", name);
    name = colon + 1;
  }
  if (xmlValidateNCName(text(name), 0) != 0 || strcmp(name, "xmlns") == 0)
    return fail(p, ZD_ERR_INVALID, "no name of an attribute: \"%.60s\"", name);
  if (xmlHasNsProp(at, text(name), ns ? ns->href : NULL))
    return fail(p, ZD_ERR_NOT_FOUND, "the attribute \"%.60s\" is there already", name);
  zd_err err = take_text(p, operation, &value);
  if (err == ZD_OK && !xmlNewNsProp(at, ns, text(name), value)) err = ZD_ERR_MEMORY;
  xmlFree(value);
  return err;
}

static zd_err add_namespace(patching *p, const xmlNode *operation, xmlNodePtr at,
                            const char *prefix) {
  xmlChar *value = NULL;
  if (xmlValidateNCName(text(prefix), 0) != 0 || strncmp(prefix, "xml", 3) == 0)
    return fail(p, ZD_ERR_INVALID, "no prefix: \"%.60s\"", prefix);
  zd_err err = take_text(p, operation, &value);
  if (err == ZD_OK && value && !*value) err = fail(p, ZD_ERR_INVALID, "a namespace has a name");
  if (err == ZD_OK && !xmlNewNs(at, value, text(prefix)))
    err = fail(p, ZD_ERR_NOT_FOUND, "the prefix \"%.60s\" is declared already", prefix);
  xmlFree(value);
  return err;
}

static bool brings_content(const xmlNode *operation) {
  for (const xmlNode *c = operation->children; c; c = c->next)
    if (c->type != XML_COMMENT_NODE && c->type != XML_PI_NODE && !is_blank(c)) return true;
  return !has_nodes(operation) && operation->children;
}

static zd_err add_nodes(patching *p, const xmlNode *operation, xmlNodePtr at, const char *pos) {
  bool beside = strcmp(pos, "before") == 0 || strcmp(pos, "after") == 0;
  if (!beside && at->type != XML_ELEMENT_NODE)
    return fail(p, ZD_ERR_INVALID, "only elements have something in them");
  if (beside && at->type == XML_ATTRIBUTE_NODE)
    return fail(p, ZD_ERR_INVALID, "nothing stands beside an attribute");
  if (beside && at->parent == (xmlNodePtr)p->document && brings_content(operation))
    return fail(p, ZD_ERR_INVALID, "beside the root nothing but comments may stand");
  if (strcmp(pos, "before") == 0) return bring(p, operation, NULL, at);
  if (strcmp(pos, "after") == 0) return bring(p, operation, at->parent, at->next);
  if (strcmp(pos, "prepend") == 0) return bring(p, operation, at, at->children);
  if (!*pos) return bring(p, operation, at, NULL);
  return fail(p, ZD_ERR_INVALID, "pos is before, after or prepend, not \"%.60s\"", pos);
}

static zd_err do_add(patching *p, const xmlNode *operation, xmlNodePtr at) {
  xmlChar *type = xmlGetNoNsProp(operation, text("type"));
  xmlChar *pos = xmlGetNoNsProp(operation, text("pos"));
  char *t = (char *)type;
  zd_err err = ZD_OK;
  if (t && at->type != XML_ELEMENT_NODE)
    err = fail(p, ZD_ERR_INVALID, "only elements have attributes");
  else if (t && t[0] == '@')
    err = add_attribute(p, operation, at, t + 1);
  else if (t && strncmp(t, "namespace::", 11) == 0)
    err = add_namespace(p, operation, at, t + 11);
  else if (t)
    err = fail(p, ZD_ERR_INVALID, "type is @name or namespace::prefix, not \"%.60s\"", t);
  else
    err = add_nodes(p, operation, at, pos ? (const char *)pos : "");
  xmlFree(type);
  xmlFree(pos);
  return err;
}

/* ---- replace and remove ---- */

static void take_out(xmlNodePtr at) {
  if (at->type == XML_ATTRIBUTE_NODE) {
    xmlRemoveProp((xmlAttrPtr)at);
    return;
  }
  xmlUnlinkNode(at);
  xmlFreeNode(at);
}

static zd_err replace_text(patching *p, const xmlNode *operation, xmlNodePtr at) {
  xmlChar *value = NULL;
  zd_err err = take_text(p, operation, &value);
  if (err == ZD_OK && at->type == XML_ATTRIBUTE_NODE) {
    if (!xmlSetNsProp(at->parent, at->ns, at->name, value)) err = ZD_ERR_MEMORY;
  } else if (err == ZD_OK) {
    xmlNodeSetContent(at, value);
  }
  xmlFree(value);
  return err;
}

/* By one node of the same kind. */
static zd_err do_replace(patching *p, const xmlNode *operation, xmlNodePtr at) {
  const xmlNode *only = NULL;
  if (at->type == XML_ATTRIBUTE_NODE || at->type == XML_TEXT_NODE)
    return replace_text(p, operation, at);
  for (const xmlNode *c = operation->children; c; c = c->next) {
    if (is_blank(c)) continue;
    if (only || c->type != at->type)
      return fail(p, ZD_ERR_INVALID, "a node is replaced by one of its kind");
    only = c;
  }
  if (!only) return fail(p, ZD_ERR_INVALID, "a node is replaced by one of its kind");
  zd_err err = bring(p, operation, NULL, at);
  if (err == ZD_OK) take_out(at);
  return err;
}

/* ws: white space beside it goes too. */
static zd_err do_remove(patching *p, const xmlNode *operation, xmlNodePtr at) {
  xmlChar *ws = xmlGetNoNsProp(operation, text("ws"));
  bool both = xmlStrEqual(ws, text("both"));
  bool before = both || xmlStrEqual(ws, text("before"));
  bool after = both || xmlStrEqual(ws, text("after"));
  xmlNodePtr prev = before && at->prev && is_blank(at->prev) ? at->prev : NULL;
  xmlNodePtr next = after && at->next && is_blank(at->next) ? at->next : NULL;
  zd_err err = ZD_OK;
  if (ws && !before && !after)
    err = fail(p, ZD_ERR_INVALID, "ws is before, after or both");
  else if ((before && !prev) || (after && !next))
    err = fail(p, ZD_ERR_NOT_FOUND, "there is no white space beside the node");
  xmlFree(ws);
  if (err != ZD_OK) return err;
  if (prev) take_out(prev);
  if (next) take_out(next);
  take_out(at);
  return ZD_OK;
}

/* ---- the patch ---- */

static const struct {
  const char *name;
  zd_err (*run)(patching *p, const xmlNode *operation, xmlNodePtr at);
} operations[] = {{"add", do_add}, {"replace", do_replace}, {"remove", do_remove}};

static zd_err run(patching *p, const xmlNode *operation) {
  xmlNodePtr at = NULL;
  size_t i = 0, n = sizeof operations / sizeof *operations;
  while (i < n && strcmp((const char *)operation->name, operations[i].name) != 0) i++;
  if (i == n)
    return fail(p, ZD_ERR_INVALID, "there is no operation \"%.60s\"",
                (const char *)operation->name);
  xmlChar *sel = xmlGetNoNsProp(operation, text("sel"));
  zd_err err = ZD_OK;
  if (!sel)
    err = fail(p, ZD_ERR_INVALID, "an operation says where: sel is missing");
  else if (xmlStrlen(sel) > ZD_XML_PATCH_SEL)
    err = fail(p, ZD_ERR_LIMIT, "sel is longer than %d bytes", ZD_XML_PATCH_SEL);
  if (err == ZD_OK) err = select_one(p, operation, (const char *)sel, &at);
  if (err == ZD_OK) err = operations[i].run(p, operation, at);
  xmlFree(sel);
  return err;
}

static zd_err run_all(patching *p) {
  size_t n = 0;
  const xmlNode *root = xmlDocGetRootElement(p->patch);
  for (const xmlNode *c = root ? root->children : NULL; c; c = c->next) {
    if (c->type == XML_TEXT_NODE && !is_blank(c))
      return fail(p, ZD_ERR_INVALID, "text where only operations may stand");
    if (c->type != XML_ELEMENT_NODE) continue;
    p->error->operation = n;
    if (n++ == ZD_XML_PATCH_OPERATIONS)
      return fail(p, ZD_ERR_LIMIT, "more than %d operations", ZD_XML_PATCH_OPERATIONS);
    zd_err err = run(p, c);
    if (err != ZD_OK) return err;
  }
  p->error->operation = SIZE_MAX;
  return n ? ZD_OK : fail(p, ZD_ERR_INVALID, "no operations");
}

static zd_err write_document(patching *p, zd_buffer *out) {
  xmlChar *dump = NULL;
  int n = 0;
  if (!xmlDocGetRootElement(p->document))
    return fail(p, ZD_ERR_INVALID, "nothing would be left of the document");
  xmlDocDumpMemoryEnc(p->document, &dump, &n, "UTF-8");
  if (!dump) return ZD_ERR_MEMORY;
  zd_buffer_add(out, dump, (size_t)n);
  xmlFree(dump);
  if (zd_buffer_error(out) == ZD_ERR_LIMIT)
    return fail(p, ZD_ERR_LIMIT, "the document would grow too large");
  return zd_buffer_error(out);
}

zd_err zd_xml_patch(zd_slice document, zd_slice patch, zd_buffer *out, zd_xml_patch_error *error) {
  patching p = {.error = error, .steps = STEPS};
  size_t before = out->n;
  *error = (zd_xml_patch_error){.operation = SIZE_MAX};
  zd_err err = read_document(&p, document, "the document", true, &p.document);
  if (err == ZD_OK) err = read_document(&p, patch, "the patch", false, &p.patch);
  if (err == ZD_OK) err = run_all(&p);
  if (err == ZD_OK) err = write_document(&p, out);
  if (err != ZD_OK) out->n = before;
  xmlFreeDoc(p.document);
  xmlFreeDoc(p.patch);
  return err;
}
