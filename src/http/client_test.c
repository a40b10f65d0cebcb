/* The client against our own server, and against servers that misbehave. */
#include "http/client.h"

#include <pthread.h>

#include "http/scenario.h"

static zd_http_client *client_of(uint16_t port, const char *base, unsigned timeout_ms) {
  char url[100];
  zd_http_client *c;
  zd_fault fault;
  snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, base);
  if (zd_http_client_open(url, timeout_ms, &c, &fault)) fail_msg("%s", fault.text);
  return c;
}

static void expect_body(zd_http_client *c, const char *method, const char *path, zd_slice body,
                        const char *expected) {
  zd_http_answer a;
  zd_fault fault;
  if (zd_http_client_request(c, method, path, NULL, 0, body, &a, &fault))
    fail_msg("%s", fault.text);
  assert_int_equal(a.status, 200);
  if (!zd_slice_starts(a.body, zd_slice_of(expected))) fail_msg("%.*s", ZD_SV(a.body));
}

static void requests_share_a_connection(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  zd_http_client *c = client_of(zd_http_port(s->server), "/echo/", 30000);
  zd_http_stats stats;
  for (int i = 0; i < 50; i++) {
    expect_body(c, "GET", "/x?a=b", ZD_S(""), "GET /echo/x ? a=b\n");
    expect_body(c, "POST", "/y", ZD_S("hello"), "POST /echo/y ? \nhello");
    expect_body(c, "PUT", "/z", ZD_S(""), "PUT /echo/z ? \n");
  }
  zd_http_stats_get(s->server, &stats);
  assert_int_equal(stats.connections_total, 1);
  zd_http_client_close(c);
  scenario_close(s);
}

static void large_bodies_and_headers_pass(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  zd_http_client *c = client_of(zd_http_port(s->server), "", 30000);
  char *body = calloc(1, 5000000);
  zd_http_answer a;
  zd_http_header id = {ZD_S("X-Request-Id"), ZD_S("mine")};
  expect_body(c, "POST", "/up", (zd_slice){body, 5000000}, "5000000 0");
  expect_body(c, "GET", "/down/700000", ZD_S(""), "abcdefgh");
  assert_int_equal(zd_http_client_request(c, "GET", "/size/3000001", &id, 1, ZD_S(""), &a, NULL),
                   ZD_OK);
  assert_int_equal(a.body.n, 3000001);
  assert_true(zd_slice_eq(zd_http_answer_header(&a, "x-request-ID"), ZD_S("mine")));
  assert_null(zd_http_answer_header(&a, "absent").p);
  assert_int_equal(zd_http_client_request(c, "HEAD", "/size/77", NULL, 0, ZD_S(""), &a, NULL),
                   ZD_OK);
  assert_int_equal(a.body.n, 0);
  assert_true(zd_slice_eq(zd_http_answer_header(&a, "Content-Length"), ZD_S("77")));
  assert_int_equal(zd_http_client_request(c, "GET", "/none", NULL, 0, ZD_S(""), &a, NULL), ZD_OK);
  assert_int_equal(a.status, 204);
  assert_int_equal(zd_http_client_request(c, "GET", "/broken", NULL, 0, ZD_S(""), &a, NULL),
                   ZD_ERR_IO);
  expect_body(c, "GET", "/echo/again", ZD_S(""), "GET /echo/again");
  free(body);
  zd_http_client_close(c);
  scenario_close(s);
}

static void a_closed_connection_is_opened_anew(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.idle_seconds = 1});
  zd_http_client *c = client_of(zd_http_port(s->server), "", 30000);
  expect_body(c, "GET", "/echo/1", ZD_S(""), "GET /echo/1");
  nap(1600);
  expect_body(c, "POST", "/echo/2", ZD_S("x"), "POST /echo/2 ? \nx");
  zd_http_client_close(c);
  scenario_close(s);
}

