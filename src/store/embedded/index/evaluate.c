/* Part by part, within a part chunk by chunk, so that a page costs what its chunks cost and
 * memory does not depend on the number of rows. See README.md, "Asking". */
#include "store/embedded/index/evaluate.h"

#include "base/clock.h"
#include "store/embedded/index/lookup.h"

enum { ROOMS = 2 * ZD_PLAN_DEPTH + 8, CHECKS_PER_CLOCK = 64 };

typedef struct node {
  const zd_plan *plan;
  struct node **children; /* AND: cheapest first, once prepared for a part */
  size_t child_count;
  zd_leaf leaf;
  uint64_t estimate; /* most rows it can have in the present part */
} node;

typedef struct evaluation {
  const zd_scope *scope;
  zd_arena arena;      /* lives as long as the evaluation */
  zd_arena part_arena; /* lives as long as the present part */
  const zd_part *part;
  zd_row first, end; /* rows of the part that may be answers */
  node *root;
  const zd_plan *checks[ZD_PLAN_DEPTH]; /* asked last, row by row */
  size_t check_count;
  zd_leaf deleted;
  zd_set_room *rooms[ROOMS];
  uint16_t *list; /* of evaluate_check */
  unsigned until_clock;
  zd_fault *fault;
} evaluation;

static zd_err out_of_memory(evaluation *e) {
  return zd_fail(e->fault, ZD_ERR_MEMORY, "out of memory evaluating a search");
}

static zd_set_room *room_at(evaluation *e, size_t i) {
  if (!e->rooms[i]) e->rooms[i] = zd_arena_alloc(&e->arena, sizeof *e->rooms[i]);
  return e->rooms[i];
}

static zd_err check_deadline(const evaluation *e) {
  uint64_t deadline = e->scope->deadline_ns;
  if (deadline == 0 || zd_clock_monotonic_ns() < deadline) return ZD_OK;
  return zd_fail(e->fault, ZD_ERR_LIMIT, "the search took longer than allowed");
}

/* ---- compiling: the plan's tree as nodes; CHECKs that everything depends on go to the end ---- */

static zd_err compile(evaluation *e, const zd_plan *plan, size_t depth, bool conjunct, node **out) {
  if (depth >= ZD_PLAN_DEPTH)
    return zd_fail(e->fault, ZD_ERR_LIMIT, "a search plan nested deeper than %d", ZD_PLAN_DEPTH);
  if (plan->op == ZD_PLAN_CHECK && conjunct && e->check_count < ZD_PLAN_DEPTH) {
    e->checks[e->check_count++] = plan;
    return compile(e, plan->children[0], depth + 1, true, out);
  }
  node *n = ZD_NEW(&e->arena, node);
  if (!n) return out_of_memory(e);
  n->plan = plan;
  *out = n;
  bool inner = plan->op == ZD_PLAN_AND || plan->op == ZD_PLAN_OR || plan->op == ZD_PLAN_NOT ||
               plan->op == ZD_PLAN_CHECK;
  if (!inner || plan->child_count == 0) return ZD_OK;
  n->children = ZD_NEW_ARRAY(&e->arena, node *, plan->child_count);
  if (!n->children) return out_of_memory(e);
  n->child_count = plan->child_count;
  for (size_t i = 0; i < n->child_count; i++) {
    zd_err err = compile(e, plan->children[i], depth + 1, conjunct && plan->op == ZD_PLAN_AND,
                         &n->children[i]);
    if (err) return err;
  }
  return ZD_OK;
}

/* ---- preparing a node for a part: where its keys are, how many rows they may have ---- */

static bool overlaps(const zd_part *supplement, zd_row first, zd_row end) {
  return supplement->first < end && zd_part_end(supplement) > first;
}

