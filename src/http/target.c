#include "http/http.h"

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes into out (text.n bytes suffice); -1 when malformed, else the length. */
static long decode(zd_slice text, bool form, char *out) {
  size_t n = 0;
  for (size_t i = 0; i < text.n; i++) {
    char c = text.p[i];
    if (c == '%') {
      int high = text.n - i > 2 ? hex(text.p[i + 1]) : -1;
      int low = text.n - i > 2 ? hex(text.p[i + 2]) : -1;
      if (high < 0 || low < 0) return -1;
      c = (char)(high * 16 + low);
      i += 2;
    } else if (c == '+' && form) {
      c = ' ';
    }
    out[n++] = c;
  }
  return (long)n;
}

zd_slice zd_http_decode(zd_slice text, bool form, zd_arena *arena) {
  char *out = zd_arena_alloc(arena, text.n + 1);
  if (!out) return (zd_slice){0};
  long n = decode(text, form, out);
  if (n < 0) return (zd_slice){0};
  out[n] = '\0';
  return (zd_slice){out, (size_t)n};
}
