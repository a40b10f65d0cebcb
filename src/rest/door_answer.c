/* door_answer.c: an answer becomes a response: headers, format, coding. */
#include "json/json.h"
#include "rest/binary.h"
#include "rest/door_internal.h"
#include "rest/header.h"
#include "rest/markup.h"

enum { WORTH_CODING = 1024 }; /* smaller answers are sent as they are */

static zd_slice full_url(zd_door *d, zd_slice relative) {
  return zd_arena_printf(d->call.arena, "%s/%.*s", d->call.rest->base_url, ZD_SV(relative));
}

/* W/"12", without printf: this is on the path of every read. */
static void add_etag(zd_door *d, uint64_t version) {
  char text[24], *end = text + sizeof text, *at = end;
  *--at = '"';
  do {
    *--at = (char)('0' + version % 10);
    version /= 10;
  } while (version);
  at -= 3;
  memcpy(at, "W/\"", 3);
  zd_http_header_add(d->x, "ETag", (zd_slice){at, (size_t)(end - at)});
}

static void add_version_headers(zd_door *d) {
  zd_answer *a = &d->answer;
  if (a->version) add_etag(d, a->version);
  if (a->last_modified) {
    char date[29];
    zd_header_write_date(a->last_modified, date);
    zd_http_header_add(d->x, "Last-Modified", (zd_slice){date, sizeof date});
  }
  if (a->location.p && a->status == 201)
    zd_http_header_add(d->x, "Location", full_url(d, a->location));
  if (a->location.p && a->status == 200)
    zd_http_header_add(d->x, "Content-Location", full_url(d, a->location));
}

static zd_coding accepted_coding(zd_door *d) {
  zd_http_header_add(d->x, "Vary", ZD_S("Accept, Accept-Encoding"));
  return zd_coding_accepted(zd_http_header_get(d->x, "Accept-Encoding"));
}

/* The body as XML instead; what cannot be written so is told. */
static void mark_up(zd_door *d) {
  zd_answer *a = &d->answer;
  for (int attempt = 0; attempt < 2 && a->body.n; attempt++) {
    zd_buffer xml;
    zd_buffer_init(&xml, 0);
    zd_err err =
        zd_markup_whole(d->call.rest->schema, zd_buffer_slice(&a->body), d->in.pretty, &xml);
    if (err == ZD_OK) {
      zd_buffer_free(&a->body);
      a->body = xml;
      return;
    }
    zd_buffer_free(&xml);
    zd_buffer_clear(&a->body);
    zd_issues_init(&d->call.issues, d->call.arena);
    zd_answer_fail(&d->call, a, 500, ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0},
                   "the answer cannot be written as XML: %s", zd_err_name(err));
  }
}

/* The body in the form that is wanted, when that is not JSON. */
static void write_out(zd_door *d) {
  if (d->in.type == d->call.rest->binary && d->answer.status == 200 && d->answer.body.n &&
      zd_binary_may_be_content(d->x, &d->in))
    zd_binary_unwrap(&d->call, zd_http_header_get(d->x, "Accept"), &d->in, &d->answer, &d->media);
  if (d->in.xml && !d->media.p) mark_up(d);
}

/* Pretty and coded as asked, into *out; the answer's body when neither was asked. */
static zd_slice shape_body(zd_door *d, zd_buffer *pretty, zd_buffer *coded) {
  zd_slice body = zd_buffer_slice(&d->answer.body);
  if (d->in.pretty && !d->in.xml && !d->media.p && body.n) {
    zd_pretty_json(body, pretty);
    if (!pretty->failed) body = zd_buffer_slice(pretty);
  }
  if (body.n < WORTH_CODING) return body;
  zd_coding coding = accepted_coding(d);
  if (coding == ZD_CODING_IDENTITY || zd_coding_encode(coding, body, coded) != ZD_OK) return body;
  zd_http_header_add(d->x, "Content-Encoding", zd_slice_of(zd_coding_name(coding)));
  return zd_buffer_slice(coded);
}

/* Sends the body and frees the buffers; it lies in one of them, or nowhere. A large one is given
 * away instead of copied. */
static void send_body(zd_http_exchange *x, zd_slice body, zd_buffer *buffers, size_t n) {
  enum { WORTH_GIVING = 8192 };
  char *given = NULL;
  for (size_t i = 0; i < n && body.n >= WORTH_GIVING; i++) {
    if (buffers[i].p != body.p) continue;
    given = buffers[i].p;
    zd_buffer_init(&buffers[i], 0);
  }
  if (given)
    zd_http_send_owned(x, given, body.n);
  else
    zd_http_send(x, body);
  for (size_t i = 0; i < n; i++) zd_buffer_free(&buffers[i]);
}

/* Content is whatever somebody stored: no page may take it for one of this server's own. */
static void add_content_headers(zd_door *d) {
  zd_http_header_add(d->x, "Content-Type", d->media);
  zd_http_header_add(d->x, "X-Content-Type-Options", ZD_S("nosniff"));
  zd_http_header_add(d->x, "Content-Security-Policy", ZD_S("default-src 'none'; sandbox"));
}

static void add_head(zd_door *d) {
  zd_http_status(d->x, d->answer.status);
  if (d->answer.status == 503) zd_http_header_add(d->x, "Retry-After", ZD_S("1"));
  add_version_headers(d);
  zd_cors_add(d->call.rest->cors_origins, d->x);
  if (d->media.p)
    add_content_headers(d);
  else if (d->answer.body.n)
    zd_http_header_add(d->x, "Content-Type",
                       d->in.xml ? ZD_S("application/fhir+xml;charset=utf-8")
                                 : ZD_S("application/fhir+json;charset=utf-8"));
}

void zd_door_leave(zd_door *d) {
  zd_answer *a = &d->answer;
  zd_buffer pretty, coded;
  zd_buffer_init(&pretty, 0);
  zd_buffer_init(&coded, 0);
  if (a->body.failed) {
    zd_buffer_free(&a->body);
    zd_buffer_init(&a->body, 0);
    zd_answer_fail(&d->call, a, 500, ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0}, "out of memory");
  }
  write_out(d);
  add_head(d);
  zd_slice body = shape_body(d, &pretty, &coded);
  zd_buffer buffers[] = {a->body, pretty, coded, d->body};
  zd_door_free_bundle(d);
  send_body(d->x, body, buffers,
            sizeof buffers / sizeof *buffers); /* d is gone with the exchange */
}

/* Status and headers of an answer that is sent in parts. */
zd_coding zd_door_head_of_parts(void *context) {
  zd_door *d = context;
  zd_coding coding = accepted_coding(d);
  add_head(d);
  if (coding != ZD_CODING_IDENTITY)
    zd_http_header_add(d->x, "Content-Encoding", zd_slice_of(zd_coding_name(coding)));
  return coding;
}

void zd_door_move(zd_door *d, zd_workers *workers, zd_job job) {
  d->on_worker = true;
  if (zd_workers_submit(workers, job, d) == ZD_OK) return;
  zd_answer_fail(&d->call, &d->answer, 503, ZD_ISSUE_THROTTLED, (zd_slice){NULL, 0},
                 "too many requests are waiting; nothing was done, try again");
  zd_door_leave(d);
}
