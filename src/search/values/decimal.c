#include "search/values/decimal.h"

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static int32_t far_clamp(int64_t e) {
  if (e > ZD_DECIMAL_FAR) return ZD_DECIMAL_FAR;
  return e < -ZD_DECIMAL_FAR ? -ZD_DECIMAL_FAR : (int32_t)e;
}

/* The exponent part at s[i..]; *value saturates. False when it is malformed. */
static bool read_exponent(zd_slice s, size_t i, int64_t *value) {
  bool negative = false;
  if (i < s.n && (s.p[i] == '+' || s.p[i] == '-')) negative = s.p[i++] == '-';
  if (i == s.n) return false;
  int64_t e = 0;
  for (; i < s.n; i++) {
    if (!is_digit(s.p[i])) return false;
    if (e < ZD_DECIMAL_FAR) e = e * 10 + (s.p[i] - '0');
  }
  *value = negative ? -e : e;
  return true;
}

/* Sets digits without leading and trailing zeros; `point` is the place of the decimal point counted
 * from the first of the n given digits. */
static void set_digits(zd_decimal *d, const char *digits, size_t n, int64_t point) {
  while (n && digits[0] == '0') digits++, n--, point--;
  while (n && digits[n - 1] == '0') n--;
  d->digits = digits;
  d->n = (uint32_t)n;
  d->exponent = n ? far_clamp(point) : 0;
  if (!n) d->negative = false;
}

zd_err zd_decimal_read(zd_slice s, zd_arena *arena, zd_decimal *out) {
  *out = (zd_decimal){.digits = s.p};
  if (s.n > UINT32_MAX / 2) return ZD_ERR_LIMIT;
  size_t i = 0;
  if (i < s.n && (s.p[i] == '-' || s.p[i] == '+')) out->negative = s.p[i++] == '-';
  size_t first = i, whole = 0, fraction = 0;
  while (i < s.n && is_digit(s.p[i])) i++, whole++;
  if (!whole) return ZD_ERR_INVALID;
  if (i < s.n && s.p[i] == '.') {
    i++;
    while (i < s.n && is_digit(s.p[i])) i++, fraction++;
    if (!fraction) return ZD_ERR_INVALID;
  }
  int64_t e = 0;
  if (i < s.n && ((s.p[i] != 'e' && s.p[i] != 'E') || !read_exponent(s, i + 1, &e)))
    return ZD_ERR_INVALID;
  const char *digits = s.p + first;
  if (fraction) {
    char *copy = zd_arena_alloc(arena, whole + fraction);
    if (!copy) return ZD_ERR_MEMORY;
    memcpy(copy, digits, whole);
    memcpy(copy + whole, digits + whole + 1, fraction);
    digits = copy;
  }
  out->unit = far_clamp(e - (int64_t)fraction);
  set_digits(out, digits, whole + fraction, (int64_t)whole + e);
  return ZD_OK;
}

static int cmp_magnitude(const zd_decimal *a, const zd_decimal *b) {
  if (!a->n || !b->n) return (a->n > 0) - (b->n > 0);
  if (a->exponent != b->exponent) return a->exponent < b->exponent ? -1 : 1;
  return zd_slice_cmp(zd_slice_make(a->digits, a->n), zd_slice_make(b->digits, b->n));
}

int zd_decimal_cmp(const zd_decimal *a, const zd_decimal *b) {
  if (a->negative != b->negative) return a->negative ? -1 : 1;
  int order = cmp_magnitude(a, b);
  return a->negative ? -order : order;
}

zd_decimal zd_decimal_negate(zd_decimal a) {
  if (a.n) a.negative = !a.negative;
  return a;
}

zd_decimal zd_decimal_half_unit(const zd_decimal *a) {
  return (zd_decimal){.digits = "5", .n = 1, .exponent = a->unit, .unit = a->unit - 1};
}

