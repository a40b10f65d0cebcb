/* import_document.c: one JSON file: a Bundle to be processed, a Bundle to be unpacked, a resource.
 */
#include "base/hash.h"
#include "bulk/import.h"

static zd_slice bundle_type(const zd_tree *t) {
  zd_slice type = zd_schema_type_info(t->schema, t->nodes[0].type).name;
  uint32_t node = zd_slice_eq(type, ZD_S("Bundle")) ? zd_tree_child(t, 0, ZD_S("type")) : 0;
  return node ? zd_node_raw(&t->nodes[node]) : (zd_slice){NULL, 0};
}

bool zd_import_is_job(const zd_tree *t) {
  zd_slice type = bundle_type(t);
  return zd_slice_eq(type, ZD_S("transaction")) || zd_slice_eq(type, ZD_S("batch"));
}

bool zd_import_is_collection(const zd_tree *t) {
  zd_slice type = bundle_type(t);
  return zd_slice_eq(type, ZD_S("collection")) || zd_slice_eq(type, ZD_S("searchset"));
}

uint64_t zd_import_count_entries(const zd_tree *t) {
  zd_element entry = zd_schema_child(t->schema, t->nodes[0].type, ZD_S("entry"));
  uint64_t n = 0;
  for (uint32_t k = zd_tree_first(t, 0); k; k = zd_tree_next(t, 0, k))
    n += t->nodes[k].element == entry;
  return n;
}

/* 75 bits of the SHA-256 of the text, then mixed with the line: equal Bundles of one file are two.
 */
zd_slice zd_import_key(zd_slice text, uint64_t line, char key[ZD_IMPORT_KEY]) {
  static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  unsigned char digest[32], both[40];
  zd_sha256(text.p, text.n, digest);
  memcpy(both, digest, sizeof digest);
  for (int i = 0; i < 8; i++) both[32 + i] = (unsigned char)(line >> 8 * i);
  zd_sha256(both, sizeof both, digest);
  for (size_t i = 0; i < ZD_IMPORT_KEY; i++) key[i] = digits[digest[i] & 31];
  return (zd_slice){key, ZD_IMPORT_KEY};
}

static zd_err process_bundle(zd_import_piece *p, const zd_tree *t, zd_arena *arena,
                             zd_fault *fault) {
  zd_issues issues;
  char text[ZD_IMPORT_KEY];
  zd_slice key = zd_import_key(zd_buffer_slice(&p->text), 1, text);
  p->read = zd_import_count_entries(t);
  zd_err err =
      zd_rest_bundle(p->run->o->rest, t, key, arena, zd_import_wait_turn, p, &p->written, &issues);
  p->unchanged = err == ZD_OK ? p->read - p->written : 0;
  if (err == ZD_OK) return ZD_OK;
  zd_import_refuse(p, 1, &issues);
  p->refused = p->read - p->written;
  return err == ZD_ERR_REFUSED
             ? ZD_OK
             : zd_fail(fault, err, "%s: the Bundle could not be stored", p->file->path);
}

static zd_err take(zd_import_piece *p, const zd_tree *t, zd_arena *arena, zd_fault *fault) {
  if (zd_import_is_job(t)) return process_bundle(p, t, arena, fault);
  if (zd_import_is_collection(t)) return zd_import_entries(p, t, fault);
  return zd_import_lines(p, fault); /* the whole text is one resource */
}

/* A single resource may be laid out over many lines; NDJSON may not. */
static void join_lines(zd_buffer *text) {
  for (size_t i = 0; i < text->n; i++)
    if (text->p[i] == '\n' || text->p[i] == '\r') text->p[i] = ' ';
}

zd_err zd_import_document(zd_import_piece *p, zd_fault *fault) {
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_read_limits limits = {.depth = 64, .nodes = 64 << 20};
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_err err = zd_fhir_read_json(p->run->o->schema, zd_buffer_slice(&p->text), ZD_NO_TYPE, &limits,
                                 &arena, &tree, &issues);
  if (err == ZD_OK) {
    join_lines(&p->text); /* line ends inside strings are escaped, so none is content */
    err = take(p, &tree, &arena, fault);
  } else if (err != ZD_ERR_MEMORY) {
    p->read = 1;
    zd_import_refuse(p, issues.n ? issues.items[0].line : 1, &issues);
    err = ZD_OK;
  } else {
    zd_fail(fault, err, "out of memory");
  }
  zd_arena_free(&arena);
  return err;
}
