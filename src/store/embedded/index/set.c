#include "store/embedded/index/set.h"

static uint32_t lower_bound(const uint16_t *rows, uint32_t n, uint32_t row) {
  uint32_t low = 0;
  while (n > 0) {
    uint32_t half = n / 2;
    if (rows[low + half] < row) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

bool zd_set_has(const zd_set *s, uint32_t row) {
  if (s->words) return zd_words_has(s->words, row);
  uint32_t at = lower_bound(s->rows, s->n, row);
  return at < s->n && s->rows[at] == row;
}

/* Counting is the hot loop of `_summary=count`: with the POPCNT instruction where there is one. */
#if defined(__x86_64__)
#define WITH_POPCNT __attribute__((target("popcnt")))
static bool have_popcnt(void) {
  return __builtin_cpu_supports("popcnt");
}
#else
#define WITH_POPCNT
static bool have_popcnt(void) {
  return true;
}
#endif

#define COUNT_LOOP(expression)                                                               \
  uint32_t n = 0;                                                                            \
  for (size_t i = 0; i < ZD_SET_WORDS; i++) n += (uint32_t)__builtin_popcountll(expression); \
  return n

static WITH_POPCNT uint32_t count_fast(const uint64_t *a) {
  COUNT_LOOP(a[i]);
}
static uint32_t count_plain(const uint64_t *a) {
  COUNT_LOOP(a[i]);
}
static WITH_POPCNT uint32_t and_count_fast(const uint64_t *a, const uint64_t *b) {
  COUNT_LOOP(a[i] & b[i]);
}
static uint32_t and_count_plain(const uint64_t *a, const uint64_t *b) {
  COUNT_LOOP(a[i] & b[i]);
}

uint32_t zd_words_count(const uint64_t *words) {
  return have_popcnt() ? count_fast(words) : count_plain(words);
}

uint32_t zd_words_and_count(const uint64_t *a, const uint64_t *b) {
  return have_popcnt() ? and_count_fast(a, b) : and_count_plain(a, b);
}

void zd_words_fill(uint64_t *words, uint32_t first, uint32_t last) {
  while (first < last && (first & 63)) zd_words_add(words, first++);
  while (first + 64 <= last) {
    words[first >> 6] = UINT64_MAX;
    first += 64;
  }
  while (first < last) zd_words_add(words, first++);
}

void zd_words_add_set(uint64_t *words, const zd_set *s) {
  if (s->words) {
    for (size_t i = 0; i < ZD_SET_WORDS; i++) words[i] |= s->words[i];
    return;
  }
  for (uint32_t i = 0; i < s->n; i++) zd_words_add(words, s->rows[i]);
}

void zd_words_remove_set(uint64_t *words, const zd_set *s) {
  if (s->words) {
    for (size_t i = 0; i < ZD_SET_WORDS; i++) words[i] &= ~s->words[i];
    return;
  }
  for (uint32_t i = 0; i < s->n; i++) words[s->rows[i] >> 6] &= ~(UINT64_C(1) << (s->rows[i] & 63));
}

static uint32_t list_words(const uint64_t *words, uint16_t *out) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < ZD_SET_WORDS; i++) {
    for (uint64_t word = words[i]; word; word &= word - 1)
      out[n++] = (uint16_t)(i * 64 + (uint32_t)__builtin_ctzll(word));
  }
  return n;
}

zd_set zd_set_of_words(const uint64_t *words, zd_set_room *out) {
  uint32_t n = zd_words_count(words);
  if (n > ZD_SET_ARRAY / 4) {
    if (words != out->words) memcpy(out->words, words, sizeof out->words);
    return (zd_set){NULL, out->words, n};
  }
  uint16_t rows[ZD_SET_ARRAY / 4];
  list_words(words, rows);
  memcpy(out->rows, rows, n * sizeof rows[0]);
  return (zd_set){out->rows, NULL, n};
}

uint32_t zd_set_list(const zd_set *s, uint16_t *out) {
  if (s->words) return list_words(s->words, out);
  if (s->n) memcpy(out, s->rows, s->n * sizeof out[0]);
  return s->n;
}

static uint32_t list_words_down(const uint64_t *words, uint16_t *out, uint32_t room) {
  uint32_t n = 0;
  for (uint32_t i = ZD_SET_WORDS; i-- > 0 && n < room;) {
    for (uint64_t word = words[i]; word && n < room;) {
      uint32_t bit = 63 - (uint32_t)__builtin_clzll(word);
      out[n++] = (uint16_t)(i * 64 + bit);
      word ^= UINT64_C(1) << bit;
    }
  }
  return n;
}

static uint32_t list_words_up(const uint64_t *words, uint16_t *out, uint32_t room) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < ZD_SET_WORDS && n < room; i++) {
    for (uint64_t word = words[i]; word && n < room; word &= word - 1)
      out[n++] = (uint16_t)(i * 64 + (uint32_t)__builtin_ctzll(word));
  }
  return n;
}

uint32_t zd_set_list_some(const zd_set *s, bool descending, uint16_t *out, uint32_t room) {
  if (s->words)
    return descending ? list_words_down(s->words, out, room) : list_words_up(s->words, out, room);
  uint32_t n = s->n < room ? s->n : room;
  for (uint32_t i = 0; i < n; i++) out[i] = s->rows[descending ? s->n - 1 - i : i];
  return n;
}

