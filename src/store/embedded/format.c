#include "store/embedded/format.h"

#include <endian.h>

#include "base/hash.h"

#define COMMIT_MAGIC 0x3154435au /* "ZCT1" */
static const unsigned char log_magic[8] = {'Z', 'D', 'L', 'O', 'G', '\r', '\n', 0x1a};

enum { FLAG_OP = 3, FLAG_UUID = 4, FLAG_PREVIOUS = 8, FLAG_PLAIN = 16, FLAGS_ALL = 31 };

static void put_u32(unsigned char *p, uint32_t v) {
  v = htole32(v);
  memcpy(p, &v, sizeof v);
}

static void put_u64(unsigned char *p, uint64_t v) {
  v = htole64(v);
  memcpy(p, &v, sizeof v);
}

static uint32_t get_u32(const unsigned char *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return le32toh(v);
}

static uint64_t get_u64(const unsigned char *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return le64toh(v);
}

/* ---- file and commit heads ---- */

void zd_log_head_write(const zd_log_head *h, unsigned char out[ZD_LOG_HEAD]) {
  memset(out, 0, ZD_LOG_HEAD);
  memcpy(out, log_magic, sizeof log_magic);
  put_u32(out + 8, h->format);
  put_u32(out + 12, h->file);
  put_u64(out + 16, h->first_row);
  put_u64(out + 24, h->first_sequence);
  put_u32(out + 60, zd_crc32c(0, out, 60));
}

zd_err zd_log_head_read(const unsigned char in[ZD_LOG_HEAD], zd_log_head *h) {
  if (memcmp(in, log_magic, sizeof log_magic) != 0) return ZD_ERR_CORRUPT;
  if (get_u32(in + 60) != zd_crc32c(0, in, 60)) return ZD_ERR_CORRUPT;
  *h = (zd_log_head){get_u32(in + 8), get_u32(in + 12), get_u64(in + 16), get_u64(in + 24)};
  return ZD_OK;
}

void zd_commit_head_write(const zd_commit_head *h, unsigned char out[ZD_COMMIT_HEAD]) {
  memset(out, 0, ZD_COMMIT_HEAD);
  put_u32(out, COMMIT_MAGIC);
  put_u64(out + 8, h->length);
  put_u64(out + 16, h->sequence);
  put_u64(out + 24, (uint64_t)h->time_ms);
  put_u64(out + 32, h->first_row);
  put_u32(out + 40, h->rows);
  put_u32(out + 44, h->records_crc);
  put_u64(out + 48, h->durable);
  put_u32(out + 4, zd_crc32c(0, out + 8, ZD_COMMIT_HEAD - 8));
}

zd_err zd_commit_head_read(const unsigned char in[ZD_COMMIT_HEAD], zd_commit_head *h) {
  if (get_u32(in) != COMMIT_MAGIC) return ZD_ERR_CORRUPT;
  if (get_u32(in + 4) != zd_crc32c(0, in + 8, ZD_COMMIT_HEAD - 8)) return ZD_ERR_CORRUPT;
  h->length = get_u64(in + 8);
  h->sequence = get_u64(in + 16);
  h->time_ms = (int64_t)get_u64(in + 24);
  h->first_row = get_u64(in + 32);
  h->rows = get_u32(in + 40);
  h->records_crc = get_u32(in + 44);
  h->durable = get_u64(in + 48);
  bool sane = h->rows > 0 && h->length >= (uint64_t)h->rows * ZD_RECORD_LEAST &&
              h->length <= ZD_COMMIT_MAX && h->first_row < ZD_NO_ROW - h->rows;
  return sane ? ZD_OK : ZD_ERR_CORRUPT;
}

size_t zd_commit_head_find(const unsigned char *p, size_t from, size_t n) {
  unsigned char magic[4];
  put_u32(magic, COMMIT_MAGIC);
  if (from >= n) return n;
  const unsigned char *hit = memmem(p + from, n - from, magic, sizeof magic);
  return hit ? (size_t)(hit - p) : n;
}

/* ---- varints ---- */

static unsigned char *put_varint(unsigned char *p, uint64_t v) {
  while (v >= 0x80) {
    *p++ = (unsigned char)(v | 0x80);
    v >>= 7;
  }
  *p++ = (unsigned char)v;
  return p;
}

/* A run of bytes being taken apart; `bad` sticks. */
typedef struct reader {
  const unsigned char *p, *end;
  bool bad;
} reader;

