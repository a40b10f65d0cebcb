/* serve_internal.h: the parts of the running server. Private to serve/. */
#ifndef ZD_SERVE_INTERNAL_H
#define ZD_SERVE_INTERNAL_H

#include <stdatomic.h>

#include "serve/serve.h"

typedef struct zd_serve {
  const zd_serve_options *o;
  zd_workers *workers;
  zd_rest *rest;
  zd_http_server *http;
  atomic_bool stopping; /* health/ready says no from here on */
  int64_t started_ms;
} zd_serve;

/* router.c: the one handler. */
void zd_serve_handle(void *state, zd_http_exchange *x);
/* monitor.c */
void zd_serve_health(zd_serve *s, zd_http_exchange *x, bool ready);
void zd_serve_metrics(zd_serve *s, zd_http_exchange *x);
/* page.c: files of the start page; false when there is none of that path. */
bool zd_serve_page(zd_http_exchange *x, zd_slice path);

/* settings.c: `name = value` lines, # comments; an unknown name or bad value is refused, the former
 * settings stay. */
zd_err zd_serve_read_settings(const char *path, zd_logger *logger, zd_fault *fault);

/* A short text answer. */
void zd_serve_text(zd_http_exchange *x, int status, const char *type, zd_slice body);

#endif
