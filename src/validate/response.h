/* response.h: answers against the questions of a Questionnaire. Private to validate/. */
#ifndef ZD_VALIDATE_RESPONSE_H
#define ZD_VALIDATE_RESPONSE_H

#include "validate/run.h"

/* An item of the questionnaire: its tree may be another than the response's. */
typedef struct zd_question {
  const zd_tree *tree;
  uint32_t node;
  zd_slice link, type;
} zd_question;

void zd_answer_say(zd_run *r, uint32_t node, zd_message message, zd_slice a, zd_slice b,
                   zd_slice c);
bool zd_is_member(const zd_tree *tree, uint32_t node, const char *name);
/* "true" of a boolean child. */
bool zd_is_set(zd_run *r, const zd_tree *tree, uint32_t node, const char *name);
/* The value of an answer, an option, an extension: the child whose path is "value" (or "answer");
 * 0: none. */
uint32_t zd_value_of(const zd_tree *tree, uint32_t node, const char *path);

/* "%a < %b" and the like: 1, 0, -1: they do not compare. */
int zd_answer_ask(zd_run *r, const char *expression, zd_fhirpath_item a, zd_fhirpath_item b);
/* The same answer: a coding by system and code. */
bool zd_answer_same(zd_run *r, zd_fhirpath_item a, zd_fhirpath_item b);
/* Value of an extension of the question; 0: none. */
uint32_t zd_question_extension(zd_run *r, const zd_question *q, const char *url);
/* One answer: its type, is it an option, is it within limits. */
void zd_check_answer(zd_run *r, const zd_question *q, uint32_t answer);

#endif
