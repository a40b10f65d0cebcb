/* The tree of a plan made ready: compiled once, then prepared for each part. */
#include "base/clock.h"
#include "store/embedded/index/evaluate_internal.h"

enum { WIDE_KEYS = 1024, WIDE_COLUMN = 32768, DEAR_NS = 300000, TILE_UNITS = 500 };

/* ---- compiling: the plan's tree as nodes; CHECKs that everything depends on go to the end ---- */

static bool is_join(const zd_plan *plan) {
  return plan->op == ZD_PLAN_REFERS || plan->op == ZD_PLAN_REFERRED;
}

/* To be asked last, row by row. False: there are too many already. */
static bool put_off(zd_evaluation *e, const zd_plan *plan, zd_join *join) {
  if (e->question_count == ZD_PLAN_DEPTH) return false;
  e->questions[e->question_count++] = (zd_question){plan, join};
  e->put_off += join != NULL;
  return true;
}

static zd_err compile_join(zd_evaluation *e, zd_node *n, size_t depth, bool conjunct) {
  n->join = ZD_NEW(&e->arena, zd_join);
  if (!n->join) return zd_evaluation_no_memory(e);
  n->join->plan = n->plan;
  n->join->depth = depth;
  n->join->next = e->joins;
  e->joins = n->join;
  n->join->put_off = conjunct && !e->asks_nothing && put_off(e, n->plan, n->join);
  return ZD_OK;
}

/* How dear it is to learn what a node has in a part, roughly. */
static int dearness(const zd_node *n) {
  switch (n->plan->op) {
    case ZD_PLAN_PREFIX:
    case ZD_PLAN_SPAN:
    case ZD_PLAN_CONTAINS:
      return 1;
    case ZD_PLAN_AND:
    case ZD_PLAN_OR:
    case ZD_PLAN_NOT:
    case ZD_PLAN_CHECK:
      return 2;
    case ZD_PLAN_REFERS:
    case ZD_PLAN_REFERRED:
      return 3;
    default:
      return 0;
  }
}

/* An AND looks at its children in turn and stops at one that has nothing: the cheap ones first.
 * Insertion sort, stable: there are few. */
static void cheap_first(zd_node *n) {
  for (size_t i = 1; i < n->child_count; i++) {
    zd_node *moved = n->children[i];
    size_t k = i;
    for (; k > 0 && dearness(n->children[k - 1]) > dearness(moved); k--)
      n->children[k] = n->children[k - 1];
    n->children[k] = moved;
  }
}

static zd_err compile_children(zd_evaluation *e, zd_node *n, size_t depth, bool conjunct) {
  const zd_plan *plan = n->plan;
  n->children = n->compiled = ZD_NEW_ARRAY(&e->arena, zd_node *, plan->child_count);
  if (!n->children) return zd_evaluation_no_memory(e);
  n->child_count = n->compiled_count = plan->child_count;
  for (size_t i = 0; i < n->child_count; i++) {
    zd_err err = zd_node_compile(e, plan->children[i], depth + 1,
                                 conjunct && plan->op == ZD_PLAN_AND, &n->children[i]);
    if (err) return err;
  }
  return ZD_OK;
}

/* A RANGE, or several of one field united: a leaf. *out stays NULL when the plan is something else.
 */
static zd_err compile_range(zd_evaluation *e, const zd_plan *plan, zd_node **out) {
  zd_bounds bounds[ZD_RANGES_MAX];
  size_t count;
  *out = NULL;
  if (!zd_ranges_of(plan, bounds, ZD_RANGES_MAX, &count)) return ZD_OK;
  zd_node *n = ZD_NEW(&e->arena, zd_node);
  zd_bounds *kept = ZD_NEW_ARRAY(&e->arena, zd_bounds, count ? count : 1);
  if (!n || !kept) return zd_evaluation_no_memory(e);
  memcpy(kept, bounds, count * sizeof *kept);
  n->plan = plan->op == ZD_PLAN_RANGE ? plan : plan->children[0];
  n->bounds = kept;
  n->bound_count = count;
  *out = n;
  return ZD_OK;
}

