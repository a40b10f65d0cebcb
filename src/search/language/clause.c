/* clause.c: what stands at the end of a parameter's name: code[:modifier]=value,value. */
#include "search/codes/hierarchy.h"
#include "search/text/text.h"

zd_err zd_clause_values(zd_query_reader *q, const zd_query_part *part, zd_slice **out, size_t *n) {
  size_t room = 1;
  for (size_t i = 0; i < part->value.n; i++) room += part->value.p[i] == ',';
  if (room > ZD_QUERY_VALUES_MAX)
    return zd_query_refuse(q, part->name, ZD_ISSUE_TOO_COSTLY, "more than %d values",
                           ZD_QUERY_VALUES_MAX);
  zd_slice *values = ZD_NEW_ARRAY(q->arena, zd_slice, room), rest = part->value;
  if (!values) return ZD_ERR_MEMORY;
  if (!rest.n)
    return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE, "%.*s has no value", ZD_SV(part->name));
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

zd_err zd_clause_param(zd_ask *a, zd_type type, zd_slice code, const zd_search_param **out) {
  const zd_search *s = a->q->s;
  zd_type of = type == ZD_NO_TYPE ? zd_schema_type(s->schema, ZD_S("Resource")) : type;
  int shown = code.n > 64 ? 64 : (int)code.n;
  *out = zd_program_find(s, of, code);
  if (!*out)
    return zd_ask_fail(a, ZD_ERR_NOT_FOUND, "%.*s has no search parameter \"%.*s\"",
                       ZD_SV(zd_schema_type_info(s->schema, of).name), shown, code.p);
  if (!(*out)->answered)
    return zd_ask_fail(a, ZD_ERR_UNSUPPORTED, "the parameter \"%.*s\" is not offered", shown,
                       code.p);
  if (zd_text_is_param(code))
    return zd_ask_fail(a, ZD_ERR_UNSUPPORTED,
                       "\"%.*s\" has a language of its own and is asked as "
                       "a parameter, \"%.*s=...\"",
                       shown, code.p, shown, code.p);
  if (zd_field_is_late(s, *out))
    return zd_query_later(a->q, a->part->name, "the parameter \"%.*s\"", shown, code.p);
  return ZD_OK;
}

/* ---- _id ---- */

/* Every resource has an id; a time of change has every row, and nothing contained. */
static zd_err plan_missing(zd_ask *a, const zd_clause *clause, bool updated, zd_asked *out) {
  zd_arena *arena = a->q->arena;
  bool any_true = false, any_false = false;
  for (size_t i = 0; i < clause->count; i++) {
    any_true |= clause->values[i].missing;
    any_false |= !clause->values[i].missing;
  }
  if (updated && any_true != any_false) {
    zd_err err = zd_plan_rows(arena, &out->plan);
    return err || any_false ? err : zd_plan_group(ZD_PLAN_NOT, &out->plan, 1, arena, &out->plan);
  }
  out->plan = zd_plan_new(arena, any_false ? ZD_PLAN_ALL : ZD_PLAN_NONE);
  return out->plan ? ZD_OK : ZD_ERR_MEMORY;
}

static zd_err refuse_modifier(zd_ask *a, const zd_step *step) {
  zd_slice m = step->qualifier;
  return zd_query_refuse(a->q, a->part->name, ZD_ISSUE_NOT_SUPPORTED,
                         "%.*s: the modifier \":%.*s\" is not offered", ZD_SV(step->code),
                         m.n > 64 ? 64 : (int)m.n, m.p);
}

/* Ids are tokens without a system: "|123" is one, "system|123" none. What is no id is the id of
 * nothing. */
static zd_err plan_ids(zd_ask *a, zd_type type, const zd_clause *clause, zd_asked *out) {
  zd_slice *ids;
  size_t n, kept = 0;
  zd_err err = zd_clause_values(a->q, a->part, &ids, &n);
  if (err) return err;
  for (size_t i = 0; i < n; i++) {
    zd_slice id = zd_slice_starts(ids[i], ZD_S("|")) ? zd_slice_from(ids[i], 1) : ids[i];
    if (zd_fact_is_id(id)) ids[kept++] = id;
  }
  err = zd_plan_ids(a->q->s, type, ids, kept, a->q->arena, &out->plan);
  out->typed = type != ZD_NO_TYPE;
  if (err || clause->modifier != ZD_MOD_NOT) return err;
  out->typed = false;
  return zd_plan_group(ZD_PLAN_NOT, &out->plan, 1, a->q->arena, &out->plan);
}

/* ---- the clause ---- */

/* A modifier that is not known is refused even when lenient: the answer would mean something else.
 */
static zd_err read_modifier(zd_ask *a, zd_type type, const zd_step *step, zd_clause *clause) {
  zd_query_reader *q = a->q;
  zd_fault fault = {0};
  clause->modifier = ZD_MOD_NONE;
  clause->only = ZD_NO_TYPE;
  if (!step->qualifier.p) return ZD_OK;
  zd_err err = zd_modifier_read(q->s, type, clause->param, step->qualifier, &clause->modifier,
                                &clause->only, &fault);
  if (!err || err == ZD_ERR_MEMORY) return err;
  return zd_query_refuse(q, a->part->name, zd_value_issue(err), "%.*s: %s", ZD_SV(step->code),
                         fault.text);
}

static void know_system(const zd_query_reader *q, zd_slice system) {
  if (system.n) zd_term_system(q->s, system, true, q->arena);
}

