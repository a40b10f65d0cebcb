/* decimal.h: exact decimals, as FHIRPath counts.
 *
 *   value = digits / 10^scale        |digits| < 10^38, 0 <= scale <= 38
 *
 * The scale is kept: 1.10 is not 1.1, though they are equal. Functions return false when the exact
 * result does not fit; nothing is rounded but where the language rounds (division, roots,
 * logarithms).
 */
#ifndef ZD_FHIRPATH_DECIMAL_H
#define ZD_FHIRPATH_DECIMAL_H

#include "base/arena.h"
#include "fhirpath/fhirpath.h"

__extension__ typedef __int128 zd_fp_whole; /* up to 38 digits */

enum { ZD_FP_DIGITS = 38, ZD_FP_QUOTIENT_DIGITS = 28, ZD_FP_FLOAT_DIGITS = 15 };

struct zd_fp_decimal {
  zd_fp_whole digits;
  int32_t scale;
};

typedef enum zd_fp_read { ZD_FP_READ_OK, ZD_FP_READ_NONE, ZD_FP_READ_LARGE } zd_fp_read;

/* [+-]digits[.digits][e[+-]digits]. NONE: it is no number; LARGE: it does not fit. */
zd_fp_read zd_fp_decimal_read(zd_slice text, zd_fp_decimal *out);
zd_fp_decimal zd_fp_decimal_of(int64_t value);
/* Writes at most 48 bytes; returns how many. */
size_t zd_fp_decimal_write(const zd_fp_decimal *a, char *out);

/* <0, 0, >0. */
int zd_fp_decimal_cmp(const zd_fp_decimal *a, const zd_fp_decimal *b);
bool zd_fp_decimal_add(const zd_fp_decimal *a, const zd_fp_decimal *b, zd_fp_decimal *out);
bool zd_fp_decimal_mul(const zd_fp_decimal *a, const zd_fp_decimal *b, zd_fp_decimal *out);
/* b != 0. Exact when it ends within ZD_FP_QUOTIENT_DIGITS significant digits, else rounded (half
 * to even) to them. */
bool zd_fp_decimal_div(const zd_fp_decimal *a, const zd_fp_decimal *b, zd_fp_decimal *out);
/* Whole quotient towards zero, and the rest, which has the sign of a; b != 0. Either may be NULL.
 */
bool zd_fp_decimal_split(const zd_fp_decimal *a, const zd_fp_decimal *b, zd_fp_decimal *quotient,
                         zd_fp_decimal *rest);

typedef enum zd_fp_rounding {
  ZD_FP_HALF_UP, /* away from zero */
  ZD_FP_TO_ZERO,
  ZD_FP_DOWN,
  ZD_FP_UP
} zd_fp_rounding;
/* To exactly `scale` digits behind the point. */
bool zd_fp_decimal_round(const zd_fp_decimal *a, int32_t scale, zd_fp_rounding how,
                         zd_fp_decimal *out);
/* Without zeros at the end. */
zd_fp_decimal zd_fp_decimal_trim(zd_fp_decimal a);
/* As many digits behind the point as are not zeros. */
static inline int32_t zd_fp_decimal_scale(const zd_fp_decimal *a) {
  return zd_fp_decimal_trim(*a).scale;
}

/* The root of a >= 0: exact when there is one, else to ZD_FP_QUOTIENT_DIGITS digits at least. */
bool zd_fp_decimal_sqrt(const zd_fp_decimal *a, zd_fp_decimal *out);
/* a^power for a whole power. */
bool zd_fp_decimal_power(const zd_fp_decimal *a, int64_t power, zd_fp_decimal *out);
long double zd_fp_decimal_float(const zd_fp_decimal *a);
/* To ZD_FP_FLOAT_DIGITS digits; false when it is no number or too large. */
bool zd_fp_decimal_of_float(long double value, zd_fp_decimal *out);

#endif
