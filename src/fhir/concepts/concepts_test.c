/* Graphs of concepts: small ones by hand, random ones against a naive walk, the shipped ones whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/testing/scarcity.h"
#include "fhir/concepts.h"

/* ---- by hand ---- */

/* animal > dog > husky, animal > cat; wolfdog below dog and wolf; stone on its own. */
static void draft_animals(zd_concepts_draft *d) {
  static const char *const nested[][2] = {{"stone", NULL},  {"animal", NULL},  {"dog", "animal"},
                                          {"husky", "dog"}, {"cat", "animal"}, {"wolf", NULL},
                                          {"wolfdog", NULL}};
  static const char *const properties[][3] = {{"wolfdog", "kind-of", "dog"},
                                              {"wolf", "child", "wolfdog"},
                                              {"wolfdog", "subsumedBy", "wolf"},
                                              {"dog", "child", "unicorn"},
                                              {"cat", "legs", "4"},
                                              {"dog", "legs", "4"},
                                              {"stone", "legs", "0"},
                                              {"husky", "made-by", NULL},
                                              {"husky", "partOf", "stone"}};
  zd_concepts_begin(d);
  zd_concepts_declare(d, ZD_S("kind-of"), ZD_S("http://hl7.org/fhir/concept-properties#parent"));
  zd_concepts_declare(d, ZD_S("legs"), ZD_S("http://x/legs"));
  for (size_t i = 0; i < sizeof nested / sizeof *nested; i++)
    zd_concepts_add(d, zd_slice_of(nested[i][0]), zd_slice_of(nested[i][1]));
  zd_concepts_add(d, ZD_S("dog"), (zd_slice){NULL, 0}); /* again */
  for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
    zd_concepts_add_property(d, zd_slice_of(properties[i][0]), zd_slice_of(properties[i][1]),
                             zd_slice_of(properties[i][2]));
}

static void make_animals(zd_arena *arena, zd_concepts *c) {
  zd_concepts_draft draft;
  draft_animals(&draft);
  assert_int_equal(zd_concepts_make(&draft, arena, c), ZD_OK);
  zd_concepts_end(&draft);
  c->url = ZD_S("http://x/animals");
}

static void a_draft_becomes_a_graph(void **state) {
  (void)state;
  zd_arena arena;
  zd_concepts c;
  zd_arena_init(&arena, 0);
  make_animals(&arena, &c);
  assert_int_equal(c.count, 7);
  assert_int_equal(c.edge_count, 5); /* what is said twice is one edge, the unicorn is none */
  assert_int_equal(c.property_count, 9);
  for (uint32_t i = 0; i < c.count; i++) assert_int_equal(zd_concepts_at(&c, c.codes[i]), i);
  assert_int_equal(zd_concepts_at(&c, ZD_S("unicorn")), UINT32_MAX);
  assert_int_equal(zd_concepts_at(&(zd_concepts){.count = 0}, ZD_S("a")), UINT32_MAX);
  zd_arena_free(&arena);
}

/* The codes kept, or the error. */
static const char *kept(const zd_concepts *c, const zd_concept_filter *f, zd_arena *arena) {
  static char text[512];
  zd_fault fault = {0};
  uint8_t *marks = ZD_NEW_ARRAY(arena, uint8_t, c->count + 1u);
  size_t n = 0;
  assert_non_null(marks);
  zd_err err = zd_concepts_filter(c, f, arena, marks, &fault);
  if (err) {
    assert_true(fault.text[0]);
    snprintf(text, sizeof text, "!%s", zd_err_name(err));
    return text;
  }
  text[0] = 0;
  for (uint32_t i = 0; i < c->count; i++)
    if (marks[i])
      n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", n ? " " : "", ZD_SV(c->codes[i]));
  return text;
}

