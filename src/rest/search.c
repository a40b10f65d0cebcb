/* search.c: the search interaction (http.html#search): a page of matches and of what they include,
 * or a count. */
#include "rest/search.h"
#include "rest/definition.h"

#include "base/clock.h"
#include "base/hash.h"

enum { BRIEF_ROWS = 200 }; /* more are read and written on a worker, not on a loop */

/* ---- the page ---- */

static void reverse(zd_row *rows, size_t n) {
  for (size_t i = 0; i < n / 2; i++) {
    zd_row swap = rows[i];
    rows[i] = rows[n - 1 - i];
    rows[n - 1 - i] = swap;
  }
}

/* How many matches the page may hold: no more than _maxresults leaves. */
static size_t page_size(const zd_searching *x) {
  uint64_t most = x->q.max_results, size = x->q.count;
  if (!most) return (size_t)size;
  uint64_t left = x->at.back ? x->at.before : x->at.before < most ? most - x->at.before : 0;
  return (size_t)(size < left ? size : left);
}

zd_search_request zd_searching_request(const zd_searching *x) {
  return (zd_search_request){.plan = x->q.plan,
                             .sort = x->q.sort,
                             .sort_count = x->q.sort_count,
                             .order = x->at.back ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING,
                             .after = x->at.after,
                             .limit = page_size(x) + 1,
                             .deadline_ns = x->call->deadline_ns,
                             .memory_max = x->call->rest->query_memory};
}

/* One row more than asked for tells whether there is a further page. */
static zd_err find_page(zd_searching *x, zd_fault *fault) {
  size_t size = page_size(x);
  zd_search_request ask = zd_searching_request(x);
  x->rows = ZD_NEW_ARRAY(x->call->arena, zd_row, size + 1);
  if (!x->rows) return ZD_ERR_MEMORY;
  bool listed = x->q.contained && x->q.contained->listed;
  zd_err err = listed ? zd_contained_page(x, &ask, fault) : zd_ranked_search(x, &ask, fault);
  if (err != ZD_OK) return err;
  bool more = x->n > size, from_end = x->at.after == ZD_NO_ROW;
  if (more) x->n = size;
  x->before = x->at.back ? more : !from_end;
  x->behind = x->at.back ? !from_end : more;
  if (x->at.back) reverse(x->rows, x->n), zd_contained_reverse(x);
  x->start = x->at.back ? x->at.before - x->n : x->at.before;
  if (x->q.max_results && x->start + x->n >= x->q.max_results) x->behind = false;
  if (x->q.max_results && !x->start) x->before = false;
  if (x->call->on_loop && x->n > BRIEF_ROWS) return ZD_ERR_LIMIT;
  size_t found = x->n;
  err = zd_page_read(x->call, x->v, x->rows, &x->n, &x->records, fault);
  if (x->n < found) x->behind = true;
  return err;
}

/* What the matches include, read. All of it, or an error: nothing is left out silently. */
static zd_err find_included(zd_searching *x, zd_fault *fault) {
  enum { MOST = 10000, MOST_BYTES = 256 << 20 };
  const zd_row *rows;
  size_t n = 0, bytes = 0;
  zd_call *c = x->call;
  if (!x->q.include_count || !x->n) return ZD_OK;
  zd_page_matches matches;
  zd_err err = zd_contained_matches(x, &matches, fault);
  if (err == ZD_OK)
    err = zd_search_included(zd_call_search(c), x->v, &x->q, &matches, MOST, c->deadline_ns,
                             c->arena, &rows, &n, fault);
  if (err != ZD_OK || !n) return err;
  if (c->on_loop && n > BRIEF_ROWS) return ZD_ERR_LIMIT;
  x->included = ZD_NEW_ARRAY(c->arena, zd_record, n);
  if (!x->included) return ZD_ERR_MEMORY;
  for (; x->included_n < n; x->included_n++) {
    zd_record *record = &x->included[x->included_n];
    err = zd_snapshot_read(x->v, rows[x->included_n], false, c->arena, record, fault);
    if (err != ZD_OK) return err;
    bytes += record->body.n;
    if (bytes > MOST_BYTES)
      return zd_fail(fault, ZD_ERR_LIMIT,
                     "what would be included has more than %d MiB; ask for fewer matches with "
                     "_count",
                     MOST_BYTES >> 20);
  }
  return ZD_OK;
}

