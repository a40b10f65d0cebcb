#include "store/testing/index_model.h"

#include "base/testing/dice.h"

#include <stdio.h>
#include <stdlib.h>

enum { ENTRIES_MAX = 12, IDS_PER_PLAN = 5, LOCATOR_STEP = 300 };
enum { SINGLE_FIELD = ZD_MODEL_RANGE_FIELD + ZD_MODEL_RANGES - 1 };

static uint64_t below(zd_model *m, uint64_t bound) {
  return zd_random_below(&m->dice, bound);
}

void zd_model_start(zd_model *m, uint64_t seed, unsigned ids) {
  *m = (zd_model){.ids = ids};
  zd_testing_dice(&m->dice, seed, 1);
  zd_arena_init(&m->arena, 0);
  zd_arena_init(&m->asking, 0);
}

void zd_model_free(zd_model *m) {
  zd_arena_free(&m->arena);
  zd_arena_free(&m->asking);
  free(m->rows);
}

/* ---- rows ---- */

static zd_slice make_id(zd_model *m, zd_arena *arena) {
  unsigned id = (unsigned)below(m, m->ids);
  switch (id % 3) {
    case 0:
      return zd_arena_printf(arena, "%08x-1234-4abc-89ef-%012x", id * 2654435761u, id);
    case 1:
      return zd_arena_printf(arena, "id-%u", id);
    default:
      return zd_arena_printf(arena, "\x01%u", id);
  }
}

/* Names of resources: of most that may exist, and of some that never do. */
static zd_slice make_name(zd_model *m, zd_arena *arena) {
  char *p = zd_arena_alloc(arena, ZD_NAME_MAX);
  uint32_t type = (uint32_t)below(m, ZD_MODEL_TYPES + 1) + 7;
  return zd_slice_make(p, zd_name_write(p, type, make_id(m, arena)));
}

static zd_slice make_term(zd_model *m, zd_arena *arena) {
  switch (below(m, 11)) {
    case 8:
    case 9:
      return make_name(m, arena);
    case 0:
      return zd_arena_printf(arena, "unique-%llu", (unsigned long long)below(m, 100000));
    case 1:
      return zd_arena_printf(arena, "%c", (char)('a' + below(m, 4)));
    case 2:
      return ZD_S("");
    case 3:
      return zd_arena_printf(arena, "\xff\xff%u", (unsigned)below(m, 3));
    case 4:
      return zd_arena_printf(arena, "a%0200u", (unsigned)below(m, 3));
    default:
      return zd_arena_printf(arena, "word%u|%u", (unsigned)below(m, 3), (unsigned)below(m, 20));
  }
}

static int64_t make_value(zd_model *m) {
  switch (below(m, 12)) {
    case 0:
      return INT64_MIN;
    case 1:
      return INT64_MAX;
    case 2:
      return (int64_t)zd_random_u64(&m->dice);
    default:
      return (int64_t)below(m, 50) * 86400000 - 5 * 86400000;
  }
}

/* Of two range fields some columns have names. */
static zd_slice make_column(zd_model *m, uint32_t field) {
  static const char *const names[] = {"", "", "kg", "m.s-1"};
  bool named = field == ZD_MODEL_RANGE_FIELD + 1 || field == SINGLE_FIELD;
  return named ? zd_slice_of(names[below(m, 4)]) : (zd_slice){NULL, 0};
}

static zd_entry make_entry(zd_model *m, zd_arena *arena) {
  if (below(m, 3)) {
    return (zd_entry){.field = (uint32_t)below(m, ZD_MODEL_FIELDS),
                      .kind = ZD_ENTRY_TERM,
                      .term = make_term(m, arena)};
  }
  zd_entry e = {.field = ZD_MODEL_RANGE_FIELD + (uint32_t)below(m, ZD_MODEL_RANGES),
                .kind = ZD_ENTRY_RANGE};
  e.term = make_column(m, e.field);
  e.low = make_value(m);
  if (e.field == ZD_MODEL_RANGE_FIELD) e.low = (int64_t)below(m, 50) * 86400000;
  e.high = e.field == ZD_MODEL_RANGE_FIELD ? e.low + 86399999 : make_value(m);
  if (e.low > e.high) {
    int64_t low = e.low;
    e.low = e.high;
    e.high = low;
  }
  return e;
}

