#include <stdlib.h>

#include "store/embedded/engine.h"

/* A point read takes this much of the log at once: most records, most of the time with the head
 * of their commit. */
enum { READ_BLOCK = 4096, READ_LEAD = 512, READERS_KEPT = 16 };

/* ---- readers ---- */

static void reader_free(zd_reader *r) {
  zd_log_cursor_free(&r->cursor);
  zd_unpacker_free(r->unpacker);
  free(r);
}

static zd_reader *reader_new(zd_store *s) {
  zd_reader *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  zd_log_cursor_init(&r->cursor, s->log, READ_BLOCK, READ_LEAD);
  r->cursor.in_place = true;
  r->unpacker = zd_unpacker_new();
  if (r->unpacker) return r;
  free(r);
  return NULL;
}

zd_reader *zd_reader_take(zd_store *s) {
  pthread_mutex_lock(&s->readers_lock);
  zd_reader *r = s->readers;
  if (r) {
    s->readers = r->next;
    s->reader_count--;
  }
  pthread_mutex_unlock(&s->readers_lock);
  return r ? r : reader_new(s);
}

void zd_reader_give(zd_store *s, zd_reader *r) {
  if (!r) return;
  zd_log_cursor_restart(&r->cursor); /* what it holds may be older than the next user's rows */
  r->cursor.block = READ_BLOCK;
  r->cursor.lead = READ_LEAD;
  r->cursor.in_place = true;
  bool keep = r->cursor.room <= (1 << 20);
  pthread_mutex_lock(&s->readers_lock);
  keep = keep && s->reader_count < READERS_KEPT;
  if (keep) {
    r->next = s->readers;
    s->readers = r;
    s->reader_count++;
  }
  pthread_mutex_unlock(&s->readers_lock);
  if (!keep) reader_free(r);
}

void zd_readers_free(zd_store *s) {
  while (s->readers) {
    zd_reader *next = s->readers->next;
    reader_free(s->readers);
    s->readers = next;
  }
}

/* ---- life of a snapshot ---- */

static zd_err make(zd_store *s, zd_index_view *view, zd_snapshot **out) {
  zd_snapshot *v = calloc(1, sizeof *v);
  if (!v) {
    zd_index_view_release(view);
    return ZD_ERR_MEMORY;
  }
  v->store = s;
  v->view = view;
  v->row = zd_index_view_row(view);
  *out = v;
  return ZD_OK;
}

zd_err zd_store_snapshot(zd_store *s, zd_snapshot **out) {
  if (!s->started) return ZD_ERR_REFUSED;
  zd_index_view *view;
  zd_err err = zd_index_view_acquire(s->index, &view);
  return err ? err : make(s, view, out);
}

zd_err zd_store_snapshot_at(zd_store *s, zd_row row, zd_snapshot **out) {
  if (!s->started) return ZD_ERR_REFUSED;
  zd_index_view *view;
  zd_err err = zd_index_view_acquire_at(s->index, row, &view);
  return err ? err : make(s, view, out);
}

zd_err zd_snapshot_pending(zd_store *s, const zd_txn *group, zd_snapshot **out) {
  zd_err err = zd_store_snapshot(s, out);
  if (!err) (*out)->group = group;
  return err;
}

void zd_snapshot_release(zd_snapshot *v) {
  if (!v) return;
  zd_reader_give(v->store, v->reader);
  zd_index_view_release(v->view);
  free(v);
}

zd_row zd_snapshot_row(const zd_snapshot *v) {
  return v->row;
}

/* ---- reading a record ---- */

void zd_record_fill(const zd_record_head *h, const zd_commit_head *commit, zd_record *out) {
  out->row = commit->first_row + h->index;
  out->previous = h->previous;
  out->type = h->type;
  out->op = h->op;
  out->version = h->version;
  out->time_ms = commit->time_ms;
  out->sequence = commit->sequence;
  out->stamp_at = h->stamp_at;
  out->id_n = h->id_n;
  memcpy(out->id, h->id, h->id_n);
  out->body = zd_slice_make("", 0);
}

static zd_err take_reader(zd_snapshot *v, zd_fault *fault) {
  if (!v->reader) v->reader = zd_reader_take(v->store);
  return v->reader ? ZD_OK : zd_fail(fault, ZD_ERR_MEMORY, "no memory to read the log");
}

static zd_err unpack(zd_snapshot *v, const zd_record_head *h, zd_arena *arena, zd_record *out,
                     zd_fault *fault) {
  if (h->plain_n == 0) return ZD_OK;
  char *body = zd_arena_alloc(arena, h->plain_n);
  if (!body) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for a body of %u bytes", h->plain_n);
  out->body = zd_slice_make(body, h->plain_n);
  return zd_codec_unpack(v->store->codec, v->reader->unpacker, h, body, fault);
}

static zd_err read_published(zd_snapshot *v, zd_row row, bool header_only, zd_arena *arena,
                             zd_record *out, zd_fault *fault) {
  zd_locator at;
  zd_record_head h;
  zd_commit_head commit;
  zd_log_cursor *c = &v->reader->cursor;
  zd_err err = zd_index_locator(v->view, row, &at, fault);
  if (!err) err = zd_log_cursor_record(c, at, &h, fault);
  if (err) return err;
  zd_slice body = {"", 0};
  if (!header_only) {
    err = unpack(v, &h, arena, out, fault);
    body = out->body;
  }
  if (!err) err = zd_log_cursor_commit_of(c, at, h.back, &commit, fault);
  if (err) return err;
  zd_record_fill(&h, &commit, out);
  out->body = body;
  if (out->row == row) return ZD_OK;
  return zd_fail(fault, ZD_ERR_CORRUPT, "row %llu: its locator leads to row %llu",
                 (unsigned long long)row, (unsigned long long)out->row);
}

