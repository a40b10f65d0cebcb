/* everything.h: one $everything being answered. Private to rest/. */
#ifndef ZD_REST_EVERYTHING_H
#define ZD_REST_EVERYTHING_H

#include "rest/followed.h"
#include "rest/operation.h"
#include "rest/page.h"

typedef struct zd_everything {
  zd_call *call;
  zd_call inner; /* the same with a memory of its own, for one resource */
  const zd_interaction *in;
  zd_arena scratch;
  zd_snapshot *v; /* NULL: let go of for a while */
  zd_row snapshot;
  const zd_plan *plan;   /* the compartment */
  zd_slice start, end;   /* absent: open */
  zd_row since;          /* first row that is wanted */
  bool *types;           /* by zd_type: wanted; NULL: all */
  uint32_t count;        /* 0: everything at once */
  zd_slice cursor, used; /* for links: what was asked */
  zd_cursor at;
  zd_buffer rows; /* of 1, ascending */
  zd_followed followed;
  zd_type patient;
  size_t row, other; /* next of 1, of 2 */
  bool behind;       /* there is a further page, behind `last` */
  zd_row last;
  bool begun, any;
  bool followed_further; /* what is followed now was referred to itself */
} zd_everything;

/* Understands what is asked and finds its state: snapshot and compartment. False: refused, said in
 * `a`. */
bool zd_everything_ask(zd_everything *e, zd_answer *a);

#endif
