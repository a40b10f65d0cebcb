/* open.c: the API's life: open, close. */
#include <stdlib.h>

#include "rest/operation.h"
#include "rest/question.h"

static char *copy_text(zd_slice s) {
  char *p = malloc(s.n + 1);
  if (!p) return NULL;
  memcpy(p, s.p, s.n);
  p[s.n] = 0;
  return p;
}

/* "/fhir" of "http://127.0.0.1:8080/fhir". */
static zd_slice path_of(zd_slice url) {
  zd_slice authority = zd_slice_from(url, zd_slice_find(url, ':') + strlen("://"));
  return zd_slice_from(authority, zd_slice_find(authority, '/'));
}

/* Those of the house, then those of the rooms above. */
static zd_err take_operations(zd_rest *r, const zd_rest_options *o) {
  size_t n;
  const zd_operation *own = zd_operations_own(&n);
  r->operations = calloc(n + o->operation_count, sizeof *r->operations);
  if (!r->operations) return ZD_ERR_MEMORY;
  memcpy(r->operations, own, n * sizeof *own);
  if (o->operation_count)
    memcpy(r->operations + n, o->operations, o->operation_count * sizeof *own);
  r->operation_count = n + o->operation_count;
  return ZD_OK;
}

static void take_limits(zd_rest *r, const zd_rest_options *o) {
  r->resource_limit = o->resource_limit ? o->resource_limit : (size_t)64 << 20;
  r->body_limit = o->body_limit ? o->body_limit : (size_t)1 << 30;
  r->entry_limit = o->entry_limit ? o->entry_limit : 1000000;
  zd_rest_tune(r, o->page_default, o->query_ms, o->query_memory);
}

void zd_rest_tune(zd_rest *r, uint32_t page_default, unsigned query_ms, size_t query_memory) {
  atomic_store(&r->page_default, page_default ? page_default : 50);
  atomic_store(&r->query_ms, query_ms ? query_ms : 30000);
  atomic_store(&r->query_memory, query_memory);
}

/* What one transaction did wrong says nothing about the next; the disk does. */
void zd_rest_note_commit(zd_rest *r, zd_err err) {
  bool bad = err == ZD_ERR_IO || err == ZD_ERR_FULL || err == ZD_ERR_CORRUPT;
  if (bad) atomic_store(&r->commit_failed, zd_clock_now(zd_clock_system()));
  if (bad || err == ZD_OK) {
    int now = bad ? (int)err : ZD_OK;
    if (atomic_load_explicit(&r->commit_error, memory_order_relaxed) != now)
      atomic_store(&r->commit_error, now);
  }
}

zd_err zd_rest_writable(const zd_rest *r) {
  const int64_t soon_ms = 10000;
  zd_err err = (zd_err)atomic_load(&r->commit_error);
  bool old = zd_clock_now(zd_clock_system()) - atomic_load(&r->commit_failed) > soon_ms;
  return err == ZD_ERR_FULL && old ? ZD_OK : err;
}

/* Questions that take long: a bounded crowd of them may wait. */
static zd_err open_askers(zd_rest *r) {
  enum { WAITING = 4096 };
  r->questions = calloc(1, sizeof *r->questions);
  if (!r->questions) return ZD_ERR_MEMORY;
  for (int i = 0; i < 2 && r->workers; i++) {
    r->askers[i] = zd_workers_open(zd_workers_cpus(), WAITING);
    if (!r->askers[i]) return ZD_ERR_MEMORY;
  }
  if (r->workers && !(r->makers = zd_workers_open(zd_workers_cpus(), WAITING)))
    return ZD_ERR_MEMORY;
  return ZD_OK;
}

zd_err zd_rest_open(const zd_rest_options *o, zd_rest **out, zd_fault *fault) {
  zd_slice base = o->base_url;
  while (base.n && base.p[base.n - 1] == '/') base.n--;
  zd_rest *r = calloc(1, sizeof *r);
  if (!r) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  r->schema = o->schema;
  r->store = o->store;
  r->search = o->search;
  r->definer = o->definer;
  r->workers = o->workers;
  r->logger = o->logger;
  r->version = o->version ? o->version : "";
  r->started_ms = zd_clock_now(zd_clock_system());
  r->bundle = zd_schema_type(o->schema, ZD_S("Bundle"));
  r->search_parameter = zd_schema_type(o->schema, ZD_S("SearchParameter"));
  r->parameters = zd_schema_type(o->schema, ZD_S("Parameters"));
  r->binary = zd_schema_type(o->schema, ZD_S("Binary"));
  zd_err err = take_operations(r, o);
  take_limits(r, o);
  zd_buffer_init(&r->capabilities, 0);
  pthread_mutex_init(&r->capabilities_lock, NULL);
  r->base_url = copy_text(base);
  if (o->cors_origins) r->cors_origins = copy_text(zd_slice_of(o->cors_origins));
  if (r->base_url) r->base_path = path_of(zd_rest_base(r));
  zd_buffer_init(&r->base_json, 0);
  zd_buffer_add_json(&r->base_json, base);
  if (err == ZD_OK) err = zd_buffer_error(&r->base_json);
  if (err != ZD_OK || open_askers(r) != ZD_OK || !r->base_url ||
      (o->cors_origins && !r->cors_origins)) {
    zd_rest_close(r);
    return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  }
  *out = r;
  return ZD_OK;
}

void zd_rest_stop(zd_rest *r) {
  atomic_store(&r->stopping, true);
}

void zd_rest_close(zd_rest *r) {
  if (!r) return;
  zd_workers_close(r->askers[0]); /* its jobs may hand on to the next */
  zd_workers_close(r->askers[1]);
  zd_workers_close(r->makers);
  free(r->questions);
  free(r->operations);
  zd_buffer_free(&r->capabilities);
  pthread_mutex_destroy(&r->capabilities_lock);
  free(r->base_url);
  zd_buffer_free(&r->base_json);
  free(r->cors_origins);
  free(r);
}
