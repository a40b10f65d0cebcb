/* answer.c: the head of an answer. */
#include "http/server_internal.h"

typedef struct status_line {
  int status;
  const char *reason;
} status_line;

/* RFC 9110 §15, RFC 6585. */
static const status_line reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {425, "Too Early"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

static const char *reason_of(int status) {
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].status == status) return reasons[i].reason;
  return "";
}

#define DATE_LENGTH 37 /* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" */

/* ---- Date (RFC 9110 §6.6.1), made once a second and loop ---- */

static void put_two(char *to, int value) {
  to[0] = (char)('0' + value / 10 % 10);
  to[1] = (char)('0' + value % 10);
}

static void format_date(zd_http_loop *loop, int64_t second) {
  static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int year, month, day;
  int rest = (int)(second % 86400);
  char *d = loop->date;
  zd_clock_date(second / 86400, &year, &month, &day);
  memcpy(d, "Date: Ddd, dd Mmm yyyy hh:mm:ss GMT\r\n", DATE_LENGTH);
  memcpy(d + 6, days + second / 86400 % 7 * 3, 3);
  put_two(d + 11, day);
  memcpy(d + 14, months + (month - 1) * 3, 3);
  put_two(d + 18, year / 100);
  put_two(d + 20, year);
  put_two(d + 23, rest / 3600);
  put_two(d + 26, rest / 60 % 60);
  put_two(d + 29, rest % 60);
}

static const char *date_line(zd_http_loop *loop) {
  uint64_t now = uv_now(&loop->uv);
  if (now != loop->date_checked || !loop->date[0]) {
    int64_t second = zd_clock_now(zd_clock_system()) / 1000;
    loop->date_checked = now;
    if (second != loop->date_second || !loop->date[0]) format_date(loop, second);
    loop->date_second = second;
  }
  return loop->date;
}

/* ---- the head ---- */

#define HEAD_ROOM 512 /* everything but fields and body, generously */

static char *put(char *to, const char *p, size_t n) {
  memcpy(to, p, n);
  return to + n;
}

static char *put_text(char *to, const char *text) {
  return put(to, text, strlen(text));
}

static char *put_u64(char *to, uint64_t value) {
  char digits[20];
  size_t n = 0;
  do {
    digits[n++] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  while (n) *to++ = digits[--n];
  return to;
}

static char *put_status(char *to, int status) {
  if (status == 200) return put(to, "HTTP/1.1 200 OK\r\n", 17);
  to = put_u64(put(to, "HTTP/1.1 ", 9), (unsigned)status);
  *to++ = ' ';
  return put(put_text(to, reason_of(status)), "\r\n", 2);
}

/* RFC 9110 §6.4.1: these have no body and say no length. */
static bool is_bodyless(int status) {
  return status == 204 || status == 304;
}

static char *put_framing(char *to, zd_http_exchange *x, size_t length) {
  if (x->streaming) {
    if (x->chunked) to = put_text(to, "Transfer-Encoding: chunked\r\n");
  } else if (!is_bodyless(x->status)) {
    to = put(put_u64(put(to, "Content-Length: ", 16), length), "\r\n", 2);
  }
  if (x->last) return put_text(to, "Connection: close\r\n");
  return x->head.minor == 0 ? put_text(to, "Connection: keep-alive\r\n") : to;
}

/* Whether the connection ends with this answer: asked for, body left unread, server stopping. */
static bool is_last(const zd_http_exchange *x) {
  if (!x->head.keep_alive || !x->complete) return true;
  if (x->streaming && !x->chunked) return true;
  return x->loop->stopping && !x->next;
}

static size_t length_of(const zd_http_exchange *x, zd_slice body) {
  return body.n + x->body.n + x->owned_n;
}

static bool body_is_left_out(const zd_http_exchange *x) {
  return is_bodyless(x->status) || zd_slice_eq(x->head.method, ZD_S("HEAD"));
}

static void drop_body(zd_http_exchange *x) {
  zd_buffer_clear(&x->body);
  x->owned_n = 0;
}

bool zd_http_compose(zd_http_exchange *x, zd_slice body) {
  size_t length = length_of(x, body);
  bool without = body_is_left_out(x);
  if (without) {
    drop_body(x);
    body.n = 0;
  }
  x->composed = true;
  x->told = without ? 0 : length;
  if (x->fields.failed || !zd_buffer_reserve(&x->wire, HEAD_ROOM + x->fields.n + body.n))
    return false;
  x->last = is_last(x);
  char *to = x->wire.p + x->wire.n;
  to = put_status(to, x->status);
  to = put(to, date_line(x->loop), DATE_LENGTH);
  if (x->fields.n) to = put(to, x->fields.p, x->fields.n);
  to = put_framing(to, x, length);
  to = put_text(put(to, "X-Request-Id: ", 14), x->request.id);
  to = put(to, "\r\n\r\n", 4);
  if (body.n) to = put(to, body.p, body.n);
  x->wire.n = (size_t)(to - x->wire.p);
  return true;
}

void zd_http_error_fill(zd_http_exchange *x, int status, zd_slice text) {
  const zd_http_options *o = &x->loop->server->options;
  const char *type = "text/plain; charset=utf-8";
  zd_buffer_clear(&x->body);
  zd_http_status(x, status);
  if (o->error_body) {
    o->error_body(o->error_state, x->status, text, &x->body, &type);
  } else {
    zd_buffer_add_slice(&x->body, text);
    zd_buffer_add_char(&x->body, '\n');
  }
  zd_http_header_add(x, "Content-Type", zd_slice_of(type));
}
