/* Contained resources (R4 search.html#contained): found only when asked for, reached by chains. */
#include "search/testing/memory_world.h"

static const char *const resources[] = {
    "{\"resourceType\":\"Organization\",\"id\":\"o1\",\"name\":\"Polyclinic\"}",
    "{\"resourceType\":\"Medication\",\"id\":\"m1\",\"code\":{\"coding\":[{\"system\":\"urn:s\","
    "\"code\":\"abc\"}]},\"status\":\"active\"}",
    /* The example of the specification. */
    "{\"resourceType\":\"MedicationRequest\",\"id\":\"r1\",\"contained\":[{\"resourceType\":"
    "\"Medication\",\"id\":\"m1\",\"status\":\"active\",\"manufacturer\":{\"reference\":"
    "\"Organization/o1\"},\"code\":{\"coding\":[{\"system\":\"urn:only-here\",\"code\":\"abc\"}]},"
    "\"ingredient\":[{\"itemCodeableConcept\":{\"coding\":[{\"code\":\"xyz\"}]}}]}],\"status\":"
    "\"active\",\"intent\":\"order\",\"subject\":{\"reference\":\"Patient/p\"},"
    "\"medicationReference\":{\"reference\":\"#m1\"}}",
    /* Contained, and not what is referred to. */
    "{\"resourceType\":\"MedicationRequest\",\"id\":\"r2\",\"contained\":[{\"resourceType\":"
    "\"Medication\",\"id\":\"a\",\"code\":{\"coding\":[{\"code\":\"abc\"}]},\"status\":"
    "\"inactive\"},{\"resourceType\":\"Medication\",\"id\":\"b\",\"code\":{\"coding\":[{\"code\":"
    "\"def\"}]},\"status\":\"active\",\"manufacturer\":{\"reference\":\"#o\"}},"
    "{\"resourceType\":\"Organization\",\"id\":\"o\",\"name\":\"Inner\"}],\"status\":\"active\","
    "\"intent\":\"order\",\"subject\":{\"reference\":\"Patient/p\"},\"medicationReference\":"
    "{\"reference\":\"#b\"}}",
    "{\"resourceType\":\"Observation\",\"id\":\"b1\",\"contained\":[{\"resourceType\":\"Patient\","
    "\"id\":\"p\",\"name\":[{\"family\":\"Ivanov\"}],\"birthDate\":\"1970-05-01\"}],\"status\":"
    "\"final\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"#p\"}}",
    /* "#" is the container, said within. */
    "{\"resourceType\":\"Patient\",\"id\":\"s\",\"contained\":[{\"resourceType\":\"Provenance\","
    "\"id\":\"v\",\"target\":[{\"reference\":\"#\"}],\"recorded\":\"2024-01-01T00:00:00Z\","
    "\"agent\":[{\"who\":{\"display\":\"?\"}}]}],\"name\":[{\"family\":\"Self\"}]}",
    /* What is named by id or url is a row, never what is contained. */
    "{\"resourceType\":\"List\",\"id\":\"l1\",\"status\":\"current\",\"mode\":\"working\","
    "\"entry\":[{\"item\":{\"reference\":\"Medication/m1\"}}]}",
    "{\"resourceType\":\"Questionnaire\",\"id\":\"w\",\"url\":\"http://q.example/w\",\"version\":"
    "\"1\",\"status\":\"active\"}",
    "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"a1\",\"contained\":[{\"resourceType\":"
    "\"Questionnaire\",\"id\":\"i\",\"url\":\"http://q.example/w\",\"version\":\"1\",\"title\":"
    "\"Inner\",\"status\":\"active\"}],\"questionnaire\":\"#i\",\"status\":\"completed\"}",
    "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"a2\",\"questionnaire\":"
    "\"http://q.example/w|1\",\"status\":\"completed\"}",
    "{\"resourceType\":\"Patient\",\"id\":\"q\",\"name\":[{\"family\":\"Ivanov\"}]}",
    "{\"resourceType\":\"Observation\",\"id\":\"h1\",\"contained\":[{\"resourceType\":"
    "\"Observation\",\"id\":\"i\",\"status\":\"final\",\"code\":{\"text\":\"y\"}}],\"status\":"
    "\"final\",\"code\":{\"text\":\"x\"},\"hasMember\":[{\"reference\":\"#i\"}]}",
    "{\"resourceType\":\"Patient\",\"id\":\"g\",\"gender\":\"male\",\"managingOrganization\":"
    "{\"reference\":\"Organization/o1\"}}",
};

static int open_filled(void **state) {
  return fill_world(state, resources, sizeof resources / sizeof *resources);
}

