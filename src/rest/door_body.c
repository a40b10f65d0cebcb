/* door_body.c: the body of a request: collected as it comes, decoded, read. */
#include "rest/binary.h"
#include "rest/door_internal.h"
#include "rest/header.h"

bool zd_door_wants_body(const zd_door *d) {
  const zd_http_request *request = zd_http_request_of(d->x);
  if (d->in.kind == ZD_OPERATION) /* parameters may all stand in the address */
    return zd_slice_eq(request->method, ZD_S("POST")) &&
           (request->body.n || request->body_streamed);
  return d->in.kind == ZD_CREATE || d->in.kind == ZD_UPDATE || d->in.kind == ZD_PATCH ||
         d->in.kind == ZD_BUNDLE ||
         (d->in.kind == ZD_SEARCH && zd_slice_eq(request->method, ZD_S("POST")));
}

static bool fail_body(zd_door *d, zd_err err, const char *what) {
  int status = err == ZD_ERR_LIMIT ? 413 : err == ZD_ERR_UNSUPPORTED ? 415 : zd_status_of(err);
  zd_issue_code code = err == ZD_ERR_LIMIT ? ZD_ISSUE_TOO_LONG : ZD_ISSUE_STRUCTURE;
  zd_answer_fail(&d->call, &d->answer, status, code, (zd_slice){NULL, 0}, "%s: %s", what,
                 zd_err_name(err));
  return false;
}

static bool begin_parts(zd_door *d) {
  if (d->in.kind != ZD_BUNDLE) return true;
  d->parts = ZD_NEW(d->call.arena, zd_fhir_bundle);
  if (!d->parts) return fail_body(d, ZD_ERR_MEMORY, "the Bundle cannot be read");
  zd_fhir_bundle_init(d->parts, d->call.rest->schema, NULL, d->call.rest->entry_limit);
  return true;
}

/* Most bytes of a body of this kind, unpacked. */
static size_t body_limit(const zd_door *d) {
  enum { FORM = 1 << 20 };
  const zd_rest *r = d->call.rest;
  size_t most = d->in.kind == ZD_BUNDLE ? r->body_limit : r->resource_limit;
  bool whole = d->in.kind == ZD_OPERATION && d->in.operation->any_body;
  if (d->in.kind == ZD_SEARCH || (d->in.kind == ZD_OPERATION && !whole)) most = FORM;
  return most < r->body_limit ? most : r->body_limit;
}

static zd_coding body_coding(const zd_door *d) {
  return zd_coding_named(zd_http_header_get(d->x, "Content-Encoding"));
}

/* Finds the entries of a Bundle in what has come of its text. */
static bool split(zd_door *d, zd_slice text) {
  if (!d->parts || d->format == ZD_FORMAT_XML) return true;
  zd_err err = zd_fhir_bundle_feed(d->parts, zd_slice_from(text, d->parts->split.fed));
  return err == ZD_OK || fail_body(d, err, "what surrounds the entries of the Bundle");
}

enum { STEP = 1 << 20 };

/* Room for all of a body whose length is told: growing would copy it, and hold it twice. */
static void make_room(zd_door *d) {
  zd_slice text = zd_http_header_get(d->x, "Content-Length");
  size_t n = 0;
  for (size_t i = 0; i < text.n && n <= body_limit(d); i++) n = n * 10 + (size_t)(text.p[i] - '0');
  if (n <= body_limit(d)) zd_buffer_reserve(&d->body, n + STEP);
}

static bool collect_body(zd_door *d) {
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

static bool decode_body(zd_door *d) {
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
static bool refuse_body(zd_door *d, zd_err err, const char *what) {
  if (!d->call.issues.errors) return fail_body(d, err, what);
  zd_answer_outcome(&d->call, &d->answer, err == ZD_ERR_LIMIT ? 413 : 400);
  return false;
}

/* A Bundle in XML becomes one in JSON; then it is a Bundle like others. */
static bool unmark_bundle(zd_door *d) {
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
static bool end_bundle(zd_door *d) {
  if (d->format == ZD_FORMAT_XML && !unmark_bundle(d)) return false;
  if (!split(d, d->text)) return false;
  zd_err err = zd_fhir_bundle_end(d->parts);
  return err == ZD_OK || fail_body(d, err, "the Bundle cannot be read");
}

static bool wrap_content(zd_door *d) {
  zd_buffer json;
  zd_buffer_init(&json, d->call.rest->body_limit);
  zd_binary_wrap(d->x, &d->in, d->text, &json);
  zd_buffer_free(&d->body);
  d->body = json;
  d->text = zd_buffer_slice(&d->body);
  zd_err err = zd_buffer_error(&d->body);
  return err == ZD_OK || fail_body(d, err, "the content is too large");
}

/* For an operation that tells them itself; the call's own begin anew with each question. */
static bool keep_faults(zd_door *d) {
  zd_issues *faults = ZD_NEW(d->call.arena, zd_issues);
  if (!faults) return false;
  *faults = d->call.issues;
  d->in.faults = faults;
  return true;
}

static bool read_resource(zd_door *d) {
  if (d->text.n > body_limit(d)) return fail_body(d, ZD_ERR_LIMIT, "the body is too large");
  if (d->parts) return end_bundle(d);
  if (d->format == ZD_FORMAT_CONTENT && !wrap_content(d)) return false;
  if (d->in.kind == ZD_PATCH) {
    d->in.patch = d->text;
    d->in.xml_patch = d->format == ZD_FORMAT_XML_PATCH;
    return true;
  }
  bool any = d->in.kind == ZD_OPERATION && d->in.operation->any_body;
  zd_type type = any                          ? ZD_NO_TYPE
                 : d->in.kind == ZD_OPERATION ? d->call.rest->parameters
                                              : d->in.type;
  zd_err (*read)(const zd_schema *, zd_slice, zd_type, const zd_read_limits *, zd_arena *,
                 zd_tree *, zd_issues *) =
      d->format == ZD_FORMAT_XML ? zd_fhir_read_xml : zd_fhir_read_json;
  zd_err err =
      read(d->call.rest->schema, d->text, type, NULL, d->call.arena, &d->tree, &d->call.issues);
  if (err != ZD_OK && !(any && err == ZD_ERR_INVALID))
    return refuse_body(d, err, "the resource cannot be read");
  if (any && !keep_faults(d)) return fail_body(d, ZD_ERR_MEMORY, "the resource cannot be read");
  d->in.tree = &d->tree;
  return true;
}

/* POST _search: the form joins the query of the address (search.html#Introduction). */
static void join_form(zd_door *d) {
  if (!d->in.query.n)
    d->in.query = d->text;
  else if (d->text.n)
    d->in.query = zd_arena_printf(d->call.arena, "%.*s&%.*s", ZD_SV(d->in.query), ZD_SV(d->text));
}

bool zd_door_read_body(zd_door *d) {
  d->format = zd_header_body_type(&d->call, d->x, &d->in, &d->answer);
  if (d->format == ZD_FORMAT_NONE || !begin_parts(d) || !collect_body(d) || !decode_body(d))
    return false;
  if (d->in.kind != ZD_SEARCH) return read_resource(d);
  join_form(d);
  return true;
}
