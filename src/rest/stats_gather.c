/* stats_gather.c: which values belong to which code.
 *
 * Of a code: the Observations and the components that have it. An Observation with that code that
 * has components or members instead of a value is a panel: each of their codes is a sample of its
 * own. Left out: status entered-in-error. Counted as without a valid value: no Quantity, a
 * comparator, no UCUM unit, an Observation with a modifier extension, since nobody here knows what
 * it modifies.
 */
#include <stdlib.h>

#include "rest/period.h"
#include "rest/stats.h"

#define UCUM "http://unitsofmeasure.org"

void zd_stats_code_free(zd_stats_code *code) {
  for (size_t i = 0; i < code->group_count; i++) {
    zd_buffer_free(&code->groups[i].values);
    zd_texts_free(&code->groups[i].units);
  }
  free(code->groups);
  zd_texts_free(&code->names);
  zd_texts_free(&code->members);
  *code = (zd_stats_code){0};
}

/* One Observation being looked at. */
typedef struct looking {
  zd_stats *stats;
  zd_stats_code *code;
  zd_observed *o;
  int64_t time;
  bool modified; /* by an extension */
  bool used;     /* a value of it counts */
} looking;

/* ---- groups ---- */

static zd_err add_group(zd_stats_code *c, zd_slice system, zd_slice code, zd_slice text) {
  if (c->group_count == c->group_room) {
    size_t room = c->group_room ? c->group_room * 2 : 4;
    zd_stats_group *groups = realloc(c->groups, room * sizeof *groups);
    if (!groups) return ZD_ERR_MEMORY;
    c->groups = groups;
    c->group_room = room;
  }
  c->groups[c->group_count++] = (zd_stats_group){.system = system, .code = code, .text = text};
  return ZD_OK;
}

typedef struct coding {
  zd_slice system, code;
  zd_slice wanted_system, wanted_code; /* absent code: the first one */
  bool found;
} coding;

static zd_err look_at_coding(void *state, zd_slice system, zd_slice code) {
  coding *x = state;
  bool hit = !x->wanted_code.p || (zd_slice_eq(code, x->wanted_code) &&
                                   (!x->wanted_system.p || zd_slice_eq(system, x->wanted_system)));
  if (!hit || x->found) return ZD_OK;
  x->found = true;
  x->system = system;
  x->code = code;
  return ZD_OK;
}

static bool has_code(looking *l, uint32_t concept) {
  coding x = {.wanted_system = l->code->system, .wanted_code = l->code->code};
  zd_observed_codings(l->o, concept, &x, look_at_coding);
  return x.found;
}

/* The group of a part of a panel, by its first coding, or its text. */
static zd_err group_of(looking *l, zd_observed *o, uint32_t concept, size_t *out) {
  zd_arena *arena = l->stats->call->arena;
  coding x = {.found = false};
  zd_observed_codings(o, concept, &x, look_at_coding);
  zd_slice text = x.found || !concept ? (zd_slice){NULL, 0} : zd_observed_text(o, concept, "text");
  zd_slice name = x.found ? zd_arena_printf(&o->arena, "C%.*s|%.*s", ZD_SV(x.system), ZD_SV(x.code))
                          : zd_arena_printf(&o->arena, "T%.*s", ZD_SV(text));
  size_t number;
  bool is_new;
  zd_err err = name.p ? zd_texts_add(&l->code->names, name, &number, &is_new) : ZD_ERR_MEMORY;
  if (err != ZD_OK) return err;
  *out = number + 1;
  if (!is_new) return ZD_OK;
  if (x.system.p) x.system = zd_arena_copy(arena, x.system);
  if (x.code.p) x.code = zd_arena_copy(arena, x.code);
  return add_group(l->code, x.system, x.code, text.p ? zd_arena_copy(arena, text) : text);
}

/* ---- values ---- */

static bool is_measured(zd_observed *o, uint32_t quantity) {
  if (!quantity) return false;
  zd_type type = o->tree.nodes[quantity].type;
  return zd_slice_eq(zd_schema_type_info(o->tree.schema, type).name, ZD_S("Quantity")) &&
         zd_observed_text(o, quantity, "value").p &&
         !zd_observed_text(o, quantity, "comparator").p &&
         zd_slice_eq(zd_observed_text(o, quantity, "system"), ZD_S(UCUM)) &&
         zd_observed_text(o, quantity, "code").p;
}