static void filters_keep_what_they_say(void **state) {
  (void)state;
  static const struct {
    const char *property, *op, *value, *expected;
  } table[] = {
      {"concept", "is-a", "dog", "dog husky wolfdog"},
      {"concept", "is-a", "animal", "animal cat dog husky wolfdog"},
      {"code", "descendent-of", "dog", "husky wolfdog"},
      {"concept", "is-not-a", "animal", "stone wolf"},
      {"concept", "generalizes", "wolfdog", "animal dog wolf wolfdog"},
      {"concept", "is-a", "unicorn", "!not-found"},
      {"parent", "is-a", "dog", "!unsupported"},
      {"concept", "=", "dog", "dog"},
      {"concept", "=", "unicorn", ""},
      {"code", "in", "dog,cat,unicorn", "cat dog"},
      {"code", "not-in", "dog,cat,animal", "husky stone wolf wolfdog"},
      {"code", "exists", "true", "animal cat dog husky stone wolf wolfdog"},
      {"code", "exists", "false", ""},
      {"legs", "=", "4", "cat dog"},
      {"legs", "in", "0,4", "cat dog stone"},
      {"legs", "not-in", "4", "animal husky stone wolf wolfdog"},
      {"legs", "exists", "true", "cat dog stone"},
      {"legs", "exists", "false", "animal husky wolf wolfdog"},
      {"legs", "exists", "perhaps", "!unsupported"},
      {"kind-of", "=", "dog", "wolfdog"},
      {"wings", "=", "2", ""},
      {"made-by", "exists", "true", "husky"},
      {"made-by", "=", "me", "!unsupported"}, /* a Coding */
      {"display", "=", "Dog", "!unsupported"},
      {"concept", "regex", "d.*", "!unsupported"},
  };
  zd_arena arena;
  zd_concepts c;
  zd_arena_init(&arena, 0);
  make_animals(&arena, &c);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    zd_concept_filter f = {zd_slice_of(table[i].property), zd_slice_of(table[i].op),
                           zd_slice_of(table[i].value)};
    const char *is = kept(&c, &f, &arena);
    if (strcmp(is, table[i].expected) != 0)
      fail_msg("%s %s %s: \"%s\", not \"%s\"", table[i].property, table[i].op, table[i].value, is,
               table[i].expected);
  }
  zd_arena_free(&arena);
}

static void only_is_a_has_relatives(void **state) {
  (void)state;
  static const zd_hierarchy_meaning others[] = {ZD_HIERARCHY_GROUPED_BY, ZD_HIERARCHY_PART_OF,
                                                ZD_HIERARCHY_CLASSIFIED_WITH};
  zd_concept_filter below = {ZD_S("concept"), ZD_S("is-a"), ZD_S("dog")};
  zd_arena arena;
  zd_concepts c;
  zd_arena_init(&arena, 0);
  make_animals(&arena, &c);
  for (size_t i = 0; i < 3; i++) {
    c.hierarchy = others[i];
    assert_string_equal(kept(&c, &below, &arena), "!unsupported");
  }
  c.hierarchy = ZD_HIERARCHY_IS_A;
  assert_string_equal(kept(&c, &below, &arena), "dog husky wolfdog");
  zd_arena_free(&arena);
}

/* ---- random graphs ---- */

enum { CONCEPTS = 40, ROUNDS = 300 };

/* Circles, loops, repetitions: whatever the dice say. */
static void random_graph(zd_random *dice, zd_arena *arena, bool below[CONCEPTS][CONCEPTS],
                         zd_concepts *c) {
  zd_concepts_draft draft;
  zd_slice codes[CONCEPTS];
  uint64_t n = 1 + zd_random_below(dice, CONCEPTS), edges = zd_random_below(dice, 2 * n);
  zd_concepts_begin(&draft);
  for (uint64_t i = 0; i < CONCEPTS; i++) codes[i] = zd_arena_printf(arena, "%02d", (int)i);
  for (uint64_t i = n; i-- > 0;) zd_concepts_add(&draft, codes[i], (zd_slice){NULL, 0});
  for (uint64_t i = 0; i < edges; i++) {
    uint64_t parent = zd_random_below(dice, CONCEPTS), child = zd_random_below(dice, CONCEPTS);
    below[parent][child] |= parent < n && child < n;
    if (zd_random_below(dice, 2))
      zd_concepts_add_property(&draft, codes[parent], ZD_S("child"), codes[child]);
    else
      zd_concepts_add_property(&draft, codes[child], ZD_S("parent"), codes[parent]);
  }
  assert_int_equal(zd_concepts_make(&draft, arena, c), ZD_OK);
  assert_int_equal(c->count, n);
  zd_concepts_end(&draft);
}

