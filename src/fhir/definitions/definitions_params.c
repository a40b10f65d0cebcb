/* definitions_params.c: SearchParameter, CompartmentDefinition and OperationDefinition to records.
 */
#include <stdlib.h>

#include "fhir/definitions/definitions_internal.h"

static zd_err no_memory(zd_definitions *d) {
  return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
}

static zd_definition *found(const zd_definitions *d, zd_definition_kind kind, size_t *n) {
  *n = d->found[kind].n / sizeof(zd_definition);
  return (zd_definition *)(void *)d->found[kind].p;
}

/* Adds the types named by a list of codes to a section; returns how many; an unknown name is an
 * error. */
static zd_err add_types(zd_definitions *d, const zd_definition *def, zd_slice member,
                        zd_image_section section, uint16_t *count) {
  uint32_t list = zd_json_find(def->tape, def->node, member);
  *count = 0;
  if (!list) return ZD_OK;
  ZD_EACH(def->tape, item, list) {
    zd_slice name = zd_def_value(d, def->tape, item);
    zd_type type = zd_def_type(d, name);
    if (type == ZD_NO_TYPE)
      return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s: unknown type %.*s",
                     ZD_SV(def->url), ZD_SV(name));
    zd_buffer_add(&d->section[section], &type, sizeof type);
    ++*count;
  }
  return d->section[section].failed ? no_memory(d) : ZD_OK;
}

/* ---- search parameters ---- */

static int param_type(zd_slice name) {
  static const char *const names[] = {"number",    "date",     "string", "token",  "reference",
                                      "composite", "quantity", "uri",    "special"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (zd_slice_eq(name, zd_slice_of(names[i]))) return (int)i;
  return -1;
}

static zd_err add_components(zd_definitions *d, const zd_definition *def, zd_image_param *param) {
  zd_buffer *components = &d->section[ZD_IMAGE_COMPONENTS];
  param->first_component = (uint32_t)(components->n / sizeof(zd_image_component));
  uint32_t list = zd_json_find(def->tape, def->node, ZD_S("component"));
  if (!list) return ZD_OK;
  ZD_EACH(def->tape, item, list) {
    zd_slice url = zd_def_text(d, def->tape, item, ZD_S("definition"));
    int64_t number = zd_name_map_find(&d->params, zd_def_unversioned(url));
    if (number < 0)
      return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s: no such component %.*s",
                     ZD_SV(def->url), ZD_SV(url));
    zd_image_component c = {
        .expression = zd_def_string(d, zd_def_text(d, def->tape, item, ZD_S("expression"))),
        .param = (uint32_t)number};
    zd_buffer_add(components, &c, sizeof c);
    param->component_count++;
  }
  return ZD_OK;
}

/* At its number: behind the others, or in the place of the one it overrides. */
static zd_err put_param(zd_definitions *d, const zd_definition *def, const zd_image_param *p) {
  zd_buffer *params = &d->section[ZD_IMAGE_PARAMS];
  uint32_t number = (uint32_t)zd_name_map_find(&d->params, def->url);
  if (number < zd_def_count(d, ZD_IMAGE_PARAMS, sizeof *p)) {
    ZD_RECORDS(d, ZD_IMAGE_PARAMS, zd_image_param)[number] = *p;
    return ZD_OK;
  }
  zd_buffer_add(params, p, sizeof *p);
  return params->failed ? no_memory(d) : ZD_OK;
}

static zd_err add_param(zd_definitions *d, const zd_definition *def) {
  int type = param_type(zd_json_string(def->tape, def->node, ZD_S("type")));
  zd_image_param p = {
      .url = zd_def_string(d, def->url),
      .code = zd_def_string(d, zd_def_text(d, def->tape, def->node, ZD_S("code"))),
      .expression = zd_def_string(d, zd_def_text(d, def->tape, def->node, ZD_S("expression"))),
      .first_type = (uint32_t)(d->section[ZD_IMAGE_PARAM_TYPES].n / sizeof(zd_type)),
      .type = (uint8_t)type};
  if (type < 0 || p.code.n == UINT32_MAX)
    return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s: no code or no known type",
                   ZD_SV(def->url));
  zd_err err = add_types(d, def, ZD_S("base"), ZD_IMAGE_PARAM_TYPES, &p.base_count);
  if (!err) err = add_types(d, def, ZD_S("target"), ZD_IMAGE_PARAM_TYPES, &p.target_count);
  if (!err) err = add_components(d, def, &p);
  return err ? err : put_param(d, def, &p);
}

