/* Arguments of a command: forms of options, bounds of numbers, what is not an option. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/command.h"

static const zd_option options[] = {
    {"data", "DIR", ZD_OPTION_TEXT, offsetof(zd_arguments, data), "a folder", 0, 0},
    {"seed", "N", ZD_OPTION_NUMBER, offsetof(zd_arguments, seed), "a number", 3, 10},
    {"quiet", NULL, ZD_OPTION_FLAG, offsetof(zd_arguments, quiet), "a flag", 0, 0}};
static const zd_command command = {"try", "Tries.", "PATH...", options, 3, NULL};

static bool parse(const char *line, zd_arguments *a, char *copy, const char **storage) {
  char *argv[20];
  int argc = 0;
  strcpy(copy, line);
  for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
  *a = (zd_arguments){0};
  return zd_options_parse(&command, argc, argv, storage, a);
}

static void test_forms(void **state) {
  (void)state;
  static const struct {
    const char *line, *data;
    uint64_t seed;
    bool quiet, help;
    const char *rest;
  } rows[] = {{"--data d --seed 3 --quiet x y", "d", 3, true, false, "x,y,"},
              {"--data=d=e --seed=10", "d=e", 10, false, false, ""},
              {"x --data d -- --seed -- y", "d", 0, false, false, "x,--seed,--,y,"},
              {"-", NULL, 0, false, false, "-,"},
              {"-h", NULL, 0, false, true, ""},
              {"--help --data d", "d", 0, false, true, ""}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_arguments a;
    char copy[200], rest[100] = "";
    const char *storage[20];
    assert_true(parse(rows[i].line, &a, copy, storage));
    for (size_t k = 0; k < a.rest_count; k++) strcat(strcat(rest, a.rest[k]), ",");
    if (rows[i].data)
      assert_string_equal(a.data, rows[i].data);
    else
      assert_null(a.data);
    assert_int_equal(a.seed, rows[i].seed);
    assert_int_equal(a.quiet, rows[i].quiet);
    assert_int_equal(a.help, rows[i].help);
    assert_string_equal(rest, rows[i].rest);
  }
}

static void test_refused(void **state) {
  (void)state;
  static const char *const lines[] = {"--colour",
                                      "--data",
                                      "--data=",
                                      "--seed 2",
                                      "--seed 11",
                                      "--seed x",
                                      "--seed 3x",
                                      "--seed -3",
                                      "--seed +3",
                                      "--seed=",
                                      "-q",
                                      "--quiet=yes",
                                      "--seed 99999999999999999999",
                                      "--dat d",
                                      "--",
                                      ""};
  int kept = dup(2), nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, 2); /* what it says is for people */
  for (size_t i = 0; lines[i][0] && strcmp(lines[i], "--") != 0; i++) {
    zd_arguments a;
    char copy[200];
    const char *storage[20];
    bool taken = parse(lines[i], &a, copy, storage);
    if (taken) dup2(kept, 2);
    if (taken) fail_msg("taken: %s", lines[i]);
  }
  dup2(kept, 2);
  close(kept);
  close(nowhere);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
