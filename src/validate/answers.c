/* answers.c: one answer against its question (R4 questionnaire.html, questionnaire-definitions). */
#include <stdlib.h>

#include "validate/response.h"

#define CORE "http://hl7.org/fhir/StructureDefinition/"

/* ---- reading ---- */

bool zd_is_member(const zd_tree *tree, uint32_t node, const char *name) {
  zd_element e = tree->nodes[node].element;
  return e != ZD_NO_ELEMENT &&
         zd_slice_eq(zd_schema_element_info(tree->schema, e).name, zd_slice_of(name));
}

bool zd_is_set(zd_run *r, const zd_tree *tree, uint32_t node, const char *name) {
  return zd_slice_eq(zd_run_child_text(r, tree, node, zd_slice_of(name)), ZD_S("true"));
}

uint32_t zd_value_of(const zd_tree *tree, uint32_t node, const char *path) {
  return zd_tree_child_path(tree, node, zd_slice_of(path));
}

uint32_t zd_question_extension(zd_run *r, const zd_question *q, const char *url) {
  for (uint32_t c = zd_tree_first(q->tree, q->node); c; c = zd_tree_next(q->tree, q->node, c)) {
    if (!zd_is_member(q->tree, c, "extension")) continue;
    zd_slice is = zd_run_child_text(r, q->tree, c, ZD_S("url"));
    if (zd_slice_eq(is, zd_slice_of(url))) return zd_value_of(q->tree, c, "value");
  }
  return 0;
}

int zd_answer_ask(zd_run *r, const char *expression, zd_fhirpath_item a, zd_fhirpath_item b) {
  const zd_slice names[] = {ZD_S("a"), ZD_S("b")};
  const zd_fhirpath_items values[] = {{&a, 1}, {&b, 1}};
  zd_fhirpath_options how = {
      .schema = r->schema, .context = ZD_NO_TYPE, .variables = names, .variable_count = 2};
  zd_fhirpath_env env = {.now_ms = r->how->now_ms, .variables = values};
  const zd_fhirpath *program;
  int answer = -1;
  zd_err err = zd_fhirpath_compile(&how, zd_slice_of(expression), r->arena, &program, NULL);
  if (!err) err = zd_fhirpath_test(program, &env, r->tree, 0, r->arena, &answer, NULL);
  if (err == ZD_ERR_MEMORY) zd_run_fail(r, err, "no memory to compare answers");
  return err ? -1 : answer;
}

static bool same_child(zd_run *r, zd_fhirpath_item a, zd_fhirpath_item b, const char *name) {
  return zd_slice_eq(zd_run_child_text(r, a.as.tree, a.n, zd_slice_of(name)),
                     zd_run_child_text(r, b.as.tree, b.n, zd_slice_of(name)));
}

bool zd_answer_same(zd_run *r, zd_fhirpath_item a, zd_fhirpath_item b) {
  zd_type type = a.as.tree->nodes[a.n].type;
  if (type != b.as.tree->nodes[b.n].type) return false;
  if (type == r->v->coding) return same_child(r, a, b, "code") && same_child(r, a, b, "system");
  if (type == r->v->reference) return same_child(r, a, b, "reference");
  return zd_answer_ask(r, "%a = %b", a, b) == 1;
}

/* What a person would call the answer. */
static zd_slice told(zd_run *r, uint32_t value) {
  if (r->tree->nodes[value].p) return zd_run_text(r, r->tree, value);
  zd_slice code = zd_run_child_text(r, r->tree, value, ZD_S("code"));
  return code.p ? code : zd_run_child_text(r, r->tree, value, ZD_S("reference"));
}

/* ---- type ---- */

/* Types of answers; choices may have options of other types. */
static const struct {
  const char *question, *types[7];
} answer_types[] = {{"boolean", {"boolean"}},
                    {"decimal", {"decimal"}},
                    {"integer", {"integer"}},
                    {"date", {"date"}},
                    {"dateTime", {"dateTime"}},
                    {"time", {"time"}},
                    {"string", {"string"}},
                    {"text", {"string"}},
                    {"url", {"uri"}},
                    {"choice", {"Coding", "integer", "date", "time", "string", "Reference"}},
                    {"open-choice", {"Coding", "integer", "date", "time", "string", "Reference"}},
                    {"attachment", {"Attachment"}},
                    {"reference", {"Reference"}},
                    {"quantity", {"Quantity"}}};

