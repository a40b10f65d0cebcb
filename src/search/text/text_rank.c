/* text_rank.c: matches of text queries by how well they fit: BM25, counted in the resources. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "search/text/text.h"

/* One clause of the query: its leaves, and how rare each is. */
typedef struct asked {
  const zd_text_clause *clause;
  zd_text_counts counts;
  double *weights; /* inverse document frequency, by leaf */
} asked;

/* Where a match's counts lie: for every clause its length, then the hits of its leaves. */
typedef struct ranking {
  const zd_search *search;
  zd_snapshot *snapshot;
  const zd_query *query;
  uint64_t deadline_ns;
  size_t memory_max;
  zd_arena *arena;
  asked *clauses;
  size_t columns;
  zd_row *rows;
  uint32_t *counts; /* rows times columns */
  size_t n;
  zd_fault *fault;
} ranking;

/* ---- how rare words are ---- */

static zd_err count_rows(ranking *r, const zd_plan *plan, uint64_t *out) {
  zd_search_request ask = {
      .plan = plan, .after = ZD_NO_ROW, .deadline_ns = r->deadline_ns, .memory_max = r->memory_max};
  return zd_snapshot_count(r->snapshot, &ask, out, r->fault);
}

/* `plan`, restricted to the query's type; NULL: all of the type. */
static zd_err count_of_type(ranking *r, const zd_plan *plan, uint64_t *out) {
  const zd_plan *both[2] = {plan, NULL}, *type = NULL;
  zd_err err = ZD_OK;
  if (r->query->type != ZD_NO_TYPE)
    err = zd_plan_type(r->search, r->query->type, r->arena, &type);
  else if (!plan)
    err = zd_plan_group(ZD_PLAN_AND, NULL, 0, r->arena, &type);
  both[1] = type;
  if (!err && plan && type) err = zd_plan_group(ZD_PLAN_AND, both, 2, r->arena, &type);
  return err ? err : count_rows(r, type ? type : plan, out);
}

static zd_err weigh(ranking *r, asked *a, uint64_t all) {
  a->weights = ZD_NEW_ARRAY(r->arena, double, a->counts.count + 1);
  zd_err err = a->weights ? ZD_OK : ZD_ERR_MEMORY;
  for (size_t i = 0; i < a->counts.count && !err; i++) {
    const zd_plan *plan;
    uint64_t with = 0;
    err = zd_text_leaf_plan(a->clause, a->counts.leaves[i], r->arena, &plan);
    if (!err) err = count_of_type(r, plan, &with);
    double without = all > with ? (double)(all - with) : 0;
    a->weights[i] = log1p((without + 0.5) / ((double)with + 0.5));
  }
  return err;
}

static zd_err prepare(ranking *r) {
  uint64_t all;
  r->clauses = ZD_NEW_ARRAY(r->arena, asked, r->query->text_count);
  zd_err err = r->clauses ? count_of_type(r, NULL, &all) : ZD_ERR_MEMORY;
  for (size_t i = 0; i < r->query->text_count && !err; i++) {
    asked *a = &r->clauses[i];
    a->clause = r->query->texts[i];
    err = zd_text_leaves(a->clause->query, true, r->arena, &a->counts);
    if (!err) err = weigh(r, a, all);
    r->columns += 1 + a->counts.count;
  }
  return err;
}

/* ---- how often they stand in the matches ---- */

static zd_err count_row(ranking *r, zd_row row, uint32_t *out, zd_arena *scratch) {
  zd_record record;
  zd_tree tree;
  zd_err err = zd_snapshot_read(r->snapshot, row, false, scratch, &record, r->fault);
  if (!err) err = zd_stored_tree(r->search, record.type, record.body, scratch, &tree);
  for (size_t i = 0; i < r->query->text_count && !err; i++) {
    asked *a = &r->clauses[i];
    err = zd_text_count(a->clause, &tree, 0, scratch, &a->counts);
    *out++ = a->counts.length;
    memcpy(out, a->counts.hits, a->counts.count * sizeof *out);
    out += a->counts.count;
  }
  return err;
}

