/* target.c: which resource an entry writes, and whether it may: ids, versions, conditions
 * (http.html#create, #update, #delete, #cond-update, #ccreate, #3.1.0.7.1). */
#include "base/clock.h"
#include "rest/definition.h"

/* How long a condition may be searched: until the call's own deadline while it is on a loop, as
 * long as any search else. */
static uint64_t deadline_of(const zd_call *c) {
  if (c->brief) return c->deadline_ns;
  return zd_clock_monotonic_ns() + (uint64_t)c->rest->query_ms * 1000000;
}

/* The first two matches that this unit does not delete itself. */
static zd_err find_two(zd_unit *u, const zd_plan *plan, zd_row rows[2], size_t *n,
                       zd_fault *fault) {
  zd_search_request ask = {
      .plan = plan, .after = ZD_NO_ROW, .limit = 2, .deadline_ns = deadline_of(u->call)};
  zd_row found[2];
  size_t got;
  *n = 0;
  do {
    zd_err err = zd_snapshot_search(u->snapshot, &ask, found, &got, fault);
    if (err != ZD_OK) return err;
    for (size_t i = 0; i < got && *n < 2; i++)
      if (!zd_unit_deletes(u, found[i])) rows[(*n)++] = found[i];
    if (got) ask.after = found[got - 1];
  } while (got == 2 && *n < 2);
  return ZD_OK;
}

bool zd_unit_condition(zd_unit *u, const zd_unit_entry *e, zd_type type, zd_slice query,
                       zd_condition *out) {
  zd_query q;
  zd_fault fault = {0};
  zd_query_options options = {.for_condition = true, .snapshot = u->snapshot};
  zd_err err =
      zd_search_parse(zd_unit_search(u), type, query, &options, &u->arena, &q, &u->call->issues);
  if (err != ZD_OK) {
    u->status = zd_status_of(err);
    return false;
  }
  *out = (zd_condition){.plan = q.plan, .watch = q.watch};
  err = find_two(u, q.plan, out->rows, &out->n, &fault);
  if (err == ZD_ERR_LIMIT && u->call->brief) {
    u->call->again = true;
    return false;
  }
  if (err != ZD_OK)
    return zd_unit_fail(u, e, err == ZD_ERR_LIMIT ? 503 : zd_status_of(err), ZD_ISSUE_EXCEPTION,
                        "the condition cannot be searched: %s %s", zd_err_name(err), fault.text);
  return true;
}

zd_err zd_unit_guard(zd_unit *u, const zd_condition *c) {
  zd_err err = zd_txn_guard(u->txn, c->plan);
  if (!err && c->watch) err = zd_txn_watch(u->txn, c->watch);
  if (!err && c->n == 1) err = zd_txn_require(u->txn, c->plan, c->rows[0]);
  return err;
}

/* The newest version of (type, id) into the entry; "not there" is a fine answer. */
static bool look_up(zd_unit *u, zd_unit_entry *e, bool *exists) {
  zd_record record;
  zd_row row;
  *exists = false;
  e->previous = ZD_NO_ROW;
  e->previous_version = 0;
  zd_err err = zd_snapshot_find(u->snapshot, e->type, e->id, &row);
  if (err == ZD_ERR_NOT_FOUND) return true;
  if (err == ZD_OK) err = zd_snapshot_read(u->snapshot, row, true, &u->arena, &record, NULL);
  if (err != ZD_OK)
    return zd_unit_fail(u, e, zd_status_of(err), ZD_ISSUE_EXCEPTION,
                        "the present version cannot be read: %s", zd_err_name(err));
  e->previous = row;
  e->previous_version = record.version;
  e->previous_time = record.time_ms;
  *exists = record.op != ZD_OP_DELETE;
  return true;
}

