/* definitions_rules.c: the types, slicing and constraints of a row. */
#include "fhir/definitions/definitions_profiles.h"

enum {
  TYPES_MAX = 512,       /* of a row: open choices have fifty */
  CANONICALS_MAX = 1024, /* of a type */
  CONSTRAINTS_MAX = 512,
  DISCRIMINATORS_MAX = 64
};

static uint32_t child(const zd_json_tape *tape, uint32_t list) {
  return list ? zd_json_first(tape, list) : 0;
}

/* ---- types ---- */

/* Adds the canonicals in a member of a type; returns how many, or one too many. */
static size_t read_canonicals(zd_profile_rows *rows, uint32_t entry, zd_slice member,
                              zd_buffer *out) {
  const zd_json_tape *tape = rows->def->tape;
  uint32_t list = zd_json_find(tape, entry, member);
  size_t n = 0;
  for (uint32_t c = child(tape, list); c && n <= CANONICALS_MAX; c = zd_json_next(tape, list, c)) {
    zd_image_text text = zd_def_string(rows->d, zd_def_value(rows->d, tape, c));
    if (text.n == UINT32_MAX) continue; /* null beside an extension */
    zd_buffer_add(out, &text, sizeof text);
    n++;
  }
  return n;
}

static zd_err read_type_details(zd_profile_rows *rows, zd_profile_row *row, uint32_t entry,
                                zd_image_profile_type *out) {
  static const char *const aggregations[] = {"contained", "referenced", "bundled"};
  static const char *const versionings[] = {"either", "independent", "specific"};
  const zd_json_tape *tape = rows->def->tape;
  zd_buffer texts;
  zd_buffer_init(&texts, 0);
  size_t profiles = read_canonicals(rows, entry, ZD_S("profile"), &texts);
  size_t targets = read_canonicals(rows, entry, ZD_S("targetProfile"), &texts);
  out->profile_count = (uint16_t)profiles;
  out->target_count = (uint16_t)targets;
  zd_err err = texts.failed ? zd_fail(rows->d->fault, ZD_ERR_MEMORY, "definitions: out of memory")
               : profiles > CANONICALS_MAX || targets > CANONICALS_MAX
                   ? zd_def_row_fail(rows, row, ZD_ERR_LIMIT, "too many profiles of a type")
                   : zd_def_run(rows->d, ZD_IMAGE_CANONICALS, texts.p,
                                (uint32_t)(profiles + targets), &out->first_canonical);
  zd_buffer_free(&texts);
  uint32_t list = zd_json_find(tape, entry, ZD_S("aggregation"));
  for (uint32_t c = child(tape, list); c && !err; c = zd_json_next(tape, list, c))
    for (size_t i = 0; i < 3; i++)
      if (zd_json_is(tape, c, zd_slice_of(aggregations[i]))) out->aggregation |= (uint8_t)(1 << i);
  int versioning = zd_def_word(tape, entry, ZD_S("versioning"), versionings, 3);
  out->versioning = (uint8_t)(versioning < 0 ? 0 : versioning);
  return err;
}

static bool is_a(const zd_definitions *d, zd_type t, zd_type ancestor) {
  const zd_image_type *types = ZD_RECORDS(d, ZD_IMAGE_TYPES, const zd_image_type);
  for (; t != ZD_NO_TYPE; t = types[t].base)
    if (t == ancestor) return true;
  return false;
}

/* May the element have this type? An anonymous type says what it derives from. */
static bool is_allowed(const zd_profile_rows *rows, const zd_profile_row *row, zd_type type) {
  const zd_image_type *types = ZD_RECORDS(rows->d, ZD_IMAGE_TYPES, const zd_image_type);
  const zd_image_element *all = ZD_RECORDS(rows->d, ZD_IMAGE_ELEMENTS, const zd_image_element);
  const zd_image_profile_element *out = &row->out;
  if (out->parent == ZD_PE_NONE) return is_a(rows->d, rows->type, type);
  if (out->element == ZD_NO_ELEMENT) return true;
  for (uint32_t i = out->element; i < (uint32_t)out->element + out->alternatives; i++) {
    zd_type own = all[i].type;
    if (is_a(rows->d, type, own)) return true;
    if (types[own].kind == ZD_KIND_BACKBONE && is_a(rows->d, types[own].base, type)) return true;
    /* ids are published as strings */
    if ((all[i].flags & ZD_EL_ATTRIBUTE) && is_a(rows->d, own, type)) return true;
  }
  return false;
}

