/* The one thread that orders commits, writes them and makes them visible.
 *
 *   submit ─► queue ─► take all waiting ─► each: conflicts? guards? number, index (unpublished)
 *                                      ─► one write, one sync ─► publish ─► done callbacks
 *
 * While one group is being synced the next gathers in the queue: the slower the disk, the larger
 * the groups. A group is durable whole or taken back whole.
 */
#include <stdlib.h>

#include "store/embedded/engine.h"

/* Bytes of log one group may have before the rest waits for the next: bounds the time to sync. */
#define GROUP_BYTES ((size_t)16 << 20)
/* Commits smaller than this are gathered into one write; larger ones are written where they are. */
#define GATHER_BYTES ((size_t)64 << 10)

struct zd_committer {
  zd_store *store;
  pthread_t thread;
  pthread_mutex_t lock; /* guards queue and closing */
  pthread_cond_t work;
  zd_txn *head, **tail;
  bool closing;
  /* the committer's own from here */
  zd_log_place next; /* row, sequence and time of the next commit */
  zd_buffer gather;
  zd_err broken; /* what the device or the index holds is unknown: no more commits */
  zd_fault fault;
};

/* What a group goes through. */
typedef struct group {
  zd_txn *first;
  zd_row row;       /* first row of the group */
  zd_locator at;    /* where its first byte goes */
  uint64_t offset;  /* where the next commit goes */
  zd_log_place end; /* place behind the commits accepted so far */
  zd_snapshot *pending;
} group;

static void reject(zd_txn *t, zd_err err, const zd_fault *fault) {
  t->accepted = false;
  if (t->chain) atomic_store(&t->chain->broken, true);
  t->result.err = err;
  t->result.first_row = ZD_NO_ROW;
  if (fault) t->result.fault = *fault;
  if (!fault) zd_fail(&t->result.fault, err, "the commit failed: %s", zd_err_name(err));
}

/* ---- accepting ---- */

static zd_err check_chain(const zd_txn *t, zd_fault *fault) {
  if (!t->chain || !atomic_load(&t->chain->broken)) return ZD_OK;
  return zd_fail(fault, ZD_ERR_CONFLICT, "what was to be committed before it was refused");
}

static zd_err check_writes(zd_committer *c, zd_txn *t, zd_fault *fault) {
  zd_index_name names[ZD_INDEX_NAMES];
  for (size_t i = 0, n; i < t->count; i += n) {
    size_t first;
    for (n = 0; n < ZD_INDEX_NAMES && i + n < t->count; n++) {
      const zd_txn_row *r = &t->rows[i + n];
      names[n] = (zd_index_name){r->type, zd_slice_make(r->id, r->id_n)};
    }
    zd_err err = zd_index_written_since(c->store->index, names, n, t->as_of, &first, fault);
    if (err) return err;
    if (first == n) continue;
    t->result.conflict = i + first;
    return zd_fail(fault, ZD_ERR_CONFLICT, "write %zu: another commit was first", i + first);
  }
  return ZD_OK;
}

static zd_err index_rows(zd_committer *c, zd_txn *t, zd_locator base) {
  zd_index *x = c->store->index;
  if (t->batch) {
    zd_err err = zd_index_attach(x, t->batch, base);
    if (!err) t->batch = NULL;
    return err;
  }
  for (size_t i = 0; i < t->count; i++) {
    const zd_txn_row *r = &t->rows[i];
    zd_index_row row = {.op = r->op,
                        .type = r->type,
                        .id = {r->id, r->id_n},
                        .previous = r->previous,
                        .locator = base + r->at,
                        .entries = r->entries,
                        .entry_count = r->entry_count};
    zd_err err = zd_index_append(x, &row);
    if (err) return err;
  }
  return ZD_OK;
}

static void break_off(zd_committer *c, zd_err err, const zd_fault *why) {
  if (c->broken) return;
  c->broken = err;
  zd_fail(&c->fault, err, "the store takes no more writes until it is reopened: %.300s", why->text);
  zd_log(c->store->logger, ZD_LOG_ERROR, "store refuses writes", "why", why->text, NULL);
}

/* Takes the index back to `row`; false when it could not be. */
static bool roll_back(zd_committer *c, zd_row row) {
  zd_fault fault = {0};
  zd_err err = zd_index_rollback(c->store->index, row);
  if (!err) return true;
  zd_fail(&fault, err, "the index could not be taken back to row %llu", (unsigned long long)row);
  break_off(c, err, &fault);
  return false;
}

static int64_t commit_time(zd_committer *c, const group *g) {
  int64_t now = zd_clock_now(c->store->clock);
  return now > g->end.time_ms ? now : g->end.time_ms;
}

