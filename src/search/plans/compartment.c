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

typedef struct links {
  const zd_plan **found;
  size_t n, room;
} links;

static zd_err add(links *l, const zd_plan *plan, zd_arena *arena) {
  if (l->n == l->room) {
    size_t room = l->room ? l->room * 2 : 128;
    const zd_plan **found = ZD_NEW_ARRAY(arena, const zd_plan *, room);
    if (!found) return ZD_ERR_MEMORY;
    if (l->n) memcpy(found, l->found, l->n * sizeof *found);
    l->found = found;
    l->room = room;
  }
  l->found[l->n++] = plan;
  return ZD_OK;
}

/* Adds the plans of one type. `name`: of the resource in whose compartment they are. */
static zd_err add_links(const zd_search *s, zd_type compartment, zd_slice id, zd_slice name,
                        zd_type type, zd_arena *arena, links *l) {
  zd_slice codes[CODES_MAX];
  size_t count = zd_schema_compartment(s->schema, compartment, type, codes, CODES_MAX);
  const zd_plan *plan = NULL;
  zd_err err = count > CODES_MAX ? ZD_ERR_LIMIT : ZD_OK;
  for (size_t i = 0; i < count && !err; i++) {
    if (zd_slice_eq(codes[i], ZD_S("{def}"))) continue;
    err = linked(s, type, codes[i], name, arena, &plan);
    if (!err) err = add(l, plan, arena);
  }
  if (err || type != compartment) return err;
  err = itself(s, compartment, id, arena, &plan);
  return err ? err : add(l, plan, arena);
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
  zd_slice name = zd_term_local(s, compartment, id, arena);
  links l = {0};
  zd_err err = name.p ? ZD_OK : ZD_ERR_MEMORY;
  for (zd_type t = first; t < end && !err; t++)
    if (zd_schema_is_resource(s->schema, t))
      err = add_links(s, compartment, id, name, t, arena, &l);
  if (!err && !l.n) return ZD_ERR_NOT_FOUND;
  return err ? err : zd_plan_group(ZD_PLAN_OR, l.found, l.n, arena, out);
}
