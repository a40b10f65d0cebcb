/* engines.c: one stream of resources into our store and into RocksDB: what the choice rests on.
 *
 *   engines zdravo|rocksdb DIR RESOURCES
 *
 * A resource is a record of 300 bytes that do not compress (as if compressed already) and 20 index
 * entries: 5 that are unique, 5 of times, 6 of few values, 4 between. 100 resources are a batch; a
 * batch is durable before the next begins. In RocksDB a resource is a key with the record and a key
 * per entry: field, value, number of the resource, so that a prefix finds them in order.
 *
 * Prints one line of JSON: rate, cpu_us (of all threads, per resource), written (bytes handed to
 * the device), bytes_each (on disk after closing).
 */
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#ifdef ZD_BENCH_ROCKSDB
#include <rocksdb/c.h>
#endif

#include "base/arena.h"
#include "store/store.h"

enum { BODY = 300, TERMS = 15, TIMES = 5, ENTRIES = TERMS + TIMES, BATCH = 100, TERM = 24 };

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/* The record of resource n; its first 8 bytes are n, from which all entries follow. */
static void fill_body(uint64_t n, unsigned char body[BODY]) {
  memcpy(body, &n, 8);
  for (size_t i = 8; i < BODY; i += 4) {
    uint32_t x = (uint32_t)mix(n * 977 + i);
    memcpy(body + i, &x, 4);
  }
}

/* How many values field i has: unique ones, few, between. */
static uint64_t values_of(unsigned field) {
  if (field < 5) return UINT64_MAX;
  if (field < 11) return 4 + field;
  return 1000u << (2 * (field - 11));
}

static void fill_term(uint64_t n, unsigned field, char term[TERM + 1]) {
  uint64_t value = mix(n * 31 + field) % values_of(field);
  snprintf(term, TERM + 1, "code|%019llu", (unsigned long long)(value % 10000000000000000000u));
}

static int64_t time_of(uint64_t n, unsigned field) {
  return (int64_t)(1700000000000 + n * 1000 + mix(n + field) % 100000000);
}

/* ---- our store ---- */

static zd_err entries_of(void *state, uint32_t type, zd_slice body, zd_arena *arena,
                         const zd_entry **out, size_t *count) {
  const uint32_t *fields = state;
  uint64_t n;
  (void)type;
  if (body.n != BODY) return ZD_ERR_INVALID;
  memcpy(&n, body.p, 8);
  zd_entry *e = zd_arena_alloc(arena, ENTRIES * sizeof *e);
  char *terms = zd_arena_alloc(arena, TERMS * (TERM + 1));
  if (!e || !terms) return ZD_ERR_MEMORY;
  for (unsigned i = 0; i < TERMS; i++, terms += TERM + 1) {
    fill_term(n, i, terms);
    e[i] = (zd_entry){.field = fields[i], .kind = ZD_ENTRY_TERM, .term = {terms, TERM}};
  }
  for (unsigned i = TERMS; i < ENTRIES; i++)
    e[i] = (zd_entry){
        .field = fields[i], .kind = ZD_ENTRY_RANGE, .low = time_of(n, i), .high = time_of(n, i)};
  *out = e;
  *count = ENTRIES;
  return ZD_OK;
}

static zd_err put_one(zd_txn *t, uint32_t *fields, uint32_t type, uint64_t n, zd_arena *arena) {
  unsigned char body[BODY];
  char id[32];
  zd_write w = {.op = ZD_OP_CREATE, .type = type, .previous = ZD_NO_ROW};
  fill_body(n, body);
  w.body = (zd_slice){(const char *)body, BODY};
  w.id = (zd_slice){id, (size_t)snprintf(id, sizeof id, "r%llu", (unsigned long long)n)};
  zd_err err = entries_of(fields, type, w.body, arena, &w.entries, &w.entry_count);
  return err != ZD_OK ? err : zd_txn_put(t, &w);
}

static zd_err put_batch(zd_store *s, uint32_t *fields, uint32_t type, uint64_t from,
                        zd_arena *arena) {
  zd_snapshot *v;
  zd_txn *t;
  zd_err err = zd_store_snapshot(s, &v);
  if (err != ZD_OK) return err;
  zd_row as_of = zd_snapshot_row(v);
  zd_snapshot_release(v);
  if ((err = zd_txn_begin(s, as_of, &t)) != ZD_OK) return err;
  for (uint64_t n = from; n < from + BATCH && err == ZD_OK; n++)
    err = put_one(t, fields, type, n, arena);
  if (err != ZD_OK) return zd_txn_free(t), err;
  zd_arena_reset(arena);
  return zd_store_commit(s, t).err;
}

