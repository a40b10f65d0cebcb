/* Joins over a whole store: however they are carried out (by reading rows, by walking dictionaries,
 * row by row as a question), the answer is that of looking at everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/testing/dice.h"
#include "store/embedded/engine.h"
#include "store/testing/small_store.h"

enum { RESOURCES = 120, TYPES = 3, CODES = 6 };

/* One resource as the newest state has it. */
typedef struct thing {
  bool there;
  zd_row row;
  uint64_t version;
  unsigned code, day;
  int to[2]; /* whom it names, -1: nobody */
} thing;

typedef struct world {
  fixture *f;
  zd_random dice;
  thing things[RESOURCES];
  zd_arena arena;
} world;

static const char *const types[TYPES] = {"Ape", "Bear", "Cat"};

static unsigned below(world *w, unsigned bound) {
  return (unsigned)zd_random_below(&w->dice, bound);
}

static uint32_t type_of(world *w, int i) {
  return zd_little_symbol(w->f->s, types[i % TYPES]);
}

static zd_slice id_of(int i, char room[48]) {
  if (i % 4 == 0) /* as the index packs them */
    snprintf(room, 48, "%08x-0000-4000-8000-%012x", (unsigned)i * 77u, (unsigned)i);
  else
    snprintf(room, 48, "r%d", i);
  return zd_slice_of(room);
}

static size_t name_of(world *w, int i, char *out) {
  char id[48];
  return zd_name_write(out, type_of(w, i), id_of(i, id));
}

static zd_slice body_of(world *w, const thing *t) {
  zd_buffer b;
  char text[64], name[ZD_NAME_MAX];
  zd_buffer_init(&b, 0);
  snprintf(text, sizeof text, "code=c%u;day=%u;", t->code, t->day);
  zd_buffer_add(&b, text, strlen(text));
  for (size_t i = 0; i < 2; i++) {
    if (t->to[i] < 0) continue;
    zd_buffer_add(&b, "ref=", 4);
    zd_buffer_add(&b, name, name_of(w, t->to[i], name));
    zd_buffer_add(&b, ";", 1);
  }
  zd_slice body = zd_arena_copy(&w->arena, zd_slice_make(b.p, b.n));
  zd_buffer_free(&b);
  return body;
}

/* Creates, updates or deletes a random resource. */
static void change(world *w) {
  int i = (int)below(w, RESOURCES);
  thing *t = &w->things[i];
  zd_op op = !t->there ? ZD_OP_CREATE : below(w, 4) ? ZD_OP_UPDATE : ZD_OP_DELETE;
  t->code = below(w, CODES);
  t->day = below(w, 30);
  for (size_t k = 0; k < 2; k++) t->to[k] = below(w, 3) ? (int)below(w, RESOURCES) : -1;
  zd_slice body = op == ZD_OP_DELETE ? ZD_S("") : body_of(w, t);
  char id[48];
  zd_txn *txn;
  zd_row previous = t->version ? t->row : ZD_NO_ROW;
  assert_int_equal(zd_txn_begin(w->f->s, now(w->f->s), &txn), ZD_OK);
  assert_int_equal(
      zd_little_put(txn, w->f->s, op, types[i % TYPES], id_of(i, id), previous, t->version, body),
      ZD_OK);
  zd_commit_result result = zd_store_commit(w->f->s, txn);
  assert_int_equal(result.err, ZD_OK);
  t->row = result.first_row;
  t->version++;
  t->there = op != ZD_OP_DELETE;
}

/* ---- plans and what they mean ---- */

static zd_plan *plan_of(world *w, zd_plan_op op, const char *field) {
  zd_plan *p = ZD_NEW(&w->arena, zd_plan);
  p->op = op;
  if (field) p->field = zd_little_symbol(w->f->s, field);
  p->low_min = p->high_min = INT64_MIN;
  p->low_max = p->high_max = INT64_MAX;
  return p;
}

static zd_plan *with_children(world *w, zd_plan *p, const zd_plan *a, const zd_plan *b) {
  const zd_plan **children = ZD_NEW_ARRAY(&w->arena, const zd_plan *, 2);
  children[0] = a;
  children[1] = b;
  p->children = children;
  p->child_count = b ? 2 : 1;
  return p;
}

