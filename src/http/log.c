/* log.c: a line per answer. Method, path without query (a query may name a person), status, bytes,
 * microseconds, request id; never bodies. */
#include <stdio.h>

#include "http/server_internal.h"

bool zd_http_wants_log(const zd_http_server *s) {
  const zd_logger *logger = s->options.logger;
  return logger && logger->fd >= 0 &&
         logger->least <= (s->options.access_log ? ZD_LOG_INFO : ZD_LOG_DEBUG);
}

static void copy_text(char *to, size_t room, zd_slice s) {
  size_t n = s.n < room - 1 ? s.n : room - 1;
  if (n) memcpy(to, s.p, n);
  to[n] = '\0';
}

void zd_http_log_answer(const zd_http_exchange *x) {
  const zd_http_server *s = x->loop->server;
  char method[24], path[512], status[12], bytes[24], took[24];
  copy_text(method, sizeof method, x->head.method);
  copy_text(path, sizeof path, x->head.path);
  snprintf(status, sizeof status, "%d", x->status);
  snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)x->told);
  snprintf(took, sizeof took, "%llu",
           (unsigned long long)((zd_clock_monotonic_ns() - x->started_ns) / 1000));
  zd_log(s->options.logger, s->options.access_log ? ZD_LOG_INFO : ZD_LOG_DEBUG, "request", "method",
         method, "path", path, "status", status, "bytes", bytes, "us", took, "request",
         x->request.id, NULL);
}
