/* format.h: the bytes of the log, and nothing but the bytes: no files, no threads.
 *
 * All numbers are little-endian; a varint has 7 bits a byte, lowest first, at most 10 bytes.
 *
 *   DIR/log/00000001.log
 *   +-----------------+--------------------------+--------------------------+---
 *   | file header, 64 | commit 1                 | commit 2                 | ...
 *   +-----------------+--------------------------+--------------------------+---
 *
 *   file header   0 "ZDLOG\r\n\x1a"   8 u32 format   12 u32 file number   16 u64 first row
 *                24 u64 first sequence   32..59 zero   60 u32 CRC32C of 0..59
 *
 *   commit        0 u32 magic   4 u32 CRC32C of 8..63   8 u64 length of the records behind it
 *                16 u64 sequence   24 i64 time, ms   32 u64 first row   40 u32 rows
 *                44 u32 CRC32C of the records   48 u64 durable   56 u64 zero   64 records...
 *
 *   `durable` is the offset in this file up to which everything had been synced before the commit
 *   was written. So a damaged place with an intact commit behind it whose `durable` is larger was
 *   damaged after it had been synced: corruption, to be named. Without such a witness it is what a
 *   crash leaves of a write nobody was told had succeeded: a torn tail, to be cut.
 *
 *   record        0 u32 CRC32C of 4..size   4 u32 size   8 u8 flags
 *                   flags: bits 0-1 op, 2 id is a packed UUID, 3 previous follows, 4 body is plain
 *                 9 varints: index in the commit, back (distance to the commit's first byte), type,
 *                   version, [previous row], dictionary, stamp_at, length of the plain body
 *                   id: 16 bytes, or one byte of length and the text
 *                   body up to `size`: a zstd frame without its 4-byte magic, or plain bytes
 *
 * A record knows its row and time only through the commit before it, so records can be serialised
 * before the commit is ordered: nothing in them is patched.
 */
#ifndef ZD_STORE_EMBEDDED_FORMAT_H
#define ZD_STORE_EMBEDDED_FORMAT_H

#include "store/store.h"

#define ZD_FORMAT_VERSION 1u
#define ZD_LOG_HEAD 64u
#define ZD_COMMIT_HEAD 64u
#define ZD_RECORD_HEAD_MAX 160u                  /* no record's head is longer */
#define ZD_RECORD_LEAST 16u                      /* no record is shorter */
#define ZD_BODY_MAX (64u << 20)                  /* plain body */
#define ZD_RECORD_MAX (ZD_BODY_MAX + (1u << 20)) /* a whole record */
#define ZD_COMMIT_MAX (1u << 30)                 /* a whole commit */
#define ZD_LOG_FILE_BYTES (256u << 20) /* a file that has reached it takes no further commit */

/* Where a record lies: file number and offset. What the index keeps per row. */
typedef uint64_t zd_locator;

static inline zd_locator zd_locator_make(uint32_t file, uint64_t offset) {
  return (uint64_t)file << 32 | offset;
}
static inline uint32_t zd_locator_file(zd_locator l) {
  return (uint32_t)(l >> 32);
}
static inline uint64_t zd_locator_offset(zd_locator l) {
  return l & UINT32_MAX;
}

typedef struct zd_log_head {
  uint32_t format, file;
  zd_row first_row;
  uint64_t first_sequence;
} zd_log_head;

void zd_log_head_write(const zd_log_head *h, unsigned char out[ZD_LOG_HEAD]);
/* ZD_ERR_CORRUPT when it is none; the format is not judged here. */
zd_err zd_log_head_read(const unsigned char in[ZD_LOG_HEAD], zd_log_head *h);

typedef struct zd_commit_head {
  uint64_t length, sequence, durable;
  int64_t time_ms;
  zd_row first_row;
  uint32_t rows, records_crc;
} zd_commit_head;

void zd_commit_head_write(const zd_commit_head *h, unsigned char out[ZD_COMMIT_HEAD]);
zd_err zd_commit_head_read(const unsigned char in[ZD_COMMIT_HEAD], zd_commit_head *h);
/* First offset in p[from..n) where a commit head may begin (its magic is there), or n. */
size_t zd_commit_head_find(const unsigned char *p, size_t from, size_t n);

typedef struct zd_record_head {
  uint32_t size, index, back, type, dictionary, stamp_at, plain_n;
  zd_op op;
  bool plain; /* body is stored uncompressed */
  uint64_t version;
  zd_row previous;
  uint8_t id_n;
  char id[64];
  const unsigned char *body; /* as stored, in the bytes read */
  uint32_t body_n;
} zd_record_head;

/* The head of a record (size, crc and body left out: see seal) into out; returns its length. */
size_t zd_record_head_write(const zd_record_head *h, unsigned char out[ZD_RECORD_HEAD_MAX]);
/* Fills size and crc of the record of n bytes at p, head and body in place. */
void zd_record_seal(unsigned char *p, uint32_t n);
/* Size of the record at p (n >= 8 bytes there); 0 when it can be none. Not yet verified. */
uint32_t zd_record_size(const unsigned char *p);
/* Verifies and parses a whole record of n bytes. ZD_ERR_CORRUPT when anything is amiss. */
zd_err zd_record_head_read(const unsigned char *p, size_t n, zd_record_head *h);

#endif
