/* bundle_fuzz.c: any bytes as a Bundle, entry by entry and as one tree. */
#include <stdlib.h>

#include "fhir/codec/bundle_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (!n || n > 1 << 16) return 0;
  zd_slice text = zd_slice_make(data + 1, n - 1);
  if (bundle_wrong(text, data[0])) abort();
  return 0;
}
