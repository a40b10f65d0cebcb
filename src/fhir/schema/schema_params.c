/* schema_params.c: search parameters, compartments and operations of the image. */
#include "fhir/schema/schema_image.h"

static zd_slice text_of(const zd_schema *s, zd_image_text text) {
  return text.n == UINT32_MAX ? (zd_slice){NULL, 0} : zd_image_slice(s, text);
}

static const zd_image_param *param_at(const zd_schema *s, uint32_t i) {
  return (const zd_image_param *)zd_image_at(s, ZD_IMAGE_PARAMS) + i;
}

uint32_t zd_schema_param_count(const zd_schema *s) {
  return s->section[ZD_IMAGE_PARAMS].count;
}

zd_param_info zd_schema_param(const zd_schema *s, uint32_t i) {
  const zd_image_param *r = param_at(s, i);
  return (zd_param_info){.url = zd_image_slice(s, r->url),
                         .code = zd_image_slice(s, r->code),
                         .expression = text_of(s, r->expression),
                         .type = (zd_param_type)r->type,
                         .base_count = r->base_count,
                         .target_count = r->target_count,
                         .component_count = r->component_count};
}

zd_type zd_schema_param_base(const zd_schema *s, uint32_t i, uint16_t k) {
  return ((const zd_type *)zd_image_at(s, ZD_IMAGE_PARAM_TYPES))[param_at(s, i)->first_type + k];
}

zd_type zd_schema_param_target(const zd_schema *s, uint32_t i, uint16_t k) {
  const zd_image_param *r = param_at(s, i);
  return ((const zd_type *)zd_image_at(s, ZD_IMAGE_PARAM_TYPES))[r->first_type + r->base_count + k];
}

uint32_t zd_schema_param_component(const zd_schema *s, uint32_t i, uint16_t k,
                                   zd_slice *expression) {
  const zd_image_component *r = (const zd_image_component *)zd_image_at(s, ZD_IMAGE_COMPONENTS) +
                                param_at(s, i)->first_component + k;
  if (expression) *expression = text_of(s, r->expression);
  return r->param;
}

uint32_t zd_schema_param_find(const zd_schema *s, zd_type resource, zd_slice code) {
  if (resource >= s->section[ZD_IMAGE_TYPES].count) return UINT32_MAX;
  const zd_image_type *type = zd_image_type_at(s, resource);
  const uint32_t *slots = (const uint32_t *)zd_image_at(s, ZD_IMAGE_SLOTS) + s->params.first;
  const uint32_t *own = (const uint32_t *)zd_image_at(s, ZD_IMAGE_TYPE_PARAMS) + type->first_param;
  uint32_t hash = zd_image_param_hash(resource, code, s->params.seed), probe = hash;
  /* The slot holds the place in the type's own list: right for this type, or out of its bounds or
   * another code's. */
  for (int32_t i; (i = zd_image_probe(slots, s->params.mask, hash, &probe)) >= 0;)
    if (i < type->param_count && zd_slice_eq(zd_image_slice(s, param_at(s, own[i])->code), code))
      return own[i];
  return UINT32_MAX;
}

size_t zd_schema_params_of(const zd_schema *s, zd_type resource, uint32_t *out, size_t room) {
  const zd_image_type *type = zd_image_type_at(s, resource);
  const uint32_t *own = (const uint32_t *)zd_image_at(s, ZD_IMAGE_TYPE_PARAMS) + type->first_param;
  for (size_t i = 0; i < type->param_count && i < room; i++) out[i] = own[i];
  return type->param_count;
}

/* ---- compartments ---- */

size_t zd_schema_compartment(const zd_schema *s, zd_type compartment, zd_type resource,
                             zd_slice *codes, size_t room) {
  const zd_image_compartment *all =
      (const zd_image_compartment *)zd_image_at(s, ZD_IMAGE_COMPARTMENTS);
  uint32_t key = (uint32_t)compartment << 16 | resource;
  size_t low = 0, high = s->section[ZD_IMAGE_COMPARTMENTS].count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (((uint32_t)all[middle].compartment << 16 | all[middle].resource) < key)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == s->section[ZD_IMAGE_COMPARTMENTS].count || all[low].compartment != compartment ||
      all[low].resource != resource)
    return 0;
  const zd_image_text *text = (const zd_image_text *)zd_image_at(s, ZD_IMAGE_COMPARTMENT_CODES);
  for (size_t i = 0; i < all[low].count && i < room; i++)
    codes[i] = zd_image_slice(s, text[all[low].first + i]);
  return all[low].count;
}

/* ---- operations ---- */

static const zd_image_operation *operation_at(const zd_schema *s, uint32_t i) {
  return (const zd_image_operation *)zd_image_at(s, ZD_IMAGE_OPERATIONS) + i;
}

uint32_t zd_schema_operation_count(const zd_schema *s) {
  return s->section[ZD_IMAGE_OPERATIONS].count;
}

zd_operation_info zd_schema_operation(const zd_schema *s, uint32_t i) {
  const zd_image_operation *r = operation_at(s, i);
  return (zd_operation_info){.url = zd_image_slice(s, r->url),
                             .code = zd_image_slice(s, r->code),
                             .flags = r->flags,
                             .type_count = r->type_count,
                             .param_count = r->param_count};
}

zd_type zd_schema_operation_type(const zd_schema *s, uint32_t i, uint16_t k) {
  const zd_type *types = (const zd_type *)zd_image_at(s, ZD_IMAGE_OPERATION_TYPES);
  return types[operation_at(s, i)->first_type + k];
}

zd_operation_param zd_schema_operation_param(const zd_schema *s, uint32_t i, uint16_t k) {
  const zd_image_operation_param *r =
      (const zd_image_operation_param *)zd_image_at(s, ZD_IMAGE_OPERATION_PARAMS) +
      operation_at(s, i)->first_param + k;
  return (zd_operation_param){.name = zd_image_slice(s, r->name),
                              .type = r->type,
                              .min = r->min,
                              .max = r->max,
                              .output = r->output != 0,
                              .depth = r->depth};
}

static bool operation_applies(const zd_schema *s, uint32_t i, zd_type type) {
  if (type == ZD_NO_TYPE) return true;
  const zd_image_operation *r = operation_at(s, i);
  for (uint16_t k = 0; k < r->type_count; k++)
    if (zd_schema_is_a(s, type, zd_schema_operation_type(s, i, k))) return true;
  return false;
}

uint32_t zd_schema_operation_find(const zd_schema *s, zd_type type, zd_slice code) {
  const uint32_t *slots = (const uint32_t *)zd_image_at(s, ZD_IMAGE_SLOTS) + s->operations.first;
  uint32_t hash = zd_image_hash(code, s->operations.seed), probe = hash;
  for (int32_t i; (i = zd_image_probe(slots, s->operations.mask, hash, &probe)) >= 0;)
    if (zd_slice_eq(zd_image_slice(s, operation_at(s, (uint32_t)i)->code), code) &&
        operation_applies(s, (uint32_t)i, type))
      return (uint32_t)i;
  return UINT32_MAX;
}
