/* Joins as nodes of a plan: carried out once, or asked row by row while few rows ask. */
#include "base/clock.h"
#include "store/embedded/index/evaluate_internal.h"
#include "store/embedded/index/joins/join.h"

/* Asking one row: its entries are derived anew, what they name is looked up. */
enum { ASK_NS = 40000, ASK_UNITS = 4000, PAGE_ASKS = 50 };
enum { DEAR_NS = 1000000 };

/* The scope of what a join looks at: current rows of the whole index. */
static zd_scope within(const zd_evaluation *e, size_t depth) {
  zd_scope s = *e->scope;
  s.first = 0;
  s.end = s.bound;
  s.all_versions = s.descending = false;
  s.depth = depth;
  return s;
}

static zd_err join_rows(const zd_scope *scope, const zd_plan *plan, zd_row_set *found,
                        zd_fault *fault) {
  zd_arena arena;
  zd_row_set from;
  zd_arena_init(&arena, 0);
  zd_err err = zd_evaluate_set(scope, plan->children[0], &arena, &from, fault);
  if (!err && from.n) {
    err = plan->op == ZD_PLAN_REFERS
              ? zd_join_referring(scope, plan->field, &from, found, fault)
              : zd_join_referred(scope, plan->field, plan->type, &from, found, fault);
  }
  if (!err) zd_row_set_drop(&from);
  zd_arena_free(&arena);
  return err;
}

static zd_err carry_out(zd_evaluation *e, zd_join *j) {
  zd_row_set *found = ZD_NEW(&e->arena, zd_row_set);
  if (!found) return zd_evaluation_no_memory(e);
  zd_scope scope = within(e, j->depth + 1);
  zd_err err = zd_row_set_start(found, scope.bound, &e->arena, e->budget, e->fault);
  if (!err) err = join_rows(&scope, j->plan, found, e->fault);
  if (err) return err;
  zd_row_set_finish(found);
  if (e->scope->all_versions && found->n) { /* else superseded rows are taken out at the end */
    zd_row_set *current = ZD_NEW(&e->arena, zd_row_set);
    if (!current) return zd_evaluation_no_memory(e);
    err = zd_evaluate_current(&scope, found, &e->arena, current, e->fault);
    zd_row_set_drop(found);
    found = current;
  }
  if (!err) j->found = j->own = found;
  return err;
}

/* What a join finds depends on the snapshot, and on nothing else. */
static void key_of(const zd_evaluation *e, const zd_join *j, zd_memo_key *key) {
  const zd_scope *s = e->scope;
  key->n = 0;
  key->broken = s->memo == NULL;
  zd_memo_key_number(key, s->bound);
  zd_memo_key_number(key, s->generation * 2 + s->all_versions);
  zd_memo_key_plan(key, j->plan);
}

zd_err zd_join_carry_out(zd_evaluation *e, zd_join *j) {
  zd_memo_key key;
  key_of(e, j, &key);
  zd_err err = zd_evaluation_recall(e, &key, &j->found);
  if (err || j->found) return err;
  uint64_t begun = zd_clock_monotonic_ns();
  err = carry_out(e, j);
  bool dear = zd_clock_monotonic_ns() - begun >= DEAR_NS || e->scope->way != ZD_JOIN_BY_COST;
  if (!err && dear) zd_memo_keep(e->scope->memo, &key, j->found);
  return err;
}

/* ---- asking a row ---- */

/* Does any current row match both? */
static zd_err any_of(zd_evaluation *e, zd_join *j, const zd_plan *narrow, bool *hit) {
  const zd_plan *both[2] = {narrow, j->plan->children[0]};
  zd_plan plan = {.op = ZD_PLAN_AND, .children = both, .child_count = 2};
  zd_scope scope = within(e, j->depth);
  zd_row row;
  size_t n = 0;
  zd_err err = zd_evaluate_rows(&scope, &plan, 1, &row, &n, e->fault);
  *hit = n > 0;
  return err;
}

