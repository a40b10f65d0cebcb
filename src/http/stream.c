/* stream.c: bodies that go through in parts, with back-pressure.
 *
 *            loop ── in ──► worker: zd_http_body_read      reading stops at a window of `in`
 *   socket ◄─ flying ◄─ out ── worker: zd_http_stream_write    the worker waits at a window of
 * `out`
 *
 * A worker that must not wait adds instead (zd_http_stream_add), asks whether there is more than a
 * window (zd_http_stream_full), and is called when there is room.
 *
 * `in` and `out` are guarded by exchange.lock; `flying` is the loop's, swapped with `out`.
 */
#include <stdio.h>

#include "http/server_internal.h"

/* ---- in ---- */

static size_t in_left(const zd_http_exchange *x) {
  return x->in.n - x->in_at;
}

static void wait_for_input(zd_http_exchange *x) {
  while (in_left(x) == 0 && !x->in_done && !x->in_error && !x->gone) {
    if (x->head.expect_continue && !x->in_asked) {
      x->in_asked = x->in_wanted = true;
      zd_http_post(x);
    }
    pthread_cond_wait(&x->changed, &x->lock);
  }
}

static size_t take_input(zd_http_exchange *x, char *p, size_t room) {
  size_t n = in_left(x) < room ? in_left(x) : room;
  if (n) memcpy(p, x->in.p + x->in_at, n);
  x->in_at += n;
  if (in_left(x) == 0) {
    zd_buffer_clear(&x->in);
    x->in_at = 0;
  }
  if (x->in_held && in_left(x) < ZD_HTTP_WINDOW / 2) {
    x->in_held = false;
    zd_http_post(x); /* the loop reads on */
  }
  return n;
}

/* A body collected whole reads the same way, so that a handler needs no second path. */
static size_t take_collected(zd_http_exchange *x, char *p, size_t room) {
  size_t left = x->request.body.n - x->in_at;
  size_t n = left < room ? left : room;
  if (n) memcpy(p, x->request.body.p + x->in_at, n);
  x->in_at += n;
  return n;
}

zd_err zd_http_body_read(zd_http_exchange *x, char *p, size_t room, size_t *n) {
  if (!x->request.body_streamed) {
    *n = take_collected(x, p, room);
    return ZD_OK;
  }
  pthread_mutex_lock(&x->lock);
  wait_for_input(x);
  zd_err err = x->in_error ? x->in_error : x->gone && !x->in_done ? ZD_ERR_CANCELLED : ZD_OK;
  *n = err ? 0 : take_input(x, p, room);
  pthread_mutex_unlock(&x->lock);
  return err;
}

/* ---- out ---- */

static bool is_discarded(const zd_http_exchange *x) {
  return x->status == 204 || x->status == 304 || zd_slice_eq(x->head.method, ZD_S("HEAD"));
}

zd_err zd_http_stream_begin(zd_http_exchange *x) {
  pthread_mutex_lock(&x->lock);
  x->chunked = x->head.minor > 0;
  x->out_begun = true;
  zd_err err = x->gone ? ZD_ERR_CANCELLED : ZD_OK;
  zd_http_post(x);
  pthread_mutex_unlock(&x->lock);
  return err;
}

static void add_part(zd_http_exchange *x, zd_slice part) {
  char size[24];
  int digits = x->chunked ? snprintf(size, sizeof size, "%zx\r\n", part.n) : 0;
  zd_buffer_add(&x->out, size, (size_t)digits);
  zd_buffer_add_slice(&x->out, part);
  if (x->chunked) zd_buffer_add(&x->out, "\r\n", 2);
}

static zd_err stream_write(zd_http_exchange *x, zd_slice part, bool may_wait) {
  zd_err err = ZD_OK;
  if (is_discarded(x)) return ZD_OK;
  pthread_mutex_lock(&x->lock);
  while (part.n && !err) {
    while (may_wait && x->out.n >= ZD_HTTP_WINDOW && !x->gone)
      pthread_cond_wait(&x->changed, &x->lock);
    size_t n = part.n < ZD_HTTP_WINDOW ? part.n : ZD_HTTP_WINDOW;
    if (!x->gone) add_part(x, (zd_slice){part.p, n});
    err = x->gone ? ZD_ERR_CANCELLED : zd_buffer_error(&x->out);
    part = zd_slice_from(part, n);
    zd_http_post(x);
  }
  pthread_mutex_unlock(&x->lock);
  return err;
}

zd_err zd_http_stream_write(zd_http_exchange *x, zd_slice part) {
  return stream_write(x, part, !zd_http_on_loop(x->loop));
}

zd_err zd_http_stream_add(zd_http_exchange *x, zd_slice part) {
  return stream_write(x, part, false);
}

bool zd_http_stream_full(zd_http_exchange *x, void (*room)(void *context), void *context) {
  pthread_mutex_lock(&x->lock);
  bool full = x->out.n >= ZD_HTTP_WINDOW && !x->gone && !x->out.failed;
  if (full) {
    x->room = room;
    x->room_context = context;
  }
  pthread_mutex_unlock(&x->lock);
  return full;
}

void (*zd_http_stream_waiting(zd_http_exchange *x, void **context))(void *) {
  void (*room)(void *) = x->room;
  *context = x->room_context;
  x->room = NULL;
  return room;
}

void zd_http_stream_end(zd_http_exchange *x, bool ok) {
  pthread_mutex_lock(&x->lock);
  if (ok && x->chunked && !is_discarded(x)) zd_buffer_add(&x->out, "0\r\n\r\n", 5);
  x->out_broken = !ok || x->out.failed;
  x->out_ended = true;
  zd_http_post(x);
  pthread_mutex_unlock(&x->lock);
}
