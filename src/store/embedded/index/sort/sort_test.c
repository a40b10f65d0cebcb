/* Sorted searches against the naive truth: over any mixture of parts, every state ever published,
 * any keys, from the start or behind any row, in both directions, by reading rows or by walking. */
#include <stdio.h>

#include "base/testing/scarcity.h"
#include "store/testing/index_world.h"

static void compare_at(world *w, zd_row row, unsigned rounds) {
  zd_index_view *v;
  assert_int_equal(zd_index_view_acquire_at(w->index, row, &v), ZD_OK);
  const char *difference = zd_model_compare_sorted(&w->model, v, rounds);
  if (difference) print_error("at row %llu: %s\n", (unsigned long long)row, difference);
  assert_null(difference);
  zd_index_view_release(v);
}

static void compare(world *w, unsigned rounds) {
  zd_row published = zd_index_published(w->index);
  compare_at(w, published, rounds);
  for (int i = 0; i < 3; i++) compare_at(w, zd_random_below(&w->model.dice, published + 1), rounds);
}

static void memtables_are_sorted_as_by_the_oracle(void **state) {
  (void)state;
  world w;
  world_start(&w, 1, 200, 10000);
  compare(&w, 5);
  for (int i = 0; i < 3; i++) {
    grow(&w, 150);
    compare(&w, 100);
  }
  world_end(&w);
}

static void segments_are_sorted_as_by_the_oracle(void **state) {
  (void)state;
  world w;
  world_start(&w, 2, 300, 10000);
  grow(&w, 500);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  compare(&w, 200);
  world_end(&w);
}

static void any_mixture_is_sorted_as_by_the_oracle(void **state) {
  (void)state;
  for (uint64_t seed = 10; seed < 14; seed++) {
    world w;
    world_start(&w, seed, 40 + (unsigned)seed * 10, 64);
    for (int step = 0; step < 15; step++) {
      switch (zd_random_below(&w.model.dice, 5)) {
        case 0:
          assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
          break;
        case 1:
          assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
          break;
        default:
          grow(&w, (size_t)zd_random_below(&w.model.dice, 60));
      }
      compare(&w, 25);
    }
    world_end(&w);
  }
}

/* ---- parts that come and go ---- */

/* A page after the other over one pinned state, while rows are added and parts flushed and merged:
 * together they are the whole answer. */
static void pages_follow_each_other_through_merges(void **state) {
  (void)state;
  world w;
  world_start(&w, 31, 200, 64);
  grow(&w, 300);
  zd_plan plan = {.op = ZD_PLAN_ALL};
  zd_sort_key keys[] = {{.by = ZD_SORT_FIELD, .field = 2, .kind = ZD_ENTRY_TERM},
                        {.by = ZD_SORT_FIELD,
                         .descending = true,
                         .field = ZD_MODEL_RANGE_FIELD,
                         .kind = ZD_ENTRY_RANGE}};
  zd_search_request q = {
      .plan = &plan, .sort = keys, .sort_count = 2, .after = ZD_NO_ROW, .limit = 7};
  zd_row expected[300], rows[7];
  for (int order = 0; order < 2; order++) {
    q.order = order ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING;
    q.after = ZD_NO_ROW;
    size_t all = zd_model_sorted(&w.model, &q, 300, expected), at = 0, n = 1;
    zd_row_facts facts = zd_model_facts(&w.model);
    for (int page = 0; n > 0; page++) {
      zd_index_view *v;
      assert_int_equal(zd_index_view_acquire_at(w.index, 300, &v), ZD_OK);
      assert_int_equal(zd_index_sorted(v, &q, &facts, NULL, rows, &n, NULL), ZD_OK);
      zd_index_view_release(v);
      for (size_t i = 0; i < n; i++) assert_int_equal(rows[i], expected[at++]);
      if (n) q.after = rows[n - 1];
      grow(&w, 5);
      if (page % 3 == 1) assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
      if (page % 7 == 2) assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
    }
    assert_int_equal(at, all);
  }
  world_end(&w);
}

/* Fields indexed later, in pieces that overlap each other and fit no part. */
static void supplements_are_sorted_like_the_rest(void **state) {
  (void)state;
  world w;
  world_start(&w, 9, 120, 64);
  enum { ROWS = 400, STEP = 150, OVERLAP = 30 };
  grow_early(&w, ROWS);
  for (zd_row first = 0; first < ROWS; first += STEP)
    supplement(&w, first, first + STEP + OVERLAP < ROWS ? first + STEP + OVERLAP : ROWS);
  compare(&w, 100);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  compare(&w, 100);
  grow(&w, 50);
  compare(&w, 50);
  assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
  compare(&w, 50);
  world_end(&w);
}

