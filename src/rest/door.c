/* door.c: the HTTP door: a request becomes an interaction, its answer a response.
 *
 * What is quick is answered on the loop's thread. What may take long (big bodies, batches, searches
 * that did not end within a few milliseconds) moves to a worker. Writes are queued to the store and
 * answered from its commit thread, so that no thread of ours waits for the disk.
 */
#include "rest/door_internal.h"
#include "rest/header.h"

enum { INLINE_BODY = 64 * 1024 }; /* larger bodies are read and checked on a worker */

static void run(zd_door *d) {
  if (zd_door_wants_body(d) && !zd_door_read_body(d)) {
    zd_door_leave(d);
    return;
  }
  if (!zd_shape(&d->call, &d->in, &d->answer)) {
    zd_door_leave(d);
    return;
  }
  if (d->in.kind == ZD_BUNDLE) {
    zd_door_bundle(d);
  } else if (zd_writes(&d->in)) {
    zd_door_write(d);
  } else if (d->in.kind == ZD_OPERATION && d->in.operation->parts) {
    zd_door_stream(d);
  } else {
    zd_door_ask(d);
  }
}

static void run_big_on_worker(void *context, zd_http_exchange *x) {
  (void)x;
  zd_door *d = context;
  d->on_worker = true;
  run(d);
}

static bool is_big(const zd_door *d) {
  const zd_http_request *request = zd_http_request_of(d->x);
  return request->body_streamed || request->body.n > INLINE_BODY;
}

static void answer_options(zd_door *d, const char *allow) {
  d->answer.status = 204;
  zd_http_header_add(d->x, "Allow", zd_slice_of(allow));
  zd_door_leave(d);
}

static bool enter(zd_door *d) {
  const zd_http_request *request = zd_http_request_of(d->x);
  zd_slice path = zd_slice_from(request->path, d->call.rest->base_path.n);
  const char *allow = NULL;
  while (path.n && path.p[0] == '/') path = zd_slice_from(path, 1);
  d->in.query = request->query;
  zd_header_format(d->x, &d->in);
  bool options = zd_slice_eq(request->method, ZD_S("OPTIONS"));
  bool fine = zd_route(&d->call, request->method, path, &d->in, &d->answer, &allow);
  if (options && allow) {
    zd_buffer_clear(&d->answer.body);
    answer_options(d, allow);
    return false;
  }
  if (!fine && allow) zd_http_header_add(d->x, "Allow", zd_slice_of(allow));
  fine = fine && zd_header_take(&d->call, d->x, &d->in, &d->answer);
  if (!fine) zd_door_leave(d);
  return fine;
}

void zd_rest_handle(zd_rest *r, zd_http_exchange *x) {
  zd_arena *arena = zd_http_arena(x);
  zd_door *d = ZD_NEW(arena, zd_door);
  if (!d) {
    zd_http_status(x, 503);
    zd_http_send(x, ZD_S(""));
    return;
  }
  d->x = x;
  d->call = (zd_call){.rest = r, .arena = arena};
  zd_issues_init(&d->call.issues, arena);
  zd_answer_init(&d->answer);
  zd_buffer_init(&d->body, 0);
  if (!enter(d)) return;
  if (is_big(d))
    zd_http_defer(x, run_big_on_worker, d);
  else
    run(d);
}
