#include "store/embedded/index/index_internal.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/index/evaluate.h"
#include "store/embedded/index/manifest.h"
#include "store/embedded/index/memo.h"

/* ---- the list of parts ---- */

zd_parts *zd_index_parts(zd_index *x) {
  pthread_mutex_lock(&x->lock);
  zd_parts *parts = zd_parts_share(x->parts);
  pthread_mutex_unlock(&x->lock);
  return parts;
}

/* Puts a new list in place of the present one. Under lock. */
static void set_parts(zd_index *x, zd_parts *parts) {
  zd_parts *old = x->parts;
  x->parts = parts;
  zd_parts_release(old);
}

/* The present main parts, one more, and the supplements. NULL: out of memory. Under lock. */
static zd_parts *parts_with(const zd_index *x, zd_part *added) {
  zd_parts *list = zd_parts_new(x->parts->all + 1);
  if (!list) return NULL;
  for (size_t i = 0; i < x->parts->n; i++) zd_parts_add(list, x->parts->at[i]);
  zd_parts_add(list, added);
  for (size_t i = x->parts->n; i < x->parts->all; i++) zd_parts_add(list, x->parts->at[i]);
  return list;
}

/* Adds a memtable at the end, the list's reference takes over the caller's. */
static zd_err push_memtable(zd_index *x, zd_memtable *m, uint64_t locator_base, bool active) {
  zd_part *part = zd_part_of_memtable(m, zd_index_next_row(x), locator_base);
  if (!part) return ZD_ERR_MEMORY;
  pthread_mutex_lock(&x->lock);
  zd_parts *list = parts_with(x, part);
  if (list) {
    set_parts(x, list);
    if (!active || x->active) atomic_store(&x->frozen, true);
    x->active = active ? part : NULL;
    pthread_cond_broadcast(&x->work);
  }
  pthread_mutex_unlock(&x->lock);
  if (list) {
    zd_part_release(part);
    return ZD_OK;
  }
  part->memtable = NULL; /* stays the caller's */
  zd_part_release(part);
  return ZD_ERR_MEMORY;
}

/* Under `writing`. */
static void freeze_active(zd_index *x) {
  if (!x->active) return;
  pthread_mutex_lock(&x->lock);
  x->active = NULL;
  atomic_store(&x->frozen, true);
  pthread_cond_broadcast(&x->work);
  pthread_mutex_unlock(&x->lock);
}

void zd_index_freeze(zd_index *x) {
  pthread_mutex_lock(&x->writing);
  freeze_active(x);
  pthread_mutex_unlock(&x->writing);
}

/* ---- opening ---- */

void zd_index_segment_path(const zd_index *x, uint64_t number, char *path, size_t room) {
  snprintf(path, room, "%s/%08llu.seg", x->dir, (unsigned long long)number);
}

static bool named(const zd_manifest *m, const char *file) {
  char name[32];
  for (size_t i = 0; i < m->count; i++) {
    snprintf(name, sizeof name, "%08llu.seg", (unsigned long long)m->segments[i].number);
    if (strcmp(name, file) == 0) return true;
  }
  return strcmp(file, "MANIFEST") == 0;
}

/* Removes what an interrupted flush or merge left behind. */
static void remove_strays(const zd_index *x, const zd_manifest *m) {
  DIR *dir = opendir(x->dir);
  if (!dir) return;
  for (struct dirent *entry; (entry = readdir(dir));) {
    char path[PATH_MAX];
    if (entry->d_name[0] == '.' || named(m, entry->d_name)) continue;
    int n = snprintf(path, sizeof path, "%s/%s", x->dir, entry->d_name);
    if (n > 0 && (size_t)n < sizeof path) x->fs->remove(x->fs->state, path);
  }
  closedir(dir);
}

static zd_err open_segment(zd_index *x, const zd_manifest_segment *entry, zd_parts *list,
                           zd_fault *fault) {
  char path[PATH_MAX];
  zd_segment *segment;
  zd_index_segment_path(x, entry->number, path, sizeof path);
  zd_err err = zd_segment_open(path, &segment, fault);
  if (err == ZD_ERR_NOT_FOUND && !x->read_only)
    return zd_fail(fault, ZD_ERR_CORRUPT, "index segment %s is missing", path);
  if (err) return err;
  const zd_segment_header *h = zd_segment_head(segment);
  bool supplement = (h->flags & ZD_SEGMENT_SUPPLEMENT) != 0;
  zd_part *part = NULL;
  if (h->first_row != entry->first || h->end_row != entry->end || supplement != entry->supplement)
    err = zd_segment_corrupt(segment, 0, "it holds other rows than the manifest says", fault);
  else if (!(part = zd_part_of_segment(segment, entry->number)))
    err = zd_fail(fault, ZD_ERR_MEMORY, "out of memory opening %s", path);
  if (err) {
    zd_segment_close(segment);
    return err;
  }
  zd_parts_add(list, part);
  zd_part_release(part);
  return ZD_OK;
}

