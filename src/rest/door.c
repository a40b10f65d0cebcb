/* door.c: the HTTP door: a request becomes an interaction, its answer a response.
 *
 * What is quick is answered on the loop's thread. What may take long (big bodies, batches, searches
 * that did not end within a few milliseconds) moves to a worker. Writes are queued to the store and
 * answered from its commit thread, so that no thread of ours waits for the disk.
 */
#include "base/clock.h"
#include "fhir/xml.h"
#include "json/json.h"
#include "rest/bundle.h"
#include "rest/coding.h"
#include "rest/definition.h"
#include "rest/header.h"
#include "rest/markup.h"
#include "rest/outlet.h"
#include "rest/question.h"
#include "rest/streaming.h"

enum {
  INLINE_BODY = 64 * 1024,    /* larger bodies are read and checked on a worker */
  BRIEF_NS = 3 * 1000 * 1000, /* how long the condition of a write may take on the loop */
  WORTH_CODING = 1024         /* smaller answers are sent as they are */
};

typedef struct door {
  zd_call call;
  zd_http_exchange *x;
  zd_interaction in;
  zd_answer answer;
  zd_buffer body;       /* the request's, decoded; when it had to be */
  zd_slice text;        /* the request's body */
  zd_format format;     /* that it is in */
  zd_xml_faults faults; /* of a batch in XML */
  zd_tree tree;
  zd_unit unit;
  zd_unit_entry entry;   /* of a single write */
  zd_fhir_bundle *parts; /* of a Bundle: where its entries lie in `text` */
  zd_bundle bundle;
  zd_outlet *outlet; /* of an answer that is being sent in parts */
  zd_streaming streaming;
  bool on_worker;
  zd_lane lane;        /* of a question */
  uint64_t waiting_ns; /* since when it waits */
} door;

/* ---- the way out ---- */

static zd_slice full_url(door *d, zd_slice relative) {
  return zd_arena_printf(d->call.arena, "%s/%.*s", d->call.rest->base_url, ZD_SV(relative));
}

