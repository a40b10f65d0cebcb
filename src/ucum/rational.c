/* rational.c: fractions kept in their one form; text of them is in decimal_text.c. */
#include "ucum/rational.h"

void zd_rational_set(zd_rational *a, uint64_t value) {
  a->negative = false;
  a->exponent = 0;
  while (value && value % 10 == 0) {
    value /= 10;
    a->exponent++;
  }
  zd_natural_set(&a->numerator, value);
  zd_natural_set(&a->denominator, 1);
}

void zd_rational_copy(zd_rational *to, const zd_rational *from) {
  to->negative = from->negative;
  to->exponent = from->exponent;
  zd_natural_copy(&to->numerator, &from->numerator);
  zd_natural_copy(&to->denominator, &from->denominator);
}

static uint32_t rest_of(const zd_natural *a, uint32_t by) {
  uint64_t rest = 0;
  for (uint32_t i = a->n; i-- > 0;) rest = (rest << 32 | a->limb[i]) % by;
  return (uint32_t)rest;
}

/* Takes the prime out of the denominator: n / (2 d) = 5 n / d * 10^-1. */
static zd_err without(zd_rational *a, uint32_t prime, uint32_t other) {
  zd_err err = ZD_OK;
  while (!err && rest_of(&a->denominator, prime) == 0) {
    zd_natural_split(&a->denominator, prime);
    err = zd_natural_scale(&a->numerator, other, 0);
    a->exponent--;
  }
  return err;
}

/* Makes the powers of ten of numerator and denominator, which share no factor, into the exponent.
 */
static zd_err settle(zd_rational *a) {
  if (!a->numerator.n) {
    zd_rational_set(a, 0);
    return ZD_OK;
  }
  zd_err err = ZD_OK;
  if (!zd_natural_is(&a->denominator, 1)) {
    err = without(a, 2, 5);
    if (!err) err = without(a, 5, 2);
  }
  while (!err && a->numerator.limb[0] % 2 == 0 && rest_of(&a->numerator, 10) == 0) {
    zd_natural_split(&a->numerator, 10);
    a->exponent++;
  }
  if (a->exponent > ZD_RATIONAL_FAR || a->exponent < -ZD_RATIONAL_FAR) return ZD_ERR_LIMIT;
  return err;
}

static void cancel(zd_natural *a, zd_natural *b) {
  zd_natural common, rest;
  if (zd_natural_is(a, 1) || zd_natural_is(b, 1)) return;
  zd_natural_gcd(a, b, &common);
  if (zd_natural_is(&common, 1)) return;
  zd_natural_div(a, &common, a, &rest);
  zd_natural_div(b, &common, b, &rest);
}

/* An exponent has to be written in few digits; what is longer is out of reach anyway. */
static zd_err read_exponent(zd_slice text, int32_t *out) {
  bool negative = text.n && text.p[0] == '-';
  if (text.n && (text.p[0] == '-' || text.p[0] == '+')) text = zd_slice_from(text, 1);
  if (!text.n) return ZD_ERR_INVALID;
  int32_t value = 0;
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] < '0' || text.p[i] > '9') return ZD_ERR_INVALID;
    if (value <= ZD_RATIONAL_FAR) value = value * 10 + (text.p[i] - '0');
  }
  *out = negative ? -value : value;
  return value > ZD_RATIONAL_FAR ? ZD_ERR_LIMIT : ZD_OK;
}

/* Whole and broken digits as one number. */
static zd_err read_digits(zd_slice whole, zd_slice broken, zd_natural *out) {
  char digits[ZD_NATURAL_DIGITS];
  while (whole.n && whole.p[0] == '0') whole = zd_slice_from(whole, 1);
  while (broken.n && !whole.n && broken.p[0] == '0') broken = zd_slice_from(broken, 1);
  if (whole.n > sizeof digits || broken.n > sizeof digits - whole.n) return ZD_ERR_LIMIT;
  memcpy(digits, whole.n ? whole.p : "", whole.n);
  memcpy(digits + whole.n, broken.n ? broken.p : "", broken.n);
  return zd_natural_read(zd_slice_make(digits, whole.n + broken.n), out);
}

static size_t digits_of(zd_slice text) {
  size_t n = 0;
  while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9') n++;
  return n;
}

zd_err zd_rational_read(zd_slice text, zd_rational *out) {
  zd_slice whole, broken = {"", 0};
  int32_t exponent = 0;
  zd_err err = ZD_OK;
  out->negative = text.n && text.p[0] == '-';
  if (text.n && (text.p[0] == '-' || text.p[0] == '+')) text = zd_slice_from(text, 1);
  whole = zd_slice_make(text.p, digits_of(text));
  text = zd_slice_from(text, whole.n);
  if (!whole.n) return ZD_ERR_INVALID;
  if (text.n && text.p[0] == '.') {
    text = zd_slice_from(text, 1);
    broken = zd_slice_make(text.p, digits_of(text));
    text = zd_slice_from(text, broken.n);
    if (!broken.n) return ZD_ERR_INVALID;
  }
  if (text.n && (text.p[0] | 0x20) != 'e') return ZD_ERR_INVALID;
  if (text.n) err = read_exponent(zd_slice_from(text, 1), &exponent);
  if (!err) err = read_digits(whole, broken, &out->numerator);
  if (err) return err;
  zd_natural_set(&out->denominator, 1);
  out->exponent = exponent - (int32_t)broken.n;
  return settle(out);
}

