#include "rest/definition.h"
#include "rest/patch.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

/* A conflict means that somebody else succeeded, so a retry is progress; a bound all the same. */
enum { MOST_ATTEMPTS = 1000 };

bool zd_unit_fail(zd_unit *u, const zd_unit_entry *e, int status, zd_issue_code code,
                  const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  zd_issue_add(&u->call->issues, ZD_ERROR, code, e ? e->expression : (zd_slice){NULL, 0}, "%s",
               text);
  u->status = status;
  return false;
}

static void free_scratch(zd_unit *u) {
  zd_arena_free(&u->arena);
  zd_arena_free(&u->scratch);
  zd_buffer_free(&u->stored);
}

/* Forgets an attempt. */
static void drop(zd_unit *u) {
  if (u->txn) zd_txn_free(u->txn);
  if (u->snapshot) zd_snapshot_release(u->snapshot);
  zd_unit_leave(u);
  u->txn = NULL;
  u->snapshot = NULL;
  free_scratch(u);
}

static int by_row(const void *a, const void *b) {
  zd_row x = *(const zd_row *)a, y = *(const zd_row *)b;
  return (x > y) - (x < y);
}

/* What this unit deletes is no longer there for the conditions of its other entries. */
static bool note_deleted(zd_unit *u) {
  size_t n = 0;
  u->deleted_count = 0;
  for (size_t i = 0; i < u->n; i++)
    n += u->entries[i].in.kind == ZD_DELETE && u->entries[i].act == ZD_ACT_WRITE;
  if (!n) return true;
  u->deleted = ZD_NEW_ARRAY(&u->arena, zd_row, n);
  if (!u->deleted) return zd_unit_fail(u, NULL, 500, ZD_ISSUE_EXCEPTION, "out of memory");
  for (size_t i = 0; i < u->n; i++)
    if (u->entries[i].in.kind == ZD_DELETE && u->entries[i].act == ZD_ACT_WRITE)
      u->deleted[u->deleted_count++] = u->entries[i].previous;
  qsort(u->deleted, n, sizeof *u->deleted, by_row);
  return true;
}

bool zd_unit_deletes(const zd_unit *u, zd_row row) {
  return u->deleted_count &&
         bsearch(&row, u->deleted, u->deleted_count, sizeof *u->deleted, by_row);
}

/* Order of a transaction: deletes, creates, updates and patches (http.html#trules). */
static bool find_targets(zd_unit *u) {
  static const zd_kind order[] = {ZD_DELETE, ZD_CREATE, ZD_UPDATE, ZD_PATCH};
  for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
    for (size_t i = 0; i < u->n; i++)
      if (u->entries[i].in.kind == order[k] && !zd_unit_target(u, &u->entries[i])) return false;
    if (order[k] == ZD_DELETE && !note_deleted(u)) return false;
  }
  return true;
}

/* Two creates with one condition are one resource: the second takes the first's identity, as it
 * would have, had it come a moment later. Resources of other entries may not be written twice, and
 * an update that would have met what another entry creates does so (http.html#trules: the
 * transaction fails when identities overlap). */
static size_t slot_of(zd_slice key, uint32_t type, size_t mask) {
  return (size_t)zd_hash64_seed(key.p, key.n, type) & mask;
}

static bool same_identity(const zd_unit_entry *a, const zd_unit_entry *b) {
  return a->type == b->type && zd_slice_eq(a->id, b->id);
}

static bool same_condition(const zd_unit_entry *a, const zd_unit_entry *b) {
  return zd_slice_eq(a->condition, b->condition);
}

/* Open addressing over entries; finds an equal one or puts e in. */
static zd_unit_entry *find_or_put(zd_unit_entry **table, size_t mask, zd_unit_entry *e,
                                  zd_slice key,
                                  bool (*same)(const zd_unit_entry *, const zd_unit_entry *)) {
  for (size_t at = slot_of(key, e->type, mask);; at = (at + 1) & mask) {
    if (!table[at]) {
      table[at] = e;
      return NULL;
    }
    if (same(table[at], e)) return table[at];
  }
}

static bool say_overlap(zd_unit *u, const zd_unit_entry *e, const zd_unit_entry *other) {
  return zd_unit_fail(u, e, 400, ZD_ISSUE_DUPLICATE, "%.*s writes the same resource",
                      ZD_SV(other->expression));
}

/* What is created because nothing matches a condition, and would match it for the next one. */
static bool makes_match(const zd_unit_entry *e) {
  return e->condition.p && e->act == ZD_ACT_WRITE && e->op == ZD_OP_CREATE;
}

