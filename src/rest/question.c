#include "rest/question.h"

#include "base/clock.h"
#include "base/hash.h"

/* Names, not values: "code=...&date=..." is one shape. Names are hashed as they were sent; what is
 * written differently is another shape, which costs one more attempt. */
static size_t slot_of(const zd_interaction *in) {
  uint64_t sum = (uint64_t)in->kind << 32 | (uint64_t)in->type << 1 | (in->id.p != NULL);
  for (zd_slice rest = in->query; rest.n;) {
    size_t end = zd_slice_find(rest, '&');
    zd_slice name = {rest.p, end};
    name.n = zd_slice_find(name, '=');
    sum = zd_hash64_seed(name.p, name.n, sum);
    rest = zd_slice_from(rest, end + 1);
  }
  return (size_t)(sum ^ (sum >> 32)) % ZD_QUESTION_SHAPES;
}

static int64_t now_ms(void) {
  return (int64_t)(zd_clock_monotonic_ns() / 1000000);
}

static bool is_remembered(const zd_interaction *in) {
  return in->kind == ZD_SEARCH || in->kind == ZD_HISTORY;
}

bool zd_question_is_long(const zd_question_memory *m, const zd_interaction *in) {
  if (!is_remembered(in)) return false;
  int64_t until = atomic_load_explicit(&m->until[slot_of(in)], memory_order_relaxed);
  return until && now_ms() < until;
}

void zd_question_was_long(zd_question_memory *m, const zd_interaction *in) {
  if (!is_remembered(in)) return;
  atomic_store_explicit(&m->until[slot_of(in)], now_ms() + ZD_QUESTION_REMEMBERED_MS,
                        memory_order_relaxed);
}
