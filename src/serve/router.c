/* router.c: which part of the server a path belongs to. */
#include "serve/serve_internal.h"

void zd_serve_text(zd_http_exchange *x, int status, const char *type, zd_slice body) {
  zd_http_status(x, status);
  zd_http_header_add(x, "Content-Type", zd_slice_of(type));
  zd_http_header_add(x, "Cache-Control", ZD_S("no-store"));
  zd_http_send(x, body);
}

static bool below(zd_slice path, zd_slice prefix) {
  return zd_slice_starts(path, prefix) && (path.n == prefix.n || path.p[prefix.n] == '/');
}

static bool is_get(const zd_http_request *r) {
  return zd_slice_eq(r->method, ZD_S("GET")) || zd_slice_eq(r->method, ZD_S("HEAD"));
}

static void refuse(zd_http_exchange *x, int status, const char *why) {
  zd_buffer body;
  zd_buffer_init(&body, 0);
  zd_rest_refusal(status, why, &body);
  if (status == 405) zd_http_header_add(x, "Allow", ZD_S("GET, HEAD"));
  zd_serve_text(x, status, "application/fhir+json;charset=utf-8", zd_buffer_slice(&body));
  zd_buffer_free(&body);
}

void zd_serve_handle(void *state, zd_http_exchange *x) {
  zd_serve *s = state;
  const zd_http_request *r = zd_http_request_of(x);
  if (below(r->path, ZD_S("/fhir"))) {
    zd_rest_handle(s->rest, x);
  } else if (!is_get(r)) {
    refuse(x, 405, "only the record under /fhir takes other methods than GET and HEAD");
  } else if (zd_slice_eq(r->path, ZD_S("/health/live"))) {
    zd_serve_health(s, x, false);
  } else if (zd_slice_eq(r->path, ZD_S("/health/ready"))) {
    zd_serve_health(s, x, true);
  } else if (zd_slice_eq(r->path, ZD_S("/metrics"))) {
    zd_serve_metrics(s, x);
  } else if (!zd_serve_page(x, r->path)) {
    refuse(x, 404, "there is nothing at this path; the record is under /fhir");
  }
}
