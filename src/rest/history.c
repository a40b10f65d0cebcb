/* history.c: history of an instance, a type, the whole system (http.html#history), newest first.
 *
 * Rows are in commit order, so a history is a descending walk over rows, and a time bound is a row
 * bound. `_at` asks for the versions current at some time of a period: those made within it (part
 * 0), then those current when it began (part 1); all rows of part 1 are older than those of part 0.
 */
#include "rest/page.h"
#include "rest/period.h"

typedef struct history {
  uint32_t count;
  bool count_given;
  int64_t since, at_from, at_to; /* ms; INT64_MIN: not given */
  zd_slice used;
  zd_cursor cursor;
  bool has_cursor;
  zd_row first, last; /* rows [first, last) of part 0 */
  zd_row since_row;   /* rows before it are not wanted, in either part */
  bool current_too;   /* part 1 is wanted */
} history;

static const int64_t none = INT64_MIN;

static int fail_value(zd_call *c, zd_answer *a, const char *where, const char *rule, zd_slice v) {
  return zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, zd_slice_of(where), "%s, not \"%.*s\"", rule,
                        ZD_SV(v));
}

static bool once(zd_call *c, bool given, const char *where, zd_slice v, zd_answer *a) {
  return !given || (fail_value(c, a, where, "this parameter may be given once", v), false);
}

static bool take_count(zd_call *c, zd_slice v, history *h, zd_answer *a) {
  if (!once(c, h->count_given, "http._count", v, a)) return false;
  uint64_t n = 0;
  bool fine = v.n > 0 && v.n <= 9;
  for (size_t i = 0; fine && i < v.n; i++) {
    fine = v.p[i] >= '0' && v.p[i] <= '9';
    n = n * 10 + (uint64_t)(v.p[i] - '0');
  }
  if (!fine) return fail_value(c, a, "http._count", "_count is a whole number", v), false;
  h->count = n > 1000 ? 1000 : (uint32_t)n;
  h->count_given = true;
  return true;
}

static bool take_time(zd_call *c, zd_slice name, zd_slice v, history *h, zd_answer *a) {
  int64_t from, to;
  bool since = zd_slice_eq(name, ZD_S("_since"));
  if (!once(c, (since ? h->since : h->at_from) != none, since ? "http._since" : "http._at", v, a))
    return false;
  if (!zd_period_parse(v, &from, &to))
    return fail_value(c, a, since ? "http._since" : "http._at",
                      "a date, dateTime or instant is wanted", v),
           false;
  if (since)
    h->since = from;
  else
    h->at_from = from, h->at_to = to;
  return true;
}

/* False when refused. */
static bool take_parameters(zd_call *c, const zd_interaction *in, history *h, zd_answer *a) {
  zd_slice rest = in->query, name, v;
  zd_buffer used;
  zd_buffer_init(&used, 0);
  bool fine = true;
  while (fine && rest.n) {
    while (rest.n && rest.p[0] == '&') rest = zd_slice_from(rest, 1);
    const char *start = rest.p;
    if (!zd_next_parameter(&rest, c->arena, &name, &v)) break;
    bool keep = true;
    if (zd_slice_eq(name, ZD_S("_count"))) {
      fine = take_count(c, v, h, a);
    } else if (zd_slice_eq(name, ZD_S("_since")) || zd_slice_eq(name, ZD_S("_at"))) {
      fine = take_time(c, name, v, h, a);
    } else if (zd_slice_eq(name, ZD_S("_cursor"))) {
      keep = false;
      h->has_cursor = fine = zd_cursor_parse(v, &h->cursor);
      if (!fine)
        fail_value(c, a, "http._cursor", "a page link given out by this server is wanted", v);
    } else if (!(keep = !in->lenient)) {
      continue;
    } else {
      fine = false;
      zd_answer_fail(
          c, a, 400, ZD_ISSUE_NOT_SUPPORTED, zd_arena_printf(c->arena, "http.%.*s", ZD_SV(name)),
          "\"%.*s\" is not a parameter of history; known: _count, _since, _at", ZD_SV(name));
    }
    if (!keep) continue;
    if (used.n) zd_buffer_add_char(&used, '&');
    zd_buffer_add(&used, start, (size_t)(rest.p - start));
  }
  h->used = zd_arena_copy(c->arena, zd_buffer_slice(&used));
  zd_buffer_free(&used);
  return fine;
}