static void walks_agree_with_naive_ones(void **state) {
  (void)state;
  zd_random dice;
  zd_random_seed(&dice, 7, 1);
  for (int round = 0; round < ROUNDS; round++) {
    static bool below[CONCEPTS][CONCEPTS];
    zd_arena arena;
    zd_concepts c;
    memset(below, 0, sizeof below);
    zd_arena_init(&arena, 0);
    random_graph(&dice, &arena, below, &c);
    for (size_t k = 0; k < CONCEPTS; k++) { /* Warshall */
      for (size_t i = 0; i < CONCEPTS; i++)
        for (size_t j = 0; j < CONCEPTS; j++) below[i][j] |= below[i][k] && below[k][j];
    }
    for (uint32_t from = 0; from < c.count; from++) {
      uint8_t down[CONCEPTS] = {0}, up[CONCEPTS] = {0};
      assert_int_equal(zd_concepts_closure(&c, from, true, &arena, down, NULL), ZD_OK);
      assert_int_equal(zd_concepts_closure(&c, from, false, &arena, up, NULL), ZD_OK);
      for (uint32_t i = 0; i < c.count; i++) {
        assert_int_equal(down[i], below[from][i] || i == from);
        assert_int_equal(up[i], below[i][from] || i == from);
      }
    }
    zd_arena_free(&arena);
  }
}

/* ---- the shipped ones ---- */

static void shipped_systems_keep_their_hierarchies(void **state) {
  (void)state;
  const zd_schema *s = zd_schema_r4();
#define V3 "http://terminology.hl7.org/CodeSystem/v3-"
  static const struct {
    const char *system, *op, *value, *expected;
  } table[] = {
      {V3 "ActCode", "is-a", "IMP", "ACUTE IMP NONAC"},
      {V3 "ActCode", "generalizes", "ACUTE", "ACUTE IMP _ActCareProvisionCode _ActEncounterCode"},
      {V3 "NullFlavor", "is-a", "OTH", "NINF OTH PINF"},
      {"http://terminology.hl7.org/CodeSystem/condition-ver-status", "descendent-of", "unconfirmed",
       "differential provisional"},
      {"http://hl7.org/fhir/administrative-gender", "is-a", "male", "male"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    zd_arena arena;
    zd_concepts c;
    zd_concept_filter f = {ZD_S("concept"), zd_slice_of(table[i].op), zd_slice_of(table[i].value)};
    uint32_t number = zd_schema_code_system_find(s, zd_slice_of(table[i].system));
    assert_int_not_equal(number, UINT32_MAX);
    zd_arena_init(&arena, 0);
    assert_int_equal(zd_concepts_of_schema(s, number, &arena, &c), ZD_OK);
    assert_string_equal(kept(&c, &f, &arena), table[i].expected);
    zd_arena_free(&arena);
  }
}

/* ---- memory ---- */

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  for (uint64_t nth = 1;; nth++) {
    zd_arena arena;
    zd_concepts c;
    zd_concepts_draft draft;
    uint8_t marks[8] = {0};
    zd_arena_init(&arena, 0);
    zd_scarcity_begin(nth);
    draft_animals(&draft);
    zd_err err = zd_concepts_make(&draft, &arena, &c);
    if (!err) err = zd_concepts_closure(&c, 0, false, &arena, marks, NULL);
    bool failed = zd_scarcity_end();
    zd_concepts_end(&draft);
    zd_arena_free(&arena);
    assert_int_equal(err, failed ? ZD_ERR_MEMORY : ZD_OK);
    if (!failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_draft_becomes_a_graph),
      cmocka_unit_test(filters_keep_what_they_say),
      cmocka_unit_test(only_is_a_has_relatives),
      cmocka_unit_test(walks_agree_with_naive_ones),
      cmocka_unit_test(shipped_systems_keep_their_hierarchies),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
