/* Profiles against the snapshots they were compiled from, read naively: every row of every
 * StructureDefinition of the R4 package and, where the suites are, of US Core and IPS. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "fhir/definitions.h"
#include "fhir/schema.h"
#include "json/json.h"

#define EACH(tape, child, list)                                        \
  for (uint32_t child = (list) ? zd_json_first(tape, list) : 0; child; \
       child = zd_json_next(tape, list, child))

/* A place in a snapshot and in the image. */
typedef struct place {
  const zd_schema *s;
  const zd_json_tape *t;
  zd_slice url;
  uint32_t node; /* of the ElementDefinition */
  uint32_t profile, row;
  zd_profile_element e;
  zd_arena *arena;
} place;

/* ---- the naive reading ---- */

static zd_slice text_of(const place *at, uint32_t i) {
  if (!i || zd_json_type_of(at->t, i) != ZD_JSON_STRING) return (zd_slice){NULL, 0};
  zd_slice raw = zd_json_raw(at->t, i);
  char *out = zd_arena_calloc(at->arena, raw.n + 1, 1);
  assert_non_null(out);
  return (zd_slice){out, zd_json_unescape(raw, out)};
}

static zd_slice member(const place *at, uint32_t object, const char *name) {
  return text_of(at, zd_json_find(at->t, object, zd_slice_of(name)));
}

static uint32_t find(const place *at, uint32_t object, const char *name) {
  return zd_json_find(at->t, object, zd_slice_of(name));
}

static bool is_true(const place *at, const char *name) {
  uint32_t i = find(at, at->node, name);
  return i && zd_json_type_of(at->t, i) == ZD_JSON_TRUE;
}

/* JSON without the white space between its parts. */
static zd_slice without_blanks(const place *at, uint32_t i) {
  zd_slice raw = zd_json_raw(at->t, i);
  if (zd_json_type_of(at->t, i) == ZD_JSON_STRING) raw = (zd_slice){raw.p - 1, raw.n + 2};
  char *out = zd_arena_alloc(at->arena, raw.n + 1);
  size_t n = 0;
  bool quoted = false;
  for (size_t k = 0; k < raw.n; k++) {
    if (raw.p[k] == '"' && !(quoted && raw.p[k - 1] == '\\')) quoted = !quoted;
    if (quoted || !memchr(" \n\r\t", raw.p[k], 4)) out[n++] = raw.p[k];
  }
  return (zd_slice){out, n};
}

static void same(const place *at, const char *what, zd_slice ours, zd_slice theirs) {
  if (!zd_slice_eq(ours, theirs) || !ours.p != !theirs.p)
    fail_msg("%.*s: %.*s: %s is \"%.*s\", not \"%.*s\"", ZD_SV(at->url), ZD_SV(at->e.id), what,
             ZD_SV(ours), ZD_SV(theirs));
}

static void equal(const place *at, const char *what, uint64_t ours, uint64_t theirs) {
  if (ours != theirs)
    fail_msg("%.*s: %.*s: %s is %llu, not %llu", ZD_SV(at->url), ZD_SV(at->e.id), what,
             (unsigned long long)ours, (unsigned long long)theirs);
}

static void word(const place *at, const char *what, unsigned ours, zd_slice theirs,
                 const char *const *names) {
  same(at, what, zd_slice_of(names[ours]), theirs);
}

static uint32_t number(const place *at, const char *name) {
  uint32_t i = find(at, at->node, name);
  return i ? (uint32_t)strtoul(zd_json_raw(at->t, i).p, NULL, 10) : 0;
}

/* ---- element ---- */

static zd_slice parent_of(zd_slice path) {
  while (path.n && path.p[path.n - 1] != '.') path.n--;
  path.n -= path.n > 0;
  return path;
}

