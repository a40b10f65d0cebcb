/* scan_avx2.c: 32 bytes at a time (x86-64 with AVX2; compiled with -mavx2, chosen at run time). */
#ifdef __AVX2__

#include <immintrin.h>

#include "json/scan.h"

/* A bit for each of 32 bytes that ends a run of plain text: quote, backslash, control character. */
static inline uint32_t special_bytes(const char *p) {
  __m256i v = _mm256_loadu_si256((const __m256i_u *)p);
  __m256i hit = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
                                _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
  __m256i control = _mm256_min_epu8(v, _mm256_set1_epi8(0x1F));
  hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(control, v));
  return (uint32_t)_mm256_movemask_epi8(hit);
}

/* Near the end of the text the last 32 bytes are looked at, and those before p shifted out. */
static inline const char *scan_string(const char *p, const char *end, const char *text) {
  for (; end - p >= 32; p += 32) {
    uint32_t mask = special_bytes(p);
    if (mask) return p + __builtin_ctz(mask);
  }
  if (p < end && end - text >= 32) {
    uint32_t mask = special_bytes(end - 32) >> (32 - (end - p));
    return mask ? p + __builtin_ctz(mask) : end;
  }
  while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) p++;
  return p;
}

#include "json/tokenize.h"

static inline __m256i load16(const uint8_t *table) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i_u *)table));
}

static inline __m256i high_half(__m256i v) {
  return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0F));
}

/* Nonzero bytes where the block, seen after the block before it, breaks UTF-8. */
static inline __m256i block_errors(__m256i v, __m256i before) {
  __m256i carry = _mm256_permute2x128_si256(before, v, 0x21);
  __m256i prev1 = _mm256_alignr_epi8(v, carry, 15);
  __m256i prev2 = _mm256_alignr_epi8(v, carry, 14);
  __m256i prev3 = _mm256_alignr_epi8(v, carry, 13);
  __m256i low = _mm256_and_si256(prev1, _mm256_set1_epi8(0x0F));
  __m256i pair = _mm256_and_si256(
      _mm256_shuffle_epi8(load16(zd_json_utf8.first_high), high_half(prev1)),
      _mm256_and_si256(_mm256_shuffle_epi8(load16(zd_json_utf8.first_low), low),
                       _mm256_shuffle_epi8(load16(zd_json_utf8.second_high), high_half(v))));
  /* Third bytes follow E0.. two back, fourth bytes F0.. three back: there two continuation bytes in
   * a row (bit 7 of the tables) are demanded, elsewhere they are an error. */
  __m256i third = _mm256_subs_epu8(prev2, _mm256_set1_epi8(0xE0 - 0x80));
  __m256i fourth = _mm256_subs_epu8(prev3, _mm256_set1_epi8((char)(0xF0 - 0x80)));
  __m256i demanded = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
  return _mm256_xor_si256(demanded, pair);
}

/* The last block is padded with zeros, which also shows a sequence cut off by the end; a text that
 * ends with a full block gets one of zeros. Where the fault is, the scalar check says. */
static size_t utf8_avx2(const char *p, size_t n) {
  __m256i before = _mm256_setzero_si256();
  bool open = false; /* the block before may end inside a sequence */
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    __m256i v = _mm256_loadu_si256((const __m256i_u *)(p + i));
    if (_mm256_movemask_epi8(v) || open) {
      __m256i errors = block_errors(v, before);
      if (!_mm256_testz_si256(errors, errors)) return zd_json_utf8_scalar(p, n);
      open = _mm256_movemask_epi8(v) != 0;
    }
    before = v;
  }
  char tail[32] = {0};
  memcpy(tail, p + i, n - i);
  __m256i errors = block_errors(_mm256_loadu_si256((const __m256i_u *)tail), before);
  if (!_mm256_testz_si256(errors, errors)) return zd_json_utf8_scalar(p, n);
  return n;
}

static inline zd_json_marks half_marks(const char *p) {
  __m256i v = _mm256_loadu_si256((const __m256i_u *)p);
  __m256i folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20)); /* [ like {, ] like } */
  __m256i brackets = _mm256_or_si256(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('{')),
                                     _mm256_cmpeq_epi8(folded, _mm256_set1_epi8('}')));
  return (zd_json_marks){
      (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"'))),
      (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'))),
      (uint32_t)_mm256_movemask_epi8(brackets)};
}

static zd_json_marks marks_avx2(const char *p) {
  zd_json_marks low = half_marks(p), high = half_marks(p + 32);
  return (zd_json_marks){low.quotes | high.quotes << 32, low.backslashes | high.backslashes << 32,
                         low.brackets | high.brackets << 32};
}

const zd_json_scanner zd_json_scanner_avx2 = {"avx2", tokenize, utf8_avx2, marks_avx2};

#endif
