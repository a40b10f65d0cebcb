/* resident.c: memory that was freed goes back to the system.
 *
 * glibc keeps what threads free within each thread's arena unless it lies at the end: after a large
 * Bundle or search tens of megabytes stay resident for nothing. What is resident beyond what is
 * allocated tells how much; the main thread, which has nothing else to do, asks for it back when
 * that has grown by STEP. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33) /* defined by any of its headers */
#include <malloc.h>
#define CAN_GIVE_BACK
#endif

#include "serve/serve_internal.h"

enum { STEP = 16 << 20 };

bool zd_serve_memory_now(zd_serve_memory *out) {
  char line[160] = "", *at = line; /* "size resident shared ..." in pages */
  FILE *f = fopen("/proc/self/statm", "re");
  bool known = f && fgets(line, sizeof line, f);
  if (f) fclose(f);
  if (!known) return false;
  (void)strtoull(at, &at, 10);
  uint64_t resident = strtoull(at, &at, 10), shared = strtoull(at, &at, 10);
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  out->resident = resident * page;
  out->own = resident > shared ? (resident - shared) * page : 0;
  return true;
}

#ifdef CAN_GIVE_BACK
/* Own memory that is not allocated, other than by maps of its own; 0: not known, or not worth it.
 */
static uint64_t idle_bytes(void) {
  zd_serve_memory now;
  if (!zd_serve_memory_now(&now) || now.own < STEP) return 0;
  struct mallinfo2 m = mallinfo2();
  uint64_t used = (uint64_t)m.uordblks + m.hblkhd;
  return now.own > used ? now.own - used : 0;
}

void zd_serve_give_back(uint64_t *least) {
  uint64_t idle = idle_bytes();
  if (idle > *least + STEP) {
    malloc_trim(0);
    idle = *least = idle_bytes();
  }
  if (idle < *least) *least = idle;
}
#else
void zd_serve_give_back(uint64_t *least) {
  (void)least;
}
#endif
