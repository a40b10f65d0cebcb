/* definitions.h: the tables of UCUM as the npm package @atomic-ehr/ucum holds them: two JavaScript
 * files with one object literal each. They are read as data, nothing of them is run. Numbers are
 * kept as they are written.
 */
#ifndef ZD_UNITS_DEFINITIONS_H
#define ZD_UNITS_DEFINITIONS_H

#include "base/arena.h"
#include "base/error.h"

enum { UNITS_MAX = 400, PREFIXES_MAX = 40 };

typedef struct unit_definition {
  zd_slice code, name, group, property;
  zd_slice unit, value;                       /* value units of `unit` */
  zd_slice function, argument_unit, argument; /* of a special unit: function(argument unit) */
  bool metric, special, base;
} unit_definition;

typedef struct definitions {
  unit_definition units[UNITS_MAX], prefixes[PREFIXES_MAX];
  int unit_count, prefix_count;
} definitions;

/* Slices point into the text or the arena. */
zd_err definitions_read(zd_slice text, zd_arena *arena, unit_definition *out, int max, int *count,
                        zd_fault *fault);

#endif
