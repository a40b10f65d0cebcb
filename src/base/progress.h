/* progress.h: tells a person how far long work is.
 *
 * On a terminal one line is redrawn about four times a second, else a line is printed every ten
 * seconds. Nothing is printed by work that ends within two seconds. One thread calls it.
 */
#ifndef ZD_BASE_PROGRESS_H
#define ZD_BASE_PROGRESS_H

#include <stdio.h>

#include "base/slice.h"

typedef struct zd_progress {
  FILE *out;        /* NULL: silent */
  const char *what; /* "importing": static or outliving the progress */
  const char *unit; /* "resources" */
  uint64_t total;   /* 0: unknown */
  uint64_t started_ns, drawn_ns;
  bool terminal, shown;
} zd_progress;

void zd_progress_start(zd_progress *p, FILE *out, const char *what, const char *unit,
                       uint64_t total);
void zd_progress_update(zd_progress *p, uint64_t done);
/* Ends the line with the final count, time and rate, if anything was shown. */
void zd_progress_finish(zd_progress *p, uint64_t done);

#endif
