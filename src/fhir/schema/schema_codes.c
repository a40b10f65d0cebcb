/* schema_codes.c: code systems and value sets of the image. */
#include "fhir/schema/schema_image.h"

static const zd_image_code_system *system_at(const zd_schema *s, uint32_t i) {
  return (const zd_image_code_system *)zd_image_at(s, ZD_IMAGE_CODE_SYSTEMS) + i;
}

static const zd_image_value_set *value_set_at(const zd_schema *s, uint32_t i) {
  return (const zd_image_value_set *)zd_image_at(s, ZD_IMAGE_VALUE_SETS) + i;
}

static const zd_image_code *code_at(const zd_schema *s, uint32_t i) {
  return (const zd_image_code *)zd_image_at(s, ZD_IMAGE_CODES) + i;
}

static zd_slice code_text(const zd_schema *s, const zd_image_code *code) {
  return zd_image_slice(s, (zd_image_text){code->at, code->n});
}

uint32_t zd_schema_code_system_count(const zd_schema *s) {
  return s->section[ZD_IMAGE_CODE_SYSTEMS].count;
}

zd_code_system_info zd_schema_code_system(const zd_schema *s, uint32_t i) {
  const zd_image_code_system *r = system_at(s, i);
  return (zd_code_system_info){.url = zd_image_slice(s, r->url),
                               .version = zd_image_optional(s, r->version),
                               .content = (zd_code_content)r->content,
                               .hierarchy = (zd_hierarchy_meaning)r->hierarchy,
                               .case_sensitive = r->case_sensitive != 0,
                               .count = r->count,
                               .edge_count = r->edge_count,
                               .property_count = r->property_count};
}

/* Of the records with this url: the one of the version asked for, or the newest; of a system that
 * is only referred to and the system itself the latter, which comes later. (Some published urls
 * have a bar in them: the whole text is tried first.) */
static bool is_better(zd_image_canonical wanted, zd_slice version, const zd_slice *best) {
  if (wanted.version.p) return version.p && zd_slice_eq(version, wanted.version);
  return !best || zd_schema_version_cmp(version, *best) >= 0;
}

static uint32_t find_code_system(const zd_schema *s, zd_image_canonical wanted) {
  const zd_image_table *table = &s->code_systems;
  const uint32_t *slots = (const uint32_t *)zd_image_at(s, ZD_IMAGE_SLOTS) + table->first;
  uint32_t hash = zd_image_hash(wanted.url, table->seed), probe = hash, best = UINT32_MAX;
  zd_slice newest;
  for (int32_t i; (i = zd_image_probe(slots, table->mask, hash, &probe)) >= 0;) {
    zd_code_system_info found = zd_schema_code_system(s, (uint32_t)i);
    if (!zd_slice_eq(found.url, wanted.url)) continue;
    if (!is_better(wanted, found.version, best == UINT32_MAX ? NULL : &newest)) continue;
    best = (uint32_t)i;
    newest = found.version;
  }
  return best;
}

uint32_t zd_schema_code_system_find(const zd_schema *s, zd_slice canonical) {
  uint32_t whole = find_code_system(s, (zd_image_canonical){canonical, {NULL, 0}});
  bool versioned = zd_slice_find(canonical, '|') < canonical.n;
  return whole == UINT32_MAX && versioned ? find_code_system(s, zd_image_canonical_of(canonical))
                                          : whole;
}

zd_slice zd_schema_code_system_code(const zd_schema *s, uint32_t i, uint32_t k) {
  return code_text(s, code_at(s, system_at(s, i)->first + k));
}

zd_concept_edge zd_schema_code_system_edge(const zd_schema *s, uint32_t i, uint32_t k) {
  const zd_concept_edge *all = zd_image_at(s, ZD_IMAGE_CONCEPT_EDGES);
  return all[system_at(s, i)->first_edge + k];
}

zd_concept_property zd_schema_code_system_property(const zd_schema *s, uint32_t i, uint32_t k) {
  const zd_image_concept_property *all = zd_image_at(s, ZD_IMAGE_CONCEPT_PROPERTIES);
  const zd_image_concept_property *r = &all[system_at(s, i)->first_property + k];
  return (zd_concept_property){.concept = r->concept,
                               .name = zd_image_slice(s, r->name),
                               .value = zd_image_optional(s, r->value)};
}

uint32_t zd_schema_value_set_count(const zd_schema *s) {
  return s->section[ZD_IMAGE_VALUE_SETS].count;
}

zd_value_set_info zd_schema_value_set(const zd_schema *s, uint32_t i) {
  const zd_image_value_set *r = value_set_at(s, i);
  zd_slice missing = {NULL, 0};
  if (r->missing != UINT32_MAX) missing = zd_image_slice(s, system_at(s, r->missing)->url);
  return (zd_value_set_info){.url = zd_image_slice(s, r->url),
                             .version = zd_image_optional(s, r->version),
                             .compose = zd_image_optional(s, r->compose),
                             .enumerable = r->enumerable != 0,
                             .missing = missing,
                             .count = r->count};
}

static uint32_t find_value_set(const zd_schema *s, zd_image_canonical wanted) {
  const zd_image_table *table = &s->value_sets;
  const uint32_t *slots = (const uint32_t *)zd_image_at(s, ZD_IMAGE_SLOTS) + table->first;
  uint32_t hash = zd_image_hash(wanted.url, table->seed), probe = hash, best = UINT32_MAX;
  zd_slice newest;
  for (int32_t i; (i = zd_image_probe(slots, table->mask, hash, &probe)) >= 0;) {
    zd_value_set_info found = zd_schema_value_set(s, (uint32_t)i);
    if (!zd_slice_eq(found.url, wanted.url)) continue;
    if (!is_better(wanted, found.version, best == UINT32_MAX ? NULL : &newest)) continue;
    best = (uint32_t)i;
    newest = found.version;
  }
  return best;
}

uint32_t zd_schema_value_set_find(const zd_schema *s, zd_slice canonical) {
  uint32_t whole = find_value_set(s, (zd_image_canonical){canonical, {NULL, 0}});
  bool versioned = zd_slice_find(canonical, '|') < canonical.n;
  return whole == UINT32_MAX && versioned ? find_value_set(s, zd_image_canonical_of(canonical))
                                          : whole;
}

zd_coded zd_schema_value_set_code(const zd_schema *s, uint32_t i, uint32_t k) {
  const zd_image_code *code = code_at(s, value_set_at(s, i)->first + k);
  zd_coded coded = {.code = code_text(s, code)};
  if (code->system != 0xFFFF) coded.system = zd_image_slice(s, system_at(s, code->system)->url);
  return coded;
}

uint32_t zd_schema_bound_value_set(const zd_schema *s, zd_element e) {
  uint16_t set = zd_image_element_at(s, e)->required;
  return set == 0xFFFF ? UINT32_MAX : set;
}

int zd_schema_bound_code(const zd_schema *s, zd_element e, zd_slice code) {
  uint16_t bound = zd_image_element_at(s, e)->required;
  if (bound == 0xFFFF) return -1;
  const zd_image_value_set *set = value_set_at(s, bound);
  if (!set->enumerable || !set->names.mask) return -1;
  const uint32_t *slots = (const uint32_t *)zd_image_at(s, ZD_IMAGE_SLOTS) + set->names.first;
  uint32_t hash = zd_image_hash(code, set->names.seed), probe = hash;
  for (int32_t i; (i = zd_image_probe(slots, set->names.mask, hash, &probe)) >= 0;)
    if (zd_slice_eq(code_text(s, code_at(s, set->first + (uint32_t)i)), code)) return 1;
  return 0;
}