/* Keeps the rows of an array that are (keep) or are not (!keep) in a bitmap. */
static zd_set filter_by_words(const zd_set *a, const uint64_t *words, bool keep, zd_set_room *out) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    uint16_t row = a->rows[i];
    out->rows[n] = row;
    n += zd_words_has(words, row) == keep;
  }
  return (zd_set){out->rows, NULL, n};
}

/* Galloping: for each row of the small array, doubling steps through the large one. */
static uint32_t gallop(const zd_set *small, const zd_set *large, uint16_t *out) {
  uint32_t n = 0, at = 0;
  for (uint32_t i = 0; i < small->n && at < large->n; i++) {
    uint32_t row = small->rows[i], step = 1;
    while (at + step < large->n && large->rows[at + step] < row) step *= 2;
    uint32_t from = at + step / 2, to = at + step < large->n ? at + step + 1 : large->n;
    at = from + lower_bound(large->rows + from, to - from, row);
    if (at < large->n && large->rows[at] == row) out[n++] = (uint16_t)row;
  }
  return n;
}

static uint32_t and_arrays(const zd_set *a, const zd_set *b, uint16_t *out) {
  if (a->n * 16 < b->n) return gallop(a, b, out);
  if (b->n * 16 < a->n && out != a->rows) return gallop(b, a, out);
  uint32_t n = 0, i = 0, j = 0;
  while (i < a->n && j < b->n) {
    uint16_t x = a->rows[i], y = b->rows[j];
    if (x == y) out[n++] = x;
    i += x <= y;
    j += y <= x;
  }
  return n;
}

zd_set zd_set_and(const zd_set *a, const zd_set *b, zd_set_room *out) {
  if (a->n == 0 || b->n == 0) return zd_set_empty();
  if (a->words && b->words) {
    for (size_t i = 0; i < ZD_SET_WORDS; i++) out->words[i] = a->words[i] & b->words[i];
    return zd_set_of_words(out->words, out);
  }
  if (b->words) return filter_by_words(a, b->words, true, out);
  if (!a->words) return (zd_set){out->rows, NULL, and_arrays(a, b, out->rows)};
  /* `out` may be the bitmap of `a`: collect aside before it is overwritten. */
  uint16_t rows[ZD_SET_ARRAY];
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->n; i++) {
    rows[n] = b->rows[i];
    n += zd_words_has(a->words, b->rows[i]);
  }
  memcpy(out->rows, rows, n * sizeof rows[0]);
  return (zd_set){out->rows, NULL, n};
}

zd_set zd_set_andnot(const zd_set *a, const zd_set *b, zd_set_room *out) {
  if (a->n == 0 || b->n == 0) return *a;
  if (a->words) {
    if (a->words != out->words) memcpy(out->words, a->words, sizeof out->words);
    zd_words_remove_set(out->words, b);
    return zd_set_of_words(out->words, out);
  }
  if (b->words) return filter_by_words(a, b->words, false, out);
  uint32_t n = 0, j = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    uint16_t row = a->rows[i];
    while (j < b->n && b->rows[j] < row) j++;
    if (j == b->n || b->rows[j] != row) out->rows[n++] = row;
  }
  return (zd_set){out->rows, NULL, n};
}

zd_set zd_set_or(const zd_set *a, const zd_set *b, zd_set_room *out) {
  if (a->n == 0) return *b;
  if (b->n == 0) return *a;
  if (a->words || b->words || a->n + b->n > ZD_SET_ARRAY / 4) {
    if (a->words) {
      if (a->words != out->words) memcpy(out->words, a->words, sizeof out->words);
    } else {
      memset(out->words, 0, sizeof out->words);
      zd_words_add_set(out->words, a);
    }
    zd_words_add_set(out->words, b);
    return (zd_set){NULL, out->words, zd_words_count(out->words)};
  }
  uint32_t n = 0, i = 0, j = 0;
  while (i < a->n && j < b->n) {
    uint16_t x = a->rows[i], y = b->rows[j];
    out->rows[n++] = x < y ? x : y;
    i += x <= y;
    j += y <= x;
  }
  while (i < a->n) out->rows[n++] = a->rows[i++];
  while (j < b->n) out->rows[n++] = b->rows[j++];
  return (zd_set){out->rows, NULL, n};
}

zd_set zd_set_clip(const zd_set *a, uint32_t first, uint32_t last, zd_set_room *out) {
  if (a->n == 0 || (first == 0 && last == 65536)) return *a;
  if (!a->words) {
    uint32_t from = lower_bound(a->rows, a->n, first), to = lower_bound(a->rows, a->n, last);
    return to > from ? (zd_set){a->rows + from, NULL, to - from} : zd_set_empty();
  }
  uint64_t mask[ZD_SET_WORDS] = {0};
  zd_words_fill(mask, first, last);
  for (size_t i = 0; i < ZD_SET_WORDS; i++) out->words[i] = a->words[i] & mask[i];
  return zd_set_of_words(out->words, out);
}

uint32_t zd_set_and_count(const zd_set *a, const zd_set *b) {
  if (a->n == 0 || b->n == 0) return 0;
  if (a->words && b->words) return zd_words_and_count(a->words, b->words);
  if (!a->words && !b->words) {
    uint32_t n = 0, i = 0, j = 0;
    while (i < a->n && j < b->n) {
      uint16_t x = a->rows[i], y = b->rows[j];
      n += x == y;
      i += x <= y;
      j += y <= x;
    }
    return n;
  }
  const zd_set *list = a->words ? b : a, *map = a->words ? a : b;
  uint32_t n = 0;
  for (uint32_t i = 0; i < list->n; i++) n += zd_words_has(map->words, list->rows[i]);
  return n;
}
