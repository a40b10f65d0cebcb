#include "rest/outlet.h"

void zd_outlet_open(zd_outlet *o, zd_http_exchange *x, const zd_rest *r, const zd_interaction *in,
                    zd_coding coding) {
  *o = (zd_outlet){.x = x, .laid_out = in->pretty, .xml = in->xml, .coding = coding};
  if (o->xml) zd_markup_init(&o->markup, r->schema, in->pretty);
  zd_buffer_init(&o->shaped, 0);
  zd_buffer_init(&o->coded, 0);
  if (coding != ZD_CODING_IDENTITY && !(o->encoder = zd_encoder_open(coding)))
    o->err = ZD_ERR_MEMORY;
  zd_err err = zd_http_stream_begin(x);
  if (o->err == ZD_OK) o->err = err;
}

static zd_slice lay_out(zd_outlet *o, zd_slice part, bool last) {
  if (!o->laid_out && !o->xml) return part;
  zd_buffer_clear(&o->shaped);
  if (o->xml)
    o->err = zd_markup_part(&o->markup, part, last, &o->shaped);
  else
    zd_pretty_part(&o->pretty, part, &o->shaped);
  if (o->err == ZD_OK) o->err = zd_buffer_error(&o->shaped);
  return zd_buffer_slice(&o->shaped);
}

static zd_slice encode(zd_outlet *o, zd_slice part, bool last) {
  if (!o->encoder || o->err != ZD_OK) return part;
  zd_buffer_clear(&o->coded);
  o->err = zd_encoder_add(o->encoder, part, last, &o->coded);
  return zd_buffer_slice(&o->coded);
}

static void send(zd_outlet *o, zd_buffer *text, bool last) {
  if (o->err == ZD_OK) o->err = zd_buffer_error(text);
  if (o->err != ZD_OK) return;
  zd_slice part = encode(o, lay_out(o, zd_buffer_slice(text), last), last);
  if (o->err == ZD_OK && part.n)
    o->err = o->adds ? zd_http_stream_add(o->x, part) : zd_http_stream_write(o->x, part);
  zd_buffer_clear(text);
}

bool zd_outlet_send(zd_outlet *o, zd_buffer *text) {
  if (o->err == ZD_OK && zd_http_gone(o->x)) o->err = ZD_ERR_CANCELLED;
  send(o, text, false);
  return o->err == ZD_OK;
}

void zd_outlet_close(zd_outlet *o, zd_buffer *text, bool whole) {
  if (whole) send(o, text, true);
  zd_encoder_free(o->encoder);
  if (o->xml) zd_markup_free(&o->markup);
  zd_buffer_free(&o->shaped);
  zd_buffer_free(&o->coded);
  zd_http_stream_end(o->x, whole && o->err == ZD_OK);
}
