/* everything_ask.c: what $everything is asked for, and the state it is answered from. */
#include "base/clock.h"
#include "base/hash.h"
#include "rest/care_date.h"
#include "rest/definition.h"
#include "rest/everything.h"
#include "rest/period.h"

enum { PAGE_MOST = 1000 };

/* ---- what is asked ---- */

static bool take_date(zd_everything *e, const zd_argument *x, zd_slice *out, zd_answer *a) {
  int64_t from, to;
  *out = x->text;
  return zd_period_parse(x->text, &from, &to) ||
         zd_argument_refuse(e->call, a, x->name, ZD_ISSUE_VALUE, "%.*s is a date, not \"%.*s\"",
                            ZD_SV(x->name), ZD_SV(x->text));
}

static bool take_since(zd_everything *e, const zd_argument *x, zd_answer *a) {
  int64_t from, to;
  if (!zd_period_parse(x->text, &from, &to))
    return zd_argument_refuse(e->call, a, x->name, ZD_ISSUE_VALUE,
                              "_since is an instant, not \"%.*s\"", ZD_SV(x->text));
  zd_err err = zd_snapshot_row_at(e->v, from, &e->since);
  if (err != ZD_OK) zd_answer_unanswered(e->call, a, err, NULL);
  return err == ZD_OK;
}

static bool take_types(zd_everything *e, const zd_argument *x, zd_answer *a) {
  const zd_schema *schema = e->call->rest->schema;
  zd_slice rest = x->text;
  if (!e->types) e->types = ZD_NEW_ARRAY(e->call->arena, bool, zd_schema_type_count(schema));
  if (!e->types)
    return zd_argument_refuse(e->call, a, x->name, ZD_ISSUE_EXCEPTION, "out of memory");
  do {
    zd_slice name = {rest.p, zd_slice_find(rest, ',')};
    zd_type type = zd_schema_type(schema, name);
    if (type == ZD_NO_TYPE || !zd_schema_is_resource(schema, type))
      return zd_argument_refuse(e->call, a, x->name, ZD_ISSUE_VALUE,
                                "\"%.*s\" is not a resource type of FHIR R4", ZD_SV(name));
    e->types[type] = true;
    rest = zd_slice_from(rest, name.n + 1);
  } while (rest.n);
  return true;
}

static bool take_count(zd_everything *e, const zd_argument *x, zd_answer *a) {
  uint64_t n = 0;
  bool fine = x->text.n > 0 && x->text.n < 10;
  for (size_t i = 0; i < x->text.n && fine; i++) {
    fine = x->text.p[i] >= '0' && x->text.p[i] <= '9';
    n = n * 10 + (uint64_t)(x->text.p[i] - '0');
  }
  if (!fine || !n)
    return zd_argument_refuse(e->call, a, x->name, ZD_ISSUE_VALUE,
                              "_count is a number from 1, not \"%.*s\"", ZD_SV(x->text));
  e->count = n < PAGE_MOST ? (uint32_t)n : PAGE_MOST;
  return true;
}

typedef enum asked { START, END, SINCE, TYPE, COUNT, CURSOR, ASKED } asked;

static bool take(zd_everything *e, asked what, const zd_argument *x, zd_answer *a) {
  switch (what) {
    case START:
      return take_date(e, x, &e->start, a);
    case END:
      return take_date(e, x, &e->end, a);
    case SINCE:
      return take_since(e, x, a);
    case TYPE:
      return take_types(e, x, a);
    case COUNT:
      return take_count(e, x, a);
    default:
      return true; /* the cursor was taken before */
  }
}

static const char *const names[ASKED] = {"start", "end", "_since", "_type", "_count", "_cursor"};

/* What the argument is called; an encounter has no start and end of care besides its own. */
static asked named(const zd_everything *e, zd_slice name) {
  for (asked i = e->in->type == e->patient ? START : SINCE; i < ASKED; i++)
    if (zd_slice_eq(name, zd_slice_of(names[i]))) return i;
  return ASKED;
}

