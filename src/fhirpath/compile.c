/* compile.c: syntax tree to program: entry, terms, and what is computed beforehand */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "fhirpath/compile.h"

enum { TREE_DEPTH_MAX = 500, FOLD_STEPS = 20000 };

zd_err zd_fp_refuse(zd_fp_compiler *c, zd_err err, const zd_fp_ast *at, const char *format, ...) {
  char text[320];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  zd_fail(c->fault, err, "FHIRPath, column %u: %s", at->at + 1, text);
  return err;
}

zd_err zd_fp_compile_memory(zd_fp_compiler *c) {
  zd_fail(c->fault, ZD_ERR_MEMORY, "FHIRPath: out of memory");
  return ZD_ERR_MEMORY;
}

zd_err zd_fp_new_op(zd_fp_compiler *c, const zd_fp_ast *at, zd_fp_run *run, zd_fp_op **out) {
  *out = ZD_NEW(c->arena, zd_fp_op);
  if (!*out) return zd_fp_compile_memory(c);
  (*out)->run = run;
  (*out)->at = at->at;
  return ZD_OK;
}

zd_err zd_fp_set_arguments(zd_fp_compiler *c, zd_fp_op *op, const zd_fp_op *const *arguments,
                           unsigned n) {
  const zd_fp_op **kept = zd_arena_alloc(c->arena, (n + 1) * sizeof *kept);
  if (!kept) return zd_fp_compile_memory(c);
  for (unsigned i = 0; i < n; i++) {
    assert(arguments[i]);
    kept[i] = arguments[i];
    op->needs |= arguments[i]->needs;
  }
  op->arguments = kept;
  op->argc = (uint8_t)n;
  return ZD_OK;
}

/* ---- computing beforehand ---- */

/* What needs nothing is run now. What fails is left: it fails when it is reached, if ever. */
static void fold(zd_fp_compiler *c, zd_fp_op *op) {
  if (op->needs || op->run == zd_fp_run_value || op->run == zd_fp_run_seq) return;
  static const zd_fhirpath_env env;
  zd_fp_running r = {.program = c->program,
                     .schema = c->schema,
                     .env = &env,
                     .arena = c->arena,
                     .budget = FOLD_STEPS};
  zd_fp_frame f = {.self_count = 0};
  zd_fp_seq s;
  if (!op->run(&r, op, &f, &s)) return;
  op->input = NULL;
  op->argc = 0;
  if (s.n == 1) {
    op->run = zd_fp_run_value;
    op->u.value = s.one;
  } else {
    op->run = zd_fp_run_seq;
    op->u.seq = s;
  }
}

/* ---- terms ---- */

static zd_err compile_value(zd_fp_compiler *c, const zd_fp_ast *ast, zd_fp_expression *out) {
  zd_err err = zd_fp_new_op(c, ast, zd_fp_run_value, &out->op);
  if (err) return err;
  out->op->u.value = ast->value;
  out->types = zd_fp_types_system(ZD_FP_BIT(ast->value.kind));
  return ZD_OK;
}

static zd_err compile_this(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_scope *scope,
                           zd_fp_expression *out) {
  zd_err err = zd_fp_new_op(c, ast, zd_fp_run_this, &out->op);
  if (err) return err;
  out->op->needs = ZD_FP_NEEDS_SELF;
  out->types = scope->self;
  return ZD_OK;
}

static zd_err compile_position(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_scope *scope,
                               zd_fp_expression *out) {
  if (!scope->lambda)
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "$index is known inside of a function alone");
  zd_err err = zd_fp_new_op(c, ast, zd_fp_run_index_variable, &out->op);
  if (err) return err;
  out->op->needs = ZD_FP_NEEDS_SELF;
  out->types = zd_fp_types_system(ZD_FP_BIT(ZD_FP_INTEGER));
  return ZD_OK;
}

static zd_err compile_total(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_scope *scope,
                            zd_fp_expression *out) {
  if (!scope->total)
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "$total is known inside of aggregate alone");
  zd_err err = zd_fp_new_op(c, ast, zd_fp_run_total, &out->op);
  if (err) return err;
  out->op->needs = ZD_FP_NEEDS_TOTAL;
  out->types = *scope->total;
  return ZD_OK;
}

