/* issue.c: the bounded issue list and its OperationOutcome. */
#include "fhir/issue.h"

#include <stdio.h>

static const char *const code_names[] = {
    [ZD_ISSUE_INVALID] = "invalid",
    [ZD_ISSUE_STRUCTURE] = "structure",
    [ZD_ISSUE_REQUIRED] = "required",
    [ZD_ISSUE_VALUE] = "value",
    [ZD_ISSUE_INVARIANT] = "invariant",
    [ZD_ISSUE_SECURITY] = "security",
    [ZD_ISSUE_LOGIN] = "login",
    [ZD_ISSUE_FORBIDDEN] = "forbidden",
    [ZD_ISSUE_PROCESSING] = "processing",
    [ZD_ISSUE_NOT_SUPPORTED] = "not-supported",
    [ZD_ISSUE_DUPLICATE] = "duplicate",
    [ZD_ISSUE_MULTIPLE_MATCHES] = "multiple-matches",
    [ZD_ISSUE_NOT_FOUND] = "not-found",
    [ZD_ISSUE_DELETED] = "deleted",
    [ZD_ISSUE_TOO_LONG] = "too-long",
    [ZD_ISSUE_CODE_INVALID] = "code-invalid",
    [ZD_ISSUE_EXTENSION] = "extension",
    [ZD_ISSUE_TOO_COSTLY] = "too-costly",
    [ZD_ISSUE_BUSINESS_RULE] = "business-rule",
    [ZD_ISSUE_CONFLICT] = "conflict",
    [ZD_ISSUE_TRANSIENT] = "transient",
    [ZD_ISSUE_LOCK_ERROR] = "lock-error",
    [ZD_ISSUE_NO_STORE] = "no-store",
    [ZD_ISSUE_EXCEPTION] = "exception",
    [ZD_ISSUE_TIMEOUT] = "timeout",
    [ZD_ISSUE_INCOMPLETE] = "incomplete",
    [ZD_ISSUE_THROTTLED] = "throttled",
    [ZD_ISSUE_INFORMATIONAL] = "informational",
};

static const char *const severity_names[] = {
    [ZD_FATAL] = "fatal",
    [ZD_ERROR] = "error",
    [ZD_WARNING] = "warning",
    [ZD_INFORMATION] = "information",
};

enum { ISSUE_LIMIT = 100, DIAGNOSTICS_LIMIT = 1000 };

const char *zd_issue_code_name(zd_issue_code code) {
  size_t i = (size_t)code;
  return i < sizeof code_names / sizeof *code_names ? code_names[i] : "exception";
}

const char *zd_severity_name(zd_severity severity) {
  size_t i = (size_t)severity;
  return i < sizeof severity_names / sizeof *severity_names ? severity_names[i] : "error";
}

void zd_issues_init(zd_issues *list, zd_arena *arena) {
  *list = (zd_issues){.arena = arena, .limit = ISSUE_LIMIT};
}

/* A slot for one more; NULL when the list is full or memory is exhausted: then only counted. */
static zd_issue *next_item(zd_issues *list) {
  if (list->n >= list->limit) return NULL;
  if (list->n == list->room) {
    size_t room = list->room ? list->room * 2 : 4;
    zd_issue *items = ZD_NEW_ARRAY(list->arena, zd_issue, room);
    if (!items) return NULL;
    if (list->n) memcpy(items, list->items, list->n * sizeof *items);
    list->items = items;
    list->room = room;
  }
  return &list->items[list->n];
}

/* The length without a character that the cut at `n` left incomplete. */
static size_t whole_characters(const char *text, size_t n) {
  size_t i = n;
  while (i > 0 && n - i < 3 && ((unsigned char)text[i - 1] & 0xC0) == 0x80) i--;
  if (i == 0) return n;
  unsigned char lead = (unsigned char)text[i - 1];
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return i - 1 + length <= n ? n : i - 1;
}

