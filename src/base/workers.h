/* workers.h: a fixed pool of threads for work that may block.
 *
 * First in, first out, bounded queue. The pool owns its threads; a job's memory belongs to who
 * submitted it.
 */
#ifndef ZD_BASE_WORKERS_H
#define ZD_BASE_WORKERS_H

#include "base/error.h"
#include "base/slice.h"

typedef struct zd_workers zd_workers;
typedef void (*zd_job)(void *context);

/* `threads` >= 1, at most `queue` jobs waiting. NULL when memory or threads are exhausted. */
zd_workers *zd_workers_open(unsigned threads, size_t queue);

/* Runs the jobs already queued, then ends the threads. */
void zd_workers_close(zd_workers *w);

/* ZD_ERR_BUSY when the queue is full. Any thread. */
zd_err zd_workers_submit(zd_workers *w, zd_job job, void *context);

/* Blocks until every job submitted before the call has ended. */
void zd_workers_wait(zd_workers *w);

/* Processors this process may use, at least 1. */
unsigned zd_workers_cpus(void);

#endif
