#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>

struct zd_pool {
  void *(*make)(void);
  void (*drop)(void *thing);
  pthread_mutex_t lock;
  void **idle;
  size_t n, room;
};

zd_pool *zd_pool_new(void *(*make)(void), void (*drop)(void *thing)) {
  zd_pool *pool = calloc(1, sizeof *pool);
  if (!pool || pthread_mutex_init(&pool->lock, NULL) != 0) {
    free(pool);
    return NULL;
  }
  pool->make = make;
  pool->drop = drop;
  return pool;
}

void zd_pool_free(zd_pool *pool) {
  if (!pool) return;
  while (pool->n) pool->drop(pool->idle[--pool->n]);
  pthread_mutex_destroy(&pool->lock);
  free(pool->idle);
  free(pool);
}

void *zd_pool_take(zd_pool *pool) {
  void *thing = NULL;
  pthread_mutex_lock(&pool->lock);
  if (pool->n) thing = pool->idle[--pool->n];
  pthread_mutex_unlock(&pool->lock);
  return thing ? thing : pool->make();
}

/* Under the lock. */
static int make_room(zd_pool *pool) {
  if (pool->n < pool->room) return 1;
  size_t room = pool->room ? pool->room * 2 : 8;
  void **idle = realloc(pool->idle, room * sizeof *idle);
  if (!idle) return 0;
  pool->idle = idle;
  pool->room = room;
  return 1;
}

void zd_pool_give(zd_pool *pool, void *thing) {
  if (!thing) return;
  pthread_mutex_lock(&pool->lock);
  int kept = make_room(pool);
  if (kept) pool->idle[pool->n++] = thing;
  pthread_mutex_unlock(&pool->lock);
  if (!kept) pool->drop(thing);
}
