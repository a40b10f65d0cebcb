/* definition.h: what is written and asked under the generations of what is defined
 * (define/define.h). Private to rest/. */
#ifndef ZD_REST_DEFINITION_H
#define ZD_REST_DEFINITION_H

#include "rest/unit.h"

/* The search that a call asks: of its generation. */
static inline zd_search *zd_call_search(const zd_call *c) {
  return c->generation ? c->generation->search : c->rest->search;
}
/* A call takes the present generation; renews it once it has its snapshot, so that what the
 * snapshot holds was written under it or an earlier one; gives it back. */
void zd_call_take(zd_call *c);
void zd_call_renew(zd_call *c);
void zd_call_give(zd_call *c);

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