static zd_err leaf_add(node *n, const zd_part *from) {
  const zd_plan *p = n->plan;
  char room[ZD_ID_KEY_MAX];
  zd_err err = ZD_OK;
  switch (p->op) {
    case ZD_PLAN_TYPE:
      return zd_leaf_add_key(&n->leaf, from, &(zd_key){ZD_KEY_TYPE, p->type, {NULL, 0}});
    case ZD_PLAN_TERM:
      return zd_leaf_add_key(&n->leaf, from, &(zd_key){ZD_KEY_TERM, p->field, p->term});
    case ZD_PLAN_RANGE:
      return zd_leaf_add_key(&n->leaf, from, &(zd_key){ZD_KEY_RANGE, p->field, {NULL, 0}});
    case ZD_PLAN_PREFIX:
      return zd_leaf_add_span(&n->leaf, from, p->field, p->term, (zd_slice){NULL, 0}, true);
    case ZD_PLAN_SPAN:
      return zd_leaf_add_span(&n->leaf, from, p->field, p->term, p->to, false);
    default: /* IDS */
      for (size_t i = 0; !err && i < p->id_count; i++) {
        if (p->ids[i].n == 0 || p->ids[i].n > ZD_ID_MAX) continue;
        err = zd_leaf_add_key(&n->leaf, from,
                              &(zd_key){ZD_KEY_ID, p->type, zd_key_id(p->ids[i], room)});
      }
      return err;
  }
}

