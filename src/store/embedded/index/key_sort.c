#include "store/embedded/index/key_sort.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { SORT_FEW = 12 };

static uint64_t word_at(zd_slice bytes, size_t depth) {
  uint64_t value = 0;
  zd_slice rest = depth < bytes.n ? zd_slice_from(bytes, depth) : (zd_slice){NULL, 0};
  if (rest.n) memcpy(&value, rest.p, rest.n < 8 ? rest.n : 8);
  return be64toh(value);
}

static int word_cmp(const zd_sortable_key *a, const zd_sortable_key *b) {
  if (a->space != b->space) return a->space < b->space ? -1 : 1;
  return (a->word > b->word) - (a->word < b->word);
}

static int sort_cmp(const void *x, const void *y) {
  const zd_sortable_key *a = x, *b = y;
  int order = word_cmp(a, b);
  return order ? order : zd_slice_cmp(a->bytes, b->bytes);
}

static void sort_few(zd_sortable_key *h, size_t n) {
  for (size_t i = 1; i < n; i++) {
    zd_sortable_key moved = h[i];
    size_t at = i;
    for (; at > 0 && sort_cmp(&moved, &h[at - 1]) < 0; at--) h[at] = h[at - 1];
    h[at] = moved;
  }
}

static zd_sortable_key middle_of_three(const zd_sortable_key *h, size_t n) {
  const zd_sortable_key *a = &h[0], *b = &h[n / 2], *c = &h[n - 1];
  if (word_cmp(a, b) > 0) {
    const zd_sortable_key *t = a;
    a = b;
    b = t;
  }
  if (word_cmp(b, c) <= 0) return *b;
  return word_cmp(a, c) > 0 ? *a : *c;
}

/* Keys [*equal, *greater) are equal to the pivot, those before it less. */
static void part_in_three(zd_sortable_key *h, size_t n, size_t *equal, size_t *greater) {
  const zd_sortable_key pivot = middle_of_three(h, n);
  size_t less = 0, end = n;
  for (size_t i = 0; i < end;) {
    int order = word_cmp(&h[i], &pivot);
    zd_sortable_key moved = h[i];
    if (order < 0) {
      h[i++] = h[less];
      h[less++] = moved;
    } else if (order > 0) {
      h[i] = h[--end];
      h[end] = moved;
    } else {
      i++;
    }
  }
  *equal = less;
  *greater = end;
}

/* All equal so far: on to their next 8 bytes, unless one of them has none. */
static bool deepen(zd_sortable_key *h, size_t n, size_t depth) {
  for (size_t i = 0; i < n; i++) {
    if (h[i].bytes.n <= depth) return false;
  }
  for (size_t i = 0; i < n; i++) h[i].word = word_at(h[i].bytes, depth);
  return true;
}

/* Recurses into less and equal; each call leaves at least the pivot out. */
static void sort_heads(zd_sortable_key *h, size_t n, size_t depth) {
  while (n > SORT_FEW) {
    size_t equal, greater;
    part_in_three(h, n, &equal, &greater);
    if (greater - equal > 1) {
      if (deepen(h + equal, greater - equal, depth + 8))
        sort_heads(h + equal, greater - equal, depth + 8);
      else
        qsort(h + equal, greater - equal, sizeof *h, sort_cmp);
    }
    if (equal < n - greater) { /* the smaller by recursion, so that the stack stays low */
      sort_heads(h, equal, depth);
      h += greater;
      n -= greater;
    } else {
      sort_heads(h + greater, n - greater, depth);
      n = equal;
    }
  }
  sort_few(h, n);
}

void zd_keys_sort(zd_sortable_key *keys, size_t n) {
  for (size_t i = 0; i < n; i++) keys[i].word = word_at(keys[i].bytes, 0);
  sort_heads(keys, n, 0);
}
