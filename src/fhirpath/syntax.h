/* syntax.h: FHIRPath text to a syntax tree. Private to fhirpath/.
 *
 *   text ──lex──► tokens ──parse──► syntax tree ──compile──► program ──eval──► items
 */
#ifndef ZD_FHIRPATH_SYNTAX_H
#define ZD_FHIRPATH_SYNTAX_H

#include "fhirpath/decimal.h"
#include "fhirpath/moment.h"

typedef enum zd_fp_token_kind {
  ZD_FP_TOKEN_END,
  ZD_FP_TOKEN_NAME,   /* identifier or keyword */
  ZD_FP_TOKEN_QUOTED, /* `identifier`, without its quotes, still escaped */
  ZD_FP_TOKEN_STRING, /* 'text', likewise */
  ZD_FP_TOKEN_NUMBER,
  ZD_FP_TOKEN_LONG,     /* 1L, without the L */
  ZD_FP_TOKEN_DATE,     /* @2012-04, without @ */
  ZD_FP_TOKEN_DATETIME, /* @2012-04-15T10:30, without @ */
  ZD_FP_TOKEN_TIME,     /* @T10:30, without @T */
  ZD_FP_TOKEN_EXTERNAL, /* %name, %`name`, %'name': the name, still escaped */
  ZD_FP_TOKEN_DOLLAR,   /* $this, with its sign */
  ZD_FP_TOKEN_SYMBOL
} zd_fp_token_kind;

typedef struct zd_fp_token {
  zd_fp_token_kind kind;
  zd_slice text;
  uint32_t at;   /* offset in the expression */
  uint8_t level; /* how tightly it binds as a binary operator; 0: it is none */
  uint8_t op;    /* zd_fp_operator */
} zd_fp_token;

typedef struct zd_fp_lexer {
  zd_slice text;
  size_t at;
  zd_fp_token token; /* the current one */
  zd_fault *fault;
} zd_fp_lexer;

zd_err zd_fp_next_token(zd_fp_lexer *lexer);
/* Escapes resolved, in the arena when there are any; p NULL: out of memory, or (*bad) no escape. */
zd_slice zd_fp_unescape(zd_slice raw, zd_arena *arena, bool *bad);

typedef enum zd_fp_operator {
  ZD_FP_OP_NONE,
  ZD_FP_OP_IMPLIES,
  ZD_FP_OP_OR,
  ZD_FP_OP_XOR,
  ZD_FP_OP_AND,
  ZD_FP_OP_IN,
  ZD_FP_OP_CONTAINS,
  ZD_FP_OP_EQUAL,
  ZD_FP_OP_UNEQUAL,
  ZD_FP_OP_ALIKE,
  ZD_FP_OP_UNLIKE,
  ZD_FP_OP_LESS,
  ZD_FP_OP_GREATER,
  ZD_FP_OP_AT_MOST,
  ZD_FP_OP_AT_LEAST,
  ZD_FP_OP_UNION,
  ZD_FP_OP_IS,
  ZD_FP_OP_AS,
  ZD_FP_OP_PLUS,
  ZD_FP_OP_MINUS,
  ZD_FP_OP_JOIN, /* & */
  ZD_FP_OP_TIMES,
  ZD_FP_OP_DIVIDE,
  ZD_FP_OP_DIV,
  ZD_FP_OP_MOD
} zd_fp_operator;

/* "implies", "+": for messages. */
const char *zd_fp_operator_text(zd_fp_operator op);

typedef enum zd_fp_ast_kind {
  ZD_FP_AST_VALUE, /* literal: value */
  ZD_FP_AST_EMPTY, /* {} */
  ZD_FP_AST_NAME,  /* left.text, or text alone */
  ZD_FP_AST_CALL,  /* left.text(arguments), or text(arguments) alone */
  ZD_FP_AST_INDEX, /* left[right] */
  ZD_FP_AST_EXTERNAL,
  ZD_FP_AST_THIS,
  ZD_FP_AST_POSITION, /* $index */
  ZD_FP_AST_TOTAL,
  ZD_FP_AST_SIGN,   /* -left */
  ZD_FP_AST_BINARY, /* left op right; of is and as `right` is a NAME (namespace: its left) */
  ZD_FP_AST_GROUP,  /* (left): only where it matters, in sort keys; else left out */
} zd_fp_ast_kind;

typedef struct zd_fp_ast {
  uint8_t kind; /* zd_fp_ast_kind */
  uint8_t op;   /* zd_fp_operator */
  uint8_t argc;
  bool descending; /* an argument of sort: `x desc` */
  uint32_t at;     /* offset in the expression */
  zd_slice text;
  struct zd_fp_ast *left, *right;
  struct zd_fp_ast *arguments, *next; /* of a call; the next argument */
  zd_fhirpath_item value;
} zd_fp_ast;

zd_err zd_fp_parse(zd_slice expression, zd_arena *arena, zd_fp_ast **out, zd_fault *fault);

#endif
