/* serve_internal.h: the parts of the running server. Private to serve/. */
#ifndef ZD_SERVE_INTERNAL_H
#define ZD_SERVE_INTERNAL_H

#include <stdatomic.h>

#include "serve/serve.h"
#include "serve/settings.h"

typedef struct zd_serve {
  const zd_serve_options *o;
  zd_workers *workers;
  zd_rest *rest;
  zd_http_server *http;
  atomic_bool stopping; /* health/ready says no from here on */
  int64_t started_ms;
  zd_log_level level;   /* of the command line */
  zd_settings settings; /* in force; the main thread's */
} zd_serve;

/* router.c: the one handler. */
void zd_serve_handle(void *state, zd_http_exchange *x);
/* monitor.c */
void zd_serve_health(zd_serve *s, zd_http_exchange *x, bool ready);
void zd_serve_metrics(zd_serve *s, zd_http_exchange *x);
/* page.c: files of the start page; false when there is none of that path. */
bool zd_serve_page(zd_http_exchange *x, zd_slice path);

/* A short text answer. */
void zd_serve_text(zd_http_exchange *x, int status, const char *type, zd_slice body);

#endif
