/* Several ranges of one field.
 *
 * "From May" and "before June" are two conditions: each may be met by another value of a resource
 * that has several. Taken one by one, each is half of the column, however few rows are in both. But
 * where no row of a segment has two values in the field, one value must meet both, and they are one
 * range. Which columns are so is found out when it is first asked for, and noted beside the
 * segment.
 *
 * A union of ranges is always one leaf: a value within the one or the other. It is made disjoint
 * where that is easy, because "from May" comes as "begins in May or later, or ends after its first
 * day".
 */
#include "store/embedded/index/evaluate_internal.h"

enum { UNKNOWN, SINGLE, SEVERAL }; /* zd_segment_note of a RANGE */
enum { COLUMN_UNITS = 500 };       /* of work, that a pass over a column is taken for */

static bool is_empty(const zd_bounds *b) {
  return b->low_min > b->low_max || b->high_min > b->high_max;
}

/* ---- united ---- */

/* Takes from `b` what `a`, bounded only by where a value begins, has anyway. */
static void take_away(zd_bounds *b, const zd_bounds *a) {
  if (a->high_min != INT64_MIN || a->high_max != INT64_MAX) return;
  bool from = a->low_max == INT64_MAX && a->low_min > INT64_MIN;
  bool to = a->low_min == INT64_MIN && a->low_max < INT64_MAX;
  if (from && b->low_max >= a->low_min) b->low_max = a->low_min - 1;
  if (to && b->low_min <= a->low_max) b->low_min = a->low_max + 1;
}

static size_t make_disjoint(zd_bounds *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < n; k++) {
      if (k != i && !is_empty(&b[i])) take_away(&b[k], &b[i]);
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (!is_empty(&b[i])) b[kept++] = b[i];
  }
  return kept;
}

static bool is_apart(const zd_bounds *a, const zd_bounds *b) {
  return a->low_max < b->low_min || b->low_max < a->low_min || a->high_max < b->high_min ||
         b->high_max < a->high_min;
}

bool zd_ranges_overlap(const zd_bounds *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    for (size_t k = i + 1; k < n; k++) {
      if (!is_apart(&b[i], &b[k])) return true;
    }
  }
  return false;
}

static zd_bounds bounds_of(const zd_plan *p) {
  return (zd_bounds){p->low_min, p->low_max, p->high_min, p->high_max};
}

static bool same_column(const zd_plan *a, const zd_plan *b) {
  return a->field == b->field && zd_slice_eq(a->term, b->term);
}

bool zd_ranges_of(const zd_plan *plan, zd_bounds *out, size_t room, size_t *n) {
  *n = 1;
  if (plan->op == ZD_PLAN_RANGE) {
    out[0] = bounds_of(plan);
    return true;
  }
  if (plan->op != ZD_PLAN_OR || plan->child_count == 0 || plan->child_count > room) return false;
  for (size_t i = 0; i < plan->child_count; i++) {
    const zd_plan *child = plan->children[i];
    if (child->op != ZD_PLAN_RANGE || !same_column(child, plan->children[0])) return false;
    out[i] = bounds_of(child);
  }
  *n = make_disjoint(out, plan->child_count);
  return true;
}

/* ---- does no row have two values in a column? ---- */

static zd_err look_at_column(zd_evaluation *e, const zd_posting *p, bool *single) {
  zd_segment *s = e->part->segment;
  const zd_posting_chunk *table = NULL;
  size_t n = 0;
  zd_err err = ZD_OK;
  *single = p->form == ZD_POSTING_CHUNKS;
  if (*single) err = zd_posting_chunks(s, p, &table, &n, e->fault);
  for (size_t i = 0; !err && *single && i < n; i++) {
    const void *column;
    *single = i == 0 || table[i - 1].chunk < table[i].chunk;
    err = zd_budget_work(e->budget, COLUMN_UNITS, e->fault);
    if (!err) err = zd_posting_column(s, &table[i], &column, e->fault);
    if (!err && *single) *single = zd_column_single(column, table[i].n);
  }
  return err;
}

/* All of the field's columns: there is one note for them. */
static zd_err look_at_columns(zd_evaluation *e, uint32_t field, bool *single) {
  zd_segment *s = e->part->segment;
  const zd_segment_space *space = zd_segment_find_space(s, ZD_KEY_RANGE, field);
  *single = space != NULL;
  if (!space) return ZD_OK;
  zd_segment_cursor c;
  zd_err err = zd_segment_cursor_start(&c, s, space, (zd_slice){NULL, 0}, e->fault);
  while (!err && !c.done && *single) {
    err = look_at_column(e, &c.posting, single);
    if (!err) err = zd_segment_cursor_next(&c, e->fault);
  }
  return err;
}

/* With all that lies over the part. */
zd_err zd_ranges_single(zd_evaluation *e, uint32_t field, bool *single) {
  *single = false;
  if (!e->part->segment) return ZD_OK;
  const zd_parts *parts = e->scope->parts;
  for (size_t i = parts->n; i < parts->all; i++) {
    const zd_part *over = parts->at[i];
    if (over->first < e->end && zd_part_end(over) > e->first &&
        (over->memtable || zd_segment_find_space(over->segment, ZD_KEY_RANGE, field)))
      return ZD_OK;
  }
  _Atomic unsigned char *note = zd_segment_note(e->part->segment, ZD_KEY_RANGE, field);
  unsigned char known = note ? atomic_load_explicit(note, memory_order_relaxed) : SEVERAL;
  zd_err err = ZD_OK;
  if (known == UNKNOWN) {
    err = look_at_columns(e, field, single);
    if (!err) atomic_store_explicit(note, *single ? SINGLE : SEVERAL, memory_order_relaxed);
  }
  *single = !err && (known == SINGLE || (known == UNKNOWN && *single));
  return err;
}

