/* New fields for rows stored before they were known, window by window, on several threads, while
 * writes go on: rows committed meanwhile bring the fields with them. */
#include <stdlib.h>

#include "base/workers.h"
#include "store/embedded/engine.h"

enum { WINDOW = 65536, THREADS_MAX = 8 };

typedef struct reindexing reindexing;

/* One thread's share. */
typedef struct indexing_thread {
  reindexing *all;
  zd_snapshot *view;
  zd_index_batch *batch;
  zd_arena arena;
  zd_entry *kept;
  size_t room;
  size_t found; /* entries in the batch */
  zd_fault fault;
} indexing_thread;

struct reindexing {
  zd_store *store;
  uint32_t *fields; /* sorted */
  size_t field_count;
  zd_row end;
  bool (*progress)(void *context, uint64_t done, uint64_t total);
  void *context;
  _Atomic uint64_t next; /* window to be taken next */
  pthread_mutex_t lock;  /* of what follows, and of adding supplements */
  uint64_t done;
  zd_err err; /* the first */
  zd_fault fault;
};

static int by_number(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static bool is_wanted(const reindexing *x, uint32_t field) {
  return bsearch(&field, x->fields, x->field_count, sizeof field, by_number) != NULL;
}

/* ---- a window ---- */

static zd_err keep(indexing_thread *t, const zd_entry *entries, size_t n, size_t *kept) {
  *kept = 0;
  if (n > t->room) {
    zd_entry *larger = realloc(t->kept, n * sizeof *larger);
    if (!larger) return ZD_ERR_MEMORY;
    t->kept = larger;
    t->room = n;
  }
  for (size_t i = 0; i < n; i++) {
    if (is_wanted(t->all, entries[i].field)) t->kept[(*kept)++] = entries[i];
  }
  t->found += *kept;
  return ZD_OK;
}

static bool needs_body(void *context, const zd_record *r) {
  const reindexing *x = ((const indexing_thread *)context)->all;
  const zd_indexer *indexer = &x->store->indexer;
  if (r->op == ZD_OP_DELETE) return false;
  return !indexer->concerns ||
         indexer->concerns(indexer->state, r->type, x->fields, x->field_count);
}

static zd_err add_row(void *context, const zd_record *r) {
  indexing_thread *t = context;
  const zd_indexer *indexer = &t->all->store->indexer;
  const zd_entry *entries = NULL;
  size_t n = 0, kept = 0;
  zd_err err = ZD_OK;
  if (r->body.n) {
    err = (indexer->late ? indexer->late : indexer->entries)(indexer->state, r->type, r->body,
                                                             &t->arena, &entries, &n);
  }
  if (!err) err = keep(t, entries, n, &kept);
  if (!err) err = zd_index_supplement_add(t->batch, t->kept, kept);
  zd_arena_reset(&t->arena);
  if (!err) return ZD_OK;
  return zd_fail(&t->fault, err, "row %llu cannot be indexed again: %s", (unsigned long long)r->row,
                 zd_err_name(err));
}

/* A window whose rows have nothing of the fields needs no supplement. */
static zd_err put_window(indexing_thread *t, zd_row from, zd_row to) {
  reindexing *x = t->all;
  zd_err err = ZD_OK;
  pthread_mutex_lock(&x->lock);
  if (t->found) err = zd_symbols_sync(x->store->symbols, &t->fault);
  if (!err && t->found) err = zd_index_supplement(x->store->index, t->batch, from, &t->fault);
  x->done += to - from;
  if (!err && !x->err && x->progress && !x->progress(x->context, x->done, x->end))
    err = zd_fail(&t->fault, ZD_ERR_CANCELLED, "indexing again was stopped");
  pthread_mutex_unlock(&x->lock);
  return err;
}

static zd_err index_window(indexing_thread *t, zd_row from, zd_row to) {
  t->found = 0;
  t->batch = zd_index_batch_new((size_t)(to - from));
  if (!t->batch) return zd_fail(&t->fault, ZD_ERR_MEMORY, "no memory to index again");
  zd_err err = zd_store_scan_wanted(t->view, from, to, needs_body, add_row, t, &t->fault);
  if (!err) err = put_window(t, from, to);
  zd_index_batch_free(t->batch);
  return err;
}

/* ---- all windows ---- */

static void fail(indexing_thread *t, zd_err err) {
  reindexing *x = t->all;
  atomic_store(&x->next, UINT64_MAX / 2); /* the others need not go on */
  pthread_mutex_lock(&x->lock);
  if (!x->err) {
    x->err = err;
    x->fault = t->fault;
  }
  pthread_mutex_unlock(&x->lock);
}

static void index_windows(void *context) {
  indexing_thread *t = context;
  reindexing *x = t->all;
  for (;;) {
    uint64_t window = atomic_fetch_add(&x->next, 1);
    if (window > (x->end - 1) / WINDOW) return;
    zd_row from = window * WINDOW;
    zd_err err = index_window(t, from, x->end - from < WINDOW ? x->end : from + WINDOW);
    if (err) fail(t, err);
  }
}

static zd_err open_threads(reindexing *x, indexing_thread *threads, unsigned n) {
  zd_err err = ZD_OK;
  for (unsigned i = 0; i < n; i++) {
    threads[i] = (indexing_thread){.all = x};
    zd_arena_init(&threads[i].arena, 0);
    if (!err) err = zd_store_snapshot_at(x->store, x->end, &threads[i].view);
  }
  return err ? zd_fail(&x->fault, err, "no snapshot to index again by") : ZD_OK;
}

static void close_threads(indexing_thread *threads, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    if (threads[i].view) zd_snapshot_release(threads[i].view);
    zd_arena_free(&threads[i].arena);
    free(threads[i].kept);
  }
}

