/* path_internal.h: syntax tree and program of a path. For path*.c alone.
 *
 *   text ──path_lex──► tokens ──path_parse──► syntax tree ──path_compile──► program ──path_eval──►
 *
 * A program is a graph of operations. A node of the resource is pushed through a chain of them,
 * depth first, and whatever reaches the end is a result: no intermediate lists, document order for
 * free.
 *
 *   (Observation.value as Quantity) | Observation.component.value.where(...)
 *
 *   start ► step value{Quantity} ► end
 *   start ► step component ► step value{*} ► where #1 ► end
 *
 * Static types are known while compiling, so that a step is a comparison of element numbers: the
 * alternatives of a choice are neighbours, one range stands for all of them.
 */
#ifndef ZD_FHIR_PATH_INTERNAL_H
#define ZD_FHIR_PATH_INTERNAL_H

#include "fhir/path.h"

/* ---- tokens ---- */

typedef enum zd_token_kind {
  ZD_TOKEN_END,
  ZD_TOKEN_NAME,   /* identifier or keyword */
  ZD_TOKEN_QUOTED, /* `identifier` */
  ZD_TOKEN_STRING, /* text without its quotes, still escaped */
  ZD_TOKEN_NUMBER,
  ZD_TOKEN_VARIABLE, /* %name or $name, with its sign */
  ZD_TOKEN_SYMBOL    /* ( ) [ ] . , | = != and those that are only refused */
} zd_token_kind;

typedef struct zd_token {
  zd_token_kind kind;
  zd_slice text;
  uint32_t at; /* offset in the expression */
} zd_token;

typedef struct zd_lexer {
  zd_slice text;
  size_t at;
  zd_token token; /* the current one */
  zd_fault *fault;
} zd_lexer;

/* Moves to the next token. ZD_ERR_INVALID or ZD_ERR_UNSUPPORTED for what is none. */
zd_err zd_path_next_token(zd_lexer *lexer);
/* A string token's value: escapes resolved, in the arena; p NULL when memory is exhausted or an
 * escape is none. */
zd_slice zd_path_unescape(zd_slice raw, zd_arena *arena);

/* ---- syntax tree ---- */

typedef enum zd_ast_kind {
  ZD_AST_STRING,
  ZD_AST_NUMBER,
  ZD_AST_BOOLEAN,
  ZD_AST_NAME,     /* left.text, or text alone */
  ZD_AST_VARIABLE, /* $this, %resource, %context */
  ZD_AST_INDEX,    /* left[number] */
  ZD_AST_CALL,     /* left.text(right), or text(right) alone; right may be a ZD_AST_TYPE */
  ZD_AST_TYPE,     /* a type name as an argument */
  ZD_AST_BINARY,   /* left text right; `right` of is and as is a ZD_AST_TYPE */
} zd_ast_kind;

typedef struct zd_ast {
  zd_ast_kind kind;
  uint32_t at; /* offset in the expression, for messages */
  uint32_t number;
  zd_slice text;
  const struct zd_ast *left, *right;
} zd_ast;

/* Nodes of a syntax tree; bounds every recursion over it. */
enum { ZD_AST_MAX = 2048 };

zd_err zd_path_parse(zd_slice expression, zd_arena *arena, const zd_ast **out, zd_fault *fault);

/* ---- program ---- */

typedef enum zd_path_op_kind {
  ZD_OP_END, /* operation 0: a result */
  ZD_OP_START,
  ZD_OP_RESOURCE, /* go to the resource the context stands in */
  ZD_OP_CONTEXT,  /* go to the context */
  ZD_OP_STEP,     /* children whose element is in one range */
  ZD_OP_STEPS,    /* children whose element is in one of several ranges */
  ZD_OP_TYPE,     /* only values of a type */
  ZD_OP_INDEX,    /* only the n-th */
  ZD_OP_SKIP,
  ZD_OP_TAKE,
  ZD_OP_WHERE /* only those for which a condition is true */
} zd_path_op_kind;

typedef struct zd_path_range {
  zd_element low, high; /* inclusive */
} zd_path_range;

typedef struct zd_path_op {
  uint8_t kind;
  uint8_t slot;      /* INDEX, SKIP, TAKE: which counter of the chain */
  uint16_t next;     /* operation; 0: end */
  zd_path_range one; /* STEP */
  uint32_t n;        /* STEPS: first range; TYPE: zd_type; INDEX..: count; WHERE: condition */
  uint32_t count;    /* STEPS: ranges */
} zd_path_op;

/* A path inside the program: one or more chains. */
typedef struct zd_path_chain {
  uint32_t first_head; /* in heads */
  uint16_t head_count;
  bool may_repeat; /* a node may come twice: keep only the first */
} zd_path_chain;

enum { ZD_PATH_SLOTS = 8 };

typedef enum zd_cond_kind {
  ZD_COND_CONSTANT, /* value */
  ZD_COND_PATH,     /* singleton evaluation of a chain */
  ZD_COND_EXISTS,
  ZD_COND_HAS_VALUE,
  ZD_COND_IS,          /* the one item is of a type */
  ZD_COND_RESOLVES_TO, /* the one item is a reference to a type */
  ZD_COND_EQUALS,      /* the one item equals a literal */
  ZD_COND_NOT,
  ZD_COND_AND,
  ZD_COND_OR,
  ZD_COND_XOR,
  ZD_COND_IMPLIES
} zd_cond_kind;

typedef struct zd_path_cond {
  uint8_t kind;
  uint8_t literal;      /* EQUALS: ZD_AST_STRING, ZD_AST_NUMBER or ZD_AST_BOOLEAN */
  zd_type type;         /* IS, RESOLVES_TO */
  uint32_t left, right; /* conditions */
  uint32_t chain;
  int8_t value;
  zd_slice text; /* the literal */
} zd_path_cond;

struct zd_path {
  const zd_schema *schema;
  const zd_path_op *ops;
  const zd_path_range *ranges;
  const uint16_t *heads;
  const zd_path_chain *chains;
  const zd_path_cond *conds;
  const zd_type *types; /* of the results */
  uint32_t op_count, type_count;
  uint32_t chain; /* the result, */
  uint32_t cond;  /* or this condition when boolean */
  bool boolean;
  bool uses_resource; /* %resource occurs */
};

/* Whether two decimals in JSON's or FHIRPath's notation are the same number. */
bool zd_path_same_number(zd_slice a, zd_slice b);

/* The resource that `node` is or stands in; with `container`, the one that holds its contained
 * resources. */
uint32_t zd_path_resource_of(const zd_tree *tree, uint32_t node, bool container);

/* Type of a Reference node's target, edits considered. ZD_ERR_MEMORY. */
zd_err zd_path_target_type(const zd_tree *tree, uint32_t reference, const zd_path_edits *edits,
                           zd_arena *arena, zd_type *out);

#endif
