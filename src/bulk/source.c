/* source.c: one file, unpacked as it is read, cut at line ends. */
#include "bulk/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { STEP = 1 << 18, WINDOW_LOG_MAX = 27 };

struct zd_source {
  const zd_source_file *file;
  int fd;
  gzFile gz;
  ZSTD_DCtx *zstd;
  char *packed; /* zstd input */
  ZSTD_inBuffer in;
  bool frame_open; /* zstd: in the middle of a frame */
  bool ended;
  zd_buffer ahead; /* unpacked, not yet given out */
  size_t given;    /* of ahead */
  size_t searched; /* bytes behind `given` known to hold no line end */
  uint64_t offset, line;
};

static zd_err fail(zd_source *s, zd_fault *fault, const char *what) {
  return zd_fail(fault, ZD_ERR_INVALID, "%s: %s", s->file->path, what);
}

static zd_err open_packing(zd_source *s, zd_fault *fault) {
  if (s->file->packing == ZD_GZIP) {
    s->gz = gzdopen(s->fd, "rb");
    if (!s->gz) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
    gzbuffer(s->gz, STEP);
  } else if (s->file->packing == ZD_ZSTD) {
    s->zstd = ZSTD_createDCtx();
    s->packed = malloc(STEP);
    if (!s->zstd || !s->packed) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
    ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    s->in = (ZSTD_inBuffer){s->packed, 0, 0};
  }
  return ZD_OK;
}

zd_err zd_source_open(const zd_source_file *file, zd_source **out, zd_fault *fault) {
  zd_source *s = calloc(1, sizeof *s);
  if (!s) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  s->file = file;
  s->line = 1;
  zd_buffer_init(&s->ahead, 0);
  s->fd = open(file->path, O_RDONLY | O_CLOEXEC);
  zd_err err =
      s->fd < 0 ? zd_fail_errno(fault, "cannot open %s", file->path) : open_packing(s, fault);
  if (err != ZD_OK)
    zd_source_close(s);
  else
    *out = s;
  return err;
}

void zd_source_close(zd_source *s) {
  if (!s) return;
  if (s->gz)
    gzclose(s->gz);
  else if (s->fd >= 0)
    close(s->fd);
  ZSTD_freeDCtx(s->zstd);
  free(s->packed);
  zd_buffer_free(&s->ahead);
  free(s);
}

static zd_err read_plain(zd_source *s, char *p, size_t room, size_t *n, zd_fault *fault) {
  ssize_t got;
  do {
    got = read(s->fd, p, room);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return zd_fail_errno(fault, "cannot read %s", s->file->path);
  *n = (size_t)got;
  return ZD_OK;
}

static zd_err read_gzip(zd_source *s, char *p, size_t room, size_t *n, zd_fault *fault) {
  int got = gzread(s->gz, p, (unsigned)room), code = Z_OK;
  gzerror(s->gz, &code);
  if (got < 0 || (got == 0 && code == Z_BUF_ERROR))
    return fail(s, fault, "damaged or cut off (gzip)");
  *n = (size_t)got;
  return ZD_OK;
}

static zd_err read_zstd(zd_source *s, char *p, size_t room, size_t *n, zd_fault *fault) {
  ZSTD_outBuffer out = {p, room, 0};
  while (out.pos == 0) {
    if (s->in.pos == s->in.size) {
      size_t more = 0;
      zd_err err = read_plain(s, s->packed, STEP, &more, fault);
      if (err != ZD_OK) return err;
      if (!more && s->frame_open) return fail(s, fault, "cut off (zstd)");
      if (!more) break;
      s->in = (ZSTD_inBuffer){s->packed, more, 0};
    }
    size_t left = ZSTD_decompressStream(s->zstd, &out, &s->in);
    if (ZSTD_isError(left)) return fail(s, fault, "damaged (zstd)");
    s->frame_open = left != 0;
  }
  *n = out.pos;
  return ZD_OK;
}

/* Some more unpacked bytes; s->ended at the end of the file. */
static zd_err fetch(zd_source *s, zd_fault *fault) {
  if (s->given) {
    memmove(s->ahead.p, s->ahead.p + s->given, s->ahead.n - s->given);
    s->ahead.n -= s->given;
    s->given = 0;
  }
  if (!zd_buffer_reserve(&s->ahead, STEP)) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  size_t n = 0;
  char *to = s->ahead.p + s->ahead.n;
  zd_err err = s->file->packing == ZD_GZIP   ? read_gzip(s, to, STEP, &n, fault)
               : s->file->packing == ZD_ZSTD ? read_zstd(s, to, STEP, &n, fault)
                                             : read_plain(s, to, STEP, &n, fault);
  s->ahead.n += n;
  s->ended = err == ZD_OK && n == 0;
  return err;
}

/* Where what has been read and not given begins. */
static const char *front(const zd_source *s) {
  return s->ahead.n ? s->ahead.p + s->given : "";
}

/* Length of the piece at the front of `ahead`: up to the last line end within it; 0: more is
 * needed. */
static size_t piece_length(zd_source *s, size_t wanted) {
  size_t have = s->ahead.n - s->given;
  if (s->ended) return have;
  if (!s->file->lines || !have || have < wanted) return 0;
  const char *p = front(s);
  const char *last = memrchr(p + s->searched, '\n', have - s->searched);
  if (!last) s->searched = have; /* a line of a gigabyte is not searched from its start each time */
  return last ? (size_t)(last - p) + 1 : 0;
}

static uint64_t count_lines(const char *p, size_t n) {
  uint64_t lines = 0;
  for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++) lines++;
  return lines;
}

