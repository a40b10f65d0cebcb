/* Levels of keys, the groups of equal values within them, and the answer. README.md, "Sorting". */
#include "store/embedded/index/sort_internal.h"

#include "base/clock.h"

enum { BETWEEN_CLOCKS = 64, MEMORY_DEFAULT = 256 << 20, VAIN = 100 };

/* ---- budgets ---- */

void *zd_sort_alloc(zd_sort *s, zd_sort_memory *m, size_t n, zd_err *err) {
  n = (n + 15) / 16 * 16;
  void *p = NULL;
  if (n > s->memory_max - s->held) {
    *err = zd_fail(s->fault, ZD_ERR_LIMIT,
                   "sorting takes more than the %zu bytes a search may hold: fewer results or "
                   "another order would do",
                   s->memory_max);
    return NULL;
  }
  p = zd_arena_alloc(&m->arena, n);
  *err = p ? ZD_OK : zd_fail(s->fault, ZD_ERR_MEMORY, "out of memory sorting");
  if (!p) return NULL;
  m->held += n;
  s->held += n;
  return p;
}

void zd_sort_forget(zd_sort *s, zd_sort_memory *m) {
  s->held -= m->held;
  m->held = 0;
  zd_arena_reset(&m->arena);
}

zd_err zd_sort_clock(zd_sort *s) {
  uint64_t deadline = s->scope.deadline_ns;
  s->until_clock = BETWEEN_CLOCKS;
  if (deadline == 0 || zd_clock_monotonic_ns() < deadline) return ZD_OK;
  return zd_fail(s->fault, ZD_ERR_LIMIT, "the search took longer than allowed while sorting");
}

zd_err zd_sort_tick(zd_sort *s) {
  return s->until_clock-- ? ZD_OK : zd_sort_clock(s);
}

/* ---- the answer ---- */

zd_err zd_sort_reject(zd_sort *s) {
  size_t most = s->facts->vain_max ? s->facts->vain_max : VAIN + 2 * s->limit;
  if (++s->rejected <= most) return ZD_OK;
  s->again = true;
  return ZD_ERR_CANCELLED; /* never leaves zd_sort_rows */
}

static zd_err passes_checks(zd_sort *s, zd_row row, bool *hit) {
  zd_err err = ZD_OK;
  *hit = true;
  for (size_t i = s->check_count; !err && *hit && i-- > 0;) {
    const zd_plan *c = s->checks[i];
    err = zd_sort_tick(s);
    *hit = false;
    if (!err) err = c->check(c->check_state, s->scope.snapshot, row, hit);
  }
  return err;
}

zd_err zd_sort_emit(zd_sort *s, zd_row row, bool sure) {
  bool is = true;
  zd_err err = sure ? ZD_OK : zd_sort_on_path(s, row, &is);
  if (err) return err;
  if (!is) return zd_sort_reject(s);
  err = passes_checks(s, row, &is);
  if (!err && is) s->out[s->n++] = row;
  return err;
}

/* ---- levels ---- */

static zd_err order(zd_sort *s, size_t k, bool behind);

/* Is nothing left but the order of rows? */
static bool by_row(const zd_sort *s, size_t k) {
  return k == s->step_count || s->steps[k].by == ZD_BY_ROW;
}

static bool down_at(const zd_sort *s, size_t k) {
  return (k < s->step_count && s->steps[k].descending) != s->reverse;
}

static bool of_field(const zd_sort *s, size_t k) {
  return s->steps[k].by == ZD_BY_TERM || s->steps[k].by == ZD_BY_RANGE;
}

typedef struct row_order {
  bool down;
  zd_row after;
} row_order;

static zd_err emit_chunk(zd_sort *s, void *context, uint64_t chunk, const uint64_t *words) {
  const row_order *o = context;
  return zd_sort_emit_words(s, chunk, words, o->down, o->after);
}

