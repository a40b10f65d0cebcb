/* xml_examples_test.c: every resource of the official R4 package goes from JSON to XML and back and
 * is the same JSON then; XML of others' making goes to JSON and back and says the same. */
#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <cmocka.h>

#include "base/file.h"
#include "fhir/xml.h"
#include "json/json.h"

static struct {
  zd_arena arena;
  zd_buffer text, xml, json, again;
  int count, wrong, faulty;
  uint64_t json_bytes, xml_bytes, read_ns, write_ns;
} t;

/* Of this thread, whatever else the machine does. */
static uint64_t cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void print_issues(const char *name, const zd_issues *issues) {
  for (size_t i = 0; i < issues->n && i < 5; i++) {
    const zd_issue *issue = &issues->items[i];
    print_message("%s:%u:%u: %s: %.*s: %.*s\n", name, issue->line, issue->column,
                  zd_issue_code_name(issue->code), ZD_SV(issue->expression),
                  ZD_SV(issue->diagnostics));
  }
}

static zd_err read_json(zd_slice text, zd_tree *tree) {
  zd_issues issues;
  zd_issues_init(&issues, &t.arena);
  zd_err err = zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, &t.arena, tree, &issues);
  return err;
}

static zd_err read_xml(const char *name, zd_slice text, zd_tree *tree, zd_err want) {
  zd_issues issues;
  zd_issues_init(&issues, &t.arena);
  uint64_t from = cpu_ns();
  zd_err err = zd_fhir_read_xml(zd_schema_r4(), text, ZD_NO_TYPE, NULL, &t.arena, tree, &issues);
  t.read_ns += cpu_ns() - from;
  t.xml_bytes += text.n;
  if (err != want) print_issues(name, &issues);
  return err;
}

static void write_xml(const zd_tree *tree, bool laid_out, zd_buffer *out) {
  zd_xml_layout layout = {.declaration = true, .laid_out = laid_out};
  uint64_t from = cpu_ns();
  zd_buffer_clear(out);
  zd_fhir_write_xml(tree, 0, &layout, out);
  t.write_ns += cpu_ns() - from;
}

/* Values are compared as what they mean: JSON has more than one way to escape. */
static bool same_value(const zd_node *a, const zd_node *b, const char **what) {
  zd_slice x = zd_node_text(a, &t.arena), y = zd_node_text(b, &t.arena);
  *what = "another value";
  return zd_slice_eq(x, y) && (a->flags & ~ZD_NODE_ESCAPED) == (b->flags & ~ZD_NODE_ESCAPED);
}

/* Both in schema order, so equal resources have equal nodes. */
static const char *difference(const zd_tree *a, const zd_tree *b) {
  const char *what = NULL;
  if (a->count != b->count) return "another number of nodes";
  for (uint32_t i = 0; i < a->count; i++) {
    const zd_node *x = &a->nodes[i], *y = &b->nodes[i];
    if (x->element != y->element || x->type != y->type || x->end != y->end) return "another node";
    if (!same_value(x, y, &what)) {
      print_message("  %.*s: %.*s / %.*s\n", ZD_SV(zd_tree_location(a, i, &t.arena)),
                    (int)(x->n < 300 ? x->n : 300), x->p, (int)(y->n < 300 ? y->n : 300), y->p);
      return what;
    }
  }
  return NULL;
}

/* The tree as canonical JSON reads: in the order of the schema. */
static zd_err canonical(const zd_tree *tree, zd_buffer *out, zd_tree *again) {
  zd_buffer_clear(out);
  zd_fhir_write_json(tree, 0, NULL, out);
  return read_json(zd_buffer_slice(out), again);
}

static const char *round_trip(const char *name, zd_slice text, bool laid_out) {
  zd_tree first, ordered, back, back_ordered;
  zd_err want = read_json(text, &first);
  t.faulty += want != ZD_OK;
  write_xml(&first, laid_out, &t.xml);
  if (zd_buffer_error(&t.xml) != ZD_OK) return "not written";
  zd_err err = read_xml(name, zd_buffer_slice(&t.xml), &back, want);
  if (err != want) return "not read again as it was";
  if (canonical(&first, &t.json, &ordered) != want) return "no canonical JSON";
  if (canonical(&back, &t.again, &back_ordered) != want) return "no canonical JSON from XML";
  return difference(&ordered, &back_ordered);
}

