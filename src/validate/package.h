/* package.h: FHIR packages (.tgz): gzipped tar archives with resources in package/.
 *
 * Source: HL7 FHIR NPM package specification; POSIX.1-1988 ustar.
 */
#ifndef ZD_VALIDATE_PACKAGE_H
#define ZD_VALIDATE_PACKAGE_H

#include "base/buffer.h"
#include "base/error.h"

enum { ZD_PACKAGE_MAX = 512 << 20 }; /* bytes unpacked */

/* Unpacks gzip into *out (cleared first). ZD_ERR_INVALID, ZD_ERR_LIMIT, ZD_ERR_MEMORY. */
zd_err zd_package_unpack(zd_slice packed, zd_buffer *out, zd_fault *fault);

/* The next regular file of an unpacked archive; *at begins with 0. False: there are no more, or
 * *err says what is wrong with the archive. name and content point into the archive. */
bool zd_package_next(zd_slice archive, size_t *at, zd_slice *name, zd_slice *content, zd_err *err,
                     zd_fault *fault);

#endif
