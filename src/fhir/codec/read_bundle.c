/* read_bundle.c: a Bundle entry by entry (json/split.h): what surrounds the entries is walked like
 * any resource, and where its entries would come they are read one after the other. */
#include "fhir/bundle.h"
#include "fhir/codec/read.h"

void zd_fhir_bundle_init(zd_fhir_bundle *b, const zd_schema *schema, const zd_read_limits *limits,
                         size_t most_entries) {
  *b = (zd_fhir_bundle){.schema = schema, .line = 1, .column = 1};
  b->limits = limits ? *limits : zd_read_default_limits;
  zd_json_split_init(&b->split, ZD_S("entry"), most_entries, ZD_FHIR_BUNDLE_OUTER);
}

void zd_fhir_bundle_free(zd_fhir_bundle *b) {
  zd_json_split_free(&b->split);
  zd_json_free(&b->outer);
  zd_json_free(&b->tape);
}

zd_err zd_fhir_bundle_feed(zd_fhir_bundle *b, zd_slice more) {
  return zd_json_split_feed(&b->split, more);
}

zd_err zd_fhir_bundle_end(zd_fhir_bundle *b) {
  zd_err err = zd_json_split_end(&b->split);
  if (err != ZD_OK) return err;
  zd_json_limits json = {.depth = b->limits.depth, .nodes = b->limits.nodes};
  b->failed = zd_json_read(zd_buffer_slice(&b->split.outer), &json, &b->outer, &b->error);
  if (b->failed == ZD_ERR_MEMORY) return b->failed;
  if (b->failed != ZD_OK || zd_json_type_of(&b->outer, 0) != ZD_JSON_OBJECT) return ZD_OK;
  uint32_t kind = zd_json_find(&b->outer, 0, ZD_S("resourceType"));
  b->is_bundle = kind && zd_json_is(&b->outer, kind, ZD_S("Bundle"));
  if (b->is_bundle) b->type = zd_json_string(&b->outer, 0, ZD_S("type"));
  return ZD_OK;
}

bool zd_fhir_bundle_is(const zd_fhir_bundle *b, zd_slice type) {
  uint32_t member = b->is_bundle ? zd_json_find(&b->outer, 0, ZD_S("type")) : 0;
  return member && zd_json_is(&b->outer, member, type);
}

/* ---- faults of the JSON ---- */

/* The first one found so far. */
typedef struct fatal {
  zd_err err; /* ZD_OK: none */
  uint64_t offset;
  const char *expected;
} fatal;

static zd_slice item_text(zd_slice text, zd_json_item item) {
  return (zd_slice){text.p + item.at, (size_t)item.n};
}

/* The tokens of one item, into b->tape. */
static zd_err tokenize_item(zd_fhir_bundle *b, zd_slice text, zd_json_item item, fatal *f) {
  uint32_t around = b->limits.depth > 2 ? 2 : b->limits.depth; /* Bundle and entry */
  zd_json_limits json = {.depth = b->limits.depth - around, .nodes = b->limits.nodes};
  zd_json_error error = {0};
  zd_err err = zd_json_read(item_text(text, item), &json, &b->tape, &error);
  if (err == ZD_OK || err == ZD_ERR_MEMORY) return err;
  *f = (fatal){err, item.at + error.offset, error.expected};
  /* something behind a complete value: the Bundle would have gone on otherwise */
  if (strcmp(error.expected, "the end of the text") == 0) f->expected = "a comma or ']'";
  return err;
}

static zd_err check_items(zd_fhir_bundle *b, zd_slice text, uint64_t before, fatal *f) {
  for (size_t i = 0; i < b->split.count && b->split.items[i].at < before; i++) {
    zd_err err = tokenize_item(b, text, b->split.items[i], f);
    if (err != ZD_OK) return err;
  }
  return ZD_OK;
}

static zd_err find_fatal(zd_fhir_bundle *b, zd_slice text, fatal *f) {
  uint64_t at = zd_json_split_place(&b->split, b->error.offset);
  *f = (fatal){b->failed, at, b->error.expected};
  if (b->split.expected && b->split.offset < at)
    *f = (fatal){ZD_ERR_INVALID, b->split.offset, b->split.expected};
  zd_err err = check_items(b, text, f->offset, f);
  return err == ZD_ERR_MEMORY ? err : ZD_OK;
}

