#include "search/text/text_words.h"

#include <libstemmer.h>
#include <stdio.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "base/hash.h"

/* Words as they stand in texts are looked up here before anything is done with them: a register
 * repeats itself. Each has one place; what comes later takes it over. */
enum { PLACES = 8192, RAW_MAX = 45, KEPT_MAX = 80 };

typedef struct place {
  uint8_t raw_n, term_n, stem_n;
  bool odd;
  uint64_t hash; /* of the term */
  char raw[RAW_MAX];
  char term[KEPT_MAX];
} place;

struct zd_words {
  struct sb_stemmer *russian, *english;
  char term[2 * (ZD_WORD_MAX + 40) + 1];
  place places[PLACES];
};

zd_words *zd_words_new(void) {
  zd_words *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  w->russian = sb_stemmer_new("russian", "UTF_8");
  w->english = sb_stemmer_new("english", "UTF_8");
  if (w->russian && w->english) return w;
  zd_words_free(w);
  return NULL;
}

void zd_words_free(zd_words *w) {
  if (!w) return;
  sb_stemmer_delete(w->russian);
  sb_stemmer_delete(w->english);
  free(w);
}

static void *make_words(void) {
  return zd_words_new();
}

static void drop_words(void *w) {
  zd_words_free(w);
}

zd_pool *zd_words_pool(void) {
  return zd_pool_new(make_words, drop_words);
}

/* ---- cutting ---- */

/* What a character is to a word; the numbers are how the table below shows it. */
typedef enum kind {
  GAP = ' ',
  LETTER = 'a',
  DIGIT = '0',
  JOINER = '-',
  APOSTROPHE = '\'',
  POINT = '.'
} kind;

/* Of the characters of one byte. */
static const char plain_kinds[] =
    "                                "
    "       '    . . 0000000000      "
    " aaaaaaaaaaaaaaaaaaaaaaaaaa     "
    " aaaaaaaaaaaaaaaaaaaaaaaaaa     ";
_Static_assert(sizeof plain_kinds == 0x80 + 1, "a kind for each of them");

static kind kind_of_point(utf8proc_int32_t c) {
  if (c == 0x2019) return APOSTROPHE;
  utf8proc_category_t category = utf8proc_category(c);
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return LETTER;
  if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return DIGIT;
  bool mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
  return mark || category == UTF8PROC_CATEGORY_CF ? JOINER : GAP;
}

/* Whether a letter of two bytes stands at p: U+0400 .. U+047F. */
static inline bool is_cyrillic(const char *p, const char *end) {
  return ((unsigned char)*p & 0xFE) == 0xD0 && end - p > 1 && ((unsigned char)p[1] & 0xC0) == 0x80;
}

/* What stands at p, which is before the end, and how many bytes it takes. */
static kind kind_at(const char *p, const char *end, size_t *bytes) {
  unsigned char a = (unsigned char)*p;
  *bytes = 1;
  if (a < 0x80) return (kind)plain_kinds[a];
  if (is_cyrillic(p, end)) {
    *bytes = 2;
    return LETTER;
  }
  utf8proc_int32_t c;
  utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)p, end - p, &c);
  if (used <= 0) return GAP;
  *bytes = (size_t)used;
  return kind_of_point(c);
}

/* What the word goes on with behind an apostrophe or a point. */
static bool goes_on(const char *p, const char *end, kind wanted) {
  size_t bytes;
  return p < end && kind_at(p, end, &bytes) == wanted;
}

/* The first letter or digit from p on, or the end. */
static const char *skip_gaps(const char *p, const char *end) {
  for (size_t bytes; p < end; p += bytes) {
    unsigned char a = (unsigned char)*p;
    bytes = 1;
    kind k = a < 0x80 ? (kind)plain_kinds[a] : kind_at(p, end, &bytes);
    if (k == LETTER || k == DIGIT) break;
  }
  return p;
}