static uint64_t get_varint(reader *r, uint64_t most) {
  uint64_t v = 0;
  for (unsigned shift = 0; shift < 64 && r->p < r->end; shift += 7) {
    unsigned char byte = *r->p++;
    if (shift == 63 && byte > 1) break;
    v |= (uint64_t)(byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    if (v > most) break;
    return v;
  }
  r->bad = true;
  return 0;
}

/* ---- ids: a UUID in its usual text form takes 16 bytes ---- */

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool dash_at(size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

static bool uuid_pack(const char *id, size_t n, unsigned char out[16]) {
  if (n != 36) return false;
  size_t nibbles = 0;
  memset(out, 0, 16);
  for (size_t i = 0; i < 36; i++) {
    if (dash_at(i)) {
      if (id[i] != '-') return false;
      continue;
    }
    int v = hex_value(id[i]);
    if (v < 0) return false;
    out[nibbles / 2] |= (unsigned char)(nibbles % 2 ? v : v << 4);
    nibbles++;
  }
  return true;
}

static void uuid_unpack(const unsigned char in[16], char out[36]) {
  static const char digits[] = "0123456789abcdef";
  size_t nibbles = 0;
  for (size_t i = 0; i < 36; i++) {
    if (dash_at(i)) {
      out[i] = '-';
      continue;
    }
    unsigned char byte = in[nibbles / 2];
    out[i] = digits[nibbles % 2 ? byte & 15 : byte >> 4];
    nibbles++;
  }
}

/* ---- records ---- */

size_t zd_record_head_write(const zd_record_head *h, unsigned char out[ZD_RECORD_HEAD_MAX]) {
  unsigned char packed[16];
  bool uuid = uuid_pack(h->id, h->id_n, packed);
  bool has_previous = h->previous != ZD_NO_ROW;
  unsigned char *p = out + 8;
  *p++ = (unsigned char)(h->op | (uuid ? FLAG_UUID : 0) | (has_previous ? FLAG_PREVIOUS : 0) |
                         (h->plain ? FLAG_PLAIN : 0));
  p = put_varint(p, h->index);
  p = put_varint(p, h->back);
  p = put_varint(p, h->type);
  p = put_varint(p, h->version);
  if (has_previous) p = put_varint(p, h->previous);
  p = put_varint(p, h->dictionary);
  p = put_varint(p, h->stamp_at);
  p = put_varint(p, h->plain_n);
  if (!uuid) *p++ = h->id_n;
  size_t id_n = uuid ? sizeof packed : h->id_n;
  memcpy(p, uuid ? (const void *)packed : h->id, id_n);
  return (size_t)(p - out) + id_n;
}

void zd_record_seal(unsigned char *p, uint32_t n) {
  put_u32(p + 4, n);
  put_u32(p, zd_crc32c(0, p + 4, n - 4));
}

uint32_t zd_record_size(const unsigned char *p) {
  uint32_t size = get_u32(p + 4);
  return size >= ZD_RECORD_LEAST && size <= ZD_RECORD_MAX ? size : 0;
}

static void read_id(reader *r, bool uuid, zd_record_head *h) {
  size_t n = 16;
  if (!uuid) n = get_varint(r, sizeof h->id);
  if (r->bad || n == 0 || n > (size_t)(r->end - r->p)) {
    r->bad = true;
    return;
  }
  if (uuid) {
    uuid_unpack(r->p, h->id);
  } else {
    memcpy(h->id, r->p, n);
  }
  h->id_n = uuid ? 36 : (uint8_t)n;
  r->p += n;
}

zd_err zd_record_head_read(const unsigned char *p, size_t n, zd_record_head *h) {
  if (n < ZD_RECORD_LEAST || zd_record_size(p) != n) return ZD_ERR_CORRUPT;
  if (get_u32(p) != zd_crc32c(0, p + 4, n - 4)) return ZD_ERR_CORRUPT;
  reader r = {p + 9, p + n, false};
  unsigned flags = p[8];
  h->size = (uint32_t)n;
  h->op = (zd_op)(flags & FLAG_OP);
  h->plain = flags & FLAG_PLAIN;
  h->index = (uint32_t)get_varint(&r, UINT32_MAX);
  h->back = (uint32_t)get_varint(&r, ZD_COMMIT_MAX);
  h->type = (uint32_t)get_varint(&r, UINT32_MAX);
  h->version = get_varint(&r, UINT64_MAX);
  h->previous = flags & FLAG_PREVIOUS ? get_varint(&r, ZD_NO_ROW - 1) : ZD_NO_ROW;
  h->dictionary = (uint32_t)get_varint(&r, UINT32_MAX);
  h->stamp_at = (uint32_t)get_varint(&r, UINT32_MAX);
  h->plain_n = (uint32_t)get_varint(&r, ZD_BODY_MAX);
  read_id(&r, flags & FLAG_UUID, h);
  h->body = r.p;
  h->body_n = (uint32_t)(r.end - r.p);
  bool sane = !r.bad && flags <= FLAGS_ALL && h->op <= ZD_OP_DELETE && h->back >= ZD_COMMIT_HEAD &&
              (!h->plain || h->body_n == h->plain_n);
  return sane ? ZD_OK : ZD_ERR_CORRUPT;
}
