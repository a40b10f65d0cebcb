/* definitions.c: an object literal of JavaScript, as far as the tables need it: objects, strings,
 * numbers, true and false; names with or without quotes. */
#include "definitions.h"

enum { DEPTH = 3 };

typedef struct reader {
  zd_slice text;
  size_t at;
  zd_arena *arena;
  unit_definition *out;
  int max, count;
  zd_slice names[DEPTH + 1]; /* of the members around the place */
} reader;

static char next(reader *r) {
  while (r->at < r->text.n && strchr(" \t\r\n", r->text.p[r->at])) r->at++;
  return r->at < r->text.n ? r->text.p[r->at] : 0;
}

static bool skip(reader *r, char c) {
  if (next(r) != c) return false;
  r->at++;
  return true;
}

static zd_err read_string(reader *r, zd_slice *out) {
  char copy[512];
  size_t n = 0;
  while (n < sizeof copy && r->at < r->text.n && r->text.p[r->at] != '"') {
    char c = r->text.p[r->at++];
    if (c == '\\' && r->at < r->text.n) {
      c = r->text.p[r->at++];
      if (c == 'n') c = ' ';
      if (!strchr("\"\\/' ", c)) return ZD_ERR_INVALID;
    }
    copy[n++] = c;
  }
  r->at++;
  *out = zd_arena_copy(r->arena, zd_slice_make(copy, n));
  return r->at > r->text.n ? ZD_ERR_INVALID : out->p ? ZD_OK : ZD_ERR_MEMORY;
}

static zd_err read_word(reader *r, zd_slice *out) {
  size_t start = r->at;
  while (r->at < r->text.n && !strchr(" \t\r\n,:}", r->text.p[r->at])) r->at++;
  *out = zd_slice_make(r->text.p + start, r->at - start);
  return out->n ? ZD_OK : ZD_ERR_INVALID;
}

static zd_err read_scalar(reader *r, zd_slice *out) {
  return skip(r, '"') ? read_string(r, out) : read_word(r, out);
}

static void keep(const reader *r, int depth, zd_slice value) {
  unit_definition *u = &r->out[r->count - 1];
  zd_slice name = r->names[depth], around = depth > 1 ? r->names[depth - 1] : ZD_S("");
  bool in_value = depth == 2 && zd_slice_eq(around, ZD_S("value"));
  bool in_function = depth == 3 && zd_slice_eq(around, ZD_S("function"));
  const struct {
    const char *name;
    bool here;
    zd_slice *slot;
  } texts[] = {{"name", depth == 1, &u->name},
               {"class", depth == 1, &u->group},
               {"property", depth == 1, &u->property},
               {"value", depth == 1 || in_value, &u->value},
               {"Unit", in_value, &u->unit},
               {"name", in_function, &u->function},
               {"Unit", in_function, &u->argument_unit},
               {"value", in_function, &u->argument}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (texts[i].here && zd_slice_eq(name, zd_slice_of(texts[i].name))) *texts[i].slot = value;
  bool yes = zd_slice_eq(value, ZD_S("true"));
  if (depth == 1 && zd_slice_eq(name, ZD_S("isMetric"))) u->metric = yes;
  if (depth == 1 && zd_slice_eq(name, ZD_S("isSpecial"))) u->special = yes;
  if (depth == 1 && zd_slice_eq(name, ZD_S("isBaseUnit"))) u->base = yes;
}

static zd_err begin(reader *r, zd_slice code) {
  if (r->count == r->max) return ZD_ERR_LIMIT;
  r->out[r->count++] = (unit_definition){.code = code};
  return ZD_OK;
}

/* Members behind a brace: `depth` objects are open around this one. */
static zd_err read_members(reader *r, int depth) {
  zd_err err = ZD_OK;
  if (depth > DEPTH) return ZD_ERR_LIMIT;
  while (!err && next(r) != '}') {
    zd_slice value;
    err = read_scalar(r, &r->names[depth]);
    if (!err && !skip(r, ':')) err = ZD_ERR_INVALID;
    if (!err && depth == 0) err = begin(r, r->names[0]);
    if (err) break;
    if (skip(r, '{')) {
      err = read_members(r, depth + 1);
    } else {
      next(r);
      err = read_scalar(r, &value);
      if (!err) keep(r, depth, value);
    }
    if (!err && !skip(r, ',') && next(r) != '}') err = ZD_ERR_INVALID;
  }
  if (!err && !skip(r, '}')) err = ZD_ERR_INVALID;
  return err;
}

zd_err definitions_read(zd_slice text, zd_arena *arena, unit_definition *out, int max, int *count,
                        zd_fault *fault) {
  reader r = {.text = text, .arena = arena, .out = out, .max = max};
  r.at = zd_slice_find(text, '{') + 1;
  zd_err err = read_members(&r, 0);
  *count = r.count;
  return err ? zd_fail(fault, err, "the definitions cannot be read at byte %zu", r.at) : ZD_OK;
}
