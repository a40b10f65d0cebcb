/* scan_neon.c: 16 bytes at a time (ARMv8, where NEON is always there). */
#ifdef __aarch64__

#include <arm_neon.h>

#include "json/scan.h"

/* Four bits for each of 16 bytes that ends a run of plain text: NEON's stand-in for a byte mask. */
static inline uint64_t special_bytes(const char *p) {
  uint8x16_t v = vld1q_u8((const uint8_t *)p);
  uint8x16_t hit = vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')), vceqq_u8(v, vdupq_n_u8('\\')));
  hit = vorrq_u8(hit, vcltq_u8(v, vdupq_n_u8(0x20)));
  return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hit), 4)), 0);
}

/* Near the end of the text the last 16 bytes are looked at, and those before p shifted out. */
static inline const char *scan_string(const char *p, const char *end, const char *text) {
  for (; end - p >= 16; p += 16) {
    uint64_t mask = special_bytes(p);
    if (mask) return p + (__builtin_ctzll(mask) >> 2);
  }
  if (p < end && end - text >= 16) {
    uint64_t mask = special_bytes(end - 16) >> (4 * (16 - (end - p)));
    return mask ? p + (__builtin_ctzll(mask) >> 2) : end;
  }
  while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) p++;
  return p;
}

#include "json/tokenize.h"

/* As in scan_avx2.c. */
static inline uint8x16_t block_errors(uint8x16_t v, uint8x16_t before) {
  uint8x16_t prev1 = vextq_u8(before, v, 15);
  uint8x16_t prev2 = vextq_u8(before, v, 14);
  uint8x16_t prev3 = vextq_u8(before, v, 13);
  uint8x16_t low = vandq_u8(prev1, vdupq_n_u8(0x0F));
  uint8x16_t pair =
      vandq_u8(vqtbl1q_u8(vld1q_u8(zd_json_utf8.first_high), vshrq_n_u8(prev1, 4)),
               vandq_u8(vqtbl1q_u8(vld1q_u8(zd_json_utf8.first_low), low),
                        vqtbl1q_u8(vld1q_u8(zd_json_utf8.second_high), vshrq_n_u8(v, 4))));
  uint8x16_t third = vqsubq_u8(prev2, vdupq_n_u8(0xE0 - 0x80));
  uint8x16_t fourth = vqsubq_u8(prev3, vdupq_n_u8(0xF0 - 0x80));
  uint8x16_t demanded = vandq_u8(vorrq_u8(third, fourth), vdupq_n_u8(0x80));
  return veorq_u8(demanded, pair);
}

static size_t utf8_neon(const char *p, size_t n) {
  uint8x16_t before = vdupq_n_u8(0);
  bool open = false;
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    uint8x16_t v = vld1q_u8((const uint8_t *)(p + i));
    bool ascii = vmaxvq_u8(v) < 0x80;
    if (!ascii || open) {
      if (vmaxvq_u8(block_errors(v, before)) != 0) return zd_json_utf8_scalar(p, n);
      open = !ascii;
    }
    before = v;
  }
  uint8_t tail[16] = {0};
  memcpy(tail, p + i, n - i);
  if (vmaxvq_u8(block_errors(vld1q_u8(tail), before)) != 0) return zd_json_utf8_scalar(p, n);
  return n;
}

const zd_json_scanner zd_json_scanner_neon = {"neon", tokenize, utf8_neon, NULL};

#endif
