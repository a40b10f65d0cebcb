/* code_system.c: stored CodeSystems (R4 codesystem.html). A concept stands below the one that holds
 * it, and below those that its properties `parent` and `subsumedBy` name; `child` says it from
 * above. */
#include "search/codes/code_system.h"

#include <stdlib.h>

static zd_err text_at(const zd_tree *t, uint32_t node, zd_slice name, zd_arena *arena,
                      zd_slice *out) {
  uint32_t child = zd_tree_child(t, node, name);
  *out = (zd_slice){NULL, 0};
  if (!child || !t->nodes[child].p) return ZD_OK;
  *out = zd_node_text(&t->nodes[child], arena);
  return out->p ? ZD_OK : ZD_ERR_MEMORY;
}

/* ---- finding ---- */

static zd_err tree_of_row(const zd_search *s, const zd_code_question *q, zd_row row, zd_tree *out) {
  zd_record record;
  zd_err err = zd_snapshot_read(q->snapshot, row, false, q->arena, &record, q->fault);
  if (!err && !record.body.n) err = ZD_ERR_NOT_FOUND; /* deleted */
  if (!err) err = zd_stored_tree(s, record.type, record.body, q->arena, out);
  enum { BYTES_A_NODE = 64 };
  return err ? err : zd_code_spend(q, out->count + record.body.n / BYTES_A_NODE);
}

static zd_err find_by_id(const zd_search *s, const zd_code_question *q, zd_type type, zd_slice id,
                         zd_tree *out) {
  zd_row row;
  zd_err err = zd_snapshot_find(q->snapshot, s->types[type].symbol, id, &row);
  return err ? err : tree_of_row(s, q, row, out);
}

static zd_err url_plan(const zd_search *s, const zd_code_question *q, zd_type type, zd_slice url,
                       const zd_plan **out) {
  const zd_search_param *param = zd_program_find(s, type, ZD_S("url"));
  if (!param || param->kind != ZD_PARAM_URI) return ZD_ERR_NOT_FOUND;
  if (zd_field_is_late(s, param))
    return zd_fail(q->fault, ZD_ERR_BUSY, "what was stored before is being indexed by its url");
  zd_search_value value = {.text = url};
  zd_clause clause = {.param = param, .type = type, .values = &value, .count = 1};
  return zd_plan_clause(s, &clause, q->arena, out);
}

static zd_err find_by_url(const zd_search *s, const zd_code_question *q, zd_type type,
                          const zd_fact *canonical, zd_tree *out) {
  zd_search_request ask = {.after = ZD_NO_ROW, .limit = 1, .order = ZD_SCAN_DESCENDING};
  zd_err err = url_plan(s, q, type, canonical->text, &ask.plan);
  while (!err) {
    size_t n;
    zd_slice version = {NULL, 0};
    err = zd_snapshot_search(q->snapshot, &ask, &ask.after, &n, q->fault);
    if (!err && !n) return ZD_ERR_NOT_FOUND;
    if (!err) err = tree_of_row(s, q, ask.after, out);
    if (err || !canonical->version.p) return err;
    err = text_at(out, 0, ZD_S("version"), q->arena, &version);
    if (!err && version.p && zd_slice_eq(version, canonical->version)) return ZD_OK;
  }
  return err;
}

zd_err zd_canonical_find(const zd_search *s, const zd_code_question *q, zd_type type, zd_slice url,
                         zd_tree *out) {
  zd_fact local = {.type = ZD_NO_TYPE}, canonical = {.type = ZD_NO_TYPE};
  if (!q->snapshot || type == ZD_NO_TYPE) return ZD_ERR_NOT_FOUND;
  zd_fact_canonical(url, &canonical);
  zd_err err = find_by_url(s, q, type, &canonical, out);
  if (err != ZD_ERR_NOT_FOUND) return err;
  zd_fact_reference(s, url, &local);
  return local.id.p && local.type == type ? find_by_id(s, q, type, local.id, out) : err;
}

/* ---- reading ---- */

