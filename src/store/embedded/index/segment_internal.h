/* segment_internal.h: what the files that write and read segments share. */
#ifndef ZD_INDEX_SEGMENT_INTERNAL_H
#define ZD_INDEX_SEGMENT_INTERNAL_H

#include <stdatomic.h>

#include "store/embedded/index/column.h"
#include "store/embedded/index/segment.h"
#include "store/embedded/index/varint.h"

struct zd_segment {
  char *path;
  const unsigned char *map;
  uint64_t size;
  zd_segment_header head;
  const uint32_t *crcs; /* of page 1, 2, ... */
  const zd_segment_space *spaces;
  _Atomic uint64_t *checked;    /* a bit per page whose checksum was right */
  _Atomic unsigned char *notes; /* zd_segment_note, a byte per space */
  bool kills;
  uint64_t id_types[4]; /* a bit for the type, modulo 256, of each ID space */
};

/* ---- blocks of locators: uint64_t base, uint8_t bits, 7 zeroes, 64 packed differences ---- */

enum { ZD_ROW_BLOCK_HEAD = 16 };

static inline uint64_t zd_row_block_size(unsigned bits) {
  return bits ? ZD_ROW_BLOCK_HEAD + (uint64_t)bits * ZD_SEGMENT_ROW_BLOCK / 8 + 8
              : ZD_ROW_BLOCK_HEAD;
}

/* ---- filter: a block by the upper half of the hash, six bits in it by the lower ---- */

enum { ZD_FILTER_BLOCK = 64, ZD_FILTER_PROBES = 6, ZD_FILTER_BITS_PER_KEY = 10 };

static inline uint64_t zd_filter_block(uint64_t hash, uint64_t blocks) {
  return (uint64_t)(((unsigned __int128)hash * blocks) >> 64);
}

static inline uint32_t zd_filter_bit(uint64_t hash, unsigned probe) {
  return (uint32_t)(hash * UINT64_C(0x9FB21C651E98DF25) >> (probe * 9)) & 511;
}

static inline bool zd_filter_has(const unsigned char *block, uint64_t hash) {
  for (unsigned i = 0; i < ZD_FILTER_PROBES; i++) {
    uint32_t bit = zd_filter_bit(hash, i);
    if (!(block[bit / 8] >> (bit % 8) & 1)) return false;
  }
  return true;
}

static inline void zd_filter_add(unsigned char *block, uint64_t hash) {
  for (unsigned i = 0; i < ZD_FILTER_PROBES; i++) {
    uint32_t bit = zd_filter_bit(hash, i);
    block[bit / 8] |= (unsigned char)(1u << (bit % 8));
  }
}

/* ---- dictionary blocks ----
 *
 *   uint32_t bytes that follow, uint32_t keys
 *   each key: varint bytes shared with the key before, varint bytes of its own, these bytes,
 *             varint items * 4 + form, then as zd_posting_form says
 */
enum { ZD_BLOCK_HEAD = 8 };

#endif