static const zd_plan *random_plan(world *w, unsigned depth) {
  switch (below(w, depth ? 8 : 3)) {
    case 0: {
      zd_plan *p = plan_of(w, ZD_PLAN_TERM, "code");
      p->term = zd_arena_printf(&w->arena, "c%u", below(w, CODES));
      return p;
    }
    case 1: {
      zd_plan *p = plan_of(w, ZD_PLAN_RANGE, "day");
      p->low_min = below(w, 30);
      p->low_max = p->low_min + below(w, 10);
      return p;
    }
    case 2: {
      zd_plan *p = plan_of(w, ZD_PLAN_TYPE, NULL);
      p->type = type_of(w, (int)below(w, TYPES));
      return p;
    }
    case 3:
    case 4:
      return with_children(w, plan_of(w, ZD_PLAN_REFERS, "ref"), random_plan(w, depth - 1), NULL);
    case 5: {
      zd_plan *p = plan_of(w, ZD_PLAN_REFERRED, "ref");
      p->type = type_of(w, (int)below(w, TYPES));
      return with_children(w, p, random_plan(w, depth - 1), NULL);
    }
    case 6:
      return with_children(w, plan_of(w, below(w, 3) ? ZD_PLAN_AND : ZD_PLAN_OR, NULL),
                           random_plan(w, depth - 1), random_plan(w, depth - 1));
    default: {
      const zd_plan *no =
          with_children(w, plan_of(w, ZD_PLAN_NOT, NULL), random_plan(w, depth - 1), NULL);
      return with_children(w, plan_of(w, ZD_PLAN_AND, NULL), random_plan(w, depth - 1), no);
    }
  }
}

static bool matches(world *w, const zd_plan *p, int i) {
  const thing *t = &w->things[i];
  char code[8];
  switch (p->op) {
    case ZD_PLAN_TERM:
      snprintf(code, sizeof code, "c%u", t->code);
      return zd_slice_eq(p->term, zd_slice_of(code));
    case ZD_PLAN_RANGE:
      return t->day >= p->low_min && t->day <= p->low_max;
    case ZD_PLAN_TYPE:
      return type_of(w, i) == p->type;
    case ZD_PLAN_AND:
      return matches(w, p->children[0], i) && matches(w, p->children[1], i);
    case ZD_PLAN_OR:
      return matches(w, p->children[0], i) || matches(w, p->children[1], i);
    case ZD_PLAN_NOT:
      return !matches(w, p->children[0], i);
    case ZD_PLAN_REFERS:
      for (size_t k = 0; k < 2; k++) {
        int to = t->to[k];
        if (to >= 0 && w->things[to].there && matches(w, p->children[0], to)) return true;
      }
      return false;
    default: /* REFERRED */
      for (int by = 0; by < RESOURCES && type_of(w, i) == p->type; by++) {
        const thing *b = &w->things[by];
        bool names = b->there && (b->to[0] == i || b->to[1] == i);
        if (names && matches(w, p->children[0], by)) return true;
      }
      return false;
  }
}

static int by_row(const void *a, const void *b) {
  zd_row x = *(const zd_row *)a, y = *(const zd_row *)b;
  return (x > y) - (x < y);
}

static void compare(world *w, const zd_plan *plan, zd_join_way way, size_t limit) {
  zd_row expected[RESOURCES], rows[RESOURCES];
  size_t wanted = 0, n = 0;
  for (int i = 0; i < RESOURCES; i++) {
    if (w->things[i].there && matches(w, plan, i)) expected[wanted++] = w->things[i].row;
  }
  qsort(expected, wanted, sizeof *expected, by_row);
  zd_snapshot *v;
  zd_fault fault = {0};
  uint64_t count = 0, about = 0;
  assert_int_equal(zd_store_snapshot(w->f->s, &v), ZD_OK);
  zd_index_view_join_way(v->view, way);
  zd_search_request q = {.plan = plan, .after = ZD_NO_ROW, .limit = limit};
  if (zd_snapshot_search(v, &q, rows, &n, &fault)) fail_msg("%s", fault.text);
  assert_int_equal(n, wanted < limit ? wanted : limit);
  if (n) assert_memory_equal(rows, expected, n * sizeof *rows);
  if (zd_snapshot_count(v, &q, &count, &fault)) fail_msg("%s", fault.text);
  assert_int_equal(count, wanted);
  assert_int_equal(zd_snapshot_estimate(v, plan, &about, &fault), ZD_OK);
  zd_snapshot_release(v);
}

