/* schema_image.h: layout of the schema image. For src/fhir alone; everybody else uses schema.h.
 *
 *   ┌────────────────────────────────────────────────────────────────────────────┐
 *   │ zd_schema: magic, format, size, CRC-32C, FHIR version, section table        │
 *   ├────────────────────────────────────────────────────────────────────────────┤
 *   │ sections, each 8-byte aligned: arrays of the records below, strings last    │
 *   └────────────────────────────────────────────────────────────────────────────┘
 *
 * Little-endian, no pointers: strings are (offset, length) into the strings section, everything
 * else is an index into a section. `zd_schema` is the image itself; using it needs no start-up
 * work.
 *
 * Name tables are open-addressed: a slot is (16 hash bits << 16 | index), the name is compared in
 * the record the index leads to, so that a hit is always true. The seed of each table is chosen at
 * build time so that nearly every name stands in its first slot.
 */
#ifndef ZD_FHIR_SCHEMA_IMAGE_H
#define ZD_FHIR_SCHEMA_IMAGE_H

#include "fhir/schema.h"

#define ZD_IMAGE_MAGIC "ZDSCHEMA"
enum { ZD_IMAGE_FORMAT = 5 };

typedef enum zd_image_section {
  ZD_IMAGE_TYPES,
  ZD_IMAGE_ELEMENTS,
  ZD_IMAGE_TARGETS, /* zd_type: reference targets of elements */
  ZD_IMAGE_SLOTS,   /* uint32_t: all name tables */
  ZD_IMAGE_PARAMS,
  ZD_IMAGE_PARAM_TYPES, /* zd_type: bases, then targets, of each parameter */
  ZD_IMAGE_COMPONENTS,
  ZD_IMAGE_TYPE_PARAMS, /* uint32_t: parameters of each resource type, inherited included */
  ZD_IMAGE_COMPARTMENTS,
  ZD_IMAGE_COMPARTMENT_CODES, /* zd_image_text */
  ZD_IMAGE_OPERATIONS,
  ZD_IMAGE_OPERATION_TYPES, /* zd_type */
  ZD_IMAGE_OPERATION_PARAMS,
  ZD_IMAGE_CODE_SYSTEMS,
  ZD_IMAGE_VALUE_SETS,
  ZD_IMAGE_CODES, /* codes of code systems and value sets, each set sorted by (code, system) */
  ZD_IMAGE_CONCEPT_EDGES, /* zd_concept_edge: of each code system, sorted; numbers of its codes */
  ZD_IMAGE_CONCEPT_PROPERTIES,
  ZD_IMAGE_DEFINITIONS,
  ZD_IMAGE_PROFILES,
  ZD_IMAGE_PROFILE_CONTEXTS,
  ZD_IMAGE_PROFILE_ELEMENTS,
  ZD_IMAGE_PROFILE_TYPES,
  ZD_IMAGE_CANONICALS, /* zd_image_text: profiles, then target profiles, of a type */
  ZD_IMAGE_SLICINGS,
  ZD_IMAGE_DISCRIMINATORS,
  ZD_IMAGE_CONSTRAINTS,
  ZD_IMAGE_CONSTRAINT_RUNS, /* uint32_t: constraints of each row */
  ZD_IMAGE_VALUES,
  ZD_IMAGE_STRINGS, /* bytes */
  ZD_IMAGE_SECTIONS
} zd_image_section;

typedef struct zd_image_text {
  uint32_t at, n;
} zd_image_text;

typedef struct zd_image_table {
  uint32_t first; /* slot */
  uint16_t mask;  /* number of slots - 1; a power of two, never all taken */
  uint16_t seed;
} zd_image_table;

typedef struct zd_image_extent {
  uint64_t at; /* bytes from the start of the image */
  uint32_t count;
  uint32_t size; /* bytes of one record */
} zd_image_extent;

struct zd_schema {
  char magic[8];
  uint32_t format;
  uint32_t crc;  /* CRC-32C of the whole image with this field zero */
  uint64_t size; /* bytes */
  zd_image_text fhir_version;
  zd_image_table types;        /* by name */
  zd_image_table params;       /* by (resource type, code) */
  zd_image_table code_systems; /* by url */
  zd_image_table value_sets;   /* by url */
  zd_image_table operations;   /* by code; repetitions follow each other in the probe order */
  zd_image_table definitions;  /* by url; versions and kinds likewise */
  zd_image_extent section[ZD_IMAGE_SECTIONS];
};

enum { ZD_IMAGE_ABSTRACT = 1 };

