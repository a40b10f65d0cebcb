#include "rest/question.h"

#include <time.h>

#include "base/clock.h"
#include "base/hash.h"

/* Names, not values: "code=...&date=..." is one shape. Names are hashed as they were sent; what is
 * written differently is another shape, which costs one more attempt. */
static size_t slot_of(const zd_interaction *in) {
  uint64_t sum = (uint64_t)in->kind << 32 | (uint64_t)in->type << 1 | (in->id.p != NULL);
  if (in->kind == ZD_OPERATION) sum ^= (uint64_t)(uintptr_t)in->operation << 8;
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
  return in->kind == ZD_SEARCH || in->kind == ZD_HISTORY || in->kind == ZD_OPERATION;
}

zd_lane zd_question_lane(const zd_question_memory *m, const zd_interaction *in) {
  if (!is_remembered(in)) return ZD_LANE_LOOP;
  size_t slot = slot_of(in);
  for (int lane = ZD_LANE_LONG; lane > ZD_LANE_LOOP; lane--) {
    int64_t until = atomic_load_explicit(&m->until[lane - 1][slot], memory_order_relaxed);
    if (until && now_ms() < until) return (zd_lane)lane;
  }
  return ZD_LANE_LOOP;
}

/* Each slow question weighs as much as eight quick ones, and two of them are enough. Threads may
 * overwrite each other here: then one question has not been counted. */
static bool is_often_slow(zd_question_memory *m, size_t slot, bool slow) {
  enum { WEIGHT = 8, ENOUGH = 2 * WEIGHT, MOST = 3 * WEIGHT };
  int was = atomic_load_explicit(&m->slow[slot], memory_order_relaxed);
  int now = slow ? was + WEIGHT : was - 1;
  if (now > MOST) now = MOST;
  if (now < 0) return false;
  atomic_store_explicit(&m->slow[slot], (uint8_t)now, memory_order_relaxed);
  return now >= ENOUGH;
}

void zd_question_took(zd_question_memory *m, const zd_interaction *in, uint64_t ns, bool ended) {
  if (!is_remembered(in)) return;
  size_t slot = slot_of(in);
  bool slow = ns >= ZD_LANE_LOOP_NS || !ended;
  bool is_long = ns >= (ended ? ZD_LANE_SHORT_NS : ZD_LANE_SHORT_NS / 5);
  bool often = is_often_slow(m, slot, slow);
  if (!slow || !(often || is_long)) return;
  zd_lane lane = is_long ? ZD_LANE_LONG : ZD_LANE_SHORT;
  atomic_store_explicit(&m->until[lane - 1][slot], now_ms() + ZD_QUESTION_REMEMBERED_MS,
                        memory_order_relaxed);
}

uint64_t zd_question_clock(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0) return 0;
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
