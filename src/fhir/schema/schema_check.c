/* schema_check.c: is an image from outside safe to read? Everything in it that leads somewhere must
 * arrive. The tables below say, section by section, what a record holds. */
#include <stddef.h>

#include "fhir/schema/schema_image.h"

#define AT(type, member) offsetof(type, member), sizeof(((type *)0)->member)

/* ---- what leads where ---- */

/* A text of a record; an optional one may be absent. */
static const struct text_field {
  zd_image_section section;
  uint32_t at;
  bool optional;
} texts[] = {
    {ZD_IMAGE_TYPES, offsetof(zd_image_type, name), false},
    {ZD_IMAGE_ELEMENTS, offsetof(zd_image_element, name), false},
    {ZD_IMAGE_ELEMENTS, offsetof(zd_image_element, path), false},
    {ZD_IMAGE_PARAMS, offsetof(zd_image_param, url), false},
    {ZD_IMAGE_PARAMS, offsetof(zd_image_param, code), false},
    {ZD_IMAGE_PARAMS, offsetof(zd_image_param, expression), true},
    {ZD_IMAGE_COMPONENTS, offsetof(zd_image_component, expression), true},
    {ZD_IMAGE_COMPARTMENT_CODES, 0, false},
    {ZD_IMAGE_OPERATIONS, offsetof(zd_image_operation, url), false},
    {ZD_IMAGE_OPERATIONS, offsetof(zd_image_operation, code), false},
    {ZD_IMAGE_OPERATION_PARAMS, offsetof(zd_image_operation_param, name), false},
    {ZD_IMAGE_CODE_SYSTEMS, offsetof(zd_image_code_system, url), false},
    {ZD_IMAGE_CODE_SYSTEMS, offsetof(zd_image_code_system, version), true},
    {ZD_IMAGE_CONCEPT_PROPERTIES, offsetof(zd_image_concept_property, name), false},
    {ZD_IMAGE_CONCEPT_PROPERTIES, offsetof(zd_image_concept_property, value), true},
    {ZD_IMAGE_VALUE_SETS, offsetof(zd_image_value_set, url), false},
    {ZD_IMAGE_VALUE_SETS, offsetof(zd_image_value_set, version), true},
    {ZD_IMAGE_VALUE_SETS, offsetof(zd_image_value_set, compose), true},
    {ZD_IMAGE_DEFINITIONS, offsetof(zd_image_definition, url), false},
    {ZD_IMAGE_DEFINITIONS, offsetof(zd_image_definition, version), true},
    {ZD_IMAGE_PROFILES, offsetof(zd_image_profile, url), false},
    {ZD_IMAGE_PROFILES, offsetof(zd_image_profile, version), true},
    {ZD_IMAGE_PROFILES, offsetof(zd_image_profile, name), true},
    {ZD_IMAGE_PROFILES, offsetof(zd_image_profile, base), true},
    {ZD_IMAGE_PROFILE_CONTEXTS, offsetof(zd_image_profile_context, expression), false},
    {ZD_IMAGE_PROFILE_ELEMENTS, offsetof(zd_image_profile_element, id), false},
    {ZD_IMAGE_PROFILE_ELEMENTS, offsetof(zd_image_profile_element, path), false},
    {ZD_IMAGE_PROFILE_ELEMENTS, offsetof(zd_image_profile_element, slice), true},
    {ZD_IMAGE_CANONICALS, 0, false},
    {ZD_IMAGE_DISCRIMINATORS, offsetof(zd_image_discriminator, path), false},
    {ZD_IMAGE_CONSTRAINTS, offsetof(zd_image_constraint, key), false},
    {ZD_IMAGE_CONSTRAINTS, offsetof(zd_image_constraint, human), true},
    {ZD_IMAGE_CONSTRAINTS, offsetof(zd_image_constraint, expression), true},
    {ZD_IMAGE_CONSTRAINTS, offsetof(zd_image_constraint, source), true},
    {ZD_IMAGE_VALUES, offsetof(zd_image_value, text), true},
};

/* A number of a record: at + size in bytes. */
typedef struct number_field {
  uint32_t at, size;
} number_field;
#define FIELD(type, member) \
  { AT(type, member) }
#define NO_FIELD \
  { 0, 0 }

