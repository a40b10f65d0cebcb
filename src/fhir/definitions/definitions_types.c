/* definitions_types.c: StructureDefinitions to types and elements.
 *
 * Source: FHIR R4 structuredefinition.html, elementdefinition.html, json.html. The snapshot lists
 * every element with its full path, inherited ones first, so that one level of it is one type:
 *
 *   Patient                      type Patient
 *   Patient.id ... .contact      its elements
 *   Patient.contact.name ...     elements of the anonymous type Patient.contact
 *
 * Two passes: all types get their numbers first, because elements refer to types of other
 * definitions (and contentReference to anonymous types further on).
 */
#include <stdlib.h>

#include "fhir/definitions/definitions_internal.h"

/* One line of a snapshot. */
typedef struct line {
  zd_slice path, parent, name;
  uint32_t node;
} line;

/* One StructureDefinition that becomes types. */
typedef struct structure {
  const zd_json_tape *tape;
  uint32_t node;
  zd_slice name;
  line *lines;
  uint32_t count;
  zd_type first_type; /* the root; anonymous types follow */
  uint16_t type_count;
} structure;

typedef struct structures {
  structure *items;
  size_t n;
} structures;

static const struct {
  const char *name;
  zd_primitive primitive;
} primitives[] = {
    {"boolean", ZD_PRIM_BOOLEAN},
    {"integer", ZD_PRIM_INTEGER},
    {"positiveInt", ZD_PRIM_POSITIVE_INT},
    {"unsignedInt", ZD_PRIM_UNSIGNED_INT},
    {"decimal", ZD_PRIM_DECIMAL},
    {"string", ZD_PRIM_STRING},
    {"markdown", ZD_PRIM_MARKDOWN},
    {"code", ZD_PRIM_CODE},
    {"id", ZD_PRIM_ID},
    {"uri", ZD_PRIM_URI},
    {"url", ZD_PRIM_URL},
    {"canonical", ZD_PRIM_CANONICAL},
    {"oid", ZD_PRIM_OID},
    {"uuid", ZD_PRIM_UUID},
    {"base64Binary", ZD_PRIM_BASE64},
    {"date", ZD_PRIM_DATE},
    {"dateTime", ZD_PRIM_DATETIME},
    {"instant", ZD_PRIM_INSTANT},
    {"time", ZD_PRIM_TIME},
    {"xhtml", ZD_PRIM_XHTML},
};

static zd_primitive primitive_of(zd_slice name) {
  for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++)
    if (zd_slice_eq(name, zd_slice_of(primitives[i].name))) return primitives[i].primitive;
  return ZD_PRIM_NONE;
}

static zd_err no_memory(zd_definitions *d) {
  return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
}

/* ---- reading snapshots ---- */

static bool defines_type(const zd_definition *def) {
  return !zd_slice_eq(zd_json_string(def->tape, def->node, ZD_S("derivation")),
                      ZD_S("constraint")) &&
         !zd_slice_eq(zd_json_string(def->tape, def->node, ZD_S("kind")), ZD_S("logical"));
}

enum {
  ANCESTORS_MAX = 16,
  LINES_MAX = 4096 /* elements in a snapshot: the work is its square */
};

static uint32_t snapshot_of(const zd_json_tape *tape, uint32_t node) {
  uint32_t snapshot = zd_json_find(tape, node, ZD_S("snapshot"));
  return snapshot ? zd_json_find(tape, snapshot, ZD_S("element")) : 0;
}

static zd_err read_lines(zd_definitions *d, structure *s, uint32_t elements) {
  uint32_t n = 0;
  ZD_EACH(s->tape, e, elements) n++;
  if (n > LINES_MAX)
    return zd_fail(d->fault, ZD_ERR_LIMIT, "definitions: %.*s has too many elements",
                   ZD_SV(s->name));
  s->lines = ZD_NEW_ARRAY(&d->arena, line, n);
  if (!s->lines) return no_memory(d);
  ZD_EACH(s->tape, e, elements) {
    line *l = &s->lines[s->count];
    l->node = e;
    l->path = zd_def_text(d, s->tape, e, ZD_S("path"));
    size_t dot = l->path.n;
    while (dot && l->path.p[dot - 1] != '.') dot--;
    if (!dot) continue; /* the type itself */
    l->parent = (zd_slice){l->path.p, dot - 1};
    l->name = zd_slice_from(l->path, dot);
    s->count++;
  }
  return ZD_OK;
}

