#include "base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

/* One ring of waiting jobs behind one lock.
 *
 * A job has a number: the count of jobs submitted before it. Waiting for "everything submitted
 * before now" is waiting until no unfinished job has a smaller number; since jobs end in any
 * order, each thread keeps the number it is running, and the ring's head bounds the rest. */
typedef struct order {
  zd_job run;
  void *context;
} order;

typedef struct worker {
  zd_workers *pool;
  pthread_t thread;
  uint64_t running; /* number of its job, UINT64_MAX when idle; guarded by pool->lock */
} worker;

struct zd_workers {
  pthread_mutex_t lock;  /* guards all below; taken alone, never while a job runs */
  pthread_cond_t filled; /* a job was added, or closing began */
  pthread_cond_t ended;  /* a job ended */
  bool closing;
  uint64_t taken;     /* number of the next job to start */
  uint64_t submitted; /* number of the next job to submit; submitted - taken jobs wait */
  size_t room;
  order *ring; /* job i is ring[i % room] */
  unsigned threads;
  worker workers[];
};

static void run_next(zd_workers *w, worker *self) {
  order next = w->ring[w->taken % w->room];
  self->running = w->taken++;
  pthread_mutex_unlock(&w->lock);
  next.run(next.context);
  pthread_mutex_lock(&w->lock);
  self->running = UINT64_MAX;
  pthread_cond_broadcast(&w->ended);
}

static void *work(void *context) {
  worker *self = context;
  zd_workers *w = self->pool;
  pthread_mutex_lock(&w->lock);
  for (;;) {
    while (w->taken == w->submitted && !w->closing) pthread_cond_wait(&w->filled, &w->lock);
    if (w->taken == w->submitted) break;
    run_next(w, self);
  }
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

static zd_workers *allocate(unsigned threads, size_t queue) {
  size_t ring_bytes;
  if (!threads || !queue || __builtin_mul_overflow(queue, sizeof(order), &ring_bytes)) return NULL;
  zd_workers *w = calloc(1, sizeof *w + threads * sizeof(worker));
  if (!w) return NULL;
  w->ring = malloc(ring_bytes);
  if (!w->ring) {
    free(w);
    return NULL;
  }
  w->room = queue;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->filled, NULL);
  pthread_cond_init(&w->ended, NULL);
  return w;
}

zd_workers *zd_workers_open(unsigned threads, size_t queue) {
  zd_workers *w = allocate(threads, queue);
  if (!w) return NULL;
  for (unsigned i = 0; i < threads; i++) {
    w->workers[i] = (worker){.pool = w, .running = UINT64_MAX};
    if (pthread_create(&w->workers[i].thread, NULL, work, &w->workers[i]) != 0) {
      zd_workers_close(w);
      return NULL;
    }
    /* Not read by the threads: only wait and close look at it, both after open returned. */
    w->threads = i + 1;
  }
  return w;
}

void zd_workers_close(zd_workers *w) {
  if (!w) return;
  pthread_mutex_lock(&w->lock);
  w->closing = true;
  pthread_cond_broadcast(&w->filled);
  pthread_mutex_unlock(&w->lock);
  for (unsigned i = 0; i < w->threads; i++) pthread_join(w->workers[i].thread, NULL);
  pthread_cond_destroy(&w->ended);
  pthread_cond_destroy(&w->filled);
  pthread_mutex_destroy(&w->lock);
  free(w->ring);
  free(w);
}

zd_err zd_workers_submit(zd_workers *w, zd_job job, void *context) {
  pthread_mutex_lock(&w->lock);
  bool full = w->submitted - w->taken >= w->room;
  if (!full) {
    w->ring[w->submitted++ % w->room] = (order){job, context};
    pthread_cond_signal(&w->filled);
  }
  pthread_mutex_unlock(&w->lock);
  return full ? ZD_ERR_BUSY : ZD_OK;
}

static bool all_before_ended(const zd_workers *w, uint64_t number) {
  if (w->taken < number) return false;
  for (unsigned i = 0; i < w->threads; i++) {
    if (w->workers[i].running < number) return false;
  }
  return true;
}

void zd_workers_wait(zd_workers *w) {
  pthread_mutex_lock(&w->lock);
  uint64_t number = w->submitted;
  while (!all_before_ended(w, number)) pthread_cond_wait(&w->ended, &w->lock);
  pthread_mutex_unlock(&w->lock);
}

unsigned zd_workers_cpus(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  int n = CPU_COUNT(&set);
  return n > 0 ? (unsigned)n : 1;
}
