/* record_store.c: a store, what users defined for it, and the search that indexes it. */
#include "base/progress.h"
#include "cli/command.h"

zd_err zd_record_store_open(const char *dir, bool read_only, const char *base_url,
                            const zd_logger *logger, zd_record_store *out, zd_fault *fault) {
  zd_store_options options = {.dir = dir, .read_only = read_only, .logger = logger};
  *out = (zd_record_store){.logger = logger};
  zd_err err = zd_store_open(&options, &out->store, fault);
  if (err == ZD_OK) err = zd_defined_load(out->store, &out->defined, fault);
  if (err == ZD_OK)
    err = zd_search_open(out->defined.schema, out->store, zd_slice_of(base_url ? base_url : ""),
                         &out->search, fault);
  if (err == ZD_OK) err = zd_search_compare(out->search, read_only, fault);
  if (err == ZD_OK && !read_only) zd_defined_keep_image(&out->defined, out->store);
  if (err == ZD_OK) err = zd_store_start(out->store, zd_search_indexer(out->search), fault);
  if (err != ZD_OK) zd_record_store_close(out);
  return err;
}

void zd_record_store_close(zd_record_store *r) {
  zd_record_store_catch_up_end(r);
  if (r->store) zd_store_close(r->store); /* replays and re-indexing use search until here */
  if (r->search) zd_search_close(r->search);
  zd_defined_free(&r->defined);
  *r = (zd_record_store){0};
}

/* ---- in the foreground ---- */

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
  zd_err err = zd_search_catch_up(r->search, show, &run, fault);
  zd_progress_finish(&run.bar, run.bar.total);
  return err;
}

/* ---- in the background ---- */

static bool go_on(void *context, uint64_t done, uint64_t total) {
  const zd_record_store *r = context;
  (void)done, (void)total;
  return !atomic_load(&r->stopping);
}

static void *catch_up_thread(void *context) {
  zd_record_store *r = context;
  zd_fault fault = {0};
  zd_log(r->logger, ZD_LOG_INFO, "indexing new search parameters", NULL);
  zd_err err = zd_search_catch_up(r->search, go_on, r, &fault);
  if (err == ZD_OK)
    zd_log(r->logger, ZD_LOG_INFO, "new search parameters are indexed", NULL);
  else if (err != ZD_ERR_CANCELLED)
    zd_log(r->logger, ZD_LOG_ERROR, "new search parameters cannot be indexed", "why", fault.text,
           NULL);
  return NULL;
}

zd_err zd_record_store_catch_up_start(zd_record_store *r, zd_fault *fault) {
  if (!zd_search_behind(r->search)) return ZD_OK;
  if (pthread_create(&r->catching_up, NULL, catch_up_thread, r) != 0)
    return zd_fail(fault, ZD_ERR_MEMORY, "no thread to index new search parameters");
  r->catching = true;
  return ZD_OK;
}

void zd_record_store_catch_up_end(zd_record_store *r) {
  if (!r->catching) return;
  atomic_store(&r->stopping, true);
  pthread_join(r->catching_up, NULL);
  r->catching = false;
}
