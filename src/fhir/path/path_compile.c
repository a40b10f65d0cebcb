/* path_compile.c: syntax tree to program: the paths. Static types decide which element numbers a
 * name stands for. */
#include "fhir/path/path_compile.h"

#include <stdlib.h>

/* ---- lists in the arena ---- */

static bool grow(zd_path_compiler *c, void **items, uint32_t *room, size_t size) {
  uint32_t larger = *room ? *room * 2 : 8;
  void *moved = zd_arena_alloc(c->arena, larger * size);
  if (!moved) return false;
  if (*room) memcpy(moved, *items, *room * size);
  *items = moved;
  *room = larger;
  return true;
}

bool zd_op_list_add(zd_path_compiler *c, zd_op_list *list, uint16_t op) {
  void *items = list->items;
  if (list->n == list->room && !grow(c, &items, &list->room, sizeof op)) return false;
  list->items = items;
  list->items[list->n++] = op;
  return true;
}

static bool type_set_add(zd_path_compiler *c, zd_type_set *set, zd_type type) {
  uint32_t at = 0;
  while (at < set->n && set->items[at] < type) at++;
  if (at < set->n && set->items[at] == type) return true;
  void *items = set->items;
  if (set->n == set->room && !grow(c, &items, &set->room, sizeof type)) return false;
  set->items = items;
  memmove(set->items + at + 1, set->items + at, (set->n - at) * sizeof type);
  set->items[at] = type;
  set->n++;
  return true;
}

zd_err zd_path_no_memory(zd_path_compiler *c) {
  return zd_fail(c->fault, ZD_ERR_MEMORY, "FHIRPath: out of memory");
}

zd_err zd_path_fail(zd_path_compiler *c, zd_err err, const zd_ast *at, const char *what) {
  return zd_fail(c->fault, err, "FHIRPath, column %u: %s%.*s", at->at + 1, what,
                 at->text.n > 100 ? 100 : (int)at->text.n, at->text.p ? at->text.p : "");
}

/* ---- operations ---- */

static zd_path_op *op_at(zd_path_compiler *c, uint16_t op) {
  return (zd_path_op *)(void *)c->ops.p + op;
}

static zd_err new_op(zd_path_compiler *c, zd_path_op op, uint16_t *out) {
  size_t number = c->ops.n / sizeof op;
  *out = 0;
  if (number >= UINT16_MAX) return zd_fail(c->fault, ZD_ERR_LIMIT, "FHIRPath: program too long");
  zd_buffer_add(&c->ops, &op, sizeof op);
  *out = (uint16_t)number;
  return c->ops.failed ? zd_path_no_memory(c) : ZD_OK;
}

/* A fragment of one operation that starts somewhere: at $this, the context, the resource. */
static zd_err start(zd_path_compiler *c, zd_path_op_kind kind, const zd_type_set *types,
                    zd_fragment *out) {
  uint16_t op;
  *out = (zd_fragment){0};
  zd_err err = new_op(c, (zd_path_op){.kind = (uint8_t)kind}, &op);
  if (err) return err;
  if (!zd_op_list_add(c, &out->heads, op) || !zd_op_list_add(c, &out->tails, op))
    return zd_path_no_memory(c);
  for (uint32_t i = 0; i < types->n; i++)
    if (!type_set_add(c, &out->types, types->items[i])) return zd_path_no_memory(c);
  return ZD_OK;
}

/* Puts one operation behind all tails. */
static zd_err append(zd_path_compiler *c, zd_fragment *path, zd_path_op op) {
  uint16_t number;
  zd_err err = new_op(c, op, &number);
  if (err) return err;
  for (uint32_t i = 0; i < path->tails.n; i++) op_at(c, path->tails.items[i])->next = number;
  if (path->tails.n > 1) path->joined = true;
  path->tails.n = 0;
  if (!zd_op_list_add(c, &path->tails, number)) return zd_path_no_memory(c);
  if (op.kind == ZD_OP_STEP || op.kind == ZD_OP_STEPS) {
    path->steps.n = 0;
    if (!zd_op_list_add(c, &path->steps, number)) return zd_path_no_memory(c);
  }
  return ZD_OK;
}

