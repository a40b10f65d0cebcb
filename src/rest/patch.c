#include "rest/patch.h"

#include "json/patch.h"
#include "rest/base64.h"
#include "rest/format.h"

/* ---- what is there, changed ---- */

/* What a reader would see now. */
static zd_err present(zd_unit *u, const zd_unit_entry *e, zd_buffer *out) {
  zd_record record;
  zd_err err = zd_snapshot_read(u->snapshot, e->previous, false, &u->scratch, &record, NULL);
  if (err != ZD_OK) return err;
  zd_fhir_stamp(record.body, record.stamp_at, record.version, record.time_ms, out);
  return zd_buffer_error(out);
}

static bool tell(zd_unit *u, const zd_unit_entry *e, zd_err err, const zd_json_patch_error *why) {
  int status = zd_status_of(err);
  zd_issue_code code = ZD_ISSUE_EXCEPTION;
  if (err == ZD_ERR_INVALID) status = 400, code = ZD_ISSUE_STRUCTURE;
  if (err == ZD_ERR_NOT_FOUND) status = 409, code = ZD_ISSUE_CONFLICT;
  if (err == ZD_ERR_REFUSED) status = 409, code = ZD_ISSUE_CONFLICT;
  if (err == ZD_ERR_LIMIT) status = 413, code = ZD_ISSUE_TOO_LONG;
  if (why->operation == SIZE_MAX)
    return zd_unit_fail(u, e, status, code, "the patch: %s",
                        why->text[0] ? why->text : zd_err_name(err));
  return zd_unit_fail(u, e, status, code, "operation %zu of the patch: %s", why->operation,
                      why->text[0] ? why->text : zd_err_name(err));
}

/* Faults of what came out. Its lines and columns nobody has seen. */
static bool tell_faults(zd_unit *u, const zd_unit_entry *e, zd_err err, const zd_issues *found) {
  u->status = err == ZD_ERR_LIMIT ? 413 : 422;
  if (!found->errors)
    return zd_unit_fail(u, e, zd_status_of(err), ZD_ISSUE_EXCEPTION,
                        "what the patch makes cannot be read: %s", zd_err_name(err));
  for (size_t i = 0; i < found->n; i++) {
    const zd_issue *issue = &found->items[i];
    bool inside = e->expression.p && issue->expression.p;
    zd_issue_add(&u->call->issues, issue->severity, issue->code,
                 e->expression.p ? e->expression : issue->expression,
                 "what the patch makes: %.*s%s%.*s", ZD_SV(inside ? issue->expression : ZD_S("")),
                 inside ? ": " : "", ZD_SV(issue->diagnostics));
  }
  return false;
}

/* It has to stay the resource that it was. */
static bool is_same(zd_unit *u, const zd_unit_entry *e, const zd_tree *t) {
  if (t->nodes[0].type != e->in.type)
    return zd_unit_fail(u, e, 422, ZD_ISSUE_BUSINESS_RULE, "a patch cannot change the type");
  zd_slice id = zd_node_child_text(t, 0, ZD_S("id"), &u->scratch);
  return zd_slice_eq(id, e->id) ||
         zd_unit_fail(u, e, 422, ZD_ISSUE_BUSINESS_RULE, "a patch cannot change the id");
}

static bool read_changed(zd_unit *u, const zd_unit_entry *e, zd_slice text, zd_tree *out) {
  zd_issues found;
  zd_issues_init(&found, &u->scratch);
  zd_err err =
      zd_fhir_read_json(u->call->rest->schema, text, ZD_NO_TYPE, NULL, &u->scratch, out, &found);
  return err == ZD_OK ? is_same(u, e, out) : tell_faults(u, e, err, &found);
}

bool zd_unit_patch(zd_unit *u, zd_unit_entry *e, zd_unit_resource *out) {
  zd_buffer before, after;
  zd_json_patch_error why = {.operation = SIZE_MAX};
  zd_buffer_init(&before, 0);
  zd_buffer_init(&after, u->call->rest->resource_limit);
  zd_err err = present(u, e, &before);
  if (err == ZD_OK)
    err = zd_json_patch(zd_buffer_slice(&before), e->in.patch, NULL, &u->scratch, &after, &why);
  zd_slice text = zd_arena_copy(&u->scratch, zd_buffer_slice(&after));
  if (err == ZD_OK && !text.p) err = ZD_ERR_MEMORY;
  zd_buffer_free(&before);
  zd_buffer_free(&after);
  if (err != ZD_OK) return tell(u, e, err, &why);
  *out = (zd_unit_resource){.root = 0};
  return read_changed(u, e, text, &out->tree);
}

/* ---- in a Bundle ---- */

bool zd_patch_of_binary(const zd_tree *t, uint32_t binary, zd_arena *arena, zd_slice *patch,
                        const char **why) {
  zd_slice name = zd_schema_type_info(t->schema, t->nodes[binary].type).name;
  *why = NULL;
  if (zd_slice_eq(name, ZD_S("Parameters"))) {
    *why = "FHIRPath Patch (Parameters) is not offered; a Binary with JSON Patch is";
  } else if (!zd_slice_eq(name, ZD_S("Binary"))) {
    *why = "a PATCH brings its patch as a Binary";
  } else {
    zd_slice type = zd_node_child_text(t, binary, ZD_S("contentType"), arena);
    zd_slice data = zd_node_child_text(t, binary, ZD_S("data"), arena);
    if (zd_format_of_body(type) != ZD_FORMAT_JSON_PATCH)
      *why = "the Binary of a PATCH has the contentType application/json-patch+json";
    else if (!data.p)
      *why = "the Binary of a PATCH has no data";
    else if (!(*patch = zd_base64_decode(data, arena)).p)
      *why = "out of memory";
  }
  return !*why;
}
