/* definitions_values.c: what a row says about the value: fixed[x], pattern[x], minValue[x],
 * maxValue[x], binding, maxLength, contentReference. */
#include "fhir/definitions/definitions_profiles.h"

/* Values of a row being collected. */
typedef struct collected {
  zd_image_value items[ZD_VALUE_KINDS];
  uint32_t n;
} collected;

static void collect(collected *values, zd_image_value_kind kind, zd_image_text text,
                    uint32_t number, zd_type type) {
  values->items[values->n++] =
      (zd_image_value){.text = text, .number = number, .kind = (uint16_t)kind, .type = type};
}

static const zd_image_text no_text = {0, UINT32_MAX};

/* ---- fixed[x] and its like ---- */

static const struct {
  const char *stem;
  zd_image_value_kind kind;
} typed[] = {{"fixed", ZD_VALUE_FIXED},
             {"pattern", ZD_VALUE_PATTERN},
             {"minValue", ZD_VALUE_MIN},
             {"maxValue", ZD_VALUE_MAX}};

/* "fixedUri" is of type uri: the type in a member's name begins with a capital. */
static zd_type type_in_name(const zd_definitions *d, zd_slice suffix) {
  char name[64];
  zd_type type = zd_def_type(d, suffix);
  if (type != ZD_NO_TYPE || !suffix.n || suffix.n > sizeof name) return type;
  memcpy(name, suffix.p, suffix.n);
  if (name[0] >= 'A' && name[0] <= 'Z') name[0] += 'a' - 'A';
  return zd_def_type(d, (zd_slice){name, suffix.n});
}

/* Which of the typed members this is, and the rest of its name; -1: none. */
static int typed_member(zd_slice key, zd_slice *suffix) {
  for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
    zd_slice stem = zd_slice_of(typed[i].stem);
    *suffix = zd_slice_from(key, stem.n);
    if (zd_slice_starts(key, stem) && suffix->n && suffix->p[0] >= 'A' && suffix->p[0] <= 'Z')
      return (int)i;
  }
  return -1;
}

static bool has_type(const zd_profile_rows *rows, const zd_profile_row *row, zd_type type) {
  const zd_image_profile_type *types =
      ZD_RECORDS(rows->d, ZD_IMAGE_PROFILE_TYPES, const zd_image_profile_type) +
      row->out.first_type;
  for (uint16_t i = 0; i < row->out.type_count; i++)
    if (types[i].type == type || types[i].type == ZD_NO_TYPE) return true;
  return false;
}

static zd_err take_typed(zd_profile_rows *rows, zd_profile_row *row, uint32_t node, int which,
                         zd_slice suffix, collected *values) {
  zd_definitions *d = rows->d;
  const char *stem = typed[which].stem;
  zd_type type = type_in_name(d, suffix);
  for (uint32_t i = 0; i < values->n; i++)
    if (values->items[i].kind == typed[which].kind)
      return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "%s[x] is there twice", stem);
  if (type == ZD_NO_TYPE || !has_type(rows, row, type))
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "%s%.*s is not of its type", stem,
                           ZD_SV(suffix));
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_def_compact(&text, rows->def->tape, node);
  zd_err err = text.failed ? zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory") : ZD_OK;
  if (!err) collect(values, typed[which].kind, zd_def_string(d, zd_buffer_slice(&text)), 0, type);
  zd_buffer_free(&text);
  return err;
}

static zd_err read_typed(zd_profile_rows *rows, zd_profile_row *row, collected *values) {
  const zd_json_tape *tape = rows->def->tape;
  ZD_EACH(tape, member, row->node) {
    zd_slice key = zd_json_key(tape, member), suffix;
    if (zd_slice_starts(key, ZD_S("_")) && typed_member(zd_slice_from(key, 1), &suffix) >= 0)
      return zd_def_row_fail(rows, row, ZD_ERR_UNSUPPORTED,
                             "%.*s: extensions in a value to compare with", ZD_SV(key));
    int which = typed_member(key, &suffix);
    zd_err err = which < 0 ? ZD_OK : take_typed(rows, row, member, which, suffix, values);
    if (err) return err;
  }
  return ZD_OK;
}