static zd_err ask_refers(zd_evaluation *e, zd_join *j, zd_row row, zd_arena *arena, bool *hit) {
  const zd_entry *entries;
  size_t n = 0;
  zd_err err = zd_snapshot_entries(e->scope->snapshot, row, arena, &entries, &n, e->fault);
  for (size_t i = 0; !err && !*hit && i < n; i++) {
    zd_plan ids = {.op = ZD_PLAN_IDS, .id_count = 1};
    zd_slice id;
    if (entries[i].kind != ZD_ENTRY_TERM || entries[i].field != j->plan->field ||
        !zd_name_read(entries[i].term, &ids.type, &id))
      continue;
    ids.ids = &id;
    err = any_of(e, j, &ids, hit);
  }
  return err;
}

static zd_err ask_referred(zd_evaluation *e, zd_join *j, zd_row row, bool *hit) {
  zd_record r;
  zd_err err = zd_snapshot_read(e->scope->snapshot, row, true, NULL, &r, e->fault);
  if (err || r.type != j->plan->type) return err;
  char room[ZD_NAME_MAX];
  zd_plan term = {.op = ZD_PLAN_TERM, .field = j->plan->field};
  term.term = zd_slice_make(room, zd_name_write(room, r.type, zd_slice_make(r.id, r.id_n)));
  return any_of(e, j, &term, hit);
}

static zd_err ask(zd_evaluation *e, zd_join *j, zd_row row, bool *hit) {
  if (j->plan->op == ZD_PLAN_REFERRED) return ask_referred(e, j, row, hit);
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_err err = ask_refers(e, j, row, &arena, hit);
  zd_arena_free(&arena);
  return err;
}

zd_err zd_join_ask(zd_evaluation *e, zd_join *j, zd_row row, bool *hit) {
  *hit = false;
  zd_err err = ZD_OK;
  if (!j->found && (!j->put_off || j->spent_ns > j->allowed_ns)) err = zd_join_carry_out(e, j);
  if (!err && j->found) *hit = zd_row_set_has(j->found, row);
  if (err || j->found) return err;
  uint64_t begun = zd_clock_monotonic_ns();
  err = zd_budget_work(e->budget, ASK_UNITS, e->fault);
  if (!err) err = ask(e, j, row, hit);
  j->spent_ns += zd_clock_monotonic_ns() - begun;
  return err;
}

/* ---- deciding ---- */

/* What may be spent on asking rows before the join is carried out after all: when all the rows
 * there are to ask cost less, that; for a page, whose rows may be found at once, a part of what
 * the join costs. But rows that nothing else narrows are not asked: most may have no reference. */
static uint64_t allowance(uint64_t candidates, uint64_t possible, uint64_t cost, bool page) {
  uint64_t asking = candidates > UINT64_MAX / ASK_NS ? UINT64_MAX : candidates * ASK_NS;
  if (asking <= cost) return cost;
  bool worth = page && candidates <= possible && cost / 4 >= PAGE_ASKS * ASK_NS;
  return worth ? cost / 4 : 0;
}

static zd_err decide(zd_evaluation *e, zd_join *j, uint64_t candidates, bool page) {
  zd_scope scope = within(e, j->depth + 1);
  uint64_t rows = 0;
  if (e->scope->way == ZD_JOIN_BY_ROWS) {
    j->allowed_ns = UINT64_MAX;
    return ZD_OK;
  }
  zd_err err = zd_evaluate_estimate(&scope, j->plan->children[0], &rows, e->fault);
  if (err) return err;
  uint64_t possible = zd_join_possible(&scope, j->plan);
  j->allowed_ns = allowance(candidates, possible, zd_join_cost(&scope, j->plan, rows), page);
  j->put_off = j->allowed_ns > 0;
  return ZD_OK;
}

zd_err zd_joins_decide(zd_evaluation *e, const zd_plan *plan, bool page) {
  bool never = !e->scope->snapshot || e->scope->way == ZD_JOIN_BY_KEYS || e->scope->all_versions;
  uint64_t candidates = 0;
  zd_err err = ZD_OK;
  if (!never) err = zd_evaluate_estimate_others(e->scope, plan, &candidates, e->fault);
  for (zd_join *j = e->joins; !err && j; j = j->next) {
    if (!j->put_off) continue;
    zd_memo_key key;
    key_of(e, j, &key);
    err = zd_evaluation_recall(e, &key, &j->found);
    if (never || j->found)
      j->put_off = false;
    else if (!err)
      err = decide(e, j, candidates, page);
  }
  return err;
}
