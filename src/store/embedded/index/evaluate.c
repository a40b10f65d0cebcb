/* Part by part, within a part chunk by chunk, so that a page costs what its chunks cost and
 * memory does not depend on the number of rows. See README.md, "Asking". */
#include "store/embedded/index/evaluate_internal.h"

enum {
  CHECK_UNITS = 800,
  TILE_UNITS = 500,
  COLUMN_UNITS = 50
}; /* of work, that they are taken for */

zd_err zd_evaluation_no_memory(zd_evaluation *e) {
  return zd_fail(e->fault, ZD_ERR_MEMORY, "out of memory evaluating a search");
}

static zd_set_room *room_at(zd_evaluation *e, size_t i) {
  if (!e->rooms[i]) e->rooms[i] = zd_arena_alloc(&e->arena, sizeof *e->rooms[i]);
  return e->rooms[i];
}

zd_err zd_evaluation_recall(zd_evaluation *e, const zd_memo_key *key, const zd_row_set **out) {
  *out = NULL;
  zd_kept *kept = zd_memo_find(e->scope->memo, key);
  if (!kept) return ZD_OK;
  zd_hold *h = ZD_NEW(&e->arena, zd_hold);
  if (!h) {
    zd_kept_release(kept);
    return zd_evaluation_no_memory(e);
  }
  *h = (zd_hold){e->holds, kept};
  e->holds = h;
  *out = zd_kept_set(kept);
  return ZD_OK;
}

/* ---- evaluating a tile. A node's result lies in rooms[at] or is borrowed; it may use any room
 * from `at` on ---- */

static zd_err evaluate(zd_evaluation *e, zd_node *n, const zd_tile *tile, size_t at, zd_set *out);

static zd_err rows_between(zd_evaluation *e, uint32_t first, uint32_t last, size_t at,
                           zd_set *out) {
  zd_set_room *room = room_at(e, at);
  if (!room) return zd_evaluation_no_memory(e);
  if (first >= last) {
    *out = zd_set_empty();
    return ZD_OK;
  }
  memset(room, 0, sizeof *room);
  zd_words_fill(room->words, first, last);
  *out = (zd_set){NULL, room->words, last - first};
  return ZD_OK;
}

static zd_err evaluate_rows(zd_evaluation *e, const zd_plan *p, const zd_tile *tile, size_t at,
                            zd_set *out) {
  zd_row base = zd_chunk_first(tile->chunk);
  uint64_t first = p->first > base + tile->first ? p->first - base : tile->first;
  uint64_t last = p->last < base + tile->last ? (p->last > base ? p->last - base : 0) : tile->last;
  if (first >= last) first = last = 0;
  return rows_between(e, (uint32_t)first, (uint32_t)last, at, out);
}

static zd_err evaluate_and(zd_evaluation *e, zd_node *n, const zd_tile *tile, size_t at,
                           zd_set *out) {
  bool begun = false;
  for (size_t i = 0; i < n->child_count; i++) {
    zd_node *child = n->children[i];
    bool minus = zd_node_subtracts(child);
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
    if (!room) return zd_evaluation_no_memory(e);
    *out = minus ? zd_set_andnot(out, &set, room) : zd_set_and(out, &set, room);
  }
  return begun ? ZD_OK : rows_between(e, tile->first, tile->last, at, out);
}

