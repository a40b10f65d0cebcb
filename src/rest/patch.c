#include "rest/patch.h"

#include "fhir/xml.h"
#include "fhir/xml_patch.h"
#include "json/patch.h"
#include "rest/base64.h"
#include "rest/format.h"
#include "rest/markup.h"

/* ---- what is there, changed ---- */

/* What a reader would see now. */
static zd_err present(zd_unit *u, const zd_unit_entry *e, zd_buffer *out) {
  zd_record record;
  zd_err err = zd_snapshot_read(u->snapshot, e->previous, false, &u->scratch, &record, NULL);
  if (err != ZD_OK) return err;
  zd_fhir_stamp(record.body, record.stamp_at, record.version, record.time_ms, out);
  return zd_buffer_error(out);
}

static bool tell(zd_unit *u, const zd_unit_entry *e, zd_err err, size_t operation,
                 const char *why) {
  int status = zd_status_of(err);
  zd_issue_code code = ZD_ISSUE_EXCEPTION;
  if (err == ZD_ERR_INVALID) status = 400, code = ZD_ISSUE_STRUCTURE;
  if (err == ZD_ERR_NOT_FOUND) status = 409, code = ZD_ISSUE_CONFLICT;
  if (err == ZD_ERR_REFUSED) status = 409, code = ZD_ISSUE_CONFLICT;
  if (err == ZD_ERR_LIMIT) status = 413, code = ZD_ISSUE_TOO_LONG;
  if (!*why) why = zd_err_name(err);
  if (operation == SIZE_MAX) return zd_unit_fail(u, e, status, code, "the patch: %s", why);
  return zd_unit_fail(u, e, status, code, "operation %zu of the patch: %s", operation, why);
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

typedef zd_err (*reader)(const zd_schema *, zd_slice, zd_type, const zd_read_limits *, zd_arena *,
                         zd_tree *, zd_issues *);

static bool read_changed(zd_unit *u, const zd_unit_entry *e, const zd_buffer *changed, reader read,
                         zd_tree *out) {
  zd_issues found;
  zd_issues_init(&found, &u->scratch);
  zd_slice text = zd_arena_copy(&u->scratch, zd_buffer_slice(changed));
  if (!text.p) return tell(u, e, ZD_ERR_MEMORY, SIZE_MAX, "");
  zd_err err = read(u->call->rest->schema, text, ZD_NO_TYPE, NULL, &u->scratch, out, &found);
  return err == ZD_OK ? is_same(u, e, out) : tell_faults(u, e, err, &found);
}

static bool patch_json(zd_unit *u, const zd_unit_entry *e, zd_slice now, zd_buffer *changed,
                       zd_tree *out) {
  zd_json_patch_error why;
  zd_err err = zd_json_patch(now, e->in.patch, NULL, &u->scratch, changed, &why);
  if (err != ZD_OK) return tell(u, e, err, why.operation, why.text);
  return read_changed(u, e, changed, zd_fhir_read_json, out);
}

static bool patch_xml(zd_unit *u, const zd_unit_entry *e, zd_slice now, zd_buffer *changed,
                      zd_tree *out) {
  zd_xml_patch_error why;
  zd_buffer xml;
  zd_buffer_init(&xml, 0);
  zd_err err = zd_markup_whole(u->call->rest->schema, now, false, &xml);
  if (err == ZD_OK) err = zd_buffer_error(&xml);
  if (err != ZD_OK) {
    zd_buffer_free(&xml);
    return tell(u, e, err, SIZE_MAX, "what is there cannot be written as XML");
  }
  err = zd_xml_patch(zd_buffer_slice(&xml), e->in.patch, changed, &why);
  zd_buffer_free(&xml);
  if (err != ZD_OK) return tell(u, e, err, why.operation, why.text);
  return read_changed(u, e, changed, zd_fhir_read_xml, out);
}

bool zd_unit_patch(zd_unit *u, zd_unit_entry *e, zd_unit_resource *out) {
  zd_buffer now, changed;
  zd_buffer_init(&now, 0);
  zd_buffer_init(&changed, u->call->rest->resource_limit);
  *out = (zd_unit_resource){.root = 0};
  zd_err err = present(u, e, &now);
  bool fine = false;
  if (err != ZD_OK)
    tell(u, e, err, SIZE_MAX, "the present version cannot be read");
  else if (e->in.xml_patch)
    fine = patch_xml(u, e, zd_buffer_slice(&now), &changed, &out->tree);
  else
    fine = patch_json(u, e, zd_buffer_slice(&now), &changed, &out->tree);
  zd_buffer_free(&now);
  zd_buffer_free(&changed);
  return fine;
}

bool zd_unit_patches(const zd_unit *u) {
  for (size_t i = 0; i < u->n; i++)
    if (u->entries[i].in.kind == ZD_PATCH) return true;
  return false;
}

/* ---- in a Bundle ---- */

bool zd_patch_of_binary(const zd_tree *t, uint32_t binary, zd_arena *arena, zd_interaction *in,
                        const char **why) {
  zd_slice name = zd_schema_type_info(t->schema, t->nodes[binary].type).name;
  *why = NULL;
  if (zd_slice_eq(name, ZD_S("Parameters"))) {
    *why = "FHIRPath Patch (Parameters) is not offered; a Binary with JSON or XML Patch is";
  } else if (!zd_slice_eq(name, ZD_S("Binary"))) {
    *why = "a PATCH brings its patch as a Binary";
  } else {
    zd_slice type = zd_node_child_text(t, binary, ZD_S("contentType"), arena);
    zd_slice data = zd_node_child_text(t, binary, ZD_S("data"), arena);
    zd_format format = zd_format_of_body(type);
    in->xml_patch = format == ZD_FORMAT_XML_PATCH;
    if (format != ZD_FORMAT_JSON_PATCH && format != ZD_FORMAT_XML_PATCH)
      *why = "the contentType is application/json-patch+json or application/xml-patch+xml";
    else if (!data.p)
      *why = "the Binary of a PATCH has no data";
    else if (!(in->patch = zd_base64_decode(data, arena)).p)
      *why = "out of memory";
  }
  return !*why;
}
