/* bundle.c: a Bundle in XML to canonical JSON, entry by entry.
 *
 * In XML elements stand in the order of the schema, which is the order of canonical JSON too: what
 * is before the entries is written when the first one comes, and each entry when it is complete;
 * its nodes are forgotten then.
 */
#include "fhir/codec/write.h"
#include "fhir/xml/read.h"

enum { MOST_FAULTS = 10000 }; /* entries told of; one more, and the Bundle is refused */

struct zd_xml_entries {
  zd_buffer *out;
  zd_xml_faults *faults; /* NULL: an entry's fault is the Bundle's */
  zd_element element;    /* Bundle.entry */
  size_t n;              /* entries so far */
  bool batch;
  bool first;        /* no member is written yet */
  zd_issues *issues; /* the Bundle's list, while `own` is in use */
  zd_issues *own;    /* of the entry that is open; NULL: none */
};

/* ---- writing ---- */

static zd_writer writer_of(zd_xml_reader *x, zd_tree *tree) {
  *tree = (zd_tree){.schema = x->r.schema, .nodes = x->r.nodes, .count = x->r.count};
  return (zd_writer){.tree = tree, .schema = x->r.schema, .out = x->entries->out};
}

/* The members of the root that are there, and forgets them. */
static void write_surroundings(zd_xml_reader *x, uint32_t end) {
  zd_tree tree;
  zd_writer w = writer_of(x, &tree);
  x->r.nodes[0].end = end;
  zd_write_members(&w, 0, ZD_SPAN_ALL, ZD_KEEP_ALL, &x->entries->first);
}

static void write_head(zd_xml_entries *e) {
  zd_buffer_add_slice(e->out, ZD_S("{\"resourceType\":\"Bundle\""));
  e->first = false;
}

static void write_entry(zd_xml_reader *x, uint32_t node) {
  zd_tree tree;
  zd_writer w = writer_of(x, &tree);
  zd_buffer_add_slice(x->entries->out, x->entries->n ? ZD_S(",") : ZD_S(",\"entry\":["));
  zd_write_value(&w, node, ZD_KEEP_ALL);
}

/* ---- entries ---- */

static bool is_batch(const zd_xml_reader *x) {
  zd_tree tree = {.schema = x->r.schema, .nodes = x->r.nodes, .count = x->r.count};
  tree.nodes[0].end = x->r.count;
  uint32_t type = zd_tree_child(&tree, 0, ZD_S("type"));
  return type && zd_slice_eq(zd_node_raw(&tree.nodes[type]), ZD_S("batch"));
}

void zd_xml_entry_begin(zd_xml_reader *x, const zd_xml_frame *f) {
  zd_xml_entries *e = x->entries;
  if (f->element != e->element) return;
  if (e->n == 0) e->batch = is_batch(x);
  if (!e->batch || !e->faults) return;
  e->own = ZD_NEW(x->r.arena, zd_issues);
  if (!e->own) {
    zd_xml_stop(x, ZD_ERR_MEMORY);
    return;
  }
  zd_issues_init(e->own, x->r.arena);
  e->issues = x->r.issues;
  x->r.issues = e->own;
}

static void add_fault(zd_xml_reader *x, const zd_issues *issues) {
  zd_xml_faults *list = x->entries->faults;
  if (list->n == list->room) {
    size_t room = list->room ? list->room * 2 : 8;
    zd_xml_fault *items = ZD_NEW_ARRAY(x->r.arena, zd_xml_fault, room);
    if (!items) {
      zd_xml_stop(x, ZD_ERR_MEMORY);
      return;
    }
    if (list->n) memcpy(items, list->items, list->n * sizeof *items);
    list->items = items;
    list->room = room;
  }
  list->items[list->n++] =
      (zd_xml_fault){.entry = x->entries->n, .err = ZD_ERR_INVALID, .issues = *issues};
}

/* The entry's list gives way to the Bundle's. */
static void end_own(zd_xml_reader *x) {
  zd_xml_entries *e = x->entries;
  zd_issues *own = e->own;
  if (!own) return;
  e->own = NULL;
  x->r.issues = e->issues;
  if (!own->errors) return;
  if (e->faults->n < MOST_FAULTS && !x->stopped) {
    add_fault(x, own);
    return;
  }
  for (size_t i = 0; i < own->n; i++) {
    const zd_issue *issue = &own->items[i];
    zd_issue_add_at(e->issues, issue->severity, issue->code, issue->expression, issue->line,
                    issue->column, "%.*s", ZD_SV(issue->diagnostics));
  }
}

void zd_xml_child_done(zd_xml_reader *x, const zd_xml_frame *f) {
  zd_xml_entries *e = x->entries;
  if (f->element != e->element || f->kind != ZD_XML_OBJECT) return;
  zd_read_check_locals(&x->r, 0, 0); /* a Bundle contains nothing: such references lead nowhere */
  end_own(x);
  if (x->r.issues->errors == 0) {
    if (e->n == 0) write_surroundings(x, f->node);
    write_entry(x, f->node);
  }
  e->n++;
  x->r.count = 1;
  zd_err err = zd_buffer_error(e->out);
  if (err != ZD_OK) zd_xml_stop(x, err);
}

/* ---- the door ---- */

zd_err zd_fhir_xml_bundle(const zd_schema *schema, zd_slice text, const zd_read_limits *limits,
                          zd_arena *arena, zd_buffer *out, zd_xml_faults *faults,
                          zd_issues *issues) {
  zd_type bundle = zd_schema_type(schema, ZD_S("Bundle"));
  zd_xml_entries entries = {
      .out = out, .faults = faults, .element = zd_schema_child(schema, bundle, ZD_S("entry"))};
  zd_xml_reader x = {.entries = &entries};
  size_t before = issues->errors;
  write_head(&entries);
  zd_err err = zd_xml_read(&x, schema, text, bundle, limits, arena, issues);
  end_own(&x);
  if (issues->errors > before && err == ZD_OK) err = ZD_ERR_INVALID;
  if (err != ZD_OK) return err;
  if (entries.n) zd_buffer_add_char(out, ']');
  write_surroundings(&x, x.r.count);
  zd_buffer_add_char(out, '}');
  return zd_buffer_error(out);
}
