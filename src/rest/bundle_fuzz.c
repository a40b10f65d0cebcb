/* Bytes as a Bundle, run on a store that lives as long as the process. */
#include "rest/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static world here;

static void leave(void) {
  world_close(&here);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zd_arena arena;
  zd_issues issues;
  zd_fhir_bundle parts;
  uint64_t written;
  zd_fault fault = {0};
  if (!here.rest) {
    if (!world_open(&here, &fault)) abort();
    atexit(leave);
  }
  zd_arena_init(&arena, 64 << 20);
  zd_issues_init(&issues, &arena);
  zd_slice text = {(const char *)data, size};
  zd_fhir_bundle_init(&parts, zd_schema_r4(), NULL, 1000);
  if (zd_fhir_bundle_feed(&parts, text) == ZD_OK && zd_fhir_bundle_end(&parts) == ZD_OK)
    (void)zd_rest_bundle(here.rest, &parts, text, size & 1 ? ZD_S("k") : (zd_slice){NULL, 0},
                         &arena, NULL, &written, &issues);
  zd_fhir_bundle_free(&parts);
  zd_arena_free(&arena);
  return 0;
}
