/* load.c: an HTTP load generator for the benchmarks: closed loop, many keep-alive connections, one
 * thread, every answer's status checked.
 *
 *   load -a 127.0.0.1:8080 -c 64 -s 5 -g /fhir/Patient/1        one path again and again
 *   load -a ... -p paths.txt                                    paths of a file, in turn
 *   load -a ... -b bodies.ndjson -u /fhir [-n 1000]             POSTs, a body a line, in turn
 *
 * -s seconds, or -n requests in all; -e 200 the status expected (default 200; 0: any 2xx);
 * -k: the file is used up once. SIGTERM ends it early, with its figures. Prints one line of JSON:
 * requests, seconds, rate, p50, p99, max (microseconds), errors, bytes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096, STEP = 65536, BUCKETS = 2000000 };

typedef struct line {
  const char *p;
  size_t n;
} line;

typedef struct load {
  struct sockaddr_in address;
  const char *url; /* of POSTs */
  line *lines;
  size_t count, next;
  bool post, once, stopped;
  uint64_t most, sent, done, errors, bytes;
  double seconds;
  int expected;
  int epoll;
  unsigned connections, open;
  uint64_t began, end;
  uint32_t *histogram; /* by microsecond, the last one catches all above */
} load;

typedef struct connection {
  int fd;
  char head[8192];
  size_t head_n, sent;
  line body;
  uint64_t started;
  char *in;
  size_t n, room, need; /* need: bytes of the whole answer, 0 while that is not known */
  size_t chunk;         /* where the next chunk of an answer in chunks begins; 0: it is none */
} connection;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static bool next_request(load *l, connection *c) {
  if (l->stopped || (l->most && l->sent == l->most) || (l->once && l->next == l->count))
    return false;
  if (!l->most && !l->once && now_ns() >= l->end) return false;
  line item = l->lines[l->next++ % l->count];
  if (!l->once && l->next == l->count) l->next = 0;
  l->sent++;
  if (l->post)
    c->head_n = (size_t)snprintf(c->head, sizeof c->head,
                                 "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                                 "application/fhir+json\r\nContent-Length: %zu\r\n\r\n",
                                 l->url, item.n);
  else
    c->head_n =
        (size_t)snprintf(c->head, sizeof c->head, "GET %.*s HTTP/1.1\r\nHost: localhost\r\n\r\n",
                         (int)item.n, item.p);
  if (c->head_n >= sizeof c->head) die("path too long");
  c->body = l->post ? item : (line){NULL, 0};
  c->sent = c->n = c->need = c->chunk = 0;
  c->started = now_ns();
  return true;
}

/* Sends what the socket takes. */
static void push(connection *c) {
  size_t all = c->head_n + c->body.n;
  while (c->sent < all) {
    bool head = c->sent < c->head_n;
    const char *p = head ? c->head + c->sent : c->body.p + (c->sent - c->head_n);
    size_t n = head ? c->head_n - c->sent : all - c->sent;
    ssize_t got = send(c->fd, p, n, MSG_NOSIGNAL | (head && c->body.n ? MSG_MORE : 0));
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got < 0) die("send");
    c->sent += (size_t)got;
  }
}

static void arm(load *l, connection *c, int how) {
  bool more = c->sent < c->head_n + c->body.n;
  struct epoll_event e = {.events = EPOLLIN | (more ? EPOLLOUT : 0u), .data.ptr = c};
  if (epoll_ctl(l->epoll, how, c->fd, &e) != 0) die("epoll_ctl");
}

static void open_connection(load *l, connection *c) {
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&l->address, sizeof l->address) != 0)
    die("connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  if (!next_request(l, c)) {
    close(c->fd);
    return;
  }
  l->open++;
  push(c);
  arm(l, c, EPOLL_CTL_ADD);
}

/* "HTTP/1.1 200 OK" */
static int status_of(const connection *c) {
  return (int)strtol(c->in + 9, NULL, 10);
}

