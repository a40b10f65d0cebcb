/* pack.h: gzip members and zstd frames. Concatenated ones are one valid file (RFC 1952 2.2,
 * RFC 8878 3.1), so that blocks are packed by many threads and still written in order. */
#ifndef ZD_REGION_PACK_H
#define ZD_REGION_PACK_H

#include "base/buffer.h"
#include "region/region.h"

/* Appends s, packed, to *out. No time stamp, no file name: same input, same bytes. */
zd_err zd_pack(zd_region_packing packing, zd_slice s, zd_buffer *out);

#endif