static zd_err count_all(zd_searching *x, zd_fault *fault) {
  const zd_query *q = &x->q;
  zd_call *c = x->call;
  zd_search_request ask = {.plan = q->plan,
                           .after = ZD_NO_ROW,
                           .deadline_ns = c->deadline_ns,
                           .memory_max = c->rest->query_memory};
  if (q->contained && q->contained->apart)
    return zd_search_contained_count(zd_call_search(c), x->v, q, ask.deadline_ns, ask.memory_max,
                                     &x->total, fault);
  return q->total == ZD_TOTAL_ESTIMATE && q->count
             ? zd_snapshot_estimate(x->v, q->plan, &x->total, fault)
             : zd_snapshot_count(x->v, &ask, &x->total, fault);
}

/* The total when it was asked for, or is known because everything fits on the first page. Matches
 * are counted, not what they include. */
static zd_err find_total(zd_searching *x, zd_fault *fault) {
  const zd_query *q = &x->q;
  x->total = UINT64_MAX;
  if (q->total == ZD_TOTAL_NONE) return ZD_OK;
  if (x->at.after == ZD_NO_ROW && !x->before && !x->behind && q->count) {
    x->total = x->n;
    return ZD_OK;
  }
  if (q->total == ZD_TOTAL_DEFAULT && q->count) return ZD_OK;
  zd_err err = count_all(x, fault);
  if (err == ZD_OK && q->max_results && x->total > q->max_results) x->total = q->max_results;
  return err;
}

/* ---- its text ---- */

/* What lenient handling left out, and what could not be ranked, is told in the answer itself
 * (search.html#errors). */
static void add_outcome(zd_searching *x, bool first, zd_buffer *out) {
  zd_call *c = x->call;
  zd_issues issues;
  zd_issues_init(&issues, c->arena);
  for (size_t i = 0; i < x->q.ignored_count; i++) {
    zd_slice where = zd_arena_printf(c->arena, "http.%.*s", ZD_SV(x->q.ignored[i]));
    zd_issue_add(&issues, ZD_WARNING, ZD_ISSUE_NOT_SUPPORTED, where,
                 "the parameter \"%.*s\" was left out of this search", ZD_SV(x->q.ignored[i]));
  }
  zd_ranked_tell(x, &issues);
  zd_buffer_add_slice(out, first ? ZD_S(",\"entry\":[{\"resource\":") : ZD_S(",{\"resource\":"));
  zd_issues_write_json(&issues, out);
  zd_buffer_add_slice(out, ZD_S(",\"search\":{\"mode\":\"outcome\"}}"));
}

static zd_err write_entries(zd_searching *x, zd_buffer *out) {
  zd_err err = ZD_OK;
  for (size_t i = 0; err == ZD_OK && i < x->n; i++) {
    uint32_t inner = x->hits ? x->hits[i].inner : 0;
    if (inner)
      err = zd_page_contained(x->call, x->in, &x->records[i], inner, "match", i == 0, out);
    else
      err = zd_page_entry(x->call, x->in, &x->records[i], "match", i == 0, out);
    if (err == ZD_OK) zd_ranked_score(x, i, out);
  }
  for (size_t i = 0; err == ZD_OK && i < x->included_n; i++)
    err = zd_page_entry(x->call, x->in, &x->included[i], "include", false, out);
  return err;
}

