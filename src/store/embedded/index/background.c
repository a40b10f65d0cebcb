/* What happens beside the commits: flushing frozen memtables, merging segments, and how the set of
 * segments changes. */
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store/embedded/index/index_internal.h"
#include "store/embedded/index/manifest.h"
#include "store/embedded/index/memo.h"
#include "store/embedded/index/merge.h"
#include "store/embedded/index/merge_choice.h"

enum { RETRY_SECONDS = 1, MERGE_NICE = 10 };

/* ---- changing the set of segments ---- */

uint64_t zd_index_take_number(zd_index *x) {
  pthread_mutex_lock(&x->lock);
  uint64_t number = x->next_number++;
  pthread_mutex_unlock(&x->lock);
  return number;
}

static uint64_t next_number(zd_index *x) {
  pthread_mutex_lock(&x->lock);
  uint64_t number = x->next_number;
  pthread_mutex_unlock(&x->lock);
  return number;
}

static bool among(const zd_part *p, zd_part *const *old, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (old[i] == p) return true;
  }
  return false;
}

/* The list with `part` in the place of the first of `old`, or as a new supplement. */
static zd_parts *replaced(const zd_parts *now, zd_part *const *old, size_t n, zd_part *part) {
  zd_parts *list = zd_parts_new(now->all + 1);
  if (!list) return NULL;
  bool in = part->supplement;
  for (size_t i = 0; i < now->n; i++) {
    if (!among(now->at[i], old, n)) {
      zd_parts_add(list, now->at[i]);
    } else if (!in) {
      zd_parts_add(list, part);
      in = true;
    }
  }
  for (size_t i = now->n; i < now->all; i++) {
    if (!among(now->at[i], old, n)) zd_parts_add(list, now->at[i]);
  }
  if (part->supplement) zd_parts_add(list, part);
  return list;
}

static zd_parts *replaced_now(zd_index *x, zd_part *const *old, size_t n, zd_part *part) {
  zd_parts *now = zd_index_parts(x);
  zd_parts *list = replaced(now, old, n, part);
  zd_parts_release(now);
  return list;
}

/* The committer may have added memtables since the manifest was written: the list is made anew. */
static zd_err install(zd_index *x, zd_part *const *old, size_t n, zd_part *part, zd_fault *fault) {
  pthread_mutex_lock(&x->lock);
  zd_parts *list = replaced(x->parts, old, n, part), *before = x->parts;
  if (list) x->parts = list;
  if (list && part->supplement)
    atomic_fetch_add(&x->generation, 1); /* after the list: see view.c */
  pthread_cond_broadcast(&x->work);
  pthread_cond_broadcast(&x->room);
  pthread_mutex_unlock(&x->lock);
  if (!list) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory changing the index");
  zd_parts_release(before);
  return ZD_OK;
}

zd_err zd_index_replace(zd_index *x, zd_part *const *old, size_t n, zd_part *part,
                        zd_fault *fault) {
  pthread_mutex_lock(&x->manifest);
  zd_parts *list = replaced_now(x, old, n, part);
  zd_err err = list ? zd_manifest_write(x->fs, x->dir, next_number(x), list, fault)
                    : zd_fail(fault, ZD_ERR_MEMORY, "out of memory changing the index");
  zd_parts_release(list);
  /* Should memory end here, manifest and memory differ, each of them whole: the sources' files are
   * kept, and the next change writes what memory says. */
  if (!err) err = install(x, old, n, part, fault);
  pthread_mutex_unlock(&x->manifest);
  for (size_t i = 0; !err && i < n; i++) {
    char path[PATH_MAX];
    if (!old[i]->segment) continue;
    zd_index_segment_path(x, old[i]->number, path, sizeof path);
    x->fs->remove(x->fs->state,
                  path); /* readers keep their mapping; a stray goes at the next open */
  }
  return err;
}

/* ---- writing one segment ---- */

typedef struct job {
  zd_parts *parts; /* pins the sources */
  zd_part **old;
  size_t count;
  zd_row first, end;
} job;

static void job_free(job *j) {
  zd_parts_release(j->parts);
  free(j->old);
}

static zd_merge_input input_of(const zd_part *p) {
  return (zd_merge_input){.memtable = p->memtable,
                          .segment = p->segment,
                          .first = p->first,
                          .end = zd_part_end(p),
                          .locator_base = p->locator_base,
                          .supplement = p->supplement};
}

