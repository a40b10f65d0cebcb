/* What a resource leaves in the index, entry by entry. */
#include <time.h>

#include "search/moment.h"
#include "search/testing/memory_world.h"
#include "search/text/text.h"

/* A symbol's name without what is the same in all of them. */
static zd_slice short_name(world *w, uint32_t symbol) {
  zd_slice name = zd_store_symbol_name(w->store, symbol);
  static const char head[] = "f:http://hl7.org/fhir/SearchParameter/";
  if (zd_slice_starts(name, zd_slice_of(head))) name = zd_slice_from(name, sizeof head - 1);
  return name;
}

/* "field text" with bytes below blank as <nn>, or "field low..high". */
static zd_slice shown(world *w, const zd_entry *e) {
  zd_arena *arena = &w->store->arena;
  zd_slice field = short_name(w, e->field), text = ZD_S("");
  if (e->kind == ZD_ENTRY_RANGE)
    return zd_arena_printf(arena, "%.*s %lld..%lld", ZD_SV(field), (long long)e->low,
                           (long long)e->high);
  for (size_t i = 0; i < e->term.n; i++) {
    unsigned char c = (unsigned char)e->term.p[i];
    text = c < ' ' ? zd_arena_printf(arena, "%.*s<%02x>", ZD_SV(text), c)
                   : zd_arena_printf(arena, "%.*s%c", ZD_SV(text), c);
  }
  return zd_arena_printf(arena, "%.*s %.*s", ZD_SV(field), ZD_SV(text));
}

static const char observation[] =
    "{\"resourceType\":\"Observation\",\"id\":\"bp\",\"meta\":{\"tag\":[{\"code\":\"t\"}]},"
    "\"status\":\"final\",\"category\":[{\"coding\":[{\"code\":\"vital-signs\"}]}],"
    "\"code\":{\"coding\":[{\"code\":\"8480-6\"}]},"
    "\"subject\":{\"reference\":\"Patient/1\"},\"encounter\":{\"reference\":\"Encounter/2\"},"
    "\"effectiveDateTime\":\"1970-01-02\","
    "\"valueQuantity\":{\"value\":1,\"unit\":\"mmHg\",\"code\":\"mm[Hg]\"}}";

/* The LEB128 of a number below 16384, shown as shown() does. */
static const char *leb(world *w, unsigned v) {
  char bytes[2] = {(char)(v < 128 ? v : 0x80 | (v & 127)), (char)(v >> 7)};
  zd_entry e = {.kind = ZD_ENTRY_TERM, .term = zd_slice_make(bytes, v < 128 ? 1 : 2)};
  e.field = ZD_NO_SYMBOL; /* no name */
  return shown(w, &e).p + 1;
}

static void what_an_observation_leaves(void **state) {
  world *w = *state;
  zd_slice text_field = short_name(w, w->search->text->content_field);
  /* Patient and Encounter are the numbers of their type symbols. */
  unsigned patient =
      zd_search_type_symbol(w->search, zd_schema_type(zd_schema_r4(), ZD_S("Patient")));
  unsigned encounter =
      zd_search_type_symbol(w->search, zd_schema_type(zd_schema_r4(), ZD_S("Encounter")));
  unsigned status =
      zd_store_symbol(w->store, ZD_S("s:http://hl7.org/fhir/observation-status"), true) + 2;
  const memory_row *r = memory_put(w->store, w->search, observation, 0);
  zd_arena *arena = &w->store->arena;
  int64_t one = (INT64_C(129) << 55) | (INT64_C(1000000000000000) << 1);
  const char *const expected[] = {
      "Resource-tag t<00><00>",
      zd_arena_printf(arena, "Observation-status@Observation final<00>%s", leb(w, status)).p,
      zd_arena_printf(arena, "Observation-status@Observation <00>%s", leb(w, status)).p,
      "Observation-category@Observation vital-signs<00><00>",
      "clinical-code@Observation 8480-6<00><00>",
      "Observation-combo-code@Observation 8480-6<00><00>",
      zd_arena_printf(arena, "Observation-subject@Observation <01>%s1", leb(w, patient)).p,
      zd_arena_printf(arena, "clinical-encounter@Observation <01>%s2", leb(w, encounter)).p,
      "clinical-date@Observation 86400000000..172799999999",
      zd_arena_printf(arena, "Observation-combo-value-quantity@Observation %lld..%lld",
                      (long long)one, (long long)one)
          .p,
      "Observation-combo-value-quantity@Observation#unit <01>mm[Hg]<00><00>",
      "Observation-combo-value-quantity@Observation#unit <02>mmHg",
      zd_arena_printf(arena, "Observation-value-quantity@Observation %lld..%lld", (long long)one,
                      (long long)one)
          .p,
      "Observation-value-quantity@Observation#unit <01>mm[Hg]<00><00>",
      "Observation-value-quantity@Observation#unit <02>mmHg",
      zd_arena_printf(arena, "%.*s mmhg<00>", ZD_SV(text_field)).p,
  };
  size_t n = sizeof expected / sizeof *expected;
  for (size_t i = 0; i < r->n; i++) {
    zd_slice line = shown(w, &r->entries[i]);
    bool found = false;
    for (size_t k = 0; k < n && !found; k++) found = zd_slice_eq(line, zd_slice_of(expected[k]));
    if (!found) fail_msg("not expected: %.*s", ZD_SV(line));
  }
  assert_int_equal(r->n, n);
}