/* Orders one transaction behind those accepted before it, or rejects it. */
static void accept(zd_committer *c, group *g, zd_txn *t) {
  zd_fault fault = {0};
  zd_err err = check_chain(t, &fault);
  if (!err) err = check_writes(c, t, &fault);
  if (!err) err = zd_guards_check(t, g->first, &g->pending, &fault);
  if (err) {
    if (!fault.code) zd_fail(&fault, err, "the commit could not be checked");
    reject(t, err, &fault);
    return;
  }
  zd_locator at = zd_locator_make(zd_locator_file(g->at), g->offset);
  err = index_rows(c, t, at);
  if (err) {
    roll_back(c, g->end.row);
    reject(t, err, NULL);
    return;
  }
  zd_commit_head h = {.length = t->log.n - ZD_COMMIT_HEAD,
                      .sequence = g->end.sequence,
                      .durable = zd_locator_offset(g->at),
                      .time_ms = commit_time(c, g),
                      .first_row = g->end.row,
                      .rows = (uint32_t)t->count,
                      .records_crc = t->records_crc};
  zd_commit_head_write(&h, (unsigned char *)t->log.p);
  t->accepted = true;
  t->result.sequence = h.sequence;
  t->result.first_row = h.first_row;
  t->result.time_ms = h.time_ms;
  g->offset += t->log.n;
  g->end.row += t->count;
  g->end.sequence++;
  g->end.time_ms = h.time_ms;
}

/* ---- writing ---- */

static zd_err write_gathered(zd_committer *c, zd_fault *fault) {
  if (c->gather.failed) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to gather the commits");
  if (!c->gather.n) return ZD_OK;
  zd_err err = zd_log_files_append(c->store->log, c->gather.p, c->gather.n, fault);
  zd_buffer_clear(&c->gather);
  return err;
}

static zd_err write_group(zd_committer *c, const group *g, zd_fault *fault) {
  zd_buffer_clear(&c->gather);
  for (const zd_txn *t = g->first; t; t = t->next) {
    if (!t->accepted) continue;
    if (t->log.n < GATHER_BYTES) {
      zd_buffer_add_slice(&c->gather, zd_buffer_slice(&t->log));
      if (c->gather.n < GROUP_BYTES) continue;
    }
    zd_err err = write_gathered(c, fault);
    if (!err && t->log.n >= GATHER_BYTES) {
      err = zd_log_files_append(c->store->log, t->log.p, t->log.n, fault);
    }
    if (err) return err;
  }
  return write_gathered(c, fault);
}

/* Nothing of the group may be seen, now or after a restart. */
static void take_back(zd_committer *c, group *g, zd_err err, const zd_fault *fault) {
  zd_fault cut = {0};
  if (zd_log_files_cut(c->store->log, &cut)) break_off(c, ZD_ERR_IO, &cut);
  roll_back(c, g->row);
  for (zd_txn *t = g->first; t; t = t->next) {
    if (t->accepted) reject(t, err, fault);
  }
}

static void make_durable(zd_committer *c, group *g) {
  zd_fault fault = {0};
  zd_err err = write_group(c, g, &fault);
  if (!err) {
    err = zd_log_files_sync(c->store->log, &fault);
    if (err) break_off(c, ZD_ERR_IO, &fault);
  }
  if (err) {
    take_back(c, g, err, &fault);
    return;
  }
  zd_store *s = c->store;
  atomic_fetch_add_explicit(&s->commits, g->end.sequence - c->next.sequence, memory_order_relaxed);
  atomic_fetch_add_explicit(&s->syncs, 1, memory_order_relaxed);
  c->next = g->end;
  atomic_store_explicit(&s->sequence, g->end.sequence - 1, memory_order_release);
  zd_index_publish(s->index, g->end.row);
}

/* ---- the thread ---- */

static zd_err prepare(zd_committer *c, group *g, zd_fault *fault) {
  if (c->broken) {
    *fault = c->fault;
    return c->broken;
  }
  zd_err err = zd_symbols_sync(c->store->symbols, fault);
  if (!err) err = zd_log_files_begin(c->store->log, g->row, g->end.sequence, &g->at, fault);
  g->offset = zd_locator_offset(g->at);
  return err;
}

static void answer(zd_txn *t) {
  zd_commit_done done = t->done;
  void *context = t->context;
  zd_commit_result result = t->result;
  zd_txn_free(t);
  done(context, &result);
}

