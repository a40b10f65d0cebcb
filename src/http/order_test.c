/* Pipelines, answers in order, bodies in every framing, bytes split anywhere. */
#include "http/scenario.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_LAST(path) "GET " path " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static zd_buffer talk(scenario *s, const char *said, const char *until) {
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  say(fd, said);
  hear(fd, &heard, until, 30000);
  close(fd);
  return heard;
}

static void pipelined_requests_are_answered_in_order(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  zd_buffer heard = talk(s,
                         GET("/later") GET("/echo/1") GET("/down/12345") GET("/echo/2") GET("/none")
                             GET("/size/200001") GET("/later") GET_LAST("/echo/3"),
                         NULL);
  const char *order[] = {"later",      "/echo/1 ? ",        "\r\n1388\r\nabcdef", "\r\n0\r\n\r\n",
                         "/echo/2 ? ", "204 No Content",    "200001\r\n",         "ssssssssss",
                         "later",      "Connection: close", "/echo/3 ? "};
  const char *at = heard.p;
  assert_non_null(at);
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    at = memmem(at, (size_t)(heard.p + heard.n - at), order[i], strlen(order[i]));
    if (!at) {
      fail_msg("%s is missing or out of order", order[i]);
      return;
    }
    at += strlen(order[i]);
  }
  assert_int_equal(count_of(&heard, "HTTP/1.1 2"), 8);
  zd_buffer_free(&heard);
  scenario_close(s);
}

static void a_long_pipeline_is_answered_whole(void **state) {
  (void)state;
  enum { MANY = 3000 };
  scenario *s = scenario_open((zd_http_options){.threads = 1});
  zd_buffer said, heard;
  zd_buffer_init(&said, 0);
  for (int i = 0; i < MANY - 1; i++)
    zd_buffer_printf(&said, i % 500 == 7 ? GET("/later?%d") : GET("/echo?%d"), i);
  zd_buffer_printf(&said, GET_LAST("/echo?last"));
  zd_buffer_add(&said, "", 1);
  heard = talk(s, said.p, NULL);
  assert_int_equal(count_of(&heard, "HTTP/1.1 200 OK"), MANY);
  expect_text(&heard, "? last");
  zd_buffer_free(&heard);
  zd_buffer_free(&said);
  scenario_close(s);
}

static const char session[] =
    "\r\nPOST /echo/a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
    "PUT /echo/d HTTP/1.1\r\nhOST: h\r\ntransfer-Encoding:  chunked \r\n\r\n"
    "3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n" GET_LAST("/echo/e");

static void expect_session(const zd_buffer *heard, size_t at) {
  if (count_of(heard, "HTTP/1.1 200 OK") != 3) fail_msg("split at %zu", at);
  expect_text(heard, "POST /echo/a ? b=c\nhello");
  expect_text(heard, "PUT /echo/d ? \nabc0123456789");
  expect_text(heard, "GET /echo/e ? \n");
}

static void bytes_may_come_split_anywhere(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.threads = 1});
  for (size_t at = 0; at <= sizeof session - 1; at++) {
    zd_buffer heard;
    zd_buffer_init(&heard, 0);
    int fd = dial(s);
    say_bytes(fd, session, at);
    nap(1);
    say_bytes(fd, session + at, sizeof session - 1 - at);
    assert_true(hear(fd, &heard, NULL, 30000));
    expect_session(&heard, at);
    close(fd);
    zd_buffer_free(&heard);
  }
  scenario_close(s);
}

static void bytes_may_come_one_by_one(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.threads = 1});
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  for (size_t at = 0; at < sizeof session - 1; at++) {
    say_bytes(fd, session + at, 1);
    nap(1);
  }
  assert_true(hear(fd, &heard, NULL, 30000));
  expect_session(&heard, 1);
  close(fd);
  zd_buffer_free(&heard);
  scenario_close(s);
}

static void expect_talk(scenario *s, const char *said, const char *expected) {
  zd_buffer heard = talk(s, said, NULL);
  expect_text(&heard, expected);
  zd_buffer_free(&heard);
}

