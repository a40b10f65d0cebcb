/* read.c: the grammar of UCUM (section 2, "Full and Limited Conformance"; table 1):
 *
 *   main      = "/" term / term
 *   term      = component / term "." component / term "/" component        from the left
 *   component = unit [exponent] [note] / digits [note] / note / "(" term ")"
 *   unit      = atom / prefix metric-atom
 *   exponent  = ["+" / "-"] digits
 *   note      = "{" what is neither brace nor blank "}"
 *
 * An atom is read as far as it goes: a digit, sign or operator ends it, but not within [ ]. Only
 * 10* and 10^ begin with digits.
 */
#include <stdarg.h>
#include <stdio.h>

#include "ucum/ucum_internal.h"

enum { DEPTH = 32, EXPONENT_DIGITS = 3, FACTOR_DIGITS = 18 };

typedef struct reader {
  const ucum_table *table;
  ucum_code *out;
  zd_slice text;
  size_t at;
  int depth;
  zd_ucum_fault *fault;
} reader;

zd_err zd_ucum_fail(zd_ucum_fault *fault, zd_err err, size_t at, const char *format, ...) {
  if (!fault) return err;
  va_list list;
  va_start(list, format);
  fault->at = (uint32_t)at;
  fault->second = false;
  vsnprintf(fault->text, sizeof fault->text, format, list);
  va_end(list);
  return err;
}

static zd_err wrong(const reader *r, const char *what) {
  return zd_ucum_fail(r->fault, ZD_ERR_INVALID, r->at, "%s", what);
}