/* Opens the file that was just written as a part. */
static zd_err adopt(zd_index *x, const char *path, uint64_t number, zd_part **out,
                    zd_fault *fault) {
  zd_segment *segment;
  zd_err err = zd_segment_open(path, &segment, fault);
  if (!err && !(*out = zd_part_of_segment(segment, number))) {
    zd_segment_close(segment);
    err = zd_fail(fault, ZD_ERR_MEMORY, "out of memory opening %s", path);
  }
  if (err) x->fs->remove(x->fs->state, path);
  return err;
}

static zd_err write_segment(zd_index *x, const zd_merge_input *inputs, size_t n, zd_row first,
                            zd_row end, uint32_t flags, zd_part **out, zd_fault *fault) {
  char path[PATH_MAX];
  uint64_t number = zd_index_take_number(x), size;
  zd_index_segment_path(x, number, path, sizeof path);
  zd_merge_request r = {.fs = x->fs,
                        .path = path,
                        .inputs = inputs,
                        .input_count = n,
                        .first = first,
                        .end = end,
                        .flags = flags,
                        .cancel = &x->closing};
  zd_err err = zd_merge(&r, &size, fault);
  return err ? err : adopt(x, path, number, out, fault);
}

static zd_err run_job(zd_index *x, const job *j, zd_fault *fault) {
  zd_merge_input *inputs = calloc(j->count, sizeof *inputs);
  if (!inputs) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory merging the index");
  for (size_t i = 0; i < j->count; i++) inputs[i] = input_of(j->old[i]);
  zd_part *part = NULL;
  zd_err err = write_segment(x, inputs, j->count, j->first, j->end, 0, &part, fault);
  free(inputs);
  if (err) return err;
  err = zd_index_replace(x, j->old, j->count, part, fault);
  zd_part_release(part);
  return err;
}

/* ---- flushing ---- */

static bool has_frozen(const zd_parts *parts, const zd_part *active) {
  for (size_t i = 0; i < parts->n; i++) {
    if (parts->at[i]->memtable && parts->at[i] != active) return true;
  }
  return false;
}

/* Frozen, published memtables, oldest first, as many as make one segment. */
static zd_err plan_flush(zd_index *x, job *j, zd_fault *fault) {
  pthread_mutex_lock(&x->lock);
  zd_parts *parts = zd_parts_share(x->parts);
  const zd_part *active = x->active;
  atomic_store(&x->frozen, has_frozen(parts, active));
  pthread_mutex_unlock(&x->lock);
  zd_row published = zd_index_published(x);
  *j = (job){.parts = parts, .old = calloc(parts->all + 1, sizeof(zd_part *))};
  if (!j->old) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory flushing the index");
  for (size_t i = 0; i < parts->n; i++) {
    zd_part *p = parts->at[i];
    if (!p->memtable) continue;
    zd_row end = zd_part_end(p);
    if (p == active || end > published) break;
    if (j->count && end - j->first > ZD_FLUSH_ROWS) break;
    if (j->count == 0) j->first = p->first;
    j->end = end;
    j->old[j->count++] = p;
  }
  return ZD_OK;
}

zd_err zd_index_flush_once(zd_index *x, bool *did, zd_fault *fault) {
  job j;
  pthread_mutex_lock(&x->flushing);
  zd_err err = plan_flush(x, &j, fault);
  *did = !err && j.count > 0;
  if (*did) err = run_job(x, &j, fault);
  pthread_mutex_unlock(&x->flushing);
  job_free(&j);
  return err;
}

static void pause_for(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&t, NULL);
}

zd_err zd_index_flush(zd_index *x, zd_fault *fault) {
  enum { POLL_MS = 2, PATIENCE = 5000 };
  if (x->read_only) return ZD_ERR_REFUSED;
  zd_row target = zd_index_published(x);
  zd_index_freeze(x);
  for (int idle = 0; zd_index_flushed_row(x) < target;) {
    bool did;
    zd_err err = zd_index_flush_once(x, &did, fault);
    if (err) return err;
    /* The memtable frozen in the middle of a group waits for the group. */
    if (did) continue;
    if (++idle == PATIENCE)
      return zd_fail(fault, ZD_ERR_BUSY, "a commit does not end: the index cannot be flushed");
    pause_for(POLL_MS);
  }
  return ZD_OK;
}

