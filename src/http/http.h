/* http.h: an HTTP/1.1 server for handlers that know no sockets. Knows no FHIR.
 *
 * Event loops (libuv), one per thread, share one port (SO_REUSEPORT); llhttp parses. The handler
 * is called on a loop's thread when the whole body is there (or, for large bodies, when the head
 * is: see zd_http_body_read) and must not block there: it answers at once, or moves the exchange to
 * a worker with zd_http_defer, or keeps the exchange and answers later from any thread.
 *
 * Every exchange gets exactly one answer: zd_http_send, or zd_http_stream_* up to _end.
 */
#ifndef ZD_HTTP_HTTP_H
#define ZD_HTTP_HTTP_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"
#include "base/slice.h"
#include "base/workers.h"

typedef struct zd_http_server zd_http_server;
typedef struct zd_http_exchange zd_http_exchange;

typedef struct zd_http_header {
  zd_slice name; /* as received; compare without case: zd_http_header_get */
  zd_slice value;
} zd_http_header;

typedef struct zd_http_request {
  zd_slice method; /* "GET" */
  zd_slice target; /* as received: path?query */
  zd_slice path;   /* raw, still percent-encoded, without query */
  zd_slice query;  /* without '?' ; absent when there is none */
  const zd_http_header *headers;
  size_t header_count;
  zd_slice body;      /* whole body (empty: none), content decoding not applied; absent when
                         body_streamed */
  bool body_streamed; /* larger than options.body_inline: read it with zd_http_body_read on a worker
                       */
  char id[65];        /* request id: the client's X-Request-Id when well-formed (1..64 letters,
                         digits, - _ .), else made here; zero-terminated, echoed in the answer */
} zd_http_request;

typedef void (*zd_http_handler)(void *state, zd_http_exchange *x);

/* The body of an answer that http/ gives by itself (400, 408, 413, 431, 503, ...) or that
 * zd_http_error asks for: fills body and names its content type (static text). Called on a loop's
 * thread or a worker's, several at once. */
typedef void (*zd_http_error_body)(void *state, int status, zd_slice text, zd_buffer *body,
                                   const char **content_type);

typedef struct zd_http_options {
  const char *host; /* numeric address */
  uint16_t port;    /* 0: any free one; see zd_http_port */
  unsigned threads; /* 0: one per processor */
  zd_http_handler handler;
  void *state;
  zd_workers *workers;     /* for zd_http_defer; owned by the caller */
  const zd_logger *logger; /* access log lines; may be NULL */
  size_t head_limit;       /* bytes of request line and headers; 0: 64 KiB */
  size_t body_limit;       /* most bytes of a body; 0: 1 GiB */
  size_t body_inline;      /* bodies up to here are collected before the handler; 0: 1 MiB */
  unsigned idle_seconds;   /* keep-alive without a request; 0: 60 */
  size_t connections;      /* most at once; 0: 10,000 */
  unsigned head_seconds;   /* from the first byte of a head to its last; 0: 15 */
  unsigned stall_seconds;  /* a body, in or out, has this long plus a second per KiB moved; 0: 30 */
  bool access_log;         /* a line per answer at info level, else at debug level */
  zd_http_error_body error_body; /* NULL: plain text */
  void *error_state;
} zd_http_options;

zd_err zd_http_open(const zd_http_options *options, zd_http_server **out, zd_fault *fault);
uint16_t zd_http_port(const zd_http_server *s);
/* Stops accepting, lets running exchanges end; after grace_ms closes what is still open (reads and
 * writes of streamed bodies are then cancelled). Every exchange must still be answered: close waits
 * for that, then frees the server. Any thread but a loop's or a worker's. */
void zd_http_close(zd_http_server *s, unsigned grace_ms);

/* ---- inside an exchange ---- */

const zd_http_request *zd_http_request_of(const zd_http_exchange *x);
/* Lives until the answer is complete. One thread at a time. */
zd_arena *zd_http_arena(zd_http_exchange *x);
/* Value of the first header of that name, compared without case; absent when there is none. */
zd_slice zd_http_header_get(const zd_http_exchange *x, const char *name);

/* Runs f(context, x) on a worker; answers 503 itself when the queue is full. */
void zd_http_defer(zd_http_exchange *x, void (*f)(void *context, zd_http_exchange *x),
                   void *context);

/* On a worker only: up to room further bytes of a streamed body, *n 0 at its end. Blocks; reads
 * from the socket no faster than it is asked. ZD_ERR_LIMIT when the body exceeds body_limit,
 * ZD_ERR_CANCELLED when the client went away. */
zd_err zd_http_body_read(zd_http_exchange *x, char *p, size_t room, size_t *n);

/* Before the answer; without a status it is 200. Name and value are copied. CR, LF and NUL in
 * either are a bug (dropped, logged), and so are the headers that are added here (see
 * zd_http_send).
 */
void zd_http_status(zd_http_exchange *x, int status);
void zd_http_header_add(zd_http_exchange *x, const char *name, zd_slice value);

/* Completes the exchange; body is copied (or written at once). Any thread. For HEAD the length is
 * told and the body left out. Content-Length, Date, Connection, X-Request-Id are added here. */
void zd_http_send(zd_http_exchange *x, zd_slice body);
/* As zd_http_send, taking over malloc'ed memory. */
void zd_http_send_owned(zd_http_exchange *x, char *body, size_t n);
/* Completes with the body options.error_body makes (headers added before stay). Any thread. */
void zd_http_error(zd_http_exchange *x, int status, zd_slice text);

/* True once the client is known to have gone: long work may stop early. The exchange must be
 * answered all the same. Any thread. */
bool zd_http_gone(zd_http_exchange *x);

/* A body whose length is not known (chunked; until close for HTTP/1.0). On a worker: write blocks
 * while the client is slower than we are (on a loop's thread it never blocks: only small bodies
 * there); returns ZD_ERR_CANCELLED when it went away (then only _end is left to call). */
zd_err zd_http_stream_begin(zd_http_exchange *x);
zd_err zd_http_stream_write(zd_http_exchange *x, zd_slice part);
/* The same for who must not wait: takes everything. Full says that a window's worth is still to be
 * sent; then room(context) is called once, on the loop's thread, when it has been, or the client
 * has gone: be quick there. Until then the exchange is the loop's. */
zd_err zd_http_stream_add(zd_http_exchange *x, zd_slice part);
bool zd_http_stream_full(zd_http_exchange *x, void (*room)(void *context), void *context);
/* ok false: the answer is broken off so that the client notices. */
void zd_http_stream_end(zd_http_exchange *x, bool ok);

/* ---- figures for /metrics ---- */
typedef struct zd_http_stats {
  uint64_t connections, connections_total, requests_total, in_flight, bytes_in, bytes_out,
      refused_total;
  uint64_t by_class[6]; /* answers by status / 100 */
} zd_http_stats;
void zd_http_stats_get(const zd_http_server *s, zd_http_stats *out);

/* ---- helpers for targets ---- */

/* Percent-decodes (and '+' to space when `form`) into the arena; p NULL when malformed or out of
 * memory. */
zd_slice zd_http_decode(zd_slice text, bool form, zd_arena *arena);

#endif
