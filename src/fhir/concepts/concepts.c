/* concepts.c: from what is written about concepts to a graph of numbers. */
#include "fhir/concepts.h"

#include <stdlib.h>

typedef struct drafted_edge {
  zd_slice parent, child;
} drafted_edge;

typedef struct drafted_property {
  zd_slice code, name, value;
} drafted_property;

/* Which way a property leads. */
typedef enum direction { NOWHERE, UP, DOWN } direction;

typedef struct declared_property {
  zd_slice name;
  direction leads;
} declared_property;

static direction direction_of(zd_slice name) {
  if (zd_slice_eq(name, ZD_S("child"))) return DOWN;
  bool up = zd_slice_eq(name, ZD_S("parent")) || zd_slice_eq(name, ZD_S("subsumedBy"));
  return up ? UP : NOWHERE;
}

/* ---- the draft ---- */

void zd_concepts_begin(zd_concepts_draft *d) {
  zd_buffer_init(&d->codes, 0);
  zd_buffer_init(&d->edges, 0);
  zd_buffer_init(&d->properties, 0);
  zd_buffer_init(&d->declared, 0);
}

void zd_concepts_end(zd_concepts_draft *d) {
  zd_buffer_free(&d->codes);
  zd_buffer_free(&d->edges);
  zd_buffer_free(&d->properties);
  zd_buffer_free(&d->declared);
}

void zd_concepts_declare(zd_concepts_draft *d, zd_slice name, zd_slice uri) {
  static const char known[] = "http://hl7.org/fhir/concept-properties#";
  zd_slice head = {known, sizeof known - 1};
  if (!zd_slice_starts(uri, head)) return;
  declared_property p = {name, direction_of(zd_slice_from(uri, head.n))};
  if (p.leads != NOWHERE) zd_buffer_add(&d->declared, &p, sizeof p);
}

/* By its uri, or its name. */
static direction leads(const zd_concepts_draft *d, zd_slice name) {
  const declared_property *declared = (const declared_property *)(const void *)d->declared.p;
  size_t n = d->declared.n / sizeof *declared;
  for (size_t i = 0; i < n; i++)
    if (zd_slice_eq(declared[i].name, name)) return declared[i].leads;
  return direction_of(name);
}

static void add_edge(zd_concepts_draft *d, zd_slice parent, zd_slice child) {
  drafted_edge edge = {parent, child};
  zd_buffer_add(&d->edges, &edge, sizeof edge);
}

void zd_concepts_add(zd_concepts_draft *d, zd_slice code, zd_slice parent) {
  zd_buffer_add(&d->codes, &code, sizeof code);
  if (parent.p) add_edge(d, parent, code);
}

void zd_concepts_add_property(zd_concepts_draft *d, zd_slice code, zd_slice name, zd_slice value) {
  drafted_property property = {code, name, value};
  zd_buffer_add(&d->properties, &property, sizeof property);
  direction way = value.p ? leads(d, name) : NOWHERE;
  if (way == DOWN) add_edge(d, code, value);
  if (way == UP) add_edge(d, value, code);
}

/* ---- making ---- */

static int by_bytes(const void *a, const void *b) {
  return zd_slice_cmp(*(const zd_slice *)a, *(const zd_slice *)b);
}

uint32_t zd_concepts_at(const zd_concepts *c, zd_slice code) {
  const zd_slice *at = c->count ? bsearch(&code, c->codes, c->count, sizeof code, by_bytes) : NULL;
  return at ? (uint32_t)(at - c->codes) : UINT32_MAX;
}

static zd_err make_codes(const zd_concepts_draft *d, zd_arena *arena, zd_concepts *out) {
  size_t n = d->codes.n / sizeof *out->codes;
  out->codes = ZD_NEW_ARRAY(arena, zd_slice, n + 1);
  if (!out->codes) return ZD_ERR_MEMORY;
  if (!n) return ZD_OK;
  memcpy(out->codes, d->codes.p, d->codes.n);
  qsort(out->codes, n, sizeof *out->codes, by_bytes);
  for (size_t i = 0; i < n; i++)
    if (!i || !zd_slice_eq(out->codes[i], out->codes[out->count - 1]))
      out->codes[out->count++] = out->codes[i];
  return ZD_OK;
}

static int by_edge(const void *a, const void *b) {
  const zd_concept_edge *x = a, *y = b;
  int order = (x->parent > y->parent) - (x->parent < y->parent);
  return order ? order : (x->child > y->child) - (x->child < y->child);
}

