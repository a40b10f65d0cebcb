/* issue.h: what is wrong with a resource or a request, told so that it becomes an OperationOutcome.
 *
 * Source: FHIR R4 OperationOutcome; codes of http://hl7.org/fhir/issue-type.
 */
#ifndef ZD_FHIR_ISSUE_H
#define ZD_FHIR_ISSUE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

typedef enum zd_severity { ZD_FATAL, ZD_ERROR, ZD_WARNING, ZD_INFORMATION } zd_severity;

/* OperationOutcome.issue.code: the leaf codes this server uses (table in issue.c). */
typedef enum zd_issue_code {
  ZD_ISSUE_INVALID,
  ZD_ISSUE_STRUCTURE,
  ZD_ISSUE_REQUIRED,
  ZD_ISSUE_VALUE,
  ZD_ISSUE_INVARIANT,
  ZD_ISSUE_SECURITY,
  ZD_ISSUE_LOGIN,
  ZD_ISSUE_FORBIDDEN,
  ZD_ISSUE_PROCESSING,
  ZD_ISSUE_NOT_SUPPORTED,
  ZD_ISSUE_DUPLICATE,
  ZD_ISSUE_MULTIPLE_MATCHES,
  ZD_ISSUE_NOT_FOUND,
  ZD_ISSUE_DELETED,
  ZD_ISSUE_TOO_LONG,
  ZD_ISSUE_CODE_INVALID,
  ZD_ISSUE_EXTENSION,
  ZD_ISSUE_TOO_COSTLY,
  ZD_ISSUE_BUSINESS_RULE,
  ZD_ISSUE_CONFLICT,
  ZD_ISSUE_TRANSIENT,
  ZD_ISSUE_LOCK_ERROR,
  ZD_ISSUE_NO_STORE,
  ZD_ISSUE_EXCEPTION,
  ZD_ISSUE_TIMEOUT,
  ZD_ISSUE_INCOMPLETE,
  ZD_ISSUE_THROTTLED,
  ZD_ISSUE_INFORMATIONAL
} zd_issue_code;

typedef struct zd_issue {
  zd_severity severity;
  zd_issue_code code;
  zd_slice diagnostics;  /* for a person; English */
  zd_slice expression;   /* FHIRPath of the place, e.g. Patient.name[0].given[1]; may be absent */
  uint32_t line, column; /* 1-based, column in bytes; 0: not known */
} zd_issue;

/* A bounded list; texts live in the arena. One thread. */
typedef struct zd_issues {
  zd_arena *arena;
  zd_issue *items;
  size_t n, room;
  size_t limit;   /* most issues kept (default 100) */
  size_t dropped; /* reported beyond the limit */
  size_t errors;  /* of severity error or fatal, dropped ones included */
} zd_issues;

void zd_issues_init(zd_issues *list, zd_arena *arena);

/* Adds one; diagnostics is printf-formatted into the arena; expression is copied. */
void zd_issue_add(zd_issues *list, zd_severity severity, zd_issue_code code, zd_slice expression,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* As zd_issue_add with a place in the source text. */
void zd_issue_add_at(zd_issues *list, zd_severity severity, zd_issue_code code, zd_slice expression,
                     uint32_t line, uint32_t column, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

const char *zd_issue_code_name(zd_issue_code code); /* "multiple-matches" */
const char *zd_severity_name(zd_severity severity); /* "error" */

/* The list as OperationOutcome JSON, compact. An empty list gives one "informational" issue "ok".
 */
void zd_issues_write_json(const zd_issues *list, zd_buffer *out);

#endif
