/* Images that lie, with a checksum that is right: refused, or safe to read everywhere (the
 * sanitizers watch). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/random.h"
#include "fhir/definitions.h"
#include "fhir/schema/schema_image.h"

#define ROW(path, rest) \
  "{\"id\":\"" path "\",\"path\":\"" path "\",\"min\":0,\"max\":\"1\"" rest "}"
#define SD(name, kind, rest, rows)                                                           \
  "{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/" name "\",\"type\":\"" name \
  "\",\"kind\":\"" kind "\",\"baseDefinition\":\"http://x/Root\"" rest                       \
  ",\"snapshot\":{"                                                                          \
  "\"element\":[{\"path\":\"" name "\",\"min\":0,\"max\":\"*\"}" rows "]}}"

static const char *const documents[] = {
    SD("string", "primitive-type", "", ""),
    SD("Resource", "resource", ",\"abstract\":true", ""),
    SD("Thing", "resource", ",\"version\":\"1\",\"name\":\"T\"",
       "," ROW(
           "Thing.label",
           ",\"type\":[{\"code\":\"string\",\"profile\":[\"http://x/"
           "p\"]}],\"fixedString\":"
           "\"a\",\"binding\":{\"strength\":\"required\",\"valueSet\":\"http://x/"
           "vs\"}") "," ROW("Thing.part",
                            ",\"slicing\":{\"rules\":\"open\",\"discriminator\":[{"
                            "\"type\":\"value\",\"path\":"
                            "\"label\"}]},\"constraint\":[{\"key\":\"k\",\"severity\":"
                            "\"error\",\"human\":"
                            "\"h\",\"expression\":\"a\"}]") "," ROW("Thing.part.label",
                                                                    ",\"type\":[{"
                                                                    "\"code\":"
                                                                    "\"string\"}]") "," ROW("Thing."
                                                                                            "part."
                                                                                            "part",
                                                                                            ",\"con"
                                                                                            "tentRe"
                                                                                            "ferenc"
                                                                                            "e\":"
                                                                                            "\"#"
                                                                                            "Thing."
                                                                                            "part"
                                                                                            "\"")),
    "{\"resourceType\":\"SearchParameter\",\"url\":\"http://x/p\",\"code\":\"c\",\"base\":"
    "[\"Thing\"],\"type\":\"token\",\"expression\":\"Thing.label\"}",
    "{\"resourceType\":\"SearchParameter\",\"url\":\"http://x/q\",\"code\":\"d\",\"base\":"
    "[\"Thing\"],\"type\":\"composite\",\"component\":[{\"definition\":\"http://x/p\"}]}",
    "{\"resourceType\":\"OperationDefinition\",\"url\":\"http://x/"
    "o\",\"code\":\"o\",\"resource\":"
    "[\"Thing\"],\"parameter\":[{\"name\":\"a\",\"use\":\"in\",\"min\":0,\"max\":\"1\","
    "\"type\":\"string\"}]}",
    "{\"resourceType\":\"CodeSystem\",\"url\":\"http://x/"
    "cs\",\"content\":\"complete\",\"concept\":"
    "[{\"code\":\"a\",\"concept\":[{\"code\":\"b\",\"property\":[{\"code\":\"c\","
    "\"valueCode\":\"d\"}]}]}]}",
    "{\"resourceType\":\"ValueSet\",\"url\":\"http://x/"
    "vs\",\"compose\":{\"include\":[{\"system\":"
    "\"http://x/cs\"}]}}",
    "{\"resourceType\":\"CompartmentDefinition\",\"url\":\"http://x/c\",\"code\":\"Thing\","
    "\"resource\":[{\"code\":\"Thing\",\"param\":[\"c\"]}]}",
};

/* ---- reading everything ---- */

static size_t touch(zd_slice s) {
  size_t sum = s.n;
  for (size_t i = 0; i < s.n; i++) sum += (unsigned char)s.p[i];
  return sum;
}

