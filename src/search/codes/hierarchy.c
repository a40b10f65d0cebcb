#include "search/codes/hierarchy.h"

#include <stdlib.h>

#include "search/codes/code_list.h"

/* Types whose resources stand in one another, by which parameter. */
static const struct {
  const char *type, *parent;
} hierarchies[] = {{"Location", "partof"},     {"Organization", "partof"}, {"Encounter", "part-of"},
                   {"Procedure", "part-of"},   {"Observation", "part-of"}, {"Task", "part-of"},
                   {"ResearchStudy", "partof"}};

enum { PAGE = 1024, ASKED_AT_ONCE = 1000 };

static const zd_search_param *parent_of(const zd_search *s, zd_type type) {
  zd_slice name = zd_schema_type_info(s->schema, type).name;
  for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++)
    if (zd_slice_eq(name, zd_slice_of(hierarchies[i].type)))
      return zd_program_find(s, type, zd_slice_of(hierarchies[i].parent));
  return NULL;
}

bool zd_hierarchy_of(const zd_search *s, zd_type type) {
  const zd_search_param *parent = parent_of(s, type);
  return parent && parent->field != ZD_NO_SYMBOL;
}

/* Going through one hierarchy, level by level. Ids are kept as codes of the type's name. */
typedef struct walk {
  const zd_value_context *x;
  const zd_search_param *parent;
  zd_type type;
  zd_slice name;
  zd_code_list seen, level, next;
} walk;

static zd_err add_id(walk *w, zd_slice id) {
  zd_slice kept = zd_arena_copy(w->x->arena, id);
  zd_code_question q = {.fault = w->x->fault, .work = w->x->work};
  zd_err err = zd_code_spend(&q, 1);
  if (err) return err;
  return kept.p ? zd_code_list_add(&w->next, w->name, kept, w->x->arena) : ZD_ERR_MEMORY;
}

/* Ids of the rows found by a plan. */
static zd_err add_rows(walk *w, const zd_plan *plan) {
  zd_row *rows = ZD_NEW_ARRAY(w->x->arena, zd_row, PAGE);
  zd_search_request ask = {.plan = plan, .after = ZD_NO_ROW, .limit = PAGE};
  zd_err err = rows ? ZD_OK : ZD_ERR_MEMORY;
  for (size_t n = PAGE; !err && n == PAGE; ask.after = rows[n - 1]) {
    err = zd_snapshot_search(w->x->snapshot, &ask, rows, &n, w->x->fault);
    if (err || !n) break;
    for (size_t i = 0; i < n && !err; i++) {
      zd_record record;
      err = zd_snapshot_read(w->x->snapshot, rows[i], true, w->x->arena, &record, w->x->fault);
      if (!err) err = add_id(w, (zd_slice){record.id, record.id_n});
    }
    if (!err && w->next.n > ZD_QUERY_CODES_MAX) return ZD_OK; /* told by the caller */
  }
  return err;
}

/* Resources that name one of level[from..to) as what they are part of. */
static zd_err below(walk *w, size_t from, size_t to) {
  zd_search_value *values = ZD_NEW_ARRAY(w->x->arena, zd_search_value, to - from);
  const zd_plan *plan;
  if (!values) return ZD_ERR_MEMORY;
  for (size_t i = from; i < to; i++)
    values[i - from].reference = (zd_fact){.type = w->type, .id = w->level.items[i].code};
  zd_clause clause = {.param = w->parent, .type = w->type, .values = values, .count = to - from};
  zd_err err = zd_plan_clause(w->x->search, &clause, w->x->arena, &plan);
  return err ? err : add_rows(w, plan);
}