static bool is_a(const zd_definitions *d, zd_type t, zd_type ancestor) {
  for (; t != ZD_NO_TYPE; t = ZD_RECORDS(d, ZD_IMAGE_TYPES, zd_image_type)[t].base)
    if (t == ancestor) return true;
  return false;
}

static bool applies(const zd_definitions *d, const zd_image_param *p, zd_type type) {
  const zd_type *bases = ZD_RECORDS(d, ZD_IMAGE_PARAM_TYPES, zd_type);
  for (uint32_t k = 0; k < p->base_count; k++)
    if (is_a(d, type, bases[p->first_type + k])) return true;
  return false;
}

/* A (type, code) pair: an entry of the params table. */
typedef struct pair {
  zd_type type;
  uint16_t place; /* in the type's own list */
  uint32_t param;
} pair;

typedef struct pair_state {
  const zd_definitions *d;
  const pair *pairs;
} pair_state;

static uint32_t hash_pair(const void *state, uint32_t i, uint32_t seed) {
  const pair_state *h = state;
  const zd_image_param *p =
      ZD_RECORDS(h->d, ZD_IMAGE_PARAMS, const zd_image_param) + h->pairs[i].param;
  return zd_image_param_hash(h->pairs[i].type, zd_def_string_at(h->d, p->code), seed);
}

/* The list of each resource type, and one table over all (type, code). */
static zd_err index_params(zd_definitions *d) {
  uint32_t types = zd_def_count(d, ZD_IMAGE_TYPES, sizeof(zd_image_type));
  uint32_t params = zd_def_count(d, ZD_IMAGE_PARAMS, sizeof(zd_image_param));
  zd_buffer pairs, *lists = &d->section[ZD_IMAGE_TYPE_PARAMS];
  zd_buffer_init(&pairs, 0);
  zd_buffer_clear(lists);
  for (uint32_t t = 0; t < types; t++) {
    zd_image_type *type = ZD_RECORDS(d, ZD_IMAGE_TYPES, zd_image_type) + t;
    type->first_param = (uint32_t)(lists->n / sizeof(uint32_t));
    type->param_count = 0;
    if (type->kind != ZD_KIND_RESOURCE) continue;
    for (uint32_t i = 0; i < params; i++) {
      if (!applies(d, ZD_RECORDS(d, ZD_IMAGE_PARAMS, zd_image_param) + i, (zd_type)t)) continue;
      pair p = {(zd_type)t, type->param_count++, i};
      zd_buffer_add(&pairs, &p, sizeof p);
      zd_buffer_add(lists, &i, sizeof i);
    }
  }
  pair_state state = {d, (const pair *)(void *)pairs.p};
  zd_err err = pairs.failed ? no_memory(d)
                            : zd_def_table(d, (uint32_t)(pairs.n / sizeof(pair)), hash_pair, &state,
                                           &d->head.params);
  /* The table counted pairs; readers want the place in the type's list. */
  uint32_t *slots = ZD_RECORDS(d, ZD_IMAGE_SLOTS, uint32_t) + d->head.params.first;
  for (uint32_t i = 0; !err && i <= d->head.params.mask; i++)
    if (slots[i] != ZD_IMAGE_NO_SLOT)
      slots[i] = (slots[i] & 0xFFFF0000u) | state.pairs[slots[i] & 0xFFFF].place;
  zd_buffer_free(&pairs);
  return err;
}

