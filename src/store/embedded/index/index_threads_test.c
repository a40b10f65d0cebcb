/* One committer, many readers, flushing and merging behind them: every view is whole and stays what
 * it is. Worth most under ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/random.h"
#include "store/embedded/index/index.h"

enum { GROUPS = 1500, GROUP = 8, READERS = 3, RESOURCES = 500 };

/* Every group updates GROUP neighbouring resources: all carry the term of the group's number. So in
 * any view: each group's rows are all there or none, and each resource is current exactly once. */
typedef struct stage {
  zd_index *index;
  _Atomic bool done;
  _Atomic unsigned failures;
} stage;

static zd_slice text_of(char *room, const char *format, unsigned n) {
  return zd_slice_make(room, (size_t)snprintf(room, 32, format, n));
}

static void add(stage *s, zd_index_batch *b, unsigned group, unsigned i, zd_row *newest) {
  char id[32], term[32], next[32], name[ZD_NAME_MAX];
  unsigned resource = (group * GROUP + i) % RESOURCES;
  size_t name_n = zd_name_write(name, 1, text_of(next, "resource-%u", (resource + 1) % RESOURCES));
  zd_entry entries[] = {
      {.field = 1, .kind = ZD_ENTRY_TERM, .term = text_of(term, "group-%u", group)},
      {.field = 2, .kind = ZD_ENTRY_TERM, .term = ZD_S("every")},
      {.field = 3, .kind = ZD_ENTRY_RANGE, .low = group, .high = group},
      {.field = 9, .kind = ZD_ENTRY_TERM, .term = {name, name_n}}};
  zd_index_row r = {.op = newest[resource] == ZD_NO_ROW ? ZD_OP_CREATE : ZD_OP_UPDATE,
                    .type = 1,
                    .id = text_of(id, "resource-%u", resource),
                    .previous = newest[resource],
                    .locator = group * 1000 + i,
                    .entries = entries,
                    .entry_count = 4};
  newest[resource] = (zd_row)group * GROUP + i;
  zd_err err = b ? zd_index_batch_add(b, &r) : zd_index_append(s->index, &r);
  if (err) atomic_fetch_add(&s->failures, 1);
}

static void *committer(void *context) {
  stage *s = context;
  zd_row newest[RESOURCES];
  for (size_t i = 0; i < RESOURCES; i++) newest[i] = ZD_NO_ROW;
  for (unsigned group = 0; group < GROUPS; group++) {
    zd_index_batch *b = group % 50 == 7 ? zd_index_batch_new(GROUP) : NULL;
    for (unsigned i = 0; i < GROUP; i++) add(s, b, group, i, newest);
    if (b && zd_index_attach(s->index, b, 0)) atomic_fetch_add(&s->failures, 1);
    zd_index_publish(s->index, (zd_row)(group + 1) * GROUP);
  }
  atomic_store(&s->done, true);
  return NULL;
}

static bool count_is(zd_index_view *v, const zd_plan *plan, bool all_versions, uint64_t wanted) {
  zd_search_request q = {.plan = plan, .all_versions = all_versions, .after = ZD_NO_ROW};
  uint64_t n = UINT64_MAX;
  return zd_index_count(v, &q, NULL, &n, NULL) == ZD_OK && n == wanted;
}

/* Each resource names the next, the last one the first. */
static bool joins_are_whole(zd_index_view *v, zd_random *dice) {
  zd_row bound = zd_index_view_row(v);
  zd_plan type = {.op = ZD_PLAN_TYPE, .type = 1};
  const zd_plan *child = &type;
  zd_plan naming = {.op = ZD_PLAN_REFERS, .field = 9, .children = &child, .child_count = 1};
  zd_plan named = naming;
  named.op = ZD_PLAN_REFERRED;
  named.type = 1;
  uint64_t wanted = bound >= RESOURCES ? RESOURCES : bound ? bound - 1 : 0;
  /* This way what is found is kept, for the other readers too. */
  if (zd_random_below(dice, 2)) zd_index_view_join_way(v, ZD_JOIN_BY_KEYS);
  return count_is(v, &naming, false, wanted) && count_is(v, &named, false, wanted) &&
         count_is(v, &naming, zd_random_below(dice, 2), wanted);
}

