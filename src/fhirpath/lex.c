/* lex.c: FHIRPath text to tokens. Source: FHIRPath 2.0.0, grammar (annex B). */
#include "fhirpath/syntax.h"

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static zd_err refuse(const zd_fp_lexer *l, const char *what) {
  return zd_fail(l->fault, ZD_ERR_INVALID, "FHIRPath, column %zu: %s", l->at + 1, what);
}

/* White space and comments. */
static zd_err skip_blank(zd_fp_lexer *l) {
  while (l->at < l->text.n) {
    zd_slice rest = zd_slice_from(l->text, l->at);
    char c = rest.p[0];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      l->at++;
    } else if (zd_slice_starts(rest, ZD_S("//"))) {
      l->at += zd_slice_find(rest, '\n');
    } else if (zd_slice_starts(rest, ZD_S("/*"))) {
      const char *end = memmem(rest.p + 2, rest.n - 2, "*/", 2);
      if (!end) return refuse(l, "a comment is not closed");
      l->at += (size_t)(end - rest.p) + 2;
    } else {
      break;
    }
  }
  return ZD_OK;
}

static void take(zd_fp_lexer *l, zd_fp_token_kind kind, size_t n) {
  l->token = (zd_fp_token){.kind = kind, .text = {l->text.p + l->at, n}, .at = (uint32_t)l->at};
  l->at += n;
}

/* As take, without the first `left` and last `right` bytes. */
static void take_inside(zd_fp_lexer *l, zd_fp_token_kind kind, size_t n, size_t left,
                        size_t right) {
  take(l, kind, n);
  l->token.text = (zd_slice){l->token.text.p + left, n - left - right};
}

static size_t word_length(zd_slice rest) {
  size_t n = 0;
  while (n < rest.n && (is_letter(rest.p[n]) || is_digit(rest.p[n]))) n++;
  return n;
}

/* Length of what stands in quotes, quotes included; 0: not closed. */
static size_t quoted_length(zd_slice rest) {
  size_t n = 1;
  while (n < rest.n && rest.p[n] != rest.p[0]) n += rest.p[n] == '\\' ? 2 : 1;
  return n < rest.n ? n + 1 : 0;
}

static zd_err take_quoted(zd_fp_lexer *l, zd_slice rest) {
  size_t n = quoted_length(rest);
  if (!n) return refuse(l, "a string is not closed");
  take_inside(l, rest.p[0] == '`' ? ZD_FP_TOKEN_QUOTED : ZD_FP_TOKEN_STRING, n, 1, 1);
  return ZD_OK;
}

/* %name, %`name` and %'name'; FHIR R4's pages write %"name" too. */
static zd_err take_external(zd_fp_lexer *l, zd_slice rest) {
  zd_slice name = zd_slice_from(rest, 1);
  if (name.n && (name.p[0] == '`' || name.p[0] == '\'' || name.p[0] == '"')) {
    size_t n = quoted_length(name);
    if (!n) return refuse(l, "a name is not closed");
    take_inside(l, ZD_FP_TOKEN_EXTERNAL, n + 1, 2, 1);
    return ZD_OK;
  }
  size_t n = word_length(name);
  if (!n || !name.p || is_digit(name.p[0])) return refuse(l, "a name is missing after %");
  take_inside(l, ZD_FP_TOKEN_EXTERNAL, n + 1, 1, 0);
  return ZD_OK;
}

static void take_number(zd_fp_lexer *l, zd_slice rest) {
  size_t n = 0;
  while (n < rest.n && is_digit(rest.p[n])) n++;
  if (n + 1 < rest.n && rest.p[n] == '.' && is_digit(rest.p[n + 1])) {
    n++;
    while (n < rest.n && is_digit(rest.p[n])) n++;
  } else if (n < rest.n && rest.p[n] == 'L') {
    take_inside(l, ZD_FP_TOKEN_LONG, n + 1, 0, 1);
    return;
  }
  take(l, ZD_FP_TOKEN_NUMBER, n);
}

/* ---- @ ---- */

/* Follows a pattern as far as the text does: 9 is a digit, anything else itself; a group that the
 * text does not have whole ends it. Groups begin where `starts` says. */
