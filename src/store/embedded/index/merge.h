/* merge.h: writes one segment out of several sources.
 *
 * Sources are memtables that no longer grow and segments, main ones over adjacent ascending ranges,
 * and supplements that lie within these. Keys come out of each source in order; a heap brings the
 * sources together; under each key the chunks of all sources are concatenated, and united where two
 * sources share a chunk. A flush is a merge of memtables.
 */
#ifndef ZD_INDEX_MERGE_H
#define ZD_INDEX_MERGE_H

#include <stdatomic.h>

#include "store/embedded/index/memtable.h"
#include "store/embedded/index/segment_write.h"

typedef struct zd_merge_input {
  const zd_memtable *memtable; /* or */
  zd_segment *segment;
  zd_row first, end; /* memtable: where its rows lie */
  uint64_t locator_base;
  bool supplement; /* brings keys, no rows */
} zd_merge_input;

typedef struct zd_merge_request {
  const zd_file_system *fs;
  const char *path;
  const zd_merge_input *inputs; /* main ones ascending */
  size_t input_count;
  zd_row first, end;
  uint32_t flags;             /* of the segment */
  const _Atomic bool *cancel; /* may be NULL; ZD_ERR_CANCELLED when it becomes true */
} zd_merge_request;

/* Writes and syncs the file; *size: its bytes. On failure there is no file. */
zd_err zd_merge(const zd_merge_request *r, uint64_t *size, zd_fault *fault);

#endif
