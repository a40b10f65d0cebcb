/* The request side without sockets. The input says where the bytes are split; whatever the split,
 * the same requests must come out as when the bytes come in one run. */
#include <stdlib.h>

#include "http/reader.h"

typedef struct outcome {
  unsigned heads, ends;
  int status;
  uint64_t sum;
} outcome;

static void mix(outcome *o, zd_slice s) {
  o->sum = o->sum * 31 + s.n;
  for (size_t i = 0; i < s.n; i++) o->sum = o->sum * 131 + (unsigned char)s.p[i];
}

static bool take_body(void *context, const char *p, size_t n) {
  outcome *o = context;
  for (size_t i = 0; i < n; i++) o->sum = o->sum * 131 + (unsigned char)p[i];
  return true;
}

static void check_head(outcome *o, const zd_http_head *h) {
  o->heads++;
  mix(o, h->method);
  mix(o, h->path);
  mix(o, h->query);
  for (size_t i = 0; i < h->count; i++) {
    mix(o, h->headers[i].name);
    mix(o, h->headers[i].value);
    if (h->headers[i].name.n == 0) abort();
    for (size_t k = 0; k < h->headers[i].value.n; k++) {
      char c = h->headers[i].value.p[k];
      if (c == '\r' || c == '\n' || c == '\0') abort();
    }
  }
  if (h->path.n == 0) abort();
  for (size_t i = 0; i < h->path.n; i++)
    if (h->path.p[i] <= ' ' && h->path.p[i] >= 0) abort();
  o->sum += h->keep_alive + 2 * h->chunked + 4 * h->content_length;
}

/* Feeds p; returns false once refused. */
static bool feed(zd_http_reader *r, zd_http_head *head, bool *inside, outcome *o, const char *p,
                 size_t n) {
  while (n && !r->status) {
    size_t used = 0;
    if (!*inside) {
      used = zd_http_reader_blank(r, p, n);
      p += used;
      n -= used;
      if (n == 0 || r->status) break;
      zd_http_reader_begin(r, head);
      *inside = true;
    }
    zd_http_step step;
    used = zd_http_reader_feed(r, p, n, &step);
    if (used > n) abort();
    if (step == ZD_HTTP_HEAD) {
      check_head(o, head);
      if (!head->has_body) zd_http_reader_feed(r, NULL, 0, &step);
    }
    if (step == ZD_HTTP_END) {
      o->ends++;
      *inside = false;
    }
    p += used;
    n -= used;
  }
  return r->status == 0;
}

static outcome run(const char *p, size_t n, size_t step) {
  outcome o = {0};
  zd_http_head head = {0};
  zd_http_reader r;
  bool inside = false;
  zd_http_reader_init(&r, 1000, 3000, take_body, &o);
  for (size_t at = 0; at < n; at += step) {
    size_t part = n - at < step ? n - at : step;
    char *copy = malloc(part); /* so that a byte too far is noticed */
    if (!copy) abort();
    memcpy(copy, p + at, part);
    bool on = feed(&r, &head, &inside, &o, copy, part);
    free(copy);
    if (!on) break;
  }
  o.status = r.status;
  zd_http_head_free(&head);
  return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (n < 2) return 0;
  const char *p = (const char *)data + 1;
  outcome whole = run(p, n - 1, n - 1);
  outcome split = run(p, n - 1, data[0] % 40 + 1);
  if (whole.heads != split.heads || whole.ends != split.ends) abort();
  if (!whole.status != !split.status) abort();
  if (!whole.status && whole.sum != split.sum) abort();
  return 0;
}
