/* manifest.h: which segment files make up the index.
 *
 *   zdravo-index 1
 *   next 17
 *   segment 3 main 0 131072
 *   segment 16 supplement 0 65536
 *   crc 89abcdef
 *
 * A text file, replaced as a whole (write aside, sync, rename, sync the folder). The last line is
 * the CRC32C of everything before it.
 */
#ifndef ZD_INDEX_MANIFEST_H
#define ZD_INDEX_MANIFEST_H

#include "base/file.h"
#include "store/embedded/index/part.h"

typedef struct zd_manifest_segment {
  uint64_t number;
  bool supplement;
  zd_row first, end;
} zd_manifest_segment;

typedef struct zd_manifest {
  uint64_t next; /* number of the next file */
  zd_manifest_segment *segments;
  size_t count;
} zd_manifest;

/* An empty manifest when there is none yet. Free with zd_manifest_free. */
zd_err zd_manifest_read(const char *dir, zd_manifest *out, zd_fault *fault);
void zd_manifest_free(zd_manifest *m);
/* Names the segments of the list. */
zd_err zd_manifest_write(const zd_file_system *fs, const char *dir, uint64_t next,
                         const zd_parts *parts, zd_fault *fault);

/* Parses the content of a manifest. */
zd_err zd_manifest_parse(zd_slice text, const char *path, zd_manifest *out, zd_fault *fault);

#endif
