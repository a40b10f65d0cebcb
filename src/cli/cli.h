/* cli.h: the command line: a table of commands, options as tables, messages as good tools have
 * them.
 *
 * Exit codes: 0 done; 1 done in part or a check found something; 2 wrong usage; 3 the work failed;
 * 4 the store is held by another process; 130 stopped by a signal.
 */
#ifndef ZD_CLI_CLI_H
#define ZD_CLI_CLI_H

#include "base/error.h"
#include "base/slice.h"

enum {
  ZD_EXIT_OK,
  ZD_EXIT_FINDINGS,
  ZD_EXIT_USAGE,
  ZD_EXIT_FAILED,
  ZD_EXIT_BUSY,
  ZD_EXIT_STOPPED = 130
};

/* What main() returns. */
int zd_cli_run(int argc, char **argv);

#endif
