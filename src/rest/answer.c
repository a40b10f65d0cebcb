/* answer.c: answers that say no. */
#include <stdio.h>

#include "rest/interaction.h"

/* Length of the UTF-8 sequence at p (RFC 3629: no surrogates, shortest form), 0: none. */
static size_t sequence(const unsigned char *p, size_t n) {
  unsigned char lead = p[0];
  if (lead < 0x80) return 1;
  size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || more >= n) return 0;
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i <= more; i++)
    if ((p[i] & 0xC0) != 0x80) return 0;
  return more + 1;
}

bool zd_text_is_clean(zd_slice s) {
  const unsigned char *p = (const unsigned char *)s.p;
  for (size_t i = 0, step; i < s.n; i += step)
    if (!(step = sequence(p + i, s.n - i))) return false;
  return true;
}

bool zd_text_clean(char *p, size_t n) {
  bool clean = true;
  for (size_t i = 0, step; i < n; i += step) {
    step = sequence((unsigned char *)p + i, n - i);
    if (step) continue;
    p[i] = '?';
    step = 1;
    clean = false;
  }
  return clean;
}

void zd_answer_init(zd_answer *a) {
  *a = (zd_answer){.status = 200};
  zd_buffer_init(&a->body, 0);
}

void zd_answer_outcome(zd_call *c, zd_answer *a, int status) {
  a->status = status;
  a->version = 0;
  a->last_modified = 0;
  a->location = (zd_slice){NULL, 0};
  zd_buffer_clear(&a->body);
  zd_issues_write_json(&c->issues, &a->body);
  zd_text_clean(a->body.p, a->body.n); /* texts quote what was sent, and may cut it */
}

int zd_answer_fail(zd_call *c, zd_answer *a, int status, zd_issue_code code, zd_slice expression,
                   const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  zd_issue_add(&c->issues, ZD_ERROR, code, expression, "%s", text);
  zd_answer_outcome(c, a, status);
  return status;
}

int zd_status_of(zd_err err) {
  switch (err) {
    case ZD_OK:
      return 200;
    case ZD_ERR_INVALID:
      return 400;
    case ZD_ERR_NOT_FOUND:
      return 404;
    case ZD_ERR_GONE:
      return 410;
    case ZD_ERR_CONFLICT:
      return 409;
    case ZD_ERR_REFUSED:
      return 412;
    case ZD_ERR_LIMIT:
      return 413;
    case ZD_ERR_UNSUPPORTED:
      return 501;
    case ZD_ERR_BUSY:
      return 503;
    case ZD_ERR_FULL:
      return 507;
    default:
      return 500;
  }
}

void zd_answer_unanswered(zd_call *c, zd_answer *a, zd_err err, const zd_fault *fault) {
  zd_slice nowhere = {NULL, 0};
  if (err == ZD_ERR_LIMIT && c->brief)
    c->again = true;
  else if (err == ZD_ERR_LIMIT)
    zd_answer_fail(c, a, 503, ZD_ISSUE_TOO_COSTLY, nowhere, "%s",
                   fault && *fault->text ? fault->text
                                         : "this takes longer than the server allows; narrow it "
                                           "down");
  else if (err == ZD_ERR_GONE)
    zd_answer_fail(c, a, 410, ZD_ISSUE_NOT_FOUND, ZD_S("http._cursor"),
                   "the state this page belongs to is no longer kept; start again");
  else if (err == ZD_ERR_INVALID)
    zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("http._cursor"),
                   "this is not a page link that this server gave out for this search");
  else
    zd_answer_fail(c, a, zd_status_of(err),
                   err == ZD_ERR_BUSY ? ZD_ISSUE_TRANSIENT : ZD_ISSUE_EXCEPTION, nowhere,
                   "no answer: %s %s", zd_err_name(err), fault ? fault->text : "");
}

void zd_rest_refusal(int status, const char *text, zd_buffer *body) {
  zd_issue_code code = status == 413 || status == 431 ? ZD_ISSUE_TOO_LONG
                       : status >= 500                ? ZD_ISSUE_TRANSIENT
                                                      : ZD_ISSUE_STRUCTURE;
  zd_buffer_add_slice(
      body,
      ZD_S(
          "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":\""));
  zd_buffer_add_slice(body, zd_slice_of(zd_issue_code_name(code)));
  zd_buffer_add_slice(body, ZD_S("\",\"diagnostics\":\""));
  zd_buffer_add_json(body, zd_slice_of(text));
  zd_buffer_add_slice(body, ZD_S("\"}]}"));
}
