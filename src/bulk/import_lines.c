/* import_lines.c: resources into the store, a transaction per piece. */
#include <pthread.h>

#include "bulk/import.h"

/* A resource that the piece brings as it is stored: it must still be so when the piece commits. */
typedef struct kept {
  struct kept *next;
  zd_row row;
  uint32_t type;
  uint8_t id_n;
  char id[64];
} kept;

/* What one piece writes. */
typedef struct batch {
  zd_import_piece *p;
  zd_snapshot *v;
  zd_txn *txn;
  size_t writes;
  zd_arena arena; /* of what is kept */
  kept *kept;
  uint64_t written, unchanged, refused; /* counted only when the piece settles */
} batch;

static zd_err open_batch(batch *b) {
  zd_store *store = b->p->run->o->store;
  zd_err err = zd_store_snapshot(store, &b->v);
  if (err == ZD_OK) err = zd_txn_begin(store, zd_snapshot_row(b->v), &b->txn);
  b->writes = 0;
  b->kept = NULL;
  zd_arena_init(&b->arena, 0);
  return err;
}

static void drop_batch(batch *b) {
  if (b->txn) zd_txn_free(b->txn);
  if (b->v) zd_snapshot_release(b->v);
  b->txn = NULL;
  b->v = NULL;
  zd_arena_free(&b->arena);
}

static zd_err keep(batch *b, const zd_write *w) {
  kept *k = ZD_NEW(&b->arena, kept);
  if (!k || w->id.n > sizeof k->id) return ZD_ERR_MEMORY;
  *k = (kept){.next = b->kept, .row = w->previous, .type = w->type, .id_n = (uint8_t)w->id.n};
  memcpy(k->id, w->id.p, w->id.n);
  b->kept = k;
  b->unchanged++;
  return ZD_OK;
}

/* A commit checks what is written. What is not written because it is there is checked here, in the
 * piece's turn: an earlier piece may have changed it since. */
static zd_err check_kept(batch *b) {
  zd_snapshot *v;
  if (!b->kept) return ZD_OK;
  zd_import_wait_turn(b->p);
  zd_err err = zd_store_snapshot(b->p->run->o->store, &v);
  if (err != ZD_OK) return err;
  bool moved = zd_snapshot_row(v) != zd_snapshot_row(b->v);
  for (const kept *k = b->kept; moved && k && err == ZD_OK; k = k->next) {
    zd_row row = ZD_NO_ROW;
    err = zd_snapshot_find(v, k->type, (zd_slice){k->id, k->id_n}, &row);
    if (err == ZD_ERR_NOT_FOUND || (err == ZD_OK && row != k->row)) err = ZD_ERR_CONFLICT;
  }
  zd_snapshot_release(v);
  return err;
}

static zd_err commit_batch(batch *b, zd_fault *fault) {
  zd_err err = check_kept(b);
  if (err != ZD_OK) zd_fail(fault, err, "what is there already: %s", zd_err_name(err));
  if (err == ZD_OK && b->writes) {
    zd_txn *txn = b->txn;
    b->txn = NULL;
    zd_commit_result r = zd_import_commit(b->p, txn);
    err = r.err;
    if (err != ZD_OK && fault) *fault = r.fault;
    if (err == ZD_OK) b->written += b->writes;
  }
  drop_batch(b);
  return err;
}

/* The stored form, and what it replaces. *same: the current version is equal already. */
static zd_err compare(batch *b, zd_write *w, bool *same) {
  zd_row row;
  zd_record record;
  *same = false;
  w->op = ZD_OP_CREATE;
  w->previous = ZD_NO_ROW;
  zd_err err = zd_snapshot_find(b->v, w->type, w->id, &row);
  if (err == ZD_ERR_NOT_FOUND) return ZD_OK;
  if (err == ZD_OK) err = zd_snapshot_read(b->v, row, false, &b->p->arena, &record, NULL);
  if (err != ZD_OK) return err;
  w->previous = row;
  w->previous_version = record.version;
  *same = record.op != ZD_OP_DELETE && zd_slice_eq(record.body, w->body);
  if (record.op != ZD_OP_DELETE) w->op = ZD_OP_UPDATE;
  return ZD_OK;
}

static zd_err put(batch *b, const zd_tree *t, uint32_t root, zd_buffer *stored, zd_fault *fault);

/* Its second occurrence in the piece: the first has to be committed before. */
static zd_err put_again(batch *b, const zd_tree *t, uint32_t root, zd_buffer *stored,
                        zd_fault *fault) {
  zd_err err = commit_batch(b, fault);
  if (err == ZD_OK) err = open_batch(b);
  return err == ZD_OK ? put(b, t, root, stored, fault) : err;
}