/* Types of FHIRPath's own name what the schema knows better. */
static zd_type system_type(const zd_profile_rows *rows, const zd_profile_row *row) {
  if (row->out.element == ZD_NO_ELEMENT) return ZD_NO_TYPE;
  return ZD_RECORDS(rows->d, ZD_IMAGE_ELEMENTS, zd_image_element)[row->out.element].type;
}

static zd_err read_type(zd_profile_rows *rows, zd_profile_row *row, uint32_t entry,
                        zd_image_profile_type *out) {
  zd_slice code = zd_def_text(rows->d, rows->def->tape, entry, ZD_S("code"));
  bool system = zd_slice_starts(code, ZD_S("http://hl7.org/fhirpath/System."));
  *out =
      (zd_image_profile_type){.type = system ? system_type(rows, row) : zd_def_type(rows->d, code)};
  if (!system && out->type == ZD_NO_TYPE)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "its type \"%.*s\" is not known",
                           ZD_SV(code));
  if (!system && !is_allowed(rows, row, out->type))
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "its base has no type %.*s", ZD_SV(code));
  return read_type_details(rows, row, entry, out);
}

/* The type that rows under this one are elements of. */
static zd_type type_of_children(const zd_profile_rows *rows, const zd_profile_row *row,
                                const zd_image_profile_type *only) {
  const zd_definitions *d = rows->d;
  if (row->out.parent == ZD_PE_NONE) return rows->type;
  if (row->out.element == ZD_NO_ELEMENT) return ZD_NO_TYPE;
  const zd_image_element *e =
      ZD_RECORDS(d, ZD_IMAGE_ELEMENTS, const zd_image_element) + row->out.element;
  const zd_image_type *own = ZD_RECORDS(d, ZD_IMAGE_TYPES, const zd_image_type) + e->type;
  if (own->kind == ZD_KIND_BACKBONE) return e->type;
  if (only && only->type != ZD_NO_TYPE &&
      (row->out.alternatives > 1 || is_a(d, only->type, e->type)))
    return only->type;
  return row->out.alternatives > 1 ? zd_def_type(d, ZD_S("Element")) : e->type;
}

zd_err zd_def_row_types(zd_profile_rows *rows, zd_profile_row *row) {
  const zd_json_tape *tape = rows->def->tape;
  zd_image_profile_type types[TYPES_MAX];
  uint32_t list = zd_json_find(tape, row->node, ZD_S("type")), n = 0;
  for (uint32_t c = child(tape, list); c; c = zd_json_next(tape, list, c)) {
    if (n == TYPES_MAX) return zd_def_row_fail(rows, row, ZD_ERR_LIMIT, "too many types");
    zd_err err = read_type(rows, row, c, &types[n++]);
    if (err) return err;
  }
  row->out.type_count = (uint16_t)n;
  row->children = type_of_children(rows, row, n == 1 ? &types[0] : NULL);
  return zd_def_run(rows->d, ZD_IMAGE_PROFILE_TYPES, types, n, &row->out.first_type);
}

/* ---- slicing ---- */

