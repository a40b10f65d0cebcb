/* door_internal.h: one request on its way through the door, in parts by what they do. Private to
 * rest/door*.c. Whoever holds a door is the only one; zd_door_leave gives it back with its
 * exchange. */
#ifndef ZD_REST_DOOR_INTERNAL_H
#define ZD_REST_DOOR_INTERNAL_H

#include "base/clock.h"
#include "fhir/xml.h"
#include "rest/bundle.h"
#include "rest/coding.h"
#include "rest/format.h"
#include "rest/outlet.h"
#include "rest/question.h"
#include "rest/streaming.h"

typedef struct zd_door {
  zd_call call;
  zd_http_exchange *x;
  zd_interaction in;
  zd_answer answer;
  zd_buffer body;       /* the request's, decoded; when it had to be */
  zd_slice text;        /* the request's body */
  zd_format format;     /* that it is in */
  zd_xml_faults faults; /* of a batch in XML */
  zd_slice media;       /* of an answer that is no resource; absent: it is */
  zd_tree tree;
  zd_unit unit;
  zd_unit_entry entry;   /* of a single write */
  zd_fhir_bundle *parts; /* of a Bundle: where its entries lie in `text` */
  zd_bundle bundle;
  zd_outlet *outlet; /* of an answer that is being sent in parts */
  zd_streaming streaming;
  bool on_worker;
  zd_lane lane;        /* of a question */
  uint64_t waiting_ns; /* since when it waits */
} zd_door;

/* ---- door_body.c: the body of a request ---- */

/* Does it have one that is read? */
bool zd_door_wants_body(const zd_door *d);
/* Reads it, decodes it, and makes of it what the interaction wants: a tree, a query, the entries of
 * a Bundle. False: what is wrong stands in the answer. May wait for bytes. */
bool zd_door_read_body(zd_door *d);

/* ---- door_write.c: writes and Bundles; they leave by themselves ---- */

void zd_door_write(zd_door *d);
void zd_door_bundle(zd_door *d);
void zd_door_free_bundle(zd_door *d);

/* ---- door_ask.c: questions, within the budget of a lane; they leave by themselves ---- */

void zd_door_ask(zd_door *d);
/* An operation whose answer may be larger than memory. */
void zd_door_stream(zd_door *d);

/* ---- door_answer.c: the way out ---- */

/* Sends the answer; d is gone with the exchange. */
void zd_door_leave(zd_door *d);
/* Status and headers of an answer that is sent in parts; context: the door. Returns its coding. */
zd_coding zd_door_head_of_parts(void *context);
/* Moves on to a worker. When too much waits already, the answer is that: nothing was done yet. Not
 * done here instead: this may be the committer's thread, which must not wait for room in its own
 * queue, or a loop's. */
void zd_door_move(zd_door *d, zd_workers *workers, zd_job job);

#endif
