/* select.c: existence, filtering, projection, subsetting, and the control of evaluation */
#include "fhirpath/functions.h"

/* ---- existence ---- */

bool zd_fp_run_empty(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  return zd_fp_input(r, o, f, &s) && zd_fp_give_boolean(out, s.n == 0);
}

/* Is there an item of which the first argument, when there is one, is true? */
static bool any_true(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *s, const zd_fp_frame *f,
                     bool *out) {
  const zd_fhirpath_item *items = zd_fp_at(s);
  *out = false;
  for (uint32_t i = 0; i < s->n && !*out; i++) {
    zd_fp_frame inner = {.self = &items[i], .self_count = 1, .index = i, .total = f->total};
    int truth;
    if (!zd_fp_spend(r, o, 1) || !zd_fp_test(r, o->arguments[0], &inner, &truth)) return false;
    *out = truth == 1;
  }
  return true;
}

bool zd_fp_run_exists(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  bool found;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (!o->argc) return zd_fp_give_boolean(out, s.n != 0);
  return any_true(r, o, &s, f, &found) && zd_fp_give_boolean(out, found);
}

bool zd_fp_run_count(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  return zd_fp_input(r, o, f, &s) && zd_fp_give_integer(out, s.n);
}

bool zd_fp_run_not(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  int truth;
  if (!zd_fp_input(r, o, f, &s) || !zd_fp_truth(r, o, &s, &truth)) return false;
  return zd_fp_give_truth(out, truth < 0 ? -1 : !truth);
}

bool zd_fp_run_all(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    zd_fp_frame inner = {.self = &items[i], .self_count = 1, .index = i, .total = f->total};
    int truth;
    if (!zd_fp_spend(r, o, 1) || !zd_fp_test(r, o->arguments[0], &inner, &truth)) return false;
    if (truth != 1) return zd_fp_give_boolean(out, false);
  }
  return zd_fp_give_boolean(out, true);
}

/* allTrue, allFalse, anyTrue, anyFalse */
enum { OF_ALL = 1, OF_TRUE = 2 };

bool zd_fp_run_all_truths(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                          zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  const zd_fhirpath_item *items = zd_fp_at(&s);
  bool all = o->which & OF_ALL, wanted = (o->which & OF_TRUE) != 0, answer = all;
  for (uint32_t i = 0; i < s.n; i++) {
    zd_fp_seq one = zd_fp_one(items[i]);
    zd_fhirpath_item value;
    bool has;
    if (!zd_fp_single_as(r, o, &one, ZD_FP_BOOLEAN, &value, &has)) return false;
    if (has && ((value.as.integer != 0) == wanted) != all) answer = !all;
  }
  return zd_fp_give_boolean(out, answer);
}

/* ---- filtering and projection ---- */

bool zd_fp_run_where(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = (zd_fp_seq){.n = 0, .unordered = s.unordered};
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    zd_fp_frame inner = {.self = &items[i], .self_count = 1, .index = i, .total = f->total};
    int truth;
    if (!zd_fp_spend(r, o, 1) || !zd_fp_test(r, o->arguments[0], &inner, &truth)) return false;
    if (truth == 1 && !zd_fp_push(r, out, items[i])) return false;
  }
  return true;
}

bool zd_fp_run_select(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s, part;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = (zd_fp_seq){.n = 0, .unordered = s.unordered};
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    zd_fp_frame inner = {.self = &items[i], .self_count = 1, .index = i, .total = f->total};
    if (!zd_fp_spend(r, o, 1) || !zd_fp_argument(r, o, 0, &inner, &part)) return false;
    if (s.n == 1)
      *out = part;
    else if (!zd_fp_push_all(r, out, &part))
      return false;
  }
  return true;
}

