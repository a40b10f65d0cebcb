#include "rest/streaming.h"

#include "base/clock.h"
#include "rest/definition.h"

static void make(void *context);

static void leave(zd_streaming *s) {
  const zd_parts *parts = s->in->operation->parts;
  if (s->state) parts->close(s->state);
  s->state = NULL;
  zd_call_give(s->call);
  atomic_fetch_sub(&s->call->rest->streams, 1);
  s->leave(s->door);
}

/* Everything goes: the exchange, and with it `s`, is gone behind the outlet. */
static void end(zd_streaming *s, bool whole) {
  zd_buffer text = s->answer->body;
  zd_outlet *outlet = s->outlet;
  s->in->operation->parts->close(s->state);
  zd_call_give(s->call);
  atomic_fetch_sub(&s->call->rest->streams, 1);
  s->let_go(s->door);
  zd_outlet_close(outlet, &text, whole);
  zd_buffer_free(&text);
}

static void refuse(zd_streaming *s, zd_issue_code code, const char *why) {
  zd_answer_fail(s->call, s->answer, 503, code, (zd_slice){NULL, 0}, "%s", why);
  leave(s);
}

/* There is room again, or the client has gone. On a loop's thread. */
static void on_room(void *context) {
  zd_streaming *s = context;
  if (zd_workers_submit(s->call->rest->makers, make, s) != ZD_OK) end(s, false);
}

/* Whether nothing is to be made until there is room; then `s` is the loop's. */
static bool waits(zd_streaming *s) {
  if (!s->outlet || !zd_http_stream_full(s->x, NULL, NULL)) return false;
  s->in->operation->parts->rest(s->state);
  return zd_http_stream_full(s->x, on_room, s);
}

static bool open_outlet(zd_streaming *s) {
  zd_outlet *o = ZD_NEW(s->call->arena, zd_outlet);
  if (!o) return false;
  s->outlet = o;
  zd_outlet_open(o, s->x, s->call->rest, s->in, s->head(s->door));
  o->adds = true;
  return true;
}

/* What cannot be made any more is broken off when it has begun, else told. */
static void fail(zd_streaming *s, zd_err err, const zd_fault *fault) {
  if (s->outlet) {
    end(s, false);
    return;
  }
  zd_buffer_clear(&s->answer->body);
  zd_answer_unanswered(s->call, s->answer, err, fault);
  leave(s);
}

/* One part; false: it has ended, one way or another. */
static bool make_part(zd_streaming *s) {
  zd_fault fault = {0};
  bool whole = false;
  zd_buffer *text = &s->answer->body;
  zd_err err = s->in->operation->parts->more(s->state, text, ZD_STREAMING_PART, &whole, &fault);
  if (err == ZD_OK && whole && !s->outlet) {
    leave(s);
  } else if (err == ZD_OK && !s->outlet && !open_outlet(s)) {
    fail(s, ZD_ERR_MEMORY, &fault);
  } else if (err != ZD_OK) {
    fail(s, err, &fault);
  } else if (whole) {
    end(s, true);
  } else if (!zd_outlet_send(s->outlet, text)) {
    end(s, false);
  } else {
    return true;
  }
  return false;
}

static bool begun(zd_streaming *s) {
  zd_call *c = s->call;
  if (s->state) return true;
  if (atomic_load(&c->rest->stopping)) {
    refuse(s, ZD_ISSUE_TRANSIENT, "the server is stopping");
    return false;
  }
  c->brief = c->on_loop = false;
  c->deadline_ns = zd_clock_monotonic_ns() + (uint64_t)c->rest->query_ms * 1000000;
  zd_call_take(c);
  s->state = s->in->operation->parts->open(c, s->in, s->answer);
  if (!s->state) leave(s);
  return s->state != NULL;
}

static void make(void *context) {
  zd_streaming *s = context;
  size_t made = 0;
  if (!begun(s)) return;
  while (!waits(s)) {
    if (made >= ZD_STREAMING_TURN) {
      s->in->operation->parts->rest(s->state);
      if (zd_workers_submit(s->call->rest->makers, make, s) == ZD_OK) return;
      made = 0;
    }
    if (!make_part(s)) return;
    made += ZD_STREAMING_PART;
  }
}

void zd_streaming_begin(zd_streaming *s) {
  zd_rest *r = s->call->rest;
  if (atomic_fetch_add(&r->streams, 1) >= ZD_STREAMING_MOST ||
      zd_workers_submit(r->makers, make, s) != ZD_OK)
    refuse(s, ZD_ISSUE_THROTTLED, "too many large answers are on their way; try again later");
}