static zd_index_row *row_room(zd_model *m) {
  if (m->n == m->room) {
    size_t room = m->room ? m->room * 2 : 1024;
    zd_index_row *more = realloc(m->rows, room * sizeof *more);
    if (!more) abort();
    m->rows = more;
    m->room = room;
  }
  return &m->rows[m->n++];
}

const zd_index_row *zd_model_row(zd_model *m) {
  zd_index_row *r = row_room(m);
  *r = (zd_index_row){.type = (uint32_t)below(m, ZD_MODEL_TYPES) + 7,
                      .id = make_id(m, &m->arena),
                      .locator = m->n * LOCATOR_STEP + below(m, 100)};
  r->previous = zd_model_newest(m, r->type, r->id, m->n - 1);
  bool gone = r->previous == ZD_NO_ROW || m->rows[r->previous].op == ZD_OP_DELETE;
  r->op = gone ? ZD_OP_CREATE : below(m, 4) ? ZD_OP_UPDATE : ZD_OP_DELETE;
  if (r->op == ZD_OP_DELETE) return r;
  zd_entry *entries = zd_arena_alloc(&m->arena, ENTRIES_MAX * sizeof *entries);
  r->entry_count = below(m, ENTRIES_MAX);
  bool single = false;
  for (size_t i = 0; i < r->entry_count; i++) {
    entries[i] = make_entry(m, &m->arena);
    if (entries[i].kind != ZD_ENTRY_RANGE || entries[i].field != SINGLE_FIELD) continue;
    if (single) entries[i].field--;
    single = true;
  }
  r->entries = entries;
  return r;
}

void zd_model_cut(zd_model *m, size_t n) {
  if (n < m->n) m->n = n;
}

zd_row zd_model_newest(const zd_model *m, uint32_t type, zd_slice id, zd_row bound) {
  for (zd_row row = bound; row-- > 0;) {
    if (m->rows[row].type == type && zd_slice_eq(m->rows[row].id, id)) return row;
  }
  return ZD_NO_ROW;
}

bool zd_model_current(const zd_model *m, zd_row row, zd_row bound) {
  const zd_index_row *r = &m->rows[row];
  return r->op != ZD_OP_DELETE && zd_model_newest(m, r->type, r->id, bound) == row;
}

/* ---- plans ---- */

static bool contains(zd_slice text, zd_slice part) {
  for (size_t i = 0; i <= text.n; i++) {
    if (zd_slice_starts(zd_slice_from(text, i), part)) return true;
  }
  return false;
}

static bool entry_matches(const zd_plan *p, const zd_entry *e) {
  if (e->field != p->field) return false;
  switch (p->op) {
    case ZD_PLAN_CONTAINS:
      return e->kind == ZD_ENTRY_TERM && zd_slice_starts(e->term, p->term) &&
             contains(zd_slice_from(e->term, p->term.n), p->to);
    case ZD_PLAN_TERM:
      return e->kind == ZD_ENTRY_TERM && zd_slice_eq(e->term, p->term);
    case ZD_PLAN_PREFIX:
      return e->kind == ZD_ENTRY_TERM && zd_slice_starts(e->term, p->term);
    case ZD_PLAN_SPAN:
      return e->kind == ZD_ENTRY_TERM && zd_slice_cmp(e->term, p->term) >= 0 &&
             (!p->to.p || zd_slice_cmp(e->term, p->to) < 0);
    default:
      return e->kind == ZD_ENTRY_RANGE && zd_slice_eq(e->term, p->term) && e->low >= p->low_min &&
             e->low <= p->low_max && e->high >= p->high_min && e->high <= p->high_max;
  }
}

static bool any_entry(const zd_index_row *r, const zd_plan *p) {
  for (size_t i = 0; i < r->entry_count; i++) {
    if (entry_matches(p, &r->entries[i])) return true;
  }
  return false;
}

static bool id_listed(const zd_index_row *r, const zd_plan *p) {
  for (size_t i = 0; i < p->id_count; i++) {
    if (zd_slice_eq(p->ids[i], r->id)) return r->type == p->type;
  }
  return false;
}

