/* look.c: rows whose resources are read to see what the index does not tell. */
#include "search/plans/look.h"

typedef struct seeing {
  const zd_look *look;
  zd_arena *arena;
  bool hit;
} seeing;

static zd_err see(void *state, const zd_fact *fact) {
  seeing *s = state;
  return s->hit ? ZD_OK : s->look->fits(s->look, fact, s->arena, &s->hit);
}

static zd_err see_all(seeing *s, const zd_tree *tree, uint32_t node) {
  const zd_look *look = s->look;
  zd_nodes nodes = {0};
  zd_fault fault = {0};
  const zd_path *path;
  zd_slice expression = zd_schema_param(look->search->schema, look->param->index).expression;
  zd_source source = {.search = look->search, .tree = tree, .arena = s->arena};
  zd_err err =
      zd_path_compile(tree->schema, tree->nodes[node].type, expression, s->arena, &path, &fault);
  if (!err) err = zd_path_eval(path, tree, node, s->arena, &nodes);
  for (size_t i = 0; i < nodes.n && !err; i++)
    err = zd_facts(&source, look->param->kind, nodes.items[i], see, s);
  return err;
}

zd_err zd_look_at(const zd_look *look, const zd_tree *tree, uint32_t node, zd_arena *arena,
                  bool *hit) {
  seeing s = {.look = look, .arena = arena};
  zd_err err = see_all(&s, tree, node);
  *hit = s.hit;
  return err;
}

static zd_err look_at_row(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  const zd_look *look = state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_record record;
  zd_fault fault = {0};
  zd_tree tree;
  *hit = false;
  zd_err err = zd_snapshot_read(v, row, false, &arena, &record, &fault);
  if (!err && record.body.n) {
    err = zd_stored_tree(look->search, record.type, record.body, &arena, &tree);
    if (!err) err = zd_look_at(look, &tree, 0, &arena, hit);
  }
  zd_arena_free(&arena);
  return err;
}

const zd_look *zd_look_of(const zd_plan *plan) {
  return plan->op == ZD_PLAN_CHECK && plan->check == look_at_row ? plan->check_state : NULL;
}

const zd_plan *zd_look_plan(const zd_look *look, const zd_plan *among, zd_arena *arena) {
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_CHECK);
  zd_look *kept = ZD_NEW(arena, zd_look);
  const zd_plan **child = ZD_NEW_ARRAY(arena, const zd_plan *, 1);
  if (!p || !kept || !child || !among || !look) return NULL;
  *kept = *look;
  child[0] = among;
  p->children = child;
  p->child_count = 1;
  p->check = look_at_row;
  p->check_state = kept;
  return p;
}
