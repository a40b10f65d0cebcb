/* base64.h: RFC 4648. Private to rest/. */
#ifndef ZD_REST_BASE64_H
#define ZD_REST_BASE64_H

#include "base/arena.h"
#include "base/buffer.h"

/* Of text that was checked when it was read as a resource: white space and padding are passed over.
 * Absent: out of memory. */
zd_slice zd_base64_decode(zd_slice text, zd_arena *arena);
void zd_base64_encode(zd_slice bytes, zd_buffer *out);

#endif
