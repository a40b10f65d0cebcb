/* The index against a naive oracle: whatever is appended, attached, rolled back, flushed, merged,
 * reopened, every question about every state ever published has the same answer. */
#include <stdio.h>

#include "store/testing/index_world.h"

static bool in_batch(const world *w, size_t first, const zd_index_row *r) {
  return zd_model_newest(&w->model, r->type, r->id, w->model.n - 1) != ZD_NO_ROW &&
         zd_model_newest(&w->model, r->type, r->id, w->model.n - 1) >= first;
}

static void attach(world *w, size_t n) {
  size_t first = w->model.n;
  uint64_t base = 1000;
  zd_index_batch *b = zd_index_batch_new(n);
  assert_non_null(b);
  for (size_t i = 0; i < n; i++) {
    const zd_index_row *r = zd_model_row(&w->model);
    if (in_batch(w, first, r)) { /* a resource occurs once in a batch */
      zd_model_cut(&w->model, w->model.n - 1);
      continue;
    }
    zd_index_row relative = *r;
    w->model.rows[w->model.n - 1].locator += base;
    assert_int_equal(zd_index_batch_add(b, &relative), ZD_OK);
  }
  assert_int_equal(zd_index_batch_rows(b), w->model.n - first);
  assert_int_equal(zd_index_attach(w->index, b, base), ZD_OK);
}

/* Compares the present state and some earlier ones. */
static void compare(world *w, unsigned rounds) {
  for (int i = 0; i < 4; i++) {
    zd_row published = zd_index_published(w->index);
    zd_row row = i == 0 ? published : zd_random_below(&w->model.dice, published + 1);
    zd_index_view *v;
    assert_int_equal(zd_index_view_acquire_at(w->index, row, &v), ZD_OK);
    const char *difference = zd_model_compare(&w->model, v, rounds);
    if (difference)
      print_error("at row %llu of %llu: %s\n", (unsigned long long)row,
                  (unsigned long long)published, difference);
    assert_null(difference);
    zd_index_view_release(v);
  }
}

static void finding(void *context, const char *text) {
  (void)context;
  print_error("finding: %s\n", text);
}

/* The index proves itself sound and equal to the model. */
static void prove(world *w) {
  zd_index_view *v;
  zd_index_verifier *c;
  zd_fault fault = {0};
  assert_int_equal(zd_index_view_acquire(w->index, &v), ZD_OK);
  assert_int_equal(zd_index_check(v, finding, NULL, &fault), ZD_OK);
  assert_int_equal(zd_index_verify_begin(v, NULL, finding, NULL, &c), ZD_OK);
  for (zd_row row = 0; row < zd_index_view_row(v); row++)
    assert_int_equal(zd_index_verify_row(c, row, &w->model.rows[row], &fault), ZD_OK);
  assert_int_equal(zd_index_verify_end(c, &fault), ZD_OK);
  zd_index_view_release(v);
}

static void reopen(world *w) {
  zd_index_close(w->index);
  assert_int_equal(zd_index_open(&w->options, &w->index, NULL), ZD_OK);
  for (zd_row row = zd_index_flushed_row(w->index); row < w->model.n; row++)
    assert_int_equal(zd_index_append(w->index, &w->model.rows[row]), ZD_OK);
  publish(w);
}

static void memtables_answer_as_the_oracle(void **state) {
  (void)state;
  world w;
  world_start(&w, 1, 60, 10000);
  for (int i = 0; i < 5; i++) {
    grow(&w, 200);
    compare(&w, 150);
  }
  attach(&w, 150);
  publish(&w);
  grow(&w, 30);
  compare(&w, 300);
  world_end(&w);
}

static void segments_answer_as_the_oracle(void **state) {
  (void)state;
  world w;
  world_start(&w, 2, 60, 10000);
  grow(&w, 700);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  assert_int_equal(zd_index_flushed_row(w.index), 700);
  compare(&w, 400);
  prove(&w);
  world_end(&w);
}

static void any_mixture_answers_as_the_oracle(void **state) {
  (void)state;
  for (uint64_t seed = 10; seed < 16; seed++) {
    world w;
    world_start(&w, seed, 20 + (unsigned)seed * 7, 64);
    for (int step = 0; step < 25; step++) {
      switch (zd_random_below(&w.model.dice, 7)) {
        case 0:
          attach(&w, 1 + (size_t)zd_random_below(&w.model.dice, 60));
          break;
        case 1:
          assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
          break;
        case 2:
          assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
          prove(&w);
          break;
        case 3:
          reopen(&w);
          break;
        default:
          append(&w, (size_t)zd_random_below(&w.model.dice, 50));
      }
      publish(&w);
      compare(&w, 40);
    }
    assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
    prove(&w);
    world_end(&w);
  }
}

