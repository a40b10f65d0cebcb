/* The region in files.
 *
 * Blocks of 250 residents are drawn by worker threads, each into its own slot, and written by the
 * caller in the order of blocks, so that the bytes do not depend on the number of threads:
 *
 *   block k  ->  slot k % slots   (free -> busy -> done -> written, free again)
 *
 * Memory is bounded by the slots (threads + 1, some 40 MB each), not by the region. The slots'
 * states are guarded by one mutex; nothing else is shared.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/workers.h"
#include "region/chart.h"
#include "region/pack.h"

enum { FILES = ZD_REGION_TYPES + 1, THREADS_MOST = 32 };

typedef struct slot {
  struct writer *writer;
  uint32_t first; /* resident */
  bool done;
  zd_err err;
  zd_sheets sheets;
  zd_buffer out[FILES]; /* packed; unused when files are plain */
  uint64_t bytes;
  zd_block block;
} slot;

typedef struct writer {
  const zd_region *region;
  pthread_mutex_t lock; /* guards slot.done */
  pthread_cond_t ready;
  slot *slots;
  unsigned count;
  int fd[FILES]; /* of the current numbered file; -1: none */
  uint32_t file;
  zd_region_stats stats;
  zd_fault *fault;
} writer;

/* ---- a block, in a worker ---- */

/* One line per resident: its resources as a transaction of PUTs. */
static void bundle_line(zd_slice line, zd_region_type type, bool first, zd_buffer *out) {
  static const char mark[] = "\"id\":\"";
  size_t at = sizeof "{\"resourceType\":\"\"," - 1 + strlen(zd_region_type_name(type));
  zd_slice id = zd_slice_from(line, at + sizeof mark - 1);
  id.n = zd_slice_find(id, '"');
  if (!first) ZD_PEN(out, ",");
  ZD_PEN(out, "{\"resource\":");
  zd_pen_slice(out, line);
  ZD_PEN(out, ",\"request\":{\"method\":\"PUT\",\"url\":\"");
  zd_pen_slice(out, zd_slice_of(zd_region_type_name(type)));
  ZD_PEN(out, "/");
  zd_pen_slice(out, id);
  ZD_PEN(out, "\"}}");
}

static void bundle(const zd_sheets *sheets, zd_buffer *out) {
  bool first = true;
  ZD_PEN(out,
         "{\"resourceType\":\"Bundle\"," ZD_REGION_META ",\"type\":\"transaction\",\"entry\":[");
  for (int t = 0; t < ZD_REGION_TYPES; t++) {
    zd_slice rest = zd_buffer_slice(&sheets->of[t]);
    while (rest.n) {
      size_t end = zd_slice_find(rest, '\n');
      bundle_line((zd_slice){rest.p, end}, (zd_region_type)t, first, out);
      first = false;
      rest = zd_slice_from(rest, end + 1);
    }
  }
  ZD_PEN(out, "]}\n");
}

static void count(zd_region_stats *stats, const zd_sheets *sheets) {
  for (int t = 0; t < ZD_REGION_TYPES; t++) {
    stats->by_type[t] += sheets->count[t];
    stats->resources += sheets->count[t];
  }
  stats->planted += sheets->count[ZD_REGION_TYPES];
}

/* Ground truth is never packed: it is small, and read by people. */
static bool written_plain(const slot *s, int t) {
  return s->writer->region->options.packing == ZD_REGION_PLAIN || t == ZD_REGION_TYPES;
}

static zd_slice written(const slot *s, int t) {
  return zd_buffer_slice(written_plain(s, t) ? &s->sheets.of[t] : &s->out[t]);
}

static zd_err pack_all(slot *s) {
  const zd_buffer *plain = s->sheets.of;
  zd_region_packing packing = s->writer->region->options.packing;
  zd_err err = ZD_OK;
  for (int t = 0; t < FILES && err == ZD_OK; t++) {
    s->bytes += plain[t].n;
    zd_buffer_clear(&s->out[t]);
    if (!plain[t].n) continue;
    if (!written_plain(s, t)) err = zd_pack(packing, zd_buffer_slice(&plain[t]), &s->out[t]);
  }
  return err;
}

static void add_counts(zd_sheets *to, const zd_sheets *from) {
  for (int t = 0; t < FILES; t++) to->count[t] += from->count[t];
}

/* Bundles: resident by resident; all land in the first buffer, ground truth in its own. */
static zd_err draw_bundles(slot *s) {
  zd_sheets one;
  zd_sheets_init(&one);
  for (uint16_t i = 0; i < s->block.count; i++) {
    zd_sheets_clear(&one);
    zd_region_write_resident(s->writer->region, &s->block, (uint16_t)s->block.at[i], &one);
    bundle(&one, &s->sheets.of[0]);
    zd_pen_slice(&s->sheets.of[ZD_REGION_TYPES], zd_buffer_slice(&one.of[ZD_REGION_TYPES]));
    add_counts(&s->sheets, &one);
    if (zd_sheets_error(&one) != ZD_OK) break;
  }
  zd_err err = zd_sheets_error(&one);
  zd_sheets_free(&one);
  return err;
}

