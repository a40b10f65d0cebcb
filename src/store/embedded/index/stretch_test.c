/* Questions that cover several terms of a field, long ones and short ones together, in memtables,
 * segments and several of both: each row is found once, wherever its terms' rows stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/testing/dice.h"
#include "store/embedded/index/index.h"
#include "store/testing/little_record.h"

/* Every row is resource r<row> of type 7. A row that has key k has the term of k in field 1 and
 * names r<k> in field 2. */
enum { ROWS = 5000, KEYS = 6, TYPE = 7, TERMS = 1, NAMES = 2 };
static const char *const terms[KEYS] = {"sa-even", "sb-odd",  "sc-even",
                                        "sd-odd",  "se-even", "sf-odd"};

typedef struct world {
  zd_index *index;
  zd_index_options options;
  char dir[64];
  bool has[ROWS][KEYS];
} world;

static void world_start(world *w) {
  memset(w->has, 0, sizeof w->has);
  strcpy(w->dir, "/tmp/zd-stretch-XXXXXX");
  if (!mkdtemp(w->dir)) fail();
  w->options = (zd_index_options){.dir = w->dir, .memtable_rows = 2 * ROWS};
  assert_int_equal(zd_index_open(&w->options, &w->index, NULL), ZD_OK);
}

static void world_end(world *w) {
  zd_index_close(w->index);
  zd_little_remove(w->dir);
}

/* Keys of lengths on both sides of what stands in one list. */
static void deal(world *w, zd_random *dice) {
  static const unsigned lengths[] = {0, 1, 2, 40, 600, 1023, 1024, 1025, 2500};
  for (unsigned k = 0; k < KEYS; k++) {
    unsigned n = lengths[zd_random_below(dice, sizeof lengths / sizeof *lengths)];
    for (unsigned i = 0; i < n; i++) {
      uint64_t row = zd_random_below(dice, ROWS);
      while (w->has[row][k]) row = (row + 1) % ROWS;
      w->has[row][k] = true;
    }
  }
}

static zd_slice id_of(zd_row row, zd_arena *arena) {
  return zd_arena_printf(arena, "r%u", (unsigned)row);
}

static zd_err entries_of(void *state, zd_row row, zd_arena *arena, const zd_entry **out, size_t *n,
                         zd_fault *fault) {
  const world *w = state;
  zd_entry *list = ZD_NEW_ARRAY(arena, zd_entry, 2 * KEYS);
  (void)fault;
  *n = 0;
  *out = list;
  for (unsigned k = 0; k < KEYS; k++) {
    if (!w->has[row][k]) continue;
    char *name = zd_arena_alloc(arena, ZD_NAME_MAX);
    size_t length = zd_name_write(name, TYPE, id_of(k, arena));
    list[(*n)++] = (zd_entry){.field = TERMS, .kind = ZD_ENTRY_TERM, .term = zd_slice_of(terms[k])};
    list[(*n)++] =
        (zd_entry){.field = NAMES, .kind = ZD_ENTRY_TERM, .term = zd_slice_make(name, length)};
  }
  return ZD_OK;
}

static zd_err name_of(void *state, zd_row row, zd_arena *arena, uint32_t *type, zd_slice *id,
                      zd_fault *fault) {
  (void)state, (void)fault;
  *type = TYPE;
  *id = id_of(row, arena);
  return ZD_OK;
}

static void append(world *w, zd_row from, zd_row to) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (zd_row row = from; row < to; row++) {
    zd_arena_reset(&arena);
    zd_index_row r = {.op = ZD_OP_CREATE, .previous = ZD_NO_ROW, .locator = row * 100};
    name_of(w, row, &arena, &r.type, &r.id, NULL);
    entries_of(w, row, &arena, &r.entries, &r.entry_count, NULL);
    assert_int_equal(zd_index_append(w->index, &r), ZD_OK);
  }
  zd_index_publish(w->index, to);
  zd_arena_free(&arena);
}

/* ---- questions ---- */

static const zd_slice hubs[] = {{"r0", 2}, {"r2", 2}, {"r3", 2}};
static const zd_plan three = {.op = ZD_PLAN_IDS, .type = TYPE, .ids = hubs, .id_count = 3};
static const zd_plan middle = {
    .op = ZD_PLAN_SPAN, .field = TERMS, .term = {"sb", 2}, .to = {"se", 2}};
static const zd_plan *const of_three[] = {&three};
static const zd_plan *const of_middle[] = {&middle};

