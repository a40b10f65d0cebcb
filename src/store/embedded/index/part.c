#include "store/embedded/index/part.h"

#include <assert.h>
#include <stdlib.h>

static zd_part *part_new(void) {
  zd_part *p = calloc(1, sizeof *p);
  if (p) atomic_init(&p->refs, 1);
  return p;
}

zd_part *zd_part_of_memtable(zd_memtable *m, zd_row first, uint64_t locator_base) {
  zd_part *p = part_new();
  if (!p) return NULL;
  p->memtable = m;
  p->first = first;
  p->locator_base = locator_base;
  return p;
}

zd_part *zd_part_of_segment(zd_segment *s, uint64_t number) {
  zd_part *p = part_new();
  if (!p) return NULL;
  p->segment = s;
  p->first = zd_segment_head(s)->first_row;
  p->number = number;
  p->supplement = (zd_segment_head(s)->flags & ZD_SEGMENT_SUPPLEMENT) != 0;
  return p;
}

void zd_part_release(zd_part *p) {
  if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1) return;
  zd_memtable_free(p->memtable);
  zd_segment_close(p->segment);
  free(p);
}

zd_row zd_part_end(const zd_part *p) {
  return p->memtable ? p->first + zd_memtable_rows(p->memtable)
                     : zd_segment_head(p->segment)->end_row;
}

bool zd_part_has_kills(const zd_part *p) {
  return p->memtable ? zd_memtable_has_kills(p->memtable) : zd_segment_has_kills(p->segment);
}

zd_parts *zd_parts_new(size_t room) {
  zd_parts *list = calloc(1, sizeof *list + room * sizeof list->at[0]);
  if (list) atomic_init(&list->refs, 1);
  return list;
}

void zd_parts_add(zd_parts *list, zd_part *p) {
  assert(p->supplement || list->n == list->all);
  atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
  list->at[list->all++] = p;
  if (!p->supplement) list->n++;
}

zd_parts *zd_parts_share(zd_parts *list) {
  atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
  return list;
}

void zd_parts_release(zd_parts *list) {
  if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1) return;
  for (size_t i = 0; i < list->all; i++) zd_part_release(list->at[i]);
  free(list);
}

size_t zd_parts_find(const zd_parts *list, zd_row row) {
  size_t low = 0, n = list->n;
  while (n > 0) {
    size_t half = n / 2;
    if (list->at[low + half]->first <= row) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  if (low == 0) return list->n;
  return row < zd_part_end(list->at[low - 1]) ? low - 1 : list->n;
}
