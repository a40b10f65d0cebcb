/* outlet.h: a big answer's body on its way out, in parts, while it is still being made: laid out
 * and coded as the client asked. Private to rest/.
 *
 *   maker ─► text ─► XML, or pretty ─► gzip, zstd ─► zd_http_stream_write, which waits for slow
 * clients
 *
 * An answer that ends before it has grown to ZD_OUTLET_PART never passes through here: it is sent
 * whole, with its length. On a worker only, unless it adds.
 */
#ifndef ZD_REST_OUTLET_H
#define ZD_REST_OUTLET_H

#include "http/http.h"
#include "rest/coding.h"
#include "rest/interaction.h"
#include "rest/markup.h"
#include "rest/pretty.h"

enum { ZD_OUTLET_PART = 1 << 20 };

typedef struct zd_outlet {
  zd_http_exchange *x;
  bool laid_out; /* asked for pretty */
  bool xml;
  bool adds; /* to be set behind zd_outlet_open: never waits for the client (zd_http_stream_add) */
  zd_coding coding;
  zd_encoder *encoder;
  zd_pretty pretty;
  zd_markup markup;
  zd_buffer shaped, coded;
  zd_err err;
} zd_outlet;

/* Begins the answer to `in`, whose status and headers are set (Content-Encoding among them). */
void zd_outlet_open(zd_outlet *o, zd_http_exchange *x, const zd_rest *r, const zd_interaction *in,
                    zd_coding coding);
/* Sends what `text` holds and clears it. False: there is no sense in going on; the client has gone,
 * or memory is exhausted. */
bool zd_outlet_send(zd_outlet *o, zd_buffer *text);
/* Sends the rest and ends the exchange; `whole` false breaks the answer off, so that the client
 * sees that it is not complete. */
void zd_outlet_close(zd_outlet *o, zd_buffer *text, bool whole);

#endif
