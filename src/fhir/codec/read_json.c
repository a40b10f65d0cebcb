/* read_json.c: a JSON text to a resource tree: the door, and what makes an object a resource. */
#include "fhir/codec/read.h"

const zd_read_limits zd_read_default_limits = {.depth = 64, .nodes = 4000000};

/* ---- resources ---- */

/* The type that resourceType names; ZD_NO_TYPE after reporting that it does not. */
static zd_type resource_type(zd_reader *r, uint32_t v, const zd_read_place *place) {
  size_t at = zd_read_value_at(r, v);
  if (zd_json_type_of(&r->tape, v) != ZD_JSON_OBJECT) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, at, "a resource must be an object");
    return ZD_NO_TYPE;
  }
  uint32_t member = zd_json_find(&r->tape, v, ZD_S("resourceType"));
  if (!member) {
    zd_read_issue(r, place, ZD_ISSUE_REQUIRED, at, "resourceType is missing");
    return ZD_NO_TYPE;
  }
  at = zd_read_value_at(r, member);
  if (zd_json_type_of(&r->tape, member) != ZD_JSON_STRING) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, at, "resourceType must be a string");
    return ZD_NO_TYPE;
  }
  zd_slice name = zd_json_raw(&r->tape, member);
  zd_type type = zd_schema_type(r->schema, name);
  if (type == ZD_NO_TYPE || !zd_schema_is_resource(r->schema, type)) {
    zd_read_issue(r, place, ZD_ISSUE_VALUE, at, "unknown resource type \"%.*s\"",
                  ZD_SV(zd_read_excerpt(name)));
    return ZD_NO_TYPE;
  }
  return type;
}

static bool is_contained(const zd_reader *r, zd_element e) {
  return e != ZD_NO_ELEMENT &&
         zd_slice_eq(zd_image_slice(r->schema, zd_image_element_at(r->schema, e)->path),
                     ZD_S("contained"));
}

void zd_read_resource(zd_reader *r, uint32_t v, zd_element e, const zd_read_place *place) {
  bool contained = is_contained(r, e);
  if (contained && r->contained) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, v),
                  "a contained resource may not contain resources");
    return;
  }
  zd_type type = resource_type(r, v, place);
  if (type == ZD_NO_TYPE) return;
  uint32_t node = zd_read_push(r, e, type, zd_read_value_at(r, v));
  uint32_t first_local = r->local_count;
  bool bundle = type == r->bundle_type;
  r->contained += contained;
  r->bundles += bundle;
  zd_read_members(r, v, type, place, true);
  r->contained -= contained;
  r->bundles -= bundle;
  r->nodes[node].end = r->count;
  if (!contained) zd_read_check_locals(r, node, first_local);
}

/* The root has its type as name, so the type is looked at before the walk begins. */
void zd_read_root(zd_reader *r, zd_type expected) {
  zd_read_place nowhere = {.name = ZD_S("Resource"), .index = ZD_READ_SINGLE};
  size_t before = r->issues->errors;
  zd_type type = resource_type(r, 0, &nowhere);
  if (type == ZD_NO_TYPE || r->issues->errors != before) return;
  zd_read_place place = {.name = zd_image_slice(r->schema, zd_image_type_at(r->schema, type)->name),
                         .index = ZD_READ_SINGLE};
  if (expected != ZD_NO_TYPE && type != expected) {
    zd_slice wanted = zd_image_slice(r->schema, zd_image_type_at(r->schema, expected)->name);
    zd_read_issue(r, &place, ZD_ISSUE_INVALID,
                  zd_read_value_at(r, zd_json_find(&r->tape, 0, ZD_S("resourceType"))),
                  "a %.*s is expected here, not a %.*s", ZD_SV(wanted), ZD_SV(place.name));
    return;
  }
  zd_read_resource(r, 0, ZD_NO_ELEMENT, &place);
}

/* ---- the door ---- */

static zd_err tokenize(zd_reader *r, zd_slice text, const zd_read_limits *limits) {
  zd_json_limits json = {.depth = limits->depth, .nodes = limits->nodes};
  zd_json_error error = {0};
  zd_err err = zd_json_read(text, &json, &r->tape, &error);
  if (err == ZD_OK || err == ZD_ERR_MEMORY) return err;
  zd_issue_code code = err == ZD_ERR_LIMIT ? ZD_ISSUE_TOO_LONG : ZD_ISSUE_STRUCTURE;
  zd_issue_add_at(r->issues, ZD_FATAL, code, (zd_slice){NULL, 0}, error.line, error.column,
                  "not acceptable as JSON: expected %s", error.expected);
  return err;
}

static zd_err walk(zd_reader *r, zd_type expected) {
  r->nodes = zd_arena_alloc(r->arena, (size_t)r->tape.count * sizeof(zd_node));
  if (!r->nodes) return ZD_ERR_MEMORY;
  size_t before = r->issues->errors;
  r->tight = r->tape.tight;
  zd_read_root(r, expected);
  if (r->out_of_memory) return ZD_ERR_MEMORY;
  if (r->issues->errors == before) return ZD_OK;
  for (uint32_t i = 0; i < r->count; i++) r->nodes[i].span = 0; /* faulty members are left out */
  return ZD_ERR_INVALID;
}

void zd_reader_init(zd_reader *r, const zd_schema *schema, zd_arena *arena, zd_issues *issues) {
  *r = (zd_reader){.schema = schema,
                   .arena = arena,
                   .issues = issues,
                   .reference_type = zd_schema_type(schema, ZD_S("Reference")),
                   .bundle_type = zd_schema_type(schema, ZD_S("Bundle"))};
  r->reference_element = zd_schema_child(schema, r->reference_type, ZD_S("reference"));
}

zd_err zd_fhir_read_json(const zd_schema *schema, zd_slice text, zd_type expected,
                         const zd_read_limits *limits, zd_arena *arena, zd_tree *out,
                         zd_issues *issues) {
  zd_reader r;
  zd_reader_init(&r, schema, arena, issues);
  *out = (zd_tree){.schema = schema, .source = text};
  zd_err err = tokenize(&r, text, limits ? limits : &zd_read_default_limits);
  if (err == ZD_OK) err = walk(&r, expected);
  if (err == ZD_OK || (err == ZD_ERR_INVALID && r.count > 0)) {
    out->nodes = r.nodes;
    out->count = r.count;
  }
  zd_json_free(&r.tape);
  return err;
}