/* The first n bytes ahead become the piece. Most often that is nearly all there is: then what is
 * behind them is copied, and the buffers change places. */
static void take(zd_source *s, size_t n, zd_buffer *piece) {
  size_t rest = s->ahead.n - s->given - n;
  if (s->given || rest > n || !n) {
    zd_buffer_add(piece, front(s), n);
    s->given += n;
    return;
  }
  zd_buffer_add(piece, s->ahead.p + n, rest);
  if (piece->failed) return;
  zd_buffer whole = {s->ahead.p, n, s->ahead.room, piece->limit, ZD_OK};
  size_t limit = s->ahead.limit;
  s->ahead = *piece;
  s->ahead.limit = limit;
  *piece = whole;
}

zd_err zd_source_next(zd_source *s, size_t wanted, size_t limit, zd_buffer *piece,
                      uint64_t *first_line, uint64_t *end, zd_fault *fault) {
  zd_buffer_clear(piece);
  size_t n;
  while (!(n = piece_length(s, wanted)) && !s->ended) {
    if (s->ahead.n - s->given > limit)
      return zd_fail(fault, ZD_ERR_LIMIT, "%s: line %llu is longer than %zu bytes", s->file->path,
                     (unsigned long long)s->line, limit);
    zd_err err = fetch(s, fault);
    if (err != ZD_OK) return err;
  }
  take(s, n, piece);
  *first_line = s->line;
  if (piece->n) s->line += count_lines(piece->p, piece->n);
  s->searched = 0;
  s->offset += n;
  *end = s->offset;
  return piece->failed ? zd_fail(fault, ZD_ERR_MEMORY, "out of memory") : ZD_OK;
}

zd_err zd_source_read(zd_source *s, zd_slice *part, zd_fault *fault) {
  zd_err err = s->ended ? ZD_OK : fetch(s, fault);
  if (err != ZD_OK) return err;
  *part = (zd_slice){front(s), s->ahead.n - s->given};
  s->given = s->ahead.n;
  s->offset += part->n;
  return ZD_OK;
}

zd_err zd_source_skip(zd_source *s, uint64_t offset, zd_fault *fault) {
  while (s->offset < offset) {
    if (s->given == s->ahead.n) {
      zd_err err = fetch(s, fault);
      if (err != ZD_OK) return err;
      if (s->ended) return fail(s, fault, "shorter than when its import began");
    }
    size_t have = s->ahead.n - s->given;
    size_t n = offset - s->offset < have ? (size_t)(offset - s->offset) : have;
    s->line += count_lines(front(s), n);
    s->given += n;
    s->offset += n;
  }
  return ZD_OK;
}
