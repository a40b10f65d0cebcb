/* kill -9 under load, again and again: after every restart each acknowledged transaction is there,
 * whole; none is there by half; none that was never made is there; the check passes.
 *
 *   crash RUNS [SEED [DIR]]
 *
 * A run: a child opens the store and writes with several threads; each reports what was
 * acknowledged through a pipe. At a random moment, recovery and closing included, the parent kills
 * it, reads the rest of the pipe, opens the store itself and compares. What transaction number n of
 * thread t writes follows from (seed, t, n) alone, so the whole content can be judged by the log.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "store/testing/little_record.h"

enum {
  THREADS = 6,
  OWN = 12,            /* resources a thread keeps changing */
  WRITES = 5,          /* most writes of a small transaction */
  LARGE = 1100,        /* of a large one: built aside and attached */
  RUNS_PER_STORE = 25, /* then a new one is begun, so that runs stay short */
  IN_FLIGHT = 1        /* transactions of a thread not acknowledged yet */
};

/* What is known of one thread's transactions. */
typedef struct progress {
  uint64_t acknowledged; /* highest number reported */
  uint64_t found;        /* highest number in the log, all below it seen */
  uint64_t rows_left;    /* of transaction `found`, not seen yet */
} progress;

typedef struct harness {
  uint64_t seed;
  char dir[128];
  progress threads[THREADS];
  uint64_t commits, rows, kills;
} harness;

typedef struct ack {
  uint32_t thread;
  uint32_t zero;
  uint64_t number;
} ack;

/* ---- what transaction n of thread t writes ---- */

typedef struct one_write {
  char id[40];
  char body[160];
  bool delete;
} one_write;

static uint64_t mix(const harness *h, uint32_t thread, uint64_t n, uint64_t i) {
  uint64_t words[4] = {h->seed, thread, n, i};
  return zd_hash64(words, sizeof words);
}

static unsigned write_count(const harness *h, uint32_t thread, uint64_t n) {
  uint64_t r = mix(h, thread, n, 1000000);
  return r % 97 == 0 ? LARGE : 1 + (unsigned)(r / 97 % WRITES);
}

static void make_write(const harness *h, uint32_t thread, uint64_t n, unsigned i, one_write *w) {
  uint64_t r = mix(h, thread, n, i);
  bool large = write_count(h, thread, n) == LARGE;
  if (large) {
    snprintf(w->id, sizeof w->id, "large-%u-%llu-%u", thread, (unsigned long long)n, i);
  } else { /* each of the thread's own at most once */
    uint64_t first = mix(h, thread, n, 2000000) % OWN;
    snprintf(w->id, sizeof w->id, "own-%u-%llu", thread, (unsigned long long)((first + i) % OWN));
  }
  w->delete = !large && r % 11 == 0;
  snprintf(w->body, sizeof w->body, "thread=%u;txn=%llu;day=%u;filler %016llx %016llx", thread,
           (unsigned long long)n, (unsigned)(r % 1000), (unsigned long long)r,
           (unsigned long long)mix(h, thread, n, i + 3000000));
  if (w->delete) w->body[0] = 0;
}

/* ---- the child ---- */

typedef struct writer {
  const harness *h;
  zd_store *s;
  uint32_t thread;
  int pipe;
} writer;

static void child_fails(const char *what, const char *why) {
  fprintf(stderr, "child: %s: %s\n", what, why);
  _exit(3);
}

static void put_write(writer *w, zd_snapshot *v, zd_txn *t, uint64_t n, unsigned i) {
  one_write x;
  make_write(w->h, w->thread, n, i, &x);
  zd_record r = {.version = 0};
  zd_row row = ZD_NO_ROW;
  zd_fault fault = {0};
  zd_err err = zd_snapshot_find(v, zd_little_symbol(w->s, "Own"), zd_slice_of(x.id), &row);
  if (err == ZD_OK) err = zd_snapshot_read(v, row, true, NULL, &r, &fault);
  if (err && err != ZD_ERR_NOT_FOUND) child_fails("read", fault.text);
  if (err) row = ZD_NO_ROW;
  zd_op op = x.delete ? ZD_OP_DELETE : err ? ZD_OP_CREATE : ZD_OP_UPDATE;
  err = zd_little_put(t, w->s, op, "Own", zd_slice_of(x.id), row, r.version, zd_slice_of(x.body));
  if (err) child_fails("put", zd_err_name(err));
}

static void *write_for_ever(void *context) {
  writer *w = context;
  for (uint64_t n = w->h->threads[w->thread].found + 1;; n++) {
    zd_snapshot *v;
    zd_txn *t;
    if (zd_store_snapshot(w->s, &v)) child_fails("snapshot", "?");
    if (zd_txn_begin(w->s, zd_snapshot_row(v), &t)) child_fails("begin", "?");
    unsigned writes = write_count(w->h, w->thread, n);
    for (unsigned i = 0; i < writes; i++) put_write(w, v, t, n, i);
    zd_snapshot_release(v);
    zd_commit_result r = zd_store_commit(w->s, t);
    if (r.err) child_fails("commit", r.fault.text);
    ack a = {w->thread, 0, n};
    if (write(w->pipe, &a, sizeof a) != sizeof a) child_fails("pipe", "?");
  }
  return NULL;
}