static size_t read_types(const zd_schema *s) {
  size_t sum = touch(zd_schema_fhir_version(s));
  zd_type targets[4];
  uint32_t params[4];
  for (zd_type t = 0; t < zd_schema_type_count(s); t++) {
    zd_type_info info = zd_schema_type_info(s, t);
    sum += touch(info.name) + zd_schema_is_a(s, t, 0) + zd_schema_params_of(s, t, params, 4);
    sum += zd_schema_param_find(s, t, ZD_S("c")) + zd_schema_operation_find(s, t, ZD_S("o"));
    for (uint32_t e = info.first; e < (uint32_t)info.first + info.count; e++) {
      zd_element_info el = zd_schema_element_info(s, (zd_element)e);
      sum += touch(el.name) + touch(el.path) + zd_schema_child(s, t, el.name) +
             zd_schema_targets(s, (zd_element)e, targets, 4);
      sum += (size_t)zd_schema_bound_code(s, (zd_element)e, ZD_S("a"));
    }
  }
  return sum;
}

/* Edges and properties lead to codes. */
static size_t read_system(const zd_schema *s, uint32_t i) {
  zd_code_system_info info = zd_schema_code_system(s, i);
  size_t sum = touch(info.url) + touch(info.version);
  for (uint32_t k = 0; k < info.count; k++) sum += touch(zd_schema_code_system_code(s, i, k));
  for (uint32_t k = 0; k < info.edge_count; k++) {
    zd_concept_edge edge = zd_schema_code_system_edge(s, i, k);
    sum += touch(zd_schema_code_system_code(s, i, edge.parent)) +
           touch(zd_schema_code_system_code(s, i, edge.child));
  }
  for (uint32_t k = 0; k < info.property_count; k++) {
    zd_concept_property p = zd_schema_code_system_property(s, i, k);
    sum += touch(zd_schema_code_system_code(s, i, p.concept)) + touch(p.name) + touch(p.value);
  }
  return sum;
}

static size_t read_lists(const zd_schema *s) {
  size_t sum = 0;
  for (uint32_t i = 0; i < zd_schema_param_count(s); i++) {
    zd_param_info p = zd_schema_param(s, i);
    sum += touch(p.url) + touch(p.code) + touch(p.expression);
    for (uint16_t k = 0; k < p.base_count; k++) sum += zd_schema_param_base(s, i, k);
    for (uint16_t k = 0; k < p.component_count; k++) {
      zd_slice expression;
      sum += zd_schema_param_component(s, i, k, &expression) + touch(expression);
    }
  }
  for (uint32_t i = 0; i < zd_schema_operation_count(s); i++) {
    zd_operation_info o = zd_schema_operation(s, i);
    sum += touch(o.url) + touch(o.code);
    for (uint16_t k = 0; k < o.param_count; k++)
      sum += touch(zd_schema_operation_param(s, i, k).name);
  }
  for (uint32_t i = 0; i < zd_schema_value_set_count(s); i++) {
    sum += touch(zd_schema_value_set(s, i).missing) + touch(zd_schema_value_set(s, i).compose);
    for (uint32_t k = 0; k < zd_schema_value_set(s, i).count; k++)
      sum += touch(zd_schema_value_set_code(s, i, k).code) +
             touch(zd_schema_value_set_code(s, i, k).system);
  }
  for (uint32_t i = 0; i < zd_schema_code_system_count(s); i++) sum += read_system(s, i);
  for (uint32_t i = 0; i < zd_schema_definition_count(s); i++) {
    zd_definition_info d = zd_schema_definition(s, i);
    sum += touch(d.url) + touch(d.version) + zd_schema_definition_find(s, d.kind, d.url);
  }
  zd_slice codes[2];
  return sum + zd_schema_compartment(s, 0, 0, codes, 2) +
         zd_schema_value_set_find(s, ZD_S("http://x/vs|1")) +
         zd_schema_code_system_find(s, ZD_S("http://x/cs"));
}

