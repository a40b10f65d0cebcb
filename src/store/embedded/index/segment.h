/* segment.h: an immutable, mapped file with everything about a range of rows.
 *
 *   offset 0     header page: zd_segment_header, then zeroes
 *   4,096 …      rows:    blocks of 64 locators, bit-packed over the smallest
 *                keys:    per space (kind, field), in order: dictionary blocks of up to 16
 *                         front-coded keys, each with its posting; what is too long to stand in
 *                         the block (posting lists, containers, columns) stands before it;
 *                         then the offsets of the space's blocks
 *                filter:  blocked Bloom filter over the ID keys, 64-byte blocks
 *                spaces:  table of zd_segment_space, sorted
 *                CRC32C of every page of 4,096 bytes but the first
 *
 * Numbers are little-endian. A page is checked against its CRC when it is first touched; every
 * offset and length read from the file is checked against its bounds, so that no content, not even
 * one with matching checksums, leads outside of the file: it leads to ZD_ERR_CORRUPT, which names
 * file and offset.
 *
 * A segment is read by any number of threads; the bitmap of checked pages is atomic.
 */
#ifndef ZD_INDEX_SEGMENT_H
#define ZD_INDEX_SEGMENT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/file.h"
#include "store/embedded/index/key.h"
#include "store/embedded/index/set.h"

enum {
  ZD_SEGMENT_VERSION = 1,
  ZD_SEGMENT_PAGE = 4096,
  ZD_SEGMENT_ROW_BLOCK = 64,     /* locators packed together */
  ZD_SEGMENT_BLOCK_KEYS = 16,    /* keys per dictionary block */
  ZD_SEGMENT_BLOCK_BYTES = 4096, /* a block is closed when it is longer */
  ZD_POSTING_INLINE = 16,        /* rows that stand in the dictionary block */
  ZD_POSTING_SHORT = 1024        /* rows that stand in one list; more: containers */
};

#define ZD_SEGMENT_MAGIC "ZDSEGMNT"
enum { ZD_SEGMENT_SUPPLEMENT = 1 }; /* flags */

typedef struct zd_segment_header {
  char magic[8];
  uint32_t version, page;
  uint64_t first_row, end_row;
  uint64_t file_size;
  uint64_t row_blocks_at; /* uint64_t offsets of the blocks of locators */
  uint64_t filter_at, filter_blocks;
  uint64_t spaces_at;
  uint32_t spaces, flags;
  uint64_t crcs_at, pages; /* pages: all but the first and those of the CRCs */
  uint64_t keys;
  uint32_t crcs_crc;
  uint32_t crc; /* of the header up to here */
} zd_segment_header;

typedef struct zd_segment_space {
  uint32_t kind, field;
  uint64_t keys, items; /* items: postings under all keys */
  uint64_t blocks_at;   /* uint64_t offsets of the dictionary blocks */
  uint64_t blocks;
} zd_segment_space;

typedef enum zd_posting_form {
  ZD_POSTING_ROWS,   /* rows stand in the block: varint first, varint differences */
  ZD_POSTING_LIST,   /* the same elsewhere: varint offset, varint bytes */
  ZD_POSTING_CHUNKS, /* varint offset of the zd_posting_chunk table, varint chunks */
  ZD_POSTING_KILLS   /* varint offset: victims as a container, then uint32_t killers */
} zd_posting_form;

/* One chunk of a posting or column. Rows > ZD_SET_ARRAY: bitmap, else array; columns: column.h. */
typedef struct zd_posting_chunk {
  uint32_t chunk; /* chunk number less that of the segment's first row */
  uint32_t n;     /* rows; columns: intervals */
  uint64_t at;
} zd_posting_chunk;

/* ---- reading ---- */

typedef struct zd_segment zd_segment;

zd_err zd_segment_open(const char *path, zd_segment **out, zd_fault *fault);
void zd_segment_close(zd_segment *s);
const zd_segment_header *zd_segment_head(const zd_segment *s);
const char *zd_segment_path(const zd_segment *s);
uint64_t zd_segment_page_count(const zd_segment *s);
/* Checks one page even when it has been checked before. */
zd_err zd_segment_check_page(zd_segment *s, uint64_t page, zd_fault *fault);

