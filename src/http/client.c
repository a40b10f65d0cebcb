#include "http/client.h"

#include <errno.h>
#include <fcntl.h>
#include <llhttp/llhttp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "http/text.h"

#define HEADERS_MOST 200
#define HEAD_MOST ((size_t)1 << 20)
#define BODY_MOST ((size_t)1 << 30)

/* A header's place in `text`, which moves while it grows. */
typedef struct span {
  size_t at, n;
} span;

struct zd_http_client {
  char host[256], port[8], base[512];
  int timeout_ms;
  int fd; /* -1: not connected */
  llhttp_t parser;
  zd_buffer head; /* of the request */
  zd_buffer text; /* of the answer's headers: names and values, one after another */
  zd_buffer body;
  span names[HEADERS_MOST], values[HEADERS_MOST];
  zd_http_header headers[HEADERS_MOST];
  size_t count;
  bool head_request, complete, keep, begun;
};

/* ---- URL ---- */

static bool copy(char *to, size_t room, const char *p, size_t n) {
  if (n >= room) return false;
  memcpy(to, p, n);
  to[n] = '\0';
  return true;
}

static bool is_port(const char *p) {
  unsigned long n = 0;
  if (!*p || strlen(p) > 5) return false;
  for (; *p; p++) {
    if (*p < '0' || *p > '9') return false;
    n = n * 10 + (unsigned long)(*p - '0');
  }
  return n > 0 && n < 65536;
}

/* host, [v6], host:port. */
static bool parse_authority(zd_http_client *c, const char *p, size_t n) {
  zd_slice rest = {p, n};
  size_t host = zd_slice_find(rest, ':'), skip = 0;
  if (n && p[0] == '[') {
    host = zd_slice_find(rest, ']');
    if (host == n) return false;
    skip = 1;
  }
  if (host <= skip || !copy(c->host, sizeof c->host, p + skip, host - skip)) return false;
  rest = zd_slice_from(rest, host + skip);
  if (rest.n == 0) return copy(c->port, sizeof c->port, "80", 2);
  return rest.p[0] == ':' && copy(c->port, sizeof c->port, rest.p + 1, rest.n - 1) &&
         is_port(c->port);
}

static bool parse_url(zd_http_client *c, const char *url) {
  if (strncmp(url, "http://", 7) != 0) return false;
  url += 7;
  size_t authority = strcspn(url, "/?#@ ");
  size_t base = strlen(url + authority);
  if (url[authority] && url[authority] != '/') return false;
  if (strpbrk(url + authority, "?# \r\n")) return false;
  while (base && url[authority + base - 1] == '/') base--;
  return parse_authority(c, url, authority) && copy(c->base, sizeof c->base, url + authority, base);
}

zd_err zd_http_client_open(const char *url, unsigned timeout_ms, zd_http_client **out,
                           zd_fault *fault) {
  *out = NULL;
  if (strncmp(url, "https://", 8) == 0)
    return zd_fail(fault, ZD_ERR_UNSUPPORTED, "https is not offered yet: %s", url);
  zd_http_client *c = calloc(1, sizeof *c);
  if (!c) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  c->fd = -1;
  c->timeout_ms = timeout_ms && timeout_ms < 86400000u ? (int)timeout_ms : 30000;
  zd_buffer_init(&c->text, HEAD_MOST);
  zd_buffer_init(&c->body, BODY_MOST);
  if (!parse_url(c, url)) {
    free(c);
    return zd_fail(fault, ZD_ERR_INVALID, "%s is not http://host[:port][/base]", url);
  }
  *out = c;
  return ZD_OK;
}

static void hang_up(zd_http_client *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
}

void zd_http_client_close(zd_http_client *c) {
  if (!c) return;
  hang_up(c);
  zd_buffer_free(&c->head);
  zd_buffer_free(&c->text);
  zd_buffer_free(&c->body);
  free(c);
}

/* ---- connecting ---- */

/* ZD_OK when fd is ready for `events` in time. */
static zd_err wait_for(const zd_http_client *c, int fd, short events, zd_fault *fault) {
  struct pollfd p = {.fd = fd, .events = events};
  int n;
  do {
    n = poll(&p, 1, c->timeout_ms);
  } while (n < 0 && errno == EINTR);
  if (n > 0) return ZD_OK;
  if (n < 0) return zd_fail_errno(fault, "cannot wait for %s:%s", c->host, c->port);
  return zd_fail(fault, ZD_ERR_LIMIT, "%s:%s did not answer within %d ms", c->host, c->port,
                 c->timeout_ms);
}

