/* pool.h: things that are dear to make and serve one thread at a time: taken, used, given back.
 *
 * What was given back last is taken first, while it is still in the caches. A pool holds as many as
 * were ever in use at once.
 */
#ifndef ZD_BASE_POOL_H
#define ZD_BASE_POOL_H

#include <stddef.h>

/* For any thread. */
typedef struct zd_pool zd_pool;

/* make: a new thing, NULL when memory is exhausted; drop: its end. NULL: out of memory. */
zd_pool *zd_pool_new(void *(*make)(void), void (*drop)(void *thing));
/* Everything has to have been given back. NULL is allowed. */
void zd_pool_free(zd_pool *pool);

/* One that was given back, or a new one; NULL: out of memory. */
void *zd_pool_take(zd_pool *pool);
/* NULL is allowed. */
void zd_pool_give(zd_pool *pool, void *thing);

#endif
