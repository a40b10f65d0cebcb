/* compile_call.c: functions and their arguments */
#include "fhirpath/compile.h"
#include "fhirpath/regex.h"

enum { REPEAT_ROUNDS = 6 };

/* One call while it is compiled. */
typedef struct call {
  const zd_fp_function *fn;
  zd_fp_ast *ast;
  const zd_fp_scope *scope;
  zd_fp_expression input;        /* op NULL: $this */
  zd_fp_expression arguments[3]; /* the first ones */
  const zd_fp_op **ops;          /* of all arguments; room for argc */
  unsigned n;
} call;

/* ---- arguments ---- */

/* An argument; `inner` NULL: as it stands, where the function stands. */
static zd_err compile_argument(zd_fp_compiler *c, call *k, zd_fp_ast *ast,
                               const zd_fp_scope *inner) {
  zd_fp_expression e;
  zd_err err = zd_fp_compile_closed(c, ast, inner ? inner : k->scope, &e);
  if (err) return err;
  if (k->n < 3) k->arguments[k->n] = e;
  k->ops[k->n++] = e.op;
  return ZD_OK;
}

static zd_fp_scope lambda_scope(const call *k, const zd_fp_types *self) {
  zd_fp_scope inner = {.self = *self, .total = k->scope->total, .lambda = true};
  inner.self.unordered = false;
  return inner;
}

/* repeat: what comes out is what goes in. Types are added until there are no new ones. */
static zd_err compile_repeat(zd_fp_compiler *c, call *k) {
  zd_fp_types types = k->input.types, before;
  for (int round = 0; round < REPEAT_ROUNDS; round++) {
    zd_fp_scope inner = lambda_scope(k, &types);
    k->n = 0;
    zd_err err = compile_argument(c, k, k->ast->arguments, &inner);
    if (err) return err;
    before = types;
    if (!zd_fp_types_join(c->arena, &before, &k->arguments[0].types, &types))
      return zd_fp_compile_memory(c);
    if (types.n == before.n && types.any == before.any && types.system == before.system)
      return ZD_OK;
  }
  zd_fp_types any = {.any = true, .system = ZD_FP_ALL_SYSTEM};
  zd_fp_scope inner = lambda_scope(k, &any);
  k->n = 0;
  zd_err err = compile_argument(c, k, k->ast->arguments, &inner);
  k->arguments[0].types = any;
  return err;
}

/* aggregate(expression, start): $total is what the expression gave last. */
static zd_err compile_aggregate(zd_fp_compiler *c, call *k) {
  zd_fp_expression start = {.op = NULL};
  zd_fp_ast *second = k->ast->arguments->next;
  zd_err err = second ? zd_fp_compile_closed(c, second, k->scope, &start) : ZD_OK;
  if (err) return err;
  zd_fp_types total = {.any = true, .system = ZD_FP_ALL_SYSTEM};
  zd_fp_scope inner = lambda_scope(k, &k->input.types);
  inner.total = &total;
  err = compile_argument(c, k, k->ast->arguments, &inner);
  if (err || !second) return err;
  k->arguments[k->n] = start;
  k->ops[k->n++] = start.op;
  return ZD_OK;
}

static zd_err compile_sort(zd_fp_compiler *c, call *k, zd_fp_op *op) {
  bool *descending = ZD_NEW_ARRAY(c->arena, bool, k->ast->argc + 1u);
  zd_fp_scope inner = lambda_scope(k, &k->input.types);
  unsigned i = 0;
  if (!descending) return zd_fp_compile_memory(c);
  for (zd_fp_ast *a = k->ast->arguments; a; a = a->next, i++) {
    zd_fp_ast *key = a;
    descending[i] = a->descending;
    if (a->kind == ZD_FP_AST_SIGN && a->op == ZD_FP_OP_MINUS) { /* -x: the other way round */
      key = a->left;
      descending[i] = !a->descending;
    }
    zd_err err = compile_argument(c, k, key, &inner);
    if (err) return err;
  }
  op->u.descending = descending;
  return ZD_OK;
}

