#include "serve/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

typedef enum kind { NUMBER, LEVEL, ORIGINS } kind;

static const struct setting {
  const char *name;
  kind kind;
  size_t at; /* in zd_settings */
  uint64_t least, most, fallback;
  bool at_once; /* SIGHUP is enough */
} settings[] = {
    {"log-level", LEVEL, offsetof(zd_settings, log_level), 0, 0, 0, true},
    {"query-ms", NUMBER, offsetof(zd_settings, query_ms), 10, 600000, 30000, true},
    {"query-memory-mb", NUMBER, offsetof(zd_settings, query_memory_mb), 1, 65536, 256, true},
    {"page-default", NUMBER, offsetof(zd_settings, page_default), 1, 1000, 50, true},
    {"body-limit-mb", NUMBER, offsetof(zd_settings, body_limit_mb), 1, 16384, 1024, false},
    {"resource-limit-mb", NUMBER, offsetof(zd_settings, resource_limit_mb), 1, 64, 64, false},
    {"bundle-entries", NUMBER, offsetof(zd_settings, bundle_entries), 1, 10000000, 1000000, false},
    {"cors-origins", ORIGINS, offsetof(zd_settings, cors_origins), 0, 0, 0, false}};

enum { COUNT = sizeof settings / sizeof *settings };

void zd_settings_init(zd_settings *s, zd_log_level level) {
  *s = (zd_settings){0};
  for (size_t i = 0; i < COUNT; i++)
    if (settings[i].kind == NUMBER)
      memcpy((char *)s + settings[i].at, &settings[i].fallback, sizeof(uint64_t));
  s->log_level = (uint64_t)level;
}

static zd_slice trim(zd_slice s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = zd_slice_from(s, 1);
  while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r')) s.n--;
  return s;
}

/* A refusal says where. */
typedef struct place {
  const char *path;
  unsigned line;
  zd_fault *fault;
} place;

static zd_err take_number(const struct setting *it, zd_slice value, char *to, const place *at) {
  uint64_t v = 0;
  bool fine = value.n > 0 && value.n < 10;
  for (size_t i = 0; fine && i < value.n; i++) {
    fine = value.p[i] >= '0' && value.p[i] <= '9';
    v = v * 10 + (uint64_t)(value.p[i] - '0');
  }
  if (!fine || v < it->least || v > it->most)
    return zd_fail(at->fault, ZD_ERR_INVALID,
                   "%s:%u: %s is a whole number from %llu to %llu, not \"%.*s\"", at->path,
                   at->line, it->name, (unsigned long long)it->least, (unsigned long long)it->most,
                   ZD_SV(value));
  memcpy(to, &v, sizeof v);
  return ZD_OK;
}

static zd_err take_level(zd_slice value, char *to, const place *at) {
  static const char *const levels[] = {"debug", "info", "warn", "error"};
  for (uint64_t i = 0; i < 4; i++)
    if (zd_slice_eq(value, zd_slice_of(levels[i]))) {
      memcpy(to, &i, sizeof i);
      return ZD_OK;
    }
  return zd_fail(at->fault, ZD_ERR_INVALID,
                 "%s:%u: log-level is debug, info, warn or error, not \"%.*s\"", at->path, at->line,
                 ZD_SV(value));
}

/* "*", or "scheme://host[:port]" without a path (https://fetch.spec.whatwg.org/#origin-header). */
static bool is_origin(zd_slice s) {
  if (zd_slice_eq(s, ZD_S("*"))) return true;
  size_t colon = zd_slice_find(s, ':');
  if (!colon || !zd_slice_starts(zd_slice_from(s, colon), ZD_S("://"))) return false;
  zd_slice host = zd_slice_from(s, colon + 3);
  return host.n && zd_slice_find(host, '/') == host.n;
}

static zd_err take_origins(zd_slice value, char *to, const place *at) {
  for (zd_slice rest = value; rest.n;) {
    size_t space = zd_slice_find(rest, ' ');
    zd_slice one = {rest.p, space};
    rest = trim(zd_slice_from(rest, space + 1));
    if (!is_origin(one))
      return zd_fail(at->fault, ZD_ERR_INVALID,
                     "%s:%u: \"%.*s\" is no origin like https://portal.example or *", at->path,
                     at->line, ZD_SV(one));
  }
  if (value.n >= sizeof((zd_settings *)0)->cors_origins)
    return zd_fail(at->fault, ZD_ERR_LIMIT, "%s:%u: too many origins", at->path, at->line);
  memcpy(to, value.p, value.n);
  to[value.n] = 0;
  return ZD_OK;
}

static zd_err take(zd_slice name, zd_slice value, zd_settings *s, bool seen[COUNT],
                   const place *at) {
  for (size_t i = 0; i < COUNT; i++) {
    const struct setting *it = &settings[i];
    char *to = (char *)s + it->at;
    if (!zd_slice_eq(name, zd_slice_of(it->name))) continue;
    if (seen[i])
      return zd_fail(at->fault, ZD_ERR_INVALID, "%s:%u: %s is set twice", at->path, at->line,
                     it->name);
    seen[i] = true;
    if (it->kind == LEVEL) return take_level(value, to, at);
    return it->kind == NUMBER ? take_number(it, value, to, at) : take_origins(value, to, at);
  }
  zd_fail(at->fault, ZD_ERR_INVALID, "%s:%u: unknown setting \"%.*s\"; known:", at->path, at->line,
          (int)(name.n < 60 ? name.n : 60), name.p);
  for (size_t i = 0; at->fault && i < COUNT; i++) {
    size_t n = strlen(at->fault->text);
    snprintf(at->fault->text + n, sizeof at->fault->text - n, "%s %s", i ? "," : "",
             settings[i].name);
  }
  return ZD_ERR_INVALID;
}

zd_err zd_settings_read(const char *path, zd_settings *s, zd_fault *fault) {
  zd_buffer text;
  zd_settings staged = *s;
  bool seen[COUNT] = {false};
  place at = {path, 0, fault};
  zd_buffer_init(&text, 0);
  zd_err err = zd_file_read(path, 1 << 20, &text, fault);
  for (zd_slice rest = zd_buffer_slice(&text); err == ZD_OK && rest.n;) {
    size_t end = zd_slice_find(rest, '\n');
    zd_slice line = {rest.p, end};
    rest = zd_slice_from(rest, end + 1);
    at.line++;
    line.n = zd_slice_find(line, '#');
    line = trim(line);
    if (!line.n) continue;
    size_t equals = zd_slice_find(line, '=');
    err = take(trim((zd_slice){line.p, equals}), trim(zd_slice_from(line, equals + 1)), &staged,
               seen, &at);
  }
  if (err == ZD_OK) *s = staged;
  zd_buffer_free(&text);
  return err;
}

const char *zd_settings_waiting(const zd_settings *running, const zd_settings *wanted) {
  for (size_t i = 0; i < COUNT; i++) {
    const struct setting *it = &settings[i];
    const char *a = (const char *)running + it->at, *b = (const char *)wanted + it->at;
    if (it->at_once) continue;
    bool same = it->kind == ORIGINS ? strcmp(a, b) == 0 : memcmp(a, b, sizeof(uint64_t)) == 0;
    if (!same) return it->name;
  }
  return NULL;
}