zd_err zd_node_compile(zd_evaluation *e, const zd_plan *plan, size_t depth, bool conjunct,
                       zd_node **out) {
  if (depth >= ZD_PLAN_DEPTH)
    return zd_fail(e->fault, ZD_ERR_LIMIT, "a search plan nested deeper than %d", ZD_PLAN_DEPTH);
  if (plan->op == ZD_PLAN_CHECK && conjunct && put_off(e, plan, NULL))
    return zd_node_compile(e, plan->children[0], depth + 1, true, out);
  zd_err err = compile_range(e, plan, out);
  if (err || *out) return err;
  zd_node *n = ZD_NEW(&e->arena, zd_node);
  if (!n) return zd_evaluation_no_memory(e);
  n->plan = plan;
  *out = n;
  if (is_join(plan)) return compile_join(e, n, depth, conjunct);
  bool inner = plan->op == ZD_PLAN_AND || plan->op == ZD_PLAN_OR || plan->op == ZD_PLAN_NOT ||
               plan->op == ZD_PLAN_CHECK;
  return inner && plan->child_count ? compile_children(e, n, depth, conjunct) : ZD_OK;
}

/* ---- preparing a node for a part: where its keys are, how many rows they may have ---- */

static bool overlaps(const zd_part *supplement, zd_row first, zd_row end) {
  return supplement->first < end && zd_part_end(supplement) > first;
}

static zd_err leaf_add(zd_node *n, const zd_part *from) {
  const zd_plan *p = n->plan;
  char room[ZD_ID_KEY_MAX];
  zd_err err = ZD_OK;
  switch (p->op) {
    case ZD_PLAN_TYPE:
      return zd_leaf_add_key(&n->leaf, from, &(zd_key){ZD_KEY_TYPE, p->type, {NULL, 0}});
    case ZD_PLAN_TERM:
      return zd_leaf_add_key(&n->leaf, from, &(zd_key){ZD_KEY_TERM, p->field, p->term});
    case ZD_PLAN_RANGE:
      return zd_leaf_add_key(&n->leaf, from, &(zd_key){ZD_KEY_RANGE, p->field, p->term});
    case ZD_PLAN_PREFIX:
      return zd_leaf_add_span(&n->leaf, from, p->field, p->term, (zd_slice){NULL, 0}, true);
    case ZD_PLAN_SPAN:
      return zd_leaf_add_span(&n->leaf, from, p->field, p->term, p->to, false);
    case ZD_PLAN_CONTAINS:
      return zd_leaf_add_containing(&n->leaf, from, p->field, p->term, p->to);
    default: /* IDS */
      for (size_t i = 0; !err && i < p->id_count; i++) {
        if (p->ids[i].n == 0 || p->ids[i].n > ZD_ID_MAX) continue;
        err = zd_leaf_add_key(&n->leaf, from,
                              &(zd_key){ZD_KEY_ID, p->type, zd_key_id(p->ids[i], room)});
      }
      return err;
  }
}

void zd_leaf_begin(zd_evaluation *e, zd_leaf *leaf) {
  zd_leaf_start(leaf, e->part, e->first, e->end, &e->part_arena, e->fault);
  leaf->budget = e->budget;
  leaf->taken = &e->part_bytes;
}

zd_err zd_node_gather(zd_evaluation *e, zd_node *n) {
  zd_leaf_begin(e, &n->leaf);
  if (n->plan->op == ZD_PLAN_RANGE) {
    n->leaf.range = true;
    n->leaf.bounds = n->bounds;
    n->leaf.bound_count = n->bound_count;
  }
  if (n->leaf.range && n->bound_count == 0) { /* bounds that nothing is within */
    n->estimate = 0;
    return ZD_OK;
  }
  zd_err err = leaf_add(n, e->part);
  const zd_parts *parts = e->scope->parts;
  for (size_t i = parts->n; !err && i < parts->all; i++) {
    if (overlaps(parts->at[i], e->first, e->end)) err = leaf_add(n, parts->at[i]);
  }
  if (!err) err = zd_leaf_finish(&n->leaf);
  n->estimate = n->leaf.n;
  return err;
}

/* Any value at all (":missing"), wanted for a total: every row of the column. For a page it is not
 * looked at further than the page needs; and a total of nothing else is the column's length. */
static bool is_whole_column(const zd_evaluation *e, const zd_node *n) {
  return n->plan->op == ZD_PLAN_RANGE && e->only_total && n->bound_count == 1 &&
         zd_bounds_are_open(&n->bounds[0]) && e->root->plan->op == ZD_PLAN_AND;
}

/* A stretch of terms of a segment that may be wide, or a whole column, and all that is known about
 * the segment's rows: what it comes to is worth keeping. */