static zd_err draw_lines(slot *s) {
  for (uint16_t i = 0; i < s->block.count; i++)
    zd_region_write_resident(s->writer->region, &s->block, (uint16_t)s->block.at[i], &s->sheets);
  return ZD_OK;
}

static void draw(void *context) {
  slot *s = context;
  bool bundles = s->writer->region->options.format == ZD_REGION_BUNDLES;
  zd_sheets_clear(&s->sheets);
  s->bytes = 0;
  zd_kin_draw(&s->writer->region->kin, s->first, &s->block);
  zd_err err = bundles ? draw_bundles(s) : draw_lines(s);
  if (err == ZD_OK) err = zd_sheets_error(&s->sheets);
  if (err == ZD_OK) err = pack_all(s);
  pthread_mutex_lock(&s->writer->lock);
  s->err = err;
  s->done = true;
  pthread_cond_broadcast(&s->writer->ready);
  pthread_mutex_unlock(&s->writer->lock);
}

/* ---- files, in the caller ---- */

static zd_err write_all(writer *w, int fd, zd_slice s, const char *what) {
  while (s.n) {
    ssize_t n = write(fd, s.p, s.n);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return zd_fail_errno(w->fault, "cannot write %s", what);
    s = zd_slice_from(s, (size_t)n);
  }
  return ZD_OK;
}

static zd_err close_files(writer *w) {
  zd_err err = ZD_OK;
  for (int t = 0; t < FILES; t++) {
    if (w->fd[t] < 0) continue;
    if (close(w->fd[t]) && err == ZD_OK) err = zd_fail_errno(w->fault, "cannot close a file");
    w->fd[t] = -1;
  }
  return err;
}

/* Patient-00003.ndjson.zst; what there is only once has no number. */
static void name_file(const writer *w, int t, bool supply, char *path, size_t room) {
  const zd_region_options *o = &w->region->options;
  static const char *const ending[] = {"", ".gz", ".zst"};
  bool bundles = o->format == ZD_REGION_BUNDLES;
  if (t == ZD_REGION_TYPES)
    snprintf(path, room, "%s/ground-truth.ndjson", o->out);
  else if (supply && bundles)
    snprintf(path, room, "%s/bundles-0-supply.ndjson%s", o->out, ending[o->packing]);
  else if (supply)
    snprintf(path, room, "%s/%s.ndjson%s", o->out, zd_region_type_name((zd_region_type)t),
             ending[o->packing]);
  else
    snprintf(path, room, "%s/%s-%05u.ndjson%s", o->out,
             bundles ? "bundles" : zd_region_type_name((zd_region_type)t), w->file,
             ending[o->packing]);
}

static zd_err put(writer *w, int t, zd_slice s, bool supply) {
  char path[4096];
  if (!s.n || !w->region->options.out) return ZD_OK;
  name_file(w, t, supply, path, sizeof path);
  if (w->fd[t] < 0) {
    w->fd[t] = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (w->fd[t] < 0) return zd_fail_errno(w->fault, "cannot create %s", path);
  }
  return write_all(w, w->fd[t], s, path);
}

static zd_err put_block(writer *w, slot *s) {
  uint32_t per_file = w->region->options.residents_per_file;
  if (s->err != ZD_OK) return zd_fail(w->fault, s->err, "cannot make resident %u", s->first);
  if (s->first % per_file == 0 && s->first) {
    int truth = w->fd[ZD_REGION_TYPES]; /* one file for the whole region */
    w->fd[ZD_REGION_TYPES] = -1;
    zd_err err = close_files(w);
    w->fd[ZD_REGION_TYPES] = truth;
    if (err != ZD_OK) return err;
    w->file = s->first / per_file;
  }
  for (int t = 0; t < FILES; t++) {
    zd_err err = put(w, t, written(s, t), false);
    if (err != ZD_OK) return err;
  }
  count(&w->stats, &s->sheets);
  w->stats.bytes += s->bytes;
  w->stats.residents += s->block.count;
  return ZD_OK;
}

static zd_err put_supply(writer *w) {
  slot *s = &w->slots[0];
  zd_buffer line;
  zd_buffer_init(&line, 0);
  s->bytes = 0;
  zd_supply_write(w->region, &s->sheets);
  zd_err err = zd_sheets_error(&s->sheets);
  count(&w->stats, &s->sheets);
  if (w->region->options.format == ZD_REGION_BUNDLES) {
    bundle(&s->sheets, &line);
    for (int t = 0; t < FILES; t++) zd_buffer_clear(&s->sheets.of[t]);
    zd_pen_slice(&s->sheets.of[0], zd_buffer_slice(&line));
    if (err == ZD_OK) err = zd_buffer_error(&line);
  }
  if (err == ZD_OK) err = pack_all(s);
  for (int t = 0; t < FILES && err == ZD_OK; t++) err = put(w, t, written(s, t), true);
  w->stats.bytes += s->bytes;
  zd_buffer_free(&line);
  zd_err closed = close_files(w);
  return err != ZD_OK ? err : closed;
}

