/* parse.c: tokens to a syntax tree, by precedence climbing. Source: FHIRPath 2.0.0, annex B. */
#include <assert.h>

#include "fhirpath/syntax.h"
#include "fhirpath/value.h"

enum { NODES_MAX = 8192, LEVEL_TYPE = 8, LEVEL_SIGN = 11 };

typedef struct parser {
  zd_fp_lexer lexer;
  zd_arena *arena;
  uint32_t nodes, depth;
} parser;

static zd_err fail_at(const parser *p, zd_err err, uint32_t at, const char *what, zd_slice name) {
  zd_fail(p->lexer.fault, err, "FHIRPath, column %u: %s%.*s", at + 1, what,
          name.n > 100 ? 100 : (int)name.n, name.p ? name.p : "");
  return err;
}

static const zd_slice none = {NULL, 0};

static zd_err unexpected(const parser *p) {
  const zd_fp_token *t = &p->lexer.token;
  if (t->kind == ZD_FP_TOKEN_END)
    return fail_at(p, ZD_ERR_INVALID, t->at, "the expression ends too early", none);
  return fail_at(p, ZD_ERR_INVALID, t->at, "unexpected ", t->text);
}

static zd_err no_memory(const parser *p) {
  zd_fail(p->lexer.fault, ZD_ERR_MEMORY, "FHIRPath: out of memory");
  return ZD_ERR_MEMORY;
}

static zd_err new_node(parser *p, zd_fp_ast_kind kind, const zd_fp_token *t, zd_fp_ast **out) {
  *out = NULL;
  if (++p->nodes > NODES_MAX)
    return fail_at(p, ZD_ERR_LIMIT, t->at, "the expression is too long", none);
  *out = ZD_NEW(p->arena, zd_fp_ast);
  if (!*out) return no_memory(p);
  (*out)->kind = (uint8_t)kind;
  (*out)->at = t->at;
  (*out)->text = t->text;
  return ZD_OK;
}

static bool at_symbol(const parser *p, char symbol) {
  return p->lexer.token.kind == ZD_FP_TOKEN_SYMBOL && p->lexer.token.text.n == 1 &&
         p->lexer.token.text.p[0] == symbol;
}

static bool at_word(const parser *p, const char *word) {
  return p->lexer.token.kind == ZD_FP_TOKEN_NAME &&
         zd_slice_eq(p->lexer.token.text, zd_slice_of(word));
}

static zd_err next(parser *p) {
  return zd_fp_next_token(&p->lexer);
}

static zd_err expect(parser *p, char symbol) {
  return at_symbol(p, symbol) ? next(p) : unexpected(p);
}

static zd_err parse_binary(parser *p, int least, zd_fp_ast **out);

/* A token's text with its escapes resolved, for quoted ones. */
static zd_err plain_text(parser *p, const zd_fp_token *t, zd_slice *out) {
  bool bad;
  *out = zd_fp_unescape(t->text, p->arena, &bad);
  if (out->p || (!bad && !t->text.n)) return ZD_OK;
  return bad ? fail_at(p, ZD_ERR_INVALID, t->at, "bad escape in ", t->text) : no_memory(p);
}

/* ---- literals ---- */

static zd_err parse_moment(parser *p, const zd_fp_token *t, zd_fhirpath_item *out) {
  zd_fp_moment *m = ZD_NEW(p->arena, zd_fp_moment);
  if (!m) return no_memory(p);
  bool good;
  if (t->kind == ZD_FP_TOKEN_DATE) {
    good = zd_fp_moment_read_date(t->text, m);
    *out = (zd_fhirpath_item){.kind = ZD_FP_DATE, .as.moment = m};
  } else if (t->kind == ZD_FP_TOKEN_DATETIME) {
    good = zd_fp_moment_read_datetime(t->text, true, m);
    *out = (zd_fhirpath_item){.kind = ZD_FP_DATETIME, .as.moment = m};
  } else {
    good = zd_fp_moment_read_time(t->text, m);
    *out = (zd_fhirpath_item){.kind = ZD_FP_TIME, .as.moment = m};
  }
  return good ? ZD_OK : fail_at(p, ZD_ERR_INVALID, t->at, "no date or time: ", t->text);
}

