/* fhirpath.c: $fhirpath: an expression on a resource, both in Parameters
 *
 *   expression, resource; context: an expression whose results it is run on, one by one;
 *   variables: parts that are %name in it; lenient: what cannot be gives nothing
 *
 * Answers in the form that fhirpath-lab and its servers use: a parameter `result` for each context
 * with a part for each item, named by its type; its place is an extension, and so is the JSON of
 * what Parameters has no value for. The record is at hand for resolve().
 */
#include "fhirpath/fhirpath.h"
#include "base/clock.h"
#include "fhir/primitive.h"
#include "rest/definition.h"
#include "rest/operation.h"

#define PATH_URL "http://fhir.forms-lab.com/StructureDefinition/resource-path"
#define JSON_URL "http://fhir.forms-lab.com/StructureDefinition/json-value"

enum { STEPS_MAX = 5000000, VARIABLES_MAX = 64 };

typedef struct asked {
  zd_call *call;
  const zd_interaction *in;
  zd_answer *a;
  zd_slice expression, context;
  uint32_t resource; /* node of in->tree; 0: none */
  zd_slice names[VARIABLES_MAX];
  zd_fhirpath_item items[VARIABLES_MAX];
  zd_fhirpath_items variables[VARIABLES_MAX];
  size_t variable_count;
  bool lenient;
  zd_buffer *out;
  zd_buffer traces;
  zd_snapshot *v;
} asked;

static bool refuse(asked *q, int status, zd_issue_code code, const char *what, const char *why) {
  zd_buffer_clear(&q->a->body);
  zd_answer_fail(q->call, q->a, status, code,
                 zd_arena_printf(q->call->arena, "Parameters.parameter.where(name='%s')", what),
                 "%s", why);
  return false;
}

/* ---- writing items ---- */

static void add(zd_buffer *out, const char *text) {
  zd_buffer_add_slice(out, zd_slice_of(text));
}

static void add_text(zd_buffer *out, zd_slice text) {
  zd_buffer_add_char(out, '"');
  zd_buffer_add_json(out, text);
  zd_buffer_add_char(out, '"');
}

static void add_extension(zd_buffer *out, const char *url, zd_slice text) {
  add(out, "{\"url\":\"");
  add(out, url);
  add(out, "\",\"valueString\":");
  add_text(out, text);
  add(out, "}");
}

/* "Patient.name[0]": from the resource on, wherever that stands. */
static zd_slice place_of(const asked *q, zd_fhirpath_item item) {
  zd_arena *arena = q->call->arena;
  zd_slice place = zd_tree_location(item.as.tree, item.n, arena);
  if (item.as.tree != q->in->tree || item.n < q->resource) return place;
  zd_slice start = zd_tree_location(item.as.tree, q->resource, arena);
  zd_slice type =
      zd_schema_type_info(item.as.tree->schema, item.as.tree->nodes[q->resource].type).name;
  if (!zd_slice_starts(place, start)) return place;
  place = zd_slice_from(place, start.n);
  return zd_arena_printf(arena, "%.*s%.*s", ZD_SV(type), ZD_SV(place));
}

/* The element of Parameters.parameter that holds values of a type; absent: none does. */
static zd_slice value_name(const asked *q, zd_slice type) {
  const zd_schema *s = q->in->tree->schema;
  zd_type parameter = zd_schema_type(s, ZD_S("Parameters.parameter"));
  if (!type.n || parameter == ZD_NO_TYPE) return (zd_slice){NULL, 0};
  char first = type.p[0] >= 'a' && type.p[0] <= 'z' ? (char)(type.p[0] - 32) : type.p[0];
  zd_slice name =
      zd_arena_printf(q->call->arena, "value%c%.*s", first, ZD_SV(zd_slice_from(type, 1)));
  return name.p && zd_schema_child(s, parameter, name) != ZD_NO_ELEMENT ? name
                                                                        : (zd_slice){NULL, 0};
}

