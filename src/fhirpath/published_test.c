/* published_test.c: what the official definitions say in FHIRPath: every invariant of every
 * definition compiles, and holds on the official examples; every search parameter compiles.
 *
 * Examples: node_modules/hl7.fhir.r4.examples, or the folder in ZD_EXAMPLES.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "fhir/codec.h"
#include "fhirpath/fhirpath.h"

#include <cmocka.h>

/* ---- invariants ---- */

typedef struct invariant {
  zd_constraint c;
  zd_element element; /* that it stands at; ZD_NO_ELEMENT: the type itself */
  uint16_t alternatives;
  zd_type type; /* of the profile */
  const zd_fhirpath *program;
} invariant;

typedef struct world {
  zd_arena arena;
  invariant *list;
  size_t n, room;
  unsigned refused, held, broken, failed, resources;
  unsigned long long evaluations;
} world;

/* The type that a row's expressions are run on. */
static zd_type type_of_row(const zd_schema *s, const zd_profile_info *p, uint32_t row,
                           const zd_profile_element *e) {
  if (row == 0) return p->type;
  if (e->element == ZD_NO_ELEMENT) return ZD_NO_TYPE;
  if (e->alternatives > 1) return ZD_NO_TYPE;
  return zd_schema_element_info(s, e->element).type;
}

static void add(world *w, const zd_schema *s, uint32_t profile, uint32_t row, uint16_t k) {
  zd_profile_info p = zd_schema_profile(s, profile);
  zd_profile_element e = zd_schema_profile_element(s, profile, row);
  zd_constraint c = zd_schema_profile_constraint(s, profile, row, k);
  zd_fault fault = {0};
  const zd_fhirpath *program;
  if (!c.expression.p || (row && e.element == ZD_NO_ELEMENT)) return;
  zd_fhirpath_options how = {.schema = s, .context = type_of_row(s, &p, row, &e)};
  if (zd_fhirpath_compile(&how, c.expression, &w->arena, &program, &fault)) {
    w->refused++;
    if (w->refused <= 40)
      print_message("  %.*s %.*s: %.*s: %s\n", ZD_SV(e.id), ZD_SV(c.key), ZD_SV(c.expression),
                    fault.text);
    return;
  }
  if (!(p.flags & ZD_PROFILE_TYPE)) return; /* compiled; examples need not conform */
  if (w->n == w->room) {
    w->room = w->room ? w->room * 2 : 1024;
    w->list = realloc(w->list, w->room * sizeof *w->list);
    assert_non_null(w->list);
  }
  w->list[w->n++] =
      (invariant){c, row ? e.element : ZD_NO_ELEMENT, e.alternatives, p.type, program};
}

static void compile_all(world *w, const zd_schema *s) {
  for (uint32_t p = 0; p < zd_schema_profile_count(s); p++) {
    zd_profile_info info = zd_schema_profile(s, p);
    for (uint32_t row = 0; row < info.element_count; row++) {
      zd_profile_element e = zd_schema_profile_element(s, p, row);
      for (uint16_t k = 0; k < e.constraint_count; k++) add(w, s, p, row, k);
    }
  }
}

/* ---- on the examples ---- */

static bool applies(const zd_schema *s, const invariant *i, const zd_node *node) {
  if (i->element != ZD_NO_ELEMENT)
    return node->element >= i->element && node->element < i->element + i->alternatives;
  return zd_schema_is_a(s, node->type, i->type) &&
         (node->element == ZD_NO_ELEMENT ||
          zd_schema_type_info(s, i->type).kind != ZD_KIND_RESOURCE || node->type == i->type);
}

