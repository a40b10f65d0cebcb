/* A term that names a resource is read as it was written, and nothing else is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/plan.h"

static void what_is_written_is_read(void **state) {
  (void)state;
  static const uint32_t types[] = {0, 1, 127, 128, 300, 16383, 16384, 2097152, UINT32_MAX};
  char longest[64];
  memset(longest, 'x', sizeof longest);
  const zd_slice ids[] = {ZD_S("1"), ZD_S("0123-abc"), {longest, sizeof longest}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    for (size_t k = 0; k < sizeof ids / sizeof *ids; k++) {
      char room[ZD_NAME_MAX];
      size_t n = zd_name_write(room, types[i], ids[k]);
      assert_true(n <= sizeof room);
      uint32_t type;
      zd_slice id;
      assert_true(zd_name_read(zd_slice_make(room, n), &type, &id));
      assert_int_equal(type, types[i]);
      assert_true(zd_slice_eq(id, ids[k]));
    }
  }
}

static void other_terms_are_no_names(void **state) {
  (void)state;
  char too_long[70] = {1, 5};
  const zd_slice terms[] = {ZD_S(""),
                            ZD_S("\x01"),
                            ZD_S("\x01\x05"),                   /* no id */
                            ZD_S("\x02\x05id"),                 /* another tag */
                            ZD_S("\x01\x85"),                   /* the type is cut off */
                            ZD_S("\x01\x85\x80"),               /* so is this one */
                            ZD_S("\x01\x85\x00id"),             /* not the shortest form */
                            ZD_S("\x01\xff\xff\xff\xff\x7fid"), /* no 32-bit number */
                            ZD_S("\x01\xff\xff\xff\xff\xff\x01id"),
                            {too_long, sizeof too_long}};
  for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
    uint32_t type;
    zd_slice id;
    assert_false(zd_name_read(terms[i], &type, &id));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(other_terms_are_no_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
