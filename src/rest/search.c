/* search.c: the search interaction (http.html#search): a page of matches, or a count. */
#include "base/clock.h"
#include "rest/page.h"

typedef struct page_rows {
  zd_row *rows; /* in page order */
  zd_record *records;
  size_t n;
  bool before, behind; /* there are matches before and behind the page */
} page_rows;

/* One row more than asked for tells whether there is a further page. */
static zd_err find_page(zd_call *c, zd_snapshot *v, const zd_query *q, const zd_cursor *at,
                        page_rows *page, zd_fault *fault) {
  size_t room = (size_t)q->count + 1;
  zd_search_request ask = {.plan = q->plan,
                           .order = at->back ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING,
                           .after = at->after,
                           .limit = room,
                           .deadline_ns = c->deadline_ns};
  page->rows = ZD_NEW_ARRAY(c->arena, zd_row, room);
  if (!page->rows) return ZD_ERR_MEMORY;
  zd_err err = zd_snapshot_search(v, &ask, page->rows, &page->n, fault);
  if (err != ZD_OK) return err;
  bool more = page->n == room;
  if (more) page->n--;
  page->before = at->back ? more : at->after != ZD_NO_ROW;
  page->behind = at->back ? true : more;
  for (size_t i = 0; at->back && i < page->n / 2; i++) {
    zd_row swap = page->rows[i];
    page->rows[i] = page->rows[page->n - 1 - i];
    page->rows[page->n - 1 - i] = swap;
  }
  size_t found = page->n;
  err = zd_page_read(c, v, page->rows, &page->n, &page->records, fault);
  if (page->n < found) page->behind = true;
  return err;
}

/* The total when it was asked for, or is known because everything fits on the first page. */
static zd_err find_total(zd_call *c, zd_snapshot *v, const zd_query *q, const zd_cursor *at,
                         const page_rows *page, uint64_t *total, zd_fault *fault) {
  *total = UINT64_MAX;
  if (q->total == ZD_TOTAL_NONE) return ZD_OK;
  if (at->after == ZD_NO_ROW && !page->behind && q->count) {
    *total = page->n;
    return ZD_OK;
  }
  if (q->total == ZD_TOTAL_DEFAULT && q->count) return ZD_OK;
  zd_search_request ask = {.plan = q->plan, .after = ZD_NO_ROW, .deadline_ns = c->deadline_ns};
  return zd_snapshot_count(v, &ask, total, fault);
}

/* What lenient handling left out is told in the answer itself (search.html#errors). */
static void add_outcome(zd_call *c, const zd_query *q, bool first, zd_buffer *out) {
  zd_issues issues;
  zd_issues_init(&issues, c->arena);
  for (size_t i = 0; i < q->ignored_count; i++) {
    zd_slice where = zd_arena_printf(c->arena, "http.%.*s", ZD_SV(q->ignored[i]));
    zd_issue_add(&issues, ZD_WARNING, ZD_ISSUE_NOT_SUPPORTED, where,
                 "the parameter \"%.*s\" was left out of this search", ZD_SV(q->ignored[i]));
  }
  zd_buffer_add_slice(out, first ? ZD_S(",\"entry\":[{\"resource\":") : ZD_S(",{\"resource\":"));
  zd_issues_write_json(&issues, out);
  zd_buffer_add_slice(out, ZD_S(",\"search\":{\"mode\":\"outcome\"}}"));
}

static zd_err write_matches(zd_call *c, const zd_interaction *in, const page_rows *page,
                            zd_buffer *out) {
  zd_err err = ZD_OK;
  for (size_t i = 0; err == ZD_OK && i < page->n; i++)
    err = zd_page_match(c, in, &page->records[i], i == 0, out);
  return err;
}

static void write_links(zd_call *c, zd_snapshot *v, const zd_interaction *in, const zd_query *q,
                        const zd_cursor *at, const page_rows *page, zd_buffer *out) {
  zd_slice path = zd_page_path(c, in);
  zd_slice used = zd_page_query(c, q->used, in->shape_query);
  zd_cursor next = {.snapshot = zd_snapshot_row(v)}, previous = next;
  zd_page_link(c, "self", path, used, q->cursor.p ? at : NULL, out);
  if (!page->n) return;
  next.after = page->rows[page->n - 1];
  previous.after = page->rows[0];
  previous.back = true;
  if (page->behind) zd_page_link(c, "next", path, used, &next, out);
  if (page->before) zd_page_link(c, "previous", path, used, &previous, out);
}

static zd_err write_page(zd_call *c, zd_snapshot *v, const zd_interaction *in, const zd_query *q,
                         const zd_cursor *at, zd_buffer *out, zd_fault *fault) {
  page_rows page = {0};
  uint64_t total;
  zd_err err = ZD_OK;
  if (q->count) err = find_page(c, v, q, at, &page, fault);
  if (err == ZD_OK) err = find_total(c, v, q, at, &page, &total, fault);
  if (err != ZD_OK) return err;
  zd_page_room(c, page.records, page.n, out);
  zd_page_open(c, "searchset", total, out);
  write_links(c, v, in, q, at, &page, out);
  zd_page_entries(out);
  err = write_matches(c, in, &page, out);
  if (q->ignored_count) add_outcome(c, q, page.n == 0, out);
  zd_page_close(out);
  return err;
}

static zd_err open_snapshot(zd_call *c, zd_slice cursor, zd_cursor *at, zd_snapshot **v) {
  *at = (zd_cursor){.after = ZD_NO_ROW};
  if (!cursor.p) return zd_store_snapshot(c->rest->store, v);
  if (!zd_cursor_parse(cursor, at) || at->part) return ZD_ERR_INVALID;
  return zd_store_snapshot_at(c->rest->store, at->snapshot, v);
}

/* The cursor has to be known before the query is parsed, because the plan may need the snapshot. */
static zd_slice peek_cursor(zd_slice query, zd_arena *arena) {
  zd_slice name, value, found = {NULL, 0};
  while (zd_next_parameter(&query, arena, &name, &value))
    if (name.p && zd_slice_eq(name, ZD_S("_cursor"))) found = value;
  return found;
}

static void search_on(zd_call *c, zd_snapshot *v, const zd_interaction *in, const zd_cursor *at,
                      zd_answer *a) {
  zd_query q;
  zd_fault fault = {0};
  zd_query_options options = {
      .lenient = in->lenient, .default_count = c->rest->page_default, .snapshot = v};
  zd_err err =
      zd_search_parse(c->rest->search, in->type, in->query, &options, c->arena, &q, &c->issues);
  if (err != ZD_OK) {
    zd_answer_outcome(c, a, zd_status_of(err));
    return;
  }
  if (in->summary_count) q.count = 0, q.total = ZD_TOTAL_ACCURATE;
  err = write_page(c, v, in, &q, at, &a->body, &fault);
  if (err != ZD_OK) zd_answer_unanswered(c, a, err, &fault);
}

void zd_run_search(zd_call *c, const zd_interaction *in, zd_answer *a) {
  zd_cursor at;
  zd_snapshot *v;
  zd_err err = open_snapshot(c, peek_cursor(in->query, c->arena), &at, &v);
  if (err != ZD_OK) {
    zd_answer_unanswered(c, a, err, NULL);
  } else {
    search_on(c, v, in, &at, a);
    zd_snapshot_release(v);
  }
}