/* Puts rows into the set of a level. */
static zd_err keep_chunk(zd_sort *s, void *context, uint64_t chunk, const uint64_t *words) {
  zd_sort_level *level = context;
  zd_err err;
  uint64_t *to = zd_sort_set_words(s, &level->set, chunk, &err);
  if (err) return err;
  for (size_t i = 0; i < ZD_SET_WORDS; i++) to[i] |= words[i];
  level->set.n += zd_words_count(words);
  return ZD_OK;
}

static zd_err empty_level(zd_sort *s, size_t k) {
  zd_err err = zd_sort_set_init(s, &s->levels[k].set);
  if (!err) zd_sort_set_clear(s, &s->levels[k].set);
  return err;
}

/* The present group of level k, in the order of the keys behind it. `behind`: it holds `after`. */
static zd_err order_group(zd_sort *s, size_t k, bool behind, bool consume) {
  zd_sort_level *level = &s->levels[k], *next = level + 1;
  zd_sort_group *g = &level->group;
  if (g->row_count == 0 && g->piece_count == 0) return ZD_OK;
  if (by_row(s, k + 1)) {
    row_order o = {down_at(s, k + 1), behind ? s->after : ZD_NO_ROW};
    bool skip = behind && !consume;
    return zd_sort_group_each(s, g, &level->set, o.down, consume, skip ? o.after : ZD_NO_ROW,
                              emit_chunk, &o);
  }
  zd_err err = empty_level(s, k + 1);
  if (!err)
    err = zd_sort_group_each(s, g, &level->set, false, consume, ZD_NO_ROW, keep_chunk, next);
  return err ? err : order(s, k + 1, behind);
}

/* ---- rows by values of the index ---- */

/* A plan for the rows with any value under a step, or with one before `value`. */
typedef struct value_plan {
  zd_plan plan, not ;
  const zd_plan *child;
  char room[ZD_TERM_MAX + 1];
} value_plan;

static void plan_any(const zd_sort_step *step, value_plan *p) {
  p->plan = (zd_plan){.op = step->by == ZD_BY_TERM ? ZD_PLAN_SPAN : ZD_PLAN_RANGE,
                      .field = step->field,
                      .term = step->low,
                      .to = step->high,
                      .low_min = INT64_MIN,
                      .low_max = INT64_MAX,
                      .high_min = INT64_MIN,
                      .high_max = INT64_MAX};
  p->child = &p->plan;
  p->not = (zd_plan){.op = ZD_PLAN_NOT, .children = &p->child, .child_count = 1};
}

/* False: no value is before it. */
static bool plan_before(const zd_sort_step *step, const zd_sort_value *value, value_plan *p) {
  plan_any(step, p);
  if (step->by == ZD_BY_RANGE) {
    if (value->number == (step->descending ? INT64_MAX : INT64_MIN)) return false;
    if (step->descending)
      p->plan.low_min = value->number + 1;
    else
      p->plan.low_max = value->number - 1;
    return true;
  }
  if (!step->descending) {
    p->plan.to = value->term;
    return true;
  }
  if (value->term.n > ZD_TERM_MAX) return false;
  memcpy(p->room, value->term.p, value->term.n);
  p->room[value->term.n] = 0;
  p->plan.term = zd_slice_make(p->room, value->term.n + 1);
  return true;
}

static zd_err subtract_tile(void *context, uint64_t chunk, const zd_set *rows, bool *more) {
  zd_sort_set *set = context;
  (void)more;
  if (set->used[chunk]) zd_words_remove_set(set->words[chunk], rows);
  return ZD_OK;
}

/* Takes rows that have a value before that of `after` out of the level. */
static zd_err subtract_before(zd_sort *s, size_t k) {
  value_plan p;
  if (!plan_before(&s->steps[k], &s->behind[k], &p)) return ZD_OK;
  return zd_evaluate_tiles(&s->scope, &p.plan, subtract_tile, &s->levels[k].set, s->fault);
}

/* ---- rows without a value: they stand last ---- */

typedef struct missing {
  zd_sort *sort;
  size_t k;
  zd_sort_each each;
  void *context;
} missing;

