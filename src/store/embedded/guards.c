/* guards.c: whether what a transaction was decided by still holds when it is committed.
 *
 * Of a plan without joins a row comes to match only when it comes: rows since as_of are looked at.
 * Through a join an older row may come to match, too: but only because of a row since then that the
 * join follows to, directly or through other joins. So each join's child is asked of the rows since
 * as_of, which are few, and not of the store. */
#include "base/clock.h"
#include "store/embedded/engine.h"

enum { JOINS_MAX = 64, NODES_MAX = 20000 };
/* Carrying out a join holds up every commit: what takes longer is decided anew. */
static const uint64_t JOIN_NS = UINT64_C(50000000);

typedef struct asked {
  zd_txn *txn;
  zd_snapshot *snapshot;
  uint64_t deadline_ns;
  zd_fault *fault;
} asked;

static zd_err conflict(zd_fault *fault) {
  return zd_fail(fault, ZD_ERR_CONFLICT, "a guard: another commit was first");
}

/* A conflict when there is such a row; not to know it in time is one as well. */
static zd_err refuse_any(const asked *a, zd_index_any q) {
  bool any = false;
  q.snapshot = a->snapshot;
  q.deadline_ns = a->deadline_ns;
  zd_err err = zd_index_any_of(a->txn->store->index, &q, &any, a->fault);
  if (err == ZD_ERR_LIMIT || (!err && any)) return conflict(a->fault);
  return err;
}

static zd_err refuse_new(const asked *a, const zd_plan *plan) {
  return refuse_any(a, (zd_index_any){.plan = plan, .first = a->txn->as_of, .last = ZD_NO_ROW});
}

static zd_err refuse_touched(const asked *a, const zd_plan *plan) {
  return refuse_any(
      a, (zd_index_any){
             .plan = plan, .first = a->txn->as_of, .last = ZD_NO_ROW, .all_versions = true});
}

/* The joins of a plan. `wide`: there are too many, or a NOT stands above one, so that a row that
 * ceases to match lets another match. */
typedef struct joins {
  const zd_plan *at[JOINS_MAX];
  size_t n, nodes;
  bool wide;
} joins;

static void add_join(joins *j, const zd_plan *plan, bool excluded) {
  for (size_t i = 0; i < j->n; i++)
    if (j->at[i] == plan) return;
  j->wide |= excluded || j->n == JOINS_MAX;
  if (!j->wide) j->at[j->n++] = plan;
}

static void find_joins(joins *j, const zd_plan *plan, bool excluded) {
  j->wide |= ++j->nodes > NODES_MAX;
  if (j->wide) return;
  if (plan->op == ZD_PLAN_REFERS || plan->op == ZD_PLAN_REFERRED) add_join(j, plan, excluded);
  for (size_t i = 0; i < plan->child_count; i++)
    find_joins(j, plan->children[i], excluded || plan->op == ZD_PLAN_NOT);
}

static zd_err none_new(asked *a, const zd_plan *plan) {
  static const zd_plan anything = {.op = ZD_PLAN_ALL};
  joins j = {.n = 0};
  find_joins(&j, plan, false);
  if (j.wide) return refuse_touched(a, &anything);
  if (j.n) a->deadline_ns = zd_clock_monotonic_ns() + JOIN_NS;
  zd_err err = refuse_new(a, plan);
  for (size_t i = 0; i < j.n && !err; i++) err = refuse_new(a, j.at[i]->children[0]);
  a->deadline_ns = 0;
  return err;
}

static zd_err row_stays(asked *a, const zd_guard *g) {
  bool any = false;
  zd_index_any q = {.plan = g->plan,
                    .first = g->row,
                    .last = g->row + 1,
                    .deadline_ns = zd_clock_monotonic_ns() + JOIN_NS,
                    .snapshot = a->snapshot};
  zd_err err = zd_index_any_of(a->txn->store->index, &q, &any, a->fault);
  if (err == ZD_ERR_LIMIT || (!err && !any)) return conflict(a->fault);
  return err;
}

zd_err zd_guards_check(zd_txn *t, const zd_txn *group, zd_snapshot **pending, zd_fault *fault) {
  if (!t->guard_count || t->as_of >= zd_index_next_row(t->store->index)) return ZD_OK;
  zd_err err = *pending ? ZD_OK : zd_snapshot_pending(t->store, group, pending);
  asked a = {.txn = t, .snapshot = *pending, .fault = fault};
  for (size_t i = 0; i < t->guard_count && !err; i++) {
    const zd_guard *g = &t->guards[i];
    if (g->kind == ZD_GUARD_NONE_NEW) err = none_new(&a, g->plan);
    if (g->kind == ZD_GUARD_ROW_STAYS) err = row_stays(&a, g);
    if (g->kind == ZD_GUARD_UNTOUCHED) err = refuse_touched(&a, g->plan);
  }
  if (err == ZD_ERR_CONFLICT) t->result.conflict = SIZE_MAX;
  return err;
}