static void place(const zd_fhir_bundle *b, zd_slice text, uint64_t offset, uint32_t *line,
                  uint32_t *column) {
  zd_json_place(text, (size_t)offset, line, column);
  if (*line == 1) *column += b->column - 1;
  *line += b->line - 1;
}

static zd_err say_fatal(const zd_fhir_bundle *b, zd_slice text, const fatal *f, zd_issues *issues) {
  uint32_t line, column;
  place(b, text, f->offset, &line, &column);
  zd_issue_code code = f->err == ZD_ERR_LIMIT ? ZD_ISSUE_TOO_LONG : ZD_ISSUE_STRUCTURE;
  zd_issue_add_at(issues, ZD_FATAL, code, (zd_slice){NULL, 0}, line, column,
                  "not acceptable as JSON: expected %s", f->expected);
  return f->err;
}

/* ---- entries ---- */

struct zd_read_items {
  zd_fhir_bundle *b;
  zd_slice text;
  const zd_fhir_entries *to;
  zd_reader reader; /* of entries */
  size_t errors;    /* there were before */
  bool met;
  fatal fatal;
  zd_err err;
};

static zd_element entry_element(const zd_schema *schema) {
  return zd_schema_child(schema, zd_schema_type(schema, ZD_S("Bundle")), ZD_S("entry"));
}

/* The reader of entries, which stand in a Bundle; `whole` is what offsets of issues are counted in.
 */
static void open_reader(zd_reader *r, const zd_fhir_bundle *b, zd_slice whole, zd_issues *issues) {
  zd_reader_init(r, b->schema, NULL, issues);
  r->bundles = 1;
  r->part = (zd_read_part){.whole = whole, .line = b->line, .column = b->column};
}

static zd_err read_item(zd_fhir_bundle *b, zd_reader *r, zd_json_item item, zd_arena *arena,
                        const zd_read_place *here, zd_tree *out) {
  r->arena = arena;
  r->tape = b->tape;
  r->count = 0;
  r->part.at = item.at;
  r->above = here;
  r->locals = NULL;
  r->local_count = r->local_room = 0;
  r->nodes = zd_arena_alloc(arena, (size_t)b->tape.count * sizeof(zd_node));
  if (!r->nodes) return ZD_ERR_MEMORY;
  zd_read_value(r, entry_element(b->schema), 0, 0, here);
  *out =
      (zd_tree){.schema = b->schema, .source = b->tape.text, .nodes = r->nodes, .count = r->count};
  return r->out_of_memory ? ZD_ERR_MEMORY : ZD_OK;
}

/* An item deeper or of more values than an entry may be. */
static void say_too_large(zd_reader *r, zd_json_item item, const zd_read_place *here,
                          const fatal *f) {
  r->part.at = item.at;
  zd_read_issue(r, here, ZD_ISSUE_TOO_LONG, (size_t)(f->offset - item.at),
                "not acceptable as JSON: expected %s", f->expected);
}

/* An entry for itself: its faults are its own. Only what is no JSON is a fault of the Bundle. */
static zd_err take_alone(zd_read_items *l, size_t i, const zd_read_place *here) {
  zd_json_item item = l->b->split.items[i];
  fatal f = {0};
  zd_err err = tokenize_item(l->b, l->text, item, &f);
  if (err == ZD_ERR_INVALID) l->fatal = f;
  if (err != ZD_OK && err != ZD_ERR_LIMIT) return err;
  zd_arena *arena = l->to->arena(l->to->context, i, (size_t)item.n);
  zd_issues own, *bundles = l->reader.issues;
  zd_tree tree;
  zd_issues_init(&own, arena);
  l->reader.issues = &own;
  if (err == ZD_ERR_LIMIT)
    say_too_large(&l->reader, item, here, &f);
  else
    err = read_item(l->b, &l->reader, item, arena, here, &tree);
  l->reader.issues = bundles;
  if (err != ZD_OK && err != ZD_ERR_LIMIT) return err;
  if (own.errors)
    return l->to->refuse(l->to->context, i, err == ZD_OK ? ZD_ERR_INVALID : err, &own);
  return bundles->errors == l->errors ? l->to->take(l->to->context, i, &tree) : ZD_OK;
}