static zd_err put(batch *b, const zd_tree *t, uint32_t root, zd_buffer *stored, zd_fault *fault) {
  zd_import_piece *p = b->p;
  const zd_import_options *o = p->run->o;
  zd_write w = {.type = zd_search_type_symbol(o->search, t->nodes[root].type)};
  uint32_t id = zd_tree_child(t, root, ZD_S("id"));
  bool same;
  w.id = zd_node_raw(&t->nodes[id]);
  if (zd_txn_writes(b->txn, w.type, w.id)) return put_again(b, t, root, stored, fault);
  zd_buffer_clear(stored);
  zd_fhir_write_stored(t, root, NULL, stored, &w.stamp_at);
  w.body = zd_buffer_slice(stored);
  zd_err err = zd_buffer_error(stored);
  if (err == ZD_OK) err = compare(b, &w, &same);
  if (err != ZD_OK) return zd_fail(fault, err, "a resource cannot be compared with the stored one");
  if (same) {
    err = keep(b, &w);
    return err == ZD_OK ? err : zd_fail(fault, err, "out of memory");
  }
  err = zd_search_entries(o->search, t, root, NULL, NULL, 0, &p->arena, &w.entries, &w.entry_count);
  if (err == ZD_OK) err = zd_txn_put(b->txn, &w);
  b->writes += err == ZD_OK;
  return err == ZD_OK ? ZD_OK
                      : zd_fail(fault, err, "a resource cannot be stored: %s", zd_err_name(err));
}

static void refuse(batch *b, uint64_t line, const zd_issues *issues) {
  zd_import_refuse(b->p, line, issues);
  b->p->refused--; /* counted by the batch, which may be run twice */
  b->refused++;
}

/* A resource of an import says who it is: without an id, importing it again would make another. */
static bool has_id(batch *b, const zd_tree *t, uint32_t root, uint64_t line) {
  if (zd_tree_child(t, root, ZD_S("id"))) return true;
  zd_issues issues;
  zd_issues_init(&issues, &b->p->arena);
  zd_issue_add(&issues, ZD_ERROR, ZD_ISSUE_REQUIRED,
               zd_schema_type_info(t->schema, t->nodes[root].type).name,
               "a resource to import needs an id (only entries of transactions get one here)");
  refuse(b, line, &issues);
  return false;
}

/* A line that is a batch or transaction takes effect by itself, after the lines before it. */
static zd_err take_bundle(batch *b, zd_fhir_bundle *parts, zd_slice text, uint64_t line, bool last,
                          zd_fault *fault) {
  char key[ZD_IMPORT_KEY];
  uint64_t written = 0, entries = parts->split.found;
  zd_issues issues;
  zd_err err = ZD_OK;
  zd_rest_turn turn = {b->p, zd_import_wait_turn, zd_import_commit};
  if (b->writes || b->kept) {
    err = commit_batch(b, fault);
    if (err == ZD_OK) err = open_batch(b);
    if (err != ZD_OK) return err;
  }
  b->p->last_commit = last;
  err = zd_rest_bundle(b->p->run->o->rest, parts, text, zd_import_key(text, line, key),
                       &b->p->arena, &turn, &written, &issues);
  b->p->last_commit = false;
  b->p->read += entries ? entries - 1 : 0; /* the line itself is counted */
  b->written += written;
  if (err == ZD_OK) {
    b->unchanged += entries - written;
    return ZD_OK;
  }
  refuse(b, line, &issues);
  if (entries > written + 1) b->refused += entries - written - 1;
  return err == ZD_ERR_REFUSED ? ZD_OK : zd_fail(fault, err, "a Bundle could not be stored");
}

static zd_err take_resource(batch *b, zd_slice line, uint64_t number, zd_buffer *stored,
                            zd_fault *fault) {
  zd_import_piece *p = b->p;
  zd_tree tree;
  zd_issues issues;
  zd_issues_init(&issues, &p->arena);
  zd_err err =
      zd_fhir_read_json(p->run->o->schema, line, ZD_NO_TYPE, NULL, &p->arena, &tree, &issues);
  if (err == ZD_ERR_MEMORY) return zd_fail(fault, err, "out of memory");
  if (err != ZD_OK) {
    bool inside = !p->file->lines && issues.n; /* of a document that has lines of its own */
    refuse(b, inside ? issues.items[0].line : number, &issues);
    return ZD_OK;
  }
  return has_id(b, &tree, 0, number) ? put(b, &tree, 0, stored, fault) : ZD_OK;
}