static bool view_is_whole(zd_index_view *v, zd_random *dice) {
  zd_row bound = zd_index_view_row(v);
  unsigned groups = (unsigned)(bound / GROUP);
  char term[32], id[32];
  unsigned group = (unsigned)zd_random_below(dice, groups + 2);
  zd_plan one = {.op = ZD_PLAN_TERM, .field = 1, .term = text_of(term, "group-%u", group)};
  zd_plan every = {.op = ZD_PLAN_TERM, .field = 2, .term = ZD_S("every")};
  zd_plan some = {.op = ZD_PLAN_PREFIX, .field = 1, .term = ZD_S("group-")};
  zd_plan range = {.op = ZD_PLAN_RANGE,
                   .field = 3,
                   .low_min = 0,
                   .low_max = group,
                   .high_min = INT64_MIN,
                   .high_max = INT64_MAX};
  uint64_t current = bound < RESOURCES ? bound : RESOURCES;
  uint64_t in_range = group + 1 < groups ? (group + 1) * (uint64_t)GROUP : bound;
  if (bound % GROUP || !joins_are_whole(v, dice)) return false;
  if (!count_is(v, &one, true, group < groups ? GROUP : 0)) return false;
  if (!count_is(v, &every, false, current) || !count_is(v, &some, true, bound)) return false;
  if (!count_is(v, &range, true, in_range)) return false;
  unsigned resource = (unsigned)zd_random_below(dice, RESOURCES);
  zd_row row, newest = bound;
  while (newest > 0 && (newest - 1) % RESOURCES != resource) newest--;
  zd_err err = zd_index_find(v, 1, text_of(id, "resource-%u", resource), &row, NULL);
  if (newest == 0) return err == ZD_ERR_NOT_FOUND;
  uint64_t locator;
  if (err || row != newest - 1 || zd_index_locator(v, row, &locator, NULL)) return false;
  return locator == row / GROUP * 1000 + row % GROUP;
}

static zd_err entries_of(void *state, zd_row row, zd_arena *arena, const zd_entry **out, size_t *n,
                         zd_fault *fault) {
  (void)state, (void)fault;
  zd_entry *e = ZD_NEW_ARRAY(arena, zd_entry, 2);
  if (!e) return ZD_ERR_MEMORY;
  zd_slice term = zd_arena_printf(arena, "group-%u", (unsigned)(row / GROUP));
  e[0] = (zd_entry){.field = 1, .kind = ZD_ENTRY_TERM, .term = term};
  e[1] = (zd_entry){.field = 3, .kind = ZD_ENTRY_RANGE, .low = (int64_t)(row / GROUP)};
  *out = e;
  *n = 2;
  return ZD_OK;
}

static zd_err name_of(void *state, zd_row row, zd_arena *arena, uint32_t *type, zd_slice *id,
                      zd_fault *fault) {
  (void)state, (void)fault;
  *type = 1;
  *id = zd_arena_printf(arena, "resource-%u", (unsigned)(row % RESOURCES));
  return ZD_OK;
}

/* By group, the last first, and by row: a page behind a row. */
static bool page_is_right(zd_index_view *v, zd_random *dice) {
  enum { PAGE = 40 };
  zd_row bound = zd_index_view_row(v), first = bound > RESOURCES ? bound - RESOURCES : 0;
  if (bound == 0) return true;
  zd_row rows[PAGE], at = first + zd_random_below(dice, bound - first);
  zd_plan every = {.op = ZD_PLAN_TERM, .field = 2, .term = ZD_S("every")};
  zd_sort_key key = {.by = ZD_SORT_FIELD, .descending = true, .field = 3, .kind = ZD_ENTRY_RANGE};
  zd_search_request q = {.plan = &every, .sort = &key, .sort_count = 1, .after = at, .limit = PAGE};
  zd_row_facts facts = {.entries = entries_of, .name = name_of};
  size_t n, wanted = 0;
  if (zd_index_sorted(v, &q, &facts, NULL, rows, &n, NULL)) return false;
  while (wanted < PAGE) {
    if ((at + 1) % GROUP) {
      at++;
    } else {
      zd_row start = at / GROUP * GROUP; /* of the group; the one before comes next */
      if (start <= first) break;
      at = start > first + GROUP ? start - GROUP : first;
    }
    if (wanted == n || rows[wanted++] != at) return false;
  }
  return n == wanted;
}