static zd_err index_all(reindexing *x) {
  indexing_thread threads[THREADS_MAX] = {{.all = x}};
  uint64_t windows = (x->end + WINDOW - 1) / WINDOW;
  unsigned n = zd_workers_cpus() < THREADS_MAX ? zd_workers_cpus() : THREADS_MAX;
  if (n > windows) n = (unsigned)windows;
  zd_err err = open_threads(x, threads, n);
  zd_workers *workers = !err && n > 1 ? zd_workers_open(n - 1, THREADS_MAX) : NULL;
  for (unsigned i = 1; workers && i < n; i++) {
    if (zd_workers_submit(workers, index_windows, &threads[i])) break; /* fewer do it all */
  }
  if (!err) index_windows(&threads[0]);
  if (workers) zd_workers_close(workers);
  close_threads(threads, n);
  return err ? err : x->err;
}

/* Rows in memory would be replayed with the new fields after a crash; flushed, all rows the
 * snapshot sees have one home. */
static zd_err make_ready(reindexing *x, const uint32_t *fields, size_t n, zd_fault *fault) {
  zd_snapshot *v;
  x->fields = calloc(n ? n : 1, sizeof *fields);
  if (!x->fields) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to index again");
  if (n) memcpy(x->fields, fields, n * sizeof *fields);
  qsort(x->fields, n, sizeof *fields, by_number);
  zd_err err = zd_store_snapshot(x->store, &v);
  if (err) return zd_fail(fault, err, "no snapshot to index again by");
  x->end = zd_snapshot_row(v);
  zd_snapshot_release(v);
  err = zd_symbols_sync(x->store->symbols, fault);
  return err ? err : zd_index_flush(x->store->index, fault);
}

zd_err zd_store_reindex(zd_store *s, const uint32_t *fields, size_t n,
                        bool (*progress)(void *context, uint64_t done, uint64_t total),
                        void *context, zd_fault *fault) {
  if (s->read_only || !s->started || !s->indexer.entries) {
    return zd_fail(fault, ZD_ERR_REFUSED, "the store is read-only or has no indexer");
  }
  reindexing x = {.store = s, .field_count = n, .progress = progress, .context = context};
  pthread_mutex_init(&x.lock, NULL);
  zd_err err = make_ready(&x, fields, n, fault);
  if (!err && progress && !progress(context, 0, x.end))
    err = zd_fail(fault, ZD_ERR_CANCELLED, "indexing again was stopped");
  else if (!err && x.end && (err = index_all(&x)) != ZD_OK && fault)
    *fault = x.fault;
  pthread_mutex_destroy(&x.lock);
  free(x.fields);
  return err;
}