/* A run of records of another section: first, and one or two counts that add up. */
static const struct run_field {
  zd_image_section section;
  number_field first, count, more;
  zd_image_section target;
} runs[] = {
    {ZD_IMAGE_TYPES, FIELD(zd_image_type, first), FIELD(zd_image_type, count), NO_FIELD,
     ZD_IMAGE_ELEMENTS},
    {ZD_IMAGE_TYPES, FIELD(zd_image_type, first_param), FIELD(zd_image_type, param_count), NO_FIELD,
     ZD_IMAGE_TYPE_PARAMS},
    {ZD_IMAGE_ELEMENTS, FIELD(zd_image_element, first_target),
     FIELD(zd_image_element, target_count), NO_FIELD, ZD_IMAGE_TARGETS},
    {ZD_IMAGE_PARAMS, FIELD(zd_image_param, first_type), FIELD(zd_image_param, base_count),
     FIELD(zd_image_param, target_count), ZD_IMAGE_PARAM_TYPES},
    {ZD_IMAGE_PARAMS, FIELD(zd_image_param, first_component),
     FIELD(zd_image_param, component_count), NO_FIELD, ZD_IMAGE_COMPONENTS},
    {ZD_IMAGE_COMPARTMENTS, FIELD(zd_image_compartment, first), FIELD(zd_image_compartment, count),
     NO_FIELD, ZD_IMAGE_COMPARTMENT_CODES},
    {ZD_IMAGE_OPERATIONS, FIELD(zd_image_operation, first_type),
     FIELD(zd_image_operation, type_count), NO_FIELD, ZD_IMAGE_OPERATION_TYPES},
    {ZD_IMAGE_OPERATIONS, FIELD(zd_image_operation, first_param),
     FIELD(zd_image_operation, param_count), NO_FIELD, ZD_IMAGE_OPERATION_PARAMS},
    {ZD_IMAGE_CODE_SYSTEMS, FIELD(zd_image_code_system, first), FIELD(zd_image_code_system, count),
     NO_FIELD, ZD_IMAGE_CODES},
    {ZD_IMAGE_CODE_SYSTEMS, FIELD(zd_image_code_system, first_edge),
     FIELD(zd_image_code_system, edge_count), NO_FIELD, ZD_IMAGE_CONCEPT_EDGES},
    {ZD_IMAGE_CODE_SYSTEMS, FIELD(zd_image_code_system, first_property),
     FIELD(zd_image_code_system, property_count), NO_FIELD, ZD_IMAGE_CONCEPT_PROPERTIES},
    {ZD_IMAGE_VALUE_SETS, FIELD(zd_image_value_set, first), FIELD(zd_image_value_set, count),
     NO_FIELD, ZD_IMAGE_CODES},
    {ZD_IMAGE_PROFILES, FIELD(zd_image_profile, first_element),
     FIELD(zd_image_profile, element_count), NO_FIELD, ZD_IMAGE_PROFILE_ELEMENTS},
    {ZD_IMAGE_PROFILES, FIELD(zd_image_profile, first_context),
     FIELD(zd_image_profile, context_count), NO_FIELD, ZD_IMAGE_PROFILE_CONTEXTS},
    {ZD_IMAGE_PROFILE_ELEMENTS, FIELD(zd_image_profile_element, first_type),
     FIELD(zd_image_profile_element, type_count), NO_FIELD, ZD_IMAGE_PROFILE_TYPES},
    {ZD_IMAGE_PROFILE_ELEMENTS, FIELD(zd_image_profile_element, first_constraint),
     FIELD(zd_image_profile_element, constraint_count), NO_FIELD, ZD_IMAGE_CONSTRAINT_RUNS},
    {ZD_IMAGE_PROFILE_ELEMENTS, FIELD(zd_image_profile_element, first_value),
     FIELD(zd_image_profile_element, value_count), NO_FIELD, ZD_IMAGE_VALUES},
    {ZD_IMAGE_PROFILE_TYPES, FIELD(zd_image_profile_type, first_canonical),
     FIELD(zd_image_profile_type, profile_count), FIELD(zd_image_profile_type, target_count),
     ZD_IMAGE_CANONICALS},
    {ZD_IMAGE_SLICINGS, FIELD(zd_image_slicing, first), FIELD(zd_image_slicing, count), NO_FIELD,
     ZD_IMAGE_DISCRIMINATORS},
};

enum { ONE = 0, OR_NONE = 1 };