static zd_err connect_to(zd_http_client *c, const struct addrinfo *a, zd_fault *fault) {
  int on = 1, failed = 0;
  socklen_t n = sizeof failed;
  int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return zd_fail_errno(fault, "cannot make a socket");
  zd_err err = ZD_OK;
  if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
    failed = errno;
    if (failed == EINPROGRESS) {
      err = wait_for(c, fd, POLLOUT, fault);
      if (!err) getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &n);
    }
  }
  if (!err && failed) {
    errno = failed;
    err = zd_fail_errno(fault, "cannot connect to %s:%s", c->host, c->port);
  }
  if (err) {
    close(fd);
    return err;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  c->fd = fd;
  return ZD_OK;
}

static zd_err dial(zd_http_client *c, zd_fault *fault) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
  int failed = getaddrinfo(c->host, c->port, &hints, &all);
  if (failed) return zd_fail(fault, ZD_ERR_IO, "%s: %s", c->host, gai_strerror(failed));
  zd_err err = ZD_ERR_IO;
  for (const struct addrinfo *a = all; a && err; a = a->ai_next) err = connect_to(c, a, fault);
  freeaddrinfo(all);
  return err;
}

/* Between requests nothing may come: what is readable then is the server's good-bye. */
static bool is_stale(const zd_http_client *c) {
  struct pollfd p = {.fd = c->fd, .events = POLLIN};
  return poll(&p, 1, 0) != 0;
}

/* ---- sending ---- */

static bool has_body(const char *method, zd_slice body) {
  return body.n || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
         strcmp(method, "PATCH") == 0;
}

static bool text_is_clean(zd_slice s) {
  for (size_t i = 0; i < s.n; i++)
    if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') return false;
  return true;
}

static zd_err make_head(zd_http_client *c, const char *method, const char *path,
                        const zd_http_header *headers, size_t count, zd_slice body) {
  zd_buffer *b = &c->head;
  bool v6 = strchr(c->host, ':') != NULL;
  zd_buffer_clear(b);
  if (!zd_http_is_token(zd_slice_of(method)) || path[0] != '/' || strpbrk(path, " \r\n"))
    return ZD_ERR_INVALID;
  zd_buffer_printf(b, "%s %s%s HTTP/1.1\r\nHost: %s%s%s:%s\r\n", method, c->base, path,
                   v6 ? "[" : "", c->host, v6 ? "]" : "", c->port);
  for (size_t i = 0; i < count; i++) {
    if (!zd_http_is_token(headers[i].name) || !text_is_clean(headers[i].value))
      return ZD_ERR_INVALID;
    zd_buffer_add_slice(b, headers[i].name);
    zd_buffer_add(b, ": ", 2);
    zd_buffer_add_slice(b, headers[i].value);
    zd_buffer_add(b, "\r\n", 2);
  }
  if (has_body(method, body)) zd_buffer_printf(b, "Content-Length: %zu\r\n", body.n);
  zd_buffer_add(b, "\r\n", 2);
  return zd_buffer_error(b);
}

static zd_err send_all(zd_http_client *c, zd_slice body, zd_fault *fault) {
  struct iovec parts[2] = {{c->head.p, c->head.n}, {(void *)(uintptr_t)body.p, body.n}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  while (parts[0].iov_len || parts[1].iov_len) {
    ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      zd_err err = wait_for(c, c->fd, POLLOUT, fault);
      if (err) return err;
      continue;
    }
    if (n < 0) return zd_fail_errno(fault, "cannot send to %s:%s", c->host, c->port);
    for (int i = 0; i < 2; i++) {
      size_t took = (size_t)n < parts[i].iov_len ? (size_t)n : parts[i].iov_len;
      parts[i].iov_base = (char *)parts[i].iov_base + took;
      parts[i].iov_len -= took;
      n -= (ssize_t)took;
    }
  }
  return ZD_OK;
}

/* ---- receiving ---- */

static int on_begin(llhttp_t *parser) {
  zd_http_client *c = parser->data; /* also after an interim answer (1xx) */
  zd_buffer_clear(&c->text);
  zd_buffer_clear(&c->body);
  c->count = 0;
  return 0;
}

static int on_field(llhttp_t *parser, const char *p, size_t n) {
  zd_http_client *c = parser->data;
  if (c->count == 0 || c->values[c->count - 1].at) {
    if (c->count == HEADERS_MOST) return -1;
    c->names[c->count] = (span){c->text.n, 0};
    c->values[c->count++] = (span){0, 0};
  }
  zd_buffer_add(&c->text, p, n);
  c->names[c->count - 1].n += n;
  return c->text.failed ? -1 : 0;
}

static int on_value(llhttp_t *parser, const char *p, size_t n) {
  zd_http_client *c = parser->data;
  span *value = &c->values[c->count - 1];
  if (!value->at) value->at = c->text.n;
  zd_buffer_add(&c->text, p, n);
  value->n += n;
  return c->text.failed ? -1 : 0;
}

