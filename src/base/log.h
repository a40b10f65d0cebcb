/* log.h: structured log lines, one JSON object a line on a file descriptor.
 *
 * A logger is passed, never global. Fields are key/value pairs of text; values are escaped.
 * Never log bodies, names, identifiers or secrets. Thread-safe: a line is one write(2).
 */
#ifndef ZD_BASE_LOG_H
#define ZD_BASE_LOG_H

#include "base/clock.h"
#include "base/slice.h"

typedef enum zd_log_level { ZD_LOG_DEBUG, ZD_LOG_INFO, ZD_LOG_WARN, ZD_LOG_ERROR } zd_log_level;

typedef struct zd_logger {
  int fd;                      /* where lines go; -1: nowhere */
  _Atomic(zd_log_level) least; /* lines below it are dropped; may be changed while others log */
  zd_clock clock;
} zd_logger;

/* Up to 16 fields, a NULL key ends the list:
 * zd_log(l, ZD_LOG_INFO, "listening", "address", "127.0.0.1:8080", NULL). */
void zd_log(const zd_logger *logger, zd_log_level level, const char *event, ...)
    __attribute__((sentinel));

#endif