/* What the resource says it is part of, as its index entries name it. */
static zd_err above(walk *w, zd_slice id) {
  const zd_search *s = w->x->search;
  const zd_entry *entries = NULL;
  size_t n = 0;
  zd_row row;
  uint32_t type;
  zd_slice named;
  zd_err err = zd_snapshot_find(w->x->snapshot, s->types[w->type].symbol, id, &row);
  if (err) return err == ZD_ERR_NOT_FOUND ? ZD_OK : err;
  err = zd_snapshot_entries(w->x->snapshot, row, w->x->arena, &entries, &n, w->x->fault);
  for (size_t i = 0; i < n && !err; i++)
    if (entries[i].field == w->parent->field && zd_name_read(entries[i].term, &type, &named) &&
        type == s->types[w->type].symbol)
      err = add_id(w, named);
  return err;
}

static zd_err one_level(walk *w, bool down) {
  zd_err err = ZD_OK;
  size_t step = down ? ASKED_AT_ONCE : 1;
  for (size_t i = 0; i < w->level.n && !err; i += step) {
    size_t to = i + step < w->level.n ? i + step : w->level.n;
    err = down ? below(w, i, to) : above(w, w->level.items[i].code);
    if (!err && w->next.n > ZD_QUERY_CODES_MAX)
      err = zd_fail(w->x->fault, ZD_ERR_LIMIT, "a hierarchy of more than %d resources",
                    ZD_QUERY_CODES_MAX);
  }
  return err;
}

/* Adds what was found for the first time to all that was, and makes it the next level. */
static zd_err settle(walk *w) {
  zd_err err = ZD_OK;
  zd_code_list_sort(&w->next);
  zd_code_list_keep(&w->next, &w->seen, false);
  for (size_t i = 0; i < w->next.n && !err; i++)
    err = zd_code_list_add(&w->seen, w->name, w->next.items[i].code, w->x->arena);
  zd_code_list_sort(&w->seen);
  w->level = w->next;
  w->next = (zd_code_list){0};
  if (!err && w->seen.n > ZD_QUERY_CODES_MAX)
    err = zd_fail(w->x->fault, ZD_ERR_LIMIT, "a hierarchy of more than %d resources",
                  ZD_QUERY_CODES_MAX);
  return err;
}

static zd_err walk_type(const zd_value_context *x, zd_type type, zd_slice id, zd_code_list *out) {
  walk w = {.x = x,
            .type = type,
            .parent = parent_of(x->search, type),
            .name = zd_schema_type_info(x->search->schema, type).name};
  if (zd_field_is_late(x->search, w.parent))
    return zd_fail(x->fault, ZD_ERR_BUSY, "what was stored before is being indexed; ask later");
  zd_err err = add_id(&w, id);
  if (!err) err = settle(&w);
  while (!err && w.level.n && x->snapshot) {
    err = one_level(&w, x->modifier == ZD_MOD_BELOW);
    if (!err) err = settle(&w);
  }
  for (size_t i = 0; i < w.seen.n && !err; i++)
    err = zd_code_list_add(out, w.name, w.seen.items[i].code, x->arena);
  return err;
}

zd_err zd_value_relatives(const zd_value_context *x, const zd_search_param *param,
                          zd_search_value *out) {
  const zd_fact *r = &out->reference;
  uint16_t types = zd_schema_type_count(x->search->schema);
  zd_code_list list = {0};
  zd_err err = ZD_OK;
  size_t walked = 0;
  if (!x->snapshot)
    return zd_fail(x->fault, ZD_ERR_UNSUPPORTED, "hierarchies need a state to be looked up in");
  for (zd_type t = 0; t < types && !err; t++) {
    bool asked = out->bare_id ? zd_param_may_refer(x->search, param, t) : r->id.p && r->type == t;
    if (!asked || !zd_hierarchy_of(x->search, t)) continue;
    walked++;
    err = walk_type(x, t, out->bare_id ? r->text : r->id, &list);
  }
  if (!err && !walked)
    err = zd_fail(x->fault, ZD_ERR_INVALID,
                  ":above and :below ask for a resource of a type with a hierarchy (Location, "
                  "Organization, ...)");
  zd_code_list_sort(&list);
  out->codes = list.items;
  out->code_count = list.n;
  return err;
}
