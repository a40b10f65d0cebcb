/* validate.c: $validate (R4 resource-operation-validate.html): a resource against the definitions
 * of its type and profiles, those of this record included.
 *
 *   POST [base]/Patient/$validate          the resource, or Parameters: resource, mode, profile
 *   GET  [base]/Patient/1/$validate        what is stored; ?profile=... or ?mode=delete
 *
 * The answer is an OperationOutcome with status 200, whatever is found. References are followed in
 * the record.
 */
#include "validate/validate.h"

#include "base/clock.h"
#include "fhir/primitive.h"
#include "rest/definition.h"
#include "rest/operation.h"

enum { PROFILES_MAX = 16 };

typedef struct asked {
  zd_call *call;
  const zd_interaction *in;
  zd_answer *a;
  const zd_tree *tree;
  uint32_t root;
  zd_slice mode, profiles[PROFILES_MAX];
  size_t profile_count;
  zd_snapshot *v;
  zd_findings found;
  zd_validator *validator; /* outlives what it found */
} asked;

static bool refuse(asked *q, int status, zd_issue_code code, const char *why) {
  zd_answer_fail(q->call, q->a, status, code, (zd_slice){NULL, 0}, "$validate: %s", why);
  return false;
}

static bool is_faulty(const asked *q) {
  return q->in->faults && q->in->faults->n;
}

/* ---- the record ---- */

static zd_err read_stored(asked *q, zd_type type, zd_slice id, zd_arena *arena,
                          zd_fhirpath_item *out, zd_fault *fault) {
  zd_row row;
  zd_record record;
  zd_buffer text;
  zd_issues issues;
  uint32_t symbol = zd_search_type_symbol(q->call->rest->search, type);
  zd_err err = q->v ? ZD_OK : zd_call_snapshot(q->call, ZD_NO_ROW, &q->v);
  if (!err) err = zd_snapshot_find(q->v, symbol, id, &row);
  if (!err) err = zd_snapshot_read(q->v, row, false, arena, &record, fault);
  if (!err && record.op == ZD_OP_DELETE) err = ZD_ERR_GONE;
  if (err) return err;
  zd_buffer_init(&text, 0);
  zd_fhir_stamp(record.body, record.stamp_at, record.version, record.time_ms, &text);
  zd_slice kept = zd_arena_copy(arena, zd_buffer_slice(&text));
  zd_tree *tree = ZD_NEW(arena, zd_tree);
  zd_buffer_free(&text);
  zd_issues_init(&issues, arena);
  if (!kept.p || !tree) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  err = zd_fhir_read_json(q->call->rest->schema, kept, ZD_NO_TYPE, NULL, arena, tree, &issues);
  if (!tree->count) return zd_fail(fault, err, "what is stored cannot be read");
  *out = zd_fhirpath_node(tree, 0);
  return ZD_OK;
}

/* "Type/id", also with the base in front. */
static zd_err resolve(void *state, zd_slice reference, zd_arena *arena, zd_fhirpath_item *out,
                      zd_fault *fault) {
  asked *q = state;
  zd_slice base = zd_rest_base(q->call->rest);
  *out = (zd_fhirpath_item){.kind = ZD_FP_NODE};
  if (zd_slice_starts(reference, base) && reference.n > base.n && reference.p[base.n] == '/')
    reference = zd_slice_from(reference, base.n + 1);
  size_t slash = zd_slice_find(reference, '/');
  zd_type type = zd_schema_type(q->call->rest->schema, (zd_slice){reference.p, slash});
  zd_slice id = zd_slice_from(reference, slash + 1);
  if (type == ZD_NO_TYPE || !zd_schema_is_resource(q->call->rest->schema, type) ||
      !zd_primitive_is_id(id))
    return ZD_OK;
  zd_err err = read_stored(q, type, id, arena, out, fault);
  return err == ZD_ERR_NOT_FOUND || err == ZD_ERR_GONE ? ZD_OK : err;
}

/* ---- what is asked ---- */

static bool take_argument(asked *q, zd_slice name, zd_slice value) {
  if (zd_slice_eq(name, ZD_S("mode"))) {
    q->mode = value;
    return true;
  }
  if (!zd_slice_eq(name, ZD_S("profile")))
    return zd_argument_refuse(q->call, q->a, name, ZD_ISSUE_NOT_SUPPORTED,
                              "$validate takes resource, mode and profile, not \"%.*s\"",
                              ZD_SV(name));
  if (q->profile_count == PROFILES_MAX)
    return refuse(q, 400, ZD_ISSUE_TOO_COSTLY, "too many profiles");
  q->profiles[q->profile_count++] = value;
  return true;
}

static bool take_parameter(asked *q, const zd_tree *t, uint32_t node) {
  zd_slice name = zd_node_child_text(t, node, ZD_S("name"), q->call->arena);
  uint32_t value = zd_tree_child_path(t, node, ZD_S("value"));
  if (zd_slice_eq(name, ZD_S("resource"))) {
    q->root = zd_tree_child(t, node, ZD_S("resource"));
    return q->root || refuse(q, 400, ZD_ISSUE_REQUIRED, "the parameter resource holds none");
  }
  if (!value || !t->nodes[value].p)
    return refuse(q, 400, ZD_ISSUE_VALUE, "a parameter without a value");
  return take_argument(q, name, zd_node_text(&t->nodes[value], q->call->arena));
}

