/* equal.c: =, ~ and the order of two items */
#include "fhirpath/program.h"

/* ---- of values of System ---- */

static bool is_number(unsigned kind) {
  return kind == ZD_FP_INTEGER || kind == ZD_FP_LONG || kind == ZD_FP_DECIMAL;
}

static bool is_day(unsigned kind) {
  return kind == ZD_FP_DATE || kind == ZD_FP_DATETIME;
}

static zd_fp_decimal decimal_of(const zd_fhirpath_item *item) {
  return item->kind == ZD_FP_DECIMAL ? *item->as.decimal : zd_fp_decimal_of(item->as.integer);
}

static int compare_numbers(const zd_fhirpath_item *a, const zd_fhirpath_item *b) {
  if (a->kind != ZD_FP_DECIMAL && b->kind != ZD_FP_DECIMAL)
    return (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
  zd_fp_decimal x = decimal_of(a), y = decimal_of(b);
  return zd_fp_decimal_cmp(&x, &y);
}

/* A number beside a quantity is one of unit 1. */
static bool quantity_of(const zd_fhirpath_item *item, zd_fp_quantity *out) {
  if (item->kind == ZD_FP_QUANTITY) {
    *out = *item->as.quantity;
    return true;
  }
  *out = (zd_fp_quantity){.unit = ZD_S("1")};
  if (is_number(item->kind)) out->value = decimal_of(item);
  return is_number(item->kind);
}

static bool both_quantities(const zd_fhirpath_item *a, const zd_fhirpath_item *b, zd_fp_quantity *x,
                            zd_fp_quantity *y) {
  return (a->kind == ZD_FP_QUANTITY || b->kind == ZD_FP_QUANTITY) && quantity_of(a, x) &&
         quantity_of(b, y);
}

static bool equal_values(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                         const zd_fhirpath_item *b, int *out) {
  zd_fp_quantity x, y;
  zd_fp_order order = ZD_FP_LESS;
  *out = 0;
  if (is_number(a->kind) && is_number(b->kind)) {
    *out = compare_numbers(a, b) == 0;
  } else if (both_quantities(a, b, &x, &y)) {
    if (!zd_fp_quantity_cmp(r, o, &x, &y, false, &order)) return false;
    *out = order == ZD_FP_UNKNOWN ? -1 : order == ZD_FP_EQUAL;
  } else if ((is_day(a->kind) && is_day(b->kind)) ||
             (a->kind == ZD_FP_TIME && b->kind == ZD_FP_TIME)) {
    order = zd_fp_moment_cmp(a->as.moment, b->as.moment, a->kind == ZD_FP_TIME);
    *out = order == ZD_FP_UNKNOWN ? -1 : order == ZD_FP_EQUAL;
  } else if (a->kind != b->kind) {
    *out = 0;
  } else if (a->kind == ZD_FP_STRING) {
    *out = zd_slice_eq(zd_fp_string_of(a), zd_fp_string_of(b));
  } else if (a->kind == ZD_FP_BOOLEAN) {
    *out = a->as.integer == b->as.integer;
  } else if (a->kind == ZD_FP_TYPE) {
    *out = a->system == b->system && a->n == b->n;
  }
  return true;
}

/* ---- of nodes with children ---- */

/* The value of a node itself, as text: decimals are compared as numbers. */
static bool equal_own(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                      const zd_fhirpath_item *b, bool alike, bool *out) {
  const zd_node *m = &a->as.tree->nodes[a->n], *n = &b->as.tree->nodes[b->n];
  *out = (m->p == NULL) == (n->p == NULL);
  if (!m->p || !n->p) return true;
  zd_fhirpath_item x, y;
  bool has;
  int equal;
  if (!zd_fp_value(r, o, a, &x, &has) || !zd_fp_value(r, o, b, &y, &has)) return false;
  if (alike) return zd_fp_alike(r, o, &x, &y, out);
  if (!equal_values(r, o, &x, &y, &equal)) return false;
  *out = equal == 1;
  return true;
}

/* Child by child: in their order, or (alike) each of one element with one of the other's. */
static bool equal_trees(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                        const zd_fhirpath_item *b, bool alike, unsigned depth, bool *out);

static bool pair_up(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                    const zd_fhirpath_item *b, unsigned depth, bool *out) {
  const zd_tree *s = a->as.tree, *t = b->as.tree;
  unsigned char *used = zd_arena_calloc(r->arena, t->nodes[b->n].end - b->n + 1u, 1);
  if (!used) return zd_fp_no_memory(r);
  *out = true;
  for (uint32_t c = zd_tree_first(s, a->n); c && *out; c = zd_tree_next(s, a->n, c)) {
    *out = false;
    zd_fhirpath_item x = zd_fhirpath_node(s, c);
    for (uint32_t d = zd_tree_first(t, b->n); d && !*out; d = zd_tree_next(t, b->n, d)) {
      zd_fhirpath_item y = zd_fhirpath_node(t, d);
      if (used[d - b->n] || s->nodes[c].element != t->nodes[d].element) continue;
      if (!equal_trees(r, o, &x, &y, true, depth + 1, out)) return false;
      if (*out) used[d - b->n] = 1;
    }
  }
  return true;
}

static uint32_t count_children(const zd_fhirpath_item *a) {
  uint32_t n = 0;
  for (uint32_t c = zd_tree_first(a->as.tree, a->n); c; c = zd_tree_next(a->as.tree, a->n, c)) n++;
  return n;
}

static bool equal_children(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                           const zd_fhirpath_item *b, unsigned depth, bool *out) {
  const zd_tree *s = a->as.tree, *t = b->as.tree;
  uint32_t c = zd_tree_first(s, a->n), d = zd_tree_first(t, b->n);
  *out = true;
  while (c && d && *out) {
    zd_fhirpath_item x = zd_fhirpath_node(s, c), y = zd_fhirpath_node(t, d);
    *out = s->nodes[c].element == t->nodes[d].element;
    if (*out && !equal_trees(r, o, &x, &y, false, depth + 1, out)) return false;
    c = zd_tree_next(s, a->n, c);
    d = zd_tree_next(t, b->n, d);
  }
  *out = *out && !c && !d;
  return true;
}

static bool equal_trees(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                        const zd_fhirpath_item *b, bool alike, unsigned depth, bool *out) {
  const zd_node *m = &a->as.tree->nodes[a->n], *n = &b->as.tree->nodes[b->n];
  *out = true;
  if (a->as.tree == b->as.tree && a->n == b->n) return true;
  if (depth > 200) return zd_fp_too_long(r, o);
  if (!zd_fp_spend(r, o, 1)) return false;
  *out = m->type == n->type;
  if (*out && (m->p || n->p) && !equal_own(r, o, a, b, alike, out)) return false;
  if (!*out) return true;
  if (!alike) return equal_children(r, o, a, b, depth, out);
  *out = count_children(a) == count_children(b);
  return !*out || pair_up(r, o, a, b, depth, out);
}

static bool is_complex(const zd_fp_running *r, const zd_fhirpath_item *item) {
  return item->kind == ZD_FP_NODE &&
         zd_schema_type_info(r->schema, item->as.tree->nodes[item->n].type).kind !=
             ZD_KIND_PRIMITIVE;
}

/* ---- equality ---- */

/* Text against text, the most frequent case, without values in between: 1, 0, -1 it is not that. */
static int equal_text(const zd_fp_running *r, const zd_fhirpath_item *node,
                      const zd_fhirpath_item *text) {
  const zd_node *n = &node->as.tree->nodes[node->n];
  if (!(n->flags & ZD_NODE_STRING) || n->flags & ZD_NODE_ESCAPED || !n->p) return -1;
  zd_primitive p = zd_schema_type_info(r->schema, n->type).primitive;
  if (zd_fp_kind_of_primitive(p) != ZD_FP_STRING) return -1;
  return zd_slice_eq(zd_node_raw(n), zd_fp_string_of(text));
}

bool zd_fp_equal(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                 const zd_fhirpath_item *b, int *out) {
  if (a->kind == ZD_FP_NODE && b->kind == ZD_FP_STRING) {
    *out = equal_text(r, a, b);
    if (*out >= 0) return true;
  }
  if (is_complex(r, a) && is_complex(r, b)) {
    bool same;
    if (!equal_trees(r, o, a, b, false, 0, &same)) return false;
    *out = same;
    if (same) return true;
  }
  zd_fhirpath_item x, y;
  bool has_a, has_b;
  if (!zd_fp_value(r, o, a, &x, &has_a) || !zd_fp_value(r, o, b, &y, &has_b)) return false;
  *out = -1;
  if (has_a && has_b) return equal_values(r, o, &x, &y, out);
  if (a->kind == ZD_FP_NODE && b->kind == ZD_FP_NODE && !has_a && !has_b) {
    bool same;
    if (!equal_trees(r, o, a, b, false, 0, &same)) return false;
    *out = same;
  }
  return true;
}

/* ---- equivalence ---- */

static char fold(char c) {
  if (c == '\t' || c == '\n' || c == '\r' || c == '\f') return ' ';
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Whatever the case of letters and the kind of white space. Letters beyond ASCII: the Latin-1,
 * Greek and Cyrillic ones whose cases are a fixed distance apart. */
static uint32_t fold_wide(uint32_t c) {
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
  if (c >= 0x391 && c <= 0x3A9) return c + 32;
  if (c >= 0x410 && c <= 0x42F) return c + 32;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  if (c >= 0x100 && c <= 0x17E && c != 0x130 && c != 0x131 && c != 0x138 && c != 0x149) {
    bool odd_upper = (c >= 0x139 && c <= 0x148) || c >= 0x179;
    if (c == 0x178) return 0xFF;
    return (c & 1) == (odd_upper ? 1u : 0u) ? c + 1 : c;
  }
  return c;
}

static uint32_t next_letter(zd_slice s, size_t *at) {
  unsigned char c = (unsigned char)s.p[(*at)++];
  if (c < 0x80) return (unsigned char)fold((char)c);
  int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
  uint32_t code = c & (0x3Fu >> more);
  while (more-- && *at < s.n) code = code << 6 | ((unsigned char)s.p[(*at)++] & 0x3F);
  return code == 0xA0 ? ' ' : fold_wide(code);
}

static bool alike_text(zd_slice a, zd_slice b) {
  size_t i = 0, k = 0;
  while (i < a.n && k < b.n)
    if (next_letter(a, &i) != next_letter(b, &k)) return false;
  return i == a.n && k == b.n;
}

/* To the digits of the less precise one. */
static bool alike_numbers(const zd_fhirpath_item *a, const zd_fhirpath_item *b) {
  zd_fp_decimal x = decimal_of(a), y = decimal_of(b);
  int32_t sx = zd_fp_decimal_scale(&x), sy = zd_fp_decimal_scale(&y);
  int32_t scale = sx < sy ? sx : sy;
  return zd_fp_decimal_round(&x, scale, ZD_FP_HALF_UP, &x) &&
         zd_fp_decimal_round(&y, scale, ZD_FP_HALF_UP, &y) && zd_fp_decimal_cmp(&x, &y) == 0;
}

static bool alike_values(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                         const zd_fhirpath_item *b, bool *out) {
  zd_fp_quantity x, y;
  *out = false;
  if (a->kind == ZD_FP_STRING && b->kind == ZD_FP_STRING) {
    *out = alike_text(zd_fp_string_of(a), zd_fp_string_of(b));
  } else if (is_number(a->kind) && is_number(b->kind)) {
    *out = alike_numbers(a, b);
  } else if ((is_day(a->kind) && is_day(b->kind)) ||
             (a->kind == ZD_FP_TIME && b->kind == ZD_FP_TIME)) {
    *out = zd_fp_moment_same(a->as.moment, b->as.moment, a->kind == ZD_FP_TIME);
  } else if (both_quantities(a, b, &x, &y)) {
    zd_fp_order order;
    if (!zd_fp_quantity_cmp(r, o, &x, &y, true, &order)) return false;
    *out = order == ZD_FP_EQUAL;
  } else {
    int equal;
    if (!equal_values(r, o, a, b, &equal)) return false;
    *out = equal == 1;
  }
  return true;
}

bool zd_fp_alike(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                 const zd_fhirpath_item *b, bool *out) {
  if (is_complex(r, a) && is_complex(r, b)) {
    if (!equal_trees(r, o, a, b, true, 0, out)) return false;
    if (*out) return true;
  }
  zd_fhirpath_item x, y;
  bool has_a, has_b;
  if (!zd_fp_value(r, o, a, &x, &has_a) || !zd_fp_value(r, o, b, &y, &has_b)) return false;
  *out = false;
  return !has_a || !has_b || alike_values(r, o, &x, &y, out);
}

/* ---- order ---- */

bool zd_fp_order_of(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                    const zd_fhirpath_item *b, zd_fp_order *out) {
  zd_fp_quantity x, y;
  if (is_number(a->kind) && is_number(b->kind)) {
    *out = (zd_fp_order)compare_numbers(a, b);
  } else if (a->kind == ZD_FP_STRING && b->kind == ZD_FP_STRING) {
    int order = zd_slice_cmp(zd_fp_string_of(a), zd_fp_string_of(b));
    *out = (zd_fp_order)((order > 0) - (order < 0));
  } else if ((is_day(a->kind) && is_day(b->kind)) ||
             (a->kind == ZD_FP_TIME && b->kind == ZD_FP_TIME)) {
    *out = zd_fp_moment_cmp(a->as.moment, b->as.moment, a->kind == ZD_FP_TIME);
  } else if (both_quantities(a, b, &x, &y)) {
    return zd_fp_quantity_cmp(r, o, &x, &y, false, out);
  } else {
    zd_slice s = zd_fhirpath_type_name(r->schema, *a, true, r->arena);
    zd_slice t = zd_fhirpath_type_name(r->schema, *b, true, r->arena);
    return zd_fp_fail(r, o, ZD_ERR_INVALID, "a %.*s and a %.*s have no order", ZD_SV(s), ZD_SV(t));
  }
  return true;
}

/* ---- sets ---- */

bool zd_fp_contains(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *set,
                    const zd_fhirpath_item *item, bool *out) {
  const zd_fhirpath_item *items = zd_fp_at(set);
  *out = false;
  if (!zd_fp_spend(r, o, set->n)) return false;
  for (uint32_t i = 0; i < set->n; i++) {
    int equal = 1;
    bool same = item->kind == ZD_FP_NODE && items[i].kind == ZD_FP_NODE &&
                items[i].as.tree == item->as.tree && items[i].n == item->n;
    if (!same && !zd_fp_equal(r, o, &items[i], item, &equal)) return false;
    if (equal == 1) {
      *out = true;
      return true;
    }
  }
  return true;
}

bool zd_fp_push_new(zd_fp_running *r, const zd_fp_op *o, zd_fp_seq *s,
                    const zd_fhirpath_item *item) {
  bool there;
  if (!zd_fp_contains(r, o, s, item, &there)) return false;
  return there || zd_fp_push(r, s, *item);
}
