/* response.c: QuestionnaireResponse against its Questionnaire (R4 questionnaireresponse.html). */
#include "validate/response.h"

#include <stdlib.h>

typedef struct response {
  uint32_t root;
  bool whole; /* completed or amended: what is required must be there */
} response;

void zd_answer_say(zd_run *r, uint32_t node, zd_message message, zd_slice a, zd_slice b,
                   zd_slice c) {
  zd_run_say(r, (zd_subject){node, NULL, 0},
             &(zd_say){.severity = ZD_ERROR,
                       .code = ZD_ISSUE_BUSINESS_RULE,
                       .message = message,
                       .text = {a, b, c},
                       .rule = a});
}

static void say(zd_run *r, uint32_t node, zd_message message, zd_slice link) {
  zd_slice none = {NULL, 0};
  zd_answer_say(r, node, message, link, none, none);
}

static zd_question question_at(zd_run *r, const zd_tree *tree, uint32_t node) {
  return (zd_question){.tree = tree,
                       .node = node,
                       .link = zd_run_child_text(r, tree, node, ZD_S("linkId")),
                       .type = zd_run_child_text(r, tree, node, ZD_S("type"))};
}

/* ---- is it enabled ---- */

/* The first of the response's items that have this linkId, behind `from`; 0: none. */
static uint32_t next_item(zd_run *r, uint32_t root, uint32_t from, zd_slice link) {
  for (uint32_t i = from + 1; i < r->tree->nodes[root].end; i++)
    if (zd_is_member(r->tree, i, "item") &&
        zd_slice_eq(zd_run_child_text(r, r->tree, i, ZD_S("linkId")), link))
      return i;
  return 0;
}

static bool answer_fits(zd_run *r, zd_slice op, zd_fhirpath_item is, zd_fhirpath_item asked) {
  if (zd_slice_eq(op, ZD_S("="))) return zd_answer_same(r, is, asked);
  if (zd_slice_eq(op, ZD_S("!="))) return !zd_answer_same(r, is, asked);
  if (zd_slice_eq(op, ZD_S(">"))) return zd_answer_ask(r, "%a > %b", is, asked) == 1;
  if (zd_slice_eq(op, ZD_S("<"))) return zd_answer_ask(r, "%a < %b", is, asked) == 1;
  if (zd_slice_eq(op, ZD_S(">="))) return zd_answer_ask(r, "%a >= %b", is, asked) == 1;
  if (zd_slice_eq(op, ZD_S("<="))) return zd_answer_ask(r, "%a <= %b", is, asked) == 1;
  return false;
}

/* Is one of the answers to the question as the condition asks. */
static bool condition_holds(zd_run *r, const response *at, const zd_tree *tree, uint32_t when) {
  zd_slice link = zd_run_child_text(r, tree, when, ZD_S("question"));
  zd_slice op = zd_run_child_text(r, tree, when, ZD_S("operator"));
  uint32_t asked = zd_value_of(tree, when, "answer");
  bool exists = zd_slice_eq(op, ZD_S("exists")), any = false;
  for (uint32_t i = next_item(r, at->root, at->root, link); i;
       i = next_item(r, at->root, i, link)) {
    for (uint32_t c = zd_tree_first(r->tree, i); c; c = zd_tree_next(r->tree, i, c)) {
      uint32_t value = zd_is_member(r->tree, c, "answer") ? zd_value_of(r->tree, c, "value") : 0;
      if (!value) continue;
      any = true;
      if (!exists && asked &&
          answer_fits(r, op, zd_fhirpath_node(r->tree, value), zd_fhirpath_node(tree, asked)))
        return true;
    }
  }
  if (!exists || !asked) return false;
  return any == zd_slice_eq(zd_run_text(r, tree, asked), ZD_S("true"));
}

static bool is_enabled(zd_run *r, const response *at, const zd_question *q) {
  bool all =
      zd_slice_eq(zd_run_child_text(r, q->tree, q->node, ZD_S("enableBehavior")), ZD_S("all"));
  bool any = false, some = false;
  for (uint32_t c = zd_tree_first(q->tree, q->node); c; c = zd_tree_next(q->tree, q->node, c)) {
    if (!zd_is_member(q->tree, c, "enableWhen")) continue;
    bool holds = condition_holds(r, at, q->tree, c);
    some = true;
    any |= holds;
    if (all && !holds) return false;
  }
  return !some || any;
}

/* ---- items ---- */

static void check_level(zd_run *r, const response *at, const zd_tree *tree, uint32_t questions,
                        uint32_t answers);

static size_t number_of(zd_run *r, const zd_question *q, const char *url, size_t otherwise) {
  char text[24] = "";
  uint32_t value = zd_question_extension(r, q, url);
  if (!value) return otherwise;
  zd_slice s = zd_run_text(r, q->tree, value);
  if (s.n < sizeof text) memcpy(text, s.p, s.n);
  return strtoul(text, NULL, 10);
}

static void check_count(zd_run *r, const response *at, const zd_question *q, uint32_t item,
                        size_t n) {
  size_t most =
      number_of(r, q, "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs", SIZE_MAX);
  size_t least =
      number_of(r, q, "http://hl7.org/fhir/StructureDefinition/questionnaire-minOccurs", 0);
  if (n > 1 && !zd_is_set(r, q->tree, q->node, "repeats"))
    say(r, item, ZD_SAY_ANSWER_MANY, q->link);
  if (n > most || (at->whole && n < least))
    zd_answer_say(r, item, ZD_SAY_ANSWER_LIMIT, q->link, zd_number_text(r, n),
                  n > most ? ZD_S("maxOccurs") : ZD_S("minOccurs"));
  if (at->whole && !n && zd_is_set(r, q->tree, q->node, "required"))
    say(r, item, ZD_SAY_ANSWER_MISSING, q->link);
}