static bool worth_keeping(const zd_evaluation *e, const zd_node *n) {
  const zd_plan *p = n->plan;
  bool terms = p->op == ZD_PLAN_PREFIX || p->op == ZD_PLAN_SPAN || p->op == ZD_PLAN_CONTAINS;
  if ((!terms && !is_whole_column(e, n)) || !e->scope->memo || !e->part->segment) return false;
  uint32_t kind = terms ? ZD_KEY_TERM : ZD_KEY_RANGE;
  const zd_segment_space *s = zd_segment_find_space(e->part->segment, kind, p->field);
  bool forced = e->scope->way != ZD_JOIN_BY_COST;
  if (!s || (!forced && (terms ? s->keys < WIDE_KEYS : s->items < WIDE_COLUMN))) return false;
  const zd_parts *parts = e->scope->parts;
  for (size_t i = parts->n; i < parts->all; i++) {
    const zd_part *over = parts->at[i];
    if (overlaps(over, e->part->first, zd_part_end(e->part)) &&
        (over->memtable || zd_segment_find_space(over->segment, kind, p->field)))
      return false;
  }
  return true;
}

/* The leaf is done over the whole part and was dear: its rows are gathered and kept. */
static zd_err keep_leaf(zd_evaluation *e, zd_node *n, const zd_memo_key *key) {
  zd_arena arena;
  zd_row_set all;
  zd_arena_init(&arena, 0);
  zd_set_room *room = zd_arena_alloc(&arena, sizeof *room);
  zd_err err = room ? zd_row_set_start(&all, e->end, &arena, e->budget, e->fault)
                    : zd_evaluation_no_memory(e);
  for (uint64_t c = zd_chunk_of(e->first); !err && zd_chunk_first(c) < e->end; c++) {
    zd_set set;
    err = zd_budget_work(e->budget, TILE_UNITS, e->fault);
    if (err) break;
    err = zd_leaf_set(&n->leaf, &(zd_tile){c, 0, ZD_CHUNK_ROWS}, room, &set);
    if (!err) err = zd_row_set_add_set(&all, c, &set);
  }
  if (!err) {
    zd_row_set_finish(&all);
    zd_memo_keep(e->scope->memo, key, &all);
    zd_row_set_drop(&all);
  }
  zd_arena_free(&arena);
  return err;
}

static zd_err prepare_wide_leaf(zd_evaluation *e, zd_node *n) {
  zd_memo_key key = {.n = 0};
  zd_memo_key_number(&key, e->part->number);
  zd_memo_key_plan(&key, n->plan);
  zd_err err = zd_evaluation_recall(e, &key, &n->kept);
  if (!err && n->kept) n->estimate = zd_row_set_count(n->kept, e->first, e->end);
  if (err || n->kept) return err;
  uint64_t begun = zd_clock_monotonic_ns();
  err = zd_node_gather(e, n);
  bool whole = e->first == e->part->first && e->end == zd_part_end(e->part);
  bool dear = n->plan->op == ZD_PLAN_RANGE || zd_clock_monotonic_ns() - begun >= DEAR_NS ||
              e->scope->way != ZD_JOIN_BY_COST;
  if (err || !whole || !dear) return err;
  return keep_leaf(e, n, &key);
}

/* A term of a field of which the part has nothing: found out without starting a leaf. Plans of
 * compartments name a hundred fields, of which a part has a dozen. */
static bool has_no_such_field(const zd_evaluation *e, const zd_plan *p) {
  return p->op == ZD_PLAN_TERM && e->part->segment && e->scope->parts->all == e->scope->parts->n &&
         !zd_segment_find_space(e->part->segment, ZD_KEY_TERM, p->field);
}

static zd_err prepare_leaf(zd_evaluation *e, zd_node *n) {
  n->kept = NULL;
  n->estimate = 0;
  if (has_no_such_field(e, n->plan)) return ZD_OK; /* what has no estimate is not looked at */
  return worth_keeping(e, n) ? prepare_wide_leaf(e, n) : zd_node_gather(e, n);
}

/* Cheapest first; what subtracts, last. Insertion sort: there are few. */
static void order_children(zd_node *n) {
  for (size_t i = 1; i < n->child_count; i++) {
    zd_node *moved = n->children[i];
    size_t k = i;
    for (; k > 0; k--) {
      zd_node *before = n->children[k - 1];
      bool stays = zd_node_subtracts(moved) != zd_node_subtracts(before)
                       ? zd_node_subtracts(moved)
                       : before->estimate <= moved->estimate;
      if (stays) break;
      n->children[k] = before;
    }
    n->children[k] = moved;
  }
}

static zd_err prepare_and(zd_evaluation *e, zd_node *n) {
  n->children = n->compiled;
  n->child_count = n->compiled_count;
  cheap_first(n);
  n->estimate = e->end - e->first;
  for (size_t i = 0; i < n->child_count; i++) {
    zd_node *child = n->children[i];
    zd_err err = zd_node_prepare(e, child);
    if (err) return err;
    if (zd_node_subtracts(child)) continue;
    if (child->estimate < n->estimate) n->estimate = child->estimate;
    if (n->estimate == 0) return ZD_OK; /* the others are not looked at */
  }
  zd_err err = zd_ranges_conjoin(e, n);
  if (!err) order_children(n);
  return err;
}

