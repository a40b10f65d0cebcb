/* query.c: a query string becomes a plan (R4 search.html). */
#include <stdio.h>

#include "search/entries/contained.h"
#include "search/language/filter.h"
#include "search/text/text.h"
#include "search/values/fold.h"

/* ---- taking the text apart ---- */

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes, '+' is a blank; text only: UTF-8 without NUL. */
static zd_err decode(zd_slice text, zd_arena *arena, zd_slice *out) {
  char *p = zd_arena_alloc(arena, text.n + 1);
  size_t n = 0;
  if (!p) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < text.n; i++) {
    char c = text.p[i];
    if (c == '+') c = ' ';
    if (c == '%') {
      int a = i + 1 < text.n ? hex(text.p[i + 1]) : -1,
          b = i + 2 < text.n ? hex(text.p[i + 2]) : -1;
      if (a < 0 || b < 0) return ZD_ERR_INVALID;
      c = (char)(a * 16 + b);
      i += 2;
    }
    if (!c) return ZD_ERR_INVALID;
    p[n++] = c;
  }
  *out = (zd_slice){p, n};
  return zd_fold_is_utf8(*out) ? ZD_OK : ZD_ERR_INVALID;
}

bool zd_query_next(zd_query_reader *q, zd_slice *rest, zd_query_part *part, zd_err *err) {
  while (rest->n && rest->p[0] == '&') *rest = zd_slice_from(*rest, 1);
  *err = ZD_OK;
  if (!rest->n) return false;
  size_t end = zd_slice_find(*rest, '&');
  zd_slice text = {rest->p, end};
  *rest = zd_slice_from(*rest, end);
  size_t equals = zd_slice_find(text, '=');
  *err = decode((zd_slice){text.p, equals}, q->arena, &part->name);
  if (!*err) *err = decode(zd_slice_from(text, equals + 1), q->arena, &part->value);
  return true;
}

/* ---- the self link ---- */

static bool stays(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         memchr("-._~:/,$@", c, 9);
}

static void use_text(zd_query_reader *q, zd_slice text) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < text.n; i++) {
    char c = text.p[i];
    if (stays(c)) {
      q->used[q->used_n++] = c;
    } else {
      q->used[q->used_n++] = '%';
      q->used[q->used_n++] = digits[(unsigned char)c >> 4];
      q->used[q->used_n++] = digits[(unsigned char)c & 15];
    }
  }
}

void zd_query_use(zd_query_reader *q, const zd_query_part *part) {
  if (q->used_n) q->used[q->used_n++] = '&';
  use_text(q, part->name);
  q->used[q->used_n++] = '=';
  use_text(q, part->value);
}

/* ---- refusals ---- */

zd_err zd_query_refuse(zd_query_reader *q, zd_slice name, zd_issue_code code, const char *format,
                       ...) {
  char text[600];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (name.n > 100) name.n = 100;
  zd_slice place = zd_arena_printf(q->arena, "http.%.*s", ZD_SV(name));
  zd_issue_add(q->issues, ZD_ERROR, code, place, "%s", text);
  return code == ZD_ISSUE_TRANSIENT ? ZD_ERR_BUSY : ZD_ERR_INVALID;
}

zd_err zd_query_later(zd_query_reader *q, zd_slice name, const char *format, ...) {
  char text[200];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return zd_query_refuse(q, name, ZD_ISSUE_TRANSIENT,
                         "%s is new, what was stored before is being indexed for it; ask again "
                         "later",
                         text);
}

zd_err zd_query_leave_out(zd_query_reader *q, const zd_query_part *part, const char *why) {
  if (!q->options->lenient || q->options->for_condition) {
    int shown = part->name.n > 100 ? 100 : (int)part->name.n;
    return zd_query_refuse(q, part->name, ZD_ISSUE_NOT_SUPPORTED, "%.*s: %s", shown, part->name.p,
                           why);
  }
  q->ignored[q->ignored_n++] = part->name;
  return ZD_OK;
}

