/* A few rows, read and put in order in memory. */
#include "store/embedded/index/sort/sort_internal.h"

#include <stdlib.h>

typedef struct row {
  zd_row row;
  const zd_sort *sort;
  size_t from; /* the first step that counts */
  zd_sort_value *values;
} row;

static int compare(const row *a, const row *b) {
  const zd_sort *s = a->sort;
  int order = 0;
  for (size_t k = a->from; order == 0 && k < s->step_count; k++)
    order = zd_sort_value_cmp(&s->steps[k], &a->values[k], &b->values[k]);
  if (order == 0) order = (a->row > b->row) - (a->row < b->row);
  return s->reverse ? -order : order;
}

static int by_order(const void *x, const void *y) {
  return compare(x, y);
}

static bool on_path(const zd_sort *s, size_t k, const zd_sort_value *values) {
  for (size_t i = 0; i < k; i++) {
    if (!s->levels[i].unsure) continue;
    if (zd_sort_value_cmp(&s->steps[i], &values[i], &s->levels[i].path) != 0) return false;
  }
  return true;
}

static bool any_unsure(const zd_sort *s, size_t k) {
  for (size_t i = 0; i < k; i++) {
    if (s->levels[i].unsure) return true;
  }
  return false;
}

/* Reads one; *taken: it belongs here and stands behind `after`. */
static zd_err read_row(zd_sort *s, size_t k, bool behind, row *r, bool *taken) {
  zd_sort_level *level = &s->levels[k];
  size_t first = any_unsure(s, k) ? 0 : k;
  zd_err err;
  r->values = zd_sort_alloc(s, &level->walk, s->step_count * sizeof *r->values, &err);
  if (err) return err;
  memset(r->values, 0, s->step_count * sizeof *r->values);
  err = zd_sort_values(s, r->row, first, s->step_count, &level->walk, r->values);
  if (err) return err;
  *taken = on_path(s, k, r->values);
  if (!*taken) return zd_sort_reject(s);
  if (!behind) return ZD_OK;
  row after = {s->after, s, k, s->behind};
  *taken = compare(r, &after) > 0;
  return ZD_OK;
}

static zd_err read_chunk(zd_sort *s, size_t k, bool behind, uint64_t chunk, row *rows, size_t *n) {
  zd_sort_level *level = &s->levels[k];
  const uint64_t *words = level->set.words[chunk];
  for (uint32_t i = 0; i < ZD_SET_WORDS; i++) {
    for (uint64_t word = words[i]; word; word &= word - 1) {
      bool taken = false;
      if (*n == level->set.n) return zd_fail(s->fault, ZD_ERR_INTERNAL, "a set grew in a sort");
      rows[*n] = (row){.sort = s, .from = k};
      rows[*n].row = zd_chunk_first(chunk) + (zd_row)i * 64 + (zd_row)__builtin_ctzll(word);
      zd_err err = read_row(s, k, behind, &rows[*n], &taken);
      if (err) return err;
      *n += taken;
    }
  }
  return ZD_OK;
}

zd_err zd_sort_list(zd_sort *s, size_t k, bool behind) {
  zd_sort_level *level = &s->levels[k];
  size_t n = 0;
  zd_err err;
  zd_sort_forget(s, &level->walk);
  row *rows = zd_sort_alloc(s, &level->walk, (level->set.n + 1) * sizeof *rows, &err);
  for (uint64_t chunk = 0; !err && chunk < s->chunks; chunk++) {
    if (level->set.used[chunk]) err = read_chunk(s, k, behind, chunk, rows, &n);
  }
  if (err) return err;
  qsort(rows, n, sizeof *rows, by_order);
  for (size_t i = 0; !err && i < n && !zd_sort_full(s); i++)
    err = zd_sort_emit(s, rows[i].row, true);
  return err;
}
