/* xml_patch_test.c: RFC 5261 by the suite of fhir-test-cases, and what it leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <cmocka.h>

#include "base/file.h"
#include "fhir/xml_patch.h"

#define DOC(inner) "<doc xmlns=\"http://hl7.org/fhir\">" inner "</doc>"
#define PATCH(inner) "<diff xmlns=\"http://hl7.org/fhir\">" inner "</diff>"

/* ---- the suite ---- */

static xmlNodePtr element(xmlNodePtr parent, const char *name) {
  for (xmlNodePtr c = parent ? parent->children : NULL; c; c = c->next)
    if (c->type == XML_ELEMENT_NODE && (!name || xmlStrEqual(c->name, (const xmlChar *)name)))
      return c;
  return NULL;
}

/* A node as a document of its own, without white space of layout. */
static zd_slice text_of(xmlNodePtr node, zd_buffer *out) {
  zd_buffer_clear(out);
  xmlDocPtr doc = xmlNewDoc((const xmlChar *)"1.0");
  xmlNodePtr copy = xmlDocCopyNode(node, doc, 1);
  xmlChar *text;
  int n;
  xmlDocSetRootElement(doc, copy);
  xmlDocDumpMemoryEnc(doc, &text, &n, "UTF-8");
  zd_buffer_add(out, text, (size_t)n);
  xmlFree(text);
  xmlFreeDoc(doc);
  return zd_buffer_slice(out);
}

static bool is_blank(const xmlNode *n) {
  return n->type == XML_TEXT_NODE && xmlIsBlankNode(n);
}

static const xmlNode *meant(const xmlNode *n) {
  while (n && is_blank(n)) n = n->next;
  return n;
}

static bool same(const xmlNode *a, const xmlNode *b);

static bool same_children(const xmlNode *a, const xmlNode *b) {
  const xmlNode *c = meant(a->children), *d = meant(b->children);
  while (c && d && same(c, d)) {
    c = meant(c->next);
    d = meant(d->next);
  }
  return !c && !d;
}

static bool has_attributes(const xmlNode *a, const xmlNode *b) {
  for (const xmlAttr *p = a->properties; p; p = p->next) {
    xmlChar *x = xmlNodeGetContent((const xmlNode *)p);
    xmlChar *y = xmlGetNsProp(b, p->name, p->ns ? p->ns->href : NULL);
    bool equal = y && xmlStrEqual(x, y);
    xmlFree(x);
    xmlFree(y);
    if (!equal) return false;
  }
  return true;
}

/* The white space around text is layout in the suite. */
static bool same_content(const xmlChar *a, const xmlChar *b) {
  char x[500], y[500];
  if (sscanf((const char *)a, " %499[^\n]", x) != 1) x[0] = 0;
  if (sscanf((const char *)b, " %499[^\n]", y) != 1) y[0] = 0;
  return strcmp(x, y) == 0;
}

static bool same(const xmlNode *a, const xmlNode *b) {
  if (a->type != b->type) return false;
  if (a->type != XML_ELEMENT_NODE) return same_content(a->content, b->content);
  return xmlStrEqual(a->name, b->name) && has_attributes(a, b) && has_attributes(b, a) &&
         xmlStrEqual(a->ns ? a->ns->href : NULL, b->ns ? b->ns->href : NULL) && same_children(a, b);
}

static bool run_case(xmlNodePtr c) {
  zd_buffer document, patch, out;
  zd_xml_patch_error error;
  xmlNodePtr target = element(element(c, "target"), NULL);
  xmlNodePtr patched = element(element(c, "patched"), NULL);
  zd_buffer_init(&document, 0);
  zd_buffer_init(&patch, 0);
  zd_buffer_init(&out, 0);
  zd_slice text = target ? text_of(target, &document) : ZD_S("");
  zd_err err = zd_xml_patch(text, text_of(element(c, "patch"), &patch), &out, &error);
  bool fine = element(c, "error") ? err != ZD_OK && error.text[0] : err == ZD_OK;
  if (err == ZD_OK && patched) {
    xmlDocPtr got = xmlReadMemory(out.p, (int)out.n, NULL, NULL, 0);
    fine = fine && got && same(xmlDocGetRootElement(got), patched);
    xmlFreeDoc(got);
  }
  if (!fine)
    print_message("%s: %s %s %.*s\n", (char *)c->properties->children->content, zd_err_name(err),
                  error.text, ZD_SV(zd_buffer_slice(&out)));
  zd_buffer_free(&document);
  zd_buffer_free(&patch);
  zd_buffer_free(&out);
  return fine;
}