void zd_clause_know(const zd_query_reader *q, const zd_search_param *param,
                    const zd_search_value *v) {
  if (!q->options->for_condition) return;
  know_system(q, v->system);
  for (size_t i = 0; i < v->code_count; i++) know_system(q, v->codes[i].system);
  uint16_t parts = v->parts ? zd_schema_param(q->s->schema, param->index).component_count : 0;
  for (uint16_t k = 0; k < parts; k++) know_system(q, v->parts[k].system);
}

zd_err zd_clause_watch(zd_query_reader *q, const zd_clause *clause) {
  const zd_schema *schema = q->s->schema;
  zd_modifier m = clause->modifier;
  bool hierarchy = m == ZD_MOD_ABOVE || m == ZD_MOD_BELOW;
  bool codes = hierarchy || m == ZD_MOD_IN || m == ZD_MOD_NOT_IN;
  zd_err err = ZD_OK;
  if (!q->options->for_condition || !codes) return ZD_OK;
  if (clause->param->kind == ZD_PARAM_TOKEN) {
    err = zd_query_watch_type(q, zd_schema_type(schema, ZD_S("ValueSet")));
    return err ? err : zd_query_watch_type(q, zd_schema_type(schema, ZD_S("CodeSystem")));
  }
  if (clause->param->kind != ZD_PARAM_REFERENCE) return ZD_OK;
  for (zd_type t = 0; t < zd_schema_type_count(schema) && !err; t++)
    if (zd_hierarchy_of(q->s, t) && zd_param_may_refer(q->s, clause->param, t))
      err = zd_query_watch_type(q, t);
  return err;
}

static zd_err read_values(zd_ask *a, zd_clause *clause) {
  zd_query_reader *q = a->q;
  zd_slice *texts = NULL;
  size_t n = 0;
  zd_err err = zd_clause_values(q, a->part, &texts, &n);
  if (err) return err;
  zd_search_value *values = ZD_NEW_ARRAY(q->arena, zd_search_value, n);
  if (!texts || !values) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < n; i++) {
    zd_fault fault = {0};
    zd_value_context x = {.search = q->s,
                          .now_ms = q->now_ms,
                          .arena = q->arena,
                          .fault = &fault,
                          .modifier = clause->modifier,
                          .work = &q->work,
                          .snapshot = q->options->snapshot};
    err = zd_value_read(&x, clause->param, texts[i], &values[i]);
    if (err == ZD_ERR_MEMORY) return err;
    if (err)
      return zd_query_refuse(q, a->part->name, zd_value_issue(err), "%.*s: %s",
                             ZD_SV(a->part->name), fault.text);
    zd_clause_know(q, clause->param, &values[i]);
  }
  clause->values = values;
  clause->count = n;
  return zd_clause_watch(q, clause);
}

/* Whether the plan finds rows without an entry in the parameter's field, of whatever type. */
static bool finds_absence(const zd_clause *clause) {
  return clause->modifier == ZD_MOD_MISSING || clause->modifier == ZD_MOD_NOT ||
         clause->modifier == ZD_MOD_NOT_IN;
}

static zd_err plan_clause(zd_ask *a, const zd_clause *clause, zd_asked *out) {
  zd_query_reader *q = a->q;
  zd_err err = zd_plan_clause(q->s, clause, q->arena, &out->plan);
  if (err == ZD_ERR_LIMIT)
    return zd_query_refuse(q, a->part->name, ZD_ISSUE_TOO_COSTLY,
                           "too many ids without their type: write Type/id");
  out->typed =
      !clause->param->shared && clause->param->field != ZD_NO_SYMBOL && !finds_absence(clause);
  return err;
}

/* _text, _content at the end of a way. */
static zd_err plan_text(zd_ask *a, zd_type type, const zd_step *step, zd_asked *out) {
  const zd_text_clause *clause;
  if (step->qualifier.p) return refuse_modifier(a, step);
  zd_err err = zd_text_clause_read(a, type, step->code, &clause);
  return err ? err : zd_text_plan(clause, a->q->arena, &out->plan);
}

zd_err zd_clause_leaf(zd_ask *a, zd_type type, const zd_step *step, zd_asked *out) {
  zd_query_reader *q = a->q;
  if (zd_slice_eq(step->code, ZD_S("_list")) && !step->qualifier.p)
    return zd_list_plan(a, type, out);
  if (zd_text_is_param(step->code)) return plan_text(a, type, step, out);
  zd_clause clause = {.type = type, .name = a->part->name};
  zd_err err = zd_clause_param(a, type, step->code, &clause.param);
  if (!err) err = read_modifier(a, type, step, &clause);
  if (err) return err;
  bool id = zd_slice_eq(step->code, ZD_S("_id"));
  bool updated = zd_slice_eq(step->code, ZD_S("_lastUpdated"));
  if (id && (clause.modifier == ZD_MOD_NONE || clause.modifier == ZD_MOD_NOT))
    return plan_ids(a, type, &clause, out);
  if ((id || updated) && clause.modifier != ZD_MOD_NONE && clause.modifier != ZD_MOD_MISSING)
    return refuse_modifier(a, step);
  err = read_values(a, &clause);
  if (err) return err;
  if ((id || updated) && clause.modifier == ZD_MOD_MISSING)
    return plan_missing(a, &clause, updated, out);
  if (updated)
    return zd_plan_updated(q->s, &clause, q->options->snapshot, q->now_ms, q->arena, &out->plan);
  return plan_clause(a, &clause, out);
}
