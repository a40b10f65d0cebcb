/* Any bytes as a _filter: read or refused with a place in the text, never more. */
#include <stdlib.h>

#include "search/language/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_slice text = zd_slice_make(data, size);
  const zd_filter *filter;
  zd_filter_fault fault;
  zd_err err = zd_filter_read(text, &arena, &filter, &fault);
  if (err && (!fault.why[0] || fault.at > size)) abort();
  if (err && zd_filter_place(text, fault.at) > size + 1) abort();
  if (!err && !filter) abort();
  zd_arena_free(&arena);
  return 0;
}