/* base.path says in which type the element was defined: ours must be that one or derive from it. */
static void compare_element(const place *at) {
  zd_slice base = member(at, find(at, at->node, "base"), "path");
  if (at->row == 0) return equal(at, "element", at->e.element, ZD_NO_ELEMENT);
  zd_slice owner = parent_of(base), name = zd_slice_from(base, owner.n + 1);
  zd_type type = zd_schema_type(at->s, owner);
  if (type == ZD_NO_TYPE || !zd_schema_is_a(at->s, at->e.owner, type))
    fail_msg("%.*s: %.*s: stands in %.*s, not in %.*s", ZD_SV(at->url), ZD_SV(at->e.id),
             ZD_SV(zd_schema_type_info(at->s, at->e.owner).name), ZD_SV(owner));
  if (at->e.flags & (ZD_PE_VALUE | ZD_PE_FORBIDDEN)) return;
  zd_element_info info = zd_schema_element_info(at->s, at->e.element);
  equal(at, "owner", info.owner, at->e.owner);
  if (!zd_slice_ends(name, ZD_S("[x]"))) {
    equal(at, "alternatives", at->e.alternatives, 1);
    return same(at, "name", info.name, name);
  }
  name.n -= 3;
  same(at, "choice", info.path, name);
  zd_slice path = at->e.path;
  if (!zd_slice_ends(path, ZD_S("[x]"))) return;
  uint16_t n = 0;
  zd_type_info in = zd_schema_type_info(at->s, at->e.owner);
  for (uint16_t i = 0; i < in.count; i++)
    n += zd_schema_element_info(at->s, (zd_element)(in.first + i)).choice == info.choice;
  equal(at, "alternatives", at->e.alternatives, n);
}

static void compare_names(const place *at) {
  zd_slice max = member(at, at->node, "max");
  same(at, "id", at->e.id, member(at, at->node, "id"));
  same(at, "path", at->e.path, member(at, at->node, "path"));
  same(at, "sliceName", at->e.slice, member(at, at->node, "sliceName"));
  equal(at, "min", at->e.min, number(at, "min"));
  equal(at, "max", at->e.max,
        zd_slice_eq(max, ZD_S("*")) ? ZD_PE_UNBOUNDED : strtoul(max.p, NULL, 10));
  equal(at, "mustSupport", (at->e.flags & ZD_PE_MUST_SUPPORT) != 0, is_true(at, "mustSupport"));
  equal(at, "isSummary", (at->e.flags & ZD_PE_SUMMARY) != 0, is_true(at, "isSummary"));
  equal(at, "isModifier", (at->e.flags & ZD_PE_MODIFIER) != 0, is_true(at, "isModifier"));
  if (at->row == 0) return equal(at, "parent", at->e.parent, ZD_PE_NONE);
  zd_profile_element parent = zd_schema_profile_element(at->s, at->profile, at->e.parent);
  same(at, "parent", parent.id, parent_of(at->e.id));
  if (at->e.sliced == ZD_PE_NONE) return;
  zd_profile_element sliced = zd_schema_profile_element(at->s, at->profile, at->e.sliced);
  assert_true(sliced.has_slicing && at->e.slice.n);
  if (!zd_slice_starts(at->e.id, sliced.id)) same(at, "sliced", sliced.id, at->e.id);
}

/* ---- types ---- */

static void compare_canonicals(const place *at, uint32_t entry, uint16_t k, bool target,
                               uint16_t count) {
  uint16_t n = 0;
  EACH(at->t, c, find(at, entry, target ? "targetProfile" : "profile"))
  same(at, "canonical", zd_schema_profile_canonical(at->s, at->profile, at->row, k, target, n++),
       text_of(at, c));
  equal(at, "canonicals", count, n);
}

static void compare_type(const place *at, uint32_t entry, uint16_t k) {
  static const char *const aggregations[] = {"contained", "referenced", "bundled"};
  zd_profile_type ours = zd_schema_profile_type(at->s, at->profile, at->row, k);
  zd_slice code = member(at, entry, "code");
  uint8_t aggregation = 0;
  if (!zd_slice_starts(code, ZD_S("http://hl7.org/fhirpath/")))
    same(at, "type", zd_schema_type_info(at->s, ours.type).name, code);
  else if (ours.type == ZD_NO_TYPE)
    equal(at, "value", (at->e.flags & (ZD_PE_VALUE | ZD_PE_FORBIDDEN)) != 0, 1);
  EACH(at->t, c, find(at, entry, "aggregation"))
  for (int i = 0; i < 3; i++)
    if (zd_slice_eq(text_of(at, c), zd_slice_of(aggregations[i]))) aggregation |= (uint8_t)(1 << i);
  equal(at, "aggregation", ours.aggregation, aggregation);
  compare_canonicals(at, entry, k, false, ours.profile_count);
  compare_canonicals(at, entry, k, true, ours.target_count);
}

static void compare_types(const place *at) {
  uint16_t n = 0;
  EACH(at->t, entry, find(at, at->node, "type")) compare_type(at, entry, n++);
  equal(at, "types", at->e.type_count, n);
}

