/* server.c: loops, their threads, their listening sockets. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "http/server_internal.h"

#define TICK_MS 250
#define STOP_TICK_MS 10
#define BACKLOG 1024

/* ---- inside a loop ---- */

static void close_handle(uv_handle_t *handle) {
  if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void end_if_over(zd_http_loop *loop) {
  if (!loop->stopping || loop->connections) return;
  close_handle((uv_handle_t *)&loop->wake);
  close_handle((uv_handle_t *)&loop->tick);
}

static void on_tick(uv_timer_t *timer) {
  zd_http_loop *loop = timer->data;
  uint64_t now = uv_now(&loop->uv);
  bool force = loop->stopping && now >= loop->stop_at;
  if (loop->unaccepted && !loop->stopping) zd_http_accept(loop);
  for (zd_http_connection *c = loop->connections, *next; c; c = next) {
    next = c->next; /* closing is never at once: next stays where it is */
    if (force) {
      zd_http_connection_close(c);
    } else {
      zd_http_connection_check_time(c, now);
    }
  }
  end_if_over(loop);
}

/* An exchange whose client is gone comes home. */
static void take_home(zd_http_exchange *x) {
  zd_http_connection *c = x->connection;
  for (zd_http_exchange **at = &c->first; *at; at = &(*at)->next) {
    if (*at != x) continue;
    *at = x->next;
    break;
  }
  zd_http_exchange_release(x);
  if (!c->first) zd_http_connection_free(c);
}

static void take_post(zd_http_exchange *x) {
  pthread_mutex_lock(&x->lock);
  x->pending = false;
  bool done = x->done, over = x->done || x->out_ended;
  bool begun = x->out_begun, broken = x->out_broken;
  pthread_mutex_unlock(&x->lock);
  if (x->connection->closed) {
    if (over) take_home(x);
    return;
  }
  x->streaming = begun;
  if (done) {
    x->ready = true;
    x->broken = broken;
  }
  zd_http_connection_pump(x->connection);
}

static void begin_stop(zd_http_loop *loop) {
  loop->stopping = true;
  loop->stop_at = uv_now(&loop->uv) + loop->server->grace_ms;
  close_handle((uv_handle_t *)&loop->listener);
  uv_timer_start(&loop->tick, on_tick, 0, STOP_TICK_MS);
  for (zd_http_connection *c = loop->connections, *next; c; c = next) {
    next = c->next;
    if (zd_http_connection_is_idle(c)) zd_http_connection_close(c);
  }
}

static void on_wake(uv_async_t *wake) {
  zd_http_loop *loop = wake->data;
  zd_http_exchange *x = atomic_exchange_explicit(&loop->posts, NULL, memory_order_acquire);
  while (x) {
    zd_http_exchange *next = x->posted;
    take_post(x);
    x = next;
  }
  pthread_mutex_lock(&loop->gate);
  bool stop = loop->stop;
  pthread_mutex_unlock(&loop->gate);
  if (stop && !loop->stopping) begin_stop(loop);
}

static void on_connection(uv_stream_t *listener, int status) {
  if (status == 0) zd_http_accept(listener->data);
}

static void *run_loop(void *context) {
  zd_http_loop *loop = context;
  /* A client that has gone is an error of the write that meets it, not the end of the program. */
  sigset_t broken;
  sigemptyset(&broken);
  sigaddset(&broken, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken, NULL);
  loop->self = pthread_self();
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  return NULL;
}

/* ---- listening ---- */

static zd_err address_of(const zd_http_server *s, struct sockaddr_storage *out, zd_fault *fault) {
  *out = (struct sockaddr_storage){0};
  if (uv_ip4_addr(s->host, s->port, (struct sockaddr_in *)out) == 0) return ZD_OK;
  if (uv_ip6_addr(s->host, s->port, (struct sockaddr_in6 *)out) == 0) return ZD_OK;
  return zd_fail(fault, ZD_ERR_INVALID, "%s is not a numeric address", s->host);
}

static socklen_t address_size(const struct sockaddr_storage *a) {
  return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* A bound socket, or -1 with errno. Accepted sockets inherit TCP_NODELAY. */
static int bind_socket(const struct sockaddr_storage *address, bool shared) {
  int on = 1;
  int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if ((shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
      bind(fd, (const struct sockaddr *)address, address_size(address)) != 0) {
    int err = errno;
    close(fd);
    errno = err;
    return -1;
  }
  return fd;
}

static uint16_t bound_port(int fd) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } a;
  socklen_t n = sizeof a;
  memset(&a, 0, sizeof a);
  if (getsockname(fd, &a.any, &n) != 0) return 0;
  return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

/* SO_REUSEPORT would let a second server of the same user share our port in silence: whether it is
 * free is asked first, without. */
static zd_err check_free(const zd_http_server *s, zd_fault *fault) {
  struct sockaddr_storage address;
  zd_err err = address_of(s, &address, fault);
  if (err) return err;
  int fd = bind_socket(&address, false);
  if (fd < 0) {
    zd_fail_errno(fault, "cannot listen on %s:%u", s->host, s->port);
    return errno == EADDRINUSE ? ZD_ERR_BUSY : ZD_ERR_IO;
  }
  close(fd);
  return ZD_OK;
}

static zd_err loop_listen(zd_http_loop *loop, zd_fault *fault) {
  zd_http_server *s = loop->server;
  struct sockaddr_storage address;
  zd_err err = address_of(s, &address, fault);
  if (err) return err;
  int fd = bind_socket(&address, true);
  if (fd < 0) return zd_fail_errno(fault, "cannot listen on %s:%u", s->host, s->port);
  if (s->port == 0) s->port = bound_port(fd);
  int failed = uv_tcp_open(&loop->listener, fd);
  if (failed) {
    close(fd);
  } else {
    failed = uv_listen((uv_stream_t *)&loop->listener, BACKLOG, on_connection);
  }
  if (failed)
    return zd_fail(fault, ZD_ERR_IO, "cannot listen on %s:%u: %s", s->host, s->port,
                   uv_strerror(failed));
  return ZD_OK;
}

/* ---- the life of a loop ---- */

static void loop_free(zd_http_loop *loop) {
  while (loop->spare_exchanges) {
    zd_http_exchange *x = loop->spare_exchanges;
    loop->spare_exchanges = x->next;
    zd_http_exchange_free(x);
  }
  while (loop->spare_connections) {
    zd_http_connection *c = loop->spare_connections;
    loop->spare_connections = c->next;
    free(c);
  }
  uv_loop_close(&loop->uv);
  pthread_mutex_destroy(&loop->gate);
  free(loop);
}

/* Its handles exist whatever happens next, so that there is one way to end it. */
static zd_http_loop *loop_new(zd_http_server *s) {
  zd_http_loop *loop = calloc(1, sizeof *loop);
  if (!loop) return NULL;
  if (uv_loop_init(&loop->uv) != 0) {
    free(loop);
    return NULL;
  }
  if (uv_async_init(&loop->uv, &loop->wake, on_wake) != 0) {
    uv_loop_close(&loop->uv);
    free(loop);
    return NULL;
  }
  pthread_mutex_init(&loop->gate, NULL);
  loop->server = s;
  loop->wake.data = loop;
  uv_tcp_init(&loop->uv, &loop->listener);
  loop->listener.data = loop;
  uv_timer_init(&loop->uv, &loop->tick);
  loop->tick.data = loop;
  uv_timer_start(&loop->tick, on_tick, TICK_MS, TICK_MS);
  return loop;
}

/* One that never got a thread. */
static void loop_abandon(zd_http_loop *loop) {
  close_handle((uv_handle_t *)&loop->listener);
  loop->stopping = true;
  end_if_over(loop);
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  loop_free(loop);
}

static zd_err loop_open(zd_http_server *s, zd_fault *fault) {
  zd_http_loop *loop = loop_new(s);
  if (!loop) return zd_fail(fault, ZD_ERR_MEMORY, "cannot make an event loop");
  zd_err err = zd_random_bytes(&loop->id_seed, sizeof loop->id_seed);
  if (!err) err = loop_listen(loop, fault);
  if (!err && pthread_create(&loop->thread, NULL, run_loop, loop) != 0)
    err = zd_fail(fault, ZD_ERR_MEMORY, "cannot start a thread");
  if (err) {
    loop_abandon(loop);
    return err;
  }
  s->loops[s->threads++] = loop;
  return ZD_OK;
}

static void loop_close(zd_http_loop *loop) {
  pthread_join(loop->thread, NULL);
  loop_free(loop);
}

/* ---- the server ---- */

static void fill_defaults(zd_http_options *o) {
  if (!o->host) o->host = "127.0.0.1";
  if (!o->threads) o->threads = zd_workers_cpus();
  if (!o->head_limit) o->head_limit = 65536;
  if (!o->body_limit) o->body_limit = (size_t)1 << 30;
  if (!o->body_inline) o->body_inline = (size_t)1 << 20;
  if (!o->idle_seconds) o->idle_seconds = 60;
  if (!o->connections) o->connections = 10000;
  if (!o->head_seconds) o->head_seconds = 15;
  if (!o->stall_seconds) o->stall_seconds = 30;
}

zd_err zd_http_open(const zd_http_options *options, zd_http_server **out, zd_fault *fault) {
  *out = NULL;
  zd_http_server *s = calloc(1, sizeof *s);
  if (!s) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  s->options = *options;
  fill_defaults(&s->options);
  snprintf(s->host, sizeof s->host, "%s", s->options.host);
  s->options.host = s->host;
  s->port = s->options.port;
  s->loops = calloc(s->options.threads, sizeof(zd_http_loop *));
  if (!s->loops) {
    free(s);
    return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  }
  zd_err err = check_free(s, fault);
  for (unsigned i = 0; i < s->options.threads && !err; i++) err = loop_open(s, fault);
  if (err) {
    zd_http_close(s, 0);
    return err;
  }
  *out = s;
  return ZD_OK;
}

uint16_t zd_http_port(const zd_http_server *s) {
  return s->port;
}

void zd_http_close(zd_http_server *s, unsigned grace_ms) {
  if (!s) return;
  s->grace_ms = grace_ms;
  for (unsigned i = 0; i < s->threads; i++) {
    zd_http_loop *loop = s->loops[i];
    pthread_mutex_lock(&loop->gate);
    loop->stop = true;
    uv_async_send(&loop->wake);
    pthread_mutex_unlock(&loop->gate);
  }
  for (unsigned i = 0; i < s->threads; i++) loop_close(s->loops[i]);
  free(s->loops);
  free(s);
}

static uint64_t get(const _Atomic uint64_t *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

void zd_http_stats_get(const zd_http_server *s, zd_http_stats *out) {
  *out = (zd_http_stats){0};
  for (unsigned i = 0; i < s->threads; i++) {
    const zd_http_counters *n = &s->loops[i]->counters;
    out->connections += get(&n->connections);
    out->connections_total += get(&n->total);
    out->requests_total += get(&n->requests);
    out->in_flight += get(&n->in_flight);
    out->bytes_in += get(&n->in);
    out->bytes_out += get(&n->out);
    out->refused_total += get(&n->refused);
    for (int k = 0; k < 6; k++) out->by_class[k] += get(&n->by_class[k]);
  }
}
