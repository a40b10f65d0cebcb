#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/testing/scarcity.h"
#include "base/workers.h"

static void count(void *context) {
  atomic_fetch_add((_Atomic int *)context, 1);
}

/* A door that holds every job that comes to it until it is opened. */
typedef struct door {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool open;
  int inside;
} door;

static void pass(void *context) {
  door *d = context;
  pthread_mutex_lock(&d->lock);
  d->inside++;
  pthread_cond_broadcast(&d->changed);
  while (!d->open) pthread_cond_wait(&d->changed, &d->lock);
  pthread_mutex_unlock(&d->lock);
}

static void await_inside(door *d, int number) {
  pthread_mutex_lock(&d->lock);
  while (d->inside < number) pthread_cond_wait(&d->changed, &d->lock);
  pthread_mutex_unlock(&d->lock);
}

static void open_door(door *d) {
  pthread_mutex_lock(&d->lock);
  d->open = true;
  pthread_cond_broadcast(&d->changed);
  pthread_mutex_unlock(&d->lock);
}

static void wait_returns_when_every_job_has_ended(void **state) {
  (void)state;
  zd_workers *w = zd_workers_open(3, 16);
  assert_non_null(w);
  _Atomic int done = 0;
  int submitted = 0;
  for (int round = 0; round < 200; round++) {
    for (int i = 0; i < 10; i++) {
      if (zd_workers_submit(w, count, &done) == ZD_OK) submitted++;
    }
    zd_workers_wait(w);
    assert_int_equal(atomic_load(&done), submitted);
  }
  assert_true(submitted >= 200);
  zd_workers_wait(w); /* nothing to wait for */
  zd_workers_close(w);
}

static void a_full_queue_refuses(void **state) {
  (void)state;
  door d = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  zd_workers *w = zd_workers_open(1, 2);
  assert_non_null(w);
  assert_int_equal(zd_workers_submit(w, pass, &d), ZD_OK);
  await_inside(&d, 1); /* one runs, so two may wait */
  assert_int_equal(zd_workers_submit(w, pass, &d), ZD_OK);
  assert_int_equal(zd_workers_submit(w, pass, &d), ZD_OK);
  assert_int_equal(zd_workers_submit(w, pass, &d), ZD_ERR_BUSY);
  open_door(&d);
  zd_workers_wait(w);
  assert_int_equal(d.inside, 3);
  zd_workers_close(w);
}

static void close_runs_what_was_queued(void **state) {
  (void)state;
  zd_workers *w = zd_workers_open(2, 100);
  assert_non_null(w);
  _Atomic int done = 0;
  for (int i = 0; i < 100; i++) assert_int_equal(zd_workers_submit(w, count, &done), ZD_OK);
  zd_workers_close(w);
  assert_int_equal(atomic_load(&done), 100);
  zd_workers_close(NULL);
}

static void bad_sizes_and_scarce_memory_give_no_pool(void **state) {
  (void)state;
  assert_null(zd_workers_open(0, 1));
  assert_null(zd_workers_open(1, 0));
  assert_null(zd_workers_open(1, SIZE_MAX));
  for (uint64_t nth = 1;; nth++) {
    zd_scarcity_begin(nth);
    zd_workers *w = zd_workers_open(2, 4);
    bool scarce = zd_scarcity_end();
    assert_int_equal(w == NULL, scarce);
    zd_workers_close(w);
    if (!scarce) break;
  }
}

static void there_is_at_least_one_processor(void **state) {
  (void)state;
  assert_in_range(zd_workers_cpus(), 1, 100000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wait_returns_when_every_job_has_ended),
      cmocka_unit_test(a_full_queue_refuses),
      cmocka_unit_test(close_runs_what_was_queued),
      cmocka_unit_test(bad_sizes_and_scarce_memory_give_no_pool),
      cmocka_unit_test(there_is_at_least_one_processor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
