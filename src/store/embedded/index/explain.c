/* How a search is carried out, node by node. Each node is carried out alone: what that costs is
 * told with it, and when it costs too much, what it was estimated to find. */
#include "base/clock.h"
#include "store/embedded/index/evaluate.h"
#include "store/embedded/index/index_internal.h"

enum { NODE_NS = 200000000, CHECKED_MAX = 2000 };

typedef struct explaining {
  zd_scope scope;
  zd_budget budget; /* of estimates */
  uint64_t deadline_ns;
  void (*each)(void *context, const zd_plan_note *note);
  void *context;
  zd_fault *fault;
} explaining;

static const char *const manners[] = {
    [ZD_PLAN_ALL] = "every row",
    [ZD_PLAN_NONE] = "no row",
    [ZD_PLAN_TYPE] = "one list",
    [ZD_PLAN_TERM] = "one list",
    [ZD_PLAN_PREFIX] = "lists of a stretch of the dictionary",
    [ZD_PLAN_SPAN] = "lists of a stretch of the dictionary",
    [ZD_PLAN_RANGE] = "columns sorted by low end",
    [ZD_PLAN_ROWS] = "row numbers",
    [ZD_PLAN_IDS] = "ids looked up",
    [ZD_PLAN_AND] = "intersection, fewest first",
    [ZD_PLAN_OR] = "union",
    [ZD_PLAN_NOT] = "subtraction",
    [ZD_PLAN_CHECK] = "row by row",
    [ZD_PLAN_CONTAINS] = "scan of a stretch of the dictionary",
    [ZD_PLAN_REFERS] = "no names",
    [ZD_PLAN_REFERRED] = "no names",
};

/* Is there a CHECK that would be asked of many rows? */
static bool asks_many(explaining *x, const zd_plan *p) {
  if (p->op == ZD_PLAN_CHECK) {
    uint64_t rows = 0;
    zd_err err = zd_evaluate_estimate(&x->scope, p->children[0], &rows, NULL);
    if (err || rows > CHECKED_MAX) return true;
  }
  for (size_t i = 0; i < p->child_count; i++) {
    if (asks_many(x, p->children[i])) return true;
  }
  return false;
}

static zd_err count(explaining *x, zd_plan_note *note) {
  zd_scope alone = x->scope;
  uint64_t begun = zd_clock_monotonic_ns();
  zd_err err = zd_evaluate_estimate(&x->scope, note->node, &note->rows, x->fault);
  bool late = x->deadline_ns && begun >= x->deadline_ns;
  if (err || late || asks_many(x, note->node)) return err;
  uint64_t about = note->rows;
  alone.budget = NULL;
  alone.how = &note->how;
  alone.deadline_ns = begun + NODE_NS;
  if (x->deadline_ns && x->deadline_ns < alone.deadline_ns) alone.deadline_ns = x->deadline_ns;
  begun = zd_clock_monotonic_ns();
  err = zd_evaluate_count(&alone, note->node, &note->rows, x->fault);
  note->nanoseconds = zd_clock_monotonic_ns() - begun;
  note->exact = err == ZD_OK;
  if (err == ZD_ERR_LIMIT) note->rows = about;
  return err == ZD_ERR_LIMIT ? ZD_OK : err;
}

static zd_err explain(explaining *x, const zd_plan *p, unsigned depth);

/* The child of the least estimate that was not told of yet; NOTs come last. */
static zd_err next_child(explaining *x, const zd_plan *p, const bool *told, size_t *which) {
  uint64_t least = 0;
  *which = p->child_count;
  for (size_t i = 0; i < p->child_count; i++) {
    uint64_t n = 0;
    if (told[i]) continue;
    zd_err err = zd_evaluate_estimate(&x->scope, p->children[i], &n, x->fault);
    if (err) return err;
    if (p->children[i]->op == ZD_PLAN_NOT) n = UINT64_MAX;
    if (*which < p->child_count && n >= least) continue;
    least = n;
    *which = i;
  }
  return ZD_OK;
}

enum { ORDERED_MAX = 256 };

static zd_err explain_children(explaining *x, const zd_plan *p, unsigned depth) {
  bool told[ORDERED_MAX] = {false};
  bool ordered = p->op == ZD_PLAN_AND && p->child_count <= ORDERED_MAX;
  zd_err err = ZD_OK;
  for (size_t i = 0; !err && i < p->child_count; i++) {
    size_t which = i;
    if (ordered) {
      err = next_child(x, p, told, &which);
      if (err) return err;
      told[which] = true;
    }
    err = explain(x, p->children[which], depth + 1);
  }
  return err;
}

static zd_err explain(explaining *x, const zd_plan *p, unsigned depth) {
  zd_plan_note note = {.node = p, .depth = depth, .how = "unknown"};
  if (p->op < sizeof manners / sizeof *manners) note.how = manners[p->op];
  zd_err err = count(x, &note);
  if (err) return err;
  x->each(x->context, &note);
  bool within = p->op == ZD_PLAN_REFERS || p->op == ZD_PLAN_REFERRED;
  zd_scope outer = x->scope;
  if (within) { /* a join looks at all current rows */
    x->scope.first = 0;
    x->scope.end = x->scope.bound;
    x->scope.all_versions = false;
  }
  err = explain_children(x, p, depth);
  x->scope = outer;
  return err;
}

zd_err zd_index_explain(zd_index_view *v, const zd_search_request *q, struct zd_snapshot *snapshot,
                        void (*each)(void *context, const zd_plan_note *note), void *context,
                        zd_fault *fault) {
  explaining x = {.deadline_ns = q->deadline_ns, .each = each, .context = context, .fault = fault};
  zd_budget_start(&x.budget, 0, q->memory_max);
  x.scope = (zd_scope){.parts = v->parts,
                       .bound = v->bound,
                       .end = v->bound,
                       .all_versions = q->all_versions,
                       .memory_max = q->memory_max,
                       .snapshot = snapshot,
                       .budget = &x.budget,
                       .way = v->way};
  return explain(&x, q->plan, 0);
}
