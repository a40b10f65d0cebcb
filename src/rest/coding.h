/* coding.h: content codings gzip and zstd of requests and answers (RFC 9110 8.4, RFC 8878).
 * Private to rest/. */
#ifndef ZD_REST_CODING_H
#define ZD_REST_CODING_H

#include "base/buffer.h"

typedef enum zd_coding {
  ZD_CODING_IDENTITY,
  ZD_CODING_GZIP,
  ZD_CODING_ZSTD,
  ZD_CODING_UNKNOWN
} zd_coding;

/* Content-Encoding of a request: exactly one of ours, or unknown. */
zd_coding zd_coding_named(zd_slice name);
/* The best one the client accepts (Accept-Encoding with q values); identity when none of ours. */
zd_coding zd_coding_accepted(zd_slice list);
const char *zd_coding_name(zd_coding coding);

/* ZD_ERR_INVALID when malformed or cut off, ZD_ERR_LIMIT when it grows beyond out's limit. */
zd_err zd_coding_decode(zd_coding coding, zd_slice in, zd_buffer *out);
zd_err zd_coding_encode(zd_coding coding, zd_slice in, zd_buffer *out);

/* The same for a text that comes in parts. NULL: out of memory. gzip and zstd only. */
typedef struct zd_encoder zd_encoder;
zd_encoder *zd_encoder_open(zd_coding coding);
/* Appends what can be sent by now; all of it with the `last` part. */
zd_err zd_encoder_add(zd_encoder *e, zd_slice part, bool last, zd_buffer *out);
void zd_encoder_free(zd_encoder *e);

#endif
