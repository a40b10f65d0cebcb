/* connection.c: one client: reading, its turns, its time limits, its end. */
#include <stdlib.h>

#include "http/server_internal.h"

#define LINGER_MS 2000

static void settle(zd_http_connection *c);

/* ---- the end ---- */

void zd_http_connection_free(zd_http_connection *c) {
  zd_http_loop *loop = c->loop;
  if (c->previous) {
    c->previous->next = c->next;
  } else {
    loop->connections = c->next;
  }
  if (c->next) c->next->previous = c->previous;
  atomic_fetch_sub(&loop->server->connections, 1);
  zd_http_count(&loop->counters.connections, (uint64_t)-1);
  zd_buffer_free(&c->rest);
  if (loop->spare_connection_count < ZD_HTTP_POOL) {
    c->next = loop->spare_connections;
    loop->spare_connections = c;
    loop->spare_connection_count++;
  } else {
    free(c);
  }
}

/* Somebody outside the loop still has it, or a post of it is on its way. */
static bool is_held(zd_http_exchange *x) {
  if (!x->dispatched || x->ready) return false;
  pthread_mutex_lock(&x->lock);
  bool held = x->pending || !(x->done || x->out_ended);
  pthread_mutex_unlock(&x->lock);
  return held;
}

static void on_closed(uv_handle_t *handle) {
  zd_http_connection *c = (zd_http_connection *)handle;
  zd_http_exchange *x = c->first, *kept = NULL;
  c->closed = true;
  while (x) {
    zd_http_exchange *next = x->next;
    if (is_held(x)) {
      x->next = kept;
      kept = x;
    } else {
      zd_http_exchange_release(x);
    }
    x = next;
  }
  c->first = kept;
  if (!kept) zd_http_connection_free(c);
}

void zd_http_connection_close(zd_http_connection *c) {
  if (c->closing) return;
  c->closing = true;
  bool broken = c->first && c->first->broken;
  for (zd_http_exchange *x = c->first; x; x = x->next) {
    pthread_mutex_lock(&x->lock);
    x->gone = true;
    pthread_cond_broadcast(&x->changed);
    void *context;
    void (*room)(void *) = zd_http_stream_waiting(x, &context);
    pthread_mutex_unlock(&x->lock);
    if (room) room(context);
  }
  /* A broken answer ends in a reset: a client that reads until close must notice, too. */
  if (!broken || uv_tcp_close_reset(&c->tcp, on_closed) != 0)
    if (!uv_is_closing((uv_handle_t *)&c->tcp)) uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t *request, int status) {
  zd_http_connection *c = request->data;
  if (status < 0 && !c->closing) zd_http_connection_close(c);
}

/* The client may still be sending. Closing now would reset the connection and could destroy the
 * answer on its way (RFC 9112 §9.6): our side is shut, what comes is thrown away for a while. */
static void finish(zd_http_connection *c) {
  if (c->phase == ZD_HTTP_LINGERING) return;
  c->shutdown.data = c;
  if (!c->unread || c->eof || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0) {
    zd_http_connection_close(c);
    return;
  }
  c->phase = ZD_HTTP_LINGERING;
  c->since = uv_now(&c->loop->uv);
}

/* ---- reading ---- */

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
  zd_http_connection *c = (zd_http_connection *)handle;
  (void)suggested;
  *buffer = uv_buf_init(c->loop->read_buffer, ZD_HTTP_READ_SIZE);
}

/* The client has hung up its side: whoever works for it may want to know, what was asked before is
 * still answered. */
