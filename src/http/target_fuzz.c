/* zd_http_decode never writes past its input's length and fails only on a malformed escape. */
#include <stdlib.h>

#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_slice text = zd_slice_make(n ? (const void *)data : "", n);
  zd_slice out = zd_http_decode(text, n % 2, &arena);
  if (out.p && out.n > n) abort();
  if (!out.p && zd_slice_find(text, '%') == n) abort();
  zd_arena_free(&arena);
  return 0;
}
