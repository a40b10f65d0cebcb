/* result.c: the parameters that shape the answer instead of choosing resources
 * (R4 search.html#return), as a table. */
#include "search/language/include.h"

static zd_err bad(zd_query_reader *q, const zd_query_part *part, const char *wanted) {
  return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE, "%.*s: %s is wanted, not \"%.*s\"",
                         ZD_SV(part->name), wanted, part->value.n > 100 ? 100 : (int)part->value.n,
                         part->value.p);
}

static zd_err read_count(zd_query_reader *q, const zd_query_part *part) {
  uint64_t v = 0;
  for (size_t i = 0; i < part->value.n; i++) {
    char c = part->value.p[i];
    if (c < '0' || c > '9') return bad(q, part, "a number not below 0");
    if (v <= ZD_QUERY_COUNT_MAX) v = v * 10 + (uint64_t)(c - '0');
  }
  if (!part->value.n) return bad(q, part, "a number not below 0");
  q->out->count = v > ZD_QUERY_COUNT_MAX ? ZD_QUERY_COUNT_MAX : (uint32_t)v;
  q->out->count_given = true;
  return ZD_OK;
}

static zd_err read_total(zd_query_reader *q, const zd_query_part *part) {
  static const char *const names[] = {"none", "estimate", "accurate"};
  for (int i = 0; i < 3; i++) {
    if (!zd_slice_eq(part->value, zd_slice_of(names[i]))) continue;
    q->out->total = (zd_total)(ZD_TOTAL_NONE + i);
    return ZD_OK;
  }
  return bad(q, part, "none, estimate or accurate");
}

static zd_err read_summary(zd_query_reader *q, const zd_query_part *part) {
  static const char *const names[] = {"true", "text", "data", "count", "false"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!zd_slice_eq(part->value, zd_slice_of(names[i]))) continue;
    q->out->summary = part->value;
    return ZD_OK;
  }
  return bad(q, part, "true, text, data, count or false");
}

static bool has_element(const zd_search *s, zd_type type, zd_slice name) {
  zd_type_info info = zd_schema_type_info(s->schema, type);
  for (zd_element e = info.first; e < info.first + info.count; e++) {
    zd_element_info element = zd_schema_element_info(s->schema, e);
    if (zd_slice_eq(element.name, name) || zd_slice_eq(element.path, name)) return true;
  }
  return false;
}

static zd_err read_elements(zd_query_reader *q, const zd_query_part *part) {
  size_t room = 1;
  for (size_t i = 0; i < part->value.n; i++) room += part->value.p[i] == ',';
  zd_slice *names = ZD_NEW_ARRAY(q->arena, zd_slice, room), rest = part->value;
  if (!names) return ZD_ERR_MEMORY;
  size_t n = 0;
  while (rest.p) {
    zd_slice name = zd_value_split(rest, ',', &rest);
    if (!name.n) return bad(q, part, "a list of element names");
    if (q->type != ZD_NO_TYPE && !has_element(q->s, q->type, name))
      return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE, "%.*s has no element \"%.*s\"",
                             ZD_SV(zd_schema_type_info(q->s->schema, q->type).name),
                             name.n > 100 ? 100 : (int)name.n, name.p);
    names[n++] = name;
  }
  q->out->elements = names;
  q->out->element_count = n;
  return ZD_OK;
}

static zd_err read_cursor(zd_query_reader *q, const zd_query_part *part) {
  q->out->cursor = part->value;
  return ZD_OK;
}

static zd_err read_truth(zd_query_reader *q, const zd_query_part *part, bool *out) {
  *out = zd_slice_eq(part->value, ZD_S("true"));
  if (*out || zd_slice_eq(part->value, ZD_S("false"))) return ZD_OK;
  return bad(q, part, "true or false");
}

static zd_err read_explain(zd_query_reader *q, const zd_query_part *part) {
  return read_truth(q, part, &q->out->explain);
}