static zd_err compile_define(zd_fp_compiler *c, call *k, zd_fp_op *op) {
  zd_fp_ast *name = k->ast->arguments;
  if (name->kind != ZD_FP_AST_VALUE || name->value.kind != ZD_FP_STRING)
    return zd_fp_refuse(c, ZD_ERR_UNSUPPORTED, name, "the name of a variable is written out");
  zd_slice text = zd_fp_string_of(&name->value);
  static const zd_slice taken[] = {{"resource", 8}, {"context", 7}, {"rootResource", 12},
                                   {"ucum", 4},     {"sct", 3},     {"loinc", 5}};
  bool again = false;
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    again = again || zd_slice_eq(taken[i], text);
  for (size_t i = 0; i < c->how->variable_count; i++)
    again = again || zd_slice_eq(c->how->variables[i], text);
  for (const zd_fp_defined *d = c->defined; d; d = d->before)
    again = again || zd_slice_eq(d->name, text);
  if (again) return zd_fp_refuse(c, ZD_ERR_INVALID, name, "the variable is defined already");
  zd_fp_types types = k->input.types;
  if (name->next) {
    zd_fp_scope inner = lambda_scope(k, &k->input.types);
    zd_err err = compile_argument(c, k, name->next, k->input.op ? &inner : NULL);
    if (err) return err;
    types = k->arguments[0].types;
  }
  zd_fp_defined *d = ZD_NEW(c->arena, zd_fp_defined);
  if (!d) return zd_fp_compile_memory(c);
  if (c->slots == UINT16_MAX) return zd_fp_refuse(c, ZD_ERR_LIMIT, name, "too many variables");
  *d = (zd_fp_defined){.name = text, .slot = c->slots++, .types = types, .before = c->defined};
  c->defined = d;
  op->slot = d->slot;
  return ZD_OK;
}

static zd_err compile_plain(zd_fp_compiler *c, call *k, zd_fp_ast *from, const zd_fp_scope *inner) {
  zd_err err = ZD_OK;
  for (zd_fp_ast *a = from; a && !err; a = a->next) err = compile_argument(c, k, a, inner);
  return err;
}

static zd_err compile_arguments(zd_fp_compiler *c, call *k, zd_fp_op *op) {
  zd_fp_scope inner = lambda_scope(k, &k->input.types);
  zd_fp_ast *first = k->ast->arguments;
  zd_err err;
  switch ((zd_fp_form)k->fn->form) {
    case ZD_FP_LAMBDA:
      return compile_plain(c, k, first, &inner);
    case ZD_FP_REPEAT:
      return compile_repeat(c, k);
    case ZD_FP_AGGREGATE:
      return compile_aggregate(c, k);
    case ZD_FP_SORT:
      return compile_sort(c, k, op);
    case ZD_FP_DEFINE:
      return compile_define(c, k, op);
    case ZD_FP_IIF:
      inner.lambda = k->scope->lambda;
      return compile_plain(c, k, first, k->input.op ? &inner : NULL);
    case ZD_FP_TRACE:
      err = compile_argument(c, k, first, NULL);
      return err || !first->next ? err : compile_argument(c, k, first->next, &inner);
    case ZD_FP_TYPE_ARGUMENT:
      err = zd_fp_compile_type_name(c, first, &op->u.type);
      op->u.type.exact = op->run != zd_fp_run_is;
      return err;
    default:
      return compile_plain(c, k, first, NULL);
  }
}

/* ---- results ---- */

static zd_err one_type(zd_fp_compiler *c, zd_slice name, zd_fp_types *out) {
  zd_type *type = zd_arena_alloc(c->arena, sizeof *type);
  if (!type) return zd_fp_compile_memory(c);
  *type = zd_schema_type(c->schema, name);
  *out = (zd_fp_types){.n = 1, .fhir = type};
  return ZD_OK;
}

static zd_err join_results(zd_fp_compiler *c, const call *k, zd_fp_types *out) {
  bool control =
      k->fn->form == ZD_FP_IIF || k->fn->form == ZD_FP_COALESCE || k->fn->form == ZD_FP_AGGREGATE;
  *out = control ? (zd_fp_types){.n = 0} : k->input.types;
  unsigned first = k->fn->form == ZD_FP_IIF ? 1 : 0;
  if (k->n > 3) *out = (zd_fp_types){.any = true, .system = ZD_FP_ALL_SYSTEM};
  for (unsigned i = first; i < k->n && i < 3; i++) {
    zd_fp_types before = *out;
    if (!zd_fp_types_join(c->arena, &before, &k->arguments[i].types, out))
      return zd_fp_compile_memory(c);
  }
  return ZD_OK;
}

static zd_err result_of(zd_fp_compiler *c, const call *k, const zd_fp_op *op, zd_fp_types *out) {
  *out = zd_fp_types_system(k->fn->kinds);
  switch ((zd_fp_result)k->fn->result) {
    case ZD_FP_RESULT_INPUT:
      *out = k->input.types;
      if (k->fn->form == ZD_FP_SORT) out->unordered = false;
      return ZD_OK;
    case ZD_FP_RESULT_FIRST:
      *out = k->arguments[0].types;
      return ZD_OK;
    case ZD_FP_RESULT_BOTH:
      return join_results(c, k, out);
    case ZD_FP_RESULT_ANY:
      *out = (zd_fp_types){.any = true, .system = ZD_FP_ALL_SYSTEM};
      return ZD_OK;
    case ZD_FP_RESULT_CHILDREN:
      *out = (zd_fp_types){.any = true, .unordered = true};
      return ZD_OK;
    case ZD_FP_RESULT_EXTENSION:
      return one_type(c, ZD_S("Extension"), out);
    case ZD_FP_RESULT_RESOURCE:
      return one_type(c, ZD_S("Resource"), out);
    case ZD_FP_RESULT_TYPE:
      return zd_fp_narrow(c, &k->input.types, &op->u.type, out);
    default:
      return ZD_OK;
  }
}

