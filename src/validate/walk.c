/* walk.c: a resource against the definition of its type, whole; against profiles, as far as they
 * have rows. */
#include "validate/run.h"

static bool enter(zd_run *r, uint32_t node) {
  if (r->err) return false;
  if (r->depth == ZD_RUN_DEPTH) {
    zd_run_fail(r, ZD_ERR_LIMIT, "the resource is nested too deeply to be validated");
    return false;
  }
  r->path[r->depth++] = node;
  return true;
}

static bool is_of(const zd_profile_element *e, zd_element element) {
  return e->element != ZD_NO_ELEMENT && element >= e->element &&
         element < e->element + e->alternatives;
}

/* ---- the type's definition ---- */

static void base_children(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node);

/* Types that have rules of their own beyond those in the definitions. */
static void check_type_itself(zd_run *r, zd_type type, uint32_t node) {
  if (type == r->v->extension) zd_check_extension(r, node);
  if (type == r->v->reference) zd_check_reference(r, node);
  if (type == r->v->coding) zd_check_coding(r, node);
}

/* ele-1: a value, or children besides the id. The reader has seen to everything but this. */
static void check_not_empty(zd_run *r, uint32_t node) {
  const zd_node *x = &r->tree->nodes[node];
  if (x->p || x->end != node + 2 || x->type == r->v->extension) return;
  zd_element_info child = zd_schema_element_info(r->schema, x[1].element);
  if (!zd_slice_eq(child.name, ZD_S("id")) || zd_schema_is_resource(r->schema, x->type)) return;
  zd_run_say(
      r, (zd_subject){node, NULL, 0},
      &(zd_say){.severity = ZD_ERROR,
                .code = ZD_ISSUE_INVARIANT,
                .message = ZD_SAY_INVARIANT,
                .text = {ZD_S("ele-1"), ZD_S("All FHIR elements must have a @value or children")},
                .rule = ZD_S("ele-1"),
                .source = ZD_S("http://hl7.org/fhir/StructureDefinition/Element")});
}

/* R4 references.html#canonical: absolute, or a fragment; published examples are not always. */
static void check_canonical(zd_run *r, uint32_t node) {
  zd_slice text = zd_run_text(r, r->tree, node);
  if (!text.n || text.p[0] == '#' || zd_slice_find(text, ':') < text.n) return;
  zd_run_say(r, (zd_subject){node, NULL, 0},
             &(zd_say){.severity = ZD_WARNING,
                       .code = ZD_ISSUE_VALUE,
                       .message = ZD_SAY_CANONICAL_RELATIVE,
                       .text = {text},
                       .source = ZD_S("http://hl7.org/fhir/StructureDefinition/canonical")});
}

static void base_value(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  const zd_node *x = &r->tree->nodes[node];
  const zd_rule_row *at = &rules->rows[row];
  if (!enter(r, node)) return;
  if (at->invariant_count) zd_check_invariants(r, rules, row, node);
  if (at->binds) zd_check_binding(r, rules, row, node);
  if (x->type == r->v->reference) zd_check_types(r, rules, row, node);
  if (x->type == r->v->canonical && x->p) check_canonical(r, node);
  check_not_empty(r, node);
  uint32_t under = at->e.content_reference == ZD_PE_NONE ? row : at->e.content_reference;
  if (rules->rows[under].first != ZD_PE_NONE) {
    base_children(r, rules, under, node);
  } else if (zd_schema_is_resource(r->schema, x->type)) {
    zd_walk_resource(r, node);
  } else if (x->end > node + 1) {
    const zd_rules *own = zd_rules_of_type(r->v, x->type);
    if (own && own->rows[0].invariant_count) zd_check_invariants(r, own, 0, node);
    check_type_itself(r, x->type, node);
    if (own) base_children(r, own, 0, node);
  }
  r->depth--;
}

/* Children come mostly in the order of the rows: the search goes on where it stopped. */
static void base_children(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  uint32_t first = rules->rows[row].first, at = first;
  for (uint32_t c = zd_tree_first(r->tree, node); c && !r->err;
       c = zd_tree_next(r->tree, node, c)) {
    zd_element element = r->tree->nodes[c].element;
    uint32_t from = at;
    do {
      if (is_of(&rules->rows[at].e, element)) {
        base_value(r, rules, at, c);
        break;
      }
      at = rules->rows[at].next == ZD_PE_NONE ? first : rules->rows[at].next;
    } while (at != from);
  }
}

