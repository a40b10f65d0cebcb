/* state.c: a text file that is appended to as pieces are committed. A torn last line is ignored, so
 * the worst that a crash costs is to read some pieces again, which changes nothing: lines are
 * compared with what is stored, what Bundles create has ids that follow from them (zd_import_key).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "bulk/import.h"

typedef struct done_file {
  char *path;
  uint64_t size, end; /* end UINT64_MAX: whole */
  int64_t modified;
} done_file;

struct zd_import_state {
  FILE *out;
  done_file *files;
  size_t n, room;
};

static done_file *find(const zd_import_state *s, const char *path) {
  for (size_t i = s->n; i > 0; i--)
    if (strcmp(s->files[i - 1].path, path) == 0) return &s->files[i - 1];
  return NULL;
}

static zd_err remember(zd_import_state *s, const char *path, uint64_t size, int64_t modified,
                       uint64_t end) {
  done_file *f = find(s, path);
  if (!f) {
    if (s->n == s->room) {
      size_t room = s->room ? s->room * 2 : 64;
      done_file *grown = realloc(s->files, room * sizeof *grown);
      if (!grown) return ZD_ERR_MEMORY;
      s->files = grown;
      s->room = room;
    }
    f = &s->files[s->n];
    f->path = strdup(path);
    if (!f->path) return ZD_ERR_MEMORY;
    s->n++;
  }
  f->size = size;
  f->modified = modified;
  f->end = end;
  return ZD_OK;
}

static zd_err read_line(zd_import_state *s, char *line) {
  char *at = line;
  uint64_t end = strtoull(at, &at, 10);
  uint64_t size = strtoull(at, &at, 10);
  int64_t modified = strtoll(at, &at, 10);
  if (*at != '\t') return ZD_OK;
  return remember(s, at + 1, size, modified, end);
}

FILE *zd_import_open(const char *path, int flags) {
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  FILE *f = fd < 0 ? NULL : fdopen(fd, flags & O_APPEND ? "a" : "w");
  if (fd >= 0 && !f) close(fd);
  return f;
}

zd_err zd_import_state_open(const char *path, zd_import_state **out, zd_fault *fault) {
  zd_import_state *s = calloc(1, sizeof *s);
  zd_buffer old;
  zd_buffer_init(&old, 0);
  if (!s) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  zd_err err = zd_file_read(path, 1u << 30, &old, NULL);
  if (err != ZD_OK) zd_buffer_clear(&old); /* the first run has none */
  err = ZD_OK;
  for (size_t at = 0; at < old.n && err == ZD_OK;) {
    char *end = memchr(old.p + at, '\n', old.n - at);
    if (!end) break;
    *end = 0;
    err = read_line(s, old.p + at);
    at = (size_t)(end - old.p) + 1;
  }
  zd_buffer_free(&old);
  if (err == ZD_OK && !(s->out = zd_import_open(path, O_APPEND)))
    err = zd_fail_errno(fault, "cannot write %s", path);
  if (err == ZD_OK && fseek(s->out, 0, SEEK_END) == 0 && ftell(s->out) > 0)
    fputc('\n', s->out); /* ends a torn line */
  if (err != ZD_OK)
    zd_import_state_close(s);
  else
    *out = s;
  return err;
}

uint64_t zd_import_state_done(const zd_import_state *s, const zd_source_file *file) {
  const done_file *f = s ? find(s, file->path) : NULL;
  return f && f->size == file->size && f->modified == file->modified ? f->end : 0;
}

zd_err zd_import_state_mark(zd_import_state *s, const zd_source_file *file, uint64_t end,
                            bool whole, zd_fault *fault) {
  if (!s) return ZD_OK;
  if (whole) end = UINT64_MAX;
  if (remember(s, file->path, file->size, file->modified, end) != ZD_OK)
    return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  fprintf(s->out, "%llu\t%llu\t%lld\t%s\n", (unsigned long long)end, (unsigned long long)file->size,
          (long long)file->modified, file->path);
  return fflush(s->out) == 0 ? ZD_OK : zd_fail_errno(fault, "cannot write the import's state");
}

void zd_import_state_close(zd_import_state *s) {
  if (!s) return;
  if (s->out) fclose(s->out);
  for (size_t i = 0; i < s->n; i++) free(s->files[i].path);
  free(s->files);
  free(s);
}