static int by_name(const void *a, const void *b) {
  return zd_slice_cmp(((const structure *)a)->name, ((const structure *)b)->name);
}

static zd_err read_structures(zd_definitions *d, structures *out) {
  size_t n = d->found[ZD_DEF_STRUCTURE].n / sizeof(zd_definition);
  const zd_definition *all = (const zd_definition *)(void *)d->found[ZD_DEF_STRUCTURE].p;
  out->items = ZD_NEW_ARRAY(&d->arena, structure, n + 1);
  if (!out->items) return no_memory(d);
  for (size_t i = 0; i < n; i++) {
    if (!defines_type(&all[i])) continue;
    structure *s = &out->items[out->n++];
    *s = (structure){.tape = all[i].tape, .node = all[i].node};
    s->name = zd_def_text(d, s->tape, s->node, ZD_S("type"));
    uint32_t elements = snapshot_of(s->tape, s->node);
    if (!elements || !s->name.n)
      return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s has no snapshot or no type",
                     ZD_SV(all[i].url));
    zd_err err = read_lines(d, s, elements);
    if (err) return err;
  }
  qsort(out->items, out->n, sizeof *out->items, by_name);
  return ZD_OK;
}

/* ---- pass 1: numbers ---- */

static zd_err add_type(zd_definitions *d, zd_slice name, zd_type_kind kind) {
  uint32_t number = zd_def_count(d, ZD_IMAGE_TYPES, sizeof(zd_image_type));
  if (number >= ZD_NO_TYPE) return zd_fail(d->fault, ZD_ERR_LIMIT, "definitions: too many types");
  zd_image_type type = {.name = zd_def_string(d, name), .base = ZD_NO_TYPE, .kind = (uint8_t)kind};
  zd_buffer_add(&d->section[ZD_IMAGE_TYPES], &type, sizeof type);
  if (d->section[ZD_IMAGE_TYPES].failed || d->section[ZD_IMAGE_STRINGS].failed) return no_memory(d);
  if (zd_name_map_find(&d->types, name) >= 0)
    return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: type %.*s is defined twice",
                   ZD_SV(name));
  return zd_name_map_set(&d->types, &d->arena, name, number) ? ZD_OK : no_memory(d);
}

static zd_type_kind kind_of(const structure *s) {
  zd_slice kind = zd_json_string(s->tape, s->node, ZD_S("kind"));
  if (zd_slice_eq(kind, ZD_S("resource"))) return ZD_KIND_RESOURCE;
  return zd_slice_eq(kind, ZD_S("primitive-type")) ? ZD_KIND_PRIMITIVE : ZD_KIND_COMPLEX;
}

/* The first element under a path: that path then is an anonymous type. */
static bool opens_type(const structure *s, uint32_t i) {
  if (zd_slice_eq(s->lines[i].parent, s->name)) return false;
  for (uint32_t k = 0; k < i; k++)
    if (zd_slice_eq(s->lines[k].parent, s->lines[i].parent)) return false;
  return true;
}

static zd_err number_types(zd_definitions *d, structure *s) {
  s->first_type = (zd_type)zd_def_count(d, ZD_IMAGE_TYPES, sizeof(zd_image_type));
  s->type_count = 1;
  zd_err err = add_type(d, s->name, kind_of(s));
  for (uint32_t i = 0; i < s->count && !err; i++) {
    if (!opens_type(s, i)) continue;
    err = add_type(d, s->lines[i].parent, ZD_KIND_BACKBONE);
    s->type_count++;
  }
  return err;
}

static void describe_root(zd_definitions *d, const structure *s) {
  zd_image_type *type = ZD_RECORDS(d, ZD_IMAGE_TYPES, zd_image_type) + s->first_type;
  zd_slice base = zd_def_text(d, s->tape, s->node, ZD_S("baseDefinition"));
  type->base = base.n ? zd_def_type(d, zd_def_tail(base)) : ZD_NO_TYPE;
  type->flags = zd_def_is_true(s->tape, s->node, ZD_S("abstract")) ? ZD_IMAGE_ABSTRACT : 0;
  if (type->kind == ZD_KIND_PRIMITIVE) type->primitive = (uint8_t)primitive_of(s->name);
}

