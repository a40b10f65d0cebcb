/* terminology.c: terminology answered from what is shipped and what is stored. */
#include "search/codes/terminology.h"

#include "search/codes/value_set.h"

zd_err zd_code_spend(const zd_code_question *q, size_t n) {
  if (!q->work) return ZD_OK;
  *q->work += n;
  if (*q->work <= ZD_CODE_WORK_MAX) return ZD_OK;
  return zd_fail(q->fault, ZD_ERR_LIMIT,
                 "the value sets and hierarchies of the query are too large");
}

static zd_err give(const zd_code_question *q, const zd_code_list *list, const zd_slice *but) {
  zd_err err = zd_code_spend(q, list->n);
  if (list->n > q->limit) return zd_fail(q->fault, ZD_ERR_LIMIT, "more than %zu codes", q->limit);
  for (size_t i = 0; i < list->n && !err; i++)
    if (!but || !zd_slice_eq(list->items[i].code, *but)) err = q->sink(q->context, &list->items[i]);
  return err;
}

static zd_err expand(void *state, const zd_code_question *q, zd_slice set) {
  zd_code_list list = {0};
  zd_err err = zd_value_set_expand(state, q, set, NULL, &list);
  return err ? err : give(q, &list, NULL);
}

static zd_err closure(const zd_search *s, const zd_code_question *q, zd_slice system, zd_slice code,
                      bool down) {
  zd_concepts c;
  zd_code_list list = {0};
  zd_err err = zd_code_system_read(s, q, system, &c);
  if (err) return err;
  uint32_t at = zd_concepts_at(&c, code);
  uint8_t *marks = ZD_NEW_ARRAY(q->arena, uint8_t, c.count + 1u);
  if (at == UINT32_MAX)
    return zd_fail(q->fault, ZD_ERR_NOT_FOUND, "the code system %.*s has no code %.*s",
                   ZD_SV(system), ZD_SV(code));
  if (!marks) return ZD_ERR_MEMORY;
  err = zd_code_spend(q, (size_t)c.count + c.edge_count);
  if (!err) err = zd_concepts_closure(&c, at, down, q->arena, marks, q->fault);
  if (!err) err = zd_code_system_add(&c, marks, q, &list);
  return err ? err : give(q, &list, &code);
}

static zd_err descendants(void *state, const zd_code_question *q, zd_slice system, zd_slice code) {
  return closure(state, q, system, code, true);
}

static zd_err ancestors(void *state, const zd_code_question *q, zd_slice system, zd_slice code) {
  return closure(state, q, system, code, false);
}

zd_terminology zd_terminology_stored(const zd_search *s) {
  return (zd_terminology){.state = (void *)(uintptr_t)s,
                          .expand = expand,
                          .descendants = descendants,
                          .ancestors = ancestors};
}

void zd_search_set_terminology(zd_search *s, zd_terminology t) {
  s->terminology = t;
}
