/* list.c: _list (search.html#list): the resources that a current List names and has not taken out
 * again. The List is read when the query is, in the query's snapshot. */
#include "search/plans/ask.h"

typedef struct members {
  zd_ask *a;
  zd_type type;  /* asked; ZD_NO_TYPE: any */
  zd_slice *ids; /* with their types, in the order of the lists */
  zd_type *types;
  size_t n, room;
} members;

static zd_err add_member(members *m, zd_type type, zd_slice id) {
  if (m->n == m->room) {
    size_t room = m->room ? 2 * m->room : 64;
    zd_slice *ids = ZD_NEW_ARRAY(m->a->q->arena, zd_slice, room);
    zd_type *types = ZD_NEW_ARRAY(m->a->q->arena, zd_type, room);
    if (!ids || !types) return ZD_ERR_MEMORY;
    if (m->n)
      memcpy(ids, m->ids, m->n * sizeof *ids), memcpy(types, m->types, m->n * sizeof *types);
    m->ids = ids;
    m->types = types;
    m->room = room;
  }
  m->ids[m->n] = id;
  m->types[m->n++] = type;
  return ZD_OK;
}

/* The text of a child; absent when there is none. */
static zd_err text_below(const zd_tree *tree, uint32_t node, zd_slice name, zd_arena *arena,
                         zd_slice *out) {
  uint32_t child = zd_tree_child(tree, node, name);
  *out = (zd_slice){NULL, 0};
  if (!child || !tree->nodes[child].p) return ZD_OK;
  *out = zd_node_text(&tree->nodes[child], arena);
  return out->p ? ZD_OK : ZD_ERR_MEMORY;
}

static zd_err read_entry(members *m, const zd_tree *tree, uint32_t entry) {
  zd_query_reader *q = m->a->q;
  zd_fact fact = {.type = ZD_NO_TYPE};
  zd_slice deleted, text;
  uint32_t item = zd_tree_child(tree, entry, ZD_S("item"));
  zd_err err = text_below(tree, entry, ZD_S("deleted"), q->arena, &deleted);
  if (err || !item || zd_slice_eq(deleted, ZD_S("true"))) return err;
  err = text_below(tree, item, ZD_S("reference"), q->arena, &text);
  if (err || !text.n || text.p[0] == '#') return err;
  zd_fact_reference(q->s, text, &fact);
  if (!fact.id.p || (m->type != ZD_NO_TYPE && fact.type != m->type)) return ZD_OK;
  return add_member(m, fact.type, fact.id);
}

static zd_err watch_list(zd_query_reader *q, zd_type list, zd_slice id, const zd_plan **out) {
  zd_slice *ids = ZD_NEW_ARRAY(q->arena, zd_slice, 1);
  if (!ids) return ZD_ERR_MEMORY;
  ids[0] = id;
  return zd_plan_ids(q->s, list, ids, 1, q->arena, out);
}

static zd_err read_list(members *m, zd_slice id) {
  zd_query_reader *q = m->a->q;
  zd_type list = zd_schema_type(q->s->schema, ZD_S("List"));
  zd_row row;
  zd_record record;
  zd_tree tree;
  zd_fault fault = {0};
  zd_snapshot *v = q->options->snapshot;
  const zd_plan *watched = NULL;
  zd_err err = watch_list(q, list, id, &watched);
  if (!err) err = zd_query_watch(q, watched);
  if (!err) err = zd_snapshot_find(v, q->s->types[list].symbol, id, &row);
  if (err == ZD_ERR_NOT_FOUND) return ZD_OK;
  if (!err) err = zd_snapshot_read(v, row, false, q->arena, &record, &fault);
  if (err || !record.body.n) return err; /* deleted: in no list */
  err = zd_stored_tree(q->s, record.type, record.body, q->arena, &tree);
  if (err) return err;
  zd_element entry = zd_schema_child(q->s->schema, list, ZD_S("entry"));
  for (uint32_t c = zd_tree_first(&tree, 0); c && !err; c = zd_tree_next(&tree, 0, c))
    if (tree.nodes[c].element == entry) err = read_entry(m, &tree, c);
  return err;
}

/* An OR of ids by type; what is contained is not what a list names, whatever its id. */
static zd_err plan_members(const members *m, zd_asked *out) {
  zd_query_reader *q = m->a->q;
  uint16_t types = zd_schema_type_count(q->s->schema);
  const zd_plan **found = ZD_NEW_ARRAY(q->arena, const zd_plan *, types);
  size_t n = 0;
  if (!found) return ZD_ERR_MEMORY;
  for (zd_type t = 0; t < types; t++) {
    size_t count = 0;
    for (size_t i = 0; i < m->n; i++) count += m->types[i] == t;
    if (!count) continue;
    zd_slice *ids = ZD_NEW_ARRAY(q->arena, zd_slice, count);
    if (!ids) return ZD_ERR_MEMORY;
    count = 0;
    for (size_t i = 0; i < m->n; i++)
      if (m->types[i] == t) ids[count++] = m->ids[i];
    zd_err err = zd_plan_ids(q->s, t, ids, count, q->arena, &found[n++]);
    if (err) return err;
  }
  out->typed = m->type != ZD_NO_TYPE;
  const zd_plan *named;
  zd_err err = zd_plan_group(ZD_PLAN_OR, found, n, q->arena, &named);
  return err ? err : zd_plan_of_rows(named, q->arena, &out->plan);
}

zd_err zd_list_plan(zd_ask *a, zd_type type, zd_asked *out) {
  zd_query_reader *q = a->q;
  members m = {.a = a, .type = type};
  zd_slice *ids;
  size_t n;
  zd_err err = zd_clause_values(q, a->part, &ids, &n);
  if (err) return err;
  if (!q->options->snapshot)
    return zd_query_refuse(q, a->part->name, ZD_ISSUE_NOT_SUPPORTED,
                           "_list is looked up in a snapshot only");
  for (size_t i = 0; i < n && !err; i++) {
    if (ids[i].p[0] == '$')
      return zd_query_refuse(q, a->part->name, ZD_ISSUE_NOT_SUPPORTED,
                             "the functional list \"%.*s\" is not offered: what is current is "
                             "somebody's judgement; ask a List by its id, or by clinical-status",
                             ids[i].n > 64 ? 64 : (int)ids[i].n, ids[i].p);
    if (zd_fact_is_id(ids[i])) err = read_list(&m, ids[i]); /* else the id of no list */
  }
  return err ? err : plan_members(&m, out);
}
