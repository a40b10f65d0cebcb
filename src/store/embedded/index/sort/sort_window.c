/* The end of a level, when values are chosen in the other direction than the answer goes (a row
 * with several names stands at its least, and the answer comes from the greatest): the groups are
 * walked in their own direction from the first on, which tells which rows belong to them, and the
 * last are kept, as many as the answer may reach. */
#include "store/embedded/index/sort/sort_internal.h"

enum { CHUNK_UNITS = 100 };

static zd_err window_rows(zd_sort *s, void *context, uint64_t chunk, const uint64_t *words) {
  zd_sort_last *w = context;
  for (uint32_t i = 0; i < ZD_SET_WORDS; i++) {
    for (uint64_t word = words[i]; word; word &= word - 1)
      w->rows[w->row_count++] = zd_chunk_first(chunk) + i * 64 + (zd_row)__builtin_ctzll(word);
  }
  return zd_sort_work(s, CHUNK_UNITS);
}

static zd_err window_room(zd_sort *s, zd_sort_last *w) {
  if (w->group_count < w->group_room) return ZD_OK;
  if (w->front > w->group_count / 2) { /* what was dropped makes room */
    w->group_count -= w->front;
    memmove(w->groups, w->groups + w->front, w->group_count * sizeof *w->groups);
    w->front = 0;
    return ZD_OK;
  }
  zd_err err;
  size_t room = w->group_room ? w->group_room * 2 : 256;
  zd_sort_last_group *more = zd_sort_alloc(s, &s->memory, room * sizeof *more, &err);
  if (err) return err;
  if (w->group_count) memcpy(more, w->groups, w->group_count * sizeof *more);
  w->groups = more;
  w->group_room = room;
  return ZD_OK;
}

static zd_err window_add(zd_sort *s, size_t k, zd_sort_last *w, bool same) {
  zd_sort_level *level = &s->levels[k];
  size_t first = w->row_count;
  zd_err err =
      zd_sort_group_each(s, &level->group, &level->set, false, true, ZD_NO_ROW, window_rows, w);
  if (err || w->row_count == first) return err;
  err = window_room(s, w);
  if (err) return err;
  w->groups[w->group_count++] = (zd_sort_last_group){first, w->row_count - first, same};
  if (!same) w->counted += w->row_count - first;
  if (s->check_count) return ZD_OK; /* nobody knows how many of them will pass */
  while (w->counted - w->groups[w->front].n >= s->limit - s->n && !w->groups[w->front].same)
    w->counted -= w->groups[w->front++].n;
  return ZD_OK;
}

static zd_err window_answer(zd_sort *s, size_t k, zd_sort_last *w) {
  zd_sort_level *level = &s->levels[k];
  zd_err err = ZD_OK;
  for (size_t i = w->group_count; !err && i-- > w->front && !zd_sort_full(s);) {
    const zd_sort_last_group *g = &w->groups[i];
    zd_sort_group_clear(&level->group);
    for (size_t r = g->first; !err && r < g->first + g->n; r++) {
      err = zd_sort_set_add(s, &level->set, w->rows[r]); /* the walk has taken it out */
      if (!err) err = zd_sort_group_row(s, &level->group, w->rows[r]);
    }
    if (!err) err = zd_sort_order_group(s, k, g->same, true);
  }
  return err;
}

/* An empty window, with room for all rows of the level. */
static zd_err window_start(zd_sort *s, zd_sort_level *level) {
  zd_sort_last *w = &level->last;
  zd_err err = ZD_OK;
  w->row_count = w->group_count = w->front = w->counted = 0;
  if (w->row_room >= level->set.n) return ZD_OK;
  w->row_room = 0;
  w->rows = zd_sort_alloc(s, &s->memory, level->set.n * sizeof *w->rows, &err);
  if (!err) w->row_room = level->set.n;
  return err;
}

zd_err zd_sort_window(zd_sort *s, size_t k, bool behind) {
  zd_sort_level *level = &s->levels[k];
  zd_sort_walk walk;
  zd_err err = window_start(s, level);
  level->unsure = false;
  if (!err) err = zd_sort_walk_start(s, k, &(zd_sort_bounds){s->steps[k].descending, NULL}, &walk);
  for (bool more = true; !err;) {
    err = zd_sort_walk_next(s, &walk, &more);
    if (err || !more) break;
    int place = behind ? zd_sort_value_cmp(&s->steps[k], &level->path, &s->behind[k]) : -1;
    if (place > 0) break;
    err = window_add(s, k, &level->last, place == 0);
  }
  return err ? err : window_answer(s, k, &level->last);
}
