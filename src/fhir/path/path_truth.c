/* path_truth.c: syntax tree to program: conditions, and the program as a whole. */
#include "fhir/path/path_compile.h"

/* ---- conditions ---- */

zd_err zd_path_add_cond(zd_path_compiler *c, zd_path_cond cond, uint32_t *out) {
  *out = (uint32_t)(c->conds.n / sizeof cond);
  zd_buffer_add(&c->conds, &cond, sizeof cond);
  return c->conds.failed ? zd_path_no_memory(c) : ZD_OK;
}

zd_err zd_path_close(zd_path_compiler *c, const zd_fragment *path, uint32_t *chain) {
  bool nothing = !path->types.n;
  zd_path_chain record = {.first_head = (uint32_t)(c->heads.n / sizeof(uint16_t)),
                          .head_count = nothing ? 0 : (uint16_t)path->heads.n,
                          .may_repeat = path->may_repeat};
  *chain = (uint32_t)(c->chains.n / sizeof record);
  if (record.head_count)
    zd_buffer_add(&c->heads, path->heads.items, record.head_count * sizeof(uint16_t));
  zd_buffer_add(&c->chains, &record, sizeof record);
  return c->heads.failed || c->chains.failed ? zd_path_no_memory(c) : ZD_OK;
}

static zd_err truth(zd_path_compiler *c, zd_path_cond cond, zd_value *out) {
  *out = (zd_value){.kind = ZD_VALUE_TRUTH};
  return zd_path_add_cond(c, cond, &out->cond);
}

/* A value where a truth is asked. */
static zd_err as_truth(zd_path_compiler *c, const zd_ast *ast, const zd_value *value,
                       uint32_t *cond) {
  zd_path_cond test = {.kind = ZD_COND_PATH};
  if (value->resolved) return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "resolve() without is: ");
  if (value->kind == ZD_VALUE_TRUTH) {
    *cond = value->cond;
    return ZD_OK;
  }
  if (value->kind == ZD_VALUE_LITERAL) {
    if (value->literal != ZD_AST_BOOLEAN)
      return zd_path_fail(c, ZD_ERR_INVALID, ast, "not a truth: ");
    test = (zd_path_cond){.kind = ZD_COND_CONSTANT, .value = value->text.p[0] == 't'};
    return zd_path_add_cond(c, test, cond);
  }
  zd_err err = zd_path_close(c, &value->path, &test.chain);
  return err ? err : zd_path_add_cond(c, test, cond);
}

zd_err zd_path_compile_truth(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                             uint32_t *cond) {
  zd_value value;
  zd_err err = zd_path_compile_node(c, ast, focus, &value);
  return err ? err : as_truth(c, ast, &value, cond);
}

static zd_err negate(zd_path_compiler *c, zd_value *value) {
  return truth(c, (zd_path_cond){.kind = ZD_COND_NOT, .left = value->cond}, value);
}

/* ---- operators ---- */

static zd_err compile_equality(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                               zd_value *out) {
  zd_value left, right;
  zd_err err = zd_path_compile_node(c, ast->left, focus, &left);
  if (!err) err = zd_path_compile_node(c, ast->right, focus, &right);
  if (err) return err;
  if (left.kind == ZD_VALUE_LITERAL) {
    zd_value swap = left;
    left = right;
    right = swap;
  }
  if (left.kind != ZD_VALUE_PATH || left.resolved || right.kind != ZD_VALUE_LITERAL)
    return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "a path and a literal are expected around ");
  zd_path_cond cond = {
      .kind = ZD_COND_EQUALS, .literal = (uint8_t)right.literal, .text = right.text};
  err = zd_path_close(c, &left.path, &cond.chain);
  if (!err) err = truth(c, cond, out);
  if (!err && ast->text.p[0] == '!') err = negate(c, out);
  return err;
}

zd_err zd_path_compile_operator(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                                zd_value *out) {
  static const struct {
    const char *text;
    zd_cond_kind kind;
  } logic[] = {
      {"and", ZD_COND_AND}, {"or", ZD_COND_OR}, {"xor", ZD_COND_XOR}, {"implies", ZD_COND_IMPLIES}};
  if (zd_slice_eq(ast->text, ZD_S("=")) || zd_slice_eq(ast->text, ZD_S("!=")))
    return compile_equality(c, ast, focus, out);
  for (size_t i = 0; i < sizeof logic / sizeof *logic; i++) {
    if (!zd_slice_eq(ast->text, zd_slice_of(logic[i].text))) continue;
    zd_path_cond cond = {.kind = (uint8_t)logic[i].kind};
    zd_err err = zd_path_compile_truth(c, ast->left, focus, &cond.left);
    if (!err) err = zd_path_compile_truth(c, ast->right, focus, &cond.right);
    return err ? err : truth(c, cond, out);
  }
  return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "unsupported operator ");
}

/* ---- functions that give a truth ---- */

zd_err zd_path_compile_is(zd_path_compiler *c, const zd_ast *ast, const zd_value *left,
                          zd_value *out) {
  zd_path_cond cond = {.kind = left->resolved ? ZD_COND_RESOLVES_TO : ZD_COND_IS};
  if (left->kind != ZD_VALUE_PATH || !ast->right)
    return zd_path_fail(c, ZD_ERR_INVALID, ast, "a path and a type are expected around ");
  zd_err err = zd_path_type_of(c, ast->right, &cond.type);
  if (!err) err = zd_path_close(c, &left->path, &cond.chain);
  return err ? err : truth(c, cond, out);
}