static zd_err parse_decimal(parser *p, const zd_fp_token *t, zd_fp_decimal *out) {
  if (zd_fp_decimal_read(t->text, out))
    return fail_at(p, ZD_ERR_LIMIT, t->at, "the number is too large: ", t->text);
  return ZD_OK;
}

static zd_err parse_number(parser *p, const zd_fp_token *t, zd_fhirpath_item *out) {
  zd_fp_decimal *d = ZD_NEW(p->arena, zd_fp_decimal);
  if (!d) return no_memory(p);
  zd_err err = parse_decimal(p, t, d);
  if (err) return err;
  *out = (zd_fhirpath_item){.kind = ZD_FP_DECIMAL, .as.decimal = d};
  if (zd_slice_find(t->text, '.') < t->text.n) return ZD_OK;
  int64_t most = t->kind == ZD_FP_TOKEN_LONG ? INT64_MAX : INT32_MAX;
  if (d->digits > most)
    return fail_at(p, ZD_ERR_INVALID, t->at, "the integer is too large: ", t->text);
  *out = (zd_fhirpath_item){.kind = t->kind == ZD_FP_TOKEN_LONG ? ZD_FP_LONG : ZD_FP_INTEGER,
                            .as.integer = (int64_t)d->digits};
  return ZD_OK;
}

/* 4 days, 10.1 'mg': the number was `t`, the unit is the current token. */
static zd_err parse_quantity(parser *p, const zd_fp_token *t, zd_fhirpath_item *out) {
  zd_fp_quantity *q = ZD_NEW(p->arena, zd_fp_quantity);
  const zd_fp_token *unit = &p->lexer.token;
  if (!q) return no_memory(p);
  zd_err err = parse_decimal(p, t, &q->value);
  if (!err) err = plain_text(p, unit, &q->unit);
  if (err) return err;
  if (unit->kind == ZD_FP_TOKEN_NAME) q->calendar = zd_fp_calendar_of(q->unit);
  if (!q->unit.n) q->unit = ZD_S("1");
  *out = (zd_fhirpath_item){.kind = ZD_FP_QUANTITY, .as.quantity = q};
  return next(p);
}

static bool at_unit(const parser *p) {
  const zd_fp_token *t = &p->lexer.token;
  return t->kind == ZD_FP_TOKEN_STRING ||
         (t->kind == ZD_FP_TOKEN_NAME && zd_fp_calendar_of(t->text));
}

static zd_err parse_literal(parser *p, zd_fp_ast **out) {
  zd_fp_token t = p->lexer.token;
  zd_err err = new_node(p, ZD_FP_AST_VALUE, &t, out);
  if (err) return err;
  zd_fhirpath_item *value = &(*out)->value;
  switch (t.kind) {
    case ZD_FP_TOKEN_STRING: {
      zd_slice text;
      err = plain_text(p, &t, &text);
      *value = zd_fhirpath_string(text);
      break;
    }
    case ZD_FP_TOKEN_NUMBER:
    case ZD_FP_TOKEN_LONG:
      err = next(p);
      if (err) return err;
      if (t.kind == ZD_FP_TOKEN_NUMBER && at_unit(p)) return parse_quantity(p, &t, value);
      return parse_number(p, &t, value);
    case ZD_FP_TOKEN_NAME:
      *value = zd_fhirpath_boolean(t.text.p[0] == 't');
      break;
    default:
      err = parse_moment(p, &t, value);
  }
  return err ? err : next(p);
}

/* ---- terms ---- */

static zd_err parse_argument(parser *p, bool sorting, zd_fp_ast **out) {
  zd_err err = parse_binary(p, 1, out);
  if (err || !sorting) return err;
  if (at_word(p, "desc")) {
    (*out)->descending = true;
    return next(p);
  }
  return at_word(p, "asc") ? next(p) : ZD_OK;
}

