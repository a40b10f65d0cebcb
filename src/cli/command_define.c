/* command_define.c: zdravo define: what users define for a store */
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "cli/command.h"

enum { DEFINITION_MAX = 16 << 20, FILES_MAX = 65536 };

/* ---- reading ---- */

/* The files to be added, in the order they were named; those of a folder in name order. */
typedef struct reading {
  zd_arena arena;
  zd_buffer additions; /* zd_addition */
  size_t passed_over;  /* files of folders that hold no definitions */
} reading;

static zd_err read_file(reading *r, const char *path, bool in_folder, zd_fault *fault) {
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_err err = zd_file_read(path, DEFINITION_MAX, &text, fault);
  if (!err && in_folder && !zd_defined_is_definition(zd_buffer_slice(&text))) {
    r->passed_over++;
  } else if (!err) {
    zd_addition a = {.text = zd_arena_copy(&r->arena, zd_buffer_slice(&text)),
                     .file = zd_arena_copy(&r->arena, zd_slice_of(path)).p};
    zd_buffer_add(&r->additions, &a, sizeof a);
    if (!a.text.p || !a.file || r->additions.failed)
      err = zd_fail(fault, ZD_ERR_MEMORY, "no memory to read %s", path);
  }
  zd_buffer_free(&text);
  return err;
}

static int is_json(const struct dirent *entry) {
  return zd_slice_ends(zd_slice_of(entry->d_name), ZD_S(".json"));
}

static zd_err read_folder(reading *r, const char *path, zd_fault *fault) {
  struct dirent **names;
  int n = scandir(path, &names, is_json, alphasort);
  if (n < 0) return zd_fail_errno(fault, "cannot read %s", path);
  zd_err err = n > FILES_MAX ? zd_fail(fault, ZD_ERR_LIMIT, "%s: too many files", path) : ZD_OK;
  for (int i = 0; i < n; i++) {
    char file[4096];
    if (!err && snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) >= (int)sizeof file)
      err = zd_fail(fault, ZD_ERR_LIMIT, "%s: path too long", path);
    if (!err) err = read_file(r, file, true, fault);
    free(names[i]);
  }
  free((void *)names);
  return err;
}

static zd_err read_all(reading *r, const zd_arguments *a, zd_fault *fault) {
  zd_err err = ZD_OK;
  for (size_t i = 0; i < a->rest_count && !err; i++) {
    struct stat info;
    bool folder = stat(a->rest[i], &info) == 0 && S_ISDIR(info.st_mode);
    err = folder ? read_folder(r, a->rest[i], fault) : read_file(r, a->rest[i], false, fault);
  }
  if (!err && !r->additions.n)
    err = zd_fail(fault, ZD_ERR_INVALID, "there are no definitions in %s", a->rest[0]);
  return err;
}

/* ---- adding ---- */

static void print_outcome(const reading *r) {
  const zd_addition *all = (const zd_addition *)(void *)r->additions.p;
  size_t n[ZD_DEFINED_OUTCOMES] = {0};
  for (size_t i = 0; i < r->additions.n / sizeof *all; i++) {
    n[all[i].outcome]++;
    if (all[i].outcome == ZD_DEFINED_REFUSED)
      fprintf(stderr, "left out %s: %s\n", all[i].file, all[i].why.text);
  }
  fprintf(stderr, "added %zu", n[ZD_DEFINED_ADDED]);
  if (n[ZD_DEFINED_SAME]) fprintf(stderr, "; %zu were there", n[ZD_DEFINED_SAME]);
  if (n[ZD_DEFINED_ANSWERED])
    fprintf(stderr, "; %zu search parameters do what one that is there does",
            n[ZD_DEFINED_ANSWERED]);
  if (n[ZD_DEFINED_REFUSED])
    fprintf(stderr, "; %zu search parameters refused", n[ZD_DEFINED_REFUSED]);
  if (r->passed_over) fprintf(stderr, "; %zu files hold no definitions", r->passed_over);
  fprintf(stderr, "\n");
}

static zd_err add_to(const zd_arguments *a, reading *r, zd_fault *fault) {
  zd_store *store;
  zd_defined p;
  zd_store_options options = {.dir = a->data};
  zd_err err = zd_store_open(&options, &store, fault);
  if (err) return err;
  const zd_schema *before;
  err = zd_defined_load(store, &p, fault);
  before = p.schema;
  if (!err)
    err = zd_defined_add(&p, (zd_addition *)(void *)r->additions.p,
                         r->additions.n / sizeof(zd_addition), a->skip, fault);
  if (!err && p.schema != before) err = zd_defined_save(&p, store, fault);
  if (!err && !a->quiet) print_outcome(r);
  zd_defined_free(&p);
  zd_store_close(store);
  return err;
}

