#include "http/reader.h"

#include <stdlib.h>

#include "http/text.h"

void zd_http_head_clear(zd_http_head *h) {
  zd_buffer raw = h->raw;
  zd_http_header *headers = h->headers;
  size_t room = h->room;
  *h = (zd_http_head){.raw = raw, .headers = headers, .room = room};
  zd_buffer_clear(&h->raw);
}

void zd_http_head_free(zd_http_head *h) {
  zd_buffer_free(&h->raw);
  free(h->headers);
  *h = (zd_http_head){0};
}

static void refuse(zd_http_reader *r, int status, const char *why) {
  if (r->status) return;
  r->status = status;
  r->why = why;
}

/* ---- llhttp's callbacks. The head is fed in one run, so that each span comes in one piece; two
 * value spans for one field would be a folded line. ---- */

static bool trailing(zd_http_reader *r, size_t n) {
  r->trailing += n;
  if (r->trailing > r->head_limit) refuse(r, 431, "chunk extensions or trailers are too large");
  return r->status == 0;
}

static int on_url(llhttp_t *parser, const char *p, size_t n) {
  zd_http_reader *r = parser->data;
  r->head->target = (zd_slice){p, n};
  return 0;
}

static bool headers_grow(zd_http_reader *r) {
  zd_http_head *h = r->head;
  if (h->count == ZD_HTTP_HEADERS_MOST) {
    refuse(r, 431, "too many headers");
    return false;
  }
  if (h->count < h->room) return true;
  size_t room = h->room ? h->room * 2 : 32;
  zd_http_header *grown = realloc(h->headers, room * sizeof *grown);
  if (!grown) {
    refuse(r, 503, "out of memory");
    return false;
  }
  h->headers = grown;
  h->room = room;
  return true;
}

static int on_header_field(llhttp_t *parser, const char *p, size_t n) {
  zd_http_reader *r = parser->data;
  if (!headers_grow(r)) return -1;
  r->head->headers[r->head->count++] = (zd_http_header){{p, n}, {p + n, 0}};
  return 0;
}

static int on_header_value(llhttp_t *parser, const char *p, size_t n) {
  zd_http_reader *r = parser->data;
  zd_http_header *h = &r->head->headers[r->head->count - 1];
  if (h->value.n) {
    refuse(r, 400, "a header is folded over several lines");
    return -1;
  }
  h->value = zd_http_trim((zd_slice){p, n});
  return 0;
}

static int on_headers_complete(llhttp_t *parser) {
  parser->upgrade = 0; /* we never switch protocols here: the request is an ordinary one */
  return 0;
}

static int on_extension(llhttp_t *parser, const char *p, size_t n) {
  (void)p;
  return trailing(parser->data, n + 1) ? 0 : -1;
}

/* After the last chunk's size llhttp's part is done: it would take a bare LF for the end of the
 * trailers. */
static int on_chunk_header(llhttp_t *parser) {
  zd_http_reader *r = parser->data;
  if (parser->content_length) return 0;
  r->phase = ZD_HTTP_IN_TRAILER;
  r->line = 0;
  r->lines = 1;
  return HPE_PAUSED;
}

static int on_body(llhttp_t *parser, const char *p, size_t n) {
  zd_http_reader *r = parser->data;
  r->seen += n;
  if (r->seen > r->body_limit) {
    refuse(r, 413, "the body is larger than this server takes");
  } else if (!r->body(r->context, p, n)) {
    refuse(r, 503, "out of memory");
  }
  return r->status ? -1 : 0;
}

