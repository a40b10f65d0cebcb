/* contained_hits.c: matches of queries with _contained, one by one: which of the resources in a row
 * match, in which order (R4 search.html#contained).
 *
 * A hit has no place in the index: the rows that may have some are read. In the order of rows a
 * page reads what it shows; with _sort all matches are found, given their values, and sorted, for
 * every page anew, on the state of the first.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "search/entries/contained_match.h"

enum { STEP = 512 };

typedef struct seeking {
  const zd_search *s;
  zd_snapshot *v;
  const zd_query *q;
  uint64_t deadline_ns;
  size_t memory_max;
  zd_arena *arena; /* the result */
  zd_fault *fault;
} seeking;

static zd_err in_time(const seeking *k) {
  if (!k->deadline_ns || zd_clock_monotonic_ns() < k->deadline_ns) return ZD_OK;
  return zd_fail(k->fault, ZD_ERR_LIMIT, "looking into contained resources takes too long");
}

uint32_t zd_search_inner(const zd_search *s, const zd_tree *tree, uint32_t inner) {
  uint32_t c = 0;
  for (uint32_t i = 0; i < inner; i++)
    if (!(c = zd_contained_next(s, tree, 0, c))) return 0;
  return c;
}

/* ---- the hits of one row ---- */

typedef struct row_hits {
  zd_hit *items;
  size_t n, room;
} row_hits;

static zd_err add_hit(row_hits *h, zd_row row, uint32_t inner, zd_arena *arena) {
  if (h->n == h->room) {
    size_t room = h->room ? h->room * 2 : 4;
    zd_hit *items = ZD_NEW_ARRAY(arena, zd_hit, room);
    if (!items) return ZD_ERR_MEMORY;
    if (h->n) memcpy(items, h->items, h->n * sizeof *items);
    h->items = items;
    h->room = room;
  }
  h->items[h->n++] = (zd_hit){row, inner};
  return ZD_OK;
}

/* Whether the row itself matches: one of `both`. */
static zd_err matches_itself(const seeking *k, zd_row row, bool *yes) {
  const zd_plan here = {.op = ZD_PLAN_ROWS, .first = row, .last = row + 1};
  const zd_plan *both[] = {&here, k->q->contained->plan};
  const zd_plan plan = {.op = ZD_PLAN_AND, .children = both, .child_count = 2};
  zd_search_request ask = {.plan = &plan,
                           .after = ZD_NO_ROW,
                           .limit = 1,
                           .deadline_ns = k->deadline_ns,
                           .memory_max = k->memory_max};
  zd_row found;
  size_t n = 0;
  *yes = false;
  if (!k->q->contained->both) return ZD_OK;
  zd_err err = zd_snapshot_search(k->v, &ask, &found, &n, k->fault);
  *yes = n > 0;
  return err;
}

/* A row read: its tree, and what it contains of what is asked. */
static zd_err read_row(const seeking *k, zd_row row, zd_arena *arena, zd_tree *tree) {
  zd_record record;
  zd_err err = zd_snapshot_read(k->v, row, false, arena, &record, k->fault);
  if (!err && !record.body.n) err = ZD_ERR_CORRUPT; /* what was deleted matches nothing */
  return err ? err : zd_stored_tree(k->s, record.type, record.body, arena, tree);
}

static zd_err inner_hits(const seeking *k, zd_row row, const zd_tree *tree, zd_arena *scratch,
                         zd_arena *arena, row_hits *out) {
  zd_inner container = {.s = k->s, .v = k->v, .arena = scratch, .tree = tree, .row = row};
  uint32_t inner = 1;
  zd_err err = ZD_OK;
  for (uint32_t c = 0; !err && (c = zd_contained_next(k->s, tree, 0, c)); inner++) {
    bool hit;
    err = zd_contained_ask_at(&container, k->q->contained, c, &hit);
    if (!err && hit) err = add_hit(out, row, inner, arena);
  }
  return err;
}

static zd_err hits_of(const seeking *k, zd_row row, zd_arena *arena, row_hits *out) {
  zd_arena scratch;
  zd_tree tree;
  bool itself;
  *out = (row_hits){0};
  zd_err err = matches_itself(k, row, &itself);
  if (!err && itself) err = add_hit(out, row, 0, arena);
  if (err) return err;
  zd_arena_init(&scratch, 0);
  err = read_row(k, row, &scratch, &tree);
  if (!err) err = inner_hits(k, row, &tree, &scratch, arena, out);
  zd_arena_free(&scratch);
  return err;
}

