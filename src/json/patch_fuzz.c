/* patch_fuzz.c: any patch of any document: applied or refused, and what comes out is JSON. */
#include <stdlib.h>

#include "json/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The document up to the first line end, the patch behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  zd_slice all = zd_slice_make(data, n);
  size_t cut = zd_slice_find(all, '\n');
  zd_json_patch_limits limits = {.operations = 100, .nodes = 10000, .depth = 64, .steps = 100000};
  zd_json_patch_error error;
  zd_json_tape tape = {0};
  zd_arena arena;
  zd_buffer out;
  zd_arena_init(&arena, (size_t)64 << 20);
  zd_buffer_init(&out, 1 << 20);
  zd_err err = zd_json_patch((zd_slice){all.p, cut}, zd_slice_from(all, cut + 1), &limits, &arena,
                             &out, &error);
  if (err != ZD_OK && (out.n || (err != ZD_ERR_MEMORY && !error.text[0]))) abort();
  zd_json_limits depth = {.depth = 64, .nodes = 100000};
  if (err == ZD_OK && zd_json_read(zd_buffer_slice(&out), &depth, &tape, NULL) != ZD_OK) abort();
  zd_json_free(&tape);
  zd_buffer_free(&out);
  zd_arena_free(&arena);
  return 0;
}