static void add_node(const asked *q, zd_fhirpath_item item, zd_buffer *out) {
  const zd_node *node = &item.as.tree->nodes[item.n];
  zd_type_info type = zd_schema_type_info(item.as.tree->schema, node->type);
  zd_slice name = value_name(q, type.name), place = place_of(q, item);
  add_text(out, type.name);
  add(out, ",\"extension\":[");
  add_extension(out, PATH_URL, place);
  if (type.kind == ZD_KIND_RESOURCE) {
    add(out, "],\"resource\":");
    zd_fhir_write_json(item.as.tree, item.n, NULL, out);
  } else if (name.p && type.kind == ZD_KIND_PRIMITIVE && node->p) {
    const char *quote = node->flags & ZD_NODE_STRING ? "\"" : "";
    zd_buffer_printf(out, "],\"%.*s\":%s", ZD_SV(name), quote);
    zd_buffer_add(out, node->p, node->n);
    add(out, quote);
  } else if (name.p && type.kind != ZD_KIND_PRIMITIVE) {
    zd_buffer_printf(out, "],\"%.*s\":", ZD_SV(name));
    zd_fhir_write_json(item.as.tree, item.n, NULL, out);
  } else {
    zd_slice text = zd_fhirpath_text(item.as.tree->schema, item, q->call->arena);
    add(out, text.p ? "," : "");
    if (text.p) add_extension(out, JSON_URL, text);
    add(out, "]");
  }
}

/* 185 '[lb_av]' of System as a Quantity of FHIR. */
static void add_quantity(zd_slice text, zd_buffer *out) {
  size_t blank = zd_slice_find(text, ' ');
  zd_slice unit = zd_slice_from(text, blank + 1);
  bool ucum = unit.n >= 2 && unit.p[0] == '\'';
  if (ucum) unit = (zd_slice){unit.p + 1, unit.n - 2};
  zd_buffer_printf(out, "\"Quantity\",\"valueQuantity\":{\"value\":%.*s,\"unit\":", (int)blank,
                   text.p);
  add_text(out, unit);
  if (ucum) {
    add(out, ",\"system\":\"http://unitsofmeasure.org\",\"code\":");
    add_text(out, unit);
  }
  add(out, "}");
}

/* What FHIR has a value for as that, else as text. */
static void add_system(zd_fhirpath_item item, zd_slice text, zd_buffer *out) {
  bool plain = true;
  const char *type = "string", *name = "valueString";
  switch ((zd_fhirpath_kind)item.kind) {
    case ZD_FP_BOOLEAN:
      type = "boolean", name = "valueBoolean", plain = false;
      break;
    case ZD_FP_INTEGER:
      type = "integer", name = "valueInteger", plain = false;
      break;
    case ZD_FP_DECIMAL:
      type = "decimal", name = "valueDecimal", plain = false;
      break;
    case ZD_FP_LONG:
      type = "integer64";
      break;
    case ZD_FP_DATE:
      type = "date", name = "valueDate";
      break;
    case ZD_FP_DATETIME:
      type = "dateTime";
      if (zd_primitive_is_datetime(text)) name = "valueDateTime";
      break;
    case ZD_FP_TIME:
      type = "time";
      if (zd_primitive_is_time(text)) name = "valueTime";
      break;
    case ZD_FP_QUANTITY:
      add_quantity(text, out);
      return;
    default:
      break;
  }
  zd_buffer_printf(out, "\"%s\"", type);
  if (!text.n) { /* FHIR has no empty strings */
    add(out, ",\"extension\":[");
    add_extension(out, JSON_URL, ZD_S("\"\""));
    add(out, "]");
    return;
  }
  zd_buffer_printf(out, ",\"%s\":", name);
  if (plain)
    add_text(out, text);
  else
    zd_buffer_add_slice(out, text);
}