/* True when the Parameters are those of $validate, not what is to be validated. */
static bool are_ours(const asked *q, const zd_tree *t) {
  if (t->nodes[0].type != q->call->rest->parameters) return false;
  if (q->in->type != q->call->rest->parameters) return true;
  for (uint32_t k = zd_tree_first(t, 0); k; k = zd_tree_next(t, 0, k))
    if (zd_slice_eq(zd_node_child_text(t, k, ZD_S("name"), q->call->arena), ZD_S("resource")))
      return true;
  return false;
}

static bool take_body(asked *q) {
  const zd_tree *t = q->in->tree;
  if (!t || !t->count) return true;
  q->tree = t;
  if (!are_ours(q, t)) return true;
  q->root = UINT32_MAX;
  for (uint32_t k = zd_tree_first(t, 0); k; k = zd_tree_next(t, 0, k)) {
    zd_slice name = zd_schema_element_info(t->schema, t->nodes[k].element).name;
    if (zd_slice_eq(name, ZD_S("parameter")) && !take_parameter(q, t, k)) return false;
  }
  if (q->root == UINT32_MAX) q->tree = NULL; /* mode and profile alone */
  return true;
}

static bool take_query(asked *q) {
  zd_slice rest = q->in->query, name, value;
  while (zd_next_parameter(&rest, q->call->arena, &name, &value))
    if (!take_argument(q, name, value.p ? value : ZD_S(""))) return false;
  return true;
}

static bool take_stored(asked *q) {
  zd_fault fault = {0};
  zd_fhirpath_item item = {.kind = ZD_FP_NODE};
  if (q->tree || is_faulty(q) || !q->in->id.p) return true;
  zd_err err = read_stored(q, q->in->type, q->in->id, q->call->arena, &item, &fault);
  if (err == ZD_ERR_NOT_FOUND || err == ZD_ERR_GONE)
    return refuse(q, err == ZD_ERR_GONE ? 410 : 404,
                  err == ZD_ERR_GONE ? ZD_ISSUE_DELETED : ZD_ISSUE_NOT_FOUND,
                  "there is no such resource");
  if (err) {
    zd_answer_unanswered(q->call, q->a, err, &fault);
    return false;
  }
  q->tree = item.as.tree;
  q->root = item.n;
  return true;
}

static bool fits_mode(asked *q) {
  static const char *const modes[] = {"create", "update", "delete", "profile"};
  bool known = !q->mode.p;
  for (size_t i = 0; i < 4 && !known; i++) known = zd_slice_eq(q->mode, zd_slice_of(modes[i]));
  if (!known) return refuse(q, 400, ZD_ISSUE_VALUE, "mode is create, update, delete or profile");
  if (!q->tree && !is_faulty(q)) return refuse(q, 400, ZD_ISSUE_REQUIRED, "a resource is needed");
  if (!q->tree || q->in->type == ZD_NO_TYPE || q->tree->nodes[q->root].type == q->in->type)
    return true;
  return refuse(q, 400, ZD_ISSUE_INVALID, "the resource is not of the type that the address names");
}

/* ---- answering ---- */

/* An update keeps its id. */
static void check_update(asked *q) {
  zd_slice id = zd_node_child_text(q->tree, q->root, ZD_S("id"), q->call->arena);
  if (!zd_slice_eq(q->mode, ZD_S("update")) || !q->in->id.p || zd_slice_eq(id, q->in->id)) return;
  zd_issue_add(&q->call->issues, ZD_ERROR, ZD_ISSUE_VALUE, ZD_S("Resource.id"),
               "an update of %.*s must hold this id", ZD_SV(q->in->id));
}

static zd_err validate(asked *q, zd_fault *fault) {
  /* The snapshot may bring another generation: before the validator is made on its schema. */
  zd_err err = q->v ? ZD_OK : zd_call_snapshot(q->call, ZD_NO_ROW, &q->v);
  const zd_generation *g = q->call->generation;
  zd_validate_world world = {.state = q, .resolve = resolve};
  zd_validate_options how = {.world = &world,
                             .profiles = q->profiles,
                             .profile_count = q->profile_count,
                             .now_ms = zd_clock_now(zd_clock_system())};
  check_update(q);
  if (q->in->faults) zd_findings_add_issues(&q->found, q->in->faults);
  zd_findings_add_issues(&q->found, &q->call->issues);
  if (!err) err = zd_validator_new(g ? g->schema : q->call->rest->schema, &q->validator, fault);
  if (!err) err = zd_validate(q->validator, &how, q->tree, q->root, &q->found, fault);
  return err;
}

static void answer(asked *q) {
  zd_fault fault = {0};
  zd_err err = ZD_OK;
  zd_findings_init(&q->found, q->call->arena);
  if (!q->tree)
    zd_findings_add_issues(&q->found, q->in->faults);
  else if (!zd_slice_eq(q->mode, ZD_S("delete")))
    err = validate(q, &fault);
  if (err) {
    zd_answer_unanswered(q->call, q->a, err, &fault);
    return;
  }
  zd_findings_write_json(&q->found, q->in->russian ? ZD_LANGUAGE_RU : ZD_LANGUAGE_EN, &q->a->body);
  q->a->status = 200;
}

void zd_run_validate(zd_call *c, const zd_interaction *in, zd_answer *a) {
  asked q = {.call = c, .in = in, .a = a};
  if (take_query(&q) && take_body(&q) && take_stored(&q) && fits_mode(&q)) answer(&q);
  zd_validator_free(q.validator);
  if (q.v) zd_snapshot_release(q.v);
}
