/* modifier.c: which modifier may follow which type of parameter (R4 search.html#modifiers). */
#include "search/codes/hierarchy.h"
#include "search/text/text.h"

#define OF(kind) (1u << (kind))

typedef struct modifier_row {
  const char *name;
  zd_modifier modifier;
  unsigned kinds; /* parameter types it is defined for */
  bool more;      /* asks the parameter's second field */
} modifier_row;

enum {
  ANY = OF(ZD_PARAM_COMPOSITE) | OF(ZD_PARAM_NUMBER) | OF(ZD_PARAM_DATE) | OF(ZD_PARAM_STRING) |
        OF(ZD_PARAM_TOKEN) | OF(ZD_PARAM_REFERENCE) | OF(ZD_PARAM_QUANTITY) | OF(ZD_PARAM_URI) |
        OF(ZD_PARAM_SPECIAL)
};

static const modifier_row modifier_rows[] = {
    {"missing", ZD_MOD_MISSING, ANY, true},
    {"exact", ZD_MOD_EXACT, OF(ZD_PARAM_STRING), true},
    {"contains", ZD_MOD_CONTAINS, OF(ZD_PARAM_STRING), true},
    {"text", ZD_MOD_TEXT, OF(ZD_PARAM_TOKEN), true},
    {"not", ZD_MOD_NOT, OF(ZD_PARAM_TOKEN), false},
    {"in", ZD_MOD_IN, OF(ZD_PARAM_TOKEN), false},
    {"not-in", ZD_MOD_NOT_IN, OF(ZD_PARAM_TOKEN), false},
    {"above", ZD_MOD_ABOVE, OF(ZD_PARAM_TOKEN) | OF(ZD_PARAM_URI) | OF(ZD_PARAM_REFERENCE), false},
    {"below", ZD_MOD_BELOW, OF(ZD_PARAM_TOKEN) | OF(ZD_PARAM_URI) | OF(ZD_PARAM_REFERENCE), false},
    {"identifier", ZD_MOD_IDENTIFIER, OF(ZD_PARAM_REFERENCE), true},
    {"of-type", ZD_MOD_OF_TYPE, OF(ZD_PARAM_TOKEN), false},
};

static const char *const kind_names[] = {"number",    "date",     "string", "token",  "reference",
                                         "composite", "quantity", "uri",    "special"};

bool zd_param_may_refer(const zd_search *s, const zd_search_param *param, zd_type type) {
  uint16_t n = zd_schema_param(s->schema, param->index).target_count;
  if (!zd_schema_is_resource(s->schema, type)) return false;
  if (param->only != ZD_NO_TYPE) return type == param->only;
  for (uint16_t k = 0; k < n; k++)
    if (zd_schema_is_a(s->schema, type, zd_schema_param_target(s->schema, param->index, k)))
      return true;
  return n == 0;
}

static bool has_hierarchy(const zd_search *s, const zd_search_param *param) {
  for (zd_type t = 0; t < zd_schema_type_count(s->schema); t++)
    if (zd_hierarchy_of(s, t) && zd_param_may_refer(s, param, t)) return true;
  return false;
}

/* Whether the parameter's expression can yield a value of this shape. */
static bool reaches(const zd_search *s, zd_type type, const zd_search_param *param,
                    zd_shape shape) {
  enum { TYPES = 64 };
  zd_slice expression = zd_schema_param(s->schema, param->index).expression;
  zd_type types[TYPES],
      of = type == ZD_NO_TYPE ? zd_schema_type(s->schema, ZD_S("Resource")) : type;
  const zd_path *path;
  zd_fault fault;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  bool hit = true; /* what can't be told is asked */
  if (!zd_path_compile(s->schema, of, expression, &arena, &path, &fault)) {
    size_t n = zd_path_types(path, types, TYPES);
    hit = n > TYPES;
    for (size_t i = 0; i < n && i < TYPES && !hit; i++) hit = s->shapes[types[i]].shape == shape;
  }
  zd_arena_free(&arena);
  return hit;
}