typedef struct zd_image_type {
  zd_image_text name;
  zd_image_table names; /* its elements by JSON name; index relative to `first` */
  uint32_t first_param; /* in ZD_IMAGE_TYPE_PARAMS */
  uint16_t param_count;
  zd_type base;
  zd_element first;
  uint16_t count;
  uint8_t kind, primitive;
  uint16_t mandatory; /* one past the last of its elements whose min is not 0 */
  uint8_t flags, spare[3];
} zd_image_type;

typedef struct zd_image_element {
  zd_image_text name, path;
  zd_type owner, type;
  uint16_t choice, min, max, flags;
  uint32_t first_target;
  uint16_t target_count;
  uint16_t required; /* value set of a required binding, 0xFFFF: none */
} zd_image_element;

typedef struct zd_image_param {
  zd_image_text url, code, expression;
  uint32_t first_type; /* bases, then targets */
  uint32_t first_component;
  uint16_t base_count, target_count, component_count;
  uint8_t type, spare;
} zd_image_param;

typedef struct zd_image_component {
  zd_image_text expression;
  uint32_t param;
} zd_image_component;

typedef struct zd_image_compartment { /* sorted by (compartment, resource) */
  zd_type compartment, resource;
  uint32_t first, count; /* in ZD_IMAGE_COMPARTMENT_CODES */
} zd_image_compartment;

typedef struct zd_image_operation {
  zd_image_text url, code;
  uint32_t first_type, first_param;
  uint16_t type_count, param_count;
  uint16_t flags; /* ZD_OPERATION_* */
  uint16_t spare;
} zd_image_operation;

typedef struct zd_image_operation_param {
  zd_image_text name;
  zd_type type;
  uint16_t min, max;
  uint8_t output, depth;
} zd_image_operation_param;

typedef struct zd_image_code_system {
  zd_image_text url, version;
  uint32_t first, count; /* in ZD_IMAGE_CODES */
  uint32_t first_edge, edge_count;
  uint32_t first_property, property_count;
  uint8_t content;   /* zd_code_content */
  uint8_t hierarchy; /* zd_hierarchy_meaning */
  uint8_t case_sensitive, spare;
} zd_image_code_system;

typedef struct zd_image_concept_property { /* of each code system, sorted by concept */
  zd_image_text name, value;
  uint32_t concept; /* number among the codes of its system */
} zd_image_concept_property;

typedef struct zd_image_value_set {
  zd_image_text url, version;
  zd_image_text compose; /* JSON; absent when enumerable, or when it has none */
  zd_image_table names;  /* by code; mask 0: none, search the sorted codes */
  uint32_t first, count;
  uint32_t enumerable;
  uint32_t missing; /* code system whose codes it lacks; UINT32_MAX: none, or not known */
} zd_image_value_set;

typedef struct zd_image_code {
  uint32_t at;
  uint16_t n;
  uint16_t system; /* in ZD_IMAGE_CODE_SYSTEMS: the first record of its url, whatever the version;
                      0xFFFF: none */
} zd_image_code;

typedef struct zd_image_definition {
  zd_image_text url, version;
  uint32_t number;          /* in the section of its kind */
  uint32_t kind;            /* zd_definition_kind */
  unsigned char digest[16]; /* of the JSON without white space: the head of its SHA-256 */
} zd_image_definition;

typedef struct zd_image_profile {
  zd_image_text url, version, name, base;
  uint32_t first_element, element_count;
  uint32_t first_context, context_count;
  zd_type type;
  uint16_t flags; /* ZD_PROFILE_* */
} zd_image_profile;

typedef struct zd_image_profile_context {
  zd_image_text expression;
  uint32_t kind; /* zd_context_kind */
} zd_image_profile_context;

/* What most rows don't have is kept as values. Runs that are equal are kept once. */
typedef struct zd_image_profile_element {
  zd_image_text id, path, slice;
  uint32_t parent, sliced; /* rows of the same profile */
  uint32_t min, max;
  uint32_t first_type, first_constraint, first_value;
  uint32_t slicing; /* ZD_PE_NONE: none */
  zd_type owner;
  zd_element element;
  uint16_t alternatives, flags;
  uint16_t type_count, constraint_count, value_count, spare;
} zd_image_profile_element;

typedef struct zd_image_profile_type {
  uint32_t first_canonical;
  uint16_t profile_count, target_count;
  zd_type type;
  uint8_t aggregation, versioning;
} zd_image_profile_type;

typedef struct zd_image_slicing {
  uint32_t first, count; /* in ZD_IMAGE_DISCRIMINATORS */
  uint16_t rules, ordered;
} zd_image_slicing;

typedef struct zd_image_discriminator {
  zd_image_text path;
  uint32_t kind;
} zd_image_discriminator;