static void every_way_has_the_same_answer(void **state) {
  world w = {.f = *state};
  zd_testing_dice(&w.dice, 11, 1);
  zd_arena_init(&w.arena, 0);
  for (int i = 0; i < RESOURCES; i++) w.things[i].to[0] = w.things[i].to[1] = -1;
  for (unsigned round = 0; round < 30; round++) {
    for (unsigned i = 0; i < 25; i++) change(&w);
    if (round % 7 == 6) assert_int_equal(zd_store_compact(w.f->s, NULL), ZD_OK);
    for (unsigned i = 0; i < 40; i++) {
      zd_arena_reset(&w.arena);
      const zd_plan *plan = random_plan(&w, 3);
      compare(&w, plan, (zd_join_way)below(&w, 3), 1 + below(&w, RESOURCES));
    }
  }
  zd_arena_free(&w.arena);
}

/* ---- guards ---- */

static void a_guard_sees_joins_with_what_came_meanwhile(void **state) {
  fixture *f = *state;
  char name[ZD_NAME_MAX + 16];
  zd_little_symbol(f->s, "code"); /* so that the type's is not 0, which would end a text */
  memcpy(name, "ref=", 4);
  size_t n = 4 + zd_name_write(name + 4, zd_little_symbol(f->s, "Ape"), ZD_S("one"));
  memcpy(name + n, ";", 2);
  zd_plan code = {.op = ZD_PLAN_TERM, .field = zd_little_symbol(f->s, "code"), .term = ZD_S("red")};
  const zd_plan *child = &code;
  zd_plan guard = {.op = ZD_PLAN_REFERS,
                   .field = zd_little_symbol(f->s, "ref"),
                   .children = &child,
                   .child_count = 1};
  write_one(f, ZD_OP_CREATE, "Ape", "one", "code=red;");
  zd_row before = now(f->s);
  write_one(f, ZD_OP_CREATE, "Bear", "two", name);
  for (int turn = 0; turn < 2; turn++) { /* as of before and after the reference came */
    zd_txn *t;
    assert_int_equal(zd_txn_begin(f->s, turn ? now(f->s) : before, &t), ZD_OK);
    assert_int_equal(zd_little_put(t, f->s, ZD_OP_CREATE, "Cat", turn ? ZD_S("b") : ZD_S("a"),
                                   ZD_NO_ROW, 0, ZD_S("code=blue;")),
                     ZD_OK);
    assert_int_equal(zd_txn_guard(t, &guard), ZD_OK);
    assert_int_equal(zd_store_commit(f->s, t).err, turn ? ZD_OK : ZD_ERR_CONFLICT);
  }
}

/* What a guard is asked of: a reference from Bear to Ape, and a code of each. */
static const char *bear_to(fixture *f, const char *ape, char text[ZD_NAME_MAX + 32]) {
  memcpy(text, "ref=", 4);
  size_t n = 4 + zd_name_write(text + 4, zd_little_symbol(f->s, "Ape"), zd_slice_of(ape));
  memcpy(text + n, ";", 2);
  return text;
}

static zd_err commit_cat(fixture *f, zd_row as_of, zd_err (*guard)(zd_txn *t, const zd_plan *plan),
                         const zd_plan *plan, zd_row required) {
  static unsigned count;
  char id[16];
  zd_txn *t;
  snprintf(id, sizeof id, "cat%u", count++);
  assert_int_equal(zd_txn_begin(f->s, as_of, &t), ZD_OK);
  assert_int_equal(zd_little_put(t, f->s, ZD_OP_CREATE, "Cat", zd_slice_of(id), ZD_NO_ROW, 0,
                                 ZD_S("code=blue;")),
                   ZD_OK);
  assert_int_equal(guard ? guard(t, plan) : zd_txn_require(t, plan, required), ZD_OK);
  return zd_store_commit(f->s, t).err;
}