static void check_claims(zd_run *r, uint32_t node) {
  uint32_t meta = zd_tree_child(r->tree, node, ZD_S("meta"));
  if (!meta || r->how->claims_off) return;
  for (uint32_t c = zd_tree_first(r->tree, meta); c; c = zd_tree_next(r->tree, meta, c)) {
    if (!zd_slice_eq(zd_schema_element_info(r->schema, r->tree->nodes[c].element).name,
                     ZD_S("profile")) ||
        !r->tree->nodes[c].p)
      continue;
    zd_run_profile(r, node, zd_run_text(r, r->tree, c));
  }
}

void zd_walk_resource(zd_run *r, uint32_t node) {
  zd_type type = r->tree->nodes[node].type;
  const zd_rules *rules = zd_rules_of_type(r->v, type);
  if (!rules) {
    zd_run_fail(r, ZD_ERR_MEMORY, "no memory for the rules of a type");
    return;
  }
  if (!enter(r, node)) return;
  if (rules->rows[0].invariant_count) zd_check_invariants(r, rules, 0, node);
  base_children(r, rules, 0, node);
  if (type == r->v->bundle) zd_check_bundle(r, node);
  if (type == r->v->response) zd_check_response(r, node);
  check_claims(r, node);
  r->depth--;
}

/* ---- profiles ---- */

static void check_number(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t parent,
                         uint32_t found) {
  const zd_profile_element *e = &rules->rows[row].e;
  uint32_t least = 0, most = ZD_PE_UNBOUNDED;
  if (e->element != ZD_NO_ELEMENT) {
    zd_element_info info = zd_schema_element_info(r->schema, e->element);
    least = info.min, most = info.max == 0xFFFF ? ZD_PE_UNBOUNDED : info.max;
  }
  zd_subject about = {parent, rules, row};
  if (found < e->min && found >= least)
    zd_run_say(r, about,
               &(zd_say){.severity = ZD_ERROR,
                         .code = ZD_ISSUE_REQUIRED,
                         .message = ZD_SAY_TOO_FEW,
                         .text = {e->id, zd_number_text(r, e->min), zd_number_text(r, found)}});
  if (found > e->max && found <= most)
    zd_run_say(r, about,
               &(zd_say){.severity = ZD_ERROR,
                         .code = ZD_ISSUE_STRUCTURE,
                         .message = ZD_SAY_TOO_MANY,
                         .text = {e->id, zd_number_text(r, e->max), zd_number_text(r, found)}});
}

/* A slice without a row that it is a slice of stands for itself. */
static bool is_main(const zd_rules *rules, uint32_t row) {
  const zd_profile_element *e = &rules->rows[row].e;
  if (!e->slice.p) return true;
  if (e->sliced != ZD_PE_NONE) return false;
  for (uint32_t k = rules->rows[e->parent].first; k != ZD_PE_NONE && k < row;
       k = rules->rows[k].next)
    if (is_of(&rules->rows[k].e, e->element) && !rules->rows[k].e.slice.p) return false;
  return true;
}

static void check_element(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t parent) {
  const zd_profile_element *e = &rules->rows[row].e;
  uint32_t found = 0;
  for (uint32_t c = zd_tree_first(r->tree, parent); c && !r->err;
       c = zd_tree_next(r->tree, parent, c)) {
    if (!is_of(e, r->tree->nodes[c].element)) continue;
    if (e->slice.p && zd_slice_takes(r, rules, ZD_PE_NONE, row, c) != 1) continue;
    found++;
    zd_walk_row(r, rules, row, c);
  }
  check_number(r, rules, row, parent, found);
  if (!e->slice.p) zd_check_slices(r, rules, row, parent);
}

void zd_walk_children(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  for (uint32_t k = rules->rows[row].first; k != ZD_PE_NONE && !r->err; k = rules->rows[k].next) {
    const zd_profile_element *e = &rules->rows[k].e;
    if (e->element == ZD_NO_ELEMENT || !is_main(rules, k)) continue;
    check_element(r, rules, k, node);
  }
}

void zd_walk_row(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  const zd_rule_row *at = &rules->rows[row];
  if (!enter(r, node)) return;
  if (at->invariant_count) zd_check_invariants(r, rules, row, node);
  zd_check_value(r, rules, row, node);
  if (at->binds) zd_check_binding(r, rules, row, node);
  if (at->typed) zd_check_types(r, rules, row, node);
  uint32_t under = at->first == ZD_PE_NONE && at->e.content_reference != ZD_PE_NONE
                       ? at->e.content_reference
                       : row;
  zd_walk_children(r, rules, under, node);
  r->depth--;
}

