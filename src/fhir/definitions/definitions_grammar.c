/* definitions_grammar.c: is this text FHIRPath? The grammar alone, not what the names in it mean.
 *
 * Source: FHIRPath 2.0.0, grammar.html. Since no tree is built, precedence does not matter: an
 * expression is terms with operators between them, where `is` and `as` are followed by a type
 *
 *   expression := operand { operator operand | ("is" | "as") name { "." name } }
 *   operand    := { "+" | "-" } term { "." invocation | "[" expression "]" }
 */
#include "fhir/definitions/definitions_internal.h"

typedef enum token_kind {
  TOKEN_END,
  TOKEN_BAD,
  TOKEN_NAME,
  TOKEN_QUOTED_NAME, /* `a name` */
  TOKEN_STRING,
  TOKEN_NUMBER,
  TOKEN_MOMENT,
  TOKEN_SYMBOL
} token_kind;

typedef struct parser {
  zd_slice text;
  size_t at; /* behind the token */
  size_t token_at;
  token_kind kind;
  zd_slice token;
  int depth;
} parser;

enum { NESTING_MAX = 100 };

/* ---- tokens ---- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const parser *p, size_t ahead) {
  return p->at + ahead < p->text.n ? p->text.p[p->at + ahead] : '\0';
}

/* Behind the comment that begins here; false when it does not end. */
static bool skip_comment(parser *p) {
  bool line = peek(p, 1) == '/';
  for (p->at += 2; p->at < p->text.n; p->at++) {
    if (line && (peek(p, 0) == '\n' || peek(p, 0) == '\r')) return true;
    if (!line && peek(p, 0) == '*' && peek(p, 1) == '/') {
      p->at += 2;
      return true;
    }
  }
  return line;
}

static bool skip_blanks(parser *p) {
  while (p->at < p->text.n) {
    char c = peek(p, 0);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      p->at++;
    } else if (c == '/' && (peek(p, 1) == '/' || peek(p, 1) == '*')) {
      if (!skip_comment(p)) return false;
    } else {
      return true;
    }
  }
  return true;
}

/* 'text' and `name`, with escapes. */
static token_kind read_quoted(parser *p, char quote) {
  for (p->at++; p->at < p->text.n; p->at++) {
    char c = peek(p, 0);
    if (c == '\\') {
      p->at++;
    } else if (c == quote) {
      p->at++;
      return quote == '\'' ? TOKEN_STRING : TOKEN_QUOTED_NAME;
    }
  }
  return TOKEN_BAD;
}

static bool read_digits(parser *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!is_digit(peek(p, i))) return false;
  p->at += n;
  return true;
}

static bool read_number(parser *p) {
  while (is_digit(peek(p, 0))) p->at++;
  if (peek(p, 0) == '.' && is_digit(peek(p, 1)))
    for (p->at++; is_digit(peek(p, 0));) p->at++;
  return true;
}

/* hh[:mm[:ss[.fff]]] and, of a dateTime, its zone. */
static bool read_time(parser *p, bool zoned) {
  if (!read_digits(p, 2)) return false;
  for (int i = 0; i < 2 && peek(p, 0) == ':'; i++) {
    p->at++;
    if (!read_digits(p, 2)) return false;
  }
  if (peek(p, 0) == '.' && is_digit(peek(p, 1)))
    for (p->at++; is_digit(peek(p, 0));) p->at++;
  if (!zoned) return true;
  if (peek(p, 0) == 'Z') {
    p->at++;
  } else if ((peek(p, 0) == '+' || peek(p, 0) == '-') && is_digit(peek(p, 1))) {
    p->at++;
    if (!read_digits(p, 2) || peek(p, 0) != ':') return false;
    p->at++;
    return read_digits(p, 2);
  }
  return true;
}

/* @2015-02-04T14:34:28Z, @2015, @T14:34 */
static bool read_moment(parser *p) {
  p->at++;
  if (peek(p, 0) == 'T') {
    p->at++;
    return read_time(p, false);
  }
  if (!read_digits(p, 4)) return false;
  for (int i = 0; i < 2 && peek(p, 0) == '-' && is_digit(peek(p, 1)); i++) {
    p->at++;
    if (!read_digits(p, 2)) return false;
  }
  if (peek(p, 0) != 'T') return true;
  p->at++;
  return !is_digit(peek(p, 0)) || read_time(p, true);
}

static token_kind read_symbol(parser *p) {
  static const char *const two[] = {"<=", ">=", "!=", "!~"};
  for (size_t i = 0; i < sizeof two / sizeof *two; i++)
    if (peek(p, 0) == two[i][0] && peek(p, 1) == two[i][1]) {
      p->at += 2;
      return TOKEN_SYMBOL;
    }
  return memchr(".,()[]{}+-*/&|<>=~%$", p->text.p[p->at++], 20) ? TOKEN_SYMBOL : TOKEN_BAD;
}

static token_kind read_token(parser *p) {
  char c = peek(p, 0);
  if (p->at == p->text.n) return TOKEN_END;
  if (is_name_start(c)) {
    while (is_name_start(peek(p, 0)) || is_digit(peek(p, 0))) p->at++;
    return TOKEN_NAME;
  }
  if (c == '\'' || c == '`') return read_quoted(p, c);
  if (is_digit(c)) return read_number(p) ? TOKEN_NUMBER : TOKEN_BAD;
  if (c == '@') return read_moment(p) ? TOKEN_MOMENT : TOKEN_BAD;
  return read_symbol(p);
}