/* ---- together ---- */

static zd_bounds both(const zd_bounds *a, const zd_bounds *b) {
  return (zd_bounds){a->low_min > b->low_min ? a->low_min : b->low_min,
                     a->low_max < b->low_max ? a->low_max : b->low_max,
                     a->high_min > b->high_min ? a->high_min : b->high_min,
                     a->high_max < b->high_max ? a->high_max : b->high_max};
}

/* What both nodes hold, for rows with one value. *out stays NULL when it is too much. */
static zd_err intersect(zd_evaluation *e, const zd_node *a, const zd_node *b, zd_node **out) {
  size_t most = a->bound_count * b->bound_count, count = 0;
  *out = NULL;
  if (most > ZD_RANGES_MAX) return ZD_OK;
  zd_node *n = ZD_NEW(&e->part_arena, zd_node);
  zd_bounds *bounds = ZD_NEW_ARRAY(&e->part_arena, zd_bounds, most ? most : 1);
  if (!n || !bounds) return zd_evaluation_no_memory(e);
  for (size_t i = 0; i < a->bound_count; i++) {
    for (size_t k = 0; k < b->bound_count; k++) {
      bounds[count] = both(&a->bounds[i], &b->bounds[k]);
      if (!is_empty(&bounds[count])) count++;
    }
  }
  *n = (zd_node){.plan = a->plan, .bounds = bounds, .bound_count = count};
  *out = n;
  return ZD_OK;
}

/* The only child of an OR that has anything in the part. */
static zd_node *only_child(const zd_node *n) {
  zd_node *only = NULL;
  for (size_t i = 0; i < n->child_count; i++) {
    if (n->children[i]->estimate == 0) continue;
    if (only) return NULL;
    only = n->children[i];
  }
  return only;
}

zd_node *zd_ranges_only(zd_node *n) {
  while (n && n->plan->op == ZD_PLAN_OR) n = only_child(n);
  return n;
}

/* How many conjuncts there are in and below n; with `out`, they. */
static size_t flatten(zd_node *n, zd_node **out) {
  zd_node *only = n->plan->op == ZD_PLAN_OR ? only_child(n) : NULL;
  if (only) return flatten(only, out);
  if (n->plan->op == ZD_PLAN_NOT && (n->child_count == 0 || n->children[0]->estimate == 0))
    return 0;
  if (n->plan->op != ZD_PLAN_AND) {
    if (out) *out = n;
    return 1;
  }
  size_t count = 0;
  for (size_t i = 0; i < n->child_count; i++)
    count += flatten(n->children[i], out ? out + count : NULL);
  return count;
}

static bool same_term(const zd_plan *a, const zd_plan *b) {
  return a->op == ZD_PLAN_TERM && b->op == ZD_PLAN_TERM && a->field == b->field &&
         zd_slice_eq(a->term, b->term);
}

/* "At least 5 mg" and "below 10 mg" both ask for mg. */
static size_t without_repetition(zd_node **all, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    bool said = false;
    for (size_t k = 0; k < kept && !said; k++) said = same_term(all[k]->plan, all[i]->plan);
    if (!said) all[kept++] = all[i];
  }
  return kept;
}

/* Puts the i-th conjunct together with a later one of its field. */
static zd_err conjoin_next(zd_evaluation *e, zd_node *n, size_t i, bool *done) {
  zd_node *a = n->children[i], *joined = NULL;
  *done = true;
  if (a->plan->op != ZD_PLAN_RANGE) return ZD_OK;
  for (size_t k = i + 1; k < n->child_count; k++) {
    zd_node *b = n->children[k];
    bool single;
    if (b->plan->op != ZD_PLAN_RANGE || !same_column(a->plan, b->plan)) continue;
    zd_err err = zd_ranges_single(e, a->plan->field, &single);
    if (!err && single) err = intersect(e, a, b, &joined);
    if (err || !joined) return err;
    n->children[i] = joined;
    n->children[k] = n->children[--n->child_count];
    *done = false;
    return ZD_OK;
  }
  return ZD_OK;
}

zd_err zd_ranges_conjoin(zd_evaluation *e, zd_node *n) {
  size_t count = flatten(n, NULL);
  zd_node **all = ZD_NEW_ARRAY(&e->part_arena, zd_node *, count ? count : 1);
  if (!all) return zd_evaluation_no_memory(e);
  flatten(n, all);
  n->children = all;
  n->child_count = without_repetition(all, count);
  for (size_t i = 0; i < n->child_count; i++) {
    zd_node *before = n->children[i];
    bool done = false;
    zd_err err = ZD_OK;
    while (!err && !done) err = conjoin_next(e, n, i, &done);
    if (err || n->children[i] == before) {
      if (err) return err;
      continue;
    }
    err = zd_node_gather(e, n->children[i]);
    if (err) return err;
    if (n->children[i]->estimate < n->estimate) n->estimate = n->children[i]->estimate;
  }
  return ZD_OK;
}
