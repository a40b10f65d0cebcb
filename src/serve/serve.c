/* serve.c: assembles the server, waits for signals, takes it apart. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "serve/serve_internal.h"

enum { GRACE_MS = 10000, WORKER_QUEUE = 4096, LOOK_S = 5 };

bool zd_serve_is_loopback(const char *host) {
  struct in_addr v4;
  struct in6_addr v6;
  if (inet_pton(AF_INET, host, &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

void zd_serve_base_url(const char *host, uint16_t port, char *text, size_t room) {
  bool v6 = strchr(host, ':') != NULL;
  snprintf(text, room, "http://%s%s%s:%u/fhir", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

static void error_body(void *state, int status, zd_slice text, zd_buffer *body,
                       const char **content_type) {
  char copy[200];
  (void)state;
  snprintf(copy, sizeof copy, "%.*s", (int)(text.n < sizeof copy ? text.n : sizeof copy - 1),
           text.n ? text.p : "");
  *content_type = "application/fhir+json;charset=utf-8";
  zd_rest_refusal(status, copy, body);
}

static zd_err open_rest(zd_serve *s, uint16_t port, zd_fault *fault) {
  char url[128];
  const char *cors = s->settings.cors_origins;
  zd_serve_base_url(s->o->host, port, url, sizeof url);
  zd_rest_options options = {.schema = s->o->schema,
                             .store = s->o->store,
                             .search = s->o->search,
                             .definer = s->o->definer,
                             .workers = s->workers,
                             .logger = s->o->logger,
                             .base_url = zd_slice_of(url),
                             .resource_limit = (size_t)s->settings.resource_limit_mb << 20,
                             .body_limit = (size_t)s->settings.body_limit_mb << 20,
                             .entry_limit = (uint32_t)s->settings.bundle_entries,
                             .page_default = (uint32_t)s->settings.page_default,
                             .query_ms = (unsigned)s->settings.query_ms,
                             .query_memory = (size_t)s->settings.query_memory_mb << 20,
                             .cors_origins = cors[0] ? cors : NULL,
                             .version = s->o->version};
  return zd_rest_open(&options, &s->rest, fault);
}

static zd_err open_http(zd_serve *s, zd_fault *fault) {
  zd_http_options options = {.host = s->o->host,
                             .port = s->o->port,
                             .threads = s->o->threads,
                             .handler = zd_serve_handle,
                             .state = s,
                             .workers = s->workers,
                             .logger = s->o->logger,
                             .body_limit = (size_t)s->settings.body_limit_mb << 20,
                             .error_body = error_body,
                             .error_state = s};
  return zd_http_open(&options, &s->http, fault);
}

static zd_err open_server(zd_serve *s, zd_fault *fault) {
  if (!zd_serve_is_loopback(s->o->host))
    return zd_fail(fault, ZD_ERR_REFUSED,
                   "%s is not a loopback address, and there is no authentication yet", s->o->host);
  s->started_ms = zd_clock_now(zd_clock_system());
  s->workers = zd_workers_open(zd_workers_cpus() + 2, WORKER_QUEUE);
  if (!s->workers) return zd_fail(fault, ZD_ERR_MEMORY, "no worker threads");
  zd_err err = open_rest(s, s->o->port, fault);
  return err == ZD_OK ? open_http(s, fault) : err;
}

/* Requests end first, then the workers that may be answering them, then what both use. */
static void close_server(zd_serve *s) {
  atomic_store(&s->stopping, true);
  if (s->rest) zd_rest_stop(s->rest);
  if (s->http) zd_http_close(s->http, GRACE_MS);
  if (s->workers) zd_workers_close(s->workers);
  zd_rest_close(s->rest);
}

static zd_err read_settings(zd_serve *s, zd_settings *wanted, zd_fault *fault) {
  zd_settings_init(wanted, s->level);
  return s->o->settings ? zd_settings_read(s->o->settings, wanted, fault) : ZD_OK;
}

static void reload(zd_serve *s) {
  zd_fault fault = {0};
  zd_settings wanted;
  if (!s->o->settings) return;
  if (read_settings(s, &wanted, &fault) != ZD_OK) {
    zd_log(s->o->logger, ZD_LOG_ERROR, "settings refused, the former stay", "why", fault.text,
           NULL);
    return;
  }
  s->o->logger->least = (zd_log_level)wanted.log_level;
  zd_rest_tune(s->rest, (uint32_t)wanted.page_default, (unsigned)wanted.query_ms,
               (size_t)wanted.query_memory_mb << 20);
  const char *waiting = zd_settings_waiting(&s->settings, &wanted);
  if (waiting)
    zd_log(s->o->logger, ZD_LOG_WARN, "a changed setting waits for a restart", "setting", waiting,
           NULL);
  zd_log(s->o->logger, ZD_LOG_INFO, "settings read again", "file", s->o->settings, NULL);
}

/* SIGHUP reads settings; SIGINT and SIGTERM end it. Between them freed memory is given back. */
static void wait_for_end(zd_serve *s, const sigset_t *signals) {
  const struct timespec look = {.tv_sec = LOOK_S};
  uint64_t least = 0;
  for (;;) {
    int number = sigtimedwait(signals, NULL, &look);
    if (number == SIGHUP) reload(s);
    if (number < 0 && errno == EAGAIN) zd_serve_give_back(&least);
    if (number > 0 ? number != SIGHUP : errno != EAGAIN && errno != EINTR) break;
  }
  zd_log(s->o->logger, ZD_LOG_INFO, "stopping", NULL);
}

zd_err zd_serve_run(const zd_serve_options *options, zd_fault *fault) {
  zd_serve s = {.o = options, .level = options->logger->least};
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, &before); /* inherited by all threads started below */
  zd_err err = read_settings(&s, &s.settings, fault);
  if (err == ZD_OK) {
    options->logger->least = (zd_log_level)s.settings.log_level;
    err = open_server(&s, fault);
  }
  if (err == ZD_OK) {
    char url[128];
    zd_serve_base_url(options->host, zd_http_port(s.http), url, sizeof url);
    zd_log(options->logger, ZD_LOG_INFO, "serving", "base", url, NULL);
    if (options->ready) options->ready(options->context, url);
    wait_for_end(&s, &signals);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL); /* a second Ctrl-C ends the program at once */
  close_server(&s);
  return err;
}