/* Times to rows. */
static zd_err find_bounds(zd_snapshot *v, history *h) {
  h->first = 0;
  h->last = zd_snapshot_row(v);
  zd_err err = ZD_OK;
  if (h->since != none) err = zd_snapshot_row_at(v, h->since, &h->first);
  h->since_row = h->first;
  if (err == ZD_OK && h->at_from != none) {
    zd_row from, to;
    err = zd_snapshot_row_at(v, h->at_from, &from);
    if (err == ZD_OK) err = zd_snapshot_row_at(v, h->at_to, &to);
    if (err != ZD_OK) return err;
    h->current_too = from > h->first;
    if (from > h->first) h->first = from;
    if (to < h->last) h->last = to;
    if (h->last < h->first) h->last = h->first;
  }
  return err;
}

/* Which rows the interaction is about, as a plan in the arena. */
static zd_plan *subject(zd_call *c, const zd_interaction *in) {
  zd_plan *p = ZD_NEW(c->arena, zd_plan);
  zd_slice *id = ZD_NEW(c->arena, zd_slice);
  if (!p || !id) return NULL;
  p->op = ZD_PLAN_ALL;
  if (in->type == ZD_NO_TYPE) return p;
  p->type = zd_search_type_symbol(c->rest->search, in->type);
  p->op = in->id.p ? ZD_PLAN_IDS : ZD_PLAN_TYPE;
  *id = in->id;
  p->ids = id;
  p->id_count = in->id.p ? 1 : 0;
  return p;
}

static zd_plan *bounded(zd_call *c, zd_plan *what, zd_row first, zd_row last) {
  zd_plan *rows = ZD_NEW(c->arena, zd_plan), *both = ZD_NEW(c->arena, zd_plan);
  const zd_plan **children = ZD_NEW_ARRAY(c->arena, const zd_plan *, 2);
  if (!rows || !both || !children) return NULL;
  rows->op = ZD_PLAN_ROWS;
  rows->first = first;
  rows->last = last;
  children[0] = what;
  children[1] = rows;
  both->op = ZD_PLAN_AND;
  both->children = children;
  both->child_count = 2;
  return both;
}

typedef struct history_page {
  zd_row *rows;
  zd_record *records;
  size_t n;
  bool more;
  zd_cursor next;
} history_page;

/* Part 0 on the snapshot; part 1 on the state the period began with. */
static zd_err find_part(zd_call *c, zd_snapshot *v, const history *h, zd_plan *what, unsigned part,
                        zd_row after, history_page *page) {
  zd_snapshot *earlier = NULL;
  zd_fault fault;
  zd_err err = ZD_OK;
  if (part == 1) err = zd_store_snapshot_at(c->rest->store, h->first, &earlier);
  if (err != ZD_OK) return err;
  zd_search_request ask = {
      .plan = bounded(c, what, part ? h->since_row : h->first, part ? h->first : h->last),
      .all_versions = part == 0,
      .order = ZD_SCAN_DESCENDING,
      .after = after,
      .limit = (size_t)h->count + 1 - page->n,
      .deadline_ns = c->deadline_ns};
  size_t n = 0;
  err = ask.plan ? zd_snapshot_search(part ? earlier : v, &ask, page->rows + page->n, &n, &fault)
                 : ZD_ERR_MEMORY;
  page->n += n;
  if (n) page->next.part = part;
  if (earlier) zd_snapshot_release(earlier);
  return err;
}

static zd_err find_versions(zd_call *c, zd_snapshot *v, const zd_interaction *in, const history *h,
                            history_page *page) {
  zd_plan *what = subject(c, in);
  page->rows = ZD_NEW_ARRAY(c->arena, zd_row, (size_t)h->count + 1);
  if (!what || !page->rows) return ZD_ERR_MEMORY;
  unsigned part = h->has_cursor ? h->cursor.part : 0;
  zd_row after = h->has_cursor ? h->cursor.after : ZD_NO_ROW;
  size_t first_part = 0;
  zd_err err = ZD_OK;
  if (part == 0) {
    err = find_part(c, v, h, what, 0, after, page);
    after = ZD_NO_ROW;
    first_part = page->n;
  }
  if (err == ZD_OK && h->current_too && page->n <= h->count)
    err = find_part(c, v, h, what, 1, after, page);
  if (err != ZD_OK) return err;
  page->more = page->n > h->count;
  if (page->more) page->n = h->count;
  size_t found = page->n;
  err = zd_page_read(c, v, page->rows, &page->n, &page->records, NULL);
  page->more = page->more || page->n < found;
  if (err != ZD_OK || !page->more) return err;
  page->next.part = page->n > first_part || part == 1;
  page->next.after = page->n ? page->rows[page->n - 1] : ZD_NO_ROW;
  page->next.snapshot = zd_snapshot_row(v);
  return err;
}

