/* log_cursor.h: reading commits and records out of the log, verified, in place where the log is
 * mapped and `in_place` allows it, else through one buffer.
 *
 * A cursor belongs to one thread. What it returns points into its buffer (or the mapped log) and
 * lives until the next call. It may only be asked for places that were synced before the call that
 * (re)started it: bytes behind may be in the middle of being written.
 */
#ifndef ZD_STORE_EMBEDDED_LOG_CURSOR_H
#define ZD_STORE_EMBEDDED_LOG_CURSOR_H

#include "store/embedded/log_files.h"

typedef struct zd_log_cursor {
  zd_log_files *files;
  size_t block; /* bytes read at a time */
  size_t lead;  /* of which this many before the place asked for (where the commit's head may be) */
  bool in_place; /* for scattered reading; sequential reading is faster through the buffer */
  unsigned char *p;
  size_t n, room;
  uint32_t file;       /* 0: the buffer is empty */
  uint64_t at;         /* offset of p[0] in the file */
  zd_commit_head head; /* the commit read last, and where */
  zd_locator head_at;  /* 0: none */
} zd_log_cursor;

void zd_log_cursor_init(zd_log_cursor *c, zd_log_files *files, size_t block, size_t lead);
void zd_log_cursor_free(zd_log_cursor *c);
/* Forgets what is buffered, keeps the memory. */
void zd_log_cursor_restart(zd_log_cursor *c);

/* n bytes at a place; *got is less at the end of the file. */
zd_err zd_log_cursor_peek(zd_log_cursor *c, zd_locator at, size_t n, const unsigned char **p,
                          size_t *got, zd_fault *fault);

/* The commit head at a place. ZD_ERR_NOT_FOUND: the file ends there; ZD_ERR_CORRUPT. */
zd_err zd_log_cursor_commit(zd_log_cursor *c, zd_locator at, zd_commit_head *h, zd_fault *fault);
/* The record at a place. ZD_ERR_CORRUPT names the place. */
zd_err zd_log_cursor_record(zd_log_cursor *c, zd_locator at, zd_record_head *h, zd_fault *fault);
/* The head of the commit that holds the record at a place; remembered for its neighbours. */
zd_err zd_log_cursor_commit_of(zd_log_cursor *c, zd_locator at, uint32_t back, zd_commit_head *h,
                               zd_fault *fault);
/* CRC32C of length bytes at a place. ZD_ERR_CORRUPT when the file ends before. */
zd_err zd_log_cursor_crc(zd_log_cursor *c, zd_locator at, uint64_t length, uint32_t *crc,
                         zd_fault *fault);

#endif
