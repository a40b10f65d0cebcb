#include "rest/definition.h"

#include "rest/operation.h"

/* ---- asking ---- */

void zd_call_take(zd_call *c) {
  if (c->rest->definer && !c->generation) c->generation = zd_definer_take(c->rest->definer);
}

void zd_call_give(zd_call *c) {
  if (c->generation) zd_definer_give(c->rest->definer, c->generation);
  c->generation = NULL;
}

zd_err zd_call_snapshot(zd_call *c, zd_row row, zd_snapshot **v) {
  const zd_rest *r = c->rest;
  for (;;) {
    zd_call_give(c);
    zd_call_take(c);
    zd_err err =
        row == ZD_NO_ROW ? zd_store_snapshot(r->store, v) : zd_store_snapshot_at(r->store, row, v);
    if (err || !r->definer || zd_definer_is_present(r->definer, c->generation)) return err;
    zd_snapshot_release(*v);
  }
}

/* ---- writing ---- */

bool zd_unit_enter(zd_unit *u) {
  zd_call *c = u->call;
  if (!c->rest->definer || u->generation) return true;
  u->generation = zd_definer_enter(c->rest->definer, !c->brief);
  if (!u->generation) c->again = true;
  return u->generation != NULL;
}

void zd_unit_leave(zd_unit *u) {
  if (u->generation) zd_definer_leave(u->call->rest->definer, u->generation);
  u->generation = NULL;
}

bool zd_unit_defines(const zd_unit *u) {
  const zd_rest *r = u->call->rest;
  if (!r->definer) return false;
  for (size_t i = 0; i < u->n; i++) {
    const zd_interaction *in = &u->entries[i].in;
    if (zd_writes(in) && in->type == r->search_parameter) return true;
  }
  return false;
}

static bool is_definition(const zd_unit *u, const zd_unit_entry *e) {
  return e->act == ZD_ACT_WRITE && e->in.type == u->call->rest->search_parameter;
}

/* What follows from the prepared writes. False when refused. */
static bool propose(zd_unit *u, zd_proposal **out) {
  zd_fault fault = {0};
  size_t n = 0;
  zd_definition_write *writes = ZD_NEW_ARRAY(&u->arena, zd_definition_write, u->n);
  *out = NULL;
  if (!writes) return zd_unit_fail(u, NULL, 500, ZD_ISSUE_EXCEPTION, "out of memory");
  for (size_t i = 0; i < u->n; i++) {
    const zd_unit_entry *e = &u->entries[i];
    if (!is_definition(u, e)) continue;
    writes[n] = (zd_definition_write){.id = e->id};
    if (e->op != ZD_OP_DELETE) writes[n].text = e->definition;
    if (e->expression.p)
      writes[n].where = zd_arena_printf(&u->arena, "%.*s.resource", ZD_SV(e->expression));
    n++;
  }
  if (!n) return true;
  zd_err err = zd_definer_propose(u->call->rest->definer, writes, n, &u->call->issues, out, &fault);
  if (err == ZD_OK) return true;
  u->status = err == ZD_ERR_INVALID ? 422 : zd_status_of(err);
  if (err == ZD_ERR_INVALID) return false;
  return zd_unit_fail(u, NULL, zd_status_of(err), ZD_ISSUE_EXCEPTION,
                      "the search parameters cannot be made ready: %s %s", zd_err_name(err),
                      fault.text);
}

/* One attempt. True: over. */
static bool attempt(zd_unit *u) {
  zd_commit_result r = {.err = ZD_OK};
  zd_proposal *proposal;
  zd_fault fault = {0};
  if (!zd_unit_prepare(u)) return true;
  if (!propose(u, &proposal)) {
    zd_unit_free(u);
    return true;
  }
  if (u->txn) r = zd_store_commit(u->call->rest->store, u->txn);
  bool over = zd_unit_settle(u, &r);
  if (r.err == ZD_OK)
    zd_definer_adopt(u->call->rest->definer, proposal, &fault); /* what is stored stays stored */
  else
    zd_definer_drop(proposal);
  return over;
}

void zd_unit_run_defining(zd_unit *u) {
  zd_definer_lock(u->call->rest->definer);
  while (!attempt(u)) {
  }
  zd_definer_unlock(u->call->rest->definer);
}

/* ---- how a parameter stands ---- */

static const char *word_for(const zd_parameter_report *p) {
  switch (p->standing) {
    case ZD_PARAMETER_USED:
      return p->late ? "indexing" : "ready";
    case ZD_PARAMETER_ANSWERED:
      return "answered";
    case ZD_PARAMETER_REFUSED:
      return "refused";
    default:
      return "inactive";
  }
}

static void add_parameter(zd_buffer *out, const char *name, const char *value, zd_slice text) {
  if (!text.p) return;
  zd_buffer_printf(out, ",{\"name\":\"%s\",\"%s\":\"", name, value);
  zd_buffer_add_json(out, text);
  zd_buffer_add_slice(out, ZD_S("\"}"));
}

static void write_status(zd_call *c, const zd_parameter_report *p, zd_buffer *out) {
  zd_definer_progress progress = {0};
  zd_buffer_printf(out,
                   "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"status\","
                   "\"valueCode\":\"%s\"}",
                   word_for(p));
  if (p->standing == ZD_PARAMETER_USED && p->late) {
    zd_definer_progress_get(c->rest->definer, &progress);
    zd_buffer_printf(out,
                     ",{\"name\":\"done\",\"valueDecimal\":%llu},"
                     "{\"name\":\"total\",\"valueDecimal\":%llu}",
                     (unsigned long long)progress.done, (unsigned long long)progress.total);
  }
  add_parameter(out, "answered-by", "valueUri", p->other);
  add_parameter(out, "expression", "valueString",
                p->standing == ZD_PARAMETER_REFUSED ? p->at : (zd_slice){NULL, 0});
  add_parameter(out, "diagnostics", "valueString", p->why);
  zd_buffer_add_slice(out, ZD_S("]}"));
}

void zd_run_parameter_status(zd_call *c, const zd_interaction *in, zd_answer *a) {
  const zd_argument *list;
  size_t n;
  zd_parameter_report report;
  zd_fault fault = {0};
  if (!zd_arguments(c, in, &list, &n, a)) return;
  if (n) {
    zd_argument_refuse(c, a, list[0].name, ZD_ISSUE_NOT_SUPPORTED, "$status takes no parameters");
    return;
  }
  if (!c->rest->definer) {
    zd_answer_fail(c, a, 501, ZD_ISSUE_NOT_SUPPORTED, (zd_slice){NULL, 0},
                   "search parameters do not change here");
    return;
  }
  zd_err err = zd_definer_report(c->rest->definer, in->id, c->arena, &report, &fault);
  if (err == ZD_ERR_NOT_FOUND)
    zd_answer_fail(c, a, 404, ZD_ISSUE_NOT_FOUND, ZD_S("http.path"),
                   "there is no SearchParameter/%.*s now", ZD_SV(in->id));
  else if (err != ZD_OK)
    zd_answer_unanswered(c, a, err, &fault);
  else
    write_status(c, &report, &a->body);
}
