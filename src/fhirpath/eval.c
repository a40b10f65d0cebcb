/* eval.c: running a program: collections, values, entry */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "fhirpath/program.h"

/* ---- failing ---- */

bool zd_fp_fail(zd_fp_running *r, const zd_fp_op *o, zd_err err, const char *format, ...) {
  char text[320];
  va_list args;
  if (r->err) return false;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  r->err = zd_fail(r->fault, err, "FHIRPath, column %u: %s", o->at + 1, text);
  return false;
}

bool zd_fp_no_memory(zd_fp_running *r) {
  if (!r->err) r->err = zd_fail(r->fault, ZD_ERR_MEMORY, "FHIRPath: out of memory");
  return false;
}

bool zd_fp_too_long(zd_fp_running *r, const zd_fp_op *o) {
  return zd_fp_fail(r, o, ZD_ERR_LIMIT, "takes too long");
}

bool zd_fp_too_large(zd_fp_running *r, const zd_fp_op *o) {
  return zd_fp_fail(r, o, ZD_ERR_LIMIT, "the result needs more than %d digits", ZD_FP_DIGITS);
}

/* ---- collections ---- */

/* The room of `many` follows from n: 8, then powers of two. */
bool zd_fp_push_more(zd_fp_running *r, zd_fp_seq *s, zd_fhirpath_item item) {
  if (s->n == 1 || (s->n >= 8 && (s->n & (s->n - 1)) == 0)) {
    size_t room = s->n == 1 ? 8 : (size_t)s->n * 2;
    if (s->n > UINT32_MAX / 4) return zd_fp_no_memory(r);
    zd_fhirpath_item *grown = zd_arena_alloc(r->arena, room * sizeof *grown);
    if (!grown) return zd_fp_no_memory(r);
    memcpy(grown, zd_fp_at(s), s->n * sizeof *grown);
    s->many = grown;
  }
  /* this collection's own array, so far */
  ((zd_fhirpath_item *)(uintptr_t)s->many)[s->n++] = item;
  return true;
}

bool zd_fp_push_all(zd_fp_running *r, zd_fp_seq *s, const zd_fp_seq *more) {
  const zd_fhirpath_item *items = zd_fp_at(more);
  for (uint32_t i = 0; i < more->n; i++)
    if (!zd_fp_push(r, s, items[i])) return false;
  return true;
}

zd_fp_seq zd_fp_part(const zd_fp_seq *s, uint32_t from, uint32_t count) {
  const zd_fhirpath_item *items = zd_fp_at(s);
  zd_fp_seq part = {.n = count, .unordered = s->unordered};
  if (count == 1)
    part.one = items[from];
  else if (count)
    part.many = items + from;
  return part;
}

bool zd_fp_give_decimal(zd_fp_running *r, zd_fp_decimal value, zd_fp_seq *out) {
  zd_fp_decimal *kept = zd_arena_alloc(r->arena, sizeof *kept);
  if (!kept) return zd_fp_no_memory(r);
  *kept = value;
  return zd_fp_give(out, (zd_fhirpath_item){.kind = ZD_FP_DECIMAL, .as.decimal = kept});
}

bool zd_fp_give_quantity(zd_fp_running *r, zd_fp_decimal value, zd_slice unit, uint8_t calendar,
                         zd_fp_seq *out) {
  zd_fp_quantity *kept = zd_arena_alloc(r->arena, sizeof *kept);
  if (!kept) return zd_fp_no_memory(r);
  *kept = (zd_fp_quantity){.value = value, .unit = unit, .calendar = calendar};
  return zd_fp_give(out, (zd_fhirpath_item){.kind = ZD_FP_QUANTITY, .as.quantity = kept});
}

bool zd_fp_give_moment(zd_fp_running *r, zd_fhirpath_kind kind, const zd_fp_moment *m,
                       zd_fp_seq *out) {
  zd_fp_moment *kept = zd_arena_alloc(r->arena, sizeof *kept);
  if (!kept) return zd_fp_no_memory(r);
  *kept = *m;
  return zd_fp_give(out, (zd_fhirpath_item){.kind = (uint8_t)kind, .as.moment = kept});
}

/* ---- values ---- */

static bool node_moment(zd_fp_running *r, const zd_fp_op *o, const zd_node *node,
                        zd_fhirpath_kind kind, zd_fhirpath_item *out) {
  zd_fp_moment m;
  zd_slice text = zd_node_raw(node);
  bool good = kind == ZD_FP_DATE   ? zd_fp_moment_read_date(text, &m)
              : kind == ZD_FP_TIME ? zd_fp_moment_read_time(text, &m)
                                   : zd_fp_moment_read_datetime(text, false, &m);
  if (!good)
    return zd_fp_fail(r, o, ZD_ERR_UNSUPPORTED, "a time that is no finer than a nanosecond: %.*s",
                      text.n > 60 ? 60 : (int)text.n, text.p);
  zd_fp_seq s;
  if (!zd_fp_give_moment(r, kind, &m, &s)) return false;
  *out = s.one;
  return true;
}