zd_err zd_path_add_where(zd_path_compiler *c, zd_fragment *path, uint32_t cond) {
  return append(c, path, (zd_path_op){.kind = ZD_OP_WHERE, .n = cond});
}

/* ---- steps ---- */

/* The element numbers of one step, and the types of their values. */
typedef struct step_plan {
  zd_path_range *items;
  uint32_t n, room;
  zd_type_set types;
} step_plan;

static zd_err plan_element(zd_path_compiler *c, step_plan *plan, zd_element e, zd_type type) {
  if (plan->n && plan->items[plan->n - 1].high + 1 == e) {
    plan->items[plan->n - 1].high = e;
  } else {
    void *items = plan->items;
    if (plan->n == plan->room && !grow(c, &items, &plan->room, sizeof *plan->items))
      return zd_path_no_memory(c);
    plan->items = items;
    plan->items[plan->n++] = (zd_path_range){e, e};
  }
  return type_set_add(c, &plan->types, type) ? ZD_OK : zd_path_no_memory(c);
}

static zd_err plan_owner(zd_path_compiler *c, step_plan *plan, zd_type owner, zd_slice name) {
  zd_type_info info = zd_schema_type_info(c->schema, owner);
  for (uint16_t i = 0; i < info.count; i++) {
    zd_element e = (zd_element)(info.first + i);
    zd_element_info element = zd_schema_element_info(c->schema, e);
    if (!zd_slice_eq(element.path, name)) continue;
    zd_err err = plan_element(c, plan, e, element.type);
    if (err) return err;
  }
  return ZD_OK;
}

/* An abstract resource stands for every resource that derives from it. */
static zd_err plan_type(zd_path_compiler *c, step_plan *plan, zd_type type, zd_slice name) {
  zd_type_info info = zd_schema_type_info(c->schema, type);
  if (info.kind != ZD_KIND_RESOURCE || !info.abstract) return plan_owner(c, plan, type, name);
  for (zd_type t = 0; t < zd_schema_type_count(c->schema); t++) {
    if (!zd_schema_is_resource(c->schema, t) || !zd_schema_is_a(c->schema, t, type)) continue;
    zd_err err = plan_owner(c, plan, t, name);
    if (err) return err;
  }
  return ZD_OK;
}

static int by_low(const void *a, const void *b) {
  const zd_path_range *x = a, *y = b;
  return (x->low > y->low) - (x->low < y->low);
}

static zd_err plan_to_op(zd_path_compiler *c, step_plan *plan, zd_path_op *op) {
  if (plan->n == 1) {
    *op = (zd_path_op){.kind = ZD_OP_STEP, .one = plan->items[0]};
    return ZD_OK;
  }
  if (plan->n) qsort(plan->items, plan->n, sizeof *plan->items, by_low);
  *op = (zd_path_op){
      .kind = ZD_OP_STEPS, .n = (uint32_t)(c->ranges.n / sizeof(zd_path_range)), .count = plan->n};
  zd_buffer_add(&c->ranges, plan->items, plan->n * sizeof *plan->items);
  return c->ranges.failed ? zd_path_no_memory(c) : ZD_OK;
}

static zd_err add_step(zd_path_compiler *c, const zd_ast *ast, zd_slice name, zd_fragment *path) {
  step_plan plan = {0};
  if (!path->types.n) return ZD_OK; /* nothing stays nothing */
  for (uint32_t i = 0; i < path->types.n; i++) {
    zd_err err = plan_type(c, &plan, path->types.items[i], name);
    if (err) return err;
  }
  if (!plan.n) {
    zd_slice owner = zd_schema_type_info(c->schema, path->types.items[0]).name;
    return zd_fail(c->fault, ZD_ERR_INVALID, "FHIRPath, column %u: %.*s has no element %.*s",
                   ast->at + 1, ZD_SV(owner), name.n > 100 ? 100 : (int)name.n, name.p);
  }
  zd_path_op op;
  zd_err err = plan_to_op(c, &plan, &op);
  if (!err) err = append(c, path, op);
  path->types = plan.types;
  return err;
}

/* ---- types ---- */

