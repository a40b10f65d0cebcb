/* decimal_text.c: fractions as decimal text, and through binary floating point. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ucum/rational.h"

enum { ENDLESS = 28, WRITTEN_OUT = 21, SMALLEST = -7, ROOM = ZD_NATURAL_DIGITS + 2 };

/* Digits d1 d2 .. dn, the first one standing for 10^exponent. */
typedef struct digits {
  char d[ROOM];
  size_t n;
  int32_t exponent;
  bool more; /* something not zero follows */
} digits;

static void shorten(digits *a) {
  while (a->n > 1 && a->d[a->n - 1] == '0') a->n--;
}

/* Half to even; ..999 carries into a digit before the first. */
static void round_to(digits *a, size_t n) {
  if (a->n <= n) return;
  char next = a->d[n];
  bool beyond = a->more;
  for (size_t i = n + 1; i < a->n; i++) beyond |= a->d[i] != '0';
  bool up = next > '5' || (next == '5' && (beyond || (a->d[n - 1] - '0') % 2));
  a->more = a->more || beyond || next != '0';
  a->n = n;
  size_t i = n;
  while (up && i > 0) {
    if (a->d[--i] < '9') {
      a->d[i]++;
      up = false;
    } else {
      a->d[i] = '0';
    }
  }
  if (up) {
    a->d[0] = '1';
    a->exponent++;
  }
}

/* The first `wanted` digits or a few more of a fraction that never ends. */
static zd_err divide(const zd_rational *a, size_t wanted, digits *out) {
  zd_natural n, d, rest;
  char text[ROOM];
  int32_t shift = (int32_t)wanted + 1 + (int32_t)zd_natural_write(&a->denominator, text) -
                  (int32_t)zd_natural_write(&a->numerator, text);
  zd_natural_copy(&n, &a->numerator);
  zd_natural_copy(&d, &a->denominator);
  zd_err err =
      shift >= 0 ? zd_natural_ten(&n, (uint32_t)shift) : zd_natural_ten(&d, (uint32_t)-shift);
  if (err) return err;
  zd_natural_div(&n, &d, &n, &rest);
  out->n = zd_natural_write(&n, out->d);
  out->exponent = a->exponent - shift + (int32_t)out->n - 1;
  out->more = true;
  round_to(out, wanted);
  return ZD_OK;
}

static zd_err digits_of(const zd_rational *a, unsigned wanted, digits *out) {
  if (zd_natural_is(&a->denominator, 1)) {
    out->n = zd_natural_write(&a->numerator, out->d);
    out->exponent = a->exponent + (int32_t)out->n - 1;
    out->more = false;
    if (wanted) round_to(out, wanted);
  } else {
    zd_err err = divide(a, wanted ? wanted : ENDLESS, out);
    if (err) return err;
  }
  shorten(out);
  return ZD_OK;
}

static size_t put(char *out, const char *bytes, size_t n) {
  memcpy(out, bytes, n);
  return n;
}

static size_t zeros(char *out, size_t n) {
  memset(out, '0', n);
  return n;
}

/* 0.000123   12300   12.3   1.23e-9 */
static size_t lay_out(const digits *a, char *out) {
  size_t at = 0, n = a->n;
  if (a->exponent < SMALLEST || a->exponent > WRITTEN_OUT) {
    at += put(out, a->d, 1);
    if (n > 1) at += put(out + at, ".", 1);
    at += put(out + at, a->d + 1, n - 1);
    return at + (size_t)snprintf(out + at, 16, "e%d", a->exponent);
  }
  if (a->exponent < 0) {
    at += put(out, "0.", 2);
    at += zeros(out + at, (size_t)(-a->exponent - 1));
    return at + put(out + at, a->d, n);
  }
  size_t whole = (size_t)a->exponent + 1;
  if (whole >= n) {
    at += put(out, a->d, n);
    return at + zeros(out + at, whole - n);
  }
  at += put(out, a->d, whole);
  at += put(out + at, ".", 1);
  return at + put(out + at, a->d + whole, n - whole);
}

zd_err zd_rational_write(const zd_rational *a, unsigned most, zd_arena *arena, zd_slice *out,
                         bool *exact) {
  char text[ROOM + 64];
  digits number;
  size_t n = 0;
  if (most > ZD_RATIONAL_ROUNDED) most = ZD_RATIONAL_ROUNDED;
  if (zd_rational_is_zero(a)) {
    if (exact) *exact = true;
    *out = ZD_S("0");
    return ZD_OK;
  }
  zd_err err = digits_of(a, most, &number);
  if (err) return err;
  if (a->negative) n += put(text, "-", 1);
  n += lay_out(&number, text + n);
  if (exact) *exact = !number.more;
  *out = zd_arena_copy(arena, zd_slice_make(text, n));
  return out->p ? ZD_OK : ZD_ERR_MEMORY;
}

long double zd_rational_float(const zd_rational *a) {
  char text[64];
  digits number;
  if (zd_rational_is_zero(a)) return 0;
  if (digits_of(a, 36, &number)) return NAN;
  snprintf(text, sizeof text, "%s%c.%.*se%d", a->negative ? "-" : "", number.d[0],
           (int)number.n - 1, number.d + 1, number.exponent);
  return strtold(text, NULL);
}

zd_err zd_rational_of_float(long double value, zd_rational *out) {
  char text[64];
  if (!isfinite(value)) return ZD_ERR_LIMIT;
  int n = snprintf(text, sizeof text, "%.20Le", value);
  return zd_rational_read(zd_slice_make(text, (size_t)n), out);
}