/* The number of a record of another section; all bits set may mean none. */
static const struct index_field {
  zd_image_section section;
  number_field field;
  int none;
  zd_image_section target;
} indexes[] = {
    {ZD_IMAGE_TYPES, FIELD(zd_image_type, base), OR_NONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_ELEMENTS, FIELD(zd_image_element, owner), ONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_ELEMENTS, FIELD(zd_image_element, type), ONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_ELEMENTS, FIELD(zd_image_element, required), OR_NONE, ZD_IMAGE_VALUE_SETS},
    {ZD_IMAGE_TARGETS, {0, sizeof(zd_type)}, ONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_PARAM_TYPES, {0, sizeof(zd_type)}, ONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_COMPONENTS, FIELD(zd_image_component, param), ONE, ZD_IMAGE_PARAMS},
    {ZD_IMAGE_TYPE_PARAMS, {0, sizeof(uint32_t)}, ONE, ZD_IMAGE_PARAMS},
    {ZD_IMAGE_OPERATION_TYPES, {0, sizeof(zd_type)}, ONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_OPERATION_PARAMS, FIELD(zd_image_operation_param, type), OR_NONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_CODES, FIELD(zd_image_code, system), OR_NONE, ZD_IMAGE_CODE_SYSTEMS},
    {ZD_IMAGE_VALUE_SETS, FIELD(zd_image_value_set, missing), OR_NONE, ZD_IMAGE_CODE_SYSTEMS},
    {ZD_IMAGE_PROFILES, FIELD(zd_image_profile, type), ONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_PROFILE_ELEMENTS, FIELD(zd_image_profile_element, owner), OR_NONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_PROFILE_ELEMENTS, FIELD(zd_image_profile_element, slicing), OR_NONE,
     ZD_IMAGE_SLICINGS},
    {ZD_IMAGE_PROFILE_TYPES, FIELD(zd_image_profile_type, type), OR_NONE, ZD_IMAGE_TYPES},
    {ZD_IMAGE_CONSTRAINT_RUNS, {0, sizeof(uint32_t)}, ONE, ZD_IMAGE_CONSTRAINTS},
    {ZD_IMAGE_VALUES, FIELD(zd_image_value, type), OR_NONE, ZD_IMAGE_TYPES},
};

/* A word of an enumeration: below `end`. */
static const struct word_field {
  zd_image_section section;
  number_field field;
  uint32_t end;
} words[] = {
    {ZD_IMAGE_TYPES, FIELD(zd_image_type, kind), ZD_KIND_PRIMITIVE + 1},
    {ZD_IMAGE_TYPES, FIELD(zd_image_type, primitive), ZD_PRIM_XHTML + 1},
    {ZD_IMAGE_PARAMS, FIELD(zd_image_param, type), ZD_PARAM_SPECIAL + 1},
    {ZD_IMAGE_CODE_SYSTEMS, FIELD(zd_image_code_system, content), ZD_CODES_SUPPLEMENT + 1},
    {ZD_IMAGE_CODE_SYSTEMS, FIELD(zd_image_code_system, hierarchy),
     ZD_HIERARCHY_CLASSIFIED_WITH + 1},
    {ZD_IMAGE_DEFINITIONS, FIELD(zd_image_definition, kind), ZD_DEF_KINDS},
    {ZD_IMAGE_PROFILE_CONTEXTS, FIELD(zd_image_profile_context, kind), ZD_CONTEXT_INVARIANT + 1},
    {ZD_IMAGE_SLICINGS, FIELD(zd_image_slicing, rules), ZD_SLICING_OPEN_AT_END + 1},
    {ZD_IMAGE_DISCRIMINATORS, FIELD(zd_image_discriminator, kind), ZD_DISCRIMINATE_PROFILE + 1},
    {ZD_IMAGE_VALUES, FIELD(zd_image_value, kind), ZD_VALUE_KINDS},
};

/* ---- looking ---- */

static const char *record_at(const zd_schema *s, zd_image_section section, uint32_t i) {
  return (const char *)zd_image_at(s, section) + (size_t)i * s->section[section].size;
}

static uint32_t read_number(const char *record, number_field field) {
  uint32_t word = 0;
  uint16_t half = 0;
  if (field.size == 1) return (unsigned char)record[field.at];
  if (field.size == 2) {
    memcpy(&half, record + field.at, sizeof half);
    return half;
  }
  if (field.size == 4) memcpy(&word, record + field.at, sizeof word);
  return word;
}

static bool text_fits(const zd_schema *s, const char *field, bool optional) {
  zd_image_text text;
  memcpy(&text, field, sizeof text);
  if (optional && text.n == UINT32_MAX) return true;
  return (uint64_t)text.at + text.n <= s->section[ZD_IMAGE_STRINGS].count;
}

