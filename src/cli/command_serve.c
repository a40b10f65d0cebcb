/* command_serve.c: zdravo serve */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "serve/serve.h"

static void say_ready(void *context, const char *url) {
  (void)context;
  fprintf(stderr, "zdravo %s serves %s (Ctrl-C stops it)\n", ZD_VERSION, url);
}

/* "127.0.0.1:8080", "[::1]:8080", ":8080". */
static bool split_address(const char *text, char host[64], uint16_t *port) {
  const char *colon = strrchr(text, ':');
  char *end;
  if (!colon || colon - text >= 63) return false;
  zd_slice h = {text, (size_t)(colon - text)};
  if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']') h = (zd_slice){h.p + 1, h.n - 2};
  if (!h.n) h = ZD_S("127.0.0.1");
  memcpy(host, h.p, h.n);
  host[h.n] = 0;
  unsigned long v = strtoul(colon + 1, &end, 10);
  *port = (uint16_t)v;
  bool digits = colon[1] >= '0' && colon[1] <= '9';
  return digits && !*end && v <= 65535;
}

/* Port 0: a free one, found before the store is opened, for it is part of every link given out. */
static uint16_t free_port(const char *host) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *at;
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } bound;
  socklen_t n = sizeof bound;
  memset(&bound, 0, sizeof bound);
  if (getaddrinfo(host, "0", &hints, &at) != 0) return 0;
  int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool fine =
      fd >= 0 && bind(fd, at->ai_addr, at->ai_addrlen) == 0 && getsockname(fd, &bound.any, &n) == 0;
  if (fd >= 0) close(fd);
  freeaddrinfo(at);
  if (!fine) return 0;
  return ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
}

static bool log_level(const char *name, zd_log_level *out) {
  static const char *const names[] = {"debug", "info", "warn", "error"};
  for (int i = 0; name && i < 4; i++)
    if (strcmp(name, names[i]) == 0) {
      *out = (zd_log_level)i;
      return true;
    }
  return !name;
}

int zd_command_serve(const zd_arguments *a) {
  char host[64] = "", base[128];
  uint16_t port = 0;
  zd_fault fault = {0};
  zd_record_store r;
  zd_log_level level = ZD_LOG_INFO;
  const char *listen = a->listen ? a->listen : "127.0.0.1:8080";
  if (!a->data || a->rest_count || !split_address(listen, host, &port) ||
      !log_level(a->log_level, &level)) {
    fprintf(stderr,
            "zdravo serve: --data DIR is needed; --listen takes ADDR:PORT, --log-level debug, "
            "info, warn or error\n");
    return ZD_EXIT_USAGE;
  }
  if (!zd_serve_is_loopback(host)) {
    fprintf(stderr,
            "zdravo serve: %s is not a loopback address; while there is no authentication, only "
            "127.0.0.0/8 and ::1 are served\n",
            host);
    return ZD_EXIT_USAGE;
  }
  zd_logger logger = {STDERR_FILENO, level, zd_clock_system()};
  if (!port) port = free_port(host);
  zd_serve_base_url(host, port, base, sizeof base);
  zd_err err = zd_record_store_open(a->data, false, base, &logger, &r, &fault);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  zd_serve_options options = {.host = host,
                              .port = port,
                              .schema = r.schema,
                              .store = r.store,
                              .search = r.search,
                              .definer = r.definer,
                              .logger = &logger,
                              .settings = a->settings,
                              .version = ZD_VERSION,
                              .threads = (unsigned)a->threads,
                              .ready = say_ready};
  err = zd_definer_index_start(r.definer, &fault);
  if (err == ZD_OK) err = zd_serve_run(&options, &fault);
  zd_record_store_close(&r);
  return err == ZD_OK ? ZD_EXIT_OK : zd_cli_fail(err, &fault);
}
