/* record_store.c: a store, what users defined for it, and the search that indexes it. */
#include "base/progress.h"
#include "cli/command.h"

/* What is defined follows from the record, too, so who only reads takes what was found last. */
static zd_err start(zd_record_store *out, bool read_only, zd_fault *fault) {
  zd_err err = zd_store_start(out->store, zd_definer_indexer(out->definer), fault);
  return err || read_only ? err : zd_definer_refresh(out->definer, fault);
}

static void take(zd_record_store *r) {
  if (r->generation) zd_definer_give(r->definer, r->generation);
  r->generation = zd_definer_take(r->definer);
  r->schema = r->generation->schema;
  r->search = r->generation->search;
}

zd_err zd_record_store_open(const char *dir, bool read_only, const char *base_url,
                            const zd_logger *logger, zd_record_store *out, zd_fault *fault) {
  zd_store_options options = {.dir = dir, .read_only = read_only, .logger = logger};
  *out = (zd_record_store){.schema = zd_schema_r4()};
  zd_err err = zd_store_open(&options, &out->store, fault);
  zd_definer_options definer = {.store = out->store,
                                .read_only = read_only,
                                .base_url = zd_slice_of(base_url ? base_url : ""),
                                .logger = logger};
  if (err == ZD_OK) err = zd_definer_open(&definer, &out->definer, fault);
  if (err == ZD_OK) err = start(out, read_only, fault);
  if (err != ZD_OK) {
    zd_record_store_close(out);
    return err;
  }
  take(out);
  return ZD_OK;
}

void zd_record_store_close(zd_record_store *r) {
  if (r->generation) zd_definer_give(r->definer, r->generation);
  if (r->definer) zd_definer_stop(r->definer);
  if (r->store) zd_store_close(r->store); /* replays and re-indexing use the definer until here */
  zd_definer_close(r->definer);
  *r = (zd_record_store){0};
}

typedef struct catching_up {
  zd_progress bar;
  const atomic_bool *cancel;
} catching_up;

static bool show(void *context, uint64_t done, uint64_t total) {
  catching_up *run = context;
  run->bar.total = total;
  zd_progress_update(&run->bar, done);
  return !run->cancel || !atomic_load(run->cancel);
}

zd_err zd_record_store_catch_up(zd_record_store *r, FILE *progress, const atomic_bool *cancel,
                                zd_fault *fault) {
  catching_up run = {.cancel = cancel};
  if (!zd_search_behind(r->search)) return ZD_OK;
  zd_progress_start(&run.bar, progress, "indexing new search parameters", "versions", 0);
  zd_err err = zd_definer_index_now(r->definer, show, &run, fault);
  zd_progress_finish(&run.bar, run.bar.total);
  take(r);
  return err;
}
