/* record_store.c: a store and the search that indexes it, opened as one. */
#include "cli/command.h"

zd_err zd_record_store_open(const char *dir, bool read_only, const char *base_url,
                            const zd_logger *logger, zd_record_store *out, zd_fault *fault) {
  zd_store_options options = {.dir = dir, .read_only = read_only, .logger = logger};
  *out = (zd_record_store){0};
  zd_err err = zd_store_open(&options, &out->store, fault);
  if (err == ZD_OK)
    err = zd_search_open(zd_schema_r4(), out->store, zd_slice_of(base_url ? base_url : ""),
                         &out->search, fault);
  if (err == ZD_OK) err = zd_store_start(out->store, zd_search_indexer(out->search), fault);
  if (err != ZD_OK) zd_record_store_close(out);
  return err;
}

void zd_record_store_close(zd_record_store *r) {
  if (r->store) zd_store_close(r->store); /* replays and re-indexing use search until here */
  if (r->search) zd_search_close(r->search);
  *r = (zd_record_store){0};
}