/* last: of the piece. */
static zd_err take_line(batch *b, zd_slice line, uint64_t number, bool last, zd_buffer *stored,
                        zd_fault *fault) {
  zd_fhir_bundle parts;
  zd_arena_reset(&b->p->arena);
  zd_err err = zd_import_split(b->p, line, &parts);
  if (err == ZD_ERR_MEMORY) return zd_fail(fault, err, "out of memory");
  bool job = err == ZD_OK && zd_import_is_job(&parts);
  atomic_store_explicit(&b->p->run->jobs, job, memory_order_relaxed);
  err = job ? take_bundle(b, &parts, line, number, last, fault)
            : take_resource(b, line, number, stored, fault);
  zd_fhir_bundle_free(&parts);
  return err;
}

static zd_slice trim(zd_slice s) {
  while (s.n && (s.p[s.n - 1] == '\r' || s.p[s.n - 1] == ' ')) s.n--;
  while (s.n && s.p[0] == ' ') s = zd_slice_from(s, 1);
  return s;
}

/* The batch is all that is left of the piece. */
static zd_err end_batch(batch *b, zd_err err, zd_fault *fault) {
  b->p->last_commit = true;
  if (err == ZD_OK) err = commit_batch(b, fault);
  b->p->last_commit = false;
  drop_batch(b);
  return err;
}

static zd_err take_lines(batch *b, zd_fault *fault) {
  zd_slice rest = zd_buffer_slice(&b->p->text);
  uint64_t number = b->p->first_line;
  zd_buffer stored;
  zd_buffer_init(&stored, 0);
  zd_err err = open_batch(b);
  b->p->read = 0;
  for (; err == ZD_OK && rest.n; number++) {
    size_t end = b->p->file->lines ? zd_slice_find(rest, '\n') : rest.n;
    zd_slice line = trim((zd_slice){rest.p, end});
    rest = zd_slice_from(rest, end + 1);
    if (!line.n) continue;
    b->p->read++;
    err = take_line(b, line, number, !rest.n, &stored, fault);
  }
  zd_buffer_free(&stored);
  return end_batch(b, err, fault);
}

/* An entry of a Bundle that only carries resources: as good as a line. */
static zd_err take_entry(batch *b, zd_fhir_bundle *parts, size_t i, zd_buffer *stored,
                         zd_fault *fault) {
  zd_import_piece *p = b->p;
  zd_tree tree;
  zd_issues issues;
  uint32_t resource;
  zd_arena_reset(&p->arena);
  zd_issues_init(&issues, &p->arena);
  zd_err err = zd_fhir_bundle_item(parts, zd_buffer_slice(&p->text), parts->split.items[i],
                                   (uint32_t)(p->first_entry + i), &p->arena, &tree, &issues);
  if (err == ZD_ERR_MEMORY) return zd_fail(fault, err, "out of memory");
  if (err != ZD_OK) {
    p->read++;
    refuse(b, issues.n ? issues.items[0].line : 1, &issues);
    return ZD_OK;
  }
  if (!(resource = zd_tree_child(&tree, 0, ZD_S("resource")))) return ZD_OK;
  p->read++;
  return has_id(b, &tree, resource, parts->line) ? put(b, &tree, resource, stored, fault) : ZD_OK;
}

static zd_err take_entries(batch *b, zd_fhir_bundle *parts, zd_fault *fault) {
  zd_buffer stored;
  zd_buffer_init(&stored, 0);
  zd_err err = open_batch(b);
  b->p->read = 0;
  for (size_t i = 0; err == ZD_OK && i < parts->split.count; i++)
    err = take_entry(b, parts, i, &stored, fault);
  zd_buffer_free(&stored);
  return end_batch(b, err, fault);
}

/* A piece prepared ahead of its turn may find that an earlier one wrote the same resource; in its
 * turn nobody else writes, so the second try holds. */
static zd_err in_turn(zd_import_piece *p, zd_fhir_bundle *bundle, zd_fault *fault) {
  zd_err err = ZD_ERR_CONFLICT;
  for (int attempt = 0; attempt < 3 && err == ZD_ERR_CONFLICT; attempt++) {
    batch b = {.p = p};
    if (attempt) zd_import_wait_turn(p);
    err = bundle ? take_entries(&b, bundle, fault) : take_lines(&b, fault);
    p->written = b.written;
    p->unchanged = b.unchanged;
    p->refused = b.refused;
  }
  return err;
}

zd_err zd_import_lines(zd_import_piece *p, zd_fault *fault) {
  return in_turn(p, NULL, fault);
}

zd_err zd_import_entries(zd_import_piece *p, zd_fhir_bundle *bundle, zd_fault *fault) {
  return in_turn(p, bundle, fault);
}
