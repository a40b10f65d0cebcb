/* syncrate.c: how many durable appends a second the disk gives one writer.
 *
 *   syncrate FILE [SECONDS]      4 KiB and fdatasync, again and again (default 2 s for each way)
 *
 * Two ways: behind the end of the file, where each sync must also make the new size durable, and
 * over bytes written before, where it need not: the disk at its best. Prints one line of JSON:
 * rate, p50 and p99 in microseconds of the latter; append_rate of the former. The file is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, MOST = 1 << 20, FILLED = 16384 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Writes on from where the file stands. Fills `took` (seconds each), returns how many; 0 when the
 * disk refused. */
static size_t write_on(int fd, double seconds, double *took) {
  char block[BLOCK];
  size_t n = 0;
  memset(block, 'z', sizeof block);
  for (double end = now() + seconds, t = now(); t < end && n < MOST; n++) {
    if (n % FILLED == FILLED - 1) lseek(fd, 0, SEEK_SET);
    if (write(fd, block, sizeof block) != (ssize_t)sizeof block || fdatasync(fd) != 0) return 0;
    double after = now();
    took[n] = after - t;
    t = after;
  }
  return n;
}

/* Real bytes, so that overwriting them changes nothing but them. */
static bool fill(int fd, size_t blocks) {
  char block[BLOCK];
  memset(block, 'y', sizeof block);
  for (size_t i = 0; i < blocks; i++)
    if (write(fd, block, sizeof block) != (ssize_t)sizeof block) return false;
  return fsync(fd) == 0 && lseek(fd, 0, SEEK_SET) == 0;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "syncrate FILE [SECONDS]\n");
    return 2;
  }
  double *took = malloc(MOST * sizeof *took), each = argc > 2 ? strtod(argv[2], NULL) : 2;
  int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  double began = now();
  size_t appended = took && fd >= 0 ? write_on(fd, each, took) : 0;
  double append_rate = (double)appended / (now() - began);
  bool filled = appended && lseek(fd, 0, SEEK_SET) == 0 && fill(fd, FILLED);
  began = now();
  size_t n = filled ? write_on(fd, each, took) : 0;
  double rate = (double)n / (now() - began);
  if (fd >= 0) close(fd), unlink(argv[1]);
  if (!n) {
    fprintf(stderr, "syncrate: %s: %s\n", argv[1], strerror(errno));
    free(took);
    return 1;
  }
  qsort(took, n, sizeof *took, ascending);
  printf("{\"rate\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"append_rate\":%.0f}\n", rate,
         took[n / 2] * 1e6, took[n * 99 / 100] * 1e6, append_rate);
  free(took);
  return 0;
}