/* What comes out goes in again, until nothing new does; with `all`, also what was there before. */
static bool repeat(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, bool all,
                   zd_fp_seq *out) {
  zd_fp_seq todo, part;
  if (!zd_fp_input(r, o, f, &todo)) return false;
  *out = (zd_fp_seq){.n = 0, .unordered = todo.unordered};
  while (todo.n) {
    zd_fp_seq next = {.n = 0};
    const zd_fhirpath_item *items = zd_fp_at(&todo);
    for (uint32_t i = 0; i < todo.n; i++) {
      zd_fp_frame inner = {.self = &items[i], .self_count = 1, .index = i, .total = f->total};
      if (!zd_fp_spend(r, o, 8) || !zd_fp_argument(r, o, 0, &inner, &part)) return false;
      const zd_fhirpath_item *found = zd_fp_at(&part);
      for (uint32_t k = 0; k < part.n; k++) {
        uint32_t before = out->n;
        if (all ? !zd_fp_push(r, out, found[k]) : !zd_fp_push_new(r, o, out, &found[k]))
          return false;
        if (out->n > before && !zd_fp_push(r, &next, found[k])) return false;
      }
      if (out->n > r->budget / 16) return zd_fp_too_long(r, o);
    }
    todo = next;
  }
  return true;
}

bool zd_fp_run_repeat(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  return repeat(r, o, f, false, out);
}

bool zd_fp_run_repeat_all(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                          zd_fp_seq *out) {
  return repeat(r, o, f, true, out);
}

/* ---- subsetting ---- */

bool zd_fp_run_first(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = zd_fp_part(&s, 0, s.n ? 1 : 0);
  return true;
}

bool zd_fp_run_last(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = s.n ? zd_fp_part(&s, s.n - 1, 1) : s;
  return true;
}

bool zd_fp_run_single(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (s.n > 1) return zd_fp_fail(r, o, ZD_ERR_INVALID, "single: there are %u items", s.n);
  *out = s;
  return true;
}

bool zd_fp_run_tail(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = zd_fp_part(&s, s.n ? 1 : 0, s.n ? s.n - 1 : 0);
  return true;
}

/* The argument of skip and take. */
static bool number_of(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, uint32_t most,
                      uint32_t *out, bool *has) {
  zd_fhirpath_item n;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_INTEGER, &n, has)) return false;
  *out = 0;
  if (*has && n.as.integer > 0) *out = n.as.integer > most ? most : (uint32_t)n.as.integer;
  return true;
}

bool zd_fp_run_skip(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  uint32_t n;
  bool has;
  if (!zd_fp_input(r, o, f, &s) || !number_of(r, o, f, s.n, &n, &has)) return false;
  *out = zd_fp_part(&s, n, s.n - n);
  return true;
}

bool zd_fp_run_take(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  uint32_t n;
  bool has;
  if (!zd_fp_input(r, o, f, &s) || !number_of(r, o, f, s.n, &n, &has)) return false;
  *out = zd_fp_part(&s, 0, n);
  return true;
}

/* ---- control ---- */

/* iif(criterion, true-result, otherwise): only what is chosen is run. */
bool zd_fp_run_iif(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fp_frame inner = *f;
  int truth;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (s.n > 1) return zd_fp_fail(r, o, ZD_ERR_INVALID, "iif asks for one item, there are %u", s.n);
  if (o->input) {
    inner.self = &s.one;
    inner.self_count = s.n;
  }
  if (!zd_fp_test(r, o->arguments[0], &inner, &truth)) return false;
  if (truth == 1) return zd_fp_argument(r, o, 1, &inner, out);
  return o->argc > 2 ? zd_fp_argument(r, o, 2, &inner, out) : zd_fp_give_none(out);
}

bool zd_fp_run_aggregate(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fp_seq s, total = {.n = 0}, next;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (o->argc > 1 && !zd_fp_argument(r, o, 1, f, &total)) return false;
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    zd_fp_frame inner = {.self = &items[i], .self_count = 1, .index = i, .total = &total};
    if (!zd_fp_spend(r, o, 1) || !zd_fp_argument(r, o, 0, &inner, &next)) return false;
    total = next;
  }
  *out = total;
  return true;
}

bool zd_fp_run_coalesce(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  for (int k = 0; k < o->argc; k++) {
    if (!zd_fp_argument(r, o, k, f, out)) return false;
    if (out->n) return true;
  }
  return zd_fp_give_none(out);
}

/* defineVariable(name, value): the name became a slot while compiling. */
bool zd_fp_run_define(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s, value;
  if (!zd_fp_input(r, o, f, &s)) return false;
  value = s;
  if (o->argc) {
    zd_fp_frame inner = *f;
    if (o->input) {
      inner.self = zd_fp_at(&s);
      inner.self_count = s.n;
    }
    if (!zd_fp_argument(r, o, 0, &inner, &value)) return false;
  }
  r->slots[o->slot] = value;
  *out = s;
  return true;
}

