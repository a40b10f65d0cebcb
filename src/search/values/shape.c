/* shape.c: which children of a data type hold what a search parameter asks for. */
#include "search/internal.h"

typedef struct shape_row {
  const char *type;
  zd_shape shape;
  const char *slots[ZD_SHAPE_SLOTS];
} shape_row;

/* The order of the slots is what facts.c counts on. */
static const shape_row shape_rows[] = {
    {"Coding", ZD_SHAPE_CODING, {"system", "code", "display"}},
    {"CodeableConcept", ZD_SHAPE_CONCEPT, {"coding", "text"}},
    {"Identifier", ZD_SHAPE_IDENTIFIER, {"system", "value", "type"}},
    {"ContactPoint", ZD_SHAPE_CONTACT, {"value"}},
    {"Reference", ZD_SHAPE_REFERENCE, {"reference", "identifier"}},
    {"Quantity", ZD_SHAPE_QUANTITY, {"value", "unit", "system", "code"}},
    {"Money", ZD_SHAPE_MONEY, {"value", "currency"}},
    {"Range", ZD_SHAPE_RANGE, {"low", "high"}},
    {"SampledData", ZD_SHAPE_SAMPLED, {"origin", "factor", "data"}},
    {"Period", ZD_SHAPE_PERIOD, {"start", "end"}},
    {"Timing", ZD_SHAPE_TIMING, {"event", "repeat"}},
    {"HumanName", ZD_SHAPE_NAME, {"family", "given", "prefix", "suffix", "text"}},
    {"Address",
     ZD_SHAPE_ADDRESS,
     {"line", "city", "district", "state", "country", "postalCode", "text"}},
    {"Location.position", ZD_SHAPE_POSITION, {"latitude", "longitude"}},
};

static zd_shape primitive_shape(zd_primitive p) {
  switch (p) {
    case ZD_PRIM_BOOLEAN:
      return ZD_SHAPE_BOOLEAN;
    case ZD_PRIM_INTEGER:
    case ZD_PRIM_POSITIVE_INT:
    case ZD_PRIM_UNSIGNED_INT:
    case ZD_PRIM_DECIMAL:
      return ZD_SHAPE_NUMBER;
    case ZD_PRIM_STRING:
    case ZD_PRIM_MARKDOWN:
      return ZD_SHAPE_TEXT;
    case ZD_PRIM_CODE:
      return ZD_SHAPE_CODE;
    case ZD_PRIM_ID:
      return ZD_SHAPE_ID;
    case ZD_PRIM_URI:
    case ZD_PRIM_URL:
    case ZD_PRIM_OID:
    case ZD_PRIM_UUID:
      return ZD_SHAPE_URI;
    case ZD_PRIM_CANONICAL:
      return ZD_SHAPE_CANONICAL;
    case ZD_PRIM_DATE:
    case ZD_PRIM_DATETIME:
    case ZD_PRIM_INSTANT:
      return ZD_SHAPE_DATE;
    default:
      return ZD_SHAPE_NONE;
  }
}

static void set_shape(const zd_schema *schema, zd_type t, zd_type_info info, zd_shape_info *out) {
  if (info.kind == ZD_KIND_PRIMITIVE) out->shape = (uint8_t)primitive_shape(info.primitive);
  if (info.kind == ZD_KIND_RESOURCE) {
    out->shape = ZD_SHAPE_RESOURCE;
    out->slot[0] = zd_schema_child(schema, t, ZD_S("id"));
  }
  if (info.kind != ZD_KIND_COMPLEX && info.kind != ZD_KIND_BACKBONE) return;
  for (size_t r = 0; r < sizeof shape_rows / sizeof *shape_rows; r++) {
    const shape_row *row = &shape_rows[r];
    zd_type named = zd_schema_type(schema, zd_slice_of(row->type));
    if (named == ZD_NO_TYPE || !zd_schema_is_a(schema, t, named)) continue;
    out->shape = (uint8_t)row->shape;
    for (int k = 0; k < ZD_SHAPE_SLOTS && row->slots[k]; k++)
      out->slot[k] = zd_schema_child(schema, t, zd_slice_of(row->slots[k]));
  }
}

zd_shape_info *zd_shapes_make(const zd_schema *schema, zd_arena *arena) {
  uint16_t n = zd_schema_type_count(schema);
  zd_shape_info *shapes = ZD_NEW_ARRAY(arena, zd_shape_info, n);
  for (zd_type t = 0; shapes && t < n; t++) {
    for (int k = 0; k < ZD_SHAPE_SLOTS; k++) shapes[t].slot[k] = ZD_NO_ELEMENT;
    set_shape(schema, t, zd_schema_type_info(schema, t), &shapes[t]);
  }
  return shapes;
}

bool zd_search_kind_fits(const zd_search *s, zd_param_type kind, zd_type type) {
  static const uint32_t fits[] = {
      [ZD_PARAM_NUMBER] = 1u << ZD_SHAPE_NUMBER,
      [ZD_PARAM_DATE] = 1u << ZD_SHAPE_DATE | 1u << ZD_SHAPE_PERIOD | 1u << ZD_SHAPE_TIMING,
      [ZD_PARAM_STRING] = 1u << ZD_SHAPE_NAME | 1u << ZD_SHAPE_ADDRESS | 1u << ZD_SHAPE_TEXT |
                          1u << ZD_SHAPE_CODE | 1u << ZD_SHAPE_ID | 1u << ZD_SHAPE_URI,
      [ZD_PARAM_TOKEN] = 1u << ZD_SHAPE_CODING | 1u << ZD_SHAPE_IDENTIFIER |
                         1u << ZD_SHAPE_CONCEPT | 1u << ZD_SHAPE_CONTACT | 1u << ZD_SHAPE_BOOLEAN |
                         1u << ZD_SHAPE_TEXT | 1u << ZD_SHAPE_CODE | 1u << ZD_SHAPE_ID |
                         1u << ZD_SHAPE_URI | 1u << ZD_SHAPE_CANONICAL,
      [ZD_PARAM_REFERENCE] = 1u << ZD_SHAPE_REFERENCE | 1u << ZD_SHAPE_CANONICAL |
                             1u << ZD_SHAPE_URI | 1u << ZD_SHAPE_RESOURCE,
      [ZD_PARAM_QUANTITY] = 1u << ZD_SHAPE_QUANTITY | 1u << ZD_SHAPE_MONEY | 1u << ZD_SHAPE_RANGE |
                            1u << ZD_SHAPE_SAMPLED,
      [ZD_PARAM_URI] = 1u << ZD_SHAPE_URI | 1u << ZD_SHAPE_CANONICAL};
  if (type >= zd_schema_type_count(s->schema) || (size_t)kind >= sizeof fits / sizeof *fits)
    return false;
  return fits[kind] >> s->shapes[type].shape & 1u;
}
