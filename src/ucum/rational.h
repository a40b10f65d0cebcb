/* rational.h: exact fractions, as units of measure need them.
 *
 *   value = +- numerator / denominator * 10^exponent
 *
 * Powers of ten stand apart, so that prefixes, however large, cost nothing. The form is unique:
 * numerator and denominator share no factor, the numerator is no multiple of ten, the denominator
 * of neither two nor five; zero is 0/1 * 10^0. So a fraction is a finite decimal exactly when its
 * denominator is 1.
 *
 * Results may be the same object as an operand. ZD_ERR_LIMIT: the result needs more digits than
 * ZD_NATURAL_DIGITS, or an exponent beyond ZD_RATIONAL_FAR; it is undefined then.
 */
#ifndef ZD_UCUM_RATIONAL_H
#define ZD_UCUM_RATIONAL_H

#include "base/arena.h"
#include "ucum/natural.h"

enum { ZD_RATIONAL_FAR = 100000, ZD_RATIONAL_ROUNDED = 100 };

typedef struct zd_rational {
  bool negative;
  int32_t exponent;
  zd_natural numerator, denominator;
} zd_rational;

void zd_rational_set(zd_rational *a, uint64_t value);
void zd_rational_copy(zd_rational *to, const zd_rational *from);

/* [+-]digits[.digits][(e|E)[+-]digits]. ZD_ERR_INVALID when it is no number, ZD_ERR_LIMIT. */
zd_err zd_rational_read(zd_slice text, zd_rational *out);

/* As a decimal: whole when `most` is 0 or it has no more than that many digits, else rounded to
 * them (half to even). A fraction that never ends is rounded to `most`, or to 28 when that is 0;
 * most <= ZD_RATIONAL_ROUNDED. *exact (may be NULL) says whether nothing was rounded. Zeros up to
 * 10^-7 and 10^21 are written out, beyond them stands an exponent: 1.5e-9. ZD_ERR_MEMORY. */
zd_err zd_rational_write(const zd_rational *a, unsigned most, zd_arena *arena, zd_slice *out,
                         bool *exact);

static inline bool zd_rational_is_zero(const zd_rational *a) {
  return !a->numerator.n;
}

zd_err zd_rational_mul(const zd_rational *a, const zd_rational *b, zd_rational *out);
zd_err zd_rational_add(const zd_rational *a, const zd_rational *b, zd_rational *out);

/* a = 1 / a for a != 0. */
zd_err zd_rational_invert(zd_rational *a);

/* a^power; a != 0 when power < 0. */
zd_err zd_rational_power(const zd_rational *a, int power, zd_rational *out);

/* *order <0, 0, >0. */
zd_err zd_rational_cmp(const zd_rational *a, const zd_rational *b, int *order);

/* Through binary floating point, right to its last digits. From: ZD_ERR_LIMIT when not finite. */
long double zd_rational_float(const zd_rational *a);
zd_err zd_rational_of_float(long double value, zd_rational *out);

#endif