/* Links to the ends hold the state of this page, too. */
static void write_links(zd_searching *x, zd_buffer *out) {
  zd_call *c = x->call;
  zd_slice path = zd_page_path(c, x->in);
  zd_slice used = zd_page_query(c, x->q.used, x->in->shape_query);
  zd_cursor here = x->at;
  here.snapshot = zd_snapshot_row(x->v);
  here.part = 0;
  zd_page_link(c, "self", path, used, x->q.cursor.p ? &x->at : NULL, out);
  if (!x->n || (!x->before && !x->behind)) return;
  zd_cursor first = here, last = here, next = here, previous = here;
  first.after = last.after = ZD_NO_ROW;
  first.back = next.back = false;
  previous.back = last.back = true;
  first.before = last.before = 0;
  first.inner = last.inner = 0;
  next.after = x->rows[x->n - 1];
  next.inner = x->hits ? x->hits[x->n - 1].inner : 0;
  next.before = x->q.max_results ? x->start + x->n : 0;
  previous.after = x->rows[0];
  previous.inner = x->hits ? x->hits[0].inner : 0;
  previous.before = x->q.max_results ? x->start : 0;
  zd_page_link(c, "first", path, used, &first, out);
  if (x->before) zd_page_link(c, "previous", path, used, &previous, out);
  if (x->behind) zd_page_link(c, "next", path, used, &next, out);
  if (!x->q.max_results) zd_page_link(c, "last", path, used, &last, out);
}

static zd_err write_page(zd_searching *x, zd_buffer *out, zd_fault *fault) {
  zd_err err = ZD_OK;
  if (x->q.count) err = find_page(x, fault);
  if (err == ZD_OK) err = find_total(x, fault);
  if (err == ZD_OK) err = find_included(x, fault);
  if (err != ZD_OK) return err;
  zd_page_room(x->call, x->records, x->n, out);
  zd_page_open(x->call, "searchset", x->total, out);
  write_links(x, out);
  zd_page_entries(out);
  err = write_entries(x, out);
  if (x->q.ignored_count || x->unranked) add_outcome(x, x->n == 0, out);
  zd_page_close(out);
  return err;
}

/* ---- the cursor ---- */

/* Parameters that may differ between pages of one search. */
static bool is_presentation(zd_slice name) {
  static const char *const names[] = {"_cursor",  "_count",     "_total",    "_summary",
                                      "_format",  "_pretty",    "_elements", "_explain",
                                      "_include", "_revinclude"};
  zd_slice base = {name.p, zd_slice_find(name, ':')};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (zd_slice_eq(base, zd_slice_of(names[i]))) return true;
  return false;
}

/* A short sum of what is asked, and of what: a cursor of another search is refused by it instead of
 * answering neither question. */
static uint32_t question_sum(zd_call *c, const zd_interaction *in) {
  zd_slice rest = in->query, name, value;
  uint64_t sum = zd_hash64_seed(in->id.p ? in->id.p : "", in->id.n, in->type);
  if (in->id.p) sum += in->compartment;
  while (zd_next_parameter(&rest, c->arena, &name, &value)) {
    if (!name.p || is_presentation(name)) continue;
    sum = zd_hash64_seed(name.p, name.n, sum);
    sum = zd_hash64_seed(value.p ? value.p : "", value.n, sum);
  }
  return (uint32_t)(sum ^ (sum >> 32));
}

/* The cursor has to be known before the query is parsed, because the plan may need the snapshot. */
static zd_slice peek_cursor(zd_slice query, zd_arena *arena) {
  zd_slice name, value, found = {NULL, 0};
  while (zd_next_parameter(&query, arena, &name, &value))
    if (name.p && zd_slice_eq(name, ZD_S("_cursor"))) found = value;
  return found;
}

