/* The units compiler: the tables of UCUM in, a C file with every unit made canonical out.
 *
 *   zd_units FOLDER FILE
 *
 * FOLDER is the unpacked npm package @atomic-ehr/ucum. Units are defined by other units, in no
 * order: passes over them go on until nothing is left. Reading and measuring codes is that of
 * src/ucum, over the units that are known so far. Exit status: 0 done, 1 failed, 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "common_codes.h"
#include "definitions.h"
#include "ucum/ucum_internal.h"

enum { SLOTS = 2048, ARBITRARY = 40 };

typedef struct compiler {
  zd_arena arena;
  definitions d;
  ucum_atom atoms[UNITS_MAX];
  ucum_prefix prefixes[PREFIXES_MAX];
  ucum_known known[COMMON_CODES];
  uint16_t atom_slots[SLOTS], known_slots[SLOTS];
  bool done[UNITS_MAX];
  int arbitrary;
  ucum_table table;
  zd_fault *fault;
} compiler;

static zd_err store_exact(compiler *c, const zd_rational *from, ucum_exact *to) {
  uint32_t *n = ZD_NEW_ARRAY(&c->arena, uint32_t, from->numerator.n + 1);
  uint32_t *d = ZD_NEW_ARRAY(&c->arena, uint32_t, from->denominator.n + 1);
  if (!n || !d) return ZD_ERR_MEMORY;
  memcpy(n, from->numerator.limb, from->numerator.n * sizeof *n);
  memcpy(d, from->denominator.limb, from->denominator.n * sizeof *d);
  *to = (ucum_exact){n, d, (uint16_t)from->numerator.n, (uint16_t)from->denominator.n,
                     from->exponent};
  return ZD_OK;
}

static void slot(uint16_t *slots, zd_slice code, uint16_t number) {
  uint32_t i = ucum_hash(code);
  while (slots[i & (SLOTS - 1)]) i++;
  slots[i & (SLOTS - 1)] = (uint16_t)(number + 1);
}

/* ---- definitions ---- */

static zd_err load(compiler *c, const char *folder, const char *name, unit_definition *out, int max,
                   int *count) {
  char path[4096];
  zd_buffer text;
  zd_buffer_init(&text, 0);
  if (snprintf(path, sizeof path, "%s/dist/%s", folder, name) >= (int)sizeof path)
    return zd_fail(c->fault, ZD_ERR_INVALID, "path too long: %s", folder);
  zd_err err = zd_file_read(path, 0, &text, c->fault);
  zd_slice copy = err ? ZD_S("") : zd_arena_copy(&c->arena, zd_buffer_slice(&text));
  zd_buffer_free(&text);
  if (!err && !copy.p) err = ZD_ERR_MEMORY;
  return err ? err : definitions_read(copy, &c->arena, out, max, count, c->fault);
}

static zd_err make_prefixes(compiler *c) {
  zd_err err = ZD_OK;
  for (int i = 0; i < c->d.prefix_count && !err; i++) {
    zd_rational value;
    const unit_definition *u = &c->d.prefixes[i];
    c->prefixes[i] = (ucum_prefix){.code = zd_arena_copy(&c->arena, u->code).p, .name = u->name.p};
    err = zd_rational_read(u->value, &value);
    if (!err) err = store_exact(c, &value, &c->prefixes[i].value);
  }
  c->table.prefix_count = (uint16_t)c->d.prefix_count;
  return err;
}

/* ---- units ---- */