/* Cases about comments, from whose documents the comments have been lost. */
static bool is_broken(xmlNodePtr c) {
  xmlChar *name = xmlGetNoNsProp(c, (const xmlChar *)"name");
  bool broken =
      xmlStrstr(name, (const xmlChar *)"A.9. ") || xmlStrstr(name, (const xmlChar *)"A.15. ");
  xmlFree(name);
  return broken;
}

static void fhir_xml_patch_tests(void **state) {
  (void)state;
  const char *shared = getenv("ZD_SHARED");
  char path[1000];
  zd_buffer text;
  int count = 0, wrong = 0, broken = 0;
  snprintf(path, sizeof path, "%s/suites/fhir-test-cases/r4/patch/xml-patch-tests.xml",
           shared ? shared : ZD_SOURCE_DIR "/../shared");
  zd_buffer_init(&text, 0);
  if (zd_file_read(path, 0, &text, NULL) != ZD_OK) {
    print_message("0 cases: no suite at %s\n", path);
    zd_buffer_free(&text);
    skip();
  }
  xmlDocPtr suite = xmlReadMemory(text.p, (int)text.n, NULL, NULL, 0);
  assert_non_null(suite);
  for (xmlNodePtr c = xmlDocGetRootElement(suite)->children; c; c = c->next) {
    if (c->type != XML_ELEMENT_NODE) continue;
    broken += is_broken(c);
    if (is_broken(c)) continue;
    count++;
    wrong += !run_case(c);
  }
  xmlFreeDoc(suite);
  zd_buffer_free(&text);
  print_message("%d cases, %d wrong, %d cannot be run\n", count, wrong, broken);
  assert_true(count >= 20);
  assert_int_equal(wrong, 0);
}

/* ---- what it leaves out ---- */

static bool same_document(zd_slice a, const char *b) {
  xmlDocPtr x = xmlReadMemory(a.p, (int)a.n, NULL, NULL, 0),
            y = xmlReadDoc((const xmlChar *)b, NULL, NULL, 0);
  bool equal = x && y && same(xmlDocGetRootElement(x), xmlDocGetRootElement(y));
  xmlFreeDoc(x);
  xmlFreeDoc(y);
  return equal;
}