static void add_items(const asked *q, const zd_fhirpath_items *items, zd_buffer *out) {
  add(out, ",\"part\":[");
  for (size_t i = 0; i < items->n; i++) {
    zd_fhirpath_item item = items->items[i];
    add(out, i ? ",{\"name\":" : "{\"name\":");
    if (item.kind == ZD_FP_NODE)
      add_node(q, item, out);
    else
      add_system(item, zd_fhirpath_text(q->in->tree->schema, item, q->call->arena), out);
    add(out, "}");
  }
  add(out, "]");
}

/* ---- the world: trace, and the record behind resolve ---- */

static void trace(void *state, zd_slice name, const zd_fhirpath_items *items) {
  asked *q = (asked *)state;
  add(&q->traces, ",{\"name\":\"trace\",\"valueString\":");
  add_text(&q->traces, name.n ? name : ZD_S("trace"));
  if (items->n) add_items(q, items, &q->traces);
  add(&q->traces, "}");
}

/* Type/id, also with the base in front and a version behind: type and id. */
static bool local_reference(const asked *q, zd_slice text, uint32_t *type, zd_slice *id) {
  zd_slice base = zd_rest_base(q->call->rest);
  if (zd_slice_starts(text, base) && text.n > base.n && text.p[base.n] == '/')
    text = zd_slice_from(text, base.n + 1);
  size_t slash = zd_slice_find(text, '/');
  zd_type t = zd_schema_type(q->in->tree->schema, (zd_slice){text.p, slash});
  if (slash == text.n || t == ZD_NO_TYPE || !zd_schema_is_resource(q->in->tree->schema, t))
    return false;
  *id = zd_slice_from(text, slash + 1);
  if (!zd_primitive_is_id(*id)) return false;
  *type = zd_search_type_symbol(q->call->rest->search, t);
  return true;
}

static zd_err resolve(void *state, zd_slice reference, zd_arena *arena, zd_fhirpath_item *out,
                      zd_fault *fault) {
  asked *q = (asked *)state;
  uint32_t type;
  zd_slice id;
  zd_row row;
  zd_record record;
  zd_err err = ZD_OK;
  if (!local_reference(q, reference, &type, &id)) return ZD_OK; /* elsewhere: not resolvable */
  if (!q->v) err = zd_store_snapshot(q->call->rest->store, &q->v);
  if (!err) err = zd_snapshot_find(q->v, type, id, &row);
  if (err == ZD_ERR_NOT_FOUND || err == ZD_ERR_GONE) return ZD_OK;
  if (!err) err = zd_snapshot_read(q->v, row, false, arena, &record, fault);
  if (err || record.op == ZD_OP_DELETE) return err;
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_fhir_stamp(record.body, record.stamp_at, record.version, record.time_ms, &text);
  zd_slice kept = zd_arena_copy(arena, zd_buffer_slice(&text));
  zd_buffer_free(&text);
  zd_tree *tree = ZD_NEW(arena, zd_tree);
  zd_issues issues;
  zd_issues_init(&issues, arena);
  if (!kept.p || !tree) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  err = zd_fhir_read_json(q->in->tree->schema, kept, ZD_NO_TYPE, NULL, arena, tree, &issues);
  if (!tree->count) return zd_fail(fault, err, "what is stored cannot be read");
  *out = zd_fhirpath_node(tree, 0);
  return ZD_OK;
}

/* ---- running ---- */

static bool failed(asked *q, const char *what, zd_err err, const zd_fault *fault) {
  if (err == ZD_ERR_MEMORY) return refuse(q, 503, ZD_ISSUE_EXCEPTION, what, "out of memory");
  zd_issue_code code = err == ZD_ERR_UNSUPPORTED ? ZD_ISSUE_NOT_SUPPORTED
                       : err == ZD_ERR_LIMIT     ? ZD_ISSUE_TOO_COSTLY
                                                 : ZD_ISSUE_INVALID;
  return refuse(q, err == ZD_ERR_INVALID ? 400 : 422, code, what, fault->text);
}

