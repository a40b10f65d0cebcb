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
/* resident.c: bytes of memory that are resident; `own`: of them not of files. */
typedef struct zd_serve_memory {
  uint64_t resident, own;
} zd_serve_memory;
bool zd_serve_memory_now(zd_serve_memory *out); /* false: the system does not tell */
/* To be called now and then by one thread: gives freed memory back to the system when there may be
 * much. *least: what could not be given back when it was tried; 0 at first. */
void zd_serve_give_back(uint64_t *least);
/* page.c: files of the start page; false when there is none of that path. */
bool zd_serve_page(zd_http_exchange *x, zd_slice path);

/* A short text answer. */
void zd_serve_text(zd_http_exchange *x, int status, const char *type, zd_slice body);

#endif