static void say_profile(zd_run *r, uint32_t node, zd_severity severity, zd_issue_code code,
                        zd_message message, zd_slice a, zd_slice b, zd_slice c) {
  zd_run_say(r, (zd_subject){node, NULL, 0},
             &(zd_say){.severity = severity, .code = code, .message = message, .text = {a, b, c}});
}

/* Against this profile and those it derives from: a snapshot holds all they say. */
void zd_run_profile(zd_run *r, uint32_t node, zd_slice profile) {
  zd_type type = r->tree->nodes[node].type;
  uint32_t p = zd_schema_profile_find(r->schema, profile);
  zd_slice none = {NULL, 0};
  if (p == UINT32_MAX) {
    r->trial_undecided = true;
    say_profile(r, node, ZD_WARNING, ZD_ISSUE_NOT_FOUND, ZD_SAY_PROFILE_UNKNOWN, profile, none,
                none);
    return;
  }
  zd_profile_info info = zd_schema_profile(r->schema, p);
  if (info.type != ZD_NO_TYPE && !zd_schema_is_a(r->schema, type, info.type)) {
    say_profile(r, node, ZD_ERROR, ZD_ISSUE_STRUCTURE, ZD_SAY_PROFILE_TYPE, profile,
                zd_schema_type_info(r->schema, info.type).name,
                zd_schema_type_info(r->schema, type).name);
    return;
  }
  if (info.flags & ZD_PROFILE_TYPE) return; /* the walk of the type has done that */
  const zd_rules *rules = zd_rules_of(r->v, p);
  if (!rules)
    zd_run_fail(r, ZD_ERR_MEMORY, "no memory for the rules of a profile");
  else
    zd_walk_row(r, rules, 0, node);
}

/* ---- trials ---- */

typedef struct trial {
  size_t errors;
  bool undecided;
} trial;

static bool trial_begin(zd_run *r, trial *before) {
  if (r->trial == ZD_TRIAL_DEPTH) return false;
  *before = (trial){r->trial_errors, r->trial_undecided};
  r->trial++;
  r->trial_errors = 0;
  r->trial_undecided = false;
  return true;
}

static int trial_end(zd_run *r, trial before) {
  int answer = r->trial_errors ? 0 : r->trial_undecided ? -1 : 1;
  r->trial--;
  r->trial_errors = before.errors;
  r->trial_undecided = before.undecided;
  return answer;
}

int zd_run_conforms(zd_run *r, uint32_t node, zd_slice profile) {
  trial before;
  if (!trial_begin(r, &before)) return -1;
  zd_run_profile(r, node, profile);
  return trial_end(r, before);
}

int zd_run_row_conforms(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  trial before;
  if (!trial_begin(r, &before)) return -1;
  zd_walk_row(r, rules, row, node);
  return trial_end(r, before);
}

int zd_run_item_conforms(zd_run *r, zd_fhirpath_item item, zd_slice profile) {
  if (item.kind != ZD_FP_NODE) return -1;
  const zd_tree *tree = r->tree;
  uint32_t depth = r->depth;
  if (item.as.tree != tree) r->depth = 0;
  r->tree = item.as.tree;
  int answer = zd_run_conforms(r, item.n, profile);
  r->tree = tree;
  r->depth = depth;
  return answer;
}

/* ---- the whole ---- */

zd_err zd_validate(zd_validator *v, const zd_validate_options *how, const zd_tree *tree,
                   uint32_t root, zd_findings *out, zd_fault *fault) {
  static const zd_validate_options plain = {0};
  zd_run r = {.v = v,
              .schema = v->schema,
              .how = how ? how : &plain,
              .tree = tree,
              .out = out,
              .arena = out->arena};
  if (root >= tree->count) return ZD_OK;
  zd_arena_init(&r.work, (size_t)256 << 20);
  zd_walk_resource(&r, root);
  r.depth = 0;
  for (size_t i = 0; i < r.how->profile_count && !r.err; i++)
    zd_run_profile(&r, root, r.how->profiles[i]);
  zd_arena_free(&r.work);
  return r.err ? zd_fail(fault, r.err, "%s", r.fault.text) : ZD_OK;
}
