/* walk.c: steps through the tree, and where an expression starts */
#include "fhirpath/program.h"

/* ---- steps ---- */

static bool in_ranges(const zd_fp_range *ranges, uint32_t n, zd_element e) {
  uint32_t low = 0, high = n;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (e > ranges[middle].high)
      low = middle + 1;
    else
      high = middle;
  }
  return low < n && e >= ranges[low].low;
}

typedef struct walk {
  zd_fp_running *r;
  const zd_fp_op *o;
  const zd_tree *tree;
  zd_fp_seq *out;
} walk;

/* Repetitions of an element follow each other, and of a choice only one alternative can be there:
 * the first child behind a hit that is none ends the search. */
static bool step(const walk *w, const zd_fp_step *s, uint32_t left, uint32_t node) {
  const zd_node *nodes = w->tree->nodes;
  uint32_t end = nodes[node].end, low = s->one.low, span = (uint32_t)s->one.high - low;
  bool hit = false, one = s->n == 1;
  uint32_t looked = 0;
  for (uint32_t child = node + 1; child < end; child = nodes[child].end) {
    looked++;
    zd_element e = nodes[child].element;
    if (one ? e - low <= span : in_ranges(s->ranges, s->n, e)) {
      hit = true;
      if (left) {
        if (!step(w, s + 1, left - 1, child)) return false;
      } else if (!zd_fp_push(w->r, w->out, zd_fhirpath_node(w->tree, child))) {
        return false;
      }
    } else if (hit && one) {
      break;
    }
  }
  return zd_fp_spend(w->r, w->o, looked);
}

/* What type() and quantities of System have instead of children. */
static bool member_of(zd_fp_running *r, const zd_fhirpath_item *item, unsigned member,
                      zd_fp_seq *out) {
  zd_fp_seq s;
  if (item->kind == ZD_FP_QUANTITY) {
    const zd_fp_quantity *q = item->as.quantity;
    if (member == ZD_FP_MEMBER_VALUE)
      return zd_fp_give_decimal(r, q->value, &s) && zd_fp_push(r, out, s.one);
    if (member == ZD_FP_MEMBER_UNIT) return zd_fp_push(r, out, zd_fhirpath_string(q->unit));
    return true;
  }
  if (item->kind != ZD_FP_TYPE) return true;
  if (member == ZD_FP_MEMBER_NAMESPACE)
    return zd_fp_push(r, out, zd_fhirpath_string(item->system ? ZD_S("System") : ZD_S("FHIR")));
  zd_slice name = {NULL, 0};
  if (member == ZD_FP_MEMBER_NAME) {
    name = item->system ? zd_fp_kind_name((zd_fhirpath_kind)item->n)
                        : zd_schema_type_info(r->schema, (zd_type)item->n).name;
  } else if (member == ZD_FP_MEMBER_BASE) {
    if (item->system) {
      name = ZD_S("System.Any");
    } else {
      zd_type base = zd_schema_type_info(r->schema, (zd_type)item->n).base;
      if (base != ZD_NO_TYPE)
        name = zd_arena_printf(r->arena, "FHIR.%.*s",
                               ZD_SV(zd_schema_type_info(r->schema, base).name));
      if (base != ZD_NO_TYPE && !name.p) return zd_fp_no_memory(r);
    }
  }
  return !name.p || zd_fp_push(r, out, zd_fhirpath_string(name));
}

static bool walk_from(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *item,
                      zd_fp_seq *out) {
  if (item->kind != ZD_FP_NODE)
    return o->step_count > 1 || member_of(r, item, o->u.steps[0].member, out);
  walk w = {.r = r, .o = o, .tree = item->as.tree, .out = out};
  return step(&w, o->u.steps, o->step_count - 1u, item->n);
}

bool zd_fp_run_steps(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  *out = (zd_fp_seq){.n = 0};
  if (!o->input && f->self_count == 1) return walk_from(r, o, f->self, out);
  zd_fp_seq input;
  if (!zd_fp_input(r, o, f, &input)) return false;
  const zd_fhirpath_item *items = zd_fp_at(&input);
  for (uint32_t i = 0; i < input.n; i++)
    if (!walk_from(r, o, &items[i], out)) return false;
  return true;
}

/* ---- where it starts ---- */

bool zd_fp_run_this(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  return zd_fp_input(r, o, f, out);
}

bool zd_fp_run_index_variable(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                              zd_fp_seq *out) {
  (void)r, (void)o;
  return zd_fp_give_integer(out, f->index);
}

bool zd_fp_run_total(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  (void)r, (void)o;
  if (!f->total) return zd_fp_give_none(out);
  *out = *f->total;
  return true;
}