/* FHIRPath's own types begin with a capital letter; they mean FHIR's primitives. */
zd_err zd_path_type_of(zd_path_compiler *c, const zd_ast *ast, zd_type *out) {
  char lower[64];
  *out = zd_schema_type(c->schema, ast->text);
  if (*out != ZD_NO_TYPE) return ZD_OK;
  if (ast->text.n && ast->text.n < sizeof lower) {
    memcpy(lower, ast->text.p, ast->text.n);
    if (lower[0] >= 'A' && lower[0] <= 'Z') lower[0] = (char)(lower[0] + ('a' - 'A'));
    *out = zd_schema_type(c->schema, (zd_slice){lower, ast->text.n});
  }
  if (*out != ZD_NO_TYPE && zd_schema_type_info(c->schema, *out).kind == ZD_KIND_PRIMITIVE)
    return ZD_OK;
  return zd_path_fail(c, ZD_ERR_INVALID, ast, "unknown type ");
}

/* The types of a set that are, or may turn out to be, of this type. */
static zd_err narrow(zd_path_compiler *c, zd_type_set *types, zd_type type, bool *exact) {
  zd_type_set kept = {0};
  *exact = true;
  for (uint32_t i = 0; i < types->n; i++) {
    zd_type t = types->items[i];
    bool is = zd_schema_is_a(c->schema, t, type);
    bool may_be =
        !is && zd_schema_type_info(c->schema, t).abstract && zd_schema_is_a(c->schema, type, t);
    if (!is) *exact = false;
    if ((is || may_be) && !type_set_add(c, &kept, is ? t : type)) return zd_path_no_memory(c);
  }
  *types = kept;
  return ZD_OK;
}

/* Narrows the one step a path ends with to elements of the type, so that it costs nothing when it
 * runs. */
static zd_err narrow_step(zd_path_compiler *c, uint16_t step, zd_type type) {
  step_plan plan = {0};
  zd_path_op *op = op_at(c, step), narrowed;
  const zd_path_range *ranges = (const zd_path_range *)(const void *)c->ranges.p;
  uint32_t count = op->kind == ZD_OP_STEP ? 1 : op->count;
  for (uint32_t i = 0; i < count; i++) {
    zd_path_range range = op->kind == ZD_OP_STEP ? op->one : ranges[op->n + i];
    for (uint32_t e = range.low; e <= range.high; e++) {
      zd_type t = zd_schema_element_info(c->schema, (zd_element)e).type;
      if (!zd_schema_is_a(c->schema, t, type)) continue;
      zd_err err = plan_element(c, &plan, (zd_element)e, t);
      if (err) return err;
    }
  }
  zd_err err = plan_to_op(c, &plan, &narrowed);
  if (err) return err;
  op = op_at(c, step);
  narrowed.next = op->next;
  *op = narrowed;
  return ZD_OK;
}

static bool holds_abstract(const zd_path_compiler *c, const zd_type_set *types) {
  for (uint32_t i = 0; i < types->n; i++)
    if (zd_schema_type_info(c->schema, types->items[i]).abstract) return true;
  return false;
}

static zd_err add_type_filter(zd_path_compiler *c, zd_fragment *path, zd_type type) {
  bool exact, abstract = holds_abstract(c, &path->types);
  zd_err err = narrow(c, &path->types, type, &exact);
  if (err || exact || !path->types.n) return err;
  bool ends_with_step =
      path->tails.n == 1 && path->steps.n == 1 && path->tails.items[0] == path->steps.items[0];
  if (ends_with_step && !abstract) return narrow_step(c, path->tails.items[0], type);
  return append(c, path, (zd_path_op){.kind = ZD_OP_TYPE, .n = type});
}

/* ---- where a path begins ---- */

static zd_type_set one_type(zd_type *type) {
  return (zd_type_set){type, 1, 1};
}

/* Patient in Patient.name: the context, when it is one. */
static zd_err start_at_type(zd_path_compiler *c, zd_type type, zd_fragment *out) {
  zd_type context = c->context;
  zd_type_set types = one_type(&context);
  if (zd_schema_is_a(c->schema, context, type)) return start(c, ZD_OP_CONTEXT, &types, out);
  *out = (zd_fragment){0};
  if (!zd_schema_is_a(c->schema, type, context)) return ZD_OK;
  zd_err err = start(c, ZD_OP_CONTEXT, &types, out); /* compiled for an abstract resource */
  return err ? err : add_type_filter(c, out, type);
}