static void failures_are_told_apart(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  uint16_t port = zd_http_port(s->server);
  zd_http_client *c = client_of(port, "", 200);
  zd_http_answer a;
  zd_fault fault;
  assert_int_equal(zd_http_client_request(c, "GET", "/hold", NULL, 0, ZD_S(""), &a, &fault),
                   ZD_ERR_LIMIT);
  assert_non_null(strstr(fault.text, "did not answer within 200 ms"));
  zd_http_header bad = {ZD_S("A"), ZD_S("b\r\nC: d")};
  assert_int_equal(zd_http_client_request(c, "GET", "/", &bad, 1, ZD_S(""), &a, NULL),
                   ZD_ERR_INVALID);
  assert_int_equal(zd_http_client_request(c, "GET", "/a b", NULL, 0, ZD_S(""), &a, NULL),
                   ZD_ERR_INVALID);
  scenario_close(s);
  assert_int_equal(zd_http_client_request(c, "GET", "/", NULL, 0, ZD_S(""), &a, &fault), ZD_ERR_IO);
  assert_non_null(strstr(fault.text, "cannot connect to 127.0.0.1:"));
  zd_http_client_close(c);
}

static void urls_are_judged(void **state) {
  (void)state;
  static const struct {
    const char *url;
    zd_err err;
  } urls[] = {
      {"http://localhost", ZD_OK},         {"http://localhost:8080/fhir/", ZD_OK},
      {"http://[::1]:80/fhir", ZD_OK},     {"https://localhost", ZD_ERR_UNSUPPORTED},
      {"http://", ZD_ERR_INVALID},         {"http://:80", ZD_ERR_INVALID},
      {"http://h:", ZD_ERR_INVALID},       {"http://h:0", ZD_ERR_INVALID},
      {"http://h:65536", ZD_ERR_INVALID},  {"http://u@h/", ZD_ERR_INVALID},
      {"ftp://h/", ZD_ERR_INVALID},        {"http://h/a?b", ZD_ERR_INVALID},
      {"http://h/a\r\nb", ZD_ERR_INVALID}, {"", ZD_ERR_INVALID},
      {"http://[::1", ZD_ERR_INVALID},     {"http://[]/", ZD_ERR_INVALID},
  };
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    zd_http_client *c = NULL;
    zd_err err = zd_http_client_open(urls[i].url, 100, &c, NULL);
    if (err != urls[i].err) fail_msg("%s: %s", urls[i].url, zd_err_name(err));
    zd_http_client_close(c);
  }
}

/* A server that says one thing and closes. */
typedef struct liar {
  int listener;
  const char *says;
} liar;

static void *lie(void *context) {
  liar *l = context;
  char heard[4096];
  int fd = accept(l->listener, NULL, NULL);
  if (recv(fd, heard, sizeof heard, 0) > 0) say(fd, l->says);
  close(fd);
  return NULL;
}

static void expect_of_liar(const char *says, zd_err expected, int status) {
  struct sockaddr_in a = {.sin_family = AF_INET};
  socklen_t n = sizeof a;
  pthread_t thread;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  liar l = {socket(AF_INET, SOCK_STREAM, 0), says};
  assert_int_equal(bind(l.listener, (struct sockaddr *)&a, sizeof a), 0);
  listen(l.listener, 1);
  getsockname(l.listener, (struct sockaddr *)&a, &n);
  pthread_create(&thread, NULL, lie, &l);
  zd_http_client *c = client_of(ntohs(a.sin_port), "", 2000);
  zd_http_answer answer;
  zd_err err = zd_http_client_request(c, "GET", "/", NULL, 0, ZD_S(""), &answer, NULL);
  if (err != expected || answer.status != status) fail_msg("%s: %s", says, zd_err_name(err));
  pthread_join(thread, NULL);
  zd_http_client_close(c);
  close(l.listener);
}

static void odd_servers_do_no_harm(void **state) {
  (void)state;
  expect_of_liar("", ZD_ERR_IO, 0);
  expect_of_liar("SSH-2.0-OpenSSH\r\n", ZD_ERR_INVALID, 0);
  expect_of_liar("HTTP/1.1 200 OK\r\nContent-Len", ZD_ERR_IO, 0);
  expect_of_liar("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", ZD_ERR_IO, 0);
  expect_of_liar("HTTP/1.1 200 OK\r\nA:\r\nB: c\r\n\r\nuntil close", ZD_OK, 200);
  expect_of_liar("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
                 ZD_OK, 201);
  expect_of_liar("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ZD_ERR_INVALID, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_share_a_connection),
      cmocka_unit_test(large_bodies_and_headers_pass),
      cmocka_unit_test(a_closed_connection_is_opened_anew),
      cmocka_unit_test(failures_are_told_apart),
      cmocka_unit_test(urls_are_judged),
      cmocka_unit_test(odd_servers_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
