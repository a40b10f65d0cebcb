#include "region/pack.h"

#define ZLIB_CONST
#include <limits.h>
#include <zlib.h>
#include <zstd.h>

static zd_err pack_zstd(zd_slice s, zd_buffer *out) {
  size_t room = ZSTD_compressBound(s.n);
  if (!zd_buffer_reserve(out, room)) return zd_buffer_error(out);
  size_t n = ZSTD_compress(out->p + out->n, room, s.p, s.n, 3);
  if (ZSTD_isError(n)) return ZD_ERR_MEMORY;
  out->n += n;
  return ZD_OK;
}

static zd_err pack_gzip(zd_slice s, zd_buffer *out) {
  z_stream z = {0};
  if (s.n > UINT_MAX / 2) return ZD_ERR_LIMIT;
  if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return ZD_ERR_MEMORY;
  uLong room = deflateBound(&z, (uLong)s.n);
  zd_err err = zd_buffer_reserve(out, room) ? ZD_OK : zd_buffer_error(out);
  if (err == ZD_OK) {
    z.next_in = (const Bytef *)s.p;
    z.avail_in = (uInt)s.n;
    z.next_out = (Bytef *)out->p + out->n;
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) err = ZD_ERR_INTERNAL;
    out->n += z.total_out;
  }
  deflateEnd(&z);
  return err;
}

zd_err zd_pack(zd_region_packing packing, zd_slice s, zd_buffer *out) {
  switch (packing) {
    case ZD_REGION_GZIP:
      return pack_gzip(s, out);
    case ZD_REGION_ZSTD:
      return pack_zstd(s, out);
    default:
      zd_buffer_add_slice(out, s);
      return zd_buffer_error(out);
  }
}
