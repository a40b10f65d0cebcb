/* natural.c: schoolbook arithmetic; division is Knuth's algorithm D (TAOCP 2, 4.3.1). */
#include "ucum/natural.h"

void zd_natural_set(zd_natural *a, uint64_t value) {
  a->n = 0;
  for (; value; value >>= 32) a->limb[a->n++] = (uint32_t)value;
}

void zd_natural_load(zd_natural *a, const uint32_t *limbs, uint32_t n) {
  a->n = n;
  memcpy(a->limb, limbs, n * sizeof *limbs);
}

void zd_natural_copy(zd_natural *to, const zd_natural *from) {
  if (to == from) return;
  to->n = from->n;
  memcpy(to->limb, from->limb, from->n * sizeof *from->limb);
}

static void trim(zd_natural *a) {
  while (a->n && !a->limb[a->n - 1]) a->n--;
}

int zd_natural_cmp(const zd_natural *a, const zd_natural *b) {
  if (a->n != b->n) return a->n < b->n ? -1 : 1;
  for (uint32_t i = a->n; i-- > 0;)
    if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
  return 0;
}

zd_err zd_natural_scale(zd_natural *a, uint32_t times, uint32_t plus) {
  uint64_t carry = plus;
  for (uint32_t i = 0; i < a->n; i++) {
    carry += (uint64_t)a->limb[i] * times;
    a->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry) {
    if (a->n == ZD_NATURAL_LIMBS) return ZD_ERR_LIMIT;
    a->limb[a->n++] = (uint32_t)carry;
  }
  trim(a);
  return ZD_OK;
}

zd_err zd_natural_ten(zd_natural *a, uint32_t power) {
  zd_err err = ZD_OK;
  if (!a->n) return ZD_OK;
  for (; power >= 9 && !err; power -= 9) err = zd_natural_scale(a, 1000000000, 0);
  for (; power && !err; power--) err = zd_natural_scale(a, 10, 0);
  return err;
}

zd_err zd_natural_mul(const zd_natural *a, const zd_natural *b, zd_natural *out) {
  uint32_t product[2 * ZD_NATURAL_LIMBS];
  if (a->n == 1 && a->limb[0] == 1) return zd_natural_copy(out, b), ZD_OK;
  if (b->n == 1 && b->limb[0] == 1) return zd_natural_copy(out, a), ZD_OK;
  uint32_t n = a->n + b->n;
  if (!a->n || !b->n) n = 0;
  memset(product, 0, n * sizeof *product);
  for (uint32_t i = 0; n && i < a->n; i++) {
    uint64_t carry = 0;
    for (uint32_t j = 0; j < b->n; j++) {
      carry += (uint64_t)a->limb[i] * b->limb[j] + product[i + j];
      product[i + j] = (uint32_t)carry;
      carry >>= 32;
    }
    product[i + b->n] = (uint32_t)carry;
  }
  while (n && !product[n - 1]) n--;
  if (n > ZD_NATURAL_LIMBS) return ZD_ERR_LIMIT;
  zd_natural_load(out, product, n);
  return ZD_OK;
}

zd_err zd_natural_add(const zd_natural *a, const zd_natural *b, zd_natural *out) {
  const zd_natural *more = a->n >= b->n ? a : b, *less = more == a ? b : a;
  uint32_t n = more->n, shared = less->n;
  uint64_t carry = 0;
  for (uint32_t i = 0; i < n; i++) {
    carry += (uint64_t)more->limb[i] + (i < shared ? less->limb[i] : 0);
    out->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry && n == ZD_NATURAL_LIMBS) return ZD_ERR_LIMIT;
  if (carry) out->limb[n++] = (uint32_t)carry;
  out->n = n;
  return ZD_OK;
}

void zd_natural_sub(const zd_natural *a, const zd_natural *b, zd_natural *out) {
  uint32_t n = a->n, shared = b->n;
  int64_t borrow = 0;
  for (uint32_t i = 0; i < n; i++) {
    int64_t t = (int64_t)a->limb[i] - (i < shared ? b->limb[i] : 0) - borrow;
    borrow = t < 0;
    out->limb[i] = (uint32_t)t;
  }
  out->n = n;
  trim(out);
}

uint32_t zd_natural_split(zd_natural *a, uint32_t by) {
  uint64_t rest = 0;
  for (uint32_t i = a->n; i-- > 0;) {
    rest = rest << 32 | a->limb[i];
    a->limb[i] = (uint32_t)(rest / by);
    rest %= by;
  }
  trim(a);
  return (uint32_t)rest;
}

/* limbs of a, shifted left; `out` has one limb more. */
static void shift_left(const zd_natural *a, unsigned bits, uint32_t *out) {
  uint32_t carry = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    out[i] = a->limb[i] << bits | carry;
    carry = bits ? a->limb[i] >> (32 - bits) : 0;
  }
  out[a->n] = carry;
}

