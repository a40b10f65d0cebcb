/* path_lex.c: FHIRPath text to tokens. Source: FHIRPath 2.0.0, grammar (annex B). */
#include "fhir/path/path_internal.h"

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static zd_err refuse(const zd_lexer *l, zd_err err, const char *what) {
  return zd_fail(l->fault, err, "FHIRPath, column %zu: %s", l->at + 1, what);
}

/* White space and comments. */
static zd_err skip_blank(zd_lexer *l) {
  while (l->at < l->text.n) {
    zd_slice rest = zd_slice_from(l->text, l->at);
    char c = rest.p[0];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      l->at++;
    } else if (zd_slice_starts(rest, ZD_S("//"))) {
      l->at += zd_slice_find(rest, '\n');
    } else if (zd_slice_starts(rest, ZD_S("/*"))) {
      const char *end = memmem(rest.p + 2, rest.n - 2, "*/", 2);
      if (!end) return refuse(l, ZD_ERR_INVALID, "a comment is not closed");
      l->at += (size_t)(end - rest.p) + 2;
    } else {
      break;
    }
  }
  return ZD_OK;
}

static void take(zd_lexer *l, zd_token_kind kind, size_t n) {
  l->token = (zd_token){kind, {l->text.p + l->at, n}, (uint32_t)l->at};
  l->at += n;
}

static size_t word_length(zd_slice rest) {
  size_t n = 0;
  while (n < rest.n && (is_letter(rest.p[n]) || is_digit(rest.p[n]))) n++;
  return n;
}

/* 'string' or `identifier`: the token's text is what stands between the quotes. */
static zd_err take_quoted(zd_lexer *l, zd_slice rest) {
  char quote = rest.p[0];
  size_t n = 1;
  while (n < rest.n && rest.p[n] != quote) n += rest.p[n] == '\\' ? 2 : 1;
  if (n >= rest.n) return refuse(l, ZD_ERR_INVALID, "a string is not closed");
  l->token = (zd_token){
      quote == '\'' ? ZD_TOKEN_STRING : ZD_TOKEN_QUOTED, {rest.p + 1, n - 1}, (uint32_t)l->at};
  l->at += n + 1;
  return ZD_OK;
}

static size_t number_length(zd_slice rest) {
  size_t n = 0;
  while (n < rest.n && is_digit(rest.p[n])) n++;
  if (n + 1 < rest.n && rest.p[n] == '.' && is_digit(rest.p[n + 1])) {
    n++;
    while (n < rest.n && is_digit(rest.p[n])) n++;
  }
  return n;
}

static zd_err take_symbol(zd_lexer *l, zd_slice rest) {
  static const char *const doubles[] = {"!=", "!~", "<=", ">="};
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
    if (zd_slice_starts(rest, zd_slice_of(doubles[i]))) {
      take(l, ZD_TOKEN_SYMBOL, 2);
      return ZD_OK;
    }
  }
  if (rest.p[0] == '@') return refuse(l, ZD_ERR_UNSUPPORTED, "date literals are not supported");
  if (!rest.p[0] || !strchr("()[].,|=~<>+-*/&{}", rest.p[0]))
    return refuse(l, ZD_ERR_INVALID, "unexpected character");
  take(l, ZD_TOKEN_SYMBOL, 1);
  return ZD_OK;
}

zd_err zd_path_next_token(zd_lexer *l) {
  zd_err err = skip_blank(l);
  if (err) return err;
  zd_slice rest = zd_slice_from(l->text, l->at);
  if (!rest.n) {
    take(l, ZD_TOKEN_END, 0);
  } else if (is_letter(rest.p[0])) {
    take(l, ZD_TOKEN_NAME, word_length(rest));
  } else if (is_digit(rest.p[0])) {
    take(l, ZD_TOKEN_NUMBER, number_length(rest));
  } else if (rest.p[0] == '\'' || rest.p[0] == '`') {
    return take_quoted(l, rest);
  } else if (rest.p[0] == '%' || rest.p[0] == '$') {
    size_t n = word_length(zd_slice_from(rest, 1));
    if (!n) return refuse(l, ZD_ERR_INVALID, "a name is missing after % or $");
    take(l, ZD_TOKEN_VARIABLE, n + 1);
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

/* \uXXXX to UTF-8; 0 when it is none. Surrogates are refused: the text itself may hold any
 * character. */
static size_t put_unicode(zd_slice digits, char *out) {
  uint32_t code = 0;
  if (digits.n < 4) return 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex(digits.p[i]);
    if (digit < 0) return 0;
    code = code << 4 | (uint32_t)digit;
  }
  if (code >= 0xD800 && code < 0xE000) return 0;
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xC0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3F));
    return 2;
  }
  out[0] = (char)(0xE0 | code >> 12);
  out[1] = (char)(0x80 | (code >> 6 & 0x3F));
  out[2] = (char)(0x80 | (code & 0x3F));
  return 3;
}

zd_slice zd_path_unescape(zd_slice raw, zd_arena *arena) {
  static const char from[] = "'\"`\\/rntf", to[] = "'\"`\\/\r\n\t\f";
  char *text = zd_arena_alloc(arena, raw.n + 1);
  size_t n = 0;
  if (!text) return (zd_slice){NULL, 0};
  for (size_t i = 0; i < raw.n; i++) {
    if (raw.p[i] != '\\') {
      text[n++] = raw.p[i];
      continue;
    }
    i++;
    const char *hit = i < raw.n && raw.p[i] ? strchr(from, raw.p[i]) : NULL;
    if (hit) {
      text[n++] = to[hit - from];
    } else if (i < raw.n && raw.p[i] == 'u') {
      size_t put = put_unicode(zd_slice_from(raw, i + 1), text + n);
      if (!put) return (zd_slice){NULL, 0};
      n += put;
      i += 4;
    } else {
      return (zd_slice){NULL, 0};
    }
  }
  return (zd_slice){text, n};
}
