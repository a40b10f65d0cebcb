/* definitions_profiles.c: StructureDefinitions to profiles: the rows of a snapshot.
 *
 * Source: FHIR R4 profiling.html, elementdefinition.html, structuredefinition.html. A snapshot is
 * read as it stands, in its order; definitions_rows.c finds the element of each row,
 * definitions_rules.c and definitions_values.c read what the row asks of it. What cannot be kept
 * exactly is refused with the definition, the element and the reason.
 */
#include "fhir/definitions/definitions_profiles.h"

enum {
  ROWS_MAX = 16384,   /* elements in a snapshot */
  CONTEXTS_MAX = 1024 /* of an extension */
};

/* ---- what a StructureDefinition is ---- */

static bool has(const zd_definition *def, zd_slice member, zd_slice value) {
  return zd_slice_eq(zd_json_string(def->tape, def->node, member), value);
}

static zd_err refuse(zd_definitions *d, const zd_definition *def, zd_err err, const char *why) {
  return zd_fail(d->fault, err, "definitions: %.*s: %s", ZD_SV(def->url), why);
}

/* What is no profile is left out at build time, and refused when a user adds it. */
static zd_err check_kind(zd_definitions *d, const zd_definition *def, uint32_t elements,
                         bool *out) {
  static const char logical[] = "logical models are not compiled";
  static const char type[] = "it defines a type; only constraints on types can be added";
  static const char differential[] =
      "it has no snapshot; making one from a differential is not supported";
  bool constraint = has(def, ZD_S("derivation"), ZD_S("constraint"));
  const char *why = has(def, ZD_S("kind"), ZD_S("logical")) ? logical
                    : d->extends && !constraint             ? type
                    : !elements                             ? differential
                                                            : NULL;
  *out = !why;
  return why && d->extends ? refuse(d, def, ZD_ERR_UNSUPPORTED, why) : ZD_OK;
}

static uint16_t flags_of(const zd_definition *def, zd_slice type) {
  uint16_t flags = 0;
  bool constraint = has(def, ZD_S("derivation"), ZD_S("constraint"));
  if (!constraint) flags |= ZD_PROFILE_TYPE;
  if (constraint && zd_slice_eq(type, ZD_S("Extension"))) flags |= ZD_PROFILE_EXTENSION;
  if (zd_def_is_true(def->tape, def->node, ZD_S("abstract"))) flags |= ZD_PROFILE_ABSTRACT;
  return flags;
}

/* ---- where an extension may stand ---- */

static zd_err add_context(zd_definitions *d, const zd_definition *def, zd_context_kind kind,
                          zd_slice expression, zd_image_profile *out) {
  size_t at;
  bool path = kind == ZD_CONTEXT_FHIRPATH || kind == ZD_CONTEXT_INVARIANT;
  if (!expression.n) return refuse(d, def, ZD_ERR_INVALID, "a context without an expression");
  if (path && !zd_def_expression_parses(expression, &at))
    return zd_fail(d->fault, ZD_ERR_INVALID,
                   "definitions: %.*s: a context is no FHIRPath, at %zu of: %.*s", ZD_SV(def->url),
                   at, ZD_SV(expression));
  if (++out->context_count > CONTEXTS_MAX) return refuse(d, def, ZD_ERR_LIMIT, "too many contexts");
  zd_image_profile_context r = {zd_def_string(d, expression), kind};
  zd_buffer_add(&d->section[ZD_IMAGE_PROFILE_CONTEXTS], &r, sizeof r);
  return ZD_OK;
}

static zd_err add_contexts(zd_definitions *d, const zd_definition *def, zd_image_profile *out) {
  static const char *const names[] = {"fhirpath", "element", "extension"};
  const zd_json_tape *tape = def->tape;
  out->first_context = zd_def_count(d, ZD_IMAGE_PROFILE_CONTEXTS, sizeof(zd_image_profile_context));
  uint32_t list = zd_json_find(tape, def->node, ZD_S("context"));
  for (uint32_t c = list ? zd_json_first(tape, list) : 0; c; c = zd_json_next(tape, list, c)) {
    int kind = zd_def_word(tape, c, ZD_S("type"), names, 3);
    if (kind < 0) return refuse(d, def, ZD_ERR_INVALID, "a context without a known type");
    zd_err err = add_context(d, def, (zd_context_kind)kind,
                             zd_def_text(d, tape, c, ZD_S("expression")), out);
    if (err) return err;
  }
  list = zd_json_find(tape, def->node, ZD_S("contextInvariant"));
  for (uint32_t c = list ? zd_json_first(tape, list) : 0; c; c = zd_json_next(tape, list, c)) {
    zd_err err = add_context(d, def, ZD_CONTEXT_INVARIANT, zd_def_value(d, tape, c), out);
    if (err) return err;
  }
  return ZD_OK;
}