/* Digit of weight 10^at. */
static int digit_at(const zd_decimal *d, int64_t at) {
  int64_t i = (int64_t)d->exponent - 1 - at;
  return i >= 0 && i < d->n ? d->digits[i] - '0' : 0;
}

static int64_t lowest(const zd_decimal *d) {
  return (int64_t)d->exponent - d->n;
}

zd_err zd_decimal_add(const zd_decimal *a, const zd_decimal *b, zd_arena *arena, zd_decimal *out) {
  int32_t unit = a->unit < b->unit ? a->unit : b->unit;
  if (!a->n || !b->n) {
    *out = a->n ? *a : *b;
    out->unit = unit;
    return ZD_OK;
  }
  if (cmp_magnitude(a, b) < 0) {
    const zd_decimal *swap = a;
    a = b;
    b = swap;
  }
  int64_t bottom = lowest(a) < lowest(b) ? lowest(a) : lowest(b);
  int64_t width = (int64_t)a->exponent - bottom + 1; /* one for the carry */
  if (width > ZD_DECIMAL_WIDTH) return ZD_ERR_LIMIT;
  char *digits = zd_arena_alloc(arena, (size_t)width);
  if (!digits) return ZD_ERR_MEMORY;
  int sign = a->negative == b->negative ? 1 : -1, carry = 0;
  for (int64_t k = 0; k < width; k++) { /* from the lowest digit upwards; |a| >= |b| */
    int sum = digit_at(a, bottom + k) + sign * digit_at(b, bottom + k) + carry;
    carry = sum < 0 ? -1 : sum / 10;
    digits[width - 1 - k] = (char)('0' + (sum - 10 * carry));
  }
  *out = (zd_decimal){.negative = a->negative, .unit = unit};
  set_digits(out, digits, (size_t)width, (int64_t)a->exponent + 1);
  return ZD_OK;
}

zd_err zd_decimal_mul(const zd_decimal *a, const zd_decimal *b, zd_arena *arena, zd_decimal *out) {
  size_t n = (size_t)a->n + b->n;
  if (n > ZD_DECIMAL_WIDTH) return ZD_ERR_LIMIT;
  *out = (zd_decimal){.digits = "", .unit = far_clamp((int64_t)a->unit + b->unit)};
  if (!a->n || !b->n) return ZD_OK;
  char *digits = zd_arena_alloc(arena, n);
  if (!digits) return ZD_ERR_MEMORY;
  memset(digits, 0, n);
  for (size_t i = a->n; i-- > 0;) {
    int carry = 0;
    for (size_t j = b->n; j-- > 0;) {
      int v = digits[i + j + 1] + (a->digits[i] - '0') * (b->digits[j] - '0') + carry;
      digits[i + j + 1] = (char)(v % 10);
      carry = v / 10;
    }
    digits[i] = (char)carry;
  }
  for (size_t i = 0; i < n; i++) digits[i] = (char)(digits[i] + '0');
  out->negative = a->negative != b->negative;
  set_digits(out, digits, n, (int64_t)a->exponent + b->exponent);
  return ZD_OK;
}

enum { QUOTIENT_DIGITS = 20, DIVISOR_MAX = 100, DIVISOR_SHORT = 17 };

/* What is left of a division so far, as m + 1 digits. */
typedef struct remainder {
  int digits[DIVISOR_MAX + 1];
  uint32_t m;
} remainder;

static bool holds(const remainder *r, const zd_decimal *b) {
  if (r->digits[0]) return true;
  for (uint32_t i = 0; i < r->m; i++) {
    int other = b->digits[i] - '0';
    if (r->digits[i + 1] != other) return r->digits[i + 1] > other;
  }
  return true;
}

static void take(remainder *r, const zd_decimal *b) {
  int borrow = 0;
  for (uint32_t i = r->m; i-- > 0;) {
    int v = r->digits[i + 1] - (b->digits[i] - '0') - borrow;
    borrow = v < 0;
    r->digits[i + 1] = v + 10 * borrow;
  }
  r->digits[0] -= borrow;
}

