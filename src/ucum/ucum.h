/* ucum.h: units of measure as UCUM writes them (Unified Code for Units of Measure, ucum.org, 2.2):
 * the case-sensitive codes of FHIR's system http://unitsofmeasure.org.
 *
 *   mmol/L   g/dL   mm[Hg]   10*9/L   Cel   [degF]   mL/min/{1.73_m2}   dB[SPL]
 *
 * Everything but special units is exact: numbers are text, never binary floating point. The tables
 * are linked in and immutable; every function may be called from any thread. What a code may be is
 * bounded: ZD_UCUM_CODE_MAX bytes, 32 brackets within each other, exponents of three digits.
 *
 * Floor 1, uses base. Knows neither FHIR nor search.
 */
#ifndef ZD_UCUM_UCUM_H
#define ZD_UCUM_UCUM_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

#define ZD_UCUM_SYSTEM "http://unitsofmeasure.org"

enum { ZD_UCUM_CODE_MAX = 256, ZD_UCUM_INEXACT_DIGITS = 15 };

/* What is wrong with a code, and where. Where a function takes two codes, `second` tells which. */
typedef struct zd_ucum_fault {
  uint32_t at; /* offset of the first byte that does not fit */
  bool second;
  char text[120]; /* "no unit \"iU\"": for people, zero-terminated */
} zd_ucum_fault;

/* Every fault may be NULL. Errors that all functions share:
 *   ZD_ERR_INVALID      it breaks the grammar, or holds a unit that UCUM does not have
 *   ZD_ERR_UNSUPPORTED  valid, but without a ratio scale: a special unit in a product (Cel/min)
 *   ZD_ERR_LIMIT        longer, deeper or larger than the bounds above
 *   ZD_ERR_MEMORY       the arena is exhausted                                                   */

/* ---- validity ---- */

/* ZD_OK for a code that is UCUM. Needs no memory. */
zd_err zd_ucum_check(zd_slice code, zd_ucum_fault *fault);

/* ---- canonical form ---- */

typedef enum zd_ucum_scale {
  ZD_UCUM_RATIO,    /* mg, mmol/L, [lb_av]: canonical = value * factor */
  ZD_UCUM_INTERVAL, /* Cel, [degF], [degRe]: canonical = (value + offset) * factor */
  ZD_UCUM_CURVE     /* pH, B, Np, [p'diop]: a function; zd_ucum_convert knows it */
} zd_ucum_scale;

/* factor = numerator / denominator * 10^exponent, in lowest terms; digits only. Units are
 * commensurable exactly when their canonical texts are equal. The text is itself a code, of base
 * units (C K cd g m rad s) and arbitrary units in the order of their bytes: "g.m-3", "1". */
typedef struct zd_ucum_form {
  zd_slice unit;
  zd_slice numerator, denominator;
  int32_t exponent;
  zd_slice offset; /* decimal text, "0" but for ZD_UCUM_INTERVAL */
  zd_ucum_scale scale;
} zd_ucum_form;

/* Codes in common use come from a table, in some tens of nanoseconds and without memory; others are
 * read anew. Slices live as long as the arena, or longer. */
zd_err zd_ucum_canonical(zd_slice code, zd_arena *arena, zd_ucum_form *out, zd_ucum_fault *fault);

/* *answer: could values in one be converted to the other? */
zd_err zd_ucum_commensurable(zd_slice a, zd_slice b, bool *answer, zd_ucum_fault *fault);

/* ---- quantities ---- */

typedef struct zd_ucum_quantity {
  zd_slice value; /* decimal text, as FHIR writes it */
  zd_slice code;
} zd_ucum_quantity;

typedef struct zd_ucum_number {
  zd_slice text; /* decimal; in the arena */
  bool exact;    /* false: rounded. Fractions that never end to 28 digits; what went through a
                  * curve to ZD_UCUM_INEXACT_DIGITS */
} zd_ucum_number;

/* Values of Cel and [degF] are temperatures here, never differences of temperatures. Whole numbers
 * of logarithmic units are exact (pH 7 is 10^-7 mol/l).
 * Also ZD_ERR_REFUSED: not commensurable; ZD_ERR_INVALID for a value that is no number, or that the
 * unit cannot express (the pH of zero). */
zd_err zd_ucum_convert(zd_ucum_quantity from, zd_slice to, zd_arena *arena, zd_ucum_number *out,
                       zd_ucum_fault *fault);

/* The same between amount of substance and mass, in whatever combination (mg/dL to mmol/L, g to
 * mol, mmol/kg to g/kg), by the molar weight in g/mol, a decimal above zero: glucose "180.156".
 * Units that are commensurable anyway are converted without. */
zd_err zd_ucum_convert_substance(zd_ucum_quantity from, zd_slice to, zd_slice molar_weight,
                                 zd_arena *arena, zd_ucum_number *out, zd_ucum_fault *fault);

/* *order <0, 0, >0: exact but for different curves, which are equal when they are to
 * ZD_UCUM_INEXACT_DIGITS. Errors as zd_ucum_convert. */
zd_err zd_ucum_compare(zd_ucum_quantity a, zd_ucum_quantity b, int *order, zd_ucum_fault *fault);

/* Products and quotients, in canonical units: 1.5 g / 2 m = 0.75 g.m-1. Also ZD_ERR_INVALID for a
 * division by zero; special units are ZD_ERR_UNSUPPORTED. */
zd_err zd_ucum_multiply(zd_ucum_quantity a, zd_ucum_quantity b, zd_arena *arena,
                        zd_ucum_number *value, zd_slice *unit, zd_ucum_fault *fault);
zd_err zd_ucum_divide(zd_ucum_quantity a, zd_ucum_quantity b, zd_arena *arena,
                      zd_ucum_number *value, zd_slice *unit, zd_ucum_fault *fault);

/* ---- for people ---- */

typedef enum zd_ucum_language { ZD_UCUM_ENGLISH, ZD_UCUM_RUSSIAN } zd_ucum_language;

/* The symbol to print: "mmol/L", "ммоль/л"; "mm[Hg]": "mmHg", "мм рт. ст."; "m2": "m²", "м²". What
 * has none in that language keeps its code. */
zd_err zd_ucum_display(zd_slice code, zd_ucum_language language, zd_arena *arena, zd_slice *out,
                       zd_ucum_fault *fault);

/* The code spelled out in UCUM's names: "(millimole) / (liter)"; "(unity)" for "" and "1". */
zd_err zd_ucum_spell(zd_slice code, zd_arena *arena, zd_slice *out, zd_ucum_fault *fault);

#endif
