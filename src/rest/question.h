/* question.h: where questions run. Private to rest/.
 *
 * A question moves along three lanes, each with a longer budget and threads of its own:
 *
 *   LOOP   the loop that read it; most questions end here within a fraction of a millisecond
 *   SHORT  what did not; so it waits only behind others of at most its budget
 *   LONG   what did not end there either; query_ms
 *
 * What takes long starts in its lane for a while, told by its shape: kind, type and names of
 * parameters. So a thousand costly searches cost the loops and the short lane one attempt or a few,
 * and neither reads, nor writes, nor quick searches wait behind them. One slow question among many
 * quick ones (a page nobody had read since the start) does not send them all to other threads,
 * which costs more than it saves: a shape leaves the loops when more than one in eight is slow.
 * Time is the processor's, not the clock's: a question is not slow because the machine is busy.
 */
#ifndef ZD_REST_QUESTION_H
#define ZD_REST_QUESTION_H

#include "rest/interaction.h"

typedef enum zd_lane { ZD_LANE_LOOP, ZD_LANE_SHORT, ZD_LANE_LONG, ZD_LANES } zd_lane;

enum {
  ZD_LANE_LOOP_NS = 1000 * 1000,       /* how long the store may search on a loop */
  ZD_LANE_SHORT_NS = 50 * 1000 * 1000, /* in the short lane */
  ZD_QUESTION_SHAPES = 1024,
  ZD_QUESTION_REMEMBERED_MS = 2000
};

/* Until when (monotonic ms) questions of a shape start in SHORT, or in LONG, and how slow its last
 * ones were; shapes share slots. */
typedef struct zd_question_memory {
  _Atomic int64_t until[ZD_LANES - 1][ZD_QUESTION_SHAPES];
  _Atomic uint8_t slow[ZD_QUESTION_SHAPES];
} zd_question_memory;

/* Where a question like this starts. Any thread. */
zd_lane zd_question_lane(const zd_question_memory *m, const zd_interaction *in);
/* It took so much of a processor; `ended`: and was answered in its lane. On a busy machine the
 * clock may end an attempt before it had much of a processor: a fifth of the budget of SHORT is
 * enough to belong into LONG then. Any thread. */
void zd_question_took(zd_question_memory *m, const zd_interaction *in, uint64_t ns, bool ended);
/* Processor time of the calling thread. */
uint64_t zd_question_clock(void);

#endif