/* How many versions there are, of both parts. */
static zd_err count_part(zd_call *c, zd_snapshot *v, const zd_interaction *in, zd_row first,
                         zd_row last, bool all_versions, uint64_t *n) {
  zd_fault fault;
  zd_plan *what = subject(c, in);
  if (what) what = bounded(c, what, first, last);
  if (!what) return ZD_ERR_MEMORY;
  zd_search_request ask = {.plan = what,
                           .all_versions = all_versions,
                           .after = ZD_NO_ROW,
                           .deadline_ns = c->deadline_ns};
  return zd_snapshot_count(v, &ask, n, &fault);
}

static zd_err find_total(zd_call *c, zd_snapshot *v, const zd_interaction *in, const history *h,
                         uint64_t *total) {
  uint64_t current = 0;
  zd_snapshot *earlier;
  zd_err err = count_part(c, v, in, h->first, h->last, true, total);
  if (err != ZD_OK || !h->current_too) return err;
  err = zd_store_snapshot_at(c->rest->store, h->first, &earlier);
  if (err != ZD_OK) return err;
  err = count_part(c, earlier, in, h->since_row, h->first, false, &current);
  zd_snapshot_release(earlier);
  *total += current;
  return err;
}

static zd_err write_history(zd_call *c, const zd_interaction *in, const history *h,
                            const history_page *page, uint64_t total, zd_buffer *out) {
  zd_slice path = zd_page_path(c, in);
  zd_slice used = zd_page_query(c, h->used, in->shape_query);
  zd_page_room(c, page->records, page->n, out);
  zd_page_open(c, "history", total, out);
  zd_page_link(c, "self", path, used, h->has_cursor ? &h->cursor : NULL, out);
  if (page->more && page->n) zd_page_link(c, "next", path, used, &page->next, out);
  zd_page_entries(out);
  zd_err err = ZD_OK;
  for (size_t i = 0; err == ZD_OK && i < page->n; i++)
    err = zd_page_version(c, in, &page->records[i], i == 0, out);
  zd_page_close(out);
  return err;
}

/* An instance history of a resource that never was is 404. */
static bool exists(zd_call *c, zd_snapshot *v, const zd_interaction *in, zd_answer *a) {
  zd_row row;
  if (!in->id.p) return true;
  uint32_t type = zd_search_type_symbol(c->rest->search, in->type);
  if (zd_snapshot_find(v, type, in->id, &row) == ZD_OK) return true;
  zd_answer_fail(c, a, 404, ZD_ISSUE_NOT_FOUND, (zd_slice){NULL, 0}, "there is no %.*s/%.*s",
                 ZD_SV(zd_schema_type_info(c->rest->schema, in->type).name), ZD_SV(in->id));
  return false;
}

void zd_run_history(zd_call *c, const zd_interaction *in, zd_answer *a) {
  history h = {.count = c->rest->page_default, .since = none, .at_from = none};
  history_page page = {0};
  uint64_t total = 0;
  zd_snapshot *v = NULL;
  if (!take_parameters(c, in, &h, a)) return;
  zd_err err = h.has_cursor ? zd_store_snapshot_at(c->rest->store, h.cursor.snapshot, &v)
                            : zd_store_snapshot(c->rest->store, &v);
  if (err == ZD_OK && exists(c, v, in, a)) {
    err = find_bounds(v, &h);
    if (in->summary_count) h.count = 0;
    if (err == ZD_OK && h.count) err = find_versions(c, v, in, &h, &page);
    if (err == ZD_OK) err = find_total(c, v, in, &h, &total);
    if (err == ZD_OK) err = write_history(c, in, &h, &page, total, &a->body);
  }
  if (err != ZD_OK) zd_answer_unanswered(c, a, err, NULL);
  if (v) zd_snapshot_release(v);
}