static zd_err compile_exists(zd_path_compiler *c, const zd_ast *ast, zd_fragment path,
                             zd_value *out) {
  zd_path_cond cond = {.kind = ZD_COND_EXISTS};
  if (ast->right && path.types.n) {
    uint32_t criteria = 0;
    zd_err err = zd_path_compile_truth(c, ast->right, &path.types, &criteria);
    if (!err) err = zd_path_add_where(c, &path, criteria);
    if (err) return err;
  }
  zd_err err = zd_path_close(c, &path, &cond.chain);
  return err ? err : truth(c, cond, out);
}

zd_err zd_path_compile_test(zd_path_compiler *c, const zd_ast *ast, const zd_value *left,
                            zd_value *out) {
  bool exists = zd_slice_eq(ast->text, ZD_S("exists"));
  if (ast->right && !exists)
    return zd_path_fail(c, ZD_ERR_INVALID, ast, "no argument is expected in ");
  if (zd_slice_eq(ast->text, ZD_S("not"))) {
    uint32_t cond = 0;
    zd_err err = as_truth(c, ast, left, &cond);
    *out = (zd_value){.kind = ZD_VALUE_TRUTH, .cond = cond};
    return err ? err : negate(c, out);
  }
  if (left->kind != ZD_VALUE_PATH)
    return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "unsupported on a value that is no path: ");
  if (exists) return compile_exists(c, ast, left->path, out);
  if (zd_slice_eq(ast->text, ZD_S("empty"))) {
    zd_err err = compile_exists(c, ast, left->path, out);
    return err ? err : negate(c, out);
  }
  zd_path_cond cond = {.kind = ZD_COND_HAS_VALUE};
  zd_err err = zd_path_close(c, &left->path, &cond.chain);
  return err ? err : truth(c, cond, out);
}

/* ---- the program ---- */

static const void *keep(zd_path_compiler *c, const zd_buffer *records, bool *ok) {
  void *copy = zd_arena_alloc(c->arena, records->n + 1);
  if (!copy) *ok = false;
  if (copy && records->n) memcpy(copy, records->p, records->n);
  return copy;
}

/* A literal or quoted name stands in the caller's text: the program takes a copy. */
static bool keep_texts(zd_path_compiler *c) {
  zd_path_cond *conds = (zd_path_cond *)(void *)c->conds.p;
  for (size_t i = 0; i < c->conds.n / sizeof *conds; i++) {
    if (!conds[i].text.p) continue;
    conds[i].text = zd_arena_copy(c->arena, conds[i].text);
    if (!conds[i].text.p) return false;
  }
  return true;
}

static zd_err finish(zd_path_compiler *c, const zd_ast *ast, const zd_value *value,
                     const zd_path **out) {
  zd_path *p = ZD_NEW(c->arena, zd_path);
  if (!p) return zd_path_no_memory(c);
  p->schema = c->schema;
  p->boolean = value->kind != ZD_VALUE_PATH;
  p->uses_resource = c->uses_resource;
  if (value->resolved) return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "resolve() without is: ");
  if (p->boolean) {
    zd_err err = as_truth(c, ast, value, &p->cond);
    if (err) return err;
  } else {
    p->types = value->path.types.items;
    p->type_count = value->path.types.n;
  }
  /* A path may be asked for its truth, too. */
  zd_err err = p->boolean ? ZD_OK : zd_path_close(c, &value->path, &p->chain);
  if (!err && !p->boolean)
    err = zd_path_add_cond(c, (zd_path_cond){.kind = ZD_COND_PATH, .chain = p->chain}, &p->cond);
  if (err) return err;
  bool ok = keep_texts(c);
  p->op_count = (uint32_t)(c->ops.n / sizeof(zd_path_op));
  p->ops = keep(c, &c->ops, &ok);
  p->ranges = keep(c, &c->ranges, &ok);
  p->heads = keep(c, &c->heads, &ok);
  p->chains = keep(c, &c->chains, &ok);
  p->conds = keep(c, &c->conds, &ok);
  *out = p;
  return ok ? ZD_OK : zd_path_no_memory(c);
}

zd_err zd_path_compile(const zd_schema *schema, zd_type context, zd_slice expression,
                       zd_arena *arena, const zd_path **out, zd_fault *fault) {
  zd_path_compiler c = {.schema = schema, .context = context, .arena = arena, .fault = fault};
  zd_buffer *buffers[] = {&c.ops, &c.ranges, &c.heads, &c.chains, &c.conds};
  zd_type_set focus = {&context, 1, 1};
  zd_path_op end = {.kind = ZD_OP_END};
  const zd_ast *ast = NULL;
  zd_value value;
  *out = NULL;
  if (context >= zd_schema_type_count(schema))
    return zd_fail(fault, ZD_ERR_INVALID, "FHIRPath: no such context type");
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) zd_buffer_init(buffers[i], 1 << 24);
  zd_buffer_add(&c.ops, &end, sizeof end);
  zd_err err = zd_path_parse(expression, arena, &ast, fault);
  if (!err) err = zd_path_compile_node(&c, ast, &focus, &value);
  if (!err) err = finish(&c, ast, &value, out);
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) zd_buffer_free(buffers[i]);
  if (err) *out = NULL;
  return err;
}

bool zd_path_is_boolean(const zd_path *path) {
  return path->boolean;
}

bool zd_path_is_nothing(const zd_path *path) {
  return !path->boolean && !path->type_count;
}

size_t zd_path_types(const zd_path *path, zd_type *out, size_t room) {
  for (size_t i = 0; i < path->type_count && i < room; i++) out[i] = path->types[i];
  return path->type_count;
}
