/* decimal.c: exact decimals of up to 38 digits */
#include "fhirpath/decimal.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

__extension__ typedef unsigned __int128 whole_u;

static zd_fp_whole ten(int power) {
  static const uint64_t small[] = {1u,
                                   10u,
                                   100u,
                                   1000u,
                                   10000u,
                                   100000u,
                                   1000000u,
                                   10000000u,
                                   100000000u,
                                   1000000000u,
                                   10000000000u,
                                   100000000000u,
                                   1000000000000u,
                                   10000000000000u,
                                   100000000000000u,
                                   1000000000000000u,
                                   10000000000000000u,
                                   100000000000000000u,
                                   1000000000000000000u,
                                   10000000000000000000u};
  return power < 20 ? (zd_fp_whole)small[power]
                    : (zd_fp_whole)small[19] * (zd_fp_whole)small[power - 19];
}

static bool fits(zd_fp_whole a) {
  zd_fp_whole most = ten(ZD_FP_DIGITS);
  return a < most && a > -most;
}

/* a * 10^power when it fits; else a stays. */
static bool scale_up(zd_fp_whole *a, int power) {
  zd_fp_whole product;
  if (!*a) return true;
  if (power > ZD_FP_DIGITS) return false;
  if (__builtin_mul_overflow(*a, ten(power), &product) || !fits(product)) return false;
  *a = product;
  return true;
}

zd_fp_decimal zd_fp_decimal_of(int64_t value) {
  return (zd_fp_decimal){value, 0};
}

zd_fp_decimal zd_fp_decimal_trim(zd_fp_decimal a) {
  while (a.scale > 0 && a.digits % 10 == 0) {
    a.digits /= 10;
    a.scale--;
  }
  return a;
}

/* ---- text ---- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The exponent behind an e; false: none, or garbage. */
static bool read_exponent(zd_slice text, int *out) {
  size_t i = 0;
  bool negative = text.n && text.p[0] == '-';
  if (text.n && (text.p[0] == '-' || text.p[0] == '+')) i++;
  if (i == text.n) return false;
  int value = 0;
  for (; i < text.n; i++) {
    if (!is_digit(text.p[i])) return false;
    if (value < 100000) value = value * 10 + (text.p[i] - '0');
  }
  *out = negative ? -value : value;
  return true;
}

static zd_fp_read apply_exponent(zd_fp_decimal *a, int exponent) {
  int scale = a->scale - exponent;
  if (scale < 0) {
    if (!scale_up(&a->digits, -scale)) return ZD_FP_READ_LARGE;
    scale = 0;
  }
  while (scale > ZD_FP_DIGITS && a->digits % 10 == 0 && a->digits) {
    a->digits /= 10;
    scale--;
  }
  if (!a->digits && scale > ZD_FP_DIGITS) scale = ZD_FP_DIGITS;
  a->scale = scale;
  return scale > ZD_FP_DIGITS ? ZD_FP_READ_LARGE : ZD_FP_READ_OK;
}

zd_fp_read zd_fp_decimal_read(zd_slice text, zd_fp_decimal *out) {
  size_t i = 0, count = 0;
  bool negative = text.n && text.p[0] == '-', large = false, point = false;
  *out = (zd_fp_decimal){0, 0};
  if (text.n && (text.p[0] == '-' || text.p[0] == '+')) i++;
  for (; i < text.n; i++) {
    if (text.p[i] == '.' && !point && count) {
      point = true;
      if (i + 1 == text.n || !is_digit(text.p[i + 1])) return ZD_FP_READ_NONE;
      continue;
    }
    if (!is_digit(text.p[i])) break;
    count++;
    if (!scale_up(&out->digits, 1)) large = true;
    if (!large) out->digits += text.p[i] - '0';
    if (point) out->scale++;
  }
  int exponent = 0;
  if (!count) return ZD_FP_READ_NONE;
  if (i < text.n) {
    if (text.p[i] != 'e' && text.p[i] != 'E') return ZD_FP_READ_NONE;
    if (!read_exponent(zd_slice_from(text, i + 1), &exponent)) return ZD_FP_READ_NONE;
  }
  if (large) return ZD_FP_READ_LARGE;
  if (negative) out->digits = -out->digits;
  return apply_exponent(out, exponent);
}

