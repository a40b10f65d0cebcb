/* What store.h promises of sorted searches, on the embedded engine: one test per promise. The index
 * has its own, against an oracle: index/sort_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "store/testing/small_store.h"

enum { PEOPLE = 130 };

static zd_sort_key by_day(fixture *f, bool descending) {
  return (zd_sort_key){.by = ZD_SORT_FIELD,
                       .descending = descending,
                       .field = zd_little_symbol(f->s, "day"),
                       .kind = ZD_ENTRY_RANGE};
}

static zd_sort_key by_name(fixture *f) {
  return (zd_sort_key){
      .by = ZD_SORT_FIELD, .field = zd_little_symbol(f->s, "name"), .kind = ZD_ENTRY_TERM};
}

/* Person i has the name n<i % 10> and the day i * 37 % 40, every eighth none. */
static void write_people(fixture *f) {
  for (int i = 0; i < PEOPLE; i++) {
    char id[16], body[64];
    snprintf(id, sizeof id, "p%03d", i);
    if (i % 8)
      snprintf(body, sizeof body, "name=n%d;day=%d;x", i % 10, i * 37 % 40);
    else
      snprintf(body, sizeof body, "name=n%d;x", i % 10);
    write_one(f, ZD_OP_CREATE, "Patient", id, body);
  }
}

static size_t search(fixture *f, zd_row as_of, zd_search_request *q, zd_row *out) {
  zd_snapshot *v;
  size_t n = 0;
  zd_fault fault = {0};
  zd_plan plan = {.op = ZD_PLAN_TYPE, .type = zd_little_symbol(f->s, "Patient")};
  q->plan = &plan;
  assert_int_equal(zd_store_snapshot_at(f->s, as_of, &v), ZD_OK);
  if (zd_snapshot_search(v, q, out, &n, &fault)) fail_msg("%s", fault.text);
  uint64_t count;
  zd_search_request all = *q;
  all.after = ZD_NO_ROW;
  assert_int_equal(zd_snapshot_count(v, &all, &count, NULL), ZD_OK);
  assert_int_equal(count, PEOPLE); /* the order changes nothing */
  zd_snapshot_release(v);
  return n;
}

static void missing_values_come_last_in_both_directions(void **state) {
  fixture *f = *state;
  write_people(f);
  for (int descending = 0; descending < 2; descending++) {
    zd_sort_key key = by_day(f, descending);
    zd_search_request q = {.sort = &key, .sort_count = 1, .after = ZD_NO_ROW, .limit = PEOPLE};
    zd_row rows[PEOPLE];
    assert_int_equal(search(f, PEOPLE, &q, rows), PEOPLE);
    size_t have = PEOPLE - (PEOPLE + 7) / 8;
    for (size_t i = 1; i < PEOPLE; i++) {
      int a = (int)(rows[i - 1] * 37 % 40), b = (int)(rows[i] * 37 % 40);
      bool last = i >= have;
      assert_int_equal(rows[i] % 8 == 0, last);
      if (i == have) continue;
      if (last || a == b)
        assert_true(rows[i - 1] < rows[i]);
      else
        assert_true(descending ? a > b : a < b);
    }
  }
}

/* The pages of a search, each from the last row of the one before; between them people are changed,
 * deleted and added, the index is merged and the store opened anew. */
static void pages_of_a_state_keep_their_order(void **state) {
  fixture *f = *state;
  write_people(f);
  for (int order = 0; order < 2; order++) {
    zd_sort_key keys[2];
    zd_row expected[PEOPLE], rows[PEOPLE];
    size_t at = 0, n = 1;
    for (int page = -1; n > 0; page++) {
      keys[0] = by_name(f);
      keys[1] = by_day(f, true);
      zd_search_request q = {.sort = keys,
                             .sort_count = 2,
                             .order = order ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING,
                             .after = at ? expected[at - 1] : ZD_NO_ROW,
                             .limit = page < 0 ? PEOPLE : 17};
      n = search(f, PEOPLE, &q, rows);
      if (page < 0) {
        assert_int_equal(n, PEOPLE);
        memcpy(expected, rows, sizeof rows);
        continue;
      }
      assert_memory_equal(rows, expected + at, n * sizeof *rows);
      at += n;
      write_one(f, ZD_OP_UPDATE, "Patient", page % 2 ? "p001" : "p077", "name=zz;day=3;x");
      if (page == 2) assert_int_equal(zd_store_compact(f->s, NULL), ZD_OK);
      if (page == 4) reopen(f);
    }
    assert_int_equal(at, PEOPLE);
  }
}

static void ids_and_times_are_orders_too(void **state) {
  fixture *f = *state;
  write_one(f, ZD_OP_CREATE, "Patient", "b", "x");
  write_one(f, ZD_OP_CREATE, "Patient", "c", "x");
  write_one(f, ZD_OP_CREATE, "Encounter", "a", "x");
  write_one(f, ZD_OP_CREATE, "Patient", "4f1c7a52-0000-4000-8000-00000000000a", "x");
  write_one(f, ZD_OP_UPDATE, "Patient", "b", "y");
  zd_plan all = {.op = ZD_PLAN_ALL};
  zd_sort_key id = {.by = ZD_SORT_ID}, newest = {.by = ZD_SORT_ROW, .descending = true};
  const zd_row by_id[] = {3, 4, 1, 2}, by_time[] = {4, 3, 2, 1};
  const zd_sort_key *keys[] = {&id, &newest};
  for (int i = 0; i < 2; i++) {
    zd_search_request q = {
        .plan = &all, .sort = keys[i], .sort_count = 1, .after = ZD_NO_ROW, .limit = 9};
    zd_snapshot *v;
    zd_row rows[9];
    size_t n;
    assert_int_equal(zd_store_snapshot(f->s, &v), ZD_OK);
    assert_int_equal(zd_snapshot_search(v, &q, rows, &n, NULL), ZD_OK);
    assert_int_equal(n, 4);
    assert_memory_equal(rows, i ? by_time : by_id, sizeof by_id);
    zd_snapshot_release(v);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PROMISE(missing_values_come_last_in_both_directions),
      PROMISE(pages_of_a_state_keep_their_order),
      PROMISE(ids_and_times_are_orders_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