static zd_err open_segments(zd_index *x, const zd_manifest *m, zd_fault *fault) {
  zd_parts *list = zd_parts_new(m->count);
  if (!list) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory opening the index");
  zd_err err = ZD_OK;
  for (int supplements = 0; supplements < 2; supplements++) {
    for (size_t i = 0; !err && i < m->count; i++) {
      if (m->segments[i].supplement == supplements)
        err = open_segment(x, &m->segments[i], list, fault);
    }
  }
  if (err) {
    zd_parts_release(list);
    return err;
  }
  zd_row end = list->n ? zd_part_end(list->at[list->n - 1]) : 0;
  set_parts(x, list);
  atomic_store(&x->published, end);
  atomic_store(&x->next_row, end);
  return ZD_OK;
}

/* A running server may merge while a reader opens: then the manifest is read again. */
static zd_err load(zd_index *x, zd_fault *fault) {
  enum { TRIES = 10 };
  zd_err err = ZD_OK;
  for (int i = 0; i < TRIES; i++) {
    zd_manifest m;
    err = zd_manifest_read(x->dir, &m, fault);
    if (err) return err;
    x->next_number = m.next;
    err = open_segments(x, &m, fault);
    if (!err && !x->read_only) remove_strays(x, &m);
    zd_manifest_free(&m);
    if (err != ZD_ERR_NOT_FOUND) break;
  }
  return err;
}

static void destroy(zd_index *x) {
  zd_parts_release(x->parts);
  pthread_mutex_destroy(&x->writing);
  pthread_mutex_destroy(&x->lock);
  pthread_mutex_destroy(&x->flushing);
  pthread_mutex_destroy(&x->merging);
  pthread_mutex_destroy(&x->manifest);
  pthread_cond_destroy(&x->work);
  pthread_cond_destroy(&x->room);
  zd_memo_free(x->memo);
  free(x->dir);
  free(x);
}

static zd_index *new_index(const zd_index_options *o) {
  zd_index *x = calloc(1, sizeof *x);
  if (!x) return NULL;
  pthread_mutex_init(&x->writing, NULL);
  pthread_mutex_init(&x->lock, NULL);
  pthread_mutex_init(&x->flushing, NULL);
  pthread_mutex_init(&x->merging, NULL);
  pthread_mutex_init(&x->manifest, NULL);
  pthread_cond_init(&x->work, NULL);
  pthread_cond_init(&x->room, NULL);
  x->read_only = o->read_only;
  x->fs = o->fs ? o->fs : zd_file_system_real();
  x->logger = o->logger;
  x->memtable_rows = o->memtable_rows ? o->memtable_rows : ZD_MEMTABLE_DEFAULT;
  if (x->memtable_rows > ZD_MEMTABLE_ROWS) x->memtable_rows = ZD_MEMTABLE_ROWS;
  x->dir = strdup(o->dir);
  x->memo = zd_memo_new(ZD_MEMO_BYTES); /* it can be done without */
  x->parts = zd_parts_new(0);
  if (x->dir && x->parts) return x;
  destroy(x);
  return NULL;
}

zd_err zd_index_open(const zd_index_options *o, zd_index **out, zd_fault *fault) {
  if (strlen(o->dir) > PATH_MAX - 32)
    return zd_fail(fault, ZD_ERR_INVALID, "the path of the index is too long");
  zd_index *x = new_index(o);
  if (!x) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory opening the index");
  zd_err err = o->read_only ? ZD_OK : zd_file_make_dir(o->dir, fault);
  if (!err) err = load(x, fault);
  if (!err && o->merge_threads && !o->read_only) err = zd_index_threads_start(x, fault);
  if (err) {
    destroy(x);
    return err;
  }
  *out = x;
  return ZD_OK;
}

void zd_index_close(zd_index *x) {
  if (!x) return;
  zd_index_threads_stop(x);
  destroy(x);
}

zd_row zd_index_flushed_row(zd_index *x) {
  zd_row row = 0;
  pthread_mutex_lock(&x->lock);
  for (size_t i = 0; i < x->parts->n && x->parts->at[i]->segment; i++)
    row = zd_part_end(x->parts->at[i]);
  pthread_mutex_unlock(&x->lock);
  return row;
}

/* ---- committing ---- */

zd_row zd_index_next_row(zd_index *x) {
  return atomic_load_explicit(&x->next_row, memory_order_relaxed);
}

static void set_next_row(zd_index *x, zd_row row) {
  atomic_store_explicit(&x->next_row, row, memory_order_relaxed);
}

static zd_err append(zd_index *x, const zd_index_row *row) {
  if (!x->active) {
    zd_memtable *m = zd_memtable_new(x->memtable_rows / 4);
    if (!m) return ZD_ERR_MEMORY;
    zd_err err = push_memtable(x, m, 0, true);
    if (err) {
      zd_memtable_free(m);
      return err;
    }
  }
  zd_memtable *m = x->active->memtable;
  zd_err err = zd_memtable_add(m, row);
  if (err) return err;
  set_next_row(x, zd_index_next_row(x) + 1);
  if (zd_memtable_rows(m) >= x->memtable_rows) freeze_active(x);
  return ZD_OK;
}

