/* everything.c: $everything of a patient or an encounter (R4 patient-operation-everything.html,
 * encounter-operation-everything.html).
 *
 * What it gives, all of one snapshot:
 *   1. the compartment, in the order of last change; with start and end those whose care date lies
 *      in that range, and those that have none (care_date.h): search.mode match
 *   2. what these refer to, of any type; then what that refers to, as long as neither is of a type
 *      that can be in a patient's compartment, so that nobody else's record is followed:
 *      search.mode include
 * _type and _since leave out of that what they don't name. With _count a page has so many of 1,
 * with the 2 of its own. Bodies are not parsed (followed.h).
 */
#include "rest/everything.h"

#include <stdlib.h>

enum {
  PAGE_LOOKS = 20000, /* rows one page looks at, when most of them are left out */
  ROWS_AT_ONCE = 16384
};

static size_t row_count(const zd_everything *e) {
  return e->rows.n / sizeof(zd_row);
}

static zd_row row_at(const zd_everything *e, size_t i) {
  zd_row row;
  memcpy(&row, e->rows.p + i * sizeof row, sizeof row);
  return row;
}

/* ---- which rows ---- */

static zd_err search_rows(zd_everything *e, zd_row after, zd_row *rows, size_t limit, size_t *n,
                          zd_fault *fault) {
  zd_search_request ask = {.plan = e->plan,
                           .after = after,
                           .limit = limit,
                           .deadline_ns = e->call->deadline_ns,
                           .memory_max = e->call->rest->query_memory};
  return zd_snapshot_search(e->v, &ask, rows, n, fault);
}

static bool is_shown(const zd_everything *e, zd_type type, zd_row row) {
  return row >= e->since && (!e->types || (type != ZD_NO_TYPE && e->types[type]));
}

/* All of the compartment. */
static zd_err find_rows(zd_everything *e, zd_fault *fault) {
  size_t n = ROWS_AT_ONCE;
  zd_row after = ZD_NO_ROW;
  while (n == ROWS_AT_ONCE) {
    if (!zd_buffer_reserve(&e->rows, ROWS_AT_ONCE * sizeof after)) return ZD_ERR_MEMORY;
    zd_row *to = (zd_row *)(void *)(e->rows.p + e->rows.n);
    zd_err err = search_rows(e, after, to, ROWS_AT_ONCE, &n, fault);
    if (err != ZD_OK) return err;
    e->rows.n += n * sizeof after;
    if (n) after = row_at(e, row_count(e) - 1);
  }
  return ZD_OK;
}

/* Those of a page: so many that `count` of them are shown. Takes rows[i]; *shown grows. */
static zd_err take_row(zd_everything *e, zd_row row, size_t *shown, zd_fault *fault) {
  zd_record record;
  zd_err err = zd_snapshot_read(e->v, row, true, &e->scratch, &record, fault);
  if (err != ZD_OK) return err;
  zd_buffer_add(&e->rows, &row, sizeof row);
  e->last = row;
  if (is_shown(e, zd_search_symbol_type(e->call->rest->search, record.type), row)) (*shown)++;
  return zd_buffer_error(&e->rows);
}

static zd_err find_page(zd_everything *e, zd_fault *fault) {
  size_t step = e->count + 1, shown = 0, n = step;
  zd_row *rows = ZD_NEW_ARRAY(e->call->arena, zd_row, step), after = e->at.after;
  if (!rows) return ZD_ERR_MEMORY;
  while (n == step) {
    zd_err err = search_rows(e, after, rows, step, &n, fault);
    for (size_t i = 0; i < n && err == ZD_OK; i++) {
      e->behind = shown == e->count || row_count(e) == PAGE_LOOKS;
      if (e->behind) return ZD_OK;
      err = take_row(e, rows[i], &shown, fault);
    }
    if (err != ZD_OK) return err;
    if (n) after = rows[n - 1];
  }
  return ZD_OK;
}

/* ---- what those refer to ---- */

static bool has_row(const zd_everything *e, zd_row row) {
  size_t low = 0, high = row_count(e);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (row_at(e, middle) < row)
      low = middle + 1;
    else
      high = middle;
  }
  return low < row_count(e) && row_at(e, low) == row;
}

/* Whether the row is in the compartment; a page holds only a part of that. */
static zd_err is_inside(zd_everything *e, zd_type type, zd_row row, bool *inside) {
  const zd_schema *schema = e->call->rest->schema;
  *inside = has_row(e, row);
  if (*inside || !e->count) return ZD_OK;
  if (type != e->in->type && !zd_schema_compartment(schema, e->in->type, type, NULL, 0))
    return ZD_OK;
  zd_plan here = {.op = ZD_PLAN_ROWS, .first = row, .last = row + 1};
  const zd_plan *both[] = {&here, e->plan};
  zd_plan plan = {.op = ZD_PLAN_AND, .children = both, .child_count = 2};
  zd_search_request ask = {.plan = &plan, .after = ZD_NO_ROW, .limit = 1};
  zd_row found;
  size_t n = 0;
  zd_err err = zd_snapshot_search(e->v, &ask, &found, &n, NULL);
  *inside = n > 0;
  return err;
}

/* A type that is nobody's in particular: Practitioner, Organization, Medication. */
static bool is_support(const zd_everything *e, zd_type type) {
  return type != e->patient &&
         !zd_schema_compartment(e->call->rest->schema, e->patient, type, NULL, 0);
}

