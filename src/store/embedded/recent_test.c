#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <cmocka.h>

#include "store/embedded/recent.h"

/* A record whose every part follows from its row. */
static zd_record record_of(zd_row row, char room[2048]) {
  zd_record r = {.row = row, .previous = ZD_NO_ROW, .type = (uint32_t)row % 7, .version = row + 1};
  r.id_n = (uint8_t)snprintf(r.id, sizeof r.id, "id-%llu", (unsigned long long)row);
  r.body.n = 1 + row % 2000;
  memset(room, 'a' + (int)(row % 26), r.body.n);
  r.body.p = room;
  return r;
}

static void assert_is(const zd_record *found, zd_row row) {
  char room[2048];
  zd_record wanted = record_of(row, room);
  assert_int_equal(found->row, row);
  assert_int_equal(found->version, wanted.version);
  assert_int_equal(found->id_n, wanted.id_n);
  assert_memory_equal(found->id, wanted.id, wanted.id_n);
  assert_int_equal(found->body.n, wanted.body.n);
  assert_memory_equal(found->body.p, wanted.body.p, wanted.body.n);
}

static zd_recall ask(zd_recent *r, zd_row row, zd_arena *arena) {
  char room[2048];
  zd_record found;
  zd_recall answer = zd_recent_find(r, row, false, arena, &found);
  if (answer == ZD_RECALL_HIT) assert_is(&found, row);
  if (answer != ZD_RECALL_OFFER) return answer;
  zd_record read = record_of(row, room);
  zd_recent_keep(r, &read);
  return answer;
}

static void test_a_row_asked_for_twice_is_kept(void **state) {
  (void)state;
  zd_recent *r = zd_recent_new();
  zd_arena arena;
  zd_arena_init(&arena, 0);
  assert_int_equal(ask(r, 5, &arena), ZD_RECALL_NO);
  assert_int_equal(ask(r, 5, &arena), ZD_RECALL_OFFER);
  assert_int_equal(ask(r, 5, &arena), ZD_RECALL_HIT);
  assert_true(zd_recent_bytes(r) > 0);
  zd_arena_free(&arena);
  zd_recent_free(r);
}

static void test_rows_that_pass_by_do_not_drive_it_out(void **state) {
  (void)state;
  zd_recent *r = zd_recent_new();
  zd_arena arena;
  zd_arena_init(&arena, 0);
  ask(r, 9, &arena);
  ask(r, 9, &arena);
  for (zd_row row = 9 + 65536; row < 50 * 65536; row += 65536)
    assert_int_equal(ask(r, row, &arena), ZD_RECALL_NO);
  assert_int_equal(ask(r, 9, &arena), ZD_RECALL_HIT);
  zd_arena_free(&arena);
  zd_recent_free(r);
}

static void test_a_head_alone_needs_no_arena(void **state) {
  (void)state;
  zd_recent *r = zd_recent_new();
  zd_arena arena;
  zd_record found;
  zd_arena_init(&arena, 0);
  assert_int_equal(zd_recent_find(r, 3, true, NULL, &found), ZD_RECALL_NO);
  ask(r, 3, &arena);
  ask(r, 3, &arena);
  assert_int_equal(zd_recent_find(r, 3, true, NULL, &found), ZD_RECALL_HIT);
  assert_int_equal(found.version, 4);
  assert_int_equal(found.body.n, 0);
  zd_arena_free(&arena);
  zd_recent_free(r);
}

static void test_all_together_it_is_bounded(void **state) {
  (void)state;
  enum { MOST = 24 << 20 };
  zd_recent *r = zd_recent_new();
  zd_arena arena;
  size_t hits = 0;
  zd_arena_init(&arena, 0);
  for (int round = 0; round < 4; round++) /* those of the second half claim slots of the first */
    for (zd_row row = 0; row < 100000; row++) {
      zd_row next[6] = {row, row + 1, row + 2, row + 3, row + 4, row + 5};
      zd_recent_expect(r, next, sizeof next / sizeof *next);
      if (ask(r, row, &arena) == ZD_RECALL_HIT) hits++;
      zd_arena_reset(&arena);
      assert_true(zd_recent_bytes(r) <= MOST);
    }
  assert_true(hits > 10000);
  assert_true(zd_recent_bytes(r) > MOST - 4096);
  zd_arena_free(&arena);
  zd_recent_free(r);
}

static void *asker(void *context) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (zd_row i = 0; i < 20000; i++) {
    ask(context, i % 3 * 65536 + i % 11, &arena); /* three rows claim each slot */
    if (i % 100 == 0) zd_arena_reset(&arena);
  }
  zd_arena_free(&arena);
  return NULL;
}

static void test_threads_at_once(void **state) {
  (void)state;
  zd_recent *r = zd_recent_new();
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, asker, r), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  zd_recent_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_row_asked_for_twice_is_kept),
      cmocka_unit_test(test_rows_that_pass_by_do_not_drive_it_out),
      cmocka_unit_test(test_a_head_alone_needs_no_arena),
      cmocka_unit_test(test_all_together_it_is_bounded),
      cmocka_unit_test(test_threads_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
