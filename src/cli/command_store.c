/* command_store.c: zdravo stats, check, compact */
#include "base/progress.h"
#include "cli/command.h"

static int open_or_say(const zd_arguments *a, bool read_only, const char *command,
                       zd_record_store *r) {
  zd_fault fault = {0};
  if (!a->data || a->rest_count) {
    fprintf(stderr, "zdravo %s: --data DIR is needed\n", command);
    return ZD_EXIT_USAGE;
  }
  zd_err err = zd_record_store_open(a->data, read_only, NULL, NULL, r, &fault);
  return err == ZD_OK ? ZD_EXIT_OK : zd_cli_fail(err, &fault);
}

enum { MOST_TYPES = 256 };

static zd_slice type_name(const zd_record_store *r, uint32_t symbol) {
  return zd_schema_type_info(zd_schema_r4(), zd_search_symbol_type(r->search, symbol)).name;
}

static void print_figures(const zd_store_stats *s, bool json) {
  const struct {
    const char *name;
    uint64_t value;
  } figures[] = {{"resources", s->current},       {"versions", s->rows},
                 {"commits", s->sequence},        {"log_bytes", s->log_bytes},
                 {"index_bytes", s->index_bytes}, {"dictionary_bytes", s->dictionary_bytes},
                 {"segments", s->segments},       {"rows_in_memory", s->memtable_rows},
                 {"symbols", s->symbols}};
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
    unsigned long long value = figures[i].value;
    if (json)
      printf("\"%s\":%llu,", figures[i].name, value);
    else
      printf("%-18s %llu\n", figures[i].name, value);
  }
  uint64_t bytes = s->log_bytes + s->index_bytes + s->dictionary_bytes;
  double each = s->rows ? (double)bytes / (double)s->rows : 0;
  if (json)
    printf("\"bytes_per_version\":%.1f,", each);
  else
    printf("%-18s %.1f\n", "bytes_per_version", each);
}

static zd_err count_types(const zd_record_store *r, zd_type_count counts[MOST_TYPES], size_t *n) {
  zd_snapshot *v;
  zd_err err = zd_store_snapshot(r->store, &v);
  if (err != ZD_OK) return err;
  *n = zd_snapshot_types(v, counts, MOST_TYPES);
  zd_snapshot_release(v);
  if (*n > MOST_TYPES) *n = MOST_TYPES;
  return ZD_OK;
}

static void print_types(const zd_record_store *r, const zd_type_count *counts, size_t n,
                        bool json) {
  if (json) printf("\"types\":{");
  for (size_t i = 0; i < n; i++) {
    zd_slice name = type_name(r, counts[i].type);
    if (json)
      printf("%s\"%.*s\":%llu", i ? "," : "", ZD_SV(name), (unsigned long long)counts[i].count);
    else
      printf("  %-24.*s %12llu\n", ZD_SV(name), (unsigned long long)counts[i].count);
  }
  if (json) printf("}");
}

int zd_command_stats(const zd_arguments *a) {
  zd_record_store r;
  int code = open_or_say(a, true, "stats", &r);
  if (code != ZD_EXIT_OK) return code;
  zd_store_stats s;
  zd_type_count counts[MOST_TYPES];
  size_t n = 0;
  zd_store_stats_get(r.store, &s);
  zd_err err = count_types(&r, counts, &n);
  if (err == ZD_OK) {
    if (a->json) printf("{");
    print_figures(&s, a->json);
    print_types(&r, counts, n, a->json);
    if (a->json) printf("}\n");
  }
  zd_record_store_close(&r);
  return err == ZD_OK ? ZD_EXIT_OK : zd_cli_fail(err, NULL);
}

enum { FINDING_MAX = 512 };

typedef struct check_run {
  zd_progress bar;
  uint64_t findings, done;
  char last[FINDING_MAX]; /* the finding told last */
  uint64_t again;         /* how often it came again since */
  const atomic_bool *cancel;
} check_run;

static void print_again(check_run *run) {
  if (run->again) printf("  (%llu times more)\n", (unsigned long long)run->again);
  run->again = 0;
}

/* One damaged page is met by everything that lies on it: told once, and counted. */
static void print_finding(void *context, const char *text) {
  check_run *run = context;
  run->findings++;
  if (strncmp(run->last, text, sizeof run->last - 1) == 0) {
    run->again++;
    return;
  }
  print_again(run);
  printf("%s\n", text);
  snprintf(run->last, sizeof run->last, "%s", text);
}

static bool show(void *context, uint64_t done, uint64_t total) {
  check_run *run = context;
  run->bar.total = total;
  run->done = done;
  zd_progress_update(&run->bar, done);
  return !atomic_load(run->cancel);
}

int zd_command_check(const zd_arguments *a) {
  zd_record_store r;
  zd_fault fault = {0};
  check_run run = {.cancel = zd_cli_catch_signals()};
  int code = open_or_say(a, true, "check", &r);
  if (code != ZD_EXIT_OK) return code;
  size_t behind = zd_search_behind(r.search);
  zd_progress_start(&run.bar, a->quiet ? NULL : stderr, "checking", "versions", 0);
  zd_err err = zd_store_check(r.store, print_finding, show, &run, &fault);
  zd_progress_finish(&run.bar, run.done);
  print_again(&run);
  zd_store_stats s;
  zd_store_stats_get(r.store, &s);
  zd_record_store_close(&r);
  if (err != ZD_OK && err != ZD_ERR_CORRUPT) return zd_cli_fail(err, &fault);
  if (err == ZD_OK) {
    printf("%llu versions checked: no fault found\n", (unsigned long long)s.rows);
    if (behind)
      printf(
          "%zu fields of new search parameters are not indexed yet for everything stored; of "
          "them only what is there was checked\n",
          behind);
    return ZD_EXIT_OK;
  }
  printf("%llu versions checked: %llu findings\n", (unsigned long long)s.rows,
         (unsigned long long)run.findings);
  return ZD_EXIT_FINDINGS;
}

int zd_command_compact(const zd_arguments *a) {
  zd_record_store r;
  zd_fault fault = {0};
  int code = open_or_say(a, false, "compact", &r);
  if (code != ZD_EXIT_OK) return code;
  zd_err err = zd_store_compact(r.store, &fault);
  zd_store_stats s;
  zd_store_stats_get(r.store, &s);
  zd_record_store_close(&r);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  printf("%llu segments, %llu bytes of index\n", (unsigned long long)s.segments,
         (unsigned long long)s.index_bytes);
  return ZD_EXIT_OK;
}
