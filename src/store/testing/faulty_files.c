#include "store/testing/faulty_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, DESCRIPTORS = 65536 };

/* How to take one change back. Newest first in the list. */
typedef enum change_kind { WROTE, CUT, CREATED, RENAMED, REMOVED } change_kind;

typedef struct change {
  struct change *next;
  change_kind kind;
  char *path, *from; /* RENAMED: `from` became `path`; REMOVED: `path` went to `from` */
  char *replaced;    /* RENAMED: what `path` was before, in the grave; or NULL */
  uint64_t offset, old_size, n;
  char *old; /* WROTE, CUT: the bytes that were at offset, up to the old size */
} change;

struct zd_faulty {
  zd_file_system files;
  pthread_mutex_t lock;
  char *grave;
  uint64_t random, count, fail_at, fail_sync_at, syncs, die_at, space;
  int why;
  bool dead;
  unsigned buried;
  change *changes;
  char *paths[DESCRIPTORS]; /* by descriptor */
};

static uint64_t dice(zd_faulty *f) {
  f->random ^= f->random << 13;
  f->random ^= f->random >> 7;
  f->random ^= f->random << 17;
  return f->random;
}

static char *bury_name(zd_faulty *f) {
  char *name = NULL;
  return asprintf(&name, "%s/%u", f->grave, f->buried++) < 0 ? NULL : name;
}

static change *remember(zd_faulty *f, change_kind kind, const char *path) {
  change *c = calloc(1, sizeof *c);
  if (!c) abort();
  c->kind = kind;
  c->path = strdup(path);
  c->next = f->changes;
  f->changes = c;
  return c;
}

static void forget(change *c) {
  if (c->replaced) unlink(c->replaced);
  if (c->kind == REMOVED) unlink(c->from);
  free(c->path);
  free(c->from);
  free(c->replaced);
  free(c->old);
  free(c);
}

/* ---- which operation fails ---- */

/* 0: go on; else errno. With the lock held. */
static int judge(zd_faulty *f, bool sync) {
  f->count++;
  if (sync) f->syncs++;
  if (f->dead) return EIO;
  if (f->die_at && f->count >= f->die_at) {
    f->dead = true;
    return EIO;
  }
  if (sync && f->fail_sync_at && f->syncs == f->fail_sync_at) return EIO;
  return f->fail_at && f->count == f->fail_at ? f->why : 0;
}

static int refuse(zd_faulty *f, int why) {
  pthread_mutex_unlock(&f->lock);
  errno = why;
  return -1;
}

static int pass(zd_faulty *f, int result) {
  int why = errno;
  pthread_mutex_unlock(&f->lock);
  errno = why;
  return result;
}

/* ---- files ---- */

static int faulty_open(void *state, const char *path, int flags, int mode) {
  zd_faulty *f = state;
  pthread_mutex_lock(&f->lock);
  bool creates = (flags & O_CREAT) && access(path, F_OK) != 0;
  int why = creates ? judge(f, false) : f->dead && (flags & (O_CREAT | O_TRUNC)) ? EIO : 0;
  if (why) return refuse(f, why);
  int fd = open(path, flags, mode);
  if (fd >= DESCRIPTORS) abort();
  if (fd >= 0) {
    if (creates) remember(f, CREATED, path);
    free(f->paths[fd]);
    f->paths[fd] = strdup(path);
  }
  return pass(f, fd);
}

static void keep_old(int fd, change *c, uint64_t offset, uint64_t n) {
  struct stat st;
  if (fstat(fd, &st) != 0) abort();
  c->offset = offset;
  c->n = n;
  c->old_size = (uint64_t)st.st_size;
  if (offset >= c->old_size) return;
  uint64_t there = c->old_size - offset < n ? c->old_size - offset : n;
  if (!there) return;
  c->old = malloc(there);
  if (!c->old || pread(fd, c->old, there, (off_t)offset) != (ssize_t)there) abort();
}

static int write_bytes(int fd, const char *p, size_t n, uint64_t offset) {
  while (n) {
    ssize_t put = pwrite(fd, p, n, (off_t)offset);
    if (put < 0) return -1;
    p += put;
    n -= (size_t)put;
    offset += (uint64_t)put;
  }
  return 0;
}

static int faulty_write(void *state, int fd, const void *p, size_t n, uint64_t offset) {
  zd_faulty *f = state;
  pthread_mutex_lock(&f->lock);
  int why = judge(f, false);
  size_t fits = n;
  if (!why && n > f->space) {
    why = ENOSPC;
    fits = (size_t)f->space;
  } else if (why) {
    fits = f->count > f->die_at && f->dead && f->die_at ? 0 : (size_t)(dice(f) % (n + 1));
  }
  if (fits) {
    keep_old(fd, remember(f, WROTE, f->paths[fd]), offset, fits);
    if (write_bytes(fd, p, fits, offset) != 0 && !why) why = errno;
  }
  if (f->space != UINT64_MAX) f->space -= fits;
  if (why) return refuse(f, why);
  return pass(f, 0);
}