static void heads_tell_what_they_should(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  zd_buffer heard =
      talk(s, "HEAD /size/1000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", NULL);
  expect_text(&heard, "Content-Length: 1000\r\n");
  assert_memory_equal(heard.p + heard.n - 4, "\r\n\r\n", 4);
  zd_buffer_free(&heard);
  heard = talk(s, "HEAD /down/100 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", NULL);
  expect_text(&heard, "Transfer-Encoding: chunked\r\n");
  assert_memory_equal(heard.p + heard.n - 4, "\r\n\r\n", 4);
  zd_buffer_free(&heard);
  heard = talk(s, GET_LAST("/none"), NULL);
  assert_int_equal(count_of(&heard, "Content-Length"), 0);
  zd_buffer_free(&heard);
  expect_talk(s, "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: Ab-1_2.3\r\nConnection: close\r\n\r\n",
              "\r\nX-Request-Id: Ab-1_2.3\r\n");
  heard =
      talk(s, "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: a b\r\nConnection: close\r\n\r\n", NULL);
  assert_int_equal(count_of(&heard, "a b"), 0);
  expect_text(&heard, "X-Request-Id: ");
  expect_text(&heard, "\r\nDate: ");
  expect_text(&heard, " GMT\r\n");
  zd_buffer_free(&heard);
  expect_talk(s, "OPTIONS /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
              "OPTIONS /echo ? ");
  expect_talk(s, "GET http://h:8/a?b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
              "GET /a ? b");
  expect_talk(s, "GET http://h?b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET / ? b");
  scenario_close(s);
}

static void http_1_0_is_served(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  zd_buffer heard = talk(s, "GET /echo HTTP/1.0\r\n\r\n", NULL);
  expect_text(&heard, "Connection: close\r\n");
  zd_buffer_free(&heard);
  heard = talk(
      s, "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /down/30 HTTP/1.0\r\n\r\n", NULL);
  expect_text(&heard, "Connection: keep-alive\r\n");
  expect_text(&heard, "\r\n\r\nabcdefghijklmnopqrstuvwxyzabcd");
  assert_int_equal(count_of(&heard, "chunked"), 0);
  zd_buffer_free(&heard);
  scenario_close(s);
}

static void a_broken_stream_is_noticed(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  say(fd, GET("/broken"));
  assert_true(hear(fd, &heard, NULL, 30000));
  assert_int_equal(count_of(&heard, "\r\n0\r\n"), 0);
  close(fd);
  zd_buffer_free(&heard);
  scenario_close(s);
}

static void continue_is_said_when_the_body_is_wanted(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.body_inline = 1000});
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  hear(fd, &heard, "\r\n\r\n", 30000);
  expect_text(&heard, "HTTP/1.1 100 Continue\r\n\r\n");
  say(fd, "hi");
  hear(fd, &heard, "\nhi", 30000);
  expect_text(&heard, "HTTP/1.1 200 OK");
  zd_buffer_clear(&heard);
  say(fd, "POST /up HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n");
  hear(fd, &heard, "\r\n\r\n", 30000);
  expect_text(&heard, "HTTP/1.1 100 Continue\r\n\r\n");
  char body[2000] = {0};
  say_bytes(fd, body, sizeof body);
  hear(fd, &heard, "2000 ", 30000);
  expect_text(&heard, "2000 0");
  close(fd);
  zd_buffer_clear(&heard);
  fd = dial(s); /* a refusal comes without a Continue */
  say(fd,
      "POST /up/refuse HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
      "2000\r\n\r\n");
  assert_true(hear(fd, &heard, NULL, 30000));
  expect_text(&heard, "HTTP/1.1 403 ");
  assert_int_equal(count_of(&heard, "100 Continue"), 0);
  close(fd);
  zd_buffer_free(&heard);
  scenario_close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pipelined_requests_are_answered_in_order),
      cmocka_unit_test(a_long_pipeline_is_answered_whole),
      cmocka_unit_test(bytes_may_come_split_anywhere),
      cmocka_unit_test(bytes_may_come_one_by_one),
      cmocka_unit_test(heads_tell_what_they_should),
      cmocka_unit_test(http_1_0_is_served),
      cmocka_unit_test(a_broken_stream_is_noticed),
      cmocka_unit_test(continue_is_said_when_the_body_is_wanted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
