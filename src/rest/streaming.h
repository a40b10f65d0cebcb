/* streaming.h: answers that are made in parts (operation.h), on their way to a client. Private to
 * rest/.
 *
 *   makers' thread   part ─► outlet ─► http ... until a window's worth waits to be sent;
 *                    then nothing is held but what the next part needs, and no thread
 *   loop             sent: there is room ─► back to the makers
 *
 * So slow clients hold neither threads nor snapshots, and an answer of any size needs the memory of
 * a few parts. One that is complete before it has grown to ZD_STREAMING_PART is sent whole. A quick
 * client's answer goes back into the queue from time to time, behind those of others.
 */
#ifndef ZD_REST_STREAMING_H
#define ZD_REST_STREAMING_H

#include "rest/operation.h"
#include "rest/outlet.h"

enum {
  ZD_STREAMING_PART = 256 * 1024,
  ZD_STREAMING_TURN = 4 << 20, /* bytes until it is the next one's turn */
  ZD_STREAMING_MOST = 1000     /* answers on their way at once */
};

typedef struct zd_streaming {
  zd_call *call; /* all of these live as long as the exchange */
  const zd_interaction *in;
  zd_answer *answer;
  zd_http_exchange *x;
  void *door;
  zd_coding (*head)(void *door); /* status and headers of an answer that will be sent in parts */
  void (*leave)(void *door);     /* sends `answer` whole */
  void (*let_go)(void *door);    /* frees what the door holds besides the exchange's arena */
  /* its own */
  void *state; /* of the parts */
  zd_outlet *outlet;
} zd_streaming;

/* Begins; the exchange is answered some time later. Any thread. */
void zd_streaming_begin(zd_streaming *s);

#endif
