/* Memory may run out at any allocation: the server answers or hangs up, and serves on. */
#include "base/testing/scarcity.h"
#include "http/scenario.h"

static void opening_fails_cleanly(void **state) {
  (void)state;
  for (uint64_t nth = 1;; nth++) {
    zd_http_server *server = NULL;
    zd_http_options o = {.handler = serve, .threads = 2};
    zd_scarcity_begin(nth);
    zd_err err = zd_http_open(&o, &server, NULL);
    bool failed = zd_scarcity_end();
    assert_int_equal(err, failed ? ZD_ERR_MEMORY : ZD_OK);
    zd_http_close(server, 0);
    if (!failed) break;
    assert_true(nth < 1000);
  }
}

/* Without allocating, so that only the server's allocations count; true when it answered whole. */
static bool hear_all(int fd) {
  static char heard[1 << 20];
  size_t n = 0;
  for (;;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 30000) <= 0) fail_msg("silence after %zu bytes", n);
    ssize_t got = recv(fd, heard + n, sizeof heard - n, 0);
    if (got <= 0) break;
    n += (size_t)got;
  }
  return n && memmem(heard, n, "GET /echo/last", 14);
}

static bool converse(scenario *s, uint64_t nth) {
  static const char said[] =
      "GET /echo/1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /echo/2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "a\r\n0123456789\r\n1a\r\n0123456789abcdef0123456789\r\n0\r\n\r\n"
      "GET /down/200000 HTTP/1.1\r\nHost: h\r\n\r\nGET /later HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /echo/last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  int fd = dial(s);
  zd_scarcity_begin(nth);
  say_bytes(fd, said, sizeof said - 1);
  bool answered = hear_all(fd);
  bool failed = zd_scarcity_end();
  close(fd);
  if (!failed) assert_true(answered);
  return failed;
}

static void serving_survives(void **state) {
  (void)state;
  bool failed = true;
  for (uint64_t nth = 1; failed; nth++) {
    /* A fresh server each time: pools would hide what allocates. */
    scenario *s = scenario_open((zd_http_options){.threads = 1, .body_inline = 20});
    failed = converse(s, nth);
    converse(s, UINT64_MAX);
    scenario_close(s);
    assert_true(nth < 1000);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(opening_fails_cleanly),
      cmocka_unit_test(serving_survives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
