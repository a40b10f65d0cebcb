/* Any text as an expression: it compiles or is refused; what compiled runs on a resource. */
#include <stddef.h>
#include <stdint.h>

#include "fhir/codec.h"
#include "fhir/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char resource[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,"
    "\"contained\":[{\"resourceType\":\"Organization\",\"id\":\"o\",\"name\":\"c\"}],"
    "\"extension\":[{\"url\":\"http://x\",\"valueDecimal\":1.50}],"
    "\"name\":[{\"use\":\"old\",\"given\":[\"a\",\"b\"]},{\"family\":\"c\\u0041\"}],"
    "\"managingOrganization\":{\"reference\":\"#o\"},\"multipleBirthInteger\":2}";

static void run(const zd_path *path, zd_arena *arena) {
  zd_tree tree;
  zd_issues issues;
  zd_nodes nodes = {0};
  int truth;
  zd_issues_init(&issues, arena);
  if (zd_fhir_read_json(zd_schema_r4(), zd_slice_make(resource, sizeof resource - 1), ZD_NO_TYPE,
                        NULL, arena, &tree, &issues))
    return;
  if (zd_path_eval(path, &tree, 0, arena, &nodes) == ZD_OK) {
    for (size_t i = 0; i < nodes.n; i++)
      if (nodes.items[i] >= tree.count) __builtin_trap();
  }
  if (zd_path_test(path, &tree, 0, NULL, arena, &truth) == ZD_OK && (truth < -1 || truth > 1))
    __builtin_trap();
  zd_path_explain(path, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zd_arena arena;
  const zd_path *path;
  const zd_schema *schema = zd_schema_r4();
  zd_arena_init(&arena, 64 << 20);
  zd_type context = zd_schema_type(schema, ZD_S("Patient"));
  if (size && data[0] == 'R') context = zd_schema_type(schema, ZD_S("Resource"));
  zd_slice text = zd_slice_make(data, size);
  if (zd_path_compile(schema, context, text, &arena, &path, NULL) == ZD_OK) run(path, &arena);
  zd_arena_free(&arena);
  return 0;
}
