#include "rest/coding.h"

#include <stdlib.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

enum { STEP = 64 * 1024, GZIP_WINDOW = 15 + 16, ZSTD_WINDOW_LOG_MAX = 27 };

zd_coding zd_coding_named(zd_slice name) {
  if (!name.n || (name.n == 8 && strncasecmp(name.p, "identity", 8) == 0))
    return ZD_CODING_IDENTITY;
  if (name.n == 4 && strncasecmp(name.p, "gzip", 4) == 0) return ZD_CODING_GZIP;
  if (name.n == 6 && strncasecmp(name.p, "x-gzip", 6) == 0) return ZD_CODING_GZIP;
  if (name.n == 4 && strncasecmp(name.p, "zstd", 4) == 0) return ZD_CODING_ZSTD;
  return ZD_CODING_UNKNOWN;
}

const char *zd_coding_name(zd_coding coding) {
  static const char *const names[] = {"identity", "gzip", "zstd", "unknown"};
  return names[coding];
}

static zd_slice trim(zd_slice s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = zd_slice_from(s, 1);
  while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
  return s;
}

/* "q=0", "q=0.0", "q=0.000": not acceptable (RFC 9110 12.4.2). */
static bool zero_weight(zd_slice parameter) {
  parameter = trim(parameter);
  if (parameter.n < 3 || (parameter.p[0] | 32) != 'q' || parameter.p[1] != '=') return false;
  for (size_t i = 2; i < parameter.n; i++)
    if (parameter.p[i] != '0' && parameter.p[i] != '.') return false;
  return true;
}

zd_coding zd_coding_accepted(zd_slice list) {
  bool gzip = false, zstd = false;
  while (list.n) {
    size_t comma = zd_slice_find(list, ',');
    zd_slice item = {list.p, comma};
    size_t semicolon = zd_slice_find(item, ';');
    zd_coding coding = zd_coding_named(trim((zd_slice){item.p, semicolon}));
    bool wanted = !zero_weight(zd_slice_from(item, semicolon + 1));
    if (coding == ZD_CODING_GZIP) gzip = wanted;
    if (coding == ZD_CODING_ZSTD) zstd = wanted;
    list = zd_slice_from(list, comma + 1);
  }
  return zstd ? ZD_CODING_ZSTD : gzip ? ZD_CODING_GZIP : ZD_CODING_IDENTITY;
}

static zd_err inflate_all(zd_slice in, zd_buffer *out) {
  z_stream z = {0};
  if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) return ZD_ERR_MEMORY;
  z.next_in = (Bytef *)(uintptr_t)in.p;
  int got = Z_OK;
  while (got == Z_OK) {
    size_t left = in.n - (size_t)((const char *)z.next_in - in.p);
    z.avail_in = left > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)left;
    if (!zd_buffer_reserve(out, STEP)) break;
    z.next_out = (Bytef *)out->p + out->n;
    z.avail_out = STEP;
    got = inflate(&z, Z_NO_FLUSH);
    out->n += STEP - z.avail_out;
    if (got == Z_STREAM_END && left > 0 && z.avail_in > 0 && inflateReset(&z) == Z_OK) got = Z_OK;
    if (out->limit && out->n > out->limit) out->failed = true;
    if (out->failed) break;
  }
  inflateEnd(&z);
  if (out->failed) return zd_buffer_error(out);
  return got == Z_STREAM_END ? ZD_OK : ZD_ERR_INVALID;
}

static zd_err zstd_decode(zd_slice in, zd_buffer *out) {
  ZSTD_DCtx *d = ZSTD_createDCtx();
  if (!d) return ZD_ERR_MEMORY;
  ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
  ZSTD_inBuffer from = {in.p, in.n, 0};
  size_t got = 1;
  zd_err err = in.n ? ZD_OK : ZD_ERR_INVALID;
  while (err == ZD_OK && (got != 0 || from.pos < from.size)) {
    if (!zd_buffer_reserve(out, STEP)) break;
    ZSTD_outBuffer to = {out->p + out->n, STEP, 0};
    size_t before = from.pos;
    got = ZSTD_decompressStream(d, &to, &from);
    out->n += to.pos;
    if (ZSTD_isError(got) || (to.pos == 0 && from.pos == before && got != 0)) err = ZD_ERR_INVALID;
  }
  ZSTD_freeDCtx(d);
  return out->failed ? zd_buffer_error(out) : err;
}

