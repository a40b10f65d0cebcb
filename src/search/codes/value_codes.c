/* value_codes.c: from the name of a value set, or a code of a hierarchy, to codes. */
#include "search/codes/value_codes.h"

#include "search/codes/code_list.h"

typedef struct gathering {
  zd_code_list list;
  zd_arena *arena;
} gathering;

static zd_err gather(void *context, const zd_coded *code) {
  gathering *g = context;
  return zd_code_list_add(&g->list, code->system, code->code, g->arena);
}

static zd_code_question question(const zd_value_context *x, gathering *g) {
  g->arena = x->arena;
  return (zd_code_question){.snapshot = x->snapshot,
                            .limit = ZD_QUERY_CODES_MAX,
                            .sink = gather,
                            .context = g,
                            .arena = x->arena,
                            .work = x->work,
                            .fault = x->fault};
}

static void settle(gathering *g, zd_search_value *out) {
  zd_code_list_sort(&g->list);
  out->codes = g->list.items;
  out->code_count = g->list.n;
}

zd_err zd_value_set_codes(const zd_value_context *x, zd_search_value *out) {
  gathering g = {0};
  zd_code_question q = question(x, &g);
  const zd_terminology *t = &x->search->terminology;
  zd_err err = t->expand(t->state, &q, out->text);
  if (!err) settle(&g, out);
  return err;
}

zd_err zd_value_hierarchy(const zd_value_context *x, zd_search_value *out) {
  gathering g = {0};
  zd_code_question q = question(x, &g);
  const zd_terminology *t = &x->search->terminology;
  if (out->any_system || out->no_system || out->any_code)
    return zd_fail(x->fault, ZD_ERR_INVALID, ":above and :below ask for system|code");
  zd_err err = x->modifier == ZD_MOD_BELOW ? t->descendants(t->state, &q, out->system, out->code)
                                           : t->ancestors(t->state, &q, out->system, out->code);
  if (!err) err = zd_code_list_add(&g.list, out->system, out->code, x->arena);
  if (!err) settle(&g, out);
  return err;
}