/* ---- merging ---- */

/* Out of memory: no run; the next round asks again. */
static bool find_run(const zd_parts *parts, size_t *first, size_t *count) {
  uint64_t *rows = calloc(parts->n + 1, sizeof *rows);
  size_t n = 0;
  for (; rows && n < parts->n && parts->at[n]->segment; n++)
    rows[n] = zd_part_end(parts->at[n]) - parts->at[n]->first;
  bool found = rows && zd_merge_choose(rows, n, first, count);
  free(rows);
  return found;
}

size_t zd_index_merges_due(const zd_parts *parts) {
  size_t first, count;
  return find_run(parts, &first, &count) ? 1 : 0;
}

static void take_run(job *j, size_t first, size_t count) {
  const zd_parts *parts = j->parts;
  j->first = parts->at[first]->first;
  j->end = zd_part_end(parts->at[first + count - 1]);
  for (size_t i = 0; i < count; i++) j->old[j->count++] = parts->at[first + i];
  for (size_t i = parts->n; i < parts->all; i++) {
    zd_part *s = parts->at[i];
    if (s->first >= j->first && zd_part_end(s) <= j->end) j->old[j->count++] = s;
  }
}

static zd_err plan_merge(zd_index *x, bool everything, job *j, zd_fault *fault) {
  *j = (job){.parts = zd_index_parts(x)};
  j->old = calloc(j->parts->all + 1, sizeof(zd_part *));
  if (!j->old) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory merging the index");
  size_t first = 0, count = 0;
  if (everything) {
    while (count < j->parts->n && j->parts->at[count]->segment) count++;
  } else if (!find_run(j->parts, &first, &count)) {
    return ZD_OK;
  }
  if (count) take_run(j, first, count);
  if (j->count == 1) j->count = 0;
  return ZD_OK;
}

zd_err zd_index_merge_once(zd_index *x, bool everything, bool *did, zd_fault *fault) {
  job j;
  pthread_mutex_lock(&x->merging);
  zd_err err = plan_merge(x, everything, &j, fault);
  *did = !err && j.count > 0;
  if (*did) err = run_job(x, &j, fault);
  pthread_mutex_unlock(&x->merging);
  job_free(&j);
  return err;
}

zd_err zd_index_compact(zd_index *x, zd_fault *fault) {
  bool did;
  zd_err err = zd_index_flush(x, fault);
  return err ? err : zd_index_merge_once(x, true, &did, fault);
}

/* ---- supplements ---- */

zd_err zd_index_supplement(zd_index *x, const zd_index_batch *b, zd_row first, zd_fault *fault) {
  size_t rows = zd_index_batch_rows(b);
  if (x->read_only) return ZD_ERR_REFUSED;
  if (rows == 0) return ZD_OK;
  if (first > zd_index_next_row(x) || rows > zd_index_next_row(x) - first)
    return zd_fail(fault, ZD_ERR_INVALID, "a supplement for rows that are not there");
  zd_merge_input input = {
      .memtable = b->memtable, .first = first, .end = first + rows, .supplement = true};
  zd_part *part = NULL;
  zd_err err =
      write_segment(x, &input, 1, first, first + rows, ZD_SEGMENT_SUPPLEMENT, &part, fault);
  if (err) return err;
  err = zd_index_replace(x, NULL, 0, part, fault);
  zd_part_release(part);
  return err;
}

/* ---- threads ---- */

void zd_index_wake(zd_index *x) {
  if (!x->threads) return;
  pthread_mutex_lock(&x->lock);
  pthread_cond_broadcast(&x->work);
  pthread_mutex_unlock(&x->lock);
}

static bool closing(const zd_index *x) {
  return atomic_load_explicit(&x->closing, memory_order_acquire);
}

/* Notes a failure (or its end), so that stats tell it and waiting importers go on. */
static void note(zd_index *x, zd_err err, const zd_fault *fault) {
  pthread_mutex_lock(&x->lock);
  bool changed = x->background.code != err;
  if (err)
    x->background = *fault;
  else
    x->background = (zd_fault){0};
  x->background.code = err;
  if (err) x->flush_failures++;
  pthread_cond_broadcast(&x->room);
  pthread_mutex_unlock(&x->lock);
  if (err && changed && x->logger && err != ZD_ERR_CANCELLED)
    zd_log(x->logger, ZD_LOG_ERROR, "index_background", "fault", fault->text, NULL);
}