/* Walks the chunks that are there; the whole length is known at the empty one. */
static void find_last_chunk(connection *c) {
  while (c->chunk < c->n) {
    const char *head = c->in + c->chunk, *end = memmem(head, c->n - c->chunk, "\r\n", 2);
    if (!end) return;
    size_t size = strtoull(head, NULL, 16);
    c->chunk = (size_t)(end - c->in) + 2 + size + 2;
    if (size) continue;
    c->need = c->chunk;
    return;
  }
}

/* Length of the whole answer once its head is there, and its chunks, when it comes in chunks. */
static void find_need(connection *c) {
  if (c->chunk) {
    find_last_chunk(c);
    return;
  }
  char *end = memmem(c->in, c->n, "\r\n\r\n", 4);
  if (!end) return;
  *end = 0;
  char *length = strcasestr(c->in, "\r\ncontent-length:");
  if (strcasestr(c->in, "\r\ntransfer-encoding: chunked")) {
    *end = '\r';
    c->chunk = (size_t)(end - c->in) + 4;
    find_last_chunk(c);
    return;
  }
  if (!length && status_of(c) != 204 && status_of(c) != 304) {
    fprintf(stderr, "load: an answer without Content-Length\n");
    exit(1);
  }
  *end = '\r';
  c->need = (size_t)(end - c->in) + 4 + (length ? strtoull(length + 17, NULL, 10) : 0);
}

static void count_answer(load *l, connection *c) {
  int status = status_of(c);
  uint64_t us = (now_ns() - c->started) / 1000;
  bool fine = l->expected ? status == l->expected : status / 100 == 2;
  if (!fine && l->errors++ == 0) fprintf(stderr, "load: first unexpected answer: %.300s\n", c->in);
  l->histogram[us < BUCKETS ? us : BUCKETS - 1]++;
  l->done++;
  l->bytes += c->need;
}

static void pull(load *l, connection *c) {
  for (;;) {
    if (c->room - c->n < STEP) {
      c->room = c->room * 2 + STEP + 1;
      if (!(c->in = realloc(c->in, c->room))) die("memory");
    }
    ssize_t got = recv(c->fd, c->in + c->n, c->room - c->n - 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) die("the server closed a connection");
    c->n += (size_t)got;
    c->in[c->n] = 0;
    if (!c->need) find_need(c);
    if (!c->need || c->n < c->need) continue;
    count_answer(l, c);
    if (!next_request(l, c)) {
      close(c->fd);
      l->open--;
      return;
    }
    push(c);
    if (c->sent < c->head_n + c->body.n) arm(l, c, EPOLL_CTL_MOD);
    return;
  }
}

/* SIGTERM comes as an event without a connection. */
static void listen_for_stop(load *l) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, NULL);
  int fd = signalfd(-1, &stop, SFD_CLOEXEC);
  if (fd < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd,
                          &(struct epoll_event){.events = EPOLLIN | EPOLLONESHOT}))
    die("signalfd");
}

static void run(load *l) {
  connection *all = calloc(l->connections, sizeof *all);
  if (!all) die("memory");
  l->epoll = epoll_create1(EPOLL_CLOEXEC);
  listen_for_stop(l);
  l->began = now_ns();
  l->end = l->began + (uint64_t)(l->seconds * 1e9);
  for (unsigned i = 0; i < l->connections; i++) open_connection(l, &all[i]);
  while (l->open) {
    struct epoll_event events[256];
    int n = epoll_wait(l->epoll, events, 256, 30000);
    if (n == 0) {
      fprintf(stderr, "load: no answer for 30 s\n");
      exit(1);
    }
    for (int i = 0; i < n; i++) {
      connection *c = events[i].data.ptr;
      if (!c) {
        l->stopped = true;
        continue;
      }
      if (events[i].events & EPOLLOUT) {
        push(c);
        if (c->sent == c->head_n + c->body.n) arm(l, c, EPOLL_CTL_MOD);
      }
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) pull(l, c);
    }
  }
  free(all);
}

