/* command_generate.c: zdravo generate */
#include "base/progress.h"
#include "cli/command.h"
#include "region/region.h"

typedef struct generate_run {
  zd_progress bar;
  const atomic_bool *cancel;
} generate_run;

static bool show(void *context, const zd_region_stats *so_far, uint32_t residents) {
  generate_run *run = context;
  (void)residents;
  zd_progress_update(&run->bar, so_far->residents);
  return !atomic_load(run->cancel);
}

/* Index of text in the list; -1 when it is not there; 0 when there is no text. */
static int choose(const char *text, const char *const *names, int n) {
  for (int i = 0; text && i < n; i++)
    if (strcmp(text, names[i]) == 0) return i;
  return text ? -1 : 0;
}

int zd_command_generate(const zd_arguments *a) {
  static const char *const formats[] = {"ndjson", "bundles"};
  static const char *const packings[] = {"plain", "gz", "zst"};
  int format = choose(a->format, formats, 2), packing = choose(a->packing, packings, 3);
  if (!a->out || a->rest_count || format < 0 || packing < 0) {
    fprintf(stderr,
            "zdravo generate: --out DIR is needed; --format ndjson or bundles; --packing plain, gz "
            "or zst\n");
    return ZD_EXIT_USAGE;
  }
  zd_region_options o = zd_region_defaults();
  o.seed = a->seed;
  o.residents = (uint32_t)a->residents;
  o.from_year = (uint16_t)a->from_year;
  o.years = (uint16_t)a->years;
  o.dirt_ppm = a->dirt ? (uint32_t)a->dirt : a->dirty ? ZD_REGION_DIRT_USUAL : 0;
  o.threads = (unsigned)a->threads;
  o.out = a->out;
  o.format = format ? ZD_REGION_BUNDLES : ZD_REGION_NDJSON;
  o.packing = packing == 0 ? ZD_REGION_PLAIN : packing == 1 ? ZD_REGION_GZIP : ZD_REGION_ZSTD;
  generate_run run = {.cancel = zd_cli_catch_signals()};
  zd_region_stats s = {0};
  zd_fault fault = {0};
  zd_progress_start(&run.bar, a->quiet ? NULL : stderr, "generating", "residents", o.residents);
  zd_err err = zd_region_generate(&o, show, &run, &s, &fault);
  zd_progress_finish(&run.bar, s.residents);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  printf("%llu residents, %llu resources, %llu bytes of JSON in %s\n",
         (unsigned long long)s.residents, (unsigned long long)s.resources,
         (unsigned long long)s.bytes, a->out);
  for (int t = 0; t < ZD_REGION_TYPES; t++)
    printf("  %-20s %12llu\n", zd_region_type_name((zd_region_type)t),
           (unsigned long long)s.by_type[t]);
  return ZD_EXIT_OK;
}
