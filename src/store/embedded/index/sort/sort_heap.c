/* A binary heap of pointers. */
#include "store/embedded/index/sort/sort_internal.h"

static bool before(const zd_sort_heap *h, const void *a, const void *b) {
  int order = h->order(a, b, h->down);
  return h->down ? order > 0 : order < 0;
}

static void sift(zd_sort_heap *h, size_t i) {
  const void *item = h->at[i];
  for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
    if (child + 1 < h->n && before(h, h->at[child + 1], h->at[child])) child++;
    if (!before(h, h->at[child], item)) break;
    h->at[i] = h->at[child];
  }
  h->at[i] = item;
}

zd_err zd_sort_heap_add(zd_sort *s, zd_sort_memory *m, zd_sort_heap *h, const void *item) {
  if (h->n == h->room) {
    zd_err err;
    size_t room = h->room ? h->room * 2 : 64;
    const void **more = zd_sort_alloc(s, m, room * sizeof(const void *), &err);
    if (err) return err;
    if (h->n) memcpy(more, h->at, h->n * sizeof(const void *));
    h->at = more;
    h->room = room;
  }
  h->at[h->n++] = item;
  return ZD_OK;
}

void zd_sort_heap_build(zd_sort_heap *h) {
  for (size_t i = h->n / 2; i-- > 0;) sift(h, i);
}

void zd_sort_heap_drop(zd_sort_heap *h) {
  h->at[0] = h->at[--h->n];
  if (h->n) sift(h, 0);
}

void zd_sort_heap_settle(zd_sort_heap *h) {
  sift(h, 0);
}