static bool no_overlap(zd_unit *u) {
  if (u->n < 2) return true;
  size_t room = 4;
  while (room < u->n * 2) room *= 2;
  zd_unit_entry **ids = ZD_NEW_ARRAY(&u->arena, zd_unit_entry *, room);
  zd_unit_entry **conditions = ZD_NEW_ARRAY(&u->arena, zd_unit_entry *, room);
  if (!ids || !conditions) return zd_unit_fail(u, NULL, 500, ZD_ISSUE_EXCEPTION, "out of memory");
  for (size_t i = 0; i < u->n; i++) {
    zd_unit_entry *e = &u->entries[i], *other;
    other =
        makes_match(e) ? find_or_put(conditions, room - 1, e, e->condition, same_condition) : NULL;
    if (other && (e->in.kind != ZD_CREATE || other->in.kind != ZD_CREATE))
      return say_overlap(u, e, other);
    if (other) {
      e->act = ZD_ACT_NONE;
      e->id = other->id;
      continue;
    }
    if (e->act != ZD_ACT_WRITE) continue;
    other = find_or_put(ids, room - 1, e, e->id, same_identity);
    if (other) return say_overlap(u, e, other);
  }
  return true;
}

/* The entry's resource: at hand, or read again. */
static zd_err load(zd_unit *u, const zd_unit_entry *e, zd_unit_resource *out) {
  if (!e->in.tree) return u->load(u->source, e, &u->scratch, out);
  *out = (zd_unit_resource){.tree = *e->in.tree, .root = e->in.root};
  return ZD_OK;
}

static zd_err write_stored(zd_unit *u, zd_unit_entry *e, const zd_unit_resource *resource,
                           const zd_stored_edit *edit) {
  u->stored.limit = u->call->rest->resource_limit;
  zd_buffer_clear(&u->stored);
  zd_fhir_write_stored(&resource->tree, resource->root, edit, &u->stored, &e->stamp_at);
  zd_err err = zd_buffer_error(&u->stored);
  if (err != ZD_OK || !u->keep) return err;
  e->stored = zd_arena_copy(u->call->arena, zd_buffer_slice(&u->stored));
  return e->stored.p ? ZD_OK : ZD_ERR_MEMORY;
}

/* The stored form and index entries, which last until the next entry's. */
static bool store_entry(zd_unit *u, zd_unit_entry *e, zd_links *links, zd_write *w) {
  zd_unit_resource resource;
  zd_stored_edit edit = {.id = e->id};
  zd_arena_reset(&u->scratch);
  bool patch = e->in.kind == ZD_PATCH;
  if (patch && !zd_unit_patch(u, e, &resource)) return false;
  zd_err err = patch ? ZD_OK : load(u, e, &resource);
  if (err == ZD_OK && links && !zd_links_edit(links, e, &resource, &edit)) return false;
  if (err == ZD_OK) err = write_stored(u, e, &resource, &edit);
  if (err == ZD_OK)
    err = zd_search_entries(zd_unit_search(u), &resource.tree, resource.root, edit.nodes,
                            edit.values, edit.count, &u->scratch, &w->entries, &w->entry_count);
  w->body = zd_buffer_slice(&u->stored);
  w->stamp_at = e->stamp_at;
  if (err == ZD_OK) return true;
  return zd_unit_fail(u, e, zd_status_of(err),
                      err == ZD_ERR_LIMIT ? ZD_ISSUE_TOO_LONG : ZD_ISSUE_EXCEPTION,
                      "the resource cannot be stored: %s", zd_err_name(err));
}

/* Whether the newest version is what an import brings: then nothing is written. */
static bool is_unchanged(zd_unit *u, const zd_unit_entry *e, zd_slice body, bool *same) {
  zd_record record;
  *same = false;
  if (!u->call->import_key.p || e->op != ZD_OP_UPDATE) return true;
  zd_err err = zd_snapshot_read(u->snapshot, e->previous, false, &u->scratch, &record, NULL);
  *same = err == ZD_OK && zd_slice_eq(record.body, body);
  return err == ZD_OK || zd_unit_fail(u, e, zd_status_of(err), ZD_ISSUE_EXCEPTION,
                                      "the present version cannot be read: %s", zd_err_name(err));
}

