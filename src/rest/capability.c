/* capability.c: the CapabilityStatement, made from what this server truly does: the tables here are
 * those of route.c and unit.c, the search parameters are those that search/ answers. */
#include <stdlib.h>

#include "rest/operation.h"

static const char *const type_interactions[] = {
    "read",   "vread",       "update",           "delete",
    "create", "search-type", "history-instance", "history-type"};
static const char *const system_interactions[] = {"transaction", "batch", "search-system",
                                                  "history-system"};
static const char *const param_types[] = {"number",    "date",     "string", "token",  "reference",
                                          "composite", "quantity", "uri",    "special"};

static void add(zd_rest *r, const char *text) {
  zd_buffer_add_slice(&r->capabilities, zd_slice_of(text));
}

static void add_string(zd_rest *r, const char *name, zd_slice value) {
  zd_buffer_add_char(&r->capabilities, '"');
  add(r, name);
  add(r, "\":\"");
  zd_buffer_add_json(&r->capabilities, value);
  zd_buffer_add_char(&r->capabilities, '"');
}

static void add_interactions(zd_rest *r, const char *const *codes, size_t n) {
  add(r, "\"interaction\":[");
  for (size_t i = 0; i < n; i++) {
    add(r, i ? ",{" : "{");
    add_string(r, "code", zd_slice_of(codes[i]));
    add(r, "}");
  }
  add(r, "]");
}

/* Modifiers and, for references, chains: there is no element for them in R4. */
static void add_documentation(zd_rest *r, zd_type type, uint32_t param, zd_param_type kind) {
  const char *names[16];
  size_t n = zd_search_modifiers(r->search, type, param, names, 16);
  bool reference = kind == ZD_PARAM_REFERENCE;
  if (!n && !reference) return;
  add(r, ",\"documentation\":\"");
  for (size_t i = 0; i < n && i < 16; i++) {
    add(r, i ? " :" : ":");
    add(r, names[i]);
  }
  if (reference) add(r, " :[type], chains, _has");
  add(r, "\"");
}

/* "Observation:subject" */
static void add_include(zd_rest *r, const zd_include *x, bool first) {
  add(r, first ? "\"" : ",\"");
  zd_buffer_add_slice(&r->capabilities, zd_schema_type_info(r->schema, x->source).name);
  add(r, ":");
  zd_buffer_add_slice(&r->capabilities, zd_schema_param(r->schema, x->param).code);
  add(r, "\"");
}

static void add_includes(zd_rest *r, zd_type type, bool reverse) {
  size_t n = zd_search_includes(r->search, type, reverse, NULL, 0);
  zd_include *list = n ? calloc(n, sizeof *list) : NULL;
  if (!n) return;
  if (!list) {
    r->capabilities.failed = ZD_ERR_MEMORY;
    return;
  }
  zd_search_includes(r->search, type, reverse, list, n);
  add(r, reverse ? ",\"searchRevInclude\":[\"*\"," : ",\"searchInclude\":[\"*\",");
  for (size_t i = 0; i < n; i++) add_include(r, &list[i], i == 0);
  add(r, "]");
  free(list);
}

static void add_params(zd_rest *r, zd_type type) {
  enum { MOST = 256 };
  uint32_t params[MOST];
  size_t n = zd_search_supported(r->search, type, params, MOST);
  if (n > MOST) n = MOST;
  if (!n) return;
  add(r, ",\"searchParam\":[");
  for (size_t i = 0; i < n; i++) {
    zd_param_info p = zd_schema_param(r->schema, params[i]);
    add(r, i ? ",{" : "{");
    add_string(r, "name", p.code);
    add(r, ",");
    add_string(r, "definition", p.url);
    add(r, ",");
    add_string(r, "type", zd_slice_of(param_types[p.type]));
    add_documentation(r, type, params[i], p.type);
    add(r, "}");
  }
  add(r, "]");
}

/* The operations of a type; absent name: of the system. */
static void add_operations(zd_rest *r, zd_slice name, zd_type type) {
  bool any = false;
  for (size_t i = 0; i < r->operation_count; i++) {
    const zd_operation *o = &r->operations[i];
    if (!zd_slice_eq(name, zd_slice_of(o->type))) continue;
    uint32_t definition = zd_schema_operation_find(r->schema, type, zd_slice_of(o->code));
    if (definition == UINT32_MAX) continue;
    add(r, any ? ",{" : ",\"operation\":[{");
    add_string(r, "name", zd_slice_of(o->code));
    add(r, ",");
    add_string(r, "definition", zd_schema_operation(r->schema, definition).url);
    add(r, "}");
    any = true;
  }
  if (any) add(r, "]");
}

static void add_resource(zd_rest *r, zd_type type, zd_slice name, bool first) {
  add(r, first ? "{" : ",{");
  add_string(r, "type", name);
  add(r, ",");
  zd_slice profile = ZD_S("http://hl7.org/fhir/StructureDefinition/");
  add(r, "\"profile\":\"");
  zd_buffer_add_slice(&r->capabilities, profile);
  zd_buffer_add_slice(&r->capabilities, name);
  add(r, "\",");
  add_interactions(r, type_interactions, sizeof type_interactions / sizeof *type_interactions);
  add(r,
      ",\"versioning\":\"versioned-update\",\"readHistory\":true,\"updateCreate\":true,"
      "\"conditionalCreate\":true,\"conditionalRead\":\"full-support\",\"conditionalUpdate\":true,"
      "\"conditionalDelete\":\"single\",\"referencePolicy\":[\"literal\",\"logical\",\"local\"]");
  add_includes(r, type, false);
  add_includes(r, type, true);
  add_params(r, type);
  add_operations(r, name, type);
  add(r, "}");
}

void zd_capabilities_build(zd_rest *r) {
  char date[24];
  zd_clock_format(r->started_ms, date);
  add(r, "{\"resourceType\":\"CapabilityStatement\",\"status\":\"active\",");
  add_string(r, "date", (zd_slice){date, sizeof date});
  add(r, ",\"kind\":\"instance\",\"software\":{\"name\":\"Zdravo\",");
  add_string(r, "version", zd_slice_of(r->version));
  add(r, "},\"implementation\":{\"description\":\"Zdravo FHIR R4 record\",");
  add_string(r, "url", zd_rest_base(r));
  add(r, "},");
  add_string(r, "fhirVersion", zd_schema_fhir_version(r->schema));
  add(r, ",\"format\":[\"application/fhir+json\",\"json\"],\"rest\":[{\"mode\":\"server\",");
  add(r, r->cors_origins ? "\"security\":{\"cors\":true}," : "");
  add(r, "\"resource\":[");
  bool first = true;
  for (zd_type t = 0; t < zd_schema_type_count(r->schema); t++) {
    if (!zd_schema_is_resource(r->schema, t)) continue;
    add_resource(r, t, zd_schema_type_info(r->schema, t).name, first);
    first = false;
  }
  add(r, "],");
  add_interactions(r, system_interactions,
                   sizeof system_interactions / sizeof *system_interactions);
  add_params(r, zd_schema_type(r->schema, ZD_S("Resource")));
  add_operations(r, (zd_slice){NULL, 0}, ZD_NO_TYPE);
  add(r, "}]}");
}
