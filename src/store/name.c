/* How a term names a resource: tag, type in LEB128, id. */
#include "store/plan.h"

enum { VARINT_BYTES = 5, ID_MAX = 64 };

size_t zd_name_write(char *out, uint32_t type, zd_slice id) {
  char *at = out;
  *at++ = ZD_NAME_TAG;
  for (; type >= 0x80; type >>= 7) *at++ = (char)(type | 0x80);
  *at++ = (char)type;
  size_t n = id.n < ID_MAX ? id.n : ID_MAX;
  if (n) memcpy(at, id.p, n);
  return (size_t)(at - out) + n;
}

bool zd_name_read(zd_slice term, uint32_t *type, zd_slice *id) {
  if (term.n < 3 || term.p[0] != ZD_NAME_TAG) return false;
  uint64_t value = 0;
  size_t i = 1;
  for (unsigned shift = 0;; shift += 7) {
    if (i == term.n || i > VARINT_BYTES) return false;
    unsigned char byte = (unsigned char)term.p[i++];
    value |= (uint64_t)(byte & 0x7F) << shift;
    if (byte & 0x80) continue;
    if (byte == 0 && shift > 0) return false; /* a longer way to write the same number */
    break;
  }
  *type = (uint32_t)value;
  *id = zd_slice_from(term, i);
  return value <= UINT32_MAX && id->n > 0 && id->n <= ID_MAX;
}
