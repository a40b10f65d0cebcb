/* import.c: pieces are drawn in order, prepared by several threads, committed in order
 * (import_turn.c). */
#include "bulk/import.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/clock.h"

static bool cancelled(const zd_import_run *run) {
  return run->o->cancel && atomic_load(run->o->cancel);
}

/* With the lock held. */
static void fail_run(zd_import_run *run, zd_err err, const zd_fault *fault) {
  if (run->err == ZD_OK) {
    run->err = err;
    run->fault = *fault;
  }
  pthread_cond_broadcast(&run->moved);
}

/* Opens the next file that is not done yet. With the lock held. */
static zd_err open_next(zd_import_run *run, zd_fault *fault) {
  while (!run->source && !run->stream && run->file < run->list.n) {
    const zd_source_file *f = &run->list.files[run->file];
    uint64_t done = zd_import_state_done(run->state, f);
    if (done == UINT64_MAX) {
      run->stats.skipped_files++;
      run->bytes_read += f->size;
      run->file++;
      continue;
    }
    zd_err err = zd_import_stream_open(f, run->o->schema, &run->stream, fault);
    if (err == ZD_OK && !run->stream) err = zd_source_open(f, &run->source, fault);
    if (err == ZD_OK && done) err = zd_source_skip(run->source, done, fault);
    if (err != ZD_OK) return err;
  }
  return ZD_OK;
}

/* Resources are committed a piece at a time: the larger, the cheaper. Bundles are committed one by
 * one whatever the piece, and while one waits for the disk the next are prepared only if they lie
 * in other pieces: so these are small. What the input holds shows after its first lines. */
static size_t next_size(zd_import_run *run) {
  enum { SMALL = 256 << 10, LARGE = 8 << 20 };
  if (run->o->piece) return run->o->piece;
  size_t now = run->step && !atomic_load(&run->jobs) ? run->step : SMALL;
  run->step = now < LARGE ? now * 2 : now;
  return now;
}

static zd_err draw_from(zd_import_run *run, zd_import_piece *p, size_t wanted, zd_fault *fault) {
  p->streamed = run->stream != NULL;
  if (run->stream) return zd_import_stream_next(run->stream, wanted, p, fault);
  if (!p->file->lines) wanted = (size_t)2 << 30;
  p->last = !p->file->lines;
  return zd_source_next(run->source, wanted, (size_t)1 << 30, &p->text, &p->first_line, &p->end,
                        fault);
}

/* The next piece; text.n == 0: there is none. With the lock held. */
static zd_err draw(zd_import_run *run, zd_import_piece *p, zd_fault *fault) {
  size_t wanted = next_size(run);
  zd_buffer_clear(&p->text);
  while (run->file < run->list.n) {
    zd_err err = open_next(run, fault);
    if (err != ZD_OK || run->file == run->list.n) return err;
    p->file = &run->list.files[run->file];
    err = draw_from(run, p, wanted, fault);
    if (err != ZD_OK) return err;
    if (p->text.n) {
      p->number = run->drawn++;
      return ZD_OK;
    }
    zd_source_close(run->source);
    zd_import_stream_close(run->stream);
    run->source = NULL;
    run->stream = NULL;
    run->bytes_read += p->file->size;
    run->stats.files++;
    run->file++;
  }
  return ZD_OK;
}

void zd_import_refuse(zd_import_piece *p, uint64_t line, const zd_issues *issues) {
  zd_buffer out;
  p->refused++;
  if (!p->run->report) return;
  zd_buffer_init(&out, 0);
  zd_buffer_add_slice(&out, ZD_S("{\"file\":\""));
  zd_buffer_add_json(&out, zd_slice_of(p->file->path));
  zd_buffer_printf(&out, "\",\"line\":%llu,\"outcome\":", (unsigned long long)line);
  zd_issues_write_json(issues, &out);
  zd_buffer_add_slice(&out, ZD_S("}\n"));
  pthread_mutex_lock(&p->run->lock);
  if (!out.failed) fwrite(out.p, 1, out.n, p->run->report);
  pthread_mutex_unlock(&p->run->lock);
  zd_buffer_free(&out);
}

static zd_err work(zd_import_piece *p, zd_fault *fault) {
  bool refused = false;
  zd_err err = p->file->xml ? zd_import_xml(p, &refused, fault) : ZD_OK;
  if (err != ZD_OK || refused) return err;
  if (p->run->o->server) return zd_import_send(p, fault);
  return p->file->lines ? zd_import_lines(p, fault) : zd_import_document(p, fault);
}

