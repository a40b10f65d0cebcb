/* definition.h: what is written and asked under the generations of what is defined
 * (define/define.h). Private to rest/. */
#ifndef ZD_REST_DEFINITION_H
#define ZD_REST_DEFINITION_H

#include "rest/unit.h"

/* The search that a call asks: of its generation. */
static inline zd_search *zd_call_search(const zd_call *c) {
  return c->generation ? c->generation->search : c->rest->search;
}
/* A call takes the present generation and gives it back. */
void zd_call_take(zd_call *c);
void zd_call_give(zd_call *c);
/* The snapshot of a question (as of a row, unless ZD_NO_ROW), and the generation that goes with it:
 * present before and behind. What is asked has to be parsed after this. */
zd_err zd_call_snapshot(zd_call *c, zd_row row, zd_snapshot **v);

/* The search that a unit derives entries and conditions with, from zd_unit_enter to _leave. */
static inline zd_search *zd_unit_search(const zd_unit *u) {
  return u->generation ? u->generation->search : u->call->rest->search;
}
/* False: a brief call has to wait elsewhere (call->again). */
bool zd_unit_enter(zd_unit *u);
void zd_unit_leave(zd_unit *u);

/* Whether it writes SearchParameters: then zd_unit_run is the only way. */
bool zd_unit_defines(const zd_unit *u);
/* zd_unit_run for such: checked before the commit, in use behind it. */
void zd_unit_run_defining(zd_unit *u);

/* SearchParameter/x/$status */
void zd_run_parameter_status(zd_call *c, const zd_interaction *in, zd_answer *a);

#endif
