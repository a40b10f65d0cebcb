#include "search/entries/branch.h"

static bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static zd_slice trim(zd_slice s) {
  while (s.n && s.p[0] == ' ') s = zd_slice_from(s, 1);
  while (s.n && s.p[s.n - 1] == ' ') s.n--;
  return s;
}

/* Index of the first `|` outside parentheses and quotes, or s.n. */
static size_t union_at(zd_slice s) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    if (c == '\'') quoted = !quoted;
    if (quoted) continue;
    if (c == '(') depth++;
    if (c == ')') depth--;
    if (c == '|' && depth == 0) return i;
  }
  return s.n;
}

bool zd_branch_next(zd_slice *rest, zd_slice *branch) {
  if (!rest->n) return false;
  size_t at = union_at(*rest);
  *branch = trim((zd_slice){rest->p, at});
  *rest = at < rest->n ? zd_slice_from(*rest, at + 1) : (zd_slice){rest->p, 0};
  return true;
}

/* ZD_NO_TYPE when the word names no resource: then it is an element of the type asked. */
static zd_type resource_named(const zd_schema *schema, zd_slice word) {
  zd_type t = zd_schema_type(schema, word);
  bool is = t != ZD_NO_TYPE && zd_schema_type_info(schema, t).kind == ZD_KIND_RESOURCE;
  return is ? t : ZD_NO_TYPE;
}

bool zd_branch_for(const zd_schema *schema, zd_type type, zd_slice branch) {
  size_t start = 0;
  while (start < branch.n && (branch.p[start] == '(' || branch.p[start] == ' ')) start++;
  size_t end = start;
  while (end < branch.n && is_name(branch.p[end])) end++;
  zd_type first = resource_named(schema, (zd_slice){branch.p + start, end - start});
  return first == ZD_NO_TYPE || zd_schema_is_a(schema, type, first);
}

typedef struct reader {
  const zd_schema *schema;
  zd_slice s;
  zd_branch *out;
} reader;

static bool accept(reader *r, const char *word) {
  zd_slice w = zd_slice_of(word);
  if (!zd_slice_starts(r->s, w)) return false;
  r->s = zd_slice_from(r->s, w.n);
  return true;
}

static zd_slice name(reader *r) {
  size_t n = 0;
  while (n < r->s.n && is_name(r->s.p[n])) n++;
  zd_slice word = {r->s.p, n};
  r->s = zd_slice_from(r->s, n);
  return word;
}

/* Data types are written "dateTime", and in a few definitions "DateTime". */
static zd_type type_named(const zd_schema *schema, zd_slice word) {
  zd_type t = zd_schema_type(schema, word);
  char lower[32];
  if (t != ZD_NO_TYPE || !word.n || word.n > sizeof lower) return t;
  memcpy(lower, word.p, word.n);
  if (lower[0] >= 'A' && lower[0] <= 'Z') lower[0] = (char)(lower[0] + 32);
  return zd_schema_type(schema, (zd_slice){lower, word.n});
}

static bool add_step(reader *r, zd_slice word, zd_type as) {
  if (r->out->n == ZD_BRANCH_STEPS || r->out->only != ZD_NO_TYPE) return false;
  r->out->steps[r->out->n++] = (zd_branch_step){word, as};
  return true;
}

static bool as_step(reader *r) {
  zd_type t = type_named(r->schema, name(r));
  return t != ZD_NO_TYPE && add_step(r, (zd_slice){NULL, 0}, t);
}

static bool where_step(reader *r) {
  if (!accept(r, "resolve() is ")) return false;
  r->out->only = zd_schema_type(r->schema, name(r));
  return r->out->only != ZD_NO_TYPE && accept(r, ")");
}

static bool step(reader *r) {
  if (accept(r, "as(") || accept(r, "ofType(")) return as_step(r) && accept(r, ")");
  if (accept(r, "where(")) return where_step(r);
  zd_slice word = name(r);
  return word.n && !zd_slice_starts(r->s, ZD_S("(")) && !zd_slice_starts(r->s, ZD_S("[")) &&
         add_step(r, word, ZD_NO_TYPE);
}

/* expression := ( '(' expression ')' | name ) { '.' step } [ ' as ' type ] */
static bool expression(reader *r, int depth) {
  if (depth > 8) return false;
  if (accept(r, "(")) {
    if (!expression(r, depth + 1) || !accept(r, ")")) return false;
  } else if (!step(r)) {
    return false;
  }
  while (accept(r, "."))
    if (!step(r)) return false;
  return !accept(r, " as ") || as_step(r);
}

bool zd_branch_read(const zd_schema *schema, zd_slice branch, bool rooted, zd_branch *out) {
  *out = (zd_branch){.only = ZD_NO_TYPE};
  reader r = {schema, trim(branch), out};
  if (!expression(&r, 0) || r.s.n) return false;
  if (!rooted) return true;
  if (!out->n || !out->steps[0].name.p) return false;
  if (resource_named(schema, out->steps[0].name) == ZD_NO_TYPE) return true; /* "name | alias" */
  memmove(out->steps, out->steps + 1, (size_t)(out->n - 1) * sizeof *out->steps);
  out->n--;
  return true;
}