static bool is_resource_file(const char *name) {
  size_t n = strlen(name);
  return n > 5 && strcmp(name + n - 5, ".json") == 0 && strcmp(name, "package.json") != 0 &&
         name[0] != '.';
}

static void begin(void) {
  memset(&t, 0, sizeof t);
  zd_arena_init(&t.arena, 0);
  zd_buffer_init(&t.text, 0);
  zd_buffer_init(&t.xml, 0);
  zd_buffer_init(&t.json, 0);
  zd_buffer_init(&t.again, 0);
}

static void end(void) {
  zd_arena_free(&t.arena);
  zd_buffer_free(&t.text);
  zd_buffer_free(&t.xml);
  zd_buffer_free(&t.json);
  zd_buffer_free(&t.again);
}

static void official_resources_come_back_from_xml_the_same(void **state) {
  (void)state;
  const char *folder = getenv("ZD_EXAMPLES");
  if (!folder) folder = ZD_SOURCE_DIR "/node_modules/hl7.fhir.r4.examples";
  DIR *dir = opendir(folder);
  if (!dir) {
    print_message("0 resources: the definitions are not at %s\n", folder);
    skip();
  }
  begin();
  for (struct dirent *e; (e = readdir(dir));) {
    if (!is_resource_file(e->d_name)) continue;
    char path[1400];
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    assert_int_equal(zd_file_read(path, 0, &t.text, NULL), ZD_OK);
    zd_arena_reset(&t.arena);
    t.json_bytes += t.text.n;
    const char *wrong = round_trip(e->d_name, zd_buffer_slice(&t.text), t.count % 2);
    if (wrong) print_message("%s: %s\n", e->d_name, wrong);
    t.count++;
    t.wrong += wrong != NULL;
  }
  closedir(dir);
  print_message(
      "%d resources (%d faulty), %d wrong; read %.0f MB/s, written %.0f MB/s of XML (CPU)\n",
      t.count, t.faulty, t.wrong, (double)t.xml_bytes * 1e3 / (double)t.read_ns,
      (double)t.xml_bytes * 1e3 / (double)t.write_ns);
  int count = t.count, wrong = t.wrong;
  end();
  assert_true(count > 5000);
  assert_int_equal(wrong, 0);
}

/* ---- XML of others' making ---- */

static bool is_blank(const xmlNode *n) {
  return n->type == XML_TEXT_NODE && xmlIsBlankNode(n);
}

/* Children that mean something: in narrative all of them, else elements. */
static const xmlNode *meant(const xmlNode *n, bool narrative) {
  while (n && !narrative && (n->type == XML_COMMENT_NODE || n->type == XML_PI_NODE || is_blank(n)))
    n = n->next;
  return n;
}

static bool same_text(const xmlChar *a, const xmlChar *b) {
  return xmlStrEqual(a ? a : (const xmlChar *)"", b ? b : (const xmlChar *)"");
}

static bool same_name(const xmlNode *a, const xmlNode *b) {
  return same_text(a->name, b->name) &&
         same_text(a->ns ? a->ns->href : NULL, b->ns ? b->ns->href : NULL);
}

/* Attributes of a in b; where schemas lie is of no interest. */
static bool has_attributes(const xmlNode *a, const xmlNode *b) {
  for (const xmlAttr *p = a->properties; p; p = p->next) {
    if (p->ns && xmlStrEqual(p->name, (const xmlChar *)"schemaLocation")) continue;
    xmlChar *x = xmlNodeGetContent((const xmlNode *)p);
    xmlChar *y = xmlGetNsProp(b, p->name, p->ns ? p->ns->href : NULL);
    bool same = y && xmlStrEqual(x, y);
    xmlFree(x);
    xmlFree(y);
    if (!same) return false;
  }
  return true;
}

