/* natural.h: whole numbers of up to 924 decimal digits, without allocation.
 *
 * Units of measure are exact fractions (an ounce is 28.349523125 g, a degree Fahrenheit 5/9 K), and
 * binary floating point knows none of them. Numbers here live in place, so nothing fails but for
 * size: a result that needs more limbs is refused, never cut.
 *
 *   value = limb[0] + limb[1] * 2^32 + ...          limb[n - 1] != 0; n == 0 is zero
 *
 * Results may be the same object as an operand. Floor 0: knows base only.
 */
#ifndef ZD_UCUM_NATURAL_H
#define ZD_UCUM_NATURAL_H

#include "base/error.h"
#include "base/slice.h"

enum { ZD_NATURAL_LIMBS = 96, ZD_NATURAL_DIGITS = 924 };

typedef struct zd_natural {
  uint32_t n;
  uint32_t limb[ZD_NATURAL_LIMBS]; /* those from n on hold nothing */
} zd_natural;

void zd_natural_set(zd_natural *a, uint64_t value);
void zd_natural_load(zd_natural *a, const uint32_t *limbs, uint32_t n);
void zd_natural_copy(zd_natural *to, const zd_natural *from);

static inline bool zd_natural_is(const zd_natural *a, uint32_t value) {
  return value ? a->n == 1 && a->limb[0] == value : !a->n;
}

/* <0, 0, >0. */
int zd_natural_cmp(const zd_natural *a, const zd_natural *b);

/* ZD_ERR_LIMIT when the result is too large; *a is undefined then. */
zd_err zd_natural_scale(zd_natural *a, uint32_t times, uint32_t plus); /* a = a * times + plus */
zd_err zd_natural_ten(zd_natural *a, uint32_t power);                  /* a = a * 10^power */
zd_err zd_natural_mul(const zd_natural *a, const zd_natural *b, zd_natural *out);
zd_err zd_natural_add(const zd_natural *a, const zd_natural *b, zd_natural *out);

/* a - b for a >= b. */
void zd_natural_sub(const zd_natural *a, const zd_natural *b, zd_natural *out);

/* a = a / by for by > 0; returns the remainder. */
uint32_t zd_natural_split(zd_natural *a, uint32_t by);

/* quotient and rest of a / b for b > 0; quotient may be NULL. */
void zd_natural_div(const zd_natural *a, const zd_natural *b, zd_natural *quotient,
                    zd_natural *rest);

/* The greatest common divisor; that of zero and x is x. */
void zd_natural_gcd(const zd_natural *a, const zd_natural *b, zd_natural *out);

/* Decimal digits, none for zero. Reading: ZD_ERR_INVALID for another byte than a digit,
 * ZD_ERR_LIMIT. Writing: at most ZD_NATURAL_DIGITS + 1 bytes without a zero at the end; returns how
 * many. */
zd_err zd_natural_read(zd_slice digits, zd_natural *out);
size_t zd_natural_write(const zd_natural *a, char *out);

#endif
