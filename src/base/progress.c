#include "base/progress.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"

#define SECOND UINT64_C(1000000000)
#define QUIET (2 * SECOND)    /* shorter work prints nothing */
#define REDRAW (SECOND / 4)   /* on a terminal */
#define REPRINT (10 * SECOND) /* elsewhere */

void zd_progress_start(zd_progress *p, FILE *out, const char *what, const char *unit,
                       uint64_t total) {
  uint64_t now = zd_clock_monotonic_ns();
  *p = (zd_progress){.out = out,
                     .what = what,
                     .unit = unit,
                     .total = total,
                     .started_ns = now,
                     .drawn_ns = now,
                     .terminal = out && isatty(fileno(out)) == 1};
}

static void print_time_left(zd_progress *p, uint64_t done, double seconds) {
  if (!done || done >= p->total) return;
  double left = seconds * (double)(p->total - done) / (double)done;
  fprintf(p->out, ", %.0f s left", left);
}

static void print_line(zd_progress *p, uint64_t done, uint64_t now) {
  double seconds = (double)(now - p->started_ns) / (double)SECOND;
  double rate = seconds > 0 ? (double)done / seconds : 0;
  if (p->terminal) fputs("\r\033[K", p->out); /* start of line, clear to its end */
  fprintf(p->out, "%s: %" PRIu64, p->what, done);
  if (p->total) {
    fprintf(p->out, " of %" PRIu64 " %s (%.0f %%)", p->total, p->unit,
            100.0 * (double)done / (double)p->total);
  } else {
    fprintf(p->out, " %s", p->unit);
  }
  fprintf(p->out, ", %.0f s, %.0f/s", seconds, rate);
  print_time_left(p, done, seconds);
  if (!p->terminal) fputc('\n', p->out);
  fflush(p->out);
  p->drawn_ns = now;
  p->shown = true;
}

void zd_progress_update(zd_progress *p, uint64_t done) {
  if (!p->out) return;
  uint64_t now = zd_clock_monotonic_ns();
  if (now - p->started_ns < QUIET) return;
  if (p->shown && now - p->drawn_ns < (p->terminal ? REDRAW : REPRINT)) return;
  print_line(p, done, now);
}

void zd_progress_finish(zd_progress *p, uint64_t done) {
  if (!p->out || !p->shown) return;
  print_line(p, done, zd_clock_monotonic_ns());
  if (p->terminal) {
    fputc('\n', p->out);
    fflush(p->out);
  }
}