/* The resource the context stands in: the type before the first dot of an anonymous type's name. */
static zd_type resource_type(const zd_path_compiler *c) {
  zd_slice name = zd_schema_type_info(c->schema, c->context).name;
  name.n = zd_slice_find(name, '.');
  zd_type type = zd_schema_type(c->schema, name);
  if (type != ZD_NO_TYPE && zd_schema_type_info(c->schema, type).kind == ZD_KIND_RESOURCE)
    return type;
  return zd_schema_type(c->schema, ZD_S("Resource"));
}

static zd_err start_at_variable(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                                zd_fragment *out) {
  zd_type type = c->context;
  zd_type_set types = one_type(&type);
  if (zd_slice_eq(ast->text, ZD_S("$this"))) return start(c, ZD_OP_START, focus, out);
  if (zd_slice_eq(ast->text, ZD_S("%context"))) return start(c, ZD_OP_CONTEXT, &types, out);
  if (!zd_slice_eq(ast->text, ZD_S("%resource")))
    return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "unsupported variable ");
  type = resource_type(c);
  c->uses_resource = true;
  return start(c, ZD_OP_RESOURCE, &types, out);
}

static zd_err start_at_name(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                            zd_fragment *out) {
  if (ast->text.n && ast->text.p[0] >= 'A' && ast->text.p[0] <= 'Z') {
    zd_type type = zd_schema_type(c->schema, ast->text);
    if (type == ZD_NO_TYPE) return zd_path_fail(c, ZD_ERR_INVALID, ast, "unknown type ");
    return start_at_type(c, type, out);
  }
  zd_err err = start(c, ZD_OP_START, focus, out);
  return err ? err : add_step(c, ast, ast->text, out);
}

/* ---- functions on paths ---- */

static zd_err argument_number(zd_path_compiler *c, const zd_ast *ast, uint32_t *out) {
  *out = 0;
  if (!ast->right || ast->right->kind != ZD_AST_NUMBER)
    return zd_path_fail(c, ZD_ERR_INVALID, ast, "a whole number is expected in ");
  zd_slice text = ast->right->text;
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] == '.' || i == 9)
      return zd_path_fail(c, ZD_ERR_INVALID, ast, "a whole number is expected in ");
    *out = *out * 10 + (uint32_t)(text.p[i] - '0');
  }
  return ZD_OK;
}

static zd_err add_counter(zd_path_compiler *c, const zd_ast *ast, zd_path_op_kind kind, uint32_t n,
                          zd_fragment *path) {
  if (!path->types.n) return ZD_OK;
  if (path->may_repeat)
    return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "counting in a union with repetitions: ");
  if (c->slots == ZD_PATH_SLOTS) return zd_path_fail(c, ZD_ERR_LIMIT, ast, "too many indexes at ");
  zd_path_op op = {.kind = (uint8_t)kind, .slot = c->slots++, .n = n};
  return append(c, path, op);
}

static zd_err add_selection(zd_path_compiler *c, const zd_ast *ast, zd_fragment *path) {
  uint32_t n;
  if (ast->kind == ZD_AST_INDEX) return add_counter(c, ast, ZD_OP_INDEX, ast->number, path);
  bool has_argument = zd_slice_eq(ast->text, ZD_S("skip")) || zd_slice_eq(ast->text, ZD_S("take"));
  if (!has_argument && ast->right)
    return zd_path_fail(c, ZD_ERR_INVALID, ast, "no argument is expected in ");
  if (zd_slice_eq(ast->text, ZD_S("first"))) return add_counter(c, ast, ZD_OP_INDEX, 0, path);
  if (zd_slice_eq(ast->text, ZD_S("tail"))) return add_counter(c, ast, ZD_OP_SKIP, 1, path);
  zd_err err = argument_number(c, ast, &n);
  if (err) return err;
  bool skip = zd_slice_eq(ast->text, ZD_S("skip"));
  return add_counter(c, ast, skip ? ZD_OP_SKIP : ZD_OP_TAKE, n, path);
}

static zd_err add_criteria(zd_path_compiler *c, const zd_ast *ast, zd_fragment *path) {
  uint32_t cond = 0;
  if (!ast->right) return zd_path_fail(c, ZD_ERR_INVALID, ast, "a condition is missing in ");
  if (!path->types.n) return ZD_OK;
  zd_err err = zd_path_compile_truth(c, ast->right, &path->types, &cond);
  return err ? err : zd_path_add_where(c, path, cond);
}

