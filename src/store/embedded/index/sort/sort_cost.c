/* Reading rows or walking values: which costs less, as measured. Both give the same answer. */
#include "store/embedded/index/sort/sort_internal.h"

/* Nanoseconds. READ: body unpacked, entries derived, in the cache or not. */
enum { READ = 16000, NAME = 1500, COLUMN = 300, KEY = 40, POSTING = 3, MEMTABLE_KEY = 60 };
static const double interval = 1.5;

typedef struct extent {
  uint64_t keys, items, columns, mem_items;
} extent;

static uint32_t kind_of(const zd_sort_step *step) {
  return step->by == ZD_BY_TERM ? ZD_KEY_TERM : step->by == ZD_BY_ID ? ZD_KEY_ID : ZD_KEY_RANGE;
}

/* What a walk over everything under the key would touch. */
static extent extent_of(const zd_sort *s, const zd_sort_step *step, uint32_t field) {
  extent x = {0};
  uint32_t kind = kind_of(step);
  for (size_t i = 0; i < s->scope.parts->all; i++) {
    const zd_part *part = s->scope.parts->at[i];
    if (part->memtable) {
      x.mem_items += zd_memtable_rows(part->memtable);
      continue;
    }
    const zd_segment_space *space = zd_segment_find_space(part->segment, kind, field);
    if (!space) continue;
    x.keys += space->keys;
    x.items += space->items;
    x.columns += zd_chunk_of(zd_part_end(part)) - zd_chunk_of(part->first) + 1;
  }
  return x;
}

static double share(double part, double whole) {
  return whole <= part ? 1 : part / whole;
}

/* A walk of which `n` matching rows are met evenly, as far as the page needs. */
static double walk_cost(const zd_sort *s, const zd_sort_step *step, uint32_t field, uint64_t n) {
  extent x = extent_of(s, step, field);
  double wanted = (double)(s->limit - s->n), rows = (double)n;
  double memtables = (double)x.mem_items * MEMTABLE_KEY;
  if (step->by == ZD_BY_RANGE) {
    double met = share((double)x.columns + wanted, rows);
    return memtables + (double)x.columns * COLUMN + (double)x.items * interval * met;
  }
  double all = (double)x.keys * KEY + (double)x.items * POSTING;
  return memtables + all * share(wanted, rows);
}

static bool reads_bodies(const zd_sort *s, size_t k) {
  for (size_t i = 0; i < s->step_count; i++) {
    zd_sort_sort by = s->steps[i].by;
    if (i >= k && (by == ZD_BY_TERM || by == ZD_BY_RANGE)) return true;
    if (i < k && s->levels[i].unsure) return true;
  }
  return false;
}

bool zd_sort_list_pays(const zd_sort *s, size_t k, uint64_t n) {
  const zd_sort_step *step = &s->steps[k];
  double read = s->facts->entries_ns ? s->facts->entries_ns : READ;
  double list = (double)n * (reads_bodies(s, k) ? read : NAME);
  if (n <= 1) return true;
  if (step->by == ZD_BY_TYPE) return false;
  bool id = step->by == ZD_BY_ID;
  return list <= walk_cost(s, step, id ? (uint32_t)s->levels[k - 1].path.number : step->field, n);
}
