#include "rest/base64.h"

static int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

zd_slice zd_base64_decode(zd_slice text, zd_arena *arena) {
  char *plain = zd_arena_alloc(arena, text.n / 4 * 3 + 4);
  size_t n = 0;
  uint32_t bits = 0;
  unsigned have = 0;
  for (size_t i = 0; plain && i < text.n; i++) {
    int digit = digit_of(text.p[i]);
    if (digit < 0) continue;
    bits = bits << 6 | (uint32_t)digit;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    plain[n++] = (char)(bits >> have & 0xFF);
  }
  return (zd_slice){plain, n};
}

void zd_base64_encode(zd_slice bytes, zd_buffer *out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (bytes.n > SIZE_MAX / 2 || !zd_buffer_reserve(out, (bytes.n / 3 + 1) * 4)) {
    out->failed = out->failed ? out->failed : ZD_ERR_LIMIT;
    return;
  }
  char *at = out->p + out->n;
  for (size_t i = 0; i < bytes.n; i += 3) {
    size_t left = bytes.n - i;
    uint32_t bits = (uint32_t)(unsigned char)bytes.p[i] << 16;
    if (left > 1) bits |= (uint32_t)(unsigned char)bytes.p[i + 1] << 8;
    if (left > 2) bits |= (unsigned char)bytes.p[i + 2];
    *at++ = digits[bits >> 18];
    *at++ = digits[bits >> 12 & 63];
    *at++ = left > 1 ? digits[bits >> 6 & 63] : '=';
    *at++ = left > 2 ? digits[bits & 63] : '=';
  }
  out->n = (size_t)(at - out->p);
}
