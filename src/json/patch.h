/* patch.h: JSON Patch (RFC 6902) with JSON Pointer (RFC 6901): a document changed as a list of
 * operations says, all of them or none.
 *
 *   [{"op":"test","path":"/a/0","value":1.0},{"op":"replace","path":"/a/0","value":2.50}]
 *
 * Values keep their text, numbers too. `test` compares what values mean: numbers exactly by value,
 * whatever their digits (1.0 is 1), strings without their escapes, objects in any order.
 *
 * Floor 0. Knows no FHIR. One thread a call.
 */
#ifndef ZD_JSON_PATCH_H
#define ZD_JSON_PATCH_H

#include "base/arena.h"
#include "base/buffer.h"
#include "json/json.h"

typedef struct zd_json_patch_limits {
  uint32_t operations; /* default 10,000 */
  uint32_t nodes;      /* values in the document and all that is put into it; default 4 million */
  uint32_t depth;      /* of the document, at any time; default 512, at most ZD_JSON_MAX_DEPTH */
  uint64_t steps;      /* values looked at, in all; default 200 million: below a second or two */
} zd_json_patch_limits;

typedef struct zd_json_patch_error {
  size_t operation; /* its number from 0; SIZE_MAX: none of them */
  char text[200];   /* for a person; zero-terminated UTF-8 */
} zd_json_patch_error;

/* Appends the changed document to `out`, without white space. limits NULL: defaults; out->limit
 * bounds the text. Memory is the arena's. Otherwise `out` is as it was, *error says why, and:
 *
 *   ZD_ERR_INVALID     no JSON, or no JSON Patch
 *   ZD_ERR_NOT_FOUND   a path leads nowhere
 *   ZD_ERR_REFUSED     a test failed
 *   ZD_ERR_LIMIT       beyond a limit
 *   ZD_ERR_MEMORY */
zd_err zd_json_patch(zd_slice document, zd_slice patch, const zd_json_patch_limits *limits,
                     zd_arena *arena, zd_buffer *out, zd_json_patch_error *error);

#endif
