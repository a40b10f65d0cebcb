/* definitions_systems.c: CodeSystems to sorted codes, hierarchies and properties. */
#include "fhir/definitions/definitions_internal.h"

static zd_err no_memory(zd_definitions *d) {
  return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
}

static uint8_t word_of(const zd_definition *def, zd_slice member, const char *const *words,
                       uint8_t n) {
  zd_slice text = zd_json_string(def->tape, def->node, member);
  for (uint8_t i = 0; i < n; i++)
    if (zd_slice_eq(text, zd_slice_of(words[i]))) return i;
  return 0;
}

static uint8_t content_of(const zd_definition *def) {
  static const char *const words[] = {"not-present", "example", "fragment", "complete",
                                      "supplement"};
  return word_of(def, ZD_S("content"), words, 5);
}

static uint8_t hierarchy_of(const zd_definition *def) {
  static const char *const words[] = {"", "grouped-by", "is-a", "part-of", "classified-with"};
  return word_of(def, ZD_S("hierarchyMeaning"), words, 5);
}

/* ---- reading concepts ---- */

typedef struct reader {
  zd_definitions *d;
  const zd_definition *def;
  zd_concepts_draft draft;
} reader;

/* The text of value[x] when it is a primitive. */
static zd_slice value_of(reader *r, uint32_t property) {
  const zd_json_tape *tape = r->def->tape;
  ZD_EACH(tape, member, property) {
    zd_json_type type = zd_json_type_of(tape, member);
    if (!zd_slice_starts(zd_json_key(tape, member), ZD_S("value"))) continue;
    if (type == ZD_JSON_STRING) return zd_def_value(r->d, tape, member);
    if (type != ZD_JSON_OBJECT && type != ZD_JSON_ARRAY) return zd_json_raw(tape, member);
  }
  return (zd_slice){NULL, 0};
}

static void add_properties(reader *r, zd_slice code, uint32_t list) {
  const zd_json_tape *tape = r->def->tape;
  ZD_EACH(tape, property, list) {
    zd_slice name = zd_def_text(r->d, tape, property, ZD_S("code"));
    if (name.n) zd_concepts_add_property(&r->draft, code, name, value_of(r, property));
  }
}

/* As deep as JSON may nest. */
static zd_err add_concepts(reader *r, uint32_t list, zd_slice parent) {
  const zd_json_tape *tape = r->def->tape;
  zd_err err = ZD_OK;
  ZD_EACH(tape, concept, list) {
    zd_slice code = zd_def_text(r->d, tape, concept, ZD_S("code"));
    uint32_t nested = zd_json_find(tape, concept, ZD_S("concept"));
    uint32_t properties = zd_json_find(tape, concept, ZD_S("property"));
    if (code.n > 0xFFFF)
      return zd_fail(r->d->fault, ZD_ERR_LIMIT, "definitions: %.*s has a code of %zu bytes",
                     ZD_SV(r->def->url), code.n);
    if (code.n) zd_concepts_add(&r->draft, code, parent);
    if (code.n && properties) add_properties(r, code, properties);
    if (nested) err = add_concepts(r, nested, code.n ? code : parent);
    if (err) return err;
  }
  return ZD_OK;
}

static void declare_properties(reader *r) {
  const zd_json_tape *tape = r->def->tape;
  uint32_t list = zd_json_find(tape, r->def->node, ZD_S("property"));
  if (!list) return;
  ZD_EACH(tape, property, list)
  zd_concepts_declare(&r->draft, zd_def_text(r->d, tape, property, ZD_S("code")),
                      zd_def_text(r->d, tape, property, ZD_S("uri")));
}

static zd_err read_concepts(zd_definitions *d, const zd_definition *def, zd_concepts *out) {
  reader r = {.d = d, .def = def};
  uint32_t list = zd_json_find(def->tape, def->node, ZD_S("concept"));
  zd_concepts_begin(&r.draft);
  declare_properties(&r);
  zd_err err = list ? add_concepts(&r, list, (zd_slice){NULL, 0}) : ZD_OK;
  if (!err && zd_concepts_make(&r.draft, &d->arena, out)) err = no_memory(d);
  zd_concepts_end(&r.draft);
  return err;
}

/* ---- writing ---- */

static zd_err write_codes(zd_definitions *d, const zd_concepts *c, uint16_t system,
                          zd_image_code_system *record) {
  zd_image_code *codes = ZD_NEW_ARRAY(&d->arena, zd_image_code, c->count + 1u);
  if (!codes) return no_memory(d);
  for (uint32_t i = 0; i < c->count; i++) {
    zd_image_text text = zd_def_string(d, c->codes[i]);
    codes[i] = (zd_image_code){text.at, (uint16_t)text.n, system};
  }
  record->count = c->count;
  return zd_def_run(d, ZD_IMAGE_CODES, codes, c->count, &record->first);
}