/* Passes the letters and digits that nearly all words consist of; *last: what was passed last. */
static inline const char *pass_plain(const char *p, const char *end, kind *last) {
  while (p < end) {
    unsigned char a = (unsigned char)*p;
    if (a < 0x80) {
      kind k = (kind)plain_kinds[a];
      if (k != LETTER && k != DIGIT) break;
      *last = k;
      p++;
    } else if (is_cyrillic(p, end)) {
      *last = LETTER;
      p += 2;
    } else {
      break;
    }
  }
  return p;
}

bool zd_words_next(zd_slice *rest, zd_slice *raw) {
  const char *end = rest->p + rest->n;
  const char *start = skip_gaps(rest->p, end), *p = start;
  size_t bytes;
  kind last = GAP;
  while ((p = pass_plain(p, end, &last)) < end) {
    if (*p == ' ') break;
    kind k = kind_at(p, end, &bytes);
    if (k == GAP) break;
    if (k == APOSTROPHE && !(last == LETTER && goes_on(p + bytes, end, LETTER))) break;
    if (k == POINT && !(last == DIGIT && goes_on(p + bytes, end, DIGIT))) break;
    if (k != JOINER) last = k;
    p += bytes;
  }
  *raw = (zd_slice){start, (size_t)(p - start)};
  *rest = (zd_slice){p, (size_t)(end - p)};
  return raw->n > 0;
}

/* ---- folding ---- */

enum { DECOMPOSED = 18 };
static const char short_i[2] = {(char)0xD0, (char)0xB9}; /* й */

/* One code point, folded, behind the n bytes at p; returns the new n. There is room for it. */
static size_t fold_part(char *p, size_t n, utf8proc_int32_t c) {
  utf8proc_category_t category = utf8proc_category(c);
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) {
    bool breve = c == 0x306 && n >= 2 && p[n - 2] == short_i[0] && p[n - 1] == (char)0xB8;
    if (breve) p[n - 1] = short_i[1];
    return n;
  }
  if (category < UTF8PROC_CATEGORY_LU ||
      (category > UTF8PROC_CATEGORY_NO && category < UTF8PROC_CATEGORY_SM) ||
      category > UTF8PROC_CATEGORY_SO)
    return n;
  return n + (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)p + n);
}

static zd_err fold_any(zd_slice raw, zd_arena *arena, char **out, size_t *out_n) {
  const utf8proc_option_t how =
      UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
  size_t n = 0, room = 2 * raw.n + 4 * DECOMPOSED;
  char *p = zd_arena_alloc(arena, room);
  if (!p) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < raw.n;) {
    utf8proc_int32_t c, parts[DECOMPOSED];
    int class = 0;
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)raw.p + i, (utf8proc_ssize_t)(raw.n - i), &c);
    if (used <= 0) break;
    i += (size_t)used;
    if (c == ',' || c == '.') {
      p[n++] = '.';
      continue;
    }
    utf8proc_ssize_t count = utf8proc_decompose_char(c, parts, DECOMPOSED, how, &class);
    for (utf8proc_ssize_t k = 0; k < count && k < DECOMPOSED; k++) n = fold_part(p, n, parts[k]);
    if (room - n >= 4 * DECOMPOSED) continue;
    char *larger = zd_arena_alloc(arena, room *= 2);
    if (!larger) return ZD_ERR_MEMORY;
    memcpy(larger, p, n);
    p = larger;
  }
  *out = p;
  *out_n = n;
  return ZD_OK;
}

/* Latin and Russian letters without marks, digits: no longer than before. False: something else. */
static bool fold_plain(zd_slice raw, char *out, size_t *n) {
  *n = 0;
  for (size_t i = 0; i < raw.n; i++) {
    unsigned char a = (unsigned char)raw.p[i];
    if (a < 0x80) {
      if (a == '\'') continue;
      if (a >= 'A' && a <= 'Z') a = (unsigned char)(a + 32);
      out[(*n)++] = a == ',' ? '.' : (char)a;
      continue;
    }
    if ((a != 0xD0 && a != 0xD1) || i + 1 >= raw.n) return false;
    unsigned c = ((a & 0x1Fu) << 6) | ((unsigned char)raw.p[++i] & 0x3Fu);
    if (c == 0x401 || c == 0x451) c = 0x435;
    if (c >= 0x410 && c <= 0x42F) c += 0x20;
    if (c < 0x430 || c > 0x44F) return false;
    out[(*n)++] = (char)(0xC0 | (c >> 6));
    out[(*n)++] = (char)(0x80 | (c & 0x3F));
  }
  return true;
}

