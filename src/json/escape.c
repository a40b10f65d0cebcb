/* escape.c: the escapes of JSON strings: checking and decoding. */
#include "json/scan.h"

static int hex_digit(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of \uXXXX at p (on the backslash); -1 when it is none. */
static int code_unit(const char *p, const char *end) {
  if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
  int unit = 0;
  for (int i = 2; i < 6; i++) {
    int digit = hex_digit((unsigned char)p[i]);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

static bool is_high(int unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}

static bool is_low(int unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

const char *zd_json_escape(const char *p, const char *end, const char **bad,
                           const char **expected) {
  *bad = p;
  if (end - p >= 2 && p[1] != 'u') {
    if (memchr("\"\\/bfnrt", p[1], 8)) return p + 2;
    *expected = "one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX";
    return NULL;
  }
  int unit = code_unit(p, end);
  if (unit < 0) {
    *expected = "four hexadecimal digits after \\u";
    return NULL;
  }
  if (is_low(unit) || (is_high(unit) && !is_low(code_unit(p + 6, end)))) {
    *expected = "a surrogate pair";
    return NULL;
  }
  return p + (is_high(unit) ? 12 : 6);
}

static size_t encode(uint32_t c, char *out) {
  unsigned char *o = (unsigned char *)out;
  if (c < 0x80) {
    o[0] = (unsigned char)c;
    return 1;
  }
  if (c < 0x800) {
    o[0] = (unsigned char)(0xC0 | c >> 6);
    o[1] = (unsigned char)(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    o[0] = (unsigned char)(0xE0 | c >> 12);
    o[1] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
    o[2] = (unsigned char)(0x80 | (c & 0x3F));
    return 3;
  }
  o[0] = (unsigned char)(0xF0 | c >> 18);
  o[1] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
  o[2] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
  o[3] = (unsigned char)(0x80 | (c & 0x3F));
  return 4;
}

static char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

size_t zd_json_unescape(zd_slice raw, char *out) {
  const char *p = raw.p, *end = raw.p + raw.n;
  char *at = out;
  while (p < end) {
    if (*p != '\\') {
      *at++ = *p++;
      continue;
    }
    int unit = code_unit(p, end);
    if (unit < 0) {
      if (end - p < 2) break; /* not the inside of a checked string */
      *at++ = simple_escape(p[1]);
      p += 2;
      continue;
    }
    uint32_t c = (uint32_t)unit;
    p += 6;
    int low = is_high(unit) ? code_unit(p, end) : -1;
    if (is_low(low)) {
      c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
      p += 6;
    }
    at += encode(c, at);
  }
  return (size_t)(at - out);
}