zd_err zd_rational_mul(const zd_rational *a, const zd_rational *b, zd_rational *out) {
  zd_rational x, y;
  zd_rational_copy(&x, a);
  zd_rational_copy(&y, b);
  cancel(&x.numerator, &y.denominator);
  cancel(&y.numerator, &x.denominator);
  out->negative = a->negative != b->negative;
  out->exponent = x.exponent + y.exponent;
  zd_err err = zd_natural_mul(&x.numerator, &y.numerator, &out->numerator);
  if (!err) err = zd_natural_mul(&x.denominator, &y.denominator, &out->denominator);
  return err ? err : settle(out);
}

/* Numerators over one denominator and one power of ten. */
static zd_err level(zd_rational *a, zd_rational *b) {
  zd_err err = ZD_OK;
  if (zd_natural_cmp(&a->denominator, &b->denominator) != 0) {
    err = zd_natural_mul(&a->numerator, &b->denominator, &a->numerator);
    if (!err) err = zd_natural_mul(&b->numerator, &a->denominator, &b->numerator);
    if (!err) err = zd_natural_mul(&a->denominator, &b->denominator, &a->denominator);
    zd_natural_copy(&b->denominator, &a->denominator);
  }
  zd_rational *high = a->exponent > b->exponent ? a : b, *low = high == a ? b : a;
  if (!err) err = zd_natural_ten(&high->numerator, (uint32_t)(high->exponent - low->exponent));
  high->exponent = low->exponent;
  return err;
}

zd_err zd_rational_add(const zd_rational *a, const zd_rational *b, zd_rational *out) {
  zd_rational x, y;
  if (zd_rational_is_zero(a)) return zd_rational_copy(out, b), ZD_OK;
  if (zd_rational_is_zero(b)) return zd_rational_copy(out, a), ZD_OK;
  zd_rational_copy(&x, a);
  zd_rational_copy(&y, b);
  zd_err err = level(&x, &y);
  if (err) return err;
  if (x.negative == y.negative) {
    err = zd_natural_add(&x.numerator, &y.numerator, &x.numerator);
  } else if (zd_natural_cmp(&x.numerator, &y.numerator) >= 0) {
    zd_natural_sub(&x.numerator, &y.numerator, &x.numerator);
  } else {
    zd_natural_sub(&y.numerator, &x.numerator, &x.numerator);
    x.negative = y.negative;
  }
  if (err) return err;
  cancel(&x.numerator, &x.denominator);
  zd_rational_copy(out, &x);
  return settle(out);
}

zd_err zd_rational_invert(zd_rational *a) {
  zd_natural was;
  zd_natural_copy(&was, &a->numerator);
  zd_natural_copy(&a->numerator, &a->denominator);
  zd_natural_copy(&a->denominator, &was);
  a->exponent = -a->exponent;
  return settle(a);
}

zd_err zd_rational_power(const zd_rational *a, int power, zd_rational *out) {
  zd_rational base, result;
  unsigned left = power < 0 ? 0u - (unsigned)power : (unsigned)power;
  zd_err err = ZD_OK;
  zd_rational_copy(&base, a);
  zd_rational_set(&result, 1);
  if (power < 0) err = zd_rational_invert(&base);
  while (left && !err) {
    if (left & 1) err = zd_rational_mul(&result, &base, &result);
    left >>= 1;
    if (left && !err) err = zd_rational_mul(&base, &base, &base);
  }
  if (!err) zd_rational_copy(out, &result);
  return err;
}

/* log10 of the fraction, within one and a bit: digits differ by that much. */
static int32_t magnitude(const zd_rational *a) {
  char digits[ZD_NATURAL_DIGITS + 1];
  int32_t above = (int32_t)zd_natural_write(&a->numerator, digits);
  return a->exponent + above - (int32_t)zd_natural_write(&a->denominator, digits);
}

zd_err zd_rational_cmp(const zd_rational *a, const zd_rational *b, int *order) {
  int sign_a = a->numerator.n ? (a->negative ? -1 : 1) : 0;
  int sign_b = b->numerator.n ? (b->negative ? -1 : 1) : 0;
  *order = (sign_a > sign_b) - (sign_a < sign_b);
  if (*order || !sign_a) return ZD_OK;
  int32_t far = magnitude(a) - magnitude(b);
  if (far > 2 || far < -2) {
    *order = far > 0 ? sign_a : -sign_a;
    return ZD_OK;
  }
  zd_rational x, y;
  zd_rational_copy(&x, a);
  zd_rational_copy(&y, b);
  zd_err err = level(&x, &y);
  *order = err ? 0 : sign_a * zd_natural_cmp(&x.numerator, &y.numerator);
  return err;
}
