#include "store/embedded/log_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* 65,535 files of 256 MB: 16 TB. */
enum { FILES_MAX = 65535 };

/* The last file is mapped beyond its end, for what it will grow by. What a large commit puts behind
 * that is read, not mapped. */
#define GROWING_BYTES ((uint64_t)ZD_LOG_FILE_BYTES + (64u << 20))

/* Small groups are written over zeros that were put there ahead: then a sync writes their bytes and
 * no more, while a file that grows has its length to be written as well. So many at a time: */
enum { AHEAD = 256 << 10 };

/* A file in memory; stays where it is until close. */
typedef struct log_map {
  const unsigned char *p;
  uint64_t room;         /* bytes mapped */
  _Atomic uint64_t size; /* bytes there, once the file takes no further commit; 0: not known yet */
} log_map;

struct zd_log_files {
  const zd_file_system *fs;
  char *dir;
  bool read_only;
  uint64_t file_bytes;
  bool mappable;            /* the operating system's own files, so their bytes may be mapped */
  pthread_mutex_t opening;  /* guards opening and mapping a file; taken alone */
  _Atomic int *fds;         /* by file number: descriptor + 1; 0: not open yet */
  _Atomic(log_map *) *maps; /* by file number; NULL: not mapped yet */
  _Atomic uint64_t synced;  /* as `end`, for readers; 0 until the log was resumed */
  _Atomic uint32_t last;    /* written by the committer */
  _Atomic uint64_t bytes;   /* synced, in all files */
  uint64_t end;             /* committer's: synced end of the last file */
  uint64_t written;         /* committer's: end of what was appended since */
  uint64_t zeroed;          /* committer's: up to where there may be zeros behind it */
};

void zd_log_files_path(const zd_log_files *l, uint32_t file, char *path, size_t room) {
  snprintf(path, room, "%s/%08u.log", l->dir, file);
}

uint32_t zd_log_files_last(const zd_log_files *l) {
  return atomic_load_explicit(&l->last, memory_order_acquire);
}

uint64_t zd_log_files_bytes(const zd_log_files *l) {
  return atomic_load_explicit(&l->bytes, memory_order_relaxed);
}

/* ---- opening ---- */

/* Number in a name such as 00000007.log, or 0. */
static uint32_t file_number(const char *name) {
  if (strlen(name) != 12 || strcmp(name + 8, ".log") != 0) return 0;
  uint32_t n = 0;
  for (int i = 0; i < 8; i++) {
    if (name[i] < '0' || name[i] > '9') return 0;
    n = n * 10 + (uint32_t)(name[i] - '0');
  }
  return n <= FILES_MAX ? n : 0;
}

static zd_err list_files(zd_log_files *l, zd_fault *fault) {
  DIR *d = opendir(l->dir);
  if (!d) {
    zd_fail_errno(fault, "cannot list %s", l->dir);
    return ZD_ERR_IO;
  }
  uint32_t count = 0, last = 0;
  for (struct dirent *e; (e = readdir(d));) {
    uint32_t n = file_number(e->d_name);
    if (!n) continue;
    count++;
    if (n > last) last = n;
  }
  closedir(d);
  if (count != last) {
    return zd_fail(fault, ZD_ERR_CORRUPT, "%s: %u log files up to number %u: %u are missing",
                   l->dir, count, last, last - count);
  }
  atomic_store_explicit(&l->last, last, memory_order_release);
  return ZD_OK;
}

zd_err zd_log_files_open(const zd_file_system *fs, const char *dir, bool read_only,
                         uint64_t file_bytes, zd_log_files **out, zd_fault *fault) {
  char path[PATH_MAX];
  int n = snprintf(path, sizeof path, "%s/log", dir);
  if (n < 0 || (size_t)n + 16 > sizeof path) {
    return zd_fail(fault, ZD_ERR_LIMIT, "the path is too long: %.300s", dir);
  }
  zd_log_files *l = calloc(1, sizeof *l);
  if (!l) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the log");
  pthread_mutex_init(&l->opening, NULL);
  l->fs = fs;
  l->read_only = read_only;
  l->file_bytes = file_bytes && file_bytes < ZD_LOG_FILE_BYTES ? file_bytes : ZD_LOG_FILE_BYTES;
  l->dir = strdup(path);
  l->mappable = !read_only && fs == zd_file_system_real();
  l->fds = calloc(FILES_MAX + 1, sizeof *l->fds);
  l->maps = calloc(FILES_MAX + 1, sizeof *l->maps);
  if (!l->dir || !l->fds || !l->maps) {
    zd_log_files_close(l);
    return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the log");
  }
  zd_err err = ZD_OK;
  if (!read_only) err = zd_file_make_dir(path, fault);
  if (!err) err = list_files(l, fault);
  if (err) {
    zd_log_files_close(l);
    return err;
  }
  *out = l;
  return ZD_OK;
}

