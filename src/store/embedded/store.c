/* Opening, starting and closing; what DIR holds:
 *
 *   FORMAT     "zdravo store\nformat 1\n"
 *   lock       held with flock by the one process that writes; its number as text
 *   symbols    names <-> numbers            (symbols.h); symbols.count: how many there are
 *   *.note     small texts replaced whole   (notes.c)
 *   log/       every version ever committed (format.h)
 *   dict/      dictionaries bodies are packed with (dictionaries.h)
 *   index/     derived; may be deleted while nobody holds the store (index/README.md)
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/embedded/engine.h"

/* The longest DIR: what is below adds less than a hundred bytes. */
enum { DIR_MAX = PATH_MAX - 100 };

static void path_of(const zd_store *s, const char *name, char path[PATH_MAX]) {
  snprintf(path, PATH_MAX, "%s/%s", s->dir, name);
}

/* ---- the lock ---- */

static zd_err refuse_busy(int fd, const char *path, zd_fault *fault) {
  char owner[32] = "";
  ssize_t n = pread(fd, owner, sizeof owner - 1, 0);
  owner[n > 0 ? n : 0] = 0;
  owner[strcspn(owner, "\n")] = 0;
  return zd_fail(fault, ZD_ERR_BUSY, "%s is held by process %s", path, *owner ? owner : "?");
}

zd_err zd_store_lock(const char *dir, int *out, zd_fault *fault) {
  char path[PATH_MAX], text[32];
  snprintf(path, sizeof path, "%s/lock", dir);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return zd_fail_errno(fault, "cannot open %s", path);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    zd_err err = errno == EWOULDBLOCK ? refuse_busy(fd, path, fault)
                                      : zd_fail_errno(fault, "cannot lock %s", path);
    close(fd);
    return err;
  }
  int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
    text[0] = 0; /* only a courtesy to who finds it locked; a full disk must not prevent opening */
  }
  *out = fd;
  return ZD_OK;
}

/* ---- the format ---- */

zd_err zd_store_judge_format(zd_slice text, const char *path, zd_fault *fault) {
  static const char start[] = "zdravo store\nformat ";
  unsigned long format = 0;
  if (zd_slice_starts(text, zd_slice_of(start))) {
    zd_slice rest = zd_slice_from(text, sizeof start - 1);
    size_t i = 0;
    for (; i < rest.n && i < 9 && rest.p[i] >= '0' && rest.p[i] <= '9'; i++) {
      format = format * 10 + (unsigned long)(rest.p[i] - '0');
    }
    if (i == rest.n || rest.p[i] != '\n') format = 0;
  }
  if (!format) return zd_fail(fault, ZD_ERR_CORRUPT, "%s is damaged", path);
  if (format > ZD_FORMAT_VERSION) {
    return zd_fail(fault, ZD_ERR_UNSUPPORTED,
                   "%s: format %lu was written by a newer program; this one knows formats up to %u",
                   path, format, ZD_FORMAT_VERSION);
  }
  /* Upgrades of older formats go here, each one step, each rewriting FORMAT at its end. */
  return ZD_OK;
}

static zd_err make_format(zd_store *s, const char *path, zd_fault *fault) {
  char log[PATH_MAX], text[64];
  path_of(s, "log/00000001.log", log);
  if (access(log, F_OK) == 0) {
    return zd_fail(fault, ZD_ERR_CORRUPT, "%s is missing, and there is a log", path);
  }
  int n = snprintf(text, sizeof text, "zdravo store\nformat %u\n", ZD_FORMAT_VERSION);
  return zd_file_replace(s->fs, path, zd_slice_make(text, (size_t)n), fault);
}

static zd_err check_format(zd_store *s, zd_fault *fault) {
  char path[PATH_MAX];
  zd_buffer text;
  path_of(s, "FORMAT", path);
  zd_buffer_init(&text, 0);
  zd_err err = zd_file_read(path, 4096, &text, fault);
  if (!err) {
    err = zd_store_judge_format(zd_buffer_slice(&text), path, fault);
  } else if (err == ZD_ERR_NOT_FOUND && s->read_only) {
    char log[PATH_MAX];
    path_of(s, "log/00000001.log", log);
    err = access(log, F_OK) == 0
              ? zd_fail(fault, ZD_ERR_CORRUPT, "%s is missing, and there is a log", path)
              : zd_fail(fault, ZD_ERR_NOT_FOUND, "%s: there is no store", s->dir);
  } else if (err == ZD_ERR_NOT_FOUND) {
    if (fault) fault->code = ZD_OK;
    err = make_format(s, path, fault);
  }
  zd_buffer_free(&text);
  return err;
}

/* ---- opening ---- */

static zd_err open_parts(zd_store *s, const zd_store_options *o, zd_fault *fault) {
  char path[PATH_MAX];
  zd_err err = ZD_OK;
  if (!s->read_only) err = zd_file_make_dir(s->dir, fault);
  if (!err && !s->read_only) err = zd_store_lock(s->dir, &s->lock_fd, fault);
  if (!err) err = check_format(s, fault);
  if (!err) err = zd_symbols_open(s->fs, s->dir, s->read_only, &s->symbols, fault);
  if (!err) err = zd_codec_open(s->fs, s->dir, s->read_only, s->logger, &s->codec, fault);
  if (!err) err = zd_log_files_open(s->fs, s->dir, s->read_only, o->log_file_bytes, &s->log, fault);
  if (!err && !s->read_only && s->fs->sync_dir(s->fs->state, s->dir) != 0) {
    err = zd_fail_errno(fault, "cannot sync %s", s->dir); /* symbols, log/, dict/ may be new */
  }
  path_of(s, "index", path);
  zd_index_options index = {.dir = path,
                            .read_only = s->read_only,
                            .fs = s->fs,
                            .logger = s->logger,
                            .memtable_rows = o->memtable_rows,
                            .merge_threads = o->merge_threads ? o->merge_threads : 1};
  if (!err) err = zd_index_open(&index, &s->index, fault);
  return err;
}