/* ---- budgets ---- */

static void what_cannot_be_sorted_is_refused(void **state) {
  (void)state;
  world w;
  world_start(&w, 5, 100, 64);
  grow(&w, 200);
  zd_plan plan = {.op = ZD_PLAN_ALL};
  zd_sort_key keys[ZD_SORT_KEYS_MAX + 1] = {
      {.by = ZD_SORT_FIELD, .field = 1, .kind = ZD_ENTRY_TERM}};
  const zd_search_request sound = {
      .plan = &plan, .sort = keys, .sort_count = 1, .after = ZD_NO_ROW, .limit = 5};
  struct {
    zd_search_request q;
    zd_err err;
  } cases[6] = {{sound, ZD_OK},          {sound, ZD_ERR_INVALID}, {sound, ZD_ERR_INVALID},
                {sound, ZD_ERR_INVALID}, {sound, ZD_ERR_LIMIT},   {sound, ZD_ERR_LIMIT}};
  cases[1].q.sort_count = ZD_SORT_KEYS_MAX + 1;
  cases[2].q.all_versions = true;
  cases[3].q.after = 200;
  cases[4].q.deadline_ns = 1;
  cases[5].q.memory_max = 9000;
  zd_index_view *v;
  zd_row_facts facts = zd_model_facts(&w.model);
  assert_int_equal(zd_index_view_acquire(w.index, &v), ZD_OK);
  for (size_t i = 0; i < 6; i++) {
    zd_row rows[5];
    size_t n = 9;
    zd_fault fault = {0};
    assert_int_equal(zd_index_sorted(v, &cases[i].q, &facts, NULL, rows, &n, &fault), cases[i].err);
    assert_int_equal(n, cases[i].err ? 0 : 5);
    assert_int_equal(fault.code, cases[i].err);
  }
  zd_index_view_release(v);
  world_end(&w);
}

static zd_err counted_check(void *state, struct zd_snapshot *v, zd_row row, bool *hit) {
  unsigned *asked = state;
  (void)v;
  ++*asked;
  *hit = row % 2 == 0;
  return ZD_OK;
}

/* A CHECK reads resources: it is asked of the rows of the page, not of all that are sorted. */
static void checks_are_asked_as_far_as_the_page_needs(void **state) {
  (void)state;
  world w;
  world_start(&w, 6, 2000, 10000);
  grow(&w, 1000);
  unsigned asked = 0;
  zd_plan all = {.op = ZD_PLAN_ALL};
  const zd_plan *child = &all;
  zd_plan plan = {.op = ZD_PLAN_CHECK,
                  .children = &child,
                  .child_count = 1,
                  .check = counted_check,
                  .check_state = &asked};
  zd_sort_key key = {.by = ZD_SORT_FIELD, .field = 1, .kind = ZD_ENTRY_TERM};
  zd_search_request q = {
      .plan = &plan, .sort = &key, .sort_count = 1, .after = ZD_NO_ROW, .limit = 10};
  zd_index_view *v;
  zd_row_facts facts = zd_model_facts(&w.model);
  zd_row rows[10];
  size_t n;
  assert_int_equal(zd_index_view_acquire(w.index, &v), ZD_OK);
  assert_int_equal(zd_index_sorted(v, &q, &facts, NULL, rows, &n, NULL), ZD_OK);
  assert_int_equal(n, 10);
  for (size_t i = 0; i < n; i++) assert_int_equal(rows[i] % 2, 0);
  assert_true(asked < 60);
  zd_index_view_release(v);
  world_end(&w);
}

static void memory_that_ends_is_an_error(void **state) {
  (void)state;
  world w;
  world_start(&w, 7, 150, 64);
  grow(&w, 250);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  grow(&w, 100);
  zd_plan plan = {.op = ZD_PLAN_ALL};
  zd_sort_key keys[] = {
      {.by = ZD_SORT_FIELD, .field = 1, .kind = ZD_ENTRY_TERM},
      {.by = ZD_SORT_FIELD, .field = ZD_MODEL_RANGE_FIELD + 1, .kind = ZD_ENTRY_RANGE},
      {.by = ZD_SORT_ID, .descending = true}};
  zd_index_view *v;
  zd_row_facts facts = zd_model_facts(&w.model);
  assert_int_equal(zd_index_view_acquire(w.index, &v), ZD_OK);
  for (unsigned way = 0; way < 8; way++) {
    zd_row expected[350], rows[350];
    zd_search_request q = {.plan = &plan,
                           .sort = keys + way % 3,
                           .sort_count = 3 - way % 3,
                           .order = way & 1 ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING,
                           .after = way & 2 ? 100 : ZD_NO_ROW,
                           .limit = 350};
    size_t all = zd_model_sorted(&w.model, &q, 350, expected), n;
    facts.entries_ns = way & 4 ? 1 : 1000000;
    facts.vain_max = way & 4 ? 0 : 1;
    bool failed = true;
    for (uint64_t nth = 1; failed; nth++) {
      zd_scarcity_begin(nth);
      zd_err err = zd_index_sorted(v, &q, &facts, NULL, rows, &n, NULL);
      failed = zd_scarcity_end();
      assert_int_equal(err, failed ? ZD_ERR_MEMORY : ZD_OK);
      assert_int_equal(n, failed ? 0 : all);
    }
    assert_memory_equal(rows, expected, all * sizeof *rows);
  }
  zd_index_view_release(v);
  world_end(&w);
}