/* ---- checks ---- */

/* Kinds that become others by themselves. */
static uint32_t widened(uint32_t kinds) {
  if (kinds & ZD_FP_BIT(ZD_FP_DATE)) kinds |= ZD_FP_BIT(ZD_FP_DATETIME);
  if (kinds & ZD_FP_BIT(ZD_FP_INTEGER)) kinds |= ZD_FP_BIT(ZD_FP_DECIMAL);
  return kinds;
}

static zd_err check_call(zd_fp_compiler *c, const call *k) {
  const zd_fp_function *fn = k->fn;
  zd_fp_ast *ast = k->ast;
  if (ast->argc < fn->least || ast->argc > fn->most)
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "%.*s takes %u to %u arguments, not %u",
                        ZD_SV(fn->name), fn->least, fn->most, ast->argc);
  if (fn->ordered && k->input.types.unordered && !c->how->lenient)
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "children have no order, %.*s asks for one",
                        ZD_SV(fn->name));
  uint32_t kinds = zd_fp_types_kinds(c->schema, &k->input.types);
  if (fn->input && kinds && !(widened(kinds) & fn->input))
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "%.*s is not a function of what it is applied to",
                        ZD_SV(fn->name));
  return ZD_OK;
}

/* What is inside of a lambda does not look outside for $this. */
static void set_needs(const call *k, zd_fp_op *op, uint8_t of_arguments) {
  uint8_t inside = 0;
  bool own = k->fn->form == ZD_FP_LAMBDA || k->fn->form == ZD_FP_REPEAT ||
             k->fn->form == ZD_FP_SORT || k->fn->form == ZD_FP_AGGREGATE ||
             (k->fn->form == ZD_FP_IIF && k->input.op);
  if (own) inside = ZD_FP_NEEDS_SELF;
  if (k->fn->form == ZD_FP_AGGREGATE) {
    inside |= ZD_FP_NEEDS_TOTAL;
    of_arguments &= (uint8_t)~inside;
    if (k->n > 1) of_arguments |= k->ops[1]->needs;
  }
  op->needs = (uint8_t)(of_arguments & (k->fn->form == ZD_FP_AGGREGATE ? 0xFF : ~inside));
  if (k->fn->form != ZD_FP_COALESCE) op->needs |= zd_fp_needs_of(k->input.op);
  if (k->fn->moving) op->needs |= ZD_FP_NEEDS_WORLD;
}

/* A pattern that is written out is compiled once. */
static void compile_pattern(zd_fp_compiler *c, const call *k, zd_fp_op *op) {
  bool matches = op->run == zd_fp_run_matches || op->run == zd_fp_run_replace_matches;
  if (!matches || k->ops[0]->run != zd_fp_run_value) return;
  if (k->ops[0]->u.value.kind != ZD_FP_STRING) return;
  const zd_fp_regex *re;
  const char *why;
  if (!zd_fp_regex_compile(zd_fp_string_of(&k->ops[0]->u.value), c->arena, &re, &why))
    op->u.regex = re;
}

static zd_err finish(zd_fp_compiler *c, call *k, zd_fp_expression *out) {
  zd_fp_op *op = out->op;
  op->input = k->input.op;
  op->which = k->fn->which;
  /* of descendants(), `as` takes those that are: R4's own dom-3 asks so */
  if (op->run == zd_fp_run_as && (c->how->lenient || k->input.types.unordered))
    op->run = zd_fp_run_of_type;
  zd_err err = result_of(c, k, op, &out->types);
  if (!err) err = zd_fp_set_arguments(c, op, k->ops, k->n);
  if (err) return err;
  set_needs(k, op, op->needs);
  compile_pattern(c, k, op);
  return ZD_OK;
}

zd_err zd_fp_compile_call(zd_fp_compiler *c, zd_fp_ast *ast, const zd_fp_scope *scope,
                          zd_fp_expression *out) {
  call k = {.fn = zd_fp_function_find(ast->text), .ast = ast, .scope = scope};
  k.input.types = scope->self;
  if (!k.fn) {
    zd_slice name = {ast->text.p, ast->text.n > 80 ? 80 : ast->text.n};
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "there is no function %.*s", ZD_SV(name));
  }
  k.ops = zd_arena_alloc(c->arena, (ast->argc + 1u) * sizeof *k.ops);
  if (!k.ops) return zd_fp_compile_memory(c);
  zd_err err = ast->left ? zd_fp_compile_node(c, ast->left, scope, &k.input) : ZD_OK;
  if (!err) err = check_call(c, &k);
  if (!err) err = zd_fp_new_op(c, ast, k.fn->run, &out->op);
  if (!err) err = compile_arguments(c, &k, out->op);
  return err ? err : finish(c, &k, out);
}