/* What a join matches, kept while its plan is asked of many rows. */
typedef struct zd_model_join {
  const zd_plan *plan;
  bool *rows;
  struct zd_model_join *next;
} zd_model_join;

/* The resource an entry names in the field: its newest row, or ZD_NO_ROW. */
static zd_row named_row(const zd_model *m, const zd_plan *p, const zd_entry *e, zd_row bound) {
  uint32_t type;
  zd_slice id;
  if (e->kind != ZD_ENTRY_TERM || e->field != p->field || !zd_name_read(e->term, &type, &id))
    return ZD_NO_ROW;
  return zd_model_newest(m, type, id, bound);
}

/* Every entry of every current row is looked at. */
static void join(zd_model *m, const zd_plan *p, zd_row bound, bool *rows) {
  const zd_plan *child = p->children[0];
  for (zd_row row = 0; row < bound; row++) {
    const zd_index_row *r = &m->rows[row];
    if (r->entry_count == 0 || !zd_model_current(m, row, bound)) continue;
    for (size_t i = 0; i < r->entry_count; i++) {
      zd_row named = named_row(m, p, &r->entries[i], bound);
      if (named == ZD_NO_ROW || m->rows[named].op == ZD_OP_DELETE) continue;
      if (p->op == ZD_PLAN_REFERS) {
        if (!rows[row]) rows[row] = zd_model_matches(m, child, named, bound);
      } else if (m->rows[named].type == p->type && !rows[named]) {
        rows[named] = zd_model_matches(m, child, row, bound);
      }
    }
  }
}

static bool joined(zd_model *m, const zd_plan *p, zd_row row, zd_row bound) {
  for (zd_model_join *j = m->joins; j; j = j->next) {
    if (j->plan == p) return j->rows[row];
  }
  zd_model_join *j = ZD_NEW(&m->asking, zd_model_join);
  bool *rows = zd_arena_calloc(&m->asking, bound + 1, sizeof *rows);
  join(m, p, bound, rows);
  *j = (zd_model_join){p, rows, m->joins};
  m->joins = j;
  return rows[row];
}

bool zd_model_matches(zd_model *m, const zd_plan *p, zd_row row, zd_row bound) {
  const zd_index_row *r = &m->rows[row];
  switch (p->op) {
    case ZD_PLAN_ALL:
      return true;
    case ZD_PLAN_NONE:
      return false;
    case ZD_PLAN_TYPE:
      return r->type == p->type;
    case ZD_PLAN_ROWS:
      return row >= p->first && row < p->last;
    case ZD_PLAN_IDS:
      return id_listed(r, p);
    case ZD_PLAN_AND:
      for (size_t i = 0; i < p->child_count; i++) {
        if (!zd_model_matches(m, p->children[i], row, bound)) return false;
      }
      return true;
    case ZD_PLAN_OR:
      for (size_t i = 0; i < p->child_count; i++) {
        if (zd_model_matches(m, p->children[i], row, bound)) return true;
      }
      return false;
    case ZD_PLAN_NOT:
      return !zd_model_matches(m, p->children[0], row, bound);
    case ZD_PLAN_CHECK:
      return row % 3 != 0 && zd_model_matches(m, p->children[0], row, bound);
    case ZD_PLAN_REFERS:
    case ZD_PLAN_REFERRED:
      return joined(m, p, row, bound);
    default:
      return any_entry(r, p);
  }
}

zd_err zd_model_check(void *state, struct zd_snapshot *v, zd_row row, bool *hit) {
  (void)state;
  (void)v;
  *hit = row % 3 != 0;
  return ZD_OK;
}

static void make_children(zd_model *m, zd_arena *arena, zd_plan *p, size_t n, unsigned depth) {
  const zd_plan **children = zd_arena_alloc(arena, (n + 1) * sizeof(const zd_plan *));
  for (size_t i = 0; i < n; i++) children[i] = zd_model_plan(m, arena, depth - 1);
  p->children = children;
  p->child_count = n;
}

static void make_bounds(zd_model *m, zd_plan *p) {
  p->field = ZD_MODEL_RANGE_FIELD + (uint32_t)below(m, ZD_MODEL_RANGES);
  p->term = make_column(m, p->field);
  p->low_min = p->high_min = INT64_MIN;
  p->low_max = p->high_max = INT64_MAX;
  if (below(m, 2)) p->low_min = make_value(m);
  if (below(m, 2)) p->low_max = make_value(m);
  if (below(m, 2)) p->high_min = make_value(m);
  if (below(m, 2)) p->high_max = make_value(m);
}

