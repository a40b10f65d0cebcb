/* schema_profiles.c: profiles of the image, row by row. */
#include "fhir/schema/schema_image.h"

static const zd_image_profile *profile_at(const zd_schema *s, uint32_t p) {
  return (const zd_image_profile *)zd_image_at(s, ZD_IMAGE_PROFILES) + p;
}

static const zd_image_profile_element *row_at(const zd_schema *s, uint32_t p, uint32_t row) {
  return (const zd_image_profile_element *)zd_image_at(s, ZD_IMAGE_PROFILE_ELEMENTS) +
         profile_at(s, p)->first_element + row;
}

uint32_t zd_schema_profile_count(const zd_schema *s) {
  return s->section[ZD_IMAGE_PROFILES].count;
}

zd_profile_info zd_schema_profile(const zd_schema *s, uint32_t p) {
  const zd_image_profile *r = profile_at(s, p);
  return (zd_profile_info){.url = zd_image_slice(s, r->url),
                           .version = zd_image_optional(s, r->version),
                           .name = zd_image_optional(s, r->name),
                           .base = zd_image_optional(s, r->base),
                           .type = r->type,
                           .flags = r->flags,
                           .element_count = r->element_count,
                           .context_count = r->context_count};
}

uint32_t zd_schema_profile_find(const zd_schema *s, zd_slice canonical) {
  uint32_t i = zd_schema_definition_find(s, ZD_DEF_STRUCTURE, canonical);
  return i == UINT32_MAX ? i : zd_schema_definition(s, i).number;
}

/* ---- rows ---- */

static void take_value(const zd_schema *s, const zd_image_value *v, zd_profile_element *out) {
  zd_slice text = zd_image_optional(s, v->text);
  switch ((zd_image_value_kind)v->kind) {
    case ZD_VALUE_FIXED:
      out->fixed = text, out->fixed_type = v->type;
      break;
    case ZD_VALUE_PATTERN:
      out->pattern = text, out->pattern_type = v->type;
      break;
    case ZD_VALUE_MIN:
      out->min_value = text, out->min_value_type = v->type;
      break;
    case ZD_VALUE_MAX:
      out->max_value = text, out->max_value_type = v->type;
      break;
    case ZD_VALUE_BINDING:
      out->value_set = text;
      out->binding = (zd_binding_strength)v->number;
      break;
    case ZD_VALUE_MAX_SET:
      out->max_value_set = text;
      break;
    case ZD_VALUE_CONTENT:
      out->content_reference = v->number;
      break;
    case ZD_VALUE_LENGTH:
      out->max_length = v->number;
      break;
    case ZD_VALUE_KINDS:
      break;
  }
}

zd_profile_element zd_schema_profile_element(const zd_schema *s, uint32_t p, uint32_t row) {
  const zd_image_profile_element *r = row_at(s, p, row);
  zd_profile_element out = {.id = zd_image_slice(s, r->id),
                            .path = zd_image_slice(s, r->path),
                            .slice = zd_image_optional(s, r->slice),
                            .parent = r->parent,
                            .sliced = r->sliced,
                            .owner = r->owner,
                            .element = r->element,
                            .alternatives = r->alternatives,
                            .flags = r->flags,
                            .min = r->min,
                            .max = r->max,
                            .type_count = r->type_count,
                            .constraint_count = r->constraint_count,
                            .has_slicing = r->slicing != ZD_PE_NONE,
                            .fixed_type = ZD_NO_TYPE,
                            .pattern_type = ZD_NO_TYPE,
                            .min_value_type = ZD_NO_TYPE,
                            .max_value_type = ZD_NO_TYPE,
                            .content_reference = ZD_PE_NONE};
  const zd_image_value *values = (const zd_image_value *)zd_image_at(s, ZD_IMAGE_VALUES);
  for (uint16_t i = 0; i < r->value_count; i++) take_value(s, &values[r->first_value + i], &out);
  return out;
}

static const zd_image_profile_type *type_at(const zd_schema *s, uint32_t p, uint32_t row,
                                            uint16_t k) {
  return (const zd_image_profile_type *)zd_image_at(s, ZD_IMAGE_PROFILE_TYPES) +
         row_at(s, p, row)->first_type + k;
}

zd_profile_type zd_schema_profile_type(const zd_schema *s, uint32_t p, uint32_t row, uint16_t k) {
  const zd_image_profile_type *r = type_at(s, p, row, k);
  return (zd_profile_type){.type = r->type,
                           .profile_count = r->profile_count,
                           .target_count = r->target_count,
                           .aggregation = r->aggregation,
                           .versioning = r->versioning};
}

zd_slice zd_schema_profile_canonical(const zd_schema *s, uint32_t p, uint32_t row, uint16_t k,
                                     bool target, uint16_t j) {
  const zd_image_profile_type *r = type_at(s, p, row, k);
  const zd_image_text *all = (const zd_image_text *)zd_image_at(s, ZD_IMAGE_CANONICALS);
  return zd_image_slice(s, all[r->first_canonical + (target ? r->profile_count : 0u) + j]);
}

static const zd_image_slicing *slicing_at(const zd_schema *s, uint32_t p, uint32_t row) {
  return (const zd_image_slicing *)zd_image_at(s, ZD_IMAGE_SLICINGS) + row_at(s, p, row)->slicing;
}

zd_slicing zd_schema_profile_slicing(const zd_schema *s, uint32_t p, uint32_t row) {
  const zd_image_slicing *r = slicing_at(s, p, row);
  return (zd_slicing){.rules = (zd_slicing_rules)r->rules,
                      .ordered = r->ordered != 0,
                      .discriminator_count = r->count};
}

zd_discriminator zd_schema_profile_discriminator(const zd_schema *s, uint32_t p, uint32_t row,
                                                 uint32_t k) {
  const zd_image_discriminator *r =
      (const zd_image_discriminator *)zd_image_at(s, ZD_IMAGE_DISCRIMINATORS) +
      slicing_at(s, p, row)->first + k;
  return (zd_discriminator){.kind = (zd_discriminator_kind)r->kind,
                            .path = zd_image_slice(s, r->path)};
}

zd_constraint zd_schema_profile_constraint(const zd_schema *s, uint32_t p, uint32_t row,
                                           uint16_t k) {
  const uint32_t *runs = (const uint32_t *)zd_image_at(s, ZD_IMAGE_CONSTRAINT_RUNS);
  const zd_image_constraint *r = (const zd_image_constraint *)zd_image_at(s, ZD_IMAGE_CONSTRAINTS) +
                                 runs[row_at(s, p, row)->first_constraint + k];
  return (zd_constraint){.key = zd_image_slice(s, r->key),
                         .human = zd_image_optional(s, r->human),
                         .expression = zd_image_optional(s, r->expression),
                         .source = zd_image_optional(s, r->source),
                         .error = r->error != 0};
}

zd_profile_context zd_schema_profile_context(const zd_schema *s, uint32_t p, uint32_t k) {
  const zd_image_profile_context *r =
      (const zd_image_profile_context *)zd_image_at(s, ZD_IMAGE_PROFILE_CONTEXTS) +
      profile_at(s, p)->first_context + k;
  return (zd_profile_context){.kind = (zd_context_kind)r->kind,
                              .expression = zd_image_slice(s, r->expression)};
}