static zd_store *open_store(const harness *h, zd_fault *fault) {
  zd_store *s;
  zd_store_options o = {.dir = h->dir, .memtable_rows = 500, .log_file_bytes = 200000};
  if (zd_store_open(&o, &s, fault)) return NULL;
  if (zd_store_start(s, zd_little_indexer(s), fault) == ZD_OK) return s;
  zd_store_close(s);
  return NULL;
}

/* In one life of four the store is closed in the middle of the work, so that kills hit that too. */
static void live(const harness *h, int pipe, uint64_t lives) {
  zd_fault fault = {0};
  zd_store *s = open_store(h, &fault);
  if (!s) child_fails("open", fault.text);
  if (lives % 4 == 0) {
    zd_store_close(s);
    s = open_store(h, &fault);
    if (!s) child_fails("open again", fault.text);
  }
  writer writers[THREADS];
  pthread_t thread;
  for (uint32_t i = 0; i < THREADS; i++) {
    writers[i] = (writer){h, s, i, pipe};
    if (pthread_create(&thread, NULL, write_for_ever, &writers[i])) child_fails("thread", "?");
  }
  if (lives % 3 == 0 && zd_store_compact(s, &fault)) child_fails("compact", fault.text);
  for (;;) pause();
}

/* ---- the parent ---- */

static void __attribute__((format(printf, 2, 3), noreturn))
broken(const harness *h, const char *format, ...) {
  va_list list;
  va_start(list, format);
  fprintf(stderr, "seed %llu, after %llu kills, store %s: ", (unsigned long long)h->seed,
          (unsigned long long)h->kills, h->dir);
  vfprintf(stderr, format, list);
  fputc('\n', stderr);
  va_end(list);
  exit(1);
}

/* From "own-3-..." or "large-3-...". */
static unsigned long thread_of(const char *id) {
  const char *dash = strchr(id, '-');
  char *end = NULL;
  if (!dash) return THREADS;
  unsigned long thread = strtoul(dash + 1, &end, 10);
  return end > dash + 1 && *end == '-' ? thread : THREADS;
}

/* Rows come in the order of the log: each continues its thread's transaction, or begins the next
 * when that one is complete. */
static zd_err judge_row(void *context, const zd_record *r) {
  harness *h = context;
  char id[sizeof r->id + 1];
  memcpy(id, r->id, r->id_n);
  id[r->id_n] = 0;
  unsigned long thread = thread_of(id);
  if (thread >= THREADS) broken(h, "row %llu: nobody wrote %s", (unsigned long long)r->row, id);
  progress *p = &h->threads[thread];
  if (!p->rows_left) p->rows_left = write_count(h, (uint32_t)thread, ++p->found);
  unsigned i = write_count(h, (uint32_t)thread, p->found) - (unsigned)p->rows_left--;
  one_write w;
  make_write(h, (uint32_t)thread, p->found, i, &w);
  if (strcmp(id, w.id) != 0 || !zd_slice_eq(r->body, zd_slice_of(w.body)) ||
      (r->op == ZD_OP_DELETE) != w.delete) {
    broken(h, "row %llu (%s) is not write %u of transaction %llu of thread %lu",
           (unsigned long long)r->row, id, i, (unsigned long long)p->found, thread);
  }
  h->rows++;
  return ZD_OK;
}

static void print_finding(void *context, const char *text) {
  (void)context;
  fprintf(stderr, "finding: %s\n", text);
}

static uint64_t count_txn(harness *h, zd_store *s, uint32_t thread) {
  char text[16];
  uint64_t n = 0;
  zd_snapshot *v;
  snprintf(text, sizeof text, "%u", thread);
  zd_plan plan = {
      .op = ZD_PLAN_TERM, .field = zd_little_symbol(s, "thread"), .term = zd_slice_of(text)};
  zd_search_request q = {.plan = &plan, .after = ZD_NO_ROW, .all_versions = true};
  if (zd_store_snapshot(s, &v)) broken(h, "no snapshot");
  if (zd_snapshot_count(v, &q, &n, NULL)) broken(h, "count failed");
  zd_snapshot_release(v);
  return n;
}

/* Rows of a thread that carry a body: what a search for the thread must find. */
static uint64_t expected_rows(const harness *h, uint32_t thread) {
  uint64_t rows = 0;
  one_write w;
  for (uint64_t n = 1; n <= h->threads[thread].found; n++) {
    unsigned writes = write_count(h, thread, n);
    for (unsigned i = 0; i < writes; i++) {
      make_write(h, thread, n, i, &w);
      rows += !w.delete;
    }
  }
  return rows;
}

