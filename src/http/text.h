/* text.h: the few ways HTTP compares text. RFC 9110 §5.6.2 (tokens), §5.1 (names without case). */
#ifndef ZD_HTTP_TEXT_H
#define ZD_HTTP_TEXT_H

#include "base/slice.h"

static inline char zd_http_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* `lower` must be in lower case. */
static inline bool zd_http_is(zd_slice s, zd_slice lower) {
  if (s.n != lower.n) return false;
  for (size_t i = 0; i < s.n; i++)
    if (zd_http_lower(s.p[i]) != lower.p[i]) return false;
  return true;
}

static inline bool zd_http_same(zd_slice a, zd_slice b) {
  if (a.n != b.n) return false;
  for (size_t i = 0; i < a.n; i++)
    if (zd_http_lower(a.p[i]) != zd_http_lower(b.p[i])) return false;
  return true;
}

static inline bool zd_http_is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool zd_http_is_token(zd_slice s) {
  for (size_t i = 0; i < s.n; i++)
    if (!s.p[i] || (!zd_http_is_alnum(s.p[i]) && !strchr("!#$%&'*+-.^_`|~", s.p[i]))) return false;
  return s.n > 0;
}

/* Without blanks and tabs at both ends (OWS). */
static inline zd_slice zd_http_trim(zd_slice s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s.p++, s.n--;
  while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
  return s;
}

#endif
