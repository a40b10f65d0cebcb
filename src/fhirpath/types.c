/* types.c: types of System and of FHIR: names, sets, and what primitives become */
#include "fhir/codec.h"
#include "fhirpath/functions.h"

/* ---- kinds ---- */

static const zd_slice kind_names[ZD_FP_KINDS] = {[ZD_FP_NODE] = {"", 0},
                                                 [ZD_FP_BOOLEAN] = {"Boolean", 7},
                                                 [ZD_FP_INTEGER] = {"Integer", 7},
                                                 [ZD_FP_LONG] = {"Long", 4},
                                                 [ZD_FP_DECIMAL] = {"Decimal", 7},
                                                 [ZD_FP_STRING] = {"String", 6},
                                                 [ZD_FP_DATE] = {"Date", 4},
                                                 [ZD_FP_DATETIME] = {"DateTime", 8},
                                                 [ZD_FP_TIME] = {"Time", 4},
                                                 [ZD_FP_QUANTITY] = {"Quantity", 8},
                                                 [ZD_FP_TYPE] = {"SimpleTypeInfo", 14}};

zd_slice zd_fp_kind_name(zd_fhirpath_kind kind) {
  return kind_names[kind];
}

zd_fhirpath_kind zd_fp_kind_of_name(zd_slice name) {
  for (int k = ZD_FP_BOOLEAN; k < ZD_FP_KINDS; k++)
    if (zd_slice_eq(kind_names[k], name)) return (zd_fhirpath_kind)k;
  return ZD_FP_KINDS;
}

zd_fhirpath_kind zd_fp_kind_of_primitive(zd_primitive primitive) {
  static const uint8_t kinds[] = {[ZD_PRIM_NONE] = ZD_FP_NODE,
                                  [ZD_PRIM_BOOLEAN] = ZD_FP_BOOLEAN,
                                  [ZD_PRIM_INTEGER] = ZD_FP_INTEGER,
                                  [ZD_PRIM_POSITIVE_INT] = ZD_FP_INTEGER,
                                  [ZD_PRIM_UNSIGNED_INT] = ZD_FP_INTEGER,
                                  [ZD_PRIM_DECIMAL] = ZD_FP_DECIMAL,
                                  [ZD_PRIM_STRING] = ZD_FP_STRING,
                                  [ZD_PRIM_MARKDOWN] = ZD_FP_STRING,
                                  [ZD_PRIM_CODE] = ZD_FP_STRING,
                                  [ZD_PRIM_ID] = ZD_FP_STRING,
                                  [ZD_PRIM_URI] = ZD_FP_STRING,
                                  [ZD_PRIM_URL] = ZD_FP_STRING,
                                  [ZD_PRIM_CANONICAL] = ZD_FP_STRING,
                                  [ZD_PRIM_OID] = ZD_FP_STRING,
                                  [ZD_PRIM_UUID] = ZD_FP_STRING,
                                  [ZD_PRIM_BASE64] = ZD_FP_STRING,
                                  [ZD_PRIM_DATE] = ZD_FP_DATE,
                                  [ZD_PRIM_DATETIME] = ZD_FP_DATETIME,
                                  [ZD_PRIM_INSTANT] = ZD_FP_DATETIME,
                                  [ZD_PRIM_TIME] = ZD_FP_TIME,
                                  [ZD_PRIM_XHTML] = ZD_FP_STRING};
  return (zd_fhirpath_kind)kinds[primitive];
}

/* ---- names and text of items ---- */

zd_slice zd_fhirpath_type_name(const zd_schema *schema, zd_fhirpath_item item, bool bare,
                               zd_arena *arena) {
  bool system = item.kind != ZD_FP_NODE;
  zd_slice name;
  if (item.kind == ZD_FP_TYPE) {
    system = item.system;
    name = system ? kind_names[item.n] : zd_schema_type_info(schema, (zd_type)item.n).name;
  } else {
    name = system ? kind_names[item.kind]
                  : zd_schema_type_info(schema, item.as.tree->nodes[item.n].type).name;
  }
  if (bare) return name;
  return zd_arena_printf(arena, "%s.%.*s", system ? "System" : "FHIR", ZD_SV(name));
}

zd_slice zd_fhirpath_text(const zd_schema *schema, zd_fhirpath_item item, zd_arena *arena) {
  if (item.kind != ZD_FP_NODE) return zd_fp_item_text(schema, &item, arena);
  const zd_node *node = &item.as.tree->nodes[item.n];
  if (node->p) return zd_node_text(node, arena);
  if (zd_schema_type_info(schema, node->type).kind == ZD_KIND_PRIMITIVE) return (zd_slice){NULL, 0};
  zd_buffer json;
  zd_buffer_init(&json, 0);
  zd_fhir_write_json(item.as.tree, item.n, NULL, &json);
  zd_slice text = json.failed ? (zd_slice){NULL, 0} : zd_arena_copy(arena, zd_buffer_slice(&json));
  zd_buffer_free(&json);
  return text;
}

/* ---- sets of types ---- */

static bool in_set(const zd_type *set, uint32_t n, zd_type t) {
  for (uint32_t i = 0; i < n; i++)
    if (set[i] == t) return true;
  return false;
}

bool zd_fp_types_join(zd_arena *arena, const zd_fp_types *a, const zd_fp_types *b,
                      zd_fp_types *out) {
  *out = (zd_fp_types){.system = a->system | b->system,
                       .any = a->any || b->any,
                       .unordered = a->unordered || b->unordered,
                       .n = a->n,
                       .fhir = a->fhir};
  if (out->any || !b->n) return true;
  if (!a->n) {
    out->n = b->n;
    out->fhir = b->fhir;
    return true;
  }
  zd_type *all = ZD_NEW_ARRAY(arena, zd_type, (size_t)a->n + b->n);
  if (!all) return false;
  memcpy(all, a->fhir, a->n * sizeof *all);
  for (uint32_t i = 0; i < b->n; i++)
    if (!in_set(a->fhir, a->n, b->fhir[i])) all[out->n++] = b->fhir[i];
  out->fhir = all;
  return true;
}

uint32_t zd_fp_types_kinds(const zd_schema *schema, const zd_fp_types *t) {
  uint32_t kinds = t->system;
  if (t->any) return kinds | ZD_FP_ALL_SYSTEM | ZD_FP_BIT(ZD_FP_NODE);
  for (uint32_t i = 0; i < t->n; i++) {
    zd_type_info info = zd_schema_type_info(schema, t->fhir[i]);
    kinds |= ZD_FP_BIT(zd_fp_kind_of_primitive(info.primitive));
    if (info.abstract) kinds |= ZD_FP_ALL_SYSTEM;
    if (info.kind == ZD_KIND_COMPLEX) {
      zd_type quantity = zd_schema_type(schema, ZD_S("Quantity"));
      if (zd_schema_is_a(schema, t->fhir[i], quantity)) kinds |= ZD_FP_BIT(ZD_FP_QUANTITY);
    }
  }
  return kinds;
}
