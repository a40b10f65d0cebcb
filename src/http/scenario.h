/* scenario.h: a server with a handful of routes, and a client that says raw bytes. For tests only.
 *
 *   GET  /echo…        method, path, query and body, at once
 *   GET  /size/N       N bytes at once
 *   GET  /later        "later", from a worker, after 30 ms
 *   GET  /hold         "held", from a worker, once scenario.open is set
 *   POST /up           length and sum of the body, read in parts on a worker
 *   POST /up/slow      as /up, 1 ms per part
 *   POST /up/refuse    403 at once, body unread
 *   GET  /down/N       N bytes streamed from a worker; /down/0 streams until the client goes
 *   GET  /add/N        the same without ever waiting: a worker takes it up when there is room
 *   GET  /broken       a stream that is broken off
 *   GET  /none         204
 *   GET  /error        zd_http_error 422
 */
#ifndef ZD_HTTP_SCENARIO_H
#define ZD_HTTP_SCENARIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "http/http.h"

typedef struct scenario {
  zd_http_server *server;
  zd_workers *workers;
  atomic_bool open; /* lets /hold go on */
  atomic_uint handled, cancelled, writes;
} scenario;

static inline void nap(unsigned ms) {
  struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
  nanosleep(&t, NULL);
}

/* True when *flag gets to at least n; waits longer than any time limit allows. */
static inline bool comes_to(atomic_uint *flag, unsigned n) {
  for (int i = 0; i < 56000 && atomic_load(flag) < n; i++) nap(5);
  return atomic_load(flag) >= n;
}

/* ---- routes ---- */

static inline size_t number_after(zd_slice path, const char *prefix) {
  char text[32] = {0};
  zd_slice digits = zd_slice_from(path, strlen(prefix));
  memcpy(text, digits.p, digits.n < 31 ? digits.n : 31);
  return strtoull(text, NULL, 10);
}

static inline void serve_later(void *context, zd_http_exchange *x) {
  (void)context;
  nap(30);
  zd_http_send(x, ZD_S("later"));
}

static inline void serve_hold(void *context, zd_http_exchange *x) {
  scenario *s = context;
  while (!atomic_load(&s->open)) nap(2);
  if (zd_http_gone(x)) atomic_fetch_add(&s->cancelled, 1);
  zd_http_send(x, ZD_S("held"));
}

static inline void serve_up(void *context, zd_http_exchange *x) {
  scenario *s = context;
  const bool slow = zd_slice_eq(zd_http_request_of(x)->path, ZD_S("/up/slow"));
  char part[10000];
  size_t n = 0, total = 0;
  unsigned sum = 0;
  zd_err err;
  while (!(err = zd_http_body_read(x, part, sizeof part, &n)) && n) {
    for (size_t i = 0; i < n; i++) sum = sum * 31 + (unsigned char)part[i];
    total += n;
    if (slow) nap(1);
  }
  if (err == ZD_ERR_CANCELLED) atomic_fetch_add(&s->cancelled, 1);
  if (err) {
    zd_http_error(x, err == ZD_ERR_LIMIT ? 413 : 400, ZD_S("body"));
    return;
  }
  zd_slice text = zd_arena_printf(zd_http_arena(x), "%zu %u", total, sum);
  zd_http_send(x, text);
}

static inline void serve_down(void *context, zd_http_exchange *x) {
  scenario *s = context;
  size_t left = number_after(zd_http_request_of(x)->path, "/down/");
  bool endless = left == 0;
  char part[5000];
  zd_err err = zd_http_stream_begin(x);
  for (size_t at = 0; !err && (endless || left);) {
    size_t n = endless || left > sizeof part ? sizeof part : left;
    for (size_t i = 0; i < n; i++) part[i] = (char)('a' + (at + i) % 26);
    err = zd_http_stream_write(x, (zd_slice){part, n});
    atomic_fetch_add(&s->writes, 1);
    at += n;
    left -= endless ? 0 : n;
  }
  if (err == ZD_ERR_CANCELLED) atomic_fetch_add(&s->cancelled, 1);
  zd_http_stream_end(x, err == ZD_OK);
}

typedef struct adding {
  scenario *s;
  zd_http_exchange *x;
  size_t at, left;
  bool endless;
} adding;

static inline void add_on(void *context);

static inline void add_when_room(void *context) {
  adding *a = context;
  if (zd_workers_submit(a->s->workers, add_on, a) != ZD_OK) zd_http_stream_end(a->x, false);
}

static inline void add_on(void *context) {
  adding *a = context;
  char part[50000];
  zd_err err = ZD_OK;
  while (!err && (a->endless || a->left)) {
    if (zd_http_stream_full(a->x, add_when_room, a)) return;
    size_t n = a->endless || a->left > sizeof part ? sizeof part : a->left;
    for (size_t i = 0; i < n; i++) part[i] = (char)('a' + (a->at + i) % 26);
    err = zd_http_stream_add(a->x, (zd_slice){part, n});
    atomic_fetch_add(&a->s->writes, 1);
    a->at += n;
    a->left -= a->endless ? 0 : n;
  }
  if (err == ZD_ERR_CANCELLED) atomic_fetch_add(&a->s->cancelled, 1);
  zd_http_stream_end(a->x, err == ZD_OK);
}

