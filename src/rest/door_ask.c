/* door_ask.c: questions: on the loop when they are quick, else on threads of their own. */
#include "rest/door_internal.h"

/* Runs the question within the budget of its lane; false: it belongs into the next. */
static bool ask_within(zd_door *d) {
  zd_rest *r = d->call.rest;
  const uint64_t budgets[ZD_LANES] = {ZD_LANE_LOOP_NS, ZD_LANE_SHORT_NS,
                                      (uint64_t)r->query_ms * 1000000};
  uint64_t begun = zd_question_clock();
  zd_issues_init(&d->call.issues, d->call.arena);
  zd_buffer_clear(&d->answer.body);
  d->call.on_loop = d->lane == ZD_LANE_LOOP;
  d->call.brief = d->lane < ZD_LANE_LONG;
  d->call.again = false;
  d->call.deadline_ns = zd_clock_monotonic_ns() + budgets[d->lane];
  zd_run_question(&d->call, &d->in, &d->answer);
  zd_question_took(r->questions, &d->in, zd_question_clock() - begun, !d->call.again);
  return !d->call.again;
}

static void ask_in_turn(void *context);

static void ask_in(zd_door *d, zd_lane lane) {
  d->lane = lane;
  zd_door_move(d, d->call.rest->askers[lane - 1], ask_in_turn);
}

/* A question that takes long, when its turn comes. It may have waited longer than anybody waits,
 * and others like it may have shown meanwhile that it belongs elsewhere. */
static void ask_in_turn(void *context) {
  enum { PATIENCE_MS = 1000 };
  zd_door *d = context;
  zd_rest *r = d->call.rest;
  uint64_t waited_ms = (zd_clock_monotonic_ns() - d->waiting_ns) / 1000000;
  if (atomic_load(&r->stopping)) {
    zd_answer_fail(&d->call, &d->answer, 503, ZD_ISSUE_TRANSIENT, (zd_slice){NULL, 0},
                   "the server is stopping");
  } else if (waited_ms > r->query_ms + PATIENCE_MS) {
    zd_answer_fail(&d->call, &d->answer, 503, ZD_ISSUE_THROTTLED, (zd_slice){NULL, 0},
                   "too many long searches are waiting; try again later");
  } else if (zd_question_lane(r->questions, &d->in) > d->lane || !ask_within(d)) {
    ask_in(d, ZD_LANE_LONG);
    return;
  }
  zd_door_leave(d);
}

void zd_door_ask(zd_door *d) {
  zd_lane lane = zd_question_lane(d->call.rest->questions, &d->in);
  if (d->on_worker && lane == ZD_LANE_LOOP) lane = ZD_LANE_SHORT; /* the form was big */
  d->lane = ZD_LANE_LOOP;
  d->waiting_ns = zd_clock_monotonic_ns();
  if (lane > ZD_LANE_LOOP)
    ask_in(d, lane);
  else if (ask_within(d))
    zd_door_leave(d);
  else
    ask_in(d, ZD_LANE_SHORT);
}

static void leave_it(void *context) {
  zd_door_leave(context);
}

static void let_go(void *context) {
  zd_door *d = context;
  zd_buffer_free(&d->body);
}

/* An operation whose answer may be larger than memory. */
void zd_door_stream(zd_door *d) {
  d->streaming = (zd_streaming){.call = &d->call,
                                .in = &d->in,
                                .answer = &d->answer,
                                .x = d->x,
                                .door = d,
                                .head = zd_door_head_of_parts,
                                .leave = leave_it,
                                .let_go = let_go};
  zd_streaming_begin(&d->streaming);
}
