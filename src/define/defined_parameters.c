#include "define/defined_parameters.h"

#include "base/arena.h"
#include "fhir/path.h"
#include "json/json.h"

/* A new parameter on one type after the other. */
typedef struct check {
  const zd_schema *s, *old;
  uint32_t index;
  zd_param_info info;
  uint32_t types, answered;
  uint32_t other; /* a parameter that has its code; UINT32_MAX: none */
  zd_type where;  /* and on which type */
} check;

/* The program of a parameter for a type, as text; absent when it does not compile. */
static zd_slice program(const zd_schema *s, uint32_t index, zd_type type, zd_arena *arena,
                        zd_err *err, zd_fault *why) {
  const zd_path *path;
  *err = zd_path_compile(s, type, zd_schema_param(s, index).expression, arena, &path, why);
  return *err ? (zd_slice){NULL, 0} : zd_path_explain(path, arena);
}

static bool was_there(const check *c, uint32_t param) {
  zd_slice url = zd_schema_param(c->s, param).url;
  return zd_schema_definition_find(c->old, ZD_DEF_PARAM, url) != UINT32_MAX;
}

/* Another parameter of the type with the same code: one that was there, or one with a smaller
 * number that is added with this one. (The other way round it is found when that one is looked at.)
 */
static uint32_t other_of(const check *c, zd_type type) {
  uint32_t all[4096];
  size_t n = zd_schema_params_of(c->s, type, all, sizeof all / sizeof *all);
  for (size_t i = 0; i < n && i < sizeof all / sizeof *all; i++)
    if (all[i] != c->index && zd_slice_eq(zd_schema_param(c->s, all[i]).code, c->info.code) &&
        (all[i] < c->index || was_there(c, all[i])))
      return all[i];
  return UINT32_MAX;
}

static zd_err check_type(check *c, zd_type type, zd_fault *fault) {
  zd_arena arena;
  zd_fault why = {0};
  zd_err err;
  zd_arena_init(&arena, 0);
  zd_slice ours = program(c->s, c->index, type, &arena, &err, &why);
  if (err)
    err = zd_fail(fault, err, "%.*s: the expression for %.*s: %s", ZD_SV(c->info.url),
                  ZD_SV(zd_schema_type_info(c->s, type).name), why.text);
  uint32_t other = err ? UINT32_MAX : other_of(c, type);
  c->types++;
  if (other != UINT32_MAX) {
    zd_err ignored;
    zd_slice theirs = program(c->s, other, type, &arena, &ignored, &why);
    bool same =
        theirs.p && zd_slice_eq(ours, theirs) && zd_schema_param(c->s, other).type == c->info.type;
    if (same) c->answered++;
    c->other = other;
    c->where = type;
  }
  zd_arena_free(&arena);
  return err;
}

static zd_err check_base(check *c, zd_type base, zd_fault *fault) {
  zd_err err = ZD_OK;
  for (zd_type t = 0; t < zd_schema_type_count(c->s) && !err; t++)
    if (zd_schema_is_resource(c->s, t) && zd_schema_is_a(c->s, t, base))
      err = check_type(c, t, fault);
  return err;
}

static zd_err check_parameter(check *c, zd_fault *fault) {
  if (!c->info.expression.n || c->info.type == ZD_PARAM_SPECIAL || !c->info.base_count)
    return zd_fail(fault, ZD_ERR_UNSUPPORTED,
                   "%.*s: it needs an expression, a base, and a type other than special",
                   ZD_SV(c->info.url));
  zd_err err = ZD_OK;
  for (uint16_t k = 0; k < c->info.base_count && !err; k++)
    err = check_base(c, zd_schema_param_base(c->s, c->index, k), fault);
  if (err || c->other == UINT32_MAX || c->answered == c->types) return err;
  return zd_fail(fault, ZD_ERR_INVALID, "%.*s: %.*s has a parameter \"%.*s\" already: %.*s",
                 ZD_SV(c->info.url), ZD_SV(zd_schema_type_info(c->s, c->where).name),
                 ZD_SV(c->info.code), ZD_SV(zd_schema_param(c->s, c->other).url));
}

static bool has_url(zd_slice text, zd_slice url) {
  zd_json_tape tape = {0};
  bool found = false;
  if (!memmem(text.p, text.n, url.p, url.n)) return false;
  if (zd_json_read(text, NULL, &tape, NULL) == ZD_OK) {
    uint32_t own = zd_json_find(&tape, 0, ZD_S("url"));
    found = own && zd_json_is(&tape, own, url);
  }
  zd_json_free(&tape);
  return found;
}

/* Marks the addition with this url. */
static void mark(zd_addition *additions, size_t n, zd_slice url, zd_defined_outcome outcome,
                 const zd_fault *why) {
  for (size_t i = 0; i < n; i++) {
    if (additions[i].outcome != ZD_DEFINED_ADDED || !has_url(additions[i].text, url)) continue;
    additions[i].outcome = outcome;
    additions[i].why = *why;
  }
}

static bool is_new(const zd_schema *old, const zd_definition_info *d) {
  return d->kind == ZD_DEF_PARAM &&
         zd_schema_definition_find(old, ZD_DEF_PARAM, d->url) == UINT32_MAX;
}

zd_err zd_defined_check_parameters(const zd_schema *old, const zd_schema *next,
                                   zd_addition *additions, size_t n, bool skip, bool *left_out,
                                   zd_fault *fault) {
  *left_out = false;
  for (uint32_t i = 0; i < zd_schema_definition_count(next); i++) {
    zd_definition_info d = zd_schema_definition(next, i);
    zd_fault why = {0};
    if (!is_new(old, &d)) continue;
    check c = {.s = next,
               .old = old,
               .index = d.number,
               .info = zd_schema_param(next, d.number),
               .other = UINT32_MAX};
    zd_err err = check_parameter(&c, &why);
    if (err && (!skip || err == ZD_ERR_MEMORY)) return zd_fail(fault, err, "%s", why.text);
    if (!err && c.other == UINT32_MAX) continue;
    *left_out = true;
    mark(additions, n, d.url, err ? ZD_DEFINED_REFUSED : ZD_DEFINED_ANSWERED, &why);
  }
  return ZD_OK;
}
