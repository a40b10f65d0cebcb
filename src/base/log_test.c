#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static int64_t fixed_time(void *state) {
  (void)state;
  return 1795308300123;
}

/* What was logged, through a file of its own. */
typedef struct capture {
  zd_logger logger;
  char path[32];
  char text[200000];
} capture;

static capture *open_capture(zd_log_level least) {
  capture *c = calloc(1, sizeof *c);
  assert_non_null(c);
  strcpy(c->path, "/tmp/zd_log_XXXXXX");
  int fd = mkstemp(c->path);
  assert_true(fd >= 0);
  unlink(c->path);
  c->logger = (zd_logger){.fd = fd, .least = least, .clock = {.now_ms = fixed_time}};
  return c;
}

static const char *logged(capture *c) {
  ssize_t n = pread(c->logger.fd, c->text, sizeof c->text - 1, 0);
  assert_true(n >= 0);
  c->text[n] = 0;
  return c->text;
}

static void close_capture(capture *c) {
  close(c->logger.fd);
  free(c);
}

static void a_line_is_one_json_object(void **state) {
  (void)state;
  capture *c = open_capture(ZD_LOG_INFO);
  zd_log(&c->logger, ZD_LOG_INFO, "listening", "address", "127.0.0.1:8080", "note", "a\"b\n",
         "none", (const char *)NULL, NULL);
  assert_string_equal(logged(c),
                      "{\"time\":\"2026-11-22T00:45:00.123Z\",\"level\":\"info\",\"event\":"
                      "\"listening\",\"address\":\"127.0.0.1:8080\",\"note\":\"a\\\"b\\n\","
                      "\"none\":null}\n");
  close_capture(c);
}

static void lines_below_the_level_and_loggers_without_an_end_are_silent(void **state) {
  (void)state;
  capture *c = open_capture(ZD_LOG_WARN);
  zd_log(&c->logger, ZD_LOG_INFO, "quiet", NULL);
  zd_log(&c->logger, ZD_LOG_ERROR, "loud", NULL);
  assert_null(strstr(logged(c), "quiet"));
  assert_non_null(strstr(logged(c), "loud"));
  zd_logger nowhere = {.fd = -1};
  zd_log(&nowhere, ZD_LOG_ERROR, "x", NULL);
  zd_log(NULL, ZD_LOG_ERROR, "x", NULL);
  close_capture(c);
}

static void a_line_too_long_is_replaced_by_a_notice(void **state) {
  (void)state;
  capture *c = open_capture(ZD_LOG_INFO);
  char *huge = malloc(100000);
  assert_non_null(huge);
  memset(huge, 'x', 99999);
  huge[99999] = 0;
  zd_log(&c->logger, ZD_LOG_INFO, "big", "value", huge, NULL);
  assert_non_null(strstr(logged(c), "\"event\":\"log-line-dropped\"}\n"));
  free(huge);
  close_capture(c);
}

static void *raise_level(void *logger) {
  for (int i = 0; i < 200; i++) ((zd_logger *)logger)->least = i % 2 ? ZD_LOG_ERROR : ZD_LOG_INFO;
  return NULL;
}

static void *chatter(void *logger) {
  for (int i = 0; i < 200; i++) zd_log(logger, ZD_LOG_INFO, "event", "key", "value", NULL);
  return NULL;
}

/* As a server does that reads its settings again; the thread sanitizer watches. */
static void the_level_changes_while_others_log(void **state) {
  (void)state;
  capture *c = open_capture(ZD_LOG_INFO);
  pthread_t threads[2];
  assert_int_equal(pthread_create(&threads[0], NULL, chatter, &c->logger), 0);
  assert_int_equal(pthread_create(&threads[1], NULL, raise_level, &c->logger), 0);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  assert_int_equal(c->logger.least, ZD_LOG_ERROR);
  close_capture(c);
}

static void lines_of_many_threads_do_not_mix(void **state) {
  (void)state;
  capture *c = open_capture(ZD_LOG_INFO);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, chatter, &c->logger), 0);
  }
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  size_t lines = 0;
  char *rest = (char *)(uintptr_t)logged(c);
  for (char *line; (line = strsep(&rest, "\n")) && *line; lines++) {
    assert_string_equal(line,
                        "{\"time\":\"2026-11-22T00:45:00.123Z\",\"level\":\"info\",\"event\":"
                        "\"event\",\"key\":\"value\"}");
  }
  assert_int_equal(lines, 800);
  close_capture(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_is_one_json_object),
      cmocka_unit_test(lines_below_the_level_and_loggers_without_an_end_are_silent),
      cmocka_unit_test(a_line_too_long_is_replaced_by_a_notice),
      cmocka_unit_test(the_level_changes_while_others_log),
      cmocka_unit_test(lines_of_many_threads_do_not_mix),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
