#include "store/embedded/index/budget.h"

#include <assert.h>

#include "base/clock.h"

void zd_budget_start(zd_budget *b, uint64_t deadline_ns, size_t memory_max) {
  *b = (zd_budget){.deadline_ns = deadline_ns,
                   .memory_max = memory_max ? memory_max : ZD_BUDGET_MEMORY,
                   .left = ZD_BUDGET_UNITS};
}

zd_err zd_budget_clock(zd_budget *b, zd_fault *fault) {
  b->left = ZD_BUDGET_UNITS;
  if (b->deadline_ns == 0 || zd_clock_monotonic_ns() < b->deadline_ns) return ZD_OK;
  return zd_fail(fault, ZD_ERR_LIMIT,
                 "the search took longer than allowed; conditions that leave fewer rows help");
}

zd_err zd_budget_take(zd_budget *b, size_t bytes, zd_fault *fault) {
  if (bytes <= b->memory_max - b->memory) {
    b->memory += bytes;
    return ZD_OK;
  }
  return zd_fail(fault, ZD_ERR_LIMIT,
                 "the search needs more memory than the %zu MB allowed; conditions within its "
                 "chains that leave fewer resources help",
                 b->memory_max >> 20);
}

void zd_budget_give(zd_budget *b, size_t bytes) {
  assert(bytes <= b->memory);
  b->memory -= bytes;
}
