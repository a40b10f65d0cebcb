/* read_value.c: one value of an element: a primitive with its companion, an object, a resource. */
#include "fhir/codec/read.h"
#include "fhir/primitive.h"

static const char *const json_names[] = {
    [ZD_JSON_NULL] = "null",       [ZD_JSON_FALSE] = "a boolean", [ZD_JSON_TRUE] = "a boolean",
    [ZD_JSON_NUMBER] = "a number", [ZD_JSON_STRING] = "a string", [ZD_JSON_ARRAY] = "an array",
    [ZD_JSON_OBJECT] = "an object"};

static void report_wrong_type(zd_reader *r, const zd_read_place *place, uint32_t v,
                              const char *wanted) {
  zd_json_type got = zd_json_type_of(&r->tape, v);
  zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, v), "%.*s must be %s, not %s",
                ZD_SV(place->name), wanted, json_names[got]);
}

/* ---- primitives ---- */

static const char *wanted_json(zd_primitive kind) {
  switch (kind) {
    case ZD_PRIM_BOOLEAN:
      return "a boolean";
    case ZD_PRIM_INTEGER:
    case ZD_PRIM_POSITIVE_INT:
    case ZD_PRIM_UNSIGNED_INT:
    case ZD_PRIM_DECIMAL:
      return "a number";
    default:
      return "a string";
  }
}

static bool fits_json(zd_primitive kind, zd_json_type type) {
  switch (kind) {
    case ZD_PRIM_BOOLEAN:
      return type == ZD_JSON_TRUE || type == ZD_JSON_FALSE;
    case ZD_PRIM_INTEGER:
    case ZD_PRIM_POSITIVE_INT:
    case ZD_PRIM_UNSIGNED_INT:
    case ZD_PRIM_DECIMAL:
      return type == ZD_JSON_NUMBER;
    default:
      return type == ZD_JSON_STRING;
  }
}

/* True when the format is right. */
static bool check_format(zd_reader *r, zd_primitive kind, uint32_t v, const zd_read_place *place) {
  zd_slice raw = zd_json_raw(&r->tape, v);
  zd_issue_code code;
  bool escaped = r->tape.nodes[v].escaped;
  const char *wrong = zd_primitive_check_json(kind, raw, escaped, r->arena, &code);
  if (!wrong) return true;
  zd_slice shown = zd_read_excerpt(raw);
  zd_read_issue(r, place, code, zd_read_value_at(r, v), "%s: \"%.*s\"%s", wrong, ZD_SV(shown),
                shown.n < raw.n ? "..." : "");
  return false;
}

static void check_binding(zd_reader *r, zd_element e, uint32_t node, const zd_read_place *place) {
  const zd_image_element *el = zd_image_element_at(r->schema, e);
  if (el->required == 0xFFFF) return;
  zd_slice code = zd_node_text(&r->nodes[node], r->arena);
  if (!code.p || zd_schema_bound_code(r->schema, e, code) != 0) return;
  zd_read_issue(r, place, ZD_ISSUE_CODE_INVALID, r->nodes[node].source,
                "\"%.*s\" is not in the value set that %.*s requires", ZD_SV(zd_read_excerpt(code)),
                ZD_SV(place->name));
}

/* The value of its own, into the node. */
static void read_own_value(zd_reader *r, zd_element e, zd_primitive kind, uint32_t v, uint32_t node,
                           const zd_read_place *place) {
  const zd_json_node *json = &r->tape.nodes[v];
  if (!fits_json(kind, (zd_json_type)json->type)) {
    r->nodes[node].flags = ZD_NODE_NO_VALUE;
    report_wrong_type(r, place, v, wanted_json(kind));
    return;
  }
  zd_node *n = &r->nodes[node];
  n->p = r->tape.text.p + json->at;
  n->n = json->n;
  n->flags = json->type == ZD_JSON_STRING ? ZD_NODE_STRING : ZD_NODE_BARE;
  if (json->escaped) n->flags |= ZD_NODE_ESCAPED;
  if (check_format(r, kind, v, place) && kind == ZD_PRIM_CODE) check_binding(r, e, node, place);
}

