/* stored.c: the SearchParameters of the record. */
#include <stdlib.h>

#include "define/definer_internal.h"

typedef struct gathering {
  zd_definer *d;
  const generation *g;
  const zd_definition_write *writes;
  size_t write_count;
  zd_arena *arena;
  zd_buffer list; /* zd_parameter */
  zd_fault *fault;
} gathering;

enum { ACTIVE_AT_ONCE = 1024, ACTIVE_MAX = 100000 };

static zd_parameter *all_of(gathering *x, size_t *n) {
  *n = x->list.n / sizeof(zd_parameter);
  return (zd_parameter *)(void *)x->list.p;
}

static bool is_there(gathering *x, zd_slice id) {
  size_t n;
  const zd_parameter *all = all_of(x, &n);
  for (size_t i = 0; i < n; i++)
    if (all[i].id.p && zd_slice_eq(all[i].id, id)) return true;
  return false;
}

static const zd_definition_write *write_of(const gathering *x, zd_slice id) {
  for (size_t i = 0; i < x->write_count; i++)
    if (zd_slice_eq(x->writes[i].id, id)) return &x->writes[i];
  return NULL;
}

/* text absent: it is being deleted. */
static zd_err add(gathering *x, zd_slice id, zd_slice text) {
  zd_parameter p = {.id = id, .text = text};
  if (!text.p) return ZD_OK;
  zd_err err = zd_parameter_read(&p, x->arena);
  if (err == ZD_ERR_CORRUPT && !id.p) return ZD_OK; /* a profile, say */
  if (!err) {
    zd_buffer_add(&x->list, &p, sizeof p);
    err = zd_buffer_error(&x->list);
  }
  return err ? zd_fail(x->fault, err, "SearchParameter/%.*s cannot be read: %s", ZD_SV(id),
                       zd_err_name(err))
             : ZD_OK;
}

static zd_err add_defined(gathering *x) {
  zd_slice rest = zd_buffer_slice(&x->g->defined.text);
  zd_err err = ZD_OK;
  while (rest.n && !err) {
    zd_slice line = {rest.p, zd_slice_find(rest, '\n')};
    rest = zd_slice_from(rest, line.n + 1);
    if (memmem(line.p, line.n, "\"SearchParameter\"", 17)) err = add(x, (zd_slice){NULL, 0}, line);
  }
  return err;
}

static zd_err add_used(gathering *x) {
  zd_slice rest = zd_buffer_slice(&x->g->defined.stored);
  zd_err err = ZD_OK;
  while (rest.n && !err) {
    zd_slice line = {rest.p, zd_slice_find(rest, '\n')};
    zd_slice id = {line.p, zd_slice_find(line, ' ')};
    rest = zd_slice_from(rest, line.n + 1);
    const zd_definition_write *w = write_of(x, id);
    err = add(x, id, w ? w->text : zd_slice_from(line, id.n + 1));
  }
  return err;
}

static zd_err add_row(gathering *x, zd_snapshot *v, zd_row row) {
  zd_record record;
  zd_err err = zd_snapshot_read(v, row, false, x->arena, &record, x->fault);
  if (err) return err;
  zd_slice id = zd_arena_copy(x->arena, (zd_slice){record.id, record.id_n});
  if (!id.p) return ZD_ERR_MEMORY;
  if (is_there(x, id) || write_of(x, id)) return ZD_OK;
  return add(x, id, record.body);
}

/* Those the index calls active; all, while it does not know. */
static zd_err plan_of(gathering *x, zd_snapshot *v, const zd_plan **out) {
  static const char *const queries[] = {"status=active", ""};
  const zd_search *s = x->g->shown.search;
  zd_type type = zd_schema_type(zd_schema_r4(), ZD_S("SearchParameter"));
  zd_err err = ZD_OK;
  for (int i = 0; i < 2; i++) {
    zd_issues issues;
    zd_query q;
    zd_query_options options = {.snapshot = v, .for_condition = true};
    zd_issues_init(&issues, x->arena);
    err = zd_search_parse(s, type, zd_slice_of(queries[i]), &options, x->arena, &q, &issues);
    *out = q.plan;
    if (!err || err == ZD_ERR_MEMORY) break;
  }
  return err;
}

static zd_err add_active(gathering *x, zd_snapshot *v) {
  zd_row rows[ACTIVE_AT_ONCE];
  zd_search_request ask = {.after = ZD_NO_ROW, .limit = ACTIVE_AT_ONCE};
  size_t got = 0, seen = 0;
  zd_err err = plan_of(x, v, &ask.plan);
  do {
    if (!err) err = zd_snapshot_search(v, &ask, rows, &got, x->fault);
    for (size_t i = 0; i < got && !err; i++) err = add_row(x, v, rows[i]);
    seen += got;
    if (got) ask.after = rows[got - 1];
  } while (!err && got == ACTIVE_AT_ONCE && seen < ACTIVE_MAX);
  return err;
}

static zd_err add_written(gathering *x) {
  zd_err err = ZD_OK;
  for (size_t i = 0; i < x->write_count && !err; i++)
    if (!is_there(x, x->writes[i].id)) err = add(x, x->writes[i].id, x->writes[i].text);
  return err;
}

zd_err zd_parameters_gather(zd_definer *d, const generation *g, const zd_definition_write *writes,
                            size_t n, zd_arena *arena, zd_parameters *out, zd_fault *fault) {
  gathering x = {
      .d = d, .g = g, .writes = writes, .write_count = n, .arena = arena, .fault = fault};
  zd_snapshot *v;
  zd_buffer_init(&x.list, 0);
  zd_err err = zd_store_snapshot(d->o.store, &v);
  if (err) return zd_fail(fault, err, "the search parameters of the record cannot be read");
  err = add_defined(&x);
  if (!err) err = add_used(&x);
  if (!err) err = add_active(&x, v);
  if (!err) err = add_written(&x);
  zd_snapshot_release(v);
  zd_slice list = zd_arena_copy(arena, zd_buffer_slice(&x.list));
  zd_buffer_free(&x.list);
  if (!err && !list.p) err = ZD_ERR_MEMORY;
  if (err) return zd_fail(fault, err, "the search parameters of the record cannot be read");
  out->all = (zd_parameter *)(uintptr_t)list.p;
  out->n = list.n / sizeof(zd_parameter);
  return zd_parameters_judge(g->shown.search, out->all, out->n, arena);
}