static zd_err open_snapshot(zd_searching *x) {
  zd_call *c = x->call;
  zd_slice cursor = peek_cursor(x->in->query, c->arena);
  uint32_t sum = question_sum(c, x->in);
  x->at = (zd_cursor){
      .after = ZD_NO_ROW, .search = true, .check = sum, .now_ms = zd_clock_now(zd_clock_system())};
  if (!cursor.p) return zd_call_snapshot(c, ZD_NO_ROW, &x->v);
  if (!zd_cursor_parse(cursor, &x->at) || x->at.part || !x->at.search || x->at.check != sum)
    return ZD_ERR_INVALID;
  if (x->at.after != ZD_NO_ROW && x->at.after >= x->at.snapshot) return ZD_ERR_INVALID;
  return zd_call_snapshot(c, x->at.snapshot, &x->v);
}

/* ---- the question ---- */

/* A compartment is that of a resource: what is not there has none. */
static bool check_compartment(zd_searching *x, zd_answer *a) {
  const zd_interaction *in = x->in;
  zd_call *c = x->call;
  zd_row row;
  zd_record record;
  if (!in->id.p) return true;
  zd_slice type = zd_schema_type_info(c->rest->schema, in->compartment).name;
  uint32_t symbol = zd_search_type_symbol(c->rest->search, in->compartment);
  zd_err err = zd_snapshot_find(x->v, symbol, in->id, &row);
  if (err == ZD_OK) err = zd_snapshot_read(x->v, row, true, c->arena, &record, NULL);
  if (err == ZD_OK && record.op == ZD_OP_DELETE) err = ZD_ERR_GONE;
  if (err == ZD_OK) return true;
  if (err == ZD_ERR_NOT_FOUND || err == ZD_ERR_GONE)
    zd_answer_fail(c, a, zd_status_of(err),
                   err == ZD_ERR_GONE ? ZD_ISSUE_DELETED : ZD_ISSUE_NOT_FOUND, ZD_S("http.path"),
                   "%.*s/%.*s %s, so there is no compartment of it", ZD_SV(type), ZD_SV(in->id),
                   err == ZD_ERR_GONE ? "was deleted" : "is not here");
  else
    zd_answer_unanswered(c, a, err, NULL);
  return false;
}

static bool parse(zd_searching *x, zd_answer *a) {
  zd_call *c = x->call;
  zd_query_options options = {.lenient = x->in->lenient,
                              .default_count = c->rest->page_default,
                              .snapshot = x->v,
                              .now_ms = x->at.now_ms,
                              .compartment = x->in->compartment,
                              .compartment_id = x->in->id};
  zd_err err = zd_search_parse(zd_call_search(c), x->in->type, x->in->query, &options, c->arena,
                               &x->q, &c->issues);
  if (err == ZD_OK && x->in->summary == ZD_SUMMARY_TEXT && x->q.include_count) {
    zd_answer_fail(c, a, 400, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http._summary"),
                   "_summary=text and including resources do not go together");
    return false;
  }
  if (err == ZD_OK) return true;
  if (c->issues.errors)
    zd_answer_outcome(c, a, zd_status_of(err));
  else
    zd_answer_unanswered(c, a, err, NULL);
  return false;
}

static void search_on(zd_searching *x, zd_answer *a) {
  zd_fault fault = {0};
  if (!check_compartment(x, a) || !parse(x, a)) return;
  if (x->in->summary_count) x->q.count = 0, x->q.total = ZD_TOTAL_ACCURATE;
  zd_err err =
      x->q.explain ? zd_search_explained(x, &a->body, &fault) : write_page(x, &a->body, &fault);
  if (err != ZD_OK) zd_answer_unanswered(x->call, a, err, &fault);
}

void zd_run_search(zd_call *c, const zd_interaction *in, zd_answer *a) {
  zd_searching x = {.call = c, .in = in};
  zd_err err = open_snapshot(&x);
  if (err != ZD_OK) {
    zd_answer_unanswered(c, a, err, NULL);
  } else {
    search_on(&x, a);
    zd_snapshot_release(x.v);
  }
}
