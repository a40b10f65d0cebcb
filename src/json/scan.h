/* scan.h: the hot loops of the tokenizer as interchangeable variants, private to json/.
 *
 * A variant is the tokenizer (tokenize.h) compiled around one way to find the next special byte of
 * a string, and one way to validate UTF-8: scan_scalar.c runs anywhere, scan_avx2.c and scan_neon.c
 * where the processor has the instructions. All give the same tape and the same errors; the scalar
 * one is the oracle of the others in tests.
 */
#ifndef ZD_JSON_SCAN_H
#define ZD_JSON_SCAN_H

#include "json/json.h"

/* One reading in progress: the limits, the tape it fills, and where and why it stopped. */
typedef struct zd_json_reading {
  zd_json_tape *tape; /* text set by the caller; nodes and room kept current by zd_json_grow */
  zd_json_limits limits;
  const char *stop;     /* on failure: the offending byte */
  const char *expected; /* on failure */
} zd_json_reading;

/* A bit for each byte of a block, the first byte's the lowest. */
enum { ZD_JSON_BLOCK = 64 };
typedef struct zd_json_marks {
  uint64_t quotes, backslashes, brackets; /* brackets: { } [ ] */
} zd_json_marks;

typedef struct zd_json_scanner {
  const char *name;
  zd_err (*read)(zd_json_reading *r);
  /* Offset of the first byte that does not begin a valid UTF-8 sequence; n when all is valid. */
  size_t (*utf8)(const char *p, size_t n);
  /* The marks of ZD_JSON_BLOCK bytes. NULL: looking at byte after byte is no slower. */
  zd_json_marks (*marks)(const char *p);
} zd_json_scanner;

extern const zd_json_scanner zd_json_scanner_scalar;
extern const zd_json_scanner zd_json_scanner_avx2; /* defined on x86-64 only */
extern const zd_json_scanner zd_json_scanner_neon; /* defined on ARMv8 only */

/* The k-th variant this processor can run, best first; NULL after the last (the scalar one). */
const zd_json_scanner *zd_json_scanner_at(unsigned k);

/* zd_json_read with a chosen variant. */
zd_err zd_json_read_with(const zd_json_scanner *scanner, zd_slice text,
                         const zd_json_limits *limits, zd_json_tape *tape, zd_json_error *error);

/* Doubles the tape's room, `count` nodes being in use. ZD_ERR_LIMIT, ZD_ERR_MEMORY. */
zd_err zd_json_grow(zd_json_reading *r, uint32_t count);

/* p is at a backslash: the first byte after the escape (after both of a surrogate pair), or NULL
 * with *bad and *expected set. */
const char *zd_json_escape(const char *p, const char *end, const char **bad, const char **expected);

/* Scalar UTF-8 check, used for tails and to place an error the vectors found. */
size_t zd_json_utf8_scalar(const char *text, size_t n);

/* Tables of the vector UTF-8 check (see utf8.c): errors that a pair of adjacent bytes may be part
 * of, looked up by three half-bytes; what all three lookups agree on is an error. */
typedef struct zd_json_utf8_tables {
  uint8_t first_high[16]; /* by the first byte's upper half */
  uint8_t first_low[16];  /* by its lower half */
  uint8_t second_high[16];
} zd_json_utf8_tables;
extern const zd_json_utf8_tables zd_json_utf8;

#endif