static int on_value_complete(llhttp_t *parser) {
  zd_http_client *c = parser->data;
  span *value = &c->values[c->count - 1];
  if (!value->at) value->at = c->text.n; /* an empty one */
  return 0;
}

static int on_headers(llhttp_t *parser) {
  zd_http_client *c = parser->data;
  parser->upgrade = 0;
  return c->head_request ? 1 : 0; /* 1: no body whatever the headers say */
}

static int on_body(llhttp_t *parser, const char *p, size_t n) {
  zd_http_client *c = parser->data;
  zd_buffer_add(&c->body, p, n);
  return c->body.failed ? -1 : 0;
}

static int on_complete(llhttp_t *parser) {
  zd_http_client *c = parser->data;
  if (parser->status_code < 200) return 0;
  c->complete = true;
  c->keep = llhttp_should_keep_alive(parser) != 0;
  return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_message_begin = on_begin,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

static zd_err parse(zd_http_client *c, const char *p, size_t n, zd_fault *fault) {
  llhttp_errno_t err = n ? llhttp_execute(&c->parser, p, n) : llhttp_finish(&c->parser);
  if (c->complete || (err == HPE_OK && n)) return ZD_OK;
  if (c->body.failed || c->text.failed)
    return zd_fail(fault, ZD_ERR_LIMIT, "the answer of %s:%s is too large", c->host, c->port);
  if (!n) return zd_fail(fault, ZD_ERR_IO, "%s:%s closed in mid-answer", c->host, c->port);
  return zd_fail(fault, ZD_ERR_INVALID, "%s:%s does not speak HTTP: %s", c->host, c->port,
                 llhttp_get_error_reason(&c->parser));
}

static zd_err receive(zd_http_client *c, zd_fault *fault) {
  char part[65536];
  llhttp_init(&c->parser, HTTP_RESPONSE, &callbacks);
  c->parser.data = c;
  c->complete = c->begun = false;
  while (!c->complete) {
    zd_err err = wait_for(c, c->fd, POLLIN, fault);
    if (err) return err;
    ssize_t n = recv(c->fd, part, sizeof part, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return zd_fail_errno(fault, "cannot read from %s:%s", c->host, c->port);
    if (n > 0) c->begun = true;
    if (n == 0 && !c->begun)
      return zd_fail(fault, ZD_ERR_IO, "%s:%s closed without an answer", c->host, c->port);
    err = parse(c, part, (size_t)n, fault);
    if (err) return err;
  }
  return ZD_OK;
}

static void fill_answer(zd_http_client *c, zd_http_answer *answer) {
  for (size_t i = 0; i < c->count; i++) {
    zd_slice value = {c->text.p + c->values[i].at, c->values[i].n};
    c->headers[i] =
        (zd_http_header){{c->text.p + c->names[i].at, c->names[i].n}, zd_http_trim(value)};
  }
  *answer = (zd_http_answer){.status = c->parser.status_code,
                             .headers = c->headers,
                             .header_count = c->count,
                             .body = zd_buffer_slice(&c->body)};
}

/* ---- the request ---- */

static bool is_idempotent(const char *method) {
  return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "PUT") == 0 ||
         strcmp(method, "DELETE") == 0 || strcmp(method, "OPTIONS") == 0;
}

static zd_err attempt(zd_http_client *c, zd_slice body, zd_fault *fault) {
  zd_err err = c->fd < 0 ? dial(c, fault) : ZD_OK;
  c->begun = false;
  if (!err) {
    err = send_all(c, body, fault);
    /* A server that refuses early answers before it has read all: hear it out. */
    if (!err || err == ZD_ERR_IO) err = c->fd >= 0 ? receive(c, fault) : err;
  }
  if (err || !c->keep) hang_up(c);
  return err;
}

zd_err zd_http_client_request(zd_http_client *c, const char *method, const char *path,
                              const zd_http_header *headers, size_t header_count, zd_slice body,
                              zd_http_answer *answer, zd_fault *fault) {
  *answer = (zd_http_answer){0};
  zd_err err = make_head(c, method, path, headers, header_count, body);
  if (err) return zd_fail(fault, err, "cannot make the request %s %s", method, path);
  c->head_request = strcmp(method, "HEAD") == 0;
  if (c->fd >= 0 && is_stale(c)) hang_up(c);
  bool reused = c->fd >= 0;
  err = attempt(c, body, fault);
  if (err == ZD_ERR_IO && reused && !c->begun && is_idempotent(method))
    err = attempt(c, body, fault);
  if (!err) fill_answer(c, answer);
  return err;
}

zd_slice zd_http_answer_header(const zd_http_answer *answer, const char *name) {
  zd_slice wanted = zd_slice_of(name);
  for (size_t i = 0; i < answer->header_count; i++)
    if (zd_http_same(answer->headers[i].name, wanted)) return answer->headers[i].value;
  return (zd_slice){0};
}