static void a_guard_sees_old_rows_match_through_what_came_meanwhile(void **state) {
  fixture *f = *state;
  char text[ZD_NAME_MAX + 32];
  zd_little_symbol(f->s, "code");
  zd_plan red = {.op = ZD_PLAN_TERM, .field = zd_little_symbol(f->s, "code"), .term = ZD_S("red")};
  const zd_plan *child = &red;
  zd_plan refers = {.op = ZD_PLAN_REFERS,
                    .field = zd_little_symbol(f->s, "ref"),
                    .children = &child,
                    .child_count = 1};
  const zd_plan *join = &refers;
  zd_plan excludes = {.op = ZD_PLAN_NOT, .children = &join, .child_count = 1};
  zd_row bear = write_one(f, ZD_OP_CREATE, "Bear", "two", bear_to(f, "one", text)).first_row;

  zd_row before = now(f->s); /* the reference led nowhere; then its target comes, in red */
  write_one(f, ZD_OP_CREATE, "Ape", "one", "code=red;");
  assert_int_equal(commit_cat(f, before, zd_txn_guard, &refers, 0), ZD_ERR_CONFLICT);
  assert_int_equal(commit_cat(f, now(f->s), zd_txn_guard, &refers, 0), ZD_OK);

  before = now(f->s); /* what has nothing to do with it is no conflict */
  write_one(f, ZD_OP_CREATE, "Ape", "other", "code=green;");
  assert_int_equal(commit_cat(f, before, zd_txn_guard, &refers, 0), ZD_OK);
  assert_int_equal(commit_cat(f, before, zd_txn_guard, &excludes, 0), ZD_ERR_CONFLICT);
  assert_int_equal(commit_cat(f, before, NULL, &refers, bear), ZD_OK);

  before = now(f->s); /* a row that matched ceases to, though nobody wrote it */
  write_one(f, ZD_OP_UPDATE, "Ape", "one", "code=green;");
  assert_int_equal(commit_cat(f, before, NULL, &refers, bear), ZD_ERR_CONFLICT);
  assert_int_equal(commit_cat(f, before, zd_txn_guard, &refers, 0), ZD_OK);
}

static void what_is_watched_may_not_be_touched(void **state) {
  fixture *f = *state;
  const zd_slice ids[] = {ZD_S("one")};
  zd_plan one = {
      .op = ZD_PLAN_IDS, .type = zd_little_symbol(f->s, "Ape"), .ids = ids, .id_count = 1};
  write_one(f, ZD_OP_CREATE, "Ape", "one", "code=red;");
  zd_row before = now(f->s);
  write_one(f, ZD_OP_CREATE, "Ape", "two", "code=red;");
  assert_int_equal(commit_cat(f, before, zd_txn_watch, &one, 0), ZD_OK);
  before = now(f->s);
  write_one(f, ZD_OP_DELETE, "Ape", "one", "");
  assert_int_equal(commit_cat(f, before, zd_txn_watch, &one, 0), ZD_ERR_CONFLICT);
  assert_int_equal(commit_cat(f, now(f->s), zd_txn_watch, &one, 0), ZD_OK);
}

/* ---- entries, explaining, budgets ---- */

static void entries_of_a_row_are_those_it_was_written_with(void **state) {
  fixture *f = *state;
  zd_row row = write_one(f, ZD_OP_CREATE, "Ape", "one", "code=red;day=7;rest").first_row;
  zd_row gone = write_one(f, ZD_OP_DELETE, "Ape", "one", "").first_row;
  zd_snapshot *v;
  const zd_entry *entries;
  size_t n;
  zd_fault fault = {0};
  assert_int_equal(zd_store_snapshot(f->s, &v), ZD_OK);
  assert_int_equal(zd_snapshot_entries(v, row, &f->arena, &entries, &n, &fault), ZD_OK);
  assert_int_equal(n, 2);
  assert_true(zd_slice_eq(entries[0].term, ZD_S("red")));
  assert_int_equal(entries[1].low, 7);
  assert_int_equal(zd_snapshot_entries(v, gone, &f->arena, &entries, &n, &fault), ZD_OK);
  assert_int_equal(n, 0);
  assert_int_equal(zd_snapshot_entries(v, gone + 1, &f->arena, &entries, &n, &fault),
                   ZD_ERR_NOT_FOUND);
  zd_snapshot_release(v);
}

