/* reader.h: the bytes of a connection → requests. No sockets, no threads; private to http/.
 *
 * We frame heads and trailers (find their end, refuse bare LF, folded lines and oversize), llhttp
 * judges the grammar of heads and the framing of bodies. Trailers are dropped. A head is copied
 * once, whole, and its slices point into that copy.
 *
 *   begin(head) ─► feed ─► MORE … HEAD ─► feed ─► MORE … END ─► blank ─► begin(next head)
 *                    └────────────► REFUSED: answer r->status and close ◄────┘
 *
 * A reader belongs to one connection; a head must stay where it is until END.
 */
#ifndef ZD_HTTP_READER_H
#define ZD_HTTP_READER_H

#include <llhttp/llhttp.h>

#include "base/buffer.h"
#include "http/http.h"

#define ZD_HTTP_HEADERS_MOST 200

/* Everything a head says. Memory is kept from request to request: zd_http_head_clear. */
typedef struct zd_http_head {
  zd_buffer raw;           /* the head as received, to its empty line */
  zd_http_header *headers; /* malloc'ed; values without blanks around them */
  size_t count, room;
  zd_slice method, target, path, query; /* into raw; query absent when there is no '?' */
  zd_slice request_id;                  /* absent when missing or not well-formed */
  bool keep_alive, has_body, chunked, expect_continue;
  uint8_t minor; /* HTTP/1.minor */
  uint64_t content_length;
} zd_http_head;

void zd_http_head_clear(zd_http_head *h);
void zd_http_head_free(zd_http_head *h);

typedef enum zd_http_step {
  ZD_HTTP_MORE,   /* all bytes used, nothing finished */
  ZD_HTTP_HEAD,   /* the head is there; feed on for body or end */
  ZD_HTTP_END,    /* the request is complete */
  ZD_HTTP_REFUSED /* r->status and r->why; the connection cannot go on */
} zd_http_step;

typedef struct zd_http_reader {
  llhttp_t parser;
  zd_http_head *head;
  size_t head_limit;
  uint64_t body_limit;
  /* Takes a part of the body; false: no memory. */
  bool (*body)(void *context, const char *p, size_t n);
  void *context;

  enum { ZD_HTTP_IN_HEAD, ZD_HTTP_IN_BODY, ZD_HTTP_IN_TRAILER } phase;
  size_t line;     /* bytes of the head's current line so far */
  size_t lines;    /* lines of the head so far */
  char last;       /* byte before the one to come; also between requests */
  size_t blanks;   /* blank bytes before the head */
  bool complete;   /* llhttp saw the end of the message */
  uint64_t seen;   /* bytes of body so far */
  size_t trailing; /* bytes of chunk extensions and trailers so far */
  int status;      /* why it refuses: an HTTP status, 0 while all is well */
  const char *why; /* static */
} zd_http_reader;

void zd_http_reader_init(zd_http_reader *r, size_t head_limit, uint64_t body_limit,
                         bool (*body)(void *context, const char *p, size_t n), void *context);

/* Skips the empty lines that may stand before a request (RFC 9112 §2.2); bytes used. Sets status
 * when there are too many or a CR or LF stands alone. */
size_t zd_http_reader_blank(zd_http_reader *r, const char *p, size_t n);

/* The next request; its head goes to *head (cleared). */
void zd_http_reader_begin(zd_http_reader *r, zd_http_head *head);

/* Feeds bytes (n may be 0); returns how many were used. */
size_t zd_http_reader_feed(zd_http_reader *r, const char *p, size_t n, zd_http_step *step);

#endif