static void chains_look_into_contained_resources(void **state) {
  static const example rows[] = {
      {"MedicationRequest", "medication.ingredient-code=xyz", "r1"},
      {"MedicationRequest", "medication.code=abc", "r1"},
      {"MedicationRequest", "medication.code=urn:only-here|abc", "r1"},
      {"MedicationRequest", "medication:Medication.code=def", "r2"},
      {"MedicationRequest", "medication.code:not=abc", "r2"},
      {"MedicationRequest", "medication.code=abc&medication.status=inactive", ""},
      {"MedicationRequest", "medication._id=m1", "r1"},
      /* On, out of the container and within it. */
      {"MedicationRequest", "medication.manufacturer.name=polyclinic", "r1"},
      {"MedicationRequest", "medication.manufacturer.name=inner", "r2"},
      {"MedicationRequest", "medication.manufacturer._id=o1", "r1"},
      {"Observation", "subject:Patient.name=ivanov", "b1"},
      {"Observation", "subject.name:exact=Ivanov", "b1"},
      {"Observation", "patient.birthdate=1970-05", "b1"},
      {"Observation", "subject:Group.code=x", ""},
      {"Observation", "subject.name=petrov", ""},
      {"Observation", "subject:Patient._lastUpdated:missing=true", "b1"},
      {"Observation", "subject:Patient._lastUpdated:missing=false", ""},
      {"MedicationRequest", "medication._list=l1", ""},
      {"QuestionnaireResponse", "questionnaire:Questionnaire.title=inner", "a1"},
      {"QuestionnaireResponse", "questionnaire._has:QuestionnaireResponse:questionnaire:_id=a2",
       "a2"},
      {"Observation", "_filter=subject.name%20eq%20ivanov", "b1"},
      {"Observation", "_filter=subject[name%20eq%20ivanov].birthdate%20lt%201980", "b1"},
      {"MedicationRequest", "_filter=medication.code%20ne%20abc", "r2"},
      {"Patient", "_has:Observation:subject:status=final", ""},
      {"MedicationRequest", "medication._has:MedicationDispense:medication:status=x", ""},
      /* The container refers to what it contains, one contained to another. */
      {"MedicationRequest", "medication._has:MedicationRequest:medication:status=active", "r1 r2"},
      {"MedicationRequest", "medication._has:MedicationRequest:medication:_id=r2", "r2"},
      {"MedicationRequest", "medication._has:MedicationRequest:medication:status=draft", ""},
      /* Of another type than the chain asks for. */
      {"Observation", "has-member:Observation._has:Observation:has-member:status=final", "h1"},
      {"Observation", "has-member:QuestionnaireResponse._has:Observation:has-member:status=final",
       ""},
      {"MedicationRequest", "medication.manufacturer._has:Medication:manufacturer:code=def", "r2"},
      {"MedicationRequest", "medication.manufacturer._has:Patient:organization:gender=male", "r1"},
      {"MedicationRequest", "medication.manufacturer._has:Patient:organization:gender=female", ""},
  };
  CHECK((world *)*state, rows);
}

