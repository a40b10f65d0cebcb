/* read.c: read and vread (http.html#read), with If-None-Match and If-Modified-Since. */
#include "rest/definition.h"
#include "rest/operation.h"

static void say_missing(zd_call *c, const zd_interaction *in, zd_answer *a, zd_err err) {
  zd_slice type = zd_schema_type_info(c->rest->schema, in->type).name;
  if (err == ZD_ERR_NOT_FOUND)
    zd_answer_fail(c, a, 404, ZD_ISSUE_NOT_FOUND, (zd_slice){NULL, 0}, "there is no %.*s/%.*s",
                   ZD_SV(type), ZD_SV(in->id));
  else if (err == ZD_ERR_GONE)
    zd_answer_fail(c, a, 410, ZD_ISSUE_DELETED, (zd_slice){NULL, 0}, "%.*s/%.*s was deleted",
                   ZD_SV(type), ZD_SV(in->id));
  else
    zd_answer_fail(c, a, zd_status_of(err), ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0},
                   "%.*s/%.*s cannot be read: %s", ZD_SV(type), ZD_SV(in->id), zd_err_name(err));
}

/* The row of version `wanted` among the versions of one resource. */
static zd_err find_version(zd_snapshot *v, uint32_t type, zd_slice id, uint64_t wanted,
                           zd_arena *arena, zd_record *record) {
  enum { PAGE = 64 };
  zd_row rows[PAGE], before = ZD_NO_ROW;
  for (;;) {
    size_t n = 0;
    zd_err err = zd_snapshot_versions(v, type, id, before, rows, PAGE, &n);
    if (err != ZD_OK) return err;
    if (!n) return ZD_ERR_NOT_FOUND;
    err = zd_snapshot_read(v, rows[0], true, arena, record, NULL);
    if (err != ZD_OK) return err;
    if (record->version < wanted) return ZD_ERR_NOT_FOUND;
    uint64_t back = record->version - wanted; /* versions count up by one */
    if (back < n) return zd_snapshot_read(v, rows[back], false, arena, record, NULL);
    before = rows[n - 1];
  }
}

static zd_err load(zd_call *c, zd_snapshot *v, const zd_interaction *in, zd_record *record) {
  uint32_t type = zd_search_type_symbol(c->rest->search, in->type);
  if (in->kind == ZD_VREAD) return find_version(v, type, in->id, in->version, c->arena, record);
  zd_row row;
  zd_err err = zd_snapshot_find(v, type, in->id, &row);
  if (err != ZD_OK) return err;
  return zd_snapshot_read(v, row, false, c->arena, record, NULL);
}

/* RFC 9110 13.1.2, 13.1.3: If-None-Match wins over If-Modified-Since. A tag that is not one of ours
 * matches nothing. */
static bool not_modified(const zd_interaction *in, const zd_record *record) {
  if (in->if_none_match.p) return zd_etag_list(in->if_none_match, record->version) == ZD_TAGS_HIT;
  if (in->if_modified_since) /* HTTP dates have whole seconds */
    return record->time_ms / 1000 * 1000 <= in->if_modified_since;
  return false;
}

static void answer_record(zd_call *c, const zd_interaction *in, const zd_record *record,
                          zd_answer *a) {
  if (in->if_match.p && zd_etag_list(in->if_match, record->version) != ZD_TAGS_HIT) {
    zd_answer_fail(c, a, 412, ZD_ISSUE_CONFLICT, ZD_S("http.If-Match"),
                   "version %llu is none of those asked for", (unsigned long long)record->version);
    return;
  }
  a->version = record->version;
  a->last_modified = record->time_ms;
  if (not_modified(in, record)) {
    a->status = 304;
    return;
  }
  a->status = 200;
  zd_err err = zd_render(c, in, record, &a->body);
  if (err != ZD_OK) say_missing(c, in, a, err);
}

void zd_run_read(zd_call *c, const zd_interaction *in, zd_answer *a) {
  zd_snapshot *v;
  zd_record record;
  zd_err err = zd_store_snapshot(c->rest->store, &v);
  if (err != ZD_OK) {
    say_missing(c, in, a, err);
    return;
  }
  err = load(c, v, in, &record);
  if (err == ZD_OK && record.op == ZD_OP_DELETE) err = ZD_ERR_GONE;
  if (err == ZD_OK)
    answer_record(c, in, &record, a);
  else
    say_missing(c, in, a, err);
  zd_snapshot_release(v);
}

static void run(zd_call *c, const zd_interaction *in, zd_answer *a) {
  switch (in->kind) {
    case ZD_READ:
    case ZD_VREAD:
      zd_run_read(c, in, a);
      break;
    case ZD_SEARCH:
      zd_run_search(c, in, a);
      break;
    case ZD_HISTORY:
      zd_run_history(c, in, a);
      break;
    case ZD_CAPABILITIES:
      zd_run_capabilities(c, a);
      if (!a->body.failed && zd_render_whole(c, in, &a->body) != ZD_OK)
        a->body.failed = ZD_ERR_MEMORY;
      break;
    case ZD_OPERATION:
      zd_run_operation(c, in, a);
      break;
    default:
      zd_answer_fail(c, a, 500, ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0}, "not a question");
  }
}

/* What one call asks within another's is of the same generation. */
void zd_run_question(zd_call *c, const zd_interaction *in, zd_answer *a) {
  bool outer = c->generation == NULL;
  bool needs = in->kind != ZD_READ && in->kind != ZD_VREAD && in->kind != ZD_HISTORY;
  if (needs) zd_call_take(c);
  run(c, in, a);
  if (needs && outer) zd_call_give(c);
}
