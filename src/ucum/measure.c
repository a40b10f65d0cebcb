/* measure.c: what a code amounts to: its factor and its dimension. */
#include <stdio.h>

#include "ucum/ucum_internal.h"

typedef struct measurer {
  const ucum_table *table;
  const ucum_code *code;
  ucum_measure *out;
  zd_ucum_fault *fault;
} measurer;

/* By their codes, in the order of the bytes: also the order of ucum_dimension. */
static const char *const bases[UCUM_BASES] = {"C", "K", "cd", "g", "m", "rad", "s"};

void zd_ucum_load(const ucum_exact *from, zd_rational *to) {
  to->negative = false;
  to->exponent = from->exponent;
  zd_natural_load(&to->numerator, from->numerator, from->numerator_n);
  zd_natural_load(&to->denominator, from->denominator, from->denominator_n);
}

/* ---- dimensions ---- */

static zd_err join_power(int16_t *power, int more, int times) {
  int sum = *power + more * times;
  if (sum > UCUM_POWER_MAX || sum < -UCUM_POWER_MAX) return ZD_ERR_LIMIT;
  *power = (int16_t)sum;
  return ZD_OK;
}

static zd_err join_other(ucum_dimension *a, uint16_t atom, int power, int times) {
  uint8_t i = 0;
  while (i < a->count && a->other[i].atom < atom) i++;
  if (i == a->count || a->other[i].atom != atom) {
    if (!power || !times) return ZD_OK;
    if (a->count == UCUM_OTHERS) return ZD_ERR_LIMIT;
    memmove(a->other + i + 1, a->other + i, (size_t)(a->count - i) * sizeof *a->other);
    a->count++;
    a->other[i].atom = atom;
    a->other[i].power = 0;
  }
  zd_err err = join_power(&a->other[i].power, power, times);
  if (!err && !a->other[i].power) {
    a->count--;
    memmove(a->other + i, a->other + i + 1, (size_t)(a->count - i) * sizeof *a->other);
  }
  return err;
}

zd_err zd_ucum_dimension_join(ucum_dimension *a, const ucum_dimension *b, int power) {
  zd_err err = join_power(&a->amount, b->amount, power);
  for (int i = 0; i < UCUM_BASES && !err; i++) err = join_power(&a->base[i], b->base[i], power);
  for (uint8_t i = 0; i < b->count && !err; i++)
    err = join_other(a, b->other[i].atom, b->other[i].power, power);
  return err;
}

bool zd_ucum_same_dimension(const ucum_dimension *a, const ucum_dimension *b) {
  if (memcmp(a->base, b->base, sizeof a->base) != 0 || a->count != b->count) return false;
  for (uint8_t i = 0; i < a->count; i++)
    if (a->other[i].atom != b->other[i].atom || a->other[i].power != b->other[i].power)
      return false;
  return true;
}

/* ---- text of dimensions ---- */

typedef struct part {
  const char *code;
  int power;
} part;

static int gather(const ucum_table *table, const ucum_dimension *d, part *out) {
  int n = 0;
  for (int i = 0; i < UCUM_BASES; i++)
    if (d->base[i]) out[n++] = (part){bases[i], d->base[i]};
  for (int i = 0; i < d->count; i++) {
    part p = {table->atoms[d->other[i].atom].code, d->other[i].power};
    int at = n++;
    for (; at > 0 && strcmp(out[at - 1].code, p.code) > 0; at--) out[at] = out[at - 1];
    out[at] = p;
  }
  return n;
}

zd_err zd_ucum_dimension_text(const ucum_table *table, const ucum_dimension *d, zd_arena *arena,
                              zd_slice *out) {
  char text[512]; /* 15 parts of at most 11 + 4 + 1 bytes */
  part parts[UCUM_BASES + UCUM_OTHERS];
  int count = gather(table, d, parts);
  size_t n = 0;
  *out = ZD_S("1");
  if (!count) return ZD_OK;
  for (int i = 0; i < count; i++) {
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? "." : "", parts[i].code);
    if (parts[i].power != 1) n += (size_t)snprintf(text + n, sizeof text - n, "%d", parts[i].power);
    if (n >= sizeof text) return ZD_ERR_INTERNAL;
  }
  *out = zd_arena_copy(arena, zd_slice_make(text, n));
  return out->p ? ZD_OK : ZD_ERR_MEMORY;
}

/* ---- walking a code ---- */

static zd_err too_large(const measurer *m, const ucum_node *n, zd_err err) {
  return err ? zd_ucum_fail(m->fault, err, n->at, "a unit too large") : ZD_OK;
}

static zd_err times(measurer *m, const ucum_exact *value, int power) {
  zd_rational r;
  zd_ucum_load(value, &r);
  zd_err err = power == 1 ? ZD_OK : zd_rational_power(&r, power, &r);
  return err ? err : zd_rational_mul(&m->out->factor, &r, &m->out->factor);
}

static zd_err take_special(measurer *m, const ucum_node *n) {
  const ucum_atom *atom = &m->table->atoms[n->atom];
  if (m->code->count > 1 || n->power != 1)
    return zd_ucum_fail(m->fault, ZD_ERR_UNSUPPORTED, n->at,
                        "%s has no ratio scale: it stands alone", atom->code);
  m->out->curve = atom->curve;
  if (n->prefix) zd_ucum_load(&m->table->prefixes[n->prefix - 1].value, &m->out->scale);
  zd_ucum_load(&atom->value, &m->out->factor);
  m->out->dimension = atom->dimension;
  return ZD_OK;
}

static zd_err take_unit(measurer *m, const ucum_node *n, int sign) {
  const ucum_atom *atom = &m->table->atoms[n->atom];
  if (atom->curve) return take_special(m, n);
  zd_err err = times(m, &atom->value, sign * n->power);
  if (!err && n->prefix) err = times(m, &m->table->prefixes[n->prefix - 1].value, sign * n->power);
  if (!err) err = zd_ucum_dimension_join(&m->out->dimension, &atom->dimension, sign * n->power);
  return too_large(m, n, err);
}

static zd_err take_factor(measurer *m, const ucum_node *n, int sign) {
  zd_rational r;
  zd_err err = zd_rational_read(zd_slice_make(m->code->text.p + n->at, n->n), &r);
  if (!err && sign < 0) err = zd_rational_invert(&r);
  if (!err) err = zd_rational_mul(&m->out->factor, &r, &m->out->factor);
  return too_large(m, n, err);
}

/* Brackets have no powers, so that a sign is all that comes down to a node. */
static zd_err take(measurer *m, uint16_t number, int sign) {
  const ucum_node *n = &m->code->nodes[number];
  switch ((ucum_kind)n->kind) {
    case UCUM_UNIT:
      return take_unit(m, n, sign);
    case UCUM_FACTOR:
      return take_factor(m, n, sign);
    case UCUM_NOTE:
      return ZD_OK;
    case UCUM_BELOW:
      return take(m, n->left, -sign);
    case UCUM_TIMES:
    case UCUM_OVER:
      break;
  }
  zd_err err = take(m, n->left, sign);
  return err ? err : take(m, n->right, n->kind == UCUM_OVER ? -sign : sign);
}

zd_err zd_ucum_measure(const ucum_table *table, const ucum_code *code, ucum_measure *out,
                       zd_ucum_fault *fault) {
  measurer m = {.table = table, .code = code, .out = out, .fault = fault};
  out->curve = UCUM_PLAIN;
  out->dimension = (ucum_dimension){0};
  zd_rational_set(&out->scale, 1);
  zd_rational_set(&out->factor, 1);
  return take(&m, code->root, 1);
}