/* The piece is committed: its turn passes on. */
static void settle(zd_import_piece *p, zd_err err, zd_fault *fault) {
  zd_import_run *run = p->run;
  zd_import_wait_turn(p);
  pthread_mutex_lock(&run->lock);
  if (err == ZD_OK && run->err == ZD_OK && p->file->lines)
    err = zd_import_state_mark(run->state, p->file, p->end, false, fault);
  else if (err == ZD_OK && run->err == ZD_OK && p->last)
    err = zd_import_state_mark(run->state, p->file, 0, true, fault);
  if (err != ZD_OK) fail_run(run, err, fault);
  run->stats.read += p->read;
  run->stats.written += p->written;
  run->stats.unchanged += p->unchanged;
  run->stats.refused += p->refused;
  run->stats.bytes += p->text.n;
  zd_import_pass_turn(p);
  pthread_mutex_unlock(&run->lock);
}

static void *run_thread(void *context) {
  zd_import_run *run = context;
  zd_import_piece p = {.run = run};
  zd_buffer_init(&p.text, 0);
  zd_arena_init(&p.arena, 0);
  for (;;) {
    zd_fault fault = {0};
    pthread_mutex_lock(&run->lock);
    if (run->err == ZD_OK && cancelled(run)) {
      zd_fail(&fault, ZD_ERR_CANCELLED, "stopped");
      fail_run(run, ZD_ERR_CANCELLED, &fault);
    }
    p.streamed = p.has_turn = p.last = p.last_commit = false;
    p.first_entry = p.read = p.written = p.unchanged = p.refused = 0;
    zd_err err = run->err == ZD_OK ? draw(run, &p, &fault) : run->err;
    if (err != ZD_OK) fail_run(run, err, &fault);
    pthread_mutex_unlock(&run->lock);
    bool any = err == ZD_OK && p.text.n;
    if (any) err = work(&p, &fault);
    if (p.streamed) zd_fhir_bundle_free(&p.parts);
    if (!any) break;
    settle(&p, err, &fault);
  }
  zd_arena_free(&p.arena);
  zd_buffer_free(&p.text);
  return NULL;
}

static void show_progress(zd_import_run *run, pthread_t *threads, unsigned n) {
  zd_progress bar;
  zd_progress_start(&bar, run->o->progress, "importing", "resources", 0);
  for (unsigned i = 0; i < n; i++) {
    struct timespec soon;
    do {
      clock_gettime(CLOCK_REALTIME, &soon);
      soon.tv_nsec += 200000000;
      if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
      pthread_mutex_lock(&run->lock);
      uint64_t done = run->stats.read;
      pthread_mutex_unlock(&run->lock);
      zd_progress_update(&bar, done);
    } while (pthread_timedjoin_np(threads[i], NULL, &soon) != 0);
  }
  zd_progress_finish(&bar, run->stats.read);
}

static zd_err run_threads(zd_import_run *run, zd_fault *fault) {
  enum { MOST = 64 };
  pthread_t threads[MOST];
  unsigned wanted = run->o->threads ? run->o->threads : zd_workers_cpus() + 2, n = 0;
  if (wanted > MOST) wanted = MOST;
  while (n < wanted && pthread_create(&threads[n], NULL, run_thread, run) == 0) n++;
  if (!n) return zd_fail(fault, ZD_ERR_MEMORY, "no thread could be started");
  show_progress(run, threads, n);
  if (run->err != ZD_OK && fault) *fault = run->fault;
  return run->err;
}

static zd_err open_run(zd_import_run *run, zd_fault *fault) {
  const zd_import_options *o = run->o;
  zd_err err = zd_source_find(o->paths, o->path_count, &run->list, fault);
  if (err == ZD_OK && o->state) err = zd_import_state_open(o->state, &run->state, fault);
  if (err == ZD_OK && o->report && !(run->report = zd_import_open(o->report, O_TRUNC)))
    err = zd_fail_errno(fault, "cannot write %s", o->report);
  return err;
}

zd_err zd_import(const zd_import_options *options, zd_import_stats *stats, zd_fault *fault) {
  zd_import_run run = {.o = options};
  uint64_t started = zd_clock_monotonic_ns();
  pthread_mutex_init(&run.lock, NULL);
  pthread_cond_init(&run.moved, NULL);
  zd_err err = open_run(&run, fault);
  if (err == ZD_OK) err = run_threads(&run, fault);
  zd_source_close(run.source);
  zd_import_stream_close(run.stream);
  zd_import_state_close(run.state);
  if (run.report && fclose(run.report) != 0 && err == ZD_OK)
    err = zd_fail_errno(fault, "cannot write %s", options->report);
  zd_source_list_free(&run.list);
  pthread_cond_destroy(&run.moved);
  pthread_mutex_destroy(&run.lock);
  *stats = run.stats;
  stats->seconds = (double)(zd_clock_monotonic_ns() - started) / 1e9;
  return err;
}