zd_err zd_def_params(zd_definitions *d) {
  size_t n;
  zd_definition *all = found(d, ZD_DEF_PARAM, &n);
  uint32_t next = zd_def_count(d, ZD_IMAGE_PARAMS, sizeof(zd_image_param));
  for (size_t i = 0; i < n; i++) {
    if (zd_name_map_find(&d->params, all[i].url) >= 0) continue;
    if (!zd_name_map_set(&d->params, &d->arena, all[i].url, next++)) return no_memory(d);
  }
  for (size_t i = 0; i < n; i++) {
    zd_err err = add_param(d, &all[i]);
    if (err) return err;
    all[i].number = (uint32_t)zd_name_map_find(&d->params, all[i].url);
  }
  return index_params(d);
}

/* ---- compartments ---- */

static int by_key(const void *a, const void *b) {
  const zd_image_compartment *x = a, *y = b;
  uint32_t kx = (uint32_t)x->compartment << 16 | x->resource;
  uint32_t ky = (uint32_t)y->compartment << 16 | y->resource;
  return (kx > ky) - (kx < ky);
}

static zd_err add_compartment(zd_definitions *d, const zd_definition *def) {
  zd_buffer *codes = &d->section[ZD_IMAGE_COMPARTMENT_CODES];
  zd_type compartment = zd_def_type(d, zd_json_string(def->tape, def->node, ZD_S("code")));
  uint32_t resources = zd_json_find(def->tape, def->node, ZD_S("resource"));
  if (compartment == ZD_NO_TYPE || !resources)
    return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s: no code or no resources",
                   ZD_SV(def->url));
  ZD_EACH(def->tape, item, resources) {
    zd_image_compartment c = {
        .compartment = compartment,
        .resource = zd_def_type(d, zd_json_string(def->tape, item, ZD_S("code"))),
        .first = (uint32_t)(codes->n / sizeof(zd_image_text))};
    uint32_t params = zd_json_find(def->tape, item, ZD_S("param"));
    if (!params) continue;
    ZD_EACH(def->tape, param, params) {
      zd_image_text text = zd_def_string(d, zd_def_value(d, def->tape, param));
      if (text.n == UINT32_MAX)
        return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s: a param that is no text",
                       ZD_SV(def->url));
      zd_buffer_add(codes, &text, sizeof text);
      c.count++;
    }
    zd_buffer_add(&d->section[ZD_IMAGE_COMPARTMENTS], &c, sizeof c);
  }
  return ZD_OK;
}

/* The specification's own example redefines Device; the server's answers follow the real ones. */
static bool is_example(const zd_definition *def) {
  return zd_slice_eq(zd_json_string(def->tape, def->node, ZD_S("id")), ZD_S("example"));
}

zd_err zd_def_compartments(zd_definitions *d) {
  size_t n;
  const zd_definition *all = found(d, ZD_DEF_COMPARTMENT, &n);
  for (size_t i = 0; i < n; i++) {
    zd_err err = is_example(&all[i]) ? ZD_OK : add_compartment(d, &all[i]);
    if (err) return err;
  }
  zd_buffer *section = &d->section[ZD_IMAGE_COMPARTMENTS];
  if (section->n)
    qsort(section->p, section->n / sizeof(zd_image_compartment), sizeof(zd_image_compartment),
          by_key);
  return ZD_OK;
}

/* ---- operations ---- */

/* A definition of an operation on its way into the image. */
typedef struct operation_reading {
  zd_definitions *d;
  const zd_definition *def;
  zd_image_operation out;
} operation_reading;

enum { PART_DEPTH_MAX = 16 }; /* parts within parts of a parameter */

