#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads to the end of fd. The file's size is only a hint: pipes and /proc have none, and a file
 * may grow meanwhile; what read returns decides. */
static zd_err read_all(int fd, const char *path, size_t limit, zd_buffer *out, zd_fault *fault) {
  struct stat st;
  size_t step = fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size + 1 : 64 << 10;
  if (limit && step > limit) step = limit == SIZE_MAX ? limit : limit + 1;
  for (;;) {
    if (!zd_buffer_reserve(out, step)) {
      zd_err err = zd_buffer_error(out);
      return zd_fail(fault, err, "%s to read %s",
                     err == ZD_ERR_LIMIT ? "too little room" : "no memory", path);
    }
    ssize_t got = read(fd, out->p + out->n, out->room - out->n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return zd_fail_errno(fault, "cannot read %s", path);
    if (got == 0) return ZD_OK;
    out->n += (size_t)got;
    if (limit && out->n > limit) {
      return zd_fail(fault, ZD_ERR_LIMIT, "%s is larger than %zu bytes", path, limit);
    }
    step = 64 << 10;
  }
}

zd_err zd_file_read(const char *path, size_t limit, zd_buffer *out, zd_fault *fault) {
  zd_buffer_clear(out);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    bool absent = errno == ENOENT || errno == ENOTDIR;
    zd_err err = zd_fail_errno(fault, "cannot open %s", path);
    if (!absent) return err;
    if (fault) fault->code = ZD_ERR_NOT_FOUND;
    return ZD_ERR_NOT_FOUND;
  }
  zd_err err = read_all(fd, path, limit, out, fault);
  close(fd);
  if (err) zd_buffer_clear(out);
  return err;
}

static zd_err write_whole(const zd_file_system *fs, const char *path, zd_slice content,
                          zd_fault *fault) {
  int fd = fs->open(fs->state, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return zd_fail_errno(fault, "cannot create %s", path);
  zd_err err = ZD_OK;
  if (content.n && fs->write_at(fs->state, fd, content.p, content.n, 0) != 0) {
    err = zd_fail_errno(fault, "cannot write %s", path);
  }
  if (!err && fs->sync(fs->state, fd) != 0) err = zd_fail_errno(fault, "cannot sync %s", path);
  if (fs->close(fs->state, fd) != 0 && !err) err = zd_fail_errno(fault, "cannot close %s", path);
  return err;
}

/* The folder part of path into folder (PATH_MAX bytes). */
static void folder_of(const char *path, char *folder) {
  const char *slash = strrchr(path, '/');
  size_t n = slash ? (size_t)(slash - path) : 0;
  if (!slash) {
    memcpy(folder, ".", 2);
  } else if (n == 0) {
    memcpy(folder, "/", 2);
  } else {
    memcpy(folder, path, n);
    folder[n] = 0;
  }
}

zd_err zd_file_replace(const zd_file_system *fs, const char *path, zd_slice content,
                       zd_fault *fault) {
  char draft[PATH_MAX], folder[PATH_MAX];
  int n = snprintf(draft, sizeof draft, "%s.tmp", path);
  if (n < 0 || (size_t)n >= sizeof draft) {
    return zd_fail(fault, ZD_ERR_LIMIT, "the path is too long: %.300s", path);
  }
  folder_of(path, folder);
  zd_err err = write_whole(fs, draft, content, fault);
  if (!err && fs->rename(fs->state, draft, path) != 0) {
    err = zd_fail_errno(fault, "cannot rename %s to %s", draft, path);
  }
  if (err) {
    fs->remove(fs->state, draft); /* the old content stands; a draft left over does no harm */
    return err;
  }
  if (fs->sync_dir(fs->state, folder) != 0) {
    return zd_fail_errno(fault, "cannot sync the folder %s", folder);
  }
  return ZD_OK;
}

static zd_err make_one(const char *path, zd_fault *fault) {
  if (mkdir(path, 0700) == 0) return ZD_OK;
  int why = errno;
  struct stat st;
  if (why == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return ZD_OK;
  errno = why == EEXIST ? ENOTDIR : why;
  return zd_fail_errno(fault, "cannot create the folder %s", path);
}

zd_err zd_file_make_dir(const char *path, zd_fault *fault) {
  char part[PATH_MAX];
  size_t n = strlen(path);
  if (n == 0) return zd_fail(fault, ZD_ERR_INVALID, "an empty path names no folder");
  if (n >= sizeof part) return zd_fail(fault, ZD_ERR_LIMIT, "the path is too long: %.300s", path);
  memcpy(part, path, n + 1);
  for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    struct stat st;
    /* A parent that is there may be one that we may not write to: don't try to make it. */
    zd_err err = stat(part, &st) == 0 ? ZD_OK : make_one(part, fault);
    *slash = '/';
    if (err) return err;
  }
  return make_one(part, fault);
}