/* "there is no such parameter; Patient has: active, address, ..." when that is short enough. */
static zd_err unknown(zd_query_reader *q, const zd_query_part *part) {
  zd_type of = q->type == ZD_NO_TYPE ? zd_schema_type(q->s->schema, ZD_S("Resource")) : q->type;
  char text[480];
  int n = snprintf(text, sizeof text, "no such search parameter; %s%.*s has",
                   q->type == ZD_NO_TYPE ? "search over all types, as " : "",
                   ZD_SV(zd_schema_type_info(q->s->schema, of).name));
  for (uint16_t i = 0; i < q->s->types[of].count; i++) {
    const zd_search_param *p = &q->s->types[of].params[i];
    zd_slice code = zd_schema_param(q->s->schema, p->index).code;
    if (!p->answered) continue;
    if (n < 0 || (size_t)n + code.n + 8 > sizeof text)
      return zd_query_leave_out(q, part, "no such search parameter");
    n += snprintf(text + n, sizeof text - (size_t)n, " %.*s", ZD_SV(code));
  }
  return zd_query_leave_out(q, part, text);
}

/* ---- what a condition's plan was made from ---- */

zd_err zd_query_watch(zd_query_reader *q, const zd_plan *plan) {
  if (!q->options->for_condition) return ZD_OK;
  if (!plan) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < q->watch_count; i++)
    if (plan->op == ZD_PLAN_TYPE && q->watches[i]->op == ZD_PLAN_TYPE &&
        q->watches[i]->type == plan->type)
      return ZD_OK;
  if (q->watch_count == q->watch_room) {
    size_t room = q->watch_room ? 2 * q->watch_room : 16;
    const zd_plan **more = ZD_NEW_ARRAY(q->arena, const zd_plan *, room);
    if (!more) return ZD_ERR_MEMORY;
    if (q->watch_count) memcpy(more, q->watches, q->watch_count * sizeof *more);
    q->watches = more;
    q->watch_room = room;
  }
  q->watches[q->watch_count++] = plan;
  return ZD_OK;
}

zd_err zd_query_watch_type(zd_query_reader *q, zd_type type) {
  const zd_plan *plan = NULL;
  if (!q->options->for_condition) return ZD_OK;
  if (type == ZD_NO_TYPE) return zd_query_watch(q, zd_plan_new(q->arena, ZD_PLAN_ALL));
  zd_err err = zd_plan_type(q->s, type, q->arena, &plan);
  return err ? err : zd_query_watch(q, plan);
}

/* ---- parameters that choose resources ---- */

/* A query being read, and the types that _type leaves at system level. */
typedef struct reading {
  zd_query_reader q;
  zd_query_clause *clauses; /* one per plan */
  const zd_text_clause **texts;
  zd_type *types;
  size_t type_count;
} reading;

static zd_err add_plan(reading *r, const zd_query_part *part, const zd_plan *plan) {
  zd_query_reader *q = &r->q;
  zd_query_clause *clause = &r->clauses[q->plan_count];
  clause->plan = plan;
  clause->text = zd_arena_printf(q->arena, "%.*s=%.*s", ZD_SV(part->name), ZD_SV(part->value));
  if (!plan || !clause->text.p) return ZD_ERR_MEMORY;
  q->plans[q->plan_count++] = plan;
  zd_query_use(q, part);
  return ZD_OK;
}

static zd_err read_type_names(zd_query_reader *q, const zd_query_part *part, zd_type *out,
                              size_t *n) {
  zd_slice *names = NULL;
  zd_err err = zd_clause_values(q, part, &names, n);
  for (size_t i = 0; !err && i < *n; i++) {
    out[i] = zd_schema_type(q->s->schema, names[i]);
    if (out[i] == ZD_NO_TYPE || !zd_schema_is_resource(q->s->schema, out[i]))
      return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE, "\"%.*s\" is no resource type",
                             names[i].n > 64 ? 64 : (int)names[i].n, names[i].p);
  }
  return err;
}

static size_t commas(zd_slice text) {
  size_t n = 0;
  for (size_t i = 0; i < text.n; i++) n += text.p[i] == ',';
  return n;
}

static zd_err read_types(reading *r, const zd_query_part *part) {
  zd_query_reader *q = &r->q;
  size_t n;
  zd_type *types = ZD_NEW_ARRAY(q->arena, zd_type, commas(part->value) + 1);
  const zd_plan **found = ZD_NEW_ARRAY(q->arena, const zd_plan *, commas(part->value) + 1);
  const zd_plan *plan = NULL;
  if (!types || !found) return ZD_ERR_MEMORY;
  zd_err err = read_type_names(q, part, types, &n);
  for (size_t i = 0; !err && i < n; i++) err = zd_plan_type(q->s, types[i], q->arena, &found[i]);
  if (!err) err = zd_plan_group(ZD_PLAN_OR, found, n, q->arena, &plan);
  return err ? err : add_plan(r, part, plan);
}