/* ---- rules ---- */

static void compare_slicing(const place *at) {
  static const char *const rules[] = {"closed", "open", "openAtEnd"};
  static const char *const kinds[] = {"value", "exists", "pattern", "type", "profile"};
  uint32_t slicing = find(at, at->node, "slicing"), n = 0;
  equal(at, "slicing", at->e.has_slicing, slicing != 0);
  if (!slicing) return;
  zd_slicing ours = zd_schema_profile_slicing(at->s, at->profile, at->row);
  uint32_t ordered = find(at, slicing, "ordered");
  word(at, "rules", ours.rules, member(at, slicing, "rules"), rules);
  equal(at, "ordered", ours.ordered, ordered && zd_json_type_of(at->t, ordered) == ZD_JSON_TRUE);
  EACH(at->t, c, find(at, slicing, "discriminator")) {
    zd_discriminator d = zd_schema_profile_discriminator(at->s, at->profile, at->row, n++);
    word(at, "discriminator", d.kind, member(at, c, "type"), kinds);
    same(at, "discriminator", d.path, member(at, c, "path"));
  }
  equal(at, "discriminators", ours.discriminator_count, n);
}

static void compare_constraints(const place *at) {
  uint16_t n = 0;
  EACH(at->t, c, find(at, at->node, "constraint")) {
    zd_constraint ours = zd_schema_profile_constraint(at->s, at->profile, at->row, n++);
    same(at, "key", ours.key, member(at, c, "key"));
    same(at, "human", ours.human, member(at, c, "human"));
    same(at, "expression", ours.expression, member(at, c, "expression"));
    same(at, "source", ours.source, member(at, c, "source"));
    same(at, "severity", zd_slice_of(ours.error ? "error" : "warning"), member(at, c, "severity"));
  }
  equal(at, "constraints", at->e.constraint_count, n);
}

static void compare_typed(const place *at, const char *stem, zd_slice ours, zd_type type) {
  size_t n = strlen(stem);
  bool found = false;
  EACH(at->t, c, at->node) {
    zd_slice key = zd_json_key(at->t, c);
    if (key.n <= n || memcmp(key.p, stem, n) != 0 || key.p[n] < 'A' || key.p[n] > 'Z') continue;
    zd_slice name = zd_schema_type_info(at->s, type).name, suffix = zd_slice_from(key, n);
    found = true;
    same(at, stem, ours, without_blanks(at, c));
    same(at, "its type", zd_slice_from(name, 1), zd_slice_from(suffix, 1));
  }
  equal(at, stem, ours.p != NULL, found);
}

static void compare_values(const place *at) {
  static const char *const strengths[] = {"", "required", "extensible", "preferred", "example"};
  uint32_t binding = find(at, at->node, "binding");
  compare_typed(at, "fixed", at->e.fixed, at->e.fixed_type);
  compare_typed(at, "pattern", at->e.pattern, at->e.pattern_type);
  compare_typed(at, "minValue", at->e.min_value, at->e.min_value_type);
  compare_typed(at, "maxValue", at->e.max_value, at->e.max_value_type);
  equal(at, "maxLength", at->e.max_length, number(at, "maxLength"));
  equal(at, "binding", at->e.binding != ZD_BINDING_NONE, binding != 0);
  if (binding) {
    word(at, "strength", at->e.binding, member(at, binding, "strength"), strengths);
    same(at, "valueSet", at->e.value_set, member(at, binding, "valueSet"));
  }
  zd_slice content = member(at, at->node, "contentReference");
  equal(at, "contentReference", at->e.content_reference != ZD_PE_NONE, content.p != NULL);
  if (content.p)
    same(at, "contentReference",
         zd_schema_profile_element(at->s, at->profile, at->e.content_reference).id,
         zd_slice_from(content, zd_slice_find(content, '#') + 1));
}

/* ---- all of it ---- */

typedef struct counts {
  size_t profiles, rows, left_out;
} counts;