static zd_err compile_index(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                            zd_fp_expression *out) {
  zd_fp_expression input, index;
  zd_err err = zd_fp_compile_node(c, ast->left, scope, &input);
  if (!err) err = zd_fp_compile_closed(c, ast->right, scope, &index);
  if (!err) err = zd_fp_new_op(c, ast, zd_fp_run_index, &out->op);
  if (err) return err;
  if (input.types.unordered && !c->how->lenient)
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "children have no order to take the n-th of");
  uint32_t kinds = zd_fp_types_kinds(c->schema, &index.types);
  if (kinds && !(kinds & ZD_FP_BIT(ZD_FP_INTEGER)))
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast->right, "an index is an Integer");
  const zd_fp_op *argument = index.op;
  out->op->input = input.op;
  out->op->needs = input.op->needs;
  out->types = input.types;
  return zd_fp_set_arguments(c, out->op, &argument, 1);
}

static zd_err compile_step(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                           zd_fp_expression *out) {
  zd_fp_expression input = {.op = NULL, .types = scope->self};
  zd_err err = ast->left ? zd_fp_compile_node(c, ast->left, scope, &input) : ZD_OK;
  return err ? err : zd_fp_compile_name(c, ast, scope, &input, out);
}

static zd_err compile_kind(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                           zd_fp_expression *out) {
  switch ((zd_fp_ast_kind)ast->kind) {
    case ZD_FP_AST_VALUE:
      return compile_value(c, ast, out);
    case ZD_FP_AST_EMPTY:
      return zd_fp_new_op(c, ast, zd_fp_run_seq, &out->op);
    case ZD_FP_AST_NAME:
      return compile_step(c, ast, scope, out);
    case ZD_FP_AST_CALL:
      return zd_fp_compile_call(c, ast, scope, out);
    case ZD_FP_AST_INDEX:
      return compile_index(c, ast, scope, out);
    case ZD_FP_AST_EXTERNAL:
      return zd_fp_compile_external(c, ast, out);
    case ZD_FP_AST_THIS:
      return compile_this(c, ast, scope, out);
    case ZD_FP_AST_POSITION:
      return compile_position(c, ast, scope, out);
    case ZD_FP_AST_TOTAL:
      return compile_total(c, ast, scope, out);
    default:
      return zd_fp_compile_operator(c, ast, scope, out);
  }
}

zd_err zd_fp_compile_node(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                          zd_fp_expression *out) {
  *out = (zd_fp_expression){.op = NULL};
  if (c->depth >= TREE_DEPTH_MAX)
    return zd_fp_refuse(c, ZD_ERR_LIMIT, ast, "the expression is too long");
  c->depth++;
  zd_err err = compile_kind(c, ast, scope, out);
  c->depth--;
  assert(err || out->op);
  if (!err) fold(c, out->op);
  return err;
}

zd_err zd_fp_compile_closed(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                            zd_fp_expression *out) {
  const zd_fp_defined *before = c->defined;
  zd_err err = zd_fp_compile_node(c, ast, scope, out);
  c->defined = before;
  return err;
}

/* ---- entry ---- */

static zd_err start(zd_fp_compiler *c) {
  zd_type *context = zd_arena_alloc(c->arena, sizeof *context);
  c->program = ZD_NEW(c->arena, zd_fhirpath);
  if (!context || !c->program) return zd_fp_compile_memory(c);
  c->program->schema = c->schema;
  c->program->quantity = zd_schema_type(c->schema, ZD_S("Quantity"));
  *context = c->how->context;
  c->context =
      (zd_fp_types){.any = *context == ZD_NO_TYPE, .n = *context != ZD_NO_TYPE, .fhir = context};
  return ZD_OK;
}

zd_err zd_fhirpath_compile(const zd_fhirpath_options *options, zd_slice expression, zd_arena *arena,
                           const zd_fhirpath **out, zd_fault *fault) {
  zd_fp_compiler c = {.how = options, .schema = options->schema, .arena = arena, .fault = fault};
  zd_fp_ast *ast;
  zd_fp_expression root;
  *out = NULL;
  zd_err err = zd_fp_parse(expression, arena, &ast, fault);
  if (!err) err = start(&c);
  if (err) return err;
  zd_fp_scope scope = {.self = c.context};
  err = zd_fp_compile_node(&c, ast, &scope, &root);
  if (err) return err;
  c.program->root = root.op;
  c.program->slots = c.slots;
  *out = c.program;
  return ZD_OK;
}
