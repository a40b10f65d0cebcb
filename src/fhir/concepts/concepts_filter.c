/* concepts_filter.c: what lies above and below a concept; filters of value sets. */
#include <stdlib.h>

#include "fhir/concepts.h"

/* ---- closure ---- */

static int by_origin(const void *a, const void *b) {
  const zd_concept_edge *x = a, *y = b;
  return (x->parent > y->parent) - (x->parent < y->parent);
}

/* Edges that lead from `parent` the way that is gone; NULL: no memory. */
static const zd_concept_edge *turned(const zd_concepts *c, bool down, zd_arena *arena) {
  if (down) return c->edges;
  zd_concept_edge *edges = ZD_NEW_ARRAY(arena, zd_concept_edge, c->edge_count + 1u);
  if (!edges) return NULL;
  for (uint32_t i = 0; i < c->edge_count; i++)
    edges[i] = (zd_concept_edge){c->edges[i].child, c->edges[i].parent};
  qsort(edges, c->edge_count, sizeof *edges, by_origin);
  return edges;
}

static uint32_t first_from(const zd_concept_edge *edges, uint32_t n, uint32_t parent) {
  uint32_t low = 0, high = n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (edges[middle].parent < parent)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

zd_err zd_concepts_closure(const zd_concepts *c, uint32_t from, bool down, zd_arena *arena,
                           uint8_t *marks, zd_fault *fault) {
  if (c->hierarchy != ZD_HIERARCHY_NOT_SAID && c->hierarchy != ZD_HIERARCHY_IS_A)
    return zd_fail(fault, ZD_ERR_UNSUPPORTED,
                   "the hierarchy of the code system %.*s does not mean is-a", ZD_SV(c->url));
  const zd_concept_edge *edges = turned(c, down, arena);
  uint32_t *queue = ZD_NEW_ARRAY(arena, uint32_t, c->count + 1u), head = 0, tail = 0;
  if (!edges || !queue) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for a hierarchy of codes");
  marks[from] = 1;
  queue[tail++] = from;
  while (head < tail) {
    uint32_t at = queue[head++];
    for (uint32_t e = first_from(edges, c->edge_count, at);
         e < c->edge_count && edges[e].parent == at; e++) {
      if (marks[edges[e].child]) continue;
      marks[edges[e].child] = 1;
      queue[tail++] = edges[e].child;
    }
  }
  return ZD_OK;
}

/* ---- filters ---- */

static bool is(zd_slice text, const char *word) {
  return zd_slice_eq(text, zd_slice_of(word));
}

static bool of_codes(const zd_concept_filter *f) {
  return is(f->property, "concept") || is(f->property, "code");
}

static zd_err refuse(const zd_concept_filter *f, zd_fault *fault) {
  return zd_fail(fault, ZD_ERR_UNSUPPORTED, "the filter %.*s %.*s of a value set is not offered",
                 ZD_SV(f->property), ZD_SV(f->op));
}

static void turn_round(const zd_concepts *c, uint8_t *marks) {
  for (uint32_t i = 0; i < c->count; i++) marks[i] = !marks[i];
}

static zd_err by_hierarchy(const zd_concepts *c, const zd_concept_filter *f, zd_arena *arena,
                           uint8_t *marks, zd_fault *fault) {
  uint32_t at = zd_concepts_at(c, f->value);
  if (!of_codes(f)) return refuse(f, fault);
  if (at == UINT32_MAX)
    return zd_fail(fault, ZD_ERR_NOT_FOUND, "the code system %.*s has no code %.*s", ZD_SV(c->url),
                   ZD_SV(f->value));
  zd_err err = zd_concepts_closure(c, at, !is(f->op, "generalizes"), arena, marks, fault);
  if (is(f->op, "descendent-of")) marks[at] = 0;
  if (is(f->op, "is-not-a")) turn_round(c, marks);
  return err;
}

/* One of the comma-separated words. */
static bool among(zd_slice list, zd_slice word) {
  while (list.n) {
    size_t comma = zd_slice_find(list, ',');
    if (zd_slice_eq((zd_slice){list.p, comma}, word)) return true;
    list = zd_slice_from(list, comma + 1);
  }
  return false;
}

static bool is_wanted(const zd_concept_filter *f, zd_slice text) {
  return is(f->op, "=") ? zd_slice_eq(text, f->value) : among(f->value, text);
}

static zd_err by_property(const zd_concepts *c, const zd_concept_filter *f, uint8_t *marks,
                          zd_fault *fault) {
  bool exists = is(f->op, "exists");
  if (is(f->property, "display") || is(f->property, "definition")) return refuse(f, fault);
  for (uint32_t i = 0; i < c->property_count; i++) {
    const zd_concept_property *p = &c->properties[i];
    if (!zd_slice_eq(p->name, f->property)) continue;
    if (!exists && !p->value.p) return refuse(f, fault); /* only texts can be compared */
    if (exists || is_wanted(f, p->value)) marks[p->concept] = 1;
  }
  return ZD_OK;
}

static zd_err by_value(const zd_concepts *c, const zd_concept_filter *f, uint8_t *marks,
                       zd_fault *fault) {
  bool exists = is(f->op, "exists"), negative = is(f->op, "not-in");
  zd_err err = ZD_OK;
  if (exists && !is(f->value, "true") && !is(f->value, "false")) return refuse(f, fault);
  if (exists) negative = is(f->value, "false");
  if (!of_codes(f)) {
    err = by_property(c, f, marks, fault);
  } else {
    for (uint32_t i = 0; i < c->count; i++) marks[i] = exists || is_wanted(f, c->codes[i]);
  }
  if (negative) turn_round(c, marks);
  return err;
}

zd_err zd_concepts_filter(const zd_concepts *c, const zd_concept_filter *f, zd_arena *arena,
                          uint8_t *marks, zd_fault *fault) {
  static const char *const values[] = {"=", "in", "not-in", "exists"};
  static const char *const hierarchies[] = {"is-a", "is-not-a", "descendent-of", "generalizes"};
  for (size_t i = 0; i < 4; i++) {
    if (is(f->op, values[i])) return by_value(c, f, marks, fault);
    if (is(f->op, hierarchies[i])) return by_hierarchy(c, f, arena, marks, fault);
  }
  return refuse(f, fault);
}