static zd_err missing_tile(void *context, uint64_t chunk, const zd_set *rows, bool *more) {
  missing *m = context;
  zd_sort *s = m->sort;
  const zd_sort_set *set = &s->levels[m->k].set;
  if (!set->used[chunk]) return ZD_OK;
  memset(s->scratch, 0, ZD_SET_WORDS * sizeof *s->scratch);
  zd_words_add_set(s->scratch, rows);
  for (size_t i = 0; i < ZD_SET_WORDS; i++) s->scratch[i] &= set->words[chunk][i];
  zd_err err = m->each(s, m->context, chunk, s->scratch);
  *more = !zd_sort_full(s);
  return err;
}

/* Of level k's rows those without a value, by asking the index. */
static zd_err missing_each(zd_sort *s, size_t k, bool down, zd_row after, zd_sort_each each,
                           void *context) {
  value_plan p;
  missing m = {s, k, each, context};
  zd_scope scope = s->scope;
  scope.descending = down;
  if (after != ZD_NO_ROW) {
    if (down)
      scope.end = after;
    else
      scope.first = after + 1;
  }
  plan_any(&s->steps[k], &p);
  return zd_evaluate_tiles(&scope, &p.not, missing_tile, &m, s->fault);
}

static zd_err set_each(zd_sort *s, const zd_sort_set *set, zd_sort_each each, void *context) {
  zd_err err = ZD_OK;
  for (uint64_t chunk = 0; !err && chunk < s->chunks; chunk++) {
    if (set->used[chunk]) err = each(s, context, chunk, set->words[chunk]);
  }
  return err;
}

/* `left`: level k has no other rows left. */
static zd_err order_missing(zd_sort *s, size_t k, bool behind, bool left) {
  zd_sort_level *level = &s->levels[k];
  level->path = (zd_sort_value){.missing = true};
  level->unsure = false;
  if (by_row(s, k + 1)) {
    row_order o = {down_at(s, k + 1), behind ? s->after : ZD_NO_ROW};
    if (left) return zd_sort_emit_set(s, &level->set, o.down, o.after);
    return missing_each(s, k, o.down, o.after, emit_chunk, &o);
  }
  zd_err err = empty_level(s, k + 1);
  if (!err && left) err = set_each(s, &level->set, keep_chunk, level + 1);
  if (!err && !left) err = missing_each(s, k, false, ZD_NO_ROW, keep_chunk, level + 1);
  return err ? err : order(s, k + 1, behind);
}

/* ---- walking a key ---- */

zd_err zd_sort_walk_start(zd_sort *s, size_t k, const zd_sort_bounds *b, zd_sort_walk *w) {
  zd_sort_level *level = &s->levels[k];
  *w = (zd_sort_walk){.level = level, .step = &s->steps[k], .down = b->down};
  w->field = w->step->field;
  zd_sort_forget(s, &level->walk);
  zd_sort_group_clear(&level->group);
  switch (w->step->by) {
    case ZD_BY_TYPE:
      return zd_sort_types_start(s, b, w);
    case ZD_BY_RANGE:
      return zd_sort_range_start(s, b, w);
    case ZD_BY_ID:
      w->field = (uint32_t)s->levels[k - 1].path.number;
      return zd_sort_terms_start(s, b, w);
    default:
      return zd_sort_terms_start(s, b, w);
  }
}

zd_err zd_sort_walk_next(zd_sort *s, zd_sort_walk *w, bool *more) {
  zd_sort_group_clear(&w->level->group);
  zd_err err = w->step->by == ZD_BY_TYPE    ? zd_sort_types_next(s, w, more)
               : w->step->by == ZD_BY_RANGE ? zd_sort_range_next(s, w, more)
                                            : zd_sort_terms_next(s, w, more);
  w->level->path = w->level->group.value;
  return err;
}

static bool same_value(const zd_sort *s, size_t k) {
  return zd_sort_value_cmp(&s->steps[k], &s->levels[k].path, &s->behind[k]) == 0;
}

/* In the direction of the answer. Whoever starts at the value of `after`, or walks against the
 * direction in which values are chosen, also meets rows whose value is another: the level is
 * unsure, and each row is asked before it is taken. */
