/* path_parse.c: FHIRPath tokens to a syntax tree, by precedence climbing.
 *
 * The whole grammar of operators is read, so that what is not supported is refused by its name
 * instead of as a syntax error.
 */
#include "fhir/path/path_internal.h"

typedef struct parser {
  zd_lexer lexer;
  zd_arena *arena;
  uint32_t nodes, depth;
} parser;

static zd_err fail_at(const parser *p, zd_err err, uint32_t at, const char *what, zd_slice name) {
  return zd_fail(p->lexer.fault, err, "FHIRPath, column %u: %s%.*s", at + 1, what,
                 name.n > 100 ? 100 : (int)name.n, name.p ? name.p : "");
}

static zd_err unexpected(const parser *p) {
  const zd_token *t = &p->lexer.token;
  if (t->kind == ZD_TOKEN_END)
    return fail_at(p, ZD_ERR_INVALID, t->at, "the expression ends too early", (zd_slice){NULL, 0});
  return fail_at(p, ZD_ERR_INVALID, t->at, "unexpected ", t->text);
}

static zd_err new_node(parser *p, zd_ast_kind kind, uint32_t at, zd_slice text, zd_ast **out) {
  *out = NULL;
  if (++p->nodes > ZD_AST_MAX) {
    fail_at(p, ZD_ERR_LIMIT, at, "the expression is too long", (zd_slice){NULL, 0});
    return ZD_ERR_LIMIT;
  }
  *out = ZD_NEW(p->arena, zd_ast);
  if (!*out) {
    zd_fail(p->lexer.fault, ZD_ERR_MEMORY, "FHIRPath: out of memory");
    return ZD_ERR_MEMORY;
  }
  (*out)->kind = kind;
  (*out)->at = at;
  (*out)->text = text;
  return ZD_OK;
}

static bool at_symbol(const parser *p, const char *symbol) {
  return p->lexer.token.kind == ZD_TOKEN_SYMBOL &&
         zd_slice_eq(p->lexer.token.text, zd_slice_of(symbol));
}

static zd_err expect(parser *p, const char *symbol) {
  return at_symbol(p, symbol) ? zd_path_next_token(&p->lexer) : unexpected(p);
}

static zd_err parse_binary(parser *p, int least, const zd_ast **out);

/* ---- operators ---- */

/* How tightly a binary operator binds (FHIRPath 2.0.0, 6.9); 0: not one. */
static int precedence(const zd_token *t) {
  static const struct {
    const char *text;
    int level;
  } table[] = {{"implies", 1}, {"or", 2}, {"xor", 2}, {"and", 3}, {"in", 4},   {"contains", 4},
               {"=", 5},       {"!=", 5}, {"~", 5},   {"!~", 5},  {"<", 6},    {">", 6},
               {"<=", 6},      {">=", 6}, {"|", 7},   {"is", 8},  {"as", 8},   {"+", 9},
               {"-", 9},       {"&", 9},  {"*", 10},  {"/", 10},  {"div", 10}, {"mod", 10}};
  if (t->kind != ZD_TOKEN_NAME && t->kind != ZD_TOKEN_SYMBOL) return 0;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (zd_slice_eq(t->text, zd_slice_of(table[i].text))) return table[i].level;
  return 0;
}

enum { LEVEL_TYPE = 8 };

/* Patient, FHIR.Patient or System.String: the text of the node is the last part. */
static zd_err parse_type(parser *p, const zd_ast **out) {
  zd_ast *node = NULL;
  zd_token name = p->lexer.token;
  if (name.kind != ZD_TOKEN_NAME && name.kind != ZD_TOKEN_QUOTED) return unexpected(p);
  zd_err err = zd_path_next_token(&p->lexer);
  if (!err && at_symbol(p, ".") &&
      (zd_slice_eq(name.text, ZD_S("FHIR")) || zd_slice_eq(name.text, ZD_S("System")))) {
    err = zd_path_next_token(&p->lexer);
    name = p->lexer.token;
    if (!err && name.kind != ZD_TOKEN_NAME && name.kind != ZD_TOKEN_QUOTED) return unexpected(p);
    if (!err) err = zd_path_next_token(&p->lexer);
  }
  if (!err) err = new_node(p, ZD_AST_TYPE, name.at, name.text, &node);
  if (!err) *out = node;
  return err;
}

/* ---- terms ---- */

static bool takes_type(zd_slice function) {
  return zd_slice_eq(function, ZD_S("as")) || zd_slice_eq(function, ZD_S("is")) ||
         zd_slice_eq(function, ZD_S("ofType"));
}

/* The current token is the opening parenthesis. At most one argument: no function offered has
 * more. */
static zd_err parse_call(parser *p, zd_token name, const zd_ast *left, const zd_ast **out) {
  zd_ast *node = NULL;
  zd_err err = new_node(p, ZD_AST_CALL, name.at, name.text, &node);
  if (!err) err = zd_path_next_token(&p->lexer);
  if (err) return err;
  node->left = left;
  if (!at_symbol(p, ")"))
    err = takes_type(name.text) ? parse_type(p, &node->right) : parse_binary(p, 1, &node->right);
  if (!err && at_symbol(p, ","))
    return fail_at(p, ZD_ERR_UNSUPPORTED, name.at,
                   "unsupported function or too many arguments: ", name.text);
  if (!err) err = expect(p, ")");
  *out = node;
  return err;
}

