/* query.c: a query string becomes a plan (R4 search.html). */
#include <stdio.h>

#include "search/fold.h"
#include "search/internal.h"

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
  return ZD_ERR_INVALID;
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

/* ---- clauses ---- */

static zd_err too_many(zd_query_reader *q, const zd_query_part *part) {
  return zd_query_refuse(q, part->name, ZD_ISSUE_TOO_COSTLY, "more than %d values",
                         ZD_QUERY_VALUES_MAX);
}

/* The values joined by commas, still escaped. */
static zd_err split_values(zd_query_reader *q, const zd_query_part *part, zd_slice **out,
                           size_t *n) {
  size_t room = 1;
  for (size_t i = 0; i < part->value.n; i++) room += part->value.p[i] == ',';
  if (room > ZD_QUERY_VALUES_MAX) return too_many(q, part);
  zd_slice *values = ZD_NEW_ARRAY(q->arena, zd_slice, room), rest = part->value;
  if (!values) return ZD_ERR_MEMORY;
  for (*n = 0; rest.p;) {
    zd_slice value = zd_value_split(rest, ',', &rest);
    if (!value.n)
      return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE, "%.*s has an empty value",
                             ZD_SV(part->name));
    if (value.n > ZD_QUERY_VALUE_BYTES_MAX)
      return zd_query_refuse(q, part->name, ZD_ISSUE_TOO_LONG, "a value of more than %d bytes",
                             ZD_QUERY_VALUE_BYTES_MAX);
    values[(*n)++] = value;
  }
  *out = values;
  return ZD_OK;
}

static zd_err add_plan(zd_query_reader *q, const zd_query_part *part, zd_err err,
                       const zd_plan *plan) {
  if (err) return err;
  q->plans[q->plan_count++] = plan;
  zd_query_use(q, part);
  return ZD_OK;
}

static zd_err read_ids(zd_query_reader *q, const zd_query_part *part) {
  zd_slice *ids;
  size_t n, kept = 0;
  const zd_plan *plan = NULL;
  zd_err err = split_values(q, part, &ids, &n);
  if (err) return err;
  for (size_t i = 0; i < n; i++)
    if (zd_fact_is_id(ids[i])) ids[kept++] = ids[i]; /* what is no id is the id of nothing */
  if (q->type != ZD_NO_TYPE) q->typed = true;
  err = zd_plan_ids(q->s, q->type, ids, kept, q->arena, &plan);
  return add_plan(q, part, err, plan);
}

static zd_err read_types(zd_query_reader *q, const zd_query_part *part) {
  zd_slice *names = NULL;
  size_t n = 0;
  const zd_plan *plan = NULL;
  zd_err err = split_values(q, part, &names, &n);
  if (err) return err;
  const zd_plan **found = ZD_NEW_ARRAY(q->arena, const zd_plan *, n);
  if (!names || !found) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < n && !err; i++) {
    zd_type t = zd_schema_type(q->s->schema, names[i]);
    if (t == ZD_NO_TYPE || !zd_schema_is_resource(q->s->schema, t))
      return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE, "\"%.*s\" is no resource type",
                             names[i].n > 64 ? 64 : (int)names[i].n, names[i].p);
    err = zd_plan_type(q->s, t, q->arena, &found[i]);
  }
  if (!err) err = zd_plan_group(ZD_PLAN_OR, found, n, q->arena, &plan);
  return add_plan(q, part, err, plan);
}

static zd_err read_values(zd_query_reader *q, const zd_query_part *part, zd_clause *clause) {
  zd_slice *texts;
  size_t n;
  zd_err err = split_values(q, part, &texts, &n);
  if (err) return err;
  zd_search_value *values = ZD_NEW_ARRAY(q->arena, zd_search_value, n);
  if (!values) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < n; i++) {
    zd_fault fault = {0};
    zd_value_context x = {q->s, q->now_ms, q->arena, &fault};
    err = zd_value_read(&x, clause->param, texts[i], &values[i]);
    if (err == ZD_ERR_MEMORY) return err;
    if (err)
      return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE, "%.*s: %s", ZD_SV(part->name),
                             fault.text);
  }
  clause->values = values;
  clause->count = n;
  return ZD_OK;
}

static zd_err read_clause(zd_query_reader *q, const zd_query_part *part,
                          const zd_search_param *param) {
  zd_clause clause = {.param = param, .type = q->type, .name = part->name};
  const zd_plan *plan = NULL;
  zd_err err = read_values(q, part, &clause);
  if (err) return err;
  if (zd_slice_eq(part->name, ZD_S("_lastUpdated"))) {
    err = zd_plan_updated(q->s, &clause, q->options->snapshot, q->now_ms, q->arena, &plan);
  } else {
    err = zd_plan_clause(q->s, &clause, q->arena, &plan);
  }
  if (err == ZD_ERR_LIMIT)
    return zd_query_refuse(q, part->name, ZD_ISSUE_TOO_COSTLY,
                           "too many ids without their type: write Type/id");
  if (!param->shared && param->field != ZD_NO_SYMBOL) q->typed = true;
  return add_plan(q, part, err, plan);
}