static int64_t faulty_read(void *state, int fd, void *p, size_t n, uint64_t offset) {
  (void)state;
  const zd_file_system *real = zd_file_system_real();
  return real->read_at(real->state, fd, p, n, offset);
}

static int faulty_truncate(void *state, int fd, uint64_t size) {
  zd_faulty *f = state;
  pthread_mutex_lock(&f->lock);
  int why = judge(f, false);
  if (why) return refuse(f, why);
  struct stat st;
  if (fstat(fd, &st) != 0) abort();
  uint64_t cut = (uint64_t)st.st_size > size ? (uint64_t)st.st_size - size : 0;
  keep_old(fd, remember(f, CUT, f->paths[fd]), size, cut);
  return pass(f, ftruncate(fd, (off_t)size));
}

static int faulty_close(void *state, int fd) {
  zd_faulty *f = state;
  pthread_mutex_lock(&f->lock);
  free(f->paths[fd]);
  f->paths[fd] = NULL;
  return pass(f, close(fd));
}

/* ---- what becomes durable ---- */

static bool in_folder(const char *path, const char *folder) {
  size_t n = strlen(folder);
  return strncmp(path, folder, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/');
}

static void settle_file(zd_faulty *f, const char *path) {
  for (change **at = &f->changes, *c; (c = *at);) {
    bool content = c->kind == WROTE || c->kind == CUT;
    if (content && strcmp(c->path, path) == 0) {
      *at = c->next;
      forget(c);
    } else {
      at = &c->next;
    }
  }
}

static int faulty_sync(void *state, int fd) {
  zd_faulty *f = state;
  pthread_mutex_lock(&f->lock);
  int why = judge(f, true);
  if (why) return refuse(f, why);
  if (f->paths[fd]) settle_file(f, f->paths[fd]);
  return pass(f, 0);
}

static int faulty_sync_dir(void *state, const char *path) {
  zd_faulty *f = state;
  pthread_mutex_lock(&f->lock);
  int why = judge(f, true);
  if (why) return refuse(f, why);
  for (change **at = &f->changes, *c; (c = *at);) {
    bool entry = c->kind == CREATED || c->kind == RENAMED || c->kind == REMOVED;
    if (entry && in_folder(c->path, path)) {
      *at = c->next;
      forget(c);
    } else {
      at = &c->next;
    }
  }
  return pass(f, 0);
}

/* ---- names ---- */

/* Descriptors and changes of a file follow it to its new name. */
static void follow(zd_faulty *f, const char *from, const char *to) {
  for (int i = 0; i < DESCRIPTORS; i++) {
    if (!f->paths[i] || strcmp(f->paths[i], from) != 0) continue;
    free(f->paths[i]);
    f->paths[i] = strdup(to);
  }
  for (change *c = f->changes; c; c = c->next) {
    if ((c->kind != WROTE && c->kind != CUT) || strcmp(c->path, from) != 0) continue;
    free(c->path);
    c->path = strdup(to);
  }
}

static int faulty_rename(void *state, const char *from, const char *to) {
  zd_faulty *f = state;
  pthread_mutex_lock(&f->lock);
  int why = judge(f, false);
  if (why) return refuse(f, why);
  char *replaced = NULL;
  if (access(to, F_OK) == 0) {
    replaced = bury_name(f);
    if (link(to, replaced) != 0) abort();
  }
  if (rename(from, to) != 0) return pass(f, -1);
  follow(f, from, to);
  change *c = remember(f, RENAMED, to);
  c->from = strdup(from);
  c->replaced = replaced;
  return pass(f, 0);
}

static int faulty_remove(void *state, const char *path) {
  zd_faulty *f = state;
  pthread_mutex_lock(&f->lock);
  int why = judge(f, false);
  if (why) return refuse(f, why);
  char *name = bury_name(f);
  if (rename(path, name) != 0) {
    free(name);
    return pass(f, -1);
  }
  remember(f, REMOVED, path)->from = name;
  return pass(f, 0);
}

/* ---- the power cut ---- */

static void copy_range(int fd, const change *c, uint64_t from, uint64_t to) {
  static const char zero[SECTOR];
  for (uint64_t at = from; at < to;) {
    uint64_t n = to - at < SECTOR ? to - at : SECTOR;
    if (at < c->old_size && n > c->old_size - at) n = c->old_size - at;
    const char *p = at < c->old_size ? c->old + (at - c->offset) : zero;
    if (write_bytes(fd, p, n, at) != 0) abort();
    at += n;
  }
}

/* Sector by sector: some of the write reached the device, some did not. */
static void undo_write(zd_faulty *f, const change *c, unsigned keep_percent) {
  int fd = open(c->path, O_RDWR);
  if (fd < 0) return; /* its creation has been taken back */
  uint64_t end = c->offset + c->n, kept_end = c->old_size;
  for (uint64_t at = c->offset; at < end;) {
    uint64_t next = (at / SECTOR + 1) * SECTOR;
    if (next > end) next = end;
    if (dice(f) % 100 < keep_percent) {
      if (next > kept_end) kept_end = next;
    } else {
      copy_range(fd, c, at, next);
    }
    at = next;
  }
  struct stat st;
  bool last = fstat(fd, &st) == 0 && (uint64_t)st.st_size == end;
  bool shrink = last && kept_end < end && dice(f) % 4;
  if (shrink && ftruncate(fd, (off_t)kept_end) != 0) abort();
  close(fd);
}

static void undo_cut(const change *c) {
  int fd = open(c->path, O_RDWR);
  if (fd < 0) return;
  if (c->n && write_bytes(fd, c->old, c->n, c->offset) != 0) abort();
  close(fd);
}

static void undo_name(zd_faulty *f, change *c) {
  if (c->kind == CREATED) unlink(c->path);
  if (c->kind == RENAMED) {
    rename(c->path, c->from);
    follow(f, c->path, c->from); /* older changes of its content are taken back there */
    if (c->replaced) rename(c->replaced, c->path);
  }
  if (c->kind == REMOVED) rename(c->from, c->path);
}

void zd_faulty_cut_power(zd_faulty *f) {
  pthread_mutex_lock(&f->lock);
  static const unsigned shares[] = {0, 50, 90, 100};
  unsigned keep_percent = shares[dice(f) % 4];
  /* A journal keeps names in order: the newest few are lost together, the older ones stay. */
  bool names_lost = true;
  while (f->changes) {
    change *c = f->changes;
    f->changes = c->next;
    bool name = c->kind == CREATED || c->kind == RENAMED || c->kind == REMOVED;
    if (names_lost && dice(f) % 3 == 0) names_lost = false;
    if (c->kind == WROTE) undo_write(f, c, keep_percent);
    if (c->kind == CUT && dice(f) % 2) undo_cut(c);
    if (name && names_lost) undo_name(f, c);
    forget(c);
  }
  f->dead = false;
  f->die_at = f->fail_at = f->fail_sync_at = 0;
  f->space = UINT64_MAX;
  pthread_mutex_unlock(&f->lock);
}

/* ---- life ---- */

zd_faulty *zd_faulty_new(const char *grave, uint64_t seed) {
  zd_faulty *f = calloc(1, sizeof *f);
  if (!f) abort();
  pthread_mutex_init(&f->lock, NULL);
  f->grave = strdup(grave);
  mkdir(grave, 0700);
  f->random = seed * 0x9e3779b97f4a7c15u | 1;
  f->space = UINT64_MAX;
  f->files = (zd_file_system){f,
                              faulty_open,
                              faulty_write,
                              faulty_read,
                              faulty_sync,
                              faulty_sync_dir,
                              faulty_truncate,
                              faulty_rename,
                              faulty_remove,
                              faulty_close};
  return f;
}

void zd_faulty_free(zd_faulty *f) {
  while (f->changes) {
    change *next = f->changes->next;
    forget(f->changes);
    f->changes = next;
  }
  for (int i = 0; i < DESCRIPTORS; i++) free(f->paths[i]);
  rmdir(f->grave);
  pthread_mutex_destroy(&f->lock);
  free(f->grave);
  free(f);
}

const zd_file_system *zd_faulty_files(zd_faulty *f) {
  return &f->files;
}

uint64_t zd_faulty_count(zd_faulty *f) {
  pthread_mutex_lock(&f->lock);
  uint64_t n = f->count;
  pthread_mutex_unlock(&f->lock);
  return n;
}

bool zd_faulty_dead(zd_faulty *f) {
  pthread_mutex_lock(&f->lock);
  bool dead = f->dead;
  pthread_mutex_unlock(&f->lock);
  return dead;
}

void zd_faulty_fail_at(zd_faulty *f, uint64_t nth, int why) {
  pthread_mutex_lock(&f->lock);
  f->fail_at = nth ? f->count + nth : 0;
  f->why = why;
  pthread_mutex_unlock(&f->lock);
}

void zd_faulty_fail_sync_at(zd_faulty *f, uint64_t nth) {
  pthread_mutex_lock(&f->lock);
  f->fail_sync_at = nth ? f->syncs + nth : 0;
  pthread_mutex_unlock(&f->lock);
}

void zd_faulty_die_at(zd_faulty *f, uint64_t nth) {
  pthread_mutex_lock(&f->lock);
  f->die_at = nth ? f->count + nth : 0;
  pthread_mutex_unlock(&f->lock);
}

void zd_faulty_fill(zd_faulty *f, uint64_t bytes) {
  pthread_mutex_lock(&f->lock);
  f->space = bytes;
  pthread_mutex_unlock(&f->lock);
}