/* The plan for one type; ZD_NO_TYPE: for all. */
typedef zd_err (*plan_for)(zd_ask *ask, zd_type type, zd_asked *out);

/* The plan for every type that _type lists: each must have the parameter. */
static zd_err ask_types(reading *r, zd_ask *ask, plan_for plan, zd_asked *out) {
  zd_query_reader *q = &r->q;
  if (!r->type_count) return plan(ask, q->type, out);
  const zd_plan **found = ZD_NEW_ARRAY(q->arena, const zd_plan *, r->type_count);
  zd_err err = found ? ZD_OK : ZD_ERR_MEMORY;
  uint64_t nodes = 1;
  for (size_t i = 0; i < r->type_count && !err; i++) {
    err = plan(ask, r->types[i], out);
    if (!err) err = zd_ask_typed(q, r->types[i], out);
    found[i] = out->plan;
    nodes += out->nodes;
    if (!err && nodes > ZD_ASK_NODES_MAX) err = ZD_ERR_LIMIT;
  }
  *out = (zd_asked){.nodes = nodes, .typed = true};
  return err ? err : zd_plan_group(ZD_PLAN_OR, found, r->type_count, q->arena, &out->plan);
}

static zd_err too_costly(zd_query_reader *q, const zd_query_part *part) {
  return zd_query_refuse(q, part->name, ZD_ISSUE_TOO_COSTLY,
                         "too many values for too many types: name the types (subject:Patient)");
}

static zd_err read_asked(reading *r, const zd_query_part *part) {
  zd_query_reader *q = &r->q;
  zd_asked asked = {0};
  zd_ask *ask = ZD_NEW(q->arena, zd_ask);
  if (!ask) return ZD_ERR_MEMORY;
  ask->q = q;
  ask->part = part;
  ask->leaf = zd_clause_leaf;
  zd_err err = zd_ask_read(ask, part->name);
  if (err == ZD_ERR_LIMIT)
    return zd_query_refuse(q, part->name, ZD_ISSUE_TOO_COSTLY, "a chain of more than %d references",
                           ZD_ASK_JOINS_MAX);
  bool alone = !err && ask->step_count == 1 && !r->type_count;
  if (!err) err = ask_types(r, ask, zd_ask_plan, &asked);
  if (err == ZD_ERR_NOT_FOUND && alone) return unknown(q, part);
  if (err == ZD_ERR_NOT_FOUND || err == ZD_ERR_UNSUPPORTED)
    return zd_query_leave_out(q, part, ask->why);
  if (err == ZD_ERR_LIMIT) return too_costly(q, part);
  if (err) return err;
  q->typed |= asked.typed && q->type != ZD_NO_TYPE;
  return add_plan(r, part, asked.plan);
}

static zd_err plan_filter(zd_ask *ask, zd_type type, zd_asked *out) {
  return zd_filter_plan(ask, type, ask->test, out);
}

/* What a filter does not know is never left out: the rest of it would mean something else. */
static zd_err read_filter(reading *r, const zd_query_part *part) {
  zd_query_reader *q = &r->q;
  zd_filter_fault fault;
  zd_asked asked = {0};
  zd_ask *ask = ZD_NEW(q->arena, zd_ask);
  if (!ask) return ZD_ERR_MEMORY;
  ask->q = q;
  ask->part = part;
  zd_err err = zd_filter_read(part->value, q->arena, &ask->test, &fault);
  if (err == ZD_ERR_INVALID || err == ZD_ERR_LIMIT)
    return zd_query_refuse(
        q, part->name, err == ZD_ERR_LIMIT ? ZD_ISSUE_TOO_COSTLY : ZD_ISSUE_VALUE,
        "_filter, character %zu: %s", zd_filter_place(part->value, fault.at), fault.why);
  if (!err) err = ask_types(r, ask, plan_filter, &asked);
  if (err == ZD_ERR_LIMIT) return too_costly(q, part);
  if (err == ZD_ERR_NOT_FOUND || err == ZD_ERR_UNSUPPORTED)
    return zd_query_refuse(q, part->name, ZD_ISSUE_NOT_SUPPORTED, "%s", ask->why);
  if (err) return err;
  q->typed |= asked.typed && q->type != ZD_NO_TYPE;
  return add_plan(r, part, asked.plan);
}

