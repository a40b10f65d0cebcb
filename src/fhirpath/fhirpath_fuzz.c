/* fhirpath_fuzz.c: hostile expressions, compiled and run on a small resource: nothing crashes, and
 * what one run gives the next gives too. */
#include <stdlib.h>

#include "fhir/codec.h"
#include "fhirpath/fhirpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"1\",\"contained\":[{\"resourceType\":\"Organization\","
    "\"id\":\"o\",\"name\":\"Acme\"}],\"extension\":[{\"url\":\"urn:x\",\"valueDecimal\":1.50}],"
    "\"identifier\":[{\"system\":\"urn:s\",\"value\":\"7\"}],\"active\":true,\"name\":[{\"use\":"
    "\"official\",\"family\":\"Chal\\\"mers\",\"given\":[\"Peter\",\"\\u0416\"]},{\"given\":["
    "\"Jim\"]"
    "}],\"birthDate\":\"1974-12-25\",\"_birthDate\":{\"extension\":[{\"url\":\"urn:t\","
    "\"valueDateTime\":\"1974-12-25T14:35:45-05:00\"}]},\"multipleBirthInteger\":2,"
    "\"managingOrganization\":{\"reference\":\"#o\"}}";

static void run(const zd_fhirpath_options *how, const zd_tree *tree, zd_slice expression) {
  zd_fhirpath_env env = {.now_ms = 1700000000000, .steps = 20000};
  zd_arena arena;
  zd_fault fault;
  const zd_fhirpath *program;
  zd_fhirpath_items first, second;
  zd_arena_init(&arena, 64 << 20);
  if (!zd_fhirpath_compile(how, expression, &arena, &program, &fault)) {
    zd_err a = zd_fhirpath_eval(program, &env, tree, 0, &arena, &first, &fault);
    zd_err b = zd_fhirpath_eval(program, &env, tree, 0, &arena, &second, &fault);
    if (a != ZD_ERR_MEMORY && b != ZD_ERR_MEMORY && (a != b || (!a && first.n != second.n)))
      abort();
    for (size_t i = 0; !a && i < first.n && i < 16; i++) {
      zd_fhirpath_text(tree->schema, first.items[i], &arena);
      zd_fhirpath_type_name(tree->schema, first.items[i], false, &arena);
    }
  }
  zd_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_slice text = {patient, sizeof patient - 1};
  if (zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, &arena, &tree, &issues)) abort();
  char *copy = malloc(size + 1); /* its end is seen by the sanitizer */
  if (copy && size) {
    memcpy(copy, data, size);
    zd_slice expression = {copy, size};
    zd_fhirpath_options strict = {.schema = zd_schema_r4(), .context = tree.nodes[0].type};
    zd_fhirpath_options lenient = {
        .schema = zd_schema_r4(), .context = tree.nodes[0].type, .lenient = true};
    run(&strict, &tree, expression);
    run(&lenient, &tree, expression);
  }
  free(copy);
  zd_arena_free(&arena);
  return 0;
}
