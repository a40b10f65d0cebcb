/* index_internal.h: the index's state, for the files that keep it.
 *
 * Locks, in order: flushing, merging (one of each at a time) → manifest (one change of the set of
 * segments at a time) → writing (the active memtable: appends, and freezing it for a flush) → lock
 * (the list of parts, a few instructions). Readers take only `lock`, to share the list. No lock but
 * the first three is held during I/O.
 */
#ifndef ZD_INDEX_INTERNAL_H
#define ZD_INDEX_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/embedded/index/index.h"
#include "store/embedded/index/part.h"

enum {
  ZD_MEMTABLE_DEFAULT = 16384,
  ZD_FLUSH_ROWS = 1 << 18, /* most rows flushed into one segment */
  ZD_WAIT_PARTS = 48,      /* frozen memtables at which importers wait */
  /* Rows in them at which importers wait: after a kill they are derived again, at 6 us of processor
   * time each, and a restart has a second. */
  ZD_WAIT_ROWS = 1 << 17
};

struct zd_index {
  char *dir;
  bool read_only;
  const zd_file_system *fs;
  const zd_logger *logger;
  size_t memtable_rows;

  pthread_mutex_t writing; /* guards active and what is added to it */
  pthread_mutex_t lock;    /* guards parts, next_number, background */
  pthread_cond_t work;     /* something to flush or merge, or closing */
  pthread_cond_t room;     /* a flush ended, or failed */
  zd_parts *parts;
  zd_part *active; /* the memtable that grows, or NULL; also the last memtable of parts. Changed
                      under both locks, read under either */
  uint64_t next_number;
  zd_fault background;
  uint64_t flush_failures;

  struct zd_memo *memo;        /* what searches found */
  _Atomic uint64_t generation; /* supplements ever added since the open */
  _Atomic bool frozen;         /* a frozen memtable may be waiting: set under lock */
  _Atomic zd_row published;
  _Atomic zd_row next_row; /* written by the committer */

  pthread_mutex_t flushing, merging, manifest;
  pthread_t flusher, merger;
  bool threads;
  _Atomic bool closing;
};

struct zd_index_batch {
  zd_memtable *memtable;
};

struct zd_index_view {
  _Atomic uint32_t refs;
  zd_parts *parts;
  zd_row bound;
  zd_join_way way;
  struct zd_memo *memo;
  uint64_t generation;
};

/* A reference to the present list. */
zd_parts *zd_index_parts(zd_index *x);

/* The active memtable becomes a frozen one. */
void zd_index_freeze(zd_index *x);

/* Replaces `old` (n parts) by `part` or, when n is 0, adds the supplement `part`: in the manifest,
 * durably, then in memory. Removes the files of segments replaced. */
zd_err zd_index_replace(zd_index *x, zd_part *const *old, size_t n, zd_part *part, zd_fault *fault);

void zd_index_segment_path(const zd_index *x, uint64_t number, char *path, size_t room);
uint64_t zd_index_take_number(zd_index *x);

/* One flush or merge, if there is one to do (*did). merge: `everything` into one segment. */
zd_err zd_index_flush_once(zd_index *x, bool *did, zd_fault *fault);
zd_err zd_index_merge_once(zd_index *x, bool everything, bool *did, zd_fault *fault);
/* Merges the segments of the list call for. */
size_t zd_index_merges_due(const zd_parts *parts);

zd_err zd_index_threads_start(zd_index *x, zd_fault *fault);
void zd_index_threads_stop(zd_index *x);
/* Something may have become due. */
void zd_index_wake(zd_index *x);

#endif