static zd_err read_part(zd_query_reader *q, const zd_query_part *part) {
  bool mine;
  zd_err err = zd_query_result(q, part, &mine);
  if (err || mine) return err;
  size_t colon = zd_slice_find(part->name, ':');
  zd_slice code = {part->name.p, colon};
  if (zd_slice_find(code, '.') < code.n)
    return zd_query_leave_out(q, part, "chains are not offered");
  bool types = q->type == ZD_NO_TYPE && zd_slice_eq(code, ZD_S("_type"));
  zd_type of = q->type == ZD_NO_TYPE ? zd_schema_type(q->s->schema, ZD_S("Resource")) : q->type;
  const zd_search_param *param = zd_program_find(q->s, of, code);
  if (!types && !param) return unknown(q, part);
  if (param && !param->answered)
    return zd_query_leave_out(q, part, "this parameter is not offered");
  if (param && zd_field_is_late(q->s, param))
    return zd_query_leave_out(q, part,
                              "this parameter is new, what was stored before is being indexed "
                              "for it; ask again later");
  if (colon < part->name.n) /* refused even when lenient: the answer would mean something else */
    return zd_query_refuse(
        q, part->name, ZD_ISSUE_NOT_SUPPORTED, "the modifier \"%.*s\" is not offered",
        part->name.n - colon > 64 ? 64 : (int)(part->name.n - colon), part->name.p + colon);
  if (!part->value.n)
    return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE, "%.*s has no value", ZD_SV(code));
  if (types) return read_types(q, part);
  return zd_slice_eq(code, ZD_S("_id")) ? read_ids(q, part) : read_clause(q, part, param);
}

/* ---- the whole ---- */

/* Reads all parts; every fault is reported, not only the first. */
static zd_err read_parts(zd_query_reader *q, zd_slice query) {
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
    if (!err) err = read_part(q, &part);
    if (err && err != ZD_ERR_INVALID) return err;
    if (err) worst = err;
  }
  return worst;
}

static zd_err finish(zd_query_reader *q) {
  if (q->options->for_condition && !q->plan_count)
    return zd_query_refuse(q, (zd_slice){NULL, 0}, ZD_ISSUE_REQUIRED,
                           "a condition without a search parameter would mean every resource");
  zd_err err = ZD_OK;
  if (q->type != ZD_NO_TYPE && !q->typed)
    err = zd_plan_type(q->s, q->type, q->arena, &q->plans[q->plan_count++]);
  if (!err) err = zd_plan_group(ZD_PLAN_AND, q->plans, q->plan_count, q->arena, &q->out->plan);
  q->out->used = (zd_slice){q->used, q->used_n};
  q->out->ignored = q->ignored;
  q->out->ignored_count = q->ignored_n;
  return err;
}

zd_err zd_search_parse(const zd_search *s, zd_type type, zd_slice query,
                       const zd_query_options *options, zd_arena *arena, zd_query *out,
                       zd_issues *issues) {
  static const zd_query_options none = {0};
  if (!options) options = &none;
  zd_query_reader q = {
      .s = s, .type = type, .options = options, .arena = arena, .out = out, .issues = issues};
  uint32_t count = options->default_count ? options->default_count : ZD_QUERY_COUNT_DEFAULT;
  *out = (zd_query){.type = type, .count = count};
  if (query.n > ZD_QUERY_BYTES_MAX)
    return zd_query_refuse(&q, (zd_slice){NULL, 0}, ZD_ISSUE_TOO_LONG,
                           "a query of more than %d bytes", ZD_QUERY_BYTES_MAX);
  if (type != ZD_NO_TYPE && zd_search_type_symbol(s, type) == ZD_NO_SYMBOL)
    return zd_query_refuse(&q, (zd_slice){NULL, 0}, ZD_ISSUE_NOT_SUPPORTED, "no resource type");
  q.now_ms = options->now_ms ? options->now_ms : zd_clock_now(zd_clock_system());
  q.plans = ZD_NEW_ARRAY(arena, const zd_plan *, ZD_QUERY_PARAMS_MAX + 2);
  q.ignored = ZD_NEW_ARRAY(arena, zd_slice, ZD_QUERY_PARAMS_MAX + 1);
  q.used = zd_arena_alloc(arena, 3 * query.n + 2 * ZD_QUERY_PARAMS_MAX + 16);
  if (!q.plans || !q.ignored || !q.used) return ZD_ERR_MEMORY;
  zd_err err = read_parts(&q, query);
  return err ? err : finish(&q);
}