static zd_err evaluate_or(zd_evaluation *e, zd_node *n, const zd_tile *tile, size_t at,
                          zd_set *out) {
  *out = zd_set_empty();
  for (size_t i = 0; i < n->child_count; i++) {
    zd_set set, united;
    zd_err err = evaluate(e, n->children[i], tile, at + 1, &set);
    if (err) return err;
    if (set.n == 0) continue;
    /* The sum so far lies in rooms[at]: a bitmap grows there; arrays are united elsewhere. */
    zd_set_room *here = room_at(e, at), *other = room_at(e, ZD_ROOMS - 1);
    if (!here || !other) return zd_evaluation_no_memory(e);
    bool grows = out->words == here->words;
    united = zd_set_or(out, &set, grows ? here : other);
    const void *p = united.words ? (const void *)united.words : united.rows;
    if (p == other->words) {
      e->rooms[at] = other;
      e->rooms[ZD_ROOMS - 1] = here;
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

static zd_err evaluate_not(zd_evaluation *e, zd_node *n, const zd_tile *tile, size_t at,
                           zd_set *out) {
  zd_err err = rows_between(e, tile->first, tile->last, at, out);
  if (err || n->child_count == 0) return err;
  zd_set set;
  err = evaluate(e, n->children[0], tile, at + 1, &set);
  if (!err) *out = zd_set_andnot(out, &set, room_at(e, at));
  return err;
}

static zd_err hide_invisible(zd_evaluation *e, const zd_tile *tile, size_t at, zd_set *set);

static zd_err ask(zd_evaluation *e, const zd_plan *check, zd_row row, bool *hit) {
  zd_err err = zd_budget_work(e->budget, CHECK_UNITS, e->fault);
  *hit = false;
  return err ? err : check->check(check->check_state, e->scope->snapshot, row, hit);
}

/* A CHECK somewhere within: row by row, dead rows spared. */
static zd_err evaluate_check(zd_evaluation *e, zd_node *n, const zd_tile *tile, size_t at,
                             zd_set *out) {
  zd_set set;
  zd_err err = evaluate(e, n->children[0], tile, at + 1, &set);
  if (err) return err;
  zd_set_room *room = room_at(e, at + 1), *result = room_at(e, at);
  if (!e->list) e->list = zd_arena_alloc(&e->arena, ZD_CHUNK_ROWS * sizeof *e->list);
  if (!room || !result || !e->list) return zd_evaluation_no_memory(e);
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

static zd_err evaluate_join(zd_evaluation *e, const zd_node *n, const zd_tile *tile, size_t at,
                            zd_set *out) {
  if (!n->join->found) return rows_between(e, tile->first, tile->last, at, out);
  *out = zd_row_set_chunk(n->join->found, tile->chunk);
  return ZD_OK;
}

static zd_err evaluate(zd_evaluation *e, zd_node *n, const zd_tile *tile, size_t at, zd_set *out) {
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
    case ZD_PLAN_REFERS:
    case ZD_PLAN_REFERRED:
      return evaluate_join(e, n, tile, at, out);
    default: {
      if (n->kept) {
        *out = zd_row_set_chunk(n->kept, tile->chunk);
        return ZD_OK;
      }
      zd_set_room *room = room_at(e, at);
      return room ? zd_leaf_set(&n->leaf, tile, room, out) : zd_evaluation_no_memory(e);
    }
  }
}

/* ---- what a snapshot sees ---- */

static zd_err superseded(zd_evaluation *e, const zd_tile *tile, uint64_t *words, bool *any) {
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
static zd_err hide_invisible(zd_evaluation *e, const zd_tile *tile, size_t at, zd_set *set) {
  if (set->n == 0 || e->scope->all_versions) return ZD_OK;
  zd_set_room *room = room_at(e, at), *hidden = room_at(e, at + 1);
  if (!room || !hidden) return zd_evaluation_no_memory(e);
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

static zd_err tile_answers(zd_evaluation *e, const zd_tile *tile, zd_set *out) {
  zd_err err = zd_budget_work(e->budget, TILE_UNITS, e->fault);
  if (!err) err = evaluate(e, e->root, tile, 0, out);
  zd_set_room *room = err ? NULL : room_at(e, 0);
  if (err || !room) return err ? err : zd_evaluation_no_memory(e);
  *out = zd_set_clip(out, tile->first, tile->last, room);
  return hide_invisible(e, tile, 0, out);
}

/* Something must be asked row by row. */
static bool must_ask(const zd_evaluation *e) {
  for (size_t i = 0; i < e->question_count; i++) {
    if (!e->questions[i].join || !e->questions[i].join->found) return true;
  }
  return false;
}

/* ---- totals ----
 *
 * How many dates lie behind a day is seldom a question about rows: where no row of a segment has
 * two values in the field, it is a place in each of its sorted columns. Chunks in which something
 * has been superseded or deleted since are evaluated like any others. */

static zd_err find_column(zd_evaluation *e) {
  const zd_node *n = e->root->estimate ? zd_ranges_only(e->root) : NULL;
  bool whole = e->first == e->part->first && e->end == zd_part_end(e->part), single;
  e->all = NULL;
  if (!e->only_total || must_ask(e) || !whole || !n || n->plan->op != ZD_PLAN_RANGE || n->kept ||
      !zd_leaf_is_column(&n->leaf) || zd_ranges_overlap(n->bounds, n->bound_count))
    return ZD_OK;
  zd_err err = zd_ranges_single(e, n->plan->field, &single);
  if (!err && single) e->all = n;
  return err;
}

static zd_err is_untouched(zd_evaluation *e, const zd_tile *tile, bool *untouched) {
  bool any = false;
  zd_set_room *hidden = room_at(e, 0);
  if (!hidden) return zd_evaluation_no_memory(e);
  *untouched = e->scope->all_versions;
  if (*untouched) return ZD_OK;
  zd_err err = superseded(e, tile, hidden->words, &any);
  *untouched =
      !any && (e->deleted.n == 0 || zd_leaf_seek(&e->deleted, tile->chunk, false) != tile->chunk);
  return err;
}

/* *done: the columns knew. */
static zd_err tile_total(zd_evaluation *e, const zd_tile *tile, uint64_t *n, bool *done) {
  *done = false;
  if (!e->all) return ZD_OK;
  zd_err err = zd_budget_work(e->budget, COLUMN_UNITS, e->fault);
  if (!err) err = is_untouched(e, tile, done);
  return err || !*done ? err : zd_leaf_total(&e->all->leaf, tile->chunk, n);
}

/* ---- walking parts and tiles ---- */

typedef struct answers {
  zd_row *out;     /* NULL: only counted, */
  zd_row_set *set; /* or put into this */
  size_t limit;
  uint64_t n;
  zd_tile_each each; /* instead: gets the tiles */
  void *context;
} answers;

static zd_err passes(zd_evaluation *e, zd_row row, bool *hit) {
  *hit = true;
  for (size_t i = e->question_count; *hit && i-- > 0;) {
    zd_question *q = &e->questions[i];
    zd_err err = q->join ? zd_join_ask(e, q->join, row, hit) : ask(e, q->plan, row, hit);
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err take_rows(zd_evaluation *e, const zd_tile *tile, const zd_set *set, answers *a) {
  uint16_t rows[ZD_CHUNK_ROWS];
  bool asking = must_ask(e), all = asking || a->limit - a->n > ZD_CHUNK_ROWS;
  uint32_t room = all ? ZD_CHUNK_ROWS : (uint32_t)(a->limit - a->n);
  uint32_t count = zd_set_list_some(set, e->scope->descending, rows, room);
  for (uint32_t i = 0; i < count && a->n < a->limit; i++) {
    zd_row row = zd_chunk_first(tile->chunk) + rows[i];
    bool hit = true;
    zd_err err = asking ? passes(e, row, &hit) : ZD_OK;
    if (err) return err;
    if (!hit) continue;
    if (a->out) a->out[a->n] = row;
    if (a->set) err = zd_row_set_add(a->set, row);
    if (err) return err;
    a->n++;
  }
  return ZD_OK;
}

static zd_err hand_over(const zd_tile *tile, const zd_set *set, answers *a) {
  bool more = true;
  zd_err err = a->each(a->context, tile->chunk, set, &more);
  if (!more) a->limit = 0;
  return err;
}

static zd_err take(zd_evaluation *e, const zd_tile *tile, const zd_set *set, answers *a) {
  if (a->each) return hand_over(tile, set, a);
  if (a->out || must_ask(e)) return take_rows(e, tile, set, a);
  a->n += set->n;
  return a->set ? zd_row_set_add_set(a->set, tile->chunk, set) : ZD_OK;
}

static zd_err take_tile(zd_evaluation *e, const zd_tile *tile, answers *a) {
  zd_set set;
  zd_err err = tile_answers(e, tile, &set);
  return err || !set.n ? err : take(e, tile, &set, a);
}

static zd_tile tile_of(const zd_evaluation *e, uint64_t chunk) {
  zd_row base = zd_chunk_first(chunk);
  return (zd_tile){chunk, e->first > base ? (uint32_t)(e->first - base) : 0,
                   e->end < base + ZD_CHUNK_ROWS ? (uint32_t)(e->end - base) : ZD_CHUNK_ROWS};
}

static zd_err prepare_part(zd_evaluation *e) {
  zd_arena_reset(&e->part_arena);
  zd_budget_give(e->budget, e->part_bytes);
  e->part_bytes = 0;
  zd_err err = zd_node_prepare(e, e->root);
  if (err || e->root->estimate == 0 || e->scope->all_versions) return err;
  zd_leaf_begin(e, &e->deleted);
  err = zd_leaf_add_key(&e->deleted, e->part, &(zd_key){ZD_KEY_DELETED, 0, {NULL, 0}});
  return err ? err : zd_leaf_finish(&e->deleted);
}

static zd_err walk_part(zd_evaluation *e, const zd_part *part, answers *a) {
  const zd_scope *s = e->scope;
  zd_row end = zd_part_end(part);
  e->part = part;
  e->first = s->first > part->first ? s->first : part->first;
  e->end = s->end < end ? s->end : end;
  if (e->first >= e->end) return ZD_OK;
  zd_err err = prepare_part(e);
  if (!err) err = find_column(e);
  if (err || e->root->estimate == 0) return err;
  uint64_t low = zd_chunk_of(e->first), high = zd_chunk_of(e->end - 1);
  uint64_t chunk = s->descending ? high : low;
  while (a->n < a->limit) {
    chunk = zd_node_seek(e->root, chunk, s->descending);
    if (chunk == UINT64_MAX || chunk < low || chunk > high) return ZD_OK;
    zd_tile tile = tile_of(e, chunk);
    uint64_t total = 0;
    bool counted;
    err = tile_total(e, &tile, &total, &counted);
    a->n += total;
    if (!err && !counted) err = take_tile(e, &tile, a);
    if (err) return err;
    if (s->descending ? chunk == low : chunk == high) return ZD_OK;
    chunk = s->descending ? chunk - 1 : chunk + 1;
  }
  return ZD_OK;
}

static zd_err walk(zd_evaluation *e, answers *a) {
  const zd_parts *parts = e->scope->parts;
  for (size_t i = 0; i < parts->n && a->n < a->limit; i++) {
    const zd_part *part = parts->at[e->scope->descending ? parts->n - 1 - i : i];
    zd_err err = walk_part(e, part, a);
    if (err) return err;
  }
  return ZD_OK;
}

static void evaluation_start(zd_evaluation *e, const zd_scope *scope, zd_fault *fault) {
  *e = (zd_evaluation){.scope = scope, .budget = scope->budget, .fault = fault};
  zd_arena_init(&e->arena, 0);
  zd_arena_init(&e->part_arena, 0);
}

static void evaluation_end(zd_evaluation *e) {
  for (zd_join *j = e->joins; j; j = j->next) {
    if (j->own) zd_row_set_drop(j->own);
  }
  for (zd_hold *h = e->holds; h; h = h->next) zd_kept_release(h->kept);
  zd_budget_give(e->budget, e->part_bytes);
  zd_arena_free(&e->part_arena);
  zd_arena_free(&e->arena);
}

/* Within the scope's budget. What it kept for the evaluation alone is given back. */
static zd_err run_within(const zd_scope *scope, const zd_plan *plan, answers *a, zd_fault *fault) {
  zd_evaluation e;
  evaluation_start(&e, scope, fault);
  e.asks_nothing = a->each != NULL;
  e.only_total = !a->out && !a->set && !a->each;
  zd_err err = zd_node_compile(&e, plan, scope->depth, true, &e.root);
  bool page = a->out && a->limit < SIZE_MAX;
  if (!err && e.put_off) err = zd_joins_decide(&e, plan, page);
  if (!err) err = walk(&e, a);
  evaluation_end(&e);
  return err;
}

static zd_err run(const zd_scope *scope, const zd_plan *plan, answers *a, zd_fault *fault) {
  if (scope->budget) return run_within(scope, plan, a, fault);
  zd_budget budget;
  zd_scope own = *scope;
  zd_budget_start(&budget, scope->deadline_ns, scope->memory_max);
  own.budget = &budget;
  zd_err err = zd_budget_clock(&budget, fault);
  return err ? err : run_within(&own, plan, a, fault);
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

zd_err zd_evaluate_set(const zd_scope *scope, const zd_plan *plan, zd_arena *arena, zd_row_set *out,
                       zd_fault *fault) {
  answers a = {.set = out, .limit = SIZE_MAX};
  zd_err err = zd_row_set_start(out, scope->end, arena, scope->budget, fault);
  if (!err) err = run_within(scope, plan, &a, fault);
  if (!err) zd_row_set_finish(out);
  return err;
}

zd_err zd_evaluate_current(const zd_scope *scope, zd_row_set *all, zd_arena *arena, zd_row_set *out,
                           zd_fault *fault) {
  static const zd_plan plan = {.op = ZD_PLAN_REFERS};
  zd_join join = {.plan = &plan, .found = all};
  zd_node root = {.plan = &plan, .join = &join};
  zd_evaluation e;
  answers a = {.set = out, .limit = SIZE_MAX};
  zd_err err = zd_row_set_start(out, scope->end, arena, scope->budget, fault);
  evaluation_start(&e, scope, fault);
  e.root = &root;
  if (!err) err = walk(&e, &a);
  if (!err) zd_row_set_finish(out);
  evaluation_end(&e);
  return err;
}