static zd_err curve_of(compiler *c, const unit_definition *u, uint8_t *out) {
  static const struct {
    const char *name;
    ucum_curve curve;
  } curves[] = {{"Cel", UCUM_CEL},
                {"degF", UCUM_DEGF},
                {"degRe", UCUM_DEGRE},
                {"pH", UCUM_PH},
                {"ln", UCUM_LN},
                {"lg", UCUM_LG},
                {"lgTimes2", UCUM_LG_TWICE},
                {"ld", UCUM_LD},
                {"tanTimes100", UCUM_TAN},
                {"100tan", UCUM_TAN_DEGREES},
                {"hpX", UCUM_HP_X},
                {"hpC", UCUM_HP_C},
                {"hpM", UCUM_HP_M},
                {"hpQ", UCUM_HP_Q},
                {"sqrt", UCUM_SQRT}};
  for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
    if (zd_slice_eq(u->function, zd_slice_of(curves[i].name)))
      return *out = (uint8_t)curves[i].curve, ZD_OK;
  return zd_fail(c->fault, ZD_ERR_UNSUPPORTED, "unknown function %.*s", ZD_SV(u->function));
}

/* UCUM's table tells arbitrary units from other units of one; the package does not. They are those
 * of chemistry and the clinic, but for these two. */
static bool is_arbitrary(const unit_definition *u) {
  bool group = zd_slice_eq(u->group, ZD_S("chemical")) || zd_slice_eq(u->group, ZD_S("clinical"));
  return group && !u->special && zd_slice_eq(u->unit, ZD_S("1")) &&
         zd_slice_eq(u->value, ZD_S("1")) && !zd_slice_eq(u->property, ZD_S("x-ray attenuation")) &&
         !zd_slice_eq(u->property, ZD_S("view area in microscope"));
}

static zd_err make_base(compiler *c, int i, ucum_measure *m) {
  static const char *const bases[UCUM_BASES] = {"C", "K", "cd", "g", "m", "rad", "s"};
  for (int k = 0; k < UCUM_BASES; k++) {
    if (!zd_slice_eq(c->d.units[i].code, zd_slice_of(bases[k]))) continue;
    m->dimension.base[k] = 1;
    return ZD_OK;
  }
  return zd_fail(c->fault, ZD_ERR_UNSUPPORTED, "unknown base unit %.*s", ZD_SV(c->d.units[i].code));
}

/* value * unit, by the units known so far. */
static zd_err make_derived(compiler *c, const unit_definition *u, ucum_measure *m) {
  ucum_code code;
  zd_rational times;
  zd_ucum_fault why;
  zd_err err = zd_ucum_read(&c->table, u->special ? u->argument_unit : u->unit, &code, &why);
  if (!err) err = zd_ucum_measure(&c->table, &code, m, &why);
  if (err) return ZD_ERR_NOT_FOUND; /* not yet */
  err = zd_rational_read(u->special ? u->argument : u->value, &times);
  if (!err) err = zd_rational_mul(&m->factor, &times, &m->factor);
  if (zd_slice_eq(u->code, ZD_S("mol"))) m->dimension.amount = 1;
  return err;
}

static zd_err make_unit(compiler *c, int i) {
  const unit_definition *u = &c->d.units[i];
  ucum_atom *atom = &c->atoms[i];
  ucum_measure m = {0};
  zd_err err = ZD_OK;
  zd_rational_set(&m.factor, 1);
  if (u->base) {
    err = make_base(c, i, &m);
  } else if (is_arbitrary(u)) {
    m.dimension.count = 1;
    m.dimension.other[0].atom = (uint16_t)i;
    m.dimension.other[0].power = 1;
    c->arbitrary++;
  } else {
    err = make_derived(c, u, &m);
  }
  if (!err && u->special) err = curve_of(c, u, &atom->curve);
  if (err) return err;
  atom->code = u->code.p;
  atom->name = u->name.p;
  atom->metric = u->metric;
  atom->dimension = m.dimension;
  c->done[i] = true;
  slot(c->atom_slots, u->code, (uint16_t)i);
  return store_exact(c, &m.factor, &atom->value);
}

