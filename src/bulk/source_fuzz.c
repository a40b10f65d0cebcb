/* Bytes as a packed NDJSON file: damage is told, pieces join to no more than was unpacked. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <stdio.h>

#include "bulk/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size) return 0;
  char path[40];
  int fd = memfd_create("source", MFD_CLOEXEC);
  if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1)) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  zd_source_file f = {.path = path,
                      .lines = data[0] & 4,
                      .packing = data[0] % 3 == 0   ? ZD_PLAIN
                                 : data[0] % 3 == 1 ? ZD_GZIP
                                                    : ZD_ZSTD};
  zd_source *s;
  zd_buffer piece;
  uint64_t line, end = 0, joined = 0;
  zd_buffer_init(&piece, 0);
  if (zd_source_open(&f, &s, NULL) != ZD_OK) abort();
  while (zd_source_next(s, data[0], 1 << 20, &piece, &line, &end, NULL) == ZD_OK && piece.n &&
         end < (8 << 20))
    if ((joined += piece.n) != end) abort();
  zd_source_close(s);
  zd_buffer_free(&piece);
  close(fd);
  return 0;
}
