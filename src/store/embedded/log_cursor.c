#include "store/embedded/log_cursor.h"

#include <stdlib.h>

#include "base/hash.h"

void zd_log_cursor_init(zd_log_cursor *c, zd_log_files *files, size_t block, size_t lead) {
  *c = (zd_log_cursor){.files = files, .block = block, .lead = lead};
}

void zd_log_cursor_free(zd_log_cursor *c) {
  free(c->p);
  c->p = NULL;
  c->room = 0;
  zd_log_cursor_restart(c);
}

void zd_log_cursor_restart(zd_log_cursor *c) {
  c->n = 0;
  c->file = 0;
  c->head_at = 0;
}

static zd_err refill(zd_log_cursor *c, zd_locator at, size_t n, zd_fault *fault) {
  uint64_t offset = zd_locator_offset(at);
  uint64_t start = offset > c->lead ? offset - c->lead : 0;
  size_t want = n + (size_t)(offset - start);
  if (want < c->block) want = c->block;
  if (want > c->room) {
    unsigned char *p = realloc(c->p, want);
    if (!p) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to read %zu bytes of the log", want);
    c->p = p;
    c->room = want;
  }
  c->file = 0; /* empty while it fails */
  size_t got;
  zd_err err = zd_log_files_read(c->files, zd_locator_file(at), start, c->p, want, &got, fault);
  if (err) return err;
  c->file = zd_locator_file(at);
  c->at = start;
  c->n = got;
  return ZD_OK;
}

zd_err zd_log_cursor_peek(zd_log_cursor *c, zd_locator at, size_t n, const unsigned char **p,
                          size_t *got, zd_fault *fault) {
  uint64_t offset = zd_locator_offset(at);
  if (c->in_place) {
    *p = zd_log_files_map(c->files, zd_locator_file(at), offset, got);
    if (*p && *got >= n) {
      *got = n;
      return ZD_OK;
    }
  }
  bool there =
      c->file && c->file == zd_locator_file(at) && offset >= c->at && offset + n <= c->at + c->n;
  if (!there) {
    zd_err err = refill(c, at, n, fault);
    if (err) return err;
  }
  uint64_t skip = offset - c->at;
  size_t left = skip < c->n ? c->n - (size_t)skip : 0;
  *got = left < n ? left : n;
  *p = c->p + (left ? skip : 0);
  return ZD_OK;
}

static zd_err damaged(zd_log_cursor *c, zd_locator at, const char *what, zd_fault *fault) {
  char path[512];
  zd_log_files_path(c->files, zd_locator_file(at), path, sizeof path);
  return zd_fail(fault, ZD_ERR_CORRUPT, "%s: damaged %s at byte %llu", path, what,
                 (unsigned long long)zd_locator_offset(at));
}

zd_err zd_log_cursor_commit(zd_log_cursor *c, zd_locator at, zd_commit_head *h, zd_fault *fault) {
  const unsigned char *p;
  size_t got;
  zd_err err = zd_log_cursor_peek(c, at, ZD_COMMIT_HEAD, &p, &got, fault);
  if (err) return err;
  if (got == 0) return ZD_ERR_NOT_FOUND;
  if (got < ZD_COMMIT_HEAD || zd_commit_head_read(p, h)) {
    return damaged(c, at, "commit head", fault);
  }
  c->head = *h;
  c->head_at = at;
  return ZD_OK;
}

zd_err zd_log_cursor_record(zd_log_cursor *c, zd_locator at, zd_record_head *h, zd_fault *fault) {
  const unsigned char *p;
  size_t got;
  zd_err err = zd_log_cursor_peek(c, at, ZD_RECORD_LEAST, &p, &got, fault);
  if (err) return err;
  uint32_t size = got < ZD_RECORD_LEAST ? 0 : zd_record_size(p);
  if (!size) return damaged(c, at, "record", fault);
  err = zd_log_cursor_peek(c, at, size, &p, &got, fault);
  if (err) return err;
  if (got < size || zd_record_head_read(p, size, h)) return damaged(c, at, "record", fault);
  return ZD_OK;
}

zd_err zd_log_cursor_commit_of(zd_log_cursor *c, zd_locator at, uint32_t back, zd_commit_head *h,
                               zd_fault *fault) {
  if (back > zd_locator_offset(at)) return damaged(c, at, "record", fault);
  zd_locator head_at = at - back;
  if (c->head_at == head_at) {
    *h = c->head;
    return ZD_OK;
  }
  bool buffered = c->file == zd_locator_file(at) && zd_locator_offset(head_at) >= c->at;
  if (buffered || c->in_place) return zd_log_cursor_commit(c, head_at, h, fault);
  unsigned char bytes[ZD_COMMIT_HEAD]; /* beside the buffer: the record's neighbours stay in it */
  size_t got;
  zd_err err = zd_log_files_read(c->files, zd_locator_file(at), zd_locator_offset(head_at), bytes,
                                 sizeof bytes, &got, fault);
  if (err) return err;
  if (got < sizeof bytes || zd_commit_head_read(bytes, h)) {
    return damaged(c, head_at, "commit head", fault);
  }
  c->head = *h;
  c->head_at = head_at;
  return ZD_OK;
}

zd_err zd_log_cursor_crc(zd_log_cursor *c, zd_locator at, uint64_t length, uint32_t *crc,
                         zd_fault *fault) {
  *crc = 0;
  while (length) {
    const unsigned char *p;
    size_t got, want = c->block - c->lead;
    if (length < want) want = (size_t)length;
    zd_err err = zd_log_cursor_peek(c, at, want, &p, &got, fault);
    if (err) return err;
    if (got < want) return damaged(c, at, "end of file", fault);
    *crc = zd_crc32c(*crc, p, got);
    at += got;
    length -= got;
  }
  return ZD_OK;
}
