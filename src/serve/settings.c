/* settings.c: what may be changed while the server runs. */
#include <stdio.h>

#include "base/file.h"
#include "serve/serve_internal.h"

static zd_slice trim(zd_slice s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = zd_slice_from(s, 1);
  while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r')) s.n--;
  return s;
}

static zd_err take(zd_slice name, zd_slice value, zd_log_level *staged, const char *path,
                   unsigned line, zd_fault *fault) {
  static const char *const levels[] = {"debug", "info", "warn", "error"};
  if (!zd_slice_eq(name, ZD_S("log-level")))
    return zd_fail(fault, ZD_ERR_INVALID, "%s:%u: unknown setting \"%.*s\"; known: log-level", path,
                   line, ZD_SV(name));
  for (int i = 0; i < 4; i++)
    if (zd_slice_eq(value, zd_slice_of(levels[i]))) {
      *staged = (zd_log_level)i;
      return ZD_OK;
    }
  return zd_fail(fault, ZD_ERR_INVALID,
                 "%s:%u: log-level is debug, info, warn or error, not \"%.*s\"", path, line,
                 ZD_SV(value));
}

zd_err zd_serve_read_settings(const char *path, zd_logger *logger, zd_fault *fault) {
  zd_buffer text;
  zd_log_level staged = logger->least;
  unsigned number = 0;
  zd_buffer_init(&text, 0);
  zd_err err = zd_file_read(path, 1 << 20, &text, fault);
  for (zd_slice rest = zd_buffer_slice(&text); err == ZD_OK && rest.n;) {
    size_t end = zd_slice_find(rest, '\n');
    zd_slice line = {rest.p, end};
    rest = zd_slice_from(rest, end + 1);
    number++;
    line.n = zd_slice_find(line, '#');
    line = trim(line);
    if (!line.n) continue;
    size_t equals = zd_slice_find(line, '=');
    err = take(trim((zd_slice){line.p, equals}), trim(zd_slice_from(line, equals + 1)), &staged,
               path, number, fault);
  }
  if (err == ZD_OK) logger->least = staged;
  zd_buffer_free(&text);
  return err;
}
