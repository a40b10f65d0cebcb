/* Backup: a copy of the store while others write to it.
 *
 * The log is walked as at start, and each commit that is whole goes into the copy. A file of the
 * copy is written beside its place and renamed over it when it is synced, so that the copy is a
 * store at every moment. What a log file needs (names, dictionaries, notes) is copied after its
 * commits were read, hence complete for them, and before it is put in place. The index is left out:
 * it is derived.
 *
 * A log file that has a successor never changes. So a later backup compares the last file it has
 * with the store's, byte by byte, and goes on there; the earlier ones are the same by their
 * history.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "store/embedded/dictionaries.h"
#include "store/embedded/engine.h"

enum { BLOCK = 1 << 20, DIR_MAX = PATH_MAX - 400, SMALL_MAX = 1 << 30, HELD_MAX = 32 };

typedef struct backup {
  const zd_backup_options *options;
  const zd_file_system *fs;
  zd_log_files *source, *copy; /* copy: as it was when the call began */
  zd_backup_report *report;
  char *block;    /* BLOCK bytes */
  uint32_t first; /* file the walk begins in; of an earlier backup its last, else 1 */
  uint64_t have;  /* bytes of that file in the copy */
  uint64_t total, done;
  uint32_t file; /* being written; 0: none */
  int fd;
  uint64_t written; /* bytes of it */
} backup;

/* ---- small files ---- */

static void path_in(const char *dir, const char *name, char path[PATH_MAX]) {
  snprintf(path, PATH_MAX, "%s/%s", dir, name);
}

static zd_err read_small(backup *b, const char *name, zd_buffer *out, zd_fault *fault) {
  char path[PATH_MAX];
  path_in(b->options->dir, name, path);
  zd_buffer_init(out, 0);
  return zd_file_read(path, SMALL_MAX, out, fault);
}

/* Unless the copy has the same already. */
static zd_err write_small(backup *b, const char *name, zd_slice content, zd_fault *fault) {
  char path[PATH_MAX];
  zd_buffer here;
  path_in(b->options->to, name, path);
  zd_buffer_init(&here, 0);
  bool same = zd_file_read(path, SMALL_MAX, &here, NULL) == ZD_OK &&
              zd_slice_eq(zd_buffer_slice(&here), content);
  zd_buffer_free(&here);
  if (same) return ZD_OK;
  b->report->copied += content.n;
  return zd_file_replace(b->fs, path, content, fault);
}

static zd_err copy_small(backup *b, const char *name, zd_fault *fault) {
  zd_buffer text;
  zd_err err = read_small(b, name, &text, fault);
  if (!err) err = write_small(b, name, zd_buffer_slice(&text), fault);
  zd_buffer_free(&text);
  return err;
}

/* Small files that were read and are still to be written. */
typedef struct held_file {
  char name[300];
  zd_buffer text;
} held_file;

typedef struct held_files {
  held_file all[HELD_MAX];
  size_t n;
} held_files;

/* One that is no more is passed over: drafts come and go. */
static zd_err hold(backup *b, held_files *h, const char *name, zd_fault *fault) {
  if (h->n == HELD_MAX)
    return zd_fail(fault, ZD_ERR_LIMIT, "%s: more than %d notes", b->options->dir, HELD_MAX);
  held_file *f = &h->all[h->n];
  snprintf(f->name, sizeof f->name, "%s", name);
  zd_err err = read_small(b, name, &f->text, fault);
  if (!err) {
    h->n++;
    return ZD_OK;
  }
  zd_buffer_free(&f->text);
  if (err != ZD_ERR_NOT_FOUND) return err;
  if (fault) *fault = (zd_fault){0};
  return ZD_OK;
}

static zd_err write_held(backup *b, held_files *h, zd_fault *fault) {
  zd_err err = ZD_OK;
  for (size_t i = 0; i < h->n && !err; i++)
    err = write_small(b, h->all[i].name, zd_buffer_slice(&h->all[i].text), fault);
  return err;
}

static void drop_held(held_files *h) {
  for (size_t i = 0; i < h->n; i++) zd_buffer_free(&h->all[i].text);
  free(h);
}

static bool ends_with(const char *name, const char *end) {
  size_t n = strlen(name), m = strlen(end);
  return n > m && strcmp(name + n - m, end) == 0;
}

