/* write.c: answers leave in the order of the requests, as many as are ready in one writev. */
#include "http/server_internal.h"

#define BATCH 64 /* buffers of one write */
#define ROUNDS 4 /* writes before other connections get their turn */

typedef struct batch {
  uv_buf_t buffers[BATCH];
  unsigned count;
  size_t bytes;
} batch;

/* Body and owned are the asker's until the answer is composed. */
static size_t total(const zd_http_exchange *x) {
  size_t body = x->composed && !x->streaming ? x->body.n + x->owned_n : 0;
  return x->wire.n + body + x->flying.n;
}

/* Nothing will be added to it any more. */
static bool is_whole(const zd_http_exchange *x) {
  return x->ready && x->composed;
}

/* ---- making an exchange's bytes ready ---- */

static void prepare_continue(zd_http_exchange *x) {
  pthread_mutex_lock(&x->lock);
  bool wanted = x->in_wanted;
  x->in_wanted = false;
  pthread_mutex_unlock(&x->lock);
  if (wanted && !x->complete) zd_buffer_add(&x->wire, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

/* All in flight has landed: what was written meanwhile takes off. The end counts only once the
 * exchange is out of the loop's posts, so that nobody else still points to it. */
static void prepare_stream(zd_http_exchange *x) {
  if (x->ready || x->sent < total(x)) return;
  zd_buffer_clear(&x->wire);
  zd_buffer_clear(&x->flying);
  x->sent = 0;
  pthread_mutex_lock(&x->lock);
  zd_buffer landed = x->flying;
  x->flying = x->out;
  x->out = landed;
  x->told += x->flying.n;
  if (x->out_ended && !x->pending) {
    x->ready = true;
    x->broken = x->out_broken;
  }
  pthread_cond_broadcast(&x->changed);
  void *context;
  void (*room)(void *) = zd_http_stream_waiting(x, &context);
  pthread_mutex_unlock(&x->lock);
  if (room) room(context);
}

static void prepare(zd_http_exchange *x) {
  if (!x->ready && !x->streaming) {
    if (x->head.expect_continue) prepare_continue(x);
    return;
  }
  if (!x->composed && !zd_http_compose(x, (zd_slice){0})) x->broken = true;
  if (x->streaming && x->sent == total(x)) prepare_stream(x);
}

/* ---- gathering and crediting ---- */

static void add_piece(batch *b, const char *p, size_t n, size_t *skip) {
  size_t skipped = *skip < n ? *skip : n;
  *skip -= skipped;
  if (n == skipped) return;
  b->buffers[b->count++] = uv_buf_init((char *)(uintptr_t)(p + skipped), (unsigned)(n - skipped));
  b->bytes += n - skipped;
}

static void gather(zd_http_connection *c, batch *b) {
  b->count = 0;
  b->bytes = 0;
  for (zd_http_exchange *x = c->first; x && b->count + 4 <= BATCH; x = x->next) {
    prepare(x);
    if (x->broken && !x->streaming) return;
    size_t skip = x->sent;
    add_piece(b, x->wire.p, x->wire.n, &skip);
    if (x->composed && !x->streaming) {
      add_piece(b, x->body.p, x->body.n, &skip);
      add_piece(b, x->owned, x->owned_n, &skip);
    }
    add_piece(b, x->flying.p, x->flying.n, &skip);
    if (!is_whole(x) || x->broken) return;
  }
}

static void retire(zd_http_connection *c, zd_http_exchange *x) {
  zd_http_counters *n = &c->loop->counters;
  c->first = x->next;
  if (!c->first) c->last = NULL;
  c->queued--;
  zd_http_count(&n->by_class[x->status / 100], 1);
  if (x->started_ns) zd_http_log_answer(x);
  if (x->last) {
    c->phase = ZD_HTTP_FINISHING;
    if (!x->complete) c->unread = true;
  }
  if (c->current == x) c->current = NULL;
  if (!c->first && !c->current) c->since = uv_now(&c->loop->uv);
  zd_http_exchange_release(x);
}

/* These many further bytes have gone to the kernel. */
static void credit(zd_http_connection *c, size_t bytes) {
  zd_http_count(&c->loop->counters.out, bytes);
  while (c->first) {
    zd_http_exchange *x = c->first;
    size_t left = total(x) - x->sent;
    size_t took = left < bytes ? left : bytes;
    x->sent += took;
    bytes -= took;
    if (x->sent < total(x) || !is_whole(x) || x->broken) return;
    retire(c, x);
  }
}

/* ---- writing ---- */

static void on_written(uv_write_t *request, int status) {
  zd_http_connection *c = request->data;
  c->writing = false;
  if (c->closing) return;
  if (status < 0) {
    zd_http_connection_close(c);
    return;
  }
  credit(c, c->asked);
  zd_http_connection_pump(c);
}

static void write_later(zd_http_connection *c, uv_buf_t *buffers, unsigned count, size_t bytes) {
  c->write.data = c;
  c->asked = bytes;
  c->write_since = uv_now(&c->loop->uv);
  if (uv_write(&c->write, (uv_stream_t *)&c->tcp, buffers, count, on_written) != 0) {
    zd_http_connection_close(c);
    return;
  }
  c->writing = true;
}

/* Drops from the front of the batch what was written. */
static void skip_written(batch *b, size_t bytes, unsigned *first) {
  *first = 0;
  b->bytes -= bytes;
  while (*first < b->count && bytes >= b->buffers[*first].len) bytes -= b->buffers[(*first)++].len;
  if (*first < b->count) {
    b->buffers[*first].base += bytes;
    b->buffers[*first].len -= bytes;
  }
}

/* False when the rest has to wait for the socket or the connection is closing. */
static bool write_batch(zd_http_connection *c, batch *b, bool now) {
  unsigned first = 0;
  int n = now ? uv_try_write((uv_stream_t *)&c->tcp, b->buffers, b->count) : 0;
  if (n < 0 && n != UV_EAGAIN) {
    zd_http_connection_close(c);
    return false;
  }
  if (n > 0) {
    skip_written(b, (size_t)n, &first);
    credit(c, (size_t)n);
  }
  if (b->bytes == 0) return true;
  write_later(c, b->buffers + first, b->count - first, b->bytes);
  return false;
}

static bool front_is_broken(const zd_http_connection *c) {
  return c->first && c->first->broken &&
         (!c->first->streaming || c->first->sent == total(c->first));
}

void zd_http_connection_write(zd_http_connection *c) {
  for (int round = 0; c->first && !c->writing && !c->closing; round++) {
    batch b;
    gather(c, &b);
    if (front_is_broken(c)) {
      zd_http_connection_close(c);
      return;
    }
    if (b.count == 0) {
      const zd_http_exchange *front = c->first;
      credit(c, 0); /* a stream may end without a further byte */
      if (c->first == front) return;
    } else if (!write_batch(c, &b, round < ROUNDS)) {
      return;
    }
  }
}