/* An empty answer breaks nothing: ref-1 gives one for references without a text. */
static void check(world *w, const zd_schema *s, const zd_tree *t, const char *file) {
  zd_arena arena;
  zd_fhirpath_env env = {.now_ms = 1700000000000};
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < w->n; i++) {
    const invariant *v = &w->list[i];
    for (uint32_t n = 0; n < t->count; n++) {
      if (!applies(s, v, &t->nodes[n])) continue;
      int truth;
      zd_fault fault = {0};
      w->evaluations++;
      zd_err err = zd_fhirpath_test(v->program, &env, t, n, &arena, &truth, &fault);
      zd_arena_reset(&arena);
      if (err == ZD_ERR_UNSUPPORTED) continue; /* resolve() of what is elsewhere */
      if (err) {
        if (w->failed++ < 20) print_message("  %s: %.*s: %s\n", file, ZD_SV(v->c.key), fault.text);
      } else if (truth == 0 && v->c.error) {
        zd_slice place = zd_tree_location(t, n, &arena);
        if (w->broken++ < 40)
          print_message("  %s: %.*s at %.*s: %.*s\n", file, ZD_SV(v->c.key), ZD_SV(place),
                        ZD_SV(v->c.expression));
      } else {
        w->held++;
      }
    }
  }
  zd_arena_free(&arena);
}

static const char *examples_folder(void) {
  const char *folder = getenv("ZD_EXAMPLES");
  return folder ? folder : ZD_SOURCE_DIR "/node_modules/hl7.fhir.r4.examples";
}

static void run_examples(world *w, const zd_schema *s) {
  struct dirent **names;
  int n = scandir(examples_folder(), &names, NULL, alphasort);
  const char *every = getenv("ZD_EVERY"); /* 1: all of them; else each n-th */
  int stride = every ? atoi(every) : 25;
  for (int i = 0; i < n; i++) {
    zd_slice name = zd_slice_of(names[i]->d_name);
    char path[1024];
    zd_buffer text;
    zd_fault fault;
    zd_buffer_init(&text, 0);
    snprintf(path, sizeof path, "%s/%s", examples_folder(), names[i]->d_name);
    bool wanted = zd_slice_ends(name, ZD_S(".json")) && i % stride == 0;
    if (wanted && !zd_file_read(path, 200000, &text, &fault)) {
      zd_arena arena;
      zd_tree tree;
      zd_issues issues;
      zd_arena_init(&arena, 0);
      zd_issues_init(&issues, &arena);
      if (!zd_fhir_read_json(s, zd_buffer_slice(&text), ZD_NO_TYPE, NULL, &arena, &tree, &issues)) {
        w->resources++;
        check(w, s, &tree, names[i]->d_name);
      }
      zd_arena_free(&arena);
    }
    zd_buffer_free(&text);
    free(names[i]);
  }
  if (n >= 0) free((void *)names);
}

static void invariants_compile_and_hold(void **state) {
  (void)state;
  const zd_schema *s = zd_schema_r4();
  world w = {.n = 0};
  zd_arena_init(&w.arena, 0);
  compile_all(&w, s);
  run_examples(&w, s);
  print_message(
      "%zu invariants of types; %u refused; on %u examples %llu evaluations: %u hold, %u "
      "broken, %u failed\n",
      w.n, w.refused, w.resources, w.evaluations, w.held, w.broken, w.failed);
  assert_int_equal(w.refused, 2); /* cid-0 of ChargeItemDefinition and inv-1 of an extension name
                                     what is not there */
  assert_int_equal(w.failed, 0);
  free(w.list);
  zd_arena_free(&w.arena);
}

/* ---- search parameters ---- */

static void search_parameters_compile(void **state) {
  (void)state;
  const zd_schema *s = zd_schema_r4();
  unsigned refused = 0, compiled = 0;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (uint32_t i = 0; i < zd_schema_param_count(s); i++) {
    zd_param_info p = zd_schema_param(s, i);
    for (uint16_t k = 0; p.expression.p && k < p.base_count; k++) {
      zd_fhirpath_options how = {
          .schema = s, .context = zd_schema_param_base(s, i, k), .lenient = true};
      const zd_fhirpath *program;
      zd_fault fault = {0};
      if (zd_fhirpath_compile(&how, p.expression, &arena, &program, &fault)) {
        refused++;
        print_message("  %.*s: %.*s: %s\n", ZD_SV(p.code), ZD_SV(p.expression), fault.text);
      } else {
        compiled++;
      }
      zd_arena_reset(&arena);
    }
  }
  print_message("%u expressions of search parameters compile\n", compiled);
  assert_int_equal(refused, 0);
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(invariants_compile_and_hold),
                                     cmocka_unit_test(search_parameters_compile)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
