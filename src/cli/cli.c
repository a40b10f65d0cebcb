/* cli.c: the table of commands. */
#include "cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mapped.h"
#include "cli/command.h"

#define AT(field) offsetof(zd_arguments, field)
#define TEXT(name, value, field, help) \
  { name, value, ZD_OPTION_TEXT, AT(field), help, 0, 0 }
#define NUMBER(name, value, field, least, most, help) \
  { name, value, ZD_OPTION_NUMBER, AT(field), help, least, most }
#define LIST(name, value, field, help) \
  { name, value, ZD_OPTION_LIST, AT(field), help, 0, 0 }
#define FLAG(name, field, help) \
  { name, NULL, ZD_OPTION_FLAG, AT(field), help, 0, 0 }
#define DATA TEXT("data", "DIR", data, "folder of the store")
#define QUIET FLAG("quiet", quiet, "no progress")

static const zd_option serve_options[] = {
    DATA,
    TEXT("listen", "ADDR:PORT", listen,
         "where to listen (default 127.0.0.1:8080); loopback only for now"),
    NUMBER("threads", "N", threads, 1, 256, "event loops (default: one per processor)"),
    TEXT("settings", "FILE", settings, "`name = value` lines; read again on SIGHUP"),
    TEXT("log-level", "LEVEL", log_level, "debug, info (default), warn or error")};

static const zd_option import_options[] = {
    DATA,
    TEXT("server", "URL", server, "send to a running server instead of into a folder"),
    TEXT("report", "FILE", report,
         "what was refused, one JSON object a line (default: import-errors.ndjson)"),
    NUMBER("threads", "N", threads, 1, 64, "threads (default: one per processor and one more)"),
    NUMBER("piece", "MB", piece_mb, 1, 256, "NDJSON text committed together (default 8)"),
    FLAG("again", again, "read files that an earlier import has done, too"),
    QUIET};

static const zd_option export_options[] = {
    DATA, TEXT("out", "DIR", out, "folder for the NDJSON files"),
    NUMBER("threads", "N", threads, 1, 64,
           "threads; each writes files of its own (default: one per processor)"),
    QUIET};

static const zd_option generate_options[] = {
    NUMBER("seed", "N", seed, 0, UINT64_MAX, "same seed, same region (default 1)"),
    NUMBER("residents", "N", residents, 100, 1000000, "how many people (default 1,000)"),
    TEXT("out", "DIR", out, "folder for the files"),
    NUMBER("from-year", "YEAR", from_year, 1990, 2100, "first year of activity (default 2023)"),
    NUMBER("years", "N", years, 1, 10, "years of activity (default 3)"),
    FLAG("dirt", dirty,
         "plant duplicate registrations at the usual rate, truth in ground-truth.ndjson"),
    NUMBER("dirt-ppm", "N", dirt, 1, 500000, "the same at another rate, per million"),
    TEXT("format", "FORMAT", format, "ndjson (default) or bundles: a transaction per resident"),
    TEXT("packing", "PACKING", packing, "plain (default), gz or zst"),
    NUMBER("threads", "N", threads, 1, 64, "threads (default: one per processor)"),
    QUIET};

static const zd_option stats_options[] = {DATA, FLAG("json", json, "as one JSON object")};
static const zd_option check_options[] = {DATA, QUIET};
static const zd_option compact_options[] = {DATA, QUIET};
static const zd_option backup_options[] = {
    DATA,
    TEXT("to", "DIR", to,
         "folder of the backup; what an earlier one has there is not copied again"),
    FLAG("verify", verify, "read the whole backup again when it is done"), QUIET};
static const zd_option define_options[] = {
    DATA,
    FLAG("later", later,
         "leave the indexing of what is stored to the server, which does it while it serves"),
    FLAG("skip", skip, "leave out search parameters that are refused, and say why; add the rest"),
    FLAG("list", list, "list what was added (so does leaving the files out)"), QUIET};

static const zd_option fhirpath_options[] = {
    TEXT("context", "EXPR", context, "run it on each of what this expression gives"),
    FLAG("lenient", lenient, "what the resource cannot have gives nothing instead of an error"),
    FLAG("json", json, "as one JSON object a result")};

static const zd_option validate_options[] = {
    LIST("profile", "URL", profiles, "a profile that the resources must conform to; again: more"),
    LIST("package", "FILE", packages,
         "a FHIR package (.tgz), or a definition or other resource (JSON, XML); again: more"),
    TEXT("language", "LANG", language, "of messages: en (default) or ru"),
    FLAG("json", json, "as one OperationOutcome a file, a line each"),
    FLAG("quiet", quiet, "errors alone")};

static int command_version(const zd_arguments *a);
static int command_help(const zd_arguments *a);