typedef struct reader {
  const zd_code_question *q;
  zd_code_system *c;
  uint32_t room, edge_room;
} reader;

static zd_err add_concept(reader *r, uint32_t node) {
  zd_code_system *c = r->c;
  if (c->count == ZD_CODE_SYSTEM_MAX)
    return zd_fail(r->q->fault, ZD_ERR_LIMIT, "the code system %.*s has more than %d codes",
                   ZD_SV(c->url), ZD_CODE_SYSTEM_MAX);
  if (c->count == r->room) {
    uint32_t room = r->room ? r->room * 2 : 256;
    zd_concept *more = ZD_NEW_ARRAY(r->q->arena, zd_concept, room);
    if (!more) return ZD_ERR_MEMORY;
    if (c->count) memcpy(more, c->concepts, c->count * sizeof *more);
    c->concepts = more;
    r->room = room;
  }
  zd_concept *concept = &c->concepts[c->count];
  concept->node = node;
  zd_err err = text_at(&c->tree, node, ZD_S("code"), r->q->arena, &concept->code);
  if (!err && concept->code.p) c->count++;
  return err;
}

static zd_err add_concepts(reader *r, uint32_t parent) {
  const zd_tree *t = &r->c->tree;
  zd_err err = ZD_OK;
  for (uint32_t k = zd_tree_child(t, parent, ZD_S("concept")); k && !err;
       k = zd_tree_next(t, parent, k)) {
    if (!zd_slice_eq(zd_schema_element_info(t->schema, t->nodes[k].element).name, ZD_S("concept")))
      break;
    err = add_concept(r, k);
    if (!err) err = add_concepts(r, k); /* as deep as the reader of resources lets nest */
  }
  return err;
}

static int by_code(const void *a, const void *b) {
  return zd_slice_cmp(((const zd_concept *)a)->code, ((const zd_concept *)b)->code);
}

uint32_t zd_code_system_at(const zd_code_system *c, zd_slice code) {
  zd_concept wanted = {.code = code};
  const zd_concept *at =
      c->count ? bsearch(&wanted, c->concepts, c->count, sizeof wanted, by_code) : NULL;
  return at ? (uint32_t)(at - c->concepts) : UINT32_MAX;
}

static zd_err add_edge(reader *r, uint32_t parent, uint32_t child) {
  zd_code_system *c = r->c;
  if (parent == UINT32_MAX || child == UINT32_MAX) return ZD_OK;
  if (c->edge_count == r->edge_room) {
    uint32_t room = r->edge_room ? r->edge_room * 2 : 256;
    zd_concept_edge *more = ZD_NEW_ARRAY(r->q->arena, zd_concept_edge, room);
    if (!more) return ZD_ERR_MEMORY;
    if (c->edge_count) memcpy(more, c->edges, c->edge_count * sizeof *more);
    c->edges = more;
    r->edge_room = room;
  }
  c->edges[c->edge_count++] = (zd_concept_edge){parent, child};
  return ZD_OK;
}

static zd_err property_edge(reader *r, uint32_t concept, uint32_t property) {
  zd_slice name, value;
  const zd_tree *t = &r->c->tree;
  zd_err err = text_at(t, property, ZD_S("code"), r->q->arena, &name);
  if (!err) err = text_at(t, property, ZD_S("valueCode"), r->q->arena, &value);
  if (err || !name.p || !value.p) return err;
  uint32_t other = zd_code_system_at(r->c, value);
  if (zd_slice_eq(name, ZD_S("child"))) return add_edge(r, concept, other);
  bool up = zd_slice_eq(name, ZD_S("parent")) || zd_slice_eq(name, ZD_S("subsumedBy"));
  return up ? add_edge(r, other, concept) : ZD_OK;
}