static void wait_for(writer *w, slot *s) {
  pthread_mutex_lock(&w->lock);
  while (!s->done) pthread_cond_wait(&w->ready, &w->lock);
  s->done = false;
  pthread_mutex_unlock(&w->lock);
}

/* Keeps every slot busy, writes blocks in order. All that was submitted has ended on return. */
static zd_err run(writer *w, zd_workers *workers, zd_region_progress progress, void *context) {
  uint32_t residents = w->region->options.residents;
  uint32_t blocks = (residents + ZD_BLOCK - 1) / ZD_BLOCK, submitted = 0, written = 0;
  zd_err err = ZD_OK;
  while (written < submitted || (err == ZD_OK && written < blocks)) {
    while (err == ZD_OK && submitted < blocks && submitted - written < w->count) {
      slot *s = &w->slots[submitted % w->count];
      s->first = submitted * ZD_BLOCK;
      err = zd_workers_submit(workers, draw, s);
      if (err != ZD_OK) zd_fail(w->fault, err, "cannot start a worker's task");
      if (err == ZD_OK) submitted++;
    }
    if (written == submitted) break;
    slot *s = &w->slots[written % w->count];
    wait_for(w, s);
    written++;
    if (err == ZD_OK) err = put_block(w, s);
    if (err == ZD_OK && progress && !progress(context, &w->stats, residents))
      err = zd_fail(w->fault, ZD_ERR_CANCELLED, "stopped after %u residents",
                    (unsigned)w->stats.residents);
  }
  zd_err closed = close_files(w);
  return err != ZD_OK ? err : closed;
}

static zd_err open_slots(writer *w, unsigned threads) {
  w->count = threads + 1; /* one is being written while the others are drawn */
  w->slots = calloc(w->count, sizeof *w->slots);
  if (!w->slots) return zd_fail(w->fault, ZD_ERR_MEMORY, "out of memory");
  for (unsigned i = 0; i < w->count; i++) {
    w->slots[i].writer = w;
    zd_sheets_init(&w->slots[i].sheets);
    for (int t = 0; t < FILES; t++) zd_buffer_init(&w->slots[i].out[t], 0);
  }
  return ZD_OK;
}

static void close_slots(writer *w) {
  for (unsigned i = 0; w->slots && i < w->count; i++) {
    zd_sheets_free(&w->slots[i].sheets);
    for (int t = 0; t < FILES; t++) zd_buffer_free(&w->slots[i].out[t]);
  }
  free(w->slots);
}

static zd_err generate(writer *w, zd_region_progress progress, void *context) {
  const zd_region_options *o = &w->region->options;
  unsigned threads = o->threads ? o->threads : zd_workers_cpus();
  if (threads > THREADS_MOST) threads = THREADS_MOST;
  zd_err err = o->out ? zd_file_make_dir(o->out, w->fault) : ZD_OK;
  if (err == ZD_OK) err = open_slots(w, threads);
  if (err == ZD_OK) err = put_supply(w);
  if (err == ZD_OK) {
    zd_workers *workers = zd_workers_open(threads, THREADS_MOST + 1);
    if (!workers) err = zd_fail(w->fault, ZD_ERR_MEMORY, "cannot start %u threads", threads);
    if (workers) err = run(w, workers, progress, context);
    if (workers) zd_workers_close(workers);
  }
  close_slots(w);
  return err;
}

zd_err zd_region_generate(const zd_region_options *options, zd_region_progress progress,
                          void *context, zd_region_stats *stats, zd_fault *fault) {
  zd_region *region;
  zd_region_options o = *options;
  uint32_t per_file = o.residents_per_file ? o.residents_per_file : 10000;
  if (o.out && strlen(o.out) > 3500)
    return zd_fail(fault, ZD_ERR_INVALID, "the folder's name is too long");
  if (per_file > 1000000) per_file = 1000000;
  o.residents_per_file = (per_file + ZD_BLOCK - 1) / ZD_BLOCK * ZD_BLOCK;
  zd_err err = zd_region_open(&o, &region, fault);
  if (err != ZD_OK) return err;
  writer w = {.region = region, .fault = fault};
  for (int t = 0; t < FILES; t++) w.fd[t] = -1;
  pthread_mutex_init(&w.lock, NULL);
  pthread_cond_init(&w.ready, NULL);
  err = generate(&w, progress, context);
  pthread_cond_destroy(&w.ready);
  pthread_mutex_destroy(&w.lock);
  if (stats) *stats = w.stats;
  zd_region_close(region);
  return err;
}
