/* What is given back serves again. */
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static int made, dropped;

static void *make(void) {
  made++;
  return malloc(1);
}

static void drop(void *thing) {
  dropped++;
  free(thing);
}

static void last_given_is_first_taken(void **state) {
  (void)state;
  made = dropped = 0;
  zd_pool *pool = zd_pool_new(make, drop);
  assert_non_null(pool);
  void *a = zd_pool_take(pool), *b = zd_pool_take(pool);
  zd_pool_give(pool, b);
  zd_pool_give(pool, a);
  zd_pool_give(pool, NULL);
  assert_ptr_equal(zd_pool_take(pool), a);
  assert_ptr_equal(zd_pool_take(pool), b);
  assert_int_equal(made, 2);
  zd_pool_give(pool, a);
  zd_pool_give(pool, b);
  zd_pool_free(pool);
  assert_int_equal(dropped, 2);
}

static void as_many_as_were_in_use(void **state) {
  enum { MANY = 40 };
  (void)state;
  void *things[MANY];
  made = dropped = 0;
  zd_pool *pool = zd_pool_new(make, drop);
  for (int i = 0; i < MANY; i++) things[i] = zd_pool_take(pool);
  for (int i = 0; i < MANY; i++) zd_pool_give(pool, things[i]);
  for (int i = MANY; i-- > 0;) assert_ptr_equal(zd_pool_take(pool), things[i]);
  for (int i = 0; i < MANY; i++) zd_pool_give(pool, things[i]);
  zd_pool_free(pool);
  assert_int_equal(made, MANY);
  assert_int_equal(dropped, MANY);
}

static void *make_nothing(void) {
  return NULL;
}

static void out_of_memory_is_told(void **state) {
  (void)state;
  zd_pool *pool = zd_pool_new(make_nothing, drop);
  assert_null(zd_pool_take(pool));
  zd_pool_free(pool);
  zd_pool_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(last_given_is_first_taken),
                                     cmocka_unit_test(as_many_as_were_in_use),
                                     cmocka_unit_test(out_of_memory_is_told)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