static const zd_plan *make_ranges(zd_model *m, zd_arena *arena, uint32_t field) {
  size_t n = 1 + below(m, 3);
  zd_plan *ranges = ZD_NEW_ARRAY(arena, zd_plan, n + 1);
  const zd_plan **children = ZD_NEW_ARRAY(arena, const zd_plan *, n);
  for (size_t i = 0; i < n; i++) {
    ranges[i].op = ZD_PLAN_RANGE;
    make_bounds(m, &ranges[i]);
    ranges[i].field = field;
    ranges[i].term = make_column(m, field);
    children[i] = &ranges[i];
  }
  ranges[n] = (zd_plan){.op = ZD_PLAN_OR, .children = children, .child_count = n};
  return n == 1 && below(m, 2) ? children[0] : &ranges[n];
}

/* "From May" and "before June": conditions on one field. */
static void make_conjunction(zd_model *m, zd_arena *arena, zd_plan *p) {
  uint32_t field = ZD_MODEL_RANGE_FIELD + (uint32_t)below(m, ZD_MODEL_RANGES);
  size_t n = 2 + below(m, 2);
  const zd_plan **children = ZD_NEW_ARRAY(arena, const zd_plan *, n + 1);
  for (size_t i = 0; i < n; i++) children[i] = make_ranges(m, arena, field);
  if (below(m, 2)) children[n++] = zd_model_plan(m, arena, 0);
  *p = (zd_plan){.op = ZD_PLAN_AND, .children = children, .child_count = n};
}

static void make_leaf(zd_model *m, zd_arena *arena, zd_plan *p) {
  p->field = (uint32_t)below(m, ZD_MODEL_FIELDS);
  p->type = (uint32_t)below(m, ZD_MODEL_TYPES + 1) + 7;
  switch (p->op) {
    case ZD_PLAN_SPAN:
      if (below(m, 3)) p->to = make_term(m, arena);
      p->term = make_term(m, arena);
      break;
    case ZD_PLAN_TERM:
      p->term = make_term(m, arena);
      break;
    case ZD_PLAN_PREFIX:
      p->term = make_term(m, arena);
      p->term.n = (size_t)below(m, p->term.n + 1);
      break;
    case ZD_PLAN_CONTAINS:
      p->term = make_term(m, arena);
      p->term.n = (size_t)below(m, p->term.n + 1) / 2;
      p->to = make_term(m, arena);
      p->to = zd_slice_from(p->to, (size_t)below(m, p->to.n + 1));
      break;
    case ZD_PLAN_RANGE:
      make_bounds(m, p);
      break;
    case ZD_PLAN_ROWS:
      p->first = below(m, m->n + 1);
      p->last = below(m, m->n + 10);
      break;
    case ZD_PLAN_IDS: {
      zd_slice *ids = zd_arena_alloc(arena, IDS_PER_PLAN * sizeof *ids);
      p->id_count = below(m, IDS_PER_PLAN);
      for (size_t i = 0; i < p->id_count; i++) ids[i] = make_id(m, arena);
      p->ids = ids;
      break;
    }
    default:
      break;
  }
}

const zd_plan *zd_model_plan(zd_model *m, zd_arena *arena, unsigned depth) {
  zd_plan *p = ZD_NEW(arena, zd_plan);
  p->op = (zd_plan_op)below(m, depth ? ZD_PLAN_REFERRED + 1 : ZD_PLAN_IDS + 2);
  if (depth == 0 && p->op > ZD_PLAN_IDS) p->op = ZD_PLAN_CONTAINS;
  if (p->op <= ZD_PLAN_NONE && below(m, 4)) p->op = ZD_PLAN_TERM;
  switch (p->op) {
    case ZD_PLAN_AND:
      if (below(m, 3) == 0) {
        make_conjunction(m, arena, p);
        break;
      }
      make_children(m, arena, p, below(m, 5), depth);
      break;
    case ZD_PLAN_OR:
      make_children(m, arena, p, below(m, 5), depth);
      break;
    case ZD_PLAN_CHECK:
      p->check = zd_model_check;
      make_children(m, arena, p, 1, depth);
      break;
    case ZD_PLAN_NOT:
      make_children(m, arena, p, 1, depth);
      break;
    case ZD_PLAN_REFERS:
    case ZD_PLAN_REFERRED:
      make_leaf(m, arena, p);
      make_children(m, arena, p, 1, depth);
      break;
    default:
      make_leaf(m, arena, p);
  }
  return p;
}