/* The current token is the opening parenthesis. */
static zd_err parse_call(parser *p, zd_fp_ast *node) {
  node->kind = ZD_FP_AST_CALL;
  bool sorting = zd_slice_eq(node->text, ZD_S("sort"));
  zd_fp_ast **tail = &node->arguments;
  zd_err err = next(p);
  if (err || at_symbol(p, ')')) return err ? err : next(p);
  for (;;) {
    if (node->argc == UINT8_MAX)
      return fail_at(p, ZD_ERR_LIMIT, node->at, "too many arguments: ", node->text);
    err = parse_argument(p, sorting, tail);
    if (err) return err;
    tail = &(*tail)->next;
    node->argc++;
    if (!at_symbol(p, ',')) break;
    err = next(p);
    if (err) return err;
  }
  return expect(p, ')');
}

/* The current token is a name: an element or a function. */
static zd_err parse_name(parser *p, zd_fp_ast *left, zd_fp_ast **out) {
  zd_fp_token t = p->lexer.token;
  if (t.kind != ZD_FP_TOKEN_NAME && t.kind != ZD_FP_TOKEN_QUOTED) return unexpected(p);
  zd_err err = new_node(p, ZD_FP_AST_NAME, &t, out);
  if (!err && t.kind == ZD_FP_TOKEN_QUOTED) err = plain_text(p, &t, &(*out)->text);
  if (!err) err = next(p);
  if (err) return err;
  (*out)->left = left;
  return at_symbol(p, '(') && t.kind == ZD_FP_TOKEN_NAME ? parse_call(p, *out) : ZD_OK;
}

static zd_err parse_dollar(parser *p, zd_fp_ast **out) {
  const zd_fp_token t = p->lexer.token;
  zd_fp_ast_kind kind = ZD_FP_AST_THIS;
  if (zd_slice_eq(t.text, ZD_S("$index")))
    kind = ZD_FP_AST_POSITION;
  else if (zd_slice_eq(t.text, ZD_S("$total")))
    kind = ZD_FP_AST_TOTAL;
  else if (!zd_slice_eq(t.text, ZD_S("$this")))
    return unexpected(p);
  zd_err err = new_node(p, kind, &t, out);
  return err ? err : next(p);
}

static zd_err parse_external(parser *p, zd_fp_ast **out) {
  zd_fp_token t = p->lexer.token;
  zd_err err = new_node(p, ZD_FP_AST_EXTERNAL, &t, out);
  if (!err) err = plain_text(p, &t, &(*out)->text);
  return err ? err : next(p);
}

static zd_err parse_empty(parser *p, zd_fp_ast **out) {
  zd_err err = new_node(p, ZD_FP_AST_EMPTY, &p->lexer.token, out);
  if (!err) err = next(p);
  return err ? err : expect(p, '}');
}

static zd_err parse_primary(parser *p, zd_fp_ast **out) {
  const zd_fp_token *t = &p->lexer.token;
  switch (t->kind) {
    case ZD_FP_TOKEN_STRING:
    case ZD_FP_TOKEN_NUMBER:
    case ZD_FP_TOKEN_LONG:
    case ZD_FP_TOKEN_DATE:
    case ZD_FP_TOKEN_DATETIME:
    case ZD_FP_TOKEN_TIME:
      return parse_literal(p, out);
    case ZD_FP_TOKEN_DOLLAR:
      return parse_dollar(p, out);
    case ZD_FP_TOKEN_EXTERNAL:
      return parse_external(p, out);
    case ZD_FP_TOKEN_SYMBOL:
      break;
    default:
      return at_word(p, "true") || at_word(p, "false") ? parse_literal(p, out)
                                                       : parse_name(p, NULL, out);
  }
  if (at_symbol(p, '{')) return parse_empty(p, out);
  if (!at_symbol(p, '(')) return unexpected(p);
  zd_err err = next(p);
  if (!err) err = parse_binary(p, 1, out);
  return err ? err : expect(p, ')');
}

