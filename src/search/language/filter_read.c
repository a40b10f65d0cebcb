/* filter_read.c: the text of a _filter as a tree. */
#include <stdio.h>

#include "search/language/filter.h"

const char zd_filter_op_names[ZD_FILTER_OPS][3] = {"eq", "ne", "co", "sw", "ew", "gt", "lt",
                                                   "ge", "le", "ap", "sa", "eb", "pr", "po",
                                                   "ss", "sb", "in", "ni", "re"};

typedef struct reader {
  zd_slice text;
  size_t at;
  zd_arena *arena;
  zd_filter_fault *fault;
  unsigned depth;
  size_t tests;
} reader;

size_t zd_filter_place(zd_slice text, size_t at) {
  size_t n = 1;
  for (size_t i = 0; i < at && i < text.n; i++) n += ((unsigned char)text.p[i] & 0xC0) != 0x80;
  return n;
}

static zd_err fail_at(reader *r, zd_err err, size_t at, const char *why) {
  r->fault->at = at;
  snprintf(r->fault->why, sizeof r->fault->why, "%s", why);
  return err;
}

static zd_err fail(reader *r, const char *why) {
  return fail_at(r, ZD_ERR_INVALID, r->at, why);
}

/* ---- words ---- */

/* Bytes of the white space at `i` (by Unicode), 0 when there is none. */
static size_t blank_at(zd_slice text, size_t i) {
  unsigned char a = (unsigned char)text.p[i], b = i + 1 < text.n ? (unsigned char)text.p[i + 1] : 0,
                c = i + 2 < text.n ? (unsigned char)text.p[i + 2] : 0;
  if (a == ' ' || (a >= 9 && a <= 13)) return 1;
  if (a == 0xC2 && (b == 0x85 || b == 0xA0)) return 2;
  if (a == 0xE1 && b == 0x9A && c == 0x80) return 3;
  if (a == 0xE2 && b == 0x80 && ((c >= 0x80 && c <= 0x8A) || c == 0xA8 || c == 0xA9 || c == 0xAF))
    return 3;
  if (a == 0xE2 && b == 0x81 && c == 0x9F) return 3;
  return a == 0xE3 && b == 0x80 && c == 0x80 ? 3 : 0;
}

static void skip_blanks(reader *r) {
  size_t n;
  while (r->at < r->text.n && (n = blank_at(r->text, r->at)) > 0) r->at += n;
}

static char peek(const reader *r) {
  return r->at < r->text.n ? r->text.p[r->at] : '\0';
}

