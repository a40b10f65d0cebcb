/* bundle.c: what Bundles must be beyond their invariants (R4 bundle.html, documents.html,
 * messaging.html). */
#include "validate/run.h"

static void say(zd_run *r, uint32_t node, zd_severity severity, zd_issue_code code,
                zd_message message, zd_slice a, zd_slice b) {
  zd_run_say(r, (zd_subject){node, NULL, 0},
             &(zd_say){.severity = severity,
                       .code = code,
                       .message = message,
                       .text = {a, b},
                       .source = ZD_S("http://hl7.org/fhir/StructureDefinition/Bundle")});
}

static bool is_entry(const zd_run *r, uint32_t node) {
  zd_slice name = zd_schema_element_info(r->schema, r->tree->nodes[node].element).name;
  return zd_slice_eq(name, ZD_S("entry"));
}

static void check_first(zd_run *r, uint32_t bundle, zd_slice type, const char *first) {
  zd_type must = zd_schema_type(r->schema, zd_slice_of(first));
  for (uint32_t c = zd_tree_first(r->tree, bundle); c; c = zd_tree_next(r->tree, bundle, c)) {
    if (!is_entry(r, c)) continue;
    uint32_t resource = zd_tree_child(r->tree, c, ZD_S("resource"));
    if (resource && r->tree->nodes[resource].type == must) return;
    break;
  }
  say(r, bundle, ZD_ERROR, ZD_ISSUE_STRUCTURE, ZD_SAY_BUNDLE_FIRST, type, zd_slice_of(first));
}

/* fullUrl of a RESTful form ends in type and id of the resource. */
static void check_full_url(zd_run *r, uint32_t entry, zd_slice type_of_bundle) {
  uint32_t resource = zd_tree_child(r->tree, entry, ZD_S("resource"));
  zd_slice full = zd_run_child_text(r, r->tree, entry, ZD_S("fullUrl"));
  bool needed =
      zd_slice_eq(type_of_bundle, ZD_S("document")) || zd_slice_eq(type_of_bundle, ZD_S("message"));
  if (resource && !full.p && needed)
    say(r, entry, ZD_ERROR, ZD_ISSUE_REQUIRED, ZD_SAY_BUNDLE_NO_FULL_URL, type_of_bundle,
        type_of_bundle);
  if (!resource || !full.p || !zd_slice_starts(full, ZD_S("http"))) return;
  zd_slice id = zd_run_child_text(r, r->tree, resource, ZD_S("id"));
  if (!id.p) return;
  zd_slice type = zd_schema_type_info(r->schema, r->tree->nodes[resource].type).name;
  zd_slice part = zd_arena_join(r->arena, (zd_slice[]){ZD_S("/"), type, ZD_S("/")}, 3);
  if (!part.p || !memmem(full.p, full.n, part.p, part.n)) return; /* another kind of address */
  if (zd_slice_ends(full, id) && full.n > id.n && full.p[full.n - id.n - 1] == '/') return;
  say(r, entry, ZD_ERROR, ZD_ISSUE_STRUCTURE, ZD_SAY_BUNDLE_FULL_URL, full, id);
}

void zd_check_bundle(zd_run *r, uint32_t node) {
  zd_slice type = zd_run_child_text(r, r->tree, node, ZD_S("type"));
  if (zd_slice_eq(type, ZD_S("document"))) check_first(r, node, type, "Composition");
  if (zd_slice_eq(type, ZD_S("message"))) check_first(r, node, type, "MessageHeader");
  for (uint32_t c = zd_tree_first(r->tree, node); c && !r->err; c = zd_tree_next(r->tree, node, c))
    if (is_entry(r, c)) check_full_url(r, c, type);
}