static zd_err parse_index(parser *p, zd_fp_ast *left, zd_fp_ast **out) {
  zd_err err = new_node(p, ZD_FP_AST_INDEX, &p->lexer.token, out);
  if (!err) err = next(p);
  if (err) return err;
  (*out)->left = left;
  err = parse_binary(p, 1, &(*out)->right);
  return err ? err : expect(p, ']');
}

static zd_err parse_term(parser *p, zd_fp_ast **out) {
  zd_err err = parse_primary(p, out);
  while (!err) {
    if (at_symbol(p, '.')) {
      err = next(p);
      if (!err && p->lexer.token.kind == ZD_FP_TOKEN_DOLLAR) return unexpected(p);
      if (!err) err = parse_name(p, *out, out);
    } else if (at_symbol(p, '[')) {
      err = parse_index(p, *out, out);
    } else {
      break;
    }
  }
  return err;
}

/* ---- operators ---- */

/* Patient, FHIR.Patient or System.String. */
static zd_err parse_type(parser *p, zd_fp_ast **out) {
  zd_err err = parse_name(p, NULL, out);
  if (!err && at_symbol(p, '.')) {
    err = next(p);
    if (!err) err = parse_name(p, *out, out);
  }
  if (!err && (*out)->kind != ZD_FP_AST_NAME) return unexpected(p);
  return err;
}

/* A sign binds more tightly than any operator, and less than a path. */
static zd_err parse_signed(parser *p, zd_fp_ast **out) {
  if (!at_symbol(p, '-') && !at_symbol(p, '+')) return parse_term(p, out);
  bool minus = at_symbol(p, '-');
  zd_fp_ast *node;
  zd_err err = new_node(p, ZD_FP_AST_SIGN, &p->lexer.token, &node);
  if (!err) err = next(p);
  if (err) return err;
  assert(node);
  node->op = minus ? ZD_FP_OP_MINUS : ZD_FP_OP_PLUS;
  err = parse_binary(p, LEVEL_SIGN, &node->left);
  *out = node;
  return err;
}

static zd_err parse_operators(parser *p, int least, zd_fp_ast **out) {
  zd_err err = parse_signed(p, out);
  while (!err && p->lexer.token.level && p->lexer.token.level >= least) {
    zd_fp_token t = p->lexer.token;
    zd_fp_ast *node;
    err = new_node(p, ZD_FP_AST_BINARY, &t, &node);
    if (!err) err = next(p);
    if (err) return err;
    assert(node);
    node->op = t.op;
    node->left = *out;
    *out = node;
    err = t.level == LEVEL_TYPE ? parse_type(p, &node->right)
                                : parse_binary(p, t.level + 1, &node->right);
  }
  return err;
}

static zd_err parse_binary(parser *p, int least, zd_fp_ast **out) {
  assert(out);
  *out = NULL;
  if (p->depth >= ZD_FHIRPATH_DEPTH_MAX)
    return fail_at(p, ZD_ERR_LIMIT, p->lexer.token.at, "nested too deeply", none);
  p->depth++;
  zd_err err = parse_operators(p, least, out);
  p->depth--;
  return err;
}

zd_err zd_fp_parse(zd_slice expression, zd_arena *arena, zd_fp_ast **out, zd_fault *fault) {
  parser p = {.lexer = {.text = expression, .fault = fault}, .arena = arena};
  *out = NULL;
  if (expression.n > ZD_FHIRPATH_LENGTH_MAX)
    return zd_fail(fault, ZD_ERR_LIMIT, "FHIRPath: the expression is too long");
  zd_err err = next(&p);
  if (!err) err = parse_binary(&p, 1, out);
  if (!err && p.lexer.token.kind != ZD_FP_TOKEN_END) err = unexpected(&p);
  return err;
}