/* All or none of the files. */
static zd_err add_files(const zd_arguments *a, zd_fault *fault) {
  reading r = {.passed_over = 0};
  zd_arena_init(&r.arena, 0);
  zd_buffer_init(&r.additions, 0);
  zd_err err = read_all(&r, a, fault);
  if (!err) err = add_to(a, &r, fault);
  zd_buffer_free(&r.additions);
  zd_arena_free(&r.arena);
  return err;
}

/* ---- listing ---- */

static void print_parameter(const zd_schema *s, uint32_t i) {
  zd_param_info info = zd_schema_param(s, i);
  for (uint16_t k = 0; k < info.base_count; k++)
    printf("%.*s?%.*s  %.*s\n", ZD_SV(zd_schema_type_info(s, zd_schema_param_base(s, i, k)).name),
           ZD_SV(info.code), ZD_SV(info.url));
}

static void print_profile(const zd_schema *s, uint32_t i) {
  zd_profile_info info = zd_schema_profile(s, i);
  zd_slice type = zd_schema_type_info(s, info.type).name;
  if (info.flags & ZD_PROFILE_EXTENSION)
    printf("  extension");
  else
    printf("  profile of %.*s", ZD_SV(type));
  printf(", %u elements\n", info.element_count);
}

static void print_value_set(const zd_schema *s, uint32_t i) {
  zd_value_set_info info = zd_schema_value_set(s, i);
  if (info.enumerable)
    printf("  %u codes\n", info.count);
  else if (info.missing.p)
    printf("  needs codes of %.*s, which are not all here\n", ZD_SV(info.missing));
  else
    printf("  its codes do not follow from the definitions here\n");
}

static void print_definition(const zd_schema *s, const zd_definition_info *d) {
  zd_slice type = zd_schema_definition_type(d->kind);
  if (d->kind == ZD_DEF_PARAM) {
    print_parameter(s, d->number);
    return;
  }
  printf("%.*s  %.*s%s%.*s", ZD_SV(type), ZD_SV(d->url), d->version.n ? "|" : "",
         ZD_SV(d->version));
  if (d->kind == ZD_DEF_STRUCTURE)
    print_profile(s, d->number);
  else if (d->kind == ZD_DEF_VALUE_SET)
    print_value_set(s, d->number);
  else if (d->kind == ZD_DEF_CODE_SYSTEM)
    printf("  %u codes\n", zd_schema_code_system(s, d->number).count);
  else
    printf("\n");
}

static void print_defined(const zd_schema *s) {
  uint32_t official = zd_schema_definition_count(zd_schema_r4()), n = zd_schema_definition_count(s);
  for (uint32_t i = official; i < n; i++) {
    zd_definition_info d = zd_schema_definition(s, i);
    print_definition(s, &d);
  }
  if (n == official) printf("nothing was added to the official definitions\n");
}

static int list(const zd_arguments *a) {
  zd_record_store r;
  zd_fault fault = {0};
  zd_err err = zd_record_store_open(a->data, true, NULL, NULL, &r, &fault);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  print_defined(r.schema);
  zd_record_store_close(&r);
  return ZD_EXIT_OK;
}

/* ---- the command ---- */

static int add(const zd_arguments *a) {
  zd_record_store r;
  zd_fault fault = {0};
  const atomic_bool *cancel = zd_cli_catch_signals();
  zd_err err = add_files(a, &fault);
  if (err == ZD_OK) err = zd_record_store_open(a->data, false, NULL, NULL, &r, &fault);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  if (!a->later) err = zd_record_store_catch_up(&r, a->quiet ? NULL : stderr, cancel, &fault);
  print_defined(r.schema);
  if (zd_search_behind(r.search))
    printf("not indexed yet for what is stored; a server does that while it serves\n");
  zd_record_store_close(&r);
  return err == ZD_OK ? ZD_EXIT_OK : zd_cli_fail(err, &fault);
}

int zd_command_define(const zd_arguments *a) {
  if (!a->data) {
    fprintf(stderr, "zdravo define: --data DIR is needed\n");
    return ZD_EXIT_USAGE;
  }
  if (a->list && a->rest_count) {
    fprintf(stderr, "zdravo define: --list takes no files\n");
    return ZD_EXIT_USAGE;
  }
  return a->rest_count ? add(a) : list(a);
}
