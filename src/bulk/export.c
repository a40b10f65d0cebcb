/* export.c: the current resources of one snapshot as NDJSON. The rows are split into as many ranges
 * as there are threads; each thread writes files of its own. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "bulk/bulk.h"
#include "fhir/codec.h"

enum { KEEP = 1 << 20 }; /* bytes gathered per file before they are written */

typedef struct out_file {
  zd_buffer waiting;
  int fd; /* -1: not there yet */
  uint64_t written;
  char path[512];
} out_file;

typedef struct part {
  const zd_export_options *o;
  zd_snapshot *v;
  zd_row from, to;
  unsigned number;
  out_file *files; /* by zd_type */
  uint16_t type_count;
  atomic_uint_fast64_t resources;
  uint64_t bytes;
  zd_err err;
  zd_fault fault;
} part;

static zd_err open_file(part *p, zd_type type, out_file *f) {
  zd_slice name = zd_schema_type_info(p->o->schema, type).name;
  int n = snprintf(f->path, sizeof f->path, "%s/%.*s-%u.ndjson", p->o->dir, ZD_SV(name), p->number);
  if (n < 0 || (size_t)n >= sizeof f->path)
    return zd_fail(&p->fault, ZD_ERR_LIMIT, "the folder's path is too long");
  f->fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (f->fd < 0) return zd_fail_errno(&p->fault, "cannot create %s", f->path);
  return ZD_OK;
}