static zd_err take_value(looking *l, zd_observed *o, uint32_t quantity, int64_t time,
                         zd_stats_group *g) {
  zd_arena *arena = l->stats->call->arena;
  zd_measured value;
  size_t number;
  bool is_new;
  zd_slice code = zd_observed_text(o, quantity, "code");
  zd_err err = zd_measured_read(zd_observed_text(o, quantity, "value"), &value);
  if (err == ZD_OK) err = zd_texts_add(&g->units, code, &number, &is_new);
  if (err != ZD_OK) return err;
  if (!g->unit_code.p) {
    zd_slice unit = zd_observed_text(o, quantity, "unit");
    g->unit_code = zd_arena_copy(arena, code);
    g->unit = unit.p ? zd_arena_copy(arena, unit) : g->unit_code;
  }
  if (number > UINT32_MAX) return ZD_ERR_LIMIT;
  value.unit = (uint32_t)number;
  value.hours = time == ZD_OBSERVED_NEVER ? 0 : (double)time / 3.6e9;
  g->sample.timed += time != ZD_OBSERVED_NEVER;
  g->sample.n++;
  l->used = true;
  zd_buffer_add(&g->values, &value, sizeof value);
  return zd_buffer_error(&g->values);
}

/* The value below `node`, an Observation or a component, into a group. */
static zd_err add_value(looking *l, zd_observed *o, uint32_t node, bool modified, int64_t time,
                        size_t group) {
  uint32_t value = zd_tree_child_path(&o->tree, node, ZD_S("value"));
  zd_stats_group *g = &l->code->groups[group];
  g->sample.total++;
  if (modified || !is_measured(o, value)) return ZD_OK;
  return take_value(l, o, value, time, g);
}

/* ---- panels ---- */

static bool is_modified(const zd_observed *o, uint32_t node) {
  return zd_tree_child(&o->tree, node, ZD_S("modifierExtension")) != 0;
}

static bool is_wrong(zd_observed *o) {
  return zd_slice_eq(zd_observed_text(o, 0, "status"), ZD_S("entered-in-error"));
}

static zd_err add_source(looking *l, zd_row row, int64_t time) {
  zd_stats_source source = {row, time};
  if (!l->used || !l->stats->include) return ZD_OK;
  zd_buffer_add(&l->stats->sources, &source, sizeof source);
  return zd_buffer_error(&l->stats->sources);
}

/* The Observation that a member names, when it is here, not counted yet, and right. */
static zd_err find_member(looking *l, zd_slice reference, zd_row *row, bool *found) {
  zd_rest *r = l->stats->call->rest;
  zd_type type;
  zd_slice id;
  size_t number;
  *found = false;
  if (!reference.p || !zd_search_reference(r->search, reference, &type, &id) ||
      type != l->stats->in->type)
    return ZD_OK;
  zd_err err = zd_snapshot_find(l->stats->v, zd_search_type_symbol(r->search, type), id, row);
  if (err == ZD_ERR_NOT_FOUND) return ZD_OK;
  if (err == ZD_OK)
    err =
        zd_texts_add(&l->code->members, (zd_slice){(const char *)row, sizeof *row}, &number, found);
  return err;
}

static zd_err add_member(looking *l, zd_slice reference, zd_fault *fault) {
  zd_observed member;
  zd_row row;
  bool found;
  size_t group;
  zd_err err = find_member(l, reference, &row, &found);
  if (err != ZD_OK || !found) return err;
  zd_observed_init(&member);
  err = zd_snapshot_read(l->stats->v, row, true, &member.arena, &member.record, fault);
  bool deleted = member.record.op == ZD_OP_DELETE;
  if (err == ZD_OK && !deleted)
    err = zd_observed_read(l->stats->call, l->stats->v, row, &member, fault);
  if (err == ZD_OK && !deleted && !is_wrong(&member)) {
    int64_t time = zd_observed_time(&member);
    bool used = l->used;
    l->used = false;
    err = group_of(l, &member, zd_tree_child(&member.tree, 0, ZD_S("code")), &group);
    if (err == ZD_OK) err = add_value(l, &member, 0, is_modified(&member, 0), time, group);
    if (err == ZD_OK) err = add_source(l, row, time);
    l->used = used;
  }
  zd_observed_done(&member);
  return err;
}

/* ---- an Observation ---- */

static bool is_element(const zd_observed *o, uint32_t node, const char *name) {
  zd_element e = o->tree.nodes[node].element;
  return zd_slice_eq(zd_schema_element_info(o->tree.schema, e).name, zd_slice_of(name));
}

