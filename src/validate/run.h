/* run.h: one resource being held against its rules. Private to validate/. */
#ifndef ZD_VALIDATE_RUN_H
#define ZD_VALIDATE_RUN_H

#include "validate/rules.h"

enum { ZD_RUN_DEPTH = 200, ZD_TRIAL_DEPTH = 12 };

typedef struct zd_run {
  zd_validator *v;
  const zd_schema *schema;
  const zd_validate_options *how;
  const zd_tree *tree;
  zd_findings *out;
  zd_arena *arena; /* of the findings */
  zd_arena work;   /* of evaluations; begins anew when none is under way */
  unsigned evaluating;
  uint32_t path[ZD_RUN_DEPTH]; /* nodes from the root to the one at hand */
  uint32_t depth;
  /* A trial finds out whether something conforms: errors are counted, nothing is told. */
  unsigned trial;
  size_t trial_errors;
  bool trial_undecided;
  zd_err err; /* memory, limits: ends the run */
  zd_fault fault;
} zd_run;

/* What a finding is about: rule and profile may be NULL. */
typedef struct zd_subject {
  uint32_t node;
  const zd_rules *rules;
  uint32_t row; /* of the rules, when they are there */
} zd_subject;

/* ---- findings (say.c) ---- */

typedef struct zd_say {
  zd_severity severity;
  zd_issue_code code;
  zd_message message;
  zd_slice text[3]; /* copied */
  zd_slice rule;    /* absent: the id of the row */
  zd_slice source;  /* absent: the profile */
} zd_say;
void zd_run_say(zd_run *r, zd_subject about, const zd_say *say);
void zd_run_fail(zd_run *r, zd_err err, const char *why);
zd_slice zd_number_text(zd_run *r, uint64_t n);
void zd_findings_add(zd_findings *list, const zd_finding *finding);

/* ---- walking (walk.c) ---- */

/* The resource at node: its type, then profiles it claims. */
void zd_walk_resource(zd_run *r, uint32_t node);
/* The value at node against a row (and what is under it). */
void zd_walk_row(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node);
/* Children of node against the rows under `row`. */
void zd_walk_children(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node);
/* 1: node conforms to the profile, 0: it doesn't, -1: not known. Nothing is told. */
int zd_run_conforms(zd_run *r, uint32_t node, zd_slice profile);
int zd_run_row_conforms(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node);
/* The same of a node of another tree. */
int zd_run_item_conforms(zd_run *r, zd_fhirpath_item item, zd_slice profile);
/* Holds the node against a profile and tells what it finds; profiles that are not known too. */
void zd_run_profile(zd_run *r, uint32_t node, zd_slice profile);

/* ---- parts ---- */

/* values.c: fixed, pattern, length, least and most. */
void zd_check_value(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node);
bool zd_value_matches(zd_run *r, const zd_tree *tree, uint32_t node, const zd_json_tape *tape,
                      uint32_t at, bool exact);

/* invariants.c */
void zd_check_invariants(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node);
void zd_run_environment(zd_run *r, zd_fhirpath_world *world, zd_fhirpath_env *env);

/* bindings.c */
void zd_check_binding(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node);
void zd_check_coding(zd_run *r, uint32_t node);
/* Does the coded value lie in the value set: 1, 0, -1. */
int zd_in_value_set(zd_run *r, const zd_tree *tree, uint32_t node, zd_slice value_set);

/* types.c: types, their profiles, what references lead to. */
void zd_check_types(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node);

/* references.c */
typedef enum zd_reference_kind {
  ZD_REFERENCE_NONE,
  ZD_REFERENCE_CONTAINED,
  ZD_REFERENCE_BUNDLED,
  ZD_REFERENCE_OUTSIDE
} zd_reference_kind;
typedef struct zd_target {
  zd_reference_kind kind;
  zd_slice text;         /* the reference */
  zd_type type;          /* what it leads to; ZD_NO_TYPE: not known */
  zd_fhirpath_item item; /* as.tree NULL: it is not here */
} zd_target;
void zd_find_target(zd_run *r, uint32_t reference, zd_target *out);
void zd_find_text(zd_run *r, uint32_t from, zd_slice text, zd_target *out);
void zd_check_reference(zd_run *r, uint32_t node);
/* Resource that the node stands in, contained ones for themselves; Bundle entry's above. */
uint32_t zd_resource_of(const zd_run *r, const zd_tree *tree, uint32_t node);

/* slices.c: the children of a parent that are one element, sliced. */
void zd_check_slices(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t parent);
/* Row `slice` has a node that belongs to it: 1, 0, -1 not known. */
int zd_slice_takes(zd_run *r, const zd_rules *rules, uint32_t main, uint32_t slice, uint32_t node);

/* extensions.c */
void zd_check_extension(zd_run *r, uint32_t node);

/* bundle.c, response.c */
void zd_check_bundle(zd_run *r, uint32_t node);
void zd_check_response(zd_run *r, uint32_t node);

static inline zd_slice zd_run_text(zd_run *r, const zd_tree *tree, uint32_t node) {
  return zd_node_text(&tree->nodes[node], r->arena);
}
/* Text of the first child of this name; absent. */
static inline zd_slice zd_run_child_text(zd_run *r, const zd_tree *tree, uint32_t node,
                                         zd_slice name) {
  uint32_t child = zd_tree_child(tree, node, name);
  if (!child || !tree->nodes[child].p) return (zd_slice){NULL, 0};
  return zd_run_text(r, tree, child);
}

#endif
