/* indexing.c: what is stored is indexed for parameters that are new, while everything goes on.
 *
 * A pass belongs to a generation and ends when another one comes: the next pass does what is late
 * then. Whether a field is complete is said under `notes`, and only for the present generation. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "define/definer_internal.h"

typedef struct pass {
  zd_definer *d;
  const zd_generation *g;
  bool (*progress)(void *context, uint64_t done, uint64_t total);
  void *context;
} pass;

static bool go_on(void *context, uint64_t done, uint64_t total) {
  pass *x = context;
  zd_definer *d = x->d;
  if (atomic_load(&d->stopping) || !zd_generation_is_present(d, x->g)) return false;
  atomic_store(&d->total, total);
  atomic_store(&d->done, done);
  return !x->progress || x->progress(x->context, done, total);
}

/* A search of the same that derives only what is late. */
static zd_err open_narrow(pass *x, zd_fault *fault) {
  zd_definer *d = x->d;
  zd_snapshot *v;
  zd_err err = zd_store_snapshot(d->o.store, &v);
  if (err) return zd_fail(fault, err, "no snapshot to index again by");
  err = zd_search_contains(x->g->search, v, &d->all_concern);
  zd_snapshot_release(v);
  if (!err)
    err = zd_search_open(x->g->schema, d->o.store, zd_slice_of(d->base_url), &d->narrow, fault);
  if (!err)
    zd_search_narrow(d->narrow, zd_search_late_fields(x->g->search),
                     zd_search_behind(x->g->search));
  return err;
}

/* The same generation without anything late takes its place: under `changing` and `notes`. */
static zd_err complete(pass *x, zd_fault *fault) {
  zd_definer *d = x->d;
  zd_defined defined;
  generation *next;
  const generation *old = (const generation *)(const void *)x->g;
  zd_err err = zd_search_note_complete(x->g->search, fault);
  if (err) return err;
  err = zd_defined_copy(&old->defined, &defined, fault);
  if (err) {
    zd_defined_free(&defined);
    return err;
  }
  err = zd_generation_new(d, &defined, &next, fault);
  if (!err) err = zd_search_compare(next->shown.search, false, fault);
  if (!err) err = zd_generation_install(d, next, fault);
  if (err) zd_generation_free(next);
  return err;
}

/* *over: another generation has come. */
static zd_err run_pass(pass *x, bool *over, zd_fault *fault) {
  zd_definer *d = x->d;
  zd_err err = zd_search_behind(x->g->search) ? open_narrow(x, fault) : ZD_OK;
  if (!err) err = zd_search_index_late(x->g->search, go_on, x, fault);
  zd_search_close(d->narrow);
  d->narrow = NULL;
  *over = false;
  if (err == ZD_ERR_CANCELLED && atomic_load(&d->stopping)) return err;
  zd_definer_lock(d);
  pthread_mutex_lock(&d->notes);
  zd_generations_sweep(d);
  *over = !zd_generation_is_present(d, x->g);
  if (!err && !*over && zd_search_behind(x->g->search)) err = complete(x, fault);
  pthread_mutex_unlock(&d->notes);
  zd_definer_unlock(d);
  return *over ? ZD_OK : err;
}

zd_err zd_definer_index_now(zd_definer *d,
                            bool (*progress)(void *context, uint64_t done, uint64_t total),
                            void *context, zd_fault *fault) {
  bool over = true;
  zd_err err = ZD_OK;
  while (over && !err) {
    pass x = {.d = d, .g = zd_definer_take(d), .progress = progress, .context = context};
    err = run_pass(&x, &over, fault);
    zd_definer_give(d, x.g);
  }
  return err;
}

/* ---- in the background ---- */

static void tell(const zd_definer *d, const char *event, uint64_t rows, uint64_t from_ns) {
  char count[24], took[24];
  snprintf(count, sizeof count, "%llu", (unsigned long long)rows);
  snprintf(took, sizeof took, "%llu",
           (unsigned long long)(zd_clock_monotonic_ns() - from_ns) / 1000000);
  zd_log(d->o.logger, ZD_LOG_INFO, event, "versions", count, "ms", took, NULL);
}

static zd_err index_present(zd_definer *d) {
  zd_fault fault = {0};
  bool over;
  uint64_t from = zd_clock_monotonic_ns();
  pass x = {.d = d, .g = zd_definer_take(d)};
  zd_log(d->o.logger, ZD_LOG_INFO, "indexing new search parameters", NULL);
  zd_err err = run_pass(&x, &over, &fault);
  zd_definer_give(d, x.g);
  if (err && err != ZD_ERR_CANCELLED)
    zd_log(d->o.logger, ZD_LOG_ERROR, "new search parameters cannot be indexed", "why", fault.text,
           NULL);
  else if (!err && !over)
    tell(d, "new search parameters are indexed", atomic_load(&d->total), from);
  return err == ZD_ERR_CANCELLED ? ZD_OK : err;
}

static bool is_behind(zd_definer *d) {
  const zd_generation *g = zd_definer_take(d);
  bool behind = zd_search_behind(g->search) > 0;
  zd_definer_give(d, g);
  return behind;
}

/* Others go first. */
static void step_back(void) {
  enum { NICENESS = 10 };
  (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
}

/* Until there is something to do; after a failure a while passes first. False: stop. */
static bool wait_for_work(zd_definer *d, bool failed) {
  enum { RETRY_SECONDS = 10 };
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += RETRY_SECONDS;
  pthread_mutex_lock(&d->notes);
  if (failed && !atomic_load(&d->stopping)) pthread_cond_timedwait(&d->wake, &d->notes, &until);
  while (!atomic_load(&d->stopping) && !is_behind(d)) pthread_cond_wait(&d->wake, &d->notes);
  pthread_mutex_unlock(&d->notes);
  return !atomic_load(&d->stopping);
}

static void *index_thread(void *context) {
  zd_definer *d = context;
  zd_err err = ZD_OK;
  step_back(); /* and with it the threads that are started for a pass */
  while (wait_for_work(d, err != ZD_OK)) err = index_present(d);
  return NULL;
}

zd_err zd_definer_index_start(zd_definer *d, zd_fault *fault) {
  if (pthread_create(&d->thread, NULL, index_thread, d) != 0)
    return zd_fail(fault, ZD_ERR_MEMORY, "no thread to index new search parameters");
  d->running = true;
  return ZD_OK;
}

void zd_definer_stop(zd_definer *d) {
  if (!d->running) return;
  pthread_mutex_lock(&d->notes);
  atomic_store(&d->stopping, true);
  pthread_cond_broadcast(&d->wake);
  pthread_mutex_unlock(&d->notes);
  pthread_join(d->thread, NULL);
  d->running = false;
}

void zd_definer_progress_get(zd_definer *d, zd_definer_progress *out) {
  const zd_generation *g = zd_definer_take(d);
  *out = (zd_definer_progress){.fields = zd_search_behind(g->search)};
  zd_definer_give(d, g);
  if (!out->fields) return;
  out->done = atomic_load(&d->done);
  out->total = atomic_load(&d->total);
}