static bool texts_fit(const zd_schema *s) {
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
    for (uint32_t i = 0; i < s->section[texts[k].section].count; i++)
      if (!text_fits(s, record_at(s, texts[k].section, i) + texts[k].at, texts[k].optional))
        return false;
  for (uint32_t i = 0; i < s->section[ZD_IMAGE_CODES].count; i++) {
    const zd_image_code *code =
        (const zd_image_code *)(const void *)record_at(s, ZD_IMAGE_CODES, i);
    if ((uint64_t)code->at + code->n > s->section[ZD_IMAGE_STRINGS].count) return false;
  }
  return text_fits(s, (const char *)&s->fhir_version, true);
}

static bool runs_fit(const zd_schema *s) {
  for (size_t k = 0; k < sizeof runs / sizeof *runs; k++)
    for (uint32_t i = 0; i < s->section[runs[k].section].count; i++) {
      const char *r = record_at(s, runs[k].section, i);
      uint64_t end = (uint64_t)read_number(r, runs[k].first) + read_number(r, runs[k].count) +
                     read_number(r, runs[k].more);
      if (end > s->section[runs[k].target].count) return false;
    }
  return true;
}

static bool indexes_fit(const zd_schema *s) {
  for (size_t k = 0; k < sizeof indexes / sizeof *indexes; k++)
    for (uint32_t i = 0; i < s->section[indexes[k].section].count; i++) {
      uint32_t at = read_number(record_at(s, indexes[k].section, i), indexes[k].field);
      uint32_t none = indexes[k].field.size == 2 ? 0xFFFF : UINT32_MAX;
      if (indexes[k].none && at == none) continue;
      if (at >= s->section[indexes[k].target].count) return false;
    }
  return true;
}

static bool words_fit(const zd_schema *s) {
  for (size_t k = 0; k < sizeof words / sizeof *words; k++)
    for (uint32_t i = 0; i < s->section[words[k].section].count; i++)
      if (read_number(record_at(s, words[k].section, i), words[k].field) >= words[k].end)
        return false;
  return true;
}

/* ---- name tables ---- */

/* In bounds, of a power of two, ending every search, leading to fewer than n records. */
static bool table_fits(const zd_schema *s, const zd_image_table *table, uint32_t n) {
  uint64_t room = (uint64_t)table->mask + 1;
  bool free_slot = false;
  if (room & (room - 1) || table->first + room > s->section[ZD_IMAGE_SLOTS].count) return false;
  const uint32_t *slots = (const uint32_t *)zd_image_at(s, ZD_IMAGE_SLOTS) + table->first;
  for (uint64_t i = 0; i < room; i++) {
    if (slots[i] == ZD_IMAGE_NO_SLOT)
      free_slot = true;
    else if ((slots[i] & 0xFFFF) >= n)
      return false;
  }
  return free_slot;
}

static bool tables_fit(const zd_schema *s) {
  const zd_image_extent *x = s->section;
  bool fit = table_fits(s, &s->types, x[ZD_IMAGE_TYPES].count) &&
             table_fits(s, &s->params, UINT32_MAX) && /* places in lists: looked at when used */
             table_fits(s, &s->code_systems, x[ZD_IMAGE_CODE_SYSTEMS].count) &&
             table_fits(s, &s->value_sets, x[ZD_IMAGE_VALUE_SETS].count) &&
             table_fits(s, &s->operations, x[ZD_IMAGE_OPERATIONS].count) &&
             table_fits(s, &s->definitions, x[ZD_IMAGE_DEFINITIONS].count);
  for (zd_type t = 0; t < x[ZD_IMAGE_TYPES].count && fit; t++)
    fit = table_fits(s, &zd_image_type_at(s, t)->names, zd_image_type_at(s, t)->count);
  const zd_image_value_set *sets = zd_image_at(s, ZD_IMAGE_VALUE_SETS);
  for (uint32_t i = 0; i < x[ZD_IMAGE_VALUE_SETS].count && fit; i++)
    fit = !sets[i].names.mask || table_fits(s, &sets[i].names, sets[i].count);
  return fit;
}

/* ---- the rest ---- */

