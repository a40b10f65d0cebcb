/* text.c: functions of strings. Positions and lengths count characters (code points). */
#include <utf8proc.h>

#include "fhirpath/functions.h"

/* ---- characters ---- */

/* Bytes of the character at i. */
static size_t step_at(zd_slice s, size_t i) {
  unsigned char c = (unsigned char)s.p[i];
  size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
  return n > s.n - i ? s.n - i : n;
}

static int64_t length_of(zd_slice s) {
  int64_t n = 0;
  for (size_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
  return n;
}

/* Bytes of the first `count` characters. */
static size_t bytes_of(zd_slice s, int64_t count) {
  size_t i = 0;
  while (count-- > 0 && i < s.n) i += step_at(s, i);
  return i;
}

static size_t find_text(zd_slice s, zd_slice part) {
  if (!part.n) return 0;
  const char *hit = s.n ? memmem(s.p, s.n, part.p, part.n) : NULL;
  return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

static bool give_text(zd_fp_seq *out, zd_slice text) {
  return zd_fp_give(out, zd_fhirpath_string(text));
}

/* Input and the first argument as text. */
static bool two_texts(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_slice *a,
                      zd_slice *b, bool *has) {
  zd_fhirpath_item x, y;
  bool other;
  if (!zd_fp_input_as(r, o, f, ZD_FP_STRING, &x, has)) return false;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &y, &other)) return false;
  *has = *has && other;
  if (*has) {
    *a = zd_fp_string_of(&x);
    *b = zd_fp_string_of(&y);
  }
  return true;
}

/* ---- searching ---- */

/* indexOf, lastIndexOf (which 1) */
bool zd_fp_run_index_of(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_slice s, part;
  bool has;
  if (!two_texts(r, o, f, &s, &part, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!o->which) {
    size_t at = find_text(s, part);
    return zd_fp_give_integer(out, at == SIZE_MAX ? -1 : length_of((zd_slice){s.p, at}));
  }
  if (!zd_fp_spend(r, o, s.n)) return false;
  for (size_t at = part.n <= s.n ? s.n - part.n + 1 : 0; at-- > 0;)
    if (!part.n || memcmp(s.p + at, part.p, part.n) == 0)
      return zd_fp_give_integer(out, length_of((zd_slice){s.p, at}));
  return zd_fp_give_integer(out, -1);
}

/* startsWith, endsWith (1), contains (2) */
bool zd_fp_run_affix(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_slice s, part;
  bool has;
  if (!two_texts(r, o, f, &s, &part, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  bool answer = o->which == 0   ? zd_slice_starts(s, part)
                : o->which == 1 ? zd_slice_ends(s, part)
                                : find_text(s, part) != SIZE_MAX;
  return zd_fp_give_boolean(out, answer);
}

bool zd_fp_run_length(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!zd_fp_input_as(r, o, f, ZD_FP_STRING, &a, &has)) return false;
  return has ? zd_fp_give_integer(out, length_of(zd_fp_string_of(&a))) : zd_fp_give_none(out);
}

/* ---- parts ---- */

bool zd_fp_run_substring(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fhirpath_item a, start, count = {.as.integer = INT32_MAX};
  bool has, has_start, has_count = true;
  if (!zd_fp_input_as(r, o, f, ZD_FP_STRING, &a, &has)) return false;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_INTEGER, &start, &has_start)) return false;
  if (o->argc > 1 && !zd_fp_argument_as(r, o, 1, f, ZD_FP_INTEGER, &count, &has_count))
    return false;
  if (!has || !has_start) return zd_fp_give_none(out);
  if (!has_count) count.as.integer = INT32_MAX;
  zd_slice s = zd_fp_string_of(&a);
  if (start.as.integer < 0 || start.as.integer >= length_of(s)) return zd_fp_give_none(out);
  if (count.as.integer <= 0) return give_text(out, ZD_S(""));
  s = zd_slice_from(s, bytes_of(s, start.as.integer));
  return give_text(out, (zd_slice){s.p, bytes_of(s, count.as.integer)});
}

bool zd_fp_run_to_chars(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!zd_fp_input_as(r, o, f, ZD_FP_STRING, &a, &has)) return false;
  *out = (zd_fp_seq){.n = 0};
  if (!has) return true;
  zd_slice s = zd_fp_string_of(&a);
  if (!zd_fp_spend(r, o, s.n)) return false;
  for (size_t i = 0; i < s.n;) {
    size_t n = step_at(s, i);
    if (!zd_fp_push(r, out, zd_fhirpath_string((zd_slice){s.p + i, n}))) return false;
    i += n;
  }
  return true;
}

static bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool zd_fp_run_trim(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!zd_fp_input_as(r, o, f, ZD_FP_STRING, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  zd_slice s = zd_fp_string_of(&a);
  while (s.n && is_blank(s.p[s.n - 1])) s.n--;
  while (s.n && is_blank(s.p[0])) s = (zd_slice){s.p + 1, s.n - 1};
  return give_text(out, s);
}

bool zd_fp_run_split(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_slice s, by;
  bool has;
  if (!two_texts(r, o, f, &s, &by, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!by.n) return zd_fp_run_to_chars(r, o, f, out);
  *out = (zd_fp_seq){.n = 0};
  if (!zd_fp_spend(r, o, s.n)) return false;
  for (;;) {
    size_t at = find_text(s, by);
    if (at == SIZE_MAX) return zd_fp_push(r, out, zd_fhirpath_string(s));
    if (!zd_fp_push(r, out, zd_fhirpath_string((zd_slice){s.p, at}))) return false;
    s = zd_slice_from(s, at + by.n);
  }
}

/* ---- making ---- */

bool zd_fp_run_join(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item by = zd_fhirpath_string(ZD_S("")), a;
  bool has = true;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (o->argc && !zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &by, &has)) return false;
  if (!s.n) return zd_fp_give_none(out);
  if (!has) by = zd_fhirpath_string(ZD_S(""));
  zd_slice *parts = ZD_NEW_ARRAY(r->arena, zd_slice, s.n);
  if (!parts) return zd_fp_no_memory(r);
  const zd_fhirpath_item *items = zd_fp_at(&s);
  size_t total = 0, n = 0;
  for (uint32_t i = 0; i < s.n; i++) {
    zd_fp_seq one = zd_fp_one(items[i]);
    if (!zd_fp_single_as(r, o, &one, ZD_FP_STRING, &a, &has)) return false;
    if (!has) continue;
    parts[n++] = zd_fp_string_of(&a);
    total += a.n + (n > 1 ? by.n : 0);
  }
  char *text = total < UINT32_MAX ? zd_arena_alloc(r->arena, total + 1) : NULL, *p = text;
  if (!text) return zd_fp_no_memory(r);
  if (!zd_fp_spend(r, o, total)) return false;
  for (size_t i = 0; i < n; i++) {
    if (i && by.n) p = (char *)memcpy(p, by.as.text, by.n) + by.n;
    if (parts[i].n) p = (char *)memcpy(p, parts[i].p, parts[i].n) + parts[i].n;
  }
  return give_text(out, (zd_slice){text, total});
}

/* upper (which 1), lower */
bool zd_fp_run_change_case(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                           zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!zd_fp_input_as(r, o, f, ZD_FP_STRING, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  zd_slice s = zd_fp_string_of(&a);
  char *text = zd_arena_alloc(r->arena, s.n * 3 + 4); /* no character grows more */
  if (!text) return zd_fp_no_memory(r);
  if (!zd_fp_spend(r, o, s.n)) return false;
  size_t n = 0;
  for (size_t i = 0; i < s.n;) {
    utf8proc_int32_t c;
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)s.p + i, (utf8proc_ssize_t)(s.n - i), &c);
    if (used <= 0) {
      text[n++] = s.p[i++];
      continue;
    }
    c = o->which ? utf8proc_toupper(c) : utf8proc_tolower(c);
    n += (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)text + n);
    i += (size_t)used;
  }
  return give_text(out, (zd_slice){text, n});
}

/* An empty pattern stands before, between and behind all characters. */
static bool surround(zd_fp_running *r, const zd_fp_op *o, zd_slice s, zd_slice by, zd_fp_seq *out) {
  size_t n = s.n + (size_t)(length_of(s) + 1) * by.n;
  if (!zd_fp_spend(r, o, n)) return false;
  char *text = n < UINT32_MAX ? zd_arena_alloc(r->arena, n + 1) : NULL, *p = text;
  if (!text) return zd_fp_no_memory(r);
  for (size_t i = 0; i <= s.n;) {
    if (by.n) p = (char *)memcpy(p, by.p, by.n) + by.n;
    if (i == s.n) break;
    size_t step = step_at(s, i);
    p = (char *)memcpy(p, s.p + i, step) + step;
    i += step;
  }
  return give_text(out, (zd_slice){text, (size_t)(p - text)});
}

bool zd_fp_run_replace(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_slice s, pattern;
  zd_fhirpath_item by;
  bool has, has_by;
  if (!two_texts(r, o, f, &s, &pattern, &has)) return false;
  if (!zd_fp_argument_as(r, o, 1, f, ZD_FP_STRING, &by, &has_by)) return false;
  if (!has || !has_by) return zd_fp_give_none(out);
  if (!zd_fp_spend(r, o, s.n)) return false;
  if (!pattern.n) return surround(r, o, s, zd_fp_string_of(&by), out);
  size_t hits = 0, at;
  for (zd_slice rest = s; (at = find_text(rest, pattern)) != SIZE_MAX; hits++)
    rest = zd_slice_from(rest, at + pattern.n);
  if (!hits) return give_text(out, s);
  size_t n = s.n - hits * pattern.n + hits * by.n;
  if (!zd_fp_spend(r, o, n)) return false;
  char *text = n < UINT32_MAX ? zd_arena_alloc(r->arena, n + 1) : NULL, *p = text;
  if (!text) return zd_fp_no_memory(r);
  while ((at = find_text(s, pattern)) != SIZE_MAX) {
    if (at) p = (char *)memcpy(p, s.p, at) + at;
    if (by.n) p = (char *)memcpy(p, by.as.text, by.n) + by.n;
    s = zd_slice_from(s, at + pattern.n);
  }
  if (s.n) memcpy(p, s.p, s.n);
  return give_text(out, (zd_slice){text, n});
}
