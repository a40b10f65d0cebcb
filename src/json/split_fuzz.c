/* split_fuzz.c: any bytes, split in any parts, are found to be what the whole is. */
#include "json/split_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (!n) return 0;
  zd_slice text = zd_slice_make(data + 1, n - 1);
  if (split_wrong(text, 0) || split_wrong(text, data[0])) abort();
  return 0;
}