/* Whoever walks up the ancestors must arrive. */
static bool ancestors_end(const zd_schema *s) {
  uint32_t n = s->section[ZD_IMAGE_TYPES].count;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t steps = 0;
    for (zd_type t = (zd_type)i; t != ZD_NO_TYPE; t = zd_image_type_at(s, t)->base)
      if (++steps > 64) return false;
  }
  return n < ZD_NO_TYPE && s->section[ZD_IMAGE_ELEMENTS].count < ZD_NO_ELEMENT;
}

static bool definitions_lead_somewhere(const zd_schema *s) {
  static const zd_image_section sections[ZD_DEF_KINDS] = {
      [ZD_DEF_STRUCTURE] = ZD_IMAGE_PROFILES,       [ZD_DEF_PARAM] = ZD_IMAGE_PARAMS,
      [ZD_DEF_COMPARTMENT] = ZD_IMAGE_DEFINITIONS,  [ZD_DEF_OPERATION] = ZD_IMAGE_OPERATIONS,
      [ZD_DEF_CODE_SYSTEM] = ZD_IMAGE_CODE_SYSTEMS, [ZD_DEF_VALUE_SET] = ZD_IMAGE_VALUE_SETS};
  const zd_image_definition *all = zd_image_at(s, ZD_IMAGE_DEFINITIONS);
  for (uint32_t i = 0; i < s->section[ZD_IMAGE_DEFINITIONS].count; i++)
    if (all[i].number >= s->section[sections[all[i].kind]].count) return false;
  return true;
}

static bool row_fits(const zd_schema *s, const zd_image_profile *p,
                     const zd_image_profile_element *row, uint32_t i) {
  const zd_image_value *values = zd_image_at(s, ZD_IMAGE_VALUES);
  if (row->parent != ZD_PE_NONE && row->parent >= i) return false;
  if (row->sliced != ZD_PE_NONE && row->sliced >= i) return false;
  if (row->element != ZD_NO_ELEMENT &&
      (uint32_t)row->element + row->alternatives > s->section[ZD_IMAGE_ELEMENTS].count)
    return false;
  for (uint16_t k = 0; k < row->value_count; k++) {
    const zd_image_value *v = &values[row->first_value + k];
    if (v->kind == ZD_VALUE_CONTENT && v->number >= p->element_count) return false;
    if (v->kind == ZD_VALUE_BINDING && v->number > ZD_BINDING_EXAMPLE) return false;
  }
  return true;
}

static bool rows_fit(const zd_schema *s) {
  const zd_image_profile *all = zd_image_at(s, ZD_IMAGE_PROFILES);
  const zd_image_profile_element *rows = zd_image_at(s, ZD_IMAGE_PROFILE_ELEMENTS);
  for (uint32_t p = 0; p < s->section[ZD_IMAGE_PROFILES].count; p++)
    for (uint32_t i = 0; i < all[p].element_count; i++)
      if (!row_fits(s, &all[p], &rows[all[p].first_element + i], i)) return false;
  return true;
}

/* Edges and properties speak of the codes of their system. */
static bool concepts_fit(const zd_schema *s) {
  const zd_image_code_system *all = zd_image_at(s, ZD_IMAGE_CODE_SYSTEMS);
  const zd_concept_edge *edges = zd_image_at(s, ZD_IMAGE_CONCEPT_EDGES);
  const zd_image_concept_property *properties = zd_image_at(s, ZD_IMAGE_CONCEPT_PROPERTIES);
  for (uint32_t i = 0; i < s->section[ZD_IMAGE_CODE_SYSTEMS].count; i++) {
    const zd_image_code_system *r = &all[i];
    for (uint32_t k = 0; k < r->edge_count; k++)
      if (edges[r->first_edge + k].parent >= r->count || edges[r->first_edge + k].child >= r->count)
        return false;
    for (uint32_t k = 0; k < r->property_count; k++)
      if (properties[r->first_property + k].concept >= r->count) return false;
  }
  return true;
}

zd_err zd_image_check(const zd_schema *s, zd_fault *fault) {
  static const struct {
    bool (*holds)(const zd_schema *s);
    const char *what;
  } checks[] = {{texts_fit, "a text"},
                {runs_fit, "a list"},
                {indexes_fit, "a reference"},
                {words_fit, "a word"},
                {tables_fit, "a name table"},
                {ancestors_end, "the tree of types"},
                {definitions_lead_somewhere, "a definition"},
                {concepts_fit, "a concept"},
                {rows_fit, "a profile"}};
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
    if (!checks[i].holds(s))
      return zd_fail(fault, ZD_ERR_CORRUPT, "schema image: %s is out of bounds", checks[i].what);
  return ZD_OK;
}
