/* ucum_internal.h: what the files of this folder share: the table of units, a code that was read,
 * and what it amounts to.
 *
 * The table is made at build time by tools/units, which runs read.c and measure.c over the
 * definitions. So these two take the table as a parameter; everything else uses zd_ucum_units.
 */
#ifndef ZD_UCUM_UCUM_INTERNAL_H
#define ZD_UCUM_UCUM_INTERNAL_H

#include "ucum/rational.h"
#include "ucum/ucum.h"

enum { UCUM_BASES = 7, UCUM_OTHERS = 8, UCUM_NODES = ZD_UCUM_CODE_MAX + 1, UCUM_POWER_MAX = 999 };

/* Powers of the base units (C K cd g m rad s, by their codes) and of arbitrary units, which are
 * commensurable with themselves alone. `amount` counts moles and is no dimension in UCUM, where a
 * mole is a number: conversions to mass need it. */
typedef struct ucum_dimension {
  int16_t base[UCUM_BASES];
  int16_t amount;
  uint8_t count;
  struct {
    uint16_t atom;
    int16_t power;
  } other[UCUM_OTHERS]; /* by atom, ascending */
} ucum_dimension;

/* A fraction in read-only data. */
typedef struct ucum_exact {
  const uint32_t *numerator, *denominator;
  uint16_t numerator_n, denominator_n;
  int32_t exponent;
} ucum_exact;

typedef enum ucum_curve {
  UCUM_PLAIN, /* no special unit */
  UCUM_CEL,
  UCUM_DEGF,
  UCUM_DEGRE,
  UCUM_PH,
  UCUM_LN,
  UCUM_LG,
  UCUM_LG_TWICE,
  UCUM_LD,
  UCUM_TAN,         /* 100 tan of radians */
  UCUM_TAN_DEGREES, /* 100 tan of degrees */
  UCUM_HP_X,
  UCUM_HP_C,
  UCUM_HP_M,
  UCUM_HP_Q,
  UCUM_SQRT
} ucum_curve;

typedef struct ucum_atom {
  const char *code, *name;
  bool metric;   /* may have a prefix */
  uint8_t curve; /* ucum_curve; value and dimension are those of its reference, then */
  ucum_exact value;
  ucum_dimension dimension;
} ucum_atom;

typedef struct ucum_prefix {
  const char *code, *name;
  ucum_exact value;
} ucum_prefix;

/* A code in common use, made canonical beforehand. */
typedef struct ucum_known {
  zd_slice code;
  zd_ucum_form form;
} ucum_known;

/* Slots hold number + 1, at the hash of the code and behind it; their count is a power of two. */
typedef struct ucum_table {
  const ucum_atom *atoms;
  const ucum_prefix *prefixes;
  const ucum_known *known;
  const uint16_t *atom_slots, *known_slots;
  uint16_t atom_count, prefix_count, known_count;
  uint16_t atom_mask, known_mask;
} ucum_table;

extern const ucum_table zd_ucum_units;

static inline uint32_t ucum_hash(zd_slice code) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < code.n; i++) hash = (hash ^ (uint8_t)code.p[i]) * 16777619u;
  return hash ^ hash >> 15;
}

/* ---- read.c: a code as a tree ---- */

typedef enum ucum_kind {
  UCUM_UNIT,   /* prefix, atom, power */
  UCUM_FACTOR, /* a whole number: its digits are the node's text */
  UCUM_NOTE,   /* an annotation alone: one */
  UCUM_TIMES,
  UCUM_OVER,
  UCUM_BELOW /* /left */
} ucum_kind;

typedef struct ucum_node {
  uint8_t kind, prefix; /* prefix: number + 1, or 0 */
  uint16_t atom;
  int16_t power;
  uint16_t left, right;
  uint16_t at, n;           /* text, without the annotation */
  uint16_t note_at, note_n; /* of the annotation, with its braces */
} ucum_node;

typedef struct ucum_code {
  zd_slice text;
  uint16_t count, root;
  ucum_node nodes[UCUM_NODES];
} ucum_code;

zd_err zd_ucum_fail(zd_ucum_fault *fault, zd_err err, size_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

zd_err zd_ucum_read(const ucum_table *table, zd_slice text, ucum_code *out, zd_ucum_fault *fault);

/* ---- measure.c: what a code amounts to ---- */

typedef struct ucum_measure {
  uint8_t curve;
  zd_rational scale; /* of values before the curve: the prefix of a special unit, or 1 */
  zd_rational factor;
  ucum_dimension dimension;
} ucum_measure;

void zd_ucum_load(const ucum_exact *from, zd_rational *to);
zd_err zd_ucum_measure(const ucum_table *table, const ucum_code *code, ucum_measure *out,
                       zd_ucum_fault *fault);
bool zd_ucum_same_dimension(const ucum_dimension *a, const ucum_dimension *b);
zd_err zd_ucum_dimension_text(const ucum_table *table, const ucum_dimension *d, zd_arena *arena,
                              zd_slice *out);

/* a * b^power */
zd_err zd_ucum_dimension_join(ucum_dimension *a, const ucum_dimension *b, int power);

/* ---- curve.c: special units ---- */

/* The value in the canonical unit, and back; *exact becomes false when it was rounded, else stays.
 * ZD_ERR_INVALID: the curve has no such value. */
zd_err zd_ucum_curve_down(const ucum_measure *m, const zd_rational *value, zd_rational *out,
                          bool *exact);
zd_err zd_ucum_curve_up(const ucum_measure *m, const zd_rational *value, zd_rational *out,
                        bool *exact);

/* What to add to a value on an interval scale, before its factor. */
zd_err zd_ucum_offset(const ucum_measure *m, zd_rational *out);

/* ---- form.c ---- */

zd_ucum_scale zd_ucum_scale_of(uint8_t curve);
zd_err zd_ucum_form_of(const ucum_table *table, const ucum_measure *m, zd_arena *arena,
                       zd_ucum_form *out);

#endif
