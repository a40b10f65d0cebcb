/* parse.c: from bytes to exchanges handed to the handler. */
#include "http/server_internal.h"

/* ---- handing over ---- */

static void fill_request(zd_http_exchange *x) {
  zd_http_request *q = &x->request;
  const zd_http_head *h = &x->head;
  q->method = h->method;
  q->target = h->target;
  q->path = h->path;
  q->query = h->query;
  q->headers = h->headers;
  q->header_count = h->count;
  q->body = (zd_slice){0};
  q->body_streamed = false;
  if (h->request_id.n) {
    memcpy(q->id, h->request_id.p, h->request_id.n);
    q->id[h->request_id.n] = '\0';
  }
}

static void dispatch(zd_http_exchange *x) {
  const zd_http_options *o = &x->loop->server->options;
  zd_http_count(&x->loop->counters.requests, 1);
  zd_http_count(&x->loop->counters.in_flight, 1);
  x->dispatched = true;
  o->handler(o->state, x);
}

static void dispatch_streamed(zd_http_exchange *x) {
  x->streamed = true;
  x->request.body_streamed = true;
  dispatch(x);
}

/* ---- bodies ---- */

static bool add_streamed(zd_http_exchange *x, const char *p, size_t n) {
  if (x->ready) return true; /* answered already: the rest is of no interest */
  pthread_mutex_lock(&x->lock);
  zd_buffer_add(&x->in, p, n);
  bool ok = !x->in.failed;
  pthread_cond_broadcast(&x->changed);
  pthread_mutex_unlock(&x->lock);
  return ok;
}

bool zd_http_connection_body(void *connection, const char *p, size_t n) {
  zd_http_connection *c = connection;
  zd_http_exchange *x = c->current;
  if (x->streamed) return add_streamed(x, p, n);
  zd_buffer_add(&x->collected, p, n);
  if (x->collected.failed) return false;
  if (x->collected.n <= c->loop->server->options.body_inline) return true;
  /* Chunked and larger than thought: what there is becomes the stream's beginning. */
  zd_buffer begun = x->in;
  x->in = x->collected;
  x->collected = begun;
  dispatch_streamed(x);
  return true;
}

static void end_input(zd_http_exchange *x, zd_err err) {
  pthread_mutex_lock(&x->lock);
  x->in_error = err;
  x->in_done = err == ZD_OK;
  pthread_cond_broadcast(&x->changed);
  pthread_mutex_unlock(&x->lock);
}

/* ---- events of the reader ---- */

static void on_head(zd_http_connection *c) {
  zd_http_exchange *x = c->current;
  const zd_http_head *h = &x->head;
  fill_request(x);
  if (zd_http_wants_log(c->loop->server)) x->started_ns = zd_clock_monotonic_ns();
  c->since = uv_now(&c->loop->uv);
  c->moved = 0;
  if (!h->has_body) return;
  if (h->content_length > c->loop->server->options.body_inline) {
    dispatch_streamed(x);
  } else if (h->expect_continue) {
    x->in_asked = x->in_wanted = true;
  }
}

static void on_end(zd_http_connection *c) {
  zd_http_exchange *x = c->current;
  x->complete = true;
  c->current = NULL;
  c->phase = x->head.keep_alive ? ZD_HTTP_IDLE : ZD_HTTP_FINISHING;
  if (x->streamed) {
    end_input(x, ZD_OK);
    return;
  }
  x->request.body = zd_buffer_slice(&x->collected);
  dispatch(x);
}

void zd_http_connection_refuse(zd_http_connection *c, int status, const char *why) {
  zd_http_exchange *x = c->current ? c->current : zd_http_exchange_take(c);
  zd_http_count(&c->loop->counters.refused, 1);
  c->current = NULL;
  c->phase = ZD_HTTP_FINISHING;
  c->unread = true;
  if (!x) {
    zd_http_connection_close(c);
    return;
  }
  if (x->dispatched) { /* its holder answers: it learns when it reads on */
    end_input(x, status == 413 ? ZD_ERR_LIMIT : status == 503 ? ZD_ERR_MEMORY : ZD_ERR_INVALID);
    return;
  }
  x->head.keep_alive = false;
  zd_http_error_fill(x, status, zd_slice_of(why));
  x->ready = true;
}

static void on_step(zd_http_connection *c, zd_http_step step) {
  zd_http_reader *r = &c->reader;
  switch (step) {
    case ZD_HTTP_MORE:
      break;
    case ZD_HTTP_HEAD:
      on_head(c);
      if (!c->current->head.has_body) {
        zd_http_reader_feed(r, NULL, 0, &step);
        on_step(c, step);
      }
      break;
    case ZD_HTTP_END:
      on_end(c);
      break;
    case ZD_HTTP_REFUSED:
      zd_http_connection_refuse(c, r->status, r->why);
      break;
  }
}

/* ---- bytes ---- */

static bool begin_request(zd_http_connection *c) {
  zd_http_exchange *x = zd_http_exchange_take(c);
  if (!x) {
    zd_http_connection_close(c);
    return false;
  }
  c->current = x;
  c->phase = ZD_HTTP_READING;
  c->since = uv_now(&c->loop->uv);
  c->moved = 0;
  zd_http_reader_begin(&c->reader, &x->head);
  return true;
}

static size_t parse_some(zd_http_connection *c, const char *p, size_t n) {
  size_t used = 0;
  if (c->phase == ZD_HTTP_IDLE) {
    used = zd_http_reader_blank(&c->reader, p, n);
    if (c->reader.status) {
      zd_http_connection_refuse(c, c->reader.status, c->reader.why);
      return n;
    }
    if (used == n || !begin_request(c)) return n;
  }
  zd_http_step step;
  used += zd_http_reader_feed(&c->reader, p + used, n - used, &step);
  on_step(c, step);
  return used;
}

bool zd_http_connection_must_wait(zd_http_connection *c) {
  zd_http_exchange *x = c->current;
  if (c->phase > ZD_HTTP_READING) return false; /* what comes is thrown away */
  if (!x) return c->queued >= ZD_HTTP_PIPELINE;
  if (!x->streamed || x->ready) return false;
  pthread_mutex_lock(&x->lock);
  x->in_held = x->in.n - x->in_at >= ZD_HTTP_WINDOW;
  bool held = x->in_held;
  pthread_mutex_unlock(&x->lock);
  return held;
}

size_t zd_http_connection_parse(zd_http_connection *c, const char *p, size_t n) {
  size_t at = 0;
  while (at < n) {
    if (c->closing || c->phase > ZD_HTTP_READING) return n;
    if (zd_http_connection_must_wait(c)) break;
    at += parse_some(c, p + at, n - at);
  }
  return at;
}