static char next(const reader *r) {
  return r->at < r->text.n ? r->text.p[r->at] : 0;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_printable(char c) {
  return c > ' ' && c < 127;
}

static bool in_atom(char c) {
  return is_printable(c) && !is_digit(c) && !memchr("+-./(){}[]\"=", c, 12);
}

static ucum_node *node(reader *r, ucum_kind kind, uint16_t *number) {
  *number = r->out->count++; /* a node takes at least one byte of text */
  ucum_node *n = &r->out->nodes[*number];
  *n = (ucum_node){.kind = (uint8_t)kind, .power = 1, .at = (uint16_t)r->at};
  return n;
}

/* ---- looking up ---- */

static int find_atom(const ucum_table *t, zd_slice code) {
  for (uint32_t i = ucum_hash(code);; i++) {
    uint16_t slot = t->atom_slots[i & t->atom_mask];
    if (!slot) return -1;
    const char *other = t->atoms[slot - 1].code;
    if (!strncmp(other, code.p, code.n) && !other[code.n]) return slot - 1;
  }
}

/* A unit as a whole comes first: "cd" is the candela, no centiday. */
static bool find_unit(const ucum_table *t, zd_slice code, ucum_node *out) {
  int atom = find_atom(t, code);
  out->prefix = 0;
  for (uint16_t i = 0; atom < 0 && i < t->prefix_count; i++) {
    zd_slice prefix = zd_slice_of(t->prefixes[i].code);
    if (code.n <= prefix.n || !zd_slice_starts(code, prefix)) continue;
    atom = find_atom(t, zd_slice_from(code, prefix.n));
    if (atom >= 0 && !t->atoms[atom].metric) atom = -1;
    out->prefix = (uint8_t)(i + 1);
  }
  out->atom = (uint16_t)atom;
  return atom >= 0;
}

/* ---- parts ---- */

static zd_err read_note(reader *r, ucum_node *out) {
  if (next(r) != '{') return ZD_OK;
  size_t start = r->at++;
  while (is_printable(next(r)) && !memchr("{}", next(r), 2)) r->at++;
  if (next(r) != '}')
    return wrong(r, r->at < r->text.n ? "no such character in an annotation" : "a } is missing");
  r->at++;
  out->note_at = (uint16_t)start;
  out->note_n = (uint16_t)(r->at - start);
  return ZD_OK;
}

static zd_err read_exponent(reader *r, ucum_node *out) {
  bool minus = next(r) == '-', sign = minus || next(r) == '+';
  if (!sign && !is_digit(next(r))) return ZD_OK;
  if (sign) r->at++;
  if (!is_digit(next(r))) return wrong(r, "an exponent needs digits");
  int value = 0;
  for (int n = 0; is_digit(next(r)); n++, r->at++) {
    if (n == EXPONENT_DIGITS)
      return zd_ucum_fail(r->fault, ZD_ERR_LIMIT, r->at, "exponents have up to three digits");
    value = value * 10 + (next(r) - '0');
  }
  out->power = (int16_t)(minus ? -value : value);
  return ZD_OK;
}

/* Past the symbol at the place; false when brackets are not in order. */
static bool skip_symbol(reader *r) {
  while (in_atom(next(r)) || next(r) == '[') {
    if (next(r) != '[') {
      r->at++;
      continue;
    }
    do r->at++;
    while (is_printable(next(r)) && next(r) != ']' && next(r) != '[');
    if (next(r) != ']') return false;
    r->at++;
  }
  return true;
}

static zd_err read_unit(reader *r, uint16_t *number) {
  size_t start = r->at;
  ucum_node *n = node(r, UCUM_UNIT, number);
  if (is_digit(next(r))) {
    r->at += 3; /* 10* or 10^ */
  } else if (!skip_symbol(r)) {
    return wrong(r, "a ] is missing");
  }
  zd_slice code = zd_slice_make(r->text.p + start, r->at - start);
  if (!find_unit(r->table, code, n))
    return zd_ucum_fail(r->fault, ZD_ERR_INVALID, start, "no unit \"%.*s\"",
                        code.n > 60 ? 60 : (int)code.n, code.p);
  zd_err err = read_exponent(r, n);
  n->n = (uint16_t)(r->at - start);
  return err ? err : read_note(r, n);
}

static zd_err read_factor(reader *r, uint16_t *number) {
  size_t start = r->at;
  bool zero = true;
  while (is_digit(next(r))) zero &= r->text.p[r->at++] == '0';
  size_t end = r->at;
  r->at = start;
  if (zero) return wrong(r, "a factor is above zero");
  if (end - start > FACTOR_DIGITS)
    return zd_ucum_fail(r->fault, ZD_ERR_LIMIT, start, "factors have up to 18 digits");
  ucum_node *n = node(r, UCUM_FACTOR, number);
  n->n = (uint16_t)(end - start);
  r->at = end;
  return read_note(r, n);
}

static bool at_ten(const reader *r) {
  zd_slice rest = zd_slice_from(r->text, r->at);
  return zd_slice_starts(rest, ZD_S("10*")) || zd_slice_starts(rest, ZD_S("10^"));
}

static zd_err read_term(reader *r, uint16_t *number);

static zd_err read_brackets(reader *r, uint16_t *number) {
  size_t open = r->at++;
  if (++r->depth > DEPTH)
    return zd_ucum_fail(r->fault, ZD_ERR_LIMIT, open, "more than 32 brackets within each other");
  zd_err err = read_term(r, number);
  if (!err && next(r) != ')') err = wrong(r, "a ) is missing");
  r->at++;
  r->depth--;
  return err;
}

static zd_err read_component(reader *r, uint16_t *number) {
  char c = next(r);
  if (c == '(') return read_brackets(r, number);
  if (c == '{') return read_note(r, node(r, UCUM_NOTE, number));
  if (at_ten(r) || in_atom(c) || c == '[') return read_unit(r, number);
  if (is_digit(c)) return read_factor(r, number);
  return wrong(r, r->at < r->text.n ? "no unit begins like this" : "a unit is missing");
}

/* Operators and components after the first one, which is *number. */
static zd_err read_rest(reader *r, uint16_t *number) {
  zd_err err = ZD_OK;
  while (!err && (next(r) == '.' || next(r) == '/')) {
    uint16_t left = *number, right = 0;
    ucum_node *n = node(r, next(r) == '.' ? UCUM_TIMES : UCUM_OVER, number);
    r->at++;
    err = read_component(r, &right);
    n->left = left;
    n->right = right;
  }
  return err;
}

static zd_err read_term(reader *r, uint16_t *number) {
  zd_err err = read_component(r, number);
  return err ? err : read_rest(r, number);
}

/* The stroke in front belongs to the first component alone: "/a.b" is b over a. */
static zd_err read_main(reader *r, uint16_t *number) {
  if (next(r) != '/') return read_term(r, number);
  uint16_t first = 0;
  ucum_node *n = node(r, UCUM_BELOW, number);
  r->at++;
  zd_err err = read_component(r, &first);
  n->left = first;
  return err ? err : read_rest(r, number);
}

zd_err zd_ucum_read(const ucum_table *table, zd_slice text, ucum_code *out, zd_ucum_fault *fault) {
  reader r = {.table = table, .out = out, .text = text, .fault = fault};
  out->text = text;
  out->count = 0;
  if (!text.n) return wrong(&r, "a unit is missing");
  if (text.n > ZD_UCUM_CODE_MAX)
    return zd_ucum_fail(fault, ZD_ERR_LIMIT, ZD_UCUM_CODE_MAX, "codes have up to %d bytes",
                        ZD_UCUM_CODE_MAX);
  zd_err err = read_main(&r, &out->root);
  if (!err && r.at < text.n) err = wrong(&r, "an operator or the end should stand here");
  return err;
}
