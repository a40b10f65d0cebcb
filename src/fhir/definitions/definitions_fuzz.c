/* Any text as a definition: refused, or an image that opens and can be used. */
#include <stddef.h>
#include <stdint.h>

#include "fhir/definitions.h"
#include "fhir/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const zd_schema *s) {
  zd_type types[8];
  for (zd_type t = 0; t < zd_schema_type_count(s); t++) {
    zd_type_info info = zd_schema_type_info(s, t);
    zd_schema_is_a(s, t, 0);
    for (uint16_t i = 0; i < info.count; i++) {
      zd_element e = (zd_element)(info.first + i);
      zd_schema_child(s, t, zd_schema_element_info(s, e).name);
      zd_schema_targets(s, e, types, 8);
      zd_schema_bound_code(s, e, ZD_S("a"));
    }
  }
  for (uint32_t i = 0; i < zd_schema_param_count(s); i++) zd_schema_param(s, i);
  for (uint32_t i = 0; i < zd_schema_value_set_count(s); i++)
    for (uint32_t k = 0; k < zd_schema_value_set(s, i).count; k++)
      zd_schema_value_set_code(s, i, k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zd_definitions *d;
  zd_buffer image;
  const zd_schema *s;
  zd_buffer_init(&image, 0);
  if (zd_definitions_new(&d, NULL)) return 0;
  if (zd_definitions_add(d, zd_slice_make(data, size), NULL) == ZD_OK &&
      zd_definitions_build(d, &image, NULL) == ZD_OK) {
    if (zd_schema_from_image(image.p, image.n, &s, NULL)) __builtin_trap();
    use(s);
  }
  zd_definitions_free(d);
  zd_buffer_free(&image);
  return 0;
}
