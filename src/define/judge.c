/* judge.c: which of the SearchParameters that stand in the record are used, and why not. */
#include <stdio.h>

#include "define/parameter.h"
#include "fhir/path.h"

typedef struct judge {
  const zd_search *search;
  const zd_schema *r4;
  zd_parameter *all;
  size_t n;
  zd_arena *arena;
  zd_parameter *p; /* the one before the court */
  bool memory;
} judge;

static bool refuse(judge *j, zd_issue_code issue, zd_slice at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Always false. */
static bool refuse(judge *j, zd_issue_code issue, zd_slice at, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  j->p->standing = ZD_PARAMETER_REFUSED;
  j->p->issue = issue;
  j->p->at = at;
  j->p->why = zd_arena_copy(j->arena, zd_slice_of(text));
  if (!j->p->why.p) j->memory = false;
  return false;
}

static zd_slice name_of(const judge *j, zd_type type) {
  return zd_schema_type_info(j->r4, type).name;
}

static bool is_used(const zd_parameter *p) {
  return p->standing == ZD_PARAMETER_USED;
}

/* ---- one by itself ---- */

static bool is_complete(judge *j) {
  const zd_parameter *p = j->p;
  if (!p->url.n) return refuse(j, ZD_ISSUE_REQUIRED, ZD_S("SearchParameter.url"), "it has no url");
  if (!p->code.n)
    return refuse(j, ZD_ISSUE_REQUIRED, ZD_S("SearchParameter.code"), "it has no code");
  if (p->type < 0 || p->type == ZD_PARAM_SPECIAL)
    return refuse(j, ZD_ISSUE_NOT_SUPPORTED, ZD_S("SearchParameter.type"),
                  "parameters of this type cannot be added: what it asks is not in its definition");
  if (p->unknown_at.p)
    return refuse(j, ZD_ISSUE_VALUE, p->unknown_at, "\"%.*s\" is no type of resource of FHIR R4",
                  (int)(p->unknown.n < 100 ? p->unknown.n : 100), p->unknown.p);
  if (!p->base_count)
    return refuse(j, ZD_ISSUE_REQUIRED, ZD_S("SearchParameter.base"), "it has no base");
  if (!p->expression.n)
    return refuse(j, ZD_ISSUE_REQUIRED, ZD_S("SearchParameter.expression"),
                  "it has no expression, so it says nothing of a resource");
  return true;
}

/* A code is what stands before the =, and :, . and _ in front have a meaning there. */
static bool code_is_usable(judge *j) {
  zd_slice code = j->p->code;
  bool fine = code.n <= 64 && code.p[0] != '_' && code.p[0] != '$';
  for (size_t i = 0; i < code.n && fine; i++) {
    char c = code.p[i];
    fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '$';
  }
  return fine ||
         refuse(j, ZD_ISSUE_VALUE, ZD_S("SearchParameter.code"),
                "\"%.*s\" cannot be asked: up to 64 letters, digits, - and _, no _ in front",
                (int)(code.n < 100 ? code.n : 100), code.p);
}

/* The program for a type of resources, in words; absent when it was refused. */
static zd_slice program(judge *j, const zd_path *path) {
  zd_slice text = zd_path_explain(path, j->arena);
  if (!text.p) j->memory = false;
  return text;
}

static bool kind_fits(judge *j, const zd_path *path) {
  zd_type types[256];
  if (zd_path_is_boolean(path)) return j->p->type == ZD_PARAM_TOKEN;
  size_t n = zd_path_types(path, types, sizeof types / sizeof *types);
  bool fits = j->p->type == ZD_PARAM_COMPOSITE;
  for (size_t i = 0; i < n && i < sizeof types / sizeof *types && !fits; i++)
    fits = zd_search_kind_fits(j->search, (zd_param_type)j->p->type, types[i]);
  return fits;
}

static bool compile(judge *j, zd_type type, const zd_path **path) {
  zd_fault why = {0};
  zd_slice at = ZD_S("SearchParameter.expression");
  zd_err err = zd_path_compile(j->r4, type, j->p->expression, j->arena, path, &why);
  if (err == ZD_ERR_MEMORY) j->memory = false;
  if (err)
    return refuse(j, err == ZD_ERR_UNSUPPORTED ? ZD_ISSUE_NOT_SUPPORTED : ZD_ISSUE_VALUE, at,
                  "for %.*s: %s", ZD_SV(name_of(j, type)), why.text);
  if (zd_path_is_nothing(*path))
    return refuse(j, ZD_ISSUE_VALUE, at, "it says nothing of %.*s, which is among the bases",
                  ZD_SV(name_of(j, type)));
  return kind_fits(j, *path) ||
         refuse(j, ZD_ISSUE_VALUE, ZD_S("SearchParameter.type"),
                "what the expression finds in %.*s cannot be searched by a parameter of this type",
                ZD_SV(name_of(j, type)));
}

/* ---- beside the others ---- */

static bool has_base(const judge *j, const zd_parameter *p, zd_type type) {
  for (size_t i = 0; i < p->base_count; i++)
    if (zd_schema_is_a(j->r4, type, p->bases[i])) return true;
  return false;
}

static bool same_bases(const judge *j, const zd_parameter *a, uint32_t official) {
  uint16_t n = zd_schema_param(j->r4, official).base_count;
  for (uint16_t k = 0; k < n; k++) {
    bool found = false;
    for (size_t i = 0; i < a->base_count; i++)
      found = found || a->bases[i] == zd_schema_param_base(j->r4, official, k);
    if (!found) return false;
  }
  return a->base_count == n;
}

/* The official parameters may stand in the record, as they are. */
static bool is_official(judge *j, bool *answered) {
  uint32_t at = zd_schema_definition_find(j->r4, ZD_DEF_PARAM, j->p->url);
  *answered = false;
  if (at == UINT32_MAX) return true;
  uint32_t number = zd_schema_definition(j->r4, at).number;
  zd_param_info info = zd_schema_param(j->r4, number);
  *answered = zd_slice_eq(info.code, j->p->code) && (int)info.type == j->p->type &&
              zd_slice_eq(info.expression, j->p->expression) && same_bases(j, j->p, number);
  if (*answered) {
    j->p->why = info.url;
    return true;
  }
  return refuse(
      j, ZD_ISSUE_BUSINESS_RULE, ZD_S("SearchParameter.url"),
      "this is the url of a parameter of the standard, which says something else; another "
      "parameter needs a url of its own");
}

static bool same_statement(const zd_parameter *a, const zd_parameter *b) {
  bool same = zd_slice_eq(a->code, b->code) && a->type == b->type &&
              zd_slice_eq(a->expression, b->expression) && a->base_count == b->base_count &&
              a->component_count == b->component_count;
  for (size_t i = 0; i < a->base_count && same; i++) same = a->bases[i] == b->bases[i];
  for (size_t i = 0; i < a->component_count && same; i++)
    same = zd_slice_eq(a->components[i], b->components[i]);
  return same;
}

/* One that is used has the url. */
static bool is_repeated(judge *j, bool *answered) {
  *answered = false;
  for (const zd_parameter *p = j->all; p < j->all + j->n; p++) {
    if (p == j->p || !is_used(p) || !zd_slice_eq(p->url, j->p->url)) continue;
    *answered = same_statement(p, j->p);
    j->p->why = p->url;
    return *answered ||
           refuse(j, ZD_ISSUE_DUPLICATE, ZD_S("SearchParameter.url"),
                  "another parameter of this server has this url and says something else");
  }
  return true;
}

/* url, program and type of who has the code for a type of resources; false: it is free. */
static bool holder(judge *j, zd_type type, zd_slice *url, zd_slice *words, int *kind) {
  const zd_path *path;
  uint32_t official = zd_schema_param_find(j->r4, type, j->p->code);
  zd_slice expression = {NULL, 0};
  if (official != UINT32_MAX) {
    zd_param_info info = zd_schema_param(j->r4, official);
    *url = info.url;
    *kind = (int)info.type;
    expression = info.expression;
  }
  for (const zd_parameter *p = j->all; official == UINT32_MAX && p < j->all + j->n && !expression.p;
       p++) {
    if (p == j->p || !is_used(p) || !zd_slice_eq(p->code, j->p->code) || !has_base(j, p, type))
      continue;
    *url = p->url;
    *kind = p->type;
    expression = p->expression;
  }
  *words = (zd_slice){NULL, 0};
  if (official == UINT32_MAX && !expression.p) return false;
  if (expression.n && *kind != ZD_PARAM_COMPOSITE &&
      zd_path_compile(j->r4, type, expression, j->arena, &path, NULL) == ZD_OK)
    *words = program(j, path);
  return true;
}

typedef struct tally {
  size_t types, taken, same;
  zd_slice url; /* of the last that has the code */
  zd_type where;
} tally;

static bool look_at_type(judge *j, zd_type type, tally *t) {
  const zd_path *path;
  zd_slice url, words;
  int kind;
  if (!compile(j, type, &path)) return false;
  t->types++;
  if (!holder(j, type, &url, &words, &kind)) return true;
  t->taken++;
  t->url = url;
  t->where = type;
  zd_slice ours = program(j, path);
  if (words.p && ours.p && zd_slice_eq(words, ours) && kind == j->p->type) t->same++;
  return true;
}

static bool components_resolve(judge *j) {
  const zd_parameter *p = j->p;
  if (p->type != ZD_PARAM_COMPOSITE) return true;
  if (!p->component_count)
    return refuse(j, ZD_ISSUE_REQUIRED, ZD_S("SearchParameter.component"),
                  "a composite needs components");
  for (size_t i = 0; i < p->component_count; i++) {
    zd_slice url = p->components[i];
    uint32_t at = url.n ? zd_schema_definition_find(j->r4, ZD_DEF_PARAM, url) : UINT32_MAX;
    int kind = -1;
    if (at != UINT32_MAX)
      kind = (int)zd_schema_param(j->r4, zd_schema_definition(j->r4, at).number).type;
    for (const zd_parameter *q = j->all; q < j->all + j->n && kind < 0; q++)
      if (q != p && is_used(q) && zd_slice_eq(q->url, url)) kind = q->type;
    if (kind >= 0 && kind != ZD_PARAM_COMPOSITE && kind != ZD_PARAM_SPECIAL) continue;
    zd_slice where = zd_arena_printf(j->arena, "SearchParameter.component[%zu].definition", i);
    if (!where.p) j->memory = false;
    return refuse(
        j, ZD_ISSUE_NOT_FOUND, where,
        kind < 0 ? "there is no search parameter \"%.*s\" here" : "\"%.*s\" cannot be a component",
        (int)(url.n < 200 ? url.n : 200), url.n ? url.p : "");
  }
  return true;
}

static bool look_at_types(judge *j, tally *t) {
  for (zd_type type = 0; type < zd_schema_type_count(j->r4); type++)
    if (zd_schema_is_resource(j->r4, type) && has_base(j, j->p, type) && !look_at_type(j, type, t))
      return false;
  return true;
}

static void judge_one(judge *j) {
  tally t = {0};
  bool answered = false;
  j->p->standing = ZD_PARAMETER_IDLE;
  if (!zd_slice_eq(j->p->status, ZD_S("active"))) return;
  if (!is_complete(j) || !is_official(j, &answered)) return;
  if (!answered && !is_repeated(j, &answered)) return;
  if (answered) {
    j->p->standing = ZD_PARAMETER_ANSWERED;
    return;
  }
  if (!code_is_usable(j) || !components_resolve(j) || !look_at_types(j, &t)) return;
  j->p->standing = ZD_PARAMETER_USED;
  j->p->why = (zd_slice){NULL, 0};
  if (!t.taken) return;
  j->p->standing = ZD_PARAMETER_ANSWERED;
  j->p->why = t.url;
  if (t.same < t.types)
    refuse(j, ZD_ISSUE_DUPLICATE, ZD_S("SearchParameter.code"),
           "%.*s has a parameter \"%.*s\" already: %.*s", ZD_SV(name_of(j, t.where)),
           ZD_SV(j->p->code), (int)(t.url.n < 200 ? t.url.n : 200), t.url.p);
}

/* Composites last, since components may stand behind them; they have no components of their kind.
 */
zd_err zd_parameters_judge(const zd_search *search, zd_parameter *all, size_t n, zd_arena *arena) {
  judge j = {
      .search = search, .r4 = zd_schema_r4(), .all = all, .n = n, .arena = arena, .memory = true};
  for (size_t i = 0; i < n; i++)
    all[i].standing = all[i].id.p ? ZD_PARAMETER_IDLE : ZD_PARAMETER_USED;
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < n && j.memory; i++) {
      j.p = &all[i];
      if (all[i].id.p && (all[i].type == ZD_PARAM_COMPOSITE) == (round == 1)) judge_one(&j);
    }
  return j.memory ? ZD_OK : ZD_ERR_MEMORY;
}
