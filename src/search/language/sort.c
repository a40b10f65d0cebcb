/* sort.c: _sort (R4 search.html#sort) becomes the keys that the store orders rows by.
 *
 * A resource stands at the least of its values, descending at the greatest; those without a value
 * come last. What can't be brought into one order (composite and special parameters) is refused.
 */
#include "search/language/include.h"

/* Behind the terms of a token field that hold a system and no code (term.c). */
static const char codes_from[1] = {1};

static zd_err by_field(zd_query_reader *q, const zd_search_param *p, zd_sort_key *key) {
  bool ordered =
      p->kind == ZD_PARAM_DATE || p->kind == ZD_PARAM_NUMBER || p->kind == ZD_PARAM_QUANTITY;
  key->by = ZD_SORT_FIELD;
  key->field = p->field;
  key->kind = ordered ? ZD_ENTRY_RANGE : ZD_ENTRY_TERM;
  if (p->kind == ZD_PARAM_TOKEN) key->from = zd_slice_make(codes_from, sizeof codes_from);
  if (p->only == ZD_NO_TYPE) return ZD_OK;
  key->prefix = zd_term_local(q->s, p->only, ZD_S(""), q->arena);
  return key->prefix.p ? ZD_OK : ZD_ERR_MEMORY;
}

/* Why the parameter orders nothing; NULL: it does. */
static const char *lack_of(const zd_search_param *p) {
  if (!p || !p->answered) return "is no search parameter here";
  if (p->kind == ZD_PARAM_COMPOSITE) return "is composite: its values have no one order";
  if (p->kind == ZD_PARAM_SPECIAL || p->field == ZD_NO_SYMBOL) return "has no order";
  return NULL;
}

/* One of the list. *why: it is not offered. */
static zd_err read_key(zd_query_reader *q, zd_slice code, zd_sort_key *key, const char **why) {
  *key = (zd_sort_key){.descending = code.n && code.p[0] == '-'};
  *why = NULL;
  if (key->descending) code = zd_slice_from(code, 1);
  if (zd_slice_eq(code, ZD_S("_lastUpdated"))) {
    key->by = ZD_SORT_ROW;
  } else if (zd_slice_eq(code, ZD_S("_id"))) {
    key->by = ZD_SORT_ID;
  } else if (zd_slice_eq(code, ZD_S("_score"))) {
    *why = "orders alone, and always the best first";
  } else {
    zd_type of = q->type == ZD_NO_TYPE ? zd_schema_type(q->s->schema, ZD_S("Resource")) : q->type;
    const zd_search_param *p = zd_program_find(q->s, of, code);
    *why = lack_of(p);
    if (*why) return ZD_OK;
    if (zd_field_is_late(q->s, p))
      return zd_query_later(q, ZD_S("_sort"), "the parameter \"%.*s\"",
                            code.n > 64 ? 64 : (int)code.n, code.p);
    return by_field(q, p, key);
  }
  return ZD_OK;
}

static zd_err leave_out(zd_query_reader *q, const zd_query_part *part, zd_slice code,
                        const char *why) {
  zd_slice text =
      zd_arena_printf(q->arena, "\"%.*s\" %s", code.n > 64 ? 64 : (int)code.n, code.p, why);
  return text.p ? zd_query_leave_out(q, part, text.p) : ZD_ERR_MEMORY;
}

zd_err zd_sort_read(zd_query_reader *q, const zd_query_part *part) {
  zd_sort_key *keys = ZD_NEW_ARRAY(q->arena, zd_sort_key, ZD_SORT_KEYS_MAX);
  zd_slice rest = part->value;
  size_t n = 0;
  if (!keys) return ZD_ERR_MEMORY;
  q->out->by_score = zd_slice_eq(rest, ZD_S("_score"));
  if (q->out->by_score) return ZD_OK;
  while (rest.p) {
    zd_slice code = zd_value_split(rest, ',', &rest);
    const char *why;
    if (!code.n || zd_slice_eq(code, ZD_S("-")))
      return zd_query_refuse(q, part->name, ZD_ISSUE_VALUE,
                             "_sort: a list of search parameters is wanted, each with - before it "
                             "for the descending order");
    if (n == ZD_SORT_KEYS_MAX)
      return zd_query_refuse(q, part->name, ZD_ISSUE_TOO_COSTLY, "_sort: more than %d parameters",
                             ZD_SORT_KEYS_MAX);
    zd_err err = read_key(q, code, &keys[n++], &why);
    if (err) return err;
    if (why) return leave_out(q, part, code, why);
  }
  q->out->sort = keys;
  q->out->sort_count = n;
  return ZD_OK;
}
