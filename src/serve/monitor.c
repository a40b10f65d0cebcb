/* monitor.c: health for load balancers, figures for Prometheus (text format 0.0.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/serve_internal.h"

/* Ready: not stopping, the store can be read, and the newest commit did not fail for the disk's
 * sake. */
void zd_serve_health(zd_serve *s, zd_http_exchange *x, bool ready) {
  zd_snapshot *v = NULL;
  const char *why = "ok";
  zd_err written = ready ? zd_rest_writable(s->rest) : ZD_OK;
  if (written != ZD_OK)
    why = written == ZD_ERR_FULL ? "the disk is full" : "the store cannot be written";
  if (ready && atomic_load(&s->stopping)) why = "stopping";
  if (ready && zd_store_snapshot(s->o->store, &v) != ZD_OK) why = "the store cannot be read";
  if (v) zd_snapshot_release(v);
  bool fine = why[0] == 'o';
  zd_serve_text(x, fine ? 200 : 503, "text/plain; charset=utf-8", zd_slice_of(why));
}

typedef struct figure {
  const char *name, *type, *help;
  uint64_t value;
} figure;

static void write_figures(const figure *list, size_t n, zd_buffer *out) {
  for (size_t i = 0; i < n; i++)
    zd_buffer_printf(out, "# HELP zdravo_%s %s\n# TYPE zdravo_%s %s\nzdravo_%s %llu\n",
                     list[i].name, list[i].help, list[i].name, list[i].type, list[i].name,
                     (unsigned long long)list[i].value);
}

static void write_http(zd_serve *s, zd_buffer *out) {
  zd_http_stats h;
  zd_http_stats_get(s->http, &h);
  const figure list[] = {
      {"http_connections", "gauge", "Open connections.", h.connections},
      {"http_connections_total", "counter", "Connections accepted.", h.connections_total},
      {"http_requests_total", "counter", "Requests received.", h.requests_total},
      {"http_requests_in_flight", "gauge", "Requests being answered.", h.in_flight},
      {"http_refused_total", "counter", "Requests refused before they reached the record.",
       h.refused_total},
      {"http_received_bytes_total", "counter", "Bytes received.", h.bytes_in},
      {"http_sent_bytes_total", "counter", "Bytes sent.", h.bytes_out}};
  write_figures(list, sizeof list / sizeof *list, out);
  zd_buffer_add_slice(out, ZD_S("# HELP zdravo_http_answers_total Answers by class of status.\n"
                                "# TYPE zdravo_http_answers_total counter\n"));
  for (int i = 1; i < 6; i++)
    zd_buffer_printf(out, "zdravo_http_answers_total{class=\"%dxx\"} %llu\n", i,
                     (unsigned long long)h.by_class[i]);
}

static void write_store(zd_serve *s, zd_buffer *out) {
  zd_store_stats t;
  zd_store_stats_get(s->o->store, &t);
  const figure list[] = {
      {"store_resources", "gauge", "Current resources.", t.current},
      {"store_versions", "gauge", "Versions kept.", t.rows},
      {"store_sequence", "counter", "Number of the newest commit.", t.sequence},
      {"store_commits_total", "counter", "Transactions committed since start.", t.commits},
      {"store_syncs_total", "counter", "Times the log was synced since start.", t.syncs},
      {"store_log_bytes", "gauge", "Bytes of the log.", t.log_bytes},
      {"store_index_bytes", "gauge", "Bytes of the index on disk.", t.index_bytes},
      {"store_segments", "gauge", "Index segments.", t.segments},
      {"store_memtable_rows", "gauge", "Rows whose index is in memory only.", t.memtable_rows},
      {"store_merges_waiting", "gauge", "Merges of segments to be done.", t.merges_waiting},
      {"store_memory_bytes", "gauge", "Memory held by the store.", t.memory_bytes}};
  write_figures(list, sizeof list / sizeof *list, out);
}

static void write_indexing(zd_serve *s, zd_buffer *out) {
  zd_definer_progress p = {0};
  if (s->o->definer) zd_definer_progress_get(s->o->definer, &p);
  const figure list[] = {
      {"search_fields_behind", "gauge",
       "Index fields of new search parameters that what is stored lacks yet.", p.fields},
      {"search_indexing_versions", "gauge",
       "Versions to be indexed for new search parameters; 0: nothing to do.", p.total},
      {"search_indexing_versions_done", "gauge", "How many of them are done.", p.done}};
  write_figures(list, sizeof list / sizeof *list, out);
}

static uint64_t resident_bytes(void) {
  zd_serve_memory now;
  return zd_serve_memory_now(&now) ? now.resident : 0;
}

void zd_serve_metrics(zd_serve *s, zd_http_exchange *x) {
  zd_buffer out;
  zd_buffer_init(&out, 0);
  zd_buffer_printf(&out,
                   "# HELP zdravo_info Version of the program.\n# TYPE zdravo_info gauge\n"
                   "zdravo_info{version=\"%s\"} 1\n",
                   s->o->version);
  const figure process[] = {{"process_resident_bytes", "gauge",
                             "Memory resident, mapped files included.", resident_bytes()},
                            {"process_uptime_seconds", "gauge", "Seconds since start.",
                             (uint64_t)(zd_clock_now(zd_clock_system()) - s->started_ms) / 1000}};
  write_figures(process, 2, &out);
  write_http(s, &out);
  write_store(s, &out);
  write_indexing(s, &out);
  zd_serve_text(x, out.failed ? 500 : 200, "text/plain; version=0.0.4; charset=utf-8",
                zd_buffer_slice(&out));
  zd_buffer_free(&out);
}
