#include "search/codes/code_list.h"

#include <stdlib.h>

zd_err zd_code_list_add(zd_code_list *list, zd_slice system, zd_slice code, zd_arena *arena) {
  if (list->n == list->room) {
    size_t room = list->room ? list->room * 2 : 64;
    zd_coded *items = ZD_NEW_ARRAY(arena, zd_coded, room);
    if (!items) return ZD_ERR_MEMORY;
    if (list->n) memcpy(items, list->items, list->n * sizeof *items);
    list->items = items;
    list->room = room;
  }
  list->items[list->n++] = (zd_coded){.code = code, .system = system};
  return ZD_OK;
}

static int by_code(const void *a, const void *b) {
  return zd_coded_cmp(a, b);
}

void zd_code_list_sort(zd_code_list *list) {
  size_t kept = 0;
  if (!list->n) return;
  qsort(list->items, list->n, sizeof *list->items, by_code);
  for (size_t i = 0; i < list->n; i++)
    if (!kept || zd_coded_cmp(&list->items[kept - 1], &list->items[i]) != 0)
      list->items[kept++] = list->items[i];
  list->n = kept;
}

void zd_code_list_keep(zd_code_list *list, const zd_code_list *other, bool wanted) {
  size_t kept = 0, k = 0;
  for (size_t i = 0; i < list->n; i++) {
    while (k < other->n && zd_coded_cmp(&other->items[k], &list->items[i]) < 0) k++;
    bool there = k < other->n && zd_coded_cmp(&other->items[k], &list->items[i]) == 0;
    if (there == wanted) list->items[kept++] = list->items[i];
  }
  list->n = kept;
}
