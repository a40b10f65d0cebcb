/* Levels: the rows alike under the keys before, and the groups of equal values within them. */
#include "store/embedded/index/sort/sort_internal.h"

/* Is nothing left but the order of rows? */
static bool by_row(const zd_sort *s, size_t k) {
  return k == s->step_count || s->steps[k].by == ZD_BY_ROW;
}

static bool down_at(const zd_sort *s, size_t k) {
  return (k < s->step_count && s->steps[k].descending) != s->reverse;
}

bool zd_sort_of_field(const zd_sort *s, size_t k) {
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

zd_err zd_sort_level_empty(zd_sort *s, size_t k) {
  zd_err err = zd_sort_set_init(s, &s->levels[k].set);
  if (!err) zd_sort_set_clear(s, &s->levels[k].set);
  return err;
}

/* The present group of level k, in the order of the keys behind it. `behind`: it holds `after`. */
zd_err zd_sort_order_group(zd_sort *s, size_t k, bool behind, bool consume) {
  zd_sort_level *level = &s->levels[k], *next = level + 1;
  zd_sort_group *g = &level->group;
  if (g->row_count == 0 && g->piece_count == 0) return ZD_OK;
  if (by_row(s, k + 1)) {
    row_order o = {down_at(s, k + 1), behind ? s->after : ZD_NO_ROW};
    bool skip = behind && !consume;
    return zd_sort_group_each(s, g, &level->set, o.down, consume, skip ? o.after : ZD_NO_ROW,
                              emit_chunk, &o);
  }
  zd_err err = zd_sort_level_empty(s, k + 1);
  if (!err)
    err = zd_sort_group_each(s, g, &level->set, false, consume, ZD_NO_ROW, keep_chunk, next);
  return err ? err : zd_sort_order(s, k + 1, behind);
}

/* ---- rows without a value: they stand last ---- */

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
    return zd_sort_missing_each(s, k, o.down, o.after, emit_chunk, &o);
  }
  zd_err err = zd_sort_level_empty(s, k + 1);
  if (!err && left) err = set_each(s, &level->set, keep_chunk, level + 1);
  if (!err && !left) err = zd_sort_missing_each(s, k, false, ZD_NO_ROW, keep_chunk, level + 1);
  return err ? err : zd_sort_order(s, k + 1, behind);
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
  level->unsure = zd_sort_of_field(s, k) && !s->certain && (s->reverse || behind);
  zd_err err = ZD_OK;
  if (behind && s->certain && zd_sort_of_field(s, k)) err = zd_sort_subtract_before(s, k);
  if (!err) err = zd_sort_walk_start(s, k, &b, &w);
  for (bool more = true; !err && !zd_sort_full(s);) {
    err = zd_sort_walk_next(s, &w, &more);
    if (err || !more) break;
    bool same = behind && same_value(s, k);
    err = zd_sort_order_group(s, k, same, !s->reverse && !(same && level->unsure));
  }
  return err;
}

static zd_err walk_level(zd_sort *s, size_t k, bool behind) {
  if (s->reverse && s->certain && zd_sort_of_field(s, k)) return zd_sort_window(s, k, behind);
  return walk_values(s, k, behind);
}

static zd_err order_walk(zd_sort *s, size_t k, bool behind) {
  bool may_miss = zd_sort_of_field(s, k), in_missing = behind && s->behind[k].missing;
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
zd_err zd_sort_order(zd_sort *s, size_t k, bool behind) {
  zd_sort_level *level = &s->levels[k];
  if (level->set.n == 0 || zd_sort_full(s)) return ZD_OK;
  if (by_row(s, k))
    return zd_sort_emit_set(s, &level->set, down_at(s, k), behind ? s->after : ZD_NO_ROW);
  if (zd_sort_list_pays(s, k, level->set.n)) return zd_sort_list(s, k, behind);
  return order_walk(s, k, behind);
}
