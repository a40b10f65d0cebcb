/* Any text as a definition, alone and on top of a small image: refused, or an image that opens and
 * can be used. */
#include <stddef.h>
#include <stdint.h>

#include "fhir/concepts.h"
#include "fhir/definitions.h"
#include "fhir/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const zd_schema *s) {
  zd_type types[8];
  for (zd_type t = 0; t < zd_schema_type_count(s); t++) {
    zd_type_info info = zd_schema_type_info(s, t);
    zd_schema_is_a(s, t, 0);
    for (uint16_t i = 0; i < info.count; i++) {
      zd_element e = (zd_element)(info.first + i);
      zd_schema_child(s, t, zd_schema_element_info(s, e).name);
      zd_schema_targets(s, e, types, 8);
      zd_schema_bound_code(s, e, ZD_S("a"));
    }
  }
  for (uint32_t i = 0; i < zd_schema_param_count(s); i++) zd_schema_param(s, i);
  for (uint32_t i = 0; i < zd_schema_value_set_count(s); i++)
    for (uint32_t k = 0; k < zd_schema_value_set(s, i).count; k++)
      zd_schema_value_set_code(s, i, k);
}

/* Everything below the first code, up from the last. */
static void use_system(const zd_schema *s, uint32_t i) {
  zd_arena arena;
  zd_concepts c;
  zd_arena_init(&arena, 0);
  if (zd_concepts_of_schema(s, i, &arena, &c) == ZD_OK && c.count) {
    uint8_t *marks = ZD_NEW_ARRAY(&arena, uint8_t, c.count);
    if (zd_concepts_at(&c, c.codes[0]) != 0) __builtin_trap();
    if (marks) zd_concepts_closure(&c, 0, true, &arena, marks, NULL);
    if (marks) zd_concepts_closure(&c, c.count - 1, false, &arena, marks, NULL);
  }
  zd_arena_free(&arena);
}

static void use_row(const zd_schema *s, uint32_t p, uint32_t row) {
  zd_profile_element e = zd_schema_profile_element(s, p, row);
  for (uint16_t k = 0; k < e.type_count; k++) {
    zd_profile_type t = zd_schema_profile_type(s, p, row, k);
    for (uint16_t j = 0; j < t.target_count; j++)
      zd_schema_profile_canonical(s, p, row, k, true, j);
  }
  for (uint16_t k = 0; k < e.constraint_count; k++) zd_schema_profile_constraint(s, p, row, k);
  if (e.has_slicing) zd_schema_profile_slicing(s, p, row);
}

static void use_profiles(const zd_schema *s) {
  for (uint32_t p = 0; p < zd_schema_profile_count(s); p++) {
    zd_profile_info info = zd_schema_profile(s, p);
    for (uint32_t row = 0; row < info.element_count; row++) use_row(s, p, row);
  }
  for (uint32_t i = 0; i < zd_schema_definition_count(s); i++) {
    zd_definition_info d = zd_schema_definition(s, i);
    if (zd_schema_definition_find(s, d.kind, d.url) == UINT32_MAX) __builtin_trap();
  }
}

/* Builds and frees; whatever is built must open. */
static void finish(zd_definitions *d, zd_slice text, zd_buffer *image) {
  const zd_schema *s;
  if (zd_definitions_add(d, text, NULL) == ZD_OK && zd_definitions_build(d, image, NULL) == ZD_OK) {
    if (zd_schema_from_image(image->p, image->n, &s, NULL)) __builtin_trap();
    use(s);
    use_profiles(s);
    for (uint32_t i = 0; i < zd_schema_code_system_count(s); i++) use_system(s, i);
  }
  zd_definitions_free(d);
}

#define TYPE(name, kind, rows)                                                                  \
  "{\"resource\":{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/" name            \
  "\",\"type\":\"" name "\",\"kind\":\"" kind "\",\"snapshot\":{\"element\":[{\"path\":\"" name \
  "\",\"min\":0,\"max\":\"*\"}" rows "]}}}"
static const char small[] = "{\"resourceType\":\"Bundle\",\"entry\":[" TYPE(
    "string", "primitive-type", "") "," TYPE("Patient", "resource",
                                             ",{\"path\":\"Patient.name\",\"min\":0,\"max\":\"*\","
                                             "\"type\":[{\"code\":\"string\"}]}") "]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static zd_buffer base_image; /* made once */
  zd_slice text = zd_slice_make(data, size);
  const zd_schema *base;
  zd_definitions *d;
  zd_buffer image;
  zd_buffer_init(&image, 0);
  if (!base_image.n && zd_definitions_new(&d, NULL) == ZD_OK)
    finish(d, zd_slice_of(small), &base_image);
  if (zd_definitions_new(&d, NULL) == ZD_OK) finish(d, text, &image);
  if (zd_schema_from_image(base_image.p, base_image.n, &base, NULL) == ZD_OK &&
      zd_definitions_extend(base, &d, NULL) == ZD_OK)
    finish(d, text, &image);
  zd_buffer_free(&image);
  return 0;
}