/* ---- encoding ---- */

struct zd_encoder {
  z_stream z;
  ZSTD_CCtx *zstd; /* NULL: gzip */
};

zd_encoder *zd_encoder_open(zd_coding coding) {
  zd_encoder *e = calloc(1, sizeof *e);
  if (!e) return NULL;
  bool fine;
  if (coding == ZD_CODING_ZSTD) {
    e->zstd = ZSTD_createCCtx();
    fine = e->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, 1));
  } else {
    fine = deflateInit2(&e->z, 1, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  if (fine) return e;
  ZSTD_freeCCtx(e->zstd);
  free(e);
  return NULL;
}

void zd_encoder_free(zd_encoder *e) {
  if (!e) return;
  if (e->zstd)
    ZSTD_freeCCtx(e->zstd);
  else
    deflateEnd(&e->z);
  free(e);
}

static zd_err deflate_part(z_stream *z, zd_slice in, bool last, zd_buffer *out) {
  int got = Z_OK;
  z->next_in = (Bytef *)(uintptr_t)in.p;
  for (;;) {
    size_t left = in.n - (size_t)((const char *)z->next_in - in.p);
    bool rest = left <= UINT32_MAX / 2;
    z->avail_in = rest ? (uInt)left : UINT32_MAX / 2;
    if (!zd_buffer_reserve(out, STEP)) return zd_buffer_error(out);
    z->next_out = (Bytef *)out->p + out->n;
    z->avail_out = STEP;
    got = deflate(z, rest && last ? Z_FINISH : Z_NO_FLUSH);
    out->n += STEP - z->avail_out;
    if (got != Z_OK && got != Z_BUF_ERROR) break;
    if (!last && rest && !z->avail_in && z->avail_out) return ZD_OK;
  }
  return got == Z_STREAM_END ? ZD_OK : ZD_ERR_INTERNAL;
}

static zd_err zstd_part(ZSTD_CCtx *c, zd_slice in, bool last, zd_buffer *out) {
  ZSTD_inBuffer from = {in.p, in.n, 0};
  size_t left = 1;
  if (last && !zd_buffer_reserve(out, ZSTD_compressBound(in.n))) return zd_buffer_error(out);
  while (last ? left != 0 : from.pos < from.size) {
    if (!zd_buffer_reserve(out, STEP)) return zd_buffer_error(out);
    ZSTD_outBuffer to = {out->p + out->n, out->room - out->n, 0};
    left = ZSTD_compressStream2(c, &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) return ZD_ERR_INTERNAL;
    out->n += to.pos;
  }
  return ZD_OK;
}

zd_err zd_encoder_add(zd_encoder *e, zd_slice part, bool last, zd_buffer *out) {
  if (!part.p) part = ZD_S("");
  return e->zstd ? zstd_part(e->zstd, part, last, out) : deflate_part(&e->z, part, last, out);
}

static zd_err copy(zd_slice in, zd_buffer *out) {
  zd_buffer_add_slice(out, in);
  return zd_buffer_error(out);
}

zd_err zd_coding_decode(zd_coding coding, zd_slice in, zd_buffer *out) {
  switch (coding) {
    case ZD_CODING_IDENTITY:
      return copy(in, out);
    case ZD_CODING_GZIP:
      return inflate_all(in, out);
    case ZD_CODING_ZSTD:
      return zstd_decode(in, out);
    default:
      return ZD_ERR_UNSUPPORTED;
  }
}

zd_err zd_coding_encode(zd_coding coding, zd_slice in, zd_buffer *out) {
  if (coding == ZD_CODING_IDENTITY) return copy(in, out);
  if (coding == ZD_CODING_UNKNOWN) return ZD_ERR_UNSUPPORTED;
  zd_encoder *e = zd_encoder_open(coding);
  if (!e) return ZD_ERR_MEMORY;
  zd_err err = zd_encoder_add(e, in, true, out);
  zd_encoder_free(e);
  return err;
}