static void compare_profile(place *at, uint32_t resource, counts *tally) {
  zd_slice version = member(at, resource, "version");
  zd_slice name = zd_arena_printf(at->arena, "%.*s|%.*s", ZD_SV(at->url), ZD_SV(version));
  at->profile = zd_schema_profile_find(at->s, name);
  if (at->profile == UINT32_MAX) fail_msg("%.*s is not there", ZD_SV(name));
  zd_profile_info info = zd_schema_profile(at->s, at->profile);
  same(at, "version", info.version, version);
  same(at, "name", info.name, member(at, resource, "name"));
  same(at, "base", info.base, member(at, resource, "baseDefinition"));
  same(at, "type", zd_schema_type_info(at->s, info.type).name, member(at, resource, "type"));
  bool constraint = zd_slice_eq(member(at, resource, "derivation"), ZD_S("constraint"));
  equal(at, "kind", (info.flags & ZD_PROFILE_TYPE) == 0, constraint);
  at->row = 0;
  EACH(at->t, e, find(at, find(at, resource, "snapshot"), "element")) {
    at->node = e;
    at->e = zd_schema_profile_element(at->s, at->profile, at->row);
    compare_names(at);
    compare_element(at);
    compare_types(at);
    compare_slicing(at);
    compare_constraints(at);
    compare_values(at);
    at->row++;
  }
  equal(at, "elements", info.element_count, at->row);
  tally->profiles++;
  tally->rows += at->row;
}

static void compare_resource(const zd_schema *s, const zd_json_tape *t, uint32_t resource,
                             counts *tally) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  place at = {.s = s, .t = t, .arena = &arena};
  if (zd_slice_eq(member(&at, resource, "resourceType"), ZD_S("StructureDefinition"))) {
    at.url = member(&at, resource, "url");
    if (zd_slice_eq(member(&at, resource, "kind"), ZD_S("logical")) ||
        !find(&at, resource, "snapshot"))
      tally->left_out++;
    else
      compare_profile(&at, resource, tally);
  }
  zd_arena_free(&arena);
}

static void compare_document(const zd_schema *s, zd_slice text, counts *tally) {
  zd_json_tape t = {0};
  zd_json_error error = {0};
  assert_int_equal(zd_json_read(text, NULL, &t, &error), ZD_OK);
  uint32_t entries = zd_json_find(&t, 0, ZD_S("entry"));
  if (!entries) compare_resource(s, &t, 0, tally);
  EACH(&t, entry, entries) {
    uint32_t resource = zd_json_find(&t, entry, ZD_S("resource"));
    if (resource) compare_resource(s, &t, resource, tally);
  }
  zd_json_free(&t);
}

static const char *setting(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  return value && *value ? value : otherwise;
}

static void the_official_definitions_are_kept_row_by_row(void **state) {
  (void)state;
  static const char *const bundles[] = {"types", "resources", "extensions", "profiles-others"};
  const char *folder =
      setting("ZD_DEFINITIONS", ZD_SOURCE_DIR "/node_modules/hl7.fhir.r4.examples");
  counts all = {0};
  for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
    char path[4096];
    zd_buffer text;
    zd_fault fault = {0};
    zd_buffer_init(&text, 0);
    snprintf(path, sizeof path, "%s/Bundle-%s.json", folder, bundles[i]);
    if (zd_file_read(path, 0, &text, &fault)) fail_msg("%s", fault.text);
    compare_document(zd_schema_r4(), zd_buffer_slice(&text), &all);
    zd_buffer_free(&text);
  }
  printf("%zu StructureDefinitions, %zu rows; %zu logical models left out\n", all.profiles,
         all.rows, all.left_out);
  assert_int_equal(all.profiles, zd_schema_profile_count(zd_schema_r4()));
  assert_int_equal(all.profiles, 648);
  assert_int_equal(all.rows, 12906);
}

/* ---- packages ---- */

enum { PACKAGE_MAX = 512 };

/* The definitions of one package. */
typedef struct package {
  zd_buffer texts[PACKAGE_MAX];
  size_t n;
} package;

static const char *const members[] = {"StructureDefinition", "ValueSet", "CodeSystem",
                                      "OperationDefinition"};

static void read_members(const char *folder, package *out) {
  for (size_t k = 0; k < sizeof members / sizeof *members; k++) {
    char pattern[4096];
    glob_t found;
    zd_fault fault = {0};
    snprintf(pattern, sizeof pattern, "%s/package/%s-*.json", folder, members[k]);
    if (glob(pattern, 0, NULL, &found) != 0) continue;
    for (size_t i = 0; i < found.gl_pathc; i++) {
      assert_in_range(out->n, 0, PACKAGE_MAX - 1);
      zd_buffer *text = &out->texts[out->n++];
      zd_buffer_init(text, 0);
      if (zd_file_read(found.gl_pathv[i], 0, text, &fault)) fail_msg("%s", fault.text);
    }
    globfree(&found);
  }
}