static zd_err add_component(looking *l, uint32_t node, bool panel) {
  uint32_t concept = zd_tree_child(&l->o->tree, node, ZD_S("code"));
  bool modified = l->modified || is_modified(l->o, node);
  size_t group = 0;
  if (!has_code(l, concept)) {
    if (!panel) return ZD_OK;
    zd_err err = group_of(l, l->o, concept, &group);
    if (err != ZD_OK) return err;
  }
  return add_value(l, l->o, node, modified, l->time, group);
}

static zd_err look_at(looking *l, zd_row row, zd_fault *fault) {
  zd_observed *o = l->o;
  zd_err err = zd_observed_read(l->stats->call, l->stats->v, row, o, fault);
  if (err != ZD_OK || is_wrong(o)) return err;
  bool whole = has_code(l, zd_tree_child(&o->tree, 0, ZD_S("code")));
  bool parts = zd_tree_child(&o->tree, 0, ZD_S("component")) ||
               zd_tree_child(&o->tree, 0, ZD_S("hasMember"));
  bool value = zd_tree_child_path(&o->tree, 0, ZD_S("value")) != 0;
  bool panel = whole && parts && !value;
  l->modified = is_modified(o, 0);
  l->time = zd_observed_time(o);
  l->used = false;
  l->code->panel |= panel;
  if (whole && !panel) err = add_value(l, o, 0, l->modified, l->time, 0);
  for (uint32_t k = zd_tree_first(&o->tree, 0); k && err == ZD_OK; k = zd_tree_next(&o->tree, 0, k))
    if (is_element(o, k, "component"))
      err = add_component(l, k, panel);
    else if (panel && is_element(o, k, "hasMember"))
      err = add_member(l, zd_observed_text(o, k, "reference"), fault);
  return err == ZD_OK ? add_source(l, row, l->time) : err;
}

/* ---- all of them ---- */

/* What a search value reserves is escaped (search.html#escaping). */
static void add_escaped(zd_slice text, zd_buffer *out) {
  for (size_t i = 0; i < text.n; i++) {
    if (memchr("\\,|$", text.p[i], 4)) zd_buffer_add_char(out, '\\');
    zd_buffer_add_char(out, text.p[i]);
  }
}

static zd_slice query_of(zd_stats *s, const zd_stats_code *code) {
  zd_buffer query, value;
  zd_buffer_init(&query, 0);
  zd_buffer_init(&value, 0);
  add_escaped(s->subject, &value);
  zd_argument_encode(ZD_S("subject"), zd_buffer_slice(&value), &query);
  zd_buffer_clear(&value);
  if (code->system.p) {
    add_escaped(code->system, &value);
    zd_buffer_add_char(&value, '|');
  }
  add_escaped(code->code, &value);
  zd_argument_encode(ZD_S("combo-code"), zd_buffer_slice(&value), &query);
  zd_slice bounds[2];
  if (!zd_period_overlap(s->from, s->to, s->call->arena, bounds)) query.failed = ZD_ERR_MEMORY;
  for (int i = 0; i < 2; i++)
    if (bounds[i].p) zd_argument_encode(ZD_S("date"), bounds[i], &query);
  zd_slice text = {NULL, 0};
  if (!query.failed && !value.failed) text = zd_arena_copy(s->call->arena, zd_buffer_slice(&query));
  zd_buffer_free(&query);
  zd_buffer_free(&value);
  return text;
}

bool zd_stats_gather(zd_stats *s, zd_stats_code *code, zd_answer *a) {
  zd_observed_rows rows = {0};
  zd_observed o;
  zd_fault fault = {0};
  zd_slice query = query_of(s, code);
  zd_err err =
      query.p ? add_group(code, code->system, code->code, (zd_slice){NULL, 0}) : ZD_ERR_MEMORY;
  if (err != ZD_OK) {
    zd_answer_unanswered(s->call, a, err, NULL);
    return false;
  }
  bool fine = zd_observed_find(s->call, s->v, query, &rows, a);
  zd_observed_init(&o);
  looking l = {.stats = s, .code = code, .o = &o};
  for (size_t i = 0; fine && i < zd_observed_count(&rows) && err == ZD_OK; i++)
    err = look_at(&l, zd_observed_row(&rows, i), &fault);
  zd_observed_done(&o);
  zd_observed_free(&rows);
  if (err != ZD_OK) zd_answer_unanswered(s->call, a, err, &fault);
  return fine && err == ZD_OK;
}