/* extension('url') is extension.where(url = 'url'). */
static zd_err add_extension(zd_path_compiler *c, const zd_ast *ast, zd_fragment *path) {
  if (!ast->right || ast->right->kind != ZD_AST_STRING)
    return zd_path_fail(c, ZD_ERR_INVALID, ast, "a url in quotes is expected in ");
  zd_ast url = {.kind = ZD_AST_NAME, .at = ast->at, .text = ZD_S("url")};
  zd_ast equal = {
      .kind = ZD_AST_BINARY, .at = ast->at, .text = ZD_S("="), .left = &url, .right = ast->right};
  zd_ast call = {.kind = ZD_AST_CALL, .at = ast->at, .text = ast->text, .right = &equal};
  zd_err err = add_step(c, ast, ZD_S("extension"), path);
  return err ? err : add_criteria(c, &call, path);
}

static zd_err apply_type(zd_path_compiler *c, const zd_ast *ast, zd_fragment *path) {
  zd_type type;
  if (!ast->right) return zd_path_fail(c, ZD_ERR_INVALID, ast, "a type is missing in ");
  zd_err err = zd_path_type_of(c, ast->right, &type);
  return err ? err : add_type_filter(c, path, type);
}

static bool is_one_of(zd_slice name, const char *const *names) {
  for (; *names; names++)
    if (zd_slice_eq(name, zd_slice_of(*names))) return true;
  return false;
}

static zd_err compile_call(zd_path_compiler *c, const zd_ast *ast, zd_value *value) {
  static const char *const selections[] = {"first", "tail", "skip", "take", NULL};
  static const char *const tests[] = {"exists", "empty", "not", "hasValue", NULL};
  zd_slice name = ast->text;
  zd_value left = *value;
  if (zd_slice_eq(name, ZD_S("is"))) return zd_path_compile_is(c, ast, &left, value);
  if (left.resolved)
    return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "unsupported after resolve(): ");
  if (is_one_of(name, tests)) return zd_path_compile_test(c, ast, &left, value);
  if (left.kind != ZD_VALUE_PATH)
    return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "unsupported on a value that is no path: ");
  if (is_one_of(name, selections)) return add_selection(c, ast, &value->path);
  if (zd_slice_eq(name, ZD_S("where"))) return add_criteria(c, ast, &value->path);
  if (zd_slice_eq(name, ZD_S("extension"))) return add_extension(c, ast, &value->path);
  if (zd_slice_eq(name, ZD_S("as")) || zd_slice_eq(name, ZD_S("ofType")))
    return apply_type(c, ast, &value->path);
  if (zd_slice_eq(name, ZD_S("resolve")) && !ast->right) {
    value->resolved = true;
    return ZD_OK;
  }
  return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "unsupported function ");
}

/* ---- unions ---- */

static bool ranges_meet(zd_path_compiler *c, uint16_t a, uint16_t b) {
  const zd_path_op *x = op_at(c, a), *y = op_at(c, b);
  const zd_path_range *all = (const zd_path_range *)(const void *)c->ranges.p;
  uint32_t nx = x->kind == ZD_OP_STEP ? 1 : x->count, ny = y->kind == ZD_OP_STEP ? 1 : y->count;
  if (!nx || !ny) return false; /* `all` may not be there */
  const zd_path_range *xs = x->kind == ZD_OP_STEP ? &x->one : all + x->n;
  const zd_path_range *ys = y->kind == ZD_OP_STEP ? &y->one : all + y->n;
  for (uint32_t i = 0; i < nx; i++)
    for (uint32_t k = 0; k < ny; k++)
      if (xs[i].low <= ys[k].high && ys[k].low <= xs[i].high) return true;
  return false;
}

/* Can both sides yield the same node? Not when their last steps look for different elements. */
static bool may_meet(zd_path_compiler *c, const zd_fragment *a, const zd_fragment *b) {
  if (!a->steps.n || !b->steps.n || a->joined || b->joined) return true;
  for (uint32_t i = 0; i < a->steps.n; i++)
    for (uint32_t k = 0; k < b->steps.n; k++)
      if (ranges_meet(c, a->steps.items[i], b->steps.items[k])) return true;
  return false;
}