/* One digit of the quotient: a little too large at most, which take_away notices. */
static uint64_t guess(const uint32_t *u, const uint32_t *v, uint32_t n) {
  uint64_t top = (uint64_t)u[n] << 32 | u[n - 1];
  uint64_t digit = top / v[n - 1], rest = top % v[n - 1];
  while (digit >> 32 || digit * v[n - 2] > (rest << 32 | u[n - 2])) {
    digit--;
    rest += v[n - 1];
    if (rest >> 32) break;
  }
  return digit;
}

/* u -= digit * v; the digit that was right. */
static uint32_t take_away(uint32_t *u, const uint32_t *v, uint32_t n, uint64_t digit) {
  uint64_t carry = 0;
  int64_t borrow = 0;
  for (uint32_t i = 0; i < n; i++) {
    carry += digit * v[i];
    int64_t t = (int64_t)u[i] - (int64_t)(carry & UINT32_MAX) - borrow;
    borrow = t < 0;
    u[i] = (uint32_t)t;
    carry >>= 32;
  }
  int64_t t = (int64_t)u[n] - (int64_t)carry - borrow;
  u[n] = (uint32_t)t;
  if (t >= 0) return (uint32_t)digit;
  carry = 0;
  for (uint32_t i = 0; i < n; i++) {
    carry += (uint64_t)u[i] + v[i];
    u[i] = (uint32_t)carry;
    carry >>= 32;
  }
  u[n] += (uint32_t)carry;
  return (uint32_t)digit - 1;
}

/* a / b for b of two limbs and more, a >= b. */
static void divide_long(const zd_natural *a, const zd_natural *b, zd_natural *quotient,
                        zd_natural *rest) {
  uint32_t u[ZD_NATURAL_LIMBS + 1], v[ZD_NATURAL_LIMBS + 1], n = b->n, m = a->n - n;
  unsigned bits = (unsigned)__builtin_clz(b->limb[n - 1]);
  shift_left(a, bits, u);
  shift_left(b, bits, v);
  for (uint32_t j = m + 1; j-- > 0;) {
    uint32_t digit = take_away(u + j, v, n, guess(u + j, v, n));
    if (quotient) quotient->limb[j] = digit;
  }
  if (quotient) {
    quotient->n = m + 1;
    trim(quotient);
  }
  for (uint32_t i = 0; i < n; i++)
    rest->limb[i] = bits ? u[i] >> bits | (uint32_t)((uint64_t)u[i + 1] << (32 - bits)) : u[i];
  rest->n = n;
  trim(rest);
}

void zd_natural_div(const zd_natural *a, const zd_natural *b, zd_natural *quotient,
                    zd_natural *rest) {
  if (zd_natural_cmp(a, b) < 0) {
    zd_natural copy;
    zd_natural_copy(&copy, a);
    if (quotient) quotient->n = 0;
    zd_natural_copy(rest, &copy);
  } else if (b->n == 1) {
    zd_natural copy;
    zd_natural_copy(&copy, a);
    zd_natural_set(rest, zd_natural_split(&copy, b->limb[0]));
    if (quotient) zd_natural_copy(quotient, &copy);
  } else {
    divide_long(a, b, quotient, rest);
  }
}

static uint64_t small(const zd_natural *a) {
  return a->n > 1 ? (uint64_t)a->limb[1] << 32 | a->limb[0] : a->n ? a->limb[0] : 0;
}

void zd_natural_gcd(const zd_natural *a, const zd_natural *b, zd_natural *out) {
  zd_natural x, y;
  zd_natural_copy(&x, a);
  zd_natural_copy(&y, b);
  while (y.n && (x.n > 2 || y.n > 2)) {
    zd_natural rest;
    zd_natural_div(&x, &y, NULL, &rest);
    zd_natural_copy(&x, &y);
    zd_natural_copy(&y, &rest);
  }
  if (!y.n) {
    zd_natural_copy(out, &x);
    return;
  }
  uint64_t p = small(&x), q = small(&y);
  while (q) {
    uint64_t rest = p % q;
    p = q;
    q = rest;
  }
  zd_natural_set(out, p);
}

zd_err zd_natural_read(zd_slice digits, zd_natural *out) {
  zd_err err = ZD_OK;
  out->n = 0;
  for (size_t i = 0; i < digits.n && !err;) {
    uint32_t chunk = 0, unit = 1;
    for (; i < digits.n && unit < 1000000000; i++, unit *= 10) {
      if (digits.p[i] < '0' || digits.p[i] > '9') return ZD_ERR_INVALID;
      chunk = chunk * 10 + (uint32_t)(digits.p[i] - '0');
    }
    err = zd_natural_scale(out, unit, chunk);
  }
  return err;
}

size_t zd_natural_write(const zd_natural *a, char *out) {
  char backwards[ZD_NATURAL_DIGITS + 20];
  size_t n = 0;
  zd_natural left;
  zd_natural_copy(&left, a);
  while (left.n) {
    uint32_t chunk = zd_natural_split(&left, 1000000000);
    for (int i = 0; i < 9 && (left.n || chunk); i++, chunk /= 10)
      backwards[n++] = (char)('0' + chunk % 10);
  }
  for (size_t i = 0; i < n; i++) out[i] = backwards[n - 1 - i];
  return n;
}