static zd_err count_all(ranking *r) {
  zd_arena scratch;
  zd_arena_init(&scratch, 0);
  zd_err err = ZD_OK;
  for (size_t i = 0; i < r->n && !err; i++) {
    if (r->deadline_ns && i % 64 == 0 && zd_clock_monotonic_ns() > r->deadline_ns)
      err = zd_fail(r->fault, ZD_ERR_LIMIT, "ranking takes longer than the server allows");
    zd_arena_reset(&scratch);
    if (!err) err = count_row(r, r->rows[i], r->counts + i * r->columns, &scratch);
  }
  zd_arena_free(&scratch);
  return err;
}

/* ---- scores ---- */

static double mean_length(const ranking *r, size_t column) {
  double sum = 0;
  for (size_t i = 0; i < r->n; i++) sum += r->counts[i * r->columns + column];
  return sum > 0 ? sum / (double)r->n : 1;
}

static void add_scores(const ranking *r, const asked *a, size_t column, zd_ranked *ranked) {
  const double k1 = 1.2, b = 0.75;
  double mean = mean_length(r, column);
  for (size_t i = 0; i < r->n; i++) {
    const uint32_t *counts = r->counts + i * r->columns + column;
    double norm = k1 * (1 - b + b * counts[0] / mean);
    for (size_t k = 0; k < a->counts.count; k++) {
      double hits = counts[k + 1];
      ranked[i].score += a->weights[k] * hits * (k1 + 1) / (hits + norm);
    }
  }
}

static int by_score(const void *a, const void *b) {
  const zd_ranked *x = a, *y = b;
  if (x->score != y->score) return x->score < y->score ? 1 : -1;
  return (x->row > y->row) - (x->row < y->row);
}

static zd_err score_all(const ranking *r, const zd_ranked **out) {
  zd_ranked *ranked = ZD_NEW_ARRAY(r->arena, zd_ranked, r->n + 1);
  if (!ranked) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < r->n; i++) ranked[i].row = r->rows[i];
  for (size_t i = 0, column = 0; i < r->query->text_count; i++) {
    add_scores(r, &r->clauses[i], column, ranked);
    column += 1 + r->clauses[i].counts.count;
  }
  double best = 0;
  for (size_t i = 0; i < r->n; i++)
    if (ranked[i].score > best) best = ranked[i].score;
  for (size_t i = 0; i < r->n; i++) ranked[i].score = best > 0 ? ranked[i].score / best : 1;
  qsort(ranked, r->n, sizeof *ranked, by_score);
  *out = ranked;
  return ZD_OK;
}

static zd_err find_rows(ranking *r, size_t most) {
  zd_search_request ask = {.plan = r->query->plan,
                           .after = ZD_NO_ROW,
                           .limit = most + 1,
                           .deadline_ns = r->deadline_ns,
                           .memory_max = r->memory_max};
  r->rows = ZD_NEW_ARRAY(r->arena, zd_row, most + 1);
  if (!r->rows) return ZD_ERR_MEMORY;
  zd_err err = zd_snapshot_search(r->snapshot, &ask, r->rows, &r->n, r->fault);
  return err || r->n <= most ? err : ZD_ERR_FULL;
}

zd_err zd_search_rank(const zd_search *s, zd_snapshot *v, const zd_query *q, size_t most,
                      uint64_t deadline_ns, size_t memory_max, zd_arena *arena,
                      const zd_ranked **out, size_t *n, zd_fault *fault) {
  ranking r = {.search = s,
               .snapshot = v,
               .query = q,
               .deadline_ns = deadline_ns,
               .memory_max = memory_max,
               .arena = arena,
               .fault = fault};
  *n = 0;
  zd_err err = find_rows(&r, most < ZD_RANKED_MAX ? most : ZD_RANKED_MAX);
  if (!err) err = prepare(&r);
  if (err) return err;
  r.counts = ZD_NEW_ARRAY(arena, uint32_t, r.n * r.columns + 1);
  err = r.counts ? count_all(&r) : ZD_ERR_MEMORY;
  if (!err) err = score_all(&r, out);
  *n = r.n;
  return err;
}