#define OPTIONS(list) list, sizeof list / sizeof *list
static const zd_command commands[] = {
    {"serve", "Serves the record over HTTP until it is told to stop (Ctrl-C, SIGTERM).",
     "--data DIR [--listen ADDR:PORT]", OPTIONS(serve_options), zd_command_serve},
    {"import",
     "Imports files in name order: NDJSON, Bundles, single resources, plain, .gz or .zst, and "
     "folders of them. "
     "Can be stopped and run again: it goes on where it was.",
     "PATH... --data DIR|--server URL", OPTIONS(import_options), zd_command_import},
    {"export", "Writes all current resources as NDJSON, a file per type and thread.",
     "--data DIR --out DIR", OPTIONS(export_options), zd_command_export},
    {"generate",
     "Makes a synthetic region: people, organisations and years of care. No real person's data.",
     "--out DIR [--seed N] [--residents N]", OPTIONS(generate_options), zd_command_generate},
    {"stats", "Says what is in a store and what it costs.", "--data DIR", OPTIONS(stats_options),
     zd_command_stats},
    {"check",
     "Verifies the whole store: checksums, versions, every index entry against its resource.",
     "--data DIR", OPTIONS(check_options), zd_command_check},
    {"compact", "Merges the index of a store into as few files as there can be.", "--data DIR",
     OPTIONS(compact_options), zd_command_compact},
    {"backup",
     "Copies a store, also while a server uses it; the same folder again: only what is new. The "
     "copy "
     "is a store without its index, which is built again when it is opened.",
     "--data DIR --to DIR", OPTIONS(backup_options), zd_command_backup},
    {"define",
     "Adds definitions to a store: search parameters, profiles, extensions, value sets, code "
     "systems "
     "and operations, from files with one each or folders of such files. What is stored is indexed "
     "for new search parameters. Without files, lists what was added.",
     "[PATH...] --data DIR", OPTIONS(define_options), zd_command_define},
    {"fhirpath",
     "Runs a FHIRPath expression on resources in JSON or XML, and prints what it gives: place, "
     "type, "
     "value.",
     "'EXPR' FILE... [--context EXPR]", OPTIONS(fhirpath_options), zd_command_fhirpath},
    {"validate",
     "Holds resources in JSON or XML against the definitions of their types, the profiles they "
     "claim, and those asked for. Ends with 1 when one is not valid.",
     "FILE... [--profile URL]... [--package FILE]...", OPTIONS(validate_options),
     zd_command_validate},
    {"version", "Prints the version.", "", NULL, 0, command_version},
    {"help", "Explains the program or one command.", "[COMMAND]", NULL, 0, command_help}};

static const zd_command *find(const char *name) {
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  return NULL;
}

static int command_version(const zd_arguments *a) {
  (void)a;
  zd_slice fhir = zd_schema_fhir_version(zd_schema_r4());
  printf("zdravo %s (FHIR %.*s)\n", ZD_VERSION, ZD_SV(fhir));
  return ZD_EXIT_OK;
}

static void print_overview(FILE *out) {
  fprintf(out,
          "zdravo: the open platform for a region's digital health\n\nusage: zdravo COMMAND "
          "[OPTIONS]\n\n");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    const char *summary = commands[i].summary, *first = strstr(summary, ". "); /* its sentence */
    int n = (int)(first ? first + 1 - summary : (ptrdiff_t)strlen(summary));
    fprintf(out, "  %-10s %.*s\n", commands[i].name, n, summary);
  }
  fprintf(out, "\n'zdravo COMMAND --help' explains a command.\n");
}

static int command_help(const zd_arguments *a) {
  if (!a->rest_count) {
    print_overview(stdout);
    return ZD_EXIT_OK;
  }
  const zd_command *c = find(a->rest[0]);
  if (!c) {
    fprintf(stderr, "zdravo: there is no command \"%s\"\n", a->rest[0]);
    return ZD_EXIT_USAGE;
  }
  zd_options_help(c, stdout);
  return ZD_EXIT_OK;
}

int zd_cli_fail(zd_err err, const zd_fault *fault) {
  fprintf(stderr, "zdravo: %s\n", fault && fault->text[0] ? fault->text : zd_err_name(err));
  if (err == ZD_ERR_BUSY) return ZD_EXIT_BUSY;
  if (err == ZD_ERR_CANCELLED) return ZD_EXIT_STOPPED;
  return ZD_EXIT_FAILED;
}

/* A signal handler has no context, hence the one mutable object of the program's own. */
static atomic_bool stop_asked;

static void on_signal(int number) {
  (void)number;
  if (atomic_exchange(&stop_asked, true)) _exit(ZD_EXIT_STOPPED);
}

const atomic_bool *zd_cli_catch_signals(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  return &stop_asked;
}

static int run(const zd_command *c, int argc, char **argv) {
  zd_arguments a = {.seed = 1, .residents = 1000, .years = 3, .from_year = 2023};
  const char **storage = calloc((size_t)argc + 1, sizeof *storage);
  if (!storage) return ZD_EXIT_FAILED;
  int code = ZD_EXIT_USAGE;
  if (zd_options_parse(c, argc, argv, storage, &a)) {
    code = ZD_EXIT_OK;
    if (a.help)
      zd_options_help(c, stdout);
    else
      code = c->run(&a);
  }
  free(storage);
  return code;
}

int zd_cli_run(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  zd_mapped_name_failures();
  if (argc < 2) {
    print_overview(stderr);
    return ZD_EXIT_USAGE;
  }
  const char *name = argv[1];
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
  if (strcmp(name, "--version") == 0) name = "version";
  const zd_command *c = find(name);
  if (c) return run(c, argc - 2, argv + 2);
  fprintf(stderr, "zdravo: there is no command \"%s\"\nTry 'zdravo help'.\n", name);
  return ZD_EXIT_USAGE;
}
