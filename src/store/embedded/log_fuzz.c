/* Arbitrary bytes as the log of a store: opening it and reading all it then holds either works or
 * fails by name. Checksums are made to fit where the input says so, so that what lies behind them
 * is reached. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "store/embedded/format.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MOST = 4096 };

static zd_err no_entries(void *state, uint32_t type, zd_slice body, zd_arena *arena,
                         const zd_entry **out, size_t *n) {
  (void)state, (void)type, (void)body, (void)arena;
  *out = NULL;
  *n = 0;
  return ZD_OK;
}

static zd_err take(void *context, const zd_record *r) {
  *(size_t *)context += r->body.n;
  return ZD_OK;
}

static void put_file(const char *dir, const char *name, const void *p, size_t n) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || write(fd, p, n) != (ssize_t)n) abort();
  close(fd);
}

/* One commit of the records in p: sizes are the input's, checksums are ours. */
static size_t make_commit(const uint8_t *p, size_t n, unsigned char *out) {
  unsigned char *at = out + ZD_COMMIT_HEAD;
  uint32_t rows = 0;
  while (n > 1) {
    size_t size = ZD_RECORD_LEAST + *p++;
    n--;
    if (size > n) size = n;
    if (size < ZD_RECORD_LEAST) break;
    memcpy(at, p, size);
    zd_record_seal(at, (uint32_t)size);
    p += size;
    n -= size;
    at += size;
    rows++;
  }
  size_t length = (size_t)(at - out) - ZD_COMMIT_HEAD;
  zd_commit_head h = {.length = length, .sequence = 1, .durable = ZD_LOG_HEAD, .rows = rows};
  h.records_crc = zd_crc32c(0, out + ZD_COMMIT_HEAD, length);
  zd_commit_head_write(&h, out);
  return ZD_COMMIT_HEAD + length;
}

static void open_and_read(const char *dir) {
  zd_store *s;
  zd_fault fault = {0};
  size_t bytes = 0;
  zd_store_options o = {.dir = dir, .read_only = true};
  if (zd_store_open(&o, &s, &fault)) return;
  zd_store_symbol(s, zd_slice_of("Patient"), true);
  if (zd_store_start(s, (zd_indexer){.entries = no_entries}, &fault) == ZD_OK) {
    (void)zd_store_log(s, 0, true, take, &bytes, &fault);
    (void)zd_store_check(s, NULL, NULL, NULL, &fault);
  }
  zd_store_close(s);
}

static const char *make_store(char *dir) {
  static const char format[] = "zdravo store\nformat 1\n";
  strcpy(dir, "/tmp/zd_log_fuzz_XXXXXX");
  if (!mkdtemp(dir)) abort();
  zd_store_options o = {.dir = dir};
  zd_store *s;
  zd_fault fault = {0};
  put_file(dir, "FORMAT", format, sizeof format - 1);
  if (zd_store_open(&o, &s, &fault)) abort();
  zd_store_symbol(s, zd_slice_of("Patient"), true);
  if (zd_store_start(s, (zd_indexer){.entries = no_entries}, &fault)) abort();
  zd_store_close(s);
  return dir;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static char dir[64]; /* one store for all inputs: only its log changes */
  if (!*dir) make_store(dir);
  if (n < 2 || n > MOST) return 0;
  unsigned char log[ZD_LOG_HEAD + ZD_COMMIT_HEAD + 2 * MOST];
  zd_log_head_write(&(zd_log_head){ZD_FORMAT_VERSION, 1, 0, 1}, log);
  size_t size = ZD_LOG_HEAD;
  if (*p & 1) {
    size += make_commit(p + 1, n - 1, log + size);
  } else {
    memcpy(log + size, p + 1, n - 1);
    size += n - 1;
  }
  put_file(dir, "log/00000001.log", log, size);
  open_and_read(dir);
  return 0;
}