/* Whoever walks up the ancestors must arrive. */
static zd_err check_ancestors(zd_definitions *d, const structure *s) {
  const zd_image_type *types = ZD_RECORDS(d, ZD_IMAGE_TYPES, const zd_image_type);
  int steps = 0;
  for (zd_type t = s->first_type; t != ZD_NO_TYPE; t = types[t].base)
    if (++steps > ANCESTORS_MAX)
      return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s derives from itself",
                     ZD_SV(s->name));
  return ZD_OK;
}

/* ---- pass 2: elements ---- */

/* The type that an entry of ElementDefinition.type names. The types of the FHIRPath system
 * namespace (ids, Extension.url) say their FHIR type in an extension. */
static zd_slice type_name(zd_definitions *d, const structure *s, const line *l, uint32_t entry) {
  zd_slice code = zd_def_text(d, s->tape, entry, ZD_S("code"));
  if (!zd_slice_starts(code, ZD_S("http://hl7.org/fhirpath/System."))) return code;
  /* Published as "string" in R4, but resource.html#id says: data type id. */
  if (zd_slice_eq(l->name, ZD_S("id")) && kind_of(s) == ZD_KIND_RESOURCE &&
      zd_slice_eq(l->parent, s->name))
    return ZD_S("id");
  uint32_t extensions = zd_json_find(s->tape, entry, ZD_S("extension"));
  if (!extensions) return ZD_S("string");
  ZD_EACH(s->tape, x, extensions) {
    if (!zd_slice_ends(zd_json_string(s->tape, x, ZD_S("url")),
                       ZD_S("/structuredefinition-fhir-type")))
      continue;
    zd_slice url = zd_def_text(d, s->tape, x, ZD_S("valueUrl"));
    return url.n ? url : zd_def_text(d, s->tape, x, ZD_S("valueUri"));
  }
  return ZD_S("string");
}

/* Reference targets of a type entry; Resource means any, which is an empty list. */
static void add_targets(zd_definitions *d, const structure *s, uint32_t entry,
                        zd_image_element *element) {
  zd_buffer *targets = &d->section[ZD_IMAGE_TARGETS];
  element->first_target = (uint32_t)(targets->n / sizeof(zd_type));
  uint32_t profiles = zd_json_find(s->tape, entry, ZD_S("targetProfile"));
  if (!profiles) return;
  size_t before = targets->n;
  ZD_EACH(s->tape, profile, profiles) {
    zd_type type = zd_def_type(d, zd_def_tail(zd_def_value(d, s->tape, profile)));
    if (type == ZD_NO_TYPE || type == zd_def_type(d, ZD_S("Resource"))) {
      targets->n = before;
      return;
    }
    zd_buffer_add(targets, &type, sizeof type);
  }
  element->target_count = (uint16_t)((targets->n - before) / sizeof(zd_type));
}

static uint16_t flags_of(const zd_definitions *d, const structure *s, const line *l,
                         const zd_image_element *e) {
  uint16_t flags = 0;
  if (e->max > 1) flags |= ZD_EL_ARRAY;
  if (zd_def_is_true(s->tape, l->node, ZD_S("isSummary"))) flags |= ZD_EL_SUMMARY;
  if (zd_def_is_true(s->tape, l->node, ZD_S("isModifier"))) flags |= ZD_EL_MODIFIER;
  const zd_image_type *type = ZD_RECORDS(d, ZD_IMAGE_TYPES, zd_image_type) + e->type;
  if (type->kind == ZD_KIND_RESOURCE) flags |= ZD_EL_ANY_RESOURCE;
  uint32_t representation = zd_json_find(s->tape, l->node, ZD_S("representation"));
  if (representation) {
    ZD_EACH(s->tape, r, representation) {
      if (zd_json_is(s->tape, r, ZD_S("xmlAttr"))) flags |= ZD_EL_ATTRIBUTE;
    }
  }
  if (kind_of(s) == ZD_KIND_RESOURCE && zd_slice_eq(l->name, ZD_S("id")) &&
      zd_slice_eq(l->parent, s->name))
    flags |= ZD_EL_ATTRIBUTE;
  return flags;
}

static uint16_t required_binding(zd_definitions *d, const structure *s, const line *l) {
  uint32_t binding = zd_json_find(s->tape, l->node, ZD_S("binding"));
  if (!binding ||
      !zd_slice_eq(zd_json_string(s->tape, binding, ZD_S("strength")), ZD_S("required")))
    return 0xFFFF;
  int64_t set = zd_def_named(&d->value_sets, zd_def_text(d, s->tape, binding, ZD_S("valueSet")));
  return set < 0 ? 0xFFFF : (uint16_t)set;
}