static inline void serve_add(void *context, zd_http_exchange *x) {
  adding *a = zd_arena_alloc(zd_http_arena(x), sizeof *a);
  assert_non_null(a);
  *a = (adding){.s = context, .x = x};
  a->left = number_after(zd_http_request_of(x)->path, "/add/");
  a->endless = a->left == 0;
  zd_http_stream_begin(x);
  add_on(a);
}

static inline void serve_broken(void *context, zd_http_exchange *x) {
  (void)context;
  zd_http_stream_begin(x);
  zd_http_stream_write(x, ZD_S("half of it"));
  zd_http_stream_end(x, false);
}

static inline void serve_echo(zd_http_exchange *x) {
  const zd_http_request *q = zd_http_request_of(x);
  zd_slice text =
      zd_arena_printf(zd_http_arena(x), "%.*s %.*s ? %.*s\n%.*s", ZD_SV(q->method), ZD_SV(q->path),
                      (int)q->query.n, q->query.p ? q->query.p : "", ZD_SV(q->body));
  zd_http_header_add(x, "Content-Type", ZD_S("text/plain"));
  zd_http_send(x, text);
}

static inline void serve_size(zd_http_exchange *x, size_t n) {
  char *body = malloc(n + 1);
  memset(body, 's', n);
  if (n % 2) {
    zd_http_send_owned(x, body, n);
  } else {
    zd_http_send(x, (zd_slice){body, n});
    free(body);
  }
}

static inline void serve(void *state, zd_http_exchange *x) {
  scenario *s = state;
  zd_slice path = zd_http_request_of(x)->path;
  atomic_fetch_add(&s->handled, 1);
  if (zd_slice_starts(path, ZD_S("/size/"))) {
    serve_size(x, number_after(path, "/size/"));
  } else if (zd_slice_eq(path, ZD_S("/later"))) {
    zd_http_defer(x, serve_later, s);
  } else if (zd_slice_eq(path, ZD_S("/hold"))) {
    zd_http_defer(x, serve_hold, s);
  } else if (zd_slice_eq(path, ZD_S("/up/refuse"))) {
    zd_http_error(x, 403, ZD_S("no"));
  } else if (zd_slice_starts(path, ZD_S("/up"))) {
    zd_http_defer(x, serve_up, s);
  } else if (zd_slice_starts(path, ZD_S("/down/"))) {
    zd_http_defer(x, serve_down, s);
  } else if (zd_slice_starts(path, ZD_S("/add/"))) {
    zd_http_defer(x, serve_add, s);
  } else if (zd_slice_eq(path, ZD_S("/broken"))) {
    zd_http_defer(x, serve_broken, s);
  } else if (zd_slice_eq(path, ZD_S("/none"))) {
    zd_http_status(x, 204);
    zd_http_send(x, ZD_S(""));
  } else if (zd_slice_eq(path, ZD_S("/error"))) {
    zd_http_error(x, 422, ZD_S("not so"));
  } else {
    serve_echo(x);
  }
}

/* ---- server ---- */

/* `o` may set limits; the rest is filled in. */
static inline scenario *scenario_open(zd_http_options o) {
  scenario *s = calloc(1, sizeof *s);
  zd_fault fault = {0};
  assert_non_null(s);
  s->workers = zd_workers_open(4, 100);
  o.handler = serve;
  o.state = s;
  o.workers = s->workers;
  if (!o.threads) o.threads = 2;
  if (zd_http_open(&o, &s->server, &fault)) fail_msg("%s", fault.text);
  return s;
}

static inline void scenario_close(scenario *s) {
  atomic_store(&s->open, true);
  zd_http_close(s->server, 1000);
  zd_workers_close(s->workers);
  free(s);
}

/* ---- raw client ---- */

static inline int dial(scenario *s) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(zd_http_port(s->server))};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
  return fd;
}

static inline void say_bytes(int fd, const char *p, size_t n) {
  while (n) {
    ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
    if (w <= 0) return; /* the server has closed: what it said will tell */
    p += w;
    n -= (size_t)w;
  }
}

static inline void say(int fd, const char *text) {
  say_bytes(fd, text, strlen(text));
}

/* Appends what comes until the server closes, nothing comes for `ms`, or `until` was seen (NULL:
 * whatever comes first). True when it closed. */
static inline bool hear(int fd, zd_buffer *b, const char *until, int ms) {
  for (;;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (until && b->n && memmem(b->p, b->n, until, strlen(until))) return false;
    if (poll(&p, 1, ms) <= 0) return false;
    char part[65536];
    ssize_t n = recv(fd, part, sizeof part, 0);
    if (n <= 0) return true;
    zd_buffer_add(b, part, (size_t)n);
  }
}

static inline size_t count_of(const zd_buffer *b, const char *what) {
  size_t n = 0, length = strlen(what);
  for (const char *at = b->p, *end = b->p + b->n; at; n++) {
    at = memmem(at, (size_t)(end - at), what, length);
    if (!at) break;
    at += length;
  }
  return n;
}

static inline void expect_text(const zd_buffer *b, const char *what) {
  if (!b->n || !memmem(b->p, b->n, what, strlen(what)))
    fail_msg("expected \"%s\" in:\n%.*s", what, (int)(b->n < 2000 ? b->n : 2000), b->n ? b->p : "");
}

#endif
