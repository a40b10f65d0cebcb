/* main.c: zdravo, one program. Its commands are the table in cli/cli.c. */
#include "cli/cli.h"

int main(int argc, char **argv) {
  return zd_cli_run(argc, argv);
}