zd_err zd_search_contained_in(const zd_search *s, zd_snapshot *v, const zd_query *q, zd_row row,
                              uint64_t deadline_ns, zd_arena *arena, const zd_hit **out, size_t *n,
                              zd_fault *fault) {
  const seeking k = {.s = s, .v = v, .q = q, .deadline_ns = deadline_ns, .fault = fault};
  row_hits hits;
  zd_err err = in_time(&k);
  if (!err) err = hits_of(&k, row, arena, &hits);
  *out = err ? NULL : hits.items;
  *n = err ? 0 : hits.n;
  return err;
}

/* ---- in the order of rows ---- */

typedef struct page {
  const zd_hits_request *ask;
  zd_hit *out;
  size_t n;
} page;

/* Those of a row that lie behind `after`, in the direction of the page. */
static void take_hits(page *p, const row_hits *h) {
  bool down = p->ask->descending;
  for (size_t i = 0; i < h->n && p->n < p->ask->limit; i++) {
    zd_hit x = h->items[down ? h->n - 1 - i : i];
    bool here = x.row == p->ask->after.row;
    if (here && (down ? x.inner >= p->ask->after.inner : x.inner <= p->ask->after.inner)) continue;
    p->out[p->n++] = x;
  }
}

static zd_err take_row(const seeking *k, zd_row row, page *p) {
  zd_arena arena;
  row_hits hits;
  zd_arena_init(&arena, 0);
  zd_err err = in_time(k);
  if (!err) err = hits_of(k, row, &arena, &hits);
  if (!err) take_hits(p, &hits);
  zd_arena_free(&arena);
  return err;
}

/* The row where the page before ended may have more; then those behind it. */
static zd_err by_row(const seeking *k, page *p) {
  const zd_hits_request *ask = p->ask;
  zd_search_request search = {.plan = k->q->plan,
                              .order = ask->descending ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING,
                              .after = ask->after.row,
                              .deadline_ns = k->deadline_ns,
                              .memory_max = k->memory_max};
  zd_row rows[STEP];
  size_t n = 1;
  zd_err err = ask->after.row != ZD_NO_ROW ? take_row(k, ask->after.row, p) : ZD_OK;
  while (!err && n && p->n < ask->limit) {
    search.limit = ask->limit - p->n < STEP ? ask->limit - p->n : STEP;
    err = zd_snapshot_search(k->v, &search, rows, &n, k->fault);
    for (size_t i = 0; i < n && !err && p->n < ask->limit; i++) err = take_row(k, rows[i], p);
    if (n) search.after = rows[n - 1];
  }
  return err;
}

/* ---- in another order ---- */

/* What a match stands at under a key. */
typedef struct value {
  bool there;
  uint64_t number; /* images of ranges and rows: order of unsigned numbers */
  zd_slice text;   /* terms and ids */
} value;

typedef struct sorted {
  zd_hit hit;
  value *values; /* one a key */
} sorted;

typedef struct listing {
  seeking k;
  sorted *items;
  size_t n, room;
  zd_arena scratch; /* of one row */
} listing;

static int compare_values(const value *a, const value *b) {
  if (a->number != b->number) return a->number < b->number ? -1 : 1;
  return zd_slice_cmp(a->text, b->text);
}

static int compare(const zd_query *q, const sorted *a, const sorted *b) {
  for (size_t i = 0; i < q->sort_count; i++) {
    const value *x = &a->values[i], *y = &b->values[i];
    if (x->there != y->there) return x->there ? -1 : 1;
    int order = x->there ? compare_values(x, y) : 0;
    if (order) return q->sort[i].descending ? -order : order;
  }
  if (a->hit.row != b->hit.row) return a->hit.row < b->hit.row ? -1 : 1;
  return a->hit.inner < b->hit.inner ? -1 : a->hit.inner > b->hit.inner;
}

/* Merge sort: the comparison needs the query, which qsort cannot carry. */
static void sort_range(const zd_query *q, sorted *items, sorted *room, size_t n) {
  if (n < 2) return;
  size_t half = n / 2;
  sort_range(q, items, room, half);
  sort_range(q, items + half, room, n - half);
  memcpy(room, items, half * sizeof *items);
  for (size_t a = 0, b = half, to = 0; a < half; to++)
    items[to] = b < n && compare(q, &items[b], &room[a]) < 0 ? items[b++] : room[a++];
}

/* The better of two: the least, descending the greatest. */
static void keep(value *at, value x, bool descending) {
  int order = at->there ? compare_values(&x, at) : 0;
  if (!at->there || (descending ? order > 0 : order < 0)) *at = x;
}