static zd_err prepare_leaf(evaluation *e, node *n) {
  zd_leaf_start(&n->leaf, e->part, e->first, e->end, &e->part_arena, e->fault);
  if (n->plan->op == ZD_PLAN_RANGE) {
    n->leaf.range = true;
    n->leaf.bounds =
        (zd_bounds){n->plan->low_min, n->plan->low_max, n->plan->high_min, n->plan->high_max};
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

static bool subtracts(const node *n) {
  return n->plan->op == ZD_PLAN_NOT;
}

/* Cheapest first; what subtracts, last. Insertion sort: there are few. */
static void order_children(node *n) {
  for (size_t i = 1; i < n->child_count; i++) {
    node *moved = n->children[i];
    size_t k = i;
    for (; k > 0; k--) {
      node *before = n->children[k - 1];
      bool stays = subtracts(moved) != subtracts(before) ? subtracts(moved)
                                                         : before->estimate <= moved->estimate;
      if (stays) break;
      n->children[k] = before;
    }
    n->children[k] = moved;
  }
}

static zd_err prepare(evaluation *e, node *n);

static zd_err prepare_and(evaluation *e, node *n) {
  n->estimate = e->end - e->first;
  for (size_t i = 0; i < n->child_count; i++) {
    node *child = n->children[i];
    zd_err err = prepare(e, child);
    if (err) return err;
    if (subtracts(child)) continue;
    if (child->estimate < n->estimate) n->estimate = child->estimate;
    if (n->estimate == 0) return ZD_OK; /* the others are not looked at */
  }
  order_children(n);
  return ZD_OK;
}

static zd_err prepare_or(evaluation *e, node *n) {
  n->estimate = 0;
  for (size_t i = 0; i < n->child_count; i++) {
    zd_err err = prepare(e, n->children[i]);
    if (err) return err;
    n->estimate += n->children[i]->estimate;
  }
  return ZD_OK;
}

static zd_err prepare(evaluation *e, node *n) {
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
      return n->child_count ? prepare(e, n->children[0]) : ZD_OK;
    case ZD_PLAN_CHECK:
      err = prepare(e, n->children[0]);
      n->estimate = n->children[0]->estimate;
      return err;
    default:
      return prepare_leaf(e, n);
  }
}

/* ---- seeking the next chunk that may have rows ---- */

static uint64_t seek(const node *n, uint64_t chunk, bool descending);

static uint64_t seek_and(const node *n, uint64_t chunk, bool descending) {
  for (size_t i = 0; i < n->child_count;) {
    const node *child = n->children[i++];
    if (subtracts(child)) continue;
    uint64_t next = seek(child, chunk, descending);
    if (next == UINT64_MAX) return next;
    if (next == chunk) continue;
    chunk = next;
    i = 0;
  }
  return chunk;
}

static uint64_t seek_or(const node *n, uint64_t chunk, bool descending) {
  uint64_t best = UINT64_MAX;
  for (size_t i = 0; i < n->child_count && best != chunk; i++) {
    uint64_t next = seek(n->children[i], chunk, descending);
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

static uint64_t seek(const node *n, uint64_t chunk, bool descending) {
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
      return seek(n->children[0], chunk, descending);
    default:
      return zd_leaf_seek(&n->leaf, chunk, descending);
  }
}

/* ---- evaluating a tile. A node's result lies in rooms[at] or is borrowed; it may use any room
 * from `at` on ---- */

static zd_err evaluate(evaluation *e, node *n, const zd_tile *tile, size_t at, zd_set *out);

static zd_err rows_between(evaluation *e, uint32_t first, uint32_t last, size_t at, zd_set *out) {
  zd_set_room *room = room_at(e, at);
  if (!room) return out_of_memory(e);
  if (first >= last) {
    *out = zd_set_empty();
    return ZD_OK;
  }
  memset(room, 0, sizeof *room);
  zd_words_fill(room->words, first, last);
  *out = (zd_set){NULL, room->words, last - first};
  return ZD_OK;
}

static zd_err evaluate_rows(evaluation *e, const zd_plan *p, const zd_tile *tile, size_t at,
                            zd_set *out) {
  zd_row base = zd_chunk_first(tile->chunk);
  uint64_t first = p->first > base + tile->first ? p->first - base : tile->first;
  uint64_t last = p->last < base + tile->last ? (p->last > base ? p->last - base : 0) : tile->last;
  if (first >= last) first = last = 0;
  return rows_between(e, (uint32_t)first, (uint32_t)last, at, out);
}

static zd_err evaluate_and(evaluation *e, node *n, const zd_tile *tile, size_t at, zd_set *out) {
  bool begun = false;
  for (size_t i = 0; i < n->child_count; i++) {
    node *child = n->children[i];
    bool minus = subtracts(child);
    if (minus && !begun) { /* nothing but subtractions: from all rows */
      zd_err err = rows_between(e, tile->first, tile->last, at, out);
      if (err) return err;
      begun = true;
    }
    if (begun && out->n == 0) return ZD_OK;
    if (minus && child->child_count == 0) continue;
    zd_set set;
    zd_err err = evaluate(e, minus ? child->children[0] : child, tile, begun ? at + 1 : at, &set);
    if (err) return err;
    if (!begun) {
      *out = set;
      begun = true;
      continue;
    }
    zd_set_room *room = room_at(e, at);
    if (!room) return out_of_memory(e);
    *out = minus ? zd_set_andnot(out, &set, room) : zd_set_and(out, &set, room);
  }
  return begun ? ZD_OK : rows_between(e, tile->first, tile->last, at, out);
}

static zd_err evaluate_or(evaluation *e, node *n, const zd_tile *tile, size_t at, zd_set *out) {
  *out = zd_set_empty();
  for (size_t i = 0; i < n->child_count; i++) {
    zd_set set, united;
    zd_err err = evaluate(e, n->children[i], tile, at + 1, &set);
    if (err) return err;
    if (set.n == 0) continue;
    /* The sum so far lies in rooms[at]: a bitmap grows there; arrays are united elsewhere. */
    zd_set_room *here = room_at(e, at), *other = room_at(e, ROOMS - 1);
    if (!here || !other) return out_of_memory(e);
    bool grows = out->words == here->words;
    united = zd_set_or(out, &set, grows ? here : other);
    const void *p = united.words ? (const void *)united.words : united.rows;
    if (p == other->words) {
      e->rooms[at] = other;
      e->rooms[ROOMS - 1] = here;
    } else if (p != here->words) { /* borrowed, or of rooms[at + 1], which comes to be reused */
      bool bitmap = united.words != NULL;
      memcpy(here, p, bitmap ? sizeof *here : united.n * sizeof united.rows[0]);
      united =
          bitmap ? (zd_set){NULL, here->words, united.n} : (zd_set){here->rows, NULL, united.n};
    }
    *out = united;
  }
  return ZD_OK;
}

static zd_err evaluate_not(evaluation *e, node *n, const zd_tile *tile, size_t at, zd_set *out) {
  zd_err err = rows_between(e, tile->first, tile->last, at, out);
  if (err || n->child_count == 0) return err;
  zd_set set;
  err = evaluate(e, n->children[0], tile, at + 1, &set);
  if (!err) *out = zd_set_andnot(out, &set, room_at(e, at));
  return err;
}

static zd_err hide_invisible(evaluation *e, const zd_tile *tile, size_t at, zd_set *set);

static zd_err ask(evaluation *e, const zd_plan *check, zd_row row, bool *hit) {
  if (e->until_clock-- == 0) {
    e->until_clock = CHECKS_PER_CLOCK;
    zd_err err = check_deadline(e);
    if (err) return err;
  }
  *hit = false;
  return check->check(check->check_state, e->scope->snapshot, row, hit);
}

/* A CHECK somewhere within: row by row, dead rows spared. */
static zd_err evaluate_check(evaluation *e, node *n, const zd_tile *tile, size_t at, zd_set *out) {
  zd_set set;
  zd_err err = evaluate(e, n->children[0], tile, at + 1, &set);
  if (err) return err;
  zd_set_room *room = room_at(e, at + 1), *result = room_at(e, at);
  if (!e->list) e->list = zd_arena_alloc(&e->arena, ZD_CHUNK_ROWS * sizeof *e->list);
  if (!room || !result || !e->list) return out_of_memory(e);
  set = zd_set_clip(&set, tile->first, tile->last, room);
  err = hide_invisible(e, tile, at + 1, &set);
  uint16_t *rows = e->list;
  uint32_t count = err ? 0 : zd_set_list(&set, rows);
  memset(result, 0, sizeof *result);
  for (uint32_t i = 0; !err && i < count; i++) {
    bool hit;
    err = ask(e, n->plan, zd_chunk_first(tile->chunk) + rows[i], &hit);
    if (!err && hit) zd_words_add(result->words, rows[i]);
  }
  *out = zd_set_of_words(result->words, result);
  return err;
}

static zd_err evaluate(evaluation *e, node *n, const zd_tile *tile, size_t at, zd_set *out) {
  *out = zd_set_empty();
  if (n->estimate == 0) return ZD_OK;
  switch (n->plan->op) {
    case ZD_PLAN_NONE:
      return ZD_OK;
    case ZD_PLAN_ALL:
      return rows_between(e, tile->first, tile->last, at, out);
    case ZD_PLAN_ROWS:
      return evaluate_rows(e, n->plan, tile, at, out);
    case ZD_PLAN_AND:
      return evaluate_and(e, n, tile, at, out);
    case ZD_PLAN_OR:
      return evaluate_or(e, n, tile, at, out);
    case ZD_PLAN_NOT:
      return evaluate_not(e, n, tile, at, out);
    case ZD_PLAN_CHECK:
      return evaluate_check(e, n, tile, at, out);
    default: {
      zd_set_room *room = room_at(e, at);
      return room ? zd_leaf_set(&n->leaf, tile, room, out) : out_of_memory(e);
    }
  }
}

/* ---- what a snapshot sees ---- */

static zd_err superseded(evaluation *e, const zd_tile *tile, uint64_t *words, bool *any) {
  const zd_parts *parts = e->scope->parts;
  for (size_t i = parts->n; i-- > 0;) {
    const zd_part *by = parts->at[i];
    if (by->first < e->scope->bound && zd_part_has_kills(by)) {
      zd_err err = zd_kills_add(by, tile->chunk, e->scope->bound, words, any, e->fault);
      if (err) return err;
    }
    if (by == e->part) break; /* older parts cannot supersede what came after them */
  }
  return ZD_OK;
}

/* Takes superseded and deleted rows out of the set, which lies in rooms[at] or is borrowed. */
static zd_err hide_invisible(evaluation *e, const zd_tile *tile, size_t at, zd_set *set) {
  if (set->n == 0 || e->scope->all_versions) return ZD_OK;
  zd_set_room *room = room_at(e, at), *hidden = room_at(e, at + 1);
  if (!room || !hidden) return out_of_memory(e);
  memset(hidden, 0, sizeof *hidden);
  bool any = false;
  zd_err err = superseded(e, tile, hidden->words, &any);
  if (err) return err;
  if (any) *set = zd_set_andnot(set, &(zd_set){NULL, hidden->words, 1}, room);
  if (e->deleted.n == 0 || set->n == 0) return ZD_OK;
  zd_set deleted;
  err = zd_leaf_set(&e->deleted, tile, hidden, &deleted);
  if (!err) *set = zd_set_andnot(set, &deleted, room);
  return err;
}

static zd_err tile_answers(evaluation *e, const zd_tile *tile, zd_set *out) {
  zd_err err = check_deadline(e);
  if (!err) err = evaluate(e, e->root, tile, 0, out);
  zd_set_room *room = err ? NULL : room_at(e, 0);
  if (err || !room) return err ? err : out_of_memory(e);
  *out = zd_set_clip(out, tile->first, tile->last, room);
  return hide_invisible(e, tile, 0, out);
}

/* ---- walking parts and tiles ---- */

typedef struct answers {
  zd_row *out; /* NULL: only counted */
  size_t limit;
  uint64_t n;
  zd_tile_each each; /* instead: gets the tiles */
  void *context;
} answers;

static zd_err passes_checks(evaluation *e, zd_row row, bool *hit) {
  *hit = true;
  for (size_t i = e->check_count; *hit && i-- > 0;) {
    zd_err err = ask(e, e->checks[i], row, hit);
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err hand_over(const zd_tile *tile, const zd_set *set, answers *a) {
  bool more = true;
  zd_err err = a->each(a->context, tile->chunk, set, &more);
  if (!more) a->limit = 0;
  return err;
}

static zd_err take(evaluation *e, const zd_tile *tile, const zd_set *set, answers *a) {
  if (a->each) return hand_over(tile, set, a);
  if (!a->out && e->check_count == 0) {
    a->n += set->n;
    return ZD_OK;
  }
  uint16_t rows[ZD_CHUNK_ROWS];
  bool all = e->check_count > 0 || a->limit - a->n > ZD_CHUNK_ROWS;
  uint32_t room = all ? ZD_CHUNK_ROWS : (uint32_t)(a->limit - a->n);
  uint32_t count = zd_set_list_some(set, e->scope->descending, rows, room);
  for (uint32_t i = 0; i < count && a->n < a->limit; i++) {
    zd_row row = zd_chunk_first(tile->chunk) + rows[i];
    bool hit;
    zd_err err = passes_checks(e, row, &hit);
    if (err) return err;
    if (!hit) continue;
    if (a->out) a->out[a->n] = row;
    a->n++;
  }
  return ZD_OK;
}

static zd_tile tile_of(const evaluation *e, uint64_t chunk) {
  zd_row base = zd_chunk_first(chunk);
  return (zd_tile){chunk, e->first > base ? (uint32_t)(e->first - base) : 0,
                   e->end < base + ZD_CHUNK_ROWS ? (uint32_t)(e->end - base) : ZD_CHUNK_ROWS};
}

static zd_err prepare_part(evaluation *e, const zd_part *part) {
  zd_arena_reset(&e->part_arena);
  zd_err err = prepare(e, e->root);
  if (err || e->root->estimate == 0 || e->scope->all_versions) return err;
  zd_leaf_start(&e->deleted, part, e->first, e->end, &e->part_arena, e->fault);
  err = zd_leaf_add_key(&e->deleted, part, &(zd_key){ZD_KEY_DELETED, 0, {NULL, 0}});
  return err ? err : zd_leaf_finish(&e->deleted);
}

static zd_err walk_part(evaluation *e, const zd_part *part, answers *a) {
  const zd_scope *s = e->scope;
  zd_row end = zd_part_end(part);
  e->part = part;
  e->first = s->first > part->first ? s->first : part->first;
  e->end = s->end < end ? s->end : end;
  if (e->first >= e->end) return ZD_OK;
  zd_err err = prepare_part(e, part);
  if (err || e->root->estimate == 0) return err;
  uint64_t low = zd_chunk_of(e->first), high = zd_chunk_of(e->end - 1);
  uint64_t chunk = s->descending ? high : low;
  while (a->n < a->limit) {
    chunk = seek(e->root, chunk, s->descending);
    if (chunk == UINT64_MAX || chunk < low || chunk > high) return ZD_OK;
    zd_tile tile = tile_of(e, chunk);
    zd_set set;
    err = tile_answers(e, &tile, &set);
    if (!err && set.n) err = take(e, &tile, &set, a);
    if (err) return err;
    if (s->descending ? chunk == low : chunk == high) return ZD_OK;
    chunk = s->descending ? chunk - 1 : chunk + 1;
  }
  return ZD_OK;
}

static zd_err walk(evaluation *e, answers *a) {
  const zd_parts *parts = e->scope->parts;
  for (size_t i = 0; i < parts->n && a->n < a->limit; i++) {
    const zd_part *part = parts->at[e->scope->descending ? parts->n - 1 - i : i];
    zd_err err = walk_part(e, part, a);
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err run(const zd_scope *scope, const zd_plan *plan, answers *a, zd_fault *fault) {
  evaluation e = {.scope = scope, .fault = fault};
  zd_arena_init(&e.arena, 0);
  zd_arena_init(&e.part_arena, 0);
  zd_err err = compile(&e, plan, 0, true, &e.root);
  if (!err) err = walk(&e, a);
  zd_arena_free(&e.part_arena);
  zd_arena_free(&e.arena);
  return err;
}

zd_err zd_evaluate_tiles(const zd_scope *scope, const zd_plan *plan, zd_tile_each each,
                         void *context, zd_fault *fault) {
  answers a = {.limit = SIZE_MAX, .each = each, .context = context};
  return run(scope, plan, &a, fault);
}

size_t zd_plan_checks(const zd_plan *plan, const zd_plan **checks, size_t n) {
  if (n == ZD_PLAN_DEPTH) return n;
  if (plan->op == ZD_PLAN_CHECK) {
    checks[n++] = plan;
    return zd_plan_checks(plan->children[0], checks, n);
  }
  for (size_t i = 0; plan->op == ZD_PLAN_AND && i < plan->child_count; i++)
    n = zd_plan_checks(plan->children[i], checks, n);
  return n;
}

zd_err zd_evaluate_rows(const zd_scope *scope, const zd_plan *plan, size_t limit, zd_row *out,
                        size_t *n, zd_fault *fault) {
  answers a = {.out = out, .limit = limit};
  zd_err err = limit ? run(scope, plan, &a, fault) : ZD_OK;
  *n = err ? 0 : (size_t)a.n;
  return err;
}

zd_err zd_evaluate_count(const zd_scope *scope, const zd_plan *plan, uint64_t *n, zd_fault *fault) {
  answers a = {.limit = SIZE_MAX};
  zd_err err = run(scope, plan, &a, fault);
  *n = err ? 0 : a.n;
  return err;
}
