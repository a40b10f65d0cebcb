/* decimal.h: exact decimal numbers, as search needs them.
 *
 * A FHIR decimal is text: 0.10 is not 0.1 when it is asked how precise a search value is. Nothing
 * here passes through binary floating point, so a comparison is never wrong by a rounding.
 *
 *   value = sign * 0.d1 d2 .. dn * 10^exponent      d1 != 0, dn != 0; n == 0 is zero
 *
 * Digits live in the text they were read from or in an arena. Used by search/ only.
 */
#ifndef ZD_SEARCH_DECIMAL_H
#define ZD_SEARCH_DECIMAL_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

typedef struct zd_decimal {
  const char *digits; /* '0'..'9', no leading and no trailing zero */
  uint32_t n;
  bool negative;
  int32_t exponent; /* of the first digit; saturates at +-ZD_DECIMAL_FAR */
  int32_t unit;     /* exponent of the last digit as written: 1.50 -> -2, 1e2 -> 2 */
} zd_decimal;

enum { ZD_DECIMAL_FAR = 1000000000, ZD_DECIMAL_WIDTH = 4096 };

/* Reads [+-]digits[.digits][(e|E)[+-]digits]. The digits are copied into the arena only when a
 * decimal point stands among them. ZD_ERR_INVALID when it is no number, ZD_ERR_MEMORY. */
zd_err zd_decimal_read(zd_slice s, zd_arena *arena, zd_decimal *out);

/* <0, 0, >0. */
int zd_decimal_cmp(const zd_decimal *a, const zd_decimal *b);

/* Exact. ZD_ERR_LIMIT when the result would need more than ZD_DECIMAL_WIDTH digits. */
zd_err zd_decimal_add(const zd_decimal *a, const zd_decimal *b, zd_arena *arena, zd_decimal *out);
zd_err zd_decimal_mul(const zd_decimal *a, const zd_decimal *b, zd_arena *arena, zd_decimal *out);

/* a / b for b > 0: the first 20 digits towards zero, and a further digit when that is not all, so
 * that its key is the key of the true quotient. ZD_ERR_LIMIT for a b of more than 100 digits. */
zd_err zd_decimal_quotient(const zd_decimal *a, const zd_decimal *b, zd_arena *arena,
                           zd_decimal *out);

/* Half of the last digit's unit: 0.5 for 100, 0.005 for 100.00, 50 for 1e2. */
zd_decimal zd_decimal_half_unit(const zd_decimal *a);
zd_decimal zd_decimal_negate(zd_decimal a);

/* An ordered 64-bit image: a < b implies key(a) <= key(b), strictly between INT64_MIN and
 * INT64_MAX.
 *
 *    63    62..55      54..1                    0
 *   sign  exponent    first 16 digits     1: further digits follow
 *
 * *exact says that no other number has this key. A number with at most 16 digits has an exact key,
 * and a longer one never gets the key of a shorter one, so comparing with an exact key is exact
 * whatever is stored. (The image is the magnitude, negated for negative numbers.) */
int64_t zd_decimal_key(const zd_decimal *a, bool *exact);

#endif