/* A bound code, string or uri can be checked by itself; Coding and CodeableConcept need their
 * system too and are left to whoever validates terminology. */
static bool is_code_like(const zd_definitions *d, zd_type type) {
  const zd_image_type *t = ZD_RECORDS(d, ZD_IMAGE_TYPES, zd_image_type) + type;
  return t->kind == ZD_KIND_PRIMITIVE;
}

/* Everything of the line that does not depend on the type. */
static zd_image_element element_of(zd_definitions *d, const structure *s, const line *l,
                                   zd_type owner) {
  zd_image_element e = {.owner = owner, .required = 0xFFFF};
  e.name = e.path = zd_def_string(d, l->name);
  e.min = zd_def_number(s->tape, l->node, ZD_S("min"));
  e.max = zd_def_max(zd_json_string(s->tape, l->node, ZD_S("max")));
  return e;
}

static zd_err add_element(zd_definitions *d, const structure *s, const line *l,
                          zd_image_element *e) {
  zd_buffer *elements = &d->section[ZD_IMAGE_ELEMENTS];
  if (e->type == ZD_NO_TYPE)
    return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s has an unknown type",
                   ZD_SV(l->path));
  if (elements->n / sizeof *e >= ZD_NO_ELEMENT)
    return zd_fail(d->fault, ZD_ERR_LIMIT, "definitions: too many elements");
  e->flags |= flags_of(d, s, l, e);
  if (is_code_like(d, e->type)) e->required = required_binding(d, s, l);
  zd_buffer_add(elements, e, sizeof *e);
  return elements->failed ? no_memory(d) : ZD_OK;
}

