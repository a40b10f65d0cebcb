#include "rest/observed.h"

#include "base/clock.h"
#include "rest/definition.h"
#include "search/moment.h"

/* ---- finding ---- */

zd_row zd_observed_row(const zd_observed_rows *r, size_t i) {
  zd_row row;
  memcpy(&row, r->rows.p + i * sizeof row, sizeof row);
  return row;
}

void zd_observed_free(zd_observed_rows *r) {
  zd_buffer_free(&r->rows);
  *r = (zd_observed_rows){0};
}

/* What shapes pages of a search has no meaning here. */
static bool result_parameters_fit(zd_call *c, const zd_query *q, zd_answer *a) {
  const struct {
    const char *name;
    bool given;
  } rows[] = {{"_sort", q->sort_count > 0},     {"_include", q->include_count > 0},
              {"_count", q->count_given},       {"_total", q->total != ZD_TOTAL_DEFAULT},
              {"_cursor", q->cursor.p != NULL}, {"_maxresults", q->max_results > 0},
              {"_explain", q->explain},         {"_contained", q->contained != NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].given)
      return zd_argument_refuse(c, a, zd_slice_of(rows[i].name), ZD_ISSUE_NOT_SUPPORTED,
                                "%s has no meaning for this operation", rows[i].name);
  return true;
}

static bool parse(zd_call *c, zd_slice query, zd_snapshot *v, zd_query *q, zd_answer *a) {
  zd_query_options options = {.default_count = 1, .snapshot = v};
  zd_type type = zd_schema_type(c->rest->schema, ZD_S("Observation"));
  zd_err err = zd_search_parse(zd_call_search(c), type, query, &options, c->arena, q, &c->issues);
  if (err == ZD_OK) return result_parameters_fit(c, q, a);
  if (c->issues.errors)
    zd_answer_outcome(c, a, zd_status_of(err));
  else
    zd_answer_unanswered(c, a, err, NULL);
  return false;
}

static zd_err find(zd_call *c, zd_snapshot *v, const zd_plan *plan, zd_observed_rows *out,
                   zd_fault *fault) {
  enum { AT_ONCE = 8192 };
  size_t n = AT_ONCE;
  zd_row after = ZD_NO_ROW;
  while (n == AT_ONCE) {
    zd_search_request ask = {.plan = plan,
                             .after = after,
                             .limit = AT_ONCE,
                             .deadline_ns = c->deadline_ns,
                             .memory_max = c->rest->query_memory};
    if (!zd_buffer_reserve(&out->rows, AT_ONCE * sizeof after)) return ZD_ERR_MEMORY;
    zd_row *to = (zd_row *)(void *)(out->rows.p + out->rows.n);
    zd_err err = zd_snapshot_search(v, &ask, to, &n, fault);
    if (err != ZD_OK) return err;
    out->rows.n += n * sizeof after;
    if (n) after = to[n - 1];
  }
  return ZD_OK;
}

bool zd_observed_find(zd_call *c, zd_snapshot *v, zd_slice query, zd_observed_rows *out,
                      zd_answer *a) {
  zd_fault fault = {0};
  zd_query q;
  zd_buffer_init(&out->rows, 0);
  if (!parse(c, query, v, &q, a)) return false;
  zd_err err = find(c, v, q.plan, out, &fault);
  if (err != ZD_OK) zd_answer_unanswered(c, a, err, &fault);
  return err == ZD_OK;
}

/* ---- reading ---- */

void zd_observed_init(zd_observed *o) {
  *o = (zd_observed){0};
  zd_arena_init(&o->arena, 0);
  zd_buffer_init(&o->text, 0);
}

void zd_observed_done(zd_observed *o) {
  zd_arena_free(&o->arena);
  zd_buffer_free(&o->text);
}

zd_err zd_observed_read(zd_call *c, zd_snapshot *v, zd_row row, zd_observed *o, zd_fault *fault) {
  zd_issues issues;
  if (c->deadline_ns && zd_clock_monotonic_ns() > c->deadline_ns) return ZD_ERR_LIMIT;
  zd_arena_reset(&o->arena);
  zd_buffer_clear(&o->text);
  zd_issues_init(&issues, &o->arena);
  zd_err err = zd_snapshot_read(v, row, false, &o->arena, &o->record, fault);
  if (err != ZD_OK) return err;
  zd_fhir_stamp(o->record.body, o->record.stamp_at, o->record.version, o->record.time_ms, &o->text);
  err = zd_buffer_error(&o->text);
  if (err == ZD_OK)
    err = zd_fhir_read_json(c->rest->schema, zd_buffer_slice(&o->text), ZD_NO_TYPE, NULL, &o->arena,
                            &o->tree, &issues);
  return err == ZD_ERR_INVALID ? ZD_ERR_CORRUPT : err; /* it was checked when it came in */
}

zd_slice zd_observed_text(zd_observed *o, uint32_t node, const char *name) {
  return zd_node_child_text(&o->tree, node, zd_slice_of(name), &o->arena);
}

static int64_t first_moment(zd_slice text) {
  zd_moment moment;
  return text.p && zd_moment_read(text, 0, &moment) ? moment.low : ZD_OBSERVED_NEVER;
}

static int64_t last_event(zd_observed *o, uint32_t timing) {
  int64_t last = ZD_OBSERVED_NEVER;
  for (uint32_t k = zd_tree_first(&o->tree, timing); k; k = zd_tree_next(&o->tree, timing, k)) {
    zd_slice name = zd_schema_element_info(o->tree.schema, o->tree.nodes[k].element).name;
    if (!zd_slice_eq(name, ZD_S("event"))) continue;
    int64_t at = first_moment(zd_node_text(&o->tree.nodes[k], &o->arena));
    if (at > last) last = at;
  }
  return last;
}

int64_t zd_observed_time(zd_observed *o) {
  uint32_t node = zd_tree_child_path(&o->tree, 0, ZD_S("effective"));
  if (!node) return ZD_OBSERVED_NEVER;
  zd_slice type = zd_schema_type_info(o->tree.schema, o->tree.nodes[node].type).name;
  if (zd_slice_eq(type, ZD_S("Timing"))) return last_event(o, node);
  if (!zd_slice_eq(type, ZD_S("Period")))
    return first_moment(zd_node_text(&o->tree.nodes[node], &o->arena));
  int64_t start = first_moment(zd_observed_text(o, node, "start"));
  return start != ZD_OBSERVED_NEVER ? start : first_moment(zd_observed_text(o, node, "end"));
}

zd_err zd_observed_codings(zd_observed *o, uint32_t node, void *state,
                           zd_err (*each)(void *state, zd_slice system, zd_slice code)) {
  zd_err err = ZD_OK;
  for (uint32_t k = node ? zd_tree_first(&o->tree, node) : 0; k && err == ZD_OK;
       k = zd_tree_next(&o->tree, node, k)) {
    zd_slice name = zd_schema_element_info(o->tree.schema, o->tree.nodes[k].element).name;
    if (!zd_slice_eq(name, ZD_S("coding"))) continue;
    zd_slice code = zd_observed_text(o, k, "code");
    if (code.p) err = each(state, zd_observed_text(o, k, "system"), code);
  }
  return err;
}