/* The matched resource becomes the entry's target. */
static bool take_match(zd_unit *u, zd_unit_entry *e, zd_row row) {
  zd_record record;
  zd_err err = zd_snapshot_read(u->snapshot, row, true, &u->arena, &record, NULL);
  if (err != ZD_OK)
    return zd_unit_fail(u, e, zd_status_of(err), ZD_ISSUE_EXCEPTION,
                        "the matching resource cannot be read: %s", zd_err_name(err));
  e->id = zd_arena_copy(&u->arena, (zd_slice){record.id, record.id_n});
  e->previous = row;
  e->previous_version = record.version;
  e->previous_time = record.time_ms;
  return e->id.p || zd_unit_fail(u, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
}

/* The entry of an import that has been imported already, whatever became of the resource since. */
static bool is_done(zd_unit *u, zd_unit_entry *e, bool *done) {
  bool exists;
  e->id = e->new_id;
  if (!look_up(u, e, &exists)) return false;
  *done = e->previous != ZD_NO_ROW;
  if (*done) e->act = ZD_ACT_NONE;
  return true;
}

static bool use_new_id(zd_unit *u, zd_unit_entry *e) {
  bool done = false;
  if (e->known_id && !is_done(u, e, &done)) return false;
  if (done) return true;
  if (!e->new_id.p) e->new_id = zd_new_id(u->call->rest, u->call->arena);
  e->id = e->new_id;
  e->previous = ZD_NO_ROW;
  e->previous_version = 0;
  e->op = ZD_OP_CREATE;
  e->act = ZD_ACT_WRITE;
  return e->id.p || zd_unit_fail(u, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
}

static bool target_create(zd_unit *u, zd_unit_entry *e) {
  if (!e->in.if_none_exist.p) return use_new_id(u, e);
  zd_condition c;
  if (!zd_unit_condition(u, e, e->in.type, e->in.if_none_exist, &c)) return false;
  if (c.n > 1)
    return zd_unit_fail(u, e, 412, ZD_ISSUE_MULTIPLE_MATCHES,
                        "the condition \"%.*s\" matches more than one resource",
                        ZD_SV(e->in.if_none_exist));
  if (c.n == 1) {
    e->act = ZD_ACT_NONE;
    return take_match(u, e, c.rows[0]);
  }
  e->guard = c;
  return use_new_id(u, e);
}

/* If-Match and If-None-Match: * against what is there (http.html#concurrency). */
static bool preconditions_hold(zd_unit *u, zd_unit_entry *e, bool exists) {
  if (e->in.if_none_match.p) {
    if (!zd_slice_eq(e->in.if_none_match, ZD_S("*")))
      return zd_unit_fail(u, e, 400, ZD_ISSUE_NOT_SUPPORTED,
                          "If-None-Match of a write can only be *");
    if (exists) return zd_unit_fail(u, e, 412, ZD_ISSUE_CONFLICT, "the resource is there already");
  }
  if (!e->in.if_match.p) return true;
  zd_tags tags = zd_etag_list(e->in.if_match, exists ? e->previous_version : 0);
  if (tags == ZD_TAGS_HIT) return true;
  if (tags == ZD_TAGS_MALFORMED)
    return zd_unit_fail(u, e, 400, ZD_ISSUE_VALUE, "If-Match is not a version tag like W/\"3\"");
  if (!exists)
    return zd_unit_fail(u, e, 412, ZD_ISSUE_CONFLICT,
                        "If-Match asks for %.*s, but there is no such resource now",
                        ZD_SV(e->in.if_match));
  return zd_unit_fail(u, e, 412, ZD_ISSUE_CONFLICT,
                      "If-Match asks for %.*s, but version %llu is current", ZD_SV(e->in.if_match),
                      (unsigned long long)e->previous_version);
}

static bool nothing_to_patch(zd_unit *u, const zd_unit_entry *e) {
  zd_slice type = zd_schema_type_info(u->call->rest->schema, e->in.type).name;
  if (e->previous_version)
    return zd_unit_fail(u, e, 410, ZD_ISSUE_DELETED, "%.*s/%.*s was deleted", ZD_SV(type),
                        ZD_SV(e->id));
  return zd_unit_fail(u, e, 404, ZD_ISSUE_NOT_FOUND, "there is no %.*s/%.*s", ZD_SV(type),
                      ZD_SV(e->id));
}

static bool target_by_id(zd_unit *u, zd_unit_entry *e) {
  bool exists;
  if (!look_up(u, e, &exists)) return false;
  if (e->in.kind == ZD_PATCH && !exists) return nothing_to_patch(u, e);
  if (!preconditions_hold(u, e, exists)) return false;
  e->act = ZD_ACT_WRITE;
  if (e->in.kind != ZD_DELETE) {
    e->op = exists ? ZD_OP_UPDATE : ZD_OP_CREATE;
    return true;
  }
  e->op = ZD_OP_DELETE;
  if (!exists) e->act = ZD_ACT_NONE; /* deleting what is not there succeeds and writes nothing */
  return true;
}

/* Conditional update: 0, 1, many matches, with and without an id in the body. */
static bool target_cond_update(zd_unit *u, zd_unit_entry *e, size_t n, const zd_row *rows) {
  zd_slice own = e->own_id;
  if (n == 1) {
    if (!take_match(u, e, rows[0])) return false;
    if (own.p && !zd_slice_eq(own, e->id))
      return zd_unit_fail(u, e, 400, ZD_ISSUE_VALUE,
                          "the body has id \"%.*s\", but the condition matches \"%.*s\"",
                          ZD_SV(own), ZD_SV(e->id));
    e->op = ZD_OP_UPDATE;
    e->act = ZD_ACT_WRITE;
    return preconditions_hold(u, e, true);
  }
  if (!own.p) {
    if (!use_new_id(u, e)) return false;
    return preconditions_hold(u, e, false);
  }
  bool exists;
  e->id = own;
  if (!look_up(u, e, &exists) || !preconditions_hold(u, e, exists)) return false;
  if (exists)
    return zd_unit_fail(u, e, 409, ZD_ISSUE_CONFLICT,
                        "the condition matches nothing, but a resource with id \"%.*s\" is there",
                        ZD_SV(own));
  e->op = ZD_OP_CREATE;
  e->act = ZD_ACT_WRITE;
  return true;
}

static bool target_by_condition(zd_unit *u, zd_unit_entry *e) {
  zd_condition c;
  if (!e->in.query.n)
    return zd_unit_fail(u, e, 412, ZD_ISSUE_REQUIRED,
                        "a conditional write needs at least one search parameter");
  if (!zd_unit_condition(u, e, e->in.type, e->in.query, &c)) return false;
  if (c.n > 1)
    return zd_unit_fail(u, e, 412, ZD_ISSUE_MULTIPLE_MATCHES,
                        "the condition \"%.*s\" matches more than one resource",
                        ZD_SV(e->in.query));
  e->guard = c;
  if (e->in.kind == ZD_UPDATE) return target_cond_update(u, e, c.n, c.rows);
  if (e->in.kind == ZD_PATCH && !c.n)
    return zd_unit_fail(u, e, 404, ZD_ISSUE_NOT_FOUND,
                        "the condition \"%.*s\" matches nothing that could be patched",
                        ZD_SV(e->in.query));
  e->op = e->in.kind == ZD_PATCH ? ZD_OP_UPDATE : ZD_OP_DELETE;
  e->act = c.n ? ZD_ACT_WRITE : ZD_ACT_NONE;
  return c.n == 0 || (take_match(u, e, c.rows[0]) && preconditions_hold(u, e, true));
}

/* An update's body says the same id as its address (http.html#update). */
static bool ids_agree(zd_unit *u, zd_unit_entry *e) {
  zd_slice own = e->own_id;
  if (zd_slice_eq(own, e->in.id)) return true;
  if (!own.p)
    return zd_unit_fail(u, e, 400, ZD_ISSUE_REQUIRED,
                        "the resource has no id; an update needs the id of its address, \"%.*s\"",
                        ZD_SV(e->in.id));
  return zd_unit_fail(u, e, 400, ZD_ISSUE_VALUE,
                      "the resource has id \"%.*s\", its address says \"%.*s\"", ZD_SV(own),
                      ZD_SV(e->in.id));
}

bool zd_unit_target(zd_unit *u, zd_unit_entry *e) {
  e->type = zd_search_type_symbol(u->call->rest->search, e->in.type);
  e->act = ZD_ACT_NONE;
  e->guard = (zd_condition){0};
  e->id = e->in.id;
  if (e->in.kind == ZD_CREATE) return target_create(u, e);
  if (e->in.conditional) return target_by_condition(u, e);
  if (e->in.kind == ZD_UPDATE && !ids_agree(u, e)) return false;
  return target_by_id(u, e);
}