static bool take_arguments(zd_everything *e, const zd_argument *list, size_t n, zd_answer *a) {
  bool given[ASKED] = {false};
  zd_buffer used;
  zd_buffer_init(&used, 0);
  for (size_t i = 0; i < n; i++) {
    const zd_argument *x = &list[i];
    asked what = named(e, x->name);
    bool fine = true;
    if (what == ASKED || !x->text.p)
      fine = zd_argument_refuse(e->call, a, x->name, ZD_ISSUE_NOT_SUPPORTED,
                                what == ASKED ? "$everything of a %s has no parameter \"%.*s\""
                                              : "the %s parameter \"%.*s\" has another type",
                                e->in->operation->type, ZD_SV(x->name));
    else if (given[what] && what != TYPE)
      fine =
          zd_argument_refuse(e->call, a, x->name, ZD_ISSUE_VALUE, "%s is given twice", names[what]);
    else
      fine = take(e, what, x, a);
    if (!fine) return zd_buffer_free(&used), false;
    given[what] = true;
    if (what != CURSOR) zd_argument_encode(x->name, x->text, &used);
  }
  e->used = zd_arena_copy(e->call->arena, zd_buffer_slice(&used));
  zd_buffer_free(&used);
  if (given[CURSOR] && !e->count)
    return zd_argument_refuse(e->call, a, ZD_S("_cursor"), ZD_ISSUE_VALUE,
                              "a page link of this server has _count besides _cursor");
  return e->used.p != NULL;
}

/* A cursor of another question is refused. _count may differ from page to page. */
static uint32_t question_sum(const zd_everything *e, const zd_argument *list, size_t n) {
  uint64_t sum = zd_hash64_seed(e->in->id.p, e->in->id.n, e->in->type);
  for (size_t i = 0; i < n; i++) {
    asked what = named(e, list[i].name);
    if (what == COUNT || what == CURSOR || !list[i].text.p) continue;
    sum = zd_hash64_seed(list[i].name.p, list[i].name.n, sum);
    sum = zd_hash64_seed(list[i].text.p, list[i].text.n, sum);
  }
  return (uint32_t)(sum ^ (sum >> 32));
}

/* ---- the state it is answered from ---- */

static zd_err open_snapshot(zd_everything *e, const zd_argument *list, size_t n) {
  uint32_t sum = question_sum(e, list, n);
  e->at = (zd_cursor){.after = ZD_NO_ROW, .search = true, .check = sum};
  for (size_t i = 0; i < n; i++)
    if (named(e, list[i].name) == CURSOR) e->cursor = list[i].text;
  if (!e->cursor.p) return zd_call_snapshot(e->call, ZD_NO_ROW, &e->v);
  bool ours = zd_cursor_parse(e->cursor, &e->at) && !e->at.part && e->at.search && !e->at.back &&
              e->at.check == sum && e->at.after < e->at.snapshot;
  return ours ? zd_call_snapshot(e->call, e->at.snapshot, &e->v) : ZD_ERR_INVALID;
}

/* The patient or encounter itself has to be here. */
static bool find_itself(zd_everything *e, zd_answer *a) {
  zd_call *c = e->call;
  zd_row row;
  zd_record record;
  uint32_t symbol = zd_search_type_symbol(c->rest->search, e->in->type);
  zd_err err = zd_snapshot_find(e->v, symbol, e->in->id, &row);
  if (err == ZD_OK) err = zd_snapshot_read(e->v, row, true, c->arena, &record, NULL);
  if (err == ZD_OK && record.op == ZD_OP_DELETE) err = ZD_ERR_GONE;
  if (err == ZD_OK) return true;
  if (err == ZD_ERR_NOT_FOUND || err == ZD_ERR_GONE)
    zd_answer_fail(c, a, zd_status_of(err),
                   err == ZD_ERR_GONE ? ZD_ISSUE_DELETED : ZD_ISSUE_NOT_FOUND, ZD_S("http.path"),
                   "%s/%.*s %s", e->in->operation->type, ZD_SV(e->in->id),
                   err == ZD_ERR_GONE ? "was deleted" : "is not here");
  else
    zd_answer_unanswered(c, a, err, NULL);
  return false;
}

/* ---- the compartment as a plan ---- */

typedef struct plans {
  const zd_plan **items;
  size_t n;
} plans;

/* "date=gt2019-12-31T23:59:59.999Z&date=lt..." */
static void ask_range(const zd_everything *e, const char *param, zd_buffer *out) {
  zd_slice bounds[2];
  if (!zd_period_overlap(e->start, e->end, e->call->arena, bounds)) out->failed = ZD_ERR_MEMORY;
  for (int i = 0; i < 2; i++)
    if (bounds[i].p) zd_argument_encode(zd_slice_of(param), bounds[i], out);
}