static zd_err make_units(compiler *c) {
  int left = c->d.unit_count, before = 0;
  zd_err err = ZD_OK;
  while (left && left != before && !err) {
    before = left;
    for (int i = 0; i < c->d.unit_count && !err; i++) {
      if (c->done[i]) continue;
      err = make_unit(c, i);
      if (!err) left--;
      if (err == ZD_ERR_NOT_FOUND) err = ZD_OK;
    }
  }
  for (int i = 0; i < c->d.unit_count && !err; i++)
    if (!c->done[i])
      err = zd_fail(c->fault, ZD_ERR_INVALID, "%.*s is defined by nothing known: %.*s",
                    ZD_SV(c->d.units[i].code), ZD_SV(c->d.units[i].unit));
  if (!err && c->arbitrary != ARBITRARY)
    err = zd_fail(c->fault, ZD_ERR_INVALID, "%d arbitrary units, not %d", c->arbitrary, ARBITRARY);
  return err;
}

static zd_err make_known(compiler *c) {
  zd_err err = ZD_OK;
  for (int i = 0; i < COMMON_CODES && !err; i++) {
    ucum_code code;
    ucum_measure m;
    zd_ucum_fault why = {0};
    ucum_known *known = &c->known[c->table.known_count];
    known->code = zd_slice_of(common_codes[i]);
    err = zd_ucum_read(&c->table, known->code, &code, &why);
    if (!err) err = zd_ucum_measure(&c->table, &code, &m, &why);
    if (err) return zd_fail(c->fault, err, "%s: %s", common_codes[i], why.text);
    err = zd_ucum_form_of(&c->table, &m, &c->arena, &known->form);
    slot(c->known_slots, known->code, c->table.known_count++);
  }
  return err;
}

/* ---- writing ---- */

static void put_string(FILE *f, const char *s) {
  fputc('"', f);
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') fputc('\\', f);
    if ((unsigned char)*s < 0x80) {
      fputc(*s, f);
    } else {
      fprintf(f, "\\%03o", (unsigned char)*s);
    }
  }
  fputc('"', f);
}

static void put_slice(FILE *f, zd_slice s) {
  fputs("{", f);
  put_string(f, s.p);
  fprintf(f, ", %zu}", s.n);
}

static void put_limbs(FILE *f, const uint32_t *limbs, uint16_t n) {
  fputs("(const uint32_t[]){", f);
  for (uint16_t i = 0; i < n; i++) fprintf(f, "%s%uu", i ? ", " : "", limbs[i]);
  fputs("}", f);
}

static void put_exact(FILE *f, const ucum_exact *e) {
  fputs("{", f);
  put_limbs(f, e->numerator, e->numerator_n);
  fputs(", ", f);
  put_limbs(f, e->denominator, e->denominator_n);
  fprintf(f, ", %u, %u, %d}", e->numerator_n, e->denominator_n, e->exponent);
}

static void put_dimension(FILE *f, const ucum_dimension *d) {
  fputs("{{", f);
  for (int i = 0; i < UCUM_BASES; i++) fprintf(f, "%s%d", i ? ", " : "", d->base[i]);
  fprintf(f, "}, %d, %u, {", d->amount, d->count);
  for (int i = 0; i < (d->count ? d->count : 1); i++)
    fprintf(f, "%s{%u, %d}", i ? ", " : "", d->other[i].atom, d->other[i].power);
  fputs("}}", f);
}

static void put_atoms(FILE *f, const compiler *c) {
  fputs("static const ucum_atom atoms[] = {\n", f);
  for (int i = 0; i < c->d.unit_count; i++) {
    const ucum_atom *a = &c->atoms[i];
    fputs("  {", f);
    put_string(f, a->code);
    fputs(", ", f);
    put_string(f, a->name);
    fprintf(f, ", %s, %u, ", a->metric ? "true" : "false", a->curve);
    put_exact(f, &a->value);
    fputs(", ", f);
    put_dimension(f, &a->dimension);
    fputs("},\n", f);
  }
  fputs("};\n\nstatic const ucum_prefix prefixes[] = {\n", f);
  for (int i = 0; i < c->d.prefix_count; i++) {
    fputs("  {", f);
    put_string(f, c->prefixes[i].code);
    fputs(", ", f);
    put_string(f, c->prefixes[i].name);
    fputs(", ", f);
    put_exact(f, &c->prefixes[i].value);
    fputs("},\n", f);
  }
  fputs("};\n\n", f);
}

