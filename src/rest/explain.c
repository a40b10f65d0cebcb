/* explain.c: _explain=true: how a search is carried out, in words and counts, as a Parameters
 * resource. Russian when Accept-Language prefers it. */
#include "base/clock.h"
#include "rest/search.h"

enum { EN, RU, LANGUAGES };

typedef struct words {
  zd_plan_op op;
  const char *text[LANGUAGES];
} words;

/* What a node of the plan looks for. %: the parameter or type. */
static const words nodes[] = {
    {ZD_PLAN_ALL, {"every resource", "все ресурсы"}},
    {ZD_PLAN_NONE, {"nothing", "ничего"}},
    {ZD_PLAN_TYPE, {"resources of type %", "ресурсы типа %"}},
    {ZD_PLAN_TERM, {"%: exactly this value", "%: именно это значение"}},
    {ZD_PLAN_PREFIX, {"%: values that begin so", "%: значения с таким началом"}},
    {ZD_PLAN_SPAN, {"%: values from one to another", "%: значения от одного до другого"}},
    {ZD_PLAN_RANGE, {"%: values within bounds", "%: значения в границах"}},
    {ZD_PLAN_ROWS, {"changed at this time", "изменённые в это время"}},
    {ZD_PLAN_IDS, {"% with these ids", "% с этими id"}},
    {ZD_PLAN_AND, {"all of these together", "всё перечисленное вместе"}},
    {ZD_PLAN_OR, {"any of these", "любое из перечисленного"}},
    {ZD_PLAN_NOT, {"all but these", "всё, кроме этого"}},
    {ZD_PLAN_CHECK,
     {"those of these that match when read", "из этого то, что подходит по содержанию"}},
    {ZD_PLAN_CONTAINS, {"%: values that contain the text", "%: значения, содержащие текст"}},
    {ZD_PLAN_REFERS, {"%: refer to one of these", "%: ссылаются на одно из этого"}},
    {ZD_PLAN_REFERRED,
     {"those that one of these names under %", "то, на что одно из этого ссылается через %"}},
};

/* What the store says of how it found the rows. What is not here stands as the store says it. */
static const char *const manners[][LANGUAGES] = {
    {"every row", "все строки"},
    {"no row", "ни одной строки"},
    {"one list", "один список"},
    {"lists of a stretch of the dictionary", "списки подряд стоящих слов словаря"},
    {"scan of a stretch of the dictionary", "просмотр подряд стоящих слов словаря"},
    {"columns sorted by low end", "столбцы по нижней границе"},
    {"row numbers", "номера строк"},
    {"ids looked up", "поиск по id"},
    {"intersection, fewest first", "пересечение, от меньшего к большему"},
    {"union", "объединение"},
    {"subtraction", "вычитание"},
    {"row by row", "строка за строкой"},
    {"no names", "ссылок нет"},
    {"names read row by row, terms looked up",
     "имена прочитаны по строкам, слова найдены в словаре"},
    {"entries read row by row, ids looked up", "ссылки прочитаны по строкам, найдены по id"},
    {"dictionaries merged", "слияние словарей"},
};

static zd_slice manner_of(const char *how, int language) {
  for (size_t i = 0; i < sizeof manners / sizeof *manners; i++)
    if (strcmp(manners[i][EN], how) == 0) return zd_slice_of(manners[i][language]);
  return zd_slice_of(how);
}

typedef struct writer {
  zd_searching *x;
  zd_buffer *out;
  int language;
} writer;

static void part_open(writer *w, const char *name, const char *value) {
  if (w->out->p[w->out->n - 1] != '[') zd_buffer_add_char(w->out, ',');
  zd_buffer_add_slice(w->out, ZD_S("{\"name\":\""));
  zd_buffer_add_slice(w->out, zd_slice_of(name));
  zd_buffer_add_slice(w->out, ZD_S("\",\""));
  zd_buffer_add_slice(w->out, zd_slice_of(value));
  zd_buffer_add_slice(w->out, ZD_S("\":"));
}

static void add_text(writer *w, const char *name, zd_slice text) {
  if (!text.n) return;
  part_open(w, name, "valueString");
  zd_buffer_add_char(w->out, '"');
  zd_buffer_add_json(w->out, text);
  zd_buffer_add_slice(w->out, ZD_S("\"}"));
}

static void add_number(writer *w, const char *name, uint64_t value) {
  part_open(w, name, "valueDecimal");
  zd_buffer_add_u64(w->out, value);
  zd_buffer_add_char(w->out, '}');
}

