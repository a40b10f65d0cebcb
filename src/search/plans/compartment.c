/* compartment.c: compartments as plans (compartmentdefinition.html): what one of the definition's
 * parameters links to the resource in whose compartment it is looked for. */
#include "search/internal.h"

enum { CODES_MAX = 64 };

/* Rows of `type` that the parameter links to the resource named by `name`. */
static zd_err linked(const zd_search *s, zd_type type, zd_slice code, zd_slice name,
                     zd_arena *arena, const zd_plan **out) {
  const zd_search_param *param = zd_program_find(s, type, code);
  if (!param || param->kind != ZD_PARAM_REFERENCE || param->field == ZD_NO_SYMBOL)
    return ZD_ERR_UNSUPPORTED;
  if (zd_field_is_late(s, param)) return ZD_ERR_BUSY;
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_TERM);
  *out = p;
  if (!p) return ZD_ERR_MEMORY;
  p->field = param->field;
  p->term = name;
  return ZD_OK;
}

/* The resource itself, "{def}" in the definitions of some compartments, is in each of them; what is
 * contained with its id is not it. */
static zd_err itself(const zd_search *s, zd_type compartment, zd_slice id, zd_arena *arena,
                     const zd_plan **out) {
  zd_slice *ids = ZD_NEW_ARRAY(arena, zd_slice, 1);
  if (!ids) return ZD_ERR_MEMORY;
  ids[0] = id;
  zd_err err = zd_plan_ids(s, compartment, ids, zd_fact_is_id(id), arena, out);
  return err ? err : zd_plan_of_rows(*out, arena, out);
}

/* Adds the plans of one type to found[*n..]. */
static zd_err links_of(const zd_search *s, zd_type compartment, zd_slice id, zd_type type,
                       zd_arena *arena, const zd_plan **found, size_t *n) {
  zd_slice codes[CODES_MAX];
  size_t count = zd_schema_compartment(s->schema, compartment, type, codes, CODES_MAX);
  if (count > CODES_MAX) return ZD_ERR_LIMIT;
  zd_slice name = zd_term_local(s, compartment, id, arena);
  if (!name.p) return ZD_ERR_MEMORY;
  zd_err err = ZD_OK;
  for (size_t i = 0; i < count && !err; i++)
    if (!zd_slice_eq(codes[i], ZD_S("{def}")))
      err = linked(s, type, codes[i], name, arena, &found[(*n)++]);
  if (!err && type == compartment) err = itself(s, compartment, id, arena, &found[(*n)++]);
  return err;
}

/* Whether there are compartments of this type at all. */
static bool is_compartment(const zd_search *s, zd_type compartment) {
  uint16_t types = zd_schema_type_count(s->schema);
  for (zd_type t = 0; t < types; t++)
    if (zd_schema_compartment(s->schema, compartment, t, NULL, 0)) return true;
  return false;
}

zd_err zd_search_compartment(const zd_search *s, zd_type compartment, zd_slice id, zd_type type,
                             zd_arena *arena, const zd_plan **out) {
  uint16_t types = zd_schema_type_count(s->schema);
  zd_type first = type == ZD_NO_TYPE ? 0 : type, end = type == ZD_NO_TYPE ? types : type + 1;
  if (compartment >= types || end > types || !is_compartment(s, compartment))
    return ZD_ERR_NOT_FOUND;
  size_t n = 0, most = 1; /* besides the resource itself */
  for (zd_type t = first; t < end; t++)
    if (zd_schema_is_resource(s->schema, t))
      most += zd_schema_compartment(s->schema, compartment, t, NULL, 0);
  const zd_plan **found = ZD_NEW_ARRAY(arena, const zd_plan *, most);
  zd_err err = found ? ZD_OK : ZD_ERR_MEMORY;
  for (zd_type t = first; t < end && !err; t++)
    if (zd_schema_is_resource(s->schema, t))
      err = links_of(s, compartment, id, t, arena, found, &n);
  if (!err && !n) return ZD_ERR_NOT_FOUND;
  return err ? err : zd_plan_group(ZD_PLAN_OR, found, n, arena, out);
}