static zd_err read_discriminators(zd_profile_rows *rows, zd_profile_row *row, uint32_t slicing,
                                  zd_image_slicing *out) {
  static const char *const kinds[] = {"value", "exists", "pattern", "type", "profile"};
  const zd_json_tape *tape = rows->def->tape;
  zd_image_discriminator all[DISCRIMINATORS_MAX];
  uint32_t list = zd_json_find(tape, slicing, ZD_S("discriminator"));
  for (uint32_t c = child(tape, list); c; c = zd_json_next(tape, list, c)) {
    zd_slice path = zd_def_text(rows->d, tape, c, ZD_S("path"));
    int kind = zd_def_word(tape, c, ZD_S("type"), kinds, 5);
    size_t at;
    if (out->count == DISCRIMINATORS_MAX)
      return zd_def_row_fail(rows, row, ZD_ERR_LIMIT, "too many discriminators");
    if (kind < 0)
      return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "a discriminator without a known type");
    if (!zd_def_expression_parses(path, &at))
      return zd_def_row_fail(rows, row, ZD_ERR_INVALID,
                             "a discriminator's path is no FHIRPath, at %zu of: %.*s", at,
                             ZD_SV(path));
    all[out->count++] = (zd_image_discriminator){zd_def_string(rows->d, path), (uint32_t)kind};
  }
  return zd_def_run(rows->d, ZD_IMAGE_DISCRIMINATORS, all, out->count, &out->first);
}

static zd_err read_slicing(zd_profile_rows *rows, zd_profile_row *row) {
  static const char *const rules[] = {"closed", "open", "openAtEnd"};
  const zd_json_tape *tape = rows->def->tape;
  uint32_t slicing = zd_json_find(tape, row->node, ZD_S("slicing"));
  row->out.slicing = ZD_PE_NONE;
  if (!slicing) return ZD_OK;
  int rule = zd_def_word(tape, slicing, ZD_S("rules"), rules, 3);
  if (rule < 0) return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "a slicing without known rules");
  zd_image_slicing out = {.rules = (uint16_t)rule,
                          .ordered = zd_def_is_true(tape, slicing, ZD_S("ordered"))};
  zd_err err = read_discriminators(rows, row, slicing, &out);
  return err ? err : zd_def_run(rows->d, ZD_IMAGE_SLICINGS, &out, 1, &row->out.slicing);
}

/* ---- constraints ---- */

static zd_err read_constraint(zd_profile_rows *rows, zd_profile_row *row, uint32_t node,
                              uint32_t *number) {
  static const char *const severities[] = {"warning", "error"};
  zd_definitions *d = rows->d;
  const zd_json_tape *tape = rows->def->tape;
  zd_slice key = zd_def_text(d, tape, node, ZD_S("key"));
  zd_slice expression = zd_def_text(d, tape, node, ZD_S("expression"));
  int severity = zd_def_word(tape, node, ZD_S("severity"), severities, 2);
  size_t at;
  if (!key.n || severity < 0)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "a constraint without key or severity");
  if (expression.p && !zd_def_expression_parses(expression, &at))
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID,
                           "constraint %.*s is no FHIRPath, at %zu: %.*s", ZD_SV(key), at,
                           ZD_SV(expression));
  zd_image_constraint out = {.key = zd_def_string(d, key),
                             .human = zd_def_string(d, zd_def_text(d, tape, node, ZD_S("human"))),
                             .expression = zd_def_string(d, expression),
                             .source = zd_def_string(d, zd_def_text(d, tape, node, ZD_S("source"))),
                             .error = (uint32_t)severity};
  return zd_def_run(d, ZD_IMAGE_CONSTRAINTS, &out, 1, number);
}

static zd_err read_constraints(zd_profile_rows *rows, zd_profile_row *row) {
  const zd_json_tape *tape = rows->def->tape;
  uint32_t run[CONSTRAINTS_MAX], n = 0;
  uint32_t list = zd_json_find(tape, row->node, ZD_S("constraint"));
  for (uint32_t c = child(tape, list); c; c = zd_json_next(tape, list, c)) {
    if (n == CONSTRAINTS_MAX)
      return zd_def_row_fail(rows, row, ZD_ERR_LIMIT, "too many constraints");
    zd_err err = read_constraint(rows, row, c, &run[n++]);
    if (err) return err;
  }
  row->out.constraint_count = (uint16_t)n;
  return zd_def_run(rows->d, ZD_IMAGE_CONSTRAINT_RUNS, run, n, &row->out.first_constraint);
}

zd_err zd_def_row_rules(zd_profile_rows *rows, zd_profile_row *row) {
  zd_err err = read_slicing(rows, row);
  return err ? err : read_constraints(rows, row);
}