static void wait_for_work(zd_index *x, bool failed) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += RETRY_SECONDS;
  pthread_mutex_lock(&x->lock);
  if (!closing(x)) {
    if (failed)
      pthread_cond_timedwait(&x->room, &x->lock, &until);
    else
      pthread_cond_timedwait(&x->work, &x->lock, &until);
  }
  pthread_mutex_unlock(&x->lock);
}

static void background_loop(zd_index *x, bool flush) {
  while (!closing(x)) {
    bool did = false;
    zd_fault fault = {0};
    zd_err err =
        flush ? zd_index_flush_once(x, &did, &fault) : zd_index_merge_once(x, false, &did, &fault);
    if (err || did) note(x, err, &fault);
    if (err || !did) wait_for_work(x, err != ZD_OK);
  }
}

static void *flush_thread(void *context) {
  background_loop(context, true);
  return NULL;
}

static void *merge_thread(void *context) {
  /* Merging may take its time: commits, searches and flushes come first. */
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), MERGE_NICE);
  background_loop(context, false);
  return NULL;
}

zd_err zd_index_threads_start(zd_index *x, zd_fault *fault) {
  if (pthread_create(&x->flusher, NULL, flush_thread, x) != 0)
    return zd_fail(fault, ZD_ERR_MEMORY, "cannot start the index's flush thread");
  if (pthread_create(&x->merger, NULL, merge_thread, x) != 0) {
    atomic_store(&x->closing, true);
    pthread_join(x->flusher, NULL);
    return zd_fail(fault, ZD_ERR_MEMORY, "cannot start the index's merge thread");
  }
  x->threads = true;
  return ZD_OK;
}

void zd_index_threads_stop(zd_index *x) {
  if (!x->threads) return;
  pthread_mutex_lock(&x->lock);
  atomic_store_explicit(&x->closing, true, memory_order_release);
  pthread_cond_broadcast(&x->work);
  pthread_cond_broadcast(&x->room);
  pthread_mutex_unlock(&x->lock);
  pthread_join(x->flusher, NULL);
  pthread_join(x->merger, NULL);
  x->threads = false;
}

/* ---- back-pressure and figures ---- */

static bool crowded(const zd_index *x) {
  size_t parts = 0;
  zd_row rows = 0;
  for (size_t i = 0; i < x->parts->n; i++) {
    const zd_part *p = x->parts->at[i];
    if (!p->memtable) continue;
    parts++;
    rows += zd_part_end(p) - p->first;
  }
  return parts > ZD_WAIT_PARTS || rows > ZD_WAIT_ROWS;
}

bool zd_index_has_room(zd_index *x) {
  if (!x->threads || !atomic_load_explicit(&x->frozen, memory_order_relaxed)) return true;
  pthread_mutex_lock(&x->lock);
  bool room = !crowded(x) || x->background.code;
  pthread_mutex_unlock(&x->lock);
  return room;
}

void zd_index_wait_room(zd_index *x) {
  if (zd_index_has_room(x)) return;
  pthread_mutex_lock(&x->lock);
  uint64_t failures = x->flush_failures;
  while (crowded(x) && !closing(x) && x->flush_failures == failures)
    pthread_cond_wait(&x->room, &x->lock);
  pthread_mutex_unlock(&x->lock);
}

void zd_index_stats_get(zd_index *x, zd_index_stats *out) {
  *out = (zd_index_stats){0};
  pthread_mutex_lock(&x->lock);
  zd_parts *parts = zd_parts_share(x->parts);
  out->background = x->background;
  pthread_mutex_unlock(&x->lock);
  for (size_t i = 0; i < parts->all; i++) {
    const zd_part *p = parts->at[i];
    if (p->segment) {
      out->segments++;
      out->bytes += zd_segment_head(p->segment)->file_size;
    } else {
      out->memtable_rows += zd_part_end(p) - p->first;
      out->memory_bytes += zd_memtable_bytes(p->memtable);
    }
  }
  out->memory_bytes += zd_memo_bytes(x->memo);
  out->merges_waiting = zd_index_merges_due(parts);
  zd_parts_release(parts);
}
