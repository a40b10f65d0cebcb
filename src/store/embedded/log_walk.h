/* log_walk.h: every commit from a place on to the end of the log, verified; finds the torn tail.
 */
#ifndef ZD_STORE_EMBEDDED_LOG_WALK_H
#define ZD_STORE_EMBEDDED_LOG_WALK_H

#include "store/embedded/log_cursor.h"

/* Where a walk stands: the next commit is expected at `at`, with this row and sequence. */
typedef struct zd_log_place {
  zd_locator at; /* 0: before the first file */
  zd_row row;
  uint64_t sequence;
  int64_t time_ms; /* of the commit before; INT64_MIN when not known */
} zd_log_place;

/* Called for each commit whose head and checksum are right. The cursor may be used freely. */
typedef zd_err (*zd_log_visit)(void *context, zd_log_cursor *c, zd_locator at,
                               const zd_commit_head *h, zd_fault *fault);

/* Walks on from *place until the end of the log; *place is then behind the last whole commit. A
 * torn tail ends the walk (*torn: how many bytes were left over); damage elsewhere is
 * ZD_ERR_CORRUPT and named. Ends early with what visit returns when that is not ZD_OK. */
zd_err zd_log_walk(zd_log_files *files, zd_log_place *place, zd_log_visit visit, void *context,
                   uint64_t *torn, zd_fault *fault);

/* The commit at place->at: head and checksum. ZD_ERR_NOT_FOUND: the file ends; ZD_ERR_CORRUPT. */
zd_err zd_log_verify_commit(zd_log_cursor *c, const zd_log_place *place, zd_commit_head *h,
                            zd_fault *fault);

/* First place behind `bad`, in its file or a later one, where an intact commit begins (its head in
 * *h). ZD_ERR_NOT_FOUND when there is none. */
zd_err zd_log_next_commit(zd_log_cursor *c, zd_locator bad, zd_locator *at, zd_commit_head *h,
                          zd_fault *fault);

#endif