/* W/"12", without printf: this is on the path of every read. */
static void add_etag(door *d, uint64_t version) {
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

static void add_version_headers(door *d) {
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

static zd_coding accepted_coding(door *d) {
  zd_http_header_add(d->x, "Vary", ZD_S("Accept, Accept-Encoding"));
  return zd_coding_accepted(zd_http_header_get(d->x, "Accept-Encoding"));
}

/* The body as XML instead; what cannot be written so is told. */
static void mark_up(door *d) {
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

/* Pretty and coded as asked, into *out; the answer's body when neither was asked. */
static zd_slice shape_body(door *d, zd_buffer *pretty, zd_buffer *coded) {
  zd_slice body = zd_buffer_slice(&d->answer.body);
  if (d->in.pretty && !d->in.xml && body.n) {
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

static void add_head(door *d) {
  zd_http_status(d->x, d->answer.status);
  if (d->answer.status == 503) zd_http_header_add(d->x, "Retry-After", ZD_S("1"));
  add_version_headers(d);
  zd_cors_add(d->call.rest->cors_origins, d->x);
  if (d->answer.body.n)
    zd_http_header_add(d->x, "Content-Type",
                       d->in.xml ? ZD_S("application/fhir+xml;charset=utf-8")
                                 : ZD_S("application/fhir+json;charset=utf-8"));
}

static void free_bundle(door *d) {
  if (!d->parts) return;
  zd_bundle_free(&d->bundle);
  zd_fhir_bundle_free(d->parts);
}

static void leave(door *d) {
  zd_answer *a = &d->answer;
  zd_buffer pretty, coded;
  zd_buffer_init(&pretty, 0);
  zd_buffer_init(&coded, 0);
  if (a->body.failed) {
    zd_buffer_free(&a->body);
    zd_buffer_init(&a->body, 0);
    zd_answer_fail(&d->call, a, 500, ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0}, "out of memory");
  }
  if (d->in.xml) mark_up(d);
  add_head(d);
  zd_slice body = shape_body(d, &pretty, &coded);
  zd_buffer buffers[] = {a->body, pretty, coded, d->body};
  free_bundle(d);
  send_body(d->x, body, buffers,
            sizeof buffers / sizeof *buffers); /* d is gone with the exchange */
}

/* ---- writes ---- */

static void write_settled(door *d);
static void write_try(door *d);

static void retry_on_worker(void *context) {
  door *d = context;
  d->call.brief = false;
  if (!zd_unit_defines(&d->unit)) {
    write_try(d);
    return;
  }
  zd_unit_run(&d->unit); /* what searches rest on changes one after the other */
  write_settled(d);
}

/* Status and headers of an answer that is sent in parts. */
static zd_coding head_of_parts(void *context) {
  door *d = context;
  zd_coding coding = accepted_coding(d);
  add_head(d);
  if (coding != ZD_CODING_IDENTITY)
    zd_http_header_add(d->x, "Content-Encoding", zd_slice_of(zd_coding_name(coding)));
  return coding;
}

/* The answering Bundle has grown by an entry. */
static bool pass_on(void *context) {
  door *d = context;
  if (d->answer.body.n < ZD_OUTLET_PART) return true;
  if (!d->outlet) {
    if (!(d->outlet = ZD_NEW(zd_http_arena(d->x), zd_outlet))) return true; /* sent whole, then */
    zd_outlet_open(d->outlet, d->x, d->call.rest, &d->in, head_of_parts(d));
  }
  return zd_outlet_send(d->outlet, &d->answer.body);
}

/* `waits`: on a thread that may wait for a slow client. */
static void answer_bundle(door *d, bool waits) {
  zd_bundle_answer(&d->bundle, &d->answer, waits ? pass_on : NULL, d);
  if (!d->outlet) {
    leave(d);
    return;
  }
  zd_buffer text = d->answer.body; /* d is gone with the exchange */
  free_bundle(d);
  zd_buffer_free(&d->body);
  zd_outlet_close(d->outlet, &text, true);
  zd_buffer_free(&text);
}

static void bundle_finish_on_worker(void *context) {
  answer_bundle(context, true);
}

/* Moves on to a worker. When too much waits already, the answer is that: nothing was done yet. Not
 * done here instead: this may be the committer's thread, which must not wait for room in its own
 * queue, or a loop's. */
static void on_worker_of(door *d, zd_workers *workers, zd_job job) {
  d->on_worker = true;
  if (zd_workers_submit(workers, job, d) == ZD_OK) return;
  zd_answer_fail(&d->call, &d->answer, 503, ZD_ISSUE_THROTTLED, (zd_slice){NULL, 0},
                 "too many requests are waiting; nothing was done, try again");
  leave(d);
}

static void on_worker(door *d, zd_job job) {
  on_worker_of(d, d->call.rest->workers, job);
}

static void committed(void *context, const zd_commit_result *result) {
  door *d = context;
  if (zd_unit_settle(&d->unit, result)) {
    write_settled(d);
    return;
  }
  zd_unit_free(&d->unit); /* the attempt's scratch, should there be no other */
  on_worker(d, retry_on_worker);
}

static void write_try(door *d) {
  static const zd_commit_result nothing = {.err = ZD_OK};
  if (!zd_unit_prepare(&d->unit)) {
    if (d->call.again) {
      d->call.again = false;
      on_worker(d, retry_on_worker);
    } else {
      write_settled(d);
    }
  } else if (d->unit.txn) {
    zd_txn *txn = d->unit.txn;
    d->unit.txn = NULL;
    zd_store_submit(d->call.rest->store, txn, committed, d);
  } else {
    zd_unit_settle(&d->unit, &nothing);
    write_settled(d);
  }
}

static void answer_single(door *d) {
  zd_return prefer = d->in.prefer;
  d->answer = d->entry.answer;
  if (prefer == ZD_RETURN_OUTCOME && d->answer.status < 300) {
    int status = d->answer.status == 204 ? 200 : d->answer.status;
    zd_buffer_clear(&d->answer.body);
    zd_issues_write_json(&d->call.issues, &d->answer.body);
    d->answer.status = status;
  }
}

static void write_settled(door *d) {
  if (d->unit.status) {
    if (!d->parts) zd_buffer_free(&d->entry.answer.body);
    zd_answer_outcome(&d->call, &d->answer, d->unit.status);
    leave(d);
  } else if (!d->parts) {
    answer_single(d);
    leave(d);
  } else if (zd_bundle_is_brief(&d->bundle)) {
    answer_bundle(d, false);
  } else if (zd_workers_submit(d->call.rest->workers, bundle_finish_on_worker, d) != ZD_OK) {
    answer_bundle(d, false); /* it is committed, so the answer has to be made, if need be here */
  }
}

/* A write starts on the loop when it is small: then its conditions have to be found quickly. */
static void begin_write(door *d) {
  d->call.brief = !d->on_worker;
  d->call.deadline_ns = zd_clock_monotonic_ns() + BRIEF_NS;
  if (zd_unit_defines(&d->unit))
    on_worker(d, retry_on_worker);
  else
    write_try(d);
}

static void run_single_write(door *d) {
  zd_answer_init(&d->entry.answer);
  d->entry.in = d->in;
  if (d->entry.in.prefer == ZD_RETURN_DEFAULT) d->entry.in.prefer = ZD_RETURN_REPRESENTATION;
  if (d->in.tree)
    d->entry.own_id = zd_node_child_text(d->in.tree, d->in.root, ZD_S("id"), d->call.arena);
  d->unit = (zd_unit){.call = &d->call,
                      .entries = &d->entry,
                      .n = 1,
                      .keep = d->entry.in.prefer == ZD_RETURN_REPRESENTATION};
  begin_write(d);
}

/* A batch commits entry by entry and waits for each, so it never runs on a loop. */
static void batch_on_worker(void *context) {
  door *d = context;
  zd_bundle_run_batch(&d->bundle);
  answer_bundle(d, true);
}

static void run_bundle(door *d) {
  zd_return prefer =
      d->in.prefer == ZD_RETURN_REPRESENTATION ? ZD_RETURN_REPRESENTATION : ZD_RETURN_MINIMAL;
  d->bundle.faults = d->faults;
  if (!zd_bundle_open(&d->call, d->parts, d->text, prefer, d->in.lenient, &d->bundle, &d->answer)) {
    leave(d);
  } else if (d->bundle.transaction) {
    zd_bundle_unit(&d->bundle, &d->unit);
    begin_write(d);
  } else if (d->on_worker) {
    batch_on_worker(d);
  } else {
    on_worker(d, batch_on_worker);
  }
}

/* ---- the body ---- */

static bool fail_body(door *d, zd_err err, const char *what) {
  int status = err == ZD_ERR_LIMIT ? 413 : err == ZD_ERR_UNSUPPORTED ? 415 : zd_status_of(err);
  zd_issue_code code = err == ZD_ERR_LIMIT ? ZD_ISSUE_TOO_LONG : ZD_ISSUE_STRUCTURE;
  zd_answer_fail(&d->call, &d->answer, status, code, (zd_slice){NULL, 0}, "%s: %s", what,
                 zd_err_name(err));
  return false;
}

/* Most bytes of a body of this kind, unpacked. */
static size_t body_limit(const door *d) {
  enum { FORM = 1 << 20 };
  const zd_rest *r = d->call.rest;
  size_t most = d->in.kind == ZD_BUNDLE ? r->body_limit : r->resource_limit;
  if (d->in.kind == ZD_SEARCH || d->in.kind == ZD_OPERATION) most = FORM;
  return most < r->body_limit ? most : r->body_limit;
}

static zd_coding body_coding(const door *d) {
  return zd_coding_named(zd_http_header_get(d->x, "Content-Encoding"));
}

/* Finds the entries of a Bundle in what has come of its text. */
static bool split(door *d, zd_slice text) {
  if (!d->parts || d->format == ZD_FORMAT_XML) return true;
  zd_err err = zd_fhir_bundle_feed(d->parts, zd_slice_from(text, d->parts->split.fed));
  return err == ZD_OK || fail_body(d, err, "what surrounds the entries of the Bundle");
}

enum { STEP = 1 << 20 };

/* Room for all of a body whose length is told: growing would copy it, and hold it twice. */
static void make_room(door *d) {
  zd_slice text = zd_http_header_get(d->x, "Content-Length");
  size_t n = 0;
  for (size_t i = 0; i < text.n && n <= body_limit(d); i++) n = n * 10 + (size_t)(text.p[i] - '0');
  if (n <= body_limit(d)) zd_buffer_reserve(&d->body, n + STEP);
}

static bool collect_body(door *d) {
  const zd_http_request *request = zd_http_request_of(d->x);
  bool as_it_is = body_coding(d) == ZD_CODING_IDENTITY;
  d->text = request->body;
  if (!request->body_streamed) return true;
  make_room(d);
  for (;;) {
    size_t n = 0;
    if (d->body.n > body_limit(d)) return fail_body(d, ZD_ERR_LIMIT, "the body is too large");
    if (!zd_buffer_reserve(&d->body, STEP))
      return fail_body(d, zd_buffer_error(&d->body), "the body cannot be kept");
    zd_err err = zd_http_body_read(d->x, d->body.p + d->body.n, STEP, &n);
    if (err != ZD_OK) return fail_body(d, err, "the body cannot be read");
    if (!n) break;
    d->body.n += n;
    if (as_it_is && !split(d, zd_buffer_slice(&d->body))) return false;
  }
  d->text = zd_buffer_slice(&d->body);
  return true;
}

static bool decode_body(door *d) {
  zd_coding coding = body_coding(d);
  if (coding == ZD_CODING_IDENTITY) return true;
  zd_buffer plain;
  zd_buffer_init(&plain, body_limit(d) + 64 * 1024); /* decoders reserve a step ahead */
  zd_err err = zd_coding_decode(coding, d->text, &plain);
  zd_buffer_free(&d->body);
  d->body = plain;
  d->text = zd_buffer_slice(&d->body);
  if (err == ZD_OK && plain.n > body_limit(d)) err = ZD_ERR_LIMIT;
  return err == ZD_OK || fail_body(d, err, "the body's Content-Encoding");
}

/* What is wrong with a body. */
static bool refuse_body(door *d, zd_err err, const char *what) {
  if (!d->call.issues.errors) return fail_body(d, err, what);
  zd_answer_outcome(&d->call, &d->answer, err == ZD_ERR_LIMIT ? 413 : 400);
  return false;
}

/* A Bundle in XML becomes one in JSON; then it is a Bundle like others. */
static bool unmark_bundle(door *d) {
  zd_buffer json;
  zd_buffer_init(&json, d->call.rest->body_limit);
  zd_err err = zd_fhir_xml_bundle(d->call.rest->schema, d->text, NULL, d->call.arena, &json,
                                  &d->faults, &d->call.issues);
  zd_buffer_free(&d->body);
  d->body = json;
  d->text = zd_buffer_slice(&d->body);
  d->format = ZD_FORMAT_JSON;
  return err == ZD_OK || refuse_body(d, err, "the Bundle cannot be read");
}

/* The entries are read later, one by one. */
static bool end_bundle(door *d) {
  if (d->format == ZD_FORMAT_XML && !unmark_bundle(d)) return false;
  if (!split(d, d->text)) return false;
  zd_err err = zd_fhir_bundle_end(d->parts);
  return err == ZD_OK || fail_body(d, err, "the Bundle cannot be read");
}

static bool read_resource(door *d) {
  if (d->text.n > body_limit(d)) return fail_body(d, ZD_ERR_LIMIT, "the body is too large");
  if (d->parts) return end_bundle(d);
  if (d->in.kind == ZD_PATCH) {
    d->in.patch = d->text;
    return true;
  }
  zd_type type = d->in.kind == ZD_OPERATION ? d->call.rest->parameters : d->in.type;
  zd_err (*read)(const zd_schema *, zd_slice, zd_type, const zd_read_limits *, zd_arena *,
                 zd_tree *, zd_issues *) =
      d->format == ZD_FORMAT_XML ? zd_fhir_read_xml : zd_fhir_read_json;
  zd_err err =
      read(d->call.rest->schema, d->text, type, NULL, d->call.arena, &d->tree, &d->call.issues);
  if (err != ZD_OK) return refuse_body(d, err, "the resource cannot be read");
  d->in.tree = &d->tree;
  return true;
}

/* POST _search: the form joins the query of the address (search.html#Introduction). */
static void join_form(door *d) {
  if (!d->in.query.n)
    d->in.query = d->text;
  else if (d->text.n)
    d->in.query = zd_arena_printf(d->call.arena, "%.*s&%.*s", ZD_SV(d->in.query), ZD_SV(d->text));
}

/* ---- the way in ---- */

static bool wants_body(const door *d) {
  const zd_http_request *request = zd_http_request_of(d->x);
  if (d->in.kind == ZD_OPERATION) /* parameters may all stand in the address */
    return zd_slice_eq(request->method, ZD_S("POST")) &&
           (request->body.n || request->body_streamed);
  return d->in.kind == ZD_CREATE || d->in.kind == ZD_UPDATE || d->in.kind == ZD_PATCH ||
         d->in.kind == ZD_BUNDLE ||
         (d->in.kind == ZD_SEARCH && zd_slice_eq(request->method, ZD_S("POST")));
}

/* Runs the question within the budget of its lane; false: it belongs into the next. */
static bool ask_within(door *d) {
  zd_rest *r = d->call.rest;
  const uint64_t budgets[ZD_LANES] = {ZD_LANE_LOOP_NS, ZD_LANE_SHORT_NS,
                                      (uint64_t)r->query_ms * 1000000};
  uint64_t begun = zd_question_clock();
  zd_issues_init(&d->call.issues, d->call.arena);
  zd_buffer_clear(&d->answer.body);
  d->call.on_loop = d->lane == ZD_LANE_LOOP;
  d->call.brief = d->lane < ZD_LANE_LONG;
  d->call.again = false;
  d->call.deadline_ns = zd_clock_monotonic_ns() + budgets[d->lane];
  zd_run_question(&d->call, &d->in, &d->answer);
  zd_question_took(r->questions, &d->in, zd_question_clock() - begun, !d->call.again);
  return !d->call.again;
}

static void ask_in_turn(void *context);

static void ask_in(door *d, zd_lane lane) {
  d->lane = lane;
  on_worker_of(d, d->call.rest->askers[lane - 1], ask_in_turn);
}

/* A question that takes long, when its turn comes. It may have waited longer than anybody waits,
 * and others like it may have shown meanwhile that it belongs elsewhere. */
static void ask_in_turn(void *context) {
  enum { PATIENCE_MS = 1000 };
  door *d = context;
  zd_rest *r = d->call.rest;
  uint64_t waited_ms = (zd_clock_monotonic_ns() - d->waiting_ns) / 1000000;
  if (atomic_load(&r->stopping)) {
    zd_answer_fail(&d->call, &d->answer, 503, ZD_ISSUE_TRANSIENT, (zd_slice){NULL, 0},
                   "the server is stopping");
  } else if (waited_ms > r->query_ms + PATIENCE_MS) {
    zd_answer_fail(&d->call, &d->answer, 503, ZD_ISSUE_THROTTLED, (zd_slice){NULL, 0},
                   "too many long searches are waiting; try again later");
  } else if (zd_question_lane(r->questions, &d->in) > d->lane || !ask_within(d)) {
    ask_in(d, ZD_LANE_LONG);
    return;
  }
  leave(d);
}

static void ask(door *d) {
  zd_lane lane = zd_question_lane(d->call.rest->questions, &d->in);
  if (d->on_worker && lane == ZD_LANE_LOOP) lane = ZD_LANE_SHORT; /* the form was big */
  d->lane = ZD_LANE_LOOP;
  d->waiting_ns = zd_clock_monotonic_ns();
  if (lane > ZD_LANE_LOOP)
    ask_in(d, lane);
  else if (ask_within(d))
    leave(d);
  else
    ask_in(d, ZD_LANE_SHORT);
}

static void leave_it(void *context) {
  leave(context);
}

static void let_go(void *context) {
  door *d = context;
  zd_buffer_free(&d->body);
}

/* An operation whose answer may be larger than memory. */
static void stream(door *d) {
  d->streaming = (zd_streaming){.call = &d->call,
                                .in = &d->in,
                                .answer = &d->answer,
                                .x = d->x,
                                .door = d,
                                .head = head_of_parts,
                                .leave = leave_it,
                                .let_go = let_go};
  zd_streaming_begin(&d->streaming);
}

static bool begin_parts(door *d) {
  if (d->in.kind != ZD_BUNDLE) return true;
  d->parts = ZD_NEW(d->call.arena, zd_fhir_bundle);
  if (!d->parts) return fail_body(d, ZD_ERR_MEMORY, "the Bundle cannot be read");
  zd_fhir_bundle_init(d->parts, d->call.rest->schema, NULL, d->call.rest->entry_limit);
  return true;
}

static void run(door *d) {
  if (wants_body(d)) {
    d->format = zd_header_body_type(&d->call, d->x, &d->in, &d->answer);
    bool fine = d->format != ZD_FORMAT_NONE && begin_parts(d) && collect_body(d) && decode_body(d);
    if (fine && d->in.kind == ZD_SEARCH)
      join_form(d);
    else if (fine)
      fine = read_resource(d);
    if (!fine) {
      leave(d);
      return;
    }
  }
  if (!zd_shape(&d->call, &d->in, &d->answer)) {
    leave(d);
    return;
  }
  if (d->in.kind == ZD_BUNDLE) {
    run_bundle(d);
  } else if (zd_writes(&d->in)) {
    run_single_write(d);
  } else if (d->in.kind == ZD_OPERATION && d->in.operation->parts) {
    stream(d);
  } else {
    ask(d);
  }
}

static void run_big_on_worker(void *context, zd_http_exchange *x) {
  (void)x;
  door *d = context;
  d->on_worker = true;
  run(d);
}

static bool is_big(const door *d) {
  const zd_http_request *request = zd_http_request_of(d->x);
  return request->body_streamed || request->body.n > INLINE_BODY;
}

static void answer_options(door *d, const char *allow) {
  d->answer.status = 204;
  zd_http_header_add(d->x, "Allow", zd_slice_of(allow));
  leave(d);
}

static bool enter(door *d) {
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
  if (!fine) leave(d);
  return fine;
}

void zd_rest_handle(zd_rest *r, zd_http_exchange *x) {
  zd_arena *arena = zd_http_arena(x);
  door *d = ZD_NEW(arena, door);
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