static bool starts_name(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool continues_name(char c) {
  return starts_name(c) || c == '-' || (c >= '0' && c <= '9');
}

/* The word at the place, without moving on. */
static zd_slice word(const reader *r) {
  size_t n = 0;
  zd_slice rest = zd_slice_from(r->text, r->at);
  if (rest.n && starts_name(rest.p[0]))
    while (n < rest.n && continues_name(rest.p[n])) n++;
  return (zd_slice){rest.p, n};
}

static bool take_word(reader *r, zd_slice wanted) {
  if (!zd_slice_eq(word(r), wanted)) return false;
  r->at += wanted.n;
  return true;
}

/* ---- values ---- */

static int hex4(const char *p) {
  int v = 0;
  for (int i = 0; i < 4; i++) {
    char c = p[i];
    int d = c >= '0' && c <= '9'   ? c - '0'
            : c >= 'a' && c <= 'f' ? c - 'a' + 10
            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                   : -1;
    if (d < 0) return -1;
    v = v * 16 + d;
  }
  return v;
}

static size_t put_utf8(char *at, unsigned v) {
  if (v < 0x80) return at[0] = (char)v, 1;
  if (v < 0x800) return at[0] = (char)(0xC0 | v >> 6), at[1] = (char)(0x80 | (v & 63)), 2;
  if (v < 0x10000) {
    at[0] = (char)(0xE0 | v >> 12);
    at[1] = (char)(0x80 | (v >> 6 & 63));
    at[2] = (char)(0x80 | (v & 63));
    return 3;
  }
  at[0] = (char)(0xF0 | v >> 18);
  at[1] = (char)(0x80 | (v >> 12 & 63));
  at[2] = (char)(0x80 | (v >> 6 & 63));
  at[3] = (char)(0x80 | (v & 63));
  return 4;
}

/* \uXXXX, of a surrogate pair both halves; moves behind it. */
static bool read_unicode(reader *r, unsigned *out) {
  zd_slice rest = zd_slice_from(r->text, r->at);
  int high = rest.n >= 5 ? hex4(rest.p + 1) : -1;
  if (high <= 0 || (high >= 0xDC00 && high < 0xE000)) return false;
  r->at += 5;
  *out = (unsigned)high;
  if (high < 0xD800 || high >= 0xE000) return true;
  int low = rest.n >= 11 && rest.p[5] == '\\' && rest.p[6] == 'u' ? hex4(rest.p + 7) : -1;
  if (low < 0xDC00 || low >= 0xE000) return false;
  r->at += 6;
  *out = 0x10000 + ((unsigned)(high - 0xD800) << 10) + (unsigned)(low - 0xDC00);
  return true;
}

/* What stands behind a backslash, as bytes to *out; moves behind it. */
static bool read_escape(reader *r, char *out, size_t *n) {
  static const char names[] = "\"\\/bfnrt", said[] = "\"\\/\b\f\n\r\t";
  unsigned v;
  char c = peek(r);
  const char *hit = c ? strchr(names, c) : NULL;
  if (hit) {
    out[(*n)++] = said[hit - names];
    r->at++;
    return true;
  }
  if (c != 'u' || !read_unicode(r, &v)) return false;
  *n += put_utf8(out + *n, v);
  return true;
}

static zd_err read_string(reader *r, zd_slice *out) {
  size_t n = 0, start = r->at++;
  char *p = zd_arena_alloc(r->arena, r->text.n - start);
  if (!p) return ZD_ERR_MEMORY;
  while (r->at < r->text.n && peek(r) != '"') {
    char c = peek(r);
    if ((unsigned char)c < 0x20) return fail(r, "a control character in a string");
    r->at++;
    if (c != '\\') {
      p[n++] = c;
    } else if (!read_escape(r, p, &n)) {
      return fail(r, "no escape of a JSON string");
    }
  }
  if (r->at == r->text.n) return fail_at(r, ZD_ERR_INVALID, start, "a string that does not end");
  r->at++;
  *out = (zd_slice){p, n};
  return ZD_OK;
}

static zd_err read_value(reader *r, zd_slice *out) {
  size_t start = r->at;
  if (peek(r) == '"') return read_string(r, out);
  while (r->at < r->text.n && peek(r) != ')' && peek(r) != ']' && !blank_at(r->text, r->at))
    r->at++;
  *out = (zd_slice){r->text.p + start, r->at - start};
  return out->n ? ZD_OK : fail(r, "a value is wanted");
}

/* ---- tests ---- */

static zd_err read_filter(reader *r, zd_filter **out);

static zd_err enter(reader *r) {
  if (++r->depth <= ZD_FILTER_DEPTH_MAX) return ZD_OK;
  return fail_at(r, ZD_ERR_LIMIT, r->at, "nested too deep");
}

static zd_err read_narrow(reader *r, zd_filter_step *step) {
  zd_filter *inner;
  r->at++;
  zd_err err = enter(r);
  if (!err) err = read_filter(r, &inner);
  if (err) return err;
  r->depth--;
  step->narrow = inner;
  if (peek(r) != ']') return fail(r, "] is wanted");
  r->at++;
  return peek(r) == '.' ? ZD_OK : fail(r, ". and a parameter are wanted");
}

static zd_err read_path(reader *r, zd_filter *test) {
  for (;;) {
    if (test->step_count > ZD_ASK_JOINS_MAX)
      return fail_at(r, ZD_ERR_LIMIT, r->at, "a path through too many references");
    zd_filter_step *step = &test->steps[test->step_count++];
    step->name = word(r);
    if (!step->name.n) return fail(r, "a search parameter is wanted");
    r->at += step->name.n;
    if (peek(r) == '[') {
      zd_err err = read_narrow(r, step);
      if (err) return err;
    }
    if (peek(r) != '.') return ZD_OK;
    r->at++;
  }
}

static zd_err read_op(reader *r, zd_filter_op *out) {
  zd_slice name = word(r);
  for (int i = 0; i < ZD_FILTER_OPS; i++) {
    if (!zd_slice_eq(name, zd_slice_of(zd_filter_op_names[i]))) continue;
    *out = (zd_filter_op)i;
    r->at += name.n;
    return ZD_OK;
  }
  return fail(r,
              "an operation is wanted: eq ne co sw ew gt lt ge le ap sa eb pr po ss sb in ni re");
}

static zd_err need_blank(reader *r, const char *why) {
  if (r->at >= r->text.n || !blank_at(r->text, r->at)) return fail(r, why);
  skip_blanks(r);
  return ZD_OK;
}

static zd_err read_test(reader *r, zd_filter *test) {
  test->kind = ZD_FILTER_TEST;
  test->at = r->at;
  if (++r->tests > ZD_FILTER_TESTS_MAX)
    return fail_at(r, ZD_ERR_LIMIT, r->at, "too many comparisons");
  zd_err err = read_path(r, test);
  if (!err) err = need_blank(r, "a blank and an operation are wanted");
  if (!err) err = read_op(r, &test->op);
  if (!err) err = need_blank(r, "a blank and a value are wanted");
  return err ? err : read_value(r, &test->value);
}

/* ---- and, or, not ---- */

static zd_err read_group(reader *r, zd_filter **out) {
  r->at++;
  zd_err err = enter(r);
  if (!err) err = read_filter(r, out);
  if (err) return err;
  r->depth--;
  if (peek(r) != ')') return fail(r, ") is wanted");
  r->at++;
  return ZD_OK;
}

/* "not", where a parenthesis follows it; the place is at that then. */
static bool take_not(reader *r) {
  size_t start = r->at;
  if (!take_word(r, ZD_S("not"))) return false;
  skip_blanks(r);
  if (peek(r) == '(') return true;
  r->at = start;
  return false;
}

static zd_err read_part(reader *r, zd_filter **out) {
  bool negated = take_not(r);
  if (peek(r) == '(' && !negated) return read_group(r, out);
  zd_filter *f = *out = ZD_NEW(r->arena, zd_filter);
  if (!f) return ZD_ERR_MEMORY;
  if (!negated) return read_test(r, f);
  f->kind = ZD_FILTER_NOT;
  f->at = r->at;
  return read_group(r, &f->first);
}

/* From left to right: `a and b or c` is (a and b) or c. Runs of one operator are one node; where
 * operators change, the tree grows deeper. */
static zd_err read_filter(reader *r, zd_filter **out) {
  unsigned depth = r->depth;
  zd_filter *last = NULL;
  skip_blanks(r);
  zd_err err = read_part(r, out);
  bool open = false; /* *out is a run of this loop's */
  for (skip_blanks(r); !err; skip_blanks(r)) {
    zd_slice name = word(r);
    bool is_and = zd_slice_eq(name, ZD_S("and")), is_or = zd_slice_eq(name, ZD_S("or"));
    if (!is_and && !is_or) break;
    r->at += name.n;
    skip_blanks(r);
    if (!open || ((*out)->kind == ZD_FILTER_AND) != is_and) {
      zd_filter *run = ZD_NEW(r->arena, zd_filter);
      if (!run) return ZD_ERR_MEMORY;
      run->kind = is_and ? ZD_FILTER_AND : ZD_FILTER_OR;
      run->first = last = *out;
      *out = run;
      open = true;
      err = enter(r);
    }
    if (!err) err = read_part(r, &last->next);
    if (!err) last = last->next;
  }
  r->depth = depth;
  return err;
}

zd_err zd_filter_read(zd_slice text, zd_arena *arena, const zd_filter **out,
                      zd_filter_fault *fault) {
  reader r = {.text = text, .arena = arena, .fault = fault};
  zd_filter *f = NULL;
  *fault = (zd_filter_fault){0};
  zd_err err = read_filter(&r, &f);
  *out = f;
  if (!err && r.at < text.n) return fail(&r, "and, or, or the end is wanted");
  return err;
}