static zd_err walk_values(zd_sort *s, size_t k, bool behind) {
  zd_sort_level *level = &s->levels[k];
  zd_sort_walk w;
  zd_sort_bounds b = {down_at(s, k), behind ? &s->behind[k] : NULL};
  level->unsure = of_field(s, k) && !s->certain && (s->reverse || behind);
  zd_err err = ZD_OK;
  if (behind && s->certain && of_field(s, k)) err = subtract_before(s, k);
  if (!err) err = zd_sort_walk_start(s, k, &b, &w);
  for (bool more = true; !err && !zd_sort_full(s);) {
    err = zd_sort_walk_next(s, &w, &more);
    if (err || !more) break;
    bool same = behind && same_value(s, k);
    err = order_group(s, k, same, !s->reverse && !(same && level->unsure));
  }
  return err;
}

/* ---- against the direction in which values are chosen, and certain ---- */

/* The groups that end where the answer begins: walked in their own direction from the first on,
 * which tells which rows belong to them, and kept as long as the answer may reach them. */
typedef struct last_group {
  size_t first, n; /* of rows */
  bool same;       /* holds `after` */
} last_group;

typedef struct window {
  zd_row *rows;
  last_group *groups;
  size_t row_count, row_room, group_count, group_room, front; /* groups before front are dropped */
  size_t counted; /* rows of groups kept, without the one of `after` */
} window;

static zd_err window_rows(zd_sort *s, void *context, uint64_t chunk, const uint64_t *words) {
  window *w = context;
  for (uint32_t i = 0; i < ZD_SET_WORDS; i++) {
    for (uint64_t word = words[i]; word; word &= word - 1)
      w->rows[w->row_count++] = zd_chunk_first(chunk) + i * 64 + (zd_row)__builtin_ctzll(word);
  }
  return zd_sort_tick(s);
}

static zd_err window_room(zd_sort *s, window *w) {
  if (w->group_count < w->group_room) return ZD_OK;
  if (w->front > w->group_count / 2) { /* what was dropped makes room */
    w->group_count -= w->front;
    memmove(w->groups, w->groups + w->front, w->group_count * sizeof *w->groups);
    w->front = 0;
    return ZD_OK;
  }
  zd_err err;
  size_t room = w->group_room ? w->group_room * 2 : 256;
  last_group *more = zd_sort_alloc(s, &s->memory, room * sizeof *more, &err);
  if (err) return err;
  if (w->group_count) memcpy(more, w->groups, w->group_count * sizeof *more);
  w->groups = more;
  w->group_room = room;
  return ZD_OK;
}

static zd_err window_add(zd_sort *s, size_t k, window *w, bool same) {
  zd_sort_level *level = &s->levels[k];
  size_t first = w->row_count;
  zd_err err =
      zd_sort_group_each(s, &level->group, &level->set, false, true, ZD_NO_ROW, window_rows, w);
  if (err || w->row_count == first) return err;
  err = window_room(s, w);
  if (err) return err;
  w->groups[w->group_count++] = (last_group){first, w->row_count - first, same};
  if (!same) w->counted += w->row_count - first;
  if (s->check_count) return ZD_OK; /* nobody knows how many of them will pass */
  while (w->counted - w->groups[w->front].n >= s->limit - s->n && !w->groups[w->front].same)
    w->counted -= w->groups[w->front++].n;
  return ZD_OK;
}

static zd_err window_answer(zd_sort *s, size_t k, window *w) {
  zd_sort_level *level = &s->levels[k];
  zd_err err = ZD_OK;
  for (size_t i = w->group_count; !err && i-- > w->front && !zd_sort_full(s);) {
    const last_group *g = &w->groups[i];
    zd_sort_group_clear(&level->group);
    for (size_t r = g->first; !err && r < g->first + g->n; r++) {
      err = zd_sort_set_add(s, &level->set, w->rows[r]); /* the walk has taken it out */
      if (!err) err = zd_sort_group_row(s, &level->group, w->rows[r]);
    }
    if (!err) err = order_group(s, k, g->same, true);
  }
  return err;
}

