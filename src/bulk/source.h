/* source.h: the files of an import: found, ordered, unpacked, cut into pieces.
 *
 * A piece is what is read, checked and committed together: some whole lines of an NDJSON file, or
 * one JSON or XML file. Private to bulk/.
 */
#ifndef ZD_BULK_SOURCE_H
#define ZD_BULK_SOURCE_H

#include "base/buffer.h"
#include "base/error.h"

typedef struct zd_source_file {
  char *path;
  uint64_t size;    /* bytes on disk */
  int64_t modified; /* seconds */
  bool lines;       /* NDJSON; else one document */
  bool xml;         /* it is XML, else JSON */
  enum { ZD_PLAIN, ZD_GZIP, ZD_ZSTD } packing;
} zd_source_file;

typedef struct zd_source_list {
  zd_source_file *files; /* in name order */
  size_t n, room;
  uint64_t bytes;
} zd_source_list;

/* Files and folders (with all their .json, .ndjson, .jsonl, .xml files, plain, .gz or .zst), in the
 * order of the arguments, inside a folder by name. A file named outright that has none of these
 * endings is refused. */
zd_err zd_source_find(const char *const *paths, size_t n, zd_source_list *out, zd_fault *fault);
void zd_source_list_free(zd_source_list *list);

/* One open file. */
typedef struct zd_source zd_source;
zd_err zd_source_open(const zd_source_file *file, zd_source **out, zd_fault *fault);
void zd_source_close(zd_source *s);

/* The next piece into *piece (cleared first): whole lines, about `wanted` bytes (more when one line
 * is longer, at most `limit`: ZD_ERR_LIMIT), or the whole document. piece->n == 0: the end.
 * *first_line: number of its first line, 1-based; *end: offset behind it in the unpacked text. */
zd_err zd_source_next(zd_source *s, size_t wanted, size_t limit, zd_buffer *piece,
                      uint64_t *first_line, uint64_t *end, zd_fault *fault);
/* Some further bytes of the unpacked text, not cut anywhere in particular; they last until the next
 * call. part->n == 0: the end. Not to be mixed with zd_source_next. */
zd_err zd_source_read(zd_source *s, zd_slice *part, zd_fault *fault);
/* Skips to this offset of the unpacked text, at which a line begins; counts lines. */
zd_err zd_source_skip(zd_source *s, uint64_t offset, zd_fault *fault);

#endif