/* *p: n checked bytes at `at`. */
zd_err zd_segment_bytes(zd_segment *s, uint64_t at, uint64_t n, const void **p, zd_fault *fault);
/* ZD_ERR_CORRUPT that names file, offset and what is wrong there. */
zd_err zd_segment_corrupt(const zd_segment *s, uint64_t at, const char *what, zd_fault *fault);

zd_err zd_segment_locators(zd_segment *s, zd_row first, size_t n, uint64_t *out, zd_fault *fault);

const zd_segment_space *zd_segment_spaces(const zd_segment *s, size_t *n);
/* NULL when the segment has no such space. */
const zd_segment_space *zd_segment_find_space(const zd_segment *s, uint32_t kind, uint32_t field);
bool zd_segment_has_kills(const zd_segment *s);
/* A byte beside a space, 0 at first, for what a reader has found out about it and what stays true
 * as long as the segment is open. Any thread. NULL when the segment has no such space. */
_Atomic unsigned char *zd_segment_note(zd_segment *s, uint32_t kind, uint32_t field);

/* Where a key's postings are, as its dictionary block says. */
typedef struct zd_posting {
  uint64_t n; /* rows or intervals; 0: the key is not there */
  zd_posting_form form;
  uint64_t at, size;         /* of the list, table or kills; ROWS: none */
  const unsigned char *rows; /* ROWS: in the block */
  const unsigned char *end;
} zd_posting;

uint64_t zd_segment_id_hash(uint32_t type, zd_slice id_key);
/* False: the segment has no ID key of the type. Else what zd_segment_may_have_id needs of the file
 * is asked for, so that it is at hand when many segments are looked at one after the other. */
bool zd_segment_expect_id(const zd_segment *s, uint32_t type, uint64_t hash);
/* False: no ID key with this hash is in the segment. */
zd_err zd_segment_may_have_id(zd_segment *s, uint64_t hash, bool *may, zd_fault *fault);
/* out->n is 0 when the key is not there. */
zd_err zd_segment_find(zd_segment *s, const zd_key *key, zd_posting *out, zd_fault *fault);

/* A walk over the keys of a space in order. */
typedef struct zd_segment_cursor {
  zd_segment *segment;
  const zd_segment_space *space;
  uint64_t block, blocks;
  const unsigned char *at, *end; /* within the block */
  uint32_t left;                 /* keys left in it */
  uint32_t length;
  char bytes[512 + 88]; /* the present key */
  zd_posting posting;
  bool done;
} zd_segment_cursor;

/* Stands on the first key >= from (absent: the first); `done` when there is none. */
zd_err zd_segment_cursor_start(zd_segment_cursor *c, zd_segment *s, const zd_segment_space *space,
                               zd_slice from, zd_fault *fault);
zd_err zd_segment_cursor_next(zd_segment_cursor *c, zd_fault *fault);
/* Stands on the first key of one of the space's blocks. */
zd_err zd_segment_cursor_block(zd_segment_cursor *c, zd_segment *s, const zd_segment_space *space,
                               uint64_t block, zd_fault *fault);
static inline zd_slice zd_segment_cursor_key(const zd_segment_cursor *c) {
  return zd_slice_make(c->bytes, c->length);
}

/* Rows of a posting in form ROWS or LIST, relative to the segment's first row, ascending. */
zd_err zd_posting_rows(zd_segment *s, const zd_posting *p, uint32_t *out, zd_fault *fault);
/* The chunk table of form CHUNKS. */
zd_err zd_posting_chunks(zd_segment *s, const zd_posting *p, const zd_posting_chunk **out,
                         size_t *n, zd_fault *fault);
/* The container of one entry of the table, in place. */
zd_err zd_posting_set(zd_segment *s, const zd_posting_chunk *chunk, zd_set *out, zd_fault *fault);
/* The column of one entry of the table of a RANGE key, in place (column.h). */
zd_err zd_posting_column(zd_segment *s, const zd_posting_chunk *chunk, const void **column,
                         zd_fault *fault);
/* Victims within their chunk and killers relative to the first row, in place, same order. */
zd_err zd_posting_kills(zd_segment *s, const zd_posting *p, zd_set *victims,
                        const uint32_t **killers, zd_fault *fault);

#endif