static bool join_list(zd_path_compiler *c, zd_op_list *to, const zd_op_list *from) {
  for (uint32_t i = 0; i < from->n; i++)
    if (!zd_op_list_add(c, to, from->items[i])) return false;
  return true;
}

static zd_err join(zd_path_compiler *c, zd_fragment *a, const zd_fragment *b) {
  if (!b->types.n) return ZD_OK;
  if (!a->types.n) {
    *a = *b;
    return ZD_OK;
  }
  a->may_repeat |= b->may_repeat || may_meet(c, a, b);
  a->joined |= b->joined;
  bool ok = join_list(c, &a->heads, &b->heads) && join_list(c, &a->tails, &b->tails) &&
            join_list(c, &a->steps, &b->steps);
  for (uint32_t i = 0; ok && i < b->types.n; i++)
    ok = type_set_add(c, &a->types, b->types.items[i]);
  return ok ? ZD_OK : zd_path_no_memory(c);
}

static zd_err compile_union(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                            zd_value *out) {
  zd_value right;
  zd_err err = zd_path_compile_node(c, ast->left, focus, out);
  if (!err) err = zd_path_compile_node(c, ast->right, focus, &right);
  if (err) return err;
  if (out->kind != ZD_VALUE_PATH || right.kind != ZD_VALUE_PATH || out->resolved || right.resolved)
    return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "both sides must be paths: ");
  return join(c, &out->path, &right.path);
}

/* ---- nodes ---- */

static zd_err compile_binary(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                             zd_value *out) {
  if (zd_slice_eq(ast->text, ZD_S("|"))) return compile_union(c, ast, focus, out);
  if (zd_slice_eq(ast->text, ZD_S("as")) || zd_slice_eq(ast->text, ZD_S("is"))) {
    zd_ast call = *ast;
    zd_err err = zd_path_compile_node(c, ast->left, focus, out);
    call.kind = ZD_AST_CALL;
    return err ? err : compile_call(c, &call, out);
  }
  return zd_path_compile_operator(c, ast, focus, out);
}

/* What stands left of a name, an index or a function; $this when there is nothing. */
static zd_err compile_left(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                           zd_value *out) {
  if (ast->left) return zd_path_compile_node(c, ast->left, focus, out);
  *out = (zd_value){.kind = ZD_VALUE_PATH};
  return start(c, ZD_OP_START, focus, &out->path);
}

static zd_err compile_step(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                           zd_value *out) {
  zd_err err = compile_left(c, ast, focus, out);
  if (err) return err;
  if (out->kind != ZD_VALUE_PATH || out->resolved)
    return zd_path_fail(c, ZD_ERR_UNSUPPORTED, ast, "unsupported on a value that is no path: ");
  if (ast->kind == ZD_AST_INDEX) return add_selection(c, ast, &out->path);
  return add_step(c, ast, ast->text, &out->path);
}

zd_err zd_path_compile_node(zd_path_compiler *c, const zd_ast *ast, const zd_type_set *focus,
                            zd_value *out) {
  zd_err err;
  *out = (zd_value){.kind = ZD_VALUE_PATH};
  switch (ast->kind) {
    case ZD_AST_STRING:
    case ZD_AST_NUMBER:
    case ZD_AST_BOOLEAN:
      *out = (zd_value){.kind = ZD_VALUE_LITERAL, .literal = ast->kind, .text = ast->text};
      return ZD_OK;
    case ZD_AST_VARIABLE:
      return start_at_variable(c, ast, focus, &out->path);
    case ZD_AST_NAME:
      return ast->left ? compile_step(c, ast, focus, out)
                       : start_at_name(c, ast, focus, &out->path);
    case ZD_AST_INDEX:
      return compile_step(c, ast, focus, out);
    case ZD_AST_CALL:
      err = compile_left(c, ast, focus, out);
      return err ? err : compile_call(c, ast, out);
    case ZD_AST_BINARY:
      return compile_binary(c, ast, focus, out);
    case ZD_AST_TYPE:
      break;
  }
  return zd_path_fail(c, ZD_ERR_INVALID, ast, "unexpected type ");
}