static bool check_type(zd_run *r, const zd_question *q, uint32_t value) {
  zd_slice is = zd_schema_type_info(r->schema, r->tree->nodes[value].type).name;
  for (size_t i = 0; i < sizeof answer_types / sizeof *answer_types; i++) {
    if (!zd_slice_eq(q->type, zd_slice_of(answer_types[i].question))) continue;
    for (const char *const *t = answer_types[i].types; *t; t++)
      if (zd_slice_eq(is, zd_slice_of(*t))) return true;
    zd_answer_say(r, value, ZD_SAY_ANSWER_TYPE, q->link, zd_slice_of(answer_types[i].types[0]), is);
    return false;
  }
  return true;
}

/* ---- options ---- */

/* 1: it is one of the options, 0: it is not, -1: there are none. */
static int among_options(zd_run *r, const zd_question *q, uint32_t value, bool *of_type) {
  int answer = -1;
  zd_fhirpath_item is = zd_fhirpath_node(r->tree, value);
  for (uint32_t c = zd_tree_first(q->tree, q->node); c; c = zd_tree_next(q->tree, q->node, c)) {
    uint32_t option =
        zd_is_member(q->tree, c, "answerOption") ? zd_value_of(q->tree, c, "value") : 0;
    if (!option) continue;
    answer = 0;
    *of_type |= q->tree->nodes[option].type == r->tree->nodes[value].type;
    if (zd_answer_same(r, is, zd_fhirpath_node(q->tree, option))) return 1;
  }
  return answer;
}

static void check_options(zd_run *r, const zd_question *q, uint32_t value) {
  bool open = zd_slice_eq(q->type, ZD_S("open-choice")), of_type = false;
  bool choice = open || zd_slice_eq(q->type, ZD_S("choice"));
  bool string =
      zd_slice_eq(zd_schema_type_info(r->schema, r->tree->nodes[value].type).name, ZD_S("string"));
  zd_slice set = zd_run_child_text(r, q->tree, q->node, ZD_S("answerValueSet"));
  if (open && string) return;
  int answer = among_options(r, q, value, &of_type);
  if (answer == 0) zd_answer_say(r, value, ZD_SAY_ANSWER_OPTION, q->link, told(r, value), set);
  if (answer >= 0 || !choice || !set.p) return;
  if (string || zd_in_value_set(r, r->tree, value, set) == 0)
    zd_answer_say(r, value, ZD_SAY_ANSWER_OPTION, q->link, told(r, value), set);
}

/* ---- limits ---- */

static void say_limit(zd_run *r, const zd_question *q, uint32_t value, const char *limit) {
  zd_answer_say(r, value, ZD_SAY_ANSWER_LIMIT, q->link, told(r, value), zd_slice_of(limit));
}

static void check_bounds(zd_run *r, const zd_question *q, uint32_t value) {
  static const struct {
    const char *url, *name, *breaks;
  } bounds[] = {{CORE "minValue", "minValue", "%a < %b"}, {CORE "maxValue", "maxValue", "%a > %b"}};
  zd_fhirpath_item is = zd_fhirpath_node(r->tree, value);
  bool quantity = r->tree->nodes[value].type == r->v->quantity;
  for (size_t i = 0; i < 2; i++) {
    uint32_t bound = zd_question_extension(r, q, bounds[i].url);
    if (!bound) continue;
    int broken = zd_answer_ask(r, bounds[i].breaks, is, zd_fhirpath_node(q->tree, bound));
    if (broken == 1 || (broken < 0 && quantity)) say_limit(r, q, value, bounds[i].name);
  }
}

static size_t number_at(zd_run *r, const zd_tree *tree, uint32_t node) {
  char text[24] = "";
  zd_slice s = zd_run_text(r, tree, node);
  if (s.n < sizeof text) memcpy(text, s.p, s.n);
  return strtoul(text, NULL, 10);
}