/* Rows far apart: chunks, containers and bitmaps. The oracle is asked less, it walks everything. */
static void many_chunks_answer_as_the_oracle(void **state) {
  (void)state;
  world w;
  world_start(&w, 77, 100, 30000);
  enum { ROWS = 150000 };
  zd_slice ids[ROWS / 10000];
  for (size_t i = 0; i < ROWS; i++) {
    char text[32];
    if (i % 10000 == 0) ids[i / 10000] = zd_arena_printf(&w.model.arena, "kept-%zu", i);
    snprintf(text, sizeof text, "r%zu", i);
    zd_entry entries[4] = {
        {.field = 0, .kind = ZD_ENTRY_TERM, .term = i % 3 ? ZD_S("dense") : ZD_S("other")},
        {.field = 1, .kind = ZD_ENTRY_TERM, .term = i % 997 ? ZD_S("common") : ZD_S("rare")},
        {.field = ZD_MODEL_RANGE_FIELD,
         .kind = ZD_ENTRY_RANGE,
         .low = (int64_t)(i * 37 % 5000),
         .high = (int64_t)(i * 37 % 5000) + 10},
        {.field = 2, .kind = ZD_ENTRY_TERM, .term = i % 50 ? ZD_S("x") : ZD_S("fifty")}};
    zd_index_row r = {.op = ZD_OP_CREATE,
                      .type = 7 + i % 2,
                      .id = zd_slice_of(text),
                      .previous = ZD_NO_ROW,
                      .locator = i * 300,
                      .entries = entries,
                      .entry_count = 4};
    if (i % 10000 == 0) r.id = ids[i / 10000];
    if (i >= 100000 && i % 5 == 0) r.previous = i - 100000 + 1, r.op = ZD_OP_UPDATE;
    assert_int_equal(zd_index_append(w.index, &r), ZD_OK);
  }
  zd_index_publish(w.index, ROWS);
  zd_plan dense = {.op = ZD_PLAN_TERM, .field = 0, .term = ZD_S("dense")};
  zd_plan rare = {.op = ZD_PLAN_TERM, .field = 1, .term = ZD_S("rare")};
  zd_plan fifty = {.op = ZD_PLAN_TERM, .field = 2, .term = ZD_S("fifty")};
  zd_plan type = {.op = ZD_PLAN_TYPE, .type = 8};
  zd_plan range = {.op = ZD_PLAN_RANGE,
                   .field = ZD_MODEL_RANGE_FIELD,
                   .low_min = 100,
                   .low_max = 600,
                   .high_min = INT64_MIN,
                   .high_max = 500};
  const zd_plan *sides[] = {&rare, &range};
  zd_plan either = {.op = ZD_PLAN_OR, .children = sides, .child_count = 2};
  const zd_plan *all[] = {&dense, &type, &either};
  zd_plan both = {.op = ZD_PLAN_AND, .children = all, .child_count = 3};
  const zd_plan *plans[] = {&dense, &rare, &fifty, &type, &range, &either, &both};
  for (int turn = 0; turn < 4; turn++) {
    zd_index_view *v;
    if (turn == 1) assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
    if (turn == 2) assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
    zd_row bound = turn == 3 ? 123456 : ROWS;
    assert_int_equal(zd_index_view_acquire_at(w.index, bound, &v), ZD_OK);
    for (size_t k = 0; k < sizeof plans / sizeof *plans; k++) {
      uint64_t expected = 0, count = 0;
      for (size_t i = 0; i < bound; i++) {
        bool dead = (i + 100000 - 1) < bound && (i - 1) % 5 == 0 && i >= 1;
        int64_t low = (int64_t)(i * 37 % 5000);
        bool is_range = low >= 100 && low <= 600 && low + 10 <= 500, is_rare = i % 997 == 0;
        bool is[] = {i % 3 != 0,
                     is_rare,
                     i % 50 == 0,
                     i % 2 == 1,
                     is_range,
                     is_rare || is_range,
                     i % 3 != 0 && i % 2 == 1 && (is_rare || is_range)};
        expected += is[k] && !dead;
      }
      zd_search_request q = {.plan = plans[k], .after = ZD_NO_ROW, .limit = 50};
      assert_int_equal(zd_index_count(v, &q, NULL, &count, NULL), ZD_OK);
      assert_int_equal(count, expected);
      uint64_t paged = 0;
      q.order = k % 2 ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING;
      q.limit = 5000;
      zd_row rows[5000];
      for (size_t n = 1; n > 0;) {
        assert_int_equal(zd_index_search(v, &q, NULL, rows, &n, NULL), ZD_OK);
        paged += n;
        if (n) q.after = rows[n - 1];
      }
      assert_int_equal(paged, expected);
    }
    zd_row row;
    assert_int_equal(zd_index_find(v, 7, ZD_S("kept-50000"), &row, NULL), ZD_OK);
    assert_int_equal(row, 50000);
    assert_int_equal(zd_index_find(v, 8, ZD_S("kept-50000"), &row, NULL), ZD_ERR_NOT_FOUND);
    zd_index_view_release(v);
  }
  world_end(&w);
}

