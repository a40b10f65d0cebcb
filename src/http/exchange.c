/* exchange.c: the life of an exchange, and what its holder may ask of it. */
#include <stdlib.h>

#include "http/server_internal.h"
#include "http/text.h"

/* ---- pool ---- */

static zd_http_exchange *exchange_new(zd_http_loop *loop) {
  zd_http_exchange *x = calloc(1, sizeof *x);
  if (!x) return NULL;
  x->loop = loop;
  pthread_mutex_init(&x->lock, NULL);
  pthread_cond_init(&x->changed, NULL);
  zd_arena_init(&x->arena, 0);
  return x;
}

void zd_http_exchange_free(zd_http_exchange *x) {
  zd_http_head_free(&x->head);
  zd_buffer *buffers[] = {&x->fields, &x->body, &x->collected, &x->wire,
                          &x->flying, &x->out,  &x->in};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) zd_buffer_free(buffers[i]);
  zd_arena_free(&x->arena);
  free(x->owned);
  pthread_cond_destroy(&x->changed);
  pthread_mutex_destroy(&x->lock);
  free(x);
}

/* Splitmix64 (Steele, Lea, Flood 2014) over a counter: distinct for 2^64 requests of a loop. */
static void make_id(zd_http_loop *loop, char id[65]) {
  uint64_t z = loop->id_seed + loop->id_count++ * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  for (int i = 0; i < 16; i++) id[i] = "0123456789abcdef"[z >> (60 - 4 * i) & 15];
  id[16] = '\0';
}

zd_http_exchange *zd_http_exchange_take(zd_http_connection *c) {
  zd_http_loop *loop = c->loop;
  zd_http_exchange *x = loop->spare_exchanges;
  if (x) {
    loop->spare_exchanges = x->next;
    loop->spare_exchange_count--;
  } else if (!(x = exchange_new(loop))) {
    return NULL;
  }
  x->connection = c;
  x->next = NULL;
  x->status = 200;
  make_id(loop, x->request.id);
  if (c->last) {
    c->last->next = x;
  } else {
    c->first = x;
  }
  c->last = x;
  c->queued++;
  return x;
}

static void keep_or_free(zd_buffer *b) {
  if (b->room > ZD_HTTP_KEEP) zd_buffer_free(b);
  zd_buffer_clear(b);
}

/* Everything but the memory, the lock and the loop starts anew. */
static void exchange_reset(zd_http_exchange *x) {
  zd_buffer *buffers[] = {&x->fields, &x->body, &x->collected, &x->wire,
                          &x->flying, &x->out,  &x->in,        &x->head.raw};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) keep_or_free(buffers[i]);
  zd_http_head_clear(&x->head);
  zd_arena_reset(&x->arena);
  free(x->owned);
  x->owned = NULL;
  x->owned_n = 0;
  x->job = NULL;
  x->dispatched = x->streamed = x->complete = x->ready = x->streaming = false;
  x->composed = x->last = x->broken = false;
  x->sent = 0;
  x->told = x->started_ns = 0;
  x->pending = x->done = x->out_begun = x->out_ended = x->out_broken = x->chunked = false;
  x->gone = x->hung_up = x->in_done = x->in_held = x->in_asked = x->in_wanted = false;
  x->in_error = ZD_OK;
  x->in_at = 0;
  x->room = NULL;
}

void zd_http_exchange_release(zd_http_exchange *x) {
  zd_http_loop *loop = x->loop;
  if (x->dispatched) zd_http_count(&loop->counters.in_flight, (uint64_t)-1);
  if (loop->spare_exchange_count >= ZD_HTTP_POOL) {
    zd_http_exchange_free(x);
    return;
  }
  exchange_reset(x);
  x->next = loop->spare_exchanges;
  loop->spare_exchanges = x;
  loop->spare_exchange_count++;
}

/* ---- telling the loop ---- */

void zd_http_post(zd_http_exchange *x) {
  zd_http_loop *loop = x->loop;
  if (x->pending) return;
  x->pending = true;
  zd_http_exchange *top = atomic_load_explicit(&loop->posts, memory_order_relaxed);
  do {
    x->posted = top;
  } while (!atomic_compare_exchange_weak_explicit(&loop->posts, &top, x, memory_order_release,
                                                  memory_order_relaxed));
  if (!top) uv_async_send(&loop->wake); /* else whoever posted first has woken the loop */
}

