/* command.h: what a command is made of. Private to cli/. */
#ifndef ZD_CLI_COMMAND_H
#define ZD_CLI_COMMAND_H

#include <stdatomic.h>
#include <stdio.h>

#include "cli/cli.h"
#include "define/define.h"

typedef enum zd_option_kind {
  ZD_OPTION_TEXT,
  ZD_OPTION_NUMBER,
  ZD_OPTION_FLAG,
  ZD_OPTION_LIST /* may be given again */
} zd_option_kind;

enum { ZD_OPTION_LIST_MAX = 64 };
typedef struct zd_option_list {
  zd_slice items[ZD_OPTION_LIST_MAX]; /* zero-terminated */
  size_t n;
} zd_option_list;

/* One option of one command: `--name VALUE` or `--name=VALUE`, or `--name` for a flag. */
typedef struct zd_option {
  const char *name;  /* without dashes */
  const char *value; /* how help names the value; NULL for a flag */
  zd_option_kind kind;
  size_t at; /* offset in zd_arguments: const char *, uint64_t, bool or zd_option_list */
  const char *help;
  uint64_t least, most; /* numbers */
} zd_option;

/* All options of all commands; a command names those it understands. */
typedef struct zd_arguments {
  const char *data, *out, *listen, *server, *report, *settings, *format, *packing, *log_level,
      *cors, *to, *context, *language;
  zd_option_list profiles, packages;
  uint64_t seed, residents, threads, years, from_year, dirt, piece_mb;
  bool dirty, quiet, again, json, later, list, skip, verify, lenient, help;
  const char *const *rest; /* what is not an option */
  size_t rest_count;
} zd_arguments;

typedef struct zd_command {
  const char *name, *summary, *usage; /* usage: what follows the name */
  const zd_option *options;
  size_t option_count;
  int (*run)(const zd_arguments *a);
} zd_command;

/* Parses argv behind the command's name. False: a message was printed, usage is wrong. `rest`
 * points into `storage` (argc entries). */
bool zd_options_parse(const zd_command *command, int argc, char **argv, const char **storage,
                      zd_arguments *out);
void zd_options_help(const zd_command *command, FILE *out);

/* "zdravo: what" to standard error; the exit code for err. */
int zd_cli_fail(zd_err err, const zd_fault *fault);
/* Set by SIGINT and SIGTERM once zd_cli_catch_signals was called; a second signal ends at once. */
const atomic_bool *zd_cli_catch_signals(void);

/* A store with what its users defined and its search, opened together. schema and search are those
 * of the opening, or behind zd_record_store_catch_up. */
typedef struct zd_record_store {
  zd_store *store;
  zd_definer *definer;
  const zd_generation *generation;
  const zd_schema *schema;
  zd_search *search;
} zd_record_store;
zd_err zd_record_store_open(const char *dir, bool read_only, const char *base_url,
                            const zd_logger *logger, zd_record_store *out, zd_fault *fault);
void zd_record_store_close(zd_record_store *r);
/* Indexes what is stored for parameters that are new to it, now. (A server does so in the
 * background: zd_definer_index_start.) */
zd_err zd_record_store_catch_up(zd_record_store *r, FILE *progress, const atomic_bool *cancel,
                                zd_fault *fault);

int zd_command_serve(const zd_arguments *a);
int zd_command_import(const zd_arguments *a);
int zd_command_export(const zd_arguments *a);
int zd_command_generate(const zd_arguments *a);
int zd_command_stats(const zd_arguments *a);
int zd_command_check(const zd_arguments *a);
int zd_command_compact(const zd_arguments *a);
int zd_command_backup(const zd_arguments *a);
int zd_command_define(const zd_arguments *a);
int zd_command_fhirpath(const zd_arguments *a);
int zd_command_validate(const zd_arguments *a);

#endif
