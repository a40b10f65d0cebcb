#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/progress.h"

static void quick_work_and_silent_progress_print_nothing(void **state) {
  (void)state;
  char *text = NULL;
  size_t n = 0;
  FILE *out = open_memstream(&text, &n);
  zd_progress p;
  zd_progress_start(&p, out, "importing", "resources", 100);
  for (uint64_t i = 0; i <= 100; i++) zd_progress_update(&p, i);
  zd_progress_finish(&p, 100);
  zd_progress_start(&p, NULL, "importing", "resources", 100);
  zd_progress_update(&p, 5);
  zd_progress_finish(&p, 100);
  fclose(out);
  assert_int_equal(n, 0);
  free(text);
}

/* Long work without the wait: the start is moved into the past. */
static void long_work_says_how_far_it_is(void **state) {
  (void)state;
  char *text = NULL;
  size_t n = 0;
  FILE *out = open_memstream(&text, &n);
  zd_progress p;
  zd_progress_start(&p, out, "importing", "resources", 100);
  p.started_ns -= 5000000000u;
  zd_progress_update(&p, 50);
  zd_progress_update(&p, 51); /* too soon after the last line */
  zd_progress_finish(&p, 100);
  fclose(out);
  assert_string_equal(text,
                      "importing: 50 of 100 resources (50 %), 5 s, 10/s, 5 s left\n"
                      "importing: 100 of 100 resources (100 %), 5 s, 20/s\n");
  free(text);
}

static void an_unknown_total_shows_the_count_alone(void **state) {
  (void)state;
  char *text = NULL;
  size_t n = 0;
  FILE *out = open_memstream(&text, &n);
  zd_progress p;
  zd_progress_start(&p, out, "reading", "files", 0);
  p.started_ns -= 4000000000u;
  zd_progress_update(&p, 8);
  fclose(out);
  assert_string_equal(text, "reading: 8 files, 4 s, 2/s\n");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quick_work_and_silent_progress_print_nothing),
      cmocka_unit_test(long_work_says_how_far_it_is),
      cmocka_unit_test(an_unknown_total_shows_the_count_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