/* By term or by id, from the start: the first rows there are, in order. */
static bool names_are_in_order(zd_index_view *v, bool by_id) {
  enum { PAGE = 60 };
  zd_row rows[PAGE], bound = zd_index_view_row(v);
  zd_plan every = {.op = ZD_PLAN_TERM, .field = 2, .term = ZD_S("every")};
  zd_sort_key key = {.by = by_id ? ZD_SORT_ID : ZD_SORT_FIELD, .field = 1, .kind = ZD_ENTRY_TERM};
  zd_search_request q = {
      .plan = &every, .sort = &key, .sort_count = 1, .after = ZD_NO_ROW, .limit = PAGE};
  zd_row_facts facts = {.entries = entries_of, .name = name_of};
  size_t n;
  if (zd_index_sorted(v, &q, &facts, NULL, rows, &n, NULL)) return false;
  for (size_t i = 1; i < n; i++) {
    char a[32], b[32];
    zd_slice x =
        text_of(a, "%u", (unsigned)(by_id ? rows[i - 1] % RESOURCES : rows[i - 1] / GROUP));
    zd_slice y = text_of(b, "%u", (unsigned)(by_id ? rows[i] % RESOURCES : rows[i] / GROUP));
    int order = zd_slice_cmp(x, y);
    if (order > 0 || (order == 0 && rows[i - 1] >= rows[i])) return false;
  }
  return n == (bound < PAGE ? bound : PAGE);
}

static void *reader(void *context) {
  stage *s = context;
  zd_random dice;
  zd_random_seed(&dice, (uint64_t)(uintptr_t)&dice, 1);
  do {
    zd_index_view *v, *old;
    zd_row published = zd_index_published(s->index);
    zd_row past = zd_random_below(&dice, published / GROUP + 1) * GROUP;
    if (zd_index_view_acquire(s->index, &v) || zd_index_view_acquire_at(s->index, past, &old)) {
      atomic_fetch_add(&s->failures, 1);
      return NULL;
    }
    if (!view_is_whole(v, &dice) || !view_is_whole(old, &dice) || !view_is_whole(v, &dice))
      atomic_fetch_add(&s->failures, 1);
    if (!names_are_in_order(v, true) || !names_are_in_order(old, false))
      atomic_fetch_add(&s->failures, 1);
    if (!page_is_right(v, &dice) || !page_is_right(old, &dice)) atomic_fetch_add(&s->failures, 1);
    zd_index_view_release(v);
    zd_index_view_release(old);
  } while (!atomic_load(&s->done));
  return NULL;
}

static void *caretaker(void *context) {
  stage *s = context;
  while (!atomic_load(&s->done)) {
    zd_index_stats stats;
    if (zd_index_flush(s->index, NULL)) atomic_fetch_add(&s->failures, 1);
    zd_index_stats_get(s->index, &stats);
    if (stats.background.code) atomic_fetch_add(&s->failures, 1);
    if (stats.segments > 20 && zd_index_compact(s->index, NULL)) atomic_fetch_add(&s->failures, 1);
    usleep(3000);
  }
  return NULL;
}

static void readers_never_see_a_half_group(void **state) {
  (void)state;
  char dir[] = "/tmp/zd-threads-XXXXXX", command[64];
  assert_non_null(mkdtemp(dir));
  stage s = {0};
  zd_index_options o = {.dir = dir, .memtable_rows = 300, .merge_threads = 1};
  assert_int_equal(zd_index_open(&o, &s.index, NULL), ZD_OK);
  pthread_t threads[READERS + 2];
  for (size_t i = 0; i < READERS + 2; i++) {
    void *(*run)(void *) = i == 0 ? committer : i == 1 ? caretaker : reader;
    assert_int_equal(pthread_create(&threads[i], NULL, run, &s), 0);
  }
  for (size_t i = 0; i < READERS + 2; i++) pthread_join(threads[i], NULL);
  assert_int_equal(s.failures, 0);
  zd_index_close(s.index);
  snprintf(command, sizeof command, "rm -rf '%s'", dir);
  assert_int_equal(system(command), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(readers_never_see_a_half_group)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