/* A text query is the same for every type, and each type has to have it. */
static zd_err read_text(reading *r, const zd_query_part *part) {
  zd_query_reader *q = &r->q;
  const zd_text_clause *clause = NULL;
  const zd_plan *plan;
  zd_ask *ask = ZD_NEW(q->arena, zd_ask);
  if (!ask) return ZD_ERR_MEMORY;
  ask->q = q;
  ask->part = part;
  zd_err err = ZD_OK;
  for (size_t i = 0; i < (r->type_count ? r->type_count : 1) && !err; i++)
    err = zd_text_clause_read(ask, r->type_count ? r->types[i] : q->type, part->name, &clause);
  if (err == ZD_ERR_NOT_FOUND && !r->type_count) return unknown(q, part);
  if (err == ZD_ERR_NOT_FOUND || err == ZD_ERR_UNSUPPORTED)
    return zd_query_leave_out(q, part, ask->why);
  if (!err) err = zd_text_plan(clause, q->arena, &plan);
  if (err) return err;
  r->texts[q->out->text_count++] = clause;
  return add_plan(r, part, plan);
}

static zd_err read_part(reading *r, const zd_query_part *part) {
  zd_query_reader *q = &r->q;
  bool mine = false;
  if (zd_slice_eq(part->name, ZD_S("_filter"))) return read_filter(r, part);
  if (zd_text_is_param(part->name)) return read_text(r, part);
  zd_err err = zd_query_result(q, part, &mine);
  if (err || mine) return err;
  if (q->type == ZD_NO_TYPE && zd_slice_eq(part->name, ZD_S("_type"))) return read_types(r, part);
  return read_asked(r, part);
}

/* ---- the whole ---- */

/* Reads all parts; every fault is reported, not only the first. */
static zd_err read_parts(reading *r, zd_slice query) {
  zd_query_reader *q = &r->q;
  zd_query_part part;
  zd_err err, worst = ZD_OK;
  size_t n = 0;
  while (zd_query_next(q, &query, &part, &err)) {
    if (++n > ZD_QUERY_PARAMS_MAX)
      return zd_query_refuse(q, (zd_slice){NULL, 0}, ZD_ISSUE_TOO_COSTLY, "more than %d parameters",
                             ZD_QUERY_PARAMS_MAX);
    if (err == ZD_ERR_INVALID) {
      worst = zd_query_refuse(q, (zd_slice){NULL, 0}, ZD_ISSUE_INVALID,
                              "parameter %zu of the query is not percent-encoded UTF-8 text", n);
      continue;
    }
    if (!err) err = read_part(r, &part);
    if (err && err != ZD_ERR_INVALID && err != ZD_ERR_BUSY) return err;
    if (err && worst != ZD_ERR_INVALID) worst = err; /* asking later mends what is busy only */
  }
  return worst;
}

/* At system level the types that every _type lists: what is asked may be of those types. Faults are
 * reported when the parameter's turn comes. */
static zd_err look_for_types(reading *r, zd_slice query) {
  zd_query_reader quiet = r->q;
  zd_issues issues;
  zd_issues_init(&issues, r->q.arena);
  quiet.issues = &issues;
  zd_query_part part;
  zd_err err;
  for (size_t n = 0; n < ZD_QUERY_PARAMS_MAX && zd_query_next(&quiet, &query, &part, &err); n++) {
    if (err == ZD_ERR_MEMORY) return err;
    if (err || !zd_slice_eq(part.name, ZD_S("_type"))) continue;
    size_t count = 0, kept = 0;
    zd_type *types = ZD_NEW_ARRAY(r->q.arena, zd_type, commas(part.value) + 1);
    if (!types) return ZD_ERR_MEMORY;
    err = read_type_names(&quiet, &part, types, &count);
    if (err == ZD_ERR_MEMORY) return err;
    if (err) continue;
    for (size_t i = 0; i < count; i++) {
      bool twice = false, listed = !r->type_count;
      for (size_t k = 0; k < kept; k++) twice |= types[k] == types[i];
      for (size_t k = 0; k < r->type_count; k++) listed |= r->types[k] == types[i];
      if (listed && !twice) types[kept++] = types[i];
    }
    if (!kept) continue; /* no type is in both lists: the plans of the lists say so */
    r->types = types;
    r->type_count = kept;
  }
  return ZD_OK;
}