static bool evaluate(asked *q, const char *what, zd_slice expression, uint32_t node,
                     zd_fhirpath_items *items) {
  const zd_tree *t = q->in->tree;
  zd_fhirpath_world world = {.state = q, .resolve = resolve, .trace = trace};
  zd_fhirpath_item root = zd_fhirpath_node(t, q->resource);
  zd_fhirpath_env env = {.now_ms = zd_clock_now(zd_clock_system()),
                         .variables = q->variables,
                         .world = &world,
                         .root_resource = &root,
                         .steps = STEPS_MAX};
  zd_fhirpath_options how = {.schema = t->schema,
                             .context = t->nodes[node].type,
                             .lenient = q->lenient,
                             .variables = q->names,
                             .variable_count = q->variable_count};
  const zd_fhirpath *program;
  zd_fault fault = {0};
  zd_err err = zd_fhirpath_compile(&how, expression, q->call->arena, &program, &fault);
  if (!err) err = zd_fhirpath_eval(program, &env, t, node, q->call->arena, items, &fault);
  return !err || failed(q, what, err, &fault);
}

static bool run_on(asked *q, uint32_t node, zd_slice place) {
  zd_fhirpath_items items;
  zd_buffer_clear(&q->traces);
  if (!evaluate(q, "expression", q->expression, node, &items)) return false;
  add(q->out, ",{\"name\":\"result\"");
  if (place.p) {
    add(q->out, ",\"valueString\":");
    add_text(q->out, place);
  }
  if (items.n) add_items(q, &items, q->out);
  add(q->out, "}");
  zd_buffer_add_slice(q->out, zd_buffer_slice(&q->traces));
  return true;
}

static bool run_all(asked *q) {
  zd_fhirpath_items contexts;
  if (!q->context.p) return run_on(q, q->resource, (zd_slice){NULL, 0});
  if (!evaluate(q, "context", q->context, q->resource, &contexts)) return false;
  for (size_t i = 0; i < contexts.n; i++) {
    zd_fhirpath_item at = contexts.items[i];
    if (at.kind != ZD_FP_NODE || at.as.tree != q->in->tree)
      return refuse(q, 422, ZD_ISSUE_NOT_SUPPORTED, "context",
                    "a context is an element of the resource");
    if (!run_on(q, at.n, place_of(q, at))) return false;
  }
  return true;
}

/* ---- what is asked ---- */

static bool take_variable(asked *q, uint32_t part) {
  const zd_tree *t = q->in->tree;
  uint32_t value = zd_tree_child_path(t, part, ZD_S("value"));
  if (!value) value = zd_tree_child(t, part, ZD_S("resource"));
  if (q->variable_count == VARIABLES_MAX)
    return refuse(q, 422, ZD_ISSUE_TOO_COSTLY, "variables", "too many variables");
  size_t i = q->variable_count++;
  q->names[i] = zd_node_child_text(t, part, ZD_S("name"), q->call->arena);
  q->items[i] = zd_fhirpath_node(t, value);
  q->variables[i] = (zd_fhirpath_items){&q->items[i], value ? 1 : 0};
  return true;
}

static bool take_text(asked *q, uint32_t node, const char *name, zd_slice *out) {
  const zd_tree *t = q->in->tree;
  uint32_t value = zd_tree_child_path(t, node, ZD_S("value"));
  if (!value || !(t->nodes[value].flags & ZD_NODE_STRING))
    return refuse(q, 400, ZD_ISSUE_VALUE, name, "a string is asked");
  *out = zd_node_text(&t->nodes[value], q->call->arena);
  return out->p || refuse(q, 503, ZD_ISSUE_EXCEPTION, name, "out of memory");
}

