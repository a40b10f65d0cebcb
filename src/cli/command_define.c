/* command_define.c: zdravo define: users' search parameters */
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"

enum { PARAMETER_MAX = 1 << 20 };

static void print_parameter(const zd_schema *s, uint32_t i) {
  zd_param_info info = zd_schema_param(s, i);
  for (uint16_t k = 0; k < info.base_count; k++)
    printf("%.*s?%.*s  %.*s\n", ZD_SV(zd_schema_type_info(s, zd_schema_param_base(s, i, k)).name),
           ZD_SV(info.code), ZD_SV(info.url));
}

static zd_err add_file(zd_parameters *p, const char *path, bool *changed, zd_fault *fault) {
  zd_buffer text;
  zd_fault why = {0};
  bool added = false;
  zd_buffer_init(&text, 0);
  zd_err err = zd_file_read(path, PARAMETER_MAX, &text, &why);
  if (!err) err = zd_parameters_add(p, zd_buffer_slice(&text), &added, &why);
  zd_buffer_free(&text);
  if (added) *changed = true;
  return err ? zd_fail(fault, err, "%s: %s", path, why.text[0] ? why.text : zd_err_name(err))
             : ZD_OK;
}

/* All or none of the files. */
static zd_err add_files(const zd_arguments *a, bool *changed, zd_fault *fault) {
  zd_store *store;
  zd_parameters p;
  zd_store_options options = {.dir = a->data};
  zd_err err = zd_store_open(&options, &store, fault);
  if (err) return err;
  err = zd_parameters_load(store, &p, fault);
  for (size_t i = 0; i < a->rest_count && !err; i++) err = add_file(&p, a->rest[i], changed, fault);
  if (!err && *changed) err = zd_parameters_save(&p, store, fault);
  zd_parameters_free(&p);
  zd_store_close(store);
  return err;
}

static int list(const zd_arguments *a) {
  zd_record_store r;
  zd_fault fault = {0};
  zd_err err = zd_record_store_open(a->data, true, NULL, NULL, &r, &fault);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  uint32_t official = zd_schema_param_count(zd_schema_r4()),
           n = zd_schema_param_count(r.parameters.schema);
  for (uint32_t i = official; i < n; i++) print_parameter(r.parameters.schema, i);
  if (n == official) printf("no search parameters were added\n");
  zd_record_store_close(&r);
  return ZD_EXIT_OK;
}

int zd_command_define(const zd_arguments *a) {
  zd_record_store r;
  zd_fault fault = {0};
  bool changed = false;
  if (!a->data) {
    fprintf(stderr, "zdravo define: --data DIR is needed\n");
    return ZD_EXIT_USAGE;
  }
  if (!a->rest_count) return list(a);
  const atomic_bool *cancel = zd_cli_catch_signals();
  zd_err err = add_files(a, &changed, &fault);
  if (err == ZD_OK) err = zd_record_store_open(a->data, false, NULL, NULL, &r, &fault);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  if (!a->later) err = zd_record_store_catch_up(&r, a->quiet ? NULL : stderr, cancel, &fault);
  uint32_t n = zd_schema_param_count(r.parameters.schema);
  for (uint32_t i = zd_schema_param_count(zd_schema_r4()); i < n; i++)
    print_parameter(r.parameters.schema, i);
  if (zd_search_behind(r.search))
    printf("not indexed yet for what is stored; a server does that while it serves\n");
  zd_record_store_close(&r);
  return err == ZD_OK ? ZD_EXIT_OK : zd_cli_fail(err, &fault);
}
