/* budget.h: what one search may cost, told to everything that works for it.
 *
 * Loops say what they do in units of about 10 ns; about every half millisecond of it the clock is
 * looked at. Memory is counted where it can grow with the data: rows, names, bitmaps.
 *
 * One thread at a time; shared by a search and the searches within it.
 */
#ifndef ZD_INDEX_BUDGET_H
#define ZD_INDEX_BUDGET_H

#include "base/error.h"
#include "base/slice.h"

typedef struct zd_budget {
  uint64_t deadline_ns;      /* monotonic; 0: none */
  size_t memory_max, memory; /* bytes */
  unsigned left;             /* units until the clock is looked at */
} zd_budget;

enum { ZD_BUDGET_UNITS = 50000 };
#define ZD_BUDGET_MEMORY ((size_t)256 << 20)

/* memory_max 0: ZD_BUDGET_MEMORY. */
void zd_budget_start(zd_budget *b, uint64_t deadline_ns, size_t memory_max);

/* ZD_ERR_LIMIT when the deadline has passed. */
zd_err zd_budget_clock(zd_budget *b, zd_fault *fault);

static inline zd_err zd_budget_work(zd_budget *b, unsigned units, zd_fault *fault) {
  if (units < b->left) {
    b->left -= units;
    return ZD_OK;
  }
  return zd_budget_clock(b, fault);
}

/* Before bytes are allocated. ZD_ERR_LIMIT when they are too many. */
zd_err zd_budget_take(zd_budget *b, size_t bytes, zd_fault *fault);
/* They are free again. */
void zd_budget_give(zd_budget *b, size_t bytes);

#endif