static zd_err in_compartment(reading *r, const zd_plan **out) {
  zd_query_reader *q = &r->q;
  zd_type compartment = q->options->compartment;
  zd_err err =
      zd_search_compartment(q->s, compartment, q->options->compartment_id, q->type, q->arena, out);
  if (err == ZD_ERR_NOT_FOUND)
    return zd_query_refuse(q, (zd_slice){NULL, 0}, ZD_ISSUE_NOT_SUPPORTED,
                           "there is no such compartment, or no such type in it");
  if (err == ZD_ERR_BUSY)
    return zd_query_later(q, (zd_slice){NULL, 0}, "a parameter of this compartment");
  return err;
}

static zd_err finish(reading *r) {
  zd_query_reader *q = &r->q;
  if (q->options->for_condition && !q->plan_count)
    return zd_query_refuse(q, (zd_slice){NULL, 0}, ZD_ISSUE_REQUIRED,
                           "a condition without a search parameter would mean every resource");
  if (q->out->by_score && !q->out->text_count)
    return zd_query_refuse(q, ZD_S("_sort"), ZD_ISSUE_VALUE,
                           "_sort=_score orders what _text or _content find, and neither is asked");
  zd_err err = ZD_OK;
  q->out->clauses = r->clauses;
  q->out->clause_count = q->plan_count;
  if (q->options->compartment_id.p) {
    err = in_compartment(r, &q->plans[q->plan_count++]);
    q->typed = true; /* its links are of the type */
  }
  if (!err && q->type != ZD_NO_TYPE && !q->typed)
    err = zd_plan_type(q->s, q->type, q->arena, &q->plans[q->plan_count++]);
  if (!err) err = zd_plan_group(ZD_PLAN_AND, q->plans, q->plan_count, q->arena, &q->out->plan);
  if (!err && q->contained) err = zd_contained_query(q, &q->out->plan);
  if (!err && q->watch_count)
    err = zd_plan_group(ZD_PLAN_OR, q->watches, q->watch_count, q->arena, &q->out->watch);
  q->out->used = (zd_slice){q->used, q->used_n};
  q->out->ignored = q->ignored;
  q->out->ignored_count = q->ignored_n;
  return err;
}

/* What a query of this length can need. */
static zd_err make_room(reading *r, size_t bytes) {
  zd_query_reader *q = &r->q;
  q->plans = ZD_NEW_ARRAY(q->arena, const zd_plan *, ZD_QUERY_PARAMS_MAX + 3);
  q->ignored = ZD_NEW_ARRAY(q->arena, zd_slice, ZD_QUERY_PARAMS_MAX + 1);
  q->used = zd_arena_alloc(q->arena, 3 * bytes + 2 * ZD_QUERY_PARAMS_MAX + 16);
  r->clauses = ZD_NEW_ARRAY(q->arena, zd_query_clause, ZD_QUERY_PARAMS_MAX + 1);
  r->texts = ZD_NEW_ARRAY(q->arena, const zd_text_clause *, ZD_QUERY_PARAMS_MAX + 1);
  q->out->texts = r->texts;
  return q->plans && q->ignored && q->used && r->clauses && r->texts ? ZD_OK : ZD_ERR_MEMORY;
}

zd_err zd_search_parse(const zd_search *s, zd_type type, zd_slice query,
                       const zd_query_options *options, zd_arena *arena, zd_query *out,
                       zd_issues *issues) {
  static const zd_query_options none = {0};
  if (!options) options = &none;
  reading r = {
      .q = {
          .s = s, .type = type, .options = options, .arena = arena, .out = out, .issues = issues}};
  uint32_t count = options->default_count ? options->default_count : ZD_QUERY_COUNT_DEFAULT;
  *out = (zd_query){.type = type, .count = count};
  if (query.n > ZD_QUERY_BYTES_MAX)
    return zd_query_refuse(&r.q, (zd_slice){NULL, 0}, ZD_ISSUE_TOO_LONG,
                           "a query of more than %d bytes", ZD_QUERY_BYTES_MAX);
  if (type != ZD_NO_TYPE && zd_search_type_symbol(s, type) == ZD_NO_SYMBOL)
    return zd_query_refuse(&r.q, (zd_slice){NULL, 0}, ZD_ISSUE_NOT_SUPPORTED, "no resource type");
  r.q.now_ms = options->now_ms ? options->now_ms : zd_clock_now(zd_clock_system());
  zd_err err = make_room(&r, query.n);
  if (!err && type == ZD_NO_TYPE) err = look_for_types(&r, query);
  if (!err) err = read_parts(&r, query);
  return err ? err : finish(&r);
}