static void complete(zd_http_exchange *x, bool failed) {
  if (zd_http_on_loop(x->loop)) {
    x->ready = true;
    x->broken = failed;
    zd_http_connection_pump(x->connection);
    return;
  }
  pthread_mutex_lock(&x->lock);
  x->done = true;
  x->out_broken = failed;
  zd_http_post(x);
  pthread_mutex_unlock(&x->lock);
}

/* ---- for the holder ---- */

const zd_http_request *zd_http_request_of(const zd_http_exchange *x) {
  return &x->request;
}

zd_arena *zd_http_arena(zd_http_exchange *x) {
  return &x->arena;
}

zd_slice zd_http_header_get(const zd_http_exchange *x, const char *name) {
  zd_slice wanted = zd_slice_of(name);
  for (size_t i = 0; i < x->head.count; i++)
    if (zd_http_same(x->head.headers[i].name, wanted)) return x->head.headers[i].value;
  return (zd_slice){0};
}

void zd_http_status(zd_http_exchange *x, int status) {
  x->status = status >= 200 && status <= 599 ? status : 500;
}

/* Those that the server adds itself. */
static bool is_ours(zd_slice name) {
  static const zd_slice ours[] = {
      {"content-length", 14}, {"transfer-encoding", 17}, {"connection", 10}, {"date", 4},
      {"x-request-id", 12},
  };
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (zd_http_is(name, ours[i])) return true;
  return false;
}

static bool value_is_clean(zd_slice value) {
  for (size_t i = 0; i < value.n; i++)
    if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0') return false;
  return true;
}

void zd_http_header_add(zd_http_exchange *x, const char *name, zd_slice value) {
  zd_slice label = zd_slice_of(name);
  if (!zd_http_is_token(label) || is_ours(label) || !value_is_clean(value)) {
    const zd_logger *logger = x->loop->server->options.logger;
    if (logger)
      zd_log(logger, ZD_LOG_ERROR, "answer header dropped", "request", x->request.id, NULL);
    return;
  }
  if (!zd_buffer_reserve(&x->fields, label.n + value.n + 4)) return;
  zd_buffer_add_slice(&x->fields, label);
  zd_buffer_add(&x->fields, ": ", 2);
  zd_buffer_add_slice(&x->fields, value);
  zd_buffer_add(&x->fields, "\r\n", 2);
}

void zd_http_send(zd_http_exchange *x, zd_slice body) {
  bool whole;
  if (zd_http_on_loop(x->loop) && x->wire.n == 0 && body.n <= ZD_HTTP_KEEP) {
    whole = zd_http_compose(x, body); /* head and body in one buffer, one write */
  } else {
    zd_buffer_add_slice(&x->body, body);
    whole = !x->body.failed;
  }
  complete(x, !whole);
}

void zd_http_send_owned(zd_http_exchange *x, char *body, size_t n) {
  x->owned = body;
  x->owned_n = n;
  complete(x, false);
}

void zd_http_error(zd_http_exchange *x, int status, zd_slice text) {
  zd_http_error_fill(x, status, text);
  complete(x, x->body.failed);
}

static void run_job(void *context) {
  zd_http_exchange *x = context;
  x->job(x->job_context, x);
}

void zd_http_defer(zd_http_exchange *x, void (*f)(void *context, zd_http_exchange *x),
                   void *context) {
  zd_workers *workers = x->loop->server->options.workers;
  x->job = f;
  x->job_context = context;
  if (workers && zd_workers_submit(workers, run_job, x) == ZD_OK) return;
  zd_http_header_add(x, "Retry-After", ZD_S("1"));
  zd_http_error(x, 503, ZD_S("the server has more work than it can queue"));
}

bool zd_http_gone(zd_http_exchange *x) {
  pthread_mutex_lock(&x->lock);
  bool gone = x->gone || x->hung_up;
  pthread_mutex_unlock(&x->lock);
  return gone;
}
