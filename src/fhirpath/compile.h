/* compile.h: what the parts of the compiler share. Private to compile*.c. */
#ifndef ZD_FHIRPATH_COMPILE_H
#define ZD_FHIRPATH_COMPILE_H

#include "fhirpath/functions.h"

/* A variable of defineVariable, in force from there to the end of its chain. */
typedef struct zd_fp_defined {
  zd_slice name;
  uint16_t slot;
  zd_fp_types types;
  const struct zd_fp_defined *before;
} zd_fp_defined;

typedef struct zd_fp_compiler {
  const zd_fhirpath_options *how;
  const zd_schema *schema;
  zd_arena *arena;
  zd_fault *fault;
  zd_fp_types context;
  const zd_fp_defined *defined;
  uint16_t slots;
  unsigned depth;
  zd_fhirpath *program;
} zd_fp_compiler;

/* What is known where an expression stands. */
typedef struct zd_fp_scope {
  zd_fp_types self;         /* $this */
  const zd_fp_types *total; /* $total; NULL outside of aggregate */
  bool lambda;              /* $index is known */
} zd_fp_scope;

/* What a syntax node compiled to. */
typedef struct zd_fp_expression {
  zd_fp_op *op;
  zd_fp_types types;
} zd_fp_expression;

zd_err zd_fp_refuse(zd_fp_compiler *c, zd_err err, const zd_fp_ast *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
zd_err zd_fp_compile_memory(zd_fp_compiler *c);

zd_err zd_fp_compile_node(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                          zd_fp_expression *out);
/* As above, where variables that are defined in it end with it. */
zd_err zd_fp_compile_closed(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                            zd_fp_expression *out);

zd_err zd_fp_new_op(zd_fp_compiler *c, const zd_fp_ast *at, zd_fp_run *run, zd_fp_op **out);
/* Gives an operation its arguments, and what they need. */
zd_err zd_fp_set_arguments(zd_fp_compiler *c, zd_fp_op *op, const zd_fp_op *const *arguments,
                           unsigned n);
static inline uint8_t zd_fp_needs_of(const zd_fp_op *input) {
  return input ? input->needs : ZD_FP_NEEDS_SELF;
}

/* compile_path.c: ast is a NAME; input: what it is a step from, NULL op for $this at its start. */
zd_err zd_fp_compile_name(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_scope *scope,
                          const zd_fp_expression *input, zd_fp_expression *out);
zd_err zd_fp_compile_type_name(zd_fp_compiler *c, const zd_fp_ast *ast, zd_fp_type_name *out);
/* What is left of `from` when only values of the type are. */
zd_err zd_fp_narrow(zd_fp_compiler *c, const zd_fp_types *from, const zd_fp_type_name *type,
                    zd_fp_types *out);
zd_err zd_fp_compile_external(zd_fp_compiler *c, const zd_fp_ast *ast, zd_fp_expression *out);

/* compile_call.c */
zd_err zd_fp_compile_call(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                          zd_fp_expression *out);

/* compile_operator.c: BINARY and SIGN. */
zd_err zd_fp_compile_operator(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                              zd_fp_expression *out);

#endif