static zd_err allowed(const modifier_row *row, const zd_search *s, zd_type type,
                      const zd_search_param *param, zd_fault *fault) {
  if (!(row->kinds & OF(param->kind)))
    return zd_fail(fault, ZD_ERR_INVALID,
                   "the modifier :%s is not defined for parameters of type %s", row->name,
                   kind_names[param->kind]);
  if (param->kind == ZD_PARAM_REFERENCE &&
      (row->modifier == ZD_MOD_ABOVE || row->modifier == ZD_MOD_BELOW) && !has_hierarchy(s, param))
    return zd_fail(fault, ZD_ERR_INVALID,
                   "the modifier :%s needs a reference to a type with a hierarchy (Location, "
                   "Organization, ...)",
                   row->name);
  if ((row->modifier == ZD_MOD_OF_TYPE && !reaches(s, type, param, ZD_SHAPE_IDENTIFIER)) ||
      (row->modifier == ZD_MOD_IDENTIFIER && !reaches(s, type, param, ZD_SHAPE_REFERENCE)))
    return zd_fail(fault, ZD_ERR_INVALID,
                   "the modifier :%s is for parameters whose elements have identifiers", row->name);
  if (row->more && zd_field_more_is_late(s, param))
    return zd_fail(fault, ZD_ERR_BUSY,
                   "the modifier :%s is new, what was stored before is being indexed for it; ask "
                   "again later",
                   row->name);
  return ZD_OK;
}

/* subject:Patient */
static zd_err read_type(const zd_search *s, const zd_search_param *param, zd_slice text,
                        zd_type type, zd_type *only, zd_fault *fault) {
  if (param->kind != ZD_PARAM_REFERENCE)
    return zd_fail(fault, ZD_ERR_INVALID,
                   "a resource type stands only behind parameters of type reference, this is a %s",
                   kind_names[param->kind]);
  if (!zd_param_may_refer(s, param, type))
    return zd_fail(fault, ZD_ERR_INVALID, "the parameter does not refer to a %.*s", ZD_SV(text));
  *only = type;
  return ZD_OK;
}

zd_err zd_modifier_read(const zd_search *s, zd_type type, const zd_search_param *param,
                        zd_slice text, zd_modifier *out, zd_type *only, zd_fault *fault) {
  *out = ZD_MOD_NONE;
  *only = ZD_NO_TYPE;
  for (size_t i = 0; i < sizeof modifier_rows / sizeof *modifier_rows; i++) {
    if (!zd_slice_eq(text, zd_slice_of(modifier_rows[i].name))) continue;
    *out = modifier_rows[i].modifier;
    return allowed(&modifier_rows[i], s, type, param, fault);
  }
  zd_type named = zd_schema_type(s->schema, text);
  if (named != ZD_NO_TYPE && zd_schema_is_resource(s->schema, named)) {
    *out = ZD_MOD_TYPE;
    return read_type(s, param, text, named, only, fault);
  }
  return zd_fail(fault, ZD_ERR_INVALID, "there is no modifier \":%.*s\"",
                 text.n > 64 ? 64 : (int)text.n, text.p);
}

size_t zd_search_modifiers(const zd_search *s, zd_type type, uint32_t param, const char **out,
                           size_t room) {
  const zd_search_param *p = zd_program_param(s, type, param);
  zd_fault fault;
  size_t n = 0;
  if (zd_text_is_param(zd_schema_param(s->schema, param).code)) return 0;
  for (size_t i = 0; p && i < sizeof modifier_rows / sizeof *modifier_rows; i++) {
    zd_err err = allowed(&modifier_rows[i], s, type, p, &fault);
    if (err && err != ZD_ERR_BUSY) continue; /* what is being indexed is offered soon */
    if (n < room) out[n] = modifier_rows[i].name;
    n++;
  }
  return n;
}

zd_issue_code zd_value_issue(zd_err err) {
  switch (err) {
    case ZD_ERR_UNSUPPORTED:
      return ZD_ISSUE_NOT_SUPPORTED;
    case ZD_ERR_NOT_FOUND:
      return ZD_ISSUE_NOT_FOUND;
    case ZD_ERR_LIMIT:
      return ZD_ISSUE_TOO_COSTLY;
    case ZD_ERR_BUSY:
      return ZD_ISSUE_TRANSIENT;
    default:
      return ZD_ISSUE_VALUE;
  }
}
