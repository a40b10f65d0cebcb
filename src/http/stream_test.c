/* Long bodies in both directions, slow and vanishing clients, the end of the server. */
#include "http/scenario.h"

enum { MEGABYTE = 1 << 20 };

static void upload(scenario *s, const char *path, size_t total, bool chunked) {
  zd_buffer heard;
  char part[MEGABYTE / 8];
  char text[200];
  unsigned sum = 0;
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: h\r\n", path);
  say(fd, text);
  snprintf(text, sizeof text, "Content-Length: %zu\r\n\r\n", total);
  say(fd, chunked ? "Transfer-Encoding: chunked\r\n\r\n" : text);
  for (size_t sent = 0; sent < total; sent += sizeof part) {
    for (size_t i = 0; i < sizeof part; i++) {
      part[i] = (char)((sent + i) * 7 % 251);
      sum = sum * 31 + (unsigned char)part[i];
    }
    snprintf(text, sizeof text, "%zx\r\n", sizeof part);
    if (chunked) say(fd, text);
    say_bytes(fd, part, sizeof part);
    if (chunked) say(fd, "\r\n");
  }
  if (chunked) say(fd, "0\r\n\r\n");
  snprintf(text, sizeof text, "%zu %u", total, sum);
  hear(fd, &heard, text, 20000);
  expect_text(&heard, text);
  zd_buffer_clear(&heard);
  say(fd, "GET /echo/after HTTP/1.1\r\nHost: h\r\n\r\n"); /* the connection goes on */
  hear(fd, &heard, "/echo/after", 30000);
  expect_text(&heard, "/echo/after");
  close(fd);
  zd_buffer_free(&heard);
}

static void large_bodies_come_in_whole(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  upload(s, "/up", 24 * MEGABYTE, false);
  upload(s, "/up", 24 * MEGABYTE, true);
  upload(s, "/up/slow", 8 * MEGABYTE, false);
  upload(s, "/up/slow", 8 * MEGABYTE, true);
  upload(s, "/up", MEGABYTE / 2, false); /* inline, read the same way */
  upload(s, "/up", MEGABYTE / 2, true);
  scenario_close(s);
}

static void download(scenario *s, const char *how, size_t total) {
  zd_buffer heard;
  char text[100];
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  snprintf(text, sizeof text, "GET /%s/%zu HTTP/1.0\r\n\r\n", how, total);
  say(fd, text);
  assert_true(hear(fd, &heard, NULL, 5000));
  const char *body = (const char *)memmem(heard.p, heard.n, "\r\n\r\n", 4) + 4;
  assert_int_equal(heard.p + heard.n - body, total);
  for (size_t i = 0; i < total; i++)
    if (body[i] != 'a' + (char)(i % 26)) fail_msg("byte %zu", i);
  close(fd);
  zd_buffer_free(&heard);
}

static void large_bodies_go_out_whole(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  const char *how[] = {"down", "add"};
  for (int i = 0; i < 2; i++) {
    download(s, how[i], 1);
    download(s, how[i], 300000);
    download(s, how[i], 40 * MEGABYTE);
  }
  scenario_close(s);
}

static void one_large_answer_goes_out_whole(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  const char *paths[] = {"/size/30000001", "/size/30000000"};
  for (int i = 0; i < 2; i++) {
    zd_buffer heard;
    char text[100];
    zd_buffer_init(&heard, 0);
    int fd = dial(s);
    snprintf(text, sizeof text, "GET %s HTTP/1.0\r\n\r\n", paths[i]);
    say(fd, text);
    nap(50); /* fills the socket first */
    assert_true(hear(fd, &heard, NULL, 5000));
    size_t body = heard.n;
    while (body && heard.p[body - 1] == 's') body--;
    assert_in_range(heard.n - body, 30000000, 30000001);
    close(fd);
    zd_buffer_free(&heard);
  }
  scenario_close(s);
}

/* Writing has begun and stands still for 300 ms, however busy the machine is: what is written and
 * not read is bounded. */