/* ---- stems ---- */

zd_word_script zd_word_script_of(zd_slice form) {
  bool latin = true, russian = form.n % 2 == 0;
  for (size_t i = 0; i < form.n && latin; i++) latin = form.p[i] >= 'a' && form.p[i] <= 'z';
  if (latin) return ZD_SCRIPT_LATIN;
  for (size_t i = 0; i + 1 < form.n && russian; i += 2) {
    unsigned char a = (unsigned char)form.p[i], b = (unsigned char)form.p[i + 1];
    russian = (a == 0xD0 && b >= 0xB0) || (a == 0xD1 && b >= 0x80 && b <= 0x8F);
  }
  return russian ? ZD_SCRIPT_RUSSIAN : ZD_SCRIPT_OTHER;
}

/* й is и, as in string search. */
static void level(char *p, size_t n) {
  for (size_t i = 0; i + 1 < n; i++)
    if (p[i] == short_i[0] && p[i + 1] == short_i[1]) p[i + 1] = (char)0xB8;
}

/* The stem of the n bytes at w->term. The Russian stemmer only ever cuts off. */
static zd_err find_stem(zd_words *w, size_t n, zd_slice *out, bool *odd) {
  zd_word_script script = zd_word_script_of((zd_slice){w->term, n});
  *out = (zd_slice){w->term, n};
  *odd = false;
  if (script == ZD_SCRIPT_OTHER) return ZD_OK;
  struct sb_stemmer *stemmer = script == ZD_SCRIPT_LATIN ? w->english : w->russian;
  const sb_symbol *found = sb_stemmer_stem(stemmer, (const sb_symbol *)w->term, (int)n);
  if (!found) return ZD_ERR_MEMORY;
  zd_slice stem = zd_slice_make(found, (size_t)sb_stemmer_length(stemmer));
  if (!stem.n || stem.n > ZD_WORD_MAX + 8) return ZD_OK;
  *odd = !zd_slice_starts(*out, stem);
  if (!*odd || script == ZD_SCRIPT_LATIN) *out = stem;
  *odd = *odd && script == ZD_SCRIPT_LATIN;
  return ZD_OK;
}

/* The folded word is at w->term; the term is made in its place. */
static zd_err make_term(zd_words *w, size_t n, zd_word *out) {
  zd_slice stem;
  zd_err err = find_stem(w, n, &stem, &out->odd);
  if (err) return err;
  size_t tail = out->odd ? 0 : stem.n;
  memmove(w->term + stem.n + 1, w->term + tail, n - tail);
  memmove(w->term, stem.p, stem.n);
  w->term[stem.n] = 0;
  out->stem_n = stem.n;
  out->term = (zd_slice){w->term, stem.n + 1 + n - tail};
  level(w->term, out->term.n);
  return ZD_OK;
}

/* A word too long for a term: its beginning, whole characters, and what tells it from others. */
static void digest(zd_words *w, char *form, size_t form_n, zd_word *out) {
  size_t n = ZD_WORD_MAX;
  while (((unsigned char)form[n] & 0xC0) == 0x80) n--;
  level(form, form_n);
  memcpy(w->term, form, n);
  w->term[n++] = 3;
  zd_sha256(form, form_n, (unsigned char *)w->term + n);
  n += 32;
  w->term[n] = 0;
  *out = (zd_word){.term = {w->term, n + 1}, .stem_n = n};
}