/* The current token is a name: an element or a function. */
static zd_err parse_name(parser *p, const zd_ast *left, const zd_ast **out) {
  zd_token name = p->lexer.token;
  if (name.kind != ZD_TOKEN_NAME && name.kind != ZD_TOKEN_QUOTED) return unexpected(p);
  zd_err err = zd_path_next_token(&p->lexer);
  if (err) return err;
  if (at_symbol(p, "(") && name.kind == ZD_TOKEN_NAME) return parse_call(p, name, left, out);
  zd_ast *node = NULL;
  err = new_node(p, ZD_AST_NAME, name.at, name.text, &node);
  if (err) return err;
  node->left = left;
  *out = node;
  return ZD_OK;
}

static zd_err parse_literal(parser *p, const zd_ast **out) {
  zd_token t = p->lexer.token;
  zd_ast_kind kind = t.kind == ZD_TOKEN_STRING   ? ZD_AST_STRING
                     : t.kind == ZD_TOKEN_NUMBER ? ZD_AST_NUMBER
                     : t.kind == ZD_TOKEN_NAME   ? ZD_AST_BOOLEAN
                                                 : ZD_AST_VARIABLE;
  zd_ast *node = NULL;
  zd_err err = new_node(p, kind, t.at, t.text, &node);
  if (err) return err;
  if (kind == ZD_AST_STRING) {
    node->text = zd_path_unescape(t.text, p->arena);
    if (!node->text.p) return fail_at(p, ZD_ERR_INVALID, t.at, "bad escape in ", t.text);
  }
  *out = node;
  return zd_path_next_token(&p->lexer);
}

static zd_err parse_primary(parser *p, const zd_ast **out) {
  const zd_token *t = &p->lexer.token;
  if (at_symbol(p, "(")) {
    zd_err err = zd_path_next_token(&p->lexer);
    if (!err) err = parse_binary(p, 1, out);
    return err ? err : expect(p, ")");
  }
  bool truth = t->kind == ZD_TOKEN_NAME &&
               (zd_slice_eq(t->text, ZD_S("true")) || zd_slice_eq(t->text, ZD_S("false")));
  if (truth || t->kind == ZD_TOKEN_STRING || t->kind == ZD_TOKEN_NUMBER ||
      t->kind == ZD_TOKEN_VARIABLE)
    return parse_literal(p, out);
  if (at_symbol(p, "-") || at_symbol(p, "+") || at_symbol(p, "{"))
    return fail_at(p, ZD_ERR_UNSUPPORTED, t->at, "unsupported: ", t->text);
  return parse_name(p, NULL, out);
}

static zd_err parse_index(parser *p, const zd_ast *left, const zd_ast **out) {
  zd_ast *node = NULL;
  zd_err err = zd_path_next_token(&p->lexer);
  zd_token n = p->lexer.token;
  if (err) return err;
  if (n.kind != ZD_TOKEN_NUMBER)
    return fail_at(p, ZD_ERR_UNSUPPORTED, n.at, "an index must be a whole number: ", n.text);
  err = new_node(p, ZD_AST_INDEX, n.at, n.text, &node);
  if (err) return err;
  node->left = left;
  for (size_t i = 0; i < n.text.n; i++) {
    if (n.text.p[i] == '.' || i == 9)
      return fail_at(p, ZD_ERR_INVALID, n.at, "not an index: ", n.text);
    node->number = node->number * 10 + (uint32_t)(n.text.p[i] - '0');
  }
  *out = node;
  err = zd_path_next_token(&p->lexer);
  return err ? err : expect(p, "]");
}

static zd_err parse_term(parser *p, const zd_ast **out) {
  zd_err err = parse_primary(p, out);
  while (!err) {
    if (at_symbol(p, ".")) {
      err = zd_path_next_token(&p->lexer);
      if (!err) err = parse_name(p, *out, out);
    } else if (at_symbol(p, "[")) {
      err = parse_index(p, *out, out);
    } else {
      break;
    }
  }
  return err;
}

static zd_err parse_operators(parser *p, int least, const zd_ast **out) {
  zd_err err = parse_term(p, out);
  for (int level; !err && (level = precedence(&p->lexer.token)) >= least && level > 0;) {
    zd_token operator= p->lexer.token;
    zd_ast *node = NULL;
    err = new_node(p, ZD_AST_BINARY, operator.at, operator.text, &node);
    if (!err) err = zd_path_next_token(&p->lexer);
    if (err) return err;
    node->left = *out;
    err = level == LEVEL_TYPE ? parse_type(p, &node->right)
                              : parse_binary(p, level + 1, &node->right);
    *out = node;
  }
  return err;
}

static zd_err parse_binary(parser *p, int least, const zd_ast **out) {
  if (p->depth >= ZD_PATH_DEPTH_MAX)
    return fail_at(p, ZD_ERR_LIMIT, p->lexer.token.at, "nested too deeply", (zd_slice){NULL, 0});
  p->depth++;
  zd_err err = parse_operators(p, least, out);
  p->depth--;
  return err;
}

zd_err zd_path_parse(zd_slice expression, zd_arena *arena, const zd_ast **out, zd_fault *fault) {
  parser p = {.lexer = {.text = expression, .fault = fault}, .arena = arena};
  if (expression.n > ZD_PATH_LENGTH_MAX)
    return zd_fail(fault, ZD_ERR_LIMIT, "FHIRPath: the expression is too long");
  zd_err err = zd_path_next_token(&p.lexer);
  if (!err) err = parse_binary(&p, 1, out);
  if (!err && p.lexer.token.kind != ZD_TOKEN_END) err = unexpected(&p);
  return err;
}
