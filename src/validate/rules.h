/* rules.h: the rules of a profile, made ready to be asked. Private to validate/. */
#ifndef ZD_VALIDATE_RULES_H
#define ZD_VALIDATE_RULES_H

#include <pthread.h>
#include <stdatomic.h>

#include "json/json.h"
#include "validate/validate.h"

/* Invariants that every resource and extension is under, and when they hold without being asked. */
typedef enum zd_plain {
  ZD_PLAIN_NOT,
  ZD_PLAIN_CONTAINED, /* dom-2 to dom-5: nothing is contained */
  ZD_PLAIN_EXTENSION, /* ext-1: it has a value or extensions, not both */
  ZD_PLAIN_REFERENCE  /* ref-1: it does not begin with # */
} zd_plain;

/* An invariant that the reader has not checked already. */
typedef struct zd_invariant {
  zd_constraint c;
  const zd_fhirpath *program; /* NULL: it cannot be compiled; why says it */
  zd_slice why;
  zd_plain plain;

} zd_invariant;

typedef struct zd_rule_row {
  zd_profile_element e;
  uint32_t first; /* child row that comes first; ZD_PE_NONE */
  uint32_t next;  /* row of the same parent that follows; ZD_PE_NONE */
  zd_invariant *invariants;
  uint32_t invariant_count;
  zd_json_tape fixed, pattern; /* count 0: none */
  bool binds;                  /* the binding says more than that of the base type */
  bool typed;                  /* a value may be wrong in type, profile or target */
} zd_rule_row;

typedef struct zd_rules {
  uint32_t profile; /* number in the schema */
  zd_profile_info info;
  zd_rule_row *rows;
  uint32_t count;
  zd_slice url; /* url|version, for findings */
} zd_rules;

struct zd_validator {
  const zd_schema *schema;
  _Atomic(const zd_rules *) *rules; /* by profile; NULL: not asked for yet */
  uint32_t *of_type;                /* profile that defines a type; UINT32_MAX */
  pthread_mutex_t making;           /* guards arena and the making of rules */
  zd_arena arena;
  zd_type extension, reference, coding, concept, quantity, bundle, response, canonical;
};

/* The rules of a profile; NULL when memory is exhausted. */
const zd_rules *zd_rules_of(zd_validator *v, uint32_t profile);
/* Of the definition of a type; NULL when it has none. */
const zd_rules *zd_rules_of_type(zd_validator *v, zd_type type);

#endif