static uint64_t percentile(const load *l, double share) {
  uint64_t want = (uint64_t)((double)l->done * share), seen = 0;
  for (uint64_t us = 0; us < BUCKETS; us++)
    if ((seen += l->histogram[us]) > want) return us;
  return BUCKETS;
}

static void read_lines(load *l, const char *path) {
  int fd = open(path, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) die(path);
  char *p = malloc((size_t)st.st_size + 1);
  size_t n = 0, room = 0;
  for (ssize_t got; p && (got = read(fd, p + n, (size_t)st.st_size - n)) > 0;) n += (size_t)got;
  close(fd);
  for (char *at = p, *end; at && at < p + n; at = end + 1) {
    end = memchr(at, '\n', n - (size_t)(at - p));
    if (!end) end = p + n;
    if (end == at) continue;
    if (l->count == room) {
      room = room * 2 + 1024;
      if (!(l->lines = realloc(l->lines, room * sizeof *l->lines))) die("memory");
    }
    l->lines[l->count++] = (line){at, (size_t)(end - at)};
  }
  if (!l->count) {
    fprintf(stderr, "load: %s is empty\n", path);
    exit(1);
  }
}

static void take_address(load *l, char *text) {
  char *colon = strrchr(text, ':');
  if (!colon) die("address");
  *colon = 0;
  l->address.sin_family = AF_INET;
  l->address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
  if (inet_pton(AF_INET, text, &l->address.sin_addr) != 1 ||
      (ntohl(l->address.sin_addr.s_addr) >> 24) != 127) {
    fprintf(stderr, "load: only loopback addresses are loaded\n");
    exit(1);
  }
}

typedef struct options {
  const char *path, *file; /* -g; -p or -b */
} options;

static bool take_options(load *l, options *o, int argc, char **argv) {
  for (int c; (c = getopt(argc, argv, "a:c:s:n:g:p:b:u:e:k")) != -1;) switch (c) {
      case 'a':
        take_address(l, optarg);
        break;
      case 'c':
        l->connections = (unsigned)strtoul(optarg, NULL, 10);
        break;
      case 's':
        l->seconds = strtod(optarg, NULL);
        break;
      case 'n':
        l->most = strtoull(optarg, NULL, 10);
        break;
      case 'g':
        o->path = optarg;
        break;
      case 'p':
      case 'b':
        o->file = optarg, l->post = c == 'b';
        break;
      case 'u':
        l->url = optarg;
        break;
      case 'e':
        l->expected = (int)strtol(optarg, NULL, 10);
        break;
      case 'k':
        l->once = true;
        break;
      default:
        return false;
    }
  return !o->path != !o->file && l->address.sin_port && l->connections && l->connections <= MOST;
}

static void print_figures(const load *l, double seconds) {
  printf(
      "{\"requests\":%llu,\"seconds\":%.3f,\"rate\":%.0f,\"p50_us\":%llu,\"p99_us\":%llu,\"max_"
      "us\":%llu,\"errors\":%llu,\"bytes\":%llu}\n",
      (unsigned long long)l->done, seconds, (double)l->done / seconds,
      (unsigned long long)percentile(l, 0.5), (unsigned long long)percentile(l, 0.99),
      (unsigned long long)percentile(l, 0.999999), (unsigned long long)l->errors,
      (unsigned long long)l->bytes);
}

int main(int argc, char **argv) {
  load l = {.connections = 64, .seconds = 5, .expected = 200, .url = "/fhir"};
  options o = {0};
  if (!take_options(&l, &o, argc, argv)) {
    fprintf(stderr, "load: see the head of bench/load.c\n");
    return 2;
  }
  line one = {o.path, o.path ? strlen(o.path) : 0};
  if (o.file) read_lines(&l, o.file);
  if (o.path) l.lines = &one, l.count = 1;
  l.histogram = calloc(BUCKETS, sizeof *l.histogram);
  if (!l.histogram) die("memory");
  run(&l);
  print_figures(&l, (double)(now_ns() - l.began) / 1e9);
  free(l.histogram);
  if (o.file) free(l.lines);
  return l.errors ? 1 : 0;
}