static zd_slice diagnostics_of(zd_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static zd_slice diagnostics_of(zd_arena *arena, const char *format, va_list args) {
  char text[DIAGNOSTICS_LIMIT];
  int n = vsnprintf(text, sizeof text, format, args);
  if (n < 0) return (zd_slice){NULL, 0};
  size_t length = (size_t)n;
  if (length >= sizeof text) length = whole_characters(text, sizeof text - 1);
  return zd_arena_copy(arena, (zd_slice){text, length});
}

static void add(zd_issues *list, const zd_issue *issue, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void add(zd_issues *list, const zd_issue *issue, const char *format, va_list args) {
  if (issue->severity <= ZD_ERROR) list->errors++;
  zd_issue *item = next_item(list);
  if (!item) {
    list->dropped++;
    return;
  }
  *item = *issue;
  item->diagnostics = diagnostics_of(list->arena, format, args);
  if (issue->expression.n) item->expression = zd_arena_copy(list->arena, issue->expression);
  list->n++;
}

void zd_issue_add(zd_issues *list, zd_severity severity, zd_issue_code code, zd_slice expression,
                  const char *format, ...) {
  zd_issue issue = {.severity = severity, .code = code, .expression = expression};
  va_list args;
  va_start(args, format);
  add(list, &issue, format, args);
  va_end(args);
}

void zd_issue_add_at(zd_issues *list, zd_severity severity, zd_issue_code code, zd_slice expression,
                     uint32_t line, uint32_t column, const char *format, ...) {
  zd_issue issue = {
      .severity = severity, .code = code, .expression = expression, .line = line, .column = column};
  va_list args;
  va_start(args, format);
  add(list, &issue, format, args);
  va_end(args);
}

/* ---- OperationOutcome ---- */

/* Line and column travel in the extensions that HL7 defined for them. */
static void write_place(const zd_issue *issue, zd_buffer *out) {
  static const char url[] = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue";
  zd_buffer_printf(out,
                   "\"extension\":[{\"url\":\"%s-line\",\"valueInteger\":%u},"
                   "{\"url\":\"%s-col\",\"valueInteger\":%u}],",
                   url, (unsigned)issue->line, url, (unsigned)issue->column);
}

static void write_issue(const zd_issue *issue, zd_buffer *out) {
  zd_buffer_add_char(out, '{');
  if (issue->line) write_place(issue, out);
  zd_buffer_printf(out, "\"severity\":\"%s\",\"code\":\"%s\"", zd_severity_name(issue->severity),
                   zd_issue_code_name(issue->code));
  if (issue->diagnostics.n) {
    zd_buffer_add_slice(out, ZD_S(",\"diagnostics\":\""));
    zd_buffer_add_json(out, issue->diagnostics);
    if (issue->line) {
      zd_buffer_printf(out, " (line %u, column %u)", (unsigned)issue->line,
                       (unsigned)issue->column);
    }
    zd_buffer_add_char(out, '"');
  }
  if (issue->expression.n) {
    zd_buffer_add_slice(out, ZD_S(",\"expression\":[\""));
    zd_buffer_add_json(out, issue->expression);
    zd_buffer_add_slice(out, ZD_S("\"]"));
  }
  zd_buffer_add_char(out, '}');
}

void zd_issues_write_json(const zd_issues *list, zd_buffer *out) {
  zd_buffer_add_slice(out, ZD_S("{\"resourceType\":\"OperationOutcome\",\"issue\":["));
  for (size_t i = 0; i < list->n; i++) {
    if (i) zd_buffer_add_char(out, ',');
    write_issue(&list->items[i], out);
  }
  if (list->n == 0 && list->dropped == 0) {
    write_issue(
        &(zd_issue){
            .severity = ZD_INFORMATION, .code = ZD_ISSUE_INFORMATIONAL, .diagnostics = ZD_S("ok")},
        out);
  }
  if (list->dropped) {
    if (list->n) zd_buffer_add_char(out, ',');
    zd_buffer_printf(out,
                     "{\"severity\":\"%s\",\"code\":\"incomplete\","
                     "\"diagnostics\":\"%zu further issues are not listed\"}",
                     list->n ? "information" : "error", list->dropped);
  }
  zd_buffer_add_slice(out, ZD_S("]}"));
}
