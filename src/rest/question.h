/* question.h: where questions run. Private to rest/.
 *
 * A question starts on the loop that read it, because most end within a fraction of a millisecond.
 * One that does not starts again on a worker of its own kind: threads that do nothing else, so that
 * neither reads on the loops nor writes wait behind costly searches. What took long once is taken
 * to the workers at once for a while, told by its shape: kind, type and names of parameters. So a
 * thousand costly searches cost the loops one attempt, not a thousand.
 */
#ifndef ZD_REST_QUESTION_H
#define ZD_REST_QUESTION_H

#include "rest/interaction.h"

enum {
  ZD_QUESTION_BRIEF_NS = 1000 * 1000, /* how long the store may search on a loop */
  ZD_QUESTION_SHAPES = 1024,          /* a power of two */
  ZD_QUESTION_REMEMBERED_MS = 2000
};

/* Until when (monotonic ms) questions of a shape go to the workers; shapes share slots. */
typedef struct zd_question_memory {
  _Atomic int64_t until[ZD_QUESTION_SHAPES];
} zd_question_memory;

/* Whether a question like this took long lately. Any thread. */
bool zd_question_is_long(const zd_question_memory *m, const zd_interaction *in);
/* It took long. Any thread. */
void zd_question_was_long(zd_question_memory *m, const zd_interaction *in);

#endif