static zd_err write_graph(zd_definitions *d, const zd_concepts *c, zd_image_code_system *record) {
  zd_image_concept_property *all =
      ZD_NEW_ARRAY(&d->arena, zd_image_concept_property, c->property_count + 1u);
  if (!all) return no_memory(d);
  for (uint32_t i = 0; i < c->property_count; i++)
    all[i] = (zd_image_concept_property){.name = zd_def_string(d, c->properties[i].name),
                                         .value = zd_def_string(d, c->properties[i].value),
                                         .concept = c->properties[i].concept};
  record->edge_count = c->edge_count;
  record->property_count = c->property_count;
  zd_err err = zd_def_run(d, ZD_IMAGE_CONCEPT_EDGES, c->edges, c->edge_count, &record->first_edge);
  return err ? err
             : zd_def_run(d, ZD_IMAGE_CONCEPT_PROPERTIES, all, c->property_count,
                          &record->first_property);
}

static zd_err compile_system(zd_definitions *d, zd_definition *def) {
  zd_concepts concepts;
  zd_image_code_system record = {
      .url = zd_def_string(d, def->url),
      .version = zd_def_string(d, def->version),
      .content = content_of(def),
      .hierarchy = hierarchy_of(def),
      .case_sensitive = zd_def_is_true(def->tape, def->node, ZD_S("caseSensitive"))};
  def->number = zd_def_count(d, ZD_IMAGE_CODE_SYSTEMS, sizeof record);
  if (def->number >= 0xFFFF)
    return zd_fail(d->fault, ZD_ERR_LIMIT, "definitions: too many code systems");
  int64_t id = zd_name_map_find(&d->system_ids, def->url);
  if (id < 0 && !zd_name_map_set(&d->system_ids, &d->arena, def->url, def->number))
    return no_memory(d);
  zd_err err = read_concepts(d, def, &concepts);
  if (!err) err = write_codes(d, &concepts, (uint16_t)(id < 0 ? def->number : id), &record);
  if (!err) err = write_graph(d, &concepts, &record);
  if (err) return err;
  zd_buffer_add(&d->section[ZD_IMAGE_CODE_SYSTEMS], &record, sizeof record);
  if (d->section[ZD_IMAGE_CODE_SYSTEMS].failed) return no_memory(d);
  return zd_def_name_system(d, def->url, def->version, def->number);
}

zd_err zd_def_code_systems(zd_definitions *d) {
  zd_definition *all = (zd_definition *)(void *)d->found[ZD_DEF_CODE_SYSTEM].p;
  size_t n = d->found[ZD_DEF_CODE_SYSTEM].n / sizeof *all;
  zd_err err = ZD_OK;
  for (size_t i = 0; i < n && !err; i++) err = compile_system(d, &all[i]);
  return err;
}

/* ---- reading what is compiled ---- */

zd_err zd_def_concepts(const zd_definitions *d, uint32_t number, zd_arena *arena,
                       zd_concepts *out) {
  const zd_image_code_system *r =
      ZD_RECORDS(d, ZD_IMAGE_CODE_SYSTEMS, const zd_image_code_system) + number;
  const zd_image_concept_property *properties =
      ZD_RECORDS(d, ZD_IMAGE_CONCEPT_PROPERTIES, const zd_image_concept_property);
  const zd_concept_edge *edges = ZD_RECORDS(d, ZD_IMAGE_CONCEPT_EDGES, const zd_concept_edge);
  const zd_image_code *codes = ZD_RECORDS(d, ZD_IMAGE_CODES, const zd_image_code);
  *out =
      (zd_concepts){.url = zd_def_string_at(d, r->url),
                    .hierarchy = (zd_hierarchy_meaning)r->hierarchy,
                    .count = r->count,
                    .edge_count = r->edge_count,
                    .property_count = r->property_count,
                    .codes = ZD_NEW_ARRAY(arena, zd_slice, r->count + 1u),
                    .edges = ZD_NEW_ARRAY(arena, zd_concept_edge, r->edge_count + 1u),
                    .properties = ZD_NEW_ARRAY(arena, zd_concept_property, r->property_count + 1u)};
  if (!out->codes || !out->edges || !out->properties) return ZD_ERR_MEMORY;
  for (uint32_t i = 0; i < r->count; i++) {
    const zd_image_code *code = &codes[r->first + i];
    out->codes[i] = zd_def_string_at(d, (zd_image_text){code->at, code->n});
  }
  for (uint32_t i = 0; i < r->edge_count; i++) out->edges[i] = edges[r->first_edge + i];
  for (uint32_t i = 0; i < r->property_count; i++) {
    const zd_image_concept_property *p = &properties[r->first_property + i];
    out->properties[i] = (zd_concept_property){.concept = p->concept,
                                               .name = zd_def_string_at(d, p->name),
                                               .value = zd_def_optional_at(d, p->value)};
  }
  return ZD_OK;
}