static zd_err read_max_results(zd_query_reader *q, const zd_query_part *part) {
  uint64_t v = 0;
  bool fine = part->value.n > 0 && part->value.n <= 18;
  for (size_t i = 0; fine && i < part->value.n; i++) {
    char c = part->value.p[i];
    fine = c >= '0' && c <= '9';
    v = v * 10 + (uint64_t)(c - '0');
  }
  q->out->max_results = v;
  return fine && v ? ZD_OK : bad(q, part, "a number above 0");
}

/* Contained resources are not found unless they are asked for. */
static zd_err read_contained(zd_query_reader *q, const zd_query_part *part) {
  static const char *const names[] = {"false", "true", "both"};
  for (int i = 0; i < 3; i++) {
    if (!zd_slice_eq(part->value, zd_slice_of(names[i]))) continue;
    q->contained = (zd_contained)i;
    return ZD_OK;
  }
  return bad(q, part, "true, both or false");
}

static zd_err read_contained_type(zd_query_reader *q, const zd_query_part *part) {
  q->contained_apart = zd_slice_eq(part->value, ZD_S("contained"));
  if (q->contained_apart || zd_slice_eq(part->value, ZD_S("container"))) return ZD_OK;
  return bad(q, part, "container or contained");
}

typedef struct result_row {
  const char *name;
  zd_err (*read)(zd_query_reader *q, const zd_query_part *part); /* NULL: another's business */
  bool in_link;                                                  /* belongs into the self link */
  const char *lack;                                              /* not offered: why */
} result_row;

static const result_row rows[] = {
    {"_count", read_count, true, NULL},
    {"_total", read_total, true, NULL},
    {"_summary", read_summary, true, NULL},
    {"_elements", read_elements, true, NULL},
    {"_cursor", read_cursor, false, NULL},
    {"_format", NULL, false, NULL},
    {"_pretty", NULL, false, NULL},
    {"_sort", zd_sort_read, true, NULL},
    {"_maxresults", read_max_results, true, NULL},
    {"_explain", read_explain, true, NULL},
    {"_contained", read_contained, true, NULL},
    {"_containedType", read_contained_type, true, NULL},
    {"_query", NULL, false, "named queries are not offered"},
};

static zd_err in_condition(zd_query_reader *q, zd_slice name) {
  return zd_query_refuse(q, name, ZD_ISSUE_NOT_SUPPORTED, "%.*s has no place in a condition",
                         ZD_SV(name));
}

/* These may stand several times. */
static zd_err read_include(zd_query_reader *q, const zd_query_part *part) {
  bool used;
  if (q->options->for_condition) return in_condition(q, part->name);
  zd_err err = zd_include_read(q, part, &used);
  if (!err && used) zd_query_use(q, part);
  return err;
}

static zd_err read_row(zd_query_reader *q, const zd_query_part *part, const result_row *row) {
  size_t ignored = q->ignored_n;
  zd_err err = row->read(q, part);
  if (!err && row->in_link && q->ignored_n == ignored) zd_query_use(q, part);
  return err;
}

zd_err zd_query_result(zd_query_reader *q, const zd_query_part *part, bool *mine) {
  zd_slice base = {part->name.p, zd_slice_find(part->name, ':')};
  *mine = zd_slice_eq(base, ZD_S("_include")) || zd_slice_eq(base, ZD_S("_revinclude"));
  if (*mine) return read_include(q, part);
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    const result_row *row = &rows[i];
    if (!zd_slice_eq(base, zd_slice_of(row->name))) continue;
    *mine = true;
    if (row->lack) return zd_query_leave_out(q, part, row->lack);
    if (base.n != part->name.n)
      return zd_query_refuse(q, part->name, ZD_ISSUE_NOT_SUPPORTED, "%s takes no modifier",
                             row->name);
    if (!row->read) return ZD_OK;
    if (q->options->for_condition) return in_condition(q, base);
    if (q->given & 1u << i)
      return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE, "%s is given twice", row->name);
    q->given |= 1u << i;
    return read_row(q, part, row);
  }
  *mine = false;
  return ZD_OK;
}