static zd_err walk_window(zd_sort *s, size_t k, bool behind) {
  zd_sort_level *level = &s->levels[k];
  zd_sort_walk walk;
  window w = {0};
  zd_err err;
  w.rows = zd_sort_alloc(s, &s->memory, level->set.n * sizeof *w.rows, &err);
  level->unsure = false;
  if (!err) err = zd_sort_walk_start(s, k, &(zd_sort_bounds){s->steps[k].descending, NULL}, &walk);
  for (bool more = true; !err;) {
    err = zd_sort_walk_next(s, &walk, &more);
    if (err || !more) break;
    int place = behind ? zd_sort_value_cmp(&s->steps[k], &level->path, &s->behind[k]) : -1;
    if (place > 0) break;
    err = window_add(s, k, &w, place == 0);
  }
  return err ? err : window_answer(s, k, &w);
}

static zd_err walk_level(zd_sort *s, size_t k, bool behind) {
  if (s->reverse && s->certain && of_field(s, k)) return walk_window(s, k, behind);
  return walk_values(s, k, behind);
}

static zd_err order_walk(zd_sort *s, size_t k, bool behind) {
  bool may_miss = of_field(s, k), in_missing = behind && s->behind[k].missing;
  zd_err err = ZD_OK;
  if (s->reverse) {
    if (may_miss && (!behind || in_missing)) err = order_missing(s, k, in_missing, false);
    if (err || zd_sort_full(s)) return err;
    return walk_level(s, k, behind && !in_missing);
  }
  if (!in_missing) err = walk_level(s, k, behind);
  if (err || zd_sort_full(s) || !may_miss) return err;
  return order_missing(s, k, in_missing, !in_missing && !s->levels[k].unsure);
}

/* The rows of level k by keys k, k + 1, ...; `behind`: only those behind `after`, which is like
 * them under the keys before k. */
static zd_err order(zd_sort *s, size_t k, bool behind) {
  zd_sort_level *level = &s->levels[k];
  if (level->set.n == 0 || zd_sort_full(s)) return ZD_OK;
  if (by_row(s, k))
    return zd_sort_emit_set(s, &level->set, down_at(s, k), behind ? s->after : ZD_NO_ROW);
  if (zd_sort_list_pays(s, k, level->set.n)) return zd_sort_list(s, k, behind);
  return order_walk(s, k, behind);
}

/* ---- the search ---- */

/* The least slice above every one with the prefix; absent when there is none. */
static zd_slice after_prefix(zd_slice prefix, char room[ZD_TERM_MAX]) {
  size_t n = prefix.n;
  while (n > 0 && (unsigned char)prefix.p[n - 1] == 0xFF) n--;
  if (n == 0 || n > ZD_TERM_MAX) return (zd_slice){NULL, 0};
  memcpy(room, prefix.p, n);
  room[n - 1] = (char)((unsigned char)room[n - 1] + 1);
  return zd_slice_make(room, n);
}

static void add_step(zd_sort *s, const zd_sort_key *key, zd_sort_sort by) {
  zd_sort_step *step = &s->steps[s->step_count++];
  step->by = by;
  step->descending = key->descending;
  step->field = key->field;
  step->prefix = key->prefix.p ? key->prefix : ZD_S("");
  bool from = key->from.p && zd_slice_cmp(key->from, step->prefix) > 0;
  step->low = from ? key->from : step->prefix;
  step->high = after_prefix(step->prefix, step->high_room);
}

static zd_err read_keys(zd_sort *s, const zd_search_request *q) {
  if (q->sort_count > ZD_SORT_KEYS_MAX || q->all_versions)
    return zd_fail(s->fault, ZD_ERR_INVALID, "a search that cannot be sorted");
  for (size_t i = 0; i < q->sort_count; i++) {
    const zd_sort_key *key = &q->sort[i];
    switch (key->by) {
      case ZD_SORT_ROW:
        add_step(s, key, ZD_BY_ROW);
        return ZD_OK; /* no two rows are alike behind it */
      case ZD_SORT_ID:
        add_step(s, key, ZD_BY_TYPE);
        add_step(s, key, ZD_BY_ID);
        return ZD_OK;
      default:
        add_step(s, key, key->kind == ZD_ENTRY_TERM ? ZD_BY_TERM : ZD_BY_RANGE);
    }
  }
  return ZD_OK;
}