/* ---- many rows ---- */

/* Rows by formula, so many that groups are bitmaps and runs of columns. Field 1: one of three words
 * and, of every ninth row, another one; field 2: one of 5,000 words; field 100: one of 700 numbers,
 * a second one of every seventh row, none of every eleventh. Each 13th row is superseded. */
enum { MANY = 150000 };

typedef struct crowd {
  zd_index *index;
  zd_sort_key keys[4];
  size_t key_count;
} crowd;

static size_t crowd_entries(zd_row row, zd_arena *arena, zd_entry *out) {
  static const zd_slice words[] = {ZD_S("amber"), ZD_S("beryl"), ZD_S("coral")};
  uint32_t r = (uint32_t)row;
  size_t n = 0;
  out[n++] = (zd_entry){.field = 1, .kind = ZD_ENTRY_TERM, .term = words[r % 3]};
  if (r % 9 == 4) out[n++] = (zd_entry){.field = 1, .kind = ZD_ENTRY_TERM, .term = words[r % 2]};
  zd_slice word = zd_arena_printf(arena, "w%04u", r * 2654435761u % 5000);
  out[n++] = (zd_entry){.field = 2, .kind = ZD_ENTRY_TERM, .term = word};
  int64_t low = r * 2246822519u % 700;
  if (r % 11) out[n++] = (zd_entry){.field = 100, .kind = ZD_ENTRY_RANGE, .low = low, .high = low};
  low = r * 3266489917u % 700;
  if (r % 7 == 0 && r % 11)
    out[n++] = (zd_entry){.field = 100, .kind = ZD_ENTRY_RANGE, .low = low, .high = low + 3};
  return n;
}

static zd_err crowd_entries_of(void *state, zd_row row, zd_arena *arena, const zd_entry **out,
                               size_t *n, zd_fault *fault) {
  (void)state, (void)fault;
  zd_entry *list = ZD_NEW_ARRAY(arena, zd_entry, 8);
  *n = crowd_entries(row, arena, list);
  *out = list;
  return ZD_OK;
}

static zd_err crowd_name_of(void *state, zd_row row, zd_arena *arena, uint32_t *type, zd_slice *id,
                            zd_fault *fault) {
  (void)state, (void)fault;
  *type = 7;
  *id = zd_arena_printf(arena, "r%u", (unsigned)(row % 13 == 12 ? row - 5 : row));
  return ZD_OK;
}

static void crowd_fill(zd_index *x) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (zd_row row = 0; row < MANY; row++) {
    zd_entry list[8];
    zd_arena_reset(&arena);
    zd_index_row r = {.type = 7, .previous = ZD_NO_ROW, .entries = list};
    crowd_name_of(NULL, row, &arena, &r.type, &r.id, NULL);
    if (row % 13 == 12) r.previous = row - 5;
    r.op = row % 13 == 12 ? ZD_OP_UPDATE : ZD_OP_CREATE;
    r.entry_count = crowd_entries(row, &arena, list);
    assert_int_equal(zd_index_append(x, &r), ZD_OK);
    if (row == 100000) {
      zd_index_publish(x, row + 1);
      assert_int_equal(zd_index_flush(x, NULL), ZD_OK);
    }
  }
  zd_index_publish(x, MANY);
  zd_arena_free(&arena);
}

typedef struct standing {
  zd_row row;
  char key[64]; /* its values, so written that comparing bytes compares them */
} standing;

static int by_standing(const void *x, const void *y) {
  const standing *a = x, *b = y;
  int order = memcmp(a->key, b->key, sizeof a->key);
  return order ? order : (a->row > b->row) - (a->row < b->row);
}