static void a_group_rolled_back_never_was(void **state) {
  (void)state;
  world w;
  world_start(&w, 5, 30, 40);
  for (int i = 0; i < 30; i++) {
    grow(&w, (size_t)zd_random_below(&w.model.dice, 20));
    size_t kept = w.model.n;
    append(&w, (size_t)zd_random_below(&w.model.dice, 100));
    if (i % 3 == 0) attach(&w, 20);
    if (i % 2) {
      zd_model_cut(&w.model, kept);
      assert_int_equal(zd_index_rollback(w.index, kept), ZD_OK);
    }
    publish(&w);
    if (i % 5 == 0) assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
    compare(&w, 20);
  }
  world_end(&w);
}

static void unpublished_rows_are_seen_by_the_committer_alone(void **state) {
  (void)state;
  world w;
  world_start(&w, 6, 30, 100);
  grow(&w, 50);
  zd_entry entry = {.field = 3, .kind = ZD_ENTRY_TERM, .term = ZD_S("only here")};
  zd_index_row r = {.op = ZD_OP_CREATE,
                    .type = 9,
                    .id = ZD_S("new"),
                    .previous = ZD_NO_ROW,
                    .entries = &entry,
                    .entry_count = 1};
  assert_int_equal(zd_index_append(w.index, &r), ZD_OK);
  const zd_index_name names[] = {{9, ZD_S("old")}, {8, ZD_S("new")}, {9, ZD_S("new")}};
  size_t first;
  assert_int_equal(zd_index_written_since(w.index, names, 3, 50, &first, NULL), ZD_OK);
  assert_int_equal(first, 2);
  assert_int_equal(zd_index_written_since(w.index, names, 2, 50, &first, NULL), ZD_OK);
  assert_int_equal(first, 2); /* none of the two */
  assert_int_equal(zd_index_written_since(w.index, names, 3, 51, &first, NULL), ZD_OK);
  assert_int_equal(first, 3);
  zd_plan plan = {.op = ZD_PLAN_TERM, .field = 3, .term = ZD_S("only here")};
  zd_index_any since = {.plan = &plan, .first = 10, .last = ZD_NO_ROW};
  bool any;
  assert_int_equal(zd_index_any_of(w.index, &since, &any, NULL), ZD_OK);
  assert_true(any);
  since.first = 51;
  assert_int_equal(zd_index_any_of(w.index, &since, &any, NULL), ZD_OK);
  assert_false(any);
  zd_index_view *v;
  assert_int_equal(zd_index_view_acquire(w.index, &v), ZD_OK);
  zd_search_request q = {.plan = &plan, .after = ZD_NO_ROW, .limit = 10};
  uint64_t count = 1;
  assert_int_equal(zd_index_count(v, &q, NULL, &count, NULL), ZD_OK);
  assert_int_equal(count, 0);
  zd_index_view_release(v);
  world_end(&w);
}