static zd_err prepare_or(zd_evaluation *e, zd_node *n) {
  n->estimate = 0;
  for (size_t i = 0; i < n->child_count; i++) {
    zd_err err = zd_node_prepare(e, n->children[i]);
    if (err) return err;
    n->estimate += n->children[i]->estimate;
  }
  return ZD_OK;
}

/* A join that was put off and not carried out yet may match any row. */
static zd_err prepare_join(zd_evaluation *e, zd_node *n) {
  zd_join *j = n->join;
  n->estimate = e->end - e->first;
  if (!j->found && j->put_off) return ZD_OK;
  zd_err err = j->found ? ZD_OK : zd_join_carry_out(e, j);
  if (!err) n->estimate = zd_row_set_count(j->found, e->first, e->end);
  return err;
}

zd_err zd_node_prepare(zd_evaluation *e, zd_node *n) {
  const zd_plan *p = n->plan;
  zd_err err = ZD_OK;
  switch (p->op) {
    case ZD_PLAN_NONE:
      n->estimate = 0;
      return ZD_OK;
    case ZD_PLAN_ALL:
      n->estimate = e->end - e->first;
      return ZD_OK;
    case ZD_PLAN_ROWS:
      n->estimate = p->first < e->end && p->last > e->first ? e->end - e->first : 0;
      return ZD_OK;
    case ZD_PLAN_AND:
      return prepare_and(e, n);
    case ZD_PLAN_OR:
      return prepare_or(e, n);
    case ZD_PLAN_NOT:
      n->estimate = e->end - e->first;
      return n->child_count ? zd_node_prepare(e, n->children[0]) : ZD_OK;
    case ZD_PLAN_CHECK:
      err = zd_node_prepare(e, n->children[0]);
      n->estimate = n->children[0]->estimate;
      return err;
    case ZD_PLAN_REFERS:
    case ZD_PLAN_REFERRED:
      return prepare_join(e, n);
    default:
      return prepare_leaf(e, n);
  }
}

/* ---- seeking the next chunk that may have rows ---- */

static uint64_t seek_and(const zd_node *n, uint64_t chunk, bool descending) {
  for (size_t i = 0; i < n->child_count;) {
    const zd_node *child = n->children[i++];
    if (zd_node_subtracts(child)) continue;
    uint64_t next = zd_node_seek(child, chunk, descending);
    if (next == UINT64_MAX) return next;
    if (next == chunk) continue;
    chunk = next;
    i = 0;
  }
  return chunk;
}

static uint64_t seek_or(const zd_node *n, uint64_t chunk, bool descending) {
  uint64_t best = UINT64_MAX;
  for (size_t i = 0; i < n->child_count && best != chunk; i++) {
    uint64_t next = zd_node_seek(n->children[i], chunk, descending);
    if (next == UINT64_MAX) continue;
    if (best == UINT64_MAX || (next < best) != descending) best = next;
  }
  return best;
}

static uint64_t seek_rows(const zd_plan *p, uint64_t chunk, bool descending) {
  if (p->first >= p->last) return UINT64_MAX;
  uint64_t first = zd_chunk_of(p->first), last = zd_chunk_of(p->last - 1);
  if (descending) return chunk < first ? UINT64_MAX : chunk < last ? chunk : last;
  return chunk > last ? UINT64_MAX : chunk > first ? chunk : first;
}

uint64_t zd_node_seek(const zd_node *n, uint64_t chunk, bool descending) {
  if (n->estimate == 0) return UINT64_MAX;
  switch (n->plan->op) {
    case ZD_PLAN_ALL:
    case ZD_PLAN_NOT:
      return chunk;
    case ZD_PLAN_ROWS:
      return seek_rows(n->plan, chunk, descending);
    case ZD_PLAN_AND:
      return seek_and(n, chunk, descending);
    case ZD_PLAN_OR:
      return seek_or(n, chunk, descending);
    case ZD_PLAN_CHECK:
      return zd_node_seek(n->children[0], chunk, descending);
    case ZD_PLAN_REFERS:
    case ZD_PLAN_REFERRED:
      return n->join->found ? zd_row_set_seek(n->join->found, chunk, descending) : chunk;
    default:
      if (n->kept) return zd_row_set_seek(n->kept, chunk, descending);
      return zd_leaf_seek(&n->leaf, chunk, descending);
  }
}
