/* definitions_internal.h: what the parts of the compiler share. For definitions*.c alone. */
#ifndef ZD_FHIR_DEFINITIONS_INTERNAL_H
#define ZD_FHIR_DEFINITIONS_INTERNAL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "fhir/definitions.h"
#include "fhir/schema/schema_image.h"
#include "json/json.h"

typedef enum zd_definition_kind {
  ZD_DEF_STRUCTURE,
  ZD_DEF_PARAM,
  ZD_DEF_COMPARTMENT,
  ZD_DEF_OPERATION,
  ZD_DEF_CODE_SYSTEM,
  ZD_DEF_VALUE_SET,
  ZD_DEF_KINDS
} zd_definition_kind;

/* A place in a document. */
typedef struct zd_definition {
  const zd_json_tape *tape;
  uint32_t node;
  uint32_t order; /* in which it was added */
  zd_slice url;
} zd_definition;

/* Names to numbers, open addressing; keys are borrowed. */
typedef struct zd_name_map {
  struct zd_name_entry {
    zd_slice key;
    uint32_t value;
  } * slots;
  uint32_t mask, n;
} zd_name_map;

typedef struct zd_document {
  zd_json_tape tape;
  struct zd_document *next;
} zd_document;

struct zd_definitions {
  zd_arena arena;
  zd_document *documents;
  uint32_t added;
  zd_buffer found[ZD_DEF_KINDS];        /* zd_definition; sorted by url when building */
  zd_buffer section[ZD_IMAGE_SECTIONS]; /* records of the image */
  zd_name_map strings, types, params, code_systems, value_sets;
  zd_schema head;
  zd_fault *fault;
  bool extends; /* the sections began as those of a compiled image */
};

enum { ZD_NAME_NONE = -1 };

/* Value of a name, or -1. */
int64_t zd_name_map_find(const zd_name_map *map, zd_slice key);
/* Adds or replaces; false when memory is exhausted. */
bool zd_name_map_set(zd_name_map *map, zd_arena *arena, zd_slice key, uint32_t value);

/* ---- JSON ---- */

#define ZD_EACH(tape, child, parent)                        \
  for (uint32_t child = zd_json_first(tape, parent); child; \
       child = zd_json_next(tape, parent, child))

/* Member `name` of an object as unescaped text; absent when missing or no string. */
zd_slice zd_def_text(zd_definitions *d, const zd_json_tape *tape, uint32_t object, zd_slice name);
/* Node i itself as unescaped text; absent when it is no string. */
zd_slice zd_def_value(zd_definitions *d, const zd_json_tape *tape, uint32_t i);
bool zd_def_is_true(const zd_json_tape *tape, uint32_t object, zd_slice name);
/* Number of the member, 0 when missing; capped at 0xFFFF. */
uint16_t zd_def_number(const zd_json_tape *tape, uint32_t object, zd_slice name);
/* "*" is 0xFFFF. */
uint16_t zd_def_max(zd_slice text);
/* What follows the last '/'. */
zd_slice zd_def_tail(zd_slice url);
/* The url without "|version". */
zd_slice zd_def_unversioned(zd_slice canonical);

/* ---- image ---- */

static inline uint32_t zd_def_count(const zd_definitions *d, zd_image_section section,
                                    size_t record) {
  return (uint32_t)(d->section[section].n / record);
}
#define ZD_RECORDS(d, section_, type) ((type *)(void *)(d)->section[section_].p)

/* The text in the strings section, each text once; n is UINT32_MAX for an absent one. */
zd_image_text zd_def_string(zd_definitions *d, zd_slice text);
zd_slice zd_def_string_at(const zd_definitions *d, zd_image_text text);

/* A name table over n names. */
typedef uint32_t (*zd_name_hash)(const void *state, uint32_t i, uint32_t seed);
zd_err zd_def_table(zd_definitions *d, uint32_t n, zd_name_hash hash, const void *state,
                    zd_image_table *out);

/* The number of a type by name; ZD_NO_TYPE. */
zd_type zd_def_type(const zd_definitions *d, zd_slice name);

/* Adds the bytes of the image to out, from the sections. */
zd_err zd_def_write(zd_definitions *d, zd_buffer *out);

/* ---- parts, in the order they run ---- */
zd_err zd_def_code_systems(zd_definitions *d);
zd_err zd_def_value_sets(zd_definitions *d);
zd_err zd_def_types(zd_definitions *d);
zd_err zd_def_params(zd_definitions *d);
zd_err zd_def_compartments(zd_definitions *d);
zd_err zd_def_operations(zd_definitions *d);

#endif