/* Edits of a transaction stand in the index, not what they replace. */
static void edits_are_indexed(void **state) {
  world *w = *state;
  zd_arena *arena = &w->store->arena;
  const memory_row *r =
      memory_put(w->store, w->search,
                 "{\"resourceType\":\"AuditEvent\",\"type\":{\"code\":\"x\"},\"recorded\":"
                 "\"2020-01-01T00:00:00Z\",\"agent\":[{\"requestor\":true,\"who\":{"
                 "\"reference\":\"urn:uuid:0b53fcd6-1c5b-4d3d-8a2e-2a2f3d1c0a11\"}}],"
                 "\"source\":{\"observer\":{\"display\":\"x\"}}}",
                 0);
  uint32_t node = 0;
  for (uint32_t i = 0; i < r->tree.count; i++)
    if (r->tree.nodes[i].p && zd_slice_starts(zd_node_raw(&r->tree.nodes[i]), ZD_S("urn:uuid")))
      node = i;
  assert_true(node > 0);
  zd_slice value = ZD_S("Patient/77");
  const zd_entry *entries;
  size_t n, hits = 0;
  assert_int_equal(zd_search_entries(w->search, &r->tree, 0, &node, &value, 1, arena, &entries, &n),
                   ZD_OK);
  for (size_t i = 0; i < n; i++) {
    zd_slice line = shown(w, &entries[i]);
    assert_null(memmem(line.p, line.n, "urn:uuid", 8));
    if (zd_slice_ends(line, ZD_S("77"))) hits++;
  }
  assert_int_equal(hits, 2); /* agent, and patient: where(resolve() is Patient) */
}

static void each_entry_stands_once(void **state) {
  world *w = *state;
  zd_buffer json;
  zd_buffer_init(&json, 0);
  zd_buffer_printf(&json, "{\"resourceType\":\"Patient\",\"identifier\":[");
  for (int i = 0; i < 1000; i++)
    zd_buffer_printf(&json, "%s{\"system\":\"urn:s\",\"value\":\"%d\"}", i ? "," : "", i % 500);
  zd_buffer_add(&json, "]}\0", 3);
  const memory_row *r = memory_put(w->store, w->search, json.p, 0);
  assert_int_equal(r->n,
                   2 * 500 + 1 + 1); /* the values, also as words; their system, deceased=false */
  zd_buffer_free(&json);
}

/* Out of memory at every step is an error, never less entries. */
static void out_of_memory_is_told(void **state) {
  world *w = *state;
  const memory_row *r = memory_put(w->store, w->search, observation, 0);
  bool enough = false;
  size_t failures = 0;
  for (size_t limit = 1; !enough; limit += 512) {
    zd_arena arena;
    zd_arena_init(&arena, limit);
    const zd_entry *entries;
    size_t n;
    zd_err err = zd_search_entries(w->search, &r->tree, 0, NULL, NULL, 0, &arena, &entries, &n);
    assert_true(err == ZD_OK || err == ZD_ERR_MEMORY);
    if (err == ZD_OK) assert_int_equal(n, r->n);
    enough = err == ZD_OK;
    failures += !enough;
    zd_arena_free(&arena);
  }
  assert_true(failures > 0);
}

static void how_long_it_takes(void **state) {
  world *w = *state;
  static const char full[] =
      "{\"resourceType\":\"Observation\",\"id\":\"x\",\"meta\":{\"profile\":[\"http://p/"
      "1\"]},\"status\":"
      "\"final\",\"category\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
      "observation-category\",\"code\":\"vital-signs\",\"display\":\"vital\"}]}],\"code\":{"
      "\"coding\":[{"
      "\"system\":\"http://loinc.org\",\"code\":\"8302-2\",\"display\":\"Body "
      "Height\"}],\"text\":\"Body "
      "Height\"},\"subject\":{\"reference\":\"Patient/"
      "123\"},\"encounter\":{\"reference\":\"Encounter/4\"},"
      "\"effectiveDateTime\":\"2015-03-01T10:00:00+03:00\",\"issued\":\"2015-03-01T10:00:00.000+03:"
      "00\","
      "\"performer\":[{\"reference\":\"Practitioner/"
      "9\"}],\"valueQuantity\":{\"value\":181.7,\"unit\":"
      "\"cm\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"cm\"}}";
  const memory_row *r = memory_put(w->store, w->search, full, 0);
  zd_arena arena;
  zd_arena_init(&arena, 0);
  const zd_entry *entries;
  size_t n = 0;
  enum { TIMES = 20000 };
  clock_t started = clock(); /* of this process: others share the machine */
  for (int i = 0; i < TIMES; i++) {
    zd_arena_reset(&arena);
    assert_int_equal(zd_search_entries(w->search, &r->tree, 0, NULL, NULL, 0, &arena, &entries, &n),
                     ZD_OK);
  }
  print_message("%zu entries of an Observation in %.2f us\n", n,
                (double)(clock() - started) * 1e6 / CLOCKS_PER_SEC / TIMES);
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_an_observation_leaves), cmocka_unit_test(edits_are_indexed),
      cmocka_unit_test(each_entry_stands_once), cmocka_unit_test(out_of_memory_is_told),
      cmocka_unit_test(how_long_it_takes)};
  return cmocka_run_group_tests(tests, open_world, close_world);
}