typedef struct notes {
  zd_plan_note at[8];
  size_t n;
} notes;

static void take_note(void *context, const zd_plan_note *note) {
  notes *list = context;
  if (list->n < 8) list->at[list->n++] = *note;
}

static void a_search_explains_itself_parents_first(void **state) {
  fixture *f = *state;
  char id[16];
  for (int i = 0; i < 20; i++) {
    snprintf(id, sizeof id, "r%d", i);
    write_one(f, ZD_OP_CREATE, "Ape", id, i % 4 ? "code=red;" : "code=red;mark=x;");
  }
  zd_plan red = {.op = ZD_PLAN_TERM, .field = zd_little_symbol(f->s, "code"), .term = ZD_S("red")};
  zd_plan marked = {.op = ZD_PLAN_TERM, .field = zd_little_symbol(f->s, "mark"), .term = ZD_S("x")};
  const zd_plan *children[] = {&red, &marked};
  zd_plan both = {.op = ZD_PLAN_AND, .children = children, .child_count = 2};
  zd_search_request q = {.plan = &both, .after = ZD_NO_ROW, .limit = 10};
  zd_snapshot *v;
  zd_fault fault = {0};
  notes list = {.n = 0};
  assert_int_equal(zd_store_snapshot(f->s, &v), ZD_OK);
  assert_int_equal(zd_snapshot_explain(v, &q, take_note, &list, &fault), ZD_OK);
  assert_int_equal(list.n, 3);
  assert_ptr_equal(list.at[0].node, &both);
  assert_ptr_equal(list.at[1].node, &marked); /* the rarer one is taken first */
  assert_ptr_equal(list.at[2].node, &red);
  const uint64_t rows[] = {5, 5, 20};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(list.at[i].depth, i > 0);
    assert_int_equal(list.at[i].rows, rows[i]);
    assert_true(list.at[i].exact);
    assert_non_null(list.at[i].how);
  }
  zd_snapshot_release(v);
}

static void budgets_are_kept(void **state) {
  fixture *f = *state;
  char id[16], name[ZD_NAME_MAX + 16];
  zd_little_symbol(f->s, "code");
  memcpy(name, "ref=", 4);
  for (int i = 0; i < 200; i++) {
    snprintf(id, sizeof id, "r%d", i);
    size_t n = 4 + zd_name_write(name + 4, zd_little_symbol(f->s, "Ape"), zd_slice_of(id));
    memcpy(name + n, ";", 2);
    write_one(f, ZD_OP_CREATE, "Ape", id, name);
  }
  zd_plan all = {.op = ZD_PLAN_ALL};
  const zd_plan *child = &all;
  zd_plan join = {.op = ZD_PLAN_REFERS,
                  .field = zd_little_symbol(f->s, "ref"),
                  .children = &child,
                  .child_count = 1};
  zd_snapshot *v;
  zd_fault fault = {0};
  uint64_t n = 0;
  assert_int_equal(zd_store_snapshot(f->s, &v), ZD_OK);
  zd_search_request q = {.plan = &join, .after = ZD_NO_ROW, .limit = 10, .memory_max = 1000};
  assert_int_equal(zd_snapshot_count(v, &q, &n, &fault), ZD_ERR_LIMIT);
  assert_non_null(strstr(fault.text, "memory"));
  q.memory_max = 0;
  q.deadline_ns = 1;
  assert_int_equal(zd_snapshot_count(v, &q, &n, &fault), ZD_ERR_LIMIT);
  assert_non_null(strstr(fault.text, "longer"));
  q.deadline_ns = 0;
  assert_int_equal(zd_snapshot_count(v, &q, &n, &fault), ZD_OK);
  assert_int_equal(n, 200);
  zd_snapshot_release(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PROMISE(every_way_has_the_same_answer),
      PROMISE(a_guard_sees_joins_with_what_came_meanwhile),
      PROMISE(a_guard_sees_old_rows_match_through_what_came_meanwhile),
      PROMISE(what_is_watched_may_not_be_touched),
      PROMISE(entries_of_a_row_are_those_it_was_written_with),
      PROMISE(a_search_explains_itself_parents_first),
      PROMISE(budgets_are_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