bool zd_fp_run_value(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  (void)r, (void)f;
  return zd_fp_give(out, o->u.value);
}

bool zd_fp_run_seq(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  (void)r, (void)f;
  *out = o->u.seq;
  return true;
}

bool zd_fp_run_context(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  (void)o, (void)f;
  return zd_fp_give(out, r->context);
}

/* The innermost resource that the context is or stands in; with `outermost` the one that contains
 * it, too (of an entry of a Bundle, the entry's). */
static uint32_t resource_of(const zd_tree *tree, uint32_t context, bool outermost) {
  zd_type bundle = zd_schema_type(tree->schema, ZD_S("Bundle"));
  zd_type parameters = zd_schema_type(tree->schema, ZD_S("Parameters"));
  uint32_t at = 0, found = 0;
  while (at != context) {
    uint32_t c = zd_tree_first(tree, at);
    while (c && tree->nodes[c].end <= context) c = zd_tree_next(tree, at, c);
    if (!c) break;
    at = c;
    if (!(zd_schema_element_info(tree->schema, tree->nodes[c].element).flags & ZD_EL_ANY_RESOURCE))
      continue;
    zd_type holder = tree->nodes[found].type;
    if (!outermost || holder == bundle || holder == parameters) found = at;
  }
  return found;
}

bool zd_fp_run_resource(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  (void)o, (void)f;
  const zd_tree *tree = r->context.as.tree;
  if (!r->context.n) return zd_fp_give(out, r->context);
  return zd_fp_give(out, zd_fhirpath_node(tree, resource_of(tree, r->context.n, false)));
}

bool zd_fp_run_root_resource(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                             zd_fp_seq *out) {
  (void)o, (void)f;
  const zd_tree *tree = r->context.as.tree;
  if (r->env->root_resource) return zd_fp_give(out, *r->env->root_resource);
  return zd_fp_give(out, zd_fhirpath_node(tree, resource_of(tree, r->context.n, true)));
}

bool zd_fp_run_variable(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  (void)f;
  if (!r->env->variables) return zd_fp_fail(r, o, ZD_ERR_INVALID, "the variable has no value here");
  const zd_fhirpath_items *v = &r->env->variables[o->slot];
  if (v->n > UINT32_MAX) return zd_fp_too_long(r, o);
  *out = (zd_fp_seq){.n = (uint32_t)v->n, .many = v->items};
  if (v->n == 1) out->one = v->items[0];
  return true;
}

bool zd_fp_run_slot(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  (void)f;
  *out = r->slots[o->slot];
  return true;
}

/* ---- types of items ---- */

bool zd_fp_is_type(const zd_schema *schema, const zd_fhirpath_item *item,
                   const zd_fp_type_name *type) {
  if (item->kind != ZD_FP_NODE) return type->system && item->kind == type->system;
  if (type->fhir == ZD_NO_TYPE) return false;
  zd_type own = item->as.tree->nodes[item->n].type;
  if (own == type->fhir) return true;
  if (type->exact && zd_schema_type_info(schema, own).kind == ZD_KIND_PRIMITIVE) return false;
  return zd_schema_is_a(schema, own, type->fhir);
}

bool zd_fp_run_is(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (!s.n) return zd_fp_give_none(out);
  if (s.n > 1) return zd_fp_fail(r, o, ZD_ERR_INVALID, "is asks for one item, there are %u", s.n);
  return zd_fp_give_boolean(out, zd_fp_is_type(r->schema, &s.one, &o->u.type));
}

static bool of_type(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *s, zd_fp_seq *out) {
  const zd_fhirpath_item *items = zd_fp_at(s);
  *out = (zd_fp_seq){.n = 0, .unordered = s->unordered};
  for (uint32_t i = 0; i < s->n; i++)
    if (zd_fp_is_type(r->schema, &items[i], &o->u.type) && !zd_fp_push(r, out, items[i]))
      return false;
  return true;
}

bool zd_fp_run_of_type(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  return zd_fp_input(r, o, f, &s) && of_type(r, o, &s, out);
}

bool zd_fp_run_as(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (s.n > 1) return zd_fp_fail(r, o, ZD_ERR_INVALID, "as asks for one item, there are %u", s.n);
  return of_type(r, o, &s, out);
}

/* ---- [n] ---- */

bool zd_fp_run_index(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item n;
  bool has;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_INTEGER, &n, &has)) return false;
  if (!has || n.as.integer < 0 || n.as.integer >= s.n) return zd_fp_give_none(out);
  return zd_fp_give(out, zd_fp_at(&s)[n.as.integer]);
}