static zd_err hold_notes(backup *b, held_files *h, zd_fault *fault) {
  DIR *d = opendir(b->options->dir);
  if (!d) return zd_fail_errno(fault, "cannot list %s", b->options->dir);
  zd_err err = ZD_OK;
  for (struct dirent *e; !err && (e = readdir(d));)
    if (ends_with(e->d_name, ".note")) err = hold(b, h, e->d_name, fault);
  closedir(d);
  for (size_t i = 0; !err && i < h->n; i++) {
    if (!ends_with(h->all[i].name, ".note") || zd_note_sound(zd_buffer_slice(&h->all[i].text)))
      continue;
    err = zd_fail(fault, ZD_ERR_CORRUPT, "%s/%s is damaged", b->options->dir, h->all[i].name);
  }
  return err;
}

static zd_err copy_dictionaries(backup *b, zd_fault *fault) {
  char path[PATH_MAX];
  path_in(b->options->dir, "dict", path);
  DIR *d = opendir(path);
  if (!d) return zd_fail_errno(fault, "cannot list %s", path);
  zd_err err = ZD_OK;
  for (struct dirent *e; !err && (e = readdir(d));) {
    char name[300];
    snprintf(name, sizeof name, "dict/%s", e->d_name);
    if (ends_with(name, ".zdict")) err = copy_small(b, name, fault);
  }
  closedir(d);
  return err;
}

/* Everything but the log. The count of the names and the notes, which hold numbers of names, are
 * read before the names and written behind them: in the copy, too, they never say too much. */
static zd_err copy_beside_log(backup *b, zd_fault *fault) {
  held_files *h = calloc(1, sizeof *h);
  if (!h) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the backup");
  zd_err err = hold(b, h, "symbols.count", fault);
  if (!err) err = hold_notes(b, h, fault);
  if (!err) err = copy_small(b, "symbols", fault);
  if (!err) err = copy_dictionaries(b, fault);
  if (!err) err = write_held(b, h, fault);
  drop_held(h);
  return err;
}

/* ---- the log ---- */

static void draft_path(const backup *b, char path[PATH_MAX]) {
  char name[32];
  snprintf(name, sizeof name, "log/%08u.log.tmp", b->file);
  path_in(b->options->to, name, path);
}

static zd_err put(backup *b, const void *p, size_t n, zd_fault *fault) {
  if (b->fs->write_at(b->fs->state, b->fd, p, n, b->written) != 0) {
    char path[PATH_MAX];
    draft_path(b, path);
    return zd_fail_errno(fault, "cannot write %s", path);
  }
  b->written += n;
  b->report->copied += n;
  return ZD_OK;
}

static zd_err go_on(backup *b, uint64_t n, zd_fault *fault) {
  b->done += n;
  if (!b->options->progress || b->options->progress(b->options->context, b->done, b->total))
    return ZD_OK;
  return zd_fail(fault, ZD_ERR_CANCELLED, "the backup was stopped");
}

static void drop_draft(backup *b) {
  char path[PATH_MAX];
  if (!b->file) return;
  draft_path(b, path);
  b->fs->close(b->fs->state, b->fd);
  b->fs->remove(b->fs->state, path);
  b->file = 0;
}

/* Begins a file of the copy with its first `upto` bytes: the head, or what an earlier backup has,
 * which was walked by now. */
