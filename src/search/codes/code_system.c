/* code_system.c: CodeSystems (R4 codesystem.html), those that are stored and those that are shipped
 * with the definitions. */
#include "search/codes/code_system.h"

zd_err zd_code_member(const zd_code_question *q, const zd_tree *t, uint32_t node, zd_slice name,
                      zd_slice *out) {
  uint32_t child = zd_tree_child(t, node, name);
  *out = (zd_slice){NULL, 0};
  if (!child || !t->nodes[child].p) return ZD_OK;
  *out = zd_node_text(&t->nodes[child], q->arena);
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
    err = zd_code_member(q, out, 0, ZD_S("version"), &version);
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

/* ---- reading what is stored ---- */

typedef struct reader {
  const zd_code_question *q;
  const zd_tree *tree;
  zd_slice url;
  zd_concepts_draft draft;
  size_t count;
} reader;

static zd_slice name_of(const zd_tree *t, uint32_t node) {
  return zd_schema_element_info(t->schema, t->nodes[node].element).name;
}

/* value[x] may be something else than a primitive: absent then. */
static zd_err add_property(reader *r, zd_slice code, uint32_t node) {
  const zd_tree *t = r->tree;
  zd_slice name, text = {NULL, 0};
  zd_err err = zd_code_member(r->q, t, node, ZD_S("code"), &name);
  uint32_t value = zd_tree_child_path(t, node, ZD_S("value"));
  if (err || !name.p || !value) return err;
  if (t->nodes[value].p) {
    text = zd_node_text(&t->nodes[value], r->q->arena);
    if (!text.p) return ZD_ERR_MEMORY;
  }
  zd_concepts_add_property(&r->draft, code, name, text);
  return ZD_OK;
}

static zd_err add_properties(reader *r, zd_slice code, uint32_t concept) {
  const zd_tree *t = r->tree;
  zd_err err = ZD_OK;
  for (uint32_t k = zd_tree_first(t, concept); k && !err; k = zd_tree_next(t, concept, k))
    if (zd_slice_eq(name_of(t, k), ZD_S("property"))) err = add_property(r, code, k);
  return err;
}

static zd_err add_concept(reader *r, uint32_t node, zd_slice code, zd_slice parent) {
  if (++r->count > ZD_CODE_SYSTEM_MAX)
    return zd_fail(r->q->fault, ZD_ERR_LIMIT, "the code system %.*s has more than %d codes",
                   ZD_SV(r->url), ZD_CODE_SYSTEM_MAX);
  zd_concepts_add(&r->draft, code, parent);
  return add_properties(r, code, node);
}

/* The concepts under a node, as deep as the reader of resources lets nest. */
static zd_err add_concepts(reader *r, uint32_t above, zd_slice parent) {
  const zd_tree *t = r->tree;
  zd_err err = ZD_OK;
  for (uint32_t k = zd_tree_first(t, above); k && !err; k = zd_tree_next(t, above, k)) {
    zd_slice code;
    if (!zd_slice_eq(name_of(t, k), ZD_S("concept"))) continue;
    err = zd_code_member(r->q, t, k, ZD_S("code"), &code);
    if (!err && code.p) err = add_concept(r, k, code, parent);
    if (!err) err = add_concepts(r, k, code.p ? code : parent);
  }
  return err;
}

static zd_err declare_properties(reader *r) {
  const zd_tree *t = r->tree;
  zd_err err = ZD_OK;
  for (uint32_t k = zd_tree_first(t, 0); k && !err; k = zd_tree_next(t, 0, k)) {
    zd_slice code, uri;
    if (!zd_slice_eq(name_of(t, k), ZD_S("property"))) continue;
    err = zd_code_member(r->q, t, k, ZD_S("code"), &code);
    if (!err) err = zd_code_member(r->q, t, k, ZD_S("uri"), &uri);
    if (!err) zd_concepts_declare(&r->draft, code, uri);
  }
  return err;
}

static zd_err check_content(const zd_code_question *q, const zd_tree *t, zd_slice url) {
  zd_slice content;
  zd_err err = zd_code_member(q, t, 0, ZD_S("content"), &content);
  if (err || (content.p && zd_slice_eq(content, ZD_S("complete")))) return err;
  return zd_fail(q->fault, ZD_ERR_UNSUPPORTED, "the stored code system %.*s is not complete",
                 ZD_SV(url));
}

static zd_err hierarchy_of(const zd_code_question *q, const zd_tree *t, zd_hierarchy_meaning *out) {
  static const char *const words[] = {"", "grouped-by", "is-a", "part-of", "classified-with"};
  zd_slice meaning;
  zd_err err = zd_code_member(q, t, 0, ZD_S("hierarchyMeaning"), &meaning);
  *out = ZD_HIERARCHY_NOT_SAID;
  for (int i = 1; i < 5 && meaning.p; i++)
    if (zd_slice_eq(meaning, zd_slice_of(words[i]))) *out = (zd_hierarchy_meaning)i;
  return err;
}

static zd_err read_stored(const zd_code_question *q, const zd_tree *t, zd_slice url,
                          zd_concepts *out) {
  reader r = {.q = q, .tree = t, .url = url};
  zd_hierarchy_meaning hierarchy;
  zd_err err = check_content(q, t, url);
  if (!err) err = hierarchy_of(q, t, &hierarchy);
  if (err) return err;
  zd_concepts_begin(&r.draft);
  err = declare_properties(&r);
  if (!err) err = add_concepts(&r, 0, (zd_slice){NULL, 0});
  if (!err) err = zd_concepts_make(&r.draft, q->arena, out);
  zd_concepts_end(&r.draft);
  out->hierarchy = hierarchy;
  return err;
}

/* ---- reading what is shipped ---- */

static zd_err read_shipped(const zd_search *s, const zd_code_question *q, zd_slice canonical,
                           zd_concepts *out) {
  uint32_t at = zd_schema_code_system_find(s->schema, canonical);
  if (at == UINT32_MAX)
    return zd_fail(q->fault, ZD_ERR_NOT_FOUND, "the code system %.*s is not known",
                   ZD_SV(canonical));
  zd_code_system_info info = zd_schema_code_system(s->schema, at);
  if (info.content != ZD_CODES_COMPLETE)
    return zd_fail(q->fault, ZD_ERR_UNSUPPORTED,
                   "the codes of the code system %.*s are not all known here", ZD_SV(canonical));
  zd_err err = zd_code_spend(q, (size_t)info.count + info.edge_count + info.property_count);
  return err ? err : zd_concepts_of_schema(s->schema, at, q->arena, out);
}

zd_err zd_code_system_read(const zd_search *s, const zd_code_question *q, zd_slice canonical,
                           zd_concepts *out) {
  zd_tree tree;
  zd_type type = zd_schema_type(s->schema, ZD_S("CodeSystem"));
  zd_err err = zd_canonical_find(s, q, type, canonical, &tree);
  if (err == ZD_ERR_NOT_FOUND)
    err = read_shipped(s, q, canonical, out);
  else if (!err)
    err = read_stored(q, &tree, canonical, out);
  out->url = (zd_slice){canonical.p, zd_slice_find(canonical, '|')};
  return err;
}

zd_err zd_code_system_add(const zd_concepts *c, const uint8_t *marks, const zd_code_question *q,
                          zd_code_list *out) {
  zd_err err = ZD_OK;
  for (uint32_t i = 0; i < c->count && !err; i++)
    if (!marks || marks[i]) err = zd_code_list_add(out, c->url, c->codes[i], q->arena);
  return err;
}
