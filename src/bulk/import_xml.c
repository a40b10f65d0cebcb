/* import_xml.c: a document in XML becomes the same in JSON before anything looks at it. */
#include "bulk/import.h"
#include "fhir/xml.h"

static zd_err as_json(zd_import_piece *p, zd_slice text, zd_buffer *json, zd_issues *issues) {
  const zd_schema *schema = p->run->o->schema;
  zd_tree tree;
  if (zd_slice_eq(zd_fhir_xml_root(text), ZD_S("Bundle")))
    return zd_fhir_xml_bundle(schema, text, NULL, &p->arena, json, NULL, issues);
  zd_err err = zd_fhir_read_xml(schema, text, ZD_NO_TYPE, NULL, &p->arena, &tree, issues);
  if (err != ZD_OK) return err;
  zd_fhir_write_json(&tree, 0, NULL, json);
  return zd_buffer_error(json);
}

zd_err zd_import_xml(zd_import_piece *p, bool *refused, zd_fault *fault) {
  zd_issues issues;
  zd_buffer json;
  *refused = false;
  zd_arena_reset(&p->arena);
  zd_issues_init(&issues, &p->arena);
  zd_buffer_init(&json, 0);
  zd_err err = as_json(p, zd_buffer_slice(&p->text), &json, &issues);
  if (err == ZD_OK) {
    zd_buffer_free(&p->text);
    p->text = json;
    return ZD_OK;
  }
  zd_buffer_free(&json);
  if (!issues.errors) return zd_fail(fault, err, "%s: %s", p->file->path, zd_err_name(err));
  *refused = true;
  p->read = 1;
  zd_import_refuse(p, issues.n && issues.items[0].line ? issues.items[0].line : 1, &issues);
  return ZD_OK;
}