static zd_err is_wanted(void *state, zd_type type, zd_row row, bool *yes) {
  zd_everything *e = state;
  bool inside, support = is_support(e, type);
  *yes = false;
  /* From what is referred to only such types are followed further. A resource of another type that
   * is first met there, and later in the compartment, would be missed: hence all of the compartment
   * comes first. */
  if (e->followed_further && !support) return ZD_OK;
  zd_err err = is_inside(e, type, row, &inside);
  *yes = !inside;
  return err;
}

/* ---- the Bundle ---- */

static void begin(zd_everything *e, zd_buffer *out) {
  zd_call *c = e->call;
  zd_slice path = zd_page_path(c, e->in), used = zd_page_query(c, e->used, e->in->shape_query);
  e->begun = true;
  zd_page_open(c, "searchset", UINT64_MAX, out);
  zd_page_link(c, "self", path, used, e->cursor.p ? &e->at : NULL, out);
  if (e->behind) {
    zd_cursor next = e->at;
    next.after = e->last;
    zd_page_link(c, "next", path, used, &next, out);
  }
  zd_page_entries(out);
}

/* One resource: written when it is shown; what it refers to is noted. */
static zd_err add(zd_everything *e, zd_row row, const char *mode, zd_buffer *out, zd_fault *fault) {
  zd_record record;
  zd_arena_reset(&e->scratch);
  zd_err err = zd_snapshot_read(e->v, row, false, &e->scratch, &record, fault);
  if (err != ZD_OK) return err;
  zd_type type = zd_search_symbol_type(e->call->rest->search, record.type);
  e->followed_further = *mode == 'i';
  if (!e->followed_further && type != ZD_NO_TYPE)
    err = zd_followed_given(&e->followed, type, (zd_slice){record.id, record.id_n});
  if (err == ZD_OK && (!e->followed_further || (type != ZD_NO_TYPE && is_support(e, type))))
    err = zd_follow(&e->followed, record.body);
  if (err != ZD_OK || !is_shown(e, type, row)) return err;
  err = zd_page_entry(&e->inner, e->in, &record, mode, !e->any, out);
  e->any = true;
  return err;
}

static zd_err take_up(zd_everything *e) {
  if (e->v) return ZD_OK;
  zd_err err = zd_store_snapshot_at(e->call->rest->store, e->snapshot, &e->v);
  e->followed.v = e->v;
  return err;
}

/* The next resource, or the next look for one; *end: there is nothing left. */
static zd_err step(zd_everything *e, zd_buffer *out, bool *end, zd_fault *fault) {
  bool looked = false;
  if (e->row < row_count(e)) return add(e, row_at(e, e->row++), "match", out, fault);
  zd_err err = zd_followed_next(&e->followed, &looked, fault);
  if (err != ZD_OK || looked) return err;
  *end = e->other == zd_followed_count(&e->followed);
  return *end ? ZD_OK : add(e, zd_followed_row(&e->followed, e->other++), "include", out, fault);
}

/* About what the part will need, so that it is not copied again and again while it grows. */
static void make_room(const zd_everything *e, zd_buffer *out, size_t until) {
  enum { EACH = 1024, OVER = 16384 };
  size_t rows = row_count(e) - e->row, most = out->n < until ? until - out->n : 0;
  zd_buffer_reserve(out, (rows < most / EACH ? rows * EACH : most) + OVER);
}

static zd_err more(void *state, zd_buffer *out, size_t until, bool *whole, zd_fault *fault) {
  zd_everything *e = state;
  bool end = false;
  zd_err err = take_up(e);
  make_room(e, out, until);
  if (err == ZD_OK && !e->begun) begin(e, out);
  *whole = false;
  while (err == ZD_OK && !end && out->n < until) err = step(e, out, &end, fault);
  if (err == ZD_OK) err = zd_buffer_error(out);
  if (err != ZD_OK || !end) return err;
  if (e->any) zd_buffer_add_char(out, ']');
  zd_buffer_add_char(out, '}');
  *whole = true;
  return zd_buffer_error(out);
}

/* ---- its life ---- */

static void rest(void *state) {
  zd_everything *e = state;
  if (e->v) zd_snapshot_release(e->v);
  e->v = e->followed.v = NULL;
}

static void close_it(void *state) {
  zd_everything *e = state;
  rest(e);
  zd_followed_free(&e->followed);
  zd_buffer_free(&e->rows);
  zd_arena_free(&e->scratch);
}

static void *open_it(zd_call *c, const zd_interaction *in, zd_answer *a) {
  zd_fault fault = {0};
  zd_everything *e = ZD_NEW(c->arena, zd_everything);
  if (!e) {
    zd_answer_fail(c, a, 500, ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0}, "out of memory");
    return NULL;
  }
  e->call = c;
  e->in = in;
  e->patient = zd_schema_type(c->rest->schema, ZD_S("Patient"));
  zd_arena_init(&e->scratch, 0);
  e->inner = *c;
  e->inner.arena = &e->scratch;
  zd_buffer_init(&e->rows, 0);
  zd_followed_init(&e->followed, c->rest, &e->scratch);
  e->followed.wanted = is_wanted;
  e->followed.state = e;
  bool fine = zd_everything_ask(e, a);
  e->followed.v = e->v;
  zd_err err = !fine ? ZD_OK : e->count ? find_page(e, &fault) : find_rows(e, &fault);
  if (err != ZD_OK) zd_answer_unanswered(c, a, err, &fault);
  if (fine && err == ZD_OK) return e;
  close_it(e);
  return NULL;
}

const zd_parts zd_everything_parts = {
    .open = open_it, .more = more, .rest = rest, .close = close_it};