static int on_message_complete(llhttp_t *parser) {
  zd_http_reader *r = parser->data;
  r->complete = true;
  return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_chunk_header = on_chunk_header,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- what the headers say ---- */

static bool host_is_well_formed(zd_slice host) {
  for (size_t i = 0; i < host.n; i++)
    if (!zd_http_is_alnum(host.p[i]) && !strchr("-._~:[]%!$&'()*+;=", host.p[i])) return false;
  return true;
}

static bool id_is_well_formed(zd_slice id) {
  if (id.n < 1 || id.n > 64) return false;
  for (size_t i = 0; i < id.n; i++)
    if (!zd_http_is_alnum(id.p[i]) && id.p[i] != '-' && id.p[i] != '_' && id.p[i] != '.')
      return false;
  return true;
}

typedef struct seen_headers {
  unsigned host, length, encoding;
} seen_headers;

static void read_header(zd_http_reader *r, const zd_http_header *h, seen_headers *seen) {
  zd_http_head *head = r->head;
  switch (h->name.n) {
    case 4:
      if (!zd_http_is(h->name, ZD_S("host"))) break;
      if (seen->host++) refuse(r, 400, "more than one Host header");
      if (!host_is_well_formed(h->value)) refuse(r, 400, "malformed Host header");
      break;
    case 6:
      if (!zd_http_is(h->name, ZD_S("expect"))) break;
      if (!zd_http_is(h->value, ZD_S("100-continue"))) refuse(r, 417, "unknown expectation");
      head->expect_continue = head->minor > 0;
      break;
    case 12:
      if (zd_http_is(h->name, ZD_S("x-request-id")) && id_is_well_formed(h->value))
        head->request_id = h->value;
      break;
    case 14:
      if (!zd_http_is(h->name, ZD_S("content-length"))) break;
      if (seen->length++) refuse(r, 400, "more than one Content-Length");
      break;
    case 17:
      if (!zd_http_is(h->name, ZD_S("transfer-encoding"))) break;
      if (seen->encoding++) refuse(r, 400, "more than one Transfer-Encoding");
      if (!zd_http_is(h->value, ZD_S("chunked"))) refuse(r, 501, "unknown transfer coding");
      break;
    default:
      break;
  }
}

static void read_headers(zd_http_reader *r) {
  zd_http_head *h = r->head;
  seen_headers seen = {0};
  for (size_t i = 0; i < h->count; i++) read_header(r, &h->headers[i], &seen);
  if (!seen.host && h->minor > 0) refuse(r, 400, "no Host header");
  if (seen.length && seen.encoding)
    refuse(r, 400, "both Content-Length and Transfer-Encoding are given");
  if (seen.encoding && h->minor == 0) refuse(r, 400, "Transfer-Encoding in an HTTP/1.0 request");
}

/* Origin form, absolute form (authority dropped), or "*" for OPTIONS: RFC 9112 §3.2. */
static void read_target(zd_http_reader *r) {
  zd_http_head *h = r->head;
  zd_slice t = h->target;
  if (t.n == 1 && t.p[0] == '*' && zd_slice_eq(h->method, ZD_S("OPTIONS"))) {
    h->path = t;
    return;
  }
  if (t.n && t.p[0] != '/') {
    size_t scheme = zd_slice_find(t, ':');
    zd_slice name = {t.p, scheme};
    zd_slice rest = zd_slice_from(t, scheme);
    if ((!zd_http_is(name, ZD_S("http")) && !zd_http_is(name, ZD_S("https"))) ||
        !zd_slice_starts(rest, ZD_S("://")))
      refuse(r, 400, "malformed request target");
    rest = zd_slice_from(rest, 3);
    size_t authority = 0;
    while (authority < rest.n && rest.p[authority] != '/' && rest.p[authority] != '?') authority++;
    if (authority == 0) refuse(r, 400, "malformed request target");
    t = zd_slice_from(rest, authority);
  }
  if (zd_slice_find(h->target, '#') < h->target.n)
    refuse(r, 400, "a request target has no fragment");
  size_t mark = zd_slice_find(t, '?');
  h->path = mark ? (zd_slice){t.p, mark} : ZD_S("/");
  if (mark < t.n) h->query = zd_slice_from(t, mark + 1);
}

static void refuse_as(zd_http_reader *r, llhttp_errno_t err) {
  switch (err) {
    case HPE_INVALID_METHOD:
      refuse(r, 501, "unknown method");
      break;
    case HPE_PAUSED_H2_UPGRADE:
    case HPE_INVALID_VERSION:
      refuse(r, 505, "only HTTP/1.1 is spoken here");
      break;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      refuse(r, 400, "Content-Length is given twice, or beside Transfer-Encoding");
      break;
    case HPE_INVALID_CONTENT_LENGTH:
      refuse(r, 400, "malformed Content-Length");
      break;
    case HPE_INVALID_CHUNK_SIZE:
      refuse(r, 400, "malformed chunk size");
      break;
    case HPE_INVALID_HEADER_TOKEN:
      refuse(r, 400, "malformed header");
      break;
    case HPE_INVALID_URL:
      refuse(r, 400, "malformed request target");
      break;
    case HPE_INVALID_TRANSFER_ENCODING:
      refuse(r, 501, "unknown transfer coding");
      break;
    default:
      refuse(r, 400, "malformed request");
      break;
  }
}

static void read_facts(zd_http_reader *r) {
  zd_http_head *h = r->head;
  llhttp_t *p = &r->parser;
  if (p->http_major != 1 || p->http_minor > 1) refuse(r, 505, "only HTTP/1.1 is spoken here");
  h->minor = p->http_minor;
  h->method = (zd_slice){h->raw.p, zd_slice_find(zd_buffer_slice(&h->raw), ' ')};
  h->keep_alive = (p->flags & F_CONNECTION_CLOSE) == 0 &&
                  (h->minor > 0 || (p->flags & F_CONNECTION_KEEP_ALIVE) != 0);
  h->chunked = (p->flags & F_CHUNKED) != 0;
  h->content_length = (p->flags & F_CONTENT_LENGTH) != 0 ? p->content_length : 0;
  h->has_body = h->chunked || h->content_length > 0;
  if (p->method == HTTP_CONNECT) refuse(r, 501, "no tunnels here");
  read_headers(r);
  read_target(r);
  if (h->content_length > r->body_limit)
    refuse(r, 413, "the body is larger than this server takes");
}

static void parse_head(zd_http_reader *r) {
  zd_http_head *h = r->head;
  llhttp_init(&r->parser, HTTP_REQUEST, &callbacks);
  r->parser.data = r;
  llhttp_errno_t err = llhttp_execute(&r->parser, h->raw.p, h->raw.n);
  if (err != HPE_OK && !(err == HPE_PAUSED && r->complete)) {
    refuse_as(r, err);
    return;
  }
  read_facts(r);
}

/* ---- framing of the head ---- */

/* Whether c may begin a line after the first. */
static bool begins_line(zd_http_reader *r, char c) {
  if (c == ' ' || c == '\t') refuse(r, 400, "a header is folded over several lines");
  if (c == ':') refuse(r, 400, "a header has no name");
  if (c != '\r' && r->lines > ZD_HTTP_HEADERS_MOST) refuse(r, 431, "too many headers");
  return r->status == 0;
}

/* True when the empty line ends within these n bytes; *used is how many belong to the head. */
static bool find_end(zd_http_reader *r, const char *p, size_t n, size_t *used) {
  size_t at = 0;
  *used = n;
  while (at < n) {
    if (r->line == 0 && r->lines && !begins_line(r, p[at])) return false;
    const char *lf = memchr(p + at, '\n', n - at);
    if (!lf) {
      r->line += n - at;
      break;
    }
    size_t here = (size_t)(lf - (p + at));
    char before = here ? lf[-1] : r->line ? r->last : '\0';
    if (before != '\r') {
      refuse(r, 400, "a line ends without CR");
      return false;
    }
    at += here + 1;
    if (r->line + here == 1) {
      *used = at;
      return true;
    }
    r->line = 0;
    r->lines++;
  }
  r->last = p[n - 1];
  return false;
}

static size_t feed_head(zd_http_reader *r, const char *p, size_t n, zd_http_step *step) {
  zd_buffer *raw = &r->head->raw;
  size_t used = 0;
  if (n == 0) return 0;
  if (raw->n == 0 && (p[0] < 'A' || p[0] > 'Z')) refuse(r, 400, "this is not HTTP");
  bool whole = !r->status && find_end(r, p, n, &used);
  if (r->status) return 0;
  if (used > r->head_limit - raw->n) {
    if (r->lines) refuse(r, 431, "the head is too large");
    refuse(r, 414, "the request target is too long");
    return 0;
  }
  zd_buffer_add(raw, p, used);
  if (raw->failed) refuse(r, 503, "out of memory");
  if (!whole || r->status) return used;
  parse_head(r);
  r->phase = ZD_HTTP_IN_BODY;
  *step = ZD_HTTP_HEAD;
  return used;
}

static size_t feed_trailer(zd_http_reader *r, const char *p, size_t n) {
  size_t used = 0;
  bool whole = find_end(r, p, n, &used);
  if (!trailing(r, used)) return used;
  r->complete = whole;
  return used;
}

static size_t feed_body(zd_http_reader *r, const char *p, size_t n) {
  llhttp_errno_t err = llhttp_execute(&r->parser, p, n);
  if (err == HPE_PAUSED) return (size_t)(llhttp_get_error_pos(&r->parser) - p);
  if (err != HPE_OK) refuse_as(r, err);
  return n;
}

/* ---- the life of a reader ---- */

void zd_http_reader_init(zd_http_reader *r, size_t head_limit, uint64_t body_limit,
                         bool (*body)(void *context, const char *p, size_t n), void *context) {
  *r = (zd_http_reader){
      .head_limit = head_limit, .body_limit = body_limit, .body = body, .context = context};
}

size_t zd_http_reader_blank(zd_http_reader *r, const char *p, size_t n) {
  size_t at = 0;
  for (; at < n && !r->status; at++) {
    if (r->last == '\r' && p[at] != '\n') refuse(r, 400, "a CR stands alone");
    if (p[at] != '\r' && p[at] != '\n') break;
    if (p[at] == '\n' && r->last != '\r') refuse(r, 400, "a line ends without CR");
    if (++r->blanks > 4) refuse(r, 400, "this is not HTTP");
    r->last = p[at];
  }
  return at;
}

void zd_http_reader_begin(zd_http_reader *r, zd_http_head *head) {
  zd_http_head_clear(head);
  r->head = head;
  r->phase = ZD_HTTP_IN_HEAD;
  r->line = r->lines = r->blanks = 0;
  r->last = '\0';
  r->complete = false;
  r->seen = 0;
  r->trailing = 0;
}

size_t zd_http_reader_feed(zd_http_reader *r, const char *p, size_t n, zd_http_step *step) {
  size_t used = 0;
  *step = ZD_HTTP_MORE;
  if (r->status) {
    used = n;
  } else if (r->phase == ZD_HTTP_IN_HEAD) {
    used = feed_head(r, p, n, step);
  } else {
    if (!r->complete && n)
      used = r->phase == ZD_HTTP_IN_BODY ? feed_body(r, p, n) : feed_trailer(r, p, n);
    if (r->complete) *step = ZD_HTTP_END;
  }
  if (*step == ZD_HTTP_END) r->last = '\0';
  if (r->status) *step = ZD_HTTP_REFUSED;
  return used;
}