static bool comes_to_rest(scenario *s) {
  unsigned last = 0, still = 0;
  for (int turn = 0; turn < 300 && still < 3; turn++) {
    nap(100);
    unsigned now = atomic_load(&s->writes);
    still = now && now == last ? still + 1 : 0;
    last = now;
  }
  return still == 3;
}

static void a_writer_waits_for_a_slow_reader(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  int fd = dial(s);
  say(fd, "GET /down/0 HTTP/1.1\r\nHost: h\r\n\r\n");
  assert_true(comes_to_rest(s));
  close(fd);
  assert_true(comes_to(&s->cancelled, 1));
  scenario_close(s);
}

/* More slow readers than threads, and one that reads: it is not kept waiting. */
static void who_adds_holds_no_thread(void **state) {
  (void)state;
  enum { SLOW = 20 };
  scenario *s = scenario_open((zd_http_options){0});
  int slow[SLOW];
  for (int i = 0; i < SLOW; i++) {
    slow[i] = dial(s);
    say(slow[i], "GET /add/0 HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  assert_true(comes_to_rest(s));
  download(s, "add", 3 * MEGABYTE);
  for (int i = 0; i < SLOW; i++) close(slow[i]);
  assert_true(comes_to(&s->cancelled, SLOW));
  scenario_close(s);
}

static void a_client_that_leaves_cancels_what_it_asked(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  int fd = dial(s);
  say(fd, "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\nabc");
  assert_true(comes_to(&s->handled, 1));
  close(fd);
  assert_true(comes_to(&s->cancelled, 1));
  fd = dial(s);
  say(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
  assert_true(comes_to(&s->handled, 2));
  close(fd);
  nap(50);
  atomic_store(&s->open, true);
  assert_true(comes_to(&s->cancelled, 2));
  for (int i = 0; i < 60; i++) { /* gone in every state, with work under way */
    fd = dial(s);
    say(fd,
        "GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /down/900000 HTTP/1.1\r\nHost: h\r\n\r\nPOST "
        "/up "
        "HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\nabc");
    if (i % 2) nap((unsigned)i % 40);
    struct linger reset = {1, 0};
    if (i % 3 == 0) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
  }
  scenario_close(s);
}

static void a_half_closed_client_gets_its_answer(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  say(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /ec");
  shutdown(fd, SHUT_WR);
  assert_true(hear(fd, &heard, NULL, 30000));
  expect_text(&heard, "later");
  close(fd);
  zd_buffer_free(&heard);
  scenario_close(s);
}

enum {
  FOR_EVER = 60000
}; /* a busy machine may be late, so only "too early" and "never" are wrong */

/* Milliseconds until the server closes. */
static int lasts(scenario *s, const char *said, const char *drip, zd_buffer *heard) {
  int fd = dial(s);
  int ms = 0;
  say(fd, said);
  for (; ms < FOR_EVER; ms += 100) {
    if (hear(fd, heard, NULL, 100)) break;
    if (drip) say(fd, drip);
  }
  close(fd);
  return ms;
}

static void slow_clients_time_out(void **state) {
  (void)state;
  scenario *s = scenario_open(
      (zd_http_options){.idle_seconds = 1, .head_seconds = 1, .stall_seconds = 1, .threads = 1});
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  assert_in_range(lasts(s, "", NULL, &heard), 800, FOR_EVER - 1);
  assert_in_range(lasts(s, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", NULL, &heard), 800,
                  FOR_EVER - 1);
  expect_text(&heard, "200 OK");
  assert_in_range(lasts(s, "GET / HTTP/1.1\r\n", "A: b\r\n", &heard), 800, FOR_EVER - 1);
  expect_text(&heard, "HTTP/1.1 408 ");
  zd_buffer_clear(&heard);
  assert_in_range(
      lasts(s, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n", "a", &heard), 800,
      FOR_EVER - 1);
  expect_text(&heard, "HTTP/1.1 408 ");
  assert_in_range(
      lasts(s, "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n", "a", &heard), 800,
      FOR_EVER - 1);
  assert_true(comes_to(&s->cancelled, 1));
  /* One that never reads. What the kernel took of its last 256 KiB counts as moved: usually
   * nothing, at worst this takes as many seconds. */
  int fd = dial(s);
  say(fd, "GET /down/0 HTTP/1.1\r\nHost: h\r\n\r\n");
  assert_true(comes_to(&s->cancelled, 2));
  close(fd);
  zd_buffer_free(&heard);
  scenario_close(s);
}

static void an_oversize_upload_is_stopped(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.body_limit = 3 * MEGABYTE});
  zd_buffer heard;
  static char part[MEGABYTE];
  zd_buffer_init(&heard, 0);
  int fd = dial(s);
  say(fd, "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 4; i++) {
    say(fd, "100000\r\n");
    say_bytes(fd, part, sizeof part);
    say(fd, "\r\n");
  }
  assert_true(hear(fd, &heard, NULL, 5000));
  expect_text(&heard, "HTTP/1.1 413 ");
  expect_text(&heard, "Connection: close");
  close(fd);
  zd_buffer_free(&heard);
  scenario_close(s);
}

static void closing_lets_work_in_flight_end(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd[8], idle = dial(s);
  for (int i = 0; i < 8; i++) {
    fd[i] = dial(s);
    say(fd[i], "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  assert_true(comes_to(&s->handled, 8));
  scenario_close(s);
  assert_true(hear(idle, &heard, NULL, 1000));
  assert_int_equal(heard.n, 0);
  for (int i = 0; i < 8; i++) {
    assert_true(hear(fd[i], &heard, NULL, 1000));
    close(fd[i]);
  }
  assert_int_equal(count_of(&heard, "\r\n\r\nlater"), 8);
  close(idle);
  zd_buffer_free(&heard);
}

static void closing_cuts_what_does_not_end(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){0});
  int down = dial(s), up = dial(s), half = dial(s);
  say(down, "GET /down/0 HTTP/1.1\r\nHost: h\r\n\r\n");
  say(up, "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\nabc");
  say(half, "GET / HT");
  assert_true(comes_to(&s->handled, 2));
  zd_http_close(s->server, 100);
  assert_true(comes_to(&s->cancelled, 2));
  zd_workers_close(s->workers);
  free(s);
  close(down);
  close(up);
  close(half);
}

static void a_full_queue_of_work_is_told(void **state) {
  (void)state;
  scenario *s = scenario_open((zd_http_options){.threads = 1});
  zd_buffer heard;
  zd_buffer_init(&heard, 0);
  int fd[130];
  for (int i = 0; i < 130; i++) {
    fd[i] = dial(s);
    say(fd[i], "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  assert_true(comes_to(&s->handled, 130));
  atomic_store(&s->open, true);
  for (int i = 0; i < 130; i++) hear(fd[i], &heard, NULL, i ? 20 : 200);
  for (int i = 0; i < 130; i++) close(fd[i]);
  size_t held = count_of(&heard, "\r\n\r\nheld"), refused = count_of(&heard, "HTTP/1.1 503 ");
  assert_int_equal(held + refused, 130);
  assert_in_range(refused, 20, 30);
  expect_text(&heard, "Retry-After: 1");
  zd_buffer_free(&heard);
  scenario_close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(large_bodies_come_in_whole),
      cmocka_unit_test(large_bodies_go_out_whole),
      cmocka_unit_test(one_large_answer_goes_out_whole),
      cmocka_unit_test(a_writer_waits_for_a_slow_reader),
      cmocka_unit_test(who_adds_holds_no_thread),
      cmocka_unit_test(a_client_that_leaves_cancels_what_it_asked),
      cmocka_unit_test(a_half_closed_client_gets_its_answer),
      cmocka_unit_test(slow_clients_time_out),
      cmocka_unit_test(an_oversize_upload_is_stopped),
      cmocka_unit_test(closing_lets_work_in_flight_end),
      cmocka_unit_test(closing_cuts_what_does_not_end),
      cmocka_unit_test(a_full_queue_of_work_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