static bool node_number(zd_fp_running *r, const zd_fp_op *o, const zd_node *node,
                        zd_fhirpath_kind kind, zd_fhirpath_item *out) {
  zd_slice text = zd_node_raw(node);
  if (kind == ZD_FP_INTEGER) {
    int64_t value = 0;
    bool negative = text.n && text.p[0] == '-';
    for (size_t i = negative; i < text.n && i < 18; i++) value = value * 10 + (text.p[i] - '0');
    *out = (zd_fhirpath_item){.kind = ZD_FP_INTEGER, .as.integer = negative ? -value : value};
    return true;
  }
  zd_fp_decimal d;
  zd_fp_seq s;
  if (zd_fp_decimal_read(text, &d)) return zd_fp_too_large(r, o);
  if (!zd_fp_give_decimal(r, d, &s)) return false;
  *out = s.one;
  return true;
}

static bool node_quantity(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *item,
                          zd_fhirpath_item *out) {
  zd_fp_quantity q;
  bool has;
  *out = *item;
  if (!zd_schema_is_a(r->schema, item->as.tree->nodes[item->n].type, r->program->quantity))
    return true;
  if (!zd_fp_quantity_of_node(r, o, item, &q, &has)) return false;
  zd_fp_seq s;
  if (!has) return true;
  if (!zd_fp_give_quantity(r, q.value, q.unit, q.calendar, &s)) return false;
  *out = s.one;
  return true;
}

bool zd_fp_value(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *item,
                 zd_fhirpath_item *out, bool *has) {
  *has = true;
  *out = *item;
  if (item->kind != ZD_FP_NODE) return true;
  const zd_node *node = &item->as.tree->nodes[item->n];
  zd_fhirpath_kind kind =
      zd_fp_kind_of_primitive(zd_schema_type_info(r->schema, node->type).primitive);
  if (kind == ZD_FP_NODE) return node_quantity(r, o, item, out);
  *has = node->p != NULL;
  if (!*has) return true;
  switch (kind) {
    case ZD_FP_BOOLEAN:
      *out = zd_fhirpath_boolean(node->p[0] == 't');
      return true;
    case ZD_FP_INTEGER:
    case ZD_FP_DECIMAL:
      return node_number(r, o, node, kind, out);
    case ZD_FP_STRING: {
      zd_slice text = zd_node_text(node, r->arena);
      *out = zd_fhirpath_string(text);
      return text.p || zd_fp_no_memory(r);
    }
    default:
      return node_moment(r, o, node, kind, out);
  }
}

bool zd_fp_single(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *s, zd_fhirpath_item *out,
                  bool *has) {
  *has = false;
  if (!s->n) return true;
  if (s->n > 1) return zd_fp_fail(r, o, ZD_ERR_INVALID, "one item is asked, there are %u", s->n);
  return zd_fp_value(r, o, &s->one, out, has);
}

/* INTEGER < LONG < DECIMAL < QUANTITY, DATE < DATETIME: what is narrower becomes what is wider. */
static bool widen(zd_fp_running *r, zd_fhirpath_kind kind, zd_fhirpath_item *item) {
  zd_fp_seq s;
  if (kind == ZD_FP_LONG && item->kind == ZD_FP_INTEGER) item->kind = ZD_FP_LONG;
  if (kind == ZD_FP_DATETIME && item->kind == ZD_FP_DATE) item->kind = ZD_FP_DATETIME;
  if (kind != ZD_FP_DECIMAL && kind != ZD_FP_QUANTITY) return true;
  if (item->kind == ZD_FP_INTEGER || item->kind == ZD_FP_LONG) {
    if (!zd_fp_give_decimal(r, zd_fp_decimal_of(item->as.integer), &s)) return false;
    *item = s.one;
  }
  if (kind == ZD_FP_QUANTITY && item->kind == ZD_FP_DECIMAL) {
    if (!zd_fp_give_quantity(r, *item->as.decimal, ZD_S("1"), 0, &s)) return false;
    *item = s.one;
  }
  return true;
}