static void types_are_counted(void **state) {
  (void)state;
  world w;
  world_start(&w, 8, 50, 100);
  grow(&w, 950);
  zd_index_flush(w.index, NULL);
  grow(&w, 30);
  uint64_t expected[ZD_MODEL_TYPES] = {0};
  for (zd_row row = 0; row < w.model.n; row++) {
    if (zd_model_current(&w.model, row, w.model.n)) expected[w.model.rows[row].type - 7]++;
  }
  zd_index_view *v;
  zd_type_count types[10];
  size_t n;
  assert_int_equal(zd_index_view_acquire(w.index, &v), ZD_OK);
  assert_int_equal(zd_index_types(v, types, 10, &n, NULL), ZD_OK);
  assert_int_equal(n, ZD_MODEL_TYPES);
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(types[i].type, 7 + i);
    assert_int_equal(types[i].count, expected[i]);
  }
  zd_index_view_release(v);
  world_end(&w);
}

/* Fields added later, in pieces that fit no part, answer as if they had always been there. */
static void supplements_answer_like_the_rest(void **state) {
  (void)state;
  world w;
  world_start(&w, 9, 40, 64);
  enum { ROWS = 600, STEP = 250 };
  grow_early(&w, ROWS);
  for (zd_row first = 0; first < ROWS; first += STEP)
    supplement(&w, first, first + STEP < ROWS ? first + STEP : ROWS);
  compare(&w, 200);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  compare(&w, 200);
  prove(&w);
  reopen(&w);
  grow(&w, 100);
  compare(&w, 200);
  assert_int_equal(zd_index_compact(w.index, NULL), ZD_OK);
  zd_index_stats stats;
  zd_index_stats_get(w.index, &stats);
  assert_int_equal(stats.segments, 1);
  compare(&w, 200);
  prove(&w);
  world_end(&w);
}

static void limits_are_errors(void **state) {
  (void)state;
  world w;
  world_start(&w, 11, 40, 64);
  char long_term[ZD_TERM_MAX + 1] = {0};
  zd_entry entry = {.field = 3, .kind = ZD_ENTRY_TERM, .term = {long_term, sizeof long_term}};
  zd_index_row r = {.op = ZD_OP_CREATE,
                    .type = 9,
                    .id = ZD_S("new"),
                    .previous = ZD_NO_ROW,
                    .entries = &entry,
                    .entry_count = 1};
  assert_int_equal(zd_index_append(w.index, &r), ZD_ERR_INVALID);
  assert_int_equal(zd_index_rollback(w.index, 0), ZD_OK);
  entry.term.n = ZD_TERM_MAX;
  assert_int_equal(zd_index_append(w.index, &r), ZD_OK);
  zd_index_publish(w.index, 1);
  assert_int_equal(zd_index_flush(w.index, NULL), ZD_OK);
  zd_index_view *v;
  assert_int_equal(zd_index_view_acquire_at(w.index, 2, &v), ZD_ERR_INVALID);
  assert_int_equal(zd_index_view_acquire(w.index, &v), ZD_OK);
  zd_plan plans[100];
  const zd_plan *chain[100];
  for (size_t i = 0; i < 100; i++) {
    chain[i] = &plans[i];
    plans[i] = (zd_plan){.op = i ? ZD_PLAN_NOT : ZD_PLAN_TERM,
                         .field = 3,
                         .term = entry.term,
                         .children = i ? &chain[i - 1] : NULL,
                         .child_count = i > 0};
  }
  zd_search_request q = {.plan = &plans[60], .after = ZD_NO_ROW, .limit = 10};
  uint64_t count = 0;
  assert_int_equal(zd_index_count(v, &q, NULL, &count, NULL), ZD_OK);
  assert_int_equal(count, 1);
  q.plan = &plans[99];
  assert_int_equal(zd_index_count(v, &q, NULL, &count, NULL), ZD_ERR_LIMIT);
  q.plan = &plans[0];
  q.deadline_ns = 1;
  assert_int_equal(zd_index_count(v, &q, NULL, &count, NULL), ZD_ERR_LIMIT);
  zd_index_view_release(v);
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memtables_answer_as_the_oracle),
      cmocka_unit_test(segments_answer_as_the_oracle),
      cmocka_unit_test(any_mixture_answers_as_the_oracle),
      cmocka_unit_test(many_chunks_answer_as_the_oracle),
      cmocka_unit_test(a_group_rolled_back_never_was),
      cmocka_unit_test(unpublished_rows_are_seen_by_the_committer_alone),
      cmocka_unit_test(types_are_counted),
      cmocka_unit_test(supplements_answer_like_the_rest),
      cmocka_unit_test(limits_are_errors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