static size_t read_row(const zd_schema *s, uint32_t p, uint32_t row) {
  zd_profile_element e = zd_schema_profile_element(s, p, row);
  size_t sum = touch(e.id) + touch(e.path) + touch(e.slice) + touch(e.fixed) + touch(e.value_set);
  if (e.element != ZD_NO_ELEMENT) sum += touch(zd_schema_element_info(s, e.element).name);
  for (uint16_t k = 0; k < e.type_count; k++) {
    zd_profile_type t = zd_schema_profile_type(s, p, row, k);
    for (uint16_t j = 0; j < t.profile_count; j++)
      sum += touch(zd_schema_profile_canonical(s, p, row, k, false, j));
    for (uint16_t j = 0; j < t.target_count; j++)
      sum += touch(zd_schema_profile_canonical(s, p, row, k, true, j));
  }
  for (uint16_t k = 0; k < e.constraint_count; k++)
    sum += touch(zd_schema_profile_constraint(s, p, row, k).expression);
  if (!e.has_slicing) return sum;
  for (uint32_t k = 0; k < zd_schema_profile_slicing(s, p, row).discriminator_count; k++)
    sum += touch(zd_schema_profile_discriminator(s, p, row, k).path);
  return sum;
}

static size_t read_profiles(const zd_schema *s) {
  size_t sum = 0;
  for (uint32_t p = 0; p < zd_schema_profile_count(s); p++) {
    zd_profile_info info = zd_schema_profile(s, p);
    sum += touch(info.url) + touch(info.name) + touch(info.base) + touch(info.version);
    for (uint32_t row = 0; row < info.element_count; row++) sum += read_row(s, p, row);
    for (uint32_t k = 0; k < info.context_count; k++)
      sum += touch(zd_schema_profile_context(s, p, k).expression);
  }
  return sum;
}

/* ---- images that lie ---- */

static void make_image(zd_buffer *image) {
  zd_definitions *d;
  zd_fault fault = {0};
  zd_buffer_init(image, 0);
  assert_int_equal(zd_definitions_new(&d, &fault), ZD_OK);
  for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
    if (zd_definitions_add(d, zd_slice_of(documents[i]), &fault)) fail_msg("%s", fault.text);
  if (zd_definitions_build(d, image, &fault)) fail_msg("%s", fault.text);
  zd_definitions_free(d);
}

static void seal(char *image, size_t n) {
  zd_schema *head = (zd_schema *)(void *)image;
  head->crc = 0;
  head->crc = zd_crc32c(0, image, n);
}

/* True when the image was taken: then everything in it is read. */
static bool take(char *image, size_t n) {
  const zd_schema *s;
  seal(image, n);
  if (zd_schema_from_image(image, n, &s, NULL)) return false;
  size_t sum = read_types(s) + read_lists(s) + read_profiles(s);
  return sum + 1 > 0;
}

static void every_changed_half_word_is_refused_or_harmless(void **state) {
  (void)state;
  static const uint16_t values[] = {0, 1, 5, 0x7FFF, 0xFFFE, 0xFFFF};
  zd_buffer image;
  size_t taken = 0, all = 0;
  make_image(&image);
  char *copy = malloc(image.n);
  assert_non_null(copy);
  memcpy(copy, image.p, image.n);
  assert_true(take(copy, image.n));
  for (size_t at = 0; at + 2 <= image.n; at += 2)
    for (size_t v = 0; v < sizeof values / sizeof *values; v++, all++) {
      memcpy(copy, image.p, image.n);
      memcpy(copy + at, &values[v], 2);
      taken += take(copy, image.n);
    }
  printf("%zu changes, %zu harmless\n", all, taken);
  assert_true(taken > 0 && taken < all);
  free(copy);
  zd_buffer_free(&image);
}

static void many_changes_at_once_are_refused_or_harmless(void **state) {
  (void)state;
  zd_buffer image;
  zd_random random;
  make_image(&image);
  zd_random_seed(&random, 7, 0);
  char *copy = malloc(image.n);
  assert_non_null(copy);
  for (int round = 0; round < 20000; round++) {
    memcpy(copy, image.p, image.n);
    for (int k = 0; k < 4; k++) {
      uint32_t word = (uint32_t)(zd_random_u64(&random) >> zd_random_below(&random, 64));
      size_t at = zd_random_below(&random, image.n / 4) * 4;
      memcpy(copy + at, &word, sizeof word);
    }
    take(copy, image.n);
  }
  free(copy);
  zd_buffer_free(&image);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_changed_half_word_is_refused_or_harmless),
      cmocka_unit_test(many_changes_at_once_are_refused_or_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
