#include "base/testing/scarcity.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

/* The one place of the house with global mutable state: the allocator it stands before is global
 * too. 0: plenty. Otherwise how many more allocations until one fails, the failing one included. */
static _Atomic uint64_t countdown;
static atomic_bool failed;

/* The names are the linker's. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t n);

void zd_scarcity_begin(uint64_t nth) {
  atomic_store(&failed, false);
  atomic_store(&countdown, nth);
}

bool zd_scarcity_end(void) {
  atomic_store(&countdown, 0);
  return atomic_load(&failed);
}

static bool must_fail(void) {
  uint64_t left = atomic_load(&countdown);
  while (left && !atomic_compare_exchange_weak(&countdown, &left, left - 1)) continue;
  if (left != 1) return false;
  atomic_store(&failed, true);
  errno = ENOMEM;
  return true;
}

void *__wrap_malloc(size_t n) {
  return must_fail() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t size) {
  return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t n) {
  return must_fail() ? NULL : __real_realloc(p, n);
}
