/* compile_operator.c: operators, and what they take */
#include "fhirpath/compile.h"

#define B(kind) ZD_FP_BIT(ZD_FP_##kind)
#define NUMBERS (B(INTEGER) | B(LONG) | B(DECIMAL))
#define MOMENTS (B(DATE) | B(DATETIME) | B(TIME))

/* ---- what arithmetic gives: 0 when it does not take the two ---- */

static uint32_t sum_of(unsigned op, uint32_t a, uint32_t b) {
  uint32_t out = 0;
  if (a & NUMBERS && b & NUMBERS) out |= (a | b) & NUMBERS;
  if (op == ZD_FP_OP_PLUS && a & B(STRING) && b & B(STRING)) out |= B(STRING);
  if (a & MOMENTS && b & B(QUANTITY)) out |= a & MOMENTS;
  if (a & (B(QUANTITY) | NUMBERS) && b & (B(QUANTITY) | NUMBERS) && (a | b) & B(QUANTITY))
    out |= B(QUANTITY);
  return out;
}

static uint32_t product_of(unsigned op, uint32_t a, uint32_t b) {
  bool numbers = a & NUMBERS && b & NUMBERS;
  if (op == ZD_FP_OP_DIV) return numbers ? B(INTEGER) | B(LONG) : 0;
  if (op == ZD_FP_OP_MOD) return numbers ? (a | b) & NUMBERS : 0;
  uint32_t out = !numbers ? 0 : op == ZD_FP_OP_DIVIDE ? B(DECIMAL) : (a | b) & NUMBERS;
  if (a & (B(QUANTITY) | NUMBERS) && b & (B(QUANTITY) | NUMBERS) && (a | b) & B(QUANTITY))
    out |= B(QUANTITY);
  return out;
}

/* Is there an order between values of the two? */
static bool ordered(uint32_t a, uint32_t b) {
  uint32_t quantities = NUMBERS | B(QUANTITY), days = B(DATE) | B(DATETIME);
  return (a & quantities && b & quantities) || (a & days && b & days) ||
         (a & B(TIME) && b & B(TIME)) || (a & B(STRING) && b & B(STRING));
}

static const char *kind_text(zd_fp_compiler *c, const zd_fp_types *t) {
  for (int k = ZD_FP_BOOLEAN; k < ZD_FP_KINDS; k++)
    if (t->system & ZD_FP_BIT(k)) return zd_fp_kind_name((zd_fhirpath_kind)k).p;
  zd_slice name = t->n ? zd_schema_type_info(c->schema, t->fhir[0]).name : ZD_S("nothing");
  name = zd_arena_copy(c->arena, name);
  return name.p ? name.p : "";
}

static zd_err mismatch(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_expression *a,
                       const zd_fp_expression *b) {
  return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "%s does not take %s and %s",
                      zd_fp_operator_text((zd_fp_operator)ast->op), kind_text(c, &a->types),
                      kind_text(c, &b->types));
}

/* ---- binary ---- */

static zd_err result_of(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_expression *a,
                        const zd_fp_expression *b, zd_fp_types *out) {
  uint32_t x = zd_fp_types_kinds(c->schema, &a->types);
  uint32_t y = zd_fp_types_kinds(c->schema, &b->types), kinds = B(BOOLEAN);
  bool known = x && y; /* {} goes with everything */
  switch ((zd_fp_operator)ast->op) {
    case ZD_FP_OP_PLUS:
    case ZD_FP_OP_MINUS:
      kinds = sum_of(ast->op, x, y);
      if (known && !kinds) return mismatch(c, ast, a, b);
      break;
    case ZD_FP_OP_TIMES:
    case ZD_FP_OP_DIVIDE:
    case ZD_FP_OP_DIV:
    case ZD_FP_OP_MOD:
      kinds = product_of(ast->op, x, y);
      if (known && !kinds) return mismatch(c, ast, a, b);
      break;
    case ZD_FP_OP_JOIN:
      if ((x && !(x & B(STRING))) || (y && !(y & B(STRING)))) return mismatch(c, ast, a, b);
      kinds = B(STRING);
      break;
    case ZD_FP_OP_LESS:
    case ZD_FP_OP_GREATER:
    case ZD_FP_OP_AT_MOST:
    case ZD_FP_OP_AT_LEAST:
      if (known && !ordered(x, y)) return mismatch(c, ast, a, b);
      break;
    case ZD_FP_OP_UNION:
      return zd_fp_types_join(c->arena, &a->types, &b->types, out) ? ZD_OK
                                                                   : zd_fp_compile_memory(c);
    default:
      break;
  }
  *out = zd_fp_types_system(kinds);
  return ZD_OK;
}

