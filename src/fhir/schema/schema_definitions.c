/* schema_definitions.c: finding definitions by canonical; the order of versions. */
#include "fhir/schema/schema_image.h"

static const zd_image_definition *definition_at(const zd_schema *s, uint32_t i) {
  return (const zd_image_definition *)zd_image_at(s, ZD_IMAGE_DEFINITIONS) + i;
}

zd_slice zd_schema_definition_type(zd_definition_kind kind) {
  static const char *const names[ZD_DEF_KINDS] = {
      "StructureDefinition", "SearchParameter", "CompartmentDefinition",
      "OperationDefinition", "CodeSystem",      "ValueSet"};
  return zd_slice_of(names[kind]);
}

uint32_t zd_schema_definition_count(const zd_schema *s) {
  return s->section[ZD_IMAGE_DEFINITIONS].count;
}

zd_definition_info zd_schema_definition(const zd_schema *s, uint32_t i) {
  const zd_image_definition *r = definition_at(s, i);
  return (zd_definition_info){.kind = (zd_definition_kind)r->kind,
                              .url = zd_image_slice(s, r->url),
                              .version = zd_image_optional(s, r->version),
                              .number = r->number};
}

static bool is_better(const zd_schema *s, zd_image_canonical wanted, zd_slice version,
                      uint32_t best) {
  if (wanted.version.p) return version.p && zd_slice_eq(version, wanted.version);
  return best == UINT32_MAX ||
         zd_schema_version_cmp(version, zd_schema_definition(s, best).version) > 0;
}

static uint32_t find(const zd_schema *s, zd_definition_kind kind, zd_image_canonical wanted) {
  const zd_image_table *table = &s->definitions;
  const uint32_t *slots = (const uint32_t *)zd_image_at(s, ZD_IMAGE_SLOTS) + table->first;
  uint32_t hash = zd_image_hash(wanted.url, table->seed), probe = hash, best = UINT32_MAX;
  for (int32_t i; (i = zd_image_probe(slots, table->mask, hash, &probe)) >= 0;) {
    zd_definition_info found = zd_schema_definition(s, (uint32_t)i);
    if (found.kind == kind && zd_slice_eq(found.url, wanted.url) &&
        is_better(s, wanted, found.version, best))
      best = (uint32_t)i;
  }
  return best;
}

uint32_t zd_schema_definition_find(const zd_schema *s, zd_definition_kind kind,
                                   zd_slice canonical) {
  /* Some published urls have a bar in them. */
  uint32_t whole = find(s, kind, (zd_image_canonical){canonical, {NULL, 0}});
  bool versioned = zd_slice_find(canonical, '|') < canonical.n;
  return whole == UINT32_MAX && versioned ? find(s, kind, zd_image_canonical_of(canonical)) : whole;
}

/* ---- versions ---- */

/* The part before `byte`; *rest is what follows it. */
static zd_slice cut(zd_slice text, char byte, zd_slice *rest) {
  size_t at = zd_slice_find(text, byte);
  *rest = zd_slice_from(text, at + 1);
  return (zd_slice){text.p, at};
}

static bool is_number(zd_slice s) {
  for (size_t i = 0; i < s.n; i++)
    if (s.p[i] < '0' || s.p[i] > '9') return false;
  return s.n > 0;
}

static zd_slice without_zeros(zd_slice s) {
  while (s.n > 1 && s.p[0] == '0') s = zd_slice_from(s, 1);
  return s;
}

static int compare_parts(zd_slice a, zd_slice b) {
  if (is_number(a) != is_number(b)) return is_number(a) ? -1 : 1;
  if (!is_number(a)) return zd_slice_cmp(a, b);
  a = without_zeros(a);
  b = without_zeros(b);
  return a.n != b.n ? (a.n > b.n) - (a.n < b.n) : zd_slice_cmp(a, b);
}

static int compare_dotted(zd_slice a, zd_slice b) {
  while (a.n && b.n) {
    zd_slice x = cut(a, '.', &a), y = cut(b, '.', &b);
    int order = compare_parts(x, y);
    if (order) return order;
  }
  return (a.n > 0) - (b.n > 0);
}

int zd_schema_version_cmp(zd_slice a, zd_slice b) {
  if (!a.n || !b.n) return (a.n > 0) - (b.n > 0);
  zd_slice a_label, b_label;
  zd_slice a_core = cut(a, '-', &a_label), b_core = cut(b, '-', &b_label);
  int order = compare_dotted(a_core, b_core);
  if (!order && (!a_label.n || !b_label.n)) order = (b_label.n > 0) - (a_label.n > 0);
  if (!order) order = compare_dotted(a_label, b_label);
  return order ? order : zd_slice_cmp(a, b);
}
