/* server_internal.h: the server's own structures; private to http/.
 *
 *   server ── loop (one thread each) ── connection ── queue of exchanges, in request order
 *                └ posts: exchanges that another thread has something to tell about
 *
 * Who may touch what
 * - server: immutable after open, but for the atomics.
 * - loop, connection, reader: the loop's thread only, but for `posts` (lock-free stack) and `gate`.
 * - exchange: `the asker's part` belongs to whoever holds the exchange (the handler, then the
 * worker or whoever it was handed to) until it is answered; `the loop's part` to the loop; `shared`
 * is guarded by exchange.lock.
 *
 * Lock order: exchange.lock is innermost but for nothing; a post is made while holding it, so that
 * the loop, which takes the lock before it looks, cannot recycle an exchange under the poster's
 * feet.
 */
#ifndef ZD_HTTP_SERVER_INTERNAL_H
#define ZD_HTTP_SERVER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "http/reader.h"

#define ZD_HTTP_READ_SIZE 65536         /* bytes of one read(2) */
#define ZD_HTTP_WINDOW ((size_t)262144) /* bytes buffered per direction of a streamed body */
#define ZD_HTTP_PIPELINE 64             /* exchanges of one connection before reading pauses */
#define ZD_HTTP_KEEP ((size_t)65536)    /* a pooled buffer larger than this is freed */
#define ZD_HTTP_POOL 256                /* exchanges and connections a loop keeps for reuse */

typedef struct zd_http_loop zd_http_loop;
typedef struct zd_http_connection zd_http_connection;

struct zd_http_exchange {
  zd_http_exchange *next;   /* in the connection's queue, or in the pool */
  zd_http_exchange *posted; /* next in loop.posts */
  zd_http_loop *loop;
  zd_http_connection *connection;

  /* the asker's part */
  zd_http_request request;
  zd_arena arena;
  int status;
  zd_buffer fields; /* header lines of the answer */
  zd_buffer body;
  char *owned; /* or a body taken over */
  size_t owned_n;
  void (*job)(void *context, zd_http_exchange *x);
  void *job_context;

  /* the loop's part */
  zd_http_head head;
  zd_buffer collected; /* the inline body */
  uint64_t started_ns; /* 0: nobody wants to know */
  bool dispatched;     /* the handler has it or had it */
  bool streamed;       /* its body goes through `in` */
  bool complete;       /* its request was read to the end */
  bool ready;          /* answered: the loop may write it */
  bool streaming;      /* its answer goes through `out` */
  bool composed;       /* wire holds the head of the answer */
  bool last;           /* the connection ends after it */
  bool broken;         /* the answer was broken off */
  zd_buffer wire;      /* interim answer, head, perhaps body */
  zd_buffer flying;    /* part of a streamed answer */
  size_t sent;         /* bytes of wire + body + owned + flying already written */
  uint64_t told;       /* bytes of the answer's body, for the log */

  /* shared */
  pthread_mutex_t lock;
  pthread_cond_t changed; /* in, out, gone */
  bool pending;           /* it is in loop.posts */
  bool done;              /* answered whole */
  bool out_begun, out_ended, out_broken, chunked;
  bool gone;                /* the connection is dead */
  bool hung_up;             /* the client sends no more: perhaps gone, perhaps only half closed */
  bool in_done, in_held;    /* end seen; reading paused */
  bool in_asked, in_wanted; /* a 100 (Continue) was asked for; is still to be written */
  zd_err in_error;
  zd_buffer out, in;
  size_t in_at;
  void (*room)(void *context); /* to be called when `out` has room again, or the client has gone */
  void *room_context;
};

typedef enum zd_http_phase {
  ZD_HTTP_IDLE,      /* between requests */
  ZD_HTTP_READING,   /* within a request: connection.current */
  ZD_HTTP_FINISHING, /* no further request: answers are still to write */
  ZD_HTTP_LINGERING  /* all written, our side shut: discarding until the client closes */
} zd_http_phase;