/* The same elements, attributes and, in narrative, text. */
static bool same_infoset(const xmlNode *a, const xmlNode *b, bool narrative) {
  if (a->type != b->type) return false;
  if (a->type != XML_ELEMENT_NODE) return same_text(a->content, b->content);
  if (!same_name(a, b) || !has_attributes(a, b) || !has_attributes(b, a)) return false;
  narrative |= xmlStrEqual(a->name, (const xmlChar *)"div");
  const xmlNode *c = meant(a->children, narrative), *d = meant(b->children, narrative);
  while (c && d) {
    if (!same_infoset(c, d, narrative)) return false;
    c = meant(c->next, narrative);
    d = meant(d->next, narrative);
  }
  return !c && !d;
}

static bool same_xml(zd_slice a, zd_slice b) {
  xmlDocPtr x = xmlReadMemory(a.p, (int)a.n, NULL, NULL, XML_PARSE_NONET);
  xmlDocPtr y = xmlReadMemory(b.p, (int)b.n, NULL, NULL, XML_PARSE_NONET);
  bool same = x && y && same_infoset(xmlDocGetRootElement(x), xmlDocGetRootElement(y), false);
  xmlFreeDoc(x);
  xmlFreeDoc(y);
  return same;
}

/* XML to JSON and back to XML, which says the same; and to JSON again: the two JSON texts are one.
 */
static const char *there_and_back(const char *name, zd_slice text) {
  zd_tree first, again, back;
  zd_err err = read_xml(name, text, &first, ZD_OK);
  if (err != ZD_OK) return "not read";
  if (canonical(&first, &t.json, &again) != ZD_OK) return "JSON that is not read";
  write_xml(&again, false, &t.xml);
  if (!same_xml(text, zd_buffer_slice(&t.xml))) return "another infoset";
  if (read_xml(name, zd_buffer_slice(&t.xml), &back, ZD_OK) != ZD_OK) return "not read again";
  zd_buffer_clear(&t.again);
  zd_fhir_write_json(&back, 0, NULL, &t.again);
  return zd_slice_eq(zd_buffer_slice(&t.json), zd_buffer_slice(&t.again)) ? NULL : "different JSON";
}

/* Files that are no R4 resource, and why. */
static const struct {
  const char *file, *why;
} others[] = {
    {"observation-example.xml", "an extension behind status, out of the order of the schema"},
    {"myconsent-ext.xml", "a StructureDefinition of STU3, with contextType"},
    {"xml-patch-tests.xml", "a list of tests"},
    {"fhir-patch-tests.xml", "a list of tests"},
    {"manifest.xml", "a list of tests"},
    {"tests-fhir-r4.xml", "a list of tests"},
};

static bool is_other(const char *file) {
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcmp(others[i].file, file) == 0) return true;
  return false;
}

static int each_file(const char *path, const struct stat *status, int kind, struct FTW *at) {
  (void)status;
  (void)at;
  size_t n = strlen(path);
  if (kind != FTW_F || n < 4 || strcmp(path + n - 4, ".xml") != 0) return 0;
  zd_arena_reset(&t.arena);
  if (zd_file_read(path, 0, &t.text, NULL) != ZD_OK) return 1;
  const char *name = strrchr(path, '/') + 1;
  if (is_other(name)) {
    t.faulty++;
    return 0;
  }
  const char *wrong = there_and_back(name, zd_buffer_slice(&t.text));
  t.count++;
  t.wrong += wrong != NULL;
  if (wrong) print_message("%s: %s\n", path, wrong);
  return 0;
}

static void xml_of_the_suites_comes_back_the_same(void **state) {
  (void)state;
  const char *shared = getenv("ZD_SHARED");
  char folder[1000];
  snprintf(folder, sizeof folder, "%s/suites/fhir-test-cases/r4",
           shared ? shared : ZD_SOURCE_DIR "/../shared");
  begin();
  if (nftw(folder, each_file, 16, 0) != 0) {
    print_message("0 files: the suites are not at %s\n", folder);
    end();
    skip();
  }
  print_message("%d files, %d wrong, %d are no R4 resources\n", t.count, t.wrong, t.faulty);
  int count = t.count, wrong = t.wrong;
  end();
  assert_true(count > 15);
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(official_resources_come_back_from_xml_the_same),
      cmocka_unit_test(xml_of_the_suites_comes_back_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
