/* matches.c: matches, matchesFull, replaceMatches */
#include "fhirpath/functions.h"
#include "fhirpath/regex.h"

/* The pattern as compiled; a literal one was compiled with the expression. */
static bool regex_of(zd_fp_running *r, const zd_fp_op *o, zd_slice pattern,
                     const zd_fp_regex **out) {
  const char *why;
  if (o->u.regex) {
    *out = o->u.regex;
    return true;
  }
  zd_err err = zd_fp_regex_compile(pattern, r->arena, out, &why);
  return !err || zd_fp_fail(r, o, err, "%s", why);
}

static bool search(zd_fp_running *r, const zd_fp_op *o, const zd_fp_regex *re, zd_slice text,
                   size_t from, bool *found, zd_fp_match *m) {
  bool whole = o->which == 1;
  zd_err err = zd_fp_regex_search(re, text, from, whole, r->arena, &r->budget, found, m);
  if (err == ZD_ERR_MEMORY) return zd_fp_no_memory(r);
  return !err || zd_fp_too_long(r, o);
}

static bool arguments(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_slice *text,
                      zd_slice *pattern, bool *has) {
  zd_fhirpath_item a, b;
  bool given;
  if (!zd_fp_input_as(r, o, f, ZD_FP_STRING, &a, has)) return false;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &b, &given)) return false;
  *has = *has && given;
  if (*has) {
    *text = zd_fp_string_of(&a);
    *pattern = zd_fp_string_of(&b);
  }
  return true;
}

/* matches, matchesFull (which 1) */
bool zd_fp_run_matches(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_slice text, pattern;
  const zd_fp_regex *re;
  zd_fp_match m;
  bool has, found;
  if (!arguments(r, o, f, &text, &pattern, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!regex_of(r, o, pattern, &re) || !search(r, o, re, text, 0, &found, &m)) return false;
  return zd_fp_give_boolean(out, found);
}

/* ---- replaceMatches ---- */

/* The group that a substitution names at i: $1, ${1}, ${name}; its length in bytes, 0: none. */
static size_t named_group(const zd_fp_regex *re, zd_slice by, size_t i, uint32_t *group) {
  size_t n = i + 1;
  if (n >= by.n) return 0;
  bool braces = by.p[n] == '{';
  size_t from = braces ? n + 1 : n, end = from;
  while (end < by.n && by.p[end] >= '0' && by.p[end] <= '9' && end < from + 2) end++;
  *group = 0;
  for (size_t k = from; k < end; k++) *group = *group * 10 + (uint32_t)(by.p[k] - '0');
  if (!braces) return end > from ? end - i : 0;
  if (end > from && end < by.n && by.p[end] == '}') return end + 1 - i;
  end = from + zd_slice_find(zd_slice_from(by, from), '}');
  if (end >= by.n) return 0;
  *group = zd_fp_regex_group(re, (zd_slice){by.p + from, end - from});
  return *group ? end + 1 - i : 0;
}

/* What a match becomes, into p when it is not NULL; its length. */
static size_t substitute(const zd_fp_regex *re, zd_slice text, const zd_fp_match *m, zd_slice by,
                         char *p) {
  size_t n = 0;
  for (size_t i = 0; i < by.n;) {
    zd_slice part = {by.p + i, 1};
    size_t used = 1;
    uint32_t group;
    size_t length = by.p[i] == '$' ? named_group(re, by, i, &group) : 0;
    if (length && group <= zd_fp_regex_groups(re)) {
      used = length;
      bool took = m->start[group] != SIZE_MAX && m->end[group] != SIZE_MAX;
      part = took ? (zd_slice){text.p + m->start[group], m->end[group] - m->start[group]}
                  : (zd_slice){NULL, 0};
    } else if (by.p[i] == '\\' && i + 1 < by.n) {
      part.p = by.p + i + 1;
      used = 2;
    }
    if (p && part.n) memcpy(p + n, part.p, part.n);
    n += part.n;
    i += used;
  }
  return n;
}

/* Goes through all matches, writing when p is not NULL; the length of the result. */
static bool replace_all(zd_fp_running *r, const zd_fp_op *o, const zd_fp_regex *re, zd_slice text,
                        zd_slice by, char *p, size_t *out) {
  size_t from = 0, n = 0;
  zd_fp_match m;
  while (from <= text.n) {
    bool found;
    if (!search(r, o, re, text, from, &found, &m)) return false;
    if (!found) break;
    size_t before = m.start[0] - from;
    if (p && before) memcpy(p + n, text.p + from, before);
    n += before;
    n += substitute(re, text, &m, by, p ? p + n : NULL);
    from = m.end[0];
    if (m.end[0] > m.start[0]) continue;
    if (from < text.n) { /* nothing was matched: a character goes by */
      if (p) p[n] = text.p[from];
      n++;
    }
    from++;
  }
  if (from < text.n) {
    if (p) memcpy(p + n, text.p + from, text.n - from);
    n += text.n - from;
  }
  *out = n;
  return true;
}

bool zd_fp_run_replace_matches(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                               zd_fp_seq *out) {
  zd_slice text, pattern;
  zd_fhirpath_item by;
  const zd_fp_regex *re;
  bool has, has_by;
  size_t n;
  if (!arguments(r, o, f, &text, &pattern, &has)) return false;
  if (!zd_fp_argument_as(r, o, 1, f, ZD_FP_STRING, &by, &has_by)) return false;
  if (!has || !has_by) return zd_fp_give_none(out);
  if (!pattern.n) return zd_fp_give(out, zd_fhirpath_string(text));
  if (!regex_of(r, o, pattern, &re)) return false;
  if (!replace_all(r, o, re, text, zd_fp_string_of(&by), NULL, &n)) return false;
  if (!zd_fp_spend(r, o, n)) return false;
  char *p = n < UINT32_MAX ? zd_arena_alloc(r->arena, n + 1) : NULL;
  if (!p) return zd_fp_no_memory(r);
  if (!replace_all(r, o, re, text, zd_fp_string_of(&by), p, &n)) return false;
  return zd_fp_give(out, zd_fhirpath_string((zd_slice){p, n}));
}