struct zd_http_connection {
  uv_tcp_t tcp; /* first: handle and connection are one address */
  uv_write_t write;
  uv_shutdown_t shutdown;
  zd_http_loop *loop;
  zd_http_connection *previous, *next; /* in loop.connections; next also in the pool */
  zd_http_reader reader;
  zd_http_phase phase;
  zd_http_exchange *current; /* being read; also in the queue */
  zd_http_exchange *first, *last;
  size_t queued;
  zd_buffer rest; /* bytes read, not yet parsed: reading is paused while there are any */
  size_t rest_at;
  bool reading, writing, busy, closing, closed, eof;
  bool unread;           /* the client may still be sending: linger before closing */
  size_t asked;          /* bytes of the write under way */
  uint64_t since, moved; /* reading: when it began waiting, bytes since then */
  uint64_t write_since, written;
};

typedef struct zd_http_counters {
  _Atomic uint64_t connections, total, requests, in_flight, in, out, refused, by_class[6];
} zd_http_counters;

struct zd_http_loop {
  uv_loop_t uv;
  uv_tcp_t listener;
  uv_async_t wake;
  uv_timer_t tick;
  pthread_t thread; /* for joining: the opener's */
  pthread_t self;   /* the same, as the loop knows it */
  zd_http_server *server;
  _Atomic(zd_http_exchange *) posts;
  pthread_mutex_t gate; /* guards stop; held while waking, so that the loop outlives the waking */
  bool stop;
  bool stopping;
  bool unaccepted;  /* a connection could not be taken for want of memory */
  uint64_t stop_at; /* when what is still open is closed by force */
  zd_http_connection *connections;
  zd_http_connection *spare_connections;
  zd_http_exchange *spare_exchanges;
  size_t spare_connection_count, spare_exchange_count;
  uint64_t id_seed, id_count;
  uint64_t date_checked; /* loop time of the last look at the clock */
  int64_t date_second;
  char date[40]; /* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" */
  zd_http_counters counters;
  char read_buffer[ZD_HTTP_READ_SIZE];
};

struct zd_http_server {
  zd_http_options options; /* defaults filled in */
  char host[64];
  uint16_t port;
  unsigned threads;
  unsigned grace_ms;
  _Atomic size_t connections;
  zd_http_loop **loops;
};

/* One writer per counter (its loop): a plain add that others may read. */
static inline void zd_http_count(_Atomic uint64_t *counter, uint64_t n) {
  atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                        memory_order_relaxed);
}

static inline bool zd_http_on_loop(const zd_http_loop *loop) {
  return pthread_equal(pthread_self(), loop->self);
}

/* ---- exchange.c ---- */
zd_http_exchange *zd_http_exchange_take(zd_http_connection *c); /* NULL: no memory */
void zd_http_exchange_release(zd_http_exchange *x);
void zd_http_exchange_free(zd_http_exchange *x);
/* Tells the loop; the caller holds x->lock. */
void zd_http_post(zd_http_exchange *x);

/* ---- answer.c ---- */
/* Head of the answer (and its body, when asked) into x->wire. Loop's thread. */
bool zd_http_compose(zd_http_exchange *x, zd_slice body);
/* Writes an error answer of our own: fields and body; then it must be completed. */
void zd_http_error_fill(zd_http_exchange *x, int status, zd_slice text);

/* ---- connection.c ---- */
void zd_http_accept(zd_http_loop *loop);
void zd_http_connection_close(zd_http_connection *c);
void zd_http_connection_free(zd_http_connection *c);
/* Writes what is ready, reads on if there is room, closes when all is over. */
void zd_http_connection_pump(zd_http_connection *c);
void zd_http_connection_check_time(zd_http_connection *c, uint64_t now);
/* No request being read and no answer owed. */
bool zd_http_connection_is_idle(const zd_http_connection *c);

/* ---- parse.c ---- */
/* Parses until the bytes end or the connection must wait; returns how many were used. */
size_t zd_http_connection_parse(zd_http_connection *c, const char *p, size_t n);
bool zd_http_connection_must_wait(zd_http_connection *c);
bool zd_http_connection_body(void *connection, const char *p, size_t n);
/* An answer of our own in place of the request being read; nothing is read after it. */
void zd_http_connection_refuse(zd_http_connection *c, int status, const char *why);

/* ---- stream.c ---- */
/* Who waits for room, and no longer does: to be called without the lock, which the caller holds. */
void (*zd_http_stream_waiting(zd_http_exchange *x, void **context))(void *);

/* ---- write.c ---- */
void zd_http_connection_write(zd_http_connection *c);

/* ---- log.c ---- */
bool zd_http_wants_log(const zd_http_server *s);
void zd_http_log_answer(const zd_http_exchange *x);

#endif