static void check_question(zd_run *r, const response *at, const zd_question *q, uint32_t item) {
  size_t n = 0;
  for (uint32_t c = zd_tree_first(r->tree, item); c && !r->err;
       c = zd_tree_next(r->tree, item, c)) {
    if (zd_is_member(r->tree, c, "item")) /* items stand under the answer */
      say(r, c, ZD_SAY_ANSWER_NO_QUESTION, zd_run_child_text(r, r->tree, c, ZD_S("linkId")));
    if (!zd_is_member(r->tree, c, "answer")) continue;
    n++;
    zd_check_answer(r, q, c);
    check_level(r, at, q->tree, q->node, c);
  }
  check_count(r, at, q, item, n);
}

static void check_item(zd_run *r, const response *at, const zd_question *q, uint32_t item) {
  bool group = zd_slice_eq(q->type, ZD_S("group"));
  bool answered = zd_tree_child(r->tree, item, ZD_S("answer")) != 0;
  bool filled = answered || zd_tree_child(r->tree, item, ZD_S("item"));
  if (filled && !is_enabled(r, at, q)) say(r, item, ZD_SAY_ANSWER_DISABLED, q->link);
  if (!group && !zd_slice_eq(q->type, ZD_S("display"))) {
    check_question(r, at, q, item);
    return;
  }
  if (answered) say(r, item, ZD_SAY_ANSWER_DISPLAY, q->link);
  if (!group) return;
  if (at->whole && !filled && zd_is_set(r, q->tree, q->node, "required"))
    say(r, item, ZD_SAY_ANSWER_MISSING, q->link);
  check_level(r, at, q->tree, q->node, item);
}

/* Place among the questions of this level; UINT32_MAX. */
static uint32_t find_question(zd_run *r, const zd_tree *tree, uint32_t questions, zd_slice link) {
  for (uint32_t c = zd_tree_first(tree, questions); c; c = zd_tree_next(tree, questions, c))
    if (zd_is_member(tree, c, "item") &&
        zd_slice_eq(zd_run_child_text(r, tree, c, ZD_S("linkId")), link))
      return c;
  return UINT32_MAX;
}

static void check_missing(zd_run *r, const response *at, const zd_tree *tree, uint32_t questions,
                          uint32_t answers) {
  for (uint32_t c = zd_tree_first(tree, questions); c; c = zd_tree_next(tree, questions, c)) {
    if (!zd_is_member(tree, c, "item")) continue;
    zd_question q = question_at(r, tree, c);
    if (!zd_is_set(r, tree, c, "required") || zd_slice_eq(q.type, ZD_S("display"))) continue;
    bool there = false;
    for (uint32_t i = zd_tree_first(r->tree, answers); i; i = zd_tree_next(r->tree, answers, i))
      there |= zd_is_member(r->tree, i, "item") &&
               zd_slice_eq(zd_run_child_text(r, r->tree, i, ZD_S("linkId")), q.link);
    if (!there && is_enabled(r, at, &q)) say(r, answers, ZD_SAY_ANSWER_MISSING, q.link);
  }
}

static void check_level(zd_run *r, const response *at, const zd_tree *tree, uint32_t questions,
                        uint32_t answers) {
  uint32_t last = 0;
  for (uint32_t c = zd_tree_first(r->tree, answers); c && !r->err;
       c = zd_tree_next(r->tree, answers, c)) {
    if (!zd_is_member(r->tree, c, "item")) continue;
    zd_slice link = zd_run_child_text(r, r->tree, c, ZD_S("linkId"));
    uint32_t q = find_question(r, tree, questions, link);
    if (q == UINT32_MAX) {
      say(r, c, ZD_SAY_ANSWER_NO_QUESTION, link);
      continue;
    }
    zd_question question = question_at(r, tree, q);
    bool repeats = zd_slice_eq(question.type, ZD_S("group")) && zd_is_set(r, tree, q, "repeats");
    if (q < last) say(r, c, ZD_SAY_ANSWER_ORDER, link);
    if (q == last && !repeats) say(r, c, ZD_SAY_ANSWER_TWICE, link);
    last = q > last ? q : last;
    check_item(r, at, &question, c);
  }
  if (at->whole) check_missing(r, at, tree, questions, answers);
}

void zd_check_response(zd_run *r, uint32_t node) {
  zd_slice canonical = zd_run_child_text(r, r->tree, node, ZD_S("questionnaire"));
  zd_slice status = zd_run_child_text(r, r->tree, node, ZD_S("status"));
  zd_slice none = {NULL, 0};
  zd_target to;
  if (!canonical.p) return;
  zd_find_text(r, node, canonical, &to);
  zd_type must = zd_schema_type(r->schema, ZD_S("Questionnaire"));
  if (!to.item.as.tree || to.type != must) {
    bool wrong = to.item.as.tree != NULL;
    zd_run_say(r, (zd_subject){node, NULL, 0},
               &(zd_say){.severity = wrong ? ZD_ERROR : ZD_WARNING,
                         .code = ZD_ISSUE_NOT_FOUND,
                         .message = ZD_SAY_QUESTIONNAIRE_UNKNOWN,
                         .text = {canonical, none, none}});
    return;
  }
  response at = {
      .root = node,
      .whole = zd_slice_eq(status, ZD_S("completed")) || zd_slice_eq(status, ZD_S("amended"))};
  check_level(r, &at, to.item.as.tree, to.item.n, node);
}