static zd_err concept_edges(reader *r, uint32_t number) {
  const zd_tree *t = &r->c->tree;
  uint32_t node = r->c->concepts[number].node;
  zd_err err = ZD_OK;
  for (uint32_t k = zd_tree_first(t, node); k && !err; k = zd_tree_next(t, node, k)) {
    zd_slice name = zd_schema_element_info(t->schema, t->nodes[k].element).name;
    zd_slice code = {NULL, 0};
    if (zd_slice_eq(name, ZD_S("property"))) err = property_edge(r, number, k);
    if (!zd_slice_eq(name, ZD_S("concept"))) continue;
    err = text_at(t, k, ZD_S("code"), r->q->arena, &code);
    if (!err && code.p) err = add_edge(r, number, zd_code_system_at(r->c, code));
  }
  return err;
}

static zd_err check_content(const zd_code_question *q, zd_code_system *c) {
  zd_slice content, meaning;
  zd_err err = text_at(&c->tree, 0, ZD_S("content"), q->arena, &content);
  if (!err) err = text_at(&c->tree, 0, ZD_S("hierarchyMeaning"), q->arena, &meaning);
  if (err) return err;
  c->is_a = !meaning.p || zd_slice_eq(meaning, ZD_S("is-a"));
  if (content.p && zd_slice_eq(content, ZD_S("complete"))) return ZD_OK;
  return zd_fail(q->fault, ZD_ERR_UNSUPPORTED, "the stored code system %.*s is not complete",
                 ZD_SV(c->url));
}

zd_err zd_code_system_read(const zd_search *s, const zd_code_question *q, zd_slice url,
                           zd_code_system *out) {
  *out = (zd_code_system){.url = url};
  reader r = {.q = q, .c = out};
  zd_type type = zd_schema_type(s->schema, ZD_S("CodeSystem"));
  zd_err err = zd_canonical_find(s, q, type, url, &out->tree);
  if (!err) err = check_content(q, out);
  if (!err) err = add_concepts(&r, 0);
  if (!err && out->count) qsort(out->concepts, out->count, sizeof *out->concepts, by_code);
  for (uint32_t i = 0; i < out->count && !err; i++) err = concept_edges(&r, i);
  return err;
}

/* ---- closure ---- */

static int by_parent(const void *a, const void *b) {
  const zd_concept_edge *x = a, *y = b;
  return (x->parent > y->parent) - (x->parent < y->parent);
}

/* Edges turned so that they lead from `parent` the way that is gone. */
static zd_concept_edge *turned(const zd_code_system *c, bool down, zd_arena *arena) {
  zd_concept_edge *edges = ZD_NEW_ARRAY(arena, zd_concept_edge, c->edge_count + 1u);
  if (!edges) return NULL;
  for (uint32_t i = 0; i < c->edge_count; i++)
    edges[i] = down ? c->edges[i] : (zd_concept_edge){c->edges[i].child, c->edges[i].parent};
  qsort(edges, c->edge_count, sizeof *edges, by_parent);
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

zd_err zd_code_system_closure(const zd_code_system *c, uint32_t from, bool down,
                              const zd_code_question *q, zd_code_list *out) {
  if (!c->is_a)
    return zd_fail(q->fault, ZD_ERR_UNSUPPORTED,
                   "the hierarchy of the code system %.*s does not mean is-a", ZD_SV(c->url));
  zd_concept_edge *edges = turned(c, down, q->arena);
  uint8_t *seen = ZD_NEW_ARRAY(q->arena, uint8_t, c->count + 1u);
  uint32_t *queue = ZD_NEW_ARRAY(q->arena, uint32_t, c->count + 1u), head = 0, tail = 0;
  if (!edges || !seen || !queue) return ZD_ERR_MEMORY;
  zd_err err = zd_code_spend(q, (size_t)c->count + c->edge_count);
  seen[from] = 1;
  queue[tail++] = from;
  while (head < tail && !err) {
    uint32_t at = queue[head++];
    err = zd_code_list_add(out, c->url, c->concepts[at].code, q->arena);
    for (uint32_t e = first_from(edges, c->edge_count, at);
         e < c->edge_count && edges[e].parent == at; e++) {
      if (seen[edges[e].child]) continue;
      seen[edges[e].child] = 1;
      queue[tail++] = edges[e].child;
    }
  }
  return err;
}