typedef struct zd_image_constraint {
  zd_image_text key, human, expression, source;
  uint32_t error;
} zd_image_constraint;

typedef enum zd_image_value_kind {
  ZD_VALUE_FIXED, /* text: JSON; type */
  ZD_VALUE_PATTERN,
  ZD_VALUE_MIN,
  ZD_VALUE_MAX,
  ZD_VALUE_BINDING, /* text: canonical; number: zd_binding_strength */
  ZD_VALUE_MAX_SET, /* text: canonical */
  ZD_VALUE_CONTENT, /* number: row */
  ZD_VALUE_LENGTH,  /* number */
  ZD_VALUE_KINDS
} zd_image_value_kind;

typedef struct zd_image_value {
  zd_image_text text;
  uint32_t number;
  uint16_t kind;
  zd_type type;
} zd_image_value;

/* Bytes of one record of a section. */
static inline uint32_t zd_image_record_size(zd_image_section section) {
  static const uint32_t size[ZD_IMAGE_SECTIONS] = {
      [ZD_IMAGE_TYPES] = sizeof(zd_image_type),
      [ZD_IMAGE_ELEMENTS] = sizeof(zd_image_element),
      [ZD_IMAGE_TARGETS] = sizeof(zd_type),
      [ZD_IMAGE_SLOTS] = sizeof(uint32_t),
      [ZD_IMAGE_PARAMS] = sizeof(zd_image_param),
      [ZD_IMAGE_PARAM_TYPES] = sizeof(zd_type),
      [ZD_IMAGE_COMPONENTS] = sizeof(zd_image_component),
      [ZD_IMAGE_TYPE_PARAMS] = sizeof(uint32_t),
      [ZD_IMAGE_COMPARTMENTS] = sizeof(zd_image_compartment),
      [ZD_IMAGE_COMPARTMENT_CODES] = sizeof(zd_image_text),
      [ZD_IMAGE_OPERATIONS] = sizeof(zd_image_operation),
      [ZD_IMAGE_OPERATION_TYPES] = sizeof(zd_type),
      [ZD_IMAGE_OPERATION_PARAMS] = sizeof(zd_image_operation_param),
      [ZD_IMAGE_CODE_SYSTEMS] = sizeof(zd_image_code_system),
      [ZD_IMAGE_VALUE_SETS] = sizeof(zd_image_value_set),
      [ZD_IMAGE_CODES] = sizeof(zd_image_code),
      [ZD_IMAGE_CONCEPT_EDGES] = sizeof(zd_concept_edge),
      [ZD_IMAGE_CONCEPT_PROPERTIES] = sizeof(zd_image_concept_property),
      [ZD_IMAGE_DEFINITIONS] = sizeof(zd_image_definition),
      [ZD_IMAGE_PROFILES] = sizeof(zd_image_profile),
      [ZD_IMAGE_PROFILE_CONTEXTS] = sizeof(zd_image_profile_context),
      [ZD_IMAGE_PROFILE_ELEMENTS] = sizeof(zd_image_profile_element),
      [ZD_IMAGE_PROFILE_TYPES] = sizeof(zd_image_profile_type),
      [ZD_IMAGE_CANONICALS] = sizeof(zd_image_text),
      [ZD_IMAGE_SLICINGS] = sizeof(zd_image_slicing),
      [ZD_IMAGE_DISCRIMINATORS] = sizeof(zd_image_discriminator),
      [ZD_IMAGE_CONSTRAINTS] = sizeof(zd_image_constraint),
      [ZD_IMAGE_CONSTRAINT_RUNS] = sizeof(uint32_t),
      [ZD_IMAGE_VALUES] = sizeof(zd_image_value),
      [ZD_IMAGE_STRINGS] = 1,
  };
  return size[section];
}

#define ZD_IMAGE_NO_SLOT 0xFFFFFFFFu

/* Hash of a short name: reads at most four words of it. Part of the format. */
static inline uint32_t zd_image_hash(zd_slice name, uint32_t seed) {
  uint64_t a = 0, b = 0, c = 0;
  if (name.n >= 8) {
    memcpy(&a, name.p, 8);
    memcpy(&b, name.p + name.n - 8, 8);
    if (name.n > 16) memcpy(&c, name.p + name.n / 2 - 4, 8);
  } else if (name.n >= 4) {
    memcpy(&a, name.p, 4);
    memcpy(&b, name.p + name.n - 4, 4);
  } else if (name.n) {
    a = (unsigned char)name.p[0];
    b = (uint64_t)(unsigned char)name.p[name.n / 2] << 8 | (unsigned char)name.p[name.n - 1];
  }
  uint64_t h = (a ^ (name.n + ((uint64_t)seed << 20))) * 0x9E3779B97F4A7C15u;
  h ^= h >> 29;
  h = (h ^ b ^ c * 0xD6E8FEB86659FD93u) * 0xBF58476D1CE4E5B9u;
  return (uint32_t)(h >> 32);
}

