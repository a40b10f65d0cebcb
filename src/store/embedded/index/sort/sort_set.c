/* Sets of rows over all chunks: a bitmap for each chunk that has ever had a row. */
#include "store/embedded/index/sort/sort_internal.h"

zd_err zd_sort_set_init(zd_sort *s, zd_sort_set *set) {
  zd_err err = ZD_OK;
  if (set->words) return ZD_OK;
  set->words = zd_sort_alloc(s, &s->memory, s->chunks * sizeof *set->words, &err);
  if (!err) set->used = zd_sort_alloc(s, &s->memory, s->chunks * sizeof *set->used, &err);
  if (err) return err;
  memset(set->words, 0, s->chunks * sizeof *set->words);
  memset(set->used, 0, s->chunks * sizeof *set->used);
  return ZD_OK;
}

void zd_sort_set_clear(const zd_sort *s, zd_sort_set *set) {
  set->n = 0;
  if (set->used) memset(set->used, 0, s->chunks * sizeof *set->used);
}

uint64_t *zd_sort_set_words(zd_sort *s, zd_sort_set *set, uint64_t chunk, zd_err *err) {
  *err = ZD_OK;
  if (set->used[chunk]) return set->words[chunk];
  if (!set->words[chunk]) {
    set->words[chunk] = zd_sort_alloc(s, &s->memory, ZD_SET_WORDS * sizeof(uint64_t), err);
    if (*err) return NULL;
  }
  memset(set->words[chunk], 0, ZD_SET_WORDS * sizeof(uint64_t));
  set->used[chunk] = true;
  return set->words[chunk];
}

bool zd_sort_set_has(const zd_sort *s, const zd_sort_set *set, zd_row row) {
  uint64_t chunk = zd_chunk_of(row);
  return chunk < s->chunks && set->used[chunk] &&
         zd_words_has(set->words[chunk], (uint32_t)(row & (ZD_CHUNK_ROWS - 1)));
}

zd_err zd_sort_set_add(zd_sort *s, zd_sort_set *set, zd_row row) {
  zd_err err;
  uint64_t *words = zd_sort_set_words(s, set, zd_chunk_of(row), &err);
  uint32_t within = (uint32_t)(row & (ZD_CHUNK_ROWS - 1));
  if (err || zd_words_has(words, within)) return err;
  zd_words_add(words, within);
  set->n++;
  return ZD_OK;
}

/* ---- emitting ---- */

/* The rows of a word, less those that do not stand behind `after`. */
static uint64_t word_behind(uint64_t word, zd_row base, bool down, zd_row after) {
  if (after == ZD_NO_ROW) return word;
  if (down) { /* rows below `after` */
    if (after <= base) return 0;
    return after - base >= 64 ? word : word & ((UINT64_C(1) << (after - base)) - 1);
  }
  if (after < base) return word;
  return after - base >= 63 ? 0 : word & ~((UINT64_C(2) << (after - base)) - 1);
}

zd_err zd_sort_emit_words(zd_sort *s, uint64_t chunk, const uint64_t *words, bool down,
                          zd_row after) {
  zd_err err = ZD_OK;
  for (uint32_t i = 0; i < ZD_SET_WORDS && !err && !zd_sort_full(s); i++) {
    uint32_t at = down ? ZD_SET_WORDS - 1 - i : i;
    zd_row base = zd_chunk_first(chunk) + (zd_row)at * 64;
    uint64_t word = words[at] ? word_behind(words[at], base, down, after) : 0;
    while (word && !err && !zd_sort_full(s)) {
      uint32_t bit = down ? 63 - (uint32_t)__builtin_clzll(word) : (uint32_t)__builtin_ctzll(word);
      word ^= UINT64_C(1) << bit;
      err = zd_sort_emit(s, base + bit, false);
    }
  }
  return err;
}

zd_err zd_sort_emit_set(zd_sort *s, zd_sort_set *set, bool down, zd_row after) {
  zd_err err = ZD_OK;
  for (uint64_t i = 0; i < s->chunks && !err && !zd_sort_full(s); i++) {
    uint64_t chunk = down ? s->chunks - 1 - i : i;
    if (set->used[chunk]) err = zd_sort_emit_words(s, chunk, set->words[chunk], down, after);
  }
  return err;
}
