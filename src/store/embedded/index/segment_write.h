/* segment_write.h: writes a segment file in one pass, in constant memory.
 *
 * Life: open, rows (all locators in order), keys in zd_key_cmp order each with its pieces ascending
 * by chunk, finish or abort. The file exists under its final name from the start: it counts only
 * when the manifest names it. One thread.
 */
#ifndef ZD_INDEX_SEGMENT_WRITE_H
#define ZD_INDEX_SEGMENT_WRITE_H

#include "base/file.h"
#include "store/embedded/index/column.h"
#include "store/embedded/index/segment.h"

typedef struct zd_segment_writer zd_segment_writer;

zd_err zd_segment_writer_open(const zd_file_system *fs, const char *path, zd_row first_row,
                              zd_row end_row, uint32_t flags, zd_segment_writer **out,
                              zd_fault *fault);
/* Closes and removes the file, frees the writer. */
void zd_segment_writer_abort(zd_segment_writer *w);
/* Writes tables and header, syncs, closes, frees the writer (also on failure: then the file is
 * removed). */
zd_err zd_segment_writer_finish(zd_segment_writer *w, uint64_t *size, zd_fault *fault);

/* What the last failed call would say. */
const zd_fault *zd_segment_writer_fault(const zd_segment_writer *w);

zd_err zd_segment_writer_locators(zd_segment_writer *w, const uint64_t *locators, size_t n);

/* Begins a key; the key before is ended. bytes are copied. */
zd_err zd_segment_writer_key(zd_segment_writer *w, const zd_key *key);
/* The rows of the present key in a chunk (absolute number). */
zd_err zd_segment_writer_set(zd_segment_writer *w, uint64_t chunk, const zd_set *set);
/* The intervals of the present RANGE key in a chunk. Sorts them. */
zd_err zd_segment_writer_column(zd_segment_writer *w, uint64_t chunk, zd_interval *intervals,
                                size_t n);
/* A column as another segment has it. */
zd_err zd_segment_writer_column_raw(zd_segment_writer *w, uint64_t chunk, const void *column,
                                    uint32_t n);
/* The victims of the present KILLS key, ascending, and their killers (absolute rows). */
zd_err zd_segment_writer_kills(zd_segment_writer *w, const uint16_t *victims, const zd_row *killers,
                               size_t n);

#endif
