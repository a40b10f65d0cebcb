/* Totals of ranges, which the columns tell where nothing speaks against it: against a walk over
 * all rows, over several chunks, with updates and deletions, at any snapshot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/testing/dice.h"
#include "store/embedded/index/index.h"
#include "store/testing/little_record.h"

/* In field DAYS values are a day long, in PERIODS of any length and open ones among them; a row has
 * one of each or none. In MANY a row may have two. */
enum { ROWS = 210000, CHUNK = 65536, TYPE = 7, DAYS = 1, PERIODS = 2, MANY = 3, FIELDS = 4 };

typedef struct value {
  int64_t low, high;
} value;

typedef struct row {
  value in[FIELDS], more; /* low > high: none; more: of MANY, too */
  zd_row previous;
  bool deleted;
} row;

typedef struct world {
  zd_index *index;
  char dir[64];
  zd_random dice;
  row *rows;
  size_t n;
} world;

static const value none = {1, 0};

static value a_value(world *w, uint32_t field) {
  int64_t low = (int64_t)zd_random_below(&w->dice, 3000) - 1000;
  if (zd_random_below(&w->dice, 8) == 0) return none;
  if (field == DAYS) return (value){low, low + 9};
  if (field == MANY) return (value){low, low};
  switch (zd_random_below(&w->dice, 6)) {
    case 0:
      return (value){low, INT64_MAX};
    case 1:
      return (value){INT64_MIN, low};
    default:
      return (value){low, low + (int64_t)zd_random_below(&w->dice, 400)};
  }
}

static void append(world *w, zd_row previous, bool deleted) {
  row *r = &w->rows[w->n];
  zd_entry entries[FIELDS];
  size_t n = 0;
  char id[32];
  *r = (row){{none, none, none, none}, none, previous, deleted};
  for (uint32_t f = DAYS; f <= MANY && !deleted; f++) r->in[f] = a_value(w, f);
  if (!deleted && zd_random_below(&w->dice, 3) == 0) r->more = a_value(w, MANY);
  for (uint32_t f = DAYS; f <= FIELDS; f++) {
    value v = f == FIELDS ? r->more : r->in[f];
    if (v.low > v.high) continue;
    entries[n++] = (zd_entry){
        .field = f == FIELDS ? MANY : f, .kind = ZD_ENTRY_RANGE, .low = v.low, .high = v.high};
  }
  snprintf(id, sizeof id, "r%zu", previous == ZD_NO_ROW ? w->n : (size_t)previous);
  zd_index_row made = {.op = deleted                 ? ZD_OP_DELETE
                             : previous == ZD_NO_ROW ? ZD_OP_CREATE
                                                     : ZD_OP_UPDATE,
                       .type = TYPE,
                       .id = zd_slice_of(id),
                       .previous = previous,
                       .locator = w->n * 100,
                       .entries = entries,
                       .entry_count = n};
  assert_int_equal(zd_index_append(w->index, &made), ZD_OK);
  w->n++;
}

/* Creations alone but in some stretches, so that some chunks stay as they were. */
static void fill(world *w, size_t to) {
  while (w->n < to) {
    bool stir = w->n > 30000 && w->n / 1000 % 40 == 3 && zd_random_below(&w->dice, 4) == 0;
    zd_row old = stir ? w->n - 30000 + zd_random_below(&w->dice, 20) : ZD_NO_ROW;
    if (stir && (w->rows[old].previous != ZD_NO_ROW || w->rows[old].deleted)) old = ZD_NO_ROW;
    for (size_t k = w->n; old != ZD_NO_ROW && k-- > w->n - 1100;)
      if (w->rows[k].previous == old) old = ZD_NO_ROW; /* superseded already */
    append(w, old, old != ZD_NO_ROW && zd_random_below(&w->dice, 3) == 0);
  }
  zd_index_publish(w->index, w->n);
}

static int64_t a_bound(world *w) {
  return (int64_t)zd_random_below(&w->dice, 4000) - 1500;
}

static zd_plan a_range(world *w, uint32_t field) {
  zd_plan p = {.op = ZD_PLAN_RANGE,
               .field = field,
               .low_min = INT64_MIN,
               .low_max = INT64_MAX,
               .high_min = INT64_MIN,
               .high_max = INT64_MAX};
  uint64_t which = zd_random_below(&w->dice, 7);
  if (which == 1 || which == 2) p.low_min = a_bound(w);
  if (which == 3 || which == 4) p.high_max = a_bound(w);
  if (which == 2 || which == 5) p.low_max = a_bound(w);
  if (which == 4 || which == 6) p.high_min = a_bound(w);
  return p;
}

static bool holds(const zd_plan *p, value v) {
  return v.low <= v.high && v.low >= p->low_min && v.low <= p->low_max && v.high >= p->high_min &&
         v.high <= p->high_max;
}

