/* error.h: how functions fail.
 *
 * Functions that can fail return zd_err; ZD_OK is 0. The code says what kind of
 * failure it is, coarse enough to choose an exit status or HTTP status by. The
 * details a person needs go to a zd_fault (one message: files, devices,
 * settings) or, for clinical content, to an issue list (fhir/issue.h).
 *
 * Nothing aborts on input. `assert` states what only a bug can break.
 */
#ifndef ZD_BASE_ERROR_H
#define ZD_BASE_ERROR_H

#include <stdarg.h>

typedef enum zd_err {
  ZD_OK = 0,
  ZD_ERR_MEMORY,      /* out of memory */
  ZD_ERR_IO,          /* the operating system refused: read, write, sync, open */
  ZD_ERR_FULL,        /* disk full or a configured quota reached */
  ZD_ERR_CORRUPT,     /* stored bytes are not what was written */
  ZD_ERR_INVALID,     /* input breaks its grammar or its rules */
  ZD_ERR_LIMIT,       /* input is larger, deeper or slower than allowed */
  ZD_ERR_NOT_FOUND,   /* the thing asked for is not there */
  ZD_ERR_GONE,        /* it was there and has been deleted */
  ZD_ERR_CONFLICT,    /* another writer came first; a retry may succeed */
  ZD_ERR_REFUSED,     /* a precondition or policy says no; a retry will not help */
  ZD_ERR_UNSUPPORTED, /* understood, and not offered */
  ZD_ERR_BUSY,        /* held by somebody else, or too much waiting already */
  ZD_ERR_CANCELLED,   /* asked to stop */
  ZD_ERR_INTERNAL     /* a bug noticed in time */
} zd_err;

/* "io", "corrupt", ...; never NULL; static. */
const char *zd_err_name(zd_err err);

/* One failure told to a person: what was attempted, on what, why it failed. */
typedef struct zd_fault {
  zd_err code;
  char text[400]; /* zero-terminated, cut when longer */
} zd_fault;

/* Fills *fault (which may be NULL) and returns code, so that
 * `return zd_fail(fault, ZD_ERR_IO, "cannot open %s: %s", path, strerror(errno));` reads well. */
zd_err zd_fail(zd_fault *fault, zd_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As zd_fail, and appends strerror(errno); maps ENOSPC/EDQUOT to ZD_ERR_FULL, ENOMEM to
 * ZD_ERR_MEMORY, anything else to ZD_ERR_IO. */
zd_err zd_fail_errno(zd_fault *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