static int last_fd(zd_log_files *l);

void zd_log_files_close(zd_log_files *l) {
  if (!l) return;
  uint32_t last = l->fds ? zd_log_files_last(l) : 0;
  if (last && !l->read_only && l->written == l->end && l->zeroed > l->end)
    l->fs->truncate(l->fs->state, last_fd(l), l->end); /* else the next start does it */
  for (uint32_t i = 1; i <= last; i++) {
    int fd = atomic_load(&l->fds[i]) - 1;
    if (fd >= 0) l->fs->close(l->fs->state, fd);
    log_map *m = l->maps ? atomic_load(&l->maps[i]) : NULL;
    if (m) munmap((void *)(uintptr_t)m->p, m->room);
    free(m);
  }
  pthread_mutex_destroy(&l->opening);
  free(l->maps);
  free(l->fds);
  free(l->dir);
  free(l);
}

/* The file's descriptor, opened at first use. */
static zd_err file_fd(zd_log_files *l, uint32_t file, int *fd, zd_fault *fault) {
  if (file == 0 || file > FILES_MAX) {
    return zd_fail(fault, ZD_ERR_CORRUPT, "log file %u is referred to but cannot exist", file);
  }
  *fd = atomic_load_explicit(&l->fds[file], memory_order_acquire) - 1;
  if (*fd >= 0) return ZD_OK;
  char path[PATH_MAX];
  zd_log_files_path(l, file, path, sizeof path);
  pthread_mutex_lock(&l->opening);
  *fd = atomic_load_explicit(&l->fds[file], memory_order_acquire) - 1;
  if (*fd < 0) {
    int flags = (l->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    *fd = l->fs->open(l->fs->state, path, flags, 0600);
    if (*fd >= 0) atomic_store_explicit(&l->fds[file], *fd + 1, memory_order_release);
  }
  int why = errno;
  pthread_mutex_unlock(&l->opening);
  if (*fd >= 0) return ZD_OK;
  if (why == ENOENT) return zd_fail(fault, ZD_ERR_CORRUPT, "%s is missing", path);
  errno = why;
  return zd_fail_errno(fault, "cannot open %s", path);
}

/* ---- reading ---- */

zd_err zd_log_files_size(zd_log_files *l, uint32_t file, uint64_t *size, zd_fault *fault) {
  int fd;
  zd_err err = file_fd(l, file, &fd, fault);
  if (err) return err;
  struct stat st;
  if (fstat(fd, &st) != 0) return zd_fail_errno(fault, "cannot stat log file %u", file);
  *size = (uint64_t)st.st_size;
  return ZD_OK;
}

zd_err zd_log_files_read(zd_log_files *l, uint32_t file, uint64_t offset, void *p, size_t n,
                         size_t *got, zd_fault *fault) {
  int fd;
  *got = 0;
  zd_err err = file_fd(l, file, &fd, fault);
  if (err) return err;
  int64_t read = l->fs->read_at(l->fs->state, fd, p, n, offset);
  if (read < 0) {
    return zd_fail_errno(fault, "cannot read log file %u at %llu", file,
                         (unsigned long long)offset);
  }
  *got = (size_t)read;
  return ZD_OK;
}

/* ---- reading in place ---- */

/* With `opening` held. NULL: it cannot be mapped now. */
static log_map *map_file(zd_log_files *l, uint32_t file, int fd) {
  bool closed = file < zd_log_files_last(l);
  struct stat st;
  log_map *m = malloc(sizeof *m);
  if (!m || fstat(fd, &st) != 0 || st.st_size == 0) {
    free(m);
    return NULL;
  }
  uint64_t size = (uint64_t)st.st_size;
  m->room = closed || size > GROWING_BYTES ? size : GROWING_BYTES;
  atomic_init(&m->size, closed ? size : 0);
  void *p = mmap(NULL, m->room, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (p == MAP_FAILED) {
    free(m);
    return NULL;
  }
  madvise(p, m->room, MADV_RANDOM); /* records are small: no pages around those asked for */
  m->p = p;
  return m;
}

static log_map *mapped(zd_log_files *l, uint32_t file) {
  log_map *m = atomic_load_explicit(&l->maps[file], memory_order_acquire);
  int fd;
  if (m || file_fd(l, file, &fd, NULL)) return m;
  pthread_mutex_lock(&l->opening);
  m = atomic_load_explicit(&l->maps[file], memory_order_acquire);
  if (!m) {
    m = map_file(l, file, fd);
    atomic_store_explicit(&l->maps[file], m, memory_order_release);
  }
  pthread_mutex_unlock(&l->opening);
  return m;
}

/* Up to where the bytes of the file may be touched: what is synced stays; behind it a group that
 * fails is cut off again, and touching a page that is no more would be the end of the process.
 * `synced` is read before `last`, and a new file's is written before it is the last. */
static uint64_t readable(zd_log_files *l, uint32_t file, log_map *m) {
  uint64_t end = atomic_load_explicit(&m->size, memory_order_relaxed);
  if (end == 0) {
    end = atomic_load_explicit(&l->synced, memory_order_acquire);
    if (zd_log_files_last(l) != file) { /* it was closed for commits since it was mapped */
      if (zd_log_files_size(l, file, &end, NULL)) return 0;
      atomic_store_explicit(&m->size, end, memory_order_relaxed);
    }
  }
  return end < m->room ? end : m->room;
}

const unsigned char *zd_log_files_map(zd_log_files *l, uint32_t file, uint64_t offset, size_t *n) {
  *n = 0;
  bool resumed = atomic_load_explicit(&l->synced, memory_order_acquire) != 0;
  if (!l->mappable || !resumed || file == 0 || file > zd_log_files_last(l)) return NULL;
  log_map *m = mapped(l, file);
  uint64_t end = m ? readable(l, file, m) : 0;
  if (offset >= end) return NULL;
  *n = (size_t)(end - offset);
  return m->p + offset;
}

/* ---- appending ---- */

zd_err zd_log_files_resume(zd_log_files *l, uint32_t file, uint64_t end, zd_fault *fault) {
  uint64_t bytes = end, size = 0;
  for (uint32_t i = 1; i < file; i++) {
    zd_err err = zd_log_files_size(l, i, &size, fault);
    if (err) return err;
    bytes += size;
  }
  atomic_store_explicit(&l->bytes, bytes, memory_order_relaxed);
  if (l->read_only) return ZD_OK;
  l->end = l->written = l->zeroed = end;
  atomic_store_explicit(&l->synced, end, memory_order_release);
  for (uint32_t i = zd_log_files_last(l); i > file; i--) { /* a file that was being begun */
    char path[PATH_MAX];
    zd_log_files_path(l, i, path, sizeof path);
    int fd = atomic_exchange(&l->fds[i], 0) - 1;
    if (fd >= 0) l->fs->close(l->fs->state, fd);
    if (l->fs->remove(l->fs->state, path) != 0)
      return zd_fail_errno(fault, "cannot remove %s", path);
    atomic_store_explicit(&l->last, i - 1, memory_order_release);
  }
  if (!file) return ZD_OK;
  zd_err err = zd_log_files_size(l, file, &size, fault);
  if (err || size <= end) return err;
  l->written = size;
  return zd_log_files_cut(l, fault);
}

static int last_fd(zd_log_files *l) {
  return atomic_load_explicit(&l->fds[zd_log_files_last(l)], memory_order_acquire) - 1;
}

/* Cuts the zeros off a file that takes no further commit. Should a crash bring them back, they are
 * known for what they are (log_walk.c). */
static zd_err drop_zeros(zd_log_files *l, zd_fault *fault) {
  if (!zd_log_files_last(l) || l->zeroed <= l->end) return ZD_OK;
  if (l->fs->truncate(l->fs->state, last_fd(l), l->end) != 0 ||
      l->fs->sync(l->fs->state, last_fd(l)) != 0) {
    return zd_fail_errno(fault, "cannot end log file %u", zd_log_files_last(l));
  }
  l->zeroed = l->end;
  return ZD_OK;
}

/* Begins file number last + 1: its head is durable before any commit goes into it. */
static zd_err begin_file(zd_log_files *l, zd_row row, uint64_t sequence, zd_fault *fault) {
  uint32_t file = zd_log_files_last(l) + 1;
  if (file > FILES_MAX) return zd_fail(fault, ZD_ERR_LIMIT, "%s holds too many files", l->dir);
  char path[PATH_MAX];
  zd_log_files_path(l, file, path, sizeof path);
  unsigned char head[ZD_LOG_HEAD];
  zd_log_head_write(&(zd_log_head){ZD_FORMAT_VERSION, file, row, sequence}, head);
  const zd_file_system *fs = l->fs;
  int fd = fs->open(fs->state, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return zd_fail_errno(fault, "cannot create %s", path);
  if (fs->write_at(fs->state, fd, head, sizeof head, 0) != 0 || fs->sync(fs->state, fd) != 0 ||
      fs->sync_dir(fs->state, l->dir) != 0) {
    zd_err err = zd_fail_errno(fault, "cannot write %s", path);
    fs->close(fs->state, fd);
    fs->remove(fs->state, path); /* if it stays, recovery removes it or the next try cuts it */
    return err;
  }
  l->end = l->written = l->zeroed = sizeof head;
  atomic_store_explicit(&l->synced, sizeof head, memory_order_release); /* before `last` */
  atomic_fetch_add_explicit(&l->bytes, sizeof head, memory_order_relaxed);
  atomic_store_explicit(&l->fds[file], fd + 1, memory_order_release);
  atomic_store_explicit(&l->last, file, memory_order_release);
  return ZD_OK;
}

zd_err zd_log_files_begin(zd_log_files *l, zd_row row, uint64_t sequence, zd_locator *at,
                          zd_fault *fault) {
  if (zd_log_files_last(l) == 0 || l->end >= l->file_bytes) {
    zd_err err = drop_zeros(l, fault);
    if (!err) err = begin_file(l, row, sequence, fault);
    if (err) return err;
  }
  *at = zd_locator_make(zd_log_files_last(l), l->end);
  return ZD_OK;
}

/* That it fails costs time, nothing else: what is behind `written` counts for nothing. */
static void put_zeros(zd_log_files *l) {
  static const char zeros[AHEAD];
  size_t n = l->file_bytes / 4 < AHEAD ? (size_t)l->file_bytes / 4 : AHEAD;
  (void)l->fs->write_at(l->fs->state, last_fd(l), zeros, n, l->written);
  l->zeroed = l->written + n;
}

zd_err zd_log_files_append(zd_log_files *l, const void *p, size_t n, zd_fault *fault) {
  uint64_t at = l->written;
  l->written += n; /* also when it fails: some bytes may be there */
  if (l->fs->write_at(l->fs->state, last_fd(l), p, n, at) != 0) {
    return zd_fail_errno(fault, "cannot write log file %u at %llu", zd_log_files_last(l),
                         (unsigned long long)at);
  }
  if (l->written > l->zeroed && n <= AHEAD / 8) put_zeros(l);
  return ZD_OK;
}

zd_err zd_log_files_sync(zd_log_files *l, zd_fault *fault) {
  if (l->fs->sync(l->fs->state, last_fd(l)) != 0) {
    return zd_fail_errno(fault, "cannot sync log file %u", zd_log_files_last(l));
  }
  atomic_fetch_add_explicit(&l->bytes, l->written - l->end, memory_order_relaxed);
  l->end = l->written;
  atomic_store_explicit(&l->synced, l->end, memory_order_release);
  return ZD_OK;
}

zd_err zd_log_files_cut(zd_log_files *l, zd_fault *fault) {
  if (l->written == l->end) return ZD_OK;
  int fd = last_fd(l);
  if (l->fs->truncate(l->fs->state, fd, l->end) != 0 || l->fs->sync(l->fs->state, fd) != 0) {
    return zd_fail_errno(fault, "cannot cut log file %u to %llu bytes", zd_log_files_last(l),
                         (unsigned long long)l->end);
  }
  l->written = l->zeroed = l->end;
  return ZD_OK;
}
