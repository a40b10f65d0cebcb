/* A whole small region, with dirt, as its users get it: every resource passes the codec, ids are
 * unique, every reference resolves, identifiers keep to the reserved blocks, volumes are those of
 * region.md 1.2. */
#include "region/region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "fhir/codec.h"
#include "region/numbers.h"

enum { RESIDENTS = 1500 };

/* Hashes of "Type/id" of resources and of references: 64 bits, a few hundred thousand of each. */
typedef struct keys {
  uint64_t *at;
  size_t n, room;
} keys;

typedef struct world {
  zd_arena arena;
  const zd_schema *schema;
  keys ids, references;
  uint64_t count[ZD_REGION_TYPES + 1];
  uint64_t invalid, bound; /* codes found in their required value sets */
} world;

static void keep(keys *k, uint64_t key) {
  if (k->n == k->room) {
    k->room = k->room ? k->room * 2 : 65536;
    k->at = realloc(k->at, k->room * sizeof *k->at);
    assert_non_null(k->at);
  }
  k->at[k->n++] = key;
}

static int ascending(const void *a, const void *b) {
  const uint64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static zd_slice after(zd_slice text, zd_slice mark, zd_slice *rest) {
  const char *hit = memmem(text.p, text.n, mark.p, mark.n);
  if (!hit) return (zd_slice){NULL, 0};
  zd_slice value = zd_slice_from(text, (size_t)(hit - text.p) + mark.n);
  if (rest) *rest = value;
  value.n = zd_slice_find(value, '"');
  return value;
}

static void note_references(world *w, zd_slice json) {
  for (zd_slice rest = json, ref;;) {
    ref = after(rest, ZD_S("\"reference\":\""), &rest);
    if (!ref.p) return;
    keep(&w->references, zd_hash64(ref.p, ref.n));
  }
}

static void check_snils(zd_slice json) {
  zd_slice snils = after(json, ZD_S("systems/snils\",\"value\":\""), NULL);
  if (!snils.p) return;
  assert_int_equal(snils.n, 11);
  assert_int_equal(snils.p[0], '9');
  assert_false(zd_digits_triple(snils.p, 11));
  unsigned check = (unsigned)(snils.p[9] - '0') * 10 + (unsigned)(snils.p[10] - '0');
  assert_int_equal(check, zd_snils_check(snils.p));
}

/* Elements of type code against their required value sets: reading checks only their form. */
static void check_codes(world *w, const zd_tree *tree) {
  zd_type code = zd_schema_type(w->schema, ZD_S("code"));
  for (uint32_t i = 1; i < tree->count; i++) {
    const zd_node *node = &tree->nodes[i];
    if (node->type != code || node->element == ZD_NO_ELEMENT) continue;
    int bound = zd_schema_bound_code(w->schema, node->element, zd_node_raw(node));
    w->bound += bound == 1;
    if (bound != 0 || w->invalid++ >= 3) continue;
    print_message("%.*s is not in its value set\n", ZD_SV(zd_node_raw(node)));
  }
}

static void read_it(world *w, zd_slice json) {
  zd_tree tree;
  zd_issues issues;
  zd_arena_reset(&w->arena);
  zd_issues_init(&issues, &w->arena);
  zd_err err = zd_fhir_read_json(w->schema, json, ZD_NO_TYPE, NULL, &w->arena, &tree, &issues);
  if (err == ZD_OK) check_codes(w, &tree);
  if (err == ZD_OK) return;
  if (w->invalid++ < 3 && issues.n)
    print_message("%.*s: %.*s\n%.*s\n", ZD_SV(issues.items[0].expression),
                  ZD_SV(issues.items[0].diagnostics), ZD_SV(json));
}

static zd_err take(void *context, zd_region_type type, zd_slice json) {
  world *w = context;
  w->count[type]++;
  if (type == ZD_REGION_TYPES) {
    zd_slice planted = after(json, ZD_S("\"resource\":\""), NULL);
    keep(&w->references, zd_hash64(planted.p, planted.n));
    return ZD_OK;
  }
  char key[128];
  zd_slice id = after(json, ZD_S("\"id\":\""), NULL);
  int n = snprintf(key, sizeof key, "%s/%.*s", zd_region_type_name(type), ZD_SV(id));
  keep(&w->ids, zd_hash64(key, (size_t)n));
  assert_non_null(memmem(json.p, json.n, "HTEST", 5));
  note_references(w, json);
  if (type == ZD_REGION_PATIENT || type == ZD_REGION_PRACTITIONER) check_snils(json);
  read_it(w, json);
  return ZD_OK;
}

static int make_world(void **state) {
  world *w = calloc(1, sizeof *w);
  if (!w) return -1;
  zd_arena_init(&w->arena, 0);
  w->schema = zd_schema_r4();
  zd_region_options o = zd_region_defaults();
  o.residents = RESIDENTS;
  o.dirt_ppm = ZD_REGION_DIRT_USUAL;
  zd_region *region;
  if (zd_region_open(&o, &region, NULL) != ZD_OK) return -1;
  zd_err err = zd_region_supply(region, take, w);
  if (err == ZD_OK) err = zd_region_residents(region, 0, RESIDENTS, take, w);
  zd_region_close(region);
  qsort(w->ids.at, w->ids.n, sizeof *w->ids.at, ascending);
  *state = w;
  return err == ZD_OK ? 0 : -1;
}

static int free_world(void **state) {
  world *w = *state;
  zd_arena_free(&w->arena);
  free(w->ids.at);
  free(w->references.at);
  free(w);
  return 0;
}

static void every_resource_passes_the_codec(void **state) {
  const world *w = *state;
  assert_int_equal(w->invalid, 0);
  assert_true(w->bound > RESIDENTS * 100); /* the check is not an empty one */
}

static void ids_are_unique(void **state) {
  const world *w = *state;
  for (size_t i = 1; i < w->ids.n; i++) assert_true(w->ids.at[i] != w->ids.at[i - 1]);
}

static void every_reference_resolves(void **state) {
  const world *w = *state;
  assert_true(w->references.n > w->ids.n);
  for (size_t i = 0; i < w->references.n; i++)
    assert_non_null(
        bsearch(&w->references.at[i], w->ids.at, w->ids.n, sizeof *w->ids.at, ascending));
}

static void volumes_are_those_of_a_region(void **state) {
  const world *w = *state;
  uint64_t planted = w->count[ZD_REGION_TYPES], persons = w->count[ZD_REGION_PATIENT];
  assert_int_equal(persons, RESIDENTS + planted);
  assert_in_range(planted, RESIDENTS * 4 / 100, RESIDENTS * 8 / 100);
  /* three years, per resident: 21 encounters, 75 observations, 18 to 21 prescriptions, 10 to 14
   * reports */
  assert_in_range(w->count[ZD_REGION_ENCOUNTER], RESIDENTS * 19, RESIDENTS * 24);
  assert_in_range(w->count[ZD_REGION_OBSERVATION], RESIDENTS * 65, RESIDENTS * 85);
  assert_in_range(w->count[ZD_REGION_MEDICATION_REQUEST], RESIDENTS * 15, RESIDENTS * 22);
  assert_in_range(w->count[ZD_REGION_DIAGNOSTIC_REPORT], RESIDENTS * 10, RESIDENTS * 15);
}

static zd_err hash_it(void *context, zd_region_type type, zd_slice json) {
  uint64_t *hash = context;
  *hash = zd_hash64_seed(json.p, json.n, *hash + type);
  return ZD_OK;
}

static void a_resident_alone_is_the_same_as_among_others(void **state) {
  (void)state;
  zd_region_options o = zd_region_defaults();
  zd_region *region;
  uint64_t together = 0, alone = 0;
  assert_int_equal(zd_region_open(&o, &region, NULL), ZD_OK);
  assert_int_equal(zd_region_residents(region, 240, 20, hash_it, &together), ZD_OK);
  for (uint32_t i = 240; i < 260; i++)
    assert_int_equal(zd_region_resident(region, i, hash_it, &alone), ZD_OK);
  assert_true(together == alone);
  assert_int_equal(zd_region_resident(region, 1000, hash_it, &alone), ZD_ERR_INVALID);
  zd_region_close(region);
}

static zd_err refuse(void *context, zd_region_type type, zd_slice json) {
  (void)context, (void)type, (void)json;
  return ZD_ERR_FULL;
}

static void a_sinks_failure_is_returned(void **state) {
  (void)state;
  zd_region_options o = zd_region_defaults();
  zd_region *region;
  assert_int_equal(zd_region_open(&o, &region, NULL), ZD_OK);
  assert_int_equal(zd_region_supply(region, refuse, NULL), ZD_ERR_FULL);
  assert_int_equal(zd_region_residents(region, 0, 10, refuse, NULL), ZD_ERR_FULL);
  zd_region_close(region);
}

static void options_out_of_range_are_refused(void **state) {
  (void)state;
  zd_region *region;
  zd_fault fault;
  static const struct {
    uint32_t residents;
    uint16_t from, years;
    uint32_t dirt;
  } row[] = {{99, 2023, 3, 0},    {1000001, 2023, 3, 0}, {1000, 2023, 0, 0},
             {1000, 2023, 11, 0}, {1000, 1800, 3, 0},    {1000, 2023, 3, 900000}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    zd_region_options o = zd_region_defaults();
    o.residents = row[i].residents;
    o.from_year = row[i].from;
    o.years = row[i].years;
    o.dirt_ppm = row[i].dirt;
    assert_int_equal(zd_region_open(&o, &region, &fault), ZD_ERR_INVALID);
    assert_null(region);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_resource_passes_the_codec),
      cmocka_unit_test(ids_are_unique),
      cmocka_unit_test(every_reference_resolves),
      cmocka_unit_test(volumes_are_those_of_a_region),
      cmocka_unit_test(a_resident_alone_is_the_same_as_among_others),
      cmocka_unit_test(a_sinks_failure_is_returned),
      cmocka_unit_test(options_out_of_range_are_refused),
  };
  return cmocka_run_group_tests(tests, make_world, free_world);
}
