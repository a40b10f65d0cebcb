/* schema.c: reading the image. Nothing here allocates or changes anything. */
#include "fhir/schema.h"

#include "base/hash.h"
#include "fhir/schema/schema_image.h"

static zd_slice text_of(const zd_schema *s, zd_image_text text) {
  return text.n == UINT32_MAX ? (zd_slice){NULL, 0} : zd_image_slice(s, text);
}

static uint32_t count_of(const zd_schema *s, zd_image_section section) {
  return s->section[section].count;
}

static const uint32_t *slots_of(const zd_schema *s, zd_image_table table) {
  return (const uint32_t *)zd_image_at(s, ZD_IMAGE_SLOTS) + table.first;
}

/* ---- opening ---- */

static zd_err check_sections(const zd_schema *s, size_t n, zd_fault *fault) {
  for (int i = 0; i < ZD_IMAGE_SECTIONS; i++) {
    const zd_image_extent *x = &s->section[i];
    uint64_t bytes = (uint64_t)x->count * x->size;
    if (x->size != zd_image_record_size((zd_image_section)i) || x->at % 8 || x->at < sizeof *s ||
        x->at > n || bytes > n - x->at)
      return zd_fail(fault, ZD_ERR_CORRUPT, "schema image: section %d is out of bounds", i);
  }
  return ZD_OK;
}

static uint32_t image_crc(const zd_schema *s, size_t n) {
  zd_schema head = *s;
  head.crc = 0;
  uint32_t crc = zd_crc32c(0, &head, sizeof head);
  return zd_crc32c(crc, s + 1, n - sizeof head);
}

zd_err zd_schema_from_image(const void *p, size_t n, const zd_schema **out, zd_fault *fault) {
  const zd_schema *s = (const zd_schema *)p;
  *out = NULL;
  if (!p || (uintptr_t)p % 8 || n < sizeof *s || memcmp(s->magic, ZD_IMAGE_MAGIC, 8) != 0)
    return zd_fail(fault, ZD_ERR_CORRUPT, "not a schema image");
  if (s->format != ZD_IMAGE_FORMAT)
    return zd_fail(fault, ZD_ERR_UNSUPPORTED, "schema image of format %u, this program reads %d",
                   s->format, ZD_IMAGE_FORMAT);
  if (s->size != n) return zd_fail(fault, ZD_ERR_CORRUPT, "schema image is truncated");
  zd_err err = check_sections(s, n, fault);
  if (err) return err;
  if (image_crc(s, n) != s->crc)
    return zd_fail(fault, ZD_ERR_CORRUPT, "schema image: checksum does not match");
  err = zd_image_check(s, fault);
  if (err) return err;
  *out = s;
  return ZD_OK;
}

uint32_t zd_schema_checksum(const zd_schema *s) {
  return s->crc;
}

zd_slice zd_schema_fhir_version(const zd_schema *s) {
  return text_of(s, s->fhir_version);
}

/* ---- types ---- */

uint16_t zd_schema_type_count(const zd_schema *s) {
  return (uint16_t)count_of(s, ZD_IMAGE_TYPES);
}

zd_type zd_schema_type(const zd_schema *s, zd_slice name) {
  uint32_t hash = zd_image_hash(name, s->types.seed), probe = hash;
  const uint32_t *slots = slots_of(s, s->types);
  for (int32_t i; (i = zd_image_probe(slots, s->types.mask, hash, &probe)) >= 0;)
    if (zd_slice_eq(zd_image_slice(s, zd_image_type_at(s, (zd_type)i)->name), name))
      return (zd_type)i;
  return ZD_NO_TYPE;
}

zd_type_info zd_schema_type_info(const zd_schema *s, zd_type t) {
  const zd_image_type *r = zd_image_type_at(s, t);
  return (zd_type_info){.name = zd_image_slice(s, r->name),
                        .kind = (zd_type_kind)r->kind,
                        .primitive = (zd_primitive)r->primitive,
                        .base = r->base,
                        .abstract = r->flags & ZD_IMAGE_ABSTRACT,
                        .first = r->first,
                        .count = r->count};
}

bool zd_schema_is_a(const zd_schema *s, zd_type t, zd_type ancestor) {
  for (; t != ZD_NO_TYPE; t = zd_image_type_at(s, t)->base)
    if (t == ancestor) return true;
  return false;
}

bool zd_schema_is_resource(const zd_schema *s, zd_type t) {
  if (t >= zd_schema_type_count(s)) return false;
  const zd_image_type *r = zd_image_type_at(s, t);
  return r->kind == ZD_KIND_RESOURCE && !(r->flags & ZD_IMAGE_ABSTRACT);
}

/* ---- elements ---- */

zd_element_info zd_schema_element_info(const zd_schema *s, zd_element e) {
  const zd_image_element *r = zd_image_element_at(s, e);
  return (zd_element_info){.name = zd_image_slice(s, r->name),
                           .path = zd_image_slice(s, r->path),
                           .owner = r->owner,
                           .type = r->type,
                           .choice = r->choice,
                           .min = r->min,
                           .max = r->max,
                           .flags = r->flags};
}

zd_element zd_schema_child(const zd_schema *s, zd_type owner, zd_slice json_name) {
  return zd_image_child(s, owner, json_name);
}

size_t zd_schema_targets(const zd_schema *s, zd_element e, zd_type *out, size_t room) {
  const zd_image_element *r = zd_image_element_at(s, e);
  const zd_type *targets = (const zd_type *)zd_image_at(s, ZD_IMAGE_TARGETS) + r->first_target;
  for (size_t i = 0; i < r->target_count && i < room; i++) out[i] = targets[i];
  return r->target_count;
}