static zd_fp_run *run_of(unsigned op) {
  switch ((zd_fp_operator)op) {
    case ZD_FP_OP_AND:
    case ZD_FP_OP_OR:
    case ZD_FP_OP_XOR:
    case ZD_FP_OP_IMPLIES:
      return zd_fp_run_logic;
    case ZD_FP_OP_IN:
    case ZD_FP_OP_CONTAINS:
      return zd_fp_run_membership;
    case ZD_FP_OP_EQUAL:
    case ZD_FP_OP_UNEQUAL:
    case ZD_FP_OP_ALIKE:
    case ZD_FP_OP_UNLIKE:
      return zd_fp_run_equality;
    case ZD_FP_OP_LESS:
    case ZD_FP_OP_GREATER:
    case ZD_FP_OP_AT_MOST:
    case ZD_FP_OP_AT_LEAST:
      return zd_fp_run_order;
    case ZD_FP_OP_UNION:
      return zd_fp_run_union;
    case ZD_FP_OP_JOIN:
      return zd_fp_run_join_text;
    default:
      return zd_fp_run_math;
  }
}

static zd_err compile_type_operator(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                                    zd_fp_expression *out) {
  zd_fp_expression left;
  zd_fp_type_name type;
  zd_err err = zd_fp_compile_closed(c, ast->left, scope, &left);
  if (!err) err = zd_fp_compile_type_name(c, ast->right, &type);
  bool is = ast->op == ZD_FP_OP_IS;
  zd_fp_run *as = c->how->lenient ? zd_fp_run_of_type : zd_fp_run_as;
  if (!err) err = zd_fp_new_op(c, ast, is ? zd_fp_run_is : as, &out->op);
  if (err) return err;
  type.exact = !is;
  out->op->input = left.op;
  out->op->needs = left.op->needs;
  out->op->u.type = type;
  if (!is) return zd_fp_narrow(c, &left.types, &type, &out->types);
  out->types = zd_fp_types_system(B(BOOLEAN));
  return ZD_OK;
}

static zd_err compile_binary(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                             zd_fp_expression *out) {
  zd_fp_expression a, b;
  zd_err err = zd_fp_compile_closed(c, ast->left, scope, &a);
  if (!err) err = zd_fp_compile_closed(c, ast->right, scope, &b);
  if (!err) err = result_of(c, ast, &a, &b, &out->types);
  if (!err) err = zd_fp_new_op(c, ast, run_of(ast->op), &out->op);
  if (err) return err;
  const zd_fp_op *arguments[] = {a.op, b.op};
  out->op->which = ast->op;
  return zd_fp_set_arguments(c, out->op, arguments, 2);
}

/* ---- signs ---- */

static zd_err compile_sign(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                           zd_fp_expression *out) {
  zd_fp_expression inner;
  zd_err err = zd_fp_compile_closed(c, ast->left, scope, &inner);
  if (err) return err;
  uint32_t kinds = zd_fp_types_kinds(c->schema, &inner.types);
  if (kinds && !(kinds & (NUMBERS | B(QUANTITY))))
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "only numbers and quantities have a sign");
  err = zd_fp_new_op(c, ast, zd_fp_run_sign, &out->op);
  if (err) return err;
  out->op->input = inner.op;
  out->op->which = ast->op;
  out->op->needs = inner.op->needs;
  out->types = zd_fp_types_system(kinds & (NUMBERS | B(QUANTITY)));
  return ZD_OK;
}

zd_err zd_fp_compile_operator(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                              zd_fp_expression *out) {
  if (ast->kind == ZD_FP_AST_SIGN) return compile_sign(c, ast, scope, out);
  if (ast->op == ZD_FP_OP_IS || ast->op == ZD_FP_OP_AS)
    return compile_type_operator(c, ast, scope, out);
  return compile_binary(c, ast, scope, out);
}