static void contained_resources_are_found_when_asked_for(void **state) {
  static const example rows[] = {
      {"Medication", "code=abc", "m1"},
      {"Medication", "code=abc&_contained=false", "m1"},
      {"Medication", "code=abc&_contained=true", "r1 r2"},
      {"Medication", "code=abc&_contained=both", "m1 r1 r2"},
      {"Medication", "code=urn:s|abc&_contained=both", "m1"},
      {"Medication", "code=urn:only-here|abc&_contained=both&_containedType=container", "r1"},
      /* All that is asked is asked of one resource. */
      {"Medication", "code=abc&status=active&_contained=true", "r1"},
      {"Medication", "code=def&status=inactive&_contained=true", ""},
      {"Medication", "code:missing=true&_contained=true", ""},
      {"Medication", "code:not=abc&_contained=true", "r2"},
      {"Medication", "manufacturer.name=polyclinic&_contained=true", "r1"},
      {"Medication", "manufacturer.name=inner&_contained=true", "r2"},
      {"Medication", "manufacturer=Organization/o1&_contained=true", "r1"},
      {"Medication", "_id=b&_contained=true", "r2"},
      {"Medication", "_filter=code%20eq%20abc%20and%20status%20eq%20active&_contained=true", "r1"},
      {"Medication", "_contained=true", "r1 r2"},
      {"Patient", "birthdate=lt1980&_contained=true", "b1"},
      {"Patient", "name=ivanov&_contained=both", "b1 q"},
      {"Patient", "_lastUpdated=ge2000&_contained=true", ""},
      {"Patient", "_lastUpdated:missing=true&_contained=true", "b1"},
      {"Patient", "_lastUpdated:missing=false&_contained=both", "s q g"},
      {"Medication", "_list=l1&_contained=both", "m1"},
      {"Provenance", "target:Patient.name=self&_contained=true", "s"},
      {"Provenance", "target:Patient.name=ivanov&_contained=true", ""},
      /* The container is a row, also when it is referred to from within. */
      {"Provenance", "target:Patient._lastUpdated=ge1970&_contained=true", "s"},
      {"Provenance", "target:Patient._lastUpdated=ge2000&_contained=true", ""},
      {"", "_type=Patient,Organization&_contained=true", "r2 b1"},
      {"", "_id=p&_contained=true", "b1"},
      {"Medication", "_contained=maybe", "!_contained: true, both or false"},
      {"Medication", "_contained=true&_containedType=resource",
       "!_containedType: container or contained"},
      {"Medication", "_contained=true&_has:MedicationRequest:medication:status=active", "r1 r2"},
      {"Medication", "_contained=true&code=abc&_has:MedicationRequest:medication:status=active",
       "r1"},
      {"Medication", "_contained=both&_has:MedicationRequest:medication:intent=plan", ""},
      {"Organization", "_contained=true&_has:Medication:manufacturer:code=def", "r2"},
      {"Organization", "_contained=true&_has:Medication:manufacturer:code=abc", ""},
      {"Organization",
       "_contained=true&_has:Medication:manufacturer:_has:MedicationRequest:medication:_id=r2",
       "r2"},
      {"Questionnaire", "_contained=true&_has:QuestionnaireResponse:questionnaire:_id=a1", "a1"},
      {"Questionnaire", "_contained=both&_has:QuestionnaireResponse:questionnaire:_id=a2", "w"},
      {"Organization", "_contained=both&_has:Patient:organization:gender=male", "o1"},
  };
  CHECK((world *)*state, rows);
}

/* Matches as they are listed: "r2#1" is the first resource that r2 contains. */
static const char *list(world *w, const char *type, const char *query, zd_hits_request ask) {
  zd_arena *arena = &w->store->arena;
  zd_issues issues;
  zd_snapshot v = {w->store};
  zd_query q;
  zd_fault fault = {0};
  zd_hit hits[16];
  size_t n = 0;
  zd_err err = parse_query(w, type, zd_slice_of(query), (zd_query_options){0}, &q, &issues);
  if (err) fail_msg("%s?%s is refused", type, query);
  assert_true(q.contained && q.contained->listed);
  assert_int_equal(zd_search_contained(w->search, &v, &q, &ask, arena, hits, &n, &fault), ZD_OK);
  zd_slice text = ZD_S("");
  for (size_t i = 0; i < n; i++) {
    zd_slice id = w->store->rows[hits[i].row].id;
    text = zd_arena_printf(arena, "%.*s%s%.*s", ZD_SV(text), i ? " " : "", ZD_SV(id));
    if (hits[i].inner) text = zd_arena_printf(arena, "%.*s#%u", ZD_SV(text), hits[i].inner);
  }
  return zd_arena_copy(arena, text).p;
}

static void contained_resources_are_listed_on_their_own(void **state) {
  static const example rows[] = {
      {"Medication", "_contained=true&_containedType=contained", "r1#1 r2#1 r2#2"},
      {"Medication", "_contained=both&_containedType=contained", "m1 r1#1 r2#1 r2#2"},
      {"Medication", "_contained=both&_containedType=contained&code=abc", "m1 r1#1 r2#1"},
      {"Organization", "_contained=true&_containedType=contained", "r2#3"},
      {"", "_type=Patient,Organization&_contained=true&_containedType=contained", "r2#3 b1#1"},
      {"Organization",
       "_contained=true&_containedType=contained&_has:Medication:manufacturer:code=x", ""},
      /* By the values of what matched. */
      {"Medication", "_contained=true&_containedType=contained&_sort=code", "r2#1 r1#1 r2#2"},
      {"Medication", "_contained=true&_containedType=contained&_sort=-code", "r2#2 r1#1 r2#1"},
      {"Medication", "_contained=true&_containedType=contained&_sort=status,-code",
       "r2#2 r1#1 r2#1"},
      {"Medication", "_contained=true&_containedType=contained&_sort=-_id", "r1#1 r2#2 r2#1"},
      {"Medication", "_contained=both&_containedType=contained&_sort=-_lastUpdated",
       "m1 r1#1 r2#1 r2#2"},
      {"Medication", "_contained=true&_sort=-code", "r2 r1"},
      {"Medication", "_contained=true&_sort=-code&status=inactive,active&code=abc", "r1 r2"},
      {"Medication", "_contained=both&_sort=manufacturer", "r1 m1 r2"},
      {"Patient", "_contained=both&_sort=birthdate", "b1 s q g"},
      {"Patient", "_contained=both&_sort=-family", "s b1 q g"},
  };
  static const zd_hits_request all = {.after = {ZD_NO_ROW, 0}, .limit = 16};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *found = list(*state, rows[i].type, rows[i].query, all);
    if (strcmp(found, rows[i].found) != 0)
      fail_msg("%s?%s: found \"%s\", expected \"%s\"", rows[i].type, rows[i].query, found,
               rows[i].found);
  }
}