/* A row of the group being committed: its record lies in the transaction, not yet in the log. */
static zd_err read_pending(zd_snapshot *v, zd_row row, bool header_only, zd_arena *arena,
                           zd_record *out, zd_fault *fault) {
  for (const zd_txn *t = v->group; t; t = t->next) {
    zd_row first = t->result.first_row;
    if (!t->accepted || row < first || row - first >= t->count) continue;
    const unsigned char *p = (const unsigned char *)t->log.p + t->rows[row - first].at;
    zd_record_head h;
    zd_commit_head commit;
    if (zd_record_head_read(p, zd_record_size(p), &h) ||
        zd_commit_head_read((const unsigned char *)t->log.p, &commit)) {
      return zd_fail(fault, ZD_ERR_INTERNAL, "row %llu is not what was put",
                     (unsigned long long)row);
    }
    zd_record_fill(&h, &commit, out);
    return header_only ? ZD_OK : unpack(v, &h, arena, out, fault);
  }
  return zd_fail(fault, ZD_ERR_NOT_FOUND, "row %llu is not there", (unsigned long long)row);
}

zd_err zd_snapshot_read(zd_snapshot *v, zd_row row, bool header_only, zd_arena *arena,
                        zd_record *out, zd_fault *fault) {
  zd_err err = take_reader(v, fault);
  if (err) return err;
  out->body = zd_slice_make("", 0);
  if (row >= v->row) return read_pending(v, row, header_only, arena, out, fault);
  zd_recall recall = zd_recent_find(v->store->recent, row, header_only, arena, out);
  if (recall == ZD_RECALL_HIT) return ZD_OK;
  err = read_published(v, row, header_only, arena, out, fault);
  if (!err && recall == ZD_RECALL_OFFER) zd_recent_keep(v->store->recent, out);
  return err;
}

void zd_snapshot_expect(zd_snapshot *v, const zd_row *rows, size_t n) {
  zd_recent_expect(v->store->recent, rows, n);
}

zd_err zd_snapshot_entries(zd_snapshot *v, zd_row row, zd_arena *arena, const zd_entry **out,
                           size_t *n, zd_fault *fault) {
  zd_record record = {.row = row};
  *out = NULL;
  *n = 0;
  zd_err err = zd_snapshot_read(v, row, false, arena, &record, fault);
  if (err || record.op == ZD_OP_DELETE) return err;
  zd_indexer indexer = v->store->indexer;
  if (!indexer.entries) return zd_fail(fault, ZD_ERR_REFUSED, "the store has no indexer");
  err = indexer.entries(indexer.state, record.type, record.body, arena, out, n);
  if (!err) return ZD_OK;
  return zd_fail(fault, err, "row %llu: its index entries cannot be derived",
                 (unsigned long long)row);
}

/* ---- finding ---- */

zd_err zd_snapshot_find(zd_snapshot *v, uint32_t type, zd_slice id, zd_row *row) {
  return zd_index_find(v->view, type, id, row, NULL);
}

zd_err zd_snapshot_versions(zd_snapshot *v, uint32_t type, zd_slice id, zd_row before, zd_row *out,
                            size_t room, size_t *n) {
  return zd_index_versions(v->view, type, id, before, out, room, n, NULL);
}

zd_err zd_snapshot_row_at(zd_snapshot *v, int64_t ms, zd_row *row) {
  zd_row low = 0, high = v->row;
  while (low < high) { /* commit times never decrease with the row */
    zd_row middle = low + (high - low) / 2;
    zd_record record = {.time_ms = 0};
    zd_err err = zd_snapshot_read(v, middle, true, NULL, &record, NULL);
    if (err) return err;
    if (record.time_ms >= ms) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  *row = low;
  return ZD_OK;
}

static zd_err entries_of(void *state, zd_row row, zd_arena *arena, const zd_entry **out, size_t *n,
                         zd_fault *fault) {
  return zd_snapshot_entries(state, row, arena, out, n, fault);
}

static zd_err name_of(void *state, zd_row row, zd_arena *arena, uint32_t *type, zd_slice *id,
                      zd_fault *fault) {
  zd_record record = {.row = row};
  zd_err err = zd_snapshot_read(state, row, true, arena, &record, fault);
  if (err) return err;
  *type = record.type;
  *id = zd_arena_copy(arena, zd_slice_make(record.id, record.id_n));
  return id->p ? ZD_OK : zd_fail(fault, ZD_ERR_MEMORY, "no memory to read an id");
}

zd_err zd_snapshot_search(zd_snapshot *v, const zd_search_request *q, zd_row *out, size_t *n,
                          zd_fault *fault) {
  if (q->sort_count == 0) return zd_index_search(v->view, q, v, out, n, fault);
  zd_row_facts facts = {.state = v, .entries = entries_of, .name = name_of};
  return zd_index_sorted(v->view, q, &facts, v, out, n, fault);
}

zd_err zd_snapshot_count(zd_snapshot *v, const zd_search_request *q, uint64_t *n, zd_fault *fault) {
  return zd_index_count(v->view, q, v, n, fault);
}

zd_err zd_snapshot_estimate(zd_snapshot *v, const zd_plan *plan, uint64_t *n, zd_fault *fault) {
  return zd_index_estimate(v->view, plan, n, fault);
}

zd_err zd_snapshot_explain(zd_snapshot *v, const zd_search_request *q,
                           void (*each)(void *context, const zd_plan_note *note), void *context,
                           zd_fault *fault) {
  return zd_index_explain(v->view, q, v, each, context, fault);
}

size_t zd_snapshot_types(zd_snapshot *v, zd_type_count *out, size_t room) {
  size_t n = 0;
  return zd_index_types(v->view, out, room, &n, NULL) ? 0 : n;
}