static size_t follow(zd_slice text, const char *pattern) {
  size_t done = 0;
  for (size_t i = 0; pattern[i]; i++) {
    if (i >= text.n) return done;
    bool fits = pattern[i] == '9' ? is_digit(text.p[i]) : text.p[i] == pattern[i];
    if (!fits) return done;
    bool group_ends = pattern[i] == '9' && pattern[i + 1] != '9';
    if (group_ends) done = i + 1;
  }
  return done;
}

static size_t time_length(zd_slice text) {
  size_t n = follow(text, "99:99:99");
  if (n == 8 && n + 1 < text.n && text.p[n] == '.' && is_digit(text.p[n + 1])) {
    n++;
    while (n < text.n && is_digit(text.p[n])) n++;
  }
  return n;
}

static size_t zone_length(zd_slice text) {
  if (!text.n) return 0;
  if (text.p[0] == 'Z') return 1;
  if (text.p[0] != '+' && text.p[0] != '-') return 0;
  return follow(zd_slice_from(text, 1), "99:99") == 5 ? 6 : 0;
}

static zd_err take_moment(zd_fp_lexer *l, zd_slice rest) {
  zd_slice text = zd_slice_from(rest, 1);
  if (text.n && text.p[0] == 'T') {
    size_t n = time_length(zd_slice_from(text, 1));
    if (!n) return refuse(l, "no time after @T");
    take_inside(l, ZD_FP_TOKEN_TIME, n + 2, 2, 0);
    return ZD_OK;
  }
  size_t n = follow(text, "9999-99-99");
  if (!n) return refuse(l, "no date after @");
  if (n >= text.n || text.p[n] != 'T') {
    take_inside(l, ZD_FP_TOKEN_DATE, n + 1, 1, 0);
    return ZD_OK;
  }
  size_t time = time_length(zd_slice_from(text, n + 1));
  size_t zone = time ? zone_length(zd_slice_from(text, n + 1 + time)) : 0;
  take_inside(l, ZD_FP_TOKEN_DATETIME, n + 2 + time + zone, 1, 0);
  return ZD_OK;
}

/* ---- operators ---- */

static const struct {
  zd_slice text;
  uint8_t level, op;
} operators[] = {{{"implies", 7}, 1, ZD_FP_OP_IMPLIES}, {{"or", 2}, 2, ZD_FP_OP_OR},
                 {{"xor", 3}, 2, ZD_FP_OP_XOR},         {{"and", 3}, 3, ZD_FP_OP_AND},
                 {{"in", 2}, 4, ZD_FP_OP_IN},           {{"contains", 8}, 4, ZD_FP_OP_CONTAINS},
                 {{"=", 1}, 5, ZD_FP_OP_EQUAL},         {{"!=", 2}, 5, ZD_FP_OP_UNEQUAL},
                 {{"~", 1}, 5, ZD_FP_OP_ALIKE},         {{"!~", 2}, 5, ZD_FP_OP_UNLIKE},
                 {{"<", 1}, 6, ZD_FP_OP_LESS},          {{">", 1}, 6, ZD_FP_OP_GREATER},
                 {{"<=", 2}, 6, ZD_FP_OP_AT_MOST},      {{">=", 2}, 6, ZD_FP_OP_AT_LEAST},
                 {{"|", 1}, 7, ZD_FP_OP_UNION},         {{"is", 2}, 8, ZD_FP_OP_IS},
                 {{"as", 2}, 8, ZD_FP_OP_AS},           {{"+", 1}, 9, ZD_FP_OP_PLUS},
                 {{"-", 1}, 9, ZD_FP_OP_MINUS},         {{"&", 1}, 9, ZD_FP_OP_JOIN},
                 {{"*", 1}, 10, ZD_FP_OP_TIMES},        {{"/", 1}, 10, ZD_FP_OP_DIVIDE},
                 {{"div", 3}, 10, ZD_FP_OP_DIV},        {{"mod", 3}, 10, ZD_FP_OP_MOD}};

const char *zd_fp_operator_text(zd_fp_operator op) {
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
    if (operators[i].op == op) return operators[i].text.p;
  return "";
}

static void name_operator(zd_fp_token *t) {
  if (t->text.n > 8) return;
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    if (operators[i].text.p[0] == t->text.p[0] && zd_slice_eq(operators[i].text, t->text)) {
      t->level = operators[i].level;
      t->op = operators[i].op;
      return;
    }
  }
}

