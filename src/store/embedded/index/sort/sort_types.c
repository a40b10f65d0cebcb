/* The resource types in the order of their symbols. */
#include "store/embedded/index/sort/sort_internal.h"

enum { TYPES_MAX = 4096, VALUE_UNITS = 200 };

typedef struct types {
  uint32_t *at;
  size_t n;
} types;

static void add_type(types *t, uint32_t type) {
  size_t i = t->n;
  while (i > 0 && t->at[i - 1] > type) i--;
  if ((i > 0 && t->at[i - 1] == type) || t->n == TYPES_MAX) return;
  memmove(t->at + i + 1, t->at + i, (t->n - i) * sizeof t->at[0]);
  t->at[i] = type;
  t->n++;
}

static void part_types(const zd_sort *s, const zd_part *part, types *t) {
  if (part->segment) {
    size_t n;
    const zd_segment_space *spaces = zd_segment_spaces(part->segment, &n);
    for (size_t i = 0; i < n; i++) {
      if (spaces[i].kind == ZD_KEY_TYPE) add_type(t, spaces[i].field);
    }
    return;
  }
  uint32_t last = UINT32_MAX;
  for (zd_row row = part->first; row < s->scope.bound && row < zd_part_end(part); row++) {
    uint32_t type = zd_memtable_type(part->memtable, (uint32_t)(row - part->first));
    if (type != last) add_type(t, type);
    last = type;
  }
}

zd_err zd_sort_types_start(zd_sort *s, const zd_sort_bounds *b, zd_sort_walk *w) {
  zd_err err;
  types t = {zd_sort_alloc(s, &w->level->walk, TYPES_MAX * sizeof(uint32_t), &err), 0};
  if (err) return err;
  for (size_t i = 0; i < s->scope.parts->n; i++) part_types(s, s->scope.parts->at[i], &t);
  w->types = t.at;
  w->type_count = t.n;
  w->type = 0;
  while (b->from && w->type < t.n) { /* `type` counts from the end of the walk */
    uint32_t type = t.at[b->down ? t.n - 1 - w->type : w->type];
    if (b->down ? type <= b->from->number : type >= b->from->number) break;
    w->type++;
  }
  return ZD_OK;
}

static zd_err take(zd_sort *s, zd_sort_walk *w, const zd_part *part, const zd_key *key) {
  zd_sort_level *level = w->level;
  if (part->memtable) {
    const zd_mem_key *k = zd_memtable_find(part->memtable, key, zd_mem_hash(key));
    return k ? zd_sort_group_mem_key(s, &level->group, &level->set, part, k) : ZD_OK;
  }
  zd_posting p;
  zd_err err = zd_segment_find(part->segment, key, &p, s->fault);
  return err ? err : zd_sort_group_posting(s, &level->group, &level->set, part, &p);
}

zd_err zd_sort_types_next(zd_sort *s, zd_sort_walk *w, bool *more) {
  *more = w->type < w->type_count;
  if (!*more) return ZD_OK;
  uint32_t type = w->types[w->down ? w->type_count - 1 - w->type : w->type];
  zd_key key = {ZD_KEY_TYPE, type, {NULL, 0}};
  w->type++;
  w->level->group.value = (zd_sort_value){.number = type};
  for (size_t i = 0; i < s->scope.parts->n; i++) {
    zd_err err = take(s, w, s->scope.parts->at[i], &key);
    if (err) return err;
  }
  return zd_sort_work(s, VALUE_UNITS);
}
