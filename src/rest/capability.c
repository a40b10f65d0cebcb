/* capability.c: the CapabilityStatement, made from what this server truly does: the tables here are
 * those of route.c and unit.c, the search parameters are those that search/ answers. */
#include <stdlib.h>

#include "rest/definition.h"
#include "rest/operation.h"

static const char *const type_interactions[] = {
    "read",   "vread",       "update",           "patch",       "delete",
    "create", "search-type", "history-instance", "history-type"};
static const char *const system_interactions[] = {"transaction", "batch", "search-system",
                                                  "history-system"};
static const char *const param_types[] = {"number",    "date",     "string", "token",  "reference",
                                          "composite", "quantity", "uri",    "special"};

/* What is being written, and what it follows from. */
typedef struct statement {
  const zd_rest *rest;
  const zd_schema *schema;
  zd_search *search;
  zd_buffer *text;
} statement;

static void add(statement *r, const char *text) {
  zd_buffer_add_slice(r->text, zd_slice_of(text));
}

static void add_string(statement *r, const char *name, zd_slice value) {
  zd_buffer_add_char(r->text, '"');
  add(r, name);
  add(r, "\":\"");
  zd_buffer_add_json(r->text, value);
  zd_buffer_add_char(r->text, '"');
}

static void add_interactions(statement *r, const char *const *codes, size_t n) {
  add(r, "\"interaction\":[");
  for (size_t i = 0; i < n; i++) {
    add(r, i ? ",{" : "{");
    add_string(r, "code", zd_slice_of(codes[i]));
    add(r, "}");
  }
  add(r, "]");
}

/* Modifiers and, for references, chains: there is no element for them in R4. */
static void add_documentation(statement *r, zd_type type, uint32_t param, zd_param_type kind) {
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
static void add_include(statement *r, const zd_include *x, bool first) {
  add(r, first ? "\"" : ",\"");
  zd_buffer_add_slice(r->text, zd_schema_type_info(r->schema, x->source).name);
  add(r, ":");
  zd_buffer_add_slice(r->text, zd_schema_param(r->schema, x->param).code);
  add(r, "\"");
}

static void add_includes(statement *r, zd_type type, bool reverse) {
  size_t n = zd_search_includes(r->search, type, reverse, NULL, 0);
  zd_include *list = n ? calloc(n, sizeof *list) : NULL;
  if (!n) return;
  if (!list) {
    r->text->failed = ZD_ERR_MEMORY;
    return;
  }
  zd_search_includes(r->search, type, reverse, list, n);
  add(r, reverse ? ",\"searchRevInclude\":[\"*\"," : ",\"searchInclude\":[\"*\",");
  for (size_t i = 0; i < n; i++) add_include(r, &list[i], i == 0);
  add(r, "]");
  free(list);
}

static void add_params(statement *r, zd_type type) {
  size_t n = zd_search_supported(r->search, type, NULL, 0);
  uint32_t *params = n ? calloc(n, sizeof *params) : NULL;
  if (!n) return;
  if (!params) {
    r->text->failed = ZD_ERR_MEMORY;
    return;
  }
  size_t now = zd_search_supported(r->search, type, params, n);
  if (now < n) n = now; /* grown meanwhile: told the next time */
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
  free(params);
}

/* The operations of a type; absent name: of the system. */
static void add_operations(statement *r, zd_slice name, zd_type type) {
  bool any = false;
  for (size_t i = 0; i < r->rest->operation_count; i++) {
    const zd_operation *o = &r->rest->operations[i];
    bool every = name.n && o->type && strcmp(o->type, "Resource") == 0;
    if (!every && !zd_slice_eq(name, zd_slice_of(o->type))) continue;
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

static void add_resource(statement *r, zd_type type, zd_slice name, bool first) {
  add(r, first ? "{" : ",{");
  add_string(r, "type", name);
  add(r, ",");
  zd_slice profile = ZD_S("http://hl7.org/fhir/StructureDefinition/");
  add(r, "\"profile\":\"");
  zd_buffer_add_slice(r->text, profile);
  zd_buffer_add_slice(r->text, name);
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

static void write_statement(statement *r) {
  const zd_rest *rest = r->rest;
  char date[24];
  zd_clock_format(rest->started_ms, date);
  add(r, "{\"resourceType\":\"CapabilityStatement\",\"status\":\"active\",");
  add_string(r, "date", (zd_slice){date, sizeof date});
  add(r, ",\"kind\":\"instance\",\"software\":{\"name\":\"Zdravo\",");
  add_string(r, "version", zd_slice_of(rest->version));
  add(r, "},\"implementation\":{\"description\":\"Zdravo FHIR R4 record\",");
  add_string(r, "url", zd_rest_base(rest));
  add(r, "},");
  add_string(r, "fhirVersion", zd_schema_fhir_version(r->schema));
  add(r,
      ",\"format\":[\"application/fhir+json\",\"application/fhir+xml\",\"json\",\"xml\"],"
      "\"patchFormat\":[\"application/json-patch+json\",\"application/xml-patch+xml\"],");
  add(r, "\"rest\":[{\"mode\":\"server\",");
  add(r, rest->cors_origins ? "\"security\":{\"cors\":true}," : "");
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

/* Made anew when other search parameters are answered than when it was made. */
void zd_run_capabilities(zd_call *c, zd_answer *a) {
  zd_rest *r = c->rest;
  statement x = {.rest = r,
                 .schema = c->generation ? c->generation->schema : r->schema,
                 .search = zd_call_search(c),
                 .text = &r->capabilities};
  uint64_t number = c->generation ? c->generation->number : 1;
  uint64_t key = number * 2 + (zd_search_behind(x.search) == 0);
  pthread_mutex_lock(&r->capabilities_lock);
  if (r->capabilities_key != key) {
    zd_buffer_clear(&r->capabilities);
    write_statement(&x);
    r->capabilities_key = r->capabilities.failed ? 0 : key;
  }
  if (r->capabilities.failed)
    a->body.failed = r->capabilities.failed;
  else
    zd_buffer_add_slice(&a->body, zd_buffer_slice(&r->capabilities));
  pthread_mutex_unlock(&r->capabilities_lock);
}