static zd_err add_operation_params(operation_reading *r, uint32_t list, uint8_t depth) {
  zd_definitions *d = r->d;
  const zd_json_tape *tape = r->def->tape;
  ZD_EACH(tape, item, list) {
    zd_image_operation_param p = {
        .name = zd_def_string(d, zd_def_text(d, tape, item, ZD_S("name"))),
        .type = zd_def_type(d, zd_json_string(tape, item, ZD_S("type"))),
        .min = zd_def_number(tape, item, ZD_S("min")),
        .max = zd_def_max(zd_json_string(tape, item, ZD_S("max"))),
        .output = zd_slice_eq(zd_json_string(tape, item, ZD_S("use")), ZD_S("out")),
        .depth = depth};
    if (p.name.n == UINT32_MAX)
      return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s: a parameter has no name",
                     ZD_SV(r->def->url));
    zd_buffer_add(&d->section[ZD_IMAGE_OPERATION_PARAMS], &p, sizeof p);
    r->out.param_count++;
    uint32_t parts = zd_json_find(tape, item, ZD_S("part"));
    if (!parts) continue;
    if (depth == PART_DEPTH_MAX)
      return zd_fail(d->fault, ZD_ERR_LIMIT, "definitions: %.*s: parts nest deeper than %d",
                     ZD_SV(r->def->url), PART_DEPTH_MAX);
    zd_err err = add_operation_params(r, parts, (uint8_t)(depth + 1));
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err add_operation(zd_definitions *d, const zd_definition *def) {
  operation_reading r = {.d = d, .def = def};
  zd_image_operation *o = &r.out;
  *o = (zd_image_operation){
      .url = zd_def_string(d, def->url),
      .code = zd_def_string(d, zd_def_text(d, def->tape, def->node, ZD_S("code"))),
      .first_type = (uint32_t)(d->section[ZD_IMAGE_OPERATION_TYPES].n / sizeof(zd_type)),
      .first_param =
          (uint32_t)(d->section[ZD_IMAGE_OPERATION_PARAMS].n / sizeof(zd_image_operation_param))};
  if (o->code.n == UINT32_MAX)
    return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s has no code", ZD_SV(def->url));
  static const struct {
    const char *member;
    uint16_t flag;
  } flags[] = {{"system", ZD_OPERATION_SYSTEM},
               {"type", ZD_OPERATION_TYPE},
               {"instance", ZD_OPERATION_INSTANCE},
               {"affectsState", ZD_OPERATION_AFFECTS}};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
    if (zd_def_is_true(def->tape, def->node, zd_slice_of(flags[i].member)))
      o->flags |= flags[i].flag;
  if (zd_slice_eq(zd_json_string(def->tape, def->node, ZD_S("kind")), ZD_S("query")))
    o->flags |= ZD_OPERATION_IS_QUERY;
  zd_err err = add_types(d, def, ZD_S("resource"), ZD_IMAGE_OPERATION_TYPES, &o->type_count);
  if (err) return err;
  uint32_t params = zd_json_find(def->tape, def->node, ZD_S("parameter"));
  err = params ? add_operation_params(&r, params, 0) : ZD_OK;
  if (err) return err;
  zd_buffer_add(&d->section[ZD_IMAGE_OPERATIONS], o, sizeof *o);
  return d->section[ZD_IMAGE_OPERATIONS].failed ? no_memory(d) : ZD_OK;
}

static uint32_t hash_operation(const void *state, uint32_t i, uint32_t seed) {
  const zd_definitions *d = state;
  const zd_image_operation *o = ZD_RECORDS(d, ZD_IMAGE_OPERATIONS, const zd_image_operation) + i;
  return zd_image_hash(zd_def_string_at(d, o->code), seed);
}

zd_err zd_def_operations(zd_definitions *d) {
  size_t n;
  zd_definition *all = found(d, ZD_DEF_OPERATION, &n);
  for (size_t i = 0; i < n; i++) {
    all[i].number = zd_def_count(d, ZD_IMAGE_OPERATIONS, sizeof(zd_image_operation));
    zd_err err = add_operation(d, &all[i]);
    if (err) return err;
  }
  return zd_def_table(d, zd_def_count(d, ZD_IMAGE_OPERATIONS, sizeof(zd_image_operation)),
                      hash_operation, d, &d->head.operations);
}