static void ask_missing(const zd_everything *e, const char *param, zd_buffer *out) {
  zd_argument_encode(zd_arena_printf(e->call->arena, "%s:missing", param), ZD_S("true"), out);
}

/* Adds those of a type in the compartment for which the query holds. */
static zd_err add_where(zd_everything *e, zd_type type, zd_buffer *query, plans *p) {
  zd_call *c = e->call;
  zd_query q;
  zd_query_options options = {.default_count = 1,
                              .snapshot = e->v,
                              .compartment = e->in->type,
                              .compartment_id = e->in->id};
  zd_slice text = zd_arena_copy(c->arena, zd_buffer_slice(query));
  zd_err err = zd_buffer_error(query);
  if (err == ZD_OK && !text.p) err = ZD_ERR_MEMORY;
  if (err == ZD_OK)
    err = zd_search_parse(zd_call_search(c), type, text, &options, c->arena, &q, &c->issues);
  if (err == ZD_OK) p->items[p->n++] = q.plan;
  zd_buffer_clear(query);
  return err;
}

/* Of a type with care dates: those in the range, and those without a date. */
static zd_err add_in_range(zd_everything *e, zd_type type, const zd_care_date *d, plans *p) {
  zd_buffer query;
  zd_buffer_init(&query, 0);
  ask_range(e, d->first, &query);
  zd_err err = add_where(e, type, &query, p);
  if (err == ZD_OK && d->second) {
    ask_missing(e, d->first, &query);
    ask_range(e, d->second, &query);
    err = add_where(e, type, &query, p);
  }
  if (err == ZD_OK) {
    ask_missing(e, d->first, &query);
    if (d->second) ask_missing(e, d->second, &query);
    err = add_where(e, type, &query, p);
  }
  zd_buffer_free(&query);
  return err;
}

static zd_err plan_in_range(zd_everything *e) {
  zd_call *c = e->call;
  const zd_schema *schema = c->rest->schema;
  uint16_t types = zd_schema_type_count(schema);
  plans p = {ZD_NEW_ARRAY(c->arena, const zd_plan *, (size_t)types * 3), 0};
  zd_plan *any = ZD_NEW(c->arena, zd_plan);
  if (!p.items || !any) return ZD_ERR_MEMORY;
  zd_err err = ZD_OK;
  for (zd_type t = 0; t < types && err == ZD_OK; t++) {
    if (!zd_schema_is_resource(schema, t)) continue;
    const zd_care_date *date = zd_care_date_of(zd_schema_type_info(schema, t).name);
    if (t != e->in->type && !zd_schema_compartment(schema, e->in->type, t, NULL, 0)) continue;
    if (date)
      err = add_in_range(e, t, date, &p);
    else
      err = zd_search_compartment(zd_call_search(c), e->in->type, e->in->id, t, c->arena,
                                  &p.items[p.n++]);
  }
  *any = (zd_plan){.op = ZD_PLAN_OR, .children = p.items, .child_count = p.n};
  e->plan = any;
  return err;
}

static bool make_plan(zd_everything *e, zd_answer *a) {
  zd_call *c = e->call;
  zd_err err = e->start.p || e->end.p
                   ? plan_in_range(e)
                   : zd_search_compartment(zd_call_search(c), e->in->type, e->in->id, ZD_NO_TYPE,
                                           c->arena, &e->plan);
  if (err == ZD_OK) return true;
  if (c->issues.errors)
    zd_answer_outcome(c, a, zd_status_of(err));
  else
    zd_answer_unanswered(c, a, err, NULL);
  return false;
}

bool zd_everything_ask(zd_everything *e, zd_answer *a) {
  zd_call *c = e->call;
  const zd_argument *list;
  size_t n;
  if (!e->in->id.p) {
    zd_answer_fail(c, a, 403, ZD_ISSUE_TOO_COSTLY, ZD_S("http.path"),
                   "$everything is answered for one %s; all of the record is what `zdravo export` "
                   "gives",
                   e->in->operation->type);
    return false;
  }
  if (!zd_arguments(c, e->in, &list, &n, a)) return false;
  zd_err err = open_snapshot(e, list, n);
  if (err != ZD_OK) {
    zd_answer_unanswered(c, a, err, NULL);
    return false;
  }
  e->snapshot = e->at.snapshot = zd_snapshot_row(e->v);
  return take_arguments(e, list, n, a) && find_itself(e, a) && make_plan(e, a);
}
