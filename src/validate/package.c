#include "validate/package.h"

#include <zlib.h>

zd_err zd_package_unpack(zd_slice packed, zd_buffer *out, zd_fault *fault) {
  enum { STEP = 1 << 18 };
  z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n};
  zd_buffer_clear(out);
  if (packed.n > ZD_PACKAGE_MAX) return zd_fail(fault, ZD_ERR_LIMIT, "the package is too large");
  if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
    return zd_fail(fault, ZD_ERR_MEMORY, "no memory to unpack a package");
  int state = Z_OK;
  zd_err err = ZD_OK;
  while (state == Z_OK && err == ZD_OK) {
    if (out->n > ZD_PACKAGE_MAX) err = ZD_ERR_LIMIT;
    if (!zd_buffer_reserve(out, STEP)) err = ZD_ERR_MEMORY;
    if (err != ZD_OK) break;
    z.next_out = (Bytef *)out->p + out->n;
    z.avail_out = STEP;
    state = inflate(&z, Z_NO_FLUSH);
    out->n += STEP - z.avail_out;
    if (state == Z_BUF_ERROR && z.avail_out == 0) state = Z_OK;
  }
  inflateEnd(&z);
  if (err == ZD_ERR_LIMIT) return zd_fail(fault, err, "the package unpacks to more than allowed");
  if (err != ZD_OK) return zd_fail(fault, err, "no memory to unpack a package");
  if (state != Z_STREAM_END)
    return zd_fail(fault, ZD_ERR_INVALID, "the package is no gzip, or cut");
  return ZD_OK;
}

static bool octal(const char *p, size_t n, size_t *out) {
  size_t value = 0, i = 0;
  while (i < n && p[i] == ' ') i++;
  for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
    if (value > ZD_PACKAGE_MAX) return false;
    value = value * 8 + (size_t)(p[i] - '0');
  }
  *out = value;
  return i == n || p[i] == 0 || p[i] == ' ';
}

static zd_slice field(const char *p, size_t n) {
  const char *end = memchr(p, 0, n);
  return (zd_slice){p, end ? (size_t)(end - p) : n};
}

bool zd_package_next(zd_slice archive, size_t *at, zd_slice *name, zd_slice *content, zd_err *err,
                     zd_fault *fault) {
  enum { BLOCK = 512, NAME = 100, SIZE_AT = 124, KIND_AT = 156 };
  *err = ZD_OK;
  while (*at + BLOCK <= archive.n) {
    const char *head = archive.p + *at;
    size_t size;
    if (!head[0]) return false; /* the zero block at the end */
    if (!octal(head + SIZE_AT, 12, &size) || size > archive.n - *at - BLOCK) {
      *err = zd_fail(fault, ZD_ERR_INVALID, "the package is no tar archive, or cut");
      return false;
    }
    *name = field(head, NAME);
    *content = (zd_slice){head + BLOCK, size};
    size_t whole = BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
    *at = whole > archive.n - *at ? archive.n : *at + whole;
    if (head[KIND_AT] == '0' || head[KIND_AT] == 0) return true;
  }
  return false;
}