/* zd_slice_eq for short names, without a call: two overlapping words cover up to 16 bytes. */
static inline bool zd_image_same(zd_slice a, zd_slice b) {
  if (a.n != b.n) return false;
  if (a.n > 16) return memcmp(a.p, b.p, a.n) == 0;
  if (a.n >= 8) {
    uint64_t x[2], y[2];
    memcpy(&x[0], a.p, 8);
    memcpy(&x[1], a.p + a.n - 8, 8);
    memcpy(&y[0], b.p, 8);
    memcpy(&y[1], b.p + b.n - 8, 8);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
  }
  if (a.n >= 4) {
    uint32_t x[2], y[2];
    memcpy(&x[0], a.p, 4);
    memcpy(&x[1], a.p + a.n - 4, 4);
    memcpy(&y[0], b.p, 4);
    memcpy(&y[1], b.p + b.n - 4, 4);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
  }
  for (size_t i = 0; i < a.n; i++) {
    if (a.p[i] != b.p[i]) return false;
  }
  return true;
}

/* Does everything in the image that leads somewhere arrive? Sections are in bounds already.
 * ZD_ERR_CORRUPT. */
zd_err zd_image_check(const zd_schema *s, zd_fault *fault);

/* First record of a section. */
static inline const void *zd_image_at(const zd_schema *s, zd_image_section section) {
  return (const char *)s + s->section[section].at;
}
static inline zd_slice zd_image_slice(const zd_schema *s, zd_image_text text) {
  return (zd_slice){(const char *)zd_image_at(s, ZD_IMAGE_STRINGS) + text.at, text.n};
}
static inline zd_slice zd_image_optional(const zd_schema *s, zd_image_text text) {
  return text.n == UINT32_MAX ? (zd_slice){NULL, 0} : zd_image_slice(s, text);
}
static inline const zd_image_type *zd_image_type_at(const zd_schema *s, zd_type t) {
  return (const zd_image_type *)zd_image_at(s, ZD_IMAGE_TYPES) + t;
}
static inline const zd_image_element *zd_image_element_at(const zd_schema *s, zd_element e) {
  return (const zd_image_element *)zd_image_at(s, ZD_IMAGE_ELEMENTS) + e;
}

/* A canonical in its parts; version is absent when it names none. */
typedef struct zd_image_canonical {
  zd_slice url, version;
} zd_image_canonical;
static inline zd_image_canonical zd_image_canonical_of(zd_slice text) {
  size_t bar = zd_slice_find(text, '|');
  zd_image_canonical out = {{text.p, bar}, {NULL, 0}};
  if (bar < text.n) out.version = zd_slice_from(text, bar + 1);
  return out;
}

/* Walks the candidates of a hash in a table: the first call with *probe = hash; returns the index
 * of the next candidate or -1 at the end of the run. */
static inline int32_t zd_image_probe(const uint32_t *slots, uint32_t mask, uint32_t hash,
                                     uint32_t *probe) {
  for (;;) {
    uint32_t slot = slots[*probe & mask];
    if (slot == ZD_IMAGE_NO_SLOT) return -1;
    ++*probe;
    if (slot >> 16 == hash >> 16) return (int32_t)(slot & 0xFFFF);
  }
}

/* zd_schema_child for callers that cannot afford a call; same contract. */
static inline zd_element zd_image_child(const zd_schema *s, zd_type owner, zd_slice name) {
  const zd_image_type *type = zd_image_type_at(s, owner);
  const uint32_t *slots = (const uint32_t *)zd_image_at(s, ZD_IMAGE_SLOTS) + type->names.first;
  uint32_t hash = zd_image_hash(name, type->names.seed), probe = hash;
  for (int32_t i; (i = zd_image_probe(slots, type->names.mask, hash, &probe)) >= 0;) {
    zd_element e = (zd_element)(type->first + i);
    if (zd_image_same(zd_image_slice(s, zd_image_element_at(s, e)->name), name)) return e;
  }
  return ZD_NO_ELEMENT;
}

/* Key under which (resource type, code) stands in the params table. */
static inline uint32_t zd_image_param_hash(zd_type type, zd_slice code, uint32_t seed) {
  uint32_t h = (zd_image_hash(code, seed) ^ type * 0x9E3779B1u) * 0x85EBCA6Bu;
  return h ^ h >> 15;
}

#endif
