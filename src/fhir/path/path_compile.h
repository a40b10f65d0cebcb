/* path_compile.h: what the two halves of the path compiler share: paths (path_compile.c) and truths
 * (path_truth.c). For these two alone. */
#ifndef ZD_FHIR_PATH_COMPILE_H
#define ZD_FHIR_PATH_COMPILE_H

#include "base/buffer.h"
#include "fhir/path/path_internal.h"

/* A set of types, ascending. */
typedef struct zd_type_set {
  zd_type *items;
  uint32_t n, room;
} zd_type_set;

/* A list of operation numbers. */
typedef struct zd_op_list {
  uint16_t *items;
  uint32_t n, room;
} zd_op_list;

/* A part of the program that is still open at its tails. Nothing at all when there is no type. */
typedef struct zd_fragment {
  zd_op_list heads, tails;
  zd_op_list steps; /* the last step before each tail: what the results are children of */
  zd_type_set types;
  bool may_repeat;
  bool joined; /* several chains run into one */
} zd_fragment;

typedef enum zd_value_kind {
  ZD_VALUE_PATH,
  ZD_VALUE_TRUTH, /* a condition */
  ZD_VALUE_LITERAL
} zd_value_kind;

/* What a syntax node compiled to. */
typedef struct zd_value {
  zd_value_kind kind;
  zd_fragment path;
  bool resolved; /* resolve() was called on the path: only `is` may follow */
  uint32_t cond;
  zd_ast_kind literal;
  zd_slice text;
} zd_value;

typedef struct zd_path_compiler {
  const zd_schema *schema;
  zd_type context;
  zd_arena *arena;
  zd_fault *fault;
  zd_buffer ops, ranges, heads, chains, conds; /* records of the program */
  uint8_t slots;                               /* counters given out */
  bool uses_resource;
} zd_path_compiler;

zd_err zd_path_fail(zd_path_compiler *c, zd_err err, const zd_ast *at, const char *what);
zd_err zd_path_no_memory(zd_path_compiler *c);

/* Compiles a node; `focus` are the types of $this. */
zd_err zd_path_compile_node(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                            zd_value *out);
/* Compiles a node that must be a truth, or a path taken as one. */
zd_err zd_path_compile_truth(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                             uint32_t *cond);

/* ---- path_truth.c ---- */

/* and, or, xor, implies, =, != */
zd_err zd_path_compile_operator(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                                zd_value *out);
/* The path ends: its chains become part of the program. */
zd_err zd_path_close(zd_path_compiler *c, const zd_fragment *path, uint32_t *chain);
zd_err zd_path_add_cond(zd_path_compiler *c, zd_path_cond cond, uint32_t *out);
/* is T; also after resolve(). */
zd_err zd_path_compile_is(zd_path_compiler *c, const zd_ast *ast, const zd_value *left,
                          zd_value *out);
/* exists, empty, not, hasValue on what stands left of them. */
zd_err zd_path_compile_test(zd_path_compiler *c, const zd_ast *ast, const zd_value *left,
                            zd_value *out);

/* The type a ZD_AST_TYPE names. */
zd_err zd_path_type_of(zd_path_compiler *c, const zd_ast *ast, zd_type *out);
bool zd_op_list_add(zd_path_compiler *c, zd_op_list *list, uint16_t op);
/* Only those for which the condition is true go on. */
zd_err zd_path_add_where(zd_path_compiler *c, zd_fragment *path, uint32_t cond);

#endif