static bool run_zdravo(const char *dir, uint64_t resources) {
  uint32_t fields[ENTRIES];
  zd_fault fault = {0};
  zd_store *s;
  zd_arena arena;
  zd_store_options options = {.dir = dir};
  if (zd_store_open(&options, &s, &fault) != ZD_OK) return false;
  for (unsigned i = 0; i < ENTRIES; i++) {
    char name[16];
    int length = snprintf(name, sizeof name, "field%u", i);
    fields[i] = zd_store_symbol(s, (zd_slice){name, (size_t)length}, true);
  }
  uint32_t type = zd_store_symbol(s, ZD_S("Thing"), true);
  zd_err err = zd_store_start(s, (zd_indexer){.state = fields, .entries = entries_of}, &fault);
  zd_arena_init(&arena, 0);
  for (uint64_t n = 0; n < resources && err == ZD_OK; n += BATCH)
    err = put_batch(s, fields, type, n, &arena);
  zd_arena_free(&arena);
  zd_store_close(s);
  return err == ZD_OK;
}

/* ---- RocksDB ---- */

#ifdef ZD_BENCH_ROCKSDB
static void big_endian(uint64_t v, char out[8]) {
  for (int i = 7; i >= 0; i--, v >>= 8) out[i] = (char)(v & 0xff);
}

/* Key of an entry: field, value, number of the resource. */
static size_t entry_key(uint64_t n, unsigned field, char key[1 + TERM + 1 + 8]) {
  key[0] = (char)(1 + field);
  size_t at = 1 + TERM;
  if (field < TERMS) {
    fill_term(n, field, key + 1);
  } else {
    big_endian((uint64_t)time_of(n, field), key + 1);
    at = 1 + 8;
  }
  big_endian(n, key + at);
  return at + 8;
}

static void batch_one(rocksdb_writebatch_t *b, uint64_t n) {
  unsigned char body[BODY];
  char key[1 + TERM + 1 + 8] = {0};
  fill_body(n, body);
  big_endian(n, key + 1);
  rocksdb_writebatch_put(b, key, 9, (const char *)body, BODY);
  for (unsigned i = 0; i < ENTRIES; i++)
    rocksdb_writebatch_put(b, key, entry_key(n, i, key), "", 0);
}

static bool run_rocksdb(const char *dir, uint64_t resources) {
  char *fault = NULL;
  rocksdb_options_t *options = rocksdb_options_create();
  rocksdb_writeoptions_t *durable = rocksdb_writeoptions_create();
  rocksdb_options_set_create_if_missing(options, 1);
  rocksdb_options_increase_parallelism(options, 2);
  rocksdb_options_optimize_level_style_compaction(options, (uint64_t)512 << 20);
  rocksdb_options_set_compression(options, rocksdb_lz4_compression);
  rocksdb_writeoptions_set_sync(durable, 1);
  rocksdb_t *db = rocksdb_open(options, dir, &fault);
  for (uint64_t n = 0; db && n < resources && !fault; n += BATCH) {
    rocksdb_writebatch_t *b = rocksdb_writebatch_create();
    for (uint64_t i = n; i < n + BATCH; i++) batch_one(b, i);
    rocksdb_write(db, durable, b, &fault);
    rocksdb_writebatch_destroy(b);
  }
  rocksdb_flushoptions_t *flush = rocksdb_flushoptions_create();
  if (db && !fault) rocksdb_flush(db, flush, &fault);
  rocksdb_flushoptions_destroy(flush);
  if (db) rocksdb_close(db);
  rocksdb_writeoptions_destroy(durable);
  rocksdb_options_destroy(options);
  if (fault) fprintf(stderr, "engines: %s\n", fault);
  return db && !fault;
}
#else
static bool run_rocksdb(const char *dir, uint64_t resources) {
  (void)dir;
  (void)resources;
  fprintf(stderr, "engines: built without RocksDB (librocksdb-dev)\n");
  return false;
}
#endif

/* ---- what it took ---- */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double bytes_written(void) {
  char line[128];
  static const char name[] = "write_bytes: ";
  double n = 0;
  FILE *f = fopen("/proc/self/io", "r");
  while (f && fgets(line, sizeof line, f))
    if (strncmp(line, name, sizeof name - 1) == 0) {
      n = strtod(line + sizeof name - 1, NULL);
      break;
    }
  if (f) fclose(f);
  return n;
}

/* nftw takes no context; the sum has nowhere else to be. */
static double disk_bytes;
static int add_file(const char *path, const struct stat *st, int kind, struct FTW *place) {
  (void)path;
  (void)place;
  if (kind == FTW_F) disk_bytes += (double)st->st_blocks * 512;
  return 0;
}

int main(int argc, char **argv) {
  uint64_t n = argc == 4 ? strtoull(argv[3], NULL, 10) / BATCH * BATCH : 0;
  if (!n || (strcmp(argv[1], "zdravo") != 0 && strcmp(argv[1], "rocksdb") != 0)) {
    fprintf(stderr, "engines zdravo|rocksdb DIR RESOURCES\n");
    return 2;
  }
  double began = now();
  bool fine = argv[1][0] == 'z' ? run_zdravo(argv[2], n) : run_rocksdb(argv[2], n);
  double seconds = now() - began, all = (double)n;
  if (!fine) return 1;
  nftw(argv[2], add_file, 16, FTW_PHYS);
  printf(
      "{\"resources\":%.0f,\"rate\":%.0f,\"cpu_us\":%.1f,\"written\":%.0f,\"bytes_each\":%.0f}\n",
      all, all / seconds, cpu_seconds() * 1e6 / all, bytes_written() / all, disk_bytes / all);
  return 0;
}
