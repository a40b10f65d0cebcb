/* answer.c: answers that say no. */
#include <stdio.h>

#include "rest/interaction.h"

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
    zd_answer_fail(c, a, 503, ZD_ISSUE_TOO_COSTLY, nowhere,
                   "this takes longer than the server allows; narrow it down");
  else if (err == ZD_ERR_GONE)
    zd_answer_fail(c, a, 410, ZD_ISSUE_NOT_FOUND, ZD_S("http._cursor"),
                   "the state this page belongs to is no longer kept; start again");
  else if (err == ZD_ERR_INVALID)
    zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("http._cursor"),
                   "this is not a page link that this server gave out");
  else
    zd_answer_fail(c, a, zd_status_of(err), ZD_ISSUE_EXCEPTION, nowhere, "no answer: %s %s",
                   zd_err_name(err), fault ? fault->text : "");
}
