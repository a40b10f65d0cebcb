/* Sorted as qsort sorts, whatever the keys have in common. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/testing/dice.h"
#include "store/embedded/index/key_sort.h"

enum { MOST = 5000, LONGEST = 40 };

static int plainly(const void *x, const void *y) {
  const zd_sortable_key *a = x, *b = y;
  if (a->space != b->space) return a->space < b->space ? -1 : 1;
  return zd_slice_cmp(a->bytes, b->bytes);
}

/* Bytes from a small alphabet with 00 in it: long common beginnings, and ends that are beginnings.
 */
static void throw_keys(zd_random *r, zd_sortable_key *keys, char (*bytes)[LONGEST], size_t n) {
  uint64_t letters = 1 + zd_random_below(r, 3), longest = 1 + zd_random_below(r, LONGEST);
  for (size_t i = 0; i < n; i++) {
    size_t length = (size_t)zd_random_below(r, longest);
    for (size_t k = 0; k < length; k++) {
      bytes[i][k] = k < longest / 2 ? 'p' : (char)(zd_random_below(r, letters + 1) * 127);
    }
    keys[i] =
        (zd_sortable_key){zd_random_below(r, 3), 0, zd_slice_make(bytes[i], length), bytes[i]};
  }
}

static void keys_come_in_order(void **state) {
  (void)state;
  static zd_sortable_key keys[MOST], same[MOST];
  static char bytes[MOST][LONGEST];
  for (uint64_t round = 0; round < 60; round++) {
    zd_random r;
    zd_testing_dice(&r, round, 0);
    size_t n = round < 20 ? round : (size_t)zd_random_below(&r, MOST);
    throw_keys(&r, keys, bytes, n);
    memcpy(same, keys, sizeof keys);
    qsort(same, n, sizeof *same, plainly);
    zd_keys_sort(keys, n);
    for (size_t i = 0; i < n; i++) {
      assert_int_equal(plainly(&keys[i], &same[i]), 0);
      assert_ptr_equal(keys[i].bytes.p, keys[i].of);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(keys_come_in_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
