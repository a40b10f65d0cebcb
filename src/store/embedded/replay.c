/* Start: the rows of the log that the index has not flushed are derived again and put in.
 *
 * Records are gathered in windows; a window's bodies are unpacked and their entries derived on
 * several threads; then its rows are appended in order. What is replayed is bounded by what the
 * index keeps in memory, unless the index was lost: then it is everything.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/workers.h"
#include "store/embedded/engine.h"

enum { WINDOW_ROWS = 2048, WINDOW_BYTES = 8 << 20, THREADS_MAX = 8, ALONE = 64 };

typedef struct item {
  zd_record_head head; /* its body lies in the window's arena */
  zd_locator at;
  const zd_entry *entries;
  size_t entry_count;
} item;

typedef struct replay replay;

/* One thread's share of deriving. */
typedef struct deriver {
  replay *replay;
  zd_arena arena;
  zd_unpacker *unpacker;
  zd_err err;
  zd_fault fault;
} deriver;

struct replay {
  zd_store *store;
  zd_row indexed; /* rows below are in the index already */
  item *items;
  size_t count, bytes;
  zd_row first; /* row of items[0] */
  zd_arena window;
  _Atomic size_t next; /* item to be derived next */
  deriver derivers[THREADS_MAX];
  unsigned threads;
  zd_workers *workers;
};

/* ---- deriving ---- */

static zd_err derive_item(deriver *d, item *it) {
  const zd_indexer *x = &d->replay->store->indexer;
  zd_record_head *h = &it->head;
  it->entries = NULL;
  it->entry_count = 0;
  if (!x->entries || h->op == ZD_OP_DELETE) return ZD_OK;
  char *body = zd_arena_alloc(&d->arena, h->plain_n + 1);
  if (!body) return zd_fail(&d->fault, ZD_ERR_MEMORY, "no memory for %u bytes", h->plain_n);
  zd_err err = zd_codec_unpack(d->replay->store->codec, d->unpacker, h, body, &d->fault);
  if (err) return err;
  err = x->entries(x->state, h->type, zd_slice_make(body, h->plain_n), &d->arena, &it->entries,
                   &it->entry_count);
  if (!err) return ZD_OK;
  zd_slice type = zd_symbols_name(d->replay->store->symbols, h->type);
  return zd_fail(&d->fault, err, "%.*s/%.*s, version %llu: its index entries cannot be derived: %s",
                 ZD_SV(type), (int)h->id_n, h->id, (unsigned long long)h->version,
                 zd_err_name(err));
}

static void derive(void *context) {
  deriver *d = context;
  replay *r = d->replay;
  for (;;) {
    size_t i = atomic_fetch_add(&r->next, 1);
    if (i >= r->count) return;
    d->err = derive_item(d, &r->items[i]);
    if (!d->err) continue;
    atomic_store(&r->next, r->count); /* the others need not go on */
    return;
  }
}

static zd_err derive_all(replay *r, zd_fault *fault) {
  atomic_store(&r->next, 0);
  unsigned threads = r->count > ALONE && r->workers ? r->threads : 1;
  for (unsigned i = 1; i < threads; i++) {
    if (zd_workers_submit(r->workers, derive, &r->derivers[i])) break; /* fewer do it all */
  }
  derive(&r->derivers[0]);
  if (threads > 1) zd_workers_wait(r->workers);
  for (unsigned i = 0; i < threads; i++) {
    if (!r->derivers[i].err) continue;
    if (fault) *fault = r->derivers[i].fault;
    return r->derivers[i].err;
  }
  return ZD_OK;
}

/* ---- a window ---- */

static zd_err append_all(replay *r, zd_fault *fault) {
  for (size_t i = 0; i < r->count; i++) {
    const item *it = &r->items[i];
    zd_index_row row = {.op = it->head.op,
                        .type = it->head.type,
                        .id = {it->head.id, it->head.id_n},
                        .previous = it->head.previous,
                        .locator = it->at,
                        .entries = it->entries,
                        .entry_count = it->entry_count};
    zd_err err = zd_index_append(r->store->index, &row);
    if (err) {
      return zd_fail(fault, err, "row %llu cannot be indexed: %s", (unsigned long long)r->first + i,
                     zd_err_name(err));
    }
  }
  return ZD_OK;
}

static zd_err finish_window(replay *r, zd_fault *fault) {
  if (!r->count) return ZD_OK;
  zd_index_wait_room(r->store->index);
  zd_err err = derive_all(r, fault);
  /* names the indexer made are used by rows that may be flushed once they are published */
  if (!err) err = zd_symbols_sync(r->store->symbols, fault);
  if (!err) err = append_all(r, fault);
  if (!err) zd_index_publish(r->store->index, r->first + r->count);
  for (unsigned i = 0; i < r->threads; i++) zd_arena_reset(&r->derivers[i].arena);
  zd_arena_reset(&r->window);
  r->count = r->bytes = 0;
  return err;
}

static zd_err judge(const zd_store *s, const zd_record_head *h, uint32_t index, uint64_t back,
                    zd_row row, zd_fault *fault) {
  if (h->index == index && h->back == back && h->type < zd_symbols_durable(s->symbols) &&
      (h->previous == ZD_NO_ROW ? h->version == 1 : h->previous < row && h->version > 1)) {
    return ZD_OK;
  }
  return zd_fail(fault, ZD_ERR_CORRUPT, "row %llu: the record contradicts its place in the log",
                 (unsigned long long)row);
}