static zd_err write_out(part *p, out_file *f) {
  for (size_t at = 0; at < f->waiting.n;) {
    ssize_t n = write(f->fd, f->waiting.p + at, f->waiting.n - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return zd_fail_errno(&p->fault, "cannot write %s", f->path);
    at += (size_t)n;
  }
  /* The device starts on it now, so that the sync at the end finds little left to wait for. */
  sync_file_range(f->fd, (off_t)f->written, (off_t)f->waiting.n, SYNC_FILE_RANGE_WRITE);
  f->written += f->waiting.n;
  zd_buffer_clear(&f->waiting);
  return ZD_OK;
}

static zd_err take(void *context, const zd_record *record) {
  part *p = context;
  zd_type type = zd_search_symbol_type(p->o->search, record->type);
  if (type == ZD_NO_TYPE)
    return zd_fail(&p->fault, ZD_ERR_CORRUPT, "row %llu has no known type",
                   (unsigned long long)record->row);
  if (p->o->cancel && atomic_load(p->o->cancel))
    return zd_fail(&p->fault, ZD_ERR_CANCELLED, "stopped");
  out_file *f = &p->files[type];
  zd_err err = f->fd < 0 ? open_file(p, type, f) : ZD_OK;
  if (err != ZD_OK) return err;
  zd_fhir_stamp(record->body, record->stamp_at, record->version, record->time_ms, &f->waiting);
  zd_buffer_add_char(&f->waiting, '\n');
  if (f->waiting.failed) return zd_fail(&p->fault, ZD_ERR_MEMORY, "out of memory");
  atomic_fetch_add_explicit(&p->resources, 1, memory_order_relaxed);
  return f->waiting.n >= KEEP ? write_out(p, f) : ZD_OK;
}

static void *run_part(void *context) {
  part *p = context;
  p->err = zd_snapshot_scan(p->v, ZD_NO_SYMBOL, p->from, p->to, take, p, &p->fault);
  for (zd_type t = 0; t < p->type_count; t++) {
    if (p->err == ZD_OK && p->files[t].fd >= 0) p->err = write_out(p, &p->files[t]);
  }
  for (zd_type t = 0; t < p->type_count; t++) {
    out_file *f = &p->files[t];
    if (p->err == ZD_OK && f->fd >= 0 && fdatasync(f->fd) != 0)
      p->err = zd_fail_errno(&p->fault, "cannot sync %s", f->path);
    p->bytes += f->written;
  }
  return NULL;
}

static zd_err open_part(part *p, const zd_export_options *o, zd_snapshot *v, unsigned number,
                        unsigned parts) {
  zd_row rows = zd_snapshot_row(v);
  *p = (part){.o = o, .v = v, .number = number + 1};
  p->from = rows / parts * number;
  p->to = number + 1 == parts ? rows : rows / parts * (number + 1);
  p->type_count = zd_schema_type_count(o->schema);
  p->files = calloc(p->type_count, sizeof *p->files);
  if (!p->files) return ZD_ERR_MEMORY;
  for (zd_type t = 0; t < p->type_count; t++) {
    p->files[t].fd = -1;
    zd_buffer_init(&p->files[t].waiting, 0);
  }
  return ZD_OK;
}

/* Closes the files, and removes them when the export failed. */
static uint64_t close_part(part *p, bool keep) {
  uint64_t files = 0;
  for (zd_type t = 0; p->files && t < p->type_count; t++) {
    zd_buffer_free(&p->files[t].waiting);
    if (p->files[t].fd < 0) continue;
    close(p->files[t].fd);
    files++;
    if (!keep) unlink(p->files[t].path);
  }
  free(p->files);
  return files;
}

static void watch(const zd_export_options *o, part *parts, pthread_t *threads, unsigned n) {
  zd_progress bar;
  zd_progress_start(&bar, o->progress, "exporting", "resources", 0);
  uint64_t done = 0;
  for (unsigned i = 0; i < n; i++) {
    struct timespec soon;
    do {
      done = 0;
      for (unsigned k = 0; k < n; k++) done += atomic_load(&parts[k].resources);
      zd_progress_update(&bar, done);
      clock_gettime(CLOCK_REALTIME, &soon);
      soon.tv_sec += (soon.tv_nsec + 200000000) / 1000000000;
      soon.tv_nsec = (soon.tv_nsec + 200000000) % 1000000000;
    } while (pthread_timedjoin_np(threads[i], NULL, &soon) != 0);
  }
  zd_progress_finish(&bar, done);
}

enum { MOST_PARTS = 64 };

static zd_err run_parts(const zd_export_options *o, part *parts, unsigned n, zd_fault *fault) {
  pthread_t threads[MOST_PARTS];
  unsigned started = 0;
  while (started < n && pthread_create(&threads[started], NULL, run_part, &parts[started]) == 0)
    started++;
  watch(o, parts, threads, started);
  if (started < n) return zd_fail(fault, ZD_ERR_MEMORY, "not enough threads could be started");
  for (unsigned i = 0; i < n; i++)
    if (parts[i].err != ZD_OK) {
      if (fault) *fault = parts[i].fault;
      return parts[i].err;
    }
  return ZD_OK;
}

zd_err zd_export(const zd_export_options *o, zd_export_stats *stats, zd_fault *fault) {
  part parts[MOST_PARTS];
  uint64_t began = zd_clock_monotonic_ns();
  unsigned n = o->threads ? o->threads : zd_workers_cpus(), opened = 0;
  if (n > MOST_PARTS) n = MOST_PARTS;
  zd_snapshot *v;
  *stats = (zd_export_stats){0};
  zd_err err = zd_file_make_dir(o->dir, fault);
  if (err == ZD_OK && (err = zd_store_snapshot(o->store, &v)) != ZD_OK)
    zd_fail(fault, err, "the store cannot be read");
  if (err != ZD_OK) return err;
  while (opened < n && err == ZD_OK) {
    err = open_part(&parts[opened], o, v, opened, n);
    opened++;
  }
  if (err == ZD_OK)
    err = run_parts(o, parts, n, fault);
  else
    zd_fail(fault, err, "out of memory");
  for (unsigned i = 0; i < opened; i++) {
    stats->resources += atomic_load(&parts[i].resources);
    stats->bytes += parts[i].bytes;
    stats->files += close_part(&parts[i], err == ZD_OK);
  }
  zd_snapshot_release(v);
  stats->seconds = (double)(zd_clock_monotonic_ns() - began) / 1e9;
  return err;
}