static bool put_entry(zd_unit *u, zd_unit_entry *e, zd_links *links, size_t *position) {
  bool same;
  zd_write w = {.op = e->op,
                .type = e->type,
                .id = e->id,
                .previous = e->previous,
                .previous_version = e->previous_version};
  if (e->op != ZD_OP_DELETE && !store_entry(u, e, links, &w)) return false;
  if (!is_unchanged(u, e, w.body, &same)) return false;
  if (same) {
    e->act = ZD_ACT_NONE;
    u->skipped = true;
    return true;
  }
  if (e->in.type == u->call->rest->search_parameter) {
    e->definition = zd_arena_copy(&u->arena, w.body);
    if (!e->definition.p) return zd_unit_fail(u, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
  }
  e->position = (*position)++;
  zd_err err = zd_txn_put(u->txn, &w);
  if (err == ZD_OK && e->guard.plan) err = zd_unit_guard(u, &e->guard);
  return err == ZD_OK || zd_unit_fail(u, e, zd_status_of(err), ZD_ISSUE_EXCEPTION,
                                      "the resource cannot be stored: %s", zd_err_name(err));
}

/* A brief call does not wait for room in the store: it is run again where it may. */
static zd_err begin(zd_unit *u) {
  zd_store *store = u->call->rest->store;
  zd_row as_of = zd_snapshot_row(u->snapshot);
  if (!u->call->brief) return zd_txn_begin(store, as_of, &u->txn);
  zd_err err = zd_txn_try_begin(store, as_of, &u->txn);
  u->call->again = err == ZD_ERR_BUSY;
  return err;
}

static bool fill(zd_unit *u) {
  size_t writes = 0;
  for (size_t i = 0; i < u->n; i++) writes += u->entries[i].act == ZD_ACT_WRITE;
  zd_links *links = NULL;
  if (u->linked && !(links = zd_links_open(u))) return false;
  if (!writes) return true;
  zd_err err = begin(u);
  if (u->call->again) return false;
  if (err != ZD_OK)
    return zd_unit_fail(u, NULL, zd_status_of(err), ZD_ISSUE_EXCEPTION, "no transaction: %s",
                        zd_err_name(err));
  size_t position = 0;
  for (size_t i = 0; i < u->n; i++)
    if (u->entries[i].act == ZD_ACT_WRITE && !put_entry(u, &u->entries[i], links, &position))
      return false;
  if (!position) { /* an import that changes nothing */
    zd_txn_free(u->txn);
    u->txn = NULL;
  }
  return !links || zd_links_close(links);
}

bool zd_unit_prepare(zd_unit *u) {
  u->status = 0;
  u->attempts++;
  zd_arena_reset(&u->arena);
  zd_arena_reset(&u->scratch);
  u->deleted_count = 0;
  u->skipped = false;
  /* What an attempt that lost a race would have written is not what the answer shows. */
  for (size_t i = 0; i < u->n; i++) u->entries[i].stored = (zd_slice){NULL, 0};
  if (!zd_unit_enter(u)) return false;
  zd_err err = zd_store_snapshot(u->call->rest->store, &u->snapshot);
  if (err != ZD_OK) {
    zd_unit_leave(u);
    return zd_unit_fail(u, NULL, zd_status_of(err), ZD_ISSUE_EXCEPTION,
                        "the store cannot be read: %s", zd_err_name(err));
  }
  u->as_of = zd_snapshot_row(u->snapshot);
  if (find_targets(u) && zd_unit_note_conditions(u) && no_overlap(u) && fill(u)) {
    zd_snapshot_release(u->snapshot);
    u->snapshot = NULL;
    return true;
  }
  drop(u);
  return false;
}

/* ---- after the commit ---- */

/* Where the entry's version is, and the resource, which that begins with. */
static void name_written(zd_unit *u, zd_unit_entry *e) {
  zd_answer *a = &e->answer;
  char digits[ZD_DIGITS];
  zd_slice type = zd_schema_type_info(u->call->rest->schema, e->in.type).name;
  zd_slice parts[] = {type, ZD_S("/"), e->id, ZD_S("/_history/"),
                      zd_slice_digits(a->version, digits)};
  a->location = zd_arena_join(u->call->arena, parts, 5);
  a->reference = (zd_slice){a->location.p, a->location.p ? type.n + 1 + e->id.n : 0};
}

static void answer_written(zd_unit *u, zd_unit_entry *e, int64_t time_ms) {
  zd_answer *a = &e->answer;
  a->version = e->previous_version + 1;
  a->last_modified = time_ms;
  name_written(u, e);
  if (e->op == ZD_OP_DELETE) {
    a->location = (zd_slice){NULL, 0};
    a->status = 204;
    return;
  }
  a->status = e->op == ZD_OP_CREATE ? 201 : 200;
  e->shows = e->in.prefer == ZD_RETURN_REPRESENTATION;
}

/* A conditional create that found its resource, or a delete that found nothing. */
static void answer_unwritten(zd_unit *u, zd_unit_entry *e) {
  zd_answer *a = &e->answer;
  if (e->in.kind == ZD_DELETE) {
    a->status = 204;
    return;
  }
  a->status = 200;
  a->version = e->previous_version ? e->previous_version : 1;
  a->last_modified = e->previous_time;
  name_written(u, e);
  e->shows = e->in.prefer == ZD_RETURN_REPRESENTATION;
}

/* That very version: it may be changed or deleted by now. */
static void show_read(zd_call *c, zd_unit_entry *e) {
  zd_answer *a = &e->answer, shown;
  zd_interaction read = e->in;
  read.kind = ZD_VREAD;
  read.id = e->id;
  read.version = a->version;
  read.if_match = read.if_none_match = (zd_slice){NULL, 0};
  read.if_modified_since = 0;
  zd_answer_init(&shown);
  zd_run_read(c, &read, &shown);
  zd_buffer_free(&a->body);
  a->body = shown.body;
  /* what was written stays written; what was only found cannot be shown */
  if (shown.status >= 300 && a->status == 200 && e->act == ZD_ACT_NONE)
    a->status = shown.status;
  else if (shown.status >= 300)
    a->body.failed = ZD_ERR_IO;
}

void zd_unit_show(zd_call *c, zd_unit_entry *e) {
  zd_answer *a = &e->answer;
  e->shows = false;
  if (!e->stored.p) {
    show_read(c, e);
    return;
  }
  zd_record record = {.version = a->version,
                      .time_ms = a->last_modified,
                      .stamp_at = e->stamp_at,
                      .body = e->stored};
  if (zd_render(c, &e->in, &record, &a->body) != ZD_OK) a->body.failed = ZD_ERR_MEMORY;
}

static void say_commit_failure(zd_unit *u, const zd_commit_result *r) {
  zd_issue_code code = r->err == ZD_ERR_FULL ? ZD_ISSUE_NO_STORE : ZD_ISSUE_EXCEPTION;
  if (r->err == ZD_ERR_CONFLICT) code = ZD_ISSUE_CONFLICT;
  zd_unit_fail(u, NULL, zd_status_of(r->err), code, "nothing was stored: %s %s",
               zd_err_name(r->err), r->fault.text);
}

/* Fills in the answers of what was committed. */
static void answer_all(zd_unit *u, const zd_commit_result *r) {
  for (size_t i = 0; i < u->n; i++) {
    zd_unit_entry *e = &u->entries[i];
    if (!zd_writes(&e->in)) continue;
    if (e->act == ZD_ACT_WRITE)
      answer_written(u, e, r->time_ms);
    else
      answer_unwritten(u, e);
    if (e->shows && u->keep) zd_unit_show(u->call, e);
  }
}

bool zd_unit_settle(zd_unit *u, const zd_commit_result *r) {
  u->txn = NULL;
  zd_unit_leave(u);
  if (r->err == ZD_ERR_CONFLICT && u->attempts < MOST_ATTEMPTS) {
    /* an id made here that is taken already gets another one */
    for (size_t i = 0; i < u->n; i++)
      if (u->entries[i].act == ZD_ACT_WRITE && u->entries[i].position == r->conflict &&
          u->entries[i].new_id.p && !u->entries[i].known_id)
        u->entries[i].new_id = (zd_slice){NULL, 0};
    return false;
  }
  if (r->err != ZD_OK)
    say_commit_failure(u, r);
  else
    answer_all(u, r);
  zd_rest_note_commit(u->call->rest, r->err);
  free_scratch(u);
  return true;
}

void zd_unit_run(zd_unit *u) {
  static const zd_commit_result nothing = {.err = ZD_OK};
  if (zd_unit_defines(u)) {
    zd_unit_run_defining(u);
    return;
  }
  for (;;) {
    if (!zd_unit_prepare(u)) return;
    zd_commit_result r = nothing;
    if (u->txn) r = zd_store_commit(u->call->rest->store, u->txn);
    if (zd_unit_settle(u, &r)) return;
  }
}

bool zd_unit_is_stale(const zd_unit *u) {
  zd_snapshot *v;
  if (zd_store_snapshot(u->call->rest->store, &v) != ZD_OK) return true;
  zd_row now = zd_snapshot_row(v);
  zd_snapshot_release(v);
  return now != u->as_of;
}

void zd_unit_free(zd_unit *u) {
  drop(u);
}