static zd_err add_item(replay *r, const zd_record_head *h, zd_locator at, zd_row row,
                       zd_fault *fault) {
  if (r->count == WINDOW_ROWS || r->bytes + h->plain_n > WINDOW_BYTES) {
    zd_err err = finish_window(r, fault);
    if (err) return err;
  }
  zd_slice body = zd_arena_copy(&r->window, zd_slice_make(h->body, h->body_n));
  if (!body.p) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to replay the log");
  if (!r->count) r->first = row;
  item *it = &r->items[r->count++];
  *it = (item){.head = *h, .at = at};
  it->head.body = (const unsigned char *)body.p;
  r->bytes += h->plain_n;
  return ZD_OK;
}

static zd_err visit(void *context, zd_log_cursor *c, zd_locator at, const zd_commit_head *commit,
                    zd_fault *fault) {
  replay *r = context;
  uint64_t back = ZD_COMMIT_HEAD;
  if (commit->first_row + commit->rows <= r->indexed) return ZD_OK;
  for (uint32_t i = 0; i < commit->rows; i++) {
    zd_record_head h;
    zd_row row = commit->first_row + i;
    zd_err err = zd_log_cursor_record(c, at + back, &h, fault);
    if (!err) err = judge(r->store, &h, i, back, row, fault);
    if (!err && row >= r->indexed) err = add_item(r, &h, at + back, row, fault);
    if (err) return err;
    back += h.size;
  }
  return ZD_OK;
}

/* ---- where to begin ---- */

/* The commit that holds the last row the index has flushed. */
static zd_err find_start(zd_store *s, zd_row indexed, zd_log_place *place, zd_fault *fault) {
  *place = (zd_log_place){.at = 0, .row = 0, .sequence = 1, .time_ms = INT64_MIN};
  if (!indexed) return ZD_OK;
  zd_index_view *view;
  zd_err err = zd_index_view_acquire(s->index, &view);
  if (err) return zd_fail(fault, err, "no view of the index");
  zd_reader *reader = zd_reader_take(s);
  zd_locator at;
  zd_record_head h;
  zd_commit_head commit;
  err = reader ? ZD_OK : zd_fail(fault, ZD_ERR_MEMORY, "no memory to read the log");
  if (!err) err = zd_index_locator(view, indexed - 1, &at, fault);
  if (!err) err = zd_log_cursor_record(&reader->cursor, at, &h, fault);
  if (!err) err = zd_log_cursor_commit_of(&reader->cursor, at, h.back, &commit, fault);
  zd_reader_give(s, reader);
  zd_index_view_release(view);
  if (err) return err;
  if (commit.first_row + h.index != indexed - 1) {
    return zd_fail(fault, ZD_ERR_CORRUPT, "row %llu: its locator leads to another",
                   (unsigned long long)indexed - 1);
  }
  *place = (zd_log_place){at - h.back, commit.first_row, commit.sequence, INT64_MIN};
  return ZD_OK;
}

static zd_err open_replay(replay *r, zd_fault *fault) {
  unsigned cpus = zd_workers_cpus();
  r->threads = cpus < THREADS_MAX ? cpus : THREADS_MAX;
  r->items = malloc(WINDOW_ROWS * sizeof *r->items);
  zd_arena_init(&r->window, 0);
  bool complete = r->items != NULL;
  for (unsigned i = 0; i < r->threads; i++) {
    deriver *d = &r->derivers[i];
    d->replay = r;
    zd_arena_init(&d->arena, 0);
    d->unpacker = zd_unpacker_new();
    if (!d->unpacker) complete = false;
  }
  if (r->threads > 1) r->workers = zd_workers_open(r->threads - 1, THREADS_MAX);
  return complete ? ZD_OK : zd_fail(fault, ZD_ERR_MEMORY, "no memory to replay the log");
}

static void close_replay(replay *r) {
  if (r->workers) zd_workers_close(r->workers);
  for (unsigned i = 0; i < r->threads; i++) {
    zd_arena_free(&r->derivers[i].arena);
    zd_unpacker_free(r->derivers[i].unpacker);
  }
  zd_arena_free(&r->window);
  free(r->items);
}

static zd_err run(replay *r, zd_log_place *end, uint64_t *torn, zd_fault *fault) {
  zd_err err = zd_log_walk(r->store->log, end, visit, r, torn, fault);
  return err ? err : finish_window(r, fault);
}

zd_err zd_store_replay(zd_store *s, zd_log_place *end, zd_fault *fault) {
  replay r = {.store = s, .indexed = zd_index_next_row(s->index)};
  uint64_t torn = 0;
  zd_err err = find_start(s, r.indexed, end, fault);
  if (!err) err = open_replay(&r, fault);
  if (!err) err = run(&r, end, &torn, fault);
  close_replay(&r);
  if (err) return err;
  if (end->row < r.indexed) {
    return zd_fail(fault, ZD_ERR_CORRUPT, "the log ends before row %llu, the index before row %llu",
                   (unsigned long long)end->row, (unsigned long long)r.indexed);
  }
  if (torn) {
    char bytes[24];
    snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)torn);
    zd_log(s->logger, ZD_LOG_WARN, "torn tail of the log cut", "bytes", bytes, NULL);
  }
  return zd_log_files_resume(s->log, zd_locator_file(end->at), zd_locator_offset(end->at), fault);
}
