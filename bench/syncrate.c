/* syncrate.c: how many durable appends a second the disk gives one writer.
 *
 *   syncrate FILE [SECONDS]      appends 4 KiB and calls fdatasync, again and again (default 2 s)
 *
 * Prints one line of JSON: rate, p50 and p99 in microseconds. The file is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, MOST = 1 << 20 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Fills `took` (seconds each), returns how many; 0 when the disk refused. */
static size_t append(int fd, double seconds, double *took) {
  char block[BLOCK];
  size_t n = 0;
  memset(block, 'z', sizeof block);
  for (double end = now() + seconds, t = now(); t < end && n < MOST; n++) {
    if (write(fd, block, sizeof block) != (ssize_t)sizeof block || fdatasync(fd) != 0) return 0;
    double after = now();
    took[n] = after - t;
    t = after;
  }
  return n;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "syncrate FILE [SECONDS]\n");
    return 2;
  }
  double *took = malloc(MOST * sizeof *took);
  int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  double began = now();
  size_t n = took && fd >= 0 ? append(fd, argc > 2 ? atof(argv[2]) : 2, took) : 0;
  double seconds = now() - began;
  if (fd >= 0) close(fd), unlink(argv[1]);
  if (!n) {
    fprintf(stderr, "syncrate: %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  qsort(took, n, sizeof *took, ascending);
  printf("{\"rate\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f}\n", (double)n / seconds,
         took[n / 2] * 1e6, took[n * 99 / 100] * 1e6);
  free(took);
  return 0;
}