/* Shifts the next digit in; returns the quotient's. */
static int divide_step(remainder *r, int digit, const zd_decimal *b) {
  int q = 0;
  memmove(r->digits, r->digits + 1, r->m * sizeof *r->digits);
  r->digits[r->m] = digit;
  for (; holds(r, b); q++) take(r, b);
  return q;
}

/* Digits counted from the first; 0 behind the last. */
static int digit_from(const zd_decimal *a, uint32_t at) {
  return at < a->n ? a->digits[at] - '0' : 0;
}

/* The digits of a / b, the first of them perhaps 0, until QUOTIENT_DIGITS count; *more: that is not
 * all. Returns how many. */
static size_t divide_long(const zd_decimal *a, const zd_decimal *b, char *digits, bool *more) {
  remainder r = {.m = b->n};
  size_t n = 0, significant = 0;
  for (; significant < QUOTIENT_DIGITS; n++) {
    int q = divide_step(&r, digit_from(a, (uint32_t)n), b);
    if (q || significant) significant++;
    digits[n] = (char)('0' + q);
  }
  *more = n < a->n;
  for (uint32_t i = 0; i <= r.m && !*more; i++) *more = r.digits[i] != 0;
  return n;
}

/* The same for a divisor that a machine word holds, as nearly every one is. */
static size_t divide_short(const zd_decimal *a, const zd_decimal *b, char *digits, bool *more) {
  uint64_t divisor = 0, left = 0;
  size_t n = 0, significant = 0;
  for (uint32_t i = 0; i < b->n; i++) divisor = divisor * 10 + (uint64_t)digit_from(b, i);
  for (; significant < QUOTIENT_DIGITS; n++) {
    left = left * 10 + (uint64_t)digit_from(a, (uint32_t)n);
    uint64_t q = left / divisor;
    left -= q * divisor;
    if (q || significant) significant++;
    digits[n] = (char)('0' + q);
  }
  *more = n < a->n || left;
  return n;
}

zd_err zd_decimal_quotient(const zd_decimal *a, const zd_decimal *b, zd_arena *arena,
                           zd_decimal *out) {
  if (!b->n || b->negative) return ZD_ERR_INVALID;
  if (b->n > DIVISOR_MAX) return ZD_ERR_LIMIT;
  *out = (zd_decimal){.digits = "", .unit = far_clamp((int64_t)a->unit - b->unit)};
  if (!a->n) return ZD_OK;
  char *digits = zd_arena_alloc(arena, (size_t)b->n + QUOTIENT_DIGITS + 2);
  if (!digits) return ZD_ERR_MEMORY;
  bool more;
  size_t n =
      b->n <= DIVISOR_SHORT ? divide_short(a, b, digits, &more) : divide_long(a, b, digits, &more);
  if (more) digits[n++] = '1';
  out->negative = a->negative;
  set_digits(out, digits, n, (int64_t)a->exponent - b->exponent + b->n);
  return ZD_OK;
}

int64_t zd_decimal_key(const zd_decimal *a, bool *exact) {
  enum { DIGITS = 16, BIAS = 128, LEAST = 1 - BIAS, MOST = 254 - BIAS };
  *exact = a->n <= DIGITS && a->exponent >= LEAST && a->exponent <= MOST;
  if (!a->n) {
    *exact = true;
    return 0;
  }
  int64_t key;
  if (a->exponent > MOST) {
    key = (int64_t)255 << 55;
  } else if (a->exponent < LEAST) {
    key = 1;
  } else {
    int64_t digits = 0;
    for (uint32_t i = 0; i < DIGITS; i++)
      digits = digits * 10 + (i < a->n ? a->digits[i] - '0' : 0);
    key = ((int64_t)(a->exponent + BIAS) << 55) | (digits << 1) | (a->n > DIGITS);
  }
  return a->negative ? -key : key;
}