static uint64_t walk(const world *w, const zd_plan *ranges, size_t n, zd_row bound, bool all) {
  bool *dead = calloc(ROWS, sizeof *dead);
  uint64_t count = 0;
  assert_non_null(dead);
  for (zd_row i = 0; i < bound && !all; i++)
    if (w->rows[i].previous != ZD_NO_ROW) dead[w->rows[i].previous] = true;
  for (zd_row i = 0; i < bound; i++) {
    bool hit = false;
    for (size_t k = 0; k < n; k++)
      hit |= holds(&ranges[k], w->rows[i].in[ranges[k].field]) ||
             (ranges[k].field == MANY && holds(&ranges[k], w->rows[i].more));
    count += hit && !dead[i];
  }
  free(dead);
  return count;
}

/* Rows of the type that have no value in the field, and those that have: ":missing". */
static void ask_missing(world *w, zd_index_view *v, zd_row bound) {
  zd_plan any = {.op = ZD_PLAN_RANGE,
                 .field = DAYS + (uint32_t)zd_random_below(&w->dice, 3),
                 .low_min = INT64_MIN,
                 .low_max = INT64_MAX,
                 .high_min = INT64_MIN,
                 .high_max = INT64_MAX},
          more = {.op = ZD_PLAN_PREFIX, .field = FIELDS, .term = {"", 0}},
          type = {.op = ZD_PLAN_TYPE, .type = TYPE};
  const zd_plan *sides[2] = {&any, &more};
  zd_plan either = {.op = ZD_PLAN_OR, .children = sides, .child_count = 2};
  const zd_plan *one[1] = {&either};
  zd_plan none_of = {.op = ZD_PLAN_NOT, .children = one, .child_count = 1};
  const zd_plan *both[2] = {&type, &none_of};
  zd_plan rest = {.op = ZD_PLAN_AND, .children = both, .child_count = 2};
  uint64_t all = 0, with = 0, without = 0;
  zd_search_request q = {.plan = &type, .after = ZD_NO_ROW};
  assert_int_equal(zd_index_count(v, &q, NULL, &all, NULL), ZD_OK);
  q.plan = &either;
  assert_int_equal(zd_index_count(v, &q, NULL, &with, NULL), ZD_OK);
  assert_int_equal(with, walk(w, &any, 1, bound, false));
  q.plan = &rest;
  assert_int_equal(zd_index_count(v, &q, NULL, &without, NULL), ZD_OK);
  assert_int_equal(without, all - with);
}

static void ask(world *w, zd_index_view *v, zd_row bound) {
  zd_plan ranges[3], either = {.op = ZD_PLAN_OR};
  const zd_plan *sides[3] = {&ranges[0], &ranges[1], &ranges[2]};
  uint32_t field = DAYS + (uint32_t)zd_random_below(&w->dice, 3);
  either.child_count = 1 + (size_t)zd_random_below(&w->dice, 3);
  either.children = sides;
  for (size_t i = 0; i < either.child_count; i++) ranges[i] = a_range(w, field);
  uint64_t count = 0, cut = zd_random_below(&w->dice, 8) ? 0 : zd_random_below(&w->dice, bound);
  zd_search_request q = {.plan = &either,
                         .after = cut ? cut : ZD_NO_ROW,
                         .all_versions = zd_random_below(&w->dice, 4) == 0,
                         .order = ZD_SCAN_DESCENDING};
  assert_int_equal(zd_index_count(v, &q, NULL, &count, NULL), ZD_OK);
  if (cut) { /* rows before it: a state at which as many had been written, but for what came since
              */
    size_t n = 0;
    zd_row *rows = malloc(ROWS * sizeof *rows);
    assert_non_null(rows);
    q.limit = ROWS;
    assert_int_equal(zd_index_search(v, &q, NULL, rows, &n, NULL), ZD_OK);
    free(rows);
    assert_int_equal(count, n);
  } else {
    assert_int_equal(count, walk(w, ranges, either.child_count, bound, q.all_versions));
  }
}

static void compare(world *w, unsigned rounds) {
  for (unsigned i = 0; i < rounds; i++) {
    zd_index_view *v;
    zd_row bound = i % 3 ? w->n : 1 + zd_random_below(&w->dice, w->n);
    assert_int_equal(zd_index_view_acquire_at(w->index, bound, &v), ZD_OK);
    ask(w, v, bound);
    if (i % 5 == 0) ask_missing(w, v, bound);
    zd_index_view_release(v);
  }
}

static void columns_tell_what_a_walk_counts(void **state) {
  (void)state;
  world w = {.dir = "/tmp/zd-total-XXXXXX"};
  zd_testing_dice(&w.dice, 3, 5);
  w.rows = calloc(ROWS, sizeof *w.rows);
  if (!w.rows || !mkdtemp(w.dir)) fail();
  zd_index_options options = {.dir = w.dir, .memtable_rows = 70000};
  assert_int_equal(zd_index_open(&options, &w.index, NULL), ZD_OK);
  fill(&w, 3 * CHUNK / 2);
  compare(&w, 30);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  compare(&w, 150);
  fill(&w, ROWS - 1000);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  fill(&w, ROWS);
  compare(&w, 150);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
  compare(&w, 150);
  zd_index_close(w.index);
  zd_little_remove(w.dir);
  free(w.rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(columns_tell_what_a_walk_counts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