static void next(parser *p) {
  bool blanks = skip_blanks(p);
  p->token_at = p->at;
  p->kind = blanks ? read_token(p) : TOKEN_BAD;
  p->token = (zd_slice){p->text.p + p->token_at, p->at - p->token_at};
}

/* ---- grammar ---- */

static bool at_symbol(const parser *p, const char *symbol) {
  return p->kind == TOKEN_SYMBOL && zd_slice_eq(p->token, zd_slice_of(symbol));
}

static bool take_symbol(parser *p, const char *symbol) {
  if (!at_symbol(p, symbol)) return false;
  next(p);
  return true;
}

static bool is_among(zd_slice word, const char *const *words, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (zd_slice_eq(word, zd_slice_of(words[i]))) return true;
  return false;
}
#define AMONG(word, words) is_among(word, words, sizeof(words) / sizeof *(words))

static bool take_name(parser *p) {
  static const char *const reserved[] = {"and", "or",  "xor",  "implies",
                                         "div", "mod", "true", "false"};
  bool name = p->kind == TOKEN_QUOTED_NAME || (p->kind == TOKEN_NAME && !AMONG(p->token, reserved));
  if (name) next(p);
  return name;
}

static bool read_expression(parser *p);

/* name, or a call of a function. */
static bool read_invocation(parser *p) {
  if (!take_name(p)) return false;
  if (!take_symbol(p, "(")) return true;
  if (take_symbol(p, ")")) return true;
  do {
    if (!read_expression(p)) return false;
  } while (take_symbol(p, ","));
  return take_symbol(p, ")");
}

static bool read_special(parser *p) {
  static const char *const words[] = {"this", "index", "total"};
  if (take_symbol(p, "$")) {
    bool known = p->kind == TOKEN_NAME && AMONG(p->token, words);
    if (known) next(p);
    return known;
  }
  if (!take_symbol(p, "%")) return false;
  if (p->kind != TOKEN_STRING) return take_name(p);
  next(p);
  return true;
}

/* A number and, of a quantity, its unit. */
static bool read_quantity(parser *p) {
  static const char *const units[] = {
      "year",  "month",  "week",  "day",  "hour",  "minute",  "second",  "millisecond",
      "years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds"};
  next(p);
  if (p->kind == TOKEN_STRING || (p->kind == TOKEN_NAME && AMONG(p->token, units))) next(p);
  return true;
}

static bool read_term(parser *p) {
  static const char *const truths[] = {"true", "false"};
  if (p->kind == TOKEN_STRING || p->kind == TOKEN_MOMENT ||
      (p->kind == TOKEN_NAME && AMONG(p->token, truths))) {
    next(p);
    return true;
  }
  if (p->kind == TOKEN_NUMBER) return read_quantity(p);
  if (take_symbol(p, "(")) return read_expression(p) && take_symbol(p, ")");
  if (take_symbol(p, "{")) return take_symbol(p, "}");
  if (at_symbol(p, "$") || at_symbol(p, "%")) return read_special(p);
  return read_invocation(p);
}

static bool read_operand(parser *p) {
  while (at_symbol(p, "+") || at_symbol(p, "-")) next(p);
  if (!read_term(p)) return false;
  for (;;) {
    if (take_symbol(p, ".")) {
      if (at_symbol(p, "$") ? !read_special(p) : !read_invocation(p)) return false;
    } else if (take_symbol(p, "[")) {
      if (!read_expression(p) || !take_symbol(p, "]")) return false;
    } else {
      return true;
    }
  }
}

static bool read_type(parser *p) {
  do {
    if (!take_name(p)) return false;
  } while (take_symbol(p, "."));
  return true;
}

static bool take_operator(parser *p) {
  static const char *const symbols[] = {"+", "-",  "*",  "/", "&", "|",  "<",
                                        ">", "<=", ">=", "=", "~", "!=", "!~"};
  static const char *const words[] = {"and", "or",  "xor", "implies",
                                      "div", "mod", "in",  "contains"};
  bool found = (p->kind == TOKEN_SYMBOL && AMONG(p->token, symbols)) ||
               (p->kind == TOKEN_NAME && AMONG(p->token, words));
  if (found) next(p);
  return found;
}

static bool take_type_operator(parser *p) {
  static const char *const words[] = {"is", "as"};
  bool found = p->kind == TOKEN_NAME && AMONG(p->token, words);
  if (found) next(p);
  return found;
}

static bool read_expression(parser *p) {
  if (++p->depth > NESTING_MAX || !read_operand(p)) return false;
  for (;;) {
    bool type = take_type_operator(p);
    if (!type && !take_operator(p)) break;
    if (type ? !read_type(p) : !read_operand(p)) return false;
  }
  p->depth--;
  return true;
}

bool zd_def_expression_parses(zd_slice text, size_t *at) {
  parser p = {.text = text.p ? text : ZD_S("")};
  next(&p);
  bool good = read_expression(&p) && p.kind == TOKEN_END;
  *at = p.token_at;
  return good;
}