static bool take_parameter(asked *q, uint32_t node) {
  const zd_tree *t = q->in->tree;
  zd_slice name = zd_node_child_text(t, node, ZD_S("name"), q->call->arena);
  if (zd_slice_eq(name, ZD_S("expression")))
    return take_text(q, node, "expression", &q->expression);
  if (zd_slice_eq(name, ZD_S("context"))) return take_text(q, node, "context", &q->context);
  if (zd_slice_eq(name, ZD_S("resource"))) {
    q->resource = zd_tree_child(t, node, ZD_S("resource"));
    return q->resource || refuse(q, 400, ZD_ISSUE_VALUE, "resource", "a resource is asked");
  }
  if (zd_slice_eq(name, ZD_S("lenient"))) {
    uint32_t value = zd_tree_child(t, node, ZD_S("valueBoolean"));
    if (!value) return refuse(q, 400, ZD_ISSUE_VALUE, "lenient", "a boolean is asked");
    q->lenient = t->nodes[value].p && t->nodes[value].p[0] == 't';
    return true;
  }
  if (!zd_slice_eq(name, ZD_S("variables"))) {
    zd_argument_refuse(q->call, q->a, name, ZD_ISSUE_NOT_SUPPORTED,
                       "$fhirpath has no parameter \"%.*s\"", ZD_SV(name));
    return false;
  }
  for (uint32_t k = zd_tree_first(t, node); k; k = zd_tree_next(t, node, k)) {
    bool part =
        zd_slice_eq(zd_schema_element_info(t->schema, t->nodes[k].element).name, ZD_S("part"));
    if (part && !take_variable(q, k)) return false;
  }
  return true;
}

static bool take_parameters(asked *q) {
  const zd_tree *t = q->in->tree;
  if (!t)
    return refuse(q, 400, ZD_ISSUE_REQUIRED, "expression",
                  "$fhirpath takes Parameters in the body of a POST");
  for (uint32_t k = zd_tree_first(t, q->in->root); k; k = zd_tree_next(t, q->in->root, k)) {
    zd_slice name = zd_schema_element_info(t->schema, t->nodes[k].element).name;
    if (zd_slice_eq(name, ZD_S("parameter")) && !take_parameter(q, k)) return false;
  }
  if (!q->expression.p)
    return refuse(q, 400, ZD_ISSUE_REQUIRED, "expression", "an expression is needed");
  return q->resource || refuse(q, 400, ZD_ISSUE_REQUIRED, "resource", "a resource is needed");
}

static void add_header(const asked *q) {
  zd_buffer_printf(q->out,
                   "{\"resourceType\":\"Parameters\",\"id\":\"fhirpath\",\"parameter\":[{\"name\":"
                   "\"parameters\",\"part\":[{\"name\":\"evaluator\",\"valueString\":\"zdravo %s "
                   "(R4)\"},{\"name\":\"expression\",\"valueString\":",
                   ZD_VERSION);
  add_text(q->out, q->expression);
  if (q->context.p) {
    add(q->out, "},{\"name\":\"context\",\"valueString\":");
    add_text(q->out, q->context);
  }
  add(q->out, "}]}");
}

void zd_run_fhirpath(zd_call *c, const zd_interaction *in, zd_answer *a) {
  asked *q = ZD_NEW(c->arena, asked);
  if (!q) {
    zd_answer_fail(c, a, 503, ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0}, "out of memory");
    return;
  }
  *q = (asked){.call = c, .in = in, .a = a, .out = &a->body};
  zd_buffer_init(&q->traces, 0);
  bool good = take_parameters(q);
  if (good) {
    add_header(q);
    good = run_all(q);
    if (good) {
      add(q->out, "]}");
      a->status = 200;
    }
  }
  if (good && zd_buffer_error(&a->body)) {
    zd_buffer_clear(&a->body);
    zd_answer_fail(c, a, 503, ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0}, "out of memory");
  }
  zd_buffer_free(&q->traces);
  if (q->v) zd_snapshot_release(q->v);
}