static void verify(harness *h) {
  zd_fault fault = {0};
  zd_store *s = open_store(h, &fault);
  if (!s) broken(h, "cannot be opened: %s", fault.text);
  for (int i = 0; i < THREADS; i++) h->threads[i].found = h->threads[i].rows_left = 0;
  if (zd_store_log(s, 0, true, judge_row, h, &fault)) broken(h, "log: %s", fault.text);
  for (uint32_t i = 0; i < THREADS; i++) {
    const progress *p = &h->threads[i];
    if (p->rows_left) {
      broken(h, "transaction %llu of thread %u is there by half", (unsigned long long)p->found, i);
    }
    if (p->found < p->acknowledged || p->found > p->acknowledged + IN_FLIGHT) {
      broken(h, "thread %u: %llu acknowledged, %llu found", i, (unsigned long long)p->acknowledged,
             (unsigned long long)p->found);
    }
    uint64_t n = count_txn(h, s, i), expected = expected_rows(h, i);
    if (n != expected) {
      broken(h, "thread %u: %llu rows, search finds %llu", i, (unsigned long long)expected,
             (unsigned long long)n);
    }
  }
  if (zd_store_check(s, print_finding, NULL, NULL, &fault)) broken(h, "check: %s", fault.text);
  zd_store_close(s);
  for (int i = 0; i < THREADS; i++) h->threads[i].acknowledged = h->threads[i].found;
}

static void take(harness *h, const ack *a) {
  if (a->thread >= THREADS) broken(h, "the pipe is garbled");
  progress *p = &h->threads[a->thread];
  if (a->number > p->acknowledged) p->acknowledged = a->number;
  h->commits++;
}

/* Reads until the child is gone; kills it at the appointed time. */
static void watch(harness *h, pid_t child, int pipe, uint64_t delay_us) {
  uint64_t end = zd_clock_monotonic_ns() + delay_us * 1000;
  ack a[256];
  bool killed = false;
  for (;;) {
    uint64_t now = zd_clock_monotonic_ns();
    if (!killed && now >= end) {
      kill(child, SIGKILL);
      killed = true;
    }
    struct timeval wait = {0, killed ? 100000 : (long)((end - now) / 1000 + 1) % 1000000};
    if (!killed && end - now >= 1000000000u) wait = (struct timeval){0, 999999};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe, &set);
    if (select(pipe + 1, &set, NULL, NULL, &wait) <= 0) continue;
    ssize_t n = read(pipe, a, sizeof a); /* acks are written whole: less than PIPE_BUF */
    if (n <= 0) break;
    for (size_t i = 0; i < (size_t)n / sizeof *a; i++) take(h, &a[i]);
  }
  int status;
  waitpid(child, &status, 0);
  if (!killed) broken(h, "the child ended by itself, status %x", status);
}

static void run(harness *h, zd_random *random) {
  int ends[2];
  if (pipe(ends)) broken(h, "no pipe: %s", strerror(errno));
  /* mostly under load, sometimes while it still opens */
  uint64_t delay = zd_random_below(random, 5) ? 20000 + zd_random_below(random, 300000)
                                              : zd_random_below(random, 20000);
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) broken(h, "no child: %s", strerror(errno));
  if (child == 0) {
    close(ends[0]);
    live(h, ends[1], h->kills);
  }
  close(ends[1]);
  watch(h, child, ends[0], delay);
  close(ends[0]);
  h->kills++;
  verify(h);
}

static void new_store(harness *h, const char *base) {
  zd_little_remove(h->dir);
  snprintf(h->dir, sizeof h->dir, "%s-%llu", base, (unsigned long long)h->kills);
  zd_little_remove(h->dir);
  memset(h->threads, 0, sizeof h->threads);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: crash RUNS [SEED [DIR]]\n");
    return 2;
  }
  uint64_t runs = strtoull(argv[1], NULL, 10);
  harness h = {.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
  char base[96];
  snprintf(base, sizeof base, "%.60s/zd-crash-%ld", argc > 3 ? argv[3] : "/tmp", (long)getpid());
  zd_random random;
  zd_random_seed(&random, h.seed, 1);
  for (uint64_t i = 0; i < runs; i++) {
    if (i % RUNS_PER_STORE == 0) new_store(&h, base);
    run(&h, &random);
    if (i % 100 == 99) fprintf(stderr, "%llu kills\n", (unsigned long long)i + 1);
  }
  zd_little_remove(h.dir);
  printf(
      "%llu kills, %llu transactions acknowledged, %llu rows compared: nothing lost, nothing "
      "by half\n",
      (unsigned long long)h.kills, (unsigned long long)h.commits, (unsigned long long)h.rows);
  return 0;
}