size_t zd_fp_decimal_write(const zd_fp_decimal *a, char *out) {
  char digits[48];
  size_t n = 0, at = 0;
  whole_u rest = a->digits < 0 ? -(whole_u)a->digits : (whole_u)a->digits;
  while (rest || n <= (size_t)a->scale) {
    digits[n++] = (char)('0' + (int)(rest % 10));
    rest /= 10;
  }
  if (a->digits < 0) out[at++] = '-';
  while (n) {
    out[at++] = digits[--n];
    if (n == (size_t)a->scale && n) out[at++] = '.';
  }
  return at;
}

/* ---- order, sums, products ---- */

int zd_fp_decimal_cmp(const zd_fp_decimal *a, const zd_fp_decimal *b) {
  if (a->scale == b->scale) return (a->digits > b->digits) - (a->digits < b->digits);
  zd_fp_whole ta = ten(a->scale), tb = ten(b->scale);
  zd_fp_whole x = a->digits / ta, y = b->digits / tb;
  if (x != y) return x < y ? -1 : 1;
  x = a->digits % ta;
  y = b->digits % tb;
  if (a->scale < b->scale)
    x *= ten(b->scale - a->scale);
  else
    y *= ten(a->scale - b->scale);
  return (x > y) - (x < y);
}

static bool align(zd_fp_decimal *a, zd_fp_decimal *b) {
  if (a->scale > b->scale) {
    if (!scale_up(&b->digits, a->scale - b->scale)) return false;
    b->scale = a->scale;
  } else if (b->scale > a->scale) {
    if (!scale_up(&a->digits, b->scale - a->scale)) return false;
    a->scale = b->scale;
  }
  return true;
}

/* As they stand, or, when that does not fit, without the zeros at their ends. */
static bool align_both(const zd_fp_decimal *a, const zd_fp_decimal *b, zd_fp_decimal *x,
                       zd_fp_decimal *y) {
  *x = *a;
  *y = *b;
  if (align(x, y)) return true;
  *x = zd_fp_decimal_trim(*a);
  *y = zd_fp_decimal_trim(*b);
  return align(x, y);
}

bool zd_fp_decimal_add(const zd_fp_decimal *a, const zd_fp_decimal *b, zd_fp_decimal *out) {
  zd_fp_decimal x, y;
  if (!align_both(a, b, &x, &y)) return false;
  *out = (zd_fp_decimal){x.digits + y.digits, x.scale};
  return fits(out->digits);
}

bool zd_fp_decimal_mul(const zd_fp_decimal *a, const zd_fp_decimal *b, zd_fp_decimal *out) {
  zd_fp_decimal x = *a, y = *b;
  for (int trimmed = 0; trimmed < 2; trimmed++) {
    zd_fp_whole product;
    if (!__builtin_mul_overflow(x.digits, y.digits, &product) && fits(product) &&
        x.scale + y.scale <= ZD_FP_DIGITS) {
      *out = (zd_fp_decimal){product, x.scale + y.scale};
      return true;
    }
    x = zd_fp_decimal_trim(*a);
    y = zd_fp_decimal_trim(*b);
  }
  return false;
}

bool zd_fp_decimal_split(const zd_fp_decimal *a, const zd_fp_decimal *b, zd_fp_decimal *quotient,
                         zd_fp_decimal *rest) {
  zd_fp_decimal x, y;
  if (!align_both(a, b, &x, &y)) return false;
  if (quotient) *quotient = (zd_fp_decimal){x.digits / y.digits, 0};
  if (rest) *rest = (zd_fp_decimal){x.digits % y.digits, x.scale};
  return true;
}

/* ---- quotients ---- */

static int digit_count(whole_u a) {
  int n = 0;
  for (; a; a /= 10) n++;
  return n;
}

static whole_u size_of(zd_fp_whole a) {
  return a < 0 ? -(whole_u)a : (whole_u)a;
}

