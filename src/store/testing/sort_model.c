/* The naive truth of sorted searches: every row's values are found by looking at all its entries,
 * then all rows are sorted. */
#include "store/testing/index_model.h"

#include <stdlib.h>

static uint64_t below(zd_model *m, uint64_t bound) {
  return zd_random_below(&m->dice, bound);
}

/* ---- what the sort asks of rows ---- */

static zd_err entries_of(void *state, zd_row row, zd_arena *arena, const zd_entry **out, size_t *n,
                         zd_fault *fault) {
  const zd_model *m = state;
  (void)arena, (void)fault;
  *out = m->rows[row].entries;
  *n = m->rows[row].entry_count;
  return ZD_OK;
}

static zd_err name_of(void *state, zd_row row, zd_arena *arena, uint32_t *type, zd_slice *id,
                      zd_fault *fault) {
  const zd_model *m = state;
  (void)arena, (void)fault;
  *type = m->rows[row].type;
  *id = m->rows[row].id;
  return ZD_OK;
}

zd_row_facts zd_model_facts(zd_model *m) {
  return (zd_row_facts){.state = m, .entries = entries_of, .name = name_of};
}

/* ---- order ---- */

static bool counts(const zd_sort_key *key, const zd_entry *e) {
  if (e->field != key->field || e->kind != key->kind) return false;
  if (e->kind == ZD_ENTRY_RANGE) return !e->term.n;
  return (!key->prefix.p || zd_slice_starts(e->term, key->prefix)) &&
         (!key->from.p || zd_slice_cmp(e->term, key->from) >= 0);
}

static int entry_cmp(const zd_entry *a, const zd_entry *b) {
  if (a->kind == ZD_ENTRY_TERM) return zd_slice_cmp(a->term, b->term);
  return (a->low > b->low) - (a->low < b->low);
}

/* The entry a row is ordered by, or NULL. */
static const zd_entry *entry_of(const zd_index_row *r, const zd_sort_key *key) {
  const zd_entry *best = NULL;
  for (size_t i = 0; i < r->entry_count; i++) {
    const zd_entry *e = &r->entries[i];
    if (!counts(key, e)) continue;
    int order = best ? entry_cmp(e, best) : -1;
    if (!best || (key->descending ? order > 0 : order < 0)) best = e;
  }
  return best;
}

static int field_cmp(const zd_sort_key *key, const zd_index_row *a, const zd_index_row *b) {
  const zd_entry *x = entry_of(a, key), *y = entry_of(b, key);
  if (!x || !y) return (x == NULL) - (y == NULL);
  int order = entry_cmp(x, y);
  return key->descending ? -order : order;
}

static int key_cmp(const zd_model *m, const zd_sort_key *key, zd_row a, zd_row b) {
  const zd_index_row *x = &m->rows[a], *y = &m->rows[b];
  int order = 0;
  switch (key->by) {
    case ZD_SORT_ROW:
      order = (a > b) - (a < b);
      break;
    case ZD_SORT_ID:
      order = (x->type > y->type) - (x->type < y->type);
      if (order == 0) order = zd_slice_cmp(x->id, y->id);
      break;
    default:
      return field_cmp(key, x, y);
  }
  return key->descending ? -order : order;
}

static int row_cmp(const zd_model *m, const zd_search_request *q, zd_row a, zd_row b) {
  int order = 0;
  for (size_t i = 0; order == 0 && i < q->sort_count; i++) {
    order = key_cmp(m, &q->sort[i], a, b);
    if (q->sort[i].by != ZD_SORT_FIELD) break; /* behind it only versions of one are alike */
  }
  if (order == 0) order = (a > b) - (a < b);
  return q->order == ZD_SCAN_DESCENDING ? -order : order;
}

static void merge_sort(const zd_model *m, const zd_search_request *q, zd_row *rows, zd_row *room,
                       size_t n) {
  if (n < 2) return;
  size_t half = n / 2, i = 0, j = half, k = 0;
  merge_sort(m, q, rows, room, half);
  merge_sort(m, q, rows + half, room, n - half);
  while (i < half && j < n) room[k++] = row_cmp(m, q, rows[i], rows[j]) < 0 ? rows[i++] : rows[j++];
  while (i < half) room[k++] = rows[i++];
  while (j < n) room[k++] = rows[j++];
  memcpy(rows, room, n * sizeof *rows);
}