/* A page may end, and begin, within a container; from the end it goes backwards. */
static void pages_end_within_containers(void **state) {
  static const char apart[] = "_contained=true&_containedType=contained";
  static const char sorted[] = "_contained=true&_containedType=contained&_sort=-code";
  static const struct {
    const char *query;
    zd_hits_request ask;
    const char *found;
  } rows[] = {
      {apart, {.after = {ZD_NO_ROW, 0}, .limit = 2}, "r1#1 r2#1"},
      {apart, {.after = {3, 1}, .limit = 2}, "r2#2"},
      {apart, {.after = {3, 2}, .limit = 2}, ""},
      {apart, {.after = {3, 2}, .limit = 2, .descending = true}, "r2#1 r1#1"},
      {apart, {.after = {ZD_NO_ROW, 0}, .limit = 2, .descending = true}, "r2#2 r2#1"},
      {sorted, {.after = {ZD_NO_ROW, 0}, .limit = 1}, "r2#2"},
      {sorted, {.after = {3, 2}, .limit = 1}, "r1#1"},
      {sorted, {.after = {2, 1}, .limit = 5}, "r2#1"},
      {sorted, {.after = {2, 1}, .limit = 5, .descending = true}, "r2#2"},
      {sorted, {.after = {ZD_NO_ROW, 0}, .limit = 2, .descending = true}, "r2#1 r1#1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *found = list(*state, "Medication", rows[i].query, rows[i].ask);
    if (strcmp(found, rows[i].found) != 0)
      fail_msg("page %zu: found \"%s\", expected \"%s\"", i, found, rows[i].found);
  }
}

/* Out of memory is an error, never a shorter list; and so is time that has run out. */
static void what_runs_out_is_told(void **state) {
  world *w = *state;
  static const zd_hits_request all = {.after = {ZD_NO_ROW, 0}, .limit = 16};
  static const zd_hits_request late = {.after = {ZD_NO_ROW, 0}, .limit = 16, .deadline_ns = 1};
  zd_issues issues;
  zd_snapshot v = {w->store};
  zd_query q;
  zd_fault fault = {0};
  zd_hit hits[16];
  size_t n = 0, failures = 0;
  zd_err err = parse_query(
      w, "Medication", ZD_S("_contained=both&_containedType=contained&_sort=manufacturer,-code"),
      (zd_query_options){0}, &q, &issues);
  assert_int_equal(err, ZD_OK);
  for (size_t limit = 16, enough = 0; !enough; limit += 16) {
    zd_arena arena;
    zd_arena_init(&arena, limit);
    err = zd_search_contained(w->search, &v, &q, &all, &arena, hits, &n, &fault);
    assert_true(err == ZD_ERR_MEMORY || (err == ZD_OK && n == 4));
    enough = err == ZD_OK;
    failures += !enough;
    zd_arena_free(&arena);
  }
  assert_true(failures > 0);
  err = zd_search_contained(w->search, &v, &q, &late, &w->store->arena, hits, &n, &fault);
  assert_int_equal(err, ZD_ERR_LIMIT);
}

static void conditions_watch_what_comes_to_be_contained(void **state) {
  world *w = *state;
  zd_arena *arena = &w->store->arena;
  zd_issues issues;
  zd_issues_init(&issues, arena);
  zd_snapshot v = {w->store};
  zd_query q;
  zd_query_options options = {.snapshot = &v, .for_condition = true};
  zd_type t = zd_schema_type(zd_schema_r4(), ZD_S("Observation"));
  assert_int_equal(zd_search_parse(w->search, t, ZD_S("subject:Patient.name=ivanov"), &options,
                                   arena, &q, &issues),
                   ZD_OK);
  assert_non_null(q.watch);
  assert_true(memory_hit(w->store, q.watch, 4));
  assert_false(memory_hit(w->store, q.watch, 6));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_look_into_contained_resources),
      cmocka_unit_test(contained_resources_are_found_when_asked_for),
      cmocka_unit_test(contained_resources_are_listed_on_their_own),
      cmocka_unit_test(pages_end_within_containers),
      cmocka_unit_test(what_runs_out_is_told),
      cmocka_unit_test(conditions_watch_what_comes_to_be_contained),
  };
  return cmocka_run_group_tests(tests, open_filled, close_world);
}