static void put_known(FILE *f, const compiler *c) {
  fputs("static const ucum_known known[] = {\n", f);
  for (uint16_t i = 0; i < c->table.known_count; i++) {
    const ucum_known *k = &c->known[i];
    fputs("  {", f);
    put_slice(f, k->code);
    fputs(", {", f);
    put_slice(f, k->form.unit);
    fputs(", ", f);
    put_slice(f, k->form.numerator);
    fputs(", ", f);
    put_slice(f, k->form.denominator);
    fprintf(f, ", %d, ", k->form.exponent);
    put_slice(f, k->form.offset);
    fprintf(f, ", (zd_ucum_scale)%d}},\n", (int)k->form.scale);
  }
  fputs("};\n\n", f);
}

static void put_slots(FILE *f, const char *name, const uint16_t *slots) {
  fprintf(f, "static const uint16_t %s[] = {", name);
  for (int i = 0; i < SLOTS; i++) fprintf(f, "%s%u,", i % 16 ? " " : "\n  ", slots[i]);
  fputs("\n};\n\n", f);
}

static void put_table(FILE *f, const compiler *c) {
  fputs(
      "/* Made by tools/units from the npm package @atomic-ehr/ucum.\n"
      " * UCUM is copyright 1999-2024, Regenstrief Institute, Inc.: https://ucum.org/license */\n"
      "#include \"ucum/ucum_internal.h\"\n\n",
      f);
  put_atoms(f, c);
  put_known(f, c);
  put_slots(f, "atom_slots", c->atom_slots);
  put_slots(f, "known_slots", c->known_slots);
  fprintf(f,
          "const ucum_table zd_ucum_units = {atoms, prefixes, known, atom_slots, known_slots,\n"
          "                                  %d, %d, %u, %d, %d};\n",
          c->d.unit_count, c->d.prefix_count, c->table.known_count, SLOTS - 1, SLOTS - 1);
}

static zd_err write_table(const compiler *c, const char *path) {
  FILE *f = fopen(path, "wb");
  if (!f) return zd_fail_errno(c->fault, "cannot write %s", path);
  put_table(f, c);
  bool failed = ferror(f) != 0;
  if (fclose(f) != 0 || failed) return zd_fail(c->fault, ZD_ERR_IO, "cannot write %s", path);
  return ZD_OK;
}

static zd_err compile(compiler *c, const char *folder, const char *path) {
  zd_arena_init(&c->arena, 0);
  c->table = (ucum_table){.atoms = c->atoms,
                          .prefixes = c->prefixes,
                          .known = c->known,
                          .atom_slots = c->atom_slots,
                          .known_slots = c->known_slots,
                          .atom_mask = SLOTS - 1,
                          .known_mask = SLOTS - 1};
  zd_err err = load(c, folder, "units.js", c->d.units, UNITS_MAX, &c->d.unit_count);
  if (!err) err = load(c, folder, "prefixes.js", c->d.prefixes, PREFIXES_MAX, &c->d.prefix_count);
  if (!err) err = make_prefixes(c);
  if (!err) err = make_units(c);
  if (!err) err = make_known(c);
  if (!err) err = write_table(c, path);
  if (!err)
    printf("%s: %d units, %d prefixes, %u codes\n", path, c->d.unit_count, c->d.prefix_count,
           c->table.known_count);
  zd_arena_free(&c->arena);
  return err;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: zd_units FOLDER FILE\n");
    return 2;
  }
  zd_fault fault = {0};
  compiler *c = calloc(1, sizeof *c);
  if (!c) return 1;
  c->fault = &fault;
  zd_err err = compile(c, argv[1], argv[2]);
  if (err)
    fprintf(stderr, "zd_units: %s (the tables of UCUM should be in %s: run \"make deps\")\n",
            fault.text[0] ? fault.text : zd_err_name(err), argv[1]);
  free(c);
  return err ? 1 : 0;
}