/* ---- one profile ---- */

static zd_err compile_rows(zd_definitions *d, const zd_definition *def, uint32_t elements,
                           zd_image_profile *out) {
  zd_profile_rows rows = {.d = d, .def = def, .type = out->type};
  uint32_t n = 0;
  ZD_EACH(def->tape, e, elements) n++;
  if (n > ROWS_MAX) return refuse(d, def, ZD_ERR_LIMIT, "too many elements");
  rows.items = ZD_NEW_ARRAY(&d->arena, zd_profile_row, n + 1);
  if (!rows.items) return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
  ZD_EACH(def->tape, e, elements) {
    zd_err err = zd_def_row_place(&rows, e);
    if (!err) err = zd_def_row_rules(&rows, &rows.items[rows.count]);
    if (!err) err = zd_def_row_values(&rows, &rows.items[rows.count]);
    if (err) return err;
    rows.count++;
  }
  if (!rows.count) return refuse(d, def, ZD_ERR_INVALID, "its snapshot is empty");
  out->first_element = zd_def_count(d, ZD_IMAGE_PROFILE_ELEMENTS, sizeof(zd_image_profile_element));
  out->element_count = rows.count;
  for (uint32_t i = 0; i < rows.count; i++)
    zd_buffer_add(&d->section[ZD_IMAGE_PROFILE_ELEMENTS], &rows.items[i].out,
                  sizeof(zd_image_profile_element));
  return ZD_OK;
}

static zd_err compile_profile(zd_definitions *d, zd_definition *def, uint32_t elements) {
  zd_slice type = zd_def_text(d, def->tape, def->node, ZD_S("type"));
  zd_slice base = zd_def_text(d, def->tape, def->node, ZD_S("baseDefinition"));
  zd_image_profile r = {
      .url = zd_def_string(d, def->url),
      .version = zd_def_string(d, def->version),
      .name = zd_def_string(d, zd_def_text(d, def->tape, def->node, ZD_S("name"))),
      .base = zd_def_string(d, base),
      .type = zd_def_type(d, type),
      .flags = flags_of(def, type)};
  if (r.type == ZD_NO_TYPE)
    return zd_fail(d->fault, ZD_ERR_INVALID, "definitions: %.*s: its type \"%.*s\" is not known",
                   ZD_SV(def->url), ZD_SV(type));
  if (!base.n && !(r.flags & ZD_PROFILE_TYPE))
    return refuse(d, def, ZD_ERR_INVALID, "it has no baseDefinition");
  zd_err err = add_contexts(d, def, &r);
  if (!err) err = compile_rows(d, def, elements, &r);
  if (err) return err;
  def->number = zd_def_count(d, ZD_IMAGE_PROFILES, sizeof r);
  zd_buffer_add(&d->section[ZD_IMAGE_PROFILES], &r, sizeof r);
  return ZD_OK;
}

zd_err zd_def_profiles(zd_definitions *d) {
  zd_definition *all = (zd_definition *)(void *)d->found[ZD_DEF_STRUCTURE].p;
  size_t n = d->found[ZD_DEF_STRUCTURE].n / sizeof *all;
  zd_err err = ZD_OK;
  for (size_t i = 0; i < n && !err; i++) {
    uint32_t snapshot = zd_json_find(all[i].tape, all[i].node, ZD_S("snapshot"));
    uint32_t elements = snapshot ? zd_json_find(all[i].tape, snapshot, ZD_S("element")) : 0;
    bool wanted;
    all[i].number = ZD_DEF_LEFT_OUT;
    err = check_kind(d, &all[i], elements, &wanted);
    if (!err && wanted) err = compile_profile(d, &all[i], elements);
  }
  return err;
}
