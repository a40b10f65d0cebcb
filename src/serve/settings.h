/* settings.h: what operators may choose in a file of `name = value` lines. Private to serve/.
 *
 * The table of settings.c is the list: names, ranges, defaults, and which take effect on SIGHUP.
 * docs/operations.md explains them.
 */
#ifndef ZD_SERVE_SETTINGS_H
#define ZD_SERVE_SETTINGS_H

#include "base/error.h"
#include "base/log.h"

typedef struct zd_settings {
  uint64_t log_level;         /* zd_log_level */
  uint64_t query_ms;          /* longest a search may take */
  uint64_t query_memory_mb;   /* most memory a search may hold */
  uint64_t page_default;      /* _count when not given */
  uint64_t body_limit_mb;     /* body of a request, unpacked */
  uint64_t resource_limit_mb; /* one resource */
  uint64_t bundle_entries;    /* entries of one Bundle */
  char cors_origins[1024];    /* separated by spaces; empty: none */
} zd_settings;

/* The defaults; the level is the command line's. */
void zd_settings_init(zd_settings *s, zd_log_level level);

/* Sets what the file names; # begins a comment. An unknown or repeated name, or a bad value, is
 * refused with file and line, and *s stays as it was. */
zd_err zd_settings_read(const char *path, zd_settings *s, zd_fault *fault);

/* The name of the first setting that differs and takes effect at the next start only; NULL: none.
 */
const char *zd_settings_waiting(const zd_settings *running, const zd_settings *wanted);

#endif
