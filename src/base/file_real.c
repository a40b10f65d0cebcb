/* The operating system's files behind zd_file_system. Calls cut short by a signal or by a full
 * pipe of the kernel are continued here, so that no caller has to know about EINTR. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

/* The kernel transfers at most this much a call (see write(2)). */
enum { LARGEST_CALL = 0x7ffff000 };

static int real_open(void *state, const char *path, int flags, int mode) {
  (void)state;
  int fd;
  do {
    fd = open(path, flags, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

static bool beyond(size_t n, uint64_t offset) {
  if (offset <= INT64_MAX && n <= (uint64_t)INT64_MAX - offset) return false;
  errno = EFBIG;
  return true;
}

static int real_write_at(void *state, int fd, const void *p, size_t n, uint64_t offset) {
  (void)state;
  if (beyond(n, offset)) return -1;
  const char *at = p;
  while (n) {
    ssize_t put = pwrite(fd, at, n < LARGEST_CALL ? n : LARGEST_CALL, (off_t)offset);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return -1;
    if (put == 0) { /* never for files; would loop for ever */
      errno = EIO;
      return -1;
    }
    at += put;
    n -= (size_t)put;
    offset += (uint64_t)put;
  }
  return 0;
}

static int64_t real_read_at(void *state, int fd, void *p, size_t n, uint64_t offset) {
  (void)state;
  if (beyond(n, offset)) return -1;
  char *at = p;
  size_t left = n;
  while (left) {
    ssize_t got = pread(fd, at, left < LARGEST_CALL ? left : LARGEST_CALL, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    at += got;
    left -= (size_t)got;
    offset += (uint64_t)got;
  }
  return (int64_t)(n - left);
}

/* Not repeated on EINTR-like failures other than EINTR: after a failed sync the kernel may have
 * dropped the dirty pages, and a second call would lie. */
static int real_sync(void *state, int fd) {
  (void)state;
  int failed;
  do {
    failed = fdatasync(fd);
  } while (failed && errno == EINTR);
  return failed;
}

static int real_sync_dir(void *state, const char *path) {
  int fd = real_open(state, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  int failed;
  do {
    failed = fsync(fd);
  } while (failed && errno == EINTR);
  int why = errno;
  close(fd);
  errno = why;
  return failed;
}

static int real_truncate(void *state, int fd, uint64_t size) {
  (void)state;
  if (beyond(0, size)) return -1;
  int failed;
  do {
    failed = ftruncate(fd, (off_t)size);
  } while (failed && errno == EINTR);
  return failed;
}

static int real_rename(void *state, const char *from, const char *to) {
  (void)state;
  return rename(from, to);
}

static int real_remove(void *state, const char *path) {
  (void)state;
  return unlink(path);
}

/* Linux closes the descriptor even when close is interrupted: never call it twice. */
static int real_close(void *state, int fd) {
  (void)state;
  return close(fd) == 0 || errno == EINTR ? 0 : -1;
}

const zd_file_system *zd_file_system_real(void) {
  static const zd_file_system real = {.open = real_open,
                                      .write_at = real_write_at,
                                      .read_at = real_read_at,
                                      .sync = real_sync,
                                      .sync_dir = real_sync_dir,
                                      .truncate = real_truncate,
                                      .rename = real_rename,
                                      .remove = real_remove,
                                      .close = real_close};
  return &real;
}
