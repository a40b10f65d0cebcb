#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mapped.h"

/* Maps two pages of a file, cuts it to none, touches what was there. */
static void touch_cut_file(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, 8192) != 0) _exit(2);
  const volatile char *p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED || ftruncate(fd, 0) != 0) _exit(2);
  _exit(p[4096] == 0 ? 3 : 4);
}

static void test_the_file_is_named_and_the_process_ends(void **state) {
  (void)state;
  char path[] = "/tmp/zdravo-mapped-XXXXXX", text[512] = {0};
  int pipes[2], status, made = mkstemp(path);
  assert_true(made >= 0);
  close(made);
  assert_int_equal(pipe(pipes), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    dup2(pipes[1], STDERR_FILENO);
    zd_mapped_name_failures();
    touch_cut_file(path);
  }
  close(pipes[1]);
  size_t n = 0;
  for (ssize_t got; (got = read(pipes[0], text + n, sizeof text - 1 - n)) > 0;) n += (size_t)got;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGBUS);
  assert_non_null(strstr(text, path));
  close(pipes[0]);
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_file_is_named_and_the_process_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