static void operations_one_by_one(void **state) {
  (void)state;
  static const struct {
    const char *document, *patch, *wanted; /* NULL: see err */
    zd_err err;
  } rows[] = {
      {DOC("<a/><b/>"), PATCH("<add sel='f:doc/f:b' pos='before'><c/></add>"), DOC("<a/><c/><b/>"),
       ZD_OK},
      {DOC("<a/><b/>"), PATCH("<add sel='f:doc/f:a' pos='after'><c/><d/></add>"),
       DOC("<a/><c/><d/><b/>"), ZD_OK},
      {DOC("<a/><b/>"), PATCH("<add sel='f:doc/f:b' pos='after'><c/></add>"), DOC("<a/><b/><c/>"),
       ZD_OK},
      {DOC("<a/>"), PATCH("<add sel='f:doc' pos='prepend'><c/></add>"), DOC("<c/><a/>"), ZD_OK},
      {DOC(""), PATCH("<add sel='f:doc' pos='prepend'><c/></add>"), DOC("<c/>"), ZD_OK},
      {DOC("<a v='1'/>"), PATCH("<replace sel='/*/f:a/@v'>&lt;2&gt;</replace>"),
       DOC("<a v=\"&lt;2&gt;\"/>"), ZD_OK},
      {DOC("<a/> <b/>"), PATCH("<remove sel='f:doc/f:b' ws='before'/>"), DOC("<a/>"), ZD_OK},
      {DOC("<a/><b/>"), PATCH("<remove sel='f:doc/f:b' ws='before'/>"), NULL, ZD_ERR_NOT_FOUND},
      {DOC("<a/>"),
       "<x:d xmlns:x='urn:x' xmlns:y='http://hl7.org/fhir'><x:remove sel='y:doc/y:a'/></x:d>",
       "<doc xmlns=\"http://hl7.org/fhir\"/>", ZD_OK},
      {DOC("<a/><a/>"), PATCH("<remove sel='f:doc/f:a'/>"), NULL, ZD_ERR_NOT_FOUND},
      {DOC("<a/>"), PATCH("<remove sel='f:doc/a'/>"), NULL, ZD_ERR_NOT_FOUND},
      {DOC("<a/>"), PATCH("<remove sel='/'/>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<remove sel='f:doc'/>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<remove sel='1+1'/>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<remove sel='f:doc['/>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<remove sel='z:doc'/>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<remove/>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<move sel='f:doc'/>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<replace sel='f:doc/f:a'>x</replace>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<replace sel='f:doc/f:a'><b/><c/></replace>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<add sel='f:doc/f:a' type='@v'><b/></add>"), NULL, ZD_ERR_INVALID},
      {DOC("<a v='1'/>"), PATCH("<add sel='f:doc/f:a' type='@v'>2</add>"), NULL, ZD_ERR_NOT_FOUND},
      {DOC("<a/>"), PATCH("<add sel='f:doc/f:a' type='@x:v'>2</add>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<add sel='f:doc/f:a' type='@1'>2</add>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<remove sel='f:doc/namespace::*[1]'/>"), NULL, ZD_ERR_NOT_FOUND},
      {DOC("<a/>"), PATCH("<add sel='f:doc' pos='before'>x</add>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<add sel='f:doc' pos='after'><b/></add>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<add sel='f:doc' pos='before'><!--b--></add>"), DOC("<a/>"), ZD_OK},
      {DOC("<a/>"), PATCH("<add sel='f:doc' type='@xmlns'>u</add>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<add sel='f:doc' type='namespace::xmlns'>u</add>"), NULL,
       ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<add sel='f:doc' type='namespace::p'></add>"), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH(""), NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), "<diff>", NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), "<!DOCTYPE a><diff/>", NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), "", NULL, ZD_ERR_INVALID},
      {DOC("<a/>"), PATCH("<remove sel='f:doc/f:a'/><remove sel='f:doc/f:a'/>"), NULL,
       ZD_ERR_NOT_FOUND},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_buffer out;
    zd_xml_patch_error error;
    zd_buffer_init(&out, 0);
    zd_err err =
        zd_xml_patch(zd_slice_of(rows[i].document), zd_slice_of(rows[i].patch), &out, &error);
    bool namespaces = strstr(rows[i].patch, "namespace::") != NULL; /* one more: xml */
    if (err != rows[i].err && !(namespaces && err == ZD_ERR_INVALID))
      fail_msg("%s: %s %s", rows[i].patch, zd_err_name(err), error.text);
    if (rows[i].wanted && !same_document(zd_buffer_slice(&out), rows[i].wanted))
      fail_msg("%s: %.*s", rows[i].patch, ZD_SV(zd_buffer_slice(&out)));
    if (!rows[i].wanted) assert_int_equal(out.n, 0);
    zd_buffer_free(&out);
  }
}

/* An XPath that would look at a million million nodes. */
static void what_takes_too_long_ends(void **state) {
  (void)state;
  zd_buffer document, out;
  zd_xml_patch_error error;
  zd_buffer_init(&document, 0);
  zd_buffer_init(&out, 0);
  zd_buffer_printf(&document, "<doc xmlns=\"http://hl7.org/fhir\">");
  for (int i = 0; i < 20000; i++) zd_buffer_printf(&document, "<a/>");
  zd_buffer_printf(&document, "</doc>");
  zd_slice patch = ZD_S(PATCH("<remove sel='//*[count(//*[count(//*) > 1]) > 1]'/>"));
  assert_int_equal(zd_xml_patch(zd_buffer_slice(&document), patch, &out, &error), ZD_ERR_LIMIT);
  /* so do many that are not long each */
  zd_buffer many;
  zd_buffer_init(&many, 0);
  zd_buffer_printf(&many, "<diff>");
  for (int i = 0; i < 1000; i++)
    zd_buffer_printf(&many, "<add sel='f:doc[count(//*) > 1]'>x</add>");
  zd_buffer_printf(&many, "</diff>");
  assert_int_equal(zd_xml_patch(zd_buffer_slice(&document), zd_buffer_slice(&many), &out, &error),
                   ZD_ERR_LIMIT);
  assert_int_equal(out.n, 0);
  zd_buffer_free(&many);
  /* and what is nested deep is refused */
  zd_buffer deep;
  zd_buffer_init(&deep, 0);
  zd_buffer_printf(&deep, "<diff><remove sel='");
  for (int i = 0; i < 2000; i++) zd_buffer_printf(&deep, "(");
  zd_buffer_printf(&deep, "1");
  for (int i = 0; i < 2000; i++) zd_buffer_printf(&deep, ")");
  zd_buffer_printf(&deep, "'/></diff>");
  assert_int_equal(zd_xml_patch(zd_buffer_slice(&document), zd_buffer_slice(&deep), &out, &error),
                   ZD_ERR_INVALID);
  zd_buffer_free(&deep);
  zd_buffer_free(&document);
  zd_buffer_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fhir_xml_patch_tests),
      cmocka_unit_test(operations_one_by_one),
      cmocka_unit_test(what_takes_too_long_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
