#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *zd_err_name(zd_err err) {
  static const char *const names[] = {
      [ZD_OK] = "ok",
      [ZD_ERR_MEMORY] = "memory",
      [ZD_ERR_IO] = "io",
      [ZD_ERR_FULL] = "full",
      [ZD_ERR_CORRUPT] = "corrupt",
      [ZD_ERR_INVALID] = "invalid",
      [ZD_ERR_LIMIT] = "limit",
      [ZD_ERR_NOT_FOUND] = "not-found",
      [ZD_ERR_GONE] = "gone",
      [ZD_ERR_CONFLICT] = "conflict",
      [ZD_ERR_REFUSED] = "refused",
      [ZD_ERR_UNSUPPORTED] = "unsupported",
      [ZD_ERR_BUSY] = "busy",
      [ZD_ERR_CANCELLED] = "cancelled",
      [ZD_ERR_INTERNAL] = "internal",
  };
  size_t i = (size_t)err;
  return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}

zd_err zd_fail(zd_fault *fault, zd_err code, const char *format, ...) {
  if (!fault) return code;
  va_list args;
  va_start(args, format);
  fault->code = code;
  if (vsnprintf(fault->text, sizeof fault->text, format, args) < 0) fault->text[0] = 0;
  va_end(args);
  return code;
}

static zd_err code_of_errno(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return ZD_ERR_FULL;
    case ENOMEM:
      return ZD_ERR_MEMORY;
    default:
      return ZD_ERR_IO;
  }
}

zd_err zd_fail_errno(zd_fault *fault, const char *format, ...) {
  int number = errno;
  zd_err code = code_of_errno(number);
  if (!fault) return code;
  va_list args;
  va_start(args, format);
  fault->code = code;
  int n = vsnprintf(fault->text, sizeof fault->text, format, args);
  va_end(args);
  if (n < 0) n = 0;
  size_t at = (size_t)n < sizeof fault->text ? (size_t)n : sizeof fault->text - 1;
  char reason[128]; /* the GNU strerror_r: thread-safe, may return a static text instead */
  snprintf(fault->text + at, sizeof fault->text - at, ": %s",
           strerror_r(number, reason, sizeof reason));
  return code;
}