/* Long division, digit by digit: exponent is that of the last digit written. */
bool zd_fp_decimal_div(const zd_fp_decimal *a, const zd_fp_decimal *b, zd_fp_decimal *out) {
  zd_fp_decimal x = zd_fp_decimal_trim(*a), y = zd_fp_decimal_trim(*b);
  whole_u n = size_of(x.digits), d = size_of(y.digits);
  int scale = x.scale - y.scale;
  while (d % 10 == 0 && d) { /* room for the rest times ten */
    d /= 10;
    scale++;
  }
  assert(d);
  if (d > (whole_u)ten(37)) return false;
  whole_u quotient = n / d, rest = n % d;
  while ((rest || scale < 0) && digit_count(quotient) < ZD_FP_QUOTIENT_DIGITS &&
         scale < ZD_FP_DIGITS) {
    quotient = quotient * 10 + rest * 10 / d;
    rest = rest * 10 % d;
    scale++;
  }
  if (rest && (rest * 2 > d || (rest * 2 == d && quotient % 2))) quotient++;
  zd_fp_whole digits = (zd_fp_whole)quotient;
  if (scale < 0) {
    if (!scale_up(&digits, -scale)) return false;
    scale = 0;
  }
  while (scale > ZD_FP_DIGITS && digits % 10 == 0 && digits) {
    digits /= 10;
    scale--;
  }
  if (scale > ZD_FP_DIGITS || !fits(digits)) return false;
  *out = (zd_fp_decimal){(x.digits < 0) != (y.digits < 0) ? -digits : digits, scale};
  *out = zd_fp_decimal_trim(*out);
  return true;
}

bool zd_fp_decimal_round(const zd_fp_decimal *a, int32_t scale, zd_fp_rounding how,
                         zd_fp_decimal *out) {
  *out = *a;
  if (scale < 0 || scale > ZD_FP_DIGITS) return false;
  if (scale >= a->scale) {
    out->scale = scale;
    return scale_up(&out->digits, scale - a->scale);
  }
  zd_fp_whole unit = ten(a->scale - scale), rest = a->digits % unit;
  zd_fp_whole whole = a->digits / unit, size = rest < 0 ? -rest : rest;
  if (how == ZD_FP_HALF_UP && size >= unit - size) whole += a->digits < 0 ? -1 : 1;
  if (how == ZD_FP_DOWN && rest < 0) whole--;
  if (how == ZD_FP_UP && rest > 0) whole++;
  *out = (zd_fp_decimal){whole, scale};
  return true;
}

/* ---- roots and powers ---- */

static whole_u whole_root(whole_u a) {
  if (!a) return 0;
  whole_u x = (whole_u)sqrtl((long double)a) + 1;
  for (;;) { /* Newton from above */
    assert(x);
    whole_u next = (x + a / x) / 2;
    if (next >= x) break;
    x = next;
  }
  while (x * x > a) x--;
  return x;
}

bool zd_fp_decimal_sqrt(const zd_fp_decimal *a, zd_fp_decimal *out) {
  zd_fp_decimal x = zd_fp_decimal_trim(*a);
  zd_fp_whole digits = x.digits;
  int scale = x.scale;
  if (scale % 2) {
    if (!scale_up(&digits, 1)) return false;
    scale++;
  }
  whole_u root = whole_root((whole_u)digits);
  if (root * root != (whole_u)digits) {
    while (scale + 2 <= ZD_FP_DIGITS * 2 && scale_up(&digits, 2)) scale += 2;
    root = whole_root((whole_u)digits);
    if ((whole_u)digits - root * root > root) root++;
  }
  *out = zd_fp_decimal_trim((zd_fp_decimal){(zd_fp_whole)root, scale / 2});
  return out->scale <= ZD_FP_DIGITS;
}

bool zd_fp_decimal_power(const zd_fp_decimal *a, int64_t power, zd_fp_decimal *out) {
  zd_fp_decimal base = *a, result = {1, 0};
  if (power > 1000 || power < -1000) {
    if (base.digits != 0 && base.digits != 1 && base.digits != -1) return false;
    if (base.scale) return false;
    power = power % 2 ? 1 : 2;
  }
  uint64_t times = power < 0 ? (uint64_t)-power : (uint64_t)power;
  for (; times; times >>= 1) {
    if (times & 1 && !zd_fp_decimal_mul(&result, &base, &result)) return false;
    if (times > 1 && !zd_fp_decimal_mul(&base, &base, &base)) return false;
  }
  zd_fp_decimal one = {1, 0};
  *out = result;
  return power >= 0 || (result.digits && zd_fp_decimal_div(&one, &result, out));
}

long double zd_fp_decimal_float(const zd_fp_decimal *a) {
  return (long double)a->digits / (long double)ten(a->scale);
}

bool zd_fp_decimal_of_float(long double value, zd_fp_decimal *out) {
  char text[64];
  if (!isfinite(value)) return false;
  int n = snprintf(text, sizeof text, "%.*Le", ZD_FP_FLOAT_DIGITS - 1, value);
  if (n < 0 || zd_fp_decimal_read((zd_slice){text, (size_t)n}, out)) return false;
  *out = zd_fp_decimal_trim(*out);
  return true;
}