static zd_err take_item(zd_read_items *l, size_t i, const zd_read_place *bundle) {
  zd_json_item item = l->b->split.items[i];
  zd_read_place here = {.up = bundle, .name = ZD_S("entry"), .index = (uint32_t)i};
  if (l->to->refuse) return take_alone(l, i, &here);
  zd_err err = tokenize_item(l->b, l->text, item, &l->fatal);
  if (err != ZD_OK) return err;
  zd_arena *arena = l->to->arena(l->to->context, i, (size_t)item.n);
  zd_tree tree;
  err = read_item(l->b, &l->reader, item, arena, &here, &tree);
  bool fine = l->reader.issues->errors == l->errors;
  return err == ZD_OK && fine ? l->to->take(l->to->context, i, &tree) : err;
}

void zd_read_items_here(zd_reader *r, const zd_read_place *bundle) {
  zd_read_items *l = r->items;
  l->met = true;
  for (size_t i = 0; i < l->b->split.count && l->err == ZD_OK; i++)
    l->err = take_item(l, i, bundle);
  if (l->err != ZD_OK) r->out_of_memory = true; /* the walk ends */
}

/* ---- the whole ---- */

static zd_err walk(zd_fhir_bundle *b, zd_read_items *l, zd_arena *arena, zd_issues *issues) {
  zd_reader r;
  zd_reader_init(&r, b->schema, arena, issues);
  r.tape = b->outer;
  r.items = l;
  r.items_at = b->split.gap_n ? (uint32_t)b->split.gap_at - 1 : UINT32_MAX;
  r.part =
      (zd_read_part){.whole = l->text, .split = &b->split, .line = b->line, .column = b->column};
  r.nodes = zd_arena_alloc(arena, (size_t)b->outer.count * sizeof(zd_node));
  if (!r.nodes) return ZD_ERR_MEMORY;
  zd_read_root(&r, r.bundle_type);
  if (l->err != ZD_OK) return l->err;
  if (r.out_of_memory) return ZD_ERR_MEMORY;
  zd_err err = l->met ? ZD_OK : check_items(b, l->text, UINT64_MAX, &l->fatal);
  if (err != ZD_OK) return err;
  return issues->errors == l->errors ? ZD_OK : ZD_ERR_INVALID;
}

zd_err zd_fhir_bundle_read(zd_fhir_bundle *b, zd_slice text, const zd_fhir_entries *to,
                           zd_arena *arena, zd_issues *issues) {
  zd_read_items l = {.b = b, .text = text, .to = to, .errors = issues->errors};
  zd_issues before = *issues;
  zd_err err = ZD_OK;
  if (b->failed != ZD_OK) {
    err = find_fatal(b, text, &l.fatal);
    return err == ZD_OK ? say_fatal(b, text, &l.fatal, issues) : err;
  }
  open_reader(&l.reader, b, text, issues);
  err = walk(b, &l, arena, issues);
  if (l.fatal.err == ZD_OK) return err;
  issues->n = before.n; /* a text that is no JSON has no other faults */
  issues->errors = before.errors;
  issues->dropped = before.dropped;
  return say_fatal(b, text, &l.fatal, issues);
}

zd_err zd_fhir_bundle_item(zd_fhir_bundle *b, zd_slice text, zd_json_item item, uint32_t index,
                           zd_arena *arena, zd_tree *out, zd_issues *issues) {
  fatal f = {0};
  zd_reader r;
  size_t before = issues->errors;
  *out = (zd_tree){.schema = b->schema};
  zd_err err = tokenize_item(b, text, item, &f);
  if (f.err == ZD_ERR_INVALID) return say_fatal(b, text, &f, issues);
  if (err != ZD_OK && err != ZD_ERR_LIMIT) return err;
  open_reader(&r, b, text, issues);
  zd_read_place bundle = {.name = ZD_S("Bundle"), .index = ZD_READ_SINGLE};
  zd_read_place here = {.up = &bundle, .name = ZD_S("entry"), .index = index};
  if (err == ZD_ERR_LIMIT) {
    say_too_large(&r, item, &here, &f);
    return err;
  }
  err = read_item(b, &r, item, arena, &here, out);
  return err != ZD_OK || issues->errors == before ? err : ZD_ERR_INVALID;
}

zd_err zd_fhir_bundle_entry(zd_fhir_bundle *b, zd_slice text, size_t i, zd_arena *arena,
                            zd_tree *out) {
  zd_issues issues;
  zd_issues_init(&issues, arena);
  zd_err err = zd_fhir_bundle_item(b, text, b->split.items[i], (uint32_t)i, arena, out, &issues);
  return err == ZD_ERR_INVALID || err == ZD_ERR_LIMIT ? ZD_ERR_INTERNAL : err;
}
