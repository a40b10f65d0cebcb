/* command_bulk.c: zdravo import, zdravo export */
#include <stdlib.h>

#include "bulk/bulk.h"
#include "cli/command.h"

static void print_import(const zd_import_stats *s, const char *report) {
  double rate = s->seconds > 0 ? (double)s->read / s->seconds : 0;
  printf("%llu resources read in %.1f s (%.0f/s): %llu written, %llu unchanged, %llu refused\n",
         (unsigned long long)s->read, s->seconds, rate, (unsigned long long)s->written,
         (unsigned long long)s->unchanged, (unsigned long long)s->refused);
  if (s->skipped_files)
    printf("%llu files were done by an earlier import (--again reads them, too)\n",
           (unsigned long long)s->skipped_files);
  if (s->refused) printf("what was refused, and why: %s\n", report);
}

static int finish_import(const zd_import_options *o, zd_err err, const zd_import_stats *s,
                         const zd_fault *fault) {
  if (err == ZD_OK || s->read) print_import(s, o->report);
  if (err != ZD_OK) return zd_cli_fail(err, fault);
  if (!s->refused) remove(o->report);
  return s->refused ? ZD_EXIT_FINDINGS : ZD_EXIT_OK;
}

static int import_into_folder(const zd_arguments *a, zd_import_options *o) {
  zd_fault fault = {0};
  zd_record_store r;
  zd_rest *rest = NULL;
  zd_import_stats stats = {0};
  char state[4096];
  zd_err err = zd_record_store_open(a->data, false, NULL, NULL, &r, &fault);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  if (!a->again && snprintf(state, sizeof state, "%s/import.state", a->data) < (int)sizeof state)
    o->state = state;
  zd_rest_options rest_options = {.schema = r.schema,
                                  .store = r.store,
                                  .search = r.search,
                                  .base_url = ZD_S("http://localhost/fhir"),
                                  .version = ZD_VERSION};
  err = zd_record_store_catch_up(&r, o->progress, o->cancel, &fault);
  if (err == ZD_OK) err = zd_rest_open(&rest_options, &rest, &fault);
  if (err == ZD_OK) {
    o->schema = r.schema;
    o->rest = rest;
    o->store = r.store;
    o->search = r.search;
    err = zd_import(o, &stats, &fault);
  }
  zd_rest_close(rest);
  zd_record_store_close(&r);
  o->state = NULL;
  return finish_import(o, err, &stats, &fault);
}

static int import_to_server(zd_import_options *o) {
  zd_fault fault = {0};
  zd_import_stats stats = {0};
  zd_err err = zd_import(o, &stats, &fault);
  return finish_import(o, err, &stats, &fault);
}

int zd_command_import(const zd_arguments *a) {
  if (!a->rest_count || !a->data == !a->server) {
    fprintf(stderr, "zdravo import: what to import, and either --data DIR or --server URL\n");
    return ZD_EXIT_USAGE;
  }
  zd_import_options o = {.paths = a->rest,
                         .path_count = a->rest_count,
                         .schema = zd_schema_r4(),
                         .server = a->server,
                         .threads = (unsigned)a->threads,
                         .piece = (size_t)a->piece_mb << 20,
                         .report = a->report ? a->report : "import-errors.ndjson",
                         .progress = a->quiet ? NULL : stderr,
                         .cancel = zd_cli_catch_signals()};
  return a->server ? import_to_server(&o) : import_into_folder(a, &o);
}

int zd_command_export(const zd_arguments *a) {
  zd_fault fault = {0};
  zd_record_store r;
  zd_export_stats s;
  if (!a->data || !a->out || a->rest_count) {
    fprintf(stderr, "zdravo export: --data DIR and --out DIR are needed\n");
    return ZD_EXIT_USAGE;
  }
  zd_err err = zd_record_store_open(a->data, true, NULL, NULL, &r, &fault);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  zd_export_options o = {.schema = r.schema,
                         .store = r.store,
                         .search = r.search,
                         .dir = a->out,
                         .threads = (unsigned)a->threads,
                         .progress = a->quiet ? NULL : stderr,
                         .cancel = zd_cli_catch_signals()};
  err = zd_export(&o, &s, &fault);
  zd_record_store_close(&r);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  printf("%llu resources, %llu bytes, %llu files in %.1f s (%.0f/s)\n",
         (unsigned long long)s.resources, (unsigned long long)s.bytes, (unsigned long long)s.files,
         s.seconds, s.seconds > 0 ? (double)s.resources / s.seconds : 0);
  return ZD_EXIT_OK;
}