/* value[x]: one element per type, named value + Type. */
static zd_err add_choice(zd_definitions *d, const structure *s, const line *l, uint32_t types,
                         zd_type owner, uint16_t group) {
  zd_slice stem = {l->name.p, l->name.n - 3};
  ZD_EACH(s->tape, entry, types) {
    zd_image_element e = element_of(d, s, l, owner);
    zd_slice type = type_name(d, s, l, entry);
    zd_slice name = zd_arena_printf(&d->arena, "%.*s%.*s", ZD_SV(stem), ZD_SV(type));
    if (!name.p) return no_memory(d);
    if (!type.n) return add_element(d, s, l, &(zd_image_element){.type = ZD_NO_TYPE});
    char *first = zd_arena_alloc(&d->arena, name.n);
    if (!first) return no_memory(d);
    memcpy(first, name.p, name.n);
    if (first[stem.n] >= 'a' && first[stem.n] <= 'z') first[stem.n] -= 'a' - 'A';
    e.name = zd_def_string(d, (zd_slice){first, name.n});
    e.path = zd_def_string(d, stem);
    e.choice = group;
    e.flags = ZD_EL_CHOICE;
    e.type = zd_def_type(d, type);
    add_targets(d, s, entry, &e);
    zd_err err = add_element(d, s, l, &e);
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err add_plain(zd_definitions *d, const structure *s, const line *l, uint32_t types,
                        zd_type owner) {
  zd_image_element e = element_of(d, s, l, owner);
  zd_slice reference = zd_def_text(d, s->tape, l->node, ZD_S("contentReference"));
  zd_type anonymous = zd_def_type(d, l->path);
  uint32_t entry = types ? zd_json_first(s->tape, types) : 0;
  if (reference.n) {
    size_t hash = zd_slice_find(reference, '#');
    e.type = zd_def_type(d, zd_slice_from(reference, hash + 1));
  } else if (anonymous != ZD_NO_TYPE) {
    e.type = anonymous;
    zd_image_type *type = ZD_RECORDS(d, ZD_IMAGE_TYPES, zd_image_type) + anonymous;
    if (entry) type->base = zd_def_type(d, type_name(d, s, l, entry));
  } else {
    e.type = entry ? zd_def_type(d, type_name(d, s, l, entry)) : ZD_NO_TYPE;
    if (entry) add_targets(d, s, entry, &e);
  }
  return add_element(d, s, l, &e);
}

/* An element that never occurs in JSON: forbidden ones, and the value of a primitive, which is the
 * JSON value itself. */
static bool is_left_out(const structure *s, const line *l) {
  if (zd_slice_eq(zd_json_string(s->tape, l->node, ZD_S("max")), ZD_S("0"))) return true;
  return kind_of(s) == ZD_KIND_PRIMITIVE && zd_slice_eq(l->name, ZD_S("value"));
}

static uint16_t count_to_last_mandatory(const zd_definitions *d, const zd_image_type *type) {
  const zd_image_element *e = ZD_RECORDS(d, ZD_IMAGE_ELEMENTS, const zd_image_element);
  uint16_t n = type->count;
  while (n > 0 && e[type->first + n - 1].min == 0) n--;
  return n;
}

static zd_err fill_type(zd_definitions *d, const structure *s, zd_type number) {
  zd_image_type *type = ZD_RECORDS(d, ZD_IMAGE_TYPES, zd_image_type) + number;
  zd_slice path = zd_def_string_at(d, type->name);
  type->first = (zd_element)zd_def_count(d, ZD_IMAGE_ELEMENTS, sizeof(zd_image_element));
  path = zd_arena_copy(&d->arena, path); /* the strings section moves while it grows */
  if (!path.p) return no_memory(d);
  uint16_t groups = 0;
  for (uint32_t i = 0; i < s->count; i++) {
    const line *l = &s->lines[i];
    if (!zd_slice_eq(l->parent, path) || is_left_out(s, l)) continue;
    uint32_t types = zd_json_find(s->tape, l->node, ZD_S("type"));
    bool choice = types && zd_slice_ends(l->name, ZD_S("[x]"));
    zd_err err =
        choice ? add_choice(d, s, l, types, number, ++groups) : add_plain(d, s, l, types, number);
    if (err) return err;
  }
  type = ZD_RECORDS(d, ZD_IMAGE_TYPES, zd_image_type) + number;
  type->count =
      (uint16_t)(zd_def_count(d, ZD_IMAGE_ELEMENTS, sizeof(zd_image_element)) - type->first);
  type->mandatory = count_to_last_mandatory(d, type);
  return ZD_OK;
}

/* ---- name tables ---- */

typedef struct hash_state {
  const zd_definitions *d;
  uint32_t first;
} hash_state;

static uint32_t hash_element(const void *state, uint32_t i, uint32_t seed) {
  const hash_state *h = state;
  const zd_image_element *e =
      ZD_RECORDS(h->d, ZD_IMAGE_ELEMENTS, const zd_image_element) + h->first + i;
  return zd_image_hash(zd_def_string_at(h->d, e->name), seed);
}

static uint32_t hash_type(const void *state, uint32_t i, uint32_t seed) {
  const hash_state *h = state;
  const zd_image_type *t = ZD_RECORDS(h->d, ZD_IMAGE_TYPES, const zd_image_type) + i;
  return zd_image_hash(zd_def_string_at(h->d, t->name), seed);
}

static zd_err name_tables(zd_definitions *d) {
  uint32_t n = zd_def_count(d, ZD_IMAGE_TYPES, sizeof(zd_image_type));
  for (uint32_t t = 0; t < n; t++) {
    zd_image_type *type = ZD_RECORDS(d, ZD_IMAGE_TYPES, zd_image_type) + t;
    hash_state state = {d, type->first};
    zd_err err = zd_def_table(d, type->count, hash_element, &state, &type->names);
    if (err) return err;
  }
  hash_state state = {d, 0};
  return zd_def_table(d, n, hash_type, &state, &d->head.types);
}

zd_err zd_def_types(zd_definitions *d) {
  structures all = {0};
  zd_err err = read_structures(d, &all);
  for (size_t i = 0; i < all.n && !err; i++) err = number_types(d, &all.items[i]);
  for (size_t i = 0; i < all.n && !err; i++) {
    const structure *s = &all.items[i];
    describe_root(d, s);
    err = check_ancestors(d, s);
    if (zd_slice_eq(s->name, ZD_S("Resource")))
      d->head.fhir_version =
          zd_def_string(d, zd_def_text(d, s->tape, s->node, ZD_S("fhirVersion")));
    for (uint16_t t = 0; t < s->type_count && !err; t++)
      err = fill_type(d, s, (zd_type)(s->first_type + t));
  }
  return err ? err : name_tables(d);
}