size_t zd_model_sorted(zd_model *m, const zd_search_request *q, zd_row bound, zd_row *out) {
  size_t n = 0;
  zd_row *room = calloc(bound + 1, sizeof *room);
  if (!room) abort();
  m->joins = NULL; /* of another plan */
  zd_arena_reset(&m->asking);
  for (zd_row row = 0; row < bound; row++) {
    if (q->after != ZD_NO_ROW && row_cmp(m, q, row, q->after) <= 0) continue;
    if (zd_model_matches(m, q->plan, row, bound) && zd_model_current(m, row, bound)) out[n++] = row;
  }
  merge_sort(m, q, out, room, n);
  free(room);
  return n;
}

/* ---- questions ---- */

static zd_sort_key make_key(zd_model *m) {
  static const zd_slice heads[] = {ZD_S("word"), ZD_S("a"), ZD_S(""), ZD_S("\xff"),
                                   ZD_S("word1|1")};
  zd_sort_key key = {.by = ZD_SORT_FIELD, .descending = below(m, 2)};
  switch (below(m, 8)) {
    case 0:
      key.by = ZD_SORT_ROW;
      break;
    case 1:
      key.by = ZD_SORT_ID;
      break;
    case 2:
    case 3:
    case 4:
      key.kind = ZD_ENTRY_RANGE;
      key.field = ZD_MODEL_RANGE_FIELD + (uint32_t)below(m, ZD_MODEL_RANGES);
      break;
    default:
      key.kind = ZD_ENTRY_TERM;
      key.field = (uint32_t)below(m, ZD_MODEL_FIELDS);
      if (below(m, 3) == 0) key.prefix = heads[below(m, 5)];
      if (below(m, 3) == 0) key.from = heads[below(m, 5)];
  }
  return key;
}

static zd_search_request make_request(zd_model *m, zd_arena *arena, zd_row bound) {
  zd_sort_key *keys = ZD_NEW_ARRAY(arena, zd_sort_key, ZD_SORT_KEYS_MAX);
  zd_plan *any = ZD_NEW(arena, zd_plan); /* plans of few rows alone would test little */
  any->op = ZD_PLAN_TYPE;
  any->type = (uint32_t)below(m, ZD_MODEL_TYPES) + 7;
  if (below(m, 2)) any->op = ZD_PLAN_ALL;
  zd_search_request q = {.plan = below(m, 2) ? any : zd_model_plan(m, arena, 3),
                         .sort = keys,
                         .sort_count = 1 + below(m, below(m, 4) ? 3 : ZD_SORT_KEYS_MAX),
                         .order = below(m, 2) ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING,
                         .after = below(m, 3) == 0 || bound == 0 ? ZD_NO_ROW : below(m, bound),
                         .limit = below(m, 4) ? 1 + below(m, 20) : bound + 1};
  for (size_t i = 0; i < q.sort_count; i++) keys[i] = make_key(m);
  return q;
}

static const char *compare_one(zd_model *m, zd_index_view *v, zd_arena *arena) {
  zd_row bound = zd_index_view_row(v);
  zd_search_request q = make_request(m, arena, bound);
  zd_row *expected = zd_arena_alloc(arena, (bound + 1) * sizeof *expected);
  zd_row *actual = zd_arena_alloc(arena, (q.limit + 1) * sizeof *actual);
  size_t all = zd_model_sorted(m, &q, bound, expected), n = 0;
  size_t wanted = all < q.limit ? all : q.limit;
  zd_fault fault = {0};
  zd_row_facts facts = zd_model_facts(m);
  if (below(m, 2)) facts.entries_ns = 1u << below(m, 20); /* either way of sorting, or both */
  if (below(m, 2)) facts.vain_max = 1 + (unsigned)below(m, 8);
  if (zd_index_sorted(v, &q, &facts, NULL, actual, &n, &fault)) return "a sorted search failed";
  if (n != wanted) return "a sorted search found another number of rows";
  if (n && memcmp(actual, expected, n * sizeof *actual) != 0)
    return "a sorted search found other rows, or in another order";
  return NULL;
}

const char *zd_model_compare_sorted(zd_model *m, zd_index_view *v, unsigned rounds) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  const char *difference = NULL;
  for (unsigned i = 0; i < rounds && !difference; i++) {
    zd_arena_reset(&arena);
    difference = compare_one(m, v, &arena);
  }
  zd_arena_free(&arena);
  return difference;
}
