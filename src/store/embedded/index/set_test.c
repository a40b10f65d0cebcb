/* Sets against plain flags: every operation, every pairing of forms, results over their operands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/testing/dice.h"
#include "store/embedded/index/key.h"
#include "store/embedded/index/set.h"

typedef struct sample {
  unsigned char flags[ZD_CHUNK_ROWS];
  zd_set_room room;
  zd_set set;
} sample;

static void make(sample *s, zd_random *dice, bool bitmap) {
  uint64_t n = zd_random_below(dice, bitmap ? 20000 : 2000);
  if (zd_random_below(dice, 8) == 0) n = 0;
  uint64_t span = zd_random_below(dice, 2) ? 65536 : 3000;
  memset(s->flags, 0, sizeof s->flags);
  for (uint64_t i = 0; i < n; i++) s->flags[zd_random_below(dice, span)] = 1;
  s->set = zd_set_empty();
  memset(&s->room, 0, sizeof s->room);
  for (uint32_t row = 0; row < ZD_CHUNK_ROWS; row++) {
    if (!s->flags[row]) continue;
    if (bitmap)
      zd_words_add(s->room.words, row);
    else
      s->room.rows[s->set.n] = (uint16_t)row;
    s->set.n++;
  }
  if (s->set.n == 0) return;
  if (bitmap)
    s->set.words = s->room.words;
  else
    s->set.rows = s->room.rows;
}

static void expect(const zd_set *set, const sample *a, const sample *b, int op) {
  static uint16_t rows[ZD_CHUNK_ROWS];
  uint32_t n = zd_set_list(set, rows), k = 0;
  assert_int_equal(n, set->n);
  for (uint32_t row = 0; row < ZD_CHUNK_ROWS; row++) {
    bool in = op == '&'   ? a->flags[row] && b->flags[row]
              : op == '-' ? a->flags[row] && !b->flags[row]
                          : a->flags[row] || b->flags[row];
    if (!in) continue;
    assert_true(k < n);
    assert_int_equal(rows[k++], row);
  }
  assert_int_equal(k, n);
}

static void operations_agree_with_flags(void **state) {
  (void)state;
  zd_random dice;
  zd_testing_dice(&dice, 4, 2);
  sample *a = malloc(sizeof *a), *b = malloc(sizeof *b);
  static zd_set_room room;
  for (int round = 0; round < 300; round++) {
    make(a, &dice, round & 1);
    make(b, &dice, round & 2);
    zd_set r = zd_set_or(&a->set, &b->set, &room);
    expect(&r, a, b, '|');
    r = zd_set_and(&a->set, &b->set, &room);
    expect(&r, a, b, '&');
    assert_int_equal(zd_set_and_count(&a->set, &b->set), r.n);
    r = zd_set_andnot(&a->set, &b->set, &room);
    expect(&r, a, b, '-');
    sample *over = malloc(sizeof *over); /* the result over its first operand */
    *over = *a;
    if (over->set.words) over->set.words = over->room.words;
    if (over->set.rows) over->set.rows = over->room.rows;
    r = round % 3 ? zd_set_and(&over->set, &b->set, &over->room)
                  : zd_set_andnot(&over->set, &b->set, &over->room);
    expect(&r, a, b, round % 3 ? '&' : '-');
    free(over);
  }
  free(a);
  free(b);
}

static void clipping_and_listing(void **state) {
  (void)state;
  zd_random dice;
  zd_testing_dice(&dice, 5, 2);
  sample *a = malloc(sizeof *a);
  static zd_set_room room;
  static uint16_t rows[ZD_CHUNK_ROWS];
  for (int round = 0; round < 200; round++) {
    make(a, &dice, round & 1);
    uint32_t first = (uint32_t)zd_random_below(&dice, 65537);
    uint32_t last = first + (uint32_t)zd_random_below(&dice, 65537 - first);
    zd_set clipped = zd_set_clip(&a->set, first, last, &room);
    uint32_t expected = 0;
    for (uint32_t row = 0; row < ZD_CHUNK_ROWS; row++) {
      bool in = a->flags[row] && row >= first && row < last;
      expected += in;
      if (row % 97 == 0) assert_int_equal(zd_set_has(&clipped, row), in);
    }
    assert_int_equal(clipped.n, expected);
    uint32_t n = zd_set_list_some(&clipped, round & 2, rows, 10);
    assert_int_equal(n, expected < 10 ? expected : 10);
    for (uint32_t i = 1; i < n; i++)
      assert_true(round & 2 ? rows[i] < rows[i - 1] : rows[i] > rows[i - 1]);
  }
  free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operations_agree_with_flags),
      cmocka_unit_test(clipping_and_listing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
