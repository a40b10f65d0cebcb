#include "search/values/fold.h"

#include <utf8proc.h>

/* A folded character may be longer than the original: one code point decomposes to at most 18, of
 * at most four bytes. Room is kept for one of them, and the rest grows by reallocation. */
enum { DECOMPOSED = 18, CHARACTER = DECOMPOSED * 4 };

typedef struct folder {
  zd_arena *arena;
  char *p;
  size_t n, room, limit;
  bool blank; /* a blank is due before the next character */
  bool cut, failed;
} folder;

static bool grow(folder *f, size_t more) {
  if (f->room - f->n >= more) return true;
  size_t room = f->room * 2 + more;
  char *p = zd_arena_alloc(f->arena, room);
  if (!p) {
    f->failed = true;
    return false;
  }
  memcpy(p, f->p, f->n);
  f->p = p;
  f->room = room;
  return true;
}

/* Appends one folded character, and the blank that stands before it. */
static void put(folder *f, const char *bytes, size_t n) {
  if (f->cut) return;
  bool blank = f->blank && f->n;
  if (f->limit && f->n + blank + n > f->limit) {
    f->cut = true;
    return;
  }
  if (!grow(f, n + 1)) return;
  if (blank) f->p[f->n++] = ' ';
  f->blank = false;
  memcpy(f->p + f->n, bytes, n);
  f->n += n;
}

static bool is_punctuation(utf8proc_int32_t c) {
  utf8proc_category_t category = utf8proc_category(c);
  return (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO) ||
         category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF;
}

static bool is_space(utf8proc_int32_t c) {
  utf8proc_category_t category = utf8proc_category(c);
  return c == ' ' || (c >= '\t' && c <= '\r') ||
         (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP);
}

static void put_point(folder *f, utf8proc_int32_t c) {
  if (is_space(c)) {
    f->blank = true;
  } else if (!is_punctuation(c)) {
    utf8proc_uint8_t bytes[4];
    put(f, (const char *)bytes, (size_t)utf8proc_encode_char(c, bytes));
  }
}

/* Any character; returns the bytes it took. */
static size_t slow_step(folder *f, const char *p, size_t n) {
  const utf8proc_option_t how =
      UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
  utf8proc_int32_t c, parts[DECOMPOSED];
  utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, &c);
  if (used <= 0) return 1;
  int class = 0;
  utf8proc_ssize_t count = utf8proc_decompose_char(c, parts, DECOMPOSED, how, &class);
  for (utf8proc_ssize_t i = 0; i < count && i < DECOMPOSED; i++) put_point(f, parts[i]);
  return (size_t)used;
}

/* Characters of one byte, folded: a point is dropped, as points are; a blank separates. */
static const char plain_of[] =
    ".........     .................."
    " ...$......+....0123456789..<=>."
    ".abcdefghijklmnopqrstuvwxyz...^."
    "`abcdefghijklmnopqrstuvwxyz.|.~.";
_Static_assert(sizeof plain_of == 0x80 + 1, "one for each of them");

/* A Russian letter, two bytes (U+0410..U+044F and Ё ё), folded; 0: it is none. */
static unsigned russian_of(unsigned char a, unsigned char b) {
  if ((a & 0xFE) != 0xD0 || (b & 0xC0) != 0x80) return 0;
  unsigned c = ((a & 0x1Fu) << 6) | (b & 0x3Fu);
  if (c == 0x401 || c == 0x451) return 0x435;
  if (c >= 0x410 && c <= 0x42F) c += 0x20;
  if (c < 0x430 || c > 0x44F) return 0;
  return c == 0x439 ? 0x438 : c;
}

/* Folds from text.p[i] on what needs no look at tables of Unicode, while there is room for any of
 * it; returns where it stopped. */
static size_t fold_plain(folder *f, zd_slice text, size_t i) {
  size_t n = f->n, most = f->limit && f->limit < f->room ? f->limit : f->room;
  bool blank = f->blank;
  for (size_t bytes; i < text.n && n + 3 <= most; i += bytes) {
    unsigned char a = (unsigned char)text.p[i];
    char one = a < 0x80 ? plain_of[a] : 0;
    unsigned russian = 0;
    bytes = 1;
    if (one == '.') continue;
    if (one == ' ') {
      blank = true;
      continue;
    }
    if (!one) {
      russian = i + 1 < text.n ? russian_of(a, (unsigned char)text.p[i + 1]) : 0;
      if (!russian) break;
      bytes = 2;
    }
    if (blank && n) f->p[n++] = ' ';
    blank = false;
    if (russian) {
      f->p[n++] = (char)(0xC0 | (russian >> 6));
      f->p[n++] = (char)(0x80 | (russian & 0x3F));
    } else {
      f->p[n++] = one;
    }
  }
  f->n = n;
  f->blank = blank;
  return i;
}

zd_slice zd_fold(zd_slice text, size_t limit, bool *cut, zd_arena *arena) {
  size_t room = (limit && text.n > limit ? limit : text.n) + CHARACTER;
  folder f = {.arena = arena, .room = room, .limit = limit, .p = zd_arena_alloc(arena, room)};
  if (!f.p) return (zd_slice){NULL, 0};
  for (size_t i = 0; !f.failed && !f.cut;) {
    i = fold_plain(&f, text, i);
    if (i >= text.n) break;
    i += slow_step(&f, text.p + i, text.n - i);
  }
  if (cut) *cut = f.cut;
  return f.failed ? (zd_slice){NULL, 0} : (zd_slice){f.p, f.n};
}

bool zd_fold_is_plain(zd_slice text, zd_slice folded) {
  if (text.n != folded.n) return false;
  bool first = true; /* of a word */
  for (size_t i = 0; i < text.n; i++) {
    unsigned char a = (unsigned char)folded.p[i], b = (unsigned char)text.p[i];
    unsigned char want[2] = {a, i + 1 < text.n ? (unsigned char)folded.p[i + 1] : 0};
    bool two = (a == 0xD0 && want[1] >= 0xB0) || (a == 0xD1 && want[1] <= 0x8F && want[1] >= 0x80);
    if (first && a >= 'a' && a <= 'z') want[0] = (unsigned char)(a - 32);
    if (first && two) {
      unsigned c = (((a & 0x1Fu) << 6) | (want[1] & 0x3Fu)) - 0x20;
      want[0] = (unsigned char)(0xC0 | (c >> 6));
      want[1] = (unsigned char)(0x80 | (c & 0x3F));
    }
    if (b != want[0]) return false;
    if (two && (unsigned char)text.p[++i] != want[1]) return false;
    first = a == ' ';
  }
  return true;
}

bool zd_fold_is_utf8(zd_slice text) {
  for (size_t i = 0; i < text.n;) {
    utf8proc_int32_t c;
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)text.p + i, (utf8proc_ssize_t)(text.n - i), &c);
    if (used <= 0) return false;
    i += (size_t)used;
  }
  return true;
}