static zd_err begin_draft(backup *b, uint32_t file, uint64_t upto, zd_fault *fault) {
  char path[PATH_MAX];
  b->file = file;
  b->written = 0;
  draft_path(b, path);
  b->fd = b->fs->open(b->fs->state, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (b->fd < 0) {
    b->file = 0;
    return zd_fail_errno(fault, "cannot create %s", path);
  }
  zd_err err = ZD_OK;
  zd_log_files *from = file == b->first ? b->copy : b->source;
  while (!err && b->written < upto) {
    uint64_t left = upto - b->written;
    size_t got;
    err = zd_log_files_read(from, file, b->written, b->block, left < BLOCK ? (size_t)left : BLOCK,
                            &got, fault);
    if (!err && !got) err = zd_fail(fault, ZD_ERR_CORRUPT, "log file %u became shorter", file);
    if (!err) err = put(b, b->block, got, fault);
  }
  return err;
}

/* Puts the file that is being written in its place. */
static zd_err finish_draft(backup *b, zd_fault *fault) {
  char draft[PATH_MAX], path[PATH_MAX], folder[PATH_MAX];
  if (!b->file) return ZD_OK;
  zd_err err = copy_beside_log(b, fault);
  if (err) return err;
  draft_path(b, draft);
  zd_log_files_path(b->copy, b->file, path, sizeof path);
  path_in(b->options->to, "log", folder);
  const zd_file_system *fs = b->fs;
  if (fs->sync(fs->state, b->fd) != 0) return zd_fail_errno(fault, "cannot sync %s", draft);
  if (fs->rename(fs->state, draft, path) != 0)
    return zd_fail_errno(fault, "cannot rename %s to %s", draft, path);
  fs->close(fs->state, b->fd);
  b->file = 0;
  if (fs->sync_dir(fs->state, folder) != 0) return zd_fail_errno(fault, "cannot sync %s", folder);
  return ZD_OK;
}

/* Appends a commit; what is written is held against its checksum once more. */
static zd_err copy_commit(backup *b, zd_log_cursor *c, zd_locator at, const zd_commit_head *h,
                          zd_fault *fault) {
  unsigned char head[ZD_COMMIT_HEAD];
  uint32_t crc = 0;
  zd_commit_head_write(h, head);
  zd_err err = put(b, head, sizeof head, fault);
  at += ZD_COMMIT_HEAD;
  for (uint64_t left = h->length; !err && left;) {
    const unsigned char *p;
    size_t want = left < BLOCK ? (size_t)left : BLOCK, got;
    err = zd_log_cursor_peek(c, at, want, &p, &got, fault);
    if (err) return err;
    if (got < want) break;
    crc = zd_crc32c(crc, p, got);
    err = put(b, p, got, fault);
    at += got;
    left -= got;
  }
  if (err || crc == h->records_crc) return err;
  return zd_fail(fault, ZD_ERR_CORRUPT, "log file %u: commit %llu changed while it was copied",
                 zd_locator_file(at), (unsigned long long)h->sequence);
}

static void tell(zd_backup_report *r, const zd_commit_head *h) {
  r->rows = h->first_row + h->rows;
  r->sequence = h->sequence;
  r->time_ms = h->time_ms;
}

static zd_err visit(void *context, zd_log_cursor *c, zd_locator at, const zd_commit_head *h,
                    zd_fault *fault) {
  backup *b = context;
  uint32_t file = zd_locator_file(at);
  zd_err err = go_on(b, ZD_COMMIT_HEAD + h->length, fault);
  if (!err && file != b->file) {
    err = finish_draft(b, fault);
    if (!err) err = begin_draft(b, file, zd_locator_offset(at), fault);
  }
  if (!err) err = copy_commit(b, c, at, h, fault);
  if (err) return err;
  tell(b->report, h);
  return ZD_OK;
}

/* ---- what is there already ---- */

static zd_err refuse_other(const backup *b, const char *what, zd_fault *fault) {
  return zd_fail(fault, ZD_ERR_REFUSED,
                 "%s holds %s that %s does not have: it is no earlier backup of this store, or the "
                 "store was set back; give another folder",
                 b->options->to, what, b->options->dir);
}

/* Where the copy ends, and its last commit. */
typedef struct copy_end {
  backup *backup;
  zd_locator last; /* 0: it has none */
} copy_end;

static zd_err note_end(void *context, zd_log_cursor *c, zd_locator at, const zd_commit_head *h,
                       zd_fault *fault) {
  copy_end *e = context;
  (void)c, (void)fault;
  e->last = at;
  tell(e->backup->report, h);
  return ZD_OK;
}

/* Walks the last file of the copy. */
static zd_err find_end(backup *b, copy_end *e, zd_log_place *place, zd_fault *fault) {
  unsigned char bytes[ZD_LOG_HEAD];
  zd_log_head h;
  size_t got;
  uint64_t torn;
  char path[PATH_MAX];
  zd_err err = zd_log_files_read(b->copy, b->first, 0, bytes, sizeof bytes, &got, fault);
  if (err) return err;
  if (got < sizeof bytes || zd_log_head_read(bytes, &h)) {
    zd_log_files_path(b->copy, b->first, path, sizeof path);
    return zd_fail(fault, ZD_ERR_CORRUPT, "%s: damaged head", path);
  }
  *place = (zd_log_place){zd_locator_make(b->first, ZD_LOG_HEAD), h.first_row, h.first_sequence,
                          INT64_MIN};
  return zd_log_walk(b->copy, place, note_end, e, &torn, fault);
}

/* Commits carry numbers, time and a checksum of their content: who has the same last one has the
 * same history. */
static zd_err compare_commit(backup *b, zd_locator at, zd_fault *fault) {
  unsigned char here[ZD_COMMIT_HEAD], there[ZD_COMMIT_HEAD];
  uint32_t file = zd_locator_file(at);
  size_t got = 0, have = 0;
  zd_err err =
      zd_log_files_read(b->copy, file, zd_locator_offset(at), here, sizeof here, &have, fault);
  if (!err)
    err =
        zd_log_files_read(b->source, file, zd_locator_offset(at), there, sizeof there, &got, fault);
  if (err) return err;
  bool same = have == sizeof here && got == have && memcmp(here, there, sizeof here) == 0;
  return same ? ZD_OK : refuse_other(b, "commits", fault);
}

static uint64_t first_difference(const char *a, const char *b, uint64_t n) {
  uint64_t i = 0;
  while (i < n && a[i] == b[i]) i++;
  return i;
}

/* The history is the same, so a difference is damage: of the store, since the copy was verified. */
static zd_err compare_last(backup *b, zd_fault *fault) {
  char *other = malloc(BLOCK);
  zd_err err = other ? ZD_OK : zd_fail(fault, ZD_ERR_MEMORY, "no memory to compare the log");
  for (uint64_t at = 0; !err && at < b->have && !b->report->damaged_file;) {
    uint64_t left = b->have - at;
    size_t want = left < BLOCK ? (size_t)left : BLOCK, got = 0, there = 0;
    err = zd_log_files_read(b->copy, b->first, at, b->block, want, &got, fault);
    if (!err) err = zd_log_files_read(b->source, b->first, at, other, want, &there, fault);
    if (err) break;
    if (got < want) there = 0;
    uint64_t same = first_difference(b->block, other, there);
    if (same < want) {
      b->report->damaged_file = b->first;
      b->report->damaged_at = at + same;
    }
    at += want;
  }
  free(other);
  return err;
}

/* Where to begin: behind what an earlier backup has, which must be this store's. */
static zd_err find_place(backup *b, zd_log_place *place, zd_fault *fault) {
  copy_end e = {.backup = b};
  *place = (zd_log_place){.at = 0, .row = 0, .sequence = 1, .time_ms = INT64_MIN};
  b->first = zd_log_files_last(b->copy);
  if (!b->first) return ZD_OK;
  if (b->first > zd_log_files_last(b->source)) return refuse_other(b, "files", fault);
  zd_err err = find_end(b, &e, place, fault);
  if (err) return err;
  b->have = zd_locator_offset(place->at);
  if (e.last) err = compare_commit(b, e.last, fault);
  return err ? err : compare_last(b, fault);
}

static zd_err add_sizes(zd_log_files *files, uint32_t from, uint64_t *total, zd_fault *fault) {
  for (uint32_t i = from ? from : 1; i <= zd_log_files_last(files); i++) {
    uint64_t size;
    zd_err err = zd_log_files_size(files, i, &size, fault);
    if (err) return err;
    *total += size;
  }
  return ZD_OK;
}

/* ---- the whole ---- */

static zd_err skip(void *context, zd_log_cursor *c, zd_locator at, const zd_commit_head *h,
                   zd_fault *fault) {
  (void)c, (void)at;
  return go_on(context, ZD_COMMIT_HEAD + h->length, fault);
}

/* Opens what was copied as a start would, without the index; the log is read when asked. */
static zd_err prove(backup *b, zd_fault *fault) {
  zd_symbols *symbols = NULL;
  zd_dictionaries *dictionaries = NULL;
  zd_log_files *log = NULL;
  const char *to = b->options->to;
  uint64_t torn = 0;
  zd_log_place end = {.sequence = 1, .time_ms = INT64_MIN};
  zd_err err = zd_symbols_open(b->fs, to, true, &symbols, fault);
  if (!err) err = zd_dictionaries_open(b->fs, to, true, &dictionaries, fault);
  if (!err) err = zd_log_files_open(b->fs, to, true, 0, &log, fault);
  if (!err) err = add_sizes(log, 1, &b->report->log_bytes, fault);
  if (!err && b->options->verify) {
    b->total += b->report->log_bytes;
    err = zd_log_walk(log, &end, skip, b, &torn, fault);
    if (!err && (torn || end.sequence != b->report->sequence + 1))
      err =
          zd_fail(fault, ZD_ERR_CORRUPT, "%s: the log ends behind commit %llu instead of %llu", to,
                  (unsigned long long)end.sequence - 1, (unsigned long long)b->report->sequence);
  }
  zd_log_files_close(log);
  zd_dictionaries_close(dictionaries);
  zd_symbols_close(symbols);
  return err;
}

static zd_err copy_log(backup *b, zd_fault *fault) {
  zd_log_place place;
  uint64_t torn;
  zd_err err = find_place(b, &place, fault);
  if (!err) err = add_sizes(b->source, b->first, &b->total, fault);
  b->total -= b->have;
  if (!err) err = zd_log_walk(b->source, &place, visit, b, &torn, fault);
  if (err == ZD_ERR_CORRUPT)
    (void)finish_draft(b, NULL); /* all before the damage is worth having */
  if (!err) err = finish_draft(b, fault);
  drop_draft(b);
  return err ? err : copy_beside_log(b, fault);
}

/* The names and dictionaries of the store, before they replace those of the copy. */
static zd_err judge_names(backup *b, zd_fault *fault) {
  const zd_backup_options *o = b->options;
  zd_symbols *here = NULL, *there = NULL;
  zd_dictionaries *dictionaries = NULL;
  zd_err err = zd_symbols_open(b->fs, o->dir, true, &here, fault);
  if (!err) err = zd_symbols_open(b->fs, o->to, true, &there, fault);
  if (!err) err = zd_dictionaries_open(b->fs, o->dir, true, &dictionaries, fault);
  if (!err && zd_symbols_count(here) < zd_symbols_count(there)) {
    err = zd_fail(fault, ZD_ERR_CORRUPT, "%s/symbols: %u names, of %u that the backup has", o->dir,
                  zd_symbols_count(here), zd_symbols_count(there));
  }
  zd_dictionaries_close(dictionaries);
  zd_symbols_close(there);
  zd_symbols_close(here);
  return err;
}

static zd_err run(backup *b, zd_fault *fault) {
  const zd_backup_options *o = b->options;
  char path[PATH_MAX];
  path_in(o->to, "dict", path);
  zd_err err = zd_file_make_dir(path, fault);
  if (!err) err = copy_small(b, "FORMAT", fault);
  if (!err) err = judge_names(b, fault);
  if (!err) err = zd_log_files_open(b->fs, o->dir, true, 0, &b->source, fault);
  if (!err) err = zd_log_files_open(b->fs, o->to, false, 0, &b->copy, fault);
  b->block = malloc(BLOCK);
  if (!err && !b->block) err = zd_fail(fault, ZD_ERR_MEMORY, "no memory for the backup");
  if (!err) err = copy_log(b, fault);
  if (!err) err = prove(b, fault);
  free(b->block);
  zd_log_files_close(b->copy);
  zd_log_files_close(b->source);
  return err;
}

static zd_err judge_source(const char *dir, zd_fault *fault) {
  char path[PATH_MAX];
  zd_buffer text;
  path_in(dir, "FORMAT", path);
  zd_buffer_init(&text, 0);
  zd_err err = zd_file_read(path, 4096, &text, fault);
  if (err == ZD_ERR_NOT_FOUND) {
    path_in(dir, "log/00000001.log", path);
    err = access(path, F_OK) == 0
              ? zd_fail(fault, ZD_ERR_CORRUPT, "%s/FORMAT is missing, and there is a log", dir)
              : zd_fail(fault, ZD_ERR_NOT_FOUND, "%s: there is no store", dir);
  } else if (!err) {
    err = zd_store_judge_format(zd_buffer_slice(&text), path, fault);
  }
  zd_buffer_free(&text);
  return err;
}

/* A folder that holds something else is left alone. */
static zd_err judge_target(const zd_backup_options *o, zd_fault *fault) {
  struct stat from, to;
  DIR *d = opendir(o->to);
  if (!d) return errno == ENOENT ? ZD_OK : zd_fail_errno(fault, "cannot list %s", o->to);
  bool empty = true, store = false;
  for (struct dirent *e; (e = readdir(d));) {
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    empty = false;
    store |= strcmp(e->d_name, "FORMAT") == 0 || strcmp(e->d_name, "lock") == 0;
  }
  closedir(d);
  if (stat(o->dir, &from) == 0 && stat(o->to, &to) == 0 && from.st_dev == to.st_dev &&
      from.st_ino == to.st_ino) {
    return zd_fail(fault, ZD_ERR_REFUSED, "%s is the store itself", o->to);
  }
  if (empty || store) return ZD_OK;
  return zd_fail(fault, ZD_ERR_REFUSED, "%s holds something else than a backup", o->to);
}

zd_err zd_store_backup(const zd_backup_options *o, zd_backup_report *out, zd_fault *fault) {
  *out = (zd_backup_report){.time_ms = INT64_MIN};
  if (!o->dir || !o->to || strlen(o->dir) > DIR_MAX || strlen(o->to) > DIR_MAX)
    return zd_fail(fault, ZD_ERR_INVALID, "a folder is not named, or its name is too long");
  backup b = {.options = o, .fs = o->fs ? o->fs : zd_file_system_real(), .report = out, .fd = -1};
  int lock = -1;
  zd_err err = judge_source(o->dir, fault);
  if (!err) err = judge_target(o, fault);
  if (!err) err = zd_file_make_dir(o->to, fault);
  if (!err) err = zd_store_lock(o->to, &lock, fault);
  if (!err) err = run(&b, fault);
  if (lock >= 0) close(lock);
  return err;
}