static void take_entry(const zd_sort_key *key, const zd_entry *e, value *at) {
  value x = {.there = true};
  if (e->field != key->field || e->kind != key->kind) return;
  if (e->kind == ZD_ENTRY_RANGE) {
    if (e->term.n) return; /* fields are ordered by their column without a name */
    x.number = (uint64_t)e->low ^ (UINT64_C(1) << 63);
  } else {
    if (!zd_slice_starts(e->term, key->prefix)) return;
    if (key->from.p && zd_slice_cmp(e->term, key->from) < 0) return;
    x.text = e->term;
  }
  keep(at, x, key->descending);
}

/* What stands under _id and _lastUpdated: of a contained resource its own id, and no time. A
 * container that is shown itself stands by its own. */
static zd_err own_value(const listing *l, const zd_sort_key *key, zd_hit hit, const zd_tree *tree,
                        zd_arena *arena, value *at) {
  uint32_t node = hit.inner ? zd_search_inner(l->k.s, tree, hit.inner) : 0;
  zd_source source = {.search = l->k.s, .tree = tree, .arena = arena};
  zd_slice id = {NULL, 0};
  if (key->by == ZD_SORT_ROW) {
    *at = (value){.there = !hit.inner, .number = hit.row};
    return ZD_OK;
  }
  zd_err err = zd_contained_id(&source, node, &id);
  *at = (value){.there = id.p != NULL,
                .number = zd_search_type_symbol(l->k.s, tree->nodes[node].type),
                .text = id};
  return err;
}

static zd_err entries_of(const listing *l, zd_hit hit, const zd_tree *tree, zd_arena *arena,
                         const zd_entry **out, size_t *n) {
  if (!hit.inner) return zd_snapshot_entries(l->k.v, hit.row, arena, out, n, l->k.fault);
  uint32_t node = zd_search_inner(l->k.s, tree, hit.inner);
  return zd_entries_within(l->k.s, tree, 0, node, arena, out, n);
}

/* The values that one of the matches of a row gives it. */
static zd_err add_values(listing *l, zd_hit hit, const zd_tree *tree, value *values) {
  const zd_query *q = l->k.q;
  const zd_entry *entries = NULL;
  size_t n = 0;
  zd_err err = entries_of(l, hit, tree, &l->scratch, &entries, &n);
  for (size_t i = 0; i < q->sort_count && !err; i++)
    for (size_t e = 0; q->sort[i].by == ZD_SORT_FIELD && e < n; e++)
      take_entry(&q->sort[i], &entries[e], &values[i]);
  return err;
}

/* Terms and ids outlive the row. */
static zd_err keep_texts(listing *l, value *values) {
  for (size_t i = 0; i < l->k.q->sort_count; i++) {
    if (!values[i].there || !values[i].text.p) continue;
    values[i].text = zd_arena_copy(l->k.arena, values[i].text);
    if (!values[i].text.p) return ZD_ERR_MEMORY;
  }
  return ZD_OK;
}

static zd_err new_item(listing *l, zd_hit hit, sorted **out) {
  if (l->n == ZD_HITS_SORTED_MAX)
    return zd_fail(l->k.fault, ZD_ERR_LIMIT,
                   "_contained: more than %d matches are not sorted; ask for less, or without "
                   "_sort",
                   ZD_HITS_SORTED_MAX);
  if (l->n == l->room) {
    size_t room = l->room ? l->room * 2 : 256;
    sorted *items = ZD_NEW_ARRAY(l->k.arena, sorted, room);
    if (!items) return ZD_ERR_MEMORY;
    if (l->n) memcpy(items, l->items, l->n * sizeof *items);
    l->items = items;
    l->room = room;
  }
  sorted *x = &l->items[l->n++];
  *x = (sorted){hit, ZD_NEW_ARRAY(l->k.arena, value, l->k.q->sort_count + 1)};
  *out = x;
  return x->values ? ZD_OK : ZD_ERR_MEMORY;
}

/* One match of the answer, by the hits that make it: one, or all of a container. */
static zd_err add_match(listing *l, zd_hit shown, const zd_hit *hits, size_t n,
                        const zd_tree *tree) {
  const zd_query *q = l->k.q;
  sorted *x = NULL;
  zd_err err = new_item(l, shown, &x);
  if (err || !x) return err;
  for (size_t i = 0; i < n && !err; i++) err = add_values(l, hits[i], tree, x->values);
  for (size_t i = 0; i < q->sort_count && !err; i++)
    if (q->sort[i].by != ZD_SORT_FIELD)
      err = own_value(l, &q->sort[i], shown, tree, &l->scratch, &x->values[i]);
  return err ? err : keep_texts(l, x->values);
}