static void read_companion(zd_reader *r, zd_type type, uint32_t c, uint32_t node,
                           const zd_read_place *place) {
  if (zd_json_type_of(&r->tape, c) != ZD_JSON_OBJECT) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, c),
                  "_%.*s must be an object, not %s", ZD_SV(place->name),
                  json_names[zd_json_type_of(&r->tape, c)]);
    return;
  }
  if (!zd_json_first(&r->tape, c)) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, c), "_%.*s is empty",
                  ZD_SV(place->name));
    return;
  }
  zd_read_members(r, c, type, place, false);
  r->nodes[node].end = r->count;
}

/* null stands only in arrays, where the other of the two arrays has something. */
static bool is_filler(const zd_reader *r, uint32_t v, const zd_read_place *place) {
  return v && zd_json_type_of(&r->tape, v) == ZD_JSON_NULL && place->index != ZD_READ_SINGLE;
}

static void read_primitive(zd_reader *r, zd_element e, zd_type type, uint32_t v, uint32_t c,
                           const zd_read_place *place) {
  size_t at = zd_read_value_at(r, v ? v : c);
  if (is_filler(r, v, place)) v = 0;
  if (is_filler(r, c, place)) c = 0;
  if (!v && !c) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, at, "null without a value or extension beside it");
    return;
  }
  uint32_t node = zd_read_push(r, e, type, zd_read_value_at(r, v ? v : c));
  if (v) {
    zd_primitive kind = (zd_primitive)zd_image_type_at(r->schema, type)->primitive;
    read_own_value(r, e, kind, v, node, place);
  } else {
    r->nodes[node].flags = ZD_NODE_NO_VALUE;
  }
  if (c) read_companion(r, type, c, node, place);
}

/* ---- objects ---- */

/* Whether the object stands in the text as it would be written: its members in schema order, and so
 * all below it. The tape says that there is nothing between the tokens. */
static bool is_as_written(const zd_reader *r, uint32_t node) {
  zd_element last = 0;
  for (uint32_t c = node + 1; c < r->nodes[node].end; c = r->nodes[c].end) {
    const zd_node *n = &r->nodes[c];
    bool plain =
        n->p ? n->end == c + 1 : n->span > 0; /* no companions, which have no fixed place */
    if (!plain || n->element < last) return false;
    last = n->element;
  }
  return true;
}

static void read_object(zd_reader *r, zd_element e, zd_type type, uint32_t v,
                        const zd_read_place *place) {
  if (zd_json_type_of(&r->tape, v) != ZD_JSON_OBJECT) {
    report_wrong_type(r, place, v, "an object");
    return;
  }
  if (!zd_json_first(&r->tape, v)) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, v),
                  "%.*s is an empty object: leave it out instead", ZD_SV(place->name));
    return;
  }
  uint32_t node = zd_read_push(r, e, type, zd_read_value_at(r, v));
  zd_read_members(r, v, type, place, false);
  r->nodes[node].end = r->count;
  if (r->tight && is_as_written(r, node)) r->nodes[node].span = r->tape.nodes[v].n;
  if (type == r->reference_type) zd_read_check_reference(r, node, place);
}

void zd_read_value(zd_reader *r, zd_element e, uint32_t v, uint32_t c, const zd_read_place *place) {
  const zd_image_element *el = zd_image_element_at(r->schema, e);
  if (r->out_of_memory) return;
  if (el->flags & ZD_EL_ANY_RESOURCE) {
    zd_read_resource(r, v, e, place);
  } else if (zd_image_type_at(r->schema, el->type)->kind == ZD_KIND_PRIMITIVE) {
    read_primitive(r, e, el->type, v, c, place);
  } else {
    read_object(r, e, el->type, v, place);
  }
}