static void on_eof(zd_http_connection *c) {
  c->eof = true;
  for (zd_http_exchange *x = c->first; x; x = x->next) {
    pthread_mutex_lock(&x->lock);
    x->hung_up = true;
    pthread_mutex_unlock(&x->lock);
  }
  bool upload = c->current && c->current->dispatched;
  if (c->phase == ZD_HTTP_LINGERING || c->first == c->current || upload) {
    zd_http_connection_close(c);
    return;
  }
  if (c->current) zd_http_connection_refuse(c, 400, "the request is cut short");
  c->phase = ZD_HTTP_FINISHING;
  zd_http_connection_pump(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer) {
  zd_http_connection *c = (zd_http_connection *)stream;
  if (n == 0 || c->closing) return;
  if (n < 0) {
    c->reading = false;
    if (n == UV_EOF) {
      on_eof(c);
    } else {
      zd_http_connection_close(c);
    }
    return;
  }
  zd_http_count(&c->loop->counters.in, (uint64_t)n);
  c->moved += (uint64_t)n;
  c->busy = true;
  size_t used = zd_http_connection_parse(c, buffer->base, (size_t)n);
  if (used < (size_t)n) {
    zd_buffer_add(&c->rest, buffer->base + used, (size_t)n - used);
    if (c->rest.failed) zd_http_connection_close(c);
  }
  c->busy = false;
  zd_http_connection_pump(c);
}

static void read_or_wait(zd_http_connection *c) {
  bool want = !c->eof && c->rest.n == 0 && !zd_http_connection_must_wait(c);
  if (want == c->reading) return;
  c->reading = want;
  if (!want) {
    uv_read_stop((uv_stream_t *)&c->tcp);
    return;
  }
  c->since = uv_now(&c->loop->uv);
  c->moved = 0;
  if (uv_read_start((uv_stream_t *)&c->tcp, on_buffer, on_read) != 0) zd_http_connection_close(c);
}

/* ---- turns ---- */

bool zd_http_connection_is_idle(const zd_http_connection *c) {
  return c->phase == ZD_HTTP_IDLE && !c->first && c->rest.n == 0;
}

static void settle(zd_http_connection *c) {
  if (c->closing) return;
  if (c->phase == ZD_HTTP_FINISHING && !c->first && !c->writing) finish(c);
  if (c->loop->stopping && zd_http_connection_is_idle(c)) zd_http_connection_close(c);
  if (!c->closing) read_or_wait(c);
}

static void parse_rest(zd_http_connection *c) {
  c->rest_at += zd_http_connection_parse(c, c->rest.p + c->rest_at, c->rest.n - c->rest_at);
  if (c->rest_at < c->rest.n) return;
  zd_buffer_free(&c->rest);
  c->rest_at = 0;
}

void zd_http_connection_pump(zd_http_connection *c) {
  if (c->busy || c->closing) return;
  c->busy = true;
  zd_http_connection_write(c);
  while (!c->closing && c->rest.n && !zd_http_connection_must_wait(c)) {
    parse_rest(c);
    if (!c->closing) zd_http_connection_write(c);
  }
  c->busy = false;
  settle(c);
}

/* ---- time ---- */

static bool write_is_late(zd_http_connection *c, uint64_t now) {
  uint64_t written = c->asked - uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp);
  return now >
         c->write_since + c->loop->server->options.stall_seconds * 1000u + written * 1000 / 1024;
}

static bool request_is_late(zd_http_connection *c, uint64_t now) {
  const zd_http_options *o = &c->loop->server->options;
  if (!c->reading) return false; /* it waits for us */
  if (c->reader.phase == ZD_HTTP_IN_HEAD) return now > c->since + o->head_seconds * 1000u;
  return now > c->since + o->stall_seconds * 1000u + c->moved * 1000 / 1024;
}

void zd_http_connection_check_time(zd_http_connection *c, uint64_t now) {
  if (c->closing) return;
  if (c->writing) {
    if (write_is_late(c, now)) zd_http_connection_close(c);
  } else if (c->phase == ZD_HTTP_READING) {
    if (!request_is_late(c, now)) return;
    if (c->current->dispatched) {
      zd_http_connection_close(c);
    } else {
      zd_http_connection_refuse(c, 408, "the request came too slowly");
      zd_http_connection_pump(c);
    }
  } else if (c->phase == ZD_HTTP_LINGERING) {
    if (now > c->since + LINGER_MS) zd_http_connection_close(c);
  } else if (zd_http_connection_is_idle(c)) {
    if (now > c->since + c->loop->server->options.idle_seconds * 1000u) zd_http_connection_close(c);
  }
}

/* ---- the beginning ---- */

static zd_http_connection *connection_take(zd_http_loop *loop) {
  zd_http_connection *c = loop->spare_connections;
  if (c) {
    loop->spare_connections = c->next;
    loop->spare_connection_count--;
    memset(c, 0, sizeof *c);
  } else if (!(c = calloc(1, sizeof *c))) {
    return NULL;
  }
  const zd_http_options *o = &loop->server->options;
  c->loop = loop;
  zd_http_reader_init(&c->reader, o->head_limit, o->body_limit, zd_http_connection_body, c);
  uv_tcp_init(&loop->uv, &c->tcp);
  c->next = loop->connections;
  if (c->next) c->next->previous = c;
  loop->connections = c;
  atomic_fetch_add(&loop->server->connections, 1);
  zd_http_count(&loop->counters.connections, 1);
  zd_http_count(&loop->counters.total, 1);
  return c;
}

static void turn_away(zd_http_connection *c) {
  static const char full[] =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
      "Connection: close\r\n\r\n";
  uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)full, sizeof full - 1);
  uv_try_write((uv_stream_t *)&c->tcp, &buffer, 1);
  zd_http_count(&c->loop->counters.refused, 1);
  c->phase = ZD_HTTP_FINISHING;
  c->unread = true;
  settle(c);
}

void zd_http_accept(zd_http_loop *loop) {
  zd_http_connection *c = connection_take(loop);
  loop->unaccepted = !c; /* no memory: it waits in libuv, and nobody behind it, until a tick */
  if (!c) return;
  if (uv_accept((uv_stream_t *)&loop->listener, (uv_stream_t *)&c->tcp) != 0) {
    zd_http_connection_close(c);
    return;
  }
  if (atomic_load(&loop->server->connections) > loop->server->options.connections) {
    turn_away(c);
  } else {
    settle(c);
  }
}