static void add_truth(writer *w, const char *name, bool value) {
  part_open(w, name, "valueBoolean");
  zd_buffer_add_slice(w->out, value ? ZD_S("true}") : ZD_S("false}"));
}

static void add_milliseconds(writer *w, uint64_t nanoseconds) {
  part_open(w, "milliseconds", "valueDecimal");
  zd_buffer_printf(w->out, "%llu.%03llu}", (unsigned long long)(nanoseconds / 1000000),
                   (unsigned long long)(nanoseconds / 1000 % 1000));
}

/* "Patient-gender" of "f:http://hl7.org/fhir/SearchParameter/Patient-gender@Patient". */
static zd_slice field_name(writer *w, uint32_t field) {
  zd_slice name = zd_store_symbol_name(w->x->call->rest->store, field);
  for (size_t i = name.n; i > 0; i--)
    if (name.p[i - 1] == '/') {
      name = zd_slice_from(name, i);
      break;
    }
  name.n = zd_slice_find(name, '@');
  return name;
}

static zd_slice subject_of(writer *w, const zd_plan *node) {
  zd_call *c = w->x->call;
  if (node->op != ZD_PLAN_TYPE && node->op != ZD_PLAN_IDS) return field_name(w, node->field);
  zd_type type = zd_search_symbol_type(c->rest->search, node->type);
  return type == ZD_NO_TYPE ? ZD_S("?") : zd_schema_type_info(c->rest->schema, type).name;
}

/* The clause as asked, where the node is one; else in words. */
static zd_slice what_of(writer *w, const zd_plan *node) {
  const zd_query *q = &w->x->q;
  for (size_t i = 0; i < q->clause_count; i++)
    if (q->clauses[i].plan == node && q->clauses[i].text.n) return q->clauses[i].text;
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
    if (nodes[i].op != node->op) continue;
    zd_slice text = zd_slice_of(nodes[i].text[w->language]);
    size_t at = zd_slice_find(text, '%');
    if (at == text.n) return text;
    zd_slice behind = zd_slice_from(text, at + 1);
    return zd_arena_printf(w->x->call->arena, "%.*s%.*s%.*s", (int)at, text.p,
                           ZD_SV(subject_of(w, node)), ZD_SV(behind));
  }
  return ZD_S("?");
}

static void add_step(void *context, const zd_plan_note *note) {
  writer *w = context;
  zd_buffer *out = w->out;
  part_open(w, "step", "part");
  zd_buffer_add_char(out, '[');
  add_number(w, "depth", note->depth);
  add_text(w, "what", what_of(w, note->node));
  add_number(w, "rows", note->rows);
  add_truth(w, "exact", note->exact);
  add_text(w, "how", manner_of(note->how, w->language));
  add_milliseconds(w, note->nanoseconds);
  zd_buffer_add_slice(out, ZD_S("]}"));
}

/* The page itself, in its order, as it would be answered: what all of the above comes to. */
static zd_err add_page(writer *w, const zd_search_request *ask, zd_fault *fault) {
  zd_searching *x = w->x;
  x->rows = ZD_NEW_ARRAY(x->call->arena, zd_row, ask->limit);
  if (!x->rows) return ZD_ERR_MEMORY;
  uint64_t begun = zd_clock_monotonic_ns();
  zd_err err = zd_ranked_search(x, ask, fault);
  if (err != ZD_OK) return err;
  part_open(w, "page", "part");
  zd_buffer_add_char(w->out, '[');
  add_number(w, "rows", x->n < x->q.count ? x->n : x->q.count);
  add_milliseconds(w, zd_clock_monotonic_ns() - begun);
  zd_buffer_add_slice(w->out, ZD_S("]}"));
  return ZD_OK;
}

/* Counting every node alone takes its time, which no loop has. */
zd_err zd_search_explained(zd_searching *x, zd_buffer *out, zd_fault *fault) {
  writer w = {x, out, x->in->russian ? RU : EN};
  zd_call *c = x->call;
  if (c->brief) return ZD_ERR_LIMIT;
  zd_search_request ask = zd_searching_request(x);
  zd_buffer_add_slice(out, ZD_S("{\"resourceType\":\"Parameters\",\"parameter\":["));
  add_text(&w, "search",
           zd_arena_printf(c->arena, "%.*s?%.*s", ZD_SV(zd_page_path(c, x->in)), ZD_SV(x->q.used)));
  zd_err err = add_page(&w, &ask, fault);
  if (err == ZD_OK) err = zd_snapshot_explain(x->v, &ask, add_step, &w, fault);
  zd_buffer_add_slice(out, ZD_S("]}"));
  return err != ZD_OK ? err : zd_buffer_error(out);
}