/* The keys that answer a question; of the last one, the rows that they name. */
static const struct question {
  zd_plan plan;
  unsigned keys;
  bool named;
} questions[] = {
    {{.op = ZD_PLAN_PREFIX, .field = TERMS, .term = {"s", 1}}, 0x3F, false},
    {{.op = ZD_PLAN_PREFIX, .field = TERMS, .term = {"", 0}}, 0x3F, false},
    {{.op = ZD_PLAN_SPAN, .field = TERMS, .term = {"sb", 2}, .to = {"se", 2}}, 0x0E, false},
    {{.op = ZD_PLAN_SPAN, .field = TERMS, .term = {"sd", 2}}, 0x38, false},
    {{.op = ZD_PLAN_CONTAINS, .field = TERMS, .term = {"s", 1}, .to = {"odd", 3}}, 0x2A, false},
    {{.op = ZD_PLAN_CONTAINS, .field = TERMS, .term = {"s", 1}, .to = {"-", 1}}, 0x3F, false},
    {{.op = ZD_PLAN_REFERS, .field = NAMES, .children = of_three, .child_count = 1}, 0x0D, false},
    {{.op = ZD_PLAN_PREFIX, .field = NAMES, .term = {"\x01", 1}}, 0x3F, false},
    {{.op = ZD_PLAN_REFERRED,
      .type = TYPE,
      .field = NAMES,
      .children = of_middle,
      .child_count = 1},
     0x0E,
     true},
};

/* Some row that the middle keys answer names r<row>. */
static bool is_named(const world *w, zd_row row, unsigned keys) {
  if (row >= KEYS) return false;
  for (zd_row r = 0; r < ROWS; r++) {
    bool asked = false;
    for (unsigned k = 0; k < KEYS; k++) asked |= (keys >> k & 1) && w->has[r][k];
    if (asked && w->has[r][row]) return true;
  }
  return false;
}

static bool answers(const world *w, zd_row row, const struct question *q) {
  if (q->named) return is_named(w, row, q->keys);
  for (unsigned k = 0; k < KEYS; k++)
    if ((q->keys >> k & 1) && w->has[row][k]) return true;
  return false;
}

/* The place of a row in the order by its least (or greatest) key. */
static unsigned place_of(const world *w, zd_row row, bool descending) {
  for (unsigned i = 0; i < KEYS; i++)
    if (w->has[row][descending ? KEYS - 1 - i : i]) return i;
  return KEYS;
}

static void check_question(world *w, zd_index_view *v, size_t i) {
  const struct question *q = &questions[i];
  static zd_row rows[ROWS + 1];
  zd_fault fault = {0};
  for (int descending = 0; descending < 2; descending++) {
    zd_search_request ask = {.plan = &q->plan,
                             .after = ZD_NO_ROW,
                             .limit = ROWS + 1,
                             .order = descending ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING};
    size_t n, at = 0;
    uint64_t count = 0;
    if (zd_index_search(v, &ask, NULL, rows, &n, &fault) != ZD_OK) fail_msg("%s", fault.text);
    assert_int_equal(zd_index_count(v, &ask, NULL, &count, NULL), ZD_OK);
    for (zd_row r = 0; r < ROWS; r++) {
      zd_row row = descending ? ROWS - 1 - r : r;
      if (!answers(w, row, q)) continue;
      if (at >= n || rows[at] != row) fail_msg("question %zu: row %u missing", i, (unsigned)row);
      at++;
    }
    assert_int_equal(at, n);
    assert_int_equal(count, n);
  }
}

static void check_order(world *w, zd_index_view *v, bool descending) {
  static zd_row rows[ROWS];
  zd_plan all = {.op = ZD_PLAN_ALL};
  zd_sort_key key = {
      .by = ZD_SORT_FIELD, .descending = descending, .field = TERMS, .kind = ZD_ENTRY_TERM};
  zd_row_facts facts = {w, entries_of, name_of, 0, 0};
  zd_search_request ask = {
      .plan = &all, .sort = &key, .sort_count = 1, .after = ZD_NO_ROW, .limit = ROWS};
  size_t n, at = 0;
  assert_int_equal(zd_index_sorted(v, &ask, &facts, NULL, rows, &n, NULL), ZD_OK);
  assert_int_equal(n, ROWS);
  for (unsigned place = 0; place <= KEYS; place++)
    for (zd_row row = 0; row < ROWS; row++)
      if (place_of(w, row, descending) == place) assert_int_equal(rows[at++], row);
}

static void check(world *w) {
  zd_index_view *v;
  assert_int_equal(zd_index_view_acquire(w->index, &v), ZD_OK);
  for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) check_question(w, v, i);
  check_order(w, v, false);
  check_order(w, v, true);
  zd_index_view_release(v);
}

static void keys_of_any_length_answer_together(void **state) {
  (void)state;
  static world w;
  zd_random dice;
  zd_testing_dice(&dice, 1, 1);
  for (int round = 0; round < 25; round++) {
    zd_row cut = zd_random_below(&dice, ROWS);
    world_start(&w);
    deal(&w, &dice);
    append(&w, 0, cut);
    assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
    append(&w, cut, ROWS);
    check(&w);
    assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
    check(&w);
    assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
    check(&w);
    world_end(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(keys_of_any_length_answer_together)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
