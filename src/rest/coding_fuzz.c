/* Bytes as a body with a Content-Encoding: no fault, no more memory than the limit allows. */
#include <stdlib.h>

#include "rest/coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size) return 0;
  zd_buffer out;
  zd_buffer_init(&out, 1 << 20);
  zd_slice body = {(const char *)data + 1, size - 1};
  zd_coding coding = data[0] & 1 ? ZD_CODING_GZIP : ZD_CODING_ZSTD;
  if (zd_coding_decode(coding, body, &out) == ZD_OK && out.n > (1 << 20)) abort();
  zd_buffer_free(&out);
  (void)zd_coding_accepted(body);
  return 0;
}