static zd_err fold_and_stem(zd_words *w, zd_slice raw, zd_arena *scratch, zd_word *out) {
  size_t n;
  if (raw.n > ZD_WORD_MAX || !fold_plain(raw, w->term, &n)) {
    char *form;
    zd_err err = fold_any(raw, scratch, &form, &n);
    if (err) return err;
    if (n > ZD_WORD_MAX) {
      digest(w, form, n, out);
      return ZD_OK;
    }
    memcpy(w->term, form, n);
  }
  *out = (zd_word){.term = {w->term, 0}};
  return n ? make_term(w, n, out) : ZD_OK;
}

static zd_err make(zd_words *w, zd_slice raw, zd_arena *scratch, zd_word *out) {
  zd_err err = fold_and_stem(w, raw, scratch, out);
  if (!err) out->hash = zd_hash64(out->term.p, out->term.n);
  return err;
}

zd_err zd_words_read(zd_words *w, zd_slice raw, zd_arena *scratch, zd_word *out) {
  if (raw.n > RAW_MAX) return make(w, raw, scratch, out);
  uint64_t h = zd_hash64(raw.p, raw.n);
  place *at = &w->places[(h ^ (h >> 32)) % PLACES];
  if (at->raw_n != raw.n || memcmp(at->raw, raw.p, raw.n) != 0) {
    zd_err err = make(w, raw, scratch, out);
    if (err || out->term.n > KEPT_MAX) return err;
    at->raw_n = (uint8_t)raw.n;
    at->term_n = (uint8_t)out->term.n;
    at->stem_n = (uint8_t)out->stem_n;
    at->odd = out->odd;
    at->hash = out->hash;
    memcpy(at->raw, raw.p, raw.n);
    memcpy(at->term, out->term.p, out->term.n);
  }
  *out = (zd_word){{at->term, at->term_n}, at->stem_n, at->odd, at->hash};
  return ZD_OK;
}

zd_slice zd_word_form(const zd_word *word, zd_arena *arena) {
  zd_slice ending = zd_slice_from(word->term, word->stem_n + 1);
  size_t stem_n = word->odd ? 0 : word->stem_n;
  char *p = zd_arena_alloc(arena, stem_n + ending.n + 1);
  if (!p) return (zd_slice){NULL, 0};
  memcpy(p, word->term.p, stem_n);
  if (ending.n) memcpy(p + stem_n, ending.p, ending.n);
  return (zd_slice){p, stem_n + ending.n};
}

/* ---- what stays the same ---- */

static const char telling[] =
    "happy hoping hopped relational ability dying skies generously national conditional digitizer "
    "vietnamization feudalism decisiveness hopefulness callousness formality sensitivity "
    "electrical "
    "adjustable replacement owed proceed news innings herring communism arsenal yes enjoyed baying "
    "tanned misses ties cries succeed apology idly gently ugly early only singly flies "
    "пневмониями острейший противоестественного больными воспалительная кровотечение сделавшись "
    "прислушивавшийся понимающими обследованный длинной твёрдость важнейшее конь иностранцев "
    "возвращаясь неся нарушениях болезненностью лёгкие ребёнка сердечно сосудов давлению мази "
    "Straße naïve ½ Ёлка ЙОД и\xCC\x86од ŉ ﬁrst ａｂ Ωμέγα İstanbul ΐ 37,5 B12 O’Neil "
    "soft\xC2\xADly";

zd_err zd_words_mark(char out[ZD_WORDS_MARK + 1]) {
  char all[4 * sizeof telling];
  size_t n = 0;
  unsigned char digest[32];
  zd_slice rest = {telling, sizeof telling - 1}, raw;
  zd_words *w = zd_words_new();
  zd_arena scratch;
  zd_arena_init(&scratch, 0);
  zd_err err = w ? ZD_OK : ZD_ERR_MEMORY;
  while (!err && zd_words_next(&rest, &raw)) {
    zd_word word;
    err = zd_words_read(w, raw, &scratch, &word);
    if (err || n + word.term.n > sizeof all) break;
    memcpy(all + n, word.term.p, word.term.n);
    n += word.term.n;
  }
  zd_arena_free(&scratch);
  zd_words_free(w);
  zd_sha256(all, n, digest);
  for (int i = 0; i < ZD_WORDS_MARK / 2; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
  return err;
}