/* Sixteen bytes for each key; turned over when it descends. */
static void write_standing(const crowd *c, zd_row row, standing *out) {
  zd_arena arena;
  zd_entry list[8];
  zd_arena_init(&arena, 0);
  size_t n = crowd_entries(row, &arena, list);
  memset(out->key, 0, sizeof out->key);
  for (size_t k = 0; k < c->key_count; k++) {
    const zd_sort_key *key = &c->keys[k];
    char best[17] = {0}, *to = out->key + 16 * k;
    for (size_t i = 0; i < n; i++) {
      char value[17] = {0};
      if (list[i].field != key->field) continue;
      if (list[i].kind == ZD_ENTRY_TERM)
        snprintf(value, sizeof value, "%.*s", ZD_SV(list[i].term));
      else
        snprintf(value, sizeof value, "%05d", (int)list[i].low);
      int order = best[0] ? memcmp(value, best, 16) : -1;
      if (!best[0] || (key->descending ? order > 0 : order < 0)) memcpy(best, value, 16);
    }
    bool missing = !best[0];
    for (size_t i = 0; i < 16; i++) to[i] = key->descending ? (char)(127 - best[i]) : best[i];
    if (missing) memset(to, 127, 16);
  }
  out->row = row;
  zd_arena_free(&arena);
}

static size_t crowd_sorted(const crowd *c, standing *out) {
  size_t n = 0;
  for (zd_row row = 0; row < MANY; row++) {
    if (row % 13 != 7 || row + 5 >= MANY) write_standing(c, row, &out[n++]);
  }
  qsort(out, n, sizeof *out, by_standing);
  return n;
}

/* Pages from places everywhere in the order, in both directions. */
static void crowd_pages(const crowd *c, const standing *expected, size_t all, unsigned vain_max) {
  enum { PAGE = 40, PLACES = 25 };
  zd_index_view *v;
  zd_plan plan = {.op = ZD_PLAN_TYPE, .type = 7};
  zd_row_facts facts = {.entries = crowd_entries_of, .name = crowd_name_of, .vain_max = vain_max};
  assert_int_equal(zd_index_view_acquire(c->index, &v), ZD_OK);
  for (size_t i = 0; i <= PLACES; i++) {
    bool down = i % 2;
    size_t place = i < 2 ? all : all / PLACES * i, n; /* all: from the start */
    if (place == all && i >= 2) place = all - 5;
    zd_search_request q = {.plan = &plan,
                           .sort = c->keys,
                           .sort_count = c->key_count,
                           .order = down ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING,
                           .after = place < all ? expected[place].row : ZD_NO_ROW,
                           .limit = PAGE};
    zd_row rows[PAGE];
    assert_int_equal(zd_index_sorted(v, &q, &facts, NULL, rows, &n, NULL), ZD_OK);
    size_t first = place < all ? place : down ? all : SIZE_MAX;
    size_t wanted = down ? first : all - (first + 1);
    assert_int_equal(n, wanted < PAGE ? wanted : PAGE);
    for (size_t k = 0; k < n; k++)
      assert_int_equal(rows[k], expected[down ? first - 1 - k : first + 1 + k].row);
  }
  zd_index_view_release(v);
}

static void many_rows_are_sorted(void **state) {
  (void)state;
  world w;
  world_start(&w, 3, 1, 30000);
  standing *expected = calloc(MANY, sizeof *expected);
  crowd c = {.index = w.index};
  const zd_sort_key word = {.by = ZD_SORT_FIELD, .field = 1, .kind = ZD_ENTRY_TERM},
                    one_of_many = {.by = ZD_SORT_FIELD, .field = 2, .kind = ZD_ENTRY_TERM},
                    number = {.by = ZD_SORT_FIELD, .field = 100, .kind = ZD_ENTRY_RANGE};
  const zd_sort_key cases[][3] = {
      {word, number, one_of_many}, {number, one_of_many, word}, {one_of_many, word, number}};
  crowd_fill(w.index);
  for (unsigned i = 0; i < 18; i++) {
    memcpy(c.keys, cases[i % 3], sizeof cases[0]);
    c.key_count = 1 + i / 3 % 3;
    for (size_t k = 0; k < c.key_count; k++) c.keys[k].descending = (i >> k) & 1;
    if (i == 9) assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
    size_t all = crowd_sorted(&c, expected);
    crowd_pages(&c, expected, all, i % 4 == 3 ? 1 : 0);
  }
  free(expected);
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memtables_are_sorted_as_by_the_oracle),
      cmocka_unit_test(segments_are_sorted_as_by_the_oracle),
      cmocka_unit_test(any_mixture_is_sorted_as_by_the_oracle),
      cmocka_unit_test(pages_follow_each_other_through_merges),
      cmocka_unit_test(supplements_are_sorted_like_the_rest),
      cmocka_unit_test(what_cannot_be_sorted_is_refused),
      cmocka_unit_test(checks_are_asked_as_far_as_the_page_needs),
      cmocka_unit_test(memory_that_ends_is_an_error),
      cmocka_unit_test(many_rows_are_sorted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
