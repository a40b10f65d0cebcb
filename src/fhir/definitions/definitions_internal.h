/* definitions_internal.h: what the parts of the compiler share. For definitions*.c alone. */
#ifndef ZD_FHIR_DEFINITIONS_INTERNAL_H
#define ZD_FHIR_DEFINITIONS_INTERNAL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "fhir/concepts.h"
#include "fhir/definitions.h"
#include "fhir/schema/schema_image.h"
#include "json/json.h"

/* A place in a document. */
typedef struct zd_definition {
  const zd_json_tape *tape;
  uint32_t node;
  uint32_t order; /* in which it was added */
  zd_slice url;
  zd_slice version;         /* absent: none */
  unsigned char digest[16]; /* as in zd_image_definition */
  uint32_t number;          /* among the compiled of its kind; ZD_DEF_LEFT_OUT */
} zd_definition;
#define ZD_DEF_LEFT_OUT UINT32_MAX

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
  zd_name_map strings, types, params;
  zd_name_map code_systems, value_sets; /* "url|version" to its number, "url" to the newest's */
  zd_name_map system_ids;               /* url of a code system to its first record */
  zd_name_map definitions;              /* kind and "url|version" to its number */
  zd_name_map runs[ZD_IMAGE_SECTIONS];  /* records that are kept once: bytes to the first */
  zd_schema head;
  zd_fault *fault;
  uint32_t first_set; /* number of the first value set that was added */
  bool extends;       /* the sections began as those of a compiled image */
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
/* Appends a value as JSON without white space. */
void zd_def_compact(zd_buffer *out, const zd_json_tape *tape, uint32_t i);
/* Is this text FHIRPath? *at: where it ceases to be. */
bool zd_def_expression_parses(zd_slice text, size_t *at);
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
zd_slice zd_def_optional_at(const zd_definitions *d, zd_image_text text); /* may be absent */

/* A name table over n names. */
typedef uint32_t (*zd_name_hash)(const void *state, uint32_t i, uint32_t seed);
zd_err zd_def_table(zd_definitions *d, uint32_t n, zd_name_hash hash, const void *state,
                    zd_image_table *out);

/* The n records, of which equal ones are kept once: *first is where they stand. */
zd_err zd_def_run(zd_definitions *d, zd_image_section section, const void *records, uint32_t n,
                  uint32_t *first);

/* Notes that record `number` is the code system, the value set called url|version: found by that
 * name from now on, and by the url alone when no newer one is called so. */
zd_err zd_def_name_system(zd_definitions *d, zd_slice url, zd_slice version, uint32_t number);
zd_err zd_def_name_set(zd_definitions *d, zd_slice url, zd_slice version, uint32_t number);
/* The number of a canonical, -1: none. */
int64_t zd_def_named(const zd_name_map *map, zd_slice canonical);

/* The graph of a code system that is compiled; its texts hold until the next one is written.
 * ZD_ERR_MEMORY. */
zd_err zd_def_concepts(const zd_definitions *d, uint32_t number, zd_arena *arena, zd_concepts *out);

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
zd_err zd_def_profiles(zd_definitions *d);

/* Sorts what was added by url and version, once each; refuses what contradicts what is there. */
zd_err zd_def_sort(zd_definitions *d);
/* Writes down what was compiled, by url. */
zd_err zd_def_register(zd_definitions *d);
/* Names of the base image that new definitions may refer to. */
zd_err zd_def_name_base(zd_definitions *d, const zd_schema *base);

#endif