/* ---- answers ---- */

size_t zd_model_answer(zd_model *m, const zd_search_request *q, zd_row bound, zd_row *out) {
  size_t n = 0;
  bool descending = q->order == ZD_SCAN_DESCENDING;
  m->joins = NULL;
  zd_arena_reset(&m->asking);
  for (zd_row i = 0; i < bound; i++) {
    zd_row row = descending ? bound - 1 - i : i;
    if (q->after != ZD_NO_ROW && (descending ? row >= q->after : row <= q->after)) continue;
    if (!zd_model_matches(m, q->plan, row, bound)) continue;
    if (q->all_versions || zd_model_current(m, row, bound)) out[n++] = row;
  }
  return n;
}

static const char *compare_search(zd_model *m, zd_index_view *v, zd_arena *arena) {
  zd_row bound = zd_index_view_row(v);
  zd_search_request q = {.plan = zd_model_plan(m, arena, 3),
                         .all_versions = below(m, 3) == 0,
                         .order = below(m, 2) ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING,
                         .after = below(m, 2) ? ZD_NO_ROW : below(m, bound + 1),
                         .limit = below(m, 4) ? 1 + below(m, 20) : bound + 1};
  zd_row *expected = zd_arena_alloc(arena, (bound + 1) * sizeof *expected);
  zd_row *actual = zd_arena_alloc(arena, (q.limit + 1) * sizeof *actual);
  size_t all = zd_model_answer(m, &q, bound, expected), n = 0;
  size_t wanted = all < q.limit ? all : q.limit;
  zd_fault fault = {0};
  if (zd_index_search(v, &q, NULL, actual, &n, &fault)) return "a search failed";
  if (n != wanted) return "a search found another number of rows";
  if (n && memcmp(actual, expected, n * sizeof *actual) != 0) return "a search found other rows";
  uint64_t count = 0;
  if (zd_index_count(v, &q, NULL, &count, &fault)) return "a count failed";
  return count == all ? NULL : "a count differs";
}

static const char *compare_find(zd_model *m, zd_index_view *v, zd_arena *arena) {
  zd_row bound = zd_index_view_row(v), row = ZD_NO_ROW;
  uint32_t type = (uint32_t)below(m, ZD_MODEL_TYPES) + 7;
  zd_slice id = make_id(m, arena);
  zd_row newest = zd_model_newest(m, type, id, bound);
  zd_err err = zd_index_find(v, type, id, &row, NULL);
  if (newest == ZD_NO_ROW) return err == ZD_ERR_NOT_FOUND ? NULL : "found what is not there";
  if (err || row != newest) return "find differs";
  zd_row versions[8];
  size_t n;
  if (zd_index_versions(v, type, id, ZD_NO_ROW, versions, 8, &n, NULL)) return "versions failed";
  for (size_t i = 0; i < n; i++) {
    if (versions[i] != newest) return "versions differ";
    newest = m->rows[newest].previous;
  }
  if (n < 8 && newest != ZD_NO_ROW) return "versions are missing";
  uint64_t locator;
  if (zd_index_locator(v, row, &locator, NULL)) return "a locator is missing";
  return locator == m->rows[row].locator ? NULL : "a locator differs";
}

const char *zd_model_compare(zd_model *m, zd_index_view *v, unsigned rounds) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  const char *difference = NULL;
  zd_index_view_join_way(v, below(m, 2) ? ZD_JOIN_BY_KEYS : ZD_JOIN_BY_COST);
  for (unsigned i = 0; i < rounds && !difference; i++) {
    zd_arena_reset(&arena);
    difference = compare_search(m, v, &arena);
    if (!difference) difference = compare_find(m, v, &arena);
  }
  zd_arena_free(&arena);
  return difference;
}