static zd_err take_symbol(zd_fp_lexer *l, zd_slice rest) {
  if (!rest.p[0] || !strchr("()[].,|=~<>+-*/&{}!", rest.p[0]))
    return refuse(l, "unexpected character");
  bool wide = rest.n > 1 && ((strchr("!<>", rest.p[0]) && rest.p[1] == '=') ||
                             (rest.p[0] == '!' && rest.p[1] == '~'));
  if (rest.p[0] == '!' && !wide) return refuse(l, "unexpected character");
  take(l, ZD_FP_TOKEN_SYMBOL, wide ? 2 : 1);
  name_operator(&l->token);
  return ZD_OK;
}

zd_err zd_fp_next_token(zd_fp_lexer *l) {
  zd_err err = skip_blank(l);
  if (err) return err;
  zd_slice rest = zd_slice_from(l->text, l->at);
  if (!rest.n) {
    take(l, ZD_FP_TOKEN_END, 0);
    return ZD_OK;
  }
  char c = rest.p[0];
  if (is_letter(c)) {
    take(l, ZD_FP_TOKEN_NAME, word_length(rest));
    name_operator(&l->token);
  } else if (is_digit(c)) {
    take_number(l, rest);
  } else if (c == '\'' || c == '`') {
    return take_quoted(l, rest);
  } else if (c == '%') {
    return take_external(l, rest);
  } else if (c == '@') {
    return take_moment(l, rest);
  } else if (c == '$') {
    take(l, ZD_FP_TOKEN_DOLLAR, word_length(zd_slice_from(rest, 1)) + 1);
  } else {
    return take_symbol(l, rest);
  }
  return ZD_OK;
}

/* ---- escapes ---- */

static int hex(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int32_t read_unicode(zd_slice digits) {
  int32_t code = 0;
  if (digits.n < 4) return -1;
  for (int i = 0; i < 4; i++) {
    int digit = hex(digits.p[i]);
    if (digit < 0) return -1;
    code = code << 4 | digit;
  }
  return code;
}

static size_t put_utf8(uint32_t code, char *out) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xC0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char)(0xE0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3F));
    out[2] = (char)(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = (char)(0xF0 | code >> 18);
  out[1] = (char)(0x80 | (code >> 12 & 0x3F));
  out[2] = (char)(0x80 | (code >> 6 & 0x3F));
  out[3] = (char)(0x80 | (code & 0x3F));
  return 4;
}

/* What follows \u: bytes of it in *used; 0: no character. Two surrogates are one character. */
static size_t unescape_unicode(zd_slice raw, char *out, size_t *used) {
  int32_t code = read_unicode(raw);
  *used = 4;
  if (code >= 0xD800 && code < 0xDC00 && zd_slice_starts(zd_slice_from(raw, 4), ZD_S("\\u"))) {
    int32_t low = read_unicode(zd_slice_from(raw, 6));
    if (low < 0xDC00 || low > 0xDFFF) return 0;
    *used = 10;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  if (code < 0 || (code >= 0xD800 && code < 0xE000)) return 0;
  return put_utf8((uint32_t)code, out);
}

zd_slice zd_fp_unescape(zd_slice raw, zd_arena *arena, bool *bad) {
  static const char from[] = "'\"`\\/rntf", to[] = "'\"`\\/\r\n\t\f";
  *bad = false;
  if (zd_slice_find(raw, '\\') == raw.n) return raw;
  char *text = zd_arena_alloc(arena, raw.n + 1);
  size_t n = 0;
  if (!text) return (zd_slice){NULL, 0};
  *bad = true;
  for (size_t i = 0; i < raw.n; i++) {
    if (raw.p[i] != '\\') {
      text[n++] = raw.p[i];
      continue;
    }
    if (++i >= raw.n) return (zd_slice){NULL, 0};
    const char *hit = raw.p[i] ? strchr(from, raw.p[i]) : NULL;
    if (hit) {
      text[n++] = to[hit - from];
      continue;
    }
    size_t used = 0;
    size_t put = raw.p[i] == 'u' ? unescape_unicode(zd_slice_from(raw, i + 1), text + n, &used) : 0;
    if (!put) return (zd_slice){NULL, 0};
    n += put;
    i += used;
  }
  *bad = false;
  return (zd_slice){text, n};
}