static zd_err make_edges(const zd_concepts_draft *d, zd_arena *arena, zd_concepts *out) {
  const drafted_edge *drafted = (const drafted_edge *)(const void *)d->edges.p;
  size_t n = d->edges.n / sizeof *drafted;
  uint32_t kept = 0;
  out->edges = ZD_NEW_ARRAY(arena, zd_concept_edge, n + 1);
  if (!out->edges) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < n; i++) {
    zd_concept_edge edge = {zd_concepts_at(out, drafted[i].parent),
                            zd_concepts_at(out, drafted[i].child)};
    if (edge.parent != UINT32_MAX && edge.child != UINT32_MAX) out->edges[out->edge_count++] = edge;
  }
  qsort(out->edges, out->edge_count, sizeof *out->edges, by_edge);
  for (uint32_t i = 0; i < out->edge_count; i++)
    if (!i || by_edge(&out->edges[i], &out->edges[kept - 1]) != 0)
      out->edges[kept++] = out->edges[i];
  out->edge_count = kept;
  return ZD_OK;
}

/* While sorting, a property knows where it was written. */
typedef struct placed_property {
  zd_concept_property property;
  size_t place;
} placed_property;

static int by_concept(const void *a, const void *b) {
  const placed_property *x = a, *y = b;
  int order =
      (x->property.concept > y->property.concept) - (x->property.concept < y->property.concept);
  return order ? order : (x->place > y->place) - (x->place < y->place);
}

static zd_err make_properties(const zd_concepts_draft *d, zd_arena *arena, zd_concepts *out) {
  const drafted_property *drafted = (const drafted_property *)(const void *)d->properties.p;
  size_t n = d->properties.n / sizeof *drafted;
  out->properties = ZD_NEW_ARRAY(arena, zd_concept_property, n + 1);
  placed_property *placed = ZD_NEW_ARRAY(arena, placed_property, n + 1);
  if (!out->properties || !placed) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < n; i++) {
    uint32_t concept = zd_concepts_at(out, drafted[i].code);
    if (concept == UINT32_MAX) continue;
    placed[out->property_count++] = (placed_property){
        .property = {.concept = concept, .name = drafted[i].name, .value = drafted[i].value},
        .place = i};
  }
  qsort(placed, out->property_count, sizeof *placed, by_concept);
  for (uint32_t i = 0; i < out->property_count; i++) out->properties[i] = placed[i].property;
  return ZD_OK;
}

zd_err zd_concepts_make(const zd_concepts_draft *d, zd_arena *arena, zd_concepts *out) {
  *out = (zd_concepts){.url = {NULL, 0}};
  if (zd_buffer_error(&d->codes) || zd_buffer_error(&d->edges) || zd_buffer_error(&d->properties) ||
      zd_buffer_error(&d->declared))
    return ZD_ERR_MEMORY;
  if (d->codes.n / sizeof(zd_slice) >= UINT32_MAX ||
      d->edges.n / sizeof(drafted_edge) >= UINT32_MAX ||
      d->properties.n / sizeof(drafted_property) >= UINT32_MAX)
    return ZD_ERR_LIMIT;
  zd_err err = make_codes(d, arena, out);
  if (!err) err = make_edges(d, arena, out);
  return err ? err : make_properties(d, arena, out);
}

/* ---- of the definitions ---- */

zd_err zd_concepts_of_schema(const zd_schema *s, uint32_t number, zd_arena *arena,
                             zd_concepts *out) {
  zd_code_system_info info = zd_schema_code_system(s, number);
  *out = (zd_concepts){
      .url = info.url,
      .hierarchy = info.hierarchy,
      .count = info.count,
      .edge_count = info.edge_count,
      .property_count = info.property_count,
      .codes = ZD_NEW_ARRAY(arena, zd_slice, info.count + 1u),
      .edges = ZD_NEW_ARRAY(arena, zd_concept_edge, info.edge_count + 1u),
      .properties = ZD_NEW_ARRAY(arena, zd_concept_property, info.property_count + 1u)};
  if (!out->codes || !out->edges || !out->properties) return ZD_ERR_MEMORY;
  for (uint32_t k = 0; k < info.count; k++)
    out->codes[k] = zd_schema_code_system_code(s, number, k);
  for (uint32_t k = 0; k < info.edge_count; k++)
    out->edges[k] = zd_schema_code_system_edge(s, number, k);
  for (uint32_t k = 0; k < info.property_count; k++)
    out->properties[k] = zd_schema_code_system_property(s, number, k);
  return ZD_OK;
}