/* ---- binding ---- */

/* The value set of the extension that widens no further than it: elementdefinition-maxValueSet. */
static zd_slice max_value_set(zd_profile_rows *rows, uint32_t binding) {
  const zd_json_tape *tape = rows->def->tape;
  uint32_t list = zd_json_find(tape, binding, ZD_S("extension"));
  zd_slice out = {NULL, 0};
  if (!list) return out;
  ZD_EACH(tape, x, list) {
    if (!zd_slice_eq(zd_json_string(tape, x, ZD_S("url")),
                     ZD_S("http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet")))
      continue;
    out = zd_def_text(rows->d, tape, x, ZD_S("valueCanonical"));
    if (!out.p) out = zd_def_text(rows->d, tape, x, ZD_S("valueUri"));
  }
  return out;
}

static zd_err read_binding(zd_profile_rows *rows, zd_profile_row *row, collected *values) {
  static const char *const strengths[] = {"required", "extensible", "preferred", "example"};
  zd_definitions *d = rows->d;
  const zd_json_tape *tape = rows->def->tape;
  uint32_t binding = zd_json_find(tape, row->node, ZD_S("binding"));
  if (!binding) return ZD_OK;
  int strength = zd_def_word(tape, binding, ZD_S("strength"), strengths, 4);
  zd_slice set = zd_def_text(d, tape, binding, ZD_S("valueSet"));
  if (strength < 0)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "a binding without known strength");
  collect(values, ZD_VALUE_BINDING, zd_def_string(d, set), (uint32_t)strength + ZD_BINDING_REQUIRED,
          ZD_NO_TYPE);
  zd_slice most = max_value_set(rows, binding);
  if (most.n) collect(values, ZD_VALUE_MAX_SET, zd_def_string(d, most), 0, ZD_NO_TYPE);
  return ZD_OK;
}

/* ---- the rest ---- */

static zd_err read_length(zd_profile_rows *rows, zd_profile_row *row, collected *values) {
  const zd_json_tape *tape = rows->def->tape;
  uint32_t node = zd_json_find(tape, row->node, ZD_S("maxLength")), n = 0;
  if (!node) return ZD_OK;
  if (!zd_def_count_of(zd_json_raw(tape, node), &n) || !n)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "maxLength must be a positive number");
  collect(values, ZD_VALUE_LENGTH, no_text, n, ZD_NO_TYPE);
  return ZD_OK;
}

/* "#Questionnaire.item": the element before it whose children it has. */
static zd_err read_content(zd_profile_rows *rows, zd_profile_row *row, collected *values) {
  zd_slice reference = zd_def_text(rows->d, rows->def->tape, row->node, ZD_S("contentReference"));
  if (!reference.p) return ZD_OK;
  zd_slice id = zd_slice_from(reference, zd_slice_find(reference, '#') + 1);
  for (uint32_t i = 0; i < rows->count; i++) {
    if (!zd_slice_eq(rows->items[i].id, id)) continue;
    collect(values, ZD_VALUE_CONTENT, no_text, i, ZD_NO_TYPE);
    return ZD_OK;
  }
  return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "contentReference: no element %.*s before it",
                         ZD_SV(reference));
}

zd_err zd_def_row_values(zd_profile_rows *rows, zd_profile_row *row) {
  collected values = {.n = 0};
  zd_err err = read_typed(rows, row, &values);
  if (!err) err = read_binding(rows, row, &values);
  if (!err) err = read_length(rows, row, &values);
  if (!err) err = read_content(rows, row, &values);
  row->out.value_count = (uint16_t)values.n;
  return err ? err
             : zd_def_run(rows->d, ZD_IMAGE_VALUES, values.items, values.n, &row->out.first_value);
}