static zd_err list_row(listing *l, zd_row row) {
  zd_tree tree;
  row_hits hits;
  zd_arena_reset(&l->scratch);
  zd_err err = in_time(&l->k);
  if (!err) err = hits_of(&l->k, row, &l->scratch, &hits);
  if (!err) err = read_row(&l->k, row, &l->scratch, &tree);
  if (err || !hits.n) return err;
  if (!l->k.q->contained->apart) return add_match(l, (zd_hit){row, 0}, hits.items, hits.n, &tree);
  for (size_t i = 0; i < hits.n && !err; i++)
    err = add_match(l, hits.items[i], &hits.items[i], 1, &tree);
  return err;
}

static zd_err list_all(listing *l) {
  zd_search_request search = {.plan = l->k.q->plan,
                              .after = ZD_NO_ROW,
                              .limit = STEP,
                              .deadline_ns = l->k.deadline_ns,
                              .memory_max = l->k.memory_max};
  zd_row rows[STEP];
  size_t n = STEP;
  zd_err err = ZD_OK;
  while (!err && n == STEP) {
    err = zd_snapshot_search(l->k.v, &search, rows, &n, l->k.fault);
    for (size_t i = 0; i < n && !err; i++) err = list_row(l, rows[i]);
    if (n) search.after = rows[n - 1];
  }
  return err;
}

static zd_err take_sorted(const listing *l, page *p) {
  const zd_hits_request *ask = p->ask;
  size_t place = ask->descending ? l->n : 0;
  if (ask->after.row != ZD_NO_ROW) {
    for (place = 0; place < l->n; place++)
      if (l->items[place].hit.row == ask->after.row &&
          l->items[place].hit.inner == ask->after.inner)
        break;
    if (place == l->n) return ZD_ERR_INVALID;
    place += !ask->descending;
  }
  size_t left = ask->descending ? place : l->n - place;
  p->n = left < ask->limit ? left : ask->limit;
  for (size_t i = 0; i < p->n; i++)
    p->out[i] = l->items[ask->descending ? place - 1 - i : place + i].hit;
  return ZD_OK;
}

static zd_err by_value(const seeking *k, page *p) {
  listing l = {.k = *k};
  zd_arena_init(&l.scratch, 0);
  zd_err err = list_all(&l);
  sorted *room = ZD_NEW_ARRAY(k->arena, sorted, l.n / 2 + 1);
  if (!err && !room) err = ZD_ERR_MEMORY;
  if (!err) sort_range(k->q, l.items, room, l.n);
  if (!err) err = take_sorted(&l, p);
  zd_arena_free(&l.scratch);
  return err;
}

zd_err zd_search_contained(const zd_search *s, zd_snapshot *v, const zd_query *q,
                           const zd_hits_request *ask, zd_arena *arena, zd_hit *out, size_t *n,
                           zd_fault *fault) {
  const seeking k = {.s = s,
                     .v = v,
                     .q = q,
                     .deadline_ns = ask->deadline_ns,
                     .memory_max = ask->memory_max,
                     .arena = arena,
                     .fault = fault};
  page p = {ask, out, 0};
  zd_err err = q->sort_count ? by_value(&k, &p) : by_row(&k, &p);
  *n = err ? 0 : p.n;
  return err;
}

/* ---- how many ---- */

/* Those contained in the rows; the others are counted by the index. */
zd_err zd_search_contained_count(const zd_search *s, zd_snapshot *v, const zd_query *q,
                                 uint64_t deadline_ns, size_t memory_max, uint64_t *n,
                                 zd_fault *fault) {
  zd_query inner = *q;
  zd_contained_ask only = *q->contained;
  zd_hit hits[STEP];
  zd_hits_request ask = {.after = {.row = ZD_NO_ROW},
                         .limit = STEP,
                         .deadline_ns = deadline_ns,
                         .memory_max = memory_max};
  zd_search_request rows = {
      .plan = only.plan, .after = ZD_NO_ROW, .deadline_ns = deadline_ns, .memory_max = memory_max};
  size_t some = STEP;
  *n = 0;
  zd_err err = only.both ? zd_snapshot_count(v, &rows, n, fault) : ZD_OK;
  only.both = false;
  inner.contained = &only;
  inner.plan = only.holders;
  inner.sort_count = 0;
  while (!err && some == STEP) {
    err = zd_search_contained(s, v, &inner, &ask, NULL, hits, &some, fault);
    *n += some;
    if (some) ask.after = hits[some - 1];
  }
  return err;
}