static void run(const char *format, const char *a, const char *b) {
  char command[8192];
  assert_in_range(snprintf(command, sizeof command, format, a, b), 1, sizeof command - 1);
  assert_int_equal(system(command), 0);
}

static bool open_package(const char *name, package *out) {
  char path[4096], folder[] = "/tmp/zd-package-XXXXXX";
  snprintf(path, sizeof path, "%s/suites/us-core/%s.tgz",
           setting("ZD_SHARED", ZD_SOURCE_DIR "/../shared"), name);
  *out = (package){.n = 0};
  if (access(path, R_OK) != 0) return false;
  assert_non_null(mkdtemp(folder));
  run("tar -xzf '%s' -C '%s'", path, folder);
  read_members(folder, out);
  run("rm -r '%s%s'", folder, "");
  return true;
}

static void close_package(package *p) {
  for (size_t i = 0; i < p->n; i++) zd_buffer_free(&p->texts[i]);
}

/* The packages' definitions on top of the official ones; every row is compared. */
static void extend(const char *const *names, size_t n, zd_buffer *image, counts *tally) {
  zd_definitions *d;
  const zd_schema *s;
  zd_fault fault = {0};
  package *parts = calloc(n, sizeof *parts);
  assert_non_null(parts);
  zd_buffer_init(image, 0);
  assert_int_equal(zd_definitions_extend(zd_schema_r4(), &d, &fault), ZD_OK);
  for (size_t i = 0; i < n; i++) {
    assert_true(open_package(names[i], &parts[i]));
    for (size_t k = 0; k < parts[i].n; k++)
      if (zd_definitions_add(d, zd_buffer_slice(&parts[i].texts[k]), &fault))
        fail_msg("%s", fault.text);
  }
  if (zd_definitions_build(d, image, &fault)) fail_msg("%s", fault.text);
  zd_definitions_free(d);
  if (zd_schema_from_image(image->p, image->n, &s, &fault)) fail_msg("%s", fault.text);
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < parts[i].n; k++)
      compare_document(s, zd_buffer_slice(&parts[i].texts[k]), tally);
    close_package(&parts[i]);
  }
  free(parts);
}

static const char *const packages[] = {"us_core_311", "us_core_610", "ips_110"};

static bool have_packages(void) {
  static package one;
  bool there = open_package(packages[0], &one);
  close_package(&one);
  if (!there) printf("3 packages (125 profiles) skipped: the suites are not here\n");
  return there;
}

static void packages_of_profiles_compile_at_run_time(void **state) {
  (void)state;
  static const size_t profiles[] = {30, 59, 36};
  if (!have_packages()) return;
  for (size_t i = 0; i < 3; i++) {
    zd_buffer image;
    counts one = {0};
    extend(&packages[i], 1, &image, &one);
    printf("%s: %zu profiles, %zu rows, image %zu KiB\n", packages[i], one.profiles, one.rows,
           image.n / 1024);
    assert_int_equal(one.profiles, profiles[i]);
    zd_buffer_free(&image);
  }
}

static void versions_stand_side_by_side(void **state) {
  (void)state;
  static const char *const other[] = {"ips_110", "us_core_610", "us_core_311"};
  zd_buffer image, again;
  counts all = {0}, reversed = {0};
  if (!have_packages()) return;
  extend(packages, 3, &image, &all);
  extend(other, 3, &again, &reversed);
  assert_int_equal(all.profiles, 30 + 59 + 36);
  assert_true(zd_slice_eq(zd_buffer_slice(&image), zd_buffer_slice(&again)));
  const zd_schema *s;
  assert_int_equal(zd_schema_from_image(image.p, image.n, &s, NULL), ZD_OK);
#define US_PATIENT "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
  uint32_t newest = zd_schema_profile_find(s, ZD_S(US_PATIENT));
  assert_int_equal(newest, zd_schema_profile_find(s, ZD_S(US_PATIENT "|6.1.0")));
  assert_int_not_equal(newest, zd_schema_profile_find(s, ZD_S(US_PATIENT "|3.1.1")));
  assert_int_equal(zd_schema_profile_find(s, ZD_S(US_PATIENT "|5.0.0")), UINT32_MAX);
  zd_buffer_free(&image);
  zd_buffer_free(&again);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_official_definitions_are_kept_row_by_row),
      cmocka_unit_test(packages_of_profiles_compile_at_run_time),
      cmocka_unit_test(versions_stand_side_by_side),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