static void check_text(zd_run *r, const zd_question *q, uint32_t value) {
  zd_slice text = zd_run_text(r, r->tree, value);
  uint32_t length = zd_tree_child(q->tree, q->node, ZD_S("maxLength"));
  uint32_t places = zd_question_extension(r, q, CORE "maxDecimalPlaces");
  uint32_t regex = zd_question_extension(r, q, CORE "regex");
  size_t n = 0, dot = zd_slice_find(text, '.');
  for (size_t i = 0; i < text.n; i++) n += ((unsigned char)text.p[i] & 0xC0) != 0x80;
  if (length && n > number_at(r, q->tree, length)) say_limit(r, q, value, "maxLength");
  if (places && dot < text.n && text.n - dot - 1 > number_at(r, q->tree, places))
    say_limit(r, q, value, "maxDecimalPlaces");
  if (regex && zd_answer_ask(r, "%a.matchesFull(%b)", zd_fhirpath_node(r->tree, value),
                             zd_fhirpath_node(q->tree, regex)) == 0)
    say_limit(r, q, value, "regex");
}

/* Repeated extensions that list what is allowed: true when there are none, or one is it. */
static bool is_listed(zd_run *r, const zd_question *q, const char *url, uint32_t value,
                      bool (*is)(zd_run *r, const zd_question *q, uint32_t option,
                                 uint32_t value)) {
  bool any = false;
  for (uint32_t c = zd_tree_first(q->tree, q->node); c; c = zd_tree_next(q->tree, q->node, c)) {
    if (!zd_is_member(q->tree, c, "extension") ||
        !zd_slice_eq(zd_run_child_text(r, q->tree, c, ZD_S("url")), zd_slice_of(url)))
      continue;
    uint32_t option = zd_value_of(q->tree, c, "value");
    any = true;
    if (option && is(r, q, option, value)) return true;
  }
  return !any;
}

static bool is_target(zd_run *r, const zd_question *q, uint32_t option, uint32_t value) {
  zd_target to;
  zd_find_target(r, value, &to);
  return to.type == ZD_NO_TYPE ||
         zd_slice_eq(zd_schema_type_info(r->schema, to.type).name, zd_run_text(r, q->tree, option));
}

static bool is_media(zd_run *r, const zd_question *q, uint32_t option, uint32_t value) {
  return zd_slice_eq(zd_run_child_text(r, r->tree, value, ZD_S("contentType")),
                     zd_run_text(r, q->tree, option));
}

static bool is_unit(zd_run *r, const zd_question *q, uint32_t option, uint32_t value) {
  zd_fhirpath_item a = zd_fhirpath_node(r->tree, value), b = zd_fhirpath_node(q->tree, option);
  return same_child(r, a, b, "code") && same_child(r, a, b, "system");
}

static void check_listed(zd_run *r, const zd_question *q, uint32_t value) {
  uint32_t size = zd_tree_child(r->tree, value, ZD_S("size"));
  uint32_t most = zd_question_extension(r, q, CORE "maxSize");
  if (zd_slice_eq(q->type, ZD_S("reference")) &&
      !is_listed(r, q, CORE "questionnaire-referenceResource", value, is_target))
    say_limit(r, q, value, "referenceResource");
  if (zd_slice_eq(q->type, ZD_S("attachment")) &&
      !is_listed(r, q, CORE "mimeType", value, is_media))
    say_limit(r, q, value, "mimeType");
  if (zd_slice_eq(q->type, ZD_S("quantity")) &&
      !is_listed(r, q, CORE "questionnaire-unitOption", value, is_unit))
    say_limit(r, q, value, "unitOption");
  if (size && most && zd_slice_eq(q->type, ZD_S("attachment")) &&
      number_at(r, r->tree, size) > number_at(r, q->tree, most))
    say_limit(r, q, value, "maxSize");
}

void zd_check_answer(zd_run *r, const zd_question *q, uint32_t answer) {
  uint32_t value = zd_value_of(r->tree, answer, "value");
  if (!value || !check_type(r, q, value)) return;
  check_options(r, q, value);
  check_bounds(r, q, value);
  if (r->tree->nodes[value].p)
    check_text(r, q, value);
  else
    check_listed(r, q, value);
}
