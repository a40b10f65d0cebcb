/* Every published search parameter: it compiles, and runs on every published resource. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "fhir/codec.h"
#include "fhir/path.h"

typedef struct fixture {
  zd_arena arena;
  zd_tree tree;
} fixture;

/* ---- every published expression ---- */

static size_t compile_failures;

static void must_compile(zd_type context, zd_slice expression, zd_slice url) {
  zd_arena arena;
  zd_fault fault = {0};
  const zd_path *path;
  zd_arena_init(&arena, 0);
  zd_err err = zd_path_compile(zd_schema_r4(), context, expression, &arena, &path, &fault);
  if (err) {
    compile_failures++;
    print_message("%.*s for %.*s: %.*s\n  %s\n", ZD_SV(url),
                  ZD_SV(zd_schema_type_info(zd_schema_r4(), context).name), ZD_SV(expression),
                  fault.text);
  } else if (zd_path_is_nothing(path)) {
    compile_failures++;
    print_message("%.*s for %.*s yields nothing: %.*s\n", ZD_SV(url),
                  ZD_SV(zd_schema_type_info(zd_schema_r4(), context).name), ZD_SV(expression));
  }
  zd_arena_free(&arena);
}

static void every_search_parameter_compiles_for_all_its_bases(void **state) {
  (void)state;
  const zd_schema *s = zd_schema_r4();
  size_t n = 0, without = 0;
  for (uint32_t i = 0; i < zd_schema_param_count(s); i++) {
    zd_param_info p = zd_schema_param(s, i);
    without += !p.expression.p;
    for (uint16_t k = 0; p.expression.p && k < p.base_count; k++, n++)
      must_compile(zd_schema_param_base(s, i, k), p.expression, p.url);
  }
  print_message("%zu compiled, %zu parameters without expression\n", n, without);
  assert_int_equal(without, 3); /* _text, _content, _query */
  assert_int_equal(compile_failures, 0);
}

/* A component's expression runs on what the composite's own expression yields. */
static void every_component_compiles_on_its_composite(void **state) {
  (void)state;
  const zd_schema *s = zd_schema_r4();
  zd_arena arena;
  zd_arena_init(&arena, 0);
  size_t n = 0;
  compile_failures = 0;
  for (uint32_t i = 0; i < zd_schema_param_count(s); i++) {
    zd_param_info p = zd_schema_param(s, i);
    for (uint16_t b = 0; p.component_count && b < p.base_count; b++) {
      const zd_path *path;
      zd_type types[64];
      assert_int_equal(
          zd_path_compile(s, zd_schema_param_base(s, i, b), p.expression, &arena, &path, NULL),
          ZD_OK);
      size_t count = zd_path_types(path, types, 64);
      assert_true(count > 0 && count <= 64);
      for (uint16_t k = 0; k < p.component_count; k++) {
        zd_slice expression;
        zd_schema_param_component(s, i, k, &expression);
        for (size_t t = 0; t < count; t++, n++) must_compile(types[t], expression, p.url);
      }
    }
  }
  zd_arena_free(&arena);
  print_message("%zu component programs\n", n);
  assert_int_equal(compile_failures, 0);
}

/* ---- all published examples ---- */

typedef struct program {
  zd_type type;
  const zd_path *path;
} program;

/* Every program of every concrete resource type. */
static program *all_programs(zd_arena *arena, size_t *n) {
  const zd_schema *s = zd_schema_r4();
  program *programs = zd_arena_alloc(arena, 8000 * sizeof *programs);
  *n = 0;
  for (zd_type t = 0; t < zd_schema_type_count(s); t++) {
    uint32_t params[256];
    if (!zd_schema_is_resource(s, t)) continue;
    size_t count = zd_schema_params_of(s, t, params, 256);
    for (size_t i = 0; i < count; i++) {
      zd_slice expression = zd_schema_param(s, params[i]).expression;
      program *p = &programs[*n];
      if (!expression.p) continue;
      assert_true(*n < 8000);
      assert_int_equal(zd_path_compile(s, t, expression, arena, &p->path, NULL), ZD_OK);
      p->type = t;
      ++*n;
    }
  }
  return programs;
}

static size_t run_programs(const fixture *f, const program *programs, size_t n) {
  size_t found = 0;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < n; i++) {
    int truth;
    zd_nodes nodes = {0};
    if (programs[i].type != f->tree.nodes[0].type) continue;
    if (zd_path_is_boolean(programs[i].path))
      assert_int_equal(zd_path_test(programs[i].path, &f->tree, 0, NULL, &arena, &truth), ZD_OK);
    else
      assert_int_equal(zd_path_eval(programs[i].path, &f->tree, 0, &arena, &nodes), ZD_OK);
    found += nodes.n;
  }
  zd_arena_free(&arena);
  return found;
}

static bool read_example(const char *folder, const char *name, fixture *f, zd_buffer *text) {
  char path[4096];
  zd_issues issues;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  zd_arena_init(&f->arena, 0);
  zd_issues_init(&issues, &f->arena);
  return zd_file_read(path, 3 << 20, text, NULL) == ZD_OK &&
         zd_fhir_read_json(zd_schema_r4(), zd_buffer_slice(text), ZD_NO_TYPE, NULL, &f->arena,
                           &f->tree, &issues) == ZD_OK;
}

/* The package holds all definitions and about 730 examples, each a file of its own. */
static void every_example_evaluates(void **state) {
  (void)state;
  const char *folder = getenv("ZD_DEFINITIONS");
  DIR *dir = opendir(folder ? folder : ZD_SOURCE_DIR "/node_modules/hl7.fhir.r4.examples");
  if (!folder) folder = ZD_SOURCE_DIR "/node_modules/hl7.fhir.r4.examples";
  if (!dir) {
    print_message("skipped: the definitions package is not there\n");
    skip();
  }
  size_t n, resources = 0, unreadable = 0, found = 0;
  zd_arena arena;
  zd_buffer text;
  zd_arena_init(&arena, 0);
  zd_buffer_init(&text, 0);
  program *programs = all_programs(&arena, &n);
  for (struct dirent *entry; (entry = readdir(dir));) {
    fixture f;
    if (!strstr(entry->d_name, ".json") || strncmp(entry->d_name, "package", 7) == 0) continue;
    if (read_example(folder, entry->d_name, &f, &text)) {
      resources++;
      found += run_programs(&f, programs, n);
    } else {
      unreadable++;
    }
    zd_arena_free(&f.arena);
  }
  closedir(dir);
  print_message("%zu programs, %zu resources, %zu values; %zu files not read\n", n, resources,
                found, unreadable);
  assert_true(resources > 5000 && found > 50000);
  zd_buffer_free(&text);
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_search_parameter_compiles_for_all_its_bases),
      cmocka_unit_test(every_component_compiles_on_its_composite),
      cmocka_unit_test(every_example_evaluates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
