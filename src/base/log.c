#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/buffer.h"

enum { MOST_FIELDS = 16, LONGEST_LINE = 64 << 10 };

static const char *level_name(zd_log_level level) {
  static const char *const names[] = {"debug", "info", "warn", "error"};
  size_t i = (size_t)level;
  return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}

static void add_field(zd_buffer *line, const char *key, const char *value) {
  zd_buffer_add_slice(line, ZD_S(",\""));
  zd_buffer_add_json(line, zd_slice_of(key));
  if (!value) {
    zd_buffer_add_slice(line, ZD_S("\":null"));
    return;
  }
  zd_buffer_add_slice(line, ZD_S("\":\""));
  zd_buffer_add_json(line, zd_slice_of(value));
  zd_buffer_add_char(line, '"');
}

static void begin_line(zd_buffer *line, zd_clock clock, zd_log_level level, const char *event) {
  char time[24];
  zd_clock_format(zd_clock_now(clock), time);
  zd_buffer_add_slice(line, ZD_S("{\"time\":\""));
  zd_buffer_add(line, time, sizeof time);
  zd_buffer_add_slice(line, ZD_S("\",\"level\":\""));
  zd_buffer_add_slice(line, zd_slice_of(level_name(level)));
  zd_buffer_add_char(line, '"');
  add_field(line, "event", event);
}

/* One write, so that lines of several threads never mix. A log that can't be written must not
 * stop the work it reports on: a failure drops the line. */
static void write_line(int fd, zd_slice line) {
  while (line.n) {
    ssize_t n = write(fd, line.p, line.n);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    line = zd_slice_from(line, (size_t)n);
  }
}

void zd_log(const zd_logger *logger, zd_log_level level, const char *event, ...) {
  if (!logger || logger->fd < 0 || level < logger->least) return;
  int keep = errno;
  zd_buffer line;
  zd_buffer_init(&line, LONGEST_LINE);
  begin_line(&line, logger->clock, level, event);
  va_list fields;
  va_start(fields, event);
  for (int i = 0; i < MOST_FIELDS; i++) {
    const char *key = va_arg(fields, const char *);
    if (!key) break;
    add_field(&line, key, va_arg(fields, const char *));
  }
  va_end(fields);
  zd_buffer_add_slice(&line, ZD_S("}\n"));
  /* Half a line is no JSON: say that it was dropped instead. */
  if (line.failed) {
    zd_buffer_clear(&line);
    begin_line(&line, logger->clock, ZD_LOG_WARN, "log-line-dropped");
    zd_buffer_add_slice(&line, ZD_S("}\n"));
  }
  write_line(logger->fd, zd_buffer_slice(&line));
  zd_buffer_free(&line);
  errno = keep;
}
