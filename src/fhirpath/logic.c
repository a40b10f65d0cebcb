/* logic.c: truths, equality, order and membership as operators */
#include "fhirpath/program.h"

/* ---- and, or, xor, implies: three-valued (FHIRPath 2.0.0, 6.5) ---- */

static int combine(unsigned op, int a, int b) {
  switch (op) {
    case ZD_FP_OP_AND:
      return a == 0 || b == 0 ? 0 : (a < 0 || b < 0 ? -1 : 1);
    case ZD_FP_OP_OR:
      return a == 1 || b == 1 ? 1 : (a < 0 || b < 0 ? -1 : 0);
    case ZD_FP_OP_XOR:
      return a < 0 || b < 0 ? -1 : a != b;
    default: /* implies */
      return a == 0 || b == 1 ? 1 : (a < 0 || b < 0 ? -1 : 0);
  }
}

bool zd_fp_run_logic(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  int a, b;
  if (!zd_fp_test(r, o->arguments[0], f, &a)) return false;
  if ((o->which == ZD_FP_OP_AND && a == 0) || (o->which == ZD_FP_OP_OR && a == 1) ||
      (o->which == ZD_FP_OP_IMPLIES && a == 0))
    return zd_fp_give_boolean(out, o->which != ZD_FP_OP_AND);
  if (!zd_fp_test(r, o->arguments[1], f, &b)) return false;
  return zd_fp_give_truth(out, combine(o->which, a, b));
}

/* ---- =, !=, ~, !~ ---- */

static bool equal(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *a, const zd_fp_seq *b,
                  int *out) {
  *out = -1;
  if (!a->n || !b->n) return true;
  *out = 0;
  if (a->n != b->n) return true;
  const zd_fhirpath_item *x = zd_fp_at(a), *y = zd_fp_at(b);
  int all = 1;
  for (uint32_t i = 0; i < a->n; i++) {
    int one;
    if (!zd_fp_equal(r, o, &x[i], &y[i], &one)) return false;
    if (one == 0) return true;
    if (one < 0) all = -1;
  }
  *out = all;
  return true;
}

/* Each with one of the other collection, whatever the order. */
static bool alike(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *a, const zd_fp_seq *b,
                  bool *out) {
  *out = a->n == b->n;
  if (!*out || !a->n) return true;
  const zd_fhirpath_item *x = zd_fp_at(a), *y = zd_fp_at(b);
  if (a->n == 1) return zd_fp_alike(r, o, x, y, out);
  unsigned char *used = zd_arena_calloc(r->arena, b->n, 1);
  if (!used) return zd_fp_no_memory(r);
  for (uint32_t i = 0; i < a->n && *out; i++) {
    *out = false;
    if (!zd_fp_spend(r, o, b->n)) return false;
    for (uint32_t k = 0; k < b->n && !*out; k++) {
      if (used[k]) continue;
      if (!zd_fp_alike(r, o, &x[i], &y[k], out)) return false;
      used[k] = *out;
    }
  }
  return true;
}

bool zd_fp_run_equality(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq a, b;
  if (!zd_fp_argument(r, o, 0, f, &a) || !zd_fp_argument(r, o, 1, f, &b)) return false;
  if (o->which == ZD_FP_OP_EQUAL || o->which == ZD_FP_OP_UNEQUAL) {
    int truth;
    if (!equal(r, o, &a, &b, &truth)) return false;
    if (truth >= 0 && o->which == ZD_FP_OP_UNEQUAL) truth = !truth;
    return zd_fp_give_truth(out, truth);
  }
  bool same;
  if (!alike(r, o, &a, &b, &same)) return false;
  return zd_fp_give_boolean(out, same == (o->which == ZD_FP_OP_ALIKE));
}

/* ---- <, >, <=, >= ---- */

bool zd_fp_run_order(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq a, b;
  zd_fhirpath_item x, y;
  bool has_x, has_y;
  zd_fp_order order;
  if (!zd_fp_argument(r, o, 0, f, &a) || !zd_fp_argument(r, o, 1, f, &b)) return false;
  if (!zd_fp_single(r, o, &a, &x, &has_x) || !zd_fp_single(r, o, &b, &y, &has_y)) return false;
  if (!has_x || !has_y) return zd_fp_give_none(out);
  if (!zd_fp_order_of(r, o, &x, &y, &order)) return false;
  if (order == ZD_FP_UNKNOWN) return zd_fp_give_none(out);
  switch (o->which) {
    case ZD_FP_OP_LESS:
      return zd_fp_give_boolean(out, order == ZD_FP_LESS);
    case ZD_FP_OP_GREATER:
      return zd_fp_give_boolean(out, order == ZD_FP_GREATER);
    case ZD_FP_OP_AT_MOST:
      return zd_fp_give_boolean(out, order != ZD_FP_GREATER);
    default:
      return zd_fp_give_boolean(out, order != ZD_FP_LESS);
  }
}

/* ---- in, contains, | ---- */

bool zd_fp_run_membership(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                          zd_fp_seq *out) {
  zd_fp_seq a, b;
  bool in = o->which == ZD_FP_OP_IN, there;
  if (!zd_fp_argument(r, o, in ? 0 : 1, f, &a) || !zd_fp_argument(r, o, in ? 1 : 0, f, &b))
    return false;
  if (!a.n) return zd_fp_give_none(out);
  if (a.n > 1)
    return zd_fp_fail(r, o, ZD_ERR_INVALID, "one item is asked for in a collection, there are %u",
                      a.n);
  if (!zd_fp_contains(r, o, &b, &a.one, &there)) return false;
  return zd_fp_give_boolean(out, there);
}

bool zd_fp_run_union(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  *out = (zd_fp_seq){.n = 0};
  for (int k = 0; k < 2; k++) {
    zd_fp_seq s;
    if (!zd_fp_argument(r, o, k, f, &s)) return false;
    const zd_fhirpath_item *items = zd_fp_at(&s);
    for (uint32_t i = 0; i < s.n; i++)
      if (!zd_fp_push_new(r, o, out, &items[i])) return false;
  }
  return true;
}