bool zd_fp_single_as(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *s, zd_fhirpath_kind kind,
                     zd_fhirpath_item *out, bool *has) {
  if (!zd_fp_single(r, o, s, out, has)) return false;
  if (!*has || out->kind == kind) return true;
  if (!widen(r, kind, out)) return false;
  if (out->kind == kind) return true;
  zd_slice found = zd_fhirpath_type_name(r->schema, *out, true, r->arena);
  zd_slice asked = zd_fp_kind_name(kind);
  return zd_fp_fail(r, o, ZD_ERR_INVALID, "a %.*s is asked, there is a %.*s", ZD_SV(asked),
                    ZD_SV(found));
}

bool zd_fp_argument_as(zd_fp_running *r, const zd_fp_op *o, int k, const zd_fp_frame *f,
                       zd_fhirpath_kind kind, zd_fhirpath_item *out, bool *has) {
  zd_fp_seq s;
  return zd_fp_argument(r, o, k, f, &s) && zd_fp_single_as(r, o, &s, kind, out, has);
}

bool zd_fp_input_as(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                    zd_fhirpath_kind kind, zd_fhirpath_item *out, bool *has) {
  zd_fp_seq s;
  return zd_fp_input(r, o, f, &s) && zd_fp_single_as(r, o, &s, kind, out, has);
}

/* FHIRPath 2.0.0, 4.5: one item that is no boolean is true. */
bool zd_fp_truth(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *s, int *out) {
  *out = -1;
  if (!s->n) return true;
  if (s->n > 1)
    return zd_fp_fail(r, o, ZD_ERR_INVALID, "one truth is asked, there are %u items", s->n);
  const zd_fhirpath_item *item = &s->one;
  if (item->kind == ZD_FP_BOOLEAN) {
    *out = item->as.integer != 0;
  } else if (item->kind == ZD_FP_NODE) {
    const zd_node *node = &item->as.tree->nodes[item->n];
    *out = 1;
    if (zd_schema_type_info(r->schema, node->type).primitive == ZD_PRIM_BOOLEAN)
      *out = node->p ? node->p[0] == 't' : -1;
  } else {
    *out = 1;
  }
  return true;
}

bool zd_fp_test(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, int *out) {
  zd_fp_seq s;
  return o->run(r, o, f, &s) && zd_fp_truth(r, o, &s, out);
}

/* ---- entry ---- */

static const zd_fhirpath_env no_env;

static zd_err no_memory(zd_fault *fault) {
  zd_fail(fault, ZD_ERR_MEMORY, "FHIRPath: out of memory");
  return ZD_ERR_MEMORY;
}

static zd_err run(const zd_fhirpath *program, const zd_fhirpath_env *env, const zd_tree *tree,
                  uint32_t node, zd_arena *arena, zd_fp_running *r, zd_fp_seq *out,
                  zd_fault *fault) {
  *r = (zd_fp_running){.program = program,
                       .schema = program->schema,
                       .env = env ? env : &no_env,
                       .arena = arena,
                       .context = zd_fhirpath_node(tree, node),
                       .fault = fault};
  r->budget = r->env->steps ? r->env->steps : ZD_FHIRPATH_STEPS;
  if (program->slots) {
    r->slots = ZD_NEW_ARRAY(arena, zd_fp_seq, program->slots);
    if (!r->slots) return no_memory(fault);
  }
  zd_fp_frame f = {.self = &r->context, .self_count = 1};
  if (program->root->run(r, program->root, &f, out)) return ZD_OK;
  assert(r->err);
  return r->err;
}

zd_err zd_fhirpath_eval(const zd_fhirpath *program, const zd_fhirpath_env *env, const zd_tree *tree,
                        uint32_t node, zd_arena *arena, zd_fhirpath_items *out, zd_fault *fault) {
  zd_fp_running r;
  zd_fp_seq s;
  *out = (zd_fhirpath_items){NULL, 0};
  zd_err err = run(program, env, tree, node, arena, &r, &s, fault);
  if (err || !s.n) return err;
  out->n = s.n;
  out->items = s.many;
  if (s.n > 1) return ZD_OK;
  zd_fhirpath_item *one = zd_arena_alloc(arena, sizeof *one);
  if (!one) return no_memory(fault);
  *one = s.one;
  out->items = one;
  return ZD_OK;
}

zd_err zd_fhirpath_test(const zd_fhirpath *program, const zd_fhirpath_env *env, const zd_tree *tree,
                        uint32_t node, zd_arena *arena, int *out, zd_fault *fault) {
  zd_fp_running r;
  zd_fp_seq s;
  *out = -1;
  zd_err err = run(program, env, tree, node, arena, &r, &s, fault);
  if (err) return err;
  return zd_fp_truth(&r, program->root, &s, out) ? ZD_OK : r.err;
}