static void commit_group(zd_committer *c, zd_txn *first) {
  group g = {.first = first, .row = c->next.row, .end = c->next};
  zd_fault fault = {0};
  zd_err err = prepare(c, &g, &fault);
  for (zd_txn *t = first; t; t = t->next) {
    if (!err && c->broken) { /* by the one before */
      err = c->broken;
      fault = c->fault;
    }
    if (err) {
      reject(t, err, &fault);
    } else {
      accept(c, &g, t);
    }
  }
  zd_snapshot_release(g.pending);
  if (!err && c->broken) { /* by the last one */
    err = c->broken;
    fault = c->fault;
  }
  if (err) {
    if (g.end.row != g.row) take_back(c, &g, err, &fault);
  } else if (g.end.row != g.row) {
    make_durable(c, &g);
  }
  for (zd_txn *t = first, *next; t; t = next) {
    next = t->next;
    answer(t);
  }
}

/* What is waiting, up to a group's size; with the lock held. */
static zd_txn *take_group(zd_committer *c) {
  zd_txn *first = c->head, **end = &c->head;
  size_t bytes = 0;
  while (*end && (bytes == 0 || bytes + (*end)->log.n <= GROUP_BYTES)) {
    bytes += (*end)->log.n;
    end = &(*end)->next;
  }
  zd_txn *rest = *end;
  *end = NULL;
  c->head = rest;
  if (!rest) c->tail = &c->head;
  return first;
}

static void *run(void *context) {
  zd_committer *c = context;
  pthread_mutex_lock(&c->lock);
  for (;;) {
    while (!c->head && !c->closing) pthread_cond_wait(&c->work, &c->lock);
    if (!c->head) break;
    zd_txn *first = take_group(c);
    pthread_mutex_unlock(&c->lock);
    commit_group(c, first);
    pthread_mutex_lock(&c->lock);
  }
  pthread_mutex_unlock(&c->lock);
  return NULL;
}

zd_err zd_committer_open(zd_store *s, const zd_log_place *next, zd_committer **out,
                         zd_fault *fault) {
  zd_committer *c = calloc(1, sizeof *c);
  if (!c) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the committer");
  c->store = s;
  c->next = *next;
  c->tail = &c->head;
  zd_buffer_init(&c->gather, 0);
  pthread_mutex_init(&c->lock, NULL);
  pthread_cond_init(&c->work, NULL);
  if (pthread_create(&c->thread, NULL, run, c) == 0) {
    *out = c;
    return ZD_OK;
  }
  pthread_mutex_destroy(&c->lock);
  pthread_cond_destroy(&c->work);
  free(c);
  return zd_fail(fault, ZD_ERR_MEMORY, "no thread for the committer");
}

void zd_committer_close(zd_committer *c) {
  if (!c) return;
  pthread_mutex_lock(&c->lock);
  c->closing = true;
  pthread_cond_signal(&c->work);
  pthread_mutex_unlock(&c->lock);
  pthread_join(c->thread, NULL);
  pthread_mutex_destroy(&c->lock);
  pthread_cond_destroy(&c->work);
  zd_buffer_free(&c->gather);
  free(c);
}

/* ---- submitting ---- */

void zd_store_submit(zd_store *s, zd_txn *t, zd_commit_done done, void *context) {
  t->done = done;
  t->context = context;
  t->result = (zd_commit_result){.conflict = SIZE_MAX, .first_row = ZD_NO_ROW};
  zd_err err = zd_txn_seal(t);
  if (err) {
    reject(t, err, NULL);
    answer(t);
    return;
  }
  zd_committer *c = s->committer;
  pthread_mutex_lock(&c->lock);
  t->next = NULL;
  *c->tail = t;
  c->tail = &t->next;
  pthread_cond_signal(&c->work);
  pthread_mutex_unlock(&c->lock);
}

typedef struct waiter {
  pthread_mutex_t lock; /* guards the two below */
  pthread_cond_t ready;
  bool done;
  zd_commit_result result;
} waiter;

static void wake(void *context, const zd_commit_result *result) {
  waiter *w = context;
  pthread_mutex_lock(&w->lock);
  w->result = *result;
  w->done = true;
  pthread_cond_signal(&w->ready);
  pthread_mutex_unlock(&w->lock);
}

zd_commit_result zd_store_commit_told(zd_store *s, zd_txn *t, void (*queued)(void *context),
                                      void *context) {
  waiter w = {.done = false};
  pthread_mutex_init(&w.lock, NULL);
  pthread_cond_init(&w.ready, NULL);
  zd_store_submit(s, t, wake, &w);
  if (queued) queued(context);
  pthread_mutex_lock(&w.lock);
  while (!w.done) pthread_cond_wait(&w.ready, &w.lock);
  pthread_mutex_unlock(&w.lock);
  pthread_mutex_destroy(&w.lock);
  pthread_cond_destroy(&w.ready);
  return w.result;
}

zd_commit_result zd_store_commit(zd_store *s, zd_txn *t) {
  return zd_store_commit_told(s, t, NULL, NULL);
}
