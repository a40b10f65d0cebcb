/* definitions_profiles.h: what the parts that compile profiles share. For definitions*.c alone. */
#ifndef ZD_FHIR_DEFINITIONS_PROFILES_H
#define ZD_FHIR_DEFINITIONS_PROFILES_H

#include "fhir/definitions/definitions_internal.h"

/* An element of a snapshot being compiled. */
typedef struct zd_profile_row {
  uint32_t node;
  zd_slice id, path, slice;
  zd_type children; /* type that rows under it are elements of; ZD_NO_TYPE: there can be none */
  zd_image_profile_element out;
} zd_profile_row;

typedef struct zd_profile_rows {
  zd_definitions *d;
  const zd_definition *def;
  zd_profile_row *items;
  uint32_t count; /* items[count] is the one being compiled */
  zd_type type;   /* of row 0 */
} zd_profile_rows;

/* "definitions: URL: ELEMENT: what is wrong" */
zd_err zd_def_row_fail(const zd_profile_rows *rows, const zd_profile_row *row, zd_err err,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Index of the member's value among n words; -1: none of them, or missing. */
int zd_def_word(const zd_json_tape *tape, uint32_t object, zd_slice member,
                const char *const *words, size_t n);

/* A whole number below ZD_PE_UNBOUNDED, digits alone. */
bool zd_def_count_of(zd_slice text, uint32_t *out);

/* items[count] from a node of the snapshot: where it stands, which element it is, its types. */
zd_err zd_def_row_place(zd_profile_rows *rows, uint32_t node);
/* Its types, and what type the rows under it belong to. */
zd_err zd_def_row_types(zd_profile_rows *rows, zd_profile_row *row);
/* Its slicing and constraints. */
zd_err zd_def_row_rules(zd_profile_rows *rows, zd_profile_row *row);
/* Its fixed value, binding, ... */
zd_err zd_def_row_values(zd_profile_rows *rows, zd_profile_row *row);

#endif