bool zd_fp_run_trace(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s, shown = {.n = 0}, part;
  zd_fhirpath_item name;
  bool has;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = s;
  if (!r->env->world || !r->env->world->trace) return true;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &name, &has)) return false;
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; o->argc > 1 && i < s.n; i++) {
    zd_fp_frame inner = {.self = &items[i], .self_count = 1, .index = i, .total = f->total};
    if (!zd_fp_argument(r, o, 1, &inner, &part) || !zd_fp_push_all(r, &shown, &part)) return false;
  }
  if (o->argc < 2) shown = s;
  zd_fhirpath_items list = {zd_fp_at(&shown), shown.n};
  r->env->world->trace(r->env->world->state, has ? zd_fp_string_of(&name) : ZD_S(""), &list);
  return true;
}

/* ---- sort ---- */

typedef struct sorted {
  zd_fhirpath_item item;
  const zd_fhirpath_item *keys; /* kind NODE without a tree: none */
} sorted;

static bool key_less(zd_fp_running *r, const zd_fp_op *o, const sorted *a, const sorted *b,
                     bool *less) {
  *less = false;
  unsigned n = o->argc ? o->argc : 1;
  for (unsigned k = 0; k < n; k++) {
    bool none_a = a->keys[k].kind == ZD_FP_NODE, none_b = b->keys[k].kind == ZD_FP_NODE;
    bool descending = o->argc && o->u.descending[k];
    zd_fp_order order = none_a == none_b ? ZD_FP_EQUAL : none_a ? ZD_FP_LESS : ZD_FP_GREATER;
    if (!none_a && !none_b && !zd_fp_order_of(r, o, &a->keys[k], &b->keys[k], &order)) return false;
    if (order == ZD_FP_EQUAL || order == ZD_FP_UNKNOWN) continue;
    *less = (order == ZD_FP_LESS) != descending;
    return true;
  }
  return true;
}

/* Merging two sorted halves keeps the order of equals. */
static bool merge_sort(zd_fp_running *r, const zd_fp_op *o, sorted *list, sorted *space,
                       uint32_t n) {
  if (n < 2) return true;
  uint32_t half = n / 2, i = 0, k = half, at = 0;
  if (!merge_sort(r, o, list, space, half)) return false;
  if (!merge_sort(r, o, list + half, space + half, n - half)) return false;
  if (!zd_fp_spend(r, o, n)) return false;
  while (i < half && k < n) {
    bool less;
    if (!key_less(r, o, &list[k], &list[i], &less)) return false;
    space[at++] = less ? list[k++] : list[i++];
  }
  while (i < half) space[at++] = list[i++];
  while (k < n) space[at++] = list[k++];
  memcpy(list, space, n * sizeof *list);
  return true;
}

static bool find_keys(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, uint32_t index,
                      sorted *s) {
  unsigned n = o->argc ? o->argc : 1;
  zd_fhirpath_item *keys = ZD_NEW_ARRAY(r->arena, zd_fhirpath_item, n);
  if (!keys) return zd_fp_no_memory(r);
  zd_fp_frame inner = {.self = &s->item, .self_count = 1, .index = index, .total = f->total};
  for (unsigned k = 0; k < n; k++) {
    zd_fp_seq part = zd_fp_one(s->item);
    bool has;
    if (o->argc && !zd_fp_argument(r, o, (int)k, &inner, &part)) return false;
    if (!zd_fp_single(r, o, &part, &keys[k], &has)) return false;
    if (!has) keys[k] = (zd_fhirpath_item){.kind = ZD_FP_NODE};
    if (has && keys[k].kind == ZD_FP_NODE)
      return zd_fp_fail(r, o, ZD_ERR_INVALID, "what is sorted by has no order");
  }
  s->keys = keys;
  return true;
}

bool zd_fp_run_sort(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  sorted *list = ZD_NEW_ARRAY(r->arena, sorted, s.n ? s.n * (size_t)2 : 1);
  if (!list) return zd_fp_no_memory(r);
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    list[i].item = items[i];
    if (!find_keys(r, o, f, i, &list[i])) return false;
  }
  if (!merge_sort(r, o, list, list + s.n, s.n)) return false;
  *out = (zd_fp_seq){.n = 0};
  for (uint32_t i = 0; i < s.n; i++)
    if (!zd_fp_push(r, out, list[i].item)) return false;
  return true;
}