zd_err zd_store_open(const zd_store_options *options, zd_store **out, zd_fault *fault) {
  if (!options->dir || strlen(options->dir) > DIR_MAX) {
    return zd_fail(fault, ZD_ERR_INVALID, "the store's folder is not named, or too long");
  }
  zd_store *s = calloc(1, sizeof *s);
  if (!s) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the store");
  pthread_mutex_init(&s->readers_lock, NULL);
  pthread_mutex_init(&s->txns_lock, NULL);
  s->lock_fd = -1;
  s->read_only = options->read_only;
  s->fs = options->fs ? options->fs : zd_file_system_real();
  s->logger = options->logger;
  s->clock = options->clock.now_ms ? options->clock : zd_clock_system();
  s->indexer = options->indexer;
  s->dir = strdup(options->dir);
  s->recent = zd_recent_new();
  zd_err err = s->dir && s->recent ? open_parts(s, options, fault)
                                   : zd_fail(fault, ZD_ERR_MEMORY, "no memory for the store");
  if (err) {
    zd_store_close(s);
    return err;
  }
  *out = s;
  return ZD_OK;
}

zd_err zd_store_start(zd_store *s, zd_indexer indexer, zd_fault *fault) {
  if (s->started) return zd_fail(fault, ZD_ERR_INVALID, "the store has been started already");
  if (indexer.entries) s->indexer = indexer;
  zd_log_place end;
  zd_err err = zd_symbols_sync(s->symbols, fault); /* the indexer's, before anything is flushed */
  if (!err) err = zd_store_replay(s, &end, fault);
  if (err) return err;
  atomic_store(&s->sequence, end.sequence - 1);
  s->first_new = end.row;
  if (!s->read_only) err = zd_committer_open(s, &end, &s->committer, fault);
  s->started = !err;
  if (s->started) zd_codec_set_past(s->codec, (zd_training_past){s, zd_store_offer_past});
  return err;
}

/* So that the next start replays nothing. Failing costs that start some time, nothing else. */
static void flush_at_close(zd_store *s) {
  zd_fault fault = {0};
  zd_err err = zd_symbols_sync(s->symbols, &fault);
  if (!err) err = zd_index_flush(s->index, &fault);
  if (err) zd_log(s->logger, ZD_LOG_WARN, "index not flushed at close", "why", fault.text, NULL);
}

void zd_store_close(zd_store *s) {
  if (!s) return;
  zd_committer_close(s->committer);
  if (s->codec) zd_codec_stop_training(s->codec);
  if (s->started && !s->read_only) flush_at_close(s);
  if (s->index) zd_index_close(s->index);
  zd_readers_free(s);
  zd_recent_free(s->recent);
  zd_txns_free(s);
  zd_log_files_close(s->log);
  zd_codec_close(s->codec);
  zd_symbols_close(s->symbols);
  if (s->lock_fd >= 0) close(s->lock_fd);
  pthread_mutex_destroy(&s->readers_lock);
  pthread_mutex_destroy(&s->txns_lock);
  free(s->dir);
  free(s);
}

/* ---- symbols ---- */

uint32_t zd_store_symbol(zd_store *s, zd_slice name, bool create) {
  return zd_symbols_find(s->symbols, name, create);
}

zd_slice zd_store_symbol_name(const zd_store *s, uint32_t symbol) {
  return zd_symbols_name(s->symbols, symbol);
}

/* ---- figures ---- */

static uint64_t count_current(zd_store *s) {
  zd_snapshot *v;
  if (zd_store_snapshot(s, &v)) return 0;
  zd_type_count counts[256], *all = counts;
  uint64_t current = 0;
  size_t n = zd_snapshot_types(v, counts, 256);
  if (n > 256) {
    all = calloc(n, sizeof *all);
    if (all) n = zd_snapshot_types(v, all, n);
  }
  for (size_t i = 0; all && i < n; i++) current += all[i].count;
  if (all != counts) free(all);
  zd_snapshot_release(v);
  return current;
}

void zd_store_stats_get(zd_store *s, zd_store_stats *out) {
  zd_index_stats index = {0};
  zd_codec_stats codec = {0};
  zd_index_stats_get(s->index, &index);
  zd_codec_stats_get(s->codec, &codec);
  *out = (zd_store_stats){
      .rows = zd_index_published(s->index),
      .current = count_current(s),
      .sequence = atomic_load(&s->sequence),
      .log_bytes = zd_log_files_bytes(s->log),
      .index_bytes = index.bytes,
      .dictionary_bytes = codec.dictionary_bytes,
      .segments = index.segments,
      .memtable_rows = index.memtable_rows,
      .symbols = zd_symbols_count(s->symbols),
      .merges_waiting = index.merges_waiting,
      .syncs = atomic_load(&s->syncs),
      .commits = atomic_load(&s->commits),
      .memory_bytes = index.memory_bytes + codec.memory + zd_recent_bytes(s->recent)};
}

zd_err zd_store_compact(zd_store *s, zd_fault *fault) {
  if (s->read_only || !s->started) return zd_fail(fault, ZD_ERR_REFUSED, "the store is read-only");
  return zd_index_compact(s->index, fault);
}