zd_err zd_index_append(zd_index *x, const zd_index_row *row) {
  pthread_mutex_lock(&x->writing);
  zd_err err = append(x, row);
  pthread_mutex_unlock(&x->writing);
  return err;
}

zd_index_batch *zd_index_batch_new(size_t rows) {
  zd_index_batch *b = calloc(1, sizeof *b);
  if (!b) return NULL;
  b->memtable = zd_memtable_new(rows);
  if (b->memtable) return b;
  free(b);
  return NULL;
}

zd_err zd_index_batch_add(zd_index_batch *b, const zd_index_row *row) {
  return zd_memtable_add(b->memtable, row);
}

zd_err zd_index_supplement_add(zd_index_batch *b, const zd_entry *entries, size_t n) {
  return zd_memtable_add_entries(b->memtable, entries, n);
}

size_t zd_index_batch_rows(const zd_index_batch *b) {
  return zd_memtable_rows(b->memtable);
}

void zd_index_batch_free(zd_index_batch *b) {
  if (!b) return;
  zd_memtable_free(b->memtable);
  free(b);
}

zd_err zd_index_attach(zd_index *x, zd_index_batch *b, uint64_t locator_base) {
  size_t rows = zd_index_batch_rows(b);
  if (rows > 0) {
    pthread_mutex_lock(&x->writing);
    zd_err err = push_memtable(x, b->memtable, locator_base, false);
    if (!err) set_next_row(x, zd_index_next_row(x) + rows);
    pthread_mutex_unlock(&x->writing);
    if (err) return err;
    b->memtable = NULL;
  }
  zd_index_batch_free(b);
  return ZD_OK;
}

void zd_index_publish(zd_index *x, zd_row bound) {
  atomic_store(&x->published, bound);
  if (atomic_load(&x->frozen)) zd_index_wake(x);
}

zd_row zd_index_published(zd_index *x) {
  return atomic_load_explicit(&x->published, memory_order_acquire);
}

/* ---- rolling back ---- */

/* The part cut to the rows below `row`; NULL: out of memory. */
static zd_part *cut_part(const zd_part *part, zd_row row) {
  zd_memtable *m = zd_memtable_cut(part->memtable, (uint32_t)(row - part->first));
  zd_part *cut = m ? zd_part_of_memtable(m, part->first, part->locator_base) : NULL;
  if (!cut) zd_memtable_free(m);
  return cut;
}

/* Memory of half a row: rows the memtable counts, and what it holds of one more. */
static bool reaches(const zd_index *x, const zd_part *part, zd_row row) {
  return part->memtable && part->first < row && (zd_part_end(part) > row || part == x->active);
}

static zd_parts *parts_below(zd_index *x, zd_row row, zd_part **cut) {
  zd_parts *list = zd_parts_new(x->parts->all);
  if (!list) return NULL;
  for (size_t i = 0; i < x->parts->all; i++) {
    zd_part *part = x->parts->at[i];
    bool memtable = part->memtable != NULL;
    if (memtable && part->first >= row) continue;
    if (!reaches(x, part, row)) {
      zd_parts_add(list, part);
      continue;
    }
    *cut = cut_part(part, row);
    if (!*cut) {
      zd_parts_release(list);
      return NULL;
    }
    zd_parts_add(list, *cut);
  }
  return list;
}

zd_err zd_index_rollback(zd_index *x, zd_row row) {
  if (row < zd_index_published(x)) return ZD_ERR_INVALID;
  zd_part *cut = NULL;
  pthread_mutex_lock(&x->writing);
  pthread_mutex_lock(&x->lock);
  zd_parts *list = parts_below(x, row, &cut);
  if (list) {
    set_parts(x, list);
    x->active = cut && cut->locator_base == 0 && zd_memtable_rows(cut->memtable) < x->memtable_rows
                    ? cut
                    : NULL;
    set_next_row(x, row);
  }
  pthread_mutex_unlock(&x->lock);
  pthread_mutex_unlock(&x->writing);
  zd_part_release(cut);
  return list ? ZD_OK : ZD_ERR_MEMORY;
}

/* ---- what the committer asks ---- */

zd_err zd_index_any_of(zd_index *x, const zd_index_any *q, bool *any, zd_fault *fault) {
  *any = false;
  zd_row bound = zd_index_next_row(x), row;
  zd_row end = q->last < bound ? q->last : bound;
  if (q->first >= end) return ZD_OK;
  zd_parts *parts = zd_index_parts(x);
  zd_scope scope = {.parts = parts,
                    .bound = bound,
                    .first = q->first,
                    .end = end,
                    .all_versions = q->all_versions,
                    .deadline_ns = q->deadline_ns,
                    .snapshot = q->snapshot};
  size_t n = 0;
  zd_err err = zd_evaluate_rows(&scope, q->plan, 1, &row, &n, fault);
  *any = n > 0;
  zd_parts_release(parts);
  return err;
}
