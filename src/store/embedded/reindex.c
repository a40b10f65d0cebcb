/* New fields for rows stored before they were known, window by window, while writes go on: rows
 * committed meanwhile bring the fields with them. */
#include <stdlib.h>

#include "store/embedded/engine.h"

enum { WINDOW = 65536 };

typedef struct reindexing {
  zd_store *store;
  const uint32_t *fields;
  size_t field_count;
  zd_index_batch *batch;
  zd_arena arena;
  zd_entry *kept;
  size_t room;
  zd_fault fault;
} reindexing;

static bool is_wanted(const reindexing *x, uint32_t field) {
  for (size_t i = 0; i < x->field_count; i++) {
    if (x->fields[i] == field) return true;
  }
  return false;
}

static zd_err keep(reindexing *x, const zd_entry *entries, size_t n, size_t *kept) {
  *kept = 0;
  if (n > x->room) {
    zd_entry *larger = realloc(x->kept, n * sizeof *larger);
    if (!larger) return ZD_ERR_MEMORY;
    x->kept = larger;
    x->room = n;
  }
  for (size_t i = 0; i < n; i++) {
    if (is_wanted(x, entries[i].field)) x->kept[(*kept)++] = entries[i];
  }
  return ZD_OK;
}

static zd_err add_row(void *context, const zd_record *r) {
  reindexing *x = context;
  const zd_indexer *indexer = &x->store->indexer;
  const zd_entry *entries = NULL;
  size_t n = 0, kept = 0;
  zd_err err = ZD_OK;
  if (r->op != ZD_OP_DELETE) {
    err = indexer->entries(indexer->state, r->type, r->body, &x->arena, &entries, &n);
  }
  if (!err) err = keep(x, entries, n, &kept);
  if (!err) err = zd_index_supplement_add(x->batch, x->kept, kept);
  zd_arena_reset(&x->arena);
  if (!err) return ZD_OK;
  return zd_fail(&x->fault, err, "row %llu cannot be indexed again: %s", (unsigned long long)r->row,
                 zd_err_name(err));
}

static zd_err reindex_window(reindexing *x, zd_snapshot *v, zd_row from, zd_row to,
                             zd_fault *fault) {
  x->fault = (zd_fault){0};
  x->batch = zd_index_batch_new((size_t)(to - from));
  if (!x->batch) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to index again");
  zd_err err = zd_store_scan_rows(v, from, to, true, add_row, x, &x->fault);
  if (!err) err = zd_symbols_sync(x->store->symbols, &x->fault);
  if (!err) err = zd_index_supplement(x->store->index, x->batch, from, &x->fault);
  zd_index_batch_free(x->batch);
  if (err && fault) *fault = x->fault;
  return err;
}

zd_err zd_store_reindex(zd_store *s, const uint32_t *fields, size_t n,
                        bool (*progress)(void *context, uint64_t done, uint64_t total),
                        void *context, zd_fault *fault) {
  if (s->read_only || !s->started || !s->indexer.entries) {
    return zd_fail(fault, ZD_ERR_REFUSED, "the store is read-only or has no indexer");
  }
  reindexing x = {.store = s, .fields = fields, .field_count = n};
  zd_arena_init(&x.arena, 0);
  zd_snapshot *v;
  zd_err err = zd_store_snapshot(s, &v);
  if (err) return zd_fail(fault, err, "no snapshot to index again by");
  err = zd_symbols_sync(s->symbols, fault);
  /* Rows in memory would be replayed with the new fields after a crash; flushed, all rows the
   * snapshot sees have one home. */
  if (!err) err = zd_index_flush(s->index, fault);
  for (zd_row row = 0; !err && row < v->row; row += WINDOW) {
    zd_row to = v->row - row < WINDOW ? v->row : row + WINDOW;
    if (progress && !progress(context, row, v->row)) {
      err = zd_fail(fault, ZD_ERR_CANCELLED, "indexing again was stopped");
    } else {
      err = reindex_window(&x, v, row, to, fault);
    }
  }
  if (!err && progress) progress(context, v->row, v->row);
  zd_snapshot_release(v);
  zd_arena_free(&x.arena);
  free(x.kept);
  return err;
}
