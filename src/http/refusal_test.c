/* What is no proper HTTP/1.1 request is refused, in words, and the connection ends. */
#include "http/scenario.h"

typedef struct refusal {
  const char *name, *said;
  int status; /* 200: accepted */
} refusal;

#define H "Host: h\r\n"

static const refusal refusals[] = {
    {"plain", "GET / HTTP/1.1\r\n" H "\r\n", 200},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"HTTP/1.0 needs no host", "GET / HTTP/1.0\r\n\r\n", 200},
    {"two hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 400},
    {"malformed host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"two lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
    {"other lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 2\r\n\r\na",
     400},
    {"length list", "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\na", 400},
    {"signed length", "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\na", 400},
    {"negative length", "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\na", 400},
    {"huge length", "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999\r\n\r\na",
     400},
    {"hex length", "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\na", 400},
    {"empty length", "POST / HTTP/1.1\r\n" H "Content-Length: \r\n\r\na", 400},
    {"length and chunked",
     "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {"chunked and length",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
     400},
    {"zero length and chunked",
     "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {"unknown coding", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n", 501},
    {"gzip, chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
     501},
    {"xchunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
    {"chunked twice",
     "POST / HTTP/1.1\r\n" H
     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     501},
    {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"bare LF everywhere", "GET / HTTP/1.1\nHost: h\n\n", 400},
    {"bare LF after request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
    {"bare LF after header", "GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
    {"bare LF at the end", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
    {"bare LF before the request", "\nGET / HTTP/1.1\r\n" H "\r\n", 400},
    {"bare CR before the request", "\rGET / HTTP/1.1\r\n" H "\r\n", 400},
    {"an empty line before is fine", "\r\nGET / HTTP/1.1\r\n" H "\r\n", 200},
    {"many empty lines before", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 400},
    {"bare CR in a header", "GET / HTTP/1.1\r\n" H "A: b\rC: d\r\n\r\n", 400},
    {"bare CR ends a header", "GET / HTTP/1.1\r\nA: b\rHost: h\r\n\r\n", 400},
    {"folded header", "GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", 400},
    {"folded with tab", "GET / HTTP/1.1\r\n" H "A:\r\n\tc\r\n\r\n", 400},
    {"folded and empty", "GET / HTTP/1.1\r\n" H "A: b\r\n \r\n\r\n", 400},
    {"blank before colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
    {"blank in name", "GET / HTTP/1.1\r\n" H "A b: c\r\n\r\n", 400},
    {"no colon", "GET / HTTP/1.1\r\n" H "abc\r\n\r\n", 400},
    {"empty name", "GET / HTTP/1.1\r\n" H ": c\r\n\r\n", 400},
    {"control in value", "GET / HTTP/1.1\r\n" H "A: b\x01\r\n\r\n", 400},
    {"DEL in value", "GET / HTTP/1.1\r\n" H "A: b\x7f\r\n\r\n", 400},
    {"control in name", "GET / HTTP/1.1\r\n" H "A\x02: b\r\n\r\n", 400},
    {"control in target", "GET /\x01 HTTP/1.1\r\n" H "\r\n", 400},
    {"UTF-8 in target", "GET /\xd0\xb0 HTTP/1.1\r\n" H "\r\n", 400},
    {"blank in target", "GET /a b HTTP/1.1\r\n" H "\r\n", 400},
    {"fragment in target", "GET /a#b HTTP/1.1\r\n" H "\r\n", 400},
    {"relative target", "GET a/b HTTP/1.1\r\n" H "\r\n", 400},
    {"star for GET", "GET * HTTP/1.1\r\n" H "\r\n", 400},
    {"star for OPTIONS", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 200},
    {"absolute form", "GET http://h:80/a?b HTTP/1.1\r\n" H "\r\n", 200},
    {"absolute form of another scheme", "GET ftp://h/a HTTP/1.1\r\n" H "\r\n", 400},
    {"absolute form without host", "GET http:///a HTTP/1.1\r\n" H "\r\n", 400},
    {"CONNECT", "CONNECT h:80 HTTP/1.1\r\n" H "\r\n", 501},
    {"unknown method", "FROB / HTTP/1.1\r\n" H "\r\n", 501},
    {"lower-case method", "get / HTTP/1.1\r\n" H "\r\n", 400},
    {"RTSP method", "PLAY / HTTP/1.1\r\n" H "\r\n", 400},
    {"HTTP/0.9", "GET /\r\n\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n", 505},
    {"HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", 505},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"lower-case version", "GET / http/1.1\r\n" H "\r\n", 400},
    {"TLS", "\x16\x03\x01\x02", 400},
    {"unknown expectation", "POST / HTTP/1.1\r\n" H "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na",
     417},
    {"chunk size is no number", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
     400},
    {"signed chunk size", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n+5\r\n", 400},
    {"0x chunk size", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0x5\r\n", 400},
    {"huge chunk size",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400},
    {"bare LF after chunk size",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400},
    {"bare LF after chunk",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n", 400},
    {"chunk longer than told",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400},
    {"bare LF in trailer",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\r\n", 400},
    {"bare LF at the end of the trailer",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\n", 400},
    {"trailer is dropped",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\n\r\n", 200},
    {"chunk extension is dropped",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\na\r\n0\r\n\r\n", 200},
    {"body too large", "POST / HTTP/1.1\r\n" H "Content-Length: 5001\r\n\r\n", 413},
    {"an upgrade is not taken up",
     "GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200},
};

static int status_of(const zd_buffer *b) {
  return b->n > 12 && memcmp(b->p, "HTTP/1.1 ", 9) == 0 ? (int)strtol(b->p + 9, NULL, 10) : 0;
}

static void check(scenario *s, const refusal *r) {
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  say_bytes(fd, r->said, strlen(r->said));
  if (r->status == 200) shutdown(fd, SHUT_WR);
  bool closed = hear(fd, &heard, NULL, 30000);
  if (!closed || status_of(&heard) != r->status)
    fail_msg("%s: wanted %d and the end, got %d%s:\n%.*s", r->name, r->status, status_of(&heard),
             closed ? "" : " and silence", (int)heard.n, heard.n ? heard.p : "");
  if (r->status != 200) expect_text(&heard, "Connection: close");
  if (count_of(&heard, "X-Request-Id: ") != 1) fail_msg("%s: one answer expected", r->name);
  close(fd);
  zd_buffer_free(&heard);
}

static void malformed_requests_are_refused(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.body_limit = 5000, .threads = 1});
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) check(s, &refusals[i]);
  zd_http_stats stats;
  zd_http_stats_get(s->server, &stats);
  assert_true(stats.refused_total > 40);
  scenario_close(s);
}

static void a_nul_is_refused_wherever_it_stands(void **state) {
  (void)state;
  static const char proper[] = "GET /ab HTTP/1.1\r\nHost: h\r\nAccept: x\r\n\r\n";
  scenario *s = scenario_open((zd_http_options){.threads = 1});
  for (size_t at = 0; at < sizeof proper - 1; at++) {
    char said[sizeof proper + 1];
    zd_buffer heard;
    zd_buffer_init(&heard, 0);
    memcpy(said, proper, at);
    said[at] = '\0';
    memcpy(said + at + 1, proper + at, sizeof proper - at);
    int fd = dial(s);
    say_bytes(fd, said, sizeof proper);
    shutdown(fd, SHUT_WR);
    hear(fd, &heard, NULL, 2000);
    if (status_of(&heard) == 200) fail_msg("NUL at %zu: %d", at, status_of(&heard));
    close(fd);
    zd_buffer_free(&heard);
  }
  assert_int_equal(atomic_load(&s->handled), 0);
  scenario_close(s);
}

static void say_many(int fd, const char *text, size_t times) {
  for (size_t i = 0; i < times; i++) say(fd, text);
}

static void expect_refusal(scenario *s, const char *begin, const char *again, size_t times,
                           const char *status) {
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  say(fd, begin);
  say_many(fd, again, times);
  if (!hear(fd, &heard, NULL, 30000)) fail_msg("%.60s…: silence", begin);
  expect_text(&heard, status);
  close(fd);
  zd_buffer_free(&heard);
}

static void oversize_is_refused(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.head_limit = 2000, .body_limit = 5000});
  expect_refusal(s, "GET /", "aaaaaaaaaaaaaaaaaaaa", 200, "HTTP/1.1 414 ");
  expect_refusal(s, "GET / HTTP/1.1\r\nHost: h\r\nA: ", "aaaaaaaaaaaaaaaaaaaa", 200, " 431 ");
  expect_refusal(s, "GET / HTTP/1.1\r\nHost: h\r\n", "A: a\r\n", 400, " 431 ");
  const char *chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect_refusal(s, chunked, "a\r\n0123456789\r\n", 600, " 413 ");
  char begun[200];
  snprintf(begun, sizeof begun, "%s0\r\n", chunked);
  expect_refusal(s, begun, "A: a\r\n", 1000, " 431 ");
  snprintf(begun, sizeof begun, "%s5;", chunked);
  expect_refusal(s, begun, "abcdefgh", 1000, " 431 ");
  scenario_close(s);
  s = scenario_open((zd_http_options){.threads = 1});
  expect_refusal(s, "GET / HTTP/1.1\r\nHost: h\r\n", "A: a\r\n", 201, " 431 ");
  scenario_close(s);
}

static void error_body(void *state, int status, zd_slice text, zd_buffer *body, const char **type) {
  (void)state;
  zd_buffer_printf(body, "<%d %.*s>", status, ZD_SV(text));
  *type = "application/x-test";
}

static void error_bodies_can_be_given_a_shape(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.error_body = error_body});
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  say(fd, "GET /error HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  assert_true(hear(fd, &heard, NULL, 30000));
  expect_text(&heard, "HTTP/1.1 422 ");
  expect_text(&heard, "Content-Type: application/x-test\r\n");
  expect_text(&heard, "<422 not so>");
  expect_text(&heard, "<400 no Host header>");
  close(fd);
  zd_buffer_free(&heard);
  scenario_close(s);
}

static void more_connections_than_allowed_are_turned_away(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.connections = 3, .threads = 1});
  int fd[4];
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  for (int i = 0; i < 4; i++) {
    fd[i] = dial(s);
    nap(20);
  }
  say(fd[3], "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  assert_true(hear(fd[3], &heard, NULL, 30000));
  expect_text(&heard, "HTTP/1.1 503 ");
  for (int i = 0; i < 4; i++) close(fd[i]);
  zd_buffer_free(&heard);
  scenario_close(s);
}

static void a_taken_port_is_refused(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.threads = 2});
  zd_http_server *second;
  zd_fault fault;
  zd_http_options o = {.port = zd_http_port(s->server), .handler = serve};
  assert_int_equal(zd_http_open(&o, &second, &fault), ZD_ERR_BUSY);
  assert_non_null(strstr(fault.text, "cannot listen on 127.0.0.1:"));
  o.host = "localhost";
  assert_int_equal(zd_http_open(&o, &second, &fault), ZD_ERR_INVALID);
  scenario_close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(malformed_requests_are_refused),
      cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
      cmocka_unit_test(oversize_is_refused),
      cmocka_unit_test(error_bodies_can_be_given_a_shape),
      cmocka_unit_test(more_connections_than_allowed_are_turned_away),
      cmocka_unit_test(a_taken_port_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
