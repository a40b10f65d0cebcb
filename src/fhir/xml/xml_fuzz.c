/* xml_fuzz.c: any bytes are read or refused with an issue; what is read is written, as XML and as
 * JSON, and read again to the same resource. */
#include <stdlib.h>

#include "fhir/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static zd_err read_xml(zd_slice text, zd_arena *arena, zd_tree *tree) {
  zd_issues issues;
  zd_issues_init(&issues, arena);
  zd_err err = zd_fhir_read_xml(zd_schema_r4(), text, ZD_NO_TYPE, NULL, arena, tree, &issues);
  if ((err == ZD_OK) != (issues.errors == 0) && err != ZD_ERR_MEMORY) abort();
  return err;
}

static zd_slice as_json(const zd_tree *tree, zd_arena *arena) {
  zd_buffer out;
  zd_buffer_init(&out, 0);
  zd_fhir_write_json(tree, 0, NULL, &out);
  zd_slice text = zd_arena_copy(arena, zd_buffer_slice(&out));
  zd_buffer_free(&out);
  return text;
}

static void check_forms(const zd_tree *tree, zd_arena *arena) {
  zd_buffer xml;
  zd_tree again, from_json;
  zd_issues issues;
  zd_xml_layout layout = {.declaration = true, .laid_out = tree->count % 2};
  zd_buffer_init(&xml, 0);
  zd_slice json = as_json(tree, arena);
  zd_issues_init(&issues, arena);
  if (zd_fhir_read_json(zd_schema_r4(), json, ZD_NO_TYPE, NULL, arena, &from_json, &issues) !=
      ZD_OK)
    abort();
  if (from_json.count != tree->count) abort();
  zd_fhir_write_xml(&from_json, 0, &layout, &xml);
  if (read_xml(zd_buffer_slice(&xml), arena, &again) != ZD_OK) abort();
  if (!zd_slice_eq(as_json(&again, arena), json)) abort();
  zd_buffer_free(&xml);
}

static void check_bundle(zd_slice text, zd_arena *arena) {
  zd_buffer json;
  zd_issues issues;
  zd_xml_faults faults = {0};
  zd_buffer_init(&json, 0);
  zd_issues_init(&issues, arena);
  zd_err err = zd_fhir_xml_bundle(zd_schema_r4(), text, NULL, arena, &json, &faults, &issues);
  if ((err == ZD_OK) != (issues.errors == 0) && err != ZD_ERR_MEMORY) abort();
  zd_buffer_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  zd_arena arena;
  zd_tree tree;
  zd_slice text = zd_slice_make(data, n);
  zd_arena_init(&arena, (size_t)256 << 20);
  zd_err err = read_xml(text, &arena, &tree);
  if (err == ZD_OK) check_forms(&tree, &arena);
  check_bundle(text, &arena);
  zd_arena_free(&arena);
  return 0;
}
