/* set.h: a set of rows within one chunk, and its algebra.
 *
 * Rows of a chunk are 16-bit. A set is a sorted array of them, or a bitmap of 1,024 words; either
 * form may stand for any number of rows (only the stored form is bound: array up to ZD_SET_ARRAY).
 * A set borrows its memory: from a mapped segment, or from a zd_set_room of the evaluation.
 */
#ifndef ZD_INDEX_SET_H
#define ZD_INDEX_SET_H

#include "base/slice.h"

enum { ZD_SET_WORDS = 1024, ZD_SET_ARRAY = 4096 };

typedef struct zd_set {
  const uint16_t *rows;  /* sorted, distinct; when words is NULL */
  const uint64_t *words; /* ZD_SET_WORDS of them, or NULL */
  uint32_t n;            /* rows in it */
} zd_set;

/* 8 KB: a bitmap, or ZD_SET_ARRAY rows. */
typedef union zd_set_room {
  uint64_t words[ZD_SET_WORDS];
  uint16_t rows[ZD_SET_ARRAY];
} zd_set_room;

static inline zd_set zd_set_empty(void) {
  return (zd_set){NULL, NULL, 0};
}

static inline bool zd_words_has(const uint64_t *words, uint32_t row) {
  return (words[row >> 6] >> (row & 63)) & 1;
}

static inline void zd_words_add(uint64_t *words, uint32_t row) {
  words[row >> 6] |= UINT64_C(1) << (row & 63);
}

bool zd_set_has(const zd_set *s, uint32_t row);

/* Bitmaps. `count` counts set bits. */
uint32_t zd_words_count(const uint64_t *words);
uint32_t zd_words_and_count(const uint64_t *a, const uint64_t *b);
/* Sets bits [first, last), 0 <= first <= last <= 65,536. */
void zd_words_fill(uint64_t *words, uint32_t first, uint32_t last);
void zd_words_add_set(uint64_t *words, const zd_set *s);
void zd_words_remove_set(uint64_t *words, const zd_set *s);
/* A bitmap as a set: counts, and turns it into an array when it is small enough to be one. `out`
 * may be the room that holds the words. */
zd_set zd_set_of_words(const uint64_t *words, zd_set_room *out);

/* Results go to `out`, which may hold `a`, and must not hold `b`; the result may also borrow. */
zd_set zd_set_and(const zd_set *a, const zd_set *b, zd_set_room *out);
zd_set zd_set_andnot(const zd_set *a, const zd_set *b, zd_set_room *out);
/* Here `out` must hold neither, unless `a` is a bitmap. */
zd_set zd_set_or(const zd_set *a, const zd_set *b, zd_set_room *out);
/* The rows in [first, last). */
zd_set zd_set_clip(const zd_set *a, uint32_t first, uint32_t last, zd_set_room *out);
/* Sizes without results. */
uint32_t zd_set_and_count(const zd_set *a, const zd_set *b);

/* The rows of the set in ascending order into out; returns how many. `out` has room for 65,536: a
 * damaged bitmap may hold more rows than its n says. */
uint32_t zd_set_list(const zd_set *s, uint16_t *out);
/* Only the first `room` of them, from the end when descending. */
uint32_t zd_set_list_some(const zd_set *s, bool descending, uint16_t *out, uint32_t room);

#endif
