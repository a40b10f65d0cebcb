/* invariants.c: FHIRPath rules of definitions, asked of a node. */
#include "validate/run.h"

static zd_err resolve(void *state, zd_slice reference, zd_arena *arena, zd_fhirpath_item *out,
                      zd_fault *fault) {
  zd_run *r = state;
  *out = (zd_fhirpath_item){.kind = ZD_FP_NODE};
  if (!r->how->world || !r->how->world->resolve) return ZD_OK;
  return r->how->world->resolve(r->how->world->state, reference, arena, out, fault);
}

static zd_err member_of(void *state, zd_fhirpath_item coded, zd_slice value_set, zd_arena *arena,
                        int *answer, zd_fault *fault) {
  zd_run *r = state;
  (void)arena, (void)fault;
  *answer = coded.kind == ZD_FP_NODE ? zd_in_value_set(r, coded.as.tree, coded.n, value_set) : -1;
  return r->err;
}

static zd_err conforms_to(void *state, zd_fhirpath_item item, zd_slice profile, zd_arena *arena,
                          int *answer, zd_fault *fault) {
  zd_run *r = state;
  (void)arena, (void)fault;
  *answer = zd_run_item_conforms(r, item, profile);
  return r->err;
}

void zd_run_environment(zd_run *r, zd_fhirpath_world *world, zd_fhirpath_env *env) {
  *world = (zd_fhirpath_world){
      .state = r, .resolve = resolve, .member_of = member_of, .conforms_to = conforms_to};
  *env = (zd_fhirpath_env){.now_ms = r->how->now_ms, .world = world};
}

static void say_broken(zd_run *r, zd_subject about, const zd_invariant *i, zd_slice why) {
  r->trial_undecided = true;
  zd_run_say(r, about,
             &(zd_say){.severity = ZD_INFORMATION,
                       .code = ZD_ISSUE_NOT_SUPPORTED,
                       .message = ZD_SAY_INVARIANT_BROKEN,
                       .text = {i->c.key, why},
                       .rule = i->c.key,
                       .source = i->c.source});
}

static int ask(zd_run *r, const zd_invariant *i, uint32_t node, zd_subject about) {
  zd_fhirpath_world world;
  zd_fhirpath_env env;
  zd_fault fault = {0};
  int answer = 0;
  zd_run_environment(r, &world, &env);
  r->evaluating++;
  zd_err err = zd_fhirpath_test(i->program, &env, r->tree, node, &r->work, &answer, &fault);
  if (--r->evaluating == 0) zd_arena_reset(&r->work);
  if (err == ZD_OK) return answer;
  if (err == ZD_ERR_MEMORY)
    zd_run_fail(r, err, "no memory to evaluate an invariant");
  else
    say_broken(r, about, i, zd_slice_of(fault.text));
  return 1;
}

/* Most of what is asked of every resource is seen at a glance. */
static bool holds_plainly(const zd_run *r, zd_plain plain, uint32_t node) {
  const zd_tree *t = r->tree;
  switch (plain) {
    case ZD_PLAIN_NOT:
      return false;
    case ZD_PLAIN_CONTAINED:
      return !zd_tree_child(t, node, ZD_S("contained"));
    case ZD_PLAIN_EXTENSION:
      return !zd_tree_child(t, node, ZD_S("extension")) !=
             !zd_tree_child_path(t, node, ZD_S("value"));
    case ZD_PLAIN_REFERENCE: {
      uint32_t c = zd_tree_child(t, node, ZD_S("reference"));
      return !c || !t->nodes[c].n || (t->nodes[c].p[0] != '#' && t->nodes[c].p[0] != '\\');
    }
  }
  return false;
}

void zd_check_invariants(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  const zd_rule_row *at = &rules->rows[row];
  zd_subject about = {node, rules, row};
  for (uint32_t k = 0; k < at->invariant_count && !r->err; k++) {
    const zd_invariant *i = &at->invariants[k];
    if (holds_plainly(r, i->plain, node)) continue;
    if (!i->program) {
      say_broken(r, about, i, i->why);
      continue;
    }
    if (ask(r, i, node, about) != 0) continue; /* of what is not there a rule says nothing */
    zd_run_say(r, about,
               &(zd_say){.severity = i->c.error ? ZD_ERROR : ZD_WARNING,
                         .code = ZD_ISSUE_INVARIANT,
                         .message = ZD_SAY_INVARIANT,
                         .text = {i->c.key, i->c.human},
                         .rule = i->c.key,
                         .source = i->c.source});
  }
}