static zd_err fill_tile(void *context, uint64_t chunk, const zd_set *rows, bool *more) {
  zd_sort *s = context;
  zd_err err;
  (void)more;
  uint64_t *words = zd_sort_set_words(s, &s->levels[0].set, chunk, &err);
  if (err) return err;
  zd_words_add_set(words, rows);
  s->levels[0].set.n += rows->n;
  return ZD_OK;
}

static zd_err run(zd_sort *s, const zd_scope *scope, const zd_plan *plan) {
  zd_scope all = *scope;
  all.first = 0;
  all.end = scope->bound;
  all.descending = false;
  zd_err err = empty_level(s, 0);
  if (!err) err = zd_evaluate_tiles(&all, plan, fill_tile, s, s->fault);
  if (!err) s->check_count = zd_plan_checks(plan, s->checks, 0);
  for (size_t k = 0; k <= s->step_count; k++) s->levels[k].unsure = false;
  s->n = 0;
  return err ? err : order(s, 0, s->after != ZD_NO_ROW);
}

static zd_err prepare(zd_sort *s, const zd_search_request *q) {
  zd_err err = read_keys(s, q);
  if (err) return err;
  s->scratch = zd_sort_alloc(s, &s->memory, ZD_SET_WORDS * sizeof *s->scratch, &err);
  if (err || s->after == ZD_NO_ROW) return err;
  if (s->after >= s->scope.bound)
    return zd_fail(s->fault, ZD_ERR_INVALID, "there is no row to go on behind");
  return zd_sort_values(s, s->after, 0, s->step_count, &s->memory, s->behind);
}

static zd_sort *make(const zd_scope *scope, const zd_search_request *q, const zd_row_facts *facts,
                     zd_row *out, zd_fault *fault) {
  zd_arena first;
  zd_arena_init(&first, 0);
  zd_sort *s = zd_arena_calloc(&first, 1, sizeof *s);
  if (!s) return NULL;
  s->memory.arena = first;
  for (size_t k = 0; k <= ZD_SORT_STEPS; k++) zd_arena_init(&s->levels[k].walk.arena, 0);
  zd_arena_init(&s->row_arena, 0);
  s->scope = *scope;
  s->scope.first = 0;
  s->scope.end = scope->bound;
  s->scope.all_versions = true;
  s->facts = facts;
  s->reverse = q->order == ZD_SCAN_DESCENDING;
  s->after = q->after;
  s->out = out;
  s->limit = q->limit;
  s->chunks = zd_chunk_of(scope->bound) + 1;
  s->memory_max = q->memory_max ? q->memory_max : MEMORY_DEFAULT;
  s->fault = fault;
  return s;
}

static void unmake(zd_sort *s) {
  for (size_t k = 0; k <= ZD_SORT_STEPS; k++) zd_arena_free(&s->levels[k].walk.arena);
  zd_arena_free(&s->row_arena);
  zd_arena all = s->memory.arena;
  zd_arena_free(&all); /* s lies in it */
}

zd_err zd_sort_rows(const zd_scope *scope, const zd_search_request *q, const zd_row_facts *facts,
                    zd_row *out, size_t *n, zd_fault *fault) {
  *n = 0;
  if (q->limit == 0) return ZD_OK;
  zd_sort *s = make(scope, q, facts, out, fault);
  if (!s) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory sorting");
  zd_err err = prepare(s, q);
  zd_scope matches = *scope;
  matches.all_versions = false;
  if (!err) err = run(s, &matches, q->plan);
  if (s->again) {
    s->again = false;
    s->certain = true;
    err = run(s, &matches, q->plan);
  }
  if (!err) *n = s->n;
  unmake(s);
  return err;
}
